"""Run an answer to an exercise so that the reader's session survives it.

An answer may end the program (`exit()`, a crash), never come back, or fill the memory.  Where the system can copy a
process (Linux), it runs in a copy first, unseen and unheard, which ends when the time is over, whatever it is doing.
What came back from the copy runs in the session, in a thread that is waited for no longer than the time limit.

What this does not do:

- On other systems there is no copy (macOS may not copy a process with frameworks loaded, Windows cannot).  The thread
  alone stops `exit()`, loops in Python and whatever waits; `os._exit`, a crash and a loop inside C code still end or
  stop the session.
- A copy has no threads of TensorFlow and its like, so an answer that runs a network may wait in it for ever.  A copy
  that does nothing for `ASLEEP` seconds has therefore said nothing, and the answer runs in the thread alone.
- An answer that does something else in each run (by chance, by the clock) may be harmless in the copy and not after it.
- It is no sandbox: it keeps from accidents, not from intent.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from contextlib import contextmanager, suppress
import contextvars
import ctypes
import faulthandler
import getpass
import io
import os
from pathlib import Path
import signal
import sys
import threading
import time
from typing import Any, NoReturn
import warnings

if sys.platform == "linux":
    import resource
    import select

#: Memory that the copy may take beyond what the session has, bytes.
MEMORY = 2 << 30

#: Characters that the copy may print.
PRINTED = 1_000_000

#: Seconds without any work after which the copy is taken to wait for a thread that was not copied.
ASLEEP = 2.0

#: What the copy says of the answer, or what is said of the copy, and what that means for the reader.
_REASONS = {
    "late": "no answer within {seconds} seconds: is there a loop that never ends?",
    "ended": "your code ended the program (by `os._exit`, a signal or a crash): a function should return its answer.",
    "large": "your code asked for too much memory: is there a list that grows without end?",
    "input": "your code waits for input: all that it needs is in its arguments.",
    "print": "your code prints more than a million characters: print less.",
    "thread": "your code started a thread that does not end.",
}

#: The answer came back, or nobody knows because the copy slept: it may run in the session.
_BACK, _ASLEEP = "back", "asleep"


class Stopped(Exception):  # noqa: N818 - about an answer, and no fault of the package
    """The answer did not come back; its text says why, in words for the reader."""


class _OutOfTime(SystemExit):
    """No Exception, which an answer's own ``except Exception`` would swallow; a thread ends by it without a word."""


def guarded(run: Callable[[], Any], seconds: float) -> Any:
    """What ``run`` returns or raises, if it comes back.

    Parameters
    ----------
    run : what calls the answer.  On Linux it is called twice, first in a copy of the process.
    seconds : how long each run may take.

    Raises
    ------
    Stopped : it did not come back in time, or would have ended the session.
    """
    with _no_exit():
        said = _copied(run, seconds) if sys.platform == "linux" else _BACK
        if said in (_BACK, _ASLEEP):
            try:
                return _in_a_thread(run, seconds)
            except TimeoutError:
                said = "late"
            except MemoryError:
                said = "large"
    raise Stopped(_REASONS[said].format(seconds=seconds))


@contextmanager
def _no_exit():
    """In the block, `exit()` and `quit()` raise SystemExit and do nothing else.

    IPython's own raise nothing and ask the kernel to end after the cell; Python's also close the input.
    """

    def stop(*_, **__):
        raise SystemExit("an answer cannot end the session")

    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    places = [(builtins, "exit"), (builtins, "quit"), (shell, "ask_exit")]
    kept = [(place, name, vars(place).get(name)) for place, name in places if hasattr(place, name)]
    try:
        for place, name, _ in kept:
            setattr(place, name, stop)
        yield
    finally:
        for place, name, before in kept:
            if before is None:  # a method of the class
                delattr(place, name)
            else:
                setattr(place, name, before)


def _thread(work: Callable[[], Any], *, daemon: bool) -> threading.Thread:
    """Begin a thread; those that it begins are daemons as it is, and only daemons let the program end before them."""
    context = contextvars.copy_context()  # Jupyter finds the cell of a printed text by it, NumPy its error states
    thread = threading.Thread(target=context.run, args=(work,), name="answer", daemon=daemon)
    thread.start()
    return thread


def _in_a_thread(run: Callable[[], Any], seconds: float) -> Any:
    """What ``run`` returns or raises in a thread of its own, which is left behind when the time is over.

    A signal could only interrupt it, and an answer that catches everything would go on.
    """
    outcome: list[tuple[Any, BaseException | None]] = []
    done = threading.Event()

    def work():
        try:
            outcome.append((run(), None))
        except BaseException as error:  # raised again by who waits
            outcome.append((None, error))
        finally:
            done.set()

    thread = _thread(work, daemon=True)
    try:
        end = time.monotonic() + seconds
        while not done.wait(0.1):  # on Windows a wait without end hears no Ctrl-C
            if time.monotonic() > end:
                raise TimeoutError
    finally:
        _stop(thread, done)
    value, error = outcome[0]
    if error is not None:
        raise error
    return value


def _stop(thread: threading.Thread, done: threading.Event) -> None:
    """Raise something in the thread, some times: it may be caught.  What waits, and hears nothing, is left waiting."""
    for _ in range(10):
        if done.is_set():
            return
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(_OutOfTime))
        done.wait(0.05)


def _copied(run: Callable[[], Any], seconds: float) -> str:
    """Run something in a copy of this process, and say how that went: a key of `_REASONS`, `_BACK` or `_ASLEEP`.

    A thread makes the copy and ends it: Python raises KeyboardInterrupt in the main thread only, so nothing comes
    between the two.
    """
    said: list[str] = []
    given_up = threading.Event()
    thread = _thread(lambda: said.append(_word_of_a_copy(run, seconds, given_up)), daemon=False)
    try:
        thread.join()
    finally:
        given_up.set()
        thread.join()
    return said[0] if said else _ASLEEP


def _word_of_a_copy(run: Callable[[], Any], seconds: float, given_up: threading.Event) -> str:
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    hear, tell = os.pipe()
    copy = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Python >= 3.12 warns of threads, see `ASLEEP`
            copy = os.fork()
        if copy == 0:
            _be_the_copy(run, tell)
        return _watched(copy, hear, seconds, given_up)
    except OSError:  # no memory or no process left for a copy
        return _ASLEEP
    finally:
        if copy:
            os.kill(copy, signal.SIGKILL)
            with suppress(OSError):  # what the answer started; it is of the group of the copy, which leads one
                os.killpg(copy, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(copy, 0)
        os.close(hear)
        os.close(tell)


def _be_the_copy(run: Callable[[], Any], tell: int) -> NoReturn:
    """In the copy: run, say how it went, and end before anything of the session could happen a second time."""
    write, kill, myself = os.write, os.kill, os.getpid()

    def say(word: str, *_, **__) -> NoReturn:
        try:
            write(tell, word.encode())
        finally:
            while True:
                kill(myself, signal.SIGKILL)

    try:
        _alone(say)
        run()
        end = time.monotonic() + min(1, ASLEEP / 2)
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join(max(0, end - time.monotonic()))
                if thread.is_alive():
                    say("thread")
        say(_BACK)
    except MemoryError:
        say("large")
    except BaseException:  # the same will be raised in the session, and is shown there
        say(_BACK)
    finally:
        say("ended")


def _alone(say: Callable[..., NoReturn]) -> None:
    """Part the copy from the session: from its streams, its notebook, its keyboard and, with limits, its memory."""
    session = os.getppid()
    os.setpgid(0, 0)
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: who loses the session ends
    if os.getppid() != session:
        say("ended")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the session hears it, and ends the copy
    faulthandler.disable()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    sys.stdin = open(os.devnull)
    sys.stdout = sys.stderr = _Unheard(say)
    builtins.input = getpass.getpass = lambda *_, **__: say("input")
    if "ipykernel.iostream" in sys.modules:  # its way to the notebook, for what is shown
        sys.modules["ipykernel.iostream"].IOPubThread.schedule = lambda *_: None  # type: ignore[attr-defined]
    has = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    most = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = has + MEMORY if most == resource.RLIM_INFINITY else min(has + MEMORY, most)
    resource.setrlimit(resource.RLIMIT_AS, (limit, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class _Unheard(io.TextIOBase):
    """Counts what is printed, and says when it is too much."""

    def __init__(self, say: Callable[..., NoReturn]) -> None:
        self._say, self._printed = say, 0

    def write(self, text: str) -> int:
        self._printed += len(text)
        if self._printed > PRINTED:
            self._say("print")
        return len(text)


def _watched(copy: int, hear: int, seconds: float, given_up: threading.Event) -> str:
    """Wait for the copy's word."""
    words = select.poll()
    words.register(hear, select.POLLIN)
    end = time.monotonic() + seconds
    worked, awake = "", time.monotonic()
    while not words.poll(50):
        # State, and the ticks of the processor for the copy and the system on its behalf: fields 3, 14 and 15.
        state, *fields = Path(f"/proc/{copy}/stat").read_text().rpartition(") ")[2].split()
        if state == "Z" and not words.poll(0):
            return "ended"
        if state != "S" or fields[10:12] != worked:
            worked, awake = fields[10:12], time.monotonic()
        if time.monotonic() > end or given_up.is_set():
            return "late"
        if time.monotonic() - awake > ASLEEP:
            return _ASLEEP
    return os.read(hear, 100).decode()
