"""The network behind a fixed first layer: what the two layers measure, and that the network trains and is saved."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from fer_utils import models, training
from fer_utils.core.errors import FerError
from fer_utils.models import contrast
from fer_utils.models.contrast import LocalContrast, OrientedGradients


def measured(image, **options) -> np.ndarray:
    """The layer's answer to one (H, W) picture."""
    return np.asarray(OrientedGradients(**options)(np.asarray(image, np.float32)[None, :, :, None]))[0]


def said(model, pictures) -> np.ndarray:
    """The answers of a network, without Keras' compiling it first, as ``predict`` would."""
    return np.asarray(model(pictures, training=False))


def grating(angle: float, side: int = 48) -> np.ndarray:
    """Waves whose grey level changes along ``angle``, in radians."""
    y, x = np.mgrid[:side, :side]
    return 127 + 60 * np.sin(0.5 * (x * np.cos(angle) + y * np.sin(angle)))


@pytest.mark.parametrize("number", range(8))
def test_each_orientation_has_its_bin(number):
    middle = measured(grating(np.pi * number / 8))[4:-4, 4:-4].mean(axis=(0, 1))
    assert middle.argmax() == number and middle[(number + 4) % 8] < 0.1 * middle[number]


def test_by_hand_on_a_ramp():
    """Where grey grows by 10 levels a pixel to the right, dx = 20 / 255, and the bin of direction 0 has all of it."""
    ramp = np.tile(10.0 * np.arange(16), (16, 1))
    length = 20 / 255
    # Of 8 bins the neighbours lie 45 degrees of the doubled angle away: (cos 45 - 1/2) / (1/2) of the length.
    beside = length * 2 * (np.cos(np.pi / 4) - 0.5)
    around = np.sqrt(length**2 + 2 * beside**2 + contrast.FLAT)
    middle = measured(ramp)[4, 4]
    assert middle == pytest.approx(np.array([length, beside, 0, 0, 0, 0, 0, beside]) / around, abs=2e-3)


def test_light_and_contrast_change_little_in_gradients_and_a_flat_picture_is_nothing():
    image = grating(0.7)
    same = measured(image)
    assert measured(image + 20) == pytest.approx(same, abs=1e-4)
    assert measured(0.6 * image) == pytest.approx(same, rel=0.02, abs=0.05)
    assert np.abs(measured(np.full((48, 48), 90.0))).max() < 0.01


def test_a_mirrored_picture_has_its_bins_mirrored():
    image = np.random.default_rng(0).uniform(0, 255, (48, 48))
    one, other = measured(image), measured(image[:, ::-1])
    assert other == pytest.approx(one[:, ::-1, [0, 7, 6, 5, 4, 3, 2, 1]], abs=1e-3)


def test_cells_and_bins_give_the_shape_and_colour_is_averaged():
    assert measured(np.zeros((49, 47)), bins=5, cell=3).shape == (16, 15, 5)
    assert OrientedGradients(bins=5, cell=3).compute_output_shape((None, 49, 47, 1)) == (None, 16, 15, 5)
    colour = np.random.default_rng(0).uniform(0, 255, (1, 48, 48, 3)).astype(np.float32)
    assert np.asarray(OrientedGradients()(colour))[0] == pytest.approx(measured(colour[0].mean(axis=-1)), abs=1e-4)


def local(image, **options) -> np.ndarray:
    """`LocalContrast` of one (H, W) picture."""
    return np.asarray(LocalContrast(**options)(np.asarray(image, np.float32)[None, :, :, None]))[0, :, :, 0]


def test_local_contrast_by_hand():
    """The mean around every pixel is taken away, the spread around it divides; at the rim the pixels that there are."""
    image = np.random.default_rng(0).uniform(0, 255, (9, 11))

    def around(values, side):
        half = side // 2
        return np.array(
            [
                [values[max(0, y - half) : y + half + 1, max(0, x - half) : x + half + 1].mean() for x in range(11)]
                for y in range(9)
            ]
        )

    apart = image / 255 - around(image / 255, 3)
    expected = apart / (np.sqrt(around(apart**2, 5)) + contrast.QUIET)
    assert local(image, mean_around=3, spread_around=5) == pytest.approx(expected, abs=1e-4)


def test_local_contrast_takes_away_light_and_contrast_where_there_is_some():
    image = grating(0.7)
    same = local(image)
    assert local(image + 20) == pytest.approx(same, abs=1e-3)
    assert local(0.5 * image) == pytest.approx(same, rel=0.2, abs=0.1)
    assert np.abs(local(np.full((48, 48), 200.0))).max() < 1e-3
    assert LocalContrast().compute_output_shape((None, 9, 11, 1)) == (None, 9, 11, 1)


@pytest.mark.parametrize("first, parameters", [("contrast", 27_175), ("gradients", 24_663), ("learned", 24_895)])
def test_the_network_is_as_large_as_it_says_and_small_enough_to_travel(first, parameters):
    model = contrast.build(classes=7, first=first)
    assert model.count_params() == parameters and not model.layers[1].weights
    assert 5 * parameters < 500_000  # bytes, in float32 and in int8 together
    assert models.profile(model).parameters == parameters


def test_the_twin_differs_in_the_first_layer_only():
    """So that a difference of two trained networks is one of their first layers."""

    def behind(first):
        layers = contrast.build(classes=8, first=first).layers
        start = [layer.name for layer in layers].index("conv1")
        assert layers[start - 1].output.shape == (None, 24, 24, 8)
        return [(layer.name, [weight.shape for weight in layer.weights]) for layer in layers[start:]]

    assert behind("learned") == behind("gradients")
    first = contrast.build(classes=8, first="learned").get_layer("stem_conv")
    assert first.trainable and first.kernel.shape == (5, 5, 1, 8)


@pytest.mark.parametrize("first", contrast.FIRST)
def test_it_learns_and_is_the_same_after_saving(first, tmp_path):
    images = np.stack([grating(np.pi * (k % 2) / 2, 32) for k in range(32)]).astype(np.uint8)[..., None]
    labels = np.arange(32) % 2
    keras.utils.set_random_seed(0)
    model = contrast.build(classes=2, first=first, input_shape=(32, 32, 1), widths=(4, 6))
    recipe = training.Recipe(epochs=8, batch_size=4, learning_rate=1e-2)
    model, history = training.fit(model, images, labels, np.arange(32), [], recipe=recipe, progress=False)
    assert history["accuracy"][-1] > 0.9
    model.save(tmp_path / "it.keras")
    again = models.load(tmp_path / "it.keras")
    assert np.array_equal(said(model, images), said(again, images))


@pytest.mark.parametrize(
    "options, words",
    [
        ({"widths": (8,)}, "`widths`"),
        ({"widths": 8}, "`widths`"),
        ({"widths": (8, 0)}, "`widths`"),
        ({"first": "pixels"}, "`first`"),
        ({"dropout": 1.0}, "`dropout`"),
        ({"input_shape": (8, 48, 1)}, "`input_shape`"),
    ],
)
def test_what_cannot_be_built(options, words):
    with pytest.raises(FerError, match=words):
        contrast.build(classes=7, **options)


def test_an_averaged_network_gives_the_mean_and_is_saved_as_one(tmp_path):
    options = {"classes": 3, "input_shape": (16, 16, 1), "widths": (4, 6)}
    networks = [contrast.build(first=first, **options) for first in contrast.FIRST]
    both = contrast.averaged(*networks)
    images = np.random.default_rng(0).uniform(0, 255, (5, 16, 16, 1)).astype(np.float32)
    mean = np.mean([said(network, images) for network in networks], axis=0)
    assert said(both, images) == pytest.approx(mean, abs=1e-6)
    assert both.count_params() == sum(network.count_params() for network in networks)
    both.save(tmp_path / "both.keras")
    assert said(models.load(tmp_path / "both.keras"), images) == pytest.approx(mean, abs=1e-6)
    for wrong in (networks[:1], [networks[0], contrast.build(**options | {"classes": 2})]):
        with pytest.raises(FerError, match="`networks`"):
            contrast.averaged(*wrong)


def test_what_the_layers_do_not_take():
    for made, words in (
        (lambda: OrientedGradients(bins=1), "`bins`"),
        (lambda: LocalContrast(mean_around=0), "`mean_"),
    ):
        with pytest.raises(FerError, match=words):
            made()
