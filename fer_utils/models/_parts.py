"""What the networks share: checks of their arguments, the scaling layer and the softmax head."""

from __future__ import annotations

from typing import Any

import keras

from fer_utils.core.errors import invalid
from fer_utils.models.constraints import ZeroMean


def real(name: str, value: Any, *, least: float, below: float = float("inf"), shown: Any = None) -> float:
    """``value`` as a float in [least, below); else one FerError naming the argument."""
    try:
        if isinstance(value, (bool, str)):
            raise TypeError
        number = float(value)
        if not least <= number < below:
            raise TypeError
    except (TypeError, ValueError):
        limits = f"in [{least:g}, {below:g})" if below != float("inf") else f"of {least:g} or more"
        raise invalid(name, expected=f"a number {limits}", received=value if shown is None else shown) from None
    return number


def positive(name: str, value: Any) -> float:
    """``value`` as a finite float above 0; else one FerError naming the argument."""
    number = real(name, value, least=0.0)
    if number == 0:
        raise invalid(name, expected="a number above 0", received=value)
    return number


def choice(name: str, value: Any, accepted: tuple) -> Any:
    """``value`` if it is one of ``accepted``; else one FerError that lists them."""
    if isinstance(value, bool) or value not in accepted:
        raise invalid(name, expected="one of " + ", ".join(map(repr, accepted)), received=value)
    return value


def at_least(input_shape: tuple[int, int, int], least: int, network: str) -> None:
    """Refuse images too small for the network's strides and pools."""
    if min(input_shape[:2]) < least:
        raise invalid(
            "input_shape",
            received=input_shape,
            expected=f"height and width of {least} pixels or more for {network}",
            remedy="Prepare larger faces, or choose a network with fewer strides such as ding2023.",
        )


def scaled_input(input_shape: tuple[int, int, int], *, symmetric: bool = False):
    """The model's input (pixels 0..255) and the tensor of the scaled pixels.

    Scaled to 0..1, or to -1..1 where ``symmetric``; no parameters.
    """
    inputs = keras.Input(input_shape, name="pixels")
    if symmetric:
        return inputs, keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(inputs)
    return inputs, keras.layers.Rescaling(1 / 255, name="scale")(inputs)


def softmax_head(features, classes: int, penalty=None, *, initializer: str = "glorot_uniform"):
    """Dense(classes) with softmax, in float32 also where the rest runs in half precision."""
    return keras.layers.Dense(
        classes,
        activation="softmax",
        kernel_initializer=initializer,
        kernel_regularizer=penalty,
        dtype="float32",
        name="probabilities",
    )(features)


def zero_mean():
    """A kernel constraint: after every step each unit's weights have mean 0 over its inputs.

    What all inputs have in common then cannot move a unit, as under gradient
    centralisation (Yong et al. 2020, arXiv 2004.01461), which does the same to
    the step in place of the weights.
    """
    return ZeroMean()
