"""The widgets in JupyterLab with a real kernel: what a hand moves, Python knows."""

from __future__ import annotations

from contextlib import contextmanager

from browser import opened_page
from jupyter_server_process import jupyterlab
import nbformat
import pytest

from fer_utils.models.ding2023 import parameter_count

FACE_LAB = """\
from fer_utils.widgets import FaceLab
import ipywidgets
lab, said = FaceLab(person=7), ipywidgets.HTML()
def tell(change):
    said.value = f'<b class="told">python: {lab.about}</b>'
lab.observe(tell, "about")
ipywidgets.VBox([lab, said])"""
BUDGET = """\
import ipywidgets
from fer_utils.widgets import ParameterBudget
budget = ParameterBudget()
said = ipywidgets.HTML()
def tell(change):
    said.value = f'<b class="told">python: {budget.filters} {budget.dense} {budget.padding} {budget.total}</b>'
budget.observe(tell, "total")
ipywidgets.VBox([budget, said])"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One JupyterLab with a notebook for each test; yields its address."""
    folder = tmp_path_factory.mktemp("lab")
    for name, code in (("face_lab", FACE_LAB), ("budget", BUDGET)):
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(code)],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        nbformat.write(notebook, folder / f"{name}.ipynb")
    with jupyterlab(folder) as url:
        yield url


@contextmanager
def run_in_jupyterlab(browser, server, name):
    """All cells of a notebook are run in a page of its own; yields (page, watch)."""
    with opened_page(browser) as (page, watch):
        page.goto(f"{server}/lab/tree/{name}.ipynb?reset")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        page.wait_for_function(
            "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.connectionStatus === 'connected'"
        )
        page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        yield page, watch


@pytest.mark.browser
def test_the_face_moves_live_in_jupyterlab_and_python_knows(browser, server):
    with run_in_jupyterlab(browser, server, "face_lab") as (page, watch):
        page.wait_for_selector(".fer-lab-live")
        before = page.locator(".fer-lab-face").get_attribute("src")
        page.locator("input[data-setting=au12]").fill("0.8")
        alt_has(page, "AU 12 (lip corner puller) at 0.80")
        assert page.locator(".fer-lab-face").get_attribute("src") != before
        page.wait_for_function(
            "document.querySelector('.told')?.textContent.includes('AU 12 (lip corner puller) at 0.80')"
        )
        page.get_by_role("button", name="angry").click()
        alt_has(page, "AU 4 (brow lowerer)")
        assert page.evaluate("document.querySelector('.fer-lab-face').decode().then(() => true)")
        assert watch.errors == []


def alt_has(page, words: str) -> None:
    page.wait_for_function("(words) => document.querySelector('.fer-lab-face').alt.includes(words)", arg=words)


@pytest.mark.browser
def test_the_budget_moves_live_in_jupyterlab_and_python_knows(browser, server):
    with run_in_jupyterlab(browser, server, "budget") as (page, watch):
        budget = page.locator(".fer-budget").first
        budget.wait_for()
        before = budget.locator(".fer-budget-count").inner_text()
        budget.locator("input[data-trait=filters]").fill("16")
        budget.locator("input[data-trait=dense]").fill("16")
        assert before != budget.locator(".fer-budget-count").inner_text() == "542,136"
        page.wait_for_function("document.querySelector('.told')?.textContent === 'python: 16 16 same 542136'")
        budget.get_by_label("valid").check()
        total = parameter_count(16, 16, 8, 180, 1, "valid", 2)
        page.wait_for_function(f"document.querySelector('.told')?.textContent === 'python: 16 16 valid {total}'")
        assert watch.errors == []
