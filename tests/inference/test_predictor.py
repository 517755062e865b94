"""The table of `predict`, where boxes and scores are given: whose pixels, which row, which column, which report."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from fer_utils.core.errors import FerError
from fer_utils.core.tables import Problems
from fer_utils.faces import Box, Detector, crop
from fer_utils.faces.reading import Frame
from fer_utils.inference import predict, predictor

LABELS = ["sad", "angry", "happy"]  # not in the order of the alphabet


class Given(Detector):
    """Finds these boxes, a list for each picture in turn, and keeps how it was asked."""

    name = "given"

    def __init__(self, *boxes):
        self.boxes, self.asked = iter(boxes), []

    def follow(self, rgb, near, *, thorough=False):
        self.asked.append((rgb, near, thorough))
        return next(self.boxes), f"after {len(self.asked)}"


class Asked:
    """Stands for a network: these scores, face by face; keeps the pixels."""

    def __init__(self, *rows, side=20):
        self.input_shape, self.output_shape, self.seen = (None, side, side, 1), (None, 3), []
        self.rows = list(rows)

    def __call__(self, batch, training=None):
        self.seen += list(batch[..., 0])
        rows, self.rows = self.rows[: len(batch)], self.rows[len(batch) :]
        return np.float32(rows)


PICTURE = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
ONE, TWO, THREE = [0.125, 0.25, 0.625], [0.75, 0.25, 0.0], [0.25, 0.5, 0.25]


@pytest.fixture
def film(monkeypatch, tmp_path):
    """A file that is read as three frames, and what was asked of its reader."""
    frames = [
        Frame(index, time_s, np.roll(PICTURE, index, axis=0)) for index, time_s in ((4, 0.5), (9, 1.25), (30, 3.0))
    ]
    asked = []

    def each_frame(path, count, *, sampling, into):
        asked.append((path, count, sampling))
        into.notes.append(("short", "fewer frames than announced", "the rest is used"))
        return iter(frames)

    monkeypatch.setattr(predictor, "each_frame", each_frame)
    (tmp_path / "film.mp4").write_bytes(b"not opened")
    return SimpleNamespace(path=tmp_path / "film.mp4", frames=frames, asked=asked)


def test_each_row_has_its_own_frame_box_and_scores(film):
    large, small, other = Box(10, 5, 60, 50, 2.5), Box(70, 20, 30, 20, 0.5), Box(-3, 4, 41, 40, 1.5)
    detector, network = Given([small, large], [], [other]), Asked(ONE, TWO, THREE)
    found = predict(film.path, network, detector=detector, margin=0.1, frames=3, labels=LABELS)
    assert list(found["frame_index"]) == [4, 4, 30] and list(found["time_s"]) == [0.5, 0.5, 3.0]
    assert found[["box_x", "box_y", "box_w", "box_h"]].to_numpy().tolist() == [
        [10, 5, 60, 50], [70, 20, 30, 20], [-3, 4, 41, 40],
    ]  # fmt: skip
    assert list(found["detector_score"]) == [2.5, 0.5, 1.5]
    assert list(found["expression"]) == ["happy", "sad", "angry"]
    assert found[[f"score_{label}" for label in LABELS]].to_numpy().tolist() == [ONE, TWO, THREE]
    for pixels, (frame, box) in zip(network.seen, ((0, large), (0, small), (2, other)), strict=True):
        assert np.array_equal(pixels, crop(film.frames[frame].rgb, box, size=20, margin=0.1))
    assert [(near, thorough) for _, near, thorough in detector.asked] == [
        (None, True), ("after 1", True), ("after 2", True),
    ]  # fmt: skip
    assert all(rgb is frame.rgb for (rgb, *_), frame in zip(detector.asked, film.frames, strict=True))
    assert film.asked == [(film.path, 3, "even")]
    reported = found.problems[["stage", "kind", "problem"]].to_numpy().tolist()
    assert reported == [
        ["decode", "short", "fewer frames than announced"],
        ["detect", "no face", "frame 9 (1.25 s): no face found"],
    ]


def test_the_columns_have_their_kinds_with_faces_and_without(film):
    box = Box(0, 0, 20, 20, 1.0)
    for boxes in ([box], []):
        found = predict(PICTURE, Asked(ONE), detector=Given(boxes), labels=LABELS)
        kinds = {name: str(kind) for name, kind in found.dtypes.items()}
        assert kinds == {
            "frame_index": "int64", "time_s": "float64", "box_x": "int64", "box_y": "int64", "box_w": "int64",
            "box_h": "int64", "detector_score": "float64", "expression": "str",
            "score_sad": "float32", "score_angry": "float32", "score_happy": "float32",
        }  # fmt: skip
        assert list(kinds) == [*predictor.FACE_COLUMNS, *(f"score_{label}" for label in LABELS)]
        assert list(found["frame_index"]) == [0] * len(boxes) and list(found["time_s"]) == [0.0] * len(boxes)


def test_trouble_with_scores_is_reported_with_its_own_frame_and_the_other_faces_stay(film):
    boxes = [[Box(place, 0, 20, 20, 1.0)] for place in (1, 2, 3)]
    network = Asked([np.nan, 0.5, 0.5], [3.0, -1.0, 2.0], TWO)
    found = predict(film.path, network, detector=Given(*boxes), labels=LABELS)
    assert list(found["box_x"]) == [2, 3] and list(found["frame_index"]) == [9, 30]
    assert list(found["expression"]) == ["sad", "sad"] and list(found["score_sad"]) == [3.0, 0.75]
    rows = found.problems[found.problems["stage"] == "classify"]
    assert list(rows["kind"]) == ["no number", "no probabilities"]
    for problem, where in zip(rows["problem"], ("frame 4 (0.50 s): ", "frame 9 (1.25 s): "), strict=True):
        assert problem.startswith(where)


def test_a_face_that_cannot_be_made_leaves_the_others_of_its_frame(film, monkeypatch):
    boxes = [Box(0, 0, 40, 40, 1.0), Box(1, 0, 30, 30, 1.0), Box(2, 0, 20, 20, 1.0)]
    faces_of_frame = predictor.faces_of_frame

    def made(frame, some, settings):
        if some == boxes[1:2]:
            raise FerError("no landmarks there")
        return faces_of_frame(frame, some, settings)

    monkeypatch.setattr(predictor, "faces_of_frame", made)
    found = predict(film.path, Asked(ONE, TWO), detector=Given(boxes, [], []), labels=LABELS)
    assert list(found["box_x"]) == [0, 2] and list(found["expression"]) == ["happy", "sad"]
    (failed,) = found.problems[found.problems["kind"] == "failed"]["problem"]
    assert failed == "frame 4 (0.50 s): no landmarks there"


def test_the_report_begins_with_what_is_done_otherwise_than_in_training(film, monkeypatch):
    monkeypatch.setattr(predictor, "faces_learned_from", lambda model: {"margin": 0.25, "size": 40})
    network = Asked(ONE)
    found = predict(film.path, network, detector=Given([Box(0, 0, 30, 30, 1.0)], [], []), margin=0.0, labels=LABELS)
    assert list(found.problems["stage"]) == ["prepare", "decode", "detect", "detect"]
    # Cut out at 40 pixels, as in training, and then made as small as the network's input.
    first = crop(film.frames[0].rgb, Box(0, 0, 30, 30, 1.0), size=40)
    small = first.reshape(20, 2, 20, 2).mean(axis=(1, 3))
    assert np.abs(network.seen[0] - small).max() <= 0.5


def test_a_grey_picture_is_three_equal_channels():
    detector = Given([Box(0, 0, 20, 20, 1.0)])
    predict(PICTURE[..., 1], Asked(ONE), detector=detector, labels=LABELS)
    assert np.array_equal(detector.asked[0][0], np.repeat(PICTURE[..., 1:2], 3, axis=2))


def test_a_film_is_named_by_its_whole_path_and_found_from_the_home(film, monkeypatch):
    monkeypatch.setenv("HOME", str(film.path.parent))
    monkeypatch.setenv("USERPROFILE", str(film.path.parent))
    found = predict("~/film.mp4", Asked(), detector=Given([], [], []), labels=LABELS)
    assert film.asked[0][0] == film.path and set(found.problems.iloc[:, 0]) == {str(film.path)}


@pytest.mark.parametrize("sampling", ["middle", "all"])
def test_the_frames_are_those_asked_for(film, sampling):
    predict(film.path, Asked(), detector=Given([], [], []), sampling=sampling, frames=2, labels=LABELS)
    assert film.asked == [(film.path, 2, sampling)]


@pytest.mark.parametrize(
    "argument, value",
    [("align", True), ("align", "yes"), ("sampling", "odd"), ("margin", -1), ("frames", 0), ("frames", 1.5),
     ("landmarks", "nowhere.dat"), ("detector", 3)],
)  # fmt: skip
def test_what_is_asked_is_checked_before_a_network_is_opened(monkeypatch, argument, value):
    monkeypatch.setattr(predictor, "load_network", lambda *_: pytest.fail("opened"))
    with pytest.raises(FerError, match=f"`{argument}`"):
        predict(PICTURE, None, **{argument: value})


@pytest.mark.parametrize("shape", [(9, 9, 1), (9, 9, 4), (9,), (0, 9), (9, 0, 3), (1, 9, 9, 3)])
def test_an_array_that_is_no_picture_is_refused(shape):
    with pytest.raises(FerError, match=r"`source`.*\(H, W, 3\) or \(H, W\)"):
        predict(np.zeros(shape, np.uint8), Asked(), detector=Given([]), labels=LABELS)


# --- what is printed --------------------------------------------------------------------------------------


def a_table(rows=1, worth="Right <half> the time", *problems):
    made = predictor.Predictions(pd.DataFrame({"expression": ["sad"] * rows, "score_sad": [0.5] * rows}))
    made.worth, made.problems = worth, Problems.of(problems)
    return made


NO_FACE = ("array", "detect", "no face", "frame 0 (0.00 s): no face found", "frame left out")
UNREADABLE = ("array", "decode", "unreadable", "a text is no picture", "left out")


def test_what_the_scores_are_worth_stands_above_the_table():
    text, page = repr(a_table()).split("\n"), a_table()._repr_html_()
    assert text[0] == "Right <half> the time." and "expression" in text[1] and len(text) == 3
    assert page.startswith("<p>Right &lt;half&gt; the time.</p>\n") and "<table" in page
    assert repr(a_table(worth="")).split("\n") == text[1:]
    assert a_table(worth="")._repr_html_() == page.partition("\n")[2]


def test_in_the_place_of_an_empty_table_stands_why():
    empty = a_table(0, "Right", NO_FACE)
    text = repr(empty).split("\n")
    assert text[0] == "Right." and text[1].startswith("No face was found: dlib") and len(text) == 2
    assert "<table" not in empty._repr_html_() and empty._repr_html_().count("<p>") == 2
    assert "<table" in a_table(0, "", NO_FACE)._repr_html_() and "Empty" in repr(a_table(0, "", NO_FACE))
    with pd.option_context("display.notebook_repr_html", False):
        assert a_table()._repr_html_() is None


@pytest.mark.parametrize(
    "problems, said",
    [
        ((UNREADABLE, NO_FACE), "No face was found"),
        ((("array", "prepare", "other faces", "margin", "kept"), UNREADABLE), "scored: a text is no picture."),
        ((), "No face can be scored."),
    ],
)
def test_why_there_is_no_row_is_the_last_problem_unless_no_face_was_found(problems, said):
    assert said in predictor.no_face(a_table(0, "", *problems))


def test_a_selection_keeps_the_report_and_the_worth():
    part = a_table(3, "Right", UNREADABLE).iloc[:2]
    assert isinstance(part, predictor.Predictions) and part.worth == "Right" and len(part.problems) == 1


def test_only_a_network_of_the_package_says_what_it_is_worth(monkeypatch):
    monkeypatch.setattr(predictor, "load_network", lambda *_: (Asked(ONE), LABELS))
    for model, worth in ((None, "measured"), ("drawn48", "measured"), ("mine", "")):
        monkeypatch.setattr(predictor, "faces_learned_from", lambda model: {})
        shipped = SimpleNamespace(worth=lambda: "measured") if worth else None
        monkeypatch.setattr(predictor, "pretrained_file", lambda model, shipped=shipped: shipped)
        assert predict(PICTURE, model, detector=Given([])).worth == worth
