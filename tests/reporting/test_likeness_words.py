"""What the appendix on drawn and real acting says, and which of its sentences the numbers choose."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fer_utils.core import labels
from fer_utils.reporting import likeness_words, literature
from fer_utils.studies import difficulty
from fer_utils.studio import likeness


def report(*, real=(60, 50, 90, 55), drawn=(61, 52, 88, 57), wide=1.0):
    keys = ("clips", "actors", "twins", "known_actors")
    same = dict.fromkeys(likeness.UNITS, 0.4)
    spread = same | {likeness.UNITS[0]: 0.4 * wide}
    return {
        "profiles": {"happy": 0.99, "sad": 0.81},
        "spreads": {
            "real": {"between": same, "within": dict.fromkeys(likeness.UNITS, 0.2)},
            "drawn": {"between": spread, "within": dict.fromkeys(likeness.UNITS, 0.1)},
        },
        "svm": {"real": dict(zip(keys, real, strict=True)), "drawn": dict(zip(keys, drawn, strict=True))},
    }


def test_a_profile_is_the_mean_over_intensities():
    measured = {"mean": {label: {"1": [1.0] * 17, "2": [3.0] * 17} for label in labels.RAVDESS}}
    table = likeness_words.profiles(measured)
    assert table.shape == (8, 17) and (table == 2).all(axis=None)


def test_the_lowest_and_the_highest_profile_are_told_and_called_fitted():
    words = likeness_words.profiles_in_words(report())
    assert "0.81 at least (sad) and 0.99 at most" in words and "were fitted" in words


def test_spreads_outside_the_factor_are_named():
    words = likeness_words.spreads_in_words(likeness_words.spreads(report(wide=1.2)))
    assert "Of 34 spreads 17 lie outside a factor of 1.5" in words  # within an actor they are half as large
    assert "real people is 2.0 times" in words and "drawn people 4.0 times" in words
    assert f"AU {likeness.UNITS[0]} (between actors)" in likeness_words.spreads_in_words(
        likeness_words.spreads(report(wide=1.6))
    )


def test_one_spread_lies_and_several_lie_outside():
    words = likeness_words.spreads_in_words({"between actors": {1: (1.0, 2.0)}, "within an actor": {1: (1.0, 1.0)}})
    assert "Of 2 spreads 1 lies outside a factor of 1.5: AU 1 (between actors)." in words


def test_the_bars_are_shares_and_the_moral_is_chosen_by_the_gap_of_both_sides():
    assert likeness_words.machine_bars(report())["actors apart"] == {"real actors": 0.5, "drawn actors": 0.52}
    assert "which clips may stand on both sides" in likeness_words.machine_in_words(report())
    assert "hardly matters" in likeness_words.machine_in_words(report(drawn=(50, 50, 53, 50)))


def test_shares_are_of_the_rows_of_the_labels_that_are_asked_for():
    counts = pd.DataFrame([[3, 1, 9], [0, 2, 9], [9, 9, 9]], list("abc"), list("abc"))
    assert likeness_words.shares(counts, ["a", "b"]).to_numpy().tolist() == [[0.75, 0.25], [0, 1]]


def people():
    votes = literature.crema_d_votes()
    return likeness_words.shares(votes, votes.index)


@pytest.mark.parametrize("own, word", [(True, "did not judge the same clips"), (False, "no nearer")])
def test_whose_errors_the_machines_resemble_is_chosen_by_the_correlations(own, word):
    other = people().iloc[::-1, ::-1].set_axis(people().index).set_axis(people().columns, axis=1)
    drawn, real = (other, other) if own else (people(), other)
    tables = {likeness_words.PEOPLE: people(), likeness_words.REAL: real, likeness_words.DRAWN: drawn}
    words = likeness_words.confusions_in_words(tables)
    assert word in words and "sad taken for neutral: 40.9 %" in words and "30 ways" in words
    assert likeness_words.error_correlation(other, other) == pytest.approx(1)


@pytest.mark.parametrize("share, word", [(0.16, "matches the real one"), (0.02, "does not match")])
def test_neutral_taken_for_calm_is_compared(monkeypatch, share, word):
    real = likeness_words.real_counts()
    counts = pd.DataFrame(np.eye(8), labels.RAVDESS, labels.RAVDESS)
    counts.loc["neutral", ["neutral", "calm"]] = 1 - share, share
    monkeypatch.setattr(likeness_words.likeness, "svm_confusion", lambda table: counts)
    assert word in likeness_words.calm_in_words([None])
    assert list(likeness_words.confusions([None])) == [
        likeness_words.PEOPLE,
        likeness_words.REAL,
        likeness_words.DRAWN,
    ]
    assert list(real.index) == list(labels.RAVDESS)


@pytest.mark.parametrize(
    "units, readings, word",
    [
        (0.901, 0.5, "nearly all"),
        (0.899, 0.5, "a part lies in the acting"),
        (0.7, 0.57, "a part lies in the acting"),
        (0.5, 0.6, "nothing"),
    ],
)
def test_what_the_readers_errors_cost(units, readings, word):
    assert word in likeness_words.true_units_in_words(units, readings)


def test_the_stored_trainings_are_told_with_their_numbers():
    kept = difficulty.stored()
    by = {row["question"]: row for row in kept["rows"]}
    said = " ".join(likeness_words.difficulty_in_words(kept))
    for question in ("RAVDESS, people unseen", "RAVDESS, frames at random", "MEAD, people unseen"):
        assert f"{100 * by[question]['value']:.1f} %" in said
    assert likeness_words.difficulty_bars(kept)["RAVDESS, people unseen"]["low"] == by["RAVDESS, people unseen"]["low"]
    assert f"{sum(row['minutes'] for row in kept['rows']):.0f} minutes" in likeness_words.difficulty_caption(kept)
    harder = kept | {
        "rows": [row | ({"value": 0.2} if row["question"].startswith("MEAD") else {}) for row in kept["rows"]]
    }
    assert "so no verdict" in " ".join(likeness_words.difficulty_in_words(harder))
    assert "trial of ours" not in " ".join(likeness_words.difficulty_in_words(kept)), "a number that nobody can check"


def test_the_networks_errors_are_shares_of_rows_and_its_pairs_have_their_places():
    kept = difficulty.stored()
    table = likeness_words.network_confusion(kept)
    assert np.allclose(table.sum(axis=1), 1)
    said = " ".join(likeness_words.network_in_words(kept))
    assert "fearful and surprised in" in said and "of 28 places" in said and "rank correlation" in said


def test_the_other_accuracies_of_chapter_6_are_explained_by_the_number_of_images():
    rows = [
        {"unit": unit, "twins": twins, "accuracy": {"value": value}, "train_images": images}
        for unit, twins, value, images in (
            ("actor", False, 0.512, 1200),
            ("actor", True, 0.523, 2400),
            ("frame", False, 0.734, 1200),
        )
    ]
    split = {"rows": rows, "epochs": 6, "model": "ding2023"}
    said = likeness_words.beside_chapter_6(difficulty.stored(), split)
    assert all(words in said for words in ("prints 51.2 %", "73.4 % with frames at random", "1,200 images", "6,912"))
    assert likeness_words.beside_chapter_6(difficulty.stored(), split | {"epochs": 7}) == ""
    assert likeness_words.beside_chapter_6(difficulty.stored(), split | {"model": "nano"}) == ""
