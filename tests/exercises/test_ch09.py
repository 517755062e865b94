"""Chapter 9's graders, and answers that are right or plausibly wrong; more to 09-1 are in test_exercises.py."""

from __future__ import annotations

import random

import graded
import numpy as np
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    LeaveOneGroupOut,
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_predict,
)

from fer_utils.exercises import ch09


def shares(right, people):
    return {person: right[people == person].mean() for person in np.unique(people)}


def divided(make=lambda folds: GroupKFold(folds), result=shares, swap=False, once=False, grouped=True):
    """An answer to 09-3; the options are mistakes."""

    def answer(model, x, y, people, folds):
        right = np.zeros(len(y), bool)
        for train, test in make(folds).split(x, y, people if grouped else None):
            if swap:
                train, test = test, train
            fitted = clone(model).fit(x[train], y[train])
            right[test] = fitted.predict(x[test]) == y[test]
            if once:
                break
        return result(right, people)

    return answer


def in_a_line(model, x, y, people, folds):
    right = cross_val_predict(model, x, y, groups=people, cv=GroupKFold(folds)) == y
    return {person: float(np.mean(right[people == person])) for person in set(people.tolist())}


def without_a_splitter(model, x, y, people, folds):
    """The people dealt like cards; the same model is fitted anew each time."""
    names = sorted(set(people.tolist()))
    found = {}
    for number in range(folds):
        test = np.isin(people, names[number::folds])
        read = model.fit(x[~test], y[~test]).predict(x[test])
        for name in names[number::folds]:
            found[name] = np.array([(read == y[test])[people[test] == name].mean()])[0]
    return found


def fitted_on_all(model, x, y, people, folds):
    return shares(clone(model).fit(x, y).predict(x) == y, people)


def fewer_to_learn_from(model, x, y, people, folds):
    right = np.zeros(len(y), bool)
    for train, test in GroupKFold(folds).split(x, y, people):
        some = train[people[train] != people[train][0]]
        right[test] = clone(model).fit(x[some], y[some]).predict(x[test]) == y[test]
    return shares(right, people)


def interval(
    correct,
    actors,
    seed,
    *,
    times=1000,
    drawn=lambda rng, many: rng.integers(0, many, many),
    ends=(2.5, 97.5),
    inside=False,
    names=np.unique,
):
    """An answer to 09-1; the options are mistakes."""
    rng = np.random.default_rng(seed)
    frames_of = [np.flatnonzero(actors == actor) for actor in names(actors)]
    shares = []
    for _ in range(times):
        rng = np.random.default_rng(seed) if inside else rng
        rows = np.concatenate([frames_of[k] for k in drawn(rng, len(frames_of))])
        shares.append(correct[rows].mean())
    return shares if ends is None else tuple(np.percentile(shares, ends))


def by_scipy(correct, actors, seed):
    _, who = np.unique(actors, return_inverse=True)
    made = stats.bootstrap(
        (np.bincount(who, correct), np.bincount(who)),
        lambda right, frames, axis=-1: right.sum(axis) / frames.sum(axis),
        n_resamples=1000,
        paired=True,
        vectorized=True,
        method="percentile",
        random_state=seed,
    )
    return made.confidence_interval


def with_choices(correct, actors, seed, times=1000):
    """Python's own generator, and the ends read from a sorted list."""
    generator, by_actor = random.Random(int(seed)), {}
    for actor, right in zip(actors.tolist(), correct.tolist(), strict=True):
        by_actor.setdefault(actor, []).append(right)
    shares = []
    for _ in range(times):
        frames = [right for actor in generator.choices(list(by_actor), k=len(by_actor)) for right in by_actor[actor]]
        shares.append(sum(frames) / len(frames))
    shares.sort()
    return shares[times // 40 - 1], shares[-times // 40]


def person_by_person(model, x, y, people, folds):
    """A fitted model is asked once for each person."""
    made = {}
    for names in np.array_split(np.random.default_rng(0).permutation(np.unique(people)), folds):
        test = np.isin(people, names)
        model.fit(x[~test], y[~test])
        made |= {str(name): model.score(x[people == name], y[people == name]) for name in names}
    return made


def of_the_fold(model, x, y, people, folds):
    made = {}
    for train, test in GroupKFold(folds).split(x, y, people):
        share = (clone(model).fit(x[train], y[train]).predict(x[test]) == y[test]).mean()
        made |= dict.fromkeys(people[test], share)
    return made


RIGHT = [
    ("09-1", interval),
    ("09-1", by_scipy),
    ("09-1", with_choices),
    ("09-1", lambda *a: interval(*a, times=3000)),
    ("09-3", person_by_person),
    ("09-3", divided(StratifiedGroupKFold)),
    ("09-4", 0.1),
    ("09-3", divided()),
    ("09-3", in_a_line),
    ("09-3", without_a_splitter),
    ("09-4", 0.0033 / np.sqrt(0.94 * 0.06 / 96 + 0.9433 * 0.0567 / 96)),
    ("09-4", 0.0033 / np.sqrt(2 * 0.94 * 0.06 / 96)),
    ("09-4", -np.float32(0.0975)),
]

WRONG = [
    ("09-1", lambda *a: interval(*a, drawn=lambda rng, many: rng.permutation(many)), "with replacement"),
    ("09-1", lambda *a: interval(*a, inside=True), "before the loop"),
    ("09-1", lambda *a: interval(*a, ends=(0.025, 0.975)), "takes per cent"),
    ("09-1", lambda *a: interval(*a, times=100), "Draw a thousand times"),
    ("09-1", lambda *a: interval(*a, drawn=lambda rng, many: rng.integers(0, many, many - 1)), "Draw five times"),
    ("09-1", lambda *a: interval(*a, drawn=lambda rng, many: rng.integers(0, many, many + 1)), "Draw five times"),
    ("09-1", lambda *a: interval(*a, drawn=lambda rng, many: rng.integers(0, many - 1, many)), "one of all five"),
    ("09-1", lambda *a: interval(*a, ends=(16, 84)), "One standard deviation"),
    ("09-1", lambda *a: interval(*a, ends=None), "got list of 1000"),
    ("09-3", of_the_fold, "all rows of the group"),
    (
        "09-3",
        divided(result=lambda right, people: {p: right[people == p].sum() / len(people) for p in people}),
        "not of all rows",
    ),
    ("09-3", divided(lambda folds: GroupShuffleSplit(folds, random_state=0)), "Divide the people once"),
    ("09-4", 0.069, "standard errors were added"),
    ("09-4", 0.0338, "standard error of the difference"),
    ("09-4", 0.92, "a p-value"),
    (
        "09-3",
        divided(lambda folds: KFold(folds, shuffle=True, random_state=0), grouped=False),
        "Divide the people, not the rows",
    ),
    ("09-3", divided(lambda folds: StratifiedKFold(2), grouped=False), "Divide the people"),
    ("09-3", fitted_on_all, "rows that it has learned from"),
    ("09-3", divided(lambda folds: LeaveOneGroupOut()), "expected 5 folds; your function makes 10"),
    ("09-3", divided(swap=True), "exchanged"),
    ("09-3", divided(once=True), "never read"),
    ("09-3", fewer_to_learn_from, "all rows of all other people"),
    ("09-3", divided(result=lambda right, people: right.mean()), "return a dictionary"),
    ("09-3", divided(result=lambda right, people: dict(enumerate(right))), "keys should be the people"),
    ("09-3", divided(result=lambda right, people: dict.fromkeys(people, right.mean())), "All people have the same"),
    ("09-3", divided(result=lambda right, people: shares(~right, people)), "the share that is wrong"),
    (
        "09-3",
        divided(result=lambda right, people: {p: right[people == p].sum() for p in np.unique(people)}),
        "divide by the number",
    ),
    ("09-3", divided(result=lambda right, people: shares(100 * right, people)), "per cent"),
    ("09-3", divided(result=lambda right, people: {p: right[people == p] for p in people}), "one number"),
    ("09-3", lambda model, x, y, people, folds: {}, "never asked to predict"),
    ("09-3", lambda model, x, y: {}, "on_strangers(model, x, y, people, folds)"),
    ("09-4", 0.0033 / np.sqrt(0.94 * 0.06 / 96), "of one share"),
    ("09-4", ch09.standard_errors(576), "take the 96 clips"),
    ("09-4", ch09.standard_errors(576, both=False), "frames and not clips"),
    ("09-4", ch09.standard_errors(480), "a fifth of the 480"),
    ("09-4", ch09.standard_errors(root=False), "square root"),
    ("09-4", 100 * ch09.standard_errors(), "same unit"),
    ("09-4", 0.33, "in points"),
    ("09-4", 10.25, "other way round"),
    ("09-4", 7, "is not it"),
    ("09-4", "0.0975", "one number"),
    ("09-4", [0.0975, 1], "one number"),
]


test_right_answers_written_differently_pass = graded.right_answers_pass(RIGHT)


test_wrong_answers_fail_with_a_reason = graded.wrong_answers_fail_with_a_reason(WRONG)


def test_every_mistake_of_the_claim_is_told_apart_from_the_right_answer():
    right = ch09.standard_errors()
    others = [ch09.standard_errors(both=False), ch09.standard_errors(576), ch09.standard_errors(480), 0.33]
    assert all(abs(other / right - 1) > 0.1 for other in others)
    assert right == pytest.approx(0.0975, abs=0.0005)
