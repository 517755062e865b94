"""Figures that set two tables side by side on one scale; see `fer_utils.figures`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .errors import invalid
from .figures import INK, PALETTE, head, new


def heatmaps(tables: Mapping[str, object], *, title: str, xlabel: str, ylabel: str, most: float | None = None,
             percent: bool = False, columns: int = 2, size: float = 0.36):
    """Tables of one shape as heat maps on one colour scale.

    Parameters
    ----------
    tables : name to DataFrame; rows and columns are named by their index.
    most : the value of the darkest colour; None for the largest of all tables.
    percent : write each cell's share as a whole number of per cent.
    columns : maps beside each other.
    size : inches a cell.
    """
    import seaborn

    frames = list(tables.values())
    if not frames or any(frame.shape != frames[0].shape for frame in frames):
        raise invalid("tables", expected="at least one table, all of one shape", received=[frame.shape for frame in frames])
    most = float(max(np.nanmax(frame.to_numpy(float)) for frame in frames)) if most is None else most
    columns = min(columns, len(frames))
    lines = -(-len(frames) // columns)
    height, width = frames[0].shape
    figure, axes = new(columns, lines, width=columns * (0.9 + size * width) + 0.9, height=lines * (1.15 + size * height) + 0.2, squeeze=False)
    for axis, (name, frame) in zip(axes.ravel(), tables.items()):
        values = frame.to_numpy(float)
        text = np.array([[f"{100 * v:.0f}" if v >= 0.005 else "" for v in row] for row in values]) if percent else False
        seaborn.heatmap(values, ax=axis, annot=text, fmt="", cmap="Blues", vmin=0, vmax=most, cbar=False, square=True, linewidths=0.6,
                        linecolor="white", xticklabels=list(frame.columns), yticklabels=list(frame.index), annot_kws={"fontsize": 9})
        axis.set_title(name, fontsize=10.5, color=INK)
        axis.tick_params(length=0, colors=INK)
        axis.set_yticklabels(axis.get_yticklabels(), rotation=0)
        axis.set_xticklabels(axis.get_xticklabels(), rotation=90 if all(len(str(c)) < 4 for c in frame.columns) else 40,
                             ha="center" if all(len(str(c)) < 4 for c in frame.columns) else "right")
        axis.set_xlabel(xlabel, color=INK)
    for axis in axes.ravel()[len(frames):]:
        axis.set_axis_off()
    for line in axes:
        line[0].set_ylabel(ylabel, color=INK)
    head(axes[0, 0], title)
    return figure


def against(pairs: Mapping[str, Mapping[str, tuple[float, float]]], *, title: str, xlabel: str, ylabel: str, within: float = 1.5):
    """Two measurements of the same thing, point by point, on logarithmic axes, with the band of a factor ``within``.

    ``pairs`` maps a kind (a colour and marker) to named points (x, y), all above 0.
    """
    figure, axis = new(width=6.4, height=5.0)
    every = np.array([point for points in pairs.values() for point in points.values()], float)
    if not len(every) or not (every > 0).all():
        raise invalid("pairs", expected="points above 0", received=pairs)
    low, high = every.min() / 1.6, every.max() * 1.6
    line = np.array([low, high])
    axis.fill_between(line, line / within, line * within, color=PALETTE[5], alpha=0.22, lw=0, label=f"within a factor of {within:g}")
    axis.plot(line, line, color=INK, lw=1)
    for (kind, points), colour, marker in zip(pairs.items(), (PALETTE[0], PALETTE[3], PALETTE[2]), "os^"):
        values = np.array(list(points.values()))
        axis.plot(values[:, 0], values[:, 1], marker, color=colour, ms=6, label=kind, ls="none")
        for name, (x, y) in points.items():  # kinds by turns above and below the diagonal, so that names stay apart
            above = marker == "o"
            axis.annotate(name, (x, y), (-3, 5) if above else (3, -5), textcoords="offset points", fontsize=7.5, color=colour,
                          ha="right" if above else "left", va="bottom" if above else "top")
    axis.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high), xlabel=xlabel, ylabel=ylabel)
    axis.legend(labelcolor=INK, frameon=False, loc="upper left")
    head(axis, title)
    return figure


def paired_bars(rows: Mapping[str, Mapping[str, float]], *, title: str, xlabel: str, percent: bool = True):
    """Groups of horizontal bars: ``rows`` maps a group to named values, the same names in each."""
    names = list(next(iter(rows.values())))
    figure, axis = new(width=7.2, height=0.9 + (0.26 * len(names) + 0.2) * len(rows))
    step = 0.8 / len(names)
    for place, values in enumerate(rows.values()):
        for k, name in enumerate(names):
            at = place + (k - (len(names) - 1) / 2) * step
            axis.barh(at, values[name], height=step * 0.92, color=PALETTE[k], label=name if place == 0 else None)
            shown = f"{100 * values[name]:.1f} %" if percent else f"{values[name]:,.3g}"
            axis.annotate(shown, (values[name], at), (5, 0), textcoords="offset points", va="center", fontsize=9, color=INK)
    axis.set_yticks(range(len(rows)), list(rows))
    axis.invert_yaxis()
    axis.tick_params(axis="y", length=0)
    if percent:
        from matplotlib.ticker import PercentFormatter

        axis.set_xlim(0, 1.12)
        axis.xaxis.set_major_formatter(PercentFormatter(1))
        axis.set_xticks(np.linspace(0, 1, 6))
    axis.set_xlabel(xlabel)
    axis.legend(labelcolor=INK, frameon=False, loc="lower right")
    head(axis, title)
    return figure
