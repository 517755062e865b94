"""What the landmark predictor is shown: which boxes it takes, the patch about them, and where the box lies in it."""

from __future__ import annotations

import numpy as np
import pytest

from fer_utils.core.errors import FerError
from fer_utils.faces import landmark_patches

cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")


@pytest.mark.parametrize(
    "box, found",
    [
        ((10, 20, 30, 50), (25, 45, 50)),
        ((10, 20, 50, 30, 0.9), (35, 35, 50)),
        ((-29, 0, 30, 30), (-14, 15, 30)),
        ((-30, 0, 30, 30), None),
        ((99, 79, 30, 30), (114, 94, 30)),
        ((100, 0, 30, 30), None),
        ((0, 80, 30, 30), None),
        ((0, -30, 30, 30), None),
        ((0, 0, 1, 1), (0.5, 0.5, 1)),
        ((0, 0, 0.9, 5), None),
        ((0, 0, 400, 5), (200, 2.5, 400)),
        ((0, 0, 401, 5), None),
        ((0, 0, 5, 401), None),
        ((0, 0, 5), None),
        ((0, 0, 5, 5, 0.5, 7), None),
        ((0, 0, float("nan"), 5), None),
        (("0", "0", "5", "5"), None),
        (7, None),
    ],
)
def test_a_box_is_taken_as_its_middle_and_longer_side_where_it_touches_the_picture(box, found):
    if found is None:
        with pytest.raises(FerError, match="`box`"):
            landmark_patches.checked_box(box, (80, 100))
    else:
        assert landmark_patches.checked_box(box, (80, 100)) == found


@pytest.mark.parametrize("wide, side, scale", [(40, 40, 1), (40, 20, 0.5), (20, 40, 2)])
def test_a_patch_is_what_lies_within_twice_the_box_of_even_contrast(wide, side, scale):
    picture = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    patch, found, corner = landmark_patches.face_patch(picture, (20, 50, wide), side)
    padded = np.pad(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), 60, mode="edge")
    left, top = 20 - wide, 50 - wide
    around = padded[60 + top : 60 + top + 2 * wide, 60 + left : 60 + left + 2 * wide]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    around = cv2.resize(around, (2 * side, 2 * side), interpolation=how)
    assert found == scale and corner.tolist() == [left, top]
    assert np.array_equal(patch, cv2.createCLAHE(clipLimit=3.0, tileGridSize=(4, 4)).apply(around))
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    assert np.array_equal(landmark_patches.face_patch(grey, (20, 50, wide), side)[0], patch)


def test_the_box_lies_in_the_middle_of_its_patch_unless_it_is_moved():
    pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")

    def corners(*given):
        found = landmark_patches.box_in_patch(*given)
        return found.left(), found.top(), found.width(), found.height()

    assert corners(80, 0, 0, 1) == (40, 40, 80, 80)
    assert corners(80, 0.1, -0.05, 1) == (48, 36, 80, 80)
    assert corners(80, 0, 0, 1.1) == (36, 36, 88, 88)
    assert corners(80, 0, 0, 0.001)[2:] == (1, 1)


@pytest.mark.parametrize("image", [None, np.zeros((5, 5)), np.zeros((0, 5), np.uint8), np.zeros((5, 5, 4), np.uint8)])
def test_what_is_no_picture(image):
    with pytest.raises(FerError, match="`image`"):
        landmark_patches.checked_image(image)
