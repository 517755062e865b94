"""The clips of a pass in worker processes of this machine."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from fer_utils.core import worker_pool
from fer_utils.faces import extraction
from fer_utils.faces.detector_base import Detector
from fer_utils.faces.extraction import ClipResult, Settings

#: What takes a clip's number and its result, and keeps it.
Store = Callable[[int, ClipResult], None]


def crashed(settings: Settings) -> ClipResult:
    """The result of a clip whose reading has twice killed the process that did it."""
    return extraction.nothing(
        settings.size,
        "decode",
        "crashed",
        "the worker process died while at it, twice",
        "left out",
    )


def in_workers(
    values: list[list[Any]],
    todo: deque[int],
    detector: Detector,
    settings: Settings,
    workers: int,
    store: Store,
) -> None:
    """Empty ``todo`` with worker processes, replacing those that die; leaves it as it is if none can start."""
    setup = extraction.start_worker, (detector, settings)
    pool = worker_pool.started("prepare", workers, *setup, stacklevel=5)
    while todo and pool is not None:
        suspects = _until_broken(values, todo, pool, 2 * workers, store)
        for number in suspects:  # one of them has killed a worker: each alone, to know which
            with worker_pool.pool(1, *setup) as alone:
                try:
                    store(number, alone.submit(extraction.work, values[number][0]).result())
                except BrokenProcessPool:
                    store(number, crashed(settings))
        pool = worker_pool.pool(workers, *setup) if todo else None


def _until_broken(values, todo, pool: ProcessPoolExecutor, most: int, store: Store) -> list[int]:
    """Work until ``todo`` is empty or a worker dies; the clips then under way, in order."""
    running: dict[Any, int] = {}
    try:
        while todo or running:
            while todo and len(running) < most:  # few at a time: results would pile up in memory
                running[pool.submit(extraction.work, values[todo[0]][0])] = todo[0]
                todo.popleft()
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                result = future.result()
                store(running.pop(future), result)
        return []
    except BrokenProcessPool:
        return sorted(running.values())
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
