"""The files below a folder, in one order, and what can be said about them before opening one.

Shared by the readers: each adds only its own grammar.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
import os
from pathlib import Path
import stat
from typing import TYPE_CHECKING, Any, NamedTuple

from fer_utils.core.errors import FerError, invalid
from fer_utils.core.paths import is_utf8, shown

if TYPE_CHECKING:
    from fer_utils.core.tables import ClipTable

VIDEO_SUFFIXES: tuple[str, ...] = (".mp4", ".avi", ".flv", ".mov", ".webm", ".mkv", ".m4v")
IMAGE_SUFFIXES: tuple[str, ...] = (
    ".png",
    ".jpg",
    ".jpeg",
    ".bmp",
    ".tif",
    ".tiff",
    ".webp",
    ".pgm",
    ".ppm",
    ".pnm",
)

#: A phone's pictures, of which OpenCV may read a part only: they are left out everywhere.
HEIC_SUFFIXES: tuple[str, ...] = (".heic", ".heif", ".hif", ".avif")

#: What operating systems leave behind, beside names that start with a dot.
LITTER = frozenset({"thumbs.db", "desktop.ini", "__macosx"})

ProblemRow = tuple[str, str, str, str, str]


class Found(NamedTuple):
    """One regular file: absolute path, path below the root with ``/``, size in bytes."""

    path: str
    relative: str
    size: int

    @property
    def suffix(self) -> str:
        """The file name's ending in small letters, with its dot."""
        return os.path.splitext(self.relative)[1].lower()

    @property
    def folder(self) -> str:
        """The absolute path of the folder that holds the file."""
        return os.path.dirname(self.path)


def absolute(root: Any) -> Path:
    """The root as an absolute path, ``~`` expanded; ``FerError`` for what cannot be a path."""
    try:
        text = os.fspath(root)
    except TypeError:
        text = None
    if not isinstance(text, str) or not text or "\0" in text:
        raise invalid("root", expected="the path of a folder, as text or pathlib.Path", received=root)
    # os.path leaves an unknown ~user as it is; Path.expanduser would raise.
    return Path(os.path.abspath(os.path.expanduser(text)))


def walk(root: Path) -> tuple[list[Found], list[ProblemRow]]:
    """Every regular file below ``root``, sorted by its relative path, and the problems met.

    Hidden files and folders (``.DS_Store``, ``._x.mp4``, ``__MACOSX``) are
    passed over quietly, and so is the folder ``truth`` that
    ``studio.film`` writes beside its clips.  A link is followed unless it leads to a file or a folder
    that is read anyway, or to a folder that holds the root: so a loop of links ends, and no file of
    the root counts twice, or under two labels.
    """
    found: list[Found] = []
    problems: list[ProblemRow] = []

    def problem(path: str, kind: str, text: str, action: str = "left out") -> None:
        problems.append((shown(path), "scan", kind, text, action))

    try:
        status = os.stat(root)
    except (FileNotFoundError, NotADirectoryError):
        problem(str(root), "missing", "there is no such folder", "nothing read")
        return found, problems
    except OSError as error:  # a name that is too long, a folder that may not be looked into
        problem(str(root), "unreadable", f"the folder cannot be opened: {error.strerror}", "nothing read")
        return found, problems
    if not stat.S_ISDIR(status.st_mode):
        problem(str(root), "not a folder", "the root is a file; a folder is expected", "nothing read")
        return found, problems

    real_root = os.path.realpath(root)
    seen = {real_root}
    linked: list[Found] = []
    todo = [(str(root), "")]
    while todo:
        folder, prefix = todo.pop()
        try:
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            problem(folder, "unreadable", f"the folder cannot be listed: {error.strerror}")
            continue
        for entry in listed:
            if entry.name.startswith(".") or entry.name.lower() in LITTER:
                continue
            if not is_utf8(entry.name):
                problem(entry.path, "name", "the name is not valid UTF-8; rename it")
                continue
            try:
                status = entry.stat()
            except OSError as error:
                problem(entry.path, "unreadable", f"it cannot be opened: {error.strerror}")
                continue
            relative = prefix + entry.name
            if relative == "truth" and os.path.isfile(os.path.join(entry.path, "plan.json")):
                continue
            if stat.S_ISDIR(status.st_mode):
                real = os.path.realpath(entry.path)
                inside = real == real_root or real.startswith(real_root + os.sep)
                around = real_root.startswith(real.rstrip(os.sep) + os.sep)
                if (entry.is_symlink() and (inside or around)) or real in seen:
                    problem(
                        entry.path,
                        "link",
                        f"a link to {shown(real)}, which is read elsewhere or holds the root",
                        "not followed",
                    )
                    continue
                seen.add(real)
                todo.append((entry.path, relative + "/"))
            elif stat.S_ISREG(status.st_mode):
                (linked if entry.is_symlink() else found).append(Found(entry.path, relative, status.st_size))
            else:  # a pipe would block whoever opens it
                problem(entry.path, "not a file", "neither a file nor a folder (a pipe, a socket or a device)")
    _follow(linked, found, problem)
    found.sort(key=lambda file: file.relative)
    return found, problems


def _follow(linked: list[Found], found: list[Found], problem: Callable[..., None]) -> None:
    """Add the links to files: all but those to a file that is in ``found`` itself.

    Links that share a file outside stay, with a remark: stores such as git-annex keep equal files once, and a set that
    has equal files is to be read alike from there.
    """
    if not linked:
        return
    inside = {os.path.realpath(file.path): file.relative for file in found}
    outside: dict[str, str] = {}
    for file in sorted(linked, key=lambda file: file.relative):
        real = os.path.realpath(file.path)
        if real in inside:
            kept = shown(inside[real])
            problem(file.path, "link", f"a link to the file that is read as {kept}", f"left out; {kept} kept")
            continue
        if real in outside:
            problem(file.path, "link", f"a link to the same file as {shown(outside[real])}", "kept; it counts twice")
        outside.setdefault(real, file.relative)
        found.append(file)


def not_media(files: list[Found], what: str) -> list[ProblemRow]:
    """One row a folder for files of other kinds, counted by ending: nothing vanishes, nothing floods."""
    folders: dict[str, dict[str, list[Found]]] = {}
    for file in files:
        folders.setdefault(file.folder, {}).setdefault(file.suffix or "no ending", []).append(file)
    rows = []
    for folder in sorted(folders):
        counts = folders[folder]
        total = sum(map(len, counts.values()))
        listing = ", ".join(f"{len(counts[suffix])} {suffix}" for suffix in sorted(counts))
        remedy = "; save HEIC and AVIF images as JPEG" if set(counts) & set(HEIC_SUFFIXES) else ""
        example = min(file.relative for group in counts.values() for file in group).rsplit("/", 1)[-1]
        rows.append(
            (
                folder,
                "scan",
                f"not {what}",
                f"{total} file{'s' if total > 1 else ''} that {'are' if total > 1 else 'is'} not {what} "
                f"({listing}; for example {example}){remedy}",
                "left out",
            )
        )
    return rows


def told_by_folder(relative: str, root: str, says: Callable[[str], Any]) -> tuple[str, Any]:
    """The nearest folder above a file that names an actor, the root's last included, and whom; or ``("", "")``.

    ``says`` gives the actor, or whatever else is asked for, that a folder's name says, or ``""``.
    """
    for folder in reversed([*root.split("/")[-1:], *relative.split("/")[:-1]]):
        if value := says(folder):
            return folder, value
    return "", ""


def disagreement(relative: str, root: str, row: dict, says: Mapping[str, Callable[[str], Any]]) -> str:
    """What folders and file name say differently, such as who the actor is, or ``""``; ``says`` as for `scan_named`."""
    told = []
    for column, of in says.items():
        folder, value = told_by_folder(relative, root, of)
        if value not in ("", row[column]):
            told.append(f"the folder {folder} says {column} {value}, the file name says {row[column]}")
    return "; ".join(told)


def scan_named(
    title: str,
    root: Any,
    parse: Callable[[str, str], dict],
    says: Mapping[str, Callable[[str], Any]],
    *,
    beside: str = "",
    complete: Callable[[list[dict], list[Found]], list[ProblemRow]] | None = None,
) -> ClipTable:
    """The clip table of a data set whose names say everything.

    Parameters
    ----------
    title : the data set as people write it, for messages.
    root : the folder.
    parse : from (path below the root, the root) to a row without ``path`` and
        ``clip``; raises ``FerError`` where the name breaks the grammar.
    says : for columns such as ``actor`` from a folder's name to the value that it
        says, or ``""``; a row whose file name says another is kept and remarked upon.
    beside : the name of a file that tells more about the clips, in any case of
        letters; it is no clip, and no problem.
    complete : is given the rows, to fill in what such files tell, and the files
        of that name; returns the problems it met.
    """
    base = absolute(root)
    found, problems = walk(base)
    rows: list[dict] = []
    others: list[Found] = []
    told: list[Found] = []
    first: dict[tuple, str] = {}
    for file in found:
        if beside and file.relative.rsplit("/", 1)[-1].lower() == beside.lower():
            told.append(file)
            continue
        if file.suffix not in VIDEO_SUFFIXES:
            others.append(file)
            continue
        if file.size == 0:
            problems.append((file.path, "scan", "empty", "the file has 0 bytes", "left out"))
            continue
        try:
            row = parse(file.relative, str(base))
        except FerError as error:
            problems.append((file.path, "scan", "name", str(error), "left out"))
            continue
        key = (row["modality"], row["performance"], row["view"])
        if key in first:
            problems.append(
                (
                    file.path,
                    "scan",
                    "duplicate",
                    f"the same recording as {first[key]} by its name",
                    f"left out; {first[key]} kept",
                )
            )
            continue
        first[key] = file.relative
        remark = disagreement(file.relative, str(base), row, says)
        if remark:
            problems.append((file.path, "scan", "mismatch", remark, "kept; the file name is believed"))
        rows.append({"path": file.path, "clip": file.relative, **row})
    if complete is not None:
        problems += complete(rows, told)
    problems += not_media(others, "video")
    if not rows and os.path.isdir(base):
        problems.append((str(base), "scan", "no clips", f"no {title} clip was found below this folder", "nothing read"))
    # Tables bring pandas, for which a process that only reads or makes names has no use.
    from fer_utils.core.tables import ClipTable, Problems

    return ClipTable.of(rows, Problems.of(problems))
