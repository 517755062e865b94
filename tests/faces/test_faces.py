"""From clips to faces: sampling, decoding, detectors, crops, the face set on disk, and the pass."""

from __future__ import annotations

import os
from pathlib import Path
import pickle
import signal
import subprocess
import sys
import textwrap
import time

import drawn
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pandas as pd
from patience import PATIENCE
import pytest

from fer_utils import faces
from fer_utils.core.errors import DamagedError, FerError, MissingPackage
from fer_utils.core.tables import CLIP_COLUMNS, Problems
from fer_utils.faces import (
    Box,
    FaceSet,
    cropping,
    detector_base,
    detectors,
    extraction,
    preparation,
    prepare,
    read_frames,
    sample_indices,
    video,
)

cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")
pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")


# --- sampling -------------------------------------------------------------------------------


@given(st.integers(0, 10_000), st.integers(1, 60))
def test_samples_are_distinct_centred_and_in_range(n, k):
    indices = sample_indices(n, k)
    assert len(indices) == min(n, k) and indices == sorted(set(indices))
    assert all(0 <= index < n for index in indices)
    if n > k:
        for part, index in enumerate(indices):  # each lies within one frame of its part's centre
            assert abs(index + 0.5 - (part + 0.5) * n / k) <= 0.5


@given(st.integers(7, 10_000))
def test_samples_are_symmetric_up_to_rounding(n):
    forwards = sample_indices(n, 6)
    assert all(abs(a + b - (n - 1)) <= 1 for a, b in zip(forwards, reversed(forwards), strict=True))


@pytest.mark.parametrize("n, k", [(-1, 6), (5, 0), (5, 2.0), (5, True), ("5", 6)])
def test_samples_of_nothing(n, k):
    with pytest.raises(FerError, match="whole number"):
        sample_indices(n, k)


# --- decoding -------------------------------------------------------------------------------


def numbered(n, side=64):
    """Frames whose grey level says their index."""
    return [np.full((side, side, 3), 8 + 6 * index, np.uint8) for index in range(n)]


def shows(reading, indices):
    """Whether the frames are those of `numbered` with these indices; a codec may shift the grey a little."""
    seen = [(float(frame.rgb.mean()) - 8) / 6 for frame in reading.frames]
    return len(seen) == len(indices) and all(abs(a - b) < 0.75 for a, b in zip(seen, indices, strict=True))


@pytest.mark.parametrize("fourcc, ending", [("FFV1", ".avi"), ("MJPG", ".avi"), ("mp4v", ".mp4"), ("VP90", ".webm")])
def test_the_chosen_frames_are_the_ones_returned(tmp_path, fourcc, ending):
    path = drawn.write_video(tmp_path / f"Clip mit ä und 表{ending}", numbered(31), fps=25, fourcc=fourcc)
    reading = read_frames(path, 6)
    assert reading.n_frames == 31 and reading.notes == []
    assert [frame.index for frame in reading.frames] == sample_indices(31, 6)
    assert shows(reading, sample_indices(31, 6))
    assert [frame.time_s for frame in reading.frames] == pytest.approx(
        [i / 25 for i in sample_indices(31, 6)], abs=2e-3
    )
    assert all(frame.rgb.shape == (64, 64, 3) and frame.rgb.dtype == np.uint8 for frame in reading.frames)


def test_all_frames_of_a_short_clip(tmp_path):
    reading = read_frames(drawn.write_video(tmp_path / "a.avi", numbered(4), fourcc="FFV1"), 6)
    assert shows(reading, [0, 1, 2, 3])
    assert [note.kind for note in reading.notes] == ["short clip"]
    assert "4 frames" in reading.notes[0].problem and "4 taken" == reading.notes[0].action


def test_a_frame_count_that_lies_is_not_believed(tmp_path):
    noise = np.random.default_rng(0)
    frames = [np.clip(level + noise.normal(0, 3, level.shape), 0, 255).astype(np.uint8) for level in numbered(40)]
    path = drawn.write_video(tmp_path / "a.avi", frames, fourcc="MJPG")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    reading = read_frames(path, 6)
    assert 6 < reading.n_frames < 30
    wanted = sample_indices(reading.n_frames, 6)
    assert [frame.index for frame in reading.frames] == wanted
    reading.frames.pop()  # may be the one that was cut in half
    assert shows(reading, wanted[:-1])
    if any(note.kind == "truncated" for note in reading.notes):
        assert f"{reading.n_frames} can be decoded" in reading.notes[0].problem


def lying(said, calls):
    """OpenCV's reader, telling another number of frames.

    It counts how often it was asked to decode a frame and to turn one into pixels.
    """
    real = cv2.VideoCapture

    class Lying:
        def __init__(self, *arguments):
            self.inner = real(*arguments)

        def get(self, what):
            return said if what == cv2.CAP_PROP_FRAME_COUNT else self.inner.get(what)

        def __getattr__(self, name):
            calls[name] = calls.get(name, 0) + 1
            return getattr(self.inner, name)

    return Lying


@pytest.mark.parametrize("lost", [1, 3])
def test_damage_in_the_middle_costs_its_frames_and_no_more(tmp_path, monkeypatch, lost):
    """A reader that fails at some frames and goes on, as OpenCV's does at damaged packets."""
    path = drawn.write_video(tmp_path / "a.avi", numbered(30), fourcc="FFV1")
    real = cv2.VideoCapture

    class Damaged:
        def __init__(self, *arguments):
            self.inner, self.at = real(*arguments), -1

        def grab(self):
            self.at += 1
            return self.inner.grab() and not 10 <= self.at < 10 + lost

        def __getattr__(self, name):
            return getattr(self.inner, name)

    monkeypatch.setattr(cv2, "VideoCapture", Damaged)
    reading = read_frames(path, 6)
    left = [index for index in range(30) if not 10 <= index < 10 + lost]
    assert reading.n_frames == 30 - lost and shows(reading, [left[place] for place in sample_indices(len(left), 6)])
    assert [note.kind for note in reading.notes] == ["damaged"] and f"{lost} frame" in reading.notes[0].problem
    everything = read_frames(path, sampling="all")
    assert shows(everything, left) and [note.kind for note in everything.notes] == ["damaged"]


def test_a_damaged_file_gives_what_can_be_decoded(tmp_path):
    noise = np.random.default_rng(0)
    frames = [np.clip(level + noise.normal(0, 9, level.shape), 0, 255).astype(np.uint8) for level in numbered(40)]
    path = drawn.write_video(tmp_path / "a.avi", frames, fourcc="MJPG")
    data = bytearray(path.read_bytes())
    data[len(data) // 3 : len(data) // 3 + 3000] = bytes(3000)
    path.write_bytes(data)
    reading = read_frames(path, 6)
    assert reading.n_frames > 30 and len(reading.frames) == 6


@pytest.mark.parametrize("said, told", [(40, True), (21, False), (0, False), (-5, False), (float("nan"), False)])
def test_whatever_the_container_says_the_true_count_is_sampled(tmp_path, monkeypatch, said, told):
    path = drawn.write_video(tmp_path / "a.avi", numbered(20), fourcc="FFV1")
    monkeypatch.setattr(cv2, "VideoCapture", lying(said, {}))
    reading = read_frames(path, 6)
    assert reading.n_frames == 20 and shows(reading, sample_indices(20, 6))
    assert [note.kind for note in reading.notes] == (["truncated"] if told else [])


def test_clips_that_announce_one_frame_too_many_are_known_after_three_and_one_that_does_not_ends_it(
    tmp_path, monkeypatch
):
    path = drawn.write_video(tmp_path / "a.avi", numbered(31), fourcc="FFV1")
    real, work = cv2.VideoCapture, []
    monkeypatch.setattr(video, "_habit", video._Habit())
    for said in (32, 32, 32, 32, 31, 31, 32, 32, 32, 32):
        calls = {}
        monkeypatch.setattr(cv2, "VideoCapture", lying(said, calls))
        assert shows(read_frames(path, 6), sample_indices(31, 6))
        monkeypatch.setattr(cv2, "VideoCapture", real)
        work.append((calls["grab"], calls["retrieve"]))
    both = len({*sample_indices(31, 6), *sample_indices(32, 6)})
    assert work[:3] == [(32, both)] * 3 and work[3] == (32, 6) and both > 6
    assert work[4][0] == 64  # taken for one of these, and decoded again
    assert {grabs for grabs, _ in work[5:]} == {32} and {decoded for _, decoded in work[6:]} == {both}


@pytest.mark.parametrize("name", ["Bild ö 表.png", "b.jpg", "c.bmp", "d.tiff", "e.webp", "f.PNG"])
def test_still_images_are_one_frame_whatever_their_name(tmp_path, name):
    path = drawn.write_image(tmp_path / name, drawn.face(1))
    reading = read_frames(path, 6)
    assert reading.n_frames == 1 and reading.notes == []
    frame = reading.frames[0]
    assert (frame.index, frame.time_s) == (0, 0.0) and frame.rgb.shape == (256, 256, 3)
    assert np.abs(frame.rgb.astype(int) - drawn.face(1)).mean() < 6  # red and blue not exchanged


@pytest.mark.parametrize(
    "picture",
    [
        np.full((40, 50), 90, np.uint8),
        np.full((40, 50), 90 * 257, np.uint16),
        np.dstack([np.full((40, 50, 3), 90, np.uint8), np.full((40, 50), 255, np.uint8)]),
    ],
)
def test_odd_images_become_rgb(tmp_path, picture):
    path = tmp_path / "a.png"
    path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    rgb = read_frames(path).frames[0].rgb
    assert rgb.shape == (40, 50, 3) and rgb.dtype == np.uint8 and (rgb == 90).all()


# --- boxes, crops, quality ------------------------------------------------------------------

boxes = st.builds(
    Box, st.integers(-300, 300), st.integers(-300, 300), st.integers(1, 400), st.integers(1, 400), st.just(1.0)
)


@given(boxes, boxes)
def test_overlap(one, other):
    assert 0 <= one.overlap(other) <= 1 and one.overlap(other) == other.overlap(one)
    assert one.overlap(one) == 1
    assert Box(0, 0, 2, 2, 0).overlap(Box(1, 0, 2, 2, 0)) == pytest.approx(1 / 3)


def test_boxes_beside_each_other_are_one_face_from_an_overlap_of_three_tenths():
    one = Box(0, 0, 100, 100, 0)
    for right, same in ((49, True), (52, True), (55, False)):  # from 52 on neither holds the other's middle
        other = Box(right, 0, 100, 100, 0)
        assert one.may_be_same_face(other) == other.may_be_same_face(one) == same


def test_the_whole_of_a_wide_picture_is_one_box():
    assert detectors.create("whole").detect(np.zeros((40, 60, 3), np.uint8)) == [Box(0, 0, 60, 40, 1.0)]


@settings(deadline=None)
@given(boxes, st.integers(16, 64), st.floats(0, 2))
def test_a_crop_is_a_square_of_the_size_asked_for(box, size, margin):
    picture = np.full((50, 70, 3), (10, 120, 250), np.uint8)
    square = faces.crop(picture, box, size=size, margin=margin)
    assert square.shape == (size, size) and square.dtype == np.uint8
    assert (square == round(0.299 * 10 + 0.587 * 120 + 0.114 * 250)).all()  # edges repeat: no black anywhere


def test_a_crop_at_the_boxes_own_size_is_the_grey_picture_itself():
    picture = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    assert np.array_equal(faces.crop(picture, Box(30, 20, 32, 32, 1), size=32), grey[20:52, 30:62])
    # not square: the longer side, about the same centre
    assert np.array_equal(faces.crop(picture, Box(34, 20, 24, 32, 1), size=32), grey[20:52, 30:62])
    # half a pixel is rounded up, so that the square begins where the box does
    assert np.array_equal(faces.crop(picture, Box(30, 20, 31, 32, 1), size=32), grey[20:52, 30:62])
    assert np.array_equal(faces.crop(picture, Box(30, 20, 32, 31, 1), size=32), grey[20:52, 30:62])
    assert np.array_equal(faces.crop(picture, Box(31, 20, 31, 32, 1), size=32), grey[20:52, 31:63])
    assert np.array_equal(faces.crop(picture, Box(30, 21, 32, 31, 1), size=32), grey[21:53, 30:62])
    # a margin of 1/2 doubles the side
    assert np.array_equal(faces.crop(picture, Box(38, 28, 16, 16, 1), size=32, margin=0.5), grey[20:52, 30:62])
    # and one of 1/10 makes 33.6 pixels of 28, which are 34
    assert np.array_equal(faces.crop(picture, Box(33, 23, 28, 28, 1), size=34, margin=0.1), grey[20:54, 30:64])


def test_a_crop_over_the_edge_repeats_the_edge():
    picture = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    padded = np.pad(picture, ((8, 8), (8, 8), (0, 0)), mode="edge")
    expected = cv2.cvtColor(padded, cv2.COLOR_RGB2GRAY)
    assert np.array_equal(faces.crop(picture, Box(-8, -8, 32, 32, 1), size=32), expected[:32, :32])
    assert np.array_equal(faces.crop(picture, Box(16, 16, 32, 32, 1), size=32), expected[-32:, -32:])


@pytest.mark.parametrize("left, top", [(-9, 5), (35, 5), (10, -9), (10, 20), (-9, -9), (35, 20)])
def test_a_crop_over_one_side_of_a_wide_picture_repeats_that_side(left, top):
    picture = np.random.default_rng(1).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    padded = cv2.cvtColor(np.pad(picture, ((20, 20), (20, 20), (0, 0)), mode="edge"), cv2.COLOR_RGB2GRAY)
    made = faces.crop(picture, Box(left, top, 32, 32, 1), size=32)
    assert np.array_equal(made, padded[20 + top : 52 + top, 20 + left : 52 + left])


def test_enlarging_is_linear():
    picture = np.random.default_rng(2).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[10:26, 20:36]
    wanted = cv2.resize(grey, (40, 40), interpolation=cv2.INTER_LINEAR)
    assert np.array_equal(faces.crop(picture, Box(20, 10, 16, 16, 1), size=40), wanted)


def test_shrinking_averages_over_areas():
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[::2, ::2] = 200
    assert (faces.crop(picture, Box(0, 0, 64, 64, 1), size=32) == 50).all()


def test_faces_are_made_smaller_by_the_mean_over_areas():
    images = np.random.default_rng(4).integers(0, 256, (2, 48, 48, 1), dtype=np.uint8)
    means = images.reshape(2, 16, 3, 16, 3).mean(axis=(2, 4))
    assert np.abs(faces.resize(images, 16, progress=False)[..., 0] - means).max() <= 0.5
    assert faces.resize(images, None) is images and faces.resize(images, 48) is images
    for size in (15, 49, True, 16.0):
        with pytest.raises(FerError, match=r"`size`.*16 to 48 pixels"):
            faces.resize(images, size, progress=False)


def test_quality_orders_sharp_and_blurred():
    sharp = faces.crop(drawn.face(1), Box(65, 79, 125, 125, 1), size=96)
    blurred = cv2.GaussianBlur(sharp, (0, 0), 3)
    assert faces.quality(sharp)[0] > 4 * faces.quality(blurred)[0]
    assert faces.quality(np.full((20, 20), 77, np.uint8)) == (0.0, 77.0)


def test_a_margin_is_from_0_to_2():
    assert [cropping.checked_margin(margin) for margin in (0, 0.5, 2)] == [0.0, 0.5, 2.0]
    for margin in (-0.01, 2.01, True, "0.5"):
        with pytest.raises(FerError, match=r"`margin`.*from 0 to 2"):
            cropping.checked_margin(margin)


def test_quality_by_hand():
    """One pixel of 10 on black: the Laplacian is -40 there and 10 beside it, of 81 pixels with mean 0."""
    face = np.zeros((9, 9), np.uint8)
    face[4, 4] = 10
    assert faces.quality(face) == pytest.approx(((40**2 + 4 * 10**2) / 81, 10 / 81), abs=1e-6)


# --- detectors ------------------------------------------------------------------------------


def test_detector_registry():
    assert detectors.available() == ("dlib", "haar", "whole", "yunet")
    with pytest.raises(FerError, match=r"`detector`.*\('dlib', 'haar', 'whole', 'yunet'\).*Received: 'mtcnn'"):
        detectors.create("mtcnn")


def test_without_dlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "dlib", None)
    with pytest.raises(MissingPackage, match="pip install dlib-bin"):
        detectors.create("dlib")


def test_without_opencv(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingPackage, match="pip install opencv-python-headless"):
        prepare(drawn.table(), tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


def test_haar_on_opencv_5(monkeypatch):
    monkeypatch.delattr(cv2, "CascadeClassifier")
    with pytest.raises(MissingPackage, match="OpenCV 5 has no cascade classifier"):
        detectors.create("haar")


def finder(name):
    if name == "haar" and not hasattr(cv2, "CascadeClassifier"):
        pytest.skip("this OpenCV has no CascadeClassifier: pip install 'opencv-python-headless<5' to test Haar")
    return detectors.create(name)


@pytest.mark.parametrize("name", ["dlib", "haar"])
@pytest.mark.parametrize("seed", [0, 2, 5])
def test_a_drawn_face_is_found_where_it_is(name, seed):
    found = finder(name).detect(drawn.face(seed))
    assert len(found) == 1 and isinstance(found[0].x, int)
    assert found[0].overlap(Box(62, 70, 130, 130, 0)) > 0.6


@pytest.mark.parametrize("name", ["dlib", "haar"])
def test_nothing_is_found_in_noise_and_in_tiny_pictures(name):
    noise = np.random.default_rng(3).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    for picture in (noise, np.zeros((1, 1, 3), np.uint8), np.zeros((3, 500, 3), np.uint8)):
        assert finder(name).detect(picture) == []


def on_wall(*placed, height=720, width=1280):
    """A wall with drawn faces, each (seed, size, left, top)."""
    wall = np.full((height, width, 3), 150, np.uint8)
    for seed, size, left, top in placed:
        wall[top : top + size, left : left + size] = drawn.face(seed, size)
    return wall


def test_a_face_too_small_for_the_first_look_is_still_found():
    dlib = finder("dlib")
    wall = on_wall((1, 256, 500, 200))
    small = cv2.resize(wall, (480, 270), interpolation=cv2.INTER_AREA)
    assert dlib.at_scale(small, False) == []
    found = dlib.detect(wall)
    assert len(found) == 1
    assert found[0].overlap(Box(565, 279, 125, 125, 0)) > 0.6


def test_thorough_adds_small_faces_and_keeps_the_first_box():
    dlib = finder("dlib")
    wall = on_wall((0, 600, 20, 60), (2, 200, 800, 200))
    quick, thorough = dlib.detect(wall), dlib.detect(wall, thorough=True)
    assert len(quick) == 1 and len(thorough) == 2
    assert thorough[0] == quick[0] and thorough[1].overlap(Box(858, 272, 98, 98, 0)) > 0.6


def test_a_box_of_the_smallest_size_is_looked_at_again():
    dlib = finder("dlib")
    wall = on_wall((2, 300, 500, 200))
    scale = detector_base._scales(1280, dlib.step)[0]
    small = cv2.resize(wall, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    assert dlib.at_scale(small, False)[0].w / scale > 180  # the face is 146 pixels wide
    truth = Box(500 + 65 * 300 // 256, 200 + 79 * 300 // 256, 146, 146, 0)
    assert dlib.detect(wall)[0].overlap(truth) > 0.7


@given(st.integers(1, 20_000), st.sampled_from([detectors.DlibHog.step, detectors.Haar.step]))
def test_scales_grow_and_never_leave_the_full_picture_out(side, step):
    scales = detector_base._scales(side, step)
    assert scales == sorted(set(scales))
    assert (min(side, 4096) / side) in scales
    if side > 540:
        assert scales[0] * side <= 540 < scales[0] / step * side + 1e-6
        assert np.log(scales[0]) / np.log(step) == pytest.approx(round(np.log(scales[0]) / np.log(step)))


def test_boxes_are_largest_first():
    found = finder("dlib").detect(on_wall((0, 300, 20, 60), (2, 400, 500, 60), height=480, width=960))
    assert len(found) == 2 and found[0].w > found[1].w and found[0].x > 480


class Watched(detectors.DlibHog):
    """dlib, noting the size of every picture that it looks at."""

    def __init__(self):
        super().__init__()
        self.sides = []

    def at_scale(self, picture, last):
        self.sides.append(max(picture.shape[:2]))
        return super().at_scale(picture, last)


def face_box(size, left, top):
    """About the box of a face that `on_wall` places."""
    return Box(left + 65 * size // 256, top + 74 * size // 256, size // 2, size // 2, 0)


def test_a_known_face_is_looked_for_near_its_last_box_only():
    finder("dlib")
    watched = Watched()
    boxes, near = watched.follow(on_wall((0, 600, 300, 60)), None)
    assert len(boxes) == 1 and near == boxes[0] and watched.sides[0] == 514
    watched.sides.clear()
    moved, near = watched.follow(on_wall((0, 600, 330, 70)), near)
    assert len(moved) == 1 and near == moved[0] and moved[0].overlap(face_box(600, 330, 70)) > 0.7
    assert (
        10 < moved[0].x - boxes[0].x < 54
    )  # it has moved by 30, and dlib's window moves by 8 pixels at its scale: here some 24
    # Three looks at it, and a coarse one for anybody much larger.
    assert (
        len(watched.sides) == 4
        and max(watched.sides) < 240
        and watched.sides[3] == round(1280 * 80 / (1.5 * moved[0].w))
    )
    assert sorted(watched.sides[:3], reverse=True) == watched.sides[:3]


def test_a_known_box_a_little_off_gives_the_same_look():
    """Copies of a clip would otherwise drift apart, each frame's box being the start of the next one's."""
    dlib, wall = finder("dlib"), on_wall((0, 600, 300, 60))
    known = Box(470, 250, 290, 290, 0.0)
    looks = {
        dlib.look_again(wall, known._replace(x=known.x + right, y=known.y + down), False)
        for right in (0, 1, 2)
        for down in (0, 1)
    }
    assert len(looks) == 1 and None not in looks


def test_a_face_that_is_not_where_it_was_is_looked_for_everywhere():
    dlib = finder("dlib")
    _, near = dlib.follow(on_wall((0, 500, 20, 100)), None)
    boxes, near = dlib.follow(on_wall((2, 500, 740, 100)), near)
    assert len(boxes) == 1 and boxes[0].overlap(face_box(500, 740, 100)) > 0.6 and near == boxes[0]
    assert dlib.follow(np.full((720, 1280, 3), 150, np.uint8), near) == ([], None)


def test_a_larger_newcomer_is_seen_beside_a_known_face():
    dlib = finder("dlib")
    _, near = dlib.follow(on_wall((0, 400, 20, 200)), None)
    boxes, following = dlib.follow(on_wall((0, 400, 20, 200), (2, 700, 520, 10)), near)
    assert len(boxes) == 2 and following is None and boxes[0].overlap(face_box(700, 520, 10)) > 0.7


@pytest.mark.parametrize("sizes", [(600, 400, 260), (300, 460, 700)])
def test_a_face_that_comes_or_goes_is_not_averaged_with_what_it_was(sizes):
    dlib, near = finder("dlib"), None
    for size in sizes:
        wall = on_wall((5, size, 640 - size // 2, 360 - size // 2))
        (box, *_), near = dlib.follow(wall, near)
        assert box.overlap(max(dlib.at_scale(wall, True), key=lambda one: one.w)) >= 0.7


def test_a_detector_with_a_look_of_its_own_is_asked_that(clips, tmp_path):
    class Own(detectors.Detector):
        name = "own"

        def detect(self, rgb, *, thorough=False):
            return [Box(10, 20, 64, 64, 1.0)]

    made = prepare(clips.head(1), tmp_path / "own", frames=2, size=32, detector=Own(), workers=1, progress=False)
    assert list(made.meta["box_x"]) == [10, 10] and not len(made.problems)


@pytest.mark.parametrize("colours, grey_first, planes", [(True, True, 2), (True, False, 3), (False, True, 2)])
def test_a_followed_face_is_shown_as_the_detector_wants_it(colours, grey_first, planes):
    shown = []

    class Fussy(detectors.Detector):
        name, again, smallest = "fussy", 100, 20

        def at_scale(self, picture, last):
            shown.append(picture.ndim)
            return [Box(picture.shape[1] // 4, picture.shape[0] // 4, 60, 60, 1.0)]

    Fussy.colours, Fussy.grey_first = colours, grey_first
    wall = np.full((720, 1280, 3), 90, np.uint8)[..., ::-1]
    Fussy().follow(wall, Box(500, 300, 200, 200, 1.0))
    assert shown[:3] == [planes] * 3


def test_a_folder_that_cannot_be_made_is_one_error(clips, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FerError, match=r"`out_dir`. Expected a folder that can be made"):
        prepare(clips.head(1), tmp_path / "file" / "set", workers=1, progress=False)


def test_of_several_faces_none_is_followed():
    dlib = finder("dlib")
    two = on_wall((0, 500, 20, 100), (2, 520, 700, 100))
    boxes, near = dlib.follow(two, None)
    assert len(boxes) == 2 and near is None
    assert dlib.follow(two, None, thorough=True) == (dlib.detect(two, thorough=True), None)


def test_a_followed_size_keeps_half_of_what_it_was():
    dlib, wall = finder("dlib"), on_wall((0, 600, 300, 60))
    first = dlib.detect(wall)[0]
    grown = Box(first.x - 8, first.y - 8, first.w + 16, first.h + 16, first.score)
    (same,), _ = dlib.follow(wall, first)
    (larger,), _ = dlib.follow(wall, grown)
    assert larger.w - same.w == pytest.approx(8, abs=1)
    assert larger.x + larger.w / 2 == pytest.approx(same.x + same.w / 2, abs=0.05 * same.w)  # the window moves in steps


def test_pictures_that_are_not_scaled_down_are_looked_at_as_ever():
    finder("dlib")
    watched, picture = Watched(), drawn.face(2)
    boxes, near = watched.follow(picture, None)
    watched.sides.clear()
    assert watched.follow(picture, near) == (boxes, near) and watched.sides == [256]


@pytest.mark.parametrize("seed", range(6))
def test_boxes_stay_near_those_of_the_full_picture(seed):
    rng, dlib, near = np.random.default_rng(seed), finder("dlib"), None
    size = int(rng.integers(300, 700))
    for _ in range(3):
        left, top = int(rng.integers(200, 260)), int(rng.integers(0, 20))
        wall = on_wall((seed, size, left, top))
        (box,), near = dlib.follow(wall, near)
        full = max(dlib.at_scale(wall, True), key=lambda one: one.w)
        assert box.overlap(full) >= 0.7


def test_grey_of_a_picture_read_backwards():
    rgb = np.random.default_rng(0).integers(0, 256, (31, 17, 3), dtype=np.uint8)
    backwards = np.ascontiguousarray(rgb[..., ::-1])[..., ::-1]
    assert not backwards.flags.c_contiguous
    assert np.array_equal(video.grey_of(backwards), video.grey_of(rgb)) and np.array_equal(
        video.contiguous(backwards), rgb
    )
    assert video.contiguous(backwards).flags.c_contiguous and video.contiguous(rgb) is rgb
    assert np.array_equal(
        faces.crop(backwards, Box(-3, 2, 12, 12, 0), size=16), faces.crop(rgb, Box(-3, 2, 12, 12, 0), size=16)
    )
    assert np.array_equal(
        faces.crop(backwards, Box(3, 2, 12, 12, 0), size=16), faces.crop(rgb, Box(3, 2, 12, 12, 0), size=16)
    )


def test_frames_without_a_copy_are_the_same_frames(clips):
    for row in clips.head(2).itertuples():
        into = faces.Reading()
        views = list(faces.each_frame(row.path, 4, into=into, copy=False))
        for view, frame in zip(views, read_frames(row.path, 4).frames, strict=True):
            assert view[:2] == frame[:2] and np.array_equal(view.rgb, frame.rgb)
            assert frame.rgb.flags.c_contiguous and not view.rgb.flags.c_contiguous


# --- the face set on disk -------------------------------------------------------------------

ODD = [
    "01",
    "",
    "NA",
    "nan",
    "None",
    "1e5",
    "a,b",
    'say "hi"',
    "two\nlines",
    "car\rriage",
    " spaced ",
    "ä表",
    "#",
    "0x1F",
]


def small_set(path, n=5):
    rng = np.random.default_rng(1)
    meta = pd.DataFrame(
        {
            "actor": (ODD * n)[:n],
            "expression": "happy",
            "clip": [f"{i}.mp4" for i in range(n)],
            "time_s": rng.random(n),
            "frame": np.arange(n),
        }
    )
    return FaceSet.save(
        rng.integers(0, 256, (n, 20, 20), dtype=np.uint8),
        meta,
        path,
        Problems.of([("a.mp4", "detect", "no face", "none", "left out")]),
    )


def test_every_text_and_number_comes_back(tmp_path):
    n = len(ODD)
    numbers = np.random.default_rng(0).standard_normal(n) * 10.0 ** np.arange(-7, n - 7)
    meta = pd.DataFrame(dict.fromkeys(CLIP_COLUMNS, ODD) | {"intensity": range(n), "repetition": range(n)})
    meta["score"], meta["box_x"] = numbers, -np.arange(n)
    made = FaceSet.save(np.zeros((n, 16, 16, 1), np.uint8), meta, tmp_path / "set")
    again = FaceSet.load(tmp_path / "set", verify=True)
    for found in (made, again):
        assert list(found.meta.columns) == list(faces.META_COLUMNS)
        assert list(found.meta["actor"]) == ODD and list(found.meta["path"]) == ODD
        assert (found.meta["score"].to_numpy() == numbers).all()
        assert list(found.meta["box_x"]) == [-i for i in range(n)]
        kinds = {column: str(found.meta[column].dtype) for column in found.meta}
        assert {c for c, kind in kinds.items() if kind == "int64"} == {
            "intensity",
            "repetition",
            "frame",
            "frame_index",
            "box_x",
            "box_y",
            "box_w",
            "box_h",
            "faces_found",
        }
        assert {c for c, kind in kinds.items() if kind == "float64"} == {"time_s", "score", "sharpness", "brightness"}
        assert all(kind == str(pd.Series(["a"], dtype="str").dtype) for kind in kinds.values() if "64" not in kind)


def test_a_loaded_set(tmp_path):
    made = small_set(tmp_path / "set")
    found = FaceSet.load(str(tmp_path / "set"))
    assert len(found) == 5 and found.images.shape == (5, 20, 20, 1) and found.images.dtype == np.uint8
    assert isinstance(found.images, np.memmap) and not found.images.flags.writeable
    assert list(found.problems["kind"]) == ["no face"] and found.fingerprint == made.fingerprint
    assert found.path == tmp_path / "set"
    assert repr(found) == f"FaceSet(5 faces of 20x20 from 5 clips, 5 actors, 1 problems; {tmp_path / 'set'})"
    assert small_set(tmp_path / "same").fingerprint == made.fingerprint


def test_the_fingerprint_is_of_the_data_and_not_of_its_place(tmp_path):
    images = np.zeros((2, 16, 16), np.uint8)
    meta = pd.DataFrame({"path": ["/a/x", "/a/y"], "actor": ["1", "2"]})
    prints = [
        FaceSet.save(*arguments, tmp_path / str(number)).fingerprint
        for number, arguments in enumerate(
            [
                (images, meta),
                (images, meta.assign(path=["/b/x", "/b/y"])),
                (images, meta.assign(actor=["1", "3"])),
                (images + 1, meta),
                (images.reshape(2, 32, 8), meta),
            ]
        )
    ]
    assert prints[0] == prints[1] and len(set(prints)) == 4


def test_what_cannot_be_saved(tmp_path):
    images, meta = np.zeros((2, 16, 16), np.uint8), pd.DataFrame({"actor": ["1", "2"]})
    for argument, arguments in {
        "images": (images.astype(float), meta),
        "meta": (images, meta.head(1)),
        "column intensity": (images, meta.assign(intensity=[1.5, 2])),
        "column score": (images, meta.assign(score="a")),
    }.items():
        with pytest.raises(FerError, match=f"`{argument}`"):
            FaceSet.save(*arguments, tmp_path / "set")
    assert not (tmp_path / "set").exists()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("mine")
    with pytest.raises(FerError, match="`path`"):
        FaceSet.save(images, meta, tmp_path / "other")


@pytest.mark.parametrize(
    "damage, told",
    [
        (lambda f: (f / "faceset.json").unlink(), "holds no faceset.json"),
        (lambda f: ((f / "faceset.json").unlink(), (f / ".parts").mkdir()), "unfinished.*goes on"),
        (lambda f: (f / "faceset.json").write_text("{"), "cannot be read"),
        (lambda f: (f / "faceset.json").write_text("[]"), "another kind"),
        (drawn.edited_manifest(lambda m: m.update(version=0)), "another kind or version"),
        (drawn.edited_manifest(lambda m: m.pop("sha256")), "lacks"),
        (drawn.edited_manifest(lambda m: m.update(shape=[5, 20, 20])), "lacks"),
        (drawn.edited_manifest(lambda m: m["counts"].pop("problems")), "lacks"),
        (lambda f: (f / "images.npy").unlink(), "images.npy is missing"),
        (lambda f: (f / "problems.csv").unlink(), "problems.csv is missing"),
        (lambda f: (f / "images.npy").write_bytes((f / "images.npy").read_bytes()[:-7]), "cannot be read"),
        (lambda f: (f / "images.npy").write_bytes(b""), "cannot be read"),
        (lambda f: np.save(f / "images.npy", np.zeros((5, 20, 20, 1))), "float64"),
        (lambda f: (f / "meta.csv").write_bytes((f / "meta.csv").read_bytes()[:-40]), "cannot be read|rows"),
        (lambda f: (f / "meta.csv").write_text("a,b\n1,2\n"), "columns"),
        (lambda f: (f / "meta.csv").write_text(""), "cannot be read"),
    ],
)
def test_damage_is_named_with_the_remedy(tmp_path, damage, told):
    small_set(tmp_path / "set")
    damage(tmp_path / "set")
    with pytest.raises(FerError, match=rf"(?s)`path`.*{told}") as caught:
        FaceSet.load(tmp_path / "set")
    assert "prepare" in str(caught.value) and str(tmp_path / "set") in str(caught.value)


@pytest.mark.parametrize("path", ["", None, 3])
def test_load_of_what_is_no_path(path):
    with pytest.raises(FerError, match="`path`"):
        FaceSet.load(path)


def test_load_of_a_missing_folder(tmp_path):
    with pytest.raises(FerError, match="There is no such folder"):
        FaceSet.load(tmp_path / "none")


# --- the pass -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """A dozen clips of drawn faces, of 10 frames each."""
    folder = tmp_path_factory.mktemp("clips")
    return drawn.table(
        *(drawn.write_video(folder / f"clip {number:02d}.mp4", drawn.moving(number % 4, 10)) for number in range(12))
    )


@pytest.fixture(scope="module")
def undisturbed(clips, tmp_path_factory):
    """Their face set, made in one go in this process."""
    return prepare(clips, tmp_path_factory.mktemp("sets") / "undisturbed", frames=3, workers=1, progress=False)


def test_a_face_set_of_drawn_clips(undisturbed, clips):
    meta = undisturbed.meta
    assert undisturbed.images.shape == (36, 180, 180, 1) and len(undisturbed.problems) == 0
    assert list(meta["clip"]) == [name for name in clips["clip"] for _ in range(3)]
    assert list(meta["frame"]) == [0, 1, 2] * 12
    assert list(meta["frame_index"]) == sample_indices(10, 3) * 12
    assert list(meta["actor"].unique()) == list(clips["actor"])
    assert (meta["faces_found"] == 1).all() and (meta["detector"] == "dlib").all()
    assert meta["brightness"].between(20, 240).all() and (meta["sharpness"] > 10).all()
    assert sorted(path.name for path in undisturbed.path.iterdir()) == [
        "faceset.json",
        "images.npy",
        "meta.csv",
        "problems.csv",
    ]
    FaceSet.load(undisturbed.path, verify=True)


def test_the_pixels_are_those_of_the_box_in_the_frame(undisturbed):
    for row in (0, 17, 35):
        meta = undisturbed.meta.iloc[row]
        frame = read_frames(meta["path"], 3).frames[meta["frame"]]
        box = Box(meta["box_x"], meta["box_y"], meta["box_w"], meta["box_h"], 0)
        assert np.array_equal(faces.crop(frame.rgb, box), undisturbed.images[row, :, :, 0])


def test_workers_change_no_byte(clips, undisturbed, tmp_path):
    prepare(clips, tmp_path / "two", frames=3, workers=2, progress=False)
    assert drawn.files_of(tmp_path / "two") == drawn.files_of(undisturbed.path)


class Rough(detectors.Detector):
    """Somebody's own way to look, who gives what he likes."""

    name = "rough"

    def __init__(self, boxes):
        self.boxes = boxes

    def detect(self, rgb, *, thorough=False):
        return self.boxes


@pytest.mark.parametrize(
    "boxes",
    [
        [Box(*np.array([60, 80, 120, 120]), 1.5)],
        [Box(60, 80, 120, 120, np.float32(1.5))],
        [(60.4, 80.2, 119.8, 120.0, 1.5)],
        [Box(10, 10, 60, 60, 9.0), Box(60, 80, 120, 120, 1.5)],
        ((60, 80, 120, 120),),
        np.array([[60, 80, 120, 120, 1.5]]),
    ],
)
def test_boxes_of_ones_own_are_made_whole_numbers_and_the_largest_is_kept(boxes, tmp_path):
    clips = drawn.table(drawn.write_image(tmp_path / "a.png", drawn.face(1)))
    made = prepare(clips, tmp_path / "out", detector=Rough(boxes), workers=1, progress=False)
    assert made.meta.loc[0, ["box_x", "box_y", "box_w", "box_h"]].tolist() == [60, 80, 120, 120]
    assert len(FaceSet.load(tmp_path / "out", verify=True)) == 1
    assert list(made.problems["kind"]) == (["several faces"] if len(boxes) > 1 else [])


@pytest.mark.parametrize(
    "boxes",
    [[(1, 2, 3)], [None], ["face"], [(0, 0, 0, 5, 1)], [(0, 0, float("nan"), 5, 1)], [(0, 0, 5, 5, float("inf"))], 7],
)
def test_what_is_no_box_is_reported_with_the_clip(boxes, tmp_path):
    clips = drawn.table(drawn.write_image(tmp_path / "a.png", drawn.face(1)))
    made = prepare(clips, tmp_path / "out", detector=Rough(boxes), workers=1, progress=False)
    assert len(made) == 0 and list(made.problems["kind"]) == ["failed"]
    assert len(FaceSet.load(tmp_path / "out")) == 0


def test_none_is_no_face(tmp_path):
    clips = drawn.table(drawn.write_image(tmp_path / "a.png", drawn.face(1)))
    made = prepare(clips, tmp_path / "out", detector=Rough(None), workers=1, progress=False)
    assert list(made.problems["kind"]) == ["no face"]


def test_detectors_of_one_name_do_not_give_each_others_faces(tmp_path):
    clips = drawn.table(drawn.write_image(tmp_path / "a.png", drawn.face(1)))
    options = {"workers": 1, "progress": False}
    prepare(clips, tmp_path / "out", **options)
    with pytest.raises(FerError, match=r"detector is 'dlib' there and 'dlib \(.*test_faces\.OwnDlib\)' here"):
        prepare(clips, tmp_path / "out", detector=OwnDlib(), **options)
    nameless = Rough([])
    nameless.name = ""
    with pytest.raises(FerError, match=r"`detector`.*name"):
        prepare(clips, tmp_path / "other", detector=nameless, **options)


class OwnDlib(detectors.DlibHog):
    pass


class OwnHaar(detectors.Haar):
    pass


@pytest.mark.parametrize("name, own", [("dlib", OwnDlib), ("haar", OwnHaar)])
def test_a_detector_of_ones_own_travels_as_what_it_is(name, own):
    plain, before = finder(name), own()
    before.mark = [1, 2]
    after = pickle.loads(pickle.dumps(before))
    assert type(after) is own and after.mark == [1, 2]
    assert after.detect(drawn.face(1)) == plain.detect(drawn.face(1)) != []


def test_dlibs_detector_is_unpacked_once_and_each_has_its_own(monkeypatch):
    """To unpack it takes as long as a dozen clips; and dlib's object is not for two threads."""
    one = finder("dlib")
    monkeypatch.setattr(sys.modules["dlib"], "get_frontal_face_detector", None)  # nobody asks for it again
    other = finder("dlib")
    third = pickle.loads(pickle.dumps(one))  # as a worker gets it
    assert len({id(detector._find) for detector in (one, other, third)}) == 3
    assert third.detect(drawn.face(2)) == other.detect(drawn.face(2)) != []


def test_a_detector_that_cannot_travel_is_refused_before_anything_begins(clips, tmp_path):
    class Here(drawn.Counting):
        """Defined in a function, where no worker would find it."""

    with pytest.raises(FerError, match=r"(?s)`detector`.*can be pickled.*Here.*workers=1"):
        prepare(clips, tmp_path / "out", detector=Here(), workers=2, progress=False)
    assert not (tmp_path / "out").exists()
    here = Here()
    prepare(
        clips.head(1), tmp_path / "out", frames=1, detector=here, progress=False
    )  # one clip is done in this process
    assert here.seen == 1


def test_the_same_set_is_returned_at_once_and_another_is_not_overwritten(clips, tmp_path):
    few, out = clips.head(2), tmp_path / "out"
    counting = drawn.Counting()
    prepare(few, out, frames=2, size=32, detector=counting, progress=False)
    assert counting.seen == 4
    before = drawn.files_of(out)
    prepare(few, out, frames=2, size=32, detector=counting, progress=False)
    prepare(few, out, frames=2, size=32, detector=counting, resume=False, workers=2, progress=False)
    assert counting.seen == 4
    for changed, told in (
        ({"frames": 3}, "frames is 2 there and 3 here"),
        ({"size": 48}, "size is 32 there and 48 here"),
        ({"margin": 0.1}, "margin is 0.0 there"),
        ({"detector": "haar"}, "detector is 'dlib' there"),
    ):
        if changed.get("detector") == "haar":
            finder("haar")
        with pytest.raises(FerError, match=rf"(?s)`out_dir`.*{told}.*Nothing was overwritten"):
            prepare(few, out, **{"frames": 2, "size": 32, **changed}, progress=False)
    for others in (clips.head(3), few.iloc[::-1], few.assign(actor="99")):
        with pytest.raises(FerError, match=r"(?s)`out_dir`.*the clips are others"):
            prepare(others, out, frames=2, size=32, progress=False)
    assert drawn.files_of(out) == before


def test_a_changed_file_is_another_clip(tmp_path):
    path = drawn.write_image(tmp_path / "a.png", drawn.face(1))
    prepare(drawn.table(path), tmp_path / "out", size=32, progress=False)
    drawn.write_image(path, drawn.face(2))
    with pytest.raises(FerError, match="their files have changed"):
        prepare(drawn.table(path), tmp_path / "out", size=32, progress=False)


def test_a_folder_of_something_else_is_left_alone(clips, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("mine")
    (tmp_path / "file").write_text("mine")
    before = drawn.files_of(tmp_path)
    for name in ("thesis", "file"):
        for resume in (True, False):
            with pytest.raises(FerError, match="`out_dir`"):
                prepare(clips, tmp_path / name, resume=resume, progress=False)
    assert drawn.files_of(tmp_path) == before


def test_an_empty_table(tmp_path):
    problems = Problems.of([("root", "scan", "no clips", "none", "nothing read")])
    made = prepare(drawn.table(problems=problems), tmp_path / "out", progress=False)
    assert made.images.shape == (0, 180, 180, 1) and len(made) == 0 and len(made.meta) == 0
    assert list(made.meta.columns) == list(faces.META_COLUMNS) and str(made.meta["frame"].dtype) == "int64"
    assert list(made.problems["kind"]) == ["no clips"]
    assert "0 faces" in repr(FaceSet.load(tmp_path / "out", verify=True))


@pytest.mark.parametrize(
    "argument, value",
    [
        ("frames", 0),
        ("frames", 1.5),
        ("frames", True),
        ("size", 15),
        ("size", 5000),
        ("size", "180"),
        ("workers", 0),
        ("workers", -1),
        ("detector", "mtcnn"),
        ("detector", None),
        ("margin", -0.1),
        ("margin", "wide"),
        ("margin", float("nan")),
        ("out_dir", None),
        ("out_dir", ""),
        ("clips", ["a.mp4"]),
        ("clips", pd.DataFrame({"path": []})),
    ],
)
def test_impossible_arguments(clips, tmp_path, argument, value):
    arguments = {"clips": clips, "out_dir": tmp_path / "out", "progress": False, argument: value}
    with pytest.raises(FerError, match=f"Invalid value for `{argument}`"):
        prepare(arguments.pop("clips"), arguments.pop("out_dir"), **arguments)
    assert not (tmp_path / "out").exists()


def test_a_missing_column_is_named(clips, tmp_path):
    with pytest.raises(FerError, match=r"(?s)`clips`.*It lacks actor, performance"):
        prepare(clips.drop(columns=["actor", "performance"]), tmp_path / "out")


def test_a_bar_is_shown_only_if_wanted(clips, tmp_path, capsys):
    prepare(clips.head(1), tmp_path / "a", frames=1, size=32, workers=1)
    shown = capsys.readouterr()
    assert "1/1" in shown.err and shown.out == ""
    prepare(clips.head(1), tmp_path / "b", frames=1, size=32, workers=1, progress=False)
    assert "faces" not in capsys.readouterr().err


# --- killed, resumed, crashed ---------------------------------------------------------------


def children(pid):
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_killed_and_resumed_gives_the_same_bytes(clips, undisturbed, tmp_path):
    out, parts = tmp_path / "out", tmp_path / "out" / ".parts"
    clips.to_pickle(tmp_path / "clips.pickle")
    code = textwrap.dedent(f"""
        import sys
        sys.path[:0] = {[str(Path(__file__).parents[2]), str(Path(__file__).parents[1] / "helpers")]!r}
        import pandas, drawn
        from fer_utils.faces import prepare
        prepare(pandas.read_pickle({str(tmp_path / "clips.pickle")!r}), {str(out)!r}, frames=3,
                detector=drawn.Slow(), workers=2, progress=False)
    """)
    # -c: there is no script for the workers to import
    victim = subprocess.Popen([sys.executable, "-c", code])
    try:
        until = time.monotonic() + PATIENCE
        while len(list(parts.glob("*.npz"))) < 3:
            assert victim.poll() is None and time.monotonic() < until, "no parts appeared"
            time.sleep(0.01)
        workers = children(victim.pid) if sys.platform == "linux" else []
    finally:
        victim.send_signal(signal.SIGKILL)
        victim.wait(PATIENCE)
    kept = {path.name: path.stat().st_mtime_ns for path in parts.glob("*.npz")}
    assert 3 <= len(kept) < 12 and not (out / "faceset.json").exists()
    with pytest.raises(FerError, match="unfinished"):
        FaceSet.load(out)
    until = time.monotonic() + PATIENCE
    while any(map(alive, workers)):  # no worker outlives its parent
        assert time.monotonic() < until
        time.sleep(0.05)
    assert {path.name: path.stat().st_mtime_ns for path in parts.glob("*.npz")} == kept

    counting = drawn.Counting()
    made = prepare(clips, out, frames=3, detector=counting, workers=1, progress=False)
    assert counting.seen == 3 * (12 - len(kept))  # the parts were used, not made again
    assert drawn.files_of(out) == drawn.files_of(undisturbed.path)
    assert len(made) == 36


@pytest.mark.parametrize("moment", range(6))
def test_an_end_at_any_moment_of_the_assembly(clips, tmp_path, monkeypatch, moment):
    few = clips.head(2)
    whole = prepare(few, tmp_path / "whole", frames=1, size=32, workers=1, progress=False)
    out, real, count = tmp_path / "out", os.replace, 0

    def ends(source, target):
        nonlocal count
        if Path(target).suffix in (".npy", ".csv") or Path(target).name in ("faceset.json", "0000001.npz"):
            count += 1
            if count > moment:
                raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(os, "replace", ends)
    if moment < 5:
        with pytest.raises(KeyboardInterrupt):
            prepare(few, out, frames=1, size=32, workers=1, progress=False)
        monkeypatch.setattr(os, "replace", real)
        assert not (out / "faceset.json").exists()
    else:
        prepare(few, out, frames=1, size=32, workers=1, progress=False)
        (out / ".parts").mkdir()  # killed after the manifest, before the parts were gone
        (out / ".parts" / "0000000.npz").write_bytes(b"x")
    prepare(few, out, frames=1, size=32, workers=1, progress=False)
    assert drawn.files_of(out) == drawn.files_of(whole.path)


@pytest.mark.parametrize(
    "name, change",
    [
        ("images.npy", lambda raw: raw[:128] + bytes(len(raw) - 128)),
        ("meta.csv", lambda raw: raw.replace(b'"happy"', b'"angry"').replace(b'"neutral"', b'"angry"')),
        ("problems.csv", lambda raw: raw[:-1]),
    ],
)
def test_a_finished_set_that_was_edited_is_not_returned(clips, tmp_path, name, change):
    def asked():
        return prepare(clips.head(2), tmp_path / "out", frames=1, size=32, workers=1, progress=False)

    asked()
    file = tmp_path / "out" / name
    assert change(file.read_bytes()) != file.read_bytes()
    file.write_bytes(change(file.read_bytes()))
    edited = drawn.files_of(tmp_path / "out")
    with pytest.raises(DamagedError, match=rf"(?s)`out_dir`.*{name}.*remove the folder.*name another"):
        asked()
    assert drawn.files_of(tmp_path / "out") == edited


def test_unfinished_parts_of_another_request(clips, tmp_path, monkeypatch):
    few, out = clips.head(2), tmp_path / "out"
    monkeypatch.setattr(preparation, "_assemble", lambda *arguments: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        prepare(few, out, frames=1, size=32, progress=False)
    monkeypatch.undo()
    with pytest.raises(FerError, match=r"(?s)unfinished pass.*frames is 1 there and 2 here.*resume=False"):
        prepare(few, out, frames=2, size=32, progress=False)
    assert len(prepare(few, out, frames=2, size=32, resume=False, progress=False)) == 4


def test_a_broken_part_is_made_again(clips, tmp_path, monkeypatch):
    few, out = clips.head(2), tmp_path / "out"
    monkeypatch.setattr(preparation, "_assemble", lambda *arguments: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        prepare(few, out, frames=1, size=32, progress=False)
    monkeypatch.undo()
    (out / ".parts" / "0000001.npz").write_bytes(b"half")
    with pytest.raises(FerError, match="Call `prepare` again"):
        prepare(few, out, frames=1, size=32, progress=False)
    assert len(prepare(few, out, frames=1, size=32, progress=False)) == 2


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_clip_that_kills_its_worker_is_reported_and_the_others_are_done(tmp_path):
    paths = drawn.pictures(tmp_path, 5, deadly=2)
    made = prepare(drawn.table(*paths), tmp_path / "out", size=32, detector=drawn.Dies(), workers=2, progress=False)
    assert list(made.meta["clip"]) == ["0.png", "1.png", "3.png", "4.png"]
    assert made.problems[["path", "kind", "action"]].values.tolist() == [[str(paths[2]), "crashed", "left out"]]


def test_an_error_of_the_detector_is_the_clips_problem(tmp_path):
    class Fails(detectors.Detector):
        name = "fails"

        def at_scale(self, picture, last):
            raise ZeroDivisionError("by nothing")

    path = drawn.write_image(tmp_path / "a.png", drawn.face(1))
    made = prepare(drawn.table(path), tmp_path / "out", detector=Fails(), progress=False)
    assert made.problems[["kind", "problem"]].values.tolist() == [["failed", "ZeroDivisionError: by nothing"]]


@pytest.mark.parametrize("how", ["script", "stdin"])
def test_a_caller_that_workers_cannot_import_still_gets_its_faces(how, tmp_path, clips, undisturbed):
    clips.to_pickle(tmp_path / "clips.pickle")
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parents[2])!r})
        import pandas
        from fer_utils.faces import prepare
        print(len(prepare(pandas.read_pickle({str(tmp_path / "clips.pickle")!r}), {str(tmp_path / "out")!r},
                          frames=3, workers=2, progress=False)))
    """)
    )
    done = subprocess.run(
        [sys.executable, str(script) if how == "script" else "-"],
        cwd=tmp_path,
        timeout=PATIENCE,
        input="" if how == "script" else script.read_text(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and done.stdout.strip() == "36", done.stderr
    assert "RuntimeWarning: No worker process could be started, so `prepare`" in done.stderr
    assert "call prepare under `if __name__ == '__main__':`" in done.stderr and "Traceback" not in done.stderr
    assert drawn.files_of(tmp_path / "out") == drawn.files_of(undisturbed.path)


def test_two_passes_at_once_do_the_work_once(tmp_path, clips):
    pytest.importorskip("fcntl", reason="this system has no flock; two passes into one folder are not kept apart")
    clips.head(6).to_pickle(tmp_path / "clips.pickle")
    code = textwrap.dedent(f"""
        import sys
        sys.path[:0] = {[str(Path(__file__).parents[2]), str(Path(__file__).parents[1] / "helpers")]!r}
        import pandas, drawn
        from fer_utils.faces import prepare
        finder = drawn.Counting()
        made = prepare(pandas.read_pickle({str(tmp_path / "clips.pickle")!r}), {str(tmp_path / "out")!r}, frames=4,
                       detector=finder, workers=1, progress=False)
        print(len(made), finder.seen)
    """)
    both = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = sorted(process.communicate(timeout=PATIENCE)[0].split() for process in both)
    assert answers == [["24", "0"], ["24", "24"]]


def test_a_part_keeps_what_it_holds(tmp_path):
    result = extraction.ClipResult(
        np.arange(512, dtype=np.uint8).reshape(2, 16, 16),
        [[1, 0.1, "a"], [2, 1e-9, "ä"]],
        [["decode", "kind", "problem", "action"]],
    )
    (tmp_path / "part").write_bytes(result.to_bytes())
    again = extraction.ClipResult.from_file(tmp_path / "part")
    assert np.array_equal(again.images, result.images) and again[1:] == result[1:]
