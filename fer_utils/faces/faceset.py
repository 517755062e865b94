"""The face set: grey squares on disk, one row of facts about each, and the problems of making it.

A folder with four files: ``images.npy`` (N, size, size, 1) uint8, ``meta.csv``,
``problems.csv``, and ``faceset.json``, which is written last: without it the
set is unfinished.  A fifth, where landmarks were wanted: ``landmarks.npy``
(N, 68, 2) float32.
"""

from __future__ import annotations

from collections.abc import Sequence
import hashlib
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fer_utils import __version__
from fer_utils.core.errors import DamagedError, FerError, invalid
from fer_utils.core.paths import build_folder, read_json
from fer_utils.core.tables import PROBLEM_COLUMNS, Problems
from fer_utils.faces.faceset_checks import OpenedArray, array_digest
from fer_utils.faces.faceset_files import (
    FORMAT,
    FORMAT_VERSION,
    IMAGES,
    LANDMARKS,
    MANIFEST,
    META,
    META_COLUMNS,
    PROBLEMS,
    FaceSetFolder,
    column_type,
    facts_digest,
    file_sha256,
    filled_values,
    fingerprint_of,
    manifest_text,
    plain_values,
)


class FaceSet:
    """Faces, and what is known of each.

    Attributes
    ----------
    images : (N, size, size, 1) uint8, read-only, memory-mapped: grey, 0 black to 255 white.
    meta : DataFrame of N rows: every clip column, then ``frame`` (0, 1, ... of
        those sampled), ``frame_index`` (in the video), ``time_s`` (seconds),
        ``box_x``, ``box_y``, ``box_w``, ``box_h`` (pixels of the video's frame),
        ``faces_found`` (in that frame), ``detector``, ``score`` (of the
        detector), ``sharpness``, ``brightness`` (``fer_utils.faces.quality``).
    landmarks : (N, 68, 2) float32, read-only, memory-mapped, iBUG's points in pixels of the
        image: x to the right, y down, the centre of the first pixel being (0, 0); some may
        lie outside it.  None where ``prepare`` was not asked for them.
    problems : what went wrong with which file, and what was done.
    path : the folder.
    manifest : what is in ``faceset.json``: configuration, counts, checksums.
    fingerprint : SHA-256 of the images, of ``meta`` without ``path``, and of the landmarks if
        there are any, so that the same data in another folder has the same one.  It is that of what is in memory.
    """

    def __init__(
        self,
        path: Path,
        images: np.ndarray,
        meta: pd.DataFrame,
        problems: Problems,
        manifest: dict,
        landmarks: np.ndarray | None = None,
    ):
        self.path, self.images, self.meta, self.problems, self.manifest = (
            path,
            _read_only(images),
            meta,
            problems,
            manifest,
        )
        self.landmarks = None if landmarks is None else _read_only(landmarks)
        self._as_made = self.images, self.landmarks, _facts_of(meta).copy()
        self._opened: tuple[OpenedArray, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Of what is in memory: labels that were changed in ``meta`` after loading make another fingerprint.

        Raises
        ------
        DamagedError : somebody has written into a file since it was opened.
        """
        for opened in self._opened:
            opened.check()
        images, landmarks, facts = self._as_made
        if self.images is images and self.landmarks is landmarks and _facts_of(self.meta).equals(facts):
            return self.manifest["fingerprint"]
        return fingerprint_of(
            tuple(self.images.shape),
            self._digest(self.images),
            facts_digest(filled_values(self.meta)),
            None if self.landmarks is None else self._digest(self.landmarks),
        )

    def _digest(self, array: np.ndarray) -> bytes:
        known = [opened.digest for opened in self._opened if opened.array is array]
        return known[0] if known else array_digest(array)

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        height, width = self.images.shape[1:3]
        actors = self.meta["actor"].nunique()
        return (
            f"FaceSet({len(self)} faces of {height}x{width} from {self.meta['clip'].nunique()} clips, "
            f"{actors} actor{'s' if actors != 1 else ''}, {len(self.problems)} problems; {self.path})"
        )

    @classmethod
    def load(cls, path: str | os.PathLike, *, verify: bool = False, progress: bool = True) -> FaceSet:
        """Open a finished face set; the images are mapped from disk, and checked.

        What was read must have the fingerprint that the manifest says, and the tables their SHA-256.  For that the
        images are read once a process, as long as nobody writes to their file.

        Parameters
        ----------
        path : the folder; ``~`` is expanded.
        verify : read every file now, though this process has done so before, and compare its SHA-256 with the
            manifest's.
        progress : show a bar on standard error if reading takes more than two seconds.

        Raises
        ------
        DamagedError : files are missing, cut off, or not what was stored; the message says which, and what to do.
        FerError : the folder is missing or unfinished, of a newer version, or may not be read.
        """
        return cls._load(path, "path", verify, progress)

    @classmethod
    def _load(cls, path: str | os.PathLike, argument: str, verify: bool, progress: bool) -> FaceSet:
        if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
            raise invalid(argument, expected="the folder of a face set", received=path)
        folder = Path(os.path.abspath(os.path.expanduser(os.fspath(path))))
        manifest = _read_manifest(folder, argument)

        def damaged(what: str) -> DamagedError:
            return _damaged(argument, folder, what)

        try:
            shape = tuple(manifest["shape"])
            marked = LANDMARKS in manifest["sha256"]
            sums = {
                name: manifest["sha256"][name] for name in (IMAGES, META, PROBLEMS, *((LANDMARKS,) if marked else ()))
            }
            fingerprint, said = manifest["fingerprint"], manifest["counts"]["problems"]
            counts = [n for n in shape if isinstance(n, int) and n >= 0]
            if len(shape) != 4 or len(counts) != 4 or not isinstance(fingerprint, str):
                raise ValueError("shape")
            if not isinstance(manifest.get("config", {}), dict):
                raise ValueError("config")
        except (KeyError, TypeError, ValueError):
            raise damaged(f"{MANIFEST} lacks what it must say") from None
        for name in sums:
            if not (folder / name).is_file():
                raise damaged(f"{name} is missing")
        try:
            tables = {name: (folder / name).read_bytes() for name in (META, PROBLEMS)}
            found = {name: hashlib.sha256(data).hexdigest() for name, data in tables.items()}
            images = _read_array(folder / IMAGES, shape[0])
            landmarks = _read_array(folder / LANDMARKS, shape[0]) if marked else None
            meta, rows = _read_csv(META, tables[META], META_COLUMNS)
            problems, _ = _read_csv(PROBLEMS, tables[PROBLEMS], PROBLEM_COLUMNS)
        except PermissionError as error:
            raise _unreadable(argument, folder, error) from error
        except (OSError, ValueError, KeyError, EOFError, OverflowError) as error:
            raise damaged(f"it cannot be read ({error})") from error
        if images.shape != shape or images.dtype != np.uint8:
            raise damaged(f"{IMAGES} holds {images.shape} {images.dtype}, the manifest says {shape} uint8")
        if marked and (landmarks.shape != (shape[0], 68, 2) or landmarks.dtype != np.float32):
            raise damaged(f"{LANDMARKS} holds {landmarks.shape} {landmarks.dtype}, not {(shape[0], 68, 2)} float32")
        if len(meta) != shape[0] or len(problems) != said:
            raise damaged(f"{META} has {len(meta)} rows for {shape[0]} images, {PROBLEMS} {len(problems)} for {said}")
        opened = tuple(
            OpenedArray.of(array, folder / name, again=verify, progress=progress)
            for name, array in ((IMAGES, images), (LANDMARKS, landmarks))
            if array is not None
        )
        marks = opened[1].digest if marked else None
        same = fingerprint_of(shape, opened[0].digest, facts_digest(rows), marks) == fingerprint
        if verify or not same:  # all files, so that the one that has changed can be named
            found = {name: file_sha256(folder / name) for name in sums}
        for name, digest in found.items():
            if digest != sums[name]:
                raise damaged(f"{name} has changed: its SHA-256 is not the manifest's")
        if not same:
            raise damaged(f"The fingerprint in {MANIFEST} is not that of the files")
        made = cls(folder, images, meta, Problems(problems), manifest, landmarks)
        made._opened = opened
        return made

    @classmethod
    def save(
        cls,
        images: np.ndarray,
        meta: pd.DataFrame,
        path: str | os.PathLike,
        problems: pd.DataFrame | None = None,
        *,
        landmarks: np.ndarray | None = None,
    ) -> FaceSet:
        """Store faces that were not made by ``prepare``: a selection, a test's own.

        Parameters
        ----------
        images : (N, H, W) or (N, H, W, 1) uint8.
        meta : N rows; columns of ``META_COLUMNS`` that it lacks become ``""`` or
            0, others are not stored.
        path : a folder that does not exist yet, or is empty.
        problems : rows to keep with it.
        landmarks : (N, 68, 2) numbers, in pixels of the images, to keep with it.

        Raises
        ------
        FerError : shapes, dtype or length do not fit, or the folder holds something.
        """
        images = np.asarray(images)
        if images.ndim == 3:
            images = images[..., None]
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 1:
            raise invalid(
                "images",
                expected="uint8 of shape (N, H, W) or (N, H, W, 1)",
                received=f"{images.dtype} of shape {images.shape}",
            )
        if not isinstance(meta, pd.DataFrame) or len(meta) != len(images):
            raise invalid(
                "meta",
                expected=f"a DataFrame of {len(images)} rows, one an image",
                received=f"{type(meta).__name__} of length {len(meta) if hasattr(meta, '__len__') else '?'}",
            )
        if landmarks is not None and np.shape(landmarks) != (len(images), 68, 2):
            raise invalid(
                "landmarks", expected=f"numbers of shape {(len(images), 68, 2)}", received=np.shape(landmarks)
            )
        folder = Path(os.path.abspath(os.path.expanduser(os.fspath(path))))
        if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
            raise invalid("path", expected="a folder that does not exist yet", received=str(folder))
        with build_folder(folder) as work:
            writer = FaceSetFolder(work, images.shape, landmarks=landmarks is not None)
            writer.add(images, filled_values(meta), landmarks)
            for row in plain_values(problems, PROBLEM_COLUMNS) if problems is not None else ():
                writer.add_problem(row)
            writer.close()
            (work / MANIFEST).write_text(manifest_text(writer.manifest(made_by="FaceSet.save")), encoding="utf-8")
        return cls.load(folder)


def _damaged(argument: str, folder: Path, what: str) -> DamagedError:
    remedy = (
        f"{what}. Make it again: remove the folder and run `prepare`; or name another folder. To change labels or "
        "faces on purpose, store them in a folder of their own: `FaceSet.save`."
    )
    return DamagedError(str(invalid(argument, expected="an undamaged face set", received=str(folder), remedy=remedy)))


def _unreadable(argument: str, folder: Path, error: OSError) -> FerError:
    return invalid(
        argument,
        expected="a face set that can be read",
        received=str(folder),
        remedy=f"{Path(error.filename or folder).name} cannot be read: {error.strerror}.",
    )


def _facts_of(meta: pd.DataFrame) -> pd.DataFrame:
    """The columns that are in the fingerprint; `path` is not."""
    return meta[[column for column in META_COLUMNS[1:] if column in meta]]


def _read_only(array: np.ndarray) -> np.ndarray:
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


def _read_manifest(folder: Path, argument: str) -> dict[str, Any]:
    run = "Run `prepare` with this `out_dir`"
    if not folder.is_dir():
        raise invalid(
            argument,
            expected="the folder of a face set",
            received=str(folder),
            remedy=f"There is no such folder. {run} to make it.",
        )
    if not (folder / MANIFEST).is_file():
        unfinished = (folder / ".parts").is_dir()
        raise invalid(
            argument,
            expected="the folder of a finished face set",
            received=str(folder),
            remedy=f"It is unfinished: {MANIFEST} is missing. {run} again and it goes on from there."
            if unfinished
            else f"It holds no {MANIFEST}: it is no face set. {run}, or name another folder.",
        )
    try:
        manifest = read_json(folder / MANIFEST)
    except PermissionError as error:
        raise _unreadable(argument, folder, error) from error
    except (OSError, ValueError) as error:
        raise _damaged(argument, folder, f"{MANIFEST} cannot be read ({error})") from error
    version = manifest.get("version") if isinstance(manifest, dict) and manifest.get("format") == FORMAT else None
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise invalid(
            argument,
            expected=f"a face set of version {FORMAT_VERSION}",
            received=str(folder),
            remedy=f"It was made by a newer fer_utils: its version is {version}, and fer_utils {__version__} reads "
            f"version {FORMAT_VERSION}. Keep it, and update fer_utils to read it.",
        )
    if version != FORMAT_VERSION:
        raise _damaged(argument, folder, f"{MANIFEST} is of another kind or version")
    return manifest


def _read_array(path: Path, length: int) -> np.ndarray:
    with open(path, "rb") as file:
        if file.read(6) != b"\x93NUMPY":  # of other files NumPy says how to load them all the same
            raise ValueError(f"{path.name} is no .npy file")
    array = np.load(path, mmap_mode="r" if length else None, allow_pickle=False)  # an empty array cannot be mapped
    if not array.flags.c_contiguous:
        raise ValueError(f"the values in {path.name} are in Fortran's order")
    array.setflags(write=False)
    return array


def _read_csv(name: str, data: bytes, columns: Sequence[str]) -> tuple[pd.DataFrame, list[list[Any]]]:
    """Read back what ``CsvFile`` wrote: '01' stays text, '' and 'NA' stay what they are.

    Returns
    -------
    The table, and its rows as the plain Python values that were written.
    """
    # Real numbers are read as text first: Python's float is exact, the default of pandas 2's reader is not.
    kinds = {column: column_type(column) for column in columns}
    table = pd.read_csv(
        io.BytesIO(data),
        dtype={column: "str" if kind == "float64" else kind for column, kind in kinds.items()},
        keep_default_na=False,
        na_filter=False,
        encoding="utf-8",
    )
    if tuple(table.columns) != tuple(columns):
        raise ValueError(f"{name} has the columns {list(table.columns)}")
    values = []
    for column, kind in kinds.items():
        written = table[column].tolist()
        if kind == "float64":
            written = [_number(text) for text in written]
            table[column] = np.array(written, np.float64)
        values.append(written)
    return table, [list(row) for row in zip(*values, strict=True)]


def _number(text: str) -> int | float:
    """A whole number without a point was written by a detector that scores in whole numbers."""
    try:
        return int(text)
    except ValueError:
        return float(text)
