"""The weights of the package's trained network, as ``drawn48_network.js`` takes them.

They are read from the network's own file, in which batch normalisation has become a part of the weights already.  A
page gets three bytes for each weight in place of four: float32 without its last byte, which changes a weight by less
than one part in 65,000.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from fer_utils.core.errors import FerError, invalid, missing
from fer_utils.models import pretrained_networks

#: The two branches, whose mean is the network, by their fixed first layer; and what the file calls them.
BRANCHES = {"contrast": "branch1", "gradients": "branch2"}


@dataclass(frozen=True)
class Layer:
    """One learned layer.

    Attributes
    ----------
    branch : ``contrast`` or ``gradients``.
    name : as in ``fer_utils.models.contrast``.
    shape : of the kernel as Keras has it: (rows, columns, inputs, outputs).  A depthwise kernel has 1 output for each
        input; the dense layer reads a map of 6 x 6 and has its kernel written in the same way.
    """

    branch: str
    name: str
    shape: tuple[int, int, int, int]

    @property
    def depthwise(self) -> bool:
        return self.name.endswith("_depthwise")

    @property
    def biases(self) -> int:
        """How many biases it has: one for each channel that comes out."""
        return self.shape[2] if self.depthwise else self.shape[3]

    @property
    def size(self) -> int:
        """How many weights the kernel has."""
        return int(np.prod(self.shape))


_BEHIND: tuple[tuple[str, tuple[int, int, int, int]], ...] = (
    ("conv2_depthwise", (3, 3, 32, 1)),
    ("conv2_pointwise", (1, 1, 32, 48)),
    ("conv3_depthwise", (3, 3, 48, 1)),
    ("conv3_pointwise", (1, 1, 48, 64)),
    ("probabilities", (6, 6, 64, 7)),
)
#: The layers in the order in which their weights lie: each kernel, then its biases.
LAYERS: tuple[Layer, ...] = (
    Layer("contrast", "stem_conv", (3, 3, 1, 16)),
    Layer("contrast", "conv1", (3, 3, 16, 32)),
    *(Layer("contrast", name, shape) for name, shape in _BEHIND),
    Layer("gradients", "conv1", (3, 3, 8, 32)),
    *(Layer("gradients", name, shape) for name, shape in _BEHIND),
)


def layers() -> list[tuple[np.ndarray, np.ndarray]]:
    """Kernel, of the layer's ``shape``, and biases of each of `LAYERS`, float32; copies.

    Raises
    ------
    FerError : the network's file was changed, or LiteRT is not installed.
    """
    return [(kernel.copy(), bias.copy()) for kernel, bias in _read()]


def _interpreter(content: bytes):
    """LiteRT's interpreter of a file's bytes, on one thread."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        raise missing("ai-edge-litert", needed_for="a trained network", remedy="pip install ai-edge-litert") from None
    return Interpreter(model_content=content, num_threads=1)


@cache
def _read() -> list[tuple[np.ndarray, np.ndarray]]:
    file = pretrained_networks.find().checked()
    interpreter = _interpreter(file.read_bytes())
    tensors = [(one["index"], one["name"], tuple(one["shape"])) for one in interpreter.get_tensor_details()]

    def found(layer: Layer, shape: tuple[int, ...]) -> np.ndarray:
        """The constant of this shape among the tensors that the file names after the layer."""
        mark = f"{BRANCHES[layer.branch]}_1/{layer.name}_1/"
        numbers = [number for number, name, size in tensors if mark in name and size == shape]
        if len(numbers) != 1:
            raise FerError(
                f"{file} has {len(numbers)} tensors {shape} of {layer.branch}, {layer.name}; 1 was expected."
            )
        return interpreter.get_tensor(numbers[0])

    read = []
    for layer in LAYERS:
        rows, columns, inputs, outputs = layer.shape
        if layer.name == "probabilities":
            kernel = found(layer, (outputs, rows * columns * inputs)).T
        elif layer.depthwise:
            kernel = found(layer, (1, rows, columns, inputs))
        else:
            kernel = found(layer, (outputs, rows, columns, inputs)).transpose(1, 2, 3, 0)
        read.append((np.ascontiguousarray(kernel).reshape(layer.shape), found(layer, (layer.biases,))))
    return read


def flat(weights: list[tuple[np.ndarray, np.ndarray]] | None = None) -> np.ndarray:
    """All weights in one row, (50446,) float32: of each layer the kernel, then the biases; None for the file's own."""
    parts = [np.ravel(part) for pair in (layers() if weights is None else weights) for part in pair]
    return np.concatenate(parts).astype("float32")


def packed(weights: np.ndarray | None = None) -> bytes:
    """Weights as `flat` gives them (None: the file's own) in three bytes each, rounded; lowest byte first."""
    bits = (flat() if weights is None else np.asarray(weights, "float32")).view("<u4").astype("uint64")
    rounded = np.minimum((bits + 0x80) >> 8, 0xFFFFFF).astype("<u4")
    return rounded.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


def as_sent() -> list[tuple[np.ndarray, np.ndarray]]:
    """`layers` as a page has them: each weight in three bytes."""
    values, made, start = unpacked(packed()), [], 0
    for layer in LAYERS:
        middle, end = start + layer.size, start + layer.size + layer.biases
        made.append((values[start:middle].reshape(layer.shape), values[middle:end]))
        start = end
    return made


def scores(faces: np.ndarray, weights: list[tuple[np.ndarray, np.ndarray]] | None = None) -> np.ndarray:
    """The network's scores of faces, with its own weights or with others, by LiteRT: (N, 7), each row adds up to 1.

    Parameters
    ----------
    faces : (N, 48, 48), 0..255.
    weights : as `layers` gives them; None for the file's own.  The others take the place of the file's own bytes.
    """
    interpreter = _interpreter(_content(weights))
    interpreter.allocate_tensors()
    given, found = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    answers = np.empty((len(faces), 7))
    for number, face in enumerate(np.asarray(faces, "float32")):
        interpreter.set_tensor(given, face[None, :, :, None])
        interpreter.invoke()
        answers[number] = interpreter.get_tensor(found)[0]
    return answers


def _content(weights: list[tuple[np.ndarray, np.ndarray]] | None) -> bytes:
    """The network's file with these weights in the place of its own."""
    content = pretrained_networks.find().checked().read_bytes()
    if weights is None:
        return content
    for layer, own, other in zip(LAYERS, layers(), weights, strict=True):
        for before, after in zip(own, other, strict=True):
            if np.array_equal(before, after):
                continue
            old, new = (_as_in_the_file(layer, part).tobytes() for part in (before, after))
            if content.count(old) != 1:
                raise FerError(f"The weights of {layer.branch}, {layer.name} are not found in the network's file.")
            content = content.replace(old, new)
    return content


def _as_in_the_file(layer: Layer, part: np.ndarray) -> np.ndarray:
    """A kernel with the axes that LiteRT has; biases as they are."""
    if part.ndim == 1 or layer.depthwise:
        return np.asarray(part, "<f4")
    return np.ascontiguousarray(np.moveaxis(part, 3, 0), "<f4")  # outputs first


def unpacked(packed_weights: bytes) -> np.ndarray:
    """What a page reads of `packed`: float32.

    Raises
    ------
    FerError : the bytes are no multiple of three.
    """
    if len(packed_weights) % 3:
        raise invalid("packed_weights", expected="three bytes for each weight", received=f"{len(packed_weights)} bytes")
    three = np.frombuffer(packed_weights, np.uint8).reshape(-1, 3)
    bits = np.zeros((len(three), 4), np.uint8)
    bits[:, 1:] = three
    return bits.view("<f4").ravel().astype("float32")
