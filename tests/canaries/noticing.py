"""Which edits of a package the canaries notice: what the files ``test_mutants_*.py`` share.

Each of them has the stages of one module of `mutants`, and one process tries them all, so that the libraries are
loaded once, and one film and one face set serve all edits that do not concern them.
"""

from __future__ import annotations

import json
from pathlib import Path
import subprocess
import sys

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "helpers")]

import preloaded  # noqa: E402 - found by the line above


def stages_of(module) -> list[str]:
    """The stages that a module of `mutants` has edits of, sorted."""
    return sorted(set(module.MUTANTS) | set(getattr(module, "HARMLESS", {})))


def tried(stages: list[str]) -> tuple[dict[str, list[dict]], list[str]]:
    """(stage -> a row for all harmless edits at once, and a row for each mutant; the files that were read).

    A row has ``kind`` (mutant or harmless), ``edits`` (file, old text, new text), ``noticed``, ``said`` and
    ``seconds`` of the processor.
    """
    done = subprocess.run([*preloaded.command(), str(HERE / "mutate.py"), *stages], capture_output=True, text=True)
    lines = done.stdout.splitlines()
    told = [json.loads(line.removeprefix("MUTANTS ")) for line in lines if line.startswith("MUTANTS ")]
    files = [json.loads(line.removeprefix("FILES ")) for line in lines if line.startswith("FILES ")]
    whole = done.returncode == 0 and len(told) == len(stages) and len(files) == 1
    assert whole, done.stdout[-2000:] + done.stderr[-4000:]
    return {one["stage"]: one["rows"] for one in told}, files[0]


def faults(rows: list[dict]) -> list[str]:
    """The mutants that were not noticed, and the harmless edits that were, each in words."""
    missed = [f"not noticed: {row}" for row in rows if row["kind"] == "mutant" and not row["noticed"]]
    return missed + [f"noticed, and should not be: {row}" for row in rows if row["kind"] != "mutant" and row["noticed"]]
