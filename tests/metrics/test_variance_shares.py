"""The share of variance between groups."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fer_utils import metrics
from fer_utils.core.errors import FerError


def test_groups_that_hold_all_or_nothing_of_the_variance():
    assert metrics.share_between([1, 1, 5, 5], list("aabb")) == 1
    assert metrics.share_between([1, 5, 1, 5], list("aabb")) == 0
    assert metrics.share_between([0.5, -0.5, 0.5, -0.5], list("abab")) == 1, "also where the sum of squares is 1"
    assert np.isnan(metrics.share_between([2, 2], ["a", "b"]))


def test_it_is_what_pandas_says_for_groups_of_any_size_and_for_columns():
    rng = np.random.default_rng(0)
    values, groups = rng.normal(size=(30, 2)), rng.integers(0, 4, 30)
    frame = pd.DataFrame(values)
    means = frame.groupby(groups).transform("mean")
    for column in range(2):
        wanted = means[column].var() / frame[column].var()
        assert metrics.share_between(values[:, column], groups) == pytest.approx(wanted)
    wanted = means.var().sum() / frame.var().sum()
    assert metrics.share_between(values, groups.astype(str)) == pytest.approx(wanted)


@pytest.mark.parametrize("values, groups", [([], []), ([1, 2], ["a"])])
def test_other_than_a_group_a_value_is_refused(values, groups):
    with pytest.raises(FerError, match="`groups`"):
        metrics.share_between(values, groups)
