"""Whether the arrays of a face set are those that were stored; each file is read for it once a process."""

from __future__ import annotations

from dataclasses import dataclass
import hashlib
import os
from pathlib import Path
import time
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from fer_utils.core.errors import DamagedError

_PIECE = 2**22  # bytes
#: A file that was written so short a time ago (in seconds; that of FAT is the coarsest clock) could be written again
#: without a new time stamp, so its digest is not kept.
_COARSEST_CLOCK = 2.0


class _Stamp(NamedTuple):
    """What changes when somebody writes to a file; the last, of the file's entry, cannot be set back."""

    device: int
    inode: int
    size: int
    written_ns: int
    changed_ns: int


def _stamp(status: os.stat_result) -> _Stamp:
    return _Stamp(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


#: Real path -> the file's stamp, the part that was read (start, bytes), and its SHA-256.
_read: dict[str, tuple[_Stamp, tuple[int, int], bytes]] = {}


def part_digest(path: Path, start: int, size: int, *, again: bool = False, progress: bool = False) -> bytes:
    """SHA-256 of ``size`` bytes of a file from ``start`` on, or of what there is of them.

    The file is read once a process, as long as nobody writes to it; with ``again`` in any case.  What takes more than
    two seconds shows a bar on standard error, with ``progress``.
    """
    place, part = os.path.realpath(path), (start, size)
    began = time.time()
    with open(place, "rb") as file:
        stamp = _stamp(os.fstat(file.fileno()))
        known = _read.get(place)
        if known is not None and known[:2] == (stamp, part) and not again:
            return known[2]
        file.seek(start)
        found, left = hashlib.sha256(), size
        with tqdm(
            total=size, unit="B", unit_scale=True, desc=f"checking {path.name}", delay=2, disable=not progress
        ) as bar:
            while left and (piece := file.read(min(_PIECE, left))):
                found.update(piece)
                left -= len(piece)
                bar.update(len(piece))
        after = _stamp(os.fstat(file.fileno()))
    _read.pop(place, None)
    if after == stamp and max(stamp.written_ns, stamp.changed_ns) < (began - _COARSEST_CLOCK) * 1e9:
        _read[place] = stamp, part, found.digest()
    return found.digest()


def array_digest(array: np.ndarray) -> bytes:
    """SHA-256 of an array's values in memory, in C order."""
    found = hashlib.sha256()
    found.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8))
    return found.digest()


@dataclass(frozen=True)
class OpenedArray:
    """An array that is mapped from a file, and what its values were when it was opened."""

    array: np.ndarray
    path: Path
    start: int
    digest: bytes
    file: tuple[int, int]

    @classmethod
    def of(cls, array: np.ndarray, path: Path, *, again: bool, progress: bool) -> OpenedArray:
        """What stands in the file from which ``array`` was just mapped; an empty one cannot be mapped."""
        start = array.offset if isinstance(array, np.memmap) else 0
        digest = part_digest(path, start, array.nbytes, again=again, progress=progress)
        status = os.stat(path)
        return cls(array, path, start, digest, (status.st_dev, status.st_ino))

    def check(self) -> None:
        """``DamagedError`` where somebody has written into the file since: the array shows it, too.

        A file that was moved away, or replaced by another of its name, is still the one that is mapped.
        """
        try:
            status = os.stat(self.path)
            if (status.st_dev, status.st_ino) != self.file:
                return
            found = part_digest(self.path, self.start, self.array.nbytes)
        except OSError:
            return
        if found != self.digest:
            raise DamagedError(
                f"{self.path} has changed since it was opened.\nMake the face set again: remove the folder and run "
                "`prepare`. To change faces on purpose, store them in a folder of their own: `FaceSet.save`."
            )
