"""Intervals over people: the bootstrap resamples groups, not rows.

Frames of one clip and clips of one person are not independent, so an interval
that resamples frames is too narrow.  Here the bootstrap resamples **groups**
(actors, where there are two or more): Efron & Tibshirani 1993, chapter 8.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from fer_utils.core.errors import invalid
from fer_utils.metrics.arguments import _groups, _numbers
from fer_utils.metrics.classification import accuracy, confusion


def interval(
    true: np.ndarray,
    predicted: np.ndarray,
    groups: Sequence,
    classes: int,
    metric: Callable[[np.ndarray], float] = accuracy,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, object]:
    """A metric with its percentile bootstrap interval over groups.

    Parameters
    ----------
    true, predicted : integer class indices, shape (N,).
    groups : who each row belongs to (actors), shape (N,).
    metric : a function of a confusion matrix; `accuracy` or `macro_f1`.
    resamples : how many times the groups are drawn with replacement.

    Returns
    -------
    dict with ``value``, ``low``, ``high`` (None with fewer than two groups: one
    person says nothing about people), ``level`` and ``groups`` (their number).
    """
    groups = np.asarray(groups).astype(str)
    if len(groups) != len(np.asarray(true)):
        raise invalid("groups", expected=f"one group a row, {len(np.asarray(true))}", received=len(groups))
    names = np.unique(groups)
    per_group = (
        np.stack([confusion(true[groups == name], predicted[groups == name], classes) for name in names])
        if len(names)
        else np.zeros((0, classes, classes), int)
    )
    result = {
        "value": metric(per_group.sum(axis=0)),
        "low": None,
        "high": None,
        "level": level,
        "groups": len(names),
    }
    if len(names) >= 2:
        rng = np.random.default_rng(seed)
        draws = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)
        values = [metric(np.tensordot(draw, per_group, axes=1)) for draw in draws]
        tail = (1 - level) / 2
        low, high = np.nanquantile(values, [tail, 1 - tail])
        result.update(low=float(low), high=float(high))
    return result


def paired_difference(
    true: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    groups: Sequence,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, object]:
    """Accuracy of ``second`` minus accuracy of ``first`` on the same rows, bootstrapped over groups.

    Returns ``value`` (-1 to 1), ``low``, ``high`` (None with fewer than two groups) and ``groups``.
    """
    true, first, second = map(np.asarray, (true, first, second))
    groups = np.asarray(groups).astype(str)
    names = np.unique(groups)
    gain = np.array([((second == true)[groups == n].sum() - (first == true)[groups == n].sum()) for n in names])
    size = np.array([(groups == n).sum() for n in names])
    result = {"value": float(gain.sum() / size.sum()), "low": None, "high": None, "groups": len(names)}
    if len(names) >= 2:
        draws = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)
        tail = (1 - level) / 2
        low, high = np.quantile((draws @ gain) / (draws @ size), [tail, 1 - tail])
        result.update(low=float(low), high=float(high))
    return result


def average(
    values: Sequence[float],
    groups: Sequence,
    weights: Sequence[float] | None = None,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, object]:
    """A (weighted) mean of numbers with its percentile bootstrap interval over groups.

    ``values``, ``groups`` and ``weights`` (0 or more; None for 1 each) have shape
    (N,).  Returns what `interval` returns; the value is
    sum(weight x value) / sum(weight), in each resample as well.
    """
    values = _numbers("values", values)
    weights = np.ones(len(values)) if weights is None else _numbers("weights", weights, len(values))
    if (weights < 0).any() or not weights.sum() > 0:
        raise invalid("weights", expected="numbers of 0 or more, not all 0", received=weights)
    names, of = _groups(groups, len(values))
    parts = np.column_stack([np.bincount(of, weights * values, len(names)), np.bincount(of, weights, len(names))])
    return _resampled(parts, lambda drawn: drawn[..., 0] / drawn[..., 1], resamples, level, seed)


def _resampled(
    parts: np.ndarray, metric: Callable[[np.ndarray], np.ndarray], resamples: int, level: float, seed: int
) -> dict[str, object]:
    """A metric of sums over groups, ``parts`` (groups, ...), and its interval when the groups are drawn with replacement."""
    result = {
        "value": float(metric(parts.sum(axis=0))),
        "low": None,
        "high": None,
        "level": level,
        "groups": len(parts),
    }
    if len(parts) >= 2:
        draws = np.random.default_rng(seed).multinomial(len(parts), np.full(len(parts), 1 / len(parts)), size=resamples)
        with np.errstate(invalid="ignore"):  # groups of weight 0 may be all that is drawn
            values = metric(np.tensordot(draws, parts, axes=1))
        tail = (1 - level) / 2
        low, high = np.nanquantile(values, [tail, 1 - tail])
        result.update(low=float(low), high=float(high))
    return result
