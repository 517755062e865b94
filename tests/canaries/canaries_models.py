"""Canaries of the networks: what they are made of, and what three of them say with fixed weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from canary import canary, digest
import keras
import numpy as np

from fer_utils import models

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
    "keepdims",
    "kernel_size",
    "mean",
    "momentum",
    "negative_slope",
    "offset",
    "padding",
    "pool_size",
    "rate",
    "scale",
    "seed",
    "strides",
    "target_shape",
    "units",
    "use_bias",
)
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
    """Layer by layer: its kind, its output's shape, its parameters, what decides it, its initialisers and penalties."""
    found: list = []
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            found.append(["model", layers_of(layer)])
            continue
        config: dict[str, Any] = layer.get_config()
        chosen = {key: repr(config[key]) for key in DECIDING if key in config}
        for key in ("kernel_initializer", "depthwise_initializer", "bias_initializer", "kernel_regularizer"):
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


def _network(name: str) -> Callable[[], Any]:
    def run():
        side = SIDES.get(name, 48)
        model = models.build(name, classes=8, input_shape=(side, side, 1))
        out = {
            "parameters": model.count_params(),
            "trainable": int(sum(np.prod(weight.shape) for weight in model.trainable_weights)),
            "layers": digest(layers_of(model)),
            "options": {key: repr(value) for key, value in models.options(name).items()},
        }
        if name in ("ding2023", "nano", "mobilenet_inception2019"):
            out["says"] = np.round(with_fixed_weights(model)(pictures(3, side), training=False).numpy(), 4)
        return out

    return run


for _name in models.available():
    if _name != "knn":
        canary(f"model.{_name}", tolerance=5e-4)(_network(_name))


@canary("model.knn", tolerance=5e-4)
def _knn():
    shown, asked = pictures(9, 60), pictures(12, 60)[9:]
    model = models.build("knn", classes=3, input_shape=(60, 60, 1), k=3)
    model.compile()
    model.fit(shown, np.arange(9) % 3, verbose=0)
    return {
        "options": {key: repr(value) for key, value in models.options("knn").items()},
        "says": np.round(np.asarray(model(asked)), 4),
        "references": model.references,
    }


@canary("profile")
def _profile():
    out = {}
    for name in ("ding2023", "nano", "mobilenetv2"):
        counted = models.profile(models.build(name, classes=8, input_shape=(96, 96, 1)))
        out[name] = {
            "parameters": counted.parameters,
            "trainable": counted.trainable,
            "macs": counted.macs,
        }
    out["at the paper's size"] = models.profile(models.build("ding2023", classes=8)).macs
    return out


@canary("model.landmark_lstm", tolerance=5e-4)
def _landmark_lstm():
    from fer_utils.models import landmark_lstm

    model = landmark_lstm.build(classes=4, distances=12, frames=3, units=(8,), dense=(6,))
    given = np.random.default_rng(1).normal(size=(2, 3, 12)).astype(np.float32)
    return {
        "parameters": model.count_params(),
        "layers": digest(layers_of(model)),
        "says": np.round(with_fixed_weights(model)(given, training=False).numpy(), 4),
        "at the paper's size": landmark_lstm.FRAMES,
    }


@canary("model.hog", tolerance=2e-4)
def _hog():
    from fer_utils.models.hog import hog, length

    described = np.asarray(hog(pictures(3, 60), cell=20, bins=9))
    return {"length": length((180, 180, 1)), "described": np.round(described[:, ::7], 4)}


@canary("model.distances", tolerance=1e-5)
def _distances():
    from fer_utils.models.distances import distances

    points = np.random.default_rng(2).uniform(0, 100, (2, 68, 2))
    return np.round(distances(points)[:, ::101].astype(float), 5)


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

    out = {}
    for weight, temperature, teachers in ((1.0, 3.0, 1), (0.5, 1.5, 2)):
        taught = models.taught(
            small(0), [small(1 + k) for k in range(teachers)], weight=weight, temperature=temperature
        )
        taught.compile(optimizer=keras.optimizers.SGD(0.5), loss="sparse_categorical_crossentropy")
        images, labels = pictures(6, 16), np.array([0, 1, 2, 0, 1, 2])
        losses = [float(taught.train_on_batch(images, labels)) for _ in range(2)]
        student = models.student_of(taught, "student")
        out[f"{weight} {temperature} {teachers}"] = [losses, np.round(student(images).numpy(), 4)]
    return out
