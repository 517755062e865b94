"""Landmarks: 68 points of a face, found by dlib's shape predictor from a face's box.

The predictor is a cascade of regression trees (Kazemi & Sullivan 2014, doi
10.1109/CVPR.2014.241), here trained on whatever examples it is given;
``fer_utils.synthetic.landmark_predictor`` gives it drawn faces.  The points are iBUG's 68, in their
order (Sagonas et al. 2013, doi 10.1109/ICCVW.2013.59): jaw 0-16, brows 17-26,
nose 27-35, eyes 36-47, mouth 48-67; the person's right comes first.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np

from fer_utils.core.errors import invalid
from fer_utils.core.optional_packages import dlib
from fer_utils.core.paths import check_utf8, expanded
from fer_utils.faces.cropping import crop, eye_roll, points_in_picture
from fer_utils.faces.detector_base import Box, Detector
from fer_utils.faces.detectors import create
from fer_utils.faces.landmark_patches import LOOK_SIDE, POINTS, box_in_patch, checked_box, checked_image, face_patch

#: The outer corners of the eyes; their distance is the measure of every error.
OUTER_CORNERS = (36, 45)
#: Boxes that a face is looked at with (right, down, size); the answer is their median, as Cao et al. 2014 take
#: it (doi 10.1007/s11263-013-0667-3).
_LOOKS = (
    (0.0, 0.0, 1.0),
    (-0.04, 0.0, 1.0),
    (0.04, 0.0, 1.0),
    (0.0, -0.04, 1.0),
    (0.0, 0.04, 1.0),
    (0.0, 0.0, 0.92),
    (0.0, 0.0, 1.08),
    (0.03, 0.03, 0.96),
    (-0.03, -0.03, 1.04),
)
#: How often a face is turned back and looked at again.
_TURNS = 4


class Landmarks:
    """Finds the 68 landmarks of a face.

    Parameters
    ----------
    model : the file of a dlib shape predictor with 68 points, for instance what
        ``fer_utils.synthetic.landmark_predictor.train()`` returns.
    detector : where no box is given, the face's box: ``"dlib"``, ``"haar"`` or a
        ``Detector``.  A predictor wants boxes of the detector it was trained with.

    Raises
    ------
    FerError : there is no such file, it is not a shape predictor, or it has
        another number of points.  MissingPackage : dlib is not there.

    Attributes
    ----------
    path : the file.
    sha256 : of the file's bytes, in hexadecimal, when it was read.  A pickled
        one has the predictor in it and needs the file no more.
    """

    def __init__(self, model: str | os.PathLike, *, detector: str | Detector = "dlib"):
        self._load("model", model, detector)

    def _load(self, argument: str, model: str | os.PathLike, detector: str | Detector) -> None:
        library = dlib("landmarks")
        self.path = model_path(argument, model)
        remedy = "Train one: fer_utils.synthetic.landmark_predictor.train() returns its file."
        if not self.path.is_file():
            raise invalid(argument, expected="the file of a dlib shape predictor", received=str(model), remedy=remedy)
        check_utf8(argument, self.path)
        self._find = create(detector)
        with open(self.path, "rb") as file:
            self.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        try:
            self._predict = library.shape_predictor(str(self.path))
        except (RuntimeError, MemoryError, OverflowError) as error:
            raise invalid(
                argument,
                expected="a dlib shape predictor, whole",
                received=str(model),
                remedy=f"dlib cannot read it ({_first_line(error)}). {remedy}",
            ) from None
        blank = np.zeros((64, 64), np.uint8)
        points = self._predict(blank, library.rectangle(8, 8, 55, 55)).num_parts
        if points != POINTS:
            raise invalid(
                argument,
                expected=f"a shape predictor of {POINTS} points",
                received=f"{model}, with {points} points",
                remedy=remedy,
            )

    def __repr__(self) -> str:
        return f"Landmarks({str(self.path)!r}, detector={self._find.name!r})"

    def find(self, image: np.ndarray, box: Box | tuple[float, float, float, float] | None = None) -> np.ndarray:
        """The landmarks of one face.

        Parameters
        ----------
        image : (H, W, 3) RGB or (H, W) grey, uint8.
        box : the face's box, or (left, top, width, height), in pixels; None for
            the largest that the detector finds.

        Returns
        -------
        (68, 2) float64: x to the right and y down, in pixels of ``image``, the
        centre of the first pixel being (0, 0).  NaN where no face was found.

        Raises
        ------
        FerError : the image or the box is none.
        """
        image = checked_image(image)
        if box is None:
            rgb = image if image.ndim == 3 else np.repeat(image[:, :, None], 3, axis=2)
            boxes = self._find.detect(rgb)
            if not boxes:
                return np.full((POINTS, 2), np.nan)
            box = boxes[0]
        patch, scale, origin = face_patch(image, checked_box(box, image.shape), LOOK_SIDE)
        looks = [_array(self._predict(patch, box_in_patch(LOOK_SIDE, *start))) for start in _LOOKS]
        return (np.median(looks, axis=0) + 0.5) / scale - 0.5 + origin

    def find_turned(self, image: np.ndarray, box: Box) -> tuple[np.ndarray, float]:
        """The landmarks of a face whose head may be turned further than the predictor has learned, and its roll.

        A predictor that sees only part of a roll sees the rest in the picture turned back by that part: it is
        looked at again, turned, until less than a degree is left, four times at most.

        Parameters
        ----------
        image, box : as for ``find``.

        Returns
        -------
        (68, 2) float64 in pixels of ``image``, and their ``eye_roll`` in degrees.
        """
        found = self.find(image, box)
        rgb = image if image.ndim == 3 else np.repeat(image[:, :, None], 3, axis=2)
        roll = eye_roll(found)
        for _ in range(_TURNS):
            where = {"size": 2 * LOOK_SIDE, "margin": 0.5, "roll": roll}
            square = crop(rgb, box, **where)
            seen = self.find(square, (LOOK_SIDE / 2, LOOK_SIDE / 2, LOOK_SIDE, LOOK_SIDE))
            found = points_in_picture(seen, box, **where)
            roll = eye_roll(found)
            if abs(eye_roll(seen)) < 1:
                break
        return found, roll


def chosen_landmarks(
    landmarks: Landmarks | str | os.PathLike | None, align: bool, detector: Detector
) -> Landmarks | None:
    """What ``landmarks`` and ``align`` of ``prepare`` and ``predict`` ask for, checked.

    Raises
    ------
    FerError : ``landmarks`` is no such file, or ``align`` is asked for without it.
    """
    if not isinstance(align, (bool, np.bool_)):
        raise invalid("align", expected="True or False", received=align)
    if landmarks is None and align:
        raise invalid(
            "align",
            expected="False where there are no landmarks",
            received=align,
            remedy="The eyes are found by landmarks: pass landmarks=fer_utils.synthetic.landmark_predictor.train(), or "
            "another predictor's file.",
        )
    if landmarks is None or isinstance(landmarks, Landmarks):
        return landmarks
    made = Landmarks.__new__(Landmarks)
    made._load("landmarks", landmarks, detector)
    return made


def landmark_error(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Mean distance between points, over the distance between the outer corners of the eyes.

    The error of the 300-W challenge (Sagonas et al. 2013, "300 Faces in-the-Wild
    Challenge", doi 10.1109/ICCVW.2013.59): the mean over the 68 points of the
    Euclidean distance between prediction and truth, divided by the true
    inter-ocular distance, from point 36 to point 45.  (Some papers divide by the
    distance between pupils, which is shorter; their figures are larger.)

    Parameters
    ----------
    predicted, truth : (68, 2), or (N, 68, 2) for N pictures; pixels.

    Returns
    -------
    One number a picture, shape () or (N,); 0.03 is 3 %.  NaN where the
    prediction has a NaN.

    >>> face = np.arange(136.0).reshape(68, 2)
    >>> float(landmark_error(face, face))
    0.0
    """
    pair = []
    for name, value in (("predicted", predicted), ("truth", truth)):
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            raise invalid(
                name, expected=f"numbers of shape ({POINTS}, 2) or (N, {POINTS}, 2)", received=value
            ) from None
        if array.ndim not in (2, 3) or array.shape[-2:] != (POINTS, 2):
            raise invalid(name, expected=f"shape ({POINTS}, 2) or (N, {POINTS}, 2)", received=array.shape)
        pair.append(array)
    predicted, truth = pair
    if predicted.shape != truth.shape:
        raise invalid("predicted", expected=f"the shape of `truth`, {truth.shape}", received=predicted.shape)
    apart = np.linalg.norm(truth[..., OUTER_CORNERS[1], :] - truth[..., OUTER_CORNERS[0], :], axis=-1)
    if not np.isfinite(truth).all() or (apart == 0).any():
        raise invalid("truth", expected="finite numbers, with points 36 and 45 apart", received=truth)
    return np.linalg.norm(predicted - truth, axis=-1).mean(axis=-1) / apart


def model_path(argument: str, path: str | os.PathLike) -> Path:
    """``path`` as a Path, ``~`` expanded; one clear ``FerError`` if it is no path."""
    if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
        raise invalid(argument, expected="the path of a file", received=path)
    return expanded(path)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _array(shape) -> np.ndarray:
    return np.array([(point.x, point.y) for point in shape.parts()], np.float64)
