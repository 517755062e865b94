"""Stored answers of the studies: computed once, kept with the package as small JSON.

    python -m fer_utils study                                     # which there are, which are stale, what anew costs
    python -m fer_utils study real_people --tier class --store    # answer one anew and keep it

A study may take hours; the book shows its stored answer, with the tier, the day, the machine and the commit, beside
what the reader's own run gives.  An answer names the stages that it passed with their versions
(`fer_utils.core.stages`), and is **stale** when one of them has another version today.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import datetime
import json
import os
from pathlib import Path
import time

from fer_utils.core import provenance, stages
from fer_utils.core.disk import check_folder, refusals_said
from fer_utils.core.errors import FerError, invalid
from fer_utils.core.markdown import code_span, literal
from fer_utils.core.paths import read_json, write_atomic
from fer_utils.studies import real_data, registry

#: Where the answers lie, as files of the package.
ANSWERS = Path(__file__).with_name("answers")
#: A smoke answer shows that the code runs and is not kept.
TIERS: tuple[str, ...] = ("class", "full")


@dataclass(frozen=True)
class StoredAnswer:
    """A stored answer and how it was made.

    Attributes
    ----------
    name, title : of the study.
    tier : ``class`` or ``full`` (``smoke`` is never stored).
    command : what makes it again.
    answer : what the study's ``answer`` returned.
    options : what it was asked besides; empty for what is stored.
    minutes : by the clock, without trainings that were stored before.
    processor_minutes : what all processors worked, the trainings that it rests on included.  For answers from before
        version 1 of the stages: minutes by the clock, each training having had one processor.
    trainings : how many trainings it rests on, and the minutes of those that were stored before; None where that was
        not written down.
    finished, commit, versions, hardware : when, by which code, with which packages, and on what.
    stages : stage -> version, of all the stages that it passed.
    """

    name: str
    title: str
    tier: str
    command: str
    answer: dict
    options: dict
    minutes: float
    processor_minutes: float
    trainings: dict[str, float] | None
    finished: str
    commit: str
    versions: dict[str, str]
    hardware: dict
    stages: dict[str, int]

    @property
    def newer(self) -> list[stages.Newer]:
        """The stages that have another version today than when the answer was computed, sorted."""
        return stages.newer(self.stages)

    @property
    def stale(self) -> bool:
        """Whether a stage that it passed has another version today."""
        return bool(self.newer)

    def note(self) -> str:
        """One sentence of Markdown: which tier, when, on what, by which command, and whether it is stale."""
        text = (
            f"*Stored answer {code_span(self.name)}, tier {code_span(self.tier)}: run on {literal(self.finished[:10])} "
            f"at commit {code_span(self.commit)} on {literal(provenance.hardware_in_words(self.hardware))}, "
            f"in {self.cost()}, by {code_span(self.command)}.*"
        )
        if self.stale:
            newer = "; ".join(str(one).replace(".)", ")") for one in self.newer)  # notes are sentences in brackets
            text += f" **Stale**: {literal(newer)}. Run the command to know what it gives now."
        return text

    def cost(self) -> str:
        """What computing it took, in words: processor-minutes, and whether trainings are among them."""
        text = _duration(self.processor_minutes)
        if self.trainings is None:
            return f"{text} (trainings that were stored before not counted)"
        if self.trainings["count"]:
            return f"{text} (trainings included)"
        return text

    def _repr_markdown_(self) -> str:
        return self.note()


def folder() -> Path:
    """Where the answers lie: in the package, as JSON."""
    return ANSWERS


def stored(study: str | None = None) -> list[tuple[str, str]]:
    """(name, tier) of every stored answer, in the order of `fer_utils.studies.available`.

    With ``study`` only of that one.
    """
    names = registry.available() if study is None else [study]
    return [(name, tier) for name in names for tier in TIERS if _file(name, tier).is_file()]


def load(name: str, tier: str | None = None) -> StoredAnswer:
    """A stored answer.

    Parameters
    ----------
    name : one of `fer_utils.studies.available`.
    tier : ``class`` or ``full``; None for the larger that is there.

    Raises
    ------
    FerError : no such study, none stored, or a file that is no stored answer.
    """
    registry.module(name)
    if tier is not None:
        wanted = _checked_tier(tier)
    else:
        wanted = next((larger for larger in reversed(TIERS) if _file(name, larger).is_file()), TIERS[0])
    file = _file(name, wanted)
    if not file.is_file():
        raise FerError(
            f"No answer of the study {name!r} at tier {wanted!r} is stored in {folder()}. "
            f"Run it: {_command(name, wanted)}"
        )
    stages.mark_answer(name)
    try:
        return StoredAnswer(**read_json(file))
    except (ValueError, TypeError) as error:
        raise FerError(
            f"{file} is no stored answer ({type(error).__name__}: {error}). Run it again: {_command(name, wanted)}"
        ) from error


def run(
    name: str,
    tier: str = "class",
    *,
    store: bool = False,
    progress: bool = True,
    real: Mapping[str, str] | None = None,
    **options,
) -> StoredAnswer:
    """Answer a study's question; with ``store`` keep the answer in the repository.

    Parameters
    ----------
    name : one of `fer_utils.studies.available`.
    tier : ``smoke``, ``class`` or ``full``.  The first is not stored.
    progress : bars on standard error.
    real : data set (``ravdess``, ``savee``, ``mead``) -> folder of real clips, in the place of the stand-ins; for
        ``paper_figures``, of which the panels of these sets are made; or one name -> face set for the studies of
        `fer_utils.studies.own_faces`, whose ``keep`` writes the answer beside it.  Such an answer is not stored here.
        A study that needs real pictures (``near_duplicates_real``, ``transfer``) is stored with all of its sets; where
        they lay is not.
    options : of the study's own ``answer``.  An answer to other options than the default is not stored.

    Raises
    ------
    FerError : no such study or tier; an answer that is not to be stored, said before the work begins; an answer that is
        no JSON.
    """
    made = registry.module(name)
    if tier not in ("smoke", *TIERS):
        raise invalid("tier", expected="smoke, class or full", received=tier)
    needed = real_data.sets_of(name)
    if needed and not real:
        raise invalid(
            "real",
            expected=f"folders of {', '.join(needed)}",
            received=real,
            remedy=f"They are not part of this package: {_command(name, 'class')}",
        )
    own = bool(needed) and set(real or ()) == set(needed)
    if store and (tier not in TIERS or options or (real and not own)):
        raise invalid(
            "store",
            expected="False at tier smoke, on clips and with options of your own",
            received=True,
            remedy=f"Only the study as it stands is kept: {_command(name, 'class')}",
        )
    if store:
        check_folder("store", folder(), what="the answer", remedy="run it in a checkout that you may write to.")
    began, began_computing, commit = time.monotonic(), _processor_seconds(), provenance.commit()
    if real is not None:
        real_data.check(name, real)
        folders = {dataset: str(folder) for dataset, folder in real.items()}
        asked = {**options, "real": folders}
    else:
        asked = options
    with stages.recording() as used:
        stages.mark(f"study.{name}")
        answer = made.answer(tier, progress=progress, **asked)
    passed = stages.versions(used.stages)
    for other in used.answers - {name}:  # what another stored answer rests on, this one rests on
        passed |= load(other).stages
    before = sum(used.trainings.values())
    try:
        text = json.dumps(answer, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise FerError(f"The study {name!r} gave an answer that JSON does not know ({error}).") from error
    found = StoredAnswer(
        name=name,
        title=made.TITLE,
        tier=tier,
        command=_command(name, tier),
        answer=json.loads(text),
        options=options if own else asked,
        minutes=round((time.monotonic() - began) / 60, 2),
        processor_minutes=round((_processor_seconds() - began_computing) / 60 + before, 2),
        trainings={"count": len(used.trainings), "minutes": round(before, 2)},
        finished=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        commit=commit,
        versions=provenance.versions(),
        hardware=provenance.hardware(),
        stages=dict(sorted(passed.items())),
    )
    if store:
        with refusals_said("The answer", "The trainings that it rests on are kept."):
            write_atomic(_file(name, tier), _text(found))
    return found


def train(
    name: str,
    tier: str = "class",
    *,
    minutes: float | None = None,
    rows: Iterable[str] | None = None,
    real: Mapping[str, str] | None = None,
    progress: bool = True,
) -> dict[str, list[int]]:
    """Train what a study of many trainings still lacks, and keep a record of each training with the package.

    Parameters
    ----------
    name, tier : as in `run`; a study whose module has `train`.
    minutes : above 0: no training is begun after so many; None for no limit.
    rows : names of the study's rows; None for all.
    real : data set -> folder, for a study whose data the reader brings (``fer2013``).

    Returns
    -------
    dict : row -> [trainings that are there, trainings that its numbers need].

    Raises
    ------
    FerError : no such study, row, tier or folder, one that trains all in `run`, or ``real`` for drawn data.
    """
    made = registry.module(name)
    if not hasattr(made, "train"):
        long = [one for one in registry.available() if hasattr(registry.module(one), "train")]
        raise invalid(
            "name", expected=f"a study whose trainings are recorded one by one: {', '.join(long)}", received=name
        )
    if minutes is not None and not (isinstance(minutes, (int, float)) and minutes > 0):
        raise invalid("minutes", expected="None or a number above 0", received=minutes)
    if tier not in TIERS:
        raise invalid("tier", expected=f"one of {', '.join(TIERS)}", received=tier)
    check_folder("store", folder(), what="the records", remedy="run it in a checkout that you may write to.")
    if real is None:
        return made.train(tier, minutes=minutes, rows=rows, progress=progress)
    if set(real) != {getattr(made, "NEEDS", None)}:
        needs = getattr(made, "NEEDS", None)
        expected = "None: this study trains on drawn faces" if needs is None else f"the folder of {needs} alone"
        raise invalid("real", expected=expected, received=sorted(real))
    real_data.check_folders(real)
    return made.train(tier, minutes=minutes, rows=rows, real=real, progress=progress)


def _processor_seconds() -> float:
    """What this process and the children that it has waited for have worked, over all processors."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _checked_tier(tier) -> str:
    if tier not in TIERS:
        raise invalid("tier", expected=f"None or one of {', '.join(TIERS)}", received=tier)
    return tier


def _command(name: str, tier: str) -> str:
    folders = "".join(f" --real {one}=FOLDER" for one in real_data.sets_of(name))
    return f"python -m fer_utils study {name} --tier {tier} --store{folders}"


def _file(name: str, tier: str) -> Path:
    return folder() / (f"{name}.json" if tier == TIERS[0] else f"{name}-{tier}.json")


def _text(found: StoredAnswer) -> str:
    return readable(vars(found))


def readable(value) -> str:
    """JSON that a person can read and a diff can show: lists and dicts that fit into a line stand in one."""
    return _lines(value, 0) + "\n"


def _lines(value, depth: int) -> str:
    short = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or not value or len(short) + depth <= 150:
        return short
    pad = " " * (depth + 1)
    if isinstance(value, dict):
        inner = [
            f"{pad}{json.dumps(key, ensure_ascii=False)}: {_lines(item, depth + 1)}" for key, item in value.items()
        ]
        return "{\n" + ",\n".join(inner) + "\n" + " " * depth + "}"
    if all(not isinstance(item, (dict, list)) for item in value):
        return short  # a long list of numbers
    return "[\n" + ",\n".join(pad + _lines(item, depth + 1) for item in value) + "\n" + " " * depth + "]"


def _duration(minutes: float) -> str:
    if minutes < 2:
        return f"{60 * minutes:.0f} processor-seconds"
    if minutes < 120:
        return f"{minutes:.0f} processor-minutes"
    return f"{minutes / 60:.1f} processor-hours"
