"""Faces under heat maps: what is laid over which face, and what does not fit."""

from __future__ import annotations

import numpy as np
import pytest

from fer_utils import plotting
from fer_utils.core.errors import FerError

FACES = np.stack([np.full((40, 40, 1), level, np.uint8) for level in (60, 120)])


def heat(*places):
    """Maps of 4 x 4 places, 0 but for one."""
    made = np.zeros((len(places), 4, 4))
    for one, place in zip(made, places, strict=True):
        one[place] = 3.0
    return made


def test_a_sheet_has_a_row_a_map_and_the_map_lies_where_it_was_made():
    sheet = plotting.heat_sheet(
        FACES, {"face": None, "map": heat((0, 0), (3, 3))}, ["first", "second"], title="Two faces, one map each"
    )
    assert sheet.row_names == ("face", "map") and sheet.column_names == ("first", "second")
    plain, other, left, right = sheet.pictures
    assert (plain == 60).all() and (other == 120).all()
    coloured = [np.ptp(picture.astype(int), axis=2) > 20 for picture in (left, right)]  # grey has three equal values
    assert coloured[0][:8, :8].all() and not coloured[0][20:, 20:].any()
    assert coloured[1][-8:, -8:].all() and not coloured[1][:20, :20].any()


def test_a_mask_dims_what_lies_outside_and_adds_no_colour():
    mask = np.zeros((2, 4, 4), bool)
    mask[:, :2] = True
    upper, _ = plotting.heat_sheet(FACES, {"region": mask}, ["a", "b"], title="The upper half").pictures
    assert (upper[:20] == 60).all() and (upper[20:] == 21).all()


def test_a_map_on_which_nothing_speaks_leaves_the_face_grey():
    (picture, _) = plotting.heat_sheet(FACES, {"map": -heat((0, 0), (1, 1))}, ["a", "b"], title="Nothing").pictures
    assert (picture == 60).all()


@pytest.mark.parametrize(
    "rows, names, word",
    [
        ({"map": heat((0, 0))}, ["a", "b"], "rows"),
        ({"map": heat((0, 0), (1, 1))[0]}, ["a", "b"], "rows"),
        ({"face": None}, ["a"], "names"),
    ],
)
def test_what_does_not_fit_is_said(rows, names, word):
    with pytest.raises(FerError, match=word):
        plotting.heat_sheet(FACES, rows, names, title="Does not fit")
