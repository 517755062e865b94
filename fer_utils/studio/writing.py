"""A film's files: claimed, written whole or not at all, and gone on with after a stop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
import errno
import hashlib
import io
import json
import os
from pathlib import Path
import re
import shutil
import sys

import numpy as np

from fer_utils.core.errors import DamagedError, FerError, invalid
from fer_utils.core.optional_packages import opencv
from fer_utils.core.paths import read_json, write_atomic
from fer_utils.studio.layouts import CODECS, Take

try:
    import fcntl
except ImportError:  # Windows: two films into one folder at once are not kept apart
    fcntl = None

_AGAIN = "call film() again with the same arguments; it goes on where it stopped."
#: What a kill can leave: a video being written, and what `write_atomic` has not yet renamed.
_LEFT = re.compile(r"\..+\.part\.(mp4|avi)|\..+\.(npz|csv|json)\.[^.]+")


# --- the folder -----------------------------------------------------------------------------


@contextmanager
def held(root: Path) -> Iterator[None]:
    """The folder, made if need be, while no other process films into it (where the system has ``flock``).

    Whatever the disk refuses within becomes one FerError.
    """
    if root.exists() and not root.is_dir():
        raise invalid("root", expected="a folder", received=str(root))
    try:
        root.mkdir(parents=True, exist_ok=True)
        handle = os.open(root, os.O_RDONLY) if fcntl is not None else None
        try:
            if handle is not None:
                _lock(handle, root)
            yield
        finally:
            if handle is not None:
                os.close(handle)
    except OSError as error:
        raise FerError(_refused(root, error)) from error


def _lock(handle: int, root: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"Another process is filming into {root}; waiting for it.", file=sys.stderr)
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError:  # some network folders have no locks
        pass


def _refused(root: Path, error: OSError) -> str:
    where = error.filename or root
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"The disk is full, or your share of it is used up: {error.strerror} ({where}). Make room and {_AGAIN}"
    return (
        f"The film cannot be written to {root}: {error.strerror or error} ({where}). Choose a folder that you may "
        "write to."
    )


def begin(root: Path, plan: dict) -> bool:
    """Claim the folder; True if it already holds this very film, complete.

    Raises
    ------
    FerError if the folder holds another film, or anything else: it is left as it was.
    """
    begun = root / "truth" / "plan.json"
    if begun.is_file():
        try:
            found = read_json(begun)
        except ValueError:
            found = None
        if found != plan:
            changed = [k for k in plan if not isinstance(found, dict) or found.get(k) != plan[k]]
            raise invalid(
                "root",
                expected="a new or empty folder, or one begun by the same call",
                received=str(root),
                remedy=f"It holds another film (different: {', '.join(changed)}). Choose another folder, or delete "
                "this one.",
            )
        return (root / "truth" / "manifest.json").is_file()
    # A film that was stopped before its plan was written has left a folder `truth`, and no more.
    others = [
        p
        for p in root.iterdir()
        if p != begun.parent or not p.is_dir() or not all(_LEFT.fullmatch(q.name) for q in p.iterdir())
    ]
    if others:
        raise invalid(
            "root",
            expected="a new or empty folder",
            received=str(root),
            remedy="It holds something else, which is left alone. Choose another folder.",
        )
    write_atomic(begun, json.dumps(plan, indent=1) + "\n")
    return False


def frames_path(clip: str) -> Path:
    """Where the per-frame truth of a clip lies, below the root."""
    return Path("truth") / "frames" / Path(clip).with_suffix(".npz")


def finished(root: Path, take: Take) -> bool:
    """Whether a clip's videos and its truth are there, and not cut off (by a loss of power, say)."""
    try:
        return bool((root / frames_path(take.path)).stat().st_size) and all(
            _ends_where_it_says(root / name) for name in (take.path, take.twin) if name
        )
    except OSError:
        return False


def finish(root: Path, todo: Iterable[Take], table: str, manifest: dict) -> None:
    """Clear away what a kill has left, then write clips.csv and, last of all, the manifest."""
    folders = {root / "truth"}
    for take in todo:
        folders |= {(root / take.path).parent, (root / frames_path(take.path)).parent}
    for folder in sorted(folders):
        for path in folder.iterdir():
            if _LEFT.fullmatch(path.name):
                path.unlink()
    write_atomic(root / "truth" / "clips.csv", table)
    names = [frames_path(take.path).relative_to("truth").as_posix() for take in todo]
    sums = {name: _sha256((root / "truth" / name).read_bytes()) for name in ("clips.csv", *names)}
    write_atomic(root / "truth" / "manifest.json", json.dumps({**manifest, "sha256": sums}, indent=1) + "\n")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def read_manifest(truth: Path) -> dict:
    """The manifest of a film, from its folder ``truth``; `DamagedError` where it cannot be read."""
    try:
        manifest = read_json(truth / "manifest.json")
    except (OSError, ValueError) as error:
        raise damaged(truth, "manifest.json", f"cannot be read ({error})") from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("sha256", {}), dict):
        raise damaged(truth, "manifest.json", "is no manifest of a film")
    return manifest


def read_truth(truth: Path, name: str, manifest: dict) -> bytes:
    """A file of a film's folder ``truth``, if it is still what was filmed.

    Films from before the manifest had checksums are taken as they are.

    Raises
    ------
    DamagedError : it has changed.
    OSError : it cannot be read.
    """
    data = (truth / name).read_bytes()
    if manifest.get("sha256", {}).get(name, _sha256(data)) != _sha256(data):
        raise damaged(truth, name, "has changed: its SHA-256 is not the manifest's")
    return data


def damaged(truth: Path, name: str, why: str) -> DamagedError:
    """The error of a film whose truth is no longer what was filmed."""
    return DamagedError(
        f"{truth / name} {why}. Film it again: remove the folder {truth.parent} and call studio.film, or name another "
        "folder."
    )


# --- a clip ---------------------------------------------------------------------------------


def write_truth(root: Path, clip: str, arrays: dict[str, np.ndarray]) -> None:
    """A clip's arrays; written after its videos, so that this file says they are whole."""
    stored = io.BytesIO()
    np.savez_compressed(stored, **arrays)
    write_atomic(root / frames_path(clip), stored.getvalue())


@contextmanager
def video(path: Path, layout: str, fps: float, size: tuple[int, int]) -> Iterator[Callable[[np.ndarray], None]]:
    """Yields a function that adds one (height, width, 3) uint8 BGR frame.  The file appears when it is whole.

    Raises
    ------
    FerError if the file cannot be opened, or holds fewer frames than were added.
    """
    cv2 = opencv()
    suffix, codec = CODECS[layout]
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.stem}.part{suffix}")
    writer = cv2.VideoWriter(str(half), cv2.VideoWriter_fourcc(*codec), fps, tuple(size))
    added = 0

    def add(picture: np.ndarray) -> None:
        nonlocal added
        writer.write(picture)
        added += 1

    try:
        if not writer.isOpened():
            raise FerError(f"OpenCV cannot write {codec} video to {path.parent}: {_room(path.parent)}.")
        yield add
        writer.release()
        # OpenCV does not say when a disk is full; only what can be read back tells.
        written = sum(1 for _ in _frames(half, decode=False))
        if written != added:
            raise FerError(
                f"{path} has {written} of {added} frames after writing: is the disk full? Make room and {_AGAIN}"
            )
        if not _ends_where_it_says(half):
            raise FerError(f"{path} is cut off after writing: is the disk full? Make room and {_AGAIN}")
        os.replace(half, path)
    finally:
        writer.release()
        half.unlink(missing_ok=True)


def _ends_where_it_says(path: Path) -> bool:
    """Whether the boxes of an MP4, or the chunks of an AVI, fill the file exactly.

    The frames alone do not tell: every frame of a torn file may be readable.
    """
    at, end = 0, path.stat().st_size
    with open(path, "rb") as file:
        while at < end:
            file.seek(at)
            head = file.read(16)
            if len(head) < 8:
                return False
            if path.suffix == ".avi":  # RIFF: four letters, then the size of what follows
                size = 8 + int.from_bytes(head[4:8], "little")
            else:  # ISO 14496-12: the size with its own 8 bytes, then four letters; 1 for a size of 8 bytes after them
                size = int.from_bytes(head[:4], "big")
                size = int.from_bytes(head[8:16], "big") if size == 1 else size
            if size < 8:
                return False
            at += size
    return at == end > 0


def _room(folder: Path) -> str:
    if shutil.disk_usage(folder).free < 2**20:
        return f"the disk is full. Make room and {_AGAIN[:-1]}"
    return "check that the folder can be written to"


def copy_video(source: Path, target: Path, layout: str, fps: float, size: tuple[int, int]) -> None:
    """Decode one video and encode it again: the same pictures in other bytes."""
    with video(target, layout, fps, size) as add:
        for picture in _frames(source):
            add(picture)


def _frames(path: Path, *, decode: bool = True) -> Iterator[np.ndarray | None]:
    """The frames of a video, one at a time; only counted where they are not decoded."""
    cv2 = opencv()
    capture = cv2.VideoCapture(str(path))
    try:
        while capture.isOpened() and capture.grab():
            yield capture.retrieve()[1] if decode else None
    finally:
        capture.release()
