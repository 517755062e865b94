"""Metrics against scikit-learn and by hand; intervals and tests against what is known of them."""

import gc
import itertools
import warnings

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from fer_utils import metrics
from fer_utils.core.errors import FerError
from fer_utils.metrics import bootstrap


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), classes=st.integers(2, 9), n=st.integers(1, 200))
def test_metrics_agree_with_scikit_learn(seed, classes, n):
    rng = np.random.default_rng(seed)
    true, predicted = rng.integers(0, classes, n), rng.integers(0, classes, n)
    matrix = metrics.confusion(true, predicted, classes)
    assert np.array_equal(matrix, sk.confusion_matrix(true, predicted, labels=range(classes)))
    assert metrics.accuracy(matrix) == pytest.approx(sk.accuracy_score(true, predicted))
    assert metrics.macro_f1(matrix) == pytest.approx(
        sk.f1_score(true, predicted, labels=np.unique(true), average="macro", zero_division=0)
    )
    recalls = metrics.recall(matrix)
    present = np.unique(true)
    assert recalls[present] == pytest.approx(
        sk.recall_score(true, predicted, labels=present, average=None, zero_division=0)
    )
    assert np.isnan(np.delete(recalls, present)).all()


def test_what_a_result_reports_agrees_with_scikit_learn():
    """One label is never predicted, two are never true, one is neither: what is true must not be what is predicted."""
    rng = np.random.default_rng(5)
    true, predicted = rng.choice([0, 1, 2], 90, p=[0.5, 0.3, 0.2]), rng.choice([1, 2, 3, 4], 90, p=[0.1, 0.3, 0.5, 0.1])
    people, names = np.repeat(list("abcdefghi"), 10), ("sad", "happy", "calm", "angry", "neutral", "disgust")
    made = metrics.evaluate(true, predicted, people, names)
    f1 = {
        about: sk.f1_score(true, predicted, labels=np.unique(about_rows), average="macro", zero_division=0)
        for about, about_rows in (("true", true), ("predicted", predicted))
    }
    assert abs(f1["true"] - f1["predicted"]) > 0.01, "the case tells the two apart"
    assert made["macro_f1"]["value"] == pytest.approx(f1["true"])
    assert made["accuracy"]["value"] == pytest.approx(sk.accuracy_score(true, predicted))
    assert made["confusion"] == sk.confusion_matrix(true, predicted, labels=range(6)).tolist()
    shares = sk.recall_score(true, predicted, labels=[0, 1, 2], average=None, zero_division=0)
    assert [made["recall"][name] for name in names] == [*shares, None, None, None]
    assert made["chance"] == np.bincount(true).max() / 90 != np.bincount(predicted).max() / 90
    assert made["n"] == 90 and made["accuracy"]["groups"] == made["macro_f1"]["groups"] == 9


def test_the_seed_of_a_result_is_that_of_both_intervals():
    rng = np.random.default_rng(6)
    true, predicted, people = rng.integers(0, 3, 70), rng.integers(0, 3, 70), np.repeat(np.arange(7), 10)
    first, again, other = (metrics.evaluate(true, predicted, people, "abc", seed=seed) for seed in (3, 3, 4))
    for name, metric in (("accuracy", metrics.accuracy), ("macro_f1", metrics.macro_f1)):
        assert first[name] == again[name] and (first[name]["low"], first[name]["high"]) != (
            other[name]["low"],
            other[name]["high"],
        )
        assert first[name] == metrics.interval(true, predicted, people, 3, metric, seed=3)


def test_of_no_rows_nothing_is_said():
    made = metrics.evaluate(np.zeros(0, int), np.zeros(0, int), [], ["x", "y"])
    assert made["chance"] is None and made["n"] == 0 and made["recall"] == {"x": None, "y": None}
    assert np.isnan(made["accuracy"]["value"]) and made["accuracy"]["low"] is None


def _of_two_people(kind, level, true, predicted, other, people):
    if kind == "macro_f1":
        return metrics.interval(true, predicted, people, 3, metrics.macro_f1, level=level)
    if kind == "accuracy":
        return metrics.interval(true, predicted, people, 3, level=level)
    if kind == "average":
        return metrics.average((true == predicted).astype(float), people, level=level)
    return metrics.paired_difference(true, other, predicted, people, level=level)


@pytest.mark.parametrize("kind", ["macro_f1", "accuracy", "average", "paired_difference"])
def test_an_interval_over_two_people_by_hand(kind):
    """Two people, drawn twice: one alone in a quarter of the resamples, the other in a quarter, both in half."""
    true = np.array([0, 0, 1, 1, 2, 2, 0, 1, 2])
    predicted = np.array([0, 0, 1, 1, 2, 0, 1, 1, 0])  # 5 of 6, 1 of 3
    other = np.array([1, 0, 0, 1, 1, 0, 2, 1, 0])  # 2 of 6, 1 of 3
    people = np.array(list("aaaaaabbb"))

    def by_hand(rows):
        if kind == "macro_f1":
            return sk.f1_score(true[rows], predicted[rows], average="macro", labels=np.unique(true[rows]))
        right = sk.accuracy_score(true[rows], predicted[rows])
        return right - sk.accuracy_score(true[rows], other[rows]) if kind == "paired_difference" else right

    everybody, alone = by_hand(people != ""), [by_hand(people == name) for name in "ba"]
    assert alone[0] < everybody < alone[1]
    for level, low, high in ((0.95, *alone), (0.6, *alone), (0.4, everybody, everybody)):
        made = _of_two_people(kind, level, true, predicted, other, people)
        factor = stats.t.ppf((1 + level) / 2, 1) * np.sqrt(2) / stats.norm.ppf((1 + level) / 2)  # two are few
        ends = everybody - factor * (everybody - low), everybody + factor * (high - everybody)
        if kind in ("accuracy", "macro_f1"):
            ends = np.clip(ends, 0, 1)  # of a share
        assert [made["value"], made["low"], made["high"]] == pytest.approx([everybody, *ends]), level
        assert made["groups"] == 2 and made.get("level", level) == level


def test_a_mean_over_people_has_scipys_interval():
    rng = np.random.default_rng(2)
    some, others = rng.gamma(2, 1, 60), rng.gamma(2, 1, 50) + 1
    for people, statistic in (
        ((some,), lambda values, axis=-1: values.mean(axis=axis)),
        ((some, others), lambda values, minus, axis=-1: values.mean(axis=axis) - minus.mean(axis=axis)),
    ):
        known = stats.bootstrap(people, statistic, method="percentile", n_resamples=9999, rng=np.random.default_rng(1))
        known = known.confidence_interval
        width = known.high - known.low  # a level of 90 % would take 8 % of it away on either side
        made = metrics.mean_interval(*people, resamples=9999)
        assert made == pytest.approx((known.low, known.high), abs=0.03 * width)


def test_a_resample_without_a_value_does_not_count():
    made = metrics.average([9.0, 0.25, 0.75], ["a", "b", "c"], [0, 1, 1])  # a alone: 0 of 0
    ends = metrics.widened(0.5, 0.25, 0.75, people=3)
    assert [made["value"], made["low"], made["high"]] == [0.5, *ends] and ends[0] < 0


def test_of_few_people_the_interval_of_a_mean_is_nearly_students():
    """Their factor makes the two the same where resamples are normally distributed; of 14 people nothing is moved."""
    rng = np.random.default_rng(5)
    for people in (5, 8, 13, 14):
        student, made, plain = [], [], []
        for seed in range(40):
            values = rng.normal(0.6, 0.1, people)
            found = metrics.student_interval(values)
            student.append(found["high"] - found["low"])
            low, high = metrics.mean_interval(values, seed=seed)
            made.append(high - low)
            assert found["value"] - low > 0 and high - found["value"] > 0
            low, high = metrics.percentile_interval(values, seed=seed)
            plain.append(high - low)
        assert (made == plain) == (people == 14)
        if people < 14:
            assert np.mean(made) == pytest.approx(np.mean(student), rel=0.08)
            assert np.mean(plain) < 0.93 * np.mean(student)


def test_the_ends_are_those_of_the_middle_95_of_100_resamples():
    people, rng = np.random.default_rng(2).random(20), np.random.default_rng(7)
    drawn = people[rng.integers(0, 20, (2000, 20))].mean(axis=1)
    assert metrics.percentile_interval(people, seed=7) == pytest.approx(np.percentile(drawn, [2.5, 97.5]))


def test_the_smaller_side_of_a_difference_decides_and_one_person_moves_nothing():
    many, few = np.linspace(0.2, 0.8, 60), np.linspace(0.4, 0.6, 5)
    low, high = metrics.percentile_interval(many, few)
    value = many.mean() - few.mean()
    assert metrics.mean_interval(many, few) == pytest.approx(metrics.widened(value, low, high, people=5))
    assert metrics.mean_interval(many, many) == metrics.percentile_interval(many, many)
    assert metrics.mean_interval([0.3]) == (0.3, 0.3) and metrics.widened(0.5, 0.1, 0.6, people=1) == (0.1, 0.6)


def test_the_two_sides_of_a_difference_are_drawn_apart():
    """Thirty people on either side: the difference spreads sqrt(2) times as much as one mean does."""
    people = np.linspace(0.2, 0.8, 30)
    low, high = metrics.mean_interval(people, people)
    alone = metrics.mean_interval(people)
    assert high - low == pytest.approx(np.sqrt(2) * (alone[1] - alone[0]), rel=0.1)


def test_the_seed_of_a_mean_over_people_decides_its_draws():
    people = np.random.default_rng(2).random(20)
    for interval in (metrics.mean_interval, metrics.percentile_interval):
        assert interval(people, seed=1) == interval(people, seed=1) != interval(people, seed=2)


def test_a_metric_of_sums_has_no_bounds_unless_they_are_given():
    parts = np.array([[-3.0, 1.0], [5.0, 1.0]])
    made = bootstrap.resampled(parts, lambda sums: sums[..., 0] / sums[..., 1], resamples=500, level=0.95, seed=0)
    assert [made["low"], made["high"]] == pytest.approx(metrics.widened(1.0, -3.0, 5.0, people=2))


def test_interval_over_people_is_wider_than_over_frames_where_people_differ():
    people = np.repeat(np.arange(20), 30)
    correct = np.repeat(np.tile([1, 0], 10), 30)
    over_people = metrics.interval(np.ones(600, int), correct, people, 2)
    over_frames = metrics.interval(np.ones(600, int), correct, np.arange(600), 2)
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
        made = metrics.interval(np.ones(240, int), correct, people, 2, resamples=400, seed=trial)
        hits += made["low"] <= 0.6 <= made["high"]
    assert 0.85 <= hits / 120 <= 0.995


def test_one_person_gives_no_interval():
    made = metrics.interval(np.array([0, 1]), np.array([0, 0]), ["a", "a"], 2)
    assert made["value"] == 0.5 and made["low"] is None and made["groups"] == 1


def test_metrics_are_plain_json():
    import json

    made = metrics.evaluate(np.array([0, 0, 1]), np.array([0, 1, 1]), ["a", "a", "b"], ["x", "y", "z"])
    again = json.loads(json.dumps(made))
    assert again["recall"] == {"x": 0.5, "y": 1.0, "z": None} and again["n"] == 3
    assert again["chance"] == pytest.approx(2 / 3) and again["confusion"] == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]


def test_paired_difference():
    true = np.zeros(40, int)
    people = np.repeat(np.arange(10), 4)
    first, second = np.ones(40, int), np.zeros(40, int)
    first[people < 5] = 0
    made = metrics.paired_difference(true, first, second, people)
    assert made["value"] == 0.5 and 0.1 < made["low"] < 0.5 < made["high"] < 0.9
    assert metrics.paired_difference(true, first, first, people)["high"] == 0.0
    names = [f"{number:02}" for number in people]
    assert metrics.paired_difference(list(true), list(first), list(second), names) == made


def test_an_average_by_hand_and_its_interval():
    made = metrics.average([1.0, 0.0, 0.5], ["a", "a", "b"], [1, 3, 4])
    assert made["value"] == pytest.approx((1 + 2) / 8) and made["groups"] == 2
    # Two groups: each resample holds a alone, b alone, or both; and two are few.
    assert [made["low"], made["high"]] == pytest.approx(metrics.widened(0.375, 0.25, 0.5, people=2))
    assert metrics.average([1.0, 0.0], ["a", "a"])["low"] is None


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 60), people=st.integers(1, 6))
def test_an_average_of_hits_is_an_accuracy_with_the_same_interval(seed, n, people):
    rng = np.random.default_rng(seed)
    true, predicted, who = rng.integers(0, 3, n), rng.integers(0, 3, n), rng.integers(0, people, n)
    hits = metrics.average((true == predicted).astype(float), who, resamples=200, seed=seed)
    share = metrics.interval(true, predicted, who, 3, resamples=200, seed=seed)
    bounded = metrics.average((true == predicted).astype(float), who, resamples=200, seed=seed, bounds=(0, 1))
    assert {key: bounded[key] for key in share} == pytest.approx(share)
    shifted = metrics.average(3 * (true == predicted) - 1, who, resamples=200, seed=seed)
    if hits["low"] is not None:
        assert [shifted[key] for key in ("value", "low", "high")] == pytest.approx(
            [3 * hits[key] - 1 for key in ("value", "low", "high")]
        )


#: Darwin's maize as Fisher 1935 prints it (section 21): the taller of 15 pairs, in eighths of an inch.
MAIZE = (49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48)


@pytest.mark.parametrize(
    "differences, patterns, of",
    [
        (MAIZE, 1726, 2**15),  # Fisher's own count: 863 on either side
        ((3, 1, 2), 2, 8),
        ((1, -1), 4, 4),
        ((1, 1, -1), 8, 8),
        ((5,), 2, 2),
        ((0, 0), 1, 1),
        ((), 1, 1),
        ((2, 0, 2), 2, 4),
        ((1,) * 24, 2, 2**24),
        ((1,) * 60, 2, 2**60),
    ],
)
def test_sign_flips_by_hand(differences, patterns, of):
    assert metrics.sign_flip(differences) == pytest.approx(patterns / of, rel=1e-9)


@settings(max_examples=80, deadline=None)
@given(differences=st.lists(st.integers(-12, 12), min_size=1, max_size=9))
def test_sign_flips_against_listing_them_all(differences):
    totals = [
        abs(sum(s * d for s, d in zip(signs, differences, strict=True)))
        for signs in itertools.product((-1, 1), repeat=len(differences))
    ]
    p = metrics.sign_flip(differences)
    assert p == pytest.approx(np.mean([total >= abs(sum(differences)) for total in totals]))
    assert metrics.sign_flip([-d for d in differences]) == p == metrics.sign_flip(sorted(differences)) and 0 < p <= 1


def test_a_paired_test_by_hand():
    true = np.zeros(12, int)
    people = np.repeat(list("abc"), 4)
    first = np.array([0, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 1])  # 1, 2 and 3 right
    second = np.array([0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1])  # 2, 4 and 3 right
    made = metrics.paired_test(true, first, second, people)
    # Signs of (1, 2, 0): totals of 3 or -3 in two of four patterns.
    assert made == {
        "value": pytest.approx(3 / 12),
        "p": 0.5,
        "gains": {"a": 1, "b": 2, "c": 0},
        "groups": 3,
        "smallest": 0.25,
    }
    assert made["value"] == metrics.paired_difference(true, first, second, people)["value"]
    assert metrics.paired_test(true, second, first, people)["p"] == 0.5
    two = metrics.paired_test(true, first, second, np.repeat(["a", "b"], 6))
    assert (two["p"], two["smallest"], two["groups"]) == (0.5, 0.5, 2)
    alone = metrics.paired_test(true, first, second, ["a"] * 12)
    assert alone["p"] is None and alone["smallest"] is None and alone["gains"] == {"a": 3}


def test_the_p_value_is_below_a_level_about_that_often_where_nothing_differs():
    rng = np.random.default_rng(7)
    people, below = np.repeat(np.arange(12), 20), 0
    for _ in range(300):
        skill = np.repeat(rng.beta(3, 2, 12), 20)  # both models are as good on each person
        first, second = ((rng.random(240) > skill).astype(int) for _ in range(2))
        below += metrics.paired_test(np.zeros(240, int), first, second, people)["p"] <= 0.1
    assert 0.05 <= below / 300 <= 0.15


# --- Holm --------------------------------------------------------------------------------------


def test_holm_against_a_calculation_by_hand():
    # Sorted 0.005, 0.011, 0.02, 0.04, times 4, 3, 2, 1: 0.02, 0.033, 0.04, 0.04.
    assert metrics.holm([0.02, 0.005, 0.04, 0.011]) == pytest.approx([0.04, 0.02, 0.04, 0.033])
    # 0.01 x 3; 0.03 x 2; 0.04 x 1 is below the one before it and is lifted to it.
    assert metrics.holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert metrics.holm([0.9, 0.8]).tolist() == [1, 1] and metrics.holm([]).tolist() == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_holm_keeps_the_order_and_lies_between_p_and_bonferroni(p, rnd):
    made = metrics.holm(p)
    assert (made >= np.array(p) - 1e-15).all() and (made <= np.minimum(1, len(p) * np.array(p)) + 1e-12).all()
    assert (np.diff(made[np.argsort(p, kind="stable")]) >= 0).all()
    order = list(range(len(p)))
    rnd.shuffle(order)
    assert metrics.holm([p[k] for k in order]) == pytest.approx(made[order])


@pytest.mark.parametrize("p", [[1.2], [-0.1], [float("nan")], [[0.1]]])
def test_holm_wants_p_values(p):
    with pytest.raises(FerError, match="`p`"):
        metrics.holm(p)


def test_holm_leaves_no_object_out_of_the_garbage_collection():
    before = gc.get_freeze_count()
    metrics.holm([0.01, 0.2])
    assert gc.get_freeze_count() == before


def test_calibration_by_hand():
    scores = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.45, 0.55]])
    made = metrics.calibration(np.array([0, 1, 1, 1]), scores, ["a", "b", "a", "b"], bins=10)
    # 0.9 and right once in two; 0.6 belongs to (0.5, 0.6] with 0.55, both right.
    assert [(part["low"], part["high"], part["n"]) for part in made["bins"]] == [(0.5, 0.6, 2), (0.8, 0.9, 2)]
    assert [part["confidence"] for part in made["bins"]] == pytest.approx([0.575, 0.9]) and [
        part["accuracy"] for part in made["bins"]
    ] == [1.0, 0.5]
    assert made["error"]["value"] == pytest.approx((2 * 0.425 + 2 * 0.4) / 4) and made["excess"][
        "value"
    ] == pytest.approx(0.7375 - 0.75)
    # a alone: 0.9 right, 0.6 right; b alone: 0.9 wrong, 0.55 right.
    # Two people are few: their ends lie further out, up to those that an error and an excess can have.
    assert [made["error"]["low"], made["error"]["high"]] == [0, 1]
    assert [made["excess"]["low"], made["excess"]["high"]] == [-1, 1]
    many = metrics.calibration(np.tile([0, 1, 1, 1], 8), np.tile(scores, (8, 1)), np.repeat(np.arange(16), 2), bins=10)
    # Half of the 16 people are a pair of both kinds of face, half are b's first and a's first: see the two sums.
    assert (
        many["error"]["value"] == made["error"]["value"]
        and 0.25 <= many["error"]["low"] < many["error"]["high"] <= 0.675
    )
    assert metrics.calibration(np.array([0]), [[0.7, 0.3]], ["a"])["error"]["low"] is None


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 120), kinds=st.integers(2, 6), bins=st.integers(1, 20))
def test_what_must_hold_of_every_calibration(seed, n, kinds, bins):
    import json

    rng = np.random.default_rng(seed)
    scores, true, who = rng.dirichlet(np.ones(kinds), n), rng.integers(0, kinds, n), rng.integers(0, 5, n)
    made = metrics.calibration(true, scores, who, bins=bins, resamples=100)
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert sum(part["n"] for part in made["bins"]) == n
    assert all(part["low"] < part["confidence"] <= part["high"] + 1e-9 for part in made["bins"])
    hits = scores.argmax(axis=1) == true
    assert sum(part["n"] * part["accuracy"] for part in made["bins"]) == pytest.approx(hits.sum())
    assert made["excess"]["value"] == pytest.approx(scores.max(axis=1).mean() - hits.mean())
    assert (
        abs(made["excess"]["value"]) - 1e-9 <= made["error"]["value"] <= 1
    )  # what cancels between bins cannot cancel within
    if bins == 1:
        assert made["error"]["value"] == pytest.approx(abs(made["excess"]["value"]))
    order = rng.permutation(n)
    assert metrics.calibration(true[order], scores[order], who[order], bins=bins, resamples=100)[
        "error"
    ] == pytest.approx(made["error"])


def test_an_honest_network_is_calibrated_and_a_boastful_one_is_too_sure():
    rng = np.random.default_rng(3)
    chance = rng.uniform(0.5, 1, 20_000)
    true = (rng.random(20_000) > chance).astype(int)  # class 0 as often as is said
    who = np.arange(20_000) % 50
    honest = metrics.calibration(true, np.column_stack([chance, 1 - chance]), who)
    assert honest["error"]["value"] < 0.02 and honest["excess"]["low"] <= 0 <= honest["excess"]["high"]
    sure = np.full(20_000, 0.99)
    boast = metrics.calibration(true, np.column_stack([sure, 1 - sure]), who)
    assert boast["error"]["value"] == pytest.approx(0.99 - 0.75, abs=0.02) and boast["excess"]["low"] > 0.2


@pytest.mark.parametrize(
    "call, word",
    [
        (lambda: metrics.average([1.0, np.nan], ["a", "b"]), "`values`"),
        (lambda: metrics.average([1.0, 2.0], ["a"]), "`groups`"),
        (lambda: metrics.average([], []), "`(weights|groups)`"),
        (lambda: metrics.average([1.0], ["a"], [0.0]), "`weights`"),
        (lambda: metrics.average([1.0, 2.0], ["a", "b"], [-1.0, 2.0]), "`weights`"),
        (lambda: metrics.sign_flip([0.5, 1.0]), "`differences`.*whole numbers"),
        (lambda: metrics.paired_test([0, 1], [0], [0, 1], ["a", "b"]), "`first`"),
        (lambda: metrics.paired_test([0, 1], [0, 1], [0, 1, 1], ["a", "b"]), "`second`"),
        (lambda: metrics.calibration([0], [[0.7, 0.7]], ["a"]), "`scores`.*sum to 1"),
        (lambda: metrics.calibration([0], [[0.7, 0.3105]], ["a"]), "`scores`.*sum to 1"),
        (lambda: metrics.calibration([0], [[1.2, -0.2]], ["a"]), "`scores`"),
        (lambda: metrics.calibration([2], [[0.7, 0.3]], ["a"]), "`true`"),
        (lambda: metrics.calibration([0, 1], [[0.7, 0.3]], ["a"]), "`true`"),
        (lambda: metrics.calibration([0], [[0.7, 0.3]], ["a"], bins=0), "`bins`"),
        (lambda: metrics.confusion(np.array([0, 3]), np.array([0, 1]), 2), "`true`"),
        (lambda: metrics.confusion(np.array([0, -1]), np.array([0, 1]), 2), "`true`"),
        (lambda: metrics.confusion(np.array([0, 1]), np.array([0.5, 1]), 2), "`predicted`"),
        (lambda: metrics.confusion(np.array([0, 1]), np.array([0]), 2), "`predicted`"),
        (lambda: metrics.interval(np.array([0, 1]), np.array([0, 1]), ["a"], 2), "`groups`"),
    ],
)
def test_bad_arguments(call, word):
    with pytest.raises(FerError, match=word):
        call()


def test_a_class_that_nobody_showed_is_nan_and_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shares = metrics.recall(np.array([[3, 1], [0, 0]]))
    assert shares[0] == 0.75 and np.isnan(shares[1])
    assert np.isnan(metrics.accuracy(np.zeros((2, 2)))), "of nobody, there is no share"
    assert np.isnan(metrics.macro_f1(np.zeros((2, 2))))


def test_a_certain_network_is_a_network():
    """Probabilities of exactly 0 and 1 are right: one of two sure answers is wrong, so confidence is off by a half."""
    made = metrics.calibration(np.array([0, 1]), np.array([[1.0, 0.0], [1.0, 0.0]]), ["a", "b"])
    assert made["error"]["value"] == made["excess"]["value"] == pytest.approx(0.5)


def test_of_two_classes_with_one_score_the_first_is_the_answer():
    made = metrics.calibration(np.array([0, 1, 1]), np.full((3, 2), 0.5), list("abc"))
    assert made["bins"][0]["accuracy"] == pytest.approx(1 / 3)


def test_calibration_has_fifteen_bins_unless_told_otherwise():
    (only,) = metrics.calibration(np.array([0]), [[0.7, 0.3]], ["a"])["bins"]
    assert (only["low"], only["high"]) == pytest.approx((10 / 15, 11 / 15))
    assert len(metrics.calibration([0], [[0.7, 0.3095]], ["a"])["bins"]) == 1, "within a hundredth of 1"


@pytest.mark.parametrize("hundredths", [55, 56, 57, 58, 70])
def test_a_confidence_at_the_upper_end_of_its_bin_is_in_it_however_it_is_rounded(hundredths):
    sure = hundredths / 100
    (only,) = metrics.calibration(np.array([0]), [[sure, 1 - sure]], ["a"], bins=100)["bins"]
    assert (only["low"], only["high"]) == pytest.approx((sure - 0.01, sure))


@pytest.mark.parametrize("kind", ["error", "excess"])
def test_seed_level_and_resamples_reach_both_intervals_of_a_calibration(kind):
    rng = np.random.default_rng(8)
    scores, true, people = rng.dirichlet(np.ones(3), 200), rng.integers(0, 3, 200), np.repeat(np.arange(20), 10)

    def ends(**words):
        made = metrics.calibration(true, scores, people, **words)[kind]
        return made["low"], made["high"]

    assert ends(seed=1) == ends(seed=1) != ends(seed=2)
    low, high = ends()
    inner = ends(level=0.5)
    assert low < inner[0] < inner[1] < high
    once = ends(resamples=1)
    assert once[0] == once[1]


def test_right_and_wrong_are_averaged_as_one_and_zero():
    made = metrics.average([True, False, True], ["a", "b", "c"])
    assert made["value"] == pytest.approx(2 / 3) and made["low"] < made["value"] < made["high"]


def test_the_intervals_of_a_result_are_those_of_its_seed():
    rng = np.random.default_rng(4)
    true, predicted, people = rng.integers(0, 3, 90), rng.integers(0, 3, 90), np.repeat(np.arange(9), 10)
    for words, seed in (({}, 0), ({"seed": 5}, 5)):
        made = metrics.evaluate(true, predicted, people, "abc", **words)
        for name in ("accuracy", "macro_f1"):
            alone = metrics.interval(true, predicted, people, 3, getattr(metrics, name), seed=seed)
            assert made[name] == alone, (name, seed)
    other = metrics.evaluate(true, predicted, people, "abc", seed=6)
    assert other["accuracy"]["low"] != metrics.evaluate(true, predicted, people, "abc", seed=5)["accuracy"]["low"]


def test_of_nobody_there_is_no_share_and_no_interval():
    nothing = np.array([], int)
    made = metrics.interval(nothing, nothing, nothing, 2)
    assert np.isnan(made["value"]) and made["low"] is made["high"] is None and made["groups"] == 0
