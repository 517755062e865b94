"""The widgets in JupyterLab with a real kernel: what a hand moves, Python knows."""

from __future__ import annotations

import json

from browser import opened_page
from jupyter_server_process import jupyterlab
import nbformat
import pytest

from fer_utils.models import pretrained_networks
from fer_utils.models.ding2023 import parameter_count
from fer_utils.synthetic.posed_prototypes import LABELS
from fer_utils.widgets import Audit, split_laboratory
from fer_utils.widgets.confusions import Confusions
from fer_utils.widgets.preprocessing import Preprocessing
from fer_utils.widgets.trade_offs import TradeOffs

#: All run in one kernel, so that their names differ.
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
CONVOLUTION = """\
import ipywidgets
from fer_utils.widgets import ConvolutionByHand
convolution, convolution_said = ConvolutionByHand(), ipywidgets.HTML()
def tell_convolution(change):
    told = f"python: {convolution.relu} {convolution.face}"
    convolution_said.value = f'<b class="told-convolution">{told}</b>'
convolution.observe(tell_convolution, ["relu", "face"])
ipywidgets.VBox([convolution, convolution_said])"""
BRINGING = """from fer_utils.models import pretrained_networks
from fer_utils.widgets import BringModel
BringModel(files={"mine": pretrained_networks.find("drawn48-int8").checked()})"""
TRAINING = """\
import ipywidgets
from fer_utils.widgets import TrainHere
training = TrainHere(people=8, strangers=4, poses=1, steps=15, progress=False)
training_said = ipywidgets.HTML()
def tell_training(change):
    run = training.history[-1]
    told = f"python: {run['ended']} {run['steps'][-1]} {run['settings']['dropout']}"
    training_said.value = f'<b class="told-training">{told}</b>'
training.observe(tell_training, "history")
ipywidgets.VBox([training, training_said])"""

DEVICE = """\
import ipywidgets
from fer_utils.widgets import FaceOnDevice
device, device_said = FaceOnDevice(), ipywidgets.HTML()
def tell_device(change):
    told = f"python: {device.answer['label']} {device.answer['boxes']}"
    device_said.value = f'<b class="told-device">{told}</b>'
device.observe(tell_device, "answer")
ipywidgets.VBox([device, device_said])"""

ROUNDING = """\
import ipywidgets
from fer_utils.widgets import PruneAndRound
rounding, rounding_said = PruneAndRound(), ipywidgets.HTML()
def tell_rounding(change):
    told = f"python: {rounding.measured['bits']} bits keep {rounding.measured['kept']}"
    rounding_said.value = f'<b class="told-rounding">{told}</b>'
rounding.observe(tell_rounding, "measured")
ipywidgets.VBox([rounding, rounding_said])"""

TRADE_OFFS = """\
import ipywidgets
from fer_utils.widgets import TradeOffs
trade_offs, trade_said = TradeOffs(), ipywidgets.HTML()
def tell_trade(change):
    trade_said.value = f'<b class="told-trade">python: {trade_offs.x} {trade_offs.frontier}</b>'
trade_offs.observe(tell_trade, ["x", "limits"])
ipywidgets.VBox([trade_offs, trade_said])"""

CONFUSIONS = """\
import ipywidgets
from fer_utils.widgets import Confusions
confusions, confusions_said = Confusions(), ipywidgets.HTML()
def tell_confusions(change):
    told = f"python: {confusions.cell} {len(confusions.behind)}"
    confusions_said.value = f'<b class="told-confusions">{told}</b>'
confusions.observe(tell_confusions, "cell")
ipywidgets.VBox([confusions, confusions_said])"""

PREPROCESSING = """\
import ipywidgets
from fer_utils.widgets import Preprocessing
cutting, cutting_said = Preprocessing(), ipywidgets.HTML()
def tell_cutting(change):
    told = f"python: {cutting.seen['move']} {cutting.seen['square']} {cutting.seen['labels'][6]}"
    cutting_said.value = f'<b class="told-cutting">{told}</b>'
cutting.observe(tell_cutting, "seen")
ipywidgets.VBox([cutting, cutting_said])"""

SPLITTING = """\
import ipywidgets
from fer_utils.widgets import SplitLaboratory
splitting, splitting_said = SplitLaboratory(method="nearest"), ipywidgets.HTML()
def tell_splitting(change):
    told = f"python: {splitting.measured['split']} {splitting.measured['right']}"
    splitting_said.value = f'<b class="told-splitting">{told}</b>'
splitting.observe(tell_splitting, "measured")
ipywidgets.VBox([splitting, splitting_said])"""

AUDIT = """\
import ipywidgets
from fer_utils.widgets import Audit
audited, audited_said = Audit(people=30), ipywidgets.HTML()
def tell_audited(change):
    told = f"python: {audited.measured['attribute']} {audited.measured['groups'][0]['p']}"
    audited_said.value = f'<b class="told-audited">{told}</b>'
audited.observe(tell_audited, "measured")
ipywidgets.VBox([audited, audited_said])"""

CELLS = (
    FACE_LAB,
    BUDGET,
    CONVOLUTION,
    TRAINING,
    ROUNDING,
    TRADE_OFFS,
    CONFUSIONS,
    SPLITTING,
    AUDIT,
    DEVICE,
    BRINGING,
    PREPROCESSING,
)


#: Notes what Python raises: what a moved slider calls belongs to no cell, and its error is shown nowhere.
RAISED = """\
() => {
  window.raised = [];
  window.jupyterapp.shell.currentWidget.sessionContext.iopubMessage.connect((_, message) => {
    if (message.header.msg_type === "error") raised.push(`${message.content.ename}: ${message.content.evalue}`);
  });
}"""


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    """A page of JupyterLab in which a notebook with all widgets runs; yields (page, watch)."""
    folder = tmp_path_factory.mktemp("lab")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in CELLS],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, folder / "widgets.ipynb")
    # High enough for all: JupyterLab draws the outputs that are in the window.
    with jupyterlab(folder) as url, opened_page(browser, height=16800) as (page, watch):
        page.goto(f"{url}/lab/tree/widgets.ipynb?reset")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        page.wait_for_function(
            "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.connectionStatus === 'connected'"
        )
        page.evaluate(RAISED)
        page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        yield page, watch
        assert page.evaluate("window.raised") == [], "Python raised, in a cell or in what a hand called"


@pytest.mark.slow
@pytest.mark.browser
def test_the_face_moves_live_in_jupyterlab_and_python_knows(lab):
    page, watch = lab
    page.wait_for_selector(".fer-lab-live")
    before = page.locator("img.fer-lab-face").get_attribute("src")
    page.locator("input[data-setting=au12]").fill("0.8")
    alt_has(page, "AU 12 (lip corner puller) at 0.80")
    # While the kernel is busy the page draws; the kernel's own picture may come later.
    page.wait_for_function("(before) => document.querySelector('img.fer-lab-face').src !== before", arg=before)
    page.wait_for_function(
        "document.querySelector('.told-face')?.textContent.includes('AU 12 (lip corner puller) at 0.80')"
    )
    page.locator(".fer-lab").get_by_role("button", name="angry", exact=True).click()
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


@pytest.mark.slow
@pytest.mark.browser
def test_a_kernel_of_nine_numbers_in_jupyterlab_is_known_to_python(lab):
    page, watch = lab
    convolution = page.locator(".fer-conv").first
    convolution.locator(".fer-conv-face").first.wait_for()
    convolution.get_by_label("ReLU: below 0 becomes 0").uncheck()
    convolution.get_by_role("button", name="sad").click()
    told = f"python: False {LABELS.index('sad')}"
    page.wait_for_function("(told) => document.querySelector('.told-convolution')?.textContent === told", arg=told)
    assert watch.errors == []


@pytest.mark.slow
@pytest.mark.browser
def test_a_file_that_is_brought_to_jupyterlab_runs_there(lab):
    page, watch = lab
    bringing = page.locator(".fer-bring").first
    bringing.wait_for()
    data = pretrained_networks.find("drawn48-int8").checked().read_bytes()
    chosen = {"name": "mine.tflite", "mimeType": "application/octet-stream", "buffer": data}
    bringing.locator("input[type=file]").set_input_files(chosen)
    page.wait_for_function("document.querySelector('.fer-bring').dataset.state === 'done'")
    assert "48 × 48 pixels" in bringing.locator(".fer-bring-status").inner_text()
    by_hand = bringing.get_attribute("data-answer")
    page.evaluate("document.querySelector('.fer-bring').dataset.state = 'before'; 0")
    bringing.get_by_role("button", name="Run mine").click()
    page.wait_for_function("document.querySelector('.fer-bring').dataset.state === 'done'")
    assert bringing.get_attribute("data-answer") == by_hand, "the file that came with the widget is the same one"
    assert watch.errors == [] and watch.blocked == []


@pytest.mark.slow
@pytest.mark.browser
def test_a_training_in_jupyterlab_is_in_pythons_history(lab):
    page, watch = lab
    training = page.locator(".fer-train").first
    training.wait_for()
    training.get_by_label("Dropout").fill("5")
    training.get_by_role("button", name="Train").click()
    page.wait_for_function("document.querySelector('.told-training')?.textContent === 'python: done 15 0.5'")
    assert training.get_attribute("data-where") == "worker" and watch.errors == []


@pytest.mark.slow
@pytest.mark.browser
def test_what_a_rounded_network_answers_in_jupyterlab_is_known_to_python(lab):
    page, watch = lab
    rounding = page.locator(".fer-round").first
    rounding.wait_for()
    rounding.get_by_role("slider", name="Bits").press("End")
    page.wait_for_function("document.querySelector('.told-rounding')?.textContent.startsWith('python: 2 bits')")
    kept = int(page.locator(".told-rounding").inner_text().split()[-1])
    assert kept < 40 and f"Labels kept: {round(100 * kept / 140)} %" in rounding.inner_text()
    assert watch.errors == []


@pytest.mark.slow
@pytest.mark.browser
def test_trade_offs_in_jupyterlab_tell_python_the_frontier(lab):
    page, watch = lab
    trade = page.locator(".fer-trade").first
    trade.wait_for()
    trade.get_by_label("To the right").select_option("operations")
    frontier = TradeOffs(x="operations").frontier
    told = f"python: operations {frontier}"
    page.wait_for_function("(told) => document.querySelector('.told-trade')?.textContent === told", arg=told)
    shown = trade.locator(".fer-trade-row.fer-trade-frontier button").all_inner_texts()
    assert shown == frontier and watch.errors == []


@pytest.mark.slow
@pytest.mark.browser
def test_a_cell_that_is_pressed_in_jupyterlab_is_pythons(lab):
    page, watch = lab
    confusions = page.locator(".fer-confuse").first
    confusions.locator(".fer-confuse-gallery button").first.wait_for()
    confusions.locator("[data-cell='3,0']").click()
    behind = Confusions(cell=(3, 0)).behind
    told = f"python: [3, 0] {len(behind)}"
    page.wait_for_function("(told) => document.querySelector('.told-confusions')?.textContent === told", arg=told)
    assert confusions.locator(".fer-confuse-gallery button").count() == len(behind) > 0 and watch.errors == []


@pytest.mark.slow
@pytest.mark.browser
def test_a_split_that_is_trained_in_jupyterlab_is_known_to_python(lab):
    page, watch = lab
    splitting = page.locator(".fer-split").first
    splitting.wait_for()
    splitting.get_by_role("radio", name="actor").check()
    right = json.loads(split_laboratory.RESULTS.read_text(encoding="utf8"))["with twins"]["actor"]["nearest"]["right"]
    told = f"python: actor {right:g}"
    page.wait_for_function("(told) => document.querySelector('.told-splitting')?.textContent === told", arg=told)
    assert watch.errors == []


@pytest.mark.slow
@pytest.mark.browser
def test_an_audit_in_jupyterlab_is_that_of_python(lab):
    page, watch = lab
    audited = page.locator(".fer-audit").first
    audited.wait_for()
    audited.get_by_label("Groups by").select_option("at random")
    p = Audit(people=30, attribute="at random").table()["p"].iloc[1]
    told = f"python: at random {p:g}"
    page.wait_for_function("(told) => document.querySelector('.told-audited')?.textContent === told", arg=told)
    assert audited.locator(".fer-audit-bin").count() > 5 and watch.errors == []


@pytest.mark.slow
@pytest.mark.browser
def test_a_face_is_read_in_jupyterlab_with_files_from_the_kernel(lab):
    page, watch = lab
    device = page.locator(".fer-device").first
    device.wait_for()
    device.get_by_role("button", name="A drawn face").click()
    page.wait_for_function("document.querySelector('.told-device')?.textContent === 'python: surprised 1'")
    assert watch.errors == [] and watch.blocked == []


@pytest.mark.slow
@pytest.mark.browser
def test_a_box_that_is_moved_by_keyboard_in_jupyterlab_is_moved_in_python(lab):
    page, watch = lab
    cutting = page.locator(".fer-prep").first
    cutting.wait_for()
    handle = cutting.get_by_role("button", name="Move the box")
    for _ in range(3):
        handle.press("Shift+ArrowDown")
    moved = Preprocessing(down=24)
    label = moved.labels()[6]
    told = f"python: [0, 24] [120, 103, 126] {label}"
    page.wait_for_function("(told) => document.querySelector('.told-cutting')?.textContent === told", arg=told)
    assert label != "surprised" and watch.errors == []
