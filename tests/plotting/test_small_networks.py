"""Differences beside a margin, and the places that a weighted pool hears."""

from __future__ import annotations

from figures import drawing_functions, is_shown_light_and_dark
import numpy as np
import pytest

from fer_utils import plotting
from fer_utils.core.errors import FerError
from fer_utils.plotting import small_networks

ROWS = {
    "minus one": {"value": 0.01, "low": -0.02, "high": 0.04},
    "minus two": {"value": -0.05, "low": -0.09, "high": 0},
}
EVEN, LOWER = np.full((4, 3, 2), 1 / 12), np.ones((4, 3, 2)) * np.array([1, 1, 2, 4])[:, None, None]
DRAWINGS = {
    "difference_plot": lambda: plotting.difference_plot(ROWS, title="t", xlabel="points", margin=0.01),
    "difference_plot, no margin": lambda: plotting.difference_plot(ROWS, title="t", xlabel="points"),
    "place_weights": lambda: plotting.place_weights(EVEN, LOWER),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_is_drawn_light_and_dark(name):
    assert is_shown_light_and_dark(DRAWINGS[name]())


def test_every_drawing_function_is_tested_here():
    assert drawing_functions(small_networks) == {name.split(",")[0] for name in DRAWINGS}


def test_the_axis_holds_all_intervals_zero_and_the_margin():
    for rows in (ROWS, {"far": {"value": 0.3, "low": 0.2, "high": 0.4}}):
        (axis,) = plotting.difference_plot(rows, title="t", xlabel="points", margin=0.01).axes
        low, high = axis.get_xlim()
        assert low < min([-0.01, *(row["low"] for row in rows.values())])
        assert high > max([0, *(row["high"] for row in rows.values())])
        assert {text.get_text() for text in axis.texts} >= {"0", "−δ"}


@pytest.mark.parametrize("rows, margin", [({}, None), (ROWS, 0), (ROWS, -0.01)])
def test_what_cannot_be_drawn_is_refused(rows, margin):
    with pytest.raises(FerError, match=r"`rows`|`margin`"):
        plotting.difference_plot(rows, title="t", xlabel="points", margin=margin)


@pytest.mark.parametrize(
    "kernel, words",
    [(LOWER, "lower half weighs 3.0 times"), (-LOWER[::-1], "upper half weighs 3.0"), (EVEN, "places weigh the same")],
)
def test_the_title_names_the_heavier_half_whatever_the_sign(kernel, words):
    figure = plotting.place_weights(EVEN, kernel)
    assert words in figure.description
    assert words in figure.get_suptitle() or any(words in axis.get_title(loc="left") for axis in figure.axes)


def test_a_small_map_has_its_numbers_in_its_cells():
    figure = plotting.place_weights(EVEN, LOWER)
    written = [text.get_text() for axis in figure.axes for text in axis.texts]
    assert written[0] == "1.00" and len(set(written)) > 1


@pytest.mark.parametrize("kernel", [LOWER[:2], LOWER[:1], LOWER[..., 0]])
def test_kernels_of_other_shapes_are_refused(kernel):
    with pytest.raises(FerError, match="`after`"):
        plotting.place_weights(EVEN, kernel)
