"""What the landmark predictor sees of a face: a small grey patch about its box, and the box in it."""

from __future__ import annotations

import numbers

import numpy as np

from fer_utils.core.errors import invalid
from fer_utils.core.optional_packages import dlib, opencv

#: Points of a face: iBUG's 68.
POINTS = 68
#: The face's box has this side in the patch that is learned from, and in the one that is looked at.  dlib
#: gives whole pixels, so the second is the larger; the patch is twice as wide as the box.
LEARN_SIDE = 80
LOOK_SIDE = 200


def checked_image(image) -> np.ndarray:
    fine = isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.size
    if not fine or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)):
        raise invalid(
            "image",
            expected="uint8 of shape (H, W, 3), RGB, or (H, W), grey",
            received=(image.shape, str(image.dtype)) if isinstance(image, np.ndarray) else image,
        )
    return image


def checked_box(box, shape) -> tuple[float, float, float]:
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


def face_patch(image: np.ndarray, box: tuple[float, float, float], side: int) -> tuple[np.ndarray, float, np.ndarray]:
    """What lies within twice a box, grey and of even contrast.

    Returns the patch, (2 side, 2 side) uint8; its scale; and where its first pixel is in the picture, (x, y).

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


def box_in_patch(side: int, right: float, down: float, size: float):
    """The box in a patch of 2 side, moved and grown by shares of its side, as dlib wants it."""
    wide = max(1, round(side * size))
    left, top = (round(side + share * side - wide / 2) for share in (right, down))
    return dlib("landmarks").rectangle(left, top, left + wide - 1, top + wide - 1)
