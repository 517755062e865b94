"""An LSTM on distances between landmarks, after Ryumina and Karpov 2020 (doi 10.51130/graphicon-2020-2-3-32).

What was at hand is second-hand: their abstract (an LSTM network, features 'based
on distance importance scores between the coordinates of facial landmarks',
'different length sequences') and the line of Ding, Tang and Lu's table I (sequences of 122
frames, 63,178,760 parameters, distances chosen 'through thresholding method').
Neither says how many distances pass the threshold, nor how many layers there
are, nor how wide.  Every such number here is ours.

The printed count does not say it either: it is linear in the number of distances,
so that many networks have it.  ``candidates`` lists those of plain widths, and
the counting needs no Keras.

Its input is no picture, so ``fer_utils.models.build`` does not know it.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise, product

import keras

from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.stages import stage
from fer_utils.models._parts import real, softmax_head
from fer_utils.models.distances import length

#: What Ding, Tang and Lu's table I prints, and the length of the sequences.
PRINTED, FRAMES = 63_178_760, 122
#: The plain widths that are tried: powers of two.
WIDTHS: tuple[int, ...] = tuple(2**k for k in range(4, 13))


def parameter_count(
    units: Iterable[int] = (2048, 2048),
    dense: Iterable[int] = (2048,),
    distances: int = 1052,
    classes: int = 8,
    frames: int = FRAMES,
    whole: bool = False,
) -> int:
    """Parameters of the network, in closed form (no Keras).

    An LSTM of u units on d inputs has four gates, each with a weight for every
    input and every unit and a bias: 4 u (d + u + 1).  A dense layer of m units
    has (inputs + 1) m.

    Parameters
    ----------
    units : of each LSTM layer, first to last.
    dense : of each hidden dense layer.
    distances : in a frame.
    classes : number of labels.
    frames, whole : whether the dense layers see the last LSTM layer's states of all ``frames``
        (``whole``) or only the last one.

    >>> parameter_count(), parameter_count((2,), (), 3, 4)
    (63178760, 60)
    """
    sizes = [distances, *units]
    lstm = sum(4 * u * (d + u + 1) for d, u in pairwise(sizes))
    sizes = [sizes[-1] * (frames if whole else 1), *dense, classes]
    return lstm + sum((d + 1) * m for d, m in pairwise(sizes))


def candidates(
    target: int = PRINTED,
    *,
    widths: Iterable[int] = WIDTHS,
    most_layers: int = 3,
    classes: Iterable[int] = (6, 7, 8),
    most_distances: int = length(),
    frames: int = FRAMES,
) -> list[dict]:
    """Every network of plain widths that has exactly ``target`` parameters.

    The number of distances is not searched but solved for: the count is linear in it.

    Parameters
    ----------
    target : the count to find.
    widths : of the LSTM layers and of the dense layer.
    most_layers : one LSTM layer to this many; then no dense layer or one; the last state or all.
    classes : the numbers of labels to try.
    most_distances : all pairs of 68 points.
    frames : of a sequence.

    Returns
    -------
    list of dict with keys units, dense, distances, classes, whole: what ``parameter_count`` takes.
    """
    widths, found = tuple(widths), []
    for layers in range(1, whole_number("most_layers", most_layers, 1) + 1):
        for units, dense, k, whole in product(
            product(widths, repeat=layers), [(), *((m,) for m in widths)], tuple(classes), (False, True)
        ):
            # The count is 4 u d, u the first layer's units, and the rest, which is that of d = 0.
            left = target - parameter_count(units, dense, 0, k, frames, whole)
            number, rest = divmod(left, 4 * units[0])
            if rest == 0 and 1 <= number <= most_distances:
                found.append({"units": units, "dense": dense, "distances": number, "classes": k, "whole": whole})
    return found


@stage("model.landmark_lstm")
def build(
    *,
    classes: int,
    distances: int = 1052,
    frames: int = FRAMES,
    units: tuple[int, ...] = (2048, 2048),
    dense: tuple[int, ...] = (2048,),
    whole: bool = False,
    dropout: float = 0.0,
) -> keras.Model:
    """LSTM layers over the frames of a clip, dense layers, softmax.

    With 8 classes: 63,178,760 parameters, 7,196,065,792 multiply-accumulates for
    a clip of 122 frames, 252,715,040 bytes in float32.

    The number of parameters is the one that Ding et al. print.  That is no
    reproduction: the default is the one network of ``candidates()`` whose layers
    all have one width, taken so that what is measured here (work, bytes, time)
    is that of a network of the printed size.  Ours: layers, widths, the number of
    distances, no dropout unless asked for, Keras' initialisation.

    Parameters
    ----------
    classes : number of posed-expression labels, 2 or more.
    distances : in a frame, in units of the inter-ocular distance; see ``fer_utils.models.distances``.
    frames : of a sequence.
    units : of each LSTM layer; one layer or more.
    dense : of each hidden dense layer, ReLU; none for ``()``.
    whole : flatten the states of all frames instead of passing the last one on.
    dropout : rate in [0, 1) before the softmax layer.

    Returns
    -------
    keras.Model, not compiled: (batch, frames, distances) to probabilities (batch, classes).

    Raises
    ------
    FerError naming the argument that is out of range.
    """
    classes, frames = whole_number("classes", classes, 2), whole_number("frames", frames, 1)
    distances, dropout = whole_number("distances", distances, 1), real("dropout", dropout, least=0.0, below=1.0)
    units, dense = _widths("units", units, 1), _widths("dense", dense, 0)

    inputs = x = keras.Input((frames, distances), name="distances")
    for number, width in enumerate(units, start=1):
        last = number == len(units)
        x = keras.layers.LSTM(width, return_sequences=whole or not last, name=f"lstm{number}")(x)
    if whole:
        x = keras.layers.Flatten(name="flatten")(x)
    for number, width in enumerate(dense, start=1):
        x = keras.layers.Dense(width, activation="relu", name=f"hidden{number}")(x)
    if dropout:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(inputs, softmax_head(x, classes), name="landmark_lstm")


def _widths(argument: str, values, least: int) -> tuple[int, ...]:
    expected = f"whole numbers of 1 or more, {least} of them or more" if least else "whole numbers of 1 or more"
    if isinstance(values, str) or not isinstance(values, Iterable) or len(widths := tuple(values)) < least:
        raise invalid(argument, expected=expected, received=values)
    return tuple(whole_number(argument, width, 1) for width in widths)
