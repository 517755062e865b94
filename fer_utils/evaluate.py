"""How well, and how surely: accuracy, macro F1, recall and confusion, with intervals over people.

Frames of one clip and clips of one person are not independent, so an interval
that resamples frames is too narrow.  Here the bootstrap resamples **groups**
(actors, where there are two or more): Efron & Tibshirani 1993, chapter 8.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .errors import invalid


def confusion(true: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Counts, shape (classes, classes): row = true class, column = predicted class.

    ``true`` and ``predicted`` are integer class indices, shape (N,).
    """
    true, predicted = _indices("true", true, classes), _indices("predicted", predicted, classes)
    if len(true) != len(predicted):
        raise invalid("predicted", expected=f"one prediction a true label, {len(true)}", received=len(predicted))
    return np.bincount(true * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def accuracy(matrix: np.ndarray) -> float:
    """The share on the diagonal of a confusion matrix, 0 to 1; NaN for an empty one."""
    total = matrix.sum()
    return float(np.trace(matrix) / total) if total else float("nan")


def recall(matrix: np.ndarray) -> np.ndarray:
    """For each true class the share that was recognised, shape (classes,); NaN where a class is absent."""
    rows = matrix.sum(axis=1)
    return np.divide(np.diag(matrix), rows, out=np.full(len(matrix), np.nan), where=rows > 0)


def macro_f1(matrix: np.ndarray) -> float:
    """The mean over classes of F1 = 2 TP / (2 TP + FP + FN), 0 to 1.

    Equation (1) of Ding, Tang & Lu 2023, averaged over the classes that occur
    among the true labels; a class that is never predicted scores 0.
    """
    true_positive = np.diag(matrix).astype(float)
    denominator = matrix.sum(axis=0) + matrix.sum(axis=1)
    present = matrix.sum(axis=1) > 0
    if not present.any():
        return float("nan")
    return float(np.mean(2 * true_positive[present] / denominator[present]))


def interval(
    true: np.ndarray, predicted: np.ndarray, groups: Sequence, classes: int,
    metric: Callable[[np.ndarray], float] = accuracy, *, resamples: int = 1000, level: float = 0.95, seed: int = 0,
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
    per_group = np.stack([confusion(true[groups == name], predicted[groups == name], classes) for name in names]) \
        if len(names) else np.zeros((0, classes, classes), int)
    result = {"value": metric(per_group.sum(axis=0)), "low": None, "high": None,
              "level": level, "groups": int(len(names))}
    if len(names) >= 2:
        rng = np.random.default_rng(seed)
        draws = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)
        values = [metric(np.tensordot(draw, per_group, axes=1)) for draw in draws]
        tail = (1 - level) / 2
        low, high = np.nanquantile(values, [tail, 1 - tail])
        result.update(low=float(low), high=float(high))
    return result


def metrics(
    true: np.ndarray, predicted: np.ndarray, groups: Sequence, labels: Sequence[str], *, seed: int = 0
) -> dict[str, object]:
    """Everything a result reports: accuracy and macro F1 with intervals, recall per class, confusion.

    Returns a JSON-able dict: ``accuracy`` and ``macro_f1`` (see `interval`),
    ``recall`` {label: share or None}, ``confusion`` (list of rows), ``n`` (rows),
    ``chance`` (the share of the commonest true class: what a constant answer gets).
    """
    true, predicted = np.asarray(true), np.asarray(predicted)
    matrix = confusion(true, predicted, len(labels))
    shares = recall(matrix)
    return {
        "accuracy": interval(true, predicted, groups, len(labels), accuracy, seed=seed),
        "macro_f1": interval(true, predicted, groups, len(labels), macro_f1, seed=seed),
        "recall": {label: None if np.isnan(share) else float(share) for label, share in zip(labels, shares)},
        "confusion": matrix.tolist(),
        "n": int(matrix.sum()),
        "chance": float(matrix.sum(axis=1).max() / matrix.sum()) if matrix.sum() else None,
    }


def paired_difference(
    true: np.ndarray, first: np.ndarray, second: np.ndarray, groups: Sequence, *,
    resamples: int = 1000, level: float = 0.95, seed: int = 0,
) -> dict[str, object]:
    """Accuracy of ``second`` minus accuracy of ``first`` on the same rows, bootstrapped over groups.

    Returns ``value`` (-1 to 1), ``low``, ``high`` (None with fewer than two groups) and ``groups``.
    """
    true, first, second = map(np.asarray, (true, first, second))
    groups = np.asarray(groups).astype(str)
    names = np.unique(groups)
    gain = np.array([((second == true)[groups == n].sum() - (first == true)[groups == n].sum()) for n in names])
    size = np.array([(groups == n).sum() for n in names])
    result = {"value": float(gain.sum() / size.sum()), "low": None, "high": None, "groups": int(len(names))}
    if len(names) >= 2:
        draws = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)
        tail = (1 - level) / 2
        low, high = np.quantile((draws @ gain) / (draws @ size), [tail, 1 - tail])
        result.update(low=float(low), high=float(high))
    return result


def _indices(name: str, values, classes: int) -> np.ndarray:
    values = np.asarray(values)
    if values.size and (values.ndim != 1 or not np.issubdtype(values.dtype, np.integer)
                        or values.min() < 0 or values.max() >= classes):
        raise invalid(name, expected=f"class indices from 0 to {classes - 1}, shape (N,)", received=values)
    return values.astype(np.int64)
