"""The faces of one clip: read it, find the faces, cut them out, note what went wrong.

Runs in the calling process or in a worker; it writes nothing to disk.
"""

from __future__ import annotations

import io
import json
import os
from typing import Any, NamedTuple

import numpy as np

from fer_utils.core.errors import FerError
from fer_utils.core.stages import stage
from fer_utils.core.worker_pool import enter_worker
from fer_utils.faces.cropping import crop, points_in_crop, quality
from fer_utils.faces.detector_base import Box, Detector
from fer_utils.faces.detectors import cleaned
from fer_utils.faces.landmark_patches import POINTS
from fer_utils.faces.landmarks import Landmarks
from fer_utils.faces.video import Frame, Reading, each_frame


class Settings(NamedTuple):
    """How frames are chosen and a face is made; with ``sampling="all"`` ``frames`` is 0."""

    frames: int
    size: int
    margin: float
    sampling: str = "even"
    landmarks: Landmarks | None = None
    align: bool = False

    def config(self) -> dict[str, Any]:
        """What a face set's manifest says of them.

        A predictor is named by its file's SHA-256, and only where there is one.
        """
        said = {"frames": self.frames, "size": self.size, "margin": self.margin, "sampling": self.sampling}
        if self.landmarks is not None:
            said |= {"landmarks": self.landmarks.sha256, "align": bool(self.align)}
        return said


class Face(NamedTuple):
    """A crop, its quality, and its landmarks: (68, 2) float32 in pixels of the crop; None where none are wanted."""

    image: np.ndarray
    sharpness: float
    brightness: float
    landmarks: np.ndarray | None


class ClipResult(NamedTuple):
    """(n, size, size) uint8 faces, a row of ``FRAME_COLUMNS`` for each, and problems (stage, kind, problem, action).

    And (n, 68, 2) float32 landmarks, in pixels of the faces, where they are wanted.
    """

    images: np.ndarray
    rows: list[list[Any]]
    problems: list[list[str]]
    landmarks: np.ndarray | None = None

    def to_bytes(self) -> bytes:
        record = json.dumps([self.rows, self.problems]).encode()
        more = {} if self.landmarks is None else {"landmarks": self.landmarks}
        buffer = io.BytesIO()
        np.savez(buffer, images=self.images, record=np.frombuffer(record, np.uint8), **more)
        return buffer.getvalue()

    @classmethod
    def from_file(cls, path: str | os.PathLike) -> ClipResult:
        with np.load(path, allow_pickle=False) as file:
            rows, problems = json.loads(file["record"].tobytes())
            return cls(file["images"], rows, problems, file["landmarks"] if "landmarks" in file else None)


def nothing(size: int, *problem: str) -> ClipResult:
    """The result of a clip without a face, for one reason."""
    return ClipResult(np.zeros((0, size, size), np.uint8), [], [list(problem)])


@stage("faces")
def faces_of_frame(frame: Frame, boxes: list[Box], settings: Settings) -> list[Face]:
    """The face in each box: the one way from a box to pixels, here and in ``predict``."""
    return [_face(frame.rgb, box, settings) for box in boxes]


def _face(rgb: np.ndarray, box: Box, settings: Settings) -> Face:
    roll = 0.0
    marks = None
    where = {"size": settings.size, "margin": settings.margin}
    if settings.landmarks is not None:
        if settings.align:
            found, roll = settings.landmarks.find_turned(rgb, box)
        else:
            found = settings.landmarks.find(rgb, box)
        marks = points_in_crop(found, box, roll=roll, **where).astype(np.float32)
    image = crop(rgb, box, roll=roll, **where)
    return Face(image, *quality(image), marks)


def faces_of_clip(path: str, detector: Detector, settings: Settings) -> ClipResult:
    """The largest face of each sampled frame; whatever goes wrong becomes a problem."""
    try:
        return _faces_of_clip(path, detector, settings)
    except Exception as error:  # one odd file must not stop a pass over thousands; its cause is kept
        return nothing(settings.size, "decode", "failed", f"{type(error).__name__}: {error}", "left out")


def _faces_of_clip(path: str, detector: Detector, settings: Settings) -> ClipResult:
    reading = Reading()
    problems: list[list[str]] = []
    found, rows = [], []
    near: Box | None = None
    # One full frame at a time, so that a long clip of which all are wanted fits into memory as its crops.
    # `number` is the place in the sample, also where an earlier frame had no face.
    frames = each_frame(path, max(1, settings.frames), sampling=settings.sampling, into=reading, copy=False)
    for number, frame in enumerate(frames):
        where = f"frame {frame.index} ({frame.time_s:.2f} s)"
        boxes, near = detector.follow(frame.rgb, near)
        boxes = cleaned(boxes)
        if not boxes:
            problems.append(["detect", "no face", f"{where}: no face found", "frame left out"])
            continue
        if len(boxes) > 1:
            problems.append(["detect", "several faces", f"{where}: {len(boxes)} faces found", "largest kept"])
        box = boxes[0]
        try:
            face = faces_of_frame(frame, [box], settings)[0]
        except FerError as error:  # a detector's box that no landmarks can be looked for in
            problems.append(["detect", "failed", f"{where}: {error}", "frame left out"])
            continue
        found.append(face)
        rows.append(
            [
                number,
                frame.index,
                frame.time_s,
                box.x,
                box.y,
                box.w,
                box.h,
                len(boxes),
                detector.name,
                box.score,
                face.sharpness,
                face.brightness,
            ]
        )
    images = np.array([face.image for face in found], np.uint8).reshape(-1, settings.size, settings.size)
    marks = None
    if settings.landmarks is not None:
        marks = np.array([face.landmarks for face in found], np.float32).reshape(-1, POINTS, 2)
    return ClipResult(images, rows, [["decode", *note] for note in reading.notes] + problems, marks)


# --- in a worker process --------------------------------------------------------------------

_worker: dict[str, Any] = {}


def start_worker(detector: Detector, settings: Settings) -> None:
    """Set a fresh worker process up, with its detector."""
    enter_worker()
    _worker["detector"] = detector
    _worker["settings"] = settings


def work(path: str) -> ClipResult:
    """One clip, in a worker."""
    return faces_of_clip(path, _worker["detector"], _worker["settings"])
