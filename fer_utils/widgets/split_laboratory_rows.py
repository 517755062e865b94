"""The rows of the *Split laboratory*: landmark distances that the package found in frames of 24 drawn actors.

The frames are those of the book's stand-in for RAVDESS at tier ``class``, with twins: 24 drawn actors, 20 performances
each, every performance in two files (``02-…`` as filmed, ``01-…`` encoded once more).  Of the six frames of a file
that a chapter uses, the three of `FRAMES` are kept.  dlib's detector finds the face, the package's own landmark
predictor, which has learned from other drawn people, finds 68 points, and `fer_utils.models.distances` makes distances
of them, in units of the distance between the outer corners of the eyes.  Nothing of the drawn truth is used but the
posed-expression label.

``python tests/widgets/store_split_rows.py`` finds them anew, in some five minutes the first time.
"""

from __future__ import annotations

import base64
from functools import cache
import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd

from fer_utils.core import stages
from fer_utils.core.labels import RAVDESS
from fer_utils.core.stages import mark
from fer_utils.datasets import ravdess
from fer_utils.faces.faceset import FaceSet
from fer_utils.models.distances import distances

#: Which of the six frames of a file are kept, counted from 0: those in which the expression stands.
FRAMES = (2, 3, 4)
#: The distances, by the numbers of iBUG's points that they lie between.
PAIRS: dict[str, tuple[tuple[int, int], ...]] = {
    "brow to eye": ((17, 36), (19, 37), (21, 39), (22, 42), (24, 44), (26, 45)),
    "brow to brow, brow to nose": ((21, 22), (21, 27), (22, 27)),
    "length of a brow": ((17, 21), (22, 26)),
    "opening of an eye": ((37, 41), (38, 40), (43, 47), (44, 46)),
    "width of an eye, eye to eye": ((36, 39), (42, 45), (39, 42)),
    "nose": ((31, 35), (27, 33), (33, 51)),
    "width of the mouth": ((48, 54),),
    "height of the mouth, and of its opening": ((51, 57), (61, 67), (62, 66), (63, 65)),
    "thickness of a lip": ((51, 62), (57, 66)),
    "corner of the mouth to eye, nose and lower lip": ((36, 48), (45, 54), (31, 48), (35, 54), (48, 57), (54, 57)),
    "chin to lip and nose": ((8, 57), (8, 33)),
}
#: The stages that the rows have passed.
STAGES = ("studio", "stand_ins", "faces", "landmark_predictor", "model.distances")
FILE = Path(__file__).with_name("split_laboratory_rows.json")


def features_of(landmarks: np.ndarray) -> np.ndarray:
    """The distances of `PAIRS` for landmarks of shape (N, 68, 2): (N, 36) float32."""
    first, second = np.triu_indices(68, 1)
    place = {pair: number for number, pair in enumerate(zip(first.tolist(), second.tolist(), strict=True))}
    return distances(landmarks)[:, [place[pair] for pairs in PAIRS.values() for pair in pairs]]


def as_bytes(features: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Features in 256 equal steps from ``low`` to ``high`` of each column: (N, 36) uint8."""
    return np.clip(np.rint((features - low) / (high - low) * 255), 0, 255).astype(np.uint8)


def chosen_rows(made: FaceSet) -> np.ndarray:
    """The positions of the rows of a face set that are kept: actor by actor, performance by performance, file by file.

    The face set has six frames of every file, and landmarks.
    """
    meta = made.meta
    kept = meta[meta["frame"].isin(FRAMES)]
    return kept.sort_values(["actor", "performance", "clip", "frame"]).index.to_numpy()


def found(made: FaceSet, predictor: str) -> dict:
    """What is stored: rows in bytes, their range, the files' names, and what they were made with.

    ``predictor`` is the SHA-256 of the landmark predictor's file.
    """
    rows = chosen_rows(made)
    assert made.landmarks is not None  # the face set was asked for them
    features = features_of(np.asarray(made.landmarks)[rows])
    low, high = features.min(axis=0).round(4), features.max(axis=0).round(4)
    packed = gzip.compress(as_bytes(features, low, high).tobytes(), 9, mtime=0)
    names = made.meta["clip"].iloc[rows[:: len(FRAMES)]]
    return {
        "stages": stages.versions(STAGES),
        "predictor": predictor,
        "low": [round(float(value), 4) for value in low],
        "high": [round(float(value), 4) for value in high],
        "files": [Path(name).stem for name in names],
        "rows": base64.b64encode(packed).decode(),
    }


@cache
def _stored() -> dict:
    mark(*STAGES)
    return json.loads(FILE.read_text(encoding="utf8"))


def files() -> list[str]:
    """Names of the 960 files, such as ``01-01-01-01-01-01-01``; each has ``len(FRAMES)`` rows, one after the other."""
    return list(_stored()["files"])


def ranges() -> tuple[np.ndarray, np.ndarray]:
    """The distances that byte 0 and byte 255 stand for, each (36,)."""
    return np.array(_stored()["low"]), np.array(_stored()["high"])


def rows() -> np.ndarray:
    """All rows in bytes, (2880, 36) uint8."""
    packed = gzip.decompress(base64.b64decode(_stored()["rows"]))
    return np.frombuffer(packed, np.uint8).reshape(len(_stored()["files"]) * len(FRAMES), -1)


def meta(twins: bool = True) -> pd.DataFrame:
    """One line a row, as `fer_utils.splits` takes it.

    ``dataset``, ``clip``, ``actor``, ``expression``, ``performance``, ``modality`` and ``frame``.  Without twins the
    ``01-…`` files are left out; the index still says which of `rows` it is.
    """
    lines = []
    for name in files():
        told = ravdess.parse(f"{name}.mp4")
        kept = {column: told[column] for column in ("dataset", "actor", "expression", "performance")}
        clip = f"Actor_{told['actor']}/{name}.mp4"
        lines += [{"clip": clip, **kept, "modality": told["modality"], "frame": frame} for frame in FRAMES]
    table = pd.DataFrame(lines)
    return table if twins else table[table["modality"] == "video-only"]


#: The labels, in RAVDESS' order.
LABELS = RAVDESS
