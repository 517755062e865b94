"""Spearman's rank correlation."""

import math

import pytest

from fer_utils import metrics


def test_only_the_order_counts():
    assert metrics.rank_correlation([1, 2, 3, 4], [1, 10, 11, 1000]) == pytest.approx(1)
    assert metrics.rank_correlation([1, 2, 3, 4], [9, 8, 7, -5]) == pytest.approx(-1)
    # Ranks 1 2 3 4 against 2 1 4 3: 1 - 6 * 4 / (4 * 15).
    assert metrics.rank_correlation([1, 2, 3, 4], [5, 3, 9, 8]) == pytest.approx(0.6)
    # Three pairs are enough, of whatever size: ranks 1 2 3 against 1 3 2.
    assert metrics.rank_correlation([0, 0.5, 1], [5, 6, 5.5]) == pytest.approx(0.5)


@pytest.mark.parametrize("x, y", [([], []), ([1, 2], [1, 2]), ([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [4, 4, 4])])
def test_without_an_order_it_is_not_known(x, y):
    assert math.isnan(metrics.rank_correlation(x, y))
