"""How actors play: their habits, and one performance over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from .expressions import INDEX, MIDLINE, PROTOTYPES, Prototype

#: How hard a film is, set by eye and not yet calibrated against real actors: the
#: most an actor leans towards a neighbouring label (0..1), and the most a quirk
#: adds (0..1).
LEAN, QUIRK = 0.35, 0.12

#: How strong each data set's intensity is, as a factor on the prototype (our choice).
STRENGTH: Mapping[str, Mapping[int, float]] = MappingProxyType({
    "ravdess": MappingProxyType({1: 0.95, 2: 1.15}),
    "savee": MappingProxyType({1: 0.95}),
    "mead": MappingProxyType({1: 0.55, 2: 0.80, 3: 1.0}),
})


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


def perform(identity, label: str, *, layout: str = "ravdess", intensity: int = 1, frames: int,
            rng: np.random.Generator, speech: float = 1.0, seconds: float = 3.0) -> Performance:
    """Act one clip: rest, onset, apex, offset, with blinks, speech and head motion.

    Parameters
    ----------
    identity : the actor.
    label : posed-expression label.
    layout, intensity : the data set whose direction is followed, and its code for the
        intensity: see ``STRENGTH``.
    frames : T, the number of frames over the whole clip; 1 shows the apex.
    rng : the clip's own generator; equal generators give equal performances.
    speech : how much talking moves the mouth, 0 (none) to 1.
    seconds : length of the clip, for the pace of speech and of the head.
    """
    strength = STRENGTH[layout][intensity]
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
