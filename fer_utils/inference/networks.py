"""Networks as predictions take them: opened with the names of their outputs, asked about grey squares."""

from __future__ import annotations

from collections.abc import Sequence
import os
from pathlib import Path
from typing import Any

import numpy as np

from fer_utils import compress, models
from fer_utils.core.errors import FerError, invalid
from fer_utils.core.paths import read_json
from fer_utils.models import pretrained_networks

#: The trained network of the package in 8 bits, as ``model`` of `load_network`; None is the same in float32.
PRETRAINED_INT8 = "drawn48-int8"
_BATCH = 32
_EXPORTED = "An exported file scores a film (python -m fer_utils demo --video), or pictures in Python (compress.load)."
_OLDER = "Open it with Keras, and save it as a .keras file."
#: What to do with a network's file that is not Keras's own, by its ending.
_REMEDIES = {".tflite": _EXPORTED, ".onnx": _EXPORTED, ".xml": _EXPORTED, ".h5": _OLDER, ".hdf5": _OLDER}
#: A face's scores may add up to 1 with so much of an error: those of a file with 8-bit numbers are rounded.
_SUM_TOLERANCE = 0.05


def load_network(model: Any, labels: Sequence[str] | None = None) -> tuple[Any, list[str]]:
    """A network and the names of its outputs.

    Parameters
    ----------
    model : a stored result's folder, a result (anything with ``.path``), a ``.keras`` file, or a ``keras.Model``; or
        None or a name for a trained network of the package (`fer_utils.models.pretrained`).
    labels : the class names in the model's order; None for those of the ``result.json`` beside the file.

    Returns
    -------
    (network, labels) : the network as Keras has it, or an `ExportedNetwork`, and as many names as it has outputs.

    Raises
    ------
    FerError : ``model`` is none of these, or has not one output of one score for each label; ``labels`` are missing,
    not different, too few or too many.
    MissingPackage : Keras, or for a trained network of the package LiteRT, is not installed.
    """
    shipped = pretrained_file(model)
    if shipped is not None:
        opened = ExportedNetwork(shipped.checked())
        names = shipped.card["labels"] if labels is None else labels
        return opened, checked_labels(names, _classes(opened))
    network, stored = model, None
    file = network_file(model)
    if file is not None:
        stored = labels_beside(file)
        network = models.load(file)
    elif not (callable(network) and hasattr(network, "input_shape") and hasattr(network, "output_shape")):
        raise invalid("model", expected="a result or its folder, a .keras file, or a keras.Model", received=model)
    classes = _classes(network)
    if labels is None and stored is None:
        raise invalid(
            "labels",
            expected="the class names in the model's order",
            received=None,
            remedy="A network does not know its labels; a result's folder does, in result.json.",
        )
    return network, checked_labels(stored if labels is None else labels, classes)


def _classes(network: Any) -> int:
    """The number of a network's scores for a picture, from its ``output_shape`` (None, classes); else FerError."""
    shape = network.output_shape
    if not (isinstance(shape, tuple) and len(shape) == 2 and isinstance(shape[1], int)):
        raise invalid(
            "model",
            expected="a network of one output, with one score for each label",
            received=f"output shape {shape}",
        )
    return shape[1]


class ExportedNetwork:
    """An exported file, called as a network of Keras is, and computed by the file's own engine.

    Parameters
    ----------
    path : what `fer_utils.compress.load` takes; it runs the file's self-test.

    Attributes
    ----------
    input_shape, output_shape : as Keras says them, (None, side, side, channels) and (None, classes).
    """

    def __init__(self, path: str | os.PathLike):
        self._run = compress.load(path)
        self.input_shape = (None, *self._run.input_shape)
        self.output_shape = (None, self._run.classes)

    def __call__(self, images: np.ndarray, training: bool = False) -> np.ndarray:
        return self._run(images)


def pretrained_file(model: Any) -> pretrained_networks.PretrainedFile | None:
    """The trained network of the package that ``model`` of `load_network` names; None for any other model."""
    if model is None or (isinstance(model, str) and model in pretrained_networks.file_names()):
        return pretrained_networks.find(model)
    return None


def network_file(model: Any) -> Path | None:
    """The ``.keras`` file that ``model`` of `load_network` names; None for what is no path and has no ``.path``.

    Raises
    ------
    FerError : a path without such a file.
    """
    if not callable(model) and not isinstance(model, (str, os.PathLike)) and hasattr(model, "path"):
        model = model.path
    if not isinstance(model, (str, os.PathLike)) or not os.fspath(model):
        return None
    path = Path(os.path.abspath(os.path.expanduser(os.fspath(model))))
    if path.name == "result.json":
        path = path.parent
    file = path / "model.keras" if path.is_dir() else path
    if path.is_dir() and not file.is_file() and file.with_name("result.json").is_file():
        raise invalid(
            "model",
            expected="a result's folder with a model.keras in it",
            received=str(path),
            remedy="Its model.keras is lost: the command or the experiment that made this result makes it again.",
        )
    if not file.is_file() or file.suffix != ".keras":
        shipped = ", ".join(pretrained_networks.file_names())
        raise invalid(
            "model",
            expected=f"a result's folder with a model.keras in it, a .keras file, or one of {shipped}",
            received=str(path),
            remedy=_REMEDIES.get(file.suffix.lower(), "Train one: python -m fer_utils train --help"),
        )
    return file


def checked_labels(labels: Sequence[str] | str, classes: int) -> list[str]:
    """The names of a network's outputs as a list, one text alone taken for one name.

    Raises
    ------
    FerError : names that are not text or not different, or other than ``classes`` of them.
    """
    names = [labels] if isinstance(labels, str) else list(labels)
    if not all(isinstance(label, str) for label in names) or len(set(names)) != len(names):
        raise invalid("labels", expected="different names, as text", received=names)
    if len(names) != classes:
        raise invalid("labels", expected=f"{classes} names, one for each output of the model", received=names)
    return names


def labels_beside(file: Path) -> list[str] | None:
    """The labels that the ``result.json`` beside a network's file says; None where there is none.

    Raises
    ------
    FerError : the ``result.json`` cannot be read, or says no labels.
    """
    result = file.with_name("result.json")
    if not result.is_file():
        return None
    try:
        labels = read_json(result)["labels"]
        if not isinstance(labels, list):
            raise TypeError("labels")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FerError(
            f"{result} does not say the labels ({type(error).__name__}: {error}): pass `labels`, "
            "or run the experiment again."
        ) from error
    return labels


def square_input(network: Any) -> tuple[int, int]:
    """(side, channels) of the pictures that a network takes, from its ``input_shape`` (None, side, side, channels).

    Raises
    ------
    FerError : a network of several inputs, of pictures that are not square, or not of one or three channels.
    """
    shape = network.input_shape
    one_picture = isinstance(shape, tuple) and len(shape) == 4
    if not one_picture or not isinstance(shape[1], int) or shape[1] != shape[2] or shape[3] not in (1, 3):
        raise invalid(
            "model",
            expected="a network of one square input, (side, side, 1) or (side, side, 3)",
            received=f"input shape {shape}",
        )
    return shape[1], shape[3]


def scores_of(network: Any, faces: Sequence[np.ndarray], channels: int, classes: int) -> np.ndarray:
    """A Keras network's outputs for grey faces, in batches of 32.

    Parameters
    ----------
    network : takes (n, side, side, channels) float32, pixels 0 to 255.
    faces : squares (side, side), pixels 0 to 255; there may be none.
    channels : 1 or 3; each face is repeated for as many.
    classes : the number of outputs.

    Returns
    -------
    (faces, classes) float32.
    """
    scores = [np.zeros((0, classes), np.float32)]
    for start in range(0, len(faces), _BATCH):
        batch = np.stack(faces[start : start + _BATCH])[..., None].astype(np.float32)
        answer = network(np.repeat(batch, channels, axis=3), training=False)
        scores.append(np.asarray(answer.numpy() if hasattr(answer, "numpy") else answer, np.float32))
    return np.concatenate(scores)


def score_trouble(scores: np.ndarray) -> tuple[str, str, str] | None:
    """What is wrong with one face's scores, (classes,), as kind, problem and action of a row of the report, or None.

    NaN and infinities have no highest score: such a face is to be left out.  Finite numbers below 0, above 1 or
    with another sum than 1 (those of a network without a softmax, for example) still have one, and the face is kept.
    """
    if not np.isfinite(scores).all():
        return "no number", "the network's scores are no finite numbers", "face left out"
    if scores.min() < 0 or scores.max() > 1 or abs(scores.sum() - 1) > _SUM_TOLERANCE:
        return (
            "no probabilities",
            "the network's scores are no probabilities, which lie from 0 to 1 and add up to 1",
            "kept; the highest score gives the label",
        )
    return None
