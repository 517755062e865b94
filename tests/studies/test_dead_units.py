"""The study of dead units: who looks, when, what a unit that wakes is, and that nothing is trained twice."""

import json

import keras
import numpy as np
import pytest
from small_trainings import few_faces, untraced
from stage_lists import as_stored

from fer_utils import studies, training
from fer_utils.core.errors import FerError
from fer_utils.studies import dead_units

SMALL = {"arms": [dead_units.DESCRIBED, dead_units.CONDITIONED], "seeds": 1, "epochs": 2, "size": 32, "progress": False}


@pytest.mark.slow
def test_the_study_at_its_smallest_and_what_is_recorded_is_not_trained_again(_store, monkeypatch, tmp_path):
    monkeypatch.setattr(dead_units, "home", lambda: tmp_path)
    with few_faces(1):
        with untraced(), as_stored("dead_units"):
            found = dead_units.answer("smoke", **SMALL)
        monkeypatch.setattr(training, "fit", lambda *_, **__: pytest.fail("trained again"))
        assert dead_units.answer("smoke", **SMALL) == found
    json.dumps(found, allow_nan=False)
    described, conditioned = found["rows"]
    assert [described["name"], conditioned["name"]] == SMALL["arms"] and described["inputs"] == 4 * 4 * 64
    assert described["experiment"]["model"]["options"] == {"conditioned": False}
    assert conditioned["experiment"]["model"]["options"] == {}
    for row in found["rows"]:
        (one,) = row["trainings"]
        steps = -(-found["faces"] // 16)
        assert one["steps"] == [0, steps, 2 * steps] and one["woken"][0] == 0 and len(one["loss"]) == 2
        assert all(0 <= living <= row["units"] == 16 for living in one["living"])
        assert 0 < row["chance"] < 0.5 and all(0 <= share <= 1 for share in one["right"])


def network():
    """Two inputs; unit 0 is above 0 for the second face alone, unit 1 for none; label 1 for every face."""
    inputs = keras.Input((2,))
    hidden = keras.layers.Dense(2, activation="relu", name=dead_units.LAYER)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(hidden))
    model.set_weights(
        [np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([-1.0, 0.0]), np.zeros((2, 2)), np.array([0.0, 1.0])]
    )
    return model


def test_a_unit_lives_that_is_above_zero_for_one_of_all_faces():
    looks = dead_units.Looks(np.array([[0, 9], [2, 0], [1, 1]]), np.array([1, 0, 1]), batch_size=2)
    looks.set_model(network())
    looks.set_params({"steps": 20})
    looks.on_train_begin()
    looks.on_train_batch_end(16)
    looks.on_train_batch_end(17)
    looks.on_epoch_end(0)
    looks.on_train_begin()  # Keras calls it once an epoch here: `training.fit` trains epoch by epoch
    looks.on_epoch_end(1)
    assert [look["step"] for look in looks.seen] == [0, 18, 20, 40]
    assert all(look["living"] == [0] and look["right"] == pytest.approx(2 / 3) for look in looks.seen)


def test_a_unit_has_woken_that_was_dead_at_the_look_before():
    looks = [
        {"step": s, "living": units, "right": 0.25} for s, units in enumerate(([0, 1], [1], [], [1, 2], [0, 1, 2]))
    ]
    found = dead_units._by_look(looks)
    assert found["living"] == [2, 1, 0, 2, 3] and found["woken"] == [0, 0, 0, 2, 1]


@pytest.mark.parametrize(
    "given, named", [({"arms": ["fast"]}, "`arms`"), ({"seeds": 0}, "`seeds`"), ({"epochs": 0}, "`epochs`")]
)
def test_what_cannot_be_asked_is_refused(given, named):
    with pytest.raises(FerError, match=named):
        dead_units.answer("smoke", progress=False, **given)


def test_the_stored_answer_is_whole():
    found = studies.load("dead_units", "class").answer
    for row in found["rows"]:
        assert [one["seed"] for one in row["trainings"]] == list(range(dead_units.SEEDS))
        assert {one["steps"][-1] for one in row["trainings"]} == {-(-found["faces"] // 16) * found["epochs"]}
