"""Augmentation: training images turned, scaled, shifted and lit otherwise."""

from __future__ import annotations

import numpy as np

#: The most that an image is changed at ``augment`` 1, to either side: degrees turned, shares scaled and shifted (of the
#: side), share of contrast, grey levels of brightness.  As far as face boxes, heads and lamps differ between clips.
BENT: dict[str, float] = {"degrees": 15.0, "scale": 0.15, "shift": 0.08, "contrast": 0.3, "brightness": 30.0}


def _bent(picture: np.ndarray, by: np.ndarray) -> np.ndarray:
    """An image (H, W, C) uint8 turned, scaled, shifted and lit otherwise by six shares, -1 to 1, of what `BENT` allows."""
    import cv2

    height, width, channels = picture.shape
    turn = cv2.getRotationMatrix2D(
        (width / 2 - 0.5, height / 2 - 0.5), BENT["degrees"] * by[0], 1 + BENT["scale"] * by[1]
    )
    turn[:, 2] += BENT["shift"] * by[2:4] * (width, height)
    moved = cv2.warpAffine(
        picture, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.float32)
    lit = (moved - 127.5) * (1 + BENT["contrast"] * by[4]) + 127.5 + BENT["brightness"] * by[5]
    return np.clip(lit, 0, 255).round().astype(np.uint8).reshape(height, width, channels)
