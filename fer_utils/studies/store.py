"""Stored results: answers that were computed once and lie in the repository as small JSON.

    python -m fer_utils study                                     # which there are, and which are stale
    python -m fer_utils study real_people --tier class --store    # answer one anew and keep it

A study (`fer_utils.studies`) may take hours; the book shows its stored answer, with
the tier, the day, the machine and the commit, beside what the reader's own run
gives.  An answer whose code has changed since is **stale**, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
import contextlib
from dataclasses import dataclass
import datetime
import json
from pathlib import Path
import time

from fer_utils.core import provenance
from fer_utils.core.errors import FerError, invalid
from fer_utils.core.paths import write_atomic
from fer_utils.studies import real_data, registry

#: Where the answers lie, as files of the package.
ANSWERS = Path(__file__).with_name("answers")
#: A smoke answer shows that the code runs and is not kept.
TIERS: tuple[str, ...] = ("class", "full")


@dataclass(frozen=True)
class Stored:
    """A stored answer and how it was made.

    ``answer`` is what the study's ``answer`` returned; ``code`` maps each source
    file that decides it to a digest; ``command`` makes it again.
    """

    name: str
    title: str
    tier: str
    command: str
    answer: dict
    options: dict
    minutes: float
    finished: str
    commit: str
    versions: dict[str, str]
    hardware: dict
    code: dict[str, str]

    @property
    def changed(self) -> list[str]:
        """The source files that are other than when the answer was computed, sorted."""
        now = code_of(self.name)
        return sorted(name for name in {*self.code, *now} if self.code.get(name) != now.get(name))

    @property
    def stale(self) -> bool:
        """Whether the code that decides the answer has changed since; comments and docstrings do not count."""
        return bool(self.changed)

    def note(self) -> str:
        """One sentence of Markdown: which tier, when, on what, by which command, and whether it is stale."""
        changed = self.changed
        trained = ", not counting trainings that were stored before," if "train.py" in self.code else ""
        text = (
            f"*Stored result `{self.name}`, tier `{self.tier}`: run on {self.finished[:10]} at commit `{self.commit}` in "
            f"{_duration(self.minutes)}{trained} on {provenance.hardware_in_words(self.hardware)}, by `{self.command}`.*"
        )
        if changed:
            text += (
                f" **Stale**: {', '.join(f'`{name}`' for name in changed[:4])}{' and others' if len(changed) > 4 else ''} "
                "changed since; run the command to know what they give now."
            )
        return text

    def _repr_markdown_(self) -> str:
        return self.note()


def code_of(name: str) -> dict[str, str]:
    """The source files that decide a study's answer, by path within the package, each with a digest."""
    made = registry.module(name)
    return provenance.digests([registry.module(name).__name__, *made.CODE])


def folder() -> Path:
    """Where the answers lie: in the package, as JSON."""
    return ANSWERS


def stored(study: str | None = None) -> list[tuple[str, str]]:
    """(name, tier) of every stored answer, in the order of `fer_utils.studies.available`; with ``study`` of that one."""
    names = registry.available() if study is None else [study]
    return [(name, tier) for name in names for tier in TIERS if _file(name, tier).is_file()]


def load(name: str, tier: str | None = None) -> Stored:
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
    wanted = (
        _checked_tier(tier)
        if tier is not None
        else next((t for t in TIERS[::-1] if _file(name, t).is_file()), TIERS[0])
    )
    file = _file(name, wanted)
    if not file.is_file():
        raise FerError(
            f"No answer of the study {name!r} at tier {wanted!r} is stored in {folder()}. Run it: {_command(name, wanted)}"
        )
    try:
        return Stored(**json.loads(file.read_text(encoding="utf-8")))
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
) -> Stored:
    """Answer a study's question; with ``store`` keep the answer in the repository.

    Parameters
    ----------
    name : one of `fer_utils.studies.available`.
    tier : ``smoke``, ``class`` or ``full``.  The first is not stored.
    progress : bars on standard error.
    real : data set (``ravdess``, ``savee``, ``mead``) -> folder of real clips, in the place of the stand-ins; for ``paper_figures``, of which the
        panels of these sets are made.  Such an answer is not stored here.
    options : of the study's own ``answer``.  An answer to other options than the default is not stored.

    Raises
    ------
    FerError : no such study or tier; an answer that is not to be stored, said before the work begins; an answer that is no JSON.
    """
    made = registry.module(name)
    if tier not in ("smoke", *TIERS):
        raise invalid("tier", expected="smoke, class or full", received=tier)
    if store and (tier not in TIERS or options or real):
        raise invalid(
            "store",
            expected="False at tier smoke, on clips and with options of your own",
            received=True,
            remedy=f"Only the study as it stands is kept: {_command(name, 'class')}",
        )
    began, code, commit = time.monotonic(), code_of(name), provenance.commit()
    with contextlib.nullcontext() if real is None else real_data.on(made, name, real):
        if real is not None:
            options = {"panels": real_data.panels(made, real)} | options
        answer = made.answer(tier, progress=progress, **options)
    try:
        text = json.dumps(answer, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise FerError(f"The study {name!r} gave an answer that JSON does not know ({error}).") from error
    found = Stored(
        name=name,
        title=made.TITLE,
        tier=tier,
        command=_command(name, tier),
        answer=json.loads(text),
        options=options
        | ({} if real is None else {"real": {dataset: str(folder) for dataset, folder in real.items()}}),
        minutes=round((time.monotonic() - began) / 60, 2),
        finished=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        commit=commit,
        versions=provenance.versions(),
        hardware=provenance.hardware(),
        code=code,
    )
    if store:
        write_atomic(_file(name, tier), _text(found))
    return found


def _checked_tier(tier) -> str:
    if tier not in TIERS:
        raise invalid("tier", expected=f"None or one of {', '.join(TIERS)}", received=tier)
    return tier


def _command(name: str, tier: str) -> str:
    return f"python -m fer_utils study {name} --tier {tier} --store"


def _file(name: str, tier: str) -> Path:
    return folder() / (f"{name}.json" if tier == TIERS[0] else f"{name}-{tier}.json")


def _text(found: Stored) -> str:
    """JSON that a person can read and a diff can show: lists and dicts that fit into a line stand in one."""
    return _lines(vars(found), 0) + "\n"


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
    return (
        f"{60 * minutes:.0f} seconds"
        if minutes < 2
        else f"{minutes:.0f} minutes"
        if minutes < 120
        else f"{minutes / 60:.1f} hours"
    )
