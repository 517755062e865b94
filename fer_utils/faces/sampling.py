"""Which frames of a clip are looked at."""

from __future__ import annotations

from fer_utils.errors import whole_number


def sample_indices(n_frames: int, k: int = 6) -> list[int]:
    """The frames at the centres of ``k`` equal parts of a clip.

    Ding, Tang & Lu (2023, doi 10.1109/TENCON58879.2023.10322470) take six
    frames a clip and do not say which; even spacing is this package's choice.

    Parameters
    ----------
    n_frames : how many frames the clip has, 0 or more.
    k : how many are wanted, 1 or more.

    Returns
    -------
    list of int : ``k`` distinct indices in [0, n_frames), increasing; all of
    them if the clip has fewer than ``k``.

    >>> sample_indices(98, 6)
    [8, 24, 40, 57, 73, 89]
    >>> sample_indices(2, 6)
    [0, 1]
    """
    n_frames, k = whole_number("n_frames", n_frames, 0), whole_number("k", k, 1)
    if n_frames <= k:
        return list(range(n_frames))
    return [(2 * part + 1) * n_frames // (2 * k) for part in range(k)]
