"""Figures on a telephone: the same drawing in a narrow format, its letters as large as those of the text around it.

A page shows a figure at most as wide as its column.  On a telephone that is some 355 pixels, and the letters of a
figure of 7 inches would be 7 pixels high.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator

from fer_utils.plotting.crowded_text import in_lines, make_room

#: The width of the narrow format in inches: in a column of 355 pixels, letters of 8.5 points are 11 pixels high.
NARROW = 3.8
#: Figures up to this width, in inches, are shown as they are.
_NARROW_ENOUGH = 4.2
#: How many letters a line of that width has: of the figure's title, of a panel's title or an axis, of a row's name.
_TITLE, _LINE, _ROW_NAME = 33, 36, 18
#: The most columns of a heat map that has numbers in its cells.
_MOST_NUMBERS = 10
#: The heights of a line of a title, of a row's name and of a legend, in inches.
_TITLE_LINE, _ROW_LINE, _LEGEND_LINE = 0.2, 0.16, 0.2


def can_be_narrow(figure: Figure) -> bool:
    """Whether a figure is too wide for a telephone and its panels can be put in a narrower order.

    Pictures in several rows keep their order, which has a meaning, and so do more than eight of them in one row.
    So does a figure whose ``keeps_order`` is set, and a heat map of more columns than there is room for numbers.
    """
    if figure.get_figwidth() <= _NARROW_ENOUGH or not figure.axes or getattr(figure, "keeps_order", False):
        return False
    if any(_columns_of_numbers(axis) > _MOST_NUMBERS for axis in figure.axes):
        return False
    rows, columns = _grid(figure)
    if rows is None:
        return len(figure.axes) == 1
    if all(_is_picture(axis) for axis in figure.axes):
        return columns <= 3 or (rows == 1 and columns <= 8)
    return columns <= 3


@contextmanager
def narrowed(figure: Figure) -> Iterator[Figure]:
    """While open, a figure is `NARROW` wide; afterwards it has its own size and order again.

    Panels beside each other come below each other, long lines are broken, and the legend stands below the panels.
    Widths of text are estimated from its letters; what is drawn stays the same.
    """
    undo: list[Callable[[], object]] = []
    try:
        _make_narrow(figure, undo)
        yield figure
    finally:
        for step in reversed(undo):
            step()


def _make_narrow(figure: Figure, undo: list[Callable[[], object]]) -> None:
    width, height = figure.get_size_inches()
    undo.append(lambda width=width, height=height: figure.set_size_inches(width, height))
    added = 0.0  # inches of height

    title = figure.get_suptitle()
    if title and figure._suptitle is not None:
        added += _TITLE_LINE * _broken(figure._suptitle, _TITLE, undo)
    rows, columns = _grid(figure)
    legend_height = _LEGEND_LINE * sum(_lines_of(legend, legend._ncols) for legend in figure.legends)
    around = 0.4 + legend_height  # title and legend
    if rows is not None:
        panels = _put_below_each_other(figure, rows, columns, undo) if columns > 1 else rows
        columns = figure.axes[0].get_subplotspec().get_gridspec().ncols
        height = (height - around) * panels / rows + around
        if all(_is_picture(axis) for axis in figure.axes):  # their height follows from the width of a column
            each = max(
                axis.images[0].get_array().shape[0] / axis.images[0].get_array().shape[1] for axis in figure.axes
            )
            height = around + panels * (NARROW / columns * each + 0.3)
        rows = panels
    for axis in figure.axes:
        names = _break_row_names(axis, undo)
        added += max(names[0] - (height - 1.0) / (rows or 1), 0)  # an inch for what stands above and below the rows
        letters = max(_LINE + 5 - names[1], _LINE // 2) // columns
        for text in (axis.title, axis._left_title, axis._right_title):
            added += _TITLE_LINE * _broken(text, _LINE // columns, undo) / columns
        added += _TITLE_LINE * _broken(axis.xaxis.label, letters, undo) / columns
        _broken(axis.yaxis.label, max(int(13 * height / (rows or 1)), 12), undo)
        _thin_out(axis, letters, undo)
    added += _legends_below(figure, undo)
    figure.set_size_inches(NARROW, height + added)
    _leave_no_empty_space(figure)
    make_room(figure, undo)


def _leave_no_empty_space(figure: Figure) -> None:
    """Make a figure of square cells, such as a heat map, only as tall as its cells are in the narrow width."""
    rows, _ = _grid(figure)
    used = [axis for axis in figure.axes if _is_used(axis)]
    if rows is None or not used or any(axis.get_aspect() == "auto" or _is_picture(axis) for axis in used):
        return
    figure.draw_without_rendering()
    empty: dict[int, float] = {}
    for axis in used:
        row = axis.get_subplotspec().rowspan.start
        given = axis.get_position(original=True)
        taken = axis.get_tightbbox().transformed(figure.transFigure.inverted())  # with names and numbers
        spare = max(given.y1, taken.y1) - min(given.y0, taken.y0) - taken.height
        empty[row] = min(empty.get(row, 1.0), spare)
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height * (1 - sum(empty.values())) + 0.12)


def _grid(figure: Figure) -> tuple[int | None, int]:
    """Rows and columns of the one grid that holds all axes, each in a place of its own; (None, 1) if there is none."""
    specs = [axis.get_subplotspec() for axis in figure.axes]
    if any(spec is None for spec in specs):
        return None, 1
    grids = {id(spec.get_gridspec()) for spec in specs}  # type: ignore[union-attr]
    places = [(spec.num1, spec.num2) for spec in specs]  # type: ignore[union-attr]
    if len(grids) > 1 or any(first != last for first, last in places) or len(set(places)) < len(places):
        return None, 1
    grid = specs[0].get_gridspec()  # type: ignore[union-attr]
    return grid.nrows, grid.ncols


def _columns_of_numbers(axis) -> int:
    """How many columns of cells with a number an axis has."""
    meshes = [mesh for mesh in axis.collections if isinstance(mesh, QuadMesh)]
    return max((mesh.get_coordinates().shape[1] - 1 for mesh in meshes if axis.texts), default=0)


def _is_used(axis) -> bool:
    """Whether anything is drawn; the last places of a grid may be empty."""
    return bool(axis.axison or axis.has_data() or axis.patches or axis.texts)


def _is_picture(axis) -> bool:
    return bool(axis.images) and not axis.axison


def _put_below_each_other(figure: Figure, rows: int, columns: int, undo: list) -> int:
    """Give the panels fewer columns; returns the new number of rows."""
    pictures = all(_is_picture(axis) for axis in figure.axes)
    if pictures:
        fewer = columns if columns <= 3 else -(-columns // 2)
    else:
        fewer = 1 if columns == 2 or rows == 1 else 2
    if fewer == columns:
        return rows
    more = max(-(-(axis.get_subplotspec().num1 + 1) // fewer) for axis in figure.axes if _is_used(axis))
    grid = GridSpec(more, fewer, figure=figure)
    hidden = {side: [_labels_hidden(axis, side) for axis in figure.axes] for side in ("left", "bottom")}
    names = _names_of_axes(figure)
    for axis in figure.axes:
        spec = axis.get_subplotspec()
        undo.append(lambda axis=axis, spec=spec: axis.set_subplotspec(spec))
        place = min(spec.num1, more * fewer - 1)  # an empty place at the end of the last row is behind another
        axis.set_subplotspec(grid[place // fewer, place % fewer])
    # Where panels share an axis, its numbers and its name stand at the outer panels only, and these are others now.
    for side, was_hidden in hidden.items():
        if pictures or not any(was_hidden) or all(was_hidden):
            continue
        for axis, gone, name in zip(figure.axes, was_hidden, names[side], strict=True):
            if not _is_used(axis):
                continue
            outer = _is_outer(axis, figure, side)
            if outer == gone:
                axis.tick_params(**{f"label{side}": outer})
                undo.append(lambda axis=axis, side=side, outer=outer: axis.tick_params(**{f"label{side}": not outer}))
            label = axis.yaxis.label if side == "left" else axis.xaxis.label
            before = label.get_text()
            label.set_text(name if outer else "")
            undo.append(lambda label=label, before=before: label.set_text(before))
    return more


def _names_of_axes(figure: Figure) -> dict[str, list[str]]:
    """What each panel's two axes show: its own label, or that of the panel of its row or column that has one."""
    places = [axis.get_subplotspec() for axis in figure.axes]
    rows = [spec.rowspan.start for spec in places]
    columns = [spec.colspan.start for spec in places]

    def names(labels: list[str], groups: list[int]) -> list[str]:
        of_group: dict[int, str] = {}
        for label, group in zip(labels, groups, strict=True):
            of_group[group] = of_group.get(group) or label
        some = next((label for label in labels if label), "")
        return [label or of_group[group] or some for label, group in zip(labels, groups, strict=True)]

    return {
        "left": names([axis.get_ylabel() for axis in figure.axes], rows),
        "bottom": names([axis.get_xlabel() for axis in figure.axes], columns),
    }


def _is_outer(axis, figure: Figure, side: str) -> bool:
    """Whether no panel that is used stands to the left of a panel, or below it."""
    spec = axis.get_subplotspec()
    if side == "left":
        return spec.is_first_col()
    row, column = spec.rowspan.start, spec.colspan.start
    others = [one.get_subplotspec() for one in figure.axes if one is not axis and _is_used(one)]
    return not any(one.colspan.start == column and one.rowspan.start > row for one in others)


def _labels_hidden(axis, side: str) -> bool:
    which = axis.yaxis if side == "left" else axis.xaxis
    return not which.get_tick_params().get(f"label{side}", True)


def _broken(text: Text, letters: int, undo: list) -> int:
    """Break a text into lines of so many letters; returns how many lines it has more than before."""
    before = text.get_text()
    after = in_lines(before, max(letters, 8))
    if after == before or "$" in before:
        return 0
    text.set_text(after)
    undo.append(lambda: text.set_text(before))
    return after.count("\n") - before.count("\n")


def _break_row_names(axis, undo: list) -> tuple[float, int]:
    """Break the long names of an axis's rows.

    Returns the height that the rows need, in inches, and how many letters the longest line has.
    """
    if not isinstance(axis.yaxis.get_major_locator(), FixedLocator):
        return 0.0, 4  # numbers
    names = [label.get_text() for label in axis.get_yticklabels()]
    if not any(map(_is_word, names)):
        return 0.0, 4
    after = [in_lines(name, _ROW_NAME) for name in names]
    if after != names:
        ticks = axis.get_yticks()
        axis.set_yticks(ticks, after)
        undo.append(lambda: axis.set_yticks(ticks, names))
    lines = [name.split("\n") for name in after]
    most = max(map(len, lines))
    return len(lines) * _ROW_LINE * (most + 0.5), max(len(line) for name in lines for line in name)


def _is_word(text: str) -> bool:
    return any(letter.isalpha() for letter in text)


def _thin_out(axis, letters: int, undo: list) -> None:
    """Leave out numbers at the x axis, every other or more, where they would touch; words are turned instead."""
    if not isinstance(axis.xaxis.get_major_locator(), FixedLocator):
        return
    labels = axis.get_xticklabels()
    names = [label.get_text() for label in labels]
    if not names or labels[0].get_rotation():
        return
    needed = sum(len(name) + 1.5 for name in names)
    if needed <= letters:
        return
    if any(map(_is_word, names)):
        for label in labels:
            label.set(rotation=40, ha="right", rotation_mode="anchor")
            undo.append(lambda label=label: label.set(rotation=0, ha="center", rotation_mode="default"))
        return
    ticks, formatter = axis.get_xticks(), axis.xaxis.get_major_formatter()
    axis.set_xticks(ticks[:: int(-(-needed // letters))])
    axis.xaxis.set_major_formatter(formatter)
    undo.append(lambda: axis.set_xticks(ticks))


def _lines_of(legend, columns: int) -> int:
    return -(-len(legend.get_texts()) // max(columns, 1))


def _legends_below(figure: Figure, undo: list) -> float:
    """Put the figure's legends below it, in as many columns as fit; returns the height added, in inches."""
    added = 0.0
    for legend in list(figure.legends):
        names = [text.get_text() for text in legend.get_texts()]
        columns = 2 if max(map(len, names), default=0) <= 17 else 1
        below = figure.legend(
            legend.legend_handles,
            [in_lines(name, 42) for name in names],
            loc="outside lower left",
            ncols=columns,
            labelcolor=[text.get_color() for text in legend.get_texts()],
            frameon=False,
            title=legend.get_title().get_text() or None,
            fontsize=9.5,
        )
        below.get_title().set_color(legend.get_title().get_color())
        legend.set_visible(False)
        legend.set_in_layout(False)
        undo += [below.remove, lambda legend=legend: (legend.set_visible(True), legend.set_in_layout(True))]
        added += _LEGEND_LINE * (_lines_of(legend, columns) - _lines_of(legend, legend._ncols))
    return max(added, 0.0)
