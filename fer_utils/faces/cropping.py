"""From a box in a picture to the grey square that a network sees."""

from __future__ import annotations

import math

import numpy as np

from fer_utils.errors import invalid
from fer_utils.faces.detectors import Box
from fer_utils.faces.video import grey_of, opencv


def crop(rgb: np.ndarray, box: Box, *, size: int = 180, margin: float = 0.0) -> np.ndarray:
    """Cut the square around a box, make it grey, scale it.

    The square has the box's centre and its longer side, widened by ``margin``
    on every side; where it leaves the picture the edge pixels are repeated.
    Grey is 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).  Shrinking averages over
    areas (``cv2.INTER_AREA``), enlarging is linear.

    Parameters
    ----------
    rgb : (H, W, 3) uint8.
    box : in pixels of ``rgb``.
    size : side of the result in pixels.
    margin : share of the side added on each side, in [0, 2].

    Returns
    -------
    (size, size) uint8.
    """
    cv2 = opencv()
    height, width = rgb.shape[:2]
    side = max(1, math.floor(max(box.w, box.h) * (1 + 2 * margin) + 0.5))
    left = math.floor(box.x + (box.w - side) / 2 + 0.5)
    top = math.floor(box.y + (box.h - side) / 2 + 0.5)
    if 0 <= left <= width - side and 0 <= top <= height - side:
        square = rgb[top:top + side, left:left + side]
    else:
        rows = np.clip(np.arange(top, top + side), 0, height - 1)
        columns = np.clip(np.arange(left, left + side), 0, width - 1)
        square = rgb[rows[:, None], columns]
    grey = grey_of(square)
    return cv2.resize(grey, (size, size), interpolation=cv2.INTER_AREA if side >= size else cv2.INTER_LINEAR)


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
