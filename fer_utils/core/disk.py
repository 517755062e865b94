"""What a disk refuses: looked for before work begins, and said in one sentence where it happens all the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import errno
import os
from pathlib import Path
import shutil
import tempfile

from fer_utils.core.errors import FerError, invalid

#: Besides what will be stored: small files, and what the system needs itself.
MARGIN = 5_000_000

_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_REFUSED = {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP}


def is_full(error: OSError) -> bool:
    """Whether an error says that the disk, or what a person may use of it, is full."""
    return error.errno in _FULL or "No space left on device" in str(error)  # h5py gives no number


def free_bytes(folder: str | os.PathLike) -> int:
    """The free bytes where a folder is or would be made."""
    return _usage(folder)[2]


def _usage(folder: str | os.PathLike) -> tuple[int, int, int]:
    return shutil.disk_usage(_nearest(folder))


def _nearest(folder: str | os.PathLike) -> Path:
    """The folder, or the nearest one above it that is there."""
    whole = Path(folder).absolute()
    return next(place for place in (whole, *whole.parents) if os.path.exists(place))


def size(count: int) -> str:
    """A number of bytes for people, in powers of ten.

    >>> size(550_000_000), size(900)
    ('550.0 MB', '900 bytes')
    """
    for unit, value in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= value:
            return f"{count / value:.1f} {unit}"
    return f"{count} bytes"


def check_folder(argument: str, folder: str | os.PathLike, *, needed: int = 0, what: str, remedy: str) -> None:
    """Before the work: ``folder`` can be made and written to, and has room for what will be stored there.

    Parameters
    ----------
    argument : name of the argument, or of the variable (``FER_HOME``), that says where the folder is.
    folder : the folder. It is not made: a small file is written to it, or to the nearest folder above it that is there,
        and taken away again.
    needed : bytes that will be written, as far as that is known; `MARGIN` is added.
    what : what is to be stored, for the message: ``"the faces"``.
    remedy : how another folder is named, a sentence.

    Raises
    ------
    FerError : one sentence on what is refused, and the remedy.
    """
    folder = Path(folder)
    try:
        total, _, free = _usage(folder)
        if total and free < needed + MARGIN:  # some network folders tell nothing, and say 0 of 0
            raise FerError(
                f"Too little room for {what} in `{argument}`, {folder}: about {size(needed + MARGIN)} are needed, "
                f"{size(free)} are free. Make room, or choose another disk: {remedy}"
            )
        with tempfile.TemporaryFile(dir=_nearest(folder)) as file:
            file.write(bytes(4096))
    except OSError as error:
        raise invalid(
            argument,
            expected="a folder that can be made and written to",
            received=str(folder),
            remedy=f"{error.strerror or error}: {what} cannot be stored there. {remedy}",
        ) from error


def sentence(error: OSError, what: str = "") -> str:
    """An error of the system without its number: what could not be done, with which file, and what helps."""
    where = f" ({os.fsdecode(error.filename)})" if isinstance(error.filename, (str, bytes)) else ""
    begun = f"{what} could not be stored: " if what else ""
    if is_full(error):
        return f"{begun}the disk is full, or your share of it is used up{where}. Make room and call again."
    if error.errno in _REFUSED:
        return f"{begun}{error.strerror}{where}. Choose a folder that you may write to."
    return f"{begun}{error.strerror or error}{where}."


@contextmanager
def refusals_said(what: str, kept: str = "") -> Iterator[None]:
    """Whatever the disk refuses within the block becomes a ``FerError`` of one sentence; other errors stay.

    Parameters
    ----------
    what : what is being stored: ``"The faces"``.
    kept : a sentence on what a second call finds, such as what is kept of the work.
    """
    try:
        yield
    except OSError as error:
        if not is_full(error) and error.errno not in _REFUSED:
            raise
        raise FerError(f"{sentence(error, what)} {kept}".rstrip()) from error
