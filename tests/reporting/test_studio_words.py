"""What the appendix on the studio says of its measurements."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from fer_utils import studio
from fer_utils.core import labels
from fer_utils.reporting import studio_words

WHO = replace(studio.person(12), age=30, glasses="none", facial_hair="none", presentation="female", tone=3)


def test_the_cast_is_counted():
    other = replace(WHO, age=61, glasses="round", facial_hair="beard", presentation="male", tone=4)
    words = studio_words.cast_in_words([WHO, other, replace(other, glasses="none")])
    assert "between 30 and 61" in words and "1 are presented as women and 2 as men" in words
    assert "1 wear glasses, and 2 have a beard" in words and "worn by 0 to 2" in words


def test_a_stretched_mouth_moves_more_than_tightened_lips():
    moved = studio_words.landmark_movement(WHO)
    assert set(moved.index) == set(studio.ACTION_UNITS) and moved.is_monotonic_decreasing
    assert moved[27] > 3 * moved[23] > 0


def test_the_largest_and_the_smallest_movements_are_named():
    words = studio_words.movement_in_words(pd.Series({27: 0.331, 12: 0.2, 14: 0.049, 25: 0.02, 23: 0.01}))
    assert "AU 27 (mouth stretch) moves it by 33 %" in words
    assert "With AU 23, 25, 14 none" in words and "4.9 %" in words


def test_what_the_detector_finds_is_told_by_camera():
    found = dict(zip(("front", "left_30", "right_30", "top", "down", "left_60", "right_60"), range(7), strict=True))
    words = studio_words.found_in_words(found, 8)
    assert "in 0 of 8 people from the front" in words and "finds 1 and 2, from above 3, from below 4" in words
    assert "outer cameras it finds 5 and 6" in words


def clip(closed):
    units = np.zeros((10, 2, len(studio.ACTION_UNITS)))
    units[:closed, :, list(studio.ACTION_UNITS).index(45)] = 0.51
    units[closed:, :, list(studio.ACTION_UNITS).index(45)] = 0.49
    return {"apex": np.array([0.49] * 7 + [0.51] * 3), "action_units": units}


def test_the_frames_that_show_the_label_are_counted():
    words = studio_words.clip_in_words(clip(2), "happy")
    assert "In 3 of the clip's 10 frames" in words and "other 7 the label" in words
    assert "In 2 the eyes are more than half closed" in words
    assert "In none are the eyes closed" in studio_words.clip_in_words(clip(0), "happy")


def test_every_label_has_a_recipe_and_every_factor_a_description():
    table = studio_words.recipes()
    assert list(table.index) == list(labels.ALL) and table.loc["neutral"].tolist() == ["none", "none"]
    assert table.loc["happy", "always: AU (intensity)"].startswith("12\u00a0(0.95)")
    assert list(studio_words.factors().index) == list(studio.FACTORS)
    assert "text-align: left" in studio_words.left_aligned(table).to_html()
