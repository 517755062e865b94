"""A network of this book's own.

It has fewer than a tenth of the parameters of Ding, Tang & Lu 2023, and of its multiply-accumulates.

What it is made of is known, each part with its source: depthwise separable convolutions (Howard et al. 2017,
arXiv 1704.04861), residual blocks (He et al. 2016, arXiv 1512.03385), batch normalisation (Ioffe & Szegedy 2015,
arXiv 1502.03167), and no dense layer over the whole map, which holds 91 % of the paper's parameters.  Nothing in it
knows how faces are drawn.
"""

from __future__ import annotations

from collections.abc import Iterable

import keras

from fer_utils.core.errors import FerError, invalid, whole_number
from fer_utils.models._parts import at_least, choice, real, scaled_input, softmax_head

#: At most a tenth of 542,136 parameters, and a fifth of that network's 154,460,544 multiply-accumulates.
MOST_PARAMETERS, MOST_MACS = 54_213, 30_892_108
POOLINGS = ("weighted", "average", "flatten")
CONVOLUTIONS = ("separable", "full")
# Keras' 0.99 needs hundreds of steps before the moving statistics can be used; small sets give a few dozen an epoch.
_MOMENTUM = 0.9


def build(
    *,
    classes: int,
    input_shape: tuple[int, int, int] = (180, 180, 1),
    widths: Iterable[int] = (16, 32, 48, 64),
    depth: int = 2,
    pooling: str = "weighted",
    convolution: str = "separable",
    normalise: bool = True,
    residual: bool = True,
    dropout: float = 0.2,
) -> keras.Model:
    """A stem, stages that each halve the image, one number a channel, softmax.

    Parameters
    ----------
    classes, input_shape : as in ``fer_utils.models.build``; sides of 2 to the power of the number of widths, or more.
    widths : channels of the stem and of each stage after it; every one halves the image.
    depth : convolutions of a stage, 1 or more; the second and further ones keep size and width.
    pooling : how a map becomes one number a channel: ``"average"`` (its mean: Lin et al. 2014, arXiv 1312.4400);
        ``"weighted"`` (a learned weight a place and channel, as MobileFaceNet's global depthwise convolution: Chen et
        al. 2018, arXiv 1804.07573: where in the face something is seen is told apart); ``"flatten"`` (a dense layer
        over the whole map).
    convolution : ``"separable"`` or ``"full"`` 3 x 3.
    normalise : batch normalisation after each convolution; without it they have biases.
    residual : add what goes into a convolution that keeps size and width to what comes out.
    dropout : rate in [0, 1) before the last layer.
    """
    try:
        widths = tuple(whole_number("widths", width, 1) for width in widths)
    except (TypeError, FerError):
        raise invalid(
            "widths", expected="whole numbers of 1 or more, of the stem and of each stage", received=widths
        ) from None
    if len(widths) < 2:
        raise invalid("widths", expected="two numbers or more: of the stem and of a stage", received=widths)
    depth = whole_number("depth", depth, 1)
    pooling, convolution = choice("pooling", pooling, POOLINGS), choice("convolution", convolution, CONVOLUTIONS)
    dropout = real("dropout", dropout, least=0.0, below=1.0)
    at_least(input_shape, 2 ** len(widths), "nano")

    def settled(x, name, relu=True):
        x = keras.layers.BatchNormalization(momentum=_MOMENTUM, name=f"{name}_norm")(x) if normalise else x
        return keras.layers.ReLU(name=f"{name}_relu")(x) if relu else x

    def convolved(x, width, name, strides=1):
        given = {"strides": strides, "padding": "same", "use_bias": not normalise}
        if convolution == "full":
            return settled(
                keras.layers.Conv2D(width, 3, kernel_initializer="he_normal", name=f"{name}_conv", **given)(x), name
            )
        x = keras.layers.DepthwiseConv2D(3, depthwise_initializer="he_normal", name=f"{name}_depthwise", **given)(x)
        x = settled(x, f"{name}_depthwise", relu=False)
        x = keras.layers.Conv2D(
            width, 1, use_bias=not normalise, kernel_initializer="he_normal", name=f"{name}_pointwise"
        )(x)
        return settled(x, name)

    inputs, x = scaled_input(input_shape)
    x = keras.layers.Conv2D(
        widths[0],
        3,
        strides=2,
        padding="same",
        use_bias=not normalise,
        kernel_initializer="he_normal",
        name="stem_conv",
    )(x)
    x = settled(x, "stem")
    for stage, width in enumerate(widths[1:], start=1):
        x = convolved(x, width, f"stage{stage}_1", strides=2)
        for number in range(2, depth + 1):
            y = convolved(x, width, f"stage{stage}_{number}")
            x = keras.layers.Add(name=f"stage{stage}_{number}_add")([x, y]) if residual else y
    if pooling == "average":
        x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    elif pooling == "weighted":
        side = x.shape[1:3]
        # Begins as the mean; the weights are the layer's own to learn.
        mean = keras.initializers.Constant(1.0 / (side[0] * side[1]))
        x = keras.layers.DepthwiseConv2D(tuple(side), use_bias=False, depthwise_initializer=mean, name="pool")(x)
        x = keras.layers.Flatten(name="flatten")(x)
    else:
        x = keras.layers.Flatten(name="flatten")(x)
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(inputs, softmax_head(x, classes), name="nano")
