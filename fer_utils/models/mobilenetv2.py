"""MobileNetV2 (Sandler et al. 2018, arXiv 1801.04381), one of the networks that the system of 2019 is compared with."""

from __future__ import annotations

import keras

from fer_utils.models._applications import headed


def build(*, classes: int, input_shape: tuple[int, int, int] = (180, 180, 1)) -> keras.Model:
    """MobileNetV2, the layers of ``keras.applications`` without pretrained weights.

    At (180, 180, 1) and 8 classes: 2,267,656 parameters, 205,788,160
    multiply-accumulates, 9,070,624 bytes in float32.  With 3 channels and 1000
    classes it has 3,538,984 parameters, as Keras lists.

    Ours: grey input, pixels scaled to -1..1, no pretrained weights, moving statistics that settle within some hundred
    steps.

    Parameters
    ----------
    classes, input_shape : as in ``fer_utils.models.build``; sides of 32 or more.
    """
    return headed("mobilenetv2", "MobileNetV2", classes=classes, input_shape=input_shape, least=32)
