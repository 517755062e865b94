"""Runs pytest again and again, each time in a process forked from one that has loaded the libraries, which takes long.

    python process.py    # in the copy of the checkout; a line of JSON in for each run, a line of JSON out

The package under test and its tests are loaded in the forked processes only, so each finds the text as it is then.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
from pathlib import Path
import resource
import signal
import sys
import threading
import time

import pytest

#: Bytes that a run may ask for; a change may make a loop that collects without end.
MEMORY = 12 << 30


class Watches:
    """Keeps the chosen tests, notes how long each takes, which fail, and which lines of modules each reaches."""

    def __init__(self, tests: list[str] | None, lines: dict[str, list[int]]) -> None:
        self.tests = set(tests) if tests is not None else None
        self.lines = {file: set(numbers) for file, numbers in lines.items()}
        self.here: set = set()
        self.told: dict = {"failed": [], "seconds": {}, "reached": {}, "slow": []}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config, items):
        if self.tests is not None:
            dropped = [item for item in items if item.nodeid not in self.tests]
            items[:] = [item for item in items if item.nodeid in self.tests]
            config.hook.pytest_deselected(items=dropped)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        began, self.here = time.perf_counter(), set()
        if self.lines:
            sys.settrace(self.call)
            threading.settrace(self.call)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)
            self.told["seconds"][item.nodeid] = round(time.perf_counter() - began, 3)
            if self.here:
                self.told["reached"][item.nodeid] = sorted(self.here)

    def call(self, frame, event, argument):
        wanted = self.lines.get(frame.f_code.co_filename)
        if not wanted:
            return None

        def line(frame, event, argument):
            if frame.f_lineno in wanted:
                self.here.add((frame.f_code.co_filename, frame.f_lineno))
            return line

        return line(frame, event, argument)

    def pytest_runtest_logreport(self, report):
        if report.failed and report.nodeid not in self.told["failed"]:
            self.told["failed"].append(report.nodeid)

    def pytest_collectreport(self, report):
        if report.failed:
            self.told["failed"].append(report.nodeid or "collecting the tests")


def judge(request: dict, answer: Path) -> None:
    """In the forked process: one run of pytest."""
    os.setsid()
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)
    sys.stdin = open(os.devnull)
    watches = Watches(request["tests"], request["lines"])
    words = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header", "--tb=line", "--show-capture=no"]
    words += ["-m", request["mark"]]
    if request["first_failure"]:
        words.append("-x")
    if importlib.util.find_spec("hypothesis"):
        words.append("--hypothesis-seed=0")  # the same examples each time
    status = int(pytest.main([*words, *request["files"]], plugins=[watches]))
    loaded = [name for name, module in list(sys.modules.items()) if _is_library(module)]
    answer.write_text(json.dumps({**watches.told, "status": status, "loaded": loaded}))
    sys.stdout.flush()
    os._exit(0)


def _is_library(module) -> bool:
    file = getattr(module, "__file__", None) or ""
    return file.startswith((sys.prefix, sys.base_prefix)) and not file.startswith(os.getcwd())


def wait(pid: int, limit: float) -> bool:
    """Whether the process ended by itself within the limit; its whole group has ended afterwards in any case."""
    end = time.monotonic() + limit
    ended = False
    while not ended and time.monotonic() < end:
        ended = os.waitpid(pid, os.WNOHANG)[0] != 0
        time.sleep(0 if ended else 0.02)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    if not ended:
        os.waitpid(pid, 0)
    return ended


def warm(names: list[str]) -> str:
    """Load libraries; the name of one that starts a thread, after which this process is of no use.

    A forked process has no other threads, and might wait for a lock that one of them holds.
    """
    for name in names:
        with contextlib.suppress(BaseException):
            importlib.import_module(name)
        if threading.active_count() > 1:
            return name
    return ""


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print while they are loaded is no answer
    sys.path.insert(0, os.getcwd())
    while line := sys.stdin.readline():
        request = json.loads(line)
        if request["do"] == "warm":
            told = {"starts_threads": warm(request["names"])}
        else:
            file = Path(request["log"]).with_suffix(".json")
            file.unlink(missing_ok=True)
            began = time.monotonic()
            pid = os.fork()
            if pid == 0:
                try:
                    judge(request, file)
                finally:
                    os._exit(1)
            ended = wait(pid, request["limit"])
            told = json.loads(file.read_text()) if file.exists() else {"failed": [], "status": -1}
            told |= {"ended": ended, "wall": time.monotonic() - began}
        print(json.dumps(told), file=answers, flush=True)


if __name__ == "__main__":
    main()
