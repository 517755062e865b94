"""The widget *Train it here* in a browser, as the book's page shows it: with its values, and with no kernel."""

from __future__ import annotations

import base64
from contextlib import contextmanager
import json
from pathlib import Path
import sys

from browser import opened_page
from patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

from pipeline.serve import serving  # noqa: E402

#: A widget with few faces, so that its trainings take a second or two; and how to make them shorter still.
SMALL = {"people": 8, "strangers": 4, "poses": 1, "steps": 120, "progress": False}
SHORT = {"steps": 16, "look": 8}

#: The traits that a saved page has.
SAVED = ("settings", "history", "steps", "look", "sprite", "faces", "offer")

#: What is true when the faces have been read, or could not be.
READY = "!document.querySelector('.fer-train-go').disabled || !document.querySelector('.fer-train-problem').hidden"

_SHOW = """\
async ([address, name, esm, values, bytes]) => {
  const style = { rel: "stylesheet", href: `${address}/${name}.css` };
  const sheet = Object.assign(document.createElement("link"), style);
  document.head.append(sheet);
  await new Promise((then) => { sheet.onload = then; });
  document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const kept = JSON.parse(values), listeners = {};
  for (const name of bytes) {
    kept[name] = new DataView(Uint8Array.from(atob(kept[name]), (c) => c.charCodeAt(0)).buffer);
  }
  window.model = {
    get: (name) => kept[name],
    set: (name, value) => { kept[name] = value; (listeners[`change:${name}`] ?? []).forEach((f) => f()); },
    on: (names, f) => names.split(" ").forEach((name) => (listeners[name] ??= new Set()).add(f)),
    off: (names, f) => names.split(" ").forEach((name) => listeners[name]?.delete(f)),
    save_changes: () => {},
  };
  const { default: widget } = await import(URL.createObjectURL(new Blob([esm], { type: "text/javascript" })));
  window.end = widget.render({ model: window.model, el: document.body.appendChild(document.createElement("main")) });
}"""


def values_of(widget, saved: tuple[str, ...] = SAVED) -> dict:
    """The widget's values as JSON has them."""
    values = {name: getattr(widget, name) for name in saved}
    return {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else value for name, value in values.items()
    }


@contextmanager
def shown(
    browser,
    widget,
    *,
    before: str = "0",
    changed: dict | None = None,
    name: str = "train_here",
    saved: tuple[str, ...] = SAVED,
    ready: str = READY,
    longest: int = 1000 * PATIENCE,
    **page_options,
):
    """Yield (page, watch) with the widget shown; ``before`` is a script that runs first, ``changed`` some values.

    Another widget can be shown, too: ``name`` is that of its files, ``saved`` are its traits,
    and ``ready`` is true when it can be used.  A training ends after ``longest`` ms: its 60 seconds are too few for a
    machine that others use.
    """
    values = {**values_of(widget, saved), **(changed or {})}
    in_bytes = [name for name in saved if isinstance(getattr(widget, name), bytes)]
    with serving(ROOT / "fer_utils" / "widgets") as url, opened_page(browser, **page_options) as (page, watch):
        page.goto(f"{url}/{name}.css")
        page.set_content("<!doctype html><html lang=en><title>A widget</title><body></body></html>")
        page.evaluate(before)
        saved_values = json.dumps(values, sort_keys=True)  # as a saved page has them
        page.evaluate(_SHOW, [url, name, _with_limit(str(widget._esm), longest), saved_values, in_bytes])
        page.wait_for_function(ready)
        yield page, watch


def _with_limit(esm: str, longest: int) -> str:
    """The module with another limit for its trainings, where it has one."""
    limit = "const LONGEST = 60_000;"
    assert limit in esm or "LONGEST" not in esm
    return patient(esm.replace(limit, f"const LONGEST = {longest};"))


def patient(esm: str) -> str:
    """The module, which waits for a worker as long as tests wait: in 8 seconds a loaded machine may not start one."""
    return esm.replace("const PATIENCE = 8000;", f"const PATIENCE = {1000 * PATIENCE};")


def trained(page) -> dict:
    """Wait for the end of a training that was begun; its entry of the widget's history."""
    page.wait_for_function("document.querySelector('.fer-train').dataset.ended")
    return page.evaluate("window.model.get('history').at(-1)")
