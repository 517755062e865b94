"""Landmarks learned from drawn faces only: the studio draws people, and dlib learns their 68 points.

The truth of every drawn face is known, so nobody marks a point by hand, and
nobody's face is used.  ``train`` makes the predictor once and keeps it under
``fer_utils.core.paths.home``; ``load`` hands it out; ``measure`` and ``report`` say
how far off it is on people that it has not seen.

On real faces the points sit visibly off at the jaw and at the mouth.  By how much is not measured: no set of real faces
with points that people marked is at hand.  `fer_utils.faces.landmark_error` measures it on one that has them.

This subpackage stands outside ``faces``: a face set depends on the code of ``faces``,
and a changed drawing must not call for the faces of real clips once more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
import hashlib
import importlib
import json
import os
from pathlib import Path
import sys
import tempfile

import numpy as np
import pandas as pd
from tqdm import tqdm

from fer_utils import studio
from fer_utils.core import labels, provenance, stages, worker_pool
from fer_utils.core.disk import check_folder, refusals_said
from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.optional_packages import opencv
from fer_utils.core.paths import check_utf8, home, read_json, write_atomic
from fer_utils.core.stages import stage
from fer_utils.faces.detector_base import Box
from fer_utils.faces.detectors import create
from fer_utils.faces.landmark_training import OPTIONS, fit_landmarks
from fer_utils.faces.landmarks import Landmarks, landmark_error, model_path

#: Seeds of the people who are learned from, and of those who never are; `studio.film` uses neither.
TAUGHT, UNSEEN = 2_000_000_000, 3_000_000_000
#: People a seed has, after whom the next seed's begin; and the last seed, so that the two never meet.
MOST_PEOPLE, LAST_SEED = 10_000, 99_999
#: How far heads turn (degrees, either way), and the side of the pictures in pixels.
YAW, PITCH, ROLL, SIDE = 20.0, 12.0, 10.0, 256
#: Bytes that a predictor may take, generously: the default one has 6.6 million.
_LARGEST = 15_000_000


@dataclass(frozen=True)
class Example:
    """One drawn picture: (256, 256, 3) uint8 RGB, its (68, 2) landmarks in pixels, and what was drawn, by name."""

    picture: np.ndarray
    landmarks: np.ndarray
    about: dict


@stage("landmark_predictor")
def train(
    path: str | os.PathLike | None = None,
    *,
    people: int = 150,
    pictures_per_person: int = 8,
    seed: int = 0,
    progress: bool = True,
) -> Path:
    """Train a predictor of the 68 landmarks on drawn faces, once.

    Every picture shows a posed-expression prototype at some strength with other
    action units on top, a head turned by up to 20 degrees of yaw, 12 of pitch
    and 10 of roll, one of the studio's lights, a wall of some colour, noise and
    blur.  The box is the one that dlib's detector finds; where it finds none,
    the one that it would on average.  Options: ``faces.landmark_training.OPTIONS``.

    Parameters
    ----------
    path : file to write; None for a place in the store, by a key of the
        arguments, the code that is used, and the versions of dlib, OpenCV and NumPy.
    people : how many are drawn, 1 to 10,000; what people differ in is the hardest to learn.
    pictures_per_person : 1 or more.
    seed : chooses people and pictures; 0 to 99,999.
    progress : show bars on standard error.

    Returns
    -------
    The predictor's file, 7 MB.  Beside it, with the ending ``.json``, stands how
    it was made.  The same arguments, code and versions give the same bytes;
    asked again, nothing is done.

    Raises
    ------
    FerError : an argument is impossible, or ``path`` holds something else, which
        is left alone.  MissingPackage : dlib or OpenCV is not installed.
    """
    plan = {
        "people": whole_number("people", people, 1, MOST_PEOPLE),
        "pictures_per_person": whole_number("pictures_per_person", pictures_per_person, 1),
        "seed": whole_number("seed", seed, 0, LAST_SEED),
    }
    detector = create("dlib")
    used = {"dlib": _version("dlib"), "opencv": opencv().__version__, "numpy": np.__version__}
    key = provenance.digest([plan, dict(OPTIONS), used, stages.versions(["studio", "faces", "landmark_predictor"])])
    file = home() / "landmarks" / f"drawn-{key[:12]}.dat" if path is None else model_path("path", path)
    check_utf8("path", file)  # dlib writes it, after all the work
    note = file.with_suffix(".json")
    if note == file:
        raise invalid("path", expected="a name that does not end in .json, for the predictor", received=str(path))
    if _finished(file, note, key):
        return file
    check_folder(
        "FER_HOME" if path is None else "path",
        file.parent,
        needed=_LARGEST,
        what="the landmark predictor",
        remedy="set the environment variable FER_HOME, or name a file.",
    )

    total = plan["people"] * plan["pictures_per_person"]
    print(
        f"A landmark predictor is learned from {total} drawn faces, once, for {file}; this may take some minutes.",
        file=sys.stderr,
    )
    missed = 0

    def taught() -> Iterator[tuple[np.ndarray, Box, np.ndarray]]:
        nonlocal missed
        drawn = examples(plan["people"], plan["pictures_per_person"], seed=seed, first=TAUGHT)
        for example in tqdm(drawn, total=total, desc="drawing faces", unit="face", disable=not progress):
            likely = _likely_box(example.landmarks)
            found = max(detector.detect(example.picture), key=likely.overlap, default=likely)
            if found is likely or found.overlap(likely) < 0.3:
                found, missed = likely, missed + 1
            yield example.picture, found, example.landmarks
        if progress:
            tqdm.write(f"learning landmarks from {total} faces (no bar: it is one call of dlib)", file=sys.stderr)

    with tempfile.TemporaryDirectory() as folder, worker_pool.one_thread():
        made = Path(folder) / "made.dat"
        learned = fit_landmarks(taught(), made, seed=plan["seed"])
        data = made.read_bytes()
    with refusals_said("The landmark predictor"):
        # The predictor last: a note without it, or with another's sum, says that nothing is finished.
        write_atomic(
            note,
            json.dumps(
                {
                    "made_by": "fer_utils.synthetic.landmark_predictor.train",
                    "key": key,
                    **plan,
                    "pictures": learned,
                    "detector": detector.name,
                    "boxes_not_detected": missed,
                    "person_seeds": [_first_seed(TAUGHT, seed), _first_seed(TAUGHT, seed) + people - 1],
                    "options": dict(OPTIONS),
                    "versions": provenance.versions() | used,
                    "commit": provenance.commit(),
                    "sha256": hashlib.sha256(data).hexdigest(),
                    "bytes": len(data),
                    "note": "Trained on drawn people only; nobody's face.",
                },
                indent=1,
            )
            + "\n",
        )
        write_atomic(file, data)
    return file


@stage("landmark_predictor")
def load(model: str | os.PathLike | None = None, *, detector="dlib", progress: bool = True) -> Landmarks:
    """The predictor in a file, or ``train()``'s own, which is made when first asked for.

    Parameters
    ----------
    model : any dlib shape predictor's file of 68 points; None for ``train()``.
    detector : see ``faces.landmarks.Landmarks``.
    """
    return Landmarks(train(progress=progress) if model is None else model, detector=detector)


@stage("landmark_predictor")
def examples(people: int, pictures_per_person: int, *, seed: int = 0, first: int = UNSEEN) -> Iterator[Example]:
    """Draw people as ``train`` does, one after the other; nothing is kept.

    Parameters
    ----------
    people, pictures_per_person, seed : as in ``train``.
    first : ``TAUGHT``, or ``UNSEEN`` for people of whom ``train`` draws none.

    Equal arguments give equal pictures; a person's do not depend on how many
    other people there are.
    """
    people = whole_number("people", people, 1, MOST_PEOPLE)
    pictures = whole_number("pictures_per_person", pictures_per_person, 1)
    if first not in (TAUGHT, UNSEEN):
        raise invalid("first", expected="fer_utils.synthetic.landmark_predictor.TAUGHT or .UNSEEN", received=first)
    start = _first_seed(first, whole_number("seed", seed, 0, LAST_SEED))
    return (
        _example(studio.person(start + number), np.random.default_rng([start + number, k]))
        for number in range(people)
        for k in range(pictures)
    )


@stage("landmark_predictor")
def measure(
    landmarks: Landmarks, *, people: int = 20, pictures_per_person: int = 6, seed: int = 0, progress: bool = True
):
    """How far a predictor is off on drawn people whom ``train`` never draws.

    Parameters
    ----------
    landmarks : from ``load``, or any ``faces.landmarks.Landmarks``.
    people, pictures_per_person, seed, progress : as in ``train``.

    Returns
    -------
    DataFrame, one row a picture: ``person`` (its seed), ``expression``, ``tone``
    1..10, ``yaw``, ``pitch``, ``roll`` in degrees, ``light``, ``glasses``,
    ``facial_hair``, ``found`` (whether the detector found a face) and ``error``,
    see ``faces.landmarks.landmark_error``; NaN where no face was found.
    """
    if not isinstance(landmarks, Landmarks):
        raise invalid(
            "landmarks", expected="a Landmarks, from fer_utils.synthetic.landmark_predictor.load()", received=landmarks
        )
    drawn = examples(people, pictures_per_person, seed=seed)
    rows = []
    with worker_pool.one_thread():
        for example in tqdm(
            drawn, total=people * pictures_per_person, desc="measuring", unit="face", disable=not progress
        ):
            predicted = landmarks.find(example.picture)
            rows.append(
                {
                    **example.about,
                    "found": bool(np.isfinite(predicted).all()),
                    "error": float(landmark_error(predicted, example.landmarks)),
                }
            )
    return pd.DataFrame(rows)


def report(measured):
    """The errors of ``measure`` by group.

    Returns
    -------
    DataFrame, first a line for all, then one for each group: ``factor``,
    ``group``, ``pictures``, ``people``, ``found`` (share of the pictures in which the
    detector found a face) and, over those, ``error``, the mean, and ``error_95``,
    below which 95 % lie; shares of the inter-ocular distance.
    """
    if not isinstance(measured, pd.DataFrame) or not {"person", "found", "error"} <= set(measured.columns):
        raise invalid(
            "measured",
            expected="the table that fer_utils.synthetic.landmark_predictor.measure returns",
            received=measured,
        )
    groups = {
        "all": pd.Series("all", measured.index),
        "expression": measured["expression"],
        "tone": pd.cut(measured["tone"], [0, 2, 4, 6, 8, 10], labels=["1-2", "3-4", "5-6", "7-8", "9-10"]),
        "yaw, degrees": pd.cut(measured["yaw"].abs(), [-1, 7, 14, 90], labels=["up to 7", "7 to 14", "above 14"]),
        "pitch, degrees": pd.cut(measured["pitch"].abs(), [-1, 4, 8, 90], labels=["up to 4", "4 to 8", "above 8"]),
        "light": measured["light"],
        "glasses": measured["glasses"],
        "facial hair": measured["facial_hair"],
    }
    rows = []
    for factor, values in groups.items():
        for group, part in measured.groupby(values, observed=True):
            rows.append(
                {
                    "factor": factor,
                    "group": str(group),
                    "pictures": len(part),
                    "people": part["person"].nunique(),
                    "found": part["found"].mean(),
                    "error": part["error"].mean(),
                    "error_95": part["error"].quantile(0.95),
                }
            )
    return pd.DataFrame(rows)


def _example(person: studio.Identity, rng: np.random.Generator) -> Example:
    cv2 = opencv()
    label = str(rng.choice(labels.ALL))
    light = str(rng.choice(list(studio.LIGHTS)))
    yaw, pitch = float(rng.uniform(-YAW, YAW)), float(rng.uniform(-PITCH, PITCH))
    roll = float(np.clip(rng.normal(0.0, 4.0), -ROLL, ROLL))
    picture, landmarks = studio.draw(
        person,
        _units(label, rng),
        size=SIDE,
        yaw=yaw,
        pitch=pitch,
        roll=roll,
        light=light,
        truth=True,
        gaze=tuple(float(v) for v in rng.uniform(-0.6, 0.6, 2)),
        background=tuple(int(v) for v in rng.integers(40, 226, 3)),
        shift=tuple(float(v) for v in np.clip(rng.normal(0.0, 0.02, 2), -0.06, 0.06)),
        zoom=float(rng.uniform(0.85, 1.12)),
    )
    blur, noise = rng.uniform(0.0, 0.9), rng.uniform(0.0, 6.0)
    if blur > 0.3:
        picture = cv2.GaussianBlur(picture, (0, 0), blur)
    grain = rng.standard_normal(picture.shape, dtype=np.float32) * np.float32(noise)
    picture = np.clip(np.rint(picture + grain), 0, 255).astype(np.uint8)
    about = {
        "person": person.seed,
        "expression": label,
        "tone": person.tone,
        "yaw": yaw,
        "pitch": pitch,
        "roll": roll,
        "light": light,
        "glasses": person.glasses,
        "facial_hair": person.facial_hair,
    }
    return Example(picture, landmarks, about)


def _units(label: str, rng: np.random.Generator) -> dict[int | str, float]:
    """A prototype at some strength, and on top each action unit with a chance of 0.12.

    Units with two sides get one on top for each.
    """
    units = studio.prototype(label, float(rng.uniform(0.3, 1.0)), optional=float(rng.random()))
    for unit in studio.ACTION_UNITS:
        if rng.random() < 0.12:
            more, one, other = (float(v) for v in (rng.uniform(0.0, 0.7), *rng.normal(1.0, 0.2, 2)))
            base = units.pop(unit, 0.0)
            if unit in studio.expressions.MIDLINE:
                units[unit] = min(1.0, base + more)
            else:
                units[f"L{unit}"], units[f"R{unit}"] = (
                    float(np.clip(base + more * side, 0.0, 1.0)) for side in (one, other)
                )
    return units


def _likely_box(landmarks: np.ndarray) -> Box:
    """The box that dlib's detector has on average for these landmarks: medians over 586 of ``train``'s own pictures."""
    centre = landmarks.mean(axis=0)
    side = 2.82 * float(np.sqrt(((landmarks - centre) ** 2).sum(axis=1).mean()))
    x, y = centre - side / 2 - (0.0, 0.043 * side)
    return Box(round(x), round(y), round(side), round(side), 0.0)


def _finished(file: Path, note: Path, key: str) -> bool:
    """Whether this very predictor stands there, whole; ``FerError`` if something else does."""
    if not file.exists():
        return False
    try:
        told = read_json(note)
        if told["key"] == key and told["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest():
            return True
    except (OSError, ValueError, KeyError, TypeError):
        pass
    if file.parent == home() / "landmarks":  # the store's own: a damaged one is made anew
        return False
    raise invalid(
        "path",
        expected="a new file, or one that the same call has made",
        received=str(file),
        remedy="It holds something else, which is left alone. Choose another name, or delete it.",
    )


def _first_seed(first: int, seed: int) -> int:
    return first + seed * MOST_PEOPLE


def _version(module: str) -> str:
    return importlib.import_module(module).__version__
