"""Chapter 12: a network on a budget (12-5)."""

from __future__ import annotations

import numpy as np

from fer_utils import models
from fer_utils.core.errors import FerError
from fer_utils.exercises import Wrong, asked
from fer_utils.exercises.ch10_convolutions import layers_within

#: The budget of exercise 12-5: parameters at every size, multiply-accumulates at `BUDGET_SIZE` pixels; convolutions.
BUDGET_PARAMETERS, BUDGET_MACS, BUDGET_SIZE, BUDGET_CONVOLUTIONS = 5_000, 500_000, 64, 3


def grade_budget(answer) -> str:
    """Counts, shapes and operations at three sizes, and whether every quarter of the picture matters."""
    import keras

    rng = np.random.default_rng(125)
    with keras.device("cpu"):  # the trial in a copy of the process may not touch a GPU
        for classes, size in [(8, BUDGET_SIZE), (7, 48), (8, 96)]:
            given = f"small_network({classes}, {size})"
            made = asked(answer, "small_network(classes, size)", classes, size)
            if not isinstance(made, keras.Model):
                raise Wrong(f"{given} should return a keras.Model; got {type(made).__name__}.")
            if not made.built or not hasattr(made, "inputs"):
                raise Wrong(f"{given}: the model has no weights yet. Begin it with keras.Input((size, size, 1)).")
            if tuple(made.input_shape) != (None, size, size, 1):
                raise Wrong(f"{given}: the input should be {(size, size, 1)}; it is {tuple(made.input_shape[1:])}.")
            if len(made.outputs) != 1:
                raise Wrong(f"{given} should have one output; it has {len(made.outputs)}.")
            if tuple(made.output_shape) != (None, classes):
                raise Wrong(
                    f"{given}: the output should be {classes} numbers a face; it is {tuple(made.output_shape[1:])}. "
                    "A pool over all places, or Flatten, turns a map into numbers."
                )
            _check_budget(made, given, size)
            _check_answers(made, given, rng)
    return "right: within the budget at every size, and it looks at the whole picture. Now it only has to learn."


def _check_budget(made, given: str, size: int) -> None:
    """Parameters, multiply-accumulates and convolutions of an answer to 12-5."""
    import keras

    kinds = (keras.layers.Conv2D, keras.layers.SeparableConv2D, keras.layers.DepthwiseConv2D)
    convolutions = sum(isinstance(layer, kinds) for layer in layers_within(made))
    if convolutions < BUDGET_CONVOLUTIONS:
        raise Wrong(f"{given} should have {BUDGET_CONVOLUTIONS} convolutions or more; it has {convolutions}.")
    try:
        counted = models.profile(made)
    except FerError as error:
        raise Wrong(f"{given}: its operations cannot be counted. {error}") from None
    if counted.parameters > BUDGET_PARAMETERS:
        largest = counted.layers.loc[counted.layers["parameters"].idxmax()]
        hint = (
            " A dense layer behind Flatten grows with the picture; a pool over all places does not."
            if largest["type"] == "Dense"
            else ""
        )
        raise Wrong(
            f"{given} has {counted.parameters:,} parameters, and {BUDGET_PARAMETERS:,} are allowed. The layer "
            f"{largest['layer']} has most, {largest['parameters']:,}.{hint}"
        )
    if size == BUDGET_SIZE and counted.macs > BUDGET_MACS:
        largest = counted.layers.loc[counted.layers["macs"].idxmax()]
        raise Wrong(
            f"{given} needs {counted.macs:,} multiply-accumulates a face, and {BUDGET_MACS:,} are allowed. The layer "
            f"{largest['layer']} needs most, {largest['macs']:,}: make its map smaller first (strides=2), or mix fewer "
            "channels."
        )


def _check_answers(made, given: str, rng: np.random.Generator) -> None:
    """Probabilities that add up to 1 and depend on every quarter of the picture."""
    side = made.input_shape[1]
    face = rng.uniform(0, 255, (1, side, side, 1)).astype("float32")
    said = np.asarray(made(face, training=False))
    if not np.allclose(said.sum(axis=1), 1, atol=1e-3) or (said < 0).any():
        raise Wrong(f"{given}: the outputs of a face add up to {said.sum():.3g} and not to 1. End with a softmax.")
    faces = rng.uniform(0, 255, (8, side, side, 1)).astype("float32")
    said = np.asarray(made(faces, training=False))

    def heard(rows: slice, columns: slice) -> bool:
        """Whether other pixels in a part of the pictures change an output of any face."""
        changed = faces.copy()
        changed[:, rows, columns] = rng.uniform(0, 255, changed[:, rows, columns].shape)
        return not np.array_equal(np.asarray(made(changed, training=False)), said)

    half, part = side // 2, side // 4
    for row, high in enumerate(("upper", "lower")):
        for column, wide in enumerate(("left", "right")):
            if not heard(slice(row * half, (row + 1) * half), slice(column * half, (column + 1) * half)):
                raise Wrong(f"{given}: the {high} {wide} quarter of the picture changes nothing in the outputs.")
    for row, column in np.ndindex(4, 4):
        if not heard(slice(row * part, (row + 1) * part), slice(column * part, (column + 1) * part)):
            raise Wrong(
                f"{given}: the picture in 4 x 4 parts: part {column + 1} of row {row + 1} changes nothing in the "
                "outputs. Every part should: do not crop."
            )
