"""Figures of what is paid for what: accuracy against cost, and what is left when something is taken away; see `fer_utils.plotting`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fer_utils.core.errors import invalid
from fer_utils.plotting import INK, PALETTE, head, new


def undominated(values: Mapping[str, float], costs: Mapping[str, float]) -> list[str]:
    """The names that no other beats: none is at least as good and at most as costly, and better in one of the two.

    ``values`` (more is better) and ``costs`` (less is better) have the same names.  The cheapest comes first.
    """
    if values.keys() != costs.keys():
        raise invalid("costs", expected=f"the names of `values`: {', '.join(values)}", received=list(costs))
    beaten = lambda one: any(  # noqa: E731
        values[other] >= values[one]
        and costs[other] <= costs[one]
        and (values[other] > values[one] or costs[other] < costs[one])
        for other in values
    )
    return sorted((name for name in values if not beaten(name)), key=lambda name: (costs[name], name))


def frontier(values: Mapping[str, Mapping], costs: Mapping[str, Mapping[str, float]], *, title: str, ylabel: str):
    """Accuracy against cost, a panel a cost: who is beaten by nobody stands on the line, in colour.

    ``values`` maps a name to ``value``, ``low``, ``high`` (shares; intervals are drawn thin); ``costs`` maps a panel's label to name -> cost
    above 0 (logarithmic).  Points carry letters, the key below says whose, in the order of the first cost.
    """
    from matplotlib.lines import Line2D
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, PercentFormatter

    if not values or len(values) > 26 or not costs:
        raise invalid("values", expected="1 to 26 names, and a cost", received=(list(values), list(costs)))
    first = next(iter(costs.values()))
    letters = dict(zip(sorted(values, key=first.__getitem__), "abcdefghijklmnopqrstuvwxyz"))
    columns = min(2, len(costs))
    figure, axes = new(
        columns,
        -(-len(costs) // columns),
        width=7.6,
        height=3.0 * -(-len(costs) // columns) + 0.16 * len(values) + 0.3,
        squeeze=False,
        sharey=True,
    )
    for axis in axes.flat[len(costs) :]:
        axis.set_visible(False)
    for axis, (label, cost) in zip(axes.flat, costs.items()):
        best = undominated({name: point["value"] for name, point in values.items()}, cost)
        axis.plot(
            [cost[name] for name in best],
            [values[name]["value"] for name in best],
            color=PALETTE[3],
            lw=1.6,
            drawstyle="steps-post",
            zorder=1,
        )
        for name, point in values.items():
            colour = PALETTE[3] if name in best else PALETTE[0]
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
            axis.xaxis.set_major_formatter(FuncFormatter(lambda cost, _: f"{cost:,.10g}"))
        axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    for axis in axes[:, 0]:
        axis.set_ylabel(ylabel)
    # The same on every panel's line or on some: coloured in the key if on any.
    ever = {
        name
        for cost in costs.values()
        for name in undominated({name: point["value"] for name, point in values.items()}, cost)
    }
    handles = [
        Line2D(
            [], [], ls="", marker="o", ms=8, color=PALETTE[3] if name in ever else PALETTE[0], label=f"{letter}  {name}"
        )
        for name, letter in letters.items()
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=2, labelcolor=INK, frameon=False, fontsize=9.5)
    head(axes[0, 0], title)
    return figure


def lines(
    series: Mapping[str, Sequence[Sequence[float]]],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    percent: str = "",
    level: tuple[str, Mapping] | None = None,
):
    """Named points joined by lines; a point is (x, y), and y of None or NaN is left out.

    Parameters
    ----------
    percent : the axes that show shares as percentages, of ``"xy"``.
    level : a name and a value with its interval (``value``, ``low``, ``high``), drawn across: what the lines are to be compared with.
    """
    if not series or len(series) > 6 or not all(len(points) for points in series.values()):
        raise invalid("series", expected="one to six names, each with at least one point", received=series)
    from matplotlib.ticker import PercentFormatter

    figure, axis = new(width=7.2, height=4.0)
    if level is not None:
        name, measured = level
        if measured.get("low") is not None:
            axis.axhspan(measured["low"], measured["high"], color=PALETTE[6], alpha=0.22, lw=0)
        axis.axhline(measured["value"], color=INK, lw=1, ls=":", label=name)
    for k, (name, points) in enumerate(series.items()):
        x, y = np.array([[np.nan if value is None else value for value in point] for point in sorted(points)], float).T
        axis.plot(x, y, "os^DvP"[k] + "-", color=PALETTE[(0, 3, 2, 4, 1, 6)[k]], lw=2, ms=6.5, label=name)
    for letter, part in (("x", axis.xaxis), ("y", axis.yaxis)):
        if letter in percent:
            part.set_major_formatter(PercentFormatter(1, decimals=0))
    axis.set_ylim(bottom=0)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    handles, names = axis.get_legend_handles_labels()
    figure.legend(
        handles,
        names,
        loc="outside lower left",
        ncols=max(1, 84 // (max(map(len, names)) + 8)),
        labelcolor=INK,
        frameon=False,
    )
    head(axis, title)
    return figure


def staircases(panels: Mapping[str, tuple[np.ndarray, np.ndarray]], *, title: str, xlabel: str, ylabel: str):
    """Numbers before and after rounding, point by point, in one scale; a faint line at each value that is left."""
    figure, axes = new(len(panels), 1, width=3.8 * len(panels) + 0.3, height=4.3, squeeze=False, sharey=True)
    for axis, (name, (before, after)) in zip(axes[0], panels.items()):
        before, after = np.ravel(before).astype(float), np.ravel(after).astype(float)
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
    head(axes[0, 0], title)
    return figure
