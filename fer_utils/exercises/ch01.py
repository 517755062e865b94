"""01-1: read a RAVDESS file name."""

from __future__ import annotations

import itertools

from fer_utils.core.labels import RAVDESS
from fer_utils.exercises import Wrong, asked, same


def grade_describe(answer) -> str:
    """Every expression, intensity, statement and repetition, for some odd and even actors."""
    keys = {"actor", "sex", "expression", "intensity", "repetition"}
    for emotion, strength, repetition, actor in itertools.product(range(1, 9), (1, 2), (1, 2), (1, 2, 10, 17, 24)):
        if emotion == 1 and strength == 2:
            continue  # RAVDESS has no strong neutral
        modality, channel, statement = 1 + actor % 2, 1 + emotion % 2, 1 + (actor + repetition) % 2
        fields = (modality, channel, emotion, strength, statement, repetition, actor)
        name = "-".join(f"{number:02d}" for number in fields) + ".mp4"
        got = asked(answer, "describe(name)", name)
        if not isinstance(got, dict):
            raise Wrong(f"the function should return a dict; for {name!r} it returned {type(got).__name__}.")
        absent, extra = sorted(keys - set(got)), sorted(set(got) - keys, key=str)
        if absent or extra:
            raise Wrong(
                f"the dict for {name!r} should have exactly the keys {sorted(keys)}; "
                f"missing: {absent}, unexpected: {extra}."
            )
        given = f"the name {name!r}"
        same("'expression'", got["expression"], RAVDESS[emotion - 1], given)
        same("'actor'", got["actor"], f"{actor:02d}", given + " (text, two digits)")
        same("'sex'", got["sex"], "male" if actor % 2 else "female", given + " (odd actors are male)")
        same("'intensity'", got["intensity"], "strong" if strength == 2 else "normal", given)
        same("'repetition'", got["repetition"], repetition, given + " (a whole number)")
    return "right for every name that was tried. The file name is all the label there is."
