"""How long a test waits for what must come: never a measure of speed, only the end of what hangs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import subprocess
import threading
import time

#: Seconds.  A machine that others use too may be ten times as slow as an idle one; what takes longer than this hangs.
PATIENCE = 600


@contextmanager
def not_for_ever(process: subprocess.Popen, seconds: float = PATIENCE) -> Iterator[None]:
    """Kill a process that is still read from after so many seconds: its output then ends, and the reader goes on."""
    timer = threading.Timer(seconds, process.kill)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def wait_until(condition: Callable[[], object], what: str, *, pause: float = 0.01, seconds: float = PATIENCE) -> None:
    """Look again and again until something is so; a failed assertion that says what was waited for if it never is."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"waited {seconds:g} s in vain for {what}"
        time.sleep(pause)
