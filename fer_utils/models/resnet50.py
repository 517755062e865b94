"""ResNet50 (He et al. 2016, arXiv 1512.03385), the rival with the fewest parameters in Ding's table I."""

from __future__ import annotations

import keras

from fer_utils.models._parts import at_least, scaled_input, softmax_head


def build(*, classes: int, input_shape: tuple[int, int, int] = (180, 180, 1)) -> keras.Model:
    """ResNet50, the layers of ``keras.applications`` without pretrained weights.

    At (180, 180, 1) and 8 classes: 23,597,832 parameters, 2,655,230,208
    multiply-accumulates, 94,391,328 bytes in float32.  With 3 channels and 1000
    classes it has 25,636,712 parameters, the number that Ding et al. print.

    Ours: grey input, pixels scaled to 0..1, no pretrained weights.

    Parameters
    ----------
    classes, input_shape : as in ``fer_utils.models.build``; sides of 32 or more.
    """
    at_least(input_shape, 32, "resnet50")
    inputs, x = scaled_input(input_shape)
    base = keras.applications.ResNet50(include_top=False, weights=None, input_tensor=x, pooling="avg")
    return keras.Model(inputs, softmax_head(base.output, classes), name="resnet50")
