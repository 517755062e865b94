"""What stands before a face or is painted on it: a hand, a mask, dark glasses, markers."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from fer_utils.core.optional_packages import opencv
from fer_utils.studio.anatomy import SIDES, Face, face_of, jaw_shift, spline
from fer_utils.studio.canvas import Window, blend, disc, fill, mix, shade_of, stroke, tapered
from fer_utils.studio.expressions import INDEX
from fer_utils.studio.features import Scene
from fer_utils.studio.identity import Identity

#: What can stand before a face.
OCCLUSIONS: tuple[str, ...] = ("hand", "mask", "glasses")
_BLUE = (26, 46, 124)


# --- markers -----------------------------------------------------------------


@lru_cache(maxsize=64)
def _rest(identity: Identity) -> Face:
    return face_of(identity, np.zeros((2, len(INDEX))))


def markers(s: Scene) -> None:
    """Small blue dots at fixed points of the skin, which move with what the face does.

    SAVEE's speakers wore 60 of them (Haq & Jackson 2009); here are 34, on forehead, brows, cheeks, nose, mouth and
    chin.
    """
    i, face, rest = s.identity, s.face, _rest(s.identity)
    p, moved = face.points, face.points - rest.points
    dots = [np.array([[0.0, -0.50]]) + 0.35 * 0.5 * (moved[21] + moved[22])]
    for side, sign in enumerate(SIDES):
        brow = (21, 19, 17) if side == 0 else (22, 24, 26)
        corner, lip_up, lip_low, wing = (48, 50, 58, 31) if side == 0 else (54, 52, 56, 35)
        cheek = np.array([0.0, -0.050 * s.a(6, side) - 0.055 * s.a(12, side) - 0.020 * s.a(9, side)])
        pulled = p[corner] - rest.points[corner]
        dots += [
            p[list(brow)] + (0.0, -0.075),  # over the brow
            np.array([(sign * 0.20, -0.44), (sign * 0.42, -0.40)]) + 0.45 * moved[list(brow[:2])],
            np.array([(sign * (i.eye_spacing - 0.10), 0.185), (sign * (i.eye_spacing + 0.10), 0.205)]) + 0.7 * cheek,
            np.array([(sign * 0.33, 0.36), (sign * 0.50, 0.33)]) + cheek,  # cheek
            np.array([(sign * 0.47, 0.55)]) + 0.35 * pulled,
            p[[corner]] + (sign * 0.075, 0.0),
            p[[lip_up]] + (sign * 0.02, -0.055),
            p[[lip_low]] + (sign * 0.01, 0.055),
            p[[wing]] + (sign * 0.075, -0.03),
            np.array([(sign * 0.17, i.chin - 0.13)]) + np.array((0.0, face.drop)),
        ]
    dots += [p[[28]], p[[57]] + (0.0, 0.06), np.array([(0.0, i.chin - 0.09 + face.drop)])]
    xy = np.concatenate(dots)
    lift = np.zeros(len(xy))
    lift[-3] = 0.12
    w, front, _ = s.pose.head.rows(s.pose.at_rest(xy[:, 1]))
    around = np.arcsin(np.clip(xy[:, 0] / w, -0.98, 0.98))
    seen = np.abs(np.arctan2(np.sin(around) * front, np.cos(around) * w) + s.pose.yaw) < 1.30
    radius = max(1.0, 0.018 * s.unit)
    blue = s.colour(_BLUE)
    for at in s.pose.on_face(xy[seen], lift[seen]):
        disc(s.canvas, at, (radius * 1.25, radius * 1.25), shade_of(blue, 0.62))
        disc(s.canvas, at, (radius, radius), blue)
        disc(s.canvas, at - 0.25 * radius, (radius * 0.45, radius * 0.45), mix(blue, (235, 240, 250), 0.15))


# --- a surgical mask ---------------------------------------------------------

_ACROSS, _DOWN = 15, 9


def mask(s: Scene) -> None:
    """A pleated mask from the bridge of the nose to under the chin; it goes down with the jaw."""
    cv2 = opencv()
    i, drop = s.identity, max(s.face.drop, 0.0)
    u, v = np.meshgrid(np.linspace(-1, 1, _ACROSS), np.linspace(0, 1, _DOWN))
    half = i.head_width * np.interp(v, [0, 0.55, 1], [0.545, 0.53, 0.30])
    x = half * u
    top = 0.30 - 0.16 * np.exp(-((x / 0.17) ** 2)) - 0.03 * np.abs(u)
    bottom = i.chin + 0.035 - 0.10 * np.abs(u) ** 2.2
    y = top + (bottom - top) * v
    y = y + jaw_shift(y, drop)
    # A surface stretched from the nose's tip to the chin.
    w, front, _ = s.pose.head.rows(np.minimum(s.pose.at_rest(y), i.chin - 0.11))
    nose = (
        0.25 * i.nose_depth * np.exp(-((x / 0.20) ** 2)) * np.interp(v, [0, 0.30, 0.75, 1.0], [0.55, 1.0, 0.50, 0.30])
    )
    z = (
        np.maximum(front, 0.60) * np.sqrt(np.maximum(1 - (x / np.maximum(w, 0.45)) ** 2, 0))
        + 0.035
        + nose
        - 0.08 * np.maximum(v - 0.85, 0) / 0.15
    )
    at = s.pose._place(x, y, z)
    cloth = ((150, 192, 214), (222, 228, 230), (60, 64, 72), (168, 206, 190))[i.seed % 4]
    # Ear loops first, so that they end under the mask.
    wide = float(s.pose.head.rows(0.1)[0])
    for sign, column in ((-1.0, 0), (1.0, -1)):
        if sign * s.pose.sy > 0.10:
            continue  # on the far side of a head turned away
        for row, ear in ((0, (0.02, -0.06)), (5, (0.02, 0.28))):
            end = s.pose.turn(np.array([[sign * (wide + ear[0]), ear[1], -0.04]]))[0]
            stroke(s.canvas, np.stack([at[row, column], end]), s.colour((226, 228, 230)), 1.5 * s.thin)
    window = Window(s.canvas, at.reshape(-1, 2), 4)
    if window.patch is None:
        return
    at = window.to(at)
    cover = np.zeros(window.patch.shape[:2], np.uint8)
    lit = np.zeros_like(cover)
    lean = np.arcsin(np.clip(x / 0.70, -1, 1)) + s.pose.yaw + 0.30
    glow = (0.70 + 0.30 * np.cos(lean)) * (1.0 - 0.20 * v) + 0.05 * np.exp(-(((v - 0.30) / 0.2) ** 2) - (u / 0.3) ** 2)
    tone = np.clip(0.25 * (glow[:-1, :-1] + glow[1:, :-1] + glow[:-1, 1:] + glow[1:, 1:]) * 220, 0, 255)
    for row in range(_DOWN - 1):
        for column in range(_ACROSS - 1):
            cell = at[[row, row, row + 1, row + 1], [column, column + 1, column + 1, column]]
            (ax, ay), (bx, by) = cell[2] - cell[0], cell[3] - cell[1]
            if ax * by - ay * bx > 0:  # faces the viewer
                fill(cover, cell, 255)
                fill(lit, cell + (cell - cell.mean(axis=0)) * 0.25, float(tone[row, column]))
    k = 3 + 2 * int(0.03 * s.unit * abs(s.pose.sy) * 2)
    cover = cv2.GaussianBlur(cv2.morphologyEx(cover, cv2.MORPH_CLOSE, np.ones((k, k), np.uint8)), (3, 3), 0.6)
    lit = cv2.GaussianBlur(lit, (0, 0), 0.030 * s.unit + 0.5)
    window.patch[:] = cv2.multiply(cv2.merge([lit, lit, lit]), np.array([*s.colour(cloth), 0.0]), scale=1 / 220)
    facing = slice(None)
    for row, dark in ((2, 0.86), (4, 0.84), (6, 0.86)):
        pleat = spline(at[row, facing], 3)
        stroke(window.patch, pleat, s.colour(cloth, dark * 0.93), s.thin)
        stroke(window.patch, pleat + np.array((0.0, 0.018 * s.unit)), s.colour(cloth, 1.0), s.thin)
    for row in (0, _DOWN - 1):
        stroke(window.patch, spline(at[row, facing], 3), s.colour(cloth, 0.84), 1.6 * s.thin)
    blend(s.canvas[window.y0 : window.y1, window.x0 : window.x1], window.patch, cover)


# --- a hand ------------------------------------------------------------------


def hand(s: Scene) -> None:
    """The person's own hand, the back of it seen, over the mouth's side and the cheek."""
    i = s.identity
    rng = np.random.default_rng([61, i.seed])
    sign = 1.0 if rng.random() < 0.5 else -1.0
    size = (1.28 if i.presentation == "male" else 1.16) * float(rng.uniform(0.95, 1.05))
    lean = float(rng.uniform(-0.12, 0.12))
    down, side = np.array([-s.pose.sr, s.pose.cr]) * s.unit, np.array([s.pose.cr, s.pose.sr]) * s.unit
    chin = s.marks[8]
    home = chin + down * -0.10 + side * sign * 0.20

    def at(points):
        points = np.asarray(points, float) * size
        x, y = (
            points[:, 0] * np.cos(lean) - points[:, 1] * np.sin(lean),
            points[:, 0] * np.sin(lean) + points[:, 1] * np.cos(lean),
        )
        return home + sign * x[:, None] * side + y[:, None] * down

    base = mix(i.skin, (190, 90, 80), 0.06)
    light, dark = s.colour(base, 1.04), s.colour(mix(base, (60, 24, 20), 0.42))
    middle = s.colour(base, 0.92)

    def limb(points, widths, soft=1.0):
        line = spline(at(points), 6)
        width = np.interp(np.linspace(0, 1, len(line)), np.linspace(0, 1, len(widths)), widths) * s.unit * size
        for colour, share, move in ((dark, 1.0, 0.0), (middle, 0.90, 0.0), (light, 0.52, -0.10 * soft)):
            shifted = line + move * width.mean() * (side / s.unit * 1.0)
            fill(s.canvas, tapered(shifted, width * share), colour)
            for end in (0, -1):
                disc(s.canvas, shifted[end], (0.5 * share * width[end],) * 2, colour)

    # Its shadow on the face, then sleeve, forearm, palm, fingers from the little one to the index, and the thumb.
    ghost = Window(s.canvas, at([(-0.36, -0.62), (0.42, 0.6)]), int(0.3 * s.unit))
    if ghost.patch is not None:
        cv2 = opencv()
        shade = np.zeros(ghost.patch.shape[:2], np.uint8)
        fill(
            shade,
            ghost.to(at([(-0.40, -0.50), (-0.10, -0.66), (0.26, -0.52), (0.34, 0.30), (-0.10, 0.36), (-0.34, 0.0)])),
            105,
        )
        shade = 255 - cv2.GaussianBlur(shade, (0, 0), 0.07 * s.unit)
        ghost.patch[:] = cv2.multiply(ghost.patch, cv2.merge([shade, shade, shade]), scale=1 / 255)
        s.canvas[ghost.y0 : ghost.y1, ghost.x0 : ghost.x1] = ghost.patch
    limb([(0.50, 1.60), (0.36, 0.80), (0.20, 0.36)], [0.40, 0.34, 0.30], 0.6)
    cuff = np.array(i.clothes, float)
    for colour, share in ((shade_of(s.colour(cuff), 0.70), 1.0), (s.colour(cuff), 0.92)):
        fill(
            s.canvas,
            tapered(
                at([(0.56, 1.9), (0.47, 1.35), (0.38, 0.86)]), np.array([0.56, 0.52, 0.46]) * s.unit * size * share
            ),
            colour,
        )
    palm = spline(
        at([(0.33, 0.40), (0.31, 0.10), (0.24, -0.16), (0.02, -0.22), (-0.16, -0.12), (-0.14, 0.14), (0.06, 0.42)]),
        6,
        closed=True,
    )
    fill(s.canvas, palm, dark)
    fill(s.canvas, palm.mean(axis=0) + (palm - palm.mean(axis=0)) * 0.955, middle)
    fill(s.canvas, palm.mean(axis=0) + (palm - palm.mean(axis=0)) * 0.62 - side * 0.02, light)
    for x, y, length, width, turn in (
        (0.235, -0.13, 0.36, 0.098, 0.16),
        (0.125, -0.17, 0.44, 0.108, 0.04),
        (0.01, -0.175, 0.47, 0.112, -0.07),
        (-0.105, -0.13, 0.41, 0.108, -0.18),
    ):
        tip = (x + np.sin(turn) * length, y - np.cos(turn) * length)
        bend = (x + np.sin(turn) * length * 0.5 + 0.012, y - np.cos(turn) * length * 0.5)
        limb([(x - np.sin(turn) * 0.03, y + 0.05), bend, tip], [width * 1.04, width * 1.03, width * 0.80])
        end, root = at([tip])[0], at([bend])[0]
        angle = float(np.degrees(np.arctan2(*(end - root)[::-1]))) + 90.0
        nail = s.colour(mix(base, (236, 190, 180), 0.45))
        disc(s.canvas, end - (end - root) * 0.03, (0.026 * s.unit, 0.040 * s.unit), shade_of(nail, 0.82), angle)
        disc(s.canvas, end - (end - root) * 0.04, (0.022 * s.unit, 0.035 * s.unit), nail, angle)
        for share in (0.46, 0.54):  # the skin over the joint
            joint = at([(x, y)])[0] * (1 - share) + end * share
            across = (
                np.array([-(end - root)[1], (end - root)[0]])
                / max(float(np.hypot(*(end - root))), 1e-6)
                * 0.024
                * s.unit
            )
            stroke(s.canvas, np.stack([joint - across, joint + across]), mix(middle, dark, 0.55), s.thin * 0.9)
    limb([(-0.08, 0.18), (-0.25, 0.08), (-0.36, -0.10)], [0.15, 0.12, 0.085])


# --- dark glasses ------------------------------------------------------------


def dark_glasses(s: Scene) -> None:
    """Sunglasses with heavy rims; they take the place of the person's own."""
    i = s.identity
    frame = s.colour((30, 26, 28))
    angles = np.linspace(0, 2 * np.pi, 33)[:-1]
    ring = np.stack(
        [
            np.sign(np.cos(angles)) * np.abs(np.cos(angles)) ** 0.62,
            np.sign(np.sin(angles)) * np.abs(np.sin(angles)) ** 0.62,
        ],
        1,
    )
    ring = ring * (0.250, 0.195) + np.column_stack([np.zeros(32), 0.012 * np.sin(angles)])
    depth = 0.88
    for sign in SIDES:
        lean = ring * np.column_stack([np.full(32, sign), np.ones(32)]) + (sign * (i.eye_spacing + 0.012), 0.035)
        lens = s.pose.turn(np.column_stack([lean, depth - 0.35 * lean[:, 0] ** 2]))
        if sign * s.pose.sy < 0.25:
            arm = np.array(
                [[sign * (i.eye_spacing + 0.26), -0.04, depth - 0.13], [sign * 0.72 * i.head_width, -0.03, 0.02]]
            )
            stroke(s.canvas, s.pose.turn(arm), frame, max(2.0, 4.2 * s.thin))
        window = Window(s.canvas, lens)
        if window.patch is not None:
            cv2 = opencv()
            tint = np.array([*s.colour((34, 32, 38)), 0.0])
            window.patch[:] = cv2.addWeighted(
                window.patch, 0.16, np.full_like(window.patch, 0) + tint[:3].astype(np.uint8), 0.84, 0
            )
            up = np.array([s.pose.sr, -s.pose.cr]) * s.unit
            across = np.array([s.pose.cr, s.pose.sr]) * s.unit
            shine = window.to(
                np.stack(
                    [
                        lens.mean(axis=0) + a * across + b * up
                        for a, b in ((-0.16, 0.20), (-0.04, 0.20), (-0.16, -0.12), (-0.24, -0.06))
                    ]
                )
            )
            glint = window.patch.copy()
            fill(glint, shine, s.colour((200, 208, 220)))
            window.patch[:] = cv2.addWeighted(
                window.patch, 0.80, cv2.GaussianBlur(glint, (0, 0), 0.02 * s.unit + 0.3), 0.20, 0
            )
            window.close()
        stroke(s.canvas, lens, frame, max(2.0, 4.0 * s.thin), closed=True)
    bridge = np.array([[-0.075, -0.02, depth + 0.03], [0.0, -0.05, depth + 0.07], [0.075, -0.02, depth + 0.03]])
    stroke(s.canvas, s.pose.turn(spline(bridge, 4)), frame, max(2.0, 4.0 * s.thin))
