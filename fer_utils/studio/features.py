"""Eyes, brows, nose, ears and glasses, drawn over the shaded skin."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from fer_utils.core.optional_packages import opencv
from fer_utils.studio.anatomy import SIDES, Face, spline
from fer_utils.studio.canvas import Window, darken, disc, fill, fixed, mix, shade_of, stroke, strokes, tapered
from fer_utils.studio.expressions import INDEX
from fer_utils.studio.identity import EYES, Identity
from fer_utils.studio.pose import Pose


@dataclass
class Scene:
    """What every drawing function needs."""

    canvas: np.ndarray
    identity: Identity
    face: Face
    pose: Pose
    au: np.ndarray
    marks: np.ndarray  # (68, 2) landmarks in pixels
    unit: float  # pixels per head unit
    bright: float  # how much light falls, about 1
    gaze: tuple[float, float]
    parts: dict = field(default_factory=dict)  # name -> (n, 2) pixels, see `place`

    @property
    def thin(self) -> float:
        """A line's width in pixels for one 'hair' at 256 pixels."""
        return self.unit / 80.0

    def a(self, unit: int, side: int) -> float:
        return float(self.au[side, INDEX[unit]])

    def both(self, unit: int) -> float:
        return float(self.au[:, INDEX[unit]].mean())

    def colour(self, rgb, factor: float = 1.0):
        """A colour under this light."""
        return shade_of(rgb, self.bright * factor)


def line_colour(i: Identity) -> tuple[float, float, float]:
    """Lines and creases: a darker, redder skin."""
    red, green, blue = i.skin
    return (red * 0.52, green * 0.40, blue * 0.38)


_U = np.linspace(0.0, 1.0, 17)  # along the lids, outer corner to inner
_CREASE = np.sin(np.pi * (0.06 + 0.9 * _U))
_CREASE_WIDTH = np.sin(np.pi * np.linspace(0.08, 0.92, 15))
_LASH = {
    True: 0.040 * np.sin(np.pi * (0.04 + 0.92 * (1 - _U) ** 0.8)) ** 0.7 + 0.006 * (1 - _U),
    False: 0.032 * np.sin(np.pi * (0.04 + 0.92 * (1 - _U) ** 0.8)) ** 0.7 + 0.006 * (1 - _U),
}
_TEETH_X = np.linspace(-1.0, 1.0, 9)
_GAPS = (-0.135, -0.085, -0.042, 0.0, 0.042, 0.085, 0.135)


def place(s: Scene) -> None:
    """Work out where everything on the face lies and turn it into pixels at one go."""
    i, face = s.identity, s.face
    names, points, lifts = [], [], []

    def add(name, xy, lift):
        names.append(name)
        points.append(xy)
        lifts.append(lift)

    for side, sign in enumerate(SIDES):
        up = face.upper[side]
        add(("up", side), up, -0.02)
        add(("low", side), face.lower[side], -0.03)
        crease = up[1:-1].copy()
        height = 0.052 + 0.030 * face.closed[side] + 0.016 * s.a(1, side) - 0.022 * s.a(4, side) - 0.018 * s.a(5, side)
        crease[:, 1] -= height * _CREASE[1:-1] + 0.004
        add(("crease", side), crease, -0.01)
        add(("iris", side), np.array([[sign * i.eye_spacing + 0.085 * s.gaze[0], -0.005 + 0.05 * s.gaze[1]]]), 0.02)
        brow = face.points[17:22][::-1] if side == 0 else face.points[22:27]  # inner end first
        add(("brow", side), spline(brow, 5), 0.02)
        wing, inner = face.points[31 if side == 0 else 35], face.points[32 if side == 0 else 34]
        add(
            ("nostril", side),
            np.array([0.5 * (wing + inner) + (-sign * 0.016, 0.012 - 0.015 * s.pose.sp)]),
            0.15 * i.nose_depth,
        )
        w = abs(wing[0]) * 1.26 * sign
        arc = np.array(
            [
                [w * 0.90, wing[1] - 0.095],
                [w * 1.06, wing[1] - 0.045],
                [w * 1.02, wing[1] + 0.002],
                [w * 0.84, wing[1] + 0.022],
            ]
        )
        add(("wing", side), spline(arc, 4), 0.07 * i.nose_depth)
    half, drop = i.mouth_width * 0.94, max(face.drop, 0.0)
    bow = _TEETH_X**2
    add("tongue", np.array([[0.0, i.mouth_y + drop * 0.92 + 0.085]]), 0.0)
    edge = i.mouth_y + 0.018 - (0.022 + 0.03 * s.both(12)) * bow
    add(
        "teeth",
        np.array([np.r_[half * _TEETH_X, half * _TEETH_X[::-1]], np.r_[edge, np.full(9, i.mouth_y - 0.22)]]).T,
        0.0,
    )
    low = i.mouth_y + 0.060 + drop * 0.97 - 0.020 * bow
    add(
        "low teeth",
        np.array([np.r_[half * 0.9 * _TEETH_X, half * 0.9 * _TEETH_X[::-1]], np.r_[low, low[::-1] + 0.2]]).T,
        0.0,
    )
    add("gaps", np.array([(x, i.mouth_y + dy) for x in _GAPS for dy in (-0.12, 0.012)]), 0.0)
    sizes = [len(xy) for xy in points]
    pixels = s.pose.on_face(np.concatenate(points), np.repeat(lifts, sizes))
    ends = np.cumsum(sizes)
    s.parts = {name: pixels[end - size : end] for name, size, end in zip(names, sizes, ends.tolist(), strict=True)}


def eyes(s: Scene) -> None:
    i, unit, parts = s.identity, s.unit, s.parts
    female = i.presentation == "female"
    iris = s.colour(EYES[i.eye_colour])
    line = s.colour(line_colour(i))
    lash = s.colour(mix((24, 16, 16), line_colour(i), 0.10 if female else 0.25))
    opened = [side for side in (0, 1) if s.face.lower[side, 8, 1] - s.face.upper[side, 8, 1] > 0.012]
    shapes = [np.concatenate([parts["up", side], parts["low", side][::-1]]) for side in opened]
    window = Window(s.canvas, np.concatenate(shapes)) if opened else None
    if window is not None and window.patch is not None:
        patch = window.patch
        white = mix((236, 231, 226), i.skin, 0.10)
        patch[:] = np.array(s.colour(white, 0.97), np.uint8)
        corner = s.colour(mix(white, line_colour(i), 0.34))
        pink = s.colour(mix((206, 128, 118), i.skin, 0.3))
        radius = 0.080 * unit
        wide = radius * max(0.55, abs(s.pose.cy))
        shadows = []
        for side in opened:
            up = window.to(parts["up", side])
            # The ball is round: its corners lie in shadow.
            disc(patch, up[0], (0.055 * unit, 0.07 * unit), corner)
            disc(patch, up[-1], (0.075 * unit, 0.07 * unit), corner)
            disc(patch, up[-1], (0.030 * unit, 0.026 * unit), pink)
            at = window.to(parts["iris", side])[0]
            disc(patch, at, (wide, radius), shade_of(iris, 0.48))
            disc(patch, at, (wide * 0.86, radius * 0.86), iris)
            disc(patch, (at[0], at[1] + radius * 0.30), (wide * 0.62, radius * 0.50), shade_of(iris, 1.32))
            disc(patch, at, (wide * 0.46, radius * 0.46), (14, 11, 12))
            shadows.append(fixed(np.concatenate([up, (up + np.array((0, 0.040 * unit)))[::-1]])))
        # The upper lid throws a shadow on the ball.
        darken(patch, shadows, 0.62)
        for side in opened:
            at = window.to(parts["iris", side])[0]
            disc(
                patch,
                (at[0] + 0.30 * wide, at[1] - 0.36 * radius),
                (0.20 * radius, 0.20 * radius),
                s.colour((250, 250, 250)),
            )
        window.close(shapes=shapes)
    for side in (0, 1):
        shut = s.face.closed[side]
        up, low = parts["up", side], parts["low", side]
        # Lower lid: a wet rim and a few quiet lashes.
        stroke(s.canvas, low[2:-2], mix(s.colour(i.skin), line, 0.50 + 0.3 * shut), s.thin)
        # Upper lash line, thicker outwards.
        fill(s.canvas, tapered(up, _LASH[female] * unit), lash)
        if female:
            out = up[0] - up[2]
            wing = np.stack([up[2], up[0], up[0] + out * 0.45 + (0, -0.030 * unit)])
            fill(s.canvas, tapered(wing, np.array([0.030, 0.026, 0.004]) * unit), lash)
        # The crease above the lid.
        fill(
            s.canvas,
            tapered(parts["crease", side], 0.018 * unit * _CREASE_WIDTH),
            mix(s.colour(i.skin, 0.86), line, 0.22 + 0.45 * i.lid_crease),
        )


@lru_cache(maxsize=64)
def _brow(identity: Identity):
    """Width along a brow, and its single hairs: where, how far down the root, how far up the tip."""
    i, n = identity, 21
    u = np.linspace(0, 1, n)
    width = i.brow_thickness * (0.62 + 0.75 * np.sin(np.pi * np.clip(0.20 + 0.62 * u, 0, 1)) - 0.85 * u**3.0 - 0.2 * u)
    width = np.maximum(width, 0.008) * np.clip(0.35 + 4.0 * u, 0, 1)
    rng = np.random.default_rng([91, i.seed])
    sides = []
    for _ in SIDES:
        k = rng.integers(0, n - 3, 24)
        sides.append(
            (
                k,
                (rng.random(24) * 0.75 - 0.2) * width[k],
                (0.5 + 0.35 * rng.random(24)) * width[k + 2] * (1.0 - 0.6 * u[k]),
            )
        )
    return width, sides


def brows(s: Scene) -> None:
    i = s.identity
    hair = i.hair if i.hair_colour not in ("grey", "white") else mix(i.hair, (54, 48, 46), 0.72 + 0.02 * i.tone)
    dark = mix(hair, (30, 24, 22), 0.45 if i.hair_colour in ("blond", "dark blond", "auburn") else 0.25)
    width, sides = _brow(i)
    hairs = []
    for side, (k, below, above) in enumerate(sides):
        pixels = s.parts["brow", side]
        fill(s.canvas, tapered(pixels, width * s.unit), s.colour(mix(dark, i.skin, 0.30)))
        fill(s.canvas, tapered(pixels[1:], width[1:] * 0.62 * s.unit), s.colour(mix(dark, i.skin, 0.06)))
        single = np.empty((24, 2, 2))  # single hairs, up and outwards
        single[:, 0], single[:, 1] = pixels[k], pixels[k + 2]
        single[:, 0, 1] += below * s.unit
        single[:, 1, 1] -= above * s.unit
        hairs.append(single)
    hairs = np.concatenate(hairs)
    for tone in range(3):
        strokes(s.canvas, hairs[tone::3], s.colour(mix(dark, i.skin, 0.16 * tone)), s.thin * 0.8)


_WING_WIDTH = np.sin(np.pi * np.linspace(0.1, 0.9, 13))


def nose(s: Scene) -> None:
    i = s.identity
    line = line_colour(i)
    deep = s.colour(shade_of(line, 0.62))
    for side, sign in enumerate(SIDES):
        if sign * s.pose.sy > 0.55:
            continue  # behind the nose
        at = s.parts["nostril", side][0]
        wide = (0.036 + 0.10 * (i.nose_width - 0.15)) * s.unit * (1 + 0.25 * s.a(9, side) + 0.1 * s.a(10, side))
        tall = 0.019 * s.unit * (1 + 1.6 * max(0.0, s.pose.sp) * 1.2)
        disc(s.canvas, at, (wide * 1.22, tall * 1.45), mix(s.colour(i.skin, 0.74), s.colour(line), 0.55), -sign * 16)
        disc(s.canvas, at, (wide, tall), deep, -sign * 16)
        # The wing's crease.
        fill(
            s.canvas,
            tapered(s.parts["wing", side], 0.014 * s.unit * _WING_WIDTH),
            mix(s.colour(i.skin, 0.82), s.colour(line), 0.55),
        )


def ears(s: Scene, near: bool) -> None:
    """The ears: behind the head as seen from the front, on its near side when it is turned."""
    i = s.identity
    if covers_ears(i) or (near and abs(s.pose.sy) <= 0.22):
        return
    shape, rim, bowl = _ear()
    n, m = len(shape), len(shape) + len(rim)
    points = np.concatenate([shape, rim, bowl]) * i.ear_size
    w = float(s.pose.head.rows(0.1)[0])
    xyz = np.column_stack(
        [w - 0.045 + points[:, 0] * (0.45 + 0.45 * i.ear_angle), 0.03 + points[:, 1], -0.02 - points[:, 0] * 0.55]
    )
    inner = s.colour(mix(i.skin, line_colour(i), 0.55), 0.92)
    for sign in SIDES:
        if (sign * s.pose.sy < -0.22) != near:
            continue
        pixels = s.pose.turn(xyz * (sign, 1.0, 1.0))
        fill(s.canvas, pixels[:n], s.colour(mix(i.skin, (190, 90, 80), 0.10), 0.86))
        stroke(s.canvas, pixels[n:m], inner, s.thin * 1.6)
        fill(s.canvas, pixels[m:], inner)


@lru_cache(maxsize=1)
def _ear():
    """An ear's outline, rim and bowl: (outwards, down) from its root."""
    shape = np.array(
        [
            (0.00, -0.02),
            (0.07, -0.10),
            (0.15, -0.12),
            (0.19, -0.04),
            (0.18, 0.08),
            (0.14, 0.20),
            (0.10, 0.31),
            (0.05, 0.34),
            (0.00, 0.27),
        ]
    )
    rim = np.array([(0.05, -0.04), (0.12, -0.065), (0.145, 0.0), (0.13, 0.10), (0.085, 0.19)])
    bowl = np.array([(0.035, 0.05), (0.085, 0.06), (0.09, 0.14), (0.045, 0.20)])
    return tuple(spline(points, 4) for points in (shape, rim, bowl))


def covers_ears(i: Identity) -> bool:
    """Whether hair or cloth always hides the ears."""
    return i.hair_style == "headscarf"


def glasses(s: Scene) -> None:
    i = s.identity
    if i.glasses == "none":
        return
    frame = s.colour((44, 38, 40) if i.seed % 3 else (112, 74, 44))
    angles = np.linspace(0, 2 * np.pi, 33)[:-1]
    power = 1.0 if i.glasses == "round" else 0.55
    ring = np.stack(
        [
            np.sign(np.cos(angles)) * np.abs(np.cos(angles)) ** power,
            np.sign(np.sin(angles)) * np.abs(np.sin(angles)) ** power,
        ],
        1,
    )
    ring = ring * (0.235, 0.205 if i.glasses == "round" else 0.170)
    thick = max(1.0, 2.0 * s.thin)
    depth = 0.86 + 0.02
    for sign in SIDES:
        xy = ring + np.array((sign * (i.eye_spacing + 0.012), 0.03))
        xyz = np.column_stack([xy, depth - 0.35 * np.abs(xy[:, 0]) ** 2])
        lens = s.pose.turn(xyz)
        window = Window(s.canvas, lens)
        if window.patch is not None:
            cv2 = opencv()
            window.patch[:] = cv2.addWeighted(window.patch, 0.93, np.full_like(window.patch, 236), 0.07, 0)
            window.close()
        stroke(s.canvas, lens, frame, thick, closed=True)
        if sign * s.pose.sy > 0.25:
            continue  # its arm is behind the head
        outer = np.array(
            [[sign * (i.eye_spacing + 0.245), -0.01, depth - 0.12], [sign * 0.72 * i.head_width, -0.02, 0.05]]
        )
        stroke(s.canvas, s.pose.turn(outer), frame, thick)
    bridge = np.array([[-0.09, 0.0, depth + 0.03], [0.0, -0.03, depth + 0.07], [0.09, 0.0, depth + 0.03]])
    stroke(s.canvas, s.pose.turn(spline(bridge, 4)), frame, thick)
