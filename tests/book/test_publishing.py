"""Publishing: whose package a set-up cell installs, at which commit, and what a book without an address does."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
import types

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

from pipeline import BookError, address, cli, publishing, site  # noqa: E402
from pipeline.layout import Book  # noqa: E402
from pipeline.publishing import Publication, publication, with_publication, write_chapters  # noqa: E402

BOOK = Book.at(ROOT)
COMMIT = "0123456789abcdef0123456789abcdef01234567"
WORKFLOW = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "a-school/a-book", "GITHUB_SHA": COMMIT}


@pytest.fixture
def mini(tmp_path) -> Book:
    """A book of one chapter, without an address; its chapter counts as executed."""
    root = tmp_path / "mini"
    for folder in ("book", "notebooks", "_build/browser", "_build/executed/notebooks"):
        (root / folder).mkdir(parents=True)
    (root / "book" / "intro.md").write_text("# Mini\n")
    (root / "book" / "more.md").write_text("# More\n\nSee {cite:p}`a2020`.\n\n```{bibliography}\n```\n")
    (root / "book" / "one.bib").write_text("@book{a2020,\n  author={A. B.}, title={C}, publisher={D}, year={2020}\n}\n")
    for folder in ("images", "_sphinx"):
        shutil.copytree(ROOT / "book" / folder, root / "book" / folder)
    (root / "requirements.txt").write_text("nothing==1\n")
    (root / "_config.yml").write_text(
        "title: Mini\nbibtex_bibfiles: [book/one.bib]\n"
        "execute:\n  execute_notebooks: 'off'\nrepository:\n  url: unset\n"
        "sphinx:\n  local_extensions:\n    cards: book/_sphinx\n    shown_elsewhere: book/_sphinx\n"
        "launch_buttons:\n  colab_url: https://colab.research.google.com\n"
        "html:\n  favicon: book/images/favicon.svg\n  use_repository_button: true\n  use_issues_button: true\n"
    )
    (root / "_toc.yml").write_text(
        "format: jb-book\nroot: book/intro\noptions:\n  numbered: true\n"
        "chapters:\n  - file: notebooks/01_tiny\n  - file: book/more\n"
    )
    source = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Tiny\n\nA first sentence."}
    text = json.dumps(
        {"cells": [source, set_up_cell(ROOT)], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1
    )
    for folder in ("notebooks", "_build/executed/notebooks"):
        (root / folder / "01_tiny.ipynb").write_text(text)
    return Book.at(root)


def edit_executed(book: Book, old: str, new: str) -> None:
    """Change the text of the executed chapter."""
    path = book.executed / "notebooks" / "01_tiny.ipynb"
    text = path.read_text(encoding="utf8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf8")


def set_up_cell(folder: Path) -> dict:
    """The set-up cell of the first chapter below a folder."""
    path = sorted((folder / "notebooks").glob("*.ipynb"))[0]
    cells = json.loads(path.read_text(encoding="utf8"))["cells"]
    return next(cell for cell in cells if "setup" in cell["metadata"].get("tags", []))


def run_on_colab(source: str, monkeypatch, there: tuple[str, ...] = ()) -> list[list[str]]:
    """Run a set-up cell as on a fresh Colab that has these packages; returns the commands that it would run."""
    calls: list[list[str]] = []
    output = types.ModuleType("google.colab.output")
    output.enable_custom_widget_manager = lambda: calls.append(["widgets"])
    colab = types.ModuleType("google.colab")
    colab.output = output
    modules = {"google": types.ModuleType("google"), "google.colab": colab, "google.colab.output": output}
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "fer_utils" else find(name, *a))
    monkeypatch.setattr(
        importlib.metadata, "distributions", lambda: [types.SimpleNamespace(name=name) for name in there]
    )
    monkeypatch.setattr(subprocess, "run", lambda command, **options: calls.append(command) or options["check"])
    exec(source, {})
    return calls


def test_a_committed_set_up_cell_installs_from_nobody(monkeypatch):
    """It names no address that a stranger could own; on Colab that is one sentence."""
    with pytest.raises(RuntimeError, match=r"^This copy of the chapter .*: open .* published book\.$") as caught:
        run_on_colab(set_up_cell(ROOT)["source"], monkeypatch)
    assert "\n" not in str(caught.value)
    for path in [*(ROOT / "notebooks").glob("*.ipynb"), ROOT / "_config.yml", ROOT / "README.md"]:
        assert "your-organisation" not in path.read_text(encoding="utf8"), path.name


def test_a_published_set_up_cell_installs_this_commit_and_what_is_absent_at_the_locked_version(monkeypatch):
    published = Publication("https://github.com/a-school/a-book", COMMIT, ("any-widget==0.11.0", "psygnal==0.15"))
    chapter = with_publication({"cells": [set_up_cell(ROOT)]}, published)
    (command, widgets) = run_on_colab(chapter["cells"][0]["source"], monkeypatch, there=("numpy", "Any_Widget", None))
    assert command[:4] == [sys.executable, "-m", "pip", "install"] and widgets == ["widgets"]
    package = f"fer-utils @ git+https://github.com/a-school/a-book@{COMMIT}"
    assert command[-2:] == ["psygnal==0.15", package] and "any-widget==0.11.0" not in command


def test_a_cell_that_cannot_be_written_is_an_error():
    cell = {"cell_type": "code", "metadata": {"tags": ["setup"]}, "source": "import this\n"}
    with pytest.raises(BookError, match="REPOSITORY"):
        with_publication({"cells": [cell]}, Publication("https://github.com/a/b", COMMIT))


def test_the_locked_versions_are_those_of_the_lock_and_hold_the_packages_own_needs():
    pins = dict(pin.split("==") for pin in publishing.locked(BOOK))
    lock = (ROOT / "requirements.txt").read_text(encoding="utf8")
    assert {"anywidget", "psygnal", "keras", "numpy"} <= set(pins), "what is needed indirectly as well"
    assert not {"jupyter-book", "pytest", "tensorflow-cpu", "opencv-python-headless"} & set(pins), "no extras"
    assert all(re.search(rf"(?m)^{re.escape(name)}=={re.escape(version)}\b", lock) for name, version in pins.items())


def test_publishing_without_an_address_fails_with_one_sentence_before_any_work(mini, monkeypatch, capsys):
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    assert cli.main(["publish", "--tier", "smoke", "--root", str(mini.root)]) == 1
    said = capsys.readouterr().err.strip()
    assert said.count("\n") == 0 and "make address URL=https://github.com/OWNER/NAME" in said
    assert not (mini.root / "_build" / "jupyter").exists(), "no chapter was begun"


def test_a_workflow_publishes_its_own_repository_and_commit(mini):
    assert publication(mini, WORKFLOW) == Publication("https://github.com/a-school/a-book", COMMIT)
    address.rewrite(mini, "https://github.com/upstream/book")  # a fork has the address, but its own commits
    assert publication(mini, WORKFLOW).repository == "https://github.com/a-school/a-book"


@pytest.mark.parametrize(
    "change, said",
    [
        ({"GITHUB_SHA": "main"}, "'main' is no full hash"),
        ({"GITHUB_SHA": ""}, "no full hash"),
        ({"GITHUB_SERVER_URL": "https://git.school.example"}, "https://github.com/OWNER/NAME"),
    ],
)
def test_a_workflow_that_names_no_commit_or_another_server_publishes_nothing(mini, change, said):
    with pytest.raises(BookError, match=re.escape(said)):
        publication(mini, {**WORKFLOW, **change})


def test_at_home_only_a_commit_that_others_can_fetch_is_published(mini, tmp_path):
    address.rewrite(mini, "https://github.com/a-school/a-book")
    with pytest.raises(BookError, match="git says"):
        publication(mini, {})

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(mini.root), "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    (mini.root / ".gitignore").write_text("_build/\n")
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "One")
    with pytest.raises(BookError, match="push it first"):
        publication(mini, {})
    git("init", "--quiet", "--bare", str(tmp_path / "remote"))
    git("remote", "add", "origin", str(tmp_path / "remote"))
    git("push", "--quiet", "origin", "HEAD")
    assert publication(mini, {}) == Publication("https://github.com/a-school/a-book", git("rev-parse", "HEAD"))
    (mini.root / "book" / "intro.md").write_text("# Changed\n")
    with pytest.raises(BookError, match="not committed"):
        publication(mini, {})


def test_the_chapters_for_colab_are_the_committed_ones_but_for_the_cell(mini):
    published = publication(mini, WORKFLOW)
    folder = write_chapters(mini, published)
    assert [path.relative_to(folder).as_posix() for path in folder.rglob("*.*")] == ["notebooks/01_tiny.ipynb"]
    cell = set_up_cell(folder)
    assert f'REPOSITORY = "{published.repository}"' in cell["source"] and f'COMMIT = "{COMMIT}"' in cell["source"]
    assert [cell["source"].splitlines()[4:]] == [set_up_cell(ROOT)["source"].splitlines()[4:]]
    before = json.loads((mini.root / "notebooks" / "01_tiny.ipynb").read_text())["cells"]
    assert json.loads((folder / "notebooks" / "01_tiny.ipynb").read_text())["cells"][:-1] == before[:-1]


def test_a_site_to_read_at_home_has_no_links_to_a_repository(mini):
    site.assemble(mini)
    config = yaml.safe_load((mini.source / "_config.yml").read_text())
    assert "repository" not in config and "launch_buttons" not in config
    assert not any(value for name, value in config["html"].items() if name.startswith("use_"))
    assert 'COMMIT = ""' in set_up_cell(mini.source)["source"]


@pytest.mark.slow
def test_a_published_page_links_to_colab_and_shows_the_cell(mini):
    (mini.browser / "key.txt").write_text("none")
    published = publication(mini, WORKFLOW)
    assert site.site_key(mini, published) != site.site_key(mini)
    site.assemble(mini, published)
    site.render(mini)
    page = (mini.html / "notebooks" / "01_tiny.html").read_text(encoding="utf8")
    there = "https://colab.research.google.com/github/a-school/a-book/blob/published/notebooks/01_tiny.ipynb"
    assert there in page and "https://github.com/a-school/a-book" in page and COMMIT in page
    assert re.search(
        r'<link rel="icon" href="../_static/favicon.svg" */?>|rel="(?:shortcut )?icon"[^>]*favicon.svg', page
    )
    assert (mini.html / "_static" / "favicon.svg").is_file()
    assert "3 added" in what_was_read(mini)
    pages = "https://a-school.github.io/a-book/"
    assert card_of(page) == {
        "og:title": "Tiny",
        "og:description": "A first sentence.",
        "og:type": "article",
        "og:url": f"{pages}notebooks/01_tiny.html",
        "og:image": f"{pages}_static/card.png",
    }
    front = (mini.html / "book" / "intro.html").read_text(encoding="utf8")
    assert card_of(front)["og:type"] == "website" and (mini.html / "_static" / "card.png").is_file()
    assert '<base href="/a-book/">' in (mini.html / "404.html").read_text(encoding="utf8")

    # After an edit inside a chapter only its page is read and written; the others keep their age.
    other = mini.html / "book" / "more.html"  # the front page holds the contents and is always written
    os.utime(other, (2e9, 2e9))  # in 2033
    edit_executed(mini, "A first sentence.", "Another sentence.")
    site.assemble(mini, published)
    site.render(mini)
    assert "0 added, 1 changed, 0 removed" in what_was_read(mini)
    page = (mini.html / "notebooks" / "01_tiny.html").read_text(encoding="utf8")
    assert there in page and "Another sentence." in page and other.stat().st_mtime == 2e9
    for kept in ("_static/favicon.svg", "_sources/book/more.md", "_sources/notebooks/01_tiny.ipynb"):
        assert (mini.html / kept).is_file(), kept

    # After another title all pages are written, for they name it.
    edit_executed(mini, "# Tiny", "# Renamed")
    site.assemble(mini, published)
    site.render(mini)
    assert "0 added, 1 changed, 0 removed" in what_was_read(mini)
    assert "Renamed" in other.read_text(encoding="utf8") and "Tiny" not in other.read_text(encoding="utf8")

    # A build that failed leaves nothing to go on from.
    (mini.root / "book" / "more.md").write_text("# More\n\n[nowhere](nowhere.md)\n")
    site.assemble(mini, published)
    for read in ("0 added, 1 changed", "3 added"):
        with pytest.raises(BookError, match="nowhere"):
            site.render(mini)
        assert read in what_was_read(mini) and "Renamed" in other.read_text(encoding="utf8")


@pytest.mark.parametrize("note, kept", [("as now", True), ("otherwise", False), (None, False)])
def test_what_was_read_is_kept_only_if_it_was_read_in_the_same_way(tmp_path, note, kept):
    for name in (".doctrees/a", "html/a"):
        (tmp_path / "_build" / name).mkdir(parents=True)
    if note:
        (tmp_path / "read-by.txt").write_text(note)
    assert not site.forget_other_readings(tmp_path, "as now").exists()
    assert (tmp_path / "_build" / ".doctrees").exists() == kept and not (tmp_path / "_build" / "html").exists()


def card_of(page: str) -> dict[str, str]:
    """What a shared link to a page shows, but for the picture's size and words."""
    found = dict(re.findall(r'<meta property="(og:[\w:]+)" content="([^"]*)"', page))
    return {name: value for name, value in found.items() if not name.startswith("og:image:")}


def what_was_read(mini: Book) -> str:
    """The line of the last build's log that counts the pages that Sphinx has read."""
    log = (mini.out / "site.log").read_text(encoding="utf8")
    return next(line for line in log.splitlines() if "updating environment" in line)


def test_a_folder_is_given_new_contents_and_what_is_the_same_keeps_its_age(tmp_path):
    folder, new = tmp_path / "folder", tmp_path / "new"
    for place, names in ((folder, ("same", "changed", "gone/file", "turned")), (new, ("same", "changed", "turned/in"))):
        for name in names:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text("1" if name != "changed" else place.name)
            os.utime(place / name, (1, 1))
    site.update_folder(folder, new)
    assert sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()) == [
        "changed",
        "same",
        "turned/in",
    ]
    assert (folder / "changed").read_text() == "new" and not (folder / "gone").exists() and not new.exists()
    assert (folder / "same").stat().st_mtime == 1 and (folder / "changed").stat().st_mtime > 1


def test_the_workflow_publishes_only_what_names_its_commit():
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "book.yml").read_text(encoding="utf8"))["jobs"]
    (book,) = (step for step in jobs["build"]["steps"] if step.get("name") == "Book")
    assert book["run"] == 'make "$TARGET"' and "&& 'publish' ||" in book["env"]["TARGET"]
    assert jobs["chapters"]["steps"][-1]["run"].rstrip().endswith(publishing.BRANCH)
    assert "chapters" in jobs["publish"]["needs"], "no page leads to a chapter that is not there yet"
