"""Which frames of a clip are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.stages import stage

#: The ways to choose frames: see ``sample_indices``, and ``apex_indices`` for ``apex``.
SAMPLINGS: tuple[str, ...] = ("even", "middle", "apex", "all")


@stage("faces")
def sample_indices(n_frames: int, k: int = 6, how: str = "even") -> list[int]:
    """Which frames of a clip are taken, where the number of its frames tells.

    Ding, Tang & Lu (2023, doi 10.1109/TENCON58879.2023.10322470) take six
    frames a clip and do not say which; even spacing is this package's choice.

    Parameters
    ----------
    n_frames : how many frames the clip has, 0 or more.
    k : how many are wanted, 1 or more; ignored with ``how="all"``.
    how : ``"even"``, the frames at the centres of ``k`` equal parts of the clip;
        ``"middle"``, the same for its middle half, where an acted expression is
        usually fullest (with fewer than ``k`` frames in it, for its middle ``k``
        frames); ``"all"``, every frame.  ``"apex"`` needs the pictures:
        ``apex_indices``.

    Returns
    -------
    list of int : ``k`` distinct indices in [0, n_frames), increasing; all of
    them if the clip has fewer than ``k``.

    Raises
    ------
    FerError : a number out of range, an unknown ``how``.

    >>> sample_indices(98, 6)
    [8, 24, 40, 57, 73, 89]
    >>> sample_indices(98, 6, "middle")
    [28, 36, 44, 53, 61, 69]
    >>> sample_indices(2, 6)
    [0, 1]
    """
    n_frames, k = whole_number("n_frames", n_frames, 0), whole_number("k", k, 1)
    if checked_sampling("how", how) == "apex":
        raise invalid(
            "how",
            expected="'even', 'middle' or 'all'",
            received=how,
            remedy="The apex is seen in the pictures: read_frames(path, k, sampling='apex'), or "
            "apex_indices(changes, k).",
        )
    if n_frames <= k or how == "all":
        return list(range(n_frames))
    length = max(n_frames - 2 * (n_frames // 4), k) if how == "middle" else n_frames
    start = (n_frames - length) // 2
    return [start + (2 * part + 1) * length // (2 * k) for part in range(k)]


def apex_indices(changes: Sequence[float], k: int = 6) -> list[int]:
    """The ``k`` neighbouring frames about the one that differs most from the first.

    Parameters
    ----------
    changes : for every frame how far it is from the clip's first one, in any
        unit; NaN for a frame that cannot be seen.  ``read_frames`` takes the mean
        absolute difference of the two pictures, grey and scaled to 64 x 64.
    k : how many are wanted, 1 or more.

    Returns
    -------
    list of int : increasing, neighbours of each other, the frame of the largest
    change (the earliest, if several have it) in their middle, or as near to it as
    the clip's ends allow; all frames if there are no more than ``k``.

    >>> apex_indices([0, 1, 3, 9, 4, 2, 1, 0], 3)
    [2, 3, 4]
    >>> apex_indices([0, 1, 2, 9], 3)
    [1, 2, 3]
    """
    k = whole_number("k", k, 1)
    values = np.nan_to_num(np.asarray(changes, np.float64), nan=-1.0)
    if values.ndim != 1:
        raise invalid("changes", expected="one number a frame", received=f"an array of shape {values.shape}")
    if len(values) <= k:
        return list(range(len(values)))
    start = min(max(int(values.argmax()) - k // 2, 0), len(values) - k)
    return list(range(start, start + k))


def checked_sampling(argument: str, value: Any) -> str:
    """``value`` if it is one of ``SAMPLINGS``; otherwise one clear ``FerError``."""
    if not isinstance(value, str) or value not in SAMPLINGS:
        raise invalid(argument, expected=f"one of {', '.join(SAMPLINGS)}", received=value)
    return value
