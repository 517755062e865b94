"""The answer of the study ``one_protocol`` as tables and sentences for readers."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

#: The side of a face where a row of the answer does not say another, in pixels.
WHOLE_FACE = 180


def methods_table(answer: Mapping) -> pd.DataFrame:
    """One line a method whose people are divided, the most accurate first.

    Parameters
    ----------
    answer : what `fer_utils.studies.one_protocol.answer` returns.

    Returns
    -------
    DataFrame with ``method``, ``face`` (side in pixels), ``parameters``, ``operations`` (millions for one face; missing
    where nobody counted them), ``accuracy``, ``low`` and ``high`` (per cent; Student's 95 % interval over people),
    ``training faces`` (per cent that are read of the faces it learned from), ``trainings`` and ``converged`` (how many
    of them).
    """
    lines = [
        {
            "method": row["name"],
            "face": row["size"] or WHOLE_FACE,
            "parameters": row["parameters"],
            "operations": None if row["macs"] is None else row["macs"] / 1e6,
            "accuracy": 100 * row["accuracy"]["value"],
            "low": 100 * row["accuracy"]["low"],
            "high": 100 * row["accuracy"]["high"],
            "training faces": 100 * row["train_accuracy"],
            "trainings": row["trainings"],
            "converged": row["converged"],
        }
        for row in answer["rows"]
        if row["by"] == "actor"
    ]
    return pd.DataFrame(lines).sort_values("accuracy", ascending=False, ignore_index=True)


def comparisons_table(answer: Mapping) -> pd.DataFrame:
    """One line a comparison: ``first``, ``second``, ``points``, ``low``, ``high``, ``p`` (Holm's) and ``verdict``."""
    lines = [
        {
            "first": row["first"],
            "second": row["second"],
            "points": 100 * row["value"],
            "low": 100 * row["low"],
            "high": 100 * row["high"],
            "p": row["p_holm"],
            "verdict": row["verdict"],
        }
        for row in answer["comparisons"]
    ]
    return pd.DataFrame(lines, columns=["first", "second", "points", "low", "high", "p", "verdict"])


def comparison_in_words(row: Mapping) -> str:
    """One comparison of the answer as a sentence in Markdown.

    >>> comparison_in_words({"first": "a", "second": "b", "value": -0.05, "low": -0.08, "high": -0.02, "p_holm": 0.004,
    ...                      "verdict": "lower"})
    '**a** reads 5.0 points fewer than **b** (95 % interval -8.0 to -2.0; p = 0.004 after Holm).'
    """
    first, second = f"**{row['first']}**", f"**{row['second']}**"
    p = "p below 0.001" if row["p_holm"] < 0.001 else f"p = {row['p_holm']:.3f}"
    ends = f"95 % interval {100 * row['low']:+.1f} to {100 * row['high']:+.1f}; {p} after Holm"
    points = 100 * row["value"]
    if row["verdict"] == "no verdict":
        return f"{first} and {second}: no verdict, because not every training of the two has converged."
    if row["verdict"] == "not told apart":
        return f"{first} and {second} are not told apart: {points:+.1f} points ({ends})."
    return f"{first} reads {abs(points):.1f} points {'more' if points > 0 else 'fewer'} than {second} ({ends})."


def simple_against_networks(answer: Mapping) -> str:
    """What the comparisons of networks with simple methods come to, in one sentence; which one, the verdicts decide.

    Only comparisons of the plan count, in which one side is a network and the other is none, both under the protocol.
    """
    network = {row["name"]: row["network"] is not None for row in answer["rows"]}
    ahead, behind, equal = [], [], []
    for row in answer["comparisons"]:
        if network[row["first"]] and not network[row["second"]]:
            pair = f"{row['first']} against {row['second']}"
            {"higher": ahead, "lower": behind, "not told apart": equal}.get(row["verdict"], []).append(pair)
    if behind and not ahead:
        return f"The simple method wins: {'; '.join(behind)}."
    if ahead and not behind and not equal:
        return f"The networks win: {'; '.join(ahead)}."
    if ahead and behind:
        return f"Neither side wins: networks are ahead in {'; '.join(ahead)}, and behind in {'; '.join(behind)}."
    if ahead:
        return f"A network is ahead in {'; '.join(ahead)}; not told apart: {'; '.join(equal)}."
    if equal:
        return f"No network is shown to be ahead of the simple method, nor behind it: {'; '.join(equal)}."
    return "No network has been compared with a simple method yet: too few trainings have converged."
