"""Diagrams of convolutional layers and blocks, and what a ReLU takes away.

What cheaper convolutions keep of a full kernel, how a block widens and narrows, how branches run side by side.
See `fer_utils.plotting` for how the figures are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
import math

from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.ticker import FuncFormatter, PercentFormatter
import numpy as np

from fer_utils.core.errors import invalid, whole_number
from fer_utils.plotting.crowded_text import give_room
from fer_utils.plotting.descriptions import axis_name, dotted_lines, listing, number_text, one_line, sentences
from fer_utils.plotting.style import INK, PALETTE, describe, set_title, subplots


def full_mask(outputs: int, inputs: int, kernel: int = 3) -> np.ndarray:
    """Which weights a full convolution has: all, (outputs, inputs, kernel, kernel) of true."""
    outputs, inputs = whole_number("outputs", outputs, 1), whole_number("inputs", inputs, 1)
    kernel = whole_number("kernel", kernel, 1)
    return np.ones((outputs, inputs, kernel, kernel), bool)


def depthwise_mask(channels: int, kernel: int = 3) -> np.ndarray:
    """As `full_mask`, of a depthwise convolution: each filter reads its own channel and no other."""
    return full_mask(channels, channels, kernel) & np.eye(channels, dtype=bool)[:, :, None, None]


def pointwise_mask(outputs: int, inputs: int, kernel: int = 3) -> np.ndarray:
    """As `full_mask`, of a 1x1 convolution: of every window of ``kernel`` only the middle."""
    mask = np.zeros_like(full_mask(outputs, inputs, kernel))
    mask[:, :, kernel // 2, kernel // 2] = True
    return mask


def kernel_diagram(masks: Mapping[str, np.ndarray], *, title: str, colours: Sequence[int] = ()) -> Figure:
    """Every weight of a convolution as a square; weights that are left out stay pale.

    A row of windows is a filter, a column the channel that it reads.

    Parameters
    ----------
    masks : name to a bool array (outputs, inputs, height, width).
    colours : places in the palette, one for each name; by default the first for all.

    Raises
    ------
    FerError : no mask, or one of another shape.
    """
    masks = {name: np.asarray(mask, bool) for name, mask in masks.items()}
    if not masks or any(mask.ndim != 4 or not mask.size for mask in masks.values()):
        raise invalid(
            "masks",
            expected="arrays (outputs, inputs, height, width)",
            received={name: mask.shape for name, mask in masks.items()},
        )
    gap = 0.9
    widths = [mask.shape[1] * (mask.shape[3] + gap) for mask in masks.values()]
    height = max(mask.shape[0] * (mask.shape[2] + gap) for mask in masks.values())
    total_width = sum(widths) + 3 * len(widths)
    inches_per_square = min(0.24, 7.4 / total_width)
    figure, axes = subplots(
        1,
        len(masks),
        width=max(inches_per_square * total_width, 1.55 * len(masks)),
        height=inches_per_square * height + 1.35,
        squeeze=False,
        width_ratios=widths,
    )
    for place, (axis, (name, mask)) in enumerate(zip(axes[0], masks.items(), strict=True)):
        kept, left_out = [], []
        for output, channel, row, column in np.ndindex(mask.shape):
            x = channel * (mask.shape[3] + gap) + column + 0.06
            y = output * (mask.shape[2] + gap) + row + 0.06
            squares = kept if mask[output, channel, row, column] else left_out
            squares.append(Rectangle((x, y), 0.88, 0.88))
        colour = PALETTE[colours[place] if len(colours) else 0]
        axis.add_collection(PatchCollection(kept, facecolor=colour, edgecolor="none"))
        axis.add_collection(PatchCollection(left_out, facecolor=PALETTE[6], edgecolor="none", alpha=0.16))
        axis.set(xlim=(-gap, widths[place]), ylim=(height, -gap), aspect="equal")
        axis.set_anchor("NW")
        axis.set_axis_off()
        axis.set_title(f"{name}\n{int(mask.sum()):,} weights", fontsize=10, fontweight="normal", color=INK, loc="left")
    set_title(figure, title)
    told = [f"{one_line(name)}: {_mask_in_words(mask)}." for name, mask in masks.items()]
    what = (
        "Windows of squares, one a weight; a row of windows is a filter, a column a channel; what is left out is pale."
    )
    describe(figure, what, sentences(told))
    return figure


def _mask_in_words(mask: np.ndarray) -> str:
    """How many weights a convolution has, of how many, and which windows and places they fill."""
    outputs, inputs, height, width = mask.shape
    windows, places = mask.any(axis=(2, 3)), mask.any(axis=(0, 1))
    windows_in_words = f"{outputs} by {inputs} windows" if windows.size > 1 else "one window"
    of_windows = f"{windows_in_words} of {height} by {width}"
    if mask.all():
        return f"{of_windows}, all {mask.size:,} weights"
    if windows.size == 1:
        return f"{of_windows}, {mask.sum():,} of {mask.size:,} weights"
    diagonal = outputs == inputs > 1 and np.array_equal(windows, np.eye(outputs, dtype=bool))
    middle = places.sum() == 1 and bool(places[height // 2, width // 2])
    in_windows = "the windows on the diagonal" if diagonal else f"{windows.sum()} windows"
    in_places = "only the middle of each" if middle else f"{places.sum()} of {places.size} places"
    return f"{of_windows}, {mask.sum():,} of {mask.size:,} weights, in {in_windows}, {in_places}"


def _arrow(start, stop, *, color: str = INK, lw: float = 1.1, **options) -> FancyArrowPatch:
    """An arrow that is an artist of its axes, so that it is seen on dark paper, too."""
    return FancyArrowPatch(start, stop, arrowstyle="-|>", mutation_scale=12, color=color, lw=lw, **options)


def block_diagram(blocks: Mapping[str, Sequence], *, title: str) -> Figure:
    """Blocks from top to bottom: tensors are bars as wide as they have channels, operations stand between them.

    Each block has its own scale.  Where the first and the last tensor have equally many channels an arrow joins them:
    the shortcut.

    Parameters
    ----------
    blocks : name to channels and operations by turns, such as (24, "1×1", 144, "3×3", 24).

    Raises
    ------
    FerError : no block, or one that does not begin and end with channels.
    """
    if not blocks or any(len(steps) < 3 or len(steps) % 2 == 0 for steps in blocks.values()):
        raise invalid("blocks", expected="channels and operations by turns, channels at both ends", received=blocks)
    longest = max(len(steps) for steps in blocks.values())
    figure, axes = subplots(1, len(blocks), width=3.9 * len(blocks), height=0.8 + 0.5 * longest, squeeze=False)
    for axis, (name, steps) in zip(axes[0], blocks.items(), strict=True):
        most, fewest = max(steps[::2]), min(steps[::2])
        for place, step in enumerate(steps):
            if place % 2:  # an operation
                axis.add_patch(_arrow((0, place - 0.62), (0, place + 0.62)))
                axis.annotate(step, (0.03, place), va="center", fontsize=9.5, color=INK)
                continue
            colour = PALETTE[3 if step == fewest else 0]
            half_width = step / most / 2
            axis.add_patch(Rectangle((-half_width, place - 0.3), 2 * half_width, 0.6, facecolor=colour))
            axis.annotate(
                f"{step}",
                (half_width, place),
                (5, 0),
                textcoords="offset points",
                va="center",
                fontsize=9.5,
                color=INK,
            )
        if steps[0] == steps[-1]:
            side = -steps[0] / most / 2
            bend = 0.16 if side < -0.4 else 0.85
            axis.add_patch(
                _arrow(
                    (side, 0),
                    (side, len(steps) - 1),
                    color=PALETTE[2],
                    lw=1.6,
                    connectionstyle=f"arc3,rad={bend}",
                )
            )
        axis.set(xlim=(-0.85, 0.75), ylim=(longest - 0.4, -0.6))
        axis.set_axis_off()
        axis.set_title(name, fontsize=10.5, fontweight="normal", color=INK)
    set_title(figure, title)
    told = []
    for name, steps in blocks.items():
        way = [f"{step} channels" if place == 0 else one_line(step) for place, step in enumerate(steps)]
        shortcut = "; an arrow joins the first to the last" if steps[0] == steps[-1] else ""
        told.append(f"{one_line(name)}: {listing(way, letters=160, separator=', ', last=True)}{shortcut}.")
    what = "Blocks from top to bottom: bars as wide as they have channels, operations between them."
    describe(figure, what, sentences(told))
    return figure


def branch_diagram(branches: Mapping[str, Sequence[str]], *, top: str, bottom: str, title: str) -> Figure:
    """Parallel branches between one input and one output.

    Parameters
    ----------
    branches : what stands below a branch to its steps, from the input to the output.
    top, bottom : what the input and the output are called.

    Raises
    ------
    FerError : no branch, or one without a step.
    """
    if not branches or any(not steps for steps in branches.values()):
        raise invalid("branches", expected="at least one branch, each of at least one step", received=branches)
    deepest = max(len(steps) for steps in branches.values())
    figure, axis = subplots(width=max(4.2, 1.85 * len(branches)), height=1.7 + 0.62 * deepest)
    end = deepest + 1
    bars = []
    for y, text in ((0, top), (end, bottom)):
        bars.append(axis.add_patch(Rectangle((-0.45, y - 0.24), len(branches) - 0.1, 0.48, facecolor=PALETTE[6])))
        axis.annotate(text, ((len(branches) - 1) / 2, y), ha="center", va="center", fontsize=9.5, color="black")
    for place, (name, steps) in enumerate(branches.items()):
        rows = np.linspace(1, deepest, len(steps)) if len(steps) > 1 else [(1 + deepest) / 2]
        boxes = []
        for row, step in zip(rows, steps, strict=True):
            colour = PALETTE[2 if "pool" in step else 0]
            box = axis.annotate(
                step,
                (place, row),
                ha="center",
                va="center",
                fontsize=9.5,
                color="white",
                bbox={"boxstyle": "round,pad=0.34", "edgecolor": "none", "facecolor": colour},
            )
            give_room(box, 0.8)
            boxes.append((row, box.get_bbox_patch()))
        # An arrow ends where its box does, also where the box has become higher on a telephone; so it is drawn last.
        for (start, above), (stop, beneath) in pairwise([(0, bars[0]), *boxes, (end, bars[1])]):
            arrow = _arrow((place, start), (place, stop), shrinkA=1, shrinkB=1, patchA=above, patchB=beneath, zorder=4)
            axis.add_patch(arrow)
        below = axis.annotate(name, (place, end + 0.35), ha="center", va="top", fontsize=9.5, color=INK)
        give_room(below, 1)
    axis.set(xlim=(-0.6, len(branches) - 0.4), ylim=(end + 0.95, -0.4))
    axis.set_axis_off()
    set_title(figure, title)
    told = [
        f"{one_line(name)}: {listing(list(map(one_line, steps)), letters=110, separator=', then ', last=True)}."
        for name, steps in branches.items()
    ]
    side_by_side = f"{len(branches)} branches side by side" if len(branches) > 1 else "One branch"
    ends = f"between {one_line(top)} above and {one_line(bottom)} below"
    describe(figure, f"{side_by_side} {ends}.", sentences(told))
    return figure


def spiral(points: int = 400) -> np.ndarray:
    """A curve in the plane, (points, 2): a spiral of two turns around the origin."""
    angle = np.linspace(0.6, 4.2 * np.pi, whole_number("points", points, 2))
    return angle[:, None] / angle[-1] * np.column_stack([np.cos(angle), np.sin(angle)])


def reconstruct_after_relu(
    points: np.ndarray, channels: int, *, seed: int = 0, relu: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Points of d dimensions through a random matrix to ``channels``, a ReLU, and back by the best linear map.

    Parameters
    ----------
    points : (N, d).
    channels : width of the layer, 1 or more.
    seed : of the random matrix.
    relu : with False nothing is cut, and all channels count.

    Returns
    -------
    reconstructed : (N, d); the least-squares way back, with a constant, of these points.
    lost : (N,) bool: fewer than d channels stay above 0 there, so that neighbours in some direction have the very same
        activations, and no map brings them back.

    Raises
    ------
    FerError : points of another shape, or none; no channel.
    """
    points = np.asarray(points, float)
    if points.ndim != 2 or not points.size:
        raise invalid("points", expected="an array (N, d)", received=points.shape)
    channels = whole_number("channels", channels, 1)
    matrix = np.random.default_rng(seed).normal(size=(points.shape[1], channels))
    pre_activations = points @ matrix
    activations = np.maximum(pre_activations, 0) if relu else pre_activations
    design = np.column_stack([activations, np.ones(len(points))])
    reconstructed = design @ np.linalg.lstsq(design, points, rcond=None)[0]
    active = (pre_activations > 0).sum(axis=1) if relu else np.full(len(points), channels)
    return reconstructed, active < points.shape[1]


def probability_lost(dimensions: int, channels: int) -> float:
    """The probability that `reconstruct_after_relu` loses a point.

    It is that of fewer than ``dimensions`` heads among ``channels`` fair coins.
    A random direction without a bias has a given point on its positive side with probability one half, each for itself.
    """
    dimensions, channels = whole_number("dimensions", dimensions, 1), whole_number("channels", channels, 1)
    return sum(math.comb(channels, active) for active in range(min(dimensions, channels + 1))) / 2**channels


def reconstructed_curves(curves: Mapping[str, tuple[np.ndarray, np.ndarray]], *, title: str) -> Figure:
    """Curves of the plane as they come back from `reconstruct_after_relu`, a panel for each.

    ``curves`` maps a name to points (N, 2) and which of them are lost, (N,) bool; those have another colour.
    """
    figure, axes = subplots(1, len(curves), width=1.55 * len(curves) + 0.2, height=2.5, squeeze=False)
    for axis, (name, (curve, gone)) in zip(axes[0], curves.items(), strict=True):
        points, lost = np.asarray(curve, float), np.asarray(gone, bool)
        for rows, colour in ((~lost, PALETTE[0]), (lost, PALETTE[3])):
            axis.plot(points[rows, 0], points[rows, 1], "o", ms=2.6, mew=0, color=colour)
        axis.set(xlim=(-1.15, 1.15), ylim=(-1.15, 1.15), aspect="equal", xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
        axis.set_title(name, fontsize=10, fontweight="normal", color=INK, loc="center")
    set_title(figure, title)
    told = [
        f"{one_line(name)} {number_text(np.mean(gone), True)} of {len(gone)} points"
        for name, (_, gone) in curves.items()
    ]
    describe(figure, f"Curves of points in the plane, side by side; lost points are orange. Lost: {listing(told)}.")
    return figure


def labelled_lines(
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    measured: Mapping[str, tuple[Sequence[float], Sequence[float]]] | None = None,
    reference_lines: Mapping[str, float] | None = None,
    log_y: bool = True,
    log2_x: bool = False,
    percent_y: bool = False,
    y_min: float | None = None,
) -> Figure:
    """Lines that are named at their last points instead of in a key.

    Parameters
    ----------
    series : name to x and y.
    measured : measured points x and y, by the same names, drawn as dots of the line's colour.
    reference_lines : named values of y, drawn as dotted horizontal lines.
    log_y : the y axis is logarithmic.
    log2_x : the x axis is logarithmic, with a tick each time x has doubled.
    percent_y : y is a share, 0 to 1, and is written as a percentage.
    y_min : the lower end of the y axis; a line is named at its last point above it.

    Raises
    ------
    FerError : no line.
    """
    if not series:
        raise invalid("series", expected="at least one line", received=series)
    figure, axis = subplots(width=7.2, height=3.9)
    for place, (name, (x, y)) in enumerate(series.items()):
        colour = PALETTE[(0, 3, 2, 4)[place % 4]]
        axis.plot(x, y, "-", color=colour, lw=2)
        if measured and name in measured:
            axis.plot(*measured[name], "o", color=colour, ms=6)
        end = max((k for k in range(len(x)) if y_min is None or y[k] >= y_min), default=0)
        axis.annotate(
            name, (x[end], y[end]), (7, 0), textcoords="offset points", va="center", fontsize=9.5, color=colour
        )
    for name, value in (reference_lines or {}).items():
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
    axis.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log_y else "linear")
    if log2_x:
        axis.set_xscale("log", base=2)
        axis.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:,.0f}"))
    if percent_y:
        axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    if y_min is not None:
        axis.set_ylim(bottom=y_min)
    axis.margins(x=0.14)
    set_title(figure, title)
    told = []
    for name, (x, y) in series.items():
        end = max((k for k in range(len(x)) if y_min is None or y[k] >= y_min), default=0)
        course = ", ".join(f"{number_text(y[k], percent_y)} at {number_text(x[k])}" for k in sorted({0, end}))
        below = f", then below {number_text(y_min, percent_y)}" if end < len(x) - 1 else ""
        count = len(measured[name][0]) if measured and name in measured else 0
        dots = f", and {count} measured dot{'s' * (count > 1)}" if count else ""
        told.append(f"{one_line(name)}: {course}{below}{dots}.")
    scale = "".join(f", {side} logarithmic" for side, log in (("up", log_y), ("across", log2_x)) if log)
    describe(
        figure,
        f"Lines with names, {axis_name(ylabel, 70)} over {axis_name(xlabel, 70)}{scale}.",
        sentences(told, letters=300),
        dotted_lines(reference_lines, lambda value: number_text(value, percent_y)),
    )
    return figure
