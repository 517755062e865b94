"""Landmarks: learned from drawn people, measured on others; the files; the errors."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import sys

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from patience import PATIENCE
import pytest

from fer_utils import studio
from fer_utils.core.errors import FerError
from fer_utils.faces import Box
from fer_utils.faces.detectors import create
from fer_utils.faces.landmark_training import MIRRORED, OPTIONS, fit_landmarks
from fer_utils.faces.landmarks import Landmarks, landmark_error
from fer_utils.studio.layouts import ACTORS
from fer_utils.studio.recording import identity_of
from fer_utils.synthetic import landmark_predictor

pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")
dlib = pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")

FACE = np.stack([np.arange(68.0), np.arange(68.0) % 7], axis=1)
#: Two people, two pictures each: enough to see what is written, too little to learn from.
TINY = {"people": 2, "pictures_per_person": 2, "progress": False}


@pytest.fixture(scope="module")
def trained(drawn_predictor):
    return drawn_predictor


@pytest.fixture(scope="module")
def finder(trained) -> Landmarks:
    return landmark_predictor.load(trained)


@pytest.fixture(scope="module")
def measured(finder):
    return landmark_predictor.measure(finder, people=20, pictures_per_person=4, progress=False)


def learn_briefly(patched: pytest.MonkeyPatch) -> None:
    """Have a training grow two of its ten levels of trees, where it is about files and not about what is learned."""
    brief = functools.partial(fit_landmarks, options={**OPTIONS, "cascade_depth": 2})
    patched.setattr(landmark_predictor, "fit_landmarks", brief)


@pytest.fixture
def brief(monkeypatch):
    learn_briefly(monkeypatch)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        learn_briefly(patched)
        return landmark_predictor.train(tmp_path_factory.mktemp("tiny") / "tiny.dat", **TINY)


# --- the measure ----------------------------------------------------------------------------


def test_the_error_is_the_mean_distance_over_that_of_the_outer_eye_corners():
    truth = np.zeros((2, 68, 2))
    truth[:, 36], truth[:, 45] = (10, 20), (90, 80)  # 100 apart
    predicted = truth.copy()
    predicted[0] += (3, 4)
    predicted[1, 7] = (68, 0)  # one point of 68, 68 pixels off
    assert landmark_error(predicted, truth) == pytest.approx([0.05, 0.01])
    assert (
        landmark_error(predicted[0], truth[0]) == pytest.approx(0.05)
        and landmark_error(predicted[0], truth[0]).shape == ()
    )
    predicted[1, 7, 0] = np.nan
    assert np.isnan(landmark_error(predicted, truth)).tolist() == [False, True]


@given(st.floats(0.1, 50), st.floats(-500, 500), st.floats(0, 6.3))
def test_the_error_knows_neither_size_nor_place_nor_turn(size, shift, angle):
    other = FACE + np.random.default_rng(1).normal(0, 1, FACE.shape)
    turn = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert landmark_error(other @ turn + shift, FACE @ turn + shift) == pytest.approx(
        landmark_error(other, FACE), rel=1e-6
    )


@pytest.mark.parametrize(
    "predicted, truth, words",
    [
        (FACE[:5], FACE[:5], r"`predicted`.*\(68, 2\).*\(5, 2\)"),
        (FACE, FACE[None], r"`predicted`.*\(1, 68, 2\)"),
        (FACE, "abc", "`truth`"),
        (FACE, np.zeros((68, 2)), "`truth`.*36 and 45 apart"),
        (FACE, np.full((68, 2), np.nan), "`truth`.*finite"),
        (np.zeros((2, 2, 68, 2)), FACE, "`predicted`"),
    ],
)
def test_shapes_that_do_not_fit(predicted, truth, words):
    with pytest.raises(FerError, match=words):
        landmark_error(predicted, truth)


def test_mirroring_pairs_the_sides():
    assert sorted(MIRRORED) == list(range(68)) and (MIRRORED[MIRRORED] == np.arange(68)).all()
    _, marks = studio.draw(studio.person(3), {12: 1.0, 1: 0.5}, truth=True)
    other = marks[MIRRORED] * (-1, 1) + (255, 0)
    assert landmark_error(other, marks) < 0.06  # a frontal face is nearly its own mirror image
    assert landmark_error(marks * (-1, 1) + (255, 0), marks) > 0.5  # without the new order it is not


# --- learned from drawn people --------------------------------------------------------------


@pytest.mark.slow
def test_unseen_people_are_below_three_per_cent(measured):
    groups = landmark_predictor.report(measured).set_index(["factor", "group"])
    everybody = groups.loc[("all", "all")]
    assert everybody["people"] == 20 and everybody["pictures"] == 80
    assert everybody["error"] < 0.03 and everybody["error_95"] < 0.06, groups.to_string()
    assert everybody["found"] > 0.95, groups.to_string()
    large = groups[groups["people"] >= 4]
    assert (large["error"] < 0.035).all(), groups.to_string()


def test_every_group_is_counted_once(measured):
    groups = landmark_predictor.report(measured)
    assert set(groups["factor"]) == {
        "all",
        "expression",
        "tone",
        "yaw, degrees",
        "pitch, degrees",
        "light",
        "glasses",
        "facial hair",
    }
    assert (groups.groupby("factor")["pictures"].sum() == len(measured)).all()
    by_hand = measured.loc[measured["light"] == "dim", "error"].mean()
    assert groups.loc[groups["group"] == "dim", "error"].item() == pytest.approx(by_hand)


def test_it_has_learned_more_than_an_average_face():
    """What the detector's box alone would give, with the shape that fits best on average."""
    detector = create("dlib")
    seen = [(e, detector.detect(e.picture)) for e in landmark_predictor.examples(10, 2)]
    boxes = np.array([found[0][:4] for _, found in seen if found], float)
    truth = np.stack([e.landmarks for e, found in seen if found])
    centre, side = boxes[:, None, :2] + boxes[:, None, 2:] / 2, boxes[:, None, 2:]
    average = ((truth - centre) / side).mean(0) * side + centre
    assert landmark_error(average, truth).mean() > 0.05


def test_the_people_of_the_measure_are_never_learned_from(trained, measured):
    first, last = json.loads(trained.with_suffix(".json").read_text())["person_seeds"]
    assert last - first == 59 and not measured["person"].between(first, last).any()
    # Nor do other seeds of one meet the other, or the actors of a film.
    most = landmark_predictor.MOST_PEOPLE * (landmark_predictor.LAST_SEED + 1)
    assert landmark_predictor.TAUGHT + most <= landmark_predictor.UNSEEN
    assert all(
        identity_of(layout, cast[-1], 99_999).seed < landmark_predictor.TAUGHT for layout, cast in ACTORS.items()
    )
    taught = {e.about["person"] for e in landmark_predictor.examples(3, 1, first=landmark_predictor.TAUGHT)}
    assert taught == {first, first + 1, first + 2}


def test_examples_vary_and_are_the_same_each_time():
    one, two = (list(landmark_predictor.examples(4, 6)) for _ in range(2))
    for first, second in zip(one, two, strict=True):
        assert (first.picture == second.picture).all() and (first.landmarks == second.landmarks).all()
    assert len({e.picture.tobytes() for e in one}) == 24
    for name, least in (("expression", 5), ("light", 4), ("tone", 2), ("yaw", 24), ("pitch", 24)):
        assert len({e.about[name] for e in one}) >= least
    assert all(abs(e.about["yaw"]) <= 20 and abs(e.about["pitch"]) <= 12 for e in one)
    alone = next(iter(landmark_predictor.examples(1, 1)))
    assert (alone.picture == one[0].picture).all()  # a person does not depend on how many there are


# --- finding --------------------------------------------------------------------------------


def test_no_face_is_nan_and_a_box_is_taken_at_its_word(finder):
    wall = np.full((200, 240, 3), 128, np.uint8)
    nothing = finder.find(wall)
    assert nothing.shape == (68, 2) and nothing.dtype == np.float64 and np.isnan(nothing).all()
    assert np.isfinite(finder.find(wall, (60, 50, 100, 100))).all()


def test_grey_colour_and_box_give_one_answer(finder):
    cv2 = pytest.importorskip("cv2")
    picture, truth = studio.draw(studio.person(2), {12: 0.8}, truth=True)
    found = finder.find(picture)
    assert landmark_error(found, truth) < 0.06
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    box = create("dlib").detect(picture)[0]
    assert (finder.find(grey, box) == finder.find(picture, box)).all() and (
        finder.find(picture, tuple(box[:4])) == found
    ).all()
    assert landmark_error(finder.find(grey), truth) < 0.06


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 90), st.integers(0, 90))
def test_the_landmarks_move_with_the_face(finder, right, down):
    picture = studio.draw(studio.person(2), {12: 0.8}, zoom=0.7)
    canvas = np.full((360, 360, 3), 90, np.uint8)
    canvas[down : down + 256, right : right + 256] = picture
    at_home = np.full((420, 420, 3), 90, np.uint8)
    at_home[60:316, 60:316] = picture
    moved = finder.find(canvas, (right + 80, down + 80, 90, 90))
    assert moved == pytest.approx(finder.find(at_home, (140, 140, 90, 90)) + np.array((right - 60, down - 60)), abs=2.0)


def test_size_does_not_matter(finder):
    for seed in (2, 3, 8):
        errors = []
        for size in (128, 256, 720):
            picture, truth = studio.draw(studio.person(seed), {12: 0.8}, size=size, truth=True)
            x, y = truth.mean(0) - 0.5 * np.array([0.52, 0.58]) * size
            errors.append(float(landmark_error(finder.find(picture, (x, y, 0.52 * size, 0.52 * size)), truth)))
        assert max(errors) < 0.05 and max(errors) - min(errors) < 0.015, errors


@pytest.mark.parametrize(
    "image, box, words",
    [
        (np.zeros((9, 9, 4), np.uint8), None, r"`image`.*\(9, 9, 4\)"),
        (np.zeros((9, 9)), None, "`image`.*uint8"),
        ("face.png", None, "`image`"),
        (np.zeros((0, 9), np.uint8), None, "`image`"),
        (np.zeros((90, 90), np.uint8), (1, 2, 3), "`box`"),
        (np.zeros((90, 90), np.uint8), "abcd", "`box`"),
        (np.zeros((90, 90), np.uint8), (0, 0, 0, 10), "`box`"),
        (np.zeros((90, 90), np.uint8), (0, 0, np.nan, 10), "`box`"),
        (np.zeros((90, 90), np.uint8), (95, 0, 10, 10), "`box`.*90x90"),
        (np.zeros((90, 90), np.uint8), (0, 0, 1e9, 1e9), "`box`"),
        (np.zeros((90, 90), np.uint8), 7, "`box`"),
        (np.zeros((90, 90), np.uint8), (-20, 0, 10, 10), "`box`"),
    ],
)
def test_what_is_no_image_and_no_box(finder, image, box, words):
    with pytest.raises(FerError, match=f"(?s){words}"):
        finder.find(image, box)


# --- files ----------------------------------------------------------------------------------


def test_equal_calls_give_equal_bytes_and_a_seed_others(tiny, brief, tmp_path):
    again = landmark_predictor.train(tmp_path / "again.dat", **TINY)
    other = landmark_predictor.train(tmp_path / "other.dat", seed=1, **TINY)
    assert again.read_bytes() == tiny.read_bytes() != other.read_bytes()
    note = json.loads(again.with_suffix(".json").read_text())
    assert note == json.loads(tiny.with_suffix(".json").read_text())
    assert (
        note["options"] == dict(OPTIONS)
        and note["versions"]["dlib"] == dlib.__version__
        and note["bytes"] == len(again.read_bytes())
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again.dat", "again.json", "other.dat", "other.json"]


def test_asked_again_it_does_nothing(trained, monkeypatch):
    def never(*_, **__):
        raise AssertionError("trained again")

    before = trained.stat().st_mtime_ns
    monkeypatch.setattr(landmark_predictor, "fit_landmarks", never)
    assert landmark_predictor.train(people=60, pictures_per_person=3, progress=False) == trained
    assert trained.stat().st_mtime_ns == before and trained.stat().st_size < 8e6
    with pytest.raises(AssertionError, match="trained again"):  # another question is another file
        landmark_predictor.train(people=60, pictures_per_person=5, progress=False)


def test_a_damaged_predictor_of_the_store_is_made_anew(brief, monkeypatch, tmp_path):
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    file = landmark_predictor.train(**TINY)
    whole = file.read_bytes()
    file.write_bytes(whole[:1000])
    assert landmark_predictor.train(**TINY) == file and file.read_bytes() == whole


def test_a_write_that_fails_leaves_no_predictor_and_the_next_call_makes_it(tiny, brief, tmp_path):
    real = landmark_predictor.write_atomic

    def full(path, data):
        if path.suffix == ".dat":
            raise OSError(28, "No space left on device")
        real(path, data)

    with (
        pytest.MonkeyPatch.context() as patched,
        pytest.raises(FerError, match="predictor could not be stored: the disk is full"),
    ):
        patched.setattr(landmark_predictor, "write_atomic", full)
        landmark_predictor.train(tmp_path / "a.dat", **TINY)
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
    assert landmark_predictor.train(tmp_path / "a.dat", **TINY).read_bytes() == tiny.read_bytes()


def test_learning_is_said_also_without_a_bar(brief, tmp_path, capsys):
    """It takes minutes; what is finished is not said again."""
    made = landmark_predictor.train(tmp_path / "a.dat", **TINY)
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and "once" in said.err and "minutes" in said.err
    landmark_predictor.train(made, **TINY)
    assert capsys.readouterr().err == ""


def test_what_stands_there_already_is_left_alone(tiny, tmp_path):
    mine = tmp_path / "mine.dat"
    mine.write_bytes(b"something of mine")
    with pytest.raises(FerError, match=r"(?s)`path`.*mine.dat.*left alone"):
        landmark_predictor.train(mine, **TINY)
    assert mine.read_bytes() == b"something of mine" and not mine.with_suffix(".json").exists()
    mine.with_suffix(".json").write_text("[" * 100_000)
    with pytest.raises(FerError, match="something else"):
        landmark_predictor._finished(mine, mine.with_suffix(".json"), "key")
    with pytest.raises(FerError, match="left alone"):  # made by another call
        landmark_predictor.train(tiny, **TINY | {"seed": 5})


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"people": 0}, "`people`"),
        ({"people": 10_001}, "`people`"),
        ({"pictures_per_person": 0}, "`pictures_per_person`"),
        ({"seed": -1}, "`seed`"),
        ({"seed": 1.5}, "`seed`"),
        ({"path": 7}, "`path`"),
        ({"path": ""}, "`path`"),
        ({"path": "model.json"}, "`path`.*json"),
    ],
)
def test_a_training_that_cannot_be(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FerError, match=words):
        landmark_predictor.train(**TINY | arguments)
    assert not list(tmp_path.iterdir())


def test_a_users_own_file_finds_what_the_stores_does(trained, finder, tmp_path):
    own = shutil.copy(trained, tmp_path / "my own predictor é.dat")
    picture = studio.draw(studio.person(4), {25: 1.0, 26: 1.0})
    theirs = landmark_predictor.load(own)
    assert (theirs.find(picture) == finder.find(picture)).all() and "my own predictor" in repr(theirs)
    assert (Landmarks(str(own)).find(picture) == finder.find(picture)).all()


def test_files_that_are_no_predictor(trained, tmp_path):
    with pytest.raises(FerError, match=r"(?s)`model`.*nowhere.dat.*train"):
        Landmarks(tmp_path / "nowhere.dat")
    with pytest.raises(FerError, match="`model`"):
        Landmarks(tmp_path)
    with pytest.raises(FerError, match="`model`"):
        Landmarks(None)
    whole = trained.read_bytes()
    for name, content in (
        ("empty", b""),
        ("text", b"hello, this is no predictor"),
        ("half", whole[: len(whole) // 2]),
        ("few", whole[:9]),
    ):
        file = tmp_path / f"{name}.dat"
        file.write_bytes(content)
        with pytest.raises(FerError, match=f"(?s)`model`.*whole.*{name}.*cannot read"):
            Landmarks(file)


def test_a_predictor_of_five_points_is_refused(tmp_path):
    options = dlib.shape_predictor_training_options()
    options.cascade_depth, options.num_trees_per_cascade_level, options.tree_depth = 1, 1, 1
    face = dlib.full_object_detection(
        dlib.rectangle(8, 8, 40, 40), dlib.points([dlib.point(9 + k, 20) for k in range(5)])
    )
    pictures = [np.random.default_rng(k).integers(0, 255, (48, 48), np.uint8) for k in range(2)]
    dlib.train_shape_predictor(pictures, [[face], [face]], options).save(str(tmp_path / "five.dat"))
    with pytest.raises(FerError, match=r"(?s)`model`.*68 points.*with 5 points"):
        Landmarks(tmp_path / "five.dat")


@pytest.mark.parametrize(
    "examples, options, words",
    [
        ([], {}, "`examples`.*one example"),
        ([(np.zeros((90, 90), np.uint8), Box(9, 9, 60, 60, 1.0), FACE[:5])], {}, "`examples`"),
        ([(np.zeros((90, 90), np.uint8), Box(9, 9, 60, 60, 1.0), FACE)], {"trees": 3}, "`options`.*trees"),
    ],
)
def test_examples_that_cannot_be_learned(examples, options, words, tmp_path):
    with pytest.raises(FerError, match=words):
        fit_landmarks(examples, tmp_path / "a.dat", options=options)
    assert not list(tmp_path.iterdir())


def test_tables_finders_and_people_of_another_kind(finder):
    with pytest.raises(FerError, match="`landmarks`"):
        landmark_predictor.measure("model.dat")
    with pytest.raises(FerError, match="`measured`"):
        landmark_predictor.report([1, 2])
    with pytest.raises(FerError, match="`people`"):
        landmark_predictor.measure(finder, people=0)
    with pytest.raises(FerError, match="`first`"):
        landmark_predictor.examples(1, 1, first=3)


def test_importing_it_is_light(tmp_path):
    code = (
        "import sys, fer_utils.synthetic.landmark_predictor; "
        "print([m for m in ('cv2', 'dlib', 'tensorflow', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    assert done.stdout.strip() == "[]" and not list(tmp_path.iterdir())
