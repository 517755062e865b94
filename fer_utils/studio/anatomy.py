"""The head in three dimensions: its surface, 68 landmarks, and what action units move.

Head units: x to the viewer's right, y down, z towards the viewer; the pupils lie
near y = 0, the ears at z = 0.  The head is a stack of half-ellipses, one a
height y, half-width ``w(y)`` and half-depth ``d(y)``, so that its outline under
yaw is known in closed form.  Landmarks follow the iBUG-68 order.  Side 0 is the
person's right (the viewer's left), side 1 the person's left.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from fer_utils.studio.expressions import INDEX
from fer_utils.studio.identity import Identity

#: Points along the jaw that are landmarks 0..16.
_ROWS = 600
SIDES = (-1.0, 1.0)
#: Where along the lid the four lid landmarks sit; u is -1 at the outer corner, +1 at the inner.
LID_LANDMARKS = (-0.36, 0.36)
_LID_U = np.linspace(-1.0, 1.0, 17)
_BROW_U = np.linspace(0.0, 1.0, 5)  # 0 inner end, 1 outer end
_BROW_1 = np.array([1.0, 0.78, 0.36, 0.08, 0.0])
_BROW_2 = np.array([0.0, 0.18, 0.60, 1.0, 0.85])
_BROW_4 = np.array([1.0, 0.90, 0.62, 0.30, 0.08])
_BROW_ARCH = np.sin(np.pi * np.clip(_BROW_U * 0.86, 0, 1) ** 1.3)
_ROUND_UP = np.power(np.clip(1 - _LID_U**2, 0, 1), 0.72) * (1 + 0.10 * _LID_U)
_ROUND_LOW = np.power(np.clip(1 - _LID_U**2, 0, 1), 0.85) * (1 - 0.16 * _LID_U)
_LID_PICK = [round(v) for v in np.interp(LID_LANDMARKS, _LID_U, np.arange(len(_LID_U)))]
_BROW_4X = np.array([1.0, 0.80, 0.42, 0.12, 0.0])


def _smooth(values: np.ndarray) -> np.ndarray:
    values = np.minimum(np.maximum(values, 0.0), 1.0)
    return values * values * (3.0 - 2.0 * values)


@dataclass(frozen=True, eq=False)
class Head:
    """An identity's head at rest: widths and depths by height, on an even grid of y."""

    top: float
    step: float
    y: np.ndarray
    w: np.ndarray
    front: np.ndarray
    back: np.ndarray
    jaw_y: np.ndarray  # (17,) heights of the jaw landmarks
    table: np.ndarray  # (rows, 6) w, front, back, and how much each grows to the next row

    def rows(self, y):
        """Fractional look-up of (w, front depth, back depth) at heights y."""
        index = (np.asarray(y) - self.top) * (1.0 / self.step)
        index = np.minimum(np.maximum(index, 0.0), _ROWS - 1.001)
        low = index.astype(np.intp)
        found = self.table.take(low, axis=0)
        found = found[..., :3] + (index - low)[..., None] * found[..., 3:]
        return found[..., 0], found[..., 1], found[..., 2]


@lru_cache(maxsize=64)
def head_of(identity: Identity) -> Head:
    """The head's surface for an identity (kept for the last 64)."""
    i = identity
    half = 0.70 * i.head_width
    outline = np.array(
        [  # (y, w) from crown to chin
            (-i.crown, 0.0),
            (-i.crown + 0.016, 0.160 * half / 0.7),
            (-i.crown + 0.115, 0.412 * half / 0.7),
            (-0.80, 0.640 * i.forehead * half / 0.7),
            (-0.48, half * i.forehead * 1.025),
            (-0.10, half * 0.995),
            (0.16, half * i.cheekbones),
            (0.45, 0.625 * i.cheekbones * half / 0.7),
            (0.72, 0.515 * i.jaw * half / 0.7),
            (i.chin - 0.20, 0.365 * (0.5 * i.jaw + 0.5 * i.chin_width) * half / 0.7),
            (i.chin - 0.062, 0.235 * i.chin_width * half / 0.7),
            (i.chin - 0.013, 0.125 * i.chin_width * half / 0.7),
            (i.chin, 0.0),
        ]
    )
    curve = spline(outline, 24)
    y = np.linspace(-i.crown, i.chin, _ROWS)
    w = np.maximum(np.interp(y, np.maximum.accumulate(curve[:, 0]), curve[:, 1]), 1e-3)
    high = 0.55 * _smooth((-0.50 - y) / 0.50)  # the crown is a dome from every side
    front = 0.86 * (w / 0.70) ** (0.30 + high)
    front = np.where(y < -0.5, front * (1.0 - 0.10 * _smooth((-0.5 - y) / 0.6)), front)
    front *= np.clip(w / 0.20, 0.0, 1.0) ** np.where(y < -0.9, 0.7, 0.0)  # close at the crown
    back = (
        0.96
        * (w / 0.70) ** (0.4 + high)
        * (1.0 - 0.85 * _smooth((y + 0.02) / 0.52))
        * np.clip(w / 0.20, 0.0, 1.0) ** np.where(y < -0.9, 0.6, 0.0)
    )
    # Jaw landmarks: equal steps of arc from eye level to chin.
    below = np.flatnonzero(curve[:, 0] >= 0.03)
    arc = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(curve[below], axis=0).T))])
    half_jaw = np.interp(np.linspace(0, arc[-1], 9), arc, curve[below, 0])
    jaw_y = np.concatenate([half_jaw, half_jaw[-2::-1]])
    table = np.stack([w, front, back], axis=1)
    table = np.concatenate([table, np.diff(table, axis=0, append=table[-1:])], axis=1)
    table.setflags(write=False)
    return Head(float(y[0]), float(y[1] - y[0]), y, w, front, back, jaw_y, table)


def spline(points: np.ndarray, per_segment: int, closed: bool = False) -> np.ndarray:
    """A Catmull-Rom curve through points (n, k); returns (m, k), the ends included."""
    return _spline_matrix(len(points), per_segment, closed) @ points


@lru_cache(maxsize=128)
def _spline_matrix(count: int, per_segment: int, closed: bool) -> np.ndarray:
    segments = count if closed else count - 1
    t = np.arange(per_segment) / per_segment
    basis = np.stack(
        [
            -0.5 * t + t**2 - 0.5 * t**3,
            1 - 2.5 * t**2 + 1.5 * t**3,
            0.5 * t + 2 * t**2 - 1.5 * t**3,
            -0.5 * t**2 + 0.5 * t**3,
        ],
        axis=1,
    )
    matrix = np.zeros((segments * per_segment + (not closed), count))
    for k in range(segments):
        rows = slice(k * per_segment, (k + 1) * per_segment)
        for column, weight in zip((k - 1, k, k + 1, k + 2), basis.T, strict=True):
            column = column % count if closed else min(max(column, 0), count - 1)
            matrix[rows, column] += weight
    if not closed:
        matrix[-1, count - 1] = 1.0
    matrix.setflags(write=False)
    return matrix


@dataclass
class Face:
    """A face at one moment, in head units, before the head is turned.

    ``points`` (68, 2) landmarks seen from the front; ``lift`` (68,) how far each
    lies in front of the head's surface; ``upper``, ``lower`` (2, 17, 2) the lids
    from the outer to the inner corner; ``drop`` how far the chin moved down.
    """

    points: np.ndarray
    lift: np.ndarray
    upper: np.ndarray
    lower: np.ndarray
    drop: float
    closed: tuple[float, float]


_JAW_SIGNS = np.concatenate([-np.ones(8), [0.0], np.ones(8)])
#: How far each landmark stands in front of the half-ellipse (our measure, by eye).
_LIFT = np.zeros(68)
_LIFT[17:27] = 0.02
_LIFT[27:31] = (0.06, 0.13, 0.21, 0.28)
_LIFT[31:36] = (0.08, 0.13, 0.17, 0.13, 0.08)
_LIFT[36:48] = -0.03
_LIFT[48:60] = (-0.01, 0.04, 0.07, 0.075, 0.07, 0.04, -0.01, 0.03, 0.06, 0.065, 0.06, 0.03)
_LIFT[60:68] = (-0.01, 0.03, 0.055, 0.03, -0.01, 0.03, 0.05, 0.03)


_NOSE = (np.arange(68) // 9 == 3).astype(float)  # landmarks 27..35


def jaw_shift(y: np.ndarray, drop: float) -> np.ndarray:
    """How far a dropped jaw moves the skin at height y (0 above the upper lip)."""
    return drop * _smooth((y - 0.55) / 0.42)


@lru_cache(maxsize=64)
def jaw_share(head: Head) -> np.ndarray:
    """`jaw_shift` for each of the head's rows, where the jaw drops by 1."""
    return jaw_shift(head.y, 1.0)


def face_of(identity: Identity, au: np.ndarray) -> Face:
    """Put the action units on the face.

    Parameters
    ----------
    au : (2, len(ACTION_UNITS)) intensities 0..1; row 0 the person's right.
    """
    i = identity
    points = np.zeros((68, 2))
    upper = np.empty((2, len(_LID_U), 2))
    lower = np.empty_like(upper)
    closed = []

    def a(unit: int) -> np.ndarray:
        return au[:, INDEX[unit]]

    def both(unit: int) -> float:
        return 0.5 * float(au[0, INDEX[unit]] + au[1, INDEX[unit]])

    drop = min(0.11 * both(26) + 0.21 * both(27), 0.23) - 0.03 * both(17) * (1.0 - both(26))
    for side, sign in enumerate(SIDES):
        g = dict(zip(INDEX, au[side].tolist(), strict=True))
        uneven = 1.0 + 0.03 * i.asymmetry * sign
        # Brow: inner end to outer end.
        x = 0.115 + _BROW_U * (i.eye_spacing + i.eye_width * 0.60 - 0.10)
        y = -i.brow_height * uneven - i.brow_arch * _BROW_ARCH - i.brow_slope * (_BROW_U - 0.4) + 0.045 * _BROW_U**3
        y = y - 0.115 * g[1] * _BROW_1 - 0.110 * g[2] * _BROW_2 + 0.082 * g[4] * _BROW_4
        y = y + g[9] * 0.035 * _BROW_4 + 0.010 * g[6] * _BROW_2 - 0.012 * g[5]
        x = x - 0.040 * g[4] * _BROW_4X - 0.012 * g[9] * _BROW_4X
        if side == 0:
            points[21:16:-1, 0], points[21:16:-1, 1] = -x, y
        else:
            points[22:27, 0], points[22:27, 1] = x, y
        # Eye.
        high, low = 0.57 * i.eye_height * uneven, 0.38 * i.eye_height
        high *= (1.0 + 0.50 * g[5] + 0.06 * g[2] + 0.05 * g[1]) * (1.0 - 0.24 * g[7] - 0.10 * g[4] - 0.14 * g[9])
        low *= 1.0 + 0.10 * g[5] - 0.62 * g[7] - 0.55 * g[6] - 0.25 * g[9] - 0.12 * g[12]
        low = max(low, -0.04)
        shut = min(g[43] + g[45], 1.0)
        closed.append(shut)
        rest_low = 0.34 * i.eye_height
        low = low + shut * (0.8 * rest_low - low)
        high = (1.0 - shut) * high - shut * low
        line = i.eye_tilt * i.eye_width * 0.5 * _LID_U
        ex = sign * (i.eye_spacing - _LID_U * 0.5 * i.eye_width)
        blend = shut * shut
        upper[side, :, 0] = lower[side, :, 0] = ex
        upper[side, :, 1] = line - high * ((1 - blend) * _ROUND_UP + blend * _ROUND_LOW)
        lower[side, :, 1] = line + low * _ROUND_LOW
        outer, inner = upper[side, 0], upper[side, -1]
        up, down = upper[side, _LID_PICK], lower[side, _LID_PICK]
        if side == 0:
            points[36:42] = (outer, up[0], up[1], inner, down[1], down[0])
        else:
            points[42:48] = (inner, up[1], up[0], outer, down[0], down[1])

    # Nose.
    wrinkle, raised = a(9), a(10)
    tip = i.nose_length - 0.085
    points[27:31, 1] = np.linspace(0.0, tip, 4) - 0.012 * both(9) * np.array([0, 0.3, 0.7, 1.0])
    wing = i.nose_width * (1.0 + 0.10 * wrinkle + 0.05 * raised + 0.06 * a(12))
    wing_y = i.nose_length - 0.03 - 0.040 * wrinkle - 0.018 * raised - 0.006 * a(12)
    points[31] = (-wing[0] * 0.78, wing_y[0] + 0.01)
    points[35] = (wing[1] * 0.78, wing_y[1] + 0.01)
    points[32] = (-wing[0] * 0.40, i.nose_length + 0.6 * (wing_y[0] - i.nose_length + 0.03))
    points[34] = (wing[1] * 0.40, i.nose_length + 0.6 * (wing_y[1] - i.nose_length + 0.03))
    points[33] = (0.0, i.nose_length + 0.012 - 0.02 * both(9))

    _mouth(i, au, a, drop, points)

    # Jaw: the front view of the outline; rows below the mouth follow the jaw.
    head = head_of(i)
    points[:17, 0] = _JAW_SIGNS * head.rows(head.jaw_y)[0]
    points[:17, 1] = head.jaw_y + jaw_shift(head.jaw_y, drop)
    return Face(points, _LIFT * _lift_scale(i), upper, lower, drop, (closed[0], closed[1]))


def _lift_scale(identity: Identity) -> np.ndarray:
    return 1.0 + (identity.nose_depth - 1.0) * _NOSE


def _mouth(i: Identity, au, a, drop: float, points: np.ndarray) -> None:
    """Place landmarks 48..67: corners by side, the middle by the mean of both sides."""
    jaw = max(drop, 0.0)
    mean = dict(zip(INDEX, (0.5 * (au[0] + au[1])).tolist(), strict=True))
    both = mean.__getitem__
    purse = both(18)
    corner_x = i.mouth_width + 0.078 * a(12) + 0.022 * a(14) + 0.008 * a(15) + 0.088 * a(20)
    corner_x = corner_x - 0.085 * purse - 0.030 * both(23) - 0.05 * both(27) - 0.012 * both(26)
    corner_y = i.mouth_y - 0.022 - 0.100 * a(12) + 0.072 * a(15) + 0.034 * a(20) - 0.022 * a(14) - 0.020 * a(10)
    corner_y = corner_y + 0.54 * jaw - 0.018 * both(17) - 0.02 * a(9)
    press = min(both(24) + 0.45 * both(23), 1.0)
    part = both(25)
    seam = i.mouth_y - 0.034 * both(17) - 0.006 * both(12)
    top = seam - 0.016 * part - 0.060 * both(10) - 0.034 * both(9) - 0.026 * both(12) * part - 0.025 * both(27)
    bottom = (
        seam
        + (0.030 + 0.026 * both(12) + 0.030 * both(20)) * part
        + 0.062 * both(16)
        + 0.88 * jaw
        - 0.012 * both(17) * part
    )
    middle = 0.5 * (top + bottom)
    top += press * 0.9 * (seam - top) * (jaw < 0.05)
    bottom += press * 0.9 * (seam - bottom) * (jaw < 0.05)
    if bottom < top + 0.002:
        top = bottom = seam if part < 0.05 else middle
    thin = 1.0 - 0.62 * both(24) - 0.30 * both(23)
    stretch = 1.0 - 0.20 * both(12) - 0.22 * both(20) - 0.12 * min(jaw / 0.3, 1.0)
    thick_up = i.lip_upper * thin * stretch * (1 + 0.30 * purse - 0.12 * both(15) - 0.10 * both(10))
    thick_low = i.lip_lower * thin * stretch * (1 + 0.25 * purse + 0.16 * both(17) - 0.10 * both(16))
    lean = 0.5 * (corner_x[1] - corner_x[0]) * 0.6  # a one-sided pull drags the middle along
    peak = top - thick_up
    for side, sign in enumerate(SIDES):
        cx, cy = sign * corner_x[side], corner_y[side]
        put = partial(_put, points, (cx, cy), lean)
        right = side == 1
        points[54 if right else 48] = (cx, cy)
        points[64 if right else 60] = (lean + (cx - lean) * 0.93, cy + 0.002)
        lift10 = 0.020 * a(10)[side]
        put(53 if right else 49, 0.62, peak - lift10, 0.42)
        put(52 if right else 50, 0.23, peak - 0.008 - 0.5 * lift10, 0.02)
        put(63 if right else 61, 0.50, top, 0.20)
        put(65 if right else 67, 0.50, bottom, 0.20)
        put(55 if right else 59, 0.70, bottom + thick_low, 0.46)
        put(56 if right else 58, 0.36, bottom + thick_low, 0.10)
    points[51] = (lean, peak + min(max(i.cupid, 0.0) * 0.045, 0.4 * thick_up))
    points[57] = (lean, bottom + thick_low)
    points[62] = (lean, top + 0.003)
    points[66] = (lean, bottom + 0.003)


def _put(
    points: np.ndarray, corner: tuple, lean: float, index: int, fraction: float, middle_y: float, share: float
) -> None:
    """Place a landmark of the mouth between its middle and a corner."""
    x, y = corner
    points[index] = (lean + (x - lean) * fraction, middle_y + share * (y - middle_y))
