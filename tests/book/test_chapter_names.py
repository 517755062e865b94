"""Every name that a chapter takes from the package is there, and its calls use arguments that there are.

This reads the chapters' code and runs none of it, so that a renamed function is found in seconds.
"""

from __future__ import annotations

import ast
from importlib import import_module
import inspect
import json
from types import ModuleType

import pytest

CHAPTERS = (
    "01_dataset_tour",
    "02_preprocessing",
    "03_architecture",
    "04_training",
    "05_overfitting",
    "06_evaluation",
    "07_people",
    "08_explanation",
    "09_comparison",
    "10_designs",
    "11_compress",
    "12_smaller",
    "13_real_time",
    "a1_studio",
    "a2_drawn_and_real",
)


def code_of(notebook: dict) -> str:
    """The code of all cells of a notebook, one after the other."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return "\n\n".join("".join(cell["source"]) for cell in cells)


def imported_names(tree: ast.AST) -> tuple[dict[str, object], list[str]]:
    """What a text imports from the package, by the name that it has there; and the imports that fail."""
    found, missing = {}, []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "fer_utils":
            for name in node.names:
                try:
                    found[name.asname or name.name] = attribute(import_module(node.module), name.name)
                except (AttributeError, ModuleNotFoundError):
                    missing.append(f"line {node.lineno}: from {node.module} import {name.name}")
        if isinstance(node, ast.Import):
            for name in node.names:
                if name.name.split(".")[0] == "fer_utils":
                    module = import_module(name.name)
                    found[name.asname or "fer_utils"] = module if name.asname else import_module("fer_utils")
    return found, missing


def attribute(owner: object, name: str) -> object:
    """``owner.name``, also where it is a module that nobody has imported yet."""
    try:
        return getattr(owner, name)
    except AttributeError:
        if not isinstance(owner, ModuleType) or not hasattr(owner, "__path__"):
            raise
    try:
        return import_module(f"{owner.__name__}.{name}")
    except ModuleNotFoundError:
        raise AttributeError(f"{owner.__name__} has no {name}") from None


def assigned_names(tree: ast.AST) -> set[str]:
    """The names that a text gives to things of its own, as by ``name = ...`` or ``for name in ...``."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def resolve(node: ast.expr, imported: dict[str, object]) -> object:
    """What ``subpackage.module.name`` stands for.

    KeyError where it does not begin with an imported name, AttributeError where a module has no such name.
    """
    if isinstance(node, ast.Name):
        return imported[node.id]
    if not isinstance(node, ast.Attribute):
        raise KeyError
    owner = resolve(node.value, imported)
    if not isinstance(owner, ModuleType):
        raise KeyError  # an attribute of an object: only a run can tell
    return attribute(owner, node.attr)


def unknown_arguments(call: ast.Call, imported: dict[str, object]) -> list[str]:
    """The arguments by name of a call that its function does not take; none where only a run can tell."""
    try:
        function = resolve(call.func, imported)
    except (KeyError, AttributeError):
        return []  # not of the package, or reported as a name that is not there
    if not inspect.isroutine(function) and not inspect.isclass(function):
        return []
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return []
    known = {parameter.name for parameter in parameters}
    return [word.arg for word in call.keywords if word.arg is not None and word.arg not in known]


def wrong_names(source: str) -> list[str]:
    """What a text uses of the package that is not there: names, and arguments by name in calls of functions."""
    tree = ast.parse(source)
    imported, wrong = imported_names(tree)
    for name in assigned_names(tree) & set(imported):
        del imported[name]  # the text has a thing of its own by this name
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            try:
                resolve(node, imported)
            except KeyError:
                continue
            except AttributeError:
                wrong.append(f"line {node.lineno}: {ast.unparse(node)}")
        if isinstance(node, ast.Call):
            unknown = unknown_arguments(node, imported)
            wrong += [f"line {node.lineno}: {ast.unparse(node.func)} has no argument {name}" for name in unknown]
    return sorted(set(wrong))


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_name_that_a_chapter_uses_is_there(root, name):
    notebook = json.loads((root / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))
    assert wrong_names(code_of(notebook)) == []


def test_every_chapter_is_read(root):
    assert sorted(file.stem for file in (root / "notebooks").glob("*.ipynb")) == sorted(CHAPTERS)


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_is_stored_in_one_form(root, name):
    """JSON indented by one, a cell's source in one string, no outputs, a newline at the end."""
    text = (root / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8")
    notebook = json.loads(text)
    assert text == json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    for cell in notebook["cells"]:
        assert isinstance(cell["source"], str) and not cell.get("outputs")


@pytest.mark.parametrize(
    "source, found",
    [
        ("from fer_utils import plotting\nplotting.bars({}, title='', xlabel='')", ""),
        ("from fer_utils import plotting\nplotting.barz({})", "plotting.barz"),
        (
            "from fer_utils import plotting\nplotting.bars({}, titel='', xlabel='')",
            "plotting.bars has no argument titel",
        ),
        ("from fer_utils import plotting as p\np.charts.barz", "p.charts.barz"),
        ("import fer_utils\nfer_utils.plotting.barz", "fer_utils.plotting.barz"),
        ("import fer_utils\nfer_utils.plotting.pareto.pareto_plot", ""),
        ("from fer_utils.plotting import barz", "from fer_utils.plotting import barz"),
        ("from fer_utils.plottink import bars", "from fer_utils.plottink import bars"),
        ("from fer_utils.plotting import contact_sheets\nlen(contact_sheets.grits([]))", "contact_sheets.grits"),
        ("from fer_utils import plotting\nplotting = 3\nplotting.real", ""),
        ("from fer_utils import plotting\nplotting.PALETTE[0].upper()", ""),
        ("import numpy\nnumpy.barz", ""),
    ],
)
def test_a_name_that_is_not_there_is_found(source, found):
    wrong = wrong_names(source)
    assert len(wrong) == bool(found) and all(found in text for text in wrong)
