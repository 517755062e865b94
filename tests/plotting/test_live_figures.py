"""The figures of a frame's milliseconds: what is drawn, and what their own titles say."""

from __future__ import annotations

from figures import drawing_functions, is_shown_light_and_dark
import numpy as np
import pandas as pd
import pytest

from fer_utils.core.errors import FerError
from fer_utils.plotting import live_figures


def run(*frames) -> pd.DataFrame:
    """What `pace` returns, from pairs of milliseconds and whether the detector looked."""
    return pd.DataFrame(frames, columns=["work", "looked"])


SELDOM = run((9.0, True), (1.2, False), (1.4, False), (1.2, False))

DRAWINGS = {
    "frame_budget": lambda: live_figures.frame_budget(
        {"read": 1.0, "track": 0.5, "show": 0.0}, limit_ms=16.7, title="It fits", optional_stages={"write": 9.0}
    ),
    "detection_interval": lambda: live_figures.detection_interval(
        {1: run((9.0, True), (9.2, True)), 10: SELDOM, 30: run((1.0, False))}, limit_ms=16.7, title="Seldom is enough"
    ),
    "frame_times": lambda: live_figures.frame_times(
        [1, 9, 1, 2], [False, True, False, False], limit_ms=5, title="One is late"
    ),
    "frame_times, none detected": lambda: live_figures.frame_times(
        [1.0, 2.0], [False, False], limit_ms=5, title="None is late"
    ),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_is_drawn_light_and_dark(name):
    assert is_shown_light_and_dark(DRAWINGS[name]())


def test_every_drawing_function_is_tested_here():
    assert drawing_functions(live_figures) == {name.split(",")[0] for name in DRAWINGS}


@pytest.mark.parametrize(
    "call",
    [
        lambda: live_figures.frame_budget({}, limit_ms=1, title="t"),
        lambda: live_figures.frame_budget({"read": -1}, limit_ms=1, title="t"),
        lambda: live_figures.detection_interval({}, limit_ms=1),
        lambda: live_figures.detection_interval({0: SELDOM}, limit_ms=1),
        lambda: live_figures.detection_interval({1: run((9.0, True))}, limit_ms=1),
        lambda: live_figures.detection_interval({9: run((9.0, False))}, limit_ms=1),
        lambda: live_figures.frame_times([1, 2], [True], limit_ms=1, title="t"),
    ],
)
def test_impossible_figures(call):
    with pytest.raises(FerError):
        call()


def test_bars_of_a_budget_begin_where_the_one_before_ends():
    bars = DRAWINGS["frame_budget"]().axes[0].patches
    assert [(bar.get_x(), bar.get_width()) for bar in bars] == [(0, 1), (1, 0.5), (1.5, 0), (1.5, 9)]
    long = live_figures.frame_budget({"read": 10.0}, limit_ms=16.7, title="t", optional_stages={"write": 200.0}).axes[0]
    assert long.patches[1].get_width() < 10 and long.get_yticklabels()[1].get_text() == "write: 200.00 ms, cut"


def title(figure):
    return figure.get_suptitle()


@pytest.mark.parametrize(
    "stages, words",
    [
        ({"read": 1.0, "detect": 9.5}, "A frame takes 10.5 ms of 16.7; the longest stage: detect"),
        ({"read": 18.0, "detect": 2.0}, "A frame takes 20.0 ms and there are only 16.7; the longest stage: read"),
    ],
)
def test_a_budget_says_what_a_frame_takes_and_where(stages, words):
    for given in (stages, pd.Series(stages)):
        assert title(live_figures.frame_budget(given, limit_ms=16.7, optional_stages={"write": 99.0})) == words


def test_the_interval_is_compared_with_detection_in_every_frame():
    runs = {1: run((8.0, True), (8.0, True)), 10: run((8.0, True), (1.0, False), (1.0, False), (1.0, False))}
    figure = live_figures.detection_interval(runs, limit_ms=16.7)
    assert title(figure) == "Detection every 10 frames takes 34 % of the time of detection in every frame"
    curve = figure.axes[0].lines[0]
    assert curve.get_ydata()[[0, -1]] == pytest.approx([8.0, 1.0 + 7.0 / 10]), "t0 + td / n"
    others = live_figures.detection_interval({3: runs[10], 30: SELDOM}, limit_ms=16.7)
    assert title(others).startswith("Detection every 30 frames takes 116 % of the time of detection in every 3 frames")


@pytest.mark.parametrize(
    "ms, words",
    [
        ([1.0, 1.0, 4.0], "No frame is late; the slowest takes 2.0 times the mean"),
        ([1.0, 1.0, 7.0], "1 of 3 frames is late; the mean, 3.0 ms, does not show it"),
        ([6.0, 6.0, 1.5], "2 of 3 frames are late; the mean, 4.5 ms, does not show it"),
        ([6.0, 6.0, 6.0], "3 of 3 frames are late; the mean, 6.0 ms, is above the budget, too"),
    ],
)
def test_late_frames_are_counted_in_the_title(ms, words):
    assert title(live_figures.frame_times(ms, np.zeros(3, bool), limit_ms=5)) == words
