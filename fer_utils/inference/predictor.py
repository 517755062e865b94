"""Faces found in a picture or a video, and a network's score for every posed-expression label."""

from __future__ import annotations

from collections.abc import Sequence
import html
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
from fer_utils.faces.resizing import resize
from fer_utils.faces.sampling import checked_sampling
from fer_utils.faces.video import each_frame
from fer_utils.inference.face_settings import DETECTOR, chosen, faces_learned_from
from fer_utils.inference.networks import load_network, pretrained_file, score_trouble, scores_of, square_input

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
    about what the person feels.  ``.worth`` says what the scores are worth and where they are weak: of a trained
    network of the package its measured accuracy, of others nothing (``""``).  It is printed above the table.
    """

    _metadata = ["problems", "worth"]  # noqa: RUF012 - pandas reads it from the class

    @property
    def _constructor(self):
        return Predictions

    def __repr__(self) -> str:
        above = self._above()
        return "\n".join(above if above and not len(self) else [*above, super().__repr__()])

    def _repr_html_(self) -> str | None:
        above = "".join(f"<p>{html.escape(line)}</p>\n" for line in self._above())
        table = super()._repr_html_()  # None where pandas was told to show no HTML
        return table if table is None else above + (table if len(self) or not above else "")

    def _above(self) -> list[str]:
        """What is printed above the table, or in its place where it is empty."""
        worth = getattr(self, "worth", "")
        if not worth:
            return []
        return [f"{worth}."] if len(self) else [f"{worth}.", no_face(self)]


@stage("inference")
def predict(
    source: str | os.PathLike | np.ndarray,
    model: Any = None,
    *,
    detector: str | Detector | None = None,
    frames: int | None = None,
    sampling: str | None = None,
    margin: float | None = None,
    landmarks: Landmarks | str | os.PathLike | None = None,
    align: bool | None = None,
    labels: Sequence[str] | None = None,
    progress: bool = False,
) -> Predictions:
    """Find the faces in a picture or a video and score their expressions.

    Every face of a frame is reported, largest first, where ``prepare`` keeps
    only the largest; the largest one's box and pixels are the same in both.

    A stored result says how the faces were made that its network learned from, and what is not given here is done in
    the same way: detector, frames, margin, alignment, and the size at which a face is cut out before it is made as
    small as the network's input.  What is given and differs from that is said in ``.problems``.

    Parameters
    ----------
    source : path of an image or a video, or an array, uint8, (H, W, 3) RGB or
        (H, W) grey.
    model : a stored result's folder, a result (anything with ``.path``), a
        ``.keras`` file, or a ``keras.Model``; or the name of a trained network that lies in the package
        (``"drawn48"``, ``"drawn48-int8"``; `fer_utils.models.pretrained` lists them), which needs no Keras.  None for
        the first of these.
    detector : ``"dlib"``, ``"haar"``, ``"whole"``, ``"yunet:FILE"`` or a ``Detector``; None: the result's, else dlib's.
    frames : how many frames of a video; None: as many as the result's faces were made of, else 6.
    sampling : which frames, as in ``prepare``; None: as for the result, else evenly spaced.
    margin, align : as in ``prepare``; None: as for the result, else 0 and False.
    landmarks : the predictor by which faces are aligned, a file that no result has in it; needed where they are.
    labels : the class names in the model's order.  Needed with a ``keras.Model``
        and with a ``.keras`` file that has no ``result.json`` beside it; else
        they are the result's.
    progress : show a bar on stderr.

    Returns
    -------
    Predictions : empty, with the reason in ``.problems``, where no face is
    found or the file cannot be decoded.  A face whose scores are NaN or
    infinite is left out, with a row in ``.problems`` (kind ``no number``); one whose
    scores are no probabilities is kept, with a row (``no probabilities``).  Rows of the stage ``prepare`` say where
    faces are made otherwise than in training (``other faces``), and that the whole picture was taken for the face
    because the result's pictures were cropped already (``whole picture``).

    Raises
    ------
    FerError : ``source`` does not exist or is no such array; ``model`` is none
    of these; ``labels`` are missing or too few or too many; the result's faces were found by a detector, or aligned by
    a predictor of landmarks, that is a file of its own and was not passed.
    MissingPackage : the detector, OpenCV, or Keras (for a network of the package LiteRT) is not installed.
    """
    asked = _checked(detector, frames, sampling, margin, landmarks, align)
    name, frames_of = _source(source)
    network, names = load_network(model, labels)
    side, channels = square_input(network)
    finder, settings, notes = chosen(faces_learned_from(model), side, **asked)
    reading = Reading()
    problems: list[tuple[str, ...]] = []
    rows: list[list[Any]] = []
    crops: list[np.ndarray] = []
    near = None
    for frame in tqdm(frames_of(settings, reading), unit="frame", desc="faces", disable=not progress):
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
    problems = [
        *((name, "prepare", *note) for note in notes),
        *((name, "decode", *note) for note in reading.notes),
        *problems,
    ]
    if crops and settings.size != side:  # in two steps, as in training: cut out, then made smaller
        crops = list(resize(np.stack(crops)[..., None], side, progress=False)[..., 0])
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
    shipped = pretrained_file(model)
    table.worth = "" if shipped is None else shipped.worth()
    return table


def no_face(found: Predictions) -> str:
    """Why predictions are empty, in one sentence."""
    problems = getattr(found, "problems", ())
    kinds = set(problems["kind"]) if len(problems) else set()
    if "no face" in kinds:
        return (
            "No face was found: dlib, the default detector, wants upright faces from the front, and a picture that "
            "shows nothing but a face wants the detector `whole`."
        )
    return f"No face can be scored: {problems['problem'].iloc[-1]}." if len(problems) else "No face can be scored."


def _checked(detector, frames, sampling, margin, landmarks, align) -> dict[str, Any]:
    """The settings that were given, checked as far as that needs no result, so before a network is loaded."""
    finder = create(DETECTOR if detector is None else detector)
    marks = chosen_landmarks(landmarks, False if align is None or landmarks is None else align, finder)
    if align is not None:
        chosen_landmarks(marks, align, finder)
    return {
        "detector": None if detector is None else finder,
        "frames": None if frames is None else whole_number("frames", frames, 1),
        "sampling": None if sampling is None else checked_sampling("sampling", sampling),
        "margin": None if margin is None else checked_margin(margin),
        "landmarks": marks,
        "align": align,
    }


# --- what is looked at ----------------------------------------------------------------------


def _source(source: Any):
    """A name for the report, and a function from settings to frames, which notes in a ``Reading`` what is odd."""
    if isinstance(source, np.ndarray):
        grey = source.ndim == 2
        if source.dtype != np.uint8 or not (grey or (source.ndim == 3 and source.shape[2] == 3)) or source.size == 0:
            raise invalid(
                "source",
                expected="a uint8 array of shape (H, W, 3) or (H, W)",
                received=f"{source.dtype} of shape {source.shape}",
            )
        rgb = np.repeat(source[..., None], 3, axis=2) if grey else source
        return "array", lambda settings, reading: [Frame(0, 0.0, rgb)]
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

    def frames_of(settings: Settings, reading: Reading):
        frames = each_frame(path, settings.frames, sampling=settings.sampling, into=reading)
        return frames if settings.sampling == "all" else list(frames)  # of all of them one is in memory at a time

    return shown(str(path)), frames_of
