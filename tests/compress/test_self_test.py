"""A file says what it must answer, and is refused on a machine where it answers something else."""

import importlib.util
import json

import numpy as np
import pytest

from fer_utils.core import processor
from fer_utils.core.errors import FerError

keras = pytest.importorskip("keras", reason="the networks need Keras: pip install 'fer-utils[cpu]'")

from fer_utils import compress  # noqa: E402
from fer_utils.compress import exporting, self_test  # noqa: E402

SHAPE = (32, 32, 1)
ENDS = {"litert": ".tflite", "onnx": ".onnx", "openvino": ".xml"}
PACKAGES = {"litert": (), "onnx": ("onnx", "tf2onnx", "onnxruntime"), "openvino": ("openvino", "onnx", "tf2onnx")}

needs_converter = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow",
    reason="the converters need Keras on TensorFlow: unset KERAS_BACKEND and pip install tensorflow-cpu",
)


def needs_packages(form):
    absent = [package for package in PACKAGES[form] if importlib.util.find_spec(package) is None]
    reason = f'{", ".join(absent)} not installed: pip install "fer_utils[engines]"'
    return [needs_converter, pytest.mark.skipif(bool(absent), reason=reason)]


FORMATS = [pytest.param(form, marks=needs_packages(form)) for form in ENDS]
IN_8_BITS = [pytest.param(form, marks=needs_packages(form)) for form in ("onnx", "openvino")]


def images_of(count, seed):
    return np.random.default_rng(seed).integers(0, 256, (count, *SHAPE)).astype("uint8")


def answers(model, images):
    return keras.ops.convert_to_numpy(model(np.asarray(images, "float32"), training=False))


@pytest.fixture(scope="module")
def saturating():
    """Weights that are all near the greatest one.

    The sum of two products overflows 16 bits wherever the picture is bright.
    """
    keras.utils.set_random_seed(0)
    layers = keras.layers
    alike = keras.initializers.RandomUniform(0.8, 1)
    inputs = keras.Input(SHAPE)
    x = layers.Rescaling(1 / 255)(inputs)
    for side in (3, 3, 1):
        x = layers.Conv2D(32, side, activation="relu", kernel_initializer=alike)(x)
    x = layers.GlobalAveragePooling2D()(x)
    small = keras.initializers.RandomUniform(-1e-4, 1e-4)
    return keras.Model(inputs, layers.Dense(4, activation="softmax", kernel_initializer=small)(x), name="saturating")


@pytest.fixture(scope="module")
def files(saturating, tmp_path_factory):
    """Files of the network, made when they are asked for.

    ``unchecked`` writes what the check of a writer would refuse.
    """
    folder, made = tmp_path_factory.mktemp("files"), {}

    def get(form, quantize="int8", weight_bits=None, unchecked=False):
        key = (form, quantize, weight_bits, unchecked)
        if key not in made:
            with pytest.MonkeyPatch.context() as patch:
                if unchecked:
                    patch.setattr(self_test, "difference", lambda *_: self_test.Difference(0.0, 0.0, True))
                    patch.setitem(exporting.TOLERANCE, "int8", 1.0)
                made[key] = compress.export(
                    saturating,
                    folder / f"{form}-{quantize}-{weight_bits}-{unchecked}{ENDS[form]}",
                    format=form,
                    quantize=quantize,
                    calibration=images_of(24, 1),
                    weight_bits=weight_bits,
                    progress=False,
                )
        return made[key]

    return get


def with_answers(path, change):
    """A file's bytes with another self-test in the place of its own."""
    content = path.read_bytes()
    test = self_test.find(content)
    form = {end: name for name, end in ENDS.items()}[path.suffix]
    other = self_test.SelfTest(change(test.answers), test.tolerance, test.quantize, test.weight_bits)
    return self_test.attach(content[: self_test.network_bytes(content)], form, other)


# ---- what int8 files compute --------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
def test_int8_agrees_with_keras_where_full_8_bit_weights_overflow(files, saturating, form):
    """Rounding moves this network's probabilities by 0.01; where sums overflow, they move by 0.4."""
    images = images_of(12, 7)
    run = compress.load(files(form))
    np.testing.assert_allclose(run(images), answers(saturating, images), atol=0.03)
    assert run.self_test_difference <= 0.02


@pytest.mark.parametrize("form", IN_8_BITS)
def test_8_bit_weights_are_refused_by_a_processor_that_they_overflow_on(files, saturating, form, tmp_path):
    if not processor.lacks_vnni():
        pytest.skip("this processor has VNNI, or is no x86 one: nothing overflows here; run it on one with AVX2 alone")
    written_elsewhere = files(form, weight_bits=8, unchecked=True)
    with pytest.raises(FerError, match=r"(?s)self-test.*0\.\d+ off.*0\.03.*no VNNI.*weight_bits=7"):
        compress.load(written_elsewhere)
    seen = compress.load(written_elsewhere, self_test=False)
    assert seen.self_test_difference is None
    images = self_test.pictures(SHAPE)
    assert np.abs(seen(images) - answers(saturating, images)).max() > 0.05  # the refusal was no false alarm
    # Nor is such a file written here.
    with pytest.raises(FerError, match=r"(?s)not written.*no VNNI.*weight_bits=7"):
        compress.export(
            saturating,
            tmp_path / f"here{ENDS[form]}",
            format=form,
            quantize="int8",
            calibration=images_of(24, 1),
            weight_bits=8,
            progress=False,
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("form", IN_8_BITS)
def test_the_message_says_that_vnni_is_lacking_only_where_it_is(files, form, monkeypatch):
    """Also on a processor that has it: the file is made to answer something else."""
    file = files(form, weight_bits=8, unchecked=True).path
    changed = file.with_name(f"changed{file.suffix}")
    changed.write_bytes(with_answers(file, lambda stored: stored[:, ::-1]))
    if form == "openvino":
        changed.with_suffix(".bin").write_bytes(file.with_suffix(".bin").read_bytes())
    for lacking in (True, False):
        monkeypatch.setattr(processor, "lacks_vnni", lambda lacking=lacking: lacking)
        with pytest.raises(FerError, match="self-test") as error:
            compress.load(changed)
        assert ("no VNNI" in str(error.value)) == lacking and "weight_bits=7" in str(error.value)
        assert f"of their spread, at most {0.1 if lacking else 0.25} accepted" in str(error.value)


@pytest.mark.parametrize("form", IN_8_BITS)
def test_weights_have_the_bits_that_were_asked_for(files, form):
    onnx = pytest.importorskip("onnx", reason='reads the weights: pip install "fer_utils[engines]"')
    if form == "openvino":
        assert (files(form).weight_bits, files(form, "float16").weight_bits) == (7, None)
        return
    for bits, most in ((None, 64), (7, 64), (8, 127)):
        made = onnx.load(str(files(form, weight_bits=bits, unchecked=bits == 8).path))
        weights = [onnx.numpy_helper.to_array(one) for one in made.graph.initializer if np.prod(one.dims) > 64]
        assert max(int(np.abs(one.astype(int)).max()) for one in weights) == most


# ---- the self-test of a file --------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("quantize", [None, "int8"])
def test_other_answers_are_refused_everywhere(files, form, quantize, tmp_path):
    file = files(form, quantize).path
    beside = file.with_suffix(".bin")
    place = tmp_path / file.name
    if form == "openvino":
        place.with_suffix(".bin").write_bytes(beside.read_bytes())
    place.write_bytes(with_answers(file, lambda stored: stored))
    assert place.read_bytes() == file.read_bytes()
    assert compress.load(place).self_test_difference <= 0.01
    assert compress.load(place, self_test=False).self_test_difference is None

    place.write_bytes(with_answers(file, lambda stored: stored[:, ::-1]))
    with pytest.raises(FerError, match=f"(?s){file.stem}.*does not compute on this machine.*off.*another format"):
        compress.load(place)
    place.write_bytes(with_answers(file, lambda stored: stored[:, :2]))  # of a network with other classes
    with pytest.raises(FerError, match="inf off"):
        compress.load(place)
    # A digit that was changed by hand, without the checksum.
    content = file.read_bytes()
    at = content.rindex(b'"answers": ["0.') + len(b'"answers": ["0.')
    digit = b"1" if content[at : at + 1] == b"0" else b"0"
    place.write_bytes(content[:at] + digit + content[at + 1 :])
    with pytest.raises(FerError, match=r"self-test of .* cannot be read.*changed after it was written"):
        compress.load(place)


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_without_a_self_test_loads_as_before(files, form, tmp_path):
    file = files(form).path
    content = file.read_bytes()
    place = tmp_path / file.name
    size = self_test.network_bytes(content)
    place.write_bytes(content[:size])
    if form == "openvino":
        place.with_suffix(".bin").write_bytes(file.with_suffix(".bin").read_bytes())
    run = compress.load(place)
    assert run.self_test_difference is None and self_test.find(content[:size]) is None
    np.testing.assert_array_equal(run(images_of(2, 3)), compress.load(file)(images_of(2, 3)))
    table = compress.compare({"with": file, "without": place}, images_of(2, 3), repeats=1, warmup=0, progress=False)
    assert table["bytes"].nunique() == 1  # a self-test is no part of the network


def test_an_onnx_file_has_its_self_test_among_its_metadata_under_a_name(files):
    for package in PACKAGES["onnx"]:
        pytest.importorskip(package, reason='pip install "fer_utils[engines]"')
    import onnx

    file = files("onnx").path
    stored = {one.key: one.value for one in onnx.load(str(file)).metadata_props}
    assert (
        json.loads(stored["fer_utils.self_test"])["tail bytes"] == f"{len(file.read_bytes()) - files('onnx').bytes:07d}"
    )


def test_openvino_runs_the_self_test_of_an_onnx_file(files):
    for package in ("onnx", "tf2onnx", "onnxruntime", "openvino"):
        pytest.importorskip(package, reason='pip install "fer_utils[engines]"')
    assert compress.load(files("onnx"), engine="openvino").self_test_difference <= 0.02


def test_the_pictures_are_the_same_everywhere():
    """Made of whole numbers; what they are is part of every file that was ever written."""
    import zlib

    made = self_test.pictures((5, 7, 3))
    assert made.shape == (4, 5, 7, 3) and made.dtype == np.uint8
    assert zlib.crc32(np.ascontiguousarray(made).tobytes()) == 949884646
    assert self_test.pictures((1, 1, 1)).shape == (4, 1, 1, 1)
    assert all(np.ptp(picture) > 200 for picture in self_test.pictures((48, 48, 1)))


def test_a_self_test_is_as_long_for_one_network_as_for_another():
    generator = np.random.default_rng(0)
    lengths = {
        len(self_test.attach(b"", "litert", self_test.SelfTest(generator.dirichlet([1] * 7, 4), 0.05, "int8", bits)))
        for bits in (7, 8)
    }
    assert len(lengths) == 1
    exact = self_test.SelfTest(np.float32([[0, 1]] * 4), 0.001)
    content = self_test.attach(b"a network", "openvino", exact)
    assert content.startswith(b"a network<!-- {") and self_test.network_bytes(content) == len(b"a network")
    found = self_test.find(content)
    np.testing.assert_array_equal(found.answers, exact.answers)
    assert (found.tolerance, found.quantize, found.weight_bits) == (0.001, None, None)
    assert json.loads(content[len(b"a network<!-- ") : -len(b" -->\n")])["fer_utils self-test"] == 1


def test_answers_that_are_no_numbers_are_infinitely_far():
    test = self_test.SelfTest(np.float32([[0.9, 0.1]] * 4), 0.05)

    def far(answer):
        return self_test.difference(lambda images: np.full((len(images), 2), answer, "float32"), test, SHAPE)

    assert far([0.9, 0.1]) == self_test.Difference(0.0, 0.0, True)
    for wrong in ([0.9, np.nan], [0.9, np.inf]):
        assert far(wrong) == self_test.Difference(np.inf, np.inf, False)


@pytest.mark.parametrize(
    "quantize, tolerance, off, accepted",
    [
        ("int8", 0.03, 0.029, True),  # within the tolerance of one probability
        ("int8", 0.03, 0.098, True),  # 0.245 of the spread of a sure network
        ("int8", 0.03, 0.102, False),  # 0.255 of it
        ("dynamic", 0.05, 0.049, True),
        ("dynamic", 0.05, 0.06, False),
        (None, 0.001, 0.06, False),
    ],
)
def test_a_sure_network_in_int8_may_be_moved_by_its_roundings(quantize, tolerance, off, accepted):
    answers = np.float32([[0.9, 0.1]] * 4)
    test = self_test.SelfTest(answers, tolerance, quantize)
    found = self_test.difference(lambda images: answers + np.float32([-off, off]), test, SHAPE)
    assert found.accepted == accepted
    assert found.largest == pytest.approx(off, abs=1e-6) and found.relative == pytest.approx(off / 0.4, abs=1e-5)


@pytest.mark.parametrize(
    "bits, lacking, limit", [(8, True, 0.1), (8, False, 0.25), (7, True, 0.25), (None, True, 0.25)]
)
def test_full_8_bit_weights_are_held_to_less_where_their_sums_may_overflow(monkeypatch, bits, lacking, limit):
    """On a processor with AVX2 alone a file 0.151 of the spread away gave a fifth of the faces another label."""
    monkeypatch.setattr(processor, "lacks_vnni", lambda: lacking)
    answers = np.float32([[0.9, 0.1]] * 4)
    test = self_test.SelfTest(answers, 0.03, "int8", bits)
    for share, accepted in ((limit - 0.005, True), (limit + 0.005, False)):
        moved = answers + 0.4 * np.float32([-share, share])
        found = self_test.difference(lambda images, moved=moved: moved, test, SHAPE)
        assert (found.accepted, found.relative) == (accepted, pytest.approx(share, abs=1e-5))


def test_an_unsure_network_is_held_to_the_tolerance_of_a_probability():
    """Its answers have little spread, or none, of which a share would be nothing."""
    flat = np.full((4, 8), 0.125, "float32")
    test = self_test.SelfTest(flat, 0.03, "int8")
    moved = np.float32([0.02, -0.02, 0, 0, 0, 0, 0, 0])
    assert self_test.difference(lambda images: flat + moved, test, SHAPE).accepted
    assert not self_test.difference(lambda images: flat + 2 * moved, test, SHAPE).accepted


# ---- the option ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"format": "onnx", "quantize": "int8", "weight_bits": 6}, ["`weight_bits`", "7 or 8", "6"]),
        ({"format": "onnx", "quantize": "int8", "weight_bits": True}, ["`weight_bits`", "7 or 8", "True"]),
        ({"format": "onnx", "quantize": "int8", "weight_bits": "7"}, ["`weight_bits`", "7 or 8", "'7'"]),
        ({"format": "litert", "quantize": "int8", "weight_bits": 8}, ["`weight_bits`", "ONNX and OpenVINO"]),
        ({"format": "onnx", "quantize": "dynamic", "weight_bits": 7}, ["`weight_bits`", "quantize='dynamic'"]),
    ],
)
def test_bits_that_are_no_choice_are_named(saturating, arguments, words, tmp_path):
    with pytest.raises(FerError) as error:
        compress.export(saturating, tmp_path / "x.onnx", calibration=images_of(4, 1), **arguments)
    assert all(word in str(error.value) for word in words), str(error.value)
    assert not list(tmp_path.iterdir())


# --- operations that stay in float32 ------------------------------------------------------------


@needs_converter
@pytest.mark.parametrize("first", ["contrast", "gradients"])
def test_a_fixed_layer_stays_in_float_and_what_is_learned_is_in_8_bits(tmp_path, first):
    """In 8 bits the fixed first layer of `contrast` divides by zero; in float32 it does not, and the rest is int8."""
    from fer_utils.models import contrast
    from fer_utils.models.contrast import FLOAT_OPERATIONS
    from fer_utils.studies.shipping import operations

    keras.utils.set_random_seed(0)
    inner = contrast.build(classes=3, input_shape=(16, 16, 1), first=first, widths=(4, 6))
    face = keras.Input((16, 16, 1))
    network = keras.Model(face, inner(face))  # a model within a model, as networks that are averaged are
    faces = np.random.default_rng(0).integers(0, 256, (12, 16, 16, 1)).astype(np.uint8)
    asked = {"quantize": "int8", "calibration": faces, "progress": False}
    made = compress.export(network, tmp_path / "net.tflite", **asked)
    assert made.distance < 0.02 and {"DIV", "RSQRT"} & set(operations(made.path.read_bytes()))
    details = compress.engines.LiteRT(made.path.read_bytes(), threads=1, plain=True)._interpreter
    kinds = {tensor["index"]: tensor["dtype"] for tensor in details.get_tensor_details()}
    for one in details._get_ops_details():
        outputs = {kinds[index] for index in one["outputs"]}
        if one["op_name"] in FLOAT_OPERATIONS:
            assert outputs == {np.float32}, one["op_name"]
        if one["op_name"] in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            assert outputs == {np.int8}, one["op_name"]


@pytest.mark.parametrize(
    "given",
    [
        {"quantize": None, "float_operations": ("DIV",)},
        {"quantize": "int8", "format": "onnx", "float_operations": ("DIV",)},
        {"quantize": "int8", "float_operations": ("division",)},
        {"quantize": "int8", "float_operations": (3,)},
    ],
)
def test_operations_in_float_are_for_int8_files_of_litert(tmp_path, given):
    network = keras.Sequential([keras.Input((16, 16, 1)), keras.layers.Flatten(), keras.layers.Dense(3, "softmax")])
    with pytest.raises(FerError, match="`float_operations`"):
        compress.export(network, tmp_path / "a.onnx", calibration=np.zeros((2, 16, 16, 1)), progress=False, **given)
