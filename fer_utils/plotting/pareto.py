"""Figures of what is paid for what: accuracy against cost, and what is left when something is taken away.

See `fer_utils.plotting` for how they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import math
from string import ascii_lowercase

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, PercentFormatter
import numpy as np

from fer_utils.core.errors import invalid
from fer_utils.plotting.descriptions import (
    along,
    axis_name,
    listing,
    number_text,
    one_line,
    room_after,
    sentences,
    with_bounds,
)
from fer_utils.plotting.style import INK, MARKERS, PALETTE, describe, set_title, subplots


def non_dominated(values: Mapping[str, float], costs: Mapping[str, float]) -> list[str]:
    """The names on the Pareto front: no other is at least as good and at most as costly, and better in one of the two.

    ``values`` (more is better) and ``costs`` (less is better) have the same names; a ``FerError`` if not.  The cheapest
    comes first.
    """
    if values.keys() != costs.keys():
        raise invalid("costs", expected=f"the names of `values`: {', '.join(values)}", received=list(costs))

    def dominates(other: str, name: str) -> bool:
        as_good = values[other] >= values[name] and costs[other] <= costs[name]
        better = values[other] > values[name] or costs[other] < costs[name]
        return as_good and better

    front = [name for name in values if not any(dominates(other, name) for other in values)]
    return sorted(front, key=lambda name: (costs[name], name))


def pareto_plot(
    values: Mapping[str, Mapping], costs: Mapping[str, Mapping[str, float | None]], *, title: str, ylabel: str
) -> Figure:
    """Accuracy against cost, a panel for each cost; the Pareto front is a line, and its points have another colour.

    Points carry letters, in the order of the first cost; the key below says whose they are.  A cost that is None, for
    it was not measured, leaves its point out of that panel.

    Parameters
    ----------
    values : name to ``value``, ``low``, ``high`` (shares, 0 to 1; intervals are drawn thin); 26 names at most.
    costs : a panel's label to name -> cost above 0 (the axis is logarithmic).

    Raises
    ------
    FerError : no name, too many names, no cost, a cost with other names than ``values``, or one without a number.
    """
    if not values or len(values) > len(ascii_lowercase) or not costs:
        raise invalid("values", expected="1 to 26 names, and a cost", received=(list(values), list(costs)))
    accuracy = {name: point["value"] for name, point in values.items()}
    known = {label: _measured(label, cost, values) for label, cost in costs.items()}
    fronts = {label: non_dominated({name: accuracy[name] for name in cost}, cost) for label, cost in known.items()}
    first_cost = next(iter(known.values()))
    ordered = sorted(values, key=lambda name: first_cost.get(name, math.inf))
    letters = dict(zip(ordered, ascii_lowercase, strict=False))
    columns = min(2, len(costs))
    rows = -(-len(costs) // columns)
    figure, axes = subplots(
        rows, columns, width=7.6, height=3.0 * rows + 0.16 * len(values) + 0.3, squeeze=False, sharey=True
    )
    for unused in axes.flat[len(costs) :]:
        unused.set_visible(False)
    for axis, (label, cost) in zip(axes.flat, known.items(), strict=False):  # the last row may not be full
        front = fronts[label]
        axis.plot(
            [cost[name] for name in front],
            [accuracy[name] for name in front],
            color=PALETTE[3],
            lw=1.6,
            drawstyle="steps-post",
            zorder=1,
        )
        for name in cost:
            point = values[name]
            colour = PALETTE[3] if name in front else PALETTE[0]
            axis.plot([cost[name]] * 2, [point["low"], point["high"]], color=colour, lw=1, alpha=0.45, zorder=2)
            axis.plot(cost[name], point["value"], "o", color=colour, ms=11, zorder=3)
            axis.annotate(
                letters[name],
                (cost[name], point["value"]),
                ha="center",
                va="center_baseline",
                fontsize=8.5,
                color="white",
                fontweight="bold",
                zorder=4,
            )
        axis.set(xscale="log", xlabel=label)
        axis.margins(x=0.10)
        # Over a narrow range the decades alone are too few, and all that lies between is too much.
        narrow = max(cost.values()) < 100 * min(cost.values())
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if narrow else (1,)))
        axis.xaxis.set_minor_formatter(NullFormatter())
        if narrow:
            axis.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:,.10g}"))
        axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    for axis in axes[:, 0]:
        axis.set_ylabel(ylabel)
    # On the front of every panel or of some: coloured in the key if of any.
    on_a_front = {name for front in fronts.values() for name in front}
    handles = []
    for name, letter in letters.items():
        colour = PALETTE[3] if name in on_a_front else PALETTE[0]
        handles.append(Line2D([], [], ls="", marker="o", ms=8, color=colour, label=f"{letter}  {name}"))
    figure.legend(handles=handles, loc="outside lower left", ncols=2, labelcolor=INK, frameon=False, fontsize=9.5)
    set_title(figure, title)
    low, high = min(accuracy, key=accuracy.__getitem__), max(accuracy, key=accuracy.__getitem__)
    ends = " to ".join(f"{number_text(accuracy[name], True)} ({one_line(name)})" for name in (low, high))
    first = f"{len(values)} points of {axis_name(ylabel, 60)} against cost on a logarithmic axis, from {ends}."
    first += " A line joins those that no other beats."
    told = [_front_in_words(label, cost, fronts[label], len(values)) for label, cost in known.items()]
    describe(figure, first, sentences(told, letters=room_after(first)))
    return figure


def _front_in_words(label: str, cost: Mapping[str, float], front: Sequence[str], names: int) -> str:
    """A panel in a sentence: how far its costs reach, and what stands on its front, the cheapest first."""
    joined = listing([f"{one_line(name, 32)} {number_text(cost[name])}" for name in front], letters=80, last=True)
    unknown = f" ({names - len(cost)} not measured)" if len(cost) < names else ""
    ends = f"{number_text(min(cost.values()))} to {number_text(max(cost.values()))}"
    return f"{axis_name(label, 50)}, {ends}{unknown}: {joined}."


def _measured(label: str, cost: Mapping[str, float | None], values: Mapping) -> dict[str, float]:
    """The costs of a panel that are numbers, by name; FerError for other names than ``values``, or no number."""
    if cost.keys() != values.keys():
        raise invalid("costs", expected=f"the names of `values`: {', '.join(values)}", received=list(cost))
    known = {name: value for name, value in cost.items() if value is not None}
    if not known:
        raise invalid("costs", expected=f"a number for {label!r}", received=None)
    return known


def line_plot(
    series: Mapping[str, Sequence[Sequence[float]]],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    percent_axes: str = "",
    reference: tuple[str, Mapping] | None = None,
) -> Figure:
    """Named points joined by lines, in the order of x.

    Parameters
    ----------
    series : name to points (x, y), one to six names; a y of None or NaN is left out.
    percent_axes : the axes that show shares as percentages: ``"x"``, ``"y"``, ``"xy"`` or ``""``.
    reference : a name and a value with its interval (``value``, ``low``, ``high``), drawn across: what the lines are to
        be compared with.

    Raises
    ------
    FerError : no name, more than six, or one without a point.
    """
    if not series or len(series) > len(MARKERS) or not all(len(points) for points in series.values()):
        raise invalid("series", expected="one to six names, each with at least one point", received=series)
    figure, axis = subplots(width=7.2, height=4.0)
    if reference is not None:
        name, measured = reference
        if measured.get("low") is not None:
            axis.axhspan(measured["low"], measured["high"], color=PALETTE[6], alpha=0.22, lw=0)
        axis.axhline(measured["value"], color=INK, lw=1, ls=":", label=name)
    for number, (name, points) in enumerate(series.items()):
        measured_points = [[np.nan if value is None else value for value in point] for point in sorted(points)]
        x, y = np.array(measured_points, float).T
        colour = PALETTE[(0, 3, 2, 4, 1, 6)[number]]
        axis.plot(x, y, MARKERS[number] + "-", color=colour, lw=2, ms=6.5, label=name)
    if "x" in percent_axes:
        axis.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    if "y" in percent_axes:
        axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axis.set_ylim(bottom=0)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    handles, names = axis.get_legend_handles_labels()
    letters_per_name = max(map(len, names)) + 8  # with the marker
    figure.legend(
        handles,
        names,
        loc="outside lower left",
        ncols=max(1, 84 // letters_per_name),  # some 84 letters fit side by side
        labelcolor=INK,
        frameon=False,
    )
    set_title(figure, title)
    of_x, of_y = (lambda value, axis=axis: number_text(value, axis in percent_axes) for axis in "xy")
    told = []
    for name, points in series.items():
        known = [(x, y) for x, y in sorted(points) if y is not None and np.isfinite(y)]
        listed = along([f"{of_y(y)} at {of_x(x)}" for x, y in known], letters=max(40, 300 // len(series)))
        told.append(f"{one_line(name)}: {listed or 'not measured'}.")
    describe(
        figure,
        f"Lines of points, {axis_name(ylabel, 70)} over {axis_name(xlabel, 70)}.",
        sentences(told, letters=320),
        f"Across: {one_line(reference[0])} {with_bounds(reference[1], of_y)}." if reference is not None else "",
    )
    return figure


def quantization_steps(
    panels: Mapping[str, tuple[np.ndarray, np.ndarray]], *, title: str, xlabel: str, ylabel: str
) -> Figure:
    """Numbers before and after rounding, point by point, in one scale; a faint line at each value that is left.

    ``panels`` maps a name to two arrays of one shape, before and after; a ``FerError`` if they are not.
    """
    figure, axes = subplots(1, len(panels), width=3.8 * len(panels) + 0.3, height=4.3, squeeze=False, sharey=True)
    for axis, (name, pair) in zip(axes[0], panels.items(), strict=True):
        before, after = (np.ravel(values).astype(float) for values in pair)
        if before.shape != after.shape or not len(before):
            raise invalid(
                "panels", expected="two arrays of one length, before and after", received=(before.shape, after.shape)
            )
        ends = [min(before.min(), after.min()), max(before.max(), after.max())]
        axis.plot(ends, ends, color=INK, lw=1, ls=":")
        axis.hlines(np.unique(after), *ends, color=PALETTE[6], lw=0.8, alpha=0.5)
        axis.plot(before, after, "o", color=PALETTE[0], ms=4)
        axis.locator_params(axis="x", nbins=5)
        axis.set_title(name, fontsize=10.5, color=INK)
        axis.set_xlabel(xlabel)
    axes[0, 0].set_ylabel(ylabel)
    set_title(figure, title)
    told = []
    for name, (before, after) in panels.items():
        left = np.unique(np.asarray(after, float))
        different = np.unique(np.asarray(before, float)).size
        become = f"become {left.size}, from {number_text(left[0])} to {number_text(left[-1])}"
        told.append(f"{one_line(name)}: {np.size(before)} numbers, {different} different ones, {become}.")
    axes_words = f"{axis_name(xlabel, 60)} to the right, {axis_name(ylabel, 60)} upwards"
    describe(figure, f"Points in steps, {axes_words}, beside the diagonal where nothing changes.", sentences(told))
    return figure
