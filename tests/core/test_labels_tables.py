"""The vocabularies and the two tables that travel."""

import numpy as np
import pandas as pd
import pytest

from fer_utils.core import labels, tables
from fer_utils.core.errors import FerError, invalid, missing, whole_number


def test_vocabularies_are_the_data_sets_own():
    assert labels.RAVDESS == ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
    assert len(labels.SAVEE) == 7 and "calm" not in labels.SAVEE
    assert len(labels.MEAD) == 8 and labels.MEAD[-1] == "contempt"
    assert labels.vocabulary("folder", ["zeal", "sad", "happy", "awe"]) == ("happy", "sad", "awe", "zeal")


def clip(**changes):
    row = {
        "path": "/a/b.mp4",
        "dataset": "ravdess",
        "clip": "b.mp4",
        "actor": "01",
        "sex": "male",
        "expression": "calm",
        "intensity": 1,
        "view": "front",
        "channel": "speech",
        "modality": "video-only",
        "statement": "kids",
        "repetition": 1,
        "performance": "ravdess/01/x",
    }
    return row | changes


def test_problems_survive_selection_and_empty_tables_keep_their_types():
    problems = tables.Problems.of([("/a/x.mp4", "scan", "empty", "the file has 0 bytes", "left out")])
    table = tables.ClipTable.of([clip(), clip(actor="02")], problems)
    for made in (
        table[table["actor"] == "02"],
        table.sort_values("actor").reset_index(drop=True),
        table.head(0),
        table.copy(),
        table.assign(view="top"),
        table.drop(columns="path"),
    ):
        assert isinstance(made, tables.ClipTable)
        pd.testing.assert_frame_equal(made.problems, problems)
    empty = tables.ClipTable.of([])
    assert list(empty.columns) == list(tables.CLIP_COLUMNS) and len(empty.problems) == 0
    assert list(empty.dtypes.astype(str)) == list(table.dtypes.astype(str))


def test_joined_clip_tables_have_the_problems_of_all():
    one, two = (
        tables.ClipTable.of(
            [clip(actor=who), clip(actor=who, clip="c.mp4")],
            tables.Problems.of([(f"/{who}", "scan", "empty", "it has 0 bytes", "left out")]),
        )
        for who in ("01", "02")
    )
    for joined in (
        pd.concat([one, two]),
        pd.concat([one, two], ignore_index=True),
        one.merge(two, on="clip"),
        pd.concat([one, two]).query("actor == '01'"),
    ):
        assert isinstance(joined, tables.ClipTable) and isinstance(joined.problems, tables.Problems)
        assert list(joined.problems["path"]) == ["/01", "/02"]
    # Selections of one table share one report; what is no clip table has none.
    assert list(pd.concat([one[one["clip"] == "b.mp4"], one.iloc[1:], two]).problems["path"]) == ["/01", "/02"]
    ages = pd.DataFrame({"actor": ["01"], "age": [30]})
    assert list(one.merge(ages, on="actor").problems["path"]) == ["/01"]
    assert list(pd.concat([one, pd.DataFrame(two)]).problems["path"]) == ["/01"]
    assert len(one.problems) == len(two.problems) == 1
    # Where pandas says nothing there is None, which can be asked for, and no AttributeError.
    assert tables.ClipTable(pd.DataFrame(one)).problems is None


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


def test_problems_in_a_notebook_are_an_escaped_short_table():
    one = ("/data/<a> & b.mp4", "decode", "unreadable", "no <frame> could be decoded", "left out")
    assert tables.Problems.of()._repr_html_() == "<p>no problems</p>"
    shown = tables.Problems.of([one])._repr_html_()
    assert shown.startswith("<p>1 problem: unreadable 1</p>") and "more" not in shown
    assert "<tr><th>path</th><th>problem</th><th>action</th></tr>" in shown
    assert (
        "<tr><td>/data/&lt;a&gt; &amp; b.mp4</td><td>no &lt;frame&gt; could be decoded</td><td>left out</td></tr>"
        in shown
    )
    assert "<a>" not in shown and "decode<" not in shown
    for count, rest in ((12, None), (13, "and 1 more"), (5000, "and 4988 more")):
        shown = tables.Problems.of([one] * count)._repr_html_()
        assert shown.count("<tr><td>") == 12 and (rest in shown if rest else "more" not in shown)
        assert shown.startswith(f"<p>{count} problems: unreadable {count}</p>")
    selection = tables.Problems.of([one, one])[["path", "kind"]]
    assert "<th>kind</th>" in selection._repr_html_() and "problems:" not in selection._repr_html_()


def test_whole_numbers_are_checked_in_one_place():
    for value in (3, np.int64(3), np.uint8(3)):
        found = whole_number("frames", value, 1, 3)
        assert found == 3 and type(found) is int
    for value in (0, 4, True, 2.0, "2", None, np.float64(2), [2]):
        with pytest.raises(FerError, match=r"`frames`\. Expected a whole number from 1 to 3\. Received"):
            whole_number("frames", value, 1, 3)
    with pytest.raises(FerError, match=r"a whole number of 0 or more\. Received: -1"):
        whole_number("warmup", -1, 0)
    assert whole_number("seed", 10**30, 0) == 10**30


def test_errors_name_argument_expectation_and_received():
    error = invalid("frames", expected="a whole number of 1 or more", received=0, remedy="Ask for one.")
    assert isinstance(error, FerError) and isinstance(error, ValueError)
    assert str(error) == ("Invalid value for `frames`. Expected a whole number of 1 or more. Received: 0\nAsk for one.")
    assert len(str(invalid("x", expected="y", received="z" * 9999))) < 300
    with pytest.raises(ImportError, match="pip install dlib-bin"):
        raise missing("dlib", needed_for="detector='dlib'", remedy="pip install dlib-bin")
