"""What the split does to an accuracy, on all 24 real actors of RAVDESS.

The clips are not needed, and no network: the features are the means of OpenFace's
action units over each of the 1,440 speech clips (`fer_utils.datasets.load_features`,
``ravdess_au``), the models are four old ones.  Nothing changes but who trains
and who tests, and what is known of the person who tests.

Nothing was tuned here.  The support vector machine's C and gamma, the forest's trees and
the three neighbours are those of this project's first look; the small network was
written down before it was run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
import os
import warnings

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from tqdm import tqdm

from fer_utils import metrics, splits
from fer_utils.core import labels
from fer_utils.core.errors import FerError, invalid, whole_number
from fer_utils.datasets.feature_tables import load_features
from fer_utils.studies.rounding import rounded

TITLE = "What the split does, on 24 real actors"
HEADLINE = True

#: name -> what it is, in words for a page.
MODELS: dict[str, str] = {
    "nearest neighbours": "3 nearest neighbours, Euclidean distance",
    "small network": "one hidden layer of 32 ReLU units, Adam at 0.001, L2 of 0.01, 200 epochs",
    "support vectors": "support vector machine, RBF kernel, C 10, gamma 0.02",
    "forest": "random forest of {trees} trees",
}
PROTOCOLS: dict[str, str] = {
    "twins": "every clip is in the data twice, itself and its features plus normal noise of {noise}; the {copies} "
    "copies are dealt to five folds at random, by label, and every copy tests once, so that its twin trains in four "
    "cases of five",
    "twins together": "the same copies, but both copies of a clip are always on one side",
    "clips": "the clips are dealt to five folds at random, by label; every clip tests once",
    "actors": "the five folds of Luna-Jiménez et al. 2022 (doi 10.3390/app12010327): nobody trains and tests",
    "actors, drawn folds": "five folds of actors, drawn anew for each seed: nobody trains and tests",
}
REFERENCES: dict[str, str] = {
    "plain": "the features as they are",
    "own neutral": "minus the mean of the actor's two neutral clips of the other repetition: the clip is never part of "
    "what is taken away, and the rule is the same for every label; it takes two clips of a person that are known to be "
    "neutral",
    "own neutral, itself included": "minus the mean of the actor's four neutral clips, which for a neutral clip holds "
    "the clip itself: what one writes first, and too good for the neutral clips",
    "own mean": "minus the mean of the actor's clips of the other repetition (30 clips of all labels, without their "
    "labels)",
    "own mean and spread": "minus the mean, by the standard deviation, of all 60 clips of the actor (the clip itself "
    "among them), without their labels",
    "own mean and spread, other clips": "the same from the 30 clips of the other repetition",
}
#: What is asked: every reference where the actors are apart, the first two everywhere but where nothing is to be
#: learned from it.
ASKED: dict[str, tuple[str, ...]] = {
    "twins": ("plain", "own neutral"),
    "twins together": ("plain",),
    "clips": ("plain", "own neutral"),
    "actors": tuple(REFERENCES),
    "actors, drawn folds": ("plain", "own neutral"),
}
#: The model that the others are compared with.
BASE = "support vectors"
#: The standard deviation of the noise that stands for encoding a video twice; the intensities go from 0 to 5.
NOISE = 0.001
#: The least spread that an actor's feature is divided by.
FLOOR = 0.01
#: (unit, label) pairs whose means by actor are kept for a picture: a lowered brow, raised corners of the lips.
SHOWN = (("AU04_r", "angry"), ("AU12_r", "happy"))


def answer(
    tier: str = "class",
    *,
    progress: bool = True,
    folder=None,
    models: Sequence[str] = tuple(MODELS),
    asked: Mapping[str, Sequence[str]] | None = None,
    seeds: int | None = None,
    trees: int | None = None,
) -> dict:
    """Train and test every model under every protocol.

    Parameters
    ----------
    tier : ``smoke`` is one seed and 40 trees; the others five seeds and 400 trees (a quarter of an hour on one core).
    folder : where the features lie (see `load_features`); None for ``FER_DATA``, the store, or their public home.
    models : names of `MODELS`.
    asked : protocol -> references; None for `ASKED`.
    seeds, trees : other numbers than the tier's.

    Returns
    -------
    JSON-able dict:

    ``source``, ``labels``, ``actors``, ``chance`` and ``configuration`` (every description and number above);

    ``rows``, one for each model, protocol and reference: ``accuracy`` and ``macro_f1`` with 95 % intervals over
    actors, ``recall`` by label, ``confusion`` (counts, rows the posed-expression label), ``others`` (the accuracy
    where the label is not neutral), ``people`` (accuracy of each actor), ``seeds`` (accuracy of each seed: of folds,
    noise and training), ``n``; where twins are dealt at random also ``twin_trained`` and ``twin_tested``, the accuracy
    where the twin was in training and where it was not;

    ``models``, ``protocols`` and ``references``, paired comparisons over actors: ``first``, ``second``, what else is
    fixed, and the accuracy of the second minus that of the first with its interval and an exact sign-flip ``p``;

    ``profiles``: by actor, the mean of a unit in neutral clips and in those of a label (`SHOWN`).

    The answers of all seeds are taken together: an interval is one over actors for the mean over
    seeds.  In a resample nothing is trained anew, so what other people in *training* would change is not in it.

    Raises
    ------
    FerError : features that cannot be had, unknown names, numbers out of range.
    """
    usual_seeds, usual_trees = (1, 40) if tier == "smoke" else (5, 400)
    seeds = whole_number("seeds", usual_seeds if seeds is None else seeds, 1)
    trees = whole_number("trees", usual_trees if trees is None else trees, 1)
    asked = ASKED if asked is None else asked
    for name, given, known in (
        ("models", models, MODELS),
        ("asked", asked, PROTOCOLS),
        ("asked", {r for rs in asked.values() for r in rs}, REFERENCES),
    ):
        if not given or set(given) - set(known):
            raise invalid(name, expected=f"names among {'; '.join(known)}", received=given)
    found = load_features("ravdess_au", folder=folder, progress=progress)
    table = found.table
    names = [name for name in labels.RAVDESS if name in set(table["expression"])]
    true, actors = table["expression"].map(names.index).to_numpy(np.int64), table["actor"].to_numpy(str)
    features = {reference: referred(table, reference) for references in asked.values() for reference in references}

    jobs = [
        (protocol, reference, model)
        for protocol, references in asked.items()
        for reference in references
        for model in models
    ]
    given: dict[tuple[str, str, str], np.ndarray] = {}
    twin_trained: dict[tuple[str, str, str], np.ndarray] = {}
    with tqdm(total=len(jobs) * seeds, desc="real people", unit="training", delay=2, disable=not progress) as bar:
        for job in jobs:
            protocol, reference, model = job
            answers, together = [], []
            for seed in range(seeds):
                nothing_random = protocol == "actors" and model in ("nearest neighbours", "support vectors")
                if seed and nothing_random:
                    answers.append(answers[0])
                else:
                    machine = _machine(model, trees)
                    predicted, trained = _tested(features[reference], true, table, protocol, machine, seed)
                    answers.append(predicted)
                    together.append(trained)
                bar.update()
            given[job] = np.stack(answers)  # (seeds, copies, clips)
            if protocol == "twins":
                twin_trained[job] = np.stack(together)

    # The features know RAVDESS's labels and no others; a label that is absent has no row.
    made = {
        "source": {
            "name": found.name,
            "url": found.source,
            "sha256": found.sha256,
            "licence": found.licence,
            "citation": found.citation,
            "clips": len(table),
            "features": len(_columns(table)),
        },
        "labels": names,
        "actors": sorted(set(actors)),
        "chance": float(np.bincount(true).max() / len(true)),
        "configuration": {
            "seeds": list(range(seeds)),
            "trees": trees,
            "noise": NOISE,
            "floor": FLOOR,
            "base": BASE,
            "interval": "percentile bootstrap, 1000 resamples of actors",
            "scaling": "every feature to mean 0 and standard deviation 1, by the training rows",
            "models": {name: MODELS[name].format(trees=trees) for name in models},
            "protocols": {name: PROTOCOLS[name].format(noise=NOISE, copies=f"{2 * len(table):,}") for name in asked},
            "references": {name: REFERENCES[name] for name in features},
        },
        "rows": [_row(job, given[job], twin_trained.get(job), true, actors, names) for job in jobs],
    }

    def compare(first, second):
        return _compared(given[first], given[second], true, actors)

    made["models"] = [
        {"protocol": p, "reference": r, "first": m, "second": BASE, **compare((p, r, m), (p, r, BASE))}
        for p, r, m in jobs
        if m != BASE and BASE in models
    ]
    made["protocols"] = [
        {"model": m, "reference": r, "first": first, "second": second, **compare((first, r, m), (second, r, m))}
        for first, second in (
            ("actors", "clips"),
            ("clips", "twins"),
            ("actors", "twins"),
            ("twins together", "twins"),
            ("clips", "twins together"),
        )
        for p, r, m in jobs
        if p == first and (second, r, m) in given
    ]
    made["references"] = [
        {"model": m, "protocol": p, "first": "plain", "second": r, **compare((p, "plain", m), (p, r, m))}
        for p, r, m in jobs
        if r != "plain" and (p, "plain", m) in given
    ]
    made["profiles"] = [
        {
            "unit": unit,
            "label": label,
            **{
                key: [
                    float(values[(actors == a) & (table["expression"] == name).to_numpy()].mean())
                    for a in made["actors"]
                ]
                for key, name in (("neutral", "neutral"), ("posed", label))
            },
        }
        for unit, label in SHOWN
        for values in [table[unit].to_numpy()]
    ]
    return rounded(made)


def live(tier: str = "class", *, folder=None, progress: bool = True) -> tuple[dict | None, str]:
    """The base model's three plain rows, asked again here in seconds: (answer, ``""``), or (None, why not).

    Not where neither the features' file nor a network is; at tier ``smoke`` no network is asked for it.
    """
    if tier == "smoke" and folder is None and not os.environ.get("FER_DATA"):
        return None, "at tier `smoke` nothing is fetched"
    try:
        return answer(
            "smoke",
            folder=folder,
            progress=progress,
            models=(BASE,),
            asked=dict.fromkeys(("twins", "clips", "actors"), ("plain",)),
        ), ""
    except FerError as error:
        return None, str(error).splitlines()[0]


def pick(rows: Sequence[Mapping], **wanted) -> dict:
    """The one entry of a list of dicts that has these values; FerError if it is not one.

    >>> pick([{"model": "a", "n": 1}, {"model": "b", "n": 2}], model="b")["n"]
    2
    """
    found = [row for row in rows if all(row.get(key) == value for key, value in wanted.items())]
    if len(found) != 1:
        raise invalid(
            "wanted",
            expected=f"values that one of the {len(rows)} entries has",
            received=f"{wanted}, which {len(found)} have",
        )
    return found[0]


def referred(table, reference: str) -> np.ndarray:
    """The features (N, 35) seen from a reference: see `REFERENCES`."""
    values = table[_columns(table)].to_numpy(float)
    actors, neutral, repetition = (
        table["actor"].to_numpy(str),
        (table["expression"] == "neutral").to_numpy(),
        table["repetition"].to_numpy(),
    )
    if reference == "plain":
        return values
    made = np.empty_like(values)
    for actor in sorted(set(actors)):
        of = actors == actor
        for mine, others in [(of & (repetition == r), of & (repetition != r)) for r in sorted(set(repetition[of]))]:
            if reference == "own neutral":
                made[mine] = values[mine] - values[others & neutral].mean(axis=0)
            elif reference == "own neutral, itself included":
                made[mine] = values[mine] - values[of & neutral].mean(axis=0)
            elif reference == "own mean":
                made[mine] = values[mine] - values[others].mean(axis=0)
            else:
                known = values[of if reference == "own mean and spread" else others]
                made[mine] = (values[mine] - known.mean(axis=0)) / np.maximum(known.std(axis=0), FLOOR)
    return made


def _columns(table) -> list[str]:
    return [name for name in table.columns if name.startswith("AU")]


def _machine(model: str, trees: int) -> Callable[[int], object]:
    """A function of a seed that gives an untrained scikit-learn pipeline."""
    made = {
        "nearest neighbours": lambda seed: KNeighborsClassifier(3),
        "small network": lambda seed: MLPClassifier((32,), alpha=0.01, max_iter=200, random_state=seed),
        "support vectors": lambda seed: SVC(C=10, gamma=0.02),
        "forest": lambda seed: RandomForestClassifier(trees, random_state=seed),
    }[model]
    return lambda seed: make_pipeline(StandardScaler(), made(seed))


def _folds(table, protocol: str, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    if protocol == "actors":
        return splits.folds(table, by="actor", groups="luna-jimenez2022")
    by = {"twins": "frame", "twins together": "clip", "clips": "clip"}.get(protocol, "actor")
    return splits.folds(table, by=by, k=5, seed=seed)


def _tested(
    values: np.ndarray, true: np.ndarray, table, protocol: str, machine, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Every row's answer from a model that had not seen it, (copies, clips); and whether its twin was in training."""
    table = table[["clip", "actor", "expression"]].assign(dataset="ravdess")
    copies = 2 if protocol.startswith("twins") else 1
    if copies == 2:
        noise = np.random.default_rng([seed, 1]).normal(0, NOISE, values.shape)
        values, true, table = (
            np.concatenate([values, values + noise]),
            np.tile(true, 2),
            pd.concat([table, table], ignore_index=True),
        )
    answers, trained = np.full(len(true), -1), np.zeros(len(true), bool)
    for number, (train, test) in enumerate(_folds(table, protocol, seed)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is the recipe
            answers[test] = machine(1000 * seed + number).fit(values[train], true[train]).predict(values[test])
        if copies == 2:
            trained[test] = np.isin((test + len(true) // 2) % len(true), train)
    return answers.reshape(copies, -1), trained.reshape(copies, -1)


def _row(job, given: np.ndarray, twin_trained, true: np.ndarray, actors: np.ndarray, names: Sequence[str]) -> dict:
    protocol, reference, model = job
    whole = np.broadcast_to(true, given.shape)
    people = np.broadcast_to(actors, given.shape)
    right = given == whole
    found = metrics.evaluate(whole.ravel(), given.ravel(), people.ravel(), names)
    made = {
        "model": model,
        "protocol": protocol,
        "reference": reference,
        "accuracy": found["accuracy"],
        "macro_f1": found["macro_f1"],
        "others": _mean(right, people, whole != names.index("neutral")),
        "recall": found["recall"],
        "confusion": found["confusion"],
        "people": [float(right[people == actor].mean()) for actor in sorted(set(actors))],
        "seeds": right.mean(axis=(1, 2)).tolist(),
        "n": found["n"],
    }
    if twin_trained is not None:
        made |= {
            "twin_trained": _mean(right, people, twin_trained),
            "twin_tested": _mean(right, people, ~twin_trained),
            "twin_trained_share": float(twin_trained.mean()),
        }
    return made


def _mean(right: np.ndarray, people: np.ndarray, where: np.ndarray) -> dict:
    return metrics.average(right[where].astype(float), people[where])


def _compared(first: np.ndarray, second: np.ndarray, true: np.ndarray, actors: np.ndarray) -> dict:
    """Second minus first on the same clips; where one has every clip twice, the other's answers count twice."""
    shape = np.broadcast_shapes(first.shape, second.shape)
    whole, people, first, second = (np.broadcast_to(part, shape).ravel() for part in (true, actors, first, second))
    tested = metrics.paired_test(whole, first, second, people)
    return {**metrics.paired_difference(whole, first, second, people), "p": tested["p"]}
