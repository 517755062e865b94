"""Faces at another size."""

from __future__ import annotations

import numpy as np

from fer_utils.core.errors import invalid


def resize(images: np.ndarray, size: int | None, *, progress: bool = True) -> np.ndarray:
    """Faces at ``size`` pixels (N, size, size, 1) uint8; at their own size (or None) they are passed on untouched."""
    if size is None or size == images.shape[1]:
        return images
    if isinstance(size, bool) or not isinstance(size, int) or not 16 <= size <= images.shape[1]:
        raise invalid("size", expected=f"16 to {images.shape[1]} pixels", received=size)
    import cv2
    from tqdm import tqdm

    small = np.empty((len(images), size, size, 1), np.uint8)
    for i in tqdm(range(len(images)), desc=f"shrinking to {size} px", disable=not progress, leave=False):
        small[i, :, :, 0] = cv2.resize(np.asarray(images[i, :, :, 0]), (size, size), interpolation=cv2.INTER_AREA)
    return small
