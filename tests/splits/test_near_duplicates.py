"""The search for near-duplicates: its limits, and which of several answers is given where they are alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fer_utils.splits import likeness, near_duplicates


def looks_of(names, seed=0):
    """Pictures that are alike to the last digit where the letter is the same, and copies where the whole name is."""
    rng = np.random.default_rng(seed)
    drawn = {}
    for name in names:
        if name[0] not in drawn:
            drawn[name[0]] = rng.normal(size=(16, 16)), rng.normal(size=(48, 48))
    coarse, fine = (np.array([drawn[name[0]][which] for name in names]) for which in (0, 1))
    return likeness.Looks(coarse.astype(np.float32), fine.astype(np.float16), np.array(names, "U24"))


def blended(shares, seed=0):
    """A picture, and it with more and more of another one in it."""
    rng = np.random.default_rng(seed)
    fine = rng.normal(size=(2, 48, 48))
    mixed = np.array([(1 - share) * fine[0] + share * fine[1] for share in shares])
    coarse = np.repeat(rng.normal(size=(1, 16, 16)), len(mixed), axis=0)
    return likeness.Looks(coarse.astype(np.float32), mixed.astype(np.float16), np.arange(len(mixed)).astype("U24"))


def test_the_limit_that_is_documented_is_the_one_that_is_used():
    seen = blended(np.linspace(0, 0.4, 25))
    all_of_them = near_duplicates.find(seen, least=0.8, progress=False)
    found = near_duplicates.find(seen, progress=False)
    assert found.equals(all_of_them[all_of_them["likeness"] >= 0.96].reset_index(drop=True))
    for low, high in ((0.955, 0.96), (0.96, 0.965)):
        assert all_of_them["likeness"].between(low, high).any(), "pairs on either side of the limit"


def test_a_pair_at_the_limit_is_found():
    pair = blended([0, 0.1])
    value = near_duplicates.find(pair, least=0.8, progress=False)["likeness"][0]
    assert len(near_duplicates.find(pair, least=value, progress=False)) == 1 > value


def test_blocks_of_rows_and_of_columns_may_differ(monkeypatch):
    seen = looks_of([f"A{row}" for row in range(12)])
    for rows, columns in ((2, 5), (5, 2), (3, 4)):
        monkeypatch.setattr(near_duplicates, "_ROWS", rows)
        monkeypatch.setattr(near_duplicates, "_COLUMNS", columns)
        pairs = near_duplicates.find(seen, progress=False)
        assert list(zip(pairs["first"], pairs["second"], strict=True)) == [
            (first, second) for first in range(12) for second in range(first + 1, 12)
        ]


def test_pairs_are_sought_from_a_coarse_correlation_of_072_on():
    """Pictures that are one but for their coarse ones, which correlate by 0.7 to 0.74."""
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 16, 16))
    still = likeness.windows(np.array([one, other], np.float32)).astype(float)
    assert abs(still[0] @ still[1]) < 0.15
    coarse = np.array([one, *((1 - share) * one + share * other for share in np.linspace(0.4, 0.6, 60))], np.float32)
    fine = np.repeat(rng.normal(size=(1, 48, 48)), len(coarse), axis=0).astype(np.float16)
    seen = likeness.Looks(coarse, fine, np.arange(len(coarse)).astype("U24"))
    windows = likeness.windows(seen.coarse).astype(float)
    alike = windows @ windows[0]
    assert ((alike > 0.70) & (alike < 0.715)).any() and ((alike > 0.725) & (alike < 0.74)).any()
    found = near_duplicates.nearest(seen, [0], np.arange(1, len(coarse)), progress=False)["test_row"].to_numpy()
    sure = np.flatnonzero(np.abs(alike - 0.72) > 1e-4)
    assert (np.isin(sure, found) == (alike[sure] > 0.72))[1:].all()


@pytest.mark.parametrize("down, right", [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_picture_that_lies_a_cell_beside_is_found(down, right, mirrored):
    rng = np.random.default_rng(0)
    coarse = rng.normal(size=(1, 16, 16)).astype(np.float32)
    fine = rng.normal(size=(1, 48, 48)).astype(np.float16)
    moved, again = np.roll(coarse, (down, right), (1, 2)), fine
    if mirrored:
        moved, again = moved[:, :, ::-1], fine[:, :, ::-1]
    seen = likeness.Looks(np.concatenate([coarse, moved]), np.concatenate([fine, again]), np.array(["a", "b"]))
    found = near_duplicates.find(seen, progress=False)
    assert found[["first", "second", "mirrored"]].values.tolist() == [[0, 1, mirrored]]
    assert found["likeness"][0] == pytest.approx(1, abs=1e-3) and found["likeness"][0] <= 1


@pytest.mark.parametrize("block", [1, 2, 1000])
def test_of_several_as_close_the_first_is_named(monkeypatch, block):
    for name in ("_ROWS", "_COLUMNS", "_PAIRS"):
        monkeypatch.setattr(near_duplicates, name, block)
    seen = looks_of(["A1", "A2", "A3", "A1", "B1", "A2", "A4"])
    closest = near_duplicates.nearest(seen, [5, 3, 1], [6, 2], progress=False)
    assert closest[["test_row", "train_row", "others", "mirrored"]].values.tolist() == [
        [6, 1, 2, False],
        [2, 1, 2, False],
    ]
    # 0 is the first of its copies, and is not trained on: its copy 3 comes after 2
    closest = near_duplicates.nearest(seen, [3, 2], [6], progress=False)
    assert closest[["test_row", "train_row", "others"]].values.tolist() == [[6, 2, 1]]


def test_rows_are_answered_in_the_order_asked_and_counted_once():
    seen = looks_of(["A1", "B1", "A2", "B1", "C1", "A2"])
    closest = near_duplicates.nearest(seen, [3, 0, 0, 2, 4], [5, 1, 5], progress=False)
    assert closest[["test_row", "train_row", "likeness", "others"]].values.tolist() == [
        [5, 0, 1, 1],
        [1, 3, 1, 0],
        [5, 0, 1, 1],
    ]


def test_a_symmetric_picture_is_not_called_mirrored():
    rng = np.random.default_rng(0)
    coarse, fine = rng.normal(size=(1, 16, 16)), rng.normal(size=(1, 48, 48))
    coarse, fine = coarse + coarse[:, :, ::-1], fine + fine[:, :, ::-1]
    seen = likeness.Looks(
        np.repeat(coarse, 2, axis=0).astype(np.float32),
        np.repeat(fine, 2, axis=0).astype(np.float16),
        np.array(["a", "b"]),
    )
    assert near_duplicates.find(seen, progress=False)["mirrored"].tolist() == [False]


def test_the_widest_and_the_narrowest_limit_are_taken():
    seen = looks_of(["A1", "A1", "B1"])
    for least in (0.8, 1, np.float32(1)):
        assert near_duplicates.find(seen, least=least, progress=False)[["first", "second"]].values.tolist() == [[0, 1]]


def test_as_many_pairs_as_may_be_are_no_error(monkeypatch):
    assert near_duplicates.MOST_PAIRS == 5_000_000, "as the docstrings say"
    monkeypatch.setattr(near_duplicates, "MOST_PAIRS", 3)
    seen = looks_of(["A1", "A2", "A3"])
    assert len(near_duplicates.find(seen, progress=False)) == 3


def test_groups_are_joined_through_others_and_sorted():
    pairs = {"first": [7, 5, 1, 0, 2], "second": [8, 7, 9, 9, 3]}
    assert near_duplicates.groups(pd.DataFrame(pairs)) == [[0, 1, 9], [2, 3], [5, 7, 8]]
