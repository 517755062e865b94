"""The skin put on the canvas: light on the relief, then the texture's way to the pixels."""

from __future__ import annotations

from functools import lru_cache
import math

import numpy as np

from fer_utils.core.optional_packages import opencv
from fer_utils.studio.anatomy import jaw_shift, spline
from fer_utils.studio.canvas import blend, fill
from fer_utils.studio.features import Scene
from fer_utils.studio.pose import Pose
from fer_utils.studio.skin import ANGLE, MARGIN, TALL, WIDE, Skin, skin_of

_OUTLINE_ROWS = np.r_[0:20:3, 20:540:10, 540:580:4, 580:600]
#: The head is looked up at one point in so many pixels each way, and in between by interpolation.
_CELL = 6.0


def shade(skin: Skin, au: np.ndarray, light: np.ndarray, ambient: float, strength: float) -> np.ndarray:
    """Brightness of the skin, (TALL, WIDE) float32, about 1 where the light falls full.

    ``light`` is the unit vector towards the light in the head's own axes.
    """
    cv2 = opencv()
    relief = skin.base.copy()
    for side, column in zip(*(index.tolist() for index in np.nonzero(au)), strict=True):
        for rows, columns, hill in skin.units[2 * column + side]:
            relief[rows, columns] += np.float32(au[side, column]) * hill
    gx = cv2.Sobel(relief, cv2.CV_32F, 1, 0, ksize=3, scale=0.125)
    gx *= skin.per_across
    gy = cv2.Sobel(relief, cv2.CV_32F, 0, 1, ksize=3, scale=0.125 / skin.down)
    nx, ny, nz = skin.normal
    lx, ly, lz = (np.float32(v) for v in light)
    # Tangents: sideways (nz, 0, -nx), downwards about (0, 1, 0).
    sideways = nz * lx
    sideways -= nx * lz
    towards = nx * lx
    towards += ny * ly
    towards += nz * lz
    sideways *= gx
    towards -= sideways
    towards -= gy * ly
    gx *= gx
    gy *= gy
    gx += gy
    gx += np.float32(1.0)
    towards /= np.sqrt(gx, out=gx)
    # Hollows are darker than hills: the relief against its own surroundings, which are smooth and so can be coarse.
    half = cv2.resize(relief, (WIDE // 2, TALL // 2), interpolation=cv2.INTER_AREA)
    half = cv2.GaussianBlur(half, (13, 13), 2.0)
    hollow = cv2.resize(half, (WIDE, TALL), interpolation=cv2.INTER_LINEAR)
    hollow -= relief
    hollow *= np.float32(5.5)
    np.minimum(np.maximum(hollow, np.float32(-0.10), out=hollow), np.float32(0.36), out=hollow)
    value = towards * np.float32(0.78 * strength)
    value += np.float32(0.22 * strength)
    np.maximum(value, np.float32(0.0), out=value)
    value += np.float32(ambient)
    hollow *= value
    value -= hollow
    towards -= np.float32(0.80)
    towards *= np.float32(4.0)
    np.minimum(np.maximum(towards, np.float32(0.0), out=towards), np.float32(1.0), out=towards)
    towards *= towards
    towards *= np.float32(skin.gloss)
    value += towards
    return value


def unroll(pose: Pose, skin: Skin, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """For every pixel of a part of the canvas, the texture's cell it looks at.

    ``low`` and ``high`` are the part's first and behind-the-last pixel (x, y).
    Returns (height, width, 2) float32, in cells of the colour texture.
    """
    cv2 = opencv()
    head = pose.head
    width, height = (int(v) for v in high - low)
    cells = (max(2, math.ceil(width / _CELL) + 1), max(2, math.ceil(height / _CELL) + 1))
    px = np.linspace(low[0], high[0] - 1, cells[0])
    py = np.linspace(low[1], high[1] - 1, cells[1])
    dx = ((px - pose.centre[0]) / pose.scale)[None, :]
    dy = ((py - pose.centre[1]) / pose.scale - pose.pivot[1])[:, None]
    u = dx * pose.cr + dy * pose.sr
    v = dy * pose.cr - dx * pose.sr
    v += -0.35 * pose.sp + pose.pivot[1] * pose.cp
    v /= pose.cp
    per_depth = pose.sp / pose.cp
    depth, lift = 0.8, 0.0
    bottom = head.y[-1] + MARGIN
    turned = abs(pose.sy) > 1e-3 or abs(pose.sp) > 1e-3
    for _ in range((3 if abs(pose.sy) + abs(pose.sp) > 0.25 else 2) if turned else 1):
        rest = pose.at_rest(v + (depth + lift) * per_depth)
        # Where the head closes at the chin, its underside is drawn as part of a wider cap.
        w, front, _back = head.rows(rest)
        w, front = np.maximum(w, 0.30), np.maximum(front, 0.55)
        side, ahead = front * pose.sy, w * pose.cy
        sine = (u - lift * pose.sy) / np.sqrt(ahead * ahead + side * side)
        np.minimum(np.maximum(sine, -0.9995, out=sine), 0.9995, out=sine)
        angle = np.arcsin(sine) - np.arctan2(side, ahead)
        if turned:
            depth = front * pose.cy * np.cos(angle) - w * pose.sy * np.sin(angle)
            row = (rest - head.top) * ((TALL - 1) / (bottom - head.top))
            column = (angle + ANGLE) * ((WIDE - 1) / (2 * ANGLE))
            row = np.minimum(np.maximum(row, 0), TALL - 1).astype(np.intp)
            column = np.minimum(np.maximum(column, 0), WIDE - 1).astype(np.intp)
            lift = skin.lift[row, column]
    rows, columns = skin.colour.shape[:2]
    grid = np.empty((cells[1], cells[0], 2), np.float32)
    grid[..., 0] = (angle + ANGLE) * ((columns - 1) / (2 * ANGLE))
    grid[..., 1] = (rest - head.top) * ((rows - 1) / (bottom - head.top))
    # The small grid's corners are the part's corner pixels, so scale about them.
    scale = np.array([[(cells[0] - 1) / max(width - 1, 1), 0, 0], [0, (cells[1] - 1) / max(height - 1, 1), 0]])
    return cv2.warpAffine(
        grid, scale, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )


def head_outline(pose: Pose) -> np.ndarray:
    """The outline of the head as seen, (n, 2) pixels."""
    y = pose.head.y[_OUTLINE_ROWS]
    y = y + jaw_shift(y, pose.drop)
    left, right = pose.outline(0, y), pose.outline(1, y)
    return np.concatenate([left, right[::-1]])


def profile_outline(s: Scene) -> np.ndarray:
    """The midline of a turned face, from brow to chin: nose, lips and chin stand out from the head's outline."""
    i, p, drop = s.identity, s.face.points, s.face.drop
    deep, tip = i.nose_depth, i.nose_length
    line = spline(
        np.array(
            [  # (y, how far in front of the head)
                (-0.34, 0.0),
                (-0.16, 0.03),
                (-0.02, 0.045 * i.bridge),
                (tip - 0.26, 0.15 * deep),
                (tip - 0.11, 0.275 * deep),
                (tip - 0.055, 0.285 * deep),
                (tip - 0.005, 0.235 * deep),
                (tip + 0.015, 0.13 * deep),
                (p[51, 1] - 0.05, 0.050),
                (p[51, 1], 0.080),
                (p[62, 1], 0.055),
                (p[66, 1], 0.050),
                (p[57, 1], 0.070),
                (p[57, 1] + 0.07, 0.022),
                (i.chin - 0.14 + drop, 0.045),
                (i.chin - 0.05 + drop, 0.0),
            ]
        ),
        4,
    )
    y, lift = line[:, 0], line[:, 1]
    ahead = np.column_stack([np.zeros(len(y)), y])
    return np.concatenate([s.pose.on_face(ahead, lift), s.pose.on_face(ahead, -0.22)[::-1]])


def direction(light) -> np.ndarray:
    """The unit vector towards a lamp: right, down, towards the viewer."""
    a, e = math.radians(light.azimuth), math.radians(light.elevation)
    return np.array([math.sin(a) * math.cos(e), -math.sin(e), math.cos(a) * math.cos(e)])


def skin(s: Scene, light) -> None:
    """The head: shaded texture inside the outline."""
    cv2 = opencv()
    texture, pose = skin_of(s.identity), s.pose
    height, width = s.canvas.shape[:2]
    outline = head_outline(pose)
    profile = profile_outline(s) if abs(pose.sy) > 0.25 else None
    shown = outline if profile is None else np.concatenate([outline, profile])
    low = np.maximum(np.floor(shown.min(0)).astype(int) - 2, 0)
    high = np.minimum(np.ceil(shown.max(0)).astype(int) + 3, (width, height))
    if (high <= low).any():
        return
    # The light as the head sees it: undo roll, pitch and yaw.
    lx, ly, lz = direction(light)
    lx, ly = lx * pose.cr + ly * pose.sr, -lx * pose.sr + ly * pose.cr
    ly, lz = ly * pose.cp + lz * pose.sp, lz * pose.cp - ly * pose.sp
    lx, lz = lx * pose.cy - lz * pose.sy, lx * pose.sy + lz * pose.cy
    value = shade(texture, s.au, np.array([lx, ly, lz]), light.ambient, light.strength)
    value *= np.float32(160.0)
    np.minimum(value, np.float32(255.0), out=value)
    rows, columns = texture.colour.shape[:2]
    tone = cv2.resize(value.astype(np.uint8), (columns, rows), interpolation=cv2.INTER_CUBIC)
    to = unroll(pose, texture, low, high)
    to, fine = cv2.convertMaps(to, None, cv2.CV_16SC2)
    seen = cv2.remap(texture.colour, to, fine, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    tone = cv2.remap(tone, to, fine, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros(tone.shape, np.uint8)
    fill(mask, outline - low, 255)
    if profile is not None:
        fill(mask, profile - low, 255)
    # The edge turns away from the light: a soft rim.
    rim = cv2.resize(mask, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    rim = cv2.LUT(cv2.GaussianBlur(rim, (0, 0), 0.055 * s.unit / 4 + 0.3), _rim_curve())
    tone = cv2.multiply(
        tone, cv2.resize(rim, (mask.shape[1], mask.shape[0]), interpolation=cv2.INTER_LINEAR), scale=1 / 255
    )
    toned = cv2.LUT(cv2.merge([tone, tone, tone]), _tone_curve(s.identity.tone))
    seen = cv2.multiply(seen, toned, scale=1.0 / 160.0)
    blend(s.canvas[low[1] : high[1], low[0] : high[0]], seen, mask)


@lru_cache(maxsize=16)
def _tone_curve(tone: int) -> np.ndarray:
    """Shadows on skin keep their red: light scatters under the surface.  (1, 256, 3) uint8."""
    value = np.arange(256) / 160.0
    warm = 0.20 if tone <= 6 else 0.10
    curves = [np.where(value < 1, value**p, value) for p in (1.0 - 1.3 * warm, 1.0 - 0.1 * warm, 1.0 + 0.5 * warm)]
    return np.clip(np.stack(curves, axis=-1) * 160.0, 0, 255).astype(np.uint8)[None]


@lru_cache(maxsize=1)
def _rim_curve() -> np.ndarray:
    value = np.arange(256) / 255.0
    return np.rint(255 * (0.74 + 0.26 * np.clip((value - 0.45) / 0.5, 0, 1) ** 0.8)).astype(np.uint8)
