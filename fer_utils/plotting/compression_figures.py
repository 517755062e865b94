"""Figures of smaller networks: which layer bears what, what training on brings, and what limits the speed.

See `fer_utils.plotting` for how they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
import numpy as np
import pandas as pd

from fer_utils.compress.roofline import Ceilings
from fer_utils.core.errors import invalid
from fer_utils.plotting.charts import bars, grouped_bars, stacked_bars
from fer_utils.plotting.descriptions import listing, number_text, one_line, room_after
from fer_utils.plotting.pareto import line_plot
from fer_utils.plotting.style import INK, PALETTE, describe, set_title, subplots


def layer_sensitivity(curves: Mapping[str, Sequence[Sequence[float]]], *, xlabel: str, at: float) -> Figure:
    """How many faces keep their label when one layer alone is changed, a line a layer.

    The title names the layer that loses most at ``at``.

    Parameters
    ----------
    curves : layer to points (how much it is changed, share of faces with the same label, 0 to 1).
    xlabel : what is changed; if it begins with *share*, the axis shows percentages.
    at : the value of x that the title is about; each layer has it.

    Raises
    ------
    FerError : a layer without a point at ``at``.
    """
    kept = {}
    for name, points in curves.items():
        found = [share for x, share in points if np.isclose(x, at)]
        if not found:
            raise invalid("at", expected=f"an x of every layer, also of {name}", received=at)
        kept[name] = found[0]
    weakest = min(kept, key=kept.__getitem__)
    shares = xlabel.startswith("share")
    words = f"{100 * at:.0f} %" if shares else f"{at:g} {xlabel.split(' ')[0]}"
    figure = line_plot(
        curves,
        title=f"Most sensitive is {weakest}: {100 * kept[weakest]:.0f} % keep their label at {words}"
        if kept[weakest] < 1
        else f"No layer is sensitive at {words}: all faces keep their label",
        xlabel=xlabel,
        ylabel="faces with the same label\nas the whole network",
        percent_axes="xy" if shares else "y",
    )
    if not shares:
        figure.axes[0].xaxis.set_major_locator(MaxNLocator(integer=True))
    describe(figure, figure.description)
    return figure


def accuracies(measured: Mapping[str, Mapping], *, title: str) -> Figure:
    """A bar with its interval for each form of a network; the first, which the others are compared with, is coloured.

    ``measured`` maps a name to ``value``, ``low`` and ``high`` (shares, 0 to 1), as `fer_utils.metrics.interval` gives.
    """
    figure = bars(
        measured, title=title, xlabel="accuracy on people not met", percent=True, highlight=next(iter(measured), None)
    )
    describe(figure, figure.description)
    return figure


def calibration_check(passed: Mapping[str, Mapping[str, float]]) -> Figure:
    """Faces with the label of the float network: in a file's own check, and on other people.

    ``passed`` maps a file's name to two shares, 0 to 1, the own check first.  The title is about the last file.
    """
    name = list(passed)[-1]
    own, others = passed[name].values()
    figure = grouped_bars(
        passed,
        title=f"{name[0].upper()}{name[1:]}: {100 * own:.1f} % in its own check, {100 * others:.1f} % on others",
        xlabel="faces with the same label as the float network",
    )
    describe(figure, figure.description)
    return figure


def labels_by_bits(kept: Mapping[str, Sequence[Sequence[float]]]) -> Figure:
    """Faces that keep their label over the bits of a weight, a line a way to round; the title is about the first.

    ``kept`` maps a way to points (bits, share 0 to 1).
    """
    first = next(iter(kept))
    steps = ", ".join(f"{100 * share:.1f} % with {bits}" for bits, share in sorted(kept[first], reverse=True)[::2])
    figure = line_plot(
        kept,
        title=f"Bits and labels kept: {steps}",
        xlabel="bits of a weight",
        ylabel="faces with the same label\nas the whole network",
        percent_axes="y",
    )
    describe(figure, figure.description)
    return figure


def roofline(points: Mapping[str, tuple[float, float]], ceilings: Ceilings) -> Figure:
    """What networks reach, below what the processor can give, on two logarithmic axes.

    The roof rises with the arithmetic intensity as far as bytes are what limits, and is level where operations are.
    The title says how much of it the first and the last network reach.

    Parameters
    ----------
    points : name to (operations for each byte moved, operations a second), joined in the order given; all above 0.
    ceilings : of the processor that was timed.

    Raises
    ------
    FerError : no points, or one that is not above 0.
    """
    if not points or not all(np.isfinite(point).all() and min(point) > 0 for point in points.values()):
        raise invalid("points", expected="at least one name with two numbers above 0", received=points)
    figure, axis = subplots(width=7.2, height=4.2)
    intensities = [intensity for intensity, _ in points.values()]
    ridge = ceilings.peak / ceilings.bandwidth
    ends = min(*intensities, ridge) / 2, max(*intensities, ridge) * 3
    across = np.geomspace(*ends, 100)
    axis.plot(across, [ceilings.attainable(x) / 1e9 for x in across], color=INK, lw=2)
    x, y = np.array(list(points.values()), float).T
    axis.plot(x, y / 1e9, "o-", color=PALETTE[0], lw=1, ms=8)
    before = np.inf
    for name, (intensity, speed) in points.items():
        rises = speed > before  # a name below the line would stand on the point before
        axis.annotate(
            name,
            (intensity, speed / 1e9),
            (-8, 4) if rises else (9, -4),
            textcoords="offset points",
            ha="right" if rises else "left",
            va="bottom" if rises else "top",
            fontsize=9.5,
            color=INK,
        )
        before = speed
    axis.annotate("roof", (across[-1], ceilings.peak / 1e9), (0, 5), textcoords="offset points", ha="right", color=INK)
    axis.set(
        xscale="log",
        yscale="log",
        xlabel="operations for each byte moved",
        ylabel="billion operations a second",
    )
    for side in (axis.xaxis, axis.yaxis):
        side.set_major_locator(LogLocator(subs=(1, 2, 5)))
        side.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:,.10g}"))
        side.set_minor_formatter(NullFormatter())
    axis.margins(y=0.15)
    share = [speed / ceilings.attainable(intensity) for intensity, speed in points.values()]
    set_title(
        figure,
        f"Of the roof, the first network reaches {100 * share[0]:.0f} % and the last {100 * share[-1]:.0f} %",
    )
    opening = (
        f"Points below a roof on two logarithmic axes. The roof: {number_text(ceilings.bandwidth / 1e9)} billion bytes "
        f"a second up to {number_text(ridge)} operations a byte, then {number_text(ceilings.peak / 1e9)} billion "
        "operations a second."
    )
    told = [
        f"{one_line(name, 40)} {number_text(speed / 1e9)} at {number_text(intensity)}"
        for name, (intensity, speed) in points.items()
    ]
    describe(figure, opening, f"{listing(told, letters=room_after(opening) - 40, last=True)}.")
    return figure


def frame_shares(links: pd.DataFrame) -> Figure:
    """A frame's milliseconds, link by link of the chain, a bar a form of the network; the last column is the network.

    The title says which share the network has in the first form and in the last.
    """
    first, last = (f"{100 * share:.0f} %" for share in (links.iloc[:, -1] / links.sum(axis=1)).iloc[[0, -1]])
    figure = stacked_bars(
        links,
        title=f"The network's share of a frame: from {first} to {last}",
        xlabel="milliseconds a frame, machine of the study",
    )
    describe(figure, figure.description)
    return figure
