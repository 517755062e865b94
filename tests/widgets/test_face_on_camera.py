"""*Your face, on your device* before a camera that plays a drawn film: its labels are those of Python."""

from __future__ import annotations

from contextlib import contextmanager
import json

from browser import FLAGS, chromium_or_skip
from face_page import shown
import numpy as np
import pytest

from fer_utils import predict, studio
from fer_utils.core import page_files
from fer_utils.faces.short_range import ShortRange
from fer_utils.widgets import FaceOnDevice, face_on_device

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LABELS = ("happy", "surprised")


def film_of(pictures: list[np.ndarray], path, each: int = 30) -> None:
    """The pictures as a YUV4MPEG2 film, (H, W, 3) uint8, so many frames each, in BT.601's studio range."""
    import cv2

    height, width = pictures[0].shape[:2]
    with open(path, "wb") as film:
        film.write(f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420jpeg\n".encode())
        for picture in pictures:
            planes = cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420)
            film.write((b"FRAME\n" + planes.tobytes()) * each)


@pytest.fixture(scope="module")
def pictures():
    made = [studio.draw(studio.person(12), studio.prototype(label), size=(640, 480)) for label in LABELS]
    return [np.ascontiguousarray(picture) for picture in made]


@pytest.fixture(scope="module")
def playwright():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as one:
        yield one


@contextmanager
def before_the_camera(playwright, pictures: list[np.ndarray], path):
    """Yield a browser whose camera plays these pictures in turn, over and over; the film is written to ``path``."""
    film_of(pictures, path)
    more = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={path}"]
    browser = playwright.chromium.launch(executable_path=chromium_or_skip(), args=[*FLAGS, *more])
    try:
        yield browser
    finally:
        browser.close()


@pytest.fixture(scope="module")
def filmed(playwright, pictures, tmp_path_factory):
    with before_the_camera(playwright, pictures, tmp_path_factory.mktemp("film") / "film.y4m") as browser:
        yield browser


def test_the_labels_of_a_drawn_film_are_those_of_python_and_no_frame_leaves(filmed, pictures, tmp_path):
    face_on_device.write_page_files(tmp_path / "_static" / "page_files")
    finder = ShortRange(page_files.finder())
    wanted = {predict(picture, detector=finder)["expression"].iloc[0] for picture in pictures}
    assert len(wanted) == len(LABELS)  # else the film would show nothing
    with shown(filmed, FaceOnDevice(), tmp_path, permissions=("camera",)) as (page, watch, asked):
        assert page.get_by_role("button", name="Camera").is_disabled()
        page.get_by_label("I look at my own face").check()
        page.evaluate(
            """() => { window.seen = new Set();
              const set = window.model.set;
              window.model.set = (name, value) => { set(name, value); window.seen.add(value.label); }; }"""
        )
        page.get_by_role("button", name="Camera").click()
        page.wait_for_function("(wanted) => wanted.every((label) => window.seen.has(label))", arg=sorted(wanted))
        assert set(page.evaluate("[...window.seen]")) - {""} == wanted
        loaded = [url for url in asked if "page_files" in url]
        assert len(loaded) == 5 and watch.blocked == []
        page.get_by_label("I look at my own face").uncheck()
        assert page.locator(".fer-device-status").inner_text() == "The camera is off."
        kept = page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])")
        assert json.loads(kept) == [{}, {}, ""]
        assert page.evaluate("indexedDB.databases().then((all) => all.length)") == 0
        assert watch.complaints() == []


def test_the_label_of_a_real_clip_before_the_camera_is_pythons(playwright, shared_data, tmp_path):
    """A frame of a real clip, in the middle of a picture as a camera has it; one that is nothing for two labels."""
    import cv2

    from fer_utils.faces import read_frames

    face_on_device.write_page_files(tmp_path / "_static" / "page_files")
    finder = ShortRange(page_files.finder())
    clips = sorted((shared_data / "ravdess").glob("Actor_*/*.mp4"))
    for frame in (frame for clip in clips for frame in read_frames(str(clip), 2).frames):
        picture = np.zeros((480, 640, 3), np.uint8)
        picture[60:420] = cv2.resize(np.ascontiguousarray(frame.rgb), (640, 360), interpolation=cv2.INTER_AREA)
        found = predict(picture, detector=finder)
        scores = found.filter(like="score_").to_numpy(float)
        if len(found) == 1 and np.subtract(*np.sort(scores[0])[:-3:-1]) > 0.2:
            break
    else:
        pytest.skip(f"no clip in {shared_data}/ravdess/Actor_NN has a frame with a clear label")
    with (
        before_the_camera(playwright, [picture], tmp_path / "film.y4m") as browser,
        shown(browser, FaceOnDevice(), tmp_path, permissions=("camera",)) as (page, watch, _),
    ):
        page.get_by_label("I look at my own face").check()
        page.get_by_role("button", name="Camera").click()
        page.wait_for_function("model.get('answer')?.boxes === 1")
        assert page.evaluate("model.get('answer').label") == found["expression"].iloc[0]
        assert (
            np.abs(np.subtract(page.evaluate("model.get('answer').scores"), scores[0])).max() < 0.1
        )  # a film's colours
        assert watch.complaints() == []


def test_the_camera_goes_off_when_the_page_is_out_of_sight(filmed, tmp_path):
    face_on_device.write_page_files(tmp_path / "_static" / "page_files")
    with shown(filmed, FaceOnDevice(), tmp_path, permissions=("camera",)) as (page, watch, _):
        page.get_by_label("I look at my own face").check()
        page.get_by_role("button", name="Camera").click()
        page.get_by_role("button", name="Stop the camera").wait_for()
        page.evaluate(
            """() => { Object.defineProperty(document, "hidden", { value: true });
              document.dispatchEvent(new Event("visibilitychange")); }"""
        )
        page.get_by_role("alert").wait_for()
        assert "out of sight" in page.get_by_role("alert").inner_text()
        assert page.get_by_role("button", name="Camera").inner_text() == "Camera" and watch.complaints() == []
