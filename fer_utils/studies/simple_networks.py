"""A simple method that has learned, as one Keras model from pixels to label: so it can be written as a file and timed.

HOG, the standardisation and the classifier become layers with the numbers that were learned; nothing is learned here.
So a network and a simple method run in the same engine, and neither is timed in a slower language than the other.
"""

from __future__ import annotations

from itertools import combinations

import keras
from keras import layers, ops
import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from fer_utils.models.hog import hog, length
from fer_utils.studies.simple_methods import Learned, cell_of


class Hog(layers.Layer):
    """`fer_utils.models.hog.hog` as a layer: (batch, side, side, 1) pixels to (batch, length)."""

    def __init__(self, side: int, **options):
        super().__init__(**options)
        self.cell = cell_of(side)

    def call(self, images):
        return hog(images, cell=self.cell)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], length(tuple(input_shape[1:]), self.cell))


class Neighbours(layers.Layer):
    """Distances to the kept faces, (batch, kept), to the share of each label among the nearest ones."""

    def __init__(self, count: int, targets: np.ndarray, classes: int, **options):
        super().__init__(**options)
        self.count, self.classes = count, classes
        self.votes = np.eye(classes, dtype=np.float32)[targets]

    def call(self, distances):
        nearest = ops.top_k(-distances, self.count)[1]
        return ops.mean(ops.take(ops.convert_to_tensor(self.votes), nearest, axis=0), axis=1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.classes)


def network_of(learned: Learned, side: int) -> keras.Model:
    """The whole method on faces of ``side`` pixels: (batch, side, side, 1), 0 to 255, to shares that sum to 1.

    The shares are the ANN's softmax; of neighbours, their labels; of the SVM, which decides between two labels at a
    time, how many of these decisions each label has won.
    """
    inputs = keras.Input((side, side, 1), dtype="float32")
    described = Hog(side, name="hog")(inputs)
    if not isinstance(learned.classifier, Pipeline):
        ends = learned.classifier(layers.Reshape((described.shape[1], 1, 1))(described))
        return keras.Model(inputs, ends, name="hog_ann")
    scaler, last = learned.classifier[0], learned.classifier[-1]
    described = layers.Normalization(mean=scaler.mean_, variance=scaler.scale_**2, name="standardised")(described)
    if isinstance(last, KNeighborsClassifier):
        apart = _squared_distances(described, learned.described[learned.train], scaler)
        ends = Neighbours(last.n_neighbors, learned.targets[learned.train], len(learned.names), name="vote")(apart)
        return keras.Model(inputs, ends, name="hog_neighbours")
    apart = _squared_distances(described, None, scaler, last.support_vectors_)
    alike = layers.Lambda(lambda values: ops.exp(-float(last._gamma) * values), name="alike")(apart)
    return keras.Model(inputs, _decided(alike, last, len(learned.names)), name="hog_svm")


def _squared_distances(described, faces, scaler, kept=None):
    """From each description to each kept one: |x|^2 - 2 x.k + |k|^2, of which the last two are a dense layer."""
    kept = scaler.transform(faces) if kept is None else kept
    kept = np.asarray(kept, np.float64)
    dense = layers.Dense(len(kept), name="kept")
    product = dense(described)
    dense.set_weights([(-2 * kept).T.astype(np.float32), (kept**2).sum(axis=1).astype(np.float32)])
    length_ = layers.Lambda(lambda values: ops.sum(values * values, axis=-1, keepdims=True), name="length")(described)
    return layers.Add(name="apart")([product, length_])


def _decided(alike, last: SVC, classes: int):
    """The SVM's decisions between two labels, and of each label the share of decisions that it has won."""
    ends = np.cumsum(last.n_support_)
    of_label = [slice(end - count, end) for end, count in zip(ends, last.n_support_, strict=True)]
    pairs = list(combinations(range(len(last.classes_)), 2))
    weights = np.zeros((int(ends[-1]), len(pairs)), np.float32)
    won, lost = (np.zeros((len(pairs), classes), np.float32) for _ in range(2))
    for number, (one, other) in enumerate(pairs):
        weights[of_label[one], number] = last.dual_coef_[other - 1, of_label[one]]
        weights[of_label[other], number] = last.dual_coef_[one, of_label[other]]
        won[number, last.classes_[one]] = lost[number, last.classes_[other]] = 1
    between = layers.Dense(len(pairs), name="between_two")
    decisions = between(alike)
    between.set_weights([weights, last.intercept_.astype(np.float32)])
    first = layers.Lambda(lambda values: ops.cast(values > 0, "float32"), name="first_wins")(decisions)
    votes = layers.Dense(classes, name="votes")
    counted = votes(first)
    # Of equals the first label wins, in every engine: each stands a ten-thousandth of a vote before the next.
    votes.set_weights([won - lost, lost.sum(axis=0) + np.arange(classes, dtype=np.float32)[::-1] / 10_000])
    return layers.Rescaling(1 / len(pairs), name="shares")(counted)
