"""Figures of how faces are prepared."""

from __future__ import annotations

from figures import drawing_functions, is_shown_light_and_dark
import numpy as np
import pytest

from fer_utils import plotting
from fer_utils.core.errors import FerError
from fer_utils.plotting import preprocessing

TIMES = np.arange(6) / 2
STRENGTHS = [[0, 0.5, 1, 1, 0.5, 0], [0.2, 0.7, 1, 0.8, 0.9, 0.4]]
DRAWINGS = {
    "expression_course": lambda: plotting.expression_course(
        TIMES, STRENGTHS, {"even": [0, 2, 4], "middle": [2, 3]}, title="t"
    ),
    "expression_course, alone": lambda: plotting.expression_course(TIMES, STRENGTHS[0], {}, title="t"),
    "rank_scatters": lambda: plotting.rank_scatters(
        {"one": ([1, 2, 3], [3, 2, 1]), "two": ([1, 2, 3], [1, 3, 2])}, title="t", xlabel="x", ylabel="y"
    ),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_is_drawn_light_and_dark(name):
    assert is_shown_light_and_dark(DRAWINGS[name]())


def test_every_drawing_function_is_tested_here():
    assert drawing_functions(preprocessing) == {name.split(",")[0] for name in DRAWINGS}


def test_the_course_is_the_mean_and_each_way_to_choose_has_a_row_of_dots_below_it():
    (axis,) = DRAWINGS["expression_course"]().axes
    mean, even, middle = axis.lines
    assert np.allclose(mean.get_ydata(), np.mean(STRENGTHS, axis=0))
    assert list(even.get_xdata()) == [0, 1, 2] and list(middle.get_xdata()) == [1, 1.5]
    assert max(middle.get_ydata()) < min(even.get_ydata()) < 0
    assert [text.get_text() for text in axis.get_yticklabels()][:2] == ["even", "middle"]


@pytest.mark.parametrize("strengths", [[], [[0.1, 0.2]], np.ones((2, 7))])
def test_strengths_that_do_not_fit_the_times_are_refused(strengths):
    with pytest.raises(FerError, match=r"`strengths`.*clips by 6 frames"):
        plotting.expression_course(TIMES, strengths, {}, title="t")


def test_panels_are_headed_by_their_correlation():
    titles = [axis.get_title() for axis in DRAWINGS["rank_scatters"]().axes]
    assert titles == ["one\nSpearman -1.00", "two\nSpearman 0.50"]


@pytest.mark.parametrize("panels", [{}, {"one": ([1, 2], [1])}])
def test_panels_without_pairs_are_refused(panels):
    with pytest.raises(FerError, match="`panels`"):
        plotting.rank_scatters(panels, title="t", xlabel="x", ylabel="y")
