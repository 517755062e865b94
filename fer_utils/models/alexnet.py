"""AlexNet (Krizhevsky et al. 2012) in one tower, the count that Ding et al. print in both tables."""

from __future__ import annotations

import keras

from fer_utils.core.errors import whole_number
from fer_utils.models._parts import at_least, real, scaled_input, softmax_head


def build(
    *,
    classes: int,
    input_shape: tuple[int, int, int] = (180, 180, 1),
    dense: int = 4096,
    dropout: float = 0.5,
) -> keras.Model:
    """AlexNet: five convolutions, two dense layers, softmax.

    At (180, 180, 1) and 8 classes: 37,319,368 parameters, 635,673,184
    multiply-accumulates, 149,277,472 bytes in float32.  At (227, 227, 3) and 1000
    classes it has 62,378,344 parameters, the number that Ding et al. print.

    Ours: one tower without groups (the source splits it over two GPUs; only
    ungrouped does the printed count come out), no local response normalisation
    (no parameters; Simonyan and Zisserman 2015 found that it does not help), He
    initialisation, grey input, pixels scaled to 0..1.

    Parameters
    ----------
    classes, input_shape : as in ``fer_utils.models.build``; sides of 67 or more.
    dense : width of both hidden dense layers.
    dropout : rate in [0, 1) before each of them (0.5 in the source).
    """
    dense = whole_number("dense", dense, 1)
    dropout = real("dropout", dropout, least=0.0, below=1.0)
    at_least(input_shape, 67, "alexnet")

    def conv(x, filters, side, number, **options):
        return keras.layers.Conv2D(
            filters, side, activation="relu", kernel_initializer="he_normal", name=f"conv{number}", **options
        )(x)

    inputs, x = scaled_input(input_shape)
    x = conv(x, 96, 11, 1, strides=4)
    x = keras.layers.MaxPooling2D(3, strides=2, name="pool1")(x)
    x = conv(x, 256, 5, 2, padding="same")
    x = keras.layers.MaxPooling2D(3, strides=2, name="pool2")(x)
    x = conv(x, 384, 3, 3, padding="same")
    x = conv(x, 384, 3, 4, padding="same")
    x = conv(x, 256, 3, 5, padding="same")
    x = keras.layers.MaxPooling2D(3, strides=2, name="pool5")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    for number in (1, 2):
        x = keras.layers.Dropout(dropout, name=f"dropout{number}")(x)
        x = keras.layers.Dense(dense, activation="relu", kernel_initializer="he_normal", name=f"hidden{number}")(x)
    return keras.Model(inputs, softmax_head(x, classes), name="alexnet")
