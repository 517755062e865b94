"""On a telephone a figure that is wider than the page says so, and can be moved by keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest

CSS = Path(__file__).parents[2] / "book" / "_css"
PAGE = """<!doctype html><html data-theme="light"><head><meta name="viewport" content="width=device-width">
<style>{css}</style></head><body><main class="bd-article">
<figure class="fer-figure" id="wide"><img class="fer-light fer-wide" style="--fer-least:700px" height="50"></figure>
<figure class="fer-figure" id="fits"><img class="fer-light fer-wide" style="--fer-least:200px" height="50"></figure>
<figure class="fer-figure" id="plain"><img class="fer-light" width="300" height="50"></figure>
</main><script>{script}</script></body></html>"""
SAID = """(name) => {
  const figure = document.getElementById(name);
  return [getComputedStyle(figure, "::before").content, figure.tabIndex === 0];
}"""


@pytest.mark.browser
@pytest.mark.parametrize("width, told", [(390, True), (1280, False)])
def test_a_figure_that_is_cut_says_so(browser, tmp_path, width, told):
    file = tmp_path / "page.html"
    css, script = ((CSS / name).read_text(encoding="utf-8") for name in ("fer.css", "early.js"))
    file.write_text(PAGE.replace("{css}", css).replace("{script}", script), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(file.as_uri())
    assert page.evaluate(SAID, "wide") == ['"Wider than the page: move it sideways."' if told else "none", told]
    assert page.evaluate(SAID, "fits") == ["none", told]
    assert page.evaluate(SAID, "plain") == ["none", False]
    page.close()
