"""The studies of the lightweight networks: what is trained on what, what is set against what, who is called better."""

import json

import pytest
from small_trainings import few_faces, untraced
from stage_lists import as_stored

from fer_utils.core.errors import FerError
from fer_utils.studies import lightweight2019, nano_against_paper, near_duplicates_real

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def few(_store):
    """One face of each clip, four of each actor: the actors are apart here, so that no clip is on both sides."""
    with few_faces(1, actors=5, performances=4), untraced():
        yield


def test_2019_at_its_smallest(_store):
    costs = {"export", "profile", "timing"}
    rivals = {"model.mobilenetv2", "model.inceptionv3", "model.inception_resnetv2"}
    with as_stored("lightweight2019", absent=costs | rivals):
        found = lightweight2019.answer(
            "smoke", progress=False, networks={lightweight2019.OWN: 1}, epochs=1, size=32, repeats=None
        )
    json.dumps(found, allow_nan=False)
    (row,) = found["rows"]
    assert row["leaked"]["actor"] == 0 and row["seeds"] == [0] and row["parameters"] == 614_952
    assert found["claims"] == [] and found["recipe"]["flip"] and found["recipe"]["schedule"] == "cosine"


def test_the_claim_of_2019_is_judged_over_people():
    def row(name, rights, parameters):
        return {
            "name": name,
            "by_actor": {str(actor): [right, 100] for actor, right in enumerate(rights)},
            "parameters": parameters,
        }

    own = row(lightweight2019.OWN, [60, 62, 58, 61], 10)
    judged = lightweight2019._judged(own, row("inceptionv3", [50, 51, 49, 52], 20))
    assert (
        judged["fewer"] is True
        and judged["verdict"] == "higher"
        and judged["accuracy"]["value"] == pytest.approx(0.0975)
    )
    judged = lightweight2019._judged(own, row("inception_resnetv2", [80, 85, 81, 82], 5))
    assert judged["fewer"] is False and judged["verdict"] == "lower"
    judged = lightweight2019._judged(own, row("mobilenetv2", [40, 80, 50, 70], 20))
    assert judged["fewer"] is None and judged["verdict"] == "not told apart"


def test_smaller_than_the_paper_at_its_smallest(_store):
    taught = "taught by a wide one"
    with as_stored("nano", extra={"distillation"}):
        found = nano_against_paper.answer(
            "smoke",
            progress=False,
            datasets=["ravdess"],
            rows=[nano_against_paper.PAPER, nano_against_paper.NANO],
            ablation=[taught],
            epochs=1,
            folds=1,
            size=48,
            repeats=2,
        )
    json.dumps(found, allow_nan=False)
    paper, own = found["rows"]
    (change,), (apart,) = found["ablation"], found["differences"]
    assert [one["name"] for one in (paper, own, change)] == [nano_against_paper.PAPER, nano_against_paper.NANO, taught]
    assert (
        own["parameters"] < paper["parameters"]
        and own["by_actor"].keys() == paper["by_actor"].keys()
        and own["leaked"]["actor"] == 0
    )
    assert (
        paper["experiment"]["recipe"]["augment"] == 0
        and own["experiment"]["recipe"]["augment"] == nano_against_paper.RECIPE["augment"]
    )
    assert change["experiment"]["distillation"]["teachers"][0]["model"]["options"] == {"widths": [32, 64, 96, 128]}
    assert change["parameters"] == own["parameters"]
    by_actor = [
        own["by_actor"][name][0] / own["by_actor"][name][1] - right / count
        for name, (right, count) in paper["by_actor"].items()
    ]
    assert apart["value"] == pytest.approx(sum(by_actor) / len(by_actor)) and apart["met"] == (
        apart["value"] > 0 and apart["low"] > -0.01
    )
    files = found["weights"][nano_against_paper.NANO]["files"]
    assert files["float32"]["bytes"] > 4 * found["weights"][nano_against_paper.NANO]["trainable"]
    assert files["float32"]["unseen_agreement"] == 1 and 0 <= files["int8"]["unseen_agreement"] <= 1
    assert (
        files["int8"]["bytes"] < files["float32"]["bytes"]
        and found["weights"][nano_against_paper.PAPER]["files"]["int8"]["times"] == 1
    )


def test_three_answers_are_one_question(monkeypatch):
    """Between them the three studies ask for every row on every stand-in, and for the whole ablation."""
    from fer_utils.studies import nano_ablation, nano_savee

    asked = []
    monkeypatch.setattr(
        nano_against_paper, "compared", lambda tier, **given: asked.append({"rows": None, "ablation": None} | given)
    )
    for study in (nano_against_paper, nano_savee, nano_ablation):
        study.answer("class", progress=False)
        assert asked[-1]["progress"] is False
    whole, savee, parts = asked
    assert {*whole["datasets"], *savee["datasets"]} == set(nano_against_paper.PLAN) and whole["rows"] is savee[
        "rows"
    ] is None
    assert (
        whole["ablation"] == savee["ablation"] == () and parts["ablation"] is None and parts["datasets"] == ("ravdess",)
    )


def test_a_teacher_who_knows_more(_store):
    from fer_utils.studies import nano_taught

    planned = nano_taught.plans(tier="class", epochs=6)
    for alone, teacher, taught in zip(*planned.values(), strict=True):
        assert taught.distillation.teachers == (teacher,) and (alone.split, alone.seed) == (
            teacher.split,
            teacher.seed,
        ) == (taught.split, taught.seed)
        assert (
            alone.distillation is None
            and alone.model == taught.model != teacher.model
            and alone.recipe == taught.recipe
        )
    with as_stored("nano_taught"):
        found = nano_taught.answer("smoke", progress=False, epochs=1, folds=1, size=48)
    json.dumps(found, allow_nan=False)
    alone, teacher, taught = found["rows"]
    assert (
        alone["parameters"] == taught["parameters"] < teacher["parameters"]
        and len({tuple(row["by_actor"]) for row in found["rows"]}) == 1
    )
    mean = {
        row["name"]: sum(right / every for right, every in row["by_actor"].values()) / len(row["by_actor"])
        for row in found["rows"]
    }
    assert found["taught"]["value"] == pytest.approx(mean["nano, taught"] - mean["nano"])
    assert found["teacher"]["value"] == pytest.approx(mean[nano_taught.TEACHER] - mean["nano"])


def test_every_row_can_be_planned_and_no_two_folds_share_a_seed():
    for dataset, (_, folds, seeds) in nano_against_paper.PLAN.items():
        for row in [*nano_against_paper.ROWS, *nano_against_paper.ABLATION, *nano_against_paper.TEACHERS]:
            plan = nano_against_paper.experiments_of(row, dataset, tier="class", epochs=6)
            assert len(plan) == folds * seeds >= 5 and len({one.seed for one in plan}) == len(plan)
            for one in plan:
                for teacher in one.distillation.teachers if one.distillation else ():
                    assert (teacher.split, teacher.seed) == (one.split, one.seed)
    from fer_utils.studies import split

    assert nano_against_paper.experiments_of(
        nano_against_paper.PAPER, "ravdess", tier="class", epochs=6
    ) == split.experiments_of("actor", False, 5, tier="class", epochs=6)


def test_the_smaller_network_has_at_most_25_000_parameters():
    from fer_utils import models

    made = models.profile(models.build("nano", classes=8, **nano_against_paper.SMALL))
    assert made.parameters <= 25_000 and made.macs <= models.profile(models.build("nano", classes=8)).macs


@pytest.mark.parametrize(
    "call, word",
    [
        (lambda: lightweight2019.answer(networks={"vgg16": 1}), "`networks`"),
        (lambda: nano_against_paper.answer(datasets=["crema_d"]), "`datasets`"),
        (lambda: nano_against_paper.answer(rows=["giant"]), "`rows`"),
        (lambda: nano_against_paper.answer(ablation=["no colour"]), "`ablation`"),
        (lambda: nano_against_paper.answer(epochs=0), "`epochs`"),
    ],
)
def test_the_impossible_is_named(call, word):
    with pytest.raises(FerError, match=word):
        call()


def test_a_real_picture_that_cannot_be_opened_is_named(tmp_path):
    folder = tmp_path / "happy"
    folder.mkdir()
    damaged = folder / "S010_001_00000014.png"
    damaged.write_bytes(b"no picture")
    with pytest.raises(FerError, match=r"(?s)`real`.*S010_001_00000014\.png.*archive again"):
        near_duplicates_real.answer("smoke", real={"ck48": str(tmp_path)}, progress=False)
