"""Figures of overfitting and of what is done against it: they take a training's history or a study's answer.

Titles are made from the data, so that a figure never claims what it does not show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator, PercentFormatter, ScalarFormatter
import numpy as np
import pandas as pd

from fer_utils.core.errors import invalid
from fer_utils.plotting.comparisons import dot_plot
from fer_utils.plotting.descriptions import number_text, one_line, sentences, with_bounds
from fer_utils.plotting.heat_maps import heatmaps
from fer_utils.plotting.style import INK, PALETTE, describe, set_title, subplots

#: By how much a loss has to be above its lowest value before it is called risen: a twentieth.
_RISEN = 1.05


def fit_curves(histories: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Accuracy and loss over the epochs of Keras trainings, the lowest validation loss marked.

    ``histories`` maps a name to ``network.fit(...).history`` with ``accuracy``, ``loss``, ``val_accuracy`` and
    ``val_loss``; one or two of them.  A ``FerError`` for none or more.
    """
    if not 1 <= len(histories) <= 2:
        raise invalid("histories", expected="one or two trainings", received=list(histories))
    figure, axes = subplots(1, 2, width=8.0, height=3.5)
    for number, (name, history) in enumerate(histories.items()):
        colour = PALETTE[3 * number]
        for axis, quantity in zip(axes, ("accuracy", "loss"), strict=True):
            learned, validation = history[quantity], history[f"val_{quantity}"]
            epochs = np.arange(1, len(learned) + 1)
            axis.plot(epochs, learned, "--", color=colour, lw=1.5, label=f"{name}: training")
            axis.plot(epochs, validation, "-", color=colour, lw=2.2, label=f"{name}: validation")
        lowest = int(np.argmin(history["val_loss"]))
        axes[1].plot(lowest + 1, history["val_loss"][lowest], "o", color=colour, ms=8)
    axes[0].set(xlabel="epoch", ylabel="accuracy", ylim=(0, 1.02))
    axes[0].yaxis.set_major_formatter(PercentFormatter(1))
    axes[1].set(xlabel="epoch", ylabel="loss (nats)")
    axes[1].set_ylim(bottom=0)
    for axis in axes:
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2, labelcolor=INK, frameon=False)
    set_title(figure, _title_of_fit(histories))
    told = []
    for name, history in histories.items():
        lowest = int(np.argmin(history["val_loss"]))
        at_last = [
            number_text(history[key][-1], "accuracy" in key) for key in ("accuracy", "val_accuracy", "loss", "val_loss")
        ]
        told.append(
            f"{one_line(name)}, {len(history['loss'])} epochs: accuracy ends at {at_last[0]} in training, {at_last[1]} "
            f"in validation; loss at {at_last[2]} and {at_last[3]}; the validation loss is lowest in epoch "
            f"{lowest + 1}, {number_text(history['val_loss'][lowest])}."
        )
    describe(figure, "Two panels over the epochs; training dashed, validation solid.", sentences(told))
    return figure


def _title_of_fit(histories: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    gaps = {name: history["val_loss"][-1] - history["loss"][-1] for name, history in histories.items()}
    first, *other = histories
    if not other:
        validation = histories[first]["val_loss"]
        lowest = int(np.argmin(validation))
        if validation[-1] > _RISEN * validation[lowest]:
            return f"From epoch {lowest + 1} on only the training loss falls"
        return "So far the validation loss has not risen"
    closer = "closer together" if gaps[other[0]] < gaps[first] else "no closer together"
    return f"With {other[0]} the two losses end {closer}"


def tool_curves(answer: Mapping, quantity: str = "loss") -> Figure:
    """A panel for each tool of the study ``overfitting_tools``: training, validation and strangers over the steps.

    ``quantity`` is *loss* or *accuracy*.  The curves of training without a tool are drawn thin in every panel.  The
    title names the best, and every tool that ends within 0.05 of its loss, or half a point of its accuracy.
    """
    if quantity not in ("loss", "accuracy"):
        raise invalid("quantity", expected="'loss' or 'accuracy'", received=quantity)
    rows = {row["tool"]: row for row in answer["rows"] if row["tool"] != "early stopping"}
    plain = rows["none"]
    columns = min(3, len(rows))
    lines = -(-len(rows) // columns)
    figure, axes = subplots(
        lines, columns, width=2.75 * columns, height=0.9 + 2.2 * lines, squeeze=False, sharex=True, sharey=True
    )
    looks = {"train": ("--", 0, "learned from"), "validation": (":", 2, "validation"), "test": ("-", 3, "strangers")}
    for axis, (tool, row) in zip(axes.flat, rows.items(), strict=False):
        for name, (style, colour, label) in looks.items():
            if tool != "none" and name != "validation":
                axis.plot(plain["checks"], plain["curves"][name][quantity], style, color=PALETTE[6], lw=1)
            axis.plot(row["checks"], row["curves"][name][quantity], style, color=PALETTE[colour], lw=2, label=label)
        axis.set_title("no tool" if tool == "none" else tool, fontsize=10.5, color=INK)
        axis.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    for unused in list(axes.flat)[len(rows) :]:
        unused.set_axis_off()
    for axis in axes[-1]:
        axis.set_xlabel("steps")
    for axis in axes[:, 0]:
        axis.set_ylabel("loss (nats)" if quantity == "loss" else "accuracy")
        if quantity == "accuracy":
            axis.yaxis.set_major_formatter(PercentFormatter(1))
            axis.set_ylim(0, 1.02)
        else:
            axis.set_ylim(bottom=0)
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=3, labelcolor=INK, frameon=False)
    ends = {tool: row["curves"]["test"][quantity][-1] for tool, row in rows.items()}
    percent = quantity == "accuracy"
    best = (max if percent else min)(ends.values())
    near = 0.005 if percent else 0.05
    word = "highest accuracy" if percent else "lowest loss"
    leading = ["no tool" if tool == "none" else tool for tool, end in ends.items() if abs(end - best) <= near]
    set_title(figure, f"Strangers end with the {word}: {', '.join(leading)}")
    told = [
        f"{one_line(tool)}: {number_text(row['curves']['train'][quantity][-1], percent)} and "
        f"{number_text(ends[tool], percent)}."
        for tool, row in rows.items()
    ]
    describe(
        figure,
        f"{len(rows)} panels, {quantity} over {plain['checks'][-1]:,} steps, with the curves of no tool in grey. At "
        "the end, on the faces learned from and on strangers:",
        sentences(told, letters=340),
    )
    return figure


def tool_differences(answer: Mapping) -> Figure:
    """What each tool of the study ``overfitting_tools`` changes for strangers, with intervals over people."""
    rows = {one["tool"]: {"change": one} for one in answer["comparisons"]}
    ends = [one[end] for one in answer["comparisons"] for end in ("low", "high")]
    shown = [one["tool"] for one in answer["comparisons"] if one["verdict"] == "higher"]
    title = f"Shown to help strangers: {', '.join(shown)}" if shown else "No tool is shown to help strangers"
    figure = dot_plot(
        rows,
        title=title,
        xlabel="accuracy of strangers, change from no tool (points)",
        reference_lines={"no tool": 0.0},
        xlim=(min(-0.05, min(ends) - 0.02), max(0.05, max(ends) + 0.05)),
        differences=True,
    )
    describe(figure, figure.description, f"{title}.")
    return figure


def people_curves(answer: Mapping) -> Figure:
    """Accuracy against the number of people, from the study ``number_of_people``, on a logarithmic axis.

    Bands are intervals over the strangers who are asked, small dots single seeds, dashed lines the faces that were
    learned from.
    """
    figure, axis = subplots(width=7.2, height=4.2)
    told, rises = [], {}
    for number, (row, points) in enumerate(answer["rows"].items()):
        colour, marker = PALETTE[3 * number], "os^"[number]
        people = [point["people"] for point in points]
        values = [point["accuracy"]["value"] for point in points]
        axis.fill_between(
            people,
            [point["accuracy"]["low"] for point in points],
            [point["accuracy"]["high"] for point in points],
            color=colour,
            alpha=0.18,
            lw=0,
        )
        axis.plot(people, values, f"{marker}-", color=colour, lw=2.2, ms=6, label=f"strangers: {row}")
        axis.plot(
            people,
            [point["train_accuracy"] for point in points],
            "--",
            color=colour,
            lw=1.3,
            label=f"learned from: {row}",
        )
        for point in points:
            axis.plot([point["people"]] * len(point["accuracies"]), point["accuracies"], ".", color=colour, ms=4)
        rises[row] = 100 * (values[-1] - values[0])
        ends = [
            f"{point['people']} people, {point['pictures']:,} pictures: "
            f"{with_bounds(point['accuracy'], lambda share: number_text(share, True))}"
            for point in (points[0], points[-1])
        ]
        told.append(f"{one_line(row)}: {ends[0]}; {ends[1]}.")
    ticks = sorted({point["people"] for points in answer["rows"].values() for point in points})
    axis.set_xscale("log", base=2)
    axis.xaxis.set_major_locator(FixedLocator(ticks))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(ScalarFormatter())
    axis.set(xlabel="people learned from (logarithmic)", ylabel="accuracy", ylim=(0, 1.02))
    axis.yaxis.set_major_formatter(PercentFormatter(1))
    chance = 1 / len(answer["labels"])
    axis.axhline(chance, color=INK, lw=0.9, ls=":")
    axis.annotate("chance", (ticks[0], chance), (0, -4), textcoords="offset points", fontsize=8.5, va="top", color=INK)
    handles, names = axis.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2, labelcolor=INK, frameon=False)
    first = next(iter(rises))
    grown = f"From {ticks[0]} to {answer['rows'][first][-1]['people']} people, strangers gain {rises[first]:.0f} points"
    set_title(figure, grown if rises[first] > 0 else "More people do not help strangers here")
    describe(figure, "Accuracy of strangers against people.", sentences(told), f"Chance: {number_text(chance, True)}.")
    return figure


def sweep_maps(answer: Mapping) -> Figure:
    """Two heat maps of the study ``regularization``: how much was learned, and how strangers are read."""
    cells = answer["cells"]
    strengths = [f"{strength:g}" for strength in answer["strengths"]]
    tables = {}
    for title, value in (
        ("faces learned from, % (dropout on)", lambda cell: cell["train_accuracy"]),
        ("unseen people, %", lambda cell: cell["accuracy"]["value"]),
    ):
        values = {(f"{cell['dropout']:g}", f"{cell['l1']:g}"): value(cell) for cell in cells}
        rows = [f"{rate:g}" for rate in answer["dropouts"]]
        tables[title] = pd.DataFrame([[values[rate, one] for one in strengths] for rate in rows], rows, strengths)
    least = min(cells, key=lambda cell: cell["train_accuracy"])["train_accuracy"]
    figure = heatmaps(
        tables,
        title=f"After {answer['epochs']} epochs some cells know only {100 * least:.0f} % of their training faces",
        xlabel="L1",
        ylabel="dropout",
        percent=True,
        show_zeros=True,
        vmax=1.0,
        cell_size=0.62,
    )
    describe(figure, figure.description, f"{answer['epochs']} epochs.")
    return figure
