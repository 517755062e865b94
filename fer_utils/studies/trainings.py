"""What studies of trained networks share: several trainings' answers taken together, and rows compared person by person."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

import numpy as np

from fer_utils import metrics
from fer_utils.core.errors import invalid, whole_number


def counts(argument: str, chosen: Mapping | None, known: Mapping[Hashable, int]) -> dict[Hashable, int]:
    """How many trainings of which rows: ``chosen``, or ``known`` where it is None; FerError for a row that is not known, or no trainings."""
    chosen = dict(known if chosen is None else chosen)
    for key, trainings in chosen.items():
        if key not in known:
            raise invalid(argument, expected=f"keys among {', '.join(map(str, known))}", received=key)
        whole_number(argument, trainings, 1)
    return chosen


def trained(wanted: Mapping[Hashable, Iterable], *, progress: bool = True) -> dict[Hashable, list]:
    """Every experiment's result, by the same keys: stored ones are read, the others trained, with the time left on standard error.

    A killed run goes on with the next training, and that with its next epoch.
    """
    from tqdm import tqdm

    from fer_utils.experiments import run

    wanted = {key: list(experiments) for key, experiments in wanted.items()}
    found, sets = {}, {}
    with tqdm(total=sum(map(len, wanted.values())), desc="trainings", unit="training", disable=not progress) as bar:
        for key, experiments in wanted.items():
            found[key] = []
            for experiment in experiments:
                if experiment.data not in sets:
                    sets[experiment.data] = experiment.data.load(progress)
                found[key].append(run(experiment, face_set=sets[experiment.data], progress=progress))
                bar.update()
    return found


def pooled(results: list) -> dict:
    """The test images of several trainings taken together.

    Returns
    -------
    dict: ``accuracy`` and ``macro_f1`` (95 % intervals over actors), ``recall``, ``confusion``, ``chance`` (see
    `fer_utils.metrics.evaluate`), ``accuracies`` (of each training), ``by_actor`` (right and all, by actor),
    ``train_images`` and ``test_images`` (means), ``leaked`` (shares of test rows by unit, first training), ``minutes``,
    ``parameters``, ``seeds``.
    """
    import pandas as pd

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


def gain(one: dict, other: dict, *, resamples: int = 2000, seed: int = 0) -> dict:
    """``other``'s accuracy minus ``one``'s, two answers of `pooled`: each a mean over the same actors, with an interval over actors."""
    actors = sorted(one["by_actor"].keys() & other["by_actor"].keys())
    gains = np.array(
        [
            other["by_actor"][actor][0] / other["by_actor"][actor][1]
            - one["by_actor"][actor][0] / one["by_actor"][actor][1]
            for actor in actors
        ]
    )
    low, high = metrics.mean_interval(gains, resamples=resamples, seed=seed)
    return {"value": float(gains.mean()), "low": low, "high": high, "level": 0.95, "groups": len(actors)}
