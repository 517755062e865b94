"""What the split does: the same pictures, network and recipe under four splits, with RAVDESS's twins in or out.

    python -m fer_utils study split --tier class --store      # hours; a killed run goes on with the next training

Drawn RAVDESS.  Without twins every clip is a performance of its own, so the
split by performance is the split by clip and is not trained twice.  By actor
there are five folds, over which everybody is unseen once; by the other units
as many seeds, each with its own split and its own weights.  Headline rows have
five trainings, the others three.
"""

from __future__ import annotations

import itertools

import numpy as np

from fer_utils.core.errors import whole_number
from fer_utils.experiments import Data, Experiment, Split
from fer_utils.studies import own_faces
from fer_utils.studies.trainings import counts, gain, pooled, trained
from fer_utils.synthetic.stand_ins import EPOCHS
from fer_utils.training import Recipe

TITLE = "What the split does: one network, one recipe, four splits, with and without the twins"
HEADLINE = True

#: (unit, twins) -> how many trainings.
ROWS: dict[tuple[str, bool], int] = {
    ("actor", False): 5,
    ("clip", False): 3,
    ("frame", False): 3,
    ("actor", True): 5,
    ("performance", True): 3,
    ("clip", True): 3,
    ("frame", True): 5,
}
#: The pairs of rows whose difference is asked for: what each step from people unseen to 92 % is worth.
STEPS: tuple[tuple[tuple[str, bool], tuple[str, bool]], ...] = (
    (("actor", False), ("clip", False)),
    (("clip", False), ("frame", False)),
    (("performance", True), ("clip", True)),
    (("actor", False), ("frame", True)),
)


def experiments_of(unit: str, twins: bool, trainings: int, *, tier: str, epochs: int):
    """The experiments of one row."""
    data, recipe = Data("ravdess", tier=tier, twins=twins), Recipe(epochs=epochs)
    return [
        Experiment(
            data=data, split=Split(unit, fold=k) if unit == "actor" else Split(unit, seed=k), recipe=recipe, seed=k
        )
        for k in range(trainings)
    ]


def answer(tier: str = "class", *, progress: bool = True, rows=None, epochs: int | None = None, real=None) -> dict:
    """Train what is not trained yet, and set the rows side by side.

    Parameters
    ----------
    tier : of the stand-in; see `fer_utils.synthetic.stand_ins.SIZES`.
    rows : keys of `ROWS` to trainings, another choice of rows; None for `ROWS`.
    epochs : None for the tier's own number.
    real : one name -> folder of the reader's own faces in the place of the stand-in: see
        `fer_utils.studies.own_faces.data_of`.
        Rows are then the units that are known of these faces (``own_faces.units``), without twins, and the steps those
        from the strictest to each other.

    Returns
    -------
    dict with ``dataset``, ``tier``, ``epochs``, ``model``, ``labels``; ``rows``, each with ``unit``, ``twins``,
    ``trainings``, ``train_images`` and ``test_images`` (means), ``accuracy`` and ``macro_f1`` (with 95 % intervals over
    actors, all trainings' test images taken together), ``accuracies`` (of each training), ``train_accuracy`` (last
    epoch, dropout on), ``leaked`` (shares of test rows by unit, first training), ``recall``, ``confusion``,
    ``minutes``, ``experiments`` (configurations), ``by_actor`` (right and all, by actor); and ``steps``, the
    differences between rows, each actor against himself, with intervals over actors.
    """
    epochs = EPOCHS[tier] if epochs is None else whole_number("epochs", epochs, 1)
    own = None if real is None else own_faces.loaded(real, progress=progress)
    known = ROWS if own is None else {(unit, False): ROWS.get((unit, False), 3) for unit in own_faces.units(own[1])}
    steps = STEPS if own is None else [(one, other) for one, other in itertools.combinations(known, 2)]
    chosen = counts("rows", rows, known)
    plan = {key: experiments_of(*key, trainings, tier=tier, epochs=epochs) for key, trainings in chosen.items()}
    found = trained(plan if own is None else own_faces.on_own_faces(plan, *own), progress=progress)
    rows = {key: _row(*key, results) for key, results in found.items()}
    return {
        "dataset": "ravdess" if own is None else own[0].dataset,
        "tier": tier,
        "epochs": epochs,
        "model": "ding2023",
        "labels": next(iter(found.values()))[0].labels,
        "rows": list(rows.values()),
        "steps": [
            {"from": list(one), "to": list(other), **gain(rows[one], rows[other])}
            for one, other in steps
            if {one, other} <= rows.keys()
        ],
    }


def _row(unit: str, twins: bool, results: list) -> dict:
    return {
        "unit": unit,
        "twins": twins,
        "trainings": len(results),
        **pooled(results),
        "train_accuracy": float(np.mean([result.history["accuracy"][-1] for result in results])),
        "experiments": [result.experiment for result in results],
    }
