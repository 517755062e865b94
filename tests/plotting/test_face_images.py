"""Figures with pictures of faces: grids, boxes, landmarks, scores."""

from __future__ import annotations

from types import SimpleNamespace

from figures import drawing_functions, is_shown_light_and_dark
import numpy as np
import pandas as pd
import pytest

from fer_utils import plotting
from fer_utils.core.errors import FerError
from fer_utils.faces import Box
from fer_utils.plotting import face_images

BOX = SimpleNamespace(x=4, y=6, w=20, h=20)
GREY = np.linspace(100, 250, 40 * 40).astype(np.uint8).reshape(40, 40)  # lighter than the ink
DRAWINGS = {
    "image_grid": lambda: plotting.image_grid(
        [GREY, GREY[..., None], plotting.blank_image(40)], ["a", "b"], columns=2, row_names=["1", "2"]
    ),
    "bounding_boxes": lambda: plotting.bounding_boxes(plotting.blank_image(40), {"dlib": BOX, "haar": BOX}, title="t"),
    "face_and_scores": lambda: plotting.face_and_scores(
        plotting.blank_image(40), pd.Series({"happy": 0.7, "sad": 0.3}), title="t"
    ),
    "landmark_closeup": lambda: plotting.landmark_closeup(
        plotting.blank_image(60), Box(10, 12, 30, 30, 1.0), {"found": np.full((68, 2), 20.0)}, title="t"
    ),
    "receptive_fields": lambda: plotting.receptive_fields(GREY, {"first": 3, "second": 8}, around=(20, 10), title="t"),
    "hog_cells": lambda: plotting.hog_cells(GREY, np.ones((4, 4, 9)), title="t"),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_is_drawn_light_and_dark(name):
    assert is_shown_light_and_dark(DRAWINGS[name]())


def test_every_drawing_function_is_tested_here():
    assert drawing_functions(face_images) == {name.split(",")[0] for name in DRAWINGS}


def test_a_closeup_holds_the_box_and_stays_inside_the_picture():
    picture = np.zeros((100, 120, 3), np.uint8)
    picture[40:60, 50:70] = 255
    near = plotting.crop_with_margin(picture, Box(50, 40, 20, 20, 1.0), margin=0.5)
    assert near.shape == (40, 40, 3) and (near == 255).all(axis=2).sum() == 400
    assert plotting.crop_with_margin(picture, Box(-5, -5, 30, 30, 1.0), margin=0.5).shape == (40, 40, 3)
    assert plotting.crop_with_margin(picture, Box(100, 80, 30, 30, 1.0), margin=0.5).size


def test_a_sheet_of_no_faces_is_refused():
    with pytest.raises(FerError, match=r"`images`.*at least one picture"):
        plotting.image_grid([])


def test_receptive_fields_have_their_sides_and_one_middle():
    figure = DRAWINGS["receptive_fields"]()
    for axis in figure.axes:
        assert [patch.get_width() for patch in axis.patches] == [3, 8]
        assert {patch.get_x() + patch.get_width() / 2 for patch in axis.patches} == {10}
        assert {patch.get_y() + patch.get_height() / 2 for patch in axis.patches} == {20}
    assert "first 3 pixels wide; second 8 pixels wide" in figure.description
    with pytest.raises(FerError, match="`sides`"):
        plotting.receptive_fields(GREY, {}, around=(0, 0), title="t")


def test_lines_of_hog_run_along_the_edges():
    """A gradient that points down, 90 degrees, is a level edge; one that points right is an upright edge."""
    cells = np.zeros((2, 2, 9))
    cells[0, 1, 4] = 4.0  # the middle bin: 80 to 100 degrees
    cells[1, 0, 0] = 1.0  # 0 to 20 degrees
    cells[1, 1, 0] = 0.1  # too weak to be drawn
    (lines,) = plotting.hog_cells(GREY, cells, title="t").axes[1].collections
    level, steep = (np.array(segment) for segment in lines.get_segments())  # each two points, (x, y)
    assert np.mean(level, axis=0) == pytest.approx([30, 10])
    assert np.ptp(level, axis=0) == pytest.approx([2 * 0.48 * 20, 0], abs=1e-9)
    across, down = np.ptp(steep, axis=0)
    assert down > 5 * across and np.hypot(across, down) == pytest.approx(0.48 * 20)
    with pytest.raises(FerError, match=r"`cells`.*rows, columns, bins"):
        plotting.hog_cells(GREY, cells[0], title="t")
