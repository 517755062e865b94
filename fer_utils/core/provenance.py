"""Where a result comes from: the code it reached, versions, hardware, commit."""

from __future__ import annotations

import ast
from collections.abc import Iterable
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


def _file_of(module: str) -> Path | None:
    """The source file of a module of this package, or None."""
    if module == f"{PACKAGE.name}.predict":  # the one function the package's door hands out
        module = f"{PACKAGE.name}.inference"
    parts = module.split(".")
    if parts[0] != PACKAGE.name:
        return None
    place = PACKAGE.joinpath(*parts[1:])
    for candidate in (place / "__init__.py", place.with_suffix(".py")):
        if candidate.is_file():
            return candidate
    return None


def imports(source: str, module: str = "", *, is_package: bool = False) -> set[str]:
    """The modules of this package that a source text names in its imports, at any depth.

    Both ``from fer_utils import faces`` and attribute access such as
    ``fer_utils.faces`` after ``import fer_utils`` count; relative imports are
    resolved against ``module``.
    """
    found: set[str] = set()
    base = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            head = base[: len(base) - node.level + 1] if node.level else []
            stem = ".".join(head + ([node.module] if node.module else []))
            found.add(stem)
            found.update(f"{stem}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == PACKAGE.name:
            found.add(f"{PACKAGE.name}.{node.attr}")
    # The package's own door opens every room lazily: naming it reaches nothing by itself.
    return {name for name in found if name != PACKAGE.name and _file_of(name) is not None}


def reachable(modules: Iterable[str], *, registries: bool = True, doors: bool = True) -> list[Path]:
    """Every source file of the package that the named modules reach by imports, sorted.

    Packages bring their own ``__init__`` and the data files that lie in them
    (``.js``, ``.css``, ``.json``).  A package whose ``__init__`` imports by name
    at run time (a registry) brings all its modules, unless ``registries`` is
    false: then the caller names the one that is used, and the ``__init__`` that looks it up
    does not count, or every new name in it would be a change of all.  With ``doors`` false what a
    package's ``__init__`` imports, to hand it out, is not reached by that alone.
    """
    waiting, seen, files = list(modules), set(), set()
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        file = _file_of(module)
        if file is None:
            continue
        package = file.name == "__init__.py"
        source = file.read_text(encoding="utf-8")
        registry = package and "importlib" in source
        if registries or not registry:
            files.add(file)
        if package:
            files.update(p for p in file.parent.iterdir() if p.suffix in {".js", ".css", ".json"})
        if package and not doors:
            continue
        waiting.extend(imports(source, module, is_package=package))
        stub = file.with_suffix(".pyi")
        if package and stub.is_file():  # a package that opens lazily: its stub says what it hands out
            waiting.extend(imports(stub.read_text(encoding="utf-8"), module, is_package=True))
        if registry and registries and module != PACKAGE.name:
            waiting.extend(f"{module}.{p.stem}" for p in file.parent.glob("*.py") if p != file)
        above = module.split(".")[:-1]
        if len(above) > 1:
            waiting.append(".".join(above))
    return sorted(files)


def code_fingerprint(modules: Iterable[str], *, registries: bool = True) -> str:
    """A digest of the code that the named modules reach; blank lines, comment lines and docstrings do not count."""
    files = reachable(modules, registries=registries)
    return digest([(file.relative_to(PACKAGE).as_posix(), _bare(file)) for file in files])


def digests(modules: Iterable[str]) -> dict[str, str]:
    """File by file: path within the package to 12 hexadecimal digits, of what the named modules use.

    Packages' doors are not followed: what else a package holds decides no answer.
    """
    files = reachable(modules, registries=False, doors=False)
    return {file.relative_to(PACKAGE).as_posix(): digest(_bare(file))[:12] for file in files}


def _bare(file: Path) -> list[str]:
    """The lines that decide what a file does; by lines, not by syntax trees, which differ between Pythons."""
    source = file.read_text(encoding="utf-8")
    lines = [line.rstrip() for line in source.splitlines()]
    if file.suffix != ".py":
        return [line for line in lines if line]
    for first, last in _docstrings(source):
        lines[first - 1 : last] = [""] * (last - first + 1)
    return [line for line in lines if line and not line.lstrip().startswith("#")]


def _docstrings(source: str) -> list[tuple[int, int]]:
    """First and last line of every docstring that has its lines to itself."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found, lines = [], source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, kinds) or ast.get_docstring(node, clean=False) is None:
            continue
        text = node.body[0]
        last = text.end_lineno or text.lineno
        alone = (
            not lines[text.lineno - 1].encode()[: text.col_offset].strip()
            and not lines[last - 1].encode()[text.end_col_offset :].strip()
        )
        if alone:
            found.append((text.lineno, last))
    return found


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
