"""Faces followed: ids that stay, ids that end, and scores that never pass from one person to another."""

from __future__ import annotations

import drawn
from hypothesis import example, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from fer_utils.core.errors import FerError
from fer_utils.live import scenes, smoothing, tracking
from fer_utils.live.smoothing import Smoother, flicker, lag, smooth, trade

pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")
pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")

HEAD, HIGH = 200, 80


def picture(*heads, size=(640, 360)):
    """Drawn heads, (seed, left), before a wall; a later one stands in front."""
    y, x = np.mgrid[: size[1], : size[0]]
    page = np.repeat((120 + 40 * np.sin(x / 37) + 30 * np.cos(y / 23)).astype(np.uint8)[..., None], 3, axis=2)
    y, x = np.mgrid[:HEAD, :HEAD]
    oval = ((x - HEAD / 2) / (0.36 * HEAD)) ** 2 + ((y - HEAD / 2) / (0.48 * HEAD)) ** 2 < 1
    for seed, left in heads:
        first, last = max(0, left), min(size[0], left + HEAD)
        if first < last:
            part, seen = page[HIGH : HIGH + HEAD, first:last], oval[:, first - left : last - left]
            part[seen] = drawn.face(seed, HEAD)[:, first - left : last - left][seen]
    return page


def threads(frames, **options):
    """{id: [(frame, middle of the box, lost)]} and the tracker, which has seen all frames."""
    tracker, found = tracking.Tracker("dlib", **options), {}
    for number, frame in enumerate(frames):
        for track in tracker.update(frame):
            found.setdefault(track.id, []).append((number, track.box.x + track.box.w / 2, track.lost))
    return found, tracker


def test_two_who_stay_keep_their_ids_and_few_looks_are_enough():
    found, tracker = threads([picture((1, 50 + 3 * k), (5, 380 - 3 * k)) for k in range(25)], every=10)
    assert sorted(found) == [1, 2] and tracker.ended == {} and tracker.looks == 3
    for history in found.values():
        assert [number for number, _, _ in history] == list(range(25)) and not any(lost for *_, lost in history)
    rows = {key: np.array([middle for _, middle, _ in history]) for key, history in found.items()}
    left = min(rows, key=lambda key: rows[key][0])
    # The flow moves the box as the head moves, between looks too.
    way = 3 * np.arange(25)
    assert (
        np.abs(rows[left] - (50 + HEAD / 2 + way)).max() < 12
        and np.abs(rows[3 - left] - (380 + HEAD / 2 - way)).max() < 12
    )


@pytest.mark.parametrize("step", [2, 6])
def test_two_who_cross_never_swap(step):
    """Whoever has an id stays the same person as long as the id lives."""
    ways = {1: [20 + step * k for k in range(400 // step)], 5: [420 - step * k for k in range(400 // step)]}
    found, _ = threads([picture(*((seed, way[k]) for seed, way in ways.items())) for k in range(400 // step)])
    owners = {}
    for key, history in found.items():
        for number, middle, lost in history:
            apart = {seed: abs(way[number] + HEAD / 2 - middle) for seed, way in ways.items()}
            if not lost and abs(ways[1][number] - ways[5][number]) > HEAD:
                owners.setdefault(key, set()).add(min(apart, key=apart.get))
    assert all(len(people) == 1 for people in owners.values()), owners
    assert {person for people in owners.values() for person in people} == {1, 5}
    assert len(owners) >= 3, "whoever was hidden comes back as somebody new"


def test_who_leaves_and_comes_back_is_somebody_new():
    lefts = [200 - 10 * k for k in range(40)] + [None] * 10 + [-180 + 10 * k for k in range(35)]
    found, tracker = threads([picture(*([] if left is None else [(1, left)])) for left in lefts])
    assert not any(number >= 50 for number, *_ in found[1]) and max(found) > 1
    assert tracker.tracks and tracker.tracks[0].id > 1


def test_a_cut_to_another_face_in_the_same_place_is_another_identity():
    found, _ = threads([picture((1 if k < 25 else 5, 200)) for k in range(50)])
    assert all(number < 25 or lost for number, _, lost in found[1])
    assert all(number >= 25 for number, *_ in found[2]) and len(found) == 2


def test_another_face_soon_after_in_the_same_place_is_another_identity():
    found, _ = threads([picture(*([(1, 200)] if k < 25 else [] if k < 30 else [(5, 204)])) for k in range(50)])
    assert all(number < 30 or lost for number, _, lost in found[1]) and len(found) == 2


def test_the_same_face_soon_after_is_the_same_and_says_that_its_thread_was_torn():
    frames = [picture(*([] if 25 <= k < 29 else [(1, 200)])) for k in range(45)]
    tracker, resumed = tracking.Tracker("dlib"), []
    for number, frame in enumerate(frames):
        (track,) = tracker.update(frame)
        assert track.id == 1
        resumed += [number] * track.resumed
    assert len(resumed) == 1 and resumed[0] >= 29


def test_people_who_act_keep_their_ids_and_a_cut_ends_them():
    """At 15 frames a second, where more happens between two frames.

    Each cut is to another face in the same place, under the same light.
    """
    acts = {
        person: scenes.acted(person, label, seconds=2.0, fps=15, size=300).frames
        for person, label in ((1, "happy"), (3, "disgust"), (6, "sad"), (9114, "surprised"))
    }
    for frames in acts.values():
        found, tracker = threads(frames, every=5)
        assert list(found) == [1] and tracker.ended == {} and not any(lost for *_, lost in found[1])
    for first in acts:
        for second in acts:
            if first != second:
                found, _ = threads([*acts[first][14:20], *acts[second][20:26]], every=30)
                assert not any(number >= 6 and not lost for number, _, lost in found[1]), (first, second)


@pytest.mark.parametrize("lost", [0, 3, 15])
def test_a_lost_face_is_dropped_after_so_many_frames(lost):
    frames = [picture((1, 200))] * 12 + [picture()] * 30
    found, tracker = threads(frames, lost=lost)
    assert max(how for *_, how in found[1]) == lost
    assert not tracker.tracks and tracker.ended == {"lost": 1}


def test_a_picture_of_another_size_begins_anew():
    tracker = tracking.Tracker("dlib")
    tracker.update(picture((1, 200)))
    (track,) = tracker.update(picture((1, 200), size=(648, 364)))
    assert track.id == 2 and tracker.ended == {"picture size": 1}


def test_every_sets_how_often_the_detector_looks():
    frames = [picture((1, 200))] * 13
    for every, looks in ((1, 13), (4, 4), (13, 1)):
        assert threads(frames, every=every)[1].looks == looks


@pytest.mark.parametrize("options", [{"every": 0}, {"every": 2.5}, {"lost": -1}, {"detector": "eyes"}])
def test_impossible_trackers(options):
    with pytest.raises(FerError):
        tracking.Tracker(**{"detector": "dlib", **options})


class Known(tracking.Detector):
    """Somebody's own detector: it knows where the face is."""

    name = "known"

    def __init__(self, *boxes):
        self.boxes, self.shapes = list(boxes), []

    def detect(self, rgb, *, thorough=False):
        self.shapes.append(rgb.shape)
        share = rgb.shape[1] / 1280
        return [tracking.Box(*(round(value * share) for value in box), 1.0) for box in self.boxes]


def test_somebodys_own_detector_is_shown_a_smaller_picture_and_its_boxes_are_scaled_back():
    big = np.repeat(np.repeat(picture((1, 200)), 2, axis=0), 2, axis=1)
    finder = Known((500, 240, 220, 220))
    (track,) = tracking.Tracker(finder).update(big)
    assert finder.shapes == [(360, 640, 3)] and track.box[:4] == (500, 240, 220, 220)


def test_boxes_that_cover_each_other_end_both_identities_and_a_lost_one_ends_alone():
    frame, apart, close = (
        picture((1, 200)),
        (80, 200, 240, 240),
        (460, 220, 240, 240),
    )  # `Known` tells them for 1280 pixels
    tracker = tracking.Tracker(Known(apart, close), every=2)
    assert [track.id for track in tracker.update(frame)] == [1, 2]
    tracker.tracks[0]._put((260, 110, 120, 120))
    tracker.tracks[0]._patch = None
    tracker.detector.boxes = [close]
    assert [track.id for track in tracker.update(frame)] == [3] and tracker.ended == {"crossed": 2}
    tracker.detector.boxes = [close, apart]
    tracker.update(frame), tracker.update(frame)
    one = next(track for track in tracker.tracks if track.id == 4)
    one._torn, one.lost = True, 1
    one._put((250, 110, 120, 120))
    tracker.detector.boxes = [close]
    assert [track.id for track in tracker.update(frame)] == [3] and tracker.ended == {"crossed": 2, "lost": 1}


def test_another_picture_in_the_box_tears_the_thread_even_where_the_points_come_back():
    tracker = tracking.Tracker("dlib")
    tracker.update(picture((1, 200)))
    (track,) = tracker.update(picture((1, 200)))
    assert track.lost == 0
    tracker.tracks[0]._patch = np.roll(tracker.tracks[0]._patch, tracking.PATCH // 2, axis=0)
    (track,) = tracker.update(picture((1, 200)))
    assert track.lost == 1 and track.id == 1


boxes = st.builds(
    tracking.Box, st.integers(-50, 300), st.integers(-50, 300), st.integers(1, 200), st.integers(1, 200), st.just(0.0)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(boxes, max_size=6), st.lists(boxes, max_size=6))
@example(  # the most overlap in all would be two pairs, one of them too weak
    known=[tracking.Box(41, -1, 131, 67, 0.0), tracking.Box(86, -15, 114, 33, 0.0)],
    found=[tracking.Box(101, 0, 5, 32, 0.0), tracking.Box(80, -15, 186, 67, 0.0)],
)
def test_the_assignment_gives_each_face_at_most_one_box_and_never_a_distant_one(known, found):
    pairs = tracking._assigned(known, found)
    assert len(set(pairs.values())) == len(pairs)
    assert all(known[row].overlap(found[column]) > tracking.SAME for row, column in pairs.items())
    alone = [(r, c) for r in range(len(known)) for c in range(len(found)) if known[r].overlap(found[c]) > tracking.SAME]
    assert bool(pairs) == bool(alone)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.8, 1.25), st.floats(-20, 20), st.floats(-20, 20), st.integers(0, 99))
def test_the_spread_of_points_is_their_scale_wherever_they_go(scale, right, down, seed):
    points = np.random.default_rng(seed).uniform(0, 100, (20, 2))
    assert tracking._spread(points * scale + (right, down), points) == pytest.approx(scale)


# --- smoothing --------------------------------------------------------------------------------


def test_thirty_and_sixty_frames_a_second_agree():
    """The same scores, held as long, sampled twice as often: the same smoothed scores at the same times."""
    rng = np.random.default_rng(0)
    slow = rng.dirichlet(np.ones(5), 40)
    at = np.arange(40) / 30
    twice, often = np.repeat(slow, 2, axis=0)[1:], np.arange(79) / 60
    assert np.allclose(smooth(twice, often)[::2], smooth(slow, at), atol=1e-12)
    # And one that counts frames does not: it would smooth twice as fast.
    by_frames = [slow[0]]
    for row in twice[1:]:
        by_frames.append(by_frames[-1] + 0.2 * (row - by_frames[-1]))
    assert not np.allclose(np.array(by_frames)[::2], smooth(slow, at), atol=1e-2)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.001, 3), min_size=1, max_size=20), st.floats(0, 2), st.integers(0, 99))
def test_smoothed_probabilities_are_probabilities_between_those_seen(steps, constant, seed):
    times, scores = np.cumsum(steps), np.random.default_rng(seed).dirichlet(np.ones(4), len(steps))
    made = smooth(scores, times, constant)
    assert np.allclose(made.sum(axis=1), 1)
    assert (made <= np.maximum.accumulate(scores) + 1e-12).all() and (
        made >= np.minimum.accumulate(scores) - 1e-12
    ).all()
    if not constant:
        assert np.array_equal(made, scores)


def test_a_step_follows_the_formula_and_a_lost_frame_costs_nothing():
    keeper = Smoother(0.25)
    keeper(np.array([1.0, 0.0]), 5.0)
    assert keeper(np.array([0.0, 1.0]), 5.5)[1] == pytest.approx(1 - np.exp(-2))
    # Scores that stood still in between come to the same whether they were asked for or not.
    other = Smoother(0.25)
    other(np.array([1.0, 0.0]), 5.0)
    other(np.array([0.0, 1.0]), 5.2)
    assert other(np.array([0.0, 1.0]), 5.5) == pytest.approx(keeper.value)
    keeper.reset()
    assert np.array_equal(keeper(np.array([0.3, 0.7]), 1.0), [0.3, 0.7])


def test_lag_is_the_time_constant_and_flicker_counts_changes():
    times = np.arange(300) / 30
    wave = 0.5 + 0.4 * np.sin(2 * np.pi * times / 6)
    scores = np.stack([wave, 1 - wave], axis=1)
    assert lag(scores, scores, times) == 0
    assert lag(scores[:, :], smooth(scores, times, 0.3), times) == pytest.approx(0.3, abs=0.07)
    assert flicker(scores, times) == pytest.approx(np.count_nonzero(np.diff(scores.argmax(axis=1))) / times[-1])
    assert np.isnan(flicker(scores[:1], times[:1])) and np.isnan(lag(scores[:2], scores[:2], times[:2]))
    assert np.isnan(lag(np.ones((9, 2)), np.ones((9, 2)), times[:9]))


def test_the_trade_of_flicker_against_lag():
    times = np.arange(240) / 30
    wave = 0.5 + 0.4 * np.sin(2 * np.pi * times / 4)
    noisy = np.clip(wave + np.random.default_rng(1).normal(0, 0.2, len(wave)), 0, 1)
    scores = np.stack([noisy, 1 - noisy], axis=1)
    table = trade([(scores, times), (scores[:1], times[:1])], (0, 0.1, 0.3, 0.6))
    assert list(table.columns) == ["constant", "flicker", "lag"] and table["lag"][0] == 0
    assert (
        table["flicker"].is_monotonic_decreasing
        and table["lag"].is_monotonic_increasing
        and table["flicker"][3] < table["flicker"][0] / 3
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda: Smoother(-1),
        lambda: Smoother(float("nan")),
        lambda: Smoother("fast"),
        lambda: Smoother(True),
        lambda: smooth(np.ones((3, 2)), [0, 1]),
        lambda: smooth(np.ones((3, 2)), [0, 2, 1]),
        lambda: smooth([[0.5, np.nan]], [0.0]),
        lambda: smooth([[0.5], [0.5]], [0.0, np.nan]),
        lambda: lag(np.ones((3, 2)), np.ones((4, 2)), [0, 1, 2]),
        lambda: flicker([[0.5, 0.5], [np.nan, np.nan], [0.1, 0.9]], [0, 1, 2]),
    ],
)
def test_impossible_smoothing(call):
    with pytest.raises(FerError, match="Invalid value"):
        call()


def test_another_number_of_classes_is_refused():
    keeper = Smoother()
    keeper(np.ones(3) / 3, 0.0)
    with pytest.raises(FerError, match="as many as before"):
        keeper(np.ones(4) / 4, 0.1)
    assert smoothing.TIME_CONSTANT == 0.25
