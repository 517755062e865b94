"""Many ways to pose a label: prototypes with alternatives, played at random.

`fer_utils.studio.expressions` has one prototype a label, and `fer_utils.studio.acting` plays what RAVDESS's actors were
measured to show.  People who are asked to pose do it in several ways.  The alternatives below are combinations of
action units after the prototypes and major variants of Ekman, Friesen & Hager 2002 (FACS Investigator's Guide, ch. 12;
in short form Friesen & Ekman 1983, EMFACS) and table 1 of Du, Tao & Martinez 2014 (PNAS 111(15):E1454).  Their weights,
the ranges of intensity and the chances of optional units are our own choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from fer_utils.core import labels
from fer_utils.core.errors import invalid
from fer_utils.studio.expressions import MIDLINE


@dataclass(frozen=True)
class Way:
    """One way to pose a label.

    ``weight`` says how often it is drawn beside the label's other ways; ``always`` has (unit, least, most intensity)
    and ``sometimes`` (unit, chance, least, most intensity), intensities 0..1.
    """

    weight: float
    always: tuple[tuple[int, float, float], ...]
    sometimes: tuple[tuple[int, float, float, float], ...] = ()


#: Label -> the ways to pose it.
WAYS: Mapping[str, tuple[Way, ...]] = MappingProxyType(
    {
        "neutral": (Way(1, ()),),
        "happy": (
            Way(
                3,
                ((12, 0.6, 1.0), (25, 0.5, 1.0)),
                (
                    (6, 0.7, 0.4, 1.0),
                    (26, 0.25, 0.1, 0.6),
                    (10, 0.2, 0.2, 0.6),
                    (7, 0.3, 0.2, 0.6),
                    (16, 0.15, 0.2, 0.5),
                ),
            ),
            Way(1, ((12, 0.5, 1.0),), ((6, 0.5, 0.3, 1.0), (7, 0.2, 0.2, 0.5), (14, 0.2, 0.2, 0.6))),
        ),
        "sad": (
            Way(
                3,
                ((1, 0.4, 1.0), (4, 0.25, 0.8), (15, 0.5, 1.0)),
                ((17, 0.6, 0.3, 1.0), (43, 0.3, 0.15, 0.5), (6, 0.2, 0.2, 0.6), (24, 0.1, 0.2, 0.5)),
            ),
            Way(
                1,
                ((1, 0.6, 1.0), (4, 0.3, 0.8)),
                ((15, 0.5, 0.2, 0.6), (17, 0.5, 0.3, 0.8), (43, 0.4, 0.15, 0.5), (25, 0.15, 0.2, 0.4)),
            ),
            Way(
                1,
                ((15, 0.6, 1.0), (17, 0.4, 1.0)),
                ((1, 0.6, 0.2, 0.7), (6, 0.3, 0.2, 0.6), (43, 0.5, 0.15, 0.5), (4, 0.4, 0.2, 0.5)),
            ),
        ),
        "angry": (
            Way(
                3,
                ((4, 0.6, 1.0), (7, 0.3, 1.0), (24, 0.4, 1.0)),
                (
                    (17, 0.6, 0.3, 1.0),
                    (23, 0.5, 0.3, 1.0),
                    (5, 0.3, 0.3, 0.9),
                    (15, 0.2, 0.2, 0.6),
                    (9, 0.15, 0.1, 0.4),
                ),
            ),
            Way(
                1,
                ((4, 0.6, 1.0), (5, 0.4, 1.0), (7, 0.2, 0.7), (23, 0.5, 1.0)),
                ((17, 0.5, 0.3, 0.9), (24, 0.5, 0.3, 0.9), (2, 0.1, 0.1, 0.3)),
            ),
            Way(
                1.5,
                ((4, 0.6, 1.0), (7, 0.3, 1.0), (17, 0.5, 1.0)),
                ((24, 0.7, 0.3, 1.0), (23, 0.4, 0.3, 1.0), (15, 0.3, 0.2, 0.7)),
            ),
            Way(
                1,
                ((4, 0.6, 1.0), (7, 0.3, 1.0), (25, 0.3, 1.0)),
                (
                    (10, 0.6, 0.3, 0.8),
                    (16, 0.4, 0.2, 0.7),
                    (23, 0.5, 0.3, 0.9),
                    (5, 0.4, 0.3, 0.9),
                    (26, 0.3, 0.1, 0.5),
                ),
            ),
        ),
        "fearful": (
            Way(
                3,
                ((1, 0.5, 1.0), (4, 0.3, 0.9), (20, 0.5, 1.0), (25, 0.5, 1.0)),
                ((2, 0.6, 0.3, 1.0), (5, 0.8, 0.4, 1.0), (26, 0.4, 0.1, 0.6), (16, 0.5, 0.3, 1.0)),
            ),
            Way(
                1,
                ((1, 0.5, 1.0), (2, 0.4, 1.0), (4, 0.2, 0.8), (5, 0.5, 1.0), (25, 0.3, 0.9)),
                ((26, 0.5, 0.2, 0.7), (20, 0.5, 0.2, 0.7), (27, 0.15, 0.1, 0.4)),
            ),
            Way(
                1,
                ((5, 0.5, 1.0), (20, 0.5, 1.0), (25, 0.4, 1.0)),
                ((1, 0.6, 0.2, 0.8), (2, 0.4, 0.2, 0.7), (4, 0.5, 0.2, 0.7), (26, 0.4, 0.1, 0.6), (16, 0.4, 0.3, 0.9)),
            ),
        ),
        "disgust": (
            Way(
                2,
                ((9, 0.6, 1.0), (10, 0.3, 1.0)),
                (
                    (4, 0.6, 0.2, 0.9),
                    (7, 0.5, 0.3, 1.0),
                    (17, 0.5, 0.3, 0.9),
                    (6, 0.4, 0.2, 0.8),
                    (15, 0.2, 0.2, 0.5),
                    (43, 0.2, 0.1, 0.5),
                ),
            ),
            Way(
                2,
                ((9, 0.5, 1.0), (10, 0.4, 1.0), (25, 0.4, 1.0)),
                (
                    (4, 0.6, 0.2, 0.9),
                    (7, 0.5, 0.3, 1.0),
                    (16, 0.5, 0.3, 1.0),
                    (26, 0.3, 0.1, 0.5),
                    (6, 0.4, 0.2, 0.8),
                    (20, 0.2, 0.2, 0.5),
                ),
            ),
            Way(
                1,
                ((10, 0.7, 1.0),),
                ((17, 0.5, 0.3, 0.9), (25, 0.5, 0.3, 1.0), (16, 0.3, 0.2, 0.8), (4, 0.4, 0.2, 0.7), (7, 0.4, 0.2, 0.8)),
            ),
            Way(
                1,
                ((9, 0.7, 1.0), (17, 0.4, 1.0)),
                ((4, 0.6, 0.2, 0.9), (7, 0.5, 0.3, 1.0), (15, 0.3, 0.2, 0.6), (24, 0.2, 0.2, 0.6)),
            ),
        ),
        "surprised": (
            Way(
                4,
                ((1, 0.6, 1.0), (2, 0.6, 1.0), (25, 0.6, 1.0), (26, 0.5, 1.0)),
                ((5, 0.8, 0.3, 1.0), (27, 0.75, 0.2, 1.0), (18, 0.2, 0.1, 0.5)),
            ),
            Way(
                1,
                ((1, 0.6, 1.0), (2, 0.6, 1.0), (5, 0.4, 1.0), (25, 0.4, 0.8)),
                ((26, 0.7, 0.2, 0.7),),
            ),
            Way(
                1,
                ((25, 0.5, 1.0), (26, 0.5, 1.0), (27, 0.3, 1.0)),
                ((1, 0.7, 0.3, 0.8), (2, 0.7, 0.3, 0.8), (5, 0.5, 0.2, 0.8)),
            ),
        ),
    }
)
#: The labels of the drawn faces, in the order of their numbers.
LABELS: tuple[str, ...] = labels.SAVEE
#: What a face may show besides, whatever the label: some people's brows are low and mouths turned down at rest.
RESTING: tuple[int, ...] = (1, 2, 4, 5, 6, 7, 10, 12, 14, 15, 17, 18, 23, 24, 25)
#: The chance of each of these, the most it shows, and the most that eyes are half closed.
REST_CHANCE, REST_MOST, LIDS_MOST = 0.25, 0.22, 0.12
#: Spread of the difference between the two sides of a face, as a share of the intensity.
UNEVEN = 0.08


def posed(
    label: str, rng: np.random.Generator, *, strength: tuple[float, float] = (0.75, 1.15)
) -> dict[int | str, float]:
    """One person's pose of a label, ready for `fer_utils.studio.draw`.

    Parameters
    ----------
    label : one of `LABELS`.
    rng : what is drawn from; equal generators give equal poses.
    strength : the range of a factor on all intensities of the way; no unit shows more than 1.

    Returns
    -------
    dict : unit (of the midline) or side and unit ('L12') -> intensity 0..1.
    """
    if label not in WAYS:
        raise invalid("label", expected=f"one of {', '.join(WAYS)}", received=label)
    ways = WAYS[label]
    weights = np.array([way.weight for way in ways])
    way = ways[int(rng.choice(len(ways), p=weights / weights.sum()))]
    factor = rng.uniform(*strength)
    shown = {unit: factor * rng.uniform(least, most) for unit, least, most in way.always}
    for unit, chance, least, most in way.sometimes:
        if rng.random() < chance:
            shown[unit] = factor * rng.uniform(least, most)
    for unit in (*RESTING, 43):
        if rng.random() < REST_CHANCE:
            shown[unit] = shown.get(unit, 0.0) + rng.uniform(0.0, LIDS_MOST if unit == 43 else REST_MOST)
    units: dict[int | str, float] = {}
    for unit, intensity in shown.items():
        if unit in MIDLINE:
            units[unit] = _held(intensity)
        else:
            apart = rng.normal(0.0, UNEVEN)
            units[f"R{unit}"], units[f"L{unit}"] = _held(intensity * (1 + apart)), _held(intensity * (1 - apart))
    return units


def _held(intensity: float) -> float:
    return round(float(np.clip(intensity, 0.0, 1.0)), 4)
