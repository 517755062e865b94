"""Figures of a small network: differences from its rivals beside a margin, and what its weighted pool learned."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure
import numpy as np
import pandas as pd

from fer_utils.core.errors import invalid
from fer_utils.plotting.comparisons import dot_plot
from fer_utils.plotting.descriptions import axis_name, named_values, number_text, points_text
from fer_utils.plotting.heat_maps import heatmaps
from fer_utils.plotting.style import describe


def difference_plot(rows: Mapping[str, Mapping], *, title: str, xlabel: str, margin: float | None = None) -> Figure:
    """Differences of two accuracies with their intervals, beside zero and, for non-inferiority, beside a margin.

    Parameters
    ----------
    rows : name to a dict with ``value``, ``low`` and ``high``, differences of shares (0.01 is one point).
    margin : above 0: a dotted line at ``-margin``, called −δ; None for none.

    Raises
    ------
    FerError : no row, or a margin that is not above 0.
    """
    if not rows:
        raise invalid("rows", expected="at least one difference", received=rows)
    if margin is not None and not margin > 0:
        raise invalid("margin", expected="a share above 0, or None", received=margin)
    ends = [row[end] for row in rows.values() for end in ("low", "high")]
    lines = {"0": 0.0} if margin is None else {"0": 0.0, "−δ": -margin}
    wide = max(*ends, 0.0) - min(*ends, *(-margin for _ in range(margin is not None)), 0.0)
    figure = dot_plot(
        {name: {"difference": row} for name, row in rows.items()},
        title=title,
        xlabel=xlabel,
        differences=True,
        reference_lines=lines,
        xlim=(min(*ends, *lines.values()) - 0.12 * wide, max(*ends, 0.0) + 0.18 * wide),  # room for the numbers
    )
    limits = [("0", 0.0)] if margin is None else [("minus the margin", -margin), ("0", 0.0)]
    above = [f"{sum(row['low'] > limit for row in rows.values())} above {name}" for name, limit in limits]
    beside = "" if margin is None else f" and beside minus the margin, {points_text(-margin)}"
    describe(
        figure,
        f"Dots with intervals, {axis_name(xlabel)}, beside 0{beside}.",
        f"{named_values(rows, points_text, letters=300)}.",
        f"Of {len(rows)} intervals, these lie wholly above a line: {', '.join(above)}.",
    )
    return figure


def place_weights(before: np.ndarray, after: np.ndarray) -> Figure:
    """Which places of a map a weighted pool hears, before and after training.

    Each map is the mean of the weights' absolute values over all features, divided by its own mean.  The title says
    which half of the picture weighs more after training; where none does, or a map has fewer than four rows, between
    what its places lie.

    Parameters
    ----------
    before, after : (height, width, features), the kernel of a depthwise convolution that is as large as its map.

    Raises
    ------
    FerError : kernels of different shapes, or with fewer than two rows.
    """
    before, after = np.abs(np.asarray(before, float)), np.abs(np.asarray(after, float))
    if before.shape != after.shape or before.ndim != 3 or before.shape[0] < 2:
        raise invalid(
            "after",
            expected=f"a kernel (height, width, features) of two rows or more, as `before`: {before.shape}",
            received=after.shape,
        )
    maps = {name: kernel.mean(axis=2) for name, kernel in (("before training", before), ("after training", after))}
    maps = {name: values / values.mean() for name, values in maps.items()}
    last = maps["after training"]
    upper, lower = last[: last.shape[0] // 2].mean(), last[-(last.shape[0] // 2) :].mean()
    (half, other), times = ("lower", "upper"), lower / upper
    if upper > lower:
        (half, other), times = (other, half), upper / lower
    moral = f"The {half} half weighs {times:.1f} times the {other} half"
    if times < 1.05 or last.shape[0] < 4:
        moral = f"A place weighs {last.min():.2f} to {last.max():.2f} times the mean"
    if np.allclose(last, 1):
        moral = "All places weigh the same"
    tables = {
        name: pd.DataFrame(values, index=range(1, values.shape[0] + 1), columns=range(1, values.shape[1] + 1))
        for name, values in maps.items()
    }
    figure = heatmaps(
        tables,
        cell_size=max(0.3, 2.4 / max(last.shape)),  # few places are drawn larger
        xlabel="place across",
        ylabel="place down",
        title=moral,
        numbers="{:.2f}" if max(last.shape) <= 8 else None,
    )
    row, column = np.unravel_index(last.argmax(), last.shape)
    reach = {
        name: " to ".join(number_text(round(float(end), 2)) for end in (values.min(), values.max()))
        for name, values in maps.items()
    }
    describe(
        figure,
        f"Two maps of {last.shape[0]} × {last.shape[1]} places: the size of the weights of a place over all features, "
        f"the mean of a map being 1. Before training {reach['before training']}, after training "
        f"{reach['after training']}, largest in row {row + 1} from above and column {column + 1}.",
        f"After training: {moral[0].lower()}{moral[1:]}.",
    )
    return figure
