"""`predict`: the same faces and pixels as the face set's, all faces of a frame, and clear refusals."""

from __future__ import annotations

import json
from types import SimpleNamespace

import drawn
import numpy as np
import pandas as pd
import pytest

import fer_utils
from fer_utils.core.errors import FerError
from fer_utils.faces import prepare, resize, sample_indices
from fer_utils.inference import Predictions, predict

cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")
pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")

LABELS = ["neutral", "happy", "sad"]


class Spy:
    """Stands for a network: keeps the pixels it is shown; scores by brightness."""

    def __init__(self, side=180, channels=1):
        self.input_shape, self.output_shape, self.seen = (None, side, side, channels), (None, 3), []

    def __call__(self, batch, training=None):
        assert training is False and batch.dtype == np.float32
        self.seen += list(batch)
        bright = batch.mean(axis=(1, 2, 3)) / 255
        return np.stack([bright, 1 - bright, 0 * bright], axis=1)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return drawn.write_video(tmp_path_factory.mktemp("clip") / "Clip ä.mp4", drawn.moving(1, 20))


def two_faces():
    picture = np.full((400, 700, 3), 150, np.uint8)
    picture[100:356, 10:266] = drawn.face(1)
    picture[0:400, 290:690] = drawn.face(5, 400)
    return picture


def test_a_clips_predictions_see_the_pixels_of_its_face_set(clip, tmp_path):
    for side, channels in ((180, 1), (48, 3)):
        spy = Spy(side, channels)
        found = predict(clip, spy, labels=LABELS, margin=0.1)
        made = prepare(drawn.table(clip), tmp_path / str(side), size=side, margin=0.1, workers=1, progress=False)
        assert np.array_equal(np.stack(spy.seen), np.repeat(made.images, channels, axis=3).astype(np.float32))
        for column in ("frame_index", "time_s", "box_x", "box_y", "box_w", "box_h"):
            assert list(found[column]) == list(made.meta[column])
        assert list(found["detector_score"]) == list(made.meta["score"])


def test_the_table(clip):
    found = predict(str(clip), Spy(), labels=LABELS)
    assert isinstance(found, Predictions) and isinstance(found, pd.DataFrame)
    assert list(found.columns) == [
        "frame_index",
        "time_s",
        "box_x",
        "box_y",
        "box_w",
        "box_h",
        "detector_score",
        "expression",
        "score_neutral",
        "score_happy",
        "score_sad",
    ]
    assert list(found["frame_index"]) == sample_indices(20, 6) and len(found.problems) == 0
    scores = found[["score_neutral", "score_happy", "score_sad"]]
    assert np.allclose(scores.sum(axis=1), 1)
    assert list(found["expression"]) == [name.removeprefix("score_") for name in scores.idxmax(axis=1)]
    assert len(found.head(2).problems) == 0  # a selection keeps its report
    assert len(predict(clip, Spy(), labels=LABELS, frames=2)) == 2


def test_all_faces_of_a_picture_largest_first(tmp_path):
    path = drawn.write_image(tmp_path / "zwei Gesichter.png", two_faces())
    spy = Spy()
    found = predict(path, spy, labels=LABELS)
    assert list(found["frame_index"]) == [0, 0] and found["box_w"].is_monotonic_decreasing
    assert found["box_x"][0] > 290 > found["box_x"][1]
    made = prepare(drawn.table(path), tmp_path / "set", workers=1, progress=False)
    assert np.array_equal(spy.seen[0], made.images[0])


def test_arrays():
    by_path = predict(two_faces(), Spy(), labels=LABELS)
    assert len(by_path) == 2
    grey = cv2.cvtColor(drawn.face(1), cv2.COLOR_RGB2GRAY)
    assert len(predict(grey, Spy(), labels=LABELS)) == 1
    assert len(predict(drawn.face(1)[:, ::-1], Spy(), labels=LABELS)) == 1  # not contiguous


@pytest.mark.parametrize(
    "source, kind",
    [
        (np.zeros((300, 300, 3), np.uint8), "no face"),
        ("text.mp4", "unreadable"),
        ("empty.mp4", "empty"),
        ("text.png", "unreadable"),
    ],
)
def test_no_face_is_an_empty_table_and_a_reason(tmp_path, source, kind):
    (tmp_path / "text.mp4").write_text("a letter")
    (tmp_path / "text.png").write_text("a letter")
    (tmp_path / "empty.mp4").write_bytes(b"")
    found = predict(source if isinstance(source, np.ndarray) else tmp_path / source, Spy(), labels=LABELS)
    assert len(found) == 0 and list(found.problems["kind"]) == [kind]
    assert list(found.columns)[-3:] == ["score_neutral", "score_happy", "score_sad"]
    assert found["frame_index"].dtype == "int64" and found["score_sad"].dtype == "float32"


class Fixed(Spy):
    """Stands for a network that answers its faces with these scores, one row a face, in turn."""

    def __init__(self, *rows):
        super().__init__()
        self.rows = np.float32(rows)

    def __call__(self, batch, training=None):
        return np.resize(self.rows, (len(batch), 3))


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_a_face_without_finite_scores_is_a_row_and_gets_no_label(clip, number):
    found = predict(clip, Fixed([0.1, 0.7, 0.2], [0.2, number, 0.8]), labels=LABELS, frames=4)
    first, second, third, fourth = sample_indices(20, 4)
    assert list(found["frame_index"]) == [first, third] and list(found["expression"]) == ["happy", "happy"]
    assert list(found.problems["kind"]) == ["no number"] * 2 and set(found.problems["stage"]) == {"classify"}
    for index, problem in zip((second, fourth), found.problems["problem"], strict=True):
        assert problem.startswith(f"frame {index} (") and "no finite numbers" in problem

    nothing = predict(drawn.face(1), Fixed([number] * 3), labels=LABELS)
    assert len(nothing) == 0 and list(nothing.problems["kind"]) == ["no number"]
    assert nothing["score_sad"].dtype == "float32"


@pytest.mark.parametrize(
    "scores, told",
    [
        ([3.0, -1.0, 2.0], True),  # no softmax
        ([0.9, 0.8, 0.1], True),  # a sigmoid for each
        ([1.2, -0.2, 0.0], True),
        ([0.0, 0.0, 0.0], True),
        ([0.984, 0.0, 0.004], False),  # rounded to 8 bits
        ([1.0, 0.0, 0.0], False),
    ],
)
def test_scores_that_are_no_probabilities_are_told_and_kept(scores, told):
    found = predict(drawn.face(1), Fixed(scores), labels=LABELS)
    assert list(found["expression"]) == ["neutral"]
    assert list(found.problems["kind"]) == (["no probabilities"] if told else [])


@pytest.mark.parametrize(
    "argument, given",
    [
        ("source", {"source": np.zeros((4, 4, 3))}),
        ("source", {"source": np.zeros((4, 4, 4), np.uint8)}),
        ("source", {"source": np.zeros((0, 4), np.uint8)}),
        ("source", {"source": "nowhere.mp4"}),
        ("source", {"source": "."}),
        ("source", {"source": ""}),
        ("source", {"source": 3}),
        ("frames", {"frames": 0}),
        ("detector", {"detector": "eyes"}),
        ("margin", {"margin": 9}),
        ("labels", {"labels": None}),
        ("labels", {"labels": ["a", "b"]}),
        ("labels", {"labels": ["a", "b", "b"]}),
        ("labels", {"labels": "happy"}),
        ("labels", {"labels": [1, 2, 3]}),
        ("labels", {"model": None}),  # the trained network has seven labels
        ("model", {"model": 7}),
        ("model", {"model": "nowhere.keras"}),
        ("model", {"model": ""}),
        ("model", {"model": Spy(channels=2)}),
    ],
)
def test_impossible_arguments(argument, given):
    arguments = {"source": drawn.face(1), "model": Spy(), "labels": LABELS, **given}
    with pytest.raises(FerError, match=f"Invalid value for `{argument}`"):
        predict(arguments.pop("source"), arguments.pop("model"), **arguments)


def test_progress_is_quiet_unless_wanted(clip, capsys):
    predict(clip, Spy(), labels=LABELS)
    assert "faces" not in capsys.readouterr().err
    predict(clip, Spy(), labels=LABELS, progress=True)
    assert "6/6" in capsys.readouterr().err


def test_models_as_people_have_them(clip, tmp_path):
    keras = pytest.importorskip("keras", reason="Keras and TensorFlow are not installed: pip install 'fer-utils[cpu]'")
    keras.utils.set_random_seed(0)
    inputs = keras.Input((24, 24, 1))
    outputs = keras.layers.Dense(3, activation="softmax")(
        keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
    )
    network = keras.Model(inputs, outputs)
    folder = tmp_path / "result"
    folder.mkdir()
    network.save(folder / "model.keras")
    (folder / "result.json").write_text(json.dumps({"labels": LABELS}))
    network.save(tmp_path / "alone.keras")

    expected = predict(clip, network, labels=LABELS, frames=2)
    assert len(expected) == 2 and np.allclose(expected.iloc[:, -3:].sum(axis=1), 1)
    for model in (folder, str(folder), folder / "model.keras", folder / "result.json", SimpleNamespace(path=folder)):
        pd.testing.assert_frame_equal(fer_utils.predict(clip, model, frames=2), expected)
    pd.testing.assert_frame_equal(predict(clip, tmp_path / "alone.keras", labels=LABELS, frames=2), expected)

    with pytest.raises(FerError, match="`labels`"):
        predict(clip, network)
    with pytest.raises(FerError, match="`labels`"):
        predict(clip, tmp_path / "alone.keras")
    (folder / "model.keras").rename(folder / "elsewhere.keras")
    with pytest.raises(FerError, match=r"(?s)`model`.*model\.keras is lost: .* makes it again"):
        predict(clip, folder)
    (folder / "elsewhere.keras").rename(folder / "model.keras")
    (folder / "result.json").write_text("{}")
    with pytest.raises(FerError, match="does not say the labels"):
        predict(clip, folder)
    (folder / "result.json").write_text('{"labels": ' + "[" * 100_000)
    with pytest.raises(FerError, match=r"does not say the labels.*too deeply"):
        predict(clip, folder)
    with pytest.raises(FerError, match="`model`"):
        predict(clip, tmp_path)


@pytest.mark.parametrize("shape", [(None, 60, 60, 3), [(None, 3), (None, 2)], (None, None), (None,)])
def test_a_network_of_another_task_is_one_sentence(tmp_path, shape):
    """One that marks each pixel, one that also tells the age: their scores are no scores of labels."""
    picture = drawn.write_image(tmp_path / "a.png", drawn.face(1))
    other = Spy()
    other.output_shape = shape
    with pytest.raises(FerError, match=r"(?s)`model`.*one output, with one score for each label.*output shape"):
        predict(picture, other, labels=LABELS)


@pytest.mark.parametrize(
    "ending, remedy",
    [("tflite", "demo --video"), ("onnx", r"compress\.load"), ("h5", "save it as"), ("txt", "Train one")],
)
def test_a_network_in_another_format_is_told_what_to_do_with_it(tmp_path, ending, remedy):
    (tmp_path / f"network.{ending}").write_bytes(b"x")
    with pytest.raises(FerError, match=rf"(?s)`model`.*{remedy}"):
        predict(np.zeros((64, 64, 3), np.uint8), tmp_path / f"network.{ending}", labels=LABELS)


# --- as the faces were made that the network learned from ---------------------------------------


def a_result(folder, **faces):
    """A result's folder as far as `faces_learned_from` reads it: a network's file, and what the result says."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.keras").write_bytes(b"not opened")
    (folder / "result.json").write_text(json.dumps({"labels": LABELS, "faces": faces}))
    return folder


@pytest.fixture
def opened(monkeypatch):
    """Every network that a file holds is this one."""
    spy = Spy(60)
    monkeypatch.setattr("fer_utils.models.load", lambda file: spy)
    return spy


def made_and_predicted(clip, folder, spy, prepared, **asked):
    """The pixels of a face set made as `prepared` says, in the network's size, and those that the network is shown."""
    made = prepare(drawn.table(clip), folder / "set", workers=1, progress=False, **prepared)
    config = made.manifest["config"]
    found = predict(clip, a_result(folder / "result", **config), **asked)
    return resize(made.images, 60, progress=False).astype(np.float32), np.stack(spy.seen), found, made


@pytest.mark.parametrize(
    "prepared",
    [
        {"detector": "haar", "margin": 0.25, "size": 96, "frames": 3},
        {"detector": "whole", "size": 60, "frames": 2, "sampling": "middle"},
        {"size": 180, "sampling": "apex", "frames": 4},
        {"size": 120, "sampling": "all", "detector": "whole"},
    ],
)
def test_a_results_faces_say_how_predict_makes_its_own(clip, tmp_path, opened, prepared):
    wanted, seen, found, made = made_and_predicted(clip, tmp_path, opened, prepared)
    assert np.array_equal(seen, wanted) and list(found["frame_index"]) == list(made.meta["frame_index"])
    kinds = [] if prepared.get("detector") != "whole" else ["whole picture"]
    assert list(found.problems["kind"]) == kinds
    if kinds:
        assert "choose the detector dlib" in found.problems["action"][0]


def test_who_asks_for_other_faces_is_told_and_gets_them(clip, tmp_path, opened):
    prepared = {"detector": "haar", "margin": 0.25, "size": 60}
    _, seen, found, made = made_and_predicted(clip, tmp_path, opened, prepared, detector="dlib", margin=0.0, frames=2)
    assert len(found) == 2 and not np.array_equal(seen[0], made.images[0].astype(np.float32))
    rows = found.problems
    assert list(rows["stage"]) == ["prepare"] * 2 and list(rows["kind"]) == ["other faces"] * 2
    assert rows["problem"][0] == "detector: haar for the faces that the network learned from, dlib here"
    assert rows["problem"][1] == "margin: 0.25 for the faces that the network learned from, 0.0 here"
    opened.seen.clear()
    same = predict(clip, tmp_path / "result", detector="haar", margin=0.25)
    assert len(same.problems) == 0 and np.array_equal(np.stack(opened.seen), made.images.astype(np.float32))


def test_three_frames_of_a_network_that_learned_from_all_are_three_spread_over_the_clip(clip, tmp_path, opened):
    result = a_result(tmp_path / "result", detector="whole", sampling="all", frames=0, size=60, margin=0.0)
    assert list(predict(clip, result, frames=3)["frame_index"]) == sample_indices(20, 3)
    assert len(predict(clip, result)) == 20


@pytest.mark.parametrize("model", ["", "a" * 64])
def test_a_detector_that_is_a_file_or_ones_own_must_be_passed(clip, tmp_path, opened, model):
    said = {"detector": "yunet", "detector_model": model} if model else {"detector": "mine (a.B)"}
    result = a_result(tmp_path / "result", **said)
    with pytest.raises(FerError, match=r"(?s)`detector`.*learned from.*Pass it"):
        predict(clip, result)
    assert list(predict(clip, result, detector="whole", frames=1).problems["kind"]) == ["other faces"]


def test_aligned_faces_need_their_predictor_of_landmarks(clip, tmp_path, opened):
    result = a_result(tmp_path / "result", detector="dlib", landmarks="b" * 64, align=True, margin=0.0)
    with pytest.raises(FerError, match=r"(?s)`landmarks`.*SHA-256 b{64}.*align=False"):
        predict(clip, result)
    straight = predict(clip, result, align=False, frames=1)
    assert straight.problems["problem"][0].startswith("align: True for the faces")


@pytest.mark.parametrize("wrong", [{"margin": "wide"}, {"size": 2}, {"sampling": "odd"}, {"frames": -1}])
def test_a_result_that_says_what_cannot_be_is_one_sentence(clip, tmp_path, opened, wrong):
    with pytest.raises(FerError, match=r"does not say how its faces were made.*`faces\."):
        predict(clip, a_result(tmp_path / "result", **wrong))


def test_an_old_result_says_nothing_and_gets_the_faces_of_before(clip, tmp_path, opened):
    found = predict(clip, a_result(tmp_path / "old"))
    assert len(found) == 6 and len(found.problems) == 0 and opened.seen[0].shape == (60, 60, 1)
