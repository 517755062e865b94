"""InceptionV3 (Szegedy et al. 2016, arXiv 1512.00567), one of the networks that the system of 2019 is compared with."""

from __future__ import annotations

import keras

from fer_utils.models._applications import headed


def build(*, classes: int, input_shape: tuple[int, int, int] = (180, 180, 1)) -> keras.Model:
    """InceptionV3, the layers of ``keras.applications`` without pretrained weights.

    At (180, 180, 1) and 8 classes: 21,818,600 parameters, 1,705,484,064
    multiply-accumulates, 87,274,400 bytes in float32.  With 3 channels and 1000
    classes it has 23,851,784 parameters, as Keras lists.

    Ours: grey input, pixels scaled to -1..1, no pretrained weights, moving statistics that settle within some hundred
    steps.

    Parameters
    ----------
    classes, input_shape : as in ``fer_utils.models.build``; sides of 75 or more.
    """
    return headed("inceptionv3", "InceptionV3", classes=classes, input_shape=input_shape, least=75)
