"""Two quick presses, changes while something loads, workers that break, a widget that is removed: the newest counts."""

from __future__ import annotations

import json

from browser import opened_page
from face_page import png, put, put_file, settled, shown
import numpy as np
import pytest
from split_laboratory_page import ENDED
from split_laboratory_page import opened as split_opened
import train_here_page
from train_here_page import SHORT, SMALL

from fer_utils import studio
from fer_utils.widgets import FaceLab, FaceOnDevice, SplitLaboratory, TrainHere, face_on_device, train_here_still

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: Workers are noted, and their starts can be spoiled; pictures and the camera come when the test says so.
HELD = """\
(() => {
  window.workers = [];
  const Real = Worker, read = createImageBitmap;
  window.Worker = class extends Real {
    constructor(address) { super(address); workers.push(this); }
    postMessage(message) {
      super.postMessage(window.spoiled && message.kind === "start" ? { ...message, request: {} } : message);
    }
    terminate() { this.ended = true; super.terminate(); }
  };
  window.hold = () => { window.held = new Promise((then) => { window.release = then; }); };
  window.createImageBitmap = async (...all) => { await window.held; return read(...all); };
  navigator.mediaDevices.getUserMedia = () => new Promise((give, refuse) => { window.camera = { give, refuse }; });
})()"""
BREAKS = "workers.at(-1).onerror(new ErrorEvent('error', { cancelable: true }))"
#: What was promised has been answered, as far as no worker is needed for it.
TICK = "new Promise((then) => { setTimeout(then, 20); })"


@pytest.fixture(scope="module")
def faces() -> list[np.ndarray]:
    """Photographs of one drawn face, of two and of three beside each other."""
    drawn = studio.draw_batch([studio.person(number) for number in range(3)], size=300)
    return [np.concatenate([*drawn[:count]], axis=1) for count in (1, 2, 3)]


@pytest.fixture(scope="module")
def device(browser, tmp_path_factory):
    site = tmp_path_factory.mktemp("site")
    face_on_device.write_page_files(site / "_static" / "page_files")
    with shown(browser, FaceOnDevice(), site, before=HELD) as (page, watch, _):
        yield page
        assert watch.complaints() == []


def state(page, name: str) -> None:
    page.wait_for_function("(name) => document.querySelector('.fer-device').dataset.state === name", arg=name)


def test_of_two_quick_photos_a_bad_one_leaves_the_photo_before(device, faces):
    put(device, faces[0])
    device.evaluate("hold()")
    put_file(device, "photo.png", png(faces[1]), "image/png")
    put_file(device, "notes.png", b"no picture", "image/png")
    device.evaluate("release()")
    state(device, "problem")
    device.get_by_label("Box moved right by").fill("0.1")
    assert len(settled(device)["boxes"]) == 1, "the photo that is still shown"
    assert device.locator("input[type=file]").evaluate("(input) => input.click() || input.value") == "", (
        "the same photo can be chosen again"
    )


def test_a_face_of_the_photo_before_is_not_chosen_in_the_next(device, faces):
    put(device, faces[2])
    device.evaluate("hold()")
    put_file(device, "photo.png", png(faces[1]), "image/png")
    device.get_by_role("button", name="Face 2").click()
    device.evaluate("release()")
    assert len(settled(device)["boxes"]) == 2
    assert "those of face 1, the largest" in device.locator(".fer-device-status").inner_text()


def test_a_camera_that_is_no_longer_wanted_stays_off(device):
    consent, camera = device.get_by_label("I look at my own face"), device.get_by_role("button", name="Camera")
    consent.check()
    camera.click()
    device.wait_for_function("window.camera")
    consent.uncheck()
    device.evaluate(
        """() => {
          window.track = document.createElement("canvas").captureStream().getTracks()[0];
          camera.give(new MediaStream([track]));
        }"""
    )
    device.wait_for_function("track.readyState === 'ended'")
    assert device.locator(".fer-device-status").inner_text() == "The camera is off."
    consent.check()
    device.evaluate("window.camera = null; 0")
    camera.click()
    device.wait_for_function("window.camera")
    device.get_by_role("button", name="A drawn face").click()
    settled(device)
    device.evaluate(f"camera.refuse(new DOMException('', 'NotAllowedError')); {TICK}")
    assert device.get_by_role("alert").count() == 0, "it was refused when the face was there already"
    assert "Highest: surprised" in device.locator(".fer-device-status").inner_text()


def test_an_engine_that_broke_is_made_anew_and_none_is_left_behind(device):
    drawn = device.get_by_role("button", name="A drawn face")
    drawn.click()
    settled(device)
    device.evaluate(BREAKS)
    device.get_by_label("Box moved right by").fill("0.2")
    settled(device)
    assert device.evaluate("workers.map((one) => Boolean(one.ended))") == [True, False]
    device.evaluate(f"window.spoiled = true; {BREAKS}; 0")
    drawn.click()
    state(device, "problem")
    assert device.evaluate("workers.map((one) => Boolean(one.ended))") == [True, True, True]
    device.evaluate("window.spoiled = false; 0")
    drawn.click()
    device.evaluate("window.end()")  # while the network is being loaded
    device.wait_for_function("workers.length === 4 && workers.every((one) => one.ended)")


def test_a_training_that_is_stopped_at_once_leaves_both_runs(browser):
    """In the place of a worker stands one that learns nothing; then there is none, and the page itself learns."""
    worker = """window.Worker = class {
      constructor() {
        if (window.refused) throw new Error();
        window.only = this;
        setTimeout(() => this.onmessage({ data: { kind: "ready" } }));
      }
      postMessage({ kind }) {
        if (kind === "stop") setTimeout(() => this.onmessage({ data: { kind: "end", how: "stopped" } }));
      }
      terminate() {}
    }; 0"""
    run = json.loads(train_here_still.FILE.read_text(encoding="utf8"))["short_run"]
    changed = {**SHORT, "history": [run, run]}
    with train_here_page.shown(browser, TrainHere(**SMALL), before=worker, changed=changed) as (page, watch):
        legend, go = page.locator(".fer-train-legend li"), page.locator(".fer-train-go")
        assert legend.count() == 2
        go.dblclick()
        page.wait_for_function("document.querySelector('.fer-train').dataset.ended === 'stopped'")
        assert legend.count() == 2 and page.evaluate("model.get('history').length") == 2
        go.click()
        page.wait_for_function("document.querySelector('.fer-train-go').textContent === 'Stop'")
        page.evaluate("only.onmessage({ data: { kind: 'end', how: 'broken' } })")
        page.evaluate("window.refused = true; 0")
        go.click()
        page.wait_for_function("document.querySelector('.fer-train-status').textContent.startsWith('Step ')")
        page.evaluate("window.end()")
        assert page.evaluate("model.get('history').length") == 2, "what was removed is no run that ended"
        assert watch.complaints() == []


def test_a_split_whose_training_breaks_is_said_and_the_next_is_trained(browser):
    worker = """(() => {
      const Real = Worker;
      window.Worker = class extends Real {
        postMessage(message) {
          if (!window.refused) return super.postMessage(message);
          if (message.kind === "start") this.onerror(new ErrorEvent("error", { cancelable: true }));
        }
      };
      window.refused = true;
    })()"""
    with split_opened(browser, SplitLaboratory(method="nearest"), before=worker) as (page, watch):
        assert "The training broke off" in page.get_by_role("alert").inner_text()
        assert page.get_by_role("status").inner_text() == "" and page.locator(".fer-split progress").is_hidden()
        page.evaluate("window.refused = false; 0")
        page.get_by_role("radio", name="actor").check()
        page.wait_for_function(ENDED)
        assert page.get_by_role("alert").count() == 0 and watch.complaints() == []


def test_a_face_that_nothing_can_draw_is_an_error_and_a_removed_widget_draws_nothing(browser):
    lab = FaceLab()
    made = """async ([text, offer, state]) => {
      const module = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
      const { drawingEngine } = await import(module);
      let begun = 0;
      const Real = Worker;
      window.Worker = class extends Real { constructor(address) { super(address); begun += 1; } };
      const engine = drawingEngine(() => { throw new Error("no studio"); }, { offer, weights: null });
      const said = [await engine.draw(state).catch((error) => error.message)];
      said.push(await engine.draw(state).catch((error) => error.message));
      engine.end();
      said.push(await engine.draw(state).catch((error) => error.message));
      return [...said, begun];
    }"""
    with opened_page(browser) as (page, watch):
        said = page.evaluate(made, [str(lab._esm), lab.offer, lab.state])
        assert said == ["no studio", "no studio", "This widget was removed.", 1] and watch.complaints() == []
