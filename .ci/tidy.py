"""Are the repository's text files in order?  `python .ci/tidy.py [FILE ...]`; with no file, all that git tracks.

A text file is UTF-8, ends in one newline, has no carriage returns, and no blanks at the end of a line (Markdown may);
YAML, TOML and JSON can be read; nothing is left of a merge; nothing is larger than a megabyte.
"""

from __future__ import annotations

from collections.abc import Iterator
import json
from pathlib import Path
import re
import subprocess
import sys
import tomllib

import yaml

LARGEST = 1_000_000  # bytes
TRAILING_BLANKS_ALLOWED = {".md", ".svg"}


def problems(path: Path) -> Iterator[str]:
    """What is wrong with one file, in words."""
    content = path.read_bytes()
    if len(content) > LARGEST:
        yield f"{len(content):,} bytes; at most {LARGEST:,} are stored here"
    if b"\0" in content or not content:
        return  # not text
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        yield f"is not UTF-8: {error}"
        return
    if "\r" in text:
        yield "has carriage returns"
    if not text.endswith("\n") or text.endswith("\n\n"):
        yield "does not end in exactly one newline"
    for number, line in enumerate(text.splitlines(), 1):
        if line != line.rstrip() and path.suffix not in TRAILING_BLANKS_ALLOWED:
            yield f"line {number} ends in blanks"
        if re.match(r"(<{7}|>{7}) ", line):
            yield f"line {number} is left of a merge"
    try:
        read(path.suffix, text)
    except (ValueError, yaml.YAMLError) as error:
        yield f"cannot be read: {' '.join(str(error).split())}"


def read(suffix: str, text: str) -> None:
    """Parse what has a parser; raises what the parser raises."""
    if suffix in (".yml", ".yaml", ".cff"):
        list(yaml.safe_load_all(text))
    elif suffix == ".toml":
        tomllib.loads(text)
    elif suffix in (".json", ".ipynb"):
        json.loads(text)


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True)
    return [Path(name) for name in done.stdout.split("\0") if name]


def main(names: list[str]) -> int:
    found = [
        f"{path}: {problem}"
        for path in ([Path(name) for name in names] or tracked())
        if path.is_file()
        for problem in problems(path)
    ]
    print("\n".join(found) if found else "Text files: in order.")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
