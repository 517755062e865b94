"""The clips of a pass on a Dask cluster: the caller's side (``dask_worker`` has the workers').

The caller gives each clip to one worker by name, so that it knows what a worker
had in hand when it died; left to itself the scheduler would give a deadly clip
to one worker after the other.  Only numbers, paths and faces travel.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
import itertools
import os
import pickle
import queue
import time
from typing import Any, NamedTuple
import uuid
import warnings

from fer_utils.core.errors import FerError
from fer_utils.core.optional_packages import distributed
from fer_utils.faces import dask_client, extraction
from fer_utils.faces.dask_worker import inspect_worker, readable, versions, work
from fer_utils.faces.detector_base import Detector
from fer_utils.faces.extraction import Settings
from fer_utils.faces.local_workers import Store, crashed

#: Seconds that a pass waits while no worker is there that can do its clips.
WAIT_S = 60.0
#: Seconds from one look at which workers there are to the next.
LOOK_S = 1.0
#: A clip that was in the hands of this many workers when they died is given up.
TRIES = 5


@contextmanager
def connected(
    scheduler: str | None,
    finder: Detector,
    settings: Settings,
    values: list[list[Any]],
) -> Iterator[Dispatcher | None]:
    """The workers of a cluster, looked at and found fit; None without a scheduler.

    Parameters
    ----------
    scheduler : as ``checked_scheduler`` gave it.
    finder, settings, values : the detector, and as in ``prepare``; ``values`` are the rows of the clip table.

    Raises
    ------
    FerError : nobody answers there, no worker comes, or one of those that are
        there would make other bytes or does not see the clips.
    """
    if scheduler is None:
        yield None
        return
    client = dask_client.connect(scheduler)
    try:
        dispatcher = Dispatcher(client, scheduler, finder, settings, values)
        try:
            dispatcher.wait_for_workers()
            yield dispatcher
        finally:
            dispatcher.cancel()
    finally:
        with suppress(Exception):
            client.close(timeout=5)


class _Call(NamedTuple):
    """A call that is made by unpickling it."""

    function: Any
    arguments: tuple

    def __reduce__(self):
        return self.function, self.arguments


class _Task(NamedTuple):
    """What a worker was given to do; ``number`` is the clip's, or None while the worker is only looked at."""

    future: Any
    worker: str
    number: int | None


class Dispatcher:
    """Gives the clips of one pass to a cluster's workers, and knows what each of them has in hand."""

    def __init__(self, client, scheduler, finder, settings, values):
        self._client, self._scheduler = client, scheduler
        self._finder, self._settings, self._values = finder, settings, values
        self._token = uuid.uuid4().hex
        self._setup = _pack(finder, settings)
        self._versions = versions()
        self._sample = _sample(values)
        self._threads: dict[str, int] = {}  # of the workers that are fit
        self._unfit: dict[str, str] = {}
        self._tasks: dict[str, _Task] = {}
        self._load: Counter[str] = Counter()
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._names = itertools.count()
        self._suspects: deque[int] = deque()
        self._deaths: Counter[int] = Counter()
        self._looked = float("-inf")
        self._last_worker = time.monotonic()  # when there was one that is fit
        self._begun = False

    def wait_for_workers(self) -> None:
        """Wait for a worker, and for what each one that is there says of itself."""
        until = time.monotonic() + WAIT_S
        while not self._threads or self._tasks:
            if self._threads and time.monotonic() > until:
                break  # one is busy with the work of others; it is looked at when it answers
            self._admit(self._next_answer())
        self._begun = True

    def run(self, todo: deque[int], store: Store) -> None:
        """Empty ``todo``; every result goes to ``store``, in any order."""
        while todo or self._suspects or any(task.number is not None for task in self._tasks.values()):
            while (self._suspects or todo) and self._threads:
                worker = min(self._threads, key=lambda name: self._load[name] / self._threads[name])
                if self._load[worker] > self._threads[worker]:
                    break  # one more than it has threads: results would pile up in memory
                alone = bool(self._suspects)
                number = self._suspects.popleft() if alone else todo.popleft()
                self._give(worker, number, work, self._token, _path(self._values[number]), alone)
            answer = self._next_answer()
            if answer is not None and self._tasks[answer].number is None:
                self._admit(answer)
            elif answer is not None:
                self._store_result(answer, store)
            for number in [number for number, times in self._deaths.items() if times >= TRIES]:
                if number in self._suspects:
                    self._suspects.remove(number)
                    store(number, crashed(self._settings))

    def cancel(self) -> None:
        """Cancel what is under way; what a worker is in the middle of is done there and thrown away."""
        futures = [task.future for task in self._tasks.values()]
        self._tasks.clear()
        if futures:
            with suppress(Exception):  # the scheduler may be gone
                self._client.cancel(futures)

    # --- giving and waiting

    def _give(self, worker: str, number: int | None, function, *arguments) -> None:
        key = f"fer-utils-faces-{self._token}-{next(self._names)}"
        # A function that a worker cannot import breaks its connection, without a word to us; so it is packed.
        packed = pickle.dumps(_Call(function, arguments))
        future = self._client.submit(pickle.loads, packed, key=key, workers=[worker], pure=False)
        self._tasks[key] = _Task(future, worker, number)
        self._load[worker] += 1
        future.add_done_callback(lambda done: self._answers.put(done.key))

    def _end_task(self, key: str) -> _Task:
        task = self._tasks.pop(key)
        self._load[task.worker] -= 1
        return task

    def _next_answer(self) -> str | None:
        """See who is there, if it is time to, and wait a little for an answer that is still wanted."""
        if time.monotonic() - self._looked >= LOOK_S:
            self._look_around()
        try:
            key = self._answers.get(timeout=LOOK_S)
        except queue.Empty:
            return None
        return key if key in self._tasks else None

    def _look_around(self) -> None:
        try:
            if self._client.status != "running":
                raise OSError("the connection was lost")
            there = self._client.nthreads(callback_timeout=dask_client.CONNECT_S)
        except Exception as error:
            raise self._scheduler_gone(error) from error
        self._looked = time.monotonic()
        for worker in self._threads.keys() - there.keys():
            del self._threads[worker]
        for key, task in list(self._tasks.items()):
            if task.worker not in there:
                self._note_death(self._end_task(key))
        known = self._threads.keys() | self._unfit.keys() | {task.worker for task in self._tasks.values()}
        for worker in there.keys() - known:
            sample = None if self._sample is None else self._sample[0]
            self._give(worker, None, inspect_worker, self._token, self._setup, sample)
        for worker in self._threads:
            self._threads[worker] = max(1, there[worker])
        if self._threads:
            self._last_worker = self._looked
        elif self._looked - self._last_worker > WAIT_S:
            raise self._no_worker()

    def _note_death(self, task: _Task) -> None:
        """A worker has died with this in hand; a clip is now suspect."""
        task.future.release()
        if task.number is not None:
            self._deaths[task.number] += 1
            self._suspects.append(task.number)

    def _answer(self, key: str) -> Any:
        """What a task returned; None if its worker died with the answer, or the answer is still on its way."""
        task = self._tasks[key]
        if task.future.status == "cancelled":
            raise self._scheduler_gone("the work was cancelled there")
        if task.future.status == "lost":  # with the worker that had the answer, as the next look round will tell
            return None
        if task.future.status == "error":
            error = task.future.exception(timeout=dask_client.CONNECT_S)
            if isinstance(error, distributed().KilledWorker):
                self._note_death(self._end_task(key))
                return None
            # The function itself raises nothing, so it could not be called.
            raise FerError(
                f"The worker {task.worker} could not begin ({type(error).__name__}: {error}). Install this version of "
                "fer_utils, and what else the call needs, on every machine of the cluster; the same call goes on."
            ) from error
        # Not `future.result`, which waits for ever for the answer of a worker that has died with it.
        fetching = asyncio.run_coroutine_threadsafe(
            self._client.gather([task.future], errors="skip", asynchronous=True), self._client.loop.asyncio_loop
        )
        while True:
            try:
                found = fetching.result(timeout=LOOK_S)
                break
            except Exception as error:
                if fetching.done():
                    raise self._scheduler_gone(error) from error
                self._look_around()
                if key not in self._tasks:
                    fetching.cancel()
                    return None
        if not found:
            self._answers.put(key)
            return None
        (answer,) = found
        self._end_task(key).future.release()
        return answer

    # --- workers

    def _admit(self, key: str | None) -> None:
        """Hear what a worker says of itself."""
        task = self._tasks.get(key)
        if task is None:
            return
        try:
            said = self._answer(key)
            if said is None:
                return
            self._check(task.worker, said)
            self._threads[task.worker] = 1
            self._last_worker = time.monotonic()
            self._looked = float("-inf")  # how many threads it has
        except FerError as error:
            if not self._begun:
                raise
            self._tasks.pop(key, None)
            self._unfit[task.worker] = str(error)
            warnings.warn(f"{error}\nIt came when the pass had begun, and gets no clips.", RuntimeWarning, stacklevel=2)

    def _check(self, worker: str, said: dict) -> None:
        theirs = said.get("versions", {})
        differ = [
            f"{name} is {theirs.get(name) or 'absent'} there and {here} here"
            for name, here in self._versions.items()
            if here and theirs.get(name) != here
        ]
        if differ:
            raise FerError(
                f"The worker {worker} might make other bytes: {'; '.join(differ)}. Install the same versions on every "
                "machine of the cluster and start its workers anew."
            )
        if said.get("trouble"):
            raise FerError(
                f"The worker {worker} cannot make the detector: {said['trouble']}. Install on every machine of the "
                "cluster what the detector needs, the module that defines it included, and start its workers anew."
            )
        if self._sample is not None and said.get("size") != self._sample[1]:
            raise self._unseen(worker, self._sample[0], said.get("size"))

    # --- clips

    def _store_result(self, key: str, store: Store) -> None:
        task = self._tasks[key]
        answer = self._answer(key)
        if answer is None:
            return
        number = task.number
        kind, content = answer
        if kind == "done":
            store(number, content)
        elif kind == "died":
            store(number, crashed(self._settings))
        elif kind == "forgotten":  # a worker that began anew at the same address
            self._threads.pop(task.worker, None)
            self._deaths[number] += 1
            self._suspects.append(number)
        elif kind == "unseen":
            path = _path(self._values[number])
            if readable(path):
                raise self._unseen(task.worker, path, None)
            store(number, extraction.faces_of_clip(path, self._finder, self._settings))  # nobody can read it
        else:
            raise FerError(
                f"The worker {task.worker} could not start a process of its own: {content}. What is done is "
                "kept: the same call goes on."
            )

    # --- ends

    def _no_worker(self) -> FerError:
        why = "".join(f"\n{text}" for text in self._unfit.values())
        return FerError(
            f"The scheduler at {self._scheduler} has had no worker for this pass for {WAIT_S:g} seconds. Start some "
            f"with `dask worker {self._scheduler} --nthreads 1`. What is done is kept: the same call goes on.{why}"
        )

    def _scheduler_gone(self, error: Any) -> FerError:
        return FerError(
            f"The scheduler at {self._scheduler} is gone or was restarted ({error}). What is done is kept: "
            "start it and its workers again, and the same call goes on."
        )

    def _unseen(self, worker: str, path: str, size: int | None) -> FerError:
        what = "cannot read" if size is None else f"sees another file ({size:,} bytes) as"
        return FerError(
            f"The worker {worker} {what} {path}, which is readable here. Workers read the clips themselves: put them "
            "on a file system that every machine of the cluster mounts at the same place, and scan that folder."
        )


def _path(row: list[Any]) -> str:
    return os.path.abspath(row[0])  # a worker has another working directory


def _sample(values: list[list[Any]]) -> tuple[str, int] | None:
    """Path and size of the first clip that is readable here."""
    for row in values:
        path = _path(row)
        if readable(path) and os.path.isfile(path):
            return path, os.path.getsize(path)
    return None


def _pack(detector: Detector, settings: Settings) -> bytes:
    """What a worker needs for a pass; classes that a notebook defines are packed whole."""
    import cloudpickle  # an extra: it comes with distributed

    return cloudpickle.dumps((detector, settings))
