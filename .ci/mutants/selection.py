"""Which modules are changed, and which files of tests are asked about each."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
import subprocess

PACKAGE = "fer_utils"
#: The canaries are asked last, and the table says so: they notice that an output changed, not that it is wrong.
CANARIES = "tests/canaries/test_canaries.py"
#: The examples in docstrings: they reach modules that the file does not name.
EXAMPLES = "tests/project/test_docstring_examples.py"
#: Files that run the whole package by other means, or take the checkout for a repository.
NEVER = ("tests/canaries/", "tests/book/", "tests/project/")


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True).stdout


def changed(root: Path, since: str | None) -> list[str]:
    """Modules that differ from a commit: by default where the branch left main, or on main the last but one."""
    if not since:
        try:
            since = _git(root, "merge-base", "main", "HEAD").strip()
        except subprocess.CalledProcessError:  # no branch of that name
            since = "HEAD~1"
        if since == _git(root, "rev-parse", "HEAD").strip():
            since = "HEAD~1"
    names = _git(root, "diff", "--name-only", "--diff-filter=d", since, "--", PACKAGE).splitlines()
    names += _git(root, "ls-files", "--others", "--exclude-standard", "--", PACKAGE).splitlines()
    return sorted({name for name in names if name.endswith(".py")})


def named(root: Path, words: list[str]) -> list[str]:
    """Modules by ``metrics`` (all of the folder), ``metrics/bootstrap``, ``fer_utils.metrics.bootstrap`` or a path."""
    found = []
    for word in words:
        short = word.removesuffix(".py").replace(".", "/").strip("/").removeprefix(f"{PACKAGE}/")
        place = root / PACKAGE / short
        files = sorted(place.glob("*.py")) if place.is_dir() else sorted(place.parent.glob(place.name + ".py"))
        if not files:
            raise SystemExit(f"MODULES: there is no module or folder {PACKAGE}/{short}.")
        found += [file.relative_to(root).as_posix() for file in files]
    return list(dict.fromkeys(found))


def tests_of(root: Path, module: str) -> list[str]:
    """Files of tests: first those of the folder of the same name, then those that name the module or what it has."""
    inside = Path(module).relative_to(PACKAGE).with_suffix("")
    own = sorted(root.glob(f"tests/{inside.parent}/test_*.py")) if inside.parent != Path() else []
    own += [file for file in sorted(root.glob("tests/**/test_*.py")) if file not in own and _asks(file, root, inside)]
    names = [file.relative_to(root).as_posix() for file in own]
    names = [name for name in names if not name.startswith(NEVER)]
    return [*names, EXAMPLES] if (root / EXAMPLES).exists() else names


@cache
def _naming(file: Path) -> list[ast.AST]:
    """The nodes of a file of tests that can name a module; read once, not once for every module."""
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    return [node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom, ast.Attribute))]


def _shown(root: Path, inside: Path) -> set[str]:
    """The names by which a lazy package shows a module and what it has."""
    names = {inside.name}
    stub = root / PACKAGE / inside.parent / "__init__.pyi"
    if stub.is_file():
        for node in ast.walk(ast.parse(stub.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == inside.name:
                names |= {alias.asname or alias.name for alias in node.names}
    return names


def _asks(test: Path, root: Path, inside: Path) -> bool:
    package = ".".join([PACKAGE, *inside.parent.parts])
    module, names = f"{package}.{inside.name}", _shown(root, inside)
    for node in _naming(test):
        if isinstance(node, ast.Import) and any(alias.name == module for alias in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and (
            node.module == module or (node.module == package and names & {alias.name for alias in node.names})
        ):
            return True
        if isinstance(node, ast.Attribute) and node.attr in names:
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", None)
            if owner == package.rpartition(".")[2]:
                return True
    return False
