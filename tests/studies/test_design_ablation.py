"""One change of nano at a time, under the protocol: what is asked, what is recorded, what the answer makes of it."""

from __future__ import annotations

import json

from made_up_protocol import pretended, without_training
import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from fer_utils import metrics, models, studies
from fer_utils.core import stages
from fer_utils.core.errors import FerError
from fer_utils.studies import design_ablation, one_protocol, protocol_rows, training_records
from fer_utils.studies.design_ablation import CHANGES
from fer_utils.studies.protocol_rows import ROWS, asked
from fer_utils.studies.training_records import Records

TWO = ["flatten, no pooling", "no mirroring"]


@pytest.fixture
def trained(monkeypatch):
    """Trainings cost nothing; the list has what was asked of them."""
    return without_training(monkeypatch)


@pytest.fixture
def given(trained, tmp_path) -> dict:
    """Where the records are; those of the protocol have nano's three seeds."""
    protocol = Records("one_protocol", tmp_path)
    one_protocol.train(records=protocol, rows=["nano"], progress=False)
    trained.clear()
    return {"records": Records("design_ablation", tmp_path), "protocol": protocol, "progress": False}


def test_each_change_is_one_change():
    """Everything else is as in nano: people, folds, seed, recipe, size of the faces."""
    nano = asked(ROWS["nano"], 1e-3, tier="class", fold=2, seed=0).configuration()
    differences = {}
    for name in CHANGES:
        made = design_ablation._asked(CHANGES[name], 1e-3, "class", 2).configuration()
        differences[name] = {
            (part, key): value
            for part in nano
            for key, value in (made[part].items() if isinstance(made[part], dict) else [("", made[part])])
            if value != (nano[part].get(key) if isinstance(nano[part], dict) else nano[part])
        }
    assert all(len(some) == 1 for some in differences.values()), differences
    assert len({str(some) for some in differences.values()}) == len(CHANGES) == 7
    assert differences["no random augmentation"] == {("recipe", "augment"): 0.0}
    assert differences["no mirroring"] == {("recipe", "flip"): False}
    for name, some in differences.items():
        if ("recipe", "flip") not in some and ("recipe", "augment") not in some:
            assert (
                models.build("nano", classes=8, input_shape=(80, 80, 1), **CHANGES[name].options).count_params()
                != (models.build("nano", classes=8, input_shape=(80, 80, 1)).count_params())
                or name == "no residual connections"
            )


def test_change_by_change_with_the_rate_of_nano_and_nothing_twice(given, trained):
    assert design_ablation.train(rows=TWO, **given) == {name: [5, 5] for name in TWO}
    assert [one.split.fold for one in trained] == [*range(5), *range(5)]
    assert {one.recipe.learning_rate for one in trained} == {1e-3} and {one.seed for one in trained} == {0}
    assert [one.recipe.flip for one in trained] == [True] * 5 + [False] * 5
    design_ablation.train(rows=TWO, **given)
    assert len(trained) == 10


def test_time_that_is_up_ends_it_and_the_rest_is_trained_the_next_time(given, trained, monkeypatch):
    assert design_ablation.train(rows=TWO, minutes=1e-9, **given) == {name: [0, 5] for name in TWO}
    assert trained == []
    clock = iter(range(1000))
    monkeypatch.setattr(design_ablation.time, "monotonic", lambda: next(clock))  # every look takes a second
    there = design_ablation.train(rows=TWO, minutes=3.5 / 60, **given)
    assert there == {TWO[0]: [3, 5], TWO[1]: [0, 5]} and len(trained) == 3
    found = design_ablation.answer(rows=TWO, **given)
    assert found["rows"] == [] and found["comparisons"] == {} and found["missing"] == {TWO[0]: [3, 5], TWO[1]: [0, 5]}
    design_ablation.train(rows=TWO, **given)
    assert len(trained) == 10 and len({str(one) for one in trained}) == 10


def _share(one) -> dict[str, float]:
    made = pretended(one)
    right = made.true == made.predicted
    return {str(actor): float(right[made.actors == actor].mean()) for actor in np.unique(made.actors)}


def _over_folds(row, seed: int = 0) -> dict[str, float]:
    shares: dict[str, float] = {}
    for fold in range(5):
        shares |= _share(asked(row, 1e-3, tier="class", fold=fold, seed=seed))
    return shares


def test_the_answer_is_what_the_records_say(given):
    design_ablation.train(rows=TWO, **given)
    found = design_ablation.answer(rows=TWO, **given)
    assert json.dumps(found, allow_nan=False) and found["missing"] == {} and found["rate"] == 1e-3
    nano = [_over_folds(ROWS["nano"], seed) for seed in range(3)]
    assert found["nano"]["by_actor"] == pytest.approx(nano[0]) and found["people"] == 10
    assert [row["name"] for row in found["rows"]] == TWO
    p = []
    for row in found["rows"]:
        shares = _over_folds(CHANGES[row["name"]])
        assert row["by_actor"] == pytest.approx(shares)
        assert row["accuracy"] == metrics.student_interval(list(row["by_actor"].values()))
        wanted = metrics.student_interval([shares[who] - nano[0][who] for who in sorted(shares)])
        one = found["comparisons"][row["name"]]
        assert {key: one[key] for key in wanted} == pytest.approx(wanted)
        p.append(one["p"])
        network = models.build("nano", classes=3, input_shape=(80, 80, 1), **CHANGES[row["name"]].options)
        assert row["macs"] == models.profile(network).macs and row["processor_minutes"] == 10
        assert row["all_converged"] and row["converged"] == row["trainings"] == 5
    corrected = multipletests(p, method="holm")[1]
    assert [one["p_holm"] for one in found["comparisons"].values()] == pytest.approx(list(corrected))
    for seed, one in zip((1, 2), found["seeds"], strict=True):
        assert one == metrics.student_interval([nano[seed][who] - nano[0][who] for who in sorted(nano[0])])


@pytest.mark.parametrize("row, left", [("flatten,_no_pooling", False), ("nano", True)])
@pytest.mark.parametrize("convergence", [{"converged": False, "train_accuracy": 0.9}, {"train_accuracy": 0.74}])
def test_what_has_not_converged_has_no_verdict(given, row, left, convergence):
    design_ablation.train(rows=TWO, **given)
    records = given["protocol" if row == "nano" else "records"]
    file = records._file("nano" if row == "nano" else TWO[0])
    made = json.loads(file.read_text())
    for record in made:
        if record["configuration"]["seed"] == 0 and record["configuration"]["split"]["fold"] == 1:
            record["convergence"] |= convergence
    file.write_text(json.dumps(made))
    found = design_ablation.answer(rows=TWO, **given)
    verdicts = {name: one["verdict"] == "no verdict" for name, one in found["comparisons"].items()}
    assert verdicts == {TWO[0]: True, TWO[1]: left}


def test_the_answer_rests_on_the_stages_and_the_time_of_its_trainings(given):
    """Also on nano's, with which every change is compared."""
    design_ablation.train(rows=TWO, **given)
    with stages.recording() as used:
        design_ablation.answer(rows=TWO, **given)
    assert {"study.design_ablation", "study.one_protocol", "training", "model.nano", "splits"} <= used.stages
    assert len(used.trainings) == 15 and sum(used.trainings.values()) == 2 * 15


@pytest.mark.parametrize("ask", [design_ablation.train, design_ablation.answer])
@pytest.mark.parametrize(
    "wrong, word", [({"rows": ["no layers"]}, "`rows`.*flatten"), ({"tier": "huge"}, "`tier`.*smoke")]
)
def test_what_is_not_known_is_named(given, ask, wrong, word):
    with pytest.raises(FerError, match=f"(?s){word}"):
        ask(**given | wrong)


def test_without_a_rate_or_a_seed_of_nano_the_error_says_what_to_run(given, tmp_path):
    empty = given | {"protocol": Records("one_protocol", tmp_path / "empty")}
    with pytest.raises(FerError, match=r"(?s)`protocol`.*chosen the learning rate.*--row nano"):
        design_ablation.train(rows=TWO, **empty)
    file = given["protocol"]._file("nano")
    file.write_text(json.dumps(json.loads(file.read_text())[:-1]))
    with pytest.raises(FerError, match=r"(?s)`protocol`.*5 trainings of nano with seed 2.*Received: 4"):
        design_ablation.answer(rows=TWO, **given)


def test_the_stored_answer_is_what_the_committed_records_say():
    stored = studies.load("design_ablation").answer
    again = design_ablation.answer(progress=False)
    assert json.loads(json.dumps(again)) == stored
    assert stored["people"] == 24 and stored["rows"]
    assert {row["name"] for row in stored["rows"]} | set(stored["missing"]) == set(CHANGES)
    nano = {row["name"]: row for row in studies.load("one_protocol").answer["rows"]}["nano"]
    assert stored["rate"] == nano["setting"] and stored["nano"]["parameters"] == nano["parameters"]
    assert (training_records.RECORDS / "design_ablation").is_dir() and stored["size"] == protocol_rows.SIZE
