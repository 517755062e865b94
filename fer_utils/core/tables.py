"""The two tables that travel: clips, and the problems met on the way.

Both are pandas DataFrames, so a student can print, filter and count them.
"""

from __future__ import annotations

from collections.abc import Iterable
import html
import textwrap
from typing import ClassVar

import pandas as pd

#: One row a clip, the same columns for every data set; see ``ClipTable``.
CLIP_COLUMNS: tuple[str, ...] = (
    "path",
    "dataset",
    "clip",
    "actor",
    "sex",
    "expression",
    "intensity",
    "view",
    "channel",
    "modality",
    "statement",
    "repetition",
    "performance",
)

PROBLEM_COLUMNS: tuple[str, ...] = ("path", "stage", "kind", "problem", "action")


class Problems(pd.DataFrame):
    """What went wrong with which file, and what was done about it.

    Columns: ``path`` (the file or folder, as text), ``stage`` (``scan``,
    ``decode``, ``detect``, ...), ``kind`` (a short fixed word such as
    ``unreadable``, to count by), ``problem`` (one sentence), ``action`` (what
    was done: ``left out``, ``kept the largest face``, ...).  Prints as a short
    table; an empty one prints as ``no problems``.
    """

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str, str, str, str]] = ()) -> Problems:
        """Make the table from rows of (path, stage, kind, problem, action)."""
        return cls(pd.DataFrame(list(rows), columns=list(PROBLEM_COLUMNS), dtype="str"))

    @classmethod
    def joined(cls, *tables: pd.DataFrame) -> Problems:
        """The rows of several tables, in order, as one."""
        filled = [pd.DataFrame(table) for table in tables if len(table)]
        return cls(pd.concat(filled, ignore_index=True)) if filled else cls.of()

    def summary(self, most: int = 12) -> str:
        """The short table as text: at most ``most`` rows, then a count of the rest."""
        if not len(self):
            return "no problems"
        lines = [self._counted()]
        for row in pd.DataFrame(self).head(most).itertuples(index=False):
            lines.append(f"  {row.path}")
            lines += textwrap.wrap(
                f"{row.problem} -> {row.action}",
                96,
                initial_indent="      ",
                subsequent_indent="      ",
            )
        if len(self) > most:
            lines.append(f"  {self._rest(most)}")
        return "\n".join(lines)

    def _counted(self) -> str:
        counts = self["kind"].value_counts(sort=True)
        kinds = ", ".join(f"{kind} {count}" for kind, count in counts.items())
        return f"{len(self)} problem{'s' if len(self) != 1 else ''}: {kinds}"

    def _rest(self, most: int) -> str:
        return f"... and {len(self) - most} more (the whole table: `.problems.to_csv(...)`)"

    def _whole(self) -> bool:
        # Only a whole table is summarised; a selection of other columns prints as pandas does.
        return tuple(self.columns) == PROBLEM_COLUMNS

    def _repr_html_(self) -> str | None:
        """The short table for a notebook: path, problem and action of at most 12 rows, and a count of the rest."""
        if not self._whole():
            return pd.DataFrame(self)._repr_html_()  # type: ignore[operator]  # not in the stubs
        if not len(self):
            return "<p>no problems</p>"
        most = 12
        # to_html would cut long sentences short.
        columns = ["path", "problem", "action"]
        head = _html_row("th", columns)
        rows = [_html_row("td", row) for row in pd.DataFrame(self)[columns].head(most).itertuples(index=False)]
        rest = f"<p>{html.escape(self._rest(most))}</p>" if len(self) > most else ""
        return (
            f"<p>{html.escape(self._counted())}</p>\n"
            f"<table>\n<thead>{head}</thead>\n<tbody>\n" + "\n".join(rows) + f"\n</tbody>\n</table>\n{rest}"
        )

    def __str__(self) -> str:
        return self.summary() if self._whole() else pd.DataFrame(self).to_string()

    __repr__ = __str__


def _html_row(tag: str, cells: Iterable) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"


class ClipTable(pd.DataFrame):
    """One row a clip; ``.problems`` holds what was found and could not become a row.

    ==============  ==============================================================
    ``path``        the file, absolute, as text
    ``dataset``     ``ravdess``, ``savee``, ``mead``, ``crema_d``, ``fer2013`` or ``folder``
    ``clip``        the file's path below the root, with ``/``: unique in the table
    ``actor``       who is seen, as the data set writes it; ``""`` where unknown
    ``sex``         ``female``, ``male`` or ``""``: as the data set records it
    ``expression``  the posed-expression label, canonical (``fer_utils.core.labels``)
    ``intensity``   1 normal, 2 strong (RAVDESS); 1 to 3 (MEAD, CREMA-D, there 0 for unspecified); 1 elsewhere
    ``view``        ``front``, MEAD's camera, KDEF's side; ``""`` where unknown
    ``channel``     ``speech`` or ``song``; ``""`` for still images
    ``modality``    ``audio-video``, ``video-only`` or ``image``
    ``statement``   which sentence was spoken, as the data set writes it; FER2013's part of the competition
    ``repetition``  1, 2, ... of the same sentence; KDEF's session, JAFFE's take
    ``performance`` the recorded act: equal for RAVDESS's 01-/02- twins and for
                    MEAD's seven cameras, the frames of one CK+ sequence and
                    KDEF's five sides; unique across data sets
    ==============  ==============================================================

    Joined tables (``pd.concat``, ``merge``) have the problems of all, those of one scan
    once.  ``clip`` tells no roots apart: where ``train`` and ``test`` were scanned by themselves and
    joined, ``happy/0.png`` of both counts as one clip at the level ``clip`` of ``fer_utils.splits``.
    Scan the folder above both instead.  A table that neither ``of`` nor pandas made of
    such a one has ``problems`` None.
    """

    _metadata: ClassVar[list[str]] = ["problems"]  # what pandas hands on from table to table
    problems: Problems | None = None

    @property
    def _constructor(self):
        return ClipTable

    def __finalize__(self, other, method: str | None = None, **kwargs) -> ClipTable:
        """pandas calls it for what it made of other tables; of several it would keep no metadata."""
        made = super().__finalize__(other, method=method, **kwargs)  # type: ignore[misc]  # not in the stubs
        if method in ("concat", "merge"):
            # `input_objs` since pandas 3; before, `objs` of a concat and `left` and `right` of a merge.
            parts = getattr(other, "input_objs", None) or getattr(other, "objs", None) or (other.left, other.right)
            # Two selections of one table share its problems.
            told = {
                id(part.problems): part.problems
                for part in parts
                if isinstance(part, ClipTable) and part.problems is not None
            }
            problems = list(told.values())
            if problems:
                joined = problems[0] if len(problems) == 1 else Problems.joined(*problems)
                object.__setattr__(made, "problems", joined)
        return made

    @classmethod
    def of(cls, rows: Iterable[dict], problems: Problems | None = None) -> ClipTable:
        """Make the table from one dict a clip, in the order given."""
        table = cls(pd.DataFrame(list(rows), columns=list(CLIP_COLUMNS)))
        for column in CLIP_COLUMNS:
            table[column] = table[column].astype("int64" if column in ("intensity", "repetition") else "str")
        table.problems = problems if problems is not None else Problems.of()
        return table
