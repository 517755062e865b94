"""Augmentation: a training image turned, scaled, shifted and lit otherwise, within limits."""

from __future__ import annotations

import numpy as np

#: The most that an image is changed at ``augment`` 1, to either side: degrees turned, shares scaled and shifted (of the
#: side), share of contrast, grey levels of brightness.  As far as face boxes, heads and lamps differ between clips.
AUGMENTATION_LIMITS: dict[str, float] = {
    "degrees": 15.0,
    "scale": 0.15,
    "shift": 0.08,
    "contrast": 0.3,
    "brightness": 30.0,
}


def augmented(image: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """An image, changed by given shares of what `AUGMENTATION_LIMITS` allows.

    Parameters
    ----------
    image : (H, W, C) uint8, 0 to 255; not changed.
    shares : (6,) numbers from -1 to 1: of the turn, the scale, the shift to the right, the shift down, the contrast
        and the brightness.

    Returns
    -------
    (H, W, C) uint8, a new array.  Places that come from outside the image repeat its edge.
    """
    import cv2  # nothing else in training needs OpenCV

    limits = AUGMENTATION_LIMITS
    height, width, channels = image.shape
    centre = (width / 2 - 0.5, height / 2 - 0.5)
    transform = cv2.getRotationMatrix2D(centre, limits["degrees"] * shares[0], 1 + limits["scale"] * shares[1])
    transform[:, 2] += limits["shift"] * shares[2:4] * (width, height)
    moved = cv2.warpAffine(
        image, transform, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.float32)
    lit = (moved - 127.5) * (1 + limits["contrast"] * shares[4]) + 127.5 + limits["brightness"] * shares[5]
    return np.clip(lit, 0, 255).round().astype(np.uint8).reshape(height, width, channels)
