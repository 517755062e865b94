"""What is remarked on about a video, from what a pass over it has shown."""

from __future__ import annotations

import math

import pytest

from fer_utils.faces.reading import Facts, Reading, is_time, remark, remark_on_length, seconds

STAMPED = {"rate": 25.0, "first": (0, 0.0), "last": (99, 3.96)}


def kinds(**facts):
    into = Reading()
    known = remark(into, Facts(**{**STAMPED, **facts}))
    assert known == (facts["total"] > 0) and into.n_frames == facts["total"]
    return [note.kind for note in into.notes]


@pytest.mark.parametrize(
    "announced, total, lost, told",
    [
        (100, 100, 0, []),
        (100, 95, 0, []),
        (100, 94, 0, ["truncated"]),
        (100, 90, 5, ["damaged"]),
        (100, 90, 4, ["damaged", "truncated"]),
        (20, 18, 0, []),
        (20, 17, 0, ["truncated"]),
        (10, 7, 0, ["truncated"]),
        (0, 100, 0, []),
        (100, 120, 0, []),
        (100, 0, 0, ["unreadable"]),
    ],
)
def test_a_video_is_cut_short_where_more_than_a_twentieth_is_missing_and_more_than_two_frames(
    announced, total, lost, told
):
    assert kinds(announced=announced, total=total, lost=lost) == told


@pytest.mark.parametrize("rate, told", [(29.9, []), (30.1, ["frame rate"]), (20.9, []), (20.8, ["frame rate"])])
def test_a_rate_may_differ_from_the_time_stamps_by_a_fifth(rate, told):
    assert kinds(announced=100, total=100, rate=rate) == told


def test_a_single_frame_has_no_rate():
    assert kinds(announced=1, total=1, rate=math.nan, first=None, last=None) == []
    assert kinds(announced=2, total=2, rate=math.nan, first=None, last=None) == ["frame rate"]


@pytest.mark.parametrize(
    "lost, words",
    [(1, "1 frame among the others cannot be decoded"), (2, "2 frames among the others cannot be decoded")],
)
def test_what_is_lost_is_counted(lost, words):
    into = Reading()
    remark(into, Facts(announced=100, total=100 - lost, lost=lost, **STAMPED))
    assert [tuple(note) for note in into.notes] == [("damaged", words, f"sampled from the {100 - lost} others")]


@pytest.mark.parametrize("total, left", [(0, "left out"), (3, "these frames left out")])
def test_frames_that_are_too_large_are_all_that_is_told(total, left):
    into = Reading()
    assert remark(into, Facts(announced=100, total=total, lost=2, too_large="9 x 9 pixels")) == (total > 0)
    assert [(note.kind, note.action) for note in into.notes] == [("unreadable", left)]


def test_a_clip_is_short_where_it_has_fewer_frames_than_are_wanted():
    into = Reading(n_frames=1)
    remark_on_length(into, 6, 6)
    assert into.notes == []
    remark_on_length(into, 1, 6)
    assert [tuple(note) for note in into.notes] == [("short clip", "1 frame in the clip, 6 wanted", "1 taken")]


def test_a_time_is_the_stamp_or_else_the_frame_over_the_rate():
    assert [is_time(stamp, index) for stamp, index in ((0, 0), (0, 1), (0.04, 1), (-1, 0), (math.inf, 3))] == [
        True,
        False,
        True,
        False,
        False,
    ]
    assert seconds(0.12345678, 3, 25.0) == 0.123457
    assert seconds(0.0, 3, 25.0) == 0.12 and seconds(math.nan, 2, 30.0) == 0.066667
    assert [seconds(0.0, 3, rate) for rate in (0.0, -25.0, math.nan, math.inf)] == [0.0] * 4
