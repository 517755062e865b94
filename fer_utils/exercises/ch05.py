"""05-1: stop in time."""

from __future__ import annotations

import numpy as np

from fer_utils.exercises import asked, same


def _reference(losses, patience: int) -> int:
    best, at = float("inf"), 0
    for epoch, loss in enumerate(losses):
        if loss < best:
            best, at = loss, epoch
        elif epoch - at >= patience:
            break
    return at


def grade_stopping(answer) -> str:
    """Early stopping on fixed and random loss curves: the epoch whose weights are kept."""
    fixed = [
        ([3.0, 2.0, 1.0], 2, "a loss that falls all the way"),
        ([1.0, 2.0, 3.0, 4.0], 2, "a loss that rises from the first epoch"),
        ([3.0, 2.0, 2.5, 2.6, 1.0], 2, "a loss that would have fallen again after patience ran out"),
        ([3.0, 2.0, 2.5, 1.9, 2.5, 2.6], 2, "a loss with one bad epoch, within the patience"),
        ([2.0, 1.0, 1.0, 1.0, 0.5], 3, "a plateau: an equal loss is no improvement"),
        ([2.0, 1.0, 1.0, 1.5, 1.6], 2, "an equal loss is no improvement"),
        ([1.0, 0.999999, 1.0, 1.0], 2, "the smallest improvement is one"),
        ([3e9, 2e9, 4e9], 1, "losses of any size"),
        ([2.0, 3.0, 4.0], 5, "fewer epochs than the patience"),
        ([5.0], 1, "a single epoch"),
        ([3.0, 4.0, 2.0], 1, "patience 1: one bad epoch is one too many"),
    ]
    rng = np.random.default_rng(505)
    random = [
        (
            [float(x) for x in np.round(np.abs(np.cumsum(rng.normal(0, 1, 12)) + 8), 2)],
            int(rng.integers(1, 5)),
            "a wandering loss",
        )
        for _ in range(60)
    ]
    for losses, patience, story in fixed + random:
        handed = list(losses)
        got = asked(answer, "stop(losses, patience)", handed, patience)
        same(
            "the epoch that is kept (counted from 0)",
            got,
            _reference(losses, patience),
            f"{story}: losses {losses}, patience {patience}",
        )
        same("the list of losses (left as it was)", handed, losses, story)
    return "right for every curve that was tried. Remember which curve it must not be: the test's."
