"""What the split does: the same pictures, network and recipe under four splits, with RAVDESS's twins in or out.

    python -m fer_utils study split --tier class --store      # hours; a killed run goes on with the next training

Drawn RAVDESS.  Without twins every clip is a performance of its own, so the
split by performance is the split by clip and is not trained twice.  By actor
there are five folds, over which everybody is unseen once; by the other units
as many seeds, each with its own split and its own weights.  Headline rows have
five trainings, the others three.
"""

from __future__ import annotations

import numpy as np

from .. import evaluate
from ..errors import invalid, whole_number

TITLE = "What the split does: one network, one recipe, four splits, with and without the twins"
CODE = ("fer_utils.train", "fer_utils.splits", "fer_utils.evaluate", "fer_utils.models.ding2023", "fer_utils.models")
HEADLINE = True

#: (unit, twins) -> how many trainings.
ROWS: dict[tuple[str, bool], int] = {
    ("actor", False): 5, ("clip", False): 3, ("frame", False): 3,
    ("actor", True): 5, ("performance", True): 3, ("clip", True): 3, ("frame", True): 5,
}
#: The pairs of rows whose difference is asked for: what each step from people unseen to 92 % is worth.
STEPS: tuple[tuple[tuple[str, bool], tuple[str, bool]], ...] = (
    (("actor", False), ("clip", False)), (("clip", False), ("frame", False)),
    (("performance", True), ("clip", True)), (("actor", False), ("frame", True)),
)


def experiments_of(unit: str, twins: bool, trainings: int, *, tier: str, epochs: int):
    """The experiments of one row."""
    from ..experiments import Data, Experiment, Split
    from ..train import Recipe

    data, recipe = Data("ravdess", tier=tier, twins=twins), Recipe(epochs=epochs)
    return [Experiment(data=data, split=Split(unit, fold=k) if unit == "actor" else Split(unit, seed=k), recipe=recipe, seed=k)
            for k in range(trainings)]


def answer(tier: str = "class", *, progress: bool = True, rows=None, epochs: int | None = None) -> dict:
    """Train what is not trained yet, and set the rows side by side.

    Parameters
    ----------
    tier : of the stand-in; see `fer_utils.sources.SIZES`.
    rows : keys of `ROWS` to trainings, another choice of rows; None for `ROWS`.
    epochs : None for the tier's own number.

    Returns
    -------
    dict with ``dataset``, ``tier``, ``epochs``, ``model``, ``labels``; ``rows``, each with ``unit``, ``twins``,
    ``trainings``, ``train_images`` and ``test_images`` (means), ``accuracy`` and ``macro_f1`` (with 95 % intervals over actors,
    all trainings' test images taken together), ``accuracies`` (of each training), ``train_accuracy`` (last epoch, dropout on),
    ``leaked`` (shares of test rows by unit, first training), ``recall``, ``confusion``, ``minutes``, ``experiments``
    (configurations), ``by_actor`` (right and all, by actor); and ``steps``, the differences between rows, each actor
    against himself, with intervals over actors.
    """
    from tqdm import tqdm

    from ..experiments import run
    from ..sources import EPOCHS

    chosen = dict(ROWS if rows is None else rows)
    for key, trainings in chosen.items():
        if key not in ROWS:
            raise invalid("rows", expected=f"keys among {list(ROWS)}", received=key)
        whole_number("rows", trainings, 1)
    epochs = EPOCHS[tier] if epochs is None else whole_number("epochs", epochs, 1)
    found, sets = [], {}
    with tqdm(total=sum(chosen.values()), desc="trainings", unit="training", disable=not progress) as bar:
        for (unit, twins), trainings in chosen.items():
            results = []
            for experiment in experiments_of(unit, twins, trainings, tier=tier, epochs=epochs):
                if twins not in sets:
                    sets[twins] = experiment.data.load(progress)
                results.append(run(experiment, face_set=sets[twins], progress=progress))
                bar.update()
            found.append(_row(unit, twins, results))
    by_key = {(row["unit"], row["twins"]): row for row in found}
    return {
        "dataset": "ravdess", "tier": tier, "epochs": epochs, "model": "ding2023", "labels": results[0].labels, "rows": found,
        "steps": [{"from": list(one), "to": list(other), **_step(by_key[one], by_key[other])}
                  for one, other in STEPS if one in by_key and other in by_key],
    }


def _row(unit: str, twins: bool, results: list) -> dict:
    import pandas as pd

    answers = pd.concat([result.predictions for result in results])
    scored = evaluate.metrics(answers["true"].to_numpy(), answers["predicted"].to_numpy(), answers["actor"].to_numpy(), results[0].labels)
    right = (answers["true"] == answers["predicted"]).groupby(answers["actor"].astype(str)).agg(["sum", "size"])
    return {
        "unit": unit, "twins": twins, "trainings": len(results),
        "train_images": round(float(np.mean([result.split["train"] for result in results]))),
        "test_images": round(float(np.mean([result.split["test"] for result in results]))),
        **{name: scored[name] for name in ("accuracy", "macro_f1", "recall", "confusion", "chance")},
        "accuracies": [result.accuracy for result in results],
        "train_accuracy": float(np.mean([result.history["accuracy"][-1] for result in results])),
        "leaked": results[0].split["leaked_share"], "minutes": round(sum(result.minutes for result in results), 1),
        "parameters": results[0].parameters, "seeds": [result.seed for result in results],
        "experiments": [result.experiment for result in results],
        "by_actor": {actor: [int(row["sum"]), int(row["size"])] for actor, row in right.iterrows()},
    }


def _step(one: dict, other: dict, *, resamples: int = 2000, seed: int = 0) -> dict:
    """The second row's accuracy minus the first's, each a mean over the same actors, with an interval over actors."""
    actors = sorted(one["by_actor"].keys() & other["by_actor"].keys())
    gains = np.array([other["by_actor"][actor][0] / other["by_actor"][actor][1] - one["by_actor"][actor][0] / one["by_actor"][actor][1]
                      for actor in actors])
    draws = np.random.default_rng(seed).integers(0, len(actors), (resamples, len(actors)))
    low, high = np.quantile(gains[draws].mean(axis=1), [0.025, 0.975])
    return {"value": float(gains.mean()), "low": float(low), "high": float(high), "level": 0.95, "groups": len(actors)}
