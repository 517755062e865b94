"""Confusion matrices and heat maps: what they show is what they were given, and can be read."""

from __future__ import annotations

from types import SimpleNamespace

from figures import contrast, drawing_functions, is_shown_light_and_dark
import numpy as np
import pandas as pd
import pytest

from fer_utils import plotting
from fer_utils.core.errors import FerError
from fer_utils.plotting import heat_maps


def table(rows=3, columns=4, scale=1.0):
    return pd.DataFrame(
        np.arange(rows * columns).reshape(rows, columns) * scale,
        index=list("abc")[:rows],
        columns=list("wxyz")[:columns],
    )


CONFUSED = SimpleNamespace(labels=["neutral", "happy"], confusion=np.array([[3, 1], [0, 0]]))
DRAWINGS = {
    "confusion_matrix": lambda: plotting.confusion_matrix(CONFUSED, title="Mostly right"),
    "heatmaps": lambda: plotting.heatmaps(
        {"one": table(), "two": table(scale=0.1)}, title="They agree", xlabel="x", ylabel="y"
    ),
    "heatmaps, per cent": lambda: plotting.heatmaps(
        {"one": table(scale=0.05)}, title="Alone", xlabel="x", ylabel="y", percent=True, vmax=1.0
    ),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_is_drawn_light_and_dark(name):
    assert is_shown_light_and_dark(DRAWINGS[name]())


def test_every_drawing_function_is_tested_here():
    assert drawing_functions(heat_maps) == {name.split(",")[0] for name in DRAWINGS}


def test_heat_maps_share_one_scale():
    figure = DRAWINGS["heatmaps"]()
    limits = {axis.collections[0].get_clim() for axis in figure.axes if axis.collections}
    assert limits == {(0.0, 11.0)}


def test_zeros_and_losses_are_written_where_they_are_asked_for():
    shares = pd.DataFrame([[0.23, 0.002], [-0.021, -0.004], [np.nan, 1.0]])
    texts = [
        [
            text.get_text()
            for text in plotting.heatmaps(
                {"gap": shares}, title="t", xlabel="x", ylabel="y", percent=True, show_zeros=zeros
            )
            .axes[0]
            .texts
        ]
        for zeros in (False, True)
    ]
    assert texts == [["23", "", "-2", "", "100"], ["23", "0", "-2", "0", "100"]]


def test_bad_input_is_one_clear_error():
    with pytest.raises(FerError, match="`tables`"):
        plotting.heatmaps({"one": table(), "two": table(2)}, title="t", xlabel="x", ylabel="y")
    with pytest.raises(FerError, match="`tables`"):
        plotting.heatmaps({}, title="t", xlabel="x", ylabel="y")


def test_a_confusion_matrix_shows_shares_of_each_true_label():
    texts = [text.get_text() for text in plotting.confusion_matrix(CONFUSED, title="t").axes[0].texts]
    assert texts == ["75", "25", "", ""]  # a label that never occurs is an empty row, not a division by zero


def test_the_numbers_of_a_heat_map_can_be_read_on_every_cell():
    shares = pd.DataFrame([np.linspace(0, 0.45, 10), np.linspace(0.5, 1, 10), [np.nan, *np.linspace(0.2, 0.6, 9)]])
    figure = plotting.heatmaps({"x": shares}, vmax=1.0, percent=True, title="t", xlabel="x", ylabel="y")
    cells = figure.axes[0].collections[0].get_facecolors().reshape(3, 10, 4)
    texts = [text for text in figure.axes[0].texts if text.get_text()]
    assert len(texts) >= 28
    for text in texts:
        x, y = text.get_position()
        assert contrast(text.get_color(), cells[int(y), int(x), :3]) >= 4.5, text.get_text()
