"""What is to be run, before anything is run: whose rows learn, choose and test, what is kept, and what is refused."""

from __future__ import annotations

from dataclasses import replace
import json
import re

import numpy as np
import pandas as pd
import pytest
from toy_training import toy_faces

from fer_utils import splits
from fer_utils.core import stages
from fer_utils.core.errors import FerError
from fer_utils.experiments import Data, Distillation, Experiment, Model, Split
from fer_utils.synthetic import stand_ins
from fer_utils.training import Recipe


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    return toy_faces(tmp_path_factory.mktemp("toy") / "faces")


def same_rows(one, other) -> bool:
    return all(np.array_equal(mine, theirs) for mine, theirs in zip(one, other, strict=True))


# --- data -----------------------------------------------------------------------------------------------


def test_data_that_name_nobody_are_the_stand_ins_own_people_and_size():
    assert (Data().people_seed, Data().size, Data().dataset) == (stand_ins.SEED, stand_ins.SIZE, "ravdess")


def test_a_face_set_on_disk_is_read_whatever_else_the_data_name(faces):
    data = Data("savee", tier="full", root="/nowhere", face_set=str(faces.path))
    assert data.load(progress=False).fingerprint == faces.fingerprint


# --- splits ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by, test, seed", [("actor", 0.4, 0), ("actor", 0.2, 3), ("clip", 0.3, 1), ("frame", 0.25, 2)])
def test_who_tests_follows_from_the_unit_the_share_and_the_seed(faces, by, test, seed):
    assert same_rows(Split(by, test, seed).rows(faces.meta), splits.split(faces.meta, by, test, seed))


@pytest.mark.parametrize("test, count", [(0.2, 5), (0.15, 7), (0.4, 2), (0.5, 2), (0.3, 3)])
def test_there_are_as_many_folds_as_the_share_goes_into_one_rounded(faces, test, count):
    made = splits.folds(faces.meta, "clip", count, 3)
    for fold in range(count):
        assert same_rows(Split("clip", test, seed=3, fold=fold).rows(faces.meta), made[fold]), fold
    with pytest.raises(FerError, match=f"`fold`.*0 to {count - 1}"):
        Split("clip", test, seed=3, fold=count).rows(faces.meta)


@pytest.mark.parametrize("fold", [True, -1, 1.0])
def test_a_fold_that_is_no_number_of_one_is_refused(faces, fold):
    with pytest.raises(FerError, match=r"`fold`.*0 to 4"):
        Split("actor", 0.2, fold=fold).rows(faces.meta)


@pytest.mark.parametrize("test", [0, 0.51, 1, True, "a fifth"])
def test_a_share_that_makes_no_folds_is_refused(faces, test):
    with pytest.raises(FerError, match=r"`test`.*0\.5, with folds"):
        Split("actor", test, fold=0).rows(faces.meta)


@pytest.mark.parametrize("by", ["clip", "frame"])
def test_who_validates_is_a_share_of_the_units_that_do_not_test(faces, by):
    split = Split(by, 0.2, seed=4, validation=0.25)
    (learn, test), choose = split.rows(faces.meta), split.validation_rows(faces.meta)
    units = faces.meta["clip"] if by == "clip" else pd.Series(range(len(faces)))
    known = set(units) - set(units.iloc[test])
    assert not set(units.iloc[learn]) & set(units.iloc[choose])
    assert len(set(units.iloc[choose])) == round(0.25 * len(known))
    assert set(faces.meta["actor"].iloc[choose]) & set(faces.meta["actor"].iloc[learn]), "people are on both sides"


def test_seed_and_fold_together_draw_who_validates_so_that_stored_trainings_find_their_rows(faces):
    for seed, fold, draw in ((2, None, 2000), (2, 0, 2000), (2, 3, 2003), (5, 1, 5001)):
        split = Split("clip", 0.2, seed=seed, fold=fold, validation=0.3)
        known, _ = Split("clip", 0.2, seed=seed, fold=fold).rows(faces.meta)
        learn, choose = splits.split(faces.meta.iloc[known], "clip", 0.3, draw)
        assert np.array_equal(split.rows(faces.meta)[0], known[learn])
        assert np.array_equal(split.validation_rows(faces.meta), known[choose])


def test_of_the_official_parts_the_first_learns_the_second_chooses_and_the_third_tests():
    parts = ["PrivateTest", "Training", "PublicTest", "Training", "PrivateTest", "Training"]
    meta = pd.DataFrame({"dataset": "fer2013", "statement": parts})
    split = Split("official", test=0.4, seed=9)
    assert same_rows(split.rows(meta), ([1, 3, 5], [0, 4]))
    assert split.validation_rows(meta).tolist() == [2]


# --- networks and teachers --------------------------------------------------------------------------------


def test_the_order_in_which_options_are_typed_does_not_matter():
    made = Model.of("nano", widths=[4, 8], depth=2, size=24)
    assert made == Model.of("nano", size=24, depth=2, widths=(4, 8)) and hash(made)
    assert (made.name, made.options, made.size) == ("nano", (("depth", 2), ("widths", (4, 8))), 24)


def test_a_teacher_counts_as_much_as_the_labels_at_temperature_three_unless_it_is_said():
    told = Experiment(distillation=Distillation(Experiment(model="nano"))).configuration()["distillation"]
    assert (told["weight"], told["temperature"]) == (1.0, 3.0)


@pytest.mark.parametrize(
    "change, named",
    [({"data": Data("savee")}, "the student's data"), ({"split": Split(seed=1)}, "the student's split"),
     ({"model": Model.of("nano", size=24)}, "the student's size")],
)  # fmt: skip
def test_every_teacher_must_have_met_the_students_faces_and_nobody_else(change, named):
    good, other = Experiment(model="nano"), Experiment(**({"model": "nano"} | change))
    with pytest.raises(FerError, match=f"`distillation`.*{named}"):
        Experiment(distillation=Distillation((good, other)))


@pytest.mark.parametrize("teachers", [["nano"], [Experiment(), "nano"], [Experiment(), Model.of("nano")]])
def test_who_teaches_is_an_experiment(teachers):
    with pytest.raises(FerError, match=r"`teachers`.*one Experiment or more"):
        Distillation(teachers)


# --- experiments ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [True, 1.0, "1", None])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(FerError, match="`seed`"):
        Experiment(seed=seed)


def test_an_experiment_of_which_nothing_is_left_as_it_was_survives_json():
    data = Data("savee", "full", "clips", True, 3, "haar", people_seed=7, actor="kdef", size=64)
    split = Split("clip", 0.25, 3, 1, 0.5)
    recipe = Recipe(epochs=4, batch_size=16, learning_rate=0.02, flip=True, augment=0.3, schedule="cosine")
    model = Model.of("nano", size=24, widths=(4, 8), depth=2)
    taught = Distillation((Experiment(data, split, model, Recipe(), 5),), weight=0.5, temperature=4.0)
    whole = Experiment(data, split, model, recipe, 6, distillation=taught)
    assert Experiment.from_configuration(json.loads(json.dumps(whole.configuration()))) == whole


def test_a_tier_is_set_and_all_else_of_the_data_stays():
    data = Data("savee", twins=True, frames=3, detector="haar", people_seed=7, size=64)
    made = Experiment(data, tier="full")
    assert made.data == replace(data, tier="full") and made == Experiment(replace(data, tier="full"))


def test_an_official_split_validates_so_that_a_patience_may_end_the_training():
    assert Experiment(split="official", recipe=Recipe(patience=2)).recipe.patience == 2


def test_an_experiment_names_every_stage_that_it_passes():
    passed = {"experiments", "splits", "training", "metrics", "faces", "model.nano"}
    plain, official = Experiment(model="nano"), Experiment(model="nano", split="official")
    taught = Experiment(model="nano", distillation=Distillation(Experiment(model="knn")))
    assert set(plain.stages()) == passed and set(official.stages()) == passed | {"official_split"}
    assert set(taught.stages()) == passed | {"distillation", "model.knn"}
    assert all(version == stages.version(stage) for stage, version in taught.stages().items())


def test_a_key_is_of_the_faces_the_labels_and_all_that_is_set_but_not_of_the_metrics(faces, monkeypatch):
    plain = Experiment(data="folder")
    others = [
        Experiment(data="savee"),  # its labels have an order of their own
        Experiment(data="folder", split=Split(seed=1)),
        Experiment(data="folder", split=Split(validation=0.2)),
        Experiment(data="folder", model=Model.of("ding2023", size=24)),
        Experiment(data="folder", recipe=Recipe(epochs=7)),
        Experiment(data="folder", seed=1),
    ]
    keys = {one.key(faces) for one in (plain, *others)}
    assert len(keys) == 1 + len(others) and all(re.fullmatch("[0-9a-f]{24}", key) for key in keys)
    assert Experiment(data=Data("folder", root="elsewhere", size=96)).key(faces) == plain.key(faces)
    monkeypatch.setattr(stages, "version", lambda stage: 99 if stage == "metrics" else 1)
    before = plain.key(faces)
    monkeypatch.setattr(stages, "version", lambda stage: 98 if stage == "metrics" else 1)
    assert plain.key(faces) == before
    monkeypatch.setattr(stages, "version", lambda stage: 2 if stage == "splits" else 1)
    assert plain.key(faces) != before
