"""The stored studies of ``nano`` (six epochs, ablation, distillation, files) as tables, rows of plots and sentences."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from fer_utils import metrics
from fer_utils.reporting.text import percent
from fer_utils.studies import nano_against_paper

NANO, PAPER = nano_against_paper.NANO, nano_against_paper.PAPER
#: The stand-ins of the data sets, in words.
TITLES = {"ravdess": "RAVDESS, drawn", "savee": "SAVEE, drawn", "mead": "MEAD, drawn"}
#: What the ablation changed: the study's names for it, and the field's.
CHANGES: dict[str, str] = {
    "flatten in place of pooling": "flatten, no pooling",
    "mean in place of weighted pooling": "global average pooling",
    "full in place of separable convolutions": "full convolutions",
    "no normalisation": "no batch normalisation",
    "no residual blocks": "no residual connections",
    "pictures not bent": "no random augmentation",
    "pictures not mirrored": "no mirroring",
    "rate not falling": "constant learning rate",
    "the paper's network, this recipe": "ding2023, this recipe",
    "taught by the paper's network": "distilled from ding2023",
    "taught by a wide one": "distilled from a wider nano",
}
_PAPER_SO_TRAINED = "the paper's network, this recipe"
#: Above chance by less than this, a network is said to have learned nothing.
_LEARNED = 0.02
#: The file size that the design was given, in bytes: 64 kB.
MOST_BYTES = 64_000


def _shares(row: Mapping) -> dict[str, float]:
    """Person -> share of faces that are read."""
    return {person: right / asked for person, (right, asked) in row["by_actor"].items()}


def _ends(row: Mapping, digits: int = 1) -> str:
    return f"{100 * row['low']:+.{digits}f} to {100 * row['high']:+.{digits}f}"


def _points(row: Mapping) -> str:
    """Points with their interval; what rounds to zero has no minus."""
    value, low, high = (round(100 * row[end], 1) + 0.0 for end in ("value", "low", "high"))
    return f"{value:+.1f} points (95 % interval {low:+.1f} to {high:+.1f})"


def early_table(*answers: Mapping) -> pd.DataFrame:
    """Accuracy minus the paper's network's after a few epochs, with Student's 95 % interval over people, as text.

    Parameters
    ----------
    answers : of the studies ``nano`` and ``nano_savee``.
    """
    lines = []
    for answer in answers:
        share = {(row["name"], row["dataset"]): _shares(row) for row in answer["rows"]}
        for one in answer["differences"]:
            theirs, own = share[PAPER, one["dataset"]], share[one["name"], one["dataset"]]
            student = metrics.student_interval([own[person] - value for person, value in theirs.items()])
            lines.append(
                {
                    "stand-in": TITLES[one["dataset"]],
                    "network": one["name"],
                    "people": one["groups"],
                    "points": f"{100 * one['value']:+.1f}",
                    "95 % interval": _ends(student),
                }
            )
    return pd.DataFrame(lines)


def early_in_words(answer: Mapping, protocol: Mapping) -> str:
    """Whether the lead of a few epochs lasted until the trainings of the protocol ended."""
    early = next(one for one in answer["differences"] if (one["name"], one["dataset"]) == (NANO, "ravdess"))
    later = next(row for row in protocol["comparisons"] if (row["first"], row["second"]) == (NANO, PAPER))
    told = (
        f"On drawn RAVDESS the accuracy of `nano` minus that of the paper's network is {100 * early['value']:+.1f} "
        f"points after {answer['epochs']} epochs, and {100 * later['value']:+.1f} points under the protocol. "
    )
    if later["verdict"] == "no verdict":
        return told + "Not all trainings of the protocol have converged yet, so it has no verdict."
    lasted = "The lead lasted." if later["verdict"] == "higher" else "The lead did not last."
    return told + f"{lasted} Size of the picture and recipe differ between the two, so the reason is not shown."


def _tested(answer: Mapping) -> dict:
    """Change -> its comparison with ``nano``, person by person, corrected by Holm."""
    own = next(row for row in answer["rows"] if row["name"] == NANO)
    return metrics.compare_by_person({one["change"]: (_shares(one), _shares(own)) for one in answer["ablation"]})


def _ordered(answer: Mapping) -> list[Mapping]:
    return sorted(answer["ablation"], key=lambda one: one["against"]["value"])


def _learned(one: Mapping) -> bool:
    return one["accuracy"]["value"] >= one["chance"] + _LEARNED


def ablation_rows(answer: Mapping) -> dict[str, Mapping]:
    """Change -> difference from ``nano`` with its interval, of the networks that learned; the dearest change first."""
    return {CHANGES[one["change"]]: one["against"] for one in _ordered(answer) if _learned(one)}


def ablation_title(answer: Mapping) -> str:
    """The part of the network or of its recipe whose loss costs most, as the title of a figure."""
    own = [
        one
        for one in _ordered(answer)
        if _learned(one) and one["change"] != _PAPER_SO_TRAINED and not one["change"].startswith("taught")
    ]
    return f"After {answer['epochs']} epochs, {CHANGES[own[0]['change']]} costs {-100 * own[0]['against']['value']:.1f}"


def ablation_table(answer: Mapping) -> pd.DataFrame:
    """One line a change, the dearest first, as text; p after Holm's correction over all changes."""
    tested = _tested(answer)
    lines = []
    for one in _ordered(answer):
        p = tested[one["change"]]["p_holm"]
        lines.append(
            {
                "change": CHANGES[one["change"]],
                "parameters": f"{one['parameters']:,}",
                "accuracy": percent(one["accuracy"]["value"]),
                "points": f"{100 * one['against']['value']:+.1f}",
                "95 % interval": _ends(one["against"]),
                "p, Holm": "below 0.001" if p < 0.001 else f"{p:.3f}",
            }
        )
    return pd.DataFrame(lines)


def ablation_in_words(answer: Mapping, most_parameters: int) -> list[str]:
    """What the ablation shows, a sentence an idea: what is not told apart, what is ahead, what did not learn.

    Parameters
    ----------
    most_parameters : the budget, by which a better network may be forbidden.
    """
    tested, order, said = _tested(answer), _ordered(answer), []
    idle = [one for one in order if tested[one["change"]]["verdict"] == "not told apart"]
    if idle:
        names = "; ".join(CHANGES[one["change"]] for one in idle)
        least = min(one["against"]["low"] for one in idle)
        said.append(f"{len(idle)} of {len(order)} changes are not told apart from no change: {names}.")
        said.append(
            f"That is not the same as *no effect*: their intervals reach down to {100 * least:+.1f} points."
            if least < 0
            else "Their intervals lie above zero, but after the correction they are no findings."
        )
    for one in order:
        if tested[one["change"]]["verdict"] == "higher":
            beyond = f", more than the {most_parameters:,} of the budget" if one["parameters"] > most_parameters else ""
            said.append(
                f"**Ahead of `nano`**: {CHANGES[one['change']]}, by {100 * one['against']['value']:.1f} points, with "
                f"{one['parameters']:,} parameters{beyond}."
            )
    lost = [one for one in order if not _learned(one)]
    if lost:
        names = "; ".join(f"{CHANGES[one['change']]} ({percent(one['accuracy']['value'])})" for one in lost)
        said.append(f"Did not learn at this learning rate, and may at a lower one: {names}.")
    return said


def recipe_in_words(answer: Mapping) -> list[str]:
    """How much of the lead over the paper's network is the network, and how much is how it was trained."""
    people = {row["name"]: _shares(row) for row in answer["rows"]}
    changed = next(one for one in answer["ablation"] if one["change"] == _PAPER_SO_TRAINED)
    people[_PAPER_SO_TRAINED] = _shares(changed)

    def minus(one: str, other: str) -> str:
        theirs = people[other]
        return _points(metrics.average([people[one][who] - share for who, share in theirs.items()], list(theirs)))

    return [
        f"`nano` minus the paper's network: {minus(NANO, PAPER)}.",
        f"The paper's network with augmentation, mirroring and a falling rate, minus itself without: "
        f"{minus(_PAPER_SO_TRAINED, PAPER)}. It reads {percent(changed['train_accuracy'])} of its augmented training "
        "faces, so it may not have finished learning.",
        f"`nano` minus the paper's network trained in this way: {minus(NANO, _PAPER_SO_TRAINED)}.",
    ]


def distillation_rows(ablation: Mapping, lessons: Mapping) -> dict[str, Mapping]:
    """Teacher -> accuracy of the taught network minus that of ``nano`` alone, with its interval.

    Parameters
    ----------
    ablation, lessons : the answers of the studies ``nano_ablation`` and ``nano_taught``.
    """
    taught = {one["change"]: one["against"] for one in ablation["ablation"] if one["change"].startswith("taught")}
    return {
        "teacher: ding2023": taught["taught by the paper's network"],
        "teacher: a wider nano": taught["taught by a wide one"],
        "teacher: full convolutions": lessons["taught"],
    }


def distillation_in_words(ablation: Mapping, lessons: Mapping) -> list[str]:
    """Which of the stored teachers is shown to help or to harm, and how far the last one was ahead of its student."""
    rows = distillation_rows(ablation, lessons)
    helped = [name.removeprefix("teacher: ") for name, one in rows.items() if one["low"] > 0]
    harmed = [name.removeprefix("teacher: ") for name, one in rows.items() if one["high"] < 0]
    before = next(one["against"] for one in ablation["ablation"] if CHANGES[one["change"]] == "full convolutions")
    said = [
        f"Shown to help: {', '.join(helped)}." if helped else f"None of {len(rows)} teachers is shown to help.",
    ]
    if harmed:
        said.append(f"Shown to harm: {', '.join(harmed)}.")
    said.append(
        f"The teacher with full convolutions was chosen because it was ahead of `nano` in the ablation, by "
        f"{_points(before)}. Trained anew for this lesson, it is ahead by {_points(lessons['teacher'])}."
    )
    if lessons["teacher"]["value"] < before["value"]:
        said.append(
            "The best row of a table is partly the best by chance, so it tends to do worse when it is tried again "
            "(regression to the mean)."
        )
    return said


def lesson_in_words(alone: float, taught: float, teacher: float, apart: Mapping) -> str:
    """What one live distillation says: accuracies on unseen faces, and the paired difference over people.

    Parameters
    ----------
    alone, taught, teacher : accuracies, 0 to 1.
    apart : of `fer_utils.metrics.paired_difference`, taught minus alone.
    """
    said = (
        f"On faces of unseen people the teacher is right for {percent(teacher)}, the student alone for "
        f"{percent(alone)}, and the taught student for {percent(taught)}. "
    )
    if apart.get("low") is None:
        return said + "One person tests here, so the difference has no interval."
    said += f"Taught minus alone: {_points(apart)}, over {apart['groups']} people. "
    if apart["low"] > 0:
        said += "Here the lesson helped. "
    elif apart["high"] < 0:
        said += "Here the lesson did harm. "
    else:
        said += "Here the two are not told apart. "
    return said + "One split and one seed are no verdict, in either direction."


def files_table(answer: Mapping) -> pd.DataFrame:
    """The files of the study ``nano``: one line a network and number format, as text.

    Parameters
    ----------
    answer : of the study ``nano``, with ``weights``.
    """
    lines = [
        {
            "network": name,
            "numbers": kind,
            "kB": f"{file['bytes'] / 1000:,.1f}",
            "bytes a parameter": f"{file['bytes'] / one['parameters']:.2f}",
            "same label as Keras": percent(file["unseen_agreement"]),
        }
        for name, one in answer["weights"].items()
        for kind, file in one["files"].items()
    ]
    return pd.DataFrame(lines)


def files_in_words(answer: Mapping, most_bytes: int = MOST_BYTES) -> list[str]:
    """Whether ``nano`` in 8 bits keeps its size limit, and what an integer costs in a small file."""
    own = answer["weights"][NANO]
    file = own["files"]["int8"]
    within = "within" if file["bytes"] <= most_bytes else "above"
    said = [f"`nano` in 8 bits takes **{file['bytes'] / 1000:.1f} kB**, {within} the limit."]
    each = file["bytes"] / own["parameters"]
    if each > 1.1:
        said.append(
            f"An 8-bit integer is one byte, and the file has {each:.1f} bytes a parameter: scales, zero points and the "
            "graph take the rest, and the smaller the network, the larger their share."
        )
    other = 1 - file["unseen_agreement"]
    said.append(
        f"It gives another label than the float network on {percent(other)} of the faces of unseen people. Whether it "
        "reads more or fewer of them, only a test of the file itself says."
    )
    return said
