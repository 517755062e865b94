"""The split study at its smallest: what it trains, what it scores, that it goes on; and that the stored one is whole."""

import numpy as np
import pytest

from fer_utils import results
from fer_utils.errors import FerError
from fer_utils.studies import split

SMALL = {("actor", False): 2, ("frame", True): 1}


@pytest.fixture(scope="module")
def small(_store):
    return split.answer("smoke", progress=False, rows=SMALL, epochs=1)


def test_rows_are_the_units_and_the_twins_leak(small):
    actor, frame = small["rows"]
    assert (actor["unit"], actor["twins"], actor["trainings"]) == ("actor", False, 2)
    assert actor["leaked"]["actor"] == 0 and frame["leaked"]["actor"] == 1 and frame["leaked"]["performance"] > 0.9
    assert frame["train_images"] + frame["test_images"] == 2 * (actor["train_images"] + actor["test_images"])
    assert len(actor["accuracies"]) == 2 and {one["split"]["fold"] for one in actor["experiments"]} == {0, 1}
    for row in small["rows"]:
        matrix = np.array(row["confusion"])
        right, count = np.sum(list(row["by_actor"].values()), axis=0)
        assert (np.trace(matrix), matrix.sum()) == (right, count)
        assert row["accuracy"]["value"] == pytest.approx(right / count) and row["parameters"] == 542_136
        assert row["accuracy"]["low"] <= row["accuracy"]["value"] <= row["accuracy"]["high"]


def test_what_is_trained_is_not_trained_again(small, monkeypatch):
    from fer_utils import train

    monkeypatch.setattr(train, "fit", lambda *_, **__: pytest.fail("trained again"))
    assert split.answer("smoke", progress=False, rows=SMALL, epochs=1) == small


def test_a_step_is_each_actor_against_himself(small):
    (step,) = small["steps"]
    one, other = (row["by_actor"] for row in small["rows"])
    shared = sorted(one.keys() & other.keys())
    assert step["groups"] == len(shared) >= 2 and (step["from"], step["to"]) == (["actor", False], ["frame", True])
    assert step["value"] == pytest.approx(np.mean([other[a][0] / other[a][1] - one[a][0] / one[a][1] for a in shared]))
    assert step["low"] <= step["value"] <= step["high"]
    even = {"by_actor": {"a": [1, 2], "b": [2, 4]}}
    assert split._step(even, {"by_actor": {"a": [2, 2], "b": [4, 4], "c": [0, 9]}}) == {
        "value": 0.5, "low": 0.5, "high": 0.5, "level": 0.95, "groups": 2}


@pytest.mark.parametrize("given", [{"rows": {("person", True): 1}}, {"rows": {("actor", True): 0}}, {"epochs": 0}])
def test_the_impossible_is_named(given):
    with pytest.raises(FerError, match="`(rows|epochs)`"):
        split.answer("smoke", progress=False, **given)


@pytest.mark.skipif(("split", "class") not in results.stored(), reason="the split study is not stored yet: python -m fer_utils study split --store")
def test_the_stored_answer_is_whole():
    found = results.load("split", "class").answer
    assert {(row["unit"], row["twins"]): row["trainings"] for row in found["rows"]} == split.ROWS
    for row in found["rows"]:
        assert row["accuracy"]["groups"] == 24 and np.array(row["confusion"]).sum() == sum(count for _, count in row["by_actor"].values())
    assert len(found["steps"]) == len(split.STEPS)
