"""How well: the confusion matrix, and accuracy, recall and macro F1 of it."""

from __future__ import annotations

import numpy as np

from fer_utils.core.errors import invalid
from fer_utils.core.stages import stage
from fer_utils.metrics.checks import class_indices


@stage("metrics")
def confusion(true: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Counts, shape (classes, classes): row = true class, column = predicted class.

    ``true`` and ``predicted`` are integer class indices, shape (N,).
    """
    true, predicted = class_indices("true", true, classes), class_indices("predicted", predicted, classes)
    if len(true) != len(predicted):
        raise invalid("predicted", expected=f"one prediction a true label, {len(true)}", received=len(predicted))
    return np.bincount(true * classes + predicted, minlength=classes * classes).reshape(classes, classes)


@stage("metrics")
def accuracy(matrix: np.ndarray) -> float:
    """The share on the diagonal of a confusion matrix, 0 to 1; NaN for an empty one."""
    total = matrix.sum()
    return float(np.trace(matrix) / total) if total else float("nan")


@stage("metrics")
def recall(matrix: np.ndarray) -> np.ndarray:
    """For each true class the share that was recognised, shape (classes,); NaN where a class is absent."""
    rows = matrix.sum(axis=1)
    return np.divide(np.diag(matrix), rows, out=np.full(len(matrix), np.nan), where=rows > 0)


@stage("metrics")
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
