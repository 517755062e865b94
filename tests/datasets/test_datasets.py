"""Clip tables: the grammars, field by field, and folders as people have them."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from clipfiles import kinds, touch
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import PATIENCE
import pytest

from fer_utils import datasets
from fer_utils.core import labels
from fer_utils.core.errors import FerError
from fer_utils.core.tables import CLIP_COLUMNS
from fer_utils.datasets import crema_d, files, mead, ravdess, savee

# --- the registry ---------------------------------------------------------------------------


def test_registry():
    assert datasets.available() == ("crema_d", "fer2013", "folder", "mead", "ravdess", "savee")
    with pytest.raises(
        FerError, match=r"`dataset`.*'crema_d', 'fer2013', 'folder', 'mead', 'ravdess', 'savee'.*Received: 'affectnet'"
    ):
        datasets.scan("affectnet", "anywhere")
    with pytest.raises(FerError, match="`dataset`"):
        datasets.scan(None, "anywhere")
    with pytest.raises(FerError, match="`actor`"):
        datasets.scan("ravdess", "anywhere", actor="(?P<actor>.)")


@pytest.mark.parametrize("root", [None, 3, "", b"bytes", "a\0b"])
def test_what_is_no_path(root):
    with pytest.raises(FerError, match="`root`"):
        datasets.scan("ravdess", root)


def test_imports_stay_light():
    code = (
        "import sys, fer_utils.datasets, fer_utils.faces; print({'cv2','dlib','keras','tensorflow'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
        timeout=PATIENCE,
    )
    assert done.stdout.strip() == "set()"


def test_both_modules_know_the_same_images():
    from fer_utils.faces.video import IMAGE_SUFFIXES

    assert files.IMAGE_SUFFIXES == IMAGE_SUFFIXES


# --- RAVDESS --------------------------------------------------------------------------------

two = lambda most: st.integers(1, most).map("{:02d}".format)  # noqa: E731
ravdess_names = st.tuples(st.sampled_from(["01", "02"]), two(2), two(8), two(2), two(2), two(2), two(24)).filter(
    lambda codes: codes[2] != "01" or codes[3] == "01"
)


def test_ravdess_row():
    row = ravdess.parse("02-02-06-02-01-02-14.mp4")
    assert row == {
        "dataset": "ravdess",
        "actor": "14",
        "sex": "female",
        "expression": "fearful",
        "intensity": 2,
        "view": "front",
        "channel": "song",
        "modality": "video-only",
        "statement": "01",
        "repetition": 2,
        "performance": "ravdess/14/song-06-02-01-02",
    }
    assert ravdess.parse("01-01-01-01-01-01-01.mp4")["sex"] == "male"


@given(ravdess_names)
def test_ravdess_round_trip(codes):
    name = "-".join(codes) + ".mp4"
    row = ravdess.parse(name)
    assert ravdess.name(row) == f"Actor_{codes[6]}/{name}"
    assert ravdess.parse(ravdess.name(row)) == row
    assert set(row) | {"path", "clip"} == set(CLIP_COLUMNS)


@given(ravdess_names)
def test_ravdess_twins_are_one_performance(codes):
    twin = ("02" if codes[0] == "01" else "01", *codes[1:])
    one, other = ravdess.parse("-".join(codes) + ".mp4"), ravdess.parse("-".join(twin) + ".mp4")
    assert one["performance"] == other["performance"] and one["modality"] != other["modality"]


@given(ravdess_names, ravdess_names)
def test_ravdess_other_acts_are_other_performances(one, other):
    same = (
        ravdess.parse("-".join(one) + ".mp4")["performance"] == ravdess.parse("-".join(other) + ".mp4")["performance"]
    )
    assert same == (one[1:] == other[1:])


@pytest.mark.parametrize(
    "name, told",
    [
        ("04-01-01-01-01-01-01.mp4", "modality code 04"),
        ("01-03-01-01-01-01-01.mp4", "channel code 03"),
        ("01-00-01-01-01-01-01.mp4", "channel code 00"),
        ("01-01-09-01-01-01-01.mp4", "expression code 09"),
        ("01-01-02-03-01-01-01.mp4", "intensity code 03"),
        ("01-01-02-01-03-01-01.mp4", "statement code 03"),
        ("01-01-02-01-01-03-01.mp4", "repetition code 03"),
        ("01-01-02-01-01-01-25.mp4", "actor code 25"),
        ("01-01-02-01-01-01-00.mp4", "actor code 00"),
        ("01-01-01-02-01-01-01.mp4", "neutral"),
        ("03-01-01-01-01-01-01.mp4", "audio-only"),
        ("01-01-01-01-01-01.mp4", "seven"),
        ("01-01-01-01-01-01-01-01.mp4", "seven"),
        ("1-1-1-1-1-1-1.mp4", "seven"),
        ("01-01-01-01-01-01-01 (1).mp4", "seven"),
        ("٠١-01-01-01-01-01-01.mp4", "seven"),
        ("01-01-01-01-01-01-01.wav", "ending"),
    ],
)
def test_ravdess_names_that_break_the_grammar(name, told):
    with pytest.raises(FerError, match=told):
        ravdess.parse(name)


def test_ravdess_name_of_an_impossible_row():
    row = {**ravdess.parse("01-01-01-01-01-01-01.mp4"), "actor": "25"}
    with pytest.raises(FerError, match="`actor`"):
        ravdess.name(row)


def test_ravdess_scan(tmp_path):
    touch(
        tmp_path,
        "Actor_02/01-01-03-01-01-01-02.mp4",
        "Actor_01/02-01-03-01-01-01-01.MP4",
        "deep/er/Actor_01/01-01-03-01-01-01-01.avi",
        ".DS_Store",
        "Actor_02/._01-01-03-01-01-01-02.mp4",
        ".hidden/01-01-04-01-01-01-02.mp4",
        "Thumbs.db",
        "__MACOSX/01-01-04-01-01-01-02.mp4",
    )
    table = datasets.scan("ravdess", tmp_path)
    assert list(table["clip"]) == [
        "Actor_01/02-01-03-01-01-01-01.MP4",
        "Actor_02/01-01-03-01-01-01-02.mp4",
        "deep/er/Actor_01/01-01-03-01-01-01-01.avi",
    ]
    assert list(table.columns) == list(CLIP_COLUMNS)
    assert all(os.path.isabs(path) and os.path.isfile(path) for path in table["path"])
    assert table["expression"].isin(labels.RAVDESS).all()
    assert table["intensity"].dtype == "int64" and table["actor"].iloc[0] == "01"
    assert len(table.problems) == 0


def test_ravdess_scan_reports_everything_else(tmp_path):
    touch(
        tmp_path,
        "Actor_01/01-01-03-01-01-01-01.mp4",
        "copy/01-01-03-01-01-01-01.mp4",
        "Actor_05/01-01-03-01-01-01-07.mp4",
        "Actor_01/holiday.mp4",
        "Actor_01/03-01-03-01-01-01-01.wav",
        "Actor_01/03-01-03-01-01-02-01.wav",
        "Actor_01/notes.txt",
    )
    touch(tmp_path, "Actor_01/01-01-04-01-01-01-01.mp4", content=b"")
    table = datasets.scan("ravdess", tmp_path)
    assert list(table["actor"]) == ["01", "07"]
    assert kinds(table) == ["duplicate", "empty", "mismatch", "name", "not video"]
    by = table.problems.set_index("kind")
    assert by.loc["mismatch", "problem"] == "the folder Actor_05 says actor 05, the file name says 07"
    assert by.loc["duplicate", "path"].endswith("copy/01-01-03-01-01-01-01.mp4")
    assert by.loc["not video", "path"] == str(tmp_path / "Actor_01")
    assert by.loc["not video", "problem"].startswith("3 files that are not video (1 .txt, 2 .wav;")
    assert (table.problems["stage"] == "scan").all()


def test_an_empty_file_does_not_hide_its_good_copy(tmp_path):
    touch(tmp_path, "a/01-01-03-01-01-01-01.mp4", content=b"")
    touch(tmp_path, "b/01-01-03-01-01-01-01.mp4")
    table = datasets.scan("ravdess", tmp_path)
    assert list(table["clip"]) == ["b/01-01-03-01-01-01-01.mp4"] and kinds(table) == ["empty"]


@pytest.mark.parametrize("folder", ["actor_05", "Actor_5"])
def test_a_folder_named_in_another_way_is_the_actors_too(tmp_path, folder):
    touch(tmp_path, f"{folder}/01-01-03-01-01-01-07.mp4", f"{folder}/01-01-03-01-01-01-05.mp4")
    found = datasets.scan("ravdess", tmp_path).problems
    assert list(found["kind"]) == ["mismatch"], "the second file is this actor's"
    assert found["problem"].iloc[0] == f"the folder {folder} says actor 05, the file name says 07"


def test_the_root_may_be_the_actors_folder(tmp_path):
    touch(tmp_path, "Actor_03/01-01-03-01-01-01-03.mp4", "Actor_03/01-01-03-01-01-01-04.mp4")
    table = datasets.scan("ravdess", tmp_path / "Actor_03")
    assert list(table["actor"]) == ["03", "04"] and kinds(table) == ["mismatch"]


# --- SAVEE ----------------------------------------------------------------------------------

savee_parts = st.tuples(st.sampled_from(savee.ACTORS), st.sampled_from(sorted(savee.EXPRESSIONS))).flatmap(
    lambda pair: st.tuples(st.just(pair[0]), st.just(pair[1]), st.integers(1, 30 if pair[1] == "n" else 15))
)


@given(savee_parts, st.booleans(), st.booleans())
def test_savee_round_trip(parts, flat, padded):
    actor, code, number = parts
    stem = f"{code}{number:02d}" if padded else f"{code}{number}"
    row = savee.parse(f"{actor}_{stem}.avi" if flat else f"AudioVisualClip/{actor}/{stem}.avi")
    assert (row["actor"], row["statement"], row["sex"]) == (actor, f"{number:02d}", "male")
    assert row["expression"] in labels.SAVEE
    assert savee.name(row) == f"{actor}/{code}{number:02d}.avi"
    assert savee.parse(savee.name(row)) == row
    assert set(row) | {"path", "clip"} == set(CLIP_COLUMNS)


def test_savee_letters_are_those_of_its_authors():
    codes = ("a", "d", "f", "h", "n", "sa", "su")
    found = [savee.parse(f"DC/{code}01.avi")["expression"] for code in codes]
    assert found == ["angry", "disgust", "fearful", "happy", "neutral", "sad", "surprised"]


def test_of_two_folders_that_name_an_actor_the_nearer_one_counts():
    assert savee.parse("DC/copies/KL/a01.avi", "/data/JE")["actor"] == "KL"
    assert savee.parse("a01.avi", "/data/JE")["actor"] == "JE"


@pytest.mark.parametrize(
    "name, told",
    [
        ("DC/a16.avi", "1 to 15"),
        ("DC/n31.avi", "1 to 30"),
        ("DC/a00.avi", "1 to 15"),
        ("DC/s01.avi", "not one of"),
        ("DC/a001.avi", "not one of"),
        ("XX/a01.avi", "neither"),
        ("a01.avi", "neither"),
        ("XX_a01.avi", "'XX'"),
        ("DC/A01.avi", "not one of"),
        ("DC/a01.wav", "ending"),
        ("DC/sah01.avi", "not one of"),
    ],
)
def test_savee_names_that_break_the_grammar(name, told):
    with pytest.raises(FerError, match=told):
        savee.parse(name)


def test_savee_scan(tmp_path):
    touch(
        tmp_path,
        "AudioData/DC/a01.wav",
        "AudioVisualClip/DC/a01.avi",
        "AudioVisualClip/KL/n30.avi",
        "JE/session 1/su15.avi",
        "JK/DC_h02.avi",
        "Info.txt",
    )
    table = datasets.scan("savee", tmp_path)
    assert list(table["performance"]) == ["savee/DC/a-01", "savee/KL/n-30", "savee/JE/su-15", "savee/DC/h-02"]
    assert kinds(table) == ["mismatch", "not video", "not video"]
    deep = datasets.scan("savee", tmp_path / "AudioVisualClip" / "DC")
    assert list(deep["actor"]) == ["DC"]


# --- MEAD -----------------------------------------------------------------------------------

mead_parts = st.tuples(
    st.sampled_from("MW"),
    st.integers(0, 999),
    st.sampled_from(mead.VIEWS),
    st.sampled_from(sorted(mead.EXPRESSIONS)),
    st.integers(1, 3),
    st.integers(0, 999),
).filter(lambda parts: parts[3] != "neutral" or parts[4] == 1)


@given(mead_parts)
def test_mead_round_trip(parts):
    sex, person, view, word, level, number = parts
    actor = f"{sex}{person:03d}"
    tree = f"{actor}/video/{view}/{word}/level_{level}/{number:03d}.mp4"
    row = mead.parse(tree)
    assert mead.name(row) == tree
    assert row["sex"] == {"M": "male", "W": "female"}[sex] and row["expression"] in labels.MEAD
    assert mead.parse(f"any/where/{actor}_{view}_{word}_level_{level}_{number:03d}.mp4") == row
    plain = mead.parse(f"{actor}_level_{level}_{word}_{number:03d}.mp4")
    assert plain == {**row, "view": "front"}
    assert set(row) | {"path", "clip"} == set(CLIP_COLUMNS)


@given(mead_parts)
def test_mead_cameras_share_the_performance(parts):
    sex, person, _, word, level, number = parts
    seen = {
        mead.parse(f"{sex}{person:03d}/video/{view}/{word}/level_{level}/{number:03d}.mp4")["performance"]
        for view in mead.VIEWS
    }
    assert len(seen) == 1


@given(mead_parts, st.integers(0, 4))
def test_mead_any_folder_of_it_may_be_the_root(parts, depth):
    sex, person, view, word, level, number = parts
    path = f"{sex}{person:03d}/video/{view}/{word}/level_{level}/{number:03d}.mp4"
    folders = path.split("/")
    root, below = "/data/MEAD/" + "/".join(folders[:depth]), "/".join(folders[depth:])
    assert mead.parse(below, root.rstrip("/")) == mead.parse(path)


@pytest.mark.parametrize(
    "name, told",
    [
        ("M003/video/front/neutral/level_2/001.mp4", "level 1 only"),
        ("M003/video/front/happy/level_4/001.mp4", "level 4"),
        ("M003/video/front/happy/level_0/001.mp4", "level 0"),
        ("M003/video/side/happy/level_1/001.mp4", "view 'side'"),
        ("M003/video/left_45/happy/level_1/001.mp4", "view 'left_45'"),
        ("M003/video/front/joy/level_1/001.mp4", "expression 'joy'"),
        ("X003/video/front/happy/level_1/001.mp4", "neither"),
        ("M03/video/front/happy/level_1/001.mp4", "neither"),
        ("M003/video/front/happy/level_1/1.mp4", "neither"),
        ("M003_happy_level_024.mp4", "view 'happy'"),
        ("M003_happy_24.mp4", "neither"),
        ("M003_joy_024.mp4", "expression 'joy'"),
        ("M003_side_happy_024.mp4", "view 'side'"),
        ("M003/video/front/happy/level_1/001.m4a", "ending"),
    ],
)
def test_mead_names_that_break_the_grammar(name, told):
    with pytest.raises(FerError, match=told):
        mead.parse(name)


def test_mead_flat_names_without_a_level_have_that_of_their_folders_or_an_unknown_one(tmp_path):
    names = [
        "M003_happy_024.mp4",
        "M003_left_30_sad_024.mp4",
        "M003_neutral_024.mp4",
        "W009/video/top/fear/level_2/W009_fear_010.mp4",
    ]
    touch(tmp_path, *names)
    table = datasets.scan("mead", tmp_path)
    assert list(table["clip"]) == names and list(table["intensity"]) == [0, 0, 1, 2]
    assert list(table["view"]) == ["front", "left_30", "front", "top"]
    assert kinds(table) == ["level", "level"] and "unknown" in table.problems["action"][0]
    assert mead.parse(mead.name(table.iloc[1])) == mead.parse(names[1])
    assert datasets.check(table) is not None  # a level that nobody knows is no level of the set


def test_mead_scan(tmp_path):
    touch(
        tmp_path,
        "M003/video/front/happy/level_1/001.mp4",
        "M003/video/left_60/happy/level_1/001.mp4",
        "W009/video/top/disgusted/level_3/010.mp4",
        "flat/M003_level_1_happy_001.mp4",
        "M003/audio/happy/level_1/001.m4a",
    )
    table = datasets.scan("mead", tmp_path)
    assert list(table["view"]) == ["front", "left_60", "top"]
    assert table["performance"].nunique() == 2
    assert kinds(table) == ["duplicate", "not video"]
    assert list(datasets.scan("mead", tmp_path / "M003" / "video" / "front")["actor"]) == ["M003"]


def test_mead_flat_names_in_the_folders_of_cameras(tmp_path):
    names = [f"M003/video/{view}/happy/level_1/M003_level_1_happy_024.mp4" for view in mead.VIEWS]
    touch(tmp_path, *names)
    table = datasets.scan("mead", tmp_path)
    views = dict(zip(table["clip"], table["view"], strict=True))
    assert views == dict(zip(names, mead.VIEWS, strict=True)) and kinds(table) == []
    assert table["performance"].nunique() == 1
    for below in ("M003/video/left_30", "M003/video/left_30/happy", "M003/video/left_30/happy/level_1"):
        assert list(datasets.scan("mead", tmp_path / below)["view"]) == ["left_30"]
    # Above the data set a folder of that name is none of its cameras'.
    assert mead.parse("M003_level_1_happy_024.mp4", "/home/top/MEAD")["view"] == "front"
    assert mead.parse("flat/M003_level_1_happy_024.mp4", "/data/left_30")["view"] == "left_30"


def test_mead_flat_names_that_contradict_their_folders(tmp_path):
    touch(
        tmp_path,
        "left_60/sad/level_2/W009_level_3_happy_024.mp4",
        "M003/top/M003_front_fear_level_2_001.mp4",
        "M003/M004_level_1_happy_001.mp4",
        "happy/level_1/M003_level_1_happy_002.mp4",
    )
    table = datasets.scan("mead", tmp_path)
    views = dict(zip(table["clip"], table["view"], strict=True))
    assert views["left_60/sad/level_2/W009_level_3_happy_024.mp4"] == "left_60"
    assert len(table) == 4 and kinds(table) == ["mismatch"] * 3
    told = {
        path[len(str(tmp_path)) + 1 :]: text
        for path, text in zip(table.problems["path"], table.problems["problem"], strict=True)
    }
    assert told == {
        "left_60/sad/level_2/W009_level_3_happy_024.mp4": "the folder sad says expression sad, the file name says "
        "happy; "
        "the folder level_2 says intensity 2, the file name says 3",
        "M003/top/M003_front_fear_level_2_001.mp4": "the folder top says view top, the file name says front",
        "M003/M004_level_1_happy_001.mp4": "the folder M003 says actor M003, the file name says M004",
    }
    assert (table.problems["action"] == "kept; the file name is believed").all()


# --- folders of classes ---------------------------------------------------------------------


def test_folder_scan(tmp_path):
    touch(
        tmp_path,
        "train/Freude/S01_a.PNG",
        "train/Freude/S02 b é.jpeg",
        "test/Wut/S01_c.mp4",
        "stray.png",
        "train/readme.txt",
    )
    table = datasets.scan("folder", tmp_path)
    assert list(table["expression"]) == ["Wut", "Freude", "Freude"]
    assert list(table["modality"]) == ["audio-video", "image", "image"]
    assert set(table["actor"]) == {""} and table["performance"].is_unique
    assert kinds(table) == ["no label", "not media"]


def test_an_animation_in_a_folder_is_a_film_without_sound(tmp_path):
    touch(tmp_path, "joy/a.gif", "joy/b.mp4", "joy/c.webp")
    assert list(datasets.scan("folder", tmp_path)["modality"]) == ["video-only", "audio-video", "image"]


def test_files_of_one_name_in_two_sets_are_two_performances(tmp_path):
    touch(tmp_path, "mine/joy/a.png", "yours/joy/a.png")
    first, second = (datasets.scan("folder", tmp_path / name)["performance"].item() for name in ("mine", "yours"))
    assert first != second


def test_folder_actor_by_pattern(tmp_path):
    touch(tmp_path, "joy/S01_a.png", "joy/S02_b.png", "joy/other.png", "joy/another.png")
    table = datasets.scan("folder", tmp_path, actor=r"/(?P<actor>S[0-9]+)_")
    assert dict(zip(table["clip"], table["actor"], strict=True)) == {
        "joy/S01_a.png": "S01",
        "joy/S02_b.png": "S02",
        "joy/other.png": "",
        "joy/another.png": "",
    }
    assert kinds(table) == ["no actor"] and "2 paths" in table.problems["problem"].iloc[0]


@pytest.mark.parametrize(
    "actor, told",
    [
        ("(?P<actor>", "compile"),
        ("S[0-9]+", "group named `actor`"),
        (3, "group"),
        (re.compile(rb"(?P<actor>S..)"), "group named"),
    ],
)
def test_folder_bad_pattern(tmp_path, actor, told):
    with pytest.raises(FerError, match=rf"(?s)`actor`.*{told}"):
        datasets.scan("folder", tmp_path, actor=actor)


def test_folder_takes_a_compiled_pattern(tmp_path):
    touch(tmp_path, "joy/S01_a.png")
    assert list(datasets.scan("folder", tmp_path, actor=re.compile("(?P<actor>S..)"))["actor"]) == ["S01"]


# --- folders as people have them ------------------------------------------------------------


@pytest.mark.parametrize("dataset", datasets.available())
def test_roots_without_clips(tmp_path, dataset):
    (tmp_path / "empty").mkdir()
    touch(tmp_path, "file")
    for root, kind in (("empty", "no clips"), ("absent", "missing"), ("file", "not a folder")):
        table = datasets.scan(dataset, tmp_path / root)
        assert len(table) == 0 and list(table.columns) == list(CLIP_COLUMNS)
        assert kinds(table) == [kind] and table.problems["path"].iloc[0] == str(tmp_path / root)


@pytest.mark.parametrize("dataset", ["folder", "ravdess"])
def test_a_root_that_is_too_long_is_a_row(dataset):
    table = datasets.scan(dataset, "x" * 5000)
    assert len(table) == 0 and kinds(table) == ["unreadable"] and "too long" in table.problems["problem"].iloc[0]


def test_unknown_user_and_home(tmp_path, monkeypatch):
    assert kinds(datasets.scan("ravdess", "~nobody-of-this-name/data")) == ["missing"]
    touch(tmp_path, "01-01-03-01-01-01-01.mp4")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert len(datasets.scan("ravdess", "~")) == 1


def test_link_loops_end_and_links_out_are_followed(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    touch(root, "Actor_01/01-01-03-01-01-01-01.mp4")
    touch(outside, "01-01-04-01-01-01-01.mp4")
    (root / "Actor_01" / "up").symlink_to(root, target_is_directory=True)
    (root / "above").symlink_to(tmp_path, target_is_directory=True)
    (root / "twice").symlink_to(root / "Actor_01", target_is_directory=True)
    (root / "linked").symlink_to(outside, target_is_directory=True)
    (outside / "back").symlink_to(root, target_is_directory=True)
    (root / "dead.mp4").symlink_to(tmp_path / "nothing.mp4")
    table = datasets.scan("ravdess", root)
    assert list(table["clip"]) == ["Actor_01/01-01-03-01-01-01-01.mp4", "linked/01-01-04-01-01-01-01.mp4"]
    assert kinds(table) == ["link"] * 4 + ["unreadable"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_link_to_a_file_that_is_read_anyway_is_no_second_clip(tmp_path):
    """The same picture under two labels, or on both sides of a split, without a word."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    touch(root, "sad/a.png", "happy/real.png")
    touch(outside, "b.png")
    (root / "happy" / "a.png").symlink_to(root / "sad" / "a.png")
    (root / "again.png").symlink_to("sad/a.png")
    (root / "happy" / "b.png").symlink_to(outside / "b.png")
    (root / "sad" / "b.png").symlink_to(outside / "b.png")
    table = datasets.scan("folder", root)
    assert list(table["clip"]) == ["happy/b.png", "happy/real.png", "sad/a.png", "sad/b.png"]
    assert kinds(table) == ["link"] * 3
    said = table.problems.set_index("path")
    assert said.loc[str(root / "happy/a.png"), "problem"] == "a link to the file that is read as sad/a.png"
    assert said.loc[str(root / "happy/a.png"), "action"] == "left out; sad/a.png kept"
    assert said.loc[str(root / "sad/b.png"), "problem"] == "a link to the same file as happy/b.png"
    assert said.loc[str(root / "sad/b.png"), "action"] == "kept; it counts twice"


def test_pipes_are_not_opened(tmp_path):
    os.mkfifo(tmp_path / "01-01-03-01-01-01-01.mp4")
    assert kinds(datasets.scan("ravdess", tmp_path)) == ["no clips", "not a file"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has file names that are not text")
def test_names_that_are_not_text_are_reported(tmp_path):
    with open(os.fsencode(tmp_path) + b"/01-01-03-01-01-01-0\xff.mp4", "wb") as file:
        file.write(b"x")
    table = datasets.scan("ravdess", tmp_path)
    assert kinds(table) == ["name", "no clips"]
    assert r"\xff" in table.problems["path"].iloc[0]
    table.problems.to_csv(tmp_path / "problems.csv")


#: A name or more of every reader, of files that exist in its set.
RIGHT = (
    (ravdess, "Actor_02/01-01-03-02-02-01-02.mp4"),
    (savee, "DC/sa03.avi"),
    (savee, "KL_n30.avi"),
    (mead, "M003/video/left_30/fear/level_2/001.mp4"),
    (mead, "W009_level_1_happy_024.mp4"),
    (crema_d, "VideoFlash/1001_IEO_ANG_HI.flv"),
)


@st.composite
def nearly_names(draw):
    """A right name with a stretch of it replaced by something else: sometimes right again, mostly wrong."""
    reader, name = draw(st.sampled_from(RIGHT))
    start = draw(st.integers(0, len(name)))
    end = draw(st.integers(start, min(start + 3, len(name))))
    put = st.text("0123456789", max_size=2) | st.text("ADHMNSWXadfnsu-_./", max_size=2) | st.text(max_size=2)
    return reader, name[:start] + draw(put) + name[end:]


@settings(max_examples=300, deadline=None)
@given(nearly_names() | st.tuples(st.sampled_from([ravdess, savee, mead, crema_d]), st.text(min_size=1, max_size=30)))
def test_any_name_is_a_row_that_can_be_written_or_one_error(known):
    reader, name = known
    try:
        row = reader.parse(name)
    except FerError as error:
        assert str(error)
    else:
        assert set(row) | {"path", "clip"} == set(CLIP_COLUMNS)
        assert row["expression"] in labels.VOCABULARIES[row["dataset"]]
        assert reader.parse(reader.name(row)) == row


def test_the_right_names_are_read():
    assert len([reader.parse(name) for reader, name in RIGHT]) == len(RIGHT)


@pytest.mark.parametrize("layout", ["ravdess", "savee", "mead"])
def test_drawn_clips_are_read_as_they_were_filmed(tmp_path, layout):
    pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")
    from fer_utils import studio

    film = studio.film(layout, tmp_path / layout, actors=2, clips_per_actor=2, seed=1, progress=False)
    table = datasets.scan(layout, tmp_path / layout)
    assert len(table.problems) == 0 and sorted(table["clip"]) == sorted(film.clips["clip"])
    truth = film.clips.set_index("clip").loc[list(table["clip"])]
    for column in ("dataset", "actor", "sex", "expression", "intensity"):
        assert list(table[column]) == list(truth[column]), column


def test_only_the_studios_truth_is_passed_over(tmp_path):
    touch(tmp_path / "drawn", "truth/plan.json", "truth/frames/a.npz", "01-01-03-01-01-01-01.mp4")
    touch(tmp_path / "other", "truth/01-01-03-01-01-01-01.mp4", "truth/notes.txt")
    assert kinds(datasets.scan("ravdess", tmp_path / "drawn")) == []
    other = datasets.scan("ravdess", tmp_path / "other")
    assert len(other) == 1 and kinds(other) == ["not video"]
