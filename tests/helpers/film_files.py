"""Helpers of the tests of films: what a folder holds, by pixels and bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

#: A film that costs little.
SMALL = {"frames": 4, "size": 64, "progress": False}


def videos(root) -> list[str]:
    """Every video below root, hidden ones too."""
    return sorted(str(p.relative_to(root).as_posix()) for p in Path(root).rglob("*") if p.suffix in (".mp4", ".avi"))


def pixels(path) -> np.ndarray:
    """(T, height, width, 3) uint8 BGR."""
    import cv2

    capture, frames = cv2.VideoCapture(str(path)), []
    while True:
        more, frame = capture.read()
        if not more:
            return np.array(frames)
        frames.append(frame)


def digest(root) -> dict[str, str]:
    """Every truth file's bytes and every video's decoded pixels; whatever else lies there, too."""
    out = {}
    for path in sorted(Path(root).rglob("*")):
        if path.is_file():
            data = pixels(path).tobytes() if path.suffix in (".mp4", ".avi") else path.read_bytes()
            out[path.relative_to(root).as_posix()] = hashlib.sha256(data).hexdigest()
    return out
