"""Networks of ``keras.applications`` with this book's input and head."""

from __future__ import annotations

import keras

from fer_utils.models._parts import at_least, scaled_input, softmax_head

#: Keras builds them with 0.99 and more, as for ImageNet: the moving statistics then need thousands of steps before they
#: can be used, and small sets give some hundred.  The same as in ``mobilenet_inception2019``.
MOMENTUM = 0.9


def headed(name: str, application: str, *, classes: int, input_shape: tuple[int, int, int], least: int):
    """``keras.applications``' network, without pretrained weights.

    Pixels 0..255 in, scaled to -1..1, probabilities out.
    """
    at_least(input_shape, least, name)
    inputs, x = scaled_input(input_shape, symmetric=True)
    base = getattr(keras.applications, application)(include_top=False, weights=None, input_tensor=x, pooling="avg")
    for layer in base.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = MOMENTUM
    return keras.Model(inputs, softmax_head(base.output, classes), name=name)
