"""An answer may end the program or never come back; here it is run so that the reader's session survives.

Python can stop an answer by a signal only between two of its own instructions.  A loop inside C code, such as
`sum(itertools.count())`, has none.  So where the system can copy a process (Linux), the answer is tried in a copy
first, which can be ended from outside; only what came back there runs in the session.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from contextlib import contextmanager, suppress
import os
from pathlib import Path
import select
import signal
import sys
import threading
import time
from typing import Any
import warnings

#: An answer that takes more memory than this, beyond what the session has, is ended (bytes).
MEMORY = 2 << 30

#: A copy that sleeps for so long (seconds) may wait for a thread that was not copied: what it does is left open.
_ASLEEP = 1.5

#: Begins the time limit anew; `limited` and the copy set it while an answer runs.
_clock: Callable[[], Any] | None = None


class OutOfTime(BaseException):
    """Not an Exception, so that an answer's own ``except Exception`` does not swallow it."""


class Interrupted(BaseException):
    """Ctrl-C or the stop button: the reader's wish, in contrast to a KeyboardInterrupt that the answer raised."""


def begin_again() -> None:
    """Each call of an answer has the whole time."""
    if _clock is not None:
        _clock()


@contextmanager
def no_exit():
    """In the block, what would end the session raises SystemExit: `exit`, `quit`, `os._exit`, `os.abort`."""
    session = os.getpid()

    def stop(*_, **__):
        raise SystemExit("an answer cannot end the session")

    def unless_copied(real):  # a process that the answer copied ends as it likes
        return lambda *given: stop() if os.getpid() == session else real(*given)

    def of(place, name, instead):
        kept.append((place, name, place.__dict__.get(name)))
        setattr(place, name, instead)

    kept: list[tuple] = []
    try:
        of(os, "_exit", unless_copied(os._exit))
        of(os, "abort", unless_copied(os.abort))
        for name in ("exit", "quit"):  # Python's own also close the input
            if hasattr(builtins, name):
                of(builtins, name, stop)
        shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
        if shell is not None:  # IPython's raise nothing: the shell is asked to end after the cell
            of(shell, "ask_exit", stop)
        yield
    finally:
        for place, name, before in reversed(kept):
            if before is None:
                delattr(place, name)
            else:
                setattr(place, name, before)


def limited(run: Callable[[], Any], seconds: float):
    """What ``run`` returns, interrupted after some seconds of one call.

    Only where the system can: in the main thread, and not on Windows.

    Raises
    ------
    OutOfTime : it took longer.
    Interrupted : the reader pressed Ctrl-C.
    """
    global _clock
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        return run()
    late = pressed = False

    def stop(_, frame):
        nonlocal late
        if frame is not None and frame.f_code.co_filename == __file__:
            return  # this very function, or the answer is back and the clock about to stop
        late = True
        signal.setitimer(signal.ITIMER_REAL, 2e-5, 2e-5)  # again and again: the answer may catch one, and go on
        raise OutOfTime

    def press(number, frame):
        nonlocal pressed
        pressed = True
        if callable(interrupt):
            interrupt(number, frame)

    def begin():
        if not late:
            signal.setitimer(signal.ITIMER_REAL, seconds)

    alarm, interrupt = signal.signal(signal.SIGALRM, stop), signal.getsignal(signal.SIGINT)
    if callable(interrupt):
        signal.signal(signal.SIGINT, press)
    _clock = begin
    try:
        begin()
        return run()
    except KeyboardInterrupt:
        if pressed:
            raise Interrupted from None
        raise
    finally:
        _clock = None
        signal.setitimer(signal.ITIMER_REAL, 0)
        # A signal that is still on its way would end the process by the usual handler; to ignore it takes it back.
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        signal.signal(signal.SIGALRM, alarm)
        if callable(interrupt):
            signal.signal(signal.SIGINT, interrupt)


def tried(run: Callable[[], Any], seconds: float) -> str:
    """Run something in a copy of this process first, unheard and unseen.

    Returns
    -------
    "back" if it came back (by an error, too), or if that is not to be known: there are no copies, or the copy sleeps.
    "late", "large" (in memory) or "ended" (the process) if it must not run in the session.
    """
    if sys.platform != "linux":
        return "back"
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    leave = os._exit
    hear, tell = os.pipe()
    with warnings.catch_warnings(), _interrupts_later() as interrupted:
        warnings.simplefilter("ignore", DeprecationWarning)  # Python >= 3.12 warns of threads, see _ASLEEP
        copy = os.fork()
    if copy == 0:
        try:
            os.close(hear)
            _in_the_copy(run, seconds, tell)
        finally:
            os.kill(os.getpid(), signal.SIGKILL)  # nothing of the session may end a second time
            leave(1)
    os.close(tell)
    try:
        if interrupted:
            raise KeyboardInterrupt
        return _watched(copy, hear, seconds)
    finally:
        with suppress(ProcessLookupError):
            os.kill(copy, signal.SIGKILL)
        os.waitpid(copy, 0)
        os.close(hear)


@contextmanager
def _interrupts_later():
    """Keep a Ctrl-C that comes in the block in the list that is yielded: what Python does before a copy loses it."""
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield came
        return
    usual = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield came
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler if usual is None else usual)  # None: set from C


def _in_the_copy(run: Callable[[], Any], seconds: float, tell: int) -> None:
    global _clock
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the session, which ends the copy
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # and where the session is gone, the system does
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    sys.stdout = sys.stderr = open(os.devnull, "w")
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        shell.display_pub.publish = lambda *_, **__: None
    builtins.input = lambda *_: time.sleep(2 * _ASLEEP)  # type: ignore[assignment, return-value]

    def begin():
        signal.alarm(int(seconds) + 10)
        os.write(tell, b".")

    _clock = begin
    begin()
    with suppress(BaseException):
        run()
    os.write(tell, b"!")


def _watched(copy: int, hear: int, seconds: float) -> str:
    """Wait for the copy: "back", "late", "large" or "ended"."""
    began = stirred = time.monotonic()
    used, mine = "", _resident(os.getpid())
    while True:
        if select.select([hear], [], [], 0.02)[0]:
            said = os.read(hear, 65536)
            if said.endswith(b"!"):
                return "back"
            if not said:
                return "ended"
            began = time.monotonic()
        now = time.monotonic()
        # State, and the ticks of the processor in the user's code and the system's: fields 3, 14 and 15.
        state, *fields = Path(f"/proc/{copy}/stat").read_text().rpartition(") ")[2].split()
        if state == "R" or fields[10:12] != used:
            used, stirred = fields[10:12], now
        if _resident(copy) > mine + MEMORY:
            return "large"
        if now - stirred > _ASLEEP:
            return "back"
        if now - began > seconds:
            return "late"


def _resident(process: int) -> int:
    """Memory that a process has in use, bytes."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
