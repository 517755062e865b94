"""A small network whose first layer is fixed: where edges point, whatever the light and the contrast.

Drawn faces and photographs differ most in what a face looks like from near: skin, shading, noise.  A first layer that is
learned from drawings learns the drawings' strokes.  This one is not learned: it measures gradients, divides them among
orientations and takes the contrast of the neighbourhood away, as histograms of oriented gradients do (Dalal & Triggs
2005, doi 10.1109/CVPR.2005.177).  It keeps places finer than they do, and convolutions follow in the place of one dense
layer: depthwise separable ones (Howard et al. 2017, arXiv 1704.04861) with batch normalisation (Ioffe & Szegedy 2015,
arXiv 1502.03167).

`fer_utils.models.build` does not know it: it is the network of the study ``transfer``, for faces of some 48 pixels.
"""

from __future__ import annotations

from collections.abc import Iterable
import math

import keras
from keras import ops

from fer_utils.core.errors import FerError, invalid, whole_number
from fer_utils.core.stages import stage
from fer_utils.models._parts import at_least, real, softmax_head

#: The share of the gradient's length that an orientation must exceed to be counted: it narrows the bins.
LEAST = 0.5
#: Added to the squared contrast, so that flat places stay near 0; gradients are in grey levels of 0..1.
FLAT = 1e-3


@keras.saving.register_keras_serializable("fer_utils")
class OrientedGradients(keras.layers.Layer):
    """Gradients of a grey image by orientation, with the contrast around each place taken away.  No weights.

    Centred differences (dx, dy) have a length m and an unsigned direction a.  Bin k of ``bins`` has the centre
    pi k / bins and counts ``m max(0, cos(2 (a - pi k / bins)) - LEAST) / (1 - LEAST)``, which needs no arc tangent:
    m cos 2a = (dx^2 - dy^2) / m and m sin 2a = 2 dx dy / m.  Cells of ``cell`` x ``cell`` pixels take the mean, and are
    divided by the root of the mean squared length of the cells within ``around`` x ``around``.

    Parameters
    ----------
    bins : orientations over 180 degrees, 2 or more.
    cell : side of a cell in pixels, 1 or more; what is left over at the right and the bottom is dropped.
    around : side of the neighbourhood in cells, 1 or more.

    Takes (batch, height, width, channels), pixels 0..255; gives (batch, height // cell, width // cell, bins), of 0 or
    more, float32.
    """

    def __init__(self, *, bins: int = 8, cell: int = 2, around: int = 5, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32", "trainable": False})
        self.bins, self.cell = whole_number("bins", bins, 2), whole_number("cell", cell, 1)
        self.around = whole_number("around", around, 1)

    def call(self, images):
        grey = ops.mean(ops.cast(images, "float32"), axis=-1, keepdims=True) / 255.0
        edged = ops.pad(grey, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="symmetric")  # an edge that ends is no edge
        across = edged[:, 1:-1, 2:] - edged[:, 1:-1, :-2]
        down = edged[:, 2:, 1:-1] - edged[:, :-2, 1:-1]
        length = ops.sqrt(across * across + down * down + 1e-8)
        cosine, sine = (across * across - down * down) / length, 2.0 * across * down / length
        votes = []
        for number in range(self.bins):
            turn = 2.0 * math.pi * number / self.bins
            along = cosine * math.cos(turn) + sine * math.sin(turn)
            votes.append(ops.relu(along - LEAST * length) / (1.0 - LEAST))
        cells = _pooled(ops.concatenate(votes, axis=-1), self.cell, self.cell, "valid")
        squared = ops.sum(cells * cells, axis=-1, keepdims=True)
        return cells / ops.sqrt(_pooled(squared, self.around, 1, "same") + FLAT)

    def compute_output_shape(self, input_shape) -> tuple:
        batch, height, width, _ = input_shape
        return (batch, height // self.cell, width // self.cell, self.bins)

    def get_config(self) -> dict:
        kept = {name: value for name, value in super().get_config().items() if name not in ("dtype", "trainable")}
        return {**kept, "bins": self.bins, "cell": self.cell, "around": self.around}


def _pooled(values, side: int, stride: int, padding: str):
    return ops.average_pool(values, side, strides=stride, padding=padding, data_format="channels_last")


@stage("model.oriented")
def build(
    *,
    classes: int,
    input_shape: tuple[int, int, int] = (48, 48, 1),
    widths: Iterable[int] = (32, 48, 64),
    bins: int = 8,
    dropout: float = 0.5,
) -> keras.Model:
    """`OrientedGradients`, a convolution, separable convolutions, a dense layer over the whole map, softmax.

    Each convolution but the last is followed by a pool that halves the map.  At 7 classes and 48 pixels it has 24,663
    parameters.

    Parameters
    ----------
    classes, input_shape : as in ``fer_utils.models.build``; sides of 16 or more.
    widths : channels of each convolution, two or more.
    bins : orientations of the first layer.
    dropout : rate in [0, 1) before the last layer.
    """
    try:
        widths = tuple(whole_number("widths", width, 1) for width in widths)
    except (TypeError, FerError):
        raise invalid("widths", expected="whole numbers of 1 or more, of each convolution", received=widths) from None
    if len(widths) < 2:
        raise invalid("widths", expected="two numbers or more, of the convolutions", received=widths)
    dropout = real("dropout", dropout, least=0.0, below=1.0)
    at_least(input_shape, 2 ** (len(widths) + 1), "oriented")
    inputs = keras.Input(input_shape, name="pixels")
    x = OrientedGradients(bins=bins, name="oriented_gradients")(inputs)
    for number, width in enumerate(widths, start=1):
        if number == 1:
            x = keras.layers.Conv2D(width, 3, padding="same", use_bias=False, name="conv1")(x)
        else:
            x = keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False, name=f"conv{number}_depthwise")(x)
            x = keras.layers.BatchNormalization(momentum=0.9, name=f"conv{number}_depthwise_norm")(x)
            x = keras.layers.Conv2D(width, 1, use_bias=False, name=f"conv{number}_pointwise")(x)
        x = keras.layers.BatchNormalization(momentum=0.9, name=f"conv{number}_norm")(x)
        x = keras.layers.ReLU(name=f"conv{number}_relu")(x)
        if number < len(widths):
            x = keras.layers.MaxPooling2D(2, name=f"pool{number}")(x)
    x = keras.layers.Dropout(dropout, name="dropout")(keras.layers.Flatten(name="flatten")(x))
    return keras.Model(inputs, softmax_head(x, classes), name="oriented")
