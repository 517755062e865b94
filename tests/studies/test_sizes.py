"""What the systems weigh, and the table that sets what is reported beside what was run here."""

from __future__ import annotations

import doctest
import json
import re
from types import SimpleNamespace

from eagerly import eagerly
import pytest
from stage_lists import as_stored

from fer_utils import models
from fer_utils.core.errors import FerError
from fer_utils.reporting import literature
from fer_utils.studies import sizes

OURS = 542_136
#: In the place of `gc`: small networks need no memory back, and to look for it among all libraries takes longer than to
#: weigh them.
FREES_NOTHING = SimpleNamespace(collect=lambda: 0)


def tiny(monkeypatch, name, **options):
    """The system with options that make it small, and its default ones back afterwards."""
    before = sizes.SYSTEMS[name]
    monkeypatch.setitem(
        sizes.SYSTEMS,
        name,
        sizes.System(before.stands_for, before.source_input, before.printed, before.printed_in, before.digits, options),
    )


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """ding2023, an AlexNet with narrow dense layers and a small LSTM, weighed, and timed once."""
    folder = tmp_path_factory.mktemp("files")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(sizes, "gc", FREES_NOTHING)
        tiny(monkeypatch, "alexnet", dense=3)
        tiny(monkeypatch, "landmark_lstm", units=(4,), dense=(), frames=6, distances=9)
        systems = ("ding2023", "alexnet", "landmark_lstm")
        left_out = {f"model.{name}" for name in sizes.SYSTEMS if name not in systems}
        with as_stored("sizes", absent=left_out), eagerly():
            found = sizes.answer("smoke", systems=systems, repeats=1, folder=folder, progress=False)
    assert list(folder.iterdir()) == [], "files that were weighed are gone"
    return found


def test_every_system_is_one_that_can_be_built():
    # `contrast` is made for faces of 48 pixels; the study `frontier` weighs it at the sizes at which it was trained.
    known = set(models.available()) - {"knn", "contrast"} | {"landmark_lstm"}
    assert set(sizes.SYSTEMS) == known, "a new network is weighed, too"


def test_both_heads_are_counted(three):
    rows = {row["name"]: row for row in three["systems"]}
    ding = rows["ding2023"]
    assert (ding["source"]["parameters"], ding["ours"]["parameters"]) == (OURS - 136 + 17 * 1000, OURS)
    assert (ding["ours"]["macs"], ding["ours"]["bytes"], ding["ours"]["input"]) == (
        154_460_544,
        4 * OURS,
        [180, 180, 1],
    )
    convolutions = 363 * 96 + 96 + 25 * 96 * 256 + 256 + 9 * (256 * 384 + 384 * 384 + 384 * 256) + 384 + 384 + 256
    alexnet = rows["alexnet"]
    assert alexnet["source"]["parameters"] == convolutions + (6 * 6 * 256 + 1) * 3 + 4 * 3 + 4 * 1000
    assert alexnet["source"]["classes"] == 1000 and alexnet["ours"]["classes"] == 8
    assert alexnet["eight_at_source"] == convolutions + (6 * 6 * 256 + 1) * 3 + 4 * 3 + 4 * 8
    # At 180 pixels: grey pictures, and a last map of 4 x 4.
    assert alexnet["ours"]["parameters"] == convolutions - 2 * 121 * 96 + (4 * 4 * 256 + 1) * 3 + 4 * 3 + 4 * 8
    lstm = rows["landmark_lstm"]
    assert lstm["ours"]["input"] == [6, 9] and lstm["ours"]["parameters"] == 4 * 4 * (9 + 4 + 1) + 5 * 8
    assert lstm["source"]["parameters"] == 4 * 4 * (9 + 4 + 1) + 5 * 1000


def test_files_are_really_saved_and_times_are_ratios(three):
    for row in three["systems"]:
        for side in ("source", "ours"):
            assert row[side]["file_bytes"] > row[side]["bytes"] == 4 * row[side]["parameters"]
            assert row[side]["file_bytes"] < row[side]["bytes"] + 200_000
        times = row["latency"]
        assert (times["times"] == 1) == (row["name"] == "ding2023") and 0 < times["low"] <= times["times"] <= times[
            "high"
        ]
        assert times["ms"] > 0
    assert (three["repeats"], three["blocks"]) == (1, sizes.BLOCKS) and json.loads(
        json.dumps(three, allow_nan=False)
    ) == three


def test_times_can_be_left_out(monkeypatch):
    monkeypatch.setattr(sizes, "_latency", lambda *a: pytest.fail("timed"))
    monkeypatch.setattr(sizes, "gc", FREES_NOTHING)
    found = sizes.answer("smoke", systems=["ding2023"], latency=False, progress=False)
    assert found["systems"][0]["latency"] is None and found["repeats"] == 0
    assert all(ratio["heads_8_ours"] is None for ratio in found["ratios"]), "no ratio to a network that was not built"


def row_of(name, thousand, eight_there, eight_here):
    system = sizes.SYSTEMS[name]
    return {
        "name": name,
        "source": {"parameters": thousand},
        "ours": {"parameters": eight_here},
        "eight_at_source": eight_there,
        "printed": system.printed,
        "printed_in": system.printed_in,
        "printed_digits": system.digits,
    }


#: With 1000 classes and with 8 at the source's input, and with 8 for grey faces of 180 pixels.
ROWS = [
    row_of("ding2023", 559_000, OURS, OURS),
    row_of("resnet50", 25_636_712, 25_636_712 - 992 * 2049, 25_636_712 - 992 * 2049 - 2 * 49 * 64),
    row_of("alexnet", 62_378_344, 62_378_344 - 992 * 4097, 37_319_368),
    row_of("vgg16", 138_357_544, 138_357_544 - 992 * 4097, 83_960_520),
    row_of("landmark_lstm", 63_178_760 + 992 * 2049, 63_178_760, 63_178_760),
]


def test_which_printed_counts_are_reproduced():
    found = {row["name"]: sizes.reproduced(row["name"], row) for row in ROWS}
    assert {name: one["reproduced"] for name, one in found.items()} == {
        "ding2023": "exactly",
        "resnet50": "exactly",
        "alexnet": "exactly",
        "vgg16": "to the printed digits",
        "landmark_lstm": "no",
    }
    assert found["resnet50"]["by"].startswith("1000 classes") and found["ding2023"]["by"].startswith("8 labels")
    assert found["vgg16"]["by"] == "8 labels at the source's input", "about 134 million: 138 with a thousand classes"
    other = {**ROWS[1], "source": {"parameters": 25_557_032}}
    assert sizes.reproduced("resnet50", other) == {"reproduced": "no", "by": "neither head has it"}
    assert sizes.reproduced("densenet161", {**ROWS[1], "printed": None})["reproduced"] is None


def test_the_papers_ratios_and_what_equal_heads_make_of_them():
    found = {row["of"]: row for row in sizes.ratios(ROWS)}
    for row in found.values():
        digits = len(row["printed"].split(".")[1])
        assert int(row["as_printed"] * 10**digits) == round(float(row["printed"]) * 10**digits), (
            "the paper cuts, it does not round"
        )
    assert [row["printed"] for row in found.values()] == ["47.28", "116.5", "67.14", "115.06"]
    assert round(found["resnet50"]["heads_8_ours"], 1) == 43.5 and round(found["resnet50"]["heads_1000"], 1) == 45.9
    assert round(found["alexnet"]["heads_8_source"], 1) == 107.6 and round(found["alexnet"]["heads_8_ours"], 1) == 68.8
    assert found["DTN+DSN+CNN (Sharafi et al. 2022)"]["heads_1000"] is None
    assert set(sizes.NOT_BUILT) == {row["of"] for row in found.values()} - set(sizes.SYSTEMS)


def test_the_printed_counts_are_those_of_the_tables():
    table = literature.reported_results().dropna(subset=["parameters"]).drop_duplicates("parameters")
    printed = {system.printed for system in sizes.SYSTEMS.values() if system.printed}
    assert printed | {36_400_000} == set(table["parameters"])


@pytest.mark.parametrize(
    "call, word",
    [
        (lambda: sizes.answer("huge"), "`tier`. Expected one of smoke, class, full"),
        (lambda: sizes.answer("smoke", systems=["knn"]), "`systems`. Expected names among ding2023"),
        (lambda: sizes.answer("smoke", repeats=0), "`repeats`. Expected a whole number of 1 or more"),
    ],
)
def test_bad_input_is_one_clear_error(call, word):
    with pytest.raises(FerError, match=re.escape(word)):
        call()


# --- reported, and run here -----------------------------------------------------------------


def ours(**changed):
    made = {
        "system": "ding2023",
        "accuracy": {"value": 0.631, "low": 0.58, "high": 0.68},
        "dataset": "ravdess",
        "parameters": OURS,
        "task": "six frames a clip, drawn",
        "classes": 8,
        "split": "actors apart",
        "source": "this page",
    }
    return literature.run_here(**{**made, **changed})


def test_rows_run_here_stand_beside_the_reported_ones():
    alone_in_the_test = ours(system="knn", parameters=None, accuracy={"value": 0.5, "low": None, "high": None})
    table = literature.reported_results("ravdess", here=[ours(), alone_in_the_test])
    alone = literature.reported_results("ravdess")
    assert list(table.columns[: len(alone.columns)]) == list(alone.columns) and len(table) == len(alone) + 2
    assert table["kind"].tolist() == ["as reported"] * len(alone) + ["run here"] * 2
    last, knn = table.iloc[-2], table.iloc[-1]
    assert [last["accuracy"], last["low"], last["high"], last["parameters"]] == pytest.approx([63.1, 58.0, 68.0, OURS])
    assert str(knn["parameters"]) == "<NA>" and knn["low"] != knn["low"] and table["low"].isna().sum() == len(alone) + 1
    assert table.iloc[: len(alone)]["accuracy"].tolist() == alone["accuracy"].tolist()
    for column in ("task", "split", "source", "kind"):
        assert table[column].str.len().gt(3).all(), column
    assert len(literature.reported_results("savee", here=[ours()])) == len(literature.reported_results("savee")), (
        "another set's rows stay out"
    )
    assert len(literature.reported_results("drawn mead", here=[ours(dataset="drawn mead")])) == 1


@pytest.mark.parametrize(
    "call, word",
    [
        (lambda: ours(split=" "), "`split`"),
        (lambda: ours(task=None), "`task`"),
        (lambda: ours(source=""), "`source`"),
        (lambda: ours(accuracy=0.6), "`accuracy`"),
        (lambda: ours(accuracy={"value": 63.1}), "`accuracy`"),
        (lambda: literature.reported_results(here=[{"system": "x"}]), "`here`"),
        (lambda: literature.standard_error(1.2, 5), "`share`"),
    ],
)
def test_a_row_that_does_not_say_what_it_is_is_refused(call, word):
    with pytest.raises(FerError, match=word):
        call()


def test_documented_examples():
    result = doctest.testmod(literature)
    assert result.attempted and not result.failed
