"""RAVDESS: 24 actors, eight expressions, speech and song (Livingstone & Russo 2018, doi 10.1371/journal.pone.0196391).

A name is seven two-digit fields, ``MM-VV-EE-II-SS-RR-AA``: modality, vocal
channel, expression, intensity, statement, repetition, actor.  The recordings
are at Zenodo, record 1188976, under CC BY-NC-SA 4.0.
"""

from __future__ import annotations

from collections.abc import Mapping
import os
import re
from typing import TYPE_CHECKING, Any

from fer_utils.core.errors import FerError, invalid
from fer_utils.core.labels import RAVDESS
from fer_utils.datasets.files import VIDEO_SUFFIXES, scan_named

if TYPE_CHECKING:
    from fer_utils.core.tables import ClipTable

MODALITIES = {"01": "audio-video", "02": "video-only", "03": "audio-only"}
CHANNELS = {"01": "speech", "02": "song"}
EXPRESSIONS = {f"{code:02d}": label for code, label in enumerate(RAVDESS, start=1)}
INTENSITIES = {"01": 1, "02": 2}
#: 01 'Kids are talking by the door', 02 'Dogs are sitting by the door'.
STATEMENTS = ("01", "02")
REPETITIONS = {"01": 1, "02": 2}
ACTORS = tuple(f"{number:02d}" for number in range(1, 25))

_FIELDS = (
    ("modality", MODALITIES),
    ("channel", CHANNELS),
    ("expression", EXPRESSIONS),
    ("intensity", INTENSITIES),
    ("statement", STATEMENTS),
    ("repetition", REPETITIONS),
    ("actor", ACTORS),
)
_NAME = re.compile(r"[0-9]{2}(?:-[0-9]{2}){6}")
_FOLDER = re.compile(r"Actor_([0-9]{1,2})", re.IGNORECASE)


def parse(path: str, root: str = "") -> dict:
    """Read a file name by the grammar.

    Parameters
    ----------
    path : file name, or any path that ends in one; folders are not looked at.
    root : not used; every reader's ``parse`` takes it.

    Returns
    -------
    dict : every column of the clip table but ``path`` and ``clip``.
    ``performance`` leaves the modality out: the ``01-`` and ``02-`` files of
    one recording share it.

    Raises
    ------
    FerError : the name breaks the grammar; the message says at which field.

    >>> parse("Actor_01/02-01-08-02-01-02-01.mp4")["performance"]
    'ravdess/01/speech-08-02-01-02'
    """
    stem, suffix = os.path.splitext(path.rsplit("/", 1)[-1])
    if not _NAME.fullmatch(stem):
        raise FerError(f"{stem!r} is not seven two-digit fields MM-VV-EE-II-SS-RR-AA")
    if suffix.lower() not in VIDEO_SUFFIXES:
        raise FerError(f"{suffix!r} is not a video file's ending")
    codes = dict(zip((field for field, _ in _FIELDS), stem.split("-"), strict=True))
    for field, allowed in _FIELDS:
        if codes[field] not in allowed:
            known = list(allowed)
            raise FerError(f"{field} code {codes[field]} in {stem!r} is not one of {known[0]} to {known[-1]}")
    if codes["modality"] == "03":
        raise FerError(f"{stem!r} is audio-only (modality 03): there is no face in it")
    if codes["expression"] == "01" and codes["intensity"] != "01":
        raise FerError(f"{stem!r} says neutral (01) at intensity 02; neutral was recorded at 01 only")
    channel = CHANNELS[codes["channel"]]
    act = "-".join((channel, codes["expression"], codes["intensity"], codes["statement"], codes["repetition"]))
    return {
        "dataset": "ravdess",
        "actor": codes["actor"],
        "sex": "male" if int(codes["actor"]) % 2 else "female",
        "expression": EXPRESSIONS[codes["expression"]],
        "intensity": INTENSITIES[codes["intensity"]],
        "view": "front",
        "channel": channel,
        "modality": MODALITIES[codes["modality"]],
        "statement": codes["statement"],
        "repetition": REPETITIONS[codes["repetition"]],
        "performance": f"ravdess/{codes['actor']}/{act}",
    }


def name(row: Mapping[str, Any], suffix: str = ".mp4") -> str:
    """The path below the root that RAVDESS gives a row: the inverse of ``parse``.

    >>> name(parse("01-01-08-02-01-02-01.mp4"))
    'Actor_01/01-01-08-02-01-02-01.mp4'
    """
    codes = []
    for field, allowed in _FIELDS:
        if isinstance(allowed, dict):
            backwards = {value: code for code, value in allowed.items()}
        else:
            backwards = {code: code for code in allowed}
        if row[field] not in backwards:
            raise invalid(field, expected=f"one of {tuple(backwards)}", received=row[field])
        codes.append(backwards[row[field]])
    return f"Actor_{row['actor']}/{'-'.join(codes)}{suffix}"


def _actor_of(folder: str) -> str:
    match = _FOLDER.fullmatch(folder)
    return match[1].zfill(2) if match else ""


def scan(root: str | os.PathLike) -> ClipTable:
    """The clip table of the RAVDESS files below ``root``, nested in any folders.

    Problems instead of exceptions: names that break the grammar (``name``),
    files of 0 bytes (``empty``), a folder ``Actor_NN`` that disagrees with the
    name (``mismatch``; the name is believed), the same recording twice
    (``duplicate``), and files that are no video, such as the audio-only
    ``.wav`` (``not video``: one row a folder, with their number).
    """
    return scan_named("RAVDESS", root, parse, {"actor": _actor_of})
