"""The figures of what happens in time."""

from __future__ import annotations

from figures import drawing_functions, is_shown_light_and_dark
import numpy as np
import pytest

from fer_utils.core.errors import FerError
from fer_utils.plotting import live_figures

TIMES = np.arange(12) / 30
SCORES = np.eye(4)[[0, 0, 1, 0, 1, 1, 2, 1, 3, 3, 3, 3]]

DRAWINGS = {
    "frame_budget": lambda: live_figures.frame_budget(
        {"read": 1.0, "track": 0.5, "show": 0.0}, limit_ms=16.7, title="It fits", optional_stages={"write": 9.0}
    ),
    "detection_interval": lambda: live_figures.detection_interval(
        {1: 9.0, 10: 2.0},
        {1: 9.0, 10: float("nan")},
        tracking_ms=1.2,
        extra_ms=7.8,
        limit_ms=16.7,
        title="Seldom is enough",
    ),
    "frame_times": lambda: live_figures.frame_times(
        [1, 9, 1, 2], [False, True, False, False], limit_ms=5, title="One is late"
    ),
    "frame_times, none detected": lambda: live_figures.frame_times(
        [1.0, 2.0], [False, False], limit_ms=5, title="None is late"
    ),
    "step_responses": lambda: live_figures.step_responses(
        {way: {"one": (TIMES, TIMES), "two": (TIMES[::2], TIMES[::2])} for way in ("a", "b")}, title="t", step_s=0.1
    ),
    "smoothed_scores": lambda: live_figures.smoothed_scores(TIMES, SCORES, SCORES, list("abcd"), title="t"),
    "smoothing_trade_off": lambda: live_figures.smoothing_trade_off(
        [(0, 0, 4), (0.25, 0.2, 1), (0.5, float("nan"), 1)], highlight=0.25, title="t"
    ),
    "smoothing_trade_off, nothing moves": lambda: live_figures.smoothing_trade_off(
        [(0, 0, 0), (0.25, 0, 0)], title="t"
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
        lambda: live_figures.detection_interval({0: 1.0}, {0: 1.0}, tracking_ms=1, extra_ms=1, limit_ms=1, title="t"),
        lambda: live_figures.frame_times([1, 2], [True], limit_ms=1, title="t"),
        lambda: live_figures.step_responses({}, title="t", step_s=0),
        lambda: live_figures.smoothed_scores(TIMES, SCORES, SCORES[:, :2], list("abcd"), title="t"),
        lambda: live_figures.smoothed_scores(TIMES, SCORES * float("nan"), SCORES, list("abcd"), title="t"),
        lambda: live_figures.smoothing_trade_off([(1, float("nan"), 1)], title="t"),
    ],
)
def test_impossible_figures(call):
    with pytest.raises(FerError):
        call()


def test_bars_of_a_budget_begin_where_the_one_before_ends():
    bars = DRAWINGS["frame_budget"]().axes[0].patches
    assert [(bar.get_x(), bar.get_width()) for bar in bars] == [(0, 1), (1, 0.5), (1.5, 0), (1.5, 9)]
    long = live_figures.frame_budget({"read": 10.0}, limit_ms=16.7, title="t", optional_stages={"write": 200.0}).axes[0]
    assert long.patches[1].get_width() < 10 and "200.00 ms, cut" in [text.get_text() for text in long.texts]
