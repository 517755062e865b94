"""Answers to the exercises of chapter 6 that are right or plausibly wrong, and what its text claims."""

from __future__ import annotations

import json

import graded
import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from fer_utils import metrics
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
    ("06-3", ch06.mean_of_folds, "unequal sizes"),
    ("06-3", lambda *a: ch06.strangers(*a, neighbours=1), "one neighbour"),
    ("06-3", lambda *a: ch06.strangers(*a, neighbours=5), "five neighbours"),
    ("06-3", lambda *a: 100 * ch06.strangers(*a), "not per cent"),
    ("06-3", lambda *a: ch06.strangers(*a) + 0.001, "should be"),
    ("06-3", lambda f, y, p: y, "return one number"),
    ("06-3", lambda f, y, p: True, "return one number"),
    ("06-3", scaled_in_place, "changed an array"),
    ("06-3", lambda features, labels: 0.5, "accuracy_on_strangers(features, labels, people)"),
    ("06-4", 92.4, "per cent"),
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
