"""DenseNet161 (Huang et al. 2017, arXiv 1608.06993), the network of Akhand et al. 2021 in Ding's introduction.

Akhand et al. (doi 10.3390/electronics10091036) used it with transfer learning; the layers here are Huang's, with
growth 48, and none of them is pretrained.
"""

from __future__ import annotations

from collections.abc import Iterable

import keras

from fer_utils.core.errors import invalid, whole_number
from fer_utils.models._parts import at_least, scaled_input, softmax_head

#: Layers of the four dense blocks.
BLOCKS = (6, 12, 36, 24)
_MOMENTUM = 0.9  # Keras' 0.99 lags for hundreds of steps; ours


def _norm_relu(x, name: str):
    x = keras.layers.BatchNormalization(momentum=_MOMENTUM, name=f"{name}_norm")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x)


def _conv(x, filters: int, side: int, name: str, *, strides: int = 1):
    return keras.layers.Conv2D(
        filters,
        side,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)


def _dense_layer(x, growth: int, name: str):
    """``growth`` new channels beside those that came: 1x1 to four times as many, 3x3."""
    y = _conv(_norm_relu(x, f"{name}_in"), 4 * growth, 1, f"{name}_conv1")
    y = _conv(_norm_relu(y, f"{name}_mid"), growth, 3, f"{name}_conv2")
    return keras.layers.Concatenate(name=name)([x, y])


def build(
    *,
    classes: int,
    input_shape: tuple[int, int, int] = (180, 180, 1),
    growth: int = 48,
    blocks: tuple[int, ...] = BLOCKS,
) -> keras.Model:
    """DenseNet161: every layer of a block sees all that came before it in the block.

    At (180, 180, 1) and 8 classes: 26,700,200 parameters, of which 219,936 are
    moving statistics, 4,721,921,664 multiply-accumulates, 106,800,800 bytes in
    float32.  With 3 channels and 1000 classes it has 28,681,000 parameters that
    gradients change, the number by which it is known, and 28,900,936 with the
    moving statistics, as Keras counts.

    Huang's: 7x7 convolution of stride 2 to 96 channels, max pool, blocks of 6,
    12, 36 and 24 layers that each add 48 channels by way of 192, between them a
    1x1 convolution to half the channels and an average pool.  Ours: grey input,
    pixels scaled to 0..1, no pretrained weights, batch normalisation with
    momentum 0.9.

    Parameters
    ----------
    classes, input_shape : as in ``fer_utils.models.build``; sides of 32 or more.
    growth : channels that a layer adds; the first convolution has twice as many.
    blocks : layers of each dense block, one block or more.
    """
    growth = whole_number("growth", growth, 1)
    if isinstance(blocks, str) or not isinstance(blocks, Iterable) or not (layers := tuple(blocks)):
        raise invalid("blocks", expected="the layers of each block, whole numbers of 1 or more", received=blocks)
    layers = tuple(whole_number("blocks", number, 1) for number in layers)
    at_least(input_shape, 32, "densenet161")

    inputs, x = scaled_input(input_shape)
    x = _norm_relu(_conv(x, 2 * growth, 7, "entry_conv", strides=2), "entry")
    x = keras.layers.MaxPooling2D(3, strides=2, padding="same", name="entry_pool")(x)
    for block, number in enumerate(layers, start=1):
        for layer in range(1, number + 1):
            x = _dense_layer(x, growth, f"block{block}_{layer}")
        if block < len(layers):
            x = _conv(_norm_relu(x, f"transition{block}"), x.shape[-1] // 2, 1, f"transition{block}_conv")
            x = keras.layers.AveragePooling2D(2, name=f"transition{block}_pool")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(_norm_relu(x, "exit"))
    return keras.Model(inputs, softmax_head(x, classes), name="densenet161")
