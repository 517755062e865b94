"""What a face can do: action units, and the prototypes of posed expressions.

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

from fer_utils.core.errors import invalid
from fer_utils.core.stages import stage

#: Number -> FACS name, in the order of every array of action units.
ACTION_UNITS: Mapping[int, str] = MappingProxyType(
    {
        1: "inner brow raiser",
        2: "outer brow raiser",
        4: "brow lowerer",
        5: "upper lid raiser",
        6: "cheek raiser",
        7: "lid tightener",
        9: "nose wrinkler",
        10: "upper lip raiser",
        12: "lip corner puller",
        14: "dimpler",
        15: "lip corner depressor",
        16: "lower lip depressor",
        17: "chin raiser",
        18: "lip pucker",
        20: "lip stretcher",
        23: "lip tightener",
        24: "lip pressor",
        25: "lips part",
        26: "jaw drop",
        27: "mouth stretch",
        43: "eyes closed",
        45: "blink",
    }
)
#: Number -> column in arrays of action units.
INDEX: Mapping[int, int] = MappingProxyType({unit: k for k, unit in enumerate(ACTION_UNITS)})
#: Units of the midline or the jaw: these have no left and right.
MIDLINE: frozenset[int] = frozenset({16, 17, 18, 23, 24, 25, 26, 27})

_ONE_SIDED = re.compile(r"([LR])(\d{1,2})")


@dataclass(frozen=True)
class Prototype:
    """Units always shown (unit or 'L12', intensity 0..1), and units some actors add
    (unit, intensity, chance that an actor does)."""

    always: tuple[tuple[int | str, float], ...]
    sometimes: tuple[tuple[int, float, float], ...] = ()


PROTOTYPES: Mapping[str, Prototype] = MappingProxyType(
    {
        "neutral": Prototype(()),
        "calm": Prototype(((12, 0.26), (43, 0.20)), ((6, 0.15, 0.3),)),
        "happy": Prototype(((12, 0.95), (25, 0.75)), ((6, 0.85, 0.8), (7, 0.3, 0.3), (26, 0.25, 0.2))),
        "sad": Prototype(((4, 0.55), (15, 0.90)), ((1, 0.90, 0.8), (17, 0.65, 0.7), (6, 0.25, 0.3), (43, 0.28, 0.5))),
        "angry": Prototype(
            ((4, 1.0), (7, 0.80), (24, 0.85)), ((17, 0.45, 0.5), (23, 0.5, 0.4), (10, 0.3, 0.2), (5, 0.35, 0.4))
        ),
        "fearful": Prototype(
            ((1, 0.85), (4, 0.60), (20, 0.85), (25, 0.85)), ((5, 0.90, 0.7), (2, 0.45, 0.5), (26, 0.30, 0.4))
        ),
        "disgust": Prototype(
            ((9, 0.95), (10, 0.80), (17, 0.50)), ((4, 0.45, 0.4), (7, 0.5, 0.4), (6, 0.4, 0.3), (15, 0.35, 0.3))
        ),
        "surprised": Prototype(((1, 0.95), (2, 0.95), (25, 0.80), (26, 0.85)), ((5, 0.85, 0.8), (27, 0.35, 0.2))),
        "contempt": Prototype((("L12", 0.55), ("L14", 0.90)), ((24, 0.30, 0.4), (4, 0.20, 0.3), (2, 0.30, 0.2))),
    }
)


@stage("studio")
def prototype(label: str, strength: float = 1.0, *, optional: float = 0.5) -> dict[int | str, float]:
    """The action units of a posed-expression label, ready for ``draw``.

    Parameters
    ----------
    label : one of ``fer_utils.core.labels.ALL``.
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
                "action_units",
                received=key,
                expected=f"a known action unit ({', '.join(map(str, INDEX))}), or one side of it as 'L12' or 'R12'",
            )
        if match and unit in MIDLINE:
            raise invalid(
                "action_units",
                expected=f"both sides at once for AU {unit} ({ACTION_UNITS[unit]})",
                received=key,
                remedy=f"Write {{{unit}: ...}}.",
            )
        if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0.0 <= float(value) <= 1.0:
            raise invalid(f"action_units[{key!r}]", expected="an intensity from 0 to 1", received=value)
        if match:
            one_sided.append((0 if match[1] == "R" else 1, INDEX[unit], float(value)))
        else:
            au[:, INDEX[unit]] = float(value)
    for side, column, value in one_sided:
        au[side, column] = value
    return au
