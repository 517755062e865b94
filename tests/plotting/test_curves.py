"""Curves over the epochs and reliability diagrams: scales that are shared, means that are means."""

from __future__ import annotations

from types import SimpleNamespace

from figures import drawing_functions, is_shown_light_and_dark
import pytest

from fer_utils import plotting
from fer_utils.core.errors import FerError
from fer_utils.plotting import curves

CALIBRATED = {
    "bins": [
        {"low": 0.4, "high": 0.6, "n": 3, "confidence": 0.5, "accuracy": 0.4},
        {"low": 0.8, "high": 1.0, "n": 9, "confidence": 0.9, "accuracy": 0.6},
    ],
    "error": {"value": 0.25, "low": 0.1, "high": 0.4},
}
HISTORY = {"accuracy": [0.2, 0.6], "test_accuracy": [0.3, 0.4], "loss": [2.0, 1.0], "test_loss": [2.1, 1.8]}
LEARNED = SimpleNamespace(
    history={"accuracy": [0.2, 0.5], "loss": [2.0, 1.2], "test_accuracy": [0.2, 0.3], "test_loss": [2.1, 1.9]},
    metrics={"chance": 0.125},
)
DRAWINGS = {
    "training_curves": lambda: plotting.training_curves({"one": LEARNED, "two": LEARNED}, title="It learns"),
    "repeated_training_curves": lambda: plotting.repeated_training_curves(
        {"one": [HISTORY, HISTORY], "two": [HISTORY]}, title="t"
    ),
    "reliability_diagrams": lambda: plotting.reliability_diagrams(
        {"known": CALIBRATED, "unknown": CALIBRATED}, title="t"
    ),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_is_drawn_light_and_dark(name):
    assert is_shown_light_and_dark(DRAWINGS[name]())


def test_every_drawing_function_is_tested_here():
    assert drawing_functions(curves) == {name.split(",")[0] for name in DRAWINGS}


def test_reliable_points_are_where_sure_and_right_meet():
    first, _ = DRAWINGS["reliability_diagrams"]().axes
    assert first.collections[-1].get_offsets().tolist() == [[0.5, 0.4], [0.9, 0.6]]
    small, large = first.collections[-1].get_sizes()
    assert large > small and first.get_title() == "known\ncalibration error: 25.0 points"


def test_histories_are_thin_lines_and_their_mean_a_thick_one():
    other = {name: [value + 0.2 for value in values] for name, values in HISTORY.items()}
    figure = plotting.repeated_training_curves({"one": [HISTORY, other]}, title="t", quantities=["accuracy"])
    (axis,) = figure.axes
    thick = {line.get_linestyle(): list(line.get_ydata()) for line in axis.lines if line.get_linewidth() > 2}
    assert thick["-"] == pytest.approx([0.4, 0.5]) and thick["--"] == pytest.approx([0.3, 0.7])
    thin = [list(line.get_ydata()) for line in axis.lines if line.get_linewidth() < 1 and line.get_linestyle() == "-"]
    assert thin == [pytest.approx([0.3, 0.4]), pytest.approx([0.5, 0.6])] and list(axis.lines[0].get_xdata()) == [1, 2]
    with pytest.raises(FerError, match="`panels`"):
        plotting.repeated_training_curves({"one": []}, title="t")


def test_no_panel_of_histories_is_cut_off():
    higher = {**HISTORY, "loss": [9.0, 8.0]}
    figure = plotting.repeated_training_curves({"low": [HISTORY], "high": [higher]}, title="t", quantities=["loss"])
    assert all(axis.get_ylim()[0] == 0 and axis.get_ylim()[1] > 9 for axis in figure.axes)
