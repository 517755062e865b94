"""How much memory this process and its children have held."""

from __future__ import annotations

from pathlib import Path
import re
import sys

from fer_utils.core.errors import FerError

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

#: Where Linux tells the most memory that a process has held.
_STATUS = Path("/proc/self/status")


def peak_mb() -> float:
    """The most memory that this process has held so far (its largest resident set), in MB of 10^6 bytes.

    On Linux it is that of this program alone: ``getrusage`` may give that of the program which started it.

    Raises
    ------
    FerError : on Windows.
    """
    try:
        found = re.search(r"^VmHWM:\s+([0-9]+) kB$", _STATUS.read_text(), re.MULTILINE)
    except OSError:  # another system than Linux
        found = None
    if found is not None:
        return 1024e-6 * int(found[1])
    _need_resource()
    return _megabytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def children_peak_mb() -> float:
    """The most memory that any process started by this one has held and that has ended, in MB of 10^6 bytes.

    Returns 0 where none has ended yet.

    Raises
    ------
    FerError : on Windows.
    """
    _need_resource()
    return _megabytes(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


def _need_resource() -> None:
    if resource is None:
        raise FerError("Memory is measured on Linux and macOS only: Python has no module `resource` here.")


def _megabytes(largest_set: int) -> float:
    """What ``getrusage`` says in MB: macOS counts bytes, other systems 1,024 of them."""
    return 1e-6 * largest_set if sys.platform == "darwin" else 1024e-6 * largest_set
