"""Zips from elsewhere: unpacked only where they should go, whole or not at all.

An archive's names and sizes are claims.  Names are checked before anything is
written; sizes are limited by the archive's own directory first, and what is
really read is held to them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import os
from pathlib import Path
import re
import shutil
import stat
import struct
from typing import NamedTuple
import zipfile
import zlib

from fer_utils.core.disk import free_bytes, is_full, size
from fer_utils.core.errors import FerError
from fer_utils.datasets.files import ProblemRow

_CHUNK = 1 << 20


class RefusedArchiveError(FerError):
    """The whole archive is refused; ``kind`` is the report's word for it (``bomb`` or ``unreadable``)."""

    def __init__(self, kind: str, text: str):
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True)
class Limits:
    """What an archive may hold: files, bytes when unpacked, and how many times smaller it may be packed.

    Videos hardly shrink, so ``ratio`` can be strict; it is not asked of less than ``free`` bytes, where a page of
    zeros is no attack.  An actor of RAVDESS has 120 clips and about 0.55 GB.
    """

    files: int = 2000
    bytes: int = 8 << 30
    ratio: float = 20.0
    free: int = 1 << 20


#: One file that is wanted: its entry in the archive, and its name in the folder.
class Member(NamedTuple):
    entry: zipfile.ZipInfo
    name: str


def unsafe(name: str) -> str:
    """Why a name in an archive must not be used as a path, or ``""``.

    Judged for every system at once: a folder that is made on Linux may be read on Windows.

    >>> unsafe("Actor_01/01-01-01-01-01-01-01.mp4"), unsafe("../x.mp4")
    ('', 'it leads out of the folder (..)')
    """
    if not name.strip():
        return "it is empty"
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
        return "it holds a control character"
    if re.match(r"[A-Za-z]:", name):
        return "it starts with a drive letter"
    if name[0] in "/\\":
        return "it is an absolute path"
    if ".." in re.split(r"[/\\]", name):
        return "it leads out of the folder (..)"
    if "\\" in name or ":" in name:
        return "it holds a backslash or a colon, which are no letters of a name on every system"
    return ""


def plan(
    archive: str | os.PathLike, accept: Callable[[str], str], limits: Limits = Limits()
) -> tuple[list[Member], list[ProblemRow]]:
    """What a zip holds that is wanted, and rows for what is left out; nothing is unpacked.

    Parameters
    ----------
    archive : the zip's path; in the report it is followed by the name inside.
    accept : from a name inside to the file's name in the target folder; raises
        ``FerError`` for a file that is not wanted, and says why.
    limits : what the archive may hold.

    Raises
    ------
    RefusedArchiveError : no zip, one that is cut short, or one beyond the limits.
    """
    archive = Path(archive)
    members: list[Member] = []
    problems: list[ProblemRow] = []

    def left_out(name: str, kind: str, problem: str) -> None:
        shown = name.encode("unicode_escape").decode() if unsafe(name) else name
        problems.append((f"{archive.name}/{shown[:200]}", "unpack", kind, problem, "left out"))

    taken: dict[str, str] = {}
    with _opened(archive, limits) as opened:
        for entry in opened.infolist():
            name = entry.orig_filename
            kind = stat.S_IFMT(entry.external_attr >> 16)  # a Unix mode; no other system sets that half
            if why := unsafe(name):
                left_out(name, "unsafe", f"the name {name!r:.120} cannot be a path here: {why}")
            elif kind and kind not in (stat.S_IFREG, stat.S_IFDIR):
                left_out(name, "unsafe", "it is a link or a device and no file")
            elif entry.is_dir():
                continue
            elif entry.flag_bits & 1:
                left_out(name, "unreadable", "it is encrypted")
            else:
                try:
                    target = accept(name)
                except FerError as error:
                    left_out(name, "name", str(error))
                    continue
                key = target.casefold()
                if unsafe(target) or "/" in target or target == ".":
                    left_out(name, "unsafe", f"{target!r:.120} is no name of a file")
                elif key in taken:
                    left_out(name, "duplicate", f"the same file as {taken[key]} by its name")
                else:
                    taken[key] = name
                    members.append(Member(entry, target))
    return members, problems


def unpack(
    archive: str | os.PathLike, folder: str | os.PathLike, accept: Callable[[str], str], limits: Limits = Limits()
) -> tuple[dict[str, int], list[ProblemRow]]:
    """Unpack what is wanted into one folder.

    The files are written beside the folder, under a hidden name, and moved when
    all are there: a new folder appears at once with everything in it.  Into one
    that exists they are moved one by one, each whole; a file that is there
    already is kept, and a row says so where its content is another one.

    Returns
    -------
    The files of the archive that now lie in the folder, with their sizes in
    bytes, and rows of problems.

    Raises
    ------
    RefusedArchiveError : as `plan`; then nothing is written.
    FerError : there is too little room; what was begun is removed.
    """
    archive, folder = Path(archive), Path(folder)
    members, problems = plan(archive, accept, limits)
    room(folder, sum(member.entry.file_size for member in members), f"to unpack {archive.name}")
    # One name and not a random one, so that what a killed call left is cleared by the next.
    work = folder.with_name(f".{folder.name}.unpacking")
    _remove(work)
    work.mkdir(parents=True)
    there: dict[str, int] = {}
    try:
        with _opened(archive, limits) as opened:
            for member in members:
                try:
                    _copy(opened, member.entry, work / member.name)
                except zipfile.BadZipFile as error:
                    (work / member.name).unlink(missing_ok=True)
                    problems.append(
                        (
                            f"{archive.name}/{member.entry.filename}",
                            "unpack",
                            "unreadable",
                            f"it cannot be unpacked: {error}",
                            "left out",
                        )
                    )
                    continue
                there[member.name] = member.entry.file_size
        if there and not folder.exists():
            os.replace(work, folder)
            return there, problems
        for member in [member for member in members if member.name in there]:
            target = folder / member.name
            if not os.path.lexists(target):
                os.replace(work / member.name, target)
            elif not _same(target, member.entry):
                del there[member.name]
                problems.append(
                    (
                        str(target),
                        "unpack",
                        "different",
                        f"it lies here already and is not the file in {archive.name}",
                        "kept as it is; remove it and call again for the other",
                    )
                )
        return there, problems
    except OSError as error:
        if not is_full(error):
            raise
        raise FerError(
            f"The disk that holds {folder.parent} is full; {archive.name} was not unpacked.\n"
            "Make room and call again: what was downloaded is kept."
        ) from error
    finally:
        _remove(work)


def room(folder: str | os.PathLike, needed: int, what: str) -> None:
    """Raise ``FerError`` that names both figures if fewer than ``needed`` bytes are free."""
    free = free_bytes(folder)
    if free < needed:
        raise FerError(
            f"There is too little room {what} in {Path(folder).parent}: {needed:,} bytes ({size(needed)}) are needed, "
            f"{free:,} bytes ({size(free)}) are free.\n"
            "Make room, choose fewer actors, or name a folder on another disk."
        )


def _opened(archive: Path, limits: Limits) -> zipfile.ZipFile:
    """The zip, its directory found to be within the limits."""
    _check_directory(archive, limits)
    try:
        opened = zipfile.ZipFile(archive)
    except (zipfile.BadZipFile, OSError, NotImplementedError, OverflowError, ValueError, struct.error) as error:
        raise RefusedArchiveError("unreadable", f"{archive.name} is no zip that can be read: {error}") from error
    try:
        entries = opened.infolist()
        whole = sum(entry.file_size for entry in entries)
        packed = sum(entry.compress_size for entry in entries)
        worst = max(entries, key=lambda entry: entry.file_size / max(entry.compress_size, 1), default=None)
        beyond = [entry for entry in entries if entry.file_size > max(limits.free, limits.ratio * entry.compress_size)]
        if len(entries) > limits.files:
            why = f"it lists {len(entries):,} files, and {limits.files:,} are the limit"
        elif whole > limits.bytes:
            why = f"it would be {size(whole)}, and {size(limits.bytes)} are the limit"
        elif packed > archive.stat().st_size:
            why = (
                f"its files are {packed:,} bytes packed and it has {archive.stat().st_size:,}, so that they lie over "
                "each other"
            )
        elif worst is not None and (beyond or whole > max(limits.free, limits.ratio * packed)):
            why = (
                f"it would grow from {size(packed)} to {size(whole)} ({worst.filename[:60]!r} "
                f"{worst.file_size / max(worst.compress_size, 1):,.0f} times), and {limits.ratio:g} times is the limit"
            )
        else:
            return opened
        raise RefusedArchiveError("bomb", f"{archive.name} is refused: {why}")
    except BaseException:
        opened.close()
        raise


def _check_directory(archive: Path, limits: Limits) -> None:
    """Refuse a directory that is too long to be read into memory; zipfile reads it whole."""
    with open(archive, "rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - (1 << 16) - 22 - 76))  # the end record, its comment, and what zip64 puts before it
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise RefusedArchiveError(
            "unreadable", f"{archive.name} is no zip, or is cut short: it has no directory at its end"
        )
    length = struct.unpack_from("<L", tail, at + 12)[0]
    if at >= 76 and tail[at - 20 : at - 16] == b"PK\x06\x07":
        length = struct.unpack_from("<Q", tail, at - 76 + 40)[0]
    if length > limits.files * 1024:
        raise RefusedArchiveError(
            "bomb",
            f"{archive.name} is refused: its directory of {length:,} bytes is too long for {limits.files:,} files",
        )


def _copy(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    written = 0
    with open(target, "xb") as out:
        for chunk in _read(opened, entry):
            written += len(chunk)
            if written > entry.file_size:  # the directory was believed when the limits were asked
                raise zipfile.BadZipFile(f"it is longer than the {entry.file_size:,} bytes that the directory says")
            out.write(chunk)
    if written != entry.file_size:
        raise zipfile.BadZipFile(f"it has {written:,} bytes, and the directory says {entry.file_size:,}")


def _read(opened: zipfile.ZipFile, entry: zipfile.ZipInfo):
    """The bytes of an entry, piece by piece; ``BadZipFile`` for all that can be wrong with it."""
    try:
        with opened.open(entry) as source:
            while chunk := source.read(_CHUNK):
                yield chunk
    # A false offset is an OSError here, and must not be taken for one of the disk that is written to.
    except (OSError, ValueError, EOFError, OverflowError, RuntimeError, struct.error, zlib.error) as error:
        raise zipfile.BadZipFile(str(error) or type(error).__name__) from error


def _same(path: Path, entry: zipfile.ZipInfo) -> bool:
    if not path.is_file() or path.stat().st_size != entry.file_size:
        return False
    check = 0
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            check = zlib.crc32(chunk, check)
    return check == entry.CRC


def _remove(work: Path) -> None:
    if work.is_symlink():
        work.unlink()
    else:
        shutil.rmtree(work, ignore_errors=True)
