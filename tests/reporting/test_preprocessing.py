"""The sentences of chapter 2: their numbers, and which of them holds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fer_utils.faces import Box
from fer_utils.reporting import preprocessing


def acts(apex):
    even = np.array([[0.29, 1, 1, 1, 1, 0.49], [0.51, 1, 1, 1, 1, 0.51]])
    return {"even": even, "middle": np.ones((2, 6)), "apex": np.full((2, 6), apex)}


def test_weak_first_and_last_frames_are_counted():
    words = preprocessing.sampling_in_words(acts(0.9))
    assert "Over 2 acts the strength is 0.82 on average" in words and "1.00 in the middle half" in words
    assert "*first* evenly spaced frames 50 % show less than half of the expression, of the *last* ones 50 %." in words


@pytest.mark.parametrize("middle, apex, word", [(1.0, 1.0, "gains nothing"), (0.8, 0.9, "better than the middle")])
def test_the_largest_movement_is_praised_only_where_it_helps(middle, apex, word):
    strengths = acts(apex) | {"middle": np.full((2, 6), middle)}
    assert word in preprocessing.sampling_in_words(strengths)


def test_two_detectors_are_compared_where_both_find_a_face():
    small, large = Box(0, 0, 10, 10, 1.0), Box(0, 0, 20, 10, 1.0)
    words = preprocessing.two_detectors_in_words({"dlib": [[small], [small], []], "Haar": [[large, small], [], []]})
    assert "In 3 pictures dlib finds a face in **2**, Haar in **1**." in words
    assert "overlap by 0.50" in words and "Haar is 2.00 times as wide" in words
    assert "no picture in which both" in preprocessing.two_detectors_in_words({"dlib": [[small]], "Haar": [[]]})


def costs():
    def table(*recalls):
        return pd.DataFrame(
            {
                "detector": ["dlib", "dlib", "haar", "haar"],
                "width": [640, 320, 640, 320],
                "ms": [40.0, 4.0, 10.0, 8.0],
                "recall": recalls,
            }
        )

    return {"near": table(1, 1, 1, 1), "far": table(1, 0, 1, 0.75)}


def test_the_costs_are_one_table():
    table = preprocessing.cost_table(costs())
    assert list(table.columns) == ["detector", "width, pixels", "time, ms", "found, near", "found, far"]
    assert table.iloc[3].tolist() == ["Haar", 320, "8.0", "100 %", "75 %"]


def test_the_faster_detector_may_be_another_at_another_width():
    words = preprocessing.cost_in_words(costs())
    assert "At 640 pixels Haar takes 10.0 ms a picture, and dlib 4.0 times as long." in words
    assert "At 320 pixels dlib takes 4.0 ms a picture, and Haar 2.0 times as long." in words
    assert "dlib finds 100 % of the far faces at 640 pixels and 0 % at 320." in words


def shares(values):
    return pd.DataFrame(values, ["front", "turned"], ["light", "dark"], dtype=float)


def test_the_worst_row_and_the_groups_are_named():
    words = preprocessing.groups_in_words(
        {"dlib": shares([[1, 1], [0.5, 0.25]]), "Haar": shares([[1, 1], [0.5, 0.5]]), "both": shares(1.0)}
    )
    assert "**dlib** is worst with *turned*, 38 % found." in words
    assert "62 % of the faces with dark skin and 75 % of those with light skin" in words
    assert "**Haar** is worst with *turned*, 50 % found. Over all rows it finds as many of each group." in words
    assert "**both** finds every face." in words


def test_labels_are_told_apart_only_where_they_differ():
    by_label = pd.DataFrame({"dlib": [1.0, 0.95], "Haar": [0.8, 0.3]}, ["happy", "sad"])
    words = preprocessing.labels_in_words(by_label, 12)
    assert "**dlib** finds 98 % of the turned heads, and hardly more" in words
    assert "**Haar** finds 80 % of the faces labelled *happy* and 30 % of those labelled *sad*." in words
    assert "same 12 people" in words and "those that are easy to find" in words
    for least, told in ((0.91, False), (0.89, True)):
        words = preprocessing.labels_in_words(pd.DataFrame({"dlib": [1.0, least]}, ["happy", "sad"]), 12)
        assert ("labelled *happy* and" in words) == ("those that are easy to find" in words) == told
    alike = preprocessing.labels_in_words(by_label[["dlib"]], 1)
    assert "One person posed" in alike and "those that are easy to find" not in alike


@pytest.mark.parametrize(
    "before, after, word",
    [
        ([9, 8, 7, 6, 5], [9, 8, 7, 6, 5], "does not remove it"),
        ([9, 8, 7, 6, 5], [9, 7, 8, 5, 6], "a part of it"),
        ([9, 8, 7, 6, 5], [1, 1, 5, 1, 1], "nearly wholly"),
        ([9, 1, 7, 8, 6], [9, 8, 7, 6, 5], "hardly tells the tone"),
        ([9, 9, 9, 9, 9], [9, 8, 7, 6, 5], "hardly tells the tone"),
    ],
)
def test_what_standardising_does_to_the_tone_is_what_was_measured(before, after, word):
    words = preprocessing.tone_in_words([1, 2, 3, 4, 5], before, after)
    assert word in words and words.startswith("Over 5 people")


def test_a_tilt_is_weighed_against_the_error():
    small = preprocessing.tilt_in_words([12, -8], [10, -10], [1.0, -2.0])
    assert "the error is 2.0 degrees" in small and "by 2.4 pixels" in small
    assert "mostly add noise" in preprocessing.tilt_in_words([12, -8], [10, -10], [3.0, -4.0])
    assert "well above the error" in preprocessing.tilt_in_words([12, -8], [10, -10], [9.0, -7.0])
    assert "changes hardly" in preprocessing.tilt_in_words([10.1], [10], [2.9])
    assert "well above the error" in preprocessing.tilt_in_words([10.1], [10], [3.1])
    assert "no face was found" in preprocessing.tilt_in_words([12], [10], [])


@pytest.mark.parametrize(
    "sharpness, word",
    [([1, 1, 9, 9], "removes certain people, and not"), ([1, 9, 1, 9], "Hardly any"), ([1, 9, 4, 12], "A part of it")],
)
def test_who_a_person_is_shows_in_the_sharpness(sharpness, word):
    meta = pd.DataFrame({"actor": ["a", "a", "b", "b"], "sharpness": np.array(sharpness, float)})
    assert word in preprocessing.sharpness_in_words(meta)
    assert "of one person" in preprocessing.sharpness_in_words(meta.head(2))


@pytest.mark.parametrize(
    "between, word",
    [(0.51, "certain people, and not"), (0.49, "A part of it"), (0.11, "A part of it"), (0.09, "Hardly any")],
)
def test_most_is_a_half_and_hardly_any_is_below_a_tenth(between, word):
    away, within = between**0.5, (1 - between) ** 0.5
    sharpness = np.array([away + within, away - within, -away + within, -away - within])
    meta = pd.DataFrame({"actor": ["a", "a", "b", "b"], "sharpness": 10 + sharpness})
    assert word in preprocessing.sharpness_in_words(meta)


def test_a_correlation_of_one_half_tells_the_tone_and_one_below_a_fifth_does_not():
    half = [3, 2, 1, 6, 5, 4]  # 0.54; the other way round -0.54
    for before in (half, half[::-1]):
        assert "does not remove it" in preprocessing.tone_in_words([1, 2, 3, 4, 5, 6], before, half)
    people = [1, 2, 3, 4, 5, 6, 7]
    for after, word in (
        ([4, 3, 6, 2, 1, 7, 5], "a part of it"),
        ([2, 5, 6, 1, 4, 7, 3], "nearly wholly"),
    ):  # 0.21, 0.18
        assert word in preprocessing.tone_in_words(people, people, after)
        assert word in preprocessing.tone_in_words(people, people, after[::-1])
