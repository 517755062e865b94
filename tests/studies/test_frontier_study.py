"""The frontier: every method of the protocol with its costs, and files that are asked of the people who test."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from fer_utils import compress, models, studies
from fer_utils.core.errors import FerError
from fer_utils.experiments import Data
from fer_utils.plotting import pareto
from fer_utils.studies import frontier, simple_methods
from fer_utils.studies.protocol_rows import ROWS

keras = pytest.importorskip("keras", reason="the networks need Keras: pip install 'fer-utils[cpu]'")
litert = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the converters need Keras on TensorFlow: unset KERAS_BACKEND"
)
HOG, ANN, NANO, LANDMARKS = "HOG and SVM, 80 px", "HOG and ANN, 80 px", "nano", "landmarks and SVM"


def a_row(name: str, setting: float, **changes) -> dict:
    """A row of a protocol's answer, with what the frontier reads of it."""
    row = ROWS[name]
    accuracy = {"value": 0.6, "low": 0.5, "high": 0.7, "groups": 5}
    return {
        "name": name,
        **{key: getattr(row, key) for key in ("network", "features", "classifier", "changes", "by", "twins", "size")},
        "setting": setting,
        "parameters": 123,
        "macs": None if row.features == "landmark distances" else 4567,
        "accuracy": accuracy,
        "seeds": 1,
        "witness": True,
        **changes,
    }


def a_protocol(*rows: dict) -> dict:
    return {"people": 5, "rows": list(rows)}


@pytest.fixture(scope="module")
def few():
    """Five people with four labels: bright squares in corners of faces of 90 pixels."""
    rng, rows, images = np.random.default_rng(3), [], []
    for person in range(5):
        for number, label in enumerate(("neutral", "happy", "sad", "angry") * 3):
            face = rng.integers(60, 140, (90, 90, 1))
            row, column = divmod(number % 4, 2)
            face[10 + 40 * row : 40 + 40 * row, 10 + 40 * column : 40 + 40 * column] = 220
            images.append(face)
            rows.append((f"{person:02d}", label, f"{person}-{number}"))
    meta = pd.DataFrame(rows, columns=["actor", "expression", "clip"]).assign(dataset="ravdess")
    return SimpleNamespace(images=np.stack(images).astype(np.uint8), meta=meta, landmarks=None, fingerprint="few")


@pytest.fixture
def pretending(few, monkeypatch):
    """Faces that are there, and a network in the place of a training; the list has what was trained."""
    asked = []
    network = models.build("nano", classes=8, input_shape=(80, 80, 1))

    def run(one, *, face_set, progress):
        asked.append(one)
        rows = one.split.rows(few.meta)[1][::-1]  # in another order than the faces lie
        images = frontier.faces.resize(few.images[rows], 80, progress=False)
        says = network.predict(images, verbose=0).argmax(axis=1)
        table = pd.DataFrame({"row": rows, "true": np.arange(len(rows)) % 4, "predicted": says})
        return SimpleNamespace(predictions=table, model=lambda: network)

    monkeypatch.setattr(frontier.experiments, "run", run)
    monkeypatch.setattr(Data, "load", lambda data, progress=True: few)
    monkeypatch.setattr(simple_methods, "_faces", lambda data, with_landmarks, progress: few)
    return asked


@litert
@pytest.mark.slow
def test_every_method_is_weighed_as_it_was_trained(pretending, few):
    protocol = a_protocol(
        a_row(LANDMARKS, 10),
        a_row("HOG and SVM", 10, witness=False),
        a_row(HOG, 10),
        a_row(NANO, 3e-3),
        a_row("ding2023, frames at random", 1e-3),
        a_row("ding2023, images as they are", 1e-3),
    )
    found = frontier.answer("smoke", progress=False, protocol=protocol, repeats=2)
    rows = {row["name"]: row for row in found["rows"]}
    assert list(rows) == [HOG, NANO, LANDMARKS, "HOG and SVM"], "80 pixels first; strangers, and the recipe itself"
    assert [bool(row["why"]) for row in rows.values()] == [False, False, True, True]
    assert all(row["files"] == {} and row["tested"] is None for row in rows.values() if row["why"])
    (trained,) = pretending
    assert (trained.seed, trained.split.fold, trained.recipe.learning_rate) == (0, 0, 3e-3)
    hog, nano = rows[HOG], rows[NANO]
    assert list(hog["files"]) == ["float32"] and list(nano["files"]) == ["float32", "int8"]
    assert hog["tested"] == nano["tested"] == 12 and hog["read"] == hog["files"]["float32"]["read"] == 1.0
    for row in (hog, nano):
        file = row["files"]["float32"]
        assert file["agreement"] == 1 and file["usable"] and file["ms"] > 0
    counted = nano["files"]["float32"]["bytes"]
    assert counted > 4 * models.build("nano", classes=8, input_shape=(80, 80, 1)).count_params() * 0.9
    assert nano["files"]["int8"]["bytes"] < counted < hog["files"]["float32"]["bytes"]
    assert (hog["parameters"], hog["macs"], hog["bytes_of_numbers"]) == (123, 4567, 492), "as the protocol counts them"
    assert found["baseline"] == HOG and hog["files"]["float32"]["times"] == 1, (
        "the first, where the paper's is not there"
    )


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A small network, twenty faces, and its file."""
    network = models.build("nano", classes=4, input_shape=(32, 32, 1), widths=(4, 4))
    faces = np.random.default_rng(1).integers(0, 256, (20, 32, 32, 1)).astype(np.uint8)
    says = network.predict(faces, verbose=0).argmax(axis=1)
    return frontier.Trained(network, says, (says + 1) % 4, faces, faces[:8])


@litert
@pytest.mark.slow
def test_a_file_that_says_something_else_than_its_method_is_unusable(exported, tmp_path, monkeypatch):
    """Of twenty faces two may have another label; a third is more than a tenth."""
    worth, run = frontier._file(exported, tmp_path / "one.tflite", "float32")
    assert worth["agreement"] == 1 and worth["read"] == 0 and run(exported.unseen[:1]).shape == (1, 4)
    written = compress.export(exported.network, tmp_path / "two.tflite", calibration=exported.learned_from)
    monkeypatch.setattr(compress, "export", lambda *_, **__: written)
    for wrong, usable in ((0, True), (2, True), (3, False), (20, False)):
        other = (exported.says + np.repeat([1, 0], [wrong, 20 - wrong])) % 4
        worth, _ = frontier._file(exported._replace(says=other), tmp_path / "two.tflite", "float32")
        assert worth["agreement"] == pytest.approx(1 - wrong / 20) and worth["usable"] is usable


def test_a_file_that_is_refused_is_unusable_and_is_not_timed(exported, tmp_path, monkeypatch):
    def refused(*_, **__):
        raise FerError("It does not compute what Keras does.\nCalibrate with more.")

    monkeypatch.setattr(compress, "export", refused)
    worth, run = frontier._file(exported, tmp_path / "one.tflite", "int8")
    assert worth == {"usable": False, "refused": "It does not compute what Keras does."} and run is None


def test_a_method_that_has_no_files_cannot_be_asked_for():
    protocol = a_protocol(a_row(HOG, 10), a_row(LANDMARKS, 10))
    for name in (LANDMARKS, "alexnet"):
        with pytest.raises(FerError, match=rf"`rows`.*{HOG}.*{name}"):
            frontier.answer("smoke", progress=False, protocol=protocol, rows=[name])


def test_times_are_taken_in_one_round_and_divided_by_the_papers_network(monkeypatch):
    asked = {}

    def latency(callables, inputs, *, repeats, baseline, progress):
        asked.update(names=list(callables), repeats=repeats, baseline=baseline)
        times = {"low_ms": [0.4, 1.5, 0.9], "median_ms": [0.5, 2.0, 1.0], "high_ms": [0.6, 2.5, 1.2]}
        return pd.DataFrame({"name": list(callables), "ratio": [4.0, 1.0, 2.0], **times})

    monkeypatch.setattr(frontier.timing, "latency", latency)
    keys = [(NANO, "float32"), ("ding2023", "float32"), ("ding2023", "int8")]
    named = {name: {"files": {kind: {} for one, kind in keys if one == name}} for name, _ in keys}
    others = frontier.timed(named, dict.fromkeys(keys, len), repeats=7, progress=False)
    assert asked == {
        "names": ["nano in float32", "ding2023 in float32", "ding2023 in int8"],
        "repeats": 7,
        "baseline": "ding2023 in float32",
    }
    assert named[NANO]["files"]["float32"] == {"times": 0.25, "ms": 0.5, "ms_low": 0.4, "ms_high": 0.6}
    assert named["ding2023"]["files"] == {
        "float32": {"times": 1.0, "ms": 2.0, "ms_low": 1.5, "ms_high": 2.5},
        "int8": {"times": 0.5, "ms": 1.0, "ms_low": 0.9, "ms_high": 1.2},
    }
    assert others is None or others >= 0
    assert frontier.timed({}, {}, repeats=1, progress=False) is None


def test_who_is_beaten_by_nobody():
    values, costs = {"a": 0.5, "b": 0.6, "c": 0.6, "d": 0.4, "e": 0.7}, {"a": 1, "b": 2, "c": 3, "d": 1, "e": 9}
    assert pareto.non_dominated(values, costs) == ["a", "b", "e"]
    alike = pareto.non_dominated({"a": 1.0, "b": 1.0}, {"a": 2, "b": 2})
    assert alike == ["a", "b"], "alike in both: neither beats the other"
    with pytest.raises(FerError, match="`costs`"):
        pareto.non_dominated({"a": 1.0}, {"b": 1.0})


def test_the_stored_frontier_is_of_the_protocol_that_is_stored():
    """Every row of strangers, with the protocol's own numbers; what can be a file is one, of the trained method."""
    found, protocol = studies.load("frontier", "class").answer, studies.load("one_protocol", "class")
    assert found["source"]["finished"] == protocol.finished
    wanted = {row["name"]: row for row in frontier.strangers(protocol.answer)}
    assert [row["name"] for row in found["rows"]] == list(wanted) and {"HOG and SVM", "HOG and ANN"} <= wanted.keys()
    for row in found["rows"]:
        of_protocol = wanted[row["name"]]
        assert {key: row[key] for key in ("accuracy", "parameters", "macs", "witness", "seeds")} == {
            key: of_protocol[key] for key in ("accuracy", "parameters", "macs", "witness", "seeds")
        }
        assert bool(row["why"]) == (not row["witness"] or row["features"] == "landmark distances")
        assert list(row["files"]) == ([] if row["why"] else ["float32", "int8"] if row["network"] else ["float32"])
        for file in row["files"].values():
            assert file["usable"] == (file.get("agreement", 0) >= found["usable"])
        if not row["why"]:
            assert row["tested"] > 100 and row["files"]["float32"]["agreement"] > 0.99
