"""Compression in tables and sentences: what a reader is told follows from the numbers."""

from __future__ import annotations

import copy

import pandas as pd
import pytest

from fer_utils import studies
from fer_utils.compress.roofline import Ceilings, Work
from fer_utils.reporting import compression_tables

STORED = studies.load("compression")
ANSWER = STORED.answer


def changed(**by_network):
    """The stored answer with other counts of the test people, right of 100."""
    answer = copy.deepcopy(ANSWER)
    for name, counts in by_network.items():
        network = compression_tables.CONTROL if name == "control" else "xception, weights pruned"
        answer["networks"][network]["by_actor"] = {str(k): (n, 100) for k, n in enumerate(counts)}
    return answer


def test_six_rows_first_and_no_row_is_lost():
    main, rest = (compression_tables.forms_table(ANSWER, main=one) for one in (True, False))
    assert len(main) == 6 and len(main) + len(rest) == len(ANSWER["rows"])
    assert main["form"].tolist()[:2] == ["Xception: Keras, eager, float32", "Xception: LiteRT, float32"]
    assert not set(main["form"]) & set(rest["form"])


def test_each_ratio_is_to_the_whole_network_in_float32_in_the_same_engine():
    main = compression_tables.forms_table(ANSWER, main=True).set_index("form")
    column = "times as fast as whole, float32"
    rows = {(row["network"], row["form"], row["quantize"]): row for row in ANSWER["rows"]}
    fewer, whole = rows["xception, filters pruned", "openvino", "int8"], rows["xception", "openvino", None]
    assert main.loc["Xception, filters pruned: OpenVINO, int8", column] == f"{fewer['ratio_1'] / whole['ratio_1']:.1f}"
    assert main.loc["Xception: Keras, eager, float32", column] == "1.0"
    alone = {**ANSWER, "rows": [row for row in ANSWER["rows"] if row is not rows["xception", "litert", None]]}
    short = compression_tables.forms_table(alone, main=True).set_index("form")
    assert short.loc["Xception: LiteRT, int8", column] == "not measured"


def test_an_accuracy_without_an_interval_is_written_without():
    answer = copy.deepcopy(ANSWER)
    answer["rows"][0] |= {"accuracy_low": None, "change_low": None}
    line = compression_tables.forms_table(answer, main=True).iloc[0]
    assert line["accuracy, % (95 % interval)"] == "67.2" and line["change, points (95 % interval)"] == "+0.0"


def test_the_folded_table_opens_without_python(capsys):
    table = compression_tables.forms_table(ANSWER, main=False)
    assert "<th" in compression_tables.styled(table, "c").to_html()
    compression_tables.show_folded(table, "more")  # displays; without a notebook it prints its type
    assert "HTML" in capsys.readouterr().out


def test_files_of_equal_work_say_what_chance_does():
    words = compression_tables.equal_work(ANSWER)
    assert words.startswith("3 of the LiteRT files") and "8.2 times as fast on 1 thread and 9.4 to 13.0" in words


def test_operations_and_speed_say_as_what_and_how_sure():
    words = compression_tables.operations_and_speed(ANSWER)
    assert "**4.1 times fewer operations** gave **3.5 times the speed** of the whole Xception" in words
    assert "LiteRT, float32, one thread; a second file of the same work" in words and "1.00 times as fast" in words


def test_the_slower_forms_in_eight_bits_are_named():
    words = compression_tables.slower_in_eight_bits(ANSWER)
    assert "Xception: onnxruntime, dynamic takes 1.9 times as long" in words and "OpenVINO" not in words
    answer = copy.deepcopy(ANSWER)
    rows = {(row["network"], row["form"], row["quantize"]): row for row in answer["rows"]}
    for times, named in ((0.94, True), (0.96, False)):
        rows["xception", "litert", "int8"]["ratio_1"] = times * rows["xception", "litert", None]["ratio_1"]
        assert ("Xception: LiteRT, int8 takes 1.1" in compression_tables.slower_in_eight_bits(answer)) == named
    fine = {**ANSWER, "rows": [row for row in ANSWER["rows"] if row["form"] != "onnx"]}
    assert compression_tables.slower_in_eight_bits(fine).startswith("No quantised form was slower")


def test_the_comparisons_with_the_control_are_corrected_together():
    table = compression_tables.pruning_tests(ANSWER)
    assert table["comparison"].tolist() == list(compression_tables.COMPARISONS)
    assert set(table["verdict"]) == {"not told apart"}
    assert compression_tables.pruning_moral(ANSWER).startswith("None of the 3 is a finding.")
    lower = changed(control=(60, 62, 61, 63, 64), weights=(40, 41, 41, 44, 44))
    lower["networks"] = {
        name: lower["networks"][name] for name in (compression_tables.CONTROL, "xception, weights pruned")
    }
    assert compression_tables.pruning_moral(lower) == "A finding: weights pruned, minus the control: lower."


def test_amdahls_law_of_the_stored_chain():
    links = compression_tables.frame_links(ANSWER)
    assert links.columns.tolist() == ["face", "68 landmarks", "network"]
    assert links.index[0] == "Xception: Keras, eager, float32" and links["network"].idxmin() == links.index[-1]
    two = pd.DataFrame([[20.0, 80.0], [20.0, 4.0]], columns=["face", "network"], index=["Keras", "a file"])
    made = compression_tables.chain_gain(two)
    assert "With *a file* the chain is 4.2 times as fast as with *Keras*" in made
    assert "no time at all it would be 5.0 times as fast" in made


def test_the_budget_has_people_and_cost():
    words = compression_tables.budget(STORED)
    assert "12 epochs on 2,280 faces of 64 pixels" in words and "5 actors" in words and STORED.cost() in words
    assert "98.6 % of the faces that it learned from and 67.2 % of the strangers'" in words


@pytest.mark.parametrize(
    ("low", "high", "loss", "gain"),
    [
        (-0.3, -0.1, "X: 20.0 points lost in this test", "X loses 20.0 points more"),
        (-0.3, 0.1, "X: no loss and no gain seen in this test", "X brings nothing that this test can tell"),
        (None, None, "X: -20.0 points, on one person", "X: -20.0 points, on one person"),
    ],
)
def test_titles_follow_from_the_interval(low, high, loss, gain):
    change = {"value": -0.2, "low": low, "high": high}
    assert compression_tables.loss_title("X", change) == loss
    assert compression_tables.gain_title("X", change) == gain
    assert ("one person" in compression_tables.points(change)) == (low is None)


def test_a_gain_is_called_a_gain():
    change = {"value": 0.2, "low": 0.1, "high": 0.3}
    assert compression_tables.loss_title("X", change) == "X: 20.0 points gained in this test"
    assert compression_tables.gain_title("X", change) == "X brings 20.0 points back"
    assert compression_tables.points(change) == "+20.0 points (95 % interval +10.0 to +30.0)"


def test_a_speed_has_its_spread_and_what_it_is_compared_with():
    times = pd.DataFrame(
        [{"name": "a", "ratio": 3.456, "median_ms": 1.2, "low_ms": 1.1, "high_ms": 1.34, "repeats": 30}]
    )
    assert compression_tables.speed(times, "a", as_what="b") == (
        "3.46 times as fast as b (1.200 ms; half of 30 rounds between 1.100 and 1.340 ms)"
    )


@pytest.mark.parametrize(
    ("seconds", "roof", "said"),
    [
        (1.0, Ceilings(100.0, 100.0), "neither operations nor bytes"),
        (0.2, Ceilings(100.0, 100.0), "The roof alone would allow 2.0 times more"),
        (0.11, Ceilings(100.0, 20.0), "moving bytes is what limits it"),
        (0.19, Ceilings(100.0, 20.0), "moving bytes is what limits it"),
        (0.11, Ceilings(50.0, 1000.0), "its operations still limit it"),
    ],
)
def test_what_limits_follows_from_the_roof(seconds, roof, said):
    words = compression_tables.limit_of_speed((Work(40, 4), 0.44), (Work(5, 2), seconds), roof)
    assert (
        words.startswith("**8.0 times fewer operations** and 2.0 times fewer bytes moved gave")
        and "one thread" in words
    )
    if "would allow" in said:  # half of what the roof allows, exactly, is still near it
        roof = Ceilings(100.0, 20.0001)
        words = compression_tables.limit_of_speed((Work(40, 4), 0.44), (Work(5, 2), 0.2001), roof)
        said = "The roof alone would allow 2.0 times more"
    assert said in words
