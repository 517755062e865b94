"""MEAD: eight expressions at three levels from seven cameras (Wang et al. 2020, doi 10.1007/978-3-030-58589-1_42).

The data set's layout is ``M003/video/front/happy/level_1/001.mp4``; clips in
the wild are also named ``M003_level_1_happy_024.mp4`` (the camera is that of the
folders above, without one the front)
and ``M003_front_happy_level_1_024.mp4``.  A flat name may lack its level
(``M003_happy_024.mp4``): then it is that of the folders above, else unknown, which
is intensity 0 and is said in the report.  M is a man, W a woman; neutral has
level 1 only.  Access is by agreement; no part may be passed on.
"""

from __future__ import annotations

from collections.abc import Mapping
import os
import re
from typing import TYPE_CHECKING, Any

from fer_utils.core.errors import FerError, invalid
from fer_utils.datasets.files import VIDEO_SUFFIXES, ProblemRow, scan_named

if TYPE_CHECKING:
    from fer_utils.core.tables import ClipTable

VIEWS = ("front", "down", "top", "left_30", "left_60", "right_30", "right_60")
#: MEAD's own words for the expressions, to the canonical labels.
EXPRESSIONS = {
    "angry": "angry",
    "contempt": "contempt",
    "disgusted": "disgust",
    "fear": "fearful",
    "happy": "happy",
    "neutral": "neutral",
    "sad": "sad",
    "surprised": "surprised",
}
_WORDS = {label: word for word, label in EXPRESSIONS.items()}
LEVELS = (1, 2, 3)

_ACTOR, _VIEW, _WORD, _LEVEL, _CLIP = (
    r"(?P<actor>[MW][0-9]{3})",
    r"(?P<view>[a-z]+(?:_[0-9]+)?)",
    r"(?P<word>[a-z]+)",
    r"level_(?P<level>[0-9])",
    r"(?P<number>[0-9]{3})",
)
_TREE = re.compile(rf"(?:.*/)?{_ACTOR}/(?:video/)?{_VIEW}/{_WORD}/{_LEVEL}/{_CLIP}", re.DOTALL)
_FLAT = (
    re.compile(rf"{_ACTOR}_{_LEVEL}_{_WORD}_{_CLIP}"),
    re.compile(rf"{_ACTOR}_{_VIEW}_{_WORD}_{_LEVEL}_{_CLIP}"),
    re.compile(rf"{_ACTOR}_{_WORD}_{_CLIP}"),
    re.compile(rf"{_ACTOR}_{_VIEW}_{_WORD}_{_CLIP}"),
)
_FOLDER = re.compile(r"[MW][0-9]{3}")
_LEVEL_FOLDER = re.compile(r"level_([0-9])")


def parse(path: str, root: str = "") -> dict:
    """Read a path by the grammar.

    Parameters
    ----------
    path : path below the root, with ``/``.
    root : the root; its folders are read where ``path`` starts below the
        actor's folder, so that ``M003/video/front`` may itself be the root;
        and for the camera of a flat name that says none.

    Returns
    -------
    dict : every column of the clip table but ``path`` and ``clip``.
    ``performance`` leaves the camera out: seven views share it.

    Raises
    ------
    FerError : the path breaks the grammar; the message says where.

    >>> parse("M003/video/left_30/fear/level_2/001.mp4")["performance"]
    'mead/M003/fearful-2-001'
    """
    stem, suffix = os.path.splitext(f"{root}/{path}" if root else path)
    name_only = stem.rsplit("/", 1)[-1]
    match = next(filter(None, (form.fullmatch(name_only) for form in _FLAT)), None) or _TREE.fullmatch(stem)
    if not match:
        raise FerError(
            f"{path!r} is neither ACTOR/video/VIEW/EXPRESSION/level_N/NNN nor ACTOR_level_N_EXPRESSION_NNN "
            "nor ACTOR_VIEW_EXPRESSION_level_N_NNN (the last two also without their level)"
        )
    if suffix.lower() not in VIDEO_SUFFIXES:
        raise FerError(f"{suffix!r} is not a video file's ending")
    found = {"view": "", **match.groupdict()}
    found["view"] = found["view"] or _view_above(path, root)
    level = int(found["level"]) if found.get("level") else _level_above(stem, found["word"])
    if found["view"] not in VIEWS:
        raise FerError(f"view {found['view']!r} is not one of {', '.join(VIEWS)}")
    if found["word"] not in EXPRESSIONS:
        raise FerError(f"expression {found['word']!r} is not one of {', '.join(EXPRESSIONS)}")
    if level not in LEVELS and found.get("level"):
        raise FerError(f"level {level} is not one of 1 to 3")
    if found["word"] == "neutral" and level != 1:
        raise FerError(f"neutral at level {level}; neutral was recorded at level 1 only")
    expression = EXPRESSIONS[found["word"]]
    return {
        "dataset": "mead",
        "actor": found["actor"],
        "sex": "male" if found["actor"][0] == "M" else "female",
        "expression": expression,
        "intensity": level,
        "view": found["view"],
        "channel": "speech",
        "modality": "audio-video",
        "statement": found["number"],
        "repetition": 1,
        "performance": f"mead/{found['actor']}/{expression}-{level}-{found['number']}",
    }


def name(row: Mapping[str, Any], suffix: str = ".mp4") -> str:
    """The path below the root that MEAD gives a row: the inverse of ``parse``.

    >>> name(parse("W009_level_1_happy_024.mp4"))
    'W009/video/front/happy/level_1/024.mp4'
    >>> name(parse("W009_happy_024.mp4"))  # no folder of MEAD is of an unknown level
    'W009_front_happy_024.mp4'
    """
    if row["expression"] not in _WORDS:
        raise invalid("expression", expected=f"one of {tuple(_WORDS)}", received=row["expression"])
    if row["view"] not in VIEWS:
        raise invalid("view", expected=f"one of {VIEWS}", received=row["view"])
    if row["intensity"] == 0:
        return f"{row['actor']}_{row['view']}_{_WORDS[row['expression']]}_{row['statement']}{suffix}"
    return (
        f"{row['actor']}/video/{row['view']}/{_WORDS[row['expression']]}/level_{row['intensity']}/"
        f"{row['statement']}{suffix}"
    )


def _view_above(path: str, root: str) -> str:
    """The camera that the nearest folder names, or the front.

    Of the root's own folders those count that lie in a camera's: elsewhere ``top`` may be anything.
    """
    for folder in reversed(path.split("/")[:-1]):
        if folder in VIEWS:
            return folder
    for folder in reversed(root.split("/")):
        if folder in VIEWS:
            return folder
        if folder not in EXPRESSIONS and not _LEVEL_FOLDER.fullmatch(folder):
            break
    return "front"


def _level_above(stem: str, word: str) -> int:
    """The level of a name without one: that of the nearest folder, neutral's only one, or 0, unknown."""
    for folder in reversed(stem.split("/")[:-1]):
        if (level := _level_of(folder)) in LEVELS:
            return level
    return 1 if word == "neutral" else 0


def _unknown_levels(rows: list[dict], _: list) -> list[ProblemRow]:
    """A row of the report for each clip whose level nothing says."""
    said = "neither the name nor a folder says the level (level_N)"
    return [(row["path"], "scan", "level", said, "kept; intensity 0: unknown") for row in rows if row["intensity"] == 0]


def _level_of(folder: str) -> int | str:
    match = _LEVEL_FOLDER.fullmatch(folder)
    return int(match[1]) if match else ""


#: What folders say by their names; a flat name may say another.
_SAYS = {
    "actor": lambda folder: folder if _FOLDER.fullmatch(folder) else "",
    "view": lambda folder: folder if folder in VIEWS else "",
    "expression": lambda folder: EXPRESSIONS.get(folder, ""),
    "intensity": _level_of,
}


def scan(root: str | os.PathLike) -> ClipTable:
    """The clip table of the MEAD files below ``root``; problems as in ``ravdess.scan``.

    A flat name that contradicts its folders in actor, camera, expression or
    level is believed, and a ``mismatch`` says so; a clip whose level nothing
    says is kept with intensity 0, and a ``level`` says so.
    """
    return scan_named("MEAD", root, parse, _SAYS, complete=_unknown_levels)
