"""Validation rows: they end a training, lower its rate, and say which weights are the result."""

from __future__ import annotations

import json

from eagerly import eagerly
import keras
import numpy as np
import pytest

from fer_utils import training
from fer_utils.core.errors import FerError
from fer_utils.training import Recipe, fitting
from fer_utils.training.stopping import Patience, convergence


class Weights:
    """A model with one number, and an optimizer with a rate; what `Patience` asks of one."""

    def __init__(self, rate: float = 1.0):
        self.number = 0.0
        self.optimizer = keras.optimizers.SGD(rate)

    def get_weights(self):
        return [np.array([self.number])]

    def set_weights(self, weights):
        self.number = float(weights[0][0])


def asked(scores, **given):
    """A model whose n-th check gives the n-th score: checks until the end, its rates, the patience."""
    patience, model, rates = Patience(Recipe(**given)), Weights(given.get("learning_rate", 1e-3)), []
    for number, score in enumerate(scores, start=1):
        model.number = number
        rates.append(float(model.optimizer.learning_rate))
        if patience.ends(model, score):
            return number, rates, patience
    return None, rates, patience


def test_without_a_plateau_training_ends_after_so_many_checks_in_vain():
    ended, rates, patience = asked([0.2, 0.5, 0.4, 0.5, 0.3, 0.9], patience=3)
    assert ended == 5 and len(set(rates)) == 1, "an equal score is no better one"
    assert patience.weights[0][0] == 2, "the first of the best"


def test_a_better_check_begins_the_waiting_anew():
    assert asked([0.2, 0.1, 0.3, 0.2, 0.4, 0.1], patience=2)[0] is None


def test_on_a_plateau_the_best_weights_go_on_at_a_fifth_of_the_rate_and_the_third_time_it_ends():
    scores = [0.5, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]
    ended, rates, _ = asked(scores, patience=2, schedule="plateau", learning_rate=1.0)
    assert ended == 7 and rates == pytest.approx([1, 1, 1, 0.2, 0.2, 0.04, 0.04])
    model, patience = Weights(), Patience(Recipe(patience=1, schedule="plateau"))
    for number, score in ((1, 0.6), (2, 0.5)):
        model.number = number
        assert not patience.ends(model, score)
    assert model.number == 1, "the best weights are back when the rate falls"


@pytest.mark.parametrize("scores, rates, best, converged", [
    ([0.1, 0.5, 0.4, 0.4], [1, 1, 1, 1], 2, False),
    ([0.1, 0.5, 0.4, 0.4, 0.2, 0.2, 0.3, 0.1], [1, 1, 1, 1, 0.2, 0.2, 0.04, 0.04], 2, True),
    ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], [1, 1, 1, 1, 0.2, 0.2, 0.04, 0.04], 8, False),
])  # fmt: skip
def test_whether_it_ended_by_itself(scores, rates, best, converged):
    history = {"validation_accuracy": scores, "learning_rate": rates, "accuracy": [0.1 * n for n in range(len(scores))]}
    found = convergence(history, Recipe(patience=2, schedule="plateau", learning_rate=1.0))
    assert (found["best"], found["converged"], found["checks"]) == (best, converged, len(scores))
    assert found["validation_accuracy"] == max(scores) and found["train_accuracy"] == pytest.approx(0.1 * (best - 1))
    assert found["rate_at_best"] == rates[best - 1]


def test_a_patience_without_a_plateau_has_no_rate_to_wait_for():
    history = {"validation_accuracy": [0.5, 0.4, 0.3], "learning_rate": [0.1] * 3, "accuracy": [0.5] * 3}
    assert convergence(history, Recipe(patience=2, learning_rate=0.1))["converged"]
    assert not convergence(history, Recipe(patience=3, learning_rate=0.1))["converged"]


# --- in a training ------------------------------------------------------------------------------


def learnable(rows: int = 48):
    """Pictures that are dark or bright, and which."""
    rng, labels = np.random.default_rng(0), np.arange(rows) % 2
    return (rng.integers(0, 90, (rows, 12, 12, 1)) + 140 * labels[:, None, None, None]).astype(np.uint8), labels


def network():
    keras.utils.set_random_seed(3)
    layers = [keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")]
    return keras.Sequential([keras.Input((12, 12, 1)), *layers])


#: Of 24 rows in batches of 5 a pass has five steps, so that a check falls in the middle of one.
STEPS = {"batch_size": 5, "learning_rate": 0.5, "steps": 40, "check_every": 2, "patience": 2, "schedule": "plateau"}


def fitted(folder=None, **changes):
    images, labels = learnable()
    given = {"recipe": Recipe(**STEPS | changes), "seed": 1, "progress": False, "folder": folder}
    with eagerly():
        return training.fit(network(), images, labels, np.arange(24), [], validation=np.arange(24, 48), **given)


@pytest.fixture(scope="module")
def undisturbed():
    """The network and the history of a training that ends by itself; they are read and not changed."""
    return fitted()


def test_the_result_has_the_weights_of_the_best_check(undisturbed):
    model, history = undisturbed
    images, labels = learnable()
    read = training.predict_probabilities(model, images, np.arange(24, 48)).argmax(axis=1)
    assert (read == labels[24:]).mean() == pytest.approx(max(history["validation_accuracy"]))
    assert len({len(values) for values in history.values()}) == 1 and "test_accuracy" not in history
    assert len(history["loss"]) < 20, "it ended before its most steps"
    assert history["learning_rate"][-1] == pytest.approx(0.5 / 25)


def test_the_worse_last_weights_are_not_the_result(monkeypatch):
    monkeypatch.setattr(fitting.Patience, "ends", lambda self, model, accuracy: _spoiled(self, model))
    model, _ = fitted(steps=4)
    assert all(np.isclose(weights, 7.0).all() for weights in model.get_weights()), "not those of the last check"


def _spoiled(patience, model):
    patience.weights = [np.full_like(weights, 7.0) for weights in model.get_weights()]
    return False


def test_steps_go_on_from_pass_to_pass_and_every_row_is_seen_as_often():
    images, _ = learnable(10)
    whole = training.Batches(images, np.arange(10), np.arange(10), batch_size=4, shuffle_seed=2)
    passes = []
    for epoch in range(4):
        whole.begin(epoch)
        passes += [whole[number][1].tolist() for number in range(3)]
    steps = training.Batches(images, np.arange(10), np.arange(10), batch_size=4, shuffle_seed=2, steps=2)
    seen = []
    for number in range(6):
        steps.begin(number)
        seen += [steps[place][1].tolist() for place in range(len(steps))]
    assert seen == passes, "12 steps of two each are four passes of three"
    steps.begin(1)
    assert [steps[place][1].tolist() for place in (0, 1)] == passes[2:4], "begun anew in the middle of a pass"


@pytest.mark.parametrize("at", [1, 4])
def test_a_training_that_was_broken_off_ends_as_an_undisturbed_one(tmp_path, at, undisturbed):
    whole, history = undisturbed
    images, labels = learnable()
    ending = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: 1 // (at - epoch))
    given = {"recipe": Recipe(**STEPS), "seed": 1, "progress": False, "folder": tmp_path / "state"}
    rows = {"validation": np.arange(24, 48)}
    with eagerly(), pytest.raises(ZeroDivisionError):
        training.fit(network(), images, labels, np.arange(24), [], callbacks=[ending], **rows, **given)
    kept = json.loads((tmp_path / "state" / "state.json").read_text())
    assert kept["epoch"] == at and len(list((tmp_path / "state").glob("epoch-*"))) == 2, (
        "one state, and its best weights"
    )
    again, told = fitted(tmp_path / "state")
    assert told == history
    for one, other in zip(again.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_best_weights_that_are_damaged_begin_the_training_again(tmp_path):
    images, labels = learnable()
    ending = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: 1 // (3 - epoch))
    given = {"recipe": Recipe(**STEPS), "seed": 1, "progress": False, "folder": tmp_path}
    with eagerly(), pytest.raises(ZeroDivisionError):
        training.fit(network(), images, labels, np.arange(24), [], validation=[30, 31], callbacks=[ending], **given)
    (best,) = tmp_path.glob("*.best.npz")
    best.write_bytes(best.read_bytes()[:20])
    with pytest.warns(RuntimeWarning, match="damaged, so the training begins again"):
        fitted(tmp_path)


@pytest.mark.parametrize("given, words", [
    ({"patience": 0}, "`patience`.*1 or more"),
    ({"steps": 0}, "`steps`"),
    ({"check_every": 0}, "`check_every`"),
    ({"steps": 250}, "`steps`.*multiple of check_every, 100.*250"),
    ({"schedule": "plateau"}, "`patience`.*plateau"),
    ({"patience": True}, "`patience`"),
])  # fmt: skip
def test_recipes_that_cannot_be(given, words):
    with pytest.raises(FerError, match=words):
        Recipe(**given)


def test_a_patience_wants_validation_rows():
    images, labels = learnable()
    with pytest.raises(FerError, match=r"(?s)`validation`.*at least one row.*Split\(validation=0.25\)"):
        training.fit(network(), images, labels, np.arange(4), [], recipe=Recipe(patience=1), progress=False)


def test_a_recipe_names_only_what_is_set_of_the_fields_that_came_later():
    assert not {"steps", "check_every", "patience"} & Recipe().configuration().keys()
    told = Recipe(steps=100, patience=2).configuration()
    assert (told["steps"], told["patience"]) == (100, 2) and Recipe(**told) == Recipe(steps=100, patience=2)
    assert Recipe(epochs=7).rounds == 7 and Recipe(steps=300).rounds == 3
