"""Each sentence about live pictures stands for one outcome, and for no other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fer_utils.core.errors import FerError
from fer_utils.reporting import live_sentences


def frames(work, *, looked=None, classify=1.0, write=0.0):
    work = np.asarray(work, float)
    looked = np.zeros(len(work), bool) if looked is None else np.asarray(looked)
    return pd.DataFrame({"work": work, "looked": looked, "classify": classify, "write": write})


@pytest.mark.parametrize(
    "classify, words",
    [
        (0.5, "5.0 % of the work. To halve it saves 2.5 %: next"),
        (0.99, "next to nothing"),
        (1.01, "a part, and"),
        (4.0, "saves 20.0 %: a part"),
        (4.99, "a part, and"),
        (5.01, "the largest saving"),
        (6.0, "saves 30.0 %: the largest"),
    ],
)
def test_what_halving_the_network_saves(classify, words):
    assert words in live_sentences.network_share(frames([10, 10], classify=classify))


@pytest.mark.parametrize("wall, words", [(12.4, "had little else"), (12.6, "waited for other programs")])
def test_whether_the_machine_was_busy(wall, words):
    told = live_sentences.machine(frames([wall]), frames([10.0]))
    assert words in told and f"a frame takes {wall} ms; in a second run" in told and "10.0 ms: the machine" in told


@pytest.mark.parametrize(
    "work, write, words", [(20, 1, "late without it"), (10, 9, "compressed at the end"), (10, 5, "still fit")]
)
def test_whether_a_film_can_be_written(work, write, words):
    told = live_sentences.writing(frames([work]), frames([work], write=write), limit_ms=16.7)
    assert words in told and f"take {write:.1f} ms more" in told


@pytest.mark.parametrize(
    "work, looked, words",
    [
        ([1, 2, 3], [1, 0, 0], "No frame was late."),
        ([9, 2, 3], [1, 0, 0], "The late frame ran the detector."),
        ([9, 9, 3], [1, 1, 0], "Each of the late frames"),
        ([9, 9, 3, 3], [1, 0, 0, 0], "Of 2 late frames 1 had no run"),
        ([9, 8, 7], [1, 0, 0], "does not keep up"),
    ],
)
def test_which_frames_are_late(work, looked, words):
    assert words in live_sentences.late_frames(frames(work, looked=np.array(looked, bool)), limit_ms=5)


def test_followed_boxes_beside_found_ones():
    told = live_sentences.followed_boxes({3: np.array([0.9, 0.8]), 30: np.array([])})
    assert told == "every 3 frames: mean 0.85, least 0.80."
    assert live_sentences.followed_boxes({3: np.array([])}).startswith("No face")


@pytest.mark.parametrize(
    "raw, smoothed, words",
    [
        (0.5, 0.5, "changed nothing"),
        (0.5, 0.519, "need not be right"),
        (0.5, 0.481, "need not be right"),
        (0.5, 0.521, "outvoted by"),
        (0.5, 0.6, "outvoted by"),
        (0.5, 0.4, "made it worse"),
    ],
)
def test_smoothing_is_right_more_often_or_not(raw, smoothed, words):
    assert words in live_sentences.steadiness(raw, smoothed)


def test_what_is_no_share_is_refused():
    with pytest.raises(FerError, match="shares, 0 to 1"):
        live_sentences.steadiness(50, 60)


@pytest.mark.parametrize(
    "low, high, words", [(0.01, 0.2, "holds on"), (-0.2, -0.01, "refuted"), (-0.1, 0.1, "is not decided: the interval")]
)
def test_an_interval_decides_a_claim_or_does_not(low, high, words):
    told = live_sentences.decided({"value": 0.034, "low": low, "high": high, "groups": 5}, claim="It")
    assert words in told and told.startswith(
        f"+3.4 points (95 % interval {100 * low:+.1f} to {100 * high:+.1f}, over 5"
    )
    assert "one person" in live_sentences.decided({"value": 0.1, "low": None, "high": None, "groups": 1})


def test_whether_the_boxes_changed_a_label():
    assert "no label changed" in live_sentences.boxes_matter(1.0)
    assert "enough to change" in live_sentences.boxes_matter(0.99)


@pytest.mark.parametrize(
    "shares, words",
    [
        ([0.2, 0.6], "in 20 % of the pictures, for another in 60 %. The overall"),
        ([0.5, 0.519], "no difference"),
        ([0.5, 0.521], "for nobody"),
    ],
)
def test_for_whom_a_network_is_right(shares, words):
    assert words in live_sentences.people_differ(pd.Series(shares), 0.41)
