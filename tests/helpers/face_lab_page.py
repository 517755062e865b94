"""The Face lab in a browser, with the widget of this very process at its other end, or with nobody."""

from __future__ import annotations

import base64
from contextlib import contextmanager
from pathlib import Path
import sys

from browser import opened_page

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

from pipeline.serve import serving  # noqa: E402

#: A model as the front end has it, whose other end is the widget in this very process.
MODEL = """\
async ([address, text, values, live, painter]) => {
  const style = { rel: "stylesheet", href: `${address}/face_lab.css` };
  document.head.append(Object.assign(document.createElement("link"), style));
  document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  if (painter) globalThis.ferFacePainter = new Function("state", painter);
  const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  const taken = (all) => ({ ...all, ...Object.fromEntries(
    ["picture", "weights"].filter((name) => name in all).map((name) => [name, bytes(all[name])])) });
  // After 1.2 s without an answer the page draws by itself. Here the kernel will answer, however slow the machine is.
  const later = window.setTimeout;
  if (live) window.setTimeout = (act, wait, ...more) => later(act, wait === 1200 ? 2 ** 31 - 1 : wait, ...more);
  const kept = taken(values), listeners = {}, changed = new Set();
  const fire = (name, ...what) => [...(listeners[name] ?? [])].forEach((f) => f(...what));
  const model = {
    get: (name) => kept[name],
    set: (name, value) => { kept[name] = value; changed.add(name); fire(`change:${name}`); },
    on: (names, f) => names.split(" ").forEach((name) => (listeners[name] ??= new Set()).add(f)),
    off: (names, f) => names.split(" ").forEach((name) => listeners[name]?.delete(f)),
    send: (message) => { if (live) kernel("message", message).then((answer) => answer && fire("msg:custom", answer)); },
    save_changes: () => {
      const sent = Object.fromEntries([...changed].map((name) => [name, kept[name]]));
      changed.clear();
      if (live) kernel("state", sent).then((answer) => {
        const news = taken(answer);
        Object.assign(kept, news);
        Object.keys(news).forEach((name) => fire(`change:${name}`));
      });
    },
  };
  window.model = model;
  window.answer = (message) => fire("msg:custom", message);
  // As a page gets it: one text, and an address that is gone when it runs.
  const module = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const { default: widget } = await import(module);
  URL.revokeObjectURL(module);
  const place = document.body.appendChild(document.createElement("main"));
  window.stop = widget.render({ model, el: place });
}"""
ANSWERED = ("picture", "marks", "about", "problem", "answered")


def synced(lab, names):
    values = {name: getattr(lab, name) for name in names}
    for name in {"picture", "weights"} & set(values):
        values[name] = base64.b64encode(values[name]).decode()
    return values


@contextmanager
def shown(browser, lab, *, live=True, painter="", before="0", **page_options):
    """The widget in a browser; yields (page, watch, what the page sent).  ``before`` is a script that runs first."""
    sent = []

    def kernel(kind, content):
        sent.append((kind, content))
        if kind == "message":
            answers = []
            lab.send = answers.append
            lab._answer_hello(lab, content, [])
            return answers[0] if answers else None
        lab.set_state(content)
        return synced(lab, ANSWERED)

    with serving(ROOT / "fer_utils" / "widgets") as url, opened_page(browser, **page_options) as (page, watch):
        page.expose_function("kernel", kernel)
        page.goto(f"{url}/face_lab.css")
        page.set_content("<!doctype html><html lang=en><title>Face lab</title><body></body></html>")
        page.evaluate(before)
        saved = synced(lab, ("state", "asked", "offer", "question", "first", "weights", *ANSWERED))
        page.evaluate(MODEL, [url, str(lab._esm), saved, live, painter])
        page.locator(".fer-lab").wait_for()
        yield page, watch, sent
