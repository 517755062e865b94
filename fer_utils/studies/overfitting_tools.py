"""One tool against overfitting at a time, against none, and all together: what strangers gain.

    python -m fer_utils study overfitting_tools --train 20     # for 20 minutes; every training is kept
    python -m fer_utils study overfitting_tools --store

The protocol was written down before the study was run (one training of each kind, on the first division, had been
looked at for the range of strengths and for how many steps the plain network needs to know its training faces):

- Drawn RAVDESS, two frames of every clip.  A round divides the people into three folds; those who do not test are
  divided into people who learn and people who validate.  So everybody tests once a round, by a network that never
  saw him.  Each training has a seed of its own, and each round other divisions.
  (Two rounds were planned and run; the answer of the first was looked at before the second had ended.)
- Every training has the same number of steps, in which the plain network learns its training faces by heart.
- A tool is compared at the *last* step, so that nothing but the tool differs.  Of a tool's strengths that one is
  taken which has the lower validation loss at the last step, in each training by that training's validation people.
- Early stopping is the plain training at the check with the lowest validation loss.  *All together* stops so, too.
- Differences to none are taken person by person, their p-values corrected for all comparisons (Holm).
- A tool whose trainings read fewer than `LEARNED` of their own training faces at the last step, or whose validation
  loss still falls there, has not had enough steps: the answer says so.
"""

from __future__ import annotations

import time

import numpy as np
from tqdm import tqdm

from fer_utils import faces, metrics
from fer_utils.core.errors import invalid, whole_number
from fer_utils.experiments import Data, Split
from fer_utils.studies.followed_trainings import (
    SIZE,
    Asked,
    Tools,
    best_check,
    followed,
    mean_curves,
    mean_shares,
    recorded,
)
from fer_utils.studies.training_records import Records

TITLE = "One tool against overfitting at a time, and all together"
HEADLINE = True

#: Tool -> the strengths among which validation chooses.
ROWS: dict[str, tuple[Tools, ...]] = {
    "none": (Tools(),),
    "augmentation": (Tools(augment=0.5),),
    "L2": (Tools(l2=1e-3), Tools(l2=1e-2)),
    "L1": (Tools(l1=1e-4), Tools(l1=1e-3)),
    "dropout": (Tools(dropout=0.15), Tools(dropout=0.3)),
    "all together": (Tools(augment=0.5, l2=1e-3, l1=1e-4, dropout=0.15),),
}
#: Stopping needs no training of its own: it is the first row, at another check.
STOPPING = "early stopping"
ALL = "all together"
FOLDS, ROUNDS = 3, 2
#: Tier -> steps, and steps between two checks.
STEPS: dict[str, tuple[int, int]] = {"smoke": (4, 2), "class": (1000, 50), "full": (3000, 150)}
#: The frames of a clip that are used, of six: those in its middle, where the label is posed most strongly.
FRAMES: tuple[int, ...] = (2, 3)
#: A network that reads fewer of its training faces has not learned them.
LEARNED = 0.9
#: The stages that make the pictures and say who learns from them.
MADE_BY = ("studio", "stand_ins", "datasets", "faces", "experiments", "splits")
#: The share of the checks, at the end, in which the lowest validation loss says that it was still falling.
AT_THE_END = 0.1


def asked_of(row: str, number: int, round_: int, fold: int, *, tier: str) -> Asked:
    """The training of a row with its strength ``number``, in a round and fold."""
    steps, check_every = STEPS[tier]
    data = (("dataset", "ravdess"), ("tier", tier), ("round", round_), ("fold", fold))
    return Asked("overfitting_tools", data, ROWS[row][number], steps, check_every, FOLDS * round_ + fold, MADE_BY)


def _wanted(tier: str, rows, rounds: int) -> dict:
    return {
        (row, number, round_, fold): (row, asked_of(row, number, round_, fold, tier=tier))
        for round_ in range(rounds)
        for row in rows
        for number in range(len(ROWS[row]))
        for fold in range(FOLDS)
    }


class _Faces:
    """The faces, read when the first training asks for them."""

    def __init__(self, tier: str):
        self.tier = tier
        self.read: tuple | None = None

    def train(self, place: tuple, asked: Asked) -> dict:
        if self.read is None:
            face_set = Data("ravdess", tier=self.tier).load(False)
            kept = np.flatnonzero(face_set.meta["frame"].isin(FRAMES))
            meta = face_set.meta.iloc[kept].reset_index(drop=True)
            names = sorted(set(meta["expression"]))
            labels = meta["expression"].map({name: at for at, name in enumerate(names)}).to_numpy(np.int64)
            self.read = (meta, faces.resize(np.asarray(face_set.images[kept]), SIZE, progress=False), labels)
        meta, images, labels = self.read
        _, _, round_, fold = place
        split = Split("actor", test=1 / FOLDS, seed=round_, fold=fold, validation=0.25)
        learn, test = split.rows(meta)
        rows = {"train": learn, "validation": split.validation_rows(meta), "test": test}
        return followed(asked, images, labels, meta["actor"].astype(str).to_numpy(), rows)


def train(
    tier: str = "class",
    *,
    records: Records | None = None,
    rows=None,
    minutes: float | None = None,
    progress: bool = True,
) -> dict[str, list[int]]:
    """Train what has no record yet, round by round; see `fer_utils.studies.one_protocol.train`."""
    records = Records("overfitting_tools") if records is None else records
    chosen = _rows(rows)
    wanted = _wanted(tier, chosen, ROUNDS)
    until = None if minutes is None else time.monotonic() + 60 * minutes
    there = dict.fromkeys(chosen, 0)
    with tqdm(total=len(wanted), desc="trainings", unit="training", disable=not progress) as bar:
        for place, _ in recorded(records, wanted, _Faces(tier).train, until=until, bar=bar):
            there[place[0]] += 1
    return {row: [there[row], ROUNDS * FOLDS * len(ROWS[row])] for row in chosen}


def answer(
    tier: str = "class",
    *,
    progress: bool = True,
    records: Records | None = None,
    rows=None,
    rounds: int = ROUNDS,
) -> dict:
    """Train what has no record, and compare every tool with none, person by person.

    Parameters
    ----------
    tier : of the drawn people; it says how many steps there are, too.
    records : where the records of trainings are; None for those of the package.
    rows : names of `ROWS`, *none* among them; None for all.
    rounds : 1 to 9; in each everybody tests once.

    Returns
    -------
    dict with ``tier``, ``size``, ``steps``, ``check_every``, ``folds``, ``rounds``, ``people``; ``rows``, each with
    ``tool``, ``trainings``, ``checks`` (steps at each check), ``curves`` (set -> accuracy and loss, means over
    trainings), ``accuracy`` (of strangers at the last step, or where the row stops; `metrics.student_interval`),
    ``stopped`` (the same, at the check with the lowest validation loss), ``by_person``, ``train_accuracy`` and
    ``loss`` (of strangers, its mean, and ``losses`` of each training) at the same check as ``accuracy``, ``best_step``
    (median), ``strengths`` (how often each was chosen), ``learned`` and ``still_falling`` (shares of trainings),
    ``enough_steps``; ``comparisons``, a row less *none* each: what `metrics.compare_by_person` gives and ``tool``;
    ``loss_comparisons``, the same of the strangers' loss, training by training in the place of person by person.
    """
    records = Records("overfitting_tools") if records is None else records
    chosen = _rows(rows)
    rounds = whole_number("rounds", rounds, 1, 9)
    if "none" not in chosen:
        raise invalid("rows", expected="'none' among them, with which the others are compared", received=chosen)
    wanted = _wanted(tier, chosen, rounds)
    found: dict[tuple, dict] = {}
    with tqdm(total=len(wanted), desc="trainings", unit="training", disable=not progress) as bar:
        for place, record in recorded(records, wanted, _Faces(tier).train, bar=bar):
            found[place] = record
    made = {row: _scored(row, _by_validation(row, found, rounds)) for row in chosen}
    made[STOPPING] = _scored(STOPPING, _by_validation("none", found, rounds))
    plain = made["none"]["by_person"]
    pairs = {row: (one["by_person"], plain) for row, one in made.items() if row != "none"}
    losses = {
        row: tuple({str(at): loss for at, loss in enumerate(some["losses"])} for some in (one, made["none"]))
        for row, one in made.items()
        if row != "none"
    }
    steps, check_every = STEPS[tier]
    return {
        "tier": tier,
        "size": SIZE,
        "steps": steps,
        "check_every": check_every,
        "folds": FOLDS,
        "rounds": rounds,
        "people": len(plain),
        "rows": list(made.values()),
        "comparisons": [{"tool": row, **one} for row, one in metrics.compare_by_person(pairs).items()],
        "loss_comparisons": [{"tool": row, **one} for row, one in metrics.compare_by_person(losses).items()],
    }


def _by_validation(row: str, found: dict, rounds: int) -> list[tuple[int, dict]]:
    """For each round and fold the strength with the lower validation loss at the last step, and its record."""
    chosen = []
    for round_ in range(rounds):
        for fold in range(FOLDS):
            some = [found[row, number, round_, fold] for number in range(len(ROWS[row]))]
            number = int(np.argmin([one["curves"]["validation"]["loss"][-1] for one in some]))
            chosen.append((number, some[number]))
    return chosen


def _scored(row: str, chosen: list[tuple[int, dict]]) -> dict:
    """A row of the answer from its trainings."""
    records = [record for _, record in chosen]
    best = [best_check(record) for record in records]
    checks = len(records[0]["curves"]["train"]["loss"])
    at = best if row in (STOPPING, ALL) else [checks - 1] * len(records)
    by_person = mean_shares(list(zip(records, at, strict=True)))
    stopped = mean_shares(list(zip(records, best, strict=True)))
    learned = [record["curves"]["train"]["accuracy"][-1] >= LEARNED for record in records]
    falling = [place >= checks - max(1, round(AT_THE_END * checks)) for place in best]
    every = records[0]["configuration"]["check_every"]

    def mean(name: str, quantity: str) -> float:
        values = [record["curves"][name][quantity][place] for record, place in zip(records, at, strict=True)]
        return float(np.mean(values))

    strengths = [number for number, _ in chosen]
    return {
        "tool": row,
        "trainings": len(records),
        "checks": [every * (place + 1) for place in range(checks)],
        "curves": mean_curves(records),
        "accuracy": metrics.student_interval(list(by_person.values())),
        "stopped": metrics.student_interval(list(stopped.values())),
        "by_person": by_person,
        "train_accuracy": mean("train", "accuracy"),
        "loss": mean("test", "loss"),
        "losses": [record["curves"]["test"]["loss"][place] for record, place in zip(records, at, strict=True)],
        "best_step": float(np.median([every * (place + 1) for place in best])),
        "strengths": [strengths.count(number) for number in range(len(ROWS.get(row, (None,))))],
        "learned": float(np.mean(learned)),
        "still_falling": float(np.mean(falling)),
        "enough_steps": bool(np.mean(learned) == 1 and np.mean(falling) < 0.5),
    }


def _rows(rows) -> list[str]:
    chosen = list(ROWS) if rows is None else list(rows)
    for name in chosen:
        if name not in ROWS:
            raise invalid("rows", expected=f"names among {', '.join(ROWS)}", received=name)
    return chosen
