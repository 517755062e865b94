"""Heat maps against slower ways to the same numbers: several pictures, batches, channels, sides and labels."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from fer_utils import explain
from fer_utils.core.errors import FerError
from fer_utils.explain import heat_maps, parts

HIGH, WIDE = 6, 9


def network(last="dense", channels=2):
    """A small network of pictures that are not square, with its softmax where `last` says."""
    keras.utils.set_random_seed(3)
    inputs = keras.Input((HIGH, WIDE, channels))
    x = keras.layers.Conv2D(3, 3, activation="tanh", name="early")(inputs)
    x = keras.layers.Conv2D(2, 2, activation="tanh", name="late")(x)
    x = keras.layers.Flatten()(x)
    if last == "dense":
        outputs = keras.layers.Dense(3, activation="softmax", bias_initializer="ones")(x)
    else:
        layer = {"softmax": keras.layers.Softmax(), "activation": keras.layers.Activation("softmax")}.get(last)
        x = keras.layers.Dense(3, bias_initializer="ones")(x)
        outputs = x if last == "none" else keras.layers.Activation("relu")(x) if layer is None else layer(x)
    return keras.Model(inputs, outputs)


PICTURES = np.random.default_rng(0).uniform(0, 1, (5, HIGH, WIDE, 2)).astype(np.float32)
LABELS = np.array([2, 0, 1, 1, 0])


@pytest.mark.parametrize("average", [True, False])
def test_maps_of_many_pictures_are_those_of_one_at_a_time(average):
    model = network()
    made = explain.grad_cam(model, PICTURES, LABELS, average=average, batch_size=2)
    assert made.shape == (5, HIGH, WIDE) and (made >= 0).all() and made.max() > 0
    for one in range(5):
        alone = explain.grad_cam(model, PICTURES[one : one + 1], LABELS[one : one + 1], average=average)
        assert np.allclose(made[one], alone[0], atol=1e-6)
    said = np.asarray(model(PICTURES)).argmax(axis=1)
    assert np.array_equal(
        explain.grad_cam(model, PICTURES, average=average), explain.grad_cam(model, PICTURES, said, average=average)
    )


@pytest.mark.parametrize("average", [True, False])
def test_a_map_is_the_positive_part_of_the_sum_over_features(average):
    features, slopes = explain.gradients(network(), PICTURES, LABELS, layer="early", batch_size=2)
    assert features.shape == slopes.shape == (5, HIGH - 2, WIDE - 2, 3)
    weights = slopes.mean(axis=(1, 2), keepdims=True) if average else slopes
    small = np.maximum((weights * features).sum(axis=3), 0)
    made = explain.grad_cam(network(), PICTURES, LABELS, layer="early", average=average)
    large = keras.ops.image.resize(small[..., None], (HIGH, WIDE), interpolation="bilinear")
    assert np.allclose(made, np.asarray(large)[..., 0], atol=1e-6) and (small == 0).any() and small.any()


def test_the_last_layer_with_places_is_taken_unless_one_is_named():
    def made(**options):
        return explain.gradients(network(), PICTURES, LABELS, **options)[0]

    assert made().shape == made(layer="late").shape == (5, HIGH - 3, WIDE - 3, 2)
    with pytest.raises(FerError, match=r"`layer`.*early, late"):
        made(layer="input_layer")


@pytest.mark.parametrize("last", ["softmax", "activation", "dense"])
def test_a_score_is_the_one_before_the_softmax_wherever_that_stands(last):
    _, wanted = explain.gradients(network("none"), PICTURES, LABELS)
    _, made = explain.gradients(network(last), PICTURES, LABELS)
    assert np.allclose(made, wanted, atol=1e-6) and np.abs(made).max() > 1e-3
    _, head, score = parts.cut(network(last), None)
    features, _ = explain.gradients(network(last), PICTURES)
    assert np.allclose(score(head(features)), network("none")(PICTURES), atol=1e-5), "with its bias"


def test_another_activation_than_a_softmax_is_a_part_of_the_score():
    model = network("relu")
    assert parts.scores_of(model)[0] is model.outputs[0]


def occluded(model, label, picture, patch, stride, fill):
    """One square after the other, by hand."""
    plain = model(picture[None])[0, label]
    lost, covered = np.zeros((HIGH, WIDE)), np.zeros((HIGH, WIDE))
    for top in sorted({*range(0, HIGH - patch + 1, stride), HIGH - patch}):
        for left in sorted({*range(0, WIDE - patch + 1, stride), WIDE - patch}):
            hidden = picture.copy()
            hidden[top : top + patch, left : left + patch] = picture.mean(axis=(0, 1)) if fill is None else fill
            lost[top : top + patch, left : left + patch] += plain - model(hidden[None])[0, label]
            covered[top : top + patch, left : left + patch] += 1
    return lost / covered


@pytest.mark.parametrize("fill", [None, 0.25])
@pytest.mark.parametrize("patch, stride", [(3, 2), (4, 4), (2, 1)])
def test_occlusion_is_the_loss_of_each_pictures_own_label_by_each_pictures_own_fill(patch, stride, fill):
    weights = np.random.default_rng(2).uniform(0, 1, (3, HIGH, WIDE, 2)) / 108
    model = lambda given: np.einsum("nhwc,khwc->nk", np.asarray(given, float), weights)  # noqa: E731
    pictures = PICTURES[:3] * np.array([1, 3], np.float32)  # channels of different means
    options = {"patch": patch, "stride": stride, "fill": fill, "batch_size": 5, "progress": False}
    made = explain.occlusion(model, pictures, LABELS[:3], **options)
    for row in range(3):
        assert np.allclose(made[row], occluded(model, LABELS[row], pictures[row], patch, stride, fill), atol=1e-6)
    said = model(pictures).argmax(axis=1)
    assert np.array_equal(
        explain.occlusion(model, pictures, **options), explain.occlusion(model, pictures, said, **options)
    )


def test_a_square_is_24_pixels_and_moves_by_half_of_that_unless_it_is_said():
    model = lambda given: np.stack([given.mean(axis=(1, 2, 3)), given[:, 0, 0, 0]], axis=1)  # noqa: E731
    pictures = np.random.default_rng(1).uniform(0, 1, (1, 60, 60, 1)).astype(np.float32)
    made = explain.occlusion(model, pictures, [0], progress=False)
    assert np.array_equal(made, explain.occlusion(model, pictures, [0], patch=24, stride=12, progress=False))
    assert not np.array_equal(made, explain.occlusion(model, pictures, [0], patch=24, stride=24, progress=False))


@pytest.mark.parametrize(
    "options, named",
    [({"patch": 7}, "patch"), ({"patch": 3, "stride": 4}, "stride"), ({"fill": np.nan}, "fill"),
     ({"fill": True}, "fill"), ({"labels": [0.0] * 5}, "labels"), ({"labels": [0, 0, 0, 0, -1]}, "labels"),
     ({"labels": [0, 0, 0, 0, 3]}, "labels"), ({"labels": [0] * 4}, "labels"), ({"batch_size": 0}, "batch_size")],
)  # fmt: skip
def test_what_does_not_fit_the_pictures_is_named(options, named):
    model = lambda given: np.ones((len(given), 3)) / 3  # noqa: E731
    given = {"labels": None, "patch": 3, "stride": 2, "progress": False} | options
    with pytest.raises(FerError, match=f"`{named}`"):
        explain.occlusion(model, PICTURES, **given)


@pytest.mark.parametrize("images", [PICTURES[:0], PICTURES[0, 0], PICTURES.astype(complex), PICTURES.astype(str)])
def test_pictures_are_one_or_more_of_numbers(images):
    with pytest.raises(FerError, match="`images`"):
        parts.checked_images(images)


def test_a_model_that_is_compiled_for_each_number_is_asked_for_whole_batches_and_others_for_what_there_is():
    numbers = []

    class Compiled:
        name = "compiled"

        def predict_on_batch(self, pictures):
            numbers.append(len(pictures))
            return pictures[:, 0, 0]

    made = heat_maps.ask(Compiled(), PICTURES, batch_size=3)
    assert numbers == [3, 3] and np.array_equal(made, PICTURES[:, 0, 0])
    numbers.clear()
    made = heat_maps.ask(lambda pictures: numbers.append(len(pictures)) or pictures[:, 0, 0], PICTURES, batch_size=3)
    assert numbers == [3, 2] and np.array_equal(made, PICTURES[:, 0, 0])


def test_each_outputs_weights_are_shuffled_among_its_own_inputs_by_the_seed():
    model = network()
    mine, shuffled = model.get_weights(), explain.randomised(model, seed=1).get_weights()
    for before, after in zip(mine, shuffled, strict=True):
        if before.ndim == 1:
            assert np.array_equal(before, after), "a bias has no inputs"
            continue
        columns, others = (kernel.reshape(-1, kernel.shape[-1]).T for kernel in (before, after))
        assert all(np.array_equal(np.sort(one), np.sort(other)) for one, other in zip(columns, others, strict=True))
        came_from = [[list(one).index(value) for value in other] for one, other in zip(columns, others, strict=True)]
        assert len({tuple(order) for order in came_from}) == len(columns), "each output is shuffled in a way of its own"
        assert not np.array_equal(before, after)
    again, other = (explain.randomised(model, seed=seed).get_weights() for seed in (1, 2))
    assert all(np.array_equal(one, two) for one, two in zip(shuffled, again, strict=True))
    assert not np.array_equal(shuffled[0], other[0])
    assert np.array_equal(
        explain.randomised(model).get_weights()[0], explain.randomised(model, seed=0).get_weights()[0]
    )
