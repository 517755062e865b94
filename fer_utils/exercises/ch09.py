"""Chapter 9: an interval over people (09-1), accuracy on strangers (09-3), a claim to check (09-4)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import stats

from fer_utils.exercises import Wrong, asked, numbers, two

#: Rounding of sums of frames.
_CLOSE = 1e-6
#: So far an end moves from table to table, in widths, if there are clearly fewer than a thousand draws.
_BLUR = 0.042


def _ask(answer, correct, actors, seed: int, given: str) -> tuple[float, float]:
    kept = correct.copy(), actors.copy()
    made = asked(answer, "interval(correct, actors, seed)", correct, actors, seed)
    if not (np.array_equal(correct, kept[0]) and np.array_equal(actors, kept[1])):
        raise Wrong("your function changed an array that it was given; work on a copy.")
    pair = two(made)
    ends = None if pair is None else numbers(pair)
    if ends is None or ends.shape != (2,):
        raise Wrong(f"for {given}: return two numbers, (low, high); got {_shown(made)}.")
    low, high = (float(end) for end in ends)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise Wrong(f"for {given}: the interval {low}, {high} is not finite.")
    if not -_CLOSE <= low <= high <= 1 + _CLOSE:
        raise Wrong(
            f"for {given}: an accuracy's interval lies in 0 to 1 with low below high; got {low:.3f}, {high:.3f}."
        )
    return low, high


def _shown(made) -> str:
    """A value in words that are not longer than a line."""
    words = repr(made)
    if len(words) <= 80:
        return words
    many = f" of {len(made)}" if hasattr(made, "__len__") else ""
    return f"{type(made).__name__}{many}"


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


def _check_interval(low: float, high: float, wanted: tuple[float, float], correct, given: str) -> None:
    """Raise `Wrong` if one interval is far from that of many draws."""
    frames = 1.96 * np.sqrt(correct.mean() * (1 - correct.mean()) / len(correct)) * 2
    width = wanted[1] - wanted[0]
    if high - low < _CLOSE:
        raise Wrong(
            f"for {given}: both ends of your interval are {low:.3f}, so every draw was the same. Draw *with "
            "replacement*, and make the generator once, before the loop."
        )
    if not low <= correct.mean() <= high:
        ends = " `np.percentile` takes per cent: 2.5 and 97.5." if high < correct.mean() else ""
        raise Wrong(
            f"for {given}: the accuracy {correct.mean():.3f} lies outside your interval {low:.3f} to {high:.3f}.{ends}"
        )
    if high - low < (frames + width) / 2:
        deviation = " One standard deviation to each side is too little." if abs(high - low - width / 2) < 0.06 else ""
        raise Wrong(
            f"for {given}: your interval is {high - low:.3f} wide, about what resampling single frames gives "
            f"({frames:.3f}). Draw whole actors, with all their frames: {width:.3f}.{deviation}"
        )
    if high - low > 1.35 * width:
        raise Wrong(
            f"for {given}: your interval is {high - low:.3f} wide; drawing as many actors as there are, "
            f"with replacement, and taking the 2.5th and 97.5th percentiles gives about {width:.3f}."
        )


def _check_number_of_actors(answer) -> None:
    """Of five actors two are always right: four or five of the five draws hit them in 2.5 % of all sets of draws.

    So the upper end is 4 / 5, however the chance falls, and another number of draws gives another fraction.
    """
    people, correct = np.repeat(list("abcde"), 10), np.repeat([True, False, False, False, True], 10)
    low, high = _ask(answer, correct, people, 5, "five actors of 10 frames, of whom two are always right")
    if not np.allclose((low, high), (0, 0.8), atol=_CLOSE):
        raise Wrong(
            "for five actors of 10 frames, of whom two are always right, a share is a number of fifths, and the "
            f"interval is 0.000 to 0.800; yours is {low:.3f} to {high:.3f}. Draw five times, each time one of all five."
        )


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
        wanted = _reference(correct, people)
        _check_interval(low, high, wanted, correct, given)
        if number == 0 and all(_ask(answer, correct, people, seed, given) == (low, high) for seed in (2, 3)):
            raise Wrong("three seeds gave the same interval to the last digit; draw with the seed that is given.")
        true_width = wanted[1] - wanted[0]
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
    _check_number_of_actors(answer)
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
    spread = float(np.std(np.array(off) - [low_off, high_off]))
    if spread > _BLUR:
        raise Wrong(
            f"your intervals are right on average, but their ends move by {100 * spread:.0f}% of their width from "
            "table to table. Draw a thousand times: that leaves about 2%."
        )
    return "right: people were drawn, not frames, so the interval speaks of people not yet met."


def _spy(true: np.ndarray, log: list):
    """A classifier that keeps which rows it learns from and reads; the first number of a row is its index."""
    from sklearn.base import BaseEstimator, ClassifierMixin

    class Spy(ClassifierMixin, BaseEstimator):
        """Right on all rows but every third."""

        def fit(self, x, y):
            self.classes_ = np.unique(y)
            self.rows_ = np.asarray(x)[:, 0].astype(int)
            return self

        def predict(self, x):
            rows = np.asarray(x)[:, 0].astype(int)
            log.append((set(self.rows_.tolist()), rows.tolist()))
            others = np.roll(np.unique(true), 1)[np.searchsorted(np.unique(true), true)]
            return np.where(rows % 3 > 0, true[rows], others[rows])

    return Spy()


def _people(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, labels and people in a mixed order; a person has three to seven rows."""
    people = np.repeat([f"{number:02d}" for number in range(1, count + 1)], rng.integers(3, 8, count))
    people = people[rng.permutation(len(people))]
    labels = np.array(["calm", "happy", "sad"])[rng.integers(0, 3, len(people))]
    labels[:3] = ["calm", "happy", "sad"]
    x = np.column_stack([np.arange(len(people)), rng.normal(size=(len(people), 2))])
    return x, labels, people


def _check_divisions(log: list, people: np.ndarray, folds: int, given: str) -> None:
    """Who was in the training and in the test of each fold."""
    if not log:
        raise Wrong(f"for {given}: the model was never asked to predict.")
    everybody = set(people.tolist())
    asked_again: dict[frozenset, set] = {}  # a fitted model may be asked several times, person by person
    for learned, read in log:
        asked_again.setdefault(frozenset(learned), set()).update(read)
    log = [(set(learned), sorted(read)) for learned, read in asked_again.items()]
    for learned, read in log:
        if learned & set(read):
            raise Wrong(f"for {given}: the model reads rows that it has learned from. Fit it on the other folds only.")
        both = {people[row] for row in learned} & {people[row] for row in read}
        if both:
            raise Wrong(
                f"for {given}: rows of person {min(both)} are in the training and in the test. Divide the people, not "
                "the rows: GroupKFold takes them as groups."
            )
    read_rows = sorted(row for _, read in log for row in read)
    if len(read_rows) > len(set(read_rows)):
        exchanged = all(len(learned) < len(read) for learned, read in log)
        hint = (
            " Are training and test exchanged? Learn from the larger part."
            if exchanged
            else " Divide the people once: each person is in one group."
        )
        raise Wrong(f"for {given}: some rows are read in more than one fold.{hint}")
    if len(read_rows) < len(people):
        raise Wrong(f"for {given}: {len(people) - len(read_rows)} of {len(people)} rows are never read.")
    if len(log) != folds:
        raise Wrong(f"for {given}: expected {folds} folds; your function makes {len(log)}.")
    for learned, read in log:
        if {people[row] for row in learned} | {people[row] for row in read} != everybody:
            raise Wrong(f"for {given}: in a fold the model should learn from all rows of all other people.")


def grade_on_strangers(answer) -> str:
    """The divisions, by a model that takes notes, and then the shares."""
    rng = np.random.default_rng(93)
    for count, folds in ((10, 5), (7, 3), (4, 2)):
        x, labels, people = _people(rng, count)
        given = f"{count} people and {folds} folds"
        log: list = []
        kept = x.copy()
        made = asked(
            answer,
            "on_strangers(model, x, y, people, folds)",
            _spy(labels, log),
            x,
            labels.copy(),
            people.copy(),
            folds,
        )
        if not np.array_equal(x, kept):
            raise Wrong("your function changed the array x that it was given.")
        _check_divisions(log, people, folds, given)
        if not isinstance(made, Mapping):
            raise Wrong(
                f"for {given}: return a dictionary, person to share of that person's rows that are right; got "
                f"{type(made).__name__}."
            )
        right = np.arange(len(people)) % 3 > 0
        wanted = {str(person): float(right[people == person].mean()) for person in np.unique(people)}
        if {str(person) for person in made} != set(wanted):
            raise Wrong(f"for {given}: the keys should be the people, {', '.join(sorted(wanted)[:3])}, ...")
        got = {str(person): numbers(share) for person, share in made.items()}
        if any(one is None or one.shape != () for one in got.values()):
            raise Wrong(f"for {given}: the share of a person should be one number.")
        groups = [rows for _, rows in log]
        _check_shares({person: float(one) for person, one in got.items()}, wanted, right, people, groups, given)
    return "right: each person is read by a model that has never seen that person."


def _check_shares(
    got: Mapping, wanted: Mapping, right: np.ndarray, people: np.ndarray, groups: list, given: str
) -> None:
    """The shares, and what a wrong one seems to be; ``groups`` are the rows that were read together."""
    off = [person for person in wanted if not np.isclose(got[person], wanted[person], atol=1e-6)]
    if not off:
        return
    person = off[0]
    hint = ""
    if np.isclose(got[person], 1 - wanted[person]):
        hint = " This is the share that is wrong."
    elif np.isclose(got[person], right[people == person].sum()):
        hint = " This is a count; divide by the number of the person's rows."
    elif np.isclose(got[person], 100 * wanted[person]):
        hint = " This is in per cent; a share lies between 0 and 1."
    elif len({round(one, 6) for one in got.values()}) == 1:
        hint = " All people have the same number: take the mean over each person's own rows."
    elif np.isclose(got[person], right[people == person].sum() / len(people)):
        hint = " Divide by the number of the person's rows, not of all rows."
    elif any(np.isclose(got[person], right[rows].mean()) for rows in groups if (people[rows] == person).any()):
        hint = " This is the share of all rows of the group; take the person's own rows."
    raise Wrong(
        f"for {given}: the share of person {person} should be {wanted[person]:.3f}; got {got[person]:.3f}.{hint}"
    )


#: The claim of 09-4: two shares, frames and clips in the test, a fifth of SAVEE.
SHARES, TEST_CLIPS, TEST_IMAGES = (0.9400, 0.9433), 96, 576


def standard_errors(clips: int = TEST_CLIPS, *, both: bool = True, root: bool = True) -> float:
    """The gap of `SHARES` in standard errors of a difference; the options are mistakes to recognise."""
    variances = [share * (1 - share) / clips for share in SHARES]
    variance = sum(variances) if both else variances[0]
    return (SHARES[1] - SHARES[0]) / (variance**0.5 if root else variance)


def grade_standard_errors(answer) -> str:
    """One number; usual mistakes are recognised."""
    value = numbers(answer)
    if value is None or value.shape != () or not np.isfinite(value):
        raise Wrong("the answer should be one number: the difference divided by its standard error.")
    got = abs(float(value))
    if np.isclose(got, standard_errors(), rtol=0.03):  # 0.1, too
        return (
            f"right: {standard_errors():.2f} standard errors. About 2 would be needed to tell them apart, and "
            "the four men of SAVEE are not even counted."
        )
    if abs(got - 0.33) < 0.001:  # near another mistake's result
        raise Wrong(f"{float(value):.3g}: this is the difference in points; divide it by its standard error.")
    single = [(share * (1 - share) / TEST_CLIPS) ** 0.5 for share in SHARES]
    outside = float(stats.norm.sf(standard_errors()))
    mistakes = {
        (SHARES[1] - SHARES[0]) / sum(single): "the two standard errors were added. Add the variances, and take the "
        "root of their sum.",
        sum(one**2 for one in single) ** 0.5: "this is the standard error of the difference. Divide the difference by "
        "it.",
        2 * outside: "that is a p-value. Asked is how many standard errors the difference is.",
        outside: "that is a p-value. Asked is how many standard errors the difference is.",
        standard_errors(
            both=False
        ): "this is the standard error of one share. Of a difference of two independent shares "
        "the variances are added.",
        standard_errors(TEST_IMAGES): "this counts every frame as one observation. The six frames of a clip are nearly "
        "one: take the 96 clips.",
        standard_errors(
            TEST_IMAGES, both=False
        ): "this counts frames and not clips, and takes the standard error of one "
        "share in the place of that of the difference.",
        standard_errors(480): "the test is a fifth of the 480 clips.",
        standard_errors(
            2880
        ): "the test is a fifth of the set, and the six frames of a clip are nearly one observation.",
        standard_errors(root=False): "this is the difference divided by the variance. Take the square root.",
        100
        * standard_errors(): "the difference is in points and the standard error a share: use the same unit in both.",
        0.0033: "this is the difference; divide it by its standard error.",
        1 / standard_errors(): "this is the standard error divided by the difference. It is the other way round.",
    }
    for wrong, words in mistakes.items():
        if np.isclose(got, wrong, rtol=0.02):
            raise Wrong(f"{float(value):.3g}: {words}")
    raise Wrong(f"{float(value):.3g} is not it. A share p of n observations has the variance p (1 - p) / n; add both.")
