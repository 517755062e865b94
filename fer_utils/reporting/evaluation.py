"""The sentences of chapters 6 and 7: each is made from a study's stored answer or from results, one idea a sentence.

Where the outcome decides what may be said, the function chooses.  `fer_utils.reporting.say` shows them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike
import pandas as pd

from fer_utils.core.errors import invalid
from fer_utils.metrics import holm
from fer_utils.reporting.text import percent, with_interval
from fer_utils.studies.real_people import pick

#: (unit, twins) of the study ``split`` in words.
_UNITS = {
    "actor": "actors apart",
    "performance": "performances apart",
    "clip": "clips at random",
    "frame": "frames at random",
}
#: What mean confidence may be above accuracy before a network is called too sure: two points.
_TOO_SURE = 0.02


def points(change: Mapping) -> str:
    """A difference of two shares in points, with its 95 % interval where it has one.

    >>> points({"value": 0.198, "low": 0.161, "high": 0.236})
    '+19.8 points (+16.1 to +23.6)'
    """
    text = f"{100 * change['value']:+.1f} points"
    if change.get("low") is None:
        return text
    return f"{text} ({100 * change['low']:+.1f} to {100 * change['high']:+.1f})"


# Chapter 6 ---------------------------------------------------------------------------------------


def largest_confusion(matrix: ArrayLike, labels: Sequence[str]) -> str:
    """The label that is most often taken for another, as a share of its row; rows are the true labels.

    >>> largest_confusion([[3, 1], [2, 2]], ["calm", "sad"])
    'Sad is taken for calm in 50 % of its faces'
    """
    counts = np.asarray(matrix, float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    wrong = shares - np.diag(np.diag(shares))
    if not wrong.any():
        return "No label is taken for another"
    row, column = np.unravel_index(wrong.argmax(), wrong.shape)
    return f"{labels[row].capitalize()} is taken for {labels[column]} in {percent(wrong[row, column], 0)} of its faces"


def whole_clips(right: ArrayLike, clips: ArrayLike) -> list[str]:
    """How many clips are right or wrong in every frame, and how many would be if frames were independent."""
    by_clip = pd.Series(np.asarray(right, bool)).groupby(np.asarray(clips))
    share, sizes, accuracy = by_clip.mean(), by_clip.size(), float(np.mean(right))
    whole = int(share.isin([0.0, 1.0]).sum())
    expected = float(sum(accuracy**n + (1 - accuracy) ** n for n in sizes))
    said = [f"Of {len(share)} clips, {whole} are right or wrong in *every* frame."]
    said.append(f"If each frame were right or wrong independently of the others, about {expected:.0f} would be.")
    return said


def worth_of_frames(intervals: Mapping[str, Mapping]) -> list[str]:
    """How many independent frames the frames are worth, from intervals over *frames*, *clips* and *actors*."""
    frames, clips, actors = (intervals[unit] for unit in ("frames", "clips", "actors"))
    if any(found["low"] is None for found in (frames, clips, actors)):
        return ["One person tests here: over people there is no interval."]
    width = {unit: found["high"] - found["low"] for unit, found in intervals.items()}
    if not width["actors"] > width["frames"] > 0:
        return [
            "With so few people the interval over people is not wider here. That is chance: there are too few of them."
        ]
    worth = frames["groups"] * (width["frames"] / width["actors"]) ** 2
    said = [
        f"By these widths, {frames['groups']} frames are worth {worth:.0f} independent ones. (The interval over actors "
        "also allows for how few they are.)"
    ]
    if width["clips"] > width["actors"]:
        said.append(
            "The interval over clips is the widest here: some labels are hard for everybody, and clips that are "
            "drawn at random bring another mix of labels each time."
        )
    said.append(
        "Only the interval over actors speaks of people whom nobody has filmed yet, and it rests on "
        f"{actors['groups']} people."
    )
    return said


def coverage(answer: Mapping) -> list[str]:
    """What the study ``coverage`` says of few and of many people, and of a skewed case."""
    rate = {(row["kind"], row["people"], row["way"]): row["coverage"] for row in answer["rows"]}
    plain, skewed = "accuracy", "accuracy, nearly all right"

    def share(people: int, way: str, kind: str = plain) -> str:
        return percent(rate[kind, people, way], 0)

    return [
        f"With five people the percentile bootstrap holds the truth in {share(5, 'percentile bootstrap')} of the "
        "cases, "
        f"Student's interval in {share(5, 'Student')}.",
        "`metrics.interval` widens the bootstrap for fewer than 14 people: then it is "
        f"{share(5, 'widened bootstrap')}.",
        f"With 24 people the percentile bootstrap reaches {share(24, 'percentile bootstrap')}, with 70 people "
        f"{share(70, 'percentile bootstrap')}.",
        "No interval is safe where nearly everybody is read well and a few people badly: with five people, "
        f"{share(5, 'Student', skewed)} for Student's.",
    ]


def two_splits(by_frame: Mapping, by_actor: Mapping) -> list[str]:
    """One network under two splits: what `fer_utils.metrics.interval` says of each."""
    said = [f"Frames at random: {with_interval(by_frame)}.", f"Actors apart: **{with_interval(by_actor)}**."]
    if by_frame["value"] - by_actor["value"] >= 0.05:
        said.append("Same pictures, same network, same recipe: only the split differs.")
    else:
        said.append("At this size the network has learned too little for the split to matter.")
    return said


def split_steps(answer: Mapping) -> pd.DataFrame:
    """What each change of the split is worth, each actor against themselves: the steps of the study ``split``.

    Columns ``from``, ``to``, ``points``, ``low``, ``high``.
    """
    return pd.DataFrame(
        [
            {"from": _split_name(step["from"]), "to": _split_name(step["to"])}
            | {name: 100 * step[key] for name, key in (("points", "value"), ("low", "low"), ("high", "high"))}
            for step in answer["steps"]
        ]
    )


def person_or_clip(answer: Mapping) -> list[str]:
    """On drawn pictures: what knowing the person is worth, and what knowing the clip (study ``split``)."""
    steps = {(tuple(step["from"]), tuple(step["to"])): step for step in answer["steps"]}
    person = steps[("actor", False), ("clip", False)]
    clip = steps[("clip", False), ("frame", False)]
    told = "nothing that can be measured" if person["low"] < 0 < person["high"] else "a little"
    return [
        f"*Knowing the person* (from actors apart to clips at random) is worth {told} here: {points(person)}.",
        f"*Knowing the clip* (from clips to frames at random) is worth **{points(clip)}**.",
    ]


def numbers_for_strangers(split: Mapping, protocol: Mapping, live: float | None = None) -> pd.DataFrame:
    """The book's accuracies on drawn faces that are in the data once, side by side, with what differs between them.

    Parameters
    ----------
    split, protocol : the stored answers of the studies ``split`` and ``one_protocol``.
    live : the accuracy of a chapter's own run, 0 to 1; None leaves its row out.

    Returns
    -------
    DataFrame with ``where``, ``network``, ``training``, ``tested on`` and ``accuracy`` (text).
    """

    def of_split(unit: str) -> float:
        return pick(split["rows"], unit=unit, twins=False)["accuracy"]["value"]

    def of_protocol(name: str) -> float:
        return pick(protocol["rows"], name=name)["accuracy"]["value"]

    short, long = f"{split['epochs']} epochs", "until converged"
    large, small = "ding2023, 180 px", f"ding2023, {protocol['size']} px"
    rows = [
        ("study split", large, short, "strangers, five folds", of_split("actor")),
        ("study one_protocol", small, long, "strangers, five folds", of_protocol("ding2023")),
        ("study split", large, short, "frames at random", of_split("frame")),
        ("study one_protocol", small, long, "frames at random", of_protocol("ding2023, frames at random")),
    ]
    if live is not None:
        rows.insert(0, ("this chapter", "nano, small", "a few epochs", "strangers, one fold", live))
    table = pd.DataFrame(rows, columns=["where", "network", "training", "tested on", "accuracy"])
    return table.assign(accuracy=table["accuracy"].map(percent))


def real_split(answer: Mapping) -> list[str]:
    """What three protocols give on real people: the study ``real_people``."""
    svm = {name: _rate(answer, "support vectors", name)["accuracy"] for name in ("actors", "clips", "twins")}
    known = pick(answer["protocols"], model="support vectors", reference="plain", first="actors", second="clips")
    twin = pick(answer["protocols"], model="support vectors", reference="plain", first="clips", second="twins")
    models = [_rate(answer, model, "actors")["accuracy"]["value"] for model in answer["configuration"]["models"]]
    gap = svm["twins"]["value"] - svm["actors"]["value"]
    return [
        f"The support vector machine is right on {with_interval(svm['actors'])} of strangers' clips.",
        f"Knowing the person is worth {points(known)}: {percent(svm['clips']['value'])}.",
        f"Knowing the clip's twin is worth another {points(twin)}: **{percent(svm['twins']['value'])}**.",
        f"Between the best and the worst of the four *models* lie {100 * (max(models) - min(models)):.0f} points; "
        f"between two *protocols* lie {100 * gap:.0f}.",
    ]


def asked_again(again: Mapping | None, why_not: str, stored: Mapping) -> str:
    """What `fer_utils.studies.real_people.live` found on this machine, beside the stored answer."""
    if again is None:
        return f"*Not computed again here: {why_not.rstrip('.')}. What you see is the stored answer.*"
    names = {"actors": "actors apart", "clips": "clips at random", "twins": "twins on both sides"}
    told = [
        f"{name} {percent(pick(again['rows'], protocol=protocol)['accuracy']['value'])} "
        f"(stored: {percent(_rate(stored, 'support vectors', protocol)['accuracy']['value'])})"
        for protocol, name in names.items()
    ]
    return "Computed again on this machine, with one seed: " + "; ".join(told) + "."


def gain_of_knowing(gains: Mapping[str, Mapping]) -> list[str]:
    """Why the drawn actors show no gain and the real ones do, if that is what was found.

    ``gains`` has the rows *read exactly* and *read with errors* (drawn acting) and *real people*, each with ``value``,
    ``low`` and ``high``.
    """
    exact, errors = gains["read exactly"], gains["read with errors"]
    said = [
        f"From exact readings, knowing the person is worth {points(exact)}. From readings with errors: "
        f"{points(errors)}."
    ]
    if errors["low"] is not None and errors["low"] > 0 and errors["value"] > exact["value"] + 0.03:
        said.append(
            "So in this model of acting and reading, what is gained by knowing a person is the reader's error "
            "with that "
            "person, such as brows that are read as lowered when the face is at rest."
        )
    else:
        said.append("With so few actors and clips as here the difference is not told apart from chance.")
    return said


def twin_effect(answer: Mapping) -> list[str]:
    """What a twin in training does: the study ``real_people``."""
    forest = _rate(answer, "forest", "twins")
    alone = pick(answer["protocols"], model="forest", reference="plain", first="clips", second="twins together")
    both = pick(answer["protocols"], model="forest", reference="plain", first="clips", second="twins")
    return [
        f"A copy's twin was in training in {percent(forest['twin_trained_share'], 0)} of the cases. There the "
        "forest is "
        f"right in {percent(forest['twin_trained']['value'])}.",
        f"More data alone do little: with both copies on one side the forest gains {points(alone)}. With one on either "
        f"side it gains {points(both)}.",
    ]


# Chapter 7 ---------------------------------------------------------------------------------------


def ahead(answer: Mapping, protocol: str, rival: str = "forest") -> str:
    """Which of two models is ahead under a protocol of the study ``real_people``, if the interval says so."""
    row = pick(answer["models"], protocol=protocol, reference="plain", first=rival)
    return "the support vector machine" if row["low"] > 0 else f"the {rival}" if row["high"] < 0 else "neither"


def crowned(answer: Mapping) -> list[str]:
    """Who is ahead under each protocol, and what follows if they do not agree."""
    winners = {protocol: ahead(answer, protocol) for protocol in ("twins", "clips", "actors")}
    said = [
        f"Support vectors or forest: with twins on both sides {winners['twins']} is ahead, with clips at random "
        f"{winners['clips']}, on strangers {winners['actors']}."
    ]
    if len(set(winners.values())) > 1:
        said.append("**A comparison under the wrong split can name a winner that strangers do not confirm.**")
    else:
        said.append("Here all three splits name the same winner.")
    return said


def smallest_p(people: int) -> str:
    """The least p-value that a sign-flip test over so many people can give."""
    if people < 1:
        raise invalid("people", expected="1 or more", received=people)
    least = 2.0 ** (1 - people)
    verdict = "so no p can fall below 0.05" if least >= 0.05 else "so a p can fall below 0.05"
    return f"{people} people have {2**people:,} patterns of signs: p is never below {least:.3g}, {verdict}."


def paired_table(answer: Mapping) -> pd.DataFrame:
    """How far the support vectors are ahead of each other model, by protocol: the study ``real_people``.

    Columns ``protocol``, ``against``, ``points``, ``low``, ``high`` and ``p``, corrected for all rows together
    (`fer_utils.metrics.holm`), as text.
    """
    names = {"actors": "actors apart", "clips": "clips at random", "twins": "twins on both sides"}
    chosen = [row for row in answer["models"] if row["reference"] == "plain" and row["protocol"] in names]
    chosen.sort(key=lambda row: list(names).index(row["protocol"]))
    corrected = holm([row["p"] for row in chosen])
    return pd.DataFrame(
        [
            {"protocol": names[row["protocol"]], "against": row["first"]}
            | {name: 100 * row[key] for name, key in (("points", "value"), ("low", "low"), ("high", "high"))}
            | {"p": "below 0.001" if p < 0.001 else f"{p:.3f}"}
            for row, p in zip(chosen, corrected, strict=True)
        ]
    )


def at_rest(answer: Mapping) -> list[str]:
    """How people's faces differ at rest and in a posed expression: the study ``real_people``."""
    brow, lips = answer["profiles"]
    highest = max(brow["neutral"])
    below = sum(value < highest for value in brow["posed"])
    zero = sum(value < 0.05 for value in brow["neutral"])
    spread = {part["unit"]: (np.std(part["neutral"]), np.std(part["posed"])) for part in (brow, lips)}
    return [
        f"One actor's brows are read as {highest:.1f} *at rest*: more than the posed *{brow['label']}* brows of "
        f"{below} of "
        f"the {len(brow['posed'])} actors.",
        f"But {zero} actors start below 0.05. From them nothing can be subtracted.",
        f"The standard deviation over actors grows from {spread[brow['unit']][0]:.2f} to "
        f"{spread[brow['unit']][1]:.2f} at "
        f"the brows, and from {spread[lips['unit']][0]:.2f} to {spread[lips['unit']][1]:.2f} at the lips.",
    ]


def references(answer: Mapping) -> list[str]:
    """What knowing something of a stranger is worth: the study ``real_people``."""

    def change(model: str, second: str) -> str:
        return points(pick(answer["references"], model=model, protocol="actors", second=second))

    plain, neutral, itself = (
        _rate(answer, "support vectors", "actors", reference)
        for reference in ("plain", "own neutral", "own neutral, itself included")
    )
    return [
        f"The own neutral is worth {change('support vectors', 'own neutral')} to the support vector machine and "
        f"{change('forest', 'own neutral')} to the forest.",
        "Its use is narrow: with support vectors *neutral* is found in "
        f"{percent(neutral['recall']['neutral'], 0)} instead of {percent(plain['recall']['neutral'], 0)} of its clips, "
        "while the other labels go from "
        f"{percent(plain['others']['value'])} to {percent(neutral['others']['value'])}.",
        "If the tested clip is part of its own reference, neutral is found in "
        f"{percent(itself['recall']['neutral'], 0)}: "
        "part of that is the clip compared with itself.",
        f"A person's own mean and spread help most: {change('support vectors', 'own mean and spread')}, and still "
        f"{change('support vectors', 'own mean and spread, other clips')} if the clip's own repetition stays out.",
    ]


def sureness(known: Mapping, unknown: Mapping) -> list[str]:
    """Mean confidence minus accuracy on known and on unknown people: two answers of `fer_utils.metrics.calibration`."""
    said = [
        f"Mean confidence minus accuracy: {points(known['excess'])} on known people, "
        f"**{points(unknown['excess'])}** on strangers."
    ]
    if unknown["excess"]["value"] > max(_TOO_SURE, known["excess"]["value"]):
        said.append(
            "The scores do not say *I have not met this person*. A score is a statement about the training data."
        )
    else:
        said.append("At this size the network has learned too little to be too sure.")
    return said


def temperature(value: float, before: Mapping, after: Mapping) -> list[str]:
    """What temperature scaling did to the calibration error; ``value`` is the mean temperature."""
    change = 100 * (before["error"]["value"] - after["error"]["value"])
    said = [
        f"At temperatures around {value:.2f}, chosen on other people, the calibration error is "
        f"{100 * after['error']['value']:.1f} points; before, it was {100 * before['error']['value']:.1f}."
    ]
    if change > 0:
        said.append("No answer has changed: the largest score stays the largest. Only the confidence changes.")
    else:
        said.append("Here it did not help: the other people's temperature does not fit these people.")
    return said


def _rate(answer: Mapping, model: str, protocol: str, reference: str = "plain") -> Mapping:
    return pick(answer["rows"], model=model, protocol=protocol, reference=reference)


def _split_name(key: Sequence) -> str:
    unit, twins = key
    return f"{_UNITS[unit]}, twins {'in' if twins else 'out'}"
