"""Who validates: neither learns nor tests, and may end a training."""

from __future__ import annotations

import json

import pytest
from small_trainings import untraced
from toy_training import toy, toy_faces

from fer_utils import splits, training
from fer_utils.core.errors import FerError
from fer_utils.experiments import Data, Experiment, Model, Split, run
from fer_utils.training import Recipe


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    return toy_faces(tmp_path_factory.mktemp("toy") / "faces")


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("fold", [None, 0, 1, 4])
def test_nobody_learns_validates_and_tests(faces, fold):
    split = Split("actor", 0.2, seed=3, fold=fold, validation=0.4)
    (learn, test), choose = split.rows(faces.meta), split.validation_rows(faces.meta)
    people = [set(faces.meta["actor"].iloc[rows]) for rows in (learn, choose, test)]
    assert [len(some) for some in people] == [2, 2, 1] and len(set.union(*people)) == 5
    assert sorted([*learn, *choose, *test]) == list(range(len(faces.meta)))
    assert split.rows(faces.meta)[0].tolist() == learn.tolist(), "the same each time"
    plain = Split("actor", 0.2, seed=3, fold=fold)
    assert plain.rows(faces.meta)[1].tolist() == test.tolist(), "who tests does not hang on who validates"
    assert len(plain.validation_rows(faces.meta)) == 0


def test_folds_and_seeds_draw_other_people_to_validate(faces):
    drawn = {}
    for seed in range(12):
        for fold in range(5):
            split = Split("actor", 0.2, seed=seed, fold=fold, validation=0.25)
            (person,) = set(faces.meta["actor"].iloc[split.validation_rows(faces.meta)])
            drawn[seed, fold] = person
    assert set(drawn.values()) == set(faces.meta["actor"]), "nobody is left out for ever"
    for seed in (1, 2):
        assert len({drawn[seed, fold] for fold in range(5)}) > 1, "folds of one seed differ"


@pytest.mark.parametrize("share", [0, 1, 1.5, True, "a quarter"])
def test_a_share_that_cannot_validate(faces, share):
    with pytest.raises(FerError, match=r"`validation`.*share between 0 and 1"):
        Split("actor", validation=share).rows(faces.meta)


def test_validation_ends_a_training_and_who_tests_is_asked_once(faces, store, monkeypatch):
    seen = []
    fit = training.fit

    def noted(model, images, labels, train, test, *, validation, **options):
        seen.append((list(train), list(test), list(validation)))
        return fit(model, images, labels, train, test, validation=validation, **options)

    monkeypatch.setattr(training, "fit", noted)
    split = Split("actor", 0.2, fold=1, validation=0.25)
    recipe = Recipe(batch_size=8, learning_rate=2e-3, steps=12, check_every=4, patience=1)
    with untraced():
        result = run(toy(faces, split=split, recipe=recipe), face_set=faces, progress=False)
    learn, test = split.rows(faces.meta)
    choose = split.validation_rows(faces.meta)
    assert seen == [(list(learn), [], list(choose))]
    assert result.predictions["row"].tolist() == list(test)
    assert (result.split["train"], result.split["validation"], result.split["test"]) == (
        len(learn),
        len(choose),
        len(test),
    )
    assert "test_accuracy" not in result.history and 1 < len(result.history["validation_accuracy"]) <= 3
    again = run(toy(faces, split=split, recipe=recipe), face_set=faces, progress=False)
    assert (
        len(seen) == 1
        and again.experiment == result.experiment == toy(faces, split=split, recipe=recipe).configuration()
    )


def test_who_validates_counts_as_met_when_it_is_asked_what_leaked(faces, store):
    """Frames of one clip validate and test: a network that was chosen by them has seen them, in a way."""
    split = Split("frame", 0.3, seed=1, validation=0.7)
    with untraced():
        result = run(toy(faces, split=split, model=Model.of("knn", cell=8)), face_set=faces, progress=False)
    learn, test = split.rows(faces.meta)
    alone = splits.leakage(faces.meta, learn, test)["share"]["clip"]
    assert result.split["leaked_share"]["clip"] > alone


def test_a_patience_wants_a_share_that_validates(faces):
    with pytest.raises(FerError, match=r"(?s)`split`.*patience.*Split\(validation=0.25\)"):
        toy(faces, recipe=Recipe(patience=3))


def test_stored_results_keep_their_keys(faces):
    """Fields that came later are in a configuration only where they are set: nothing stored is trained again."""
    told = toy(faces).configuration()
    assert "validation" not in told["split"] and "people_seed" not in told["data"]
    assert not {"steps", "check_every", "patience"} & told["recipe"].keys()
    other = toy(
        faces,
        data=Data("folder", face_set="x", people_seed=7),
        split=Split("actor", validation=0.3),
        recipe=Recipe(steps=200, patience=2, schedule="plateau"),
    )
    told = other.configuration()
    assert (told["split"]["validation"], told["data"]["people_seed"], told["recipe"]["steps"]) == (0.3, 7, 200)
    assert Experiment.from_configuration(json.loads(json.dumps(told))) == other
