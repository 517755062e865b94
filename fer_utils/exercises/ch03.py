"""Chapter 3: counting parameters (03-1), max pooling (03-3), the receptive field (03-5)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fer_utils.exercises import Wrong, as_count, asked, numbers, same
from fer_utils.models.ding2023 import parameter_count

#: The receptive field of exercise 03-5: kernel and stride of each layer, from the picture on.
LAYERS = ((5, 1), (3, 2), (3, 2), (5, 1))


def _count(
    filters: int,
    dense: int,
    classes: int,
    size: int,
    *,
    pools=3,
    half=lambda side: side // 2,
    kernel=3,
    channels=1,
    bias=1,
    dense_bias=1,
    read=None,
    third=None,
    map_channels=None,
    last=True,
) -> int:
    """The parameters of exercise 03-1; the options are mistakes to recognise."""
    wide, side, window = 4 * filters, size, kernel**2
    for _ in range(pools):
        side = half(side)
    second, third_reads = read or filters, third or wide
    convolutions = (window * channels + bias) * filters
    convolutions += (window * second + bias) * wide + (window * third_reads + bias) * wide
    layers = (side * side * (map_channels or wide) + dense_bias) * dense
    return convolutions + layers + (dense + dense_bias) * classes * last


#: Options of ``_count``, by those of the exercise, and what to say of an answer that they explain.
_COUNT_MISTAKES: tuple[tuple[Callable[..., dict], str], ...] = (
    (lambda *_: {"bias": 0, "dense_bias": 0}, "No layer has biases here: each filter and each unit has one."),
    (lambda *_: {"bias": 0}, "The convolutions have no biases here: each filter has one."),
    (lambda *_: {"dense_bias": 0}, "The dense layers have no biases here: each unit has one."),
    (lambda *_: {"half": lambda side: -(-side // 2)}, "A pool drops an odd last row: round down."),
    (lambda *_: {"half": lambda side: round(side / 2)}, "A pool drops an odd last row: use //, `round` goes up, too."),
    (lambda *_: {"pools": 2}, "There are three pools, one behind each convolution."),
    (lambda *_: {"pools": 0}, "The pools are missing: each of the three halves the side."),
    (lambda *_: {"half": lambda side: (side - 2) // 2}, "The padding is `same`: a convolution keeps the side."),
    (lambda *_: {"kernel": 5}, "The kernels are 3 x 3."),
    (lambda *_: {"channels": 3}, "The pictures are grey: the first convolution reads one channel."),
    (lambda *_: {"read": 1, "third": 1}, "A filter has nine weights for *each* channel that it reads."),
    (lambda f, *_: {"third": f}, "The third convolution reads the channels of the second, 4 * filters."),
    (lambda *_: {"map_channels": 1}, "The dense layer reads all channels of the last map, not one."),
    (lambda *_: {"last": False}, "The last layer, which gives the labels, is missing."),
)


def _count_hint(answers: list, cases: list) -> str:
    """The mistake that explains all that an answer gives."""
    for options, words in _COUNT_MISTAKES:
        if all(
            type(one) is int and one == _count(*case, **options(*case))
            for one, case in zip(answers, cases, strict=True)
        ):
            return f" {words}"
    return ""


def grade_parameters(answer) -> str:
    """The closed form against the package's own, over widths, classes and picture sizes."""
    hints = {
        (16, 16, 7, 180): "(SAVEE's seven classes change only the last layer)",
        (16, 16, 8, 180): "(the paper's own network: every layer has biases)",
        (16, 16, 8, 54): "(halves of odd sides: 54, 27, 13, 6)",
    }
    cases = [
        (16, 16, 8, 180),
        (16, 16, 7, 180),
        (8, 16, 8, 180),
        (16, 32, 8, 180),
        (1, 1, 2, 180),
        (16, 16, 8, 48),
        (16, 16, 8, 181),
        (16, 16, 8, 54),
        (12, 24, 6, 96),
        (32, 64, 8, 100),
    ]
    answers = [asked(answer, "parameters(filters, dense, classes, size)", *case) for case in cases]
    for case, got in zip(cases, answers, strict=True):
        given = f"parameters{case}"
        filters, dense, classes, size = case
        wanted = parameter_count(filters=filters, dense=dense, classes=classes, size=size)
        if isinstance(got, (float, np.floating)) and got == wanted:
            raise Wrong(f"{given} gave {got!r}: a count is a whole number (use //, not /).")
        try:
            same("the count", got, wanted, f"{given} {hints.get(case, '')}".rstrip())
        except Wrong as wrong:
            raise Wrong(f"{wrong}{_count_hint(answers, cases)}") from None
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
        "Fractions seem to be cut off: is the new array one of whole numbers?": np.trunc(wanted),
        "It looks as if window i, j began at row i and column j: it begins at i * stride and j * stride.": _pooled(
            maps, size, 1
        )[: wanted.shape[0], : wanted.shape[1]],
        "It looks as if the sign were dropped: the largest value is asked, not the largest distance from 0.": _pooled(
            np.abs(maps), size, stride
        ),
        "The last windows are missing: along n values there are (n - size) // stride + 1.": wanted[:-1, :-1],
        "Only the first channel is left: pool each of them.": wanted[:, :, :1],
        "One channel is left, without its axis: the result is (rows, columns, channels).": wanted[:, :, 0],
        "There is one axis too many: [0] takes the axis of the batch away.": wanted[None],
        "Rows and columns seem to have changed places.": wanted.transpose(1, 0, 2),
        "The channels should stay the last axis.": wanted.transpose(2, 0, 1),
    }
    return next((words for words, other in alike.items() if got.shape == other.shape and _equal(got, other)), "")


def _equal(got: np.ndarray, wanted: np.ndarray) -> bool:
    """Up to what floats of 16 bits can tell."""
    return bool(np.allclose(got, wanted, atol=5e-3))


def grade_max_pool(answer) -> str:
    """Pools that tile, that overlap and that leave gaps, on maps that are not square and have negative values."""
    rng = np.random.default_rng(33)
    cases = [(6, 6, 2, 2, 2), (8, 6, 3, 2, 2), (9, 7, 2, 3, 3), (9, 11, 2, 3, 2), (7, 8, 3, 2, 3), (5, 4, 2, 1, 1)]
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
        if got.shape == wanted.shape and _equal(got, wanted):
            continue
        hint = _pool_hint(got, maps, size, stride)
        hint = f" {hint}" if hint else ""
        if got.shape != wanted.shape:
            raise Wrong(f"for {given}: the result should have the shape {wanted.shape}; got {got.shape}.{hint}")
        row, column, channel = np.argwhere(~np.isclose(got, wanted, atol=5e-3))[0]
        raise Wrong(
            f"for {given}: row {row}, column {column}, channel {channel} should be {wanted[row, column, channel]:g}; "
            f"got {got[row, column, channel]:g}.{hint}"
        )
    return "right, also where windows overlap, where they leave gaps and where all values are below zero."


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
    got = as_count(answer)
    if got is None:
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
        sum(
            k for k, _ in LAYERS
        ): "that is the sum of the kernels: a kernel adds k - 1 steps, and behind a stride of 2 a step is 2 pixels.",
        wanted - 1: "the value itself counts, too: begin with a side of 1.",
        receptive_field([(k + 1, s) for k, s in LAYERS]): "a kernel of k adds k - 1 steps, not k.",
    }
    if got == wanted:
        return f"right: {wanted} pixels. Strides multiply, kernels add."
    if got in mistakes:
        raise Wrong(f"{got}: {mistakes[got]}")
    raise Wrong(f"{got} is not it. Go layer by layer: the side grows by (kernel - 1) times the distance of neighbours.")
