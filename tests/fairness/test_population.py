"""Strangers by hand: the words for a drawn person, what is filmed of whom, and answers to made-up faces."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from fer_utils import datasets, faces, studio
from fer_utils.core.errors import FerError
from fer_utils.fairness import CONDITIONS, SEED, AuditSet, ask, audit_set, described, population
from fer_utils.synthetic import stand_ins


def who(tone=1, age=20, presentation="female", name="person 1"):
    return SimpleNamespace(tone=tone, age=age, presentation=presentation, name=name)


@pytest.mark.parametrize(
    "given, said",
    [
        ({"tone": 1}, "light (1 to 3)"), ({"tone": 3}, "light (1 to 3)"), ({"tone": 4}, "medium (4 to 7)"),
        ({"tone": 7}, "medium (4 to 7)"), ({"tone": 8}, "dark (8 to 10)"), ({"tone": 10}, "dark (8 to 10)"),
        ({"age": 29}, "under 30"), ({"age": 30}, "30 to 44"), ({"age": 44}, "30 to 44"), ({"age": 45}, "45 and over"),
        ({"age": 40}, "when the face moves"), ({"age": 41}, "at rest, too"), ({"presentation": "male"}, "male"),
    ],
)  # fmt: skip
def test_a_tone_and_an_age_are_named_by_the_band_they_lie_in(given, said):
    assert said in described(who(**given)).values() and len(described(who(**given))) == 4


def test_a_condition_changes_one_factor_by_its_own_name():
    assert SEED == 7001 and list(CONDITIONS) == [
        "yaw -35", "yaw -20", "yaw +20", "yaw +35", "lamp at the left", "dim", "hand", "mask", "dark glasses",
    ]  # fmt: skip
    assert {name: dict(factors) for name, (_, factors) in CONDITIONS.items() if "yaw" in name} == {
        f"yaw {turn:+d}": {"yaw": turn} for turn in (-35, -20, 20, 35)
    }
    assert CONDITIONS["lamp at the left"] == ("light", {"light": "left"})
    assert CONDITIONS["dim"] == ("light", {"light": "dim"}) and CONDITIONS["yaw +20"][0] == "pose"
    occlusions = {name: CONDITIONS[name][1]["occlusion"] for name in ("hand", "mask", "dark glasses")}
    assert occlusions == {"hand": "hand", "mask": "mask", "dark glasses": "glasses"}


@pytest.fixture
def studio_of_names(monkeypatch, tmp_path):
    """Films without a picture; in each film no face is found in the first clip."""
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    filmed, prepared = [], []

    def film(layout, folder, *, actors, seed, clips_per_actor, frames, factors, workers, progress):
        filmed.append({"actors": actors, "seed": seed, "clips": clips_per_actor, "factors": factors, "folder": folder})
        rows = [{"actor": f"{actor:02d}", "clip": f"{actor:02d}-{clip}", "expression": "happy", "intensity": 2}
                for actor in range(actors) for clip in range(clips_per_actor)]  # fmt: skip
        return SimpleNamespace(clips=pd.DataFrame(rows))

    def prepare(clips, folder, *, frames, size, workers, progress):
        prepared.append({"frames": frames, "size": size})
        found = pd.DataFrame({"clip": filmed[-1]["made"]})
        images = np.arange(len(found), dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 1), np.uint8)
        return SimpleNamespace(meta=found, images=images)

    def filmed_and_noted(*arguments, **options):
        made = film(*arguments, **options)
        filmed[-1]["made"] = list(made.clips["clip"])[1:]
        return made

    monkeypatch.setattr(studio, "film", filmed_and_noted)
    monkeypatch.setattr(datasets, "scan", lambda name, folder: None)
    monkeypatch.setattr(faces, "prepare", prepare)
    monkeypatch.setattr(population, "made_again_if_damaged", lambda folder, make: make())

    def identity_of(layout, actor, seed):
        return who(int(actor) % 10 + 1, 50 + int(actor), name=f"person {seed}0{actor}")

    monkeypatch.setattr(population, "identity_of", identity_of)
    return SimpleNamespace(filmed=filmed, prepared=prepared)


def test_24_people_have_one_seed_and_only_the_tested_are_filmed_under_conditions(studio_of_names):
    made = audit_set(50, tested=25, clips=2, conditions=["dim", "yaw -20"], size=64, progress=False)
    films = [(one["actors"], one["seed"], one["factors"]) for one in studio_of_names.filmed]
    assert films == [
        (24, 7001, None), (24, 7002, None), (2, 7003, None),
        (24, 7001, {"light": "dim"}), (1, 7002, {"light": "dim"}),
        (24, 7001, {"yaw": -20}), (1, 7002, {"yaw": -20}),
    ]  # fmt: skip
    assert studio_of_names.prepared == [{"frames": 1, "size": 64}] * 7
    assert len({one["folder"] for one in studio_of_names.filmed}) == 7
    table = made.table
    assert table.groupby(["condition", "kind"], sort=False)["actor"].nunique().to_dict() == {
        ("baseline", "baseline"): 50, ("dim", "light"): 25, ("yaw -20", "pose"): 25,
    }  # fmt: skip
    assert set(table["actor"][table["condition"] == "dim"]) == set(table["actor"][:48]) | {"person 7002000"}
    first = table.iloc[2]
    assert (first["actor"], first["tone"], first["years"], first["age"]) == ("person 7001001", 2, 51, "45 and over")
    # Where no face was found there is none; every other picture has its own face in its own set.
    assert (~table["detected"]).sum() == 7 and (table["row"][~table["detected"]] == -1).all()
    for place in np.flatnonzero(table["detected"]):
        row = table.iloc[place]
        assert made.sets[row["set"]].meta["clip"][row["row"]] == row["clip"]
        assert (made.face(place) == row["row"]).all() and made.face(place).shape == (4, 4)
    assert made.face(0) is None
    assert list(table["set"]) == list(np.repeat(range(7), [48, 48, 4, 48, 2, 48, 2])), "one face set a film"


def test_who_is_filmed_unless_it_is_said(studio_of_names):
    made = audit_set(progress=False)
    counts = made.table.groupby("condition", sort=False)["actor"].nunique()
    assert list(counts.index) == ["baseline", *CONDITIONS] and list(counts) == [96] + [48] * len(CONDITIONS)
    assert {one["clips"] for one in studio_of_names.filmed} == {16}
    assert studio_of_names.prepared[0] == {"frames": 1, "size": 180}
    folders = {one["folder"] for one in studio_of_names.filmed}
    audit_set(24, tested=0, size=96, progress=False)
    assert studio_of_names.filmed[-1]["folder"] not in folders, "faces of another size lie elsewhere"


@pytest.mark.parametrize(
    "before, people, met",
    [(0, 24, True), (1, 24, False), (1, 25, True), (3, 72, False), (3, 73, True), (-1, 99, False)],
)
def test_nobody_of_the_stand_ins_is_a_stranger(studio_of_names, before, people, met):
    given = {"tested": 0, "clips": 1, "seed": stand_ins.SEED - before, "progress": False}
    if met:
        with pytest.raises(FerError, match=f"`seed`.*{stand_ins.SEED}"):
            audit_set(people, **given)
    else:
        assert len(audit_set(people, **given).table) == people


@pytest.mark.parametrize("change", [{"tested": 5}, {"clips": 61}, {"clips": 0}, {"people": 1}, {"seed": -1}])
def test_numbers_out_of_range_are_named(studio_of_names, change):
    (name,) = change
    with pytest.raises(FerError, match=f"`{name}`"):
        audit_set(**{"people": 4, "tested": 0, "progress": False} | change)
    assert studio_of_names.filmed == []


class Answers:
    """Stands for a stored result: says the label whose place is the face's grey level."""

    input_shape = (None, 6, 6, 1)

    def __init__(self, *labels):
        self.labels = labels

    def model(self):
        return self

    def predict(self, batches, verbose=0):
        seen = [np.asarray(batches[k][0]) for k in range(len(batches))]
        assert all(part.shape[1:] == (6, 6, 1) for part in seen)
        return np.eye(len(self.labels))[np.concatenate([part[:, 0, 0, 0] for part in seen])]


def test_right_is_the_share_of_the_networks_that_say_the_posed_expression_and_unseen_faces_count():
    level = np.array([0, 1, 2], np.uint8)
    sets = tuple(
        SimpleNamespace(images=levels[:, None, None, None] * np.ones((1, 6, 6, 1), np.uint8))
        for levels in (level, level[::-1])
    )
    table = pd.DataFrame({
        "expression": ["sad", "sad", "happy", "angry", "happy"],
        "detected": [True, True, True, True, False],
        "set": [0, 1, 1, 0, 0],
        "row": [2, 1, 0, 0, -1],  # grey levels 2, 1, 2 and 0
    }, index=[7, 3, 5, 1, 9])  # fmt: skip
    networks = [Answers("angry", "happy", "sad"), Answers("sad", "happy", "angry"), Answers("angry", "sad", "happy")]
    made = ask(AuditSet(table, sets), networks, progress=False)
    assert list(made["predicted_0"]) == ["sad", "happy", "sad", "angry", ""]
    assert list(made["predicted_1"]) == ["angry", "happy", "angry", "sad", ""]
    assert list(made["predicted_2"]) == ["happy", "sad", "happy", "angry", ""]
    assert made["right"].tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3, 2 / 3, 0])
    assert list(made.index) == list(table.index) and "right" not in table
    ask(AuditSet(table, sets), [Answers("angry", "happy", "sad", "calm")], progress=False)  # it may know more labels
    with pytest.raises(FerError, match=r"`networks`.*know angry, happy, sad"):
        ask(AuditSet(table, sets), [networks[0], Answers("angry", "happy", "calm")], progress=False)
