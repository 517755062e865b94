"""How actors play: a style for each label, and one performance over time.

Drawn actors are directed by measurements of real ones.  ``ravdess_acting.json``
holds what OpenFace's readings of all 1,440 RAVDESS speech clips say (see
`fer_utils.studio.likeness`): for each posed-expression label and intensity the
mean of 17 action units, how far actors differ from each other, and how far one
actor's takes differ.  An actor of the studio is a draw from these; what the
readings hardly see (a lid raised, a mouth stretched, the head bowed) follows
the prototypes of `fer_utils.studio.expressions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
import json
from pathlib import Path
from types import MappingProxyType

import numpy as np

from fer_utils.core import labels
from fer_utils.studio.expressions import INDEX

#: An action unit of 1 is a reading of 1 / GAIN.  OpenFace's scale ends at 5, but the strongest unit of a RAVDESS mean
#: is 2.1 (AU 12, happy, strong).  Our choice: from 1.8 on a unit is drawn at its full 1.
GAIN = 0.55
#: Units whose clip means hardly move between the labels in the real readings (none of their label means differs from
#: neutral's by more than 0.2): for them the drawn actor follows the prototype.
HARDLY_READ: tuple[int, ...] = (1, 2, 5, 9, 15, 20, 23)
#: The share of the real variance that is acting here: between actors whatever the label, between actors' ways with a
#: label, between takes.  The rest is the reader's error, which takes low brows for a frown (`likeness.readings` adds it
#: back).  Nobody knows the true shares; these were set so that the pixels are as hard as `fer_utils.studies.difficulty`
#: reports.
ACTED: Mapping[str, float] = MappingProxyType({"between": 0.12, "style": 0.30, "take": 0.20})
#: Labels that actors play in ways further apart, as the readings are: some actors' calm and sad clips read as neutral
#: ones, others' are far from them.  Label -> the share of ``style`` that is acting.
OWN_WAYS: Mapping[str, float] = MappingProxyType({"calm": 0.70, "sad": 0.50})
#: Where readings are skewed (spread above mean), their variance is drawn up to 1 + WIDER times as large as measured: 24
#: actors out of a skewed distribution mostly come out narrower than it is.  Set with ACTED and
#: `likeness.SECOND` so that `likeness.svm_numbers` gives for drawn actors what it gives for the real ones.
WIDER = 2.5

#: Units end at 1, which takes from the strong intensity more than from the normal one: the step between the two is
#: played this much larger, so that what is left of it is near the real one (`likeness.compare`'s ``strong``).  Happy
#: and disgust are near the end at normal intensity already.
SATURATION: Mapping[str, float] = MappingProxyType(dict.fromkeys(labels.RAVDESS, 1.3) | {"happy": 1.6, "disgust": 2.2})

#: What the readings miss, from the prototypes: unit (or one side of it) -> clip mean at normal intensity (our choice;
#: not more than leaves each label's profile of action units correlated at 0.9 or more with the real one).  A mouth torn
#: open (27) goes with fear as with surprise in the tables of Ekman, Friesen & Hager 2002; how far each is shown here is
#: our choice.
UNREAD: Mapping[str, Mapping[int | str, float]] = MappingProxyType(
    {
        "neutral": {},
        "calm": {43: 0.04},
        "happy": {},
        "sad": {1: 0.22, 15: 0.18, 43: 0.26},
        "angry": {5: 0.08, 16: 0.30, 23: 0.22, 24: 0.80},
        "fearful": {1: 0.13, 2: 0.05, 5: 0.11, 20: 0.10, 16: 0.58, 27: 0.32},
        "disgust": {9: 0.46, 16: 0.25},
        "surprised": {1: 0.15, 2: 0.12, 5: 0.10, 27: 0.55},
        "contempt": {"L12": 0.45, "L14": 0.70, 24: 0.15},
    }
)
#: Where head and eyes go with a label: yaw, pitch (nose up), roll in degrees; gaze right, down (our choice).
BEARING: Mapping[str, tuple[float, float, float, float, float]] = MappingProxyType(
    {
        "sad": (0.0, -4.0, 1.0, 0.0, 0.22),
        "angry": (0.0, -5.0, 0.0, 0.0, 0.0),
        "fearful": (1.5, 1.5, 0.0, 0.15, 0.0),
        "disgust": (-4.5, 2.5, 0.0, 0.0, 0.10),
        "surprised": (0.0, 3.0, 0.0, 0.0, -0.05),
        "happy": (0.0, 1.5, 1.5, 0.0, 0.0),
        "calm": (0.0, 0.0, 1.0, 0.0, 0.0),
        "contempt": (2.5, 3.0, 2.0, 0.0, 0.12),
    }
)


@dataclass(frozen=True)
class Direction:
    """How a data set's director asks for an intensity: RAVDESS's own level that is played, a factor on its distance
    from neutral, and a factor on how freely it is played (differences between actors and takes)."""

    level: int
    factor: float = 1.0
    freedom: float = 1.0


#: RAVDESS is as measured.  SAVEE has no levels.  MEAD's actors were coached until a take was approved (Wang et al.
#: 2020): three levels, played less freely.  The factors are our choice.
DIRECTIONS: Mapping[str, Mapping[int, Direction]] = MappingProxyType(
    {
        "ravdess": MappingProxyType({1: Direction(1), 2: Direction(2)}),
        "savee": MappingProxyType({1: Direction(1, 1.15, 0.9)}),
        "mead": MappingProxyType({1: Direction(1, 1.15, 0.4), 2: Direction(2, 1.35, 0.4), 3: Direction(2, 1.60, 0.4)}),
    }
)

#: layout -> intensity -> the factor of its direction, as films record it.
STRENGTH: Mapping[str, Mapping[int, float]] = MappingProxyType(
    {
        layout: MappingProxyType({level: one.factor for level, one in levels.items()})
        for layout, levels in DIRECTIONS.items()
    }
)


@dataclass(frozen=True)
class RealActing:
    """The stored figures of the real RAVDESS, as arrays over ``units`` (see `likeness.measure`)."""

    units: tuple[int, ...]
    mean: Mapping[tuple[str, int], np.ndarray]
    between: np.ndarray
    style: Mapping[str, np.ndarray]
    take: Mapping[str, np.ndarray]
    correlation: Mapping[str, np.ndarray]
    present: np.ndarray
    svm: Mapping[str, float]


@lru_cache(maxsize=1)
def real_acting() -> RealActing:
    """Read ``ravdess_acting.json``."""
    found = json.loads((Path(__file__).with_name("ravdess_acting.json")).read_text(encoding="utf-8"))
    array = np.asarray
    return RealActing(
        tuple(found["units"]),
        {(name, int(level)): array(row) for name, levels in found["mean"].items() for level, row in levels.items()},
        array(found["between"]),
        {k: array(v) for k, v in found["style"].items()},
        {k: array(v) for k, v in found["take"].items()},
        {k: array(v) for k, v in found["correlation"].items()},
        array(found["present"]),
        found["svm"],
    )


@dataclass(frozen=True)
class Performance:
    """One acted clip: what the face and head do in each of T frames.

    ``action_units`` (T, 2, 22) 0..1; ``pose`` (T, 3) yaw, pitch, roll in
    degrees; ``gaze`` (T, 2) -1..1; ``apex`` (T,) how far the expression is out,
    0..1.
    """

    action_units: np.ndarray
    pose: np.ndarray
    gaze: np.ndarray
    apex: np.ndarray


@lru_cache(maxsize=1)
def _roots() -> dict[str, np.ndarray]:
    """Square roots of the correlations, to draw from them.

    The correlations are drawn a little to the identity, for the stored figures are rounded.
    """
    return {
        name: np.linalg.cholesky(0.97 * matrix + 0.03 * np.eye(len(matrix)))
        for name, matrix in real_acting().correlation.items()
    }


def deviation(kind: str, rng: np.random.Generator) -> np.ndarray:
    """One draw of how an actor, an actor with a label, or a take deviates: (17,), correlated as the real ones, each of
    spread 1 and held within 2.3.  ``kind`` is ``between``, ``style`` or ``take``."""
    root = _roots()[kind]
    return np.clip((root * rng.standard_normal(len(root))).sum(axis=1), -2.3, 2.3)


def factor(kind: str, label: str, level: int, share: float, z: np.ndarray) -> np.ndarray:
    """What a deviation z does to each unit's reading: a factor, (17,), of mean 1.

    Readings are 0 or more, small for most and large for some, so they are taken
    as log-normal with the real mean m and variance v: the logarithm has the
    variance log(1 + v/m^2).  ``kind`` has its part of v, and ``share`` 0..1 of that part
    is played out here.
    """
    spread, half_variance = _played(kind, label, level, share)
    return np.exp(spread * z - half_variance)


@lru_cache(maxsize=512)
def _played(kind: str, label: str, level: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Spread and half the variance of the logarithm of a `factor`, each (17,)."""
    real = real_acting()
    parts = {"between": real.between, "style": real.style[label], "take": real.take[label]}
    total = sum(part**2 for part in parts.values())
    relative = total / real.mean[label, level] ** 2
    relative = relative * (1.0 + WIDER * relative / (1.0 + relative))
    variance = np.log1p(relative) * parts[kind] ** 2 / total * share
    return np.sqrt(variance), 0.5 * variance


def acted(kind: str, label: str) -> float:
    """The share of the real variance that is acting: `ACTED`, and `OWN_WAYS` for the ``style`` of some labels."""
    return OWN_WAYS.get(label, ACTED[kind]) if kind == "style" else ACTED[kind]


def hardly_read() -> np.ndarray:
    """Which of the real figures' units are `HARDLY_READ`, (17,) bool."""
    return np.array([unit in HARDLY_READ for unit in real_acting().units])


def known_as(label: str, level: int = 1) -> tuple[str, int]:
    """The label and level of the real figures that a label is played from.

    RAVDESS has no contempt and no strong neutral: other figures stand for these.
    """
    name = "neutral" if label == "contempt" else label
    if (name, level) not in real_acting().mean:
        level = 1
    return name, level


@lru_cache(maxsize=512)
def _reading(seed: int, name: str, level: int, free: float) -> np.ndarray:
    """What is read from an actor's face in a label, on average over takes, (17,); the actor is named by the seed."""
    real = real_acting()
    always = factor(
        "between",
        name,
        level,
        acted("between", name) * free,
        deviation("between", np.random.default_rng([717, seed])),
    )
    way = np.random.default_rng([718, seed, sorted(real.style).index(name)])
    own = factor("style", name, level, acted("style", name) * free, deviation("style", way))
    normal = real.mean[name, 1]
    mean = np.maximum(normal + SATURATION[name] * (real.mean[name, level] - normal), 0.5 * normal)
    return np.where(hardly_read(), 0.0, mean * always * own)


def style(identity, label: str, *, layout: str = "ravdess", intensity: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """How an actor rests and how an actor plays a label, on average over takes.

    Fixed for actor, label and intensity: ``(rest, played)``, each (2, 22), the
    clip means of the action units (0 or more; not yet held to 1).
    """
    real, direction = real_acting(), DIRECTIONS[layout][intensity]
    free = direction.freedom**2
    name, level = known_as(label, direction.level)
    neutral, shown = _reading(identity.seed, "neutral", 1, free), _reading(identity.seed, name, level, free)
    columns = [INDEX[unit] for unit in real.units]
    rest, played = np.zeros((2, len(INDEX))), np.zeros((2, len(INDEX)))
    rest[:, columns] = GAIN * neutral
    played[:, columns] = GAIN * np.maximum(neutral + direction.factor * (shown - neutral), 0.0)
    gain, strong = dict(identity.style), 1.2 if level == 2 else 1.0
    flip = identity.asymmetry < 0  # a one-sided expression shows on the actor's own side of choice
    for key, value in UNREAD[label].items():
        unit, sides = (int(key[1:]), [1 - int(flip)]) if isinstance(key, str) else (key, [0, 1])
        played[sides, INDEX[unit]] += value * strong * direction.factor * gain[unit] ** direction.freedom
    return rest, played


def _ramp(x: np.ndarray) -> np.ndarray:
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3 - 2 * x)


def perform(
    identity,
    label: str,
    *,
    layout: str = "ravdess",
    intensity: int = 1,
    frames: int,
    rng: np.random.Generator,
    speech: float = 1.0,
    seconds: float = 3.0,
) -> Performance:
    """Act one clip: rest, onset, apex, offset, with blinks, speech and head motion.

    Parameters
    ----------
    identity : the actor.
    label : posed-expression label.
    layout, intensity : the data set whose direction is followed, and its code for the
        intensity: see ``DIRECTIONS``.
    frames : T, the number of frames over the whole clip; 1 shows the apex.
    rng : the clip's own generator; equal generators give equal performances.
    speech : how far talking opens and closes the mouth, 0 (held still) to 1.
    seconds : length of the clip, for the pace of speech and of the head.
    """
    real, direction = real_acting(), DIRECTIONS[layout][intensity]
    t = (np.arange(frames) + 0.5) / frames  # the middle of each frame's time
    start, rise = rng.uniform(0.0, 0.08), rng.uniform(0.06, 0.16)
    end, fall = rng.uniform(0.97, 1.08), rng.uniform(0.06, 0.16)
    waver = 1.0 + 0.08 * np.sin(2 * np.pi * (t * rng.uniform(0.7, 1.6) + rng.random()))
    fine = np.linspace(0.0, 1.0, 200)
    apex = np.clip(_ramp((t - start) / rise) * _ramp((end - t) / fall) * waver, 0.0, 1.0)
    out = float(np.mean(_ramp((fine - start) / rise) * _ramp((end - fine) / fall)))  # the arc's own mean

    rest, played = style(identity, label, layout=layout, intensity=intensity)
    name, level = known_as(label, direction.level)
    columns = np.array([INDEX[unit] for unit in real.units])
    target = played * rng.lognormal(0.0, 0.12)  # what the figures do not hold varies from take to take as a whole ...
    target[:, columns] = np.where(
        hardly_read(),
        target[:, columns],
        played[:, columns]
        * factor("take", name, level, acted("take", name) * direction.freedom**2, deviation("take", rng)),
    )  # ... the others as the real ones
    # From the actor's rest to the label and back, so that the clip's mean is the target.
    au = rest + (apex / out)[:, None, None] * (target - rest)

    # Speech: syllables of about a quarter second, about the mean that the table gives.
    syllables = max(2, int(seconds * 4))
    knots = np.linspace(0, 1, syllables)
    talking = speech * _ramp((t - 0.04) / 0.06) * _ramp((0.96 - t) / 0.06)

    def syllable() -> np.ndarray:
        level = np.clip(rng.normal(1.0, 0.75, syllables), 0.0, 2.4)
        # A clip of two syllables may have drawn both as silence: then they are of one size, for the mean must be the
        # table's.
        return np.interp(t, knots, level / level.mean() if level.any() else np.ones(syllables))

    # The figures are means of people who speak: before the first word and after the last the mouth is nearly closed.
    words = 0.25 + 0.75 * _ramp((t - 0.03) / 0.05) * _ramp((0.97 - t) / 0.05)
    for unit in (25, 26):
        au[:, :, INDEX[unit]] *= (words * ((1.0 - talking) + talking * syllable()))[:, None]
    for unit, size in ((18, 0.07), (20, 0.03), (24, 0.04)):
        au[:, :, INDEX[unit]] += (talking * syllable() * size)[:, None]
    # Parted lips and pressed lips exclude each other: talking opens what anger presses.
    au[:, :, INDEX[24]] *= 1.0 - 0.8 * np.clip(au[:, :, INDEX[25]], 0, 1)
    au[:, :, INDEX[45]] = 0.0
    for _ in range(rng.poisson(0.28 * seconds)):  # 17 blinks a minute (Bentivoglio et al. 1997)
        moment = rng.random()
        au[:, :, INDEX[45]] += np.clip(1.3 - np.abs(t - moment) * seconds / 0.16, 0, 1)[:, None]
    sided = [INDEX[unit] for unit in (1, 2, 4, 6, 7, 9, 10, 12, 14, 15, 20)]
    au[:, :, sided] *= 1.0 + 0.07 * identity.asymmetry * np.array([[-1.0], [1.0]])
    au = np.clip(au, 0.0, 1.0)

    def wander(spread: float, pace: float) -> np.ndarray:
        k = max(2, round(pace * seconds) + 1)
        return np.interp(t, np.linspace(0, 1, k), rng.normal(0, spread, k))

    bearing = np.array(BEARING.get(label, (0.0,) * 5)) * rng.lognormal(0.0, 0.2) * direction.factor
    if identity.asymmetry < 0:
        bearing = bearing * (-1, 1, -1, -1, 1)  # to the actor's own side
    still = rng.normal(0, (1.6, 1.3, 0.9))
    pose = np.stack([still[0] + wander(1.4, 1.0), still[1] + wander(1.1, 1.2), still[2] + wander(0.8, 0.8)], axis=1)
    gaze = np.stack([wander(0.12, 1.0), wander(0.08, 1.0)], axis=1)
    pose, gaze = pose + apex[:, None] * bearing[:3], np.clip(gaze + apex[:, None] * bearing[3:], -1, 1)
    # Rounded: the last bits of exp and log differ between processors, and the truth must not.
    return Performance(*(np.round(a, 5).astype(np.float32) for a in (au, pose, gaze, apex)))
