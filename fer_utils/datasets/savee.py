"""SAVEE: four men, seven expressions, 480 clips (Haq & Jackson 2010).

Each actor has a folder (DC, JE, JK, KL) with files such as ``a01.avi`` and
``sa15.avi``: a letter code for the expression and the sentence's number, 1 to
15, for neutral 1 to 30.  Copies in the wild are also flat: ``DC_a01.avi``.
Access is by registration with the University of Surrey, for research only.
"""

from __future__ import annotations

from collections.abc import Mapping
import os
import re
from typing import TYPE_CHECKING, Any

from fer_utils.core.errors import FerError, invalid
from fer_utils.datasets.files import VIDEO_SUFFIXES, scan_named, told_by_folder

if TYPE_CHECKING:
    from fer_utils.core.tables import ClipTable

ACTORS = ("DC", "JE", "JK", "KL")
EXPRESSIONS = {
    "a": "angry",
    "d": "disgust",
    "f": "fearful",
    "h": "happy",
    "n": "neutral",
    "sa": "sad",
    "su": "surprised",
}
_CODES = {label: code for code, label in EXPRESSIONS.items()}
_NAME = re.compile(r"(?:(?P<actor>[A-Z]{2})_)?(?P<code>sa|su|[adfhn])(?P<number>[0-9]{1,2})")


def sentences(expression: str) -> int:
    """How many sentences each actor spoke with this expression: 15, neutral 30."""
    return 30 if expression == "neutral" else 15


def _actor_of(folder: str) -> str:
    return folder if folder in ACTORS else ""


def parse(path: str, root: str = "") -> dict:
    """Read a path by the grammar.

    Parameters
    ----------
    path : path below the root, with ``/``.
    root : the root; its own name is taken for the actor's folder if ``path``
        has none.

    Returns
    -------
    dict : every column of the clip table but ``path`` and ``clip``.

    Raises
    ------
    FerError : the path breaks the grammar; the message says where.

    >>> parse("DC/sa3.avi")["performance"]
    'savee/DC/sa-03'
    """
    stem, suffix = os.path.splitext(path.rsplit("/", 1)[-1])
    match = _NAME.fullmatch(stem)
    if not match:
        raise FerError(f"{stem!r} is not one of a, d, f, h, n, sa, su followed by a sentence's number")
    if suffix.lower() not in VIDEO_SUFFIXES:
        raise FerError(f"{suffix!r} is not a video file's ending")
    actor = match["actor"] or told_by_folder(path, root, _actor_of)[1]
    if actor not in ACTORS:
        told = f"the name says actor {actor!r}" if actor else "neither the name nor a folder above it says the actor"
        raise FerError(f"{told}; SAVEE's are {', '.join(ACTORS)}")
    expression, number = EXPRESSIONS[match["code"]], int(match["number"])
    if not 1 <= number <= sentences(expression):
        raise FerError(f"sentence {number} in {stem!r} is not one of 1 to {sentences(expression)} ({expression})")
    return {
        "dataset": "savee",
        "actor": actor,
        "sex": "male",
        "expression": expression,
        "intensity": 1,
        "view": "front",
        "channel": "speech",
        "modality": "audio-video",
        "statement": f"{number:02d}",
        "repetition": 1,
        "performance": f"savee/{actor}/{match['code']}-{number:02d}",
    }


def name(row: Mapping[str, Any], suffix: str = ".avi") -> str:
    """The path below the root that SAVEE gives a row: the inverse of ``parse``.

    >>> name(parse("KL_n30.avi"))
    'KL/n30.avi'
    """
    if row["actor"] not in ACTORS:
        raise invalid("actor", expected=f"one of {ACTORS}", received=row["actor"])
    if row["expression"] not in _CODES:
        raise invalid("expression", expected=f"one of {tuple(_CODES)}", received=row["expression"])
    return f"{row['actor']}/{_CODES[row['expression']]}{int(row['statement']):02d}{suffix}"


def scan(root: str | os.PathLike) -> ClipTable:
    """The clip table of the SAVEE files below ``root``; problems as in ``ravdess.scan``."""
    return scan_named("SAVEE", root, parse, {"actor": _actor_of})
