"""A stored result that is written by hand: what it says, what it is read back as, and what cannot be one."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fer_utils import metrics
from fer_utils.core import stages
from fer_utils.core.errors import FerError
from fer_utils.experiments import Experiment, Result

LABELS = ["sad", "angry", "happy"]  # not in the order of the alphabet
# Of four `sad` faces two are right, one is taken for `angry` and one for `happy`; of two `happy` ones none is right.
TRUE, PREDICTED = [0, 0, 0, 0, 1, 2, 2], [0, 0, 1, 2, 1, 0, 0]
ACTORS = ["a", "a", "b", "b", "b", "c", "c"]
CONFUSION = [[2, 1, 1], [0, 1, 0], [2, 0, 0]]


def scored():
    return metrics.evaluate(np.array(TRUE), np.array(PREDICTED), np.array(ACTORS), LABELS)


def written(folder, **changes):
    """A folder with a ``result.json``, and what stands in it."""
    value = {
        "experiment": Experiment(model="nano").configuration(),
        "key": "0" * 24,
        "labels": LABELS,
        "history": {"loss": [1.5, 1]},
        "metrics": scored(),
        "stages": {"metrics": stages.version("metrics")},
        "split": {"train": 9, "test": 7, "train_actors": 4, "test_actors": 3, "leaked_share": {"row": 0, "clip": 0.5}},
        "parameters": 11,
        "seed": 1,
        "minutes": 0.5,
        "processor_minutes": 2,
        "versions": {"keras": "3"},
        "hardware": {"cores": 2},
        "commit": "c",
        "finished": "2026-01-01T00:00:00+00:00",
        "predictions": {"row": [3, 4, 5, 6, 7, 8, 9], "clip": list("uvwxyzz"), "actor": ACTORS,
                        "true": TRUE, "predicted": PREDICTED, "p_sad": [0.5] * 7},
        "faces": {"size": 48},
    } | changes  # fmt: skip
    value = json.loads(json.dumps(value))  # nothing is shared with other tests
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "result.json").write_text(json.dumps(value))
    return value


def edited(folder, path, new):
    value = written(folder)
    *before, last = path.split(".")
    inner = value
    for name in before:
        inner = inner[name]
    inner[last] = new
    (folder / "result.json").write_text(json.dumps(value))


def test_rows_of_the_confusions_are_the_true_labels_and_the_accuracy_is_a_share_of_the_faces(tmp_path):
    written(tmp_path)
    result = Result.load(tmp_path)
    assert result.confusion.tolist() == CONFUSION and result.accuracy == pytest.approx(3 / 7, abs=1e-6)


def test_what_is_written_is_read_back_from_its_folder_its_file_and_the_home(tmp_path, monkeypatch):
    value = written(tmp_path / "stored")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for place in (tmp_path / "stored", tmp_path / "stored" / "result.json", str(tmp_path / "stored"), "~/stored"):
        result = Result.load(place)
        assert result.path == tmp_path / "stored" and json.loads(result.to_json()) == value


@pytest.mark.parametrize("name", ["nowhere", "nowhere/result.json", "."])
def test_where_no_result_is_stored_the_place_is_named(tmp_path, name):
    with pytest.raises(FerError, match=r"(?s)`path`.*the folder of a stored result.*Run the experiment first"):
        Result.load(tmp_path / name)


@pytest.mark.parametrize("version", [None, 0, 99])
def test_metrics_of_another_version_are_scored_anew_from_the_predictions(tmp_path, version):
    known = {} if version is None else {"metrics": version}
    written(tmp_path, metrics={"of": "another form"}, stages=known | {"training": 1})
    before = (tmp_path / "result.json").read_bytes()
    result = Result.load(tmp_path)
    assert result.metrics == scored() and result.confusion.tolist() == CONFUSION
    assert list(result.metrics["recall"]) == LABELS and result.metrics["accuracy"]["groups"] == 3
    assert (tmp_path / "result.json").read_bytes() == before


@pytest.mark.parametrize("path, new", [
    ("metrics.accuracy.low", None), ("metrics.accuracy.high", None), ("metrics.macro_f1.value", None),
    ("metrics.chance", None), ("metrics.recall.angry", None), ("experiment.model.size", None),
    ("experiment.distillation", None), ("predictions.true", TRUE), ("history", {}), ("split.leaked_share", {}),
])  # fmt: skip
def test_what_is_not_known_may_be_null_or_empty(tmp_path, path, new):
    edited(tmp_path, path, new)
    assert Result.load(tmp_path).labels == LABELS


STUDENT = {"teachers": [], "weight": 1.0, "temperature": 3.0}
TEACHER = Experiment(model="knn").configuration()


@pytest.mark.parametrize("path, new", [
    # Neither True nor False is a number, and no number is a text.
    ("minutes", True), ("seed", False), ("parameters", True), ("metrics.n", True), ("metrics.chance", False),
    ("split.train", 9.0), ("split.test_actors", None), ("split.train_actors", "4"), ("stages.metrics", True),
    ("history.loss", [1, True]), ("history.loss", [None]), ("versions.keras", 3), ("processor_minutes", None),
    # Labels and what is said of each.
    ("labels", ["sad", "angry", "sad"]), ("metrics.recall", {"sad": 1, "angry": 0}),
    ("metrics.recall", {"sad": 1, "angry": 0, "happy": 0, "bored": 1}), ("metrics.confusion", CONFUSION[:2]),
    ("metrics.confusion", [[2, 1, 1], [0, 1], [2, 0, 0]]), ("metrics.confusion", [[2, 1, 1], [0, 1, 0], [2, 0, False]]),
    ("metrics.macro_f1.high", "0.5"), ("metrics.accuracy.low", "0.5"), ("metrics.macro_f1", {"value": 0.5}),
    ("split.leaked_share.clip", None), ("split.picture_check", {"seconds": 1, "pictures": 16}),
    # Predictions are numbers of labels, columns of one length.
    ("predictions.predicted", [0, 0, 1, 2, 1, 0, 3]), ("predictions.true", [0, 0, 0, 0, 1, 2, -1]),
    ("predictions.true", [0, 0, 0, 0, True, 2, 2]), ("predictions.predicted", [0.0, *PREDICTED[1:]]),
    ("predictions.p_sad", [0.5] * 6), ("predictions.row", []), ("predictions.actor", [*ACTORS[1:], None]),
    ("predictions", {"actor": [], "true": [], "predicted": []}),
    # Metrics and predictions say the same.
    ("metrics.n", 8), ("metrics.accuracy.value", 0.4287), ("metrics.accuracy.value", None),
    ("metrics.confusion", [list(row) for row in zip(*CONFUSION, strict=True)]),
    ("predictions.true", [0, 0, 0, 1, 1, 2, 2]),
    # Networks that learned from others.
    ("experiment.distillation", {"teachers": [], "temperature": 3.0}),
    ("experiment.distillation", {"teachers": [], "weight": 1.0}),
    ("experiment.distillation", STUDENT | {"weight": "1"}),
    ("experiment.distillation", STUDENT | {"teachers": [TEACHER, TEACHER | {"seed": None}]}),
    ("experiment.model.size", 24.0), ("experiment.seed", True), ("experiment.data.tier", 3),
])  # fmt: skip
def test_what_cannot_be_a_result_is_refused(tmp_path, path, new):
    edited(tmp_path, path, new)
    with pytest.raises(FerError, match=r"result\.json is not a stored result \(.+\)"):
        Result.load(tmp_path)


def test_a_network_that_learned_from_others_is_read_with_its_teachers(tmp_path):
    edited(tmp_path, "experiment.distillation", STUDENT | {"teachers": [TEACHER]})
    assert Result.load(tmp_path).experiment["distillation"]["teachers"] == [TEACHER]


@pytest.mark.parametrize("name", ["notes", "picture_check", "calibration"])
def test_a_field_that_is_not_known_is_of_a_newer_version(tmp_path, name):
    written(tmp_path, **{name: 1})
    with pytest.raises(FerError, match=rf"newer fer_utils.*{name}.*Keep it"):
        Result.load(tmp_path)


def test_a_confusion_that_is_no_square_is_said_to_be_none(tmp_path):
    for rows in (CONFUSION[:2], [row[:2] for row in CONFUSION], [[2, 1, 1], [0, 1], [2, 0, 0]]):
        edited(tmp_path, "metrics.confusion", rows)
        with pytest.raises(FerError, match=r"`metrics\.confusion` is not a square"):
            Result.load(tmp_path)


@pytest.mark.parametrize("labels", [["sad", "angry", "sad"], ["sad", "angry", 3], [], "sah"])
def test_labels_are_different_texts_even_where_the_metrics_are_scored_anew(tmp_path, labels):
    written(tmp_path, labels=labels, stages={})
    with pytest.raises(FerError, match="`labels`"):
        Result.load(tmp_path)


@pytest.mark.parametrize("level", ["image", "near image"])
def test_pictures_that_were_compared_have_both_shares(tmp_path, level):
    value = written(tmp_path)
    shares = value["split"]["leaked_share"] | {"image": 0.0, "near image": 0.25}
    compared = value["split"] | {"picture_check": {"seconds": 0.1, "pictures": 16}}
    written(tmp_path, split=compared | {"leaked_share": shares})
    assert Result.load(tmp_path).split["leaked_share"]["near image"] == 0.25
    del shares[level]
    written(tmp_path, split=compared | {"leaked_share": shares})
    with pytest.raises(FerError, match=f"has no `{level}`"):
        Result.load(tmp_path)
