"""Chapter 6: balanced accuracy (06-1), cross-validation over people (06-3), twins (06-4), the largest step (06-7)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
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

from fer_utils.exercises import Wrong, asked, numbers, told_apart, two

#: Exercise 06-4: accuracy with the twin in training, without it, and the folds.
WITH_TWIN, WITHOUT_TWIN, FOLDS = 0.96, 0.60, 10


def _share(made, given: str = "") -> float:
    """An answer that is one number; `Wrong` in words where it is not."""
    got = numbers(made)
    if got is None or got.size != 1 or got.ndim > 1 or isinstance(made, (bool, np.bool_)):
        wanted = f"for {given}: return" if given else "the answer should be"
        raise Wrong(f"{wanted} one number, a share from 0 to 1; got {type(made).__name__}.")
    return float(got.reshape(()))


def _recalls(matrix: np.ndarray) -> np.ndarray:
    rows = matrix.sum(axis=1)
    return np.diag(matrix)[rows > 0] / rows[rows > 0]


def _balanced_hint(got: float, matrix: np.ndarray) -> str:
    with np.errstate(invalid="ignore", divide="ignore"):
        hits = np.diag(matrix)
        rows, columns = matrix.sum(axis=1), matrix.sum(axis=0)
        recall = np.nan_to_num(hits / rows)
        precision = np.nan_to_num(hits / columns)
        f1 = np.nan_to_num(2 * hits / (rows + columns))
    present = rows > 0
    alike = {
        "That is the accuracy: there the labels with many faces count more.": hits.sum() / matrix.sum(),
        "It looks as if an absent label counted as 0: leave out the rows without faces.": recall.mean(),
        "That is the mean of the precisions, which divide by the columns: divide by the rows.": precision.mean(),
        "It looks as if rows and columns had changed places: a row is a posed label.": precision[columns > 0].mean(),
        "That is macro F1; here only the recalls are averaged.": f1[present].mean(),
        "That is a sum; a mean divides by how many labels there are.": recall.sum(),
        "That is the smallest recall, not the mean.": recall[present].min(),
        "That is the largest recall, not the mean.": recall[present].max(),
        "That is the median of the recalls: take their mean.": np.median(recall[present]),
        "A label of which no face is right was left out: its recall is 0, and it counts.": recall[recall > 0].mean(),
        "That is the share of the wrong answers: take 1 minus it.": 1 - recall[present].mean(),
        "Use / and not //: a recall is a share.": np.floor(recall[present]).mean(),
    }
    return next((words for words, other in alike.items() if np.isclose(got, other)), "")


def grade_balanced(answer) -> str:
    """Confusion matrices with labels of unequal numbers, and with a label that does not occur."""
    rng = np.random.default_rng(61)
    cases = {
        "two labels, 90 faces and 10": np.array([[80, 10], [4, 6]]),
        "three labels": np.array([[30, 5, 1], [2, 8, 6], [0, 4, 2]]),
        "three labels of which one is never right": np.array([[6, 1, 0], [3, 0, 2], [0, 1, 7]]),
        "three labels of which one has no faces": np.array([[5, 2, 1], [0, 0, 0], [1, 1, 8]]),
        "eight labels": rng.integers(0, 30, (8, 8)),
    }
    for given, matrix in cases.items():
        handed = matrix.copy()
        made = asked(answer, "balanced_accuracy(matrix)", handed)
        if not np.array_equal(handed, matrix):
            raise Wrong("your function changed the matrix that it was given.")
        got, wanted = _share(made, given), float(_recalls(matrix).mean())
        if np.isclose(got, wanted):
            continue
        if np.isnan(got):
            raise Wrong(f"for {given}: the result is not a number: a row without faces was divided by 0. Leave it out.")
        hint = (
            "As per cent? Return a share from 0 to 1." if np.isclose(got, 100 * wanted) else _balanced_hint(got, matrix)
        )
        right, yours = told_apart(wanted, got)
        raise Wrong(f"for {given}: it should be {right}; your function gave {yours}. {hint}".rstrip())
    return "right, also where a label has no faces."


def _faces(rng: np.random.Generator, people: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows in no order: each person has an own offset and an own number of clips; one column has another scale."""
    rows = []
    for person in range(people):
        offset = rng.normal(0, 1.5, 4)
        for clip in range(int(rng.integers(6, 16))):
            label = clip % 3
            rows.append((offset + np.eye(4)[label] * 2 + rng.normal(0, 0.8, 4), label, f"{person:02d}"))
    rows = [rows[i] for i in rng.permutation(len(rows))]
    features = np.array([row[0] for row in rows])
    features[:, 3] *= 40
    names = np.array(["calm", "happy", "sad"])
    people_of = np.array([row[2] for row in rows])
    features[people_of == "00", 3] *= 30  # one person's own scale: who is in the mean and spread makes a difference
    return features, names[[row[1] for row in rows]], people_of


def _neighbours(neighbours: int = 3, scaled: bool = True, scaler=StandardScaler):
    parts = [scaler()] if scaled else []
    return make_pipeline(*parts, KNeighborsClassifier(neighbours))


def strangers(features, labels, people, *, folds=None, neighbours: int = 3, scaled="inside") -> float:
    """The answer to 06-3; the options are mistakes."""
    if scaled == "before":
        features = StandardScaler().fit_transform(features)
    machine = _neighbours(neighbours, scaled == "inside")
    if scaled == "to 0 to 1":
        machine = _neighbours(neighbours, scaler=MinMaxScaler)
    folds = folds or GroupKFold(5)
    groups = people if isinstance(folds, (GroupKFold, StratifiedGroupKFold, LeaveOneGroupOut)) else None
    given = cross_val_predict(machine, features, labels, groups=groups, cv=folds)
    return float((given == labels).mean())


def by_fold(features, labels, people, *, share=np.mean, turned=False) -> float:
    """Each of the five folds by hand; ``turned`` trains on the test rows and tests on the others."""
    shares = []
    for train, test in GroupKFold(5).split(features, labels, people):
        train, test = (test, train) if turned else (train, test)
        machine = _neighbours().fit(features[train], labels[train])
        shares.append((machine.predict(features[test]) == labels[test]).mean())
    return float(share(shares))


def scaled_twice(features, labels, people) -> float:
    """The mistake of standardising the test rows by their own mean and spread."""
    right = np.zeros(len(labels), bool)
    for train, test in GroupKFold(5).split(features, labels, people):
        machine = _neighbours(scaled=False).fit(StandardScaler().fit_transform(features[train]), labels[train])
        right[test] = machine.predict(StandardScaler().fit_transform(features[test])) == labels[test]
    return float(right.mean())


def mean_of_people(features, labels, people) -> float:
    """The mistake of giving each person the same weight."""
    given = cross_val_predict(_neighbours(), features, labels, groups=people, cv=GroupKFold(5))
    return float(np.mean([(given == labels)[people == one].mean() for one in np.unique(people)]))


def resubstituted(features, labels, people) -> float:
    """The mistake of testing on the training rows."""
    return float((_neighbours().fit(features, labels).predict(features) == labels).mean())


#: What an answer seems to have done instead -> the function that does it.
_STRANGERS_MISTAKES: dict[str, Callable] = {
    "It looks as if the same rows trained and tested: use `cross_val_predict`.": resubstituted,
    "It looks as if rows were dealt to the folds, whoever is on them: use `GroupKFold` and pass `groups=people`.": (
        lambda *a: strangers(*a, folds=KFold(5))
    ),
    "It looks as if rows were dealt to the folds by label, whoever is on them (a whole number as `cv` does that): use "
    "`GroupKFold`, and pass `groups=people`.": lambda *a: strangers(*a, folds=StratifiedKFold(5)),
    "It looks as if each person were a fold: here there are five folds.": (
        lambda *a: strangers(*a, folds=LeaveOneGroupOut())
    ),
    "It looks as if the features were standardised before the split: then the mean and spread know the test "
    "people. Put "
    "`StandardScaler()` into the pipeline.": lambda *a: strangers(*a, scaled="before"),
    "It looks as if the features were not standardised.": lambda *a: strangers(*a, scaled="no"),
    "It looks as if the mean of the five folds' accuracies was taken: the folds have unequal sizes. Return the "
    "share of "
    "all rows.": by_fold,
    "It looks as if the test rows were standardised by their own mean and spread: take those of the training rows, "
    "`scaler.transform`.": scaled_twice,
    "It looks as if each person had the same weight: return the share of all rows.": mean_of_people,
    "That is the share of wrong rows.": lambda *a: 1 - strangers(*a),
    "It looks as if one fold trained and four were tested: it is the other way round.": (
        lambda *a: by_fold(*a, turned=True)
    ),
    "That is one fold alone: every row is tested once, in one of the five folds.": (
        lambda *a: by_fold(*a, share=lambda shares: shares[-1])
    ),
    "That is one fold alone, the first: every row is tested once, in one of the five folds.": (
        lambda *a: by_fold(*a, share=lambda shares: shares[0])
    ),
    "That is the best of the five folds: return the share of all rows.": lambda *a: by_fold(*a, share=max),
    "It looks as if there were ten folds: here there are five.": lambda *a: strangers(*a, folds=GroupKFold(10)),
    "It looks as if there were three folds: here there are five.": lambda *a: strangers(*a, folds=GroupKFold(3)),
    "It looks as if `StratifiedGroupKFold` had made the folds: take those of `GroupKFold(5)`.": (
        lambda *a: strangers(*a, folds=StratifiedGroupKFold(5))
    ),
    "It looks as if the features were scaled to 0 to 1: standardise them, by their mean and spread.": (
        lambda *a: strangers(*a, scaled="to 0 to 1")
    ),
    "It looks as if one neighbour was asked: take three.": lambda *a: strangers(*a, neighbours=1),
    "It looks as if five neighbours were asked (the default): take three.": lambda *a: strangers(*a, neighbours=5),
}


def _words(table: tuple) -> str:
    return f"{len(table[0])} clips of {len(set(table[2]))} people"


def grade_strangers(answer) -> str:
    """Tables in which people, scales and fold sizes differ, so that every shortcut gives another number."""
    rng = np.random.default_rng(63)
    tables, answers = [_faces(rng, people) for people in (26, 17)], []
    for table in tables:
        handed = [part.copy() for part in table]
        made = asked(answer, "accuracy_on_strangers(features, labels, people)", *handed)
        if not all(np.array_equal(now, then) for now, then in zip(handed, table, strict=True)):
            raise Wrong("your function changed an array that it was given; work on a copy.")
        answers.append(_share(made, _words(table)))
    wanted = [strangers(*table) for table in tables]
    if np.allclose(answers, wanted):
        return "right: nobody trains and tests, and the scaler has not seen the test people."
    place = int(np.flatnonzero(~np.isclose(answers, wanted))[0])
    if np.allclose(answers, np.multiply(wanted, 100)):
        raise Wrong(f"for {_words(tables[place])}: return a share from 0 to 1, not per cent.")
    # A share of some hundred rows may look like several mistakes; those of two tables hardly do.
    hint = next(
        (
            words
            for words, wrong in _STRANGERS_MISTAKES.items()
            if all(np.isclose(one, wrong(*table)) for one, table in zip(answers, tables, strict=True))
        ),
        "",
    )
    right, yours = told_apart(wanted[place], answers[place])
    raise Wrong(f"for {_words(tables[place])}: it should be {right}; your function gave {yours}. {hint}".rstrip())


def mixture(share: float = 1 - 1 / FOLDS) -> float:
    """The accuracy of exercise 06-4 if so large a share of the copies has its twin in training."""
    return share * WITH_TWIN + (1 - share) * WITHOUT_TWIN


def grade_mixture(answer) -> str:
    """One share; the usual mistakes are recognised."""
    got = _share(answer)
    mistakes = {
        100 * mixture(): "that is per cent: give a share from 0 to 1.",
        round(mixture(), 2): "that is rounded too far: give three digits.",
        mixture(0.8): "four fifths are right for five folds; here there are ten.",
        mixture(0.5): "that is the mean of both: but most copies have their twin in training.",
        mixture(1 / FOLDS): "the weights have changed places: one tenth has its twin in the *test* fold.",
        WITH_TWIN: "not every copy has its twin in training.",
        WITHOUT_TWIN: "most copies have their twin in training.",
        (1 - 1 / FOLDS) * WITH_TWIN: "the copies without a twin in training are right sometimes, too.",
    }
    if np.isclose(got, mixture(), atol=5e-4):
        return f"right: {mixture():.3f}. Nine copies of ten are remembered."
    for other, words in mistakes.items():
        if np.isclose(got, other, atol=5e-4):
            raise Wrong(f"{got:g}: {words}")
    raise Wrong(f"{got:g} is not it. What share of the copies has its twin in one of the other nine folds?")


#: The steps of exercise 06-7, from the leakiest split to the strictest; and the largest of them for the nearest
#: neighbour, with twins and without.  `tests/exercises/test_ch06.py` computes them again.
STEPS = ("frame to clip", "clip to performance", "performance to actor")
LARGEST_STEPS = ("clip to performance", "frame to clip")


def grade_steps(answer) -> str:
    """The two largest steps; a step that comes from the other setting is explained."""
    both = two(answer)  # not of a set, which has no order
    if both is None:
        raise Wrong(f'the answer should be two texts, first with twins, such as ("{STEPS[2]}", "{STEPS[2]}").')
    given = []
    for one in both:
        if not isinstance(one, str) or " ".join(one.lower().split()) not in STEPS:
            raise Wrong(f"each of the two should be one of {', '.join(map(repr, STEPS))}; got {one!r}.")
        given.append(" ".join(one.lower().split()))
    if tuple(given) == LARGEST_STEPS[::-1]:
        raise Wrong("the two have changed places: first with twins, then without.")
    if STEPS[2] in given:
        which = "with twins" if given[0] == STEPS[2] else "without twins"
        raise Wrong(
            f"{which} the actor is worth some points, but a copy is worth more. Read the column of the nearest "
            "neighbour."
        )
    if given[0] == STEPS[0]:
        raise Wrong(
            "with twins the split by clip hardly helps: the twin of a test row is still in training in four cases of "
            "five. So the accuracy falls one step later."
        )
    if given[1] == STEPS[1]:
        raise Wrong(
            "without twins a performance has one clip, so that both splits are the same. Train every split with the "
            "twins out."
        )
    return (
        "right. Accuracy falls where the last near copy of a test row leaves the training rows: with twins only at the "
        "split by performance."
    )
