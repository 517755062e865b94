"""The study of audits in figures and sentences: what a reader is told follows from its rows alone."""

from __future__ import annotations

import copy

import pytest

from fer_utils import plotting, studies
from fer_utils.reporting import audits


@pytest.fixture(scope="module")
def stored():
    return studies.load("audit").answer


@pytest.fixture
def answer(stored):
    return copy.deepcopy(stored)


def row_of(rows, value):
    return next(row for row in rows if row["value"] == value)


def nothing_found(rows):
    for row in rows:
        row["found"] = False


def test_rows_are_of_people_or_of_conditions_or_of_everybody(stored):
    rows = stored["clean"]["audit"]
    assert len(audits.of_people(rows)) + len(audits.of_conditions(rows)) + 1 == len(rows)


@pytest.mark.parametrize("plot", [audits.people_plot, audits.conditions_plot, audits.bias_plot])
def test_the_figures_describe_themselves(plot, stored):
    options = plot(stored)
    low, high = options["xlim"]
    assert plotting.dot_plot(**options).description
    values = [point for line in options["rows"].values() for point in line.values()]
    assert all(low <= point["low"] <= point["value"] <= point["high"] <= high for point in values)


def test_the_title_counts_the_groups_that_are_found(answer):
    found = sum(row["found"] for row in audits.of_people(answer["clean"]["audit"]))
    assert f"{found} groups stand apart" in audits.people_plot(answer)["title"]
    nothing_found(answer["clean"]["audit"])
    assert "no group stands apart" in audits.people_plot(answer)["title"]
    assert audits.people_words(answer).endswith("no group of people.")
    row_of(answer["clean"]["audit"], "female")["found"] = True
    assert "one group stands apart" in audits.people_plot(answer)["title"]
    assert "presentation: female" in audits.people_words(answer)


def test_the_hardest_condition_is_in_the_title(answer):
    assert audits.conditions_plot(answer)["title"].startswith("Mask: ")
    row_of(answer["clean"]["audit"], "dim")["gap"] = -0.9
    assert audits.conditions_plot(answer)["title"].startswith("Dim: -90 points")


def test_conditions_found_and_not_found_are_named(answer):
    words = audits.conditions_words(answer)
    assert "*hand*" in words and "Not found: *dim*" in words
    nothing_found(answer["clean"]["audit"])
    assert "Found: none." in audits.conditions_words(answer)


def test_whose_faces_are_missed_is_said(answer):
    assert "age: 45 and over" in audits.detection_words(answer)
    nothing_found(answer["detected_changed"])
    assert "no group of people is found less often" in audits.detection_words(answer)


def test_whether_the_planted_bias_is_found_is_said(answer):
    words = audits.planted_words(answer)
    assert "**The audit finds it.**" in words and "have a gap there, too" in words
    answer["verdict"]["difference"]["found"] = answer["verdict"]["clean"]["found"] = False
    words = audits.planted_words(answer)
    assert "does not find it" in words and "no gap there" in words


def test_only_there_is_answered_by_the_rows_of_the_difference(answer):
    words = audits.only_there_words(answer)
    found = [row["value"] for row in answer["difference"] if row["found"]]
    assert found == ["medium (4 to 7)", "dark (8 to 10)", "mask"]
    assert words.startswith("Is it found only there? No.")
    assert "medium" in words and "dark" not in words and "mask" in words
    assert "the same finding" in words and "less to lose" in words
    row_of(answer["difference"], "medium (4 to 7)")["gap"] = -0.06
    assert "the same finding" not in audits.only_there_words(answer)
    nothing_found(answer["difference"])
    row_of(answer["difference"], "dark (8 to 10)")["found"] = True
    assert audits.only_there_words(answer).startswith("Is it found only there? Yes")
    row_of(answer["difference"], "female")["found"] = True
    words = audits.only_there_words(answer)
    assert "presentation: female" in words and "the same finding" not in words and "less to lose" not in words


def test_a_gain_is_no_loss(answer):
    assert " lose 11 points more" in audits.bias_plot(answer)["title"]
    answer["verdict"]["difference"]["gap"] = 0.03
    assert " gain 3 points more" in audits.bias_plot(answer)["title"]


def test_how_often_the_planted_label_is_called_and_what_the_audit_can_find(answer):
    assert "5.9 %" in audits.called_words(answer) and "38.9 %" in audits.called_words(answer)
    assert "10 points with 96 people" in audits.sensitivity_words(answer)
    answer["needed"]["0.05"] = None
    assert "5 points with more people than were tried" in audits.sensitivity_words(answer)
