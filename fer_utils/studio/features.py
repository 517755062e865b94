"""Eyes, brows, nose, mouth, ears and glasses, drawn over the shaded skin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .anatomy import SIDES, Face, Pose, spline
from .canvas import Window, disc, fill, mix, shade_of, stroke, strokes, tapered
from .expressions import INDEX
from .identity import EYES, Identity


@dataclass
class Scene:
    """What every drawing function needs."""

    canvas: np.ndarray
    identity: Identity
    face: Face
    pose: Pose
    au: np.ndarray
    marks: np.ndarray      # (68, 2) landmarks in pixels
    unit: float            # pixels per head unit
    bright: float          # how much light falls, about 1
    gaze: tuple[float, float]
    rng_seed: int

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


def eyes(s: Scene) -> None:
    i = s.identity
    iris = s.colour(EYES[i.eye_colour])
    line = s.colour(line_colour(i))
    lash = s.colour(mix((24, 16, 16), line_colour(i), 0.10 if i.presentation == "female" else 0.25))
    for side, sign in enumerate(SIDES):
        up, low = s.face.upper[side], s.face.lower[side]
        shut = s.face.closed[side]
        lids_up = s.pose.on_face(up, -0.02)
        lids_low = s.pose.on_face(low, -0.03)
        middle = np.array([[sign * i.eye_spacing, -0.005]])
        gap = float((low[8, 1] - up[8, 1]))
        if gap > 0.012:
            shape = np.concatenate([lids_up, lids_low[::-1]])
            window = Window(s.canvas, shape)
            if window.patch is not None:
                white = mix((236, 231, 226), i.skin, 0.10)
                window.patch[:] = np.rint(s.colour(white, 0.97)).astype(np.uint8)
                # The ball is round: its corners lie in shadow.
                for end, size in ((0, 0.055), (-1, 0.075)):
                    disc(window.patch, window.to(lids_up[end]), (size * s.unit, 0.07 * s.unit), s.colour(mix(white, line_colour(i), 0.34)))
                duct = window.to(lids_up[-1])
                disc(window.patch, duct, (0.030 * s.unit, 0.026 * s.unit), s.colour(mix((206, 128, 118), i.skin, 0.3)))
                look = middle + np.array([[0.085 * s.gaze[0], 0.05 * s.gaze[1]]])
                at = window.to(s.pose.on_face(look, 0.02)[0])
                radius = 0.080 * s.unit
                wide = radius * max(0.55, abs(s.pose.cy))
                disc(window.patch, at, (wide, radius), shade_of(iris, 0.48))
                disc(window.patch, at, (wide * 0.86, radius * 0.86), iris)
                disc(window.patch, at + (0, radius * 0.30), (wide * 0.62, radius * 0.50), shade_of(iris, 1.32))
                disc(window.patch, at, (wide * 0.46, radius * 0.46), (14, 11, 12))
                # The upper lid throws a shadow on the ball.
                shadow = Window(window.patch, window.to(np.concatenate([lids_up, (lids_up + (0, 0.040 * s.unit))[::-1]])))
                if shadow.patch is not None:
                    shadow.patch[:] = (shadow.patch * 0.62).astype(np.uint8)
                    shadow.close()
                disc(window.patch, at + (0.30 * wide, -0.36 * radius), (0.20 * radius, 0.20 * radius), s.colour((250, 250, 250)))
                window.close()
        # Lower lid: a wet rim and a few quiet lashes.
        stroke(s.canvas, lids_low[2:-2], mix(s.colour(i.skin), line, 0.50 + 0.3 * shut), s.thin)
        # Upper lash line, thicker outwards.
        u = np.linspace(0, 1, len(up))
        female = i.presentation == "female"
        width = (0.040 if female else 0.032) * np.sin(np.pi * (0.04 + 0.92 * (1 - u) ** 0.8)) ** 0.7 + 0.006 * (1 - u)
        fill(s.canvas, tapered(lids_up, width * s.unit), lash)
        if female:
            out = lids_up[0] - lids_up[2]
            wing = np.stack([lids_up[2], lids_up[0], lids_up[0] + out * 0.45 + (0, -0.030 * s.unit)])
            fill(s.canvas, tapered(wing, np.array([0.030, 0.026, 0.004]) * s.unit), lash)
        # The crease above the lid.
        crease_height = 0.052 + 0.030 * shut + 0.016 * s.a(1, side) - 0.022 * s.a(4, side) - 0.018 * s.a(5, side)
        crease = up + np.stack([np.zeros(len(up)), -crease_height * np.sin(np.pi * (0.06 + 0.9 * u)) - 0.004], axis=1)
        strength = 0.22 + 0.45 * i.lid_crease
        crease_pixels = s.pose.on_face(crease[1:-1], -0.01)
        fill(s.canvas, tapered(crease_pixels, 0.018 * s.unit * np.sin(np.pi * np.linspace(0.08, 0.92, len(up) - 2))),
             mix(s.colour(i.skin, 0.86), line, strength))


def brows(s: Scene) -> None:
    i = s.identity
    hair = i.hair if i.hair_colour not in ("grey", "white") else mix(i.hair, (60, 54, 52), 0.6)
    dark = mix(hair, (30, 24, 22), 0.45 if i.hair_colour in ("blond", "dark blond", "auburn") else 0.25)
    rng = np.random.default_rng([91, i.seed])
    for side, (first, last, turn) in enumerate(((17, 22, -1), (22, 27, 1))):
        points = s.face.points[first:last][::turn]            # inner end first
        curve = spline(points, 5)
        n = len(curve)
        u = np.linspace(0, 1, n)
        width = i.brow_thickness * (0.62 + 0.75 * np.sin(np.pi * np.clip(0.20 + 0.62 * u, 0, 1)) - 0.85 * u**3.0 - 0.2 * u)
        width = np.maximum(width, 0.008) * np.clip(0.35 + 4.0 * u, 0, 1)
        pixels = s.pose.on_face(curve, 0.02)
        fill(s.canvas, tapered(pixels, width * s.unit), s.colour(mix(dark, i.skin, 0.30)))
        inside = tapered(pixels[1:], width[1:] * 0.62 * s.unit)
        fill(s.canvas, inside, s.colour(mix(dark, i.skin, 0.06)))
        k = rng.integers(0, n - 3, 24)                        # single hairs, up and outwards
        root = pixels[k].copy()
        root[:, 1] += (rng.random(24) * 0.75 - 0.2) * width[k] * s.unit
        tip = pixels[k + 2].copy()
        tip[:, 1] -= (0.5 + 0.35 * rng.random(24)) * width[k + 2] * s.unit * (1.0 - 0.6 * u[k])
        hairs = np.stack([root, tip], axis=1)
        for tone in range(3):
            strokes(s.canvas, hairs[tone::3], s.colour(mix(dark, i.skin, 0.16 * tone)), s.thin * 0.8)


def nose(s: Scene) -> None:
    i = s.identity
    line = line_colour(i)
    deep = s.colour(shade_of(line, 0.62))
    for side, sign in enumerate(SIDES):
        wing = s.face.points[31 if side == 0 else 35]
        inner = s.face.points[32 if side == 0 else 34]
        centre = 0.5 * (wing + inner) + (-sign * 0.016, 0.012 - 0.05 * s.pose.sp * 0.3)
        at = s.pose.on_face(centre[None], 0.15 * i.nose_depth)[0]
        wide = (0.036 + 0.10 * (i.nose_width - 0.15)) * s.unit * (1 + 0.25 * s.a(9, side) + 0.1 * s.a(10, side))
        tall = 0.019 * s.unit * (1 + 1.6 * max(0.0, s.pose.sp) * 1.2)
        disc(s.canvas, at, (wide * 1.22, tall * 1.45), mix(s.colour(i.skin, 0.74), s.colour(line), 0.55), -sign * 16)
        disc(s.canvas, at, (wide, tall), deep, -sign * 16)
        # The wing's crease.
        w = abs(wing[0]) * 1.26
        arc = np.array([[sign * w * 0.90, wing[1] - 0.095], [sign * w * 1.06, wing[1] - 0.045], [sign * w * 1.02, wing[1] + 0.002], [sign * w * 0.84, wing[1] + 0.022]])
        pixels = s.pose.on_face(spline(arc, 4), 0.07 * i.nose_depth)
        fill(s.canvas, tapered(pixels, 0.014 * s.unit * np.sin(np.pi * np.linspace(0.1, 0.9, len(pixels)))), mix(s.colour(i.skin, 0.82), s.colour(line), 0.55))


def mouth(s: Scene) -> None:
    i, p = s.identity, s.marks
    skin = i.skin
    rosy = mix(skin, (178, 74, 76), 0.50) if i.tone <= 6 else mix(skin, (128, 62, 64), 0.45)
    if i.presentation == "male":
        rosy = mix(rosy, skin, 0.42)
    upper, lower = s.colour(shade_of(rosy, 0.83)), s.colour(shade_of(rosy, 1.02))
    top = spline(p[[48, 49, 50, 51, 52, 53, 54]], 5)
    low = spline(p[[54, 55, 56, 57, 58, 59, 48]], 5)
    in_top = spline(p[[60, 61, 62, 63, 64]], 6)
    in_low = spline(p[[64, 65, 66, 67, 60]], 6)
    in_low[:, 1] = np.maximum(in_low[:, 1], in_top[::-1, 1])
    opening = float(p[66, 1] - p[62, 1]) / s.unit
    # A soft shadow under the lower lip, then the lips.
    fill(s.canvas, np.concatenate([top, low]), lower)
    seam = in_top if opening > 0.012 else 0.5 * (in_top + in_low[::-1])
    fill(s.canvas, np.concatenate([top, p[[64]], seam[::-1], p[[60]]]), upper)
    # A light on the lower lip, inside its outline.
    glow = np.concatenate([0.62 * in_low[6:-6] + 0.38 * spline(p[[55, 56, 57, 58, 59]], 4)[:: 1][2:15],
                           (0.36 * in_low[6:-6] + 0.64 * spline(p[[55, 56, 57, 58, 59]], 4)[2:15])[::-1]])
    if (p[57, 1] - p[66, 1]) > 0.04 * s.unit:
        window = Window(s.canvas, glow)
        if window.patch is not None:
            window.patch[:] = np.rint(s.colour(mix(rosy, (255, 246, 240), 0.30))).astype(np.uint8)
            window.close(0.55)
    dark = s.colour(mix((46, 16, 18), line_colour(i), 0.15))
    if opening > 0.012:
        hole = np.concatenate([in_top, in_low])
        window = Window(s.canvas, hole)
        if window.patch is not None:
            _inside(s, window, opening)
            window.close()
        stroke(s.canvas, in_top, mix(dark, upper, 0.35), s.thin)
        stroke(s.canvas, in_low, mix(dark, lower, 0.55), s.thin)
    else:
        widths = 0.015 * s.unit * (0.55 + 0.45 * np.sin(np.pi * np.linspace(0, 1, len(seam)))) * (1 + 0.3 * s.both(24))
        line = np.concatenate([p[[48]], seam[3:-3], p[[54]]])
        fill(s.canvas, tapered(line, np.interp(np.linspace(0, 1, len(line)), np.linspace(0, 1, len(widths)), widths)), dark)
    # Corners: a small dark comma, longer when the lips are pulled.
    for side, index in ((0, 48), (1, 54)):
        away = 1.0 if side else -1.0
        size = 0.026 * max(s.a(12, side), s.a(14, side), s.a(15, side), s.a(20, side), s.a(24, side))
        rise = -0.014 - 0.030 * s.a(12, side) + 0.030 * s.a(15, side)
        comma = np.stack([p[index] - (away * 0.035 * s.unit, 0), p[index], p[index] + (away * (0.006 + size) * s.unit, rise * s.unit)])
        fill(s.canvas, tapered(spline(comma, 4), np.interp(np.linspace(0, 1, 9), [0, 0.5, 1], [0.008, 0.014, 0.003]) * s.unit), mix(dark, s.colour(skin), 0.25))


def _inside(s: Scene, window: Window, opening: float) -> None:
    """Cavity, tongue and teeth; the upper teeth belong to the skull, the lower to the jaw."""
    i, patch = s.identity, window.patch
    patch[:] = np.rint(s.colour((58, 18, 22))).astype(np.uint8)
    half = i.mouth_width * 0.94
    wide = np.linspace(-half, half, 9)
    bow = (wide / half) ** 2
    drop = max(s.face.drop, 0.0)
    if opening > 0.10:
        tongue = s.pose.on_face(np.array([[0.0, i.mouth_y + drop * 0.92 + 0.085]]), 0.0)[0]
        disc(patch, window.to(tongue), (0.17 * s.unit, 0.085 * s.unit), s.colour((176, 82, 84)))
    enamel = s.colour((238, 233, 224), 0.96)
    edge = i.mouth_y + 0.018 - 0.022 * bow - 0.03 * s.both(12) * bow
    teeth = np.concatenate([np.stack([wide, edge], 1), np.stack([wide[::-1], np.full(9, i.mouth_y - 0.22)], 1)])
    fill(patch, window.to(s.pose.on_face(teeth, 0.0)), enamel)
    for x in (-0.135, -0.085, -0.042, 0.0, 0.042, 0.085, 0.135):
        ends = s.pose.on_face(np.array([[x, i.mouth_y - 0.12], [x, i.mouth_y + 0.012]]), 0.0)
        stroke(patch, window.to(ends), shade_of(enamel, 0.90), s.thin)
    low = i.mouth_y + 0.060 + drop * 0.97 - 0.020 * bow
    if s.both(16) > 0.15 or s.both(20) > 0.3 or opening > 0.2:
        teeth = np.concatenate([np.stack([wide * 0.9, low], 1), np.stack([wide[::-1] * 0.9, low[::-1] + 0.2], 1)])
        fill(patch, window.to(s.pose.on_face(teeth, 0.0)), shade_of(enamel, 0.88))
    # The lip's shadow on the teeth.
    rim = spline(s.marks[[60, 61, 62, 63, 64]], 6)
    shadow = Window(patch, window.to(np.concatenate([rim, (rim + (0, 0.026 * s.unit))[::-1]])))
    if shadow.patch is not None:
        shadow.patch[:] = (shadow.patch * 0.70).astype(np.uint8)
        shadow.close()


def ears(s: Scene) -> None:
    i = s.identity
    size = i.ear_size
    shape = np.array([  # (outwards, down) from the ear's root
        (0.00, -0.02), (0.07, -0.10), (0.15, -0.12), (0.19, -0.04), (0.18, 0.08), (0.14, 0.20), (0.10, 0.31), (0.05, 0.34), (0.00, 0.27),
    ])
    curve = spline(shape, 4)
    rim = spline(np.array([(0.05, -0.04), (0.12, -0.065), (0.145, 0.0), (0.13, 0.10), (0.085, 0.19)]), 4)
    bowl = spline(np.array([(0.035, 0.05), (0.085, 0.06), (0.09, 0.14), (0.045, 0.20)]), 4)
    for side, sign in enumerate(SIDES):
        w, _front, _back = (float(v) for v in s.pose.head.rows(0.1))

        def place(points):
            out = points[:, 0] * size
            return s.pose.turn(np.stack([sign * (w - 0.045 + out * (0.45 + 0.45 * i.ear_angle)),
                                         0.03 + points[:, 1] * size, -0.02 - out * 0.55], axis=1))

        fill(s.canvas, place(curve), s.colour(mix(i.skin, (190, 90, 80), 0.10), 0.86))
        inner = s.colour(mix(i.skin, line_colour(i), 0.55), 0.92)
        stroke(s.canvas, place(rim), inner, s.thin * 1.6)
        fill(s.canvas, place(bowl), inner)


def glasses(s: Scene) -> None:
    i = s.identity
    if i.glasses == "none":
        return
    frame = s.colour((44, 38, 40) if i.seed % 3 else (112, 74, 44))
    angles = np.linspace(0, 2 * np.pi, 33)[:-1]
    power = 1.0 if i.glasses == "round" else 0.55
    ring = np.stack([np.sign(np.cos(angles)) * np.abs(np.cos(angles)) ** power, np.sign(np.sin(angles)) * np.abs(np.sin(angles)) ** power], 1)
    ring = ring * (0.235, 0.205 if i.glasses == "round" else 0.170)
    thick = max(1.0, 2.0 * s.thin)
    depth = 0.86 + 0.02
    for sign in SIDES:
        xy = ring + (sign * (i.eye_spacing + 0.012), 0.03)
        xyz = np.column_stack([xy, depth - 0.35 * np.abs(xy[:, 0]) ** 2])
        lens = s.pose.turn(xyz)
        window = Window(s.canvas, lens)
        if window.patch is not None:
            import cv2

            window.patch[:] = cv2.addWeighted(window.patch, 0.93, np.full_like(window.patch, 236), 0.07, 0)
            window.close()
        stroke(s.canvas, lens, frame, thick, closed=True)
        outer = np.array([[sign * (i.eye_spacing + 0.245), -0.01, depth - 0.12], [sign * 0.72 * i.head_width, -0.02, 0.05]])
        stroke(s.canvas, s.pose.turn(outer), frame, thick)
    bridge = np.array([[-0.09, 0.0, depth + 0.03], [0.0, -0.03, depth + 0.07], [0.09, 0.0, depth + 0.03]])
    stroke(s.canvas, s.pose.turn(spline(bridge, 4)), frame, thick)
