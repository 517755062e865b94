"""Worker processes for work on many files, and a way out where none can be started.

Workers are spawned: the same on every system, and nothing of OpenCV, TensorFlow
or a notebook is inherited, as it would be by a fork.  A spawned worker imports
the caller's script, so the script needs an ``if __name__ == "__main__":``
guard; where it has none, or is no file, ``started`` says so and the caller
does its work in its own process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
import multiprocessing
import os
from pathlib import Path
import signal
import sys
import threading
from typing import Any
import warnings

from fer_utils.core.errors import FerError
from fer_utils.core.optional_packages import opencv


def processors() -> int:
    """How many processors this process may use, 1 or more."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def enter_worker() -> None:
    """What every worker does first: one OpenCV thread, and an end when its parent ends."""
    parent = multiprocessing.parent_process()
    if parent is not None:

        def end_with_parent() -> None:
            parent.join()
            os._exit(1)

        # A killed parent cannot tell its workers to stop; they would wait for work for ever.
        threading.Thread(target=end_with_parent, daemon=True).start()
    opencv().setNumThreads(1)


@contextmanager
def one_thread() -> Iterator[None]:
    """OpenCV on one thread, as in a worker, for work done in this process; afterwards as before."""
    cv2 = opencv()
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


@contextmanager
def _ctrl_c_held_back() -> Iterator[None]:
    """Within the block Ctrl-C waits; a process that is started meanwhile never hears of it (where there are masks)."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Pool(ProcessPoolExecutor):
    """Workers that leave Ctrl-C to their parent, which ends them: each would print a traceback of its own."""

    def submit(self, *arguments, **options):
        # A worker is started when work comes, and has its parent's mask from its first moment on.
        with _ctrl_c_held_back():
            return super().submit(*arguments, **options)


def pool(size: int, setup: Callable[..., None] = enter_worker, arguments: tuple = ()) -> ProcessPoolExecutor:
    """``size`` spawned workers, each set up by ``setup(*arguments)``."""
    return _Pool(size, multiprocessing.get_context("spawn"), setup, arguments)


def refuse_in_worker(function: str) -> None:
    """Raise ``FerError`` where ``function`` is called by a worker that is still importing the caller's script."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise FerError(
            f"`{function}` was called while a worker process imports your script. "
            "Put the call under `if __name__ == '__main__':`."
        )


def started(
    function: str,
    size: int,
    setup: Callable[..., None] = enter_worker,
    arguments: tuple = (),
    *,
    stacklevel: int = 2,
) -> ProcessPoolExecutor | None:
    """``pool``, once a worker of it has answered, or None.

    None, with a ``RuntimeWarning`` that ``function`` works in this process, is for where none answers.

    Parameters
    ----------
    function : the public function that wants workers, for the warning.
    size, setup, arguments : as for ``pool``.
    stacklevel : as for ``warnings.warn``, counted from here.
    """
    if _importable_main():
        workers = pool(size, setup, arguments)
        try:
            workers.submit(_ready).result()
            return workers
        except BrokenProcessPool:
            workers.shutdown(wait=True)
        except BaseException:
            workers.shutdown(wait=True, cancel_futures=True)
            raise
    warnings.warn(
        f"No worker process could be started, so `{function}` does its work in this process, one file after the "
        f"other. In a script, call {function} under `if __name__ == '__main__':`.",
        RuntimeWarning,
        stacklevel=stacklevel,
    )
    return None


def _ready() -> bool:
    return True


def _importable_main() -> bool:
    """False where it is plain that a worker cannot import ``__main__``, or would do the script's work over again."""
    main: Any = sys.modules.get("__main__")
    path = getattr(main, "__file__", None)
    # A module run by name has its spec; `python -c`, a prompt and a notebook have no file, and are not imported.
    if getattr(main, "__spec__", None) is not None or path is None or Path(path).stem == "ipython":
        return True
    try:
        return "__main__" in Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return True  # not a text of Python's: a frozen program, say
    except OSError:
        return False  # "<stdin>", or a script that has been removed
