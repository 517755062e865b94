"""Progress in words: which step of how many, how long it took, what is left."""

from __future__ import annotations

from collections.abc import Iterable
import json
from pathlib import Path
import sys
import time

from .keys import write_json


def spoken(seconds: float) -> str:
    """A duration as a person says it.

    >>> spoken(0.4), spoken(42), spoken(200), spoken(4000)
    ('under 1 s', '42 s', '3 min 20 s', '1 h 07 min')
    """
    whole = round(seconds)
    if whole < 1:
        return "under 1 s"
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def say(text: str = "") -> None:
    print(text, flush=True)


#: Seconds of a first build on two cores, by tier and step: what is expected until this
#: machine has measured its own.  A copy of some build's ``durations.json``.
FIRST_BUILD = Path(__file__).with_name("first_build.json")


class Steps:
    """Announces steps and estimates what is left from how long each took last time.

    ``plan`` is a list of (key, title, guess): the guess in seconds, or None, is
    used where neither this machine nor `FIRST_BUILD` has measured the step.
    Of the steps in ``side_by_side``, ``jobs`` run at a time.
    """

    def __init__(
        self,
        plan: list[tuple[str, str, float | None]],
        memory: Path,
        tier: str,
        *,
        side_by_side: Iterable[str] = (),
        jobs: int = 1,
    ):
        self.plan, self.memory, self.tier = plan, memory, tier
        self.side_by_side, self.jobs = frozenset(side_by_side), jobs
        self.begun = time.monotonic()
        self.step_begun: dict[str, float] = {}
        self.done: list[str] = []
        try:
            self.all_times = json.loads(memory.read_text(encoding="utf8"))
        except (FileNotFoundError, json.JSONDecodeError):
            self.all_times = {}
        self.times: dict[str, float] = self.all_times.setdefault(tier, {})
        first = json.loads(FIRST_BUILD.read_text(encoding="utf8")).get(tier, {})
        self.expected = {key: self.times.get(key, first.get(key, guess)) for key, _, guess in plan}

    def left(self) -> str:
        """What is left, with an estimate where there is one."""
        waiting = [key for key, _, _ in self.plan if key not in self.done]
        if not waiting:
            return "nothing left"
        count = f"{len(waiting)} step{'s' if len(waiting) > 1 else ''} left"
        if any(self.expected[key] is None for key in waiting):
            return f"{count} (no estimate yet: the next build will have one)"
        together = [self._remaining(key) for key in waiting if key in self.side_by_side]
        seconds = sum(self._remaining(key) for key in waiting if key not in self.side_by_side)
        if together:
            seconds += max(sum(together) / self.jobs, max(together))
        return f"{count}, about {spoken(seconds)}"

    def _remaining(self, key: str) -> float:
        elapsed = time.monotonic() - self.step_begun[key] if key in self.step_begun else 0.0
        return max((self.expected[key] or 0.0) - elapsed, 0.0)

    def start(self, key: str) -> None:
        self.step_begun[key] = time.monotonic()
        (title,) = (title for name, title, _ in self.plan if name == key)
        usual = self.expected[key]
        hint = f"  (about {spoken(usual)})" if usual is not None else ""
        say(f"\n[{len(self.step_begun)}/{len(self.plan)}] {title}{hint}")
        sys.stderr.flush()

    def end(self, key: str, note: str = "done", measured: bool = True) -> float:
        """Close a step; its time is kept for the next build's estimate if ``measured``."""
        took = time.monotonic() - self.step_begun[key]
        self.done.append(key)
        if measured:
            self.times[key] = round(took, 1)
            write_json(self.memory, self.all_times)
        # Where others run beside it, the last line above is not this step's.
        who = f"{key.rsplit('/', 1)[-1]}: " if self.jobs > 1 and key in self.side_by_side else ""
        elapsed = spoken(time.monotonic() - self.begun)
        say(f"      {who}{note} in {spoken(took)} · {elapsed} so far · {self.left()}")
        return took
