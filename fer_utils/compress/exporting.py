"""Writing a network as a file for another engine, and checking the file against Keras.

The working path (Keras 3, TensorFlow 2.21): ``model.export`` to a SavedModel,
then the converter.  ``from_concrete_functions`` on a Keras 3 model silently
writes a file without weights, which is why every file is checked here.
"""

from __future__ import annotations

from dataclasses import dataclass
import os
from pathlib import Path
import tempfile

import keras
import numpy as np

from ..errors import FerError, invalid, missing
from ..paths import write_atomic
from .pruning import kernels

FORMATS = ("litert",)
QUANTIZE = (None, "float16", "dynamic", "int8")

#: Mean distance from Keras' probabilities (half the sum of absolute differences,
#: 0 to 1) beyond which a file is broken and not merely rounded.
TOLERANCE = {None: 1e-3, "float16": 0.02, "dynamic": 0.1, "int8": 0.25}
#: Least bytes for each kernel weight; small tensors may stay in float32, none may vanish.
_BYTES = {None: 4, "float16": 2, "dynamic": 1, "int8": 1}
# Enough for stable ranges of the activations, and quick.
_CALIBRATION_IMAGES = 200
_CHECKED_IMAGES = 32


@dataclass(frozen=True)
class Export:
    """A written file and how well it agreed with Keras right after writing.

    Attributes
    ----------
    path : the file.
    name : the model's name.
    format, quantize : as asked for.
    bytes : size of the file.
    checked : images on which it was compared with Keras.
    agreement : share of them with the same first label, 0 to 1.
    difference : greatest absolute difference of a probability.
    distance : mean over images of half the sum of absolute differences of the
        probabilities, 0 (the same) to 1.
    """

    path: Path
    name: str
    format: str
    quantize: str | None
    bytes: int
    checked: int
    agreement: float
    difference: float
    distance: float

    def __str__(self) -> str:
        return (
            f"{self.path.name}: {self.bytes:,} bytes, {self.quantize or 'float32'}; same label as Keras on "
            f"{self.agreement:.1%} of {self.checked} images, probabilities within {self.difference:.2g}"
        )


def export(
    model: keras.Model, path: str | os.PathLike, *, format: str = "litert", quantize: str | None = None,
    calibration=None, progress: bool = True,
) -> Export:
    """Write ``model`` as one file that runs without Keras, and check it.

    Batch 1; float pixels 0..255 in and float probabilities out, whatever the
    numbers inside.  The file appears only if it passes the check.

    Parameters
    ----------
    model : a network of the registry, or any functional or sequential one with
        one image input and one probability output.
    path : the file to write; its folder is made.
    format : ``"litert"`` (a ``.tflite`` file).
    quantize : None (float32); ``"float16"`` (weights in half precision);
        ``"dynamic"`` (weights in 8 bits); ``"int8"`` (weights and activations
        in 8 bits, integers all through but for a number here and there that
        the converter has no integer operation for, such as the negated mean
        that a ``LayerNormalization`` takes from each picture).
    calibration : images (N, height, width, channels), 0..255, from the
        training set.  Needed for ``"int8"``, where up to 200 of them set the
        activations' ranges; up to 32, evenly spaced, are what the file is
        checked on.  Without it the check uses noise and blobs.
    progress : a bar for what takes over two seconds.

    Returns
    -------
    Export

    Raises
    ------
    FerError for an unknown format or quantisation, missing calibration or
    images of another shape, a model that cannot be exported (``knn``), and for
    a file that does not compute what Keras does.
    MissingPackage where TensorFlow, whose converter this is, is not installed.
    """
    if format not in FORMATS:
        raise invalid("format", expected="one of " + ", ".join(map(repr, FORMATS)), received=format)
    if quantize not in QUANTIZE:
        raise invalid("quantize", expected="one of " + ", ".join(map(repr, QUANTIZE)), received=quantize)
    weights = sum(int(np.prod(kernel.shape)) for kernel in kernels(model))
    shape = tuple(model.input_shape[1:])
    if len(shape) != 3 or None in shape:
        raise invalid("model", expected="one input of shape (height, width, channels)", received=shape)
    if calibration is None and quantize == "int8":
        raise invalid(
            "calibration", expected="images of the training set, for int8 takes its ranges from them",
            received=None,
        )
    images = _synthetic(shape) if calibration is None else checked_images(calibration, shape, "calibration")
    path = Path(path).expanduser()
    if path.is_dir():
        raise invalid("path", expected="a file to write", received=str(path))

    content = _litert(model, shape, quantize, images, progress)
    if len(content) < 0.95 * weights * _BYTES[quantize]:
        raise FerError(
            f"The {format} file of {model.name} has {len(content):,} bytes for {weights:,} weights: the "
            "converter lost some. Nothing was written."
        )
    from .running import LiteRT

    sample = images[_spread(len(images), _CHECKED_IMAGES)].astype("float32")
    try:
        there = LiteRT(content, threads=1)(sample)
    except (ValueError, RuntimeError) as error:
        raise FerError(
            f"LiteRT cannot run the file it made of {model.name} (quantize={quantize!r}): {error}. Nothing was written."
        ) from error
    here = np.asarray(keras.ops.convert_to_numpy(model(sample, training=False)), dtype="float32")
    apart = np.abs(here - there)
    distance = float(apart.sum(axis=1).mean() / 2)
    if not distance <= TOLERANCE[quantize]:  # written so that NaN is refused too
        raise FerError(
            f"The {format} file of {model.name} (quantize={quantize!r}) does not compute what Keras does: "
            f"mean distance of the probabilities {distance:.3f} on {len(sample)} images, at most "
            f"{TOLERANCE[quantize]} accepted. Nothing was written."
            + ("\nCalibrate with more, and more typical, images." if quantize == "int8" else "")
        )
    write_atomic(path, content)
    return Export(
        path=path, name=model.name, format=format, quantize=quantize, bytes=len(content),
        checked=len(sample), agreement=float((here.argmax(axis=1) == there.argmax(axis=1)).mean()),
        difference=float(apart.max()), distance=distance,
    )


def checked_images(images, shape: tuple[int, ...], argument: str) -> np.ndarray:
    """``images`` as an array (N, *shape) with N of 1 or more; else one FerError naming ``argument``."""
    images = images if isinstance(images, np.ndarray) else np.asarray(images)
    if images.ndim != 4 or tuple(images.shape[1:]) != tuple(shape) or not len(images) or images.dtype.kind not in "uif":
        raise invalid(
            argument, expected=f"numbers of shape (N, {', '.join(map(str, shape))}) with N of 1 or more",
            received=f"shape {images.shape}, {images.dtype}",
        )
    return images


def _spread(count: int, most: int) -> np.ndarray:
    """Up to ``most`` row numbers, evenly spaced, increasing."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))


def _synthetic(shape: tuple[int, int, int]) -> np.ndarray:
    """Eight images that differ in scale and place: noise, and blobs of light."""
    generator = np.random.default_rng(0)
    height, width, channels = shape
    y, x = np.mgrid[:height, :width]
    images = [generator.integers(0, 256, shape) for _ in range(2)]
    for _ in range(6):
        row, column, spread = generator.uniform((0, 0, 0.1), (height, width, 0.5))
        blob = np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * (spread * min(height, width)) ** 2))
        images.append(np.repeat((255 * blob)[..., None], channels, axis=-1))
    return np.stack(images).astype("float32")


def _litert(model: keras.Model, shape, quantize: str | None, images: np.ndarray, progress: bool) -> bytes:
    if keras.backend.backend() != "tensorflow":
        raise FerError(
            f"LiteRT export needs Keras on its TensorFlow backend; it runs on {keras.backend.backend()}. "
            "Remedy: save the model, set KERAS_BACKEND=tensorflow, load it and export."
        )
    try:
        import tensorflow as tf
    except ImportError:
        raise missing(
            "tensorflow", needed_for="format='litert'", remedy="pip install tensorflow-cpu (or tensorflow)"
        ) from None
    from tqdm import tqdm

    def representative():
        rows = _spread(len(images), _CALIBRATION_IMAGES)
        for row in tqdm(rows, desc="calibrating", unit="image", delay=2, disable=not progress):
            yield [images[row : row + 1].astype("float32")]

    with tempfile.TemporaryDirectory() as folder:
        model.export(folder, input_signature=[keras.InputSpec(shape=(1, *shape), dtype="float32")], verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if quantize:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if quantize == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if quantize == "int8":
            converter.representative_dataset = representative
            # Refuse rather than leave an operation in float.
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        return converter.convert()
