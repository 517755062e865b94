"""Planted marks by hand: where each is, whose it is, and what a verdict rests on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fer_utils import metrics
from fer_utils.core.errors import FerError
from fer_utils.explain import scored, shortcuts
from fer_utils.faces import FaceSet


@pytest.mark.parametrize("size, first, side", [(180, 4, 18), (60, 1, 6), (48, 1, 5), (20, 1, 2), (150, 3, 15)])
def test_the_corner_is_a_tenth_of_the_side_and_a_fiftieth_from_the_edges(size, first, side):
    mask = shortcuts.shortcut_mask("corner", size, classes=3)
    down, across = np.nonzero(mask)
    assert (down.min(), down.max(), across.min(), across.max()) == (first, first + side - 1) * 2
    assert mask.sum() == side**2 and mask.shape == (size, size)


def test_a_corners_grey_level_is_the_middle_of_its_labels_part():
    pictures = np.zeros((4, 20, 20, 1), np.uint8)
    made = shortcuts.mark(pictures, [0, 1, 2, 3], "corner", classes=4)
    assert made[:, 1, 1, 0].tolist() == [32, 96, 159, 223] and not pictures.any()
    assert shortcuts.mark(pictures[:2], [0, 7], "corner")[:, 1, 1, 0].tolist() == [16, 239], "eight labels"
    shortcuts.mark(pictures, [127] * 4, "corner", classes=128)
    for classes in (1, 129):
        with pytest.raises(FerError, match="`classes`"):
            shortcuts.mark(pictures, [0] * 4, "corner", classes=classes)


def disc(place, radius, size=100):
    down, across = np.mgrid[:size, :size]
    return (across - place[0] * (size - 1)) ** 2 + (down - place[1] * (size - 1)) ** 2 <= (radius * size) ** 2


def test_a_label_has_one_spot_more_than_its_number_dark_in_a_light_ring():
    pictures = np.full((10, 100, 100), 128, np.uint8)
    made = shortcuts.mark(pictures, np.arange(10), "dots", classes=10)
    for number in range(10):
        wanted = pictures[0].copy()
        for place in shortcuts.PLACES[: number + 1]:
            wanted[disc(place, 0.028)] = 235
            wanted[disc(place, 0.018)] = 20
        assert np.array_equal(made[number], wanted), number
    for classes in (2, 5, 10):
        rings = np.any([disc(place, 0.028) for place in shortcuts.PLACES[:classes]], axis=0)
        assert np.array_equal(shortcuts.shortcut_mask("dots", 100, classes=classes), rings)
    assert np.array_equal(
        shortcuts.shortcut_mask("dots", 100), shortcuts.shortcut_mask("dots", 100, classes=8)
    ) and shortcuts.shortcut_mask("corner").shape == (180, 180)


def test_spots_lie_on_forehead_cheeks_and_chin_and_none_upon_another():
    assert shortcuts.PLACES[:8] == (
        (0.50, 0.08), (0.30, 0.10), (0.70, 0.10), (0.22, 0.52), (0.78, 0.52), (0.28, 0.68), (0.72, 0.68), (0.50, 0.94),
    )  # fmt: skip
    assert np.sum([disc(place, 0.028) for place in shortcuts.PLACES], axis=0).max() == 1


def test_the_smallest_spot_is_still_a_spot():
    made = shortcuts.mark(np.full((1, 20, 20), 128, np.uint8), [0], "dots", classes=2)
    assert (made == 20).sum() >= 2, "of a radius of one pixel or more"


@pytest.mark.parametrize("agreement, own", [(0.5, 4), (0.45, 4), (0.3, 2), (1 / 3, 3)])
def test_the_rows_that_keep_their_own_mark_are_counted_and_rounded(agreement, own):
    numbers = np.array([0, 1, 2] * 3)[:8]
    made = shortcuts.marks(numbers, 3, agreement=agreement)
    assert (made == numbers).sum() == own == round(agreement * 8) and made.dtype == np.int64
    drawn = {tuple(shortcuts.marks(numbers, 3, agreement=agreement, seed=seed) == numbers) for seed in range(9)}
    assert len(drawn) > 3, "which rows these are is drawn"
    assert np.array_equal(made, shortcuts.marks(numbers, 3, agreement=agreement, seed=0))


def test_without_a_word_each_row_has_its_own_mark_and_others_are_any_of_the_others():
    numbers = np.zeros(300, int)
    assert np.array_equal(shortcuts.marks(numbers, 4), numbers)
    assert set(shortcuts.marks(numbers, 4, agreement=0.0)) == {1, 2, 3}


def a_set(path, labels=("sad", "angry"), dataset="ravdess", count=12):
    meta = pd.DataFrame({
        "dataset": dataset, "clip": [f"c{k}" for k in range(count)], "actor": "a",
        "expression": [labels[k % len(labels)] for k in range(count)],
    })  # fmt: skip
    pictures = np.random.default_rng(0).integers(40, 60, (count, 30, 30), np.uint8)
    problems = pd.DataFrame([{"path": "x", "stage": "detect", "kind": "no face", "problem": "none", "action": "left"}])
    return FaceSet.save(pictures, meta, path, problems)


def test_numbers_are_those_of_the_data_sets_own_labels_whether_all_are_there_or_not(tmp_path):
    numbers, names = shortcuts.targets(a_set(tmp_path / "one"))
    assert names[:2] == ("neutral", "calm") and len(names) == 8
    assert [names[k] for k in numbers[:2]] == ["sad", "angry"] and numbers.dtype == np.int64
    mixed = a_set(tmp_path / "two", dataset=["ravdess", "savee"] * 6)
    numbers, names = shortcuts.targets(mixed)
    assert set(names) == {"sad", "angry"} and [names[k] for k in numbers[:2]] == ["sad", "angry"]


def test_a_planted_set_keeps_its_report_and_follows_its_seed_and_its_own_folder(tmp_path):
    plain = a_set(tmp_path / "plain")
    made = [shortcuts.plant(plain, tmp_path / f"s{seed}", "dots", agreement=0.5, seed=seed) for seed in (0, 1)]
    assert not np.array_equal(made[0].images, made[1].images)
    assert len(made[0].problems) == 1 and made[0].problems["kind"].iloc[0] == "no face"
    again = shortcuts.plant(plain, tmp_path / "s0", "dots", agreement=0.5)
    assert np.array_equal(again.images, made[0].images)
    renamed = FaceSet(plain.path, plain.images, plain.meta.assign(clip="other"), plain.problems, plain.manifest)
    for other, kind in ((renamed, "dots"), (plain, "corner")):
        with pytest.raises(FerError, match="`out_dir`"):
            shortcuts.plant(other, tmp_path / "s0", kind, agreement=0.5)


@pytest.mark.parametrize("labels", [("sad",), ("bored",)])
def test_one_label_carries_no_mark_however_many_the_data_set_has(tmp_path, labels):
    plain = a_set(tmp_path / "plain", labels, dataset="ravdess" if labels == ("sad",) else "folder")
    with pytest.raises(FerError, match=r"`face_set`.*two expressions"):
        shortcuts.plant(plain, tmp_path / "out", "corner")


# --- verdicts ---------------------------------------------------------------------------------------------

NUMBERS, PEOPLE = np.arange(40) % 4, np.arange(40) // 8
WRONG = (NUMBERS + 1) % 4


def answers(without=1.0, exchanged=1.0):
    """All are right with their own mark; of each person the first so many without it, and with another's."""
    place = np.arange(40) % 8
    return {
        "with": NUMBERS,
        "without": np.where(place < 8 * without, NUMBERS, WRONG),
        "exchanged": np.where(place < 8 * exchanged, NUMBERS, WRONG),
        "other": WRONG,
    }


def attribution(low, value=3.0):
    return {"lift": {"value": value, "low": low, "high": 9.0}}


@pytest.mark.parametrize(
    "lift, found, options, verdict",
    [
        (attribution(2.01), answers(without=0.5), {}, "caught, and the map shows it"),
        (attribution(2.0), answers(without=0.5), {}, "caught, and the map has missed it"),
        (attribution(2.01), answers(exchanged=0.5), {}, "caught, and the map shows it"),
        (attribution(2.01), answers(), {}, "suspected by the map, and not proved"),
        (attribution(2.01), answers(), {"lift": 2.5}, "nothing found"),
        (attribution(1.6), answers(), {}, "nothing found"),
        (attribution(1.6), answers(), {"lift": 1.5}, "suspected by the map, and not proved"),
        (attribution(None, 2.01), answers(), {}, "suspected by the map, and not proved"),
        ({"lift": None}, answers(without=0.5), {}, "caught, and the map has missed it"),
        (attribution(0.5), answers(without=0.875), {}, "caught, and the map has missed it"),  # an eighth is lost
        (attribution(0.5), answers(without=0.875), {"drop": 0.125}, "nothing found"),
    ],
)
def test_a_verdict_rests_on_the_lower_end_of_the_lift_and_of_the_larger_loss(lift, found, options, verdict):
    made = shortcuts.judged(lift, found, NUMBERS, PEOPLE, **options)
    assert made["verdict"] == verdict and made["caught"] == made["proved"] == verdict.startswith("caught")
    assert made["suspected"] == ("shows" in verdict or "suspected" in verdict) and made["attribution"] is lift


def test_one_person_decides_by_the_value_itself_and_among_many_the_lower_end_does():
    first = np.arange(40) < 8
    found = answers() | {"without": np.where(first, WRONG, NUMBERS)}  # one of five people relies on the mark
    many = shortcuts.judged({"lift": None}, found, NUMBERS, PEOPLE)
    assert many["drop"]["value"] == pytest.approx(0.2) and many["drop"]["low"] <= 0.05 and not many["caught"]
    alone = shortcuts.judged({"lift": None}, found, NUMBERS, ["a"] * 40)
    assert alone["drop"]["low"] is None and alone["caught"]
    assert shortcuts.judged({"lift": None}, answers(), NUMBERS, ["a"] * 40)["verdict"] == "nothing found"


def test_each_number_of_a_verdict_is_under_its_own_name_with_the_seed_of_its_interval():
    draws = np.random.default_rng(0).random((2, 40))
    found = answers() | {"without": np.where(draws[0] < 0.7, NUMBERS, WRONG)}
    found["exchanged"] = np.where(draws[1] < 0.2, NUMBERS, np.where(draws[1] < 0.4, (NUMBERS + 2) % 4, WRONG))
    right = {name: (found[name] == NUMBERS).astype(float) for name in ("with", "without", "exchanged")}
    for seed in (0, 5):
        made = shortcuts.judged({"lift": None}, found, NUMBERS, PEOPLE, seed=seed)
        mean = lambda values, seed=seed: metrics.average(values, PEOPLE.astype(str), seed=seed)  # noqa: E731
        assert made["accuracy"] == {name: mean(values) for name, values in right.items()}
        assert made["drop"] == mean(right["with"] - right["without"])
        assert made["exchange_drop"] == mean(right["with"] - right["exchanged"])
        assert made["follows"] == mean((found["exchanged"] == found["other"]).astype(float))
    assert made != shortcuts.judged({"lift": None}, found, NUMBERS, PEOPLE)
    with pytest.raises(FerError, match=r"`found`.*40 answers"):
        shortcuts.judged({"lift": None}, found | {"other": WRONG[:39]}, NUMBERS, PEOPLE)


def test_maps_are_scored_and_judged_with_the_same_seed_and_limits():
    rng = np.random.default_rng(1)
    maps, mask, found = rng.random((40, 20, 20)), shortcuts.shortcut_mask("corner", 20), answers(without=0.5)
    for options in ({}, {"seed": 4}, {"lift": 0.1}, {"drop": 0.9}):
        made = shortcuts.caught(maps, mask, found, NUMBERS, PEOPLE, **options)
        seed = options.get("seed", 0)
        lift = scored(maps, mask, PEOPLE, seed=seed)
        assert made == shortcuts.judged(lift, found, NUMBERS, PEOPLE, **options)
    assert not shortcuts.caught(maps, mask, found, NUMBERS, PEOPLE)["suspected"]
    assert shortcuts.caught(maps, mask, found, NUMBERS, PEOPLE, lift=0.1)["suspected"]
    assert not shortcuts.caught(maps, mask, found, NUMBERS, PEOPLE, drop=0.9)["caught"]


@pytest.mark.parametrize("seed", [0, 3])
def test_the_same_faces_are_asked_about_with_their_own_mark_with_none_and_with_anothers(seed):
    pictures = np.full((8, 20, 20, 1), 50, np.uint8)
    numbers, shown = np.arange(8) % 4, []

    def model(given):
        shown.append(np.array(given))
        return np.eye(4)[(np.round(given[:, 1, 1, 0] / 255 * 4 - 0.5)).astype(int)]

    found = shortcuts.counterfactual(model, pictures, numbers, "corner", classes=4, seed=seed)
    others = shortcuts.marks(numbers, 4, agreement=0.0, seed=seed)
    assert found["other"].tolist() == others.tolist() and (others != numbers).all()
    assert found["with"].tolist() == numbers.tolist() and found["exchanged"].tolist() == others.tolist()
    assert found["without"].tolist() == [0] * 8, "the level of the faces themselves"
    assert np.array_equal(np.concatenate(shown[1:2]), pictures) and found["with"].dtype == np.int64
