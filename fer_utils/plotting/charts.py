"""Bars, scatter plots, histograms and tables of shares; see `fer_utils.plotting` for how they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
import numpy as np
import pandas as pd
import seaborn

from fer_utils.core.errors import invalid
from fer_utils.plotting.crowded_text import give_room
from fer_utils.plotting.descriptions import (
    axis_name,
    listing,
    named_values,
    names_text,
    number_text,
    one_line,
    room_after,
    rows_of_values,
    sentences,
    table_in_words,
)
from fer_utils.plotting.style import INK, ON_BLUE, PALETTE, describe, set_title, subplots


def bars(
    values: Mapping[str, Mapping | float],
    *,
    title: str,
    xlabel: str,
    percent: bool = False,
    log: bool = False,
    highlight: str | None = None,
) -> Figure:
    """Horizontal bars, one for each name, in the order given.

    Parameters
    ----------
    values : name to a number, or to a dict with ``value``, ``low`` and ``high``, whose interval is drawn as a line.
    percent : the numbers are shares, 0 to 1, and are written as percentages.
    log : draw dots on a logarithmic axis instead (a bar's length means nothing there).
    highlight : the name in another colour.
    """
    names = list(values)
    measured = [value if isinstance(value, Mapping) else {"value": value} for value in values.values()]
    figure, axis = subplots(width=7.4, height=0.9 + 0.42 * len(names))
    for row, (name, point) in enumerate(zip(names, measured, strict=True)):
        colour = PALETTE[3] if name == highlight else PALETTE[0]
        if log:
            axis.plot(point["value"], row, "o", color=colour, ms=8)
        else:
            axis.barh(row, point["value"], color=colour, height=0.62)
        right_end = point["value"]
        if point.get("low") is not None:
            axis.plot([point["low"], point["high"]], [row, row], color=INK, lw=2)
            right_end = point["high"]
        _write_beside(axis, number_text(point["value"], percent, digits=4), right_end, row, gap=7, fontsize=9.5)
    _name_rows(axis, names)
    if log:
        axis.set_xscale("log")
    if percent:
        _percent_axis_with_room(axis)
    else:
        axis.margins(x=0.18)
    axis.set_xlabel(xlabel)
    set_title(figure, title)
    axis_words = " on a logarithmic axis" if log else ""
    told = named_values(dict(zip(names, measured, strict=True)), lambda value: number_text(value, percent, digits=4))
    describe(figure, f"Horizontal {'dots' if log else 'bars'}{axis_words}, {axis_name(xlabel)}: {told}.")
    return figure


def grouped_bars(groups: Mapping[str, Mapping[str, float]], *, title: str, xlabel: str, percent: bool = True) -> Figure:
    """Horizontal bars in groups: ``groups`` maps a group to named values, the same names in each.

    With ``percent`` the values are shares, 0 to 1, and are written as percentages.
    """
    names = list(next(iter(groups.values())))
    figure, axis = subplots(width=7.2, height=0.9 + (0.26 * len(names) + 0.2) * len(groups))
    step = 0.8 / len(names)
    for row, values in enumerate(groups.values()):
        for number, name in enumerate(names):
            y = row + (number - (len(names) - 1) / 2) * step
            label = name if row == 0 else None  # in the legend once
            axis.barh(y, values[name], height=step * 0.92, color=PALETTE[number], label=label)
            text = f"{100 * values[name]:.1f} %" if percent else f"{values[name]:,.3g}"
            _write_beside(axis, text, values[name], y, gap=5, fontsize=9)
    _name_rows(axis, list(groups))
    if percent:
        _percent_axis_with_room(axis)
    else:
        axis.margins(x=0.12)  # room for the numbers behind the bars
    axis.set_xlabel(xlabel)
    figure.legend(loc="outside lower right", ncols=len(names), labelcolor=INK, frameon=False)
    set_title(figure, title)
    told = rows_of_values(groups, lambda value: number_text(value, percent))
    describe(figure, f"Horizontal bars in groups, {axis_name(xlabel)}. {told}.")
    return figure


def stacked_bars(table: pd.DataFrame, *, title: str, xlabel: str) -> Figure:
    """Horizontal stacked bars: the table's rows are bars, its columns are the parts."""
    figure, axis = subplots(width=7.0, height=1.5 + 0.34 * len(table))
    left = np.zeros(len(table))
    for number, column in enumerate(table.columns):
        colour = PALETTE[number % len(PALETTE)]
        axis.barh(range(len(table)), table[column], left=left, height=0.68, color=colour, label=column)
        left += table[column].to_numpy()
    _name_rows(axis, table.index)
    axis.set_xlabel(xlabel)
    set_title(figure, title)
    figure.legend(loc="outside lower left", ncols=min(len(table.columns), 4), labelcolor=INK, frameon=False)
    told = rows_of_values({name: dict(row) for name, row in table.iterrows()}, letters=260)
    whole = named_values(table.sum(axis=1).to_dict(), letters=160)
    describe(figure, f"Stacked bars, {axis_name(xlabel)}. {told}. All parts together: {whole}.")
    return figure


def stacked_shares(series: Mapping[str, pd.Series], *, title: str) -> Figure:
    """One bar of 100 % for each named Series, divided into its parts by share; parts over 4 % are named.

    On a telephone the parts whose names have no room there are not named; the alt text names the largest.

    All Series have the same index, the names of the parts.
    """
    figure, axis = subplots(width=8.0, height=1.1 + 0.75 * len(series))
    parts = list(next(iter(series.values())).index)
    for row, values in enumerate(series.values()):
        share, left = values / values.sum(), 0.0
        for number, part in enumerate(parts):
            colour = PALETTE[number % len(PALETTE)]
            axis.barh(row, share[part], left=left, height=0.6, color=colour, edgecolor="white", linewidth=0.8)
            if share[part] > 0.04:
                text = axis.annotate(
                    f"{part}\n{100 * share[part]:.1f} %",
                    (left + share[part] / 2, row),
                    ha="center",
                    va="center",
                    fontsize=8.5,
                    color=ON_BLUE if number % len(PALETTE) == 0 else "black",
                )
                give_room(text, share[part])
            left += share[part]
    _name_rows(axis, list(series))
    axis.set_xlim(0, 1)
    axis.xaxis.set_major_formatter(PercentFormatter(1))
    set_title(figure, title)
    rows = []
    for name, values in series.items():
        largest = (values / values.sum()).nlargest(3)
        shares = ", ".join(f"{one_line(part)} {number_text(share, True)}" for part, share in largest.items())
        rows.append(f"{one_line(name)}: {shares}.")
    named = f"The largest {'three ' if len(parts) > 3 else ''}of {len(parts)} parts first."
    describe(figure, f"Bars of 100 % divided into parts. {named}", sentences(rows))
    return figure


def log_scatter(
    x: pd.Series, y: pd.Series, *, title: str, xlabel: str, ylabel: str, highlight: str | None = None
) -> Figure:
    """Named points on two logarithmic axes; ``x`` and ``y`` have the same index, the names, and values above 0."""
    figure, axis = subplots(width=7.0, height=4.4)
    names = sorted(x.index, key=lambda name: y[name])
    middle = np.sqrt(x.min() * x.max())
    for place, name in enumerate(names):
        colour = PALETTE[3] if name == highlight else PALETTE[0]
        axis.plot(x[name], y[name], "o", color=colour, ms=8)
        on_the_right = x[name] > middle
        # Names of neighbours that nearly coincide move apart, up and down.
        up_or_down = 0
        if place > 0 and y[name] < 1.25 * y[names[place - 1]]:
            up_or_down += 8
        if place + 1 < len(names) and y[names[place + 1]] < 1.25 * y[name]:
            up_or_down -= 8
        axis.annotate(
            name,
            (x[name], y[name]),
            (-9 if on_the_right else 9, up_or_down),
            textcoords="offset points",
            va="center",
            ha="right" if on_the_right else "left",
            fontsize=9.5,
            color=INK,
        )
    axis.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel)
    axis.margins(0.12)
    set_title(figure, title)
    listed = [f"{one_line(name)} ({number_text(x[name])} and {number_text(y[name])})" for name in names]
    axes_words = f"{axis_name(xlabel, 70)} to the right and {axis_name(ylabel, 70)} upwards"
    describe(
        figure,
        f"Points on two logarithmic axes, {axes_words}. The lowest first: {listing(listed, letters=360, last=True)}.",
    )
    return figure


def weight_histograms(weights: Mapping[str, np.ndarray], *, title: str, xlabel: str) -> Figure:
    """Step histograms of the sizes of weights on a logarithmic axis, one colour for each network.

    ``weights`` maps a name to a flat array of numbers of 0 or more; those under 1e-8 count as 1e-8.
    """
    figure, axis = subplots(width=7.0, height=3.4)
    smallest = 1e-8
    largest = max(values.max() for values in weights.values())
    edges = np.logspace(np.log10(smallest), np.log10(largest * 1.1), 60)
    for number, (name, values) in enumerate(weights.items()):
        axis.hist(
            np.maximum(values, smallest),
            edges,
            histtype="step",
            lw=2,
            color=PALETTE[number * 3 % len(PALETTE)],
            label=name,
            weights=np.full(len(values), 1 / len(values)),
        )
    axis.set(xscale="log", xlabel=xlabel, ylabel="share of the weights")
    axis.yaxis.set_major_formatter(PercentFormatter(1))
    axis.legend(labelcolor=INK, frameon=False)
    set_title(figure, title)
    told = []
    for name, values in weights.items():
        gone = np.mean(values <= smallest)
        at_the_left_end = f"{number_text(gone, True)} of them are 0" if gone else "none of them is 0"
        told.append(f"{one_line(name)}: the median is {np.median(values):.2g}, {at_the_left_end}.")
    describe(figure, f"Histograms on a logarithmic axis, {axis_name(xlabel)}.", sentences(told))
    return figure


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


def _write_beside(axis, text: str, x: float, y: float, *, gap: float, fontsize: float) -> None:
    """Write to the right of a bar's end, ``gap`` points away."""
    axis.annotate(text, (x, y), (gap, 0), textcoords="offset points", va="center", fontsize=fontsize, color=INK)


def _name_rows(axis, names: Sequence) -> None:
    """Name horizontal bars that stand at 0, 1, 2, ..., the first on top."""
    axis.set_yticks(range(len(names)), names)
    axis.invert_yaxis()
    axis.tick_params(axis="y", length=0)


def _percent_axis_with_room(axis) -> None:
    """An x axis from 0 to 100 %, with room for the numbers behind the longest bars."""
    axis.set_xlim(0, 1.12)
    axis.xaxis.set_major_formatter(PercentFormatter(1))
    axis.set_xticks(np.linspace(0, 1, 6))
