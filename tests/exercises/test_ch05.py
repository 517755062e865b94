"""Chapter 5's graders: answers to 05-3 and 05-4 that are right or plausibly wrong; 05-1 is in test_exercises.py."""

from __future__ import annotations

import keras
from keras import layers
import numpy as np
import pytest

from fer_utils import exercises


def drop(x, rate, noise, training):
    """An answer to 05-3."""
    return np.where(noise < rate, 0, x / (1 - rate)) if training else x


def drop_in_loops(x, rate, noise, training):
    made = np.array(x, float)
    for place in np.ndindex(made.shape):
        if training:
            made[place] = 0 if noise[place] < rate else made[place] / (1 - rate)
    return made.tolist()


def drop_by_mask(x, rate, noise, training):
    mask = (noise >= rate).astype(float) / (1.0 - rate)
    return x * (mask if training else 1)


def drop_in_place(x, rate, noise, training):
    if training:
        x[noise < rate] = 0
        x /= 1 - rate
    return x


def augmentation(shift, flip="horizontal", fill="nearest", after=()):
    """An answer to 05-4; no shift where it is None."""
    moved = [] if shift is None else [layers.RandomTranslation(shift, shift, fill_mode=fill)]
    mirrored = [layers.RandomFlip(flip)] if flip else []
    return keras.Sequential([*mirrored, *moved, *after])


def functional(shift):
    inputs = keras.Input((None, None, 1))
    x = layers.RandomTranslation(shift, (-shift, shift), fill_mode="nearest")(inputs)
    return keras.Model(inputs, layers.RandomFlip("horizontal")(x))


def with_more(shift):
    return augmentation(shift, after=[layers.RandomRotation(0.03, fill_mode="nearest"), layers.RandomBrightness(0.1)])


def grey_where_empty(shift):
    moves = layers.RandomTranslation(shift, shift, fill_mode="constant", fill_value=128.0)
    return keras.Sequential([layers.RandomFlip("horizontal"), moves])


class Always(layers.Layer):
    """Mirrors every picture, in predictions, too."""

    def call(self, x):
        return x[:, :, ::-1]


class AlwaysInTraining(layers.Layer):
    """Mirrors every picture during training."""

    def call(self, x, training=False):
        return x[:, :, ::-1] if training else x


class TooLight(layers.Layer):
    """Adds light beyond white."""

    def call(self, x, training=False):
        return x + 100.0 if training else x


class Sideways(layers.RandomTranslation):
    """Moves pictures left and right alone."""

    def __init__(self, shift):
        super().__init__(0.0, shift, fill_mode="nearest")


class ShiftsAllAlike(layers.Layer):
    """Moves all pictures by the same amount."""

    def call(self, x, training=False):
        return keras.ops.concatenate([x[:, :, :2], x[:, :, :-2]], axis=2) if training else x


WRONG = [
    ("05-3", lambda x, rate, noise, training: np.where(noise < rate, 0, x) if training else x, "sum is too small"),
    ("05-3", lambda x, r, n, training: np.where(n < r, 0, x * (1 - r)) if training else x, "larger, not smaller"),
    ("05-3", lambda x, r, n, training: np.where(n < r, 0, x / max(r, 1e-9)) if training else x, "division by `rate`"),
    ("05-3", lambda x, r, n, training: np.where(n < r, 0, x * (1 + r)) if training else x, "divide by 1 - rate"),
    ("05-3", lambda x, r, n, training: np.where(n < r, x / (1 - r), 0) if training else x, "it should be dropped"),
    ("05-3", lambda x, r, n, training: drop(x, r, n, True), "nothing is dropped"),
    ("05-3", lambda x, r, n, training: drop(x, r, n, True) if training else x * (1 - r), "nothing is scaled"),
    ("05-3", lambda x, r, n, training: x / (1 - r) if training else x, "nothing was dropped"),
    ("05-3", lambda x, r, n, training: x, "Nothing was dropped"),
    ("05-3", lambda x, r, n, training: np.where(n <= r, 0, x / (1 - r)) if training else x, "is not below it"),
    ("05-3", lambda x, r, n, training: np.where(n > r, 0, x / (1 - r)) if training else x, "*above* rate"),
    (
        "05-3",
        lambda x, r, n, training: np.where(n < 1 - r, 0, x / (1 - r)) if training else x,
        "compared with 1 - rate",
    ),
    ("05-3", lambda x, r, n, training: np.where(n < 1 - r, x / (1 - r), 0) if training else x, "below 1 - rate"),
    ("05-3", lambda x, r, n, training: np.where(n < r, 0, x * r) if training else x, "multiplication by `rate`"),
    ("05-3", lambda x, r, n, training: np.where(x < r, 0, x / (1 - r)) if training else x, "compare the noise"),
    ("05-3", lambda x, r, n, training: x * n if training else x, "multiplied by the noise"),
    ("05-3", lambda x, r, n, training: x * (n >= r) / (n >= r).mean() if training else x, "happened to stay"),
    ("05-3", lambda x, r, n, training: drop(x, r, n, training).astype(int), "Fractions"),
    ("05-3", lambda x, r, n, training: np.asarray(layers.Dropout(r)(x, training=training)), "those of `noise`"),
    ("05-3", lambda x, r, n, training: drop(x, r, n, True) if training else x * r, "as it is"),
    ("05-3", lambda x, r, n, training: x[n >= r] / (1 - r) if training else x, "stays in its place"),
    ("05-3", lambda x, r, n, training: (drop(x, r, n, training), n < r), "array alone"),
    ("05-3", drop_in_place, "changed the array"),
    ("05-3", lambda x, r, n, training: drop(x, r, n, training).sum(), "shape"),
    ("05-3", lambda x, r, n, training: print(end=""), "array of numbers; got NoneType"),
    ("05-3", lambda x, rate: x, "drop(x, rate, noise, training)"),
    ("05-4", lambda shift: augmentation(shift, "horizontal_and_vertical"), "upside down"),
    ("05-4", lambda shift: augmentation(shift, "vertical"), "upside down"),
    ("05-4", lambda shift: augmentation(shift, after=[layers.RandomRotation(0.5)]), "upside down"),
    ("05-4", lambda shift: augmentation(shift, None), "was mirrored"),
    ("05-4", lambda shift: augmentation(None), "not shifted"),
    ("05-4", lambda shift: augmentation(shift, None, after=[AlwaysInTraining()]), "128 of 128"),
    ("05-4", lambda shift: augmentation(None, after=[ShiftsAllAlike()]), "not shifted"),
    ("05-4", lambda shift: augmentation(None, after=[layers.RandomBrightness(0.1)]), "not shifted"),
    ("05-4", lambda shift: augmentation(shift, fill="constant"), "black borders"),
    ("05-4", lambda shift: augmentation(shift, after=[layers.Rescaling(1 / 255)]), "stay as they are"),
    ("05-4", lambda shift: augmentation(shift, after=[layers.CenterCrop(28, 28)]), "keep their shape"),
    ("05-4", lambda shift: keras.Sequential([Always()]), "training=False"),
    ("05-4", lambda shift: keras.Sequential([layers.Dropout(0.0)]), "no picture was changed"),
    ("05-4", lambda shift: augmentation(shift, after=[TooLight()]), "between 0 and 255"),
    ("05-4", lambda shift: [layers.RandomFlip("horizontal")], "got list"),
    ("05-4", lambda shift: augmentation(0.1), "with shift = 0.3"),
    ("05-4", lambda shift: augmentation(2 * shift), "by up to 0.3 of their side; yours"),
    ("05-4", lambda shift: augmentation(shift / 2), "by up to 0.3 of their side; yours"),
    ("05-4", lambda shift: augmentation(shift, after=[layers.RandomTranslation(shift, shift)]), "of their side; yours"),
    ("05-4", lambda shift: augmentation((0, shift)), "right alone"),
    ("05-4", lambda shift: augmentation((-shift, 0)), "left alone"),
    ("05-4", lambda shift: augmentation(shift, fill="wrap"), "comes in at the other"),
    (
        "05-4",
        lambda shift: keras.Sequential([layers.RandomFlip("horizontal"), Sideways(shift)]),
        "left and right alone",
    ),
    ("05-4", lambda: keras.Sequential(), "augmentation(shift)"),
    ("05-4", lambda x: x, "got float"),
]


@pytest.mark.parametrize("number, answer, word", WRONG, ids=[f"{n}-{i}" for i, (n, *_) in enumerate(WRONG)])
def test_wrong_answers_fail_with_a_reason(number, answer, word, without_copies):
    keras.utils.set_random_seed(1)
    made = exercises.check(number, answer)
    assert not made.passed and word in made.message, made.message


RIGHT = [
    ("05-3", drop),
    ("05-3", drop_in_loops),
    ("05-3", drop_by_mask),
    ("05-4", augmentation),
    ("05-4", functional),
    ("05-4", with_more),
    ("05-4", lambda shift: augmentation((-shift, shift), fill="reflect")),
    ("05-4", grey_where_empty),
]


@pytest.mark.parametrize("number, answer", RIGHT, ids=[f"{n}-{i}" for i, (n, _) in enumerate(RIGHT)])
@pytest.mark.parametrize("seed", range(3))
def test_right_answers_written_differently_pass(number, answer, seed, without_copies):
    keras.utils.set_random_seed(seed)
    made = exercises.check(number, answer)
    assert made.passed, made.message


def test_inverted_dropout_is_that_of_keras():
    x = np.random.default_rng(0).normal(2, 1, (50, 8)).astype("float32")
    made = np.asarray(layers.Dropout(0.4, seed=1)(x, training=True))
    noise = np.where(made == 0, 0.0, 1.0)  # whatever was below the rate
    assert np.allclose(drop(x, 0.4, noise, True), made)
