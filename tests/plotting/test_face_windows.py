"""Windows on a face and on its parts: they hold what they say."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from fer_utils import studio
from fer_utils.core.errors import FerError
from fer_utils.plotting import face_windows


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 400), st.floats(-25, 25), st.floats(0.8, 1.1), st.integers(96, 256))
def test_the_face_lies_in_its_window(seed, yaw, zoom, size):
    picture, marks = studio.draw(studio.person(seed), {27: 0.6}, size=size, yaw=yaw, zoom=zoom, truth=True)
    window = face_windows.face_window(picture, marks)
    side = window.shape[0]
    assert window.shape == (side, side, 3) and side >= np.ptp(marks[:, 0])
    # Where the window was cut: its first pixel row and column, found again.
    places = [
        (y, x)
        for y in range(size - side + 1)
        for x in range(size - side + 1)
        if np.array_equal(picture[y, x : x + side], window[0])
        and np.array_equal(picture[y : y + side, x], window[:, 0])
    ]
    (y, x) = places[0]
    low, high = marks.min(0) - (x, y), marks.max(0) - (x, y)
    assert (low > -1.5).all() and (high < side + 1.5).all()


@pytest.mark.parametrize("part", face_windows.FACE_PARTS)
def test_a_part_is_as_wide_as_the_jaw_and_of_one_shape(part):
    picture, marks = studio.draw(studio.person(28), size=400, truth=True)
    window = face_windows.part_window(picture, marks, part)
    assert abs(window.shape[1] - np.ptp(marks[:17, 0])) <= 2
    assert abs(window.shape[0] - 0.7 * window.shape[1]) <= 2
    assert face_windows.resize_to_width(window, 120).shape[1] == 120


def test_each_part_shows_what_its_units_move():
    """A window on the mouth changes with AU 12 and hardly with AU 1; the brows' the other way round."""
    who = studio.person(28)
    rest, marks = studio.draw(who, size=400, truth=True)

    def change(part, unit):
        moved = studio.draw(who, {unit: 1.0}, size=400)
        return np.abs(
            face_windows.part_window(moved, marks, part).astype(int) - face_windows.part_window(rest, marks, part)
        ).mean()

    assert change("mouth", 12) > 5 * change("mouth", 1)
    assert change("brows and eyes", 1) > 5 * change("brows and eyes", 26)


def test_a_part_that_is_none_is_refused():
    with pytest.raises(FerError, match=r"`part`.*brows and eyes, cheeks and nose, mouth.*Received: 'ear'"):
        face_windows.part_window(np.zeros((24, 24, 3), np.uint8), np.zeros((68, 2)), "ear")
