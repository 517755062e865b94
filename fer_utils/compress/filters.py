"""Structured pruning: whole filters are taken away, and what is left is a smaller network of the ordinary kind.

The graph is walked once, and every channel of every tensor is given the names of
the filters that it comes from.  Channels that are added (a residual shortcut)
come from several filters, which then stay or go together; channels that reach
something whose computation they would change from within (an output, a softmax,
a layer that is not known here) stay.  The smaller network is built by Keras
from the same configuration with fewer filters, gets the weights that are left, and is
compared with the old one in which the taken filters are silenced.
"""

from __future__ import annotations

from dataclasses import dataclass, field
import math

import keras
import numpy as np

from fer_utils.core.errors import FerError, invalid

_ELEMENTWISE = (
    "linear",
    "relu",
    "relu6",
    "elu",
    "selu",
    "celu",
    "gelu",
    "tanh",
    "sigmoid",
    "hard_sigmoid",
    "silu",
    "swish",
    "hard_silu",
    "hard_swish",
    "softplus",
    "softsign",
    "exponential",
    "leaky_relu",
    "mish",
    "tanh_shrink",
    "soft_shrink",
    "hard_shrink",
    "squareplus",
    "log_sigmoid",
)
# One channel in, the same channel out, and none looks at its neighbours.
_PASSING = (
    "Activation",
    "ReLU",
    "LeakyReLU",
    "ELU",
    "Dropout",
    "SpatialDropout2D",
    "GaussianNoise",
    "GaussianDropout",
    "Identity",
    "Rescaling",
    "MaxPooling2D",
    "AveragePooling2D",
    "GlobalMaxPooling2D",
    "GlobalAveragePooling2D",
    "ZeroPadding2D",
    "Cropping2D",
    "UpSampling2D",
    "ActivityRegularization",
)
_MERGING = ("Add", "Subtract", "Average", "Maximum", "Minimum", "Multiply")
_WEIGHTED = ("Conv2D", "SeparableConv2D", "DepthwiseConv2D", "Dense", "BatchNormalization")
_FREE_OF_SPACE = ("GlobalMaxPooling2D", "GlobalAveragePooling2D")


@dataclass
class _Channels:
    """The last axis of a tensor: for each position the filter that it comes from, and how strong it is there."""

    names: np.ndarray
    strength: np.ndarray


@dataclass
class _Graph:
    """Filters as numbers in a union-find, and what was learned of them on the walk."""

    parent: list[int] = field(default_factory=list)
    #: The layer's set of filters that each began in: filters of one set, and of sets that are tied, are ranked
    #: together.
    origin: list[int] = field(default_factory=list)
    kept: set[int] = field(default_factory=set)
    score: dict[int, float] = field(default_factory=dict)
    #: What each layer reads and gives: name to (channels in, channels out).
    layers: dict[str, tuple[_Channels, _Channels]] = field(default_factory=dict)
    sets: int = 0

    def new(self, count: int, strength=None) -> _Channels:
        names = np.arange(len(self.parent), len(self.parent) + count)
        self.parent += names.tolist()
        self.origin += [self.sets] * count
        self.sets += 1
        return _Channels(names, np.ones(count) if strength is None else np.asarray(strength, float))

    def root(self, name: int) -> int:
        while self.parent[name] != name:
            self.parent[name] = self.parent[self.parent[name]]
            name = self.parent[name]
        return name

    def tie(self, first: np.ndarray, second: np.ndarray) -> None:
        for one, other in zip(first.tolist(), second.tolist(), strict=True):
            self.parent[self.root(other)] = self.root(one)

    def keep(self, channels: _Channels) -> None:
        self.kept.update(channels.names.tolist())

    def read(self, channels: _Channels, norms: np.ndarray) -> None:
        """Credit filters with what a layer takes of them.

        That is the filter's strength times the size of the weights it meets, over the layer's mean.
        """
        taken = channels.strength * norms
        mean = taken.mean()
        share = taken / mean if mean > 0 else taken
        for name, value in zip(channels.names.tolist(), share.tolist(), strict=True):
            self.score[name] = self.score.get(name, 0.0) + value


def remove(model: keras.Model, share: float, scope: str) -> keras.Model:
    """``model`` without ``share`` of the filters that can go; see ``fer_utils.compress.prune``."""
    graph = _walk(model)
    gone = _chosen(graph, share, scope, model.name)
    if not gone:
        return _rebuilt(model, graph, gone)
    smaller = _rebuilt(model, graph, gone)
    _check(model, smaller, graph, gone)
    return smaller


def _values(variable) -> np.ndarray:
    return keras.ops.convert_to_numpy(variable)


def _walk(model: keras.Model) -> _Graph:
    inner = model._functional if isinstance(model, keras.Sequential) and model.built else model
    nodes = getattr(inner, "_nodes_by_depth", None)
    if nodes is None or type(model).__name__ not in ("Functional", "Sequential"):
        raise invalid(
            "model",
            expected="a functional or sequential model that is built, for structured pruning reads its graph",
            received=f"{model.name} ({type(model).__name__})",
            remedy="Prune it without `structured=True`.",
        )
    graph, found = _Graph(), {}
    ordered = [node for depth in sorted(nodes, reverse=True) for node in nodes[depth]]
    calls: dict[int, int] = {}
    for node in ordered:
        calls[id(node.operation)] = calls.get(id(node.operation), 0) + 1
    for node in ordered:
        layer, given = node.operation, [found[id(tensor)] for tensor in node.input_tensors]
        shapes = [tuple(tensor.shape) for tensor in node.input_tensors]
        made = None
        if len(node.outputs) == 1 and calls[id(layer)] == 1 and given:
            made = _through(graph, layer, given, shapes, tuple(node.outputs[0].shape))
        if (
            made is None
        ):  # an input, a layer called twice, or one that is not known: it and all that touches it stay as they are
            for channels in given:
                graph.keep(channels)
            for tensor in node.outputs:
                made = graph.new(tensor.shape[-1] if len(tensor.shape) > 1 and tensor.shape[-1] else 1)
                graph.keep(made)
                found[id(tensor)] = made
        else:
            found[id(node.outputs[0])] = made
            if given and type(layer).__name__ in _WEIGHTED:
                graph.layers[layer.name] = given[0], made
    for tensor in inner.outputs:
        graph.keep(found[id(tensor)])
    return graph


def _through(graph: _Graph, layer, given: list[_Channels], shapes: list[tuple], shape: tuple) -> _Channels | None:
    """The channels that a layer gives; None for one that must be left alone."""
    kind = type(layer).__name__
    if not isinstance(layer, keras.layers.Layer) and kind not in _MERGING:
        return None
    if getattr(layer, "data_format", "channels_last") == "channels_first":
        return None
    function = getattr(layer, "activation", None)
    if function is not None and getattr(function, "__name__", "") not in _ELEMENTWISE:
        if kind not in ("Conv2D", "SeparableConv2D", "Dense"):
            return None
        mixes = True  # a softmax: what it gives cannot be thinned, what it reads can
    else:
        mixes = False
    first = given[0]
    if kind in ("Conv2D", "Dense", "SeparableConv2D"):
        made = _weighted(graph, layer, kind, first, shapes[0])
        if made is not None and mixes:
            graph.keep(made)
        return made
    if kind == "DepthwiseConv2D":
        kernel, times = (
            _values(layer.depthwise_kernel if hasattr(layer, "depthwise_kernel") else layer.kernel),
            layer.depth_multiplier,
        )
        norms = np.linalg.norm(kernel, axis=(0, 1)).ravel()
        bias = np.abs(_values(layer.bias)) if layer.use_bias else 0
        return _Channels(np.repeat(first.names, times), np.hypot(np.repeat(first.strength, times) * norms, bias))
    if kind == "BatchNormalization":
        if layer.axis not in (-1, len(shapes[0]) - 1):
            return None
        scale = _values(layer.gamma) if layer.scale else np.ones(len(first.names))
        shift = _values(layer.beta) if layer.center else np.zeros(len(first.names))
        return _Channels(first.names, np.hypot(scale, shift))
    if kind in _PASSING and (kind in _FREE_OF_SPACE or len(shape) == len(shapes[0])):
        if kind in _FREE_OF_SPACE and layer.keepdims is False and len(shape) != 2:
            return None
        return first
    if kind == "Flatten":
        times = math.prod(shapes[0][1:-1])
        return _Channels(np.tile(first.names, times), np.tile(first.strength, times))
    if (
        kind in _MERGING
        and len({len(one) for one in shapes}) == 1
        and len({len(one.names) for one in given}) == 1
        and len(given) > 1
    ):
        for other in given[1:]:
            graph.tie(first.names, other.names)
        return _Channels(first.names, np.sqrt(sum(one.strength**2 for one in given)))
    if kind == "Concatenate" and layer.axis in (-1, len(shape) - 1):
        return _Channels(np.concatenate([one.names for one in given]), np.concatenate([one.strength for one in given]))
    return None


def _weighted(graph: _Graph, layer, kind: str, given: _Channels, shape: tuple) -> _Channels | None:
    if kind == "SeparableConv2D":
        depthwise = np.linalg.norm(_values(layer.depthwise_kernel), axis=(0, 1)).ravel()  # (channels in x multiplier)
        pointwise = _values(layer.pointwise_kernel)[0, 0]
        each = layer.depth_multiplier
        read = (depthwise * np.linalg.norm(pointwise, axis=1)).reshape(-1, each)
        graph.read(given, np.linalg.norm(read, axis=1))
        strength = np.linalg.norm(depthwise[:, None] * pointwise, axis=0)
    else:
        if kind == "Conv2D" and layer.groups != 1:
            return None
        kernel = _values(layer.kernel)  # (height, width, channels in, filters), or (in, units)
        kernel = kernel.reshape(-1, *kernel.shape[-2:])
        graph.read(given, np.linalg.norm(kernel, axis=(0, 2)))
        strength = np.linalg.norm(kernel, axis=(0, 1))
    if layer.use_bias:
        strength = np.hypot(strength, _values(layer.bias))
    return graph.new(len(strength), strength)


def _chosen(graph: _Graph, share: float, scope: str, name: str) -> set[int]:
    """The roots of the filters that go: those that least is taken of, of each group of tied sets or of all.

    A layer never loses all of its filters.
    """
    kept = {graph.root(one) for one in graph.kept}
    scores: dict[int, float] = {}
    members: dict[int, set[int]] = {}  # a layer's set of filters to its roots
    sets = list(range(graph.sets))  # a union-find again, of sets

    def group(number: int) -> int:
        while sets[number] != number:
            number = sets[number]
        return number

    for one in range(len(graph.parent)):
        root = graph.root(one)
        scores[root] = scores.get(root, 0.0) + graph.score.get(one, 0.0)
        members.setdefault(graph.origin[one], set()).add(root)
        sets[group(graph.origin[one])] = group(graph.origin[root])
    groups: dict[int, list[int]] = {}
    for root in sorted(scores):
        if root not in kept:
            groups.setdefault(group(graph.origin[root]), []).append(root)
    if not groups:
        raise invalid(
            "model",
            expected="a network with filters that can go: a convolution or dense layer before the last, and no layer "
            "between that must keep all of its channels",
            received=name,
            remedy="Prune it without `structured=True`.",
        )
    # No layer may lose all that it makes: its strongest filter stays.
    stay = {max(sorted(roots), key=scores.__getitem__) for roots in members.values()}
    if scope == "global":
        groups = {0: [root for roots in groups.values() for root in roots]}
    return {
        root
        for roots in groups.values()
        for root in sorted((one for one in roots if one not in stay), key=scores.__getitem__)[
            : round(share * len(roots))
        ]
    }


def _stays(graph: _Graph, channels: _Channels, gone: set[int]) -> np.ndarray:
    return np.array([graph.root(one) not in gone for one in channels.names.tolist()], dtype=bool)


def _rebuilt(model: keras.Model, graph: _Graph, gone: set[int]) -> keras.Model:
    def thinner(layer):
        config = layer.get_config()
        if layer.name in graph.layers and type(layer).__name__ in ("Conv2D", "SeparableConv2D", "Dense"):
            count = int(_stays(graph, graph.layers[layer.name][1], gone).sum())
            config["units" if isinstance(layer, keras.layers.Dense) else "filters"] = count
        return type(layer).from_config(config)

    smaller = keras.models.clone_model(model, clone_function=thinner)
    for layer in smaller.layers:
        if not layer.weights:  # an input may have another name now
            continue
        old = model.get_layer(layer.name)
        if layer.name not in graph.layers:
            layer.set_weights(old.get_weights())
            continue
        given, made = (_stays(graph, channels, gone) for channels in graph.layers[layer.name])
        layer.set_weights([_cut(old, variable, given, made) for variable in old.weights])
    return smaller


def _cut(layer, variable, given: np.ndarray, made: np.ndarray) -> np.ndarray:
    """A layer's weights without the channels that are gone on either side."""
    values, kind = _values(variable), type(layer).__name__
    if len(values.shape) == 1:  # a bias, or normalisation's
        return values[made]
    if kind == "DepthwiseConv2D" or variable is getattr(layer, "depthwise_kernel", None):
        return values[:, :, given]
    if kind == "SeparableConv2D":
        given = np.repeat(given, layer.depth_multiplier)
    return values[..., given, :][..., made]


def _check(model: keras.Model, smaller: keras.Model, graph: _Graph, gone: set[int]) -> None:
    """Refuse a smaller network that does not compute what the old one computes without the taken filters.

    They are silenced in the old one where they are read, by weights of zero.
    """
    silenced = keras.models.clone_model(model)
    silenced.set_weights(model.get_weights())
    for layer in silenced.layers:
        if layer.name not in graph.layers or type(layer).__name__ not in ("Conv2D", "SeparableConv2D", "Dense"):
            continue
        stays = _stays(graph, graph.layers[layer.name][0], gone)
        kernel = layer.depthwise_kernel if isinstance(layer, keras.layers.SeparableConv2D) else layer.kernel
        values = _values(kernel).copy()
        axis = 0 if isinstance(layer, keras.layers.Dense) else 2
        values[(slice(None),) * axis + (~stays,)] = 0
        kernel.assign(values)
    generator = np.random.default_rng(0)
    images = [
        generator.uniform(0, 255, (2, *(side or 64 for side in tensor.shape[1:]))).astype("float32")
        for tensor in model.inputs
    ]
    images = images[0] if len(images) == 1 else images
    here, there = (keras.tree.flatten(one(images, training=False)) for one in (silenced, smaller))
    for one, other in zip(here, there, strict=True):
        one, other = _values(one), _values(other)
        if not np.allclose(one, other, rtol=1e-3, atol=1e-4 * max(1.0, float(np.abs(one).max()))):
            raise FerError(
                f"{model.name} without {len(gone)} of its filters does not compute what it does with them silenced "
                f"(apart by {np.abs(one - other).max():.3g}), so it is not given out: its graph is not understood "
                "here. Prune it without `structured=True`."
            )
