"""The whole suite in two processes: `python tests`.

One executes the chapters, opens the built pages and tries the studies that take long, the other does the rest; each has a store of its
own, so neither waits for the other nor meets what it makes.  Arguments are handed on to both.  The exit status is 0 if both passed.
"""

from __future__ import annotations

import os
from pathlib import Path
import re
import subprocess
import sys
import tempfile

HERE = Path(__file__).parent
#: Besides the pages, so that both processes are done at about the same time.
LONG = (
    "test_before_networks.py",
    "test_compression_study.py",
    "test_difficulty.py",
    "test_frontier_study.py",
    "test_small_studies.py",
)


def parts() -> tuple[list[Path], list[Path]]:
    """(test files that use the built book, and the long ones; the others)."""
    files = sorted(HERE.glob("test_*.py"))
    pages = [
        file
        for file in files
        if file.name in LONG or re.search(r"\bsmoke_(build|site)\b", file.read_text(encoding="utf-8"))
    ]
    return pages, [file for file in files if file not in pages]


def main(arguments: list[str]) -> int:
    pages, others = parts()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as kept:
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
        first = subprocess.Popen(
            [*command, *map(str, pages)],
            stdout=kept,
            stderr=subprocess.STDOUT,
            cwd=HERE.parent,
            env=os.environ | {"FER_TEST_STORE": "-pages"},
        )
        try:
            print(
                f"Two processes; the chapters, the pages and the long studies ({len(pages)} files) are reported when both are done.",
                flush=True,
            )
            second = subprocess.run([*command, *map(str, others)], cwd=HERE.parent).returncode
            print("Chapters, pages, long studies:", flush=True)
            status = first.wait()
        finally:
            first.kill()
        kept.seek(0)
        print(kept.read(), flush=True)
    return status or second


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
