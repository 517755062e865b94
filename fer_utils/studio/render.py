"""``draw``: a person, an expression, a pose and a light become a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
import math
import numbers
from types import MappingProxyType

import numpy as np

from fer_utils.core.errors import invalid
from fer_utils.core.optional_packages import opencv
from fer_utils.core.stages import stage
from fer_utils.studio import features, hair, mouth, props, shading
from fer_utils.studio.anatomy import face_of, head_of, spline
from fer_utils.studio.canvas import fill
from fer_utils.studio.expressions import as_array
from fer_utils.studio.identity import Identity
from fer_utils.studio.pose import Pose, landmarks_of
from fer_utils.studio.props import OCCLUSIONS

#: Smallest side of a picture, in pixels: below it eyes are a pixel or two.
SMALLEST = 48
LARGEST = 2160


@dataclass(frozen=True)
class Light:
    """One lamp and the light of the room.

    ``azimuth`` degrees towards the viewer's right, ``elevation`` degrees up,
    ``strength`` of the lamp, ``ambient`` of the room (their sum is about 1),
    ``warmth`` -1 (blue) to 1 (yellow), ``exposure`` factor on the whole picture.
    """

    azimuth: float = -22.0
    elevation: float = 30.0
    strength: float = 0.66
    ambient: float = 0.46
    warmth: float = 0.0
    exposure: float = 1.0


#: The lights that a film can have, by their names; the first is the default.
LIGHTS: Mapping[str, Light] = MappingProxyType(
    {
        "studio": Light(),
        "left": Light(azimuth=-62.0, elevation=18.0, strength=0.92, ambient=0.22),
        "right": Light(azimuth=62.0, elevation=18.0, strength=0.92, ambient=0.22),
        "top": Light(azimuth=0.0, elevation=66.0, strength=0.86, ambient=0.30),
        "flat": Light(azimuth=0.0, elevation=10.0, strength=0.45, ambient=0.62),
        "dim": Light(exposure=0.62, warmth=0.3),
    }
)
#: Where the head sits in the square: its centre's height, and pixels per head unit, as shares of the side.
_CENTRE_Y, _SCALE = 0.470, 0.318


@stage("studio")
def draw(
    identity: Identity,
    action_units: Mapping[int | str, float] | None = None,
    *,
    size: int | tuple[int, int] = 256,
    yaw: float = 0.0,
    pitch: float = 0.0,
    roll: float = 0.0,
    gaze: tuple[float, float] = (0.0, 0.0),
    light: str | Light = "studio",
    background: tuple[int, int, int] = (172, 180, 186),
    shift: tuple[float, float] = (0.0, 0.0),
    zoom: float = 1.0,
    occlusion: str | None = None,
    markers: bool = False,
    truth: bool = False,
):
    """Draw a person.

    Parameters
    ----------
    identity : from ``person(seed)``.
    action_units : intensities 0..1 by FACS number, ``{12: 1.0, 6: 0.8}``; one side
        alone as ``"L12"`` or ``"R12"``, the person's own left or right.
    size : pixels of the square picture, 48 to 2160; or (width, height).
    yaw, pitch, roll : degrees. Yaw to the viewer's right (-60..60), pitch nose up
        (-30..30), roll clockwise as seen (-45..45).  MEAD's seven views (yaw 30 and
        60 to each side, pitch about 20 up and down) can be drawn.  To 35 degrees
        of yaw and 15 of pitch the drawing holds well.  At 60 the profile of nose,
        lips and chin is drawn and what lies beyond the horizon of the head is
        moved onto it (as are its landmarks); the far eye is then a sliver, glasses
        stand off the face, and shoulders stay frontal.  Beyond 15 of pitch the nose
        keeps too flat a tip from above and below.
    gaze : where the eyes look, right and down, each -1..1.
    light : a name of ``LIGHTS`` or a ``Light``.
    background : RGB of the wall behind.
    shift : moves the head right and down, as shares of the side.
    zoom : factor on the head's size, 0.5..1.5.
    occlusion : what stands before the face: None, or one of ``OCCLUSIONS``: "hand"
        (over mouth and cheek), "mask" (surgical), "glasses" (dark ones).  The
        landmarks are those of the face behind.
    markers : small blue dots on the skin, as SAVEE's speakers wore them.
    truth : also return the landmarks.

    Returns
    -------
    (size, size, 3) uint8 RGB; with ``truth=True`` a pair of it and (68, 2)
    float64, the iBUG-68 landmarks as (x, y) in pixels.  Equal arguments give
    equal bytes.

    >>> draw(person(1), {12: 1.0, 6: 0.8}).shape          # doctest: +SKIP
    (256, 256, 3)
    """
    ready = check(
        identity,
        action_units,
        size=size,
        yaw=yaw,
        pitch=pitch,
        roll=roll,
        gaze=gaze,
        light=light,
        background=background,
        shift=shift,
        zoom=zoom,
        occlusion=occlusion,
        markers=markers,
    )
    picture, marks = paint(*ready)
    return (picture, marks) if truth else picture


def check(
    identity,
    action_units=None,
    *,
    size=256,
    yaw=0.0,
    pitch=0.0,
    roll=0.0,
    gaze=(0.0, 0.0),
    light="studio",
    background=(172, 180, 186),
    shift=(0.0, 0.0),
    zoom=1.0,
    occlusion=None,
    markers=False,
) -> tuple:
    """The arguments of ``draw``, checked, as those of ``paint``."""
    if not isinstance(identity, Identity):
        raise invalid(
            "identity", expected="an Identity", received=identity, remedy="Make one with studio.person(seed)."
        )
    au = as_array(action_units)
    width, height = checked_size(size)
    for name, value, most in (("yaw", yaw, 60), ("pitch", pitch, 30), ("roll", roll, 45)):
        if isinstance(value, bool) or not isinstance(value, numbers.Real) or not abs(float(value)) <= most:
            raise invalid(name, expected=f"degrees from -{most} to {most}", received=value)
    if isinstance(light, str) and light in LIGHTS:
        light = LIGHTS[light]
    if not isinstance(light, Light):
        raise invalid("light", expected=f"one of {', '.join(LIGHTS)}, or a studio.Light", received=light)
    if not (isinstance(zoom, numbers.Real) and 0.5 <= zoom <= 1.5):
        raise invalid("zoom", expected="a number from 0.5 to 1.5", received=zoom)
    if not (len(gaze) == 2 and all(-1 <= g <= 1 for g in gaze)):
        raise invalid("gaze", expected="(right, down), each from -1 to 1", received=gaze)
    if not (isinstance(background, (tuple, list)) and len(background) == 3 and all(0 <= c <= 255 for c in background)):
        raise invalid("background", expected="(red, green, blue), each from 0 to 255", received=background)
    if not (isinstance(shift, (tuple, list)) and len(shift) == 2 and all(abs(v) <= 0.5 for v in shift)):
        raise invalid("shift", expected="(right, down) as shares of the side, each from -0.5 to 0.5", received=shift)
    if occlusion is not None and not (isinstance(occlusion, str) and occlusion in OCCLUSIONS):
        raise invalid("occlusion", expected=f"None, or one of {', '.join(OCCLUSIONS)}", received=occlusion)
    if not isinstance(markers, (bool, np.bool_)):
        raise invalid("markers", expected="True or False", received=markers)
    return (
        identity,
        au,
        width,
        height,
        (float(yaw), float(pitch), float(roll)),
        (float(gaze[0]), float(gaze[1])),
        light,
        tuple(background),
        (float(shift[0]), float(shift[1])),
        float(zoom),
        occlusion,
        bool(markers),
    )


def checked_size(size) -> tuple[int, int]:
    pair = size if isinstance(size, (tuple, list)) else (size, size)
    good = len(pair) == 2 and all(
        isinstance(v, numbers.Integral) and not isinstance(v, bool) and SMALLEST <= v <= LARGEST for v in pair
    )
    if not good:
        raise invalid(
            "size", expected=f"pixels from {SMALLEST} to {LARGEST}, or a pair (width, height) of them", received=size
        )
    return int(pair[0]), int(pair[1])


def paint(
    identity: Identity,
    au: np.ndarray,
    width: int,
    height: int,
    angles,
    gaze,
    light: Light,
    background,
    shift,
    zoom: float,
    occlusion: str | None = None,
    markers: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """``draw`` without the checks: ``au`` is (2, 22)."""
    cv2 = opencv("drawing")
    side = min(width, height)
    unit = _SCALE * side * zoom
    head = head_of(identity)
    face = face_of(identity, au)
    centre = (width / 2 - 0.5 + shift[0] * side, _CENTRE_Y * height + shift[1] * side)
    pose = Pose(head, face.drop, *angles, unit, centre)
    marks = landmarks_of(face, pose)
    bright = light.ambient + light.strength * 0.86
    wall = tuple(float(c) for c in background)
    aside = 0
    if abs(pose.sy) > _TURNED:
        # The neck stands under the back of the head, which a turn brings to the side.
        aside = round(-0.36 * unit * (pose.sy - math.copysign(_TURNED, pose.sy)))
    whole = not aside and not hair.hangs(identity)
    if whole:
        canvas = _set(identity, width, height, wall, light, float(zoom)).copy()
    else:
        canvas = _stage(width, height, wall, light).copy()
    scene = features.Scene(canvas, identity, face, pose, au, marks, unit, bright, gaze)
    features.place(scene)

    hair.behind(scene)
    if not whole:
        body, weight, top = _body(identity, width, height, light, float(zoom))
        if aside:
            columns = np.clip(np.arange(width) - aside, 0, width - 1)
            body, weight = body[:, columns], weight[:, columns]
        canvas[top:] = cv2.blendLinear(body, canvas[top:], weight, 1.0 - weight)
    features.ears(scene, near=False)
    shading.skin(scene, light)
    features.ears(scene, near=True)
    features.nose(scene)
    features.eyes(scene)
    mouth.mouth(scene)
    features.brows(scene)
    if markers:
        props.markers(scene)
    if occlusion == "mask":
        props.mask(scene)
    hair.front(scene)
    if occlusion == "glasses":
        props.dark_glasses(scene)
    else:
        features.glasses(scene)
    if occlusion == "hand":
        props.hand(scene)
    if light.exposure != 1.0 or light.warmth:
        canvas = cv2.LUT(canvas, _finish(light.exposure, light.warmth))
    return canvas, marks


#: The sine of the yaw from which the neck gives way.
_TURNED = 0.20


@lru_cache(maxsize=64)
def _finish(exposure: float, warmth: float) -> np.ndarray:
    value = np.arange(256, dtype=np.float64)
    gains = (exposure * (1 + 0.07 * warmth), exposure, exposure * (1 - 0.10 * warmth))
    return np.clip(np.stack([value * g for g in gains], axis=-1), 0, 255).astype(np.uint8)[None]


@lru_cache(maxsize=12)
def _stage(width: int, height: int, background, light: Light) -> np.ndarray:
    """The wall: lighter on the lamp's side."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = x / width - 0.5, y / height - 0.45
    glow = 1.04 - 0.55 * (x * x + 0.8 * y * y) + 0.10 * x * math.sin(math.radians(light.azimuth))
    wall = np.asarray(background, np.float32) * (glow * (0.60 + 0.40 * (light.ambient + light.strength)))[..., None]
    wall = np.clip(wall, 0, 255).astype(np.uint8)
    wall.setflags(write=False)
    return wall


@lru_cache(maxsize=12)
def _set(identity: Identity, width: int, height: int, background, light: Light, zoom: float) -> np.ndarray:
    """Wall and body together: what most pictures of a clip share."""
    cv2 = opencv()
    canvas = _stage(width, height, background, light).copy()
    body, weight, top = _body(identity, width, height, light, zoom)
    canvas[top:] = cv2.blendLinear(body, canvas[top:], weight, 1.0 - weight)
    canvas.setflags(write=False)
    return canvas


@lru_cache(maxsize=12)
def _body(identity: Identity, width: int, height: int, light: Light, zoom: float):
    """Neck, shoulders and clothes: (rows, width, 3) uint8, how much they cover (0..1), and their first row."""
    cv2 = opencv()
    i = identity
    side = min(width, height)
    unit = _SCALE * side * zoom
    cx, cy = width / 2 - 0.5, _CENTRE_Y * height
    bright = light.ambient + light.strength * 0.86
    picture = np.zeros((height, width, 3), np.uint8)
    mask = np.zeros((height, width), np.uint8)

    def at(points):
        return np.asarray(points, float) * unit + (cx, cy)

    n, chin = i.neck * 1.13, i.chin - 0.03
    wide = 1.50 if i.presentation == "male" else 1.22
    half = [
        (n, 0.16),
        (n * 0.98, chin),
        (n * 1.05, chin + 0.15),
        (n * 1.38, chin + 0.29),
        (wide * 0.74, chin + 0.42),
        (wide, chin + 0.60),
        (wide * 1.08, chin + 1.4),
    ]
    right = spline(np.array(half), 6)
    left = right * (-1, 1)
    whole = at(np.concatenate([left, right[::-1]]))
    fill(mask, whole, 255)
    fill(picture, whole, tuple(c * bright for c in i.skin))
    # Neck: the head's shadow falls on it, and the muscles show.
    shadow = np.zeros((height, width), np.float32)
    azimuth = math.sin(math.radians(light.azimuth))
    points = at(
        [
            (-n * 1.3, 0.3),
            (n * 1.3, 0.3),
            (n * 1.2 - 0.2 * azimuth, chin + 0.02),
            (-0.1 * azimuth, chin + 0.22),
            (-n * 1.2 - 0.2 * azimuth, chin + 0.02),
        ]
    )
    fill(shadow, points, 1.0)
    shadow = cv2.GaussianBlur(shadow, (0, 0), 0.055 * unit) * 0.42
    for sign in (-1, 1):
        line = np.zeros_like(shadow)
        band = at(
            [(sign * n * 1.02, 0.9), (sign * n * 0.80, 0.9), (sign * 0.13, chin + 0.42), (sign * 0.19, chin + 0.42)]
        )
        fill(line, band, 1.0)
        shadow += cv2.GaussianBlur(line, (0, 0), 0.06 * unit) * (0.16 if sign * azimuth > 0 else 0.26)
    factor = np.stack([1 - shadow * 0.80, 1 - shadow, 1 - shadow * 1.06], axis=-1)
    picture = np.clip(picture * factor, 0, 255).astype(np.uint8)
    # Clothes with a neckline.
    deep = 0.62 if i.presentation == "female" else 0.44
    neckline = spline(
        np.array(
            [
                (-n * 1.42, chin + 0.27),
                (-n * 0.85, chin + 0.30 + deep * 0.22),
                (0, chin + 0.31 + deep * 0.36),
                (n * 0.85, chin + 0.30 + deep * 0.22),
                (n * 1.42, chin + 0.27),
            ]
        ),
        6,
    )
    cloth = np.concatenate([neckline, right[right[:, 1] > chin + 0.29], left[left[:, 1] > chin + 0.29][::-1]])
    tone = tuple(c * bright for c in i.clothes)
    fill(picture, at(cloth), tone)
    edge = at(neckline)
    cv2.polylines(
        picture,
        [np.rint(edge * 16).astype(np.int32)],
        False,
        tuple(c * 0.72 for c in tone),
        max(1, int(0.035 * unit)),
        cv2.LINE_AA,
        4,
    )
    soft = cv2.GaussianBlur((picture * 1.0).astype(np.float32), (0, 0), 0.6)
    picture = np.clip(soft, 0, 255).astype(np.uint8)
    top = int(max(0, cy + 0.16 * unit))
    picture, mask = picture[top:].copy(), mask[top:].astype(np.float32) * np.float32(1 / 255)
    picture.setflags(write=False)
    mask.setflags(write=False)
    return picture, mask, top
