"""Running a network's file: LiteRT, onnxruntime, OpenVINO, Keras, and Keras compiled by XLA, all called alike.

Importing this module imports none of them, so that a process that runs a small
file holds its own engine and nothing else (``fer_utils.compress.separate_process`` measures that).
"""

from __future__ import annotations

import contextlib
import functools
import importlib
from pathlib import Path
import sys
from typing import Any
import warnings

import numpy as np

from fer_utils.core.errors import FerError, invalid, missing

#: Each engine, and the ends of the names of files that it reads.
ENGINES: dict[str, tuple[str, ...]] = {
    "litert": (".tflite",),
    "onnxruntime": (".onnx",),
    "openvino": (".xml", ".onnx"),
    "keras": (".keras",),
    "xla": (".keras",),
}
SHOWN_NAMES = {"litert": "LiteRT", "openvino": "OpenVINO", "keras": "Keras", "xla": "Keras"}
_REMEDY = 'pip install "fer_utils[engines]"'


def checked_images(images, shape: tuple[int, ...], argument: str) -> np.ndarray:
    """``images`` as an array (N, *shape) with N of 1 or more; else one FerError naming ``argument``."""
    images = images if isinstance(images, np.ndarray) else np.asarray(images)
    if images.ndim != 4 or tuple(images.shape[1:]) != tuple(shape) or not len(images) or images.dtype.kind not in "uif":
        raise invalid(
            argument,
            expected=f"numbers of shape (N, {', '.join(map(str, shape))}) with N of 1 or more",
            received=f"shape {images.shape}, {images.dtype}",
        )
    return images


class Runner:
    """A loaded network: call it on images (N, height, width, channels), pixels 0..255, of any number type.

    Gives probabilities (N, classes), float32.  Attributes: ``engine``,
    ``threads`` (0: as many as Keras' backend takes), ``input_shape`` (height,
    width, channels), ``classes``, ``path`` (None for a network that was never a
    file), ``self_test_difference`` (greatest difference of a probability in the
    file's self-test, which was passed; None where the file has none, as those of
    earlier versions and of Keras, or where ``load`` was told not to run it).  Not
    for several threads at once: load one each.
    """

    engine: str
    threads: int
    input_shape: tuple[int, int, int]
    classes: int
    path: Path | None = None
    self_test_difference: float | None = None

    def __call__(self, images) -> np.ndarray:
        images = checked_images(images, self.input_shape, "images")
        return self._run(images)

    def _run(self, images: np.ndarray) -> np.ndarray:
        """One image at a time, as in use: what the engines do whose files take a batch of one."""
        answers = np.empty((len(images), self.classes), dtype="float32")
        for row in range(len(images)):
            answers[row] = self._one(np.ascontiguousarray(images[row : row + 1], dtype="float32"))
        return answers

    def _one(self, image: np.ndarray) -> np.ndarray:
        raise TypeError("a Runner comes from fer_utils.compress.load")


def _interpreter() -> tuple[type, Any]:
    """LiteRT's interpreter, or the older copy of it inside TensorFlow; and its names for sets of kernels."""
    try:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
    except ImportError:
        try:
            import tensorflow as tf

            return tf.lite.Interpreter, tf.lite.experimental.OpResolverType
        except (ImportError, AttributeError):
            raise missing("ai-edge-litert", needed_for="engine='litert'", remedy="pip install ai-edge-litert") from None
    return Interpreter, OpResolverType


def _allocated(content: bytes, threads: int, plain: bool):
    """An interpreter ready to run ``content``: with XNNPACK, its fast kernels, or without if they refuse the file.

    ``plain`` asks for LiteRT's own kernels at once.
    """
    make, kernels = _interpreter()
    if not plain:
        interpreter = make(model_content=content, num_threads=threads)
        try:
            interpreter.allocate_tensors()
            return interpreter
        except RuntimeError as error:
            if "XNNPACK" not in str(error):
                raise
    # XNNPACK bounds the ratio of neighbouring layers' int8 steps; a range of zero width breaks the bound.
    interpreter = make(
        model_content=content,
        num_threads=threads,
        experimental_op_resolver_type=kernels.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    if plain:
        return interpreter
    warnings.warn(
        "LiteRT's fast kernels (XNNPACK) refuse this file, so it runs on the plain ones, more slowly. In an int8 file "
        "the usual cause is a layer that gave 0 for every calibration image: its units are dead, and the network "
        "wants training anew.",
        RuntimeWarning,
        stacklevel=4,
    )
    return interpreter


class LiteRT(Runner):
    """A ``.tflite`` file (bytes) in the LiteRT interpreter, one image at a time.

    ``plain`` takes LiteRT's own kernels in place of XNNPACK's fast ones: another way to the same numbers.
    """

    engine = "litert"

    def __init__(self, content: bytes, *, threads: int, plain: bool = False):
        self.threads = threads
        self._interpreter = _allocated(content, threads, plain)
        given, found = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        self.input_shape, self.classes = _sides([one["shape"] for one in given], [one["shape"] for one in found])
        _check_float([np.dtype(one["dtype"]).name for one in (*given, *found)])
        self._in, self._out = given[0]["index"], found[0]["index"]

    def operations(self) -> list[str]:
        """The names of the operations in the order in which they are computed; LiteRT has no public way to them."""
        return [one["op_name"] for one in self._interpreter._get_ops_details()]

    def _one(self, image: np.ndarray) -> np.ndarray:
        self._interpreter.set_tensor(self._in, image)
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._out)[0]


class OnnxRuntime(Runner):
    """An ``.onnx`` file in onnxruntime, on the processor, one image at a time.

    ``plain`` computes node by node as the file is written: an int8 file rounds to 8 bits and multiplies in float32,
    where the engine would fuse the two into 8-bit kernels.  That is slow and the same on every processor.
    """

    engine = "onnxruntime"

    def __init__(self, content: bytes, *, threads: int, plain: bool = False):
        ort = _engine("onnxruntime")
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3  # errors only
        if plain:
            options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        self.threads = threads
        self._session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        given, found = self._session.get_inputs(), self._session.get_outputs()
        self.input_shape, self.classes = _sides([one.shape for one in given], [one.shape for one in found])
        _check_float([one.type.removeprefix("tensor(").removesuffix(")") for one in (*given, *found)])
        self._in = given[0].name

    def _one(self, image: np.ndarray) -> np.ndarray:
        return self._session.run(None, {self._in: image})[0][0]


class OpenVino(Runner):
    """An OpenVINO pair (``.xml`` and ``.bin``) or an ``.onnx`` file in OpenVINO, on the processor, one image at a time.

    Computes in float32 what the file has in float32, also where the processor
    has bfloat16, which OpenVINO would take unasked.
    """

    engine = "openvino"

    def __init__(self, path: Path, *, threads: int):
        core = openvino_core(_engine("openvino"))
        self.threads = threads
        self._model = core.compile_model(
            str(path),
            "CPU",
            {
                "INFERENCE_NUM_THREADS": threads,
                "NUM_STREAMS": 1,
                "INFERENCE_PRECISION_HINT": "f32",
                "PERFORMANCE_HINT": "LATENCY",
            },
        )
        self._request = self._model.create_infer_request()
        given, found = (
            [[side.get_length() if side.is_static else None for side in one.get_partial_shape()] for one in ends]
            for ends in (self._model.inputs, self._model.outputs)
        )
        self.input_shape, self.classes = _sides(given, found)

    def _one(self, image: np.ndarray) -> np.ndarray:
        self._request.infer({0: image})
        return self._request.get_output_tensor(0).data[0]


class Keras(Runner):
    """A Keras model called eagerly, ``model(images)``: the baseline of the book's ratios."""

    engine = "keras"

    def __init__(self, model):
        self.model, self.threads = model, 0  # 0: as many as the backend takes
        self.input_shape = tuple(model.input_shape[1:])
        self.classes = int(model.output_shape[-1])

    def _call(self, batch: np.ndarray):
        return self.model(batch, training=False)

    def _run(self, images: np.ndarray) -> np.ndarray:
        import keras

        batches = [images[start : start + 32].astype("float32") for start in range(0, len(images), 32)]
        return np.concatenate(
            [np.asarray(keras.ops.convert_to_numpy(self._call(batch)), dtype="float32") for batch in batches]
        )


class Xla(Keras):
    """A Keras model compiled by XLA for a batch of one, with the first call; needs Keras on TensorFlow or JAX."""

    engine = "xla"

    def __init__(self, model):
        import keras

        super().__init__(model)
        kind = keras.backend.backend()
        if kind == "tensorflow":
            import tensorflow as tf

            self._compiled = tf.function(
                lambda image: model(image, training=False),
                jit_compile=True,
                reduce_retracing=False,
                input_signature=[tf.TensorSpec((1, *self.input_shape), tf.float32)],
            )
        elif kind == "jax":
            import jax

            trainable, others = (
                [v.value for v in part] for part in (model.trainable_variables, model.non_trainable_variables)
            )
            made = jax.jit(lambda image: model.stateless_call(trainable, others, image, training=False)[0])
            self._compiled = lambda image: made(image).block_until_ready()
        else:
            raise FerError(
                f"engine='xla' needs Keras on TensorFlow or JAX; it runs on {kind}. "
                "Remedy: set KERAS_BACKEND=tensorflow, or load with engine='keras'."
            )

    def _run(self, images: np.ndarray) -> np.ndarray:
        return Runner._run(self, images)

    def _one(self, image: np.ndarray) -> np.ndarray:
        return np.asarray(self._compiled(image))[0]


def _sides(given: list, found: list) -> tuple[tuple[int, int, int], int]:
    """Height, width and channels of a file's input, and how many probabilities come out.

    ValueError for no classifier of one image.
    """
    given, found = (
        [[side if isinstance(side, str) or side is None else int(side) for side in shape] for shape in shapes]
        for shapes in (given, found)
    )
    fixed = all(isinstance(side, int) and side > 0 for shape in (*given, *found) for side in shape[1:])
    if len(given) != 1 or len(found) != 1 or len(given[0]) != 4 or len(found[0]) != 2 or not fixed:
        raise ValueError(f"it takes {given} and gives {found}, not (1, height, width, channels) and (1, classes)")
    return tuple(given[0][1:]), found[0][1]


def _check_float(kinds: list[str]) -> None:
    """ValueError unless a file's input and its output are float32, which onnxruntime calls float.

    OpenVINO is not asked: it converts what it is given.
    """
    taken, given = kinds
    if {taken, given} - {"float32", "float"}:
        raise ValueError(f"it takes {taken} and gives {given}, not float32")


@functools.cache
def openvino_core(openvino):
    """The one core of this process, of the imported package ``openvino``; it is kept until the process ends.

    A core gives the thread that first compiles with it a stack for signals, and takes the memory back when it goes.
    With several cores the thread may keep a stack that is gone, and the next signal, Ctrl-C too, ends the process
    (seen with OpenVINO 2026.4.1 on Linux).
    """
    return openvino.Core()


def _engine(name: str):
    """The engine's own package, or the error that says how to get it."""
    return need(name, needed_for=f"engine={name!r}")[0]


def need(*packages: str, needed_for: str) -> list:
    """The packages, imported; the error that names the first one that is absent and how to get it."""
    found = []
    for package in packages:
        try:
            with _unreported() if package == "openvino" else contextlib.nullcontext():
                found.append(importlib.import_module(package))
        except ImportError:
            raise missing(package, needed_for=needed_for, remedy=_REMEDY) from None
    return found


@contextlib.contextmanager
def _unreported():
    """Within it ``openvino_telemetry`` seems absent, without which ``import openvino`` tells nobody.

    Else it tells its makers so over the network and leaves an identifier in the home folder.
    """
    told = sys.modules.get("openvino_telemetry")
    sys.modules["openvino_telemetry"] = None
    try:
        yield
    finally:
        del sys.modules["openvino_telemetry"]
        if told is not None:
            sys.modules["openvino_telemetry"] = told
