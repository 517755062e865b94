"""Pruning, export and timing: a file is believed only after it agreed with Keras."""

from eagerly import eagerly
import numpy as np
import pytest

from fer_utils import models
from fer_utils.core import timing
from fer_utils.core.errors import FerError, MissingPackage

keras = pytest.importorskip("keras", reason="the networks need Keras: pip install 'fer-utils[cpu]'")

from fer_utils import compress  # noqa: E402
from fer_utils.compress import exporting, formats  # noqa: E402
from fer_utils.compress.converting import Converted  # noqa: E402
from fer_utils.compress.pruning import kernels  # noqa: E402
from fer_utils.models import mobilenet_inception2019  # noqa: E402

SHAPE = (32, 32, 1)

needs_converter = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow",
    reason="LiteRT's converter needs Keras on TensorFlow: unset KERAS_BACKEND and pip install tensorflow-cpu",
)


def blobs(count, seed):
    """A bright spot in one of four places, over noise; 0..255."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 4
    y, x = np.mgrid[:32, :32]
    row, column = 8 + 16 * (labels // 2), 8 + 16 * (labels % 2)
    spots = np.exp(-((y - row[:, None, None]) ** 2 + (x - column[:, None, None]) ** 2) / 40)
    images = 180 * spots + generator.uniform(0, 60, (count, 32, 32))
    return images.astype("uint8")[..., None], labels


def fresh(**options):
    keras.utils.set_random_seed(0)
    model = models.build("ding2023", classes=4, input_shape=SHAPE, filters=8, dropout=(0, 0, 0), **options)
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture(scope="module")
def data():
    return blobs(48, 1)


@pytest.fixture(scope="module")
def trained(data):
    model = fresh()
    with eagerly():
        model.fit(*data, epochs=8, batch_size=16, verbose=0)
    assert right(model, data) == 1.0
    return model


def right(model, data):
    """The share of pictures that a network names right."""
    images, labels = data
    return (keras.ops.convert_to_numpy(model(images, training=False)).argmax(axis=1) == labels).mean()


def zeros(model):
    return [int((keras.ops.convert_to_numpy(kernel) == 0).sum()) for kernel in kernels(model)]


# ---- pruning ------------------------------------------------------------------------------------


def test_prune_zeroes_the_smallest_of_a_copy(trained):
    before = [weight.copy() for weight in trained.get_weights()]
    pruned = compress.prune(trained, 0.6)
    assert compress.sparsity(trained) == 0.0
    for old, now in zip(before, trained.get_weights(), strict=True):
        np.testing.assert_array_equal(old, now)
    flat = np.concatenate([keras.ops.convert_to_numpy(kernel).ravel() for kernel in kernels(trained)])
    kept = np.concatenate([keras.ops.convert_to_numpy(kernel).ravel() for kernel in kernels(pruned)])
    assert (kept == 0).sum() == round(0.6 * flat.size)
    assert np.abs(flat[kept == 0]).max() <= np.abs(flat[kept != 0]).min()
    np.testing.assert_array_equal(kept[kept != 0], flat[kept != 0])
    for layer in trained.layers:  # biases stay
        if getattr(layer, "bias", None) is not None:
            np.testing.assert_array_equal(
                keras.ops.convert_to_numpy(layer.bias),
                keras.ops.convert_to_numpy(pruned.get_layer(layer.name).bias),
            )


def test_prune_by_layer_takes_the_same_share_from_each(trained):
    pruned = compress.prune(trained, 0.5, scope="layer")
    assert zeros(pruned) == [round(0.5 * int(np.prod(kernel.shape))) for kernel in kernels(pruned)]
    assert compress.prune(trained, 0.0).get_weights()[0].all()
    shares = np.array(zeros(compress.prune(trained, 0.5))) / np.array([np.prod(k.shape) for k in kernels(trained)])
    assert shares.max() - shares.min() > 0.05  # the global ranking does not


def test_separable_and_depthwise_kernels_are_found():
    model = models.build("xception2022", classes=4, input_shape=SHAPE, width=0.01)
    separable = [layer for layer in model.layers if isinstance(layer, keras.layers.SeparableConv2D)]
    found = {id(kernel) for kernel in kernels(model)}
    assert separable and all({id(s.depthwise_kernel), id(s.pointwise_kernel)} <= found for s in separable)
    pruned = compress.prune(model, 0.5)
    assert compress.sparsity(pruned) == pytest.approx(0.5, abs=1e-3)
    mobile = models.build("mobilenet_inception2019", classes=4, input_shape=SHAPE, width=0.25, features=16)
    counted = models.profile(mobile).layers
    assert len(kernels(mobile)) == counted["type"].isin(["Conv2D", "DepthwiseConv2D", "Dense"]).sum()


def test_pruning_while_training_rises_and_holds(data):
    model = fresh(conditioned=False)
    pruning = compress.MagnitudePruning(0.8, ramp=0.5, every=2)
    seen = []
    watch = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(sum(zeros(model))))
    with eagerly():
        model.fit(*data, epochs=8, batch_size=16, verbose=0, callbacks=[pruning, watch])
    assert compress.sparsity(model) == pytest.approx(0.8, abs=1e-3)
    assert seen == sorted(seen) and seen[0] < seen[4] < seen[-1]
    steps, shares = zip(*pruning.history, strict=True)
    assert steps[:3] == (2, 4, 6) and steps[-1] == 24
    # 24 steps, ramp over 12: after 6, half of it, s = 0.8 (1 - (1/2)^3).
    assert shares[2] == pytest.approx(0.8 * (1 - 0.125)) and shares[5:] == (0.8,) * (len(shares) - 5)
    assert right(model, data) == 1.0


def test_a_layer_that_starts_at_zero_is_not_taken_for_pruned(data):
    model = fresh(conditioned=True)
    assert zeros(model)[-1] == 16 * 4
    pruning = compress.MagnitudePruning(0.5, every=2, scope="layer")
    with eagerly():
        model.fit(*data, epochs=8, batch_size=16, verbose=0, callbacks=[pruning])
    assert zeros(model) == [round(0.5 * int(np.prod(kernel.shape))) for kernel in kernels(model)]
    assert pruning.history[0][1] == pytest.approx(0.5 * (1 - (1 - 2 / 18) ** 3))
    assert right(model, data) == 1.0


def test_fine_tuning_keeps_the_zeros(trained, data):
    pruned = compress.prune(trained, 0.7)
    pruned.compile(optimizer=keras.optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy")
    where = [keras.ops.convert_to_numpy(kernel) == 0 for kernel in kernels(pruned)]
    before = zeros(pruned)
    with eagerly():
        pruned.fit(*data, epochs=2, batch_size=16, verbose=0, callbacks=[compress.MagnitudePruning(None)])
    assert zeros(pruned) == before
    assert all((keras.ops.convert_to_numpy(k)[zero] == 0).all() for k, zero in zip(kernels(pruned), where, strict=True))
    # Without the callback they grow back: so the test above can fail.
    with eagerly():
        pruned.fit(*data, epochs=1, batch_size=16, verbose=0)
    assert sum(zeros(pruned)) < sum(before)


def test_pruning_goes_on_over_many_calls_of_fit(data):
    model = fresh()
    pruning = compress.MagnitudePruning(0.6, ramp=1.0, every=1, steps=6)
    found = []
    for _ in range(3):  # 3 steps a call, so the third is past the end
        with eagerly():
            model.fit(*data, batch_size=16, verbose=0, callbacks=[pruning])
        found.append(compress.sparsity(model))
    # Half way: s = 0.6 (1 - (1/2)^3).
    assert found == pytest.approx([0.6 * (1 - 0.125), 0.6, 0.6], abs=1e-3)


@pytest.mark.filterwarnings("ignore:`shuffle=True`", "ignore:Your input ran out of data")
def test_pruning_a_stream_of_unknown_length(data):
    def stream():
        for start in range(0, 48, 16):
            yield data[0][start : start + 16].astype("float32"), data[1][start : start + 16]

    model = fresh()
    with eagerly():
        model.fit(stream(), epochs=1, verbose=0, callbacks=[compress.MagnitudePruning(0.5, every=1)])
    assert compress.sparsity(model) == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>"])
def test_a_file_that_is_litert_by_its_name_only_is_said_to_be_damaged(tmp_path, content):
    (tmp_path / "a.tflite").write_bytes(content)
    with pytest.raises(FerError, match=r"(?s)`path`.*a whole file for LiteRT.*damaged, empty or another file"):
        compress.load(tmp_path / "a.tflite")


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda m: compress.prune(m, 1.0), ["`sparsity`", "[0, 1)"]),
        (lambda m: compress.prune(m, "much"), ["`sparsity`", "'much'"]),
        (lambda m: compress.prune(m, 0.5, scope="row"), ["`scope`", "'layer'", "'row'"]),
        (lambda m: compress.prune("ding2023"), ["`model`", "keras.Model"]),
        (lambda m: compress.prune(models.build("knn", classes=2)), ["`model`", "knn", "cannot be pruned"]),
        (lambda m: compress.sparsity(models.build("knn", classes=2)), ["`model`"]),
        (lambda m: compress.MagnitudePruning(1.5), ["`sparsity`"]),
        (lambda m: compress.MagnitudePruning(ramp=0), ["`ramp`"]),
        (lambda m: compress.MagnitudePruning(every=0), ["`every`"]),
        (lambda m: compress.MagnitudePruning(steps=0), ["`steps`"]),
        (lambda m: compress.prune(m, 0.5, structured="yes"), ["`structured`", "True or False", "'yes'"]),
        (
            lambda m: compress.export(m, "x", format="tensorrt"),
            ["`format`", "'litert', 'onnx', 'openvino'", "'tensorrt'"],
        ),
        (lambda m: compress.export(m, "x", format=["onnx"]), ["`format`", "['onnx']"]),
        (
            lambda m: compress.export(m, "x.xml", format="openvino", quantize="dynamic"),
            [
                "`quantize`",
                "None, 'float16', 'int8' for format='openvino'",
                "exists for format='litert' and format='onnx'",
            ],
        ),
        (lambda m: compress.export(m, "x", format="onnx"), ["`path`", "ends in .onnx"]),
        (lambda m: compress.export(m, "x.bin", format="openvino"), ["`path`", "ends in .xml"]),
        (lambda m: compress.export(m, "x", quantize="int4"), ["`quantize`", "'dynamic'", "'int4'"]),
        (lambda m: compress.export(m, "x", quantize="int8"), ["`calibration`", "training set"]),
        (
            lambda m: compress.export(m, "x", quantize="int8", calibration=np.zeros((4, 48, 48, 1))),
            ["`calibration`", "(N, 32, 32, 1)", "(4, 48, 48, 1)"],
        ),
        (lambda m: compress.export(m, "x", calibration=np.zeros((0, 32, 32, 1))), ["`calibration`"]),
        (lambda m: compress.export(models.build("knn", classes=2), "x"), ["`model`", "knn", "exported"]),
        (lambda m: compress.load("nowhere.tflite"), ["`path`", "nowhere.tflite"]),
        (lambda m: compress.load(__file__), ["`path`", "LiteRT"]),
        (lambda m: compress.load("x", engine="tvm"), ["`engine`", "'litert'", "'tvm'"]),
        (lambda m: compress.load("x", threads=0), ["`threads`"]),
        (lambda m: compress.load(None), ["`path`", "None"]),
        (lambda m: compress.load("x", engine=["litert"]), ["`engine`", "['litert']"]),
        (lambda m: compress.load("x.keras"), ["`path`", "a file that exists", "x.keras"]),
        (
            lambda m: compress.load(__file__, engine="openvino"),
            ["`path`", "a file for OpenVINO (.xml or .onnx)", "leave `engine` out"],
        ),
        (lambda m: compress.load(__file__, engine="onnxruntime"), ["`path`", "a file for onnxruntime (.onnx)"]),
        (lambda m: compress.load(__file__, engine="xla"), ["`path`", "a file for Keras (.keras)"]),
        (lambda m: compress.compare([], np.zeros((1, *SHAPE))), ["`items`"]),
        (lambda m: compress.compare([m, m], np.zeros((1, *SHAPE))), ["`items`", "different names"]),
        (lambda m: compress.compare([m, 3], np.zeros((1, *SHAPE))), ["`items`", "3"]),
        (lambda m: compress.compare(3, np.zeros((1, *SHAPE))), ["`items`", "3"]),
        (lambda m: compress.compare([("a", m, m)], np.zeros((1, *SHAPE))), ["`items`", "pairs"]),
        (lambda m: compress.compare([(m, "a")], np.zeros((1, *SHAPE))), ["`items`", "pairs"]),
        (
            lambda m: compress.compare([("a", m), ("a", m)], np.zeros((1, *SHAPE))),
            ["`items`", "different names", "'a'"],
        ),
        (lambda m: compress.compare([m, print], np.zeros((1, *SHAPE))), ["`items`", "Name callables"]),
        (lambda m: compress.compare({"a": m, "b": 3}, np.zeros((1, *SHAPE))), ["`items`", "3"]),
        (lambda m: compress.compare([m], np.zeros((1, 8, 8, 1))), ["`images`", "(N, 32, 32, 1)"]),
        (lambda m: compress.compare([m], np.zeros((2, *SHAPE)), [0]), ["`labels`", "2 whole numbers"]),
        (lambda m: compress.compare([m], np.zeros((2, *SHAPE)), baseline="b"), ["`baseline`", "ding2023 (Keras)"]),
        (lambda m: compress.compare([m], np.zeros((2, *SHAPE)), [0, 1], actors=["a"]), ["`actors`", "2 names"]),
        (lambda m: compress.compare([m], np.zeros((2, *SHAPE)), actors=["a", "b"]), ["`actors`", "labels"]),
        (lambda m: compress.compare([m], np.zeros((2, *SHAPE)), threads=()), ["`threads`", "different whole numbers"]),
        (
            lambda m: compress.compare([m], np.zeros((2, *SHAPE)), threads=(1, 1)),
            ["`threads`", "different whole numbers"],
        ),
        (lambda m: compress.compare([m], np.zeros((2, *SHAPE)), threads=(1, 0)), ["`threads`", "1 or more"]),
        (
            lambda m: compress.compare([m, ("f", print)], np.zeros((2, *SHAPE)), threads=(1, 2)),
            ["`items`", "process of its own"],
        ),
        (
            lambda m: compress.compare([("f", lambda x: x[:, 0, 0, 0])], np.zeros((2, *SHAPE))),
            ["`items`", "(2, classes)", "'f'"],
        ),
        (
            lambda m: compress.compare([m, ("f", lambda x: np.full((len(x), 4), np.nan))], np.zeros((2, *SHAPE))),
            ["`items`", "f: NaN or infinite scores of 2 of 2 pictures"],
        ),
    ],
)
def test_a_bad_call_gives_one_error_that_names_the_argument(trained, call, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FerError) as error:
        call(trained)
    for word in words:
        assert word in str(error.value)
    assert not list(tmp_path.iterdir())


def test_asking_for_fewer_zeros_than_there_are(trained, data):
    pruned = compress.prune(trained, 0.5)
    pruned.compile(loss="sparse_categorical_crossentropy")
    with pytest.raises(FerError, match=r"present share of zeros, 0.500"):
        pruned.fit(*data, verbose=0, callbacks=[compress.MagnitudePruning(0.2)])


# ---- export -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def converted():
    """What the converter made for each of `exports`."""
    return {}


@pytest.fixture(scope="module")
def exports(trained, data, converted, tmp_path_factory):
    folder, honest = tmp_path_factory.mktemp("exports"), exporting._litert

    def kept(model, shape, quantize, *rest):
        converted[quantize] = honest(model, shape, quantize, *rest)
        return converted[quantize]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporting, "_litert", kept)
        return {
            quantize: compress.export(
                trained, folder / "deeper" / f"{quantize}.tflite", quantize=quantize, calibration=data[0]
            )
            for quantize in formats.QUANTIZE
        }


@pytest.mark.slow
@needs_converter
@pytest.mark.parametrize("quantize, bytes_a_weight", [(None, 4), ("float16", 2), ("dynamic", 1), ("int8", 1)])
def test_an_export_agrees_with_keras_on_images_that_it_has_not_seen(exports, trained, quantize, bytes_a_weight):
    export = exports[quantize]
    assert export.bytes < export.path.stat().st_size < export.bytes + 1000  # the self-test is not counted
    # The weights, and no more than 12 kB of graph around them.
    assert (
        0.95 * bytes_a_weight < export.bytes / trained.count_params() < bytes_a_weight + 12_000 / trained.count_params()
    )
    assert (export.checked, export.agreement, export.quantize) == (32, 1.0, quantize)
    assert export.distance <= exporting.TOLERANCE[quantize]
    images, labels = blobs(20, seed=9)
    run = compress.load(export)
    assert (run.input_shape, run.classes, run.engine, run.threads) == (SHAPE, 4, "litert", 1)
    found, expected = run(images), trained.predict(images, verbose=0)
    assert found.shape == (20, 4) and found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol={None: 1e-4, "float16": 0.02}.get(quantize, 0.15))
    np.testing.assert_array_equal(found.argmax(axis=1), labels)
    np.testing.assert_array_equal(found, run(images.astype("float64")))
    assert str(export).startswith(export.path.name)


@needs_converter
def test_int8_is_whole_numbers_inside_and_floats_outside(exports):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(exports["int8"].path))
    interpreter.allocate_tensors()
    (given,), (found,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert given["dtype"] == found["dtype"] == np.float32 and given["shape"].tolist() == [1, *SHAPE]
    inside = [
        detail["dtype"]
        for detail in interpreter.get_tensor_details()
        # One number alone may be a float: the negated mean of a picture has no integer operation.
        if detail["index"] not in (given["index"], found["index"]) and np.prod(detail["shape"]) > 1
    ]
    assert inside and set(inside) <= {np.int8, np.int32}  # int32: shapes and biases


@needs_converter
def test_the_same_file_on_two_threads_gives_the_same(exports, data):
    one, two = compress.load(exports["int8"].path), compress.load(str(exports["int8"].path), threads=2)
    np.testing.assert_array_equal(one(data[0][:4]), two(data[0][:4]))


@needs_converter
@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
def test_tensorflow_s_own_interpreter_serves_where_litert_is_not_installed(exports, data, monkeypatch):
    import sys

    expected = compress.load(exports["int8"])(data[0][:4])
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    np.testing.assert_allclose(compress.load(exports["int8"])(data[0][:4]), expected, atol=0.01)


@needs_converter
def test_a_loaded_file_refuses_other_shapes(exports):
    with pytest.raises(FerError, match=r"`images`.*\(N, 32, 32, 1\)"):
        compress.load(exports[None])(np.zeros((32, 32, 1)))


@needs_converter
def test_a_file_without_its_weights_or_with_others_is_never_written(
    trained, exports, converted, data, tmp_path, monkeypatch
):
    honest = exporting._litert
    other = fresh(l1=0.1)  # the same network, untrained
    monkeypatch.setattr(exporting, "_litert", lambda model, *rest: honest(other, *rest))
    with pytest.raises(FerError, match="does not compute what Keras does"):
        compress.export(trained, tmp_path / "other.tflite", calibration=data[0])
    monkeypatch.setattr(exporting, "_litert", lambda *all: Converted((converted[None].files[0][:7000],)))
    with pytest.raises(FerError, match="lost some"):
        compress.export(trained, tmp_path / "empty.tflite")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@needs_converter
def test_a_network_with_normalisation_and_branches_exports(tmp_path, monkeypatch):
    # The network as it is, with two of its five stages of bottlenecks.
    monkeypatch.setattr(mobilenet_inception2019, "STAGES", mobilenet_inception2019.STAGES[:2])
    model = models.build("mobilenet_inception2019", classes=4, input_shape=SHAPE, width=0.25, features=16)
    assert {"Concatenate", "DepthwiseConv2D", "BatchNormalization", "Add"} <= {
        type(one).__name__ for one in model.layers
    }
    export = compress.export(model, tmp_path / "m.tflite")
    assert export.checked == 8 and export.difference < 1e-4


@needs_converter
def test_a_network_that_standardises_each_picture_exports(data, tmp_path):
    """Each picture to mean 0 and deviation 1, and a softmax that starts at zero: what ``ding2023`` may hold."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input(SHAPE),
            layers.Rescaling(1 / 255),
            layers.LayerNormalization(axis=(1, 2, 3), center=False, scale=False),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(4),
            layers.Flatten(),
            layers.Dense(4, activation="softmax", kernel_initializer="zeros"),
        ]
    )
    files = [tmp_path / "untrained.tflite", tmp_path / "float32.tflite", tmp_path / "int8.tflite"]
    untrained = compress.export(model, files[0], quantize="int8", calibration=data[0])
    # Every picture 1/4 for each label, here and there; some processors' kernels give 0.25 in float32 but for its last
    # bit.
    assert untrained.difference < 1e-6
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="sparse_categorical_crossentropy")
    with eagerly():
        model.fit(*data, epochs=8, batch_size=16, verbose=0)
    for path, quantize, near in ((files[1], None, 1e-4), (files[2], "int8", 0.05)):
        export = compress.export(model, path, quantize=quantize, calibration=data[0])
        assert export.agreement == 1.0
        # Darker, paler pictures than those of the calibration.
        images, labels = blobs(20, seed=9)
        dim = (0.6 * images + 10).astype("uint8")
        found = compress.load(export)(dim)
        np.testing.assert_allclose(found, model.predict(dim, verbose=0), atol=near)
        np.testing.assert_array_equal(found.argmax(axis=1), labels)


@needs_converter
@pytest.mark.parametrize("layer", ["conv3", "hidden"])
def test_int8_of_a_network_with_a_dead_layer_runs_and_says_so(layer, data, tmp_path):
    """All zero means a range of no width, and a ratio of int8 steps that XNNPACK does not take."""
    model = fresh()
    model.get_layer(layer).bias.assign(np.full(model.get_layer(layer).bias.shape, -1e3, dtype="float32"))
    model.get_layer("probabilities").bias.assign(np.float32([0, 1, 2, 3]))
    with pytest.warns(RuntimeWarning, match="(?s)XNNPACK.*units are dead"):
        export = compress.export(model, tmp_path / "dead.tflite", quantize="int8", calibration=data[0])
    assert export.agreement == 1.0 and export.distance < 0.02
    with pytest.warns(RuntimeWarning, match="XNNPACK"):
        table = compress.compare([model, export], data[0], repeats=1, warmup=0, progress=False)
    assert table["agreement"].tolist() == [1.0, 1.0]


@needs_converter
def test_a_file_that_its_own_engine_cannot_run_is_one_error(trained, exports, converted, tmp_path, monkeypatch):
    broken = Converted((b"broken" * 20 + converted[None].files[0],))
    monkeypatch.setattr(exporting, "_litert", lambda *all: broken)
    with pytest.raises(FerError, match=r"(?s)cannot run the file it made of ding2023.*Nothing was written"):
        compress.export(trained, tmp_path / "x.tflite")
    assert not list(tmp_path.iterdir())


def test_a_damaged_file_gives_one_error(tmp_path):
    (tmp_path / "half.tflite").write_bytes(b"\x1c\0\0\0TFL3" + bytes(64))
    with pytest.raises(FerError, match=r"half.tflite"):
        compress.load(tmp_path / "half.tflite")


def test_a_missing_engine_names_the_remedy(tmp_path, monkeypatch):
    import sys

    (tmp_path / "m.tflite").write_bytes(b"\x1c\0\0\0TFL3")
    for name in ("ai_edge_litert.interpreter", "tensorflow"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingPackage, match="pip install ai-edge-litert"):
        compress.load(tmp_path / "m.tflite")


# ---- comparing and timing -----------------------------------------------------------------------


@needs_converter
def test_compare_is_one_table(trained, exports, data, tmp_path):
    trained.save(tmp_path / "model.keras")
    table = compress.compare([trained, exports["int8"], exports[None].path], *data, repeats=2, warmup=1, progress=False)
    assert table.columns.tolist() == ["name", "bytes", "latency_ms", "ratio", "baseline", "agreement", "accuracy"]
    assert table["name"].tolist() == ["ding2023 (Keras)", "ding2023 (litert int8)", "None.tflite"]
    assert table["bytes"].tolist() == [4 * trained.count_params(), exports["int8"].bytes, exports[None].bytes]
    assert table["ratio"][0] == 1.0 and (table["latency_ms"] > 0).all()
    assert (table[["agreement", "accuracy"]] == 1.0).all(axis=None)

    def always_first(images):
        return np.tile([1.0, 0, 0, 0], (len(images), 1))

    keras_file = compress.load(tmp_path / "model.keras", engine="keras")
    table = compress.compare(
        {"wrong": always_first, "file": keras_file, "model": trained},
        data[0],
        baseline="model",
        repeats=1,
        warmup=0,
        progress=False,
    ).set_index("name")
    assert (
        "accuracy" not in table
        and table["baseline"].eq("model").all()
        and table.loc["model", "ratio"] == 1.0 != table.loc["wrong", "ratio"]
    )
    assert table["agreement"].to_dict() == {"wrong": 0.25, "file": 1.0, "model": 1.0}
    pairs = compress.compare(
        [("wrong", always_first), trained, ("8 bits", exports["int8"])],
        data[0],
        baseline="ding2023 (Keras)",
        repeats=1,
        warmup=0,
        progress=False,
    )
    assert pairs["name"].tolist() == ["wrong", "ding2023 (Keras)", "8 bits"]
    assert pairs["agreement"].tolist() == [0.25, 1.0, 1.0]
    assert table["bytes"].isna().tolist() == [True, False, False]
    assert table.loc["file", "bytes"] == (tmp_path / "model.keras").stat().st_size


def test_latency_takes_turns_and_compares_within_a_round(monkeypatch):
    calls, clock = [], [0.0]
    # Everything takes four times as long from the third timed round on.
    cost = {"a": 2.0, "b": 1.0}

    def timed(name):
        def function(inputs):
            calls.append((name, inputs))
            clock[0] += cost[name] * (4 if len(calls) > 6 else 1) / 1000

        return function

    monkeypatch.setattr(timing, "perf_counter", lambda: clock[0])
    table = timing.latency({"a": timed("a"), "b": timed("b")}, "x", repeats=4, warmup=1, baseline="b", progress=False)
    assert calls == [("a", "x"), ("b", "x")] * 5
    assert table["name"].tolist() == ["a", "b"] and table["baseline"].eq("b").all()
    assert table["median_ms"].tolist() == pytest.approx([5.0, 2.5])  # of 2, 2, 8, 8
    assert table["low_ms"].tolist() == pytest.approx([2.0, 1.0]) and table["high_ms"].tolist() == pytest.approx(
        [8.0, 4.0]
    )
    assert table["ratio"].tolist() == pytest.approx([0.5, 1.0])
    assert table["repeats"].tolist() == [4, 4]


@pytest.mark.parametrize(
    "arguments, word",
    [
        ({"callables": {}}, "callables"),
        ({"callables": [print]}, "callables"),
        ({"callables": {"a": 3}}, "callables"),
        ({"callables": {"a": id}, "repeats": 0}, "repeats"),
        ({"callables": {"a": id}, "warmup": -1}, "warmup"),
        ({"callables": {"a": id}, "baseline": "b"}, "baseline"),
    ],
)
def test_latency_names_the_bad_argument(arguments, word):
    with pytest.raises(FerError, match=f"`{word}`"):
        timing.latency(inputs=None, **arguments)
