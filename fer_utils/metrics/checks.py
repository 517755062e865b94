"""Checks of what metrics are given."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fer_utils.core.errors import invalid


def numbered_groups(groups: ArrayLike, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """The groups' names, sorted, (G,), and for every row the number of its group, (rows,).

    Raises
    ------
    FerError : other than one group a row, or no rows.
    """
    groups = np.asarray(groups).astype(str)
    if groups.shape != (rows,) or not rows:
        raise invalid("groups", expected=f"one group a row, {rows or 'at least 1'}", received=groups.shape)
    return np.unique(groups, return_inverse=True)


def finite_numbers(name: str, values, rows: int | None = None) -> np.ndarray:
    """``values`` as an array (N,); FerError that names the argument where they are not ``rows`` finite numbers."""
    values = np.asarray(values)
    plain = values.ndim == 1 and values.dtype.kind in "biuf" and bool(np.isfinite(values).all())
    if not plain or (rows is not None and len(values) != rows):
        raise invalid(name, expected=f"finite numbers, shape ({'N' if rows is None else rows},)", received=values)
    return values


def class_indices(name: str, values, classes: int) -> np.ndarray:
    """``values`` as int64 (N,); FerError that names the argument where they are not class indices below ``classes``."""
    values = np.asarray(values)
    if values.size and (
        values.ndim != 1 or not np.issubdtype(values.dtype, np.integer) or values.min() < 0 or values.max() >= classes
    ):
        raise invalid(name, expected=f"class indices from 0 to {classes - 1}, shape (N,)", received=values)
    return values.astype(np.int64)
