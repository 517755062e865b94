"""How much of what varies is a matter of the group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fer_utils.core.errors import invalid


def share_between(values: np.ndarray, groups: Sequence) -> float:
    """The share of the variance of values that lies between groups, 0 to 1.

    The sum of squares between the groups' means over the whole one, which is known as eta squared.

    Parameters
    ----------
    values : (n,), or (n, d), whose sums of squares are added.
    groups : the group of each of the n.

    Returns
    -------
    The share; NaN where the values do not vary.

    Raises
    ------
    FerError : no value, or other than one group a value.
    """
    values, names = np.asarray(values, float), np.asarray(groups)
    if not len(values) or names.shape != (len(values),):
        raise invalid("groups", expected=f"one name for each of {len(values):,} values", received=names.shape)
    away = values.reshape(len(values), -1) - values.reshape(len(values), -1).mean(axis=0)
    whole = float((away**2).sum())
    if whole == 0:
        return float("nan")
    _, places = np.unique(names, return_inverse=True)
    counts = np.bincount(places)
    sums = np.stack([np.bincount(places, column) for column in away.T], axis=1)
    return float((sums**2 / counts[:, None]).sum() / whole)
