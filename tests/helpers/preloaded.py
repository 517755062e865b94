"""``python`` for tests, with the large libraries loaded: a process forked from one that has loaded them for everybody.

To import TensorFlow, Keras and what the chapters use besides takes seven seconds of a processor, and a run of the suite
starts dozens of processes that begin so.  `command` gives the beginning of a command line that stands for the
interpreter.  What it runs is a process of its own, with its own arguments, environment, folder, streams and end; only
what it has loaded from installed packages is shared.  The package under test is never loaded beforehand.

Three processes take part: one that has loaded the libraries (`_serve`), started by the worker that asks first and ended
when the last worker has ended; the one that the test starts (`_ask`), which passes signals on and ends as the
other does, and whose end by SIGKILL is the other's; and the forked one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import json
import os
from pathlib import Path
import selectors
import shutil
import signal
import socket
import sys

#: What the chapters load from installed packages.  Not what looks, while it is loaded, at the environment or for a
#: kernel that it is in: ipykernel's application and ipywidgets.
LIBRARIES = (
    "tensorflow",
    "keras",
    "matplotlib.pyplot",
    "pandas",
    "scipy.stats",
    "sklearn.svm",
    "cv2",
    "dlib",
    "IPython.core.interactiveshell",
    "ipykernel.zmqshell",
    "tornado.ioloop",
    "zmq",
)
#: Passed on from the process that the test started to the one that was forked for it.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
#: A request, and the name of the socket's file.
LARGEST, SOCKET = 1 << 20, "socket"
#: The variable by which the processes of a run tell each other the server's folder.
FOLDER = "FER_TESTS_PRELOADED"
#: The connection by which this process keeps the server alive.
_lease: list = []


def command() -> list[str]:
    """The beginning of a command, in place of ``[sys.executable]``; just that where processes cannot be forked safely.

    ``-m module``, ``-c code`` or a script may follow.
    """
    if sys.platform != "linux" or os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
        return [sys.executable]
    return [sys.executable, "-I", "-S", __file__, str(_server() / SOCKET)]


@contextmanager
def used_by(module) -> Iterator[None]:
    """Within the block a module that calls ``subprocess.Popen([sys.executable, ...])`` gets `command` instead."""
    import pytest

    honest, beginning = module.subprocess.Popen, command()

    def popen(command, **options):
        assert command[0] == sys.executable
        return honest([*beginning, *command[1:]], **options)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module.subprocess, "Popen", popen)
        yield


def _server() -> Path:
    """The folder of the server of this run of the suite, which is started unless it is there."""
    import fcntl
    import subprocess
    import tempfile

    if _lease:
        return _lease[0]
    told = Path(os.environ.get(FOLDER, "/nowhere"))
    if lease := _connected(told):
        _lease.extend((told, lease))
        return told
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    built = Path(__file__).parents[2] / "_build" / "test"
    built.mkdir(parents=True, exist_ok=True)
    with open(built / "preloaded.lock", "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        note = built / "preloaded.json"
        known = json.loads(note.read_text()) if note.exists() else {}
        folder = Path(known.get("folder", "/nowhere"))
        if known.get("run") != run or not (lease := _connected(folder)):
            folder = Path(tempfile.mkdtemp(prefix="fer-preloaded-"))  # a short path, that only this user may read
            plain = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "FER_HOME")}
            said = built / "preloaded.log"  # TensorFlow's notes, which nobody's standard error is to hold
            with open(said, "wb") as errors:
                process = subprocess.Popen(
                    [sys.executable, __file__, "--serve", str(folder)],
                    env=plain | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    start_new_session=True,
                )
            assert process.stdout.readline() == b"ready\n", said.read_text()
            process.stdout.close()
            lease = _connected(folder)
            note.write_text(json.dumps({"run": run, "folder": str(folder)}))
    _lease.extend((folder, lease))
    os.environ[FOLDER] = str(folder)
    return folder


def _connected(folder: Path) -> socket.socket | None:
    one = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        one.connect(str(folder / SOCKET))
    except OSError:
        one.close()
        return None
    return one


# The process that a test starts -------------------------------------------------------------------


def _ask(address: str, arguments: list[str]) -> None:
    """Have ``arguments`` run with these streams, and end as it ends."""
    place = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    place.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LARGEST)
    place.connect(address)
    waiting: list[int] = []
    for number in SIGNALS:
        signal.signal(number, lambda number, _: waiting.append(number))
    request = {"arguments": arguments, "environment": dict(os.environ), "folder": os.getcwd()}
    socket.send_fds(place, [json.dumps(request).encode()], [0, 1, 2])
    pid = int(place.recv(64))
    for number in SIGNALS:
        signal.signal(number, lambda number, _: os.kill(pid, number))
    for number in waiting:
        os.kill(pid, number)
    for number in (0, 1, 2):  # whoever reads hears the end of the other process, and not of this one
        os.close(number)
    told = place.recv(64)
    status = int(told) if told else 70  # nothing is told where the server itself has died
    if status < 0:
        if -status in SIGNALS:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


# The process that forks ---------------------------------------------------------------------------


def _serve(folder: Path) -> None:
    import copy
    import gc
    import importlib
    import threading

    del sys.path[0]  # the folder of the helpers
    gc.set_threshold(50_000, 20, 20)
    for name in LIBRARIES:
        importlib.import_module(name)
    import dlib

    unpacked = dlib.get_frontal_face_detector()  # which takes half a second; to copy it takes milliseconds
    dlib.get_frontal_face_detector = lambda: copy.copy(unpacked)
    assert not any(name.partition(".")[0] == "fer_utils" for name in sys.modules)
    # Else a fork might find a lock that nobody opens.
    assert threading.active_count() == 1 and len(os.listdir("/proc/self/task")) == 1
    gc.collect()
    gc.freeze()

    door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LARGEST)
    door.bind(str(folder / SOCKET))
    door.listen(64)
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    print("ready", flush=True)
    os.dup2(2, 1)

    ready = selectors.DefaultSelector()
    ready.register(door, selectors.EVENT_READ)
    ready.register(woken, selectors.EVENT_READ)
    peers: dict[socket.socket, int | None] = {}  # who is connected, and the process that runs for it
    met = False
    while peers or not met:
        for key, _ in ready.select():
            if key.fileobj == woken:
                os.read(woken, 4096)
            elif key.fileobj is door:
                peer, met = door.accept()[0], True
                peers[peer] = None
                ready.register(peer, selectors.EVENT_READ)
            else:
                peer = key.fileobj
                try:
                    message, streams, _, _ = socket.recv_fds(peer, LARGEST, 3)
                except ConnectionResetError:  # killed before it had read what it was sent
                    message, streams = b"", []
                if message and peers[peer] is None:
                    pid = os.fork()
                    if pid == 0:
                        ready.close()
                        for one in (door, *peers):
                            one.close()
                        os.close(woken)
                        _become(json.loads(message), streams, wake)
                    for stream in streams:
                        os.close(stream)
                    peers[peer] = pid
                    try:
                        peer.send(str(pid).encode())
                    except OSError:  # killed meanwhile: the next message from it is empty
                        pass
                else:  # it has ended, and so ends what runs for it
                    if peers[peer] is not None:
                        os.kill(peers[peer], signal.SIGKILL)
                        os.waitpid(peers[peer], 0)
                    ready.unregister(peer)
                    peer.close()
                    del peers[peer]
        for peer, pid in list(peers.items()):
            if pid is not None and (ended := os.waitpid(pid, os.WNOHANG))[0]:
                try:
                    peer.send(str(os.waitstatus_to_exitcode(ended[1])).encode())
                except OSError:  # nobody waits for it any more
                    pass
                ready.unregister(peer)
                peer.close()
                del peers[peer]
    shutil.rmtree(folder, ignore_errors=True)
    # `time make test` counts no process that ends after the one that started it.
    print(f"{sum(os.times()[:4]):.1f} s of a processor", file=sys.stderr)


def _become(request: dict, streams: list[int], wake: int) -> None:
    """In the forked process: everything that a fresh one would find otherwise."""
    import runpy

    signal.set_wakeup_fd(-1)
    os.close(wake)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    for stream in streams:
        os.close(stream)
    sys.stdin = open(0, encoding="utf8", closefd=False)
    sys.stdout = open(1, "w", encoding="utf8", closefd=False)
    sys.stderr = open(2, "w", encoding="utf8", errors="backslashreplace", buffering=1, closefd=False)
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
    environment, arguments = request["environment"], request["arguments"]
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(request["folder"])
    places = [place for place in environment.get("PYTHONPATH", "").split(os.pathsep) if place]

    import matplotlib
    import numpy

    numpy.random.seed()  # else every process would draw the same
    if backend := environment.get("MPLBACKEND"):
        matplotlib.rcParams["backend"] = backend
    # What Python does when it starts and when it ends.
    first, *rest = [one for one in arguments[:1] if one != "-u"] + arguments[1:]
    sys.path[:] = [str(Path(first).parent) if first not in ("-c", "-m") else "", *places, *sys.path]
    try:
        if first == "-c":
            sys.argv = ["-c", *rest[1:]]
            main = type(sys)("__main__")
            sys.modules["__main__"] = main
            exec(compile(rest[0], "<string>", "exec"), vars(main))
        elif first == "-m":
            sys.argv = [rest[0], *rest[1:]]
            runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        else:
            sys.argv = [first, *rest]
            runpy.run_path(first, run_name="__main__")
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    raise SystemExit  # and Python ends as it always does


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        _serve(Path(sys.argv[2]))
    else:
        _ask(sys.argv[1], sys.argv[2:])
