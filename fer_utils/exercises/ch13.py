"""Chapter 13: smoothing in time (13-1), latency and throughput (13-5)."""

from __future__ import annotations

import numpy as np

from fer_utils.exercises import Wrong, asked, numbers, two

_ARGUMENTS = "smooth(times, scores, tau)"
#: As near as time stamps in 32-bit floats come.
_CLOSE = 1e-5


def _reference(times, scores, tau, *, weight=None, gaps=None, first=1.0, recall=True) -> np.ndarray:
    """The right answer, or a wrong one that is known.

    Another ``weight`` of a gap, other ``gaps``, a first row scaled, no memory.
    """
    weight = weight or (lambda gap: 1 - np.exp(-gap / tau))
    gaps = np.diff(times) if gaps is None else gaps
    made = np.array(scores, float)
    made[0] *= first
    for row, gap in enumerate(gaps, start=1):
        before = made[row - 1] if recall else np.asarray(scores, float)[row - 1]
        made[row] = before + weight(gap) * (np.asarray(scores, float)[row] - before)
    return made


def _hint(got: np.ndarray, times, scores, tau) -> str:
    """What the answer seems to have done instead."""
    known = lambda **other: np.allclose(got, _reference(times, scores, tau, **other), atol=1e-7)  # noqa: E731
    gaps = np.diff(times)
    if known(weight=lambda gap: np.exp(-gap / tau)):
        return "The two weights are the other way round: the longer the gap, the more the new scores count."
    if known(weight=lambda gap: 1.0):
        return "That is not smoothed at all: the rows are the scores themselves. Times and tau are both in seconds."
    if known(weight=lambda gap: min(1.0, gap / tau)) or known(weight=lambda gap: gap / tau):
        return "It looks as if the weight were dt / tau; that is right for short gaps only. It is 1 - exp(-dt / tau)."
    if known(weight=lambda gap: 1 - 2.0 ** (-gap / tau)):
        return "It looks as if tau were a half-life: the base is e, not 2."
    if known(weight=lambda gap: 1 - np.exp(-gap * tau)):
        return "It looks as if the gap were multiplied by tau; it is divided."
    if known(weight=lambda gap: 1 - np.exp(gap / tau)):
        return "The exponent wants a minus."
    if known(gaps=times[1:] - times[0]):
        return "It looks as if the gap were counted from the first row; it is the time since the row before."
    if known(gaps=times[1:]):
        return "It looks as if the time itself were taken for the gap; it is the time since the row before."
    if known(gaps=np.append(gaps[1:], gaps[-1:])):
        return "It looks as if each row were given the gap after it; it is the time since the row before."
    if known(weight=lambda gap: gap / (gap + tau)):
        return "It looks as if the weight were dt / (dt + tau); it is 1 - exp(-dt / tau)."
    if len(times) > 2 and np.allclose(got[1:], _reference(times[1:], scores[1:], tau), atol=1e-7):
        return "The second row is not smoothed: only the first is taken as it is."
    if known(recall=False):
        return "It looks as if each row were mixed with the raw scores before it; mix it with the smoothed ones."
    if (np.asarray(scores) == np.rint(scores)).all() and (got == np.trunc(got)).all():
        return "The fractions are lost: an array of whole numbers cannot hold them, so make one of floats."
    if (
        len(gaps) > 1
        and any(
            known(gaps=np.full(len(gaps), value))
            for value in (gaps.mean(), np.median(gaps), gaps[0], gaps.min(), 1.0, 1 / 30, 1 / 60)
        )
    ) or _one_weight(got, scores):
        return (
            "It looks as if every row had the same weight, whatever the time since the row before: that is smoothing "
            "by frames."
        )
    if not np.allclose(got.sum(axis=1), 1, atol=1e-6):
        return "The scores of a row should still add up to 1: what the new row gains the old one must lose."
    return ""


def _one_weight(got: np.ndarray, scores) -> bool:
    """Whether each row went the same share of the way from the row before to its scores."""
    way = np.asarray(scores, float)[1:] - got[:-1]
    size = (way * way).sum(axis=1)
    if len(way) < 3 or (size < 1e-9).any():
        return False
    share = ((got[1:] - got[:-1]) * way).sum(axis=1) / size
    return bool(np.allclose(got[1:], got[:-1] + share[:, None] * way, atol=1e-7) and np.ptp(share) < 1e-6)


def _cases():
    rng = np.random.default_rng(1212)
    for count, classes, tau, start in ((9, 4, 0.25, 1.3), (14, 8, 0.6, 0.0), (7, 3, 0.08, 0.0), (1, 5, 0.25, 2.0)):
        gaps = rng.choice([1 / 60, 1 / 30, 0.1, 0.4], count - 1) * rng.uniform(0.7, 1.3, count - 1)
        if count == 14:
            gaps[5] = 0.0  # two answers at one time
        scores = rng.dirichlet(np.full(classes, 0.6), count)
        if count == 7:
            scores = np.eye(classes, dtype=int)[rng.integers(0, classes, count)]
        yield np.concatenate([[start], start + np.cumsum(gaps)]), scores, tau


def grade_smoothing(answer) -> str:
    """Random scores at uneven times.

    Each row by the time since the one before, the first as it is, nothing changed that was given.
    """
    for times, scores, tau in _cases():
        kept = times.copy(), scores.copy()
        rows = f"{len(times)} row{'s' if len(times) > 1 else ''}"
        whole = " (whole numbers)" if scores.dtype.kind == "i" else ""
        given = f"{rows} of {scores.shape[1]} scores{whole} at uneven times, tau = {tau}"
        made = asked(answer, _ARGUMENTS, times, scores, tau)
        if not (np.array_equal(times, kept[0]) and np.array_equal(scores, kept[1])):
            raise Wrong("your function changed an array that it was given; work on a copy.")
        got = numbers(made)
        if got is None:
            raise Wrong(f"for {given}: return an array of numbers; got {type(made).__name__}.")
        if got.shape != scores.shape:
            hint = (
                " The first row belongs to it: nothing is known before, so it is taken as it is."
                if got.shape == (len(times) - 1, *scores.shape[1:])
                else " All rows are wanted, not the last alone."
                if got.shape == scores.shape[1:]
                else " One row a time, one column a label."
                if got.shape == scores.T.shape
                else ""
            )
            raise Wrong(
                f"for {given}: the answer should have the shape of the scores, {scores.shape}; got {got.shape}.{hint}"
            )
        if not np.allclose(got[0], scores[0], atol=_CLOSE):
            rounded = np.allclose(got, np.round(_reference(times, scores, tau), 3), atol=1e-3)
            why = "Do not round." if rounded else "Before it there is nothing to mix it with, not even zeros."
            raise Wrong(
                f"for {given}: the first row should be the first scores, unchanged; yours begins "
                f"{np.round(got[0, :3], 6).tolist()} and theirs {np.round(scores[0, :3], 6).tolist()}. {why}"
            )
        wanted = _reference(times, scores, tau)
        close = np.isclose(got, wanted, atol=_CLOSE)
        if not close.all():
            row, column = (int(place) for place in np.argwhere(~close)[0])
            shown = slice(0, max(3, column + 1))  # the first three, or up to the first that is wrong
            hint = _hint(got, times, scores, tau)
            raise Wrong(
                f"for {given}: row {row} comes {times[row] - times[row - 1]:.3f} s after the row before and should "
                "begin "
                f"{np.round(wanted[row, shown], 6).tolist()}; yours begins {np.round(got[row, shown], 6).tolist()}."
                + (f" {hint}" if hint else "")
            )
    return (
        "right: each row by the seconds since the one before, the first as it came, and nothing of yours in what was "
        "given."
    )


# 13-5 --------------------------------------------------------------------------------------------

#: The three workers of exercise 13-5, in milliseconds a frame, and the camera's frames a second.
WORKERS_MS, CAMERA_FPS = (10.0, 20.0, 6.0), 60.0


def grade_latency(answer) -> str:
    """A pair of numbers; the usual mistakes are recognised."""
    pair = two(answer)
    got = None if pair is None else numbers(pair)
    if got is None or got.shape != (2,) or not np.isfinite(got).all():
        raise Wrong("the answer should be two numbers: (milliseconds of latency, frames a second).")
    latency, rate = map(float, got)
    total, slowest = sum(WORKERS_MS), max(WORKERS_MS)
    close = lambda value, wanted: abs(value - wanted) <= 0.005 * wanted  # noqa: E731
    if close(latency, total) and close(rate, 1000 / slowest):
        return f"right: {total:g} ms from camera to screen, and {1000 / slowest:g} frames a second."
    if close(latency, 1000 / slowest) and close(rate, total):
        raise Wrong("the two numbers have changed places: latency in milliseconds comes first.")
    latencies = {
        slowest: "that is the slowest worker. A frame passes all three, one after the other.",
        total / 3: "that is the mean of the three. A frame passes all three, one after the other.",
        3 * slowest: "a frame does not wait for the slowest worker at each stage: one that never waits needs the sum.",
        total / 1000: "that is in seconds; asked are milliseconds.",
        1000 / CAMERA_FPS: "that is the time between two frames of the camera.",
    }
    rates = {
        CAMERA_FPS / 2: "that would be every second frame: so it is if a busy worker drops all that comes. Here one "
        "frame waits before each worker, so the slowest is never idle.",
        1000 / total: "that would be one worker, who begins a frame when the last one is done. Three work at once.",
        CAMERA_FPS: "the camera gives so many, but the slowest worker cannot take them all.",
        3000 / total: "the work is not shared out evenly: the slowest worker sets the pace.",
        1000 / WORKERS_MS[0]: "the first worker could, but those after it decide as well.",
        1 / slowest: "that is frames a millisecond; asked are frames a second.",
        1000 / WORKERS_MS[2]: "the last worker could, but it gets no more than the slowest lets through.",
    }
    if not close(latency, total):
        known = next(
            (words for value, words in latencies.items() if close(latency, value)), "add up what a frame passes."
        )
        raise Wrong(f"latency {latency:g} ms: {known}")
    known = next((words for value, words in rates.items() if close(rate, value)), "which worker is never idle?")
    raise Wrong(f"{rate:g} frames a second: {known}")
