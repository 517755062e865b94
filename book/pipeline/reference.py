"""The API reference: one page a subpackage of ``fer_utils``, made from signatures and docstrings.

The source is read, not imported: nothing heavy is loaded, defaults are shown as they were written, and no address of
an object can get into a page.  What is public is what a subpackage's ``__init__.pyi`` (or its ``__all__``) names; a
module that is public is shown with the functions and classes that it has besides.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass
import inspect
from pathlib import Path
import re

from .docstrings import Link, markdown
from .keys import Keys, digest, python_of, tree
from .layout import REFERENCE, Book, BookError
from .source_code import Definition, Package, defined

#: The directive of Sphinx's Python domain for each kind of definition.
DIRECTIVES = {"class": "class", "exception": "exception", "function": "function", "data": "data"}
#: A default or a constant longer than this says less than it takes.
LONGEST_VALUE = 60


def pages(book: Book) -> dict[str, str]:
    """The reference's pages by name (``book/reference/splits``), as Markdown; none if ``_toc.yml`` has none.

    Raises
    ------
    BookError : a subpackage without a page in ``_toc.yml``, or a page of no subpackage.
    """
    listed = [page for page in book.pages() if page.startswith(REFERENCE)]
    if not listed:
        return {}
    package = Package(book.root / "fer_utils")
    expected = [f"{REFERENCE}{name}" for name in ("index", *package.subpackages())]
    missing, unknown = sorted(set(expected) - set(listed)), sorted(set(listed) - set(expected))
    if missing or unknown:
        raise BookError(
            f"_toc.yml and the subpackages of fer_utils differ: no page for {missing or 'none'}, "
            f"no subpackage for {unknown or 'none'}.\nEach one's page is `file: {REFERENCE}SUBPACKAGE` in _toc.yml."
        )
    reference = Reference(package, used_by_chapters(book))
    made = {f"{REFERENCE}index": reference.index()}
    return made | {f"{REFERENCE}{subpackage}": reference.subpackage(subpackage) for subpackage in package.subpackages()}


def key(book: Book) -> dict[str, str]:
    """The hash of every page.  Working it out takes seconds, so it is kept for as long as the code is the same."""
    if not any(page.startswith(REFERENCE) for page in book.pages()):
        return {}
    sources = tree(book.root, "_toc.yml", "fer_utils/**/*.py*", "notebooks/*.ipynb")
    code = digest([sources, tree(Path(__file__).parent, "*.py")])
    kept = Keys(book.out / "reference.json")
    if kept.get("code") != code:
        kept.known = {name: digest(text) for name, text in pages(book).items()}
        kept.remember("code", code)
    return {name: known for name, known in kept.known.items() if name != "code"}


def used_by_chapters(book: Book) -> set[str]:
    """The modules that chapters import something from, by their full names; ``fer_utils.models.nano`` is one."""
    found: set[str] = set()
    for chapter in book.chapters():
        for module, names in re.findall(r"^from (fer_utils[\w.]*) import (.+)$", python_of(book, chapter), flags=re.M):
            found |= {module, *(f"{module}.{name.split()[0]}" for name in names.split(","))}
    return found


@dataclass(frozen=True)
class Entry:
    """A public name, and what defines it.  ``name`` is how a reader imports it."""

    name: str
    definition: Definition


class Reference:
    """Every public name of a package with its one entry, and the pages on which they stand."""

    def __init__(self, package: Package, used: Collection[str] = ()):
        """``used`` are modules that are public where their subpackage has no stub that says so."""
        self.package = package
        self.used = set(used)
        #: The names of each subpackage that can be imported from it, modules apart.
        self.names: dict[str, list[Entry]] = {}
        #: The public modules of each subpackage, each with what is shown there only.
        self.modules: dict[str, dict[str, list[Entry]]] = {}
        #: The entry's name by every name that a definition can be found under.
        self.known: dict[str, str] = {}
        for subpackage in package.subpackages():
            self._enter(subpackage)

    def _enter(self, subpackage: str) -> None:
        full = f"{self.package.name}.{subpackage}"
        self.names[subpackage], self.modules[subpackage] = [], {}
        module = self.package.modules[full]
        besides = [] if module.stub else sorted(self.used & {f"{full}.{name}" for name in self.package.inner(full)})
        for name in dict.fromkeys([*module.public(), *map(short, besides)]):
            definition = self.package.find(f"{full}.{name}")
            if f"{full}.{name}" in self.package.modules:
                self.modules[subpackage][f"{full}.{name}"] = []
                self.known[f"{full}.{name}"] = f"{full}.{name}"
            elif definition is None:
                raise BookError(f"{full} names {name!r} as public, and no module of {self.package.name} defines it.")
            elif definition.canonical in self.known:
                self.known[f"{full}.{name}"] = self.known[definition.canonical]
            else:
                self._add(self.names[subpackage], f"{full}.{name}", definition)
        for module, entries in self.modules[subpackage].items():
            for definition in self.package.modules[module].own_public():
                if definition.canonical not in self.known and definition.docstring:
                    self._add(entries, definition.canonical, definition)

    def _add(self, entries: list[Entry], name: str, definition: Definition) -> None:
        entries.append(Entry(name, definition))
        self.known |= {name: name, definition.canonical: name}

    def entries(self) -> Iterator[Entry]:
        """All of them, in the order of the pages."""
        for subpackage in self.package.subpackages():
            yield from self.names[subpackage]
            for entries in self.modules[subpackage].values():
                yield from entries

    # Pages -----------------------------------------------------------------------------------

    def index(self) -> str:
        """The first page: every subpackage with what it is for."""
        rows = []
        for subpackage in self.package.subpackages():
            full = f"{self.package.name}.{subpackage}"
            purpose = first_sentence(self.package.modules[full].docstring)
            rows.append(f"[``{full}``]({subpackage}.md)\n: {markdown(purpose)}")
        top = self.package.modules[self.package.name]
        names = []
        for name in top.public():
            target = self._defined_as(f"{self.package.name}.{name}")
            if target:
                names.append(f"- ``{self.package.name}.{name}`` is {{py:obj}}`{target}`")
        return page(
            "Reference",
            "Every public name of the package, written from its docstrings. After `import fer_utils` every subpackage "
            "is there; it is loaded when it is first used. A name without an entry here is private and may change.",
            markdown(top.docstring),
            *(["Of the package itself:", "\n".join(names)] if names else []),
            "## Subpackages",
            "\n\n".join(rows),
        )

    def subpackage(self, subpackage: str) -> str:
        """The page of one subpackage."""
        full = f"{self.package.name}.{subpackage}"
        parts = [markdown(self.package.modules[full].docstring, self._link(full, always=True))]
        if self.names[subpackage]:
            constants_last = sorted(self.names[subpackage], key=lambda entry: entry.definition.kind == "data")
            parts += ["## Names", *(self._entry(entry, full) for entry in constants_last)]
        if self.modules[subpackage]:
            parts.append("## Modules")
        for module, entries in self.modules[subpackage].items():
            parts += [
                f"### {short(module)}".replace("_", "\\_"),
                f":::{{py:module}} {module}\n:::",
                markdown(self.package.modules[module].docstring, self._link(module, always=True)),
            ]
            shown = [entry for entry in self.names[subpackage] if entry.definition.module.name == module]
            if shown:
                links = ", ".join(f"{{py:obj}}`{short(entry.name)} <{entry.name}>`" for entry in shown)
                parts.append(f"Described above: {links}.")
            parts += [self._entry(entry, module) for entry in entries]
        return page(full.replace("_", "\\_"), f":::{{py:module}} {full}\n:::", *parts)

    # Entries ---------------------------------------------------------------------------------

    def _entry(self, entry: Entry, where: str) -> str:
        definition = entry.definition
        link = self._link(definition.module.name, where)
        body = [markdown(definition.docstring, link)]
        if definition.bases:
            body.append("A kind of " + ", ".join(self._base(base, definition) for base in definition.bases) + ".")
        body += [self._member(member, link) for member in definition.members()]
        options = []
        if entry.name != definition.canonical:
            options.append(f":canonical: {definition.canonical}")
        if definition.kind == "data":
            options += self._value(definition)
        return directive(
            f"py:{DIRECTIVES[definition.kind]}", short(entry.name) + self._signature(definition), options, body, 5
        )

    def _member(self, member: Definition, link: Link) -> str:
        kind, options = "method", []
        if member.is_property:
            kind = "property"
        elif member.kind == "data":
            kind, options = "attribute", self._value(member)
        elif member.decorators & {"classmethod", "staticmethod"}:
            options.append(f":{next(iter(member.decorators & {'classmethod', 'staticmethod'}))}:")
        returns = getattr(member.node, "returns", None)
        if kind == "property" and returns is not None:
            options.append(f":type: {self._annotation(returns, member)}")
        name = short(member.name) + (self._signature(member) if kind == "method" else "")
        return directive(f"py:{kind}", name, options, [markdown(member.docstring, link)], 4)

    def _value(self, definition: Definition) -> list[str]:
        options = []
        annotation, value = getattr(definition.node, "annotation", None), getattr(definition.node, "value", None)
        if annotation is not None:
            options.append(f":type: {self._annotation(annotation, definition)}")
        is_one = not isinstance(value, ast.Tuple) or len(defined(definition.node)) == 1
        shown = ast.unparse(value) if value is not None and is_one else ""
        if shown and len(shown) <= LONGEST_VALUE:
            options.append(f":value: {shown}")
        return options

    def _signature(self, definition: Definition) -> str:
        arguments, returns = definition.arguments(), getattr(definition.node, "returns", None)
        if arguments is None:
            return ""
        shown = []
        for marker, annotation, default in arguments:
            text = marker
            if annotation is not None:
                text += f": {self._annotation(annotation, definition)}"
            if default is not None:
                text += f" = {default}" if annotation is not None else f"={default}"
            shown.append(text)
        signature = f"({', '.join(shown)})"
        return signature + (f" -> {self._annotation(returns, definition)}" if returns is not None else "")

    def _annotation(self, node: ast.expr, definition: Definition) -> str:
        """An annotation with the full names of the package's own classes, so that each becomes the right link."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node = ast.parse(node.value, mode="eval").body
        owner, defined_as = definition.module, self._defined_as

        class FullNames(ast.NodeTransformer):
            def visit_Name(self, node: ast.Name) -> ast.expr:
                return self.full(node) or node

            def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
                return self.full(node) or node

            def full(self, node: ast.expr) -> ast.expr | None:
                first, dot, rest = ast.unparse(node).partition(".")
                name = defined_as(f"{owner.imports.get(first, f'{owner.name}.{first}')}{dot}{rest}")
                return ast.parse(name, mode="eval").body if name else None

        return ast.unparse(FullNames().visit(ast.parse(ast.unparse(node), mode="eval").body))

    def _defined_as(self, name: str) -> str | None:
        """The entry of what a full name means, wherever that is defined; None where it has none."""
        found = self.package.find(name)
        return self.known.get(found.canonical) if found else None

    def _base(self, written: str, definition: Definition) -> str:
        target = self._defined_as(f"{definition.module.name}.{written}")
        return f"{{py:obj}}`{short(target)} <{target}>`" if target else f"``{written}``"

    def _link(self, *modules: str, always: bool = False) -> Link:
        """What finds the entry that a name in a docstring of these modules means.

        A bare name in double backticks may be an argument, so it is looked for only with ``always``.
        """
        imports = self.package.modules[modules[0]].imports

        def link(name: str, reference: bool) -> str | None:
            name = name.removesuffix("()")
            if not re.fullmatch(r"[A-Za-z_][\w.]*", name):
                return None
            tried = [name, f"{self.package.name}.{name}"] if "." in name else []
            if reference or always:
                tried += [*(f"{module}.{name}" for module in modules), imports.get(name, "")]
            found = (self.known.get(full) or self._defined_as(full) for full in tried)
            return next(filter(None, found), None)

        return link


def page(title: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", *(part for part in parts if part)]) + "\n"


def directive(name: str, argument: str, options: list[str], body: list[str], colons: int) -> str:
    fence = ":" * colons
    inside = "\n\n".join(part for part in body if part)
    return "\n".join([f"{fence}{{{name}}} {argument}", *options, "", inside, fence])


def short(name: str) -> str:
    return name.rsplit(".", 1)[-1]


def first_sentence(docstring: str) -> str:
    """The first paragraph of a docstring, up to its first full stop.

    >>> first_sentence("One thing. Another.")
    'One thing.'
    """
    paragraph = inspect.cleandoc(docstring).split("\n\n")[0]
    return re.split(r"(?<=[.?!])\s", paragraph, maxsplit=1)[0]
