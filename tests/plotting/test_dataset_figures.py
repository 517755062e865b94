"""What is in a data set, drawn: the sheet of people and labels, clips side by side, the map in two colourings."""

from __future__ import annotations

from types import SimpleNamespace

from figures import Pictures, drawing_functions, is_shown_light_and_dark
import numpy as np
import pandas as pd
import pytest

from fer_utils import plotting
from fer_utils.core.errors import FerError
from fer_utils.plotting import dataset_figures
from fer_utils.plotting.style import figure_html

DRAWINGS = {
    "two_colourings": lambda: plotting.two_colourings(
        np.arange(12.0).reshape(6, 2), list("aabbcc"), ["sad", "calm"] * 3, title="t"
    ),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_is_drawn_light_and_dark(name):
    assert is_shown_light_and_dark(DRAWINGS[name]())


def test_every_drawing_function_is_tested_here():
    assert drawing_functions(dataset_figures) == set(DRAWINGS)


def test_both_panels_show_all_points_and_name_people_where_there_are_several():
    left, right, *_ = DRAWINGS["two_colourings"]().axes
    assert sum(len(line.get_xdata()) for line in left.lines) == sum(len(line.get_xdata()) for line in right.lines) == 6
    assert {text.get_text() for text in left.texts} == set("abc")
    assert [text.get_text() for text in right.get_legend().get_texts()] == ["sad", "calm"]
    alone = plotting.two_colourings(np.eye(2), ["a", "a"], ["sad", "calm"], title="t")
    assert not alone.axes[0].texts and "(1 people)" not in alone.description and "one person" in alone.description


@pytest.mark.parametrize("points, actors, labels", [(np.ones((3, 3)), "abc", "abc"), (np.ones((3, 2)), "ab", "abc")])
def test_a_map_of_other_than_flat_points_is_refused(points, actors, labels):
    with pytest.raises(FerError, match="`points`"):
        plotting.two_colourings(points, list(actors), list(labels), title="t")


def faces(channels=1):
    """Faces of two people, whose grey level is ten times their row."""
    rows = [
        ("01", "sad", 1, 0), ("01", "sad", 1, 1), ("01", "sad", 1, 2),
        ("01", "sad", 2, 0), ("01", "sad", 2, 1), ("01", "sad", 2, 2),
        ("02", "happy", 1, 0), ("02", "happy", 1, 1), ("02", "happy", 1, 2),
    ]  # fmt: skip
    meta = pd.DataFrame(rows, columns=["actor", "expression", "intensity", "frame"])
    meta["clip"] = meta["actor"] + meta["expression"] + meta["intensity"].astype(str)
    images = np.stack([np.full((8, 8, channels), 10 * row, np.uint8) for row in range(len(rows))])
    return SimpleNamespace(meta=meta, images=images)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_sheet_shows_the_middle_frame_of_the_strongest_clip(channels):
    sheet = plotting.label_sheet(faces(channels), ["neutral", "happy", "sad"])
    assert sheet.column_names == ("happy", "sad") and sheet.row_names == ("01", "02")
    assert [picture[0, 0, 0] for picture in sheet.pictures] == [200, 40, 70, 200]
    assert len(plotting.label_sheet(faces(), ["happy"], people=1).pictures) == 1
    page = Pictures(figure_html(sheet))
    assert page.images[1]["alt"] == "actor 01, sad, face, row 1, picture 2"


def test_a_sheet_of_labels_that_no_face_has_is_refused():
    with pytest.raises(FerError, match=r"`labels`.*contempt"):
        plotting.label_sheet(faces(), ["contempt"])


def test_clips_side_by_side_run_at_once_and_the_shorter_one_waits():
    clips = {
        name: [np.full((20, 40, 3), grey, np.uint8) for grey in greys]
        for name, greys in {"a": (10, 20, 30), "b": (200,), "c": (90, 91)}.items()
    }
    made = plotting.side_by_side(clips, columns=2, width=80)
    assert len(made) == 3 and made[0].shape == (2 * (40 + 24), 160, 3) and made[0].dtype == np.uint8
    assert [picture[44, 40, 0] for picture in made] == [10, 20, 30]
    assert {picture[44, 120, 0] for picture in made} == {200}
    assert [picture[64 + 44, 40, 0] for picture in made] == [90, 91, 91]
    assert (made[0][:24, :80] < 128).any(), "the name stands above"


@pytest.mark.parametrize("clips", [{}, {"a": []}])
def test_no_clip_is_refused(clips):
    with pytest.raises(FerError, match="`clips`"):
        plotting.side_by_side(clips)
