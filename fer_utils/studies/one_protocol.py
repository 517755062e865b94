"""Every network and every simple method under one training protocol, on the same strangers.

    python -m fer_utils study one_protocol --train 60     # train what is missing for an hour; every training is kept
    python -m fer_utils study one_protocol --store        # the answer, from the trainings that are there

The protocol was written down before the first training of it (one fold of `nano` had been looked at once, at another
budget, while its code was written):

- Drawn RAVDESS, 24 people.  Five folds by person: everybody tests once.  Of those who do not test a quarter validate
  and the others learn.  Who tests is asked once, at the end.
- One recipe: Adam, batches of 32, every image mirrored at random and changed a little.  After every 100 steps the
  validation people are asked.  After 6 checks without a better accuracy the best weights go on at a fifth of the rate;
  after two falls training ends, and the best weights are the network.  At most 8,000 steps.
- The learning rate of a network is one of three, a simple method's one number, too.  It is chosen on 24 *other* drawn
  people, who are nowhere else: the number whose strangers among them are read best.  At 180 pixels, and where frames
  are divided in place of people, the rate is that of the same network at 80 pixels with people divided.
- Three seeds a fold; for networks that take many hours, one.
- A training that did not end by itself, or that reads fewer than three quarters of the faces it learned from, has
  not converged and is no evidence against its network; rows with such trainings say so.  (The limit of three quarters
  was set after the first nine trainings of networks had been seen: they had ended by themselves at 81 to 91 % of
  their training faces, and the limit written down before, nine tenths, would have counted one of them.)
"""

from __future__ import annotations

from collections.abc import Iterable
import time

import numpy as np
from tqdm import tqdm

from fer_utils import experiments, faces, metrics, models, training
from fer_utils.core.errors import invalid
from fer_utils.experiments import Experiment
from fer_utils.models import contrast
from fer_utils.models.hog import operations
from fer_utils.studies.protocol_rows import (
    BUDGET,
    COMPARISONS,
    FOLDS,
    LEARNED,
    OF_FIRST_LAYERS,
    RATES,
    ROWS,
    SIZE,
    Row,
    asked,
)
from fer_utils.studies.simple_methods import run_simple
from fer_utils.studies.training_records import Outcome, Records, mark_used, record_of

TITLE = "Every network and every simple method under one training protocol"
HEADLINE = True


def train(
    tier: str = "class",
    *,
    records: Records | None = None,
    rows: Iterable[str] | None = None,
    minutes: float | None = None,
    progress: bool = True,
) -> dict[str, list[int]]:
    """Train what has no record yet, row by row, and keep the record of each training.

    Parameters
    ----------
    tier : of the drawn faces.
    records : where the records are; None for those of the package.
    rows : names of `ROWS`; None for all but those of the study ``first_layers``.
    minutes : no training is begun after so many; None for no limit.  One that was begun ends, or goes on from its last
        check when the same is asked again.

    Returns
    -------
    dict : row -> how many of its trainings are there, and how many its numbers need.
    """
    records = Records("one_protocol") if records is None else records
    chosen = _rows(rows)
    until = None if minutes is None else time.monotonic() + 60 * minutes
    # Every row has its first seed before any has its second.
    wanted = [
        (seed, name, fold) for name in chosen for seed in range(ROWS[name].needed // FOLDS) for fold in range(FOLDS)
    ]
    with tqdm(total=len(wanted), desc="trainings", unit="training", disable=not progress) as bar:
        for seed, name, fold in sorted(wanted, key=lambda one: one[0]):
            if not _one(records, name, tier, fold, seed, until, progress):
                break
            bar.update()
    return {name: [len(_of_row(records, name, tier)), ROWS[name].needed] for name in chosen}


def answer(
    tier: str = "class",
    *,
    progress: bool = True,
    records: Records | None = None,
    rows: Iterable[str] | None = None,
    train_missing: bool = False,
) -> dict:
    """What the trainings that are recorded say: of each row the seeds of which every fold is trained.

    Parameters
    ----------
    tier, records, rows : as in `train`.
    train_missing : train first what has no record: hours.

    Returns
    -------
    dict with ``tier``, ``people``, ``folds``, ``size``, ``budget`` (most steps, steps between checks, checks in vain),
    ``rates``, ``learned`` (`LEARNED`);
    ``rows``: ``name``, ``network`` or ``features`` and ``classifier``, ``options``, ``changes`` (of the recipe),
    ``by`` (the unit that is divided), ``twins``, ``size`` (None for 180 pixels),
    ``tried`` (setting -> share of the other people's strangers) and ``setting``, ``accuracy`` (the mean over people,
    see `fer_utils.metrics.student_interval`), ``by_actor`` (person -> share), ``recall``, ``confusion`` (all seeds),
    ``seeds``, ``accuracies`` (of each seed), ``parameters``, ``macs`` (of features, of a fixed first layer, and of what
    learns, None where not known), ``train_images``, ``train_accuracy`` (mean), ``converged`` (how many trainings),
    ``trainings``, ``witness`` (whether all have converged) and ``processor_minutes`` (with those that chose the
    setting);
    ``comparisons``: those of `COMPARISONS` whose rows are there: ``first``, ``second``, what `student_interval` gives
    of first minus second, person by person, ``p_holm`` (corrected for all of them together) and ``verdict``:
    *higher*, *lower*, *not told apart*, or *no verdict* where one of the two has not converged;
    ``missing``: row -> trainings that are there, and needed; of a row without a whole seed nothing is said.
    """
    records = Records("one_protocol") if records is None else records
    chosen = _rows(rows)
    if tier not in BUDGET:
        raise invalid("tier", expected=f"one of {', '.join(BUDGET)}", received=tier)
    if train_missing:
        train(tier, records=records, rows=chosen, progress=progress)
    found, missing = {}, {}
    for name in chosen:
        there = _of_row(records, name, tier)
        by_seed: dict[int, list[dict]] = {}
        for record in there:
            by_seed.setdefault(record["configuration"]["seed"], []).append(record)
        whole = [record for some in by_seed.values() if len(some) == FOLDS for record in some]
        if whole:
            found[name] = _scored(records, name, tier, whole)
        if len(there) < ROWS[name].needed:
            missing[name] = [len(there), ROWS[name].needed]
    return {
        "tier": tier,
        "people": max((len(row["by_actor"]) for row in found.values()), default=0),
        "folds": FOLDS,
        "size": SIZE,
        "budget": list(BUDGET[tier]),
        "rates": list(RATES),
        "learned": LEARNED,
        "rows": list(found.values()),
        "comparisons": _compared(found),
        "missing": missing,
    }


def _scored(records: Records, name: str, tier: str, some: list[dict]) -> dict:
    row = ROWS[name]
    tables: dict[str, np.ndarray] = {}
    by_seed: dict[int, np.ndarray] = {}
    for record in some:
        for actor, table in record["confusions"].items():
            tables[actor] = tables.get(actor, 0) + np.array(table)
            seed = record["configuration"]["seed"]
            by_seed[seed] = by_seed.get(seed, 0) + np.array(table)
    by_actor = {actor: float(np.trace(table) / table.sum()) for actor, table in sorted(tables.items())}
    confusion = np.sum(list(tables.values()), axis=0)
    chooser = row.rate_of or name
    tried = {setting: records.find(chooser, _choosing(chooser, setting, tier)) for setting in ROWS[chooser].settings}
    own_choice = [] if row.rate_of else list(tried.values())
    for record in [*some, *tried.values()]:
        mark_used(record)
    converged = sum(has_converged(record) for record in some)
    return {
        "name": name,
        "network": row.network,
        "features": row.features,
        "classifier": row.classifier,
        "options": row.options,
        "changes": row.changes,
        "by": row.by,
        "twins": row.twins,
        "size": row.size,
        "tried": {str(setting): _share(record) for setting, record in tried.items()},
        "setting": chosen_setting(records, name, tier),
        "labels": some[0]["labels"],
        "accuracy": metrics.student_interval(list(by_actor.values())),
        "by_actor": by_actor,
        "recall": dict(zip(some[0]["labels"], metrics.recall(confusion).tolist(), strict=True)),
        "confusion": confusion.tolist(),
        "seeds": len(by_seed),
        "accuracies": [float(np.trace(table) / table.sum()) for _, table in sorted(by_seed.items())],
        "parameters": round(float(np.mean([record["parameters"] for record in some]))),
        "macs": _macs(row, some),
        "train_images": round(float(np.mean([record["train_images"] for record in some]))),
        "train_accuracy": float(np.mean([record["convergence"]["train_accuracy"] for record in some])),
        "converged": converged,
        "trainings": len(some),
        "witness": converged == len(some),
        "processor_minutes": round(sum(record["processor_minutes"] for record in [*some, *own_choice]), 1),
    }


def _compared(found: dict[str, dict]) -> list[dict]:
    pairs = [pair for pair in COMPARISONS if pair[0] in found and pair[1] in found]
    shares = {(first, second): (found[first]["by_actor"], found[second]["by_actor"]) for first, second in pairs}
    compared = []
    for (first, second), differences in metrics.compare_by_person(shares).items():
        row = {"first": first, "second": second, **differences}
        if not (found[first]["witness"] and found[second]["witness"]):
            row["verdict"] = "no verdict"
        compared.append(row)
    return compared


def has_converged(record: dict) -> bool:
    """Whether the training of a record ended by itself and learned at least `LEARNED` of its own faces.

    Neighbours and the SVM have nothing that could end too early.
    """
    if record["configuration"].get("classifier") in ("nearest neighbours", "SVM"):
        return True
    return record["convergence"]["converged"] and record["convergence"]["train_accuracy"] >= LEARNED


def _macs(row: Row, some: list[dict]) -> int | None:
    """Multiply-accumulates of a network for one face, with its fixed layer's operations; of HOG its own, likewise."""
    if row.features == "HOG":
        side = row.size or 180
        return operations((side, side, 1)) + round(float(np.mean([record["classifier_macs"] for record in some])))
    if row.network is None:
        return None  # what finding 68 landmarks takes is not counted
    side = row.size or 180
    network = models.build(row.network, classes=len(some[0]["labels"]), input_shape=(side, side, 1), **row.options)
    return models.profile(network).macs + contrast.fixed_operations(row.options, (side, side, 1))


def _one(records: Records, name: str, tier: str, fold: int, seed: int, until: float | None, progress: bool) -> bool:
    """Train a fold of a row, unless it is recorded, and before it what chooses its setting; False when time is up."""
    row = ROWS[name]
    chooser = row.rate_of or name
    for setting in ROWS[chooser].settings:
        if not _recorded(records, chooser, _choosing(chooser, setting, tier), until, progress):
            return False
    setting = chosen_setting(records, name, tier)
    return _recorded(records, name, asked(row, setting, tier=tier, fold=fold, seed=seed), until, progress)


def _recorded(records: Records, name: str, one, until: float | None, progress: bool) -> bool:
    if records.find(name, one) is not None:
        return True
    if until is not None and time.monotonic() > until:
        return False
    records.add(name, record_of(one, outcome(one, progress)))
    return True


def outcome(one, progress: bool = True) -> Outcome:
    """Train an experiment or a simple method of the protocol, and answer for its test rows.

    ``one`` is what `fer_utils.studies.protocol_rows.asked` returns.
    """
    if not isinstance(one, Experiment):
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
        convergence=training.convergence(result.history, one.recipe)
        | {"train_accuracy": float((read == known).mean())},
        parameters=result.parameters,
        train_images=result.split["train"],
        processor_minutes=result.processor_minutes,
        fingerprint=face_set.fingerprint,
    )


def chosen_setting(records: Records, name: str, tier: str) -> float | None:
    """The number that read most of the other people's strangers, the first of equals; None while one is missing."""
    chooser, best, found = ROWS[name].rate_of or name, -1.0, None
    for setting in ROWS[chooser].settings:
        record = records.find(chooser, _choosing(chooser, setting, tier))
        if record is None:
            return None
        if _share(record) > best:
            best, found = _share(record), setting
    return found


def _choosing(name: str, setting: float, tier: str):
    """What says how good a setting of a row is: the first fold of the other people."""
    return asked(ROWS[name], setting, tier=tier, fold=0, seed=0, other_people=True)


def _share(record: dict) -> float:
    """Of the test faces of a training how many were read rightly."""
    table = np.sum(list(record["confusions"].values()), axis=0)
    return float(np.trace(table) / table.sum())


def _of_row(records: Records, name: str, tier: str) -> list[dict]:
    """The records of a row's trainings that are there, by seed and fold."""
    setting = chosen_setting(records, name, tier)
    if setting is None:
        return []
    row = ROWS[name]
    wanted = [asked(row, setting, tier=tier, fold=number % FOLDS, seed=number // FOLDS) for number in range(row.needed)]
    return [record for record in (records.find(name, one) for one in wanted) if record is not None]


def _rows(rows: Iterable[str] | None) -> list[str]:
    chosen = [name for name in ROWS if name not in OF_FIRST_LAYERS] if rows is None else list(rows)
    for name in chosen:
        if name not in ROWS:
            raise invalid("rows", expected=f"names among {', '.join(ROWS)}", received=name)
    return chosen
