"""The answer of the study ``one_protocol`` as tables and sentences for readers."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd

from fer_utils.reporting.text import percent
from fer_utils.studies.protocol_rows import LEARNED

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


#: The share of its training faces that a network was to read, as the protocol was first written down.
FIRST_LIMIT = 0.9


def first_limit_in_words(answer: Mapping) -> str:
    """Which networks of ``one_protocol`` count as converged only by the limit that was lowered after nine trainings."""
    fallen = [
        f"{row['name']} ({percent(row['train_accuracy'])})"
        for row in answer["rows"]
        if row["network"] is not None and row["witness"] and row["train_accuracy"] < FIRST_LIMIT
    ]
    if not fallen:
        return f"With the first limit, {percent(FIRST_LIMIT, 0)} of the training faces, every verdict would stand."
    return (
        f"With the first limit, {percent(FIRST_LIMIT, 0)} of the training faces, these would have no verdict either: "
        f"{'; '.join(fallen)}."
    )


def simple_against_networks(answer: Mapping, of: Collection[str] | None = None) -> str:
    """What the comparisons of networks with simple methods come to, in one sentence; which one, the verdicts decide.

    Only comparisons of the plan count, in which one side is a network and the other is none, both under the protocol.

    ``of`` : names of networks; None for all.
    """
    network = {row["name"]: row["network"] is not None for row in answer["rows"]}
    ahead, behind, equal = [], [], []
    for row in answer["comparisons"]:
        if network[row["first"]] and not network[row["second"]] and (of is None or row["first"] in of):
            pair = f"{row['first']} against {row['second']}"
            {"higher": ahead, "lower": behind, "not told apart": equal}.get(row["verdict"], []).append(pair)
    if behind and not ahead:
        return f"The simple method is ahead: {'; '.join(behind)}."
    if ahead and not behind and not equal:
        return f"The networks are ahead: {'; '.join(ahead)}."
    if ahead and behind:
        before = f"Networks are ahead in some comparisons: {'; '.join(ahead)}."
        return f"{before} They are behind in others: {'; '.join(behind)}."
    if ahead:
        return f"Ahead of a simple method: {'; '.join(ahead)}. Not told apart: {'; '.join(equal)}."
    if equal:
        who = "No network" if of is None else "None of these networks"
        return f"{who} is shown to be ahead of its simple method, nor behind it: {'; '.join(equal)}."
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
            sentences.append(
                f"Of those that were also asked with every clip twice, {best} reads most strangers and most there: "
                f"{value:.1f} %."
            )
        else:
            sentences.append(
                f"And the order changes: the best there, {best} with {value:.1f} %, is number {place} of these "
                f"{len(whole)} on strangers."
            )
    return " ".join(sentences)


#: The non-inferiority margin: a loss of one point would be accepted.
MARGIN = 0.01


def non_inferior(row: Mapping, margin: float = MARGIN) -> bool | None:
    """Whether the first of a comparison is shown to be non-inferior: its interval lies wholly above ``-margin``.

    None where a training has not converged.  The test is that of Piaggio et al. 2012, doi 10.1001/jama.2012.87802.

    >>> non_inferior({"low": -0.005, "verdict": "not told apart"})
    True
    >>> non_inferior({"low": -0.03, "verdict": "not told apart"})
    False
    """
    if row["verdict"] == "no verdict":
        return None
    return row["low"] > -margin


def rule_met(row: Mapping) -> bool | None:
    """Whether the rule of ``nano`` holds: non-inferior, and the mean over people of the differences is above zero.

    None where a training has not converged.

    >>> rule_met({"value": -0.001, "low": -0.005, "verdict": "not told apart"})
    False
    """
    shown = non_inferior(row)
    return None if shown is None else shown and row["value"] > 0


def comparisons_of(answer: Mapping, name: str) -> list[Mapping]:
    """The comparisons of the answer whose first is ``name``, in the order of the plan."""
    return [row for row in answer["comparisons"] if row["first"] == name]


def non_inferiority_in_words(answer: Mapping, name: str) -> str:
    """Against how many of its rivals a method is non-inferior, as the title of a figure."""
    judged = [one for row in comparisons_of(answer, name) if (one := non_inferior(row)) is not None]
    if not judged:
        return f"Nothing can be said of {name} yet: too few trainings have converged"
    if not any(judged):
        return f"Non-inferiority of {name} is shown against none of {len(judged)} rivals"
    return f"Non-inferiority of {name} is shown against {sum(judged)} of {len(judged)} rivals"


def non_inferiority_table(answer: Mapping, name: str) -> pd.DataFrame:
    """One line a rival, as text: the difference in points, its interval, whether the test and the rule are met."""
    words = {True: "yes", False: "not shown", None: "no verdict"}
    return pd.DataFrame(
        [
            {
                f"{name} minus": row["second"],
                "points": f"{100 * row['value']:+.1f}",
                "95 % interval": f"{100 * row['low']:+.1f} to {100 * row['high']:+.1f}",
                "p, Holm": "below 0.001" if row["p_holm"] < 0.001 else f"{row['p_holm']:.3f}",
                "difference": row["verdict"],
                "non-inferior": words[non_inferior(row)],
                "mean above 0": "yes" if row["value"] > 0 else "no",
            }
            for row in comparisons_of(answer, name)
        ]
    )


def rule_in_words(answer: Mapping, name: str) -> str:
    """What the rule comes to over all rivals, in one or two sentences."""
    rows = [row for row in comparisons_of(answer, name) if row["verdict"] != "no verdict"]
    if not rows:
        return "The rule cannot be judged yet: too few trainings have converged."
    if all(rule_met(row) for row in rows):
        return f"The rule is met against every rival: `{name}` is non-inferior, and ahead in the mean."
    worse = [row["second"] for row in rows if row["verdict"] == "lower"]
    if worse:
        return f"The rule is not met. `{name}` is even shown to read fewer faces than {', '.join(worse)}."
    if all(row["value"] <= 0 for row in rows):
        return f"The rule is not met: in the mean `{name}` reads no more faces than any rival."
    return (
        f"The rule is not met against every rival. It is not shown either that `{name}` reads fewer faces: with these "
        "people a small gain and a loss of several points are both possible."
    )


def result_in_words(answer: Mapping, name: str) -> str:
    """How many faces of unseen people a method reads, with what it and its rivals cost, in Markdown.

    Raises
    ------
    KeyError : the answer has no method of this name.
    """
    rows = {row["name"]: row for row in answer["rows"]}
    own = rows[name]
    lines = [
        f"- {row['name']}: {percent(row['accuracy']['value'])} with {row['parameters']:,} parameters"
        for row in (rows[one["second"]] for one in comparisons_of(answer, name))
    ]
    return "\n".join(
        [
            f"**`{name}` reads {percent(own['accuracy']['value'])} of the faces of {answer['people']} people whom it "
            f"has not seen, with {own['parameters']:,} parameters.** Its rivals on the same people:\n",
            *lines,
        ]
    )


def size_in_words(answer: Mapping, name: str, rival: str, budget: float) -> str:
    """Whether a method keeps a budget at the size of faces at which it was tested.

    Parameters
    ----------
    budget : the share of the rival's parameters that it may have, 0 to 1.

    Raises
    ------
    KeyError : the answer has no method of one of the names.
    """
    rows = {row["name"]: row for row in answer["rows"]}
    own, other = rows[name], rows[rival]
    share = own["parameters"] / other["parameters"]
    size = own["size"] or WHOLE_FACE
    said = (
        f"On faces of {size} pixels, on which it was tested, `{name}` has {percent(share)} of the parameters of "
        f"`{rival}` and {percent(own['macs'] / other['macs'])} of its multiply-accumulates."
    )
    if share <= budget:
        return said
    return (
        f"{said} That is more than {percent(budget, 0)} of the parameters: it was designed for that share of the "
        f"network on faces of {WHOLE_FACE} pixels, and there neither was trained under the protocol."
    )


def strangers(answer: Mapping, features: str) -> list[Mapping]:
    """The rows with these ``features`` (``"HOG"``, ...) that were tested on unseen people, each clip once."""
    return [
        row for row in answer["rows"] if row["features"] == features and row["by"] == "actor" and not row.get("twins")
    ]


def simple_table(answer: Mapping, name: str) -> pd.DataFrame:
    """A method and the HOG methods on unseen people: accuracy, and what they cost as multiples of the method's."""
    own = next(row for row in answer["rows"] if row["name"] == name)
    return pd.DataFrame(
        [
            {
                "method": row["name"],
                "face, px": row["size"] or WHOLE_FACE,
                "accuracy, %": f"{100 * row['accuracy']['value']:.1f}",
                f"parameters, times {name}'s": f"{row['parameters'] / own['parameters']:.1f}",
                f"operations, times {name}'s": f"{row['macs'] / own['macs']:.1f}",
            }
            for row in [own, *strangers(answer, "HOG")]
        ]
    )


def simple_in_words(answer: Mapping, name: str) -> list[str]:
    """What a method has that the best HOG method has not, a sentence an idea."""
    rows = {row["name"]: row for row in answer["rows"]}
    simple = {row["name"]: row for row in strangers(answer, "HOG")}
    best = max(simple.values(), key=lambda row: row["accuracy"]["value"])
    planned = [row for row in comparisons_of(answer, name) if row["second"] in simple]
    ahead = sum(row["verdict"] == "higher" for row in planned)
    times = best["parameters"] / rows[name]["parameters"]
    alike = [
        f"{row['name']} {percent(row['accuracy']['value'])}"
        for row in simple.values()
        if row["size"] == rows[name]["size"]
    ]
    return [
        f"The best simple method, **{best['name']}**, reads {percent(best['accuracy']['value'])} of the faces of "
        f"unseen people, `{name}` {percent(rows[name]['accuracy']['value'])}.",
        *([f"On faces of its size, {rows[name]['size']} pixels: {', '.join(alike)}."] if alike else []),
        f"`{name}` is shown to be ahead of {ahead or 'none'} of the {len(planned)} simple methods with which a "
        "comparison was planned.",
        *(comparison_in_words(row) for row in planned),
        f"What it has for certain is its size: {best['name']} keeps {times:.0f} times as many numbers."
        if times > 1
        else f"It is not smaller either: {best['name']} keeps fewer numbers.",
    ]


def photographs_in_words(answer: Mapping, name: str) -> list[str]:
    """What the study ``fer2013`` says of a method, a sentence a comparison, or that it has none that counts.

    There the interval is over pictures, since nobody knows who is on them.
    """
    sentences = []
    for row in comparisons_of(answer, name):
        if row["verdict"] == "no verdict":
            continue
        sentences.append(comparison_in_words(row))
    if sentences:
        pictures = max(row["groups"] for row in comparisons_of(answer, name))
        planned = len(answer["comparisons"])
        sentences.append(f"The intervals are over {pictures:,} pictures. Holm corrects for all {planned} comparisons.")
    few = [
        f"{row['name']} {percent(row['train_accuracy'], 0)}"
        for row in answer.get("rows", [])
        if row["network"] is not None and row["witness"] and row["train_accuracy"] < LEARNED
    ]
    if sentences and few:
        sentences.append(
            f"There a training counts as converged when it has ended by itself. Of their own training pictures these "
            f"networks read few: {', '.join(few)}. By the limit of the drawn faces' protocol, {percent(LEARNED, 0)}, "
            "they would be no evidence; the labels of photographs are less sure than those of drawings."
        )
    return sentences or [f"No comparison of {name} has trainings that have all converged."]
