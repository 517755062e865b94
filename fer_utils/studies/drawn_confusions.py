"""Drawn strangers under the package's trained network: what it answers, and where it looked.

    python -m fer_utils.studies.drawn_confusions    # some two minutes; makes the two files beside this module anew

`drawn48` was asked about people whom it did not learn from.  Beside each face lie its probabilities and an occlusion
map: how much of a label's probability is lost where a square of the face is covered.  The widget *Confusions* shows
them.
"""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from fer_utils import explain
from fer_utils.core import stages
from fer_utils.core.paths import write_atomic
from fer_utils.inference.networks import ExportedNetwork
from fer_utils.models import pretrained_networks
from fer_utils.synthetic.photographs import Crop, crop_faces
from fer_utils.synthetic.posed_prototypes import LABELS
from fer_utils.synthetic.random_faces import draw_faces

#: The people: nobody is in two seeds, and no training of `drawn48` drew from this one.
PEOPLE, SEED = 36, 4242
#: Side of a face in pixels; faces in a row of the sheet.
SIDE, COLUMNS = 48, 21
#: Side of the covered square, and its step, in pixels.
PATCH, STRIDE = 12, 4
#: Side of a stored map: each value is the mean of a block of 4 x 4 pixels.
GRID = SIDE // STRIDE
#: A map's values are stored as whole numbers, this many to a probability of 1.
UNIT = 127
#: The sheet, and all else.
SHEET, FILE = (Path(__file__).with_name(f"drawn_confusions.{kind}") for kind in ("webp", "json"))
_QUALITY = 55
#: The stages that the faces and maps pass.
STAGES = ("explain", "random_faces", "studio")


def faces() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The faces (N, SIDE, SIDE) uint8, their labels (N,) and people (N,): person by person, label by label."""
    drawn = draw_faces(PEOPLE, seed=SEED, progress=False)
    return crop_faces(drawn.images, size=SIDE, where=Crop(jitter=0.3), seed=SEED), drawn.labels, drawn.people


def asked(pictures: np.ndarray) -> np.ndarray:
    """The probabilities (N, 7) that `drawn48` gives to pictures (N, SIDE, SIDE)."""
    network = ExportedNetwork(str(pretrained_networks.find().checked()))
    return explain.ask(network, pictures[..., None].astype(np.float32))


def maps(pictures: np.ndarray, labels: np.ndarray, *, progress: bool = False) -> np.ndarray:
    """What speaks for these labels, (N, GRID, GRID) int8: `UNIT` times the probability that is lost by covering."""
    network = ExportedNetwork(str(pretrained_networks.find().checked()))
    lost = explain.occlusion(network, pictures[..., None], labels, patch=PATCH, stride=STRIDE, progress=progress)
    blocks = lost.reshape(len(lost), GRID, STRIDE, GRID, STRIDE).mean(axis=(2, 4))
    return np.clip(np.round(UNIT * blocks), -UNIT, UNIT).astype(np.int8)


def made(*, progress: bool = False) -> tuple[bytes, dict[str, Any]]:
    """The sheet as WebP, and what `stored` returns, in the form that JSON holds."""
    from PIL import Image

    pictures, labels, people = faces()
    probabilities = asked(pictures)
    said = probabilities.argmax(axis=1)
    rows = -(-len(pictures) // COLUMNS)
    sheet = np.zeros((rows * COLUMNS, SIDE, SIDE), np.uint8)
    sheet[: len(pictures)] = pictures
    sheet = sheet.reshape(rows, COLUMNS, SIDE, SIDE).swapaxes(1, 2).reshape(rows * SIDE, COLUMNS * SIDE)
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "WEBP", quality=_QUALITY, method=6)
    wrong = np.flatnonzero(said != labels)
    both = np.concatenate(
        [
            maps(pictures, said, progress=progress),
            maps(pictures[wrong], labels[wrong], progress=progress),
        ]
    )
    about = {
        "network": "drawn48",
        "sha256": pretrained_networks.card()["files"]["float32"]["sha256"],
        "stages": stages.versions(STAGES),
        "names": list(LABELS),
        "labels": labels.tolist(),
        "people": people.tolist(),
        "probabilities": np.round(probabilities.astype(float), 3).tolist(),
        "maps": base64.b64encode(both.tobytes()).decode(),
    }
    return buffer.getvalue(), about


def stored() -> dict[str, Any]:
    """What was found out about the faces.

    Returns
    -------
    dict: ``network`` and ``sha256`` of its file; ``stages``; ``names`` of the labels; for each face, person by person,
    ``labels`` (posed, numbers), ``people`` and ``probabilities``; and ``maps``, base64 of int8: the map of each face
    for the label that was answered, and then, for each face with a wrong answer, that for the posed label
    (see `maps`).
    """
    return json.loads(FILE.read_text(encoding="utf8"))


def matrix() -> np.ndarray:
    """The stored faces counted, (7, 7) int: a row for each posed label, a column for each answer."""
    about = stored()
    counts = np.zeros((len(about["names"]), len(about["names"])), int)
    np.add.at(counts, (about["labels"], np.argmax(about["probabilities"], axis=1)), 1)
    return counts


def main() -> None:
    """Make both files anew."""
    sheet, about = made(progress=True)
    write_atomic(SHEET, sheet)
    write_atomic(FILE, (json.dumps(about) + "\n").encode())
    print(f"{SHEET}: {len(sheet):,} bytes\n{FILE}: {FILE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
