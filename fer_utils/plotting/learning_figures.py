"""A training step by step: lines over steps or rates, losses of three sets, and units that live; see `plotting`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
import numpy as np

from fer_utils.core.errors import invalid
from fer_utils.plotting.descriptions import axis_name, dotted_lines, number_text, one_line, sentences
from fer_utils.plotting.style import INK, PALETTE, describe, set_title, subplots


def line_chart(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    log: bool = False,
    marks: Mapping[str, float] | None = None,
    top: float | None = None,
) -> Figure:
    """Named lines over numbers, a colour for each.

    Parameters
    ----------
    lines : name to (x, y) of one length; what is no finite number is left out of its line.
    log : whether x is logarithmic.
    marks : name to a value of x, where a dotted line stands.
    top : the upper end of the axis of y, which then begins at 0; None to fit the lines.

    Raises
    ------
    FerError : no line, one without a point, or one with more x than y or fewer.
    """
    for name, (x, y) in lines.items():
        if not len(x) or len(x) != len(y):
            raise invalid("lines", expected="as many y as x, one or more", received={name: (len(x), len(y))})
    if not lines:
        raise invalid("lines", expected="at least one line", received=lines)
    figure, axis = subplots(width=7.0, height=3.3)
    for number, (name, (x, y)) in enumerate(lines.items()):
        axis.plot(x, y, color=PALETTE[number % len(PALETTE)], lw=1.2 if len(x) > 30 else 2, label=name)
    for name, value in (marks or {}).items():
        axis.axvline(value, color=INK, lw=1, ls=":")
        axis.annotate(
            name,
            (value, 1),
            (4, -4),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            fontsize=9,
            color=INK,
            va="top",
        )
    if log:
        axis.set_xscale("log")
    else:
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set(xlabel=xlabel, ylabel=ylabel)
    if top is not None:
        axis.set_ylim(0, top)
    if len(lines) > 1:
        figure.legend(loc="outside lower center", ncols=min(3, len(lines)), labelcolor=INK, frameon=False)
    set_title(figure, title)
    describe(
        figure,
        f"{axis_name(ylabel).capitalize()} against {axis_name(xlabel)}{', a logarithmic axis' if log else ''}.",
        sentences([_course(name, *line) for name, line in lines.items()], letters=330),
        dotted_lines(marks, number_text),
    )
    return figure


def _course(name: str, x: Sequence[float], y: Sequence[float]) -> str:
    """Where a line begins, ends and is lowest, in a sentence."""
    values = np.asarray(y, float)
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return f"{one_line(name)}: not known."
    lowest = known[values[known].argmin()]
    ends = f"{number_text(values[known[0]])} at {number_text(x[known[0]])} to {number_text(values[known[-1]])} at "
    return (
        f"{one_line(name)}: from {ends}{number_text(x[known[-1]])}, lowest {number_text(values[lowest])} at "
        f"{number_text(x[lowest])}."
    )


def learning_curves(history: Mapping[str, Sequence[float]], *, title: str, chance: float | None = None) -> Figure:
    """Loss and accuracy over the epochs, of the faces that are learned from and of those that validate.

    ``history`` has ``loss``, ``accuracy``, ``validation_loss`` and ``validation_accuracy``, one number an epoch, as
    `fer_utils.training.fit` returns them.  ``chance`` is the accuracy of always giving the commonest label.
    """
    figure, axes = subplots(1, 2, width=8.0, height=3.3)
    told = []
    for axis, quantity in zip(axes, ("loss", "accuracy"), strict=True):
        for key, style, colour, name in (
            (quantity, "--", PALETTE[0], "training"),
            (f"validation_{quantity}", "-", PALETTE[3], "validation"),
        ):
            epochs = np.arange(1, len(history[key]) + 1)
            axis.plot(epochs, history[key], style, color=colour, lw=2, marker="o", ms=3.5, label=name)
            told.append(_course(f"{name} {quantity}", epochs, history[key]))
        axis.set(xlabel="epoch", ylabel={"loss": "loss (cross-entropy, nats)"}.get(quantity, quantity))
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    losses = np.array([*history["loss"], *history["validation_loss"]], float)
    axes[0].set_ylim(0, 1.08 * max(losses[np.isfinite(losses)], default=1.0))
    axes[1].set_ylim(0, 1.02)
    axes[1].yaxis.set_major_formatter(PercentFormatter(1))
    if chance is not None:
        axes[1].axhline(chance, color=INK, lw=0.8, ls=":", label="commonest label")
    handles, names = axes[1].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=3, labelcolor=INK, frameon=False)
    set_title(figure, title)
    known = {} if chance is None else {"the commonest label's share": chance}
    describe(
        figure,
        "Loss at the left, accuracy at the right, by epoch; training dashed, validation solid.",
        sentences(told),
        dotted_lines(known, number_text),
    )
    return figure


def living_units(answer: Mapping, *, title: str) -> Figure:
    """How many units live over the steps of a training, a panel for each arm and a line for each seed.

    ``answer`` is that of the study ``dead_units``.  Where no unit lives at the end, the line is in another colour.
    """
    rows = answer["rows"]
    columns = 2 if len(rows) == 4 else min(3, len(rows))
    figure, axes = subplots(
        -(-len(rows) // columns),
        columns,
        width=3.2 * columns + 0.5,
        height=0.7 + 2.1 * -(-len(rows) // columns),
        squeeze=False,
        sharey=True,
    )
    told = []
    for axis, row in zip(axes.flat, rows, strict=False):
        for one in row["trainings"]:
            colour = PALETTE[0] if one["living"][-1] else PALETTE[3]
            axis.plot(one["steps"], one["living"], color=colour, lw=1.6, marker="o", ms=3, alpha=0.8, clip_on=False)
        axis.set_title(row["name"], fontsize=10.5, color=INK)
        axis.set(xlabel="steps", ylim=(0, row["units"] + 0.5), xlim=(0, None))
        axis.set_yticks(range(0, row["units"] + 1, max(1, row["units"] // 4)))
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=4))
        ends = ", ".join(str(one["living"][-1]) for one in row["trainings"])
        told.append(f"{one_line(row['name'])}: {ends}.")
    for axis in axes.flat[len(rows) :]:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        axis.set_ylabel(f"living units, of {rows[0]['units']}")
    set_title(figure, title)
    describe(
        figure,
        "Living units of the hidden layer over the steps, a panel for each arm and a line for each seed; orange where "
        "none lives at the end. Living at the end, seed by seed:",
        sentences(told, letters=330),
    )
    return figure
