"""Drawing with soft edges on uint8 RGB canvases."""

from __future__ import annotations

import numpy as np

_SHIFT = 4  # sub-pixel bits of OpenCV's drawing calls


def fixed(points: np.ndarray) -> np.ndarray:
    """Pixels (n, 2) in OpenCV's fixed point."""
    return np.rint(np.asarray(points) * (1 << _SHIFT)).astype(np.int32)


def fill(canvas: np.ndarray, points: np.ndarray, colour) -> None:
    """A filled polygon with soft edges."""
    import cv2

    cv2.fillPoly(canvas, [fixed(points)], colour, cv2.LINE_AA, _SHIFT)


def stroke(canvas: np.ndarray, points: np.ndarray, colour, thickness: float, closed: bool = False) -> None:
    """A line through points; thickness in pixels, at least 1."""
    import cv2

    cv2.polylines(canvas, [fixed(points)], closed, colour, max(1, int(round(thickness))), cv2.LINE_AA, _SHIFT)


def strokes(canvas: np.ndarray, lines: np.ndarray, colour, thickness: float) -> None:
    """Many open lines (k, n, 2) of one colour at once."""
    import cv2

    cv2.polylines(canvas, list(fixed(lines)), False, colour, max(1, int(round(thickness))), cv2.LINE_AA, _SHIFT)


def disc(canvas: np.ndarray, centre, radii, colour, angle: float = 0.0) -> None:
    """A filled ellipse with soft edges."""
    import cv2

    scale = 1 << _SHIFT
    at = (int(round(centre[0] * scale)), int(round(centre[1] * scale)))
    size = (max(1, int(round(radii[0] * scale))), max(1, int(round(radii[1] * scale))))
    cv2.ellipse(canvas, at, size, angle, 0, 360, colour, -1, cv2.LINE_AA, _SHIFT)


def tapered(points: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """The outline of a line (n, 2) whose width changes along it: (2n, 2)."""
    along = np.gradient(points, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    normal /= np.maximum(np.hypot(normal[:, 0], normal[:, 1]), 1e-9)[:, None]
    half = 0.5 * np.asarray(widths)[:, None] * normal
    return np.concatenate([points + half, (points - half)[::-1]])


def mix(one, other, share: float) -> tuple[float, ...]:
    """A colour between two: ``share`` 0 gives ``one``, 1 gives ``other``."""
    return tuple(float(a + (b - a) * share) for a, b in zip(one, other))


def shade_of(colour, factor: float) -> tuple[float, ...]:
    """A colour made darker or lighter."""
    return tuple(float(min(255.0, c * factor)) for c in colour)


class Window:
    """A polygon through which something else is seen: paint on ``.patch``, then ``close``.

    ``to(points)`` moves canvas pixels to patch pixels.  An empty window (wholly
    outside the canvas) has ``patch`` None.
    """

    def __init__(self, canvas: np.ndarray, points: np.ndarray, margin: int = 2):
        height, width = canvas.shape[:2]
        low = np.floor(points.min(axis=0)).astype(int) - margin
        high = np.ceil(points.max(axis=0)).astype(int) + margin + 1
        self.x0, self.y0 = max(0, int(low[0])), max(0, int(low[1]))
        self.x1, self.y1 = min(width, int(high[0])), min(height, int(high[1]))
        self.canvas, self.points = canvas, points
        self.patch = None
        if self.x1 > self.x0 and self.y1 > self.y0:
            self.patch = canvas[self.y0:self.y1, self.x0:self.x1].copy()

    def to(self, points) -> np.ndarray:
        return np.asarray(points, dtype=np.float64) - (self.x0, self.y0)

    def close(self, opacity: float = 1.0) -> None:
        """Put the patch on the canvas where the polygon is."""
        if self.patch is None:
            return
        mask = np.zeros(self.patch.shape[:2], np.uint8)
        fill(mask, self.to(self.points), int(255 * opacity))
        blend(self.canvas[self.y0:self.y1, self.x0:self.x1], self.patch, mask)


def blend(target: np.ndarray, source: np.ndarray, mask: np.ndarray) -> None:
    """target <- source where mask is 255, in between where it is between; in place, uint8."""
    import cv2

    weight = mask.astype(np.float32) * np.float32(1 / 255)
    target[:] = cv2.blendLinear(np.ascontiguousarray(source), np.ascontiguousarray(target), weight, 1.0 - weight)
