"""The answer of the study ``design_ablation`` as tables, rows of plots and sentences for readers."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from fer_utils.reporting.text import percent

#: The rows in which nothing is changed but the seed, in the order of the answer's ``seeds``.
SEEDS = ("no change, second seed", "no change, third seed")


def _judged(answer: Mapping) -> list[Mapping]:
    """The changes whose trainings have all converged, the costliest first."""
    rows = [row for row in answer["rows"] if row["all_converged"]]
    return sorted(rows, key=lambda row: answer["comparisons"][row["name"]]["value"])


def _p(one: Mapping) -> str:
    if one["verdict"] == "no verdict":
        return "no verdict"
    return "below 0.001" if one["p_holm"] < 0.001 else f"{one['p_holm']:.3f}"


def _ends(one: Mapping) -> str:
    return f"{100 * one['low']:+.1f} to {100 * one['high']:+.1f}"


def difference_rows(answer: Mapping) -> dict[str, Mapping]:
    """Change -> its accuracy minus that of ``nano``, with its interval over people; at the end the other seeds.

    Changes whose trainings have not all converged are left out.

    Parameters
    ----------
    answer : what `fer_utils.studies.design_ablation.answer` returns.
    """
    rows = {row["name"]: answer["comparisons"][row["name"]] for row in _judged(answer)}
    return rows | dict(zip(SEEDS, answer["seeds"], strict=True))


def title(answer: Mapping) -> str:
    """What the costliest change costs, or that no change is shown to cost anything: the title of a figure.

    It is said of the changes whose trainings are all there.
    """
    costly = [row["name"] for row in _judged(answer) if answer["comparisons"][row["name"]]["verdict"] == "lower"]
    if not costly:
        if answer["missing"]:
            there, whole = len(_judged(answer)), len(answer["rows"]) + len(answer["missing"])
            return f"Judged so far: {there} of {whole} changes; none is shown to cost accuracy"
        return "No single change is shown to cost accuracy"
    points = -100 * answer["comparisons"][costly[0]]["value"]
    return f"{costly[0].capitalize()} costs most: {points:.1f} points"


def table(answer: Mapping) -> pd.DataFrame:
    """One line a change, the costliest first, then those that have not converged; then the other seeds; as text.

    Returns
    -------
    DataFrame: ``change``, ``parameters``, ``accuracy`` (of the strangers), ``points`` (minus ``nano``), ``95 %
    interval`` (Student's, over people), ``p, Holm`` (over all changes; *no verdict* where a training has not
    converged), ``own faces`` (what is read of the training faces), ``converged`` (how many of its trainings); the last
    three are None where only the seed is another.
    """
    judged = _judged(answer)
    lines = []
    for row in [*judged, *(row for row in answer["rows"] if row not in judged)]:
        one = answer["comparisons"][row["name"]]
        lines.append(
            {
                "change": row["name"],
                "parameters": f"{row['parameters']:,}",
                "accuracy": percent(row["accuracy"]["value"]),
                "points": f"{100 * one['value']:+.1f}",
                "95 % interval": _ends(one),
                "p, Holm": _p(one),
                "own faces": percent(row["train_accuracy"]),
                "converged": f"{row['converged']} of {row['trainings']}",
            }
        )
    nano = answer["nano"]
    for name, one in zip(SEEDS, answer["seeds"], strict=True):
        lines.append(
            {
                "change": name,
                "parameters": f"{nano['parameters']:,}",
                "accuracy": percent(nano["accuracy"]["value"] + one["value"]),
                "points": f"{100 * one['value']:+.1f}",
                "95 % interval": _ends(one),
                "p, Holm": None,
                "own faces": None,
                "converged": None,
            }
        )
    return pd.DataFrame(lines)


def in_words(answer: Mapping, most_parameters: int) -> list[str]:
    """What the ablation shows, a sentence an idea.

    Parameters
    ----------
    answer : what `fer_utils.studies.design_ablation.answer` returns.
    most_parameters : the budget of ``nano``, above which a better network is not allowed.
    """
    compared, judged, said = answer["comparisons"], _judged(answer), []
    lower = [row for row in judged if compared[row["name"]]["verdict"] == "lower"]
    if lower:
        each = "; ".join(f"{row['name']} ({100 * compared[row['name']]['value']:+.1f} points)" for row in lower)
        said.append(f"**Costs accuracy**, after Holm's correction: {each}.")
    for row in judged:
        if compared[row["name"]]["verdict"] == "higher":
            beyond = f", more than the {most_parameters:,} of the budget" if row["parameters"] > most_parameters else ""
            said.append(
                f"**Ahead of `nano`**: {row['name']}, by {100 * compared[row['name']]['value']:.1f} points, with "
                f"{row['parameters']:,} parameters{beyond}."
            )
    idle = [row for row in judged if compared[row["name"]]["verdict"] == "not told apart"]
    if idle:
        names = "; ".join(row["name"] for row in idle)
        least = min(compared[row["name"]]["low"] for row in idle)
        said.append(f"Not told apart from no change: {names}.")
        if least < 0:
            said.append(
                f"That is not the same as *no effect*: the lowest end of their intervals is {100 * least:+.1f} points."
            )
    late = [row for row in answer["rows"] if not row["all_converged"]]
    if late:
        each = "; ".join(
            f"{row['name']} ({row['converged']} of {row['trainings']} trainings converged, "
            f"{percent(row['train_accuracy'])} of its own training faces)"
            for row in late
        )
        said.append(f"No verdict at this learning rate, because it has not converged: {each}.")
    said.append(seeds_in_words(answer))
    if answer["missing"]:
        each = "; ".join(f"{name} ({there} of {needed})" for name, (there, needed) in answer["missing"].items())
        said.append(
            f"**Not all trained yet**, so no row: {each}. The correction is for the {len(compared)} changes that are "
            "there, and becomes stricter with the others."
        )
    return said


def full_convolutions_in_words(answer: Mapping) -> str:
    """Full convolutions in the place of separable ones: what they cost in parameters and are worth in accuracy.

    Parameters
    ----------
    answer : what `fer_utils.studies.design_ablation.answer` returns.
    """
    name = "full convolutions"
    if name in answer["missing"]:
        there, needed = answer["missing"][name]
        return f"with {name} not all folds are trained yet ({there} of {needed})."
    row = next(row for row in answer["rows"] if row["name"] == name)
    one, nano = answer["comparisons"][name], answer["nano"]
    points = 100 * one["value"]
    told = (
        f"with {name} it has {row['parameters']:,} parameters in place of {nano['parameters']:,}, and reads "
        f"{abs(points):.1f} points {'more' if points > 0 else 'fewer'} of the strangers' faces (95 % interval over "
        f"{one['groups']} people {_ends(one)}"
    )
    if one["verdict"] == "no verdict":
        return f"{told}). Not all of its trainings have converged, so there is no verdict."
    p = "p below 0.001" if one["p_holm"] < 0.001 else f"p = {one['p_holm']:.3f}"
    moral = {
        "higher": "What the separable ones give up was needed there, or the parameters that went with it.",
        "lower": "What the separable ones give up was not needed there.",
    }.get(one["verdict"], "The two are not told apart.")
    return f"{told}; {p} after Holm for {len(answer['comparisons'])} changes). {moral}"


def seeds_in_words(answer: Mapping) -> str:
    """How far two other seeds of ``nano`` are from the first, although nothing is changed."""
    points = " and ".join(f"{100 * one['value']:+.1f}" for one in answer["seeds"])
    shown = [one for one in answer["seeds"] if not one["low"] <= 0 <= one["high"]]
    told = (
        f"Two other seeds of `nano` differ from the first by {points} points. So much comes from the first weights and "
        "the order of the batches alone, and the intervals, which are over people, do not contain it."
    )
    if shown:
        told += (
            " One of these intervals even excludes 0, although nothing was changed: read the others with that in mind."
        )
    return told
