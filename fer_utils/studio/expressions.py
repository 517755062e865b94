"""What a face does: action units, prototypes, and a performance over time.

Action units are numbered and named as in the Facial Action Coding System
(Ekman, Friesen & Hager 2002).  A prototype is what an actor shows for a
posed-expression label at full strength.  The consistent and the optional units
of the six basic expressions follow table 1 of Du, Tao & Martinez 2014 (PNAS
111(15):E1454); contempt is one-sided (AU 12 and 14: Matsumoto & Ekman 2004, J.
Pers. Soc. Psychol. 87:529).  The intensities, the chances of optional units, and
'calm' (a weak smile under relaxed lids) are this project's own choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import numbers
import re
from types import MappingProxyType

import numpy as np

from fer_utils.errors import invalid

#: Number -> FACS name, in the order of every array of action units.
ACTION_UNITS: Mapping[int, str] = MappingProxyType({
    1: "inner brow raiser", 2: "outer brow raiser", 4: "brow lowerer", 5: "upper lid raiser",
    6: "cheek raiser", 7: "lid tightener", 9: "nose wrinkler", 10: "upper lip raiser",
    12: "lip corner puller", 14: "dimpler", 15: "lip corner depressor", 16: "lower lip depressor",
    17: "chin raiser", 18: "lip pucker", 20: "lip stretcher", 23: "lip tightener",
    24: "lip pressor", 25: "lips part", 26: "jaw drop", 27: "mouth stretch",
    43: "eyes closed", 45: "blink",
})
#: Number -> column in arrays of action units.
INDEX: Mapping[int, int] = MappingProxyType({unit: k for k, unit in enumerate(ACTION_UNITS)})
#: Units of the midline or the jaw: these have no left and right.
MIDLINE: frozenset[int] = frozenset({16, 17, 18, 23, 24, 25, 26, 27})

#: How hard a film is, set by eye and not yet calibrated against real actors: the
#: most an actor leans towards a neighbouring label (0..1), and the most a quirk
#: adds (0..1).
LEAN, QUIRK = 0.35, 0.12

_ONE_SIDED = re.compile(r"([LR])(\d{1,2})")


@dataclass(frozen=True)
class Prototype:
    """Units always shown (unit or 'L12', intensity 0..1), and units some actors add
    (unit, intensity, chance that an actor does)."""

    always: tuple[tuple[int | str, float], ...]
    sometimes: tuple[tuple[int, float, float], ...] = ()


PROTOTYPES: Mapping[str, Prototype] = MappingProxyType({
    "neutral": Prototype(()),
    "calm": Prototype(((12, 0.26), (43, 0.20)), ((6, 0.15, 0.3),)),
    "happy": Prototype(((12, 0.95), (25, 0.75)), ((6, 0.85, 0.8), (7, 0.3, 0.3), (26, 0.25, 0.2))),
    "sad": Prototype(((4, 0.55), (15, 0.90)), ((1, 0.90, 0.8), (17, 0.65, 0.7), (6, 0.25, 0.3), (43, 0.28, 0.5))),
    "angry": Prototype(((4, 1.0), (7, 0.80), (24, 0.85)), ((17, 0.45, 0.5), (23, 0.5, 0.4), (10, 0.3, 0.2), (5, 0.35, 0.4))),
    "fearful": Prototype(((1, 0.85), (4, 0.60), (20, 0.85), (25, 0.85)), ((5, 0.90, 0.7), (2, 0.45, 0.5), (26, 0.30, 0.4))),
    "disgust": Prototype(((9, 0.95), (10, 0.80), (17, 0.50)), ((4, 0.45, 0.4), (7, 0.5, 0.4), (6, 0.4, 0.3), (15, 0.35, 0.3))),
    "surprised": Prototype(((1, 0.95), (2, 0.95), (25, 0.80), (26, 0.85)), ((5, 0.85, 0.8), (27, 0.35, 0.2))),
    "contempt": Prototype((("L12", 0.55), ("L14", 0.90)), ((24, 0.30, 0.4), (4, 0.20, 0.3), (2, 0.30, 0.2))),
})
#: How strong each data set's intensity is, as a factor on the prototype (our choice).
STRENGTH: Mapping[str, Mapping[int, float]] = MappingProxyType({
    "ravdess": MappingProxyType({1: 0.95, 2: 1.15}),
    "savee": MappingProxyType({1: 0.95}),
    "mead": MappingProxyType({1: 0.55, 2: 0.80, 3: 1.0}),
})


def prototype(label: str, strength: float = 1.0, *, optional: float = 0.5) -> dict[int | str, float]:
    """The action units of a posed-expression label, ready for ``draw``.

    Parameters
    ----------
    label : one of ``fer_utils.labels.ALL``.
    strength : factor on every intensity, 0..1.
    optional : units that at least this share of actors add are included.

    >>> prototype("contempt")["L14"]
    0.9
    """
    if label not in PROTOTYPES:
        raise invalid("label", expected=f"one of {', '.join(PROTOTYPES)}", received=label)
    if not 0 <= strength <= 1:
        raise invalid("strength", expected="a number from 0 to 1", received=strength)
    chosen = PROTOTYPES[label]
    units = dict(chosen.always)
    units.update({unit: value for unit, value, chance in chosen.sometimes if chance >= optional})
    return {unit: round(value * strength, 6) for unit, value in units.items()}


def as_array(action_units: Mapping[int | str, float] | None) -> np.ndarray:
    """Check a mapping of action units and lay it out as (2, 22) float64.

    Keys are FACS numbers (both sides) or ``"L12"``/``"R12"`` for the person's
    own left or right side alone; values are intensities 0..1.  Row 0 is the
    person's right, row 1 the left.  A side given by itself overrides the number.
    """
    au = np.zeros((2, len(INDEX)))
    if action_units is None:
        return au
    if not isinstance(action_units, Mapping):
        raise invalid("action_units", expected="a dict such as {12: 1.0, 'L14': 0.5}", received=action_units)
    one_sided = []
    for key, value in action_units.items():
        match = _ONE_SIDED.fullmatch(key) if isinstance(key, str) else None
        whole = isinstance(key, numbers.Integral) and not isinstance(key, bool)
        unit = int(match[2]) if match else (int(key) if whole else None)
        if unit not in INDEX:
            raise invalid(
                "action_units", received=key,
                expected=f"a known action unit ({', '.join(map(str, INDEX))}), or one side of it as 'L12' or 'R12'",
            )
        if match and unit in MIDLINE:
            raise invalid("action_units", expected=f"both sides at once for AU {unit} ({ACTION_UNITS[unit]})",
                          received=key, remedy=f"Write {{{unit}: ...}}.")
        if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0.0 <= float(value) <= 1.0:
            raise invalid(f"action_units[{key!r}]", expected="an intensity from 0 to 1", received=value)
        if match:
            one_sided.append((0 if match[1] == "R" else 1, INDEX[unit], float(value)))
        else:
            au[:, INDEX[unit]] = float(value)
    for side, column, value in one_sided:
        au[side, column] = value
    return au


@dataclass(frozen=True)
class Performance:
    """One acted clip: what the face and head do in each of T frames.

    ``action_units`` (T, 2, 22) 0..1; ``pose`` (T, 3) yaw, pitch, roll in
    degrees; ``gaze`` (T, 2) -1..1; ``apex`` (T,) how far the expression is out,
    0..1; ``shown`` the prototype's units as this actor plays them.
    """

    action_units: np.ndarray
    pose: np.ndarray
    gaze: np.ndarray
    apex: np.ndarray


#: What an actor's version of a label leans towards.  The pairs are those that
#: people confuse in RAVDESS (Livingstone & Russo 2018) and CREMA-D (Cao et al.
#: 2014): sad with neutral and fear, fear with surprise, anger with disgust, ...
NEIGHBOURS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "neutral": ("calm", "sad", "angry"), "calm": ("neutral", "happy", "sad"), "happy": ("calm", "surprised"),
    "sad": ("neutral", "fearful", "disgust"), "angry": ("disgust", "neutral", "fearful"),
    "fearful": ("surprised", "sad", "neutral"), "disgust": ("angry", "sad", "happy"),
    "surprised": ("fearful", "happy", "neutral"), "contempt": ("disgust", "calm", "angry"),
})
_QUIRKS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23)


def _played(identity, label: str, chosen: Prototype, rng: np.random.Generator | None) -> np.ndarray:
    """A prototype with the actor's gains; optional units drawn from rng, or left out without one."""
    units: dict[int | str, float] = dict(chosen.always)
    for unit, value, chance in chosen.sometimes:
        if rng is not None and rng.random() < chance:
            units[unit] = value
    flip = identity.asymmetry < 0  # contempt shows on the actor's own side of choice
    au = np.zeros((2, len(INDEX)))
    gain = dict(identity.style)
    for key, value in units.items():
        if isinstance(key, str):
            unit, side = int(key[1:]), int(key[0] == "L")
            au[1 - side if flip else side, INDEX[unit]] = value * gain[unit]
        else:
            au[:, INDEX[key]] = value * gain[key]
    return au


def habits(identity, label: str) -> np.ndarray:
    """How an actor plays a label at full strength: (2, 22), before clipping to 0..1.

    Fixed for the actor and label, so that actors differ more from each other
    than an actor does from take to take: which optional units are used, how much
    is shown at all, how far it leans to a neighbouring label, and two quirks.
    """
    from fer_utils.labels import ALL

    rng = np.random.default_rng([717, identity.seed, ALL.index(label)])
    au = _played(identity, label, PROTOTYPES[label], rng)
    neighbour = str(rng.choice(NEIGHBOURS[label]))
    lean = LEAN * rng.beta(1.0, 2.2)
    shown = float(np.clip(rng.lognormal(0.0, 0.20), 0.65, 1.2))
    au = shown * ((1.0 - lean) * au + lean * _played(identity, neighbour, PROTOTYPES[neighbour], None))
    for unit in rng.choice(_QUIRKS, size=2, replace=False):
        au[:, INDEX[int(unit)]] += rng.uniform(0.0, QUIRK)
    sided = [INDEX[unit] for unit in INDEX if unit not in MIDLINE]
    au[:, sided] *= 1.0 + 0.07 * identity.asymmetry * np.array([[-1.0], [1.0]])
    return au


def perform(identity, label: str, *, strength: float, frames: int, rng: np.random.Generator,
            speech: float = 1.0, seconds: float = 3.0) -> Performance:
    """Act one clip: rest, onset, apex, offset, with blinks, speech and head motion.

    Parameters
    ----------
    identity : the actor.
    label : posed-expression label.
    strength : factor on the prototype, above 0; units end at 1 all the same.
    frames : T, the number of frames over the whole clip; 1 shows the apex.
    rng : the clip's own generator; equal generators give equal performances.
    speech : how much talking moves the mouth, 0 (none) to 1.
    seconds : length of the clip, for the pace of speech and of the head.
    """
    t = np.linspace(0.0, 1.0, frames) if frames > 1 else np.array([0.5])
    start, rise = rng.uniform(0.0, 0.10), rng.uniform(0.08, 0.18)
    end, fall = rng.uniform(0.90, 1.02), rng.uniform(0.08, 0.18)

    def ramp(x):
        x = np.clip(x, 0.0, 1.0)
        return x * x * (3 - 2 * x)

    waver = 1.0 + 0.08 * np.sin(2 * np.pi * (t * rng.uniform(0.7, 1.6) + rng.random()))
    apex = np.clip(ramp((t - start) / rise) * ramp((end - t) / fall) * waver, 0.0, 1.0)
    # This take: a common factor and one factor a unit.
    target = habits(identity, label) * strength * rng.lognormal(0.0, 0.12)
    target = target * rng.lognormal(0.0, 0.14, size=len(INDEX))
    rest = np.zeros(len(INDEX))
    for unit, value in identity.rest:
        rest[INDEX[unit]] = value
    rest = rest * rng.uniform(0.6, 1.4)
    au = rest + apex[:, None, None] * target
    # Speech: syllables of about a quarter second open, spread or round the mouth.
    syllables = max(2, int(seconds * 4))
    speaking = speech * ramp((t - 0.06) / 0.06) * ramp((0.94 - t) / 0.06)
    knots = np.linspace(0, 1, syllables)
    for unit, size in ((25, 0.45), (26, 0.30), (18, 0.16), (20, 0.10), (24, 0.12)):
        level = np.interp(t, knots, np.clip(rng.normal(0.35, 0.45, syllables), 0, 1)) * speaking * size
        au[:, :, INDEX[unit]] += level[:, None] * (1.0 if unit != 24 else 0.6)
    # Parted lips and pressed lips exclude each other: talking opens what anger presses.
    au[:, :, INDEX[24]] *= 1.0 - 0.5 * np.clip(au[:, :, INDEX[25]], 0, 1)
    for _ in range(rng.poisson(0.28 * seconds)):  # 17 blinks a minute (Bentivoglio et al. 1997)
        moment = rng.random()
        au[:, :, INDEX[45]] += np.clip(1.3 - np.abs(t - moment) * seconds / 0.16, 0, 1)[:, None]
    au = np.clip(au, 0.0, 1.0)

    def wander(spread: float, pace: float) -> np.ndarray:
        k = max(2, int(round(pace * seconds)) + 1)
        return np.interp(t, np.linspace(0, 1, k), rng.normal(0, spread, k))

    still = rng.normal(0, (1.6, 1.3, 0.9))
    pose = np.stack([still[0] + wander(1.4, 1.0), still[1] + wander(1.1, 1.2), still[2] + wander(0.8, 0.8)], axis=1)
    gaze = np.clip(np.stack([wander(0.12, 1.0), wander(0.08, 1.0)], axis=1), -1, 1)
    return Performance(au.astype(np.float32), pose.astype(np.float32), gaze.astype(np.float32), apex.astype(np.float32))
