"""Figures that set measurements, intervals and people side by side on one scale; see `fer_utils.plotting`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, PercentFormatter
import numpy as np

from fer_utils.core.errors import invalid
from fer_utils.plotting.crowded_text import beside_point, make_room
from fer_utils.plotting.descriptions import (
    axis_name,
    dotted_lines,
    listing,
    longest_run,
    named_values,
    number_text,
    one_line,
    points_text,
    rows_of_values,
    sentences,
    with_bounds,
)
from fer_utils.plotting.style import INK, MARKERS, PALETTE, describe, set_title, subplots


def agreement_scatter(
    pairs: Mapping[str, Mapping[str, tuple[float, float]]], *, title: str, xlabel: str, ylabel: str, factor: float = 1.5
) -> Figure:
    """Two measurements of the same things, point by point, on logarithmic axes, with the band of a factor around x = y.

    Parameters
    ----------
    pairs : kind (a colour and a marker, three at most) to named points (x, y), all above 0.
    factor : the band goes from x / factor to x * factor.

    Raises
    ------
    FerError : no point, or one that is not above 0.
    """
    figure, axis = subplots(width=6.4, height=5.0)
    all_points = np.array([point for points in pairs.values() for point in points.values()], float)
    if not len(all_points) or not (all_points > 0).all():
        raise invalid("pairs", expected="points above 0", received=pairs)
    if len(pairs) > 3:
        raise invalid("pairs", expected="three kinds at most", received=list(pairs))
    low, high = all_points.min() / 1.6, all_points.max() * 1.6
    diagonal = np.array([low, high])
    axis.fill_between(
        diagonal,
        diagonal / factor,
        diagonal * factor,
        color=PALETTE[5],
        alpha=0.22,
        lw=0,
        label=f"within a factor of {factor:g}",
    )
    axis.plot(diagonal, diagonal, color=INK, lw=1)
    for number, (kind, points) in enumerate(pairs.items()):
        colour = (PALETTE[0], PALETTE[3], PALETTE[2])[number]
        values = np.array(list(points.values()))
        axis.plot(values[:, 0], values[:, 1], "os^"[number], color=colour, ms=6, label=kind, ls="none")
        above = number == 0  # the first kind is named above the diagonal, the others below, so that names stay apart
        for name, point in points.items():
            text = axis.annotate(
                name,
                point,
                (-3, 5) if above else (3, -5),
                textcoords="offset points",
                fontsize=8.5,
                color=colour,
                ha="right" if above else "left",
                va="bottom" if above else "top",
                arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.6, "shrinkA": 0, "shrinkB": 3},
            )
            beside_point(text)
    axis.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high), xlabel=xlabel, ylabel=ylabel)
    axis.legend(labelcolor=INK, frameon=False, loc="upper left")
    set_title(figure, title)
    make_room(figure, [])
    told = []
    for kind, points in pairs.items():
        ratios = {name: y / x for name, (x, y) in points.items()}
        outside = {name: ratio for name, ratio in ratios.items() if not 1 / factor <= ratio <= factor}
        furthest = sorted(outside, key=lambda name: -abs(np.log(outside[name])))
        named = [
            f"{one_line(name)} ({number_text(points[name][0])} and {number_text(points[name][1])})" for name in furthest
        ]
        of_them = f", outside {listing(named, letters=110)}" if named else ""
        above = sum(ratio > 1 for ratio in ratios.values())
        inside = f"{len(ratios) - len(outside)} of {len(ratios)} in the band"
        told.append(f"{one_line(kind)}: {inside}, {above} above the line{of_them}.")
    describe(
        figure,
        f"Points on equal logarithmic axes, {axis_name(xlabel, 60)} to the right, {axis_name(ylabel, 60)} upwards.",
        f"A line where both are equal, in a band of a factor of {factor:g}.",
        sentences(told, letters=340),
    )
    return figure


def correct_by_person(
    correct: Sequence[bool], people: Sequence[str], *, title: str, xlabel: str, ylabel: str = "people"
) -> Figure:
    """Every prediction, a row for each person, right or wrong by colour; the person with the highest accuracy on top.

    ``correct`` and ``people`` have shape (N,).  Within a row the order is that given, so that runs of one outcome show
    as blocks.  A ``FerError`` where the two do not fit together.
    """
    correct, people = np.asarray(correct, bool), np.asarray(people).astype(str)
    if correct.shape != people.shape or correct.ndim != 1 or not len(correct):
        raise invalid(
            "correct", expected="one answer a row, and a person for each", received=(correct.shape, people.shape)
        )
    outcomes = {name: correct[people == name] for name in np.unique(people)}
    names = sorted(outcomes, key=lambda name: (-outcomes[name].mean(), name))
    longest = max(len(row) for row in outcomes.values())
    figure, axis = subplots(width=8.0, height=1.5 + 0.36 * len(names))
    for place, name in enumerate(names):
        row = outcomes[name]
        edges = np.concatenate([[0], np.flatnonzero(np.diff(row)) + 1, [len(row)]])
        runs = [(start, end - start) for start, end in pairwise(edges)]
        for outcome, colour in ((True, PALETTE[0]), (False, PALETTE[1])):
            blocks = [run for run in runs if row[run[0]] == outcome]
            axis.broken_barh(blocks, (place + 0.07, 0.86), facecolor=colour)
        axis.annotate(
            f"{100 * row.mean():.0f} %",
            (longest, place + 0.5),
            (6, 0),
            textcoords="offset points",
            va="center",
            fontsize=9.5,
            color=INK,
        )
    axis.set_yticks(np.arange(len(names)) + 0.5, names)
    axis.set(xlim=(0, longest), ylim=(len(names), 0))
    axis.set_xticks([])
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    figure.legend(
        handles=[Patch(color=PALETTE[0], label="right"), Patch(color=PALETTE[1], label="wrong")],
        loc="outside lower right",
        ncols=2,
        labelcolor=INK,
        frameon=False,
    )
    set_title(figure, title)
    shares = named_values(
        {name: outcomes[name].mean() for name in names}, lambda share: number_text(share, True), letters=300
    )
    blocks = {outcome: longest_run(outcomes.values(), outcome) for outcome in (True, False)}
    describe(
        figure,
        f"{len(names)} rows of blocks, right or wrong. Down: {axis_name(ylabel, 40)}. Across: {axis_name(xlabel)}.",
        f"Right: {shares}. The longest block of right ones is {blocks[True]} long, of wrong ones {blocks[False]}.",
    )
    return figure


def dot_plot(
    rows: Mapping[str, Mapping[str, Mapping]],
    *,
    title: str,
    xlabel: str,
    reference_lines: Mapping[str, float] | None = None,
    xlim: tuple[float, float] = (0.0, 1.0),
    differences: bool = False,
) -> Figure:
    """Shares with their intervals, as dots on horizontal lines.

    Parameters
    ----------
    rows : row to named values, each a dict with ``value`` and, where known, ``low`` and ``high``.  A name has one
        colour and one marker in every row, and may be absent from some; six names at most.
    reference_lines : named shares, drawn as dotted vertical lines.
    xlim : ends of the axis.
    differences : the values are differences of shares: the axis has percentage points with a sign, not per cent.

    Raises
    ------
    FerError : no name, or more than six.
    """
    names = list(dict.fromkeys(name for values in rows.values() for name in values))
    if not names or len(names) > len(MARKERS):
        raise invalid("rows", expected="one to six names", received=names)
    reference_lines = reference_lines or {}
    figure, axis = subplots(width=7.6, height=1.25 + (0.2 * len(names) + 0.24) * len(rows))
    step = 0.72 / len(names)
    too_near = 0.16 * (xlim[1] - xlim[0])  # the width of a number on a telephone
    for place, values in enumerate(rows.values()):
        if place % 2:
            axis.axhspan(place - 0.5, place + 0.5, color=PALETTE[6], alpha=0.10, lw=0)
        for number, name in enumerate(names):
            if name not in values:
                continue
            point = values[name]
            y = place + (number - (len(names) - 1) / 2) * step
            left_end = right_end = point["value"]
            if point.get("low") is not None:
                left_end, right_end = point["low"], point["high"]
                axis.plot([left_end, right_end], [y, y], color=PALETTE[number], lw=2.4, solid_capstyle="butt")
            axis.plot(point["value"], y, MARKERS[number], color=PALETTE[number], ms=6.5, clip_on=False)
            # The number stands to the right, unless a dotted line would run through it there.
            struck_through = any(0 < share - right_end < too_near for share in reference_lines.values())
            shown = round(100 * point["value"], 1) + 0.0  # + 0.0: no minus before a zero
            axis.annotate(
                f"{shown:+.1f}" if differences else f"{shown:.1f}",
                (left_end if struck_through else right_end, y),
                (-6 if struck_through else 6, 0),
                textcoords="offset points",
                ha="right" if struck_through else "left",
                va="center",
                fontsize=8.5,
                color=INK,
            )
    for name, share in reference_lines.items():
        axis.axvline(share, color=INK, lw=0.9, ls=":", zorder=0)
        axis.annotate(
            name,
            (share, 1),
            (0, 3),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            fontsize=8.5,
            color=INK,
        )
    axis.set_yticks(range(len(rows)), list(rows))
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.tick_params(axis="y", length=0)
    axis.set(xlim=xlim, xlabel=xlabel)
    axis.xaxis.set_major_formatter(FuncFormatter(_signed_points) if differences else PercentFormatter(1, decimals=0))
    if len(names) > 1:
        handles = [
            Line2D([], [], color=PALETTE[number], marker=MARKERS[number], ms=6.5, lw=2.4, label=name)
            for number, name in enumerate(names)
        ]
        letters_per_name = max(map(len, names)) + 9  # with the marker
        columns = max(1, min(len(names), 98 // letters_per_name))  # some 98 letters fit side by side
        figure.legend(handles=handles, loc="outside lower left", ncols=columns, labelcolor=INK, frameon=False)
    set_title(figure, title)

    def text(value: float | None) -> str:
        return points_text(value) if differences else number_text(value, True)

    with_lines = any(point.get("low") is not None for values in rows.values() for point in values.values())
    what, unit = "Dots with intervals" if with_lines else "Dots", "points" if differences else "%"
    described = f"{what}, {axis_name(xlabel)}. Axis: {100 * xlim[0]:.0f} to {100 * xlim[1]:.0f} {unit}."
    describe(figure, described, f"{rows_of_values(rows, text, letters=340)}.", dotted_lines(reference_lines, text))
    return figure


def _signed_points(share: float, _) -> str:
    """A tick of an axis of percentage points, as it is: +10, +2.5, 0, -10."""
    points = round(100 * share, 6)
    return f"{points:+g}" if points else "0"


def slope_charts(
    panels: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    title: str,
    measurement_names: Sequence[tuple[str, str]],
    ylabel: str,
) -> Figure:
    """One line for each person from a first to a second measurement; the mean of all is drawn thick.

    Parameters
    ----------
    panels : name to the two lists of numbers, person by person.
    measurement_names : what the two measurements of each panel are called.

    Raises
    ------
    FerError : two lists of different lengths, or empty ones.
    """
    figure, axes = subplots(1, len(panels), width=3.7 * len(panels), height=3.8, squeeze=False)
    for axis, (name, pair), names in zip(axes[0], panels.items(), measurement_names, strict=True):
        first, second = (np.asarray(values, float) for values in pair)
        if first.shape != second.shape or first.ndim != 1 or not len(first):
            raise invalid(
                "panels", expected="two lists of one length, a number a person", received=(first.shape, second.shape)
            )
        axis.plot([0, 1], [first, second], "o-", color=PALETTE[0], alpha=0.45, lw=1.2, ms=3.5)
        axis.plot([0, 1], [first.mean(), second.mean()], "o-", color=PALETTE[3], lw=3.2, ms=7)
        axis.set_xticks([0, 1], names)
        axis.set_xlim(-0.25, 1.25)
        axis.set_ylim(bottom=0)
        axis.set_title(name, fontsize=10.5, color=INK)
    axes[0, 0].set_ylabel(ylabel)
    set_title(figure, title)
    told = []
    for (name, pair), names in zip(panels.items(), measurement_names, strict=True):
        before, after = (np.asarray(values, float) for values in pair)
        ends = []
        for when, values in zip(names, (before, after), strict=True):
            low, mean, high = map(number_text, (values.min(), values.mean(), values.max()))
            ends.append(f"{one_line(when)} from {low} to {high}, mean {mean}")
        rising = f"{(after > before).sum()} of {len(before)} lines rise, {(after < before).sum()} fall"
        told.append(f"{one_line(name)}: {'; '.join(ends)}; {rising}.")
    describe(
        figure,
        f"Lines from a first to a second measurement, one a person; up: {axis_name(ylabel)}.",
        sentences(told),
    )
    return figure


def differences_by_person(
    differences: Mapping[str, float], *, title: str, ylabel: str, xlabel: str = "people", mean: Mapping | None = None
) -> Figure:
    """One bar for each person, from the largest loss to the largest gain.

    ``mean`` is a dict with ``value`` and, where known, ``low`` and ``high``: a line with its band.  A ``FerError``
    where there is no difference.
    """
    if not differences:
        raise invalid("differences", expected="a number for at least one person", received=differences)
    names = sorted(differences, key=lambda name: (differences[name], name))
    values = np.array([differences[name] for name in names], float)
    figure, axis = subplots(width=7.6, height=3.4)
    colours = [PALETTE[0] if value > 0 else PALETTE[1] for value in values]
    axis.bar(range(len(values)), values, color=colours, width=0.75)
    if mean is not None:
        if mean.get("low") is not None:
            axis.axhspan(mean["low"], mean["high"], color=PALETTE[3], alpha=0.22, lw=0, zorder=0)
        axis.axhline(mean["value"], color=PALETTE[3], lw=2, zorder=0.5)
        axis.annotate(
            "mean, and its interval",
            (0, mean["value"] if mean.get("high") is None else mean["high"]),
            (2, 4),
            textcoords="offset points",
            fontsize=9,
            color=PALETTE[3],
            va="bottom",
        )
    axis.axhline(0, color=INK, lw=0.9)
    axis.set_xticks(range(len(values)), names, fontsize=8.5)
    axis.tick_params(axis="x", length=0)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    set_title(figure, title)
    signs = f"{(values > 0).sum()} above 0, {(values < 0).sum()} below, {(values == 0).sum()} at 0"
    told = named_values(dict(zip(names, values, strict=True)), letters=300)
    what = f"{len(values)} bars, the lowest first; across: {axis_name(xlabel, 60)}"
    of_all = f"Mean {with_bounds(mean, number_text)}." if mean is not None else ""
    describe(figure, f"{what}; up: {axis_name(ylabel)}. {signs}. {told}.", of_all)
    return figure


def strip_plot(groups: Mapping[str, Sequence[float]], *, title: str, xlabel: str, bin_width: float = 0.01) -> Figure:
    """One dot for each person and one row for each group, with a bar at the group's median.

    Parameters
    ----------
    groups : name to shares, 0 to 1, one for each person.
    bin_width : dots of shares that are nearly equal, within this width, are piled up.

    Raises
    ------
    FerError : no group, or one without a number.
    """
    if not groups or not all(len(values) for values in groups.values()):
        raise invalid(
            "groups",
            expected="at least one number in every group",
            received={name: len(values) for name, values in groups.items()},
        )
    figure, axis = subplots(width=7.6, height=0.9 + 0.85 * len(groups))
    for place, group in enumerate(groups.values()):
        values = np.sort(np.asarray(group, float))
        dots_in_bin: dict[int, int] = {}
        for value in values:
            number = round(value / bin_width)
            dots_in_bin[number] = dots_in_bin.get(number, 0) + 1
            height = place + 0.3 - 0.085 * dots_in_bin[number]
            axis.plot(number * bin_width, height, "o", color=PALETTE[place % 4], ms=5)
        median = np.median(values)
        axis.plot([median, median], [place - 0.4, place + 0.34], color=INK, lw=1.6)
        axis.annotate(f"{100 * median:.0f} %", (median, place - 0.42), ha="center", va="bottom", fontsize=9, color=INK)
    axis.set_yticks(range(len(groups)), list(groups))
    axis.set_ylim(len(groups) - 0.5, -0.65)
    axis.set(xlim=(0, 1), xlabel=xlabel)
    axis.tick_params(axis="y", length=0)
    axis.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    set_title(figure, title)
    told = []
    for name, group in groups.items():
        low, median, high = (number_text(value, True) for value in np.quantile(np.asarray(group, float), (0, 0.5, 1)))
        dots = f"{len(group)} dots from {low} to {high}, median {median}" if len(group) > 1 else f"one dot at {low}"
        told.append(f"{one_line(name)}: {dots}.")
    describe(figure, f"Rows of dots, one a person, {axis_name(xlabel)}.", sentences(told))
    return figure
