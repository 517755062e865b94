"""What stands between the acting and the picture: each factor has a name, is recorded, and can be set.

``film(..., factors={...})`` takes, by the names of ``FACTORS``,

- one value, for every clip: ``{"noise": 0, "light": "left", "compression": 30}``;
- for a number, a pair (low, high): drawn evenly between them, once a performance;
- for ``light`` and ``occlusion``, shares of the performances:
  ``{"occlusion": {"hand": 0.1, "mask": 0.05}}``; the rest are as without it.

A factor that is not named is drawn as its ``default`` says, from the same random
numbers whatever else is set: two films that differ in one factor differ in nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
import math
import numbers
from types import MappingProxyType
from typing import Any

import numpy as np

from fer_utils.core import labels
from fer_utils.core.errors import invalid
from fer_utils.studio.layouts import ACTORS, VIEWS, Take
from fer_utils.studio.render import LIGHTS, Light

#: What can stand before the face, as ``draw`` knows it.
OCCLUDERS: tuple[str, ...] = ("hand", "mask", "glasses")


@dataclass(frozen=True)
class Factor:
    """What a factor is, in words; its unit; the range it may take (numbers only); and how it is drawn if not set."""

    description: str
    unit: str
    low: float | None
    high: float | None
    default: str


def _table(**entries: tuple) -> Mapping[str, Factor]:
    return MappingProxyType({name: Factor(*entry) for name, entry in entries.items()})


#: Every factor of a film by its name, in the order in which they act.  ``FACTORS["zoom"].default`` says how it is
#: drawn.
FACTORS: Mapping[str, Factor] = _table(
    label_noise=(
        "share of the performances that show another expression than their name says, any other alike",
        "share",
        0,
        1,
        "0",
    ),
    speech=("how much talking moves the mouth", "0 to 1", 0, 1, "uniform 0.25..0.75"),
    yaw=("head turned to the viewer's right, added to the acted pose", "degrees", -60, 60, "0"),
    pitch=("head's nose up, added to the acted pose", "degrees", -30, 30, "0"),
    roll=("head turned clockwise, added to the acted pose", "degrees", -45, 45, "0"),
    light=(
        f"the lamp and the room as the front camera sees them: {', '.join(LIGHTS)}, or a Light",
        "a Light",
        None,
        None,
        "one studio: azimuth normal -14 (sd 3), elevation 28 (2), strength 0.62..0.68, ambient 0.42..0.46, "
        "warmth 0 (0.05), exposure 0.98 (0.015)",
    ),
    background=(
        "colour of the wall, or two colours to draw between",
        "(red, green, blue)",
        0,
        255,
        "the layout's own wall",
    ),
    markers=(
        "blue dots painted on the face, as SAVEE's actors wore",
        "yes or no",
        None,
        None,
        "yes for SAVEE, no for the others",
    ),
    occlusion=(f"what stands before the face: {', '.join(OCCLUDERS)}, or none", "a word", None, None, "none"),
    zoom=("size of the head, a factor", "factor", 0.5, 1.5, "normal 0.985 (sd 0.01), cut at 0.88 and 1.06"),
    shift_x=("head moved right", "shares of the shorter side", -0.5, 0.5, "normal 0 (sd 0.006)"),
    shift_y=("head moved down", "shares of the shorter side", -0.5, 0.5, "normal 0 (sd 0.005)"),
    blur=("standard deviation of the lens's blur", "pixels of a picture 256 high", 0, 8, "uniform 0..0.35"),
    noise=("standard deviation of the camera's noise", "grey levels of 255", 0, 30, "uniform 1..3"),
    compression=(
        "quality of JPEG that each frame goes through before the video's own codec, or None",
        "1 to 100",
        1,
        100,
        "none",
    ),
)
_WALL = {"ravdess": (206, 208, 206), "savee": (176, 182, 190), "mead": (150, 166, 158)}
_OFFSET = {"ravdess": 0, "savee": 100, "mead": 200}


@dataclass(frozen=True)
class Conditions:
    """The factors' values for one clip.  ``light`` is as the clip's own camera sees it."""

    true_expression: str
    speech: float
    yaw: float
    pitch: float
    roll: float
    light: Light
    light_name: str
    background: tuple[int, int, int]
    markers: bool
    occlusion: str
    zoom: float
    shift_x: float
    shift_y: float
    blur: float
    noise: float
    compression: int | None

    def columns(self) -> dict:
        """As columns of clips.csv."""
        row = {
            name: value
            for name, value in vars(self).items()
            if name not in ("light", "light_name", "background", "yaw", "pitch", "roll")
        }
        row |= {f"{name}_offset": getattr(self, name) for name in ("yaw", "pitch", "roll")}
        row |= {"light": self.light_name} | {f"light_{name}": value for name, value in asdict(self.light).items()}
        for name, value in zip(("red", "green", "blue"), self.background, strict=True):
            row[f"background_{name}"] = value
        return row


def seed_of(layout: str, actor: str, seed: int) -> int:
    """The seed of ``person`` for an actor: no two actors of the three layouts share one."""
    return seed * 1000 + _OFFSET[layout] + ACTORS[layout].index(actor)


def stream(take: Take, seed: int, number: int, *more: int) -> np.random.Generator:
    """A performance's own random numbers: the same for all its cameras, and independent of every other clip."""
    return np.random.default_rng(
        [
            seed,
            number,
            _OFFSET[take.layout],
            ACTORS[take.layout].index(take.actor),
            labels.ALL.index(take.expression),
            take.intensity,
            int(take.statement),
            take.repetition,
            *more,
        ]
    )


# --- asked for ------------------------------------------------------------------------------


def checked(factors: Mapping[str, Any] | None) -> dict[str, dict]:
    """``film``'s ``factors`` as JSON can hold them: {name: {"value": …} or {"low": …, "high": …} or {"shares": …}}.

    Raises
    ------
    FerError for a name that is not in ``FACTORS`` or a value outside its range.
    """
    if factors is None:
        return {}
    if not isinstance(factors, Mapping):
        raise invalid(
            "factors",
            expected="None or a dict by the names of factors",
            received=factors,
            remedy=f"Known: {', '.join(FACTORS)}.",
        )
    for name in factors:
        if name not in FACTORS:
            raise invalid("factors", expected=f"names among {', '.join(FACTORS)}", received=name)
    return {name: _checked(name, factors[name]) for name in FACTORS if name in factors}


def _checked(name: str, value: Any) -> dict:
    if name == "light":
        return _choice(name, value, tuple(LIGHTS), "a studio.Light")
    if name == "occlusion":
        return _choice(name, "none" if value is None else value, OCCLUDERS, "None")
    if name == "markers":
        if not isinstance(value, bool):
            raise _bad(name, "True or False", value)
        return {"value": value}
    if name == "background":
        return _colour(value)
    if name == "compression" and value is None:
        return {"value": None}
    factor, whole, share = FACTORS[name], name == "compression", name == "label_noise"
    is_pair = isinstance(value, (tuple, list)) and not share
    pair = list(value) if is_pair else [value, value]
    if len(pair) != 2 or not all(_is_number(v, factor.low, factor.high, whole) for v in pair) or pair[0] > pair[1]:
        kind = "None or a whole number" if whole else "a number"
        number = f"{kind} from {factor.low:g} to {factor.high:g} ({factor.unit})"
        raise _bad(name, number if share else f"{number}, or a pair (low, high) to draw between", value)
    low, high = (int(v) if whole else float(v) for v in pair)
    return {"low": low, "high": high} if is_pair else {"value": low}


def _is_number(value: Any, low: float, high: float, whole: bool = False) -> bool:
    kind = numbers.Integral if whole else numbers.Real
    return isinstance(value, kind) and not isinstance(value, bool) and math.isfinite(value) and low <= value <= high


def _bad(name: str, expected: str, value: Any):
    return invalid(f"factors[{name!r}]", expected=expected, received=value)


def _choice(name: str, value: Any, known: tuple[str, ...], other: str) -> dict:
    """A word, a Light, or shares of words."""
    if isinstance(value, str) and (value in known or (name, value) == ("occlusion", "none")):
        return {"value": value}
    if isinstance(value, Light) and name == "light":
        if not all(_is_number(v, -1e3, 1e3) for v in asdict(value).values()):
            raise _bad(name, "a Light of finite numbers", value)
        return {"value": {k: float(v) for k, v in asdict(value).items()}}
    shares = (
        isinstance(value, Mapping)
        and len(value) > 0
        and all(k in known and _is_number(v, 0, 1) for k, v in value.items())
    )
    if not shares or sum(value.values()) > 1 + 1e-9:
        raise _bad(
            name, f"one of {', '.join(known)}, {other}, or a dict of shares by these words, together at most 1", value
        )
    return {"shares": {k: float(value[k]) for k in known if k in value}}


def _colour(value: Any) -> dict:
    def one(colour) -> bool:
        return (
            isinstance(colour, (tuple, list)) and len(colour) == 3 and all(_is_number(c, 0, 255, True) for c in colour)
        )

    if one(value):
        return {"value": [int(c) for c in value]}
    if (
        isinstance(value, (tuple, list))
        and len(value) == 2
        and all(map(one, value))
        and all(a <= b for a, b in zip(*value, strict=True))
    ):
        return {"low": [int(c) for c in value[0]], "high": [int(c) for c in value[1]]}
    raise _bad(
        "background", "(red, green, blue), whole numbers from 0 to 255, or (low, high) of two such colours", value
    )


# --- drawn ----------------------------------------------------------------------------------


def conditions(take: Take, seed: int, wanted: Mapping[str, dict]) -> Conditions:
    """The factors of one clip: drawn once a performance, then seen by the clip's camera.

    Parameters
    ----------
    take : which clip.
    seed : the film's.
    wanted : from ``checked``.
    """
    values = _defaults(take, seed)
    for k, name in enumerate(FACTORS):
        if name in wanted and name != "label_noise":
            values[name] = _drawn(name, wanted[name], stream(take, seed, 4, k), values[name])
    light, light_name = values.pop("light")
    # The lamp stays where it is when the camera moves: it turns with the head.
    turn, lift = VIEWS[take.view]
    light = replace(light, azimuth=round(light.azimuth + turn, 3), elevation=round(light.elevation + lift, 3))
    return Conditions(
        true_expression=_true_expression(take, seed, wanted), light=light, light_name=light_name, **values
    )


def _true_expression(take: Take, seed: int, wanted: Mapping[str, dict]) -> str:
    # Both numbers are always drawn: what is wrong at a small share stays wrong, in the same way, at a larger one.
    rng = stream(take, seed, 4, list(FACTORS).index("label_noise"))
    wrong = rng.random() < wanted.get("label_noise", {"value": 0.0})["value"]
    others = [name for name in labels.VOCABULARIES[take.layout] if name != take.expression]
    other = others[int(rng.integers(len(others)))]
    return other if wrong else take.expression


def _defaults(take: Take, seed: int) -> dict:
    """What is not set: all actors sit in one studio before one camera, and little changes from clip to clip.

    So it is in RAVDESS, SAVEE and MEAD.
    """
    rng = stream(take, seed, 1)
    light = Light(
        azimuth=round(float(np.clip(rng.normal(-14, 3), -50, 50)), 3),
        elevation=round(float(np.clip(rng.normal(28, 2), 5, 60)), 3),
        strength=round(float(rng.uniform(0.62, 0.68)), 4),
        ambient=round(float(rng.uniform(0.42, 0.46)), 4),
        warmth=round(float(np.clip(rng.normal(0, 0.05), -0.7, 0.7)), 4),
        exposure=round(float(np.clip(rng.normal(0.98, 0.015), 0.78, 1.12)), 4),
    )
    return {
        "light": (light, "drawn"),
        "zoom": round(float(np.clip(rng.normal(0.985, 0.01), 0.88, 1.06)), 4),
        "shift_x": round(float(rng.normal(0, 0.006)), 4),
        "shift_y": round(float(rng.normal(0, 0.005)), 4),
        "noise": round(float(rng.uniform(1.0, 3.0)), 3),
        "blur": round(float(rng.uniform(0.0, 0.35)), 3),
        "speech": round(float(rng.uniform(0.25, 0.75)), 3),
        "yaw": 0.0,
        "pitch": 0.0,
        "roll": 0.0,
        "background": _WALL[take.layout],
        "markers": take.layout == "savee",
        "occlusion": "none",
        "compression": None,
    }


def _drawn(name: str, how: Mapping[str, Any], rng: np.random.Generator, default):
    """A factor's value for one performance."""
    if "shares" in how:
        at = rng.random()
        for word, share in how["shares"].items():
            at -= share
            if at < 0:
                return (LIGHTS[word], word) if name == "light" else word
        return default
    if "low" in how:
        if name == "background":
            return tuple(int(rng.integers(a, b + 1)) for a, b in zip(how["low"], how["high"], strict=True))
        if name == "compression":
            return int(rng.integers(how["low"], how["high"] + 1))
        return float(np.clip(round(float(rng.uniform(how["low"], how["high"])), 4), how["low"], how["high"]))
    value = how["value"]
    if name == "light":
        return (Light(**value), "given") if isinstance(value, dict) else (LIGHTS[value], value)
    return tuple(value) if name == "background" else value
