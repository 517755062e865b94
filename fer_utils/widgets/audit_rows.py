"""The rows of *Audit*: how `drawn48` answers 3,360 faces of 240 drawn strangers, and what is known of these people.

The people are those of `fer_utils.synthetic.random_faces.draw_faces` with `SEED`; the network learned from people of
another seed.  Everybody poses each of the seven labels twice.  Light, background and the turn of the head are drawn
anew for every picture, so they are no attributes of a person and cannot make groups of people here.

All attributes are as drawn, three of them in the words of `fer_utils.fairness.described`; nothing follows from them
about real people.  One more attribute is no property of anybody: `by_lot` assigns people to two groups at random.

``python tests/widgets/store_audit.py`` makes the rows anew, in two minutes.
"""

from __future__ import annotations

from functools import cache
import json
from pathlib import Path

import numpy as np
import pandas as pd

from fer_utils import fairness
from fer_utils.core import stages
from fer_utils.core.stages import mark
from fer_utils.studio.identity import EYES, HAIR, Identity
from fer_utils.synthetic.photographs import crop_faces
from fer_utils.synthetic.posed_prototypes import LABELS
from fer_utils.synthetic.random_faces import draw_faces, person_of
from fer_utils.widgets import drawn48_weights

#: Seed of the people, pictures of a person and label, people of a sample, and samples; side of a face in pixels.
SEED, POSES, PEOPLE, SAMPLES, SIDE = 31, 2, 120, 2, 48
#: The attributes that are drawn, and their values in the order of `fer_utils.fairness.audit`.
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    **{name: fairness.SENSITIVE_FEATURES[name] for name in ("skin tone", "presentation", "age")},
    "glasses": ("with glasses", "without"),
    "fringe": ("no fringe", "over the brows"),
    "facial hair": ("none", "some"),
    "hair colour": tuple(sorted(HAIR)),
    "eye colour": tuple(sorted(EYES)),
}
#: The attribute in which there can be no real gap, its values, and how many draws of it there are.
BY_LOT, LOTS, DRAWS = "at random", ("group A", "group B"), 20
#: The stages that the rows have passed.
STAGES = ("studio", "random_faces")
FILE = Path(__file__).with_name("audit_rows.json")


def described(who: Identity) -> dict[str, str]:
    """A drawn person in the words of `ATTRIBUTES`."""
    told = fairness.described(who)
    return {
        **{name: told[name] for name in ("skin tone", "presentation", "age")},
        "glasses": "without" if who.glasses == "none" else "with glasses",
        "fringe": "over the brows" if who.hair_style == "fringe bob" else "no fringe",
        "facial hair": "none" if who.facial_hair == "none" else "some",
        "hair colour": who.hair_colour,
        "eye colour": who.eye_colour,
    }


def by_lot(people: int, sample: int, draw: int) -> np.ndarray:
    """Who is in which of the two random groups, (people,) of 0 and 1; half of the people are in each.

    ``sample`` 0 to 1 and ``draw`` 0 to 19 are seeds.
    """
    order = np.random.default_rng([SEED, sample, draw]).permutation(people)
    of = np.ones(people, int)
    of[order[: people // 2]] = 0
    return of


def found(people: int = PEOPLE * SAMPLES, *, workers: int = 1, progress: bool = False) -> dict:
    """What is stored of the first so many people: their attributes, and `drawn48`'s answers with their scores.

    A score is the largest of the seven, in thousandths.
    """
    drawn = draw_faces(people, seed=SEED, poses=POSES, workers=workers, progress=progress)
    scores = drawn48_weights.scores(crop_faces(drawn.images, size=SIDE, seed=SEED))
    shape = (people, len(LABELS) * POSES)
    answers, largest = scores.argmax(axis=1).reshape(shape), scores.max(axis=1).reshape(shape)
    told = [described(person_of(SEED, number)) for number in range(people)]
    return {
        "stages": stages.versions(STAGES),
        "attributes": {
            name: "".join(str(values.index(one[name])) for one in told) for name, values in ATTRIBUTES.items()
        },
        "answers": ["".join(map(str, row)) for row in answers.tolist()],
        "scores": np.rint(1000 * largest).astype(int).tolist(),
    }


@cache
def stored() -> dict:
    """What the file holds: see `found`."""
    mark(*STAGES)
    return json.loads(FILE.read_text(encoding="utf8"))


def rows(sample: int = 0, people: int = PEOPLE, draw: int = 0) -> pd.DataFrame:
    """One line a picture of the first so many people of a sample.

    ``person`` (a number), ``posed`` and ``answer`` (labels), ``score`` (0 to 1), the columns of `ATTRIBUTES`, and
    ``at random`` of this draw.
    """
    kept, first = stored(), sample * PEOPLE
    lots, lines = by_lot(people, sample, draw), []
    for number in range(people):
        who = first + number
        told = {name: values[int(kept["attributes"][name][who])] for name, values in ATTRIBUTES.items()}
        told[BY_LOT] = LOTS[lots[number]]
        for place, (answer, score) in enumerate(zip(kept["answers"][who], kept["scores"][who], strict=True)):
            posed = LABELS[place // POSES]
            lines.append({"person": who, "posed": posed, "answer": LABELS[int(answer)], "score": score / 1000, **told})
    return pd.DataFrame(lines)
