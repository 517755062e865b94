"""Texts inside of a figure do not lie over each other on a telephone."""

from __future__ import annotations

import base64
import io
from itertools import combinations
import re

from matplotlib.text import Text
import numpy as np
import pandas as pd
from PIL import Image
import pytest

from fer_utils.plotting import charts, comparisons, crowded_text, face_images, layer_diagrams, narrow, style

PARTS = pd.Series({"stem": 2, "stage1": 9, "stage2": 20, "stage3": 34, "pool": 35})


def shares():
    return charts.stacked_shares({"parameters": PARTS}, title="t")


def branches():
    named = {f"'{side}×{side}' sees {side} × {side}": ["average pool 2×2", "1×1"] for side in (1, 3, 5, 7)}
    return layer_diagrams.branch_diagram(named, top="the face", bottom="joined", title="t")


def differences():
    row = {"a": {"value": -0.006, "low": -0.04, "high": 0.02}}
    lines = {"nothing": 0.0, "the margin": -0.03}
    return comparisons.dot_plot(
        {"one": row}, title="t", xlabel="x", reference_lines=lines, xlim=(-0.16, 0.05), differences=True
    )


def scatter():
    near = {f"AU {unit}": (0.3 + 0.004 * unit, 0.3 + 0.003 * (unit % 7)) for unit in range(1, 18)}
    far = {"AU 20": (0.1, 0.12), "AU 23": (1.6, 1.4)}
    return comparisons.agreement_scatter(
        {"between people": near, "within a person": far}, title="t", xlabel="x", ylabel="y"
    )


FIGURES = {"shares": shares, "branches": branches, "differences": differences, "scatter": scatter}


def texts(figure):
    return [text for axis in figure.axes for text in axis.texts if text.get_visible()]


def touching(figure):
    figure.draw_without_rendering()
    boxes = [Text.get_window_extent(text).padded(-1) for text in texts(figure)]  # an annotation's would have its line
    return sum(one.overlaps(other) for one, other in combinations(boxes, 2))


@pytest.mark.parametrize("name", FIGURES)
def test_on_a_telephone_no_text_lies_over_another(name):
    figure = FIGURES[name]()
    assert touching(figure) == 0, "at its own width"
    with narrow.narrowed(figure):
        assert touching(figure) == 0


@pytest.mark.parametrize("name", FIGURES)
def test_without_room_made_they_would(name, monkeypatch):
    monkeypatch.setattr(narrow, "make_room", lambda figure, undo: None)
    figure = FIGURES[name]()
    with narrow.narrowed(figure):
        assert touching(figure) > 0


@pytest.mark.parametrize("name", FIGURES)
def test_afterwards_every_text_is_as_it_was(name):
    figure = FIGURES[name]()
    before = [(text.get_text(), text.get_ha()) for text in texts(figure)]
    with narrow.narrowed(figure):
        assert [(text.get_text(), text.get_ha()) for text in texts(figure)] != before
    assert [(text.get_text(), text.get_ha()) for text in texts(figure)] == before


def test_a_part_without_room_for_its_name_is_not_named_and_the_others_are():
    figure = shares()
    with narrow.narrowed(figure):
        figure.draw_without_rendering()
        shown = [text.get_text() for text in texts(figure)]
        assert {"stage3\n34.0 %", "pool\n35.0 %"} <= set(shown) and "stage1\n9.0 %" not in shown
        for text in texts(figure):
            ends = figure.axes[0].transData.transform([(0, 0), (text.room, 0)])
            assert text.get_window_extent().width <= ends[1][0] - ends[0][0]
    assert "stage1 9.0 %" not in figure.description and "pool 35.0 %" in figure.description


def test_the_sides_of_a_picture_and_a_number_and_its_per_cent_sign_stay_together():
    assert crowded_text.in_lines("'1×1' sees 3 × 3", 12) == "'1×1' sees\n3 × 3"
    assert crowded_text.in_lines("it reads 35 % of them", 12) == "it reads\n35 % of them"
    assert crowded_text.in_lines("two\nlines stay", 20) == "two\nlines stay"


def test_names_far_from_each_other_stay_in_the_middle_of_their_lines():
    rows = {"one": {"a": {"value": 0.5}}}
    figure = comparisons.dot_plot(rows, title="t", xlabel="x", reference_lines={"a": 0.1, "b": 0.9})
    with narrow.narrowed(figure):
        above = [text for text in texts(figure) if text.get_text() in "ab"]
        assert [text.get_ha() for text in above] == ["center", "center"]


@pytest.mark.parametrize("letters", [10, 30, 60, 150])
def test_a_title_that_is_wider_than_its_figure_stands_in_lines_and_is_whole(letters):
    title = ("word " * 40)[:letters].strip()
    figure, axis = style.subplots(width=4.0, height=2.0)
    style.set_title(figure, title)
    figure.draw_without_rendering()
    panel = axis.get_window_extent().height
    with crowded_text.whole_title(figure):
        figure.draw_without_rendering()
        box = figure._suptitle.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= figure.get_window_extent().x1
        assert figure.get_suptitle().replace("\n", " ") == title
        assert ("\n" in figure.get_suptitle()) == (letters > 30)
        assert abs(axis.get_window_extent().height - panel) < 10, "the panel keeps its height"
    assert figure.get_suptitle() == title and list(figure.get_size_inches()) == [4.0, 2.0]


def test_the_page_has_the_whole_title():
    picture = np.zeros((64, 64, 3), np.uint8)

    def height(title):
        html = style.figure_html(
            face_images.bounding_boxes(picture, {}, title=title), alt="A black picture without boxes."
        )
        data = re.search(r"base64,([^\"]+)", html)[1]
        return Image.open(io.BytesIO(base64.b64decode(data))).height

    assert height("Two detectors draw two different boxes around one face") > height("Two boxes")
