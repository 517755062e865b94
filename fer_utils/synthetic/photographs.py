"""Drawn faces made more like photographs: cropped as a detector would, and worn as pictures are worn.

Nothing here looks at a real picture.  The limits are our own choice; where a change makes a face hard to read for a
person, it is rare.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.optional_packages import opencv
from fer_utils.core.stages import stage
from fer_utils.synthetic.random_faces import SIDE

#: The square that a detector's box would be, in pixels of a drawing of `random_faces`: its side, and its centre.  Set
#: by eye, so that eyes and mouth stand where they stand in CK+48.
BOX_SIDE, BOX_CENTRE = 82.0, (48.0, 53.7)
#: Pictures that are worked on between two reports.
_CHUNK = 500


@dataclass(frozen=True)
class Crop:
    """Where a face is cut out: the box of `BOX_SIDE` made ``scale`` times as large and moved by ``down`` of its side.

    ``jitter`` 0 cuts every face alike; at 1 boxes differ as a detector's do: normal, spread of the size 6 %, of the
    place 3.5 % of the side, of a turn 3 degrees, and half of the faces are mirrored.
    """

    scale: float = 1.0
    down: float = 0.0
    jitter: float = 1.0


@stage("random_faces")
def crop_faces(images: np.ndarray, *, size: int = 48, where: Crop | None = None, seed: int = 0) -> np.ndarray:
    """Cut the faces out of drawings of `fer_utils.synthetic.random_faces`.

    Parameters
    ----------
    images : (N, SIDE, SIDE) uint8.
    size : side of the result in pixels, 16 or more.
    where : how they are cut; None for ``Crop()``.
    seed : of the jitter.

    Returns
    -------
    (N, size, size) uint8; beyond a drawing's edge the edge is repeated.
    """
    if not isinstance(images, np.ndarray) or images.ndim != 3 or images.shape[1:] != (SIDE, SIDE):
        raise invalid("images", expected=f"(N, {SIDE}, {SIDE}) uint8", received=images)
    size, where, cv2 = whole_number("size", size, 16), where or Crop(), opencv()
    rng = np.random.default_rng([1, seed])
    made = np.empty((len(images), size, size), np.uint8)
    for number, image in enumerate(images):
        larger, right, down, turn, mirrored = rng.normal(size=5) * where.jitter
        side = BOX_SIDE * where.scale * np.exp(0.06 * larger)
        centre = (
            BOX_CENTRE[0] + 0.035 * right * BOX_SIDE,
            BOX_CENTRE[1] + (0.035 * down + where.down) * BOX_SIDE,
        )
        transform = cv2.getRotationMatrix2D(centre, 3.0 * turn, size / side)
        transform[:, 2] += size / 2 - 0.5 - np.array(centre)
        # Smoothed before it is shrunk, so that nothing is skipped.
        smooth = cv2.GaussianBlur(image, (0, 0), 0.35 * side / size) if side > size else image
        made[number] = cv2.warpAffine(
            smooth, transform, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        if mirrored > 0:
            made[number] = made[number, :, ::-1]
    return made


@stage("random_faces")
def photographed(images: np.ndarray, *, strength: float = 1.0, seed: int = 0, progress: bool = False) -> np.ndarray:
    """Wear faces as photographs are worn: each change by chance, each by another amount.

    Blur, light that falls off to one side, gamma, contrast and brightness, the camera's noise, a lower resolution,
    JPEG, and a grey patch that hides something.

    Parameters
    ----------
    images : (N, S, S) uint8, S of 32 or more; not changed.
    strength : factor on how far the changes go, 0 to 1.5; 0 gives the images back.
    seed : of all that is drawn.
    progress : a bar on standard error.

    Returns
    -------
    (N, S, S) uint8, a new array.
    """
    if not isinstance(images, np.ndarray) or images.ndim != 3 or images.dtype != np.uint8 or images.shape[1] < 32:
        raise invalid("images", expected="(N, S, S) uint8, S of 32 or more", received=images)
    if isinstance(strength, bool) or not isinstance(strength, (int, float)) or not 0 <= strength <= 1.5:
        raise invalid("strength", expected="a number from 0 to 1.5", received=strength)
    rng = np.random.default_rng([2, seed])
    made = images.copy()
    if strength == 0:
        return made
    with tqdm(total=len(images), desc="changing pictures", unit="picture", disable=not progress) as bar:
        for number, image in enumerate(images):
            made[number] = _worn(image, strength, rng)
            if number % _CHUNK == _CHUNK - 1:
                bar.update(_CHUNK)
    return made


def _worn(image: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    cv2 = opencv()
    side = len(image)
    value = image.astype(np.float32)
    if rng.random() < 0.6:
        value = cv2.GaussianBlur(value, (0, 0), rng.uniform(0.3, 0.3 + 0.9 * strength) * side / 48)
    if rng.random() < 0.5:
        angle, fall = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.5 * strength)
        along = np.linspace(-1, 1, side, dtype=np.float32)
        value = value * (1 + fall * (np.cos(angle) * along[None, :] + np.sin(angle) * along[:, None]))
    value = (np.clip(value, 0, 255) / 255) ** np.exp(rng.normal(0, 0.3 * strength))
    contrast, brighter = np.exp(rng.normal(0.1, 0.25 * strength)), rng.normal(0, 0.08 * strength)
    value = 255 * ((value - 0.5) * contrast + 0.5 + brighter)
    value = value + rng.normal(0, rng.uniform(0, 9 * strength), value.shape)
    worn = np.clip(value, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        fewer = int(rng.integers(side // 2, side))
        small = cv2.resize(worn, (fewer, fewer), interpolation=cv2.INTER_AREA)
        worn = cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))]
        worn = cv2.imdecode(cv2.imencode(".jpg", worn, quality)[1], cv2.IMREAD_GRAYSCALE)
    if rng.random() < 0.15 * strength:
        width, height = rng.integers(side // 12, side // 3, 2)
        x, y = rng.integers(0, side - width), rng.integers(0, side - height)
        worn[y : y + height, x : x + width] = rng.integers(0, 256)
    return worn
