"""What the appendix on the studio measures, in sentences and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fer_utils import studio
from fer_utils.core import labels
from fer_utils.reporting.text import percent, sentence
from fer_utils.studio.identity import Identity


def cast_in_words(people: Sequence[Identity]) -> str:
    """Ages, presentations, glasses, beards and skin tones of some people."""
    tones = [who.tone for who in people]
    return sentence(
        "They are between {young:.0f} and {old:.0f} years old. {women} are presented as women and {men} as men. "
        "{glasses} wear glasses, and {beards} have a beard, a moustache or stubble. Each of the ten skin tones is worn "
        "by {least} to {most} of them.",
        young=min(who.age for who in people),
        old=max(who.age for who in people),
        women=sum(who.presentation == "female" for who in people),
        men=sum(who.presentation == "male" for who in people),
        glasses=sum(who.glasses != "none" for who in people),
        beards=sum(who.facial_hair != "none" for who in people),
        least=min(tones.count(tone) for tone in range(1, 11)),
        most=max(tones.count(tone) for tone in range(1, 11)),
    )


def landmark_movement(who: Identity) -> pd.Series:
    """Of each action unit at full strength: how far the landmark moves that moves most.

    Returns
    -------
    Series of action unit -> distance as a share of the distance between the eyes, largest first.
    """
    still = studio.draw(who, size=640, truth=True)[1]
    eyes = np.linalg.norm(still[36:42].mean(axis=0) - still[42:48].mean(axis=0))
    moved = {
        unit: np.linalg.norm(studio.draw(who, {unit: 1.0}, size=640, truth=True)[1] - still, axis=1).max() / eyes
        for unit in studio.ACTION_UNITS
    }
    return pd.Series(moved, name="movement").sort_values(ascending=False)


def movement_in_words(moved: pd.Series) -> str:
    """The largest and the three smallest of `landmark_movement`."""
    return sentence(
        "Take the landmark that moves most. AU {most} ({name}) moves it by {far} of the distance between the eyes. "
        "With AU {least} none of the 68 landmarks moves by more than {near}. What these do shows in folds and shadows; "
        "a system that looks at landmarks alone sees little of it.",
        most=moved.index[0],
        name=studio.ACTION_UNITS[moved.index[0]],
        far=percent(moved.iloc[0], 0),
        least=", ".join(map(str, moved.index[-3:][::-1])),
        near=percent(moved.iloc[-3], 1),
    )


def found_in_words(found: Mapping[str, int], people: int) -> str:
    """In how many of some people a detector finds the face, by MEAD's views."""
    return sentence(
        "dlib's detector was trained on photographs. It finds a face in {front} of {people} people from the front. "
        "From 30 degrees left and right it finds {left_30} and {right_30}, from above {top}, from below {down}. From "
        "the outer cameras it finds {left_60} and {right_60}.",
        people=people,
        **found,
    )


def clip_in_words(truth: Mapping[str, np.ndarray], label: str) -> str:
    """In how many frames of a clip the expression is above half its strength, and in how many the eyes are closed."""
    out = int((truth["apex"] > 0.5).sum())
    blink = truth["action_units"][:, :, list(studio.ACTION_UNITS).index(45)].mean(axis=1)
    closed = int((blink > 0.5).sum())
    return sentence(
        "The label is *{label}*. In {out} of the clip's {n} frames the expression is above half of its strength. "
        "In the other {rest} the label says more than the face does. {blinks} Cut into single frames, all {n} get the "
        "same label.",
        label=label,
        out=out,
        n=len(truth["apex"]),
        rest=len(truth["apex"]) - out,
        blinks=f"In {closed} the eyes are more than half closed." if closed else "In none are the eyes closed.",
    )


def recipes() -> pd.DataFrame:
    """The prototype of each label: the action units that it always has, and those that some actors add."""
    rows = {}
    for label in labels.ALL:
        always = studio.prototype(label, optional=1.01)
        some = {unit: value for unit, value in studio.prototype(label, optional=0.0).items() if unit not in always}
        rows[label] = {"always: AU (intensity)": _units_in_words(always), "added by some actors": _units_in_words(some)}
    return pd.DataFrame(rows).T


def _units_in_words(units: Mapping[int | str, float]) -> str:
    return ", ".join(f"{unit}\u00a0({value:.2f})" for unit, value in units.items()) or "none"


def factors() -> pd.DataFrame:
    """What each factor of a film is."""
    return pd.DataFrame({"what it is": {name: factor.description for name, factor in studio.FACTORS.items()}})


def left_aligned(table: pd.DataFrame):
    """A table of words, which wrap and begin at the left, as pandas shows it."""
    heads = [{"selector": "th", "props": "text-align: left; vertical-align: top"}]
    cells = {"text-align": "left", "white-space": "normal", "vertical-align": "top"}
    return table.style.set_properties(**cells).set_table_styles(heads)
