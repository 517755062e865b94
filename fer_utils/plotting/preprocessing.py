"""Figures of how faces are prepared: which frames show an expression, and what a step leaves of a property."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
import numpy as np

from fer_utils.core.errors import invalid
from fer_utils.metrics.ranks import rank_correlation
from fer_utils.plotting.descriptions import axis_name, course, listing, number_text, one_line
from fer_utils.plotting.style import PALETTE, describe, set_title, subplots

#: Distance of the rows of dots below an expression's course, as a share of its full strength.
_ROW = 0.16


def expression_course(
    time_s: np.ndarray, strengths: np.ndarray, samples: Mapping[str, Sequence[int]], *, title: str
) -> Figure:
    """How far an expression is out in the course of a clip, and which frames are taken.

    Parameters
    ----------
    time_s : (T,), the frames' times in seconds.
    strengths : (n, T), for each of n clips and each frame 0 (at rest) to 1 (fully out).
    samples : name of a way to choose -> indices of the frames that are taken, below T; a row of dots each.

    Raises
    ------
    FerError : no clip, or another number of frames than of times.
    """
    time_s, strengths = np.asarray(time_s, float), np.atleast_2d(np.asarray(strengths, float))
    if not strengths.size or strengths.shape[1] != len(time_s):
        raise invalid(
            "strengths", expected=f"clips by {len(time_s)} frames", received=f"an array of shape {strengths.shape}"
        )
    mean = strengths.mean(axis=0)
    low, high = np.quantile(strengths, [0.1, 0.9], axis=0)
    figure, axis = subplots(width=7.0, height=3.2 + 0.2 * len(samples))
    axis.fill_between(time_s, low, high, color=PALETTE[0], alpha=0.18, lw=0)
    axis.plot(time_s, mean, color=PALETTE[0], lw=2.4)
    rows = [-_ROW * (number + 1) for number in range(len(samples))]
    for number, (row, indices) in enumerate(zip(rows, samples.values(), strict=True)):
        colour = (PALETTE[3], PALETTE[2], PALETTE[4])[number % 3]
        axis.plot(time_s[list(indices)], [row] * len(indices), "o", color=colour, ms=7)
    axis.set_yticks([*rows, 0, 0.5, 1], [*map(str, samples), "0", "0.5", "1"])
    axis.set(xlabel="time in the clip (s)", ylabel="strength of the expression", ylim=(-_ROW * (len(rows) + 0.7), 1.05))
    set_title(figure, title)
    taken = [
        f"{one_line(name)} at {', '.join(f'{time_s[index]:.1f}' for index in list(indices)[:8])} s"
        for name, indices in samples.items()
    ]
    describe(
        figure,
        f"A curve over {time_s[-1]:.1f} s, the mean strength of the expression in {len(strengths):,} clips: "
        f"{course(time_s, mean)}, {number_text(round(float(mean[0]), 2))} at the beginning and "
        f"{number_text(round(float(mean[-1]), 2))} at the end; a band holds eight of ten clips.",
        f"Dots below it are the frames that are taken: {listing(taken, letters=300)}." if taken else "",
    )
    return figure


def rank_scatters(
    panels: Mapping[str, tuple[Sequence[float], Sequence[float]]], *, title: str, xlabel: str, ylabel: str
) -> Figure:
    """Points in panels side by side, each panel headed by its name and Spearman's rank correlation.

    Parameters
    ----------
    panels : name -> (x, y), two sequences of one length.

    Raises
    ------
    FerError : no panel, or sequences of different lengths.
    """
    if not panels or any(len(x) != len(y) for x, y in panels.values()):
        raise invalid("panels", expected="at least one pair of sequences of one length", received=list(panels))
    figure, axes = subplots(1, len(panels), width=1.2 + 3.0 * len(panels), height=3.4, squeeze=False)
    listed = []
    for axis, (name, (x, y)) in zip(axes.flat, panels.items(), strict=True):
        axis.plot(x, y, "o", color=PALETTE[0], ms=6, alpha=0.75)
        found = rank_correlation(x, y)
        words = "not known" if np.isnan(found) else f"{found + 0.0:.2f}"
        axis.set_title(f"{name}\nSpearman {words}", fontsize=10.5, fontweight="normal")
        axis.set_xlabel(xlabel)
        listed.append(f"{one_line(name)}: {len(x)} points, Spearman's rank correlation {words}")
    axes[0, 0].set_ylabel(ylabel)
    set_title(figure, title)
    describe(
        figure,
        f"Points, {axis_name(xlabel, 60)} to the right and {axis_name(ylabel, 60)} upwards.",
        f"{listing(listed)}.",
    )
    return figure
