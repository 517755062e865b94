"""Drawn strangers whom `drawn48` did not learn from, in one stored picture: 20 people with all seven labels.

``python tests/helpers/strangers_picture.py`` draws them anew.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from fer_utils.synthetic.photographs import crop_faces
from fer_utils.synthetic.posed_prototypes import LABELS
from fer_utils.synthetic.random_faces import draw_faces

#: How many people there are, and their seed; the network learned from people of another one.
PEOPLE, SEED = 20, 12
#: Side of a face in pixels, and faces in a row of the picture: two people.
SIDE, COLUMNS = 48, 2 * len(LABELS)
#: WebP's quality, 0..100: of 140 answers 139 are as without any loss.
QUALITY = 95
FILE = Path(__file__).with_name("drawn_strangers.webp")


def drawn(progress: bool = False) -> np.ndarray:
    """The faces without any loss, (140, SIDE, SIDE) uint8: person by person, label by label."""
    return crop_faces(draw_faces(PEOPLE, seed=SEED, progress=progress).images, size=SIDE, seed=SEED)


def as_picture(faces: np.ndarray) -> bytes:
    """Faces as one WebP file, `COLUMNS` in a row."""
    from PIL import Image

    rows = len(faces) // COLUMNS
    sheet = faces.reshape(rows, COLUMNS, SIDE, SIDE).swapaxes(1, 2).reshape(rows * SIDE, COLUMNS * SIDE)
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "WEBP", quality=QUALITY, method=6)
    return buffer.getvalue()


def faces() -> np.ndarray:
    """The faces of the stored picture, (140, SIDE, SIDE) uint8: person by person, label by label."""
    from PIL import Image

    sheet = np.asarray(Image.open(FILE).convert("RGB"))[..., 0]  # as the page reads them
    rows = sheet.shape[0] // SIDE
    return sheet.reshape(rows, SIDE, COLUMNS, SIDE).swapaxes(1, 2).reshape(-1, SIDE, SIDE)


def labels() -> np.ndarray:
    """The label that each face poses, (140,): a number of `LABELS`."""
    return np.tile(np.arange(len(LABELS)), PEOPLE)
