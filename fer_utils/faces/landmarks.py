"""Landmarks: 68 points of a face, found by dlib's shape predictor from a face's box.

The predictor is a cascade of regression trees (Kazemi & Sullivan 2014, doi
10.1109/CVPR.2014.241), here trained on whatever examples it is given;
``fer_utils.synthetic.landmark_predictor`` gives it drawn faces.  The points are iBUG's 68, in their
order (Sagonas et al. 2013, doi 10.1109/ICCVW.2013.59): jaw 0-16, brows 17-26,
nose 27-35, eyes 36-47, mouth 48-67; the person's right comes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import hashlib
import numbers
import os
from pathlib import Path
from types import MappingProxyType

import numpy as np

from fer_utils.core.errors import invalid, missing
from fer_utils.faces.cropping import crop, eye_roll, points_in_picture
from fer_utils.faces.detectors import Box, Detector, create
from fer_utils.faces.video import opencv

POINTS = 68
#: The outer corners of the eyes; their distance is the measure of every error.
OUTER_CORNERS = (36, 45)
#: Which point each becomes when a picture is mirrored left to right.
MIRRORED = np.r_[
    16:-1:-1,
    26:16:-1,
    27:31,
    35:30:-1,
    45:41:-1,
    47,
    46,
    39:35:-1,
    41,
    40,
    54:47:-1,
    59:54:-1,
    64:59:-1,
    67:64:-1,
]
MIRRORED.setflags(write=False)

#: dlib's training options, chosen by trial on drawn people other than those of any test.  `num_threads`
#: is fixed, not that of the machine: dlib adds up by thread, so another number gives another model.
OPTIONS: Mapping[str, float | int | str] = MappingProxyType(
    {
        "cascade_depth": 10,
        "num_trees_per_cascade_level": 100,
        "tree_depth": 3,
        "nu": 0.3,
        "oversampling_amount": 4,
        "feature_pool_size": 400,
        "num_test_splits": 20,
        "lambda_param": 0.1,
        "num_threads": 2,
        "random_seed": "fer_utils",
    }
)
#: The face's box has this side in the patch that is learned from, and in the one that is looked at.  dlib
#: gives whole pixels, so the second is the larger; the patch is twice as wide as the box.
_LEARN_SIDE, _LOOK_SIDE = 80, 200
#: Boxes that an example is learned with, and how far they lie off: a detector's sizes come in steps.
_STARTS, _SHIFT, _GROWTH = 2, 0.06, 0.15
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
        dlib = _dlib()
        self.path = model_path(argument, model)
        remedy = "Train one: fer_utils.synthetic.landmark_predictor.train() returns its file."
        if not self.path.is_file():
            raise invalid(argument, expected="the file of a dlib shape predictor", received=str(model), remedy=remedy)
        self._find = create(detector)
        with open(self.path, "rb") as file:
            self.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        try:
            self._predict = dlib.shape_predictor(str(self.path))
        except (RuntimeError, MemoryError, OverflowError) as error:
            raise invalid(
                argument,
                expected="a dlib shape predictor, whole",
                received=str(model),
                remedy=f"dlib cannot read it ({_first_line(error)}). {remedy}",
            ) from None
        blank = np.zeros((64, 64), np.uint8)
        points = self._predict(blank, dlib.rectangle(8, 8, 55, 55)).num_parts
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
        image = _checked_image(image)
        if box is None:
            rgb = image if image.ndim == 3 else np.repeat(image[:, :, None], 3, axis=2)
            boxes = self._find.detect(rgb)
            if not boxes:
                return np.full((POINTS, 2), np.nan)
            box = boxes[0]
        patch, scale, origin = _patch(image, _checked_box(box, image.shape), _LOOK_SIDE)
        looks = [_array(self._predict(patch, _rectangle(_LOOK_SIDE, *start))) for start in _LOOKS]
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
            where = {"size": 2 * _LOOK_SIDE, "margin": 0.5, "roll": roll}
            square = crop(rgb, box, **where)
            seen = self.find(square, (_LOOK_SIDE / 2, _LOOK_SIDE / 2, _LOOK_SIDE, _LOOK_SIDE))
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
            remedy="The eyes are found by landmarks: pass landmarks=fer_utils.synthetic.landmark_predictor.train(), or another "
            "predictor's file.",
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


def fit_landmarks(
    examples: Iterable[tuple[np.ndarray, Box, np.ndarray]],
    path: str | os.PathLike,
    *,
    options: Mapping = OPTIONS,
    seed: int = 0,
) -> int:
    """Train a shape predictor and write it to a file.

    An example is learned twice, as it is and mirrored, and each from two boxes
    that lie a little off the given one.  What is kept of it is a grey patch of
    160x160 pixels, so that memory does not depend on the pictures' size.

    Parameters
    ----------
    examples : of (image, box, truth): (H, W, 3) RGB or (H, W) grey uint8, the
        face's box as the detector gives it, (68, 2) pixels.
    path : file to write; as it is written, it is not yet whole.
    options : of dlib's ``shape_predictor_training_options``; see `OPTIONS`.
    seed : of the boxes.  Equal examples, options and seed give equal bytes.

    Returns
    -------
    The number of examples.

    Raises
    ------
    FerError : an example is not as above, or there are none.
    """
    dlib = _dlib()
    rng = np.random.default_rng(seed)
    patches, marks = [], []
    number = 0
    for number, (image, box, truth) in enumerate(examples, start=1):
        image = _checked_image(image)
        truth = np.asarray(truth, np.float64)
        if truth.shape != (POINTS, 2) or not np.isfinite(truth).all():
            raise invalid("examples", expected=f"finite landmarks of shape ({POINTS}, 2)", received=truth)
        patch, scale, origin = _patch(image, _checked_box(box, image.shape), _LEARN_SIDE)
        points = (truth - origin + 0.5) * scale - 0.5
        turned = points[MIRRORED] * (-1.0, 1.0) + (patch.shape[1] - 1.0, 0.0)
        for seen, where in ((patch, points), (np.ascontiguousarray(patch[:, ::-1]), turned)):
            starts = rng.uniform(-1.0, 1.0, (_STARTS, 3)) * (_SHIFT, _SHIFT, _GROWTH)
            whole = dlib.points([dlib.point(int(x), int(y)) for x, y in np.rint(where)])
            patches.append(seen)
            marks.append(
                [
                    dlib.full_object_detection(_rectangle(_LEARN_SIDE, right, down, 1.0 + growth), whole)
                    for right, down, growth in starts
                ]
            )
    if not number:
        raise invalid("examples", expected="one example or more", received=[])
    chosen = dlib.shape_predictor_training_options()
    for name, value in options.items():
        if not hasattr(chosen, name):
            raise invalid("options", expected="options of dlib.shape_predictor_training_options", received=name)
        setattr(chosen, name, value)
    dlib.train_shape_predictor(patches, marks, chosen).save(os.fspath(path))
    return number


def model_path(argument: str, path: str | os.PathLike) -> Path:
    """``path`` as a Path, ``~`` expanded; one clear ``FerError`` if it is no path."""
    if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
        raise invalid(argument, expected="the path of a file", received=path)
    return Path(path).expanduser()


def _dlib():
    try:
        import dlib
    except ImportError:
        raise missing("dlib", needed_for="landmarks", remedy="pip install dlib-bin") from None
    return dlib


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _checked_image(image) -> np.ndarray:
    fine = isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.size
    if not fine or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)):
        raise invalid(
            "image",
            expected="uint8 of shape (H, W, 3), RGB, or (H, W), grey",
            received=(image.shape, str(image.dtype)) if isinstance(image, np.ndarray) else image,
        )
    return image


def _checked_box(box, shape) -> tuple[float, float, float]:
    """Centre and side of a box: the square with the longer of its sides."""
    expected = "a Box, or (left, top, width, height) in pixels, that lies at least partly in the picture"
    try:
        values = [float(v) for v in box[:4] if isinstance(v, numbers.Real)]
    except TypeError:
        values = []
    if len(values) != 4 or not np.isfinite(values).all() or len(box) not in (4, 5):
        raise invalid("box", expected=expected, received=box)
    x, y, w, h = values
    # A box many times the picture would be a picture of repeated edges, of any size.
    if min(w, h) < 1 or max(w, h) > 4 * max(shape[:2]) or x >= shape[1] or y >= shape[0] or x + w <= 0 or y + h <= 0:
        raise invalid("box", expected=expected, received=box, remedy=f"The picture has {shape[1]}x{shape[0]} pixels.")
    return x + w / 2, y + h / 2, max(w, h)


def _patch(image: np.ndarray, box: tuple[float, float, float], side: int) -> tuple[np.ndarray, float, np.ndarray]:
    """What lies within twice a box, grey, of even contrast: (2 side, 2 side), its scale, its first pixel in the picture.

    Contrast is evened out by tiles (CLAHE, Pizer et al. 1987, doi
    10.1016/S0734-189X(87)80186-X): a dark face under a dim light then looks as
    a light one does.
    """
    cv2 = opencv()
    x, y, wide = box
    extent = max(2, round(2 * wide))
    left, top = round(x - extent / 2), round(y - extent / 2)
    columns = np.clip(np.arange(left, left + extent), 0, image.shape[1] - 1)
    rows = np.clip(np.arange(top, top + extent), 0, image.shape[0] - 1)
    grey = np.ascontiguousarray(image[rows[:, None], columns])
    if grey.ndim == 3:
        grey = cv2.cvtColor(grey, cv2.COLOR_RGB2GRAY)
    size = (2 * side, 2 * side)
    grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if extent > 2 * side else cv2.INTER_LINEAR)
    return cv2.createCLAHE(3.0, (4, 4)).apply(grey), 2 * side / extent, np.array([left, top], np.float64)


def _rectangle(side: int, right: float, down: float, size: float):
    """The box in a patch of 2 side, moved and grown by shares of its side, as dlib wants it."""
    wide = max(1, round(side * size))
    left, top = (round(side + share * side - wide / 2) for share in (right, down))
    return _dlib().rectangle(left, top, left + wide - 1, top + wide - 1)


def _array(shape) -> np.ndarray:
    return np.array([(point.x, point.y) for point in shape.parts()], np.float64)
