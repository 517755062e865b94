"""Chapter 9's graders, and answers to 09-3 and 09-4 that are right or plausibly wrong."""

from __future__ import annotations

import graded
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut, StratifiedKFold, cross_val_predict

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


RIGHT = [
    ("09-3", divided()),
    ("09-3", in_a_line),
    ("09-3", without_a_splitter),
    ("09-4", 0.0033 / np.sqrt(0.94 * 0.06 / 96 + 0.9433 * 0.0567 / 96)),
    ("09-4", 0.0033 / np.sqrt(2 * 0.94 * 0.06 / 96)),
    ("09-4", -np.float32(0.0975)),
]

WRONG = [
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
