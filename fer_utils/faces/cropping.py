"""From a box in a picture to the grey square that a network sees."""

from __future__ import annotations

import math

import numpy as np

from fer_utils.core.errors import invalid
from fer_utils.core.optional_packages import opencv
from fer_utils.core.stages import stage
from fer_utils.faces.detector_base import Box
from fer_utils.faces.pixels import grey_of

#: Points of the person's right eye and left eye among the 68 of iBUG.
EYES = (slice(36, 42), slice(42, 48))


@stage("faces")
def crop(rgb: np.ndarray, box: Box, *, size: int = 180, margin: float = 0.0, roll: float = 0.0) -> np.ndarray:
    """Cut the square around a box, make it grey, scale it.

    The square has the box's centre and its longer side, widened by ``margin``
    on every side; where it leaves the picture the edge pixels are repeated.
    Grey is 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).  Shrinking averages over
    areas (``cv2.INTER_AREA``), enlarging is linear.

    With ``roll`` the square is turned about its centre by as much as the head
    is, so that the face stands upright in it; pixels between pixels are linear
    interpolations.  ``eye_roll`` says how far a head is turned.

    Li et al. 2019 (doi 10.1007/s00371-019-01627-4) propose, says their abstract, new strategies of
    cropping and rotating faces, "to make data more abundant" and keep useful features only.  What is
    done here is plainer and our own choice: one square a face, levelled by the eyes,
    its centre and side those of the detector's box.

    Parameters
    ----------
    rgb : (H, W, 3) uint8.
    box : in pixels of ``rgb``.
    size : side of the result in pixels.
    margin : share of the side added on each side, in [0, 2].
    roll : degrees by which the head is turned clockwise as seen, as in
        ``studio.draw``; with 0 nothing is interpolated.

    Returns
    -------
    (size, size) uint8.
    """
    cv2 = opencv()
    left, top, side = _square(box, margin)
    if _checked_roll(roll):
        grey = _turned(rgb, left, top, side, max(side, size), roll)
    else:
        grey = grey_of(_cut(rgb, left, top, side, side))
    return cv2.resize(grey, (size, size), interpolation=cv2.INTER_AREA if side >= size else cv2.INTER_LINEAR)


@stage("faces")
def points_in_crop(
    points: np.ndarray, box: Box, *, size: int = 180, margin: float = 0.0, roll: float = 0.0
) -> np.ndarray:
    """Where points of the picture are in the square that ``crop`` makes with the same arguments.

    Parameters
    ----------
    points : (..., 2): x to the right, y down, in pixels of the picture, the centre of the first pixel being (0, 0).
    box, size, margin, roll : as for ``crop``.

    Returns
    -------
    (..., 2) float64, in pixels of the square, by the same rule; points outside the square have numbers outside it.
    """
    middle, side, turn = _frame(box, margin, roll)
    return ((np.asarray(points, np.float64) - middle) @ turn + side / 2) * (size / side) - 0.5


def points_in_picture(
    points: np.ndarray, box: Box, *, size: int = 180, margin: float = 0.0, roll: float = 0.0
) -> np.ndarray:
    """The inverse of `points_in_crop`: where points of the square that ``crop`` makes are in the picture."""
    middle, side, turn = _frame(box, margin, roll)
    return ((np.asarray(points, np.float64) + 0.5) * (side / size) - side / 2) @ turn.T + middle


def _frame(box: Box, margin: float, roll: float) -> tuple[np.ndarray, int, np.ndarray]:
    """Centre and side of the square in pixels, and its turn.

    The turn is (2, 2): it takes rows of vectors in the picture to those in the square.
    """
    left, top, side = _square(box, margin)
    angle = math.radians(_checked_roll(roll))
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.array([left + (side - 1) / 2, top + (side - 1) / 2]), side, np.array([[cosine, -sine], [sine, cosine]])


@stage("faces")
def eye_roll(landmarks: np.ndarray) -> float:
    """How far a head is turned, by the line between the eyes' centres, which are the means of their six points.

    Parameters
    ----------
    landmarks : (68, 2), iBUG's points in pixels, y down.

    Returns
    -------
    Degrees in (-180, 180], clockwise as seen: 0 where the eyes are level.

    Raises
    ------
    FerError : the landmarks are not 68 finite points, or the eyes are in one place.
    """
    points = np.asarray(landmarks, np.float64)
    if points.shape != (68, 2) or not np.isfinite(points).all():
        raise invalid("landmarks", expected="68 finite points, of shape (68, 2)", received=landmarks)
    right, down = points[EYES[1]].mean(axis=0) - points[EYES[0]].mean(axis=0)
    if right == 0 and down == 0:
        raise invalid("landmarks", expected="two eyes that are apart", received=landmarks)
    return math.degrees(math.atan2(down, right))


def _square(box: Box, margin: float) -> tuple[int, int, int]:
    """Left, top and side of the square about a box."""
    side = max(1, math.floor(max(box.w, box.h) * (1 + 2 * margin) + 0.5))
    return math.floor(box.x + (box.w - side) / 2 + 0.5), math.floor(box.y + (box.h - side) / 2 + 0.5), side


def _cut(rgb: np.ndarray, left: int, top: int, wide: int, high: int) -> np.ndarray:
    """A part of a picture; where it leaves the picture, the edge pixels repeated."""
    height, width = rgb.shape[:2]
    if 0 <= left <= width - wide and 0 <= top <= height - high:
        return rgb[top : top + high, left : left + wide]
    rows = np.clip(np.arange(top, top + high), 0, height - 1)
    columns = np.clip(np.arange(left, left + wide), 0, width - 1)
    return rgb[rows[:, None], columns]


def _turned(rgb: np.ndarray, left: int, top: int, side: int, pixels: int, roll: float) -> np.ndarray:
    """The turned square in (pixels, pixels) grey; pixels >= side, so that nothing is skipped."""
    cv2 = opencv()
    # What it can reach is a square about the same centre, as wide as its diagonal.
    spare = math.ceil(side * (math.sqrt(2) - 1) / 2) + 2
    around = grey_of(_cut(rgb, left - spare, top - spare, side + 2 * spare, side + 2 * spare))
    step, angle = side / pixels, math.radians(roll)
    cosine, sine = math.cos(angle), math.sin(angle)
    # From a pixel of the result to one of `around`: scaled, turned, and the centre onto the centre.
    turn = step * np.array([[cosine, -sine], [sine, cosine]])
    centre = spare + (side - 1) / 2
    move = centre - turn @ np.full(2, (pixels - 1) / 2)
    return cv2.warpAffine(
        around,
        np.column_stack([turn, move]),
        (pixels, pixels),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


def _checked_roll(roll: float) -> float:
    """Degrees, 0 for whole turns; ``FerError`` for what is no finite number."""
    fine = isinstance(roll, (int, float, np.integer, np.floating)) and not isinstance(roll, bool)
    if not fine or not math.isfinite(roll):
        raise invalid("roll", expected="degrees, a finite number", received=roll)
    return math.remainder(roll, 360)


@stage("faces")
def quality(face: np.ndarray) -> tuple[float, float]:
    """(sharpness, brightness) of a grey crop.

    Sharpness is the variance of the Laplacian (Pech-Pacheco et al. 2000, doi
    10.1109/ICPR.2000.903548), 0 for a flat picture and larger for a sharper
    one, comparable only at one ``size``; brightness is the mean grey level, 0
    to 255.
    """
    cv2 = opencv()
    sharpness = float(cv2.Laplacian(face, cv2.CV_64F).var())
    return round(sharpness, 6), round(float(face.mean()), 6)


def checked_margin(margin: float) -> float:
    """``margin`` as a float if it is a number in [0, 2]; otherwise one clear ``FerError``."""
    fine = isinstance(margin, (int, float, np.integer, np.floating)) and not isinstance(margin, bool)
    if not fine or not 0 <= margin <= 2:
        raise invalid("margin", expected="a number from 0 to 2", received=margin)
    return float(margin)
