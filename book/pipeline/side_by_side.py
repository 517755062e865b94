"""Chapters side by side: each has a kernel of its own, a process, with its share of the machine's threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
import os

from .execute import Outcome, run_chapter
from .layout import Book

#: What TensorFlow and the libraries for linear algebra ask when they start, for how many threads they may use.
THREADS = (
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
)


def processors() -> int:
    """How many processors this process may use, 1 or more."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share_of_threads(jobs: int) -> dict[str, str]:
    """Variables for kernels of which ``jobs`` run at a time; what the user has set stays.  One alone may use all."""
    if jobs == 1:
        return {}
    threads = str(max(processors() // jobs, 1))
    return {name: threads for name in THREADS if name not in os.environ}


def run_chapters(
    book: Book,
    names: Sequence[str],
    parameters: dict,
    *,
    jobs: int,
    starting: Callable[[str], None],
    progress: bool = True,
) -> Iterator[Outcome]:
    """Execute chapters in this order, ``jobs`` at a time, and yield what became of each when it has ended.

    Parameters
    ----------
    starting : called with a chapter's name just before it runs, in the caller's thread.
    progress : papermill's bar of cells; only where ``jobs`` is 1, for two bars would write over each other.

    A chapter that fails does not stop the others.  An interrupt ends the kernels and is raised again.
    """
    if jobs == 1:
        for name in names:
            starting(name)
            yield run_chapter(book, name, parameters, progress=progress)
        return
    waiting, running = list(names), set[Future[Outcome]]()
    threads = share_of_threads(jobs)
    pool = ThreadPoolExecutor(jobs)  # a thread only waits for its kernel
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                name = waiting.pop(0)
                starting(name)
                running.add(pool.submit(run_chapter, book, name, parameters, progress=False, variables=threads))
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                yield future.result()
    except BaseException:
        end_kernels()  # or the threads, and with them this process, would wait for the chapters to end
        raise
    finally:
        pool.shutdown()


def end_kernels() -> None:
    """Kill the kernels that this process has started."""
    import psutil

    for child in psutil.Process().children():
        try:
            if any("ipykernel_launcher" in part for part in child.cmdline()):
                child.kill()
        except psutil.NoSuchProcess:
            pass
