"""Nearest neighbours on HOG: what stood in the place of a network before deep learning.

Valverde and Lim 2022 name it as the early stage of the field.  It is a
``keras.Model`` so that it trains, predicts, evaluates and saves like the others.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops
import numpy as np
from tqdm import tqdm

from fer_utils.core.errors import FerError, invalid, whole_number
from fer_utils.models.hog import hog, length

# Votes are ranked by a thousandth, so that a tie goes to the nearer neighbours.
_NEARER = 1e-3


@keras.saving.register_keras_serializable(package="fer_utils")
class NearestNeighbours(keras.Model):
    """k nearest neighbours of an image's HOG descriptor among those that ``fit`` has seen.

    Not trained by gradients: ``fit`` stores the descriptors and the labels as
    non-trainable variables, so ``count_params()`` grows with the training set.
    ``one_pass`` says that there is nothing to gain from a second epoch.
    """

    one_pass = True

    def __init__(
        self,
        *,
        classes: int,
        input_shape: tuple[int, int, int],
        k: int = 5,
        cell: int = 20,
        bins: int = 9,
        name: str = "knn",
        **kwargs: Any,
    ):
        # Always in single precision: halves would confuse near neighbours.
        super().__init__(name=name, **{**kwargs, "dtype": "float32"})
        self.classes, self.image_shape = classes, tuple(input_shape)
        self.k, self.cell, self.bins = k, cell, bins
        self.descriptors = self.labels = None
        self.build((None, *self.image_shape))

    def build(self, input_shape):
        """Nothing to make: the variables come with ``fit``."""

    @property
    def input_shape(self) -> tuple:
        """(None, height, width, channels)."""
        return (None, *self.image_shape)

    @property
    def output_shape(self) -> tuple:
        """(None, classes)."""
        return (None, self.classes)

    @property
    def references(self) -> int:
        """How many images ``fit`` has stored."""
        return 0 if self.descriptors is None else int(self.descriptors.shape[0])

    @property
    def multiply_accumulates(self) -> int:
        """Of the distances of one image to every reference; HOG itself, mostly additions, is not counted."""
        return self.references * length(self.image_shape, self.cell, self.bins)

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "classes": self.classes,
            "input_shape": list(self.image_shape),
            "k": self.k,
            "cell": self.cell,
            "bins": self.bins,
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> NearestNeighbours:
        return cls(**config)

    def save_own_variables(self, store) -> None:
        if self.references:
            store["descriptors"] = ops.convert_to_numpy(self.descriptors)
            store["labels"] = ops.convert_to_numpy(self.labels)

    def load_own_variables(self, store) -> None:
        if "descriptors" in store.keys():
            self._remember(np.asarray(store["descriptors"]), np.asarray(store["labels"]))

    def _remember(self, descriptors: np.ndarray, labels: np.ndarray) -> None:
        """Make the variables anew, for another training set has another length."""
        self._tracker.unlock()  # as Keras' own layers do when they add variables after build
        for name in ("descriptors", "labels"):
            if getattr(self, name) is not None:
                delattr(self, name)
        self.descriptors = self.add_weight(
            name="descriptors", shape=descriptors.shape, dtype="float32", trainable=False, initializer="zeros"
        )
        self.labels = self.add_weight(
            name="labels", shape=labels.shape, dtype="int32", trainable=False, initializer="zeros"
        )
        self._tracker.lock()
        self.descriptors.assign(descriptors)
        self.labels.assign(labels)
        # Compiled steps hold on to the old variables.
        self.train_function = self.test_function = self.predict_function = None

    def call(self, images, training=False):
        """Votes of the ``k`` nearest references as probabilities, (batch, classes)."""
        if self.descriptors is None:
            raise FerError("`knn` has no references yet. Remedy: call fit(images, labels) first.")
        return self._votes(hog(images, cell=self.cell, bins=self.bins), self.k)

    def _votes(self, queries, k: int, *, leave: int = 0):
        """Votes of the k nearest references after leaving out the nearest ``leave``."""
        references = ops.convert_to_tensor(self.descriptors)
        squares = ops.sum(references * references, axis=-1)
        # |q - r|^2 without |q|^2, which is the same for every reference.
        nearness = 2.0 * ops.matmul(queries, ops.transpose(references)) - squares
        _, order = ops.top_k(nearness, k + leave)
        labels = ops.take(ops.convert_to_tensor(self.labels), order[:, leave:], axis=0)
        weights = 1.0 + _NEARER * np.arange(k - 1, -1, -1, dtype="float32") / k
        weights = (weights / weights.sum()).astype("float32")
        return ops.sum(ops.one_hot(labels, self.classes, dtype="float32") * weights[None, :, None], axis=1)

    def fit(
        self,
        x=None,
        y=None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose="auto",
        callbacks=None,
        validation_data=None,
        shuffle: bool = True,
        initial_epoch: int = 0,
    ) -> keras.callbacks.History:
        """Store the training set's descriptors; earlier references are forgotten.

        Parameters
        ----------
        x : images (N, height, width, channels), pixels 0..255; or a
            ``keras.utils.PyDataset``, or any iterable, of (images, labels) batches.
        y : labels (N,) in 0..classes-1, or one-hot (N, classes); None with batches.
        batch_size : images described at a time, 32 if None.
        epochs, shuffle, initial_epoch : taken so that every model is trained by the
            same call; one pass is all there is, and its order does not matter.
        verbose : 0 for no progress bar.
        callbacks, validation_data : as in ``keras.Model.fit``.

        Returns
        -------
        keras History of one epoch: ``accuracy`` and ``loss`` on the training set
        with each image's nearest reference, itself, left out; ``val_...`` if
        there is validation data.

        Raises
        ------
        FerError for more neighbours than references, labels out of range, or
        images of another shape.
        """
        size = whole_number("batch_size", 32 if batch_size is None else batch_size, 1)
        batches, count = self._batches(x, y, size)
        calls = keras.callbacks.CallbackList(callbacks, add_history=True, model=self, epochs=1, steps=count, verbose=0)
        calls.on_train_begin()
        calls.on_epoch_begin(0)
        descriptors, labels = self._describe(batches, count, calls, show=verbose not in (0, "0"))
        if len(labels) < self.k:
            raise invalid(
                "k",
                expected=f"at most as many neighbours as the {len(labels)} training images",
                received=self.k,
            )
        self._remember(descriptors, labels)
        logs = self._self_check(descriptors, labels, size)
        if validation_data is not None:
            pair = validation_data if isinstance(validation_data, (tuple, list)) else (validation_data, None)
            found = self.evaluate(
                *pair[:2], batch_size=size if pair[1] is not None else None, verbose=0, return_dict=True
            )
            logs |= {f"val_{key}": float(value) for key, value in found.items()}
        calls.on_epoch_end(0, logs)
        calls.on_train_end(logs)
        return self.history

    def _batches(self, x, y, size: int):
        """Pairs of images and labels, and how many there will be (None if unknown)."""
        if y is not None:
            if len(x) != len(y):
                raise invalid("y", expected=f"one label for each of the {len(x)} images", received=np.shape(y))
            starts = range(0, len(x), size)
            return ((x[i : i + size], y[i : i + size]) for i in starts), len(starts)
        if isinstance(x, keras.utils.PyDataset):
            return (x[i] for i in range(x.num_batches)), x.num_batches
        if hasattr(x, "__iter__") and not hasattr(x, "shape"):
            return x, None
        raise invalid("y", expected="the labels, for `x` is an array", received=y)

    def _describe(self, batches, count: int | None, calls, *, show: bool) -> tuple[np.ndarray, np.ndarray]:
        """Descriptors (N, length) and labels (N,) of all batches."""
        described, labels = [], []
        bar = tqdm(batches, total=count, desc="describing", unit="batch", delay=2, disable=not show)
        for number, batch in enumerate(bar):
            calls.on_train_batch_begin(number)
            images, answers = batch[:2]
            if tuple(images.shape[1:]) != self.image_shape:
                raise invalid("x", expected=f"images of shape {self.image_shape}", received=tuple(images.shape))
            described.append(ops.convert_to_numpy(hog(images, cell=self.cell, bins=self.bins)))
            labels.append(self._integers(answers))
            calls.on_train_batch_end(number)
        if not labels:
            raise invalid("x", expected="at least one image", received="none")
        return np.concatenate(described), np.concatenate(labels)

    def _integers(self, answers) -> np.ndarray:
        answers = ops.convert_to_numpy(answers)
        if answers.ndim == 2 and answers.shape[1] == self.classes:
            answers = answers.argmax(axis=1)
        answers = answers.reshape(-1)
        if answers.size and (answers.min() < 0 or answers.max() >= self.classes):
            raise invalid(
                "y",
                expected=f"labels from 0 to {self.classes - 1}",
                received=f"{answers.min()} to {answers.max()}",
            )
        return answers.astype("int32")

    def _self_check(self, descriptors: np.ndarray, labels: np.ndarray, size: int) -> dict[str, float]:
        """Accuracy and cross-entropy on the training set, each image's nearest (itself) left out."""
        k = min(self.k, len(labels) - 1)
        if k < 1:
            return {"accuracy": 1.0, "loss": 0.0}  # one image and nothing to compare it with
        found = np.concatenate(
            [
                ops.convert_to_numpy(self._votes(descriptors[i : i + size], k, leave=1))
                for i in range(0, len(labels), size)
            ]
        )
        right = np.clip(found[np.arange(len(labels)), labels], keras.config.epsilon(), 1.0)
        return {"accuracy": float((found.argmax(axis=1) == labels).mean()), "loss": float(-np.log(right).mean())}


def build(
    *,
    classes: int,
    input_shape: tuple[int, int, int] = (180, 180, 1),
    k: int = 5,
    cell: int = 20,
    bins: int = 9,
) -> NearestNeighbours:
    """k nearest neighbours on HOG.

    No parameters before ``fit``; after it, 2,304 numbers and a label for each
    training image at (180, 180, 1), and 2,304 multiply-accumulates for each in
    every prediction.  Comes compiled with cross-entropy and accuracy.

    Parameters
    ----------
    classes, input_shape : as in ``fer_utils.models.build``; sides of two cells or more.
    k : neighbours that vote.
    cell : side of a HOG cell in pixels.
    bins : orientations of a HOG cell.
    """
    k, cell, bins = whole_number("k", k, 1), whole_number("cell", cell, 1), whole_number("bins", bins, 2)
    if not length(input_shape, cell, bins):
        raise invalid(
            "input_shape",
            expected=f"height and width of two cells ({2 * cell} pixels) or more for knn",
            received=input_shape,
            remedy="Choose a smaller `cell`.",
        )
    model = NearestNeighbours(classes=classes, input_shape=input_shape, k=k, cell=cell, bins=bins)
    model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
