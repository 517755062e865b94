"""Drawn to real: reading folders of faces, what a step is said to gain, and what unlabelled faces are used for."""

from __future__ import annotations

import cv2
from eagerly import eagerly
import numpy as np
import pytest

from fer_utils import studies, studio
from fer_utils.core.errors import FerError
from fer_utils.studies import real_sets, transfer, transfer_methods, transfer_probabilities
from fer_utils.studies.real_sets import RealSet
from fer_utils.studies.transfer import ROWS, over, reading
from fer_utils.studies.transfer_probabilities import Learner
from fer_utils.synthetic.photographs import Crop
from fer_utils.synthetic.posed_prototypes import LABELS
from fer_utils.synthetic.random_faces import draw_faces


def real(labels, people, name="some", images=None) -> RealSet:
    labels = np.asarray(labels)
    images = np.zeros((len(labels), 48, 48), np.uint8) if images is None else images
    return RealSet(name, images, labels, np.asarray(people, str), {}, "whole")


def sure(answers) -> np.ndarray:
    """Probabilities that say these answers."""
    return np.eye(7)[answers]


def written(root, names) -> str:
    for number, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((40, 40), 20 + number, np.uint8))
    return str(root)


def test_a_folder_of_small_faces_is_read_as_it_is(tmp_path):
    names = ["anger/S010_004_00000017.png", "contempt/S010_004_00000018.png", "surprise/S011_001_00000016.png"]
    found = real_sets.read("ck48", written(tmp_path, names), progress=False)
    assert [LABELS[number] for number in found.labels] == ["angry", "surprised"]
    assert found.people.tolist() == ["S010", "S011"] and found.by_person
    assert found.images.shape == (2, 48, 48) and found.images[:, 0, 0].tolist() == [20, 22]
    assert found.left_out == {"other label": 1} and found.detector == "whole"


def test_of_fer2013_only_its_test_is_read(tmp_path):
    names = ["train/fear/Training_1.png", "test/fear/PublicTest_2.png", "test/sad/PrivateTest_3.png"]
    found = real_sets.read("fer2013", written(tmp_path, names), progress=False)
    assert [LABELS[number] for number in found.labels] == ["fearful", "sad"] and not found.by_person
    assert found.left_out == {"not the test": 1}


def test_kdef_names_its_people_and_only_frontal_faces_are_read(tmp_path):
    """Both sessions of a person are one person; S is straight, HL to FR are views from the side."""
    names = ["AF01/AF01ANS.JPG", "AF01/AF01ANHL.JPG", "AF01/BF01NES.JPG", "BM35/BM35AFS.JPG", "BM35/BM35SUFR.JPG"]
    found = real_sets.read("kdef", written(tmp_path, names), progress=False)
    assert [(who, LABELS[number]) for who, number in zip(found.people, found.labels, strict=True)] == [
        ("F01", "angry"),
        ("F01", "neutral"),
        ("M35", "fearful"),
    ]
    assert found.left_out == {"not from the front": 2} and found.by_person


def test_photographs_are_searched_by_the_detector_and_one_without_a_face_is_counted(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_HOME", str(tmp_path / "store"))
    for number in range(10):
        path = tmp_path / "kdef" / f"AF{number + 1:02d}HAS.JPG"
        path.parent.mkdir(exist_ok=True)
        face = studio.draw(studio.person(number), studio.prototype("happy"), size=240, zoom=0.9)
        cv2.imwrite(str(path), face[..., ::-1] if number else np.full((240, 240, 3), 128, np.uint8))
    found = real_sets.read("kdef", str(tmp_path / "kdef"), progress=False)
    assert found.detector == "dlib" and found.left_out == {"no face": 1}
    assert found.images.shape == (9, 48, 48) and found.people.tolist() == [f"F{n:02d}" for n in range(2, 11)]


def test_a_file_that_is_no_picture_is_counted_and_a_folder_without_faces_refused(tmp_path):
    folder = written(tmp_path, ["happy/a.png", "happy/b.png"])
    (tmp_path / "happy" / "c.png").write_bytes(b"no picture")
    found = real_sets.read("mine", folder, progress=False)
    assert len(found.labels) == 2 and found.left_out == {"unreadable": 1}
    with pytest.raises(FerError, match="a folder with faces"):
        real_sets.read("mine", written(tmp_path / "other", ["awe/a.png"]), progress=False)


def test_sets_of_other_pixels_labels_or_people_are_told_apart():
    same = real([1, 2], ["a", "b"])
    lit = real([1, 2], ["a", "b"], images=np.ones((2, 48, 48), np.uint8))
    others = [real([1, 3], ["a", "b"]), real([1, 2], ["a", "c"]), lit]
    assert same.fingerprint == real([1, 2], ["a", "b"]).fingerprint
    assert len({one.fingerprint for one in (same, *others)}) == 4


def test_what_is_read_is_counted_and_compared_with_the_step_before():
    one = real([1, 1, 1, 2], ["a", "a", "b", "b"])
    found = reading(one, sure([1, 1, 0, 2]), sure([1, 0, 0, 0]))
    assert found["accuracy"]["value"] == 0.75 and found["accuracy"]["groups"] == 2
    assert found["balanced"]["value"] == pytest.approx((2 / 3 + 1) / 2)
    assert found["recall"]["happy"] == pytest.approx(2 / 3) and found["recall"]["neutral"] is None
    assert found["gain"]["value"] == 0.5 and found["answered"]["happy"] == 0.5
    assert reading(one, sure([1, 1, 0, 2]), None)["gain"] is None


def test_an_interval_is_over_people_where_they_are_known_and_one_person_has_none():
    values = np.repeat([1.0, 0.0], 50)
    people = over(real([1] * 100, np.repeat(["a", "b"], 50)), values)
    pictures = over(real([1] * 100, [""] * 100), values)
    assert (people["low"], people["high"]) == (0.0, 1.0) and people["groups"] == 2
    assert 0.35 < pictures["low"] < 0.45 and 0.55 < pictures["high"] < 0.65 and pictures["groups"] == 100
    assert over(real([1, 1], ["a", "a"]), np.ones(2)) == {"value": 1.0, "low": None, "high": None, "groups": 1}


def test_every_step_is_compared_with_one_that_stands_before_it():
    names = list(ROWS)
    assert all(ROWS[name].before in names[:number] for number, name in enumerate(names) if number)
    assert set(Learner(1, 1, 1, 1)._steps()) == set(names)


def test_standardising_by_another_set_takes_its_mean_and_spread():
    made = transfer_methods.standardised(np.array([[1.0], [3.0]]), by=np.array([[0.0], [2.0], [4.0]]))
    assert made[:, 0] == pytest.approx(np.array([-1.0, 1.0]) / np.sqrt(8 / 3), abs=1e-4)
    assert transfer_methods.standardised(np.array([[1.0], [3.0]]))[:, 0] == pytest.approx([-1, 1], abs=1e-4)


def test_the_most_certain_of_each_label_are_believed():
    probabilities = np.full((6, 7), 0.01)
    probabilities[[0, 1, 2, 3, 4], 1] = [0.9, 0.5, 0.8, 0.4, 0.7]
    probabilities[5, 3] = 0.2
    assert transfer_methods.certain(probabilities).tolist() == [0, 2, 4, 5]


def test_self_training_follows_a_target_that_lies_elsewhere():
    """Two labels, drawn apart along one line; the target's lie closer and aside, and its own faces pull the answer."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 300)
    drawn = rng.normal(size=(600, 2)) + np.stack([6.0 * labels, 0 * labels], axis=1)
    target = 0.7 * rng.normal(size=(600, 2)) + np.stack([3.2 * labels + 1.6, 5.0 * labels], axis=1)
    right = [
        float((how(drawn, labels, target).argmax(axis=1) == labels).mean())
        for how in (transfer_methods.by_lda, transfer_methods.by_self_training)
    ]
    assert right[1] > right[0] + 0.01


def test_the_crop_of_drawn_faces_is_found_again():
    drawings = draw_faces(4, seed=5, progress=False).images
    target = transfer_methods.crop_faces(drawings, where=Crop(1.1, -0.04, jitter=0.0))
    assert transfer_methods.registered(drawings, target) == Crop(1.1, -0.04)


def test_a_killed_study_goes_on_and_another_set_is_asked_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    asked = []

    class Fake:
        def probabilities(self, row, one):
            asked.append((row, one.name))
            return sure(one.labels)

    sets = [real([1, 2], ["a", "b"], "first"), real([3, 2], ["a", "b"], "second")]
    for one in (*sets, *sets):
        assert transfer._kept(Fake(), "class", "LDA", one).argmax(axis=1).tolist() == one.labels.tolist()
    assert asked == [("LDA", "first"), ("LDA", "second")]


def test_the_whole_answer_for_a_folder_and_what_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_HOME", str(tmp_path / "store"))
    monkeypatch.setitem(transfer.SIZES, "smoke", (2, 3, 1, 2))
    drawn = draw_faces(2, seed=9, progress=False)
    for number, (image, label) in enumerate(zip(drawn.images, drawn.labels, strict=True)):
        folder = tmp_path / "faces" / LABELS[label]
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{number}.png"), image[10:90, 8:88])
    rows = ["random people", "photographs", "registered", "two networks", "two networks, normalised"]
    with eagerly():
        found = transfer.answer("smoke", progress=False, real={"mine": str(tmp_path / "faces")}, rows=rows)
    assert [row["name"] for row in found["rows"]] == rows and found["sets"][0]["faces"] == 14
    assert found["rows"][0]["read"]["mine"]["gain"] is None and found["rows"][1]["read"]["mine"]["gain"] is not None
    assert found["sets"][0]["crop"] is not None and str(tmp_path) not in str(found)
    for options, words in (({}, "`real`"), ({"real": {"a": "b"}, "rows": ["magic"]}, "`rows`")):
        with pytest.raises(FerError, match=words):
            transfer.answer("smoke", progress=False, **options)
    with pytest.raises(FerError, match="`tier`"):
        transfer.answer("huge", progress=False, real={"a": "b"})


def test_an_answer_is_kept_with_the_names_of_its_sets_and_without_their_folders(tmp_path, monkeypatch):
    monkeypatch.setattr(studies.store, "ANSWERS", tmp_path)
    monkeypatch.setattr(transfer, "answer", lambda tier, *, progress, real: {"sets": sorted(real)})
    folders = {name: str(tmp_path) for name in transfer.REAL_SETS}
    found = studies.run("transfer", store=True, progress=False, real=folders)
    assert found.options == {} and "--real ck48=FOLDER" in found.command
    assert str(tmp_path) not in (tmp_path / "transfer.json").read_text(encoding="utf-8")
    own = studies.run("transfer", progress=False, real={"mine": str(tmp_path)})
    assert own.answer == {"sets": ["mine"]}
    with pytest.raises(FerError, match="`store`"):
        studies.run("transfer", store=True, progress=False, real={"mine": str(tmp_path)})
    with pytest.raises(FerError, match="There is no such folder"):
        studies.run("transfer", progress=False, real={"mine": str(tmp_path / "absent")})
    with pytest.raises(FerError, match="--real ck48=FOLDER"):
        studies.run("transfer", progress=False)


def test_the_steps_share_what_was_learned(monkeypatch):
    learner = Learner(2, 3, 1, 1, progress=False)
    learner.faces = draw_faces(3, seed=1, progress=False)
    counted = []
    described = transfer_methods.described
    monkeypatch.setattr(
        transfer_probabilities.methods, "described", lambda images: counted.append(len(images)) or described(images)
    )
    one = real([1] * 5, [""] * 5, images=learner.faces.images[:5, 20:68, 20:68].copy())
    for row in ("photographs", "more people", "standardised", "LDA"):
        assert learner.probabilities(row, one).shape == (5, 7)
    assert counted.count(21) == 1 and counted.count(14) == 1
