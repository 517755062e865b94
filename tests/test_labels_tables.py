"""The vocabularies and the two tables that travel."""

import pandas as pd
import pytest

from fer_utils import labels, tables
from fer_utils.errors import FerError, invalid, missing


def test_vocabularies_are_the_data_sets_own():
    assert labels.RAVDESS == ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
    assert len(labels.SAVEE) == 7 and "calm" not in labels.SAVEE
    assert len(labels.MEAD) == 8 and labels.MEAD[-1] == "contempt"
    assert labels.vocabulary("folder", ["zeal", "sad", "happy", "awe"]) == ("happy", "sad", "awe", "zeal")


def clip(**changes):
    row = dict(path="/a/b.mp4", dataset="ravdess", clip="b.mp4", actor="01", sex="male", expression="calm",
               intensity=1, view="front", channel="speech", modality="video-only", statement="kids", repetition=1,
               performance="ravdess/01/x")
    return row | changes


def test_problems_survive_selection_and_empty_tables_keep_their_types():
    problems = tables.Problems.of([("/a/x.mp4", "scan", "empty", "the file has 0 bytes", "left out")])
    table = tables.ClipTable.of([clip(), clip(actor="02")], problems)
    assert len(table[table["actor"] == "02"].problems) == 1
    assert table.sort_values("actor").reset_index(drop=True).problems is not None
    empty = tables.ClipTable.of([])
    assert list(empty.columns) == list(tables.CLIP_COLUMNS) and len(empty.problems) == 0
    assert list(empty.dtypes.astype(str)) == list(table.dtypes.astype(str))


def test_problems_print_as_a_short_table():
    one = ("/data/a.mp4", "decode", "unreadable", "no frame could be decoded", "left out")
    assert str(tables.Problems.of()) == "no problems"
    text = str(tables.Problems.of([one] * 30))
    assert text.startswith("30 problems: unreadable 30") and "and 18 more" in text
    assert "/data/a.mp4" in text and "no frame could be decoded -> left out" in text
    assert len(text.splitlines()) < 30
    joined = tables.Problems.joined(tables.Problems.of([one]), tables.Problems.of(), tables.Problems.of([one]))
    assert len(joined) == 2 and isinstance(joined, tables.Problems)
    assert isinstance(joined, pd.DataFrame) and list(joined["kind"]) == ["unreadable"] * 2


def test_errors_name_argument_expectation_and_received():
    error = invalid("frames", expected="a whole number of 1 or more", received=0, remedy="Ask for one.")
    assert isinstance(error, FerError) and isinstance(error, ValueError)
    assert str(error) == ("Invalid value for `frames`. Expected a whole number of 1 or more. Received: 0\nAsk for one.")
    assert len(str(invalid("x", expected="y", received="z" * 9999))) < 300
    with pytest.raises(ImportError, match="pip install dlib-bin"):
        raise missing("dlib", needed_for="detector='dlib'", remedy="pip install dlib-bin")
