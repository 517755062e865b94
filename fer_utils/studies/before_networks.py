"""Before deep learning: neighbours and a small ANN, on gradients and on distances between landmarks.

    python -m fer_utils study before_networks --store      # took 22 minutes on two loaded cores

Valverde & Lim 2022 name K-nearest neighbours and artificial neural networks as the
'early stage' of the field, and their low accuracy as the reason for deep ones.
Here both see the drawn RAVDESS faces as HOG descriptors (Dalal & Triggs 2005)
and as distances between the 68 landmarks, with actors apart (the folds of Luna-Jiménez et al.
2022) and with frames at random.  Beside them stand the distances between the
landmarks as they were drawn: what a perfect landmark finder would give.

All is one setting, chosen beforehand and tuned on nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from fer_utils import faces, metrics, splits, studio
from fer_utils.core import labels
from fer_utils.core.errors import invalid, whole_number
from fer_utils.models.distances import distances
from fer_utils.studies import own_faces
from fer_utils.synthetic import stand_ins

TITLE = "Before deep learning: neighbours and a small ANN on HOG and on landmark distances"
HEADLINE = True

#: k of the neighbours, as in `fer_utils.models.knn`; units and epochs of the ANN's one hidden layer: all ours.
NEIGHBOURS, HIDDEN, EPOCHS = 5, 64, 60
#: Names of what is compared, in the order of the figure.
FEATURES: tuple[str, ...] = ("HOG", "landmark distances", "true landmark distances")
MODELS: tuple[str, ...] = ("KNN", "ANN")
SPLITS: tuple[str, ...] = ("actors apart", "frames at random")
#: The actors of each fold, and how many folds of frames.
FOLDS, FRAME_FOLDS = "luna-jimenez2022", 5
#: Seeds of the ANN's weights; the neighbours have none.
SEEDS: dict[str, int] = {"smoke": 1, "class": 3, "full": 3}


def answer(
    tier: str = "class",
    *,
    progress: bool = True,
    seeds: int | None = None,
    landmarks: str | Path = "drawn",
    features: Iterable[str] | None = None,
    epochs: int = EPOCHS,
    real: Mapping[str, str] | None = None,
) -> dict:
    """Describe the faces, and ask each model about people, and about frames, that it has not learned from.

    Parameters
    ----------
    tier : of the drawn faces; see `fer_utils.synthetic.stand_ins.SIZES`.
    seeds : how often the ANN begins anew, 1 or more; None for the tier's own number.
    landmarks : the predictor, see `fer_utils.synthetic.stand_ins.face_set`.
    features : names of `FEATURES`; None for all.
    epochs : of the ANN, 1 or more.
    real : one name -> folder of the reader's own faces in the place of the drawn ones: see
        `fer_utils.studies.own_faces.data_of`.  Nobody has drawn their landmarks, so only the found ones are asked, and
        these only where the face set has them (``prepare --landmarks``); people are the folds of five, or as many as
        there are, and where fewer than two are named only frames are at random.

    Returns
    -------
    dict with ``labels``, ``images``, ``clips``, ``actors``, ``folds`` (the actors of each), ``settings``,
    ``landmark_error`` (found against drawn, a share of the inter-ocular distance: ``mean``, ``median``, ``p95``);
    ``rows``, one a feature, model and split: ``feature``, ``model``, ``split``, ``length`` (numbers that describe a
    face), ``accuracy``, ``macro_f1`` with intervals over actors, ``recall``, ``confusion``, ``chance``, ``n``,
    ``accuracies`` (of each seed), ``by_actor`` (right and all, by actor), ``parameters`` (of the ANN; None for the
    neighbours, which keep every face); and two lists of differences, of the same model on the same frames, with
    intervals over actors: ``split_costs``, what frames at random add to actors apart, and ``finding_costs``, what the
    drawn landmarks add to the found ones, with actors apart.  Over the folds every frame tests once a seed.

    Raises
    ------
    FerError : an unknown tier or feature.
    """
    if tier not in SEEDS:
        raise invalid("tier", expected=f"one of {', '.join(SEEDS)}", received=tier)
    seeds = SEEDS[tier] if seeds is None else whole_number("seeds", seeds, 1)
    epochs = whole_number("epochs", epochs, 1)
    asked = None if features is None else list(features)
    _check_features(asked, FEATURES)  # before any work
    dataset, known = _faces(tier, landmarks, real, progress)
    possible = FEATURES if real is None else FEATURES[: 1 if known.landmarks is None else 2]
    _check_features(asked, possible)
    chosen = list(possible) if asked is None else asked
    meta, names = known.meta, labels.vocabulary(dataset, known.meta["expression"])
    actors = meta["actor"].astype(str).to_numpy()
    targets = meta["expression"].map({name: number for number, name in enumerate(names)}).to_numpy(np.int64)
    drawn = _drawn(known, tier) if real is None else None
    folds = {}
    people = own_faces.named_people(known) if real is not None else 0
    if real is None:
        folds[SPLITS[0]] = splits.folds(meta, "actor", groups=FOLDS)
    elif people >= 2:
        folds[SPLITS[0]] = splits.folds(meta, "actor", min(FRAME_FOLDS, people))
    folds[SPLITS[1]] = splits.folds(meta, "frame", FRAME_FOLDS)
    rows, answers = [], {}
    with tqdm(
        total=len(chosen) * len(folds) * (1 + seeds), desc="before networks", unit="model", disable=not progress
    ) as bar:
        for feature in chosen:
            described = _described(feature, known, drawn)
            for model in MODELS:
                for split, parts in folds.items():
                    found = []
                    for seed in range(seeds if model == "ANN" else 1):
                        found.append(_predicted(model, feature, described, targets, parts, seed, epochs))
                        bar.update()
                    answers[feature, model, split] = np.concatenate(found)
                    times = len(found)
                    scored = metrics.evaluate(
                        np.tile(targets, times), np.concatenate(found), np.tile(actors, times), names
                    )
                    length = described.shape[1]
                    rows.append(
                        {
                            "feature": feature,
                            "model": model,
                            "split": split,
                            "length": length,
                            **scored,
                            "accuracies": [float((one == targets).mean()) for one in found],
                            "by_actor": _by_actor(found, targets, actors),
                            "parameters": (length + 1) * HIDDEN + (HIDDEN + 1) * len(names) if model == "ANN" else None,
                        }
                    )
    return {
        "dataset": dataset,
        "tier": tier,
        "labels": list(names),
        "images": len(meta),
        "clips": int(meta["clip"].nunique()),
        "actors": int(meta["actor"].nunique()),
        "folds": [sorted(set(actors[test])) for _, test in folds.get(SPLITS[0], [])],
        "settings": {
            "neighbours": NEIGHBOURS,
            "hidden": HIDDEN,
            "epochs": epochs,
            "seeds": list(range(seeds)),
            "standardised": True,
        },
        "landmark_error": None if drawn is None else _landmark_error(known, drawn),
        "rows": rows,
        "split_costs": [
            {
                "feature": feature,
                "model": model,
                **_gain(answers, *((feature, model, split) for split in SPLITS), targets, actors),
            }
            for feature in chosen
            for model in MODELS
            if SPLITS[0] in folds
        ],
        "finding_costs": [
            {
                "model": model,
                **_gain(answers, *((feature, model, SPLITS[0]) for feature in FEATURES[1:]), targets, actors),
            }
            for model in MODELS
            if set(FEATURES[1:]) <= set(chosen)
        ],
    }


def _check_features(features: list[str] | None, possible: tuple[str, ...]) -> None:
    for name in features or ():
        if name not in possible:
            raise invalid("features", expected=f"names among {', '.join(possible)}", received=name)


def _faces(tier: str, landmarks: str | Path, real: Mapping[str, str] | None, progress: bool):
    """Whose labels they are, and the face set: the stand-in, or the reader's own."""
    if real is None:
        return "ravdess", stand_ins.face_set("ravdess", tier=tier, landmarks=landmarks, progress=progress)
    data = own_faces.data_of(real)
    if data.root is None:
        return data.dataset, data.load(progress)
    return data.dataset, stand_ins.face_set(data.dataset, root=data.root, landmarks=landmarks, progress=progress)


def _drawn(known, tier: str) -> np.ndarray:
    """The landmarks of each face as they were drawn, (N, 68, 2) pixels of the clip's frames."""
    film = studio.Film.load(stand_ins.film_stand_in("ravdess", tier=tier, progress=False))
    marks = {clip: film.frames(clip)["landmarks"] for clip in known.meta["clip"].unique()}
    return np.stack(
        [marks[clip][index] for clip, index in zip(known.meta["clip"], known.meta["frame_index"], strict=True)]
    )


def _described(feature: str, known, drawn: np.ndarray) -> np.ndarray:
    """(N, length) float32."""
    if feature == "landmark distances":
        return distances(known.landmarks)
    if feature == "true landmark distances":
        return distances(drawn)
    from keras import ops  # here, so that the stored answer can be read without Keras

    from fer_utils.models.hog import hog

    batches = [np.asarray(known.images[start : start + 64]) for start in range(0, len(known), 64)]
    return np.concatenate([ops.convert_to_numpy(hog(batch)) for batch in batches])


def _predicted(
    model: str, feature: str, described: np.ndarray, targets: np.ndarray, parts, seed: int, epochs: int
) -> np.ndarray:
    """The label that each row is given by the fold in which it tests, (N,)."""
    given = np.full(len(targets), -1, np.int64)
    for train, test in parts:
        if model == "KNN":
            last = KNeighborsClassifier(NEIGHBOURS)
        else:
            last = MLPClassifier(
                (HIDDEN,), max_iter=epochs, batch_size=min(64, len(train)), alpha=1e-3, random_state=seed
            )
        # Standardised by the training rows alone.
        made = make_pipeline(StandardScaler(), last)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # so many epochs were asked for
            made.fit(described[train], targets[train])
        given[test] = made.predict(described[test])
    return given


def _landmark_error(known, drawn: np.ndarray) -> dict:
    """How far the found landmarks lie from the drawn ones."""
    size, margin = known.manifest["config"]["size"], known.manifest["config"]["margin"]
    boxes = known.meta[["box_x", "box_y", "box_w", "box_h", "score"]].itertuples(index=False)
    found = np.stack(
        [
            faces.points_in_picture(np.asarray(points, np.float64), faces.Box(*box), size=size, margin=margin)
            for points, box in zip(known.landmarks, boxes, strict=True)
        ]
    )
    errors = faces.landmark_error(found, drawn)
    return {"mean": float(errors.mean()), "median": float(np.median(errors)), "p95": float(np.quantile(errors, 0.95))}


def _by_actor(found: list[np.ndarray], targets: np.ndarray, actors: np.ndarray) -> dict[str, list[int]]:
    right = sum((one == targets).astype(int) for one in found)
    return {
        str(name): [int(right[actors == name].sum()), int((actors == name).sum()) * len(found)]
        for name in np.unique(actors)
    }


def _gain(answers: dict, one: tuple, other: tuple, targets: np.ndarray, actors: np.ndarray) -> dict:
    """Accuracy of the second answers minus that of the first, on the same frames."""
    first, second = answers[one], answers[other]
    times = len(first) // len(targets)
    return metrics.paired_difference(np.tile(targets, times), first, second, np.tile(actors, times))
