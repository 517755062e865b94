"""Figures of smaller networks: their titles follow from the data."""

from __future__ import annotations

from figures import drawing_functions, is_shown_light_and_dark
import pandas as pd
import pytest

from fer_utils.compress.roofline import Ceilings
from fer_utils.core.errors import FerError
from fer_utils.plotting import compression_figures

SHARE = {"value": 0.5, "low": 0.4, "high": 0.6}
CURVES = {"conv1": [(0, 1), (0.8, 0.4)], "conv2": [(0, 1), (0.8, 0.9)]}
ROOF = Ceilings(peak=100e9, bandwidth=20e9)
LINKS = pd.DataFrame([[10.0, 30.0], [10.0, 2.5]], index=["slow", "fast"], columns=["face", "network"])
PASSED = {"lit": {"own": 1.0, "others": 0.97}, "dark": {"own": 1.0, "others": 0.31}}
DRAWINGS = {
    "layer_sensitivity": lambda: compression_figures.layer_sensitivity(
        CURVES, xlabel="share of the weights at zero", at=0.8
    ),
    "accuracies": lambda: compression_figures.accuracies({"a": SHARE, "b": SHARE}, title="t"),
    "roofline": lambda: compression_figures.roofline({"whole": (18, 60e9), "half": (4, 20e9)}, ROOF),
    "frame_shares": lambda: compression_figures.frame_shares(LINKS),
    "calibration_check": lambda: compression_figures.calibration_check(PASSED),
    "labels_by_bits": lambda: compression_figures.labels_by_bits({"a": [(2, 0.2), (4, 0.9), (8, 1.0)]}),
}


def title(figure) -> str:
    return figure.get_suptitle()


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_is_drawn_light_and_dark(name):
    assert is_shown_light_and_dark(DRAWINGS[name]())


def test_every_drawing_function_is_tested_here():
    assert drawing_functions(compression_figures) == set(DRAWINGS)


def test_the_most_sensitive_layer_is_named():
    assert title(DRAWINGS["layer_sensitivity"]()) == "Most sensitive is conv1: 40 % keep their label at 80 %"
    bits = {"a": [(2, 0.7), (4, 1.0)], "b": [(2, 0.6), (4, 0.1)]}
    made = compression_figures.layer_sensitivity(bits, xlabel="bits of the weights", at=2)
    assert title(made) == "Most sensitive is b: 60 % keep their label at 2 bits"
    made = compression_figures.layer_sensitivity({"a": [(4, 1.0)], "b": [(4, 1.0)]}, xlabel="bits", at=4)
    assert title(made) == "No layer is sensitive at 4 bits: all faces keep their label"


def test_titles_say_what_was_measured():
    assert title(DRAWINGS["frame_shares"]()) == "The network's share of a frame: from 75 % to 20 %"
    assert title(DRAWINGS["calibration_check"]()) == "Dark: 100.0 % in its own check, 31.0 % on others"
    assert title(DRAWINGS["labels_by_bits"]()) == "Bits and labels kept: 100.0 % with 8, 20.0 % with 2"


def test_the_roof_has_its_ridge_where_both_limits_meet():
    (axis,) = DRAWINGS["roofline"]().axes
    x, y = axis.lines[0].get_data()
    assert y.max() == pytest.approx(100) and y[0] == pytest.approx(20 * x[0])
    assert (y[x > 5.01] == 100).all() and (y[x < 4.99] < 100).all()
    assert list(axis.lines[1].get_ydata()) == [60, 20]
    assert title(DRAWINGS["roofline"]()) == "Of the roof, the first network reaches 60 % and the last 25 %"


def test_a_name_gives_way_to_the_point_before_it():
    (axis,) = compression_figures.roofline({"a": (18, 60e9), "b": (9, 50e9), "c": (8, 51e9)}, ROOF).axes
    assert [text.get_ha() for text in axis.texts] == ["left", "left", "right", "right"]  # the last is the roof's


def test_bits_are_whole_numbers_on_the_axis():
    figure = compression_figures.layer_sensitivity({"a": [(2, 0.7), (6, 1.0)]}, xlabel="bits", at=2)
    assert all(tick == int(tick) for tick in figure.axes[0].get_xticks())


def test_bad_input_is_one_clear_error():
    with pytest.raises(FerError, match="`at`"):
        compression_figures.layer_sensitivity(CURVES, xlabel="share of the weights", at=0.5)
    for points in ({}, {"a": (0, 1)}, {"a": (1, float("nan"))}):
        with pytest.raises(FerError, match="`points`"):
            compression_figures.roofline(points, ROOF)
