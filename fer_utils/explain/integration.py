"""Integrated gradients: how much each pixel adds to a label's score, from an empty picture to the face."""

from __future__ import annotations

import keras
import numpy as np

from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.scores import finite_scores
from fer_utils.core.stages import stage
from fer_utils.explain.parts import (
    as_array,
    check_functional,
    checked_images,
    checked_labels,
    score_gradient,
    scores_of,
)


@stage("explain")
def integrated_gradients(
    model, images, labels=None, *, baseline: float | None = None, steps: int = 32, batch_size: int = 16
) -> np.ndarray:
    """Integrated gradients of a Keras model (Sundararajan et al. 2017, arXiv 1703.01365).

    With x the picture, b an empty one, and y the label's score before the softmax,

        map = (x - b) * mean over t from 0 to 1 of dy/dx at b + t (x - b).

    The pixels of a map sum to y(x) - y(b): the score is divided among them, and nothing is lost or added.  That is a
    statement about the network.  It does not say that a person would find the label there.

    Parameters
    ----------
    model : a functional Keras model, (batch, H, W, C) to (batch, classes); TensorFlow, JAX or PyTorch backend.
    images : (N, H, W, C) or (N, H, W), in the pixels that the model takes.
    labels : (N,) class indices; None for what the model says.
    baseline : the grey level of the empty picture; None for the mean of each picture.
    steps : how many values of t, 1 or more; each is the middle of its part, so that few suffice.
    batch_size : pictures at a time.

    Returns
    -------
    (N, H, W) float32, summed over channels; below 0 where a pixel speaks against the label.

    Raises
    ------
    FerError : no functional model, labels or pictures that do not fit, scores that are NaN or infinite.
    """
    images = checked_images(images).astype(np.float32)
    check_functional(model)
    steps, batch_size = whole_number("steps", steps, 1), whole_number("batch_size", batch_size, 1)
    if baseline is not None and (
        isinstance(baseline, bool) or not isinstance(baseline, (int, float)) or not np.isfinite(baseline)
    ):
        raise invalid("baseline", expected="None or a grey level", received=baseline)
    wanted = None if labels is None else checked_labels(labels, len(images), model.output_shape[-1])
    before, score = scores_of(model)
    head = keras.Model(model.inputs[0], before)

    def scores(given):
        return score(head(given, training=False))

    made = np.zeros(images.shape[:3], np.float32)
    for first in range(0, len(images), batch_size):
        rows = slice(first, first + batch_size)
        part = images[rows]
        start = np.full_like(part, baseline) if baseline is not None else part.mean(axis=(1, 2), keepdims=True)
        said = finite_scores("model", as_array(scores(keras.ops.convert_to_tensor(part))), model.name)
        chosen = said.argmax(axis=1) if wanted is None else wanted[rows]
        total = np.zeros_like(part)
        for step in range(steps):
            between = start + (step + 0.5) / steps * (part - start)
            total += score_gradient(scores, keras.ops.convert_to_tensor(between.astype(np.float32)), chosen)
        made[rows] = (total / steps * (part - start)).sum(axis=3)
    return made
