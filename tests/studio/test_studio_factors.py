"""Factors and cameras: named, recorded, settable one by one, and true of the pixels."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
import json
import re

import cv2
from film_files import SMALL, pixels, videos
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pandas as pd
import pytest

from fer_utils import datasets, studio
from fer_utils.core import labels
from fer_utils.core.errors import FerError
from fer_utils.datasets import mead
from fer_utils.studio import layouts
from fer_utils.studio.acting import perform
from fer_utils.studio.expressions import MIDLINE
from fer_utils.studio.factors import FACTORS, OCCLUDERS, checked, conditions, stream
from fer_utils.studio.recording import identity_of

TAKES = {layout: layouts.takes(layout, layouts.ACTORS[layout][0], None) for layout in layouts.ACTORS}
EVERYBODYS = [take for actor in layouts.RAVDESS_ACTORS for take in layouts.takes("ravdess", actor, None)]


def drawn(factors, takes=EVERYBODYS, seed=1):
    return [conditions(take, seed, checked(factors)) for take in takes]


def numeric(name):
    return FACTORS[name].low is not None and name not in ("label_noise", "background", "compression")


NUMBERS = [name for name in FACTORS if numeric(name)]
LIGHT = studio.Light(azimuth=12.5, elevation=40.0, strength=0.7, ambient=0.4, warmth=0.2, exposure=0.9)


# --- drawn and set --------------------------------------------------------------------------


def test_every_factor_says_what_it_is_and_has_its_columns():
    row = conditions(TAKES["savee"][0], 0, {}).columns()
    columns = {
        "label_noise": ["true_expression"],
        "yaw": ["yaw_offset"],
        "pitch": ["pitch_offset"],
        "roll": ["roll_offset"],
        "light": [
            "light",
            *(f"light_{name}" for name in ("azimuth", "elevation", "strength", "ambient", "warmth", "exposure")),
        ],
        "background": ["background_red", "background_green", "background_blue"],
    }
    expected = [column for name in FACTORS for column in columns.get(name, [name])]
    assert sorted(row) == sorted(expected)
    assert all(f.description and f.unit and f.default for f in FACTORS.values())


@pytest.mark.parametrize("layout", ["ravdess", "savee", "mead"])
def test_by_default_an_eased_studio_without_tricks(layout):
    found = drawn({}, TAKES[layout])
    assert {c.markers for c in found} == {layout == "savee"}
    assert {(c.occlusion, c.compression, c.yaw, c.pitch, c.roll, c.light_name) for c in found} == {
        ("none", None, 0.0, 0.0, 0.0, "drawn")
    }
    assert [c.true_expression for c in found] == [take.expression for take in TAKES[layout]]
    assert len({c.background for c in found}) == 1 and len({c.light for c in found}) == len(
        {take.performance for take in TAKES[layout]}
    )
    for c in found:
        assert 1 <= c.noise <= 3 and 0 <= c.blur <= 0.35 and 0.25 <= c.speech <= 0.75 and 0.88 <= c.zoom <= 1.06
        assert 0.62 <= c.light.strength <= 0.68 and 0.42 <= c.light.ambient <= 0.46 and -50 <= c.light.azimuth <= 50
    assert np.std([c.light.azimuth for c in found]) == pytest.approx(3, rel=0.3)


SETTINGS = (
    [{name: FACTORS[name].low} for name in NUMBERS]
    + [{name: (FACTORS[name].low, FACTORS[name].high)} for name in NUMBERS]
    + [
        {"light": "left"},
        {"light": LIGHT},
        {"light": {"dim": 0.5}},
        {"background": (1, 2, 3)},
        {"background": ((0, 0, 0), (9, 9, 9))},
        {"markers": True},
        {"occlusion": "mask"},
        {"occlusion": {"hand": 0.5}},
        {"compression": 30},
        {"compression": (10, 90)},
        {"label_noise": 0.5},
    ]
)


@pytest.mark.parametrize("factors", SETTINGS, ids=str)
def test_setting_one_factor_leaves_every_other_as_it_was(factors):
    (name,) = factors
    fields = {"label_noise": ["true_expression"], "light": ["light", "light_name"]}.get(name, [name])
    before, after = drawn({}, TAKES["ravdess"]), drawn(factors, TAKES["ravdess"])
    assert any(getattr(a, f) != getattr(b, f) for a, b in zip(before, after, strict=True) for f in fields)
    assert [replace(a, **{f: getattr(b, f) for f in fields}) for a, b in zip(after, before, strict=True)] == before


@given(st.data(), st.sampled_from(NUMBERS))
@settings(max_examples=60, deadline=None)
def test_a_pair_is_drawn_between_its_ends_and_a_value_is_taken(data, name):
    low, high = FACTORS[name].low, FACTORS[name].high
    ends = sorted(data.draw(st.lists(st.floats(low, high), min_size=2, max_size=2)))
    values = [getattr(c, name) for c in drawn({name: tuple(ends)}, TAKES["ravdess"])]
    assert min(values) >= ends[0] and max(values) <= ends[1]
    assert {getattr(c, name) for c in drawn({name: ends[0]}, TAKES["ravdess"][:3])} == {float(ends[0])}


def test_a_pair_is_drawn_evenly_once_a_performance_and_under_its_own_seed():
    values = np.array([c.zoom for c in drawn({"zoom": (0.8, 1.2)})])
    assert np.abs(np.quantile(values, (0.1, 0.5, 0.9)) - (0.84, 1.0, 1.16)).max() < 0.02
    assert len(set(values)) > 1000
    assert drawn({"zoom": (0.8, 1.2)}) == drawn({"zoom": (0.8, 1.2)}) != drawn({"zoom": (0.8, 1.2)}, seed=2)
    both = drawn({"zoom": (0.8, 1.2), "blur": (0.8, 1.2)}, TAKES["ravdess"])
    assert abs(np.corrcoef([c.zoom for c in both], [c.blur for c in both])[0, 1]) < 0.4  # streams of their own


@pytest.mark.parametrize(
    "name, value, shares",
    [
        ("occlusion", {"hand": 0.1, "mask": 0.05}, {"hand": 0.1, "mask": 0.05, "glasses": 0.0, "none": 0.85}),
        ("occlusion", {"glasses": 1.0}, {"glasses": 1.0}),
        ("occlusion", None, {"none": 1.0}),
        ("occlusion", "hand", {"hand": 1.0}),
        ("light_name", {"left": 0.25, "dim": 0.25}, {"left": 0.25, "dim": 0.25, "drawn": 0.5}),
        ("light_name", "top", {"top": 1.0}),
    ],
)
def test_shares_are_shares_of_the_performances(name, value, shares):
    found = Counter(getattr(c, name) for c in drawn({name.split("_")[0]: value}))
    assert set(found) == {word for word, share in shares.items() if share}
    for word, share in shares.items():
        # Four standard deviations of a binomial count.
        assert abs(found[word] - 1440 * share) <= 4 * np.sqrt(1440 * share * (1 - share)) + 1e-9


def test_label_noise_is_a_share_spread_over_the_other_labels_and_grows_by_addition():
    none, some, more, all_ = (drawn({"label_noise": share}) for share in (0.0, 0.2, 0.5, 1.0))
    labelled = [take.expression for take in EVERYBODYS]
    wrong = [
        [one.true_expression != label for one, label in zip(found, labelled, strict=True)]
        for found in (none, some, more, all_)
    ]
    counts = [sum(w) for w in wrong]
    assert counts[0] == 0 and counts[3] == 1440 and abs(counts[1] - 288) < 62 and abs(counts[2] - 720) < 76
    for fewer, others in pairwise(wrong):
        assert all(b for a, b in zip(fewer, others, strict=True) if a)
    assert all(a.true_expression == b.true_expression for a, b, w in zip(some, all_, wrong[1], strict=True) if w)
    pairs = Counter((label, c.true_expression) for label, c in zip(labelled, all_, strict=True))
    assert len(pairs) == 56 and all(label != acted for label, acted in pairs)
    assert max(n for (label, _), n in pairs.items() if label != "neutral") < 60  # 192 / 7 = 27 expected


BAD = [
    ({"fog": 1}, "names among label_noise, speech, yaw"),
    ([("zoom", 1)], "None or a dict by the names of factors"),
    ({"zoom": 0.4}, "`factors['zoom']`. Expected a number from 0.5 to 1.5"),
    ({"zoom": (1.2, 0.8)}, "a pair (low, high)"),
    ({"zoom": (0.8, 1.0, 1.2)}, "a pair (low, high)"),
    ({"zoom": [0.8]}, "a pair (low, high)"),
    ({"noise": True}, "`factors['noise']`"),
    ({"noise": float("nan")}, "from 0 to 30"),
    ({"blur": "much"}, "`factors['blur']`"),
    ({"speech": -0.1}, "from 0 to 1"),
    ({"yaw": 61}, "from -60 to 60 (degrees)"),
    ({"label_noise": (0, 1)}, "`factors['label_noise']`. Expected a number from 0 to 1"),
    ({"label_noise": 1.5}, "from 0 to 1"),
    ({"compression": 0}, "None or a whole number from 1 to 100"),
    ({"compression": 50.5}, "whole number"),
    ({"light": "candle"}, "one of studio, left, right, top, flat, dim, a studio.Light"),
    ({"light": {"left": 0.7, "dim": 0.7}}, "together at most 1"),
    ({"light": studio.Light(azimuth=float("inf"))}, "finite"),
    ({"light": {}}, "`factors['light']`"),
    ({"occlusion": "beard"}, "one of hand, mask, glasses, None"),
    ({"occlusion": {"beard": 0.1}}, "`factors['occlusion']`"),
    ({"occlusion": {"hand": -0.1}}, "`factors['occlusion']`"),
    ({"occlusion": 0.2}, "`factors['occlusion']`"),
    ({"markers": 1}, "True or False"),
    ({"background": (0, 0)}, "(red, green, blue)"),
    ({"background": (0, 0, 256)}, "(red, green, blue)"),
    ({"background": ((9, 0, 0), (0, 9, 9))}, "(low, high) of two such colours"),
    ({"background": "white"}, "(red, green, blue)"),
]


@pytest.mark.parametrize("factors, says", BAD, ids=[str(case[0]) for case in BAD])
def test_an_impossible_factor_is_one_error_that_says_what_is_possible(factors, says, tmp_path):
    with pytest.raises(FerError, match=re.escape(says)) as caught:
        studio.film("ravdess", tmp_path / "f", factors=factors, **SMALL)
    assert str(caught.value).startswith("Invalid value for `factors") and not (tmp_path / "f").exists()


# --- on film --------------------------------------------------------------------------------


def redrawn(film, row, k):
    """A frame from its truth alone: (picture, landmarks)."""
    truth = film.frames(row.clip)
    units = {}
    for j, unit in enumerate(studio.ACTION_UNITS):
        right, left = map(float, truth["action_units"][k, :, j])
        units |= {unit: right} if unit in MIDLINE else {f"R{unit}": right, f"L{unit}": left}
    light = studio.Light(**{name: getattr(row, f"light_{name}") for name in vars(LIGHT)})
    yaw, pitch, roll = map(float, truth["pose"][k])
    extra = {"occlusion": None if row.occlusion == "none" else row.occlusion, "markers": bool(row.markers)}
    who = studio.person(row.identity_seed, presentation=row.sex)
    return studio.draw(
        who,
        units,
        size=(row.width, row.height),
        yaw=yaw,
        pitch=pitch,
        roll=roll,
        gaze=tuple(map(float, truth["gaze"][k])),
        light=light,
        background=(row.background_red, row.background_green, row.background_blue),
        shift=(row.shift_x, row.shift_y),
        zoom=row.zoom,
        truth=True,
        **extra,
    )


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """A film in which every factor is set or drawn otherwise, before three cameras."""
    factors = {
        "label_noise": 0.5,
        "speech": 1,
        "yaw": (-8, 8),
        "pitch": 3,
        "roll": (-10, 10),
        "light": {"left": 0.4, "dim": 0.2},
        "background": ((0, 60, 0), (60, 200, 60)),
        "markers": True,
        "occlusion": dict.fromkeys(OCCLUDERS, 0.3),
        "zoom": (0.8, 1.1),
        "shift_x": (-0.05, 0.05),
        "shift_y": 0.02,
        "blur": 0,
        "noise": 0,
        "compression": (90, 95),
    }
    return studio.film(
        "mead",
        tmp_path_factory.mktemp("odd") / "f",
        actors=2,
        clips_per_actor=4,
        frames=3,
        size=(160, 128),
        seed=4,
        views=["right_30", "front", "left_60"],
        factors=factors,
        workers=1,
        progress=False,
    )


def test_the_truth_is_enough_to_draw_every_frame_again(odd):
    assert set(odd.clips["occlusion"]) == {*OCCLUDERS, "none"} and set(odd.clips["light"]) == {"left", "dim", "drawn"}
    for row in odd.clips.itertuples():
        filmed = pixels(odd.root / row.clip)[..., ::-1]
        for k in range(3):
            picture, marks = redrawn(odd, row, k)
            assert np.allclose(marks, odd.frames(row.clip)["landmarks"][k], atol=1e-3)
            away = np.abs(filmed[k].astype(int) - picture).mean()
            other = np.abs(filmed[k].astype(int) - np.roll(picture, 6, axis=1)).mean()  # the head elsewhere
            assert away < 5 and away < 0.75 * other, (row.clip, k)  # what two codecs cost


def test_a_mislabelled_clip_keeps_its_name_and_acts_what_the_truth_says(odd):
    clips = odd.clips
    scanned = pd.DataFrame(datasets.scan("mead", odd.root)).set_index("clip").loc[list(clips["clip"])]
    assert scanned["expression"].tolist() == clips["expression"].tolist()
    wrong = clips[clips["expression"] != clips["true_expression"]]
    assert 0 < len(wrong) < len(clips) and odd.manifest["mislabelled"] == len(wrong)
    takes = {
        take.path: take
        for actor in odd.manifest["plan"]["actors"]
        for take in layouts.takes("mead", actor, 4, views=layouts.VIEWS)
    }
    for row in clips.itertuples():
        who = identity_of("mead", row.actor, 4)
        level = 1 if row.true_expression == "neutral" else row.intensity
        act = perform(
            who,
            row.true_expression,
            layout="mead",
            intensity=level,
            frames=3,
            rng=stream(takes[row.clip], 4, 2),
            speech=1,
            seconds=3.0,
        )
        assert np.array_equal(act.action_units, odd.frames(row.clip)["action_units"])


def test_the_table_the_plan_and_the_manifest_hold_the_factors(odd):
    clips = odd.clips
    assert set(FACTORS) <= {*clips.columns, "label_noise", "yaw", "pitch", "roll", "background"}
    assert (
        clips["compression"].between(90, 95).all()
        and (clips["speech"] == 1).all()
        and (clips["pitch_offset"] == 3).all()
    )
    assert clips["background_red"].between(0, 60).all() and clips["background_red"].nunique() > 3
    plan = json.loads((odd.root / "truth" / "plan.json").read_text())
    assert (
        plan["factors"]["zoom"] == {"low": 0.8, "high": 1.1} and plan["factors"]["occlusion"]["shares"]["hand"] == 0.3
    )
    assert plan["views"] == ["front", "left_60", "right_30"]
    assert odd.manifest["factors"]["noise"] == {"value": 0.0} and set(odd.manifest["factors"]) == set(FACTORS)


def test_other_factors_are_another_film(tmp_path):
    call = dict(actors=1, clips_per_actor=1, workers=1, **SMALL)
    film = studio.film("ravdess", tmp_path / "f", factors={"light": LIGHT}, **call)
    assert film.clips["light"].tolist() == ["given"] and film.clips["compression"].isna().all()
    assert studio.film("ravdess", tmp_path / "f", factors={"light": studio.Light(**vars(LIGHT))}, **call).filmed == 0
    with pytest.raises(FerError, match="different: factors"):
        studio.film("ravdess", tmp_path / "f", factors={"light": "left"}, **call)


def test_lens_sensor_and_recorder_do_what_their_names_say(tmp_path):
    def edges(**factors):
        clean = {"noise": 0, "blur": 0, "compression": None} | factors
        name = "-".join(f"{k}{v}" for k, v in factors.items()) or "clean"
        film = studio.film(
            "ravdess",
            tmp_path / name,
            actors=1,
            clips_per_actor=1,
            frames=2,
            size=128,
            factors=clean,
            workers=1,
            progress=False,
        )
        return pixels(film.root / film.clips["clip"].iloc[0]).astype(float)

    clean = edges()
    sharp = np.mean([cv2.Laplacian(frame, cv2.CV_64F).var() for frame in clean])
    assert np.mean([cv2.Laplacian(frame, cv2.CV_64F).var() for frame in edges(blur=3)]) < 0.4 * sharp
    for sigma, least, most in ((6, 2, 8), (20, 12, 25)):  # the codec takes some of the noise away
        left = edges(noise=sigma) - clean
        assert least < left.std() < most and abs(left.mean()) < 1 and left.max() < 128
    loss = [np.abs(edges(compression=quality) - clean).mean() for quality in (3, 40, 95)]
    assert loss[0] > 1.5 * loss[1] > 1.5 * loss[2]


# --- cameras --------------------------------------------------------------------------------


def test_the_studios_cameras_are_those_of_the_reader():
    assert tuple(layouts.VIEWS) == mead.VIEWS
    for view, (yaw, pitch) in layouts.VIEWS.items():
        assert (
            (yaw < 0) == view.startswith("left")
            and (yaw > 0) == view.startswith("right")
            and bool(pitch) == (view in ("top", "down"))
        )


def test_every_camera_films_the_same_performance(odd):
    assert (
        Counter(odd.clips["view"]) == {"front": 8, "left_60": 8, "right_30": 8}
        and odd.clips["performance"].nunique() == 8
    )
    assert all(mead.parse(name)["view"] in name for name in videos(odd.root))
    for _, group in odd.clips.groupby("performance"):
        rows = {row.view: row for row in group.itertuples()}
        truth = {view: odd.frames(row.clip) for view, row in rows.items()}
        front = truth["front"]
        for view in ("left_60", "right_30"):
            for name in ("action_units", "gaze", "apex", "time_s"):
                assert np.array_equal(truth[view][name], front[name])
            turn, lift = layouts.VIEWS[view]
            assert np.allclose(
                truth[view]["pose"], np.clip(front["pose"] + (turn, lift, 0), (-60, -30, -45), (60, 30, 45)), atol=1e-4
            )
            # The lamp stays in the room: it turns as the head does.
            assert rows[view].light_azimuth == pytest.approx(rows["front"].light_azimuth + turn, abs=2e-3)
            same = [
                "actor",
                "expression",
                "true_expression",
                "intensity",
                "occlusion",
                "zoom",
                "light",
                "light_strength",
                "yaw_offset",
            ]
            assert all(getattr(rows[view], name) == getattr(rows["front"], name) for name in same)
        assert (
            truth["left_60"]["landmarks"][0, 30, 0]
            < front["landmarks"][0, 30, 0]
            < truth["right_30"]["landmarks"][0, 30, 0]
        )


def test_cameras_of_one_performance_have_noise_of_their_own(tmp_path):
    film = studio.film(
        "mead",
        tmp_path / "f",
        actors=1,
        clips_per_actor=1,
        views=["front", "top"],
        workers=1,
        **SMALL,
        factors={"noise": 20, "background": (128, 128, 128)},
    )
    corner = [pixels(film.root / clip)[0, :12, :12].astype(float) for clip in film.clips["clip"]]
    assert abs(np.corrcoef(*[c.ravel() - c.mean() for c in corner])[0, 1]) < 0.5


@pytest.mark.parametrize(
    "layout, views, says",
    [
        ("mead", "front", "`views`. Expected a list"),
        ("mead", [], "at least one"),
        ("mead", ["front", "front"], "each once"),
        ("mead", ["left_45"], "'left_30', 'left_60'"),
        ("ravdess", ["top"], "'front' for layout 'ravdess'"),
        ("mead", 3, "`views`"),
    ],
)
def test_impossible_views_are_one_clear_error(layout, views, says, tmp_path):
    with pytest.raises(FerError, match=re.escape(says)):
        studio.film(layout, tmp_path / "f", views=views, **SMALL)
    assert not (tmp_path / "f").exists()


def test_a_whole_mead_has_its_performances_before_every_camera():
    takes = layouts.takes("mead", "M003", 670, views=layouts.VIEWS)
    assert len({take.path for take in takes}) == 7 * 670
    assert Counter(take.view for take in takes) == dict.fromkeys(layouts.VIEWS, 670)
    assert len({take.performance for take in takes}) == 670 and set(labels.MEAD) == {take.expression for take in takes}
    assert all(mead.name({**mead.parse(take.path)}) == take.path for take in takes[::50])
