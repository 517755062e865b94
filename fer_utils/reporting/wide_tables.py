"""Tables of many columns that a narrow screen can show: a row's numbers on one line, its words on the line below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
import html

import pandas as pd

from fer_utils.core.errors import invalid

_CELL = "text-align:left;vertical-align:top;white-space:normal;border-bottom:0;padding:0.35em 0.5em 0 0"
#: A long name in the first column may be broken; numbers may not.
_NAME = f"{_CELL};overflow-wrap:anywhere;min-width:5em"
_WORDS = "text-align:left;white-space:normal;font-size:0.92em;padding:0.1em 0 0.35em 0;overflow-wrap:anywhere"


@dataclass(frozen=True)
class TwoLineTable:
    """What `two_lines` makes; a notebook shows it.

    ``frame`` is the whole table, ``first_line`` the columns that stand side by side.
    """

    frame: pd.DataFrame
    first_line: tuple[str, ...]
    formats: Mapping[str, str] = field(default_factory=dict)
    missing: str = "not stated"

    def __repr__(self) -> str:
        return self.frame.to_string(index=False)

    def _text(self, column: str, value: object) -> str:
        if pd.isna(value):
            return self.missing
        return self.formats.get(column, "{}").format(value)

    def _cell(self, column: str, value: object) -> str:
        """The text of a cell; a long name may be broken behind an underscore."""
        return html.escape(self._text(column, value)).replace("_", "_<wbr>")

    def _repr_html_(self) -> str:
        below = [column for column in self.frame.columns if column not in self.first_line]
        head = "".join(
            f'<th scope="col" style="text-align:left;padding:0.35em 0.5em 0.35em 0">{html.escape(one)}</th>'
            for one in self.first_line
        )
        lines = []
        for row in self.frame.to_dict("records"):
            cells = "".join(
                f'<td style="{_CELL if place else _NAME}">{self._cell(column, row[column])}</td>'
                for place, column in enumerate(self.first_line)
            )
            words = "; ".join(
                f"<i>{html.escape(column)}</i>: {html.escape(self._text(column, row[column]))}" for column in below
            )
            lines.append(f"<tr>{cells}</tr>")
            if below:
                lines.append(f'<tr><td colspan="{len(self.first_line)}" style="{_WORDS}">{words}</td></tr>')
        return (
            '<table class="table fer-two-lines" style="width:100%">'
            f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
        )


def two_lines(
    frame: pd.DataFrame,
    first_line: Sequence[str],
    *,
    formats: Mapping[str, str] | None = None,
    missing: str = "not stated",
) -> TwoLineTable:
    """A table whose rows take two lines each, so that it fits a screen of 390 pixels and needs no scrolling.

    Parameters
    ----------
    frame : the table; its index is not shown.
    first_line : the columns whose values stand side by side, one to four; the others follow below, each with its name.
    formats : column to a format such as ``"{:,}"``.
    missing : what stands where a value is missing.

    Raises
    ------
    FerError : no column, more than four, or one that the table does not have.

    >>> print(two_lines(pd.DataFrame({"a": [1], "b": ["x"]}), ["a"]))
     a b
     1 x
    """
    columns = tuple(first_line)
    if not 1 <= len(columns) <= 4 or not set(columns) <= set(frame.columns):
        expected = f"one to four of {', '.join(map(str, frame.columns))}"
        raise invalid("first_line", expected=expected, received=list(first_line))
    return TwoLineTable(frame.reset_index(drop=True), columns, dict(formats or {}), missing)
