"""The frontier in tables and words: only usable files count, and what was not measured says so."""

from __future__ import annotations

import pytest

from fer_utils.reporting import frontier_tables
from fer_utils.reporting.frontier_tables import BYTES, OPERATIONS, PARAMETERS, TIME


def a_file(bytes_: int, times: float, agreement: float = 1.0) -> dict:
    measured = {"times": times, "ms": 2 * times, "ms_low": 1.9 * times, "ms_high": 2.06 * times}
    return {"bytes": bytes_, **measured, "agreement": agreement, "usable": agreement >= 0.9}


def a_row(name: str, value: float, parameters: int, macs: int | None, files: dict, **changes) -> dict:
    accuracy = {"value": value, "low": value - 0.05, "high": value + 0.05}
    given = {"name": name, "accuracy": accuracy, "parameters": parameters, "macs": macs, "files": files, "size": 80}
    return given | {"witness": True, "why": ""} | changes


ANSWER = {
    "baseline": "net",
    "timing": {"repeats": 30, "others": 0.01},
    "rows": [
        a_row("net", 0.6, 2000, 9_000_000, {"float32": a_file(9000, 1.0), "int8": a_file(3000, 0.5, 0.0)}),
        a_row("small", 0.5, 1000, 5_000_000, {"float32": a_file(8000, 0.9), "int8": a_file(4000, 0.4)}),
        a_row("HOG", 0.7, 7000, 1_000_000, {"float32": a_file(30_000, 2.0)}, size=180),
        a_row("points", 0.65, 500, None, {}, why="finding landmarks is neither counted nor timed"),
        a_row("lazy", 0.9, 10, 10, {}, why="not every training has converged", witness=False),
    ],
}


def test_an_unusable_file_and_methods_that_are_not_wholly_counted_are_on_no_frontier():
    accuracy, costs = frontier_tables.points(ANSWER)
    assert list(accuracy) == ["net", "small", "HOG"]
    assert costs[PARAMETERS] == {"net": 2, "small": 1, "HOG": 7} and costs[OPERATIONS]["HOG"] == 1
    assert costs[BYTES] == {"net": 9, "small": 4, "HOG": 30}, "the file in 8 bits that says something else is not net's"
    assert costs[TIME] == {"net": 1.0, "small": 0.4, "HOG": 2.0}


def test_a_method_without_a_usable_file_has_no_bytes_and_no_time():
    broken = a_row("broken", 0.6, 1, 1, {"float32": a_file(1, 0.1, 0.2), "int8": {"usable": False, "refused": "no"}})
    _, costs = frontier_tables.points(ANSWER | {"rows": [broken, ANSWER["rows"][0]]})
    assert costs[BYTES] == {"broken": None, "net": 9} and costs[TIME]["broken"] is None
    assert frontier_tables.cheapest(ANSWER | {"rows": [broken]}).keys() == {PARAMETERS, OPERATIONS}


def test_who_costs_least_and_the_headline():
    least = frontier_tables.cheapest(ANSWER)
    assert least == {PARAMETERS: ["small"], OPERATIONS: ["HOG"], BYTES: ["small"], TIME: ["small"]}
    assert frontier_tables.headline(ANSWER) == "HOG reads most faces; small costs least by 3 of 4 measures"


def test_the_table_says_what_was_not_made_not_measured_or_is_unusable():
    refused = a_row("refused", 0.1, 1, 1, {"float32": a_file(1000, 1.0), "int8": {"usable": False, "refused": "no"}})
    table = frontier_tables.costs_table(ANSWER | {"rows": [*ANSWER["rows"], refused]}).set_index("method")
    assert list(table.index) == ["lazy (not converged)", "HOG", "points", "net", "small", "refused"]
    assert table.loc["net", "accuracy, %"] == "60.0 (55.0 to 65.0)" and table.loc["HOG", "face, px"] == "180"
    assert table.loc["net", ["int8, kB", "int8, same label, %"]].tolist() == ["3.0", "0.0: unusable"]
    assert table.loc["small", ["int8, kB", "int8, same label, %", "int8, time"]].tolist() == ["4.0", "100.0", "0.40"]
    assert set(table.loc["HOG", [name for name in table if name.startswith("int8")]]) == {"not made"}
    assert table.loc["points", "operations, millions"] == "not counted"
    assert set(table.loc["points", [name for name in table if "32" in name]]) == {"not measured"}
    cells = table.loc["refused", ["int8, kB", "int8, same label, %", "int8, time"]].tolist()
    assert cells == ["not written", "unusable", "not measured"]


@pytest.mark.parametrize(
    "others, words, provisional",
    [
        (0.01, "0.01 of a processor", False),
        (0.2, "0.20 of a processor", False),
        (0.21, "kept 0.2 processors", True),
        (None, "is not known", False),
    ],
)
def test_times_say_as_what_and_how_quiet_the_machine_was(others, words, provisional):
    said = frontier_tables.timing_in_words(ANSWER | {"timing": {"repeats": 30, "others": others}})
    assert "one thread" in said and "30 rounds" in said and "net in float32 takes 1" in said
    assert words in said and ("Provisional" in said) == provisional


def test_times_say_how_far_the_rounds_of_a_file_lie_apart():
    said = frontier_tables.timing_in_words(ANSWER)
    assert "The middle half of each file's rounds lies within 5.0 % of its median." in said
    slow = ANSWER["rows"][1]["files"]["int8"] | {"ms_high": 2 * 0.4 * 1.25}
    rows = [ANSWER["rows"][0], ANSWER["rows"][1] | {"files": {"int8": slow}}]
    assert "within 25.0 % of its median" in frontier_tables.timing_in_words(ANSWER | {"rows": rows})
    nothing = frontier_tables.timing_in_words(ANSWER | {"rows": ANSWER["rows"][3:]})
    assert "middle half" not in nothing and "net in float32 takes 1." in nothing


def test_the_fronts_in_words_name_who_is_on_all_and_on_none_and_what_is_unusable():
    answer = ANSWER | {"usable": 0.9, "rows": [row | {"tested": 600} for row in ANSWER["rows"]]}
    fronts = {PARAMETERS: ["small", "net", "HOG"], OPERATIONS: ["HOG"]}
    said = frontier_tables.front_in_words(answer, fronts)
    assert "Parameters, thousands: small. Operations for one face, millions: HOG. File, kB: small" in said[0]
    assert said[1] == "On every front: HOG. On none: nobody."
    assert "intervals of 0 of the 2 other methods reach" in said[2] and "best, HOG" in said[2]
    assert "600 faces" in said[3] and "90 %" in said[3] and "Unusable: net in int8. Not written" in said[3]
    assert said[3].endswith("training faces: none.")
    refused = a_row("refused", 0.1, 1, 1, {"int8": {"usable": False, "refused": "no"}}, tested=600)
    said = frontier_tables.front_in_words(answer | {"rows": [*answer["rows"], refused]}, fronts)
    assert "Unusable: net in int8. Not written" in said[3] and said[3].endswith("faces: refused in int8.")
    assert "On every front: nobody. On none: net, small." in frontier_tables.front_in_words(
        answer, {PARAMETERS: ["HOG"], OPERATIONS: []}
    )
