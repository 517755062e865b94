"""What a shared link to a page shows: title, sentence and picture, without an address that the site does not have."""

from __future__ import annotations

from collections import Counter
import importlib.util
from pathlib import Path
import re
import sys

from bs4 import BeautifulSoup
from docutils import nodes
from docutils.utils import new_document
import numpy as np
from PIL import Image
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "book" / "_sphinx"), str(ROOT / "book")]

import cards  # noqa: E402

from pipeline.address import current  # noqa: E402
from pipeline.layout import Book  # noqa: E402


def head(**changed) -> BeautifulSoup:
    given = {"title": "A", "text": "B.", "kind": "article", "picture": "../_static/card.png", "address": None}
    return BeautifulSoup(cards.tags(**(given | changed)), "html.parser")


def content(page: BeautifulSoup, name: str) -> str | None:
    tag = page.find("meta", attrs={"property": name}) or page.find("meta", attrs={"name": name})
    return tag and tag["content"]


def test_a_page_without_an_address_names_none():
    page = head(title='Say "a" & <b>')
    assert content(page, "og:title") == 'Say "a" & <b>' and content(page, "og:url") is None
    assert content(page, "og:image") == "../_static/card.png" and "://" not in str(page)
    assert content(page, "twitter:card") == "summary_large_image" and content(page, "description") == "B."
    assert len(content(page, "og:image:alt").split()) > 10
    assert content(head(address="https://a.github.io/b/c.html"), "og:url") == "https://a.github.io/b/c.html"


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("One. Two.", "One. Two."),
        (f"Does it {'really ' * 9}? Both.", f"Does it {'really ' * 9}?"),
        (f"One. {'Two ' * 20}. Three.", f"One. {'Two ' * 20}."),
        (f"Of 0.5 MB, e.g. {'LiteRT ' * 9}. And\nmore.", f"Of 0.5 MB, e.g. {'LiteRT ' * 9}."),
        ("Actors pose [Cao and Li, 2014]. And they speak.", "Actors pose. And they speak."),
        ("Without an\n end", "Without an end"),
    ],
)
def test_the_first_sentence_is_found(text, sentence):
    assert cards.first_sentence(text) == sentence
    assert len(cards.first_sentence("long, " * 100)) <= cards.LONGEST + 1


def test_a_written_description_comes_before_the_first_sentence():
    page = new_document("page")
    page += nodes.paragraph("", "A first sentence. A second.")
    assert cards.description(page) == "A first sentence. A second."
    page.insert(0, nodes.entry("", nodes.paragraph("", "In a table first.")))
    assert cards.description(page) == "A first sentence. A second."
    page += nodes.meta("", name="description", content="Written.")
    assert cards.description(page) == "Written."
    assert cards.description(new_document("empty")) == ""


def test_the_picture_is_small_and_what_its_script_draws(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "book" / "images")  # as for a script that is run from there
    spec = importlib.util.spec_from_file_location("card", ROOT / "book" / "images" / "card.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.FILE.stat().st_size < 150_000 and all(label in cards.ALT for label in module.PEOPLE)
    drawn, kept = module.picture().astype(float), np.asarray(Image.open(module.FILE).convert("RGB"), float)
    assert drawn.shape == kept.shape == (cards.HEIGHT, cards.WIDTH, 3)
    assert np.abs(drawn - kept).mean() < 4  # a palette of 128 colours loses a little


def test_every_page_of_the_site_has_its_card(smoke_site):
    book, sentences = Book.at(ROOT), Counter()
    for name in book.pages():
        path = Path(smoke_site) / f"{name}.html"
        page = BeautifulSoup(path.read_text(encoding="utf8").split("</head>")[0], "html.parser")
        title = content(page, "og:title")
        assert title and title in page.title.get_text(), name  # a chapter's has its number before it
        sentence = content(page, "og:description")
        assert len(sentence.split()) >= 4 and not re.search(r"[*`{\[]", sentence), (name, sentence)
        sentences[sentence] += 1
        if current(book) is None:
            assert (path.parent / content(page, "og:image")).resolve().is_file(), name
            assert content(page, "og:url") is None
        assert len(page.select('meta[name="description"]')) == 1, name
    assert sentences.most_common(1)[0][1] == 1, sentences.most_common(1)
