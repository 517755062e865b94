"""The files that the repository is judged by, and the settings of the tools that watch it."""

from __future__ import annotations

import ast
import configparser
import json
from pathlib import Path
import re
import runpy
import subprocess
import sys
import tomllib

from patience import PATIENCE
import pytest
import yaml


@pytest.fixture(scope="module")
def settings(root) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf8"))


def subpackages(root: Path) -> set[str]:
    return {path.parent.name for path in (root / "fer_utils").glob("*/__init__.py")}


# Files -------------------------------------------------------------------------------------------


def test_the_citation_is_complete_and_of_this_version(root, settings):
    citation = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf8"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation), "what the schema requires"
    assert citation["cff-version"] == "1.2.0" and citation["type"] == "software"
    project = settings["project"]
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"]
    book = yaml.safe_load((root / "_config.yml").read_text(encoding="utf8"))
    assert citation["title"] == book["title"]
    assert [author["name"] for author in citation["authors"]] == [book["author"]]


def test_the_package_says_the_version_of_the_project(settings):
    import fer_utils

    assert fer_utils.__version__ == settings["project"]["version"]


def test_the_changelog_has_the_version_and_known_kinds_of_change(root, settings):
    text = (root / "CHANGELOG.md").read_text(encoding="utf8")
    versions = re.findall(r"(?m)^## \[([^]]+)\]( - \d{4}-\d\d-\d\d)?$", text)
    assert len(versions) == len(re.findall(r"(?m)^## ", text)), "every heading is a version"
    assert versions[0] == ("Unreleased", ""), "what is not released stands first, without a date"
    dated = [name for name, date in versions[1:] if date]
    assert len(dated) == len(versions) - 1 and dated[0] == settings["project"]["version"]
    kinds = set(re.findall(r"(?m)^### (.*)$", text))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_security_page_says_how_to_report_and_names_nobody(root):
    text = (root / "SECURITY.md").read_text(encoding="utf8")
    assert "Report a vulnerability" in text
    assert not re.search(r"\S+@\S+\.\w+", text), "no address that nobody reads"
    for kind in ("Clips", "Archives", ".keras", ".onnx", "Notebooks"):
        assert kind in text, kind


def test_editors_are_told_the_same_line_length_as_ruff(root, settings):
    reader = configparser.ConfigParser()
    reader.read_string("[top]\n" + (root / ".editorconfig").read_text(encoding="utf8"))
    assert reader["top"]["root"] == "true" and reader["Makefile"]["indent_style"] == "tab"
    assert int(reader["*.{py,pyi}"]["max_line_length"]) == settings["tool"]["ruff"]["line-length"]


def test_every_hook_runs_from_the_environment_and_fetches_nothing(root, settings):
    hooks = yaml.safe_load((root / ".pre-commit-config.yaml").read_text(encoding="utf8"))
    assert [source["repo"] for source in hooks["repos"]] == ["local"]
    entries = [hook["entry"].split() for source in hooks["repos"] for hook in source["hooks"]]
    assert all(hook["language"] == "system" for source in hooks["repos"] for hook in source["hooks"])
    programs = {Path(entry[0]).name for entry in entries}
    assert all(entry[0].startswith(".venv/bin/") for entry in entries)
    assert {"ruff", "lint-imports", "mypy", "zizmor"} <= programs
    for entry in entries:
        for argument in entry[1:]:
            assert not argument.endswith(".py") or (root / argument).is_file(), argument


def test_make_lint_runs_every_tool_that_the_environment_has_for_it(root, settings):
    recipe = re.search(r"(?m)^lint:.*\n((?:\t.*\n)+)", (root / "Makefile").read_text(encoding="utf8"))[1]
    wanted = {"import-linter": "lint-imports", "mypy": "mypy", "ruff": "ruff", "zizmor": "zizmor"}
    extra = {re.match(r"[\w-]+", text)[0] for text in settings["project"]["optional-dependencies"]["lint"]}
    for package, program in wanted.items():
        assert package in extra and f"$(VENV)/bin/{program}" in recipe, package


# Text files --------------------------------------------------------------------------------------


def test_text_files_are_in_order(root):
    done = subprocess.run([sys.executable, ".ci/tidy.py"], cwd=root, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "name, content, said",
    [
        ("a.py", b"x = 1", "exactly one newline"),
        ("a.py", b"x = 1\n\n", "exactly one newline"),
        ("a.py", b"x = 1 \n", "line 1 ends in blanks"),
        ("a.md", b"one\r\n", "carriage returns"),
        ("a.py", b"# \xff\n", "not UTF-8"),
        ("a.py", b"<<<<<<< here\n", "left of a merge"),
        ("a.yml", b"a: [1\n", "cannot be read"),
        ("a.toml", b"a = \n", "cannot be read"),
        ("a.json", b"{,}\n", "cannot be read"),
        ("a.bin", bytes(1_000_001), "at most"),
    ],
)
def test_a_text_file_out_of_order_is_named(root, tmp_path, name, content, said):
    problems = runpy.run_path(str(root / ".ci" / "tidy.py"))["problems"]
    file = tmp_path / name
    file.write_bytes(content)
    assert any(said in problem for problem in problems(file)), list(problems(file))


def test_a_picture_and_a_hard_line_break_are_no_problem(root, tmp_path):
    problems = runpy.run_path(str(root / ".ci" / "tidy.py"))["problems"]
    picture, page, empty = tmp_path / "a.png", tmp_path / "a.md", tmp_path / "empty.py"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n\0\0 \r\n")
    page.write_bytes(b"one  \ntwo\n")
    empty.write_bytes(b"")
    assert [problem for file in (picture, page, empty) for problem in problems(file)] == []


# Subpackages -------------------------------------------------------------------------------------------


def test_every_subpackage_stands_in_one_layer(root, settings):
    contracts = {contract["id"]: contract for contract in settings["tool"]["importlinter"]["contracts"]}
    layers = contracts["subpackages"]["layers"]
    entered = [subpackage.strip() for layer in layers for subpackage in layer.split("|")]
    assert sorted(entered) == sorted(subpackages(root))
    assert contracts["subpackages"]["exhaustive"] and contracts["circles"]["type"] == "acyclic_siblings"


def test_subpackages_without_types_are_named_each_with_a_reason(root):
    """An exception is a line with a comment, and the five subpackages of the promise have none."""
    text = (root / "pyproject.toml").read_text(encoding="utf8")
    settings = tomllib.loads(text)["tool"]["mypy"]
    ignored = [name for part in settings["overrides"] if part.get("ignore_errors") for name in part["module"]]
    named = {name.split(".")[1] for name in ignored}
    assert named <= subpackages(root)
    assert not named & {"core", "datasets", "experiments", "metrics", "splits"}
    for name in ignored:
        assert re.search(rf'(?m)^ +"{re.escape(name)}", +# \w+', text), f"{name}: say why it is an exception"


def private_names(path: Path, subpackage: str) -> list[str]:
    """Private names of another subpackage that a module imports, or asks a module of another subpackage for."""
    tree = ast.parse(path.read_text(encoding="utf8"))
    foreign, found = {}, []
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("fer_utils"):
            continue
        other = [*node.module.split("."), ""][1]
        for name in node.names:
            if other not in ("", subpackage) and name.name.startswith("_"):
                found.append(f"{node.module}.{name.name}")
            if (other or name.name) != subpackage:
                foreign[name.asname or name.name] = f"{node.module}.{name.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in foreign:
            if re.match(r"_(?!_)", node.attr):
                found.append(f"{foreign[node.value.id]}.{node.attr}")
    return found


def test_no_room_uses_a_private_name_of_another(root):
    used = {
        f"{path.relative_to(root)}: {name}"
        for path in (root / "fer_utils").glob("*/**/*.py")
        for name in private_names(path, path.relative_to(root / "fer_utils").parts[0])
    }
    assert used == set()


def test_a_private_name_of_another_room_is_noticed(tmp_path):
    file = tmp_path / "module.py"
    file.write_text(
        "from fer_utils import live\nfrom fer_utils.compress import _bare, export\nfrom fer_utils.faces import _own\n"
        "live._model(), live.__name__, export._x\n"
    )
    expected = {"fer_utils.compress._bare", "fer_utils.compress.export._x", "fer_utils.live._model"}
    assert set(private_names(file, "faces")) == expected


def test_notebooks_are_checked_for_names(root, tmp_path):
    """ruff reads the chapters' cells: a name that nobody defined is found, a long line is not."""
    cell = {
        "cell_type": "code",
        "execution_count": None,
        "id": "c0",
        "metadata": {},
        "outputs": [],
        "source": ["print(undefined)  # " + "x" * 200],
    }
    kernel = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
    notebook = {"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    done = subprocess.run(
        [
            Path(sys.executable).with_name("ruff"),
            "check",
            "--no-cache",
            "--output-format=concise",
            "--stdin-filename=notebooks/00_none.ipynb",
            "-",
        ],
        input=json.dumps(notebook),
        cwd=root,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    found = re.findall(r": ([A-Z]+\d+)", done.stdout)
    assert found == ["F821"], done.stdout + done.stderr
