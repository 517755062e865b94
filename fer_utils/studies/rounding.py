"""Numbers of an answer as they are stored."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def rounded(value):
    """The same value as JSON can hold it: floats to six digits, NaN as None, NumPy's numbers as Python's.

    What is shown has four digits, and a file of all of them is longer and says no more.
    """
    if isinstance(value, Mapping):
        return {str(key): rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, float):
        return value
    return None if np.isnan(value) else float(f"{value:.6g}")
