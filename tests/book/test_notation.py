"""The notation page lists every letter that a chapter's formulas use by themselves."""

from __future__ import annotations

import json
from pathlib import Path
import re

import pytest

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))
#: A letter, Greek or Latin, barred or not, with or without an index.
LETTER = re.compile(r"(\\bar )?(\\[a-z]+|[A-Za-z])'?(_(\{[^}]*\}|\\?\w))?")
NO_LETTERS = ("*",)


def formulas(text: str) -> list[str]:
    """What stands between single dollar signs."""
    return re.findall(r"(?<![\\$`])\$([^$\n]+)\$(?!\$)", re.sub(r"\$\$.*?\$\$", "", text, flags=re.DOTALL))


def letters_of(text: str) -> set[str]:
    """The formulas of a text that are one letter."""
    return {found for found in formulas(text) if LETTER.fullmatch(found)}


def listed() -> dict[str, set[str]]:
    """Chapter's file -> letters that the notation page explains for it."""
    explained: dict[str, set[str]] = {}
    table = (ROOT / "book/notation.md").read_text(encoding="utf-8").partition("## Letters")[2]
    for row in table.splitlines():
        if not row.startswith("| $"):
            continue
        letters, _, chapters = (cell.strip() for cell in row.strip("|").split("|"))
        for name in re.findall(r"\(\.\./notebooks/([\w.]+)\)", chapters):
            explained.setdefault(name, set()).update(formulas(letters))
    return explained


@pytest.mark.parametrize("chapter", CHAPTERS, ids=[chapter.stem for chapter in CHAPTERS])
def test_every_letter_of_a_chapter_is_on_the_notation_page(chapter):
    cells = json.loads(chapter.read_text(encoding="utf-8"))["cells"]
    text = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    assert letters_of(text) <= listed().get(chapter.name, set())


def test_the_page_names_only_chapters_that_there_are():
    assert set(listed()) <= {chapter.name for chapter in CHAPTERS}


def test_letters_are_told_from_longer_formulas():
    assert letters_of(r"$w_{uv}$ and $b$, $\bar d$, $C'$; not $n - 1$, $$ y = 2 $$ or $\ln K$") == {
        "w_{uv}", "b", r"\bar d", "C'"
    }  # fmt: skip
