"""Scores of heat maps, and maps laid over pictures, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from fer_utils import explain, metrics
from fer_utils.core.errors import FerError


def test_a_share_is_of_the_positive_part_of_each_map_in_its_own_mask():
    maps = np.array([[[4, -8], [1, 3]], [[1, 1], [1, 1]]], float)
    masks = np.array([[[True, True], [False, False]], [[True, False], [False, False]]])
    found = explain.share(maps, masks)
    assert found["share"].tolist() == [0.5, 0.25] and found["chance"].tolist() == [0.5, 0.25]
    assert found["lift"].tolist() == [1, 1]
    one = explain.share(maps, masks[1])  # one mask for all
    assert one["share"].tolist() == [0.5, 0.25] and one["chance"].tolist() == [0.25, 0.25]
    assert one["lift"].tolist() == [2, 1]


@pytest.mark.parametrize(
    "values, masked, hit",
    [
        ([5, 1, 0, -9], [0], 1.0),  # the largest, and not the one that is farthest from nothing
        ([5, 1, 0, -9], [3], 0.0),
        ([5, 5, 5, 0], [0, 1], 2 / 3),
        ([0, 0, 0, 0], [0], np.nan),
        ([-1, -2, -3, -4], [0], np.nan),
        ([5, 1, 0, 0], [], np.nan),
    ],
)
def test_pointing_asks_where_the_largest_value_is(values, masked, hit):
    maps, mask = np.array(values, float).reshape(1, 2, 2), np.zeros(4, bool)
    mask[masked] = True
    assert explain.pointing(maps, mask.reshape(2, 2)).tolist() == pytest.approx([hit], nan_ok=True)


def test_a_summary_has_each_mean_over_groups_and_the_ratio_of_the_means():
    rng = np.random.default_rng(0)
    found = {name: rng.uniform(0.1, 0.4, 24) for name in ("share", "chance", "pointing")}
    found["share"][[3, 4]] = found["chance"][4] = found["pointing"][[3, 4]] = np.nan  # no map; no mask either
    found["lift"] = found["share"] / found["chance"]
    people, kept = (np.arange(24) // 3).astype(str), np.delete(np.arange(24), [3, 4])
    made = explain.summary(found, people, seed=3)
    assert (made["n"], made["unmapped"], made["unmasked"]) == (22, 1, 1)
    for name in ("share", "chance", "pointing"):
        assert made[name] == metrics.average(found[name][kept], people[kept], seed=3, bounds=(0.0, 1.0))
    weights = found["chance"][kept]
    assert made["lift"] == metrics.average(found["lift"][kept], people[kept], weights, seed=3, bounds=(0.0, np.inf))
    assert made["lift"]["value"] == pytest.approx(found["share"][kept].sum() / weights.sum())
    other = explain.summary(found, people, seed=4)
    assert other["share"]["value"] == made["share"]["value"] and other != made
    with pytest.raises(FerError, match=r"`groups`.*24"):
        explain.summary(found, people[:23])


def test_maps_are_scored_with_the_seed_and_the_people_that_are_given():
    rng = np.random.default_rng(0)
    maps, masks, people = rng.uniform(-1, 1, (9, 4, 4)), rng.random((9, 4, 4)) < 0.4, np.arange(9) // 2
    found = {**explain.share(maps, masks), "pointing": explain.pointing(maps, masks)}
    made = [explain.scored(maps, masks, people, seed=seed) for seed in range(3)]
    assert made == [explain.summary(found, people, seed=seed) for seed in range(3)]
    assert made[0] != made[1] and explain.scored(maps, masks, people) == made[0]


@pytest.mark.parametrize(
    "maps, masks, named",
    [(np.zeros((2, 2)), np.ones((2, 2), bool), "maps"), (np.full((1, 2, 2), np.nan), np.ones((2, 2), bool), "maps"),
     (np.zeros((1, 2, 2)), np.ones((2, 2)), "masks"), (np.zeros((1, 2, 3)), np.ones((3, 2), bool), "masks"),
     (np.zeros((3, 2, 2)), np.ones((1, 2, 2), bool), "masks")],
)  # fmt: skip
def test_maps_and_masks_that_do_not_fit_are_named(maps, masks, named):
    for score in (explain.share, explain.pointing):
        with pytest.raises(FerError, match=f"`{named}`"):
            score(maps, masks)


# --- maps laid over pictures ------------------------------------------------------------------------------


def test_a_map_goes_from_nothing_over_orange_to_yellow():
    picture = np.array([[100, 100, 101, 40]], np.uint8)
    made = explain.overlaid(picture, np.array([[-3.0, 0.0, 1.0, 2.0]]))
    orange, yellow = np.array([213, 94, 0]), np.array([255, 240, 90])
    half = 0.575 * 101 + 0.425 * (orange + yellow) / 2
    full = 0.15 * 40 + 0.85 * yellow
    assert made.dtype == np.uint8 and made[0, :2].tolist() == [[100] * 3] * 2
    assert made[0, 2:].tolist() == np.rint([half, full]).astype(int).tolist()
    assert np.array_equal(explain.overlaid(picture[..., None], np.array([[-3.0, 0.0, 1.0, 2.0]])), made)


def test_yellow_is_what_is_said_to_be_the_most():
    picture, heat = np.full((1, 3), 100, np.uint8), np.array([[1.0, 2.0, 8.0]])
    made = explain.overlaid(picture, heat, most=4.0)
    assert np.array_equal(made[0, 2], explain.overlaid(picture, heat)[0, 2]), "more than the most is the most"
    assert np.array_equal(made[0, :2], explain.overlaid(picture, heat / 4, most=1.0)[0, :2])
    assert (explain.overlaid(picture, heat, most=0.0) == 100).all()


def test_outside_a_mask_a_picture_is_dimmed_to_a_third_and_a_little():
    picture, mask = np.array([[200, 200], [9, 10]], np.uint8), np.array([[True, False], [False, True]])
    made = explain.outlined(picture, mask)
    assert made.shape == (2, 2, 3) and made.dtype == np.uint8
    assert made[..., 0].tolist() == made[..., 2].tolist() == [[200, 70], [3, 10]]
