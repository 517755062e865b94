"""Studies asked of the reader's own faces: which faces, which splits they allow, and where the answer is written."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
import json
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pandas as pd
import pytest
from small_trainings import untraced
from toy_training import SIZE, toy_faces

from fer_utils import faces, studies
from fer_utils.cli import main
from fer_utils.core.errors import FerError
from fer_utils.experiments import Data, Distillation, Experiment, Model, Split
from fer_utils.studies import (
    before_networks,
    lightweight2019,
    nano_against_paper,
    nano_taught,
    own_faces,
    real_data,
    regularization,
    split,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Five people, six clips each, two frames a clip."""
    return toy_faces(tmp_path_factory.mktemp("toys") / "faces")


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_HOME", str(tmp_path / "store"))
    return tmp_path


def changed(face_set, folder, /, rows=slice(None), **columns):
    return faces.FaceSet.save(np.asarray(face_set.images)[rows], face_set.meta.iloc[rows].assign(**columns), folder)


# --- which faces ------------------------------------------------------------------------------


def test_a_face_set_has_any_name_and_clips_that_of_a_known_set(made, tmp_path):
    assert own_faces.data_of({"mine": made.path}) == Data("mine", face_set=str(made.path))
    assert own_faces.data_of({"ravdess": tmp_path}) == Data("ravdess", root=str(tmp_path))
    for real, words in (
        ({"folder": tmp_path}, "prepare --dataset folder"),
        ({"mine": tmp_path}, "a face set's folder"),
        ({"a": made.path, "b": made.path}, "one SET=FOLDER"),
        ({}, "one SET=FOLDER"),
    ):
        with pytest.raises(FerError, match=rf"(?s)`real`.*{words}"):
            own_faces.data_of(real)


def test_the_papers_figures_take_a_face_set_in_the_place_of_clips(made):
    plan = {"panel": [Experiment(data=Data("savee", tier="smoke"))]}
    (moved,) = real_data.on_real_clips(plan, {"savee": str(made.path)})["panel"]
    assert moved.data.face_set == str(made.path) and moved.data.root is None


def test_units_are_those_that_are_known_and_differ(made, tmp_path):
    assert own_faces.units(made) == ["actor", "clip", "frame"] and own_faces.named_people(made) == 5
    nobody = changed(made, tmp_path / "nobody", actor="")
    assert own_faces.units(nobody) == ["clip", "frame"] and own_faces.named_people(nobody) == 0
    acts = "act " + made.meta["clip"].str[0] + made.meta["expression"]
    assert own_faces.units(changed(made, tmp_path / "acts", performance=acts)) == [
        "actor",
        "performance",
        "clip",
        "frame",
    ]
    still = changed(made, tmp_path / "still", rows=slice(0, None, 2))
    assert own_faces.units(still) == ["actor", "frame"]


# --- the plan on other faces --------------------------------------------------------------------


@settings(max_examples=30)
@given(people=st.integers(2, 9), folds=st.integers(2, 8), size=st.sampled_from([None, 16, SIZE, 80]))
def test_everybody_tests_once_and_no_picture_is_enlarged(people, folds, size):
    meta = pd.DataFrame({"dataset": "x", "actor": [str(k) for k in range(people)]})
    one = SimpleNamespace(images=np.zeros((people, SIZE, SIZE, 1), np.uint8), path="somewhere", meta=meta)
    plan = {"row": [Experiment(split=Split("actor", 1 / folds, fold=k), model=Model.of("nano", size=size), seed=k)
                    for k in range(folds)]}  # fmt: skip
    moved = own_faces.on_own_faces(plan, Data("x", face_set="somewhere"), one)["row"]
    assert len(moved) == min(people, folds) == round(1 / moved[0].split.test)
    tested = Counter(row for each in moved for row in each.split.rows(one.meta)[1])
    assert tested == Counter(range(people))
    assert {each.data.face_set for each in moved} == {"somewhere"}
    assert {each.model.size for each in moved} == {16 if size == 16 else None}
    assert [(each.seed, each.recipe) for each in moved] == [(each.seed, each.recipe) for each in plan["row"]][:people]


def test_teachers_learn_from_the_same_faces_and_folds(made, tmp_path):
    few = changed(made, tmp_path / "few", rows=slice(0, 36))
    plan = nano_taught.plans(tier="smoke", epochs=1, size=80)
    moved = own_faces.on_own_faces(plan, own_faces.data_of({"mine": few.path}), few)
    assert [len(some) for some in moved.values()] == [3, 3, 3]
    for taught, teacher in zip(moved[nano_taught.TAUGHT], moved[nano_taught.TEACHER], strict=True):
        assert taught.distillation == Distillation(teacher) and taught.model.size is None


def test_a_split_by_person_needs_named_people(made, tmp_path):
    nobody = changed(made, tmp_path / "nobody", actor="")
    plan = {"row": [Experiment(split=Split("actor", fold=0))]}
    with pytest.raises(FerError, match=r"(?s)`real`.*two named people.*study split"):
        own_faces.on_own_faces(plan, Data("mine", face_set=str(nobody.path)), nobody)


# --- whole studies ------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_study_of_splits_has_the_rows_that_the_faces_allow(made, store, monkeypatch):
    plan = split.experiments_of

    def quick(*row, **options):  # neighbours in the place of the paper's network, which takes minutes
        return [replace(one, model=Model.of("knn")) for one in plan(*row, **options)]

    monkeypatch.setattr(split, "experiments_of", quick)
    with untraced():
        found = studies.run("split", "smoke", real={"mine": str(made.path)}, epochs=1, progress=False).answer
    assert found["dataset"] == "mine" and found["labels"] == ["happy", "sad"]
    rows = {(row["unit"], row["twins"]): row for row in found["rows"]}
    assert [(*key, row["trainings"]) for key, row in rows.items()] == [
        ("actor", False, 5),
        ("clip", False, 3),
        ("frame", False, 3),
    ]
    assert rows["actor", False]["leaked"]["actor"] == 0 == rows["clip", False]["leaked"]["clip"]
    assert rows["frame", False]["leaked"]["clip"] > 0
    assert sum(count for _, count in rows["actor", False]["by_actor"].values()) == len(made)
    assert [(step["from"][0], step["to"][0]) for step in found["steps"]] == [
        ("actor", "clip"),
        ("actor", "frame"),
        ("clip", "frame"),
    ]
    assert {one["data"]["face_set"] for row in found["rows"] for one in row["experiments"]} == {str(made.path)}
    with pytest.raises(FerError, match="`rows`"):
        split.answer("smoke", real={"mine": str(made.path)}, rows={("actor", True): 1}, progress=False)


class PlannedError(Exception):
    """Raised in the place of training; it has the plan."""


@pytest.mark.parametrize(
    "module, options",
    [
        (regularization, {"dropouts": (0.3,), "strengths": (0, 1e-4)}),
        (lightweight2019, {}),
        (nano_against_paper, {"rows": ["nano"]}),
        (nano_taught, {}),
    ],
)
def test_other_studies_that_train_take_the_same_faces(made, monkeypatch, module, options):
    def planned(plan, *, progress):
        raise PlannedError(plan)

    monkeypatch.setattr(module, "trained", planned)
    with pytest.raises(PlannedError) as caught:
        module.answer("smoke", real={"mine": str(made.path)}, progress=False, **options)
    plan = [one for some in caught.value.args[0].values() for one in some]
    taught = [teacher for one in plan if one.distillation for teacher in one.distillation.teachers]
    assert len(plan) >= 5 and {one.data for one in (*plan, *taught)} == {Data("mine", face_set=str(made.path))}
    with pytest.raises(PlannedError) as caught:
        module.answer("smoke", progress=False, **options)
    assert all(one.data.face_set is None for some in caught.value.args[0].values() for one in some)


def test_simple_methods_on_own_faces_with_and_without_names(made, tmp_path):
    real = {"mine": str(made.path)}
    found = before_networks.answer("smoke", real=real, seeds=1, epochs=2, progress=False)
    assert found["labels"] == ["happy", "sad"] and found["landmark_error"] is None and found["finding_costs"] == []
    assert {row["feature"] for row in found["rows"]} == {"HOG"} and len(found["rows"]) == 4
    assert sorted(name for fold in found["folds"] for name in fold) == sorted(set(made.meta["actor"]))
    assert [row["groups"] for row in found["split_costs"]] == [5, 5]
    nobody = {"mine": str(changed(made, tmp_path / "nobody", actor="").path)}
    found = before_networks.answer("smoke", real=nobody, seeds=1, epochs=2, progress=False)
    assert {row["split"] for row in found["rows"]} == {"frames at random"} and found["split_costs"] == []
    with pytest.raises(FerError, match=r"`features`.*HOG"):
        before_networks.answer("smoke", real=real, features=["true landmark distances"], progress=False)


def test_found_landmarks_are_asked_where_the_faces_have_them(made, tmp_path):
    marks = np.random.default_rng(0).normal(20, 5, (len(made), 68, 2)).astype(np.float32)
    marked = faces.FaceSet.save(np.asarray(made.images), made.meta, tmp_path / "marked", landmarks=marks)
    found = before_networks.answer("smoke", real={"mine": str(marked.path)}, seeds=1, epochs=2, progress=False)
    assert {row["feature"] for row in found["rows"]} == {"HOG", "landmark distances"}


# --- at the command line --------------------------------------------------------------------------


def test_the_answer_is_written_beside_the_faces_and_not_among_the_stored_ones(made, tmp_path, capsys):
    mine = changed(made, tmp_path / "data" / "my faces")
    before = studies.stored()
    asked = ["study", "before_networks", "--tier", "smoke", "--real", f"mine={mine.path}", "--quiet"]
    assert main.main(asked) == 0
    file = tmp_path / "data" / "my faces-study-before_networks-smoke.json"
    assert f"written: {file}" in capsys.readouterr().out
    stored = studies.StoredAnswer(**json.loads(file.read_text()))
    assert stored.options["real"] == {"mine": str(mine.path)} and stored.answer["dataset"] == "mine"
    assert f"--real mine={mine.path}" in stored.command and stored.name == "before_networks"
    assert studies.stored() == before and sorted(path.name for path in mine.path.iterdir()) == sorted(
        path.name for path in made.path.iterdir()
    )
    assert main.main([*asked, "--out", str(tmp_path / "mine.json"), "--json"]) == 0
    capsys.readouterr()
    assert json.loads((tmp_path / "mine.json").read_text())["answer"]["rows"] == stored.answer["rows"]


def test_what_cannot_be_written_is_said_before_the_work(made, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(before_networks, "answer", lambda *a, **k: pytest.fail("it began"))
    given = ["study", "before_networks", "--tier", "smoke", "--quiet"]
    assert main.main([*given, "--real", f"mine={made.path}", "--out", str(tmp_path)]) == 2
    assert "`--out`" in capsys.readouterr().err
    assert main.main([*given, "--out", str(tmp_path / "x.json")]) == 2
    assert "`--real`" in capsys.readouterr().err
    assert main.main([*given, "--real", f"mine={made.path}", "--store"]) == 2
    assert "`store`" in capsys.readouterr().err
    with pytest.raises(FerError, match="of drawn people"):
        own_faces.keep(studies.load("human_votes"), {"mine": str(made.path)})


def test_every_study_can_be_asked_or_says_why_not():
    others = {"paper_figures", "near_duplicates_real", "transfer"}  # which take folders of real clips or pictures
    assert set(own_faces.STUDIES) | set(own_faces.WHY_NOT) | others >= set(studies.available())
    assert not set(own_faces.STUDIES) & set(own_faces.WHY_NOT)
    assert set(own_faces.STUDIES) | set(own_faces.WHY_NOT) <= set(studies.available())
    with pytest.raises(FerError, match="audit cannot: it needs people"):
        real_data.check("audit", {"mine": "."})
    with pytest.raises(FerError, match=r"fer2013 cannot: .*`--train MINUTES`"):
        real_data.check("fer2013", {"fer2013": "."})


def test_the_commands_help_names_the_studies(capsys):
    with pytest.raises(SystemExit):
        main.main(["study", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert ", ".join(own_faces.STUDIES) in said
