"""FER2013 in both of its forms: the folders and the competition's table."""

from __future__ import annotations

from collections import Counter
import os
import tarfile

from clipfiles import kinds, touch
from fer2013_copies import WORDS, as_folders, as_table, drawn_pictures
from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from fer_utils import datasets, faces
from fer_utils.core import labels
from fer_utils.core.errors import FerError
from fer_utils.core.tables import CLIP_COLUMNS
from fer_utils.datasets import fer2013, fer2013_table


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_HOME", str(tmp_path / "store"))
    return tmp_path


@given(st.sampled_from(fer2013_table.PARTS), st.sampled_from(labels.FER2013), st.integers(0, 10**9))
def test_round_trip(part, label, number):
    row = fer2013_table.row_of(part, str(number), label)
    assert fer2013.parse(f"any/{fer2013.name(row)}") == row
    assert set(row) == set(CLIP_COLUMNS) - {"path", "clip"}


@pytest.mark.parametrize("part, folder", [("Training", "train"), ("PublicTest", "test"), ("PrivateTest", "test")])
def test_both_tests_lie_in_the_folder_test(part, folder):
    assert fer2013.name(fer2013_table.row_of(part, "5", "sad")) == f"{folder}/sad/{part}_5.jpg"


def test_the_nearest_folder_says_the_side(tmp_path):
    touch(tmp_path, "train/copy/test/sad/PublicTest_5.jpg", "test/copy/train/sad/PublicTest_6.jpg")
    table = datasets.scan("fer2013", tmp_path)
    assert len(table) == 2 and list(table.problems["problem"]) == [
        "the folder says train, the file name says PublicTest"
    ]


def test_the_words_on_folders_become_the_labels_of_the_book():
    found = [fer2013.parse(f"train/{word}/Training_1.jpg")["expression"] for word in WORDS]
    assert found == ["angry", "disgust", "fearful", "happy", "sad", "surprised", "neutral"]
    assert sorted(found) == sorted(labels.vocabulary("fer2013"))
    assert fer2013.parse("Training_1.jpg", "/data/fer/surprise")["expression"] == "surprised", "the root's own name"


@pytest.mark.parametrize(
    "path, word",
    [
        ("train/angry/picture.jpg", "'picture' is not one of Training, PublicTest, PrivateTest"),
        ("train/angry/Training_1a.jpg", "is not one of"),
        ("train/angry/training_1.jpg", "is not one of"),
        ("train/contempt/Training_1.jpg", "the folder 'contempt' is none of FER2013's labels"),
        ("train/Training_1.jpg", "the folder 'train' is none"),
        ("train/angry/Training_1.mp4", "'.mp4' is not an image file's ending"),
    ],
)
def test_names_that_break_the_grammar(path, word):
    with pytest.raises(FerError, match=word):
        fer2013.parse(path)


def test_rows_that_no_name_is_made_of():
    row = fer2013.parse("train/angry/Training_1.jpg")
    with pytest.raises(FerError, match="`statement`"):
        fer2013.name(row | {"statement": "Test"})
    with pytest.raises(FerError, match="`expression`"):
        fer2013.name(row | {"expression": "calm"})


def test_folders_become_a_clip_table_and_whatever_is_odd_a_row_of_the_report(tmp_path):
    root = touch(
        tmp_path,
        "train/angry/Training_7.jpg",
        "train/surprise/Training_7.jpg",  # another picture: numbers are not unique
        "copy/angry/Training_7.jpg",
        "test/fear/PrivateTest_1.jpg",
        "test/fear/Training_9.jpg",
        "train/happy/holiday.jpg",
        "train/happy/notes.txt",
    )
    touch(root, "test/sad/PublicTest_2.jpg", content=b"")
    table = datasets.scan("fer2013", root)
    assert list(table["clip"]) == [
        "copy/angry/Training_7.jpg",
        "test/fear/PrivateTest_1.jpg",
        "test/fear/Training_9.jpg",
        "train/surprise/Training_7.jpg",
    ]
    assert kinds(table) == ["duplicate", "empty", "mismatch", "name", "not image"]
    assert list(table["statement"]) == ["Training", "PrivateTest", "Training", "Training"]
    assert set(table["actor"]) == {""} and set(table["modality"]) == {"image"}
    said = "\n".join(table.problems["problem"])
    assert "the same picture as copy/angry/Training_7.jpg by its name" in said
    assert "the folder says test, the file name says Training" in said


@pytest.mark.parametrize("header", ["emotion,pixels,Usage", "emotion, Usage, pixels", "Usage,emotion,pixels"])
def test_both_forms_give_the_same_faces(store, header):
    pictures = drawn_pictures()
    table = datasets.scan("fer2013", as_table(pictures, store / "csv/icml_face_data.csv", header).parent)
    folders = datasets.scan("fer2013", as_folders(pictures, store / "folders"))
    assert not len(table.problems) and not len(folders.problems)
    made = {}
    for form, clips in (("table", table), ("folders", folders)):
        given = {"frames": 1, "size": 48, "detector": "whole", "workers": 1, "progress": False}
        made[form] = faces.prepare(clips, store / f"{form}-faces", **given)
    by_act = {
        form: dict(zip(one.meta["performance"], np.asarray(one.images[..., 0]), strict=True))
        for form, one in made.items()
    }
    assert by_act["table"].keys() == by_act["folders"].keys() and len(by_act["table"]) == 21
    for number, (part, label, grey) in enumerate(pictures, start=1):
        for form in made:
            np.testing.assert_array_equal(by_act[form][f"fer2013/{part}/{label}-{number}"], grey)
    for column in ("expression", "statement", "actor"):
        of = [one.meta.set_index("performance")[column].to_dict() for one in made.values()]
        assert of[0] == of[1], column


def test_bad_rows_of_a_table_become_rows_of_the_report(store):
    grey = " ".join(["7"] * 2304)
    extra = (
        f"7,{grey},Training",
        f"-1,{grey},Training",
        f"1,{grey},Test",
        "1,1 2 3,Training",
        f"1,{grey} 7,Training",
        f"1,{grey[:-1]}256,Training",
        f"1,{grey[:-1]}x,Training",
        "1",
        f"1,{'7' * 200_000},Training",  # longer than Python's csv takes
        f'"2","{grey}","PrivateTest"',
        f" 2 , {grey} , PrivateTest ",
    )
    file = as_table(drawn_pictures(), store / "set/fer2013.csv", extra=extra)
    first, again = datasets.scan("fer2013", store / "set"), datasets.scan("fer2013", file)
    for table in (first, again):
        assert len(table) == 23 and table["clip"].is_unique
        assert kinds(table) == ["label", "label", "part", "part", "pixels", "pixels", "pixels", "pixels", "row"]
        assert set(table.problems["path"]) == {str(file)} and set(table.problems["action"]) == {"left out"}
    assert list(first["clip"]) == sorted(first["clip"]) and first["clip"].iloc[-1] == "fer2013.csv/Training_00007"
    said = "\n".join(first.problems["problem"])
    assert "row 22: emotion '7' is no number from 0 to 6" in said and "row 24: Usage 'Test'" in said
    assert "row 25 has 3 pixels; 2304 are expected" in said and "row 26 has 2305 pixels" in said


def test_an_open_quotation_mark_costs_its_row_and_no_other(store):
    """Python's csv would look for the closing mark in the rows that follow, and take these for one."""
    file = as_table(drawn_pictures(), store / "set/fer2013.csv")
    lines = file.read_text().splitlines()
    emotion, pixels, part = lines[3].split(",")
    lines[3] = f'{emotion},"{pixels},{part}'
    file.write_text("\n".join([*lines, "", ""]))  # empty lines at the end are no rows
    table = datasets.scan("fer2013", store / "set")
    assert len(table) == 20 and kinds(table) == ["part"]
    assert table.problems["problem"].iloc[0].startswith("row 3: Usage ''")
    numbers = sorted(int(clip[-5:]) for clip in table["clip"])
    assert numbers == [1, 2, *range(4, 22)]  # the others keep the numbers of their rows


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_table_that_a_spreadsheet_has_stored_again(store, separator):
    file = as_table(drawn_pictures(), store / "set/fer2013.csv")
    as_it_was = datasets.scan("fer2013", file)
    text = "\ufeff" + file.read_text().replace(",", separator).replace("\n", "\r\n")
    file.write_bytes(text.encode())
    table = datasets.scan("fer2013", store / "set")
    assert len(table) == 21 and not len(table.problems)
    assert list(table["performance"]) == list(as_it_was["performance"])


@pytest.mark.parametrize(
    "content, begins",
    [
        (b"emotion,pixels\n0,1 2 3\n", "emotion,pixels"),  # the competition's train.csv, which lies beside the table
        (b"0,1 2 3,Training\n", "0,1 2 3,Training"),
        ("emotion,pixels,Usage\n0,1 2 3,Training\n".encode("utf-16"), "emotion"),
        (b"", "''"),
    ],
)
def test_a_file_that_is_not_the_table_is_one_row_that_says_why(store, content, begins):
    touch(store / "set", "train.csv", content=content)
    named = datasets.scan("fer2013", store / "set/train.csv")
    assert not len(named) and kinds(named) == ["no table"]
    found = datasets.scan("fer2013", store / "set")
    assert not len(found) and kinds(found) == ["no clips", "not image"]
    for said in (named.problems["problem"].iloc[0], found.problems["problem"].iloc[-1]):
        assert "does not name the columns emotion, pixels and Usage" in said
        assert begins in said.replace("\\x00", "")
    assert "train.csv is not the table" in found.problems["problem"].iloc[-1]


def test_a_table_that_may_not_be_read_says_so(store, monkeypatch):
    file = as_table(drawn_pictures(), store / "set/fer2013.csv")
    real = open

    def refusing(path, *arguments, **options):
        if str(path) == str(file):
            raise PermissionError(13, os.strerror(13), str(path))
        return real(path, *arguments, **options)

    monkeypatch.setattr("builtins.open", refusing)
    for root in (file, file.parent):
        said = list(datasets.scan("fer2013", root).problems["problem"])
        assert said[-1].endswith(f"it cannot be opened: {os.strerror(13)}")


def test_a_table_is_unpacked_once_and_anew_where_it_has_changed(store):
    file = as_table(drawn_pictures(), store / "set/fer2013.csv")
    stamp = lambda table: [os.stat(path).st_mtime_ns for path in table["path"]]  # noqa: E731
    first = datasets.scan("fer2013", file)
    assert stamp(datasets.scan("fer2013", file)) == stamp(first)
    text = file.read_text().replace("\n0,", "\n1,", 1)  # as long as before
    file.write_text(text)
    os.utime(file, (0, 0))
    assert (datasets.scan("fer2013", file)["expression"] == "disgust").sum() == 4
    as_table(drawn_pictures(2), file)
    os.utime(file, (0, 0))  # another size at the same time
    assert len(datasets.scan("fer2013", file)) == 42


def test_a_second_copy_and_other_tables_are_named_and_not_read(store):
    as_table(drawn_pictures(), store / "set/fer2013.csv")
    as_table(drawn_pictures(), store / "set/icml_face_data.csv")
    touch(store / "set", "train.csv", content=b"emotion,pixels\n1,2 3\n")
    table = datasets.scan("fer2013", store / "set")
    assert len(table) == 21 and set(table["path"].str.contains("unpacked")) == {True}
    assert kinds(table) == ["not image", "second copy"]
    as_folders(drawn_pictures(), store / "set")
    both = datasets.scan("fer2013", store / "set")
    assert len(both) == 21 and kinds(both) == ["not image", "second copy", "second copy"]
    assert not both["path"].str.contains("unpacked").any()


def test_folders_without_the_set_give_a_report_and_no_crash(store):
    for root, kind in ((store / "absent", "missing"), (touch(store / "other", "a.txt"), "no clips")):
        table = datasets.scan("fer2013", root)
        assert not len(table) and kind in kinds(table)
    empty = store / "empty.csv"
    empty.write_text("emotion,pixels,Usage\n")
    assert kinds(datasets.scan("fer2013", empty)) == ["no clips"]


def test_nobody_can_be_named():
    with pytest.raises(FerError, match="nobody's name is known"):
        datasets.scan("fer2013", ".", actor="kdef")
    assert "1307.0414" in datasets.how_to_get("fer2013") and "pass none on" in datasets.how_to_get("fer2013")


def test_the_names_of_the_whole_set_where_it_is_at_hand(shared_data):
    archive = shared_data / "fer2013.tar.gz"
    if not archive.is_file():
        pytest.skip(f"{archive} is not there; put a copy of FER2013 there to run this test")
    with tarfile.open(archive) as stored:
        rows = [fer2013.parse(one.name) for one in stored if one.isfile()]
    parts = Counter(row["statement"] for row in rows)
    assert parts == {"Training": 28_709, "PublicTest": 3_589, "PrivateTest": 3_589}
    assert len({row["performance"] for row in rows}) == 35_887
    assert Counter(row["expression"] for row in rows)["disgust"] == 547
