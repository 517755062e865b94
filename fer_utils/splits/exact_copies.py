"""Copies of one picture, equal to the pixel: how many, with which labels, and on which side of a split.

They are counted as follows.  Rows with equal pixels are one *picture*.  Its *copies* are its rows but the first, in the
order of the table.  A picture has *two labels* where not all of its rows have the same.  A row of a later part is
*leaked* where an earlier part has the same picture.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from fer_utils.core.errors import invalid
from fer_utils.core.stages import stage
from fer_utils.splits.near_duplicates import digests


@stage("exact_copies")
def first_rows(images: np.ndarray) -> np.ndarray:
    """For each picture the position of the first that is equal to it, itself mostly: (N,) int64.

    ``images`` has shape (N, height, width, channels), uint8.

    >>> first_rows(np.array([[7], [5], [7]], np.uint8)[:, :, None, None]).tolist()
    [0, 1, 0]
    """
    _, first, of = np.unique(np.asarray(digests(images)), return_index=True, return_inverse=True)
    return first[of.ravel()].astype(np.int64)


@stage("exact_copies")
def two_labels(first: np.ndarray, expressions) -> np.ndarray:
    """Which rows belong to a picture that has two labels or more: (N,) bool; ``first`` is that of `first_rows`."""
    said = pd.Series(np.asarray(expressions)).groupby(np.asarray(first)).transform("nunique")
    return (said > 1).to_numpy()


@stage("exact_copies")
def counts(first: np.ndarray, expressions, parts: dict[str, np.ndarray]) -> dict:
    """How many copies there are, and between which parts of a split.

    Parameters
    ----------
    first : of `first_rows`.
    expressions : (N,) labels.
    parts : name -> row positions, in the order of the split: who learns comes first.

    Returns
    -------
    JSON-able dict: ``rows``; ``pictures`` (different ones); ``copies`` (rows - pictures); ``two_labels``: how many
    ``pictures`` have them, their ``rows``, ``other_label`` (copies whose label is not that of the first row) and
    ``further_labels`` (labels beyond the first, over all pictures); ``shared``: "LATER in EARLIER" -> rows of the later
    part whose picture is in the earlier one; ``part_copies``: part -> its rows - its different pictures.
    """
    first, expressions = np.asarray(first), np.asarray(expressions)
    if first.shape != expressions.shape:
        raise invalid("expressions", expected=f"one label a picture, {len(first)}", received=len(expressions))
    twice = two_labels(first, expressions)
    pairs = {(int(picture), str(label)) for picture, label in zip(first, expressions, strict=True)}
    pictures = len(np.unique(first))
    return {
        "rows": len(first),
        "pictures": pictures,
        "copies": len(first) - pictures,
        "two_labels": {
            "pictures": len(np.unique(first[twice])),
            "rows": int(twice.sum()),
            "other_label": int((expressions != expressions[first]).sum()),
            "further_labels": len(pairs) - pictures,
        },
        "shared": {
            f"{later} in {earlier}": int(np.isin(first[parts[later]], first[parts[earlier]]).sum())
            for earlier, later in combinations(parts, 2)
        },
        "part_copies": {part: len(rows) - len(np.unique(first[rows])) for part, rows in parts.items()},
    }


@stage("exact_copies")
def cleaned(train: np.ndarray, others: np.ndarray, first: np.ndarray, expressions) -> np.ndarray:
    """The training rows without pictures that validate or test, and without pictures that have two labels.

    ``train`` and ``others`` are row positions; further copies within training with one label stay.  Who validates and
    tests is not changed, so that accuracies are over the same pictures.
    """
    train, first = np.asarray(train), np.asarray(first)
    met_elsewhere = np.isin(first[train], first[np.asarray(others)])
    return train[~(met_elsewhere | two_labels(first, expressions)[train])]
