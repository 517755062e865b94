"""The studio's people, action units, drawing and landmarks."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
import re
import subprocess
import sys

import cv2
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from patience import PATIENCE
import pytest

from fer_utils import studio
from fer_utils.core import labels
from fer_utils.core.errors import FerError
from fer_utils.studio.anatomy import face_of
from fer_utils.studio.expressions import INDEX, PROTOTYPES, as_array

ASKED = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 17, 20, 23, 24, 25, 26, 27, 43, 45)
ONE_SIDED = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 20, 43, 45)
seeds = st.integers(0, 500)


def marks(seed, units, **options):
    return studio.draw(studio.person(seed), units, size=96, truth=True, **options)[1]


def plain(seed):
    """A person whose two sides are exactly alike."""
    return dataclasses.replace(studio.person(seed), asymmetry=0.0)


# --- people ------------------------------------------------------------------


def test_a_seed_names_one_person_and_people_differ():
    people = [studio.person(seed) for seed in range(91)]
    assert people == [studio.person(seed) for seed in range(91)]
    shapes = {
        tuple(v for k, v in dataclasses.asdict(p).items() if k != "seed" and not isinstance(v, (list, tuple)))
        for p in people
    }
    assert len(shapes) == 91
    with pytest.raises(dataclasses.FrozenInstanceError):
        people[0].age = 3


def test_a_cast_of_forty_covers_tones_hair_beards_glasses_and_ages():
    people = [studio.person(seed) for seed in range(40)]
    assert {p.tone for p in people} == set(range(1, 11))
    assert {p.presentation for p in people} == {"female", "male"}
    assert len({p.hair_style for p in people}) >= 10
    assert {"none", "beard", "stubble"} <= {p.facial_hair for p in people}
    assert 2 <= sum(p.glasses != "none" for p in people) <= 16
    assert min(p.age for p in people) < 30 and max(p.age for p in people) > 50


@pytest.mark.parametrize("presentation", ["female", "male"])
def test_presentation_can_be_asked_for_and_beards_follow_it(presentation):
    people = [studio.person(seed, presentation=presentation) for seed in range(30)]
    assert {p.presentation for p in people} == {presentation}
    assert any(p.facial_hair != "none" for p in people) == (presentation == "male")


def test_pictures_of_different_people_differ_more_than_two_moments_of_one():
    grey = [cv2.cvtColor(studio.draw(studio.person(s), size=64), cv2.COLOR_RGB2GRAY).astype(float) for s in range(10)]
    moment = cv2.cvtColor(studio.draw(studio.person(0), {1: 0.2}, size=64), cv2.COLOR_RGB2GRAY).astype(float)
    own = np.abs(grey[0] - moment).mean()
    assert all(np.abs(grey[0] - other).mean() > 3 * own for other in grey[1:])


# --- action units and prototypes ---------------------------------------------


def test_every_asked_unit_is_named():
    assert set(ASKED) <= set(studio.ACTION_UNITS)
    assert studio.ACTION_UNITS[12] == "lip corner puller" and studio.ACTION_UNITS[1] == "inner brow raiser"


def test_prototypes_cover_the_labels_with_known_units():
    assert set(PROTOTYPES) == set(labels.ALL)
    for label in labels.ALL:
        as_array(studio.prototype(label))
    consistent = {
        "happy": {12, 25},
        "sad": {4, 15},
        "fearful": {1, 4, 20, 25},
        "angry": {4, 7, 24},
        "surprised": {1, 2, 25, 26},
        "disgust": {9, 10, 17},
    }  # Du, Tao & Martinez 2014, table 1
    for label, units in consistent.items():
        assert {unit for unit, _ in PROTOTYPES[label].always} == units
    right, left = as_array(studio.prototype("contempt"))
    assert left[INDEX[14]] > 0 == right[INDEX[14]]


def test_one_side_overrides_both_in_any_order():
    for units in ({12: 0.4, "L12": 0.9}, {"L12": 0.9, 12: 0.4}):
        assert as_array(units)[:, INDEX[12]].tolist() == [0.4, 0.9]


@pytest.mark.parametrize("unit", [u for u in ASKED if u != 45])
def test_each_unit_alone_changes_the_picture_and_more_of_it_changes_more(unit):
    who = studio.person(16)
    rest, half, full = (studio.draw(who, {unit: v}, size=160).astype(int) for v in (0.0, 0.5, 1.0))
    some, more = np.abs(half - rest).mean(), np.abs(full - rest).mean()
    assert more > some > 0.02


@given(seeds, st.floats(0.05, 1.0))
@settings(max_examples=8, deadline=None)
def test_units_move_what_their_names_say(seed, value):
    rest = marks(seed, {})
    assert (marks(seed, {12: value})[[48, 54], 1] < rest[[48, 54], 1]).all()  # lip corners up
    assert (marks(seed, {15: value})[[48, 54], 1] > rest[[48, 54], 1]).all()  # and down
    brow = marks(seed, {1: value})[:, 1] - rest[:, 1]
    assert (brow[[21, 22]] < 0).all() and (brow[[21, 22]] < brow[[17, 26]]).all()  # inner brow up
    brow = marks(seed, {2: value})[:, 1] - rest[:, 1]
    assert (brow[[18, 25]] < 0).all() and (brow[[18, 25]] < brow[[21, 22]]).all()  # outer brow up
    assert (marks(seed, {4: value})[[21, 22], 1] > rest[[21, 22], 1]).all()
    opened = marks(seed, {26: value})
    assert opened[66, 1] - opened[62, 1] > rest[66, 1] - rest[62, 1]
    assert opened[8, 1] > rest[8, 1]
    wide = marks(seed, {20: value})
    assert wide[54, 0] - wide[48, 0] > rest[54, 0] - rest[48, 0]


def eye_gap(points):
    return (points[[41, 40, 47, 46], 1] - points[[37, 38, 43, 44], 1]).mean()


@given(seeds)
@settings(max_examples=8, deadline=None)
def test_eyes_close_and_widen_in_order(seed):
    gaps = [eye_gap(marks(seed, {43: v})) for v in (0.0, 0.3, 0.6, 1.0)]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < 0.2 * gaps[0]
    assert eye_gap(marks(seed, {5: 1.0})) > gaps[0] > eye_gap(marks(seed, {7: 1.0}))


@given(seeds, st.dictionaries(st.sampled_from(ASKED), st.floats(0, 1), max_size=21))
@settings(max_examples=25, deadline=None)
def test_any_mixture_keeps_lips_and_lids_in_order_and_landmarks_inside(seed, units):
    points = marks(seed, units)
    assert np.isfinite(points).all() and (points > 0).all() and (points < 96).all()
    assert (points[[66, 65, 67], 1] >= points[[62, 63, 61], 1] - 1e-6).all()  # lower lip below upper
    assert (points[57, 1] >= points[66, 1]) and (points[51, 1] <= points[62, 1])
    assert (points[[41, 40, 47, 46], 1] >= points[[37, 38, 43, 44], 1] - 0.2).all()


MIRROR = (
    list(range(16, -1, -1))
    + list(range(26, 16, -1))
    + [27, 28, 29, 30, 35, 34, 33, 32, 31]
    + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
)


@given(seeds, st.floats(-30, 30), st.floats(-15, 15), st.floats(-20, 20), st.sampled_from(labels.ALL))
@settings(max_examples=15, deadline=None)
def test_mirrored_pose_and_sides_give_mirrored_landmarks(seed, yaw, pitch, roll, label):
    who = plain(seed)
    units = studio.prototype(label)
    other = {({"L": "R", "R": "L"}[k[0]] + k[1:] if isinstance(k, str) else k): v for k, v in units.items()}
    _, one = studio.draw(who, units, size=96, yaw=yaw, pitch=pitch, roll=roll, truth=True)
    _, two = studio.draw(who, other, size=96, yaw=-yaw, pitch=pitch, roll=-roll, truth=True)
    np.testing.assert_allclose(two[MIRROR] * (-1, 1) + (95, 0), one, atol=1e-6)


@given(seeds, st.integers(48, 160))
@settings(max_examples=10, deadline=None)
def test_landmarks_scale_with_the_picture(seed, size):
    _, small = studio.draw(studio.person(seed), size=size, truth=True)
    _, large = studio.draw(studio.person(seed), size=2 * size, truth=True)
    np.testing.assert_allclose((small + 0.5) * 2 - 0.5, large, atol=1.0)


def test_yaw_turns_the_nose_and_pitch_lifts_it():
    straight = marks(3, {})
    assert marks(3, {}, yaw=25)[30, 0] > straight[30, 0] > marks(3, {}, yaw=-25)[30, 0]
    assert marks(3, {}, pitch=12)[30, 1] < straight[30, 1] < marks(3, {}, pitch=-12)[30, 1]
    turned = marks(3, {}, roll=20)
    assert turned[45, 1] > straight[45, 1] and turned[36, 1] < straight[36, 1]


def test_landmarks_lie_on_the_drawn_pupils():
    picture, points = studio.draw(studio.person(16), {5: 0.5}, size=256, truth=True)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    for corners in ((36, 39), (42, 45)):
        x, y = points[list(corners)].mean(axis=0)
        assert grey[round(y), round(x)] < 70


# --- drawing -----------------------------------------------------------------


def test_a_picture_is_rgb_bytes_and_the_same_every_time():
    who = studio.person(7)
    units = {12: 1.0, 6: 0.8, "L4": 0.3}
    picture, points = studio.draw(who, units, yaw=9, pitch=-4, roll=5, light="left", truth=True)
    assert picture.shape == (256, 256, 3) and picture.dtype == np.uint8
    assert points.shape == (68, 2) and points.dtype == np.float64
    studio.draw(studio.person(8), units)
    again, points_again = studio.draw(who, dict(units), yaw=9, pitch=-4, roll=5, light="left", truth=True)
    assert picture.tobytes() == again.tobytes() and points.tobytes() == points_again.tobytes()
    assert studio.draw(who, size=(320, 180)).shape == (180, 320, 3)


def test_drawing_leaves_numpys_global_generator_alone():
    np.random.seed(4)
    before = np.random.get_state()[1].copy()
    studio.draw(studio.person(1234), {12: 1.0}, size=64)
    assert (np.random.get_state()[1] == before).all()


def test_light_falls_where_it_comes_from():
    who = plain(13)
    for name, brighter in (("left", slice(0, 128)), ("right", slice(128, 256))):
        picture, points = studio.draw(who, light=name, truth=True)
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        x0, x1 = points[:17, 0].min(), points[:17, 0].max()
        y = slice(int(points[28, 1]), int(points[33, 1]))
        left, right = grey[y, int(x0) + 8 : 127].mean(), grey[y, 128 : int(x1) - 8].mean()
        assert (left > right) == (name == "left"), brighter
    assert studio.draw(who, light="dim").mean() < studio.draw(who).mean()


def test_darker_tones_are_drawn_darker():
    who = studio.person(13)
    means = []
    for tone in range(1, 11):
        picture, points = studio.draw(dataclasses.replace(who, tone=tone), size=128, truth=True)
        x, y = points[30]
        means.append(picture[int(y) - 4 : int(y) + 4, int(x) - 4 : int(x) + 4].mean())
    assert all(a > b for a, b in pairwise(means))


@given(
    seeds,
    st.sampled_from([(-60, 0), (60, 0), (-30, 0), (30, 0), (0, 22), (0, -22), (45, 15)]),
    st.sampled_from(labels.ALL),
)
@settings(max_examples=20, deadline=None)
def test_meads_views_can_be_drawn_with_landmarks_inside_and_in_order(seed, view, label):
    yaw, pitch = view
    picture, points = studio.draw(
        studio.person(seed), studio.prototype(label), size=96, yaw=yaw, pitch=pitch, truth=True
    )
    assert picture.shape == (96, 96, 3)
    assert np.isfinite(points).all() and (points > 0).all() and (points < 96).all()
    # What lies behind the horizon is on it: nothing of the face turns back.
    for row in (points[17:22], points[22:27], points[36:40], points[42:46]):
        assert (np.diff(row[:, 0]) > -1.0).all()


def test_a_turned_nose_stands_out_from_the_head():
    for yaw, beyond in ((60, 1), (-60, -1)):
        who = studio.person(5)
        picture, points = studio.draw(who, yaw=yaw, truth=True)
        bare = studio.draw(dataclasses.replace(who, nose_depth=0.3), yaw=yaw)
        x, y = np.rint(points[30]).astype(int)
        assert (x - points[27, 0]) * beyond > 0
        assert np.abs(picture[y, x].astype(int) - bare[y, x]).sum() > 60


@pytest.mark.parametrize("occlusion", studio.OCCLUSIONS)
@pytest.mark.parametrize("seed", [1, 8, 24])
def test_what_stands_before_a_face_hides_it_and_leaves_the_landmarks(occlusion, seed):
    who = studio.person(seed)
    for options in ({}, {"yaw": 30, "pitch": -6}):
        free, points = studio.draw(who, {12: 1.0, 25: 0.7}, truth=True, **options)
        hidden, same = studio.draw(who, {12: 1.0, 25: 0.7}, occlusion=occlusion, truth=True, **options)
        assert points.tobytes() == same.tobytes()
        changed = np.abs(free.astype(int) - hidden).sum(axis=2) > 24
        centre = points[[33, 51, 57]] if occlusion != "glasses" else points[36:48]
        (x0, y0), (x1, y1) = np.rint(centre.min(axis=0)).astype(int), np.rint(centre.max(axis=0)).astype(int) + 1
        assert 0.01 < changed.mean() < 0.30
        if occlusion == "hand":
            assert changed[y0 : y1 + 12].mean() > 0.05
        else:
            assert changed[y0:y1, x0:x1].mean() > 0.6
        again = studio.draw(who, {12: 1.0, 25: 0.7}, occlusion=occlusion, **options)
        assert hidden.tobytes() == again.tobytes()


def test_markers_are_blue_and_move_with_the_face():
    def blue(picture):
        red, green, other = (picture[..., k].astype(int) for k in range(3))
        return (other > red + 40) & (other > green + 25)

    who = dataclasses.replace(studio.person(16), eye_colour="brown", clothes=(120, 60, 62))
    plain_, points = studio.draw(who, size=320, background=(180, 170, 160), truth=True)
    dotted, same = studio.draw(who, size=320, background=(180, 170, 160), markers=True, truth=True)
    assert points.tobytes() == same.tobytes()
    count, _, stats, _ = cv2.connectedComponentsWithStats(blue(dotted).astype(np.uint8))
    assert not blue(plain_).any() and 28 <= count - 1 <= 36 and stats[1:, cv2.CC_STAT_AREA].max() < 60
    smile = blue(studio.draw(who, {12: 1.0, 6: 1.0}, size=320, background=(180, 170, 160), markers=True))
    cheeks = slice(int(points[29, 1]), int(points[33, 1]))
    assert np.nonzero(smile[cheeks])[0].mean() != np.nonzero(blue(dotted)[cheeks])[0].mean()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_batch_is_byte_for_byte_what_single_draws_are(workers):
    people = [studio.person(seed) for seed in (3, 1, 3, 16, 1, 3)] * (1 if workers == 1 else 12)
    n = len(people)
    units = [studio.prototype(labels.ALL[k % len(labels.ALL)]) for k in range(n)]
    options = {
        "yaw": [float(k % 5) for k in range(n)],
        "gaze": [(0.1 * (k % 3), 0.0) for k in range(n)],
        "light": [("studio", "left")[k % 2] for k in range(n)],
        "occlusion": [(None, *studio.OCCLUSIONS)[k % 4] for k in range(n)],
        "markers": [k % 3 == 0 for k in range(n)],
    }
    pictures, points = studio.draw_batch(people, units, size=64, pitch=2.0, truth=True, workers=workers, **options)
    assert pictures.shape == (n, 64, 64, 3) and points.shape == (n, 68, 2)
    for k in range(n):
        one, marked = studio.draw(
            people[k], units[k], size=64, pitch=2.0, truth=True, **{name: values[k] for name, values in options.items()}
        )
        assert pictures[k].tobytes() == one.tobytes() and points[k].tobytes() == marked.tobytes()


def test_a_batch_takes_one_value_or_one_a_picture():
    who = studio.person(2)
    assert studio.draw_batch(who, [{12: 0.5}, {}], size=48).shape == (2, 48, 48, 3)
    assert studio.draw_batch(
        [who, studio.person(3)], size=(64, 48), yaw=np.array([0.0, 5.0]), background=np.full((2, 3), 90)
    ).shape == (2, 48, 64, 3)
    assert studio.draw_batch([], size=48).shape == (0, 48, 48, 3)


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda p: studio.draw_batch([p, p], [{}, {}, {}]), "`identities`. Expected one value, or 3 of them"),
        (lambda p: studio.draw_batch([p, "me"]), "`identity`"),
        (lambda p: studio.draw_batch(p, yaw=[0.0, 99.0]), "`yaw`. Expected degrees from -60 to 60"),
        (lambda p: studio.draw_batch(p, "happy"), "`action_units`"),
        (lambda p: studio.draw_batch(p, workers=0), "`workers`"),
        (
            lambda p: studio.draw(p, occlusion="hat"),
            "`occlusion`. Expected None, or one of hand, mask, glasses. Received: 'hat'",
        ),
        (lambda p: studio.draw(p, markers=2), "`markers`. Expected True or False"),
    ],
)
def test_bad_batches_and_props_are_one_clear_error(call, says):
    with pytest.raises(FerError, match=re.escape(says)):
        call(studio.person(0))


# --- bad input ---------------------------------------------------------------


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda p: studio.person(-1), "`seed`. Expected a whole number of 0 or more. Received: -1"),
        (lambda p: studio.person(2, presentation="robot"), "`presentation`"),
        (lambda p: studio.draw("me"), "`identity`"),
        (lambda p: studio.draw(p, {3: 1.0}), "a known action unit"),
        (lambda p: studio.draw(p, {"X12": 1.0}), "a known action unit"),
        (lambda p: studio.draw(p, {True: 1.0}), "a known action unit"),
        (lambda p: studio.draw(p, {"L26": 1.0}), "both sides at once for AU 26 (jaw drop)"),
        (lambda p: studio.draw(p, {12: 1.2}), "`action_units[12]`. Expected an intensity from 0 to 1. Received: 1.2"),
        (lambda p: studio.draw(p, {12: float("nan")}), "an intensity from 0 to 1"),
        (lambda p: studio.draw(p, [12]), "`action_units`"),
        (lambda p: studio.draw(p, size=20), "`size`. Expected pixels from 48"),
        (lambda p: studio.draw(p, size=99.5), "`size`"),
        (lambda p: studio.draw(p, yaw=90), "`yaw`. Expected degrees from -60 to 60. Received: 90"),
        (lambda p: studio.draw(p, pitch=float("nan")), "`pitch`"),
        (lambda p: studio.draw(p, light="moon"), "`light`. Expected one of studio"),
        (lambda p: studio.draw(p, zoom=3), "`zoom`"),
        (lambda p: studio.draw(p, gaze=(2, 0)), "`gaze`"),
        (lambda p: studio.draw(p, background=(1, 2)), "`background`"),
        (lambda p: studio.prototype("joy"), "`label`"),
        (lambda p: studio.prototype("happy", 2), "`strength`"),
    ],
)
def test_bad_input_is_one_clear_error(call, says):
    with pytest.raises(FerError, match=re.escape(says)):
        call(studio.person(0))


def test_importing_the_studio_is_cheap():
    code = (
        "import sys, fer_utils.studio as studio; studio.film, studio.draw, studio.draw_batch, studio.rehearse; "
        "print(sorted({'cv2', 'dlib', 'tensorflow', 'keras', 'pandas'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert out.stdout.strip() in ("[]", "['pandas']")  # the package itself may bring pandas


def test_the_face_model_is_pure_geometry():
    """Points follow from lengths and action units alone: not from colours, hair, glasses or an earlier face."""
    who, units = studio.person(5), as_array({12: 0.7})
    points = face_of(who, units).points.copy()
    # Another person's face and a picture of this one come between.
    face_of(studio.person(6), as_array({26: 1.0}))
    studio.draw(who, {12: 0.7}, size=64)
    assert np.array_equal(face_of(who, units).points, points) and np.array_equal(units, as_array({12: 0.7}))
    colours = {"tone": 9, "undertone": 0.5, "eye_colour": "green", "hair_colour": "white", "clothes": (0, 0, 0)}
    look = {**colours, "hair_style": "bald", "facial_hair": "beard", "freckles": 0.9, "glasses": "square", "age": 68.0}
    assert all(getattr(who, name) != value for name, value in look.items())
    assert np.array_equal(face_of(dataclasses.replace(who, **look), units).points, points)
    assert not np.array_equal(face_of(dataclasses.replace(who, mouth_width=0.3), units).points, points)
    assert not np.array_equal(face_of(who, as_array({12: 0.8})).points, points)
    # Seen from the front, the landmarks of a picture are these points, scaled and shifted.
    shown = studio.draw(who, {12: 0.7}, size=200, truth=True)[1]
    scale = np.ptp(shown, axis=0) / np.ptp(points, axis=0)
    assert scale[0] == pytest.approx(scale[1], rel=1e-3)
    assert np.allclose(shown - shown.mean(axis=0), scale * (points - points.mean(axis=0)), atol=0.05)
