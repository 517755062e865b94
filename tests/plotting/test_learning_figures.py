"""Lines over steps, curves of training and validation, living units: what is drawn, and in which colour."""

from __future__ import annotations

from figures import drawing_functions, is_shown_light_and_dark
import numpy as np
import pytest

from fer_utils import plotting
from fer_utils.core.errors import FerError
from fer_utils.plotting import learning_figures

HISTORY = {
    "loss": [2.0, 1.2, 0.8],
    "accuracy": [0.2, 0.5, 0.7],
    "validation_loss": [2.1, 1.8, 1.9],
    "validation_accuracy": [0.2, 0.3, 0.35],
}


def answer(*living, units=16):
    """An answer of the study ``dead_units``: an arm for each list of trainings."""
    trainings = [[{"seed": n, "steps": [0, 18, 72], "living": one} for n, one in enumerate(arm)] for arm in living]
    return {"rows": [{"name": f"arm {n}", "units": units, "trainings": some} for n, some in enumerate(trainings)]}


DRAWINGS = {
    "line_chart": lambda: plotting.line_chart(
        {"one": ([1, 2, 3], [2.0, np.nan, 1.0]), "two": ([1, 2], [0.5, 0.7])},
        title="t",
        xlabel="step",
        ylabel="loss",
        marks={"here": 2},
    ),
    "learning_curves": lambda: plotting.learning_curves(HISTORY, title="t", chance=0.125),
    "living_units": lambda: plotting.living_units(answer([[9, 0, 4], [9, 0, 0]], [[8, 7, 6]]), title="t"),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_is_drawn_light_and_dark(name):
    assert is_shown_light_and_dark(DRAWINGS[name]())


def test_every_drawing_function_is_tested_here():
    assert drawing_functions(learning_figures) == set(DRAWINGS)


def test_a_logarithmic_axis_a_mark_and_the_top():
    figure = plotting.line_chart(
        {"one": ([1e-5, 1e-3, 1], [2, 1, 9])},
        title="t",
        xlabel="rate",
        ylabel="loss",
        log=True,
        marks={"m": 0.01},
        top=4,
    )
    (axis,) = figure.axes
    assert axis.get_xscale() == "log" and axis.get_ylim() == (0, 4) and not figure.legends
    assert list(axis.lines[1].get_xdata()) == [0.01, 0.01]


@pytest.mark.parametrize("lines", [{}, {"one": ([], [])}, {"one": ([1, 2], [1])}])
def test_lines_without_points_are_refused(lines):
    with pytest.raises(FerError, match="`lines`"):
        plotting.line_chart(lines, title="t", xlabel="x", ylabel="y")


def test_training_is_dashed_validation_solid_and_both_scales_begin_at_zero():
    losses, shares = DRAWINGS["learning_curves"]().axes
    assert [(line.get_linestyle(), list(line.get_ydata())) for line in losses.lines] == [
        ("--", HISTORY["loss"]),
        ("-", HISTORY["validation_loss"]),
    ]
    assert losses.get_ylim()[0] == shares.get_ylim()[0] == 0 and losses.get_ylim()[1] > 2.1
    assert list(shares.lines[2].get_ydata()) == [0.125, 0.125]


def test_a_layer_without_a_living_unit_at_the_end_has_another_colour():
    figure = DRAWINGS["living_units"]()
    first, second, *rest = figure.axes
    colours = [line.get_color() for line in first.lines]
    assert colours == [plotting.PALETTE[0], plotting.PALETTE[3]] and [len(a.lines) for a in (first, second)] == [2, 1]
    assert rest == []
    for arms, hidden in ((4, 0), (5, 1)):
        many = plotting.living_units(answer(*[[[1, 2, 3]]] * arms), title="t")
        assert [axis.get_visible() for axis in many.axes] == [True] * arms + [False] * hidden
