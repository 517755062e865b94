"""Histograms of oriented gradients (Dalal and Triggs 2005, doi 10.1109/CVPR.2005.177), in Keras ops."""

from __future__ import annotations

import math

from keras import ops

from fer_utils.core.stages import stage

#: Cells of a block's side, and the cap of L2-Hys: Dalal and Triggs' choices.
BLOCK = 2
CAP = 0.2


def length(input_shape: tuple[int, int, int], cell: int = 20, bins: int = 9) -> int:
    """Numbers in the descriptor of one image; 0 where a block does not fit.

    >>> length((180, 180, 1))
    2304
    """
    rows, columns = (max(side // cell - BLOCK + 1, 0) for side in input_shape[:2])
    return rows * columns * BLOCK * BLOCK * bins


def operations(input_shape: tuple[int, int, int], bins: int = 9) -> int:
    """What `hog` computes for one image, counted roughly: an addition, a product, a root, an angle are one each.

    A pixel has two differences, a magnitude (4), an angle and its place (3), and for each bin a distance, its fold and
    its vote (5) and its sum (1); the blocks' norms are left out, a few per cent.

    >>> operations((180, 180, 1))
    2041200
    """
    return input_shape[0] * input_shape[1] * (9 + 6 * bins)


@stage("model.hog")
def hog(images, *, cell: int = 20, bins: int = 9):
    """Describe images by where their edges point.

    Centred differences; unsigned orientation in ``bins`` bins over 180 degrees,
    each pixel's magnitude shared between the two nearest bins; the mean over
    square cells; overlapping blocks of 2 x 2 cells, each normalised by L2-Hys
    (L2, capped at 0.2, L2 again).  Ours: no interpolation between cells, and
    colour averaged to grey first.

    Parameters
    ----------
    images : (batch, height, width, channels), any scale: the blocks' norms take it away.
    cell : side of a cell in pixels; what is left over at the right and the bottom is dropped.
    bins : orientations.

    Returns
    -------
    tensor (batch, length((height, width, channels), cell, bins)), float32, in [0, 1].
    """
    grey = ops.mean(ops.cast(images, "float32"), axis=-1) / 255.0
    edged = ops.pad(grey, ((0, 0), (1, 1), (1, 1)), mode="symmetric")  # an edge that ends is no edge
    across = edged[:, 1:-1, 2:] - edged[:, 1:-1, :-2]
    down = edged[:, 2:, 1:-1] - edged[:, :-2, 1:-1]
    size = ops.sqrt(across * across + down * down)
    # Bin b has its centre at b + 1/2; angle + pi is the same unsigned orientation.
    place = ops.mod(ops.arctan2(down, across) * (bins / math.pi), bins) - 0.5
    cells = []
    for number in range(bins):  # one bin at a time: a ninth of the memory
        apart = ops.abs(place - number)
        apart = ops.minimum(apart, bins - apart)
        votes = ops.maximum(1.0 - apart, 0.0) * size
        cells.append(
            ops.average_pool(votes[..., None], cell, strides=cell, padding="valid", data_format="channels_last")
        )
    cells = ops.concatenate(cells, axis=-1)  # (batch, rows, columns, bins)
    rows, columns = cells.shape[1], cells.shape[2]
    blocks = ops.concatenate(
        [cells[:, i : rows - BLOCK + 1 + i, j : columns - BLOCK + 1 + j] for i in range(BLOCK) for j in range(BLOCK)],
        axis=-1,
    )
    blocks = ops.minimum(_unit(blocks), CAP)
    # The shape is written out, so that an empty batch keeps its width.
    return ops.reshape(_unit(blocks), (-1, (rows - BLOCK + 1) * (columns - BLOCK + 1) * BLOCK * BLOCK * bins))


def _unit(blocks):
    """Blocks of length 1; a flat block, which has no direction, stays 0."""
    return blocks / ops.sqrt(ops.sum(blocks * blocks, axis=-1, keepdims=True) + 1e-10)
