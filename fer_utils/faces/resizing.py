"""Faces at another size."""

from __future__ import annotations

import numpy as np
from tqdm import tqdm

from fer_utils.core.errors import invalid
from fer_utils.core.optional_packages import opencv
from fer_utils.core.stages import stage


@stage("faces")
def resize(images: np.ndarray, size: int | None, *, progress: bool = True) -> np.ndarray:
    """Faces made smaller; at their own size they are passed on untouched.

    Parameters
    ----------
    images : (N, side, side, 1) uint8, memory-mapped or not.
    size : the new side in pixels, 16 to ``side``; None for their own.
    progress : a bar on standard error.

    Returns
    -------
    (N, size, size, 1) uint8; each pixel is the mean over the area that it covers.

    Raises
    ------
    FerError : a size that is out of range.
    """
    if size is None or size == images.shape[1]:
        return images
    if isinstance(size, bool) or not isinstance(size, int) or not 16 <= size <= images.shape[1]:
        raise invalid("size", expected=f"16 to {images.shape[1]} pixels", received=size)
    cv2 = opencv()
    small = np.empty((len(images), size, size, 1), np.uint8)
    for i in tqdm(range(len(images)), desc=f"resizing to {size} px", disable=not progress, leave=False, delay=2):
        small[i, :, :, 0] = cv2.resize(np.asarray(images[i, :, :, 0]), (size, size), interpolation=cv2.INTER_AREA)
    return small
