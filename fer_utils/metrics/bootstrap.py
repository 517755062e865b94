"""Intervals over people: the bootstrap resamples groups, not rows.

Frames of one clip and clips of one person are not independent, so an interval
that resamples frames is too narrow.  Here the bootstrap resamples **groups**
(actors, where there are two or more): Efron & Tibshirani 1993, chapter 8.

Percentile intervals are too narrow where people are few: of five people a 95 % interval holds the truth in some 84 of
100 samples (the study ``coverage``).  Below `FEW_PEOPLE` people the ends are therefore moved outward; see `widened`.

Two ways to draw the same thing stand side by side, because the numbers that were published came from both.
`interval`, `average` and `paired_difference` draw how often each group is in a resample; `mean_interval`, for one
number a person, draws who it is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.stages import stage
from fer_utils.metrics.checks import finite_numbers, numbered_groups
from fer_utils.metrics.classification import accuracy, confusion

#: Of so many people and more a percentile interval is left as it is.
FEW_PEOPLE = 14


def widened(value: float, low: float, high: float, people: int, level: float = 0.95) -> tuple[float, float]:
    """The ends of a percentile bootstrap interval, moved outward where people are few.

    The spread of a small sample is on average smaller than that of the people it was drawn from, and the bootstrap
    knows the sample only.  Both distances from the value are multiplied by t sqrt(n / (n - 1)) / z: t is the quantile
    of Student's distribution with n - 1 degrees of freedom, z that of the normal distribution.  It is the factor of
    Hesterberg's expanded percentile interval (2015, The American Statistician 69:371-386), who takes quantiles further
    out by it; resamples of four people have no values further out, so here the distances grow.

    Parameters
    ----------
    value : what was measured.
    low, high : the middle ``level`` of the resamples.
    people : n, how many people (groups) were drawn; with fewer than 2, or `FEW_PEOPLE` and more, the ends stay.
    level : of the interval.

    Returns
    -------
    (low, high)

    >>> low, high = widened(0.5, 0.4, 0.6, people=5)
    >>> round(low, 3), round(high, 3)
    (0.342, 0.658)
    """
    if not 2 <= people < FEW_PEOPLE:
        return low, high
    tail = (1 + level) / 2
    factor = float(stats.t.ppf(tail, people - 1) / stats.norm.ppf(tail) * np.sqrt(people / (people - 1)))
    return value - factor * (value - low), value + factor * (high - value)


@stage("metrics")
def interval(
    true: np.ndarray,
    predicted: np.ndarray,
    groups: ArrayLike,
    classes: int,
    metric: Callable[[np.ndarray], float] = accuracy,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, object]:
    """A metric of 0 to 1 with its percentile bootstrap interval over groups, `widened` where they are few.

    Parameters
    ----------
    true, predicted : integer class indices, shape (N,).
    groups : who each row belongs to (actors), shape (N,).
    classes : how many classes there are.
    metric : a function of a confusion matrix; `accuracy` or `macro_f1`.
    resamples : how many times the groups are drawn with replacement.
    level : the share of the resamples that the interval holds, above 0 and below 1.
    seed : of the draws.

    Returns
    -------
    dict with ``value``, ``low``, ``high`` (None with fewer than two groups: one
    person says nothing about people), ``level`` and ``groups`` (their number).

    Raises
    ------
    FerError : class indices out of range, other than one group a row.
    """
    groups = np.asarray(groups).astype(str)
    if len(groups) != len(np.asarray(true)):
        raise invalid("groups", expected=f"one group a row, {len(np.asarray(true))}", received=len(groups))
    names = np.unique(groups)
    if len(names):
        per_group = np.stack([confusion(true[groups == name], predicted[groups == name], classes) for name in names])
    else:
        per_group = np.zeros((0, classes, classes), int)
    result: dict[str, object] = {
        "value": metric(per_group.sum(axis=0)),
        "low": None,
        "high": None,
        "level": level,
        "groups": len(names),
    }
    if len(names) >= 2:
        drawn = np.tensordot(_draws(len(names), resamples, seed), per_group, axes=1)
        values = [metric(matrix) for matrix in drawn]
        low, high = _ends(result["value"], values, len(names), level)
        # A share is at least 0 and at most 1; widening knows nothing of it.
        result["low"], result["high"] = max(low, 0.0), min(high, 1.0)
    return result


@stage("metrics")
def paired_difference(
    true: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    groups: ArrayLike,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, object]:
    """Accuracy of ``second`` minus accuracy of ``first`` on the same rows, bootstrapped over groups.

    ``true``, ``first``, ``second`` and ``groups`` have shape (N,).
    Returns ``value`` (-1 to 1), ``low``, ``high`` (None with fewer than two groups) and ``groups``.
    """
    true, first, second = map(np.asarray, (true, first, second))
    groups = np.asarray(groups).astype(str)
    names = np.unique(groups)
    gain = np.array([((second == true)[groups == n].sum() - (first == true)[groups == n].sum()) for n in names])
    size = np.array([(groups == n).sum() for n in names])
    result: dict[str, object] = {
        "value": float(gain.sum() / size.sum()),
        "low": None,
        "high": None,
        "groups": len(names),
    }
    if len(names) >= 2:
        draws = _draws(len(names), resamples, seed)
        result["low"], result["high"] = _ends(result["value"], (draws @ gain) / (draws @ size), len(names), level)
    return result


@stage("metrics")
def average(
    values: ArrayLike,
    groups: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> dict[str, object]:
    """A (weighted) mean of numbers with its percentile bootstrap interval over groups.

    ``values``, ``groups`` and ``weights`` (0 or more; None for 1 each) have shape
    (N,).  Returns what `interval` returns; the value is
    sum(weight x value) / sum(weight), in each resample as well.  ``bounds`` are the least and the largest that it can
    be, (0, 1) for shares: the interval ends there.

    Raises
    ------
    FerError : numbers that are not finite, weights below 0 or all 0, other than one group a row.
    """
    values = finite_numbers("values", values)
    weights = np.ones(len(values)) if weights is None else finite_numbers("weights", weights, len(values))
    if (weights < 0).any() or not weights.sum() > 0:
        raise invalid("weights", expected="numbers of 0 or more, not all 0", received=weights)
    names, of = numbered_groups(groups, len(values))
    parts = np.column_stack([np.bincount(of, weights * values, len(names)), np.bincount(of, weights, len(names))])
    return resampled(
        parts, lambda drawn: drawn[..., 0] / drawn[..., 1], resamples=resamples, level=level, seed=seed, bounds=bounds
    )


@stage("metrics")
def mean_interval(
    values: ArrayLike,
    minus: ArrayLike | None = None,
    *,
    resamples: int = 2000,
    seed: int | np.random.Generator = 0,
) -> tuple[float, float]:
    """The 95 % bootstrap interval of a mean over people, or of the difference of two such means.

    It is `percentile_interval`, `widened` where people are few; of a difference the smaller side decides.

    Parameters
    ----------
    values : one number a person, shape (P,), P of 1 or more; of a single person the interval is that number.
    minus : of other people, shape (Q,): the interval is that of mean(values) - mean(minus), both sides drawn anew.
    resamples : how many times the people are drawn with replacement.
    seed : of the draws, or a generator that has them.

    Returns
    -------
    (low, high)

    Raises
    ------
    FerError : nobody, or numbers that are not finite.
    """
    low, high = percentile_interval(values, minus, resamples=resamples, seed=seed)
    sides = [np.asarray(side, float) for side in (values, minus) if side is not None]
    value = float(sides[0].mean() - (sides[1].mean() if len(sides) == 2 else 0.0))
    return widened(value, low, high, min(len(side) for side in sides))


@stage("metrics")
def percentile_interval(
    values: ArrayLike,
    minus: ArrayLike | None = None,
    *,
    resamples: int = 2000,
    seed: int | np.random.Generator = 0,
) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of a mean, or of the difference of two, not widened for few people.

    Parameters, result and errors are those of `mean_interval`.
    """
    resamples, rng = whole_number("resamples", resamples, 1), np.random.default_rng(seed)
    drawn = _drawn_means("values", values, resamples, rng)
    if minus is not None:
        drawn = drawn - _drawn_means("minus", minus, resamples, rng)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


@stage("metrics")
def resampled(
    parts: np.ndarray,
    metric: Callable[[np.ndarray], np.ndarray],
    *,
    resamples: int,
    level: float,
    seed: int,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> dict[str, object]:
    """A metric of sums over groups, and its interval when the groups are drawn with replacement.

    ``parts`` (G, ...) are the sums of each group; ``metric`` takes sums of shape (...) or (resamples, ...); ``bounds``
    are the least and the largest value that it can have.  Returns what `interval` returns.
    """
    result: dict[str, object] = {
        "value": float(metric(parts.sum(axis=0))),
        "low": None,
        "high": None,
        "level": level,
        "groups": len(parts),
    }
    if len(parts) >= 2:
        draws = _draws(len(parts), resamples, seed)
        with np.errstate(invalid="ignore"):  # groups of weight 0 may be all that is drawn
            values = metric(np.tensordot(draws, parts, axes=1))
        low, high = _ends(result["value"], values, len(parts), level)
        result["low"], result["high"] = max(low, bounds[0]), min(high, bounds[1])
    return result


def _draws(groups: int, resamples: int, seed: int) -> np.ndarray:
    """How often each group is in each resample, (resamples, groups)."""
    return np.random.default_rng(seed).multinomial(groups, np.full(groups, 1 / groups), size=resamples)


def _ends(value, values, people: int, level: float) -> tuple[float, float]:
    """The middle ``level`` of the resamples' values, `widened`; a resample without a value does not count."""
    tail = (1 - level) / 2
    low, high = np.nanquantile(values, [tail, 1 - tail])
    return widened(float(value), float(low), float(high), people, level)


def _drawn_means(name: str, values, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """The mean of each resample, (resamples,)."""
    values = finite_numbers(name, values)
    if not len(values):
        raise invalid(name, expected="a number of one person or more", received=values)
    return values[rng.integers(0, len(values), (resamples, len(values)))].mean(axis=1)
