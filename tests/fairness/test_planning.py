"""The power of an audit against what a normal distribution says by hand."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from fer_utils.core.errors import FerError
from fer_utils.fairness import power

#: 999 people whose accuracies are as a normal distribution's, with a mean of 0.5 and a spread of 0.15.
PILOT = [NormalDist(0.5, 0.15).inv_cdf(k / 1000) for k in range(1, 1000)]


def by_hand(people, share, gap, level):
    inside = round(share * people)
    far = gap / (0.15 * np.sqrt(1 / inside + 1 / (people - inside)))
    z = NormalDist().inv_cdf(1 - level / 2)
    return NormalDist().cdf(far - z) + NormalDist().cdf(-far - z)


@pytest.mark.parametrize(
    "options, level",
    [
        ({"tests": 1}, 0.05),
        ({"tests": 10}, 0.005),
        ({"tests": 1, "alpha": 0.2}, 0.2),
        ({"tests": 4, "alpha": 0.2}, 0.05),
    ],
)
def test_power_is_that_of_a_two_sided_z_test_at_the_level_of_each_test(options, level):
    for people, share in ((300, 0.3), (400, 0.2)):
        for one in power(PILOT, share=share, people=[people], gaps=(0.0, 0.03, 0.06), repeats=10000, **options):
            wanted = by_hand(people, share, one["gap"], level)
            assert one["power"] == pytest.approx(wanted, abs=0.02), one
            assert one["gap"] or one["power"] == pytest.approx(level, abs=0.015)


def test_each_number_of_people_is_planned_with_each_gap_in_order():
    made = power(PILOT, share=0.3, tests=1, repeats=20)
    people, gaps = (24, 48, 96, 192, 240, 480), (0.05, 0.10, 0.15, 0.20)
    assert [(one["people"], one["gap"]) for one in made] == [(count, gap) for count in people for gap in gaps]
    assert all(set(one) == {"people", "gap", "power"} for one in made)


def test_repeats_and_seed_say_which_people_are_drawn_and_how_often():
    def made(**options):
        (one,) = power(PILOT, share=0.3, tests=1, people=(48,), gaps=(0.1,), **options)
        return one["power"]

    assert made() == made(seed=0, repeats=2000) and len({made(seed=seed) for seed in range(4)}) > 1
    assert (made(repeats=7) * 7) % 1 == pytest.approx(0, abs=1e-9)


def test_the_share_loses_the_gap_and_the_rest_does_not():
    """Nine of ten are as good as can be: two of them who lose the gap are about as good as the others on average."""
    (one,) = power([0.9] * 9 + [0.1], share=0.02, tests=1, people=(100,), gaps=(0.08,))
    assert one["power"] < 0.4


def test_the_spread_of_each_side_is_its_own():
    """Of two people it is hardly known: their difference is then often taken for more than it is."""
    (one,) = power(PILOT, share=0.02, tests=1, people=(100,), gaps=(0.0,), repeats=4000)
    assert one["power"] == pytest.approx(0.3, abs=0.05), "Student's distribution of one degree, beyond 1.96"


def test_between_people_who_are_all_alike_nothing_is_found_where_there_is_nothing():
    made = power([0.5, 0.5], share=0.3, tests=1, people=(10,), gaps=(0.0, 0.01), repeats=10)
    assert [one["power"] for one in made] == [0.0, 1.0]


def test_everybody_of_the_pilot_is_drawn():
    """Of two people of whom the last is never drawn, all would be alike, and any gap seen."""
    for values in ([0.0, 1.0], [1.0, 0.0]):
        (one,) = power(values, share=0.5, tests=1, people=(20,), gaps=(0.01,))
        assert one["power"] < 0.3


@pytest.mark.parametrize("share", [0.01, 0.99])
def test_two_people_are_the_least_on_either_side(share):
    (one,) = power(PILOT, share=share, tests=1, people=(10,), gaps=(2.0,))
    assert one["power"] > 0.9, "of one person nothing can be said"


@pytest.mark.parametrize(
    "change, named",
    [({"share": 1.0}, "share"), ({"share": 0}, "share"), ({"share": "half"}, "share"), ({"values": [0.5]}, "values"),
     ({"values": [0.5, np.nan]}, "values"), ({"values": [[0.5, 0.6]]}, "values"), ({"tests": 0}, "tests"),
     ({"people": (4, 3)}, "people")],
)  # fmt: skip
def test_what_cannot_be_planned_is_named(change, named):
    given = {"values": [0.5, 0.6, 0.7], "share": 0.3, "tests": 1, "people": (4,), "repeats": 5} | change
    with pytest.raises(FerError, match=f"`{named}`"):
        power(given.pop("values"), **given)
