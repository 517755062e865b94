"""Which data sets can be read, and the one way to scan them: file names into a clip table."""

from __future__ import annotations

import os

from fer_utils.core.errors import invalid
from fer_utils.core.stages import stage
from fer_utils.core.tables import ClipTable
from fer_utils.datasets import crema_d, fer2013, folder, mead, ravdess, savee

_READERS = {
    "crema_d": crema_d.scan,
    "fer2013": fer2013.scan,
    "folder": folder.scan,
    "mead": mead.scan,
    "ravdess": ravdess.scan,
    "savee": savee.scan,
}


def available() -> tuple[str, ...]:
    """The names that ``scan`` takes, in alphabetical order.

    >>> available()
    ('crema_d', 'fer2013', 'folder', 'mead', 'ravdess', 'savee')
    """
    return tuple(sorted(_READERS))


@stage("datasets")
def scan(dataset: str, root: str | os.PathLike, *, actor: str | None = None, progress: bool = True) -> ClipTable:
    """Read the names of the files below a folder into a clip table; no clip is opened.

    FER2013's table, which holds the pictures themselves, is read and unpacked once: see `fer_utils.datasets.fer2013`.

    Parameters
    ----------
    dataset : one of ``available()``.
    root : the data set's folder; ``~`` is expanded.  The files may lie in any
        folders below it.
    actor : for ``dataset="folder"`` only, who is seen: ``"kdef"``, ``"jaffe"``,
        ``"ck+"`` or ``"ck48"`` for files named as those sets name them, or a
        regular expression with a named group ``actor`` (see
        ``fer_utils.datasets.folder.scan``).
    progress : a bar on standard error while FER2013's table is unpacked.

    Returns
    -------
    ClipTable : one row a clip, sorted by ``clip``.  What could not become a
    row is in ``.problems``: a missing root, an empty folder or an odd name is
    a row there and no exception.

    Raises
    ------
    FerError : ``dataset`` is unknown, ``root`` is no path, or ``actor`` is
    neither of these or given for another data set.
    """
    if not isinstance(dataset, str) or dataset not in _READERS:
        raise invalid("dataset", expected=f"one of {available()}", received=dataset)
    if dataset == "folder":
        return folder.scan(root, actor=actor)
    if actor is not None:
        known = dataset != "fer2013"
        why = f"the names of {dataset!r} say the actor" if known else f"nobody's name is known in {dataset!r}"
        raise invalid("actor", expected=f"None, because {why}", received=actor)
    if dataset == "fer2013":
        return fer2013.scan(root, progress=progress)
    return _READERS[dataset](root)
