"""Studies of trained networks at their smallest: what they train and score, that they go on; stored ones are whole."""

import json

import numpy as np
import pytest
from small_trainings import few_faces, untraced
from stage_lists import as_stored

from fer_utils import studies
from fer_utils.core.errors import FerError
from fer_utils.models import ding2023
from fer_utils.studies import paper_figures, regularization, split, trainings

pytestmark = pytest.mark.slow

SMALL = {("actor", False): 2, ("frame", True): 1}
SIDE = 60


def parameters(classes: int) -> int:
    """Those of the paper's network on faces of that side."""
    return ding2023.parameter_count(classes=classes, size=SIDE)


@pytest.fixture(scope="module", autouse=True)
def few(_store):
    """Five actors, for five folds, and two faces of each clip: one can be in training and the other in test.

    Four performances of each actor will do, of a third of the side, and nothing is compiled: a training has fewer steps
    than that is worth.
    """
    with few_faces(2, actors=5, performances=4, side=SIDE), untraced():
        yield


@pytest.fixture(scope="module")
def small(few):
    with as_stored("split"):
        return split.answer("smoke", progress=False, rows=SMALL, epochs=1)


def test_rows_are_the_units_and_the_twins_leak(small):
    actor, frame = small["rows"]
    assert (actor["unit"], actor["twins"], actor["trainings"]) == ("actor", False, 2)
    assert actor["leaked"]["actor"] == 0 and frame["leaked"]["actor"] == 1 and frame["leaked"]["performance"] > 0.9
    assert frame["train_images"] + frame["test_images"] == 2 * (actor["train_images"] + actor["test_images"])
    assert len(actor["accuracies"]) == 2 and {one["split"]["fold"] for one in actor["experiments"]} == {0, 1}
    (asked,) = {json.dumps(one["model"]) for row in small["rows"] for one in row["experiments"]}
    assert json.loads(asked) == {"name": "ding2023", "options": {}, "size": None}, "the pictures as they are"
    for row in small["rows"]:
        matrix = np.array(row["confusion"])
        right, count = np.sum(list(row["by_actor"].values()), axis=0)
        assert (np.trace(matrix), matrix.sum()) == (right, count)
        assert row["accuracy"]["value"] == pytest.approx(right / count) and row["parameters"] == parameters(8)
        assert row["accuracy"]["low"] <= row["accuracy"]["value"] <= row["accuracy"]["high"]


def test_what_is_trained_is_not_trained_again(small, monkeypatch):
    from fer_utils import training

    monkeypatch.setattr(training, "fit", lambda *_, **__: pytest.fail("trained again"))
    assert split.answer("smoke", progress=False, rows=SMALL, epochs=1) == small


def test_a_step_is_each_actor_against_himself(small):
    (step,) = small["steps"]
    one, other = (row["by_actor"] for row in small["rows"])
    shared = sorted(one.keys() & other.keys())
    assert step["groups"] == len(shared) >= 2 and (step["from"], step["to"]) == (["actor", False], ["frame", True])
    assert step["value"] == pytest.approx(np.mean([other[a][0] / other[a][1] - one[a][0] / one[a][1] for a in shared]))
    assert step["low"] <= step["value"] <= step["high"]
    even = {"by_actor": {"a": [1, 2], "b": [2, 4]}}
    assert trainings.gain(even, {"by_actor": {"a": [2, 2], "b": [4, 4], "c": [0, 9]}}) == {
        "value": 0.5,
        "low": 0.5,
        "high": 0.5,
        "level": 0.95,
        "groups": 2,
    }


@pytest.mark.parametrize("given", [{"rows": {("person", True): 1}}, {"rows": {("actor", True): 0}}, {"epochs": 0}])
def test_the_impossible_is_named(given):
    with pytest.raises(FerError, match=r"`(rows|epochs)`"):
        split.answer("smoke", progress=False, **given)


# --- the paper's figures --------------------------------------------------------------------


def test_the_papers_figures_at_their_smallest(_store):
    with as_stored("paper_figures"):
        found = paper_figures.answer(
            "smoke", progress=False, panels={"SAVEE before": 1, "SAVEE after": 1, "RAVDESS": 1}, epochs=1
        )
    panels = {panel["name"]: panel for panel in found["panels"]}
    before, after, ravdess = panels["SAVEE before"], panels["SAVEE after"], panels["RAVDESS"]
    assert [panel["figures"] for panel in (before, after, ravdess)] == [(5, None), (6, 9), (4, 8)]
    assert ravdess["twins"] and not after["twins"] and (ravdess["epochs"], after["epochs"]) == (1, 2)
    assert (ravdess["parameters"], after["parameters"]) == (parameters(8), parameters(7))
    assert after["experiment"]["model"]["options"] == {"dropout": [0.3, 0.5, 0.5], "l1": 1e-4}
    assert all(len(values) == panel["epochs"] for panel in panels.values() for values in panel["histories"][0].values())
    assert after["histories"][0]["loss"][0] > before["histories"][0]["loss"][0]  # it contains the penalty
    change = found["modification"]
    assert change["value"] == pytest.approx(
        np.mean(
            [
                right / count - before["by_actor"][actor][0] / before["by_actor"][actor][1]
                for actor, (right, count) in after["by_actor"].items()
            ]
        )
    )
    assert change["gap_before"] == pytest.approx(
        before["histories"][0]["accuracy"][-1] - before["histories"][0]["test_accuracy"][-1]
    )
    assert paper_figures.answer("smoke", progress=False, panels={"SAVEE after": 1}, epochs=1)["modification"] is None


def test_the_figures_of_ravdess_are_trainings_of_the_split_study():
    assert paper_figures.experiments_of("RAVDESS", 5, tier="class", epochs=6) == split.experiments_of(
        "frame", True, 5, tier="class", epochs=6
    )


# --- dropout x L1 ---------------------------------------------------------------------------


def test_the_sweep_at_its_smallest(_store):
    with as_stored("regularization"):
        found = regularization.answer(
            "smoke", progress=False, dropouts=[0.0, 0.7], strengths=[0.001], folds=2, epochs=1
        )
    low, high = found["cells"]
    assert (low["dropout"], high["dropout"], low["l1"]) == (0.0, 0.7, 0.001)
    assert low["experiment"]["model"] == {
        "name": "ding2023",
        "options": {"dropout": [0.3, 0.0, 0.0], "l1": 0.001},
        "size": 60,
    }
    assert (
        low["leaked"]["actor"] == 0
        and len(low["accuracies"]) == 2
        and low["by_actor"].keys() == high["by_actor"].keys()
    )
    assert low["gap"] == pytest.approx(low["train_accuracy"] - low["accuracy"]["value"])
    assert (
        found["choice"]["people"] == len(low["by_actor"])
        and sum(found["choice"]["picked"]) == found["choice"]["halves"]
    )


def test_a_choice_on_the_test_flatters_and_one_on_validation_does_not():
    rng = np.random.default_rng(0)
    # Sixteen cells that are all alike: whoever is chosen is worth 0.5, however it looks.
    alike = [{str(person): (int(rng.binomial(120, 0.5)), 120) for person in range(24)} for _ in range(16)]
    found = regularization.choose(alike)
    assert found["on_test"] > 0.51 > found["on_validation"] and found["on_validation"] == pytest.approx(
        found["middle"], abs=0.01
    )
    assert found["flattery"] == pytest.approx(found["on_test"] - found["on_validation"]) and found["low"] >= 0
    # One that is truly better is found by both, and nothing is flattered.
    better = [{str(person): (90 if cell == 3 else 60, 120) for person in range(24)} for cell in range(4)]
    found = regularization.choose(better)
    assert (found["on_test"], found["on_validation"], found["flattery"]) == (0.75, 0.75, 0.0) and found["picked"] == [
        0,
        0,
        0,
        2000,
    ]
    with pytest.raises(FerError, match="same two or more people"):
        regularization.choose([{"a": (1, 2), "b": (1, 2)}, {"a": (1, 2), "c": (1, 2)}])


@pytest.mark.parametrize(
    "given",
    [
        {"dropouts": [1.0]},
        {"strengths": [-1e-3]},
        {"dropouts": [0.3], "strengths": [0.0]},
        {"folds": 6},
        {"folds": 0},
        {"dropouts": ["0.3"]},
    ],
)
def test_a_sweep_over_the_impossible_is_named(given):
    with pytest.raises(FerError, match=r"`(dropouts|strengths|folds)`"):
        regularization.answer("smoke", progress=False, **given)


@pytest.mark.skipif(
    ("split", "class") not in studies.stored(),
    reason="the split study is not stored yet: python -m fer_utils study split --store",
)
def test_the_stored_answer_is_whole():
    found = studies.load("split", "class").answer
    assert {(row["unit"], row["twins"]): row["trainings"] for row in found["rows"]} == split.ROWS
    for row in found["rows"]:
        assert row["accuracy"]["groups"] == 24 and np.array(row["confusion"]).sum() == sum(
            count for _, count in row["by_actor"].values()
        )
    assert len(found["steps"]) == len(split.STEPS)


def test_the_papers_figures_on_a_folder_of_clips(tmp_path):
    """The same question on real clips (a film stands for them) by naming its folder; only the panels of that set."""
    from fer_utils import studio
    from fer_utils.studies import real_data

    clips = studio.film("savee", tmp_path / "clips", actors=2, clips_per_actor=7, seed=5, progress=False)
    found = studies.run(
        "paper_figures", "smoke", progress=False, real={"savee": clips.root}, epochs=1, panels={"SAVEE after": 1}
    )
    (panel,) = found.answer["panels"]
    drawn = studies.run("paper_figures", "smoke", progress=False, epochs=1, panels={"SAVEE after": 1}).answer["panels"][
        0
    ]
    assert (
        panel["histories"] != drawn["histories"] and panel["labels"] == drawn["labels"]
    )  # other clips, another answer
    assert found.options["real"] == {"savee": str(clips.root)}
    known = paper_figures.PANELS
    assert real_data.panels(known, {"savee": clips.root}) == {"SAVEE before": 3, "SAVEE after": 3}


@pytest.mark.parametrize(
    "given, words",
    [
        ({"name": "one_protocol", "real": {"ravdess": "."}}, ("`real`", "paper_figures", "split", "other people")),
        ({"name": "paper_figures", "real": {"ravdess": "nowhere"}}, ("`real`", "ravdess", "nowhere")),
        ({"name": "paper_figures", "real": {"savee": "."}, "panels": {"MEAD": 1}}, ("`real`", "mead")),
        ({"name": "paper_figures", "real": {"crema_d": "."}}, ("`real`", "mead, ravdess, savee", "crema_d")),
        ({"name": "paper_figures", "real": {}}, ("`real`", "folders")),
        ({"name": "paper_figures", "real": {"savee": "."}, "store": True, "tier": "class"}, ("`store`",)),
    ],
)
def test_clips_that_cannot_be_asked_about(given, words):
    with pytest.raises(FerError) as error:
        studies.run(given.pop("name"), given.pop("tier", "smoke"), progress=False, **given)
    assert all(word in str(error.value) for word in words)


def test_the_command_takes_folders_of_real_clips(tmp_path, monkeypatch, capsys):
    from fer_utils.cli import main

    handed = {}
    monkeypatch.setattr(
        studies, "run", lambda name, tier, **options: handed.update(options) or studies.load("human_votes")
    )
    assert (
        main.main(["study", "paper_figures", "--real", f"mead={tmp_path}", "--real", "savee=/a=b", "--json", "--quiet"])
        == 0
    )
    assert handed["real"] == {"mead": str(tmp_path), "savee": "/a=b"}
    for wrong in ("savee", "savee=", "=folder"):
        assert main.main(["study", "paper_figures", "--real", wrong]) == 2 and "SET=FOLDER" in capsys.readouterr().err
    twice = ["--real", "savee=/a", "--real", "savee=/b"]
    assert main.main(["study", "paper_figures", *twice]) == 2  # neither of two folders is passed over
    assert "one folder of savee" in capsys.readouterr().err
    assert main.main(["study", "human_votes", "--json", "--quiet"]) == 0 and handed["real"] is None
