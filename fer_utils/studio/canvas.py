"""Drawing with soft edges on uint8 RGB canvases."""

from __future__ import annotations

import numpy as np

from fer_utils.core.optional_packages import opencv

_SHIFT = 4  # sub-pixel bits of OpenCV's drawing calls


def fixed(points: np.ndarray) -> np.ndarray:
    """Pixels (n, 2) in OpenCV's fixed point."""
    return np.rint(np.asarray(points) * (1 << _SHIFT)).astype(np.int32)


def fill(canvas: np.ndarray, points: np.ndarray, colour) -> None:
    """A filled polygon with soft edges."""
    cv2 = opencv()
    cv2.fillPoly(canvas, [fixed(points)], colour, cv2.LINE_AA, _SHIFT)


def stroke(canvas: np.ndarray, points: np.ndarray, colour, thickness: float, closed: bool = False) -> None:
    """A line through points; thickness in pixels, at least 1."""
    cv2 = opencv()
    cv2.polylines(canvas, [fixed(points)], closed, colour, max(1, round(thickness)), cv2.LINE_AA, _SHIFT)


def strokes(canvas: np.ndarray, lines: np.ndarray, colour, thickness: float) -> None:
    """Many open lines (k, n, 2) of one colour at once."""
    cv2 = opencv()
    cv2.polylines(canvas, list(fixed(lines)), False, colour, max(1, round(thickness)), cv2.LINE_AA, _SHIFT)


def disc(canvas: np.ndarray, centre, radii, colour, angle: float = 0.0) -> None:
    """A filled ellipse with soft edges."""
    cv2 = opencv()
    scale = 1 << _SHIFT
    at = (round(centre[0] * scale), round(centre[1] * scale))
    size = (max(1, round(radii[0] * scale)), max(1, round(radii[1] * scale)))
    cv2.ellipse(canvas, at, size, angle, 0, 360, colour, -1, cv2.LINE_AA, _SHIFT)


def tapered(points: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """The outline of a line (n, 2) whose width changes along it: (2n, 2)."""
    n = len(points)
    along = np.empty((n, 2))
    along[1:-1] = points[2:] - points[:-2]
    along[0], along[-1] = points[1] - points[0], points[-1] - points[-2]
    dx, dy = along[:, 0], along[:, 1]
    share = 0.5 * widths / np.sqrt(dx * dx + dy * dy + 1e-18)
    out = np.empty((2 * n, 2))
    out[:n, 0], out[:n, 1] = points[:, 0] - dy * share, points[:, 1] + dx * share
    out[n:] = (2.0 * points - out[:n])[::-1]
    return out


def mix(one, other, share: float) -> tuple[float, ...]:
    """A colour between two: ``share`` 0 gives ``one``, 1 gives ``other``."""
    a, b, c = one
    x, y, z = other
    return (a + (x - a) * share, b + (y - b) * share, c + (z - c) * share)


def shade_of(colour, factor: float) -> tuple[float, ...]:
    """A colour made darker or lighter."""
    a, b, c = colour
    return (min(255.0, a * factor), min(255.0, b * factor), min(255.0, c * factor))


class Window:
    """A polygon through which something else is seen: paint on ``.patch``, then ``close``.

    ``to(points)`` moves canvas pixels to patch pixels.  An empty window (wholly
    outside the canvas) has ``patch`` None.
    """

    def __init__(self, canvas: np.ndarray, points: np.ndarray, margin: int = 2):
        height, width = canvas.shape[:2]
        (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
        self.x0, self.y0 = max(0, int(left) - margin), max(0, int(top) - margin)
        self.x1, self.y1 = min(width, int(right) + margin + 2), min(height, int(bottom) + margin + 2)
        self.canvas, self.points = canvas, points
        self.patch = None
        if self.x1 > self.x0 and self.y1 > self.y0:
            self.patch = canvas[self.y0 : self.y1, self.x0 : self.x1].copy()

    def to(self, points) -> np.ndarray:
        return np.asarray(points, dtype=np.float64) - (self.x0, self.y0)

    def close(self, opacity: float = 1.0, shapes=None) -> None:
        """Put the patch on the canvas where the polygon is, or the polygons ``shapes``."""
        if self.patch is None:
            return
        mask = np.zeros(self.patch.shape[:2], np.uint8)
        for points in (self.points,) if shapes is None else shapes:
            fill(mask, self.to(points), int(255 * opacity))
        blend(self.canvas[self.y0 : self.y1, self.x0 : self.x1], self.patch, mask)


def darken(canvas: np.ndarray, polygons: list[np.ndarray], factor: float) -> None:
    """Multiply by a factor inside polygons given in fixed point, with soft edges; in place."""
    cv2 = opencv()
    if not polygons:
        return
    mask = np.full(canvas.shape[:2], 255, np.uint8)
    cv2.fillPoly(mask, polygons, 255.0 * factor, cv2.LINE_AA, _SHIFT)
    cv2.multiply(canvas, cv2.merge([mask, mask, mask]), dst=canvas, scale=1 / 255)


def blend(target: np.ndarray, source: np.ndarray, mask: np.ndarray) -> None:
    """target <- source where mask is 255, in between where it is between; in place, uint8."""
    cv2 = opencv()
    weight = mask.astype(np.float32) * np.float32(1 / 255)
    target[:] = cv2.blendLinear(np.ascontiguousarray(source), np.ascontiguousarray(target), weight, 1.0 - weight)
