"""Chapter 3: counting parameters (03-1), max pooling (03-3), a network in Keras (03-4), the receptive field (03-5)."""

from __future__ import annotations

import numpy as np

from fer_utils.exercises import Wrong, asked, numbers, same, whole
from fer_utils.models.ding2023 import parameter_count

#: The receptive field of exercise 03-5: kernel and stride of each layer, from the picture on.
LAYERS = ((5, 1), (3, 2), (3, 2), (5, 1))


def grade_parameters(answer) -> str:
    """The closed form against the package's own, over widths, classes and picture sizes."""
    hints = {
        (16, 16, 7): "(SAVEE's seven classes change only the last layer)",
        (16, 16, 8): "(the paper's own network: every layer has biases)",
    }
    cases = [
        (16, 16, 8, 180),
        (16, 16, 7, 180),
        (8, 16, 8, 180),
        (16, 32, 8, 180),
        (1, 1, 2, 180),
        (16, 16, 8, 48),
        (16, 16, 8, 181),
        (12, 24, 6, 96),
        (32, 64, 8, 100),
    ]
    for filters, dense, classes, size in cases:
        given = f"parameters({filters}, {dense}, {classes}, {size})"
        got = asked(answer, "parameters(filters, dense, classes, size)", filters, dense, classes, size)
        wanted = parameter_count(filters=filters, dense=dense, classes=classes, size=size)
        if isinstance(got, (float, np.floating)) and got == wanted:
            raise Wrong(f"{given} gave {got!r}: a count is a whole number (use //, not /).")
        same("the count", got, wanted, f"{given} {hints.get((filters, dense, classes), '')}".rstrip())
    return "right. 542,136 at the paper's sizes, and right at every other size that was tried."


def _pooled(maps: np.ndarray, size: int, stride: int, fold=np.max) -> np.ndarray:
    """What a pool keeps: windows that lie in the map, each channel for itself."""
    rows = range(0, maps.shape[0] - size + 1, stride)
    columns = range(0, maps.shape[1] - size + 1, stride)
    return np.array([[fold(maps[i : i + size, j : j + size], axis=(0, 1)) for j in columns] for i in rows])


def _pool_hint(got: np.ndarray, maps: np.ndarray, size: int, stride: int) -> str:
    """What the answer seems to have done instead."""
    wanted = _pooled(maps, size, stride)
    padded = np.pad(maps, ((0, -maps.shape[0] % size), (0, -maps.shape[1] % size), (0, 0)), constant_values=-np.inf)
    alike = {
        "It looks like the mean of each window; max pooling keeps the largest value.": _pooled(
            maps, size, stride, np.mean
        ),
        "It looks like the smallest value of each window; max pooling keeps the largest.": _pooled(
            maps, size, stride, np.min
        ),
        "It looks as if negative values became 0: start from the values of the window, not from zeros.": np.maximum(
            wanted, 0
        ),
        "It looks as if the windows were `size` apart: they are `stride` apart and may overlap.": _pooled(
            maps, size, size
        ),
        "It looks as if windows were `stride` wide: they are `size` wide and `stride` apart.": _pooled(
            maps, stride, stride
        ),
        "It looks as if the windows moved by 1: they are `stride` apart.": _pooled(maps, size, 1),
        "It looks as if an incomplete window at the edge were kept: drop it.": _pooled(padded, size, stride),
        "The channels seem to be mixed: each channel is pooled for itself.": np.repeat(
            wanted.max(axis=2, keepdims=True), maps.shape[2], axis=2
        ),
        "The largest of all channels was taken: each channel is pooled for itself.": wanted.max(axis=2),
        "Rows and columns seem to have changed places.": wanted.transpose(1, 0, 2),
        "The channels should stay the last axis.": wanted.transpose(2, 0, 1),
    }
    return next((words for words, other in alike.items() if got.shape == other.shape and np.allclose(got, other)), "")


def grade_max_pool(answer) -> str:
    """Pools that tile, that overlap and that leave gaps, on maps that are not square and have negative values."""
    rng = np.random.default_rng(33)
    cases = [(6, 6, 1, 2, 2), (8, 6, 3, 2, 2), (9, 7, 2, 3, 3), (9, 11, 2, 3, 2), (7, 8, 3, 2, 3), (5, 4, 2, 1, 1)]
    for height, width, channels, size, stride in cases:
        maps = np.round(rng.normal(-0.5, 2, (height, width, channels)), 1)
        given = f"a map of {height} x {width} x {channels}, size {size} and stride {stride}"
        kept = maps.copy()
        made = asked(answer, "max_pool(maps, size, stride)", maps, size, stride)
        if not np.array_equal(maps, kept):
            raise Wrong("your function changed the maps that it was given; write into a new array.")
        got = numbers(made)
        if got is None:
            raise Wrong(f"for {given}: return an array of numbers; got {type(made).__name__}.")
        wanted = _pooled(maps, size, stride)
        if got.shape == wanted.shape and np.allclose(got, wanted):
            continue
        hint = _pool_hint(got, maps, size, stride)
        hint = f" {hint}" if hint else ""
        if got.shape != wanted.shape:
            raise Wrong(f"for {given}: the result should have the shape {wanted.shape}; got {got.shape}.{hint}")
        row, column, channel = np.argwhere(~np.isclose(got, wanted))[0]
        raise Wrong(
            f"for {given}: row {row}, column {column}, channel {channel} should be {wanted[row, column, channel]:g}; "
            f"got {got[row, column, channel]:g}.{hint}"
        )
    return "right, also where windows overlap, where they leave gaps and where all values are below zero."


def _network(
    filters: int,
    dense: int,
    classes: int,
    size: int,
    *,
    scaled=True,
    relus=(True, True, True),
    softmax="softmax",
    pool="MaxPooling2D",
):
    """The network of exercise 03-4; the options are mistakes to recognise."""
    import keras

    layers = keras.layers
    relu = ["relu" if on else None for on in relus]
    return keras.Sequential(
        [
            keras.Input((size, size, 1)),
            layers.Rescaling(1 / 255 if scaled else 1.0),
            layers.Conv2D(filters, 5, padding="same", activation=relu[0]),
            getattr(layers, pool)(2),
            layers.Conv2D(2 * filters, 3, padding="valid", strides=2, activation=relu[1]),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(dense, activation=relu[2]),
            layers.Dense(classes, activation=softmax),
        ]
    )


#: Mistakes that the outputs of a network with the right shapes may betray, and what to say of them.
_NETWORK_MISTAKES: tuple[tuple[dict, str], ...] = (
    ({"scaled": False}, "The pixels, 0 to 255, are not brought to 0 to 1: a Rescaling layer does that."),
    ({"relus": (False, True, True)}, "The first convolution has no ReLU."),
    ({"relus": (True, False, True)}, "The second convolution has no ReLU."),
    ({"relus": (False, False, True)}, "The convolutions have no ReLU."),
    ({"relus": (True, True, False)}, "The first dense layer has no ReLU."),
    ({"relus": (False, False, False)}, "No layer has a ReLU."),
    ({"pool": "AveragePooling2D"}, "The pool takes means; max pooling keeps the largest value."),
    ({"softmax": None}, "The last layer has no softmax: the outputs of a face should add up to 1."),
    ({"softmax": "sigmoid"}, "The last layer has a sigmoid; a softmax makes the outputs of a face add up to 1."),
)


def _check_layers(made, wanted, given: str) -> None:
    """The layers with weights, and the shapes that they give, one after the other."""
    import keras

    kinds = (keras.layers.Conv2D, keras.layers.Dense)
    got, right = ([layer for layer in model.layers if isinstance(layer, kinds)] for model in (made, wanted))
    names = [type(layer).__name__ for layer in got]
    if names != [type(layer).__name__ for layer in right]:
        raise Wrong(f"{given} should have two Conv2D and then two Dense layers; it has {', '.join(names) or 'none'}.")
    for number, (layer, model) in enumerate(zip(got, right, strict=True)):
        name = ("the first convolution", "the second convolution", "the first dense layer", "the last layer")[number]
        one, other = tuple(layer.output.shape[1:]), tuple(model.output.shape[1:])
        kernel, kernel_wanted = tuple(layer.kernel.shape), tuple(model.kernel.shape)
        if number < 2 and kernel[:2] != kernel_wanted[:2]:
            raise Wrong(f"{given}: the kernel of {name} should be {kernel_wanted[:2]}; it is {kernel[:2]}.")
        if one != other:
            if number < 2 and one[:2] != other[:2]:
                hint = " Look at padding and stride." if number else " Look at the padding."
                if number and kernel[0] == kernel_wanted[0] and layer.padding == "valid" and layer.strides == (2, 2):
                    hint = " Is there a pool of 2 before it?"
            else:
                hint = ""
            raise Wrong(f"{given}: the output of {name} should be {other}; it is {one}.{hint}")
        if kernel != kernel_wanted:
            raise Wrong(
                f"{given}: {name} should read {kernel_wanted[-2]:,} values; it reads {kernel[-2]:,}. "
                "What stands between it and the layer before?"
            )
        if not layer.use_bias:
            raise Wrong(f"{given}: {name} should have biases, as Keras gives them by default.")


def grade_network(answer) -> str:
    """Layers, shapes, counts, and the outputs beside those of a network with the same weights, at four sizes."""
    import keras

    rng = np.random.default_rng(34)
    with keras.device("cpu"):  # the trial in a copy of the process may not touch a GPU
        for case in [(4, 8, 5, 32), (4, 8, 8, 40), (3, 6, 7, 29), (6, 5, 2, 24)]:
            given = f"build_network{case}"
            made = asked(answer, "build_network(filters, dense, classes, size)", *case)
            if not isinstance(made, keras.Model):
                raise Wrong(f"{given} should return a keras.Model; got {type(made).__name__}.")
            if not made.built or not hasattr(made, "inputs"):
                raise Wrong(f"{given}: the model has no weights yet. Begin it with keras.Input((size, size, 1)).")
            size = case[3]
            if tuple(made.input_shape) != (None, size, size, 1):
                raise Wrong(f"{given}: the input should be {(size, size, 1)}; it is {tuple(made.input_shape[1:])}.")
            wanted = _network(*case)
            _check_layers(made, wanted, given)
            if made.count_params() != wanted.count_params():
                raise Wrong(
                    f"{given} should have {wanted.count_params():,} parameters; it has {made.count_params():,}. "
                    "Which layer is there besides?"
                )
            if not any(isinstance(layer, keras.layers.Dropout) for layer in made.layers):
                raise Wrong(f"{given} has no Dropout layer.")
            _check_outputs(made, wanted, case, rng)
    return "right: the layers, their shapes, the counts and, with the same weights, the outputs at four sizes."


def _check_outputs(made, wanted, case: tuple, rng: np.random.Generator) -> None:
    """The outputs beside the reference's, after both got the same weights."""
    given, size = f"build_network{case}", case[3]
    weights = [rng.normal(0, 1 / np.sqrt(max(w[..., 0].size, 9)), w.shape) for w in wanted.get_weights()]
    made.set_weights(weights)
    faces = rng.uniform(0, 255, (3, size, size, 1)).astype("float32")

    def outputs(model):
        model.set_weights(weights)
        return np.asarray(model(faces, training=False))

    got = outputs(made)
    if np.allclose(got, outputs(wanted), atol=1e-4):
        return
    for options, words in _NETWORK_MISTAKES:
        if np.allclose(got, outputs(_network(*case, **options)), rtol=1e-3, atol=1e-4):
            raise Wrong(f"{given}: {words}")
    total = float(got[0].sum())
    hint = "" if np.isclose(total, 1, atol=1e-3) else f" The outputs of a face add up to {total:.3g} and not to 1."
    raise Wrong(
        f"{given}: layers and counts are right, but with the same weights the outputs differ.{hint} "
        "Look at the activations, at the pool and at the scaling of the pixels."
    )


def receptive_field(layers=LAYERS) -> int:
    """The side, in pixels, of what a value behind ``layers`` of (kernel, stride) sees."""
    side, distance = 1, 1
    for kernel, stride in layers:
        side += (kernel - 1) * distance
        distance *= stride
    return side


def _stride_too_early(layers) -> int:
    side, distance = 1, 1
    for kernel, stride in layers:
        distance *= stride
        side += (kernel - 1) * distance
    return side


def grade_receptive_field(answer) -> str:
    """One whole number; the usual mistakes are recognised."""
    got = whole(answer)
    value = numbers(answer)
    if got is None and value is not None and value.shape == () and np.isfinite(value) and value == int(value):
        got = int(value)  # 19.0 is as good
    if got is None or isinstance(answer, (bool, np.bool_)):
        raise Wrong("the answer should be one whole number, the side of the square in pixels.")
    wanted = receptive_field()
    mistakes = {
        wanted**2: "that is how many pixels the square has; asked is its side.",
        receptive_field([(k, 1) for k, _ in LAYERS]): "the strides were left out: behind a stride of 2, neighbours "
        "are 2 pixels apart.",
        _stride_too_early(LAYERS): "a layer's own stride moves the next layer, not the layer itself.",
        receptive_field([(k if i != 1 else 1, s) for i, (k, s) in enumerate(LAYERS)]): "the pool has a window, too: it "
        "adds to what is seen.",
        receptive_field([(k, s if i != 2 else 1) for i, (k, s) in enumerate(LAYERS)]): "the second convolution has a "
        "stride, too, and the distance doubles again.",
        receptive_field([(k, s if i != 1 else 1) for i, (k, s) in enumerate(LAYERS)]): "the pool has a stride, too, "
        "and the distance doubles there.",
        receptive_field(LAYERS[:-1]): "the last convolution is missing.",
        receptive_field([(k + 1, s) for k, s in LAYERS]): "a kernel of k adds k - 1 steps, not k.",
    }
    if got == wanted:
        return f"right: {wanted} pixels. Strides multiply, kernels add."
    if got in mistakes:
        raise Wrong(f"{got}: {mistakes[got]}")
    raise Wrong(f"{got} is not it. Go layer by layer: the side grows by (kernel - 1) times the distance of neighbours.")
