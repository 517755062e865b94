"""A small network whose first layer is fixed and takes light and contrast away, and its twin whose first is learned.

Drawn faces and photographs differ most in what a face looks like from near: skin, shading, contrast, noise.  A first
layer that is learned from drawings may learn the drawings' strokes and greys.  Two fixed layers can stand in front:

- ``"contrast"``: local contrast normalisation (Jarrett et al. 2009, doi 10.1109/ICCV.2009.5459469): each pixel less the
  mean around it, divided by the spread around it.
- ``"gradients"``: where edges point, with the contrast around them taken away, as histograms of oriented gradients do
  (Dalal & Triggs 2005, doi 10.1109/CVPR.2005.177), but with finer places.

``"learned"`` is the same network without a fixed layer, to compare with: a convolution gives as many maps of the same
size as ``"gradients"``, and everything behind is the same.

Convolutions follow, all but the first depthwise separable (Howard et al. 2017, arXiv 1704.04861), with batch
normalisation (Ioffe & Szegedy 2015, arXiv 1502.03167).  It is the network of the study ``transfer`` and of the trained
files in the package, made for faces of some 48 pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import math

import keras
from keras import ops

from fer_utils.core.errors import FerError, invalid, whole_number
from fer_utils.core.stages import stage
from fer_utils.models._parts import at_least, choice, real, softmax_head

#: The first layers: two that are fixed, and a convolution that is learned.
FIRST: tuple[str, ...] = ("contrast", "gradients", "learned")
#: Maps of the learned first layer, and the side of its squares in pixels.  A bin of ``"gradients"`` is read from 4 x 4.
LEARNED_MAPS, LEARNED_SIDE = 8, 5
#: Added to the spread of grey levels of 0..1, so that noise in flat places stays small.
QUIET = 0.02
#: The share of the gradient's length that an orientation must exceed to be counted: it narrows the bins.
LEAST = 0.5
#: Added to the squared contrast, so that flat places stay near 0; gradients are in grey levels of 0..1.
FLAT = 1e-3
#: LiteRT's operations that the fixed layers are made of.  In an int8 file they stay in float32: they square grey levels
#: and divide by small numbers, and 8 bits make zeros of them.  `fer_utils.compress.export` asks a network's layers.
FLOAT_OPERATIONS: tuple[str, ...] = (
    "ADD",
    "AVERAGE_POOL_2D",
    "CONCATENATION",
    "DIV",
    "MIRROR_PAD",
    "MUL",
    "RSQRT",
    "SQRT",
    "STRIDED_SLICE",
    "SUB",
    "SUM",
)


@keras.saving.register_keras_serializable("fer_utils")
class LocalContrast(keras.layers.Layer):
    """Local contrast normalisation of images.  No weights.

    A pixel less the mean of the ``mean_around`` x ``mean_around`` pixels around it, divided by the root of the mean
    square of such differences within ``spread_around`` x ``spread_around`` plus `QUIET`; channel by channel.  At the
    rim, the pixels that there are.

    Parameters
    ----------
    mean_around, spread_around : sides of the squares in pixels, 1 or more.

    Takes (batch, height, width, channels), pixels 0..255; gives the same shape, some -3..3, float32.
    """

    float_operations = FLOAT_OPERATIONS

    def __init__(self, *, mean_around: int = 13, spread_around: int = 17, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32", "trainable": False})
        self.mean_around = whole_number("mean_around", mean_around, 1)
        self.spread_around = whole_number("spread_around", spread_around, 1)

    def call(self, images):
        levels = ops.cast(images, "float32") / 255.0
        apart = levels - _around(levels, self.mean_around)
        return apart / (ops.sqrt(_around(apart * apart, self.spread_around)) + QUIET)

    def compute_output_shape(self, input_shape) -> tuple:
        return tuple(input_shape)

    def get_config(self) -> dict:
        sides = {"mean_around": self.mean_around, "spread_around": self.spread_around}
        return {**_named(super().get_config()), **sides}


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

    float_operations = FLOAT_OPERATIONS

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
        return {**_named(super().get_config()), "bins": self.bins, "cell": self.cell, "around": self.around}


def operations(input_shape: tuple[int, int, int], bins: int = 8, cell: int = 2, around: int = 5) -> int:
    """What `OrientedGradients` computes for one image, counted as `fer_utils.models.hog.operations` counts.

    A pixel has two differences, a length (4), a cosine and a sine (5), and for each bin a projection, its vote (6) and
    its sum (1); a cell has its squares, their sum and the quotients (3 for each bin), the sum over the cells around it
    and a root.  `fer_utils.models.profile` counts none of this: the layer has no weights.

    >>> operations((48, 48, 1))
    183744
    """
    height, width = input_shape[:2]
    cells = (height // cell) * (width // cell)
    return height * width * (11 + 7 * bins) + cells * (3 * bins + around**2 + 2)


def fixed_operations(options: Mapping[str, object], input_shape: tuple[int, int, int]) -> int:
    """The `operations` of a network's fixed first layer, by the network's options; 0 where it has none of gradients.

    >>> fixed_operations({"first": "gradients"}, (48, 48, 1)), fixed_operations({}, (48, 48, 1))
    (183744, 0)
    """
    return operations(input_shape) if options.get("first") == "gradients" else 0


def _named(config: dict) -> dict:
    """A layer's own configuration without what is the same for all layers of this module."""
    return {name: value for name, value in config.items() if name not in ("dtype", "trainable")}


def _around(values, side: int):
    """The mean over a square around each place: along columns, then along rows, which is the same and takes less."""
    columns = _pooled(values, (side, 1), 1, "same")
    return _pooled(columns, (1, side), 1, "same")


def _pooled(values, side: int | tuple[int, int], stride: int, padding: str):
    return ops.average_pool(values, side, strides=stride, padding=padding, data_format="channels_last")


@stage("model.contrast")
def build(
    *,
    classes: int,
    input_shape: tuple[int, int, int] = (48, 48, 1),
    first: str = "contrast",
    widths: Iterable[int] = (32, 48, 64),
    dropout: float = 0.5,
) -> keras.Model:
    """A first layer, convolutions, a dense layer over the whole map, softmax.

    Behind ``"contrast"`` a convolution of half as many channels as the next one halves the map, as the cells of
    ``"gradients"`` do.  Each later convolution but the last is followed by a pool that halves it again.  At 7 classes
    and 48 pixels it has 27,175 parameters, with ``"gradients"`` 24,663, with ``"learned"`` 24,895.

    Parameters
    ----------
    classes, input_shape : as in ``fer_utils.models.build``; sides of 16 or more.
    first : one of `FIRST`.
    widths : channels of each convolution, two or more.
    dropout : rate in [0, 1) before the last layer.
    """
    try:
        widths = tuple(whole_number("widths", width, 1) for width in widths)
    except (TypeError, FerError):
        raise invalid("widths", expected="whole numbers of 1 or more, of each convolution", received=widths) from None
    if len(widths) < 2:
        raise invalid("widths", expected="two numbers or more, of the convolutions", received=widths)
    first = choice("first", first, FIRST)
    dropout = real("dropout", dropout, least=0.0, below=1.0)
    at_least(input_shape, 2 ** (len(widths) + 1), "contrast")
    inputs = keras.Input(input_shape, name="pixels")
    if first == "gradients":
        x = OrientedGradients(name="oriented_gradients")(inputs)
    elif first == "learned":
        x = keras.layers.Rescaling(1 / 255, name="rescaling")(inputs)
        x = keras.layers.Conv2D(
            LEARNED_MAPS, LEARNED_SIDE, strides=2, padding="same", use_bias=False, name="stem_conv"
        )(x)
        x = _settled(x, "stem")
    else:
        x = LocalContrast(name="local_contrast")(inputs)
        x = keras.layers.Conv2D(max(1, widths[0] // 2), 3, strides=2, padding="same", use_bias=False, name="stem_conv")(
            x
        )
        x = _settled(x, "stem")
    for number, width in enumerate(widths, start=1):
        if number == 1:
            x = keras.layers.Conv2D(width, 3, padding="same", use_bias=False, name="conv1")(x)
        else:
            x = keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False, name=f"conv{number}_depthwise")(x)
            x = keras.layers.BatchNormalization(name=f"conv{number}_depthwise_norm")(x)
            x = keras.layers.Conv2D(width, 1, use_bias=False, name=f"conv{number}_pointwise")(x)
        x = _settled(x, f"conv{number}")
        if number < len(widths):
            x = keras.layers.MaxPooling2D(2, name=f"pool{number}")(x)
    x = keras.layers.Dropout(dropout, name="dropout")(keras.layers.Flatten(name="flatten")(x))
    return keras.Model(inputs, softmax_head(x, classes), name="contrast")


def averaged(*networks: keras.Model) -> keras.Model:
    """One network whose branches are copies of others: it gives the mean of their probabilities.

    A mean of networks that err differently errs less than they do (Hansen & Salamon 1990, doi 10.1109/34.58871).

    Raises
    ------
    FerError : fewer than two networks, or of unequal inputs or outputs.
    """
    shapes = {(network.input_shape, network.output_shape) for network in networks}
    if len(networks) < 2 or len(shapes) > 1:
        raise invalid(
            "networks", expected="two or more of the same input and labels", received=sorted(map(str, shapes))
        )
    inputs = keras.Input(networks[0].input_shape[1:], name="pixels")
    answers = []
    for number, network in enumerate(networks, start=1):
        branch = keras.Model.from_config({**network.get_config(), "name": f"branch{number}"})
        branch.set_weights(network.get_weights())
        answers.append(branch(inputs))
    return keras.Model(inputs, keras.layers.Average(name="probabilities")(answers), name="averaged")


def _settled(x, name: str):
    return keras.layers.ReLU(name=f"{name}_relu")(keras.layers.BatchNormalization(name=f"{name}_norm")(x))
