"""A network for live pictures: a stored result, a Keras file, or a file that was exported for another engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
import os
from pathlib import Path
from typing import Any

import numpy as np

from fer_utils import compress, inference
from fer_utils.core.errors import FerError, invalid
from fer_utils.core.paths import read_json
from fer_utils.core.stages import stage

#: Endings of files that `fer_utils.compress.export` writes; `fer_utils.compress.load` knows the engine of each.
EXPORTED: tuple[str, ...] = (".tflite", ".onnx", ".xml")


@dataclass(frozen=True)
class Classifier:
    """Call it with (n, side, side) uint8 grey faces; it gives (n, classes) float32 scores.

    Attributes
    ----------
    ask : the network itself.
    labels : posed-expression labels in the network's order.
    side, channels : of the pictures that it takes.
    name : for the report.
    engine : ``keras``, ``litert``, ...
    faces : how the faces that it learned from were made (margin, size, alignment), as far as its result says.
    """

    ask: Any
    labels: tuple[str, ...]
    side: int
    channels: int
    name: str
    engine: str
    faces: dict

    def __call__(self, faces: np.ndarray) -> np.ndarray:
        if not len(faces):
            return np.zeros((0, len(self.labels)), np.float32)
        if self.engine == "keras":
            return inference.scores_of(self.ask, list(faces), self.channels, len(self.labels))
        batch = np.repeat(np.asarray(faces)[..., None], self.channels, axis=3).astype(np.float32)
        return np.asarray(self.ask(batch), np.float32)


@stage("live")
def classifier(model: Any, labels: Sequence[str] | None = None, *, threads: int = 1) -> Classifier:
    """Open a network with its labels.

    Parameters
    ----------
    model : a stored result's folder, a result, a ``.keras`` file, a ``keras.Model``; or a ``.tflite`` or another
        file that `fer_utils.compress.export` wrote; or a ``Classifier``, which is handed back; or the name of a trained
        network of the package (`fer_utils.models.pretrained`), None for the first.
    labels : the names in the network's order; needed where no ``result.json`` lies beside the file.
    threads : of an exported file's engine.

    Raises
    ------
    FerError : none of these; labels missing, too few or too many; a network that takes other pictures than square ones
        of one or three
    channels; a file that its engine cannot read.
    MissingPackage : Keras, or the file's engine, is not installed.
    """
    if isinstance(model, Classifier):
        return model
    shipped = inference.pretrained_file(model)
    if shipped is not None:
        made = _exported(shipped.checked(), shipped.card["labels"] if labels is None else labels, threads)
        return replace(made, name=shipped.name, faces=dict(shipped.card["faces"]))
    path = (
        Path(os.path.abspath(os.path.expanduser(os.fspath(model))))
        if isinstance(model, (str, os.PathLike)) and os.fspath(model)
        else None
    )
    if path is not None and path.suffix.lower() in EXPORTED:
        return _exported(path, labels, threads)
    network, names = inference.load_network(model, labels)
    side, channels = inference.square_input(network)
    folder = path if path is not None else Path(model.path) if hasattr(model, "path") else None
    if folder is not None and not folder.is_dir():
        folder = folder.parent
    name = folder.name if folder is not None else str(getattr(network, "name", type(network).__name__))
    return Classifier(network, tuple(names), side, channels, name, "keras", _made_of(folder))


def _exported(path: Path, labels: Sequence[str] | None, threads: int) -> Classifier:
    if not path.is_file():
        raise invalid(
            "model",
            expected="a file that exists",
            received=str(path),
            remedy="Write one with fer_utils.compress.export.",
        )
    stored = inference.labels_beside(path) if labels is None else None
    if labels is None and stored is None:
        raise invalid(
            "labels",
            expected="the class names in the model's order",
            received=None,
            remedy="An exported file does not know its labels: name them, or put the result.json of its training "
            f"beside {path.name}.",
        )
    network = compress.load(path, threads=threads)
    high, wide, channels = network.input_shape
    if high != wide or channels not in (1, 3):
        raise invalid(
            "model",
            expected="a network of one square input, (side, side, 1) or (side, side, 3)",
            received=f"input shape {network.input_shape}",
        )
    names = tuple(inference.checked_labels(stored if labels is None else labels, network.classes))
    return Classifier(network, names, high, channels, path.name, network.engine, _made_of(path.parent))


def _made_of(folder: Path | None) -> dict:
    """How the faces of a result were made; nothing where there is no result or it does not say."""
    file = None if folder is None else folder / "result.json"
    if file is None or not file.is_file():
        return {}
    try:
        found = read_json(file).get("faces")
    except (OSError, ValueError, AttributeError) as error:
        raise FerError(f"{file} cannot be read ({type(error).__name__}: {error}): run the experiment again.") from error
    return found if isinstance(found, dict) else {}
