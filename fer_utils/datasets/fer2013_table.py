"""The table of the FER2013 competition: a row a picture, with its 2,304 grey levels as text.

Every other step reads files.  So the pictures of a table are unpacked once, pixel for pixel, as PGM files into the
store; what was read and what could not be read lies beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
import csv
import json
import os
from pathlib import Path

from tqdm import tqdm

from fer_utils.core import provenance
from fer_utils.core.disk import check_folder, refusals_said
from fer_utils.core.paths import build_folder, home, one_process_at_a_time, read_json
from fer_utils.datasets.files import Found, ProblemRow

#: The competition's parts: people trained on the first, saw their score on the second, and were judged by the third.
PARTS: tuple[str, ...] = ("Training", "PublicTest", "PrivateTest")
#: The labels by their number in the column ``emotion``.
EMOTIONS: tuple[str, ...] = ("angry", "disgust", "fearful", "happy", "sad", "surprised", "neutral")
SIDE = 48
_COLUMNS = ("emotion", "pixels", "usage")
_READ = "read.json"
#: Raised when other rows are read from the same table, so that what was unpacked before is not taken.
_READING = 2


def row_of(part: str, number: str, label: str) -> dict:
    """A row of the clip table, without ``path`` and ``clip``."""
    return {
        "dataset": "fer2013",
        "actor": "",
        "sex": "",
        "expression": label,
        "intensity": 1,
        "view": "",
        "channel": "",
        "modality": "image",
        "statement": part,
        "repetition": 1,
        "performance": f"fer2013/{part}/{label}-{number}",
    }


def is_table(path: str) -> bool:
    """Whether a file's first line names the table's three columns, in any order."""
    try:
        return bool(_separator(_first_line(path)))
    except OSError:
        return False


def _first_line(path: str) -> str:
    """The first line of a file, at most 1,000 characters of it."""
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        return file.readline(1000).rstrip("\n")


def _separator(header: str) -> str:
    """What stands between the columns' names: a comma, or what spreadsheets write; empty where they are not named."""
    for separator in (",", ";", "\t"):
        if set(_COLUMNS) <= set(_header(header.split(separator))):
            return separator
    return ""


def no_table(path: str) -> str:
    """Why a file is not the competition's table, as one sentence."""
    try:
        begins = _first_line(path)[:40]
    except OSError as error:
        return f"it cannot be opened: {error.strerror}"
    return (
        f"its first line does not name the columns emotion, pixels and Usage, with a comma, a semicolon or a tab "
        f"between them, as text in UTF-8; it begins {begins!r}"
    )


def table_rows(file: Found, *, progress: bool = True) -> tuple[list[dict], list[ProblemRow]]:
    """Rows of the clip table and problems of a table whose pictures are unpacked, now or before.

    ``clip`` is ``FILE/PART_NUMBER``, where the number is the row's, from 1.
    """
    status = os.stat(file.path)
    key = provenance.digest([file.path, status.st_size, status.st_mtime_ns, _READING])[:12]
    folder = home() / "unpacked" / f"fer2013-{key}"
    if not (folder / _READ).is_file():
        check_folder(
            "FER_HOME",
            folder.parent,
            what="the unpacked pictures",
            needed=status.st_size // 2,
            remedy="set the environment variable FER_HOME to another folder.",
        )
        with one_process_at_a_time(folder.parent), refusals_said("The pictures", "The same call begins again."):
            if not (folder / _READ).is_file():
                with build_folder(folder) as work:
                    _unpack(file, work, progress)
    read = read_json(folder / _READ)
    rows = [
        {
            "path": str(folder / part / f"{number}.pgm"),
            "clip": f"{file.relative}/{part}_{number:05d}",
            **row_of(part, str(number), label),
        }
        for part, number, label in read["rows"]
    ]
    problems = [(file.path, "scan", kind, problem, "left out") for kind, problem in read["problems"]]
    return sorted(rows, key=lambda row: row["clip"]), problems


def _unpack(file: Found, folder: Path, progress: bool) -> None:
    for part in PARTS:
        (folder / part).mkdir()
    rows: list[tuple[str, int, str]] = []
    problems: list[tuple[str, str]] = []
    numbered = enumerate(_cells(file.path), start=1)
    for number, cells in tqdm(numbered, desc="unpacking FER2013", unit="picture", disable=not progress):
        if not cells:  # an empty line, as many editors leave at the end
            continue
        if isinstance(cells, str):
            problems.append(("row", f"row {number} cannot be read: {cells}"))
            continue
        emotion, pixels, part = (cells.get(column, "").strip() for column in _COLUMNS)
        label = EMOTIONS[int(emotion)] if emotion in map(str, range(len(EMOTIONS))) else ""
        try:
            grey = bytes(map(int, pixels.split()))  # refuses what is no whole number from 0 to 255
        except ValueError:
            grey = b""
        if not label:
            problems.append(("label", f"row {number}: emotion {emotion[:20]!r} is no number from 0 to 6"))
        elif part not in PARTS:
            problems.append(("part", f"row {number}: Usage {part[:20]!r} is none of {', '.join(PARTS)}"))
        elif len(grey) != SIDE * SIDE:
            found = f"{len(grey)} pixels" if grey else "pixels that are no whole numbers from 0 to 255, or none"
            problems.append(("pixels", f"row {number} has {found}; {SIDE * SIDE} are expected"))
        else:
            (folder / part / f"{number}.pgm").write_bytes(b"P5\n%d %d\n255\n" % (SIDE, SIDE) + grey)
            rows.append((part, number, label))
    (folder / _READ).write_text(json.dumps({"rows": rows, "problems": problems}))


def _cells(path: str) -> Iterator[dict[str, str] | str]:
    """Column -> text of each row, or why a row cannot be read.

    A row is a line, also where a quotation mark is not closed: `csv.reader` would look for its end in the rows that
    follow, and all of them would be lost with the one.
    """
    separator = _separator(_first_line(path))
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        names = _header(next(file).rstrip("\n").split(separator))
        for line in file:
            try:
                cells = next(csv.reader([line.rstrip("\n")], delimiter=separator), [])
            except csv.Error as error:
                yield str(error)
                continue
            yield dict(zip(names, cells, strict=False))


def _header(cells: list[str]) -> list[str]:
    """Of copies of the table some have spaces before the names."""
    return [cell.strip().strip('"').lower() for cell in cells]
