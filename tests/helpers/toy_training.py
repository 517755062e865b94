"""A face set that a small network learns in a few epochs, and an experiment on it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fer_utils.core.tables import CLIP_COLUMNS
from fer_utils.experiments import Data, Experiment, Model, Split
from fer_utils.faces import FaceSet
from fer_utils.training import Recipe

SIZE = 40


def toy_faces(path, *, actors=5, clips=6, frames=2, labels=("happy", "sad"), seed=0):
    """Blobs above or below the middle: a task that a small network learns in a few epochs."""
    rng = np.random.default_rng(seed)
    images, rows = [], []
    for actor in range(actors):
        for clip in range(clips):
            label = labels[clip % len(labels)]
            for frame in range(frames):
                picture = rng.integers(0, 60, (SIZE, SIZE, 1))
                top = 4 if label == labels[0] else 24
                picture[top : top + 12, 14:26] += 150 + 5 * actor
                images.append(picture)
                row = dict.fromkeys(CLIP_COLUMNS, "") | {
                    "path": f"/toy/{actor}-{clip}.mp4",
                    "dataset": "folder",
                    "clip": f"{actor}-{clip}",
                    "actor": f"{actor:02d}",
                    "expression": label,
                    "intensity": 1,
                    "repetition": 1,
                    "performance": f"folder/{actor}-{clip}",
                    "frame": frame,
                    "frame_index": frame,
                    "time_s": 0.0,
                    "box_x": 0,
                    "box_y": 0,
                    "box_w": SIZE,
                    "box_h": SIZE,
                    "faces_found": 1,
                    "detector": "none",
                    "score": 1.0,
                    "sharpness": 1.0,
                    "brightness": 1.0,
                }
                rows.append(row)
    return FaceSet.save(np.array(images, np.uint8), pd.DataFrame(rows), path)


def toy(faces, **changes):
    given = {
        "data": Data("folder", face_set=str(faces.path)),
        "split": Split("actor", 0.4),
        "model": Model.of("ding2023", filters=4),
        "recipe": Recipe(epochs=3, batch_size=8, learning_rate=2e-3),
        "seed": 1,
    }
    return Experiment(**(given | changes))
