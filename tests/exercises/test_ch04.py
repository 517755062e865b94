"""Chapter 4's graders beside Keras and scikit-learn, and answers to 04-3, 04-4 and 04-5, right or plausibly wrong."""

from __future__ import annotations

import graded
import keras
import numpy as np
from sklearn.metrics import f1_score
import tensorflow as tf

from fer_utils import exercises
from fer_utils.exercises import ch04_macro_f1

# --- 04-3 -----------------------------------------------------------------------------------


def softmax(logits):
    powers = np.exp(logits)
    return powers / powers.sum(axis=1, keepdims=True)


def of_right(scores, labels):
    return scores[np.arange(len(labels)), labels]


def loss(logits, labels, *, fold=np.mean, shift=lambda z: z.max(axis=1, keepdims=True), log=np.log, sign=-1):
    """An answer to 04-3."""
    shifted = logits - shift(logits)
    each = of_right(shifted, labels) / (1 if log is np.log else np.log(2)) - log(np.exp(shifted).sum(axis=1))
    return fold(sign * each)


def by_keras(logits, labels):
    return keras.losses.sparse_categorical_crossentropy(labels, tf.constant(logits), from_logits=True).numpy().mean()


def by_logaddexp(logits, labels):
    return sum(np.logaddexp.reduce(row) - row[label] for row, label in zip(logits, labels, strict=True)) / len(labels)


def by_keras_from_scores(logits, labels):
    """Keras keeps scores away from 0 and 1, by 1e-7."""
    scores = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (
        keras.losses.sparse_categorical_crossentropy(labels, scores / scores.sum(axis=1, keepdims=True)).numpy().mean()
    )


def by_the_columns(logits, labels):
    shifted = logits - logits.max(axis=0)
    return np.mean(np.log(np.exp(shifted).sum(axis=1)) - of_right(shifted, labels))


def in_place(logits, labels):
    logits -= logits.max(axis=1, keepdims=True)
    return loss(logits, labels)


# --- 04-4 -----------------------------------------------------------------------------------


def step(network, optimizer, inputs, labels, *, training=True, fold=tf.reduce_mean, sign=-1, apply=True, again=False):
    """An answer to 04-4."""
    with tf.GradientTape() as tape:
        scores = network(inputs, training=training)
        value = fold(sign * tf.math.log(tf.gather(scores, labels, axis=1, batch_dims=1)))
    gradients = tape.gradient(value, network.trainable_variables)
    if apply:
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
    if again:
        network(inputs, training=True)
    return float(value)


def step_by_fit(network, optimizer, inputs, labels):
    """Keras' own step; the network keeps its optimizer."""
    if getattr(network, "optimizer", None) is not optimizer:
        network.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")
    return network.train_on_batch(inputs, labels)


def step_by_keras_loss(network, optimizer, inputs, labels):
    with tf.GradientTape() as tape:
        value = keras.losses.SparseCategoricalCrossentropy()(labels, network(inputs, training=True))
    optimizer.apply(tape.gradient(value, network.trainable_weights), network.trainable_weights)
    return value


def step_with_two_softmaxes(network, optimizer, inputs, labels):
    with tf.GradientTape() as tape:
        twice = tf.nn.log_softmax(network(inputs, training=True))
        value = -tf.reduce_mean(tf.gather(twice, labels, axis=1, batch_dims=1))
    optimizer.apply(tape.gradient(value, network.trainable_variables), network.trainable_variables)
    return float(value)


def step_with_fresh_adam(network, optimizer, inputs, labels):
    return step(network, type(optimizer)(float(optimizer.learning_rate)), inputs, labels)


def step_by_hand(network, optimizer, inputs, labels):
    """What SGD does, whatever optimizer is given."""
    with tf.GradientTape() as tape:
        scores = network(inputs, training=True)
        value = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(labels, scores))
    for variable, gradient in zip(
        network.trainable_variables, tape.gradient(value, network.trainable_variables), strict=True
    ):
        variable.assign_sub(float(optimizer.learning_rate) * gradient)
    return float(value)


def step_by_numpy(network, optimizer, inputs, labels):
    """The loss leaves the tape."""
    with tf.GradientTape() as tape:
        scores = network(inputs, training=True).numpy()
        value = tf.constant(-np.log(of_right(scores, labels)).mean())
    optimizer.apply(tape.gradient(value, network.trainable_variables), network.trainable_variables)
    return float(value)


def step_and_loss_after(network, optimizer, inputs, labels):
    step(network, optimizer, inputs, labels)
    now = [w.numpy() for w in network.non_trainable_variables]
    after = float(tf.reduce_mean(-tf.math.log(tf.gather(network(inputs, training=True), labels, axis=1, batch_dims=1))))
    for variable, value in zip(network.non_trainable_variables, now, strict=True):
        variable.assign(value)
    return after


# --- 04-5 -----------------------------------------------------------------------------------


def f1(true, predicted, classes, *, which=None, undefined=0.0):
    """An answer to 04-5."""
    values = []
    for label in range(classes) if which is None else which(true, predicted):
        hits = np.sum((true == label) & (predicted == label))
        together = np.sum(true == label) + np.sum(predicted == label)
        values.append(2 * hits / together if together else undefined)
    return np.mean(values)


def f1_each(true, predicted, classes):
    return [f1(true, predicted, classes, which=lambda t, p, label=label: [label]) for label in range(classes)]


def by_confusion(true, predicted, classes):
    table = np.zeros((classes, classes))
    np.add.at(table, (true, predicted), 1)
    return (2 * np.diag(table) / np.maximum(table.sum(axis=0) + table.sum(axis=1), 1)).mean()


def by_sklearn(true, predicted, classes, average="macro"):
    return f1_score(true, predicted, labels=range(classes), average=average, zero_division=0)


def f1_of_means(true, predicted, classes):
    precision, recall, _ = (values.mean() for values in ch04_macro_f1._f1_scores(true, predicted, classes))
    return 2 * precision * recall / (precision + recall)


def f1_with_nan(true, predicted, classes):
    with np.errstate(all="ignore"):
        hits = np.array([np.sum((true == c) & (predicted == c)) for c in range(classes)])
        precision = hits / np.bincount(predicted, minlength=classes)
        recall = hits / np.bincount(true, minlength=classes)
        return (2 * precision * recall / (precision + recall)).mean()


WRONG = [
    ("04-3", lambda z, y: -np.log(of_right(softmax(z), y)).mean(), "Subtract each row's largest"),
    ("04-3", lambda z, y: loss(z, y, shift=np.max), "Subtract"),
    ("04-3", lambda z, y: -np.log(np.clip(of_right(softmax(np.clip(z, -700, 700)), y), 1e-7, 1)).mean(), "cut off"),
    ("04-3", lambda z, y: loss(z, y, fold=np.sum), "sum over the faces"),
    ("04-3", lambda z, y: loss(z, y, fold=np.asarray), "one number"),
    ("04-3", lambda z, y: loss(z, y, sign=1), "sign is wrong"),
    ("04-3", lambda z, y: loss(z, y, log=np.log2), "base 2"),
    ("04-3", lambda z, y: of_right(softmax(z), y).mean(), "mean score"),
    ("04-3", lambda z, y: -np.log(of_right(softmax(z), y).mean()), "logarithm of each face first"),
    ("04-3", lambda z, y: -np.log(softmax(z)).sum(axis=1).mean(), "all scores were summed"),
    ("04-3", lambda z, y: -np.log(of_right(softmax(z.T).T, y)).mean(), "over the faces"),
    ("04-3", lambda z, y: -np.log(softmax(z))[np.arange(len(y)), y].sum() / z.size, "faces and labels"),
    ("04-3", lambda z, y: loss(z, y, fold=lambda each: each.sum() / z.shape[1]), "divided by the number of labels"),
    ("04-3", lambda z, y: -np.log(softmax(z)[:, y]).mean(), "is a table"),
    ("04-3", lambda z, y: -(softmax(z) * np.log(softmax(z))).sum(axis=1).mean(), "entropy of the scores"),
    ("04-3", lambda z, y: loss(z, z.argmax(axis=1)), "network's own answer"),
    ("04-3", lambda z, y: loss(z, y - 1), "counted from 1"),
    ("04-3", lambda z, y: -of_right(z, y).mean(), "logarithm of the sum is missing"),
    ("04-3", lambda z, y: np.log(np.exp(z).sum(axis=1)).mean(), "logarithm of the sum alone"),
    ("04-3", lambda z, y: loss(softmax(z), y), "applied twice"),
    ("04-3", by_the_columns, "each *column*"),
    ("04-3", lambda z, y: np.exp(loss(z, y)), "exponential"),
    ("04-3", lambda z, y: loss(z, y, fold=np.median), "median"),
    ("04-3", lambda z, y: loss(z, y, fold=np.max), "the largest of the faces' losses"),
    ("04-3", by_keras_from_scores, "cut off"),
    ("04-3", lambda z, y: loss(z, y, shift=lambda z: z.max(axis=1)), "logits = ndarray of shape (6, 4)"),
    ("04-3", in_place, "changed the logits"),
    ("04-3", lambda z: 0.0, "cross_entropy(logits, labels)"),
    ("04-3", lambda z, y: "2.08", "one number"),
    ("04-3", lambda z, y: 0.0, "should be"),
    ("04-4", lambda *a: step(*a, training=False), "training=True"),
    ("04-4", lambda *a: step(*a, sign=1), "goes up"),
    ("04-4", lambda *a: step(*a, fold=tf.reduce_sum), "take the mean"),
    ("04-4", lambda *a: 1.0, "no weight has changed"),
    ("04-4", lambda *a: step(*a, training=False, apply=False), "no weight has changed"),
    ("04-4", lambda *a: step(*a, again=True), "once a step"),
    ("04-4", step_with_two_softmaxes, "softmax outputs already"),
    ("04-4", lambda *a: (step(*a), step(*a))[0], "one step changes every weight once"),
    ("04-4", step_with_fresh_adam, "remembers"),
    ("04-4", step_by_hand, "With SGD the step was right"),
    ("04-4", step_by_numpy, "has no gradient"),
    ("04-4", step_and_loss_after, "before the step"),
    ("04-4", lambda *a: print(step(*a), end=""), "return the loss"),
    ("04-4", lambda n, o: 0, "train_step(network, optimizer, inputs, labels)"),
    ("04-5", lambda t, p, k: np.mean(t == p), "accuracy"),
    ("04-5", lambda t, p, k: by_sklearn(t, p, k, "micro"), "micro"),
    ("04-5", lambda t, p, k: by_sklearn(t, p, k, "weighted"), "weighted"),
    ("04-5", f1_of_means, "F1 of each label first"),
    ("04-5", lambda t, p, k: ch04_macro_f1._f1_scores(t, p, k)[1].mean(), "precision is missing"),
    ("04-5", lambda t, p, k: ch04_macro_f1._f1_scores(t, p, k)[0].mean(), "recall is missing"),
    ("04-5", lambda t, p, k: np.mean(ch04_macro_f1._f1_scores(t, p, k)[:2]), "harmonic"),
    ("04-5", lambda t, p, k: f1(t, p, k, which=lambda t, p: np.unique(p)), "never predicted"),
    ("04-5", lambda t, p, k: f1(t, p, k, which=lambda t, p: np.union1d(t, p)), "divide by `classes`"),
    ("04-5", f1_with_nan, "divides 0 by 0"),
    ("04-5", lambda t, p, k: f1(t, p, k, which=lambda t, p: range(1, k + 1)), "Label 0"),
    ("04-5", lambda t, p, k: f1(t, p, k, which=lambda t, p: range(1, k)), "Label 0"),
    ("04-5", lambda t, p, k: f1(t, p, k - 1), "The last label"),
    ("04-5", lambda t, p, k: f1(t, p, k, undefined=1.0), "seems to count as 1"),
    ("04-5", lambda t, p, k: np.mean([f / (2 - f) for f in f1_each(t, p, k)]), "TP / (TP + FP + FN)"),
    ("04-5", lambda t, p, k: f1(t, p, k) / 2, "half of it"),
    ("04-5", lambda t, p, k: sum(f1_each(t, p, k)), "That is a sum"),
    ("04-5", lambda t, p, k: sum(f1_each(t, p, k)) / len(t), "number of faces"),
    ("04-5", lambda t, p, k: np.median(f1_each(t, p, k)), "median"),
    ("04-5", lambda t, p, k: 100 * f1(t, p, k), "per cent"),
    ("04-5", lambda t, p, k: f1_score(t, p, average=None), "one number"),
    ("04-5", lambda t, p: 0.0, "macro_f1(true, predicted, classes)"),
]


test_wrong_answers_fail_with_a_reason = graded.wrong_answers_fail_with_a_reason(WRONG)


RIGHT = [
    ("04-3", loss),
    ("04-3", by_keras),
    ("04-3", by_logaddexp),
    ("04-4", step),
    ("04-4", step_by_fit),
    ("04-4", step_by_keras_loss),
    ("04-5", f1),
    ("04-5", by_confusion),
    ("04-5", by_sklearn),
]


test_right_answers_written_differently_pass = graded.right_answers_pass(RIGHT)


def test_the_quiz_counts_steps():
    assert -(-1000 // 32) * 10 == 320
    assert [exercises.quiz("04-2", letter).passed for letter in "abcd"] == [False, False, True, False]
