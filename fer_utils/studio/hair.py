"""Hair, in front of and behind the head, and headscarves."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from fer_utils.core.optional_packages import opencv
from fer_utils.studio.anatomy import spline
from fer_utils.studio.canvas import _SHIFT, Window, blend, darken, disc, fill, fixed, mix, shade_of, stroke, strokes
from fer_utils.studio.features import Scene

#: style -> (thickness over the crown, at the sides, how far down the sides, hairline over the brow, combed)
_CAPS = {
    "short": (0.10, 0.030, 0.02, 0.66, "back"),
    "side part": (0.13, 0.04, 0.02, 0.64, "side"),
    "quiff": (0.17, 0.025, 0.00, 0.68, "back"),
    "buzz": (0.035, 0.012, 0.02, 0.66, "none"),
    "receding": (0.06, 0.030, 0.04, 0.90, "back"),
    "curly": (0.14, 0.07, 0.06, 0.62, "curl"),
    "afro": (0.26, 0.20, 0.10, 0.66, "curl"),
    "pixie": (0.13, 0.06, 0.16, 0.52, "side"),
    "bun": (0.07, 0.030, 0.10, 0.68, "back"),
    "bob": (0.13, 0.10, 0.0, 0.66, "part"),
    "fringe bob": (0.13, 0.10, 0.0, 0.36, "fringe"),
    "long": (0.12, 0.09, 0.0, 0.68, "part"),
    "long wavy": (0.14, 0.12, 0.0, 0.68, "part"),
}
_N = 14  # points of a curve along which strands run
_CURTAINS = {"bob": (0.92, 0.20), "fringe bob": (0.86, 0.18), "long": (1.95, 0.20), "long wavy": (1.90, 0.30)}


_SWELL = 0.16 * np.sin(np.pi * np.linspace(0, 1, 20))[:, None]


_RISE = np.sin(np.linspace(0, np.pi / 2, 22))
#: The sine of the yaw from which a head counts as turned: its far side is then behind the face.
_TURNED = 0.20


def _ring(s: Scene, side_y: float, crown: float, sides: float, far_y: float | None = None) -> np.ndarray:
    """The hair's outer edge from the viewer's left over the crown to the right, in pixels."""
    top = s.pose.head.top
    # Away from the middle of the skull, so that the crown stays a dome.
    middle = s.pose.turn(np.array([[0.0, -0.30, -0.05]]))
    edges = []
    for side in (0, 1):
        start = far_y if far_y is not None and (s.pose.sy > 0) == (side == 1) else side_y
        y = start + (top + 0.0005 - start) * _RISE
        up = np.clip((side_y - y) / (side_y - top), 0, 1)
        grow = 1.0 + (sides / 0.70 * (1 - up) + crown / 0.86 * up)[:, None]
        edges.append(middle + (s.pose.outline(side, y) - middle) * grow)
    return spline(np.concatenate([edges[0], edges[1][::-1]]), 2)


def _hairline(s: Scene, side_y: float, height: float, combed: str) -> tuple[np.ndarray, float | None]:
    """Where hair meets skin, from the viewer's left to the right, in pixels; and on a turned head the height at
    which it goes behind the far side."""
    i = s.identity
    base = -height - i.hairline
    if combed == "fringe":
        angle = np.array([-1.52, -1.30, -1.08, -0.85, -0.55, -0.2, 0.2, 0.55, 0.85, 1.08, 1.30, 1.52])
        y = (
            np.array([side_y, -0.12, -0.30, -0.36, -0.375, -0.37, -0.37, -0.375, -0.36, -0.30, -0.12, side_y])
            + 0.36
            - height
        )
    else:
        recede = 0.10 if i.hair_style == "receding" else 0.0
        angle = np.array(
            [-1.50, -1.33, -1.24, -1.14, -0.94, -0.62, -0.28, 0.0, 0.28, 0.62, 0.94, 1.14, 1.24, 1.33, 1.50]
        )
        shape = np.array(
            [
                0.0,
                0.0,
                0.24,
                0.42,
                0.70,
                0.92 + recede,
                0.99,
                1.0 - recede,
                0.99,
                0.92 + recede,
                0.70,
                0.42,
                0.24,
                0.0,
                0.0,
            ]
        )
        y = base * shape + (1 - shape) * min(side_y, 0.05)
        y[0] = y[-1] = side_y
        if combed == "side":
            y[5:10] += np.array([-0.06, -0.02, 0.02, 0.06, 0.08])
        y = np.maximum(y, s.pose.head.top + 0.05)
    curve = spline(np.column_stack([angle, y]), 4)
    low, high = s.pose.edge_angle(0, curve[:, 1]), s.pose.edge_angle(1, curve[:, 1])
    far_y = None
    if abs(s.pose.sy) > _TURNED:
        beyond = curve[:, 0] > high if s.pose.sy > 0 else curve[:, 0] < low
        if beyond.any() and not beyond.all():
            far_y = float(curve[~beyond, 1][-1 if s.pose.sy > 0 else 0])
            curve[beyond, 1] = far_y
    return s.pose.around(np.clip(curve[:, 0], low, high), curve[:, 1], 0.012), far_y


def _resample(points: np.ndarray, count: int) -> np.ndarray:
    steps = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    at = np.linspace(0, steps[-1], count)
    return np.column_stack([np.interp(at, steps, points[:, 0]), np.interp(at, steps, points[:, 1])])


@lru_cache(maxsize=64)
def _recipe(person_seed: int, seed: int, count: int, across: bool):
    """Where each strand runs, as weights on the points of two curves, and its tone 0..6."""
    rng = np.random.default_rng([37, person_seed, seed])

    def at(position):  # weights that read a curve of _N points at fractional positions
        low = np.clip(np.floor(position).astype(int), 0, _N - 2)
        weights = np.zeros((*position.shape, _N))
        part = position - low
        np.put_along_axis(weights, low[..., None], (1 - part)[..., None], -1)
        np.put_along_axis(weights, low[..., None] + 1, part[..., None], -1)
        return weights

    if across:
        k = rng.random(count) * (_N - 1)
        ends = np.sort(rng.uniform(0.0, 1.0, (count, 2)), axis=1)
        k2 = np.clip(k + rng.normal(0, 0.22, count), 0, _N - 1)
        t = np.linspace(
            ends[:, 0] * 0.8 - 0.055, 0.3 + 0.71 * ends[:, 1], 6
        ).T  # some over the hairline, some over the edge
        one = at(k2)[:, None] * t[..., None]
        other = at(k)[:, None] * (1 - t)[..., None]
    else:
        first, last = rng.uniform(0, _N / 2, count), rng.uniform(_N / 2, _N - 1, count)
        along = at(np.linspace(first, last, 10).T)
        share = rng.uniform(0.04, 0.96, count)[:, None, None]
        one, other = along * (1 - share), along * share
    return one, other, rng.integers(0, 7, count)


def _strands(s: Scene, one: np.ndarray, other: np.ndarray, count: int, across: bool, seed: int) -> None:
    """Fine lines between two curves: along them, or across from one to the other."""
    on_one, on_other, tones = _recipe(s.identity.seed, seed, count, across)
    lines = on_one @ _resample(one, _N) + on_other @ _resample(other, _N)
    hair = s.identity.hair
    sheen = 0.10 if sum(hair) < 150 else 0.16
    for tone in range(7):
        light = (tone - 3) / 3
        colour = mix(hair, (255, 240, 220), sheen * light) if light > 0 else shade_of(hair, 1 + 0.26 * light)
        strokes(s.canvas, lines[tones == tone], s.colour(colour, 0.96), 0.7 * s.thin)


def _curls(s: Scene, points: np.ndarray, radius: float, seed: int, inward: float) -> None:
    """Rings of curls along a curve, going inward by a share of the way to its middle."""
    rng = np.random.default_rng([41, s.identity.seed, seed])
    middle = points.mean(axis=0)
    points = _resample(points, max(10, int(1.9 / radius)))
    for depth in (0.0, 0.6):
        share = inward * depth + rng.uniform(-0.035, 0.035, len(points))
        sizes = radius * s.unit * rng.uniform(0.7, 1.25, len(points))
        tones = rng.uniform(0.86, 1.02, len(points))
        for p, k, size, tone in zip(points, share, sizes, tones, strict=True):
            disc(s.canvas, p + (middle - p) * k, (size, size), s.colour(shade_of(s.identity.hair, tone)))


@lru_cache(maxsize=64)
def _ringlet_recipe(person_seed: int, count: int):
    rng = np.random.default_rng([43, person_seed])
    start, turn = rng.uniform(0, 2 * np.pi, count), rng.choice((-1, 1), count) * rng.uniform(2.4, 5.0, count)
    angle = start[:, None] + turn[:, None] * np.linspace(0, 1, 9)
    radius = rng.uniform(0.020, 0.046, count)[:, None] * np.linspace(1.0, 0.45, 9)
    arcs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    return arcs, rng.uniform(0, _N - 1, count), rng.uniform(-0.04, 1.06, count), rng.integers(0, 5, count)


def _ringlets(s: Scene, ring: np.ndarray, line: np.ndarray) -> None:
    """Small coils all over curly hair, the lit ones last."""
    arcs, along, share, tones = _ringlet_recipe(s.identity.seed, 330)
    steps = np.arange(_N)
    a, b = _resample(ring, _N), _resample(line, _N)
    at = np.stack(
        [
            np.interp(along, steps, b[:, k] * 1.0) * (1 - share) + np.interp(along, steps, a[:, k]) * share
            for k in (0, 1)
        ],
        axis=-1,
    )
    coils = at[:, None] + arcs * s.unit
    lift = 0.34 if sum(s.identity.hair) < 150 else 0.24
    for tone in range(5):
        strokes(
            s.canvas,
            coils[tones == tone],
            s.colour(shade_of(s.identity.hair, 1.0 + lift * (tone - 2) / 2 * (1.6 if tone > 2 else 1.0))),
            1.3 * s.thin,
        )


def hangs(identity) -> bool:
    """Whether hair hangs down behind the neck."""
    return identity.hair_style in _CURTAINS


def behind(s: Scene) -> None:
    """What lies behind the head and the neck."""
    i = s.identity
    style = i.hair_style
    head = s.pose.head
    dark = s.colour(i.hair, 0.62)
    if style in _CURTAINS:
        reach, _ = _CURTAINS[style]
        crown, sides, *_ = _CAPS[style]
        ring = _ring(s, 0.30, crown, sides)
        drop = np.array([[-s.pose.sr, s.pose.cr]]) * s.unit
        low = reach if reach < 1.2 else 2.2
        ends = np.concatenate([ring[[-1]] + drop * (low - 0.3), ring[[0]] + drop * (low - 0.3)])
        fill(s.canvas, np.concatenate([ring, ends]), dark)
        if abs(s.pose.sy) > _TURNED:
            _curtains(s, far=True)
    elif style == "bun":
        top = s.pose.turn(np.array([[0.0, head.top - 0.14, -0.25]]))[0]
        disc(s.canvas, top, (0.27 * s.unit, 0.23 * s.unit), s.colour(i.hair, 0.86))
        for k, tone in ((0.19, 1.12), (0.11, 0.94)):
            disc(s.canvas, top - (0.03 * s.unit, 0.03 * s.unit), (k * s.unit, k * 0.8 * s.unit), s.colour(i.hair, tone))
    elif style in ("afro", "curly"):
        crown, sides, *_ = _CAPS[style]
        ring = _ring(s, 0.16 if style == "afro" else 0.05, crown, sides)
        fill(s.canvas, ring, s.colour(i.hair, 0.86))
        _curls(s, ring, 0.075 if style == "afro" else 0.06, 1, 0.14)


def front(s: Scene) -> None:
    """The hair over the forehead and the sides."""
    i = s.identity
    style = i.hair_style
    if style == "bald":
        return
    if style == "headscarf":
        _headscarf(s)
        return
    crown, sides, side_y, height, combed = _CAPS[style]
    line, far_y = _hairline(s, side_y, height, combed)
    ring = _ring(s, side_y, crown, sides, far_y)
    if abs(s.pose.sy) > _TURNED and style not in _CURTAINS:
        _nape(s, side_y, style)
    cap = np.concatenate([ring, line[::-1]])
    down = np.array([-s.pose.sr, s.pose.cr]) * s.unit
    if style != "buzz":
        shadow = Window(s.canvas, line, int(0.05 * s.unit) + 2)
        if shadow.patch is not None:
            edge = shadow.to(np.concatenate([line, (line + down * 0.035)[::-1]]))
            darken(s.canvas[shadow.y0 : shadow.y1, shadow.x0 : shadow.x1], [fixed(edge)], 0.80)
    if style == "buzz":
        _soft_cap(s, cap)
        return
    fill(s.canvas, cap, s.colour(i.hair, 0.94))
    if combed == "curl":
        if style == "curly":
            _curls(s, ring[8:-8], 0.062, 2, 0.10)
        _ringlets(s, ring, line)
    elif combed == "side":
        _strands(s, ring[6:-6], line[6:-6], 90, False, 3)
    else:
        _sheen(s, ring[6:-6], line[6:-6])
        _strands(s, ring[3:-3], line[3:-3], 120, True, 4)
    if style in _CURTAINS:
        _curtains(s, far=False)


def _nape(s: Scene, side_y: float, style: str) -> None:
    """The hair below the cap behind the near ear of a turned head."""
    side = 0 if s.pose.sy > 0 else 1
    y = np.linspace(side_y - 0.10, 0.40, 12)
    edge = s.pose.edge_angle(side, y)
    start = np.interp(y, [side_y - 0.10, 0.25, 0.40], [1.66, 1.80, 2.05])
    inner = np.minimum(start, edge) if side else np.maximum(-start, edge)
    grown = 0.02 * np.clip((0.40 - y) / 0.3, 0, 1)
    shape = np.concatenate([s.pose.around(inner, y), s.pose.outline(side, y, grown)[::-1]])
    colour = mix(s.identity.hair, s.identity.skin, 0.30) if style == "buzz" else s.identity.hair
    fill(s.canvas, shape, s.colour(colour, 0.86))


def _soft_cap(s: Scene, cap: np.ndarray) -> None:
    """Hair so short that the skin shines through: no hard line anywhere, and grain."""
    cv2 = opencv()
    window = Window(s.canvas, cap, int(0.06 * s.unit) + 2)
    if window.patch is None:
        return
    mask = np.zeros(window.patch.shape[:2], np.uint8)
    fill(mask, window.to(cap), 225)
    mask = cv2.GaussianBlur(mask, (0, 0), 0.020 * s.unit)
    grain = _grain(s.identity.seed)
    mask = cv2.multiply(mask, cv2.resize(grain, mask.shape[::-1], interpolation=cv2.INTER_LINEAR), scale=1 / 255)
    window.patch[:] = np.array(s.colour(mix(s.identity.hair, s.identity.skin, 0.16)), np.uint8)
    blend(s.canvas[window.y0 : window.y1, window.x0 : window.x1], window.patch, mask)


@lru_cache(maxsize=64)
def _grain(seed: int) -> np.ndarray:
    rng = np.random.default_rng([47, seed])
    return np.clip(rng.normal(205, 34, (110, 150)), 90, 255).astype(np.uint8)


def _sheen(s: Scene, ring: np.ndarray, line: np.ndarray) -> None:
    """A band of light over combed hair."""
    a, b = _resample(ring, 20), _resample(line, 20)
    window = Window(s.canvas, np.concatenate([a, b]))
    if window.patch is None:
        return
    mask = np.zeros(window.patch.shape[:2], np.uint8)
    for widen, strength in ((1.0, 41), (0.8, 75), (0.6, 104), (0.4, 128)):
        band = np.concatenate([a + (b - a) * (0.50 - _SWELL * widen), (a + (b - a) * (0.50 + _SWELL * widen))[::-1]])
        fill(mask, window.to(band), strength)
    window.patch[:] = np.array(s.colour(mix(s.identity.hair, (255, 238, 214), 0.15)), np.uint8)
    blend(s.canvas[window.y0 : window.y1, window.x0 : window.x1], window.patch, mask)


def _curtains(s: Scene, far: bool) -> None:
    """Hair that falls beside the face, over ears and shoulders; on the far side of a turned head, behind it."""
    i = s.identity
    reach, wide = _CURTAINS[i.hair_style]
    y = np.linspace(-0.62, reach, 16)
    wave = 0.035 * np.sin(np.linspace(0, 4.2 * np.pi, 16)) if i.hair_style == "long wavy" else np.zeros(16)
    down = np.array([-s.pose.sr, s.pose.cr]) * s.unit
    sideways = np.array([s.pose.cr, s.pose.sr]) * s.unit
    for side, sign in ((0, -1.0), (1, 1.0)):
        if (sign * s.pose.sy > _TURNED) != far:
            continue
        on_head = np.minimum(y, 0.30)
        # From the side, hair falls from the back of the skull, which is widest at the height of the eyes.
        low = -0.05 if abs(s.pose.sy) > _TURNED and not far else 0.30
        edge = s.pose.outline(side, np.minimum(y, low), 0.05 + 0.07 * np.clip((on_head + 0.62) / 0.5, 0, 1))
        limit = s.pose.edge_angle(side, on_head)
        angle = sign * np.interp(y, [-0.62, -0.35, 0.1, 0.5], [1.02, 1.20, 1.30, 1.24])
        angle = np.minimum(angle, limit) if sign > 0 else np.maximum(angle, limit)
        inner = s.pose.around(angle, on_head, 0.015)
        below = np.clip(y - 0.30, 0, None)[:, None]
        edge = (
            edge
            + np.clip(y - low, 0, None)[:, None] * down
            + (sign * (wave + wide * 0.25 * np.clip(y - 0.3, 0, 1)))[:, None] * sideways
        )
        curl_in = -sign * 0.10 * np.clip((y - reach + 0.35) / 0.35, 0, 1) ** 2 if reach < 1.2 else 0.0 * y
        inner = (
            inner
            + below * down
            + (sign * wave + curl_in * 0.4 + sign * 0.02 * np.clip(y - 0.3, 0, 1))[:, None] * sideways
        )
        edge = edge + (curl_in * 1.0)[:, None] * sideways
        fill(s.canvas, np.concatenate([edge, inner[::-1]]), s.colour(i.hair, 0.88))
        _strands(s, edge, inner, 46, False, 10 + side)


def _headscarf(s: Scene) -> None:
    i = s.identity
    cloth = ((126, 72, 92), (64, 92, 108), (168, 138, 104), (92, 104, 80), (70, 66, 96))[i.seed % 5]
    ring = _ring(s, 0.35, 0.075, 0.075)
    down = np.array([-s.pose.sr, s.pose.cr]) * s.unit
    sideways = np.array([s.pose.cr, s.pose.sr]) * s.unit
    chin = i.chin + max(s.face.drop, 0.0)
    low_left = ring[0] + down * (chin + 0.45) - sideways * 0.10
    low_right = ring[-1] + down * (chin + 0.45) + sideways * 0.10
    outer = np.concatenate([low_left[None], ring, low_right[None]])
    angle = np.linspace(0, 2 * np.pi, 41)[:-1]
    y = np.where(np.cos(angle) > 0, -0.60 * np.cos(angle), -(chin + 0.015) * np.cos(angle))
    turn = 1.22 * np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** 0.60
    turn = np.clip(turn, s.pose.edge_angle(0, y) + 0.06, s.pose.edge_angle(1, y) - 0.06)
    face = s.pose.around(turn, y, 0.01)
    cv2 = opencv()
    cv2.fillPoly(s.canvas, [fixed(outer), fixed(face)], s.colour(cloth), cv2.LINE_AA, _SHIFT)
    for k, tone in ((0.35, 0.80), (0.62, 1.14), (0.85, 0.84)):
        fold = ring[2:-2] * k + _resample(face[np.r_[28:40, 0:13]], len(ring) - 4) * (1 - k)
        stroke(s.canvas, fold, s.colour(cloth, tone), s.thin * 1.5)
    stroke(s.canvas, face, s.colour(cloth, 0.70), s.thin * 1.5, closed=True)
    for k in (-0.3, -0.1, 0.12, 0.3):
        start = s.pose.turn(np.array([[k * 0.8, chin + 0.06, 0.45]]))[0]
        stroke(
            s.canvas, np.stack([start, start + down * 0.45 + sideways * k * 0.9]), s.colour(cloth, 0.78), s.thin * 1.5
        )
