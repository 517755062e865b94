"""The face set: grey squares on disk, one row of facts about each, and the problems of making it.

A folder with four files: ``images.npy`` (N, size, size, 1) uint8, ``meta.csv``,
``problems.csv``, and ``faceset.json``, which is written last: without it the
set is unfinished.  A fifth, where landmarks were wanted: ``landmarks.npy``
(N, 68, 2) float32.
"""

from __future__ import annotations

from collections.abc import Sequence
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fer_utils.core.errors import FerError, invalid
from fer_utils.core.paths import build_folder
from fer_utils.core.tables import PROBLEM_COLUMNS, Problems
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
    file_sha256,
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
        there are any, so that the same data in another folder has the same one.
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
        self.path, self.images, self.meta, self.problems, self.manifest = path, images, meta, problems, manifest
        self.landmarks = landmarks

    @property
    def fingerprint(self) -> str:
        return self.manifest["fingerprint"]

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
    def load(cls, path: str | os.PathLike, *, verify: bool = False) -> FaceSet:
        """Open a finished face set; the images stay on disk until they are looked at.

        Parameters
        ----------
        path : the folder; ``~`` is expanded.
        verify : also read every file and compare its SHA-256 with the manifest's.

        Raises
        ------
        FerError : the folder is missing, unfinished or damaged; the message
        says which, and what to do.
        """
        if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
            raise invalid("path", expected="the folder of a face set", received=path)
        folder = Path(os.path.abspath(os.path.expanduser(os.fspath(path))))
        manifest = _read_manifest(folder)
        again = "Make it again: remove the folder and run `prepare`."

        def damaged(what: str) -> FerError:
            return invalid("path", expected="an undamaged face set", received=str(folder), remedy=f"{what}. {again}")

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
        except (KeyError, TypeError, ValueError):
            raise damaged(f"{MANIFEST} lacks what it must say") from None
        for name, expected in sums.items():
            if not (folder / name).is_file():
                raise damaged(f"{name} is missing")
            if verify and file_sha256(folder / name) != expected:
                raise damaged(f"{name} has changed: its SHA-256 is not the manifest's")
        try:
            images = _read_array(folder / IMAGES, shape[0])
            landmarks = _read_array(folder / LANDMARKS, shape[0]) if marked else None
            meta, problems = _read_csv(folder / META, META_COLUMNS), _read_csv(folder / PROBLEMS, PROBLEM_COLUMNS)
        except (OSError, ValueError, KeyError, EOFError, pd.errors.ParserError) as error:
            raise damaged(f"it cannot be read ({error})") from error
        if images.shape != shape or images.dtype != np.uint8:
            raise damaged(f"{IMAGES} holds {images.shape} {images.dtype}, the manifest says {shape} uint8")
        if marked and (landmarks.shape != (shape[0], 68, 2) or landmarks.dtype != np.float32):
            raise damaged(f"{LANDMARKS} holds {landmarks.shape} {landmarks.dtype}, not {(shape[0], 68, 2)} float32")
        if len(meta) != shape[0] or len(problems) != said:
            raise damaged(f"{META} has {len(meta)} rows for {shape[0]} images, {PROBLEMS} {len(problems)} for {said}")
        return cls(folder, images, meta, Problems(problems), manifest, landmarks)

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
        empty = {"str": "", "int64": 0, "float64": 0.0}
        filled = {}
        for column in META_COLUMNS:
            filled[column] = list(meta[column]) if column in meta else [empty[column_type(column)]] * len(meta)
        with build_folder(folder) as work:
            writer = FaceSetFolder(work, images.shape, landmarks=landmarks is not None)
            writer.add(images, plain_values(pd.DataFrame(filled), META_COLUMNS), landmarks)
            for row in plain_values(problems, PROBLEM_COLUMNS) if problems is not None else ():
                writer.add_problem(row)
            writer.close()
            (work / MANIFEST).write_text(manifest_text(writer.manifest(made_by="FaceSet.save")), encoding="utf-8")
        return cls.load(folder)


def _read_manifest(folder: Path) -> dict[str, Any]:
    run = "Run `prepare` with this `out_dir`"
    if not folder.is_dir():
        raise invalid(
            "path",
            expected="the folder of a face set",
            received=str(folder),
            remedy=f"There is no such folder. {run} to make it.",
        )
    if not (folder / MANIFEST).is_file():
        unfinished = (folder / ".parts").is_dir()
        raise invalid(
            "path",
            expected="the folder of a finished face set",
            received=str(folder),
            remedy=f"It is unfinished: {MANIFEST} is missing. {run} again and it goes on from there."
            if unfinished
            else f"It holds no {MANIFEST}: it is no face set. {run}, or name another folder.",
        )
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise invalid(
            "path",
            expected="an undamaged face set",
            received=str(folder),
            remedy=f"{MANIFEST} cannot be read ({error}). Remove the folder and run `prepare`.",
        ) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT or manifest.get("version") != FORMAT_VERSION:
        raise invalid(
            "path",
            expected=f"a face set of version {FORMAT_VERSION}",
            received=str(folder),
            remedy=f"{MANIFEST} is of another kind or version. Remove the folder and run `prepare`.",
        )
    return manifest


def _read_array(path: Path, length: int) -> np.ndarray:
    array = np.load(path, mmap_mode="r" if length else None, allow_pickle=False)  # an empty array cannot be mapped
    array.setflags(write=False)
    return array


def _read_csv(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read back what ``CsvFile`` wrote: '01' stays text, '' and 'NA' stay what they are."""
    # Real numbers are read as text first: Python's float is exact, the default of pandas 2's reader is not.
    kinds = {column: column_type(column) for column in columns}
    table = pd.read_csv(
        path,
        dtype={column: "str" if kind == "float64" else kind for column, kind in kinds.items()},
        keep_default_na=False,
        na_filter=False,
        encoding="utf-8",
    )
    if tuple(table.columns) != tuple(columns):
        raise ValueError(f"{path.name} has the columns {list(table.columns)}")
    for column, kind in kinds.items():
        if kind == "float64":
            table[column] = np.array([float(text) for text in table[column]], np.float64)
    return table
