"""Sphinx extension: a line of text never ends between a number and its sign, as in '92 %' and '5 × 5'.

The sources keep plain spaces, which are easier to type and to search; the site gets no-break spaces.  Code, formulas
and addresses stay as they are.
"""

from __future__ import annotations

import re

from docutils import nodes

NO_BREAK = "\u00a0"
_BEFORE_A_SIGN = re.compile(r"(?<=\d) (?=[%×])")
_AFTER_TIMES = re.compile(r"(?<=×) (?=\d)")
_AS_WRITTEN = (nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.raw, nodes.comment)


def together(text: str) -> str:
    """The text with no-break spaces before per cent, and around a times sign between numbers.

    >>> together("92 % of 5 × 5 pixels").replace(NO_BREAK, "_")
    '92_% of 5_×_5 pixels'
    """
    return _AFTER_TIMES.sub(NO_BREAK, _BEFORE_A_SIGN.sub(NO_BREAK, text))


def keep_together(app, doctree, docname):
    """Join numbers and signs in all running text of a page."""
    for text in list(doctree.findall(nodes.Text)):
        changed = together(text.astext())
        if changed == text.astext() or _within(text, _AS_WRITTEN):
            continue
        text.parent.replace(text, nodes.Text(changed))


def _within(node: nodes.Node, kinds: tuple[type[nodes.Node], ...]) -> bool:
    while node is not None:
        if isinstance(node, kinds):
            return True
        node = node.parent
    return False


def setup(app):
    app.connect("doctree-resolved", keep_together)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
