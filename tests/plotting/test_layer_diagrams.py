"""Layer diagrams: what they claim is counted in Keras, and what a ReLU loses is what the coins say."""

from __future__ import annotations

from figures import drawing_functions, is_shown_light_and_dark
from matplotlib.patches import FancyArrowPatch
import numpy as np
import pytest

from fer_utils import models
from fer_utils.core.errors import FerError
from fer_utils.exercises import ch10
from fer_utils.plotting import layer_diagrams, narrow, network_diagrams, style


@pytest.mark.parametrize(
    "mask, layer",
    [
        (layer_diagrams.full_mask(6, 4), lambda layers: layers.Conv2D(6, 3, use_bias=False)),
        (layer_diagrams.depthwise_mask(4, 5), lambda layers: layers.DepthwiseConv2D(5, use_bias=False)),
        (layer_diagrams.pointwise_mask(6, 4), lambda layers: layers.Conv2D(6, 1, use_bias=False)),
    ],
    ids=["full", "depthwise", "1x1"],
)
def test_a_drawing_has_as_many_squares_as_the_layer_has_weights(mask, layer):
    import keras

    network = keras.Sequential([keras.Input((9, 9, 4)), layer(keras.layers)])
    assert mask.sum() == models.profile(network).parameters


@pytest.mark.parametrize(
    "case", [(9, 12, 4, 4, 6, 3, 1), (9, 12, 4, 6, 2, 5, 2), (11, 7, 5, 5, 1, 3, 2), (8, 8, 3, 4, 3, 3, 3)]
)
def test_the_graders_counts_are_those_of_a_built_block(case):
    import keras

    height, width, inputs, outputs, expansion, kernel, stride = case
    layers = keras.layers
    wide = expansion * inputs
    first = (
        [layers.Conv2D(wide, 1, use_bias=False), layers.BatchNormalization(), layers.ReLU(6.0)] if expansion > 1 else []
    )
    network = keras.Sequential(
        [
            keras.Input((height, width, inputs)),
            *first,
            layers.DepthwiseConv2D(kernel, strides=stride, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(6.0),
            layers.Conv2D(outputs, 1, use_bias=False),
            layers.BatchNormalization(),
        ]
    )
    counted = models.profile(network)
    assert ch10._reference(*case) == (counted.parameters, counted.macs)


def test_what_a_relu_loses_is_what_the_coins_say():
    assert (
        layer_diagrams.probability_lost(2, 2) == 3 / 4
        and layer_diagrams.probability_lost(2, 5) == 6 / 32
        and layer_diagrams.probability_lost(3, 2) == 1
    )
    points = np.random.default_rng(0).normal(size=(300, 3))
    for channels in (3, 6, 9):
        measured = np.mean(
            [layer_diagrams.reconstruct_after_relu(points, channels, seed=seed)[1].mean() for seed in range(300)]
        )
        assert measured == pytest.approx(layer_diagrams.probability_lost(3, channels), abs=0.03)


def test_without_a_relu_everything_comes_back_and_a_lost_point_has_a_twin():
    curve = layer_diagrams.spiral(100)
    back, lost = layer_diagrams.reconstruct_after_relu(curve, 2, relu=False)
    assert not lost.any() and np.allclose(back, curve)
    _, lost = layer_diagrams.reconstruct_after_relu(curve, 3, seed=4)
    matrix = np.random.default_rng(4).normal(size=(2, 3))
    for point, gone in zip(curve, lost, strict=True):
        near = [point + 1e-9 * np.array([np.cos(a), np.sin(a)]) for a in np.linspace(0, np.pi, 1800, endpoint=False)]
        moved = np.abs(np.maximum(np.array(near) @ matrix, 0) - np.maximum(point @ matrix, 0)).max(axis=1).min() / 1e-9
        assert (moved < 0.01) == gone, "there is a direction in which nothing changes, or there is none"


DRAWINGS = {
    "kernel_diagram": lambda: layer_diagrams.kernel_diagram(
        {"full": layer_diagrams.full_mask(2, 3), "1×1": layer_diagrams.pointwise_mask(2, 3)}, title="t", colours=(0, 3)
    ),
    "block_diagram": lambda: layer_diagrams.block_diagram(
        {"inverted": (4, "1×1", 24, "3×3", 24, "1×1", 4), "other": (4, "3×3", 8)}, title="t"
    ),
    "branch_diagram": lambda: layer_diagrams.branch_diagram(
        {"sees 1": ["1×1"], "sees 3": ["pool", "3×3"]}, top="face", bottom="joined", title="t"
    ),
    "network_diagram": lambda: network_diagrams.network_diagram(
        {"face": (20, 20, 1), "conv": (10, 10, 8), "flatten": (800,)}, title="t"
    ),
    "reconstructed_curves": lambda: layer_diagrams.reconstructed_curves(
        {"one": layer_diagrams.reconstruct_after_relu(layer_diagrams.spiral(), 3)}, title="t"
    ),
    "labelled_lines": lambda: layer_diagrams.labelled_lines(
        {"a": ([1, 2], [0.5, 0.1]), "b": ([1, 2], [0.2, 1e-9])},
        measured={"a": ([1], [0.4])},
        reference_lines={"m": 0.3},
        y_min=1e-6,
        title="t",
        xlabel="x",
        ylabel="y",
    ),
    "labelled_lines, shares": lambda: layer_diagrams.labelled_lines(
        {"a": ([1, 2], [0.5, 0.1])},
        log_y=False,
        log2_x=True,
        percent_y=True,
        y_min=0,
        title="t",
        xlabel="x",
        ylabel="y",
    ),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_is_drawn_light_and_dark(name):
    assert is_shown_light_and_dark(DRAWINGS[name](), black_on_grey=name == "branch_diagram")


def test_every_drawing_function_is_tested_here():
    assert drawing_functions(layer_diagrams, network_diagrams) == {name.split(",")[0] for name in DRAWINGS}


def arrows(axis):
    from matplotlib.patches import FancyArrowPatch

    return [patch for patch in axis.patches if isinstance(patch, FancyArrowPatch)]


def test_a_shortcut_joins_equal_ends_only_and_arrows_turn_light_on_dark_paper():
    joined, not_joined = DRAWINGS["block_diagram"]().axes
    assert len(arrows(joined)) == 3 + 1 and len(arrows(not_joined)) == 1
    (axis,) = DRAWINGS["branch_diagram"]().axes
    assert len(arrows(axis)) == 2 + 3
    with style.dark_colours(axis.figure):
        assert {max(arrow.get_edgecolor()[:3]) > 0.8 for arrow in arrows(axis)} == {True}


def test_maps_are_drawn_to_scale_and_described():
    figure = DRAWINGS["network_diagram"]()
    (axis,) = figure.axes
    heights = [patch.get_height() for patch in axis.patches]
    assert heights[:-1] == [1.0] + 4 * [0.5] and 0.08 < heights[-1] < 0.6
    assert "face 20 × 20 × 1; conv 10 × 10 × 8; flatten 800" in figure.description
    assert not narrow.can_be_narrow(figure), "on a telephone the layers' names would lie over each other"


@pytest.mark.parametrize(
    "call, word",
    [
        (lambda: network_diagrams.network_diagram({}, title="t"), "`outputs`"),
        (lambda: network_diagrams.network_diagram({"a": (3, 3)}, title="t"), "`outputs`"),
        (lambda: layer_diagrams.kernel_diagram({"a": np.ones((2, 2))}, title="t"), "`masks`"),
        (lambda: layer_diagrams.block_diagram({"a": (4, "1×1")}, title="t"), "`blocks`"),
        (lambda: layer_diagrams.branch_diagram({}, top="a", bottom="b", title="t"), "`branches`"),
        (lambda: layer_diagrams.labelled_lines({}, title="t", xlabel="x", ylabel="y"), "`series`"),
        (lambda: layer_diagrams.reconstruct_after_relu(np.ones(3), 2), "`points`"),
        (lambda: layer_diagrams.probability_lost(0, 2), "`dimensions`"),
        (lambda: layer_diagrams.full_mask(0, 2), "`outputs`"),
    ],
)
def test_the_impossible_is_named(call, word):
    with pytest.raises(FerError, match=word):
        call()


def test_no_arrow_reaches_into_a_box_also_where_boxes_are_higher():
    """On a telephone the steps stand in two lines; arrows of fixed length would end behind them."""
    branches = {name: ["average pool 2×2", "3×3, stride 2", "max pool 3×3"] for name in ("one", "two", "three", "four")}
    figure = layer_diagrams.branch_diagram(branches, top="in", bottom="out", title="t")

    def inside():
        figure.draw_without_rendering()
        axis = figure.axes[0]
        boxes = [text.get_bbox_patch() for text in axis.texts if text.get_bbox_patch() is not None]
        outlines = [box.get_transform().transform_path(box.get_path()).get_extents().padded(-1) for box in boxes]
        arrows = [patch for patch in axis.patches if isinstance(patch, FancyArrowPatch)]
        assert len(arrows) == 16 and len(boxes) == 12
        ends = [arrow.get_window_extent() for arrow in arrows]
        return sum(end.count_overlaps(outlines) for end in ends), sum(outline.height for outline in outlines)

    touched, height = inside()
    assert touched == 0
    with narrow.narrowed(figure):
        touched, higher = inside()
        assert touched == 0 and higher > 1.5 * height
