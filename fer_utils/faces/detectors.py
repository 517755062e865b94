"""The face detectors by their names: dlib's, OpenCV's cascade, YuNet, the whole picture, or one of the caller's own."""

from __future__ import annotations

import copy
import functools
import math

import numpy as np

from fer_utils.core.errors import invalid, missing
from fer_utils.core.optional_packages import dlib, opencv
from fer_utils.faces.detector_base import Box, Detector, largest_first
from fer_utils.faces.yunet import YuNet


@functools.cache
def _unpacked_dlib_detector():
    """dlib's own detector; its model is part of the module and takes some tenths of a second to unpack."""
    return dlib("a detector of faces").get_frontal_face_detector()


class DlibHog(Detector):
    """dlib's frontal face detector: histograms of oriented gradients and a linear classifier (King 2009).

    The one that Ding, Tang & Lu (2023) use.  It finds upright, frontal faces of
    80 pixels and more at the scale it looks at; its score is the distance from
    the decision boundary.
    """

    name = "dlib"
    smallest = 80
    step = 5 / 6
    colours = True  # faces score a little higher in colour, which takes a third more time
    again = 96

    def __init__(self):
        dlib("detector='dlib'", ", or pass detector='haar'")
        # dlib's object is not for two threads at once; to copy or to unpickle one takes milliseconds.
        self._find = copy.copy(_unpacked_dlib_detector())

    def at_scale(self, picture, last):
        rectangles, scores, _ = self._find.run(picture, 0, 0.0)
        return [
            Box(found.left(), found.top(), found.width(), found.height(), score)
            for found, score in zip(rectangles, scores, strict=True)
        ]


class Haar(Detector):
    """OpenCV's cascade of Haar features for frontal faces (Viola & Jones 2001, doi 10.1109/CVPR.2001.990517).

    Faces of 40 pixels and more at the scale it looks at; its score is the last
    stage's weight.  OpenCV 5 has no cascade classifier.
    """

    name = "haar"
    smallest = 40
    step = 1 / 1.1

    def __init__(self):
        self._start()

    def _start(self) -> None:
        cv2 = opencv()
        if not hasattr(cv2, "CascadeClassifier"):
            raise missing(
                "cv2.CascadeClassifier",
                needed_for="detector='haar'",
                remedy=f"this is OpenCV {cv2.__version__}, and OpenCV 5 has no cascade classifier: "
                "pass detector='dlib', or pip install 'opencv-python-headless<5'",
            )
        folder = getattr(getattr(cv2, "data", None), "haarcascades", "")
        self._find = cv2.CascadeClassifier(f"{folder}haarcascade_frontalface_default.xml")
        if self._find.empty():
            raise missing(
                "haarcascade_frontalface_default.xml",
                needed_for="detector='haar'",
                remedy="install OpenCV from PyPI, which brings the file: pip install 'opencv-python-headless<5'",
            )

    def __getstate__(self):
        return {name: value for name, value in self.__dict__.items() if name != "_find"}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self._start()

    def at_scale(self, picture, last):
        if min(picture.shape) < self.smallest:
            return []
        boxes, _, weights = self._find.detectMultiScale3(
            picture,
            scaleFactor=1.1,
            minNeighbors=6,
            minSize=(40, 40),
            outputRejectLevels=True,
        )
        return [Box(*map(int, box), float(weight)) for box, weight in zip(boxes, np.ravel(weights), strict=True)]


class WholePicture(Detector):
    """No search: the whole picture is the face.

    For sets that are cropped already (FER2013, CK+48 and their like), where a detector finds no face in some pictures,
    and in some labels more often than in others.  Of a picture that is not square the longer side counts (see
    `fer_utils.faces.crop`); its score is 1.
    """

    name = "whole"

    def detect(self, rgb, *, thorough=False):
        height, width = rgb.shape[:2]
        return [Box(0, 0, width, height, 1.0)]


_DETECTORS = {detector.name: detector for detector in (DlibHog, Haar, WholePicture)}
_WITH_A_FILE = "yunet"


def available() -> tuple[str, ...]:
    """The names of the detectors, in alphabetical order; each may need an optional package.

    ``yunet`` also needs its model's file, after a colon: ``"yunet:FILE"``.

    >>> available()
    ('dlib', 'haar', 'whole', 'yunet')
    """
    return tuple(sorted((*_DETECTORS, _WITH_A_FILE)))


def create(detector: str | Detector) -> Detector:
    """The detector of a name; a ``Detector`` is handed back as it is.

    Raises
    ------
    FerError : the name is unknown, or a model's file is missing or none.
    MissingPackage : its package is not there.
    """
    if isinstance(detector, Detector):
        return detector
    if isinstance(detector, str) and detector.partition(":")[0] == _WITH_A_FILE:
        return YuNet.of_name(detector)
    if not isinstance(detector, str) or detector not in _DETECTORS:
        raise invalid("detector", expected=f"one of {available()}, or a Detector", received=detector)
    return _DETECTORS[detector]()


def cleaned(boxes) -> list[Box]:
    """The boxes of whatever detector, as whole pixels and plain numbers, largest first.

    Raises
    ------
    FerError : something that is no box.
    """
    made = []
    for box in () if boxes is None else boxes:
        try:
            x, y, w, h = (math.floor(float(value) + 0.5) for value in box[:4])
            made.append(Box(x, y, w, h, round(float(box[4]), 6) if len(box) > 4 else 0.0))
        except (TypeError, ValueError, OverflowError, IndexError) as error:
            raise invalid(
                "detector", expected="one that gives boxes: (x, y, w, h, score), finite numbers", received=box
            ) from error
    if any(box.w < 1 or box.h < 1 or not math.isfinite(box.score) for box in made):
        raise invalid(
            "detector", expected="one that gives boxes of a pixel or more, with finite scores", received=boxes
        )
    return largest_first(made)


def identity(detector: Detector) -> str:
    """The name by which a face set tells its detector from others.

    It is the detector's own name, and its class besides where that class has no name of its own.
    """
    kind = type(detector)
    if not isinstance(detector.name, str) or not detector.name:
        raise invalid(
            "detector", expected="a Detector with a `name`, by which its faces are told from others", received=detector
        )
    if "name" in vars(kind) or "name" in vars(detector):
        return detector.name
    return f"{detector.name} ({kind.__module__}.{kind.__qualname__})"
