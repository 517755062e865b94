"""Pictures out of files: videos and still images, as RGB, with the reasons where there are none."""

from __future__ import annotations

import math
import os
import stat
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from fer_utils.errors import missing
from fer_utils.faces.sampling import sample_indices

#: Files with these endings are read as still images, every other file as a video.
IMAGE_SUFFIXES: tuple[str, ...] = (
    ".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".pgm", ".ppm", ".pnm",
)


class Frame(NamedTuple):
    """One picture: its index in the video, its time in seconds, (H, W, 3) uint8 RGB."""

    index: int
    time_s: float
    rgb: np.ndarray


class Note(NamedTuple):
    """A remark for the problems table, less the file and the stage."""

    kind: str
    problem: str
    action: str


@dataclass
class Reading:
    """What came out of one file: at most ``k`` frames, how many it has, and what was wrong."""

    frames: list[Frame] = field(default_factory=list)
    n_frames: int = 0
    notes: list[Note] = field(default_factory=list)


def opencv():
    """The ``cv2`` module, or ``MissingPackage`` with the remedy."""
    try:
        import cv2
    except ImportError as error:
        raise missing(
            "cv2", needed_for="reading videos and images",
            remedy=f"pip install opencv-python-headless ({error})",
        ) from error
    return cv2


def is_image(path: str | os.PathLike) -> bool:
    """Whether a file's ending says that it is a still image."""
    return os.path.splitext(os.fspath(path))[1].lower() in IMAGE_SUFFIXES


def read_frames(path: str | os.PathLike, k: int = 6) -> Reading:
    """Evenly spaced frames of a video, or the one frame of a still image.

    A video is decoded once, in order, and only the chosen frames are turned
    into RGB: seeking is slower and, in some containers, inexact.  The
    container's frame count is not believed: where the frames that can be
    decoded are more or fewer, the sample is that of the true count.

    Parameters
    ----------
    path : a file that OpenCV can read.
    k : how many frames, 1 or more; at most ``k`` plus those for a count one
        lower are held in memory.

    Returns
    -------
    Reading : a file that cannot be read has no frames and a note that says why.
    """
    path = os.path.abspath(os.fspath(path))  # so that no name is taken for an address
    try:
        status = os.stat(path)
    except OSError as error:
        return _failed(f"the file cannot be opened: {error.strerror}")
    if not stat.S_ISREG(status.st_mode):
        return _failed("it is not a regular file")
    if status.st_size == 0:
        return Reading(notes=[Note("empty", "the file has 0 bytes", "left out")])
    if is_image(path):
        return _read_image(path)
    announced, total, kept = _decode(path, None, k)
    if total == 0:
        return _failed("no frame of it can be decoded as video")
    wanted = sample_indices(total, k)
    if not all(index in kept for index in wanted):
        _, total, kept = _decode(path, total, k)
        wanted = [index for index in sample_indices(total, k)]
    reading = Reading(n_frames=total)
    if announced - total > max(2, announced // 20):
        reading.notes.append(Note(
            "truncated", f"the container says {announced} frames, {total} can be decoded",
            f"sampled from the {total}",
        ))
    for index in wanted:
        frame = kept.get(index)
        if frame is None:
            reading.notes.append(Note("unreadable", f"frame {index} cannot be decoded", "frame left out"))
        else:
            reading.frames.append(frame)
    if len(wanted) < k:
        reading.notes.append(Note(
            "short clip", f"{total} frame{'s' if total != 1 else ''} in the clip, {k} wanted",
            f"{len(wanted)} taken",
        ))
    return reading


def _failed(problem: str) -> Reading:
    return Reading(notes=[Note("unreadable", problem, "left out")])


def _decode(path: str, count: int | None, k: int) -> tuple[int, int, dict[int, Frame]]:
    """Grab every frame, keep the sampled ones: (announced count, true count, frames by index).

    Containers often count one frame more than the decoder returns (RAVDESS's
    do), so without a known count the samples of both are kept and a second
    pass is seldom needed.
    """
    cv2 = opencv()
    kept: dict[int, Frame] = {}
    try:
        capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
        if not capture.isOpened() and cv2.CAP_FFMPEG not in cv2.videoio_registry.getBackends():
            capture = cv2.VideoCapture(path)
    except cv2.error:
        return 0, 0, kept
    try:
        said = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        announced = int(said) if math.isfinite(said) and 0 < said < 2**40 else 0
        rate = capture.get(cv2.CAP_PROP_FPS)
        supposed = count if count is not None else announced
        wanted = set(sample_indices(supposed, k))
        if count is None:
            wanted |= set(sample_indices(max(0, supposed - 1), k))
        index = 0
        while _grabbed(cv2, capture):
            if index in wanted:
                picture = _retrieved(cv2, capture)
                if picture is not None:
                    kept[index] = Frame(index, _seconds(cv2, capture, index, rate), picture)
            index += 1
    finally:
        capture.release()
    return announced, index, kept


def _grabbed(cv2, capture) -> bool:
    try:
        return bool(capture.grab())
    except cv2.error:
        return False


def _retrieved(cv2, capture) -> np.ndarray | None:
    try:
        fine, picture = capture.retrieve()
        if not fine or picture is None or picture.size == 0:
            return None
        return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB if picture.ndim == 3 else cv2.COLOR_GRAY2RGB)
    except cv2.error:
        return None


def _seconds(cv2, capture, index: int, rate: float) -> float:
    """The frame's time stamp; by the frame rate where the container gives none."""
    stamp = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
    if math.isfinite(stamp) and (stamp > 0 or index == 0) and stamp >= 0:
        return round(stamp, 6)
    return round(index / rate, 6) if math.isfinite(rate) and rate > 0 else 0.0


def _read_image(path: str) -> Reading:
    cv2 = opencv()
    try:
        # By bytes, not by name: OpenCV on Windows opens only names in the local code page.
        picture = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    except (cv2.error, OSError, MemoryError) as error:
        return _failed(f"it cannot be decoded as an image: {error.__class__.__name__}")
    if picture is None or picture.size == 0:
        return _failed("it cannot be decoded as an image")
    return Reading([Frame(0, 0.0, cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))], 1)
