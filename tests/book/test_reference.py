"""The API reference: every public name has its entry, and a docstring is shown as it was written."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
import re
import sys

from bs4 import BeautifulSoup
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

from pipeline import BookError, reference  # noqa: E402
from pipeline.docstrings import markdown  # noqa: E402
from pipeline.layout import Book  # noqa: E402
from pipeline.source_code import Package  # noqa: E402


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return reference.pages(Book.at(ROOT))


def stub_names(subpackage: Path) -> list[str]:
    """What a subpackage promises, read in another way than the generator's: line by line."""
    lines = (subpackage / "__init__.pyi").read_text(encoding="utf8").splitlines()
    return [found[1] for line in lines if (found := re.fullmatch(r"from \.\S* import \w+ as (\w+)", line))]


def entries(page: str) -> dict[str, str]:
    """The text of each entry of a page, by its name, and the heading of each module."""
    found = dict(re.findall(r"(?ms)^:{5}\{py:\w+\} (\w+)(.*?)^:{5}$", page))
    modules = re.findall(r"(?ms)^:::\{py:module\} fer_utils\.\w+\.(\w+)\n:::\n(.*?)(?=^###|\Z)", page)
    return found | dict(modules)


# Every name --------------------------------------------------------------------------------------


def test_the_contents_list_a_page_for_every_subpackage(pages):
    subpackages = {path.parent.name for path in (ROOT / "fer_utils").glob("*/__init__.py")}
    assert set(pages) == {f"book/reference/{name}" for name in {"index", *subpackages}}
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf8"))
    (part,) = [part for part in contents["parts"] if part["caption"] == "Reference"]
    (index,) = part["chapters"]
    assert [index["file"], *(section["file"] for section in index["sections"])] == list(pages)


@pytest.mark.parametrize("stub", sorted((ROOT / "fer_utils").glob("*/__init__.pyi")), ids=str)
def test_every_name_of_a_stub_has_its_entry(pages, stub):
    subpackage = stub.parent
    shown = entries(pages[f"book/reference/{subpackage.name}"])
    names = stub_names(subpackage)
    assert len(names) >= 2 and set(names) <= set(shown), set(names) - set(shown)


@pytest.mark.parametrize("subpackage", sorted(path.parent.name for path in (ROOT / "fer_utils").glob("*/__init__.py")))
def test_every_name_that_an_opened_subpackage_has_is_shown(pages, subpackage):
    opened = importlib.import_module(f"fer_utils.{subpackage}")
    own = [name for name, each in vars(opened).items() if getattr(each, "__module__", "") == opened.__name__]
    public = getattr(opened, "__all__", None) or [name for name in own if not name.startswith("_")]
    shown = entries(pages[f"book/reference/{subpackage}"])
    assert public and set(public) <= set(shown), set(public) - set(shown)


def test_every_entry_has_a_docstring():
    made = reference.Reference(Package(ROOT / "fer_utils"))
    assert len(list(made.entries())) > 400
    assert [entry.name for entry in made.entries() if not entry.definition.docstring] == []
    modules = [module for modules in made.modules.values() for module in modules]
    assert [module for module in modules if not made.package.modules[module].docstring] == []


def test_every_module_that_a_chapter_imports_has_its_entry(pages):
    used = reference.used_by_chapters(Book.at(ROOT))
    assert {"fer_utils.models.ding2023", "fer_utils.faces.detectors"} <= used
    text = "\n".join(pages.values())
    package = Package(ROOT / "fer_utils")
    missing = [name for name in used & set(package.modules) if f"{{py:module}} {name}\n" not in text]
    assert missing == ["fer_utils"] or missing == []


@pytest.mark.parametrize("module", ["fer_utils.splits", "fer_utils.metrics", "fer_utils.core.errors"])
def test_signatures_are_those_that_python_sees(pages, module):
    """Read from the text, and the same as of the imported function."""
    page = pages[f"book/reference/{module.split('.')[1]}"]
    seen = 0
    for name, function in vars_of(module).items():
        parameters = [parameter.name for parameter in inspect.signature(function).parameters.values()]
        line = re.search(rf"(?m)^:::::\{{py:function\}} {name}\((.*)\)", page)
        assert line, name
        shown = re.findall(r"(?:^|, )\*{0,2}(\w+)(?=[:=,]|$)", re.sub(r"\[[^][]*\]|'[^']*'", "", line[1]))
        assert shown == parameters, name
        seen += 1
    assert seen >= 3


def vars_of(module: str) -> dict:
    opened = importlib.import_module(module)
    public = getattr(opened, "__all__", None) or [name for name in vars(opened) if not name.startswith("_")]
    found = {name: getattr(opened, name) for name in public}
    return {name: each for name, each in found.items() if inspect.isfunction(each)}


def test_no_address_of_an_object_and_no_path_of_a_machine_is_in_a_page(pages):
    text = "\n".join(pages.values())
    assert not re.search(r"0x[0-9a-f]{6,}|<function |<class |/home/|/tmp/", text)


def test_the_site_has_an_anchor_for_every_entry(smoke_site):
    made = reference.Reference(Package(ROOT / "fer_utils"), reference.used_by_chapters(Book.at(ROOT)))
    assert {"core", "studio", "metrics"} < set(made.package.subpackages())
    for subpackage in made.package.subpackages():
        html = (Path(smoke_site) / "book" / "reference" / f"{subpackage}.html").read_text(encoding="utf8")
        anchors = {tag["id"] for tag in BeautifulSoup(html, "html.parser").find_all(id=True)}
        wanted = [
            *made.names[subpackage],
            *(entry for entries in made.modules[subpackage].values() for entry in entries),
        ]
        assert {entry.name for entry in wanted} <= anchors, subpackage


# A package of our own ------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path) -> Path:
    """A book with a reference of a package with one subpackage."""
    subpackage = tmp_path / "fer_utils" / "subpackage"
    subpackage.mkdir(parents=True)
    (tmp_path / "fer_utils" / "__init__.py").write_text('"""The package. More."""\n')
    (subpackage / "__init__.py").write_text('"""A subpackage."""\n')
    (subpackage / "__init__.pyi").write_text(
        "from . import things as things\nfrom .things import MOST as MOST\nfrom .things import Thing as Thing\n"
    )
    (subpackage / "things.py").write_text(
        '"""Things; see `Thing`."""\n'
        "from dataclasses import dataclass, field\n\n"
        "#: How many there may be.\nMOST: int = 3\n\n\n"
        "@dataclass(frozen=True)\nclass Thing:\n"
        '    """A thing with ``parts``."""\n\n'
        "    name: str\n    parts: list = field(default_factory=list)\n    _hidden: int = 0\n\n"
        "    @property\n    def size(self) -> int:\n"
        '        """Its parts\' number."""\n        return len(self.parts)\n\n'
        "    def undocumented(self):\n        pass\n\n\n"
        "def merge(first: Thing, *others: 'Thing', most: int = MOST) -> Thing:\n"
        '    """One of all, `MOST` parts at most."""\n    return first\n'
    )
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "intro.md").write_text("# Intro\n")
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: book/intro\nchapters:\n"
        "  - file: book/reference/index\n    sections:\n      - file: book/reference/subpackage\n"
    )
    return tmp_path


def test_an_entry_says_signature_members_and_where_links_lead(small):
    page = reference.pages(Book.at(small))["book/reference/subpackage"]
    shown = entries(page)
    assert list(shown) == ["Thing", "MOST", "merge", "things"]
    assert shown["Thing"].startswith("(name: str, parts: list = [])\n:canonical: fer_utils.subpackage.things.Thing\n")
    assert "A thing with ``parts``." in shown["Thing"] and "undocumented" not in shown["Thing"]
    assert "::::{py:property} size\n:type: int\n\nIts parts' number.\n::::" in shown["Thing"]
    assert ":type: int\n:value: 3\n\nHow many there may be." in shown["MOST"]
    thing = "fer_utils.subpackage.Thing"
    assert shown["merge"].startswith(f"(first: {thing}, *others: {thing}, most: int = MOST) -> {thing}\n")
    assert "{py:obj}`MOST <fer_utils.subpackage.MOST>`" in shown["merge"]
    assert "Things; see {py:obj}`Thing <fer_utils.subpackage.Thing>`." in shown["things"]


def test_a_name_without_docstring_is_noticed(small):
    things = small / "fer_utils" / "subpackage" / "things.py"
    things.write_text(things.read_text().replace("#: How many there may be.\n", ""))
    made = reference.Reference(Package(small / "fer_utils"))
    assert [entry.name for entry in made.entries() if not entry.definition.docstring] == ["fer_utils.subpackage.MOST"]


def test_a_public_name_that_nothing_defines_is_an_error(small):
    stub = small / "fer_utils" / "subpackage" / "__init__.pyi"
    stub.write_text(stub.read_text() + "from .things import gone as gone\n")
    with pytest.raises(BookError, match="names 'gone' as public"):
        reference.pages(Book.at(small))


@pytest.mark.parametrize("before, after", [("subpackage", "other"), ("      - file: book/reference/subpackage\n", "")])
def test_contents_that_do_not_fit_the_subpackages_are_an_error(small, before, after):
    contents = small / "_toc.yml"
    contents.write_text(
        contents.read_text().replace(before, after).replace("    sections:\n", "" if not after else "    sections:\n")
    )
    with pytest.raises(BookError, match=r"no page for \['book/reference/subpackage'\]"):
        reference.pages(Book.at(small))


def test_a_book_without_a_reference_has_none(small):
    (small / "_toc.yml").write_text("format: jb-book\nroot: book/intro\n")
    assert reference.pages(Book.at(small)) == {} == reference.key(Book.at(small))


def test_the_key_follows_docstrings_and_not_what_functions_do(small):
    book, things = Book.at(small), small / "fer_utils" / "subpackage" / "things.py"
    before = reference.key(book)
    assert reference.key(book) == before and set(before) == set(reference.pages(book))
    things.write_text(things.read_text().replace("return first", "return others[0]"))
    assert reference.key(book) == before
    things.write_text(things.read_text().replace("One of all", "One out of all"))
    changed = reference.key(book)
    assert [name for name in before if changed[name] != before[name]] == ["book/reference/subpackage"]


# Docstrings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "docstring, shown",
    [
        ("Plain words, 2 < 3.", r"Plain words, 2 \< 3."),
        ("A ``literal_*`` and `name`.", "A ``literal_*`` and ``name``."),
        ("a_b * c_d [x] {y} $z$ |w| <v>", r"a\_b \* c\_d \[x\] \{y\} \$z\$ \|w\| \<v\>"),
        ("*auto* is meant, *args is not.", r"*auto* is meant, \*args is not."),
        ("- one\n- two\n  goes on", "- one\n- two\n  goes on"),
        ("2020\n1. not a list", "2020\n1\\. not a list"),
        ("One:\n\n    x = 1\n      y", "One:\n\n```text\nx = 1\n  y\n```"),
        ("With weights::\n\n    a b", "With weights:\n\n```text\na b\n```"),
        (">>> f(1)\n2\n\nMore.", "```python\n>>> f(1)\n2\n```\n\nMore."),
        ("Use --store.", "Use ``--store``."),
        ("See https://example.org/a_b.", "See <https://example.org/a_b>."),
        ("# no heading", r"\# no heading"),
        ("One\n: no definition", "One\n\\: no definition"),
        ("One\n+ no list", "One\n\\+ no list"),
        (
            "Title\n-----\nname : text\n    goes on\nb, c : more",
            "**Title**\n\n``name``\n: text\n  goes on\n\n``b``, ``c``\n: more",
        ),
        ("Raises\n------\nFerError for this.", "**Raises**\n\nFerError for this."),
        ("Returns\n-------\n(train, test) : two arrays", "**Returns**\n\n``(train, test)``\n: two arrays"),
        ("No title : no entry", "No title : no entry"),
    ],
)
def test_a_docstring_is_shown_as_it_was_written(docstring, shown):
    assert markdown(docstring) == shown


def test_words_of_every_docstring_arrive_on_the_page():
    """Nothing is lost: each docstring rendered by Markdown has the words of the text, in their order."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.deflist import deflist_plugin

    parser = MarkdownIt("commonmark").use(deflist_plugin)
    made = reference.Reference(Package(ROOT / "fer_utils"))
    docstrings = [module.docstring for module in made.package.modules.values()]
    docstrings += [entry.definition.docstring for entry in made.entries()]
    assert len(docstrings) > 600
    for docstring in docstrings:
        html = BeautifulSoup(parser.render(markdown(docstring)), "html.parser")
        assert words(html.get_text()) == words(plain(docstring)), docstring


def plain(docstring: str) -> str:
    """A docstring without its few signs: lines under titles, bullets, and emphasis but for that in examples."""
    text = re.sub(r"(?m)^\s*-{3,}\s*$|^\s*-\s(?=\S)", "", docstring)
    parts = re.split(r"(?ms)(^\s*>>> .*?(?:\n[ \t]*\n|\Z))", text)  # every second one is an example
    emphasis = r"(?<![\w*])\*([^\s*](?:[^*]*[^\s*])?)\*(?![\w*])"
    return "".join(part if number % 2 else re.sub(emphasis, r"\1", part) for number, part in enumerate(parts))


def words(text: str) -> list[str]:
    """Its words and signs, without what only parts them."""
    return re.findall(r"[^\s:]+", text.replace("`", ""))
