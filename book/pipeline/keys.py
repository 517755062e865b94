"""Keys: a chapter runs again when something that it depends on has changed, and only then."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
import re
import sys

from .layout import Book


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digest(value) -> str:
    """A hash of any JSON value, the same in every process."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def tree(root: Path, *patterns: str) -> dict[str, str]:
    """Hash of every file below ``root`` that a pattern finds, by relative path."""
    files = {path for pattern in patterns for path in root.glob(pattern) if path.is_file()}
    return {
        path.relative_to(root).as_posix(): sha256(path) for path in sorted(files) if "__pycache__" not in path.parts
    }


def package_code(book: Book, chapter: str):
    """The code of ``fer_utils`` that a chapter reaches by its imports.

    A chapter whose cells cannot be read as Python is taken to reach everything.
    """
    everything = tree(book.root / "fer_utils", "**/*.py", "**/*.js", "**/*.css", "**/*.json")
    if "provenance.py" not in everything:
        return everything
    if str(book.root) not in sys.path:
        sys.path.append(str(book.root))
    from fer_utils.core import provenance

    if provenance.PACKAGE != book.root / "fer_utils":
        return everything
    try:
        return provenance.code_fingerprint(sorted(provenance.imports(python_of(book, chapter))))
    except SyntaxError:
        return everything


def python_of(book: Book, chapter: str) -> str:
    """The code cells of a chapter as one Python text; lines for IPython become ``pass``."""
    notebook = json.loads((book.root / f"{chapter}.ipynb").read_text(encoding="utf8"))
    code = "\n".join("".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code")
    return re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", code)


def stored_results(book: Book, chapter: str) -> dict[str, str]:
    """The stored results that a chapter may show, if its code speaks of results at all."""
    if not re.search(r"\bresults\b", python_of(book, chapter)):
        return {}
    return {file.name: sha256(file) for file in sorted((book.root / "book" / "results").glob("*.json"))}


def environment(book: Book) -> dict[str, str]:
    """The lock and the interpreter's minor version (its patch releases do not count)."""
    lock = book.root / "requirements.txt"
    return {
        "lock": sha256(lock) if lock.exists() else "",
        "python": "{}.{}".format(*sys.version_info[:2]),
    }


def chapter_key(book: Book, chapter: str, tier: str, parameters: dict) -> str:
    """The key of one execution of one chapter."""
    return digest(
        {
            "notebook": sha256(book.root / f"{chapter}.ipynb"),
            "code": package_code(book, chapter),
            "results": stored_results(book, chapter),
            "environment": environment(book),
            "tier": tier,
            "parameters": parameters,
        }
    )


class Keys:
    """What was executed under which key, in one small JSON file.

    A chapter is forgotten before it runs and remembered after it ended well,
    so a killed or failed run is never taken for a good one.
    """

    def __init__(self, path: Path):
        self.path = path
        self.known: dict[str, str] = {}
        try:
            self.known = json.loads(path.read_text(encoding="utf8"))
        except (FileNotFoundError, json.JSONDecodeError):
            pass  # nothing is known: everything runs

    def get(self, name: str) -> str | None:
        return self.known.get(name)

    def forget(self, name: str) -> None:
        if self.known.pop(name, None) is not None:
            self._write()

    def remember(self, name: str, key: str) -> None:
        self.known[name] = key
        self._write()

    def _write(self) -> None:
        write_json(self.path, self.known)


def write_json(path: Path, value) -> None:
    """Write so that a kill leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n", encoding="utf8")
    os.replace(temporary, path)
