"""Who is seen in the picture sets that people bring: file names of KDEF, JAFFE, CK+ and CK+48.

Each scheme is a grammar.  ``parse`` reads a name by it, ``name`` writes one.
None of the sets may be passed on; each is had from its makers, by agreement.

==========  =====================  ==============================================================
``kdef``    ``AF01ANS.JPG``        session A or B, sex F or M, person 01 to 35, expression (AF AN DI
                                   HA NE SA SU), view (S straight, HL and HR half left and right, FL
                                   and FR full profile).  Sessions A and B show the same person, so
                                   the actor is ``F01``.  Lundqvist, Flykt & Ohman 1998.
``jaffe``   ``KA.AN1.39.tiff``     initials of one of ten women, expression (AN DI FE HA NE SA SU) and
                                   take, picture number.  Lyons et al. 1998, doi 10.1109/AFGR.1998.670949.
``ck+``     ``S010_004_00000019``  person, sequence, frame; the label is not in the name.  Lucey et al.
                                   2010, doi 10.1109/CVPRW.2010.5543262.
``ck48``    as ``ck+``             the popular copy at 48 x 48 pixels: three nearly equal frames of each
                                   sequence.  It shares actors and performances with ``ck+``.
==========  =====================  ==============================================================

Letters count in either case, because copies change it.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from fer_utils.core.errors import FerError, invalid


class Picture(NamedTuple):
    """What a picture's name says; what it does not say is ``""``.

    ``take`` counts acts of one person and expression, 1, 2, ...: KDEF's session,
    JAFFE's take; for CK+ it is 1.  ``number`` is JAFFE's picture number or CK+'s
    frame, ``sequence`` CK+'s.
    """

    actor: str
    sex: str = ""
    expression: str = ""
    view: str = ""
    take: int = 1
    sequence: str = ""
    number: int = 0


class Scheme(NamedTuple):
    """One grammar: how its names look, and whether they say the expression."""

    title: str
    example: str
    says: str
    names_expression: bool


SCHEMES: dict[str, Scheme] = {
    "ck+": Scheme("CK+", "S010_004_00000019.png", "person S and 3 digits, sequence of 3, frame of 8", False),
    "ck48": Scheme("CK+48", "S010_004_00000019.png", "person S and 3 digits, sequence of 3, frame of 8", False),
    "jaffe": Scheme("JAFFE", "KA.AN1.39.tiff", "initials, expression and take, picture number", True),
    "kdef": Scheme("KDEF", "AF01ANS.JPG", "session A or B, sex F or M, person 01 to 35, expression, view", True),
}

KDEF_EXPRESSIONS = {
    "AF": "fearful",
    "AN": "angry",
    "DI": "disgust",
    "HA": "happy",
    "NE": "neutral",
    "SA": "sad",
    "SU": "surprised",
}
#: In the words of KDEF: straight, half and full left and right profile.
KDEF_VIEWS = {"S": "front", "HL": "half_left", "HR": "half_right", "FL": "full_left", "FR": "full_right"}
JAFFE_ACTORS = ("KA", "KL", "KM", "KR", "MK", "NA", "NM", "TM", "UY", "YM")
JAFFE_EXPRESSIONS = {
    "AN": "angry",
    "DI": "disgust",
    "FE": "fearful",
    "HA": "happy",
    "NE": "neutral",
    "SA": "sad",
    "SU": "surprised",
}
_SEXES = {"F": "female", "M": "male"}
_SESSIONS = {"A": 1, "B": 2}

_CK = re.compile(r"S(?P<person>[0-9]{3})_(?P<sequence>[0-9]{3})_(?P<number>[0-9]{8})")
_GRAMMARS = {
    "ck+": _CK,
    "ck48": _CK,
    "jaffe": re.compile(
        rf"(?P<person>{'|'.join(JAFFE_ACTORS)})\.(?P<code>{'|'.join(JAFFE_EXPRESSIONS)})"
        r"(?P<take>[1-9])\.(?P<number>[1-9][0-9]{0,2})"
    ),
    "kdef": re.compile(
        rf"(?P<session>[AB])(?P<sex>[FM])(?P<person>0[1-9]|[12][0-9]|3[0-5])"
        rf"(?P<code>{'|'.join(KDEF_EXPRESSIONS)})(?P<view>{'|'.join(KDEF_VIEWS)})"
    ),
}


def _known(scheme: str) -> str:
    if not isinstance(scheme, str) or scheme not in SCHEMES:
        raise invalid("scheme", expected=f"one of {tuple(SCHEMES)}", received=scheme)
    return scheme


def parse(scheme: str, path: str) -> Picture:
    """Read a picture's name by a scheme.

    Parameters
    ----------
    scheme : a name in ``SCHEMES``.
    path : file name with its ending, or any path that ends in one.

    Raises
    ------
    FerError : the scheme is unknown, or the name breaks it.

    >>> parse("kdef", "AF01/AF01ANHL.JPG")
    Picture(actor='F01', sex='female', expression='angry', view='half_left', take=1, sequence='', number=0)
    """
    stem = os.path.splitext(path.rsplit("/", 1)[-1])[0]
    match = _GRAMMARS[_known(scheme)].fullmatch(stem.upper()) if stem.isascii() else None
    if not match:
        kind = SCHEMES[scheme]
        raise FerError(f"{stem!r} is no {kind.title} name ({kind.says}), such as {kind.example}")
    if scheme == "kdef":
        return Picture(
            match["sex"] + match["person"],
            _SEXES[match["sex"]],
            KDEF_EXPRESSIONS[match["code"]],
            KDEF_VIEWS[match["view"]],
            _SESSIONS[match["session"]],
        )
    if scheme == "jaffe":
        return Picture(
            match["person"],
            "female",
            JAFFE_EXPRESSIONS[match["code"]],
            "front",
            int(match["take"]),
            number=int(match["number"]),
        )
    return Picture(f"S{match['person']}", sequence=match["sequence"], number=int(match["number"]))


def _code(codes: dict, value: str | int, argument: str) -> str:
    for code, meaning in codes.items():
        if meaning == value:
            return code
    raise invalid(argument, expected=f"one of {tuple(codes.values())}", received=value)


def name(scheme: str, picture: Picture) -> str:
    """The name that a scheme gives a picture: the inverse of ``parse``.

    >>> name("ck+", Picture("S010", sequence="004", number=19))
    'S010_004_00000019.png'
    """
    _known(scheme)
    if scheme == "kdef":
        written = (
            _code(_SESSIONS, picture.take, "take")
            + picture.actor
            + _code(KDEF_EXPRESSIONS, picture.expression, "expression")
            + _code(KDEF_VIEWS, picture.view, "view")
            + ".JPG"
        )
    elif scheme == "jaffe":
        code = _code(JAFFE_EXPRESSIONS, picture.expression, "expression")
        written = f"{picture.actor}.{code}{picture.take}.{picture.number}.tiff"
    else:
        written = f"{picture.actor}_{picture.sequence}_{picture.number:08d}.png"
    if parse(scheme, written) != picture:
        raise invalid("picture", expected=f"what a {SCHEMES[scheme].title} name can say", received=picture)
    return written


def performance(scheme: str, picture: Picture) -> str:
    """The act that a picture shows, the same for every picture of it.

    The frames of one CK+ sequence share theirs, in ``ck+`` and ``ck48`` alike;
    so do KDEF's five views of one session and expression.

    >>> performance("ck48", parse("ck48", "S010_004_00000019.png"))
    'ck+/S010/004'
    """
    if _known(scheme) in ("ck+", "ck48"):
        return f"ck+/{picture.actor}/{picture.sequence}"
    return f"{scheme}/{picture.actor}/{picture.expression}-{picture.take}"
