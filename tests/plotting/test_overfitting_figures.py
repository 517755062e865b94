"""Chapter 5's figures: their titles say what is drawn, whatever that is."""

from __future__ import annotations

from figures import drawing_functions, is_shown_light_and_dark
import overfitting_answers as answers
import pytest

from fer_utils import plotting
from fer_utils.core.errors import FerError
from fer_utils.plotting import overfitting_figures

DRAWINGS = {
    "fit_curves": lambda: plotting.fit_curves({"one": answers.history(), "two": answers.history((2.0, 1.5, 1.4))}),
    "tool_curves": lambda: plotting.tool_curves(answers.tools()),
    "tool_curves, accuracy": lambda: plotting.tool_curves(answers.tools(), "accuracy"),
    "tool_differences": lambda: plotting.tool_differences(answers.tools()),
    "people_curves": lambda: plotting.people_curves(answers.people()),
    "sweep_maps": lambda: plotting.sweep_maps(answers.sweep()),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_is_drawn_light_and_dark(name):
    assert is_shown_light_and_dark(DRAWINGS[name]())


def test_every_drawing_function_is_tested_here():
    assert drawing_functions(overfitting_figures) == {name.split(",")[0] for name in DRAWINGS}


def title(figure) -> str:
    return figure.get_suptitle()


@pytest.mark.parametrize(
    "histories, said",
    [
        ({"a": answers.history((2.0, 1.5, 1.9))}, "From epoch 2 on only the training loss falls"),
        ({"a": answers.history((2.0, 1.5, 1.52))}, "has not risen"),
        ({"a": answers.history((2.0, 1.9))}, "has not risen"),
        ({"a": answers.history(), "b": answers.history((2.0, 1.5, 1.4))}, "With b the two losses end closer together"),
        ({"a": answers.history(), "b": answers.history((2.0, 1.5, 2.4))}, "With b the two losses end no closer"),
    ],
)
def test_the_title_of_a_training_says_what_its_losses_do(histories, said):
    assert said in title(plotting.fit_curves(histories))


def test_the_lowest_validation_loss_is_marked():
    _, axis = plotting.fit_curves({"a": answers.history((2.0, 1.5, 1.9))}).axes
    (dot,) = [line for line in axis.lines if line.get_marker() == "o"]
    assert (list(dot.get_xdata()), list(dot.get_ydata())) == ([2], [1.5])


@pytest.mark.parametrize(
    "dropout, said", [(0.60, "Shown to help strangers: dropout"), (0.50, "No tool is shown to help strangers")]
)
def test_a_tool_is_named_where_its_help_is_shown(dropout, said):
    made = plotting.tool_differences(answers.tools({"none": 0.5, "dropout": dropout, "L1": 0.49}))
    assert title(made) == said


def test_early_stopping_has_no_panel_of_its_own():
    panels = [axis.get_title() for axis in plotting.tool_curves(answers.tools()).axes if axis.lines]
    assert panels == ["no tool", "dropout", "all together"]


def test_people_are_on_a_scale_of_doublings_and_seeds_are_points():
    (axis,) = plotting.people_curves(answers.people()).axes
    assert axis.get_xscale() == "log" and list(axis.get_xticks()) == [3, 6, 12]
    assert sum(line.get_marker() == "." for line in axis.lines) == 5
    assert (
        title(plotting.people_curves(answers.people(more=(0.5, 0.4, 0.3)))) == "More people do not help strangers here"
    )


@pytest.mark.parametrize("ask", [lambda: plotting.fit_curves({}), lambda: plotting.tool_curves(answers.tools(), "gap")])
def test_what_cannot_be_drawn_is_named(ask):
    with pytest.raises(FerError, match=r"`(histories|quantity)`"):
        ask()
