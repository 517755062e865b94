"""Integrated gradients and deletion curves, on networks whose answer is known by hand."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
import keras
import numpy as np
import pytest

from fer_utils import explain
from fer_utils.core.errors import FerError


def linear(weights):
    """Two scores without a softmax: the first is a weighted sum of the pixels, the second half of it."""
    inputs = keras.Input((*weights.shape, 1))
    scores = keras.layers.Dense(2, name="scores")(keras.layers.Flatten()(inputs))
    model = keras.Model(inputs, scores)
    kernel = np.stack([weights.ravel(), weights.ravel() / 2], axis=1).astype(np.float32)
    model.layers[-1].set_weights([kernel, np.zeros(2, np.float32)])
    return model


def curved(seed=1):
    """A small network with ReLU units and a softmax."""
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    x = keras.layers.Conv2D(4, 3, activation="relu")(x)
    return keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(keras.layers.Flatten()(x)))


PICTURES = np.random.default_rng(3).integers(0, 256, (3, 8, 8, 1)).astype(np.float32)


@pytest.mark.parametrize("baseline", [0.0, 40.0, None])
def test_of_a_weighted_sum_the_map_is_weight_times_distance_from_the_empty_picture(baseline):
    weights = np.arange(64.0).reshape(8, 8) - 30
    empty = PICTURES.mean(axis=(1, 2), keepdims=True) if baseline is None else baseline
    for label, factor in ((0, 1.0), (1, 0.5)):
        made = explain.integrated_gradients(linear(weights), PICTURES, [label] * 3, baseline=baseline, steps=3)
        assert made == pytest.approx(factor * weights * (PICTURES - empty)[..., 0], rel=1e-4)


def test_the_pixels_sum_to_the_difference_of_the_scores():
    """Completeness (Sundararajan et al. 2017, proposition 1), with the scores before the softmax computed by hand."""
    model = curved()
    made = explain.integrated_gradients(model, PICTURES, [0, 1, 2], baseline=10.0, steps=200, batch_size=2)
    kernel, bias = model.layers[-1].get_weights()
    front = keras.Model(model.inputs[0], model.layers[-1].input)
    score = lambda pictures: np.asarray(front(pictures)) @ kernel + bias  # noqa: E731
    change = score(PICTURES) - score(np.full_like(PICTURES, 10.0))
    assert made.sum(axis=(1, 2)) == pytest.approx(change[[0, 1, 2], [0, 1, 2]], abs=0.01)


def test_without_labels_it_is_what_the_model_says_and_channels_are_summed():
    model = curved()
    said = np.asarray(model(PICTURES)).argmax(axis=1)
    assert np.array_equal(
        explain.integrated_gradients(model, PICTURES), explain.integrated_gradients(model, PICTURES, said)
    )
    inputs = keras.Input((4, 4, 3))
    coloured = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(inputs)))
    coloured.layers[-1].set_weights([np.ones((48, 2), np.float32), np.zeros(2, np.float32)])
    picture = np.arange(48, dtype=np.float32).reshape(1, 4, 4, 3)
    made = explain.integrated_gradients(coloured, picture, [0], baseline=0.0)
    assert made == pytest.approx(picture.sum(axis=3))


# --- deletion and insertion ---------------------------------------------------------------------------


def sees_one_pixel(pictures):
    """Class 0 as probable as pixel (2, 5) is bright."""
    share = np.asarray(pictures, float)[:, 2, 5, 0] / 256
    return np.stack([share, 1 - share], axis=1)


def bright_at_the_place() -> np.ndarray:
    picture = np.zeros((1, 8, 8, 1), np.float32)
    picture[0, 2, 5] = 256.0
    return picture


def test_a_map_that_names_the_pixel_deletes_it_first_and_its_opposite_last():
    picture = bright_at_the_place()
    named = np.zeros((1, 8, 8))
    named[0, 2, 5] = 1.0
    found = explain.deletion_insertion(sees_one_pixel, picture, named, [0], steps=4, progress=False)
    mean = 1 / 64
    assert found["share"].tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert found["deletion"][0] == pytest.approx([1, mean, mean, mean, mean])
    assert found["insertion"][0] == pytest.approx([mean, 1, 1, 1, 1])
    assert found["deletion_area"] == pytest.approx((1 + 7 * mean) / 8)
    assert found["insertion_area"] == pytest.approx((mean + 7) / 8)
    last = explain.deletion_insertion(sees_one_pixel, picture, -named, [0], steps=4, progress=False)
    assert last["deletion"][0] == pytest.approx([1, 1, 1, 1, mean])
    assert last["insertion"][0] == pytest.approx([mean, mean, mean, mean, 1])


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(1, 64))
def test_curves_begin_and_end_with_the_whole_and_the_empty_picture(seed, steps):
    maps = np.random.default_rng(seed).normal(size=(1, 8, 8))
    found = explain.deletion_insertion(sees_one_pixel, bright_at_the_place(), maps, [1], steps=steps, progress=False)
    whole, empty = 0.0, 1 - 1 / 64
    for curve, first, last in (("deletion", whole, empty), ("insertion", empty, whole)):
        assert (found[curve][0, 0], found[curve][0, -1]) == pytest.approx((first, last))
        assert 0 <= found[f"{curve}_area"][0] <= 1 and found[curve].shape == (1, steps + 1)


def test_without_labels_it_is_what_the_model_says_of_the_whole_picture():
    found = explain.deletion_insertion(sees_one_pixel, bright_at_the_place(), np.ones((1, 8, 8)), progress=False)
    assert found["deletion"][0, 0] == 1.0 and len(found["share"]) == 21


@pytest.mark.parametrize(
    "maps, options, words",
    [
        (np.zeros((1, 8, 7)), {}, "`maps`.*shape"),
        (np.full((1, 8, 8), np.nan), {}, "`maps`.*finite"),
        (np.zeros((1, 8, 8)), {"steps": 0}, "`steps`"),
        (np.zeros((1, 8, 8)), {"steps": 65}, "`steps`"),
        (np.zeros((1, 8, 8)), {"labels": [2]}, "`labels`"),
    ],
)
def test_what_does_not_fit_is_named(maps, options, words):
    with pytest.raises(FerError, match=words):
        explain.deletion_insertion(sees_one_pixel, bright_at_the_place(), maps, progress=False, **options)


@pytest.mark.parametrize(
    "options, words",
    [({"baseline": "grey"}, "`baseline`"), ({"steps": 0}, "`steps`"), ({"labels": [0, 9, 0]}, "`labels`")],
)
def test_what_integrated_gradients_cannot_take(options, words):
    with pytest.raises(FerError, match=words):
        explain.integrated_gradients(curved(), PICTURES, **options)


def test_a_function_has_no_gradient():
    with pytest.raises(FerError, match=r"`model`.*functional Keras model"):
        explain.integrated_gradients(sees_one_pixel, PICTURES)


# --- by a second way to the same numbers -------------------------------------------------------------------


def powered(exponent, channels=1):
    """Two scores without a softmax: the sum of all pixels to a power, channel k weighed k times, and twice that."""
    inputs = keras.Input((2, 3, channels))
    flat = keras.layers.Flatten()(inputs)
    powers = flat if exponent == 1 else keras.layers.Multiply()([flat] * exponent)
    model = keras.Model(inputs, keras.layers.Dense(2, use_bias=False)(powers))
    weights = np.tile(np.arange(1, channels + 1, dtype=np.float32), 6)
    model.layers[-1].set_weights([np.stack([weights, 2 * weights], axis=1)])
    return model


def test_the_middle_of_each_part_is_taken_so_that_one_step_suffices_for_a_square():
    pictures = np.random.default_rng(0).uniform(1, 2, (3, 2, 3, 1)).astype(np.float32)
    made = explain.integrated_gradients(powered(2), pictures, [0, 1, 1], baseline=0.5, steps=1, batch_size=2)
    assert made == pytest.approx(np.array([1, 2, 2])[:, None, None] * (pictures[..., 0] ** 2 - 0.25), rel=1e-5)


@pytest.mark.parametrize("options, steps", [({}, 32), ({"steps": 5}, 5)])
def test_of_a_cube_the_middles_miss_what_so_many_steps_miss(options, steps):
    pictures = np.random.default_rng(0).uniform(1, 2, (1, 2, 3, 1)).astype(np.float32)
    made = explain.integrated_gradients(powered(3), pictures, [0], baseline=0.0, **options)
    assert made == pytest.approx(pictures[..., 0] ** 3 * (1 - 1 / (4 * steps**2)), rel=2e-5)


def test_the_empty_picture_has_each_pictures_and_each_channels_own_mean():
    pictures = np.random.default_rng(0).uniform(0, 9, (2, 2, 3, 3)).astype(np.float32) * [1, 10, 100]
    made = explain.integrated_gradients(powered(1, 3), pictures, [0, 1], steps=1)
    away = pictures - pictures.mean(axis=(1, 2), keepdims=True)
    assert made == pytest.approx((away * [1, 2, 3]).sum(axis=3) * np.array([1, 2])[:, None, None], rel=1e-4, abs=1e-3)


@pytest.mark.parametrize("baseline", [True, np.nan, np.inf])
def test_a_grey_level_is_a_finite_number(baseline):
    with pytest.raises(FerError, match="`baseline`"):
        explain.integrated_gradients(curved(), PICTURES, baseline=baseline)


@pytest.mark.parametrize("steps", [3, 5, 24])
def test_curves_are_those_of_pixels_replaced_one_after_the_other_by_their_own_pictures_mean(steps):
    rng = np.random.default_rng(1)
    pictures, weights = rng.uniform(0, 1, (3, 4, 6, 2)).astype(np.float32), rng.uniform(0, 1, (4, 6, 2))
    maps = rng.integers(0, 4, (3, 4, 6)).astype(float)  # many are equal, some are 0
    labels = [1, 0, 1]

    def model(given):
        share = (given * weights).mean(axis=(1, 2, 3)) / 2
        return np.stack([share, 1 - share], axis=1)

    found = explain.deletion_insertion(model, pictures, maps, labels, steps=steps, batch_size=2, progress=False)
    counts = [round(24 * k / steps) for k in range(steps + 1)]
    assert found["share"].tolist() == pytest.approx([count / 24 for count in counts])
    for row, label in enumerate(labels):
        places = sorted(np.ndindex(4, 6), key=lambda place, row=row: -maps[(row, *place)])
        mean = pictures[row].mean(axis=(0, 1))
        for number, count in enumerate(counts):
            gone, put = pictures[row].copy(), np.tile(mean, (4, 6, 1))
            for place in places[:count]:
                gone[place], put[place] = mean, pictures[row][place]
            assert found["deletion"][row, number] == pytest.approx(model(gone[None])[0, label], abs=1e-6)
            assert found["insertion"][row, number] == pytest.approx(model(put[None])[0, label], abs=1e-6)
        for curve in ("deletion", "insertion"):
            pairs = zip(found[curve][row], found[curve][row][1:], found["share"], found["share"][1:], strict=False)
            area = sum((one + other) / 2 * (to - since) for one, other, since, to in pairs)
            assert found[f"{curve}_area"][row] == pytest.approx(area)


def test_without_labels_each_picture_has_its_own_answer():
    pictures = np.zeros((2, 8, 8, 1), np.float32)
    pictures[0, 2, 5] = 256.0  # the answer is class 0 for the first, and class 1 for the second
    found = explain.deletion_insertion(sees_one_pixel, pictures, np.zeros((2, 8, 8)), steps=1, progress=False)
    assert found["deletion"][:, 0].tolist() == [1.0, 1.0]
    with pytest.raises(FerError, match=r"`maps`.*shape"):
        explain.deletion_insertion(sees_one_pixel, pictures, np.zeros((2, 64)), progress=False)
