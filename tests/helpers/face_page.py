"""The widget *Your face, on your device* in a browser, as the book's page shows it: its files beside the page."""

from __future__ import annotations

import base64
from contextlib import contextmanager
import io
import json
from pathlib import Path
import sys

from browser import opened_page
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

from pipeline.serve import serving  # noqa: E402

TRAITS = ("answer", "labels", "card", "constants")

_SHOW = """\
async ([esm, css, values]) => {
  document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const kept = JSON.parse(values);
  kept.drawn = new DataView(Uint8Array.from(atob(kept.drawn), (c) => c.charCodeAt(0)).buffer);
  window.model = {
    get: (name) => kept[name], set: (name, value) => { kept[name] = value; }, save_changes: () => {},
    on: () => {}, off: () => {}, send: () => {},
  };
  const { default: widget } = await import(URL.createObjectURL(new Blob([esm], { type: "text/javascript" })));
  window.end = widget.render({ model: window.model, el: document.body.appendChild(document.createElement("main")) });
}"""


@contextmanager
def shown(browser, widget, site: Path, *, before: str = "0", permissions: tuple[str, ...] = (), **page_options):
    """Yield (page, watch, asked) with the widget shown; ``asked`` collects every address that the page asked for.

    ``site`` is a folder with ``_static/page_files``; ``before`` is a script that runs first.
    """
    values = {name: getattr(widget, name) for name in TRAITS}
    values["drawn"] = base64.b64encode(widget.drawn).decode()
    (site / "chapters").mkdir(exist_ok=True)
    text = '<!doctype html><html lang="en" data-content_root="../"><title>A widget</title><body></body></html>'
    (site / "chapters" / "page.html").write_text(text, encoding="utf8")
    css = Path(widget._css).read_text(encoding="utf8") if not isinstance(widget._css, str) else widget._css
    with serving(site) as url, opened_page(browser, **page_options) as (page, watch):
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        if permissions:
            page.context.grant_permissions(list(permissions))
        page.goto(f"{url}/chapters/page.html")
        page.evaluate(before)
        page.evaluate(_SHOW, [str(widget._esm), str(css), json.dumps(values)])
        yield page, watch, asked


def settled(page) -> dict:
    """Wait until the page has answered; what it has seen: ``boxes``, ``box`` and ``scores``."""
    page.wait_for_function("document.querySelector('.fer-device').dataset.state === 'done'")
    return json.loads(page.locator(".fer-device").get_attribute("data-answer"))


def put(page, picture: np.ndarray) -> dict:
    """Show a photograph (H, W, 3) to the page, as PNG, and wait for what it says."""
    put_file(page, "photo.png", png(picture), "image/png")
    return settled(page)


def png(picture: np.ndarray) -> bytes:
    """Return a photograph (H, W, 3) as a PNG file."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def put_file(page, name: str, data: bytes, kind: str) -> None:
    """Choose a file by hand."""
    page.evaluate("document.querySelector('.fer-device').dataset.state = 'before'")
    page.locator(".fer-device input[type=file]").set_input_files({"name": name, "mimeType": kind, "buffer": data})
