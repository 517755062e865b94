"""What chapter 1 measures, in sentences; which of the written sentences holds, the numbers decide."""

from __future__ import annotations

from collections.abc import Mapping
import math

import pandas as pd

from fer_utils.reporting.text import percent, sentence
from fer_utils.studio.acting import real_acting

#: Shares whose difference is smaller are called alike.
ALIKE = 0.1


def balance_in_words(clips: pd.DataFrame, design: pd.DataFrame) -> str:
    """How many clips and people a table holds, and what the commonest label would score.

    Parameters
    ----------
    clips : a clip table.
    design : acts of the whole set, a row a label and a column an intensity.
    """
    share = clips["expression"].value_counts(normalize=True).max()
    whole = design.sum(axis=1).max() / design.to_numpy().sum()
    return sentence(
        "The table on this page holds **{n:,} clips of {people}**. Always giving its commonest label "
        "is right for {chance} of the clips; in the whole of RAVDESS it would be {whole}.",
        n=len(clips),
        people=_counted(clips["actor"].nunique()),
        chance=percent(share),
        whole=percent(whole),
    )


def brightness_in_words(people: float, labels: float) -> str:
    """Whether the person or the label decides how bright a face is; both are shares of the variance, 0 to 1."""
    if people == 0:
        return "There is one person in these pictures, or all are equally bright: more people are needed to compare."
    words = sentence(
        "Of the variance of brightness **{people} lies between people** and {labels} between labels. ",
        people=percent(people),
        labels=percent(labels),
    )
    if math.isnan(people) or math.isnan(labels):
        return words + "Brightness does not vary in these pictures."
    if people > labels + ALIKE:
        return words + "The brightness of a face says who it is, and hardly what it shows."
    if labels > people + ALIKE:
        return words + (
            "Brightness goes with the label here. A network can then read the label from the light: look at how the "
            "labels were recorded."
        )
    return words + "Neither the person nor the label alone decides how bright a face is."


def neighbours_in_words(shares: Mapping[str, float], chance: float, *, acts: int) -> str:
    """How often the nearest face has the same label, as more and more of its relatives are left out.

    Parameters
    ----------
    shares : the share of the faces whose nearest one has their label, 0 to 1: of ``any other face``, of one of
        ``another act``, of one of ``another person``; what cannot be measured is left out.
    chance : how often two faces drawn at random share their label, 0 to 1.
    acts : the most acts that one person has of one label.
    """
    nearest, act, person = (shares.get(name) for name in ("any other face", "another act", "another person"))
    if nearest is None or act is None or person is None:
        return "Too few acts or people are in these faces to leave any out."
    words = sentence(
        "The nearest face of all has the same label in **{nearest}** of the cases, the nearest face of another *act* "
        "in {act}, the nearest face of another *person* in **{person}**. Two faces drawn at random share their label "
        "in {chance}. ",
        nearest=percent(nearest),
        act=percent(act),
        person=percent(person),
        chance=percent(chance),
    )
    if nearest < person + ALIKE:
        return words + "In these pictures leaving faces out hardly changes the share, so little would leak."
    if acts < 2:
        return words + (
            "The middle number means nothing here: every person posed each label in one act only, so the person's "
            "other acts have other labels. At the tier `class` there are several."
        )
    if nearest - act > act - person + ALIKE:
        return words + (
            "The share falls when the act itself is left out. So the neighbour was right because of frames of the same "
            "few seconds, and not because of the person."
        )
    if act - person > nearest - act + ALIKE:
        return (
            words
            + "The share falls when the person is left out. So the neighbour was right because it was the same person."
        )
    return words + "Frames of the same act help, and other acts of the same person help about as much again."


def same_person_in_words(share: float, people: int) -> str:
    """Whose face the nearest one of another act is.

    Parameters
    ----------
    share : how often it shows the same person, 0 to 1.
    people : how many people there are.
    """
    if people < 2:
        return "There is one person in these pictures, so every neighbour shows that person."
    words = sentence(
        "The nearest face of another act shows the same person in **{share}** of the cases. ", share=percent(share)
    )
    if share > 0.5:
        return words + "So what is near in pixels is usually the same person."
    return words + "So in these pictures what is near in pixels is often another person."


def _counted(people: int) -> str:
    return "one actor" if people == 1 else f"{people:,} actors"


def sad_faces_in_words() -> str:
    """Why strong sadness may show teeth: the mean readings of the real RAVDESS, which the drawn actors follow."""
    real = real_acting()
    place = real.units.index(12)
    return sentence(
        "Faces that pose strong *sad* may pull up the corners of the mouth and show their teeth. This is no mistake of "
        "the drawing. The drawn actors follow action units that OpenFace read in the 1,440 real speech clips "
        "(Luna-Jiménez et al., [2022](https://doi.org/10.3390/app12010327)). AU 12 pulls the lip corners. Its mean "
        "there is {normal:.2f} for sad of normal intensity, {strong:.2f} for strong sad and {happy:.2f} for strong "
        "happy, on a scale from 0 to 5. An acted label need not look like the textbook.",
        normal=real.mean["sad", 1][place],
        strong=real.mean["sad", 2][place],
        happy=real.mean["happy", 2][place],
    )
