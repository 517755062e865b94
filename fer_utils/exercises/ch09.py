"""08-1: an interval over people."""

from __future__ import annotations

import numpy as np

from fer_utils.exercises import Wrong, asked, numbers, two

#: Rounding of sums of frames.
_CLOSE = 1e-6


def _ask(answer, correct, actors, seed: int, given: str) -> tuple[float, float]:
    kept = correct.copy(), actors.copy()
    made = asked(answer, "interval(correct, actors, seed)", correct, actors, seed)
    if not (np.array_equal(correct, kept[0]) and np.array_equal(actors, kept[1])):
        raise Wrong("your function changed an array that it was given; work on a copy.")
    pair = two(made)
    ends = None if pair is None else numbers(pair)
    if ends is None or ends.shape != (2,):
        raise Wrong(f"for {given}: return two numbers, (low, high); got {made!r}.")
    low, high = (float(end) for end in ends)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise Wrong(f"for {given}: the interval {low}, {high} is not finite.")
    if not -_CLOSE <= low <= high <= 1 + _CLOSE:
        raise Wrong(
            f"for {given}: an accuracy's interval lies in 0 to 1 with low below high; got {low:.3f}, {high:.3f}."
        )
    return low, high


def _reference(correct, actors) -> tuple[float, float]:
    """The percentiles of 20,000 draws of people: so many that chance moves them little."""
    names, who = np.unique(actors, return_inverse=True)
    right, frames = np.bincount(who, correct), np.bincount(who)
    times = np.random.default_rng(0).multinomial(len(names), np.full(len(names), 1 / len(names)), 20_000)
    low, high = np.percentile(times @ right / (times @ frames), [2.5, 97.5])
    return float(low), float(high)


def _cases(rng: np.random.Generator):
    """Half of the people are read well and half badly: what differs is the person, not the frame."""
    for actors, frames in [(12, 14), (10, 12), (14, 10), (8, 16), (12, 12), (10, 15), (14, 12), (12, 10)]:
        each = rng.integers(frames - 4, frames + 5, actors)
        skill = np.repeat(np.tile([0.9, 0.3], actors // 2), each)
        people = np.repeat([f"actor {i}" for i in range(actors)], each)
        order = rng.permutation(len(people))
        correct = rng.random(len(people)) < skill
        given = f"{actors} actors with about {frames} frames each, half read well and half badly"
        yield correct[order], people[order], given


def grade_interval(answer) -> str:
    """Edge cases, then the two ends against many draws for people who differ, and for people who do not."""
    same_all = _ask(answer, np.ones(60, bool), np.repeat(list("abc"), 20), 0, "everything right")
    if not np.allclose(same_all, 1, atol=_CLOSE):
        raise Wrong(f"where every answer is right the interval is (1, 1); got {same_all}.")
    rng = np.random.default_rng(606)
    off = []  # how far the two ends lie from the reference, in widths of the reference
    for number, (correct, people, given) in enumerate(_cases(rng)):
        low, high = _ask(answer, correct, people, number, given)
        if number == 0 and _ask(answer, correct, people, number, given) != (low, high):
            raise Wrong("the same seed should give the same interval; yours changes from call to call.")
        if number == 0 and all(_ask(answer, correct, people, seed, given) == (low, high) for seed in (2, 3)):
            raise Wrong("three seeds gave the same interval to the last digit; draw with the seed that is given.")
        wanted = _reference(correct, people)
        frames = 1.96 * np.sqrt(correct.mean() * (1 - correct.mean()) / len(correct)) * 2
        true_width = wanted[1] - wanted[0]
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
        off.append(((low - wanted[0]) / true_width, (high - wanted[1]) / true_width))
    # One interval of a thousand draws is blurred by chance; the mean over the cases is not.
    low_off, high_off = np.mean(off, axis=0)
    wide = 1 + high_off - low_off
    if wide < 0.925:
        raise Wrong(
            f"your intervals are {wide:.2f} times as wide as they should be, on average over {len(off)} tables. Take "
            "the 2.5th and the 97.5th percentile, and give an actor who is drawn twice two times the frames."
        )
    if wide > 1.085:
        raise Wrong(
            f"your intervals are {wide:.2f} times as wide as they should be, on average over {len(off)} tables. Take "
            "the 2.5th and the 97.5th percentile, of as many actors as there are and all of their own frames."
        )
    if max(abs(low_off), abs(high_off)) > 0.05:
        raise Wrong(
            f"your intervals are as wide as they should be, but lie {100 * low_off:+.0f}% of their width to one side, "
            f"on average over {len(off)} tables. Take the 2.5th and the 97.5th percentile."
        )
    # Everybody is read equally well: whoever is drawn, the share is the same, unless frames are drawn, too.
    people = np.repeat(list("abcdef"), 10)
    alike = _ask(answer, np.tile([True, False], 30), people, 4, "six actors, each with half of their 10 frames right")
    if not np.allclose(alike, 0.5, atol=_CLOSE):
        raise Wrong(
            "for six actors, each with half of their 10 frames right, the share is 0.5 whoever is drawn; your interval "
            f"is {alike[0]:.3f} to {alike[1]:.3f}. Take all frames of a drawn actor, each once, and draw no frames."
        )
    # Unequal people: an actor with many frames must weigh more than one with few.
    people = np.repeat(["many", "few 1", "few 2", "few 3"], [400, 10, 10, 10])
    correct = np.repeat([True, False, False, False], [400, 10, 10, 10])
    low, high = _ask(answer, correct, people, 2, "one actor with 400 frames and three with 10")
    wanted = _reference(correct, people)
    if abs(high - wanted[1]) > 0.03:
        raise Wrong(
            f"for one actor with 400 frames, all right, and three with 10, all wrong: the upper end should be near "
            f"{wanted[1]:.3f}, got {high:.3f}. Pool the frames of the drawn actors, then take the share that is "
            "right."
        )
    if abs(low - wanted[0]) > 0.03:
        raise Wrong(
            f"for one actor with 400 frames, all right, and three with 10, all wrong: the lower end should be near "
            f"{wanted[0]:.3f}, got {low:.3f}. Each actor is equally likely to be drawn, however many frames there are."
        )
    return "right: people were drawn, not frames, so the interval speaks of people not yet met."
