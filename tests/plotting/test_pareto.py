"""Accuracy against cost, lines with gaps, and what rounding leaves."""

from __future__ import annotations

from figures import drawing_functions, is_shown_light_and_dark
import numpy as np
import pytest

from fer_utils.core.errors import FerError
from fer_utils.plotting import pareto

SHARE = {"value": 0.5, "low": 0.4, "high": 0.6}
DRAWINGS = {
    "pareto_plot": lambda: pareto.pareto_plot(
        {"a": SHARE, "b": SHARE | {"value": 0.58}, "c": SHARE | {"value": 0.42}},
        {
            "parameters": {"a": 10, "b": 100, "c": 1000},
            "bytes": {"a": 5, "b": 9, "c": None},
            "ms": {"a": 1, "b": 2, "c": 3},
        },
        title="t",
        ylabel="y",
    ),
    "line_plot": lambda: pareto.line_plot(
        {"one": [(0.0, 0.5), (0.9, 0.4)], "two": [(0.5, None), (0.8, 0.2)]},
        title="t",
        xlabel="x",
        ylabel="y",
        percent_axes="xy",
        reference=("before", SHARE),
    ),
    "quantization_steps": lambda: pareto.quantization_steps(
        {"coarse": (np.linspace(-1, 1, 9), np.linspace(-1, 1, 9).round())}, title="t", xlabel="x", ylabel="y"
    ),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_is_drawn_light_and_dark(name):
    assert is_shown_light_and_dark(DRAWINGS[name]())


def test_every_drawing_function_is_tested_here():
    assert drawing_functions(pareto) == {name.split(",")[0] for name in DRAWINGS}


def test_lines_are_drawn_in_the_order_of_x_and_what_was_not_measured_is_a_gap():
    (axis,) = pareto.line_plot(
        {"one": [(0.9, 0.4), (0.5, None), (0.0, 0.5)]}, title="t", xlabel="x", ylabel="y", reference=("before", SHARE)
    ).axes
    assert np.array_equal(axis.lines[1].get_xdata(), [0.0, 0.5, 0.9]) and np.array_equal(
        axis.lines[1].get_ydata(), [0.5, np.nan, 0.4], equal_nan=True
    )


def test_what_is_left_of_numbers_is_one_faint_line_each():
    (axis,) = pareto.quantization_steps(
        {"coarse": (np.linspace(-1, 1, 9), np.linspace(-1, 1, 9).round())}, title="t", xlabel="x", ylabel="y"
    ).axes
    assert len(axis.collections[0].get_segments()) == 3 and len(axis.lines[1].get_xdata()) == 9


def test_a_cost_that_was_not_measured_leaves_its_point_out_of_that_panel_alone():
    figure = DRAWINGS["pareto_plot"]()
    shown = [{text.get_text() for text in axis.texts} for axis in figure.axes[:3]]
    assert shown == [{"a", "b", "c"}, {"a", "b"}, {"a", "b", "c"}]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a  a", "b  b", "c  c"]


def test_bad_input_is_one_clear_error():
    for cost in ({"b": 1}, {"a": None}):
        with pytest.raises(FerError, match="`costs`"):
            pareto.pareto_plot({"a": SHARE}, {"bytes": cost}, title="t", ylabel="y")
    with pytest.raises(FerError, match="`values`"):
        pareto.pareto_plot({}, {"bytes": {}}, title="t", ylabel="y")
    with pytest.raises(FerError, match="`series`"):
        pareto.line_plot({"nothing": []}, title="t", xlabel="x", ylabel="y")
    with pytest.raises(FerError, match="`panels`"):
        pareto.quantization_steps({"p": (np.ones(2), np.ones(3))}, title="t", xlabel="x", ylabel="y")
