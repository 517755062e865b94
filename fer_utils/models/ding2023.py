"""The 542,136-parameter network of Ding, Tang and Lu 2023 (doi 10.1109/TENCON58879.2023.10322470).

The text fixes: 180 x 180 grey input, three ReLU convolutions of 3 x 3, 'the
number of filters is quadruple from the initial convolution' for the second and
the third, max pooling after each, dropout between, flatten, fully connected,
softmax, and 542,136 parameters.  ``candidates`` enumerates the networks of that
description; one is left, and ``build`` makes it:

==========================================  ============  ==========
layer                                       output        parameters
==========================================  ============  ==========
Conv 3x3, 16, same, ReLU; max pool 2        90 x 90 x 16         160
Conv 3x3, 64, same, ReLU; max pool 2        45 x 45 x 64       9,280
Conv 3x3, 64, same, ReLU; max pool 2        22 x 22 x 64      36,928
Flatten                                     30,976                 0
Dense 16, ReLU                              16               495,632
Dense 8, softmax                            8                    136
==========================================  ============  ==========

The counting uses no Keras; `build` does.
"""

from __future__ import annotations

from collections.abc import Iterable

import keras

from fer_utils.core.errors import invalid, whole_number
from fer_utils.models._parts import choice, real, scaled_input, softmax_head, zero_mean

#: What the paper prints for RAVDESS and, with one class fewer, for SAVEE too.
PRINTED = 542_136
_PADDINGS = ("same", "valid")
_INITIALIZERS = ("he_normal", "glorot_uniform")


def _final_side(size: int, padding: str, pool: int) -> int:
    """Side of the last feature map, 0 if nothing is left: pools drop the odd row."""
    for _ in range(3):
        size = (size - (0 if padding == "same" else 2)) // pool
    return max(size, 0)


def parameter_count(
    filters: int = 16,
    dense: int = 16,
    classes: int = 8,
    size: int = 180,
    channels: int = 1,
    padding: str = "same",
    pool: int = 2,
) -> int:
    """Parameters of the network, in closed form (no Keras).

    With n = ``filters``, c = ``channels``, d = ``dense``, k = ``classes`` and s
    the side of the last feature map, every convolution and dense layer with a
    bias::

        conv   (9c + 1) n + (9n + 1) 4n + (36n + 1) 4n
        dense  (4n s s + 1) d + (d + 1) k          or (4n s s + 1) k where d = 0

    Parameters
    ----------
    filters : filters of the first convolution; the other two have four times as many.
    dense : width of the hidden dense layer; 0 for none.
    classes : number of labels.
    size : side of the square input in pixels.
    channels : channels of the input.
    padding : of the convolutions, ``"same"`` or ``"valid"``.
    pool : side and stride of the max pools; an incomplete window is dropped.

    Raises
    ------
    FerError where the input is too small for three pools.

    >>> parameter_count(), parameter_count(classes=7)
    (542136, 542119)
    """
    choice("padding", padding, _PADDINGS)
    side = _final_side(whole_number("size", size, 1), padding, whole_number("pool", pool, 1))
    if side < 1:
        raise invalid(
            "size",
            expected=f"pixels enough for three convolutions ({padding}) and pools of {pool}",
            received=size,
        )
    return _convolutions(filters, channels) + _head(4 * filters * side * side, dense, classes)


def _convolutions(filters: int, channels: int) -> int:
    return (9 * channels + 1) * filters + (9 * filters + 1) * 4 * filters + (36 * filters + 1) * 4 * filters


def _head(flat: int, dense: int, classes: int) -> int:
    return (flat + 1) * dense + (dense + 1) * classes if dense else (flat + 1) * classes


def candidates(
    target: int = PRINTED,
    *,
    size: int = 180,
    most_filters: int = 512,
    channels: Iterable[int] = (1, 3),
    paddings: Iterable[str] = _PADDINGS,
    pools: Iterable[int] = (2, 3),
    hidden: Iterable[int] = (0, 1),
    classes: Iterable[int] = (7, 8),
) -> list[dict]:
    """Every network of the paper's description that has exactly ``target`` parameters.

    The width of the hidden layer is not searched but solved for: the count is
    linear in it.

    Parameters
    ----------
    target : the count to find.
    size : side of the input in pixels.
    most_filters : the first convolution has 1 to this many filters.
    channels, paddings, pools, classes : the values to try for each.
    hidden : 0 for no hidden dense layer, 1 for one of any width.

    Returns
    -------
    list of dict with keys filters, dense (0 for none), classes, channels,
    padding, pool: what ``parameter_count`` takes beside ``size``.

    >>> candidates()
    [{'filters': 16, 'dense': 16, 'classes': 8, 'channels': 1, 'padding': 'same', 'pool': 2}]
    """
    channels, paddings, pools = tuple(channels), tuple(paddings), tuple(pools)
    hidden, classes = tuple(hidden), tuple(classes)
    found = []
    for filters in range(1, whole_number("most_filters", most_filters, 1) + 1):
        for padding in paddings:
            for pool in pools:
                side = _final_side(size, padding, pool)
                if side < 1:
                    continue
                flat = 4 * filters * side * side
                for channel in channels:
                    left = target - _convolutions(filters, channel)
                    for k in classes:
                        widths = []
                        if 0 in hidden and _head(flat, 0, k) == left:
                            widths.append(0)
                        # left = (flat + 1) d + (d + 1) k, so d = (left - k) / (flat + 1 + k)
                        width, rest = divmod(left - k, flat + 1 + k)
                        if 1 in hidden and rest == 0 and width >= 1:
                            widths.append(width)
                        found += [
                            {
                                "filters": filters,
                                "dense": width,
                                "classes": k,
                                "channels": channel,
                                "padding": padding,
                                "pool": pool,
                            }
                            for width in widths
                        ]
    return found


def search_size(
    *,
    most_filters: int = 512,
    most_dense: int = 4096,
    channels: int = 2,
    paddings: int = 2,
    pools: int = 2,
    classes: int = 2,
) -> int:
    """How many networks the paper's description admits, whatever their count.

    Filters 1 to ``most_filters``, no hidden layer or one of 1 to ``most_dense``
    units, and as many values of the other choices as given: what `candidates`
    searches, with the width bounded so that it can be counted.
    """
    return most_filters * (1 + most_dense) * channels * paddings * pools * classes


def build(
    *,
    classes: int,
    input_shape: tuple[int, int, int] = (180, 180, 1),
    filters: int = 16,
    dense: int = 16,
    dropout: tuple[float, float, float] = (0.3, 0.3, 0.3),
    l1: float = 0.0,
    initializer: str = "he_normal",
    padding: str = "same",
    pool: int = 2,
    conditioned: bool = True,
) -> keras.Model:
    """Ding, Tang and Lu's 2D CNN.

    At (180, 180, 1) and 8 classes: 542,136 parameters (542,119 with 7),
    154,460,544 multiply-accumulates, 2,168,544 bytes in float32.

    Parameters
    ----------
    classes, input_shape : as in ``fer_utils.models.build``.
    filters : n; the convolutions have n, 4n and 4n filters.
    dense : width of the hidden dense layer; 0 for none.
    dropout : three rates in [0, 1), one after each pool; the third stands
        between the last feature map and the dense layer.  A reading: the paper
        says that dropout is 'sandwiched in between' and that 'the last two
        dropout layers' went 'from 0.3 to 0.5' for SAVEE, so (0.3, 0.5, 0.5)
        there.  The first rate is not in the paper; 0.3, as the others, is ours.
    l1 : strength of the L1 penalty on the hidden layer's kernel (on the output
        layer's where ``dense`` is 0).  The paper adds one to 'the fully
        connected layer' for SAVEE and does not give its strength.
    initializer : of every kernel before a ReLU: ``"he_normal"`` (He et al.
        2015, made for ReLU) or ``"glorot_uniform"``, the Keras default under
        which the 16 hidden units were seen to die.  The paper does not say.
    padding, pool : of the convolutions and the max pools; see ``parameter_count``.
    conditioned : three measures against dying, all ours, none with a parameter.
        The 30,976 values that reach the hidden layer are never negative and much
        alike from face to face, so one step of Adam moves every face's
        activation the same way, by thousands of weights at once; under the plain
        network all 16 units were dead after two epochs on the drawn faces.  So:
        each picture is brought to mean 0 and standard deviation 1, the hidden
        kernel's mean over its inputs is kept at 0 (`ZeroMean`), and the softmax
        layer starts at zero.  False gives the plain network.

    Raises
    ------
    FerError naming the argument that is out of range.
    """
    filters, dense = whole_number("filters", filters, 1), whole_number("dense", dense, 0)
    l1 = real("l1", l1, least=0.0)
    choice("initializer", initializer, _INITIALIZERS)
    choice("padding", padding, _PADDINGS)
    pool = whole_number("pool", pool, 1)
    try:
        rates = tuple(dropout)
    except TypeError:
        rates = ()
    if len(rates) != 3 or isinstance(dropout, str):
        raise invalid("dropout", expected="three rates in [0, 1), one after each pool", received=dropout)
    rates = tuple(real("dropout", rate, least=0.0, below=1.0, shown=dropout) for rate in rates)
    if _final_side(min(input_shape[:2]), padding, pool) < 1:
        raise invalid(
            "input_shape",
            received=input_shape,
            expected=f"height and width enough for three convolutions ({padding}) and pools of {pool}",
        )

    penalty = keras.regularizers.L1(l1) if l1 else None
    inputs, x = scaled_input(input_shape)
    if conditioned:
        x = keras.layers.LayerNormalization(axis=(1, 2, 3), center=False, scale=False, name="standardise")(x)
    for stage, (width, rate) in enumerate(zip((filters, 4 * filters, 4 * filters), rates, strict=True), start=1):
        x = keras.layers.Conv2D(
            width,
            3,
            padding=padding,
            activation="relu",
            kernel_initializer=initializer,
            name=f"conv{stage}",
        )(x)
        x = keras.layers.MaxPooling2D(pool, name=f"pool{stage}")(x)
        x = keras.layers.Dropout(rate, name=f"dropout{stage}")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    if dense:
        x = keras.layers.Dense(
            dense,
            activation="relu",
            kernel_initializer=initializer,
            kernel_regularizer=penalty,
            kernel_constraint=zero_mean() if conditioned else None,
            name="hidden",
        )(x)
    outputs = softmax_head(
        x, classes, None if dense else penalty, initializer="zeros" if conditioned else "glorot_uniform"
    )
    return keras.Model(inputs, outputs, name="ding2023")
