"""Heat maps and masks laid over the pictures."""

from __future__ import annotations

import numpy as np


def overlaid(picture: np.ndarray, heat: np.ndarray, *, most: float | None = None) -> np.ndarray:
    """A grey picture with a map laid over it, from nothing over orange to yellow.

    Yellow is ``most``, or the map's largest value where that is None.  What is 0 or less stays grey.
    ``picture`` (H, W) or (H, W, 1) uint8, ``heat`` (H, W).  Returns (H, W, 3) uint8 RGB.
    """
    grey = np.asarray(picture, float).reshape(np.shape(picture)[:2])
    most = float(np.max(heat)) if most is None else most
    part = np.clip(np.asarray(heat, float) / most, 0, 1) if most > 0 else np.zeros(grey.shape)
    colour = np.array([213, 94, 0]) + part[..., None] * (np.array([255, 240, 90]) - np.array([213, 94, 0]))
    weight = 0.85 * part[..., None]
    return np.rint(grey[..., None] * (1 - weight) + colour * weight).astype(np.uint8)


def outlined(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A grey picture, dimmed outside a mask: (H, W) or (H, W, 1) uint8 and (H, W) bool to (H, W, 3) uint8 RGB."""
    grey = np.asarray(picture, float).reshape(np.shape(picture)[:2])
    return np.repeat(np.rint(np.where(mask, grey, 0.35 * grey)).astype(np.uint8)[..., None], 3, axis=2)
