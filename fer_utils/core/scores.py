"""What networks answer, checked before the highest score is taken as the label."""

from __future__ import annotations

from typing import Any

import numpy as np

from fer_utils.core.errors import invalid


def finite_scores(argument: str, scores: Any, network: str) -> np.ndarray:
    """``scores`` (N, classes) as an array, where all of them are finite numbers.

    `numpy.argmax` takes the first NaN for the highest score, so that a broken network would always seem to answer
    the first label.

    Parameters
    ----------
    argument : as what the caller was given the network.
    scores : (N, classes), a row a picture.
    network : its name, for the message.

    Raises
    ------
    FerError : a score that is NaN or infinite.
    """
    scores = np.asarray(scores)
    broken = int((~np.isfinite(scores)).any(axis=-1).sum())
    if broken:
        raise invalid(
            argument,
            expected="a network whose scores are finite numbers",
            received=f"{network}: NaN or infinite scores of {broken} of {len(scores)} pictures",
            remedy="Such a picture has no label. If the pictures are whole, the network's training has diverged: "
            "train it again with a lower learning rate.",
        )
    return scores
