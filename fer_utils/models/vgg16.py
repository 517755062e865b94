"""VGG16 (Simonyan and Zisserman 2015, arXiv 1409.1556), which Valverde and Lim compare with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import whole_number
from ._parts import at_least, real, scaled_input, softmax_head

if TYPE_CHECKING:
    import keras


def build(
    *, classes: int, input_shape: tuple[int, int, int] = (180, 180, 1), dense: int = 4096,
    dropout: float = 0.5,
) -> "keras.Model":
    """VGG16: the convolutions of ``keras.applications``, two dense layers, softmax.

    At (180, 180, 1) and 8 classes: 83,960,520 parameters, 9,771,041,792
    multiply-accumulates, 335,842,080 bytes in float32.  At (224, 224, 3) and 1000
    classes it has 138,357,544 parameters.

    Ours: grey input, pixels scaled to 0..1, no pretrained weights.

    Parameters
    ----------
    classes, input_shape : as in ``fer_utils.models.build``; sides of 32 or more.
    dense : width of both hidden dense layers.
    dropout : rate in [0, 1) after each of them (0.5 in the source).
    """
    import keras

    dense = whole_number("dense", dense, 1)
    dropout = real("dropout", dropout, least=0.0, below=1.0)
    at_least(input_shape, 32, "vgg16")
    inputs, x = scaled_input(input_shape)
    x = keras.applications.VGG16(include_top=False, weights=None, input_tensor=x).output
    x = keras.layers.Flatten(name="flatten")(x)
    for number in (1, 2):
        x = keras.layers.Dense(dense, activation="relu", name=f"hidden{number}")(x)
        x = keras.layers.Dropout(dropout, name=f"dropout{number}")(x)
    return keras.Model(inputs, softmax_head(x, classes), name="vgg16")
