"""Xception (Chollet 2017, arXiv 1610.02357), the network of Valverde and Lim's optimised system, 2022.

They prune, quantise and compile it (``fer_utils.compress``) behind dlib's face
and landmark detector; the layers here are Chollet's figure 5.
"""

from __future__ import annotations

import keras

from fer_utils.models._parts import at_least, positive, real, scaled_input, softmax_head

_MOMENTUM = 0.9  # Keras' 0.99 lags for hundreds of steps; ours


def _norm(x, name: str):
    return keras.layers.BatchNormalization(momentum=_MOMENTUM, name=name)(x)


def _relu(x, name: str):
    return keras.layers.ReLU(name=name)(x)


def _separable(x, filters: int, name: str):
    x = keras.layers.SeparableConv2D(filters, 3, padding="same", use_bias=False, name=name)(x)
    return _norm(x, f"{name}_norm")


def _halving(x, filters: tuple[int, int], name: str, *, first_relu: bool = True):
    """Two separable convolutions and a max pool of stride 2 beside a strided 1x1 shortcut."""
    beside = keras.layers.Conv2D(filters[1], 1, strides=2, padding="same", use_bias=False, name=f"{name}_beside")(x)
    beside = _norm(beside, f"{name}_beside_norm")
    y = _relu(x, f"{name}_relu1") if first_relu else x
    y = _separable(y, filters[0], f"{name}_conv1")
    y = _separable(_relu(y, f"{name}_relu2"), filters[1], f"{name}_conv2")
    y = keras.layers.MaxPooling2D(3, strides=2, padding="same", name=f"{name}_pool")(y)
    return keras.layers.Add(name=f"{name}_add")([y, beside])


def build(
    *,
    classes: int,
    input_shape: tuple[int, int, int] = (180, 180, 1),
    width: float = 1.0,
    dropout: float = 0.5,
) -> keras.Model:
    """Xception with a softmax over the expressions.

    At (180, 180, 1) and 8 classes: 20,877,296 parameters, 2,854,734,448
    multiply-accumulates, 83,509,184 bytes in float32.  At (299, 299, 3) and 1000
    classes it has 22,910,480 parameters, as ``keras.applications.Xception``.

    Chollet's: entry, middle and exit flow, the scaling to -1..1, dropout 0.5
    before the last layer.  Ours: grey input, ``width``, batch normalisation with
    momentum 0.9.

    Parameters
    ----------
    classes, input_shape : as in ``fer_utils.models.build``; sides of 32 or more.
    width : factor on every number of channels (rounded, at least 1).
    dropout : rate in [0, 1) before the dense layer.
    """
    width = positive("width", width)
    dropout = real("dropout", dropout, least=0.0, below=1.0)
    at_least(input_shape, 32, "xception2022")

    def channels(full: int) -> int:
        return max(1, round(full * width))

    inputs, x = scaled_input(input_shape, symmetric=True)
    for number, (filters, strides) in enumerate(((32, 2), (64, 1)), start=1):
        x = keras.layers.Conv2D(channels(filters), 3, strides=strides, use_bias=False, name=f"entry_conv{number}")(x)
        x = _relu(_norm(x, f"entry_norm{number}"), f"entry_relu{number}")
    for number, filters in enumerate((128, 256, 728), start=1):
        x = _halving(x, (channels(filters),) * 2, f"entry{number}", first_relu=number > 1)
    for number in range(1, 9):
        y = x
        for step in (1, 2, 3):
            y = _separable(_relu(y, f"middle{number}_relu{step}"), channels(728), f"middle{number}_conv{step}")
        x = keras.layers.Add(name=f"middle{number}_add")([x, y])
    x = _halving(x, (channels(728), channels(1024)), "exit1")
    x = _relu(_separable(x, channels(1536), "exit2_conv1"), "exit2_relu1")
    x = _relu(_separable(x, channels(2048), "exit2_conv2"), "exit2_relu2")
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(inputs, softmax_head(x, classes), name="xception2022")
