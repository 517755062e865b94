"""Chapter 10's graders beside Keras, and answers that are right or plausibly wrong; more to 10-1: test_exercises.py."""

from __future__ import annotations

import json

import graded
import keras
from keras import layers
import numpy as np
import pytest
import tensorflow as tf

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


def pool_with_dropout(*window, **given):
    return keras.Sequential([layers.MaxPooling2D(*window, **given), layers.Dropout(0.3)])


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


def block_of_models(height, width, channels, filters):
    """Each branch a model of its own."""

    def conv(side):
        return layers.Conv2D(filters, side, padding="same", activation="relu")

    x = keras.Input((height, width, channels))
    branches = [
        [conv(1)],
        [conv(1), conv(3)],
        [conv(1), conv(3), conv(3)],
        [layers.MaxPooling2D(3, 1, "same"), conv(1)],
    ]
    return keras.Model(x, layers.Concatenate()([keras.Sequential(branch)(x) for branch in branches]))


def block_in_a_sequence(*case):
    return keras.Sequential([keras.Input(case[:3]), block(*case)])


def block_with_another_end(height, width, channels, filters, *, pool=None, last="relu", end=None):
    """An answer to 10-4 whose last branch, or whose end, is wrong."""

    def conv(x, side, active="relu"):
        return layers.Conv2D(filters, side, padding="same", activation=None if end else active)(x)

    x = keras.Input((height, width, channels))
    pooled = (pool or layers.MaxPooling2D(3, 1, "same"))(x)
    branches = [conv(x, 1), conv(conv(x, 1), 3), conv(conv(conv(x, 1), 3), 3), conv(pooled, 1, last)]
    joined = layers.Concatenate()(branches)
    return keras.Model(x, end(joined) if end else joined)


def counted(height, width, inputs, outputs, expansion, kernel, stride, *, places=None, missing=0, square=False):
    """An answer to 10-1; the options are mistakes."""
    width = height if square else width
    wide, before = expansion * inputs, height * width
    after = (places or (lambda h, w, s, k: -(-h // s) * -(-w // s)))(height, width, stride, kernel)
    steps = [(kernel**2 * wide, after, wide), (wide * outputs, after, outputs)]
    if expansion > 1:
        steps.insert(0, (inputs * wide, before, wide))
    parameters = sum(weights for weights, _, _ in steps) + 4 * sum(channels for *_, channels in steps[missing:])
    return parameters, sum(weights * many for weights, many, _ in steps)


def counted_by_keras(height, width, inputs, outputs, expansion, kernel, stride):
    x = y = keras.Input((height, width, inputs))
    if expansion > 1:
        y = layers.BatchNormalization()(layers.Conv2D(expansion * inputs, 1, use_bias=False)(y))
    y = layers.DepthwiseConv2D(kernel, stride, "same", use_bias=False)(y)
    y = layers.Conv2D(outputs, 1, use_bias=False)(layers.BatchNormalization()(y))
    model = keras.Model(x, layers.BatchNormalization()(y))
    return model.count_params(), models.profile(model).macs


def with_a_convolution_on_the_shortcut(height, width, inputs, outputs, expansion, kernel, stride):
    parameters, macs = counted(height, width, inputs, outputs, expansion, kernel, stride)
    if stride == 1 and inputs == outputs:
        return parameters, macs
    return parameters + inputs * outputs, macs + -(-height // stride) * -(-width // stride) * inputs * outputs


def without_the_last_window(x, windows, mix, stride):
    k = len(windows)
    rows, columns = (range(0, side - k, stride) for side in x.shape[:2])
    return np.array([[(x[i : i + k, j : j + k] * windows).sum(axis=(0, 1)) @ mix for j in columns] for i in rows])


def one_apart(x, windows, mix, stride):
    """The right number of windows, each 1 from the next."""
    high, wide, _ = separable(x, windows, mix, stride).shape
    return separable(x, windows, mix, 1)[:high, :wide]


def padded_by_tensorflow(x, windows, mix, stride):
    floats = [part.astype("float32") for part in (x[None], windows[..., None], mix[None, None])]
    return np.asarray(tf.nn.separable_conv2d(*floats, (1, stride, stride, 1), "SAME"))[0]


def valid(height, width, stride, kernel):
    return ((height - kernel) // stride + 1) * ((width - kernel) // stride + 1)


WRONG = [
    ("10-1", lambda *a: counted(*a, places=valid), "nothing were padded"),
    ("10-1", lambda *a: counted(*a, places=lambda h, w, s, k: -(-h * w // s**2)), "rounded up by itself"),
    ("10-1", lambda *a: counted(*a, missing=1), "behind the first convolution is missing"),
    ("10-1", lambda *a: counted(*a, missing=-1), "behind the last alone"),
    ("10-1", lambda *a: counted(*a, square=True), "need not be square"),
    ("10-1", with_a_convolution_on_the_shortcut, "no convolution on the shortcut"),
    ("10-3", without_the_last_window, "The last window is missing"),
    ("10-3", one_apart, "lay 1 apart"),
    ("10-3", padded_by_tensorflow, "were padded"),
    ("10-3", lambda *a: by_keras(*a[:2], np.eye(len(a[2])), a[3]) @ np.abs(a[2]), "should be"),
    ("10-3", lambda x, w, m, s: by_keras(x, w[::-1, ::-1], m, s), "180 degrees"),
    ("10-3", lambda x, w, m, s: separable(x, w, m, s) / len(w) ** 2, "mean of a window"),
    ("10-3", lambda x, w, m, s: separable(x, w, 0 * m + 1, s) * m.sum(axis=0), "were added up in the first step"),
    ("10-3", lambda *a: separable(*a).astype(int), "lost their fractions"),
    ("10-3", lambda *a: separable(*a)[None], "out of the batch"),
    ("10-4", lambda *a: block(*a, pool=pool_with_dropout), "gives other outputs in training: is there a Dropout"),
    ("10-4", lambda *a: block_with_another_end(*a, pool=layers.MaxPooling2D(3)), "every stride is 1, the pool's too"),
    ("10-4", lambda *a: block_with_another_end(*a, pool=layers.MaxPooling2D(3, 1)), "pads as `same`"),
    ("10-4", lambda *a: block(*a, join=lambda: layers.Concatenate(axis=1)), "the last axis"),
    ("10-4", lambda *a: block(*a, join=lambda: lambda parts: parts), "one output"),
    ("10-4", lambda *a: block_with_another_end(*a, last=None), "behind the pool has no ReLU"),
    ("10-4", lambda *a: block_with_another_end(*a, end=layers.ReLU()), "behind the joined maps alone"),
    ("10-4", lambda *a: block_with_another_end(*a, pool=layers.Identity()), "max pool is missing"),
    ("10-4", lambda *a: block_with_another_end(*a, pool=layers.MaxPooling2D(2, 1, "same")), "window is 2 x 2"),
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
    ("10-1", counted),
    ("10-1", counted_by_keras),
    ("10-4", block_of_models),
    ("10-4", block_in_a_sequence),
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
