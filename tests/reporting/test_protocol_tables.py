"""The answer of one protocol in tables and sentences: what a reader is told follows from the verdicts alone."""

from __future__ import annotations

import pytest

from fer_utils.reporting.protocol_tables import (
    comparison_in_words,
    comparisons_table,
    methods_table,
    simple_against_networks,
)


def a_row(name: str, value: float, **changes) -> dict:
    accuracy = {"value": value, "low": value - 0.05, "high": value + 0.05}
    given = {"name": name, "network": name, "by": "actor", "size": 80, "parameters": 10, "macs": 2_500_000}
    return given | {"accuracy": accuracy, "train_accuracy": 0.9, "trainings": 15, "converged": 14} | changes


def a_comparison(verdict: str, first: str = "net", second: str = "HOG", value: float = 0.04) -> dict:
    ends = {"low": value - 0.03, "high": value + 0.03}
    return {"first": first, "second": second, "value": value, "p_holm": 0.02, "verdict": verdict} | ends


def an_answer(*comparisons: dict) -> dict:
    simple = a_row("HOG", 0.68, network=None, macs=None, size=None)
    shuffled = a_row("net, frames at random", 0.9, by="frame")
    return {"rows": [a_row("net", 0.62), simple, shuffled, a_row("other", 0.6)], "comparisons": list(comparisons)}


def test_methods_stand_by_accuracy_and_divided_frames_do_not_stand_among_them():
    table = methods_table(an_answer())
    assert table["method"].tolist() == ["HOG", "net", "other"]
    assert table["face"].tolist() == [180, 80, 80] and table["operations"].iloc[1] == 2.5
    assert table["operations"].isna().tolist() == [True, False, False]
    first = table.iloc[0]
    assert (first["accuracy"], first["low"], first["high"]) == pytest.approx((68, 63, 73))
    assert (first["training faces"], first["trainings"], first["converged"]) == (90, 15, 14)


def test_comparisons_are_in_points():
    table = comparisons_table(an_answer(a_comparison("higher")))
    first, second, points, low, high, p, verdict = table.iloc[0]
    assert (first, second, p, verdict) == ("net", "HOG", 0.02, "higher")
    assert (points, low, high) == pytest.approx((4, 1, 7))
    assert comparisons_table(an_answer()).columns.tolist() == [*table.columns]


@pytest.mark.parametrize(
    "row, words",
    [
        (a_comparison("higher"), "**net** reads 4.0 points more than **HOG** (95 % interval +1.0 to +7.0; p = 0.020"),
        (a_comparison("lower", value=-0.04), "**net** reads 4.0 points fewer than **HOG** (95 % interval -7.0 to -1.0"),
        (a_comparison("not told apart", value=0.0), "**net** and **HOG** are not told apart: +0.0 points"),
        (a_comparison("no verdict"), "no verdict, because not every training of the two has converged"),
        (a_comparison("higher") | {"p_holm": 0.0004}, "p below 0.001 after Holm"),
    ],
)
def test_a_comparison_in_words(row, words):
    assert words in comparison_in_words(row)


@pytest.mark.parametrize(
    "comparisons, words",
    [
        ([("lower", "net")], "The simple method wins: net against HOG."),
        ([("lower", "net"), ("not told apart", "other")], "The simple method wins: net against HOG."),
        ([("higher", "net")], "The networks win: net against HOG."),
        ([("higher", "net"), ("lower", "other")], "Neither side wins"),
        (
            [("higher", "net"), ("not told apart", "other")],
            "A network is ahead in net against HOG; not told apart: other",
        ),
        ([("not told apart", "net")], "nor behind it: net against HOG."),
        ([("no verdict", "net")], "too few trainings have converged"),
        ([], "too few trainings have converged"),
    ],
)
def test_the_moral_follows_from_the_verdicts(comparisons, words):
    made = [a_comparison(verdict, first) for verdict, first in comparisons]
    assert words in simple_against_networks(an_answer(*made))


def test_networks_among_themselves_and_simple_methods_among_themselves_decide_nothing():
    answer = an_answer(a_comparison("higher", "net", "other"), a_comparison("lower", "HOG", "HOG"))
    assert "too few" in simple_against_networks(answer)
