"""The repository's address: set in ``_config.yml``, and carried from there into each chapter."""

from __future__ import annotations

import json
from pathlib import Path
import re

from .layout import Book, BookError

IN_CONFIG = re.compile(r"(?m)^(repository:\n(?:[ \t]+.*\n)*?[ \t]+url[ \t]*:[ \t]*)(\S+)")
IN_CELL = re.compile(r'(?m)^(REPOSITORY\s*=\s*)"([^"]*)"')


def current(book: Book) -> str:
    """The address as ``_config.yml`` has it."""
    found = IN_CONFIG.search((book.root / "_config.yml").read_text(encoding="utf8"))
    if not found:
        raise BookError("_config.yml has no `url:` under `repository:`.")
    return found[2]


def in_notebook(path: Path) -> list[str]:
    """Every address in a notebook's set-up cells (tag ``setup``)."""
    cells = json.loads(path.read_text(encoding="utf8"))["cells"]
    return [
        address
        for cell in cells
        if "setup" in cell["metadata"].get("tags", [])
        for _, address in IN_CELL.findall("".join(cell["source"]))
    ]


def rewrite(book: Book, url: str) -> list[Path]:
    """Set the address everywhere; returns the files that changed."""
    url = url.rstrip("/").removesuffix(".git")
    if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", url):
        raise BookError(
            f"Not the address of a GitHub repository: {url!r}.\n"
            "Expected https://github.com/OWNER/NAME (Colab opens notebooks from there)."
        )
    changed = []
    config = book.root / "_config.yml"
    before = config.read_text(encoding="utf8")
    current(book)  # says so if there is no place to write to
    after = IN_CONFIG.sub(lambda found: found[1] + url, before)
    if after != before:
        config.write_text(after, encoding="utf8")
        changed.append(config)
    for path in sorted((book.root / "notebooks").glob("*.ipynb")):
        text = path.read_text(encoding="utf8")
        notebook = json.loads(text)
        for cell in notebook["cells"]:
            if "setup" in cell["metadata"].get("tags", []):
                source = IN_CELL.sub(lambda found: f'{found[1]}"{url}"', "".join(cell["source"]))
                cell["source"] = source.splitlines(keepends=True)
        after = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
        if json.loads(after) != json.loads(text):
            path.write_text(after, encoding="utf8")
            changed.append(path)
    return changed
