"""Windows on a picture: the square around a face, and a part of it, found from its landmarks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fer_utils.core.errors import invalid
from fer_utils.core.optional_packages import opencv


def face_window(
    picture: np.ndarray, landmarks: np.ndarray, *, above: float = 0.62, beside: float = 0.22, below: float = 0.16
) -> np.ndarray:
    """The square of a picture that holds a face, found from its 68 landmarks (x, y) in pixels.

    ``above``, ``beside`` and ``below`` are margins as shares of the jaw's width, from brow, jaw and chin.
    """
    landmarks = np.asarray(landmarks, float)
    jaw, brows = landmarks[:17], landmarks[17:27]
    left, right = jaw[:, 0].min(), jaw[:, 0].max()
    width = right - left
    top, bottom = brows[:, 1].min() - above * width, jaw[:, 1].max() + below * width
    side = round(min(max(bottom - top, width * (1 + 2 * beside)), *picture.shape[:2]))
    x = round(np.clip((left + right - side) / 2, 0, picture.shape[1] - side))
    y = round(np.clip((top + bottom - side) / 2, 0, picture.shape[0] - side))
    return picture[y : y + side, x : x + side]


#: Parts of a face: the landmarks from which the window starts, how far below their uppermost it starts and how high it
#: is, as shares of the jaw's width.
FACE_PARTS: Mapping[str, tuple[slice, float, float]] = {
    "brows and eyes": (slice(17, 27), -0.28, 0.70),
    "cheeks and nose": (slice(17, 27), -0.10, 0.70),
    "mouth": (slice(33, 34), -0.16, 0.70),
}


def part_window(picture: np.ndarray, landmarks: np.ndarray, part: str, *, height: float | None = None) -> np.ndarray:
    """A window on a part of a face, as wide as the jaw.

    Parameters
    ----------
    picture : (H, W, 3).
    landmarks : (68, 2) in pixels; take those of the face at rest, and the window stays where it is while the face
        moves.
    part : a name of `FACE_PARTS`.
    height : the window's height as a share of the jaw's width; None for the part's own.

    Raises
    ------
    FerError : a part that is none.
    """
    if part not in FACE_PARTS:
        raise invalid("part", expected=f"one of {', '.join(FACE_PARTS)}", received=part)
    landmarks = np.asarray(landmarks, float)
    rows, start, usual_height = FACE_PARTS[part]
    left, width = landmarks[:17, 0].min(), np.ptp(landmarks[:17, 0])
    top = landmarks[rows, 1].min() + start * width
    bottom, right = top + (height or usual_height) * width, left + width
    return picture[max(round(top), 0) : round(bottom), max(round(left), 0) : round(right)]


def resize_to_width(picture: np.ndarray, width: int) -> np.ndarray:
    """A picture scaled to a width in pixels, (H, width, 3) uint8, with its proportions."""
    cv2 = opencv("contact sheets")
    height = max(1, round(width * picture.shape[0] / picture.shape[1]))
    smaller = width < picture.shape[1]
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
