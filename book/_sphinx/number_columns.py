"""Sphinx extension: in every table a column of numbers stands to the right, so that digits of one rank meet.

A column counts as numbers where each of its cells is one, or is empty or a dash.  Tables that a chapter's cell shows
are HTML already; those of the text are nodes.  Both get the class ``fer-number`` on such cells and on the head above.
Tables whose cells span columns are left as they are.
"""

from __future__ import annotations

import re

from docutils import nodes

CLASS = "fer-number"
_NUMBER = re.compile(r"[+−-]?\d[\d,]*(\.\d+)?\s?[%×]?")
_NOTHING = {"", "-", "–", "—", "nan"}


def number_columns(rows: list[list[str]]) -> list[int]:
    """Which columns hold numbers, from the texts of a table's rows without its head.

    >>> number_columns([["nano", "19,144", "—"], ["ding2023", "148,920", "62.5 %"]])
    [1, 2]
    """
    found = []
    for place, column in enumerate(zip(*rows, strict=True)):
        cells = [cell.strip() for cell in column if cell.strip() not in _NOTHING]
        if cells and all(_NUMBER.fullmatch(cell) for cell in cells):
            found.append(place)
    return found


def _is_plain(rows: list[list], width: int) -> bool:
    return bool(rows) and all(len(row) == width for row in rows)


def align_html(html: str) -> str:
    """A cell's HTML in which its tables' columns of numbers have the class; the same text where there are none."""
    from bs4 import BeautifulSoup

    page = BeautifulSoup(html, "html.parser")
    changed = False
    for table in page.find_all("table"):
        rows = [row.find_all(["th", "td"], recursive=False) for row in table.select("tbody > tr")]
        heads = [row.find_all(["th", "td"], recursive=False) for row in table.select("thead > tr")]
        if table.find(attrs={"colspan": re.compile("^[^1]")}) or not _is_plain(rows, len(rows[0]) if rows else 0):
            continue
        for place in number_columns([[cell.get_text() for cell in row] for row in rows]):
            for row in [*heads, *rows]:
                if len(row) == len(rows[0]):
                    row[place]["class"] = [*row[place].get("class", []), CLASS]
                    changed = True
    return str(page) if changed else html


def align_nodes(table: nodes.table) -> None:
    """The same for a table of the text."""
    body, head = next(table.findall(nodes.tbody)), next(table.findall(nodes.thead), None)
    rows = [list(row.children) for row in body.children]
    if any("morecols" in cell for row in rows for cell in row) or not _is_plain(rows, len(rows[0]) if rows else 0):
        return
    heads = [] if head is None else [list(row.children) for row in head.children]
    for place in number_columns([[cell.astext() for cell in row] for row in rows]):
        for row in [*heads, *rows]:
            if len(row) == len(rows[0]):
                row[place]["classes"].append(CLASS)


def align(app, doctree, docname):
    """Mark the columns of numbers in all tables of a page."""
    for table in list(doctree.findall(nodes.table)):
        align_nodes(table)
    for raw in list(doctree.findall(nodes.raw)):
        text = raw.astext()
        if raw.get("format") != "html" or "<tbody" not in text or "<script" in text:
            continue
        changed = align_html(text)
        if changed != text:
            # With its attributes: by its classes the theme puts it into a box that scrolls.
            raw.parent.replace(raw, nodes.raw(raw.rawsource, changed, **raw.attributes))


def setup(app):
    app.connect("doctree-resolved", align)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
