"""The figures of scores that are smoothed: what is drawn, and what their own titles say."""

from __future__ import annotations

from figures import drawing_functions, is_shown_light_and_dark
import numpy as np
import pytest

from fer_utils.core.errors import FerError
from fer_utils.plotting import smoothing_figures

TIMES = np.arange(12) / 30
SCORES = np.eye(4)[[0, 0, 1, 0, 1, 1, 2, 1, 3, 3, 3, 3]]

DRAWINGS = {
    "step_responses": lambda: smoothing_figures.step_responses(
        {way: {"one": (TIMES, TIMES), "two": (TIMES[::2], TIMES[::2])} for way in ("a", "b")}, title="t", step_s=0.1
    ),
    "smoothed_scores": lambda: smoothing_figures.smoothed_scores(TIMES, SCORES, SCORES, list("abcd"), title="t"),
    "smoothing_trade_off": lambda: smoothing_figures.smoothing_trade_off(
        [(0, 4, 0), (0.25, 1, 0.2), (0.5, 1, float("nan"))], highlight=0.25, title="t"
    ),
    "smoothing_trade_off, nothing moves": lambda: smoothing_figures.smoothing_trade_off([(0, 0, 0), (0.25, 0, 0)]),
    "smoothing_trade_off, no delay is known": lambda: smoothing_figures.smoothing_trade_off([(0.25, 0, float("nan"))]),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_is_drawn_light_and_dark(name):
    assert is_shown_light_and_dark(DRAWINGS[name]())


def test_every_drawing_function_is_tested_here():
    assert drawing_functions(smoothing_figures) == {name.split(",")[0] for name in DRAWINGS}


@pytest.mark.parametrize(
    "call",
    [
        lambda: smoothing_figures.step_responses({}, step_s=0),
        lambda: smoothing_figures.smoothed_scores(TIMES, SCORES, SCORES[:, :2], list("abcd")),
        lambda: smoothing_figures.smoothed_scores(TIMES, SCORES * float("nan"), SCORES, list("abcd")),
        lambda: smoothing_figures.smoothing_trade_off([]),
    ],
)
def test_impossible_figures(call):
    with pytest.raises(FerError):
        call()


def title(figure):
    return figure.get_suptitle()


def test_the_delays_to_one_half_stand_in_the_title():
    curves = {"fast": ([0, 0.2, 0.3], [0, 0, 1]), "slow": ([0, 0.2, 0.6], [0, 0, 1])}
    panels = {"by frames": curves, "by seconds": {"fast": ([0, 1], [0, 0.4]), "slow": ([0, 1], [0, 0.1])}}
    figure = smoothing_figures.step_responses(panels, step_s=0.1)
    assert title(figure) == "Time to one half, by frames: 0.15 to 0.30 s; by seconds: never"


def test_changes_of_the_leading_label_are_counted_in_the_title():
    steady = np.eye(4)[[0] * 6 + [3] * 6]
    figure = smoothing_figures.smoothed_scores(TIMES, SCORES, steady, list("abcd"))
    assert title(figure) == "Changes of the leading label: 6 raw, 1 smoothed"


@pytest.mark.parametrize(
    "rows, highlight, words",
    [
        ([(0, 4, 0), (0.25, 1.5, 0.2)], 0.25, "0.25 s: from 4.0 to 1.5 changes a second, for 0.20 s of delay"),
        ([(0, 0, 0), (0.25, 0, 0.1)], 0.25, "No label changes here, so there is nothing to smooth"),
        ([(0.25, 1, float("nan"))], 0.25, "No label changes here, so there is nothing to smooth"),
        ([(0, 4, 0), (0.25, 1.5, 0.2)], None, "Fewer changes of the label cost delay"),
    ],
)
def test_the_trade_off_says_what_the_chosen_constant_costs(rows, highlight, words):
    assert title(smoothing_figures.smoothing_trade_off(rows, highlight=highlight)) == words
