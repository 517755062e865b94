"""Bars, scatter plots, histograms and tables of shares: what they show is what they were given."""

from __future__ import annotations

from types import SimpleNamespace

from figures import drawing_functions, is_shown_light_and_dark
from matplotlib.colors import to_rgb
import numpy as np
import pandas as pd
import pytest

from fer_utils import plotting
from fer_utils.core.errors import FerError
from fer_utils.plotting import charts, style


def table(rows=3, columns=4, scale=1.0):
    return pd.DataFrame(
        np.arange(rows * columns).reshape(rows, columns) * scale,
        index=list("abc")[:rows],
        columns=list("wxyz")[:columns],
    )


CONFUSED = SimpleNamespace(labels=["neutral", "happy"], confusion=np.array([[3, 1], [0, 0]]))
DRAWINGS = {
    "confusion_matrix": lambda: plotting.confusion_matrix(CONFUSED, title="Mostly right"),
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
    "heatmaps": lambda: plotting.heatmaps(
        {"one": table(), "two": table(scale=0.1)}, title="They agree", xlabel="x", ylabel="y"
    ),
    "heatmaps, per cent": lambda: plotting.heatmaps(
        {"one": table(scale=0.05)}, title="Alone", xlabel="x", ylabel="y", percent=True, vmax=1.0
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


def contrast(one: str, other) -> float:
    """The contrast ratio of two colours, by WCAG's definition."""
    levels = [np.array(to_rgb(colour)) for colour in (one, other)]
    linear = [np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4) for level in levels]
    low, high = sorted(float(level @ (0.2126, 0.7152, 0.0722)) for level in linear)
    return (high + 0.05) / (low + 0.05)


def test_the_numbers_of_a_heat_map_can_be_read_on_every_cell():
    shares = pd.DataFrame([np.linspace(0, 0.45, 10), np.linspace(0.5, 1, 10), [np.nan, *np.linspace(0.2, 0.6, 9)]])
    figure = plotting.heatmaps({"x": shares}, vmax=1.0, percent=True, title="t", xlabel="x", ylabel="y")
    cells = figure.axes[0].collections[0].get_facecolors().reshape(3, 10, 4)
    texts = [text for text in figure.axes[0].texts if text.get_text()]
    assert len(texts) >= 28
    for text in texts:
        x, y = text.get_position()
        assert contrast(text.get_color(), cells[int(y), int(x), :3]) >= 4.5, text.get_text()


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
