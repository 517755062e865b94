"""Where the package keeps what it made: films, face sets, results."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
import json
import os
from pathlib import Path
import shutil
import tempfile
from typing import Any, TypeVar
import warnings

from fer_utils.core.errors import DamagedError, invalid

_Made = TypeVar("_Made")


def home() -> Path:
    """The store's folder: ``$FER_HOME``, else ``$XDG_CACHE_HOME/fer_utils``, else ``~/.cache/fer_utils``.

    Nothing is created until something is stored.

    Raises
    ------
    FerError : the variable names a home folder that there is not (``~nobody/store``), or links in a circle.
    """
    for variable, below in (("FER_HOME", ""), ("XDG_CACHE_HOME", "fer_utils")):
        if os.environ.get(variable):
            return _folder_of(variable, os.environ[variable]) / below
    return _folder_of("HOME", "~/.cache") / "fer_utils"


def _folder_of(variable: str, value: str) -> Path:
    """The absolute path of a folder that an environment variable names."""
    try:
        return Path(value).expanduser().resolve()
    except (RuntimeError, OSError) as error:  # an unknown user; links in a circle, in two versions of Python
        raise invalid(
            variable,
            expected="the path of a folder",
            received=value,
            remedy=f"{str(error).rstrip('.')}. Set the environment variable FER_HOME to a folder that can be written.",
        ) from error


def expanded(path: str | os.PathLike) -> Path:
    """A path with ``~`` and ``~user`` expanded; that of a user who is not known stays as it is.

    ``Path.expanduser`` raises a RuntimeError for such a one, where the file only is not there.

    >>> expanded("~nosuchuser/faces").name
    'faces'
    """
    return Path(os.path.expanduser(path))


def read_json(file: Path) -> Any:
    """What stands in a JSON file, in UTF-8.

    Raises
    ------
    ValueError : no JSON, no UTF-8, or lists within lists to a depth that Python does not read.
    OSError : the file cannot be read.
    """
    try:
        return json.loads(Path(file).read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError("its lists or dicts are nested too deeply") from None


def is_utf8(path: str | os.PathLike) -> bool:
    """Whether a path can be written as UTF-8; other bytes arrive in Python as lone surrogates.

    OpenCV's videos and dlib's files must not be given another one: OpenCV ends the whole process.
    """
    try:
        os.fspath(path).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def check_utf8(argument: str, path: str | os.PathLike) -> None:
    """``FerError`` where a path that OpenCV or dlib is to open is not valid UTF-8."""
    if not is_utf8(path):
        raise invalid(
            argument,
            expected="a path in UTF-8",
            received=os.fspath(path),
            remedy="Rename the file or the folder: one of their names has letters in another encoding.",
        )


def why_no_file(path: Path) -> str:
    """The remedy for a path that is no regular file: it is a folder, or a pipe, or nothing is there."""
    if path.is_dir():
        return "It is a folder: name one file in it."
    if path.exists():
        return "It is a pipe, a socket or a device: save what comes out of it to a file, and name that."
    return "There is no such file."


def shown(path: str) -> str:
    """A path as text that every file and screen can hold.

    >>> shown("caf\\udce9.mp4")
    'caf\\\\xe9.mp4'
    """
    return path if is_utf8(path) else os.fsencode(path).decode("utf-8", "backslashreplace")


def write_atomic(path: Path, data: bytes | str) -> None:
    """Write a file so that a reader, or a kill, sees the old one or the new one, never half."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(data, str):
        data = data.encode()
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # mkstemp's 0600 would hide the file from classmates
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


@contextmanager
def one_process_at_a_time(folder: Path):
    """Within the block no other process is in a block for the same folder, which is made if need be.

    Two notebooks that want the same training would otherwise write into each other's files.  Whoever comes second
    waits, and then finds what the first has made.  A process that ends, however it does, lets the others in.  Where the
    system has no ``flock`` (Windows, some network folders) nobody waits.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            pass
        yield
    finally:
        os.close(handle)


def made_again_if_damaged(folder: Path, make: Callable[[], _Made]) -> _Made:
    """What ``make`` returns, for a folder of the package's own store, which it opens or makes.

    If the folder is damaged, it is moved aside (``NAME.damaged``, in the place of an earlier one), ``make`` is called
    again, and a warning says so.

    Raises
    ------
    FerError : as ``make``; a `DamagedError` only of another folder.
    """
    try:
        return make()
    except DamagedError as error:
        folder, first = Path(folder), error
    with one_process_at_a_time(folder.parent):
        # Another process may have met the same damage, and be making it anew at this moment.
        try:
            return make()
        except DamagedError:
            if not folder.is_dir():
                raise
            aside = folder.with_name(f"{folder.name}.damaged")
            shutil.rmtree(aside, ignore_errors=True)
            os.replace(folder, aside)
    warnings.warn(
        f"{folder} is damaged and is made again; what was there is now {aside}, and may be removed. {first}",
        RuntimeWarning,
        stacklevel=3,
    )
    return make()


@contextmanager
def build_folder(path: Path):
    """Yield an empty folder beside ``path`` that becomes ``path`` if the block ends well.

    On an error the half-made folder is removed and ``path`` is left as it was.
    Killed between its two last renames, it leaves the old folder beside
    ``path`` under a hidden name; nothing is lost.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        yield work
        os.chmod(work, 0o755)
        old = work.with_name(f"{work.name}.old") if path.exists() else None
        if old is not None:
            os.rename(path, old)
        try:
            os.replace(work, path)
        except BaseException:
            if old is not None:
                os.rename(old, path)
            raise
        if old is not None:
            shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
