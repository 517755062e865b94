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


#: How test faces are chosen, as names of rows end, and the words for it; the last is the rule of the protocol.
DIVISIONS: dict[str, str] = {
    ", frames at random, twins": "frames at random, every clip twice",
    ", frames at random": "frames at random",
    "": "strangers",
}


def divisions(answer: Mapping) -> dict[str, dict[str, Mapping]]:
    """Accuracies of one method under each way to choose its test faces.

    Only methods that were asked in more ways than one.

    Returns
    -------
    {method: {words of `DIVISIONS`: accuracy with ``value``, ``low``, ``high``}}, the most accurate on strangers first.
    """
    rows = {row["name"]: row for row in answer["rows"]}
    found = {}
    for name, row in rows.items():
        if row["by"] != "actor":
            continue
        asked = {words: rows[name + end]["accuracy"] for end, words in DIVISIONS.items() if name + end in rows}
        if len(asked) > 1:
            found[name] = asked
    return dict(sorted(found.items(), key=lambda item: -item[1]["strangers"]["value"]))


def divisions_in_words(answer: Mapping) -> str:
    """What the division of the frames adds to the accuracy, and whether the best method stays the best."""
    found = divisions(answer)
    if not found:
        return "No method has been asked with frames at random yet."
    sentences = []
    for words in ("frames at random", "frames at random, every clip twice"):
        added = [
            100 * (asked[words]["value"] - asked["strangers"]["value"]) for asked in found.values() if words in asked
        ]
        if added:
            least, most = min(added), max(added)
            sentences.append(
                f"With *{words}* the accuracy is {least:.0f} to {most:.0f} points higher than on strangers."
            )
    widest = "frames at random, every clip twice"
    whole = {name: asked for name, asked in found.items() if widest in asked}
    if len(whole) > 1:
        best = max(whole, key=lambda name: whole[name][widest]["value"])
        place = sorted(whole, key=lambda name: -whole[name]["strangers"]["value"]).index(best) + 1
        value = 100 * whole[best][widest]["value"]
        if place == 1:
            sentences.append(f"The best method is the same in both: {best}, {value:.1f} % there.")
        else:
            sentences.append(
                f"And the order changes: the best there, {best} with {value:.1f} %, is number {place} of {len(whole)} "
                "on strangers."
            )
    return " ".join(sentences)


#: How far below zero the interval of a difference may reach for 'no worse': one point.
NO_WORSE_LIMIT = -0.01


def no_worse(row: Mapping) -> bool | None:
    """Whether the first of a comparison is no worse than the second; None where a training has not converged.

    No worse is: the mean over people of the differences is above zero, and their interval lies above `NO_WORSE_LIMIT`.

    >>> no_worse({"value": 0.01, "low": -0.005, "verdict": "not told apart"})
    True
    >>> no_worse({"value": 0.01, "low": -0.03, "verdict": "not told apart"})
    False
    """
    if row["verdict"] == "no verdict":
        return None
    return row["value"] > 0 and row["low"] > NO_WORSE_LIMIT


def comparisons_of(answer: Mapping, name: str) -> list[Mapping]:
    """The comparisons of the answer whose first is ``name``, in the order of the plan."""
    return [row for row in answer["comparisons"] if row["first"] == name]


def no_worse_in_words(answer: Mapping, name: str) -> str:
    """Against how many of its rivals a method is no worse, as the title of a figure."""
    met = [no_worse(row) for row in comparisons_of(answer, name)]
    judged = [one for one in met if one is not None]
    if not judged:
        return f"Nothing can be said of {name} yet: too few trainings have converged"
    return f"'No worse' holds for {name} against {sum(judged)} of {len(judged)} rivals"


def photographs_in_words(answer: Mapping, name: str) -> list[str]:
    """What the study ``fer2013`` says of a method, a sentence a comparison, or that it has none that counts.

    There the interval is over pictures, since nobody knows who is on them.
    """
    sentences = []
    for row in answer["comparisons"]:
        if row["first"] != name or not row["witness"]:
            continue
        points = 100 * row["value"]
        ends = f"95 % interval over {row['groups']:,} pictures {100 * row['low']:+.1f} to {100 * row['high']:+.1f}"
        if row["low"] <= 0 <= row["high"]:
            sentences.append(f"**{name}** and **{row['second']}** are not told apart: {points:+.1f} points ({ends}).")
            continue
        more = "more" if points > 0 else "fewer"
        sentences.append(f"**{name}** reads {abs(points):.1f} points {more} than **{row['second']}** ({ends}).")
    return sentences or [f"No comparison of {name} has trainings that have all converged."]
