"""The roofline model: what one face asks of a processor, and what the processor can give at most.

A network computes so many operations on so many bytes that are moved; their quotient is its arithmetic intensity.  No
network does more operations a second than the processor's peak, nor more than its intensity times the bytes a second
that arrive (Williams, Waterman & Patterson 2009, doi 10.1145/1498765.1498785).
"""

from __future__ import annotations

from dataclasses import dataclass
import math
from pathlib import Path
import tempfile
from time import perf_counter

import keras
import numpy as np

from fer_utils import models
from fer_utils.compress.exporting import export
from fer_utils.compress.loading import load
from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.stages import stage

#: Layers that hand their input on when a network is used, and move nothing.
_VIEWS = ("Dropout", "SpatialDropout2D", "Flatten", "Reshape", "Identity", "GaussianNoise", "GaussianDropout")
_BYTES_A_NUMBER = 4


@dataclass(frozen=True)
class Work:
    """What one face costs: ``operations`` (two for each multiply-accumulate) and ``bytes`` moved, in float32."""

    operations: int
    bytes: int

    @property
    def intensity(self) -> float:
        """Operations for each byte that is moved."""
        return self.operations / self.bytes


@dataclass(frozen=True)
class Ceilings:
    """What a processor gives at most: ``peak`` in operations a second, ``bandwidth`` in bytes a second."""

    peak: float
    bandwidth: float

    def attainable(self, intensity: float) -> float:
        """Operations a second that are possible at an arithmetic intensity (operations for each byte)."""
        return min(self.peak, intensity * self.bandwidth)


def work(model: keras.Model) -> Work:
    """Count the work of one face.

    Bytes moved: each layer reads its inputs and its weights and writes its output once, four bytes a number.  An engine
    that joins layers moves less; one whose caches are too small moves more.

    Parameters
    ----------
    model : a functional or sequential Keras model with convolutions or dense layers.

    Raises
    ------
    FerError for something else.
    """
    operations = 2 * models.profile(model).macs
    if not operations or not isinstance(model, keras.Model) or not hasattr(model, "layers"):
        raise invalid("model", expected="a network with convolutions or dense layers", received=model)
    numbers = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer) or type(layer).__name__ in _VIEWS:
            continue
        inputs = layer.input if isinstance(layer.input, list) else [layer.input]
        shapes = [tensor.shape[1:] for tensor in (*inputs, layer.output)]
        numbers += sum(math.prod(shape) for shape in shapes) + layer.count_params()
    return Work(operations, _BYTES_A_NUMBER * int(numbers))


@stage("timing")
def ceilings(array_bytes: int, *, repeats: int = 40) -> Ceilings:
    """Measure this machine: LiteRT's best on one thread, and how fast bytes are copied.

    The peak is that of a convolution of 64 filters of 3 x 3 over 64 channels, which uses each number many times.  The
    bandwidth is that of copying an array: what is read and what is written count.  Of many repeats the fastest is
    taken, for other programs only make it slower.

    Parameters
    ----------
    array_bytes : size of the copied arrays together, 1,000 or more; as large as what the networks move, so that it
        lies in the same cache.
    repeats : of both measurements, 1 or more.

    Raises
    ------
    FerError for numbers out of range.
    """
    length = whole_number("array_bytes", array_bytes, 1000) // (2 * _BYTES_A_NUMBER)
    repeats = whole_number("repeats", repeats, 1)
    wide = keras.Sequential(
        [
            keras.Input((32, 32, 64)),
            keras.layers.Conv2D(64, 3, padding="same"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    with tempfile.TemporaryDirectory() as folder:
        runner = load(export(wide, Path(folder, "wide.tflite"), progress=False))
    image = np.ones((1, 32, 32, 64), np.float32)
    source, target = np.ones(length, np.float32), np.empty(length, np.float32)
    fastest = min(_seconds(runner, image) for _ in range(repeats))
    copying = min(_seconds(np.copyto, target, source) for _ in range(10 * repeats))
    return Ceilings(work(wide).operations / fastest, 2 * source.nbytes / copying)


def _seconds(function, *given) -> float:
    start = perf_counter()
    function(*given)
    return max(perf_counter() - start, 1e-9)  # a clock that did not tick must not divide by zero
