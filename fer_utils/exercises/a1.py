"""Appendix 1: Lambert's law with several lamps (a1-1), one thing that differs (a1-3), one action unit (a1-5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, replace
import functools
import numbers as kinds

import numpy as np

from fer_utils import studio
from fer_utils.core.errors import FerError
from fer_utils.exercises import Wrong, asked, numbers
from fer_utils.inference.drawn_square import scores_of_drawing

# a1-1 --------------------------------------------------------------------------------------------

_BRIGHTNESS = "brightness(normals, lamps, ambient)"


def _bright(
    normals, lamps, ambient, *, unit=True, shadow="each", room="once", strong=True, cap=True, fold=np.sum, only=None
) -> np.ndarray:
    """The right answer; the options are mistakes to recognise."""
    parts = []
    lamps = lamps if only is None else lamps[only]
    lengths = {True: np.linalg.norm, "sum": np.sum, "largest": lambda direction: np.abs(direction).max()}
    for direction, strength in lamps:
        direction = np.asarray(direction, float)
        facing = normals @ (direction / lengths[unit](direction) if unit else direction)
        facing = {
            "each": np.maximum(facing, 0),
            "size": np.abs(facing),
            "turned": np.maximum(-facing, 0),
            "half": (facing + 1) / 2,
            "squared": np.maximum(facing, 0) ** 2,
        }.get(shadow, facing)
        parts.append(facing * (strength if strong else 1) + (ambient if room == "each" else 0))
    lit = fold(parts, axis=0) if parts else np.zeros(normals.shape[:2])
    if shadow == "sum":
        lit = np.maximum(lit, 0)
    if room == "largest":
        lit = np.maximum(lit, ambient)
    elif room == "times":
        lit = lit * ambient
    elif room != "each" or not parts:
        lit = lit + (ambient if room != "none" else 0)
    return np.minimum(lit, 1) if cap else lit


#: Mistakes in a1-1 that a picture may betray, from `_bright`.
_BRIGHT_MISTAKES: tuple[tuple[dict, str], ...] = (
    (
        {"shadow": "sum"},
        "It looks as if negative light was cut off after the lamps were added. A lamp behind a surface cannot take "
        "away another lamp's light: cut off each lamp at 0.",
    ),
    ({"shadow": "none"}, "A lamp behind a surface gives no light, and no negative light: cut off each lamp at 0."),
    ({"shadow": "size"}, "It looks as if a lamp lit the side that is turned away: take max(0, ...), not the size."),
    (
        {"shadow": "turned"},
        "The light comes from the wrong side: `direction` points from the surface to the lamp, so that a surface that "
        "faces it has a positive cosine.",
    ),
    ({"shadow": "half"}, "It looks as if the cosine were moved to 0 to 1: below 0 there is no light at all."),
    ({"shadow": "squared"}, "It looks as if the cosine were squared; take it as it is."),
    ({"unit": "sum"}, "It looks as if a direction were divided by the sum of its numbers: divide by its length."),
    ({"unit": "largest"}, "It looks as if a direction were divided by its largest number: divide by its length."),
    ({"room": "largest"}, "It looks as if the room's light were the least that there is: it is added to the lamps'."),
    ({"room": "times"}, "It looks as if the room's light were multiplied; it is added to the lamps'."),
    ({"only": slice(1)}, "It looks as if only the first lamp were lit: go through all."),
    ({"only": slice(-1, None)}, "It looks as if only the last lamp were lit: add up all."),
    ({"unit": False}, "It looks as if a long direction gave more light: divide each direction by its length."),
    ({"room": "each"}, "It looks as if the light of the room was added once a lamp: it is there once."),
    ({"room": "none"}, "The light of the room, `ambient`, is missing."),
    ({"strong": False}, "The lamps' strengths are missing."),
    ({"fold": np.mean}, "It looks as if the lamps were averaged: their light adds up."),
    ({"fold": np.max}, "It looks as if only the brightest lamp counted: their light adds up."),
    ({"cap": False}, "No pixel is brighter than white: cut off the sum at 1."),
)


def _bright_cases():
    rng = np.random.default_rng(11)
    normals = rng.normal(size=(5, 7, 3))
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    left, right, above = ((-2.0, 0.0, 1.0), 0.5), ((3.0, 0.5, -0.6), 0.45), ((0.0, -0.2, 0.1), 0.9)
    yield normals, [left], 0.1, "one lamp at the left"
    yield normals, [left, right], 0.2, "two lamps, at the left and at the right"
    yield normals, [left, right, above], 0.3, "three lamps, together brighter than white"
    yield normals, [], 0.4, "no lamp"


def grade_brightness(answer) -> str:
    """Random normals under no lamp, one, two and three."""
    for normals, lamps, ambient, words in _bright_cases():
        kept = normals.copy()
        try:
            got = numbers(asked(answer, _BRIGHTNESS, normals, lamps, ambient))
        except Exception as error:
            if lamps or isinstance(error, Wrong):
                raise
            raise Wrong(
                f"with no lamp, an empty list, your code raised {type(error).__name__}: what is left then is the "
                "light of the room."
            ) from None
        if not np.array_equal(normals, kept):
            raise Wrong("your function changed the normals that it was given; work on a copy.")
        shape = normals.shape[:2]
        if got is None or got.shape != shape:
            received = "no array of numbers" if got is None else f"the shape {got.shape}"
            raise Wrong(f"with {words}: return one brightness a pixel, an array of shape {shape}; got {received}.")
        wanted = _bright(normals, lamps, ambient)
        if not np.allclose(got, wanted, atol=1e-5):
            row, column = (int(place) for place in np.argwhere(~np.isclose(got, wanted, atol=1e-5))[0])
            in_bytes = np.allclose(got, 255 * wanted, atol=1)
            hint = next(
                (
                    f" {text}"
                    for options, text in _BRIGHT_MISTAKES
                    if np.allclose(got, _bright(normals, lamps, ambient, **options), atol=1e-5)
                ),
                "",
            )
            hint = " Return it from 0 to 1, as floats." if in_bytes else hint
            raise Wrong(
                f"with {words}, pixel ({row}, {column}) should have the brightness {wanted[row, column]:.4f}; "
                f"yours has {got[row, column]:.4f}.{hint}"
            )
    return "right: each lamp by itself, none below 0, the room once, and nothing brighter than white."


# a1-3 --------------------------------------------------------------------------------------------

_ONE_CHANGE = "one_change(person, units, name, values)"
#: Pixels a side of the pictures that are asked for.
SIZE = 96


@functools.lru_cache(maxsize=64)
def _drawn(person, units: tuple, size: int = SIZE) -> np.ndarray:
    return studio.draw(person, dict(units), size=size)


def _changed(person, units, name, values) -> dict:
    return {value: _drawn(replace(person, **{name: value}), tuple(units.items())) for value in values}


def _change_hint(got: Mapping, person, units, name, values) -> str:
    """What the answer seems to have done instead."""
    acting, first = tuple(units.items()), values[0]
    if all(np.array_equal(got[value], _drawn(person, acting)) for value in values):
        return " Nothing is changed: `replace` returns a new person and leaves the old one as it is."
    if np.array_equal(got[first], _drawn(replace(person, **{name: first}), ())):
        return " The expression is missing: hand `units` to `studio.draw`."
    if all(np.array_equal(got[value], got[first]) for value in values):
        return " All your pictures are the same: is the last value used for all?"
    wanted = _drawn(replace(person, **{name: first}), acting)
    if np.allclose(got[first] * 255, wanted, atol=1):
        return " Its values were divided by 255: leave the pictures as `studio.draw` makes them."
    if np.array_equal(got[first][..., ::-1], wanted):
        return " Red and blue have changed places: leave the pictures as `studio.draw` makes them."
    if np.ptp(got[first], axis=2).max() == 0:
        return " It is grey: leave the pictures as `studio.draw` makes them."
    if np.array_equal(got[first], _drawn(replace(person, **{name: values[-1]}), acting)):
        return " It belongs to another value: key and picture are not in the same order."
    other = replace(studio.person(person.seed + 1), **{name: first})
    if np.array_equal(got[first], _drawn(other, acting)):
        return " That is another person."
    return " More than one thing differs: keep the person and the expression, and replace one field."


def _asked_change(answer, given: str, *arguments):
    """What an answer returns; an error that a fixed field makes is said in plain words."""
    try:
        return asked(answer, _ONE_CHANGE, *arguments)
    except (TypeError, ValueError, FerError, FrozenInstanceError) as error:
        raise Wrong(
            f"for {given}: your code raised {type(error).__name__}: {error}. The name of the field is in the variable "
            "`name`: `replace(person, **{name: value})` sets it, in a new person."
        ) from None


def grade_one_change(answer) -> str:
    """Two people, in whom the skin tone or the glasses are changed."""
    cases = ((12, {12: 0.8, 6: 0.5}, "tone", (2, 9)), (46, {4: 0.7}, "glasses", ("none", "round")))
    for seed, units, name, values in cases:
        person = studio.person(seed)
        given = f"person {seed}, {name} = {', '.join(map(str, values))}"
        made = _asked_change(answer, given, person, dict(units), name, list(values))
        if not isinstance(made, Mapping):
            raise Wrong(f"for {given}: return a dict, value to picture; got {type(made).__name__}.")
        if set(made) != set(values):
            raise Wrong(f"for {given}: the keys should be the values, {list(values)}; got {list(made)}.")
        got = {value: numbers(made[value]) for value in values}
        for value, picture in got.items():
            if picture is None:
                raise Wrong(
                    f"for {given}: each value of the dict should be one picture; that of {value} is of type "
                    f"{type(made[value]).__name__}."
                )
            if picture.shape != (SIZE, SIZE, 3):
                raise Wrong(
                    f"for {given}: each picture should have the shape {(SIZE, SIZE, 3)} (`size={SIZE}`); that of "
                    f"{value} has {picture.shape}."
                )
        wanted = _changed(person, units, name, values)
        for value in values:
            if not np.array_equal(got[value], wanted[value]):
                hint = _change_hint(got, person, units, name, values)
                raise Wrong(f"for {given}: the picture of {value} is not the one that is asked for.{hint}")
    return "right: one person, one expression, and a single field that differs."


# a1-5 --------------------------------------------------------------------------------------------

#: Who is shown, at what label one begins, and what the network is to answer.
PERSON, BEGINNING, GOAL = 12, "fearful", "surprised"


@functools.lru_cache(maxsize=64)
def _answer(units: tuple) -> tuple[str, float]:
    """The network's label for the person with these action units, and its score."""
    scores = scores_of_drawing(*studio.draw(studio.person(PERSON), dict(units), size=384, truth=True))
    best = max(scores, key=scores.__getitem__)
    return best, scores[best]


def grade_one_unit(answer) -> str:
    """One action unit on top of the prototype of fear, for which the network answers surprise."""
    start = studio.prototype(BEGINNING)
    if not isinstance(answer, Mapping):
        raise Wrong(
            f"enter a dict such as {{6: 0.5}}, the number of the action unit and its intensity; got "
            f"{type(answer).__name__}."
        )
    changed = {unit: value for unit, value in answer.items() if start.get(unit, ...) != value}
    if answer and not changed:
        raise Wrong(f"{dict(answer)} is how *{BEGINNING}* has it already: nothing changes.")
    if len(answer) != 1:
        hint = ""
        if len(changed) == 1:
            hint = f" Enter only what you changed, {changed}, not the whole recipe."
        raise Wrong(f"one action unit is to be moved; yours has {len(answer)}.{hint}")
    ((unit, value),) = answer.items()
    if unit not in studio.ACTION_UNITS:
        if isinstance(unit, str) and unit.strip().upper().removeprefix("AU").strip().isdigit():
            raise Wrong(f"enter the action unit as a number, such as {{6: 0.5}}; got {unit!r}.")
        raise Wrong(f"there is no action unit {unit!r} here; there are {', '.join(map(str, studio.ACTION_UNITS))}.")
    if not isinstance(value, kinds.Real) or not 0 <= value <= 1:
        raise Wrong(f"an intensity goes from 0 to 1, as the slider's number does; got {value!r}.")
    label, score = _answer(tuple({**start, unit: float(value)}.items()))
    if label != GOAL:
        name = f"AU {unit} ({studio.ACTION_UNITS[unit]}) at {value:g}"
        hint = ""
        if _answer(tuple({**start, unit: 1.0}.items()))[0] == GOAL:
            hint = " It is a slider that can do it: move it further."
        elif unit in (1, 2, 4, 5, 7):
            hint = " For this network brows and lids are not what tells the two apart: look lower."
        elif unit == 26:
            hint = " A jaw that drops at ease is not yet enough: another unit opens the mouth further."
        elif label not in (BEGINNING, GOAL):
            hint = " Another label wins: go back to the start, and try another unit."
        raise Wrong(f"with {name} the network answers {label} ({score:.2f}), not {GOAL}.{hint}")
    return (
        f"right: AU {unit} alone, and the answer is {GOAL} ({score:.2f}), with the knitted brows of fear still there. "
        "This network tells the two by the mouth; people are taught to look at the brows."
    )
