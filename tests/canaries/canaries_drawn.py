"""Canaries of what is drawn and of what becomes of it: studio, stand-ins, faces, landmarks, regions."""

from __future__ import annotations

import functools
import os
from pathlib import Path
import tempfile

from canary import canary, digest, thumbnail
import numpy as np

from fer_utils import datasets, faces, studio
from fer_utils.faces import landmark_training
from fer_utils.faces.detectors import create
from fer_utils.synthetic import landmark_predictor, region_masks, stand_ins

#: Mean grey levels of coarse cells: rounding on another processor moves them by hundredths, a changed drawing by more.
GREY = 0.3


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


@canary("studio", tolerance=GREY)
def _studio():
    out = {}
    looks = {
        "plain": (studio.person(1), {12: 0.8, 6: 0.6}, {"yaw": 10, "light": "left"}),
        "turned": (studio.person(7), {1: 0.7, 2: 0.7, 5: 0.8, 26: 0.9}, {"yaw": -25, "pitch": 8, "roll": 6}),
        "covered": (studio.person(12), {4: 1.0, 9: 0.8, 15: 0.6}, {"occlusion": "mask", "light": "top"}),
        "winking": (studio.person(23), {43: 0.9, 17: 0.5, 24: 0.7, 45: 0.4}, {"gaze": (0.4, -0.2)}),
    }
    for name, (who, units, view) in looks.items():
        picture, marks = studio.draw(who, units, size=128, truth=True, **view)
        out[name] = {"picture": thumbnail(picture, 12), "landmarks": np.round(marks[::4], 2)}
    acted = studio.rehearse("ravdess", actors=2, clips_per_actor=8, frames=8, seed=3)
    out["acting"] = {
        clip.rsplit("/", 1)[-1]: {
            key: np.round(100 * value.reshape(len(value), -1).mean(axis=1), 1) for key, value in act.items()
        }
        for clip, act in sorted(acted.acts.items())
    }
    truth = np.load(sorted((film() / "truth" / "frames").rglob("*.npz"))[1])
    out["film"] = {
        name: np.round(truth[name].astype(float).sum(axis=tuple(range(1, truth[name].ndim))), 2) for name in truth
    }
    reading = faces.read_frames(sorted(film().rglob("*.mp4"))[1], 2)
    out["frames"] = [thumbnail(frame.rgb, 8) for frame in reading.frames]
    return out


@canary("stand_ins")
def _stand_ins():
    """Which clips would be filmed, without filming them.  The smoke tier may change: no answer of it is ever stored."""
    out = {}
    for tier in ("class", "full"):
        for dataset, size in stand_ins.SIZES[tier].items():
            out[f"{tier} {dataset}"] = [size.actors, size.clips_per_actor]
    acted = studio.rehearse("savee", actors=1, clips_per_actor=7, frames=4, seed=stand_ins.SEED)
    out["clips"] = digest(sorted(acted.clips["clip"]))
    out["seed"], out["epochs"] = stand_ins.SEED, {tier: stand_ins.EPOCHS[tier] for tier in ("class", "full")}
    return out


@canary("faces", tolerance=GREY)
def _faces():
    made = face_set()
    out = {
        "images": [thumbnail(image, 8) for image in made.images[::4, :, :, 0]],
        "meta": made.meta[["clip", "frame_index", "box_x", "box_y", "box_w", "box_h", "faces_found"]]
        .to_numpy()
        .tolist(),
        "quality": np.round(made.meta[["sharpness", "brightness"]].to_numpy(float)[::4] / 10, 1),
    }
    # Two people in one picture: the largest face is kept.
    large, small = (studio.draw(studio.person(seed), {12: 0.6}, size=side) for seed, side in ((1, 256), (2, 160)))
    both = np.full((256, 440, 3), 127, np.uint8)
    both[:160, :160], both[:, 184:] = small, large
    place = Path(tempfile.mkdtemp(prefix="canary-")) / "happy"
    place.mkdir()
    import cv2

    cv2.imwrite(str(place / "two.png"), both[:, :, ::-1])
    two = faces.prepare(datasets.scan("folder", place.parent), place.parent / "out", workers=1, progress=False)
    out["two people"] = two.meta[["box_x", "box_y", "box_w", "box_h", "faces_found"]].to_numpy().tolist()
    boxes = {name: create(name).detect(large) for name in ("dlib", "haar")}
    out["boxes"] = {name: [[box.x, box.y, box.w, box.h] for box in found] for name, found in boxes.items()}
    box = boxes["dlib"][0]
    marks = studio.draw(studio.person(1), {12: 0.6}, size=256, roll=12, truth=True)[1]
    out["crops"] = [
        thumbnail(faces.crop(large, box, size=64), 8),
        thumbnail(faces.crop(large, box, size=64, margin=0.2, roll=15.0), 8),
    ]
    out["points"] = np.round(faces.points_in_crop(marks, box, size=64, margin=0.1, roll=5.0)[::8], 1)
    out["roll"] = round(float(faces.eye_roll(marks)), 1)
    out["samples"] = {how: faces.sample_indices(100, 6, how) for how in faces.SAMPLINGS if how not in ("apex", "all")}
    out["apex"] = faces.apex_indices([0, 1, 3, 9, 2, 1, 0, 4, 8, 7, 1], 4)
    return out


@canary("landmark_predictor", tolerance=GREY)
def _landmark_predictor():
    """What it learns from, and what a predictor learned from few people says of a face."""
    drawn = list(landmark_predictor.examples(2, 2, seed=1))
    path = Path(tempfile.mkdtemp(prefix="canary-")) / "few.dat"
    few = landmark_predictor.train(path, people=4, pictures_per_person=2, seed=1, progress=False)
    found = landmark_predictor.load(few).find(drawn[0].picture)
    return {
        "drawn": [thumbnail(one.picture, 6) for one in drawn],
        "marks": [np.round(one.landmarks[::8], 2) for one in drawn],
        "about": [
            {
                key: value if isinstance(value, (str, bool)) else round(float(value), 2)
                for key, value in one.about.items()
            }
            for one in drawn
        ],
        "error, per cent": round(100 * float(faces.landmark_error(found, drawn[0].landmarks)), 1),
        "options": {
            name: float(value) if isinstance(value, (int, float)) else str(value)
            for name, value in landmark_training.OPTIONS.items()
        },
        "seeds": [landmark_predictor.TAUGHT, landmark_predictor.UNSEEN],
    }


@canary("region_masks", tolerance=0.02)
def _region_masks():
    made = face_set()
    rows = range(0, len(made), 2)
    found = region_masks.regions(made, film() / "truth", rows)
    return {
        "masks": [
            [[round(cell / 255, 2) for cell in line] for line in thumbnail(255 * mask, 6)] for mask in found.masks
        ],
        "units": found.units,
        "empty": found.empty,
        "apex": np.round(region_masks.apexes(made, film() / "truth", rows), 2),
    }
