"""What each idea of ``nano`` is worth: one change at a time, under the protocol of ``one_protocol``.

    python -m fer_utils study design_ablation --train 60     # train what is missing for an hour; every training is kept
    python -m fer_utils study design_ablation --store        # the answer, from the trainings that are there

The rows and the comparison of each with ``nano`` were written down before the first training.  People, folds, recipe,
and the rule by which a training ends are those of `fer_utils.studies.one_protocol`; so is what ``nano`` itself reads,
whose trainings are not repeated.  One seed a fold, the first.  The learning rate is the one that was chosen for
``nano``: a change that would need another rate is at a disadvantage, and its row may not converge.

Beside the changes stand the second and the third seed of ``nano`` itself.  Nothing is changed there, so they show how
far a difference comes from the seed alone.  The stored trainings of ``nano`` ran on another machine than those of the
changes, where sums are rounded in another order; that is one more difference of this kind.
"""

from __future__ import annotations

from collections.abc import Iterable
import time

import numpy as np
from tqdm import tqdm

from fer_utils import metrics, models
from fer_utils.core.errors import invalid
from fer_utils.core.stages import stage
from fer_utils.studies import one_protocol
from fer_utils.studies.protocol_rows import BUDGET, FOLDS, ROWS, SEEDS, SIZE, Row, asked
from fer_utils.studies.training_records import Records, mark_used, record_of

TITLE = "What each idea of nano is worth, under the protocol"
HEADLINE = True

NANO = "nano"
#: Change -> what is trained, in this order; everything that is not named is as in ``nano``.
CHANGES: dict[str, Row] = {
    "flatten, no pooling": Row("nano", {"pooling": "flatten"}, seeds=1),
    "global average pooling": Row("nano", {"pooling": "average"}, seeds=1),
    "no residual connections": Row("nano", {"residual": False}, seeds=1),
    "no random augmentation": Row("nano", changes={"augment": 0.0}, seeds=1),
    "no mirroring": Row("nano", changes={"flip": False}, seeds=1),
    "no batch normalisation": Row("nano", {"normalise": False}, seeds=1),
    "full convolutions": Row("nano", {"convolution": "full"}, seeds=1),
}


def train(
    tier: str = "class",
    *,
    records: Records | None = None,
    protocol: Records | None = None,
    rows: Iterable[str] | None = None,
    minutes: float | None = None,
    progress: bool = True,
) -> dict[str, list[int]]:
    """Train what has no record yet, change by change, and keep the record of each training.

    Parameters
    ----------
    tier : of the drawn faces.
    records : where the records are; None for those of the package.
    protocol : the records of ``one_protocol``, which have chosen the learning rate; None for those of the package.
    rows : names of `CHANGES`; None for all.
    minutes : no training is begun after so many; None for no limit.  One that was begun ends, or goes on from its last
        check when the same is asked again.

    Returns
    -------
    dict : change -> how many of its trainings are there, and how many its numbers need.

    Raises
    ------
    FerError : a change or a tier that is not known; no learning rate has been chosen for ``nano`` yet.
    """
    records, rate, chosen = _settings(tier, records, protocol, rows)
    until = None if minutes is None else time.monotonic() + 60 * minutes
    wanted = [(name, _asked(CHANGES[name], rate, tier, fold)) for name in chosen for fold in range(FOLDS)]
    with tqdm(total=len(wanted), desc="trainings", unit="training", disable=not progress) as bar:
        for name, one in wanted:
            if records.find(name, one) is None:
                if until is not None and time.monotonic() > until:
                    break
                records.add(name, record_of(one, one_protocol.outcome(one, progress)))
            bar.update()
    return {name: [len(_of_change(records, name, rate, tier)), FOLDS] for name in chosen}


def answer(
    tier: str = "class",
    *,
    progress: bool = True,
    records: Records | None = None,
    protocol: Records | None = None,
    rows: Iterable[str] | None = None,
) -> dict:
    """What the trainings that are recorded say: of each change all folds of which are trained.

    Parameters
    ----------
    tier, records, protocol, rows : as in `train`.
    progress : not used; no training is begun here.

    Returns
    -------
    dict with ``tier``, ``people``, ``folds``, ``size`` (of a face in pixels), ``rate`` (the learning rate);
    ``nano`` and ``rows``, the changes: ``name``, ``options`` (of the network), ``changes`` (of the recipe),
    ``accuracy`` (the mean over people, see `fer_utils.metrics.student_interval`), ``by_actor`` (person -> share),
    ``parameters``, ``macs``, ``train_accuracy`` (mean of the folds), ``converged`` (how many trainings), ``trainings``,
    ``all_converged`` and ``processor_minutes``;
    ``comparisons``: change -> its accuracy minus that of ``nano`` with the same seed, as
    `fer_utils.metrics.compare_by_person` gives it, corrected for all changes together; ``verdict`` is *no verdict*
    where a training has not converged;
    ``seeds``: the second and the third seed of ``nano`` minus the first, each as `fer_utils.metrics.student_interval`
    gives it, not corrected;
    ``missing``: change -> trainings that are there, and needed.

    Raises
    ------
    FerError : as in `train`; a seed of ``nano`` that is not trained over all folds.
    """
    records, rate, chosen = _settings(tier, records, protocol, rows)
    known = Records("one_protocol") if protocol is None else protocol
    seeds = [_of_nano(known, rate, tier, seed) for seed in range(SEEDS)]
    nano = _scored(NANO, ROWS[NANO], seeds[0])
    there = {name: _of_change(records, name, rate, tier) for name in chosen}
    found = {name: _scored(name, CHANGES[name], some) for name, some in there.items() if len(some) == FOLDS}
    compared = metrics.compare_by_person({name: (row["by_actor"], nano["by_actor"]) for name, row in found.items()})
    for name, comparison in compared.items():
        if not (found[str(name)]["all_converged"] and nano["all_converged"]):
            comparison["verdict"] = "no verdict"
    return {
        "tier": tier,
        "people": len(nano["by_actor"]),
        "folds": FOLDS,
        "size": SIZE,
        "rate": rate,
        "nano": nano,
        "rows": list(found.values()),
        "comparisons": compared,
        "seeds": [_minus(_by_actor(some), nano["by_actor"]) for some in seeds[1:]],
        "missing": {name: [len(some), FOLDS] for name, some in there.items() if len(some) < FOLDS},
    }


def _settings(tier: str, records: Records | None, protocol: Records | None, rows) -> tuple[Records, float, list[str]]:
    """Where the records are, the rate of ``nano``, and the changes that are asked for."""
    if tier not in BUDGET:
        raise invalid("tier", expected=f"one of {', '.join(BUDGET)}", received=tier)
    chosen = list(CHANGES) if rows is None else list(rows)
    for name in chosen:
        if name not in CHANGES:
            raise invalid("rows", expected=f"names among {', '.join(CHANGES)}", received=name)
    known = Records("one_protocol") if protocol is None else protocol
    rate = one_protocol.chosen_setting(known, NANO, tier)
    if rate is None:
        raise invalid(
            "protocol",
            expected=f"records that have chosen the learning rate of {NANO} at tier {tier!r}; "
            f"run `python -m fer_utils study one_protocol --tier {tier} --row {NANO} --train 60` first",
            received="none",
        )
    return Records("design_ablation") if records is None else records, rate, chosen


@stage("study.design_ablation")
def _asked(row: Row, rate: float, tier: str, fold: int, seed: int = 0):
    return asked(row, rate, tier=tier, fold=fold, seed=seed)


def _of_change(records: Records, name: str, rate: float, tier: str) -> list[dict]:
    found = [records.find(name, _asked(CHANGES[name], rate, tier, fold)) for fold in range(FOLDS)]
    return [record for record in found if record is not None]


def _of_nano(protocol: Records, rate: float, tier: str, seed: int) -> list[dict]:
    found = [protocol.find(NANO, _asked(ROWS[NANO], rate, tier, fold, seed)) for fold in range(FOLDS)]
    there = [record for record in found if record is not None]
    if len(there) < FOLDS:
        raise invalid(
            "protocol",
            expected=f"{FOLDS} trainings of {NANO} with seed {seed} at tier {tier!r}; "
            f"run `python -m fer_utils study one_protocol --tier {tier} --row {NANO} --train 60` first",
            received=len(there),
        )
    return there


def _by_actor(some: list[dict]) -> dict[str, float]:
    """Person -> share of that person's faces that are read; each person tests in one fold."""
    tables = {actor: np.array(table) for record in some for actor, table in record["confusions"].items()}
    return {actor: float(np.trace(table) / table.sum()) for actor, table in sorted(tables.items())}


def _minus(first: dict[str, float], second: dict[str, float]) -> dict:
    return metrics.student_interval([first[actor] - second[actor] for actor in sorted(first)])


def _scored(name: str, row: Row, some: list[dict]) -> dict:
    for record in some:
        mark_used(record)
    by_actor = _by_actor(some)
    converged = sum(one_protocol.has_converged(record) for record in some)
    network = models.build(row.network, classes=len(some[0]["labels"]), input_shape=(SIZE, SIZE, 1), **row.options)
    return {
        "name": name,
        "options": row.options,
        "changes": row.changes,
        "accuracy": metrics.student_interval(list(by_actor.values())),
        "by_actor": by_actor,
        "parameters": some[0]["parameters"],
        "macs": models.profile(network).macs,
        "train_accuracy": float(np.mean([record["convergence"]["train_accuracy"] for record in some])),
        "converged": converged,
        "trainings": len(some),
        "all_converged": converged == len(some),
        "processor_minutes": round(sum(record["processor_minutes"] for record in some), 1),
    }
