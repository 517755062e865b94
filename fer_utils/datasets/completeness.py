"""What of a data set is there: against its known counts, actor by actor and expression by expression.

RAVDESS has 24 actors; each spoke 60 clips and, but for actor 18, sang 44, and
each clip is there with and without sound (Livingstone & Russo 2018, doi
10.1371/journal.pone.0196391).  SAVEE has four actors of 120 clips.  CREMA-D has
7,442 clips of 91 actors: 82 each, less the 20 that were never published.  MEAD
fixes no number of clips, so what counts there is whether each actor has each
expression at each level before each camera.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from fer_utils.core import labels
from fer_utils.core.errors import FerError, invalid
from fer_utils.datasets import crema_d, mead, ravdess, savee

_SHOWN = 3  # names that the short text lists before it only counts


class _Set(NamedTuple):
    """What is known about a data set.

    ``parts`` : every part, such as ``speech, video-only``, and its actors, or
    ``None`` where they are not fixed.  ``part_of`` : a row's part.
    ``unit`` : from a row's name to the thing that is counted.
    ``expected`` : from (part, actor, the rows there are) to the rows that should be.
    ``gaps`` : what was never published, by (actor, expression).
    """

    reader: Any
    thing: str
    parts: dict[str, tuple[str, ...] | None]
    part_of: Callable[[Mapping], str]
    unit: Callable[[str], str]
    expected: Callable[[str, str, pd.DataFrame], Iterable[Mapping]]
    gaps: Mapping[tuple[str, str], int]


#: RAVDESS's song: no disgust, no surprise; and actor 18 did not sing.
_SUNG = labels.RAVDESS[:6]
_SINGERS = tuple(actor for actor in ravdess.ACTORS if actor != "18")


def _ravdess(part: str, actor: str, rows: pd.DataFrame) -> Iterable[Mapping]:
    channel, modality = part.split(", ")
    for expression in _SUNG if channel == "song" else labels.RAVDESS:
        for intensity in (1,) if expression == "neutral" else (1, 2):
            for statement in ravdess.STATEMENTS:
                for repetition in ravdess.REPETITIONS.values():
                    yield {
                        "modality": modality,
                        "channel": channel,
                        "expression": expression,
                        "intensity": intensity,
                        "statement": statement,
                        "repetition": repetition,
                        "actor": actor,
                    }


def _savee(part: str, actor: str, rows: pd.DataFrame) -> Iterable[Mapping]:
    for expression in labels.SAVEE:
        for number in range(1, savee.sentences(expression) + 1):
            yield {"actor": actor, "expression": expression, "statement": f"{number:02d}"}


def _crema_d(part: str, actor: str, rows: pd.DataFrame) -> Iterable[Mapping]:
    for statement in crema_d.STATEMENTS:
        for expression in labels.CREMA_D:
            for level in crema_d.levels(statement, expression):
                yield {
                    "actor": actor,
                    "statement": statement,
                    "expression": expression,
                    "intensity": crema_d.INTENSITIES[level],
                }


def _mead(part: str, actor: str, rows: pd.DataFrame) -> Iterable[Mapping]:
    levels = set(rows["intensity"])  # 0, unknown, is none of the set's
    views = set(rows.loc[rows["actor"] == actor, "view"])
    for view in filter(views.__contains__, mead.VIEWS):
        for expression in labels.MEAD:
            for level in (1,) if expression == "neutral" else mead.LEVELS:
                if level in levels:
                    yield {
                        "actor": actor,
                        "view": view,
                        "expression": expression,
                        "intensity": level,
                        "statement": "000",
                    }


_SETS: dict[str, _Set] = {
    "crema_d": _Set(crema_d, "clip", {"": crema_d.ACTORS}, lambda row: "", str, _crema_d, crema_d.GAPS),
    "mead": _Set(mead, "folder", {"": None}, lambda row: "", lambda name: name.rpartition("/")[0], _mead, {}),
    "ravdess": _Set(
        ravdess,
        "clip",
        {
            f"{channel}, {modality}": ravdess.ACTORS if channel == "speech" else _SINGERS
            for channel in ("speech", "song")
            for modality in ("video-only", "audio-video")
        },
        lambda row: f"{row['channel']}, {row['modality']}",
        str,
        _ravdess,
        {},
    ),
    "savee": _Set(savee, "clip", {"": savee.ACTORS}, lambda row: "", str, _savee, {}),
}


@dataclass(frozen=True, eq=False)
class Completeness:
    """What of a data set is there.

    ``dataset``    whose counts these are
    ``table``      a DataFrame, one row an actor and expression: ``actor``,
                   ``expression``, ``found``, ``expected``, ``missing``, ``twice``.
                   It counts clips, for MEAD folders (one a view, expression and
                   level).  Its actors are those that are there at all.
    ``parts``      a DataFrame, one row a part of the data set that is there, such as
                   RAVDESS's ``speech, video-only``: ``part``, ``actors`` in words
                   (``actors 01-03 of 24``), and of these ``found`` and ``expected``
    ``missing``    the names that the data set would give to what the actors that are
                   there lack; for MEAD the folders.  CREMA-D's own gaps are
                   known as counts, so where more than they are missing all
                   absent names of that actor and expression are listed
    ``repeated``   the names of what is there more than once
    ``unexpected`` the names of what the grammar allows and the data set never had
    ``partial``    sentences: which actors, parts, levels or cameras are not there
    ``complete``   nothing is missing in the parts that are there, and no actor of theirs
    """

    dataset: str
    table: pd.DataFrame
    parts: pd.DataFrame
    missing: tuple[str, ...]
    repeated: tuple[str, ...]
    unexpected: tuple[str, ...]
    partial: tuple[str, ...]
    complete: bool

    def __str__(self) -> str:
        thing = _SETS[self.dataset].thing
        if self.complete:
            verdict = "complete in what is there" if self.partial else "complete"
        else:
            verdict = (
                "not complete" if self.missing or not len(self.parts) else "in part, and nothing is missing of that"
            )
        lines = [f"{self.dataset}: {verdict}"]
        for row in self.parts.itertuples(index=False):
            start = f"{row.part!s}: " if row.part else ""
            lines.append(f"  {start}{row.actors}, {row.found:,} of {row.expected:,} {thing}s")
        lines += [f"  {sentence}" for sentence in self.partial]
        for words, names in (
            ("missing", self.missing),
            ("there twice", self.repeated),
            ("not in the published set", self.unexpected),
        ):
            if names:
                more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
                lines.append(f"  {words} ({len(names):,}): {', '.join(names[:_SHOWN])}{more}")
        return "\n".join(lines)

    __repr__ = __str__


def _some(there: Iterable[str], every: tuple[str, ...] | None) -> str:
    """Actors in words.

    >>> _some({"02", "01", "03"}, ravdess.ACTORS), _some({"KL"}, savee.ACTORS), _some({"M003"}, None)
    ('actors 01-03 of 24', 'actor KL of 4', 'actor M003')
    """
    listed = [actor for actor in every if actor in there] if every else sorted(there)
    if not listed:
        return f"no actor{f' of {len(every)}' if every else ''}"
    runs: list[list[str]] = []
    for actor in listed:
        after = runs and actor.isdigit() and int(runs[-1][-1]) + 1 == int(actor)
        runs[-1].append(actor) if after else runs.append([actor])
    words = [text for run in runs for text in ([f"{run[0]}-{run[-1]}"] if len(run) > 2 else run)]
    if len(words) > 8:
        words = [*words[:7], f"... ({len(listed)} in all)"]
    return f"actor{'s' if len(listed) != 1 else ''} {', '.join(words)}{f' of {len(every)}' if every else ''}"


def _not_all(there: set, every: tuple, what: str) -> list[str]:
    some = [str(value) for value in every if value in there]
    return [f"{what}: {', '.join(some)}; the set has {len(every)}"] if len(some) < len(every) else []


def _partial(dataset: str, rows: pd.DataFrame, here: dict[str, set[str]]) -> list[str]:
    """What is there only in part, in words; the actors of each part are said with it."""
    absent = [part for part in _SETS[dataset].parts if part not in here]
    said = [f"not there: {'; '.join(absent)}"] if absent and here else []
    if dataset == "mead" and len(rows):
        said += _not_all(set(rows["intensity"]), mead.LEVELS, "levels")
        said += _not_all(set(rows["view"]), mead.VIEWS, "views")
        for actor, group in rows.groupby("actor"):
            if set(group["view"]) != set(rows["view"]):
                said += _not_all(set(group["view"]), mead.VIEWS, f"views of {actor}")
    return said


def _repeated_in(problems: Any, known: _Set, names: set[str]) -> list[tuple[str, dict]]:
    """Names and rows of what ``scan`` left out because it was there already."""
    found = []
    if isinstance(problems, pd.DataFrame) and {"kind", "path"} <= set(problems.columns):
        for path in pd.DataFrame(problems).loc[lambda table: table["kind"] == "duplicate", "path"]:
            try:
                row = known.reader.parse(path)
            except FerError:
                continue
            if (name := known.reader.name(row)) in names:
                found.append((name, row))
    return found


def _whose(clips: pd.DataFrame, dataset: str | None) -> str:
    checked = tuple(_SETS)
    if not isinstance(clips, pd.DataFrame) or "dataset" not in clips.columns:
        raise invalid("clips", expected="the clip table that datasets.scan(...) returns", received=type(clips).__name__)
    named = sorted(set(clips["dataset"]))
    if dataset is None and len(named) != 1:
        raise invalid(
            "clips",
            expected="clips of one data set",
            received=named,
            remedy="Say which: check(clips, dataset=...); an empty table does not tell.",
        )
    dataset = named[0] if dataset is None else dataset
    if dataset not in checked:
        raise invalid("dataset", expected=f"one of {checked}, whose counts are known", received=dataset)
    if named not in ([], [dataset]):
        raise invalid("clips", expected=f"clips of {dataset!r} only", received=named)
    return dataset


def available() -> tuple[str, ...]:
    """The data sets whose counts are known, in alphabetical order."""
    return tuple(sorted(_SETS))


def check(clips: pd.DataFrame, *, dataset: str | None = None) -> Completeness:
    """Compare a clip table with what its data set is known to hold.

    Parameters
    ----------
    clips : a clip table of ``scan``; what it reports as ``duplicate`` in
        ``.problems`` counts as there twice.
    dataset : whose counts; needed for an empty table only.

    Returns
    -------
    Completeness.  It speaks about the parts that are there (of RAVDESS, speech
    or song, with or without sound; of MEAD, levels and, actor by actor, views)
    and about the actors that are there, and says in words which are not.

    Raises
    ------
    FerError : ``clips`` is no clip table, holds several data sets, or one
    without known counts (``folder``).
    """
    dataset = _whose(clips, dataset)
    known = _SETS[dataset]
    rows = pd.DataFrame(clips)
    records = rows.to_dict("records")
    names = [known.reader.name(row) for row in records]
    copies = Counter(names)
    twice = [(name, row) for name, row in zip(names, records, strict=True) if copies[name] > 1]
    twice += _repeated_in(getattr(clips, "problems", None), known, set(names))
    repeated = {name: (row["actor"], row["expression"]) for name, row in twice}

    units: dict[str, tuple[str, str, str]] = {}
    here: dict[str, set[str]] = {}
    for name, row in zip(names, records, strict=True):
        part = known.part_of(row)
        units[known.unit(name)] = (part, row["actor"], row["expression"])
        here.setdefault(part, set()).add(row["actor"])

    wanted: dict[str, tuple[str, str, str]] = {}
    summary = []
    missing: list[str] = []
    counts: dict[tuple[str, str], Counter] = {}
    complete = bool(here)
    for part, actors in known.parts.items():
        if part not in here:
            continue
        if actors is not None:  # actor 18 in a song: not in the published set, so nothing is due
            here[part] &= set(actors)
        found = expected = 0
        complete = complete and (actors is None or here[part] >= set(actors))
        for actor in sorted(here[part]):
            cells: dict[str, list[str]] = {}
            for row in known.expected(part, actor, rows):
                unit = known.unit(known.reader.name(row))
                wanted[unit] = (part, actor, row["expression"])
                cells.setdefault(row["expression"], []).append(unit)
            for expression, units_of in cells.items():
                absent = [unit for unit in units_of if unit not in units]
                due = len(units_of) - known.gaps.get((actor, expression), 0)
                there = len(units_of) - len(absent)
                lacking = max(0, due - there)
                expected += due
                found += there
                complete = complete and not lacking
                counts.setdefault((actor, expression), Counter()).update(found=there, expected=due, missing=lacking)
                missing += absent if lacking else []
        summary.append((part, _some(here[part], actors), found, expected))
    for cell in repeated.values():
        counts.setdefault(cell, Counter())["twice"] += 1

    unexpected = tuple(sorted(unit for unit in units if unit not in wanted))
    order = {expression: place for place, expression in enumerate(labels.VOCABULARIES[dataset])}
    table = pd.DataFrame(
        [
            (
                actor,
                expression,
                *(counts[actor, expression][column] for column in ("found", "expected", "missing", "twice")),
            )
            for actor, expression in sorted(counts, key=lambda cell: (cell[0], order[cell[1]]))
        ],
        columns=["actor", "expression", "found", "expected", "missing", "twice"],
    )
    parts = pd.DataFrame(summary, columns=["part", "actors", "found", "expected"])
    partial = _partial(dataset, rows, here) if here else ["nothing is there"]
    return Completeness(
        dataset, table, parts, tuple(missing), tuple(sorted(repeated)), unexpected, tuple(partial), complete
    )
