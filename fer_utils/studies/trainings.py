"""What studies of trained networks share: trainings taken together, and rows compared person by person."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

import numpy as np
import pandas as pd
from tqdm import tqdm

from fer_utils import experiments, faces, metrics
from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.stages import stage


def counts(argument: str, chosen: Mapping | None, known: Mapping[Hashable, int]) -> dict[Hashable, int]:
    """How many trainings of which rows: ``chosen``, or ``known`` where it is None.

    FerError, naming ``argument``, for a row that is not known, or no trainings.
    """
    chosen = dict(known if chosen is None else chosen)
    for key, trainings in chosen.items():
        if key not in known:
            raise invalid(argument, expected=f"keys among {', '.join(map(str, known))}", received=key)
        whole_number(argument, trainings, 1)
    return chosen


def trained(wanted: Mapping[Hashable, Iterable], *, progress: bool = True) -> dict[Hashable, list]:
    """Every experiment's result, by the same keys: stored ones are read, the others trained.

    A killed run goes on with the next training, and that with its next epoch.  The time left is on standard error.
    """
    wanted = {key: list(some) for key, some in wanted.items()}
    found: dict[Hashable, list] = {}
    face_sets: dict = {}
    with tqdm(total=sum(map(len, wanted.values())), desc="trainings", unit="training", disable=not progress) as bar:
        for key, some in wanted.items():
            found[key] = []
            for experiment in some:
                if experiment.data not in face_sets:
                    face_sets[experiment.data] = experiment.data.load(progress)
                face_set = face_sets[experiment.data]
                found[key].append(experiments.run(experiment, face_set=face_set, progress=progress))
                bar.update()
    return found


@stage("studies")
def pooled(results: list) -> dict:
    """The test images of several trainings taken together.

    Returns
    -------
    dict: ``accuracy`` and ``macro_f1`` (95 % intervals over actors), ``recall``, ``confusion``, ``chance`` (see
    `fer_utils.metrics.evaluate`), ``accuracies`` (of each training), ``by_actor`` (right and all, by actor),
    ``train_images`` and ``test_images`` (means), ``leaked`` (shares of test rows by unit, first training), ``minutes``,
    ``parameters``, ``seeds``.
    """
    answers = pd.concat([result.predictions for result in results])
    scored = metrics.evaluate(
        answers["true"].to_numpy(), answers["predicted"].to_numpy(), answers["actor"].to_numpy(), results[0].labels
    )
    right = (answers["true"] == answers["predicted"]).groupby(answers["actor"].astype(str)).agg(["sum", "size"])
    return {
        **{name: scored[name] for name in ("accuracy", "macro_f1", "recall", "confusion", "chance")},
        "accuracies": [result.accuracy for result in results],
        "by_actor": {actor: [int(row["sum"]), int(row["size"])] for actor, row in right.iterrows()},
        **{
            f"{side}_images": round(float(np.mean([result.split[side] for result in results])))
            for side in ("train", "test")
        },
        "leaked": results[0].split["leaked_share"],
        "minutes": round(sum(result.minutes for result in results), 1),
        "parameters": results[0].parameters,
        "seeds": [result.seed for result in results],
    }


@stage("studies")
def gain(one: dict, other: dict, *, resamples: int = 2000, seed: int = 0) -> dict:
    """``other``'s accuracy minus ``one``'s, two answers of `pooled`, each actor against himself.

    Returns a dict: ``value``, the mean over the actors that both have, its 95 % interval over actors, ``low`` and
    ``high``, ``level`` and ``groups`` (how many actors).
    """
    actors = sorted(one["by_actor"].keys() & other["by_actor"].keys())
    gains = np.array([_accuracy(other, actor) - _accuracy(one, actor) for actor in actors])
    low, high = metrics.mean_interval(gains, resamples=resamples, seed=seed)
    return {"value": float(gains.mean()), "low": low, "high": high, "level": 0.95, "groups": len(actors)}


def some_faces(experiment, most: int = 200, *, unseen: bool = False) -> np.ndarray:
    """Up to ``most`` training faces of an experiment, or with ``unseen`` test faces, from the whole length of the set.

    Returns (N, size, size, 1) uint8, at the size that the experiment's network sees.
    """
    face_set = experiment.data.load(False)
    rows = experiment.split.rows(face_set.meta)[unseen]
    some = np.asarray(rows)[np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int))]
    return faces.resize(np.asarray(face_set.images[np.sort(some)]), experiment.model.size, progress=False)


def _accuracy(row: dict, actor: str) -> float:
    right, every = row["by_actor"][actor]
    return right / every
