"""The network behind fixed gradients beside its twins: what is asked, what is recorded, what the answer makes of it."""

from __future__ import annotations

import json

from made_up_protocol import without_training
import pytest

from fer_utils import metrics, studies
from fer_utils.core import stages
from fer_utils.core.errors import FerError
from fer_utils.studies import first_layers, one_protocol, protocol_rows
from fer_utils.studies.protocol_rows import OF_FIRST_LAYERS, ROWS, asked
from fer_utils.studies.training_records import Records

LEARNED = "learned first layer, 48 px"


@pytest.fixture
def trained(monkeypatch):
    """Trainings cost nothing; the list has what was asked of them."""
    return without_training(monkeypatch)


@pytest.fixture
def records(trained, tmp_path) -> Records:
    """Those of the protocol, with all trainings of the network."""
    made = Records("one_protocol", tmp_path)
    one_protocol.train(records=made, rows=[first_layers.NETWORK], progress=False)
    trained.clear()
    return made


def test_twins_differ_from_the_network_in_the_first_layer_only():
    """People, folds, seeds, recipe, size, and the trainings that choose the rate: all else is the same."""
    plain = asked(ROWS[first_layers.NETWORK], 1e-3, tier="class", fold=2, seed=1).configuration()
    for name, row in OF_FIRST_LAYERS.items():
        made = asked(row, 1e-3, tier="class", fold=2, seed=1).configuration()
        assert made["model"]["options"] != plain["model"]["options"], name
        made["model"]["options"] = plain["model"]["options"]
        assert made == plain and row.needed == ROWS[first_layers.NETWORK].needed == 15
        own_choice = None if not name.endswith("same rate") else first_layers.NETWORK
        assert row.rate_of == own_choice and ROWS[name] is row


def test_twin_by_twin_and_nothing_twice(records, trained):
    counts = first_layers.train(records=records, rows=[LEARNED], progress=False)
    assert counts == {LEARNED: [15, 15]}
    assert len(trained) == 15 + len(protocol_rows.RATES), "the rate is the twin's own"
    first_layers.train(records=records, rows=[LEARNED], progress=False)
    assert len(trained) == 18
    first_layers.train(records=records, rows=[f"{LEARNED}, same rate"], progress=False)
    assert len(trained) == 18 + 15, "at the network's rate nothing is chosen"


def test_the_difference_is_that_of_each_person(records):
    first_layers.train(records=records, progress=False)
    found = first_layers.answer(records=records)
    assert [row["name"] for row in found["rows"]] == list(found["comparisons"]) == list(OF_FIRST_LAYERS)
    assert found["network"]["name"] == first_layers.NETWORK and found["missing"] == {}
    network, twin = found["network"]["by_actor"], found["rows"][0]["by_actor"]
    by_hand = metrics.student_interval([network[actor] - twin[actor] for actor in sorted(network)])
    assert found["comparisons"][LEARNED]["value"] == pytest.approx(by_hand["value"])
    assert found["comparisons"][LEARNED]["low"] == pytest.approx(by_hand["low"])


def test_a_twin_without_a_whole_seed_is_missing(records, trained):
    first_layers.train(records=records, rows=[LEARNED], progress=False)
    found = first_layers.answer(records=records)
    assert list(found["comparisons"]) == [LEARNED]
    assert found["missing"] == {name: [0, 15] for name in OF_FIRST_LAYERS if name != LEARNED}


def test_no_verdict_where_a_training_has_not_converged():
    people = {f"{number:02d}": 0.5 + 0.01 * number for number in range(24)}
    network = {"by_actor": people, "witness": True}
    behind = {"by_actor": {actor: share - 0.1 - 0.001 * int(actor) for actor, share in people.items()}, "witness": True}
    assert first_layers._compared(network, {"x": behind})["x"]["verdict"] == "higher"
    for one, other in ((network, behind | {"witness": False}), (network | {"witness": False}, behind)):
        assert first_layers._compared(one, {"x": other})["x"]["verdict"] == "no verdict"


def test_the_protocol_shows_the_twins_only_where_they_are_asked_for(records):
    first_layers.train(records=records, rows=[LEARNED], progress=False)
    plain = one_protocol.answer(records=records)
    assert [row["name"] for row in plain["rows"]] == [first_layers.NETWORK]
    assert not set(plain["missing"]) & set(OF_FIRST_LAYERS)


@pytest.mark.parametrize("ask", [first_layers.train, first_layers.answer])
def test_what_cannot_be_asked(ask, records, tmp_path):
    with pytest.raises(FerError, match=r"`rows`.*learned first layer, 48 px.*Received: 'gradients'"):
        ask(records=records, rows=["gradients"])
    with pytest.raises(FerError, match=r"`records`.*--row"):
        first_layers.answer(records=Records("one_protocol", tmp_path / "none"))
    with pytest.raises(FerError, match="`tier`"):
        first_layers.answer("large", records=records)


def test_the_stored_answer_is_what_the_records_say():
    stored = studies.load("first_layers").answer
    with stages.recording() as used:
        again = first_layers.answer()
    assert {"study.first_layers", "study.one_protocol", "training", "model.contrast"} <= used.stages
    assert json.loads(json.dumps(again)) == stored
    assert stored["people"] == 24 and stored["rows"][0]["parameters"] == 27_200
    assert {row["name"] for row in stored["rows"]} | set(stored["missing"]) == set(OF_FIRST_LAYERS)
