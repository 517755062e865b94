"""Running exported files, and comparing them with the network they came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
import os
from pathlib import Path
from typing import Any
import warnings

import keras
import numpy as np
import pandas as pd

from ..benchmark import latency
from ..errors import FerError, invalid, missing, whole_number
from .exporting import Export, checked_images

ENGINES = ("litert", "keras")


class Runner:
    """A loaded network: call it on images (N, height, width, channels), pixels 0..255, of any number type.

    Gives probabilities (N, classes), float32.  Attributes: ``engine``,
    ``threads``, ``input_shape`` (height, width, channels), ``classes``.  Not for
    several threads at once: load one each.
    """

    engine: str
    threads: int
    input_shape: tuple[int, int, int]
    classes: int

    def __call__(self, images) -> np.ndarray:
        images = checked_images(images, self.input_shape, "images")
        return self._run(images)

    def _run(self, images: np.ndarray) -> np.ndarray:
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
            raise missing(
                "ai-edge-litert", needed_for="engine='litert'", remedy="pip install ai-edge-litert"
            ) from None
    return Interpreter, OpResolverType


def _allocated(content: bytes, threads: int):
    """An interpreter ready to run ``content``: with XNNPACK, its fast kernels, or without if they refuse the file."""
    make, kernels = _interpreter()
    interpreter = make(model_content=content, num_threads=threads)
    try:
        interpreter.allocate_tensors()
        return interpreter
    except RuntimeError as error:
        if "XNNPACK" not in str(error):
            raise
    # XNNPACK bounds the ratio of neighbouring layers' int8 steps; a range of zero width breaks the bound.
    interpreter = make(
        model_content=content, num_threads=threads,
        experimental_op_resolver_type=kernels.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    warnings.warn(
        "LiteRT's fast kernels (XNNPACK) refuse this file, so it runs on the plain ones, more slowly. In an int8 file "
        "the usual cause is a layer that gave 0 for every calibration image: its units are dead, and the network "
        "wants training anew.", RuntimeWarning, stacklevel=4,
    )
    return interpreter


class LiteRT(Runner):
    """A ``.tflite`` file (bytes) in the LiteRT interpreter, one image at a time."""

    engine = "litert"

    def __init__(self, content: bytes, *, threads: int):
        self.threads = threads
        self._interpreter = _allocated(content, threads)
        (given,), (found,) = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        self._in, self._out = given["index"], found["index"]
        self.input_shape = tuple(int(side) for side in given["shape"][1:])
        self.classes = int(found["shape"][-1])

    def _run(self, images: np.ndarray) -> np.ndarray:
        answers = np.empty((len(images), self.classes), dtype="float32")
        for row in range(len(images)):
            self._interpreter.set_tensor(self._in, np.ascontiguousarray(images[row : row + 1], dtype="float32"))
            self._interpreter.invoke()
            answers[row] = self._interpreter.get_tensor(self._out)[0]
        return answers


class _Keras(Runner):
    """A Keras model called eagerly, ``model(images)``: the baseline of the book's ratios."""

    engine = "keras"

    def __init__(self, model: keras.Model):
        self.model, self.threads = model, 0  # 0: as many as the backend takes
        self.input_shape = tuple(model.input_shape[1:])
        self.classes = int(model.output_shape[-1])

    def _run(self, images: np.ndarray) -> np.ndarray:
        batches = [images[start : start + 32].astype("float32") for start in range(0, len(images), 32)]
        return np.concatenate([
            np.asarray(keras.ops.convert_to_numpy(self.model(batch, training=False)), dtype="float32")
            for batch in batches
        ])


def load(path: str | os.PathLike | Export, engine: str = "litert", threads: int = 1) -> Runner:
    """Load a file as a callable on a batch of images.

    Parameters
    ----------
    path : what ``export`` wrote, or for ``engine="keras"`` a ``.keras`` file.
    engine : ``"litert"`` or ``"keras"``.
    threads : LiteRT's threads, 1 or more; Keras takes what its backend is set to.

    Returns
    -------
    Runner: images (N, height, width, channels) 0..255 to probabilities
    (N, classes), float32.

    Raises
    ------
    FerError for an unknown engine, a file that is not there or cannot be read.
    MissingPackage for an engine that is not installed.
    """
    if engine not in ENGINES:
        raise invalid("engine", expected="one of " + ", ".join(map(repr, ENGINES)), received=engine)
    threads = whole_number("threads", threads, 1)
    path = Path(path.path if isinstance(path, Export) else path).expanduser()
    if engine == "keras":
        from ..models import load as load_keras

        return _Keras(load_keras(path))
    if not path.is_file():
        raise invalid("path", expected="a file that exists", received=str(path))
    content = path.read_bytes()
    # The four letters at byte 4 name the format (a FlatBuffer of the TFL3 schema).
    if content[4:8] != b"TFL3":
        raise invalid("path", expected="a LiteRT (.tflite) file", received=str(path))
    try:
        return LiteRT(content, threads=threads)
    except (ValueError, RuntimeError) as error:
        raise FerError(f"LiteRT cannot read {path}: {error}") from error


def compare(
    items, images, labels=None, *, baseline: str | None = None, repeats: int = 30, warmup: int = 3,
    threads: int = 1, progress: bool = True,
) -> pd.DataFrame:
    """Size, speed and agreement of a network's several forms, on one machine in one run.

    Parameters
    ----------
    items : a list of Keras models, ``Export`` values and paths to exported files;
        or, to name them, a list of (name, item) pairs or a dict, where an item
        may also be a callable from images to probabilities.
    images : (N, height, width, channels), 0..255.  All are classified; the first
        alone is what is timed.
    labels : (N,) whole numbers, for the accuracy; may be None.
    baseline : the name that ``ratio`` refers to; the first if None.
    repeats, warmup, progress : as in ``fer_utils.benchmark.latency``.
    threads : LiteRT's threads.

    Returns
    -------
    DataFrame, one row an item: ``name``; ``bytes`` (the file's, or 4 x parameters
    of a Keras model, or missing for a callable); ``latency_ms`` (median of one
    image, called eagerly where Keras); ``ratio`` (times as fast as
    the baseline); ``baseline``; ``agreement`` (share of images with the same
    label as the float model, that is the first Keras model, or the baseline
    where there is none); ``accuracy`` where ``labels`` are given.
    """
    named = _named(items)
    baseline = next(iter(named)) if baseline is None else baseline
    if baseline not in named:
        raise invalid("baseline", expected=f"one of {', '.join(named)}", received=baseline)
    runners: dict[str, Callable] = {}
    sizes: dict[str, float] = {}
    reference = None
    for name, item in named.items():
        if isinstance(item, keras.Model):
            runners[name], sizes[name] = _Keras(item), 4 * item.count_params()
            reference = reference or name
        elif isinstance(item, (Export, str, os.PathLike)):
            runners[name] = load(item, threads=threads)
            sizes[name] = Path(item.path if isinstance(item, Export) else item).expanduser().stat().st_size
        elif callable(item):
            runners[name], sizes[name] = item, np.nan
        else:
            raise invalid("items", expected="Keras models, Export values, paths or callables", received=item)
    first = runners[reference or baseline]
    images = checked_images(images, getattr(first, "input_shape", np.shape(images)[1:]), "images")
    if labels is not None:
        labels = np.asarray(labels)
        if labels.shape != (len(images),) or labels.dtype.kind not in "iu":
            raise invalid(
                "labels", expected=f"{len(images)} whole numbers, one an image",
                received=f"shape {labels.shape}, {labels.dtype}",
            )

    from tqdm import tqdm

    votes = {
        name: np.asarray(run(images)).argmax(axis=1)
        for name, run in tqdm(runners.items(), desc="classifying", unit="model", delay=2, disable=not progress)
    }
    times = latency(
        runners, images[:1], repeats=repeats, warmup=warmup, baseline=baseline, progress=progress
    )
    table = pd.DataFrame({
        "name": list(runners), "bytes": pd.array([sizes[name] for name in runners], dtype="Int64"),
        "latency_ms": times["median_ms"], "ratio": times["ratio"], "baseline": baseline,
        "agreement": [float((vote == votes[reference or baseline]).mean()) for vote in votes.values()],
    })
    if labels is not None:
        table["accuracy"] = [float((vote == labels).mean()) for vote in votes.values()]
    return table


def _named(items: Any) -> dict[str, Any]:
    """Items under names: the dict's or the pairs', or a model's name and an export's or a file's."""
    wanted = "a dict, or a list of Keras models, Export values, paths or (name, item) pairs"
    if isinstance(items, Mapping):
        named = dict(items)
    else:
        if isinstance(items, (str, os.PathLike, Export, keras.Model)):
            items = [items]
        elif not isinstance(items, Iterable):
            raise invalid("items", expected=wanted, received=items)
        named = {}
        for item in items:
            if isinstance(item, tuple):
                if len(item) != 2 or not isinstance(item[0], str):
                    raise invalid("items", expected="pairs of a name and an item", received=item)
                name, item = item
            elif isinstance(item, keras.Model):
                name = f"{item.name} (Keras)"
            elif isinstance(item, Export):
                name = f"{item.name} ({item.format} {item.quantize or 'float32'})"
            elif isinstance(item, (str, os.PathLike)):
                name = Path(item).name
            else:
                raise invalid(
                    "items", expected=wanted, received=item,
                    remedy="Name callables, by (name, callable) pairs or a dict.",
                )
            if name in named:
                raise invalid("items", expected="different names; pairs of (name, item) choose them", received=name)
            named[name] = item
    if not named:
        raise invalid("items", expected="at least one model or file", received=items)
    return named
