"""Paired tests over people, and corrections for several tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import gc

import numpy as np
from numpy.typing import ArrayLike
from statsmodels.stats.multitest import multipletests

from fer_utils.core.errors import invalid
from fer_utils.core.stages import stage
from fer_utils.metrics.checks import finite_numbers, numbered_groups


@stage("metrics")
def sign_flip(differences: ArrayLike) -> float:
    """The exact two-sided p-value of a sign-flip test: how often chance alone makes a total as large.

    If nothing tells two things apart, each person's difference might as well
    have had the other sign.  All 2**n patterns of signs are counted, and p is the
    share of them whose total is at least as far from 0 as the one that was seen.
    It is Fisher's test of Darwin's maize (The Design of Experiments, 1935,
    section 21); with whole numbers the patterns need not be listed, since their totals
    are a sum of coins, and the distribution of a sum is a convolution.

    Parameters
    ----------
    differences : one whole number a person (or pair), shape (n,), such as how many more
        clips of that person the second model has right.

    Returns
    -------
    float, from 2 / 2**(persons whose difference is not 0) to 1; 1.0 where all are 0.

    >>> sign_flip([3, 1, 2]), sign_flip([1, -1])
    (0.25, 1.0)
    """
    given = np.asarray(differences)
    if given.ndim != 1 or (given.size and not np.issubdtype(given.dtype, np.integer)):
        raise invalid("differences", expected="whole numbers, one a person, shape (n,)", received=differences)
    steps = np.abs(given.astype(np.int64))
    steps = steps[steps > 0]
    # A pattern's total is 2 x (the part that has a plus) - all: `chance[k]` is the chance that this part is k.
    chance = np.ones(1)
    for step in steps:
        chance = np.concatenate([chance, np.zeros(step)]) / 2 + np.concatenate([np.zeros(step), chance]) / 2
    totals = 2 * np.arange(len(chance)) - steps.sum()
    return min(1.0, float(chance[np.abs(totals) >= abs(int(given.sum()))].sum()))


@stage("metrics")
def paired_test(true: np.ndarray, first: np.ndarray, second: np.ndarray, groups: ArrayLike) -> dict[str, object]:
    """Whether ``second`` is right more or less often than ``first``, person by person: see `sign_flip`.

    ``true``, ``first``, ``second`` and ``groups`` have shape (N,), one entry a row.

    Returns a JSON-able dict: ``value`` (accuracy of ``second`` minus that of
    ``first``), ``p`` (two-sided, exact; None with fewer than two groups),
    ``gains`` {group: how many more rows ``second`` has right}, ``groups`` (their number)
    and ``smallest`` (the least p that so many groups can give: with five it is 1/16).
    """
    true, first, second = (
        finite_numbers(name, values) for name, values in (("true", true), ("first", first), ("second", second))
    )
    for name, values in (("first", first), ("second", second)):
        if len(values) != len(true):
            raise invalid(name, expected=f"one answer a true label, {len(true)}", received=len(values))
    names, of = numbered_groups(groups, len(true))
    gains = np.zeros(len(names), np.int64)
    np.add.at(gains, of, (second == true).astype(np.int64) - (first == true))
    several = len(names) >= 2
    return {
        "value": float(gains.sum() / len(true)),
        "p": sign_flip(gains) if several else None,
        "gains": dict(zip(names.tolist(), gains.tolist(), strict=True)),
        "groups": len(names),
        "smallest": 2.0 ** (1 - len(names)) if several else None,
    }


@stage("metrics")
def holm(p: ArrayLike) -> np.ndarray:
    """Corrected p-values of several tests: what is below a level is a false alarm with that chance at most.

    That is so for all tests together: the chance that *any* of those below the level is a false alarm is the level at
    most.  Holm 1979 (Scand. J. Statist. 6:65-70), as ``statsmodels.stats.multitest.multipletests`` computes it: sorted,
    the k-th smallest of m is multiplied by m - k + 1, and none may lie below the one before it.

    Parameters
    ----------
    p : p-values from 0 to 1, shape (N,); N may be 0.

    Returns
    -------
    (N,) float64, 0 to 1, in the order of ``p``.

    Raises
    ------
    FerError : a number below 0 or above 1, or NaN.

    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p, float)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise invalid("p", expected="p-values from 0 to 1, shape (N,)", received=p)
    if not len(p):
        return p
    with _quick_garbage_collection():
        _, corrected, _, _ = multipletests(p, method="holm")
    return corrected


@contextmanager
def _quick_garbage_collection() -> Iterator[None]:
    """Within the block, garbage is looked for among new objects only.

    `multipletests` asks for a collection at each call; with TensorFlow loaded one of everything takes over a second,
    and `fer_utils.fairness.false_alarms` makes hundreds of calls.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
