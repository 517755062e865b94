"""Keras constraints of the book's networks, registered so that saved models load."""

from __future__ import annotations

import keras


@keras.saving.register_keras_serializable("fer_utils")
class ZeroMean(keras.constraints.Constraint):
    """Keep each unit's weights, a column of the kernel (inputs, units), at mean 0."""

    def __call__(self, kernel):
        return kernel - keras.ops.mean(kernel, axis=0, keepdims=True)
