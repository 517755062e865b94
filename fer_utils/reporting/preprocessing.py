"""What chapter 2 measures, in sentences and a table; which of the written sentences holds, the numbers decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fer_utils.faces.detector_base import Box
from fer_utils.metrics.ranks import rank_correlation
from fer_utils.reporting.text import percent, sentence

#: Rank correlations whose sizes differ by less are called alike.
ALIKE = 0.05
#: Shares of labels whose largest and smallest differ by less are called alike; the same holds for groups of people.
NEAR = 0.1
#: A mean tilt below so many degrees is not worth levelling.
SMALL_TILT = 3.0
#: Detectors whose names begin with a capital in a sentence.
_NAMES = {"haar": "Haar"}


def sampling_in_words(strengths: Mapping[str, np.ndarray]) -> str:
    """How far the expression is out in frames that were chosen in several ways.

    Parameters
    ----------
    strengths : ``even``, ``middle`` and ``apex`` -> (clips, frames), 0 (at rest) to 1 (fully out).
    """
    mean = {how: float(np.mean(values)) for how, values in strengths.items()}
    even = np.asarray(strengths["even"])
    words = sentence(
        "Over {n:,} acts the strength is {even:.2f} on average in evenly spaced frames, {middle:.2f} in the middle "
        "half and {apex:.2f} around the largest movement. Of the *first* evenly spaced frames {first} show less than "
        "half of the expression, of the *last* ones {last}. ",
        n=len(even),
        first=percent(float((even[:, 0] < 0.5).mean()), 0),
        last=percent(float((even[:, -1] < 0.5).mean()), 0),
        **mean,
    )
    if mean["apex"] > mean["middle"] + 0.01:
        return words + "The largest movement marks the expression better than the middle of the clip does."
    return words + (
        "Looking for the largest movement gains nothing over the middle of the clip: what moves most may be a mouth "
        "that speaks, or a blink."
    )


def two_detectors_in_words(found: Mapping[str, Sequence[Sequence[Box]]]) -> str:
    """Of how many pictures each of two detectors finds a face, and how alike their boxes are.

    Parameters
    ----------
    found : name -> for each picture its boxes, largest first.
    """
    (first, of_first), (second, of_second) = found.items()
    words = sentence(
        "In {n} pictures {first} finds a face in **{one}**, {second} in **{other}**. ",
        n=len(of_first),
        first=first,
        second=second,
        one=sum(map(bool, of_first)),
        other=sum(map(bool, of_second)),
    )
    both = [(one[0], other[0]) for one, other in zip(of_first, of_second, strict=True) if one and other]
    if not both:
        return words + "There is no picture in which both find one."
    return words + sentence(
        "Where both do, their boxes overlap by {overlap:.2f} (the median intersection over union), and the box of "
        "{second} is {ratio:.2f} times as wide.",
        overlap=float(np.median([one.overlap(other) for one, other in both])),
        ratio=float(np.median([other.w / one.w for one, other in both])),
        second=second,
    )


def cost_table(costs: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The tables of `fer_utils.benchmarks.face_detection.detectors`, one a distance, as one for the reader.

    Returns
    -------
    DataFrame of a row a detector and width: ``detector``, ``width, pixels``, ``time, ms`` of the first table, and of
    each ``found, DISTANCE``, as text.
    """
    first = next(iter(costs.values()))
    table = pd.DataFrame(
        {
            "detector": first["detector"].replace(_NAMES),
            "width, pixels": first["width"],
            "time, ms": [f"{ms:.1f}" for ms in first["ms"]],
        }
    )
    for distance, one in costs.items():
        table[f"found, {distance}"] = [percent(share, 0) for share in one["recall"]]
    return table


def cost_in_words(costs: Mapping[str, pd.DataFrame], *, far: str = "far") -> str:
    """Which detector is faster on large and on small pictures, and how many far faces the small ones cost."""
    ms = next(iter(costs.values())).set_index(["detector", "width"])["ms"].unstack()
    recall = costs[far].set_index(["detector", "width"])["recall"].unstack()
    ms, recall = ms.rename(index=_NAMES), recall.rename(index=_NAMES)
    widest, narrowest = max(ms.columns), min(ms.columns)
    words = []
    for width in (widest, narrowest):
        slow, fast = ms[width].idxmax(), ms[width].idxmin()
        words.append(
            sentence(
                "At {width} pixels {fast} takes {quick:.1f} ms a picture, and {slow} {times:.1f} times as long.",
                width=width,
                fast=fast,
                quick=ms.loc[fast, width],
                slow=slow,
                times=ms.loc[slow, width] / ms.loc[fast, width],
            )
        )
    lost = [
        sentence(
            "{name} finds {wide} of the far faces at {widest} pixels and {narrow} at {narrowest}.",
            name=name,
            wide=percent(recall.loc[name, widest], 0),
            widest=widest,
            narrow=percent(recall.loc[name, narrowest], 0),
            narrowest=narrowest,
        )
        for name in recall.index
    ]
    return " ".join([*words, *lost])


def groups_in_words(shares: Mapping[str, pd.DataFrame]) -> str:
    """Of each detector the worst row, and how far its groups of people (the columns) lie apart over all rows."""
    words = []
    for name, table in shares.items():
        groups = table.mean()
        if table.to_numpy().min() == 1:
            words.append(f"**{name}** finds every face.")
            continue
        low, high = groups.idxmin(), groups.idxmax()
        apart = 100 * (groups[high] - groups[low])
        words.append(
            sentence(
                "**{name}** is worst with *{worst}*, {share} found. ",
                name=name,
                worst=table.mean(axis=1).idxmin(),
                share=percent(table.mean(axis=1).min(), 0),
            )
            + (
                sentence(
                    "Over all rows it finds {least} of the faces with {low} skin and {most} of those with {high} skin.",
                    least=percent(groups[low], 0),
                    low=low,
                    most=percent(groups[high], 0),
                    high=high,
                )
                if apart > 0
                else "Over all rows it finds as many of each group."
            )
        )
    return " ".join(words)


def labels_in_words(shares: pd.DataFrame, people: int) -> str:
    """Whether a detector loses some labels more often than others.

    Parameters
    ----------
    shares : a row a label, a column a detector: the share of faces found, 0 to 1.
    people : how many people posed each label.
    """
    words = []
    for name, found in shares.items():
        low, high = found.idxmin(), found.idxmax()
        if found[high] - found[low] < NEAR:
            words.append(
                sentence(
                    "**{name}** finds {share} of the turned heads, and hardly more of one label than of another.",
                    name=name,
                    share=percent(found.mean(), 0),
                )
            )
        else:
            words.append(
                sentence(
                    "**{name}** finds {most} of the faces labelled *{high}* and {least} of those labelled *{low}*.",
                    name=name,
                    most=percent(found[high], 0),
                    high=high,
                    least=percent(found[low], 0),
                    low=low,
                )
            )
    words.append(f"Each label was posed by the same {people} people." if people > 1 else "One person posed each label.")
    if (shares.max() - shares.min()).max() >= NEAR:
        words.append(
            "A data set made this way has fewer pictures of the labels that are hard to find, and the pictures that "
            "are left are those that are easy to find."
        )
    return " ".join(words)


def tone_in_words(tone: Sequence[float], before: Sequence[float], after: Sequence[float]) -> str:
    """What standardising changes in the rank correlation of skin tone and grey level; one value a person of each."""
    first, second = (rank_correlation(tone, values) for values in (before, after))
    words = sentence(
        "Over {n} people Spearman's rank correlation of tone and grey level is {before:.2f} in the grey picture and "
        "{after:.2f} after standardising. ",
        n=len(tone),
        before=first,
        after=second,
    )
    if not abs(first) >= 0.5:
        return words + "In so few people, or in such light, the grey level hardly tells the tone."
    if abs(second) < 0.2:
        return words + "Grey keeps the skin tone; standardising removes it nearly wholly from this measure."
    if abs(second) < abs(first) - ALIKE:
        return words + (
            "So grey keeps the skin tone. Standardising removes a part of it and not all: skin is still darker or "
            "lighter than hair, lips and eyes of the same face."
        )
    return words + "So grey keeps the skin tone, and standardising does not remove it here."


def tilt_in_words(found: Sequence[float], true: Sequence[float], in_clips: Sequence[float]) -> str:
    """How well a tilt is measured, and whether heads in the clips are tilted by more than the error.

    Parameters
    ----------
    found, true : degrees, one a picture in which the tilt is known.
    in_clips : degrees measured in the clips.
    """
    error = float(np.mean(np.abs(np.subtract(found, true))))
    words = sentence(
        "In {n} pictures with a known tilt the error is {error:.1f} degrees on average. ", n=len(found), error=error
    )
    if not len(in_clips):
        return words + "In the clips no face was found."
    tilt = float(np.mean(np.abs(in_clips)))
    words += sentence(
        "In {n} frames of the clips the measured tilt is {tilt:.1f} degrees on average. ", n=len(in_clips), tilt=tilt
    )
    if tilt < SMALL_TILT:
        return words + sentence(
            "So small a tilt moves the edge of a face of 180 pixels by {pixels:.1f} pixels: levelling changes hardly "
            "anything.",
            pixels=90 * float(np.tan(np.radians(tilt))),
        )
    if tilt < 2 * error:
        return words + "That is hardly more than the error: levelling these faces would mostly add noise."
    return words + "That is well above the error: for these clips levelling can be worth a comparison."


def sharpness_in_words(meta: pd.DataFrame) -> str:
    """How much of the variance of sharpness lies between people, and what that means for a threshold on it."""
    if meta["actor"].nunique() < 2:
        return "All faces here are of one person: what differs is expression, light and blur."
    sharpness = meta["sharpness"]
    spread = float(sharpness.var())
    between = float(sharpness.groupby(meta["actor"]).transform("mean").var()) / spread if spread > 0 else 0.0
    words = sentence("Of the variance of sharpness {between} lies between people. ", between=percent(between, 0))
    if between >= 0.5:
        return (
            words + "Most of it goes with the person. The size of the box counts, too: a face that was cut out with a "
            "small box is enlarged more, and has weaker edges. So a threshold on sharpness removes certain people, and "
            "not only blurred pictures."
        )
    if between >= 0.1:
        return (
            words
            + "A part of it is who the person is, so a threshold removes certain people as well as blurred pictures."
        )
    return words + "Hardly any of it is who the person is."
