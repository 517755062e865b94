"""Heat maps against answers that are known by hand, drawn truth against pixels, planted marks, a small study."""

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
from patience import PATIENCE
import pytest
from stage_lists import as_stored

from fer_utils import experiments, explain, faces, studies
from fer_utils.core.errors import FerError
from fer_utils.explain import parts, shortcuts
from fer_utils.faces import Box, FaceSet
from fer_utils.studies import explanation
from fer_utils.synthetic import region_masks, stand_ins

SIDE = 24
SQUARE = np.zeros((SIDE, SIDE), bool)
SQUARE[6:14, 10:18] = True


def looks_at_the_square(strength=4.0, *, first=True):
    """Features: the pixels.  Behind the flatten layer only the square speaks, for class 0."""
    import keras

    inputs = keras.Input((SIDE, SIDE, 1))
    features = keras.layers.Conv2D(1, 1, activation="relu", name="features")(inputs)
    outputs = keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(features))
    model = keras.Model(inputs, outputs)
    kernel = np.zeros((SIDE * SIDE, 2), np.float32)
    kernel[SQUARE.ravel(), 0 if first else 1] = strength
    model.set_weights([np.ones((1, 1, 1, 1)), np.zeros(1), kernel, np.zeros(2)])
    return model


def behind_a_mean(seed=0, **options):
    """Random features behind global average pooling, where Grad-CAM's mean loses nothing."""
    import keras

    keras.utils.set_random_seed(seed)
    inputs = keras.Input((SIDE, SIDE, 1))
    x = keras.layers.Conv2D(3, 3, padding="same", activation="relu", name="early")(inputs)
    x = keras.layers.MaxPooling2D(2, name="pooled")(x)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="late")(x)
    return keras.Model(
        inputs, keras.layers.Dense(3, **{"activation": "softmax"} | options)(keras.layers.GlobalAveragePooling2D()(x))
    )


def noise(count=3, seed=1):
    return np.random.default_rng(seed).uniform(0, 1, (count, SIDE, SIDE, 1)).astype(np.float32)


# --- maps ------------------------------------------------------------------------------------


def test_place_by_place_finds_the_square_and_the_mean_of_gradients_does_not():
    model, pictures = looks_at_the_square(), noise()
    right = explain.grad_cam(model, pictures, [0, 0, 0], average=False)
    assert right.shape == (3, SIDE, SIDE) and right.dtype == np.float32
    assert np.allclose(right, 4 * pictures[..., 0] * SQUARE, atol=1e-5)  # weight x pixel on the square, by hand
    assert explain.share(right, SQUARE)["share"] == pytest.approx(1)
    mean = explain.grad_cam(model, pictures, [0, 0, 0])
    assert np.allclose(mean, 4 * SQUARE.mean() * pictures[..., 0], atol=1e-5)  # the mean weight is the same everywhere
    assert explain.share(mean, SQUARE)["lift"] == pytest.approx(1, abs=0.25)
    assert not explain.grad_cam(model, pictures, [1, 1, 1], average=False).any()  # nothing speaks for the other class


def test_a_network_that_is_sure_still_has_a_map():
    model, pictures = looks_at_the_square(1e4), noise()
    assert (model.predict_on_batch(pictures)[:, 0] == 1).all()
    assert explain.grad_cam(model, pictures, average=False).max(axis=(1, 2)).min() > 0  # None: its own answer, 0


def test_behind_a_mean_both_are_the_same_and_grad_cam_is_its_formula():
    model, pictures = behind_a_mean(activation=None), noise()
    import keras

    features = np.asarray(keras.Model(model.inputs[0], model.get_layer("late").output)(pictures))
    kernel, _ = model.layers[-1].get_weights()
    some = 0
    for label in range(3):
        small = np.maximum((features * kernel[:, label] / 144).sum(axis=3), 0)  # d mean / d place = 1 / (12 x 12)
        made = explain.grad_cam(model, pictures, [label] * 3)
        assert np.allclose(made, explain.grad_cam(model, pictures, [label] * 3, average=False), atol=1e-6)
        at = np.clip((np.arange(24) + 0.5) / 2 - 0.5, 0, 11)  # bilinear, by hand: from 12 places to 24
        weights = np.maximum(0, 1 - np.abs(at[:, None] - np.arange(12)))
        assert np.allclose(made, weights @ small @ weights.T, atol=1e-6)
        some += made.any()
    assert some >= 2


def test_gradients_are_the_differences():
    import keras

    keras.utils.set_random_seed(4)
    inputs = keras.Input((SIDE, SIDE, 1))  # smooth everywhere, so that a difference is a gradient
    x = keras.layers.Conv2D(3, 3, padding="same", activation="tanh", name="early")(inputs)
    x = keras.layers.Conv2D(2, 3, strides=2, activation="tanh", name="late")(keras.layers.AveragePooling2D(2)(x))
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(keras.layers.Flatten()(x)))
    pictures, chosen = noise(2), np.array([2, 0])
    features, made = explain.gradients(model, pictures, chosen, layer="early", batch_size=1)
    _, head, score = parts.cut(model, "early")
    step = 2e-2
    for row, place in [(0, (5, 7, 0)), (0, (12, 3, 2)), (1, (19, 20, 1)), (1, (8, 9, 0))]:
        moved = [features.copy() for _ in range(2)]
        moved[0][(row, *place)] += step
        moved[1][(row, *place)] -= step
        up, down = (np.asarray(score(head(one)))[row, chosen[row]] for one in moved)
        assert made[(row, *place)] == pytest.approx((up - down) / (2 * step), rel=0.02, abs=2e-5)
    assert np.abs(made).max() > 1e-2
    before = np.asarray(score(head(features)))
    assert np.allclose(
        np.exp(before) / np.exp(before).sum(axis=1, keepdims=True), np.asarray(model(pictures)), atol=1e-5
    )


def test_occlusion_is_the_mean_over_the_squares_that_cover_a_pixel():
    def ask(pictures):  # the share of white in the square is the probability of class 1
        seen = pictures[:, SQUARE, 0].mean(axis=1) / 255
        return np.stack([1 - seen, seen], axis=1)

    pictures = np.full((2, SIDE, SIDE), 255, np.uint8)
    pictures[1] = 102
    made = explain.occlusion(ask, pictures, [1, 1], patch=8, stride=5, fill=0, batch_size=7, progress=False)
    lost, covered = np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE))
    for top in (0, 5, 10, 15, 16):
        for left in (0, 5, 10, 15, 16):
            inside = SQUARE[top : top + 8, left : left + 8].sum() / SQUARE.sum()
            lost[top : top + 8, left : left + 8] += inside
            covered[top : top + 8, left : left + 8] += 1
    assert np.allclose(made[0], lost / covered, atol=1e-6) and np.allclose(made[1], 0.4 * made[0], atol=1e-6)
    # Filled with its own mean a picture of one grey loses nothing; the label that it speaks against gains.
    assert not explain.occlusion(ask, pictures, [1, 1], patch=8, stride=5, progress=False).any()
    assert np.allclose(
        explain.occlusion(ask, pictures, [0, 0], patch=8, stride=5, fill=0, progress=False), -made, atol=1e-6
    )
    assert (pictures[0] == 255).all()


def test_occlusion_of_a_network_finds_the_square():
    made = explain.occlusion(
        looks_at_the_square(0.05), noise() + 0.5, [0] * 3, patch=4, stride=2, fill=0, progress=False
    )
    assert explain.pointing(made, SQUARE).tolist() == [1, 1, 1] and (explain.share(made, SQUARE)["lift"] > 4).all()


def test_shuffled_weights_keep_their_numbers_and_lose_the_place():
    model, pictures = looks_at_the_square(), noise()
    other = explain.randomised(model, seed=3)
    for mine, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
        assert np.array_equal(np.sort(mine.ravel()), np.sort(theirs.ravel()))
    assert explain.share(explain.grad_cam(other, pictures, [0] * 3, average=False), SQUARE)["lift"].max() < 2.5
    mine, fresh = (explain.grad_cam(one, pictures, [0] * 3, average=False) for one in (model, looks_at_the_square()))
    assert np.array_equal(mine, fresh)  # the given model is as it was


@pytest.mark.parametrize(
    "call, word",
    [
        (lambda: explain.grad_cam(lambda x: x, noise()), "`model`.*functional"),
        (lambda: explain.grad_cam(looks_at_the_square(), noise(), layer="nowhere"), "`layer`.*features"),
        (lambda: explain.grad_cam(looks_at_the_square(), noise(), [0, 1]), "`labels`"),
        (lambda: explain.grad_cam(looks_at_the_square(), noise(), [0, 1, 2]), "`labels`.*0 to 1"),
        (lambda: explain.grad_cam(looks_at_the_square(), noise()[0, :, 0]), "`images`"),
        (lambda: explain.occlusion(looks_at_the_square(), noise(), patch=25), "`patch`.*24"),
        (lambda: explain.occlusion(looks_at_the_square(), noise(), patch=4, stride=5), "`stride`.*1 to 4"),
        (lambda: explain.occlusion(looks_at_the_square(), noise(), patch=4, stride=2, fill="black"), "`fill`"),
        (lambda: explain.share(np.zeros((2, 4, 4)), np.zeros((2, 4, 4))), "`masks`.*bool"),
        (lambda: explain.share(np.full((2, 4, 4), np.nan), np.zeros((4, 4), bool)), "`maps`.*finite"),
        (lambda: explain.scored(np.zeros((2, 4, 4)), np.zeros((4, 4), bool), ["a"]), "`groups`"),
    ],
)
def test_what_cannot_be_asked_is_one_clear_error(call, word):
    with pytest.raises(FerError, match=word):
        call()


#: Everything that asks a network of the shape of `looks_at_the_square`, of pictures from 0 to 1.
ASKING = {
    "grad_cam": lambda model, pictures: explain.grad_cam(model, pictures),
    "grad_cam of a label": lambda model, pictures: explain.grad_cam(model, pictures, [0] * len(pictures)),
    "occlusion": lambda model, pictures: explain.occlusion(model, pictures, patch=8, stride=8, progress=False),
    "ask": lambda model, pictures: explain.ask(model, pictures),
    "ask a function": lambda model, pictures: explain.ask(lambda given: np.asarray(model(given)), pictures),
    "counterfactual": lambda model, pictures: explain.shortcuts.counterfactual(
        model, pictures.astype(np.uint8), [0, 1, 0], "corner", classes=2
    ),
}


@pytest.mark.parametrize("number", [np.nan, np.inf])
@pytest.mark.parametrize("what", ASKING)
def test_scores_that_are_no_numbers_are_no_answer(what, number):
    model = looks_at_the_square()
    ASKING[what](model, noise())
    weights = model.get_weights()
    model.set_weights([*weights[:-1], np.full_like(weights[-1], number)])
    with pytest.raises(FerError, match=r"(?s)`model`.*finite.*of 3 pictures.*lower learning rate"):
        ASKING[what](model, noise())


def test_a_layer_that_others_pass_by_is_named():
    import keras

    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(2, 3, padding="same", name="one")(inputs)
    y = keras.layers.Add(name="joined")([x, keras.layers.Conv2D(2, 3, padding="same", name="two")(x)])
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(y)))
    with pytest.raises(FerError, match=r"`layer`.*everything passes.*'two'"):
        explain.grad_cam(model, np.zeros((1, 8, 8, 1)), layer="two")
    assert explain.grad_cam(model, np.ones((1, 8, 8, 1)), layer="one").shape == (1, 8, 8)


BACKEND = """
import json, keras, numpy as np
from fer_utils import explain, models
keras.utils.set_random_seed(0)
model = models.build("ding2023", classes=3, input_shape=(24, 24, 1), filters=2, dense=4)
rng = np.random.default_rng(0)
model.set_weights([rng.normal(0, 0.3, w.shape) for w in model.get_weights()])
pictures = rng.integers(0, 256, (3, 24, 24, 1)).astype("uint8")
maps = [explain.grad_cam(model, pictures, [0, 1, 2], average=average) for average in (True, False)]
maps += [explain.occlusion(model, pictures, [0, 1, 2], patch=6, stride=6, progress=False)]
few = [[round(float(v), 6) for v in made[:, ::5, ::5].ravel()] for made in maps]
print(json.dumps({"backend": keras.backend.backend(), "maps": few}))
"""


def asked_on(backend):
    done = subprocess.run(
        [sys.executable, "-c", BACKEND],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_every_backend_that_is_installed_draws_the_same_maps(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed; to run this test: pip install {backend}")
    mine, theirs = asked_on("tensorflow"), asked_on(backend)
    assert theirs["backend"] == backend and np.abs(mine["maps"]).max() > 1e-3
    for one, other in zip(mine["maps"], theirs["maps"], strict=True):
        assert np.allclose(one, other, rtol=1e-2, atol=1e-4)


# --- scores ----------------------------------------------------------------------------------


def test_share_lift_and_pointing_by_hand():
    masks = np.zeros((4, 2, 4), bool)
    masks[:3, 0, :2] = True  # a quarter of the area; the last picture has no region
    maps = np.array(
        [
            [[3, 0, 1, 0], [0, 0, 0, -9]],
            [[1, 1, 1, 1], [1, 1, 1, 1]],
            [[0, 0, 0, 0], [0, -1, 0, 0]],
            [[1, 0, 0, 0], [0, 0, 0, 0]],
        ],
        float,
    )
    found = explain.share(maps, masks)
    assert (
        found["share"][:2].tolist() == [0.75, 0.25]
        and found["lift"][:2].tolist() == [3, 1]
        and found["chance"][:3].tolist() == [0.25] * 3
    )
    assert np.isnan(found["share"][2:]).all() and np.isnan(found["chance"][3])
    hit = explain.pointing(maps, masks)
    assert hit[:2].tolist() == [1, 0.25] and np.isnan(hit[2:]).all()
    whole = explain.scored(maps, masks, ["a", "b", "b", "c"])
    assert (whole["n"], whole["unmapped"], whole["unmasked"]) == (2, 1, 1)
    assert (
        whole["share"]["value"] == 0.5 and whole["lift"]["value"] == pytest.approx(2) and whole["share"]["groups"] == 2
    )
    nothing = explain.scored(maps[3:], masks[3:], ["c"])
    assert nothing["share"] is None and (nothing["n"], nothing["unmasked"]) == (0, 1)


def test_overlays_stay_grey_where_the_map_is_nothing():
    picture = np.full((4, 4), 100, np.uint8)
    heat = np.zeros((4, 4))
    heat[1, 2] = 2
    made = explain.overlaid(picture, heat)
    assert made.shape == (4, 4, 3) and (made[0] == 100).all() and made[1, 2, 0] > 200 > made[1, 2, 2]
    assert (explain.overlaid(picture, -heat) == 100).all()
    assert explain.outlined(picture, heat > 0)[:2, 2, 0].tolist() == [35, 100]


# --- the drawn truth -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def truth(smoke_faces):
    return stand_ins.truth("ravdess", tier="smoke")


def test_landmarks_are_where_the_picture_has_them(smoke_faces, truth):
    """The face is the crop of its frame, and spots painted on the frame's landmarks come out at the mapped ones."""
    meta = smoke_faces.meta
    for row in (3, 100, 250):
        one = meta.iloc[row]
        frame = next(f for f in faces.read_frames(one.path, sampling="all").frames if f.index == one.frame_index).rgb
        box = Box(one.box_x, one.box_y, one.box_w, one.box_h, one.score)
        assert np.array_equal(faces.crop(frame, box), smoke_faces.images[row, :, :, 0])
        with np.load((truth / "frames" / one["clip"]).with_suffix(".npz")) as stored:
            points = stored["landmarks"][one.frame_index]
        mapped = region_masks.landmarks(smoke_faces, truth, [row])[0]
        for k in (8, 30, 36, 45, 48):
            x, y = np.rint(points[k]).astype(int)
            spot = np.zeros_like(frame)
            spot[y - 1 : y + 2, x - 1 : x + 2] = 255
            seen = faces.crop(spot, box).astype(float)
            if seen.sum() and 3 < mapped[k][1] < 176:
                centre = (
                    np.array([(seen.sum(axis=0) * np.arange(180)).sum(), (seen.sum(axis=1) * np.arange(180)).sum()])
                    / seen.sum()
                )
                scale = 180 / max(one.box_w, one.box_h)
                assert np.abs(centre - (mapped[k] + (np.array([x, y]) - points[k]) * scale)).max() < 0.3


def test_pupils_are_dark_and_inside_the_eye_region(smoke_faces, truth):
    rows = np.flatnonzero(
        smoke_faces.meta["expression"].isin(["surprised", "neutral"]) & (smoke_faces.meta["frame"] == 3)
    )
    marks = region_masks.landmarks(smoke_faces, truth, rows)
    for row, points in zip(rows, marks, strict=True):
        x, y = np.rint(points[42:48].mean(axis=0)).astype(int)
        face = smoke_faces.images[row, :, :, 0].astype(float)
        assert face[y - 2 : y + 3, x - 2 : x + 3].min() < face[60:120, 40:140].mean()


def test_regions_are_those_of_the_units_drawn(smoke_faces, truth):
    meta = smoke_faces.meta
    rows = region_masks.apexes(smoke_faces, truth, np.arange(len(meta)))
    assert len(rows) == meta["clip"].nunique()
    made = region_masks.regions(smoke_faces, truth, rows)
    labels, marks = meta["expression"].to_numpy()[rows], region_masks.landmarks(smoke_faces, truth, rows)
    assert made.masks.shape == (len(rows), 180, 180) and made.masks.dtype == bool
    assert set(np.flatnonzero(labels == "neutral")) <= set(made.empty) and f"{len(made.empty)} of them without" in repr(
        made
    )
    assert all(not made.masks[k].any() and not made.units[k] for k in made.empty)
    for k in np.flatnonzero(labels == "happy"):
        x, y = np.rint(marks[k, 48:68].mean(axis=0)).astype(int)
        forehead = np.rint(marks[k, 19] - (0, 12)).astype(int)
        assert 12 in made.units[k] and made.masks[k, y, x] and not made.masks[k, max(forehead[1], 0), forehead[0]]
    for k in np.flatnonzero(labels == "surprised"):
        brow = np.clip(np.rint(marks[k, 19]).astype(int), 0, 179)
        assert 27 in made.units[k] and (1 not in made.units[k] or made.masks[k, brow[1], brow[0]])
    fewer = region_masks.regions(smoke_faces, truth, rows, least=0.6)
    assert (fewer.masks <= made.masks).all() and fewer.masks.sum() < made.masks.sum()
    small = region_masks.regions(smoke_faces, truth, rows[:3], size=60)
    assert small.masks.shape == (3, 60, 60)
    assert np.abs(small.masks.mean(axis=(1, 2)) - made.masks[:3].mean(axis=(1, 2))).max() < 0.05


def test_one_side_has_its_own_region():
    points = np.stack([np.linspace(10, 90, 68), np.linspace(10, 90, 68)], axis=1)
    points[36], points[45] = (20, 40), (80, 40)
    left = region_masks._outline("eye", 1, points, 60)
    assert left[:, 0].min() >= points[42:48, 0].min() - 1
    brow = region_masks._outline("brow", 0, points, 60)
    assert brow[:, 1].min() == pytest.approx(points[17:22, 1].min() - 0.3 * 60, abs=1e-3)


def test_truth_that_is_not_there_is_named(smoke_faces, truth, tmp_path):
    for call, word in [
        (lambda: region_masks.regions(smoke_faces, tmp_path, [0]), "`truth`"),
        (lambda: region_masks.regions(smoke_faces, 3, [0]), "`truth`"),
        (lambda: region_masks.regions(smoke_faces, truth, [len(smoke_faces)]), "`rows`"),
        (lambda: region_masks.regions(smoke_faces, truth, []), "`rows`"),
        (lambda: region_masks.regions(smoke_faces, truth, [0], least=2), "`least`"),
    ]:
        with pytest.raises(FerError, match=word):
            call()
    strange = FaceSet.save(
        smoke_faces.images[:1], smoke_faces.meta.iloc[:1].assign(clip="Actor_99/x.mp4"), tmp_path / "strange"
    )
    with pytest.raises(FerError, match=r"`face_set`.*Actor_99"):
        region_masks.regions(strange, truth, [0])


# --- planted marks ---------------------------------------------------------------------------


def toy(path, count=40, labels=("neutral", "happy", "sad", "angry")):
    rng = np.random.default_rng(0)
    meta = pd.DataFrame(
        {
            "dataset": "folder",
            "clip": [f"{k}.mp4" for k in range(count)],
            "actor": [f"{k % 5:02d}" for k in range(count)],
            "expression": [labels[k % len(labels)] for k in range(count)],
        }
    )
    return FaceSet.save(rng.integers(90, 160, (count, 60, 60), np.uint8), meta, path)


@pytest.mark.parametrize("kind", shortcuts.KINDS)
def test_a_planted_set_differs_on_the_mark_and_nowhere_else(kind, tmp_path):
    plain = toy(tmp_path / "plain")
    made = shortcuts.plant(plain, tmp_path / "planted", kind)
    mask = shortcuts.shortcut_mask(kind, 60, classes=4)
    changed = (made.images != plain.images)[..., 0]
    assert not changed[:, ~mask].any() and changed[:, mask].any(axis=1).all() and 0.005 < mask.mean() < 0.05
    assert made.fingerprint != plain.fingerprint and made.meta.equals(plain.meta)
    marks = made.images[:, mask]
    numbers, names = shortcuts.targets(plain)
    assert (
        names == ("neutral", "happy", "sad", "angry")
        and len(np.unique(marks[:, 0] if kind == "corner" else numbers)) == 4
    )
    if kind == "corner":
        assert [sorted(set(marks[numbers == k].ravel())) for k in range(4)] == [[32], [96], [159], [223]]
    else:
        dark = (made.images[..., 0] == shortcuts.LEVELS[0]).sum(axis=(1, 2))
        assert (np.diff([dark[numbers == k][0] for k in range(4)]) > 0).all() and dark[0] > 0
    assert shortcuts.plant(plain, tmp_path / "planted", kind).fingerprint == made.fingerprint  # asked again: the same
    with pytest.raises(FerError, match="`out_dir`"):
        shortcuts.plant(plain, tmp_path / "planted", kind, agreement=0.5)
    assert np.array_equal(shortcuts.mark(plain.images, numbers, kind, classes=4), made.images)
    assert np.array_equal(shortcuts.mark(plain.images[..., 0], numbers, kind, classes=4), made.images[..., 0])


@pytest.mark.parametrize("agreement, own", [(1.0, 400), (0.75, 300), (0.1, 40), (0.0, 0)])
def test_agreement_is_counted(agreement, own):
    numbers = np.arange(400) % 8
    made = shortcuts.marks(numbers, 8, agreement=agreement, seed=5)
    assert (made == numbers).sum() == own and set(made) <= set(range(8))
    assert np.array_equal(made, shortcuts.marks(numbers, 8, agreement=agreement, seed=5))
    if own < 400:
        assert len(set(((made - numbers) % 8)[made != numbers])) == 7
        assert not np.array_equal(made, shortcuts.marks(numbers, 8, agreement=agreement, seed=6))


def test_a_network_that_reads_the_mark_is_caught_and_one_that_does_not_is_not():
    rng = np.random.default_rng(2)
    numbers, people = np.arange(80) % 4, [f"{k // 8}" for k in range(80)]
    pictures = rng.integers(90, 160, (80, 60, 60, 1)).astype(np.uint8)
    mask = shortcuts.shortcut_mask("corner", 60, classes=4)

    def reads(images):
        return np.eye(4)[np.clip(np.round(images[:, mask, 0].mean(axis=1) / 255 * 4 - 0.5), 0, 3).astype(int)]

    truth = iter(np.tile(numbers, 3).tolist())
    blind = lambda images: np.eye(4)[[next(truth) for _ in images]]  # noqa: E731 - right whatever the mark is
    on, off = np.broadcast_to(mask, (80, 60, 60)).astype(float), np.ones((80, 60, 60))
    found = shortcuts.counterfactual(reads, pictures, numbers, "corner", classes=4)
    assert (
        (found["with"] == numbers).all()
        and (found["exchanged"] == found["other"]).all()
        and (found["other"] != numbers).all()
    )
    verdict = shortcuts.caught(on, mask, found, numbers, people)
    assert (
        verdict["caught"]
        and verdict["suspected"]
        and verdict["follows"]["value"] == 1
        and verdict["accuracy"]["exchanged"]["value"] == 0
    )
    assert verdict["drop"]["value"] == pytest.approx(1 - (found["without"] == numbers).mean())
    assert shortcuts.caught(off, mask, found, numbers, people)["verdict"] == "caught, and the map has missed it"
    either = {**found, "without": numbers}  # it can read the face, too, and believes the mark where there is one
    assert (
        shortcuts.caught(on, mask, either, numbers, people)["caught"]
        and shortcuts.caught(on, mask, either, numbers, people)["drop"]["value"] == 0
    )
    assert not shortcuts.caught(on, mask, {**either, "exchanged": numbers}, numbers, people)["caught"]
    assert not shortcuts.caught(on, mask, found, numbers, people, drop=1.0)["caught"]
    fine = shortcuts.counterfactual(blind, pictures, numbers, "corner", classes=4)
    assert shortcuts.caught(off, mask, fine, numbers, people)["verdict"] == "nothing found"
    assert shortcuts.caught(on, mask, fine, numbers, people)["verdict"] == "suspected by the map, and not proved"
    json.dumps(verdict, allow_nan=False)


@pytest.mark.parametrize(
    "call, word",
    [
        (lambda plain, out: shortcuts.plant(plain, out, "hat"), "`kind`.*corner, dots"),
        (lambda plain, out: shortcuts.plant(plain, out, "corner", agreement=1.2), "`agreement`"),
        (lambda plain, out: shortcuts.plant(plain, out, "corner", seed=-1), "`seed`"),
        (lambda plain, out: shortcuts.shortcut_mask("dots", 60, classes=11), "`classes`.*10"),
        (lambda plain, out: shortcuts.shortcut_mask("corner", 8), "`size`"),
        (lambda plain, out: shortcuts.mark(plain.images, [0], "corner"), "`numbers`"),
        (lambda plain, out: shortcuts.marks([0, 3], 3), "`numbers`.*0 to 2"),
        (lambda plain, out: shortcuts.marks([-1, 0], 3), "`numbers`.*0 to 2"),
        (lambda plain, out: shortcuts.mark(plain.images.astype(float), [0] * 40, "corner"), "`images`"),
    ],
)
def test_impossible_marks_are_refused_before_anything_is_written(call, word, tmp_path):
    with pytest.raises(FerError, match=word):
        call(toy(tmp_path / "plain"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_one_label_cannot_carry_a_shortcut(tmp_path):
    with pytest.raises(FerError, match=r"`face_set`.*two expressions"):
        shortcuts.plant(toy(tmp_path / "one", labels=("happy",)), tmp_path / "out", "dots")


# --- the study -------------------------------------------------------------------------------

SMALL = {
    "folds": 1,
    "planted": 1,
    "occluded": 8,
    "epochs": 1,
    "kinds": ("dots",),
    "model": experiments.Model.of("ding2023", size=48, filters=4),
}


@pytest.fixture(scope="module")
def small(_store, smoke_faces):
    with as_stored("explanation"):
        return explanation.answer("smoke", progress=False, **SMALL)


def test_the_study_scores_every_map_on_the_same_faces(small):
    json.dumps(small, allow_nan=False)
    rows = {(row["method"], row["network"], row["region"]): row for row in small["truth"]}
    assert len(rows) == len(explanation.METHODS) * 2 * 2
    for (method, *_), row in rows.items():
        looked = small["faces"]["occluded" if method == "occlusion" else "looked_at"]
        assert row["n"] + row["unmapped"] + row["unmasked"] == looked
        assert row["unmasked"] == rows[method, "trained", "own"]["unmasked"]
        assert row["share"] is None or 0 <= row["share"]["value"] <= 1
    assert (
        small["faces"]["occluded"] == 8
        and sum(small["faces"]["without_by_label"].values()) == small["faces"]["without_region"] > 0
    )
    assert {row["label"] for row in small["by_label"]} == set(small["labels"])
    whole = [row["n"] + row["unmapped"] + row["unmasked"] for row in small["by_label"] if row["method"] == "HiResCAM"]
    assert sum(whole) == small["faces"]["looked_at"]
    assert set(small["mean_maps"]) == {"clean network", "shuffled network", "network trained with dots"}
    assert all(np.shape(one) == (22, 22) and np.max(one) in (0, 1) for one in small["mean_maps"].values())


def test_the_study_s_share_is_that_of_its_network_s_maps(small, smoke_faces, truth):
    result = experiments.run(
        experiments.Experiment.from_configuration(small["experiments"][0]), face_set=smoke_faces, progress=False
    )
    rows = region_masks.apexes(smoke_faces, truth, result.predictions["row"].to_numpy())
    known, names = shortcuts.targets(smoke_faces)
    assert list(names) == small["labels"] and len(rows) == small["faces"]["looked_at"]
    pictures, actors = (
        faces.resize(smoke_faces.images[rows], 48, progress=False),
        smoke_faces.meta["actor"].to_numpy()[rows],
    )
    for method in ("Grad-CAM", "HiResCAM"):
        maps = explain.grad_cam(result.model(), pictures, known[rows], average=method == "Grad-CAM")
        found = explain.scored(maps, region_masks.regions(smoke_faces, truth, rows, size=48).masks, actors)
        row = next(
            row
            for row in small["truth"]
            if (row["method"], row["network"], row["region"]) == (method, "trained", "own")
        )
        assert row["n"] == found["n"] > 0
        assert (row["share"]["value"], row["lift"]["low"]) == pytest.approx(
            (found["share"]["value"], found["lift"]["low"]), rel=1e-3
        )


def test_the_study_asks_the_planted_and_the_clean_network_the_same(small):
    rows = {(row["network"], row["method"]): row for row in small["shortcuts"]}
    assert set(rows) == {(network, method) for network in ("planted", "clean") for method in explanation.METHODS}
    for row in rows.values():
        falls = max(row["drop"]["low"], row["exchange_drop"]["low"])
        assert row["caught"] == row["proved"] == (falls > small["rule"]["drop"]) and row["kind"] == "dots"
        assert row["drop"]["value"] == pytest.approx(
            row["accuracy"]["with"]["value"] - row["accuracy"]["without"]["value"], abs=1e-5
        )
    assert (
        rows["planted", "Grad-CAM"]["accuracy"]
        == rows["planted", "HiResCAM"]["accuracy"]
        == rows["planted", "occlusion"]["accuracy"]
    )
    assert (
        small["mean_maps"]["network trained with dots"]
        != small["mean_maps"]["clean network"]
        != small["mean_maps"]["shuffled network"]
    )
    assert small["accuracies"].keys() == {"clean", "dots"} and small["experiments"][0]["split"]["fold"] == 0


def test_what_is_trained_is_not_trained_again(small, monkeypatch):
    from fer_utils import training

    monkeypatch.setattr(training, "fit", lambda *_, **__: pytest.fail("trained again"))
    monkeypatch.setattr(explanation, "METHODS", ("Grad-CAM",))
    again = explanation.answer("smoke", progress=False, **SMALL)
    assert again["truth"] == [row for row in small["truth"] if row["method"] == "Grad-CAM"]
    assert again["shortcuts"] == [row for row in small["shortcuts"] if row["method"] == "Grad-CAM"]


@pytest.mark.parametrize(
    "given, word",
    [
        ({"kinds": ("hat",)}, "kind"),
        ({"folds": 1, "planted": 2}, "planted"),
        ({"occluded": 0}, "occluded"),
        ({"epochs": 0}, "epochs"),
    ],
)
def test_a_study_that_cannot_be_is_refused_at_once(given, word):
    with pytest.raises(FerError, match=f"`{word}`"):
        explanation.answer("smoke", progress=False, **given)


@pytest.mark.skipif(
    ("explanation", "class") not in studies.stored(),
    reason="the study is not stored yet: python -m fer_utils study explanation --store",
)
def test_the_stored_answer_is_whole():
    found = studies.load("explanation", "class").answer
    assert len(found["accuracies"]["clean"]) == 5 and len(found["actors"]) == 24
    assert {(row["kind"], row["network"], row["method"]) for row in found["shortcuts"]} == {
        (kind, network, method)
        for kind in shortcuts.KINDS
        for network in ("planted", "clean")
        for method in explanation.METHODS
    }
    assert all(len(row["accuracies"]) == 3 for row in found["shortcuts"]) and len(found["mean_maps"]) == 4
