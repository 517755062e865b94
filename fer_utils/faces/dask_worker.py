"""What is done in a worker of a Dask cluster: say what it is, make the detector, do a clip."""

from __future__ import annotations

from contextlib import suppress
import functools
import hashlib
import importlib
import os
from pathlib import Path
import pickle
import platform
import subprocess
import sys
import threading
from typing import Any

from fer_utils.core import provenance
from fer_utils.core.optional_packages import opencv
from fer_utils.faces import extraction
from fer_utils.faces.detector_base import Detector
from fer_utils.faces.extraction import ClipResult, Settings

#: How many passes a worker keeps the detectors of.
KEPT = 4

_PACKAGES = {"OpenCV": "cv2", "dlib": "dlib", "NumPy": "numpy", "Pillow": "PIL"}

_packed_setups: dict[str, bytes] = {}
_lock = threading.Lock()
_here = threading.local()


def versions() -> dict[str, str]:
    """What the bytes of a face depend on, in this process; dlib's is ``""`` unless it is loaded."""
    found = {name: _version(module) for name, module in _PACKAGES.items()}
    return {**found, "the code of fer_utils.faces": _code(), "the kind of processor": platform.machine()}


def _version(module: str) -> str:
    if module != "dlib":  # a face set's manifest says whether dlib was used, by its being loaded
        with suppress(ImportError):
            importlib.import_module(module)
    return str(getattr(sys.modules.get(module), "__version__", ""))


@functools.cache  # what was loaded: a file that changes under a running worker does not change the worker
def _code() -> str:
    files = sorted(Path(__file__).parent.glob("*.py"))
    return provenance.digest([hashlib.sha256(file.read_bytes()).hexdigest() for file in files])[:12]


def readable(path: str) -> bool:
    """Whether this process may read what is there, if anything is."""
    try:
        return os.access(path, os.R_OK)
    except ValueError:  # a name that no system takes; reading it gives the cause
        return False


def inspect_worker(token: str, setup: bytes, sample: str | None) -> dict[str, Any]:
    """What a worker says of itself when a pass has found it, and its preparation for the pass's clips."""
    with suppress(ImportError):  # the caller compares it if it has loaded it itself
        importlib.import_module("dlib")
    said: dict[str, Any] = {"versions": versions(), "size": None, "trouble": ""}
    if sample is not None and readable(sample):
        said["size"] = os.path.getsize(sample)
    with _lock:
        _packed_setups[token] = setup
        while len(_packed_setups) > KEPT:
            del _packed_setups[next(iter(_packed_setups))]
    try:
        _ready(token)
    except Exception as error:
        said["trouble"] = f"{type(error).__name__}: {error}"
    return said


def work(token: str, path: str, alone: bool) -> tuple[str, Any]:
    """One clip, in a worker: what became of it, and the result if it is done.

    With ``alone`` it is done in a process of its own: if that dies, it was the
    clip, and the worker is there to say so.
    """
    if token not in _packed_setups:
        return "forgotten", None
    if not readable(path):
        return "unseen", None
    if alone:
        return _in_a_process(_packed_setups[token], path)
    return "done", extraction.faces_of_clip(path, *_ready(token))


def _ready(token: str) -> tuple[Detector, Settings]:
    """A pass's detector and settings, made once a thread.

    dlib lets threads run at once, and its detector is not for two.
    """
    if not hasattr(_here, "made"):
        _here.made = {}
    made = _here.made
    if token not in made:
        while len(made) >= KEPT:
            del made[next(iter(made))]
        made[token] = _unpacked(_packed_setups[token])
    return made[token]


def _unpacked(setup: bytes) -> tuple[Detector, Settings]:
    opencv().setNumThreads(1)
    return pickle.loads(setup)


def _in_a_process(setup: bytes, path: str) -> tuple[str, Any]:
    # Not multiprocessing: a worker under a nanny is a daemon and may have no children of that kind.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(place or os.getcwd() for place in sys.path)}
    child = subprocess.Popen(
        [sys.executable, "-c", "from fer_utils.faces.dask_worker import in_a_child; in_a_child()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    try:
        with suppress(BrokenPipeError):
            pickle.dump((setup, path), child.stdin)
            child.stdin.flush()
        ready, result = child.stdout.readline(), child.stdout.read()
        if not ready:
            return "broken", f"it ended with status {child.wait()} before the clip was opened"
        with suppress(Exception):  # cut short by its death
            return "done", pickle.loads(result)
        return "died", None
    finally:
        child.kill()
        child.stdout.close()
        with suppress(BrokenPipeError):
            child.stdin.close()
        child.wait()


def in_a_child() -> None:
    """What the process of one suspect clip does; it ends when its worker does."""
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not print into the answer
    setup, path = pickle.load(sys.stdin.buffer)
    threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(1)), daemon=True).start()
    finder, settings = _unpacked(setup)
    answer.write(b"ready\n")
    answer.flush()
    result: ClipResult = extraction.faces_of_clip(path, finder, settings)
    pickle.dump(result, answer)
    answer.flush()
    os._exit(0)  # the thread above may hold the input
