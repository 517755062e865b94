"""Counting a network: parameters, multiply-accumulates, bytes, and the memory of its activations."""

from __future__ import annotations

from dataclasses import dataclass
import math

import keras
import pandas as pd

from fer_utils.core.errors import invalid


@dataclass(frozen=True)
class Profile:
    """What a network weighs and costs.

    Attributes
    ----------
    name : the model's name.
    parameters : all of them, moving statistics and stored references too.
    trainable : those that gradients change.
    macs : multiply-accumulates of one image (of one sequence, where there is an LSTM) through every
        convolution (Conv2D, DepthwiseConv2D, SeparableConv2D), dense layer and LSTM.  Biases, activations, gates,
        pools, normalisation and additions are not counted, as usual; one multiply-accumulate is about two FLOPs.
    bytes : 4 x parameters, the weights in float32.
    activation_bytes : peak activation memory of one image, in float32: 4 bytes times the numbers in
        the largest set of tensors that are alive at once, when the layers are
        computed one after the other in the graph's order (Keras' own).  Each call of a layer writes its output
        as a new tensor while it reads its inputs; a tensor is alive from the call that writes it (the image: from the
        start) up to and including the last call that reads it, and the network's outputs to the end.
        A layer's own activation function is applied in place.  What only hands its input on when a network is used
        (dropout, noise, Flatten, Reshape, Identity, a linear Activation) writes nothing.  A SeparableConv2D is the two
        calls that it is computed by, depthwise and pointwise.  Buffers inside an engine's
        kernels, an LSTM's gates and the weights are not counted; an engine that writes over tensors, or joins layers,
        may need less.  None for a network that counts its own work (``knn``).
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
    activation_bytes: int | None

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.parameters:,} parameters, {self.macs:,} multiply-accumulates, "
            f"{self.bytes:,} bytes in float32"
            + ("" if self.activation_bytes is None else f", {self.activation_bytes:,} bytes of activations at most")
        )


def profile(model: keras.Model) -> Profile:
    """Count ``model``; see ``Profile``.

    Raises
    ------
    FerError for something that is not a Keras model whose layers are known (a
    functional or sequential one that is built, or one with a
    ``multiply_accumulates`` of its own, as ``knn``).
    """
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
        name=model.name,
        parameters=parameters,
        trainable=sum(math.prod(v.shape) for v in model.trainable_variables),
        macs=int(layers["macs"].sum()),
        bytes=4 * parameters,
        layers=layers,
        activation_bytes=None if own is not None else 4 * _peak(model),
    )


def _rows(model, seen: set[int], prefix: str = "") -> list[tuple]:
    """One row a call, in the order of computation; models inside models are opened."""
    if isinstance(model, keras.Sequential):
        model = model._functional if model.built else None
    # The nodes, and not the layers, because a shared layer is computed once a call.
    nodes = getattr(model, "_nodes_by_depth", None)
    if nodes is None:
        raise invalid(
            "model",
            expected="a functional or sequential model that is built",
            received=model,
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


#: Layers whose output is their input, or another view of it, when a network is used and not trained.
_VIEWS = (
    "Flatten",
    "Reshape",
    "Identity",
    "Dropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "AlphaDropout",
    "GaussianDropout",
    "GaussianNoise",
    "ActivityRegularization",
)


def _peak(model) -> int:
    """Most numbers alive at once: see ``Profile.activation_bytes``."""
    sizes: list[int] = []  # of each tensor
    calls: list[tuple[list[int], list[int]]] = []  # tensors read and written, in order

    def write(shape) -> int:
        sizes.append(math.prod(shape))
        return len(sizes) - 1

    def walk(part, given: list[int]) -> list[int]:
        part = getattr(part, "_functional", part)  # a sequential model's own graph
        found = dict(zip((id(tensor) for tensor in part.inputs), given, strict=True))
        for depth in sorted(part._nodes_by_depth, reverse=True):
            for node in part._nodes_by_depth[depth]:
                if not node.input_tensors:
                    continue
                read, layer = [found[id(tensor)] for tensor in node.input_tensors], node.operation
                if hasattr(getattr(layer, "_functional", layer), "_nodes_by_depth"):
                    made = walk(layer, read)
                elif type(layer).__name__ in _VIEWS or (
                    type(layer).__name__ == "Activation" and layer.activation.__name__ == "linear"
                ):
                    made = read[:1]
                else:
                    if type(layer).__name__ == "SeparableConv2D":
                        between = write((*_spatial(layer, node.outputs[0].shape), *layer.depthwise_kernel.shape[2:]))
                        calls.append((read, [between]))
                        read = [between]
                    made = [write(tensor.shape[1:]) for tensor in node.outputs]
                    calls.append((read, made))
                found |= dict(zip((id(tensor) for tensor in node.outputs), made, strict=True))
        return [found[id(tensor)] for tensor in part.outputs]

    first = [write(tensor.shape[1:]) for tensor in model.inputs]
    last = walk(model, first)
    dies = {tensor: number for number, (read, made) in enumerate(calls) for tensor in (*made, *read)} | dict.fromkeys(
        last, len(calls)
    )
    alive, peak = set(first), sum(sizes[tensor] for tensor in first)
    for number, (_, made) in enumerate(calls):
        alive |= set(made)
        peak = max(peak, sum(sizes[tensor] for tensor in alive))
        alive = {tensor for tensor in alive if dies.get(tensor, -1) > number}
    return peak


def _spatial(layer, shape) -> tuple[int, ...]:
    """Height and width of a layer's output."""
    return tuple(shape[2:]) if layer.data_format == "channels_first" else tuple(shape[1:-1])


def _macs(layer, given: tuple[int | None, ...], output: tuple[int, ...]) -> int:
    """Multiply-accumulates of one call: every weight of a kernel is used once a position.

    Conv2D's kernel is (height, width, channels in / groups, filters), so its
    size times the positions of the output counts groups rightly.  An LSTM uses
    its two kernels, (inputs, 4 units) and (units, 4 units), once a step of the
    sequence that it is ``given``.
    """
    kinds = keras.layers
    if isinstance(layer, kinds.LSTM) and given[0] is not None:
        return given[0] * (math.prod(layer.cell.kernel.shape) + math.prod(layer.cell.recurrent_kernel.shape))
    if isinstance(layer, kinds.Dense):
        return math.prod(layer.kernel.shape) * math.prod(output[:-1])
    if not isinstance(layer, (kinds.Conv2D, kinds.DepthwiseConv2D, kinds.SeparableConv2D)):
        # A matrix in a layer of another kind would be a cost that goes uncounted.
        if any(len(weight.shape) > 1 for weight in getattr(layer, "weights", ())):
            raise invalid(
                "model",
                received=f"{layer.name} ({type(layer).__name__})",
                expected="Conv2D, DepthwiseConv2D, SeparableConv2D, Dense, and LSTM over sequences of known length, "
                "where there are "
                "kernels",
            )
        return 0
    spatial = _spatial(layer, (None, *output))
    if isinstance(layer, kinds.SeparableConv2D):
        kernels = math.prod(layer.depthwise_kernel.shape) + math.prod(layer.pointwise_kernel.shape)
    else:
        kernels = math.prod(layer.kernel.shape)
    return kernels * math.prod(spatial)
