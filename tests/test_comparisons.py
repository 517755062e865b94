"""Figures that set tables side by side."""

import re

import numpy as np
import pandas as pd
import pytest

from fer_utils import comparisons, figures
from fer_utils.errors import FerError


def table(rows=3, columns=4, scale=1.0):
    return pd.DataFrame(np.arange(rows * columns).reshape(rows, columns) * scale, index=list("abc")[:rows], columns=list("wxyz")[:columns])


DRAWINGS = {
    "heatmaps": lambda: comparisons.heatmaps({"one": table(), "two": table(scale=0.1)}, title="They agree", xlabel="x", ylabel="y"),
    "heatmaps, per cent": lambda: comparisons.heatmaps({"one": table(scale=0.05)}, title="Alone", xlabel="x", ylabel="y", percent=True, most=1.0),
    "against": lambda: comparisons.against({"near": {"a": (1.0, 1.1)}, "far": {"b": (0.1, 0.4)}}, title="One is outside", xlabel="x", ylabel="y"),
    "paired bars": lambda: comparisons.paired_bars({"first": {"one": 0.5, "two": 0.6}, "second": {"one": 0.1, "two": 0.9}}, title="t", xlabel="x"),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_is_drawn_light_and_dark(name):
    page = figures.figure_html(DRAWINGS[name](), alt="Two small tables of made-up numbers side by side.")
    assert len(re.findall("data:image/png;base64", page)) == 2 and 'class="fer-dark"' in page


def test_heat_maps_share_one_scale():
    figure = DRAWINGS["heatmaps"]()
    limits = {axis.collections[0].get_clim() for axis in figure.axes if axis.collections}
    assert limits == {(0.0, 11.0)}


def test_the_band_is_the_factor_that_was_asked_for():
    figure = comparisons.against({"k": {"a": (1.0, 1.0), "b": (2.0, 2.0)}}, title="t", xlabel="x", ylabel="y", within=2.0)
    band = figure.axes[0].collections[0].get_paths()[0].vertices
    ratio = band[:, 1] / band[:, 0]
    assert ratio.min() == pytest.approx(0.5, rel=1e-6) and ratio.max() == pytest.approx(2.0, rel=1e-6)


def test_bad_input_is_one_clear_error():
    with pytest.raises(FerError, match="`tables`"):
        comparisons.heatmaps({"one": table(), "two": table(2)}, title="t", xlabel="x", ylabel="y")
    with pytest.raises(FerError, match="`tables`"):
        comparisons.heatmaps({}, title="t", xlabel="x", ylabel="y")
    with pytest.raises(FerError, match="points above 0"):
        comparisons.against({"k": {"a": (0.0, 1.0)}}, title="t", xlabel="x", ylabel="y")
