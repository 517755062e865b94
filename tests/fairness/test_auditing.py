"""The audit's numbers by hand: who is compared with whom, what is tested, and when a gap counts as found."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from fer_utils.core.errors import FerError
from fer_utils.fairness import SENSITIVE_FEATURES, audit, auditing, difference, false_alarms

LIGHT, MEDIUM, DARK = SENSITIVE_FEATURES["skin tone"]


def answers(baseline, *, conditions=None, **features):
    """One row a picture: ``baseline`` has each person's outcomes, the conditions what each person loses there."""
    rows = []
    for person, outcomes in enumerate(baseline):
        for condition, (kind, lost) in {"baseline": ("baseline", None), **(conditions or {})}.items():
            for clip, right in enumerate(outcomes):
                less = 0 if lost is None else lost[person]
                rows.append({"actor": f"p{person}", "clip": f"c{clip}", "condition": condition, "kind": kind,
                             "right": right - less} | {name: of[person] for name, of in features.items()})  # fmt: skip
    return pd.DataFrame(rows)


def few(table, features=None, **options):
    made = audit(table, features, **{"permutations": 9, "resamples": 9, "min_people": 2} | options)
    return made.set_index("value", drop=False)


def test_a_person_counts_once_with_the_mean_of_the_pictures_at_the_baseline():
    table = answers(
        [[1, 1, 0, 0, 0], [1, 0, 0, 0, 0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 0]],
        conditions={"dim": ("light", [0.5] * 4)},
        presentation=["female", "male", "female", "male"],
    )
    table = table.drop(table[(table["actor"] == "p3") & (table["clip"] == "c4")].index)  # of the last, four pictures
    made = few(table)
    everybody, female, male, dim = (made.loc[value] for value in ("baseline", "female", "male", "dim"))
    assert (everybody["n"], everybody["people"]) == (19, 4) and everybody["accuracy"] == pytest.approx(0.65)
    assert (female["n"], female["people"]) == (10, 2) and female["accuracy"] == pytest.approx(0.7)
    assert (male["n"], male["people"]) == (9, 2) and female["gap"] == pytest.approx(0.1) == pytest.approx(-male["gap"])
    assert (dim["n"], dim["people"]) == (19, 4) and dim["gap"] == pytest.approx(-0.5)
    assert list(made["attribute"]) == ["everybody", "presentation", "presentation", "light"]
    assert made.loc["baseline", ["gap", "gap_low", "gap_high", "p"]].isna().all() and not everybody["judged"]


def test_rows_stand_in_the_order_of_the_features_their_values_and_the_conditions_as_they_come():
    table = answers(
        [[1], [0], [1], [0]],
        conditions={"yaw": ("pose", [0.1] * 4), "dim": ("light", [0.2] * 4)},
        age=["under 30", "45 and over", "30 to 44", "about 50"],
    )
    made = few(table)
    ages = ["under 30", "30 to 44", "45 and over", "about 50"]
    assert list(made["value"]) == ["baseline", *ages, "yaw", "dim"]
    assert list(few(table.drop(columns="kind"))["attribute"][-2:]) == ["condition"] * 2
    plain = few(table[table["condition"] == "baseline"].drop(columns="condition"))
    assert list(plain["value"]) == ["everybody", *ages]


def test_the_interval_of_a_condition_is_that_of_each_persons_own_loss():
    table = answers([[0.0], [0.3], [0.6], [0.9]], conditions={"dim": ("light", [0.125] * 4)})
    dim = few(table, ["condition"], resamples=200).loc["dim"]
    assert (dim["gap_low"], dim["gap_high"]) == pytest.approx((-0.125, -0.125)), "people are as far apart as ever"
    assert dim["low"] < dim["accuracy"] < dim["high"]


def test_the_interval_of_a_feature_is_that_of_two_means_whichever_of_them_varies():
    table = answers([[0.5]] * 4 + [[0.0], [0.4], [0.6], [1.0]], presentation=["female"] * 4 + ["male"] * 4)
    female = few(table, resamples=200).loc["female"]
    assert female["low"] == female["high"] == 0.5 and female["gap_low"] < -0.1 < 0.1 < female["gap_high"]
    one = few(table, resamples=1)
    assert (one["low"] == one["high"]).all() and (one["gap_low"][1:] == one["gap_high"][1:]).all()


def test_one_person_alone_has_no_interval():
    made = few(answers([[1], [0], [1]], presentation=["female", "male", "male"]))
    for value in ("female", "male"):
        assert np.isnan(made.loc[value, "gap_low"]) and np.isnan(made.loc[value, "gap_high"])
    assert np.isnan(made.loc["female", "low"]) and not np.isnan(made.loc["male", "low"])


def test_another_seed_draws_other_people():
    table = answers(np.random.default_rng(0).random((9, 2)).tolist(), presentation=["female", "male", "male"] * 3)
    drawn = [few(table, seed=seed, resamples=99)["low"].iloc[0] for seed in (0, 0, 1, 2)]
    assert drawn[0] == drawn[1] and len(set(drawn)) == 3


# --- tests -------------------------------------------------------------------------------------------------


def test_the_least_p_is_one_in_the_relabellings_and_one_and_without_a_gap_p_is_one():
    best = answers([[1.0]] * 20 + [[0.0]] * 20, presentation=["female"] * 20 + ["male"] * 20)
    for permutations, least in (({}, 1 / 10000), ({"permutations": 99}, 0.01), ({"permutations": 1500}, 1 / 1501)):
        made = audit(best, resamples=2, **permutations)
        assert made["p"][1:].tolist() == pytest.approx([least] * 2) and list(made["gap"][1:]) == [1.0, -1.0]
    same = answers([[0.3]] * 10, presentation=["female", "male"] * 5)
    assert few(same, permutations=99)["p"][1:].tolist() == [1.0, 1.0]


def test_p_of_a_feature_is_near_that_of_all_relabellings():
    values = np.array([0.1, 0.2, 0.35, 0.4, 0.65, 0.7, 0.75, 0.9])
    female = [0, 1, 3]
    gap = lambda some: values[list(some)].mean() - np.delete(values, some).mean()  # noqa: E731
    exact = np.mean([abs(gap(some)) >= abs(gap(female)) - 1e-12 for some in itertools.combinations(range(8), 3)])
    table = answers(values[:, None].tolist(), presentation=["female" if k in female else "male" for k in range(8)])
    assert few(table, permutations=4000)["p"].iloc[1] == pytest.approx(exact, abs=0.02) and 0.03 < exact < 0.2


@pytest.mark.parametrize(
    "people, lost, options, found",
    [
        (6, 0.0625, {}, True),  # p is 2 of 64
        (6, -0.0625, {}, True),  # a gain is a gap, too
        (6, 0.04, {}, False),  # less than five points
        (6, 0.04, {"min_gap": 0.03}, True),
        (6, 0.0625, {"alpha": 0.03}, False),
        (5, 0.5, {}, False),  # p is 2 of 32, above 0.05
        (5, 0.5, {"alpha": 0.07}, True),
        (5, 0.5, {"alpha": 0.0625}, False),  # p is not below it
    ],
)
def test_found_is_a_gap_of_five_points_with_a_corrected_p_below_five_in_a_hundred(people, lost, options, found):
    table = answers([[0.75]] * people, conditions={"dim": ("light", [lost] * people)})
    dim = audit(table, ["condition"], resamples=2, **options).iloc[-1]
    assert dim["p"] == dim["corrected"] == pytest.approx(2 / 2**people) and dim["found"] == found


@pytest.mark.parametrize(
    "gap, corrected, found",
    [(0.25, 0.04, True), (-0.25, 0.04, True), (0.24, 0.04, False), (0.25, 0.05, False), (np.nan, np.nan, False)],
)
def test_a_gap_of_the_least_size_is_found_and_a_p_of_the_level_is_not(gap, corrected, found):
    assert auditing._Test(gap, 0.001, corrected).found(0.25, 0.05) is found


def test_few_people_on_either_side_are_marked_and_two_rows_of_one_test_count_once():
    tones = [LIGHT] * 5 + [MEDIUM] * 5 + [DARK] * 4
    sexes = ["female"] * 10 + ["male"] * 4
    table = answers([[0.1 * (k % 7)] for k in range(14)], presentation=sexes, **{"skin tone": tones})
    for options, judged, tests in (
        ({"min_people": 5}, [LIGHT, MEDIUM], 2),
        ({"min_people": 4}, [LIGHT, MEDIUM, DARK, "female", "male"], 4),
    ):
        made = few(table, **options)
        assert list(made["value"][made["judged"]]) == judged and made.attrs["tests"] == tests
    usual = audit(table, permutations=9, resamples=9)
    assert list(usual["value"][usual["judged"]]) == [LIGHT, MEDIUM], "five people, unless it is said"
    with pytest.raises(FerError, match=r"`min_people`.*2"):
        few(table, min_people=1)


def test_the_correction_is_holms_over_all_tests_of_the_table():
    lost = {"dim": [0.1] * 6, "yaw": [0.1] * 5 + [-0.1], "mask": [0.1] * 4 + [-0.2] * 2}
    table = answers([[0.5]] * 6, conditions={name: ("a kind", of) for name, of in lost.items()})
    made = few(table, ["condition"]).loc[list(lost)]
    assert made["p"].tolist() == pytest.approx([2 / 64, 14 / 64, 1.0])
    assert made["corrected"].tolist() == pytest.approx([6 / 64, 28 / 64, 1.0])


@pytest.mark.parametrize("name", ["min_gap", "alpha"])
def test_levels_go_from_nought_to_below_one(name):
    table = answers([[1], [0], [1], [0]], presentation=["female", "male"] * 2)
    assert len(few(table, **{name: 0})) == len(few(table, **{name: 0.999})) == 3
    for wrong in (1, -0.01, True, "0.05"):
        with pytest.raises(FerError, match=f"`{name}`"):
            few(table, **{name: wrong})


# --- what is compared ------------------------------------------------------------------------------------


def test_an_outcome_may_be_a_difference_from_minus_one_to_one_and_no_more():
    table = answers([[-1.0], [1.0], [0.0], [0.0]], presentation=["female", "male"] * 2)
    assert few(table).loc["female", "accuracy"] == -0.5
    for wrong in (-1.01, 1.01, np.nan):
        with pytest.raises(FerError, match="`outcome`"):
            few(table.assign(right=[0, 0, 0, wrong]))


def test_a_person_whose_feature_is_known_of_some_pictures_only_is_refused():
    table = answers([[1, 1], [0, 1]], presentation=["female", "male"])
    table.loc[0, "presentation"] = None
    with pytest.raises(FerError, match=r"`sensitive_features`.*one presentation a person.*p0"):
        few(table)


@pytest.mark.parametrize("twice", ["baseline", "dim"])
def test_each_act_is_compared_with_the_same_act_once(twice):
    table = answers([[1, 0], [0, 1]], conditions={"dim": ("light", [0.5, 0.5])}).rename(columns={"actor": "who"})
    assert few(table, groups="who").loc["dim", "gap"] == pytest.approx(-0.5)
    again = table[table["condition"] == twice].head(1)
    if twice == "baseline":
        with pytest.raises(FerError, match=r"`answers`.*each act once at the baseline"):
            few(pd.concat([table, again]), groups="who")
        without = table[(table["condition"] == "baseline") | (table["clip"] != "c0") | (table["who"] != "p0")]
        with pytest.raises(FerError, match=r"`answers`.*each act once at the baseline"):
            few(pd.concat([without, again]), groups="who")
    unknown = again.assign(clip="c9", condition="dim")
    with pytest.raises(FerError, match=r"`answers`.*4 of 5 rows"):
        few(pd.concat([table, unknown]), groups="who")


def test_a_difference_is_the_second_less_the_first_on_the_same_picture_in_whatever_order():
    first = answers([[1, 0], [0, 1]], conditions={"dim": ("light", [0.25, 0.5])})
    second = answers([[0, 0], [1, 1]], conditions={"dim": ("light", [0.0, 0.0])}).iloc[::-1]
    made = difference(first, second).set_index(["actor", "clip", "condition"])["difference"]
    assert made["p0", "c0", "baseline"] == -1 and made["p1", "c0", "baseline"] == 1
    assert made["p0", "c0", "dim"] == -0.75 and made["p1", "c1", "dim"] == 0.5 and len(made) == 8
    seen = difference(first.assign(detected=1.0), second.assign(detected=0.0), outcome="detected")
    assert set(seen["difference"]) == {-1.0}
    for one, other in ((first, second.iloc[1:]), (first.iloc[1:], second), (pd.concat([first, first[:1]]), second),
                       (first, pd.concat([second, second[:1]]))):  # fmt: skip
        with pytest.raises(FerError, match=r"`(first|second)`"):
            difference(one, other)


# --- alarms without a cause --------------------------------------------------------------------------------


def test_of_audits_without_a_cause_alarms_and_finds_are_counted(monkeypatch):
    table = answers([[k / 10] for k in range(8)], conditions={"dim": ("light", [0.01 * k for k in range(8)])},
                    presentation=["female", "male"] * 4)  # fmt: skip
    one = auditing._Test
    verdicts = [
        [one(np.nan, np.nan, np.nan), one(0.5, 0.01, 0.3)],  # no alarm after the correction
        [one(np.nan, np.nan, np.nan), one(-0.02, 0.001, 0.01)],  # an alarm of a small gap
        [one(-0.5, 0.001, 0.01), one(0.0, 1.0, 1.0)],  # found
        [one(0.0, 1.0, 1.0), one(0.2, 0.001, 0.01)],  # found where 0.2 is enough
    ]
    seen = []

    def tested(values, comparisons, min_people, permutations, rng):
        seen.append((values, comparisons, min_people, permutations))
        return verdicts[(len(seen) - 1) % 4]

    monkeypatch.setattr(auditing, "_tested", tested)
    given = {"repeats": 4, "permutations": 33, "min_people": 3}
    assert false_alarms(table, **given) == {"repeats": 4, "alarms": 3, "share": 0.75, "found": 2}
    assert false_alarms(table, **given, min_gap=0.3)["found"] == 1
    assert false_alarms(table, **given, alpha=0.005)["alarms"] == 0
    # People's means are dealt anew, and each loss keeps its size and gets a sign of its own.
    values = np.arange(8) / 10
    for dealt, (_, female, male, dim), min_people, permutations in seen:
        assert (min_people, permutations) == (3, 33) and sorted(dealt) == pytest.approx(values)
        for row, inside in ((female, np.arange(8) % 2 == 0), (male, np.arange(8) % 2 == 1)):
            assert np.array_equal(row.values, dealt[inside]) and np.array_equal(row.rest, dealt[~inside])
        assert np.abs(dim.differences) == pytest.approx(0.01 * np.arange(8))
    orders = {tuple(dealt) for dealt, *_ in seen[:4]}
    assert len(orders) == 4 and tuple(values) not in orders
    signs = np.sign([comparisons[3].differences[1:] for _, comparisons, *_ in seen[:4]])
    assert len(np.unique(signs, axis=0)) > 1 and any(len(set(row)) == 2 for row in signs)
    assert [tuple(dealt) for dealt, *_ in seen[4:8]] == [tuple(dealt) for dealt, *_ in seen[:4]], "by the seed"
    seen.clear()
    false_alarms(table, **given, seed=1)
    assert not orders & {tuple(dealt) for dealt, *_ in seen}
