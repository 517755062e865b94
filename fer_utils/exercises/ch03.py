"""03-1: count the parameters of the paper's network by hand."""

from __future__ import annotations

import numpy as np

from fer_utils.exercises import Wrong, asked, same
from fer_utils.models.ding2023 import parameter_count


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
