"""Chapter 10: a separable convolution (10-3) and an Inception block (10-4)."""

from __future__ import annotations

import itertools

import numpy as np

from fer_utils.exercises import Wrong, asked, numbers


def _separable(
    x: np.ndarray,
    windows: np.ndarray,
    mix: np.ndarray,
    stride: int,
    *,
    same=False,
    flipped=False,
    turned=False,
    relu=False,
    corner=False,
    mean=False,
    apart=None,
) -> np.ndarray:
    """The separable convolution of exercise 10-3; the options are mistakes to recognise."""
    kernel, apart = len(windows), stride if apart is None else apart
    if flipped:
        windows = windows[::-1, ::-1]
    if turned:
        windows = windows.transpose(1, 0, 2)
    if corner:
        windows = windows * (np.indices(windows.shape[:2]).max(axis=0) < 3)[..., None]
    if same:
        x = np.pad(x, ((kernel // 2, kernel // 2), (kernel // 2, kernel // 2), (0, 0)))
    high = (x.shape[0] - kernel) // stride + 1
    wide = (x.shape[1] - kernel) // stride + 1
    looked = np.zeros((high, wide, x.shape[2]))
    for u, v in np.ndindex(kernel, kernel):
        moved = x[u : u + apart * (high - 1) + 1 : apart, v : v + apart * (wide - 1) + 1 : apart]
        looked += moved * windows[u, v]
    looked = looked / kernel**2 if mean else looked
    return np.maximum(looked, 0) @ mix if relu == "between" else np.maximum(looked @ mix, 0) if relu else looked @ mix


#: Mistakes that the map of a separable convolution may betray, and what to say of them.
_SEPARABLE_MISTAKES: tuple[tuple[dict, str], ...] = (
    ({"same": True}, "It looks as if the map were padded: only windows that lie wholly in the map count."),
    (
        {"flipped": True},
        "It looks as if the windows were turned by 180 degrees, as in mathematics; networks do not turn them.",
    ),
    ({"mean": True}, "It looks as if the mean of a window were taken: add up its products."),
    ({"apart": 1}, "It looks as if the windows lay 1 apart: window number i begins at i * stride."),
    ({"turned": True}, "Rows and columns of the windows seem to have changed places."),
    ({"relu": "between"}, "There is a ReLU between the two steps: a separable convolution has none there."),
    ({"relu": True}, "There is a ReLU at the end: asked is the convolution alone."),
    ({"corner": True}, "It looks as if the window were always 3 by 3: its side is len(windows)."),
)


def _separable_hint(got: np.ndarray, x: np.ndarray, windows: np.ndarray, mix: np.ndarray, stride: int) -> str:
    """What the answer seems to have done instead."""
    if stride > 1:
        for other, words in (
            (1, "It looks as if the windows moved by 1: they move by `stride`."),
            (stride * stride, "It looks as if the stride were applied twice: the 1 x 1 convolution has none."),
        ):
            if _alike(got, _separable(x, windows, mix, other)):
                return words
    for options, words in _SEPARABLE_MISTAKES:
        if _alike(got, _separable(x, windows, mix, stride, **options)):
            return words
    wanted = _separable(x, windows, mix, stride)
    if got.shape == (1, *wanted.shape):
        return "There is one map: take it out of the batch."
    if got.ndim == 3 and got.shape[2] == wanted.shape[2]:
        if got.shape[:2] == tuple(-(-side // stride) for side in x.shape[:2]) and got.shape != wanted.shape:
            return "It looks as if the map were padded: only windows that lie wholly in the map count."
        last = tuple(len(range(0, side - len(windows), stride)) for side in x.shape[:2])
        if got.shape[:2] == last and got.shape != wanted.shape:
            return "The last window is missing: it begins at `side - k`, and `range` ends before its end."
    summed = np.repeat(windows.sum(axis=2, keepdims=True), windows.shape[2], axis=2)
    alike = {
        "The channels were added up in the first step: each keeps a map of its own until `mix`.": np.repeat(
            _separable(x, windows, np.ones((x.shape[2], 1)), stride), mix.shape[1], axis=2
        )
        * mix.sum(axis=0),
        "The numbers lost their fractions: make an array of floats.": np.trunc(wanted),
        "The second step is missing: `mix` makes new channels of the old ones.": _separable(
            x, windows, np.eye(x.shape[2]), stride
        ),
        "Each channel has a window of its own; here the windows were added up.": _separable(x, summed, mix, stride),
        "Each channel has a window of its own; here all have the first.": _separable(
            x, np.repeat(windows[:, :, :1], windows.shape[2], axis=2), mix, stride
        ),
    }
    return next((words for words, other in alike.items() if _alike(got, other)), "")


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and np.allclose(one, other, atol=1e-5)  # 32-bit floats, too


def grade_separable(answer) -> str:
    """Maps that are not square, windows of three sides, strides of 1 to 3."""
    rng = np.random.default_rng(103)
    cases = [(6, 6, 2, 3, 3, 1), (7, 5, 3, 4, 3, 1), (9, 8, 2, 5, 3, 2), (11, 9, 3, 2, 5, 2), (8, 10, 4, 3, 1, 3)]
    for height, width, inputs, outputs, kernel, stride in cases:
        x = np.round(rng.normal(size=(height, width, inputs)), 1)
        windows = np.round(rng.normal(size=(kernel, kernel, inputs)), 1)
        mix = np.round(rng.normal(size=(inputs, outputs)), 1)
        given = f"a map of {height} x {width} x {inputs}, windows of {kernel} x {kernel}, stride {stride}"
        kept = [one.copy() for one in (x, windows, mix)]
        made = asked(answer, "separable(x, windows, mix, stride)", x, windows, mix, stride)
        if not all(np.array_equal(one, before) for one, before in zip((x, windows, mix), kept, strict=True)):
            raise Wrong("your function changed an array that it was given; write into a new one.")
        got = numbers(made)
        if got is None:
            raise Wrong(f"for {given}: return an array of numbers; got {type(made).__name__}.")
        wanted = _separable(x, windows, mix, stride)
        if got.shape == wanted.shape and np.allclose(got, wanted, atol=1e-5):
            continue
        hint = _separable_hint(got, x, windows, mix, stride)
        hint = f" {hint}" if hint else ""
        if got.shape != wanted.shape:
            raise Wrong(f"for {given}: the result should have the shape {wanted.shape}; got {got.shape}.{hint}")
        place = tuple(int(k) for k in np.argwhere(~np.isclose(got, wanted, atol=1e-5))[0])
        raise Wrong(f"for {given}: the value at {place} should be {wanted[place]:g}; got {got[place]:g}.{hint}")
    return "right, also with a stride and with windows of 1 x 1 and 5 x 5."


def _inception(
    height: int,
    width: int,
    channels: int,
    filters: int,
    *,
    relu="relu",
    pool="MaxPooling2D",
    reduced=True,
    order=(0, 1, 2, 3),
    pooled_after=False,
    first=True,
    last="relu",
    window=3,
    end=None,
):
    """The Inception block of exercise 10-4; the options are mistakes to recognise."""
    import keras

    layers = keras.layers

    def conv(x, side, active=relu):
        return layers.Conv2D(filters, side, padding="same", activation=active)(x)

    def small(x):
        return conv(x, 1, relu if first else None) if reduced else x

    pooling = getattr(layers, pool)(window, strides=1, padding="same") if pool else layers.Identity()
    x = keras.Input((height, width, channels))
    pooled = pooling(conv(x, 1)) if pooled_after else conv(pooling(x), 1, relu and last)
    branches = [conv(x, 1), conv(small(x), 3), conv(conv(small(x), 3), 3), pooled]
    joined = layers.Concatenate()([branches[place] for place in order])
    return keras.Model(x, layers.Activation(end)(joined) if end else joined)


#: Mistakes that the outputs of a block with the right counts may betray, and what to say of them.
_INCEPTION_MISTAKES: tuple[tuple[dict, str], ...] = (
    ({"relu": None}, "No convolution has a ReLU."),
    ({"first": False}, "The 1 x 1 convolutions that reduce the channels have no ReLU."),
    ({"last": None}, "The convolution behind the pool has no ReLU."),
    ({"relu": None, "end": "relu"}, "The ReLU stands behind the joined maps alone: each convolution has its own."),
    ({"pool": None}, "The max pool is missing: the last branch is the first one again."),
    ({"window": 2}, "The pool's window is 2 x 2; it should be 3 x 3."),
    ({"pool": "AveragePooling2D"}, "The pool takes means; a max pool is asked for."),
    ({"pooled_after": True}, "In the last branch the pool comes first, and the 1 x 1 convolution after it."),
)


def _same_weights(model) -> None:
    """Give every weight of one shape the same values, so that the order in which layers were made plays no part."""
    for weight in model.weights:
        shape = tuple(weight.shape)
        rng = np.random.default_rng([len(shape), *shape])
        weight.assign(rng.normal(0.1, 1 / np.sqrt(max(np.prod(shape[:-1]), 1)), shape))


def layers_within(model):
    """The layers of a model, and those of the models in it."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from layers_within(layer)
        else:
            yield layer


def _kernels(model) -> dict[tuple[int, ...], int]:
    """How many convolutions of each kernel a model has."""
    found: dict[tuple[int, ...], int] = {}
    for layer in layers_within(model):
        if type(layer).__name__ == "Conv2D":
            shape = tuple(layer.kernel.shape)
            found[shape] = found.get(shape, 0) + 1
    return dict(sorted(found.items()))


def _kernels_in_words(kernels: dict[tuple[int, ...], int]) -> str:
    each = [f"{count} of {high} x {wide} from {c} to {d} channels" for (high, wide, c, d), count in kernels.items()]
    return "; ".join(each) or "none"


def _check_convolutions(made, wanted, given: str, case: tuple) -> None:
    """The kernels, the shape and the count of the block."""
    got, right = _kernels(made), _kernels(wanted)
    if len(made.outputs) != 1:
        raise Wrong(f"{given} should have one output, the joined maps; it has {len(made.outputs)}.")
    shape, wanted_shape = tuple(made.outputs[0].shape[1:]), tuple(wanted.outputs[0].shape[1:])
    filters = case[3]
    if got != right:
        hint = ""
        if got == _kernels(_inception(*case, reduced=False)):
            hint = " The 3 x 3 branches should first reduce the channels by a 1 x 1 convolution."
        elif any(kernel[:2] == (5, 5) for kernel in got):
            hint = " Two convolutions of 3 x 3 stand for the one of 5 x 5."
        elif any(kernel[2] > case[2] for kernel in got):
            hint = " The branches stand side by side: each reads the input, and only the end joins them."
        raise Wrong(
            f"{given} should have these convolutions: {_kernels_in_words(right)}. "
            f"It has: {_kernels_in_words(got)}.{hint}"
        )
    if shape != wanted_shape:
        hint = ""
        if shape == (*wanted_shape[:2], filters):
            hint = " Concatenate puts the branches side by side; adding them keeps the number of channels."
        elif sorted(shape) == sorted((case[0], 4 * case[1], filters)) or sorted(shape) == sorted(
            (4 * case[0], case[1], filters)
        ):
            hint = " The branches are joined along the channels, the last axis."
        elif len(shape) == 3 and shape[:2] != wanted_shape[:2]:
            hint = " Padding is `same` and every stride is 1, the pool's too."
        raise Wrong(f"{given}: the output should be {wanted_shape}; it is {shape}.{hint}")
    if made.count_params() != wanted.count_params():
        raise Wrong(
            f"{given} should have {wanted.count_params():,} parameters; it has {made.count_params():,}. "
            "The convolutions have biases, and there is no other layer with parameters."
        )


def _asked_block(answer, given: str, case: tuple):
    """What an answer returns; Keras' error about branches of different sizes is said in plain words."""
    try:
        return asked(answer, "inception_block(height, width, channels, filters)", *case)
    except ValueError as error:
        if "matching shapes" not in str(error):
            raise
        sizes = str(error).rpartition("Received: ")[2]
        raise Wrong(
            f"{given}: the branches have different heights and widths and cannot be joined. Everything pads as "
            f"`same`, and every stride is 1, the pool's too (by itself a pool strides by its window). {sizes}"
        ) from None


def grade_inception(answer) -> str:
    """Convolutions, shape, count, and outputs beside those of a block with the same weights, at three sizes."""
    import keras

    rng = np.random.default_rng(104)
    with keras.device("cpu"):  # the trial in a copy of the process may not touch a GPU
        for case in [(8, 8, 5, 3), (9, 6, 4, 4), (7, 10, 12, 2)]:
            given = f"inception_block{case}"
            made = _asked_block(answer, given, case)
            if not isinstance(made, keras.Model):
                raise Wrong(f"{given} should return a keras.Model; got {type(made).__name__}.")
            if not made.built or not hasattr(made, "inputs"):
                raise Wrong(f"{given}: build the model with keras.Model(inputs, outputs).")
            if tuple(made.input_shape) != (None, *case[:3]):
                raise Wrong(f"{given}: the input should be {case[:3]}; it is {tuple(made.input_shape)[1:]}.")
            wanted = _inception(*case)
            _check_convolutions(made, wanted, given, case)
            _check_block_outputs(made, wanted, case, rng)
    return "right: the convolutions, the shape, the count and, with the same weights, the outputs at three sizes."


def _check_block_outputs(made, wanted, case: tuple, rng: np.random.Generator) -> None:
    x = rng.normal(size=(2, *case[:3])).astype("float32")

    def outputs(model):
        _same_weights(model)
        return np.asarray(model(x, training=False))

    got, right = outputs(made), outputs(wanted)
    given, filters = f"inception_block{case}", case[3]
    if np.allclose(got, right, atol=1e-4):
        if not np.allclose(np.asarray(made(x, training=True)), right, atol=1e-4):
            raise Wrong(f"{given} gives other outputs in training: is there a Dropout, or noise? None is asked for.")
        return
    parts = [right[..., k * filters : (k + 1) * filters] for k in range(4)]
    found = [got[..., k * filters : (k + 1) * filters] for k in range(4)]
    orders = itertools.permutations(found)
    if any(all(map(lambda one, other: np.allclose(one, other, atol=1e-4), order, parts)) for order in orders):
        raise Wrong(f"{given}: the branches are right, but joined in another order: 1x1, 3x3, 5x5, pool.")
    for options, words in _INCEPTION_MISTAKES:
        if np.allclose(got, outputs(_inception(*case, **options)), rtol=1e-3, atol=1e-4):
            raise Wrong(f"{given}: {words}")
    raise Wrong(
        f"{given}: convolutions and counts are right, but with the same weights the outputs differ. Look at the "
        "activations, at the pool, and at what each branch reads."
    )
