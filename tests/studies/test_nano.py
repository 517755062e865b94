"""The book's own network keeps its budget, and each of its parts is what it says."""

import itertools

import numpy as np
import pytest

from fer_utils import models
from fer_utils.core.errors import FerError
from fer_utils.models import nano


def test_the_budget_is_a_tenth_and_a_fifth_of_the_papers():
    paper = models.profile(models.build("ding2023", classes=8))
    assert nano.MOST_PARAMETERS == paper.parameters // 10 and nano.MOST_MACS == paper.macs // 5
    assert 10 * nano.MOST_PARAMETERS <= paper.parameters < 10 * (nano.MOST_PARAMETERS + 1)
    own = models.profile(models.build("nano", classes=8))
    assert own.parameters <= nano.MOST_PARAMETERS and own.macs <= nano.MOST_MACS


def test_a_small_one_counted_by_hand():
    # 32 x 32; stem 3x3 to 4 at 16 x 16; one stage of two separable convolutions to 6 at 8 x 8; a weight a place and
    # channel; 3 labels.
    made = models.profile(models.build("nano", classes=3, input_shape=(32, 32, 1), widths=(4, 6), depth=2))
    weights = 9 * 4 + (9 * 4 + 4 * 6) + (9 * 6 + 6 * 6) + 64 * 6
    normalised = 4 + (4 + 6) + (6 + 6)  # channels; each has four numbers
    assert made.parameters == weights + 4 * normalised + 6 * 3 + 3
    assert made.macs == 9 * 4 * 256 + (9 * 4 + 4 * 6 + 9 * 6 + 6 * 6) * 64 + 64 * 6 + 6 * 3


def test_weighted_pooling_begins_as_the_mean():
    import keras

    given = {"classes": 3, "input_shape": (32, 32, 1), "widths": (4, 6), "depth": 1}
    keras.utils.set_random_seed(0)
    weighted, average = models.build("nano", **given), models.build("nano", pooling="average", **given)
    taken = {layer.name: layer.get_weights() for layer in weighted.layers}
    for layer in average.layers:
        if layer.get_weights():
            layer.set_weights(taken[layer.name])
    images = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 1)).astype("float32")
    assert np.asarray(weighted(images)) == pytest.approx(np.asarray(average(images)), abs=1e-6)
    assert weighted.count_params() == average.count_params() + 64 * 6


@pytest.mark.parametrize(
    "pooling, convolution, normalise, residual",
    itertools.product(nano.POOLINGS, nano.CONVOLUTIONS, (True, False), (True, False)),
)
def test_every_choice_of_parts_gives_a_network(pooling, convolution, normalise, residual):
    made = models.build(
        "nano",
        classes=4,
        input_shape=(32, 40, 3),
        widths=(4, 6, 8),
        depth=2,
        pooling=pooling,
        convolution=convolution,
        normalise=normalise,
        residual=residual,
    )
    kinds = [type(layer).__name__ for layer in made.layers]
    assert made.output_shape == (None, 4)
    assert ("BatchNormalization" in kinds) == normalise and ("Add" in kinds) == residual
    assert (kinds.count("DepthwiseConv2D") > (pooling == "weighted")) == (convolution == "separable")
    # Who normalises needs no biases, and who does not has them.
    assert all(layer.use_bias != normalise for layer in made.layers if type(layer).__name__ == "Conv2D")


@pytest.mark.parametrize(
    "options, words",
    [
        ({"pooling": "max"}, ("`pooling`", "'weighted'", "max")),
        ({"widths": (8,)}, ("`widths`", "two numbers")),
        ({"widths": 16}, ("`widths`", "16")),
        ({"widths": (8, 0)}, ("`widths`", "1 or more")),
        ({"depth": 0}, ("`depth`",)),
        ({"dropout": 1.0}, ("`dropout`",)),
        ({"convolution": "dilated"}, ("`convolution`", "'separable'")),
        ({"input_shape": (8, 8, 1)}, ("`input_shape`", "16")),
    ],
)
def test_the_impossible_is_named(options, words):
    with pytest.raises(FerError) as error:
        models.build("nano", classes=3, **options)
    assert all(word in str(error.value) for word in words)
