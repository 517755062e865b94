"""Student's interval over people, and how often intervals hold the truth."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from fer_utils import metrics
from fer_utils.core.errors import FerError
from fer_utils.studies import coverage

numbers = st.lists(st.floats(-1, 1, allow_nan=False), min_size=2, max_size=30)


@given(numbers, st.sampled_from([0.8, 0.95, 0.99]))
def test_it_is_scipys_interval_and_test(values, level):
    found = metrics.student_interval(values, level=level)
    if np.std(values) < 1e-9:
        return
    asked = stats.ttest_1samp(values, 0.0)
    low, high = asked.confidence_interval(level)
    assert (found["low"], found["high"]) == pytest.approx((low, high), abs=1e-9)
    assert found["p"] == pytest.approx(asked.pvalue, abs=1e-9)
    assert found["value"] == pytest.approx(np.mean(values)) and found["groups"] == len(values)
    assert found["level"] == level


@given(numbers)
def test_the_test_and_the_interval_agree(values):
    found = metrics.student_interval(values)
    if abs(found["p"] - 0.05) > 1e-6 and np.std(values) > 1e-9:
        assert (found["p"] < 0.05) == (found["low"] > 0 or found["high"] < 0)


@pytest.mark.parametrize("values, p", [([0.0, 0.0], 1.0), ([0.5, 0.5, 0.5], 0.0)])
def test_people_who_do_not_differ(values, p):
    found = metrics.student_interval(values)
    assert found["low"] == found["high"] == values[0] and found["p"] == p


def test_one_person_says_nothing_about_people():
    found = metrics.student_interval([0.7])
    assert (found["value"], found["low"], found["high"], found["p"], found["groups"]) == (0.7, None, None, None, 1)


@pytest.mark.parametrize(
    "values, level, words",
    [
        ([], 0.95, "`values`.*one person or more"),
        ([0.1, np.nan], 0.95, "`values`"),
        ([0.1, 0.2], 1.0, "`level`"),
        ([0.1, 0.2], True, "`level`"),
        ([0.1, 0.2], "0.95", "`level`"),
    ],
)
def test_what_cannot_be_averaged_is_named(values, level, words):
    with pytest.raises(FerError, match=words):
        metrics.student_interval(values, level=level)


def test_comparisons_by_person_are_paired_and_corrected_together():
    rng = np.random.default_rng(4)
    people = [f"{number:02d}" for number in range(8)]
    one, two, three = (
        {person: float(share) for person, share in zip(people, rng.random(8), strict=True)} for _ in "123"
    )
    reordered = dict(reversed(two.items()))
    found = metrics.compare_by_person({"1-2": (one, reordered), "1-3": (one, three), "2-3": (two, three)})
    tests = [stats.ttest_rel(list(a.values()), list(b.values())) for a, b in ((one, two), (one, three), (two, three))]
    assert [row["p"] for row in found.values()] == pytest.approx([test.pvalue for test in tests])
    wanted = multipletests([test.pvalue for test in tests], method="holm")[1]
    assert [row["p_holm"] for row in found.values()] == pytest.approx(list(wanted))
    low, high = tests[1].confidence_interval(0.95)
    assert (found["1-3"]["low"], found["1-3"]["high"]) == pytest.approx((low, high))
    low, high = tests[1].confidence_interval(0.8)
    narrow = metrics.compare_by_person({"1-3": (one, three)}, level=0.8)["1-3"]
    assert (narrow["low"], narrow["high"], narrow["level"]) == (pytest.approx(low), pytest.approx(high), 0.8)
    pair = {"a": ({"01": 0.5, "02": 0.7}, {"01": 0.4, "02": 0.5})}
    assert metrics.compare_by_person(pair)["a"]["value"] == pytest.approx(0.15), "two people are enough"
    assert metrics.compare_by_person({}) == {}


def test_a_verdict_hangs_on_the_corrected_p():
    """A difference of 4 points with a spread of 4 among 8 people: p = 0.0258, and three of them give 0.077 by Holm."""
    base = dict.fromkeys("abcdefgh", 0.5)
    spread = 0.04 * np.array([-1.0, 1.0] * 4) * np.sqrt(7 / 8)
    ahead = {person: 0.54 + float(one) for person, one in zip(base, spread, strict=True)}
    behind = {person: 1 - share for person, share in ahead.items()}
    alone = metrics.compare_by_person({"a": (ahead, base)})["a"]
    assert alone["p"] == pytest.approx(2 * stats.t.sf(np.sqrt(8), 7)) and alone["verdict"] == "higher"
    assert metrics.compare_by_person({"b": (behind, base)})["b"]["verdict"] == "lower"
    three = metrics.compare_by_person(dict.fromkeys("123", (ahead, base)))
    assert {row["verdict"] for row in three.values()} == {"not told apart"}
    assert metrics.compare_by_person(dict.fromkeys("123", (ahead, base)), level=0.9)["1"]["verdict"] == "higher"


@pytest.mark.parametrize("second", [{"01": 0.5}, {"01": 0.5, "03": 0.5}])
def test_people_who_were_not_asked_by_both_are_named(second):
    with pytest.raises(FerError, match=r"`pairs`.*the same two people or more in both methods of 'a'"):
        metrics.compare_by_person({"a": ({"01": 0.5, "02": 0.5}, second)})


# --- the study ----------------------------------------------------------------------------------


def test_of_few_people_students_interval_holds_the_truth_and_the_percentile_bootstrap_does_not():
    """400 samples: the standard error of a share of 0.95 is 0.011, of 0.82 it is 0.019."""
    found = coverage.answer("smoke", people=(5, 47), samples=400, progress=False)
    shares = {(row["kind"], row["people"], row["way"]): row["coverage"] for row in found["rows"]}
    kind = "difference of two accuracies"
    assert shares[kind, 5, "Student"] > 0.92 and shares[kind, 5, "percentile bootstrap"] < 0.9
    assert shares[kind, 5, "widened bootstrap"] > 0.91
    assert shares[kind, 47, "widened bootstrap"] == shares[kind, 47, "percentile bootstrap"]
    assert shares[kind, 47, "Student"] > 0.92 and shares[kind, 47, "percentile bootstrap"] > 0.9
    widths = {(row["people"], row["way"]): row["width"] for row in found["rows"] if row["kind"] == kind}
    assert widths[5, "Student"] > widths[5, "percentile bootstrap"] > widths[47, "percentile bootstrap"] > 0
    assert len(found["rows"]) == 2 * 3 * len(coverage.KINDS) and json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("kind", list(coverage.KINDS))
def test_people_are_drawn_around_the_truth(kind):
    """So that a miss is the interval's fault: the mean of 20,000 people, with its standard error."""
    values = coverage.drawn_people(kind, 20_000, np.random.default_rng(1))
    truth, spread, faces = coverage.KINDS[kind]
    assert abs(values.mean() - truth) < 4 * values.std() / np.sqrt(len(values))
    by_chance = 0.25 if kind.startswith("difference") else truth * (1 - truth) - spread**2
    assert values.std() == pytest.approx(np.sqrt(spread**2 + by_chance / faces), rel=0.05)


@pytest.mark.parametrize(
    "given, words", [({"tier": "big"}, "`tier`"), ({"people": [1]}, "`people`"), ({"samples": 0}, "`samples`")]
)
def test_what_cannot_be_simulated(given, words):
    with pytest.raises(FerError, match=words):
        coverage.answer(progress=False, **{"tier": "smoke", **given})
