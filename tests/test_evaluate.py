"""Metrics against scikit-learn and by hand; intervals against what is known of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from fer_utils import evaluate
from fer_utils.errors import FerError


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), classes=st.integers(2, 9), n=st.integers(1, 200))
def test_metrics_agree_with_scikit_learn(seed, classes, n):
    rng = np.random.default_rng(seed)
    true, predicted = rng.integers(0, classes, n), rng.integers(0, classes, n)
    matrix = evaluate.confusion(true, predicted, classes)
    assert np.array_equal(matrix, sk.confusion_matrix(true, predicted, labels=range(classes)))
    assert evaluate.accuracy(matrix) == pytest.approx(sk.accuracy_score(true, predicted))
    assert evaluate.macro_f1(matrix) == pytest.approx(
        sk.f1_score(true, predicted, labels=np.unique(true), average="macro", zero_division=0))
    recalls = evaluate.recall(matrix)
    present = np.unique(true)
    assert recalls[present] == pytest.approx(
        sk.recall_score(true, predicted, labels=present, average=None, zero_division=0))
    assert np.isnan(np.delete(recalls, present)).all()


def test_interval_over_people_is_wider_than_over_frames_where_people_differ():
    people = np.repeat(np.arange(20), 30)
    correct = np.repeat(np.tile([1, 0], 10), 30)
    over_people = evaluate.interval(np.ones(600, int), correct, people, 2)
    over_frames = evaluate.interval(np.ones(600, int), correct, np.arange(600), 2)
    assert over_people["value"] == over_frames["value"] == 0.5
    width = over_people["high"] - over_people["low"]
    # Twenty coins: the percentile interval spans about 2 x 1.96 x sqrt(0.25 / 20) = 0.44.
    assert width == pytest.approx(0.44, abs=0.07)
    assert over_frames["high"] - over_frames["low"] == pytest.approx(0.08, abs=0.02)


def test_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    hits = 0
    for trial in range(120):
        skill = rng.beta(6, 4, 24)  # mean 0.6
        people = np.repeat(np.arange(24), 10)
        correct = (rng.random(240) < np.repeat(skill, 10)).astype(int)
        made = evaluate.interval(np.ones(240, int), correct, people, 2, resamples=400, seed=trial)
        hits += made["low"] <= 0.6 <= made["high"]
    assert 0.85 <= hits / 120 <= 0.995


def test_one_person_gives_no_interval():
    made = evaluate.interval(np.array([0, 1]), np.array([0, 0]), ["a", "a"], 2)
    assert made["value"] == 0.5 and made["low"] is None and made["groups"] == 1


def test_metrics_are_plain_json():
    import json

    made = evaluate.metrics(np.array([0, 0, 1]), np.array([0, 1, 1]), ["a", "a", "b"], ["x", "y", "z"])
    again = json.loads(json.dumps(made))
    assert again["recall"] == {"x": 0.5, "y": 1.0, "z": None} and again["n"] == 3
    assert again["chance"] == pytest.approx(2 / 3) and again["confusion"] == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]


def test_paired_difference():
    true = np.zeros(40, int)
    people = np.repeat(np.arange(10), 4)
    first, second = np.ones(40, int), np.zeros(40, int)
    first[people < 5] = 0
    made = evaluate.paired_difference(true, first, second, people)
    assert made["value"] == 0.5 and 0.1 < made["low"] < 0.5 < made["high"] < 0.9
    assert evaluate.paired_difference(true, first, first, people)["high"] == 0.0


@pytest.mark.parametrize("call, word", [
    (lambda: evaluate.confusion(np.array([0, 3]), np.array([0, 1]), 2), "`true`"),
    (lambda: evaluate.confusion(np.array([0, 1]), np.array([0.5, 1]), 2), "`predicted`"),
    (lambda: evaluate.confusion(np.array([0, 1]), np.array([0]), 2), "`predicted`"),
    (lambda: evaluate.interval(np.array([0, 1]), np.array([0, 1]), ["a"], 2), "`groups`"),
])
def test_bad_arguments(call, word):
    with pytest.raises(FerError, match=word):
        call()
