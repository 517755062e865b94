"""Sheets of drawn people, and the course of an acted clip."""

from __future__ import annotations

from types import SimpleNamespace

from figures import drawing_functions, is_shown_light_and_dark
import numpy as np
import pandas as pd
import pytest

from fer_utils import plotting, studio
from fer_utils.core.errors import FerError
from fer_utils.plotting import studio_sheets

WHO = studio.person(12)
MARKS = studio.draw(WHO, size=96, truth=True)[1]


def truth(frames=9):
    """A smile (AU 12) that comes and goes, one blink, and a mouth that talks."""
    units = np.zeros((frames, 2, len(studio.ACTION_UNITS)))
    apex = np.sin(np.linspace(0, np.pi, frames))
    for unit, values in ((12, apex), (6, apex / 2), (1, apex / 4), (25, apex**2), (45, np.eye(frames)[3])):
        units[:, :, list(studio.ACTION_UNITS).index(unit)] = values[:, None]
    return {
        "action_units": units,
        "landmarks": np.repeat(MARKS[None], frames, axis=0),
        "apex": apex,
        "time_s": np.arange(frames) / 15,
    }


def frames(*times):
    return [SimpleNamespace(rgb=studio.draw(WHO, size=96), time_s=time) for time in times]


DRAWINGS = {"clip_course": lambda: plotting.clip_course(truth(), frames(0.1, 0.4), label="happy")}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_is_drawn_light_and_dark(name):
    assert is_shown_light_and_dark(DRAWINGS[name]())


def test_every_drawing_function_is_tested_here():
    assert drawing_functions(studio_sheets) == set(DRAWINGS)


def test_the_course_shows_the_units_that_move_most_the_lips_and_the_blinks():
    axis = DRAWINGS["clip_course"]().axes[0]
    named = [line.get_label() for line in axis.lines if line.get_label().startswith("AU ")]
    assert [name.split()[1] for name in named] == ["12", "6", "1", "25", "45"]


SHEETS = {
    "portraits": (lambda: studio_sheets.portraits([WHO], title="t"), 1),
    "skin_tones": (lambda: studio_sheets.skin_tones(WHO, {12: 1}), 10),
    "grey_pictures": (lambda: studio_sheets.grey_pictures({"a": np.zeros((9, 9)), "b": np.ones((9, 9))}, title="t"), 2),
    "with_landmarks": (lambda: studio_sheets.with_landmarks(*studio.draw(WHO, size=96, truth=True)), 2),
    "unit_steps": (lambda: studio_sheets.unit_steps(WHO, [1, 12], title="t", steps=(0, 1)), 4),
    "prototypes": (lambda: studio_sheets.prototypes([WHO], ["happy", "sad"]), 2),
    "seven_views": (lambda: studio_sheets.seven_views([WHO], {12: 1}), 7),
    "lights": (lambda: studio_sheets.lights([WHO], {4: 1}), len(studio.LIGHTS)),
}


@pytest.mark.parametrize("name", SHEETS)
def test_a_sheet_has_its_pictures_all_different_and_says_what_they_show(name):
    draw, count = SHEETS[name]
    sheet = draw()
    assert len({picture.tobytes() for picture in sheet.pictures}) == len(sheet.pictures) == count
    assert sheet.about and sheet.description.startswith(sheet.about) and len(sheet.description) <= 600


def film(tmp_path, monkeypatch, *, actors=("09",)):
    """A film of which only what a sheet asks for is there; the picture's grey tells the clip."""
    clips = pd.DataFrame(
        {
            "clip": [f"{actor}-{label}" for actor in actors for label in ("sad", "happy")],
            "actor": [actor for actor in actors for _ in range(2)],
            "expression": ["sad", "happy"] * len(actors),
        }
    )
    greys = {clip: 10 * (number + 1) for number, clip in enumerate(clips["clip"])}
    read = lambda path, count: SimpleNamespace(  # noqa: E731
        frames=[SimpleNamespace(rgb=np.full((96, 96, 3), greys[path.name], np.uint8))]
    )
    monkeypatch.setattr(studio_sheets.faces, "read_frames", read)
    return SimpleNamespace(clips=clips, root=tmp_path, frames=lambda clip: {"landmarks": MARKS[None]})


def test_a_sheet_of_films_shows_the_clips_of_the_label(tmp_path, monkeypatch):
    one = film(tmp_path, monkeypatch, actors=("09", "14"))
    sheet = studio_sheets.filmed_label({"bare": one, "mask": one}, "happy", title="t", about="Faces with a mask.")
    assert [int(picture[0, 0, 0]) for picture in sheet.pictures] == [20, 20, 40, 40]
    assert sheet.row_names == ("09", "14") and sheet.column_names == ("bare", "mask")
    cameras = studio_sheets.camera_settings({("blur", 1): one, ("compression", None): one}, "sad")
    assert cameras.labels == ("blur 1", "compression none") and int(cameras.pictures[0][0, 0, 0]) == 10
    with pytest.raises(FerError, match="`label`"):
        studio_sheets.camera_settings({("blur", 1): one}, "angry")
