"""A stored result on another face set: labels by name, who was in training, and how the faces differ."""

from __future__ import annotations

import json
import shutil

import cv2
from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pandas as pd
from plain_pictures import plain_folder, textures
import pytest
from small_trainings import untraced
from toy_training import SIZE, toy_faces

from fer_utils import datasets, experiments, reporting, studio
from fer_utils.cli import main
from fer_utils.core import labels
from fer_utils.core.errors import DivergedError, FerError
from fer_utils.experiments import Data, Experiment, Model, Split, cross_evaluation, evaluate_on
from fer_utils.faces import FaceSet, prepare


@pytest.fixture(scope="module", autouse=True)
def _quick():
    """A training here takes a step or two, which is less than TensorFlow takes to trace it."""
    with untraced():
        yield


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_HOME", str(tmp_path / "store"))
    return tmp_path


def trained(face_set, by="actor", test=0.4, **options):
    data = Data("folder", face_set=str(face_set.path))
    return experiments.run(Experiment(data, Split(by, test), Model.of("knn", **options)), progress=False)


def changed(face_set, folder, /, rows=slice(None), images=None, **columns):
    """A face set of some rows, with other columns or pictures."""
    meta = face_set.meta.iloc[rows].assign(**columns)
    return FaceSet.save(np.asarray(face_set.images)[rows] if images is None else images, meta, folder)


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    """A face set and a result of it, which many tests read."""
    place = tmp_path_factory.mktemp("toys")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_HOME", str(place / "store"))
        made = toy_faces(place / "faces")
        return made, trained(made)


def on(result, face_set, **options):
    return evaluate_on(result, face_set, progress=False, **options)


# --- the same faces again: the answer is known ------------------------------------------------


def test_of_the_trainings_own_set_the_faces_not_met_are_the_test_faces(toys):
    made, result = toys
    found = on(result, made)
    assert found.acquaintance.same_faces and found.met["row"] == result.split["train"]
    unmet = found.predictions[found.predictions["met"] == ""]
    assert list(unmet["row"]) == list(result.predictions["row"])
    assert list(unmet["predicted"]) == list(result.predictions["predicted"])
    for name in result.labels:
        assert list(unmet[f"p_{name}"]) == list(result.predictions[f"p_{name}"])
    assert found.strangers["accuracy"]["value"] == result.accuracy and found.strangers["n"] == result.split["test"]
    assert found.metrics["n"] == len(made) and found.differences == {} and found.among_common is None


def test_faces_that_chose_when_to_stop_were_met_too(store):
    made = toy_faces(store / "faces")
    split = Split("actor", 0.4, validation=0.4)
    data = Data("folder", face_set=str(made.path))
    result = experiments.run(Experiment(data, split, Model.of("knn")), progress=False)
    assert on(result, made).met["row"] == result.split["train"] + result.split["validation"]


# --- labels -----------------------------------------------------------------------------------


def test_labels_are_matched_by_name_and_those_of_one_side_are_told(store):
    made = toy_faces(store / "faces", labels=("fearful", "sad", "angry"))
    result = trained(made)
    words = made.meta["expression"].map({"fearful": "Fear", "sad": "sadness", "angry": "bored"})
    other = changed(made, store / "other", expression=words, actor="somebody new")
    found = on(result, other)
    assert found.common == ["sad", "fearful"] and found.only_result == ["angry"]
    assert found.left_out == {"bored": int((words == "bored").sum())}
    own = made.meta["expression"].isin(["fearful", "sad"]).to_numpy()
    assert found.metrics["n"] == own.sum() and list(found.predictions["row"]) == list(np.flatnonzero(own))
    assert [result.labels[k] for k in found.predictions["true"]] == list(made.meta["expression"][own])
    scores = found.predictions[["p_sad", "p_fearful"]].to_numpy()
    answers = np.array([result.labels.index("sad"), result.labels.index("fearful")])[scores.argmax(axis=1)]
    assert found.among_common["accuracy"]["value"] == pytest.approx((answers == found.predictions["true"]).mean())
    assert found.among_common["accuracy"]["value"] >= found.metrics["accuracy"]["value"]
    assert sum(map(sum, found.among_common["confusion"])) == own.sum()


def test_faces_without_one_of_the_labels_are_refused_with_both_lists(store, toys):
    made, result = toys
    other = changed(made, store / "other", expression="bored")
    with pytest.raises(FerError, match=r"`face_set`.*happy, sad.*60 faces with the labels bored"):
        on(result, other)


WORDS = st.sampled_from([*labels.ALL, "Fear", "JOY", "bored", "awe", " anger "])


@given(st.lists(WORDS, unique=True), st.sets(WORDS))
def test_a_word_is_the_label_of_its_name_or_else_of_its_canonical_name(known, words):
    found = cross_evaluation.matched_labels(known, words)
    for word in words:
        same = [label for label in known if label == word]
        alike = [label for label in known if labels.canonical(label) == labels.canonical(word) != ""]
        assert found.get(word) == next(iter(same + alike), None)


# --- people and pictures ----------------------------------------------------------------------


def test_people_of_the_same_name_are_found_and_what_strangers_give_is_told_apart(store, toys):
    made, result = toys
    learned = sorted(set(made.meta["actor"]) - set(result.predictions["actor"]))
    noise = np.random.default_rng(5).integers(0, 256, made.images.shape, dtype=np.uint8)
    renamed = made.meta["actor"].where(made.meta["actor"] != learned[0], "new")
    other = changed(made, store / "other", images=noise, actor=renamed, clip="elsewhere/" + made.meta["clip"])
    found = on(result, other)
    assert found.acquaintance.people == tuple(f"folder/{name}" for name in learned[1:])
    known = other.meta["actor"].isin(learned).to_numpy()
    assert found.met == {"person": int(known.sum())}
    assert list(found.predictions["met"] == "person") == list(known)
    right = (found.predictions["true"] == found.predictions["predicted"])[~known].mean()
    assert found.strangers["accuracy"]["value"] == pytest.approx(right) and found.strangers["n"] == (~known).sum()
    # Other sets have other people, whatever their names.
    third = changed(made, store / "third", images=noise, dataset="savee", clip="elsewhere/" + made.meta["clip"])
    assert on(result, third).acquaintance.people == () and on(result, third).met == {}


def test_pictures_of_nobody_named_are_compared(store):
    made = plain_folder(store / "faces", copies=1, scenes=40)
    result = trained(made, by="frame", test=0.25, cell=8)
    learned = np.setdiff1d(np.arange(40), result.predictions["row"])
    clip = pd.Series([f"else/{place}.png" for place in range(40)])
    pictures = textures(40, seed=9)[..., None].copy()
    pictures[:5] = np.asarray(made.images)[learned[:5]][:, :, ::-1]  # mirrored copies of learned pictures
    pictures[5] = np.asarray(made.images)[learned[7]]
    pictures[6] = np.asarray(made.images)[result.predictions["row"].iloc[0]]  # nobody learned from that one
    other = changed(made, store / "other", images=pictures, clip=clip)
    found = on(result, other)
    assert found.acquaintance.pictures == {"image": 1 / 40, "near image": 6 / 40}
    assert list(np.flatnonzero(found.predictions["met"])) == [0, 1, 2, 3, 4, 5] and found.met == {"picture": 6}
    assert found.unit == "picture" and found.metrics["accuracy"]["groups"] == 40
    assert on(result, other, check_pictures=False).met == {}
    # The same clips under the same names are found by these where pictures are not compared.
    again = changed(made, store / "again", images=255 - np.asarray(made.images))
    named = on(result, again, check_pictures=False)
    assert named.acquaintance.clips == len(learned) and named.met == {"clip": len(learned)}


def test_a_drawn_actor_is_nobody_real_of_the_same_name(store):
    studio.film("ravdess", store / "film", actors=2, clips_per_actor=8, seed=4, progress=False)
    clips = datasets.scan("ravdess", store / "film")
    made = prepare(clips, store / "faces", frames=1, detector="whole", size=SIZE, workers=1, progress=False)
    data = Data("ravdess", face_set=str(made.path))
    result = experiments.run(Experiment(data, Split("actor", 0.5), Model.of("knn")), progress=False)
    (learned,) = set(made.meta["actor"]) - set(result.predictions["actor"])
    inverted = 255 - np.asarray(made.images)
    drawn = on(result, changed(made, store / "drawn", images=inverted), check_pictures=False)
    assert drawn.acquaintance.people == (f"ravdess, drawn with seed 4/{learned}",) and drawn.met == {"clip": 8}
    path = "/somewhere/" + made.meta["clip"]
    real = on(result, changed(made, store / "real", images=inverted, path=path), check_pictures=False)
    assert real.acquaintance.people == () and real.met == {}


def test_where_the_faces_of_the_training_are_gone_nothing_is_claimed(store):
    made = toy_faces(store / "faces")
    result = trained(made)
    other = changed(made, store / "other", rows=slice(0, 40))
    shutil.rmtree(made.path)
    found = on(result, other)
    assert "There is no such folder" in found.acquaintance.unknown and found.met == {} and found.strangers is None
    text = reporting.cross_evaluation(result, found)
    assert "is not known" in text and "nobody of these names" not in text


def test_faces_that_were_handed_over_are_not_drawn_to_be_compared(store):
    made = toy_faces(store / "faces")
    result = experiments.run(Experiment(model="knn", data="ravdess"), face_set=made, progress=False)
    assert on(result, made).acquaintance.same_faces  # by the result's key
    other = changed(made, store / "other", rows=slice(0, 10))
    assert "drawn stand-in of ravdess (class)" in on(result, other).acquaintance.unknown
    assert not (store / "store" / "films").exists()


# --- how faces were made ----------------------------------------------------------------------


def picture_set(place, count=6):
    rng = np.random.default_rng(3)
    for number in range(count):
        for label in ("happy", "sad"):
            file = place / label / f"p{number}_1.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(file), rng.integers(0, 256, (90, 90), dtype=np.uint8))
    return place


def test_faces_made_otherwise_are_told_and_brought_to_the_networks_size(store):
    clips = datasets.scan("folder", picture_set(store / "set"), actor=r"(?P<actor>p[0-9])_")

    def made(name, **options):
        given = {"frames": 1, "detector": "whole", "size": 90, "workers": 1, "progress": False}
        return prepare(clips, store / name, **(given | options))

    result = trained(made("faces"), cell=8)
    alike = on(result, made("alike", frames=3), check_pictures=False)
    assert alike.differences == {} and not alike.unknown_making
    for size in (60, 120):
        found = on(result, made(f"size {size}", size=size, margin=0.25), check_pictures=False)
        assert found.differences == {"size": [90, size], "margin": [0.0, 0.25]}
        assert len(found.predictions) == 12
    assert on(result, toy_faces(store / "toy"), check_pictures=False).unknown_making


@pytest.mark.parametrize("side", [16, 40, 96])
def test_pictures_are_brought_to_a_side_by_area_or_linearly(side):
    images = textures(3)[..., None]
    made = cross_evaluation.at_side(images, side)
    assert made.shape == (3, side, side, 1) and made.dtype == np.uint8
    how = cv2.INTER_AREA if side < 48 else cv2.INTER_LINEAR
    assert np.array_equal(made[1, :, :, 0], cv2.resize(images[1, :, :, 0], (side, side), interpolation=how))


def test_scores_that_are_no_numbers_are_no_metrics(toys, monkeypatch):
    made, result = toys
    monkeypatch.setattr(
        experiments.cross_evaluation.training,
        "predict_probabilities",
        lambda model, some: np.full((len(some), 2), np.nan),
    )
    with pytest.raises(DivergedError, match="no finite numbers"):
        on(result, made)


@pytest.mark.parametrize(
    "arguments, named",
    [
        (("a folder", None, {}), "`result`"),
        ((None, "a folder", {}), "`face_set`"),
        ((None, None, {"check_pictures": None}), "`check_pictures`"),
    ],
)
def test_arguments_of_another_kind_are_named(toys, arguments, named):
    made, known = toys
    result, face_set, options = arguments
    with pytest.raises(FerError, match=named):
        evaluate_on(result or known, face_set or made, progress=False, **options)


# --- at the command line ----------------------------------------------------------------------


def test_the_command_says_it_all_and_writes_the_scores(store, capsys):
    made = toy_faces(store / "faces", labels=("fearful", "sad", "angry"))
    result = trained(made)
    words = made.meta["expression"].map({"fearful": "fear", "sad": "sad", "angry": "bored"})
    other = changed(made, store / "other", expression=words)
    asked = ["evaluate", str(result.path), "--on", str(other.path), "--quiet"]
    assert main.main([*asked, "--csv", str(store / "scores.csv")]) == 0
    said = capsys.readouterr().out
    wanted = (
        "40 faces of 5 people",
        "labels that only the result has: angry",
        "left out: bored (20)",
        "people whose names were in training: folder/0",
        "not met in training",
        "if it may only answer",
    )
    for text in wanted:
        assert text in said, text
    assert len(pd.read_csv(store / "scores.csv")) == 40
    assert main.main([*asked, "--json", "--no-picture-check"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["acquaintance"]["pictures"] == {} and value["only_result"] == ["angry"]
    assert value["metrics"] == json.loads(json.dumps(on(result, other).metrics))


def test_the_commands_errors_name_what_was_typed(store, toys, capsys):
    made, result = toys
    assert main.main(["evaluate", str(result.path), "--on", str(store / "none")]) == 2
    assert "`--on`" in capsys.readouterr().err
    assert main.main(["evaluate", str(store / "none"), "--on", str(made.path)]) == 2
    assert "`result`" in capsys.readouterr().err
    assert main.main(["evaluate", str(result.path), "--csv", str(store / "x.csv")]) == 2
    assert "`--on FACES`" in capsys.readouterr().err
    bored = changed(made, store / "bored", expression="bored")
    assert main.main(["evaluate", str(result.path), "--on", str(bored.path)]) == 2
    assert "`--on`" in capsys.readouterr().err
