"""Where names do not tell which pictures belong together, the pictures of both sides of a split are compared."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
from plain_pictures import plain_folder
import pytest
from small_trainings import untraced
from toy_training import toy, toy_faces

from fer_utils import experiments, splits
from fer_utils.cli import main
from fer_utils.core.errors import FerError
from fer_utils.experiments import Data, Experiment, Model, Split, picture_check
from fer_utils.faces import FaceSet


@pytest.fixture(scope="module", autouse=True)
def _quick():
    """A training here takes a step or two, which is less than TensorFlow takes to trace it."""
    with untraced():
        yield


def knn(face_set, by="frame", seed=1):
    return Experiment(Data("folder", face_set=str(face_set.path)), Split(by, 0.2, seed), Model.of("knn"))


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_HOME", str(tmp_path / "store"))
    return tmp_path


def siblings(face_set, by="frame", scenes=30, seed=1):
    """The share of the test rows of whose scene another picture is in training."""
    train, test = Split(by, 0.2, seed).rows(face_set.meta)
    return float(np.isin(test % scenes, train % scenes).mean())


def test_a_plain_folder_split_by_frame_says_that_it_leaked(store, capsys):
    made = plain_folder(store / "faces")
    result = experiments.run(knn(made), progress=False)
    leaked = result.split["leaked_share"]
    assert leaked["near image"] == pytest.approx(siblings(made)) and 0.5 < leaked["near image"] < 1
    assert leaked["image"] == leaked["clip"] == leaked["performance"] == 0
    cost = result.split["picture_check"]
    assert cost["pictures"] == 60 and cost["seconds"] >= 0 and result.stages["near_duplicates"] >= 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and f"Warning: {100 * leaked['near image']:.1f} % of the test pictures" in said
    assert "60 pictures, compared in" in said and "near-duplicate in training" in said
    stored = json.loads((result.path / "result.json").read_text())["split"]
    assert stored == result.split
    again = experiments.run(knn(made), progress=False)
    assert again.split == result.split and capsys.readouterr().err == ""


def test_who_turns_it_off_gets_the_same_network_under_the_same_key(store, capsys):
    made = plain_folder(store / "faces")
    result = experiments.run(knn(made), check_pictures=False, progress=False)
    assert "picture_check" not in result.split and "near image" not in result.split["leaked_share"]
    assert "near_duplicates" not in result.stages and capsys.readouterr().err == ""
    assert experiments.run(knn(made), progress=False).split == result.split  # stored: it stays as it is
    checked = experiments.check_result(result, progress=False)
    assert checked is not None and checked.shares["near image"] == pytest.approx(siblings(made))
    assert experiments.check_result(result, check=False, progress=False) is None


def test_known_performances_are_compared_only_if_asked(store, capsys):
    made = plain_folder(store / "faces", performance="folder/scene {scene}")
    assert not picture_check.wanted(made.meta, None) and picture_check.wanted(made.meta, True)
    result = experiments.run(knn(made), progress=False)
    assert "picture_check" not in result.split and result.split["leaked_share"]["performance"] > 0.5
    assert experiments.check_result(result, progress=False) is None
    found = experiments.check_result(result, check=True, progress=False)
    assert found is not None and found.shares["near image"] == pytest.approx(siblings(made))
    assert capsys.readouterr().err == ""


def test_a_clean_split_is_not_warned_of(store, capsys):
    made = plain_folder(store / "faces", copies=1, scenes=40)
    result = experiments.run(knn(made), progress=False)
    assert result.split["leaked_share"]["near image"] == 0 and capsys.readouterr().err == ""
    assert str(experiments.check_result(result)).startswith("0.0 % of the test pictures have a near-duplicate")


def test_labels_that_no_training_face_has_are_warned_of(store, capsys):
    made = toy_faces(store / "faces")
    test = Split("actor", 0.4).rows(made.meta)[1]
    made.meta.loc[test[:3], "expression"] = "awe"
    made.meta.loc[test[3:5], "expression"] = "bored"
    result = experiments.run(toy(made, model=Model.of("knn")), face_set=made, progress=False)
    assert result.split["absent_from_training"] == {"awe": 3, "bored": 2}
    said = capsys.readouterr().err
    assert said == (
        "Warning: no training face has these labels, so the network cannot learn them: "
        f"awe (3 of {len(test)} test faces), bored (2 of {len(test)} test faces).\n"
    )
    again = experiments.Result.load(result.path)
    assert again.split == result.split and result.metrics["recall"]["awe"] == 0


def test_labels_that_only_training_faces_have_are_nothing_to_warn_of(store, capsys):
    made = toy_faces(store / "faces")
    learned = Split("actor", 0.4).rows(made.meta)[0]
    made.meta.loc[learned[:3], "expression"] = "awe"
    result = experiments.run(toy(made, model=Model.of("knn")), face_set=made, progress=False)
    assert "absent_from_training" not in result.split and capsys.readouterr().err == ""


def test_validation_pictures_count_as_met(store):
    made = plain_folder(store / "faces")
    split = Split("frame", 0.2, 0, validation=0.5)
    train, test = split.rows(made.meta)
    chooses = split.validation_rows(made.meta)
    alone = picture_check.check_pictures(made.meta, made.images, train, test, progress=False)
    both = picture_check.check_pictures(made.meta, made.images, np.union1d(train, chooses), test, progress=False)
    assert alone.shares["near image"] < both.shares["near image"]
    experiment = Experiment(Data("folder", face_set=str(made.path)), split, Model.of("knn"))
    result = experiments.run(experiment, check_pictures=False, progress=False)
    assert experiments.check_result(result, progress=False).shares == both.shares


def test_one_row_of_unknown_performance_is_enough_to_compare_unless_it_is_said():
    meta = pd.DataFrame({"dataset": "folder", "clip": ["a", "b"], "performance": ["folder/one", "folder/b"]})
    for rows, unknown in ((meta, True), (meta[:1], False), (meta[1:], True)):
        assert picture_check.wanted(rows, None) is unknown
        assert picture_check.wanted(rows, True) is True and picture_check.wanted(rows, False) is False


def test_the_cost_is_in_seconds_of_the_clock_and_in_all_pictures(monkeypatch):
    made = pd.Series({"row": 0.0, "image": 0.125, "near image": 0.25}).to_frame("share")
    asked = []
    monkeypatch.setattr(splits, "leakage", lambda *rows, **options: asked.append((rows, options)) or made)
    monkeypatch.setattr(picture_check, "time", SimpleNamespace(monotonic=iter([100.0, 103.456]).__next__))
    found = picture_check.check_pictures("meta", "images", [1, 2], [3], progress=False)
    assert found == picture_check.PictureCheck({"image": 0.125, "near image": 0.25}, 3.46, 4)
    assert asked == [(("meta", [1, 2], [3]), {"images": "images", "near": True, "progress": False})]
    assert found.cost() == {"seconds": 3.46, "pictures": 4}
    assert str(found).startswith("25.0 % of the test pictures") and "(4 pictures, compared in 3.5 s)" in str(found)


def a_result(face_set_path, **split):
    """A result of which the picture check reads only this."""
    experiment = Experiment(Data("folder", face_set=face_set_path), Split("frame", 0.5), Model.of("knn"))
    return SimpleNamespace(path="/result", experiment=experiment.configuration(), split=split, predictions=None)


def test_what_is_stored_is_handed_out_without_a_look_unless_it_is_not_wanted(monkeypatch):
    monkeypatch.setattr(FaceSet, "load", lambda *_, **__: pytest.fail("looked"))
    monkeypatch.setattr(Data, "load", lambda *_, **__: pytest.fail("looked"))
    stored = a_result("/faces", leaked_share={"row": 0.5, "image": 0.125, "near image": 0.25},
                      picture_check={"seconds": 1.5, "pictures": 60})  # fmt: skip
    for check in (None, True):
        assert picture_check.check_result(stored, check=check) == picture_check.PictureCheck(
            {"image": 0.125, "near image": 0.25}, 1.5, 60
        )
    assert picture_check.check_result(stored, check=False) is None
    assert picture_check.check_result(a_result("/faces"), check=False) is None
    assert picture_check.check_result(a_result(None)) is None, "of drawn faces and clips the names are known"


def test_drawn_faces_are_compared_where_that_is_asked(monkeypatch):
    meta = pd.DataFrame({"dataset": "folder", "clip": list("abcd"), "performance": [f"folder/{k}" for k in range(4)]})
    known = SimpleNamespace(path="/faces", meta=meta, images="images")
    result = a_result(None)
    _, test = Split("frame", 0.5).rows(meta)
    result.predictions = pd.DataFrame({"row": test, "clip": meta["clip"].to_numpy()[test]})
    monkeypatch.setattr(Data, "load", lambda data, progress: known)
    monkeypatch.setattr(picture_check, "check_pictures", lambda *rows, **_: [list(some) for some in rows[2:]])
    assert picture_check.check_result(result, check=True) == [sorted(set(range(4)) - set(test)), list(test)]
    # The same rows of other clips, other rows, or a split that cannot be made: it is another face set.
    for other in (meta.assign(clip=list("dcba")), pd.concat([meta] * 2, ignore_index=True), meta[:1]):
        known.meta = other
        with pytest.raises(FerError, match="/faces holds other faces than those that /result"):
            picture_check.check_result(result, check=True)


def test_evaluate_checks_what_was_stored_without_it(store, capsys):
    made = plain_folder(store / "faces")
    result = experiments.run(knn(made), check_pictures=False, progress=False)
    share = (
        f"{100 * siblings(made):.1f} % of the test pictures have a near-duplicate in training (60 pictures, compared in"
    )
    assert main.main(["evaluate", str(result.path), "--quiet"]) == 0 and share in capsys.readouterr().out
    assert main.main(["evaluate", str(result.path), "--quiet", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["split"]
    assert (
        told["leaked_share"]["near image"] == pytest.approx(siblings(made)) and told["picture_check"]["pictures"] == 60
    )
    assert main.main(["evaluate", str(result.path), "--no-picture-check"]) == 0
    assert "near-duplicate" not in capsys.readouterr().out
    assert "picture_check" not in json.loads((result.path / "result.json").read_text())["split"]
    made.path.rename(store / "elsewhere")
    assert main.main(["evaluate", str(result.path)]) == 0
    assert "pictures were not compared: " in capsys.readouterr().out


def test_train_says_the_share_and_the_cost(store, capsys):
    made = plain_folder(store / "faces")
    command = ["train", str(made.path), "--model", "knn", "--by", "frame", "--seed", "1", "--quiet"]
    assert main.main(command) == 0
    said = capsys.readouterr()
    share = (
        f"{100 * siblings(made):.1f} % of the test pictures have a near-duplicate in training (60 pictures, compared"
    )
    assert share in said.out and f"Warning: {share}" in said.err
    assert main.main([*command, "--seed", "2", "--no-picture-check"]) == 0
    assert "near-duplicate" not in "".join(capsys.readouterr())


def test_other_faces_than_those_of_the_training_are_refused(store):
    made = plain_folder(store / "faces")
    result = experiments.run(knn(made), check_pictures=False, progress=False)
    made.path.rename(store / "first")
    plain_folder(store / "faces", scenes=10)
    with pytest.raises(FerError, match="other faces than those"):
        experiments.check_result(result, progress=False)


@pytest.mark.parametrize("wrong", ["yes", 1, 0.5])
def test_impossible_arguments(store, wrong):
    with pytest.raises(FerError, match=r"`check_pictures`.*True, False or None"):
        experiments.run(toy(toy_faces(store / "toy")), check_pictures=wrong)


@pytest.mark.parametrize("broken", [
    {"picture_check": 3}, {"picture_check": {"seconds": "long", "pictures": 60}}, {"picture_check": {"seconds": 1.0}},
])  # fmt: skip
def test_a_damaged_check_is_named(store, broken):
    result = experiments.run(knn(plain_folder(store / "faces")), progress=False)
    value = json.loads((result.path / "result.json").read_text())
    value["split"] |= broken
    (result.path / "result.json").write_text(json.dumps(value))
    with pytest.raises(FerError, match="picture_check"):
        experiments.Result.load(result.path)
