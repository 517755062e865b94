"""Words on folders become labels wherever a folder is read, and a set's name keeps its people apart from others."""

from __future__ import annotations

import json
from pathlib import Path
import unicodedata

from hypothesis import given
from hypothesis import strategies as st
import pandas as pd
import pytest

from fer_utils import datasets, splits
from fer_utils.cli import main
from fer_utils.core import labels
from fer_utils.core.errors import FerError
from fer_utils.core.tables import ClipTable
from fer_utils.datasets import known_labels

PATTERN = r"(?P<actor>S[0-9]{3})_"


def pictures(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    return root


@pytest.mark.parametrize("actor", [None, "ck48", PATTERN])
def test_a_label_is_the_same_with_a_pattern_a_scheme_and_neither(tmp_path, actor):
    root = pictures(
        tmp_path, "fear/S010_004_00000017.png", "Happy/S011_004_00000018.png", "bored/S012_001_00000003.png"
    )
    clips = datasets.scan("folder", root, actor=actor)
    assert sorted(clips["expression"]) == ["bored", "fearful", "happy"]
    assert "labels" not in set(clips.problems["kind"])


def test_the_reader_itself_keeps_the_words(tmp_path):
    root = pictures(tmp_path, "fear/a.png", "joy/b.png")
    assert sorted(datasets.folder.scan(root)["expression"]) == ["fear", "joy"]


def test_words_that_become_one_label_are_reported(tmp_path):
    root = pictures(tmp_path, "joy/a.png", "happy/b.png", "sad/c.png", "top.png")
    clips = datasets.scan("folder", root)
    assert sorted(clips["expression"]) == ["happy", "happy", "sad"]
    assert sorted(clips.problems["kind"]) == ["labels", "no label"]
    said = clips.problems.set_index("kind").loc["labels"]
    assert said["problem"] == "the words 'happy', 'joy' are one label here: happy" and said["action"] == "kept"


def test_an_accent_of_its_own_makes_no_second_label_and_no_second_person(tmp_path):
    """Copies from other systems store ``ë`` as ``e`` and an accent: one woman would learn and test."""
    apart = unicodedata.normalize("NFD", "verblüfft/Zoë_2.png")
    assert apart != "verblüfft/Zoë_2.png"
    root = pictures(tmp_path, "verblüfft/Zoë_1.png", apart)
    clips = datasets.scan("folder", root, actor=r"/(?P<actor>[^_]+)_")
    assert list(clips["actor"]) == ["Zoë", "Zoë"] and list(clips["expression"]) == ["verblüfft"] * 2
    assert not len(clips.problems) and all(Path(path).is_file() for path in clips["path"])
    schemed = pictures(
        tmp_path / "ck", "verblüfft/S010_004_00000017.png", unicodedata.normalize("NFD", "verblüfft/x.png")
    )
    assert set(datasets.scan("folder", schemed, actor="ck+")["expression"]) == {"verblüfft"}


def test_names_that_differ_in_capital_letters_or_spaces_are_kept_apart_and_reported(tmp_path):
    root = pictures(tmp_path, "Awe/S01_a.png", "awe/s01_b.png", "AWE /S02_c.png", "sad/S02_d.png")
    clips = datasets.scan("folder", root, actor=r"/(?P<actor>[sS][0-9]+)_")
    assert sorted(clips["expression"]) == ["AWE ", "Awe", "awe", "sad"] and clips["actor"].nunique() == 3
    said = clips.problems.set_index("kind")
    assert sorted(said.index) == ["actors", "labels"]
    assert said.loc["actors", "problem"] == "the actors 'S01', 's01' differ in capital letters or spaces only"
    assert said.loc["actors", "action"].startswith("kept as 2 actors; if they are one, rename")
    assert "'AWE ', 'Awe', 'awe'" in said.loc["labels", "problem"]


def known_words(words, label):
    return [word for word in words if (labels.canonical(word) or word) == label]


WORDS = st.lists(st.sampled_from([*labels.ALL, "Fear", "JOY", "anger", "bored", "awe"]), max_size=8)


@given(WORDS)
def test_what_has_become_a_label_stays_one_and_no_row_is_lost(words):
    rows = [
        {"expression": word, "path": f"/{word}/{k}", "intensity": 1, "repetition": 1} for k, word in enumerate(words)
    ]
    once = known_labels.with_known_labels(ClipTable.of(rows))
    assert list(once["expression"]) == [labels.canonical(word) or word for word in words]
    several = [label for label in set(once["expression"]) if len(set(known_words(words, label))) > 1]
    assert len(once.problems) == len(several)
    again = known_labels.with_known_labels(once)
    assert list(again["expression"]) == list(once["expression"]) and len(again.problems) == len(once.problems)


def test_people_of_two_sets_stay_apart_under_their_sets_names(tmp_path):
    names = ("happy/S010_004_00000017.png", "sad/S010_005_00000018.png", "sad/nobody.png")
    one, other = pictures(tmp_path / "a/set", *names), pictures(tmp_path / "b/set", *names)
    mixed = pd.concat([datasets.scan("folder", root, actor=PATTERN) for root in (one, other)], ignore_index=True)
    assert set(mixed["actor"]) == {"S010", ""} and mixed["clip"].nunique() == 3  # what can happen without names
    assert splits.leakage(mixed, [0, 1], [3, 4]).loc[["performance", "actor"], "share"].tolist() == [1, 1]
    named = pd.concat(
        [datasets.scan("folder", root, actor=PATTERN, name=name) for root, name in ((one, "lab"), (other, "field"))],
        ignore_index=True,
    )
    assert set(named["actor"]) == {"lab/S010", "field/S010", ""} and named["clip"].nunique() == 6
    assert splits.leakage(named, [0, 1], [3, 4]).loc[["performance", "actor"], "share"].tolist() == [0, 0]
    assert named["path"].nunique() == 6 and splits.unknown_performances(named).all()
    schemes = datasets.scan("folder", one, actor="ck48", name="lab")
    assert set(schemes["performance"]) >= {"lab/ck+/S010/004", "lab/ck+/S010/005"}


@pytest.mark.parametrize("name", ["", "a b", "a/b", 3])
def test_a_name_that_is_none_is_refused(tmp_path, name):
    with pytest.raises(FerError, match=r"`name`.*short name"):
        datasets.scan("folder", tmp_path, name=name)


def test_sets_that_name_their_people_take_no_name(tmp_path):
    with pytest.raises(FerError, match=r"`name`.*'ravdess' names its clips itself"):
        datasets.scan("ravdess", tmp_path, name="mine")


def test_the_commands_take_the_name_and_give_the_labels(tmp_path, capsys):
    root = pictures(tmp_path, "fear/S010_004_00000017.png", "anger/S011_004_00000018.png")
    given = ["scan", "--dataset", "folder", str(root), "--actor", PATTERN, "--name", "lab", "--json"]
    assert main.main(given) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["actors"] == ["lab/S010", "lab/S011"] and said["expressions"] == {"angry": 1, "fearful": 1}
