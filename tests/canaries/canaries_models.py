"""Canaries of the networks: what they are made of, and what three of them say with fixed weights."""

from __future__ import annotations

from collections.abc import Callable
import inspect
from typing import Any

from canary import canary, defaults, digest
from eagerly import eagerly
import keras
import numpy as np
import pytest

from fer_utils import models
from fer_utils.core.errors import FerError
from fer_utils.models import distilled

#: What of a layer's configuration decides what it computes; names and Keras' own bookkeeping do not.
DECIDING: tuple[str, ...] = (
    "activation",
    "axis",
    "data_format",
    "depth_multiplier",
    "dilation_rate",
    "epsilon",
    "filters",
    "groups",
    "go_backwards",
    "keepdims",
    "kernel_size",
    "max_value",
    "mean",
    "momentum",
    "negative_slope",
    "offset",
    "padding",
    "pool_size",
    "rate",
    "recurrent_activation",
    "return_sequences",
    "scale",
    "seed",
    "strides",
    "target_shape",
    "threshold",
    "units",
    "use_bias",
)
#: Other options that a network is built with besides: their layers are looked at, too.
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "ding2023": [
        {"l1": 0.01, "filters": 2, "dense": 3},
        {"l1": 0.02, "filters": 2, "dense": 0, "conditioned": False, "padding": "valid", "pool": 2},
    ],
    "nano": [
        {"pooling": "average", "convolution": "full", "residual": False},
        {"pooling": "flatten", "normalise": False},
    ],
    "mobilenet_inception2019": [{"width": 0.5625, "features": 222}],
    "densenet161": [{"growth": 4, "blocks": (1, 2)}],
}
#: Networks whose layers are those of ``keras.applications``.
OF_KERAS: tuple[str, ...] = ("mobilenetv2", "inceptionv3", "inception_resnetv2", "resnet50")
#: Side of the pictures, in pixels: as small as the network takes.
SIDES: dict[str, int] = {
    "mobilenet_inception2019": 64,
    "xception2022": 71,
    "mobilenetv2": 32,
    "inceptionv3": 75,
    "inception_resnetv2": 75,
    "vgg16": 32,
    "alexnet": 96,
    "densenet161": 32,
}


def layers_of(model: keras.Model) -> list:
    """Layer by layer: kind, output's shape, parameters, what decides it, initialisers, penalties and bounds."""
    found: list = []
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            found.append(["model", layers_of(layer)])
            continue
        config: dict[str, Any] = layer.get_config()
        chosen = {key: repr(config[key]) for key in DECIDING if key in config}
        for key in (
            "kernel_initializer",
            "depthwise_initializer",
            "bias_initializer",
            "kernel_regularizer",
            "kernel_constraint",
        ):
            if isinstance(config.get(key), dict):
                inner = {k: v for k, v in config[key]["config"].items() if k != "seed"}
                chosen[key] = repr((config[key]["class_name"], sorted(inner.items())))
        found.append([type(layer).__name__, repr(layer.output.shape[1:]), layer.count_params(), chosen])
    return found


def with_fixed_weights(model: keras.Model) -> keras.Model:
    """The model with weights from NumPy's generator, small enough that nothing saturates; variances are positive."""
    draw = np.random.default_rng(7)
    for weight in model.weights:
        shape = tuple(weight.shape)
        fan = max(1, int(np.prod(shape[:-1])) if len(shape) > 1 else 1)
        values = draw.normal(0, 1.5 / np.sqrt(fan), shape).astype(np.float32)
        if "variance" in weight.path or "gamma" in weight.path:
            values = np.abs(values) + 0.5
        elif len(shape) == 1:
            values *= 0.05  # biases that leave units alive
        weight.assign(values)
    return model


def pictures(count: int, side: int) -> np.ndarray:
    """(count, side, side, 1) grey levels 0..255: waves of several directions, the same everywhere."""
    rows, columns = np.mgrid[:side, :side] / side
    waves = [np.sin(6 * (k + 1) * rows + k) * np.cos(5 * columns * (k + 2)) for k in range(count)]
    return (127.5 + 120 * np.stack(waves)).astype(np.float32)[..., None]


def without_weights(name: str, **options) -> keras.Model:
    """A network of the registry whose weights have shapes and no numbers: drawing millions of them takes long."""
    with keras.StatelessScope(initialize_variables=False):
        return models.build(name, **options)


def _network(name: str) -> Callable[[], Any]:
    """The canary of a network: the quick parts first, the whole network last."""

    def run():
        side = SIDES.get(name, 48)
        shape = (side, side, 1)
        yield "options", {key: repr(value) for key, value in models.options(name).items()}
        if name in OF_KERAS:
            yield "around it", _around(name, shape)
        if name == "ding2023":
            yield from _counted().items()
        for number, options in enumerate(VARIANTS.get(name, ())):
            yield f"variant {number}", digest(layers_of(without_weights(name, classes=5, input_shape=shape, **options)))
        said = name in ("ding2023", "nano", "mobilenet_inception2019")
        build = models.build if said else without_weights
        model = build(name, classes=8, input_shape=shape)
        yield "parameters", model.count_params()
        yield "trainable", int(sum(np.prod(weight.shape) for weight in model.trainable_weights))
        yield "layers", digest(layers_of(model))
        if said:
            yield "says", np.round(with_fixed_weights(model)(pictures(3, side), training=False).numpy(), 4)

    return run


def _around(name: str, shape: tuple[int, int, int]) -> dict[str, Any]:
    """What Keras is asked for, and what is put before and behind its network; here two layers stand for that."""
    asked = []

    def stand_in(application: str) -> Callable[..., keras.Model]:
        def build(**options):
            given = options.pop("input_tensor")
            asked.append([application, sorted(f"{key}={value}" for key, value in options.items())])
            x = keras.layers.BatchNormalization(name="norm")(given)
            inputs = keras.utils.get_source_inputs(given)
            return keras.Model(inputs, keras.layers.GlobalAveragePooling2D(name="pool")(x))

        return build

    with pytest.MonkeyPatch.context() as patch:
        for application in dir(keras.applications):
            if application[0].isupper():
                patch.setattr(keras.applications, application, stand_in(application))
        model = models.build(name, classes=8, input_shape=shape)
    return {"asked": asked, "layers": layers_of(model)}


def _counted() -> dict[str, Any]:
    """What the paper's network says of its own counts, and the bound of its hidden layer."""
    from fer_utils.models import constraints, ding2023

    kernel = np.arange(12, dtype=np.float32).reshape(4, 3) ** 2
    return {
        "count": [
            ding2023.parameter_count(),
            ding2023.parameter_count(5, 0, 3, 60, 3, "valid", 2),
            ding2023.search_size(),
        ],
        "candidates": ding2023.candidates(most_filters=40),
        "bounded": np.asarray(constraints.ZeroMean()(kernel)),
    }


for _name in models.available():
    if _name != "knn":
        canary(f"model.{_name}", tolerance=5e-4)(_network(_name))


@canary("model.knn", tolerance=1e-5)
def _knn():
    """Some pictures are flat in part, so that the lengths of their descriptors differ."""
    images = pictures(28, 60)
    images[::2, :42] = 90
    shown, asked = images[:18], images[18:]
    out = {"options": {key: repr(value) for key, value in models.options("knn").items()}}
    for name, labels, k in (("numbers", np.arange(18) % 3, 5), ("one-hot", np.eye(3)[np.arange(18) // 6], 2)):
        model = models.build("knn", classes=3, input_shape=(60, 60, 1), k=k)
        history = model.fit(shown, labels, verbose=0).history
        out[name] = {
            "says": np.round(np.asarray(model(asked)), 6),
            "references": model.references,
            "macs": model.multiply_accumulates,
            "learned": {key: np.round(values, 6) for key, values in history.items()},
        }
    return out


def _mixed() -> keras.Model:
    """A network with what others lack: a shared layer, a separable convolution, a dense layer along an axis."""
    inputs = keras.Input((12, 10, 4))
    shared = keras.layers.Dense(4, name="shared")
    x = keras.layers.Add(name="added")([inputs, shared(shared(inputs))])
    x = keras.layers.SeparableConv2D(6, 3, padding="same", name="separable")(x)
    x = keras.layers.BatchNormalization(name="norm")(x)
    inner = keras.Sequential([keras.Input((12, 10, 6)), keras.layers.Conv2D(5, 3, strides=2)], name="inner")
    x = keras.layers.Flatten(name="flat")(keras.layers.Concatenate(name="beside")([x, keras.layers.ReLU()(x)]))
    y = keras.layers.Flatten(name="other")(inner(keras.layers.Reshape((12, 10, 6))(keras.layers.Dense(720)(x))))
    return keras.Model(inputs, keras.layers.Dense(3, name="scores")(y), name="mixed")


@canary("profile")
def _profile():
    """Counts of networks of the registry and of three small ones, layer by layer."""
    from fer_utils.models import landmark_lstm

    flat = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(9, 3), keras.layers.Flatten()], name="flat")
    neighbours = models.build("knn", classes=3, input_shape=(60, 60, 1), k=2)
    neighbours.fit(pictures(5, 60), np.arange(5) % 3, verbose=0)
    lstm = landmark_lstm.build(classes=4, distances=12, frames=3, units=(8,), dense=(6,))
    for model in (flat, neighbours, lstm, _mixed()):
        yield model.name, _profiled(model)
    for name in ("nano", "ding2023", "mobilenetv2"):
        yield name, _profiled(models.build(name, classes=8, input_shape=(96, 96, 1)))
    yield "at the paper's size", models.profile(models.build("ding2023", classes=8)).macs


def _profiled(model: keras.Model) -> dict:
    counted = models.profile(model)
    return {
        "parameters": counted.parameters,
        "trainable": counted.trainable,
        "macs": counted.macs,
        "bytes": counted.bytes,
        "activation bytes": counted.activation_bytes,
        "layers": counted.layers[["parameters", "macs"]].to_numpy(int)[:24].tolist(),
    }


@canary("model.landmark_lstm", tolerance=5e-4)
def _landmark_lstm():
    from fer_utils.models import landmark_lstm

    out = {
        "options": {key: repr(one.default) for key, one in inspect.signature(landmark_lstm.build).parameters.items()},
        "count": [
            landmark_lstm.parameter_count(),
            landmark_lstm.parameter_count((2, 3), (5,), 4, 3, 7, True),
            landmark_lstm.FRAMES,
            landmark_lstm.WIDTHS,
        ],
        "candidates": [
            [repr(one) for one in landmark_lstm.candidates(target, widths=widths, most_layers=2, classes=(8,))]
            for target, widths in ((landmark_lstm.PRINTED, (1024, 2048)), (37_256, (4,)))
        ],
    }
    given = np.random.default_rng(1).normal(size=(2, 3, 12)).astype(np.float32)
    for name, options in (
        ("one", {"units": (8,), "dense": (6,)}),
        ("two", {"units": (5, 4), "dense": (), "whole": True, "dropout": 0.4}),
    ):
        model = landmark_lstm.build(classes=4, distances=12, frames=3, **options)
        out[name] = {
            "parameters": model.count_params(),
            "layers": digest(layers_of(model)),
            "says": np.round(with_fixed_weights(model)(given, training=False).numpy(), 4),
        }
    return out


@canary("model.hog", tolerance=2e-4)
def _hog():
    from fer_utils.models.hog import hog, length

    coloured = np.concatenate([pictures(2, 48), pictures(4, 48)[2:], 0.3 * pictures(2, 48)[::-1]], axis=-1)
    return {
        "length": [length((180, 180, 1)), length((65, 47, 1), 10, 6), length((30, 30, 1))],
        "described": np.round(np.asarray(hog(pictures(3, 60), cell=20, bins=9))[:, ::7], 4),
        "coloured": np.round(np.asarray(hog(coloured, cell=10, bins=6))[:, ::11], 4),
    }


@canary("model.distances", tolerance=1e-5)
def _distances():
    from fer_utils.models import distances as room

    points = np.random.default_rng(2).uniform(0, 100, (2, 68, 2))
    refused = []
    for face, point, value in ((1, 45, points[1, 36]), (0, 7, np.nan), (1, 3, np.inf)):
        spoilt = points.copy()
        spoilt[face, point] = value
        try:
            room.distances(spoilt)
            refused.append(False)
        except FerError:
            refused.append(True)
    found = room.distances(points)
    return {
        "length": room.length(),
        "type": str(found.dtype),
        "distances": np.round(found[:, ::101].astype(float), 5),
        "refused": refused,
    }


@canary("distillation", tolerance=2e-3)
def _distillation():
    """Losses of a student with fixed weights over two steps, and what it says afterwards."""

    def small(seed: int) -> keras.Model:
        model = keras.Sequential(
            [
                keras.Input((16, 16, 1)),
                keras.layers.Rescaling(1 / 255),
                keras.layers.Flatten(),
                keras.layers.Dense(3, activation="softmax", kernel_initializer="zeros"),
            ]
        )
        values = np.random.default_rng(seed).normal(0, 0.05, (256, 3)).astype(np.float32)
        model.layers[-1].set_weights([values, np.zeros(3, np.float32)])
        return model

    yield "defaults", [defaults(distilled.taught), distilled.STUDENT]
    one = models.taught(small(0), [small(1), small(2)], weight=0.5)
    layer = one.get_layer("probabilities")
    told = {name: value for name, value in layer.get_config().items() if name in ("weight", "temperature", "dtype")}
    teachers = [each for each in one.layers if each.name.startswith("teacher")]
    student = models.student_of(one, "pupil")
    yield (
        "made of",
        [
            [each.name for each in one.layers],
            {name: value if isinstance(value, float) else value["config"]["name"] for name, value in told.items()},
            [int(each.trainable) for each in teachers],
            len(one.trainable_weights),
            student.name,
        ],
    )
    images, labels = pictures(6, 16), np.array([0, 1, 2, 0, 1, 2])
    yield "answers", np.round(np.asarray(one(images)), 5)
    certain = np.float32([[1, 0, 0], [0.2, 0.5, 0.3]]), np.float32([[0.1, 0.1, 0.8], [0, 1, 0]])
    apart = []
    for weight, temperature in ((1.0, 1.0), (2.0, 4.0)):
        layer = distilled.Taught(weight=weight, temperature=temperature)
        passed = layer(certain, training=True)
        apart += [round(float(layer.losses[0]), 4), np.asarray(passed)]
        layer(certain, training=False)
        apart.append(len(layer.losses))
    yield "apart", apart
    with eagerly():
        norm = keras.Sequential([keras.Input((16, 16, 1)), keras.layers.BatchNormalization(), small(3)])
        settled = models.taught(small(0), [norm])
        settled(images, training=True)
        yield "teacher is settled", [round(float(loss), 4) for loss in settled.losses]
        for weight, temperature, number in ((1.0, 3.0, 1), (0.5, 1.5, 2)):
            taught = models.taught(
                small(0), [small(1 + k) for k in range(number)], weight=weight, temperature=temperature
            )
            taught.compile(optimizer=keras.optimizers.SGD(0.5), loss="sparse_categorical_crossentropy")
            losses = [float(taught.train_on_batch(images, labels)) for _ in range(2)]
            student = models.student_of(taught, "student")
            yield f"{weight} {temperature} {number}", [losses, np.round(student(images).numpy(), 4)]


@canary("model.contrast", tolerance=5e-4)
def _contrast():
    """What the fixed first layers measure, what the networks are made of, and what they say with fixed weights."""
    from fer_utils.models import contrast

    yield "defaults", defaults(contrast.build, contrast.LocalContrast, contrast.OrientedGradients)
    yield "constants", [contrast.FIRST, contrast.QUIET, contrast.LEAST, contrast.FLAT]
    yield "learned", [contrast.LEARNED_MAPS, contrast.LEARNED_SIDE]
    images = np.concatenate([pictures(3, 30), 0.2 * pictures(1, 30)])
    for name, layer in (
        ("contrast", contrast.LocalContrast()),
        ("small", contrast.LocalContrast(mean_around=3, spread_around=5)),
        ("gradients", contrast.OrientedGradients()),
        ("few", contrast.OrientedGradients(bins=3, cell=4, around=3)),
    ):
        yield name, np.round(np.asarray(layer(images))[:, ::4, 1::3].astype(float), 3)
    for first in contrast.FIRST:
        model = contrast.build(classes=3, first=first, input_shape=(32, 32, 1), widths=(6, 5, 4))
        yield f"layers behind {first}", [model.count_params(), digest(layers_of(model))]
        yield (
            f"says behind {first}",
            np.round(with_fixed_weights(model)(pictures(3, 32), training=False).numpy(), 3),
        )
