"""Any tree with one folder a class: ``root/happy/anything.png``, ``root/train/sad/anything.mp4``."""

from __future__ import annotations

import os
import re

from fer_utils.datasets.files import IMAGE_SUFFIXES, VIDEO_SUFFIXES, absolute, not_media, walk
from fer_utils.errors import invalid
from fer_utils.tables import ClipTable, Problems


def _pattern(actor: str | None) -> re.Pattern | None:
    if actor is None:
        return None
    expected = "a regular expression with a group named `actor`, such as r'(?P<actor>S[0-9]+)_'"
    if not isinstance(actor, (str, re.Pattern)):
        raise invalid("actor", expected=expected, received=actor)
    try:
        compiled = re.compile(actor)
    except re.error as error:
        raise invalid("actor", expected=expected, received=actor, remedy=f"It does not compile: {error}") from None
    if "actor" not in compiled.groupindex:
        raise invalid("actor", expected=expected, received=compiled.pattern)
    return compiled


def scan(root: str | os.PathLike, *, actor: str | None = None) -> ClipTable:
    """The clip table of a class-per-folder tree of images or videos.

    Parameters
    ----------
    root : the folder above the class folders, at any depth.
    actor : a regular expression with a named group ``actor``, searched in each
        file's path below the root (with ``/``); ``None`` leaves every actor
        ``""``, and then no split can keep persons apart.

    Returns
    -------
    ClipTable : ``expression`` is the name of the folder that holds the file,
    kept as it is; a still image is a clip of one frame (``modality`` is
    ``image``); each file is its own ``performance``.  Fields that such a tree
    does not tell are ``""``, ``intensity`` and ``repetition`` are 1.

    Problems (``.problems``): files directly in the root (``no label``), of 0
    bytes (``empty``), of other kinds (``not media``), and, one row a folder,
    paths in which ``actor`` finds nobody (``no actor``; they are kept).

    Raises
    ------
    FerError : ``actor`` does not compile or has no group ``actor``.
    """
    pattern = _pattern(actor)
    base = absolute(root)
    found, problems = walk(base)
    rows, others = [], []
    nobody: dict[str, list[str]] = {}
    for file in found:
        if file.suffix not in IMAGE_SUFFIXES + VIDEO_SUFFIXES:
            others.append(file)
            continue
        if file.size == 0:
            problems.append((file.path, "scan", "empty", "the file has 0 bytes", "left out"))
            continue
        folders = file.relative.split("/")[:-1]
        if not folders:
            problems.append((file.path, "scan", "no label", "it lies in the root, in no class folder", "left out"))
            continue
        match = pattern.search(file.relative) if pattern else None
        if pattern and not (match and match["actor"]):
            nobody.setdefault(file.folder, []).append(file.relative)
        image = file.suffix in IMAGE_SUFFIXES
        rows.append({
            "path": file.path, "dataset": "folder", "clip": file.relative,
            "actor": (match["actor"] or "") if match else "", "sex": "", "expression": folders[-1],
            "intensity": 1, "view": "", "channel": "", "modality": "image" if image else "audio-video",
            "statement": "", "repetition": 1, "performance": f"folder/{base.name}/{file.relative}",
        })
    for folder, names in nobody.items():
        problems.append((
            folder, "scan", "no actor",
            f"`actor` finds nobody in {len(names)} path{'s' if len(names) > 1 else ''}, for example {names[0]!r}",
            "kept, with actor ''",
        ))
    problems += not_media(others, "media")
    if not rows and base.is_dir():
        problems.append((
            str(base), "scan", "no clips", "no image or video was found in a folder below this one", "nothing read",
        ))
    return ClipTable.of(rows, Problems.of(problems))
