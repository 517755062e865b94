"""RAVDESS from its public record, actor by actor.

pooch, which fetches the small tables of `features`, cannot go on with a file
that broke off, and an actor is half a gigabyte.  So zips are fetched with the
standard library's urllib and HTTP's Range (`zenodo.fetch_whole`).
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
import json
import os
from pathlib import Path
import re
import sys
from typing import Any

from tqdm import tqdm

from fer_utils.core.errors import FerError, invalid
from fer_utils.core.paths import read_json, write_atomic
from fer_utils.core.tables import Problems
from fer_utils.datasets import archives, connection, ravdess
from fer_utils.datasets.access import CITATION, LICENCE
from fer_utils.datasets.archives import size
from fer_utils.datasets.files import ProblemRow, absolute
from fer_utils.datasets.zenodo import RECORD, UnreachableError, Zip, fetch_whole, length, listed_files, wanted_zips

_PARTS = ".download"


@dataclass(frozen=True, eq=False)
class Download:
    """What a call of `download_ravdess` came to.

    ``actors`` are those asked for, ``there`` those that are now whole on disk,
    ``fetched`` those of them that this call brought; ``problems`` is the report.
    """

    root: Path
    channel: str
    actors: tuple[str, ...]
    there: tuple[str, ...]
    fetched: tuple[str, ...]
    problems: Problems

    @property
    def missing(self) -> tuple[str, ...]:
        """The actors that were asked for and are not there."""
        return tuple(actor for actor in self.actors if actor not in self.there)

    def __repr__(self) -> str:
        lines = [
            f"RAVDESS {self.channel} in {self.root}: {len(self.there)} of {len(self.actors)} actors, "
            f"{len(self.fetched)} fetched now"
        ]
        if self.missing:
            lines.append(f"missing: {', '.join(self.missing)}; the same call tries again")
        return "\n".join([*lines, self.problems.summary()])


def download_ravdess(
    root: str | os.PathLike,
    *,
    actors: Iterable | None = None,
    channel: str = "speech",
    progress: bool = True,
    record: str = RECORD,
) -> Download:
    """Download RAVDESS's videos from their public record, actor by actor, and unpack them.

    The licence, and what will be fetched and how large it is, are printed to
    standard error; nothing is asked.  An actor is a zip of about 0.55 GB with 120
    clips of speech, all 24 about 13 GB.  A zip that broke off is gone on with, by
    this call or the next; it is held to the record's checksum, unpacked into
    ``Actor_NN`` (see `archives.unpack`) and removed.  Actors that are there are
    skipped, without a network if all are.  One call at a time for a folder.

    Parameters
    ----------
    root : the folder that gets the folders ``Actor_NN``; made if it is not there.
    actors : numbers from 1 to 24, or texts such as ``"01"``; None for all.
    channel : ``"speech"`` or ``"song"`` (actor 18 did not sing).
    progress : show a bar of bytes.
    record : the record's address, for a mirror of it; JSON with ``files``, each
        with ``key``, ``size``, ``checksum`` (``md5:...``) and ``links.self``.

    Returns
    -------
    Download.  Rows of ``.problems``, by kind: ``missing`` (not in the record, or
    no longer on the server), ``unreachable`` (the connection broke off for good;
    what came is kept), ``not tried`` (after such a one), ``checksum`` (both sums;
    what came is removed), ``not a folder`` (something else has an actor's name),
    ``bomb``, ``unsafe``, ``name``, ``duplicate``, ``unreadable`` and ``different`` (of
    archives), ``unchecked`` (an actor's clips are all there and were not brought by
    this function).

    Raises
    ------
    FerError : a bad argument; a record that cannot be reached or read; too little
    room, with the bytes needed (the zips unpacked and the largest zip beside them)
    and free, before anything is fetched.
    """
    base = absolute(root)
    if os.path.lexists(base) and not os.path.isdir(base):  # a file, or a link that leads nowhere
        raise invalid("root", expected="a folder, or a path where one can be made", received=str(base))
    if channel not in ("speech", "song"):
        raise invalid("channel", expected="'speech' or 'song'", received=channel)
    if not isinstance(record, str) or not re.match(r"https?://", record):
        raise invalid("record", expected="an address that starts with https:// or http://", received=record)
    chosen = _chosen(actors, channel)
    problems: list[ProblemRow] = []
    there = [actor for actor in chosen if _finished(base, actor, channel, record, problems)]
    todo = [actor for actor in chosen if actor not in there]
    fetched: list[str] = []
    if todo:
        zips = wanted_zips(listed_files(record), record, todo, channel, problems)
        _announce(zips, base, channel)
        parts = base / _PARTS
        if zips:
            waiting = sum(length(parts / f"{zip_.key}.part") for zip_ in zips)
            archives.room(
                base / "Actor_NN",
                max(sum(z.size for z in zips) + max(z.size for z in zips) - waiting, 0),
                f"for {len(zips)} actor{'s' if len(zips) > 1 else ''}",
            )
            try:
                parts.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise invalid(
                    "root",
                    expected="a folder that can be written to",
                    received=str(base),
                    remedy=f"{parts} cannot be made: {error.strerror}",
                ) from error
            _fetch_all(zips, base, channel, record, progress, fetched, problems)
            with suppress(OSError):  # not empty: a part of a zip is kept for the next call
                parts.rmdir()
    whole = tuple(actor for actor in chosen if actor in there or actor in fetched)
    return Download(base, channel, chosen, whole, tuple(fetched), Problems.of(problems))


def _chosen(actors: Any, channel: str) -> tuple[str, ...]:
    if actors is None:
        return tuple(actor for actor in ravdess.ACTORS if (channel, actor) != ("song", "18"))
    expected = "None, or a list of actors: numbers from 1 to 24, or texts from '01' to '24'"
    if isinstance(actors, (str, bytes)) or not isinstance(actors, Iterable):
        raise invalid("actors", expected=expected, received=actors)
    listed = list(actors)
    codes = [code for one in listed if (code := _code_of(one)) in ravdess.ACTORS]
    if not codes or len(codes) < len(listed):
        raise invalid("actors", expected=expected, received=listed)
    return tuple(sorted(set(codes)))


def _code_of(actor: Any) -> str | None:
    """An actor's two digits; None for what is neither a text nor a whole number."""
    if isinstance(actor, str):
        return actor
    if hasattr(actor, "__index__") and not isinstance(actor, bool):
        return f"{actor:02d}"
    return None


def _seal(base: Path, actor: str, channel: str) -> Path:
    """The file that says an actor is whole; written last."""
    return base / f"Actor_{actor}" / f".ravdess-{channel}.json"


def _finished(base: Path, actor: str, channel: str, record: str, problems: list[ProblemRow]) -> bool:
    """Whether an actor is there, by what was written when it was unpacked or by the clips themselves."""
    folder = base / f"Actor_{actor}"

    def bytes_of(name: str) -> int:
        try:
            return (folder / name).stat().st_size
        except OSError:
            return -1

    try:
        written = read_json(_seal(base, actor, channel))
        rows = [(str(a), str(b), str(c), str(d), str(e)) for a, b, c, d, e in written["problems"]]
        if (
            written["record"] == record
            and written["clips"]
            and all(bytes_of(n) == s for n, s in written["clips"].items())
        ):
            problems += rows
            return True
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    names = _all_clips(actor, channel)
    if names and all(bytes_of(name) > 0 for name in names):
        problems.append(
            (
                str(folder),
                "download",
                "unchecked",
                f"all {len(names)} clips of {channel} are there and were not "
                "brought by this function, so no checksum was asked of them",
                "kept; not downloaded",
            )
        )
        return True
    return False


def _all_clips(actor: str, channel: str) -> list[str]:
    """The names of all an actor's videos, each as 01- and as 02-.

    Speech has 60 performances, song 44, and none of actor 18.
    """
    if (channel, actor) == ("song", "18"):
        return []
    code = "01" if channel == "speech" else "02"
    return [
        f"{modality}-{code}-{emotion:02d}-{intensity:02d}-{statement}-{repetition:02d}-{actor}.mp4"
        for modality in ("01", "02")
        for emotion in range(1, 9 if channel == "speech" else 7)
        for intensity in ((1,) if emotion == 1 else (1, 2))
        for statement in ravdess.STATEMENTS
        for repetition in (1, 2)
    ]


def _announce(zips: list[Zip], base: Path, channel: str) -> None:
    lines = [f"RAVDESS, {channel}. Licence: {LICENCE}.", f"Cite: {CITATION}."]
    if zips:
        lines.append(
            f"{len(zips)} actor{'s' if len(zips) > 1 else ''} ({', '.join(z.actor for z in zips)}), "
            f"{size(sum(z.size for z in zips))}, to {base}"
        )
    print("\n".join(lines), file=sys.stderr)


def _fetch_all(
    zips: list[Zip],
    base: Path,
    channel: str,
    record: str,
    progress: bool,
    fetched: list[str],
    problems: list[ProblemRow],
) -> None:
    lost = ""
    with tqdm(total=sum(z.size for z in zips), unit="B", unit_scale=True, disable=not progress, desc="RAVDESS") as bar:
        for zip_ in zips:
            target = str(base / f"Actor_{zip_.actor}")
            if lost:
                problems.append(
                    (target, "download", "not tried", f"the connection was lost at {lost}", "the next call goes on")
                )
                continue
            if os.path.lexists(target) and not os.path.isdir(target):
                problems.append(
                    (
                        target,
                        "download",
                        "not a folder",
                        "a file or a link that leads nowhere has the actor's name",
                        "left as it is; not downloaded",
                    )
                )
                continue
            bar.set_description(f"Actor {zip_.actor}")
            part = base / _PARTS / f"{zip_.key}.part"
            try:
                if fetch_whole(zip_, part, bar, target, problems):
                    bar.set_description(f"Actor {zip_.actor}, unpacking")
                    _unpack(zip_, part, base, channel, record, fetched, problems)
            except connection.NotOnServerError as error:
                problems.append((target, "download", "missing", f"{zip_.key}: {error}", "not downloaded"))
            except UnreachableError as error:
                lost = zip_.key
                problems.append(
                    (
                        target,
                        "download",
                        "unreachable",
                        f"{zip_.key}: {error}",
                        f"{length(part):,} of {zip_.size:,} bytes kept; the next call goes on",
                    )
                )


def _unpack(
    zip_: Zip, part: Path, base: Path, channel: str, record: str, fetched: list[str], problems: list[ProblemRow]
) -> None:
    def accept(name: str) -> str:
        row = ravdess.parse(name)
        if row["actor"] != zip_.actor or row["channel"] != channel:
            raise FerError(
                f"{name!r} is a clip of {row['channel']} of actor {row['actor']}, in the {channel} of actor "
                f"{zip_.actor}"
            )
        return name.rsplit("/", 1)[-1]

    folder = base / f"Actor_{zip_.actor}"
    try:
        clips, rows = archives.unpack(part, folder, accept)
    except archives.RefusedArchiveError as error:
        part.unlink()
        problems.append(
            (str(folder), "unpack", error.kind, str(error).replace(part.name, zip_.key), "removed; nothing unpacked")
        )
        return
    rows = [
        (path.replace(part.name, zip_.key, 1), stage, kind, text.replace(part.name, zip_.key), action)
        for path, stage, kind, text, action in rows
    ]
    problems += rows
    if not clips:
        problems.append((str(folder), "unpack", "no clips", f"{zip_.key} gave no clip of this actor", "removed"))
    elif any(kind == "different" for _, _, kind, _, _ in rows):
        return  # the zip is kept, so that the next call need not fetch it again
    else:
        seal = {
            "record": record,
            "zip": zip_.key,
            "checksum": f"{zip_.algorithm}:{zip_.checksum}",
            "clips": clips,
            "problems": rows,
        }
        write_atomic(_seal(base, zip_.actor, channel), json.dumps(seal, indent=1))
        fetched.append(zip_.actor)
    part.unlink()
