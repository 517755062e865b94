"""Everything that a result reports, in one dict."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from fer_utils.core.stages import stage
from fer_utils.metrics.bootstrap import interval
from fer_utils.metrics.classification import accuracy, confusion, macro_f1, recall


@stage("metrics")
def evaluate(
    true: np.ndarray, predicted: np.ndarray, groups: ArrayLike, labels: Sequence[str], *, seed: int = 0
) -> dict[str, object]:
    """Everything a result reports: accuracy and macro F1 with intervals, recall per class, confusion.

    Parameters
    ----------
    true, predicted : integer class indices, shape (N,).
    groups : who each row belongs to (actors), shape (N,).
    labels : the classes' names, in order.
    seed : of the intervals' draws.

    Returns
    -------
    JSON-able dict: ``accuracy`` and ``macro_f1`` (see `interval`),
    ``recall`` {label: share or None}, ``confusion`` (list of rows), ``n`` (rows),
    ``chance`` (the share of the commonest true class: what a constant answer gets).

    Raises
    ------
    FerError : class indices out of range, other than one prediction and one group a row.
    """
    true, predicted = np.asarray(true), np.asarray(predicted)
    matrix = confusion(true, predicted, len(labels))
    shares = recall(matrix)
    return {
        "accuracy": interval(true, predicted, groups, len(labels), accuracy, seed=seed),
        "macro_f1": interval(true, predicted, groups, len(labels), macro_f1, seed=seed),
        "recall": {
            label: None if np.isnan(share) else float(share) for label, share in zip(labels, shares, strict=True)
        },
        "confusion": matrix.tolist(),
        "n": int(matrix.sum()),
        "chance": float(matrix.sum(axis=1).max() / matrix.sum()) if matrix.sum() else None,
    }
