"""'Lightweight Deep Learning Model For Facial Expression Recognition', 2019: Inception and MobileNetV2.

Built from its abstract alone: 'an Inception convolutional neural network to
extract features from inputs, and the backbone bottlenecks to compress the
model ...; and the CNN block to expand the learned features in bottleneck layers
and feed the fully-connected layer for classification'.  The paper's own table
of layers and its numbers are not public; what it reports is not printed here.
"""

from __future__ import annotations

import keras

from fer_utils.core.errors import whole_number
from fer_utils.models._parts import at_least, positive, real, scaled_input, softmax_head

#: (expansion, channels, repeats, first stride): the first five stages of
#: Sandler et al. 2018, table 2 (arXiv 1801.04381).
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1))
# Keras' 0.99 needs hundreds of steps before the moving statistics can be used;
# small data sets give a few dozen an epoch.
_MOMENTUM = 0.9


def _multiple_of_8(channels: float) -> int:
    """The nearest multiple of 8, at least 8 and never below 90 % (Sandler et al.'s rule for widths)."""
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * channels else nearest


def _conv(x, filters: int, side: int, name: str, *, strides: int = 1, relu: bool = True):
    """Convolution without bias, batch normalisation, ReLU6."""
    x = keras.layers.Conv2D(
        filters,
        side,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    x = keras.layers.BatchNormalization(momentum=_MOMENTUM, name=f"{name}_norm")(x)
    return keras.layers.ReLU(max_value=6.0, name=f"{name}_relu")(x) if relu else x


def _inception(x, filters: int):
    """Four branches that each halve the image, joined: 1x1, 3x3, two 3x3 (a 5x5), and a pool."""
    one = keras.layers.AveragePooling2D(2, padding="same", name="inception_1x1_pool")(x)
    one = _conv(one, filters, 1, "inception_1x1")
    three = _conv(x, filters, 1, "inception_3x3_in")
    three = _conv(three, filters, 3, "inception_3x3", strides=2)
    five = _conv(x, filters, 1, "inception_5x5_in")
    five = _conv(five, filters, 3, "inception_5x5_a", strides=2)
    five = _conv(five, filters, 3, "inception_5x5_b")
    pool = keras.layers.MaxPooling2D(3, strides=2, padding="same", name="inception_pool")(x)
    pool = _conv(pool, filters, 1, "inception_pool")
    return keras.layers.Concatenate(name="inception")([one, three, five, pool])


def _bottleneck(x, filters: int, expansion: int, strides: int, name: str):
    """Inverted residual with a linear bottleneck (Sandler et al. 2018)."""
    channels = x.shape[-1]
    y = _conv(x, expansion * channels, 1, f"{name}_expand") if expansion > 1 else x
    y = keras.layers.DepthwiseConv2D(
        3,
        strides=strides,
        padding="same",
        use_bias=False,
        depthwise_initializer="he_normal",
        name=f"{name}_depthwise_conv",
    )(y)
    y = keras.layers.BatchNormalization(momentum=_MOMENTUM, name=f"{name}_depthwise_norm")(y)
    y = keras.layers.ReLU(max_value=6.0, name=f"{name}_depthwise_relu")(y)
    y = _conv(y, filters, 1, f"{name}_project", relu=False)  # linear: no ReLU on the narrow side
    if strides == 1 and channels == filters:
        return keras.layers.Add(name=f"{name}_add")([x, y])
    return y


def build(
    *,
    classes: int,
    input_shape: tuple[int, int, int] = (180, 180, 1),
    width: float = 1.0,
    features: int = 512,
    dropout: float = 0.2,
) -> keras.Model:
    """Inception block, MobileNetV2 bottlenecks, a convolution that widens, dense softmax.

    At (180, 180, 1) and 8 classes: 614,952 parameters, 159,318,976
    multiply-accumulates, 2,459,808 bytes in float32.

    Free choices, ours and not the paper's: four Inception branches of 8 filters,
    each of stride 2, so that together they stand where MobileNetV2 has its stem
    of 32; the first five of MobileNetV2's seven stages (the last two are most of
    its parameters and serve 1000 classes); a 1x1 convolution to 512 as the block
    that expands; global average pooling before the dense layer; dropout 0.2;
    batch normalisation with momentum 0.9; He initialisation.

    Parameters
    ----------
    classes, input_shape : as in ``fer_utils.models.build``; sides of 32 or more.
    width : factor on every number of channels, rounded to multiples of 8.
    features : channels of the convolution that expands, before ``width``.
    dropout : rate in [0, 1) before the dense layer.
    """
    width = positive("width", width)
    features = whole_number("features", features, 1)
    dropout = real("dropout", dropout, least=0.0, below=1.0)
    at_least(input_shape, 32, "mobilenet_inception2019")

    inputs, x = scaled_input(input_shape)
    x = _inception(x, max(2, round(8 * width)))
    for stage, (expansion, channels, repeats, strides) in enumerate(STAGES, start=1):
        for block in range(repeats):
            x = _bottleneck(
                x,
                _multiple_of_8(channels * width),
                expansion,
                strides if block == 0 else 1,
                f"stage{stage}_{block + 1}",
            )
    x = _conv(x, _multiple_of_8(features * width), 1, "expand")
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(inputs, softmax_head(x, classes), name="mobilenet_inception2019")
