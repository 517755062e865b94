"""Pictures as OpenCV hands them out: made contiguous, or grey."""

from __future__ import annotations

import numpy as np

from fer_utils.core.optional_packages import opencv


def contiguous(rgb: np.ndarray) -> np.ndarray:
    """The same picture with its pixels in one piece; a copy only where they are not."""
    cv2 = opencv()
    return cv2.cvtColor(rgb[..., ::-1], cv2.COLOR_BGR2RGB) if rgb.strides[2] < 0 else np.ascontiguousarray(rgb)


def grey_of(rgb: np.ndarray) -> np.ndarray:
    """A picture made grey: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).

    Parameters
    ----------
    rgb : (H, W, 3) uint8 RGB, contiguous or read backwards out of BGR.

    Returns
    -------
    (H, W) uint8.
    """
    cv2 = opencv()
    if rgb.strides[2] < 0:
        return cv2.cvtColor(rgb[..., ::-1], cv2.COLOR_BGR2GRAY)
    return cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY)
