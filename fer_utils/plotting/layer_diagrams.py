"""Cheaper relatives of the convolution: what of a full kernel they keep, how a block widens and narrows, what a ReLU takes away.

The drawings are for chapters; see `fer_utils.plotting` for how they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import math

import numpy as np

from fer_utils.core.errors import invalid, whole_number
from fer_utils.plotting import INK, PALETTE, head, new


def full(outputs: int, inputs: int, kernel: int = 3) -> np.ndarray:
    """Which weights a full convolution has: all, (outputs, inputs, kernel, kernel) of true."""
    return np.ones(
        (
            whole_number("outputs", outputs, 1),
            whole_number("inputs", inputs, 1),
            *[whole_number("kernel", kernel, 1)] * 2,
        ),
        bool,
    )


def depthwise(channels: int, kernel: int = 3) -> np.ndarray:
    """As `full`, of a depthwise convolution: each channel's window upon itself, and nothing off that diagonal."""
    return full(channels, channels, kernel) & np.eye(channels, dtype=bool)[:, :, None, None]


def pointwise(outputs: int, inputs: int, kernel: int = 3) -> np.ndarray:
    """As `full`, of a 1x1 convolution: of every window of ``kernel`` only the middle."""
    made = np.zeros_like(full(outputs, inputs, kernel))
    made[:, :, kernel // 2, kernel // 2] = True
    return made


def kernels(masks: Mapping[str, np.ndarray], *, title: str, colours: Sequence[int] = ()):
    """Every weight of a convolution as a square: rows of windows are filters, columns what they read; what is left out stays pale.

    ``masks`` maps names to bool arrays (outputs, inputs, height, width); ``colours`` are places in the palette, one a name.
    """
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    masks = {name: np.asarray(mask, bool) for name, mask in masks.items()}
    if not masks or any(mask.ndim != 4 or not mask.size for mask in masks.values()):
        raise invalid(
            "masks",
            expected="arrays (outputs, inputs, height, width)",
            received={name: mask.shape for name, mask in masks.items()},
        )
    gap = 0.9
    wide = [mask.shape[1] * (mask.shape[3] + gap) for mask in masks.values()]
    high = max(mask.shape[0] * (mask.shape[2] + gap) for mask in masks.values())
    scale = min(0.24, 7.4 / (sum(wide) + 3 * len(wide)))
    figure, axes = new(
        len(masks),
        1,
        width=max(scale * (sum(wide) + 3 * len(wide)), 1.55 * len(masks)),
        height=scale * high + 1.35,
        squeeze=False,
        width_ratios=wide,
    )
    for place, (axis, (name, mask)) in enumerate(zip(axes[0], masks.items())):
        squares = {True: [], False: []}
        for out, into, y, x in np.ndindex(mask.shape):
            squares[bool(mask[out, into, y, x])].append(
                Rectangle((into * (mask.shape[3] + gap) + x + 0.06, out * (mask.shape[2] + gap) + y + 0.06), 0.88, 0.88)
            )
        colour = PALETTE[colours[place] if len(colours) else 0]
        axis.add_collection(PatchCollection(squares[True], facecolor=colour, edgecolor="none"))
        axis.add_collection(PatchCollection(squares[False], facecolor=PALETTE[6], edgecolor="none", alpha=0.16))
        axis.set(xlim=(-gap, wide[place]), ylim=(high, -gap), aspect="equal")
        axis.set_anchor("NW")
        axis.set_axis_off()
        axis.set_title(f"{name}\n{int(mask.sum()):,} weights", fontsize=10, fontweight="normal", color=INK, loc="left")
    head(axes[0, 0], title)
    return figure


def _arrow(start, stop, *, color: str = INK, lw: float = 1.1, **options):
    """An arrow that is an artist of its axes, so that it is seen on dark paper, too."""
    from matplotlib.patches import FancyArrowPatch

    return FancyArrowPatch(start, stop, arrowstyle="-|>", mutation_scale=12, color=color, lw=lw, **options)


def flow(blocks: Mapping[str, Sequence], *, title: str):
    """Blocks from top to bottom: tensors as bars as wide as they have channels (each block on its own scale), and what is done between.

    ``blocks`` maps a name to channels and operations by turns, (24, "1×1", 144, ...); the first and the last tensor are joined by an
    arrow where they have equally many channels: the shortcut.
    """
    from matplotlib.patches import Rectangle

    if not blocks or any(len(steps) < 3 or len(steps) % 2 == 0 for steps in blocks.values()):
        raise invalid("blocks", expected="channels and operations by turns, channels at both ends", received=blocks)
    longest = max(len(steps) for steps in blocks.values())
    figure, axes = new(len(blocks), 1, width=3.9 * len(blocks), height=0.8 + 0.5 * longest, squeeze=False)
    for axis, (name, steps) in zip(axes[0], blocks.items()):
        most = max(steps[::2])
        for place, step in enumerate(steps):
            if place % 2:
                axis.add_patch(_arrow((0, place - 0.62), (0, place + 0.62)))
                axis.annotate(step, (0.03, place), va="center", fontsize=9.5, color=INK)
            else:
                narrow = step == min(steps[::2])
                axis.add_patch(
                    Rectangle((-step / most / 2, place - 0.3), step / most, 0.6, facecolor=PALETTE[3 if narrow else 0])
                )
                axis.annotate(
                    f"{step}",
                    (step / most / 2, place),
                    (5, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=9.5,
                    color=INK,
                )
        if steps[0] == steps[-1]:
            side = -steps[0] / most / 2
            axis.add_patch(
                _arrow(
                    (side, 0),
                    (side, len(steps) - 1),
                    color=PALETTE[2],
                    lw=1.6,
                    connectionstyle=f"arc3,rad={0.16 if side < -0.4 else 0.85}",
                )
            )
        axis.set(xlim=(-0.85, 0.75), ylim=(longest - 0.4, -0.6))
        axis.set_axis_off()
        axis.set_title(name, fontsize=10.5, fontweight="normal", color=INK)
    head(axes[0, 0], title)
    return figure


def branches(columns: Mapping[str, Sequence[str]], *, top: str, bottom: str, title: str):
    """Parallel branches between one input and one output: ``columns`` maps what stands below a branch to its steps."""
    if not columns or any(not steps for steps in columns.values()):
        raise invalid("columns", expected="at least one branch, each of at least one step", received=columns)
    deepest = max(len(steps) for steps in columns.values())
    from matplotlib.patches import Rectangle

    figure, axis = new(width=max(4.2, 1.85 * len(columns)), height=1.7 + 0.62 * deepest)
    end = deepest + 1
    for y, text in ((0, top), (end, bottom)):
        axis.add_patch(Rectangle((-0.45, y - 0.24), len(columns) - 0.1, 0.48, facecolor=PALETTE[6]))
        axis.annotate(text, ((len(columns) - 1) / 2, y), ha="center", va="center", fontsize=9.5, color="black")
    for place, (name, steps) in enumerate(columns.items()):
        rows = np.linspace(1, deepest, len(steps)) if len(steps) > 1 else [(1 + deepest) / 2]
        path = [0, *rows, end]
        for start, stop in zip(path, path[1:]):
            axis.add_patch(_arrow((place, start), (place, stop), shrinkA=10, shrinkB=11))
        for row, step in zip(rows, steps):
            axis.annotate(
                step,
                (place, row),
                ha="center",
                va="center",
                fontsize=9.5,
                color="white",
                bbox={
                    "boxstyle": "round,pad=0.34",
                    "edgecolor": "none",
                    "facecolor": PALETTE[2 if "pool" in step else 0],
                },
            )
        axis.annotate(name, (place, end + 0.55), ha="center", va="center", fontsize=9.5, color=INK)
    axis.set(xlim=(-0.6, len(columns) - 0.4), ylim=(end + 0.95, -0.4))
    axis.set_axis_off()
    head(axis, title)
    return figure


def spiral(points: int = 400) -> np.ndarray:
    """A curve in the plane, (points, 2): a spiral of two turns around the origin."""
    turn = np.linspace(0.6, 4.2 * np.pi, whole_number("points", points, 2))
    return turn[:, None] / turn[-1] * np.column_stack([np.cos(turn), np.sin(turn)])


def through_relu(
    points: np.ndarray, channels: int, *, seed: int = 0, relu: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Points of d dimensions through a random matrix to ``channels``, a ReLU, and back by the best linear map.

    Returns
    -------
    back : (N, d); the least-squares way back, with a constant, of these points.
    lost : (N,) bool: fewer than d channels stay above 0 there, so that neighbours in some direction have the very same answer, and no
        map brings them back.  With ``relu=False`` all channels count.
    """
    points = np.asarray(points, float)
    if points.ndim != 2 or not points.size:
        raise invalid("points", expected="an array (N, d)", received=points.shape)
    matrix = np.random.default_rng(seed).normal(size=(points.shape[1], whole_number("channels", channels, 1)))
    seen = points @ matrix
    answer = np.maximum(seen, 0) if relu else seen
    design = np.column_stack([answer, np.ones(len(points))])
    back = design @ np.linalg.lstsq(design, points, rcond=None)[0]
    on = (seen > 0).sum(axis=1) if relu else np.full(len(points), channels)
    return back, on < points.shape[1]


def chance_lost(dimensions: int, channels: int) -> float:
    """How probably a point is `through_relu` lost: fewer than ``dimensions`` of ``channels`` fair coins show heads.

    A random direction without a bias has a given point on its positive side with probability one half, each for itself.
    """
    dimensions, channels = whole_number("dimensions", dimensions, 1), whole_number("channels", channels, 1)
    return sum(math.comb(channels, k) for k in range(min(dimensions, channels + 1))) / 2**channels


def returned(curves: Mapping[str, tuple[np.ndarray, np.ndarray]], *, title: str):
    """Curves of the plane as they come back, a panel each: (points, lost); what is lost has another colour."""
    figure, axes = new(len(curves), 1, width=1.55 * len(curves) + 0.2, height=2.5, squeeze=False)
    for axis, (name, (points, lost)) in zip(axes[0], curves.items()):
        points, lost = np.asarray(points, float), np.asarray(lost, bool)
        for which, colour in ((~lost, PALETTE[0]), (lost, PALETTE[3])):
            axis.plot(points[which, 0], points[which, 1], "o", ms=2.6, mew=0, color=colour)
        axis.set(xlim=(-1.15, 1.15), ylim=(-1.15, 1.15), aspect="equal", xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
        axis.set_title(name, fontsize=10, fontweight="normal", color=INK, loc="center")
    head(axes[0, 0], title)
    return figure


def laws(
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    marks: Mapping[str, float] | None = None,
    points: Mapping[str, tuple[Sequence[float], Sequence[float]]] | None = None,
    log: bool = True,
    doubling: bool = False,
    percent: bool = False,
    floor: float | None = None,
):
    """Named lines (x, y), each named at its last point.

    ``points`` (same names) are measured ones; ``marks`` dotted horizontal lines; ``log`` makes y logarithmic, ``percent`` writes it as shares;
    ``doubling`` gives x a tick each time it has doubled; y ends below at ``floor``.
    """
    if not series:
        raise invalid("series", expected="at least one line", received=series)
    figure, axis = new(width=7.2, height=3.9)
    for place, (name, (x, y)) in enumerate(series.items()):
        colour = PALETTE[(0, 3, 2, 4)[place % 4]]
        axis.plot(x, y, "-", color=colour, lw=2)
        if points and name in points:
            axis.plot(*points[name], "o", color=colour, ms=6)
        end = max((k for k in range(len(x)) if floor is None or y[k] >= floor), default=0)
        axis.annotate(
            name, (x[end], y[end]), (7, 0), textcoords="offset points", va="center", fontsize=9.5, color=colour
        )
    for name, value in (marks or {}).items():
        axis.axhline(value, color=INK, lw=0.9, ls=":", zorder=0)
        axis.annotate(
            name,
            (0, value),
            (4, -4),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="top",
            fontsize=9,
            color=INK,
        )
    axis.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    if doubling:
        from matplotlib.ticker import FuncFormatter

        axis.set_xscale("log", base=2)
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    if percent:
        from matplotlib.ticker import PercentFormatter

        axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    if floor is not None:
        axis.set_ylim(bottom=floor)
    axis.margins(x=0.14)
    head(axis, title)
    return figure
