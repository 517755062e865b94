"""A copy of the checkout in which one change at a time is made, and the tests that are asked whether they notice it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
import time

from changes import Change
from selection import CANARIES, PACKAGE, tests_of

QUICK = "not slow and not browser and not book"
SLOW = "slow and not browser and not book"
#: Seconds that a run may take beyond four times what its tests took without a change.
GRACE = 20.0
#: A run that has no time to compare with.
LONGEST = 600.0

#: What tests keep in the store, and the subpackages that make it.  What was made without a change is kept for changes
#: of other subpackages; all else is made anew, so that no test takes an answer of the unchanged text from the store.
STORE = Path("_build/test/fer")
MADE_BY = {
    "films": {"core", "studio", "synthetic"},
    "faces": {"core", "datasets", "faces", "studio", "synthetic"},
    "landmarks": {"core", "faces", "studio", "synthetic"},
}


@dataclass
class Verdict:
    """What became of a change."""

    module: str
    change: Change
    #: killed, lived or timed out
    outcome: str
    #: The test that failed, or how many tests were asked in vain.
    by: str
    seconds: float


@dataclass
class Baseline:
    """The tests without a change: what they take, and which of the wanted lines they reach."""

    seconds: dict[str, float] = field(default_factory=dict)
    reached: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)

    def add(self, told: dict, folder: Path) -> None:
        self.failed |= set(told["failed"])
        self.seconds |= told.get("seconds", {})
        for test, lines in told.get("reached", {}).items():
            for file, line in lines:
                self.reached.setdefault((Path(file).relative_to(folder).as_posix(), line), set()).add(test)


def copied(root: Path, place: Path) -> Path:
    """A copy of all that git does not ignore, as it lies there now, with the environment and the data beside it."""
    folder = place / root.name
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if (root / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, folder / name)
    for link, target in ((folder / ".venv", root / ".venv"), (place / "shared", root.parent / "shared")):
        if target.exists() and not link.exists():
            link.symlink_to(target)
    return folder


class Judge:
    """Asks the tests about one change after another, in the copy ``folder``."""

    def __init__(self, folder: Path, plan: dict[str, list[Change]]) -> None:
        self.folder, self.plan = folder, plan
        self.tests = {module: tests_of(folder, module) for module in plan}
        self.wanted = {str(folder / module): self._lines(module) for module in plan}
        self.baseline = Baseline()
        self.edits = 0
        self.kept = folder.parent / "kept"
        self._start()

    def _start(self) -> None:
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment.pop("FER_HOME", None)
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("process.py"))],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _end(self) -> None:
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def __enter__(self) -> Judge:
        return self

    def __exit__(self, *_) -> None:
        self._end()

    def _lines(self, module: str) -> list[int]:
        """The lines that decide which tests are asked; for a change that takes place on import, all of the module."""
        lines: set[int] = set()
        for change in self.plan[module]:
            first, last = change.reached_by or (1, (self.folder / module).read_text(encoding="utf-8").count("\n") + 1)
            lines |= set(range(first, last + 1))
        return sorted(lines)

    def _ask(self, **request) -> dict:
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit("The process that runs the tests has ended; what it said stands above.")
        return json.loads(answer)

    def _run(self, files, *, tests=None, mark=QUICK, limit=LONGEST, lines=None, first_failure=True) -> dict:
        log = str(self.folder.parent / "tests.log")
        return self._ask(
            do="run",
            files=list(files),
            tests=None if tests is None else sorted(tests),
            mark=mark,
            limit=limit,
            lines=lines or {},
            first_failure=first_failure,
            log=log,
        )

    # Without a change ----------------------------------------------------------------------------

    def begin(self) -> None:
        """Run the tests of the modules' own folders, and load the libraries that they load."""
        loaded = self._know({file for module in self.plan for file in self._own(module)})
        while loaded and (name := self._ask(do="warm", names=loaded)["starts_threads"]):
            top = name.partition(".")[0]
            loaded = [other for other in loaded if other.partition(".")[0] != top]
            self._end()
            self._start()

    def _know(self, files: set[str]) -> list[str]:
        """Run tests without a change, once: what they take and reach, which fail.  Returns the libraries they load."""
        files -= self.baseline.files
        if not files:
            return []
        self.baseline.files |= files
        self._store(without=set())
        told = self._run(sorted(files), lines=self.wanted, first_failure=False, limit=6 * LONGEST)
        if not told["ended"] or told["status"] not in (0, 1, 5):
            raise SystemExit(f"The tests cannot be run without a change:\n{self.log()}")
        self.baseline.add(told, self.folder)
        for name in MADE_BY:
            if (self.folder / STORE / name).exists():
                shutil.copytree(self.folder / STORE / name, self.kept / name, dirs_exist_ok=True)
        return told["loaded"]

    def log(self) -> str:
        """The last lines of the last run of pytest."""
        return (self.folder.parent / "tests.log").read_text(encoding="utf-8", errors="replace")[-3000:]

    # With a change -------------------------------------------------------------------------------

    def judge(self, module: str, change: Change) -> Verdict:
        began = time.monotonic()
        outcome, by = self._outcome(module, change)
        return Verdict(module, change, outcome, by, time.monotonic() - began)

    def _outcome(self, module: str, change: Change) -> tuple[str, str]:
        asked = 0
        for files, tests, mark, limit in self._rounds(module, change):
            self._store({name for name, makers in MADE_BY.items() if Path(module).parts[1] in makers})
            with self._made(module, change):
                told = self._run(files, tests=tests, mark=mark, limit=limit)
            if not told["ended"]:
                return "timed out", f"after {limit:.0f} s of {files[0]}"
            if told["failed"]:
                return "killed", told["failed"][0]
            if told["status"] not in (0, 5):  # 5: no test chosen
                return "killed", f"{files[0]} (pytest ended with {told['status']})"
            asked += len(told["seconds"])
        return "lived", f"{asked} tests asked" if asked else "no test reaches it"

    @contextmanager
    def _made(self, module: str, change: Change) -> Iterator[None]:
        """The change stands in the copy while the block runs."""
        file = self.folder / module
        text, before = file.read_bytes(), file.stat()
        file.write_bytes(change.applied(text))
        # Compiled modules are known by size and whole seconds; no two texts have the same second.
        self.edits += 1
        os.utime(file, (1_000_000_000 + self.edits,) * 2)
        try:
            yield
        finally:
            file.write_bytes(text)
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    def _store(self, without: set[str]) -> None:
        """Lay the store as it was without a change, less what the changed module has a part in."""
        shutil.rmtree(self.folder / STORE, ignore_errors=True)
        for name in MADE_BY.keys() - without:
            if (self.kept / name).exists():
                shutil.copytree(self.kept / name, self.folder / STORE / name)

    def _own(self, module: str) -> list[str]:
        """The files of tests in the folder of the same name; all that name the module, if there is no such folder."""
        folder = f"tests/{Path(module).parent.relative_to(PACKAGE).as_posix()}/"
        return [file for file in self.tests[module] if file.startswith(folder)] or self.tests[module]

    def _rounds(self, module: str, change: Change) -> Iterator[tuple[list[str], set[str] | None, str, float]]:
        """(files, tests of them or None for all, mark, limit in seconds): one run after the other until one fails."""
        own = self._own(module)
        for files in (own, [file for file in self.tests[module] if file not in own]):
            self._know(set(files))
            quick = {test for test in self.baseline.seconds if _file(test) in files} - self.baseline.failed
            if reaching := self._reaching(module, change) & quick:
                yield self._round(reaching)
            # What a test was given by another one of its file, it has reached through that one.
            near = {_file(test) for test in reaching} if change.reached_by else set(files)
            if rest := {test for test in quick - reaching if _file(test) in near}:
                yield self._round(rest)
        if (self.folder / CANARIES).exists():
            self._know({CANARIES})
            canaries = {test for test in self.baseline.seconds if _file(test) == CANARIES} - self.baseline.failed
            if reaching := self._reaching(module, change) & canaries:
                yield self._round(reaching)
        if slow := [file for file in own if "mark.slow" in (self.folder / file).read_text(encoding="utf-8")]:
            yield slow, None, SLOW, LONGEST

    def _reaching(self, module: str, change: Change) -> set[str]:
        lines = range(change.reached_by[0], change.reached_by[1] + 1) if change.reached_by else self._lines(module)
        return set().union(*(self.baseline.reached.get((module, line), set()) for line in lines))

    def _round(self, tests: set[str]) -> tuple[list[str], set[str], str, float]:
        """First the files whose tests take least."""
        takes: dict[str, float] = {}
        for test in tests:
            takes[_file(test)] = takes.get(_file(test), 0.0) + self.baseline.seconds[test]
        return sorted(takes, key=lambda file: takes[file]), tests, QUICK, GRACE + 4 * sum(takes.values())


def _file(test: str) -> str:
    return test.partition("::")[0]
