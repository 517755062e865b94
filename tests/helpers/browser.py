"""A real browser for the tests: Chromium, driven by playwright, cut off from every other machine."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
import os
from pathlib import Path
import sys
from urllib.parse import urlsplit

from patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

from pipeline.chromium import FLAGS, find_chromium  # noqa: E402

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def chromium_or_skip() -> str:
    """The browser's path; without one the test is skipped, or fails where ``CI=true``."""
    import pytest

    path = find_chromium()
    if path is None:
        reason = (
            "no Chromium found. Remedy: apt-get install chromium, or set CHROMIUM=/path/to/chrome (also Chrome or Edge)"
        )
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI=true and {reason}")
        pytest.skip(reason)
    return path


@dataclass
class Watch:
    """What a page did that it should not have done."""

    blocked: list[str] = field(default_factory=list)  # requests to other machines
    failed: list[str] = field(default_factory=list)  # requests that failed, and answers of 400 and above
    errors: list[str] = field(default_factory=list)  # console errors and uncaught exceptions

    def complaints(self) -> list[str]:
        return (
            [f"outside request: {url}" for url in self.blocked]
            + [f"failed request: {url}" for url in self.failed]
            + [f"console: {text}" for text in self.errors]
        )

    def clear(self) -> None:
        for kept in (self.blocked, self.failed, self.errors):
            kept.clear()


def is_local(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"data", "blob", "about"} or parts.hostname in LOOPBACK


@contextmanager
def launched_browser():
    """Yield a Chromium, for a module's tests to open pages in (`opened_page`): it takes longer to start than a page."""
    from playwright.sync_api import sync_playwright

    path = chromium_or_skip()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened_page(
    browser, *, width: int = 1280, height: int = 900, dark: bool = False, scripts: bool = True, still: bool = False
):
    """Yield (page, watch): a page whose every request to another machine fails and is noted.

    Its memory (cookies, storage, cache) is new and ends with it.  With ``still`` its reader asks for reduced motion.
    """
    context = browser.new_context(
        viewport={"width": width, "height": height},
        java_script_enabled=scripts,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce" if still else "no-preference",
        service_workers="block",
    )
    context.set_default_timeout(1000 * PATIENCE)
    try:
        yield _watched(context.new_page())
    finally:
        context.close()


def _watched(page):
    watch = Watch()

    def noted(message):
        # The network's own failures are noted where they happen.
        if message.type == "error" and "Failed to load resource" not in message.text:
            watch.errors.append(f"{message.text} ({message.location.get('url', '')})")

    page.on("console", noted)
    page.on("pageerror", lambda error: watch.errors.append(str(error)))
    page.on("request", lambda request: is_local(request.url) or watch.blocked.append(request.url))
    page.on("requestfailed", lambda request: is_local(request.url) and watch.failed.append(request.url))
    page.on("response", lambda answer: answer.status >= 400 and watch.failed.append(f"{answer.status} {answer.url}"))
    return page, watch
