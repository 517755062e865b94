"""In the tables of the site a column of numbers stands to the right, and no other column does."""

from __future__ import annotations

from pathlib import Path
import sys

from bs4 import BeautifulSoup
from docutils import nodes
from docutils.utils import new_document
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book" / "_sphinx"))

import number_columns  # noqa: E402


@pytest.mark.parametrize(
    "cells, numbers",
    [
        (["19,144", "148,920"], True),
        (["+4.7", "−0.3", "-12"], True),
        (["61.9 %", "62\u00a0%", "3×"], True),
        (["1.5", "", "—", "nan"], True),
        (["", "—"], False),
        (["61.9 (57.3 to 66.4)", "62.5 (58.7 to 66.3)"], False),
        (["19,144", "about 3"], False),
        (["(45, 45, 16)", "(8,)"], False),
        (["2023a"], False),
    ],
)
def test_what_counts_as_a_column_of_numbers(cells, numbers):
    rows = [["a name", cell, "72"] for cell in cells]
    assert number_columns.number_columns(rows) == ([1, 2] if numbers else [2])


def html(body: str, head: str = "<th>name</th><th>count</th>") -> str:
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def marked(text: str) -> list[str]:
    return [cell.get_text() for cell in BeautifulSoup(text, "html.parser").select(".fer-number")]


def test_a_table_of_a_cell_is_marked_with_its_head_and_keeps_its_classes():
    table = html('<tr><td>nano</td><td class="data">7</td></tr><tr><td>ding2023</td><td class="data">12</td></tr>')
    made = number_columns.align_html(f"<style>td > b {{ color: red }}</style>{table}")
    assert marked(made) == ["count", "7", "12"]
    assert 'class="data fer-number"' in made and "td > b" in made


@pytest.mark.parametrize(
    "body",
    [
        "<tr><td>nano</td><td>small</td></tr>",
        '<tr><td>nano</td><td>7</td></tr><tr><td colspan="2">its face: 48</td></tr>',
        "<tr><td>nano</td><td>7</td></tr><tr><td>ding2023</td></tr>",
        "",
    ],
)
def test_other_tables_stay_as_they_are(body):
    assert number_columns.align_html(html(body)) == html(body)


def table_of(*rows: list[str]) -> nodes.table:
    head, *body = (nodes.row("", *(nodes.entry("", nodes.paragraph("", text)) for text in row)) for row in rows)
    return nodes.table("", nodes.tgroup("", nodes.thead("", head), nodes.tbody("", *body), cols=2))


def test_a_table_of_the_text_is_marked_and_scripts_are_left_alone():
    document = new_document("page")
    script = f"<script>1</script>{html('<tr><td>nano</td><td>7</td></tr>')}"
    document += table_of(["name", "count"], ["nano", "7"], ["ding2023", "12"])
    classes = ["output", "text_html"]
    document += nodes.raw("", html("<tr><td>nano</td><td>7</td></tr>"), format="html", classes=classes)
    document += nodes.raw("", script, format="html")
    number_columns.align(None, document, "page")
    entries = [entry for entry in document.findall(nodes.entry) if number_columns.CLASS in entry["classes"]]
    assert [entry.astext() for entry in entries] == ["count", "7", "12"]
    of_a_cell, with_script = document.findall(nodes.raw)
    assert marked(of_a_cell.astext()) == ["count", "7"] and of_a_cell["classes"] == classes
    assert with_script.astext() == script


def test_the_site_has_such_columns_in_text_and_cells(smoke_site):
    for page in ("notebooks/12_smaller", "book/real-data", "book/using"):
        found = BeautifulSoup((smoke_site / f"{page}.html").read_text(encoding="utf8"), "html.parser")
        assert len(found.select("article td.fer-number")) >= 3, page
