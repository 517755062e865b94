"""Structured pruning, the engines beside LiteRT, and comparing in processes of their own."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time

from eagerly import eagerly
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
import numpy as np
from patience import PATIENCE, not_for_ever
import preloaded
import pytest

from fer_utils import metrics, models
from fer_utils.core import timing
from fer_utils.core.errors import FerError, MissingPackage

keras = pytest.importorskip("keras", reason="the networks need Keras: pip install 'fer-utils[cpu]'")

from fer_utils import compress  # noqa: E402
from fer_utils.compress import exporting, filters, formats, loading  # noqa: E402
from fer_utils.compress.pruning import kernels  # noqa: E402
from fer_utils.models import mobilenet_inception2019  # noqa: E402

SHAPE = (32, 32, 1)
layers = keras.layers

needs_converter = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow",
    reason="the converters need Keras on TensorFlow: unset KERAS_BACKEND and pip install tensorflow-cpu",
)


def absent(*packages):
    """Skips a test where one of the optional engines is not installed."""
    gone = [package for package in packages if importlib.util.find_spec(package) is None]
    return pytest.mark.skipif(bool(gone), reason=f'{", ".join(gone)} not installed: pip install "fer_utils[engines]"')


needs = {"litert": needs_converter, "onnx": absent("onnx", "tf2onnx", "onnxruntime"), "openvino": absent("openvino")}
EVERY = [
    pytest.param(
        form,
        quantize,
        marks=[
            needs_converter,
            *(needs[one] for one in {form, "onnx" if quantize == "int8" and form == "openvino" else form}),
        ],
    )
    for form in ("onnx", "openvino")
    for quantize in formats.FORMATS[form]
]
ENDS = {"litert": ".tflite", "onnx": ".onnx", "openvino": ".xml"}


def images_of(count, seed=0, shape=SHAPE):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape)).astype("uint8")


def answers(model, images):
    return keras.ops.convert_to_numpy(model(np.asarray(images, "float32"), training=False))


def stirred(model, seed=0):
    """Every weight at random, moving statistics too, so that nothing agrees by being 0 or 1."""
    generator = np.random.default_rng(seed)
    for layer in model.layers:
        values = []
        for variable, value in zip(layer.weights, layer.get_weights(), strict=True):
            if "variance" in variable.path:
                value = generator.uniform(0.5, 2, value.shape)
            elif value.ndim > 1:
                value = generator.normal(0, 1.2 / np.sqrt(np.prod(value.shape[:-1])), value.shape)
            else:
                value = generator.normal(0.3, 0.3, value.shape)
            values.append(value)
        if values:
            layer.set_weights(values)
    return model


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    made = stirred(models.build("ding2023", classes=4, input_shape=SHAPE, filters=4, conditioned=False))
    made.get_layer("probabilities").kernel.assign(
        8 * keras.ops.convert_to_numpy(made.get_layer("probabilities").kernel)
    )
    made.get_layer("probabilities").bias.assign(np.zeros(4, "float32"))
    middle = np.log(answers(made, images_of(64, 99))).mean(axis=0)
    made.get_layer("probabilities").bias.assign(-middle)  # so that no label has all the images
    return made


@pytest.fixture(scope="module")
def residual():
    """What Xception is made of, small.

    Separable convolutions, normalisation, two shortcuts in a row, a mean over all places.
    """
    keras.utils.set_random_seed(0)
    inputs = keras.Input(SHAPE)
    x = layers.BatchNormalization(name="norm1")(layers.Conv2D(12, 3, strides=2, use_bias=False, name="conv1")(inputs))
    beside = layers.BatchNormalization()(
        layers.Conv2D(10, 1, strides=2, use_bias=False, padding="same", name="beside")(x)
    )
    y = layers.BatchNormalization()(
        layers.SeparableConv2D(10, 3, padding="same", use_bias=False, name="first")(layers.ReLU()(x))
    )
    x = layers.Add()([beside, layers.MaxPooling2D(3, strides=2, padding="same")(y)])
    y = layers.SeparableConv2D(10, 3, padding="same", name="second")(layers.ReLU()(x))
    x = layers.GlobalAveragePooling2D()(layers.Add()([x, y]))
    return stirred(
        keras.Model(inputs, layers.Dense(4, activation="softmax", name="probabilities")(layers.Dropout(0.5)(x)))
    )


# ---- whole filters ------------------------------------------------------------------------------

_block = st.tuples(
    st.sampled_from(
        [
            "conv",
            "separable",
            "depthwise",
            "norm",
            "residual",
            "concat",
            "pool",
            "relu",
            "dropout",
            "scaled",
            "twice",
            "layernorm",
        ]
    ),
    st.integers(2, 6),
    st.booleans(),
)


def grown(blocks, channels, ending, units, seed):
    """A network from a list of blocks."""
    inputs = x = keras.Input((8, 8, channels))
    x = layers.Rescaling(1 / 255)(x)
    for kind, width, bias in blocks:
        if kind == "conv":
            x = (
                layers.Conv2D(width, 3, padding="same" if bias else "valid", use_bias=bias, activation="relu")(x)
                if x.shape[1] > 2
                else x
            )
        elif kind == "separable":
            x = layers.SeparableConv2D(width, 3, padding="same", use_bias=bias, depth_multiplier=1 + bias)(x)
        elif kind == "depthwise":
            x = layers.DepthwiseConv2D(3, padding="same", use_bias=bias, depth_multiplier=1 + bias)(x)
        elif kind == "norm":
            x = layers.BatchNormalization(scale=bias, center=not bias)(x)
        elif kind == "residual":
            beside = x if bias else layers.Conv2D(width, 1)(x)
            y = layers.ReLU()(layers.Conv2D(beside.shape[-1], 3, padding="same")(x))
            x = layers.Add()([beside, layers.BatchNormalization()(y)])
        elif kind == "concat":
            x = layers.Concatenate()([x, layers.Conv2D(width, 1, activation="tanh")(x)])
        elif kind == "scaled":  # each channel times a number from all of them
            gate = layers.Dense(x.shape[-1], activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(x))
            x = layers.Multiply()([x, gate])
        elif kind == "twice":
            shared = layers.Conv2D(x.shape[-1], 1)
            x = shared(shared(x))
        elif kind == "layernorm":
            x = layers.LayerNormalization()(x)
        else:
            x = {
                "pool": layers.MaxPooling2D(2, padding="same"),
                "relu": layers.LeakyReLU(0.1),
                "dropout": layers.Dropout(0.3),
            }[kind](x)
    x = layers.Flatten()(x) if ending else layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(units, activation="relu")(x)
    return stirred(keras.Model(inputs, layers.Dense(3, activation="softmax")(x)), seed)


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(_block, min_size=1, max_size=5),
    st.integers(1, 2),
    st.booleans(),
    st.integers(2, 9),
    st.integers(0, 99),
    st.sampled_from(["layer", "global"]),
    st.floats(0.1, 0.9),
)
def test_filters_that_nobody_reads_go_first_and_nothing_changes(blocks, channels, ending, units, seed, scope, share):
    model = grown(blocks, channels, ending, units, seed)
    images = images_of(3, seed, (8, 8, channels))
    # The reference knows nothing of the graph: silence in the old network what is gone, as the new one's own widths
    # say.
    small = compress.prune(model, share, scope=scope, structured=True)
    assert [layer.name for layer in small.layers[1:]] == [layer.name for layer in model.layers[1:]]
    assert small.output_shape == model.output_shape and small.count_params() <= model.count_params()
    graph = filters._walk(model)
    gone = filters._chosen(graph, share, scope, model.name)
    quiet = keras.models.clone_model(model)
    quiet.set_weights(model.get_weights())
    for layer in quiet.layers:
        if layer.name in graph.layers and layer.__class__.__name__ in ("Conv2D", "Dense", "SeparableConv2D"):
            dead = ~filters._stays(graph, graph.layers[layer.name][0], gone)
            kernel = layer.depthwise_kernel if hasattr(layer, "depthwise_kernel") else layer.kernel
            values = keras.ops.convert_to_numpy(kernel).copy()
            if values.ndim == 2:
                values[dead] = 0
            else:
                values[:, :, dead] = 0
            kernel.assign(values)
    # Nobody reads those filters now, so they rank last, they are what is taken, and the answers stay.
    np.testing.assert_allclose(
        answers(compress.prune(quiet, share, scope=scope, structured=True), images), answers(quiet, images), atol=1e-4
    )
    np.testing.assert_allclose(answers(small, images), answers(quiet, images), atol=1e-4)


def test_taking_filters_makes_the_network_smaller_by_hand_counts(model):
    """ding2023 with 4, 16, 16 filters and 16 units: half of each between input and answer."""
    small = compress.prune(model, 0.5, scope="layer", structured=True)
    by_hand = (9 * 1 * 2 + 2) + (9 * 2 * 8 + 8) + (9 * 8 * 8 + 8) + (4 * 4 * 8 * 8 + 8) + (8 * 4 + 4)
    assert small.count_params() == by_hand
    assert models.profile(small).macs < 0.3 * models.profile(model).macs
    assert [small.get_layer(name).filters for name in ("conv1", "conv2", "conv3")] == [2, 8, 8]
    # What is left was there before, bit by bit.
    old = {tuple(row) for row in keras.ops.convert_to_numpy(model.get_layer("conv1").kernel).reshape(9, -1).T.tolist()}
    new = {tuple(row) for row in keras.ops.convert_to_numpy(small.get_layer("conv1").kernel).reshape(9, -1).T.tolist()}
    assert new < old and len(new) == 2
    assert compress.prune(model, 0.0, structured=True).count_params() == model.count_params()
    most = compress.prune(model, 0.99, scope="layer", structured=True)
    assert [most.get_layer(name).filters for name in ("conv1", "conv2", "conv3")] == [1, 1, 1]


def test_the_filters_that_are_read_most_stay(model):
    strong = keras.models.clone_model(model)
    strong.set_weights(model.get_weights())
    kernel = keras.ops.convert_to_numpy(strong.get_layer("conv2").kernel).copy()
    kernel[:, :, [0, 2]] *= 100  # conv2 reads filters 0 and 2 of conv1 much more
    strong.get_layer("conv2").kernel.assign(kernel)
    small = compress.prune(strong, 0.5, scope="layer", structured=True)
    np.testing.assert_array_equal(
        small.get_layer("conv1").get_weights()[0], strong.get_layer("conv1").get_weights()[0][..., [0, 2]]
    )
    # A filter made ten times larger whose readers are ten times smaller computes the same, and ranks the same.
    kernel[:, :, 0] /= 1e3
    strong.get_layer("conv2").kernel.assign(kernel)
    weight, bias = strong.get_layer("conv1").get_weights()
    weight[..., 0], bias[0] = 1e3 * weight[..., 0], 1e3 * bias[0]
    strong.get_layer("conv1").set_weights([weight, bias])
    again = compress.prune(strong, 0.5, scope="layer", structured=True)
    np.testing.assert_array_equal(again.get_layer("conv1").get_weights()[0], weight[..., [0, 2]])


@pytest.mark.parametrize("scope", ["layer", "global"])
def test_filters_that_are_added_go_together(residual, scope):
    small = compress.prune(residual, 0.5, scope=scope, structured=True)
    widths = {small.get_layer(name).filters for name in ("beside", "first", "second")}
    assert len(widths) == 1 and small.count_params() < residual.count_params()
    assert scope == "global" or (widths, small.get_layer("conv1").filters) == ({5}, 6)
    assert (
        small.get_layer("probabilities").units == 4
        and len(small.get_layer("norm1").get_weights()[0]) == small.get_layer("conv1").filters
    )
    small.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    with eagerly():
        small.fit(images_of(4), np.arange(4), verbose=0)  # an ordinary network, which learns on


def test_a_sequential_model_and_a_layer_that_must_stay():
    sequential = stirred(
        keras.Sequential(
            [
                keras.Input((8, 8, 3)),
                layers.Conv2D(6, 3),
                layers.GroupNormalization(2),
                layers.Conv2D(6, 3, activation="relu"),
                layers.Flatten(),
                layers.Dense(3, activation="softmax"),
            ]
        )
    )
    small = compress.prune(sequential, 0.5, structured=True, scope="layer")
    assert isinstance(small, keras.Sequential)
    assert [layer.filters for layer in small.layers if hasattr(layer, "filters")] == [
        6,
        3,
    ]  # groups look at their neighbours: left alone


def test_filters_go_through_layers_that_hand_each_channel_on():
    """Three of six filters go, whatever of these layers stands between them and what reads them."""
    between = [
        layers.Activation("relu"), layers.ReLU(), layers.LeakyReLU(), layers.ELU(), layers.Identity(),
        layers.Dropout(0.5), layers.SpatialDropout2D(0.5), layers.GaussianNoise(0.1), layers.GaussianDropout(0.1),
        layers.ActivityRegularization(), layers.Rescaling(2.0), layers.MaxPooling2D(2), layers.AveragePooling2D(2),
        layers.UpSampling2D(4), layers.ZeroPadding2D(2), layers.Cropping2D(1), layers.GlobalMaxPooling2D(),
    ]  # fmt: skip
    inputs = keras.Input((10, 10, 1))
    x = layers.Conv2D(6, 3, name="first")(inputs)
    for layer in between:
        x = layer(x)
    small = compress.prune(keras.Model(inputs, layers.Dense(2)(x)), 0.5, scope="layer", structured=True)
    assert small.get_layer("first").filters == 3 and small.count_params() == (9 + 1) * 3 + (3 + 1) * 2


def test_a_separable_convolution_with_two_kernels_a_channel_loses_both():
    inputs = keras.Input((8, 8, 1))
    x = layers.SeparableConv2D(6, 3, depth_multiplier=2)(layers.Conv2D(4, 3)(inputs))
    model = stirred(keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(x))))
    small = compress.prune(model, 0.5, scope="layer", structured=True)
    # Two filters; for each two windows of 3 x 3, from these four 1 x 1 to three channels; their means to two numbers.
    assert small.count_params() == (9 + 1) * 2 + 2 * 2 * 9 + (4 + 1) * 3 + (3 + 1) * 2


def test_what_goes_out_stays_whole():
    one, two = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
    x = layers.GlobalAveragePooling2D()(layers.Add()([layers.Conv2D(8, 3)(one), layers.Conv2D(8, 3)(two)]))
    double = stirred(keras.Model([one, two], [layers.Dense(3)(x), layers.Dense(2, activation="tanh")(x)]))
    small = compress.prune(double, 0.5, scope="layer", structured=True)
    assert [tuple(tensor.shape) for tensor in small.outputs] == [(None, 3), (None, 2)]
    assert [layer.filters for layer in small.layers if hasattr(layer, "filters")] == [4, 4]
    assert compress.prune(double, 0.9, structured=True).output_shape == double.output_shape


def test_a_graph_that_is_not_understood_is_refused_or_left_alone(model, monkeypatch):
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.first, self.last = layers.Conv2D(4, 3), layers.Dense(2, activation="softmax")

        def call(self, x):
            return self.last(keras.ops.mean(self.first(x), axis=(1, 2)))

    own = Own()
    own(np.zeros((1, 8, 8, 1), "float32"))
    with pytest.raises(FerError, match=r"(?s)`model`.*functional or sequential.*without `structured=True`"):
        compress.prune(own, 0.5, structured=True)
    inputs = keras.Input((8, 8, 3))
    one = stirred(keras.Model(inputs, layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(inputs))))
    with pytest.raises(FerError, match="filters that can go"):
        compress.prune(one, 0.5, structured=True)
    # Were the walk wrong, the comparison would see it: here normalisation's channels are cut in another order.
    honest = filters._cut
    monkeypatch.setattr(
        filters, "_cut", lambda layer, variable, given, made: honest(layer, variable, given[::-1], made)
    )
    with pytest.raises(FerError, match="does not compute what it does with them silenced"):
        compress.prune(model, 0.5, scope="layer", structured=True)


# ---- the other formats --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exported(model, tmp_path_factory):
    """One export of each format and quantisation, made when it is asked for, in a folder whose name has spaces."""
    folder, made = tmp_path_factory.mktemp("with spaces in it"), {}

    def get(form, quantize):
        if (form, quantize) not in made:
            made[form, quantize] = compress.export(
                model,
                folder / "é folder" / f"{form} {quantize}{ENDS[form]}",
                format=form,
                quantize=quantize,
                calibration=images_of(24, 1),
                progress=False,
            )
        return made[form, quantize]

    return get


@pytest.mark.parametrize("form, quantize", EVERY)
def test_every_format_agrees_with_keras_on_images_that_it_has_not_seen(exported, model, form, quantize):
    export = exported(form, quantize)
    beside = export.path.with_suffix(".bin")
    stored = beside.stat().st_size if form == "openvino" else 0
    assert (
        export.bytes - stored < export.path.stat().st_size < export.bytes - stored + 1000
    )  # the self-test is not counted
    assert (export.format, export.quantize, export.checked) == (form, quantize, 24)
    weights = sum(int(np.prod(kernel.shape)) for kernel in kernels(model))
    per = {None: 4, "float16": 2, "dynamic": 1, "int8": 1}[quantize]
    assert 0.95 * per < export.bytes / weights < per + 160_000 / weights  # OpenVINO's graph is a long text
    assert stored < (per + 1) * weights
    images = images_of(12, 7)
    run = compress.load(export)
    assert (run.input_shape, run.classes, run.engine, run.threads) == (
        SHAPE,
        4,
        {"onnx": "onnxruntime"}.get(form, form),
        1,
    )
    found, expected = run(images), answers(model, images)
    assert found.shape == (12, 4) and found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=0.02)
    np.testing.assert_allclose(found, expected, atol={None: 1e-4, "float16": 0.01}.get(quantize, 0.1))
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).mean() >= (0.75 if quantize in ("dynamic", "int8") else 1)
    assert (
        len(set(expected.argmax(axis=1))) > 1 and expected.std(axis=0).max() > 0.02
    )  # the images are told apart, so agreeing means something
    np.testing.assert_allclose(compress.load(export, threads=2)(images), found, atol=1e-5)
    np.testing.assert_array_equal(found, run(images.astype("float64")))


@needs_converter
@needs["onnx"]
@pytest.mark.parametrize(
    "quantize, kind", [(None, "FLOAT"), ("float16", "FLOAT16"), ("dynamic", "UINT8"), ("int8", "INT8")]
)
def test_onnx_weights_are_of_the_kind_asked_for_and_the_ends_are_floats(exported, quantize, kind):
    import onnx

    made = onnx.load(str(exported("onnx", quantize).path))
    assert {one.type.tensor_type.elem_type for one in (*made.graph.input, *made.graph.output)} == {
        onnx.TensorProto.FLOAT
    }
    large = [one for one in made.graph.initializer if np.prod(one.dims) > 64]
    assert large and {one.data_type for one in large} == {getattr(onnx.TensorProto, kind)}
    assert ({"QuantizeLinear", "DequantizeLinear"} <= {node.op_type for node in made.graph.node}) == (
        quantize == "int8"
    )


@needs["onnx"]
def test_somebody_elses_onnx_file_that_takes_bytes_is_one_sentence(tmp_path):
    """Phones' networks often take 8-bit pixels; the first picture ended in an error of the engine."""
    from onnx import TensorProto, helper, save

    taken = helper.make_tensor_value_info("pixels", TensorProto.UINT8, [1, 2, 2, 1])
    given = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 4])
    four = helper.make_tensor("four", TensorProto.INT64, [2], [1, 4])
    nodes = [
        helper.make_node("Cast", ["pixels"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["numbers", "four"], ["scores"]),
    ]
    graph = helper.make_graph(nodes, "bytes", [taken], [given], [four])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "a.onnx")
    with pytest.raises(FerError, match=r"onnxruntime cannot read .*it takes uint8 and gives float, not float32"):
        compress.load(tmp_path / "a.onnx")


@needs_converter
def test_somebody_elses_litert_file_that_takes_bytes_is_one_sentence(tmp_path):
    import tensorflow

    inputs = keras.Input((4, 4, 1))
    network = keras.Model(inputs, layers.Dense(3)(layers.Flatten()(inputs)))
    converter = tensorflow.lite.TFLiteConverter.from_keras_model(network)
    converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([np.full((1, 4, 4, 1), k, np.float32)] for k in range(5))
    converter.inference_input_type = converter.inference_output_type = tensorflow.uint8
    (tmp_path / "a.tflite").write_bytes(converter.convert())
    with pytest.raises(FerError, match=r"LiteRT cannot read .*it takes uint8 and gives uint8, not float32"):
        compress.load(tmp_path / "a.tflite")


@needs_converter
@needs["onnx"]
@needs["openvino"]
def test_int8_is_computed_in_8_bits_by_openvino(exported):
    run = compress.load(exported("openvino", "int8"))
    convolutions = [
        op.get_rt_info()
        for op in run._model.get_runtime_model().get_ops()
        if op.get_rt_info()["layerType"].astype(str) == "Convolution"
    ]
    assert [one["runtimePrecision"].astype(str) in ("u8", "i8") for one in convolutions] == [True] * 3


@needs_converter
@needs["openvino"]
def test_nothing_is_reported_to_anybody(exported, tmp_path):
    """OpenVINO reports that it was imported, with an identifier that it leaves in the home folder."""
    made = exported("openvino", None)
    for end in (".xml", ".bin"):
        shutil.copy(made.path.with_suffix(end), tmp_path / f"m{end}")
    code = textwrap.dedent("""
        import sys
        from fer_utils.compress.loading import load
        load(sys.argv[1])
        print([name for name in sys.modules if "telemetry." in name])
    """)
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "m.xml")],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"HOME": str(tmp_path)},
        timeout=PATIENCE,
    )
    assert done.stdout == "[]\n" and {file.name for file in tmp_path.iterdir()} == {"m.xml", "m.bin"}


@needs_converter
@needs["onnx"]
@needs["openvino"]
def test_openvino_reads_an_onnx_file_too(exported, model):
    run = compress.load(exported("onnx", None), engine="openvino")
    np.testing.assert_allclose(run(images_of(4, 3)), answers(model, images_of(4, 3)), atol=1e-4)


@pytest.mark.slow
@needs_converter
@needs["onnx"]
def test_signals_are_heard_after_files_were_run_in_openvino_and_let_go(exported):
    """An engine that takes the stack for signals with it lets the next signal end the process, Ctrl-C among them."""
    code = """
import gc, signal, sys, time
import numpy as np
from fer_utils import compress
first, second = (compress.load(sys.argv[1]) for _ in range(2))
for run in (first, second):
    run(np.zeros((1, *run.input_shape), np.uint8))
del run, first
gc.collect()
del second
gc.collect()
heard = []
signal.signal(signal.SIGALRM, lambda *_: heard.append(True))
signal.setitimer(signal.ITIMER_REAL, 0.05)
while not heard:
    pass
print("heard")
"""
    file = exported("openvino", None).path
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0 and done.stdout.strip() == "heard", (done.returncode, done.stderr[-2000:])


def test_a_network_with_branches_normalisation_and_colours_in_onnx(tmp_path, monkeypatch):
    # The network as it is, with two of its five stages of bottlenecks.
    monkeypatch.setattr(mobilenet_inception2019, "STAGES", mobilenet_inception2019.STAGES[:2])
    colours = stirred(
        models.build("mobilenet_inception2019", classes=4, input_shape=(32, 32, 3), width=0.25, features=16)
    )
    made = compress.export(colours, tmp_path / "m.onnx", format="onnx")
    assert made.checked == 8 and made.difference < 1e-4
    run = compress.load(made)
    with pytest.raises(FerError, match=r"`images`.*\(N, 32, 32, 3\)"):
        run(images_of(2))


@pytest.mark.parametrize(
    "form, hidden, extra",
    [
        ("onnx", "tf2onnx", None),
        ("onnx", "onnx", None),
        ("onnx", "onnxruntime", "int8"),
        ("openvino", "openvino", None),
    ],
)
@needs_converter
def test_an_absent_converter_names_the_remedy_and_writes_nothing(form, hidden, extra, model, tmp_path, monkeypatch):
    for package in (
        "onnx",
        "tf2onnx",
        "onnxruntime",
        "openvino",
    ):  # those before it are made up, where they are not installed
        monkeypatch.setitem(sys.modules, package, sys)
    monkeypatch.setitem(sys.modules, hidden, None)
    with pytest.raises(
        MissingPackage, match=f'`{hidden}` is needed for format=.{form}.*pip install "fer_utils\\[engines\\]"'
    ):
        compress.export(model, tmp_path / f"x{ENDS[form]}", format=form, quantize=extra, calibration=images_of(4))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("engine, file", [("onnxruntime", "m.onnx"), ("openvino", "m.xml")])
def test_an_absent_engine_names_the_remedy(engine, file, tmp_path, monkeypatch):
    for end in (".onnx", ".xml", ".bin"):
        (tmp_path / "m").with_suffix(end).write_bytes(b"anything")
    monkeypatch.setitem(sys.modules, engine, None)
    for call in (lambda: compress.load(tmp_path / file), lambda: compress.load(tmp_path / file, engine=engine)):
        with pytest.raises(
            MissingPackage, match=f'`{engine}` is needed for engine=.{engine}.*pip install "fer_utils\\[engines\\]"'
        ):
            call()


@pytest.mark.parametrize(
    "name, engine",
    [
        pytest.param("m.onnx", "onnxruntime", marks=needs["onnx"]),
        pytest.param("m.onnx", "openvino", marks=needs["openvino"]),
        pytest.param("m.xml", "openvino", marks=needs["openvino"]),
        ("m.keras", "keras"),
        ("m.keras", "xla"),
    ],
)
def test_a_file_of_another_kind_is_one_error(name, engine, tmp_path):
    (tmp_path / name).write_bytes(b"this is no network, only a page of text\n" * 9)
    (tmp_path / "m.bin").write_bytes(b"")
    with pytest.raises(FerError, match="m\\."):
        compress.load(tmp_path / name, engine=engine)


@needs_converter
@needs["openvino"]
def test_an_openvino_file_without_its_weights_or_with_half_of_them(exported, tmp_path):
    made = exported("openvino", None)
    (tmp_path / "m.xml").write_bytes(made.path.read_bytes())
    with pytest.raises(FerError, match=r"m.bin.*(?s:.)*belong together"):
        compress.load(tmp_path / "m.xml")
    (tmp_path / "m.bin").write_bytes(made.path.with_suffix(".bin").read_bytes()[:-400])
    with pytest.raises(FerError, match="OpenVINO cannot read"):
        compress.load(tmp_path / "m.xml")


def test_the_engine_of_a_file_is_its_own(tmp_path):
    (tmp_path / "nameless").write_bytes(b"\x1c\0\0\0TFL3")
    for name, engine in (
        ("a.onnx", "onnxruntime"),
        ("a.XML", "openvino"),
        ("a.keras", "keras"),
        ("a.tflite", "litert"),
        ("nameless", "litert"),
    ):
        assert loading.engine_of(tmp_path / name) == engine
    with pytest.raises(FerError, match=r"`path`.*LiteRT.*ONNX.*OpenVINO.*Keras"):
        loading.engine_of(type(tmp_path)(__file__))


# ---- what cannot be exported, and what must not be left behind ----------------------------------


def _two_inputs():
    one, two = keras.Input(SHAPE), keras.Input(SHAPE)
    x = layers.Flatten()(layers.Add()([one, two]))
    return keras.Model([one, two], layers.Dense(2, activation="softmax")(x))


def _ending(*last, shape=SHAPE):
    return keras.Sequential([keras.Input(shape), layers.Conv2D(2, 3), *last])


@pytest.mark.parametrize(
    "build, words",
    [
        (_two_inputs, ["`model`", "one input", "2 inputs"]),
        (lambda: _ending(layers.Flatten(), layers.Dense(3)), ["`model`", "probabilities", "Softmax"]),
        (lambda: _ending(layers.Flatten(), layers.Dense(3, activation="sigmoid")), ["`model`", "probabilities"]),
        (lambda: _ending(), ["`model`", "one output of shape (classes,)"]),
        (
            lambda: _ending(layers.GlobalAveragePooling2D(), layers.Softmax(), shape=(None, None, 1)),
            ["`model`", "(height, width, channels)"],
        ),
    ],
)
def test_a_model_that_cannot_be_exported_is_one_error(build, words, tmp_path):
    with pytest.raises(FerError) as error:
        compress.export(build(), tmp_path / "x.tflite")
    assert all(word in str(error.value) for word in words), str(error.value)
    assert not list(tmp_path.iterdir())


@needs_converter
def test_a_model_that_cannot_be_quantised_is_one_error(tmp_path):
    """A determinant has no operation in LiteRT."""

    class Determinant(layers.Layer):
        def call(self, x):
            return keras.ops.expand_dims(keras.ops.det(x[:, :2, :2, 0] / 255), -1)

    inputs = keras.Input(SHAPE)
    x = layers.Concatenate()([Determinant()(inputs), layers.Flatten()(inputs)])
    odd = keras.Model(inputs, layers.Dense(2, activation="softmax")(x), name="odd")
    with pytest.raises(
        FerError,
        match=r"(?s)odd cannot be written with format='litert' and quantize='int8'.*Nothing was written.*quantize=None",
    ):
        compress.export(odd, tmp_path / "x.tflite", quantize="int8", calibration=images_of(4), progress=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("end, form", [("x.tflite", "litert"), ("deep/er/x.xml", "openvino")])
def test_a_folder_that_cannot_be_written_is_named_before_the_work(model, tmp_path, monkeypatch, end, form):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setattr(exporting, "_converted", lambda *_: pytest.fail("it went to work"))
    with pytest.raises(FerError, match=r"(?s)`path`.*folder that can be written.*file is a file"):
        compress.export(model, blocked / end, format=form)
    monkeypatch.setattr(exporting.os, "access", lambda *_: False)  # the superuser, who may run this, can write anywhere
    with pytest.raises(FerError, match=r"(?s)`path`.*folder that can be written.*not writable"):
        compress.export(model, tmp_path / end, format=form)
    assert blocked.read_text() == "not a folder" and len(list(tmp_path.iterdir())) == 1


def test_images_that_are_no_numbers_are_named(model, tmp_path):
    images = images_of(3).astype(float)
    images[0, 0, 0] = np.nan
    with pytest.raises(FerError, match=r"`calibration`.*finite.*1 that are not"):
        compress.export(model, tmp_path / "x.tflite", quantize="int8", calibration=images)


@needs["onnx"]
@pytest.mark.parametrize("engine", ["onnxruntime", pytest.param("openvino", marks=needs["openvino"])])
@pytest.mark.parametrize("inputs, sides", [("ab", [1, 2]), ("a", ["n", 2, "h", 2]), ("a", [1, 2, 2, 2])])
def test_an_onnx_file_of_something_else_is_one_error(engine, inputs, sides, tmp_path):
    from onnx import TensorProto, helper, save

    ends = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, sides) for name in names] for names in (inputs, "c")
    ]
    node = helper.make_node("Add", [inputs[0], inputs[-1]], ["c"])
    save(
        helper.make_model(
            helper.make_graph([node], "g", *ends), opset_imports=[helper.make_opsetid("", 15)], ir_version=8
        ),
        tmp_path / "x.onnx",
    )
    with pytest.raises(FerError, match=r"cannot read .*x.onnx: it takes .* not \(1, height, width, channels\)"):
        compress.load(tmp_path / "x.onnx", engine=engine)


def test_an_old_pair_is_never_mixed_with_a_new_one(tmp_path, monkeypatch):
    """Where the second of two files cannot be written, there is no first one to load."""
    path = tmp_path / "m.xml"
    exporting._write(path, [b"old graph", b"old weights"])
    assert (path.read_bytes(), path.with_suffix(".bin").read_bytes()) == (b"old graph", b"old weights")
    honest = exporting.write_atomic

    def full_at(number):
        """A writer that fails when it is called for the ``number``-th time."""
        calls = []

        def write(where, content):
            calls.append(where)
            if len(calls) == number:
                raise OSError("disk full")
            honest(where, content)

        return write

    for fails, left in ((1, {"m.xml", "m.bin"}), (2, {"m.bin"})):
        monkeypatch.setattr(exporting, "write_atomic", full_at(fails))
        with pytest.raises(OSError, match="disk full"):
            exporting._write(path, [b"new graph", b"new weights"])
        assert {file.name for file in tmp_path.iterdir()} == left
        assert not path.exists() or path.with_suffix(".bin").read_bytes() == b"old weights"


@pytest.mark.slow
@needs_converter
def test_killed_in_the_middle_leaves_no_half_file(tmp_path):
    code = textwrap.dedent("""
        import os, sys
        from fer_utils import compress, models
        model = models.build("ding2023", classes=4, input_shape=(32, 32, 1), filters=4)
        print(os.getpid(), flush=True)
        for number in range(1000):
            compress.export(model, sys.argv[1] + "/m.tflite", progress=False)
    """)
    process = subprocess.Popen(
        [*preloaded.command(), "-c", code, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with not_for_ever(process):
        number = int(process.stdout.readline())
    until = time.monotonic() + PATIENCE
    while not (tmp_path / "m.tflite").exists():
        assert process.poll() is None and time.monotonic() < until, "nothing was exported"
        time.sleep(0.1)
    os.kill(number, signal.SIGKILL)
    assert process.wait(PATIENCE) == -signal.SIGKILL
    process.stdout.close()
    assert compress.load(tmp_path / "m.tflite")(images_of(1)).shape == (1, 4)


# ---- XLA, and processes of their own ------------------------------------------------------------


@pytest.fixture(scope="module")
def kept(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("keras") / "m.keras"
    model.save(path)
    return path


@pytest.mark.skipif(
    keras.backend.backend() not in ("tensorflow", "jax"), reason="XLA compiles Keras on TensorFlow or JAX"
)
def test_xla_computes_the_same(kept, model):
    run = compress.load(kept, engine="xla")
    assert (run.engine, run.input_shape, run.classes, run.path) == ("xla", SHAPE, 4, kept)
    np.testing.assert_allclose(run(images_of(5)), answers(model, images_of(5)), atol=1e-5)


def test_an_onnx_or_litert_file_is_run_without_keras(tmp_path):
    code = textwrap.dedent("""
        import sys
        import fer_utils.compress.loading, fer_utils.compress.separate_process
        print(any(name in sys.modules for name in ("keras", "tensorflow", "pandas")))
    """)
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE
        ).stdout
        == "False\n"
    )


@needs_converter
def test_compare_in_processes_of_their_own(model, exported):
    images, labels, actors = images_of(12, 5), np.arange(12) % 4, np.repeat(["a", "b", "c"], 4)
    file = exported("litert", None)
    table = compress.compare(
        [file, ("again", compress.load(file))],
        images,
        labels,
        actors=actors,
        threads=(1, 2),
        repeats=2,
        warmup=0,
        progress=False,
    )
    assert table.columns.tolist() == [
        "name",
        "engine",
        "bytes",
        "engine_mb",
        "peak_mb",
        "latency_ms_1",
        "ratio_1",
        "latency_ms_2",
        "ratio_2",
        "baseline",
        "agreement",
        "accuracy",
        "accuracy_low",
        "accuracy_high",
        "change",
        "change_low",
        "change_high",
    ]
    assert table["name"].tolist() == ["ding2023 (litert float32)", "again"] and table["engine"].tolist() == [
        "litert",
        "litert",
    ]
    assert table["bytes"].tolist() == [file.bytes, file.bytes] and (table["peak_mb"] > table["engine_mb"]).all()
    assert (
        table["ratio_1"][0] == 1.0
        and table["baseline"].eq("ding2023 (litert float32)").all()
        and table["agreement"].tolist() == [1.0] * 2
    )
    votes = answers(model, images).argmax(axis=1)
    expected = metrics.interval(labels, votes, actors, 4)
    assert (table["accuracy"][0], table["accuracy_low"][0], table["accuracy_high"][0]) == (
        expected["value"],
        expected["low"],
        expected["high"],
    )


def test_each_form_is_set_beside_its_own_float_network(model):
    images, labels, actors = images_of(8, 5), np.array([0, 1, 0, 1] * 2), list("aabbccdd")
    first, second = (lambda x, row=row: np.tile(np.eye(4)[row], (len(x), 1)) for row in (0, 1))
    mixed = lambda x: np.eye(4)[[0, 1, 0, 0, 0, 0, 0, 0]]  # noqa: E731
    table = compress.compare(
        {"first": first, "second": second, "mixed": mixed},
        images,
        labels,
        actors=actors,
        repeats=1,
        warmup=0,
        progress=False,
        reference={"second": "second"},
    ).set_index("name")
    assert table["agreement"].to_dict() == {"first": 1.0, "second": 1.0, "mixed": 7 / 8}
    assert table["accuracy"].to_dict() == {"first": 0.5, "second": 0.5, "mixed": 5 / 8} and table[
        "change"
    ].to_dict() == {"first": 0, "second": 0, "mixed": 1 / 8}
    expected = metrics.paired_difference(labels, np.zeros(8, int), mixed(images).argmax(axis=1), actors)
    assert (table.loc["mixed", "change_low"], table.loc["mixed", "change_high"]) == (expected["low"], expected["high"])
    assert compress.compare(
        {"first": first, "second": second}, images, repeats=1, warmup=0, progress=False, reference="second"
    )["agreement"].tolist() == [0, 1]
    for reference in ("third", {"third": "first"}, {"first": "third"}):
        with pytest.raises(FerError, match=r"`reference`.*first, second.*third"):
            compress.compare({"first": first, "second": second}, images, reference=reference)


def test_a_process_that_breaks_down_says_why(tmp_path):
    from fer_utils.compress.separate_process import Apart

    (tmp_path / "m.tflite").write_bytes(b"\x1c\0\0\0TFL3" + bytes(64))
    with pytest.raises(FerError, match=r"(?s)m.tflite \(litert, 1 thread\) broke down.*cannot read"):
        Apart(tmp_path / "m.tflite", "litert", 1, images_of(1))


@needs_converter
def test_threads_reach_every_process(model, exported, monkeypatch):
    """What a process was told is what it answers; two of them are ended, and so is their folder."""
    from fer_utils.compress import separate_process

    file = exported("litert", None)
    started = []
    honest = separate_process.subprocess.Popen
    monkeypatch.setattr(
        separate_process.subprocess,
        "Popen",
        lambda command, **more: started.append((command, more["env"])) or honest(command, **more),
    )
    one = separate_process.Apart(file.path, "litert", 2, images_of(1))
    command, environment = started[0]
    assert (
        command[4:6] == ["litert", "2"]
        and environment["TF_NUM_INTRAOP_THREADS"] == environment["OMP_NUM_THREADS"] == "2"
    )
    np.testing.assert_allclose(one(images_of(3)), answers(model, images_of(3)), atol=1e-4)
    assert one.seconds(None) > 0
    folder = one._folder.name
    one.close()
    assert one._process.poll() is not None and not os.path.exists(folder)


def test_what_measures_itself_is_asked():
    class Elsewhere:
        def __call__(self, _):
            raise AssertionError("it was called here")

        def seconds(self, inputs):
            return {"x": 0.004}[inputs]

    table = timing.latency({"a": Elsewhere(), "b": lambda _: None}, "x", repeats=2, warmup=1, progress=False)
    assert table["median_ms"][0] == pytest.approx(4.0)


# ---- sparse is not fast -------------------------------------------------------------------------


@pytest.mark.slow
@needs_converter
def test_zeros_shrink_the_archive_and_fewer_filters_the_file(model):
    table = compress.sparse_and_fast(model, (0.9,), repeats=1, warmup=0, progress=False)
    assert table[["way", "share"]].to_numpy().tolist() == [
        [way, share] for way in ("weights", "filters") for share in (0.0, 0.9)
    ]
    weights, few = (table[table["way"] == way] for way in ("weights", "filters"))
    assert weights["zeros"].tolist() == pytest.approx([0.0, 0.9], abs=2e-3)
    assert weights["bytes"].nunique() == 1 and weights["parameters"].nunique() == 1
    assert (
        weights["gzip_bytes"].is_monotonic_decreasing
        and weights["gzip_bytes"].iloc[-1] < 0.5 * weights["gzip_bytes"].iloc[0]
    )
    assert (
        (np.diff(few["parameters"]) < 0).all()
        and (np.diff(few["bytes"]) < 0).all()
        and (few["gzip_bytes"] < few["bytes"]).all()
    )
    assert table["baseline"].eq("weights 0").all() and table["ratio"][0] == 1.0
    for call, words in (
        ({"shares": (1.0,)}, ["`shares`"]),
        ({"shares": 0.5}, ["`shares`", "several"]),
        ({"format": "x"}, ["`format`"]),
        ({"image": np.zeros((8, 8))}, ["`image`", "(32, 32, 1)"]),
        ({"threads": 0}, ["`threads`"]),
    ):
        with pytest.raises(FerError) as error:
            compress.sparse_and_fast(model, **call)
        assert all(word in str(error.value) for word in words)
