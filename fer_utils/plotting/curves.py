"""Curves over the epochs of a training, and confidence against accuracy; see `fer_utils.plotting`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
import numpy as np

from fer_utils.core.errors import invalid
from fer_utils.plotting.descriptions import number_text, one_line, sentences
from fer_utils.plotting.style import INK, PALETTE, describe, set_title, subplots


def training_curves(results: Mapping[str, object], *, title: str) -> Figure:
    """Accuracy and loss over the epochs, training dashed and test solid, one colour for each result.

    ``results`` maps a name to a `fer_utils.experiments.Result`, or to anything with its ``history`` and ``metrics``.
    """
    figure, axes = subplots(1, 2, width=8.0, height=3.4)
    for number, (name, result) in enumerate(results.items()):
        colour = PALETTE[number % len(PALETTE)]
        for axis, quantity in zip(axes, ("accuracy", "loss"), strict=True):
            epochs = np.arange(1, len(result.history[quantity]) + 1)
            axis.plot(epochs, result.history[quantity], "--", color=colour, lw=1.4, label=f"{name}: training")
            axis.plot(epochs, result.history[f"test_{quantity}"], "-", color=colour, lw=2, label=f"{name}: test")
    axes[0].set(xlabel="epoch", ylabel="accuracy", ylim=(0, 1.02))
    axes[0].yaxis.set_major_formatter(PercentFormatter(1))
    axes[1].set(xlabel="epoch", ylabel="loss (cross-entropy, nats)")
    axes[1].set_ylim(bottom=0)
    for axis in axes:
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    chance = max(result.metrics["chance"] for result in results.values())
    axes[0].axhline(chance, color=INK, lw=0.8, ls=":")
    axes[0].annotate(
        "always the commonest label",
        (1, chance),
        (-4, -4),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        fontsize=8.5,
        color=INK,
        ha="right",
        va="top",
    )
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=min(4, len(names)), labelcolor=INK, frameon=False)
    set_title(figure, title)
    describe(
        figure,
        "Two panels over the epochs, accuracy and loss; training dashed, test solid.",
        sentences([_last_epoch(name, [result.history]) for name, result in results.items()]),
        f"Dotted: always the commonest label, {number_text(chance, True)}.",
    )
    return figure


def repeated_training_curves(
    panels: Mapping[str, Sequence[Mapping[str, Sequence[float]]]],
    *,
    title: str,
    quantities: Sequence[str] = ("accuracy", "loss"),
) -> Figure:
    """Curves over the epochs of trainings that were repeated, a panel for each kind.

    Thin lines are single trainings, thick ones their mean; training dashed, test solid.

    Parameters
    ----------
    panels : name to histories, each with ``accuracy``, ``test_accuracy``, ``loss``, ``test_loss`` (one number for each
        epoch).
    quantities : ``"accuracy"``, ``"loss"`` or both: a row of panels for each, in one scale.

    Raises
    ------
    FerError : no panel, or one without a history.
    """
    if not panels or any(not histories for histories in panels.values()):
        raise invalid(
            "panels",
            expected="at least one panel, each with at least one history",
            received={name: len(histories) for name, histories in panels.items()},
        )
    figure, axes = subplots(
        len(quantities),
        len(panels),
        width=max(4.2, 2.9 * len(panels)),
        height=0.9 + 2.3 * len(quantities),
        squeeze=False,
        sharey="row",
    )
    for column, (name, histories) in enumerate(panels.items()):
        for axis, quantity in zip(axes[:, column], quantities, strict=True):
            _single_and_mean(axis, histories, quantity, "--", PALETTE[0], "learned from (dropout on)")
            _single_and_mean(axis, histories, f"test_{quantity}", "-", PALETTE[3], "test")
            axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
            if quantity == "accuracy":
                axis.set_ylim(0, 1.02)
                axis.yaxis.set_major_formatter(PercentFormatter(1))
            axis.set_title(name, fontsize=10.5, color=INK)  # on each: on a telephone the panels stand in another order
        axes[-1, column].set_xlabel("epoch")
    for axis, quantity in zip(axes[:, 0], quantities, strict=True):
        axis.set_ylabel({"accuracy": "accuracy", "loss": "loss (nats)"}[quantity])
        if quantity == "loss":
            axis.set_ylim(bottom=0)  # when all panels are drawn: it ends the search for the top
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2, labelcolor=INK, frameon=False)
    set_title(figure, title)
    describe(
        figure,
        f"{' and '.join(quantities).capitalize()} over the epochs, training dashed, test solid; panels: {len(panels)}.",
        sentences([_last_epoch(name, histories, quantities) for name, histories in panels.items()]),
    )
    return figure


def _last_epoch(
    name: str, histories: Sequence[Mapping[str, Sequence[float]]], quantities: Sequence[str] = ("accuracy", "loss")
) -> str:
    """Where curves end, in a sentence, and where the test's loss was lowest; of several trainings the mean."""
    ends = []
    for quantity in quantities:
        percent = quantity == "accuracy"
        learned, test = (np.mean([one[key] for one in histories], axis=0) for key in (quantity, f"test_{quantity}"))
        at_last = [number_text(values[-1], percent) for values in (learned, test)]
        words = f"{quantity} ends at {at_last[0]} in training, {at_last[1]} in the test"
        if not percent and np.isfinite(test).any() and (lowest := int(np.nanargmin(test))) < len(test) - 1:
            words += f", where it was lowest in epoch {lowest + 1}, {number_text(test[lowest])}"
        ends.append(words)
    mean = f", mean of {len(histories)}" if len(histories) > 1 else ""
    epochs = len(histories[0][quantities[0]])
    return f"{one_line(name)}, {epochs} epoch{'s' * (epochs != 1)}{mean}: {'; '.join(ends)}."


def _single_and_mean(axis, histories, key: str, line_style: str, colour: str, label: str) -> None:
    values = np.array([history[key] for history in histories], float)
    epochs = np.arange(1, values.shape[1] + 1)
    axis.plot(epochs, values.T, line_style, color=colour, lw=0.8, alpha=0.45)
    axis.plot(epochs, values.mean(axis=0), line_style, color=colour, lw=2.2, label=label)


def reliability_diagrams(calibrations: Mapping[str, Mapping], *, title: str) -> Figure:
    """Confidence against accuracy, a panel for each calibration; the larger a point, the more rows lie in its bin.

    ``calibrations`` maps a name to what `fer_utils.metrics.calibration` returns.
    """
    figure, axes = subplots(
        1, len(calibrations), width=3.9 * len(calibrations) + 0.3, height=4.5, squeeze=False, sharey=True
    )
    figure.get_layout_engine().set(wspace=0.08)
    for axis, (name, calibration) in zip(axes[0], calibrations.items(), strict=True):
        confidence, accuracy, rows = (
            np.array([one_bin[key] for one_bin in calibration["bins"]], float)
            for key in ("confidence", "accuracy", "n")
        )
        below, above = np.minimum(confidence, accuracy), np.maximum(confidence, accuracy)
        axis.plot([0, 1], [0, 1], color=INK, lw=1, ls=":")
        axis.vlines(confidence, below, above, color=PALETTE[3], lw=5, alpha=0.35)
        axis.plot(confidence, accuracy, color=PALETTE[0], lw=1.4)
        axis.scatter(confidence, accuracy, s=12 + 260 * rows / rows.sum(), color=PALETTE[0], zorder=3, clip_on=False)
        axis.set(
            xlim=(0, 1.02),
            ylim=(0, 1.02),
            xlabel="how sure: the largest score",
            xticks=np.linspace(0, 1, 6),
            yticks=np.linspace(0, 1, 6),
        )
        axis.set_box_aspect(1)
        for side in (axis.xaxis, axis.yaxis):
            side.set_major_formatter(PercentFormatter(1, decimals=0))
        error = 100 * calibration["error"]["value"]
        axis.set_title(f"{name}\ncalibration error: {error:.1f} points", fontsize=10.5, color=INK)
    axes[0, 0].set_ylabel("how often right")
    set_title(figure, title)
    told = []
    for name, calibration in calibrations.items():
        surest = max(calibration["bins"], key=lambda one_bin: one_bin["confidence"])
        error = number_text(round(100 * calibration["error"]["value"], 1))
        where = f"where it is {number_text(surest['confidence'], True)} sure"
        told.append(
            f"{one_line(name)}: calibration error {error} points; {where} it is right in "
            f"{number_text(surest['accuracy'], True)}."
        )
    describe(
        figure,
        "How sure the network is, to the right, and how often it is right, upwards; on the diagonal both are equal.",
        sentences(told),
    )
    return figure
