"""How busy the machine was with other things while something was timed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import time

#: Where Linux counts what all processors have done since the start, in ticks.
_COUNTS = Path("/proc/stat")


@dataclass
class Watched:
    """``others``: how many processors other processes kept busy on average, 0 or more; None where nobody counts."""

    others: float | None = None


@contextmanager
def watching() -> Iterator[Watched]:
    """Within the block the machine is watched; what is found is in the value that it gives, afterwards.

    A time that was taken while ``others`` is near 0 was taken on a quiet machine.
    """
    watched = Watched()
    began, before, own_before = time.monotonic(), busy_seconds(), _own_seconds()
    yield watched
    after, own, spent = busy_seconds(), _own_seconds() - own_before, time.monotonic() - began
    if before is not None and after is not None and spent > 0:
        watched.others = max(0.0, (after - before - own) / spent)


def busy_seconds(counts: Path = _COUNTS) -> float | None:
    """Seconds that all processors together have worked since the start; None where the system does not say."""
    try:
        first = counts.read_text(encoding="ascii").splitlines()[0].split()
        ticks = [int(number) for number in first[1:9]]
    except (OSError, ValueError, IndexError):
        return None
    user, nice, system, _idle, _waiting, *rest = [*ticks, 0, 0, 0, 0][:8]
    return (user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
