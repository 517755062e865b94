"""Calibration: whether a network that says 80 % is right in 80 of 100."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.stages import stage
from fer_utils.metrics.bootstrap import resampled
from fer_utils.metrics.checks import class_indices, numbered_groups


@stage("metrics")
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
    true = class_indices("true", true, scores.shape[1])
    if len(true) != len(scores):
        raise invalid("true", expected=f"one label a row of scores, {len(scores)}", received=len(true))
    names, of = numbered_groups(groups, len(true))
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
        "error": resampled(parts, error, resamples=resamples, level=level, seed=seed, bounds=(0.0, 1.0)),
        "excess": resampled(parts, excess, resamples=resamples, level=level, seed=seed, bounds=(-1.0, 1.0)),
    }
