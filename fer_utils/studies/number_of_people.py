"""How many people must a network learn from, and do more pictures of the same people do as well?

    python -m fer_utils study number_of_people --train 20     # for 20 minutes; every training is kept
    python -m fer_utils study number_of_people --store

The protocol was written down before the study was run.  Random drawn people pose seven labels; every picture has a
light, a pose and small turns of its own (`fer_utils.synthetic.random_faces`).  Two rows:

- *more people*: 3 to 192 people, `POSES` pictures of each person and label, so that pictures grow with people;
- *as many pictures*: `PICTURES` pictures of each label and never more, from 3 to 96 people.

The plain network is trained for the same number of steps in all of them.  Each seed draws other people; the strangers
who test are always the same.  Accuracy is that of the last step: there is nothing to choose, so nobody validates.
"""

from __future__ import annotations

from itertools import pairwise
import time

import numpy as np
from tqdm import tqdm

from fer_utils import metrics
from fer_utils.core.errors import invalid, whole_number
from fer_utils.studies.followed_trainings import SIZE, Asked, Tools, followed, mean_curves, mean_shares, recorded
from fer_utils.studies.training_records import Records
from fer_utils.synthetic import photographs, random_faces
from fer_utils.synthetic.posed_prototypes import LABELS

TITLE = "Accuracy of strangers against the number of people, and of pictures, that are learned from"
HEADLINE = True

#: Pictures of a person and label where people are added, and how many of a label there are where they are not.
POSES, PICTURES = 2, 96
PEOPLE: tuple[int, ...] = (3, 6, 12, 24, 48, 96, 192)
MORE, SAME = "more people", "as many pictures"
#: Row -> (people, pictures of each person and label).
ROWS: dict[str, tuple[tuple[int, int], ...]] = {
    MORE: tuple((people, POSES) for people in PEOPLE),
    SAME: tuple((people, PICTURES // people) for people in PEOPLE if people <= PICTURES),
}
SEEDS = 3
#: Tier -> steps, steps between two checks, and how many strangers there are.
STEPS: dict[str, tuple[int, int, int]] = {"smoke": (4, 2, 4), "class": (800, 200, 48), "full": (3000, 500, 96)}
#: The strangers' own seed, and the first of the people who are learned from.
STRANGERS, LEARNERS = 50, 60
MADE_BY = ("studio", "random_faces")


def asked_of(people: int, poses: int, seed: int, *, tier: str) -> Asked:
    """The training on so many people and pictures of each."""
    steps, check_every, strangers = STEPS[tier]
    data = (("people", people), ("poses", poses), ("strangers", strangers))
    return Asked("number_of_people", data, Tools(), steps, check_every, seed, MADE_BY)


def _wanted(tier: str, rows, seeds: int) -> dict:
    cells = sorted({cell for row in rows for cell in ROWS[row]})
    return {
        (people, poses, seed): (f"{people} people", asked_of(people, poses, seed, tier=tier))
        for seed in range(seeds)
        for people, poses in cells
    }


def _cut(people: int, poses: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    drawn = random_faces.draw_faces(people, seed=seed, poses=poses, progress=False)
    return photographs.crop_faces(drawn.images, size=SIZE, seed=seed)[..., None], drawn.labels, drawn.people


class _Faces:
    """Draws who is learned from; the strangers are drawn once."""

    def __init__(self, tier: str):
        self.tier = tier
        self.strangers: tuple | None = None

    def train(self, place: tuple, asked: Asked) -> dict:
        if self.strangers is None:
            self.strangers = _cut(STEPS[self.tier][2], POSES, STRANGERS)
        people, poses, seed = place
        known = _cut(people, poses, LEARNERS + seed)
        images, labels = (np.concatenate(pair) for pair in zip(known[:2], self.strangers[:2], strict=True))
        names = np.array(
            [f"{kind}{one}" for kind, some in zip("ks", (known, self.strangers), strict=True) for one in some[2]]
        )
        count = len(known[1])
        rows = {"train": np.arange(count), "test": np.arange(count, len(labels))}
        return followed(asked, images, labels.astype(np.int64), names, rows)


def train(
    tier: str = "class",
    *,
    records: Records | None = None,
    rows=None,
    minutes: float | None = None,
    progress: bool = True,
) -> dict[str, list[int]]:
    """Train what has no record yet, seed by seed; see `fer_utils.studies.one_protocol.train`."""
    records = Records("number_of_people") if records is None else records
    chosen = _rows(rows)
    wanted = _wanted(tier, chosen, SEEDS)
    until = None if minutes is None else time.monotonic() + 60 * minutes
    there: set[tuple] = set()
    with tqdm(total=len(wanted), desc="trainings", unit="training", disable=not progress) as bar:
        for place, _ in recorded(records, wanted, _Faces(tier).train, until=until, bar=bar):
            there.add(place)
    return {row: [sum(place[:2] in ROWS[row] for place in there), SEEDS * len(ROWS[row])] for row in chosen}


def answer(
    tier: str = "class",
    *,
    progress: bool = True,
    records: Records | None = None,
    rows=None,
    seeds: int = SEEDS,
) -> dict:
    """Train what has no record, and read the same strangers after each training.

    Parameters
    ----------
    tier : how many steps and strangers there are.
    records : where the records of trainings are; None for those of the package.
    rows : names of `ROWS`; None for all.
    seeds : 1 to `SEEDS`; each has other people to learn from.

    Returns
    -------
    dict with ``tier``, ``size``, ``steps``, ``labels``, ``strangers`` (how many people), ``seeds``; ``rows``: name ->
    points, each with ``people``, ``pictures`` (learned from), ``accuracy`` (of the strangers at the last step, mean
    over seeds, `metrics.student_interval` over strangers), ``accuracies`` (of each seed), ``train_accuracy``,
    ``curves`` (means over seeds) and ``by_person``; ``gains``: each doubling of people in either row, first to last,
    as `metrics.compare_by_person` gives it, with ``row``, ``people`` (from, to).
    """
    records = Records("number_of_people") if records is None else records
    chosen = _rows(rows)
    seeds = whole_number("seeds", seeds, 1, SEEDS)
    wanted = _wanted(tier, chosen, seeds)
    found: dict[tuple, dict] = {}
    with tqdm(total=len(wanted), desc="trainings", unit="training", disable=not progress) as bar:
        for place, record in recorded(records, wanted, _Faces(tier).train, bar=bar):
            found[place] = record
    made = {
        row: [_point(people, [found[people, poses, seed] for seed in range(seeds)]) for people, poses in ROWS[row]]
        for row in chosen
    }
    pairs = {
        (row, first["people"], second["people"]): (second["by_person"], first["by_person"])
        for row, points in made.items()
        for first, second in pairwise(points)
    }
    steps, check_every, strangers = STEPS[tier]
    return {
        "tier": tier,
        "size": SIZE,
        "steps": steps,
        "check_every": check_every,
        "labels": list(LABELS),
        "strangers": strangers,
        "seeds": seeds,
        "rows": made,
        "gains": [
            {"row": row, "people": [first, second], **one}
            for (row, first, second), one in metrics.compare_by_person(pairs).items()
        ],
    }


def _point(people: int, records: list[dict]) -> dict:
    by_person = mean_shares([(record, -1) for record in records])
    return {
        "people": people,
        "pictures": records[0]["train_images"],
        "accuracy": metrics.student_interval(list(by_person.values())),
        "accuracies": [record["curves"]["test"]["accuracy"][-1] for record in records],
        "train_accuracy": float(np.mean([record["curves"]["train"]["accuracy"][-1] for record in records])),
        "curves": mean_curves(records),
        "by_person": by_person,
    }


def _rows(rows) -> list[str]:
    chosen = list(ROWS) if rows is None else list(rows)
    for name in chosen:
        if name not in ROWS:
            raise invalid("rows", expected=f"names among {', '.join(ROWS)}", received=name)
    return chosen
