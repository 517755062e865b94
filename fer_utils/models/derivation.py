"""From one printed number to one network.

542,136 parameters, and what the paper of Ding, Tang and Lu 2023 says besides.

Nothing is assumed at first but three convolutions, each followed by a max
pool, at most one hidden dense layer, biases, and the printed count.  Then one statement of the
paper after the other is taken as true.  Counting needs no Keras and this module imports none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
import itertools

import numpy as np
import pandas as pd

from fer_utils.core.errors import invalid, whole_number
from fer_utils.models.ding2023 import PRINTED

#: What is open at first: the sides of the windows, channels of the input, paddings, pools, labels.
KERNELS, CHANNELS, PADDINGS, POOLS, CLASSES = (3, 5), (1, 3), ("same", "valid"), (2, 3), (7, 8)
#: The most filters of a convolution, and the most units of the hidden layer (none is allowed, too).
MOST_FILTERS, MOST_DENSE = 128, 4096
COLUMNS: tuple[str, ...] = (
    "filters1",
    "filters2",
    "filters3",
    "dense",
    "kernel",
    "channels",
    "padding",
    "pool",
    "classes",
)


@dataclass(frozen=True)
class Assumption:
    """A statement: in ``words`` of ours, where the paper ``says`` so, and as a ``query`` of the table of `networks`."""

    words: str
    says: str
    query: str


#: The statements, in the order in which the chapter takes them.
ASSUMPTIONS: dict[str, Assumption] = {
    "3x3": Assumption("every window is 3×3", "“The convolutions have same size of filters at 3×3”", "kernel == 3"),
    "grey": Assumption("the picture is grey", "“RGB-to-grayscale conversion”", "channels == 1"),
    "labels": Assumption(
        "there are eight labels", "its set, RAVDESS, names eight expressions (Livingstone & Russo 2018)", "classes == 8"
    ),
    "alike": Assumption(
        "the third convolution has as many filters as the second",
        "“the number of filters is quadruple from the initial convolution”, said of both",
        "filters3 == filters2",
    ),
    "quadruple": Assumption(
        "the second has four times as many as the first",
        "“the number of filters is quadruple from the initial convolution”",
        "filters2 == 4 * filters1",
    ),
}


def _side(size: int, kernel: int, padding: str, pool: int) -> int:
    for _ in range(3):
        size = (size - (0 if padding == "same" else kernel - 1)) // pool
    return max(size, 0)


def family_size() -> int:
    """How many networks are possible before the count is looked at."""
    return MOST_FILTERS**3 * (1 + MOST_DENSE) * len(KERNELS) * len(CHANNELS) * len(PADDINGS) * len(POOLS) * len(CLASSES)


def networks(target: int = PRINTED, *, size: int = 180, most_filters: int = MOST_FILTERS) -> pd.DataFrame:
    """Every network of the loosest description that has exactly ``target`` parameters.

    With windows of K x K, c channels, a, b and e filters, flat maps of s x s, d hidden units and k labels, biases
    everywhere::

        (K K c + 1) a + (K K a + 1) b + (K K b + 1) e + (e s s + 1) d + (d + 1) k

    which is linear in d, so the width is solved for and not searched; without a hidden layer the last two
    terms are (e s s + 1) k.

    Returns
    -------
    DataFrame with `COLUMNS`, one row a network (``dense`` 0 for no hidden layer), sorted by them.  Some
    half a second at the default ranges.
    """
    rows = _search(
        whole_number("target", target, 1), whole_number("size", size, 1), whole_number("most_filters", most_filters, 1)
    )
    return pd.DataFrame(rows, columns=list(COLUMNS))


@lru_cache(maxsize=2)
def _search(target: int, size: int, most_filters: int) -> list[tuple]:
    found = []
    width = np.arange(1, most_filters + 1, dtype=np.int64)
    if 5 * 25 * most_filters**2 < 2**31:
        width = width.astype(np.int32)  # a division takes half as long
    first, second = width[:, None], width[None, :]
    for kernel, channels in itertools.product(KERNELS, CHANNELS):
        area = kernel * kernel
        two = (area * channels + 1) * first + (area * first + 1) * second
        for third in range(1, most_filters + 1):
            left = target - two - (area * second + 1) * third
            for padding, pool, classes in itertools.product(PADDINGS, POOLS, CLASSES):
                side = _side(size, kernel, padding, pool)
                if not side:
                    continue
                flat = third * side * side
                dense = (left - classes) // (flat + 1 + classes)
                fits = (dense * (flat + 1 + classes) == left - classes) & (dense > 0) & (dense <= MOST_DENSE)
                none = left == (flat + 1) * classes
                for a, b in np.argwhere(fits | none):
                    widths = ([0] if none[a, b] else []) + ([int(dense[a, b])] if fits[a, b] else [])
                    found += [
                        (int(a) + 1, int(b) + 1, third, d, kernel, channels, padding, pool, classes) for d in widths
                    ]
    return sorted(found)


def steps(order: Iterable[str] = tuple(ASSUMPTIONS), *, target: int = PRINTED) -> pd.DataFrame:
    """How many networks are left as one assumption after the other is taken as true.

    Parameters
    ----------
    order : names of `ASSUMPTIONS`, each at most once; in any order, and some may be left out.
    target : the printed count.

    Returns
    -------
    DataFrame: ``assumption`` (in words), ``says`` (the paper), ``networks`` (how many are left).  The first row is the
    description without a count, the second the count alone.

    Raises
    ------
    FerError : an unknown assumption, or one that is there twice.

    >>> steps()["networks"].tolist()
    [274945015808, 35490, 14687, 7456, 3799, 36, 1]
    """
    order = _checked(order)
    left = networks(target)
    rows = [
        ("three convolutions with pools, at most one hidden layer", "its Fig. 2", family_size()),
        (f"{target:,} parameters", "its abstract", len(left)),
    ]
    for name in order:
        one = ASSUMPTIONS[name]
        left = left.query(one.query)
        rows.append((one.words, one.says, len(left)))
    return pd.DataFrame(rows, columns=["assumption", "says", "networks"])


def survivors(order: Iterable[str] = tuple(ASSUMPTIONS), *, target: int = PRINTED) -> pd.DataFrame:
    """The networks that are left when all of ``order`` is true: columns as in `networks`."""
    left = networks(target)
    for name in _checked(order):
        left = left.query(ASSUMPTIONS[name].query)
    return left.reset_index(drop=True)


def _checked(order: Iterable[str]) -> list[str]:
    order = [order] if isinstance(order, str) else list(order)
    for number, name in enumerate(order):
        if name not in ASSUMPTIONS or name in order[:number]:
            raise invalid("order", expected=f"names among {', '.join(ASSUMPTIONS)}, each once", received=name)
    return order
