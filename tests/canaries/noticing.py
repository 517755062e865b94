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
sys.path.insert(0, str(HERE))


def stages_of(module) -> list[str]:
    """The stages that a module of `mutants` has edits of, sorted."""
    return sorted(set(module.MUTANTS) | set(getattr(module, "HARMLESS", {})))


def tried(stages: list[str]) -> dict[str, list[dict]]:
    """Stage -> a row for all harmless edits at once, and a row for each mutant.

    A row has ``kind`` (mutant or harmless), ``edits`` (file, old text, new text), ``noticed``, ``said`` and
    ``seconds`` of the processor.
    """
    done = subprocess.run([sys.executable, str(HERE / "mutate.py"), *stages], capture_output=True, text=True)
    lines = [line.removeprefix("MUTANTS ") for line in done.stdout.splitlines() if line.startswith("MUTANTS ")]
    assert done.returncode == 0 and len(lines) == len(stages), done.stdout[-2000:] + done.stderr[-4000:]
    return {told["stage"]: told["rows"] for told in map(json.loads, lines)}


def check(rows: list[dict]) -> None:
    """Mutants are noticed, harmless edits are not."""
    missed = [row for row in rows if row["kind"] == "mutant" and not row["noticed"]]
    false_alarms = [row for row in rows if row["kind"] != "mutant" and row["noticed"]]
    assert not missed, f"not noticed: {missed}"
    assert not false_alarms, f"noticed, and should not be: {false_alarms}"
