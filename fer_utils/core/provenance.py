"""Where a result comes from: versions of packages, hardware, commit."""

from __future__ import annotations

import hashlib
from importlib import metadata
import json
import os
from pathlib import Path
import platform
import subprocess

from fer_utils.core import processor

PACKAGE = Path(__file__).parents[1]

#: The distributions whose versions a result records, where installed.
RECORDED: tuple[str, ...] = (
    "numpy",
    "pandas",
    "scikit-learn",
    "keras",
    "tensorflow",
    "tensorflow-cpu",
    "jax",
    "torch",
    "opencv-python",
    "opencv-python-headless",
    "dlib",
    "dlib-bin",
    "ai-edge-litert",
)


def digest(value) -> str:
    """64 hexadecimal digits of any JSON-able value; equal values, equal digits."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def versions() -> dict[str, str]:
    """Python's version and those of the packages in `RECORDED` that are installed."""
    found = {"python": platform.python_version()}
    for name in RECORDED:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def hardware() -> dict[str, object]:
    """The machine in words: processor, the instruction sets that decide its speed, cores of this process, system.

    ``instruction_sets`` is a list of names (see `fer_utils.core.processor`), empty where the system does not say.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": processor.name(),
        "instruction_sets": list(processor.instruction_sets()),
        "cores": cores,
        "system": f"{platform.system()} {platform.machine()}",
    }


def hardware_in_words(stored: dict) -> str:
    """What `hardware` gave, now or years ago, as text: ``AMD EPYC (avx2), 2 cores``.

    Answers that were stored before the instruction sets were recorded are described without them.
    """
    sets = stored.get("instruction_sets") or []
    shown = f" ({', '.join(sets)})" if sets else ""
    return f"{stored['processor']}{shown}, {stored['cores']} cores"


def commit() -> str:
    """The commit of the checkout that holds this package, with ``+`` if it was changed; ``""`` outside one."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(PACKAGE), *arguments], capture_output=True, text=True, check=True, timeout=20
        ).stdout.strip()

    try:
        head = git("rev-parse", "--short=12", "HEAD")
        return head + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return ""
