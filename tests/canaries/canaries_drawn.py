"""Canaries of what is drawn and of what becomes of it: studio, stand-ins, faces, landmarks, regions."""

from __future__ import annotations

import functools
import inspect
import io
import json
import os
from pathlib import Path
import tempfile

from canary import canary, defaults, digest, thumbnail
import cv2
import numpy as np
import pandas as pd
from PIL import Image
import pytest

from fer_utils import datasets, faces, studio
from fer_utils.faces import detectors, images, landmark_patches, landmark_training, pixels, quality_report
from fer_utils.faces.detectors import create
from fer_utils.synthetic import (
    landmark_predictor,
    photographs,
    posed_prototypes,
    random_faces,
    region_masks,
    stand_ins,
)

#: Mean grey levels of coarse cells: rounding on another processor moves them by hundredths, a changed drawing by more.
GREY = 0.3
#: In this process and without a bar.
QUIET = {"workers": 1, "progress": False}


@functools.cache
def film() -> Path:
    """A film of two actors and six clips, in a new folder or, if the environment names one, in that."""
    root = Path(os.environ.get("CANARY_FILM") or tempfile.mkdtemp(prefix="canary-")) / "film"
    studio.film("ravdess", root, actors=2, clips_per_actor=3, frames=12, size=256, seed=5, workers=1, progress=False)
    return root


@functools.cache
def face_set() -> faces.FaceSet:
    """The faces of `film`, three a clip, in a new folder or, if the environment names one, in that."""
    place = Path(os.environ.get("CANARY_FACES") or tempfile.mkdtemp(prefix="canary-")) / "faces"
    return faces.prepare(datasets.scan("ravdess", film()), place, frames=3, workers=1, progress=False)


#: Who is drawn, how: person's seed, action units, view.  Every hair style, beard, lamp and occlusion is seen once.
LOOKS: dict[str, tuple[int, dict, dict]] = {
    "plain": (1, {12: 0.8, 6: 0.6}, {"yaw": 10, "light": "left"}),
    "far to the side": (1, {10: 0.8, 16: 0.6, 27: 0.9}, {"yaw": 55, "light": "right"}),
    "turned": (7, {1: 0.7, 2: 0.7, 5: 0.8, 26: 0.9}, {"yaw": -25, "pitch": 8, "roll": 6}),
    "covered": (12, {4: 1.0, 9: 0.8, 15: 0.6}, {"occlusion": "mask", "light": "top"}),
    "hand before it": (12, {7: 0.9, 20: 0.8}, {"occlusion": "hand", "zoom": 0.8, "pitch": -12}),
    "winking": (23, {43: 0.9, 17: 0.5, 24: 0.7, 45: 0.4}, {"gaze": (0.4, -0.2)}),
    "to one side": (23, {"L12": 0.9, "R14": 0.8, "L2": 0.7}, {"occlusion": "glasses", "light": "flat"}),
    "scarf": (30, {18: 0.8, 25: 0.6}, {"background": (60, 90, 120), "shift": (0.08, -0.05)}),
    "moustache": (53, {14: 0.8, 23: 0.8}, {"markers": True, "light": "dim"}),
    "bald": (11, {12: 1.0, 25: 0.9, 26: 0.4}, {"light": "top", "roll": -14}),
    "fringe": (9, {15: 0.9, 1: 0.9, 4: 0.5}, {"gaze": (-0.8, 0.6), "yaw": 30}),
    "bun": (3, {6: 1.0, 7: 0.4}, {"light": "flat", "pitch": 14}),
    "goatee": (17, {9: 0.6, 10: 0.5}, {"yaw": -40, "zoom": 1.2}),
    "pixie": (27, {5: 0.9}, {"size": (160, 112)}),
}


def act_means(acted: studio.Rehearsal) -> dict:
    """A clip's action units, pose, gaze and apex, per cent: the mean of every frame."""
    return {
        clip.rsplit("/", 1)[-1]: {
            key: np.round(100 * value.reshape(len(value), -1).mean(axis=1), 1) for key, value in act.items()
        }
        for clip, act in sorted(acted.acts.items())
    }


def filmed_truth(root: Path, clip: int) -> dict:
    """Sums of what the truth says of each frame of a clip."""
    truth = np.load(sorted((root / "truth" / "frames").rglob("*.npz"))[clip])
    return {name: np.round(truth[name].astype(float).sum(axis=tuple(range(1, truth[name].ndim))), 2) for name in truth}


@canary("studio", tolerance=GREY)
def _studio():
    """People, their acting in every data set, how they are drawn, and two films; the quick parts first."""
    yield "defaults", defaults(studio.draw, studio.draw_batch, studio.film, studio.rehearse, studio.person)
    yield "factors", [[name, *map(str, vars(factor).values())] for name, factor in studio.FACTORS.items()]
    lamps = sorted(studio.LIGHTS.items())
    yield "lights", [[name, *np.round(100 * np.array(list(vars(light).values()), float), 2)] for name, light in lamps]
    people = {}
    for seed in (1, 31, 500):
        told = vars(studio.person(seed, presentation="male" if seed == 31 else None))
        people[seed] = {
            name: round(1000 * value, 1) if isinstance(value, float) else value
            for name, value in told.items()
            if name not in ("style", "rest")
        }
        people[seed]["style"] = [[unit, round(1000 * gain, 1)] for unit, gain in told["style"] + told["rest"]]
    yield "people", people
    words = ("presentation", "tone", "hair_style", "hair_colour", "eye_colour", "facial_hair", "glasses", "clothes")
    yield (
        "many people",
        [" ".join(str(getattr(studio.person(seed), word)) for word in words) for seed in range(2000, 2040)],
    )
    yield (
        "prototypes",
        {
            label: [
                [str(unit), round(100 * value, 1)] for unit, value in studio.prototype(label, 0.9, optional=0.7).items()
            ]
            for label in studio.expressions.PROTOTYPES
        },
    )
    played = {
        f"{label} {level}": studio.acting.style(studio.person(1), label, intensity=level)[1]
        for label in ("happy", "disgust", "surprised")
        for level in (1, 2)
    }
    yield "style", {name: np.round(1000 * units[0], 1) for name, units in played.items()}
    yield "midline", sorted(studio.expressions.MIDLINE)
    yield "acting", act_means(studio.rehearse("ravdess", actors=2, clips_per_actor=8, frames=8, seed=3))
    yield "acting in savee", act_means(studio.rehearse("savee", actors=1, clips_per_actor=7, frames=6, seed=1))
    odd = {"speech": (0.1, 0.9), "yaw": (-20, 20), "label_noise": 0.5, "occlusion": {"hand": 0.5}, "light": "left"}
    asked = studio.rehearse("mead", actors=3, clips_per_actor=6, frames=4, seed=2, factors=odd)
    yield "acting in mead", act_means(asked)
    columns = asked.clips.drop(columns=[name for name in asked.clips if asked.clips[name].dtype == float])
    yield "mead", columns.astype(str).to_numpy()
    everybody = {"savee": {"actors": ["KL"]}, "mead": {"actors": 6, "clips_per_actor": 20}, "ravdess": {"actors": 1}}
    for layout, options in everybody.items():
        clips = studio.rehearse(layout, frames=1, **options).clips
        numbers = clips.select_dtypes("number")
        yield f"all of {layout}", [len(clips), digest(list(clips["clip"])), digest(list(clips["performance"]))]
        yield f"drawn for {layout}", {name: round(float(10 * numbers[name].mean()), 2) for name in numbers}
    for name, (seed, units, view) in LOOKS.items():
        picture, marks = studio.draw(studio.person(seed), units, truth=True, **{"size": 128, **view})
        yield name, {"picture": thumbnail(picture, 12), "landmarks": np.round(10 * marks[::4], 1)}
        colours = [[round(float(part.mean()), 1) for part in np.array_split(picture[..., k], 6)] for k in range(3)]
        yield f"{name}, colours", colours
    both = studio.draw_batch([studio.person(1), studio.person(7)], {26: 1.0}, size=64, yaw=[0, 15])
    yield "together", [thumbnail(picture, 6) for picture in both]
    yield "film", filmed_truth(film(), 1)
    reading = faces.read_frames(sorted(film().rglob("*.mp4"))[1], 2)
    yield "frames", [thumbnail(frame.rgb, 8) for frame in reading.frames]
    root = Path(tempfile.mkdtemp(prefix="canary-")) / "odd"
    odd |= {"blur": 2, "noise": 8, "compression": 20, "zoom": 0.7, "shift_x": 0.1, "background": (90, 160, 40)}
    studio.film("mead", root, actors=1, clips_per_actor=1, frames=3, size=96, views=("left_30",), factors=odd, **QUIET)
    yield "odd film", filmed_truth(root, 0)
    reading = faces.read_frames(sorted(root.rglob("*.mp4"))[0], 2)
    yield "odd frames", [thumbnail(frame.rgb, 12) for frame in reading.frames]
    # Noise and blur, and what a codec leaves of them: how much neighbouring pixels differ.
    yield (
        "rough",
        [round(float(np.abs(np.diff(frame.rgb.astype(float), axis=1)).mean()), 1) for frame in reading.frames],
    )


@canary("stand_ins")
def _stand_ins():
    """Which clips would be filmed, without filming them.  The smoke tier may change: no answer of it is ever stored."""
    out = {"defaults": defaults(stand_ins.clip_table, stand_ins.film_stand_in, stand_ins.face_set, stand_ins.truth)}
    for tier in ("class", "full"):
        for dataset, size in stand_ins.SIZES[tier].items():
            out[f"{tier} {dataset}"] = [size.actors, size.clips_per_actor]
    acted = studio.rehearse("savee", actors=1, clips_per_actor=7, frames=4, seed=stand_ins.SEED)
    out["clips"] = digest(sorted(acted.clips["clip"]))
    out["seed"], out["epochs"] = stand_ins.SEED, {tier: stand_ins.EPOCHS[tier] for tier in ("class", "full")}
    out["tiers"] = list(stand_ins.TIERS)
    asked, filmed = [], film()

    def note(*given, **options):
        """Stands for what films and finds faces, and says what it was asked for."""
        asked.append(
            [str(one) for one in given if isinstance(one, str)] + sorted(f"{k}={v}" for k, v in options.items())
        )
        return "made"

    with tempfile.TemporaryDirectory(prefix="canary-") as home, pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_HOME", home)
        patch.setattr(stand_ins.studio, "film", note)
        patch.setattr(stand_ins.faces, "prepare", note)
        real = stand_ins.datasets.scan
        patch.setattr(stand_ins.datasets, "scan", lambda dataset, root, **_: real(dataset, filmed))
        for dataset, options in (("savee", {}), ("ravdess", {"twins": True}), ("mead", {"tier": "full"})):
            folder = stand_ins.film_stand_in(dataset, progress=False, **options)
            out[f"folder of {dataset}"] = folder.relative_to(home).as_posix().rsplit("-", 1)[0]
        out["truth"] = stand_ins.truth("savee").name
        out["found"] = len(stand_ins.clip_table("ravdess", root=filmed))
        stand_ins.face_set("ravdess", frames=3, progress=False)
        stand_ins.face_set("ravdess", root=filmed, detector="haar", workers=1, progress=False)
    out["asked"] = asked
    return out


@canary("faces", tolerance=GREY)
def _faces():
    yield (
        "defaults",
        defaults(
            faces.prepare,
            faces.crop,
            faces.points_in_crop,
            faces.points_in_picture,
            faces.sample_indices,
            faces.apex_indices,
            faces.read_frames,
            faces.each_frame,
            faces.resize,
            faces.fit_landmarks,
        ),
    )
    yield "samples", {how: faces.sample_indices(100, 6, how) for how in faces.SAMPLINGS if how not in ("apex", "all")}
    few = [(2, 6), (6, 6), (7, 6), (9, 4), (31, 5)]
    yield "few", {how: [faces.sample_indices(*pair, how) for pair in few] for how in ("even", "middle", "all")}
    yield "apex", faces.apex_indices([0, 1, 3, 9, 2, 1, 0, 4, 8, 7, 1], 4)
    changes = ([0, 9, 1, 1, 1], [0, 1, 1, 1, 9], [0, np.nan, 5, 5, 2, 1], [0, 1])
    yield "apexes", [faces.apex_indices(one, 3) for one in changes]
    yield "cut", _crops()
    yield "pictures", _decoded()
    yield "boxes, compared", _overlaps()
    meta = pd.DataFrame(
        {
            "actor": list("aaaabbbb"),
            "detector": ["dlib"] * 5 + ["haar"] * 3,
            "score": [0.5, 0.7, 0.9, 0.1, 0.8, 5.0, 9.0, 7.0],
            "sharpness": [100.0, 90.0, 20.0, 110.0, 400.0, 390.0, 410.0, 100.0],
            "brightness": [90.0, 95.0, 92.0, 99.0, 30.0, 35.0, 90.0, 33.0],
        }
    )
    doubted = quality_report.doubts(meta)
    yield "doubts", [np.round(10 * doubted["doubt"].to_numpy(), 1), list(doubted["because"])]
    small = faces.resize(face_set().images[:2], 20, progress=False)
    yield "resized", [thumbnail(image[..., 0], 10) for image in small]

    made = face_set()
    yield "images", [thumbnail(image, 8) for image in made.images[::4, :, :, 0]]
    meta = made.meta[["clip", "frame_index", "box_x", "box_y", "box_w", "box_h", "faces_found"]]
    yield "meta", meta.to_numpy().tolist()
    yield "quality", np.round(made.meta[["sharpness", "brightness"]].to_numpy(float)[::4] / 10, 1)
    yield "times", np.round(100 * made.meta["time_s"].to_numpy(), 1)
    clip = sorted(film().rglob("*.mp4"))[2]
    for sampling, k in (("even", 5), ("middle", 4), ("apex", 3), ("all", 1), ("even", 50)):
        reading = faces.read_frames(clip, k, sampling=sampling)
        told = [[frame.index, round(100 * frame.time_s, 1)] for frame in reading.frames]
        yield f"{k} frames, {sampling}", [reading.n_frames, told, [note.kind for note in reading.notes]]
    yield "frame", thumbnail(reading.frames[4].rgb, 6)
    shown = faces.read_frames(clip, 1).frames[0].rgb
    lazy = next(faces.each_frame(clip, 1, into=faces.Reading(), copy=False)).rgb
    colours = [
        [round(float(part.mean()), 1) for part in np.array_split(one, 3)] for one in (shown[..., 0], lazy[..., 2])
    ]
    yield "colours", [*colours, thumbnail(pixels.grey_of(shown), 4), thumbnail(pixels.grey_of(lazy), 4)]

    # Two people in one picture: the largest face is kept.
    large, small = (studio.draw(studio.person(seed), {12: 0.6}, size=side) for seed, side in ((1, 256), (2, 160)))
    both = np.full((256, 440, 3), 127, np.uint8)
    both[:160, :160], both[:, 184:] = small, large
    place = Path(tempfile.mkdtemp(prefix="canary-")) / "happy"
    place.mkdir()
    cv2.imwrite(str(place / "two.png"), both[:, :, ::-1])
    pictures = datasets.scan("folder", place.parent)
    for name, options in (("two people", {}), ("two people, wider", {"margin": 0.3, "size": 64, "detector": "haar"})):
        two = faces.prepare(pictures, place.parent / name, **options, **QUIET)
        yield name, two.meta[["box_x", "box_y", "box_w", "box_h", "faces_found"]].to_numpy().tolist()
        yield f"{name}, faces", [thumbnail(image, 8) for image in two.images[..., 0]]
        yield f"{name}, problems", two.problems[["stage", "kind"]].to_numpy().tolist()
    boxes = {name: create(name).detect(large) for name in ("dlib", "haar")}
    yield "boxes", {name: [[box.x, box.y, box.w, box.h] for box in found] for name, found in boxes.items()}
    box = boxes["dlib"][0]
    marks = studio.draw(studio.person(1), {12: 0.6}, size=256, roll=12, truth=True)[1]
    yield (
        "crops",
        [
            thumbnail(faces.crop(large, box, size=64), 8),
            thumbnail(faces.crop(large, box, size=64, margin=0.2, roll=15.0), 8),
        ],
    )
    yield "points", np.round(faces.points_in_crop(marks, box, size=64, margin=0.1, roll=5.0)[::8], 1)
    yield "roll", round(float(faces.eye_roll(marks)), 1)
    rough = _rough_predictor(place.parent / "rough.dat", large, box)
    yield "landmarks", np.round(rough.find(large, box)[::6], 1)
    yield "landmarks, no box", np.round(rough.find(large.mean(axis=2).astype(np.uint8))[::9], 1)
    turned, roll = rough.find_turned(large, box)
    yield "landmarks, turned", [np.round(turned[::9], 1), round(roll, 1)]
    nobody = rough.find(np.full((90, 90), 40, np.uint8))
    yield "landmarks, nobody", [list(nobody.shape), int(np.isnan(nobody).sum())]
    level = faces.prepare(pictures, place.parent / "level", landmarks=rough, align=True, size=48, **QUIET)
    yield "level", [thumbnail(level.images[0, ..., 0], 8), np.round(level.landmarks[0, ::9], 1)]
    yield "errors", _errors()
    # A picture larger than the first look takes: a large face in it and a small one, looked for quickly, thoroughly,
    # and near a box that is known.
    wide = np.full((700, 1200, 3), 120, np.uint8)
    wide[100:612, 100:612] = large.repeat(2, axis=0).repeat(2, axis=1)
    wide[400:560, 900:1060] = small
    finder = create("dlib")
    quick, thorough = finder.detect(wide), finder.detect(wide, thorough=True)
    followed, near = finder.follow(wide, faces.Box(quick[0].x + 12, quick[0].y - 9, quick[0].w + 15, quick[0].h, 1.0))
    lost, _ = finder.follow(wide, faces.Box(1000, 20, 90, 90, 1.0))
    looks = {"quick": quick, "thorough": thorough, "followed": followed, "near": [near], "lost": lost}
    yield "looks", {name: [[*map(int, box[:4])] for box in found if box] for name, found in looks.items()}


def _rough_predictor(path: Path, picture: np.ndarray, box: faces.Box) -> faces.Landmarks:
    """A predictor that has learned of two faces, hardly anything: what is done with it is looked at."""
    # Landmarks turned by 14 degrees, of a level face: what follows from a roll is done.
    truth = studio.draw(studio.person(1), {12: 0.6}, size=256, roll=14, truth=True)[1]
    options = dict(landmark_training.OPTIONS)
    options |= {"cascade_depth": 2, "num_trees_per_cascade_level": 6, "tree_depth": 2, "feature_pool_size": 40}
    faces.fit_landmarks([(picture, box, truth), (picture, box, truth + 6)], path, options=options, seed=1)
    return faces.Landmarks(path)


def _errors() -> np.ndarray:
    """Landmark errors of known points, per mille."""
    face = np.arange(136.0).reshape(68, 2) % 37
    found = faces.landmark_error(np.stack([face + 1, face * 1.1]), np.stack([face, face]))
    return np.round(1000 * np.append(found, faces.landmark_error(face[::-1], face)), 1)


def _crops() -> dict:
    """Squares within and beyond a picture, enlarged, turned, and where points are in them and in the picture again."""
    rows, columns = np.mgrid[:90, :120]
    picture = np.stack([columns * 2, rows * 2, (rows * columns) % 200], axis=-1).astype(np.uint8)
    out = {}
    for name, box, options in (
        ("within", faces.Box(30, 20, 40, 31, 1.0), {"size": 40}),
        ("beyond", faces.Box(-8, 50, 50, 60, 1.0), {"size": 25, "margin": 0.15}),
        ("enlarged", faces.Box(90, 3, 21, 16, 1.0), {"size": 60, "margin": 1.0}),
        ("turned", faces.Box(33, 25, 45, 45, 1.0), {"size": 30, "roll": -32.0}),
        ("turned beyond", faces.Box(95, 60, 30, 24, 1.0), {"size": 50, "roll": 200.0}),
    ):
        square = faces.crop(picture, box, **options)
        points = faces.points_in_crop(np.array([[30.0, 40.0], [60.0, 10.0]]), box, **options)
        back = faces.points_in_picture(points + 3, box, **options)
        out[name] = [thumbnail(square, 5), np.round(10 * points, 1), np.round(10 * back, 1)]
        sharpness, brightness = faces.quality(square)
        out[f"{name}, quality"] = [round(sharpness, 1), round(brightness, 1)]
    return out


def _decoded() -> dict:
    """Still pictures of odd kinds: transparent, of 16 bits, of real numbers, of several pages, turned, broken."""
    rows, columns = np.mgrid[:20, :30]
    grey = (rows * 8 + columns * 3).astype(np.uint8)
    shown = Image.fromarray(grey)
    clear = Image.merge("LA", (shown, Image.fromarray((255 - grey).astype(np.uint8))))
    turned = Image.Exif()
    turned[0x0112] = 6
    saved = {
        "grey": (shown, "PNG", {}),
        "clear": (clear, "PNG", {}),
        "16 bits": (Image.fromarray(grey.astype(np.uint16) * 200), "PNG", {}),
        "16 bits, turned": (Image.fromarray(grey.astype(np.uint16) * 200), "PNG", {"exif": turned}),
        "real": (Image.fromarray((grey / 255).astype(np.float32)), "TIFF", {}),
        "large": (Image.fromarray(grey.astype(np.float32) * 1000 - 50), "TIFF", {}),
        "whole": (Image.fromarray(grey.astype(np.int32)), "TIFF", {}),
        "pages": (shown, "TIFF", {"save_all": True, "append_images": [shown.point(lambda value: 255 - value)]}),
        "turned": (shown.convert("RGB"), "JPEG", {"exif": turned, "quality": 95}),
        "turned, no JPEG": (shown, "PNG", {"exif": turned}),
    }
    out = {}
    for name, (picture, kind, options) in saved.items():
        written = io.BytesIO()
        picture.save(written, kind, **options)
        found = images.decode(written.getvalue())
        told = None if found.rgb is None else [list(found.rgb.shape), thumbnail(found.rgb, 4)]
        out[name] = [told, [remark[0] for remark in found.remarks], bool(found.failure)]
    broken = images.decode(b"nothing")
    return out | {"broken": [broken.rgb is None, bool(broken.failure)], "most": images.MOST_PIXELS}


def _overlaps() -> list:
    """How much boxes have in common, whether they may be one face, and which is the largest."""
    boxes = [
        faces.Box(*sides, 1.0)
        for sides in ((0, 0, 10, 10), (5, 5, 10, 12), (9, 0, 12, 10), (30, 0, 4, 4), (5.2, 0, 10, 10))
    ]
    pairs = [(one, other) for one in boxes for other in boxes]
    common = [round(100 * one.overlap(other), 1) for one, other in pairs]
    same = [int(one.may_be_same_face(other)) for one, other in pairs]
    rough = [(1.4, 2.5, 9.6, 3, 0.25), (0, 0, 20, 20), (7, 1, 10, 3, 2)]
    return [common, same, [list(box) for box in detectors.cleaned(rough)], faces.detector_base._scales(3000, 0.8)]


@canary("landmark_predictor", tolerance=GREY)
def _landmark_predictor():
    """What it learns from, and what a predictor learned from few people says of a face."""
    few = inspect.signature(landmark_training.fit_landmarks).parameters
    yield "defaults", defaults(landmark_predictor.train, landmark_predictor.examples, landmark_predictor.measure)
    yield "seeds", [landmark_predictor.TAUGHT, landmark_predictor.UNSEEN, landmark_predictor.MOST_PEOPLE]
    yield (
        "options",
        {
            name: float(value) if isinstance(value, (int, float)) else str(value)
            for name, value in few["options"].default.items()
        },
    )
    yield "patches", _patches()
    drawn = list(landmark_predictor.examples(2, 2, seed=1))
    about = []
    for one in drawn:
        told = {name: value if isinstance(value, (str, bool)) else float(value) for name, value in one.about.items()}
        about.append({name: round(value, 2) if isinstance(value, float) else value for name, value in told.items()})
    yield "about", about
    yield "marks", [np.round(one.landmarks[::8], 2) for one in drawn]
    yield "drawn", [thumbnail(one.picture, 6) for one in drawn]
    grain = [round(float(np.abs(np.diff(one.picture.astype(float), axis=1)).mean()), 1) for one in drawn]
    yield "grain", grain
    draw = np.random.default_rng(3)
    acted = [landmark_predictor._units(label, draw) for label in ("happy", "sad", "angry", "calm") * 3]
    yield "units", [[[str(unit), round(100 * value)] for unit, value in units.items()] for units in acted]
    likely = [list(landmark_predictor._likely_box(one.landmarks)) for one in drawn]
    yield "likely boxes", likely
    measured = pd.DataFrame([one.about for one in landmark_predictor.examples(2, 2, seed=1)])
    measured = measured.assign(found=[True, True, False, True], error=[0.02, 0.04, np.nan, 0.09])
    groups = landmark_predictor.report(measured)
    yield "report", [list(groups.columns), groups.round(4).astype(str).to_numpy()]
    path = Path(tempfile.mkdtemp(prefix="canary-")) / "few.dat"
    landmark_predictor.train(path, people=3, pictures_per_person=2, seed=1, progress=False)
    told = json.loads(path.with_suffix(".json").read_text())
    yield (
        "told",
        {name: told[name] for name in ("people", "pictures", "person_seeds", "boxes_not_detected", "detector")},
    )
    predictor = landmark_predictor.load(path)
    found = predictor.find(drawn[0].picture)
    yield "error, per cent", round(100 * float(faces.landmark_error(found, drawn[0].landmarks)), 1)
    yield "found", np.round(found[::6], 1)
    turned, roll = predictor.find_turned(drawn[0].picture, faces.Box(70, 75, 110, 110, 1.0))
    yield "turned", [np.round(turned[::6], 1), round(roll, 1)]


def _patches() -> dict:
    """What the predictor is shown of a picture, and errors of known points."""
    rows, columns = np.mgrid[:90, :120]
    picture = np.stack([columns * 2, rows * 2, (rows * columns) % 200], axis=-1).astype(np.uint8)
    out = {}
    for name, box, side in (("within", (30, 20, 40, 31), 30), ("beyond", (80, 60, 50, 50), 80)):
        patch, scale, origin = landmark_patches.face_patch(
            picture, landmark_patches.checked_box(box, picture.shape), side
        )
        out[name] = [thumbnail(patch, 6), round(100 * scale, 1), origin]
    moved = landmark_patches.box_in_patch(80, 0.1, -0.05, 1.2)
    out["box"] = [moved.left(), moved.top(), moved.right(), moved.bottom()]
    out["sides"] = [landmark_patches.LEARN_SIDE, landmark_patches.LOOK_SIDE]
    out["error"] = _errors()
    out["mirrored"] = landmark_training.MIRRORED
    return out


@canary("region_masks", tolerance=0.02)
def _region_masks():
    """Where drawn action units move the face: of a film, and of two faces with all of their units in turn."""
    yield "defaults", defaults(region_masks.regions, region_masks.landmarks, region_masks.apexes)
    yield "constants", [region_masks.FOREHEAD, region_masks.WIDENED, region_masks.LEAST]
    points = {part: [list(hull) for hull in hulls] for part, hulls in region_masks.POINTS.items()}
    yield "parts", [{str(unit): list(parts) for unit, parts in region_masks.PARTS.items()}, points]
    for unit in range(len(studio.ACTION_UNITS)):
        shown = np.zeros((2, len(studio.ACTION_UNITS)), bool)
        shown[unit % 2, unit] = True
        yield f"unit {unit}", sorted(map(list, region_masks._parts_moved(shown)))
    marks = studio.draw(studio.person(7), {4: 0.8, 12: 0.5}, size=200, roll=12, yaw=15, truth=True)[1]
    outlines = {}
    for part, hulls in region_masks.POINTS.items():
        for side in range(len(hulls)):
            outline = region_masks._outline(part, side, marks, 70.0)
            outlines[f"{part} {side}"] = [len(outline), *np.round(0.05 * outline.mean(axis=0), 2)]
            outlines[f"{part} {side}"] += list(np.round(0.05 * (outline.max(axis=0) - outline.min(axis=0)), 2))
    yield "outlines", outlines
    made = face_set()
    rows = range(0, len(made), 2)
    for name, options in (
        ("film", {}),
        ("strict", {"least": 0.6}),
        ("larger", {"size": 90, "margin": 0.2, "least": 0.1}),
    ):
        found = region_masks.regions(made, film() / "truth", rows, **options)
        yield name, _region_table(found)
    marks = region_masks.landmarks(made, film(), [0, 7], size=100)
    yield "marks", np.round(marks[:, ::9], 2)
    yield "apex", np.round(region_masks.apexes(made, film() / "truth", rows), 2)
    yield "apex of all", region_masks.apexes(made, film() / "truth", list(range(len(made)))[::-1])


def _region_table(found: region_masks.Regions) -> dict:
    return {
        "masks": [
            [[round(cell / 255, 2) for cell in line] for line in thumbnail(255 * mask, 6)] for mask in found.masks
        ],
        "units": found.units,
        "empty": found.empty,
    }


@canary("random_faces", tolerance=GREY)
def _random_faces():
    """Poses and people in numbers, four drawn people, and what cropping and changing makes of them."""
    yield "defaults", defaults(random_faces.draw_faces, photographs.crop_faces, photographs.photographed)
    yield (
        "constants",
        [
            [random_faces.SIDE, random_faces.ZOOM, random_faces.PEOPLE_FROM, random_faces.MOST_PEOPLE],
            [photographs.BOX_SIDE, *photographs.BOX_CENTRE, *vars(photographs.Crop()).values()],
            sorted(random_faces.SPREADS.items()),
        ],
    )
    ways = posed_prototypes.WAYS
    yield "ways", {label: digest([[w.weight, w.always, w.sometimes] for w in ways[label]]) for label in ways}
    rng = np.random.default_rng(4)
    poses = [posed_prototypes.posed(label, rng) for label in posed_prototypes.LABELS for _ in range(3)]
    yield "poses", [sorted([str(unit), round(value, 3)] for unit, value in pose.items()) for pose in poses]
    people = [vars(random_faces.random_person(seed, rng)) for seed in range(8)]
    measures = ("age", "tone", "eye_tilt", "brow_slope", "hair_style", "hair_colour", "facial_hair", "glasses")
    yield "people", [[one[name] for name in (*random_faces.SPREADS, *measures)] for one in people]
    yield "lights", [list(vars(random_faces.random_light(rng)).values()) for _ in range(8)]
    drawn = random_faces.draw_faces(2, seed=3, poses=2, progress=False)
    yield "drawn", [[*drawn.labels.tolist()], [*drawn.people.tolist()], [thumbnail(one, 4) for one in drawn.images]]
    plain = photographs.Crop(jitter=0.0)
    cut = photographs.crop_faces(drawn.images[:6], where=plain)
    wide = photographs.crop_faces(drawn.images[:6], size=32, where=photographs.Crop(1.3, 0.1), seed=2)
    yield "cut", [[thumbnail(one, 5) for one in made] for made in (cut, wide)]
    many = np.tile(cut, (4, 1, 1))
    for strength in (0.5, 1.5):
        worn = photographs.photographed(many, strength=strength, seed=1).astype(float)
        yield f"changed {strength}", [[thumbnail(one, 3), round(float(one.std()), 2)] for one in worn]
