"""The page that is measured: the widgets' own modules in a headless Chromium, served from this machine."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
import io
from pathlib import Path
import tempfile
from typing import Any

import numpy as np

from fer_utils.widgets import FaceOnDevice, TrainHere, face_lab, face_on_device
from fer_utils.widgets.joined_modules import joined
from pipeline.chromium import FLAGS, find_chromium
from pipeline.serve import serving

_HERE = Path(__file__).parent
#: Where the book's pages say that the files of the network's engine lie, seen from the page.
PAGE = '<!doctype html><html lang="en" data-content_root="./"><title>Bench</title><body></body></html>\n'
#: Milliseconds that an answer of the page may take: a slow machine trains for a minute.
PATIENCE = 300_000


class NoBrowserError(Exception):
    """There is no browser, or nothing that drives it; the message is one sentence with the remedy."""


@contextmanager
def browser() -> Iterator[Any]:
    """Yield a headless Chromium.

    Raises
    ------
    NoBrowserError : playwright or Chromium is missing.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise NoBrowserError(
            "The page was not measured, because playwright is not installed; remedy: pip install playwright."
        ) from None
    path = find_chromium()
    if path is None:
        raise NoBrowserError(
            "The page was not measured, because there is no Chromium here; remedy: apt-get install chromium, or set "
            "CHROMIUM=/path/to/chrome."
        )
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield running
        finally:
            running.close()


@contextmanager
def page(running: Any) -> Iterator[Any]:
    """Yield a page with ``window.bench`` (``bench_page.js``), beside it the files that the book's pages load."""
    with tempfile.TemporaryDirectory(prefix="fer-bench-") as folder:
        place = Path(folder)
        face_on_device.write_page_files(place / "_static" / "page_files")
        for name, widget in {"face_on_device": FaceOnDevice, "train_here": TrainHere}.items():
            (place / f"{name}.js").write_text(str(widget._esm), encoding="utf8")
        # The studio's renderer, without the worker that runs it in the widget.
        (place / "studio.js").write_text(joined(*face_lab.PAGE_FILES), encoding="utf8")
        for script in _HERE.glob("*.js"):
            (place / script.name).write_bytes(script.read_bytes())
        (place / "index.html").write_text(PAGE, encoding="utf8")
        with serving(place) as address:
            opened = running.new_page()
            opened.set_default_timeout(PATIENCE)
            opened.goto(f"{address}/index.html")
            opened.evaluate("async () => { await import('./bench_page.js'); }")
            yield opened
            opened.close()


class InPage:
    """A way to be timed: ``script`` gives, or promises, the seconds that the page needed for it."""

    def __init__(self, opened: Any, script: str, value: Any = None):
        self.opened, self.script, self.value = opened, script, value
        self._browser = opened.context.browser.new_browser_cdp_session()

    def _processor_seconds(self) -> float:
        """Processor time so far of the processes that run pages, of which there is one here."""
        processes = self._browser.send("SystemInfo.getProcessInfo")["processInfo"]
        return sum(one["cpuTime"] for one in processes if one["type"] == "renderer")

    def timed(self) -> tuple[float, float]:
        """Do it: seconds by the page's clock, and of processor time."""
        before = self._processor_seconds()
        wall = self.opened.evaluate(self.script, self.value)
        return wall, self._processor_seconds() - before


def png(picture: np.ndarray) -> str:
    """A picture, (H, W, 3) or (H, W) uint8, as PNG in base64."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=1)
    return base64.b64encode(buffer.getvalue()).decode()
