"""From head units to pixels: the head turned, the jaw dropped, the landmarks on the visible outline."""

from __future__ import annotations

import math

import numpy as np

from fer_utils.studio.anatomy import Face, Head, jaw_share


class Pose:
    """Turns head units into pixels: yaw, then pitch, then roll, then scale and shift."""

    def __init__(
        self, head: Head, drop: float, yaw: float, pitch: float, roll: float, scale: float, centre: tuple[float, float]
    ):
        self.head, self.drop, self.scale, self.centre = head, drop, scale, centre
        yaw, pitch, roll = (math.radians(v) for v in (yaw, pitch, roll))
        self.cy, self.sy = math.cos(yaw), math.sin(yaw)
        self.cp, self.sp = math.cos(pitch), math.sin(pitch)
        self.cr, self.sr = math.cos(roll), math.sin(roll)
        self.yaw = yaw
        self.pivot = np.array([0.0, 0.55])
        # rows: canonical height of each moved height, to undo the jaw
        self._moved = head.y + drop * jaw_share(head)
        # one row a screen axis: pixels = matrix @ (x, y, z) + offset
        turn = np.array([[self.cy, 0.0, self.sy], [self.sy * self.sp, self.cp, -self.cy * self.sp]])
        self._matrix = scale * np.array([[self.cr, -self.sr], [self.sr, self.cr]]) @ turn
        rest = np.array([0.0, -self.cp * self.pivot[1] + 0.35 * self.sp])
        self._offset = np.array(centre) + scale * (
            np.array([[self.cr, -self.sr], [self.sr, self.cr]]) @ rest + self.pivot
        )

    def at_rest(self, y: np.ndarray) -> np.ndarray:
        """Undo the jaw's drop for heights y."""
        return np.interp(y, self._moved, self.head.y) if abs(self.drop) > 1e-6 else y

    def turn(self, xyz: np.ndarray) -> np.ndarray:
        """(n, 3) head units -> (n, 2) pixels."""
        return xyz @ self._matrix.T + self._offset

    def _place(self, x, y, z) -> np.ndarray:
        m = self._matrix
        out = np.empty((*np.shape(x), 2))
        out[..., 0] = m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + self._offset[0]
        out[..., 1] = m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + self._offset[1]
        return out

    def on_face(self, xy: np.ndarray, lift: np.ndarray | float = 0.0) -> np.ndarray:
        """Points given as seen from the front (n, 2), put on the surface -> pixels."""
        x, y = xy[..., 0], xy[..., 1]
        w, front, _ = self.head.rows(self.at_rest(y))
        if abs(self.sy) > 0.2:
            # What would lie beyond the horizon of a turned head lies on it.
            ahead = w * self.cy
            edge = w * ahead / np.sqrt(ahead * ahead + (front * self.sy) ** 2)
            x = np.minimum(x, edge) if self.sy > 0 else np.maximum(x, -edge)
        z = front * np.sqrt(np.maximum(1.0 - (x / w) ** 2, 0.0))
        return self._place(x, y, z + lift)

    def around(self, angle: np.ndarray, y: np.ndarray, grow: np.ndarray | float = 0.0) -> np.ndarray:
        """Points at an angle (radians, 0 front, pi/2 the person's left) and height -> pixels."""
        w, front, back = self.head.rows(self.at_rest(y))
        c = np.cos(angle)
        return self._place((w + grow) * np.sin(angle), y, (np.where(c > 0, front, back) + grow) * c)

    def edge_angle(self, side: int, y: np.ndarray, rows=None) -> np.ndarray:
        """The angle at which the outline lies, for a side (0 viewer's left, 1 right)."""
        w, front, back = self.head.rows(self.at_rest(y)) if rows is None else rows
        far = (self.sy > 0) == (side == 1)
        phi = np.arctan2((front if far else back) * self.sy, w * self.cy)
        return (0.5 * np.pi - phi) if side == 1 else (-0.5 * np.pi - phi)

    def outline(self, side: int, y: np.ndarray, grow: np.ndarray | float = 0.0, least: float = 9.0) -> np.ndarray:
        """The head's outline on a side at heights y -> (n, 2) pixels; at no larger angle than ``least``."""
        rows = w, front, back = self.head.rows(self.at_rest(y))
        angle = self.edge_angle(side, y, rows)
        if least < 9.0:
            angle = np.minimum(angle, least) if side else np.maximum(angle, -least)
        c = np.cos(angle)
        return self._place((w + grow) * np.sin(angle), y, (np.where(c > 0, front, back) + grow) * c)


def landmarks_of(face: Face, pose: Pose) -> np.ndarray:
    """The 68 landmarks in pixels, (68, 2) float64; the jaw's lie on the visible outline."""
    pixels = pose.on_face(face.points, face.lift)
    y = face.points[:17, 1]
    # Never behind the ear: on the near side of a turned head the jaw ends there.
    pixels[:8] = pose.outline(0, y[:8], least=1.6)
    pixels[9:17] = pose.outline(1, y[9:], least=1.6)
    chin = pose.head.front[-1] * 0.55
    pixels[8] = pose.turn(np.array([[0.0, y[8], chin]]))[0]
    return pixels
