"""A package read as text: its modules, what each defines, and where a name comes from.  Nothing is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
import inspect
from pathlib import Path
import re

#: An argument: its name with its stars, its annotation, its default as text.
Argument = tuple[str, ast.expr | None, str | None]

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
#: What ``field(default_factory=...)`` makes, where that can be written shorter.
EMPTY = {"dict": "{}", "list": "[]"}


@dataclass(frozen=True)
class Definition:
    """A function, class or constant: its name in its module (``Class.method`` for a member), and its text."""

    module: Module
    name: str
    node: ast.stmt

    @property
    def canonical(self) -> str:
        return f"{self.module.name}.{self.name}"

    @property
    def kind(self) -> str:
        """``function``, ``class``, ``exception`` or ``data``."""
        if isinstance(self.node, FUNCTIONS):
            return "function"
        if isinstance(self.node, ast.ClassDef):
            raised = any(re.search(r"(Error|Exception|Warning)$", base) for base in self.bases)
            return "exception" if raised else "class"
        return "data"

    @property
    def docstring(self) -> str:
        """Of a constant: the comment ``#: ...`` above it or behind it, or the text below it."""
        if isinstance(self.node, (*FUNCTIONS, ast.ClassDef)):
            return ast.get_docstring(self.node) or ""
        return self.module.comment(self.node)

    @property
    def bases(self) -> list[str]:
        """The classes that a class is a kind of, as written."""
        return [ast.unparse(base) for base in getattr(self.node, "bases", [])]

    @property
    def decorators(self) -> set[str]:
        return {ast.unparse(each).split("(")[0].rsplit(".", 1)[-1] for each in getattr(self.node, "decorator_list", [])}

    @property
    def is_property(self) -> bool:
        return bool(self.decorators & {"property", "cached_property"})

    def members(self) -> Iterator[Definition]:
        """The public methods, properties and attributes of a class that say what they are."""
        for node in self.node.body if isinstance(self.node, ast.ClassDef) else []:
            for name in defined(node):
                member = Definition(self.module, f"{self.name}.{name}", node)
                public = not name.startswith("_") or name == "__call__"
                if public and member.docstring and not member.decorators & {"setter", "deleter"}:
                    yield member

    def arguments(self) -> list[Argument] | None:
        """The arguments of a call; None for a constant, or a class that does not say what it takes."""
        if isinstance(self.node, FUNCTIONS):
            is_bound = "." in self.name and "staticmethod" not in self.decorators
            return of_function(self.node.args)[is_bound:]
        if not isinstance(self.node, ast.ClassDef):
            return None
        # An `if TYPE_CHECKING` may say more of a call than the fields do.
        inside = [inner for node in self.node.body if isinstance(node, ast.If) for inner in node.body]
        for node in [*self.node.body, *inside]:
            if isinstance(node, FUNCTIONS) and node.name == "__init__":
                return of_function(node.args)[1:]
        if "dataclass" in self.decorators or any(base.endswith("NamedTuple") for base in self.bases):
            return of_fields(self.node)
        return None


class Module:
    """One module of a package: its definitions, and the full names of what it imports."""

    def __init__(self, name: str, path: Path):
        self.name = name
        text = path.read_text(encoding="utf8")
        self.lines = text.splitlines()
        self.tree = ast.parse(text)
        self.docstring = ast.get_docstring(self.tree) or ""
        self.package = name if path.stem == "__init__" else name.rpartition(".")[0]
        #: What the stub beside a package's ``__init__.py`` names, in its order; None without a stub.
        self.stub: list[str] | None = None
        self.imports = imported(self.tree, self.package)
        stub = path.with_suffix(".pyi")
        if stub.exists():
            names = imported(ast.parse(stub.read_text(encoding="utf8")), self.package)
            self.imports |= names
            self.stub = list(names)

    @cached_property
    def definitions(self) -> dict[str, Definition]:
        return {name: Definition(self, name, node) for node in self.tree.body for name in defined(node)}

    @cached_property
    def listed(self) -> list[str]:
        """``__all__``, where it is written out."""
        node = self.definitions.get("__all__")
        value = getattr(node.node, "value", None) if node else None
        return list(ast.literal_eval(value)) if isinstance(value, (ast.List, ast.Tuple)) else []

    def public(self) -> list[str]:
        """What can be imported from it: the stub's names and ``__all__``; without either, what it defines."""
        names = [*(self.stub or []), *self.listed]
        return list(dict.fromkeys(names)) if names else [definition.name for definition in self.own_public()]

    def own_public(self) -> list[Definition]:
        """What it defines without an underscore, classes and functions before constants."""
        own = [each for name, each in self.definitions.items() if not name.startswith("_")]
        if self.listed:
            own = [each for each in own if each.name in self.listed]
        return sorted(own, key=lambda each: each.kind == "data")

    def comment(self, node: ast.stmt) -> str:
        """The comment that says what a constant is."""
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        above = first
        while above and self.lines[above - 1].lstrip().startswith("#:"):
            above -= 1
        if above < first:
            return "\n".join(line.lstrip().removeprefix("#:").removeprefix(" ") for line in self.lines[above:first])
        behind = self.lines[last][node.end_col_offset or 0 :].strip()
        if behind.startswith("#:"):
            return behind.removeprefix("#:").strip()
        return inspect.cleandoc(self.texts.get((node.end_lineno or 0) + 1, ""))

    @cached_property
    def texts(self) -> dict[int, str]:
        """Statements that are nothing but text, by their line."""
        found: dict[int, str] = {}
        for node in ast.walk(self.tree):
            if (
                isinstance(node, ast.Expr)
                and isinstance(node.value, ast.Constant)
                and isinstance(node.value.value, str)
            ):
                found[node.lineno] = node.value.value
        return found


class Package:
    """All modules of a package, by their full names."""

    def __init__(self, folder: Path):
        self.name = folder.name
        self.modules: dict[str, Module] = {}
        for path in sorted(folder.rglob("*.py")):
            parts = [self.name, *path.relative_to(folder).with_suffix("").parts]
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            self.modules[name] = Module(name, path)

    def subpackages(self) -> list[str]:
        """The packages in this one, in alphabetical order."""
        inner = [module for name, module in self.modules.items() if name == module.package != self.name]
        return sorted(module.name.split(".")[1] for module in inner if module.name.count(".") == 1)

    def inner(self, name: str) -> list[str]:
        """The modules directly in a package, by their own names."""
        return [module.rpartition(".")[2] for module in self.modules if module.rpartition(".")[0] == name]

    def find(self, name: str) -> Definition | None:
        """What a full name means, wherever it is defined; None for modules and for what is not of this package."""
        seen: set[str] = set()
        while name not in self.modules and name not in seen:
            seen.add(name)
            module = self.modules.get(name.rpartition(".")[0])
            last = name.rpartition(".")[2]
            if module is None:
                return None
            if last in module.definitions:
                return module.definitions[last]
            if last not in module.imports:
                return None
            name = module.imports[last]
        return None


def statements(node: ast.AST) -> Iterator[ast.stmt]:
    """Every statement in a module or statement, at any depth; expressions are not entered."""
    for part in ("body", "orelse", "handlers", "finalbody"):
        for inner in getattr(node, part, []):
            if isinstance(inner, ast.stmt):
                yield inner
            yield from statements(inner)


def defined(node: ast.stmt) -> list[str]:
    """The names that a statement defines."""
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    names = [each for target in targets for each in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return [each.id for each in names if isinstance(each, ast.Name)]


def imported(tree: ast.Module, package: str) -> dict[str, str]:
    """The full name of everything that a module imports, also within functions, by its name there."""
    found: dict[str, str] = {}
    for node in statements(tree):
        if isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found |= {alias.asname or alias.name: f"{base}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.asname: alias.name for alias in node.names if alias.asname}
    return found


def of_function(given: ast.arguments) -> list[Argument]:
    """The arguments of a function, with the marks ``/`` and ``*`` as arguments of their own."""
    places = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(places) - len(given.defaults)) + list(given.defaults)
    found = [one(place, default) for place, default in zip(places, defaults, strict=True)]
    if given.posonlyargs:
        found.insert(len(given.posonlyargs), ("/", None, None))
    if given.vararg:
        found.append(one(given.vararg, None, "*"))
    elif given.kwonlyargs:
        found.append(("*", None, None))
    found += [one(each, default) for each, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    return [*found, one(given.kwarg, None, "**")] if given.kwarg else found


def one(argument: ast.arg, default: ast.expr | None, stars: str = "") -> Argument:
    return stars + argument.arg, argument.annotation, None if default is None else ast.unparse(default)


def of_fields(node: ast.ClassDef) -> list[Argument]:
    """The arguments of a dataclass or a named tuple: its fields."""
    found: list[Argument] = []
    if any("kw_only=True" in ast.unparse(decorator) for decorator in node.decorator_list):
        found.append(("*", None, None))
    for each in node.body:
        if not isinstance(each, ast.AnnAssign) or not isinstance(each.target, ast.Name):
            continue
        name, default = each.target.id, None if each.value is None else ast.unparse(each.value)
        if name.startswith("_") or "ClassVar" in ast.unparse(each.annotation):
            continue
        if default and default.startswith("field(") and isinstance(each.value, ast.Call):
            options = {option.arg: ast.unparse(option.value) for option in each.value.keywords}
            if options.get("init") == "False":
                continue
            made = options.get("default_factory", "")
            default = options.get("default") or EMPTY.get(made) or (f"{made}()" if made else None)
        found.append((name, each.annotation, default))
    return found
