"""The networks: their counts against hand counts and sources, and that each trains, saves and loads."""

import doctest
import importlib
import inspect
import itertools
import math
import subprocess
import sys
import textwrap
import zipfile

from eagerly import eagerly
from hypothesis import given, settings
from hypothesis import strategies as st
from layers_alone import layers_alone
import numpy as np
from patience import PATIENCE
import pytest

from fer_utils import models
from fer_utils.core.errors import FerError
from fer_utils.models import ding2023, landmark_lstm
from fer_utils.models import distances as distances_module
from fer_utils.models import hog as hog_module
from fer_utils.models._parts import scaled_input

keras = pytest.importorskip("keras", reason="the networks need Keras: pip install 'fer-utils[cpu]'")

# The smallest of each that is still the whole network.
TINY = {
    "ding2023": {"input_shape": (32, 32, 1), "filters": 2},
    "mobilenet_inception2019": {"input_shape": (32, 32, 1), "width": 0.25, "features": 32},
    "xception2022": {"input_shape": (32, 32, 1), "width": 0.02},
    "nano": {"input_shape": (32, 32, 1), "widths": (4, 6), "depth": 1},
    "contrast": {"input_shape": (32, 32, 1), "widths": (4, 6)},
    "resnet50": {"input_shape": (32, 32, 1)},
    "vgg16": {"input_shape": (32, 32, 1), "dense": 8},
    "alexnet": {"input_shape": (67, 67, 1), "dense": 8},
    "densenet161": {"input_shape": (32, 32, 1), "growth": 4, "blocks": (2, 1)},
    "knn": {"input_shape": (32, 32, 1), "cell": 8, "k": 1},
}


def pictures(count=16, shape=(32, 32, 1), seed=0):
    """Random images, 0..255, and labels of four classes, each class a bright quarter."""
    generator = np.random.default_rng(seed)
    images = generator.integers(0, 80, (count, *shape)).astype("uint8")
    labels = np.arange(count) % 4
    half = shape[0] // 2
    for image, label in zip(images, labels, strict=True):
        rows, columns = slice(half * (label // 2), None), slice(half * (label % 2), None)
        image[rows, columns][:half, :half] += 150
    return images, labels


def said(model, pictures):
    """The answers of a network, without Keras' compiling it first, as ``predict`` would."""
    return keras.ops.convert_to_numpy(model(pictures, training=False))


# ---- the registry -------------------------------------------------------------------------------


def test_opening_the_rooms_and_asking_for_names_imports_no_backend():
    code = textwrap.dedent("""
        import sys
        import fer_utils.compress, fer_utils.inference, fer_utils.live, fer_utils.exercises, fer_utils.core.timing
        from fer_utils import models
        models.available(), models.check_name("nano"), dir(fer_utils.compress), dir(fer_utils.live)
        print(sorted({"keras", "tensorflow", "cv2", "dlib"} & set(sys.modules)))
    """)
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert found.stdout.strip() == "[]"


def test_a_name_can_be_checked_before_anything_is_imported():
    assert models.check_name("knn") == "knn"
    with pytest.raises(FerError, match="`name`"):
        models.check_name("nano99")


def test_available_is_what_can_be_built():
    assert models.available() == (
        "ding2023",
        "mobilenet_inception2019",
        "xception2022",
        "nano",
        "contrast",
        "mobilenetv2",
        "inceptionv3",
        "inception_resnetv2",
        "resnet50",
        "vgg16",
        "alexnet",
        "densenet161",
        "knn",
    )
    assert set(TINY) | {"mobilenetv2", "inceptionv3", "inception_resnetv2"} == set(
        models.available()
    )  # these have no small form


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: models.build("ding2032", classes=8), ["`name`", "ding2023", "knn", "'ding2032'"]),
        (lambda: models.build(None, classes=8), ["`name`"]),
        (lambda: models.build("ding2023", classes=1), ["`classes`", "2 or more", "1"]),
        (lambda: models.build("ding2023", classes=2.5), ["`classes`", "2.5"]),
        (lambda: models.build("ding2023", classes=True), ["`classes`"]),
        (lambda: models.build("ding2023", classes=8, input_shape=(180, 180)), ["`input_shape`", "(180, 180)"]),
        (lambda: models.build("ding2023", classes=8, input_shape=180), ["`input_shape`", "180"]),
        (lambda: models.build("ding2023", classes=8, input_shape=(180, 0, 1)), ["`input_shape`", "(180, 0, 1)"]),
        (lambda: models.build("ding2023", classes=8, input_shape=(7, 180, 1)), ["`input_shape`", "(7, 180, 1)"]),
        (lambda: models.build("ding2023", classes=8, filtres=16), ["`filtres`", "filters, dense, dropout"]),
        (lambda: models.build("resnet50", classes=8, width=2), ["`width`", "resnet50 takes no options"]),
        (lambda: models.build("ding2023", classes=8, filters=0), ["`filters`", "1 or more", "0"]),
        (lambda: models.build("ding2023", classes=8, dropout=0.3), ["`dropout`", "three rates"]),
        (lambda: models.build("ding2023", classes=8, dropout=(0.3, 0.3, 1.0)), ["`dropout`", "[0, 1)", "1.0"]),
        (lambda: models.build("ding2023", classes=8, l1=-1), ["`l1`", "-1"]),
        (lambda: models.build("ding2023", classes=8, initializer="he"), ["`initializer`", "'glorot_uniform'"]),
        (lambda: models.build("xception2022", classes=8, width=0), ["`width`", "above 0"]),
        (lambda: models.build("xception2022", classes=8, dropout=math.nan), ["`dropout`", "nan"]),
        (lambda: models.build("mobilenet_inception2019", classes=8, input_shape=(31, 40, 1)), ["32 pixels"]),
        (lambda: models.build("resnet50", classes=8, input_shape=(16, 16, 1)), ["32 pixels", "resnet50"]),
        (lambda: models.build("vgg16", classes=8, input_shape=(16, 16, 1)), ["32 pixels"]),
        (lambda: models.build("alexnet", classes=8, input_shape=(48, 48, 1)), ["67 pixels"]),
        (lambda: models.build("densenet161", classes=8, input_shape=(16, 16, 1)), ["32 pixels", "densenet161"]),
        (lambda: models.build("densenet161", classes=8, growth=0), ["`growth`", "1 or more"]),
        (lambda: models.build("densenet161", classes=8, blocks=()), ["`blocks`", "()"]),
        (lambda: models.build("densenet161", classes=8, blocks="6"), ["`blocks`", "'6'"]),
        (lambda: models.build("densenet161", classes=8, blocks=(6, 0)), ["`blocks`", "1 or more", "0"]),
        (lambda: models.build("landmark_lstm", classes=8), ["`name`", "'landmark_lstm'"]),
        (lambda: landmark_lstm.build(classes=1), ["`classes`", "2 or more"]),
        (lambda: landmark_lstm.build(classes=8, units=()), ["`units`", "1 of them or more", "()"]),
        (lambda: landmark_lstm.build(classes=8, units=64), ["`units`", "64"]),
        (lambda: landmark_lstm.build(classes=8, dense=(64, 0)), ["`dense`", "1 or more", "0"]),
        (lambda: landmark_lstm.build(classes=8, frames=0), ["`frames`"]),
        (lambda: landmark_lstm.build(classes=8, distances=0), ["`distances`"]),
        (lambda: landmark_lstm.build(classes=8, dropout=1), ["`dropout`", "[0, 1)"]),
        (lambda: models.build("knn", classes=8, input_shape=(32, 32, 1)), ["40 pixels", "`cell`"]),
        (lambda: models.build("knn", classes=8, k=0), ["`k`", "1 or more"]),
        (lambda: models.load("nowhere.keras"), ["`path`", "nowhere.keras"]),
        (lambda: models.profile("ding2023"), ["`model`", "keras.Model"]),
        (lambda: ding2023.parameter_count(size=3), ["`size`", "3"]),
    ],
)
def test_a_bad_call_gives_one_error_that_names_the_argument(call, words):
    with pytest.raises(FerError) as error:
        call()
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize("name", models.available())
def test_without_a_shape_every_network_takes_the_books_picture(name):
    own = inspect.signature(importlib.import_module(f"fer_utils.models.{name}").build).parameters
    if name != "contrast":  # made for small faces; `build` gives it the book's picture all the same
        assert own["input_shape"].default == inspect.signature(models.build).parameters["input_shape"].default
    assert own["classes"].default is inspect.Parameter.empty


@pytest.mark.parametrize("symmetric, wanted", [(False, [0, 0.5, 1]), (True, [-1, 0, 1])])
def test_black_grey_and_white_are_scaled_to_the_ends_and_the_middle(symmetric, wanted):
    pixels = np.array([0, 127.5, 255], "float32").reshape(1, 1, 3, 1)
    scaled = keras.Model(*scaled_input((1, 3, 1), symmetric=symmetric))(pixels)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(scaled).ravel(), wanted, atol=1e-6)


def test_a_network_has_the_same_layers_each_time_it_is_built():
    """Weights of a file and rows of a profile are found by the names of layers; Keras' own names count upwards."""
    for name in ("densenet161", "nano", "ding2023"):
        first, second = (models.build(name, classes=2, **TINY[name]) for _ in range(2))
        assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]


def test_load_names_a_file_that_is_no_model(tmp_path):
    (tmp_path / "text.keras").write_text("not a model")
    with pytest.raises(FerError, match="`path`"):
        models.load(tmp_path / "text.keras")


@pytest.fixture(scope="module")
def small_file(tmp_path_factory):
    """A network's file: a dense layer of its own on 8 x 8 pixels."""
    inputs = keras.Input((8, 8, 1))
    file = tmp_path_factory.mktemp("small") / "small.keras"
    keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(inputs))).save(file)
    return file


def _with_part(file, name, content):
    """The archive with another content of one part, its checksum right."""
    with zipfile.ZipFile(file) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    parts[name] = content(parts[name]) if callable(content) else content
    with zipfile.ZipFile(file, "w") as archive:
        for part, bytes_of_it in parts.items():
            archive.writestr(part, bytes_of_it)


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999])
def test_a_byte_that_has_changed_in_a_networks_file_is_noticed_or_changes_nothing(small_file, tmp_path, share):
    content, file = bytearray(small_file.read_bytes()), tmp_path / "changed.keras"
    content[int(share * len(content))] ^= 0xFF
    file.write_bytes(content)
    try:
        changed = models.load(file).get_weights()
    except FerError as error:
        assert "`path`" in str(error) and "changed.keras" in str(error)
        assert models.damage_of(file) or "Keras says" in str(error)
        return
    for one, other in zip(changed, models.load(small_file).get_weights(), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("name, content", [
    ("model.weights.h5", b""), ("model.weights.h5", b"no h5"), ("model.weights.h5", lambda old: old[: len(old) // 2]),
    ("model.weights.h5", lambda old: old[:8] + b"\xff" * 600 + old[608:]),
    ("model.weights.h5", lambda old: old[:-400] + bytes(400)), ("model.weights.h5", lambda old: old[:100]),
    ("config.json", b""), ("config.json", b"[]"), ("config.json", b"null"), ("config.json", b"{}"),
    ("config.json", b"[" * 100_000), ("config.json", b'{"class_name": "Functional", "config": 3}'),
    ("config.json", lambda old: old.replace(b'"Dense"', b'"Dance"')),
    ("config.json", lambda old: old.replace(b'"units": 3', b'"units": -3')),
    ("config.json", lambda old: old.replace(b'"units": 3', b'"units": 4')),
], ids=range(15))  # fmt: skip
def test_a_networks_file_with_a_damaged_part_is_one_error(small_file, tmp_path, name, content):
    file = tmp_path / "damaged.keras"
    file.write_bytes(small_file.read_bytes())
    _with_part(file, name, content)
    assert models.damage_of(file) == "", "its checksums are right"
    with pytest.raises(FerError, match="`path`") as error:
        models.load(file)
    assert "damaged.keras" in str(error.value) and len(str(error.value).splitlines()) <= 2


@pytest.mark.parametrize("harm, word", [
    (lambda old: b"", "no archive"), (lambda old: old[: len(old) // 2], "no archive"),
    (lambda old: b"PK", "no archive"),
    (lambda old: old.replace(b"config.json", b"konfig.json"), "lacks config.json"),
], ids=range(4))  # fmt: skip
def test_what_is_wrong_with_a_networks_file_is_said(small_file, tmp_path, harm, word):
    assert models.damage_of(small_file) == "" and "no such file" in models.damage_of(tmp_path / "none.keras")
    (tmp_path / "bad.keras").write_bytes(harm(small_file.read_bytes()))
    assert word in models.damage_of(tmp_path / "bad.keras")
    with pytest.raises(FerError, match=f"(?s)undamaged.*{word}"):
        models.load(tmp_path / "bad.keras")
    with pytest.raises(FerError, match="`path`"):
        models.load("~nosuchuser/model.keras")


# ---- ding2023 -----------------------------------------------------------------------------------


def test_ding2023_is_the_network_of_the_paper():
    model = models.build("ding2023", classes=8)
    assert model.count_params() == 542_136
    profile = models.profile(model)
    assert (profile.parameters, profile.macs, profile.bytes) == (542_136, 154_460_544, 2_168_544)
    # While pool1 reads conv1's output (and pool2 conv2's, and conv2 reads pool1's): 16 x 180 x 180 and 16 x 90 x 90
    # numbers.
    assert profile.activation_bytes == 4 * (16 * 180 * 180 + 16 * 90 * 90) == 2_592_000 and str(profile).endswith(
        "2,592,000 bytes of activations at most"
    )
    table = profile.layers.set_index("layer")
    assert table.loc[["conv1", "conv2", "conv3", "hidden", "probabilities"], "parameters"].tolist() == [
        160,
        9_280,
        36_928,
        495_632,
        136,
    ]
    assert table.loc[["pool1", "pool2", "pool3", "flatten"], "output"].tolist() == [
        (90, 90, 16),
        (45, 45, 64),
        (22, 22, 64),
        (30_976,),
    ]
    assert models.build("ding2023", classes=7).count_params() == 542_119


def test_the_search_leaves_one_network_and_building_it_gives_the_printed_count():
    found = ding2023.candidates()
    assert found == [{"filters": 16, "dense": 16, "classes": 8, "channels": 1, "padding": "same", "pool": 2}]
    (one,) = found
    channels = one.pop("channels")
    assert models.build("ding2023", input_shape=(180, 180, channels), **one).count_params() == ding2023.PRINTED


def test_the_search_finds_what_a_plain_search_finds():
    ranges = {"channels": (1, 3), "paddings": ("same", "valid"), "pools": (2, 3), "classes": (7, 8)}
    target = ding2023.parameter_count(filters=3, dense=5, classes=7, size=40, channels=3, padding="valid", pool=2)
    plain = [
        {"filters": n, "dense": d, "classes": k, "channels": c, "padding": padding, "pool": pool}
        for n in range(1, 9)
        for padding in ranges["paddings"]
        for pool in ranges["pools"]
        for c in ranges["channels"]
        for k in ranges["classes"]
        for d in range(400)
        if (padding, pool) != ("valid", 3)  # 40 pixels do not last
        and ding2023.parameter_count(n, d, k, 40, c, padding, pool) == target
    ]
    found = ding2023.candidates(target, size=40, most_filters=8, **ranges)
    assert {"filters": 3, "dense": 5, "classes": 7, "channels": 3, "padding": "valid", "pool": 2} in found
    assert [row for row in found if row["dense"] < 400 and (row["padding"], row["pool"]) != ("valid", 3)] == plain


@settings(max_examples=12, deadline=None)
@given(
    filters=st.integers(1, 4),
    dense=st.integers(0, 5),
    classes=st.integers(2, 9),
    size=st.integers(30, 50),
    channels=st.sampled_from((1, 3)),
    padding=st.sampled_from(("same", "valid")),
    pool=st.integers(2, 3),
)
def test_the_closed_form_counts_as_keras_does(filters, dense, classes, size, channels, padding, pool):
    try:
        counted = ding2023.parameter_count(filters, dense, classes, size, channels, padding, pool)
    except FerError:
        with pytest.raises(FerError, match="input_shape"):
            models.build("ding2023", classes=classes, input_shape=(size, size, channels), padding=padding, pool=pool)
        return
    model = layers_alone(
        models.build,
        "ding2023",
        classes=classes,
        input_shape=(size, size, channels),
        filters=filters,
        dense=dense,
        padding=padding,
        pool=pool,
    )
    assert model.count_params() == counted


def test_options_of_ding2023_reach_their_layers():
    model = models.build(
        "ding2023",
        classes=8,
        input_shape=(32, 32, 1),
        dropout=[0.1, 0.2, 0.5],
        l1=0.01,
        initializer="glorot_uniform",
    )
    assert [model.get_layer(f"dropout{i}").rate for i in (1, 2, 3)] == [0.1, 0.2, 0.5]
    assert float(model.get_layer("hidden").kernel_regularizer.l1) == pytest.approx(0.01)
    assert model.get_layer("probabilities").kernel_regularizer is None
    assert isinstance(model.get_layer("conv1").kernel_initializer, keras.initializers.GlorotUniform)
    plain = models.build("ding2023", classes=8, input_shape=(32, 32, 1))
    assert isinstance(plain.get_layer("hidden").kernel_initializer, keras.initializers.HeNormal)
    assert plain.get_layer("hidden").kernel_regularizer is None


def test_ding2023_learns_sixteen_images():
    keras.utils.set_random_seed(0)
    images, labels = pictures()
    model = models.build("ding2023", classes=4, input_shape=(32, 32, 1), dropout=(0, 0, 0))
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="sparse_categorical_crossentropy")
    with eagerly():
        loss = model.fit(images, labels, epochs=12, batch_size=16, verbose=0).history["loss"]
    assert np.isfinite(loss).all()
    assert loss[-1] < 0.5 * loss[0]


# ---- counts of the others -----------------------------------------------------------------------


def head(flat, dense, classes):
    """Parameters of two hidden dense layers and the softmax."""
    return (flat + 1) * dense + (dense + 1) * dense + (dense + 1) * classes


@pytest.mark.parametrize(
    "name, side, flat, printed",
    [("vgg16", 224, 7 * 7 * 512, 138_357_544), ("alexnet", 227, 6 * 6 * 256, 62_378_344)],
)
def test_the_big_heads_are_counted_without_making_them(name, side, flat, printed):
    small = layers_alone(models.build, name, classes=8, input_shape=(side, side, 3), dense=4).count_params()
    assert small - head(flat, 4, 8) + head(flat, 4096, 1000) == printed


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, side, count",
    [("mobilenetv2", 32, 3_538_984), ("inceptionv3", 75, 23_851_784), ("inception_resnetv2", 75, 55_873_736)],
)
def test_the_rivals_of_2019_have_the_counts_that_keras_lists_and_can_learn_from_few_steps(name, side, count):
    model = layers_alone(models.build, name, classes=1000, input_shape=(side, side, 3))
    assert model.count_params() == count and model.name == name
    assert {layer.momentum for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)} == {0.9}
    with pytest.raises(FerError, match=f"`input_shape`.*{side} pixels"):
        models.build(name, classes=8, input_shape=(side - 1, 200, 1))


def test_resnet50_has_the_count_that_ding_prints():
    assert layers_alone(models.build, "resnet50", classes=1000, input_shape=(64, 64, 3)).count_params() == 25_636_712


def test_xception_has_the_count_of_keras_applications():
    ours = layers_alone(models.build, "xception2022", classes=1000, input_shape=(96, 96, 3))
    theirs = layers_alone(keras.applications.Xception, weights=None, input_shape=(96, 96, 3), classes=1000)
    assert ours.count_params() == theirs.count_params() == 22_910_480

    # The same kernels in the same order: not a sum that happens to agree.
    def shapes(model):
        return sorted(tuple(weight.shape) for weight in model.trainable_variables)

    assert shapes(ours) == shapes(theirs)

    # And a ReLU wherever theirs has one: none before the first separable convolution.
    def relus(model):
        return sum(isinstance(layer, (keras.layers.ReLU, keras.layers.Activation)) for layer in model.layers)

    assert relus(ours) == relus(theirs)


def densenet_by_hand(growth, blocks, channels, classes):
    """(trainable, moving statistics), layer by layer as Huang et al. 2017 write it; convolutions have no bias."""
    weights = moving = 0

    def norm(width):
        nonlocal weights, moving
        weights, moving = weights + 2 * width, moving + 2 * width

    width = 2 * growth
    weights += 7 * 7 * channels * width
    norm(width)
    for block, layers in enumerate(blocks):
        for _ in range(layers):
            norm(width)
            weights += width * 4 * growth
            norm(4 * growth)
            weights += 3 * 3 * 4 * growth * growth
            width += growth
        if block < len(blocks) - 1:
            norm(width)
            weights += width * (width // 2)
            width //= 2
    norm(width)
    return weights + (width + 1) * classes, moving


def test_densenet161_has_the_count_by_which_it_is_known():
    assert densenet_by_hand(48, (6, 12, 36, 24), 3, 1000) == (28_681_000, 219_936)
    profile = models.profile(layers_alone(models.build, "densenet161", classes=1000, input_shape=(32, 32, 3)))
    assert (profile.trainable, profile.parameters) == (28_681_000, 28_681_000 + 219_936)
    assert profile.layers["type"].tolist().count("Conv2D") == 1 + 2 * (6 + 12 + 36 + 24) + 3  # and the dense layer: 161


@pytest.mark.parametrize(
    "growth, blocks, channels, classes", [(4, (2, 1), 1, 4), (6, (1, 3, 2), 3, 7), (5, (2,), 1, 2)]
)
def test_densenet_is_counted_by_hand_at_any_size(growth, blocks, channels, classes):
    options = {"input_shape": (40, 33, channels), "growth": growth, "blocks": blocks}
    model = layers_alone(models.build, "densenet161", classes=classes, **options)
    weights, moving = densenet_by_hand(growth, blocks, channels, classes)
    assert (models.profile(model).trainable, model.count_params()) == (weights, weights + moving)


def test_mobilenet_inception_is_lighter_than_its_rivals():
    profile = models.profile(layers_alone(models.build, "mobilenet_inception2019", classes=8))
    assert (profile.parameters, profile.macs) == (614_952, 159_318_976)
    kinds = set(profile.layers["type"])
    assert {"Concatenate", "DepthwiseConv2D", "Add"} <= kinds
    half = models.profile(layers_alone(models.build, "mobilenet_inception2019", classes=8, width=0.5))
    assert half.parameters < profile.parameters / 2


def test_a_narrow_inception_block_keeps_two_filters_a_branch():
    options = {"input_shape": (32, 32, 1), "width": 0.1, "features": 8}
    model = layers_alone(models.build, "mobilenet_inception2019", classes=2, **options)
    assert model.get_layer("inception").output.shape == (None, 16, 16, 4 * 2)


def test_nano_halves_the_picture_once_a_width_and_refuses_one_that_is_too_small_for_that():
    assert models.build("nano", classes=2, input_shape=(16, 16, 1)).get_layer("pool").input.shape[1:3] == (1, 1)
    with pytest.raises(FerError, match=r"`input_shape`.*16 pixels or more for nano"):
        models.build("nano", classes=2, input_shape=(15, 16, 1))


@pytest.mark.parametrize("name", sorted(set(TINY) - {"knn"}))
def test_each_network_takes_a_step_and_survives_saving(name, tmp_path):
    keras.utils.set_random_seed(0)
    options = dict(TINY[name])
    model = models.build(name, classes=4, **options)
    assert model.name == name
    images, labels = pictures(4, options["input_shape"])
    model.compile(optimizer=keras.optimizers.SGD(1e-3), loss="sparse_categorical_crossentropy", run_eagerly=True)
    before = [keras.ops.convert_to_numpy(v) for v in model.trainable_variables]
    assert np.isfinite(model.train_on_batch(images, labels))
    after = [keras.ops.convert_to_numpy(v) for v in model.trainable_variables]
    assert all(np.isfinite(value).all() for value in after)
    assert any((a != b).any() for a, b in zip(before, after, strict=True))
    answers = said(model, images)
    assert answers.shape == (4, 4) and answers.dtype == np.float32
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)
    model.save(tmp_path / "model.keras")
    np.testing.assert_allclose(said(models.load(tmp_path / "model.keras"), images), answers, atol=1e-6)


def test_pixels_may_be_whole_numbers_or_not():
    model = models.build("ding2023", classes=3, input_shape=(32, 32, 1))
    images, _ = pictures()
    np.testing.assert_allclose(
        model.predict(images, verbose=0), model.predict(images.astype("float64"), verbose=0), atol=1e-6
    )
    scaled = model.get_layer("scale")(images.astype("float32"))
    assert float(keras.ops.max(scaled)) == pytest.approx(images.max() / 255)


@pytest.mark.parametrize("name", ["ding2023", "resnet50", "knn"])
def test_probabilities_stay_in_single_precision_where_the_rest_is_half(name):
    images, labels = pictures(4, TINY[name]["input_shape"])
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = models.build(name, classes=4, **TINY[name])
        if name == "knn":
            model.fit(images, labels, verbose=0)
        else:
            assert model.layers[2].compute_dtype == "float16"
        answers = model(images, training=False)
    finally:
        keras.config.set_dtype_policy(before)
    assert keras.backend.standardize_dtype(answers.dtype) == "float32"
    np.testing.assert_allclose(keras.ops.convert_to_numpy(answers).sum(axis=1), 1, atol=1e-5)


# ---- profile, by hand ---------------------------------------------------------------------------


def test_profile_counts_each_kind_of_layer_by_hand():
    layers = keras.layers
    inputs = keras.Input((10, 8, 4))
    x = layers.Conv2D(6, 3, strides=2, groups=2, name="grouped")(inputs)  # 4 x 3 x 6
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same", name="deep")(x)  # 4 x 3 x 12
    x = layers.SeparableConv2D(5, 2, name="apart")(x)  # 3 x 2 x 5
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Dense(7, name="everywhere")(x)  # at each of 3 x 2 places
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    model = keras.Model(inputs, layers.Dense(2, name="last")(x))
    profile = models.profile(model)
    table = profile.layers.set_index("layer")
    assert table["macs"].to_dict() == {
        "grouped": 4 * 3 * 6 * (3 * 3 * 2),
        "deep": 4 * 3 * 12 * (3 * 3),
        "apart": 3 * 2 * (2 * 2 * 12 + 12 * 5),
        "norm": 0,
        "everywhere": 3 * 2 * 5 * 7,
        "mean": 0,
        "last": 7 * 2,
    }
    assert table["parameters"].to_dict() == {
        "grouped": 3 * 3 * 2 * 6 + 6,
        "deep": 3 * 3 * 6 * 2 + 12,
        "apart": 2 * 2 * 12 + 12 * 5 + 5,
        "norm": 4 * 5,
        "everywhere": 5 * 7 + 7,
        "mean": 0,
        "last": 7 * 2 + 2,
    }
    assert profile.parameters == table["parameters"].sum() == model.count_params()
    assert profile.trainable == profile.parameters - 2 * 5
    assert profile.bytes == 4 * profile.parameters
    assert table.loc["grouped", "output"] == (4, 3, 6) and table.loc["deep", "type"] == "DepthwiseConv2D"


def test_profile_counts_a_shared_layer_once_and_its_work_twice_and_opens_models():
    shared = keras.layers.Dense(3, name="shared")
    inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="in")], name="inner")
    inputs = keras.Input((3,))
    profile = models.profile(keras.Model(inputs, inner(shared(shared(inputs)))))
    assert profile.layers["layer"].tolist() == ["shared", "shared", "inner/in"]
    assert profile.layers["macs"].tolist() == [9, 9, 6]
    assert profile.layers["parameters"].tolist() == [12, 0, 8]
    assert (profile.parameters, profile.macs) == (20, 24)


def test_profile_counts_an_lstm_once_a_frame():
    layers = keras.layers
    inputs = keras.Input((5, 3))
    x = layers.LSTM(2, return_sequences=True, name="all")(inputs)
    model = keras.Model(inputs, layers.Dense(6, name="last")(layers.LSTM(4, name="end")(x)))
    table = models.profile(model).layers.set_index("layer")
    # Four gates; each weighs the inputs and the layer's own last state, in every one of the 5 frames.
    assert table["macs"].to_dict() == {"all": 5 * 4 * (3 * 2 + 2 * 2), "end": 5 * 4 * (2 * 4 + 4 * 4), "last": 4 * 6}
    assert table["parameters"].to_dict() == {
        "all": 4 * (3 * 2 + 2 * 2 + 2),
        "end": 4 * (2 * 4 + 4 * 4 + 4),
        "last": 4 * 6 + 6,
    }


def test_profile_finds_the_most_that_is_alive_at_once_by_hand():
    layers = keras.layers

    def peak(inputs, outputs):
        return models.profile(keras.Model(inputs, outputs)).activation_bytes

    # A shortcut: x is alive while its neighbour is computed.  In: 4x4x2 = 32; x, a, b: 4x4x3 = 48 each.
    inputs = keras.Input((4, 4, 2))
    x = layers.Conv2D(3, 1, name="x")(inputs)  # 32 + 48
    a = layers.Conv2D(3, 3, padding="same", name="a")(x)  # 48 + 48
    b = layers.Conv2D(3, 3, padding="same", name="b")(a)  # x, a and b: 144
    assert peak(inputs, layers.Add()([x, b])) == 4 * 144  # x, b and their sum: 144
    assert peak(inputs, b) == 4 * 96  # without it x may go
    # What hands on its input writes nothing: dropout keeps x and is it, Flatten is another view.
    dropped = layers.Dropout(0.5)(x)
    assert peak(inputs, layers.Add()([dropped, layers.Conv2D(3, 3, padding="same")(dropped)])) == 4 * 144
    assert peak(inputs, layers.Dense(7)(layers.Flatten()(x))) == 4 * (32 + 48)
    # A separable convolution's middle: 4x4x2 twice beside its input, then with what it gives, 4x4x5.
    assert peak(inputs, layers.SeparableConv2D(5, 3, padding="same", depth_multiplier=2)(inputs)) == 4 * max(
        32 + 64, 64 + 80
    )
    # An output that is done early waits to the end; an image that is read late, in Keras' order, stays until then.
    assert peak(inputs, [x, b]) == 4 * 144
    assert peak(inputs, [x, layers.Dense(1)(layers.Flatten()(layers.Conv2D(3, 1)(inputs)))]) == 4 * (32 + 1 + 48)
    # A model inside is opened, and one called twice is computed twice.
    inner = keras.Sequential([keras.Input((4, 4, 3)), layers.Conv2D(8, 1), layers.Conv2D(3, 1)])
    assert peak(inputs, layers.Add()([x, inner(inner(x))])) == 4 * (48 + 128 + 48)
    assert models.profile(models.build("knn", classes=2)).activation_bytes is None


def test_profile_refuses_what_it_would_count_wrongly():
    inputs = keras.Input((4, 3))
    with pytest.raises(FerError, match="GRU"):
        models.profile(keras.Model(inputs, keras.layers.GRU(2)(inputs)))
    inputs = keras.Input((None, 3))
    with pytest.raises(FerError, match="LSTM over sequences of known length"):
        models.profile(keras.Model(inputs, keras.layers.LSTM(2)(inputs)))
    with pytest.raises(FerError, match="built"):
        models.profile(keras.Sequential([keras.layers.Dense(2)]))


# ---- distances between landmarks ----------------------------------------------------------------


def landmarks(count=3, seed=0):
    """(count, 68, 2): points anywhere, the eyes' outer corners far apart."""
    points = np.random.default_rng(seed).uniform(0, 180, (count, 68, 2))
    points[:, 36], points[:, 45] = (40, 70), (130, 80)
    return points


def test_distances_are_all_pairs_over_that_of_the_eyes():
    points = landmarks()
    found = distances_module.distances(points)
    assert found.shape == (3, distances_module.length()) == (3, 68 * 67 // 2) and found.dtype == np.float32
    for face, row in zip(points, found, strict=True):
        eyes = math.dist(face[36], face[45])
        plain = [math.dist(face[i], face[j]) / eyes for i in range(68) for j in range(i + 1, 68)]
        np.testing.assert_allclose(row, plain, rtol=1e-5)


@settings(max_examples=20, deadline=None)
@given(scale=st.floats(0.1, 20), angle=st.floats(-3, 3), right=st.floats(-500, 500), down=st.floats(-500, 500))
def test_size_place_and_turn_do_not_change_distances(scale, angle, right, down):
    points = landmarks()
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    np.testing.assert_allclose(
        distances_module.distances(scale * points @ turn + (right, down)), distances_module.distances(points), atol=1e-4
    )


@pytest.mark.parametrize(
    "wrong",
    ["points", None, np.zeros((68, 2)), np.zeros((1, 67, 2)), np.zeros((1, 68, 2)), np.full((1, 68, 2), np.nan)],
)
def test_what_is_no_face_is_refused(wrong):
    with pytest.raises(FerError, match="`landmarks`"):
        distances_module.distances(wrong)


# ---- the LSTM on them ---------------------------------------------------------------------------


def test_the_lstm_of_the_printed_size_is_one_of_seven_and_so_is_no_reproduction():
    found = landmark_lstm.candidates()
    assert len(found) == 7 and {one["classes"] for one in found} == {8}, (
        "the count does say that there are eight labels"
    )
    assert all(landmark_lstm.parameter_count(**one) == landmark_lstm.PRINTED == 63_178_760 for one in found)
    even = [one for one in found if len({*one["units"], *one["dense"]}) == 1]
    assert even == [{"units": (2048, 2048), "dense": (2048,), "distances": 1052, "classes": 8, "whole": False}]
    # Gate by gate, a weight for every input and every unit, and a bias; the weights are used once a frame.
    first, second = 4 * 2048 * (1052 + 2048), 4 * 2048 * (2048 + 2048)
    assert first + second + 2 * 4 * 2048 + 2048 * (2048 + 1) + (2048 + 1) * 8 == 63_178_760
    text = landmark_lstm.build.__doc__
    assert (
        f"{122 * (first + second) + 2048 * 2048 + 2048 * 8:,} multiply-accumulates" in text
        and f"{4 * 63_178_760:,} bytes" in text
    )


def test_the_lstm_search_finds_what_a_plain_search_finds():
    target = landmark_lstm.parameter_count((4, 2), (8,), 5, 3, frames=6, whole=True)
    ranges = {"widths": (2, 4, 8), "most_layers": 2, "classes": (3, 4), "most_distances": 40, "frames": 6}
    plain = [
        {"units": units, "dense": dense, "distances": d, "classes": k, "whole": whole}
        for units in [(a,) for a in (2, 4, 8)] + [(a, b) for a in (2, 4, 8) for b in (2, 4, 8)]
        for dense in [(), (2,), (4,), (8,)]
        for k in (3, 4)
        for whole in (False, True)
        for d in range(1, 41)
        if landmark_lstm.parameter_count(units, dense, d, k, 6, whole) == target
    ]
    assert landmark_lstm.candidates(target, **ranges) == plain and len(plain) > 1


@pytest.mark.parametrize("units, dense, whole", [((3,), (), False), ((3, 5), (4,), False), ((4, 2), (3, 2), True)])
def test_the_lstm_has_the_count_of_its_closed_form_takes_a_step_and_survives_saving(units, dense, whole, tmp_path):
    keras.utils.set_random_seed(0)
    model = landmark_lstm.build(classes=4, distances=7, frames=5, units=units, dense=dense, whole=whole, dropout=0.2)
    assert model.count_params() == landmark_lstm.parameter_count(units, dense, 7, 4, 5, whole)
    inputs, last = (7, *units), (units[-1] * (5 if whole else 1), *dense, 4)
    recurrent = 5 * sum(4 * after * (before + after) for before, after in itertools.pairwise(inputs))
    work = recurrent + sum(before * after for before, after in itertools.pairwise(last))
    assert models.profile(model).macs == work
    clips = np.random.default_rng(0).random((6, 5, 7)).astype("float32")
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="sparse_categorical_crossentropy", run_eagerly=True)
    before = [keras.ops.convert_to_numpy(v) for v in model.trainable_variables]
    assert np.isfinite(model.train_on_batch(clips, np.arange(6) % 4))
    assert all(
        (keras.ops.convert_to_numpy(v) != b).any() for v, b in zip(model.trainable_variables, before, strict=True)
    )
    answers = said(model, clips)
    assert answers.shape == (6, 4) and answers.dtype == np.float32
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)
    model.save(tmp_path / "lstm.keras")
    np.testing.assert_allclose(said(models.load(tmp_path / "lstm.keras"), clips), answers, atol=1e-6)


def test_the_lstm_tells_the_order_of_frames():
    keras.utils.set_random_seed(1)
    model = landmark_lstm.build(classes=3, distances=4, frames=6, units=(5,), dense=())
    clip = np.random.default_rng(2).random((1, 6, 4)).astype("float32")
    assert np.abs(said(model, clip) - said(model, clip[:, ::-1])).max() > 1e-4


# ---- HOG and the neighbours ---------------------------------------------------------------------


def plain_hog(image, cell, bins):
    """Dalal and Triggs with loops, for one grey image."""
    image = image.astype(float) / 255
    height, width = image.shape
    cells = np.zeros((height // cell, width // cell, bins))
    for y in range(cells.shape[0] * cell):
        for x in range(cells.shape[1] * cell):
            across = image[y, min(x + 1, width - 1)] - image[y, max(x - 1, 0)]
            down = image[min(y + 1, height - 1), x] - image[max(y - 1, 0), x]
            place = (math.degrees(math.atan2(down, across)) % 180) / (180 / bins) - 0.5
            low = math.floor(place)
            size = math.hypot(across, down) / cell**2
            cells[y // cell, x // cell, low % bins] += size * (1 - (place - low))
            cells[y // cell, x // cell, (low + 1) % bins] += size * (place - low)
    blocks = []
    for row in range(cells.shape[0] - 1):
        for column in range(cells.shape[1] - 1):
            block = cells[row : row + 2, column : column + 2].reshape(-1)
            block = np.minimum(block / math.sqrt((block**2).sum() + 1e-10), 0.2)
            blocks.append(block / math.sqrt((block**2).sum() + 1e-10))
    return np.concatenate(blocks)


@pytest.mark.parametrize("shape, cell, bins", [((16, 16), 4, 9), ((19, 14), 5, 6)])
def test_hog_is_dalal_and_triggs_with_loops(shape, cell, bins):
    image = np.random.default_rng(1).integers(0, 256, shape)
    found = keras.ops.convert_to_numpy(hog_module.hog(image[None, ..., None].astype("float32"), cell=cell, bins=bins))
    assert found.shape == (1, hog_module.length((*shape, 1), cell, bins))
    np.testing.assert_allclose(found[0], plain_hog(image, cell, bins), atol=1e-4)


def test_hog_does_not_see_brightness_and_is_zero_where_flat():
    images, _ = pictures(4)
    images = images.astype("float32")

    def describe(x):
        return keras.ops.convert_to_numpy(hog_module.hog(x, cell=8))

    np.testing.assert_allclose(describe(images), describe(images * 0.5 + 40), atol=1e-4)
    assert np.array_equal(describe(np.full((1, 32, 32, 3), 90.0)), np.zeros((1, 9 * 36)))


class Batches(keras.utils.PyDataset):
    def __init__(self, images, labels, size):
        super().__init__()
        self.images, self.labels, self.size = images, labels, size

    def __len__(self):
        return math.ceil(len(self.images) / self.size)

    def __getitem__(self, index):
        rows = slice(index * self.size, (index + 1) * self.size)
        return self.images[rows], self.labels[rows]


@pytest.fixture(scope="module")
def quarters():
    return pictures(40), pictures(12, seed=5)


def neighbours(**options):
    return models.build("knn", classes=4, **{**TINY["knn"], "k": 3, **options})


def test_knn_fits_predicts_evaluates(quarters):
    (images, labels), (others, answers) = quarters
    model = neighbours()
    history = model.fit(images, labels, validation_data=(others, answers), epochs=7, batch_size=16, verbose=0)
    assert isinstance(history, keras.callbacks.History) and history.epoch == [0]
    assert set(history.history) == {"accuracy", "loss", "val_accuracy", "val_loss"}
    assert history.history["accuracy"] == [1.0] and history.history["val_accuracy"] == [1.0]
    assert model.evaluate(others, answers, verbose=0, return_dict=True)["accuracy"] == 1.0
    votes = model.predict(others, verbose=0)
    assert votes.shape == (12, 4)
    np.testing.assert_allclose(votes.sum(axis=1), 1, atol=1e-6)
    length = hog_module.length((32, 32, 1), 8)
    assert model.references == 40 and model.count_params() == 40 * (length + 1)
    assert not model.trainable_variables
    assert models.profile(model).macs == 40 * length


def test_knn_neighbours_are_the_nearest_by_plain_arithmetic(quarters):
    (images, labels), (others, _) = quarters
    noise = np.random.default_rng(3).integers(0, 4, len(labels))  # labels that say who voted
    model = neighbours(k=5)
    model.fit(images, noise, verbose=0)

    def describe(x):
        return np.stack([plain_hog(image[..., 0], 8, 9) for image in x])

    known, asked = describe(images), describe(others)
    order = np.argsort(((asked[:, None] - known[None]) ** 2).sum(-1), axis=1)[:, :5]
    shares = np.stack([np.bincount(noise[row], minlength=4) / 5 for row in order])
    np.testing.assert_allclose(model.predict(others, verbose=0), shares, atol=2e-3)


def test_knn_gives_a_tie_to_the_nearer_neighbour(quarters):
    (images, _), _ = quarters
    model = neighbours(k=2)
    model.fit(images[:2], np.array([3, 1]), verbose=0)
    assert model.predict(images[:2], verbose=0).argmax(axis=1).tolist() == [3, 1]


def test_knn_takes_batches_and_one_hot_and_forgets(quarters):
    (images, labels), (others, _) = quarters
    plain, batched, refitted = neighbours(), neighbours(), neighbours()
    plain.fit(images, labels, verbose=0)
    with eagerly():
        batched.fit(Batches(images, np.eye(4)[labels], 7), validation_data=Batches(images, labels, 7), verbose=0)
    refitted.fit(others, np.zeros(len(others), int), verbose=0)
    assert (refitted.predict(others, verbose=0).argmax(axis=1) == 0).all()
    refitted.fit(images, labels, verbose=0)
    expected = keras.ops.convert_to_numpy(plain(others))
    for model in (batched, refitted):
        assert model.references == 40 and len(model.variables) >= 2
        np.testing.assert_allclose(keras.ops.convert_to_numpy(model(others)), expected, atol=1e-6)
    # What Keras compiled for the first references is not asked after the second.
    np.testing.assert_allclose(refitted.predict(others, verbose=0), expected, atol=1e-6)


def test_knn_calls_callbacks_once(quarters):
    (images, labels), _ = quarters
    seen = []
    note = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append(batch),
        on_epoch_end=lambda epoch, logs: seen.append((epoch, sorted(logs))),
    )
    model = neighbours()
    model.fit(images, labels, callbacks=[note], batch_size=16, verbose=0)
    assert seen == [0, 1, 2, (0, ["accuracy", "loss"])]
    assert model.one_pass  # so a trainer need not come again


@pytest.fixture
def never_imported(monkeypatch):
    """As in a new process: nothing of the package is loaded, and Keras knows none of its classes."""
    known = keras.saving.get_custom_objects()
    for name in [name for name in known if name.startswith("fer_utils>")]:
        monkeypatch.delitem(known, name)
    loaded = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "fer_utils"}
    for name in loaded:
        del sys.modules[name]
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "fer_utils"]:
        del sys.modules[name]
    sys.modules.update(loaded)


@pytest.fixture
def stored_neighbours(quarters, tmp_path):
    """The file of a fitted model, other images, and the model's answers to them."""
    (images, labels), (others, _) = quarters
    model = neighbours()
    model.fit(images, labels, verbose=0)
    model.save(tmp_path / "knn.keras")
    return tmp_path / "knn.keras", others, model.predict(others, verbose=0)


def test_knn_round_trips_also_where_nothing_of_it_was_imported(stored_neighbours, never_imported):
    path, others, answers = stored_neighbours
    assert "fer_utils.models.knn" not in sys.modules
    with pytest.raises((TypeError, ValueError), match="NearestNeighbours"):
        keras.models.load_model(path)
    model = importlib.import_module("fer_utils.models").load(path)
    assert model.references == 40
    np.testing.assert_allclose(model.predict(others, verbose=0), answers, atol=1e-6)


def test_knn_says_what_is_wrong(quarters):
    (images, labels), _ = quarters
    model = neighbours(k=5)
    with pytest.raises(FerError, match=r"`k`.*at most as many neighbours as the 4 training images"):
        model.fit(images[:4], labels[:4], verbose=0)
    with pytest.raises(FerError, match="no references yet"):
        model(images[:1])
    with pytest.raises(FerError, match=r"`y`.*one label for each of the 40 images"):
        model.fit(images, labels[:-1], verbose=0)
    with pytest.raises(FerError, match=r"`y`.*labels from 0 to 3"):
        model.fit(images, labels + 1, verbose=0)
    with pytest.raises(FerError, match=r"`x`.*\(32, 32, 1\)"):
        model.fit(images[:, :16], labels, verbose=0)
    with pytest.raises(FerError, match=r"`y`.*the labels"):
        model.fit(images, verbose=0)
    with pytest.raises(FerError, match=r"`x`.*at least one image"):
        model.fit(images[:0], labels[:0], verbose=0)


@pytest.mark.parametrize("module", [models, ding2023, hog_module, distances_module, landmark_lstm])
def test_documented_examples(module):
    result = doctest.testmod(module)
    assert result.attempted and not result.failed
