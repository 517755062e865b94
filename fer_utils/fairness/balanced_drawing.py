"""Balanced drawing: training rows are drawn anew, so that a label says nothing about the group of who poses it."""

from __future__ import annotations

from collections.abc import Sequence
import hashlib
import json

import numpy as np

from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.stages import stage
from fer_utils.faces import FaceSet


@stage("balanced_drawing")
def balancing_weights(labels: Sequence[str], groups: Sequence[str]) -> np.ndarray:
    """Weights with which labels and groups are independent: P(label) P(group) / P(label, group).

    After Kamiran & Calders 2012 ("reweighing", Knowledge and Information Systems 33:1-33,
    doi 10.1007/s10115-011-0463-8).  A pair that is rarer than it would be by chance weighs more than 1, one that is
    more frequent less.  A pair that nobody has cannot be given a weight: then they are as independent as can be.

    Parameters
    ----------
    labels, groups : (N,), of the same N rows.

    Returns
    -------
    (N,) float64, above 0, with mean 1.

    Raises
    ------
    FerError : no row, or not as many labels as groups.
    """
    labels, groups = np.asarray(labels, str), np.asarray(groups, str)
    if labels.ndim != 1 or not len(labels):
        raise invalid("labels", expected="one label a row, of at least one row", received=labels)
    if groups.shape != labels.shape:
        raise invalid("groups", expected=f"one group for each of the {len(labels)} labels", received=groups)
    of_label, label = np.unique(labels, return_inverse=True)
    of_group, group = np.unique(groups, return_inverse=True)
    together = np.zeros((len(of_label), len(of_group)))
    np.add.at(together, (label, group), 1)
    by_chance = np.outer(together.sum(axis=1), together.sum(axis=0)) / len(labels)
    weights = by_chance[label, group] / together[label, group]
    # Pairs that nobody has leave a rest: without this the weights would not add up to the number of rows.
    return weights / weights.mean()


@stage("balanced_drawing")
def draw_balanced(face_set, rows: Sequence[int], groups: Sequence[str], *, seed: int = 0):
    """A face set whose given rows are drawn anew, so that in them label and group are independent.

    A row with the weight 0.3 (see `balancing_weights`) is there with a chance of three in ten, one with 2.4 twice or
    three times.  The number of images stays; every place keeps the name of its ``actor``, on which the split depends,
    and other rows are left as they are.  (Rows are drawn, and the loss is not weighted, so that any
    training can use it.)

    Parameters
    ----------
    face_set : a `faces.FaceSet`; it is left as it is.
    rows : positions of the rows that are drawn anew, those of training.
    groups : (images of the face set,), the group of the person on each, such as a band of skin tone.
    seed : of the drawing.

    Returns
    -------
    FaceSet in memory, with a fingerprint of its own, so that its results are stored apart.

    Raises
    ------
    FerError : rows that the set does not have or has twice, not as many groups as images.
    """
    meta, rows, groups = face_set.meta, np.asarray(rows), np.asarray(groups, str)
    if (
        rows.ndim != 1
        or rows.dtype.kind not in "iu"
        or not len(rows)
        or rows.min() < 0
        or rows.max() >= len(meta)
        or len(np.unique(rows)) < len(rows)
    ):
        raise invalid("rows", expected=f"row positions from 0 to {len(meta) - 1}, each once", received=rows)
    if groups.shape != (len(meta),):
        raise invalid("groups", expected=f"one group for each of the {len(meta)} images", received=groups)
    rng = np.random.default_rng(whole_number("seed", seed, 0))
    weights = balancing_weights(meta["expression"].to_numpy(str)[rows], groups[rows])
    # A row is drawn where its stretch of the line from 0 to N holds one of N marks that are one apart.
    marks = np.arange(len(rows)) + rng.random()
    shuffled = rng.permutation(len(rows))
    reached = np.minimum(np.searchsorted(np.cumsum(weights[shuffled]), marks), len(rows) - 1)
    order = np.arange(len(meta))
    order[rows] = rows[shuffled[reached]]
    drawn = meta.iloc[order].reset_index(drop=True).assign(actor=meta["actor"].to_numpy())
    made_from = [face_set.fingerprint, "balanced drawing", rows.tolist(), groups[rows].tolist(), seed]
    fingerprint = hashlib.sha256(json.dumps(made_from).encode()).hexdigest()
    manifest = {**face_set.manifest, "fingerprint": fingerprint}
    return FaceSet(face_set.path, face_set.images[order], drawn, face_set.problems, manifest)
