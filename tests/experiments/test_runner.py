"""What a training is given and what is stored of it, where the training itself is made up."""

from __future__ import annotations

from dataclasses import replace
import json
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from toy_training import toy_faces

from fer_utils import faces, metrics, models, splits, training
from fer_utils.core import provenance, stages
from fer_utils.core.errors import DivergedError, FerError
from fer_utils.experiments import Data, Distillation, Experiment, Model, Result, Split, picture_check, runner
from fer_utils.faces import FaceSet
from fer_utils.training import Recipe


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    return toy_faces(tmp_path_factory.mktemp("toy") / "faces", labels=("fearful", "sad", "angry"))


class Network:
    """Stands for a network, as far as it is counted and stored."""

    def __init__(self, name):
        self.name = name

    def count_params(self):
        return len(self.name)

    def save(self, place):
        Path(place).write_text(self.name)


@pytest.fixture
def made_up(monkeypatch, tmp_path):
    """Networks that are not trained; what each step was given, in order, and the scores that come out."""
    monkeypatch.setenv("FER_HOME", str(tmp_path / "store"))
    told = SimpleNamespace(steps=[], fit=None, build=None, scores=None, asked=None)

    def build(name, **options):
        told.steps.append("build")
        told.build = (name, options)
        return Network(name)

    def fit(model, images, targets, train, test, **options):
        told.steps.append(f"fit {model.name}")
        told.fit = SimpleNamespace(images=images, targets=targets, train=train, test=test, **options)
        return Network(f"{model.name} trained"), {"loss": [1.5]}

    def predict(model, images, rows):
        told.asked = (model.name, images, rows)
        told.scores = np.random.default_rng(1).dirichlet([1, 1, 1], len(rows)).astype(np.float32)
        return told.scores

    monkeypatch.setattr(models, "build", build)
    monkeypatch.setattr(models, "damage_of", lambda file: "" if Path(file).is_file() else "lost")
    monkeypatch.setattr(training, "fit", fit)
    monkeypatch.setattr(training, "predict_probabilities", predict)
    monkeypatch.setattr(keras.utils, "set_random_seed", lambda seed: told.steps.append(f"seed {seed}"))
    return told


CHOSEN = Experiment(
    data="folder",
    split=Split("actor", 0.2, seed=3, validation=0.5),
    model=Model.of("nano", size=20, depth=2),
    recipe=Recipe(epochs=7, learning_rate=0.02),
    seed=5,
)


def labelled(face_set, labels):
    meta = face_set.meta.assign(expression=labels)
    return FaceSet(face_set.path, face_set.images, meta, face_set.problems, face_set.manifest)


def run(experiment, face_set, **options):
    return runner.run(experiment, face_set=face_set, progress=False, **{"check_pictures": False} | options)


def test_the_training_is_given_the_rows_the_labels_the_recipe_and_the_seed(people, made_up):
    result = run(CHOSEN, people)
    (train, test), choose = CHOSEN.split.rows(people.meta), CHOSEN.split.validation_rows(people.meta)
    assert made_up.steps == ["seed 5", "build", "fit nano"]
    assert made_up.build == ("nano", {"classes": 3, "input_shape": (20, 20, 1), "depth": 2})
    given, small = made_up.fit, faces.resize(people.images, 20, progress=False)
    assert np.array_equal(given.images, small) and np.array_equal(made_up.asked[1], small)
    assert [result.labels[k] for k in given.targets] == list(people.meta["expression"])
    assert result.labels != sorted(result.labels), "labels keep the vocabulary's order"
    assert (list(given.train), list(given.test), list(given.validation)) == (list(train), [], list(choose))
    assert (given.recipe, given.seed, given.folder) == (CHOSEN.recipe, 5, result.path / "unfinished")
    assert made_up.asked[0] == "nano trained" and list(made_up.asked[2]) == list(test)


def test_without_validation_who_tests_is_followed_while_the_network_learns(people, made_up):
    plain = replace(CHOSEN, split=Split("actor", 0.2, seed=3))
    result = run(plain, people)
    train, test = plain.split.rows(people.meta)
    assert list(made_up.fit.test) == list(test) and list(made_up.fit.validation) == []
    assert "validation" not in result.split and result.split["train"] == len(train)


def test_what_is_stored_is_of_the_rows_that_test(people, made_up):
    result = run(CHOSEN, people)
    (train, test), choose = CHOSEN.split.rows(people.meta), CHOSEN.split.validation_rows(people.meta)
    rows, predicted, table = people.meta.iloc[test], made_up.scores.argmax(axis=1), result.predictions
    assert list(table["row"]) == list(test) and list(table["clip"]) == list(rows["clip"])
    assert list(table["actor"]) == list(rows["actor"]) and list(table["predicted"]) == list(predicted)
    assert [result.labels[k] for k in table["true"]] == list(rows["expression"])
    for place, label in enumerate(result.labels):
        assert list(table[f"p_{label}"]) == list(made_up.scores[:, place].astype(float).round(5))
    true = made_up.fit.targets[test]
    assert result.metrics == metrics.evaluate(true, predicted, rows["actor"].to_numpy(), result.labels)
    leaked = splits.leakage(people.meta, np.union1d(train, choose), test)["share"].to_dict()
    assert result.split == {
        "train": len(train), "test": len(test), "validation": len(choose),
        "train_actors": 2, "test_actors": 1, "leaked_share": leaked,
    }  # fmt: skip
    assert (result.parameters, result.seed, result.history) == (len("nano trained"), 5, {"loss": [1.5]})
    assert (result.experiment, result.key) == (CHOSEN.configuration(), CHOSEN.key(people))
    assert result.stages == CHOSEN.stages() and result.commit == provenance.commit()
    assert result.faces == dict(people.manifest.get("config") or {})
    folder = result.path
    assert folder.name == f"nano-{result.key}" and folder.parent.name == "results"
    assert sorted(file.name for file in folder.iterdir()) == ["model.keras", "result.json"]
    assert (folder / "model.keras").read_text() == "nano trained"
    assert json.loads((folder / "result.json").read_text()) == json.loads(result.to_json())


def test_what_leaked_is_a_share_of_the_test_rows_that_learning_or_choosing_has_met(people, made_up):
    split = Split("frame", 0.1, seed=1, validation=0.6)
    result = run(replace(CHOSEN, split=split), people)
    (train, test), choose = split.rows(people.meta), split.validation_rows(people.meta)
    met = set(people.meta["clip"].iloc[[*train, *choose]])
    leaked = people.meta["clip"].iloc[test].isin(met).mean()
    assert (
        result.split["leaked_share"]["clip"]
        == leaked
        > people.meta["clip"].iloc[test].isin(set(people.meta["clip"].iloc[train])).mean()
    )
    assert result.split["leaked_share"]["actor"] == 1.0 and result.split["leaked_share"]["row"] == 0.0
    assert result.split["train_actors"] == people.meta["actor"].iloc[train].nunique()


def test_how_the_faces_were_made_and_where_it_was_computed_is_kept(people, made_up, monkeypatch):
    monkeypatch.setattr(training, "computed_on", lambda precision: {"precision": precision})
    how = FaceSet(people.path, people.images, people.meta, people.problems,
                  {**people.manifest, "config": {"size": 40, "detector": "none"}})  # fmt: skip
    result = run(CHOSEN, how)
    assert result.faces == {"size": 40, "detector": "none"}
    assert result.hardware == provenance.hardware() | {"precision": CHOSEN.recipe.precision}


def test_who_chose_counts_as_met_where_pictures_are_compared(people, made_up, monkeypatch, capsys):
    asked = []

    def compared(meta, images, met, test, *, progress):
        asked.append((images is people.images, list(met), list(test)))
        return picture_check.PictureCheck({"image": 0.0, "near image": 0.25}, 0.5, 60)

    monkeypatch.setattr(picture_check, "check_pictures", compared)
    result = run(CHOSEN, people, check_pictures=True)
    (train, test), choose = CHOSEN.split.rows(people.meta), CHOSEN.split.validation_rows(people.meta)
    assert asked == [(True, sorted([*train, *choose]), list(test))]
    assert (result.split["leaked_share"]["image"], result.split["leaked_share"]["near image"]) == (0.0, 0.25)
    assert result.split["picture_check"] == {"seconds": 0.5, "pictures": 60}
    assert result.stages == CHOSEN.stages() | stages.versions(["near_duplicates"])
    assert "Warning: 25.0 % of the test pictures have a near-duplicate" in capsys.readouterr().err


def test_a_stored_result_costs_what_it_cost(people, made_up, monkeypatch):
    stored = run(CHOSEN, people)
    value = json.loads((stored.path / "result.json").read_text()) | {"minutes": 3, "processor_minutes": 8}
    (stored.path / "result.json").write_text(json.dumps(value))
    noted = []
    monkeypatch.setattr(stages, "mark_training", lambda *cost: noted.append(cost))
    again = run(CHOSEN, people)
    assert noted == [(stored.key, 8)] and again.finished == stored.finished and made_up.steps.count("fit nano") == 1


def test_metrics_of_an_older_version_are_written_down_anew_with_their_version(people, made_up):
    stored = run(CHOSEN, people)
    today = stages.version("metrics")
    for version, kept in ((today - 1, False), (None, False), (today + 1, True)):
        value = json.loads(stored.to_json()) | {"metrics": {"of": "another form"}}
        value["stages"] = {name: of for name, of in stored.stages.items() if name != "metrics"}
        value["stages"] |= {} if version is None else {"metrics": version}
        (stored.path / "result.json").write_text(json.dumps(value))
        assert run(CHOSEN, people).metrics == stored.metrics
        written = json.loads((stored.path / "result.json").read_text())
        assert written["metrics"] == ({"of": "another form"} if kept else json.loads(stored.to_json())["metrics"])
        assert written["stages"].get("metrics") == (version if kept else today)


@pytest.mark.parametrize("check", [True, False])
def test_a_student_is_taught_by_networks_of_the_same_faces_and_comes_out_alone(people, made_up, monkeypatch, check):
    one, other = (replace(CHOSEN, seed=seed) for seed in (6, 7))
    experiment = replace(CHOSEN, distillation=Distillation((one, other), weight=0.5, temperature=4.0))
    whole, seen = runner.run, []

    def teacher(asked, *, face_set, check_pictures, progress):
        made_up.steps.append(f"teacher {asked.seed}")
        seen.append((face_set is people, check_pictures))
        return SimpleNamespace(model=lambda: f"network {asked.seed}")

    def taught(model, teachers, *, weight, temperature):
        seen.append((model.name, teachers, weight, temperature))
        return Network("nano with teachers")

    def student_of(model, name):
        seen.append((model.name, name))
        return Network("nano alone")

    monkeypatch.setattr(runner, "run", teacher)
    monkeypatch.setattr(models, "taught", taught)
    monkeypatch.setattr(models, "student_of", student_of)
    result = whole(experiment, face_set=people, check_pictures=check, progress=False)
    assert seen == [
        (True, check), (True, check), ("nano", ["network 6", "network 7"], 0.5, 4.0),
        ("nano with teachers trained", "nano"),
    ]  # fmt: skip
    assert made_up.steps == ["seed 5", "build", "teacher 6", "teacher 7", "seed 5", "fit nano with teachers"]
    assert (result.path / "model.keras").read_text() == "nano alone" and made_up.asked[0] == "nano alone"
    assert result.parameters == len("nano alone")


def test_one_score_that_is_no_finite_number_stores_nothing_and_names_a_tenth_of_the_rate(people, made_up, monkeypatch):
    for number in (np.nan, np.inf):

        def one_is_none(model, images, rows, number=number):
            return np.array([[1, 0, 0]] * (len(rows) - 1) + [[0, number, 0]])

        monkeypatch.setattr(training, "predict_probabilities", one_is_none)
        with pytest.raises(DivergedError, match=r"no finite numbers(?s:.)*it was 0\.02, try 0\.002\."):
            run(CHOSEN, people)
    assert not list(Path(runner.home()).rglob("result.json"))


def test_labels_that_only_choose_are_absent_from_training(people, made_up, capsys):
    train, test = CHOSEN.split.rows(people.meta)
    labels = people.meta["expression"].to_numpy().copy()
    labels[train] = np.where(labels[train] == "angry", "sad", labels[train])
    result = run(CHOSEN, labelled(people, labels))
    assert result.split["absent_from_training"] == {"angry": int((labels[test] == "angry").sum())}
    assert f"angry ({int((labels[test] == 'angry').sum())} of {len(test)} test faces)" in capsys.readouterr().err


@pytest.mark.parametrize("labels", [["sad"] * 60, ["sad"] * 59 + [""]])
def test_faces_of_one_label_are_no_task(people, made_up, labels):
    with pytest.raises(FerError, match=r"at least two expressions|1 of 60 rows without one"):
        run(CHOSEN, labelled(people, labels))
    assert made_up.steps == []


def test_faces_that_are_handed_over_are_taken_and_others_are_loaded(people, made_up, monkeypatch):
    monkeypatch.setattr(Data, "load", lambda data, progress: pytest.fail("loaded"))
    run(CHOSEN, people)
    monkeypatch.setattr(Data, "load", lambda data, progress: people)
    assert isinstance(runner.run(CHOSEN, progress=False), Result) and made_up.steps.count("fit nano") == 1


def test_a_name_that_is_no_network_is_refused_before_faces_are_loaded(monkeypatch):
    monkeypatch.setattr(Data, "load", lambda data, progress: pytest.fail("loaded"))
    for experiment, options, named in (
        (replace(CHOSEN, model=Model("ding2024")), {}, "name"),
        (CHOSEN, {"check_pictures": 1}, "check_pictures"),
    ):
        with pytest.raises(FerError, match=f"`{named}`"):
            runner.run(experiment, progress=False, **options)
