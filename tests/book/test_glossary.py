"""The glossary: plain definitions, and their hover text in a real browser, by mouse, keyboard and without scripts.

A site of two pages is built for it, with the book's own glossary, extension, script and style sheet.
"""

from __future__ import annotations

import io
from pathlib import Path
import re
import shutil
import sys

from browser import opened_page
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

from pipeline.serve import serving  # noqa: E402

TEXT = (ROOT / "book/glossary.md").read_text(encoding="utf-8")
ENTRIES = dict(re.findall(r"^(\S[^\n]*)\n  (\S[^\n]*)$", TEXT.partition("```{glossary}\n")[2], re.M))
WORDS = "word " * 30
PAGE = f"""# A page

{WORDS}{{term}}`action unit` and {{term}}`losses <loss>`, [Landmark](book/glossary.md), \
[elsewhere](book/glossary.md).

```{{toctree}}
book/glossary
```
"""


def test_terms_are_in_order_and_have_two_short_sentences():
    assert len(ENTRIES) >= 60 and list(ENTRIES) == sorted(ENTRIES, key=str.lower)
    for term, meaning in ENTRIES.items():
        sentences = re.split(r"(?<=[.])\s+(?=[A-Z])", meaning)
        assert 1 <= len(sentences) <= 3 and meaning.endswith("."), term
        assert all(len(sentence.split()) <= 32 for sentence in sentences), term


def test_every_linked_term_is_in_the_glossary():
    linked = set()
    for page in [*(ROOT / "book").glob("*.md"), *(ROOT / "notebooks").glob("*.ipynb")]:
        text = page.read_text(encoding="utf-8")
        for words in re.findall(r"\{term\}`([^`]+)`", text):
            linked.add(re.sub(r".*<(.*)>$", r"\1", " ".join(words.split())))
        linked.update(words.lower() for words in re.findall(r"\[([^\[\]\n]+)\]\(\.\./book/glossary\.md\)", text))
    assert len(linked) >= 8 and linked <= {term.lower() for term in ENTRIES}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    from sphinx.application import Sphinx

    source = tmp_path_factory.mktemp("glossary")
    (source / "book").mkdir()
    (source / "index.md").write_text(PAGE, encoding="utf-8")
    shutil.copy(ROOT / "book/glossary.md", source / "book")
    settings = {
        "extensions": ["myst_parser", "terms"],
        "html_theme": "basic",
        "html_static_path": [str(ROOT / "book/_css")],
        "html_css_files": ["fer.css"],
        "html_js_files": ["early.js"],
    }
    sys.path.insert(0, str(ROOT / "book/_sphinx"))
    try:
        made = source / "_html"
        complaints = io.StringIO()
        trees = source / "_trees"
        app = Sphinx(source, None, made, trees, "html", confoverrides=settings, status=None, warning=complaints)
        app.build()
        assert app.statuscode == 0 and complaints.getvalue() == ""
    finally:
        sys.path.remove(str(ROOT / "book/_sphinx"))
    return made


def test_a_link_to_a_term_has_its_meaning_and_other_links_have_none(site):
    page = (site / "index.html").read_text(encoding="utf-8")
    found = re.findall(
        r'aria-describedby="([^"]+)">([^<]+)</a><span class="fer-term-meaning" role="tooltip" id="\1"', page
    )
    assert [words for _, words in found] == ["action unit", "losses", "Landmark"]
    assert len({name for name, _ in found}) == 3
    assert ENTRIES["landmark"] in page and "fer-term" not in (site / "book/glossary.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def address(site):
    with serving(site) as url:
        yield url


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_the_meaning_appears_by_mouse_and_by_keyboard_and_escape_closes_it(browser, address, width):
    with opened_page(browser, width=width, height=700) as (page, _):
        page.goto(f"{address}/index.html")
        link, meaning = page.locator(".fer-term a").first, page.locator(".fer-term-meaning").first
        assert not meaning.is_visible()
        link.hover()
        assert meaning.is_visible() and meaning.inner_text() == ENTRIES["action unit"]
        box = meaning.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width
        word = link.bounding_box()
        assert 0 <= box["y"] - word["y"] <= 2 * word["height"], "it stands right below its word"
        meaning.hover()
        assert meaning.is_visible(), "the pointer may go to the text"
        page.keyboard.press("Escape")
        assert not meaning.is_visible()
        page.mouse.move(0, 600)
        link.focus()
        assert meaning.is_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.evaluate("document.querySelector('.fer-term').style.float = 'right'")
        page.mouse.move(0, 600)
        link.hover()
        box = meaning.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width, "a word at the edge of the window"
        link.focus()
        page.keyboard.press("Tab")
        assert page.locator(".fer-term-meaning").nth(1).is_visible()
        page.mouse.move(0, 600)
        assert not meaning.is_visible()


@pytest.mark.browser
def test_without_scripts_the_meaning_appears_too(browser, address):
    with opened_page(browser, scripts=False) as (page, _):
        page.goto(f"{address}/index.html")
        page.locator(".fer-term a").first.hover()
        assert page.locator(".fer-term-meaning").first.is_visible()
