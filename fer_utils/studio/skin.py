"""The skin: relief, shading and colour, kept unrolled around the head.

The texture's columns are angles around the head and its rows heights.  Relief is
a sum of small hills; each action unit adds its own (a cheek that lifts, a fold
that deepens), so shading follows the expression by one weighted sum.  Light is
Lambert's cosine law on the relief's normals, softened, with hollows darkened.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
import math

import numpy as np

from fer_utils.core.optional_packages import opencv
from fer_utils.studio.anatomy import Head, head_of
from fer_utils.studio.expressions import INDEX, MIDLINE
from fer_utils.studio.identity import Identity

WIDE, TALL = 144, 144  # cells of relief and shading
FINE = 288  # cells of colour, each way
ANGLE = 1.75  # radians each way
MARGIN = 0.03  # head units below the chin
#: A Gaussian hill is nothing, to the last bit of float32, beyond so many of its widths: exp(-10.3**2) is 0 there.
REACH = 10.3


@dataclass(frozen=True, eq=False)
class Skin:
    """What of the skin does not depend on the moment."""

    base: np.ndarray  # (TALL, WIDE) relief at rest
    units: tuple  # per unit and side, what it adds: (rows, columns, relief there), or nothing
    lift: np.ndarray  # (TALL, WIDE) how far the nose stands out, for parallax
    normal: np.ndarray  # (3, TALL, WIDE) of the bare head
    per_across: np.ndarray  # (TALL, WIDE) cells per head unit, sideways
    down: float  # head units per cell, downwards
    colour: np.ndarray  # (FINE, FINE, 3) uint8
    gloss: float


def _hill(x, y, x0, y0, sx, sy, height, tilt=0.0):
    """A Gaussian hill; ``tilt`` radians turns its long axis.  ``x`` is a grid, ``y`` its heights as a column."""
    c, s = math.cos(tilt), math.sin(tilt)
    # Only rows that the hill reaches are worked out.
    reach = REACH * math.hypot(sx * s, sy * c)
    bent = isinstance(y0, np.ndarray)  # the hill's middle is higher or lower from column to column
    lowest, highest = (y0.min(), y0.max()) if bent else (y0, y0)
    first, last = y[:, 0].searchsorted((lowest - reach, highest + reach))
    if bent:
        y0 = y0[first:last]
    u, v = x[first:last] - x0, y[first:last] - y0
    if tilt:
        u, v = u * c + v * s, v * c - u * s
    u *= 1 / sx
    u *= u
    v *= 1 / sy
    v *= v
    u += v
    np.negative(u, out=u)
    np.exp(u, out=u)
    u *= height
    hill = np.zeros(x.shape, u.dtype)
    hill[first:last] = u
    return hill


def _fold(x, y, path, width, depth):
    """A groove along a path with a ridge on its outer side (away from x = 0)."""
    total = np.zeros_like(x)
    path = np.asarray(path)
    for (xa, ya), (xb, yb) in pairwise(path):
        for k in (0.25, 0.75):
            xm, ym = xa + k * (xb - xa), ya + k * (yb - ya)
            length = math.hypot(xb - xa, yb - ya) * 0.5
            tilt = math.atan2(yb - ya, xb - xa)
            total += _hill(x, y, xm, ym, length, width, -depth, tilt)
            total += _hill(x, y, xm + 0.075, ym - 0.02, length * 1.2, width * 2.2, 0.75 * depth, tilt)
    return total


def _rest(i: Identity, m, y, sag: float) -> np.ndarray:
    """Relief of the face at rest; ``m`` is |x|."""
    male = i.presentation == "male"
    e = i.eye_spacing
    h = _hill(m, y, e, -i.brow_height + 0.03, 0.20, 0.065, 0.046 if male else 0.024)
    h += _hill(m, y, e + 0.01, -0.015, 0.185, 0.105, -0.070)
    h += _hill(m, y, e, 0.0, 0.125, 0.075, 0.062)  # the eyeball under the lids
    h += _hill(m, y, 0.145, -0.02, 0.05, 0.08, -0.045)
    h += _hill(m, y, e + 0.12, 0.24, 0.17, 0.12, 0.045 * i.cheekbones**4)
    h += _hill(m, y, 0.46, 0.58, 0.13, 0.18, -0.035)
    h += _hill(m, y, 0.64, -0.28, 0.12, 0.20, -0.03)
    h += _hill(m, y, 0.20, -0.62, 0.26, 0.20, 0.02)
    h += _fold(m, y, [(e - 0.17, 0.09), (e - 0.04, 0.155), (e + 0.10, 0.15)], 0.026, 0.007 + 0.02 * sag)
    h += _fold(m, y, [(i.nose_width + 0.05, 0.41), (0.27, 0.54), (0.335, i.mouth_y - 0.03)], 0.028, 0.008 + 0.030 * sag)
    my = i.mouth_y
    h += _hill(m, y, 0.0, my, 0.24, 0.15, 0.05)
    h += _hill(m, y, 0.0, my - 0.15, 0.028, 0.06, -0.016) + _hill(m, y, 0.055, my - 0.15, 0.025, 0.06, 0.010)
    h += _hill(m, y, 0.0, my + 0.155, 0.16, 0.045, -0.045)
    h += _hill(m, y, i.mouth_width + 0.045, my - 0.025, 0.035, 0.045, -0.018)
    h += _hill(m, y, 0.0, i.chin - 0.15, 0.17 * i.chin_width, 0.10, 0.060)
    h += _hill(m, y, 0.50, i.chin - 0.38, 0.10, 0.14, 0.02 * i.jaw)
    return h


def _nose(i: Identity, m, y) -> np.ndarray:
    """The nose's relief: a ridge that widens and rises towards the tip, and two wings."""
    length = i.nose_length
    t = np.clip((y + 0.10) / (length + 0.02), 0.0, 1.0)
    height = (0.045 * i.bridge + 0.135 * i.nose_depth * t**1.5) * np.clip((y + 0.20) / 0.16, 0, 1)
    under = np.clip((y - (length - 0.045)) / 0.065, 0.0, 1.0)
    height = height * (1 - under * under * (3 - 2 * under))
    width = 0.064 + 0.034 * t + 0.012 * (i.nose_width - 0.15) / 0.02 * t
    ridge = height * np.exp(-((m / width) ** 2))
    ball = _hill(m, y, 0.0, length - 0.095, 0.085, 0.062, 0.05 * i.nose_depth)
    wings = _hill(m, y, i.nose_width * 0.76, length - 0.045, 0.048, 0.046, 0.085)
    crease = _hill(m, y, i.nose_width * 1.12, length - 0.05, 0.026, 0.05, -0.03)
    return ridge + ball + wings + crease


def _unit_relief(i: Identity, m, y) -> dict[int, np.ndarray]:
    """What each action unit adds to the relief on the side x >= 0, and on the other as its mirror; ``m`` is |x|."""
    e, my = i.eye_spacing, i.mouth_y
    top = -i.brow_height - 0.10
    deep = float(np.clip(0.72 + 0.7 * (i.age - 24) / 35, 0.72, 1.5))

    def furrows(x0, sx, depth):
        rows = sum(
            _hill(m, y, x0, top - 0.09 - 0.105 * k + 0.05 * (m - x0), sx * (1.0 - 0.13 * k), 0.017, -depth)
            + _hill(m, y, x0, top - 0.14 - 0.105 * k + 0.05 * (m - x0), sx * (1.0 - 0.13 * k), 0.028, depth * 0.7)
            for k in range(3)
        )
        return rows * deep

    cheek = _hill(m, y, e + 0.05, 0.235, 0.135, 0.075, 0.060) + _hill(m, y, e + 0.04, 0.14, 0.14, 0.022, -0.026 * deep)
    crow = sum(_hill(m, y, e + 0.26, 0.0 + 0.055 * k, 0.055, 0.012, -0.013 * deep, 0.35 * k) for k in (-1, 0, 1))
    naso = [(i.nose_width + 0.045, 0.40), (0.275, 0.52), (0.365, my - 0.05)]
    return {
        1: furrows(0.10, 0.19, 0.0135) + _hill(m, y, 0.16, -i.brow_height - 0.08, 0.13, 0.07, 0.018),
        2: furrows(0.40, 0.14, 0.0115) + _hill(m, y, e + 0.10, -i.brow_height + 0.05, 0.16, 0.06, -0.016),
        4: (
            _hill(m, y, 0.055, -0.20, 0.016, 0.085, -0.034 * deep)
            + _hill(m, y, 0.105, -0.20, 0.045, 0.07, 0.034)
            + _hill(m, y, e - 0.02, -0.10, 0.17, 0.05, -0.026)
            + _hill(m, y, 0.0, -0.10, 0.10, 0.016, -0.012)
        ),
        5: _hill(m, y, e, -0.10, 0.14, 0.03, -0.014),
        6: cheek + crow,
        7: _hill(m, y, e, 0.105, 0.13, 0.022, 0.016) + _hill(m, y, e, 0.145, 0.14, 0.018, -0.016),
        9: (
            sum(_hill(m, y, 0.035, -0.03 + 0.05 * k, 0.085, 0.012, -0.020, -0.5) for k in range(3))
            + _hill(m, y, 0.15, 0.24, 0.07, 0.09, 0.045)
            + _fold(m, y, [(0.14, 0.18), (i.nose_width + 0.07, 0.36), (0.29, 0.50)], 0.026, 0.050)
            + _hill(m, y, 0.055, -0.19, 0.018, 0.06, -0.018)
            + _hill(m, y, e, 0.13, 0.15, 0.02, -0.014)
        ),
        10: _fold(m, y, [(i.nose_width + 0.03, 0.36), (0.25, 0.47), (0.34, 0.62)], 0.028, 0.048)
        + _hill(m, y, 0.30, 0.32, 0.10, 0.08, 0.028),
        12: (
            _fold(m, y, naso, 0.030, 0.044)
            + _hill(m, y, e + 0.08, 0.30, 0.15, 0.11, 0.055)
            + _hill(m, y, i.mouth_width + 0.115, my - 0.075, 0.03, 0.05, -0.026)
        ),
        14: _hill(m, y, i.mouth_width + 0.065, my - 0.01, 0.026, 0.065, -0.060)
        + _hill(m, y, i.mouth_width + 0.13, my - 0.01, 0.05, 0.09, 0.034),
        15: _fold(
            m,
            y,
            [(i.mouth_width + 0.03, my + 0.05), (i.mouth_width + 0.05, my + 0.13), (i.mouth_width + 0.02, my + 0.20)],
            0.026,
            0.034,
        ),
        16: _hill(m, y, 0.0, my + 0.16, 0.20, 0.035, -0.022),
        17: (
            _hill(m, y, 0.0, i.chin - 0.16, 0.15, 0.085, 0.055)
            + _hill(m, y, 0.0, my + 0.135, 0.17, 0.026, -0.050)
            + sum(
                _hill(m, y, a, i.chin - b, 0.018, 0.018, -0.010)
                for a, b in ((0.03, 0.18), (0.08, 0.15), (0.02, 0.12), (0.10, 0.20))
            )
        ),
        18: _hill(m, y, 0.0, my, 0.17, 0.12, 0.05),
        20: _hill(m, y, i.mouth_width + 0.12, my + 0.02, 0.03, 0.08, -0.034)
        + _hill(m, y, i.mouth_width + 0.19, my + 0.03, 0.05, 0.11, 0.026),
        23: _hill(m, y, 0.0, my - 0.10, 0.20, 0.02, -0.012) + _hill(m, y, 0.0, my + 0.11, 0.18, 0.02, -0.014),
        24: _hill(m, y, 0.0, my - 0.085, 0.24, 0.03, 0.026)
        + _hill(m, y, 0.0, my + 0.10, 0.22, 0.03, 0.026)
        + _hill(m, y, i.mouth_width + 0.03, my, 0.025, 0.06, -0.035),
        26: _hill(m, y, 0.46, 0.55, 0.09, 0.20, -0.035)
        + _fold(m, y, [(0.22, 0.44), (0.31, 0.58), (0.34, 0.78)], 0.03, 0.010),
        27: _hill(m, y, 0.45, 0.55, 0.09, 0.22, -0.035)
        + _fold(m, y, [(0.22, 0.44), (0.31, 0.58), (0.34, 0.82)], 0.03, 0.010),
    }


def _grid(head: Head, rows: int, columns: int):
    angle = np.linspace(-ANGLE, ANGLE, columns)
    y = np.linspace(head.top, head.y[-1] + MARGIN, rows)
    w = head.rows(y)[0][:, None]
    inside = np.clip(angle, -np.pi / 2, np.pi / 2)
    return angle[None, :], y[:, None], w * (np.sin(inside) + (angle - inside)[None, :])


def _half(x: np.ndarray) -> np.ndarray:
    """|x| in the left half of a grid if the right half is its mirror, and otherwise in all of it."""
    m = np.abs(x)
    half = x.shape[1] // 2
    return np.ascontiguousarray(m[:, :half]) if np.array_equal(m[:, :half], m[:, : half - 1 : -1]) else m


def _whole(relief: np.ndarray, columns: int) -> np.ndarray:
    """What was worked out for `_half` of a grid, for all its columns."""
    return relief if relief.shape[1] == columns else np.concatenate([relief, relief[:, ::-1]], axis=1)


@lru_cache(maxsize=12)
def skin_of(identity: Identity) -> Skin:
    """Everything about a person's skin that is the same in every picture (last 12 kept)."""
    head = head_of(identity)
    angle, y, x = _grid(head, TALL, WIDE)
    x, y = x.astype(np.float32), y.astype(np.float32)
    m = _half(x)
    sag = float(np.clip((identity.age - 26) / 36, 0, 1))
    dark = max(identity.tone - 6, 0)
    adds = _unit_relief(identity, m, y)
    base = _rest(identity, m, y, sag) + _nose(identity, m, y)
    if identity.age > 40:
        base = base + 0.4 * sag * sum(adds[k] * v for k, v in ((1, 0.35), (2, 0.25), (6, 0.2)))
    units: list = [()] * (2 * len(INDEX))
    left_share = 0.5 + 0.5 * np.tanh(x / 0.05)  # the person's left is the viewer's right
    # Folds on dark skin are lit by its gloss; the picture has no other way to keep them as clear as on light skin.
    clear = 1.0 + 0.07 * dark
    for unit, relief in adds.items():
        relief = _whole(clear * relief, WIDE)
        k = 2 * INDEX[unit]
        if unit in MIDLINE:
            units[k] = units[k + 1] = _windows(0.5 * relief)
        else:
            units[k], units[k + 1] = _windows(relief * (1 - left_share)), _windows(relief * left_share)
    w, front, _ = head.rows(y)
    down = (float(y[-1, 0]) - float(y[0, 0])) / (TALL - 1)
    across = np.sqrt((w * np.cos(angle)) ** 2 + (front * np.sin(angle)) ** 2) * (angle[0, 1] - angle[0, 0])
    # Crown and chin are caps: without a least width their two halves would meet in a seam.
    nx, nz = np.sin(angle) * np.maximum(front, 0.55), np.cos(angle) * np.maximum(w, 0.34)
    size = np.sqrt(nx**2 + nz**2)
    # The slope of the stack of half-ellipses, softened: its ends are nearly flat caps.
    slope = np.clip(np.gradient(w[:, 0], down), -1.6, 1.6)[:, None]
    ny = -slope * 0.55 * np.ones_like(nx)
    normal = np.stack([nx / size, ny, nz / size])
    normal /= np.sqrt((normal**2).sum(0))
    return Skin(
        base=_whole(base, WIDE).astype(np.float32),
        units=tuple(units),
        lift=_whole(_nose_lift(identity, m, y), WIDE).astype(np.float32),
        normal=normal.astype(np.float32),
        per_across=(1.0 / np.maximum(across, 1e-3)).astype(np.float32),
        down=down,
        colour=_colour(identity, head, sag),
        gloss=0.015 + 0.019 * identity.tone + 0.030 * dark,
    )


def _windows(relief: np.ndarray) -> tuple:
    """The part of a relief that is not nothing, as ((rows, columns, values),)."""
    there = np.abs(relief) > 1e-4
    if not there.any():
        return ()
    (top, bottom), (left, right) = (np.flatnonzero(there.any(axis=k))[[0, -1]] for k in (1, 0))
    rows, columns = slice(int(top), int(bottom) + 1), slice(int(left), int(right) + 1)
    return ((rows, columns, np.ascontiguousarray(relief[rows, columns], np.float32)),)


def _nose_lift(i: Identity, m, y) -> np.ndarray:
    t = np.clip((y + 0.05) / (i.nose_length - 0.05), 0, 1.25)
    rise = 0.27 * i.nose_depth * t * np.where(t > 1, np.clip(1 - (t - 1) / 0.25, 0, 1), 1.0)
    return rise * np.exp(-((m / (0.06 + 0.10 * np.minimum(t, 1))) ** 2)) + _hill(m, y, 0, i.mouth_y, 0.26, 0.14, 0.05)


def _noise(rng, rows, columns, blur):
    cv2 = opencv()
    return cv2.GaussianBlur(rng.standard_normal((rows, columns)).astype(np.float32), (0, 0), blur) * blur * 2.5


def _colour(i: Identity, head: Head, sag: float) -> np.ndarray:
    """Skin colour without light: blush, tired eyes, freckles, stubble or beard, fine mottling."""
    cv2 = opencv()
    _, y, x = _grid(head, FINE, FINE)
    x, y = x.astype(np.float32), y.astype(np.float32)
    m = _half(x)
    rng = np.random.default_rng([555, i.seed])
    # Red, green and blue are kept apart until the end: arithmetic is quicker so.
    skin = [np.full((FINE, FINE), tone, np.float32) for tone in i.skin]
    light = i.tone <= 5
    blush = (
        _hill(m, y, i.eye_spacing + 0.10, 0.30, 0.17, 0.13, 1.0)
        + _hill(m, y, 0, i.nose_length - 0.08, 0.12, 0.10, 0.8)
        + _hill(m, y, 0, i.chin - 0.13, 0.16, 0.10, 0.4)
        + _hill(m, y, 0.85, 0.1, 0.25, 0.3, 0.6)
    )
    _tint(skin, _whole(blush, FINE), (3, -15, -13) if light else (6, -7, -7))
    tired = _hill(m, y, i.eye_spacing - 0.01, 0.10, 0.16, 0.05, 0.6 + 0.7 * sag) + _hill(
        m, y, i.eye_spacing, -0.06, 0.17, 0.07, 0.5
    )
    _tint(skin, _whole(tired, FINE), (-16, -16, -10) if light else (-13, -11, -9))
    # Dark skin is lit as a portrait photographer lights it: planes that face the camera shine, hollows stay deep.
    share = min(max((i.tone - 5) / 3.0, 0.0), 1.0)
    if share:
        planes = (
            _hill(m, y, i.eye_spacing + 0.05, 0.27, 0.20, 0.12, 1.0)
            + _hill(m, y, 0, 0.15, 0.07, 0.30, 0.8)
            + _hill(m, y, 0, -0.50, 0.40, 0.18, 0.6)
            + _hill(m, y, 0, i.chin - 0.15, 0.14, 0.08, 0.4)
        )
        lit = (1.0 + 0.42 * share * planes) * (1.0 - 0.30 * share * _hill(m, y, i.eye_spacing, -0.03, 0.20, 0.12, 1.0))
        lit = _whole(lit, FINE)
        for plane in skin:
            plane *= lit
    mottling = _noise(rng, FINE, FINE, 1.0) * 1.0 + _noise(rng, FINE, FINE, 7.0) * 1.4
    for plane, strength in zip(skin, (1.0, 1.0, 0.9), strict=True):
        plane += mottling * np.float64(strength)
    if i.freckles:
        for _ in range(int(110 * i.freckles)):
            px, py = rng.normal(0, 0.30), 0.22 + rng.normal(0, 0.13)
            _freckle(skin, x, y, px, py, rng.uniform(0.25, 0.7))
    if i.facial_hair != "none":
        mask = _whole(_whiskers(i, m, y), FINE)
        grain = 0.80 + 0.20 * np.clip(_noise(rng, FINE, FINE, 0.8), -1.5, 1.5)
        strength = 0.30 if i.facial_hair == "stubble" else 0.92
        hair = np.asarray(i.hair, np.float32) * 0.85 + np.array((16, 12, 10), np.float32)
        if i.facial_hair == "stubble":
            hair = hair * 0.6 + np.asarray(i.skin, np.float32) * 0.2
        cover = np.clip(mask * strength * grain, 0, 0.96)
        streak = 10 * _noise(rng, FINE, FINE, 1.0) if strength > 0.5 else 0.0
        bare = 1 - cover
        skin = [plane * bare + (tone + streak) * cover for plane, tone in zip(skin, hair, strict=True)]
    return np.clip(cv2.GaussianBlur(cv2.merge(skin), (3, 3), 0), 0, 255).astype(np.uint8)


def _tint(skin: list[np.ndarray], where: np.ndarray, tint) -> None:
    """Add a colour to the skin's planes, in place, as strongly as ``where`` says."""
    for plane, tone in zip(skin, tint, strict=True):
        plane += where * np.float32(tone)


def _freckle(skin: list[np.ndarray], x, y, px: float, py: float, strength: float) -> None:
    """Put one freckle on the skin's planes, in place; only the cells that it reaches are worked out."""
    size = 0.011
    first, last = np.searchsorted(y[:, 0], (py - REACH * size, py + REACH * size))
    near = np.flatnonzero((np.abs(x[first:last] - px) < REACH * size).any(axis=0))
    if not len(near):
        return
    rows, columns = slice(first, last), slice(near[0], near[-1] + 1)
    spot = _hill(x[rows, columns], y[rows], px, py, size, size, strength)
    _tint([plane[rows, columns] for plane in skin], spot, (-26, -42, -44))


def _whiskers(i: Identity, m, y) -> np.ndarray:
    """Where facial hair grows, 0..1."""
    my = i.mouth_y
    step = lambda v, width: 1 / (1 + np.exp(-np.clip(v / width, -30, 30)))  # noqa: E731
    above = step(y - (my - 0.155), 0.012) * step(my - 0.035 - y, 0.015) * step(i.mouth_width + 0.06 - m, 0.02)
    above = above * step(m - 0.012, 0.012)
    chin = step(y - (my + 0.115 + 0.03 * (m < 0.08)), 0.014) * step(0.20 - m, 0.02)
    beside = (
        step(m - (i.mouth_width + 0.015), 0.014) * step(i.mouth_width + 0.085 - m, 0.018) * step(y - (my - 0.10), 0.02)
    )
    line = 0.10 + 0.62 * np.clip((0.66 - m) / 0.36, 0, 1) ** 0.8  # the beard's upper edge over the cheek
    cheeks = step(y - line, 0.03) * step(m - (i.mouth_width + 0.03), 0.02)
    if i.facial_hair == "moustache":
        return above
    if i.facial_hair == "goatee":
        return np.maximum.reduce([above, chin, beside])
    below = np.broadcast_to(step(y - (my + 0.17), 0.02), m.shape)
    return np.maximum.reduce([above, chin, beside, cheeks, below])
