"""FER2013: 35,887 grey pictures of 48 x 48 from the web, with seven labels (Goodfellow et al. 2013, arXiv 1307.0414).

The pictures were found by a search engine for emotion words, cut out by a face detector, and looked through by
annotators.  So a label is no posed-expression label, as in the acted sets: it is what annotators, or the search, said
of a picture.  Nobody's name is known.  Two pictures may show one person, and people may stand in training and test.

**Terms and where to get it.** Made for the Kaggle competition *Challenges in Representation Learning: Facial
Expression Recognition Challenge*; `fer_utils.datasets.how_to_get` has its address, where one accepts its rules.  It is
for research; the pictures are other people's, and are not to be passed on.  Nothing of it is part of this package.  A
reader brings a copy, in one of two forms:

- folders, ``train/angry/Training_10118481.jpg`` or ``test/fear/PrivateTest_88305.jpg``, at any depth: the file's name
  says the part, the folder the label;
- the competition's table, ``fer2013.csv`` or ``icml_face_data.csv``, with the columns ``emotion`` (0 to 6), ``pixels``
  (2,304 numbers) and ``Usage``: see `fer_utils.datasets.fer2013_table`.

The table has the pixels themselves.  The folders are made from it by others; where they hold JPEG, encoding may have
changed grey levels a little.
"""

from __future__ import annotations

from collections.abc import Mapping
import os
import re
from typing import Any

from fer_utils.core.errors import FerError, invalid
from fer_utils.core.labels import FER2013, canonical
from fer_utils.core.stages import stage
from fer_utils.core.tables import ClipTable, Problems
from fer_utils.datasets.fer2013_table import PARTS, is_table, no_table, row_of, table_rows
from fer_utils.datasets.files import IMAGE_SUFFIXES, Found, ProblemRow, absolute, not_media, walk

_NAME = re.compile(rf"(?P<part>{'|'.join(PARTS)})_(?P<number>[0-9]{{1,12}})")


def parse(path: str, root: str = "") -> dict:
    """Read a picture's path by the grammar.

    Parameters
    ----------
    path : path below the root, with ``/``.
    root : the root; its own name is taken for the label's folder if ``path`` has none.

    Returns
    -------
    dict : every column of the clip table but ``path`` and ``clip``.

    Raises
    ------
    FerError : the path breaks the grammar; the message says where.

    >>> parse("train/fear/Training_42.jpg")["expression"]
    'fearful'
    """
    stem, suffix = os.path.splitext(path.rsplit("/", 1)[-1])
    match = _NAME.fullmatch(stem)
    if not match:
        raise FerError(f"{stem!r} is not one of {', '.join(PARTS)}, followed by _ and a number")
    if suffix.lower() not in IMAGE_SUFFIXES:
        raise FerError(f"{suffix!r} is not an image file's ending")
    folder = [*root.split("/")[-1:], *path.split("/")[:-1]][-1]
    label = canonical(folder)
    if label not in FER2013:
        raise FerError(f"the folder {folder!r} is none of FER2013's labels: {', '.join(FER2013)}")
    return row_of(match["part"], match["number"], label)


def name(row: Mapping[str, Any], suffix: str = ".jpg") -> str:
    """The path below the root that FER2013's folders give a row: the inverse of ``parse``.

    >>> name(parse("test/surprise/PublicTest_7.jpg"))
    'test/surprised/PublicTest_7.jpg'
    """
    part, number = row["statement"], row["performance"].rsplit("-", 1)[-1]
    if part not in PARTS:
        raise invalid("statement", expected=f"one of {', '.join(PARTS)}", received=part)
    if row["expression"] not in FER2013:
        raise invalid("expression", expected=f"one of {', '.join(FER2013)}", received=row["expression"])
    return f"{'train' if part == 'Training' else 'test'}/{row['expression']}/{part}_{number}{suffix}"


@stage("fer2013")
def scan(root: str | os.PathLike, *, progress: bool = True) -> ClipTable:
    """The clip table of a copy of FER2013: folders of pictures, or the competition's table.

    Parameters
    ----------
    root : the folder that holds the pictures' folders or the table; or the table itself.
    progress : a bar on standard error while a table is unpacked, once.

    Returns
    -------
    ClipTable : a row a picture.  ``statement`` is the part, ``Training``, ``PublicTest`` or ``PrivateTest`` (for
    `fer_utils.splits.official`), and ``actor`` is ``""``: nobody is named.  Pictures of a table are unpacked once, as
    PGM files, into ``unpacked`` below `fer_utils.core.paths.home`; ``path`` names these.

    Problems (``.problems``): a name that breaks the grammar (``name``), a file of 0 bytes (``empty``), the same part,
    label and number twice (``duplicate``; two labels may share a number, for different pictures), a folder ``train`` or
    ``test`` that disagrees with the name (``mismatch``), files of other kinds (``not image``), a second copy beside the
    first (``second copy``), a CSV file that was named and is not the table (``no table``); of a table also rows with
    another number of pixels than 2,304 or values that are none (``pixels``), unknown labels (``label``) or parts
    (``part``), and what is no row (``row``).
    """
    base = absolute(root)
    if base.is_file() and base.suffix.lower() == ".csv":
        if not is_table(str(base)):
            return ClipTable.of([], Problems.of([(str(base), "scan", "no table", no_table(str(base)), "nothing read")]))
        return _of_tables([Found(str(base), base.name, base.stat().st_size)], [], progress)
    found, problems = walk(base)
    pictures = [file for file in found if file.suffix in IMAGE_SUFFIXES]
    others = [file for file in found if file.suffix not in IMAGE_SUFFIXES]
    tables = [file for file in others if file.suffix == ".csv" and is_table(file.path)]
    problems += not_media([file for file in others if file not in tables], "image")
    if tables and not pictures:
        return _of_tables(tables, problems, progress)
    problems += [_second(file, "pictures in folders") for file in tables]
    rows: list[dict] = []
    first: dict[str, str] = {}
    for file in pictures:
        if file.size == 0:
            problems.append((file.path, "scan", "empty", "the file has 0 bytes", "left out"))
            continue
        try:
            row = parse(file.relative, str(base))
        except FerError as error:
            problems.append((file.path, "scan", "name", str(error), "left out"))
            continue
        known = first.setdefault(row["performance"], file.relative)
        if known != file.relative:
            what, done = f"the same picture as {known} by its name", f"left out; {known} kept"
            problems.append((file.path, "scan", "duplicate", what, done))
            continue
        problems += _side(file, row["statement"])
        rows.append({"path": file.path, "clip": file.relative, **row})
    if not rows and base.is_dir():
        what = "neither a picture of FER2013 nor its table was found below this folder"
        other = next((file for file in others if file.suffix == ".csv"), None)
        if other is not None:
            what += f"; {other.relative} is not the table: {no_table(other.path)}"
        problems.append((str(base), "scan", "no clips", what, "nothing read"))
    return ClipTable.of(rows, Problems.of(problems))


def _of_tables(tables: list[Found], problems: list[ProblemRow], progress: bool) -> ClipTable:
    """The rows of the first table; the others are named."""
    problems += [_second(file, tables[0].relative) for file in tables[1:]]
    rows, met = table_rows(tables[0], progress=progress)
    if not rows:
        met.append((tables[0].path, "scan", "no clips", "the table has no row that is a picture", "nothing read"))
    return ClipTable.of(rows, Problems.of(problems + met))


def _second(file: Found, kept: str) -> ProblemRow:
    return file.path, "scan", "second copy", f"FER2013 is read from {kept}; both would count twice", "left out"


def _side(file: Found, part: str) -> list[ProblemRow]:
    """A remark where a folder says ``train`` of a test picture, or ``test`` of a training one."""
    said = [folder for folder in file.relative.lower().split("/")[:-1] if folder in ("train", "test")]
    if not said or (said[-1] == "train") == (part == "Training"):
        return []
    what = f"the folder says {said[-1]}, the file name says {part}"
    return [(file.path, "scan", "mismatch", what, "kept; the file name is believed")]
