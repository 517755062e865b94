"""The errors of the package: each names what was wrong, what was expected, and the remedy."""

from __future__ import annotations

import operator
from typing import Any


class FerError(ValueError):
    """A call asked for something that cannot be done; the message says what to change."""


class DivergedError(FerError):
    """A training whose loss is NaN or infinite: its network has learned nothing that could be stored."""


class DamagedError(FerError):
    """What is stored is no longer what was stored: a file has changed, was cut off, or is gone."""


class MissingPackage(ImportError):  # noqa: N818 - its name is part of what users catch
    """An optional package is needed for this call and is not installed."""


def invalid(argument: str, *, expected: str, received: Any, remedy: str = "") -> FerError:
    """Build the one error of a bad argument.

    Parameters
    ----------
    argument : name of the argument as the caller wrote it.
    expected : what would have been accepted, in words or values.
    received : the value that came; its ``repr`` is shown, cut at 200 characters.
    remedy : what to do instead; may be empty.

    Returns
    -------
    FerError, to be raised by the caller so that the traceback ends there.

    >>> str(invalid("frames", expected="a whole number of 1 or more", received=0))
    'Invalid value for `frames`. Expected a whole number of 1 or more. Received: 0'
    """
    shown = repr(received)
    if len(shown) > 200:
        shown = shown[:197] + "..."
    text = f"Invalid value for `{argument}`. Expected {expected}. Received: {shown}"
    return FerError(f"{text}\n{remedy}" if remedy else text)


def missing(package: str, *, needed_for: str, remedy: str) -> MissingPackage:
    """Build the error for an optional package that is not there.

    >>> str(missing("dlib", needed_for="detector='dlib'", remedy="pip install dlib-bin"))
    "`dlib` is needed for detector='dlib' and is not installed. Remedy: pip install dlib-bin"
    """
    return MissingPackage(f"`{package}` is needed for {needed_for} and is not installed. Remedy: {remedy}")


def whole_number(argument: str, value: Any, least: int, most: int | None = None) -> int:
    """Check a whole-number argument.

    Parameters
    ----------
    argument : name of the argument as the caller wrote it.
    value : an int, or whatever counts as one (NumPy's integers); not ``True``,
        ``6.0`` or ``"6"``.
    least, most : the range, both ends included; ``most=None`` for no upper end.

    Returns
    -------
    The value as a plain int.

    Raises
    ------
    FerError that names the argument and the range.

    >>> whole_number("frames", 6, 1)
    6
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or number < least or (most is not None and number > most):
        bounds = f"of {least} or more" if most is None else f"from {least} to {most}"
        raise invalid(argument, expected=f"a whole number {bounds}", received=value) from None
    return number
