"""Who is beaten by nobody: accuracies of three answers on the same strangers, costs of one run."""

import pytest

from fer_utils import models, studies
from fer_utils.core.errors import FerError
from fer_utils.models import mobilenet_inception2019
from fer_utils.plotting import pareto
from fer_utils.studies import frontier, lightweight2019, nano_against_paper

keras = pytest.importorskip("keras", reason="the networks need Keras: pip install 'fer-utils[cpu]'")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        keras.backend.backend() != "tensorflow", reason="the converters need Keras on TensorFlow: unset KERAS_BACKEND"
    ),
]

ALL, SOME = {str(actor): [30 + actor, 100] for actor in range(1, 7)}, {"2": [50, 100], "5": [70, 100]}


def answers(by_actor=SOME):
    """Answers of the three studies at their smallest, made up."""
    row = {"confusion": [[0] * 4] * 4, "by_actor": ALL}
    # A plain network in Xception's place: it is pruned and exported alike, and sooner.
    plan = {"network": "alexnet", "options": {"dense": 8}, "size": 67, "steps": 1}
    names = ("xception", "xception, weights pruned", "xception, filters pruned")
    networks = {name: {"by_actor": by_actor} for name in names}
    return {
        "nano": {
            "rows": [
                row | {"name": name, "dataset": dataset, "experiment": {"model": {"size": 32}}}
                for dataset in ("ravdess", "mead")
                for name in (nano_against_paper.PAPER, nano_against_paper.NANO)
            ]
        },
        "lightweight2019": {"size": 40, "rows": [row | {"name": lightweight2019.OWN}]},
        "compression": {"plan": plan, "labels": list("abcd"), "networks": networks},
    }


def test_all_networks_on_the_strangers_that_all_have(monkeypatch):
    # Two of its five stages of bottlenecks: asked is which files are written and weighed, and not how large one is.
    monkeypatch.setattr(mobilenet_inception2019, "STAGES", mobilenet_inception2019.STAGES[:2])
    found = frontier.answer("smoke", progress=False, answers=answers(), quantize=(None,), repeats=2)
    rows = {row["name"]: row for row in found["rows"]}
    assert list(rows) == [
        nano_against_paper.PAPER,
        nano_against_paper.NANO,
        lightweight2019.OWN,
        "alexnet",
        "alexnet, filters pruned",
    ]
    assert found["actors"] == ["2", "5"]
    assert (
        rows[nano_against_paper.NANO]["accuracy"]["value"] == pytest.approx((0.32 + 0.35) / 2)
        and rows[nano_against_paper.NANO]["accuracy"]["groups"] == 2
    )
    assert rows["alexnet"]["accuracy"]["value"] == pytest.approx(0.6)
    assert [rows[name]["size"] for name in rows] == [32, 32, 40, 67, 67] and {
        row["labels"] for row in rows.values()
    } == {4}
    assert (
        rows[nano_against_paper.PAPER]["parameters"]
        == models.build("ding2023", classes=4, input_shape=(32, 32, 1)).count_params()
    )
    whole, few = rows["alexnet"], rows["alexnet, filters pruned"]
    assert whole["parameters"] == models.build("alexnet", classes=4, input_shape=(67, 67, 1), dense=8).count_params()
    assert few["parameters"] < 0.8 * whole["parameters"] and few["macs"] < 0.8 * whole["macs"]
    assert (
        few["files"]["float32"]["bytes"] < whole["files"]["float32"]["bytes"]
        and rows[nano_against_paper.PAPER]["files"]["float32"]["times"] == 1
    )


def test_strangers_that_one_did_not_have_are_refused():
    with pytest.raises(FerError, match=r"ding2023.*nano.*99"):
        frontier.answer("smoke", progress=False, answers=answers({"99": [1, 2]}))


def test_who_is_beaten_by_nobody():
    values, costs = {"a": 0.5, "b": 0.6, "c": 0.6, "d": 0.4, "e": 0.7}, {"a": 1, "b": 2, "c": 3, "d": 1, "e": 9}
    assert pareto.non_dominated(values, costs) == ["a", "b", "e"]
    assert pareto.non_dominated({"a": 1.0, "b": 1.0}, {"a": 2, "b": 2}) == [
        "a",
        "b",
    ]  # alike in both: neither beats the other
    with pytest.raises(FerError, match="`costs`"):
        pareto.non_dominated({"a": 1.0}, {"b": 1.0})


@pytest.mark.skipif(
    ("frontier", "class") not in studies.stored(),
    reason="the study is not stored yet: python -m fer_utils study frontier --store",
)
def test_the_stored_frontier_is_of_the_answers_that_are_stored():
    found = studies.load("frontier", "class").answer
    assert {row["study"] for row in found["rows"]} == set(frontier.STUDIES)
    for name in frontier.STUDIES:
        assert found["sources"][name]["finished"] == studies.load(name, "class").finished
    assert all(row["accuracy"]["low"] <= row["accuracy"]["value"] <= row["accuracy"]["high"] for row in found["rows"])
