"""The Face lab: what a state draws and says, and the widget under a real hand, with and without a kernel."""

from __future__ import annotations

import io
from pathlib import Path
import re
import sys

from browser import opened_page
from face_lab_page import shown
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

from fer_utils import studio  # noqa: E402
from fer_utils.core.errors import FerError  # noqa: E402
from pipeline.serve import serving  # noqa: E402


@pytest.fixture(scope="module")
def face_lab():
    from fer_utils.widgets import face_lab

    return face_lab


def pixels(jpeg: bytes) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB"), float)


# What Python draws and says ----------------------------------------------------------------------


def test_the_picture_is_what_draw_draws_for_the_state(face_lab):
    lab = face_lab.FaceLab(person=3, action_units={12: 0.8, "L14": 0.5}, tone=9, yaw=-12, gaze=(0.4, 0), light="left")
    who = face_lab.person_of(lab.state)
    assert who.tone == 9 and who.hair_style == studio.person(3).hair_style
    wanted, marks = studio.draw(who, {12: 0.8, "L14": 0.5}, size=384, yaw=-12, gaze=(0.4, 0), light="left", truth=True)
    assert pixels(lab.picture).shape == (384, 384, 3)
    assert np.abs(pixels(lab.picture) - wanted).mean() < 3  # JPEG's own error
    assert np.abs(np.array(lab.marks) * 384 - marks).max() < 0.05 and len(lab.marks) == 68
    before = lab.picture
    lab.state = {**lab.state, "action_units": {"4": 1.0}}
    assert lab.picture != before and lab.problem == "" and "AU 4 (brow lowerer) at 1.00" in lab.about


def test_every_action_unit_is_in_one_group_and_every_pose_is_offered(face_lab):
    lab = face_lab.FaceLab()
    grouped = [unit for units in face_lab.GROUPS.values() for unit in units]
    assert sorted(grouped) == sorted(studio.ACTION_UNITS) and len(grouped) == len(set(grouped))
    assert {int(unit): words["name"] for unit, words in lab.offer["units"].items()} == dict(studio.ACTION_UNITS)
    assert lab.offer["poses"][0] == ["neutral", {}] and len(lab.offer["poses"]) == 9
    for label, units in lab.offer["poses"]:
        assert face_lab.action_unit_intensities(units) == studio.prototype(label)


@pytest.mark.parametrize(
    "state, words",
    [
        ({}, ["Person 12, drawn", "their own", "a face at rest", "from the front", "studio light"]),
        ({"action_units": {"12": 0.8, "4": 0.9}}, ["AU 4 (brow lowerer) at 0.90, AU 12 (lip corner puller) at 0.80"]),
        ({"action_units": {"L12": 0.55}}, ["AU 12 (lip corner puller, their left side) at 0.55"]),
        ({"action_units": {"12": 0}, "tone": 2}, ["a face at rest", "skin tone 2 of 10 (set)"]),
        ({"yaw": -20, "pitch": 5, "roll": 3}, ["head 20° to the left, 5° up, 3° tilted clockwise"]),
        ({"gaze": [1, -1], "light": "dim"}, ["eyes to the right and up", "dim light"]),
    ],
)
def test_the_alt_text_says_the_state(face_lab, state, words):
    about = face_lab.FaceLab(**state).about
    for word in words:
        assert word in about


def test_what_stands_before_the_face_is_drawn_and_said(face_lab):
    bare = face_lab.FaceLab()
    for name in studio.OCCLUSIONS:
        lab = face_lab.FaceLab(occlusion=name)
        assert f"{name} in front of the face" in lab.about
        assert np.abs(pixels(lab.picture) - pixels(bare.picture)).mean() > 0.5, name
    assert list(studio.OCCLUSIONS) == bare.offer["occlusions"] and bare.state["occlusion"] is None


BAD = [
    ({"person": -1}, "`person`.*0 or more.*-1"),
    ({"person": None}, "`person`"),
    ({"person": 1.5}, "`person`"),
    ({"tone": 11}, "`tone`.*from 1 to 10.*11"),
    ({"tone": True}, "`tone`"),
    ({"tone": "3"}, "`tone`"),
    ({"action_units": {"99": 1}}, "`action_units`.*known action unit"),
    ({"action_units": {"12": 1.2}}, r"action_units\[12\].*from 0 to 1"),
    ({"action_units": {"12": "much"}}, "from 0 to 1"),
    ({"action_units": [12]}, "`action_units`.*dict"),
    ({"action_units": None}, "`action_units`"),
    ({"action_units": {"L25": 1}}, "both sides at once for AU 25"),
    ({"light": "moon"}, "`light`.*studio, left"),
    ({"light": ["studio"]}, "`light`"),
    ({"yaw": 90}, "`yaw`.*-60 to 60"),
    ({"pitch": "up"}, "`pitch`"),
    ({"roll": None}, "`roll`"),
    ({"yaw": float("nan")}, "`yaw`"),
    ({"gaze": [2, 0]}, "`gaze`"),
    ({"gaze": 1}, "`gaze`"),
    ({"gaze": ["a", "b"]}, "`gaze`"),
    ({"gaze": [0, 0, 0]}, "`gaze`"),
    ({"landmarks": 1}, "`landmarks`.*True or False"),
    ({"occlusion": "hat"}, "`occlusion`"),
    ({"occlusion": ["hand"]}, "`occlusion`"),
    ({"hat": 1}, "`hat`.*no such setting; there are person"),
]


@pytest.mark.parametrize("name", ["question", "first"])
def test_a_chapter_says_what_it_asks_and_what_to_try(face_lab, name):
    lab = face_lab.FaceLab(person=3, **{name: "  move the lamp. "})
    assert getattr(lab, name) == "move the lamp." and lab.state["person"] == 3
    assert getattr(face_lab.FaceLab(), name) not in ("", "move the lamp.")
    for empty in ("", " ", None, 3):
        with pytest.raises(FerError, match=f"`{name}`.*not empty"):
            face_lab.FaceLab(**{name: empty})


@pytest.mark.parametrize("state, message", BAD)
def test_a_bad_argument_is_one_clear_error_and_a_bad_state_a_message(face_lab, state, message):
    with pytest.raises(FerError, match=message):
        face_lab.FaceLab(**state)
    lab = face_lab.FaceLab()
    face, about = lab.picture, lab.about
    lab.set_state({"state": {**lab.state, **state}, "asked": 1})  # as it comes from the page
    assert re.search(message, lab.problem) and "\n" not in lab.problem
    assert lab.picture == face and lab.about == about, "the last good face stays, with its own words"
    assert lab.answered == 1, "the page is not left waiting"
    lab.set_state({"state": lab.offer["rest"], "asked": 2})
    assert lab.problem == "" and lab.answered == 2


@pytest.mark.parametrize("state", [None, 4, "smile", [1]])
def test_a_state_that_is_no_object_is_a_message(face_lab, state):
    lab = face_lab.FaceLab()
    lab.state = state
    assert "`state`" in lab.problem


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=True) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)
NAMES = ("person", "tone", "action_units", "light", "yaw", "pitch", "roll", "gaze", "occlusion", "landmarks")


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(NAMES), JSON)
def test_no_value_that_a_page_can_send_breaks_the_widget(face_lab_once, name, value):
    lab = face_lab_once
    lab.set_state({"state": {**lab.offer["rest"], name: value}, "asked": lab.asked + 1})
    assert lab.answered == lab.asked
    assert bool(lab.problem) or name in lab.state


@pytest.fixture(scope="module")
def face_lab_once(face_lab):
    return face_lab.FaceLab()


def test_one_message_of_the_page_is_drawn_once(face_lab, monkeypatch):
    lab = face_lab.FaceLab()
    drawn = []
    monkeypatch.setattr(face_lab.FaceLab, "_drawn", staticmethod(lambda state: drawn.append(state) or {"about": "x"}))
    lab.set_state({"asked": 1, "state": {**lab.state, "yaw": 5}})
    lab.set_state({"state": {**lab.state, "yaw": 6}, "asked": 2})
    assert [state["yaw"] for state in drawn] == [5, 6]
    lab.set_state({"asked": 3})  # the same face once more
    assert len(drawn) == 3 and lab.answered == 3


def test_picture_says_in_words_what_it_shows(face_lab):
    data, _ = face_lab.FaceLab(action_units={12: 0.8})._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "AU 12 (lip corner puller) at 0.80" in re.search(r'alt="([^"]+)"', data["text/html"])[1]


# Under a real hand -------------------------------------------------------------------------------


def alt_has(page, words: str) -> None:
    page.wait_for_function("(words) => document.querySelector('.fer-lab-face').alt.includes(words)", arg=words)


@pytest.mark.browser
def test_the_hand_moves_the_face(browser, face_lab):
    lab = face_lab.FaceLab()
    with shown(browser, lab) as (page, watch, _):
        page.wait_for_selector(".fer-lab-live")
        smile = page.get_by_label("AU 12 lip corner puller")
        smile.fill("0.8")
        alt_has(page, "AU 12 (lip corner puller) at 0.80")
        assert lab.state["action_units"] == {"12": 0.8}
        first = page.locator("img.fer-lab-face").get_attribute("src")
        smile.focus()
        page.keyboard.press("ArrowRight")
        alt_has(page, "at 0.85")
        assert page.locator("img.fer-lab-face").get_attribute("src") != first
        # One side alone, the person's own left.
        page.get_by_label("Sliders move").select_option("L")
        page.get_by_label("AU 14 dimpler").fill("0.5")
        alt_has(page, "AU 14 (dimpler, their left side) at 0.50")
        page.get_by_label("AU 25 lips part").fill("0.4")  # of the midline: no sides
        alt_has(page, "AU 25 (lips part) at 0.40")
        assert lab.state["action_units"] == {"12": 0.85, "L14": 0.5, "25": 0.4}
        page.get_by_role("button", name="contempt").click()
        alt_has(page, "AU 14 (dimpler, their left side) at 0.90")
        assert face_lab.action_unit_intensities(lab.state["action_units"]) == studio.prototype("contempt")
        page.get_by_label("tone 9 of 10").check()
        page.get_by_role("button", name="The next person").click()
        alt_has(page, "Person 13, drawn, skin tone 9 of 10 (set)")
        page.get_by_text("Head, eyes and light").click()
        page.get_by_label("Turn").fill("-20")
        page.get_by_label("Light").select_option("left")
        alt_has(page, "head 20° to the left; left light")
        assert page.get_by_label("Turn").get_attribute("aria-valuetext") == "20° left"
        assert page.locator(".fer-lab-marks circle").count() == 0
        page.get_by_label("Show the 68 landmarks").check()
        alt_has(page, "68 landmarks are marked")
        assert page.locator(".fer-lab-marks circle").count() == 68 and lab.state["landmarks"] is True
        page.get_by_role("button", name="Reset everything").click()
        alt_has(page, "Person 12, drawn, skin tone 6 of 10 (their own); no action unit")
        assert lab.state == dict(face_lab.REST) and page.locator(".fer-lab-marks circle").count() == 0
        assert watch.complaints() == []


@pytest.mark.browser
def test_a_dragged_slider_does_not_queue_up(browser, face_lab):
    lab = face_lab.FaceLab()
    with shown(browser, lab) as (page, _, sent):
        page.wait_for_selector(".fer-lab-live")
        page.evaluate("""() => {
            const slider = document.querySelector("input[data-setting=au12]");
            for (let i = 0; i <= 20; i++) { slider.value = i / 20; slider.dispatchEvent(new Event("input")); }
        }""")
        alt_has(page, "at 1.00")
        states = [content["state"]["action_units"] for kind, content in sent if kind == "state"]
        assert len(states) == 2, "the first, and of those that came while it was drawn the last"
        assert states[-1] == {"12": 1} and lab.answered == lab.asked == 2


@pytest.mark.browser
def test_a_value_that_cannot_be_is_said_in_the_widget(browser, face_lab):
    lab = face_lab.FaceLab()
    with shown(browser, lab) as (page, watch, _):
        page.wait_for_selector(".fer-lab-live")
        page.get_by_role("spinbutton", name="Person").fill("-3")
        alert = page.get_by_role("alert")
        page.wait_for_function("document.querySelector('.fer-lab-problem').textContent")
        assert "`person`" in alert.inner_text() and "0 or more" in alert.inner_text()
        page.get_by_role("spinbutton", name="Person").fill("30")
        alt_has(page, "Person 30, drawn")
        assert not alert.is_visible() and watch.complaints() == []


@pytest.mark.browser
@pytest.mark.parametrize("width, dark", [(1280, False), (390, True)], ids=["desk, light", "phone, dark"])
def test_until_anybody_draws_the_saved_face_stands_and_the_controls_rest(browser, face_lab, width, dark):
    lab = face_lab.FaceLab(action_units={12: 0.8})
    del lab.offer["studio"]  # a page that cannot draw either
    with shown(browser, lab, live=False, width=width, dark=dark) as (page, watch, sent):
        page.wait_for_timeout(1500)
        assert page.evaluate("document.querySelector('.fer-lab-face').decode().then(() => true)")
        assert "AU 12" in page.locator("img.fer-lab-face").first.get_attribute("alt")
        assert (
            page.get_by_label("AU 12 lip corner puller").is_disabled()
            and page.get_by_role("button", name="happy").is_disabled()
        )
        page.get_by_label("Show the 68 landmarks").check()  # needs nobody to draw
        assert page.locator(".fer-lab-marks circle").count() == 68
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        unnamed = page.evaluate("""() => [...document.querySelectorAll(".fer-lab :is(input, select, button)")].filter(
            (node) => !(node.labels?.length || node.textContent.trim() || node.ariaLabel)).length""")
        assert unnamed == 0 and sent == [] and watch.complaints() == []


@pytest.mark.browser
def test_a_painter_in_the_page_can_take_pythons_place(browser, face_lab):
    lab = face_lab.FaceLab()
    paint = (
        "if (state.yaw > 40) throw new Error('too far'); "
        "return Promise.resolve({ about: `page: ${JSON.stringify(state.action_units)}` });"
    )
    with shown(browser, lab, live=False, painter=paint) as (page, watch, sent):
        page.get_by_label("AU 12 lip corner puller").fill("0.5")
        alt_has(page, 'page: {"12":0.5}')
        page.get_by_text("Head, eyes and light").click()
        page.get_by_label("Turn").fill("50")
        page.wait_for_function("document.querySelector('.fer-lab-problem').textContent === 'too far'")
        page.get_by_label("Turn").fill("5")
        page.wait_for_function("document.querySelector('.fer-lab-problem').hidden")
        assert not page.locator(".fer-lab-note").is_visible() and sent == [] and watch.complaints() == []


@pytest.mark.browser
def test_the_books_page_draws_the_face_without_a_kernel(smoke_site, browser):
    if not (Path(smoke_site) / "notebooks" / "a1_studio.html").is_file():
        pytest.skip("the book has no page notebooks/a1_studio; enter it in _toc.yml")
    with serving(Path(smoke_site)) as url, opened_page(browser, width=390, dark=True) as (page, watch):
        page.goto(f"{url}/notebooks/a1_studio.html", wait_until="networkidle")
        page.wait_for_selector(".fer-lab-live")
        face = page.locator("canvas.fer-lab-face")
        face.wait_for()
        assert "AU 12" in face.get_attribute("aria-label")
        page.get_by_role("button", name="surprised").click()
        page.wait_for_function("document.querySelector('canvas.fer-lab-face').ariaLabel.includes('AU 26')")
        assert page.locator(".fer-lab-scores tr").count() == 7
        page.get_by_label("Show the 68 landmarks").check()
        assert page.locator(".fer-lab-marks circle").count() == 68
        assert page.locator(".fer-lab").evaluate("(box) => box.scrollWidth <= box.clientWidth + 1")
        assert watch.complaints() == []
    with serving(Path(smoke_site)) as url, opened_page(browser, scripts=False) as (page, watch):
        page.goto(f"{url}/notebooks/a1_studio.html")
        still = page.locator(".fer-lab-still img").first
        assert still.is_visible() and "AU 12 (lip corner puller)" in still.get_attribute("alt")
