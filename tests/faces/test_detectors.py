"""The detectors by their names: how each is asked, and what is made of the boxes of anybody's detector."""

from __future__ import annotations

import numpy as np
import pytest

from fer_utils.core.errors import FerError
from fer_utils.faces import Box, detectors

cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")


def test_halves_of_a_pixel_go_up_and_scores_have_six_digits():
    assert detectors.cleaned([(60.5, -0.5, 2.5, 1.5, 1.23456789)]) == [Box(61, 0, 3, 2, 1.234568)]
    assert detectors.cleaned([(-1.5, 3.49, 0.5, 0.5)]) == [Box(-1, 3, 1, 1, 0.0)]


def test_boxes_come_largest_first_and_none_are_none():
    boxes = [(0, 0, 10, 10, 9.0), (5, 5, 30, 3, 0.5), (1, 1, 20, 10, 0.1)]
    assert [box.w for box in detectors.cleaned(boxes)] == [20, 10, 30]
    assert detectors.cleaned(None) == detectors.cleaned([]) == []


@pytest.mark.parametrize("box", [(0, 0, 0.4, 5, 1), (0, 0, 5, 0.4, 1), (0, 0, 5, -5, 1), (0, 0, 5, 5, float("nan"))])
def test_a_box_without_a_pixel_or_a_score_is_none(box):
    with pytest.raises(FerError, match=r"`detector`.*of a pixel or more"):
        detectors.cleaned([(0, 0, 9, 9, 1), box])


def test_dlib_is_asked_for_what_lies_beyond_its_boundary_in_the_picture_as_it_is():
    pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")
    asked = []

    class Asked:
        def run(self, picture, enlarged, boundary):
            asked.append((picture.shape, enlarged, boundary))
            return [], [], []

    finder = detectors.create("dlib")
    finder._find = Asked()
    assert finder.at_scale(np.zeros((90, 120), np.uint8), False) == [] and asked == [((90, 120), 0, 0.0)]
    assert (finder.smallest, finder.step, finder.again) == (80, 5 / 6, 96)


def test_haar_is_asked_for_faces_of_40_pixels_that_six_neighbours_confirm():
    if not hasattr(cv2, "CascadeClassifier"):
        pytest.skip(f"OpenCV {cv2.__version__} has no cascade classifier; pip install 'opencv-python-headless<5'")
    asked = []

    class Asked:
        def detectMultiScale3(self, picture, **how):  # noqa: N802
            asked.append(how)
            return [(1, 2, 50, 60)], [3], [4.5]

    finder = detectors.create("haar")
    finder._find = Asked()
    assert finder.at_scale(np.zeros((40, 50), np.uint8), False) == [Box(1, 2, 50, 60, 4.5)]
    assert asked == [{"scaleFactor": 1.1, "minNeighbors": 6, "minSize": (40, 40), "outputRejectLevels": True}]
    assert finder.at_scale(np.zeros((39, 50), np.uint8), False) == [] and len(asked) == 1
    assert (finder.smallest, finder.step) == (40, 1 / 1.1)
