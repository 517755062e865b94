"""Text from outside (a stored file, a machine's name) inside Markdown that a notebook shows.

A notebook runs the HTML, scripts too, that stands in the Markdown of its outputs; so a text that this package did not
write itself is shown letter by letter.
"""

from __future__ import annotations

import re

#: What begins HTML, an entity, a code span, a table's cell or an escape, as HTML entities.
_SPECIAL = str.maketrans({"&": "&amp;", "<": "&lt;", "`": "&#96;", "|": "&#124;", "\\": "&#92;"})
_TAG = re.compile(r"<(?=[a-zA-Z/!?])")


def literal(value: object) -> str:
    """A value's text for Markdown, shown as it is: no HTML, link, picture or cell of a table, and all in one line.

    >>> literal("<b>5 % | [a](b)</b>")
    '&lt;b>5 % &#124; [a]&#40;b)&lt;/b>'
    """
    text = " ".join(str(value).split()).translate(_SPECIAL)
    return text.replace("](", "]&#40;")  # brackets by themselves (lists of numbers) stay readable


def code_span(value: object) -> str:
    """A value's text as code in a line of Markdown; a backtick, which would end it, becomes an apostrophe.

    >>> code_span("<i>a`b</i>")
    "`<i>a'b</i>`"
    """
    return "`" + (" ".join(str(value).split()).replace("`", "'") or " ") + "`"


def without_tags(text: str) -> str:
    """Markdown whose own marks stay and in which nothing is HTML.

    >>> without_tags("**p < 0.05** <img>")
    '**p < 0.05** &lt;img>'
    """
    return _TAG.sub("&lt;", text)
