"""Landmarks in the pass, and faces levelled by their eyes.

The geometry, the files, resuming, and the same pixels in `predict`.
"""

from __future__ import annotations

import json
from pathlib import Path
import pickle
import signal
import subprocess
import sys
import textwrap
import time

import drawn
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pandas as pd
from patience import PATIENCE
import pytest
from scipy import ndimage

from fer_utils import faces, studio
from fer_utils.cli import main
from fer_utils.core.errors import FerError
from fer_utils.faces import Box, FaceSet, preparation, prepare
from fer_utils.faces.detectors import DlibHog
from fer_utils.faces.extraction import Settings
from fer_utils.faces.landmarks import Landmarks, landmark_error
from fer_utils.inference import predict
from fer_utils.synthetic import landmark_predictor

cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")
pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")

ROLLS = (-14.0, 11.0, 0.0, 6.0)
FILES = {"images.npy", "meta.csv", "problems.csv", "faceset.json"}

boxes = st.builds(
    Box, st.integers(-30, 120), st.integers(-30, 90), st.integers(8, 120), st.integers(8, 120), st.just(1.0)
)
rolls = st.floats(-180, 180)


@pytest.fixture(scope="module")
def predictor(drawn_predictor) -> Path:
    return drawn_predictor


# --- geometry -------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(boxes, st.integers(16, 96), st.floats(0, 1), rolls, st.floats(-0.3, 0.3), st.floats(-0.3, 0.3))
def test_a_point_of_the_picture_is_where_the_points_say_in_the_crop(box, size, margin, roll, right, down):
    """A soft dot is painted somewhere in the square; its middle in the crop is found by its pixels."""
    side = max(box.w, box.h) * (1 + 2 * margin)
    x, y = (
        np.clip(place, 0, most)
        for place, most in ((box.x + box.w / 2 + right * side, 199), (box.y + box.h / 2 + down * side, 149))
    )
    width = max(2.0, 2.0 * side / size)  # a dot of two pixels, there or here
    columns, rows = np.meshgrid(np.arange(200), np.arange(150))
    dot = 200 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * width**2))
    square = faces.crop(
        np.repeat(np.rint(dot).astype(np.uint8)[..., None], 3, axis=2), box, size=size, margin=margin, roll=roll
    )
    where = faces.points_in_crop(np.array([x, y]), box, size=size, margin=margin, roll=roll)
    spread = 4 * width * size / side
    if not all(spread <= place <= size - 1 - spread for place in where) or not (
        4 * width < x < 199 - 4 * width and 4 * width < y < 149 - 4 * width
    ):
        return  # a dot that is cut off has its middle elsewhere
    weight = square.astype(float)
    across, along = np.meshgrid(np.arange(size), np.arange(size))
    assert [(weight * across).sum() / weight.sum(), (weight * along).sum() / weight.sum()] == pytest.approx(
        where, abs=0.12
    )


@settings(deadline=None)
@given(st.integers(70, 130), st.integers(70, 130), st.sampled_from([40, 60]), st.sampled_from([20, 40, 60, 90]), rolls)
def test_every_pixel_of_a_turned_crop_comes_from_its_place(x, y, side, size, roll):
    """On two ramps, to the right and down, a pixel's grey says where it is from.

    Corners lie outside the upright square.
    """
    ramp = np.repeat(np.arange(200, dtype=np.uint8)[None, :, None], 200, axis=0).repeat(3, axis=2)
    box = Box(x - side // 2, y - side // 2, side, side, 1)
    away = (np.arange(size) + 0.5) * side / size - side / 2
    right, down = np.meshgrid(away, away)
    cosine, sine = np.cos(np.radians(roll)), np.sin(np.radians(roll))
    for picture, expected in (
        (ramp, x - 0.5 + cosine * right - sine * down),
        (ramp.swapaxes(0, 1), y - 0.5 + sine * right + cosine * down),
    ):
        assert np.abs(faces.crop(np.ascontiguousarray(picture), box, size=size, roll=roll) - expected).max() < 1.1


@pytest.mark.parametrize("point", [*range(36, 48)])
def test_each_of_the_six_points_of_an_eye_counts_for_the_roll(point):
    """One point is 6 pixels lower, so that the mean of its eye is one pixel lower than the other's, 10 beside it."""
    landmarks = np.zeros((68, 2))
    landmarks[42:48, 0] = 10
    landmarks[point, 1] = 6
    wanted = np.degrees(np.arctan2(1, 10)) * (1 if point >= 42 else -1)
    assert faces.eye_roll(landmarks) == pytest.approx(wanted)


@pytest.mark.parametrize("size", [24, 48, 96])
@pytest.mark.parametrize("quarter", [1, 2, 3, -1])
def test_a_quarter_turn_is_exact(size, quarter):
    """A picture turned clockwise, and turned back by the crop, has the very pixels."""
    picture = np.random.default_rng(1).integers(0, 256, (120, 120, 3), dtype=np.uint8)
    box = Box(30, 20, 48, 48, 1)
    turned = np.ascontiguousarray(np.rot90(picture, -quarter))
    x, y = box.x + 24 - 60, box.y + 24 - 60  # the box's centre from the picture's
    for _ in range(quarter % 4):
        x, y = -y, x
    moved = Box(x + 60 - 24, y + 60 - 24, 48, 48, 1)
    apart = np.abs(
        faces.crop(turned, moved, size=size, roll=90 * quarter).astype(int) - faces.crop(picture, box, size=size)
    )
    # Enlarged, the outermost pixels lie between the square's and its neighbours', which only a turned square looks at.
    assert apart[1:-1, 1:-1].max() <= 1 if size > 48 else apart.max() == 0


@settings(deadline=None)
@given(boxes, st.integers(16, 64), st.floats(0, 2), rolls)
def test_a_turned_crop_over_the_edge_repeats_the_edge(box, size, margin, roll):
    picture = np.full((50, 70, 3), (10, 120, 250), np.uint8)
    square = faces.crop(picture, box, size=size, margin=margin, roll=roll)
    assert square.shape == (size, size) and (square == 102).all()  # no black anywhere


@settings(deadline=None)
@given(boxes, st.integers(16, 96), st.floats(0, 1), st.sampled_from([0, 0.0, -0.0, 360, -720.0, np.float32(0)]))
def test_no_turn_changes_no_byte(box, size, margin, roll):
    picture = np.random.default_rng(2).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    still = faces.crop(picture, box, size=size, margin=margin)
    assert np.array_equal(faces.crop(picture, box, size=size, margin=margin, roll=roll), still)
    if size <= max(box.w, box.h) * (1 + 2 * margin):  # and a turn too small to see is not seen
        slight = faces.crop(picture, box, size=size, margin=margin, roll=1e-4)
        assert np.abs(slight.astype(int) - still).max() <= 1


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 50), st.floats(-45, 45), st.floats(-20, 20))
def test_a_turned_drawn_face_comes_back_level(seed, roll, yaw):
    """The head's roll is found by its eyes, and the truth in the turned square is that of a level head."""
    person = studio.person(seed)
    _, upright = studio.draw(person, yaw=yaw, size=128, truth=True)
    _, marks = studio.draw(person, yaw=yaw, roll=roll, size=128, truth=True)
    found = faces.eye_roll(marks)
    assert found - faces.eye_roll(upright) == pytest.approx(roll, abs=0.5)
    box = Box(*(np.rint(marks.mean(axis=0)).astype(int) - 40).tolist(), 80, 80, 1)
    turned = faces.points_in_crop(marks, box, size=80, roll=found)
    assert faces.eye_roll(turned) == pytest.approx(0, abs=1e-9)
    # Turning and cutting changes no distance.
    assert np.linalg.norm(turned[0] - turned[16]) == pytest.approx(np.linalg.norm(marks[0] - marks[16]))


def test_a_small_face_is_turned_and_enlarged_in_one_step():
    """Interpolated once, between the pixels of the picture: twice would blur it."""
    grey = np.random.default_rng(0).integers(0, 256, (90, 90), dtype=np.uint8)
    box = Box(30, 28, 24, 24, 1)
    made = faces.crop(np.repeat(grey[..., None], 3, axis=2), box, size=60, roll=20.0)
    across, along = np.meshgrid(np.arange(60), np.arange(60))
    places = faces.points_in_picture(np.stack([across, along], axis=-1), box, size=60, roll=20.0)
    wanted = ndimage.map_coordinates(grey.astype(float), [places[..., 1], places[..., 0]], order=1)
    assert np.abs(made - wanted).mean() < 2


@pytest.mark.parametrize("roll", [-30, -12, 20])
def test_the_pixels_of_a_turned_face_are_those_of_a_level_one(roll):
    person, square = studio.person(4), (slice(60, 120), slice(60, 120))
    squares = {}
    for angle in (0, roll):
        picture, marks = studio.draw(person, {12: 1.0}, roll=angle, size=360, light="flat", truth=True)
        x, y = marks[27:36].mean(axis=0)  # the nose
        box = Box(round(x) - 90, round(y) - 90, 180, 180, 1)
        squares[angle] = faces.crop(picture, box, size=180, roll=faces.eye_roll(marks))[square].astype(float)
        if angle:
            squares["as it is"] = faces.crop(picture, box, size=180)[square].astype(float)
    level = np.corrcoef(squares[0].ravel(), squares[roll].ravel())[0, 1]
    assert level > 0.93 and 0.75 > np.corrcoef(squares[0].ravel(), squares["as it is"].ravel())[0, 1]


@pytest.mark.parametrize("roll", [np.nan, np.inf, None, "12", True])
def test_rolls_that_are_none(roll):
    with pytest.raises(FerError, match=r"`roll`.*degrees"):
        faces.crop(drawn.face(1), Box(60, 60, 100, 100, 1), roll=roll)
    with pytest.raises(FerError, match="`roll`"):
        faces.points_in_crop(np.zeros(2), Box(60, 60, 100, 100, 1), roll=roll)


@pytest.mark.parametrize("marks", [np.zeros((5, 2)), np.full((68, 2), np.nan), np.ones((68, 2))])
def test_eyes_that_are_none(marks):
    with pytest.raises(FerError, match="`landmarks`"):
        faces.eye_roll(marks)


def test_the_sign_is_clockwise_as_seen():
    marks = np.zeros((68, 2))
    marks[36:42], marks[42:48] = (100, 100), (150, 150)  # the eye on the picture's right is lower
    assert faces.eye_roll(marks) == pytest.approx(45)


# --- the pass -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Turned faces as PNG files, with the truth of each; then a text that is no picture, and a wall without a face."""
    folder = tmp_path_factory.mktemp("turned")
    paths, truth = [], []
    for number, roll in enumerate(ROLLS):
        picture, marks = studio.draw(studio.person(number + 20), {12: 0.7}, roll=roll, size=300, truth=True)
        paths.append(drawn.write_image(folder / f"{number}.png", picture))
        truth.append(marks)
    (folder / "text.png").write_text("a letter")
    wall = drawn.write_image(folder / "wall.png", np.full((200, 200, 3), 90, np.uint8))
    return drawn.table(*paths, folder / "text.png", wall), np.stack(truth)


@pytest.fixture(scope="module")
def sets(shown, predictor, tmp_path_factory):
    """The same clips without landmarks, with them, and aligned."""
    out = tmp_path_factory.mktemp("sets")
    return {
        name: prepare(shown[0], out / name, size=120, margin=0.1, workers=1, progress=False, **options)
        for name, options in {
            "plain": {},
            "marked": {"landmarks": predictor},
            "aligned": {"landmarks": str(predictor), "align": True},
        }.items()
    }


def box_of(row):
    return Box(row.box_x, row.box_y, row.box_w, row.box_h, row.score)


def test_the_landmarks_are_the_truths_in_the_square(sets, shown):
    marked = sets["marked"]
    assert len(marked) == 4 and list(marked.problems["kind"]) == ["unreadable", "no face"]
    found = marked.landmarks
    assert found.shape == (4, 68, 2) and found.dtype == np.float32 and isinstance(found, np.memmap)
    assert not found.flags.writeable
    truth = [
        faces.points_in_crop(marks, box_of(row), size=120, margin=0.1)
        for marks, row in zip(shown[1], marked.meta.itertuples(), strict=True)
    ]
    assert (landmark_error(found, np.stack(truth)) < 0.06).all()
    assert np.linalg.norm(found - truth, axis=-1).mean(axis=-1).max() < 3  # pixels
    rolls = [faces.eye_roll(marks) for marks in found]
    assert rolls == pytest.approx([faces.eye_roll(marks) for marks in shown[1]], abs=3)


def test_aligned_faces_are_level(sets, shown, predictor):
    marked, aligned = sets["marked"], sets["aligned"]
    assert np.abs([faces.eye_roll(marks) for marks in aligned.landmarks]).max() < 1e-3
    rolls = [faces.eye_roll(marks) for marks in marked.landmarks]
    assert max(map(abs, rolls)) > 9
    rows = list(aligned.meta.itertuples())
    truly = [faces.eye_roll(marks) for marks in shown[1]]
    turned = [
        faces.points_in_crop(marks, box_of(row), size=120, margin=0.1, roll=roll)
        for marks, row, roll in zip(shown[1], rows, truly, strict=True)
    ]
    assert np.linalg.norm(aligned.landmarks - turned, axis=-1).mean(axis=-1).max() < 3
    again = Landmarks(predictor)
    for image, row in zip(aligned.images[..., 0], rows, strict=True):
        picture = cv2.cvtColor(cv2.imread(row.path), cv2.COLOR_BGR2RGB)
        roll = again.find_turned(picture, box_of(row))[1]
        assert np.array_equal(image, faces.crop(picture, box_of(row), size=120, margin=0.1, roll=roll))
        # Looked at afresh, by its pixels alone, the face is upright.
        assert abs(faces.eye_roll(again.find(np.ascontiguousarray(image), (10, 10, 100, 100)))) < 3
    assert aligned.meta.drop(columns=["sharpness", "brightness"]).equals(
        marked.meta.drop(columns=["sharpness", "brightness"])
    )


@pytest.mark.parametrize("roll", [-30.0, -20.0, 20.0, 30.0])
def test_heads_turned_further_than_was_learned_are_levelled_too(roll, predictor):
    """One look sees half of 30 degrees; the looks in the turned square see the rest, and bring the points back."""
    finder, marks_of, once = DlibHog(), Landmarks(predictor), []
    for seed in range(4):
        picture, truth = studio.draw(studio.person(seed + 300), {12: 0.5}, roll=roll, size=300, zoom=0.9, truth=True)
        box = finder.detect(picture)[0]
        found, seen = marks_of.find_turned(picture, box)
        assert seen == faces.eye_roll(found) == pytest.approx(faces.eye_roll(truth), abs=3)
        assert landmark_error(found, truth) < 0.06
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        assert (
            np.abs(marks_of.find_turned(grey, box)[0] - found).max() < 1.5
        )  # grey of a colour patch, rounded elsewhere
        once.append(abs(faces.eye_roll(marks_of.find(picture, box)) - faces.eye_roll(truth)))
    if abs(roll) == 30:
        assert np.mean(once) > 4  # else this test shows nothing


@settings(deadline=None)
@given(boxes, st.integers(16, 200), st.floats(0, 2), rolls, st.floats(-500, 500), st.floats(-500, 500))
def test_points_go_into_the_square_and_back(box, size, margin, roll, x, y):
    where = {"size": size, "margin": margin, "roll": roll}
    there = faces.points_in_crop(np.array([[x, y], [y, x]]), box, **where)
    assert faces.points_in_picture(there, box, **where) == pytest.approx(np.array([[x, y], [y, x]]), abs=1e-6)


class Outside(DlibHog):
    """Finds the face, and another one where there is no picture."""

    def detect(self, rgb, *, thorough=False):
        return [*super().detect(rgb, thorough=thorough), Box(5000, 5000, 40, 40, 0.1)]


def test_a_box_outside_the_picture_costs_only_itself(predictor):
    found = predict(drawn.face(1), Spy(), labels=["a", "b"], detector=Outside(), landmarks=predictor, align=True)
    assert len(found) == 1 and list(found.problems["kind"]) == ["failed"]
    assert "at least partly in the picture" in found.problems["problem"][0]


def test_a_set_without_landmarks_is_what_it_was(sets):
    plain, marked, aligned = sets["plain"], sets["marked"], sets["aligned"]
    assert plain.landmarks is None and set(drawn.files_of(plain.path)) == FILES
    assert list(plain.manifest) == [
        "format",
        "version",
        "made_by",
        "config",
        "clips",
        "versions",
        "shape",
        "counts",
        "sha256",
        "fingerprint",
    ]
    assert plain.manifest["config"] == {"frames": 6, "size": 120, "margin": 0.1, "sampling": "even", "detector": "dlib"}
    assert set(plain.manifest["sha256"]) == FILES - {"faceset.json"}
    # Landmarks change nothing else: neither pixels nor rows.
    files = {name: drawn.files_of(made.path) for name, made in sets.items()}
    assert set(files["marked"]) == set(files["aligned"]) == FILES | {"landmarks.npy"}
    for name in FILES - {"faceset.json"}:
        assert files["plain"][name] == files["marked"][name]
    assert len({made.fingerprint for made in sets.values()}) == 3
    config = {**plain.manifest["config"], "landmarks": marked.manifest["config"]["landmarks"], "align": False}
    assert marked.manifest["config"] == config and aligned.manifest["config"] == {**config, "align": True}
    assert list(marked.manifest) == list(plain.manifest)


def test_the_manifest_names_the_predictor_by_its_checksum(sets, predictor):
    import hashlib

    told = sets["marked"].manifest
    assert (
        told["config"]["landmarks"] == hashlib.sha256(predictor.read_bytes()).hexdigest() == Landmarks(predictor).sha256
    )
    stored = (sets["marked"].path / "landmarks.npy").read_bytes()
    assert told["sha256"]["landmarks.npy"] == hashlib.sha256(stored).hexdigest()
    assert str(predictor) not in json.dumps(told)


def test_workers_change_no_byte(sets, shown, predictor, tmp_path):
    prepare(
        shown[0],
        tmp_path / "out",
        size=120,
        margin=0.1,
        landmarks=Landmarks(predictor),
        align=True,
        workers=2,
        progress=False,
    )
    assert drawn.files_of(tmp_path / "out") == drawn.files_of(sets["aligned"].path)


def test_another_predictor_or_none_is_another_request(sets, shown, predictor, tmp_path_factory):
    options = {"size": 120, "margin": 0.1, "workers": 1, "progress": False}
    out, before = sets["marked"].path, drawn.files_of(sets["marked"].path)
    assert prepare(shown[0], out, landmarks=predictor, **options).fingerprint == sets["marked"].fingerprint
    other = landmark_predictor.train(
        tmp_path_factory.mktemp("other") / "other.dat", people=2, pictures_per_person=2, progress=False
    )
    for changed, words in (
        ({"landmarks": other}, "landmarks is '.*' there and '.*' here"),
        ({}, "landmarks is '.*' there and None here; align is False there and None here"),
        ({"landmarks": predictor, "align": True}, "align is False there and True here"),
    ):
        with pytest.raises(FerError, match=words):
            prepare(shown[0], out, **changed, **options)
    with pytest.raises(FerError, match=r"landmarks is None there and '.*' here"):
        prepare(shown[0], sets["plain"].path, landmarks=predictor, **options)
    assert drawn.files_of(out) == before


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_killed_and_resumed_gives_the_same_bytes(predictor, tmp_path):
    clips = drawn.table(*(drawn.write_image(tmp_path / f"{number}.png", drawn.face(number)) for number in range(8)))
    options = {"size": 64, "align": True, "progress": False}
    whole = prepare(clips, tmp_path / "whole", landmarks=predictor, workers=1, **options)
    clips.to_pickle(tmp_path / "clips.pickle")
    out, parts = tmp_path / "out", tmp_path / "out" / ".parts"
    code = textwrap.dedent(f"""
        import sys
        sys.path[:0] = {[str(Path(__file__).parents[2]), str(Path(__file__).parents[1] / "helpers")]!r}
        import pandas, drawn
        from fer_utils.faces import prepare
        prepare(pandas.read_pickle({str(tmp_path / "clips.pickle")!r}), {str(out)!r}, landmarks={str(predictor)!r},
                detector=drawn.Slow(), workers=2, **{options!r})
    """)
    victim = subprocess.Popen([sys.executable, "-c", code])
    try:
        until = time.monotonic() + PATIENCE
        while len(list(parts.glob("*.npz"))) < 2:
            assert victim.poll() is None and time.monotonic() < until, "no parts appeared"
            time.sleep(0.01)
    finally:
        victim.send_signal(signal.SIGKILL)
        victim.wait(PATIENCE)
    kept = len(list(parts.glob("*.npz")))
    assert 2 <= kept < 8 and not (out / "faceset.json").exists()
    counting = drawn.Counting()
    made = prepare(clips, out, landmarks=predictor, detector=counting, workers=1, **options)
    assert counting.seen == 8 - kept
    assert drawn.files_of(out) == drawn.files_of(whole.path) and made.landmarks.shape == (8, 68, 2)


def test_landmarks_of_a_pass_that_was_thrown_away_do_not_stay(sets, shown, predictor, tmp_path, monkeypatch):
    out, options = tmp_path / "out", {"size": 120, "margin": 0.1, "workers": 1, "progress": False}

    def ends(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(preparation, "manifest_text", ends)  # the last moment: every other file lies there
    with pytest.raises(KeyboardInterrupt):
        prepare(shown[0], out, landmarks=predictor, **options)
    monkeypatch.undo()
    assert (out / "landmarks.npy").is_file()
    with pytest.raises(FerError, match=r"(?s)unfinished pass.*landmarks is '.*' there and None here.*resume=False"):
        prepare(shown[0], out, **options)
    prepare(shown[0], out, resume=False, **options)
    assert drawn.files_of(out) == drawn.files_of(sets["plain"].path)


class Fails(DlibHog):
    """dlib, failing at pictures of 200 pixels."""

    def follow(self, rgb, near, *, thorough=False):
        if len(rgb) == 200:
            raise ZeroDivisionError("by nothing")
        return super().follow(rgb, near, thorough=thorough)


def test_no_face_and_a_failure_leave_the_rows_in_step(shown, predictor, tmp_path):
    made = prepare(
        shown[0], tmp_path / "some", size=32, detector=Fails(), landmarks=predictor, workers=1, progress=False
    )
    assert list(made.problems["kind"]) == ["unreadable", "failed"] and made.landmarks.shape == (4, 68, 2)
    none = prepare(
        shown[0].tail(2), tmp_path / "none", size=32, landmarks=predictor, align=True, workers=1, progress=False
    )
    assert none.landmarks.shape == (0, 68, 2) and none.landmarks.dtype == np.float32 and len(none) == 0
    assert FaceSet.load(tmp_path / "none", verify=True).landmarks.shape == (0, 68, 2)


def test_a_part_keeps_its_landmarks(tmp_path):
    marks = np.random.default_rng(0).normal(60, 20, (2, 68, 2)).astype(np.float32)
    one = faces.extraction.ClipResult(np.zeros((2, 16, 16), np.uint8), [[1], [2]], [], marks)
    (tmp_path / "part").write_bytes(one.to_bytes())
    assert np.array_equal(faces.extraction.ClipResult.from_file(tmp_path / "part").landmarks, marks)
    (tmp_path / "part").write_bytes(one._replace(landmarks=None).to_bytes())
    assert faces.extraction.ClipResult.from_file(tmp_path / "part").landmarks is None
    with np.load(tmp_path / "part") as file:  # as it was before there were landmarks
        assert sorted(file) == ["images", "record"]


def test_a_predictor_can_be_sent_and_its_file_taken_away(predictor, tmp_path):
    path = tmp_path / "gone.dat"
    path.write_bytes(predictor.read_bytes())
    sent = pickle.dumps(("dlib", Settings(6, 64, 0.0, landmarks=Landmarks(path), align=True)))
    path.unlink()
    there = pickle.loads(sent)[1]
    here = Landmarks(predictor)
    assert there.config() == {
        "frames": 6,
        "size": 64,
        "margin": 0.0,
        "sampling": "even",
        "landmarks": here.sha256,
        "align": True,
    }
    assert np.array_equal(
        there.landmarks.find(drawn.face(1), (62, 70, 130, 130)), here.find(drawn.face(1), (62, 70, 130, 130))
    )


# --- asked for the impossible ---------------------------------------------------------------


@pytest.mark.parametrize(
    "given, words",
    [
        ({"align": True}, "`align`.*False where there are no landmarks"),
        ({"align": "yes"}, "`align`.*True or False"),
        ({"landmarks": "drawn"}, r"`landmarks`.*'drawn'(?s:.*)fer_utils.synthetic.landmark_predictor.train\(\)"),
        ({"landmarks": 3}, "`landmarks`"),
        ({"landmarks": ""}, "`landmarks`"),
        ({"landmarks": __file__}, "`landmarks`.*a dlib shape predictor, whole"),
    ],
)
def test_impossible_arguments(shown, tmp_path, given, words):
    with pytest.raises(FerError, match=words):
        prepare(shown[0], tmp_path / "out", progress=False, **given)
    assert not (tmp_path / "out").exists()
    with pytest.raises(FerError, match=words):
        predict(drawn.face(1), Spy(), labels=["a", "b"], **given)


@pytest.mark.parametrize(
    "damage, told",
    [
        (lambda folder: (folder / "landmarks.npy").unlink(), "landmarks.npy is missing"),
        (lambda folder: (folder / "landmarks.npy").write_bytes(b"half"), "cannot be read"),
        (
            lambda folder: np.save(folder / "landmarks.npy", np.zeros((2, 68, 2), np.float32)),
            r"holds \(2, 68, 2\) float32",
        ),
        (lambda folder: np.save(folder / "landmarks.npy", np.zeros((3, 68, 2))), "holds .* float64"),
        (drawn.edited_manifest(lambda manifest: manifest.update(sha256=[])), "lacks what it must say"),
    ],
)
def test_damage_is_named(tmp_path, damage, told):
    small(tmp_path / "set")
    damage(tmp_path / "set")
    with pytest.raises(FerError, match=f"(?s){told}.*Make it again"):
        FaceSet.load(tmp_path / "set")


def small(path, **options):
    marks = np.arange(3 * 136, dtype=np.float64).reshape(3, 68, 2) / 7
    return FaceSet.save(
        np.zeros((3, 20, 20), np.uint8),
        pd.DataFrame({"clip": ["a", "b", "c"]}),
        path,
        **{"landmarks": marks, **options},
    )


def test_a_saved_set_keeps_its_landmarks(tmp_path):
    made = small(tmp_path / "set")
    assert np.array_equal(made.landmarks, (np.arange(408) / 7).reshape(3, 68, 2).astype(np.float32))
    with pytest.raises(ValueError, match="read-only"):
        made.landmarks[0] = 0
    without = small(tmp_path / "without", landmarks=None)
    assert without.landmarks is None and set(drawn.files_of(without.path)) == FILES
    other = small(tmp_path / "zeros", landmarks=np.zeros((3, 68, 2)))
    assert len({made.fingerprint, without.fingerprint, other.fingerprint}) == 3
    with pytest.raises(FerError, match=r"`landmarks`.*\(3, 68, 2\)"):
        small(tmp_path / "wrong", landmarks=np.zeros((2, 68, 2)))
    assert not (tmp_path / "wrong").exists()
    changed = bytearray((made.path / "landmarks.npy").read_bytes())
    changed[-1] ^= 1
    (made.path / "landmarks.npy").write_bytes(changed)
    with pytest.raises(FerError, match=r"landmarks.npy has changed"):
        FaceSet.load(made.path, verify=True)


# --- the same pixels elsewhere --------------------------------------------------------------


class Spy:
    """Stands for a network, and keeps the pixels that it is shown."""

    input_shape, output_shape = (None, 120, 120, 1), (None, 2)

    def __call__(self, batch, training=None):
        self.seen = batch
        return np.full((len(batch), 2), 0.5, np.float32)


def test_predictions_see_the_pixels_of_the_aligned_set(sets, shown, predictor):
    for number, path in enumerate(shown[0]["path"].head(4)):
        spy = Spy()
        predict(path, spy, labels=["a", "b"], margin=0.1, landmarks=predictor, align=True)
        assert np.array_equal(spy.seen[0], sets["aligned"].images[number].astype(np.float32))
        predict(path, spy, labels=["a", "b"], margin=0.1, landmarks=predictor)
        assert np.array_equal(spy.seen[0], sets["plain"].images[number].astype(np.float32))
    assert not np.array_equal(sets["plain"].images[0], sets["aligned"].images[0])


def test_the_command_line(shown, predictor, tmp_path, monkeypatch, capsys):
    root = Path(shown[0]["path"][0]).parent
    (tmp_path / "data" / "happy").mkdir(parents=True)
    (tmp_path / "data" / "happy" / "a.png").write_bytes((root / "0.png").read_bytes())
    monkeypatch.setattr(landmark_predictor, "train", lambda *, progress: predictor)
    call = ["prepare", "--dataset", "folder", str(tmp_path / "data"), "--workers", "1", "--quiet", "--out"]
    assert main.main([*call, str(tmp_path / "one"), "--landmarks", "drawn", "--align"]) == 0
    assert main.main([*call, str(tmp_path / "two"), "--landmarks", str(predictor)]) == 0
    one, two = FaceSet.load(tmp_path / "one"), FaceSet.load(tmp_path / "two")
    assert one.manifest["config"]["align"] is True and two.manifest["config"]["align"] is False
    assert abs(faces.eye_roll(one.landmarks[0])) < 1e-3 < 9 < abs(faces.eye_roll(two.landmarks[0]))
    capsys.readouterr()
    assert main.main([*call, str(tmp_path / "three"), "--align"]) == 2
    assert "`align`" in capsys.readouterr().err
    assert main.main([*call, str(tmp_path / "four"), "--detector", "yunet"]) == 2
    assert "OpenCV Zoo" in capsys.readouterr().err


def test_a_large_face_is_made_small_by_the_means_of_its_squares():
    """From 96 pixels to 24 each pixel is the mean of four by four: nothing between the sampled points is lost."""
    picture = np.random.default_rng(0).integers(0, 256, (96, 96), np.uint8)
    made = faces.crop(np.repeat(picture[..., None], 3, axis=2), Box(0, 0, 96, 96, 1), size=24, margin=0.0)
    means = picture.reshape(24, 4, 24, 4).mean(axis=(1, 3))
    assert np.abs(made - means).max() <= 1
