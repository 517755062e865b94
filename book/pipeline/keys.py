"""Keys: a chapter runs again when something that it depends on has changed, and only then.

What a chapter depends on is of two kinds.  Its *inputs* are known before it runs: its cells, the parameters, the lock
of the environment, and the code of the subpackages that only show things (plots, sentences, widgets, graders), as far
as its cells import them.  What it *used* is known after it ran: the stages that it passed (`fer_utils.core.stages`),
with their versions, and the stored answers that it showed.  Both are remembered, and `reasons` compares.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
import functools
import hashlib
import json
import os
from pathlib import Path
import re
import sys

from .layout import Book

#: Subpackages whose output is looked at and feeds no number: no stage, so their code itself counts.
SHOWING: tuple[str, ...] = ("exercises", "plotting", "reporting", "widgets")
#: The environment variable that names the file in which a kernel notes what it used.
USED_FILE = "FER_USED_FILE"


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


# --- inputs ---------------------------------------------------------------------------------


def python_of(book: Book, chapter: str) -> str:
    """The code cells of a chapter as one Python text; lines for IPython become ``pass``."""
    notebook = json.loads((book.root / f"{chapter}.ipynb").read_text(encoding="utf8"))
    code = "\n".join("".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code")
    return re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", code)


def imported_subpackages(source: str) -> set[str]:
    """The subpackages of ``fer_utils`` that a text imports, at any depth.

    >>> sorted(imported_subpackages("from fer_utils import faces, splits\\nfrom fer_utils.plotting.curves import bars"))
    ['faces', 'plotting', 'splits']
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "fer_utils" and len(parts) > 1:
                found.add(parts[1])
    return found


def shown_code(book: Book, chapter: str) -> dict[str, str]:
    """Subpackage -> digest of its code, for the subpackages among `SHOWING` that a chapter's cells import.

    A chapter whose cells cannot be read as Python is taken to import all of them.
    """
    try:
        imported = imported_subpackages(python_of(book, chapter))
    except SyntaxError:
        imported = set(SHOWING)
    subpackages = [
        subpackage
        for subpackage in SHOWING
        if subpackage in imported and (book.root / "fer_utils" / subpackage).is_dir()
    ]
    return {subpackage: code_digest((book.root / "fer_utils" / subpackage).rglob("*")) for subpackage in subpackages}


def code_digest(files: Iterable[Path]) -> str:
    """A digest of what code does, whatever its files are called.

    Comments, docstrings, imports, the errors that are raised and the words of progress bars do not count; other
    files than Python's (styles, scripts, tables) count as they are.
    """
    contents = []
    for file in files:
        if not file.is_file() or "__pycache__" in file.parts or file.suffix in {".pyi", ".typed", ".pyc"}:
            continue
        contents.append(_without_words(file.read_text(encoding="utf8")) if file.suffix == ".py" else sha256(file))
    return digest(sorted(contents))


class _Stripped(ast.NodeTransformer):
    """Takes out of a syntax tree what changes no output."""

    def visit_Import(self, node):
        return None

    def visit_ImportFrom(self, node):
        return None

    def visit_Raise(self, node):
        return ast.Pass()

    def visit_Expr(self, node):
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_keyword(self, node):
        return None if node.arg == "desc" else self.generic_visit(node)


@functools.cache  # every chapter imports the graders: a module is parsed once, and not once for each chapter
def _without_words(source: str) -> str:
    return hashlib.sha256(ast.dump(_Stripped().visit(ast.parse(source))).encode()).hexdigest()


def inputs(book: Book, chapter: str, tier: str, parameters: dict) -> dict[str, str]:
    """What is known before a chapter runs: a name for a person, and a digest."""
    lock = book.root / "requirements.txt"
    notebook = json.loads((book.root / f"{chapter}.ipynb").read_text(encoding="utf8"))
    return {
        "its cells": digest(notebook["cells"]),
        "the parameters": digest({"TIER": tier, **parameters}),
        "the lock (requirements.txt)": sha256(lock) if lock.exists() else "",
        "Python": "{}.{}".format(*sys.version_info[:2]),
        **{f"the code of fer_utils.{subpackage}": code for subpackage, code in shown_code(book, chapter).items()},
    }


# --- what was used --------------------------------------------------------------------------


def stages_of(book: Book):
    """The module `fer_utils.core.stages`, of this checkout."""
    if str(book.root) not in sys.path and (book.root / "fer_utils").is_dir():
        sys.path.append(str(book.root))
    from fer_utils.core import stages

    return stages


def answers_folder(book: Book) -> Path:
    """Where the stored answers of the studies lie."""
    return book.root / "fer_utils" / "studies" / "answers"


def answers_digest(book: Book, name: str) -> str:
    """A digest of a study's stored answers, of every tier; empty where none is stored."""
    folder = answers_folder(book)
    files = [folder / f"{name}.json", folder / f"{name}-full.json"]
    found = {file.name: sha256(file) for file in files if file.is_file()}
    return digest(found) if found else ""


def remember(book: Book, known: dict[str, str], used_file: Path) -> dict:
    """The record of a chapter that has just run: its inputs and what it used."""
    record: dict = {"inputs": known, "stages": {}, "answers": {}}
    if used_file.is_file():
        stages = stages_of(book)
        used = stages.read_used(used_file)
        record["stages"] = stages.versions(used.stages)
        record["answers"] = {name: answers_digest(book, name) for name in sorted(used.answers)}
    return record


def reasons(book: Book, known: dict[str, str], record: dict | None) -> list[str]:
    """Why a chapter with these inputs must run, a sentence each; empty if it is up to date."""
    if not isinstance(record, dict) or not {"inputs", "stages", "answers"} <= record.keys():
        return ["it has not been executed yet"]
    before = record["inputs"]
    found = [f"{name} changed" for name in sorted({*known, *before}) if known.get(name) != before.get(name)]
    if record["stages"]:
        found += [f"stage {one}" for one in stages_of(book).newer(record["stages"])]
    found += [
        f"the stored answer {name!r} changed"
        for name, then in record["answers"].items()
        if answers_digest(book, name) != then
    ]
    return found


class Keys:
    """What was executed with which inputs and what it used, in one small JSON file.

    A chapter is forgotten before it runs and remembered after it ended well,
    so a killed or failed run is never taken for a good one.
    """

    def __init__(self, path: Path):
        self.path = path
        self.known: dict = {}
        try:
            self.known = json.loads(path.read_text(encoding="utf8"))
        except (FileNotFoundError, json.JSONDecodeError):
            pass  # nothing is known: everything runs

    def get(self, name: str):
        return self.known.get(name)

    def forget(self, name: str) -> None:
        if self.known.pop(name, None) is not None:
            self._write()

    def remember(self, name: str, record) -> None:
        self.known[name] = record
        self._write()

    def _write(self) -> None:
        write_json(self.path, self.known)


def write_json(path: Path, value) -> None:
    """Write so that a kill leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n", encoding="utf8")
    os.replace(temporary, path)
