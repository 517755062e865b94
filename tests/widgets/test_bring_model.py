"""*Bring your model*: a file runs in the page as in Python, and any other file gets one sentence."""

from __future__ import annotations

import base64
import json

import bring_model_cell
import numpy as np
import pytest
from train_here_page import shown as shown_alone

from fer_utils import compress
from fer_utils.core import page_files
from fer_utils.core.errors import FerError
from fer_utils.exercises import ch13_files
from fer_utils.models import pretrained_networks
from fer_utils.widgets import BringModel, bring_model, face_on_device

pytestmark = [pytest.mark.browser, pytest.mark.slow]
#: The page has no site here: a kernel's answers are played, from the same function.
TRAITS = ("labels", "side", "constants", "sprite", "files", "contents")


@pytest.fixture(scope="module")
def opened(browser, tmp_path_factory):
    widget = bring_model_cell.ran(tmp_path_factory.mktemp("files"))["shown"]
    with shown_alone(
        browser, widget, name="bring_model", saved=TRAITS, ready="document.querySelector('.fer-bring')"
    ) as (page, watch):
        files = {name: face_on_device.packed(name) for name in (*page_files.names(), face_on_device.NETWORK)}

        def sent(name):
            return base64.b64encode(files[name]).decode()

        page.expose_function("fileOfKernel", sent)
        page.evaluate(
            """() => {
              const hearing = new Set();
              const { on, off } = window.model;
              window.model.on = (name, act) => (name === "msg:custom" ? hearing.add(act) : on(name, act));
              window.model.off = (name, act) => (name === "msg:custom" ? hearing.delete(act) : off(name, act));
              window.model.send = async ({ file }) => {
                const bytes = Uint8Array.from(atob(await window.fileOfKernel(file)), (c) => c.charCodeAt(0));
                for (const act of [...hearing]) act({ file }, [new DataView(bytes.buffer)]);
              };
            }"""
        )
        yield page, widget
        assert watch.complaints() == []


def brought(page, name: str, data: bytes) -> str:
    """Choose a file by hand, and wait for what the page says: *done* or *problem*."""
    page.evaluate("document.querySelector('.fer-bring').dataset.state = 'before'")
    chosen = {"name": name, "mimeType": "application/octet-stream", "buffer": data}
    page.locator(".fer-bring input[type=file]").set_input_files(chosen)
    page.wait_for_function("['done', 'problem'].includes(document.querySelector('.fer-bring').dataset.state)")
    return page.locator(".fer-bring").get_attribute("data-state")


@pytest.mark.parametrize("name", ["drawn48", "drawn48-int8"])
def test_a_file_answers_as_in_python(opened, name):
    page, widget = opened
    path = pretrained_networks.find(name).checked()
    assert brought(page, "mine.tflite", path.read_bytes()) == "done"
    import cv2

    small = np.stack([cv2.resize(face, (48, 48), interpolation=cv2.INTER_AREA) for face in widget.faces])
    wanted = compress.load(path)(small[..., None].astype(np.float32))
    got = np.array(json.loads(page.locator(".fer-bring").get_attribute("data-answer"))["scores"])
    assert np.abs(got - wanted).max() <= 0.02 and (got.argmax(1) == wanted.argmax(1)).all()
    assert "48 × 48 pixels, 1 channel(s), 7 outputs" in page.locator(".fer-bring-status").inner_text()
    assert len(page.locator(".fer-bring-scores tbody tr").all()) == 7


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: b"not a network at all", "is no LiteRT network"),
        (lambda: page_files.contents("finder.tflite"), "must be one row of scores"),
        (lambda: pretrained_networks.find().checked().read_bytes()[:60_000], "cannot run the file"),
    ],
)
def test_a_file_that_cannot_run_gets_one_sentence_and_the_next_one_runs(opened, make, words):
    page, _ = opened
    assert brought(page, "odd.tflite", make()) == "problem"
    assert words in page.get_by_role("alert").inner_text()
    assert brought(page, "mine.tflite", pretrained_networks.find().checked().read_bytes()) == "done"
    assert page.get_by_role("alert").count() == 0


def test_a_file_that_is_read_late_does_not_replace_what_was_asked_after_it(opened):
    page, _ = opened
    page.evaluate(
        """() => {
          window.held = new Promise((then) => { window.release = then; });
          File.prototype.arrayBuffer = async function () {
            if (this.name === "late.tflite") await held;
            return Blob.prototype.arrayBuffer.call(this);
          };
          window.said = [];
          const status = document.querySelector(".fer-bring-status");
          new MutationObserver(() => said.push(status.textContent)).observe(status, { childList: true });
        }"""
    )
    data = pretrained_networks.find().checked().read_bytes()
    chosen = {"name": "late.tflite", "mimeType": "application/octet-stream", "buffer": data}
    page.locator(".fer-bring input[type=file]").set_input_files(chosen)
    page.get_by_role("button", name="Run the package's network").click()
    page.wait_for_function("document.querySelector('.fer-bring').dataset.state === 'done'")
    page.evaluate("release()")
    assert brought(page, "odd.tflite", b"no network") == "problem", "asked after the late one, so answered after it"
    said = page.evaluate("said")
    assert any("The package's network runs" in text for text in said)
    assert not any("late.tflite runs" in text for text in said)


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_page(opened, width):
    page, _ = opened
    page.set_viewport_size({"width": width, "height": 900})
    page.get_by_role("button", name="Run the package's network").press("Enter")
    page.wait_for_function("document.querySelector('.fer-bring').dataset.state === 'done'")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def pressed(page, name: str) -> str:
    page.evaluate("document.querySelector('.fer-bring').dataset.state = 'before'")
    page.get_by_role("button", name=f"Run {name}", exact=True).click()
    page.wait_for_function("['done', 'problem'].includes(document.querySelector('.fer-bring').dataset.state)")
    return page.locator(".fer-bring").get_attribute("data-state")


def test_the_chapters_files_have_buttons_and_answer_what_exercise_13_6_grades(opened):
    page, widget = opened
    assert [one["name"] for one in widget.files] == list(ch13_files.FILES)
    for name in ch13_files.FILES[:3]:
        assert pressed(page, name) == "done"
        scores = np.array(json.loads(page.locator(".fer-bring").get_attribute("data-answer"))["scores"])
        assert (scores.argmax(axis=1) == ch13_files.labels()[name]).all(), name
        said = page.locator(".fer-bring-status").inner_text()
        assert f"the package's label on {ch13_files.agreement(name)} of 7 faces" in said
    assert pressed(page, "wide") == "problem"
    said = page.get_by_role("alert").inner_text()
    assert "(1, 12, 48, 1)" in said and "one square face" in said
    assert page.locator(".fer-bring-scores tr").count() == 0, "no scores of the file before it"


def test_a_widget_without_files_has_no_bytes_of_them():
    assert BringModel().files == [] and BringModel().contents == b""


@pytest.mark.parametrize(
    "files, words",
    [
        (["mine.tflite"], "name to path"),
        ({" ": "mine.tflite"}, "name to path"),
        ({"mine": "not_there.tflite"}, "can be read"),
        ({"mine": 3.5}, "can be read"),
    ],
)
def test_files_that_cannot_be_taken_are_refused(files, words):
    with pytest.raises(FerError, match=words):
        BringModel(files=files)


def test_files_that_would_make_the_page_heavy_are_refused(tmp_path, monkeypatch):
    (tmp_path / "mine.tflite").write_bytes(bytes(600))
    assert BringModel(files={"mine": tmp_path / "mine.tflite"}).files == [{"name": "mine", "bytes": 600}]
    monkeypatch.setattr(bring_model, "MOST", 599)
    with pytest.raises(FerError, match="at most 599 bytes"):
        BringModel(files={"mine": tmp_path / "mine.tflite"})
