"""Chapter 3's graders beside Keras, and answers to 03-3, 03-4 and 03-5 that are right or plausibly wrong."""

from __future__ import annotations

import json
import re

import graded
import keras
from keras import layers
import numpy as np
import pytest

from fer_utils import models
from fer_utils.exercises import ch03, ch03_network
from fer_utils.models.ding2023 import parameter_count


def pool(maps, size, stride, *, fold=np.max, start=None, edge=False):
    """An answer to 03-3."""
    height, width, channels = maps.shape
    steps = [range(0, side if edge else side - size + 1, stride) for side in (height, width)]
    made = np.zeros((len(steps[0]), len(steps[1]), channels))
    for a, i in enumerate(steps[0]):
        for b, j in enumerate(steps[1]):
            for c in range(channels):
                window = maps[i : i + size, j : j + size, c]
                made[a, b, c] = fold(window) if start is None else max(start, fold(window))
    return made


def pool_in_place(maps, size, stride):
    made = pool(maps, size, stride)
    maps[:] = 0
    return made


def without_stride(maps, size, stride):
    """As many windows as asked, but each a row or column further."""
    wanted = pool(maps, size, stride)
    return pool(maps, size, 1)[: wanted.shape[0], : wanted.shape[1]]


def by_reshaping(maps, size, stride):
    """What the chapter does: right where windows tile the map."""
    high, wide = maps.shape[0] // size, maps.shape[1] // size
    tiles = maps[: high * size, : wide * size].reshape(high, size, wide, size, -1)
    return tiles.max(axis=(1, 3))


def by_views(maps, size, stride):
    windows = np.lib.stride_tricks.sliding_window_view(maps, (size, size), axis=(0, 1))
    return windows[::stride, ::stride].max(axis=(3, 4))


def by_keras(maps, size, stride):
    return keras.layers.MaxPooling2D(size, stride)(maps[None].astype("float64"))[0].numpy()


def network(
    filters,
    dense,
    classes,
    size,
    *,
    kernel=5,
    padding=("same", "valid"),
    stride=2,
    before=(),
    wide=2,
    last="softmax",
    relus=("relu", "relu", "relu"),
    pooling=layers.MaxPooling2D,
    scale=1 / 255,
    offset=0.0,
    flat=layers.Flatten,
    dropout=(0.3,),
    late=(),
    more=(),
    end=(),
    bias=True,
    channels=1,
):
    """An answer to 03-4."""
    return keras.Sequential(
        [
            keras.Input((size, size, channels)),
            *([layers.Rescaling(scale, offset)] if scale is not None else []),
            layers.Conv2D(filters, kernel, padding=padding[0], activation=relus[0], use_bias=bias),
            pooling(2),
            *before,
            layers.Conv2D(wide * filters, 3, strides=stride, padding=padding[1], activation=relus[1]),
            *[layers.Dropout(rate) for rate in dropout],
            *([flat()] if flat else []),
            *[layer() for layer in more],
            layers.Dense(dense, activation=relus[2]),
            *[layers.Dropout(rate) for rate in late],
            layers.Dense(classes, activation=last),
            *[layer() for layer in end],
        ]
    )


def whole_maps_dropped():
    return keras.Sequential([layers.SpatialDropout2D(0.3), layers.Flatten()])


def nested(filters, dense, classes, size):
    """The same network, whose convolutions are a model in the model."""
    whole = network(filters, dense, classes, size)
    eyes = keras.Sequential([keras.Input((size, size, 1)), *whole.layers[:-2]])
    return keras.Sequential([eyes, *whole.layers[-2:]])


def functional(filters, dense, classes, size):
    """The same network, with activations that are layers and other names."""
    inputs = x = keras.Input((size, size, 1), name="face")
    x = layers.Rescaling(scale=1 / 127.5)(x) * 0.5
    x = layers.ReLU()(layers.Conv2D(filters, (5, 5), padding="SAME")(x))
    x = layers.MaxPool2D(pool_size=(2, 2), strides=2)(x)
    x = layers.Activation("relu")(layers.Conv2D(2 * filters, 3, 2)(x))
    x = layers.Dropout(0.3)(layers.Reshape((-1,))(x))
    x = layers.Dense(dense)(x)
    x = layers.Dense(classes)(keras.ops.relu(x))
    return keras.Model(inputs, layers.Softmax()(x))


class OwnModel(keras.Model):
    """A subclass, which has no layers before it is called."""


WRONG = [
    ("03-3", lambda *a: pool(*a, fold=np.mean), "mean of each window"),
    ("03-3", lambda *a: pool(*a, fold=np.min), "smallest value"),
    ("03-3", lambda *a: pool(*a, start=0), "from zeros"),
    ("03-3", by_reshaping, "may overlap"),
    ("03-3", lambda m, size, stride: pool(m, stride, stride), "are `size` wide"),
    ("03-3", lambda m, size, stride: pool(m, size, 1), "moved by 1"),
    ("03-3", lambda *a: pool(*a, edge=True), "shape"),
    ("03-3", lambda m, size, stride: pool(m, size, stride).max(axis=2), "each channel is pooled"),
    (
        "03-3",
        lambda m, size, stride: pool(m, size, stride).max(axis=2, keepdims=True) + np.zeros(m.shape[2]),
        "each channel is pooled",
    ),
    ("03-3", lambda m, size, stride: pool(m, size, stride).transpose(1, 0, 2), "changed places"),
    ("03-3", lambda m, size, stride: pool(m, size, stride).transpose(2, 0, 1), "last axis"),
    ("03-3", lambda m, size, stride: m, "shape"),
    ("03-3", lambda m, size, stride: np.zeros((3, 3, 2)), "should be"),
    ("03-3", lambda m, size, stride: float(m.max()), "shape"),
    ("03-3", lambda *a: pool(*a).astype(int), "Fractions"),
    ("03-3", lambda *a: pool(*a)[:-1, :-1], "last windows are missing"),
    ("03-3", without_stride, "begins at i * stride"),
    ("03-3", lambda m, size, stride: pool(np.abs(m), size, stride), "sign"),
    ("03-3", lambda m, size, stride: pool(m[:, :, :1], size, stride), "Only the first channel"),
    ("03-3", lambda *a: pool(*a)[:, :, 0], "without its axis"),
    ("03-3", lambda *a: pool(*a)[None], "axis of the batch"),
    ("03-3", pool_in_place, "changed the maps"),
    ("03-3", lambda m, size: m, "max_pool(maps, size, stride)"),
    ("03-3", lambda *a: print(end=""), "array of numbers; got NoneType"),
    ("03-4", lambda *a: network(*a, scale=None), "not brought to 0 to 1"),
    ("03-4", lambda *a: network(*a, scale=1 / 100), "scaling"),
    ("03-4", lambda *a: network(*a, relus=(None, None, None)), "No layer has a ReLU"),
    ("03-4", lambda *a: network(*a, relus=(None, "relu", "relu")), "first convolution has no ReLU"),
    ("03-4", lambda *a: network(*a, relus=("relu", None, "relu")), "second convolution has no ReLU"),
    ("03-4", lambda *a: network(*a, relus=(None, None, "relu")), "convolutions have no ReLU"),
    ("03-4", lambda *a: network(*a, relus=("relu", "relu", None)), "first dense layer has no ReLU"),
    ("03-4", lambda *a: network(*a, relus=("tanh", "tanh", "tanh")), "activations"),
    ("03-4", lambda *a: network(*a, last=None), "no softmax"),
    ("03-4", lambda *a: network(*a, last="sigmoid"), "sigmoid"),
    ("03-4", lambda *a: network(*a, last="relu"), "add up to"),
    ("03-4", lambda *a: network(*a, pooling=layers.AveragePooling2D), "takes means"),
    ("03-4", lambda *a: network(*a, padding=("valid", "valid")), "Look at the padding"),
    ("03-4", lambda *a: network(*a, padding=("same", "same")), "padding and stride"),
    ("03-4", lambda *a: network(*a, stride=1), "padding and stride"),
    ("03-4", lambda *a: network(*a, before=[layers.MaxPooling2D(2)]), "Is there one pool of 2 before it"),
    ("03-4", lambda *a: network(*a, dropout=(), flat=whole_maps_dropped), "drops whole maps; Dropout is asked"),
    ("03-4", lambda *a: network(*a, kernel=3), "kernel of the first convolution should be (5, 5)"),
    ("03-4", lambda *a: network(*a, wide=4), "second convolution should be"),
    ("03-4", lambda *a: network(*a, flat=layers.GlobalAveragePooling2D), "should read"),
    ("03-4", lambda *a: network(*a, dropout=()), "no Dropout"),
    ("03-4", lambda *a: network(*a, dropout=(0.7,)), "the share that is dropped"),
    ("03-4", lambda *a: network(*a, late=(0.3,)), "2 Dropout layers"),
    ("03-4", lambda *a: network(*a, dropout=(), late=(0.3,)), "between the second convolution"),
    ("03-4", lambda *a: network(*a, scale=1 / 127.5, offset=-1), "-1 to 1"),
    ("03-4", lambda *a: network(*a, scale=1 // 255), "1 // 255 is 0"),
    ("03-4", lambda *a: network(*a, scale=255), "multiplied by 255"),
    ("03-4", lambda *a: network(*a, end=[layers.Softmax]), "two softmaxes"),
    ("03-4", lambda *a: network(*a, relus=("relu", "relu", "softmax")), "should have a ReLU"),
    ("03-4", lambda *a: network(*a, flat=None), "Is there a Flatten before it?"),
    ("03-4", lambda *a: network(*a, pooling=lambda n: layers.MaxPooling2D(n, padding="same")), "without padding"),
    ("03-4", lambda *a: network(*a, more=[layers.BatchNormalization]), "layer is there besides"),
    ("03-4", lambda *a: network(*a, more=[lambda: layers.Dense(4)]), "two Dense"),
    ("03-4", lambda *a: network(*a, bias=False), "biases"),
    ("03-4", lambda *a: network(*a, channels=3), "the input should be"),
    ("03-4", lambda f, d, k, s: network(d, f, k, s), "should be"),
    ("03-4", lambda *a: network(4, 8, 5, 32), "input should be (40, 40, 1)"),
    ("03-4", lambda *a: network(*a).summary(print_fn=len), "got NoneType"),
    ("03-4", lambda *a: network(*a).layers, "got list"),
    ("03-4", lambda *a: OwnModel(), "no weights yet"),
    ("03-4", lambda *a: keras.Sequential([layers.Conv2D(4, 3)]), "no weights yet"),
    ("03-4", lambda f, d: 0, "build_network(filters, dense, classes, size)"),
    ("03-5", 729, "asked is its side"),
    ("03-5", 13, "strides were left out"),
    ("03-5", 33, "moves the next layer"),
    ("03-5", 25, "pool has a window"),
    ("03-5", 19, "second convolution has a stride"),
    ("03-5", 17, "pool has a stride"),
    ("03-5", 11, "last convolution is missing"),
    ("03-5", 35, "k - 1"),
    ("03-5", 16, "sum of the kernels"),
    ("03-5", 26, "counts, too"),
    ("03-5", 0, "layer by layer"),
    ("03-5", (27, 27), "one whole number"),
    ("03-5", "27", "one whole number"),
    ("03-5", 27.5, "one whole number"),
]


test_wrong_answers_fail_with_a_reason = graded.wrong_answers_fail_with_a_reason(WRONG)


RIGHT = [
    ("03-3", pool),
    ("03-3", by_views),
    ("03-3", by_keras),
    ("03-3", lambda *a: pool(*a).tolist()),
    ("03-3", lambda *a: pool(*a).astype("float16")),
    ("03-4", network),
    ("03-4", functional),
    ("03-4", nested),
    ("03-5", 27),
    ("03-5", 27.0),
    ("03-5", np.int64(27)),
]


test_right_answers_written_differently_pass = graded.right_answers_pass(RIGHT)


@pytest.mark.parametrize("size, stride", [(2, 2), (3, 2), (2, 3), (1, 1)])
def test_the_reference_pool_is_that_of_keras(size, stride):
    maps = np.random.default_rng(0).normal(size=(9, 7, 3))
    assert np.allclose(ch03._pooled(maps, size, stride), by_keras(maps, size, stride))


def test_the_receptive_field_is_where_a_gradient_reaches():
    """A pixel is seen if the output's gradient with respect to it is not zero."""
    import tensorflow as tf

    size, steps = 96, []
    for number, (kernel, stride) in enumerate(ch03.LAYERS):
        kind = layers.AveragePooling2D(kernel, stride) if number == 1 else None
        steps.append(kind or layers.Conv2D(1, kernel, strides=stride, kernel_initializer="ones"))
    seeing = keras.Sequential([keras.Input((size, size, 1)), *steps])
    picture = tf.Variable(tf.ones((1, size, size, 1)))
    with tf.GradientTape() as tape:
        middle = seeing(picture)[0, 3, 3, 0]
    seen = np.asarray(tape.gradient(middle, picture))[0, :, :, 0] != 0
    assert seen.any(axis=0).sum() == seen.any(axis=1).sum() == ch03.receptive_field()


def source(root):
    cells = json.loads((root / "notebooks" / "03_architecture.ipynb").read_text())["cells"]
    return "\n".join(cell["source"] for cell in cells)


def test_the_counts_in_the_experiments_answer_are_right(root):
    """The table of exercise 03-6: parameters and multiply-accumulates after each single change."""
    text = source(root)
    changes = {
        "filters 16 → 8": {"filters": 8},
        "dense layer 16 → 8": {"dense": 8},
        "pooling 2 → 3": {"pool": 3},
        "padding same → valid": {"padding": "valid"},
        "classes 8 → 7": {"classes": 7},
    }
    for words, change in changes.items():
        network = models.build("ding2023", **({"classes": 8} | change))
        profile = models.profile(network)
        assert profile.parameters == parameter_count(**change)
        row = rf"\| {re.escape(words)} \| {profile.parameters:,} \| {profile.macs / 1e6:.0f} million \|"
        assert re.search(row, text), (words, profile.parameters, profile.macs)


def test_the_count_that_exercise_03_4_gives_is_that_of_its_solution(root):
    assert (
        f"`build_network(4, 8, 5, 32)` has {ch03_network._network(4, 8, 5, 32).count_params():,} parameters"
        in source(root)
    )


def test_exercise_03_5_describes_the_layers_that_are_graded(root):
    text = source(root)
    rows = re.findall(r"\| (?:convolution|max pool) \| (\d) \| (\d) \|", text)
    assert tuple((int(kernel), int(stride)) for kernel, stride in rows) == ch03.LAYERS
