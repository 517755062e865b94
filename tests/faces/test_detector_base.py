"""What all detectors share, with detectors that are told what is to be seen: scales, looks, and means of looks."""

from __future__ import annotations

import numpy as np
import pytest

from fer_utils.faces import Box, detector_base
from fer_utils.faces.detector_base import Detector

cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")


# --- boxes ----------------------------------------------------------------------------------


def test_the_middle_on_the_left_edge_lies_within_and_on_the_right_edge_it_does_not():
    one = Box(0, 0, 10, 10, 0)  # its middle is (5, 5)
    for x, y, inside in ((5, 5, True), (3, 4, False), (4, 3, False), (5, 3, False), (4, 4, True), (6, 5, False)):
        assert one.may_be_same_face(Box(x, y, 2, 2, 0)) == inside, (x, y)


def test_an_overlap_of_three_tenths_is_not_yet_one_face():
    one, other = Box(0, 0, 13, 1, 0), Box(7, 0, 13, 1, 0)
    assert one.overlap(other) == 0.3
    assert not one.may_be_same_face(other) and not other.may_be_same_face(one)


def test_of_boxes_of_one_size_the_left_one_comes_first_and_then_the_upper_one():
    boxes = [Box(5, 0, 2, 3, 0), Box(0, 7, 3, 2, 0), Box(9, 9, 1, 7, 0), Box(0, 1, 2, 3, 0)]
    assert detector_base.largest_first(boxes) == [boxes[2], boxes[3], boxes[1], boxes[0]]


# --- which scales ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "side, powers, last",
    [
        (540, [], [1.0, 2.0]),
        (541, [1], [1.0, 2.0]),
        (1000, [4], [1.0, 2.0]),
        (1001, [4], [1.0]),
        (1080, [4], [1.0]),
        (1081, [4, 1], [1.0]),
        (1200, [5, 1], [1.0]),
        (2000, [8, 4], [1.0]),
        (4096, [12, 8], [1.0]),
        (8192, [15, 12], [0.5]),
    ],
)
def test_the_looks_are_at_540_1080_and_4096_pixels_at_most_and_at_twice_the_size_up_to_1000(side, powers, last):
    assert detector_base._scales(side, 5 / 6) == pytest.approx([(5 / 6) ** power for power in powers] + last)


class Planted(Detector):
    """Finds the faces of a picture that has this width, those from 80 pixels on and below 160 at the scale it sees."""

    name, smallest, step = "planted", 80, 0.5

    def __init__(self, width, *faces):
        self.width, self.faces, self.seen = width, faces, []

    def at_scale(self, picture, last):
        assert picture.ndim == 2
        scale = picture.shape[1] / self.width
        self.seen.append((scale, last))
        there = [Box(*(scale * value for value in face), 0.12345678) for face in self.faces]
        return [box for box in there if 80 <= box.w < 160]


@pytest.mark.parametrize(
    "width, looks", [(364, [0.25]), (360, [0.25, 0.5, 1.0]), (200, [0.25, 0.5]), (100, [0.25, 0.5, 1])]
)
def test_the_first_look_ends_the_search_unless_its_face_is_hardly_above_the_smallest(width, looks):
    """At a quarter of the size the smallest face is 320 pixels wide, and an eighth more is 360."""
    planted = Planted(2000, (100, 100, width, width))
    assert planted.detect(np.zeros((600, 2000, 3), np.uint8)) == [Box(100, 100, width, width, 0.123457)]
    assert planted.seen == [(scale, scale == 1) for scale in looks]


def test_a_thorough_look_adds_the_small_faces_and_no_face_twice():
    planted = Planted(800, (10, 10, 200, 200), (400, 10, 90, 90), (20, 20, 100, 100), (600, 10, 45, 45))
    picture = np.zeros((400, 800, 3), np.uint8)
    assert [box.w for box in planted.detect(picture)] == [200]
    planted.seen.clear()
    assert [box.w for box in planted.detect(picture, thorough=True)] == [200, 90, 45]
    assert [scale for scale, _ in planted.seen] == [0.5, 1, 2]
    planted = Planted(800, (400, 10, 90, 90))
    assert len(planted.detect(picture, thorough=True)) == 1
    assert [scale for scale, _ in planted.seen] == [0.5, 1, 2], "at each scale once"


@pytest.mark.parametrize("backwards", [False, True])
def test_a_detector_of_colours_sees_red_as_red_at_every_scale(backwards):
    shown = []

    class Coloured(Planted):
        colours, grey_first = True, False

        def at_scale(self, picture, last):
            shown.append(picture)
            return []

    picture = np.zeros((300, 800, 3), np.uint8)
    picture[..., 0], picture[..., 1] = 200, 100
    given = np.ascontiguousarray(picture[..., ::-1])[..., ::-1] if backwards else picture
    assert Coloured(800).detect(given) == []
    assert [picture.shape for picture in shown] == [(150, 400, 3), (300, 800, 3), (600, 1600, 3)]
    assert all((picture == (200, 100, 0)).all() and picture.flags.c_contiguous for picture in shown)


def test_a_look_of_ones_own_is_asked_for_as_much_as_was_wanted():
    class Own(Detector):
        def detect(self, rgb, *, thorough=False):
            return ["thorough" if thorough else "quick"]

    for thorough, wanted in ((False, "quick"), (True, "thorough")):
        assert Own().follow(PICTURE, NEAR, thorough=thorough) == ([wanted], None)


# --- about a known face ---------------------------------------------------------------------


def test_what_is_searched_reaches_beyond_the_box_and_lies_on_a_grid():
    assert detector_base._searched(100, 100, 1000) == (72, 216)  # 85 to 215 pixels, on a grid of 24
    assert detector_base._searched(87, 100, 1000) == (72, 216)
    assert detector_base._searched(86, 100, 1000) == (48, 216)
    assert detector_base._searched(10, 50, 70) == (0, 70)


class Looking(Detector):
    """Sees, at the three looks about a known face, what it is told: boxes in pixels of the whole picture."""

    name, smallest, again, step = "looking", 20, 96, 0.5

    def __init__(self, near, *looks):
        self.corner = [detector_base._searched(start, near.w, 2000)[0] for start in (near.x, near.y)]
        self.scales = [0.5 ** (round(np.log2(near.w / 96)) + half) for half in (-0.5, 0, 0.5)]
        self.looks, self.shown = list(looks), []

    def at_scale(self, picture, last):
        scale, boxes = self.scales[len(self.shown)], self.looks[len(self.shown)]
        self.shown.append(picture)
        left, top = self.corner
        return [Box((x - left) * scale, (y - top) * scale, w * scale, h * scale, s) for x, y, w, h, s in boxes]


PICTURE = np.random.default_rng(0).integers(0, 256, (2000, 2000, 3), dtype=np.uint8)
NEAR = Box(500, 600, 192, 192, 0.5)


def test_the_box_is_the_mean_of_three_looks():
    looking = Looking(NEAR, [(490, 600, 180, 190, 0.1)], [(500, 606, 190, 200, 0.2)], [(504, 600, 194, 198, 0.7)])
    assert looking.look_again(PICTURE, NEAR, False) == (498, 602, 188, 196, 0.333333)


def test_each_look_is_half_a_step_smaller_and_made_of_the_one_before():
    looking = Looking(NEAR, *[[tuple(NEAR)]] * 3)
    assert looking.look_again(PICTURE, NEAR, False) == NEAR
    wide, high = (after - before for before, after in (detector_base._searched(at, 192, 2000) for at in (500, 600)))
    sizes = [(round(high * scale), round(wide * scale)) for scale in (0.5**0.5, 0.5, 0.5**1.5)]
    assert [picture.shape for picture in looking.shown] == sizes
    (left, right), (top, bottom) = (detector_base._searched(at, 192, 2000) for at in (500, 600))
    grey = cv2.cvtColor(np.ascontiguousarray(PICTURE[top:bottom, left:right]), cv2.COLOR_RGB2GRAY)
    assert np.array_equal(looking.shown[0], cv2.resize(grey, sizes[0][::-1], interpolation=cv2.INTER_AREA))
    for before, after in zip(looking.shown, looking.shown[1:], strict=False):
        assert np.array_equal(after, cv2.resize(before, after.shape[::-1], interpolation=cv2.INTER_LINEAR))


def test_a_steady_look_halves_the_change_of_size_about_the_same_middle():
    looking = Looking(NEAR, *[[(510, 620, 220, 200, 0.5)]] * 3)
    assert looking.look_again(PICTURE, NEAR, True) == (517, 622, 206, 196, 0.5)


@pytest.mark.parametrize("width, followed", [(230, True), (231, False), (160, True), (159, False)])
def test_a_face_that_grows_or_shrinks_by_more_than_a_fifth_is_not_followed(width, followed):
    looking = Looking(NEAR, *[[(500, 600, width, width, 0.5)]] * 3)
    assert (looking.look_again(PICTURE, NEAR, True) is not None) == followed
    looking.shown.clear()
    assert looking.look_again(PICTURE, NEAR, False) is not None


def test_of_several_faces_about_a_known_one_the_best_is_taken_and_of_these_the_widest():
    best = (500, 600, 190, 190, 0.9)
    others = [(520, 600, 240, 240, 0.2), best, (500, 600, 150, 150, 0.9)]
    assert Looking(NEAR, *[others] * 3).look_again(PICTURE, NEAR, False) == best
    assert Looking(NEAR, *[others[::-1]] * 3).look_again(PICTURE, NEAR, False) == best


@pytest.mark.parametrize("place", [0, 1, 2])
def test_looks_that_do_not_agree_or_find_nothing_are_no_face(place):
    own, far, beside = (500, 600, 200, 200, 0.5), (572, 600, 200, 200, 0.5), (560, 600, 200, 200, 0.5)
    for other, found in ((far, False), (beside, True)):  # 128 of 272 and 140 of 260 overlap
        looks = [[own]] * 3
        looks[place] = [other]
        assert (Looking(NEAR, *looks).look_again(PICTURE, NEAR, False) is not None) == found
    looks[place] = []
    assert Looking(NEAR, *looks).look_again(PICTURE, NEAR, False) is None


class Newcomer(Detector):
    """Sees one face in the whole picture, 2,000 pixels wide."""

    name, smallest, again = "newcomer", 20, 96

    def __init__(self, *face):
        self.face, self.shown = face, []

    def at_scale(self, picture, last):
        self.shown.append(picture)
        return [Box(*(value * picture.shape[1] / 2000 for value in self.face), 0.5)] if self.face else []


def test_another_face_that_is_half_as_large_again_is_seen_in_a_coarse_look():
    """The smallest face, 20 pixels, is then one and a half times as wide as the known one: 288 pixels of 2,000."""
    for face, larger in (((), False), ((520, 590, 210, 210), False), ((1300, 1400, 300, 300), True)):
        newcomer = Newcomer(*face)
        assert newcomer._larger(PICTURE, NEAR) == larger
        assert [picture.shape for picture in newcomer.shown] == [(139, 139)]
    newcomer = Newcomer(1300, 10, 300, 300)
    assert not newcomer._larger(PICTURE[:280], NEAR) and not newcomer.shown, "nothing to be found in so few pixels"
    assert not newcomer._larger(PICTURE, Box(500, 600, 13, 13, 0.5)) and not newcomer.shown, "nor a need to look"
