"""Scores that do not flicker: exponential smoothing in time.

Between two answers, ``dt`` seconds apart, the smoothed score s moves towards the
new score p by

    s <- s + (1 - exp(-dt / tau)) (p - s),

the step response of a first-order low-pass filter with the time constant tau.  The
weight comes of the *time* that has passed and not of a number of frames: so a
camera of 60 frames a second is smoothed as one of 30 is, and a frame that was
lost costs nothing.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from fer_utils.core.errors import invalid
from fer_utils.core.scores import finite_scores
from fer_utils.core.stages import stage

#: Seconds.  Our choice, with these reasons: after a sudden change the new label leads after tau ln 2 = 0.17 s, which is
#: under the fifth of a second below which an expression counts as a micro-expression (Shen, Wu & Fu 2012, doi
#: 10.1631/jzus.B1100063); and of noise that is independent from frame to frame, at 30 frames a second, sqrt((1 - a) /
#: (1 + a)) = 0.26 is left, a being exp(-dt / tau).
TIME_CONSTANT = 0.25


def checked_seconds(argument: str, value: float, *, least: float = 0.0) -> float:
    """A finite number of seconds of ``least`` or more; otherwise one clear ``FerError``."""
    fine = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not fine or not math.isfinite(value) or value < least:
        raise invalid(argument, expected=f"seconds, {least:g} or more", received=value)
    return float(value)


class Smoother:
    """One face's scores, smoothed.  One for each identity: scores of two people must not meet in one."""

    def __init__(self, time_constant: float = TIME_CONSTANT):
        """``time_constant`` in seconds; 0 for no smoothing.  ``FerError`` for what is no such number."""
        self.time_constant = checked_seconds("time_constant", time_constant)
        self.reset()

    def reset(self) -> None:
        """Forget: the next scores are taken as they are."""
        self.value: np.ndarray | None = None
        self.time_s = math.nan

    def __call__(self, scores: np.ndarray, time_s: float) -> np.ndarray:
        """The smoothed scores at a time.

        Parameters
        ----------
        scores : (classes,) of one frame; probabilities in give probabilities out.
        time_s : seconds, the same or later than the last.

        Returns
        -------
        (classes,) float64.

        Raises
        ------
        FerError : a time before the last; another number of classes; scores that are no finite numbers.
        """
        scores = np.asarray(scores, np.float64)
        if (
            scores.ndim != 1
            or not np.isfinite(scores).all()
            or (self.value is not None and scores.shape != self.value.shape)
        ):
            raise invalid("scores", expected="one finite number a class, as many as before", received=scores)
        if self.value is None:
            self.value, self.time_s = scores.copy(), checked_seconds("time_s", time_s, least=-math.inf)
            return self.value.copy()
        passed = checked_seconds("time_s", time_s, least=self.time_s) - self.time_s
        kept = math.exp(-passed / self.time_constant) if self.time_constant else 0.0
        self.value = kept * self.value + (1 - kept) * scores
        self.time_s = float(time_s)
        return self.value.copy()


@stage("live")
def smooth(scores, times, time_constant: float = TIME_CONSTANT) -> np.ndarray:
    """A whole record of one face, smoothed as `Smoother` does it frame by frame.

    Parameters
    ----------
    scores : (T, classes).
    times : (T,) seconds, none before the one ahead of it.
    time_constant : seconds.

    Returns
    -------
    (T, classes) float64.

    Raises
    ------
    FerError : as for `Smoother`, or numbers of scores and times that differ.
    """
    scores, times = np.asarray(scores, np.float64), np.asarray(times, np.float64)
    if scores.ndim != 2 or times.shape != scores.shape[:1]:
        raise invalid(
            "times",
            expected="one time for each row of scores (T, classes)",
            received=f"{times.shape} for scores of {scores.shape}",
        )
    keeper = Smoother(time_constant)
    return np.array([keeper(row, time_s) for row, time_s in zip(scores, times, strict=True)]).reshape(scores.shape)


def flicker(scores, times) -> float:
    """How often a second the label with the highest score changes.

    ``scores`` (T, classes), finite numbers, ``times`` (T,) seconds; NaN for a record without length.
    """
    best = finite_scores("scores", scores, "a face's record").argmax(axis=1)
    times = np.asarray(times, np.float64)
    length = times[-1] - times[0] if len(times) else 0.0
    return float(np.count_nonzero(np.diff(best)) / length) if length > 0 else math.nan


def lag(scores, smoothed, times, *, most: float = 2.0) -> float:
    """By how many seconds smoothed scores trail behind the raw ones.

    The shift at which the two records correlate best (each label less its mean, all labels together), by steps of a
    frame; ``times`` should be evenly spaced.  NaN where nothing moves.

    Parameters
    ----------
    scores, smoothed : (T, classes).
    times : (T,) seconds.
    most : the largest shift that is looked at, in seconds, and at most half the record.
    """
    raw, late, times = np.asarray(scores, np.float64), np.asarray(smoothed, np.float64), np.asarray(times, np.float64)
    if raw.shape != late.shape or raw.shape[:1] != times.shape:
        raise invalid(
            "smoothed",
            expected=f"the shape of scores, {raw.shape}, and as many times",
            received=f"{late.shape}, {times.shape}",
        )
    if len(times) < 3:
        return math.nan
    step = float(np.median(np.diff(times)))
    best, found = -math.inf, math.nan
    for shift in range(min(len(times) // 2, int(most / step)) + 1 if step > 0 else 0):
        a, b = raw[: len(raw) - shift], late[shift:]
        a, b = a - a.mean(axis=0), b - b.mean(axis=0)
        size = math.sqrt((a * a).sum() * (b * b).sum())
        if size > 1e-12 and (a * b).sum() / size > best:
            best, found = (a * b).sum() / size, shift * step
    return found


def trade(records, constants):
    """What smoothing costs and what it gives, for several time constants.

    Parameters
    ----------
    records : pairs of scores (T, classes) and times (T,) in seconds, one a face.
    constants : seconds.

    Returns
    -------
    DataFrame, one row a constant: ``constant``; ``flicker``, label changes a second; ``lag`` in seconds; both means
    over the records, those left out for which there is none.
    """
    rows = []
    for constant in constants:
        made = [(smooth(scores, times, constant), scores, times) for scores, times in records]
        found = {
            "flicker": [flicker(late, times) for late, _, times in made],
            "lag": [lag(scores, late, times) for late, scores, times in made],
        }
        known = {name: [value for value in values if not math.isnan(value)] for name, values in found.items()}
        rows.append(
            {
                "constant": float(constant),
                **{name: float(np.mean(values)) if values else math.nan for name, values in known.items()},
            }
        )
    return pd.DataFrame(rows, columns=["constant", "flicker", "lag"])
