"""Labelled faces for nothing: random people who pose seven labels, drawn as a face detector would crop them.

Everything that may differ between photographs of people and does not belong to the label is drawn at random and alike
for every label: who it is, wider than `fer_utils.studio.person` draws people; light, background, small turns of head
and eyes; and how strongly and in which of several ways a label is posed (`fer_utils.synthetic.posed_prototypes`).
Cropping and changes towards photographs are separate, so that one drawing serves many times:
`fer_utils.synthetic.photographs`.
"""

from __future__ import annotations

from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from fer_utils import studio
from fer_utils.core import worker_pool
from fer_utils.core.errors import FerError, whole_number
from fer_utils.core.optional_packages import opencv
from fer_utils.core.stages import stage
from fer_utils.studio.identity import EYES, HAIR, HAIR_STYLES, TONES, Identity
from fer_utils.studio.render import LIGHTS, Light
from fer_utils.synthetic.posed_prototypes import LABELS, posed

#: Side of a drawing in pixels, and the zoom at which the head fills it.
SIDE, ZOOM = 96, 1.5
#: The first seed of the people drawn here; no film's people have seeds as large.
PEOPLE_FROM = 100_000_000
#: How many people one seed may have.
MOST_PEOPLE = 100_000
#: People that a worker draws between two reports.
_CHUNK = 10
#: Spread of a factor (in its logarithm) on a person's measures, on top of what `studio.person` draws.
SPREADS: dict[str, float] = {
    "head_width": 0.03,
    "eye_spacing": 0.03,
    "eye_width": 0.04,
    "eye_height": 0.08,
    "brow_height": 0.10,
    "brow_thickness": 0.20,
    "nose_width": 0.08,
    "nose_length": 0.05,
    "mouth_y": 0.025,
    "mouth_width": 0.07,
    "lip_upper": 0.15,
    "lip_lower": 0.15,
    "chin": 0.02,
    "chin_width": 0.05,
}


@dataclass(frozen=True)
class RandomFaces:
    """Drawn faces.

    ``images`` (N, SIDE, SIDE) uint8 grey; ``labels`` (N,) numbers of `LABELS`; ``people`` (N,) who is drawn, 0, 1, ...
    """

    images: np.ndarray
    labels: np.ndarray
    people: np.ndarray


@stage("random_faces")
def draw_faces(people: int, *, seed: int = 0, poses: int = 1, workers: int = 1, progress: bool = True) -> RandomFaces:
    """Draw random people who pose each of the seven labels.

    Parameters
    ----------
    people : how many, 1 to `MOST_PEOPLE`.
    seed : other seeds give other people, poses and lights; nobody is in two seeds.
    poses : pictures of a person and label, each of another pose, light and background.
    workers : processes; the result does not depend on it.
    progress : a bar on standard error.

    Returns
    -------
    RandomFaces : ``people`` x 7 x ``poses`` pictures, person by person, label by label.  The first n people are the
    same whatever ``people`` is.
    """
    people = whole_number("people", people, 1, MOST_PEOPLE)
    seed = whole_number("seed", seed, 0)
    poses = whole_number("poses", poses, 1)
    workers = whole_number("workers", workers, 1)
    opencv("drawing")
    jobs = [(seed, poses, range(start, min(start + _CHUNK, people))) for start in range(0, people, _CHUNK)]
    workers = min(workers, len(jobs))
    if workers > 1:
        worker_pool.refuse_in_worker("draw_faces")
    parts = []
    with tqdm(total=people, desc="drawing faces", unit="person", disable=not progress) as bar:
        pool = worker_pool.started("draw_faces", workers, stacklevel=3) if workers > 1 else None
        if pool is None:
            with worker_pool.one_thread():
                for job in jobs:
                    parts.append(_drawn(job))
                    bar.update(len(job[2]))
        else:
            try:
                with pool:
                    for job, part in zip(jobs, pool.map(_drawn, jobs), strict=True):
                        parts.append(part)
                        bar.update(len(job[2]))
            except BrokenProcessPool:
                raise FerError(
                    "A drawing process ended too early; most likely the machine is out of memory. Use fewer `workers`."
                ) from None
    count = len(LABELS) * poses
    return RandomFaces(
        np.concatenate(parts),
        np.tile(np.repeat(np.arange(len(LABELS)), poses), people),
        np.repeat(np.arange(people), count),
    )


def person_of(seed: int, number: int) -> Identity:
    """Who the person ``number`` of ``draw_faces(..., seed=seed)`` is, without a drawing."""
    return _begun(seed, number)[0]


def _begun(seed: int, number: int) -> tuple[Identity, np.random.Generator]:
    """A person, and the generator from which their poses, lights and backgrounds are drawn next."""
    rng = np.random.default_rng([20261124, seed, number])
    return random_person(PEOPLE_FROM + seed * MOST_PEOPLE + number, rng), rng


def _drawn(job: tuple[int, int, range]) -> np.ndarray:
    """The pictures of some people, (n, SIDE, SIDE) uint8."""
    seed, poses, numbers = job
    cv2 = opencv()
    pictures = []
    for number in numbers:
        who, rng = _begun(seed, number)
        for label in LABELS:
            for _ in range(poses):
                picture = studio.draw(
                    who,
                    posed(label, rng),
                    size=SIDE,
                    zoom=ZOOM,
                    yaw=_around(rng, 5.0, 15.0),
                    pitch=_around(rng, 4.0, 12.0),
                    roll=_around(rng, 2.0, 8.0),
                    gaze=(_around(rng, 0.15, 1.0), _around(rng, 0.10, 1.0)),
                    light=random_light(rng),
                    background=tuple(int(value) for value in rng.integers(0, 256, 3)),
                )
                pictures.append(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
    return np.stack(pictures)


def _around(rng: np.random.Generator, spread: float, most: float) -> float:
    return float(np.clip(rng.normal(0.0, spread), -most, most))


def random_person(seed: int, rng: np.random.Generator) -> Identity:
    """A person of `studio.person`, with wider measures, and all that is looks alone drawn evenly.

    Brow, eye and mouth differ so much that one person's rest may look like another's pose, as with real people.
    """
    who = studio.person(seed)
    wider = {name: float(getattr(who, name) * np.exp(rng.normal(0.0, spread))) for name, spread in SPREADS.items()}
    male = who.presentation == "male"
    styles = [style for style in HAIR_STYLES[who.presentation] if style != "headscarf" or rng.random() < 0.3]
    return replace(
        who,
        **wider,
        age=float(rng.uniform(18.0, 60.0) if rng.random() < 0.4 else rng.uniform(18.0, 35.0)),
        tone=int(rng.integers(1, len(TONES) + 1)),
        eye_tilt=who.eye_tilt + float(rng.normal(0.0, 0.04)),
        brow_slope=who.brow_slope + float(rng.normal(0.0, 0.03)),
        hair_style=str(rng.choice(styles)),
        hair_colour=str(rng.choice(list(HAIR))),
        eye_colour=str(rng.choice(list(EYES))),
        facial_hair=str(
            rng.choice(("none", "stubble", "moustache", "goatee", "beard"), p=(0.66, 0.16, 0.06, 0.06, 0.06))
        )
        if male
        else "none",
        glasses=str(rng.choice(("none", "round", "square"), p=(0.92, 0.04, 0.04))),
    )


def random_light(rng: np.random.Generator) -> Light:
    """Half of the lights are lamps anywhere in front, half the studio's own, among which the even one is frequent."""
    if rng.random() < 0.5:
        return Light(
            azimuth=float(rng.normal(0.0, 25.0)),
            elevation=float(rng.uniform(5.0, 60.0)),
            strength=float(rng.uniform(0.35, 0.80)),
            ambient=float(rng.uniform(0.25, 0.60)),
            exposure=float(rng.uniform(0.70, 1.15)),
        )
    return LIGHTS[str(rng.choice(("studio", "flat", "top", "left", "right"), p=(0.3, 0.4, 0.14, 0.08, 0.08)))]
