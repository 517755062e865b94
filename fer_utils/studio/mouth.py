"""The mouth: lips, teeth, tongue and corners."""

from __future__ import annotations

import numpy as np

from fer_utils.studio.anatomy import spline
from fer_utils.studio.canvas import Window, darken, disc, fill, fixed, mix, shade_of, stroke, strokes, tapered
from fer_utils.studio.features import Scene, line_colour


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
    if (p[57, 1] - p[66, 1]) > 0.04 * s.unit:
        below = spline(p[[55, 56, 57, 58, 59]], 4)[2:15]
        glow = np.concatenate([0.62 * in_low[6:-6] + 0.38 * below, (0.36 * in_low[6:-6] + 0.64 * below)[::-1]])
        window = Window(s.canvas, glow)
        if window.patch is not None:
            window.patch[:] = np.array(s.colour(mix(rosy, (255, 246, 240), 0.30)), np.uint8)
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
        fill(
            s.canvas,
            tapered(line, np.interp(np.linspace(0, 1, len(line)), np.linspace(0, 1, len(widths)), widths)),
            dark,
        )
    # Corners: a small dark comma, longer when the lips are pulled.
    for side, index in ((0, 48), (1, 54)):
        away = 1.0 if side else -1.0
        size = 0.026 * max(s.a(12, side), s.a(14, side), s.a(15, side), s.a(20, side), s.a(24, side))
        rise = -0.014 - 0.030 * s.a(12, side) + 0.030 * s.a(15, side)
        comma = np.stack(
            [
                p[index] - (away * 0.035 * s.unit, 0),
                p[index],
                p[index] + (away * (0.006 + size) * s.unit, rise * s.unit),
            ]
        )
        fill(
            s.canvas,
            tapered(spline(comma, 4), np.interp(np.linspace(0, 1, 9), [0, 0.5, 1], [0.008, 0.014, 0.003]) * s.unit),
            mix(dark, s.colour(skin), 0.25),
        )


def _inside(s: Scene, window: Window, opening: float) -> None:
    """Cavity, tongue and teeth; the upper teeth belong to the skull, the lower to the jaw."""
    patch = window.patch
    patch[:] = np.array(s.colour((58, 18, 22)), np.uint8)
    if opening > 0.10:
        disc(patch, window.to(s.parts["tongue"])[0], (0.18 * s.unit, 0.11 * s.unit), s.colour((164, 78, 80)))
    enamel = s.colour((238, 233, 224), 0.96)
    fill(patch, window.to(s.parts["teeth"]), enamel)
    strokes(patch, window.to(s.parts["gaps"]).reshape(-1, 2, 2), shade_of(enamel, 0.90), s.thin)
    if s.both(16) > 0.15 or s.both(20) > 0.3 or opening > 0.2:
        fill(patch, window.to(s.parts["low teeth"]), shade_of(enamel, 0.88))
    # The lip's shadow on the teeth.
    rim = spline(s.marks[[60, 61, 62, 63, 64]], 6)
    rim = window.to(rim)
    darken(patch, [fixed(np.concatenate([rim, (rim + np.array((0, 0.026 * s.unit)))[::-1]]))], 0.70)
