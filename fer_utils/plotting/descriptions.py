"""Data in plain words: numbers, named values and tables, as plots say them in their descriptions.

A description is for those who do not see the figure, so it names what matters and stops: all values where they are few,
else how many there are, the largest, the smallest and the median.  See `fer_utils.plotting.style.describe`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

#: What a description has at most, in characters, and what a list in it has, in values and in characters.
LONGEST, MOST_VALUES, LETTERS = 600, 12, 400
#: A name longer than this is cut, and a list of names is no longer than that.
_LONGEST_NAME, _NAMES = 56, 120


def one_line(text: object, longest: int = _LONGEST_NAME) -> str:
    """A name or a label in one line; a word that was divided at a hyphen is joined again, what is too long is cut."""
    words = " ".join(str(text).replace("-\n", "-").split())
    return words if len(words) <= longest else words[: longest - 1].rstrip() + "…"


def axis_name(label: str, longest: int = 100) -> str:
    """An axis' label in one line, without the remark that the axis is logarithmic."""
    return one_line(label.replace("(logarithmic)", ""), longest)


def number_text(value: float | None, percent: bool = False, *, digits: int = 3) -> str:
    """A number in a few digits, or as a percentage; *not known* where there is none."""
    if value is None or not np.isfinite(value):
        return "not known"
    if percent:
        return f"{round(100 * value, 1) + 0.0:.1f} %"  # + 0.0: no minus before a zero
    return f"{value + 0.0:,.{digits}g}" if abs(value) < 10 ** (digits - 1) else f"{value:,.0f}"


def points_text(difference: float | None) -> str:
    """A difference of shares in percentage points, with its sign."""
    if difference is None or not np.isfinite(difference):
        return "not known"
    return f"{round(100 * difference, 1) + 0.0:+.1f} points"


def with_bounds(point: Mapping | float, text: Callable[[float], str]) -> str:
    """A value, and in brackets its interval where it has one."""
    if not isinstance(point, Mapping):
        return text(point)
    words = text(point["value"])
    if point.get("low") is None or point.get("high") is None:
        return words
    return f"{words} ({text(point['low'])} to {text(point['high'])})"


def listing(
    entries: Sequence[str],
    *,
    letters: int = LETTERS,
    most: int = MOST_VALUES,
    separator: str = "; ",
    last: bool = False,
) -> str:
    """The first entries, as many as there is room for, and how many more there are; the last one too with ``last``."""
    entries = list(entries)
    if fits(entries, letters, most):
        return separator.join(entries)
    end = [entries[-1]] if last and len(entries) > 1 else []
    left = entries[: len(entries) - len(end)]
    used, shown = sum(map(len, end)) + 10, []
    for entry in left[: most - len(end)]:
        used += len(entry) + len(separator)
        if shown and used > letters:
            break
        shown.append(entry)
    more = [f"{len(left) - len(shown)} more"] if len(shown) < len(left) else []
    return separator.join([*shown, *more, *end])


def along(entries: Sequence[str], *, letters: int = LETTERS) -> str:
    """All entries of a row where there is room, else the first, the last and some between, and how many there are."""
    for count in range(min(len(entries), MOST_VALUES), 2, -1):
        places = np.unique(np.linspace(0, len(entries) - 1, count).round().astype(int))
        shown = [entries[place] for place in places]
        if fits(shown, letters):
            break
    else:
        shown = list(entries) if len(entries) < 3 else [entries[0], entries[-1]]
    return "; ".join(shown) + (f", {len(entries)} points in all" if len(shown) < len(entries) else "")


def fits(entries: Sequence[str], letters: int = LETTERS, most: int = MOST_VALUES) -> bool:
    """Whether entries are few and short enough for all of them to be named."""
    return len(entries) <= most and sum(map(len, entries)) + 2 * len(entries) <= letters


def sentences(entries: Sequence[str], *, letters: int = LETTERS) -> str:
    """As many sentences as there is room for, and how many more there are."""
    shown: list[str] = []
    for entry in entries:
        if shown and sum(map(len, shown)) + len(entry) > letters:
            break
        shown.append(entry)
    more = len(entries) - len(shown)
    return " ".join([*shown, f"And {more} more."] if more else shown)


def room_after(first: str) -> int:
    """How many letters of a description are left for a list of sentences after the first one."""
    return LONGEST - len(first) - len(" And 99 more.")


def names_text(labels: Sequence[object], *, letters: int = _NAMES) -> str:
    """Names in one line, separated by commas; of many the first ones, and how many more."""
    return listing([one_line(label) for label in labels], letters=letters, separator=", ")


def named_values(
    values: Mapping[str, Mapping | float], text: Callable[[float], str] = number_text, *, letters: int = LETTERS
) -> str:
    """Named values; of many how many there are, their median, the largest and the smallest."""
    measured = [(one_line(name), point) for name, point in values.items()]
    for entries in (
        [f"{name} {with_bounds(point, text)}" for name, point in measured],
        [f"{name} {text(_value(point))}" for name, point in measured],
    ):
        if fits(entries, letters):
            return "; ".join(entries)
    known = [(name, _value(point)) for name, point in measured if _is_known(point)]
    if not known:
        return f"{len(measured)} values, none known"
    known.sort(key=lambda pair: -pair[1])
    median = text(float(np.median([value for _, value in known])))
    unknown = f", {len(measured) - len(known)} not known" if len(known) < len(measured) else ""
    said = [f"{name} {text(value)}" for name, value in known]
    words = ""
    for many in (3, 2, 1):
        largest, smallest = "; ".join(said[:many]), "; ".join(said[-many:])
        words = f"{len(measured)} values{unknown}, median {median}. Largest: {largest}. Smallest: {smallest}"
        if len(words) <= letters and 2 * many <= len(said):
            break
    return words


def rows_of_values(
    rows: Mapping[str, Mapping[str, Mapping | float]],
    text: Callable[[float], str] = number_text,
    *,
    letters: int = LETTERS,
) -> str:
    """Rows of named values: every row where they are few, else each name's largest and smallest value and its row."""
    kinds = list(dict.fromkeys(name for values in rows.values() for name in values))
    if len(kinds) == 1:
        of_one = {row: values[kinds[0]] for row, values in rows.items() if kinds[0] in values}
        return f"{one_line(kinds[0])}: {named_values(of_one, text, letters=letters)}"
    if sum(map(len, rows.values())) <= MOST_VALUES:
        for bounds in (True, False):
            entries = [
                f"{one_line(row)}: "
                + ", ".join(
                    f"{one_line(name)} {with_bounds(point, text) if bounds else text(_value(point))}"
                    for name, point in values.items()
                )
                for row, values in rows.items()
            ]
            if fits(entries, letters):
                return "; ".join(entries)
        # The names once for all rows, where all have the same.
        in_order = f"In the order {', then '.join(map(one_line, kinds))}: "
        entries = [
            f"{one_line(row)} {', '.join(text(_value(values[kind])) for kind in kinds)}"
            for row, values in rows.items()
            if list(values) == kinds
        ]
        if len(entries) == len(rows) and fits(entries, letters - len(in_order)):
            return in_order + "; ".join(entries)
    said = []
    for kind in kinds:
        known = {
            row: _value(values[kind]) for row, values in rows.items() if kind in values and _is_known(values[kind])
        }
        if not known:
            said.append(f"{one_line(kind)} not known")
            continue
        low, high = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
        if known[low] == known[high]:
            said.append(f"{one_line(kind)} always {text(known[low])}")
            continue
        said.append(
            f"{one_line(kind)} from {text(known[low])} ({one_line(low)}) to {text(known[high])} ({one_line(high)})"
        )
    return f"{len(rows)} rows: {listing(said, letters=letters)}"


def _value(point: Mapping | float) -> float:
    return point["value"] if isinstance(point, Mapping) else point


def _is_known(point: Mapping | float) -> bool:
    value = _value(point)
    return value is not None and bool(np.isfinite(value))


def dotted_lines(lines: Mapping[str, float] | None, text: Callable[[float], str]) -> str:
    """A sentence on dotted lines, or nothing where there are none."""
    known = [f"{one_line(name, 40)} at {text(value)}" for name, value in (lines or {}).items() if np.isfinite(value)]
    return f"Dotted line{'s' * (len(known) > 1)}: {listing(known, letters=100)}." if known else ""


def course(time_s: np.ndarray, values: np.ndarray) -> str:
    """A curve in words: its least, and its greatest with the moment."""
    values = np.asarray(values, float)
    if not np.isfinite(values).any():
        return "not known"
    top = int(np.nanargmax(values))
    low, high = number_text(round(float(np.nanmin(values)), 2)), number_text(round(float(values[top]), 2))
    return f"always {low}" if low == high else f"{low} to {high}, highest at {time_s[top]:.1f} s"


def longest_run(rows: Iterable[np.ndarray], outcome: bool) -> int:
    """How often an outcome comes in a row at the most."""
    longest = 0
    for row in rows:
        breaks = np.flatnonzero(np.concatenate([[True], row != outcome, [True]]))
        longest = max(longest, int(np.diff(breaks).max()) - 1)
    return longest


def table_in_words(name: str, frame: pd.DataFrame, *, percent: bool = False, most: int = 3) -> str:
    """A heat map in a sentence: its size, and where its smallest and its largest values stand.

    A table whose rows and columns have the same names, such as a confusion matrix, is told by its diagonal and by
    the largest cells beside it, ``most`` at most.
    """
    values = frame.to_numpy(float)
    rows, columns = ([one_line(label, 24) for label in side] for side in (frame.index, frame.columns))
    size = f"{one_line(name)}: {len(rows)} rows by {len(columns)} columns"
    known = np.isfinite(values)
    if not known.any():
        return f"{size}, all empty."
    if np.ptp(values[known]) == 0:
        return f"{size}, all {number_text(values[known][0], percent)}."

    def cell(place: int) -> str:
        row, column = np.unravel_index(place, values.shape)
        return f"{number_text(values[row, column], percent)} at {rows[row]}, {columns[column]}"

    if percent and rows == columns and len(rows) > 1:
        diagonal = np.diag(values)
        if np.isfinite(diagonal).any():
            low, high = np.nanargmin(diagonal), np.nanargmax(diagonal)
            ends = [f"{number_text(diagonal[place], percent)} ({rows[place]})" for place in (low, high)]
            beside = np.where(known & ~np.eye(len(rows), dtype=bool), values, -np.inf)
            largest = [
                cell(place) for place in np.argsort(-beside, axis=None, kind="stable")[:most] if beside.flat[place] > 0
            ]
            off = f"; the largest beside it {', '.join(largest)}" if largest else "; nothing beside it"
            return f"{size}; diagonal from {ends[0]} to {ends[1]}{off}."
    lowest, highest = np.nanargmin(np.where(known, values, np.nan)), np.nanargmax(np.where(known, values, np.nan))
    return f"{size}, smallest {cell(lowest)}, largest {cell(highest)}."


def grid_in_words(
    pictures: Sequence[np.ndarray],
    columns: int,
    row_names: Sequence[str] = (),
    column_names: Sequence[str] = (),
    *,
    rows_are: str = "",
) -> str:
    """How many pictures a grid has, the size of the first, and what rows and columns are called."""
    count, rows = len(pictures), -(-len(pictures) // columns)
    height, width = np.shape(pictures[0])[:2]
    places = f"{count} pictures in {rows} rows of {columns}" if rows > 1 else f"{count} pictures side by side"
    words = f"{places if count > 1 else 'One picture'}, {'each of ' * (count > 1)}{width} by {height} pixels"
    if len(row_names):
        words += f"; the rows are {one_line(rows_are)} {names_text(row_names, letters=200)}".replace("  ", " ")
    if len(column_names):
        words += f"; the columns are {names_text(column_names, letters=200)}"
    return words
