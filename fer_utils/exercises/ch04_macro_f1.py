"""Chapter 4: macro F1 (04-5)."""

from __future__ import annotations

import numpy as np

from fer_utils.exercises import Wrong, asked, numbers, told_apart


def _f1_scores(true: np.ndarray, predicted: np.ndarray, classes: int) -> tuple[np.ndarray, ...]:
    """Precision, recall and F1 of each class, (classes,), 0 where there is nothing to divide by."""

    def share(part, whole):
        return np.divide(part, whole, out=np.zeros(classes), where=whole > 0)

    hits = np.array([np.sum((true == c) & (predicted == c)) for c in range(classes)], float)
    said = np.array([np.sum(predicted == c) for c in range(classes)], float)
    there = np.array([np.sum(true == c) for c in range(classes)], float)
    return share(hits, said), share(hits, there), share(2 * hits, said + there)


def _f1_hint(got: float, true: np.ndarray, predicted: np.ndarray, classes: int) -> str:
    precision, recall, f1 = _f1_scores(true, predicted, classes)
    there = np.bincount(true, minlength=classes)
    mean_p, mean_r = precision.mean(), recall.mean()
    weighted = float(f1 @ there / there.sum())
    met = np.union1d(true, predicted)
    alike = {
        "It looks like the accuracy, also called micro F1: take F1 of each label, then their mean.": np.mean(
            true == predicted
        ),
        "It looks like a mean weighted by how often a label occurs: in macro F1 every label counts the same.": weighted,
        "It looks like F1 of the mean precision and the mean recall: take F1 of each label first.": (
            2 * mean_p * mean_r / (mean_p + mean_r) if mean_p + mean_r else 0.0
        ),
        "It looks like the mean of the labels' recalls: precision is missing.": mean_r,
        "It looks like the mean of the labels' precisions: recall is missing.": mean_p,
        "It looks like the mean of precision and recall: F1 is their harmonic mean, 2 P R / (P + R).": (
            (precision + recall) / 2
        ).mean(),
        "Labels that do not occur were left out: divide by `classes`; their F1 is 0 here.": f1[met].mean(),
        "A label that is never predicted was left out: its F1 is 0, and it counts.": f1[np.unique(predicted)].mean(),
        "Labels that do not occur among the true ones were left out: divide by `classes`.": f1[there > 0].mean(),
        "Label 0 seems to be left out: the labels are 0 to `classes` - 1.": f1[1:].sum() / classes,
        "Label 0 seems to be left out: the labels are 0 to `classes` - 1, each counts.": f1[1:].mean(),
        "The last label seems to be left out: `range(classes)` ends with `classes` - 1.": f1[:-1].sum() / classes,
        "The last label seems to be left out: `range(classes)` ends with it.": f1[:-1].mean(),
        "A label that does not occur seems to count as 1: its F1 is 0 here.": np.where(
            np.isin(np.arange(classes), met), f1, 1
        ).mean(),
        "It looks like TP / (TP + FP + FN): in F1, 2 TP stands above, and 2 TP + FP + FN below.": (
            f1 / (2 - f1)
        ).mean(),
        "It looks like half of it: F1 is 2 P R / (P + R).": f1.mean() / 2,
        "That is a sum: divide by `classes`.": f1.sum(),
        "That is divided by the number of faces: divide by `classes`.": f1.sum() / len(true),
        "That is the median of the labels' F1: take the mean.": np.median(f1),
        "As per cent? F1 is a share from 0 to 1.": 100 * f1.mean(),
    }
    return next((words for words, other in alike.items() if np.isclose(got, other)), "")


def grade_macro_f1(answer) -> str:
    """Unbalanced labels, labels never predicted, labels that do not occur, and everything right."""
    rng = np.random.default_rng(45)
    cases = []
    for number, classes in ((60, 4), (90, 8), (30, 3)):
        true = rng.choice(classes, number, p=np.arange(1, classes + 1) / np.arange(1, classes + 1).sum())
        predicted = np.where(rng.random(number) < 0.6, true, rng.integers(0, classes, number))
        cases.append((true, predicted, classes))
    cases.append((np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 0, 0]), 3))  # 2 is never predicted
    cases.append((np.array([0, 0, 0, 1, 1]), np.array([0, 1, 1, 1, 1]), 4))  # 2 and 3 do not occur
    cases.append((np.array([0, 1, 2]), np.array([0, 1, 2]), 3))
    for true, predicted, classes in cases:
        given = f"{len(true)} faces and {classes} labels"
        made = asked(answer, "macro_f1(true, predicted, classes)", true.copy(), predicted.copy(), classes)
        got = numbers(made)
        if got is None or got.size != 1:
            what = f"an array of shape {got.shape}" if got is not None else type(made).__name__
            raise Wrong(f"for {given}: return one number; got {what}.")
        value, wanted = float(got.reshape(())), float(_f1_scores(true, predicted, classes)[2].mean())
        if np.isclose(value, wanted, atol=1e-9):
            continue
        if not np.isfinite(value):
            raise Wrong(
                f"for {given}: got {value}. A label that is never predicted, or does not occur, divides 0 by 0: its F1 "
                "is 0."
            )
        shown = told_apart(wanted, value)
        hint = _f1_hint(value, true, predicted, classes)
        raise Wrong(f"for {given}: macro F1 should be {shown[0]}; got {shown[1]}. {hint}".rstrip())
    return "right, also where a label is never predicted and where one does not occur."
