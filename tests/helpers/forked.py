"""Processes that begin with their libraries loaded: forked from one process that has loaded them and does nothing else.

A worker of Dask takes seconds to load its libraries, and most tests of a cluster start one.  Each is a process of its
own, with its own environment, folder and log, that can be killed like any other; only what it has loaded from
installed packages is shared.  The package under test and the tests' helpers are never loaded beforehand.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
import subprocess
import sys
import threading

#: What stands between the one who asks and the process that forks: a line of JSON each way.
_LOADED = "loaded"


class Forks:
    """The process that has ``modules`` loaded, from which others are started; it is silent ``patience`` s at most."""

    def __init__(self, *modules: str, environment: dict[str, str], patience: float):
        alone = {name: value for name, value in environment.items() if name != "PYTHONPATH"}
        self._lock, self._patience = threading.Lock(), patience
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__, *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=alone,
            text=True,
        )
        assert self._line().strip() == _LOADED

    def ask(self, **request):
        with self._lock:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            return json.loads(self._line())

    def _line(self) -> str:
        """The next line that the process writes; what is silent for longer than ``patience`` seconds is killed."""
        timer = threading.Timer(self._patience, self._process.kill)
        timer.start()
        try:
            return self._process.stdout.readline()
        finally:
            timer.cancel()

    def start(self, code: str, arguments: list[str], *, env: dict[str, str], cwd: Path, log: Path) -> Forked:
        """What ``python -c code arguments`` starts, its output in ``log``."""
        pid = self.ask(do="start", code=code, arguments=arguments, env=env, cwd=str(cwd), log=str(log))
        return Forked(self, pid)

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(self._patience)
        self._process.stdout.close()


class Forked:
    """One of the processes, with the part of ``subprocess.Popen`` that tests use."""

    def __init__(self, forks: Forks, pid: int):
        self._forks, self.pid, self.returncode = forks, pid, None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._forks.ask(do="poll", pid=self.pid)
        return self.returncode

    def wait(self) -> int:
        if self.returncode is None:
            self.returncode = self._forks.ask(do="wait", pid=self.pid)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:  # not yet reaped, so the number is still this process's
            os.kill(self.pid, number)

    def kill(self) -> None:
        import signal

        self.send_signal(signal.SIGKILL)


def _become(request: dict) -> None:
    """In the forked process: everything that a fresh one would find otherwise."""
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, place in ((0, nothing), (1, log), (2, log)):
        os.dup2(place, number)
    for number in (log, nothing):
        os.close(number)
    sys.stdin, sys.stdout, sys.stderr = (open(number, mode) for number, mode in ((0, "r"), (1, "w"), (2, "w")))
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    places = [place for place in request["env"].get("PYTHONPATH", "").split(os.pathsep) if place]
    sys.path[:] = ["", *places, *sys.path]
    sys.argv = ["-c", *request["arguments"]]
    exec(compile(request["code"], "<string>", "exec"), {"__name__": "__main__"})


def _serve(modules: list[str]) -> None:
    import gc
    import importlib

    for module in modules:
        importlib.import_module(module)
    assert not any(name.partition(".")[0] in ("fer_utils", "drawn") for name in sys.modules)
    assert threading.active_count() == 1  # else a fork might find a lock that nobody opens
    gc.collect()
    gc.freeze()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    print(_LOADED, file=answers, flush=True)
    while line := sys.stdin.readline():
        request = json.loads(line)
        if request["do"] == "start":
            pid = os.fork()
            if pid == 0:
                os.close(answers.fileno())
                _become(request)
                os._exit(0)
            answer = pid
        else:
            pid, status = os.waitpid(request["pid"], 0 if request["do"] == "wait" else os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    _serve(sys.argv[1:])
