"""Which sentence of chapter 1 holds, the numbers decide."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from fer_utils.reporting import dataset_tour


def test_the_commonest_label_is_what_an_accuracy_has_to_beat():
    clips = pd.DataFrame({"expression": ["sad", "sad", "calm", "happy"], "actor": ["1", "2", "1", "1"]})
    design = pd.DataFrame({"normal": [4, 4], "strong": [0, 4]}, index=["neutral", "sad"])
    words = dataset_tour.balance_in_words(clips, design)
    assert "of one actor**" in dataset_tour.balance_in_words(clips.head(1), design)
    assert "4 clips of 2 actors" in words and "50.0 % of the clips" in words and "would be 66.7 %" in words


@pytest.mark.parametrize(
    "people, labels, word",
    [
        (0.98, 0.01, "says who it is"),
        (0.1, 0.6, "goes with the label"),
        (0.3, 0.25, "Neither"),
        (math.nan, math.nan, "does not vary"),
        (0.0, 0.2, "more people are needed"),
    ],
)
def test_brightness_belongs_to_people_or_to_labels(people, labels, word):
    assert word in dataset_tour.brightness_in_words(people, labels)


def shares(nearest, act, person):
    return {"any other face": nearest, "another act": act, "another person": person}


@pytest.mark.parametrize(
    "measured, acts, word",
    [
        (shares(0.86, 0.29, 0.26), 3, "when the act itself is left out"),
        (shares(0.86, 0.80, 0.26), 3, "when the person is left out"),
        (shares(0.86, 0.55, 0.26), 3, "about as much again"),
        (shares(0.91, 0.02, 0.15), 1, "middle number means nothing"),
        (shares(0.30, 0.29, 0.26), 3, "little would leak"),
        (shares(0.355, 0.29, 0.26), 3, "little would leak"),
        (shares(0.365, 0.29, 0.26), 3, "about as much again"),
        ({"any other face": 0.9, "another act": 0.3}, 3, "Too few"),
    ],
)
def test_where_the_neighbours_help_ends_is_said(measured, acts, word):
    words = dataset_tour.neighbours_in_words(measured, 0.128, acts=acts)
    assert word in words
    assert ("12.8 %" in words) == (len(measured) == 3)


@pytest.mark.parametrize(
    "share, people, word",
    [
        (0.96, 24, "is usually the same person"),
        (0.51, 24, "is usually the same"),
        (0.5, 24, "often another person"),
        (1.0, 1, "There is one person"),
    ],
)
def test_whose_face_is_near_is_said(share, people, word):
    assert word in dataset_tour.same_person_in_words(share, people)


def test_the_readings_of_sad_faces_are_the_stored_ones():
    assert "0.15 for sad of normal intensity, 0.59 for strong sad and 2.13" in dataset_tour.sad_faces_in_words()
