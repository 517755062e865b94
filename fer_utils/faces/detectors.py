"""Face detectors behind one small interface: pictures in, boxes out."""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np

from fer_utils.errors import invalid, missing
from fer_utils.faces.video import opencv

#: The first look is at a picture whose longer side has at most this many pixels.
QUICK_SIDE = 540
#: A second look, where the first finds nothing.
SECOND_SIDE = 1080
#: No look is at more pixels a side than this, so that memory stays bounded.
LARGEST_SIDE = 4096
#: Pictures up to this side are also looked at twice as large.
DOUBLED_SIDE = 1000


class Box(NamedTuple):
    """A face in pixels of the picture given: left, top, width, height, and the detector's score.

    A box may reach over the picture's edge.  Scores of one detector can be
    compared with each other, not with another detector's.
    """

    x: int
    y: int
    w: int
    h: int
    score: float

    def overlap(self, other: "Box") -> float:
        """Intersection over union with another box, in [0, 1]."""
        wide = min(self.x + self.w, other.x + other.w) - max(self.x, other.x)
        high = min(self.y + self.h, other.y + other.h) - max(self.y, other.y)
        common = max(0, wide) * max(0, high)
        union = self.w * self.h + other.w * other.h - common
        return common / union if union else 0.0

    def _same_face(self, other: "Box") -> bool:
        middle_x, middle_y = self.x + self.w / 2, self.y + self.h / 2
        inside = other.x <= middle_x < other.x + other.w and other.y <= middle_y < other.y + other.h
        return inside or self.overlap(other) > 0.3


class Detector:
    """Base of the detectors: a subclass sets ``name`` and gives ``at_scale``.

    An instance that can be pickled may be handed to ``prepare`` and ``predict``
    in place of a name.
    """

    name = ""
    #: The smallest face it can find, in pixels of the scale it looks at.
    smallest = 1
    #: The detector's own step from one size of face to the next.  Pictures are scaled by powers
    #: of it, so that a small picture is searched for the same sizes of face as the full one.
    step = 0.5
    #: Whether the last look is to have colours; the others are grey.
    colours = False

    def at_scale(self, picture: np.ndarray, last: bool) -> list[Box]:
        """Boxes in one picture, at its own scale.

        ``picture`` is uint8, (H, W) grey, or (H, W, 3) RGB for a detector with
        ``colours`` at its ``last`` look, after which no larger one follows.
        """
        raise TypeError(f"{type(self).__name__} is a detector without `at_scale`")

    def detect(self, rgb: np.ndarray, *, thorough: bool = False) -> list[Box]:
        """The faces in a picture, largest first.

        The picture is looked at scaled down to 540 pixels or less first; where
        nothing is found, or only a face so small that its box is a poor fit, at
        1080, at its own size (at most 4096) and, up to 1000 pixels, at twice that.  So
        what the full picture shows is not missed; but small faces beside a
        larger one that the first look finds are searched only with ``thorough``.

        Parameters
        ----------
        rgb : (H, W, 3) uint8.
        thorough : look at the full picture in any case and add every face that
            the first look has not found.  The boxes of the first look stay.

        Returns
        -------
        list of Box, by area, largest first.
        """
        scales = _scales(max(rgb.shape[:2]), self.step)
        grey = opencv().cvtColor(np.ascontiguousarray(rgb), opencv().COLOR_RGB2GRAY)
        full = rgb if self.colours else grey
        boxes: list[Box] = []
        used = 0
        for used, scale in enumerate(scales):
            found = self._scaled(full if scale == scales[-1] else grey, scale, scale == scales[-1])
            boxes = found or boxes
            # At its smallest size a detector's box is the smallest box, whatever the face's size is.
            if found and max(box.w for box in found) * scale > 1.125 * self.smallest:
                break
        if thorough:
            for scale in scales[used + 1:]:
                if scale < min(1.0, scales[-1]):
                    continue
                for box in self._scaled(full, scale, True):
                    if not any(box._same_face(other) or other._same_face(box) for other in boxes):
                        boxes.append(box)
        return sorted(boxes, key=lambda box: (-box.w * box.h, box.x, box.y))

    def _scaled(self, picture: np.ndarray, scale: float, last: bool) -> list[Box]:
        if scale != 1.0:
            cv2 = opencv()
            height, width = picture.shape[:2]
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        return [
            Box(round(box.x / scale), round(box.y / scale), max(1, round(box.w / scale)), max(1, round(box.h / scale)),
                round(float(box.score), 6))
            for box in self.at_scale(np.ascontiguousarray(picture), last)
        ]


def _scales(side: int, step: float) -> list[float]:
    """The scales to look at, smallest first, for a picture whose longer side is ``side`` pixels."""
    scales = [1.0] if side <= LARGEST_SIDE else [LARGEST_SIDE / side]
    for goal in (SECOND_SIDE, QUICK_SIDE):
        if goal < side:
            smaller = step ** math.ceil(math.log(goal / side) / math.log(step))
            if smaller < scales[0]:
                scales.insert(0, smaller)
    return scales + [2.0] if side <= DOUBLED_SIDE else scales


@functools.cache
def _dlib_hog():
    import dlib  # its model is part of the module and takes a tenth of a second to unpack

    return dlib.get_frontal_face_detector()


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

    def __init__(self):
        try:
            import dlib  # noqa: F401
        except ImportError as error:
            raise missing(
                "dlib", needed_for="detector='dlib'", remedy="pip install dlib-bin, or pass detector='haar'",
            ) from error
        self._find = _dlib_hog()

    def __reduce__(self):
        return DlibHog, ()

    def at_scale(self, picture, last):
        rectangles, scores, _ = self._find.run(picture, 0, 0.0)
        return [Box(r.left(), r.top(), r.width(), r.height(), score) for r, score in zip(rectangles, scores)]


class Haar(Detector):
    """OpenCV's cascade of Haar features for frontal faces (Viola & Jones 2001, doi 10.1109/CVPR.2001.990517).

    Faces of 40 pixels and more at the scale it looks at; its score is the last
    stage's weight.  OpenCV 5 has no cascade classifier.
    """

    name = "haar"
    smallest = 40
    step = 1 / 1.1

    def __init__(self):
        cv2 = opencv()
        if not hasattr(cv2, "CascadeClassifier"):
            raise missing(
                "cv2.CascadeClassifier", needed_for="detector='haar'",
                remedy=f"this is OpenCV {cv2.__version__}, and OpenCV 5 has no cascade classifier: "
                "pass detector='dlib', or pip install 'opencv-python-headless<5'",
            )
        folder = getattr(getattr(cv2, "data", None), "haarcascades", "")
        self._find = cv2.CascadeClassifier(f"{folder}haarcascade_frontalface_default.xml")
        if self._find.empty():
            raise missing(
                "haarcascade_frontalface_default.xml", needed_for="detector='haar'",
                remedy="install OpenCV from PyPI, which brings the file: pip install 'opencv-python-headless<5'",
            )

    def __reduce__(self):
        return Haar, ()

    def at_scale(self, picture, last):
        cv2 = opencv()
        if min(picture.shape) < self.smallest:
            return []
        boxes, _, weights = self._find.detectMultiScale3(
            picture, scaleFactor=1.1, minNeighbors=6, minSize=(40, 40), outputRejectLevels=True,
        )
        return [Box(*map(int, box), float(weight)) for box, weight in zip(boxes, np.ravel(weights))]


_DETECTORS = {detector.name: detector for detector in (DlibHog, Haar)}


def available() -> tuple[str, ...]:
    """The names of the detectors, in alphabetical order; each may need an optional package.

    >>> available()
    ('dlib', 'haar')
    """
    return tuple(sorted(_DETECTORS))


def create(detector: str | Detector) -> Detector:
    """The detector of a name; a ``Detector`` is handed back as it is.

    Raises
    ------
    FerError : the name is unknown.  MissingPackage : its package is not there.
    """
    if isinstance(detector, Detector):
        return detector
    if not isinstance(detector, str) or detector not in _DETECTORS:
        raise invalid("detector", expected=f"one of {available()}, or a Detector", received=detector)
    return _DETECTORS[detector]()
