"""VGG16 (Simonyan and Zisserman 2015, arXiv 1409.1556), which Valverde and Lim compare with."""

from __future__ import annotations

import keras

from fer_utils.core.errors import whole_number
from fer_utils.models._parts import at_least, real, scaled_input, softmax_head

#: Convolutions and their filters in each block.
BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))


def build(
    *,
    classes: int,
    input_shape: tuple[int, int, int] = (180, 180, 1),
    dense: int = 4096,
    dropout: float = 0.5,
) -> keras.Model:
    """VGG16: thirteen 3x3 convolutions in five blocks (configuration D of the source), two dense layers, softmax.

    At (180, 180, 1) and 8 classes: 83,960,520 parameters, 9,771,041,792
    multiply-accumulates, 335,842,080 bytes in float32.  At (224, 224, 3) and 1000
    classes it has 138,357,544 parameters.

    Ours: grey input, pixels scaled to 0..1, no pretrained weights, He initialisation.  The
    source starts its deep forms from a trained shallow one, since they do not learn from a start
    at random; from Keras' own initialisation this one does not leave the commonest label either.

    Parameters
    ----------
    classes, input_shape : as in ``fer_utils.models.build``; sides of 32 or more.
    dense : width of both hidden dense layers.
    dropout : rate in [0, 1) after each of them (0.5 in the source).
    """
    dense = whole_number("dense", dense, 1)
    dropout = real("dropout", dropout, least=0.0, below=1.0)
    at_least(input_shape, 32, "vgg16")
    inputs, x = scaled_input(input_shape)
    for block, (depth, filters) in enumerate(BLOCKS, start=1):
        for number in range(1, depth + 1):
            x = keras.layers.Conv2D(
                filters,
                3,
                padding="same",
                activation="relu",
                kernel_initializer="he_normal",
                name=f"block{block}_conv{number}",
            )(x)
        x = keras.layers.MaxPooling2D(2, strides=2, name=f"block{block}_pool")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    for number in (1, 2):
        x = keras.layers.Dense(dense, activation="relu", kernel_initializer="he_normal", name=f"hidden{number}")(x)
        x = keras.layers.Dropout(dropout, name=f"dropout{number}")(x)
    return keras.Model(inputs, softmax_head(x, classes), name="vgg16")
