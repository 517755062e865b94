"""Tools against overfitting and the number of people: who learns, validates and tests, and what is compared."""

from __future__ import annotations

import json

import keras
import numpy as np
import pandas as pd
import pytest

from fer_utils.core.errors import FerError
from fer_utils.studies import followed_trainings, number_of_people, overfitting_tools
from fer_utils.studies.followed_trainings import Asked, Tools, followed, network
from fer_utils.studies.training_records import Records

CHECKS = 3
(ALL_TOOLS,) = overfitting_tools.ROWS["all together"]


def pretended(losses=None, rights=None):
    """A training that costs nothing: validation losses by tools, right pictures (of 10) by tools, data and check."""
    asked_for = []

    def train(asked, images, labels, people, rows):
        asked_for.append((asked, {name: set(people[some]) for name, some in rows.items()}, rows))
        falling = (losses or {}).get(asked.tools, [3.0, 1.0, 2.0])
        right = rights or (lambda tools, data, check: 5)
        everybody = sorted(set(people[rows["test"]]))
        return {
            "key": followed_trainings.key(asked),
            "configuration": asked.configuration(),
            "stages": asked.stages(),
            "curves": {name: {"accuracy": [0.3, 0.6, 0.95], "loss": falling} for name in rows},
            "by_person": {
                name: [right(asked.tools, dict(asked.data), check) for check in range(CHECKS)] for name in everybody
            },
            "all": dict.fromkeys(everybody, 10),
            "train_images": len(rows["train"]),
            "parameters": 7,
            "processor_minutes": 0.5,
        }

    return train, asked_for


class FewFaces:
    """In the place of the drawn set: six frames of a clip, a clip a label and person."""

    def __init__(self, people=12):
        rows = [
            {"dataset": "ravdess", "actor": f"{who:02d}", "expression": label, "frame": frame, "clip": f"{who}-{label}"}
            for who in range(people)
            for label in ("happy", "sad")
            for frame in range(6)
        ]
        self.meta = pd.DataFrame(rows)
        self.images = np.arange(len(rows), dtype=np.uint8)[:, None, None, None] * np.ones((1, 48, 48, 1), np.uint8)


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(overfitting_tools.Data, "load", lambda data, progress=True: FewFaces())


def answered(monkeypatch, tmp_path, rounds=1, **options):
    train, asked_for = pretended(**options)
    monkeypatch.setattr(overfitting_tools, "followed", train)
    found = overfitting_tools.answer("smoke", records=Records("x", tmp_path), rounds=rounds, progress=False)
    return found, asked_for


def test_nobody_is_in_two_sets_and_everybody_tests_once_a_round(few, monkeypatch, tmp_path):
    found, asked_for = answered(monkeypatch, tmp_path, rounds=2)
    for _, sets, rows in asked_for:
        assert len(sets["train"] | sets["validation"] | sets["test"]) == sum(map(len, sets.values())) == 12
        assert all(len(some) % 4 == 0 for some in rows.values()), "two frames of two clips of each person"
    plain = [(one, sets) for one, sets, _ in asked_for if one.tools == Tools()]
    assert len({one.seed for one, _ in plain}) == len(plain) == 2 * overfitting_tools.FOLDS
    tested = [name for _, sets in plain for name in sets["test"]]
    assert sorted(tested) == sorted(2 * [f"{who:02d}" for who in range(12)])
    json.dumps(found, allow_nan=False)
    assert found["people"] == 12 and [one["tool"] for one in found["comparisons"]] == [
        "augmentation",
        "L2",
        "L1",
        "dropout",
        "all together",
        "early stopping",
    ]


def test_validation_chooses_the_strength_and_where_early_stopping_stops(few, monkeypatch, tmp_path):
    low, high = overfitting_tools.ROWS["L2"]

    def rights(tools, data, check):
        if tools == Tools():
            return (2, 8, 4)[check]
        return 9 if tools == high else 1

    found, _ = answered(monkeypatch, tmp_path, rights=rights, losses={low: [2.0, 1.0, 1.9], high: [2.0, 1.0, 1.5]})
    rows = {row["tool"]: row for row in found["rows"]}
    assert rows["L2"]["accuracy"]["value"] == pytest.approx(0.9) and rows["L2"]["strengths"] == [
        0,
        rows["L2"]["trainings"],
    ]
    assert rows["none"]["accuracy"]["value"] == pytest.approx(0.4)
    assert rows["early stopping"]["accuracy"]["value"] == rows["none"]["stopped"]["value"] == pytest.approx(0.8)
    assert rows["early stopping"]["best_step"] == 4
    losses = {one["tool"]: one for one in found["loss_comparisons"]}
    assert losses["L2"]["value"] == pytest.approx(-0.5) and losses["early stopping"]["value"] == pytest.approx(-1.0)
    compared = {one["tool"]: one for one in found["comparisons"]}
    assert compared["L2"]["value"] == pytest.approx(0.5) and compared["early stopping"]["value"] == pytest.approx(0.4)


def test_a_tool_that_is_still_improving_has_had_too_few_steps(few, monkeypatch, tmp_path):
    slow = overfitting_tools.ROWS["augmentation"][0]

    def train(*arguments, **options):
        record = pretended(losses={slow: [3.0, 2.0, 1.0]})[0](*arguments, **options)
        if arguments[0].tools == ALL_TOOLS:
            record["curves"]["train"]["accuracy"] = [0.2, 0.4, 0.7]
        return record

    monkeypatch.setattr(overfitting_tools, "followed", train)
    found = overfitting_tools.answer("smoke", records=Records("x", tmp_path), progress=False)
    assert [row["tool"] for row in found["rows"] if not row["enough_steps"]] == ["augmentation", "all together"]


def test_a_cut_run_goes_on(few, monkeypatch, tmp_path):
    train, asked_for = pretended()
    monkeypatch.setattr(overfitting_tools, "followed", train)
    records = Records("x", tmp_path)
    there = overfitting_tools.train("smoke", records=records, rows=["none"], progress=False)
    assert there == {"none": [6, 6]} and len(asked_for) == 6
    assert overfitting_tools.train("smoke", records=records, rows=["none"], minutes=1e-9, progress=False) == there
    later = overfitting_tools.train("smoke", records=records, rows=["none", "L1"], minutes=1e-9, progress=False)
    assert later == {"none": [6, 6], "L1": [0, 12]} and len(asked_for) == 6


def test_rows_of_people_have_other_people_and_the_same_strangers(monkeypatch, tmp_path):
    train, asked_for = pretended(rights=lambda tools, data, check: min(9, data["people"] // 10))
    monkeypatch.setattr(number_of_people, "followed", train)
    drawn = []

    def cut(people, poses, seed):
        drawn.append((people, poses, seed))
        labels = np.tile(np.repeat(np.arange(7), poses), people)
        return np.zeros((len(labels), 48, 48, 1), np.uint8), labels, np.repeat(np.arange(people), 7 * poses)

    monkeypatch.setattr(number_of_people, "_cut", cut)
    found = number_of_people.answer("smoke", records=Records("x", tmp_path), progress=False)
    json.dumps(found, allow_nan=False)
    assert drawn.count((4, number_of_people.POSES, number_of_people.STRANGERS)) == 1, "the strangers are drawn once"
    assert number_of_people.STRANGERS not in {seed for _, _, seed in drawn[1:]}
    assert all(
        sets["test"] == {f"s{k}" for k in range(4)} and not sets["train"] & sets["test"] for _, sets, _ in asked_for
    )
    more, same = (found["rows"][name] for name in (number_of_people.MORE, number_of_people.SAME))
    assert [point["pictures"] for point in more] == [14 * people for people in number_of_people.PEOPLE]
    assert {point["pictures"] for point in same} == {7 * number_of_people.PICTURES} and same[-1]["people"] == 96
    # (48, 2) belongs to both rows, and is trained once a seed.
    assert len(asked_for) == 3 * (len(more) + len(same) - 1)
    assert len(found["gains"]) == len(more) + len(same) - 2
    assert found["gains"][-1]["people"] == [48, 96] and found["gains"][-1]["value"] == pytest.approx(0.5)


def test_penalties_reach_the_loss_and_dropout_the_layers():
    plain, penalised, dropped = (network(tools, 7, 3) for tools in (Tools(), Tools(l2=0.1, l1=0.2), Tools(dropout=0.4)))
    assert plain.losses == [] and len(penalised.losses) == 5
    kernels = [np.asarray(layer.kernel) for layer in penalised.layers if hasattr(layer, "kernel")]
    wanted = sum(0.1 * (kernel**2).sum() + 0.2 * np.abs(kernel).sum() for kernel in kernels)
    assert float(sum(penalised.losses)) == pytest.approx(wanted, rel=1e-4)
    assert {layer.rate for layer in dropped.layers if isinstance(layer, keras.layers.Dropout)} == {0.4}
    assert all(np.array_equal(a, b) for a, b in zip(plain.get_weights(), penalised.get_weights(), strict=True))


def test_a_training_is_followed_without_dropout():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (24, 48, 48, 1)).astype(np.uint8)
    labels, people = np.tile(np.arange(2), 12), np.repeat([f"{k}" for k in range(6)], 4)
    rows = {"train": np.arange(8), "validation": np.arange(8, 16), "test": np.arange(16, 24)}
    asked = Asked("number_of_people", (("people", 2),), Tools(dropout=0.5), 4, 2, seed=1)
    record = followed(asked, images, labels, people, rows)
    assert [len(one["loss"]) for one in record["curves"].values()] == [2, 2, 2]
    assert record["by_person"].keys() == {"4", "5"} and record["all"] == {"4": 4, "5": 4}
    last = sum(right[-1] for right in record["by_person"].values()) / 8
    assert record["curves"]["test"]["accuracy"][-1] == pytest.approx(last, abs=1e-4)
    assert followed(asked, images, labels, people, rows)["curves"] == record["curves"], "the seed decides all"


@pytest.mark.parametrize(
    "ask, named",
    [
        (lambda: overfitting_tools.answer("smoke", rows=["L1"]), "none"),
        (lambda: overfitting_tools.answer("smoke", rounds=0), "rounds"),
        (lambda: overfitting_tools.train("smoke", rows=["l3"]), "rows"),
        (lambda: number_of_people.answer("smoke", seeds=9), "seeds"),
        (lambda: number_of_people.train("smoke", rows=["l3"]), "rows"),
    ],
)
def test_what_cannot_be_asked_is_named(ask, named):
    with pytest.raises(FerError, match=named):
        ask()
