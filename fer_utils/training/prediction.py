"""The answers of a trained network."""

from __future__ import annotations

import numpy as np

from fer_utils.training.data_loading import _fed, batches


def predict_probabilities(model, images, rows=None, *, batch_size: int = 64) -> np.ndarray:
    """Class probabilities (len(rows), classes) float32, streamed from disk batch by batch."""
    rows = np.arange(len(images)) if rows is None else np.asarray(rows)
    if not len(rows):
        return np.zeros((0, model.output_shape[-1]), np.float32)
    made = batches(images, np.zeros(len(images), int), rows, batch_size=batch_size)
    return np.asarray(model.predict(_fed(made, model), verbose=0))
