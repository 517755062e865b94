"""Counting a network: parameters, multiply-accumulates, bytes."""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import TYPE_CHECKING

import pandas as pd

from ..errors import invalid

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Profile:
    """What a network weighs and costs.

    Attributes
    ----------
    name : the model's name.
    parameters : all of them, moving statistics and stored references too.
    trainable : those that gradients change.
    macs : multiply-accumulates of one image (of one sequence, where there is an LSTM) through every
        convolution (Conv2D, DepthwiseConv2D, SeparableConv2D), dense layer and LSTM.  Biases, activations, gates, pools,
        normalisation and additions are not counted, as usual; one multiply-accumulate is about two FLOPs.
    bytes : 4 x parameters, the weights in float32.
    layers : DataFrame, one row a call of a layer: layer, type, output (its shape
        without the batch), parameters, macs.  A shared layer's parameters stand
        in its first row only, so the columns add up to the totals.
    """

    name: str
    parameters: int
    trainable: int
    macs: int
    bytes: int
    layers: pd.DataFrame

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.parameters:,} parameters, {self.macs:,} multiply-accumulates, "
            f"{self.bytes:,} bytes in float32"
        )


def profile(model: "keras.Model") -> Profile:
    """Count ``model``; see ``Profile``.

    Raises
    ------
    FerError for something that is not a Keras model whose layers are known (a
    functional or sequential one that is built, or one with a
    ``multiply_accumulates`` of its own, as ``knn``).
    """
    import keras

    if not isinstance(model, keras.Model):
        raise invalid("model", expected="a keras.Model", received=model)
    own = getattr(model, "multiply_accumulates", None)
    if own is not None:
        rows = [(model.name, type(model).__name__, tuple(model.output_shape[1:]), model.count_params(), own)]
    else:
        rows = _rows(model, set())
    layers = pd.DataFrame(rows, columns=["layer", "type", "output", "parameters", "macs"])
    parameters = int(model.count_params())
    return Profile(
        name=model.name, parameters=parameters,
        trainable=sum(math.prod(v.shape) for v in model.trainable_variables),
        macs=int(layers["macs"].sum()), bytes=4 * parameters, layers=layers,
    )


def _rows(model, seen: set[int], prefix: str = "") -> list[tuple]:
    """One row a call, in the order of computation; models inside models are opened."""
    import keras

    if isinstance(model, keras.Sequential):
        model = model._functional if model.built else None
    # The nodes, and not the layers, because a shared layer is computed once a call.
    nodes = getattr(model, "_nodes_by_depth", None)
    if nodes is None:
        raise invalid(
            "model", expected="a functional or sequential model that is built", received=model,
        )
    rows = []
    for depth in sorted(nodes, reverse=True):
        for node in nodes[depth]:
            layer = node.operation
            if isinstance(layer, keras.layers.InputLayer):
                continue
            if isinstance(layer, keras.Model):
                rows += _rows(layer, seen, f"{prefix}{layer.name}/")
                continue
            first = id(layer) not in seen
            seen.add(id(layer))
            shape = tuple(node.outputs[0].shape[1:])
            own = layer.count_params() if first and isinstance(layer, keras.layers.Layer) else 0
            given = tuple(node.input_tensors[0].shape[1:]) if node.input_tensors else ()
            rows.append((prefix + layer.name, type(layer).__name__, shape, own, _macs(layer, given, shape)))
    return rows


def _macs(layer, given: tuple[int | None, ...], output: tuple[int, ...]) -> int:
    """Multiply-accumulates of one call: every weight of a kernel is used once a position.

    Conv2D's kernel is (height, width, channels in / groups, filters), so its
    size times the positions of the output counts groups rightly.  An LSTM uses
    its two kernels, (inputs, 4 units) and (units, 4 units), once a step of the
    sequence that it is ``given``.
    """
    import keras

    kinds = keras.layers
    if isinstance(layer, kinds.LSTM) and given[0] is not None:
        return given[0] * (math.prod(layer.cell.kernel.shape) + math.prod(layer.cell.recurrent_kernel.shape))
    if isinstance(layer, kinds.Dense):
        return math.prod(layer.kernel.shape) * math.prod(output[:-1])
    if not isinstance(layer, (kinds.Conv2D, kinds.DepthwiseConv2D, kinds.SeparableConv2D)):
        # A matrix in a layer of another kind would be a cost that goes uncounted.
        if any(len(weight.shape) > 1 for weight in getattr(layer, "weights", ())):
            raise invalid(
                "model", received=f"{layer.name} ({type(layer).__name__})",
                expected="Conv2D, DepthwiseConv2D, SeparableConv2D, Dense, and LSTM over sequences of known length, where there are "
                "kernels",
            )
        return 0
    spatial = output[1:] if layer.data_format == "channels_first" else output[:-1]
    if isinstance(layer, kinds.SeparableConv2D):
        kernels = math.prod(layer.depthwise_kernel.shape) + math.prod(layer.pointwise_kernel.shape)
    else:
        kernels = math.prod(layer.kernel.shape)
    return kernels * math.prod(spatial)
