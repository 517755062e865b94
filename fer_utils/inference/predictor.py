"""Faces found in a picture or a video, and a network's score for every posed-expression label."""

from __future__ import annotations

from collections.abc import Sequence
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from fer_utils.core.errors import FerError, invalid, whole_number
from fer_utils.core.optional_packages import opencv
from fer_utils.core.paths import shown, why_no_file
from fer_utils.core.stages import stage
from fer_utils.core.tables import Problems
from fer_utils.faces.cropping import checked_margin
from fer_utils.faces.detector_base import Detector
from fer_utils.faces.detectors import cleaned, create
from fer_utils.faces.extraction import Settings, faces_of_frame
from fer_utils.faces.landmarks import Landmarks, chosen_landmarks
from fer_utils.faces.reading import Frame, Reading
from fer_utils.faces.video import read_frames
from fer_utils.inference.networks import load_network, score_trouble, scores_of, square_input

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


class Predictions(pd.DataFrame):
    """One row a face; ``.problems`` says what could not be read or showed no face.

    ``frame_index`` in the video (0 for a picture), ``time_s`` seconds, ``box_x``,
    ``box_y``, ``box_w``, ``box_h`` in pixels of the frame, ``detector_score``,
    ``expression``: the label with the highest score, and ``score_<label>`` for
    each: softmax outputs in [0, 1] that add up to 1.  A label says which posed
    expression of the training data the face resembles most; it says nothing
    about what the person feels.
    """

    _metadata = ["problems"]  # noqa: RUF012 - pandas reads it from the class

    @property
    def _constructor(self):
        return Predictions


@stage("inference")
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
    found or the file cannot be decoded.  A face whose scores are NaN or
    infinite is left out, with a row in ``.problems`` (kind ``no number``); one whose
    scores are no probabilities is kept, with a row (``no probabilities``).

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
    network, names = load_network(model, labels)
    size, channels = square_input(network)
    reading = reading_of(frames)
    problems = [(name, "decode", *note) for note in reading.notes]
    rows: list[list[Any]] = []
    crops: list[np.ndarray] = []
    settings = Settings(frames, size, margin, landmarks=marks if align else None, align=align)
    near = None
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
    scores = scores_of(network, crops, channels, len(names))
    scored = []
    for place, row in enumerate(rows):
        trouble = score_trouble(scores[place])
        if trouble is not None:
            kind, problem, action = trouble
            problems.append((name, "classify", kind, f"frame {row[0]} ({row[1]:.2f} s): {problem}", action))
        if trouble is None or trouble[0] != "no number":
            scored.append(place)
    rows, scores = [rows[place] for place in scored], scores[scored]
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
            remedy=why_no_file(path),
        )
    opencv()
    return shown(str(path)), lambda frames: read_frames(path, frames)
