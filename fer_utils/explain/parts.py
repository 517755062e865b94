"""What heat maps are made of: a network in parts, the gradient of a label's score, checked pictures and labels."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import keras
import numpy as np

from fer_utils.core.errors import FerError, invalid


def check_functional(model) -> None:
    """FerError unless a model is a functional Keras model."""
    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None) or not getattr(model, "outputs", None):
        raise invalid(
            "model",
            expected="a functional Keras model",
            received=type(model).__name__,
            remedy="Build it by keras.Model(inputs, outputs); `occlusion` takes any function of pictures.",
        )


def scores_of(model) -> tuple:
    """What stands before the softmax of a model, and the function that makes scores of it."""
    last = model.layers[-1]
    if isinstance(last, keras.layers.Dense) and last.activation is keras.activations.softmax:
        return last.input, partial(_before_softmax, last)
    if isinstance(last, keras.layers.Softmax) or (
        isinstance(last, keras.layers.Activation) and last.activation is keras.activations.softmax
    ):
        return last.input, _as_it_is
    return model.outputs[0], _as_it_is


def cut(model, name: str | None):
    """A model cut at a layer, as three functions.

    Pictures to the layer's features, features to what stands before the scores, and that to the scores.
    """
    check_functional(model)
    maps = {
        one.name: one
        for one in model.layers
        if not isinstance(one, keras.layers.InputLayer) and len(getattr(one.output, "shape", ())) == 4
    }
    if not maps or (name is not None and name not in maps):
        raise invalid(
            "layer",
            expected="None or a layer whose output is 4-D"
            + (f": {', '.join(maps)}" if maps else "; this model has none"),
            received=name,
        )
    chosen = maps[name or list(maps)[-1]]
    before, score = scores_of(model)
    try:
        return keras.Model(model.inputs[0], chosen.output), keras.Model(chosen.output, before), score
    except (ValueError, KeyError) as error:
        raise invalid(
            "layer",
            expected="a layer through which everything passes",
            received=chosen.name,
            remedy=f"The rest of the model cannot be told from it alone ({type(error).__name__}). Name a later layer.",
        ) from None


def _as_it_is(given):
    return given


def _before_softmax(layer: keras.layers.Dense, given):
    """What a dense layer with softmax computes before the softmax."""
    scores = keras.ops.matmul(given, layer.kernel)
    return scores + layer.bias if layer.use_bias else scores


def score_gradient(score: Callable, features, chosen: np.ndarray) -> np.ndarray:
    """d score[chosen] / d features, for each picture of a batch, in whatever backend Keras runs on."""

    def picked(given):
        scores = score(given)
        return keras.ops.sum(
            scores * keras.ops.convert_to_tensor(np.eye(int(scores.shape[-1]), dtype=np.float32)[chosen])
        )

    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(features)
            value = picked(features)
        return as_array(tape.gradient(value, features))
    if backend == "jax":
        import jax

        return as_array(jax.grad(picked)(features))
    if backend == "torch":
        import torch

        given = features.detach().clone().requires_grad_(True)
        return as_array(torch.autograd.grad(picked(given), given)[0])
    raise FerError(
        f"Maps by gradients need them, and there are none under Keras' backend {backend!r}. Set KERAS_BACKEND to "
        "tensorflow, jax or torch before Keras is imported; `occlusion` needs none."
    )


def as_array(tensor) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(tensor), np.float32)


def checked_images(images) -> np.ndarray:
    images = np.asarray(images)
    images = images[..., None] if images.ndim == 3 else images
    if images.ndim != 4 or not len(images) or images.dtype.kind not in "buif":
        raise invalid(
            "images",
            expected="at least one picture, numbers of shape (N, H, W) or (N, H, W, C)",
            received=f"{images.dtype} of shape {images.shape}",
        )
    return images


def checked_labels(labels, count: int, classes: int) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.shape != (count,) or labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= classes:
        raise invalid(
            "labels",
            expected=f"None, or a class index from 0 to {classes - 1} for each of the {count} pictures",
            received=labels,
        )
    return labels.astype(np.int64)
