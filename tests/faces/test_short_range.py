"""The finder of the page in Python: where a thorough look looks, that it finds small faces and invents none."""

from __future__ import annotations

import cv2
from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
from short_range_fit import photograph

from fer_utils import studio
from fer_utils.core import page_files
from fer_utils.faces.short_range import PARTS, SIDE, ShortRange, small_squares

sides = st.integers(1, 4000)


@pytest.fixture(scope="module")
def finder():
    return ShortRange(page_files.finder())


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
