"""Data that a reader brings: folders with actors, FER2013's official split, and keys that stay as they were."""

from __future__ import annotations

import cv2
from fer2013_copies import as_folders, as_table, drawn_pictures
import numpy as np
import pytest
from small_trainings import untraced
from toy_training import toy_faces

from fer_utils.core import provenance
from fer_utils.core.errors import FerError
from fer_utils.experiments import Data, Experiment, Model, Split, run
from fer_utils.training import Recipe


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_HOME", str(tmp_path / "store"))
    return tmp_path


def pictures(root, names):
    rng = np.random.default_rng(0)
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(root / name), rng.integers(0, 256, (48, 48), dtype=np.uint8))
    return root


CK = ("fear/S010_004_00000017.png", "happy/S011_004_00000018.png", "Afraid/S012_001_00000003.png")


@pytest.mark.parametrize("actor", ["ck48", r"(?P<actor>S[0-9]{3})_"])
def test_a_folder_names_actors_and_its_words_become_the_same_labels_either_way(store, actor):
    root = pictures(store / "set", (*CK, "bored/S013_001_00000001.png"))
    made = Data("folder", root=str(root), detector="whole", frames=1, size=48, actor=actor).load(False)
    assert made.images.shape == (4, 48, 48, 1)
    said = dict(zip(made.meta["actor"], made.meta["expression"], strict=True))
    assert said == {"S010": "fearful", "S011": "happy", "S012": "fearful", "S013": "bored"}


def test_without_actors_the_labels_are_the_same_and_another_actor_is_another_face_set(store):
    root = pictures(store / "set", CK)
    given = {"root": str(root), "detector": "whole", "frames": 1, "size": 48}
    nobody, by_pattern = (Data("folder", **given, actor=actor).load(False) for actor in (None, r"(?P<actor>S[0-9]+)_"))
    assert sorted(nobody.meta["expression"]) == ["fearful", "fearful", "happy"] and set(nobody.meta["actor"]) == {""}
    assert nobody.path != by_pattern.path and len(set(by_pattern.meta["actor"])) == 3


def test_faces_with_labels_of_their_own_are_told_how_to_name_them(store):
    """An experiment that names no data set takes RAVDESS's labels."""
    made = Data("folder", root=str(pictures(store / "set", CK)), detector="whole", frames=1, size=48).load(False)
    made.meta["expression"] = ["awe", "bored", "awe"]
    with pytest.raises(
        FerError, match=r"(?s)labels of ravdess.*\['awe', 'bored'\].*Data\('folder'\).*--dataset folder"
    ):
        run(Experiment(model=Model.of("knn"), split=Split("frame", 0.4)), face_set=made, progress=False)


@pytest.mark.parametrize("gap", ["", " "])
def test_a_gap_in_the_labels_is_no_class_of_its_own(store, gap):
    """A table of one's own may have gaps; the network would learn a label without a name."""
    made = Data("folder", root=str(pictures(store / "set", CK)), detector="whole", frames=1, size=48).load(False)
    made.meta["expression"] = ["happy", gap, "sad"]
    with pytest.raises(FerError, match=r"(?s)`meta\.expression`.*a label in every row.*1 of 3 rows without one"):
        run(Experiment(data=Data("folder"), model=Model.of("knn"), split=Split("frame", 0.4)), face_set=made)


def test_actors_are_for_folders_of_ones_own():
    with pytest.raises(FerError, match=r"`actor`.*drawn people"):
        Data("folder", actor="kdef").load(False)
    with pytest.raises(FerError, match="`actor`"):
        Data("ravdess", root=".", actor="kdef").load(False)


def test_what_is_not_set_is_in_no_configuration_so_that_stored_results_are_found():
    assert set(Data().configuration()) == {
        "dataset", "tier", "root", "twins", "frames", "detector", "face_set",
    }  # fmt: skip
    assert provenance.digest(Experiment().configuration())[:12] == "d57308e69501"
    for field, value in (("actor", "kdef"), ("size", 48), ("people_seed", 1)):
        assert Data(**{field: value}).configuration()[field] == value
    whole = Experiment(data=Data("folder", root="x", actor="kdef", size=48), split="official")
    assert Experiment.from_configuration(whole.configuration()) == whole


def test_the_official_split_trains_validates_and_tests(store):
    drawn = drawn_pictures(3)
    found = []
    for root in (as_table(drawn, store / "csv/fer2013.csv").parent, as_folders(drawn, store / "folders")):
        data = Data("fer2013", root=str(root), frames=1, detector="whole", size=48)
        made = data.load(False)
        found.append(sorted(image.tobytes() for image in np.asarray(made.images)))
        split = Split("official")
        (train, test), choose = split.rows(made.meta), split.validation_rows(made.meta)
        for rows, part in ((train, "Training"), (choose, "PublicTest"), (test, "PrivateTest")):
            assert set(made.meta["statement"].iloc[rows]) == {part} and len(rows) == 21
    assert found[0] == found[1] and len(found[0]) == 63
    recipe = Recipe(steps=2, check_every=1, patience=1, schedule="plateau")  # no share for validation is asked
    small = Model.of("nano", widths=(4, 4), depth=1)
    with untraced():
        result = run(Experiment(data, split, small, recipe), face_set=made, progress=False)
    assert (result.split["train"], result.split["validation"], result.split["test"]) == (21, 21, 21)
    assert "validation_accuracy" in result.history and "test_accuracy" not in result.history
    assert result.metrics["accuracy"]["low"] is None, "nobody is named, so there is no interval over people"
    assert result.stages["official_split"] == 1


def test_the_official_split_is_for_sets_that_have_one(store, tmp_path):
    made = toy_faces(tmp_path / "toy")
    with pytest.raises(FerError, match="only fer2013 has an official split"):
        run(Experiment(split="official"), face_set=made, progress=False)
    for wrong in ({"fold": 0}, {"validation": 0.2}):
        with pytest.raises(FerError, match=f"`{next(iter(wrong))}`.*official split"):
            Split("official", **wrong).rows(made.meta)
    assert Split("official").validates and Split(validation=0.2).validates and not Split().validates
    assert "official_split" not in Experiment().stages()
