"""The finder of the page in Python: where a thorough look looks, that it finds small faces and invents none."""

from __future__ import annotations

import hashlib
import math
import pickle

import cv2
from hypothesis import example, given
from hypothesis import strategies as st
import numpy as np
import pytest
from short_range_fit import photograph

from fer_utils import studio
from fer_utils.core import page_files
from fer_utils.core.errors import FerError
from fer_utils.faces import short_range
from fer_utils.faces.short_range import PARTS, SIDE, ShortRange, small_squares

sides = st.integers(1, 4000)


@pytest.fixture(scope="module")
def finder():
    return ShortRange(page_files.finder())


@example(width=512, height=256)
@given(width=sides, height=sides)
def test_the_squares_of_each_size_cover_the_picture_and_overlap_by_half(width, height):
    longer = max(width, height)
    wanted = [longer / part for part in PARTS if longer / part >= SIDE]
    squares = small_squares(width, height)
    assert sorted({side for *_, side in squares}, reverse=True) == wanted
    for wanted_side in wanted:
        for axis, length in enumerate((width, height)):
            starts = sorted({square[axis] for square in squares if square[2] == wanted_side})
            assert starts[0] <= 0 and starts[-1] + wanted_side >= length - 1e-6
            assert np.diff(starts).max(initial=0) <= wanted_side / 2 + 1e-6
            if length >= wanted_side:
                assert starts[0] == 0 and starts[-1] + wanted_side == pytest.approx(length)


# --- the arithmetic, without the network ----------------------------------------------------


def test_the_anchors_are_the_middles_of_the_cells_row_by_row():
    found = short_range.anchors()
    assert found.shape == (896, 2)
    for row, column in ((0, 0), (0, 3), (5, 2), (15, 15)):
        for place in (0, 1):
            middle = (column + 0.5) / 16, (row + 0.5) / 16
            assert found[2 * (16 * row + column) + place].tolist() == pytest.approx(middle)
    for row, column in ((0, 0), (0, 3), (5, 2), (7, 7)):
        for place in range(6):
            middle = (column + 0.5) / 8, (row + 0.5) / 8
            assert found[512 + 6 * (8 * row + column) + place].tolist() == pytest.approx(middle)


def decoded(*faces):
    """What is decoded of answers that have these faces only: (anchor, x, y, width, score), in shares of the side."""
    boxes, logits = np.zeros((896, 16), np.float32), np.full(896, -90, np.float32)
    for anchor, x, y, width, score in faces:
        centre = short_range.anchors()[anchor]
        boxes[anchor, :4] = (x - centre[0]) * SIDE, (y - centre[1]) * SIDE, width * SIDE, 7
        logits[anchor] = math.log(score / (1 - score))
    return short_range.decoded(boxes, logits)


def test_a_face_is_where_its_answer_says_and_counts_from_a_score_of_one_half():
    (face,) = decoded((300, 0.3, 0.7, 0.2, 0.8))
    assert face == pytest.approx((0.3, 0.7, 0.2, 0.8, 1), abs=1e-6)
    assert len(decoded((300, 0.3, 0.7, 0.2, 0.5))) == 1 and decoded((300, 0.3, 0.7, 0.2, 0.499)) == []
    assert len(decoded((300, 0.3, 0.7, 0.2, 0.51))) == 1


def test_boxes_of_one_face_are_averaged_by_their_scores():
    faces = decoded((10, 0.50, 0.5, 0.20, 0.6), (11, 0.54, 0.5, 0.24, 0.9), (20, 0.1, 0.1, 0.1, 0.7))
    weighted = (0.6 * 0.5 + 0.9 * 0.54) / 1.5, 0.5, (0.6 * 0.2 + 0.9 * 0.24) / 1.5
    assert [face[4] for face in faces] == [2, 1]
    assert faces[0][:4] == pytest.approx((*weighted, 0.9), abs=1e-6), "with the best score"
    assert faces[1][:4] == pytest.approx((0.1, 0.1, 0.1, 0.7), abs=1e-6)


@pytest.mark.parametrize("along", [(1, 0), (0, 1)])
@pytest.mark.parametrize("overlap, faces", [(0.31, 1), (0.29, 2)])
def test_boxes_that_overlap_by_more_than_three_tenths_are_one_face(overlap, faces, along):
    away = 0.2 * (1 - overlap) / (1 + overlap)  # of two squares of 0.2
    found = decoded((10, 0.4, 0.4, 0.2, 0.9), (11, 0.4 + away * along[0], 0.4 + away * along[1], 0.2, 0.8))
    assert len(found) == faces


def test_boxes_that_meet_at_one_edge_or_in_one_direction_only_are_two_faces():
    assert len(decoded((10, 0.2, 0.2, 0.1, 0.9), (11, 0.7, 0.2, 0.1, 0.8), (12, 0.7, 0.7, 0.1, 0.8))) == 3
    assert len(decoded((10, 0.2, 0.2, 0.0, 0.9), (11, 0.2, 0.2, 0.0, 0.8))) == 2, "squares without an area"


def test_of_equal_scores_the_first_anchor_comes_first():
    faces = [(anchor, *short_range.anchors()[anchor], 0.01, (0.6, 0.9, 0.7)[anchor % 3]) for anchor in range(0, 512, 4)]
    wanted = sorted(faces, key=lambda face: -face[4])
    assert np.allclose([face[:2] for face in decoded(*faces)], [face[1:3] for face in wanted], atol=1e-6)


def test_a_square_is_shown_as_it_is_and_black_where_it_leaves_the_picture():
    picture = np.random.default_rng(0).integers(1, 256, (200, 150, 3), dtype=np.uint8)
    shown, where = short_range.square(picture, 10.5, 20.49, 128.4)
    assert where == (11, 20, 128) and (shown == picture[20:148, 11:139]).all()
    shown, where = short_range.square(picture, -28, 100, 128)
    assert where == (-28, 100, 128) and (shown[:100, 28:] == picture[100:, :100]).all()
    assert not shown[100:].any() and not shown[:, :28].any()
    half, _ = short_range.square(picture, 0, -56, 256)  # 200 x 150 pixels of 256, from row 56 on
    means = picture.reshape(100, 2, 75, 2, 3).mean(axis=(1, 3))
    assert np.abs(half[28:, :75] - means).max() <= 1 and not half[:28].any() and not half[:, 75:].any()
    quarter, _ = short_range.square(picture[:, :148], 0, 0, 512)
    assert np.abs(quarter[:50, :37] - picture[:, :148].reshape(50, 4, 37, 4, 3).mean(axis=(1, 3))).max() <= 1
    ramp = np.repeat(np.arange(0, 252, 6, dtype=np.uint8)[None, :, None], 42, axis=0).repeat(3, axis=2)
    large, _ = short_range.square(ramp, 5, 5, 32)
    inside = np.arange(4, 124)
    assert np.abs(large[64, inside, 0] - 6 * (5 + (inside + 0.5) / 4 - 0.5)).max() <= 1, "enlarged linearly"
    for left, top, side in ((150, 0, 60), (-60, 0, 60), (0, 200, 60), (0, -60, 60)):
        assert not short_range.square(picture, left, top, side)[0].any()
    assert short_range.square(picture, 3, 3, 0.2)[1] == (3, 3, 1)


def test_a_box_is_moved_and_widened_to_where_dlibs_would_be():
    """By hand: half a pixel to the left and 1.15 up, 51 wide; halves go up."""
    assert short_range.like_dlib(100, 200, 50, 0.81234567) == (74, 173, 51, 51, 0.812346)
    assert short_range.like_dlib(10, 10, 0.1, 1)[2:4] == (1, 1)


class Told(ShortRange):
    """A finder that is told what each look finds, by the side of the square that it sees."""

    def __init__(self, answers):
        self.answers, self.seen = answers, []

    def _look(self, picture, left, top, side):
        self.seen.append((left, top, side))
        return self.answers.get(side, [])


def test_each_face_is_looked_at_again_in_a_square_of_twice_its_width():
    picture = np.zeros((300, 400, 3), np.uint8)
    finder = Told({400: [(100.0, 120.0, 50.0, 0.6)], 100.0: [(103.0, 121.0, 60.0, 0.9)]})
    assert finder.detect(picture) == [short_range.like_dlib(103, 121, 60, 0.9)]
    assert finder.seen == [(0, -50, 400), (50, 70, 100)]


def test_the_second_look_does_not_turn_to_a_neighbour_and_may_find_nothing():
    picture, first = np.zeros((300, 400, 3), np.uint8), (100.0, 120.0, 50.0, 0.6)
    for again, wanted in (
        ([(126.0, 120.0, 50.0, 0.99)], first),
        ([(126.0, 120.0, 50.0, 0.99), (124.0, 120.0, 48.0, 0.7)], (124.0, 120.0, 48.0, 0.7)),
        ([], first),
    ):
        assert Told({400: [first], 100.0: again}).detect(picture) == [short_range.like_dlib(*wanted)]


@pytest.mark.parametrize("score, counts", [(0.75, True), (0.749, False), (None, False)])
def test_a_face_in_a_part_counts_where_the_second_look_is_sure(score, counts):
    picture, face = np.zeros((300, 400, 3), np.uint8), (100.0, 120.0, 25.0, 0.6)
    finder = Told({200: [face], 50.0: [(*face[:3], score)] if score else []})
    assert finder.detect(picture) == []
    assert len(finder.detect(picture, thorough=True)) == counts, "found in several parts, and counted once"


def test_faces_of_the_finder_are_given_largest_first():
    picture = np.zeros((300, 400, 3), np.uint8)
    finder = Told({400: [(50.0, 50.0, 30.0, 0.99), (200.0, 200.0, 60.0, 0.6)]})
    assert [box.w for box in finder.detect(picture)] == [61, 31]


# --- with the network -----------------------------------------------------------------------


@pytest.mark.slow
def test_the_network_is_shown_numbers_from_minus_1_to_1_and_travels_by_its_data(finder, monkeypatch):
    answers = []
    monkeypatch.setattr(short_range, "decoded", lambda boxes, logits: answers.append((boxes, logits)) or [])
    picture = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    finder.detect(picture)
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    network = litert.Interpreter(model_path=str(page_files.finder()))
    network.allocate_tensors()
    network.set_tensor(network.get_input_details()[0]["index"], picture[None].astype(np.float32) / 127.5 - 1)
    network.invoke()
    wanted = {
        network.get_tensor(one["index"]).shape: network.get_tensor(one["index"]) for one in network.get_output_details()
    }
    assert np.allclose(answers[0][0], wanted[1, 896, 16][0], atol=1e-3)
    assert np.allclose(answers[0][1], wanted[1, 896, 1][0, :, 0], atol=1e-3)
    sent = pickle.loads(pickle.dumps(finder))
    assert sent.model == finder.model == hashlib.sha256(page_files.finder().read_bytes()).hexdigest()
    sent.detect(picture)
    assert np.array_equal(answers[1][0], answers[0][0])


@pytest.mark.slow
def test_places_in_a_part_of_the_picture_are_places_in_the_picture(finder, monkeypatch):
    monkeypatch.setattr(short_range, "decoded", lambda boxes, logits: [(0.25, 0.5, 0.1, 0.9, 1)])
    assert finder._look(np.zeros((300, 400, 3), np.uint8), 40.0, -20.0, 200.0) == [(90.0, 80.0, 20.0, 0.9)]


def test_files_that_are_not_the_network(tmp_path):
    with pytest.raises(FerError, match=r"`model`.*face_detection_short_range.tflite"):
        ShortRange(tmp_path / "none.tflite")
    pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed: pip install ai-edge-litert")
    (tmp_path / "other.tflite").write_bytes(b"no network")
    with pytest.raises(FerError, match=r"`model`.*LiteRT"):
        ShortRange(tmp_path / "other.tflite")


@pytest.mark.slow
def test_five_faces_in_a_row_are_seen_by_a_thorough_look_only(finder):
    row = np.concatenate([*studio.draw_batch([studio.person(number) for number in range(5)], size=300)], axis=1)
    assert finder.detect(row) == []
    boxes = sorted(finder.detect(row, thorough=True), key=lambda box: box.x)
    assert [int(box.x + box.w / 2) // 300 for box in boxes] == [0, 1, 2, 3, 4]
    assert all(100 <= box.w <= 200 for box in boxes)


def small(picture, width, share):
    """The picture shrunk into a grey one of 1200 x 900 pixels, so that a face of ``width`` has this share of 1200."""
    scale = 1200 * share / width
    shrunk = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    whole = np.full((900, 1200, 3), picture[0, 0], np.uint8)
    whole[250 : 250 + shrunk.shape[0], 400 : 400 + shrunk.shape[1]] = shrunk
    return whole


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.08, 0.04])
def test_small_faces_want_a_thorough_look(finder, share):
    plain, thorough = [], []
    for number in range(8):
        picture = photograph(6, number, (480, 360))
        whole = small(picture, finder.detect(picture)[0].w, share)
        plain.append(len(finder.detect(whole)))
        thorough.append(len(finder.detect(whole, thorough=True)))
    assert sum(plain) <= 2 and thorough == [1] * 8


@pytest.mark.slow
def test_a_thorough_look_invents_no_face(finder):
    for number in range(15):
        picture = photograph(5, number)
        assert finder.detect(picture, thorough=True) == finder.detect(picture)
    noise = np.random.default_rng(0).integers(0, 256, (600, 800, 3), dtype=np.uint8)
    assert finder.detect(noise, thorough=True) == []
