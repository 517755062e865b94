"""Smaller than the paper: a tenth of its parameters, a fifth of its work, and people it has never seen.

    python -m fer_utils study nano --tier class --store             # RAVDESS and MEAD
    python -m fer_utils study nano_savee --tier class --store       # SAVEE: four men, so each is left out by five seeds
    python -m fer_utils study nano_ablation --tier class --store    # one part taken away at a time, on RAVDESS

One question in three answers, each of which two cores compute in an hour or two; a killed run goes on with the next
training. Actors apart: every actor is tested by networks that never saw him.  RAVDESS and MEAD have five folds with a
seed each; SAVEE has four men, each left out once by each of five seeds.  The network and its recipe were chosen on
24 other drawn actors (seed 4242), of whom none is here; one fold of RAVDESS had been looked at once before these were
drawn.
"""

from __future__ import annotations

import numpy as np

from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.stages import stage
from fer_utils.experiments import Data, Distillation, Experiment, Model, Split
from fer_utils.studies import own_faces
from fer_utils.studies.network_costs import weighed
from fer_utils.studies.trainings import gain, pooled, some_faces, trained
from fer_utils.synthetic.stand_ins import EPOCHS
from fer_utils.training import Recipe

TITLE = "Smaller than the paper: a tenth of the parameters, a fifth of the work, the same strangers"
HEADLINE = True

PAPER, NANO, SMALLER = "ding2023", "nano", "nano, 25,000"
#: How ``nano`` is trained; the paper's network as everywhere in the book, and once with this.
RECIPE: dict = {"learning_rate": 3e-3, "schedule": "cosine", "flip": True, "augment": 0.5}
#: The network with at most 25,000 parameters.
SMALL: dict = {"widths": (8, 16, 32, 48, 64)}
#: Row -> network, its options, what its recipe changes, and the name of a teacher's row.
ROWS: dict[str, tuple[str, dict, dict, str | None]] = {
    PAPER: ("ding2023", {}, {}, None),
    NANO: ("nano", {}, RECIPE, None),
    SMALLER: ("nano", SMALL, RECIPE, None),
}
#: One part taken away, or changed for the other network's, at a time; or a teacher added.
ABLATION: dict[str, tuple[str, dict, dict, str | None]] = {
    "flatten in place of pooling": ("nano", {"pooling": "flatten"}, RECIPE, None),
    "mean in place of weighted pooling": ("nano", {"pooling": "average"}, RECIPE, None),
    "full in place of separable convolutions": ("nano", {"convolution": "full"}, RECIPE, None),
    "no normalisation": ("nano", {"normalise": False}, RECIPE, None),
    "no residual blocks": ("nano", {"residual": False}, RECIPE, None),
    "pictures not bent": ("nano", {}, RECIPE | {"augment": 0.0}, None),
    "pictures not mirrored": ("nano", {}, RECIPE | {"flip": False}, None),
    "rate not falling": ("nano", {}, RECIPE | {"schedule": "constant"}, None),
    "the paper's network, this recipe": (
        "ding2023",
        {},
        {key: RECIPE[key] for key in ("schedule", "flip", "augment")},
        None,
    ),
    "taught by the paper's network": ("nano", {}, RECIPE, "the paper's network, this recipe"),
    "taught by a wide one": ("nano", {}, RECIPE, "wide"),
}
#: Teachers that are rows of no table.
TEACHERS: dict[str, tuple[str, dict, dict, str | None]] = {
    "wide": ("nano", {"widths": (32, 64, 96, 128)}, RECIPE, None)
}
#: Stand-in -> share of actors that tests, folds, and seeds a fold.
PLAN: dict[str, tuple[float, int, int]] = {"ravdess": (0.2, 5, 1), "savee": (0.25, 4, 5), "mead": (0.2, 5, 1)}


@stage("study.nano")
def experiments_of(
    row: str,
    dataset: str,
    *,
    tier: str,
    epochs: int,
    folds: int | None = None,
    seeds: int | None = None,
    size: int | None = None,
):
    """The experiments of one row on one stand-in: every fold, with seeds that no two folds share."""
    network, options, changes, teacher = (ROWS | ABLATION | TEACHERS)[row]
    test, most_folds, most_seeds = PLAN[dataset]
    folds, seeds = folds or most_folds, seeds or most_seeds
    made = []
    for repeat in range(seeds):
        for fold in range(folds):
            taught = None
            if teacher is not None:
                given = {"tier": tier, "epochs": epochs, "folds": folds, "seeds": seeds, "size": size}
                taught = Distillation(experiments_of(teacher, dataset, **given)[len(made)])
            made.append(
                Experiment(
                    data=Data(dataset, tier=tier),
                    split=Split("actor", test=test, fold=fold),
                    model=Model.of(network, size=size, **options),
                    recipe=Recipe(epochs=epochs, **changes),
                    seed=repeat * most_folds + fold,
                    distillation=taught,
                )
            )
    return made


def answer(tier: str = "class", *, progress: bool = True, **options) -> dict:
    """RAVDESS and MEAD, without the ablation: `compared` with these; options as there."""
    usual = {"datasets": ("ravdess", "mead"), "ablation": ()}
    return compared(tier, progress=progress, **usual | options)


def compared(
    tier: str = "class",
    *,
    progress: bool = True,
    datasets=None,
    rows=None,
    ablation=None,
    epochs: int | None = None,
    folds: int | None = None,
    seeds: int | None = None,
    size: int | None = None,
    repeats: int | None = 30,
    real=None,
) -> dict:
    """Train what is not trained yet, set every row against the paper's network, and take the parts away.

    Parameters
    ----------
    tier : of the stand-ins; see `fer_utils.synthetic.stand_ins.SIZES`.
    datasets : names of `PLAN`; None for all.
    rows, ablation : keys of `ROWS` and `ABLATION`; None for all.
    epochs : None for the tier's own number.
    folds, seeds : None for those of `PLAN`.
    size : of the faces in pixels; None for the paper's 180.
    repeats : timed rounds of the exported files; None exports and times nothing.
    real : one name -> folder of the reader's own faces in the place of the stand-in: see
        `fer_utils.studies.own_faces.data_of`.
        The rows of one stand-in are then made, the first of ``datasets``, and bear its name.

    Returns
    -------
    dict with ``tier``, ``epochs``, ``recipe``; ``rows``: one a network and stand-in, with ``name``, ``dataset``, all of
    ``pooled``, ``train_accuracy`` (last epoch, mean) and ``experiment`` (of seed 0);
    ``differences``: ``name``, ``dataset`` and the row's accuracy minus the paper's network's, each actor against
    himself, with its 95 % interval over actors, and ``met`` (mean above 0 and the interval above -1 point);
    ``ablation``: ``change``, all of ``pooled``, and ``against``, the changed network's accuracy minus ``nano``'s; and
    ``weights``: see ``weighed``, of the first stand-in's networks of seed 0, or None.
    """
    epochs = EPOCHS[tier] if epochs is None else whole_number("epochs", epochs, 1)
    datasets, rows = _some("datasets", datasets, PLAN), _some("rows", rows, ROWS)
    datasets = datasets if real is None else datasets[:1]
    changes = _some("ablation", ablation, ABLATION)
    given = {"tier": tier, "epochs": epochs, "folds": folds, "seeds": seeds, "size": size}
    plans = {(name, dataset): experiments_of(name, dataset, **given) for dataset in datasets for name in rows}
    plans |= {(name, "ravdess"): experiments_of(name, "ravdess", **given) for name in changes}
    if real is not None:
        plans = own_faces.on_own_faces(plans, *own_faces.loaded(real, progress=progress))
    results = trained(plans, progress=progress)
    scored = {key: _scored(key, some) for key, some in results.items()}
    weights = None
    if repeats is not None:
        dataset = datasets[0]
        models = {name: results[name, dataset][0].model() for name in rows}
        first = plans[rows[0], dataset][0]
        weights = weighed(
            models,
            some_faces(first),
            unseen=some_faces(first, unseen=True),
            baseline=rows[0],
            repeats=repeats,
            progress=progress,
        )
    return {
        "tier": tier,
        "epochs": epochs,
        "recipe": RECIPE,
        "rows": [scored[name, dataset] for dataset in datasets for name in rows],
        "differences": [
            {"name": name, "dataset": dataset, **_met(gain(scored[PAPER, dataset], scored[name, dataset]))}
            for dataset in datasets
            for name in rows
            if PAPER in rows and name != PAPER
        ],
        "ablation": [
            scored[name, "ravdess"]
            | {"change": name, "against": gain(scored[NANO, "ravdess"], scored[name, "ravdess"])}
            for name in changes
            if (NANO, "ravdess") in scored
        ],
        "weights": weights,
    }


def _some(argument: str, chosen, known) -> list[str]:
    chosen = list(known if chosen is None else chosen)
    for name in chosen:
        if name not in known:
            raise invalid(argument, expected=f"names among {', '.join(known)}", received=name)
    return chosen


def _scored(key: tuple[str, str], results: list) -> dict:
    return {
        "name": key[0],
        "dataset": key[1],
        **pooled(results),
        "train_accuracy": float(np.mean([one.history["accuracy"][-1] for one in results])),
        "experiment": results[0].experiment,
    }


def _met(apart: dict) -> dict:
    """What is meant by 'no worse': at least as accurate in the mean, and not a point worse anywhere in the interval."""
    return apart | {"met": apart["value"] > 0 and apart["low"] > -0.01}
