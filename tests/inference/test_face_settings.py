"""How faces are made for a network, from what its result says and what the caller asks; no face is looked for."""

from __future__ import annotations

import json

import pytest

from fer_utils.core.errors import FerError
from fer_utils.faces import Box, Detector, Landmarks
from fer_utils.inference.face_settings import chosen, faces_learned_from
from fer_utils.models import pretrained_networks

SAID = {
    "detector": "whole",
    "frames": 3,
    "size": 96,
    "margin": 0.25,
    "sampling": "middle",
    "align": False,
}


class Yunet(Detector):
    """Stands for a detector whose model is a file."""

    name = "yunet"

    def __init__(self, model="a" * 64):
        self.model = model

    def detect(self, rgb, *, thorough=False):
        return [Box(0, 0, 20, 20, 1.0)]


def predictor(sha256):
    """Stands for a predictor of landmarks, as far as it is only named."""
    made = Landmarks.__new__(Landmarks)
    made.sha256 = sha256
    return made


def made(learned, side=48, **asked):
    nothing = dict.fromkeys(("detector", "frames", "sampling", "margin", "landmarks", "align"))
    return chosen(learned, side, **nothing | asked)


def a_result(folder, faces):
    (folder / "model.keras").write_bytes(b"not opened")
    (folder / "result.json").write_text(
        json.dumps({"labels": ["a", "b"]} | ({} if faces is None else {"faces": faces}))
    )
    return folder


def test_what_a_result_says_of_its_faces_is_read_and_nothing_else(tmp_path):
    said = SAID | {"detector_model": "a" * 64, "landmarks": "b" * 64}
    assert faces_learned_from(a_result(tmp_path, said | {"colour": "red"})) == said
    assert faces_learned_from(a_result(tmp_path, None)) == {}
    (tmp_path / "result.json").unlink()
    assert faces_learned_from(tmp_path) == {}
    assert faces_learned_from(lambda pictures: pictures) == {}
    assert faces_learned_from(None) == faces_learned_from("drawn48-int8") == pretrained_networks.card()["faces"] != {}


@pytest.mark.parametrize(
    "name, value", [("frames", 0), ("size", 16), ("margin", 0), ("margin", 2), ("sampling", "all")]
)
def test_a_setting_at_its_limit_is_one(tmp_path, name, value):
    assert faces_learned_from(a_result(tmp_path, {name: value})) == {name: value}


@pytest.mark.parametrize(
    "name, value",
    [("frames", -1), ("frames", 2.5), ("size", 15), ("margin", -0.1), ("margin", 2.1), ("sampling", "odd"),
     ("detector", ""), ("detector", 3), ("detector_model", 3), ("landmarks", 3), ("align", 1), ("align", "no")],
)  # fmt: skip
def test_one_setting_that_cannot_be_is_named(tmp_path, name, value):
    with pytest.raises(FerError, match=rf"result\.json does not say how.*`faces\.{name}`"):
        faces_learned_from(a_result(tmp_path, SAID | {name: value}))


def test_without_a_word_faces_are_made_as_ever():
    settings = made({}).settings
    assert (settings.frames, settings.size, settings.margin, settings.sampling) == (6, 48, 0.0, "even")
    assert made({}).finder.name == "dlib" and not settings.align and settings.landmarks is None
    assert made({}).notes == []


def test_what_is_not_asked_is_as_it_was_learned_and_what_is_asked_is_as_asked():
    finder, settings, notes = made(SAID)
    assert finder.name == "whole"
    assert (settings.frames, settings.margin, settings.sampling) == (3, 0.25, "middle")
    assert [kind for kind, *_ in notes] == ["whole picture"]
    finder, settings, notes = made(SAID, detector="dlib", frames=2, margin=0.0, sampling="even", align=False)
    assert (finder.name, settings.frames, settings.margin, settings.sampling) == ("dlib", 2, 0.0, "even")
    assert [problem for _, problem, _ in notes] == [
        "detector: whole for the faces that the network learned from, dlib here",
        "margin: 0.25 for the faces that the network learned from, 0.0 here",
    ]
    assert made(SAID, detector="whole").notes == [], "who asks for whole pictures need not be told"


@pytest.mark.parametrize("side, learned, cut", [(48, 96, 96), (48, 48, 48), (60, 48, 60), (60, None, 60)])
def test_a_face_is_cut_out_as_large_as_it_was_learned_but_never_smaller_than_the_networks_input(side, learned, cut):
    assert made({} if learned is None else {"size": learned}, side).settings.size == cut


@pytest.mark.parametrize(
    "said, asked, frames, sampling",
    [
        ({"sampling": "all", "frames": 0}, {}, 6, "all"),
        ({"sampling": "all", "frames": 0}, {"frames": 3}, 3, "even"),
        ({"sampling": "all", "frames": 0}, {"frames": 3, "sampling": "all"}, 3, "all"),
        ({"sampling": "apex", "frames": 4}, {"frames": 3}, 3, "apex"),
        ({"frames": 4}, {}, 4, "even"),
    ],
)
def test_frames_and_sampling_go_together(said, asked, frames, sampling):
    settings = made(said, **asked).settings
    assert (settings.frames, settings.sampling) == (frames, sampling)


def test_the_model_file_of_a_detector_is_compared_with_that_of_the_same_detector_only():
    learned = {"detector": "yunet", "detector_model": "a" * 64}
    assert made(learned, detector=Yunet()).notes == []
    ((kind, problem, _),) = made(learned, detector=Yunet("b" * 64)).notes
    assert kind == "other faces"
    assert problem == f"detector's model: {'a' * 12} for the faces that the network learned from, {'b' * 12} here"
    ((_, problem, _),) = made(learned, detector="whole").notes
    assert problem.startswith("detector: yunet for the faces")


@pytest.mark.parametrize("said", [{"detector": "mine"}, {"detector": "dlib", "detector_model": "a" * 64}])
def test_a_detector_that_only_its_owner_has_is_asked_for(said):
    with pytest.raises(FerError, match=r"(?s)`detector`.*learned from.*Pass it"):
        made(said)


def test_aligned_faces_want_the_predictor_that_they_were_learned_by():
    learned = {"align": True, "landmarks": "a" * 64}
    with pytest.raises(FerError, match=r"`landmarks`.*SHA-256 a{64}"):
        made(learned)
    _, settings, notes = made(learned, landmarks=predictor("a" * 64))
    assert settings.align is True and settings.landmarks.sha256 == "a" * 64 and notes == []
    ((_, problem, _),) = made(learned, landmarks=predictor("b" * 64)).notes
    assert problem == f"landmarks: {'a' * 12} for the faces that the network learned from, {'b' * 12} here"


def test_landmarks_are_found_only_where_faces_are_aligned():
    marks = predictor("a" * 64)
    assert made({}, landmarks=marks).settings.landmarks is None
    ((_, problem, _),) = made({"align": True, "landmarks": "a" * 64}, landmarks=marks, align=False).notes
    assert problem == "align: True for the faces that the network learned from, False here"
    _, settings, notes = made({"margin": 0.0}, landmarks=marks, align=True)
    assert settings.align and settings.landmarks is marks
    assert [problem for _, problem, _ in notes] == [
        "align: False for the faces that the network learned from, True here"
    ]


def test_who_aligns_faces_of_an_old_result_is_told_nothing_and_needs_a_predictor():
    assert made({}, landmarks=predictor("a" * 64), align=True).notes == []
    with pytest.raises(FerError, match=r"`align`.*no landmarks"):
        made({}, align=True)
