"""Every network and every simple method under one training protocol, on the same strangers.

    python -m fer_utils study one_protocol --train 60     # train what is missing for an hour; every training is kept
    python -m fer_utils study one_protocol --store        # the answer, from the trainings that are there

The protocol was written down before the first training of it:

- Drawn RAVDESS, 24 people.  Five folds by person: everybody tests once.  Of those who do not test a quarter validate
  and the others learn.  Who tests is asked once, at the end.
- One recipe: Adam, batches of 32, every image mirrored at random and changed a little.  After every 100 steps the
  validation people are asked.  After 6 checks without a better accuracy the best weights go on at a fifth of the rate;
  after two falls training ends, and the best weights are the network.  At most 8,000 steps.
- The learning rate of a network is one of three, a simple method's one number, too.  It is chosen on 24 *other* drawn
  people, who are nowhere else: the number whose strangers among them are read best.
- Three seeds a fold; for networks that take many hours, one.
- A training that did not end by itself, or that reads fewer than 90 % of the faces it learned from, has not converged
  and is no evidence against its network; rows with such trainings say so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
import time
from typing import Any

import numpy as np
from tqdm import tqdm

from fer_utils import experiments, faces, metrics, training
from fer_utils.core.errors import invalid
from fer_utils.core.stages import stage
from fer_utils.experiments import Data, Experiment, Model, Split
from fer_utils.studies.training_records import Outcome, Records, key, record_of
from fer_utils.training import Recipe

TITLE = "Every network and every simple method under one training protocol"
HEADLINE = True

#: Who is drawn for choosing the rates; they are nowhere else.
OTHER_PEOPLE = 4242
FOLDS, SEEDS = 5, 3
#: The side of the faces in pixels, where a row does not say another.
SIZE = 80
RATES: tuple[float, ...] = (3e-4, 1e-3, 3e-3)
#: The most steps, how many between checks, and after how many checks in vain the rate falls, by tier.
BUDGET: dict[str, tuple[int, int, int]] = {"smoke": (8, 4, 1), "class": (8000, 100, 6), "full": (8000, 100, 6)}
#: Below this training accuracy a network has not learned the faces that it was given.
LEARNED = 0.9
#: For each classifier of the simple methods the numbers of which one is chosen.
SETTINGS: dict[str, tuple[float, ...]] = {"nearest neighbours": (1, 5, 15), "SVM": (1, 10, 100), "ANN": RATES}


@dataclass(frozen=True)
class Row:
    """What is trained in a row: a network with its options, or features and a classifier."""

    network: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    features: str | None = None
    classifier: str | None = None
    size: int | None = SIZE
    seeds: int = SEEDS
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> tuple[float, ...]:
        """The numbers of which one is chosen on the other people."""
        return RATES if self.classifier is None else SETTINGS[self.classifier]

    @property
    def needed(self) -> int:
        """How many trainings give the row's numbers."""
        return FOLDS * (1 if self.classifier in ("nearest neighbours", "SVM") else self.seeds)


#: In the order in which they are trained: first what a verdict hangs on.
ROWS: dict[str, Row] = {
    "HOG and nearest neighbours": Row(features="HOG", classifier="nearest neighbours", size=None),
    "HOG and SVM": Row(features="HOG", classifier="SVM", size=None),
    "HOG and ANN": Row(features="HOG", classifier="ANN", size=None),
    "HOG and SVM, 80 px": Row(features="HOG", classifier="SVM"),
    "HOG and ANN, 80 px": Row(features="HOG", classifier="ANN"),
    "landmarks and SVM": Row(features="landmark distances", classifier="SVM", size=None),
    "landmarks and ANN": Row(features="landmark distances", classifier="ANN", size=None),
    "nano": Row("nano"),
    "ding2023": Row("ding2023"),
    "nano, 25,000": Row("nano", {"widths": (8, 16, 32, 48, 64)}),
    "ding2023, images as they are": Row("ding2023", changes={"flip": False, "augment": 0.0}),
    "nano, 180 px": Row("nano", size=None, seeds=1),
    "ding2023, 180 px": Row("ding2023", size=None, seeds=1),
    "mobilenet_inception2019": Row("mobilenet_inception2019", seeds=1),
    "mobilenetv2": Row("mobilenetv2", seeds=1),
    "xception2022, width 1/4": Row("xception2022", {"width": 0.25}, seeds=1),
    "inceptionv3": Row("inceptionv3", seeds=1),
    "inception_resnetv2": Row("inception_resnetv2", seeds=1),
}
#: Pairs that a verdict is about: the first's accuracy minus the second's, person by person, corrected together.
COMPARISONS: tuple[tuple[str, str], ...] = (
    ("nano", "ding2023"),
    ("nano", "HOG and SVM"),
    ("nano", "HOG and ANN"),
    ("ding2023", "HOG and SVM"),
    ("nano, 25,000", "ding2023"),
    ("ding2023", "ding2023, images as they are"),
    ("HOG and SVM", "HOG and SVM, 80 px"),
    ("nano, 180 px", "nano"),
    ("mobilenet_inception2019", "mobilenetv2"),
    ("mobilenet_inception2019", "inceptionv3"),
    ("mobilenet_inception2019", "inception_resnetv2"),
    ("nano", "mobilenet_inception2019"),
)


def recipe(tier: str, rate: float, **changes) -> Recipe:
    """The protocol's recipe at a learning rate."""
    steps, check_every, patience = BUDGET[tier]
    given: dict[str, Any] = {
        "batch_size": 32,
        "learning_rate": rate,
        "schedule": "plateau",
        "flip": True,
        "augment": 0.5,
        "steps": steps,
        "check_every": check_every,
        "patience": patience,
    }
    return Recipe(**given | changes)


@stage("study.one_protocol")
def asked(row: Row, setting: float, *, tier: str, fold: int, seed: int, other_people: bool = False):
    """The experiment or simple method of a row: who tests is ``fold``, and ``setting`` is the rate, C, or k."""
    data = Data("ravdess", tier=tier, **({"people_seed": OTHER_PEOPLE} if other_people else {}))
    split = Split("actor", test=1 / FOLDS, fold=fold, validation=0.25)
    if row.network is not None:
        return Experiment(
            data=data,
            split=split,
            model=Model.of(row.network, size=row.size, **row.options),
            recipe=recipe(tier, setting, **row.changes),
            seed=seed,
        )
    from fer_utils.studies.simple_methods import SimpleMethod

    # What is trained on features has no images to mirror or change.
    learned = recipe(tier, setting, flip=False, augment=0.0) if row.classifier == "ANN" else Recipe()
    return SimpleMethod(row.features, row.classifier, setting, data, split, learned, seed, row.size)


def train(
    tier: str = "class",
    *,
    records: Records | None = None,
    rows: Iterable[str] | None = None,
    minutes: float | None = None,
    progress: bool = True,
) -> dict[str, int]:
    """Train what has no record yet, row by row, and keep the record of each training.

    Parameters
    ----------
    tier : of the drawn faces.
    records : where the records are; None for those of the package.
    rows : names of `ROWS`; None for all.
    minutes : no training is begun after so many; None for no limit.  One that was begun ends, or goes on from its last
        check when the same is asked again.

    Returns
    -------
    dict : row -> how many of the trainings that its numbers need are there.
    """
    records = Records("one_protocol") if records is None else records
    chosen = _rows(rows)
    until = None if minutes is None else time.monotonic() + 60 * minutes
    with tqdm(total=sum(ROWS[name].needed for name in chosen), desc="trainings", disable=not progress) as bar:
        for name in chosen:
            for number in range(ROWS[name].needed):
                fold, seed = number % FOLDS, number // FOLDS
                if not _one(records, name, tier, fold, seed, until, progress):
                    return _there(records, tier, chosen)
                bar.update()
    return _there(records, tier, chosen)


def _one(records: Records, name: str, tier: str, fold: int, seed: int, until: float | None, progress: bool) -> bool:
    """Train a fold of a row, unless it is recorded, and before it what chooses its setting; False when time is up."""
    row = ROWS[name]
    for setting in row.settings:
        choosing = asked(row, setting, tier=tier, fold=0, seed=0, other_people=True)
        if not _recorded(records, name, choosing, until, progress):
            return False
    setting = chosen_setting(records, name, tier)
    return _recorded(records, name, asked(row, setting, tier=tier, fold=fold, seed=seed), until, progress)


def _recorded(records: Records, name: str, one, until: float | None, progress: bool) -> bool:
    if records.find(name, one) is not None:
        return True
    if until is not None and time.monotonic() > until:
        return False
    records.add(name, record_of(one, _outcome(one, progress)))
    return True


def _outcome(one, progress: bool) -> Outcome:
    if not isinstance(one, Experiment):
        from fer_utils.studies.simple_methods import run_simple

        return run_simple(one, progress=progress)
    face_set = one.data.load(progress)
    result = experiments.run(one, face_set=face_set, progress=progress)
    answers = result.predictions
    learned, _ = one.split.rows(face_set.meta)
    images = faces.resize(face_set.images, one.model.size, progress=False)
    number = {name: place for place, name in enumerate(result.labels)}
    known = face_set.meta["expression"].map(number).to_numpy(np.int64)[learned]
    # As they are: the accuracy of the steps was that of changed images, with dropout.
    read = training.predict_probabilities(result.model(), images, learned).argmax(axis=1)
    return Outcome(
        labels=result.labels,
        true=answers["true"].to_numpy(np.int64),
        predicted=answers["predicted"].to_numpy(np.int64),
        actors=answers["actor"].astype(str).to_numpy(),
        history=result.history,
        convergence=training.convergence(result.history, one.recipe) | {"train_accuracy": float((read == known).mean())},
        parameters=result.parameters,
        train_images=result.split["train"],
        processor_minutes=result.processor_minutes,
        fingerprint=face_set.fingerprint,
    )


def chosen_setting(records: Records, name: str, tier: str) -> float | None:
    """The number that read most of the other people's strangers, the smaller one of equals; None while one is missing."""
    row, best, found = ROWS[name], -1.0, None
    for setting in row.settings:
        record = records.find(name, asked(row, setting, tier=tier, fold=0, seed=0, other_people=True))
        if record is None:
            return None
        table = np.sum(list(record["confusions"].values()), axis=0)
        share = np.trace(table) / table.sum()
        if share > best:
            best, found = share, setting
    return found


def _of_row(records: Records, name: str, tier: str) -> list[dict]:
    """The records of a row's trainings that are there, by seed and fold."""
    setting = chosen_setting(records, name, tier)
    if setting is None:
        return []
    row = ROWS[name]
    wanted = [asked(row, setting, tier=tier, fold=number % FOLDS, seed=number // FOLDS) for number in range(row.needed)]
    return [record for record in (records.find(name, one) for one in wanted) if record is not None]


def _there(records: Records, tier: str, names: list[str]) -> dict[str, int]:
    return {name: len(_of_row(records, name, tier)) for name in names}


def _rows(rows: Iterable[str] | None) -> list[str]:
    chosen = list(ROWS) if rows is None else list(rows)
    for name in chosen:
        if name not in ROWS:
            raise invalid("rows", expected=f"names among {', '.join(ROWS)}", received=name)
    return chosen
