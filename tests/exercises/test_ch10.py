"""Chapter 10's graders beside Keras, and answers to 10-3, 10-4 and 10-5 that are right or plausibly wrong."""

from __future__ import annotations

import json

import graded
import keras
from keras import layers
import numpy as np
import pytest

from fer_utils import exercises, models, studies
from fer_utils.exercises import ch10, ch10_convolutions
from fer_utils.reporting import designs


def separable(x, windows, mix, stride, *, weights=lambda one: one, after=lambda one: one, between=lambda one: one):
    """An answer to 10-3; the options are mistakes."""
    windows, k = weights(windows), len(windows)
    rows, columns = (range(0, side - k + 1, stride) for side in x.shape[:2])
    looked = np.array([[(x[i : i + k, j : j + k] * windows).sum(axis=(0, 1)) for j in columns] for i in rows])
    return after(between(looked) @ mix)


def by_keras(x, windows, mix, stride):
    layer = layers.SeparableConv2D(mix.shape[1], len(windows), strides=stride, use_bias=False)
    layer.build((None, *x.shape))
    layer.set_weights([windows[..., None], mix[None, None]])
    return np.asarray(layer(x[None]))[0]


def by_views(x, windows, mix, stride):
    k = len(windows)
    views = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(0, 1))[::stride, ::stride]
    return np.einsum("ijcuv,uvc,cd->ijd", views, windows, mix)


def padded(x, windows, mix, stride):
    around = len(windows) // 2
    return separable(np.pad(x, ((around, around), (around, around), (0, 0))), windows, mix, stride)


def in_place(x, windows, mix, stride):
    made = separable(x, windows, mix, stride)
    x += 1
    return made


def block(
    height,
    width,
    channels,
    filters,
    *,
    relu="relu",
    pool=layers.MaxPooling2D,
    stride=1,
    join=layers.Concatenate,
    order=(0, 1, 2, 3),
    reduced=True,
    wide=False,
    norm=False,
    bias=True,
    branches=4,
    chained=False,
    pooled_after=False,
):
    """An answer to 10-4; the options are mistakes."""

    def conv(x, side):
        x = layers.Conv2D(filters, side, padding="same", activation=relu, use_bias=bias)(x)
        return layers.BatchNormalization()(x) if norm else x

    x = keras.Input((height, width, channels))
    pooling = pool(3, strides=stride, padding="same")
    small = (lambda one: conv(one, 1)) if reduced else (lambda one: one)
    one = conv(x, 1)
    three = conv(small(layers.Concatenate()([x, one]) if chained else x), 3)
    five = conv(small(x), 5) if wide else conv(conv(small(x), 3), 3)
    made = [one, three, five, pooling(conv(x, 1)) if pooled_after else conv(pooling(x), 1)]
    if stride > 1:
        made[3] = layers.UpSampling2D(stride)(made[3])
        made = [layers.Resizing(height, width)(part) for part in made]
    return keras.Model(x, join()([made[place] for place in order[:branches]]))


def block_made_from_the_end(height, width, channels, filters):
    """The same block, its layers made in another order, its activations as layers of their own."""
    x = keras.Input((height, width, channels), name="map")
    last = layers.ReLU()(layers.Conv2D(filters, 1)(layers.MaxPool2D((3, 3), (1, 1), "same")(x)))
    a, b, c = (layers.Activation("relu")(layers.Conv2D(filters, (1, 1))(x)) for _ in range(3))
    b, c = (keras.ops.relu(layers.Conv2D(filters, 3, padding="SAME")(one)) for one in (b, c))
    c = layers.ReLU()(layers.Conv2D(filters, 3, padding="same")(c))
    return keras.Model(x, keras.ops.concatenate([a, b, c, last], axis=-1))


def block_with_reused_names(height, width, channels, filters):
    """Written with functions that return functions."""

    def conv(side):
        return lambda x: layers.Conv2D(filters, side, padding="same", activation="relu")(x)

    x = keras.Input((height, width, channels))
    ways = [(conv(1),), (conv(1), conv(3)), (conv(1), conv(3), conv(3))]
    ways.append((layers.MaxPooling2D(3, 1, "same"), conv(1)))
    ends = []
    for way in ways:
        y = x
        for step in way:
            y = step(y)
        ends.append(y)
    return keras.Model(x, layers.concatenate(ends))


WRONG = [
    ("10-3", padded, "were padded"),
    ("10-3", lambda x, w, m, s: separable(x, w, m, 1), "moved by 1"),
    ("10-3", lambda x, w, m, s: separable(x, w, m, s)[::s, ::s], "applied twice"),
    ("10-3", lambda *a: separable(*a, weights=lambda w: w[::-1, ::-1]), "180 degrees"),
    ("10-3", lambda *a: separable(*a, weights=lambda w: w.transpose(1, 0, 2)), "changed places"),
    ("10-3", lambda *a: separable(*a, after=lambda y: np.maximum(y, 0)), "ReLU at the end"),
    ("10-3", lambda *a: separable(*a, between=lambda y: np.maximum(y, 0)), "ReLU between"),
    ("10-3", lambda x, w, m, s: separable(x, w, np.eye(len(m)), s), "second step is missing"),
    ("10-3", lambda *a: separable(*a, weights=lambda w: w[:, :, :1] + 0 * w), "all have the first"),
    ("10-3", lambda *a: separable(*a, weights=lambda w: w.sum(axis=2, keepdims=True) + 0 * w), "added up"),
    ("10-3", lambda *a: separable(*a).transpose(2, 0, 1), "should have the shape"),
    ("10-3", in_place, "changed an array"),
    ("10-3", lambda x, w, m: x, "separable(x, windows, mix, stride)"),
    ("10-3", lambda *a: print(end=""), "array of numbers; got NoneType"),
    ("10-4", lambda *a: block(*a, relu=None), "No convolution has a ReLU"),
    ("10-4", lambda *a: ch10_convolutions._inception(*a, first=False), "reduce the channels have no ReLU"),
    ("10-4", lambda *a: block(*a, relu="tanh"), "Look at the activations"),
    ("10-4", lambda *a: block(*a, pool=layers.AveragePooling2D), "takes means"),
    ("10-4", lambda *a: block(*a, pooled_after=True), "the pool comes first"),
    ("10-4", lambda *a: block(*a, order=(0, 2, 1, 3)), "another order"),
    ("10-4", lambda *a: block(*a, join=layers.Add), "keeps the number of channels"),
    ("10-4", lambda *a: block(*a, reduced=False), "first reduce the channels"),
    ("10-4", lambda *a: block(*a, wide=True), "stand for the one of 5 x 5"),
    ("10-4", lambda *a: block(*a, chained=True), "side by side"),
    ("10-4", lambda *a: block(*a, branches=3), "should have these convolutions"),
    ("10-4", lambda *a: block(*a, bias=False), "biases"),
    ("10-4", lambda *a: block(*a, norm=True), "no other layer with parameters"),
    ("10-4", lambda h, w, c, f: block(w, h, c, f + 1), "should have these convolutions"),
    ("10-4", lambda h, w, c, f: block(h, w, 1, f), "input should be"),
    ("10-4", lambda *a: block(*a).output, "should return a keras.Model"),
    ("10-4", lambda *a: keras.Sequential([layers.Conv2D(4, 3)]), "keras.Model(inputs, outputs)"),
    ("10-4", lambda h, w: 0, "inception_block(height, width, channels, filters)"),
    ("10-5", 1 / 96 + 1 / 25, "turn the fraction over"),
    ("10-5", 1 - (1 / 96 + 1 / 25), "share that is saved"),
    ("10-5", 1 / (1 / 48 + 1 / 25), "channels *in*"),
    ("10-5", 25, "limit for very many"),
    ("10-5", 96, "depthwise step alone"),
    ("10-5", 1 / (1 / 96 + 1 / 5), "not k"),
    ("10-5", 1 / (1 / 96 + 1 / 9), "3 x 3"),
    ("10-5", 121, "added first"),
    ("10-5", 2400, "not multiplied"),
    ("10-5", 7, "is not it"),
    ("10-5", "19.8", "one number"),
    ("10-5", (19.8, 19.8), "one number"),
]


test_wrong_answers_fail_with_a_reason = graded.wrong_answers_fail_with_a_reason(WRONG)


RIGHT = [
    ("10-3", separable),
    ("10-3", by_views),
    ("10-3", by_keras),
    ("10-3", lambda *a: separable(*a).tolist()),
    ("10-4", block),
    ("10-4", block_made_from_the_end),
    ("10-4", block_with_reused_names),
    ("10-5", 19.83),
    ("10-5", 25 * 48 * 96 / (25 * 48 + 48 * 96)),
    ("10-5", np.float32(19.8)),
]


test_right_answers_written_differently_pass = graded.right_answers_pass(RIGHT)


@pytest.mark.parametrize("number", ["10-3", "10-4"])
def test_the_stub_is_told_that_it_is_not_tried(number):
    made = exercises.check(number, lambda *_: None)
    assert not made.passed and not made.tried


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_reference_is_that_of_keras(stride):
    rng = np.random.default_rng(0)
    x, windows, mix = rng.normal(size=(9, 8, 3)), rng.normal(size=(3, 3, 3)), rng.normal(size=(3, 5))
    assert np.allclose(
        ch10_convolutions._separable(x, windows, mix, stride), by_keras(x, windows, mix, stride), atol=1e-4
    )


def test_the_factor_is_that_of_counted_layers():
    k, inputs, outputs, side = ch10.FACTOR_LAYER
    options = {"padding": "same", "use_bias": False}
    full, cheap = (
        models.profile(keras.Sequential([keras.Input((side, side, inputs)), layer(outputs, k, **options)])).macs
        for layer in (layers.Conv2D, layers.SeparableConv2D)
    )
    assert "19.8" in exercises.check("10-5", full / cheap).message


def source(root):
    cells = json.loads((root / "notebooks" / "10_designs.ipynb").read_text())["cells"]
    return "\n".join(cell["source"] for cell in cells)


def test_what_the_exercises_say_is_what_is_graded(root):
    text = source(root)
    count = ch10_convolutions._inception(8, 8, 5, 3).count_params()
    assert f"`inception_block(8, 8, 5, 3)` has {count:,} parameters" in text
    k, inputs, outputs, side = ch10.FACTOR_LAYER
    said = f"of {k} × {k} reads {inputs} channels and has {outputs} filters, on a map of {side} × {side}"
    assert said in text


def test_the_counts_in_the_experiments_answer_are_right(root):
    text = source(root)
    options = {"classes": 8, "input_shape": (80, 80, 1)}
    half = models.profile(models.build("mobilenet_inception2019", width=0.5, **options))
    (whole,) = (row for row in studies.load("lightweight2019").answer["rows"] if row["name"] == designs.OWN)
    for width, parameters, macs in [(0.5, half.parameters, half.macs), (1.0, whole["parameters"], whole["macs"])]:
        assert f"| {width} | {parameters:,} | {macs / 1e6:.1f} million |" in text
