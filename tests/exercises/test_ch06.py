"""Answers to the exercises of chapter 6 that are right or plausibly wrong, and what its text claims."""

from __future__ import annotations

import json

import graded
import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_predict,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from fer_utils import exercises, metrics
from fer_utils.exercises import ch06
from fer_utils.widgets import split_laboratory


def balanced(matrix, *, axis=1, absent=False, fold=np.mean):
    """An answer to 06-1."""
    totals = matrix.sum(axis=axis)
    if absent:
        return fold(np.diag(matrix) / np.maximum(totals, 1))
    return fold(np.diag(matrix)[totals > 0] / totals[totals > 0])


def by_loop(matrix):
    shares = [row[k] / sum(row) for k, row in enumerate(matrix.tolist()) if sum(row)]
    return sum(shares) / len(shares)


def by_unfolding(matrix):
    """Every face written out, and scikit-learn asked."""
    true, given = (part.repeat(matrix.ravel()) for part in np.indices(matrix.shape).reshape(2, -1))
    return balanced_accuracy_score(true, given)


def in_place(matrix):
    share = balanced(matrix)
    matrix //= 2
    return share


def f1_of_all(matrix):
    return metrics.macro_f1(matrix)


def by_hand(features, labels, people):
    """An answer to 06-3 without a pipeline."""
    right = np.zeros(len(labels), bool)
    for train, test in GroupKFold(5).split(features, labels, people):
        scaler = StandardScaler().fit(features[train])
        machine = KNeighborsClassifier(3).fit(scaler.transform(features[train]), labels[train])
        right[test] = machine.predict(scaler.transform(features[test])) == labels[test]
    return right.mean()


def shares(features, labels, people, turned=False):
    """The accuracy of each fold."""
    made = []
    for train, test in GroupKFold(5).split(features, labels, people):
        train, test = (test, train) if turned else (train, test)
        machine = make_pipeline(StandardScaler(), KNeighborsClassifier(3)).fit(features[train], labels[train])
        made.append(machine.score(features[test], labels[test]))
    return np.array(made)


def by_hand_with_two_scalers(features, labels, people):
    """Fits a scaler on the test rows, too."""
    right = np.zeros(len(labels), bool)
    for train, test in GroupKFold(5).split(features, labels, people):
        scaled = [StandardScaler().fit_transform(features[rows]) for rows in (train, test)]
        right[test] = KNeighborsClassifier(3).fit(scaled[0], labels[train]).predict(scaled[1]) == labels[test]
    return right.mean()


def person_by_person(features, labels, people):
    machine = make_pipeline(StandardScaler(), KNeighborsClassifier(3))
    right = cross_val_predict(machine, features, labels, groups=people, cv=GroupKFold(5)) == labels
    return np.mean([right[people == one].mean() for one in set(people)])


def scaled_to_0_to_1(features, labels, people):
    machine = make_pipeline(MinMaxScaler(), KNeighborsClassifier(3))
    return (cross_val_predict(machine, features, labels, groups=people, cv=GroupKFold(5)) == labels).mean()


def scaled_in_place(features, labels, people):
    features -= features.mean(axis=0)
    return ch06.strangers(features, labels, people)


WRONG = [
    ("06-1", lambda m: np.trace(m) / m.sum(), "That is the accuracy"),
    ("06-1", lambda m: balanced(m, absent=True), "absent label counted as 0"),
    ("06-1", lambda m: balanced(m, axis=0, absent=True), "mean of the precisions"),
    ("06-1", lambda m: balanced(m.T), "precisions"),
    ("06-1", f1_of_all, "macro F1"),
    ("06-1", lambda m: balanced(m, fold=np.sum), "That is a sum"),
    ("06-1", lambda m: balanced(m, fold=np.min), "smallest recall"),
    ("06-1", lambda m: balanced(m, fold=np.max), "largest recall"),
    ("06-1", lambda m: balanced(m, fold=np.median), "median"),
    ("06-1", lambda m: balanced(m, fold=lambda r: r[r > 0].mean()), "no face is right was left out"),
    ("06-1", lambda m: 1 - balanced(m), "wrong answers"),
    ("06-1", lambda m: balanced(m, fold=lambda r: np.floor(r).mean()), "not //"),
    ("06-1", lambda m: 100 * balanced(m), "per cent"),
    ("06-1", lambda m: float("nan"), "divided by 0"),
    ("06-1", lambda m: balanced(m) + 0.001, "should be"),
    ("06-1", lambda m: np.diag(m) / np.maximum(m.sum(axis=1), 1), "return one number"),
    ("06-1", lambda m: print(end=""), "return one number"),
    ("06-1", in_place, "changed the matrix"),
    ("06-1", lambda true, predicted: 0.5, "balanced_accuracy(matrix)"),
    ("06-3", ch06.resubstituted, "same rows trained and tested"),
    ("06-3", lambda *a: ch06.strangers(*a, folds=KFold(5)), "whoever is on them"),
    ("06-3", lambda *a: ch06.strangers(*a, folds=StratifiedKFold(5)), "by label"),
    ("06-3", lambda *a: ch06.strangers(*a, folds=LeaveOneGroupOut()), "each person were a fold"),
    ("06-3", lambda *a: ch06.strangers(*a, scaled="before"), "before the split"),
    ("06-3", lambda *a: ch06.strangers(*a, scaled="no"), "not standardised"),
    ("06-3", ch06.by_fold, "unequal sizes"),
    ("06-3", lambda *a: ch06.strangers(*a, neighbours=1), "one neighbour"),
    ("06-3", lambda *a: ch06.strangers(*a, neighbours=5), "five neighbours"),
    ("06-3", by_hand_with_two_scalers, "their own mean and spread"),
    ("06-3", person_by_person, "each person had the same weight"),
    ("06-3", lambda *a: 1 - ch06.strangers(*a), "share of wrong rows"),
    ("06-3", lambda *a: shares(*a, turned=True).mean(), "the other way round"),
    ("06-3", lambda *a: shares(*a)[-1], "one fold alone"),
    ("06-3", lambda *a: shares(*a)[0], "one fold alone"),
    ("06-3", lambda *a: ch06.strangers(*a, folds=GroupKFold(10)), "ten folds"),
    ("06-3", lambda *a: ch06.strangers(*a, folds=GroupKFold(3)), "three folds"),
    ("06-3", lambda *a: ch06.strangers(*a, folds=StratifiedGroupKFold(5)), "`StratifiedGroupKFold` had made"),
    ("06-3", scaled_to_0_to_1, "scaled to 0 to 1"),
    ("06-3", lambda *a: 100 * ch06.strangers(*a), "not per cent"),
    ("06-3", lambda *a: ch06.strangers(*a) + 0.001, "should be"),
    ("06-3", lambda f, y, p: y, "return one number"),
    ("06-3", lambda f, y, p: True, "return one number"),
    ("06-3", scaled_in_place, "changed an array"),
    ("06-3", lambda features, labels: 0.5, "accuracy_on_strangers(features, labels, people)"),
    ("06-4", 92.4, "per cent"),
    ("06-4", 0.92, "three digits"),
    ("06-4", 0.888, "four fifths"),
    ("06-4", 0.78, "mean of both"),
    ("06-4", 0.636, "changed places"),
    ("06-4", 0.96, "not every copy"),
    ("06-4", 0.6, "most copies"),
    ("06-4", 0.864, "right sometimes"),
    ("06-4", 0.5, "other nine folds"),
    ("06-4", "0.924", "one number"),
    ("06-4", (0.9, 0.1), "one number"),
    ("06-7", ("frame to clip", "clip to performance"), "changed places"),
    ("06-7", ("frame to clip", "frame to clip"), "four cases of five"),
    ("06-7", ("clip to performance", "clip to performance"), "a performance has one clip"),
    ("06-7", ("performance to actor", "frame to clip"), "with twins the actor is worth"),
    ("06-7", ("clip to performance", "performance to actor"), "without twins the actor is worth"),
    ("06-7", {"clip to performance", "frame to clip"}, "two texts"),
    ("06-7", {"clip to performance": 1, "frame to clip": 2}, "two texts"),
    ("06-7", ("clip", "frame"), "each of the two"),
    ("06-7", (2, 1), "each of the two"),
    ("06-7", "clip to performance", "two texts"),
    ("06-7", 2, "two texts"),
    ("06-7", ("frame to clip",), "two texts"),
]


test_wrong_answers_fail_with_a_reason = graded.wrong_answers_fail_with_a_reason(WRONG)


RIGHT = [
    ("06-1", balanced),
    ("06-1", by_loop),
    ("06-1", by_unfolding),
    ("06-1", lambda m: np.array([balanced(m)])),
    ("06-3", ch06.strangers),
    ("06-3", by_hand),
    ("06-3", lambda *a: np.average(shares(*a), weights=[len(t) for _, t in GroupKFold(5).split(*a)])),
    ("06-3", lambda *a: np.float32(ch06.strangers(*a))),
    ("06-4", 0.924),
    ("06-4", np.float64(0.9 * 0.96 + 0.1 * 0.6)),
    ("06-7", ("clip to performance", "frame to clip")),
    ("06-7", ["Clip to  performance", "FRAME TO CLIP"]),
]


test_right_answers_written_differently_pass = pytest.mark.filterwarnings(
    "ignore:y_pred contains classes not in y_true"
)(graded.right_answers_pass(RIGHT))


def test_the_chapter_gives_the_numbers_that_are_graded(root):
    cells = json.loads((root / "notebooks" / "06_evaluation.ipynb").read_text(encoding="utf-8"))["cells"]
    text = "\n".join(cell["source"] for cell in cells)
    assert f"share of {ch06.WITH_TWIN:.2f}" in text and f"{ch06.WITHOUT_TWIN:.2f} of the others" in text
    assert ch06.FOLDS == 10 and "*ten* folds" in text


def test_the_largest_steps_are_those_of_the_widget():
    """06-7: what the page found for the nearest neighbour with the first draw."""
    found = json.loads(split_laboratory.RESULTS.read_text(encoding="utf8"))
    for setting, largest in zip(("with twins", "without twins"), ch06.LARGEST_STEPS, strict=True):
        right = [methods["nearest"]["right"] / methods["nearest"]["rows"] for methods in found[setting].values()]
        falls = -np.diff(right)
        assert ch06.STEPS[falls.argmax()] == largest
        assert np.sort(falls)[-1] > np.sort(falls)[-2] + 0.05, "no other step comes near"


def test_a_share_that_only_looks_like_a_known_mistake_gets_no_hint(without_copies):
    """06-3: by chance, Manhattan distances give the share of ten folds in the first of the two tables."""

    def by_manhattan(features, labels, people):
        machine = make_pipeline(StandardScaler(), KNeighborsClassifier(3, p=1))
        return (cross_val_predict(machine, features, labels, groups=people, cv=GroupKFold(5)) == labels).mean()

    made = exercises.check("06-3", by_manhattan)
    assert not made and "ten folds" not in made.message and "should be" in made.message
