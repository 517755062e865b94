"""Planning an audit: how many people it takes to find a gap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import NormalDist

import numpy as np

from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.stages import stage


@stage("audit")
def power(
    values: Sequence[float],
    *,
    share: float,
    tests: int,
    people: Iterable[int] = (24, 48, 96, 192, 240, 480),
    gaps: Iterable[float] = (0.05, 0.10, 0.15, 0.20),
    alpha: float = 0.05,
    repeats: int = 2000,
    seed: int = 0,
) -> list[dict]:
    """How often an audit of so many people would find so large a gap: a simulation, before any bias is planted.

    People are drawn with replacement from a pilot's (``values``: one accuracy each, such as the clean networks'); a
    ``share`` of them loses the gap.  It counts as found where the two-sided z-test of the two means (unequal variances)
    has p below ``alpha`` / ``tests``, which is Holm's hardest step.  For planning that is near enough to the
    permutation; below some 40 people it promises a little too much.

    Returns
    -------
    list of dicts: ``people``, ``gap``, ``power`` (0 to 1).
    """
    values = np.asarray(values, float)
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
        raise invalid("values", expected="an accuracy of each of at least two people", received=values)
    if not isinstance(share, (int, float)) or not 0 < share < 1:
        raise invalid("share", expected="a share above 0 and below 1", received=share)
    rng, z = np.random.default_rng(seed), NormalDist().inv_cdf(1 - alpha / 2 / whole_number("tests", tests, 1))
    made = []
    for count in people:
        inside = int(np.clip(round(share * whole_number("people", count, 4)), 2, count - 2))
        drawn = values[rng.integers(0, len(values), (repeats, count))]
        one, rest = drawn[:, :inside], drawn[:, inside:]
        spread = np.sqrt(one.var(axis=1, ddof=1) / inside + rest.var(axis=1, ddof=1) / (count - inside))
        apart = one.mean(axis=1) - rest.mean(axis=1)
        made += [
            {"people": int(count), "gap": float(gap), "power": float(np.mean(np.abs(apart - gap) > z * spread))}
            for gap in gaps
        ]
    return made
