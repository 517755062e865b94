"""The mutants that were tried already, on exactly the files that are here: no need to try them again.

Some 560 mutants take minutes.  Whether a canary notices one depends on the files that were read while it was tried, on
the locked libraries and on Python, and on nothing else that the tests know of.  ``judged.json`` holds the SHA-256 of
each of these files as they were when all mutants of a group were judged right.  Where one of them has changed, the
group is tried anew by its test, whether or not somebody records it:

    python tests/canaries --judge      # try the groups of which a file has changed, and record those without a fault

``FER_ALL_MUTANTS=1 make test`` tries all of them in any case; the weekly workflow does, on another machine.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
from pathlib import Path
import sys
import time

from noticing import faults, stages_of, tried

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RECORD = HERE / "judged.json"
#: The modules of `mutants` whose stages have a file of tests.
GROUPS: tuple[str, ...] = ("drawn", "learning", "networks", "own_data", "studies", "tables")
#: What decides beside the files that are read: the versions of all libraries.
ALWAYS: tuple[str, ...] = ("requirements.txt",)


def stages_of_group(group: str) -> list[str]:
    """The stages whose mutants a group has."""
    return stages_of(importlib.import_module(f"mutants.{group}"))


def digests(files: list[str], root: Path = ROOT) -> dict[str, str]:
    """File, from the root -> the first 16 hexadecimal digits of its SHA-256; an empty text for one that is gone."""
    found = {}
    for name in files:
        path = root / name
        found[name] = hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.is_file() else ""
    return found


def python_version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def recorded(file: Path = RECORD) -> dict[str, dict]:
    """Group -> ``python``, ``stages`` and ``files``, as committed."""
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def holds(group: str, record: dict[str, dict], root: Path = ROOT) -> bool:
    """Whether a group's mutants were judged right on the files that are here."""
    kept = record.get(group)
    if kept is None or os.environ.get("FER_ALL_MUTANTS"):
        return False
    same = kept["python"] == python_version() and kept["stages"] == stages_of_group(group)
    return same and digests(sorted(kept["files"]), root) == kept["files"]


def entry(group: str, files: list[str], root: Path = ROOT) -> dict:
    """What is recorded of a group that was judged right, with the files that were read meanwhile."""
    names = sorted({*files, *ALWAYS})
    return {"python": python_version(), "stages": stages_of_group(group), "files": digests(names, root)}


def changed_since(files: list[str], moment: float, root: Path = ROOT) -> list[str]:
    """The files that were written after ``moment`` (seconds since 1970)."""
    return [name for name in files if (root / name).stat().st_mtime >= moment]


def faults_of_group(group: str) -> dict[str, list[str]]:
    """Stage -> what is wrong with its mutants; nothing if they were judged right on the files that are here."""
    if holds(group, recorded()):
        return {stage: [] for stage in stages_of_group(group)}
    rows, _ = tried(stages_of_group(group))
    return {stage: faults(rows[stage]) for stage in rows}


def judge(groups: list[str]) -> list[str]:
    """Try the mutants of these groups, record those that are judged right, and return what is wrong with the others."""
    found = []
    for group in groups:
        began = time.time()
        rows, files = tried(stages_of_group(group))
        wrong = [f"{stage}: {fault}" for stage in rows for fault in faults(rows[stage])]
        wrong += [f"{name} was changed meanwhile" for name in changed_since(files, began)]
        if not wrong:
            record = recorded()
            record[group] = entry(group, files)
            RECORD.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        print(f"{group:<10} {'recorded' if not wrong else f'{len(wrong)} faults'}", flush=True)
        found += wrong
    return found
