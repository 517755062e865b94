"""Confusion matrices and other tables of shares as heat maps; see `fer_utils.plotting` for how they are shown."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure
import numpy as np
import pandas as pd
import seaborn

from fer_utils.core.errors import invalid
from fer_utils.plotting.descriptions import (
    axis_name,
    named_values,
    names_text,
    number_text,
    one_line,
    room_after,
    sentences,
    table_in_words,
)
from fer_utils.plotting.style import INK, describe, set_title, subplots


def confusion_matrix(result, *, title: str) -> Figure:
    """A confusion matrix in per cent of each true label; cells under half a per cent stay empty.

    ``result`` has ``confusion``, counts (classes, classes), rows the true label, and ``labels``, as a
    `fer_utils.experiments.Result` has.
    """
    counts = np.asarray(result.confusion, float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = 1.6 + 0.62 * len(counts)
    figure, axis = subplots(width=size + 0.6, height=size)
    text = np.array([[f"{100 * share:.0f}" if share >= 0.005 else "" for share in row] for row in shares])
    seaborn.heatmap(
        shares,
        ax=axis,
        annot=text,
        fmt="",
        cmap="Blues",
        vmin=0,
        vmax=1,
        cbar=False,
        square=True,
        linewidths=1,
        linecolor="white",
        xticklabels=result.labels,
        yticklabels=result.labels,
    )
    _make_readable(axis)
    axis.set(xlabel="label that the network gave; per cent of a row", ylabel="posed-expression label")
    axis.tick_params(length=0, colors=INK)
    axis.set_yticklabels(axis.get_yticklabels(), rotation=0)
    axis.set_xticklabels(axis.get_xticklabels(), rotation=40, ha="right")
    set_title(figure, title)
    axis.xaxis.label.set_color(INK)
    axis.yaxis.label.set_color(INK)
    wrong = shares - np.diag(np.diag(shares))
    largest = [np.unravel_index(place, wrong.shape) for place in np.argsort(-wrong, axis=None)[:3]]
    named = [one_line(label, 24) for label in result.labels]
    confused = [
        f"{named[row]} taken for {named[column]} {number_text(wrong[row, column], True)}"
        for row, column in largest
        if wrong[row, column] > 0
    ]
    right = {label: shares[row, row] for row, label in enumerate(named) if counts[row].sum()}
    absent = [label for row, label in enumerate(named) if not counts[row].sum()]
    describe(
        figure,
        "A confusion matrix, rows the posed label, columns the network's.",
        f"Right: {named_values(right, lambda share: number_text(share, True), letters=260)}." if right else "",
        f"Largest confusions: {'; '.join(confused)}." if confused else "No confusion.",
        f"Not in the data: {names_text(absent)}." if absent else "",
    )
    return figure


def heatmaps(
    tables: Mapping[str, pd.DataFrame],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    vmax: float | None = None,
    percent: bool = False,
    show_zeros: bool = False,
    numbers: str | None = None,
    columns: int = 2,
    cell_size: float = 0.36,
) -> Figure:
    """Tables of one shape as heat maps on one colour scale that begins at 0.

    Parameters
    ----------
    tables : name to DataFrame; rows and columns are named by their index.
    vmax : the value of the darkest colour; None for the largest of all tables.
    percent : write each cell's share as a whole number of per cent; what rounds to 0 stays empty, or not, with
        ``show_zeros``.
    numbers : a format such as ``"{:.2f}"`` by which each cell's value is written on it; not with ``percent``.
    columns : maps beside each other.
    cell_size : width and height of a cell in inches.

    Raises
    ------
    FerError : no table, or tables of different shapes.
    """
    frames = list(tables.values())
    if not frames or any(frame.shape != frames[0].shape for frame in frames):
        shapes = [frame.shape for frame in frames]
        raise invalid("tables", expected="at least one table, all of one shape", received=shapes)
    if vmax is None:
        vmax = float(max(np.nanmax(frame.to_numpy(float)) for frame in frames))
    columns = min(columns, len(frames))
    rows = -(-len(frames) // columns)
    height, width = frames[0].shape
    figure, axes = subplots(
        rows,
        columns,
        width=columns * (0.9 + cell_size * width) + 0.9,
        height=rows * (1.15 + cell_size * height) + 0.2,
        squeeze=False,
    )
    for axis, (name, frame) in zip(axes.flat, tables.items(), strict=False):  # the last row may not be full
        values = frame.to_numpy(float)
        texts = None
        if percent:
            texts = _percent_texts(values, show_zeros)
        elif numbers is not None:
            texts = np.array([[numbers.format(value) for value in row] for row in values])
        seaborn.heatmap(
            values,
            ax=axis,
            annot=False if texts is None else texts,
            fmt="",
            cmap="Blues",
            vmin=0,
            vmax=vmax,
            cbar=False,
            square=True,
            linewidths=0.6,
            linecolor="white",
            xticklabels=list(frame.columns),
            yticklabels=list(frame.index),
            annot_kws={"fontsize": 9},
        )
        _make_readable(axis)
        axis.set_title(name, fontsize=10.5, color=INK)
        axis.tick_params(length=0, colors=INK)
        axis.set_yticklabels(axis.get_yticklabels(), rotation=0)
        if all(len(str(column)) < 4 for column in frame.columns):
            axis.set_xticklabels(axis.get_xticklabels(), rotation=90, ha="center")
        else:
            axis.set_xticklabels(axis.get_xticklabels(), rotation=40, ha="right")
        axis.set_xlabel(xlabel, color=INK)
    for unused in axes.flat[len(frames) :]:
        unused.set_axis_off()
    for row in axes:
        row[0].set_ylabel(ylabel, color=INK)
    set_title(figure, title)
    most = 3 if len(frames) < 3 else 1
    told = [table_in_words(name, frame, percent=percent, most=most) for name, frame in tables.items()]
    sides = f"Down: {axis_name(ylabel, 60)}. Across: {axis_name(xlabel, 60)}."
    what = "A heat map" if len(frames) == 1 else f"{len(frames)} heat maps in one scale of colours"
    first = f"{what}, darker for more. {sides}"
    describe(figure, first, sentences(told, letters=room_after(first)))
    return figure


def _make_readable(axis) -> None:
    """Write on each cell of a heat map in black or in white, whichever has the higher contrast (WCAG 2.2, 1.4.3)."""
    if not axis.texts:
        return
    cells = axis.collections[0].get_array().shape
    colours = axis.collections[0].get_facecolors().reshape(*cells, 4)
    for text in axis.texts:
        x, y = text.get_position()
        channels = colours[int(y), int(x), :3]
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        luminance = float(linear @ (0.2126, 0.7152, 0.0722))
        text.set_color("black" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "white")


def _percent_texts(values: np.ndarray, show_zeros: bool) -> np.ndarray:
    """What stands in the cells of a heat map of shares: whole numbers of per cent, nothing for NaN."""

    def text(share: float) -> str:
        if np.isnan(share) or (abs(share) < 0.005 and not show_zeros):
            return ""
        return f"{round(100 * share)}"

    return np.array([[text(share) for share in row] for row in values])
