"""Checks of the arguments of metrics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fer_utils.core.errors import invalid


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
        or (rows is not None and len(values) != rows)
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
