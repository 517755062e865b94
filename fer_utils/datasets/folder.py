"""Pictures and clips in folders: ``root/happy/anything.png``, ``root/train/sad/anything.mp4``.

The folder is the label, and a regular expression says who is seen; or the names
follow one of the schemes of ``fer_utils.datasets.subjects``, which say more.
"""

from __future__ import annotations

from collections import Counter
import os
import re
import unicodedata

from fer_utils.core.errors import FerError, invalid
from fer_utils.core.labels import canonical
from fer_utils.core.tables import ClipTable, Problems
from fer_utils.datasets import subjects
from fer_utils.datasets.files import IMAGE_SUFFIXES, VIDEO_SUFFIXES, Found, ProblemRow, absolute, not_media, walk

#: Pictures or clips, as they come; read as clips, a still one having one frame.
_GIF = ".gif"

#: Folders of CK+'s own tree, ``S010/004``: a person or a sequence, and no label.
_CK_TREE = re.compile(r"S?[0-9]{3}", re.IGNORECASE)


def _pattern(actor: str | re.Pattern | None) -> re.Pattern | None:
    if actor is None:
        return None
    schemes = ", ".join(map(repr, subjects.SCHEMES))
    expected = (
        "a regular expression with a group named `actor`, such as r'(?P<actor>S[0-9]+)_', "
        f"or the name of a scheme: {schemes}"
    )
    if not isinstance(actor, (str, re.Pattern)):
        raise invalid("actor", expected=expected, received=actor)
    try:
        compiled = re.compile(actor)
    except re.error as error:
        raise invalid("actor", expected=expected, received=actor, remedy=f"It does not compile: {error}") from None
    if "actor" not in compiled.groupindex or not isinstance(
        compiled.pattern, str
    ):  # a pattern of bytes searches no names
        raise invalid("actor", expected=expected, received=compiled.pattern)
    return compiled


def _composed(text: str) -> str:
    """The text with each accented letter as one character.

    An ``ë`` may be stored as one character, or as an ``e`` and an accent, as copies from other systems often are.  The
    two look alike and are not equal: one person would be two, and could stand on both sides of a split.
    """
    return unicodedata.normalize("NFC", text)


def _blank(base, file: Found) -> dict:
    """A row that says only what the file is."""
    return {
        "path": file.path,
        "dataset": "folder",
        "clip": file.relative,
        "actor": "",
        "sex": "",
        "expression": "",
        "intensity": 1,
        "view": "",
        "channel": "",
        "modality": "image"
        if file.suffix in IMAGE_SUFFIXES
        else "video-only"
        if file.suffix == _GIF
        else "audio-video",
        "statement": "",
        "repetition": 1,
        "performance": f"folder/{base.name}/{file.relative}",
    }


def _by_pattern(base, files: list[Found], pattern: re.Pattern | None) -> tuple[list[dict], list[ProblemRow]]:
    rows: list[dict] = []
    problems: list[ProblemRow] = []
    nobody: dict[str, list[str]] = {}
    for file in files:
        relative = _composed(file.relative)
        folders = relative.split("/")[:-1]
        if not folders:
            problems.append((file.path, "scan", "no label", "it lies in the root, in no class folder", "left out"))
            continue
        match = pattern.search(relative) if pattern else None
        if pattern and not (match and match["actor"]):
            nobody.setdefault(file.folder, []).append(file.relative)
        rows.append({**_blank(base, file), "expression": folders[-1], "actor": (match["actor"] or "") if match else ""})
    return rows, problems + [_no_actor(folder, names, "`actor` finds nobody") for folder, names in nobody.items()]


def _no_actor(folder: str, names: list[str], what: str) -> ProblemRow:
    return (
        folder,
        "scan",
        "no actor",
        f"{what} in {len(names)} path{'s' if len(names) > 1 else ''}, for example {names[0]!r}",
        "kept, with actor ''",
    )


def _label(scheme: str, picture: subjects.Picture | None, folder: str) -> tuple[str, str]:
    """The label of a picture, or ``""``; and, where folder and name say different ones, what the folder says."""
    by_folder = canonical(folder)
    if subjects.SCHEMES[scheme].names_expression:
        if picture is None:
            return by_folder, ""
        return picture.expression, by_folder if by_folder not in ("", picture.expression) else ""
    return ("" if _CK_TREE.fullmatch(folder) else by_folder or folder), ""


def _by_scheme(base, files: list[Found], scheme: str) -> tuple[list[dict], list[ProblemRow]]:
    rows: list[dict] = []
    problems: list[ProblemRow] = []
    nobody: dict[str, list[str]] = {}
    unlabelled: dict[str, list[str]] = {}
    first: dict[subjects.Picture, tuple[str, str]] = {}
    frames: Counter = Counter()
    title = subjects.SCHEMES[scheme].title
    for file in files:
        try:
            picture, broken = subjects.parse(scheme, file.relative), ""
        except FerError as error:
            picture, broken = None, str(error)
        folder = _composed(file.relative.split("/")[-2]) if "/" in file.relative else ""
        label, other = _label(scheme, picture, folder)
        if not label:
            why = f"{broken}, and no folder says the expression" if broken else "no class folder says the expression"
            unlabelled.setdefault(file.folder if broken else str(base), []).append(f"{file.relative}: {why}")
            continue
        row = {**_blank(base, file), "expression": label}
        if picture is None:
            nobody.setdefault(file.folder, []).append(file.relative)
        elif picture in first:
            kept, said = first[picture]
            unlike = f"; the label is {said} there and {label} here" if said != label else ""
            problems.append(
                (
                    file.path,
                    "scan",
                    "duplicate",
                    f"the same picture as {kept} by its name{unlike}",
                    f"left out; {kept} kept",
                )
            )
            continue
        else:
            first[picture] = file.relative, label
            act = subjects.performance(scheme, picture)
            frames[act] += 1
            row |= {
                "actor": picture.actor,
                "sex": picture.sex,
                "view": picture.view,
                "statement": picture.sequence,
                "repetition": picture.take,
                "performance": act,
            }
        if other:
            problems.append(
                (
                    file.path,
                    "scan",
                    "mismatch",
                    f"the folder {folder} says {other}, the file name says {label}",
                    "kept; the file name is believed",
                )
            )
        rows.append(row)
    for where, said in unlabelled.items():
        problems.append(
            (
                where,
                "scan",
                "no label",
                f"{len(said)} file{'s' if len(said) > 1 else ''} without a label; for example {said[0]}",
                "left out",
            )
        )
    problems += [_no_actor(folder, names, f"the name is no {title} name") for folder, names in nobody.items()]
    odd = sorted(act for act, count in frames.items() if count != 3)
    if scheme == "ck48" and odd:
        problems.append(
            (
                str(base),
                "scan",
                "frames",
                f"{len(odd)} of {len(frames)} sequences have not the three frames "
                f"of CK+48, for example {odd[0]} with {frames[odd[0]]}",
                "kept",
            )
        )
    return rows, problems


def scan(root: str | os.PathLike, *, actor: str | re.Pattern | None = None) -> ClipTable:
    """The clip table of a tree of images or videos.

    Parameters
    ----------
    root : the folder above the class folders, at any depth.
    actor : a regular expression with a named group ``actor``, searched in each
        file's path below the root (with ``/``); or the name of a scheme,
        ``"kdef"``, ``"jaffe"``, ``"ck+"`` or ``"ck48"`` (see
        ``fer_utils.datasets.subjects``); ``None`` leaves every actor ``""``,
        and then no split can keep persons apart.

    Returns
    -------
    ClipTable : a still image is a clip of one frame (``modality`` is ``image``).
    Fields that such a tree does not tell are ``""``, ``intensity`` and
    ``repetition`` are 1.

    Without a scheme ``expression`` is the name of the folder that holds the
    file, kept as it is, and each file is its own ``performance``.  Only accented
    letters that are stored as two characters become one, in labels and in actors.

    With a scheme the labels are canonical (``fer_utils.core.labels``).  KDEF's and
    JAFFE's names say the expression, so their files need no class folders;
    CK+'s say none, and the folder's word becomes the label.  ``sex`` and
    ``view`` are set where the scheme tells them, ``repetition`` is KDEF's
    session and JAFFE's take, ``statement`` CK+'s sequence.  KDEF's views of one
    act, and the frames of one CK+ sequence, share their ``performance``.

    Problems (``.problems``): files without a label (``no label``), of 0 bytes
    (``empty``), of other kinds (``not media``), and, one row a folder, paths in
    which ``actor`` finds nobody (``no actor``; they are kept).  With a scheme
    also the same picture twice (``duplicate``, with both labels where they differ), a class folder that disagrees
    with the name (``mismatch``), and sequences of CK+48 that have not three
    frames (``frames``).

    Raises
    ------
    FerError : ``actor`` is no scheme's name, and does not compile or has no
    group ``actor``.
    """
    scheme = actor if isinstance(actor, str) and actor in subjects.SCHEMES else None
    pattern = None if scheme else _pattern(actor)
    base = absolute(root)
    found, problems = walk(base)
    files: list[Found] = []
    others: list[Found] = []
    for file in found:
        if file.suffix not in (*IMAGE_SUFFIXES, *VIDEO_SUFFIXES, _GIF):
            others.append(file)
        elif file.size == 0:
            problems.append((file.path, "scan", "empty", "the file has 0 bytes", "left out"))
        else:
            files.append(file)
    rows, met = _by_scheme(base, files, scheme) if scheme else _by_pattern(base, files, pattern)
    problems += met + not_media(others, "media")
    if not rows and os.path.isdir(base):
        what = (
            "no image or video with a label was found below this folder"
            if scheme
            else "no image or video was found in a folder below this one"
        )
        problems.append((str(base), "scan", "no clips", what, "nothing read"))
    return ClipTable.of(rows, Problems.of(problems))
