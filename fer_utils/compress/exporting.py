"""Writing a network as a file for another engine, and checking the file against Keras.

The working path (Keras 3, TensorFlow 2.21): a SavedModel,
then the converter (see ``fer_utils.compress.converting``).
``from_concrete_functions`` on a Keras 3 model silently writes a file without
weights, which is why every file is checked here.

Quantisation-aware training is not offered.  tensorflow-model-optimization does
not run on Keras 3, nncf no longer trains TensorFlow networks, ai-edge-quantizer
works after training, and Keras' own ``model.quantize("int8")`` takes dense layers
only and does not convert afterwards.  What could be written by hand, rounding in
the training graph, would round elsewhere than the three converters do (they fold
normalisation and activations into the convolutions first), so it would train for
a network that no file holds.  `fer_utils.studies.compression` measures what int8 after
training costs; that is the most that it could win back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
import functools
import os
from pathlib import Path
import tempfile

import keras
import numpy as np

from fer_utils.compress import converting
from fer_utils.compress import self_test as self_tests
from fer_utils.compress.converting import Converted, spread
from fer_utils.compress.engines import LiteRT, OnnxRuntime, checked_images
from fer_utils.compress.formats import (
    ENDINGS,
    ENGINE_OF_FORMAT,
    check_way,
    checked_float_operations,
    checked_path,
    checked_weight_bits,
)
from fer_utils.compress.loading import load
from fer_utils.compress.pruning import kernels
from fer_utils.core.disk import check_folder, refusals_said
from fer_utils.core.errors import FerError, invalid
from fer_utils.core.paths import write_atomic
from fer_utils.core.stages import stage

#: Mean distance from Keras' probabilities (half the sum of absolute differences,
#: 0 to 1) beyond which a file is broken and not merely rounded.
TOLERANCE = {None: 1e-3, "float16": 0.02, "dynamic": 0.1, "int8": 0.25}
#: Least bytes for each kernel weight; small tensors may stay in float32, none may vanish.
_BYTES_A_WEIGHT = {None: 4, "float16": 2, "dynamic": 1, "int8": 1}
_CHECKED_IMAGES = 32


@dataclass(frozen=True)
class Export:
    """A written file and how well it agreed with Keras right after writing.

    Attributes
    ----------
    path : the file (OpenVINO's ``.xml``; its weights lie beside it in a ``.bin``).
    name : the model's name.
    format, quantize : as asked for.
    bytes : size of the network: the file, or OpenVINO's two, without the self-test.
    checked : images on which it was compared with Keras.
    agreement : share of them with the same first label, 0 to 1.
    difference : greatest absolute difference of a probability.
    distance : mean over images of half the sum of absolute differences of the
        probabilities, 0 (the same) to 1.
    weight_bits : 7 or 8 for int8 in ONNX and OpenVINO, else None.
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
    weight_bits: int | None = None

    def __str__(self) -> str:
        return (
            f"{self.path.name}: {self.bytes:,} bytes, {self.quantize or 'float32'}; same label as Keras on "
            f"{self.agreement:.1%} of {self.checked} images, probabilities within {self.difference:.2g}"
        )


@stage("export")
def export(
    model: keras.Model,
    path: str | os.PathLike,
    *,
    format: str = "litert",
    quantize: str | None = None,
    calibration=None,
    weight_bits: int | None = None,
    float_operations: Iterable[str] | None = None,
    progress: bool = True,
) -> Export:
    """Write ``model`` as one file that runs without Keras, and check it.

    Batch 1; float pixels 0..255 in and float probabilities out, whatever the
    numbers inside.  The file appears only if it passes the check.  It carries a
    self-test, which ``load`` runs on the machine where the file is used (see
    `fer_utils.compress.self_test`).

    Parameters
    ----------
    model : a network of the registry, or any functional or sequential one with
        one image input and one output of probabilities.
    path : the file to write; its folder is made.  It ends in ``.onnx`` for ONNX
        and in ``.xml`` for OpenVINO, which puts a ``.bin`` beside it.
    format : ``"litert"`` (a ``.tflite`` file), ``"onnx"`` (for onnxruntime) or
        ``"openvino"``.
    quantize : None (float32); ``"float16"`` (weights in half precision, computed
        with in float32); ``"dynamic"`` (weights in 8 bits; where the engine has
        the operations, activations are rounded to 8 bits by each picture's own range; not
        for OpenVINO); ``"int8"`` (weights and activations in 8 bits; with
        LiteRT integers all through but for a number here and there that
        the converter has no integer operation for, such as the negated mean
        that a ``LayerNormalization`` takes from each picture; the others leave
        the softmax in float).
    calibration : images (N, height, width, channels), 0..255, from the
        training set.  Needed for ``"int8"``, where up to 200 of them set the
        activations' ranges; up to 32, evenly spaced, are what the file is
        checked on.  Without it the check uses noise and blobs.
    weight_bits : for ``"int8"`` in ONNX and OpenVINO only.  7, which None means
        too, computes the same on every processor.  8 rounds the weights more
        finely, and is right only where the processor has VNNI instructions:
        on another x86 processor sums overflow, and ``load`` refuses a file
        that is wrong there, and some that are only a little off.  LiteRT's int8 weights always have 8 bits; its
        kernels do not overflow.
    float_operations : for ``"int8"`` in LiteRT only: names of LiteRT's operations, such as ``"DIV"``, that stay in
        float32.  A layer that divides by a small number, or squares, has too wide a range for 8 bits.  None: what the
        model's layers name in an attribute of this name, as the fixed layers of `fer_utils.models.contrast` do.
    progress : a bar for what takes over two seconds.

    Returns
    -------
    Export

    Raises
    ------
    FerError for an unknown format or quantisation, or a pair that does not
    exist; missing calibration or images of another shape; ``weight_bits`` that
    are not 7 or 8, or no choice; ``float_operations`` that are no choice; a model that cannot be exported (``knn``) or
    that the converter cannot quantise; and for a file that does not compute
    what Keras does, or on this processor not what its own numbers say.
    MissingPackage where a converter or engine is not installed.
    """
    check_way(format, quantize)
    weight_bits = checked_weight_bits(weight_bits, format, quantize)
    if float_operations is None:
        float_operations = _float_operations(model) if (format, quantize) == ("litert", "int8") else ()
    in_float = checked_float_operations(float_operations, format, quantize)
    weights = sum(int(np.prod(kernel.shape)) for kernel in kernels(model))
    shape = image_shape(model)
    images = _checked_calibration(calibration, shape, quantize)
    path = checked_path(path, format)
    check_folder(
        "path",
        path.parent,
        needed=int(weights * _BYTES_A_WEIGHT[quantize]),
        what="the file",
        remedy="name another path.",
    )
    sample = images[spread(len(images), _CHECKED_IMAGES)].astype("float32")
    here = _keras_answers(model, sample)

    made = _converted(model, shape, format, quantize, images, weight_bits, progress, in_float)
    size = sum(len(content) for content in made.files)
    if size < 0.95 * weights * _BYTES_A_WEIGHT[quantize]:
        raise FerError(
            f"The {format} file of {model.name} has {size:,} bytes for {weights:,} weights: the "
            "converter lost some. Nothing was written."
        )
    there, shown = _engine_answers(made, format, quantize, model.name, [sample, self_tests.pictures(shape)])
    # First, for a sum that overflows is a fault of this processor, which no calibration mends.
    test = _self_test(made, shape, format, quantize, weight_bits, shown)
    found = self_tests.difference(lambda _: shown, test, shape)
    if not found.accepted:
        name = f"The {format} file of {model.name} (quantize={quantize!r}, not written)"
        raise self_tests.failure(name, ENGINE_OF_FORMAT[format], test, found)
    apart = np.abs(here - there)
    distance = float(apart.sum(axis=1).mean() / 2)
    if not distance <= TOLERANCE[quantize]:  # written so that NaN is refused too
        raise FerError(
            f"The {format} file of {model.name} (quantize={quantize!r}) does not compute what Keras does: "
            f"mean distance of the probabilities {distance:.3f} on {len(sample)} images, at most "
            f"{TOLERANCE[quantize]} accepted. Nothing was written."
            + ("\nCalibrate with more, and more typical, images." if quantize == "int8" else "")
        )
    first, *others = made.files
    with refusals_said(f"The {format} file of {model.name}"):
        _write(path, [self_tests.attach(first, format, test), *others])
    return Export(
        path=path,
        name=model.name,
        format=format,
        quantize=quantize,
        bytes=size,
        checked=len(sample),
        agreement=float((here.argmax(axis=1) == there.argmax(axis=1)).mean()),
        difference=float(apart.max()),
        distance=distance,
        weight_bits=weight_bits,
    )


def image_shape(model: keras.Model) -> tuple[int, int, int]:
    """Height, width and channels of a model's one input.

    Raises
    ------
    FerError for several inputs or outputs, for another input, or an output that is not a row of scores.
    """
    inputs, outputs = model.inputs or [], model.outputs or []
    if len(inputs) != 1 or len(outputs) != 1:
        raise invalid(
            "model", expected="one input and one output", received=f"{len(inputs)} inputs and {len(outputs)} outputs"
        )
    shape = tuple(inputs[0].shape[1:])
    if len(shape) != 3 or None in shape:
        raise invalid("model", expected="one input of shape (height, width, channels)", received=shape)
    if len(outputs[0].shape) != 2:
        raise invalid("model", expected="one output of shape (classes,)", received=tuple(outputs[0].shape[1:]))
    return shape


# ---- what was asked for -------------------------------------------------------------------------


def _checked_calibration(calibration, shape: tuple[int, int, int], quantize: str | None) -> np.ndarray:
    """The images (N, *shape) to calibrate with and to check on: those given, else drawn ones."""
    if calibration is None and quantize == "int8":
        raise invalid(
            "calibration",
            expected="images of the training set, for int8 takes its ranges from them",
            received=None,
        )
    images = _synthetic(shape) if calibration is None else checked_images(calibration, shape, "calibration")
    if images.dtype.kind == "f" and not np.isfinite(images).all():
        raise invalid(
            "calibration", expected="finite numbers", received=f"{int((~np.isfinite(images)).sum())} that are not"
        )
    return images


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


# ---- converting, checking, writing --------------------------------------------------------------


def _float_operations(model: keras.Model) -> tuple[str, ...]:
    """The operations that layers of a model, and of the models within it, want in float32, sorted."""
    if not isinstance(model, keras.Model):
        return ()  # what it is instead is said where its kernels are asked for
    layers = model._flatten_layers(include_self=False)
    return tuple(sorted({name for layer in layers for name in getattr(layer, "float_operations", ())}))


def _keras_answers(model: keras.Model, sample: np.ndarray) -> np.ndarray:
    """Keras' probabilities; FerError if they are none."""
    answers = np.asarray(keras.ops.convert_to_numpy(model(sample, training=False)), dtype="float32")
    if not (answers >= 0).all() or not np.allclose(answers.sum(axis=1), 1, atol=1e-3):
        raise invalid(
            "model",
            expected="a network that ends in probabilities (a softmax), finite ones",
            received=model.name,
            remedy="Put keras.layers.Softmax() behind it: what is exported gives probabilities.",
        )
    return answers


def _converted(
    model,
    shape,
    format: str,
    quantize: str | None,
    images: np.ndarray,
    weight_bits: int | None,
    progress: bool,
    in_float: tuple[str, ...],
) -> Converted:
    """What the format's converter makes; a converter's own error becomes one of ours."""
    convert = {"litert": _litert, "onnx": _onnx, "openvino": _openvino}[format]
    if in_float:
        convert = functools.partial(convert, float_operations=in_float)
    try:
        return convert(model, shape, quantize, images, weight_bits, progress)
    except (FerError, ImportError):
        raise
    except Exception as error:
        said = " ".join(str(error).split())
        raise FerError(
            f"{model.name} cannot be written with format={format!r} and quantize={quantize!r}: its converter stopped "
            f"with {type(error).__name__}: {said[:300]}. Nothing was written.\nIt may have a layer without such an "
            "operation: " + ("try quantize=None, or another format." if quantize else "try another format.")
        ) from error


def _engine_answers(
    made: Converted, format: str, quantize: str | None, name: str, batches: list[np.ndarray]
) -> list[np.ndarray]:
    """The probabilities that the format's own engine computes for each batch of images."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"model{ENDINGS[format] or '.tflite'}")
        for path, content in zip((file, file.with_suffix(".bin")), made.files, strict=False):
            path.write_bytes(content)
        try:
            run = load(file, engine=ENGINE_OF_FORMAT[format])
            return [run(images) for images in batches]
        except ImportError:
            raise
        except Exception as error:
            cause = error.__cause__ or error
            engine = "LiteRT" if format == "litert" else ENGINE_OF_FORMAT[format]
            raise FerError(
                f"{engine} cannot run the file it made of {name} (quantize={quantize!r}): {cause}. Nothing was written."
            ) from error


def _self_test(
    made: Converted,
    shape: tuple[int, int, int],
    format: str,
    quantize: str | None,
    weight_bits: int | None,
    answers: np.ndarray,
) -> self_tests.SelfTest:
    """What the file must answer wherever it is loaded.

    Where it computes in floats, that is what it answers here (``answers``), for it was just compared with Keras.  An
    int8 file may be one that this processor computes wrongly, so its answers are computed another way: an ONNX file,
    or the one that OpenVINO's came from, node by node in float32, a LiteRT file without its fast kernels.
    """
    if quantize == "int8":
        if format == "litert":
            plain = LiteRT(made.files[0], threads=1, plain=True)
        else:
            plain = OnnxRuntime(made.onnx, threads=1, plain=True)
        answers = plain(self_tests.pictures(shape))
    return self_tests.SelfTest(answers, self_tests.TOLERANCE[quantize], quantize, weight_bits)


def _write(path: Path, contents: list[bytes]) -> None:
    """One file at once; of two the weights first: never a mixed pair.

    An older pair's first file goes before its second, so that what a crash leaves is no pair at all.
    """
    first, *rest = contents
    for content in rest:
        hidden = path.with_name(f".{path.stem}.new.bin")
        try:
            write_atomic(hidden, content)  # a full disk, or a kill, is met here, while the old pair still stands
            path.unlink(missing_ok=True)
            os.replace(hidden, path.with_suffix(".bin"))
        except BaseException:
            hidden.unlink(missing_ok=True)
            raise
    write_atomic(path, first)


# Under names of their own here, for a test puts others in their place.
_litert, _onnx, _openvino = converting.litert, converting.onnx, converting.openvino
