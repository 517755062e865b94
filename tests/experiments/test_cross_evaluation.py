"""A stored result on another face set: labels by name, who was in training, and how the faces differ."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
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
from fer_utils.synthetic import stand_ins


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


# --- a network whose answers are made up ---------------------------------------------------------

NAMES = ["sad", "angry", "happy"]  # not in the order of the alphabet


class MadeUp(experiments.Result):
    """A result of faces of which each pixel is the number of its scores."""

    def model(self):
        return self

    input_shape = (None, 24, 24, 1)

    def predict(self, batches, verbose=0):
        return self.scores[np.concatenate([np.asarray(batches[k][0])[:, 5, 5, 0] for k in range(len(batches))])]


def faces_of(expressions, actors, clips=None, *, name="a", dataset="folder", path="/set/{}", config=None):
    """A face set in memory; the picture of row k is grey of level k."""
    count = len(expressions)
    images = np.arange(count, dtype=np.uint8)[:, None, None, None] * np.ones((1, 24, 24, 1), np.uint8)
    clips = [f"{name}{k}" for k in range(count)] if clips is None else clips
    meta = pd.DataFrame({"dataset": dataset, "path": [path.format(clip) for clip in clips], "clip": clips,
                         "actor": actors, "expression": expressions, "performance": clips})  # fmt: skip
    problems = pd.DataFrame({"problem": []})
    return FaceSet(Path("/faces", name), images, meta, problems, {"fingerprint": name * 64, "config": config or {}})


LEARNED = faces_of(["sad", "angry", "happy"] * 4, [f"{k // 3:02d}" for k in range(12)], config={"size": 24})


def made_up(scores, known=LEARNED, **data):
    """A result that learned from two of four people, and what each later face gets."""
    experiment = Experiment(Data("folder", **data), Split("actor", 0.5), Model.of("knn"))
    train, test = experiment.split.rows(known.meta)
    given = dict.fromkeys(field.name for field in dataclasses.fields(experiments.Result))
    predictions = pd.DataFrame({"row": test, "clip": known.meta["clip"].to_numpy()[test]})
    given |= {"path": Path("/result"), "experiment": experiment.configuration(), "key": experiment.key(known)}
    result = MadeUp(**given | {"labels": NAMES, "predictions": predictions, "faces": {"size": 24}})
    result.scores = np.asarray(scores, np.float32)
    return result, train, test


def asked(result, face_set, **options):
    return on(result, face_set, **{"check_pictures": False} | options)


def test_each_score_is_of_its_own_face_whatever_the_number_asked_at_a_time(monkeypatch):
    words = ["happy", "sad", "bored", "angry", "happy", "sad", "angry"]
    scores = np.random.default_rng(0).dirichlet([1, 1, 1], 7).astype(np.float32)
    other = faces_of(words, ["x", "x", "x", "y", "y", "z", "z"], name="b")
    for at_a_time in (1, 2, 3, 5, 6, 512):
        monkeypatch.setattr(cross_evaluation, "_FACES", at_a_time)
        table = asked(made_up(scores)[0], other).predictions
        rows = [0, 1, 3, 4, 5, 6]  # the network does not know `bored`
        assert list(table["row"]) == rows and list(table["clip"]) == [f"b{k}" for k in rows]
        assert list(table["actor"]) == ["x", "x", "y", "y", "z", "z"]
        assert [NAMES[k] for k in table["true"]] == [words[k] for k in rows]
        assert np.allclose(table[["p_sad", "p_angry", "p_happy"]], scores[rows], atol=6e-6)
        assert list(table["predicted"]) == list(scores[rows].argmax(axis=1))


def test_metrics_have_true_rows_and_people_as_witnesses_and_the_common_labels_alone_are_told():
    # Two faces of `happy` are taken for `sad`, one for `angry`, which the faces do not have.
    scores = [[0.7, 0.1, 0.2], [0.6, 0.2, 0.2], [0.1, 0.6, 0.3], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8]]
    other = faces_of(["happy", "happy", "happy", "sad", "happy"], ["x", "x", "y", "y", ""], name="b")
    found = asked(made_up(scores)[0], other)
    assert found.metrics["confusion"] == [[1, 0, 0], [0, 0, 0], [2, 1, 1]]
    assert found.among_common["confusion"] == [[1, 0, 0], [0, 0, 0], [2, 0, 2]]
    assert found.metrics["accuracy"]["groups"] == found.among_common["accuracy"]["groups"] == 3
    assert found.unit == "actor" and list(found.predictions["actor"]) == ["x", "x", "y", "y", ""]
    assert (found.common, found.only_result, found.left_out) == (["sad", "happy"], ["angry"], {})
    assert (found.result, found.faces) == (Path("/result"), Path("/faces/b"))


def test_pictures_of_nobody_named_are_witnesses_each_even_of_one_clip():
    other = faces_of(["sad", "happy"] * 2, ["", "", "x", "x"], ["one", "one", "two", "two"], name="b")
    assert asked(made_up(np.eye(3)[[0, 2, 0, 2]])[0], other).metrics["accuracy"]["groups"] == 3


def test_strangers_are_measured_only_where_some_were_met_and_some_were_not(monkeypatch):
    monkeypatch.setattr(FaceSet, "load", lambda path, progress: LEARNED)
    result, train, _ = made_up(np.eye(3)[[0, 1, 2] * 4], face_set="/faces/a")
    known, new = LEARNED.meta["actor"].iloc[train[0]], "nobody"
    for actors, met, strangers in ((["", new], {}, None), ([known] * 2, {"person": 2}, None)):
        found = asked(result, faces_of(["sad", "happy"], actors, name="b"))
        assert (found.met, found.strangers) == (met, strangers)
    found = asked(result, faces_of(["sad", "sad", "happy"], [known, new, known], name="b"))
    assert found.met == {"person": 2} and found.strangers["n"] == 1
    assert found.strangers["confusion"][0] == [0, 1, 0]


def test_a_face_counts_as_met_in_the_strongest_way(monkeypatch):
    result, train, test = made_up(np.eye(3)[[0] * 12], face_set="/faces/a")
    person, clip = LEARNED.meta["actor"].iloc[train[0]], LEARNED.meta["clip"].iloc[train[0]]
    unlearned = LEARNED.meta["clip"].iloc[test[0]]
    other = faces_of(
        ["sad"] * 7,
        ["", person, person, person, "", "", LEARNED.meta["actor"].iloc[test[0]]],
        [clip, "n1", clip, "n3", clip, "n5", unlearned],
        name="b",
    )
    monkeypatch.setattr(FaceSet, "load", lambda path, progress: LEARNED)
    seen = []

    def compared(known, learned, images, rows, progress):
        seen.append((list(learned), list(rows)))
        equal, near = np.isin(rows, [5]), np.isin(rows, [3, 4, 5])
        return equal, near

    monkeypatch.setattr(cross_evaluation, "_pictures", compared)
    found = on(result, other)
    assert list(found.predictions["met"]) == ["clip", "person", "clip", "picture", "picture", "picture", ""]
    assert found.met == {"picture": 3, "clip": 2, "person": 1} and list(found.met) == ["picture", "clip", "person"]
    assert found.acquaintance == cross_evaluation.Acquaintance(
        "", False, (f"folder/{person}",), 1, {"image": 1 / 7, "near image": 3 / 7}
    )
    assert seen == [(list(train), list(range(7)))]
    # Of the very set that was learned from, only the rest is compared.
    monkeypatch.setattr(
        cross_evaluation, "_pictures", lambda known, learned, images, rows, progress: (rows < 0, rows == test[1])
    )
    again = on(result, LEARNED)
    wanted = np.where(np.isin(np.arange(12), train), "row", np.where(np.arange(12) == test[1], "picture", ""))
    assert list(again.predictions["met"]) == list(wanted)
    assert again.acquaintance.pictures == {"image": 0.0, "near image": 1 / len(test)}
    assert asked(result, other).acquaintance.pictures == {}, "nothing is compared where that is not wanted"


def test_where_each_face_was_learned_from_there_is_no_picture_to_compare(monkeypatch):
    result, train, _ = made_up(np.eye(3)[[0] * 12])
    words = LEARNED.meta["expression"].where(np.isin(np.arange(12), train), "bored")
    same = FaceSet(LEARNED.path, LEARNED.images, LEARNED.meta.assign(expression=words), None, LEARNED.manifest)
    monkeypatch.setattr(cross_evaluation, "_learned_faces", lambda *_: (LEARNED, train))
    monkeypatch.setattr(cross_evaluation, "_pictures", lambda *_: pytest.fail("compared"))
    found = on(result, same)
    assert found.met == {"row": len(train)} and found.acquaintance.pictures == {} and found.strangers is None


def test_the_drawn_faces_are_looked_for_by_all_that_names_them(monkeypatch):
    given = {"tier": "full", "twins": True, "people_seed": 7}
    result, *_ = made_up(np.eye(3)[[0] * 3], **given)
    asked_for = []
    monkeypatch.setattr(stand_ins, "is_filmed", lambda dataset, **said: asked_for.append((dataset, said)))
    other = faces_of(["sad", "happy"], ["x", "y"], name="b")
    assert "drawn stand-in of folder (full)" in asked(result, other).acquaintance.unknown
    assert asked_for == [("folder", given)]
    monkeypatch.setattr(Data, "load", lambda *_: LEARNED)
    clips, *_ = made_up(np.eye(3)[[0] * 3], root="/clips", **given)
    assert asked(clips, other).acquaintance.unknown == "" and len(asked_for) == 1, "real clips are not drawn"


def test_drawn_people_are_told_apart_by_the_seed_of_their_film(tmp_path):
    for seed in (4, 5):
        (tmp_path / f"film{seed}" / "truth").mkdir(parents=True)
        (tmp_path / f"film{seed}" / "truth" / "manifest.json").write_text(json.dumps({"plan": {"seed": seed}}))
    tables = [
        faces_of(["sad"], ["01"], ["Actor_01/x.mp4"], dataset="ravdess", path=path).meta
        for path in (f"{tmp_path}/film4/{{}}", f"{tmp_path}/film5/{{}}", f"{tmp_path}/other/{{}}", "elsewhere.mp4")
    ]
    drawn = ["ravdess, drawn with seed 4", "ravdess, drawn with seed 5", "ravdess", "ravdess"]
    assert [cross_evaluation._people(one)[0] for one in tables] == [f"{who}/01" for who in drawn]
    assert [cross_evaluation._clips(one)[0] for one in tables] == [f"{who}/Actor_01/x.mp4" for who in drawn]
    assert cross_evaluation._people(tables[0].assign(actor=""))[0] == ""


@pytest.mark.parametrize(
    "learned, made, told",
    [
        ({"detector": "dlib"}, {"detector": "haar"}, {"detector": ["dlib", "haar"]}),
        ({"detector_model": "a"}, {}, {"detector_model": ["a", None]}),
        ({"size": 48, "margin": 0.1}, {"size": 60, "margin": 0.1}, {"size": [48, 60]}),
        ({"margin": 0.1}, {"margin": 0.25}, {"margin": [0.1, 0.25]}),
        ({"align": True}, {}, {"align": [True, False]}),
        ({}, {"align": False}, {}),
        ({"landmarks": "a"}, {"landmarks": "b"}, {}),  # they change no pixel where nothing is aligned
        ({"landmarks": "a", "align": True}, {"landmarks": "b", "align": True}, {"landmarks": ["a", "b"]}),
        (
            {"landmarks": "a", "align": True},
            {"landmarks": "b", "align": False},
            {"align": [True, False], "landmarks": ["a", "b"]},
        ),
        ({"frames": 3, "sampling": "even"}, {"frames": 6, "sampling": "all"}, {}),
    ],
)
def test_each_setting_that_changes_a_face_is_told_first_as_it_was_learned(learned, made, told):
    assert cross_evaluation._differences(learned, made) == told


@pytest.mark.parametrize("learned, made", [({}, {}), ({"size": 24}, {}), ({}, {"size": 60})])
def test_where_one_side_does_not_say_how_its_faces_were_made_no_difference_is_claimed(learned, made):
    result, *_ = made_up(np.eye(3)[[0, 0]])
    result.faces = learned
    found = asked(result, faces_of(["sad", "happy"], ["x", "y"], name="b", config=made))
    assert found.unknown_making and found.differences == {}


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_one_score_that_is_no_finite_number_is_enough(number):
    result, *_ = made_up([[1, 0, 0], [0, number, 0]])
    with pytest.raises(DivergedError, match=r"/result gives scores of these faces"):
        asked(result, faces_of(["sad", "happy"], ["x", "y"], name="b"))


def test_the_json_has_each_value_under_its_own_name():
    known = cross_evaluation.Acquaintance("gone", True, ("folder/01",), 2, {"image": 0.1})
    given = {
        "result": Path("/result"),
        "faces": Path("/faces"),
        "labels": NAMES,
        "common": ["sad"],
        "only_result": ["angry"],
        "left_out": {"bored": 3},
        "metrics": {"n": 4},
        "among_common": {"n": 5},
        "strangers": {"n": 6},
        "met": {"row": 7},
        "differences": {"size": [1, 2]},
        "unknown_making": True,
    }
    made = cross_evaluation.CrossEvaluation(**given, acquaintance=known, predictions=pd.DataFrame()).to_json()
    assert made.pop("acquaintance") == {
        "unknown": "gone", "same_faces": True, "people": ["folder/01"], "clips": 2, "pictures": {"image": 0.1},
    }  # fmt: skip
    assert made == given | {"result": "/result", "faces": "/faces"} and json.dumps(made)


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
