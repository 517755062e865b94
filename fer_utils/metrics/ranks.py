"""How well the order of one quantity tells that of another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats


def rank_correlation(x: Sequence[float], y: Sequence[float]) -> float:
    """Spearman's rank correlation of pairs.

    Parameters
    ----------
    x, y : two sequences of one length.

    Returns
    -------
    float from -1 to 1, 0 where one order says nothing about the other; NaN for fewer than three pairs, or where one
    side is constant.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(stats.spearmanr(x, y).statistic)
