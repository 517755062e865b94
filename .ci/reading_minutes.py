"""How many minutes a chapter takes to read, by one rule; `python .ci/reading_minutes.py [--write]`.

A minute is for 100 words or for 20 visible lines of code.  Exercises have minutes of their own, which stand in their
headings, and are not counted here.  Without an argument the rule's minutes are printed beside those that the chapters
state; with `--write` they are written into the chapters and into the cards of the landing page.
"""

from __future__ import annotations

import json
from pathlib import Path
import re
import sys

ROOT = Path(__file__).resolve().parents[1]
WORDS, LINES = 100, 20  # a minute
STATED = re.compile(r"(?<=\*\*Time\*\*: )\d+(?= minutes of reading)")
#: Cells whose code nobody reads: hidden ones, the set-up and the parameters.
NOT_READ = {"hide-input", "hide-cell", "setup", "parameters"}


def minutes(notebook: dict) -> int:
    """Minutes to read a chapter without its exercises, rounded.

    Parameters
    ----------
    notebook : a notebook as JSON gives it; a cell's source is one string.

    >>> text = {"cell_type": "markdown", "metadata": {}, "source": "# Title\\n" + "word " * 299}
    >>> code = {"cell_type": "code", "metadata": {}, "source": "x = 1\\n" * 40}
    >>> tried = {"cell_type": "markdown", "metadata": {}, "source": "## Exercises\\n" + "word " * 500}
    >>> minutes({"cells": [text, code, tried]})
    5
    """
    words = lines = 0
    in_exercises = False
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            for section in re.split(r"(?m)^(?=## )", cell["source"]):
                if section.startswith("## "):
                    in_exercises = section.startswith("## Exercises")
                if not in_exercises:
                    words += len(re.findall(r"[A-Za-z][\w'’-]*", prose(section)))
        elif not in_exercises and not NOT_READ & set(cell["metadata"].get("tags", [])):
            lines += sum(bool(line.strip()) for line in cell["source"].splitlines())
    return round(words / WORDS + lines / LINES)


def prose(markdown: str) -> str:
    """Markdown without formulas, code blocks, addresses and HTML tags."""
    for pattern in (r"(?s)\$\$.*?\$\$", r"(?s)```.*?```", r"(?<=\])\([^)]*\)", r"<[^>]+>"):
        markdown = re.sub(pattern, " ", markdown)
    return markdown


def stated(notebook: dict) -> int:
    """The minutes that a chapter states at its top."""
    found = STATED.search(notebook["cells"][0]["source"])
    if found is None:
        raise ValueError("the first cell must say '**Time**: N minutes of reading'")
    return int(found[0])


def write(path: Path, notebook: dict, now: int) -> None:
    """State the minutes at the top of a chapter, and on its card of the landing page if it has one."""
    first = notebook["cells"][0]
    first["source"] = STATED.sub(str(now), first["source"])
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    landing = ROOT / "book" / "intro.md"
    card = re.compile(rf"(:link: \.\./notebooks/{path.stem}\n(?:(?!::::\n).)*?)\d+( minutes of reading)", re.S)
    landing.write_text(card.sub(rf"\g<1>{now}\g<2>", landing.read_text(encoding="utf-8")), encoding="utf-8")


def main(arguments: list[str]) -> int:
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        now = minutes(notebook)
        print(f"{path.stem:20} states {stated(notebook):3}, the rule gives {now:3}")
        if "--write" in arguments:
            write(path, notebook, now)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
