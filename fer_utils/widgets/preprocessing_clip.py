"""The clip of *Preprocessing*: a drawn actor from rest to *surprised* and back, with the boxes of each detector.

``python tests/widgets/store_clip.py`` draws it and looks for the face anew.
"""

from __future__ import annotations

from functools import cache
import io
import json
from pathlib import Path
import tempfile

import numpy as np

from fer_utils import studio
from fer_utils.faces import Box, read_frames, sample_indices
from fer_utils.faces.detectors import create

#: Who acts, in RAVDESS's code; how many of the actor's clips are rehearsed, and what is posed.
ACTOR, CLIPS, POSED = "24", 20, "surprised"
#: Frames of the clip, and a frame's width and height in pixels.
FRAMES, WIDTH, HEIGHT = 16, 320, 240
#: The actor stands a little to the right, and so far away that dlib's box is now of one size and now of the next.
ZOOM, SHIFT = 0.9, (0.1, 0.02)
#: Frames in a row of the stored picture, and WebP's quality, 0..100.
COLUMNS, QUALITY = 4, 90
#: How many frames are chosen of the clip: the paper's number.
CHOSEN = 6
#: Where boxes come from: three detectors of the package, and the drawn landmarks.
DETECTORS: tuple[str, ...] = ("dlib", "haar", "landmarks", "whole")

FILE = Path(__file__).with_name("preprocessing_clip.webp")
FACTS = FILE.with_suffix(".json")


def drawn(numbers: range | list[int] = range(FRAMES)) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frames of the clip as they are drawn.

    Returns
    -------
    (frames, landmarks, strength): (N, HEIGHT, WIDTH, 3) uint8; (N, 68, 2) in pixels; (N,), the strength of the
    expression from 0 (at rest) to 1.
    """
    rehearsal = studio.rehearse("ravdess", actors=[ACTOR], clips_per_actor=CLIPS, frames=FRAMES)
    clips = rehearsal.clips
    clip = clips[(clips["expression"] == POSED) & (clips["intensity"] == 2)].iloc[0]
    act = rehearsal.frames(clip["clip"])
    actor = studio.person(int(clip["identity_seed"]), presentation=clip["sex"])
    pictures, landmarks = [], []
    for number in numbers:
        right, left = act["action_units"][number]  # rows: the person's right and left side
        units = {}
        for column, unit in enumerate(studio.ACTION_UNITS):
            units[unit] = float(right[column])
            if right[column] != left[column]:
                units[f"L{unit}"] = float(left[column])
        yaw, pitch, roll = map(float, act["pose"][number])
        picture, points = studio.draw(
            actor,
            units,
            size=(WIDTH, HEIGHT),
            yaw=yaw,
            pitch=pitch,
            roll=roll,
            gaze=tuple(map(float, act["gaze"][number])),
            zoom=ZOOM,
            shift=SHIFT,
            truth=True,
        )
        pictures.append(picture)
        landmarks.append(points)
    return np.array(pictures), np.array(landmarks), np.asarray(act["apex"], float)[list(numbers)]


def as_picture(pictures: np.ndarray) -> bytes:
    """Frames as one WebP file, `COLUMNS` in a row."""
    from PIL import Image

    rows = len(pictures) // COLUMNS
    sheet = pictures.reshape(rows, COLUMNS, HEIGHT, WIDTH, 3).swapaxes(1, 2)
    buffer = io.BytesIO()
    Image.fromarray(sheet.reshape(rows * HEIGHT, COLUMNS * WIDTH, 3)).save(buffer, "WEBP", quality=QUALITY, method=6)
    return buffer.getvalue()


@cache
def frames() -> np.ndarray:
    """The stored frames, (FRAMES, HEIGHT, WIDTH, 3) uint8 RGB; not to be written to."""
    from PIL import Image

    sheet = np.asarray(Image.open(FILE).convert("RGB"))
    rows = sheet.shape[0] // HEIGHT
    made = sheet.reshape(rows, HEIGHT, COLUMNS, WIDTH, 3).swapaxes(1, 2).reshape(-1, HEIGHT, WIDTH, 3)
    made.setflags(write=False)
    return made


@cache
def facts() -> dict:
    """What is stored about the frames.

    Returns
    -------
    dict: ``boxes``, of each name in `DETECTORS` a box ``[x, y, w, h]`` in pixels for each frame, None where no face is
    found; ``strength`` of the expression in each frame, 0 to 1; ``chosen``, the numbers of the frames that each way of
    ``fer_utils.faces.SAMPLINGS`` takes; and ``posed``, the label that the actor poses.
    """
    return json.loads(FACTS.read_text(encoding="utf8"))


def box_of(picture: np.ndarray, landmarks: np.ndarray, detector: str) -> list[int] | None:
    """The largest box that a detector finds, ``[x, y, w, h]`` in pixels, or None.

    Parameters
    ----------
    picture : (HEIGHT, WIDTH, 3) uint8.
    landmarks : (68, 2), the drawn points in pixels: the box of ``landmarks`` is the smallest that has them all.
    detector : one of `DETECTORS`.
    """
    if detector == "landmarks":
        left, top = np.floor(landmarks.min(axis=0) + 0.5).astype(int).tolist()
        right, bottom = np.floor(landmarks.max(axis=0) + 0.5).astype(int).tolist()
        return [left, top, right - left + 1, bottom - top + 1]
    found: list[Box] = create(detector).detect(picture)
    return [int(side) for side in found[0][:4]] if found else None


def chosen_frames(pictures: np.ndarray) -> dict[str, list[int]]:
    """Which frames each sampling takes; ``apex`` is looked for in a video, as `fer_utils.faces.read_frames` does it."""
    chosen = {how: sample_indices(len(pictures), CHOSEN, how) for how in ("even", "middle")}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "clip.mp4"
        with studio.writing.video(file, "ravdess", len(pictures) / 3, (WIDTH, HEIGHT)) as add:
            for picture in pictures:
                add(np.ascontiguousarray(picture[..., ::-1]))
        chosen["apex"] = [frame.index for frame in read_frames(file, CHOSEN, sampling="apex").frames]
    return {**chosen, "all": list(range(len(pictures)))}
