"""Which frames of a clip are looked at."""

from __future__ import annotations

from fer_utils.errors import invalid


def whole(argument: str, value: object, least: int, most: int | None = None) -> int:
    """``value`` as an int if it is a whole number in range; otherwise one clear ``FerError``."""
    try:
        number = value.__index__()  # accepts numpy integers, refuses 6.0 and "6"
    except (AttributeError, TypeError):
        number = None
    if number is None or isinstance(value, bool) or number < least or (most is not None and number > most):
        bounds = f"of {least} or more" if most is None else f"from {least} to {most}"
        raise invalid(argument, expected=f"a whole number {bounds}", received=value)
    return number


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
    n_frames, k = whole("n_frames", n_frames, 0), whole("k", k, 1)
    if n_frames <= k:
        return list(range(n_frames))
    return [(2 * part + 1) * n_frames // (2 * k) for part in range(k)]
