"""What the chapters say after a widget: the stored numbers today, and what would be said of others."""

from __future__ import annotations

import copy

import pytest

from fer_utils import studies
from fer_utils.reporting import widget_words
from fer_utils.studies import drawn_confusions, trade_offs


def test_the_label_that_is_missed_most_is_not_the_one_that_is_given_wrongly_most():
    matrix, names = drawn_confusions.matrix(), drawn_confusions.stored()["names"]
    said = widget_words.missed_and_trusted(matrix, names)
    angry, neutral = names.index("angry"), names.index("neutral")
    right, found = matrix[angry, angry], matrix[angry].sum()
    assert f"Missed most often is *angry*: {right} of its {found} faces are found." in said
    assert f"right in {right} of {matrix[:, angry].sum()} cases, more often than any other label." in said
    given = matrix[:, neutral].sum()
    assert said.endswith(f"is *neutral*: in {given - matrix[neutral, neutral]} of {given} cases.")


@pytest.mark.parametrize(
    "matrix, words",
    [
        ([[5, 5, 0], [5, 5, 0], [0, 0, 10]], "less often than any other label."),
        ([[6, 4, 0], [0, 9, 1], [0, 0, 10]], "more often than any other label. Given wrongly most often is *b*"),
        ([[6, 0, 4], [1, 9, 0], [0, 0, 10]], "less often than 1 of 3 labels. Given wrongly most often is *c*"),
    ],
)
def test_other_matrices_are_said_as_they_are(matrix, words):
    assert words in widget_words.missed_and_trusted(matrix, ["a", "b", "c"])


def test_the_method_that_loses_least_is_the_worst():
    said = widget_words.losses_on_strangers(trade_offs.systems())
    rows = {row["name"]: row for row in studies.load("one_protocol").answer["rows"]}
    name = "HOG and nearest neighbours"
    loss = 100 * (rows[f"{name}, frames at random"]["accuracy"]["value"] - rows[name]["accuracy"]["value"])
    assert said.startswith(f"*{name}* loses least, {loss:.0f} points; of the others, ")
    assert said.count("*") == 10 and said.endswith("a small loss is no praise.")


@pytest.mark.parametrize(
    "pairs, words",
    [
        ([(0.9, 0.6), (0.7, 0.65)], "*1* loses least, 5 points; of the others, *0* 30. It also reads the most"),
        ([(0.9, 0.6), (0.7, 0.65), (0.99, 0.66)], "1 of 3 methods read more strangers than it."),
        ([(0.9, 0.6), (0.5, 0.45)], "a small loss is no praise"),
        ([(0.9, 0.6), (None, 0.45)], "Too few methods"),
    ],
)
def test_other_losses_are_said_as_they_are(pairs, words):
    systems = [
        {"name": str(number), "values": {"random": random, "accuracy": strangers}}
        for number, (random, strangers) in enumerate(pairs)
    ]
    assert words in widget_words.losses_on_strangers(systems)


def test_operations_and_time_are_those_of_the_stored_files():
    answer = copy.deepcopy(studies.load("frontier").answer)
    rows = {row["name"]: row for row in answer["rows"]}
    few, many = rows["HOG and ANN, 80 px"], rows["ding2023"]
    said = widget_words.operations_and_time(answer, few["name"], many["name"])
    assert f"has {many['macs'] / few['macs']:.0f} times the operations of *HOG and ANN, 80 px*" in said
    quick = many["files"]["int8"]["times"] / few["files"]["float32"]["times"]
    same = many["files"]["float32"]["times"] / few["files"]["float32"]["times"]
    assert f"takes {quick:.1f} times as long" in said and f"With both in float32 it takes {same:.1f}" in said
    assert "*HOG and ANN, 80 px* in float32 and *ding2023* in int8" in said and quick < same
    many["files"]["int8"]["usable"] = False
    assert "*ding2023* in float32." in widget_words.operations_and_time(answer, few["name"], many["name"])
