"""Faces found in a picture or a video, and a network's score for every posed-expression label."""

from __future__ import annotations

from collections.abc import Sequence
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fer_utils.core.errors import FerError, invalid, whole_number
from fer_utils.core.optional_packages import opencv
from fer_utils.core.tables import Problems
from fer_utils.faces.cropping import checked_margin
from fer_utils.faces.detector_base import Detector
from fer_utils.faces.detectors import cleaned, create
from fer_utils.faces.extraction import Settings, faces_of_frame
from fer_utils.faces.landmarks import Landmarks, chosen_landmarks
from fer_utils.faces.reading import Frame, Reading
from fer_utils.faces.video import read_frames

#: The columns before the scores.
FACE_COLUMNS: tuple[str, ...] = (
    "frame_index",
    "time_s",
    "box_x",
    "box_y",
    "box_w",
    "box_h",
    "detector_score",
    "expression",
)
_BATCH = 32


class Predictions(pd.DataFrame):
    """One row a face; ``.problems`` says what could not be read or showed no face.

    ``frame_index`` in the video (0 for a picture), ``time_s`` seconds, ``box_x``,
    ``box_y``, ``box_w``, ``box_h`` in pixels of the frame, ``detector_score``,
    ``expression``: the label with the highest score, and ``score_<label>`` for
    each: softmax outputs in [0, 1] that add up to 1.  A label says which posed
    expression of the training data the face resembles most; it says nothing
    about what the person feels.
    """

    _metadata = ["problems"]

    @property
    def _constructor(self):
        return Predictions


def predict(
    source: str | os.PathLike | np.ndarray,
    model: Any,
    *,
    detector: str | Detector = "dlib",
    frames: int = 6,
    margin: float = 0.0,
    landmarks: Landmarks | str | os.PathLike | None = None,
    align: bool = False,
    labels: Sequence[str] | None = None,
    progress: bool = False,
) -> Predictions:
    """Find the faces in a picture or a video and score their expressions.

    Every face of a frame is reported, largest first, where ``prepare`` keeps
    only the largest; the largest one's box and pixels are the same in both.

    Parameters
    ----------
    source : path of an image or a video, or an array, uint8, (H, W, 3) RGB or
        (H, W) grey.
    model : a stored result's folder, a result (anything with ``.path``), a
        ``.keras`` file, or a ``keras.Model``.
    detector : ``"dlib"``, ``"haar"``, ``"yunet:FILE"`` or a ``Detector``.
    frames : how many frames of a video, evenly spaced.
    margin, landmarks, align : as they were in ``prepare`` for the faces that the
        model was trained on; landmarks matter only where faces are aligned.
    labels : the class names in the model's order.  Needed with a ``keras.Model``
        and with a ``.keras`` file that has no ``result.json`` beside it; else
        they are the result's.
    progress : show a bar on stderr.

    Returns
    -------
    Predictions : empty, with the reason in ``.problems``, where no face is
    found or the file cannot be decoded.

    Raises
    ------
    FerError : ``source`` does not exist or is no such array; ``model`` is none
    of these; ``labels`` are missing or too few or too many.
    MissingPackage : the detector, OpenCV or Keras is not installed.
    """
    frames, margin = whole_number("frames", frames, 1), checked_margin(margin)
    name, reading_of = _source(source)
    finder = create(detector)
    marks = chosen_landmarks(landmarks, align, finder)
    network, names = _model(model, labels)
    size, channels = _input_of(network)
    reading = reading_of(frames)
    problems = [(name, "decode", *note) for note in reading.notes]
    rows: list[list[Any]] = []
    crops: list[np.ndarray] = []
    settings = Settings(frames, size, margin, landmarks=marks if align else None, align=align)
    near = None

    from tqdm import tqdm

    for frame in tqdm(reading.frames, unit="frame", desc="faces", disable=not progress):
        boxes, near = finder.follow(frame.rgb, near, thorough=True)
        boxes = cleaned(boxes)
        if not boxes:
            problems.append(
                (
                    name,
                    "detect",
                    "no face",
                    f"frame {frame.index} ({frame.time_s:.2f} s): no face found",
                    "frame left out",
                )
            )
        for box in boxes:
            try:
                crops.append(faces_of_frame(frame, [box], settings)[0].image)
            except FerError as error:  # a detector's box that no landmarks can be looked for in
                problems.append(
                    (name, "detect", "failed", f"frame {frame.index} ({frame.time_s:.2f} s): {error}", "face left out")
                )
                continue
            rows.append([frame.index, frame.time_s, box.x, box.y, box.w, box.h, box.score])
    scores = _scores(network, crops, channels, len(names))
    table = Predictions(pd.DataFrame(rows, columns=list(FACE_COLUMNS[:-1])))
    for column in table.columns:
        table[column] = table[column].astype("float64" if column in ("time_s", "detector_score") else "int64")
    table["expression"] = pd.Series([names[best] for best in scores.argmax(axis=1)], dtype="str")
    for place, label in enumerate(names):
        table[f"score_{label}"] = scores[:, place]
    table.problems = Problems.of(problems)
    return table


# --- what is looked at ----------------------------------------------------------------------


def _source(source: Any):
    """A name for the report, and a function from a number of frames to a ``Reading``."""
    if isinstance(source, np.ndarray):
        grey = source.ndim == 2
        if source.dtype != np.uint8 or not (grey or (source.ndim == 3 and source.shape[2] == 3)) or source.size == 0:
            raise invalid(
                "source",
                expected="a uint8 array of shape (H, W, 3) or (H, W)",
                received=f"{source.dtype} of shape {source.shape}",
            )
        rgb = np.repeat(source[..., None], 3, axis=2) if grey else source
        return "array", lambda frames: Reading([Frame(0, 0.0, rgb)], 1)
    if not isinstance(source, (str, os.PathLike)) or not os.fspath(source):
        raise invalid("source", expected="the path of an image or a video, or a uint8 array", received=source)
    path = Path(os.path.abspath(os.path.expanduser(os.fspath(source))))
    if not path.is_file():
        raise invalid(
            "source",
            expected="an image or a video that exists",
            received=str(path),
            remedy="It is a folder: name one file in it." if path.is_dir() else "There is no such file.",
        )
    opencv()
    return str(path), lambda frames: read_frames(path, frames)


# --- the network ----------------------------------------------------------------------------


def _model(model: Any, labels: Sequence[str] | None) -> tuple[Any, list[str]]:
    """The network and its labels."""
    network, stored = model, None
    if not callable(model) and not isinstance(model, (str, os.PathLike)) and hasattr(model, "path"):
        model = model.path
    if isinstance(model, (str, os.PathLike)) and os.fspath(model):
        from fer_utils import models

        path = Path(os.path.abspath(os.path.expanduser(os.fspath(model))))
        if path.name == "result.json":
            path = path.parent
        file = path / "model.keras" if path.is_dir() else path
        if not file.is_file() or file.suffix != ".keras":
            raise invalid(
                "model",
                expected="a result's folder with a model.keras in it, or a .keras file",
                received=str(path),
                remedy="Train one: python -m fer_utils train --help",
            )
        stored = _labels_beside(file)
        network = models.load(file)
    elif not (callable(network) and hasattr(network, "input_shape") and hasattr(network, "output_shape")):
        raise invalid("model", expected="a result or its folder, a .keras file, or a keras.Model", received=model)
    if labels is None and stored is None:
        raise invalid(
            "labels",
            expected="the class names in the model's order",
            received=None,
            remedy="A network does not know its labels; a result's folder does, in result.json.",
        )
    names = list(stored if labels is None else [labels] if isinstance(labels, str) else labels)
    if not all(isinstance(label, str) for label in names) or len(set(names)) != len(names):
        raise invalid("labels", expected="different names, as text", received=names)
    classes = network.output_shape[-1]
    if len(names) != classes:
        raise invalid("labels", expected=f"{classes} names, one for each output of the model", received=names)
    return network, names


def _labels_beside(file: Path) -> list[str] | None:
    result = file.with_name("result.json")
    if not result.is_file():
        return None
    try:
        labels = json.loads(result.read_text(encoding="utf-8"))["labels"]
        if not isinstance(labels, list):
            raise TypeError("labels")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FerError(
            f"{result} does not say the labels ({type(error).__name__}: {error}): pass `labels`, "
            "or run the experiment again."
        ) from error
    return labels


def _input_of(network: Any) -> tuple[int, int]:
    """(side, channels) of the pictures that the network takes."""
    shape = network.input_shape
    fine = isinstance(shape, tuple) and len(shape) == 4 and shape[1] == shape[2] and isinstance(shape[1], int)
    if not fine or shape[3] not in (1, 3):
        raise invalid(
            "model",
            expected="a network of one square input, (side, side, 1) or (side, side, 3)",
            received=f"input shape {shape}",
        )
    return shape[1], shape[3]


def _scores(network: Any, crops: list[np.ndarray], channels: int, classes: int) -> np.ndarray:
    """(n, classes) float32 of the network's outputs for (n) grey squares with pixels 0 to 255."""
    scores = [np.zeros((0, classes), np.float32)]
    for start in range(0, len(crops), _BATCH):
        batch = np.stack(crops[start : start + _BATCH])[..., None].astype(np.float32)
        answer = network(np.repeat(batch, channels, axis=3), training=False)
        scores.append(np.asarray(answer.numpy() if hasattr(answer, "numpy") else answer, np.float32))
    return np.concatenate(scores)
