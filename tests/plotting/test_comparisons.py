"""Figures that set measurements, intervals and people side by side."""

from __future__ import annotations

from figures import drawing_functions, is_shown_light_and_dark
import numpy as np
import pytest

from fer_utils import plotting
from fer_utils.core.errors import FerError
from fer_utils.plotting import comparisons

SHARE = {"value": 0.5, "low": 0.4, "high": 0.6}
DRAWINGS = {
    "agreement_scatter": lambda: plotting.agreement_scatter(
        {"near": {"a": (1.0, 1.1)}, "far": {"b": (0.1, 0.4)}}, title="One is outside", xlabel="x", ylabel="y"
    ),
    "correct_by_person": lambda: plotting.correct_by_person(
        [1, 0, 1, 1], ["a", "a", "b", "c"], title="t", xlabel="frames"
    ),
    "dot_plot": lambda: plotting.dot_plot(
        {"one": {"x": SHARE, "y": {"value": 0.9}}, "two": {"y": SHARE}},
        title="t",
        xlabel="x",
        reference_lines={"there": 0.92},
    ),
    "slope_charts": lambda: plotting.slope_charts(
        {"brow": ([1.0, 2.0], [2.0, 3.0])}, measurement_names=[("neutral", "angry")], title="t", ylabel="y"
    ),
    "differences_by_person": lambda: plotting.differences_by_person(
        {"a": 2, "b": -1, "c": 0}, mean={"value": 0.3, "low": -0.5, "high": 1.1}, title="t", ylabel="y"
    ),
    "strip_plot": lambda: plotting.strip_plot(
        {"people": [0.3, 0.5, 0.5, 0.8], "machine": [0.6]}, title="t", xlabel="x"
    ),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_is_drawn_light_and_dark(name):
    assert is_shown_light_and_dark(DRAWINGS[name]())


def test_every_drawing_function_is_tested_here():
    assert drawing_functions(comparisons) == {name.split(",")[0] for name in DRAWINGS}


def test_the_band_is_the_factor_that_was_asked_for():
    figure = plotting.agreement_scatter(
        {"k": {"a": (1.0, 1.0), "b": (2.0, 2.0)}}, title="t", xlabel="x", ylabel="y", factor=2.0
    )
    band = figure.axes[0].collections[0].get_paths()[0].vertices
    ratio = band[:, 1] / band[:, 0]
    assert ratio.min() == pytest.approx(0.5, rel=1e-6) and ratio.max() == pytest.approx(2.0, rel=1e-6)


def test_a_row_is_a_person_and_the_one_with_the_highest_accuracy_is_on_top():
    figure = plotting.correct_by_person([0, 1, 1, 1, 0, 0], ["b", "a", "a", "b", "c", "b"], title="t", xlabel="frames")
    axis = figure.axes[0]
    assert [text.get_text() for text in axis.get_yticklabels()] == ["a", "b", "c"]
    assert [text.get_text() for text in axis.texts] == ["100 %", "33 %", "0 %"]
    blocks = {}
    for part in axis.collections:
        for path in part.get_paths():
            (left, top), (right, _) = path.vertices.min(axis=0), path.vertices.max(axis=0)
            blocks[round(float(top)), round(float(left)), round(float(right))] = tuple(part.get_facecolor()[0][:3])
    assert set(blocks) == {(0, 0, 2), (1, 0, 1), (1, 1, 2), (1, 2, 3), (2, 0, 1)}
    assert blocks[0, 0, 2] == blocks[1, 1, 2] != blocks[1, 0, 1] == blocks[1, 2, 3] == blocks[2, 0, 1]


def test_dots_stand_at_their_values_with_their_intervals():
    axis = DRAWINGS["dot_plot"]().axes[0]
    lines = [(list(line.get_xdata()), line.get_ydata()[0], line) for line in axis.lines]
    assert [x for x, _, line in lines if len(x) == 2 and line.get_linestyle() == "-"] == [
        [0.4, 0.6]
    ] * 2  # a value without an interval has none
    assert [x for x, _, line in lines if line.get_linestyle() == ":"] == [[0.92, 0.92]]
    points = {(x[0], round(y)): line for x, y, line in lines if len(x) == 1}
    assert set(points) == {(0.5, 0), (0.9, 0), (0.5, 1)}
    y_above, y_below = points[0.9, 0], points[0.5, 1]
    assert (
        y_above.get_color() == y_below.get_color() != points[0.5, 0].get_color()
        and y_above.get_marker() == y_below.get_marker()
    )


def test_differences_go_from_the_largest_loss_to_the_largest_gain():
    axis = DRAWINGS["differences_by_person"]().axes[0]
    assert [text.get_text() for text in axis.get_xticklabels()] == ["b", "c", "a"]
    assert [bar.get_height() for bar in axis.patches if bar.get_width() < 1] == [-1, 0, 2]


def test_every_person_is_a_dot():
    axis = DRAWINGS["strip_plot"]().axes[0]
    dots = [
        tuple(np.round((line.get_xdata()[0], line.get_ydata()[0]), 3))
        for line in axis.lines
        if len(line.get_xdata()) == 1
    ]
    assert sorted(x for x, _ in dots) == [0.3, 0.5, 0.5, 0.6, 0.8] and len(set(dots)) == 5  # equal shares are piled up


def test_no_number_is_struck_through_by_a_mark():
    near, far = {"value": 0.86, "low": 0.84, "high": 0.88}, {"value": 0.5, "low": 0.4, "high": 0.6}
    (axis,) = plotting.dot_plot(
        {"a": {"x": near}, "b": {"x": far}}, title="t", xlabel="x", reference_lines={"there": 0.92}
    ).axes
    sides = {text.get_text(): (text.xy[0], text.get_ha()) for text in axis.texts}
    assert sides["86.0"] == (0.84, "right") and sides["50.0"] == (0.6, "left")


def test_bad_input_is_one_clear_error():
    with pytest.raises(FerError, match="points above 0"):
        plotting.agreement_scatter({"k": {"a": (0.0, 1.0)}}, title="t", xlabel="x", ylabel="y")
    with pytest.raises(FerError, match="`correct`"):
        plotting.correct_by_person([1, 0], ["a"], title="t", xlabel="x")
    with pytest.raises(FerError, match="`rows`"):
        plotting.dot_plot({}, title="t", xlabel="x")
    with pytest.raises(FerError, match="`panels`"):
        plotting.slope_charts({"p": ([1.0], [1.0, 2.0])}, measurement_names=[("a", "b")], title="t", ylabel="y")
    with pytest.raises(FerError, match="`differences`"):
        plotting.differences_by_person({}, title="t", ylabel="y")
    with pytest.raises(FerError, match="`groups`"):
        plotting.strip_plot({"nobody": []}, title="t", xlabel="x")


def test_ticks_of_differences_are_what_they_are():
    """2.5 points were once written as +2, and 7.5 as +8."""
    figure = plotting.dot_plot({"one": {"x": SHARE | {"value": 0.01}}}, title="t", xlabel="x", differences=True)
    said = [figure.axes[0].xaxis.get_major_formatter()(share, 0) for share in (0.1, 0.025, 0.0, -1e-12, -0.075)]
    assert said == ["+10", "+2.5", "0", "0", "-7.5"]
