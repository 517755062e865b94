"""The stored studies of ``nano`` (six epochs, distillation, files) as tables, rows of plots and sentences."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from fer_utils import metrics
from fer_utils.reporting.text import percent
from fer_utils.studies import nano_against_paper

NANO, PAPER = nano_against_paper.NANO, nano_against_paper.PAPER
#: The stand-ins of the data sets, in words.
TITLES = {"ravdess": "RAVDESS, drawn", "savee": "SAVEE, drawn", "mead": "MEAD, drawn"}
#: The change of the study ``nano_ablation`` whose network was taken for a teacher.
_FULL = "full in place of separable convolutions"
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
    before = next(one["against"] for one in ablation["ablation"] if one["change"] == _FULL)
    said = [
        f"Shown to help: {', '.join(helped)}." if helped else f"None of {len(rows)} teachers is shown to help.",
    ]
    if harmed:
        said.append(f"Shown to harm: {', '.join(harmed)}.")
    said.append(
        f"The teacher with full convolutions was chosen because it was ahead of `nano` in an ablation of six epochs, "
        f"by {_points(before)}. Trained anew for this lesson, it is ahead by {_points(lessons['teacher'])}"
        f"{'' if lessons['teacher']['low'] > 1e-9 else ', and the interval is no longer wholly above 0'}."
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
