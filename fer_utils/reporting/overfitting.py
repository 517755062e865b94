"""Chapter 5's studies in sentences; which sentence holds, the numbers decide."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fer_utils import metrics
from fer_utils.core.errors import invalid
from fer_utils.reporting.text import percent, with_interval


def fit_verdict(history: Mapping) -> str:
    """What a Keras history with validation shows: overfitting, or not yet."""
    losses = history["val_loss"]
    lowest = int(np.argmin(losses))
    gap = history["accuracy"][-1] - history["val_accuracy"][-1]
    ends = (
        f"After {len(losses)} epochs the network reads {percent(history['accuracy'][-1])} of the faces that it learned "
        f"from and {percent(history['val_accuracy'][-1])} of the validation faces, a gap of {100 * gap:.0f} points."
    )
    if losses[-1] > 1.05 * losses[lowest]:
        better = history["val_accuracy"][-1] > history["val_accuracy"][lowest]
        beside = ", although more validation faces are read right than in that epoch" if better else ""
        return (
            f"{ends} The validation loss was lowest in epoch {lowest + 1}, {losses[lowest]:.2f}, and ends at "
            f"{losses[-1]:.2f}. **That is overfitting**: the network becomes more certain of its mistakes{beside}."
        )
    return f"{ends} The validation loss has not risen yet: so few epochs show no overfitting."


def stop_verdict(stopped: tuple[float, float], last: tuple[float, float]) -> str:
    """What going back to an earlier epoch does to the strangers; each (loss, accuracy), of that epoch and the last."""
    if stopped == last:
        return "The last epoch has the lowest validation loss, so there is nothing to go back to."
    calmer, better = stopped[0] < last[0], stopped[1] >= last[1]
    if calmer and better:
        return "At the earlier epoch the strangers' loss is lower, and no fewer of their labels are right."
    if calmer:
        return (
            "Look at both numbers. At the earlier epoch the strangers' loss is lower, **but fewer labels are right**. "
            "The later weights find more labels, and are much too certain where they are wrong. So monitor what you "
            "need: `val_loss` where the scores are used, `val_accuracy` where only the label counts."
        )
    if better:
        return "Here the earlier epoch has no lower loss for strangers, though no fewer of their labels are right."
    return "Here the earlier epoch is no better for strangers: the network was still learning what they have in common."


def tools_verdict(answer: Mapping) -> str:
    """Which tools of the study ``overfitting_tools`` help strangers, beyond what the choice of people may do."""
    by_verdict: dict[str, list[str]] = {"higher": [], "lower": [], "not told apart": []}
    for one in answer["comparisons"]:
        by_verdict[one["verdict"]].append(f"{one['tool']} ({_p(one)})")
    said = []
    if by_verdict["higher"]:
        said.append(f"**Shown to help strangers**: {', '.join(by_verdict['higher'])}.")
    else:
        said.append("**No tool is shown to help strangers.**")
    if by_verdict["lower"]:
        said.append(f"Shown to hurt: {', '.join(by_verdict['lower'])}.")
    if by_verdict["not told apart"]:
        said.append(f"Not told apart from no tool: {', '.join(by_verdict['not told apart'])}.")
    return " ".join(said)


def losses_verdict(answer: Mapping) -> str:
    """By how much tools of ``overfitting_tools`` lower the strangers' loss: intervals over trainings, not corrected."""
    plain = next(row for row in answer["rows"] if row["tool"] == "none")
    lower = [
        f"{one['tool']} ({one['value']:+.2f}, {one['low']:+.2f} to {one['high']:+.2f})"
        for one in answer["loss_comparisons"]
        if one["high"] is not None and one["high"] < 0
    ]
    words = f"Without a tool the strangers' loss ends at {plain['loss']:.2f}."
    if not lower:
        return f"{words} With no tool is the whole interval below zero, in {plain['trainings']} pairs of trainings."
    return (
        f"{words} **It is lower with** {', '.join(lower)}. The intervals are over {plain['trainings']} pairs of "
        "trainings. They are not corrected for the number of tools, so they are descriptive only."
    )


def steps_verdict(answer: Mapping) -> str:
    """Whether every tool of ``overfitting_tools`` had steps enough; those that had not are named."""
    short = [row["tool"] for row in answer["rows"] if not row["enough_steps"]]
    plain = next(row for row in answer["rows"] if row["tool"] == "none")
    known = f"Without a tool the network knows {percent(plain['train_accuracy'])} of its training faces at the end."
    if not short:
        return f"{known} So does, or nearly, the network with each tool, and no validation loss is still falling."
    return (
        f"{known} Not finished by then: **{', '.join(short)}**. These networks know fewer than nine tenths of their "
        "training faces, or their validation loss still falls. More steps might change their numbers."
    )


def stopping_verdict(answer: Mapping) -> str:
    """What early stopping does to the strangers' loss and to their accuracy."""
    rows = {row["tool"]: row for row in answer["rows"]}
    plain, stopped = rows["none"], rows["early stopping"]
    (change,) = (one for one in answer["comparisons"] if one["tool"] == "early stopping")
    moral = {
        "higher": "It helps both.",
        "lower": "So it lowers both the loss and the accuracy: the lowest loss and the highest accuracy need not be at "
        "the same step.",
        "not told apart": "The loss becomes lower; for the accuracy no change is shown.",
    }[change["verdict"]]
    if stopped["loss"] >= plain["loss"]:
        helped = change["verdict"] == "higher"
        moral = "Here it helps the accuracy, but not the loss." if helped else "Here it helps neither."
    return (
        f"Early stopping kept the weights of step {stopped['best_step']:,.0f} (median) of {answer['steps']:,}. The "
        f"strangers' loss is {stopped['loss']:.2f} there, and {plain['loss']:.2f} at the end. Their accuracy changes "
        f"by {_points(change)}. {moral}"
    )


def people_verdict(answer: Mapping) -> str:
    """What more people bring, and what as many pictures of fewer people bring."""
    more = answer["rows"]["more people"]
    first, last = more[0], more[-1]
    return (
        f"From {first['people']} to {last['people']} people the accuracy on strangers goes from "
        f"{percent(first['accuracy']['value'])} to {with_interval(last['accuracy'], unit='stranger')}. "
        f"The network of {last['people']} people knows {percent(last['train_accuracy'])} of its training faces, that "
        f"of {first['people']} people {percent(first['train_accuracy'])}: the gap closes from both sides."
    )


def pictures_verdict(answer: Mapping) -> str:
    """What more pictures of the same people bring, and what more people at the same number of pictures."""
    few, points = answer["rows"]["more people"][0], answer["rows"]["as many pictures"]
    first, last = points[0], points[-1]
    pictures, people = (
        metrics.student_interval([after["by_person"][name] - one for name, one in before["by_person"].items()])
        for before, after in ((few, first), (first, last))
    )
    words = (
        f"With {first['pictures']:,} pictures instead of {few['pictures']:,}, the same {first['people']} people give "
        f"{_ends(pictures, 'strangers')}. With {first['pictures']:,} pictures each, "
        f"{last['people']} people instead of {first['people']} give {_ends(people, 'strangers')}."
    )
    if people["low"] is not None and float(people["low"]) > 0:  # type: ignore[arg-type]
        more = float(people["value"]) > float(pictures["value"])  # type: ignore[arg-type]
        most = "the people help more" if more else "the pictures help more"
        return f"{words} **Both help, and {most}.**"
    if people["high"] is not None and float(people["high"]) < 0:  # type: ignore[arg-type]
        return f"{words} **Here more pictures of each person help more than more people.**"
    return f"{words} **What more people bring beyond their pictures is not shown.**"


def seed_differences(answer: Mapping) -> dict[str, object]:
    """The paper's modification seed by seed, from ``paper_figures``: after minus before, with Student's interval.

    Both trainings of a seed have the same pictures to learn from and to be tested on.  Returns what
    `fer_utils.metrics.student_interval` gives, over seeds, and ``differences``.

    Raises
    ------
    FerError : the panels before and after are not there with the same seeds.
    """
    panels = {panel["name"]: panel for panel in answer["panels"]}
    before, after = panels.get("SAVEE before"), panels.get("SAVEE after")
    if before is None or after is None or before["seeds"] != after["seeds"]:
        raise invalid(
            "answer", expected="the panels 'SAVEE before' and 'SAVEE after' with the same seeds", received=list(panels)
        )
    differences = [two - one for one, two in zip(before["accuracies"], after["accuracies"], strict=True)]
    return {**metrics.student_interval(differences), "differences": differences}


def modification_verdict(answer: Mapping) -> str:
    """Whether the paper's modification helps, by the seeds."""
    found = seed_differences(answer)
    change = answer["modification"]
    each = ", ".join(f"{100 * one:+.1f}" for one in found["differences"])  # type: ignore[attr-defined]
    words = (
        f"The gap between training and test goes from {100 * change['gap_before']:+.1f} to "
        f"{100 * change['gap_after']:+.1f} points. Test accuracy changes by {each} points, seed by seed; on average "
        f"{_ends(found, 'seeds')}."
    )
    if found["low"] is None:
        return f"{words} One seed has no interval, and shows nothing."
    if float(found["low"]) > 0:  # type: ignore[arg-type]
        return f"{words} **The modification helps here.**"
    if float(found["high"]) < 0:  # type: ignore[arg-type]
        return f"{words} **The modification hurts here.**"
    return f"{words} **So few seeds do not show that it helps.**"


def sweep_verdict(answer: Mapping) -> str:
    """Why the sweep of ``regularization`` says nothing about much dropout: those cells have not learned yet."""
    by_rate: dict[float, list[Mapping]] = {}
    for cell in answer["cells"]:
        by_rate.setdefault(cell["dropout"], []).append(cell)
    low, high = (
        {
            "rate": rate,
            "known": float(np.mean([cell["train_accuracy"] for cell in by_rate[rate]])),
            "strangers": float(np.mean([cell["accuracy"]["value"] for cell in by_rate[rate]])),
        }
        for rate in (min(by_rate), max(by_rate))
    )
    words = (
        f"With dropout {low['rate']:g} the network reads {percent(low['known'])} of its training faces and "
        f"{percent(low['strangers'])} of the strangers' faces; with dropout {high['rate']:g} it reads "
        f"{percent(high['known'])} and {percent(high['strangers'])}."
    )
    if high["known"] < 0.8 * low["known"]:
        return (
            f"{words} The training faces are read with dropout on, so the second gap looks smaller than it is; and "
            "strangers are read less well, too: that network has **learned less**. A comparison of rates needs "
            "trainings that are long enough for the slowest."
        )
    return f"{words} Both have learned about as much, so their strangers can be compared."


def choice_verdict(answer: Mapping) -> str:
    """What a choice on the test flatters, in the sweep of ``regularization``."""
    choice = answer["choice"]
    return (
        f"Chosen on the test people themselves, the best of {len(answer['cells'])} cells scores "
        f"{percent(choice['on_test'])} there. Chosen on other people, it scores {percent(choice['on_validation'])}. "
        f"The difference is the choice alone: **{100 * choice['flattery']:.1f} points** on average, and "
        f"{100 * choice['low']:.1f} to {100 * choice['high']:.1f} in the middle 95 % of {choice['halves']:,} divisions."
    )


def men_accuracies(answer: Mapping) -> dict[str, object]:
    """Of each man of ``nano_savee`` the accuracy of the paper's network that never saw him, and the mean of all.

    Each man's number is a mean over seeds; the mean has Student's interval over the men.
    """
    row = next(one for one in answer["rows"] if one["name"] == "ding2023")
    men = {name: right / every for name, (right, every) in row["by_actor"].items()}
    return {**men, "mean": metrics.student_interval(list(men.values()))}


def _points(one: Mapping) -> str:
    return f"{_ends(one)}, {_p(one)} after Holm"


def _p(one: Mapping) -> str:
    return "p below 0.001" if one["p_holm"] < 0.001 else f"p = {one['p_holm']:.3f}"


def _ends(one: Mapping, unit: str = "people") -> str:
    if one["low"] is None:
        return f"{100 * one['value']:+.1f} points"
    return (
        f"{100 * one['value']:+.1f} points (95 % interval {100 * one['low']:+.1f} to {100 * one['high']:+.1f} over "
        f"{one['groups']} {unit})"
    )
