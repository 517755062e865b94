"""What each format's converter needs: from a Keras model to the bytes of its files.

Each takes the model, its input's shape (height, width, channels), the quantisation, calibration images
(N, height, width, channels), the bits of int8 weights, and whether to show a bar.  All begin with a SavedModel of a
batch of one, but for ONNX, which Keras writes itself (through tf2onnx).  OpenVINO's int8 files are
converted from the int8 ONNX file, whose 8-bit steps OpenVINO takes over; its own quantiser, nncf, brings ten packages
more and is not needed.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
import importlib
import logging
from pathlib import Path
import tempfile
import warnings

import keras
import numpy as np
from tqdm import tqdm

from fer_utils.compress.engines import need, openvino_core
from fer_utils.core.errors import FerError, missing


@dataclass(frozen=True)
class Converted:
    """What a converter made.

    Attributes
    ----------
    files : the bytes of the format's files, the one that is loaded first.
    onnx : the ONNX file that an int8 file was made as, or from; ``b""`` for any other.
    """

    files: tuple[bytes, ...]
    onnx: bytes = b""


# Enough for stable ranges of the activations, and quick.
CALIBRATION_IMAGES = 200


def spread(count: int, most: int) -> np.ndarray:
    """Up to ``most`` row numbers, evenly spaced, increasing."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))


def _tensorflow(form: str):
    if keras.backend.backend() != "tensorflow":
        name = {"litert": "LiteRT", "onnx": "ONNX", "openvino": "OpenVINO"}[form]
        raise FerError(
            f"{name} export needs Keras on its TensorFlow backend; it runs on {keras.backend.backend()}. "
            "Remedy: save the model, set KERAS_BACKEND=tensorflow, load it and export."
        )
    try:
        import tensorflow as tf
    except ImportError:
        raise missing(
            "tensorflow", needed_for=f"format={form!r}", remedy="pip install tensorflow-cpu (or tensorflow)"
        ) from None
    return tf


def _calibrating(images: np.ndarray, progress: bool):
    """One image (1, height, width, channels) float32 after the other, with a bar."""
    for row in tqdm(
        spread(len(images), CALIBRATION_IMAGES), desc="calibrating", unit="image", delay=2, disable=not progress
    ):
        yield images[row : row + 1].astype("float32")


def _signature(shape) -> list:
    return [keras.InputSpec(shape=(1, *shape), dtype="float32")]


def _save_for_litert(tf, model: keras.Model, shape, folder: str) -> None:
    """A SavedModel of which LiteRT's converter makes the same bytes as of ``model.export``'s, in half the time.

    Keras traces the network several times and keeps what only training asks for.  The names below end up in the file.
    """

    @tf.function(input_signature=[tf.TensorSpec((1, *shape), tf.float32, name="args_0")], autograph=False)
    def serve(args_0):
        return model(args_0, training=False)

    holder = tf.Module()
    holder.weights = [variable.value for variable in model.variables]
    holder.serve = serve
    tf.saved_model.save(holder, folder, signatures={"serve": serve, "serving_default": serve})


def litert(
    model: keras.Model,
    shape,
    quantize: str | None,
    images: np.ndarray,
    weight_bits: int | None,
    progress: bool,
    float_operations: tuple[str, ...] = (),
) -> Converted:
    """A ``.tflite`` file.  Its int8 weights have 8 bits: LiteRT's kernels add in 32 bits on every processor.

    ``float_operations`` of an int8 file stay in float32.
    """
    tf = _tensorflow("litert")

    def representative():
        for image in _calibrating(images, progress):
            yield [image]

    with tempfile.TemporaryDirectory() as folder:
        _save_for_litert(tf, model, shape, folder)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["serving_default"])
        if quantize:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if quantize == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if quantize == "int8":
            converter.representative_dataset = representative
            # Refuse rather than leave an operation in float.
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        if float_operations:
            return Converted((_partly_in_float(tf, converter, representative, float_operations),))
        return Converted((converter.convert(),))


def _partly_in_float(tf, converter, representative, float_operations: tuple[str, ...]) -> bytes:
    """An int8 file some of whose operations stay in float32.

    Only the tool that looks for the worst operations of an int8 file lets the converter leave some out.
    """
    options = tf.lite.experimental.QuantizationDebugOptions(denylisted_ops=list(float_operations))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"\s*Warning: tf\.lite\.Interpreter is deprecated")
        made = tf.lite.experimental.QuantizationDebugger(
            converter=converter, debug_dataset=representative, debug_options=options
        )
    return made.get_nondebug_quantized_model()


def onnx(
    model: keras.Model, shape, quantize: str | None, images: np.ndarray, weight_bits: int | None, progress: bool
) -> Converted:
    """An ``.onnx`` file; ``weight_bits``, 7 or 8, counts for int8 only."""
    _tensorflow("onnx")
    need("onnx", "tf2onnx", "onnxruntime", needed_for="format='onnx'")
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of Keras' own work on tf2onnx
        plain = Path(folder, "plain.onnx")
        with _log_level("tf2onnx"):
            model.export(str(plain), format="onnx", input_signature=_signature(shape), verbose=False)
        if quantize is None:
            return Converted((plain.read_bytes(),))
        if quantize == "float16":
            return Converted((_halved(plain),))
        ready = Path(folder, "ready.onnx")
        with _log_level(None):
            pre_process = importlib.import_module("onnxruntime.quantization.shape_inference")
            pre_process.quant_pre_process(str(plain), str(ready), skip_symbolic_shape=True)
            if quantize == "dynamic":
                return Converted((_dynamic(ready),))
            content = _int8(ready, images, weight_bits, progress)
        return Converted((content,), onnx=content)


def _halved(file: Path) -> bytes:
    """The file with its float32 weights in half precision, each made float32 again where it is used.

    So as LiteRT stores them: the processor has hardly any operation on half
    numbers, and onnxruntime undoes the step when it loads the file.
    """
    from onnx import TensorProto, checker, helper, load, numpy_helper

    made = load(str(file))
    again = []
    for weight in list(made.graph.initializer):
        values = numpy_helper.to_array(weight) if weight.data_type == TensorProto.FLOAT else np.empty(0)
        if values.size < 16 or np.abs(values).max() > 65504:  # single numbers stay, and what half precision cannot hold
            continue
        made.graph.initializer.remove(weight)
        made.graph.initializer.append(numpy_helper.from_array(values.astype("float16"), f"{weight.name}/half"))
        again.append(helper.make_node("Cast", [f"{weight.name}/half"], [weight.name], to=TensorProto.FLOAT))
    nodes = [*again, *made.graph.node]
    del made.graph.node[:]
    made.graph.node.extend(nodes)
    checker.check_model(made)
    return made.SerializeToString()


def _dynamic(ready: Path) -> bytes:
    """Integer operations that take each picture's own range.

    The weights are unsigned: onnxruntime's kernels for two unsigned numbers add in 32 bits on every processor.
    """
    quantization = _onnxruntime_quantization()
    file = ready.with_name("quantised.onnx")
    quantization.quantize_dynamic(str(ready), str(file), weight_type=quantization.QuantType.QUInt8)
    return file.read_bytes()


def _int8(ready: Path, images: np.ndarray, weight_bits: int | None, progress: bool) -> bytes:
    """Weights and activations between pairs of nodes that round to 8 bits and back.

    Weights of 7 bits, -64 to 64, keep the sum of two products with 8-bit activations within 16 bits
    (2 * 255 * 64 = 32,640 of 32,767), which is where x86 processors without VNNI add them.
    """
    quantization = _onnxruntime_quantization()
    (onnx_package,) = need("onnx", needed_for="format='onnx'")
    file = ready.with_name("quantised.onnx")
    graph = onnx_package.load(str(ready)).graph
    quantization.quantize_static(
        str(ready),
        str(file),
        _reader(graph.input[0].name, images, progress),
        quant_format=quantization.QuantFormat.QDQ,
        per_channel=True,
        reduce_range=weight_bits == 7,
        activation_type=quantization.QuantType.QInt8,
        weight_type=quantization.QuantType.QInt8,
        # Probabilities in steps of 1/255 would be all that is left of a softmax in 8 bits.
        nodes_to_exclude=[node.name for node in graph.node if node.op_type == "Softmax"],
    )
    return file.read_bytes()


def _onnxruntime_quantization():
    need("onnxruntime", needed_for="format='onnx'")
    return importlib.import_module("onnxruntime.quantization")


@contextlib.contextmanager
def _log_level(name: str | None):
    """Within it the named logger (None: the root, by way of which onnxruntime gives advice) reports errors only."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _reader(name: str, images: np.ndarray, progress: bool):
    """The images as onnxruntime asks for them: under the input's name, one by one, None at the end."""

    class Reader(_onnxruntime_quantization().CalibrationDataReader):
        def __init__(self):
            self.images = _calibrating(images, progress)

        def get_next(self):
            image = next(self.images, None)
            return None if image is None else {name: image}

    return Reader()


def openvino(
    model: keras.Model, shape, quantize: str | None, images: np.ndarray, weight_bits: int | None, progress: bool
) -> Converted:
    """An ``.xml`` file and the ``.bin`` file beside it; ``weight_bits``, 7 or 8, counts for int8 only."""
    _tensorflow("openvino")
    (ov,) = need("openvino", needed_for="format='openvino'")
    source_content = b""
    if quantize == "int8":
        need("onnx", "tf2onnx", "onnxruntime", needed_for="format='openvino', quantize='int8'")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "model")
        if quantize == "int8":
            source = source.with_suffix(".onnx")
            source_content = onnx(model, shape, quantize, images, weight_bits, progress).onnx
            source.write_bytes(source_content)
        else:
            model.export(str(source), input_signature=_signature(shape), verbose=False)
        made = openvino_core(ov).read_model(str(source))  # not `ov.convert_model`, which besides reports to its makers
        made.reshape([1, *shape])
        file = Path(folder, "made.xml")
        ov.save_model(made, str(file), compress_to_fp16=quantize == "float16")
        return Converted((file.read_bytes(), file.with_suffix(".bin").read_bytes()), onnx=source_content)
