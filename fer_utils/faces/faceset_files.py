"""The files of a face set: their names, columns and manifest, and how they are written piece by piece."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import csv
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fer_utils.core.errors import invalid
from fer_utils.core.tables import CLIP_COLUMNS, PROBLEM_COLUMNS

FORMAT = "fer_utils face set"
FORMAT_VERSION = 1
MANIFEST, IMAGES, META, PROBLEMS = "faceset.json", "images.npy", "meta.csv", "problems.csv"
LANDMARKS = "landmarks.npy"

#: What ``prepare`` adds to the clip's own columns, for each face.
FRAME_COLUMNS: tuple[str, ...] = (
    "frame",
    "frame_index",
    "time_s",
    "box_x",
    "box_y",
    "box_w",
    "box_h",
    "faces_found",
    "detector",
    "score",
    "sharpness",
    "brightness",
)
#: The columns of a face set's table of faces: those of its clips, and what is known of the frame.
META_COLUMNS: tuple[str, ...] = CLIP_COLUMNS + FRAME_COLUMNS
_INTEGER = {"intensity", "repetition", "frame", "frame_index", "box_x", "box_y", "box_w", "box_h", "faces_found"}
_REAL = {"time_s", "score", "sharpness", "brightness"}


def column_type(column: str) -> str:
    """The dtype of a column of ``meta``: ``int64``, ``float64`` or ``str``."""
    if column in _INTEGER:
        return "int64"
    return "float64" if column in _REAL else "str"


class CsvFile:
    """Writes rows whose text comes back exactly: all text quoted, numbers in their shortest exact form."""

    def __init__(self, path: Path, columns: Sequence[str]):
        self.path, self._file = path, open(path, "w", encoding="utf-8", errors="backslashreplace", newline="")
        self._writer = csv.writer(self._file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        self._writer.writerow(columns)

    def write(self, row: Iterable[Any]) -> None:
        self._writer.writerow(row)

    def close(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


class ArrayFile:
    """Writes an ``.npy`` of known shape piece by piece, so that it never is in memory as a whole."""

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: str = "|u1"):
        self.path, self._file, self._dtype = path, open(path, "wb"), np.dtype(dtype)
        header = {"descr": np.lib.format.dtype_to_descr(self._dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, header)
        self.digest = hashlib.sha256()

    def write(self, values: np.ndarray) -> None:
        raw = np.ascontiguousarray(values, self._dtype).tobytes()
        self.digest.update(raw)
        self._file.write(raw)

    def close(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def facts_line(row: Sequence[Any]) -> bytes:
    """What goes into the fingerprint of a row of ``META_COLUMNS``, plain Python values.

    Where the clip lay is no property of the data: ``path``, the first, is left out.  Text that is no UTF-8 is taken as
    it is stored.
    """
    facts = [
        value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value for value in row[1:]
    ]
    return json.dumps(facts, ensure_ascii=True).encode() + b"\n"


def facts_digest(rows: Iterable[Sequence[Any]]) -> bytes:
    """SHA-256 of the `facts_line` of every row."""
    found = hashlib.sha256()
    for row in rows:
        found.update(facts_line(row))
    return found.digest()


def fingerprint_of(shape: tuple[int, ...], images: bytes, facts: bytes, landmarks: bytes | None) -> str:
    """The fingerprint of a face set, in hexadecimal.

    Parameters
    ----------
    shape : of the images.
    images, landmarks : SHA-256 of their values, in C order.
    facts : SHA-256 of the rows (see `facts_digest`).
    """
    both = hashlib.sha256(repr(shape).encode() + images + facts)
    if landmarks is not None:
        both.update(landmarks)
    return both.hexdigest()


class FaceSetFolder:
    """Writes the data files of a face set into a folder, then tells their manifest.

    They are three, and four with ``landmarks``; ``names`` has their names.
    """

    def __init__(self, folder: Path, shape: tuple[int, int, int, int], *, landmarks: bool = False):
        self.folder, self.shape = folder, shape
        self.names = (IMAGES, META, PROBLEMS, *((LANDMARKS,) if landmarks else ()))
        self._landmarks = ArrayFile(folder / LANDMARKS, (shape[0], 68, 2), "<f4") if landmarks else None
        self._images = ArrayFile(folder / IMAGES, shape)
        self._meta = CsvFile(folder / META, META_COLUMNS)
        self._problems = CsvFile(folder / PROBLEMS, PROBLEM_COLUMNS)
        self._facts = hashlib.sha256()
        self._counts = {"faces": 0, "problems": 0}

    def add(self, images: np.ndarray, rows: Sequence[Sequence[Any]], landmarks: np.ndarray | None = None) -> None:
        """Append faces, their rows, in the order of ``META_COLUMNS``, and their landmarks."""
        self._images.write(images)
        if self._landmarks is not None and len(rows):
            self._landmarks.write(landmarks)
        for row in rows:
            self._meta.write(row)
            self._facts.update(facts_line(row))
        self._counts["faces"] += len(rows)

    def add_problem(self, row: Sequence[str]) -> None:
        self._problems.write(row)
        self._counts["problems"] += 1

    def close(self) -> None:
        for file in (self._images, self._meta, self._problems, self._landmarks):
            if file is not None:
                file.close()

    def manifest(self, **facts: Any) -> dict[str, Any]:
        """The manifest of the closed files."""
        return {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            **facts,
            "shape": list(self.shape),
            "counts": self._counts,
            "sha256": {name: file_sha256(self.folder / name) for name in self.names},
            "fingerprint": fingerprint_of(
                self.shape,
                self._images.digest.digest(),
                self._facts.digest(),
                None if self._landmarks is None else self._landmarks.digest.digest(),
            ),
        }


def manifest_text(manifest: dict[str, Any]) -> str:
    """The manifest as it is stored."""
    return json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"


def filled_values(meta: pd.DataFrame) -> list[list[Any]]:
    """The rows of ``META_COLUMNS`` as plain Python values; of columns that ``meta`` lacks ``""`` or 0."""
    empty = {"str": "", "int64": 0, "float64": 0.0}
    filled = {}
    for column in META_COLUMNS:
        filled[column] = list(meta[column]) if column in meta else [empty[column_type(column)]] * len(meta)
    return plain_values(pd.DataFrame(filled), META_COLUMNS)


def clip_values(clips: pd.DataFrame) -> list[list[Any]]:
    """The clip columns as lists of plain Python values, one list a row."""
    return plain_values(clips, CLIP_COLUMNS)


def plain_values(table: pd.DataFrame, columns: Sequence[str]) -> list[list[Any]]:
    """The columns of a table as lists of plain Python values of each column's type, one list a row."""
    lists = []
    for column in columns:
        kind = column_type(column)
        try:
            if kind == "str":
                lists.append(["" if value is None or value != value else str(value) for value in table[column]])
            else:
                numbers = pd.to_numeric(table[column]).to_numpy()
                if kind == "int64" and not all(float(number).is_integer() for number in numbers):
                    raise ValueError("not whole")
                lists.append(numbers.astype(kind).tolist())
        except (ValueError, TypeError) as error:
            raise invalid(
                f"column {column}",
                expected="whole numbers" if kind == "int64" else "numbers",
                received=list(table[column].head(5)),
            ) from error
    return [list(row) for row in zip(*lists, strict=True)]
