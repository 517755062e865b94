"""The answers of a trained network."""

from __future__ import annotations

import numpy as np

from fer_utils.core.stages import stage
from fer_utils.training.data_loading import Batches, without_waiting


@stage("training")
def predict_probabilities(model, images, rows=None, *, batch_size: int = 64) -> np.ndarray:
    """Class probabilities of some faces, streamed from disk batch by batch.

    Parameters
    ----------
    model : a Keras model with (batch, classes) probabilities.
    images : (N, H, W, C) uint8, memory-mapped or not.
    rows : row positions; None for all.
    batch_size : faces at a time.

    Returns
    -------
    (len(rows), classes) float32, 0 to 1.
    """
    rows = np.arange(len(images)) if rows is None else np.asarray(rows)
    if not len(rows):
        return np.zeros((0, model.output_shape[-1]), np.float32)
    batches = Batches(images, np.zeros(len(images), int), rows, batch_size=batch_size)
    return np.asarray(model.predict(without_waiting(batches, model), verbose=0))
