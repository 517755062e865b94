"""The chain of 2022 at its smallest, with a small network in Xception's place.

Every row is a form of the network it names, and what is trained once is not trained again.
"""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from small_trainings import few_faces, untraced
from stage_lists import as_stored

from fer_utils import studies
from fer_utils.core.errors import FerError
from fer_utils.studies import compression, compression_measuring, network_costs

keras = pytest.importorskip("keras", reason="the networks need Keras: pip install 'fer-utils[cpu]'")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        keras.backend.backend() != "tensorflow", reason="the converters need Keras on TensorFlow: unset KERAS_BACKEND"
    ),
]

SMALL = {
    "forms": [
        ("xception", "litert", None),
        ("xception, trained on", "litert", None),
        ("xception, weights pruned", "litert", None),
        ("xception, filters pruned", "litert", "int8"),
    ],
    "rivals": (),
    "threads": (1,),
    "shares": (0.5,),
    "front": False,
    "repeats": 1,
    "network": "ding2023",
    "options": {"filters": 4, "conditioned": False},
}


@pytest.fixture(scope="module", autouse=True)
def few(_store):
    """One face of each clip: the actors are apart."""
    with few_faces(1), untraced():
        yield


@pytest.fixture(scope="module")
def small(few):
    own = {"model.xception2022", "model.vgg16", "model.resnet50"}
    with as_stored("compression", absent=own, extra={"model.ding2023"}):
        return compression.answer("smoke", progress=False, **SMALL)


def test_every_row_is_a_form_of_its_network(small):
    assert [(row["network"], row["form"], row["quantize"]) for row in small["rows"]] == [
        compression.FORMS[0],
        *SMALL["forms"],
    ]
    base, plain, control, sparse, _ = small["rows"]
    assert (
        base["name"] == small["baseline"]
        and base["ratio_1"] == 1.0
        and {row["baseline"] for row in small["rows"]} == {small["baseline"]}
    )
    assert {row["reference"] for row in small["rows"]} == {base["name"]}
    assert (base["agreement"], plain["agreement"], plain["change"]) == (1.0, 1.0, 0.0)
    # An interpreter alone is a small part of what Keras is; each process holds its own.
    assert plain["peak_mb"] < 0.5 * base["peak_mb"] and [row["engine"] for row in small["rows"]] == [
        "keras",
        *["litert"] * 4,
    ]
    assert control["bytes"] == plain["bytes"] and small["networks"]["xception, trained on"]["minutes"] > 0
    assert sparse["change"] == pytest.approx(sparse["accuracy"] - base["accuracy"])
    for row in small["rows"]:
        assert (
            row["accuracy_low"] <= row["accuracy"] <= row["accuracy_high"]
            and row["change_low"] <= row["change"] <= row["change_high"]
        )
        assert (
            row["parameters"] == small["networks"][row["network"]]["parameters"]
            and row["latency_ms_1"] > 0
            and row["peak_mb"] > row["engine_mb"]
        )
    assert [check["row"] for check in small["checks"]] == [row["name"] for row in small["rows"][1:]]
    assert all(check["checked"] == 32 for check in small["checks"])


def test_pruned_networks_are_what_they_are_called(small):
    dense, sparse, few = (
        small["networks"][name] for name in ("xception", "xception, weights pruned", "xception, filters pruned")
    )
    on = small["networks"]["xception, trained on"]
    assert on["parameters"] == dense["parameters"] and on["zeros"] < 0.01  # the control loses nothing
    assert (
        dense["zeros"] < 0.01
        and sparse["zeros"] == pytest.approx(compression.WEIGHTS_GONE, abs=0.01)
        and few["zeros"] < 0.01
    )
    assert sparse["parameters"] == dense["parameters"] and few["parameters"] < 0.6 * dense["parameters"]
    assert few["macs"] < 0.6 * dense["macs"] and few["activation_bytes"] <= dense["activation_bytes"]
    assert dense["experiment"]["model"] == {
        "name": "ding2023",
        "options": {"conditioned": False, "filters": 4},
        "size": 32,
    }
    assert (
        1 / 8 <= small["split"]["chance"] < 1
        and small["split"]["train_actors"] >= 1 <= small["split"]["test_actors"]
        and small["first_row"] == "before_networks"
    )
    assert [(row["way"], row["share"]) for row in small["sparse"]] == [
        ("weights", 0),
        ("weights", 0.5),
        ("filters", 0),
        ("filters", 0.5),
    ]


def test_what_is_trained_is_not_trained_again(small, monkeypatch):
    from fer_utils import training

    monkeypatch.setattr(training, "fit", lambda *_, **__: pytest.fail("trained again"))
    # To measure is done anew each time, and takes its time.
    monkeypatch.setattr(compression, "measured_files", lambda *_: ([], [], []))
    again = compression.answer("smoke", progress=False, **SMALL | {"shares": (), "forms": SMALL["forms"][1:3]})
    assert (
        again["networks"]["xception, weights pruned"] == small["networks"]["xception, weights pruned"]
        and again["sparse"] == []
    )


def test_a_file_that_is_refused_is_a_result_and_the_others_go_on(small, monkeypatch):
    from fer_utils import compress

    def strict(model, path, *, quantize, **more):
        if quantize == "int8":
            raise FerError("does not compute what Keras does")
        return SimpleNamespace(bytes=path.name, checked=32, agreement=1.0, difference=0.0, distance=0.0)

    monkeypatch.setattr(compress, "export", strict, raising=False)
    monkeypatch.setattr(
        compress,
        "compare",
        lambda items, *_, **more: __import__("pandas").DataFrame({"name": list(items)}),
        raising=False,
    )
    found = compression.answer("smoke", progress=False, **SMALL | {"shares": ()})
    assert [row["name"] for row in found["rows"]] == [row["name"] for row in small["rows"][:4]]
    assert [check["bytes"] for check in found["checks"]] == ["1.tflite", "2.tflite", "3.tflite"]
    assert found["refused"] == [{"row": small["rows"][4]["name"], "reason": "does not compute what Keras does"}]


def test_a_row_without_its_engine_is_named(monkeypatch):
    monkeypatch.setattr(compression.importlib.util, "find_spec", lambda name: None)
    assert {compression._absent(form) for form in compression.FORMS if form[1] == "openvino"} == {"openvino"}
    assert compression._absent(("xception", "litert", None)) is None


@pytest.mark.parametrize(
    "given", [{"forms": [("xception", "tensorrt", None)]}, {"rivals": ["alexnet"]}, {"size": 0}, {"epochs": 0}]
)
def test_the_impossible_is_named(given):
    with pytest.raises(FerError, match=r"`(forms|rivals|size|epochs)`"):
        compression.answer("smoke", progress=False, **given)
    with pytest.raises(FerError, match="`tier`"):
        compression.answer("tiny")


@pytest.mark.skipif(
    ("compression", "class") not in studies.stored(),
    reason="the study is not stored yet: python -m fer_utils study compression --store",
)
def test_the_stored_answer_is_whole():
    found = studies.load("compression", "class").answer
    refused = [
        row["row"] for row in found["refused"]
    ]  # what a number format does to a network is a result; that a package is missing is none
    there = [form for form in compression.FORMS if compression.row_name(*form) not in refused]
    assert [(row["network"], row["form"], row["quantize"]) for row in found["rows"]] == there and not found["left_out"]
    for name in ("xception", *compression.RIVALS):  # who has learned nothing is nobody's rival
        assert found["networks"][name]["train_accuracy"] > 2 * found["split"]["chance"]
    assert (
        all(row["accuracy_low"] <= row["accuracy"] <= row["accuracy_high"] for row in found["rows"])
        and found["front"]["faces_ms"] > 0
    )
    assert np.isclose(found["networks"]["xception, weights pruned"]["zeros"], compression.WEIGHTS_GONE, atol=0.005)


def test_a_network_whose_scores_are_no_numbers_is_no_row(monkeypatch):
    class Broken:
        name = "broken"

        def predict(self, pictures, verbose=0):
            scores = np.full((len(pictures), 2), 0.5)
            scores[-1] = np.nan
            return scores

    images, people = np.zeros((3, 8, 8, 1)), pd.DataFrame({"actor": ["a", "a", "b"]})
    with pytest.raises(FerError, match=r"`model`.*broken: NaN or infinite scores of 1 of 3"):
        compression_measuring.right_by_actor(Broken(), images, np.zeros(3), np.arange(3), people)
    counted = SimpleNamespace(parameters=1, trainable=1, macs=1)
    monkeypatch.setattr(network_costs.models, "profile", lambda network: counted)
    with pytest.raises(FerError, match=r"`networks`.*first: NaN or infinite scores of 1 of 3"):
        network_costs.weighed({"first": Broken()}, images, baseline="first", unseen=images, progress=False)


@pytest.mark.parametrize("lost", ["removed", "cut short"])
def test_a_kept_network_that_is_lost_or_damaged_is_trained_anew(few, tmp_path, monkeypatch, lost):
    """`done.json` says that the training is whole; the network beside it may be gone all the same."""
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(3, "softmax")])
    images, targets = np.zeros((4, 8, 8, 1), np.uint8), np.array([0, 1, 2, 0])
    trainings = []

    def fit(start, *_, **__):
        trainings.append(start)
        return start, {}

    monkeypatch.setattr(compression.training, "fit", fit)
    plan = {"tuning": 1}

    def tuned():
        result = SimpleNamespace(key="k", labels=["a", "b", "c"])
        rows = np.arange(4)
        return compression._tuned(model, result, "nothing", images, targets, rows, rows, plan, False)

    tuned()
    tuned()
    assert len(trainings) == 1
    (kept,) = tmp_path.glob("compression/*/model.keras")
    if lost == "removed":
        kept.unlink()
    else:
        kept.write_bytes(kept.read_bytes()[:100])
    tuned()
    assert len(trainings) == 2
    assert kept.is_file() and not compression.models.damage_of(kept)
