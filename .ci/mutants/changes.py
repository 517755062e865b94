"""Single changes of a module's text that a test ought to notice, and a choice among them by a seed.

Docstrings, type annotations, decorators, messages of errors and warnings, progress bars and ``__all__`` are left alone:
a change there is none that a test should watch.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
import copy
from dataclasses import dataclass
import random
import re

#: Functions that only say something (and the one that opens a package lazily).
SAYS = {"invalid", "missing", "warn", "print", "set_postfix", "set_description", "attach_stub"}
#: Parameters that are said or shown, or that matter on other systems or after another fault only.
SHOWN = {"progress", "disable", "desc", "description", "unit", "unit_scale", "delay", "leave", "remedy", "help"}
SHOWN |= {"stacklevel", "encoding", "strict"}
#: The first two arguments of these may change places without a difference.
SYMMETRIC = {"min", "max", "minimum", "maximum", "allclose", "isclose", "array_equal", "gcd", "hypot", "logical_and"}

_COMPARED = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_COMPUTED = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_COMPOUND = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.AsyncFor, ast.AsyncWith, ast.Match)
_DEFINITION = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Change:
    """Bytes ``start`` to ``end`` of a module's text are replaced by ``new``."""

    kind: str
    line: int
    start: int
    end: int
    old: str
    new: str
    #: First and last line of the statement, for changes in the body of a function; others take place on import.
    reached_by: tuple[int, int] | None

    def applied(self, text: bytes) -> bytes:
        return text[: self.start] + self.new.encode() + text[self.end :]

    def __str__(self) -> str:
        old, new = (" ".join(words.split()) for words in (self.old, self.new))
        return f"{self.kind}: {old[:60]} -> {new[:60] or '(nothing)'}"


def chosen(module: str, text: str, seed: int, count: int) -> list[Change]:
    """``count`` changes of a module, or as many as it has; each kind is as likely, and a larger count begins the same.

    Seed, name and text of the module alone decide which.
    """
    draw = random.Random(f"{seed} {module}")
    left: dict[str, list[Change]] = {}
    for change in changes(text):
        left.setdefault(change.kind, []).append(change)
    found: list[Change] = []
    while left and len(found) < count:
        kind = draw.choice(sorted(left))
        change = left[kind].pop(draw.randrange(len(left[kind])))
        if not left[kind]:
            del left[kind]
        if all((change.start, change.end) != (other.start, other.end) for other in found):
            found.append(change)
    return sorted(found, key=lambda change: (change.line, change.start, change.new))


def changes(text: str) -> list[Change]:
    """Every change that is tried of a module's text, in the order of the lines."""
    tree = ast.parse(text)
    before = ast.dump(tree)
    found = []
    for change in _Finder(text).of(tree):
        try:
            after = ast.dump(ast.parse(change.applied(text.encode())))
        except SyntaxError:
            continue
        if after != before:
            found.append(change)
    return sorted(set(found), key=lambda change: (change.start, change.end, change.kind, change.new))


def _name(node: ast.AST) -> str:
    """The last name of what is called or written to."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_prose(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (_is_text(node) and len(node.value.split()) > 2)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


class _Finder:
    """Walks through the statements of a module, knowing where each begins and ends."""

    def __init__(self, text: str) -> None:
        self.text = text.encode()
        self.starts = [0]
        for line in self.text.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.reached_by: tuple[int, int] | None = None
        self.bound: set[str] = set()

    def span(self, first: ast.AST, last: ast.AST | None = None) -> tuple[int, int]:
        last = last or first
        return (
            self.starts[first.lineno - 1] + first.col_offset,
            self.starts[last.end_lineno - 1] + last.end_col_offset,
        )

    def source(self, node: ast.AST) -> str:
        start, end = self.span(node)
        return self.text[start:end].decode()

    def put(self, kind: str, node: ast.AST, new: str, span: tuple[int, int] | None = None) -> Change:
        start, end = span or self.span(node)
        old = self.text[start:end].decode()
        return Change(kind, node.lineno, start, end, old, new, self.reached_by)

    def other(self, kind: str, node: ast.AST, **fields) -> Change:
        """The expression with other fields, in parentheses."""
        changed = copy.copy(node)
        for name, value in fields.items():
            setattr(changed, name, value)
        return self.put(kind, node, f"({ast.unparse(changed)})")

    # Statements ----------------------------------------------------------------------------------

    def of(self, node: ast.AST) -> Iterator[Change]:
        """The changes of a node and of what is below it."""
        if isinstance(node, _DEFINITION):
            yield from self.function(node)
        elif isinstance(node, ast.stmt):
            before = self.reached_by
            if before is not None:
                inner = getattr(node, "body", None) if isinstance(node, _COMPOUND) else None
                cases = node.cases[0].pattern if isinstance(node, ast.Match) else None
                below = inner[0] if inner else cases
                self.reached_by = (node.lineno, max(below.lineno - 1, node.lineno) if below else node.end_lineno)
            yield from self.statement(node)
            self.reached_by = before
        else:
            yield from self.expression(node)

    def all(self, nodes: list) -> Iterator[Change]:
        for node in nodes:
            if node is not None:
                yield from self.of(node)

    def body(self, statements: list[ast.stmt]) -> Iterator[Change]:
        first = statements[0] if statements else None
        docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        yield from self.all(statements[1:] if docstring else statements)

    def function(self, node) -> Iterator[Change]:
        yield from self.all([*node.args.defaults, *node.args.kw_defaults])
        before = self.reached_by, self.bound
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        self.bound = {argument.arg for argument in arguments if argument}
        self.reached_by = (node.body[0].lineno, node.end_lineno)
        yield from self.body(node.body)
        self.reached_by, self.bound = before

    def statement(self, node: ast.stmt) -> Iterator[Change]:
        match node:
            case ast.ClassDef():
                yield from self.body(node.body)
            case ast.Import() | ast.ImportFrom() | ast.Assert():
                return
            case ast.Raise():
                yield self.put("statement", node, "pass")
            case ast.AnnAssign():
                yield from self.all([node.value])
            case ast.If():
                guard = ast.unparse(node.test)
                if guard.endswith("TYPE_CHECKING") or "__name__" in guard:
                    return
                yield from self.condition(node.test)
                yield from self.all([node.test, *node.body, *node.orelse])
            case ast.While():
                yield self.put("condition", node.test, "False")
                yield from self.all([node.test, *node.body, *node.orelse])
            case ast.Return():
                if node.value is not None and ast.unparse(node.value) != "None":
                    yield self.put("return", node, "return None")
                    yield from self.of(node.value)
            case ast.Assign():
                if "__all__" in map(_name, node.targets):
                    return
                again = [_name(target) in self.bound or not isinstance(target, ast.Name) for target in node.targets]
                if all(again) and not isinstance(node.targets[0], ast.Tuple):
                    yield self.put("statement", node, "pass")
                yield from self.of(node.value)
                self.bound |= set(map(_name, node.targets))
            case ast.AugAssign():
                yield self.put("statement", node, "pass")
                if type(node.op) in _COMPUTED and not _is_prose(node.value):
                    changed = copy.copy(node)
                    changed.op = _COMPUTED[type(node.op)]()
                    yield self.put("arithmetic", node, ast.unparse(changed))
                yield from self.of(node.value)
            case ast.Expr():
                if not self.says(node.value) and not isinstance(node.value, ast.Constant):
                    yield self.put("statement", node, "pass")
                    yield from self.of(node.value)
            case ast.Continue() | ast.Break():
                yield self.put("statement", node, "pass")
            case _:
                yield from self.all(list(ast.iter_child_nodes(node)))

    # Expressions ---------------------------------------------------------------------------------

    def says(self, node: ast.AST) -> bool:
        if not isinstance(node, ast.Call):
            return False
        of_a_bar = isinstance(node.func, ast.Attribute) and _name(node.func.value) == "bar"
        return of_a_bar or _name(node.func) in SAYS

    def condition(self, test: ast.expr) -> Iterator[Change]:
        yield self.put("condition", test, "True")
        yield self.put("condition", test, "False")

    def expression(self, node: ast.AST) -> Iterator[Change]:
        if isinstance(node, ast.Module):
            yield from self.body(node.body)
            return
        if _is_prose(node) or self.says(node):
            return
        match node:
            case ast.Compare():
                for place, operator in enumerate(node.ops):
                    ops = list(node.ops)
                    ops[place] = _COMPARED[type(operator)]()
                    yield self.other("comparison", node, ops=ops)
            case ast.BinOp() if type(node.op) in _COMPUTED:
                if not (_is_text(node.left) or _is_text(node.right)):
                    yield self.other("arithmetic", node, op=_COMPUTED[type(node.op)]())
            case ast.BoolOp():
                yield self.other("boolean", node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
            case ast.UnaryOp(op=ast.Not()):
                yield self.put("boolean", node, f"({ast.unparse(node.operand)})")
            case ast.UnaryOp(op=ast.USub()) if not isinstance(node.operand, ast.Constant):
                yield self.put("arithmetic", node, f"({ast.unparse(node.operand)})")
            case ast.Constant():
                yield from self.constant(node)
            case ast.IfExp():
                yield from self.condition(node.test)
            case ast.comprehension():
                for test in node.ifs:
                    yield from self.condition(test)
            case ast.Slice():
                yield from self.slice(node)
            case ast.Call() if _name(node.func) == "tqdm":
                yield from self.all(node.args)
                return
            case ast.Call():
                yield from self.call(node)
                yield from self.all([node.func, *node.args])
                yield from self.all([keyword.value for keyword in node.keywords if keyword.arg not in SHOWN])
                return
            case ast.Lambda():
                yield from self.of(node.body)
                return
        yield from self.all(list(ast.iter_child_nodes(node)))

    def constant(self, node: ast.Constant) -> Iterator[Change]:
        value = node.value
        if isinstance(value, bool):
            yield self.put("boolean", node, str(not value))
        elif isinstance(value, int):
            yield self.put("number", node, f"({value + 1})")
        elif isinstance(value, float):
            yield self.put("number", node, f"({value * 1.1 if value else 0.1!r})")
        elif isinstance(value, str):
            yield self.put("text", node, "''" if value else "'text'")

    def slice(self, node: ast.Slice) -> Iterator[Change]:
        if node.lower is None and node.upper is None:
            return
        start, end = self.span(node)
        if node.lower is None:
            yield self.put("slice", node, "1", (start, start))
        else:
            yield self.put("slice", node.lower, f"({self.source(node.lower)}) + 1")
            yield self.put("slice", node.lower, "")
        if node.upper is None:
            if node.step is None:
                yield self.put("slice", node, "-1", (end, end))
        else:
            yield self.put("slice", node.upper, f"({self.source(node.upper)}) - 1")
            yield self.put("slice", node.upper, "")

    def call(self, node: ast.Call) -> Iterator[Change]:
        if len(node.args) > 1 and _name(node.func) not in SYMMETRIC:
            first, second = node.args[:2]
            if not isinstance(first, ast.Starred) and not isinstance(second, ast.Starred):
                between = self.text[self.span(first)[1] : self.span(second)[0]].decode()
                swapped = self.source(second) + between + self.source(first)
                yield self.put("arguments", first, swapped, self.span(first, second))
        for keyword in node.keywords:
            if keyword.arg is None or keyword.arg in SHOWN:
                continue
            start, end = self.span(keyword)
            if comma := re.match(rb"\s*,", self.text[end:]):
                end += comma.end()
            elif comma := re.search(rb",\s*$", self.text[:start]):
                start = comma.start()
            yield self.put("keyword", keyword, "", (start, end))
