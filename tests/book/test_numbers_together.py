"""On the site no line ends between a number and its sign; code and formulas are as they were written."""

from __future__ import annotations

from pathlib import Path
import re
import sys

from bs4 import BeautifulSoup
from docutils import nodes
from docutils.utils import new_document
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book" / "_sphinx"))

import numbers_together  # noqa: E402


@pytest.mark.parametrize(
    "text, joined",
    [
        ("It reads 62.5 % of them.", "It reads 62.5_% of them."),
        ("A kernel of 3 × 3 × 16 weights", "A kernel of 3_×_3_×_16 weights"),
        ("61.9 % (57.3 to 66.4), 62 % at most", "61.9_% (57.3 to 66.4), 62_% at most"),
        ("a × b, per cent, % and 5 pixels", "a × b, per cent, % and 5 pixels"),
    ],
)
def test_numbers_and_their_signs_stay_in_one_line(text, joined):
    assert numbers_together.together(text) == joined.replace("_", "\u00a0")


def test_code_and_formulas_stay_as_they_are():
    document = new_document("page")
    kept = (nodes.literal, nodes.literal_block, nodes.math, nodes.raw)
    document += [nodes.paragraph("", "", kind("", "92 % 2 × 2")) for kind in kept]
    document += nodes.paragraph("", "", nodes.emphasis("", "92 % 2 × 2"))
    numbers_together.keep_together(None, document, "page")
    *written, joined = (paragraph.astext() for paragraph in document.children)
    assert written == ["92 % 2 × 2"] * len(kept) and joined == "92\u00a0% 2\u00a0×\u00a02"


def test_on_every_page_of_the_site(smoke_site):
    seen = 0
    for page in sorted(smoke_site.rglob("*.html")):
        article = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").find("article")
        for paragraph in article.find_all("p") if article else ():
            if paragraph.find_parent(class_=["cell_output", "output"]):
                continue
            for code in paragraph.find_all(["code", "pre", "span"]):
                code.extract()
            text = paragraph.get_text()
            assert not re.search(r"\d [%×]", text), f"{page.name}: {text}"
            seen += "\u00a0%" in text
    assert seen > 10
