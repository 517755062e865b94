"""The widgets in JupyterLab with a real kernel: what a hand moves, Python knows."""

from __future__ import annotations

from browser import opened_page
from jupyter_server_process import jupyterlab
import nbformat
import pytest

from fer_utils.models.ding2023 import parameter_count

#: Both run in one kernel, so that their names differ.
FACE_LAB = """\
from fer_utils.widgets import FaceLab
import ipywidgets
lab, face_said = FaceLab(person=7), ipywidgets.HTML()
def tell_face(change):
    face_said.value = f'<b class="told-face">python: {lab.about}</b>'
lab.observe(tell_face, "about")
ipywidgets.VBox([lab, face_said])"""
BUDGET = """\
import ipywidgets
from fer_utils.widgets import ParameterBudget
budget = ParameterBudget()
budget_said = ipywidgets.HTML()
def tell_budget(change):
    told = f"python: {budget.filters} {budget.dense} {budget.padding} {budget.total}"
    budget_said.value = f'<b class="told-budget">{told}</b>'
budget.observe(tell_budget, "total")
ipywidgets.VBox([budget, budget_said])"""


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    """A page of JupyterLab in which a notebook with both widgets runs; yields (page, watch)."""
    folder = tmp_path_factory.mktemp("lab")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(FACE_LAB), nbformat.v4.new_code_cell(BUDGET)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, folder / "widgets.ipynb")
    # High enough for both: JupyterLab draws the outputs that are in the window.
    with jupyterlab(folder) as url, opened_page(browser, height=2400) as (page, watch):
        page.goto(f"{url}/lab/tree/widgets.ipynb?reset")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        page.wait_for_function(
            "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.connectionStatus === 'connected'"
        )
        page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        yield page, watch


@pytest.mark.slow
@pytest.mark.browser
def test_the_face_moves_live_in_jupyterlab_and_python_knows(lab):
    page, watch = lab
    page.wait_for_selector(".fer-lab-live")
    before = page.locator(".fer-lab-face").get_attribute("src")
    page.locator("input[data-setting=au12]").fill("0.8")
    alt_has(page, "AU 12 (lip corner puller) at 0.80")
    assert page.locator(".fer-lab-face").get_attribute("src") != before
    page.wait_for_function(
        "document.querySelector('.told-face')?.textContent.includes('AU 12 (lip corner puller) at 0.80')"
    )
    page.get_by_role("button", name="angry").click()
    alt_has(page, "AU 4 (brow lowerer)")
    assert page.evaluate("document.querySelector('.fer-lab-face').decode().then(() => true)")
    assert watch.errors == []


def alt_has(page, words: str) -> None:
    page.wait_for_function("(words) => document.querySelector('.fer-lab-face').alt.includes(words)", arg=words)


@pytest.mark.slow
@pytest.mark.browser
def test_the_budget_moves_live_in_jupyterlab_and_python_knows(lab):
    page, watch = lab
    budget = page.locator(".fer-budget").first
    budget.wait_for()
    before = budget.locator(".fer-budget-count").inner_text()
    budget.locator("input[data-trait=filters]").fill("16")
    budget.locator("input[data-trait=dense]").fill("16")
    assert before != budget.locator(".fer-budget-count").inner_text() == "542,136"
    page.wait_for_function("document.querySelector('.told-budget')?.textContent === 'python: 16 16 same 542136'")
    budget.get_by_label("valid").check()
    total = parameter_count(16, 16, 8, 180, 1, "valid", 2)
    page.wait_for_function(f"document.querySelector('.told-budget')?.textContent === 'python: 16 16 valid {total}'")
    assert watch.errors == []
