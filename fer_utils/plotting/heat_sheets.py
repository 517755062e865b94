"""Sheets of faces with heat maps over them, a row a map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fer_utils.core.errors import invalid
from fer_utils.core.optional_packages import opencv
from fer_utils.explain.overlays import outlined, overlaid
from fer_utils.plotting.contact_sheets import ContactSheet, grid


def heat_sheet(
    pictures: np.ndarray,
    rows: Mapping[str, np.ndarray | None],
    names: Sequence[str],
    *,
    title: str,
    cell_width: int = 120,
) -> ContactSheet:
    """Faces side by side, and below them the same faces under one heat map after the other.

    Parameters
    ----------
    pictures : (N, H, W) or (N, H, W, 1) uint8.
    rows : a row's name to its maps.  None shows the faces as they are; heat maps are (N, h, w) numbers, each laid over
        its face from nothing (0 or less) over orange to yellow (its own largest value); masks are (N, h, w)
        bool, outside of which the face is dimmed.
    names : what stands above each of the N faces.
    title : the sheet's message.
    cell_width : the widest that a face is shown, in CSS pixels.

    Raises
    ------
    FerError : names or maps that are not as many as the pictures.
    """
    pictures = np.asarray(pictures)
    if len(names) != len(pictures):
        raise invalid("names", expected=f"one for each of {len(pictures)} pictures", received=list(names))
    shown = []
    for name, maps in rows.items():
        if maps is None:
            shown += [np.repeat(picture.reshape(*picture.shape[:2], 1), 3, axis=2) for picture in pictures]
            continue
        maps = np.asarray(maps)
        if maps.ndim != 3 or len(maps) != len(pictures):
            raise invalid("rows", expected=f"{len(pictures)} maps, (N, h, w), in {name!r}", received=maps.shape)
        over = outlined if maps.dtype == bool else overlaid
        shown += [over(picture, _as_large(one, picture)) for picture, one in zip(pictures, maps, strict=True)]
    return grid(shown, column_names=names, row_names=list(rows), cell_width=cell_width, title=title)


def _as_large(one: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """A map in the picture's size; a mask stays a mask."""
    cv2 = opencv()
    height, width = picture.shape[:2]
    if one.dtype == bool:
        return cv2.resize(one.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST).astype(bool)
    return cv2.resize(one.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
