"""CREMA-D: its grammar, and its names as they were published."""

from __future__ import annotations

import os

from clipfiles import kinds, touch
from hypothesis import given
from hypothesis import strategies as st
import pandas as pd
import pytest

from fer_utils import datasets
from fer_utils.core import labels
from fer_utils.core.errors import FerError
from fer_utils.core.tables import CLIP_COLUMNS
from fer_utils.datasets import crema_d, files

names = st.tuples(
    st.integers(1001, 1091),
    st.sampled_from(crema_d.STATEMENTS),
    st.sampled_from(sorted(crema_d.EXPRESSIONS)),
).flatmap(
    lambda part: st.tuples(*map(st.just, part), st.sampled_from(crema_d.levels(part[1], crema_d.EXPRESSIONS[part[2]])))
)


def test_the_six_labels_stand_in_the_house_order():
    assert labels.vocabulary("crema_d") == ("neutral", "happy", "sad", "angry", "fearful", "disgust")
    assert set(crema_d.EXPRESSIONS.values()) == set(labels.CREMA_D)


def test_a_row():
    assert crema_d.parse("VideoFlash/1091_IEO_FEA_MD.flv") == {
        "dataset": "crema_d",
        "actor": "1091",
        "sex": "",
        "expression": "fearful",
        "intensity": 2,
        "view": "front",
        "channel": "speech",
        "modality": "audio-video",
        "statement": "IEO",
        "repetition": 1,
        "performance": "crema_d/1091/IEO-FEA-MD",
    }


@given(names, st.sampled_from(files.VIDEO_SUFFIXES))
def test_round_trip(parts, suffix):
    stem = "_".join(map(str, parts))
    row = crema_d.parse(f"any/where/{stem}{suffix.upper()}")
    assert crema_d.name(row, suffix) == f"VideoFlash/{stem}{suffix}"
    assert crema_d.parse(crema_d.name(row)) == row
    assert set(row) | {"path", "clip"} == set(CLIP_COLUMNS)
    assert row["intensity"] == {"XX": 0, "LO": 1, "MD": 2, "HI": 3}[parts[3]]


@given(names, names)
def test_other_clips_are_other_performances(one, other):
    paths = ["_".join(map(str, parts)) + ".flv" for parts in (one, other)]
    assert (crema_d.parse(paths[0])["performance"] == crema_d.parse(paths[1])["performance"]) == (one == other)


@pytest.mark.parametrize(
    "name, told",
    [
        ("1000_DFA_ANG_XX.flv", "1001 to 1091"),
        ("1092_DFA_ANG_XX.flv", "1001 to 1091"),
        ("1001_ABC_ANG_XX.flv", "sentence ABC"),
        ("1001_DFA_SUR_XX.flv", "expression SUR"),
        ("1001_DFA_ANG_ZZ.flv", "level ZZ"),
        ("1001_DFA_ANG_HI.flv", "DFA was recorded as angry at XX only"),
        ("1001_IEO_ANG_XX.flv", "IEO was recorded as angry at LO, MD, HI only"),
        ("1001_IEO_NEU_LO.flv", "as neutral at XX only"),
        ("1001_DFA_ANG.flv", "is not ACTOR_"),
        ("1001_dfa_ang_xx.flv", "is not ACTOR_"),
        ("١٠٠١_DFA_ANG_XX.flv", "is not ACTOR_"),
        ("1001_DFA_ANG_XX.wav", "ending"),
    ],
)
def test_names_that_break_the_grammar(name, told):
    with pytest.raises(FerError, match=told):
        crema_d.parse(name)


@pytest.mark.parametrize(
    "column, value",
    [("actor", "1092"), ("actor", 1001), ("statement", "ABC"), ("expression", "surprised"), ("intensity", 4)],
)
def test_a_row_that_has_no_name(column, value):
    with pytest.raises(FerError, match=f"`{column}`"):
        crema_d.name({**crema_d.parse("1001_IEO_ANG_HI.flv"), column: value})


def test_the_published_slip_of_one_letter_is_read():
    assert crema_d.parse("1040_ITH_SAD_X.mp4") == crema_d.parse("1040_ITH_SAD_XX.flv")


def test_scan_and_its_report(tmp_path):
    touch(
        tmp_path,
        "VideoFlash/1001_DFA_ANG_XX.flv",
        "mp4/1001_DFA_ANG_XX.mp4",
        "VideoFlash/1002_IEO_HAP_LO.flv",
        "VideoFlash/holiday.flv",
        "AudioWAV/1001_DFA_ANG_XX.wav",
        "1003/1004_TIE_SAD_XX.flv",
    )
    touch(tmp_path, "VideoFlash/1005_DFA_ANG_XX.flv", content=b"")
    table = datasets.scan("crema_d", tmp_path)
    assert list(table["clip"]) == [
        "1003/1004_TIE_SAD_XX.flv",
        "VideoFlash/1001_DFA_ANG_XX.flv",
        "VideoFlash/1002_IEO_HAP_LO.flv",
    ]
    assert set(table["sex"]) == {""} and list(table["intensity"]) == [0, 0, 1]
    assert kinds(table) == ["duplicate", "empty", "mismatch", "name", "not video"]
    assert list(table.columns) == list(CLIP_COLUMNS) and table["intensity"].dtype == "int64"


TABLE = (
    '"ActorID","Age","Sex","Race","Ethnicity"\n1001,51,"Male","Caucasian","Not Hispanic"\n1002,21,"Female","x","y"\n'
)


def test_the_table_of_actors_says_the_sex(tmp_path):
    touch(
        tmp_path, "VideoFlash/1001_DFA_ANG_XX.flv", "VideoFlash/1002_DFA_ANG_XX.flv", "VideoFlash/1003_DFA_ANG_XX.flv"
    )
    touch(tmp_path, "tables/videodemographics.CSV", content=b"\xef\xbb\xbf" + TABLE.encode())
    table = datasets.scan("crema_d", tmp_path)
    assert list(table["sex"]) == ["male", "female", ""] and kinds(table) == ["demographics"]  # 1003 is not in it


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00",
        b"",
        b"who,what\n1001,Male\n",
        b"ActorID,Sex\n2001,Male\n",
        b"ActorID,Sex\n1001,\n",
        b'ActorID,Sex\n"1001' + b"x" * 200_000,
    ],
)
def test_a_table_of_actors_that_cannot_be_read_is_a_problem(tmp_path, content):
    touch(tmp_path, "1001_DFA_ANG_XX.flv")
    touch(tmp_path, "VideoDemographics.csv", content=content)
    table = datasets.scan("crema_d", tmp_path)
    assert list(table["sex"]) == [""] and kinds(table) == ["demographics"]
    touch(tmp_path, "a/VideoDemographics.csv", content=TABLE.encode())
    table = datasets.scan("crema_d", tmp_path)
    assert list(table["sex"]) == ["male"], "a second table that can be read is read"


def test_every_published_name_is_read(shared_data, tmp_path):
    source = shared_data / "crema-d-votes"
    stems = sorted(set(pd.read_csv(source / "tabulatedVotes.csv", usecols=["fileName"])["fileName"]))
    rows = [crema_d.parse(f"{stem}.flv") for stem in stems]
    assert len(rows) == 7442 and len({row["performance"] for row in rows}) == 7442
    assert [os.path.basename(crema_d.name(row)) for row in rows] == [f"{stem}.flv" for stem in stems]
    grammar = {
        (actor, statement, expression, level)
        for actor in crema_d.ACTORS
        for statement in crema_d.STATEMENTS
        for expression in labels.CREMA_D
        for level in crema_d.levels(statement, expression)
    }
    there = {
        (row["actor"], row["statement"], row["expression"], {0: "XX", 1: "LO", 2: "MD", 3: "HI"}[row["intensity"]])
        for row in rows
    }
    absent = pd.Series([(actor, expression) for actor, _, expression, _ in grammar - there]).value_counts().to_dict()
    assert there < grammar and absent == crema_d.GAPS and sum(crema_d.GAPS.values()) == 20

    touch(tmp_path, *(f"{actor}_DFA_ANG_XX.flv" for actor in crema_d.ACTORS))
    (tmp_path / "VideoDemographics.csv").write_bytes((source / "VideoDemographics.csv").read_bytes())
    assert datasets.scan("crema_d", tmp_path)["sex"].value_counts().to_dict() == {"male": 48, "female": 43}


def test_actors_whose_sex_the_table_does_not_say_are_in_the_report(tmp_path):
    """A spreadsheet writes 1002.0, and a row was entered twice: an audit by sex would lose both without a word."""
    rows = ("1001,51,Male,x,y", "1002.0,21,Female,x,y", "1003,21,Female,x,y", "1003,21,Male,x,y", "1004,30,Female,x,y")
    touch(tmp_path, *(f"{actor}_DFA_ANG_XX.flv" for actor in (1001, 1002, 1003)))
    touch(tmp_path, "VideoDemographics.csv", content="\n".join(["ActorID,Age,Sex,Race,Ethnicity", *rows]).encode())
    table = datasets.scan("crema_d", tmp_path)
    assert list(table["sex"]) == ["male", "", ""] and kinds(table) == ["demographics"]
    said = table.problems.iloc[0]
    assert said["problem"].endswith("for 2 actors of these clips: 1002, 1003")
    assert said["action"] == "their sex left ''"
