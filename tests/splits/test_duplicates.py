"""Near-duplicates are found, other people and expressions are not; what stands on both sides of a split is named."""

from __future__ import annotations

import re
import tarfile
import tracemalloc

from hypothesis import assume, given, settings
from hypothesis import strategies as st
import numpy as np
import pandas as pd
import pytest

from fer_utils import datasets, splits, studio
from fer_utils.core.errors import FerError
from fer_utils.faces import Box, crop, prepare
from fer_utils.splits import likeness, near_duplicates

cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")

#: Action units of clearly different faces.
FACES = {
    "neutral": {},
    "happy": {12: 0.8, 6: 0.6},
    "surprised": {1: 0.8, 2: 0.8, 5: 0.5, 26: 0.7},
    "angry": {4: 0.8, 7: 0.6, 23: 0.6},
    "sad": {1: 0.7, 4: 0.4, 15: 0.7},
}


def face(seed, units, size=180):
    """(size, size) uint8 of a drawn person, cut out where every face is: aligned as tightly as faces can be."""
    picture = studio.draw(studio.person(seed), units, size=256)
    return crop(picture, Box(62, 70, 132, 132, 0), size=size)


@pytest.fixture(scope="module")
def people():
    """(60, 180, 180): twelve people with five expressions each, and (person, expression) of each."""
    who = [(seed, name) for seed in range(12) for name in FACES]
    return np.stack([face(seed, FACES[name]) for seed, name in who]), who


def noisy(image, spread, seed=0):
    return np.clip(image + np.random.default_rng(seed).normal(0, spread, image.shape), 0, 255).astype(np.uint8)


def recoded(image, quality):
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE)


def through_48(image):
    return cv2.resize(cv2.resize(image, (48, 48), interpolation=cv2.INTER_AREA), image.shape[::-1])


# --- what is near and what is not -----------------------------------------------------------


@pytest.mark.parametrize(
    "change, least",
    [
        (lambda image: recoded(image, 90), 1),
        (lambda image: recoded(image, 30), 1),
        (lambda image: noisy(image, 5), 1),
        (through_48, 0.9),
        (lambda image: (image * 0.8 + 10).astype(np.uint8), 1),
        (lambda image: np.clip(image.astype(int) + 12, 0, 255).astype(np.uint8), 1),
        (lambda image: cv2.GaussianBlur(image, (0, 0), 1.0), 1),
        (lambda image: image[:, ::-1], 1),
        (lambda image: recoded(image[:, ::-1], 30), 1),
    ],
    ids=["jpeg 90", "jpeg 30", "noise", "48 pixels", "flatter", "lighter", "blurred", "mirrored", "mirrored jpeg 30"],
)
def test_altered_copies_are_found_and_nobody_else(people, change, least):
    images, who = people
    pairs = near_duplicates.find(np.concatenate([images, np.stack([change(image) for image in images])]))
    own = pairs["second"] == pairs["first"] + len(images)
    assert own.sum() >= least * len(images)
    person = [seed for seed, _ in who] * 2
    assert all(person[i] == person[j] for i, j in zip(pairs["first"], pairs["second"], strict=True))
    assert not pairs["identical"].any() and (pairs["likeness"] >= near_duplicates.LEAST_LIKENESS).all()


def test_other_people_are_not_near(people):
    """Not only not found: with room to spare.  Expressions of one person, and nothing else moved, mostly are not."""
    images, who = people
    symmetric = ((images.astype(int) + images[:, :, ::-1]) // 2).astype(np.uint8)
    for name, pictures in (("drawn", images), ("perfectly symmetric", symmetric)):
        pairs = near_duplicates.find(pictures, least=0.9, progress=False)
        one = np.array([who[i][0] == who[j][0] for i, j in zip(pairs["first"], pairs["second"], strict=True)], bool)
        near = pairs["likeness"] >= near_duplicates.LEAST_LIKENESS
        assert pairs["likeness"][~one].max() < near_duplicates.LEAST_LIKENESS - 0.005, name
        assert near[one].sum() <= 0.15 * 12 * 10, name  # of 12 people's ten pairs each


def test_the_one_that_is_mirrored_is_named_so(people):
    images = np.stack([people[0][0], people[0][0][:, ::-1], noisy(people[0][0], 2)])
    pairs = near_duplicates.find(images)
    assert pairs[["first", "second", "mirrored", "identical"]].values.tolist() == [
        [0, 1, True, False],
        [0, 2, False, False],
        [1, 2, True, False],
    ]
    assert pairs["likeness"][0] == pytest.approx(1, abs=1e-3)
    for train, test in (([0], [1]), ([1], [0])):  # whichever of the two is the mirrored one
        closest = near_duplicates.nearest(images, train, test)
        assert closest[["test_row", "train_row", "mirrored"]].values.tolist() == [[test[0], train[0], True]]


def test_the_search_alone_would_not_do(people):
    """Why there is a second look: of faces cut out alike, many pairs of people have coarse pictures that correlate."""
    seen = near_duplicates.looks(people[0], progress=False)
    rows = np.arange(len(seen))
    candidates = sum(len(first) for first, *_ in near_duplicates._candidates(seen, rows, rows, False, True))
    assert candidates > 100 > len(near_duplicates.find(seen, progress=False))


# --- the search against the plain way -------------------------------------------------------


def plainly(seen, least):
    """All pairs, one by one: the likeness, of the second as it is or mirrored, and which of the two it is.

    Only of those whose coarse pictures correlate when one is moved by a cell, as the module says of its search.
    """
    found = {}
    for i in range(len(seen)):
        for j in range(i + 1, len(seen)):
            for mirrored in (False, True):
                mine = seen.coarse[i][:, ::-1] if mirrored else seen.coarse[i]
                still = likeness.windows(seen.coarse[j : j + 1])
                moved = [likeness.windows(mine[None], y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
                alike = seen.likeness([i], [j], mirrored)[0]
                coarse = max(float((way * still).sum()) for way in moved)
                # Summed in another order, a number at a limit may fall on its other side.
                assume(abs(coarse - 0.72) > 1e-4 and abs(float(alike) - least) > 1e-4)
                if coarse >= 0.72 and alike >= least:
                    found[i, j] = max(found.get((i, j), (-1, False)), (min(float(alike), 1), not mirrored))
    return {pair: (alike, not plain) for pair, (alike, plain) in found.items()}


@st.composite
def pools(draw):
    """A pool of (N, 20, 24) pictures with copies, near copies and strangers in it."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    kinds = [cv2.resize(rng.integers(0, 256, (5, 6)).astype(np.uint8), (24, 20)) for _ in range(4)]
    kinds += [kinds[0][:, ::-1]]
    return np.stack(
        [
            noisy(kinds[rng.integers(5)], draw(st.sampled_from([0, 0, 2, 20])), rng.integers(10**6))
            for _ in range(draw(st.integers(0, 24)))
        ]
        or [kinds[0]][:0]
        or [np.zeros((20, 24), np.uint8)]
    )


@settings(max_examples=30, deadline=None)
@given(pools(), st.sampled_from([0.8, 0.9, 0.96, 0.999]), st.sampled_from([1, 3, 1000]))
def test_the_blocks_find_what_the_plain_way_finds(images, least, block):
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_IMAGES", "_ROWS", "_COLUMNS", "_PAIRS"):
            patch.setattr(near_duplicates, name, block)
        patch.setattr(likeness, "_PAIRS", block)
        seen = near_duplicates.looks(images, progress=False)
        pairs = near_duplicates.find(seen, least=least, progress=False)
        rng = np.random.default_rng(0)
        order = rng.permutation(len(images))
        train, test = order[: len(order) // 2], order[len(order) // 3 :]  # some rows on both sides
        closest = near_duplicates.nearest(seen, train, test, least=least, progress=False)
    plain = plainly(seen, least)
    first_of = {digest: row for row, digest in reversed(list(enumerate(seen.digests)))}
    original = [first_of[digest] for digest in seen.digests]
    # a picture is found beside its copies, whatever is in it
    wanted = {(i, j) for i, j in plain if original[i] == i and original[j] == j}
    wanted |= {(first, row) for row, first in enumerate(original) if first != row}
    assert list(zip(pairs["first"], pairs["second"], strict=True)) == sorted(wanted)
    for row in pairs.itertuples():
        assert row.identical == (original[row.first] == original[row.second])
        if row.identical:
            assert (row.likeness, row.mirrored) == (1, False)
        else:
            assert row.likeness == pytest.approx(plain[row.first, row.second][0], abs=1e-4)

    def alike(row, other):
        if original[row] == original[other]:
            return 1
        return plain.get((min(original[row], original[other]), max(original[row], original[other])), (0,))[0]

    near = {row: {other: alike(row, other) for other in train if alike(row, other)} for row in test}
    assert list(closest["test_row"]) == [row for row in test if near[row]]
    for row in closest.itertuples():
        best = max(near[row.test_row].values())
        assert row.likeness == pytest.approx(best, abs=1e-4) and row.others == len(near[row.test_row]) - 1
        assert near[row.test_row][row.train_row] == pytest.approx(best, abs=1e-4)


def test_a_picture_is_laid_where_it_was_moved_to():
    """Moved by d pixels of 48, the likeness is that of the same picture, whichever of the two comes first."""
    rng = np.random.default_rng(1)
    scene = cv2.GaussianBlur(rng.integers(0, 256, (64, 64)).astype(np.float32), (0, 0), 2.0)
    scene = np.clip(128 + 6 * (scene - scene.mean()), 0, 255).astype(np.uint8)
    for down, right in ((0, 0), (3, 0), (-4, 2), (6, -6), (0, 8)):
        pair = np.stack([scene[8:56, 8:56], scene[8 - down : 56 - down, 8 - right : 56 - right]])
        seen = near_duplicates.looks(pair, progress=False)
        there, back = seen.likeness([0], [1])[0], seen.likeness([1], [0])[0]
        assert there == back and seen.likeness([0], [0])[0] == pytest.approx(1, abs=1e-3)
        assert (there > 0.95) == (abs(right) <= 6), (down, right, there)
    turned = near_duplicates.looks(np.stack([scene[8:56, 8:56], scene[8:56, 8:56][:, ::-1]]), progress=False)
    assert turned.likeness([0], [1], mirrored=True)[0] == pytest.approx(1, abs=1e-3)
    assert turned.likeness([0], [1])[0] < 0.5


def test_the_sixteen_patches_are_correlated_one_by_one():
    """Against numpy's own correlation, of two pictures that lie still."""
    rng = np.random.default_rng(2)
    one, other = rng.normal(0, 1, (2, 1, 48, 48)).astype(np.float32)
    other = one + 0.3 * other
    best = np.full(16, -1.0)
    for y in (3, 4, 5):
        for x in (3, 4, 5):
            here = [one[0, 4 + a : 20 + a, 4 + b : 20 + b] for a in (0, 8, 16, 24) for b in (0, 8, 16, 24)]
            there = [other[0, y + a : y + a + 16, x + b : x + b + 16] for a in (0, 8, 16, 24) for b in (0, 8, 16, 24)]
            now = [np.corrcoef(p.ravel(), q.ravel())[0, 1] for p, q in zip(here, there, strict=True)]
            best = np.maximum(best, now)
    found, weight = likeness._patches(one, other, 0, 0)
    assert found[0] == pytest.approx(best, abs=1e-4) and (weight == 1).all()
    one[0, :, 28:] *= 0.01
    assert (likeness._patches(one, one, 0, 0)[1][0].reshape(4, 4)[:, 3] < 0.01).all()
    assert likeness._patches(one, other, 0, 0)[1].min() == 1  # empty in one of the two: they differ there
    assert likeness._weighted(np.array([[1.0, 0.5, 0.0]]), np.array([[2.0, 2.0, 0.0]])) == pytest.approx(0.75)
    assert likeness._weighted(np.array([[1.0, 0.5, 0.0]]), np.array([[0.1, 0.0, 0.0]])) == pytest.approx(0.025)


def test_light_and_contrast_do_not_count(people):
    images = people[0][:10]
    darker = (images * 0.4 + 20).astype(np.uint8)
    slope = np.clip(images + np.linspace(-40, 40, 180)[None, :, None], 0, 255).astype(np.uint8)
    seen = near_duplicates.looks(np.concatenate([images, darker, slope]), progress=False)
    rows = np.arange(10)
    assert seen.likeness(rows, rows + 10).min() > 0.97 and seen.likeness(rows, rows + 20).min() > 0.97


def test_a_white_wall_beside_a_face_does_no_harm(people):
    """A copy of a picture half of which is empty: mirrored, and darker, its likeness is that of a whole picture's."""
    images = people[0][:10].copy()
    images[:, :, :80] = 250
    seen = near_duplicates.looks(np.concatenate([images, images[:, :, ::-1], (images * 0.7).astype(np.uint8)]))
    rows = np.arange(10)
    assert seen.likeness(rows, rows + 10, mirrored=True) == pytest.approx(1, abs=1e-3)
    assert seen.likeness(rows, rows + 20).min() > 0.97


def test_blank_pictures_are_like_nothing_but_their_copies():
    blank = np.full((3, 48, 48), 90, np.uint8)
    blank[2] = 91
    speckled = noisy(blank, 1.0)
    assert len(near_duplicates.find(np.concatenate([blank, speckled]), progress=False)) == 1  # the first two
    closest = near_duplicates.nearest(blank, [0, 2], [1], progress=False)
    assert closest[["train_row", "likeness", "others"]].values.tolist() == [[0, 1, 0]]


def test_expressions_of_dark_and_of_light_skin_are_told_apart():
    """Two expressions must be unlike in a dark face before a light wall, too."""
    most = {}
    tones = sorted(range(40), key=lambda seed: face(seed, {})[40:140, 60:120].mean())
    for name, seeds in (("dark", tones[:8]), ("light", tones[-8:])):
        seen = near_duplicates.looks(
            np.stack([face(seed, FACES[label]) for seed in seeds for label in ("neutral", "happy", "surprised")])
        )
        first = 3 * np.arange(8)
        most[name] = np.median(np.r_[seen.likeness(first, first + 1), seen.likeness(first, first + 2)])
    # Their features stand out less beside the contour of the face, so that they are somewhat more alike.
    assert max(most.values()) < 0.95 and most["dark"] - most["light"] < 0.15, most


@given(st.integers(1, 300), st.sampled_from([16, 48]))
def test_weights_average_whatever_the_side(side, small):
    weights = likeness.weights(side, small)
    assert weights.shape == (small, side) and (weights >= 0).all()
    assert np.allclose(weights.sum(axis=1), 1, atol=1e-4) and np.allclose(weights.mean(axis=0) * side, 1, atol=1e-3)


def test_memory_does_not_grow_with_the_square():
    """3,000 pictures: 4.5 million pairs, whose table would have 18 MB, compared in blocks of 2 MB."""
    rng = np.random.default_rng(0)
    count = 3000
    coarse = rng.normal(0, 1, (count, 16, 16)).astype(np.float32)
    fine = np.zeros((count, 48, 48), np.float16)
    fine[[5, 2999]] = rng.normal(0, 1, (48, 48))
    coarse[2999] = coarse[5]
    seen = likeness.Looks(coarse, fine, np.arange(count).astype("U24"))
    tracemalloc.start()
    try:
        pairs = near_duplicates.find(seen, progress=False)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert pairs[["first", "second"]].values.tolist() == [[5, 2999]]
    assert most < 18e6


def test_many_copies_of_one_picture_are_no_square_of_pairs(people):
    images = np.repeat(people[0][:1], 500, axis=0)
    pairs = near_duplicates.find(images)
    assert len(pairs) == 499 and pairs["identical"].all() and near_duplicates.groups(pairs) == [list(range(500))]


def test_too_many_pairs_end_with_a_remedy(people, monkeypatch):
    monkeypatch.setattr(near_duplicates, "MOST_PAIRS", 10)
    images = np.stack([noisy(people[0][0], 3, seed) for seed in range(8)])
    with pytest.raises(FerError, match=r"More than 10 pairs.*larger `least`"):
        near_duplicates.find(images)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: near_duplicates.looks(np.zeros((2, 8, 8))), "`images`.*uint8.*float64"),
        (lambda: near_duplicates.looks(np.zeros((8, 8), np.uint8)), "`images`"),
        (lambda: near_duplicates.looks(np.zeros((3, 0, 8), np.uint8)), "`images`"),
        (lambda: near_duplicates.looks(np.zeros((3, 8, 0), np.uint8)), "`images`"),
        (lambda: near_duplicates.looks([1, 2]), "`images`.*list"),
        (lambda: near_duplicates.find(np.zeros((2, 8, 8), np.uint8), least=0.7), "`least`.*0.8 to 1"),
        (lambda: near_duplicates.find(np.zeros((2, 8, 8), np.uint8), least=1.1), "`least`"),
        (lambda: near_duplicates.nearest(np.zeros((2, 8, 8), np.uint8), [0], [1], least=float("nan")), "`least`"),
        (lambda: near_duplicates.find(np.zeros((2, 8, 8), np.uint8), least=True), "`least`"),
    ],
)
def test_impossible_arguments(call, words):
    with pytest.raises(FerError, match=words):
        call()


def test_no_images_and_colour_images():
    none = near_duplicates.find(np.zeros((0, 8, 8, 1), np.uint8))
    assert len(none) == 0 and list(none.columns) == ["first", "second", "likeness", "identical", "mirrored"]
    assert near_duplicates.groups(none) == []
    grey = np.random.default_rng(0).integers(0, 256, (3, 20, 20, 1), dtype=np.uint8)
    colour, plain = near_duplicates.looks(np.repeat(grey, 3, axis=3)), near_duplicates.looks(grey)
    assert np.allclose(colour.coarse, plain.coarse, atol=1e-3) and np.allclose(colour.fine, plain.fine, atol=1e-2)


# --- leakage --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    """Two drawn actors, eight performances each, filmed and encoded twice: the face set."""
    pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")
    root = tmp_path_factory.mktemp("twins")
    studio.film(
        "ravdess", root / "film", actors=2, clips_per_actor=8, frames=6, size=256, twins=True, workers=1, progress=False
    )
    return prepare(datasets.scan("ravdess", root / "film"), root / "faces", frames=3, workers=1, progress=False)


def same_box(meta, first, second):
    """Whether rows were cut out at one place; re-encoding may tip the detector to its next box."""
    boxes = meta[["box_x", "box_y", "box_w"]].to_numpy()
    return (boxes[first] == boxes[second]).all(axis=1)


def by_modality(meta):
    """Train on the audio-video files, test on the video-only ones."""
    first = meta["clip"].str.contains(r"/01-").to_numpy()
    return np.flatnonzero(first), np.flatnonzero(~first)


def test_ravdess_twins_are_caught_by_name_and_by_pixels(twins):
    train, test = by_modality(twins.meta)
    report = splits.leakage(twins.meta, train, test, images=twins.images, near=True, progress=False)
    assert list(report.index) == ["row", "image", "near image", "clip", "performance", "actor"]
    assert report.loc["clip", "shared"] == 0 and report.loc["performance", "share"] == 1
    assert report.loc["image", "share"] < 0.1  # they were encoded twice: hardly one is equal to the bit
    found = near_duplicates.nearest(twins.images, train, test)["test_row"]
    assert set(found) >= set(test[same_box(twins.meta, train, test)])  # the two modalities are in one order
    assert report.loc["near image", "test_rows"] == len(found) >= 0.8 * len(test)
    pairs = splits.leaked_pairs(twins.meta, train, test, twins.images, progress=False)
    near = pairs[pairs["level"] == "near image"]
    assert len(near) == report.loc["near image", "test_rows"]
    act = [clip.split("/")[-1][2:] for clip in near["train_clip"]]
    assert act == [clip.split("/")[-1][2:] for clip in near["test_clip"]]  # 01-… is paired with its own 02-…
    assert near["test_clip"].nunique() == 16  # every clip by some frame
    named = pairs[pairs["level"] == "performance"]
    assert len(named) == 16 and (named["train_clip"].str.replace("/01-", "/02-") == named["test_clip"]).all()
    assert named["what"].iloc[0].startswith("recordings of one performance (")


def test_pixels_alone_catch_twins_whose_names_say_nothing(twins):
    meta = twins.meta.assign(performance="", actor="", clip=[f"{row}.png" for row in range(len(twins.meta))])
    train, test = by_modality(twins.meta)
    report = splits.leakage(meta, train, test, images=twins.images, near=True, progress=False)
    assert list(report.index) == ["row", "image", "near image", "clip"]
    assert report.loc["near image", "share"] >= 0.8 and report.loc["clip", "shared"] == 0


def test_a_performance_of_two_actors_is_no_near_duplicate(twins):
    actor = twins.meta["actor"].to_numpy()
    first, second = np.flatnonzero(actor == actor[0]), np.flatnonzero(actor != actor[0])
    assert splits.leakage(twins.meta, first, second, images=twins.images, near=True)["shared"].sum() == 0
    assert len(splits.leaked_pairs(twins.meta, first, second, twins.images)) == 0


def test_ck48_triples_are_caught(tmp_path):
    """The last three frames of each sequence, as in CK+48: one folder a label, names with subject and frame."""
    pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")
    for seed in range(4):
        for sequence, label in enumerate(("happy", "surprised", "angry"), start=1):
            for frame, share in enumerate((0.95, 0.98, 1.0), start=17):
                units = {unit: share * value for unit, value in FACES[label].items()}
                picture = studio.draw(studio.person(seed), units, size=192)
                path = tmp_path / "ck" / label / f"S{seed:03d}_{sequence:03d}_{frame:08d}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(cv2.imencode(".png", noisy(picture, 2, frame)[..., ::-1])[1].tobytes())
    clips = datasets.scan("folder", tmp_path / "ck", actor=r"(?P<actor>S[0-9]{3})_")
    made = prepare(clips, tmp_path / "faces", workers=1, progress=False)
    assert len(made) == 36
    triples = near_duplicates.groups(near_duplicates.find(made.images))
    sequence = made.meta["clip"].map(lambda clip: re.search(r"S\d+_\d+", clip)[0]).to_numpy()
    # no group of two sequences, no sequence without one, and all three frames but where dlib took its next box
    assert [set(sequence[rows]) for rows in triples] == [{name} for name in pd.unique(sequence)]
    first = np.arange(0, 36, 3)
    steady = same_box(made.meta, first, first + 1) & same_box(made.meta, first, first + 2)
    assert [len(rows) for rows, still in zip(triples, steady, strict=True) if still] == [
        3
    ] * steady.sum() and steady.sum() >= 9
    last = made.meta["clip"].str.endswith("19.png").to_numpy()
    train, test = np.flatnonzero(~last), np.flatnonzero(last)
    report = splits.leakage(made.meta, train, test, images=made.images, near=True, progress=False)
    assert report.loc["image", "shared"] == 0 and report.loc["clip", "shared"] == 0
    pairs = splits.leaked_pairs(made.meta, train, test, made.images)
    near = pairs[pairs["level"] == "near image"]
    assert set(near["test_row"]) >= set(first[steady] + 2) and len(near) == report.loc["near image", "test_rows"]
    assert [clip[:-6] for clip in near["train_clip"]] == [clip[:-6] for clip in near["test_clip"]]
    assert (
        near["what"]
        .str.fullmatch(r"nearly equal: likeness [01][.][0-9]{3}(; [12] more training images? (is|are), too)?")
        .all()
    )


def test_ck48_triples_as_they_come():
    """48 x 48 pixels, cut out by landmarks and not by a detector: every frame of every sequence."""
    images, names = [], []
    for seed in range(10):
        for label in ("happy", "surprised", "angry", "sad"):
            for frame, share in enumerate((0.95, 0.98, 1.0)):
                units = {unit: share * value for unit, value in FACES[label].items()}
                images.append(noisy(face(seed, units, size=48), 2, frame))
                names.append((seed, label))
    groups = near_duplicates.groups(near_duplicates.find(np.stack(images)))
    assert [[names[row] for row in rows] for rows in groups] == [[name] * 3 for name in dict.fromkeys(names)]


def test_fer2013s_exact_duplicates_are_caught(people):
    images = np.stack([cv2.resize(image, (48, 48), interpolation=cv2.INTER_AREA) for image in people[0]])[..., None]
    images = np.concatenate([images, images[[4, 9, 9]]])
    meta = pd.DataFrame({"dataset": "fer", "clip": [f"{row}.png" for row in range(63)], "actor": "", "performance": ""})
    train, test = np.arange(60), np.arange(60, 63)
    report = splits.leakage(meta, train, test, images=images, near=True)
    assert list(report["test_rows"]) == [0, 3, 3, 0] and list(report["shared"]) == [0, 2, 2, 0]
    assert report.loc["near image", "examples"] == "4 ~ 60, 9 ~ 61, 9 ~ 62"
    pairs = splits.leaked_pairs(meta, train, test, images)
    assert pairs[pairs["level"] == "image"][
        ["train_row", "test_row", "train_clip", "test_clip", "what"]
    ].values.tolist() == [
        [4, 60, "4.png", "60.png", "equal to the bit"],
        [9, 61, "9.png", "61.png", "equal to the bit"],
        [9, 62, "9.png", "62.png", "equal to the bit"],
    ]


def test_the_pairs_of_names():
    meta = pd.DataFrame(
        {
            "dataset": "toy",
            "actor": ["a"] * 5 + ["b"],
            "performance": list("ppppqr"),
            "clip": list("xxyyzw"),
        }
    )
    pairs = splits.leaked_pairs(meta, [0, 2, 5], [1, 3, 4, 5])
    assert pairs.values.tolist() == [
        ["row", 5, 5, "w", "w", "the same row"],
        ["clip", 0, 1, "x", "x", "frames of one clip (toy/x): 1 rows in training, 1 in test"],
        ["clip", 2, 3, "y", "y", "frames of one clip (toy/y): 1 rows in training, 1 in test"],
        ["clip", 5, 5, "w", "w", "frames of one clip (toy/w): 1 rows in training, 1 in test"],
        ["performance", 2, 1, "y", "x", "recordings of one performance (toy/p): 2 rows in training, 2 in test"],
        ["performance", 5, 5, "w", "w", "recordings of one performance (toy/r): 1 rows in training, 1 in test"],
        ["actor", 0, 1, "x", "x", "one person (toy/a): 2 rows in training, 3 in test"],
        ["actor", 5, 5, "w", "w", "one person (toy/b): 1 rows in training, 1 in test"],
    ]
    clean = splits.leaked_pairs(meta, [0, 1, 2, 3, 4], [5])
    assert len(clean) == 0 and list(clean.columns) == [
        "level",
        "train_row",
        "test_row",
        "train_clip",
        "test_clip",
        "what",
    ]
    assert len(splits.leaked_pairs(meta.drop(columns="clip"), [0], [1])) == 2


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 30))
def test_pairs_and_report_agree(seed, count):
    rng = np.random.default_rng(seed)
    meta = pd.DataFrame(
        {
            "dataset": "toy",
            "actor": rng.integers(0, 3, count).astype(str),
            "performance": rng.integers(0, 6, count).astype(str),
            "clip": rng.integers(0, 9, count).astype(str),
        }
    )
    images = rng.integers(0, 256, (4, 12, 12), dtype=np.uint8)[rng.integers(0, 4, count)]
    side = rng.integers(0, 3, count)
    train, test = np.flatnonzero(side != 1), np.flatnonzero(side != 0)
    report = splits.leakage(meta, train, test, images=images, near=True)
    pairs = splits.leaked_pairs(meta, train, test, images)
    counts = pairs["level"].value_counts()
    for level in report.index:
        one_a_row = level in ("row", "image", "near image")
        assert counts.get(level, 0) == report.loc[level, "test_rows" if one_a_row else "shared"]
    assert pairs["train_row"].isin(train).all() and pairs["test_row"].isin(test).all()
    without = splits.leakage(meta, train, test, images=images)
    assert without.equals(report.drop(index="near image"))


def test_near_wants_images(people):
    meta = pd.DataFrame({"clip": ["a", "b"]})
    with pytest.raises(FerError, match=r"(?s)`near`.*images=made.images"):
        splits.leakage(meta, [0], [1], near=True)
    with pytest.raises(FerError, match=r"`images`.*one image a row"):
        splits.leaked_pairs(meta, [0], [1], people[0])


def test_real_twins(shared_data, tmp_path):
    """Two of the real pairs are found frame by frame, and each frame is nearest to its own twin."""
    pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")
    clips = datasets.scan("ravdess", shared_data / "ravdess")
    acts = ["01-01-01-01-01-01.mp4", "01-08-01-01-02-01.mp4", "01-02-01-01-02-01.mp4"]
    clips = clips[clips["path"].str.endswith(tuple(acts))]
    if len(clips) != 5:
        pytest.skip(f"this test knows five clips of actor 01; {len(clips)} of them are in {shared_data}/ravdess")
    made = prepare(clips, tmp_path / "faces", workers=1, progress=False)
    train, test = by_modality(made.meta)
    twin = made.meta["performance"].isin(made.meta["performance"].to_numpy()[train]).to_numpy()
    closest = near_duplicates.nearest(made.images, train, test[twin[test]], progress=False)
    assert len(closest) == 12
    for column in ("frame", "performance"):
        of = made.meta[column].to_numpy()
        assert (of[closest["train_row"]] == of[closest["test_row"]]).all()


def pictures_of(archive, most=None):
    """Names and (N, 48, 48) of the pictures in an archive beside the checkout, read without unpacking it."""
    if not archive.is_file():
        pytest.skip(f"there is no {archive}; put the archive there to run this test on real pictures")
    names, images = [], []
    with tarfile.open(archive) as members:
        for member in members:
            if member.isfile() and member.name.endswith((".png", ".jpg")):
                data = np.frombuffer(members.extractfile(member).read(), np.uint8)
                names.append(member.name.rsplit("/", 1)[-1])
                images.append(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE))
                if len(names) == most:
                    break
    return np.array(names), np.stack(images)


@pytest.mark.slow
def test_real_ck48_as_a_plain_folder(shared_data):
    """Sequences are found by the pictures alone, and no two people; a split by frame says that it leaked."""
    names, images = pictures_of(shared_data / "ck48.tar.gz")
    who, sequence = np.array([name[:4] for name in names]), np.array([name[:8] for name in names])
    pairs = near_duplicates.find(images, progress=False)
    first, second = pairs["first"].to_numpy(), pairs["second"].to_numpy()
    assert (who[first] == who[second]).all() and len(names) == 981
    assert (sequence[first] == sequence[second]).sum() >= 0.95 * 981
    # The split and its report: of the first 40 people, because comparing all of them a second time shows nothing more.
    some = np.isin(who, np.unique(who)[:40])
    names, images, sequence = names[some], images[some], sequence[some]
    meta = pd.DataFrame({"dataset": "folder", "clip": names, "performance": "folder/ck48/" + names.astype(object)})
    train, test = splits.split(meta.assign(expression="any", actor=""), "frame", 0.2, 0)
    report = splits.leakage(meta, train, test, images=images, near=True, progress=False)
    known = np.isin(sequence[test], sequence[train]).mean()
    assert known > 0.85 and abs(report.loc["near image", "share"] - known) < 0.05
    assert report.loc["performance", ["share", "unknown"]].tolist() == [0, len(names)] and len(names) > 300


def test_real_fer2013_altered(shared_data):
    """Real pictures that are encoded again, mirrored, moved: found, and no two of the originals by mistake."""
    _, images = pictures_of(shared_data / "fer2013.tar.gz", most=150)
    own = np.arange(len(images))
    for name, change in {
        "jpeg 30": lambda image: recoded(image, 30),
        "mirrored": lambda image: image[:, ::-1],
        "moved": lambda image: np.pad(image, 2, mode="edge")[:48, 4:],
    }.items():
        pairs = near_duplicates.find(np.concatenate([images, [change(image) for image in images]]), progress=False)
        found = set(zip(pairs["first"], pairs["second"], strict=True))
        assert np.mean([(row, row + len(own)) in found for row in own]) >= 0.95, name
