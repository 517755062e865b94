"""Boxes, labels and scores on a frame, and the line that says what they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fer_utils.core.errors import invalid
from fer_utils.core.optional_packages import opencv
from fer_utils.faces.pixels import contiguous

#: RGB of the boxes, by identity: Okabe and Ito's, which colour-blind readers can tell apart.
COLOURS: tuple[tuple[int, int, int], ...] = (
    (86, 180, 233),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (240, 228, 66),
    (213, 94, 0),
)
GREY = (150, 150, 150)
#: What stands on every picture.
SAYS = "posed-expression labels, not feelings"
#: Scores shown under a name.
SHOWN = 3


def drawn(rgb: np.ndarray, faces: Sequence, *, rate: float | None = None, says: str = SAYS) -> np.ndarray:
    """A frame with its faces' boxes, numbers, labels and scores.

    Parameters
    ----------
    rgb : (H, W, 3) uint8; left as it is.
    faces : values with ``id``, ``box``, ``lost``, ``labels`` and ``smoothed`` (scores, or None where there are
        none yet), as `fer_utils.live.Watcher` gives them.
    rate : frames a second, written at the top; None for nothing.
    says : written at the bottom.

    Returns
    -------
    (H, W, 3) uint8 RGB, contiguous.  A face that is lost for the moment has a thin grey box and no scores.

    Raises
    ------
    FerError : no such picture.
    """
    rgb = np.asarray(rgb)
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.size:
        raise invalid("rgb", expected="a uint8 array of shape (H, W, 3)", received=f"{rgb.dtype} of shape {rgb.shape}")
    page = contiguous(rgb)
    page = page.copy() if page is rgb or page.base is not None else page
    paint(page, faces, rate=rate, says=says)
    return page


def paint(
    page: np.ndarray, faces: Sequence, *, rate: float | None = None, says: str = SAYS, backwards: bool = False
) -> None:
    """`drawn` into the picture itself, which is contiguous; ``backwards`` for one in BGR."""
    cv2 = opencv()
    unit = max(0.3, min(page.shape[:2]) / 720)  # of a 720p picture; text grows with the picture
    thick = max(2, round(2 * unit))  # a film's colours are half as fine as its light
    paper, ink = (20, 20, 20), (245, 245, 245)
    for face in faces:
        colour = GREY if face.lost else COLOURS[(face.id - 1) % len(COLOURS)]
        colour = colour[::-1] if backwards else colour
        box = face.box
        cv2.rectangle(page, (box.x, box.y), (box.x + box.w - 1, box.y + box.h - 1), colour, 1 if face.lost else thick)
        lines = [f"{face.id}"]
        if not face.lost and face.smoothed is not None:
            order = np.argsort(-face.smoothed, kind="stable")[:SHOWN]
            lines = [
                f"{face.id} {face.labels[order[0]]} {face.smoothed[order[0]]:.2f}",
                *(f"{face.labels[k]} {face.smoothed[k]:.2f}" for k in order[1:]),
            ]
        _lines(
            cv2,
            page,
            lines,
            (box.x, box.y + box.h),
            unit,
            colour,
            paper,
            ink,
            [float(face.smoothed[k]) for k in order] if len(lines) > 1 else [],
        )
    if rate is not None:
        _text(cv2, page, f"{rate:.0f} frames/s", (round(8 * unit), round(30 * unit)), unit, paper, ink)
    if says:
        _text(cv2, page, says, (round(8 * unit), page.shape[0] - round(12 * unit)), 0.85 * unit, paper, ink)


def _lines(cv2, page, lines, corner, unit, colour, paper, ink, bars) -> None:
    """Lines below a box, each over a bar of its score; above the box's lower edge where there is no room below."""
    step, wide = round(26 * unit), round(190 * unit)
    left, top = max(0, min(corner[0], page.shape[1] - wide)), corner[1]
    top = max(0, min(top, page.shape[0] - step * len(lines)))
    for number, line in enumerate(lines):
        y = top + number * step
        if number < len(bars):
            page[y : y + step, left : left + wide] //= 3
            reach = max(1, round(wide * min(1.0, max(0.0, bars[number]))))
            cv2.rectangle(page, (left, y), (left + reach, y + step - 2), tuple(part // 2 for part in colour), -1)
        _text(
            cv2,
            page,
            line,
            (left + round(4 * unit), y + round(19 * unit)),
            0.85 * unit,
            paper if number >= len(bars) else None,
            ink,
        )


def _text(cv2, page, text, at, unit, paper, ink) -> None:
    size, thick = 0.68 * unit, max(1, round(1.4 * unit))
    if paper is not None:
        (wide, high), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, thick)
        part = page[max(0, at[1] - high - 4) : at[1] + below, max(0, at[0] - 3) : at[0] + wide + 3]
        part //= 4
    cv2.putText(page, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, ink, thick, cv2.LINE_AA)
