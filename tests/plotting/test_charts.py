"""Bars, scatter plots and histograms: what they show is what they were given."""

from __future__ import annotations

from figures import contrast, drawing_functions, is_shown_light_and_dark
import numpy as np
import pandas as pd
import pytest

from fer_utils import plotting
from fer_utils.plotting import charts, style

DRAWINGS = {
    "bars": lambda: plotting.bars(
        {"a": {"value": 0.5, "low": 0.4, "high": 0.6}, "b": 0.2},
        title="t",
        xlabel="accuracy",
        percent=True,
        highlight="a",
    ),
    "bars, log": lambda: plotting.bars({"a": 542_136, "b": 25_636_712}, title="t", xlabel="parameters", log=True),
    "stacked_bars": lambda: plotting.stacked_bars(
        pd.DataFrame({"x": [1, 2], "y": [3, 4]}, index=["a", "b"]), title="t", xlabel="clips"
    ),
    "stacked_shares": lambda: plotting.stacked_shares({"parameters": pd.Series({"conv": 9, "dense": 91})}, title="t"),
    "log_scatter": lambda: plotting.log_scatter(
        pd.Series({"a": 1.0, "b": 100.0}),
        pd.Series({"a": 2.0, "b": 3.0}),
        title="t",
        xlabel="x",
        ylabel="y",
        highlight="a",
    ),
    "weight_histograms": lambda: plotting.weight_histograms(
        {"one": np.array([0.0, 0.1, 0.2]), "two": np.array([1e-3])}, title="t", xlabel="w"
    ),
    "grouped_bars": lambda: plotting.grouped_bars(
        {"first": {"one": 0.5, "two": 0.6}, "second": {"one": 0.1, "two": 0.9}}, title="t", xlabel="x"
    ),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_is_drawn_light_and_dark(name):
    assert is_shown_light_and_dark(DRAWINGS[name]())


def test_every_drawing_function_is_tested_here():
    assert drawing_functions(charts) == {name.split(",")[0] for name in DRAWINGS}


def test_the_names_on_shares_can_be_read_on_light_and_on_dark_paper():
    parts = pd.Series({"conv1": 30, "conv2": 20, "conv3": 20, "dense": 30})
    figure = plotting.stacked_shares({"parameters": parts}, title="t")

    def ratios():
        axis = figure.axes[0]
        bars = [bar.get_facecolor()[:3] for bar in axis.patches]
        return [contrast(text.get_color(), bar) for text, bar in zip(axis.texts, bars, strict=True)]

    assert min(ratios()) >= 4.5
    with style.dark_colours(figure):
        assert min(ratios()) >= 4.5
