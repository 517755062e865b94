"""Bars, scatter plots and histograms; see `fer_utils.plotting` for how they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
import numpy as np
import pandas as pd

from fer_utils.plotting.crowded_text import give_room
from fer_utils.plotting.descriptions import (
    axis_name,
    listing,
    named_values,
    number_text,
    one_line,
    rows_of_values,
    sentences,
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
