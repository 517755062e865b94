"""Which data sets can be read, and the one way to scan them: file names into a clip table."""

from __future__ import annotations

import os

from fer_utils.core.errors import invalid
from fer_utils.core.stages import stage
from fer_utils.core.tables import ClipTable
from fer_utils.datasets import crema_d, fer2013, folder, mead, ravdess, savee
from fer_utils.datasets.known_labels import checked_name, with_known_labels, with_name

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
def scan(
    dataset: str,
    root: str | os.PathLike,
    *,
    actor: str | None = None,
    name: str | None = None,
    progress: bool = True,
) -> ClipTable:
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
    name : for ``dataset="folder"`` only, a short name for this set, which then stands before every actor, clip and
        performance.  Where tables are joined (``pd.concat``), ``01`` of one folder is not ``01`` of another.
    progress : a bar on standard error while FER2013's table is unpacked.

    Returns
    -------
    ClipTable : one row a clip, sorted by ``clip``.  In a folder of pictures a known word for a label is that label
    (``fear`` is ``fearful``, see `fer_utils.core.labels`), others are kept; `fer_utils.datasets.folder.scan` keeps
    them all.  What could not become a
    row is in ``.problems``: a missing root, an empty folder or an odd name is
    a row there and no exception.

    Raises
    ------
    FerError : ``dataset`` is unknown, ``root`` is no path, ``actor`` is
    neither of these or given for another data set, or ``name`` is.
    """
    if not isinstance(dataset, str) or dataset not in _READERS:
        raise invalid("dataset", expected=f"one of {available()}", received=dataset)
    if dataset == "folder":
        if name is None:
            return with_known_labels(folder.scan(root, actor=actor))
        return with_name(with_known_labels(folder.scan(root, actor=actor)), checked_name(name))
    if name is not None:
        raise invalid("name", expected=f"None, because {dataset!r} names its clips itself", received=name)
    if actor is not None:
        known = dataset != "fer2013"
        why = f"the names of {dataset!r} say the actor" if known else f"nobody's name is known in {dataset!r}"
        raise invalid("actor", expected=f"None, because {why}", received=actor)
    if dataset == "fer2013":
        return fer2013.scan(root, progress=progress)
    return _READERS[dataset](root)
