"""The clips of a pass on a Dask cluster: the caller's side (``clusterwork`` has the workers').

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
import re
import threading
import time
from typing import Any, NamedTuple
import uuid
import warnings

from fer_utils.core.errors import FerError, invalid, missing
from fer_utils.faces import clipwork
from fer_utils.faces.clipwork import Settings
from fer_utils.faces.clusterwork import look, readable, versions, work
from fer_utils.faces.detectors import Detector
from fer_utils.faces.local import Store, crashed

#: Seconds that a scheduler may take to answer.
CONNECT_S = 20.0
#: Seconds that a pass waits while no worker is there that can do its clips.
WAIT_S = 60.0
#: Seconds from one look at which workers there are to the next.
LOOK_S = 1.0
#: A clip that was in the hands of this many workers when they died is given up.
TRIES = 5

_ADDRESS = re.compile(r"(?:tcp|tls)://(?:\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):([0-9]{1,5})")


def checked_scheduler(scheduler: Any, workers: Any) -> str | None:
    """The address of a scheduler, or None.

    Raises
    ------
    FerError : it is no address, or ``workers`` are asked for besides.
    MissingPackage : ``distributed`` is not installed.
    """
    if scheduler is None:
        return None
    found = _ADDRESS.fullmatch(scheduler) if isinstance(scheduler, str) else None
    if found is None or not 0 < int(found[1]) < 65536:
        raise invalid(
            "scheduler",
            expected='the address of a Dask scheduler, "tcp://host:port" or "tls://host:port"',
            received=scheduler,
            remedy="`dask scheduler` prints it when it starts.",
        )
    if workers is not None:
        raise invalid(
            "workers",
            expected="None where `scheduler` is given",
            received=workers,
            remedy="The cluster's workers do the work, as many as were started with `dask worker`.",
        )
    _distributed()
    return scheduler


def _distributed() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise missing("distributed", needed_for="scheduler=...", remedy='pip install "fer-utils[cluster]"') from error
    return distributed


@contextmanager
def connected(
    scheduler: str | None,
    detector: str | Detector,
    finder: Detector,
    settings: Settings,
    values: list[list[Any]],
) -> Iterator[Crew | None]:
    """The workers of a cluster, looked at and found fit; None without a scheduler.

    Parameters
    ----------
    scheduler : as ``checked_scheduler`` gave it.
    detector, finder, settings, values : as in ``prepare``; ``values`` are the rows of the clip table.

    Raises
    ------
    FerError : nobody answers there, no worker comes, or one of those that are
        there would make other bytes or does not see the clips.
    """
    if scheduler is None:
        yield None
        return
    client = _client(scheduler)
    try:
        crew = Crew(client, scheduler, detector, finder, settings, values)
        try:
            crew.begin()
            yield crew
        finally:
            crew.drop()
    finally:
        with suppress(Exception):
            client.close(timeout=5)


def _client(scheduler: str) -> Any:
    """A connection; the library's own limit does not hold where a listener says nothing, so it is asked in a thread."""
    distributed, outcome = _distributed(), queue.SimpleQueue()
    gave_up = threading.Event()

    def ask() -> None:
        for chance in range(3):
            try:
                client = distributed.Client(
                    scheduler, timeout=CONNECT_S, set_as_default=False, name="fer_utils.prepare"
                )
                break
            except Exception as error:  # what is listening there may answer anything
                # Of news that come with the scheduler's greeting the library makes an AssertionError: once more, then.
                if not isinstance(error, AssertionError) or chance == 2:
                    return outcome.put(error)
        outcome.put(client)
        if gave_up.is_set():
            client.close(timeout=5)

    threading.Thread(target=ask, daemon=True).start()
    try:
        found = outcome.get(timeout=1.5 * CONNECT_S)
    except queue.Empty:
        found = TimeoutError(f"no answer in {1.5 * CONNECT_S:g} seconds")
        gave_up.set()
    except BaseException:
        gave_up.set()
        raise
    if isinstance(found, Exception):
        raise FerError(
            f"No Dask scheduler answers at {scheduler} ({type(found).__name__}: {found}). Nothing was begun. Start one "
            "with `dask scheduler`, and pass the address that it prints."
        ) from found
    return found


class _Call(NamedTuple):
    """A call that is made by unpickling it."""

    function: Any
    arguments: tuple

    def __reduce__(self):
        return self.function, self.arguments


class _Given(NamedTuple):
    """A task that a worker has; ``number`` is the clip's, or None while the worker is only looked at."""

    future: Any
    worker: str
    number: int | None


class Crew:
    """The workers of one pass, and what each of them has in hand."""

    def __init__(self, client, scheduler, detector, finder, settings, values):
        import cloudpickle  # comes with distributed; takes along what a notebook defines

        self._client, self._scheduler = client, scheduler
        self._finder, self._settings, self._values = finder, settings, values
        self._token, self._setup = uuid.uuid4().hex, cloudpickle.dumps((detector, settings))
        self._mine, self._sample = versions(), _sample(values)
        self._threads: dict[str, int] = {}  # of the workers that are fit
        self._unfit: dict[str, str] = {}
        self._given: dict[str, _Given] = {}
        self._load: Counter[str] = Counter()
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._names = itertools.count()
        self._suspects: deque[int] = deque()
        self._lost: Counter[int] = Counter()
        self._looked, self._manned, self._begun = float("-inf"), time.monotonic(), False

    def begin(self) -> None:
        """Wait for a worker, and for what each one that is there says of itself."""
        until = time.monotonic() + WAIT_S
        while not self._threads or self._given:
            if self._threads and time.monotonic() > until:
                break  # one is busy with the work of others; it is looked at when it answers
            self._take(self._step())
        self._begun = True

    def work_off(self, todo: deque[int], store: Store) -> None:
        """Empty ``todo``; every result goes to ``store``, in any order."""
        while todo or self._suspects or any(given.number is not None for given in self._given.values()):
            while (self._suspects or todo) and self._threads:
                worker = min(self._threads, key=lambda name: self._load[name] / self._threads[name])
                if self._load[worker] > self._threads[worker]:
                    break  # one more than it has threads: results would pile up in memory
                alone = bool(self._suspects)
                number = self._suspects.popleft() if alone else todo.popleft()
                self._give(worker, number, work, self._token, _path(self._values[number]), alone)
            answer = self._step()
            if answer is not None and self._given[answer].number is None:
                self._take(answer)
            elif answer is not None:
                self._keep(answer, store)
            for number in [number for number, times in self._lost.items() if times >= TRIES]:
                if number in self._suspects:
                    self._suspects.remove(number)
                    store(number, crashed(self._settings))

    def drop(self) -> None:
        """Cancel what is under way; what a worker is in the middle of is done there and thrown away."""
        futures = [given.future for given in self._given.values()]
        self._given.clear()
        if futures:
            with suppress(Exception):  # the scheduler may be gone
                self._client.cancel(futures)

    # --- giving and waiting

    def _give(self, worker: str, number: int | None, function, *arguments) -> None:
        key = f"fer-utils-faces-{self._token}-{next(self._names)}"
        # A function that a worker cannot import breaks its connection, without a word to us; so it is packed.
        packed = pickle.dumps(_Call(function, arguments))
        future = self._client.submit(pickle.loads, packed, key=key, workers=[worker], pure=False)
        self._given[key] = _Given(future, worker, number)
        self._load[worker] += 1
        future.add_done_callback(lambda done: self._answers.put(done.key))

    def _ended(self, key: str) -> _Given:
        given = self._given.pop(key)
        self._load[given.worker] -= 1
        return given

    def _step(self) -> str | None:
        """See who is there, if it is time to, and wait a little for an answer that is still wanted."""
        if time.monotonic() - self._looked >= LOOK_S:
            self._look_around()
        try:
            key = self._answers.get(timeout=LOOK_S)
        except queue.Empty:
            return None
        return key if key in self._given else None

    def _look_around(self) -> None:
        try:
            if self._client.status != "running":
                raise OSError("the connection was lost")
            there = self._client.nthreads(callback_timeout=CONNECT_S)
        except Exception as error:
            raise self._scheduler_gone(error) from error
        self._looked = time.monotonic()
        for worker in self._threads.keys() - there.keys():
            del self._threads[worker]
        for key, given in list(self._given.items()):
            if given.worker not in there:
                self._lose(self._ended(key))
        known = self._threads.keys() | self._unfit.keys() | {given.worker for given in self._given.values()}
        for worker in there.keys() - known:
            self._give(worker, None, look, self._token, self._setup, self._sample and self._sample[0])
        for worker in self._threads:
            self._threads[worker] = max(1, there[worker])
        if self._threads:
            self._manned = self._looked
        elif self._looked - self._manned > WAIT_S:
            raise self._nobody()

    def _lose(self, given: _Given) -> None:
        """A worker has died with this in hand; a clip is now suspect."""
        given.future.release()
        if given.number is not None:
            self._lost[given.number] += 1
            self._suspects.append(given.number)

    def _answer(self, key: str) -> Any:
        """What a task returned; None if its worker died with the answer, or the answer is still on its way."""
        distributed, given = _distributed(), self._given[key]
        if given.future.status == "cancelled":
            raise self._scheduler_gone("the work was cancelled there")
        if given.future.status == "lost":  # with the worker that had the answer, as the next look round will tell
            return None
        if given.future.status == "error":
            error = given.future.exception(timeout=CONNECT_S)
            if isinstance(error, distributed.KilledWorker):
                self._lose(self._ended(key))
                return None
            # The function itself raises nothing, so it could not be called.
            raise FerError(
                f"The worker {given.worker} could not begin ({type(error).__name__}: {error}). Install this version of "
                "fer_utils, and what else the call needs, on every machine of the cluster; the same call goes on."
            ) from error
        # Not `future.result`, which waits for ever for the answer of a worker that has died with it.
        fetching = asyncio.run_coroutine_threadsafe(
            self._client.gather([given.future], errors="skip", asynchronous=True), self._client.loop.asyncio_loop
        )
        while True:
            try:
                found = fetching.result(timeout=LOOK_S)
                break
            except Exception as error:
                if fetching.done():
                    raise self._scheduler_gone(error) from error
                self._look_around()
                if key not in self._given:
                    fetching.cancel()
                    return None
        if not found:
            self._answers.put(key)
            return None
        (answer,) = found
        self._ended(key).future.release()
        return answer

    # --- workers

    def _take(self, key: str | None) -> None:
        """Hear what a worker says of itself."""
        given = self._given.get(key)
        if given is None:
            return
        try:
            said = self._answer(key)
            if said is None:
                return
            self._judge(given.worker, said)
            self._threads[given.worker], self._manned = 1, time.monotonic()
            self._looked = float("-inf")  # how many threads it has
        except FerError as error:
            if not self._begun:
                raise
            self._given.pop(key, None)
            self._unfit[given.worker] = str(error)
            warnings.warn(f"{error}\nIt came when the pass had begun, and gets no clips.", RuntimeWarning, stacklevel=2)

    def _judge(self, worker: str, said: dict) -> None:
        theirs = said.get("versions", {})
        differ = [
            f"{name} is {theirs.get(name) or 'absent'} there and {here} here"
            for name, here in self._mine.items()
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

    def _keep(self, key: str, store: Store) -> None:
        given, answer = self._given[key], self._answer(key)
        if answer is None:
            return
        number, (kind, content) = given.number, answer
        if kind == "done":
            store(number, content)
        elif kind == "died":
            store(number, crashed(self._settings))
        elif kind == "stranger":  # a worker that began anew at the same address
            self._threads.pop(given.worker, None)
            self._lost[number] += 1
            self._suspects.append(number)
        elif kind == "unseen":
            path = _path(self._values[number])
            if readable(path):
                raise self._unseen(given.worker, path, None)
            store(number, clipwork.faces_of_clip(path, self._finder, self._settings))  # nobody can read it
        else:
            raise FerError(
                f"The worker {given.worker} could not start a process of its own: {content}. What is done is "
                "kept: the same call goes on."
            )

    # --- ends

    def _nobody(self) -> FerError:
        why = "".join(f"\n{text}" for text in self._unfit.values())
        return FerError(
            f"The scheduler at {self._scheduler} has had no worker for this pass for {WAIT_S:g} seconds. Start some with "
            f"`dask worker {self._scheduler} --nthreads 1`. What is done is kept: the same call goes on.{why}"
        )

    def _scheduler_gone(self, error: Any) -> FerError:
        return FerError(
            f"The scheduler at {self._scheduler} is gone or was restarted ({error}). What is done is kept: "
            "start it and its workers again, and the same call goes on."
        )

    def _unseen(self, worker: str, path: str, size: int | None) -> FerError:
        what = "cannot read" if size is None else f"sees another file ({size:,} bytes) as"
        return FerError(
            f"The worker {worker} {what} {path}, which is readable here. Workers read the clips themselves: put them on "
            "a file system that every machine of the cluster mounts at the same place, and scan that folder."
        )


def _path(row: list[Any]) -> str:
    return os.path.abspath(row[0])  # a worker has another working directory


def _sample(values: list[list[Any]]) -> tuple[str, int] | None:
    """Path and size of the first clip that is readable here."""
    paths = (path for path in map(_path, values) if readable(path) and os.path.isfile(path))
    return next(((path, os.path.getsize(path)) for path in paths), None)
