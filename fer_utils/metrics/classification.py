"""How well, and how surely: accuracy, macro F1, recall, confusion and calibration, with intervals over people.

Frames of one clip and clips of one person are not independent, so an interval
that resamples frames is too narrow.  Here the bootstrap resamples **groups**
(actors, where there are two or more): Efron & Tibshirani 1993, chapter 8.
Two models on the same people are compared person by person: `paired_difference`
says by how much, `paired_test` how surprising that is if nothing lies behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from fer_utils.core.errors import invalid, whole_number


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


def sign_flip(differences: Sequence[int]) -> float:
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


def paired_test(true: np.ndarray, first: np.ndarray, second: np.ndarray, groups: Sequence) -> dict[str, object]:
    """Whether ``second`` is right more or less often than ``first`` on the same rows, person by person: see `sign_flip`.

    Returns a JSON-able dict: ``value`` (accuracy of ``second`` minus that of
    ``first``), ``p`` (two-sided, exact; None with fewer than two groups),
    ``gains`` {group: how many more rows ``second`` has right}, ``groups`` (their number)
    and ``smallest`` (the least p that so many groups can give: with five it is 1/16).
    """
    true, first, second = (
        _numbers(name, values) for name, values in (("true", true), ("first", first), ("second", second))
    )
    for name, values in (("first", first), ("second", second)):
        if len(values) != len(true):
            raise invalid(name, expected=f"one answer a true label, {len(true)}", received=len(values))
    names, of = _groups(groups, len(true))
    gains = np.zeros(len(names), np.int64)
    np.add.at(gains, of, (second == true).astype(np.int64) - (first == true))
    several = len(names) >= 2
    return {
        "value": float(gains.sum() / len(true)),
        "p": sign_flip(gains) if several else None,
        "gains": dict(zip(names.tolist(), gains.tolist())),
        "groups": len(names),
        "smallest": 2.0 ** (1 - len(names)) if several else None,
    }


def calibration(
    true: np.ndarray,
    scores: np.ndarray,
    groups: Sequence,
    *,
    bins: int = 15,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, object]:
    """Whether a network that says 80 % is right in 80 of 100: reliability bins and expected calibration error.

    The confidence of a row is its largest score, its answer the class that has
    it.  With the rows sorted into ``bins`` equal intervals of confidence, the expected
    calibration error is the mean of |accuracy - confidence| over the bins, weighted by their
    rows (Guo et al. 2017, arXiv 1706.04599, section 2).  It cannot be negative, so with few rows
    it is above 0 for a perfect network, too, and its resamples lie above its
    value; ``excess``, mean confidence minus accuracy, errs to neither side.

    Parameters
    ----------
    true : integer class indices, shape (N,).
    scores : shape (N, classes), each row from 0 to 1 with sum 1 (within 0.01).
    groups : who each row belongs to (actors), shape (N,).
    bins : how many intervals of confidence.

    Returns
    -------
    JSON-able dict: ``bins``, a list of those with rows in them, each ``low`` (excluded), ``high``
    (included), ``n``, ``confidence`` and ``accuracy``; ``error`` (the expected
    calibration error) and ``excess`` (positive: too sure), each as from `interval`.
    """
    bins = whole_number("bins", bins, 1)
    scores = np.asarray(scores, float)
    if (
        scores.ndim != 2
        or not len(scores)
        or not ((scores >= 0).all() and (scores <= 1).all() and np.allclose(scores.sum(axis=1), 1, atol=0.01))
    ):
        raise invalid(
            "scores", expected="rows of scores from 0 to 1 that sum to 1, shape (N, classes)", received=scores
        )
    true = _indices("true", true, scores.shape[1])
    if len(true) != len(scores):
        raise invalid("true", expected=f"one label a row of scores, {len(scores)}", received=len(true))
    names, of = _groups(groups, len(true))
    confidence, right = scores.max(axis=1), scores.argmax(axis=1) == true
    # (k/bins, (k+1)/bins] as in the source; a hair's breadth keeps 0.3 of three tenths out of the next one.
    place = np.clip(np.ceil(confidence * bins - 1e-9).astype(int) - 1, 0, bins - 1)
    parts = np.zeros((len(names), bins, 3))
    np.add.at(parts, (of, place), np.column_stack([np.ones(len(true)), confidence, right]))

    def error(drawn: np.ndarray) -> np.ndarray:
        return np.abs(drawn[..., 1] - drawn[..., 2]).sum(axis=-1) / drawn[..., 0].sum(axis=-1)

    def excess(drawn: np.ndarray) -> np.ndarray:
        return (drawn[..., 1] - drawn[..., 2]).sum(axis=-1) / drawn[..., 0].sum(axis=-1)

    return {
        "bins": [
            {
                "low": k / bins,
                "high": (k + 1) / bins,
                "n": int(n),
                "confidence": float(sure / n),
                "accuracy": float(hits / n),
            }
            for k, (n, sure, hits) in enumerate(parts.sum(axis=0))
            if n
        ],
        "error": _resampled(parts, error, resamples, level, seed),
        "excess": _resampled(parts, excess, resamples, level, seed),
    }


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


def _groups(groups: Sequence, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """The groups' names, sorted, and for every row the number of its group."""
    groups = np.asarray(groups).astype(str)
    if groups.shape != (rows,) or not rows:
        raise invalid("groups", expected=f"one group a row, {rows or 'at least 1'}", received=groups.shape)
    return np.unique(groups, return_inverse=True)


def _numbers(name: str, values, rows: int | None = None) -> np.ndarray:
    values = np.asarray(values)
    if (
        values.ndim != 1
        or values.dtype.kind not in "biuf"
        or not np.isfinite(values).all()
        or (rows is not None
        and len(values) != rows)
    ):
        raise invalid(name, expected=f"finite numbers, shape ({'N' if rows is None else rows},)", received=values)
    return values


def _indices(name: str, values, classes: int) -> np.ndarray:
    values = np.asarray(values)
    if values.size and (
        values.ndim != 1 or not np.issubdtype(values.dtype, np.integer) or values.min() < 0 or values.max() >= classes
    ):
        raise invalid(name, expected=f"class indices from 0 to {classes - 1}, shape (N,)", received=values)
    return values.astype(np.int64)
