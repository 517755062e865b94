"""Helpers of the tests: clips of drawn faces, and detectors that are slow, count, or die.

Not a test module; worker processes import it by name.
"""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path
import signal
import time

import numpy as np

from fer_utils import studio
from fer_utils.core.tables import ClipTable
from fer_utils.faces.detectors import DlibHog

#: A picture's first pixel in this colour (RGB) makes `Dies` die.
DEADLY = (255, 0, 0)


@functools.cache
def face(seed: int = 1, size: int = 256, smile: float = 1.0) -> np.ndarray:
    """(size, size, 3) uint8 RGB: a drawn face that dlib and Haar find."""
    picture = studio.draw(studio.person(seed), {12: smile, 6: 0.8 * smile}, size=size)
    picture.setflags(write=False)
    return picture


def pictures(folder: Path, many: int, deadly: int) -> list:
    """``many`` pictures of different people in ``folder``; their paths.

    The one numbered ``deadly`` makes `Dies` die.
    """
    paths = []
    for number in range(many):
        picture = face(number).copy()
        if number == deadly:
            picture[:40, :40] = DEADLY
        paths.append(write_image(folder / f"{number}.png", picture))
    return paths


def edited_manifest(change):
    """A function that changes a face set's manifest: ``change`` is called with it."""

    def edited(folder: Path) -> None:
        manifest = json.loads((folder / "faceset.json").read_text())
        change(manifest)
        (folder / "faceset.json").write_text(json.dumps(manifest))

    return edited


def moving(seed: int, frames: int, size: int = 256) -> list[np.ndarray]:
    """Frames of one drawn face that drifts to the right, one pixel a frame."""
    return [np.roll(face(seed, size), shift, axis=1) for shift in range(frames)]


def write_video(path: Path, frames: list[np.ndarray], *, fps: float = 30.0, fourcc: str = "mp4v") -> Path:
    """Encode RGB frames."""
    import cv2

    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*fourcc), fps, (width, height))
    assert writer.isOpened(), f"this OpenCV cannot write {fourcc}"
    for frame in frames:
        writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    writer.release()
    return path


def write_image(path: Path, rgb: np.ndarray) -> Path:
    """Encode an RGB picture by the file name's ending; the name may hold any letters."""
    import cv2

    fine, data = cv2.imencode(path.suffix, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    assert fine
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.tobytes())
    return path


def table(*paths: Path, problems=None) -> ClipTable:
    """A clip table of these files, in this order, with plain values."""
    return ClipTable.of(
        (
            {
                "path": str(path),
                "dataset": "folder",
                "clip": path.name,
                "actor": f"{number:02d}",
                "sex": "",
                "expression": "happy",
                "intensity": 1,
                "view": "front",
                "channel": "",
                "modality": "video-only",
                "statement": "",
                "repetition": 1,
                "performance": f"folder/{path.name}",
            }
            for number, path in enumerate(paths, start=1)
        ),
        problems,
    )


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


class Slow(DlibHog):
    """dlib, with time to be killed in."""

    name = "dlib"  # and its faces are dlib's: a set may be finished by either

    def at_scale(self, picture, last):
        time.sleep(0.1)
        return super().at_scale(picture, last)


class Counting(DlibHog):
    """dlib, counting the pictures shown to it."""

    name = "dlib"

    def __init__(self):
        super().__init__()
        self.seen = 0

    def follow(self, rgb, near, *, thorough=False):
        self.seen += 1
        return super().follow(rgb, near, thorough=thorough)


class Dies(DlibHog):
    """dlib, in a process that dies like a native crash when it sees a picture that begins in red."""

    name = "dlib"

    def follow(self, rgb, near, *, thorough=False):
        if np.abs(rgb[0, 0].astype(int) - DEADLY).max() < 40:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().follow(rgb, near, thorough=thorough)
