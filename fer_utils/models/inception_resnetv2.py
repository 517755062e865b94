"""InceptionResNetV2, one of the networks that the system of 2019 is compared with.

Szegedy et al. 2017, arXiv 1602.07261.
"""

from __future__ import annotations

import keras

from fer_utils.models._applications import headed


def build(*, classes: int, input_shape: tuple[int, int, int] = (180, 180, 1)) -> keras.Model:
    """InceptionResNetV2, the layers of ``keras.applications`` without pretrained weights.

    At (180, 180, 1) and 8 classes: 54,348,456 parameters, 3,836,828,448
    multiply-accumulates, 217,393,824 bytes in float32.  With 3 channels and 1000
    classes it has 55,873,736 parameters, as Keras lists.

    Ours: grey input, pixels scaled to -1..1, no pretrained weights, moving statistics that settle within some hundred
    steps.

    Parameters
    ----------
    classes, input_shape : as in ``fer_utils.models.build``; sides of 75 or more.
    """
    return headed("inception_resnetv2", "InceptionResNetV2", classes=classes, input_shape=input_shape, least=75)
