"""The way to a Dask scheduler: its address checked, and a connection, or one error that says why there is none."""

from __future__ import annotations

from contextlib import suppress
import queue
import re
import threading
from typing import Any

from fer_utils.core.errors import FerError, invalid
from fer_utils.core.optional_packages import distributed

#: Seconds that a scheduler may take to answer.
CONNECT_S = 20.0
#: How often a connection is tried.
CONNECT_TRIES = 3

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
    distributed()
    return scheduler


def _client_class() -> type:
    """The library's client, closed at once when it does not come to be.

    What is left of a failed one would be closed whenever Python collects it, in the worst case while the next one
    holds the lock that closing needs: then both wait for ever.
    """

    class Client(distributed().Client):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            try:
                super().__init__(*arguments, **options)
            except BaseException:
                with suppress(Exception):  # the first error is the one to tell
                    self.close(timeout=5)
                raise

    return Client


def connect(scheduler: str) -> Any:
    """A connection; the library's own limit does not hold where a listener says nothing, so it is asked in a thread."""
    make_client = _client_class()
    outcome: queue.SimpleQueue[Any] = queue.SimpleQueue()
    gave_up = threading.Event()

    def ask() -> None:
        for number in range(1, CONNECT_TRIES + 1):
            try:
                client = make_client(scheduler, timeout=CONNECT_S, set_as_default=False, name="fer_utils.prepare")
                break
            except Exception as error:  # what is listening there may answer anything
                # Of news that come with the scheduler's greeting the library makes an AssertionError: once more, then.
                if not isinstance(error, AssertionError) or number == CONNECT_TRIES:
                    outcome.put(error)
                    return
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
