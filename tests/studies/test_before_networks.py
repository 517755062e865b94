"""Before deep learning: what the study measures, on very few faces; and the landmarks that it asks for."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
from stage_lists import as_stored

from fer_utils import splits
from fer_utils.core import paths
from fer_utils.core.errors import FerError
from fer_utils.faces.landmarks import Landmarks
from fer_utils.studies import before_networks
from fer_utils.synthetic import landmark_predictor, stand_ins

pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")
pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def few(_store, tmp_path_factory):
    """A stand-in of four actors with six clips each, in its own store, and a predictor that has learned little."""
    folder = tmp_path_factory.mktemp("few")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("FER_HOME", str(folder / "store"))
        monkeypatch.setitem(stand_ins.SIZES["smoke"], "ravdess", stand_ins.Size(4, 6))
        yield landmark_predictor.train(folder / "few.dat", people=10, pictures_per_person=4, progress=False)


@pytest.fixture(scope="module")
def answer(few):
    # The predictor comes as a file here; the stored answer trained it.
    with as_stored("before_networks", absent={"landmark_predictor"}):
        return before_networks.answer("smoke", landmarks=few, epochs=20, progress=False)


def test_every_feature_model_and_split_is_asked(answer):
    rows = {(row["feature"], row["model"], row["split"]): row for row in answer["rows"]}
    assert set(rows) == {
        (f, m, s) for f in before_networks.FEATURES for m in before_networks.MODELS for s in before_networks.SPLITS
    }
    assert answer["images"] == 4 * 6 * 6 and answer["actors"] == 4 and answer["clips"] == 24
    for row in rows.values():
        assert row["n"] == np.sum(row["confusion"]) == answer["images"], "over the folds every frame tests once"
        assert (
            row["accuracy"]["groups"] == 4
            and row["accuracy"]["low"] <= row["accuracy"]["value"] <= row["accuracy"]["high"]
        )
        assert row["macro_f1"]["low"] <= row["macro_f1"]["value"] <= row["macro_f1"]["high"]
        assert np.mean(row["accuracies"]) == pytest.approx(row["accuracy"]["value"])
        assert row["length"] == (2304 if row["feature"] == "HOG" else 2278)
        assert row["parameters"] == ((row["length"] + 1) * 64 + 65 * 8 if row["model"] == "ANN" else None)
        right, asked = np.sum(list(row["by_actor"].values()), axis=0)
        assert right / asked == pytest.approx(row["accuracy"]["value"]) and set(row["by_actor"]) == {
            "01",
            "02",
            "03",
            "04",
        }
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer


def test_the_folds_are_the_published_ones_and_nobody_is_in_two(answer):
    assert sorted(actor for fold in answer["folds"] for actor in fold) == ["01", "02", "03", "04"]
    for fold in answer["folds"]:
        assert any(set(fold) <= set(group) for group in splits.LUNA_JIMENEZ_2022)


def test_frames_at_random_flatter_every_method(answer):
    """Its own clip's other frames are among the training rows: each method knows them again, whatever it sees."""
    for cost in answer["split_costs"]:
        assert cost["value"] > 0.1 and cost["low"] > 0, cost
        rows = {
            row["split"]: row["accuracy"]["value"]
            for row in answer["rows"]
            if (row["feature"], row["model"]) == (cost["feature"], cost["model"])
        }
        assert cost["value"] == pytest.approx(rows["frames at random"] - rows["actors apart"])
    apart = {
        (row["feature"], row["model"]): row["accuracy"]["value"]
        for row in answer["rows"]
        if row["split"] == "actors apart"
    }
    assert {cost["model"]: cost["value"] for cost in answer["finding_costs"]} == pytest.approx(
        {
            model: apart["true landmark distances", model] - apart["landmark distances", model]
            for model in before_networks.MODELS
        }
    )


def test_drawn_landmarks_are_the_truth_of_the_very_frames(answer, few):
    faces = stand_ins.face_set("ravdess", tier="smoke", landmarks=few, progress=False)
    drawn = before_networks._drawn(faces, "smoke")
    middle = drawn.mean(axis=1)
    box = faces.meta[["box_x", "box_y", "box_w", "box_h"]].to_numpy()
    assert (middle > box[:, :2]).all() and (middle < box[:, :2] + box[:, 2:]).all()
    # Ten people are too few to learn from; another clip's truth, or that of the frame before, is further off still.
    right = before_networks._landmark_error(faces, drawn)
    assert right == answer["landmark_error"] and 0.005 < right["median"] < 0.08
    earlier = SimpleNamespace(meta=faces.meta.assign(frame_index=(faces.meta["frame_index"] - 1).clip(lower=0)))
    for wrong in (np.roll(drawn, 6, axis=0), before_networks._drawn(earlier, "smoke")):
        assert before_networks._landmark_error(faces, wrong)["mean"] > right["mean"]


def test_a_fold_learns_from_its_training_rows_alone():
    """Rows that test decide nothing, not even how features are standardised."""
    rng = np.random.default_rng(0)
    described, targets = rng.normal(size=(60, 5)).astype("float32"), np.arange(60) % 3
    described[:, 0] += targets
    train, test = np.arange(40), np.arange(40, 60)
    before = {
        model: before_networks._predicted(model, "HOG", described, targets, [(train, test)], 0, 20)
        for model in before_networks.MODELS
    }
    others = described.copy()
    others[41:] *= 1000
    for model, given in before.items():
        assert (given[:40] == -1).all() and (given[40:] >= 0).all()
        assert before_networks._predicted(model, "HOG", others, targets, [(train, test)], 0, 20)[40] == given[40]
    again = before_networks._predicted("ANN", "HOG", described, targets, [(train, test)], 0, 20)
    assert (again == before["ANN"]).all(), "equal seeds, equal answers"


def test_landmarks_are_stored_with_the_drawn_faces_once(few, tmp_path, monkeypatch):
    monkeypatch.setitem(stand_ins.SIZES["smoke"], "ravdess", stand_ins.Size(1, 2))
    plain = stand_ins.face_set("ravdess", tier="smoke", progress=False)
    marked = stand_ins.face_set("ravdess", tier="smoke", landmarks=few, progress=False)
    assert plain.landmarks is None and marked.landmarks.shape == (len(marked), 68, 2) and marked.path != plain.path
    assert (np.asarray(marked.images) == np.asarray(plain.images)).all(), "what is seen does not change"
    assert stand_ins.face_set("ravdess", tier="smoke", landmarks=Landmarks(few), progress=False).path == marked.path
    other = landmark_predictor.train(tmp_path / "other.dat", people=2, pictures_per_person=2, progress=False)
    assert stand_ins.face_set("ravdess", tier="smoke", landmarks=other, progress=False).path != marked.path
    with pytest.raises(FerError, match="`landmarks`"):
        stand_ins.face_set("ravdess", tier="smoke", landmarks=paths.home() / "none.dat", progress=False)


def test_the_drawn_predictor_is_trained_when_asked_for_by_name(few, monkeypatch):
    asked = []
    monkeypatch.setattr(landmark_predictor, "train", lambda *, progress: asked.append(progress) or few)
    named = stand_ins.face_set("ravdess", tier="smoke", landmarks="drawn", progress=False)
    assert (
        asked == [False]
        and named.path == stand_ins.face_set("ravdess", tier="smoke", landmarks=few, progress=False).path
    )
    with pytest.raises(FerError, match="`tier`"):
        stand_ins.face_set("ravdess", tier="huge", landmarks="drawn")
    assert asked == [False], "nothing is trained for a call that cannot be made"


@pytest.mark.parametrize(
    "call, word",
    [
        (lambda: before_networks.answer("huge"), "`tier`. Expected one of smoke, class, full"),
        (lambda: before_networks.answer("smoke", features=["pixels"]), "`features`. Expected names among HOG"),
        (lambda: before_networks.answer("smoke", seeds=0), "`seeds`. Expected a whole number of 1 or more"),
        (lambda: before_networks.answer("smoke", epochs=0), "`epochs`. Expected a whole number of 1 or more"),
    ],
)
def test_bad_input_is_one_clear_error(call, word):
    with pytest.raises(FerError, match=re.escape(word)):
        call()
