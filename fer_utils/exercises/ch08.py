"""08-1: an interval over people."""

from __future__ import annotations

import numpy as np

from fer_utils import metrics
from fer_utils.exercises import Wrong, asked


def _numbers(made, given: str) -> tuple[float, float]:
    try:
        low, high = (float(value) for value in made)
    except (TypeError, ValueError):
        raise Wrong(f"for {given}: return two numbers, (low, high); got {made!r}.") from None
    if not (np.isfinite(low) and np.isfinite(high)):
        raise Wrong(f"for {given}: the interval {low}, {high} is not finite.")
    if not 0 <= low <= high <= 1:
        raise Wrong(
            f"for {given}: an accuracy's interval lies in 0 to 1 with low below high; got {low:.3f}, {high:.3f}."
        )
    return low, high


def grade_interval(answer) -> str:
    """Edge cases, then width against the closed form for people who differ, and for people who do not."""
    same_all = _numbers(
        asked(answer, "interval(correct, actors, seed)", np.ones(60, bool), np.repeat(list("abc"), 20), 0),
        "everything right",
    )
    if same_all != (1.0, 1.0):
        raise Wrong(f"where every answer is right the interval is (1, 1); got {same_all}.")
    rng = np.random.default_rng(606)
    for actors, each in [(20, 30), (12, 60), (24, 24)]:
        # Half of the people are read well and half badly: what differs is the person, not the frame.
        skill = np.tile([0.9, 0.3], actors // 2)
        people = np.repeat([f"actor {i}" for i in range(actors)], each)
        correct = rng.random(actors * each) < np.repeat(skill, each)
        order = rng.permutation(len(people))
        people, correct = people[order], correct[order]
        given = f"{actors} actors with {each} frames each, half read well and half badly"
        low, high = _numbers(answer(correct, people, 1), given)
        wanted = metrics.interval(np.ones(len(people), int), correct.astype(int), people, 2, resamples=4000)
        frames = 1.96 * np.sqrt(correct.mean() * (1 - correct.mean()) / len(correct)) * 2
        true_width = wanted["high"] - wanted["low"]
        if not low <= correct.mean() <= high:
            raise Wrong(
                f"for {given}: the accuracy {correct.mean():.3f} lies outside your interval {low:.3f} to {high:.3f}."
            )
        if high - low < (frames + true_width) / 2:
            raise Wrong(
                f"for {given}: your interval is {high - low:.3f} wide, about what resampling single frames gives "
                f"({frames:.3f}). Draw whole actors, with all their frames: {true_width:.3f}."
            )
        if high - low > 1.35 * true_width:
            raise Wrong(
                f"for {given}: your interval is {high - low:.3f} wide; drawing as many actors as there are, "
                f"with replacement, and taking the 2.5th and 97.5th percentiles gives about {true_width:.3f}."
            )
        if abs(low - wanted["low"]) > 0.25 * true_width or abs(high - wanted["high"]) > 0.25 * true_width:
            raise Wrong(
                f"for {given}: expected about {wanted['low']:.3f} to {wanted['high']:.3f}, got {low:.3f} to {high:.3f}."
            )
        if _numbers(answer(correct, people, 1), given) != (low, high):
            raise Wrong("the same seed should give the same interval; yours changes from call to call.")
    # Unequal people: an actor with many frames must weigh more than one with few.
    people = np.repeat(["many", "few 1", "few 2", "few 3"], [400, 10, 10, 10])
    correct = np.repeat([True, False, False, False], [400, 10, 10, 10])
    low, high = _numbers(answer(correct, people, 2), "one actor with 400 frames and three with 10")
    wanted = metrics.interval(np.ones(len(people), int), correct.astype(int), people, 2, resamples=4000)
    if abs(high - wanted["high"]) > 0.03:
        raise Wrong(
            f"for one actor with 400 frames, all right, and three with 10, all wrong: the upper end should be near "
            f"{wanted['high']:.3f}, got {high:.3f}. Pool the frames of the drawn actors, then take the share that is "
            "right."
        )
    return "right: people were drawn, not frames, so the interval speaks of people not yet met."
