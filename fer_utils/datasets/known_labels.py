"""Words on folders as labels, names that are nearly the same, and names of people that no other set has."""

from __future__ import annotations

import os
import re

from fer_utils.core.errors import invalid
from fer_utils.core.labels import canonical
from fer_utils.core.stages import stage
from fer_utils.core.tables import ClipTable, Problems

_NAME = re.compile(r"[^\s/\\]+")


@stage("folder_labels")
def with_known_labels(clips: ClipTable) -> ClipTable:
    """The same clips; an ``expression`` that is a known word for a label is now that label, as with a scheme.

    Where several words have become one label, as ``joy`` and ``happy``, ``.problems`` has a row (``labels``).  It also
    has one where labels, or actors (``actors``), differ in capital letters or spaces only: they are kept apart.
    """
    made = clips.copy()
    made["expression"] = [canonical(word) or word for word in clips["expression"]]
    words: dict[str, dict[str, str]] = {}
    for label, word, path in zip(made["expression"], clips["expression"], clips["path"], strict=True):
        words.setdefault(label, {}).setdefault(word, path)
    rows = [
        (
            os.path.dirname(str(list(some.values())[-1])),
            "scan",
            "labels",
            f"the words {', '.join(map(repr, some))} are one label here: {label}",
            "kept",
        )
        for label, some in words.items()
        if len(some) > 1
    ]
    rows += _alike(made, "expression", "labels") + _alike(made, "actor", "actors")
    made.problems = Problems.joined(clips.problems if clips.problems is not None else Problems.of(), Problems.of(rows))
    return made


def _alike(clips: ClipTable, column: str, kind: str) -> list[tuple[str, str, str, str, str]]:
    """A row of the report for each group of names that differ in capital letters or spaces only."""
    groups: dict[str, dict[str, str]] = {}
    for name, path in zip(clips[column], clips["path"], strict=True):
        if isinstance(name, str):  # a table of one's own may lack it
            groups.setdefault("".join(name.casefold().split()), {}).setdefault(name, path)
    return [
        (
            os.path.dirname(str(list(names.values())[-1])),
            "scan",
            kind,
            f"the {kind} {', '.join(map(repr, names))} differ in capital letters or spaces only",
            f"kept as {len(names)} {kind}; if they are one, rename the files or folders",
        )
        for names in groups.values()
        if len(names) > 1
    ]


def checked_name(name: str) -> str:
    """A name for a set; ``FerError`` for what is no text, or holds spaces or slashes."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise invalid("name", expected="a short name for this set, without spaces and slashes", received=name)
    return name


def with_name(clips: ClipTable, name: str) -> ClipTable:
    """The same clips; actors, clips and performances have the set's name before their own.

    So people of two folders who happen to be called alike stay two people where the tables are joined.
    """
    made = clips.copy()
    made["actor"] = [f"{name}/{actor}" if actor else "" for actor in clips["actor"]]
    made["clip"] = [f"{name}/{clip}" for clip in clips["clip"]]
    # A performance that is named after its file alone goes on to end with the clip's name, by which it is known.
    named = zip(clips["performance"], clips["clip"], made["clip"], strict=True)
    made["performance"] = [
        f"folder/{now}" if act.endswith(f"/{before}") else f"{name}/{act}" for act, before, now in named
    ]
    return made
