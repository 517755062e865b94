"""Figures that set tables side by side."""

import re

import numpy as np
import pandas as pd
import pytest

from fer_utils import plotting
from fer_utils.core.errors import FerError
from fer_utils.faces import Box
from fer_utils.plotting import pareto


def table(rows=3, columns=4, scale=1.0):
    return pd.DataFrame(
        np.arange(rows * columns).reshape(rows, columns) * scale,
        index=list("abc")[:rows],
        columns=list("wxyz")[:columns],
    )


SHARE = {"value": 0.5, "low": 0.4, "high": 0.6}
CALIBRATED = {
    "bins": [
        {"low": 0.4, "high": 0.6, "n": 3, "confidence": 0.5, "accuracy": 0.4},
        {"low": 0.8, "high": 1.0, "n": 9, "confidence": 0.9, "accuracy": 0.6},
    ],
    "error": {"value": 0.25, "low": 0.1, "high": 0.4},
}

HISTORY = {"accuracy": [0.2, 0.6], "test_accuracy": [0.3, 0.4], "loss": [2.0, 1.0], "test_loss": [2.1, 1.8]}

DRAWINGS = {
    "heatmaps": lambda: plotting.heatmaps(
        {"one": table(), "two": table(scale=0.1)}, title="They agree", xlabel="x", ylabel="y"
    ),
    "heatmaps, per cent": lambda: plotting.heatmaps(
        {"one": table(scale=0.05)}, title="Alone", xlabel="x", ylabel="y", percent=True, most=1.0
    ),
    "against": lambda: plotting.against(
        {"near": {"a": (1.0, 1.1)}, "far": {"b": (0.1, 0.4)}}, title="One is outside", xlabel="x", ylabel="y"
    ),
    "witnesses": lambda: plotting.witnesses([1, 0, 1, 1], ["a", "a", "b", "c"], title="t", xlabel="frames"),
    "dots": lambda: plotting.dots(
        {"one": {"x": SHARE, "y": {"value": 0.9}}, "two": {"y": SHARE}}, title="t", xlabel="x", marks={"there": 0.92}
    ),
    "slopes": lambda: plotting.slopes(
        {"brow": ([1.0, 2.0], [2.0, 3.0])}, ends=[("neutral", "angry")], title="t", ylabel="y"
    ),
    "gains": lambda: plotting.gains(
        {"a": 2, "b": -1, "c": 0}, mean={"value": 0.3, "low": -0.5, "high": 1.1}, title="t", ylabel="y"
    ),
    "reliability": lambda: plotting.reliability({"known": CALIBRATED, "unknown": CALIBRATED}, title="t"),
    "histories": lambda: plotting.histories({"one": [HISTORY, HISTORY], "two": [HISTORY]}, title="t"),
    "strips": lambda: plotting.strips({"people": [0.3, 0.5, 0.5, 0.8], "machine": [0.6]}, title="t", xlabel="x"),
    "frontier": lambda: pareto.frontier(
        {"a": SHARE, "b": SHARE | {"value": 0.58}, "c": SHARE | {"value": 0.42}},
        {
            "parameters": {"a": 10, "b": 100, "c": 1000},
            "bytes": {"a": 5, "b": 9, "c": 2},
            "ms": {"a": 1, "b": 2, "c": 3},
        },
        title="t",
        ylabel="y",
    ),
    "lines": lambda: pareto.lines(
        {"one": [(0.0, 0.5), (0.9, 0.4)], "two": [(0.5, None), (0.8, 0.2)]},
        title="t",
        xlabel="x",
        ylabel="y",
        percent="xy",
        level=("before", SHARE),
    ),
    "staircases": lambda: pareto.staircases(
        {"coarse": (np.linspace(-1, 1, 9), np.linspace(-1, 1, 9).round())}, title="t", xlabel="x", ylabel="y"
    ),
    "pointed": lambda: plotting.pointed(
        plotting.blank(60), Box(10, 12, 30, 30, 1.0), {"found": np.full((68, 2), 20.0)}, title="t"
    ),
    "paired bars": lambda: plotting.paired_bars(
        {"first": {"one": 0.5, "two": 0.6}, "second": {"one": 0.1, "two": 0.9}}, title="t", xlabel="x"
    ),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_is_drawn_light_and_dark(name):
    page = plotting.figure_html(DRAWINGS[name](), alt="Two small tables of made-up numbers side by side.")
    assert len(re.findall("data:image/png;base64", page)) == 2 and 'class="fer-dark"' in page


def test_heat_maps_share_one_scale():
    figure = DRAWINGS["heatmaps"]()
    limits = {axis.collections[0].get_clim() for axis in figure.axes if axis.collections}
    assert limits == {(0.0, 11.0)}


def test_the_band_is_the_factor_that_was_asked_for():
    figure = plotting.against({"k": {"a": (1.0, 1.0), "b": (2.0, 2.0)}}, title="t", xlabel="x", ylabel="y", within=2.0)
    band = figure.axes[0].collections[0].get_paths()[0].vertices
    ratio = band[:, 1] / band[:, 0]
    assert ratio.min() == pytest.approx(0.5, rel=1e-6) and ratio.max() == pytest.approx(2.0, rel=1e-6)


def test_a_line_of_witnesses_is_a_person_and_the_best_read_is_on_top():
    figure = plotting.witnesses([0, 1, 1, 1, 0, 0], ["b", "a", "a", "b", "c", "b"], title="t", xlabel="frames")
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
    axis = DRAWINGS["dots"]().axes[0]
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


def test_gains_go_from_the_largest_loss_to_the_largest_gain():
    axis = DRAWINGS["gains"]().axes[0]
    assert [text.get_text() for text in axis.get_xticklabels()] == ["b", "c", "a"]
    assert [bar.get_height() for bar in axis.patches if bar.get_width() < 1] == [-1, 0, 2]


def test_reliable_points_are_where_sure_and_right_meet():
    first, second = DRAWINGS["reliability"]().axes
    assert first.collections[-1].get_offsets().tolist() == [[0.5, 0.4], [0.9, 0.6]]
    small, large = first.collections[-1].get_sizes()
    assert large > small and first.get_title() == "known\ncalibration error: 25.0 points"


def test_every_person_is_a_dot():
    axis = DRAWINGS["strips"]().axes[0]
    dots = [
        tuple(np.round((line.get_xdata()[0], line.get_ydata()[0]), 3))
        for line in axis.lines
        if len(line.get_xdata()) == 1
    ]
    assert sorted(x for x, _ in dots) == [0.3, 0.5, 0.5, 0.6, 0.8] and len(set(dots)) == 5  # equal shares are piled up


def test_zeros_and_losses_are_written_where_they_are_asked_for():
    shares = pd.DataFrame([[0.23, 0.002], [-0.021, -0.004], [np.nan, 1.0]])
    texts = [
        [
            text.get_text()
            for text in plotting.heatmaps({"gap": shares}, title="t", xlabel="x", ylabel="y", percent=True, zeros=zeros)
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
    with pytest.raises(FerError, match="points above 0"):
        plotting.against({"k": {"a": (0.0, 1.0)}}, title="t", xlabel="x", ylabel="y")
    with pytest.raises(FerError, match="`correct`"):
        plotting.witnesses([1, 0], ["a"], title="t", xlabel="x")
    with pytest.raises(FerError, match="`rows`"):
        plotting.dots({}, title="t", xlabel="x")
    with pytest.raises(FerError, match="`values`"):
        pareto.frontier({}, {"bytes": {}}, title="t", ylabel="y")
    with pytest.raises(FerError, match="`panels`"):
        plotting.slopes({"p": ([1.0], [1.0, 2.0])}, ends=[("a", "b")], title="t", ylabel="y")
    with pytest.raises(FerError, match="`differences`"):
        plotting.gains({}, title="t", ylabel="y")
    with pytest.raises(FerError, match="`rows`"):
        plotting.strips({"nobody": []}, title="t", xlabel="x")
    with pytest.raises(FerError, match="`series`"):
        pareto.lines({"nothing": []}, title="t", xlabel="x", ylabel="y")
    with pytest.raises(FerError, match="`panels`"):
        pareto.staircases({"p": (np.ones(2), np.ones(3))}, title="t", xlabel="x", ylabel="y")


def test_lines_are_drawn_in_the_order_of_x_and_what_was_not_measured_is_a_gap():
    (axis,) = pareto.lines(
        {"one": [(0.9, 0.4), (0.5, None), (0.0, 0.5)]}, title="t", xlabel="x", ylabel="y", level=("before", SHARE)
    ).axes
    assert np.array_equal(axis.lines[1].get_xdata(), [0.0, 0.5, 0.9]) and np.array_equal(
        axis.lines[1].get_ydata(), [0.5, np.nan, 0.4], equal_nan=True
    )


def test_what_is_left_of_numbers_is_one_faint_line_each():
    (axis,) = pareto.staircases(
        {"coarse": (np.linspace(-1, 1, 9), np.linspace(-1, 1, 9).round())}, title="t", xlabel="x", ylabel="y"
    ).axes
    assert len(axis.collections[0].get_segments()) == 3 and len(axis.lines[1].get_xdata()) == 9


def test_histories_are_thin_lines_and_their_mean_a_thick_one():
    other = {name: [value + 0.2 for value in values] for name, values in HISTORY.items()}
    figure = plotting.histories({"one": [HISTORY, other]}, title="t", what=["accuracy"])
    (axis,) = figure.axes
    thick = {line.get_linestyle(): list(line.get_ydata()) for line in axis.lines if line.get_linewidth() > 2}
    assert thick["-"] == pytest.approx([0.4, 0.5]) and thick["--"] == pytest.approx([0.3, 0.7])
    thin = [list(line.get_ydata()) for line in axis.lines if line.get_linewidth() < 1 and line.get_linestyle() == "-"]
    assert thin == [pytest.approx([0.3, 0.4]), pytest.approx([0.5, 0.6])] and list(axis.lines[0].get_xdata()) == [1, 2]
    with pytest.raises(FerError, match="`panels`"):
        plotting.histories({"one": []}, title="t")


def test_no_panel_of_histories_is_cut_off():
    higher = {**HISTORY, "loss": [9.0, 8.0]}
    figure = plotting.histories({"low": [HISTORY], "high": [higher]}, title="t", what=["loss"])
    assert all(axis.get_ylim()[0] == 0 and axis.get_ylim()[1] > 9 for axis in figure.axes)


def test_no_number_is_struck_through_by_a_mark():
    near, far = {"value": 0.86, "low": 0.84, "high": 0.88}, {"value": 0.5, "low": 0.4, "high": 0.6}
    (axis,) = plotting.dots({"a": {"x": near}, "b": {"x": far}}, title="t", xlabel="x", marks={"there": 0.92}).axes
    sides = {text.get_text(): (text.xy[0], text.get_ha()) for text in axis.texts}
    assert sides["86.0"] == (0.84, "right") and sides["50.0"] == (0.6, "left")
