"""CREMA-D: 91 actors, twelve sentences, six expressions, 7,442 clips (Cao et al. 2014, doi 10.1109/TAFFC.2014.2336244).

A name is ``AAAA_SSS_EEE_LL``: actor 1001 to 1091, sentence, expression, and the
intensity that was asked for.  Only the sentence IEO was acted at three
intensities (LO, MD, HI), and neutral not even there; every other clip is XX,
unspecified.  The clips are public (github.com/CheyneyComputerScience/CREMA-D)
under the Open Database License 1.0, their contents under the DbCL 1.0.
"""

from __future__ import annotations

from collections.abc import Mapping
import csv
import os
import re
from typing import Any

from fer_utils.core.errors import FerError, invalid
from fer_utils.core.tables import ClipTable
from fer_utils.datasets.files import VIDEO_SUFFIXES, Found, ProblemRow, scan_named

ACTORS = tuple(str(number) for number in range(1001, 1092))
#: The sentences; IEO, 'It's eleven o'clock', is the one with three intensities.
STATEMENTS = ("DFA", "IEO", "IOM", "ITH", "ITS", "IWL", "IWW", "MTI", "TAI", "TIE", "TSI", "WSI")
EXPRESSIONS = {"ANG": "angry", "DIS": "disgust", "FEA": "fearful", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
#: 1 to 3 as in MEAD; 0 stands for unspecified, which is not the same as low.
INTENSITIES = {"XX": 0, "LO": 1, "MD": 2, "HI": 3}

#: Clips that the grammar gives and the published set never had, counted by actor and expression: 20 of
#: 7,462.  Counted in the names of processedResults/tabulatedVotes.csv at commit 1658cd34 of the repository.
GAPS: dict[tuple[str, str], int] = {
    ("1002", "neutral"): 1,
    ("1076", "neutral"): 1,
    **{(actor, expression): 1 for actor in ("1008", "1009", "1019") for expression in EXPRESSIONS.values()},
}

#: Who is who, in the repository's root: ActorID, Age, Sex, Race, Ethnicity.
DEMOGRAPHICS = "VideoDemographics.csv"

_CODES = {label: code for code, label in EXPRESSIONS.items()}
_LEVELS = {number: code for code, number in INTENSITIES.items()}
_NAME = re.compile(r"(?P<actor>[0-9]{4})_(?P<statement>[A-Z]{3})_(?P<code>[A-Z]{3})_(?P<level>[A-Z]{1,2})")


def levels(statement: str, expression: str) -> tuple[str, ...]:
    """The intensity codes that were recorded of a sentence with an expression.

    >>> levels("IEO", "angry"), levels("IEO", "neutral"), levels("DFA", "angry")
    (('LO', 'MD', 'HI'), ('XX',), ('XX',))
    """
    return ("LO", "MD", "HI") if statement == "IEO" and expression != "neutral" else ("XX",)


def parse(path: str, root: str = "") -> dict:
    """Read a file name by the grammar.

    Parameters
    ----------
    path : file name, or any path that ends in one; folders are not looked at.
    root : not used; every reader's ``parse`` takes it.

    Returns
    -------
    dict : every column of the clip table but ``path`` and ``clip``.
    ``intensity`` is 0 for XX (unspecified), 1 for LO, 2 for MD and 3 for HI.
    The name does not say the sex (see ``scan``).

    Raises
    ------
    FerError : the name breaks the grammar; the message says at which field.

    >>> parse("VideoFlash/1001_IEO_ANG_HI.flv")["performance"]
    'crema_d/1001/IEO-ANG-HI'
    """
    stem, suffix = os.path.splitext(path.rsplit("/", 1)[-1])
    match = _NAME.fullmatch(stem)
    if not match:
        raise FerError(f"{stem!r} is not ACTOR_SENTENCE_EXPRESSION_LEVEL, such as 1001_DFA_ANG_XX")
    if suffix.lower() not in VIDEO_SUFFIXES:
        raise FerError(f"{suffix!r} is not a video file's ending")
    actor, statement, code, level = match["actor"], match["statement"], match["code"], match["level"]
    if level == "X":  # the set's own slip: the sound of 1040_ITH_SAD_XX is published as 1040_ITH_SAD_X
        level = "XX"
    if actor not in ACTORS:
        raise FerError(f"actor {actor} in {stem!r} is not one of 1001 to 1091")
    for field, got, known in (
        ("sentence", statement, STATEMENTS),
        ("expression", code, EXPRESSIONS),
        ("level", level, INTENSITIES),
    ):
        if got not in known:
            raise FerError(f"{field} {got} in {stem!r} is not one of {', '.join(known)}")
    expression = EXPRESSIONS[code]
    if level not in levels(statement, expression):
        raise FerError(
            f"{stem!r} says level {level}; {statement} was recorded as {expression} "
            f"at {', '.join(levels(statement, expression))} only"
        )
    return {
        "dataset": "crema_d",
        "actor": actor,
        "sex": "",
        "expression": expression,
        "intensity": INTENSITIES[level],
        "view": "front",
        "channel": "speech",
        "modality": "audio-video",
        "statement": statement,
        "repetition": 1,
        "performance": f"crema_d/{actor}/{statement}-{code}-{level}",
    }


def name(row: Mapping[str, Any], suffix: str = ".flv") -> str:
    """The path below the root that CREMA-D gives a row: the inverse of ``parse``.

    >>> name(parse("1001_DFA_ANG_XX.mp4"))
    'VideoFlash/1001_DFA_ANG_XX.flv'
    """
    for column, known in (
        ("actor", ACTORS),
        ("statement", STATEMENTS),
        ("expression", tuple(_CODES)),
        ("intensity", tuple(_LEVELS)),
    ):
        if row[column] not in known:
            expected = "one of 1001 to 1091, as text" if column == "actor" else f"one of {known}"
            raise invalid(column, expected=expected, received=row[column])
    return (
        f"VideoFlash/{row['actor']}_{row['statement']}_{_CODES[row['expression']]}_{_LEVELS[row['intensity']]}{suffix}"
    )


def _sexes(files: list[Found], rows: list[dict]) -> tuple[dict[str, str], list[ProblemRow]]:
    """Actor to sex, from the first table that can be read, and the problems met."""
    problems: list[ProblemRow] = []
    for file in files:
        try:
            with open(file.path, encoding="utf-8-sig", newline="") as opened:
                said: dict[str, set[str]] = {}
                for row in csv.DictReader(opened):
                    actor, sex = ((row.get(column) or "").strip() for column in ("ActorID", "Sex"))
                    said.setdefault(actor, set()).add(sex.lower())
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            problems.append(
                (file.path, "scan", "demographics", f"the table of actors cannot be read: {error}", "sex left ''")
            )
            continue
        # Whom two rows call differently has none.
        alone = {actor: next(iter(words)) for actor, words in said.items() if len(words) == 1}
        sexes = {actor: sex for actor, sex in alone.items() if actor in ACTORS and sex in ("female", "male")}
        if sexes:
            absent = sorted({row["actor"] for row in rows} - set(sexes))
            if absent:
                who = f"{len(absent)} actor{'s' if len(absent) > 1 else ''} of these clips"
                what = f"no sex, two sexes, or another word than Female or Male for {who}: {', '.join(absent)}"
                problems.append((file.path, "scan", "demographics", what, "their sex left ''"))
            return sexes, problems
        problems.append(
            (
                file.path,
                "scan",
                "demographics",
                "it has no columns ActorID and Sex that name actors 1001 to 1091 as Female or Male",
                "sex left ''",
            )
        )
    return {}, problems


def _complete(rows: list[dict], files: list[Found]) -> list[ProblemRow]:
    sexes, problems = _sexes(files, rows)
    for row in rows:
        row["sex"] = sexes.get(row["actor"], "")
    return problems


def scan(root: str | os.PathLike) -> ClipTable:
    """The clip table of the CREMA-D files below ``root``; problems as in ``ravdess.scan``.

    ``sex`` comes from ``VideoDemographics.csv`` where that lies anywhere below
    the root, the one file that is opened; else it is ``""``.  A table that
    cannot be read is a problem (``demographics``), and so are actors whose sex it does not say.
    """
    return scan_named(
        "CREMA-D",
        root,
        parse,
        {"actor": lambda folder: folder if folder in ACTORS else ""},
        beside=DEMOGRAPHICS,
        complete=_complete,
    )
