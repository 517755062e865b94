"""Run an experiment, or read its stored result.

The result lies on disk under the experiment's key, so every chapter runs alone, in any order, and no work is done
twice.
"""

from __future__ import annotations

from contextlib import suppress
import datetime
import os
from pathlib import Path
import shutil
import sys
import time

import keras
import numpy as np
import pandas as pd

from fer_utils import __version__, faces, metrics, models, splits, training
from fer_utils.core import labels, provenance, stages
from fer_utils.core.disk import check_folder, refusals_said
from fer_utils.core.errors import DivergedError, FerError, invalid
from fer_utils.core.paths import home, one_process_at_a_time, write_atomic
from fer_utils.experiments import picture_check
from fer_utils.experiments.config import Experiment
from fer_utils.experiments.result import Result

#: What to do where the store has no room for a training, or cannot be written.
_REMEDY = "set the environment variable FER_HOME to another folder."


def run(
    experiment: Experiment,
    *,
    face_set: faces.FaceSet | None = None,
    check_pictures: bool | None = None,
    progress: bool = True,
) -> Result:
    """Return the stored result of an experiment, or run it and store it.

    Parameters
    ----------
    experiment : what to run.
    face_set : the faces, if they are at hand; else ``experiment.data`` says where they are.
    check_pictures : whether the pictures of both sides of the split are compared before the training
        (`fer_utils.experiments.picture_check`); None: where a row's performance is unknown, as in a plain folder of
        pictures.  What is found is in the result's ``split``, and near-duplicates on both sides are said on
        standard error.  It is not part of the key: a stored result stays as it is.
    progress : bars on standard error.

    A run that was killed goes on from its last whole epoch.

    Raises
    ------
    FerError : a face set without faces, an impossible split, an unknown model.
    DivergedError : a training whose loss or scores are NaN or infinite; nothing is stored.
    """
    if not isinstance(experiment, Experiment):
        raise invalid("experiment", expected="an Experiment", received=experiment)
    models.check_name(experiment.model.name)
    picture_check.check_argument(check_pictures)
    face_set = face_set if face_set is not None else experiment.data.load(progress)
    if not len(face_set):
        raise invalid(
            "face_set",
            expected="at least one face",
            received=f"0 faces in {face_set.path}",
            remedy=f"Its report says why:\n{face_set.problems}",
        )
    stages.mark(*experiment.stages())
    key = experiment.key(face_set)
    folder = home() / "results" / f"{experiment.model.name}-{key}"
    found = _stored(folder, key)
    if found is not None:
        return found
    check_folder("FER_HOME", folder.parent, what="the training", remedy=_REMEDY)
    with one_process_at_a_time(folder), refusals_said("The training", "It goes on from its last whole epoch."):
        found = _stored(folder, key)  # trained by another process while this one waited
        if found is not None:
            return found
        if progress and (folder / "result.json").is_file():
            damage = models.damage_of(folder / "model.keras")
            print(f"{folder / 'model.keras'} cannot be used ({damage}): the network is trained again.", file=sys.stderr)
        return _run(experiment, face_set, key, folder, check_pictures, progress)


def _stored(folder: Path, key: str) -> Result | None:
    """The stored result of this key; None where there is none, or where its network is lost or damaged.

    What it cost is noted, for whoever adds up what an answer rests on.
    """
    if not (folder / "result.json").is_file():
        return None
    result = Result.load(folder)  # before the network is looked at: what cannot be read here is not written over
    if result.key != key:
        raise FerError(
            f"{folder} holds the result of another experiment: its key is {result.key!r}. Move it away, or put back "
            "what was there, and run the experiment again."
        )
    if models.damage_of(folder / "model.keras"):
        return None
    probabilities = result.predictions.filter(like="p_").to_numpy(np.float64)
    if not np.isfinite(probabilities).all():  # stored before such trainings were refused
        raise DivergedError(
            f"The training stored in {folder} diverged: its network's scores are no finite numbers.\n"
            "Train with a lower learning rate, or move that folder away to train it again."
        )
    _store_current_metrics(result)
    stages.mark_training(result.key, result.processor_minutes)
    return result


def _store_current_metrics(result: Result) -> None:
    """Write down metrics that were scored anew for their version; those of a newer version stay in the file."""
    written = result.stages.get("metrics")
    if written != stages.version("metrics"):
        result.stages["metrics"] = stages.version("metrics")
        if written is None or written < stages.version("metrics"):
            with suppress(OSError):  # a store that is only read: they are scored anew each time
                write_atomic(result.path / "result.json", result.to_json())


def _run(
    experiment: Experiment, face_set: faces.FaceSet, key: str, folder: Path, check: bool | None, progress: bool
) -> Result:
    began, began_computing = time.monotonic(), time.process_time()
    meta = face_set.meta
    unlabelled = int((meta["expression"].str.strip() == "").sum())
    if unlabelled:  # they would be a class of their own, without a name
        raise invalid(
            "meta.expression",
            expected="a label in every row",
            received=f"{unlabelled} of {len(meta)} rows without one",
            remedy="Leave those clips out before the faces are prepared: clips[clips['expression'].str.strip() != ''].",
        )
    names = labels.vocabulary(experiment.data.dataset, meta["expression"])
    if len(names) < 2:
        raise invalid("face_set", expected="faces of at least two expressions", received=list(names))
    numbers = {name: number for number, name in enumerate(names)}
    targets = meta["expression"].map(numbers)
    if targets.isna().any():
        raise invalid(
            "meta.expression",
            expected=f"labels of {experiment.data.dataset}: {', '.join(names)}",
            received=sorted(set(meta["expression"][targets.isna()])),
            remedy="The labels are those of the data set that was named. Name 'folder' for the labels of the faces "
            "themselves: Experiment(data=Data('folder')), or --dataset folder.",
        )
    targets = targets.to_numpy(np.int64)
    split = experiment.split
    train_rows, test_rows = split.rows(meta)
    validation_rows = split.validation_rows(meta)
    met = np.union1d(train_rows, validation_rows)
    absent = _absent_from_training(meta["expression"], train_rows, test_rows)
    if absent:
        tested = ", ".join(f"{label} ({faces} of {len(test_rows)} test faces)" for label, faces in absent.items())
        print(
            f"Warning: no training face has these labels, so the network cannot learn them: {tested}.", file=sys.stderr
        )
    compared = None
    if picture_check.wanted(meta, check):
        compared = picture_check.check_pictures(meta, face_set.images, met, test_rows, progress=progress)
        if compared.shares["near image"]:
            print(f"Warning: {compared}.", file=sys.stderr)
    images = faces.resize(face_set.images, experiment.model.size, progress=progress)

    keras.utils.set_random_seed(experiment.seed)
    model = models.build(
        experiment.model.name, classes=len(names), input_shape=tuple(images.shape[1:]), **dict(experiment.model.options)
    )
    work, taught = folder / "unfinished", experiment.distillation
    if taught is not None:
        teachers = [
            run(teacher, face_set=face_set, check_pictures=check, progress=progress).model()
            for teacher in taught.teachers
        ]
        keras.utils.set_random_seed(experiment.seed)
        model = models.taught(model, teachers, weight=taught.weight, temperature=taught.temperature)
    # Weights in 4 bytes, and twice as much of the optimiser, in two epochs' files and the network's own.
    check_folder("FER_HOME", folder, needed=int(model.count_params()) * 4 * 7, what="the training", remedy=_REMEDY)
    model, history = training.fit(
        model,
        images,
        targets,
        train_rows,
        # Who tests is asked once, at the end, where others say when training ends.
        [] if split.validates else test_rows,
        validation=validation_rows,
        recipe=experiment.recipe,
        seed=experiment.seed,
        folder=work,
        progress=progress,
        description=f"{experiment.model.name}, split by {split.by}",
    )
    if taught is not None:
        model = models.student_of(model, experiment.model.name)
    scores = training.predict_probabilities(model, images, test_rows)
    if not np.isfinite(scores).all():
        raise DivergedError(
            f"The training ({experiment.model.name}, split by {split.by}) diverged: scores of test faces are no finite "
            "numbers. Nothing is stored.\nTrain with a lower learning rate: it was "
            f"{experiment.recipe.learning_rate:g}, try {experiment.recipe.learning_rate / 10:g}."
        )
    predicted = scores.argmax(axis=1).astype(np.int64)
    rows = meta.iloc[test_rows]
    predictions = pd.DataFrame(
        {
            "row": test_rows,
            "clip": rows["clip"].to_numpy(),
            "actor": rows["actor"].to_numpy(),
            "true": targets[test_rows],
            "predicted": predicted,
            **{f"p_{name}": scores[:, i].astype(float).round(5) for i, name in enumerate(names)},
        }
    )
    leaked = splits.leakage(meta, met, test_rows)
    result = Result(
        path=folder,
        experiment=experiment.configuration(),
        key=key,
        labels=list(names),
        history=history,
        metrics=metrics.evaluate(targets[test_rows], predicted, rows["actor"].to_numpy(), names),
        stages=experiment.stages() | (stages.versions(["near_duplicates"]) if compared else {}),
        split={
            "train": len(train_rows),
            "test": len(test_rows),
            **({"validation": len(validation_rows)} if split.validates else {}),
            "train_actors": int(meta.iloc[train_rows]["actor"].nunique()),
            "test_actors": int(rows["actor"].nunique()),
            "leaked_share": {
                **{level: float(share) for level, share in leaked["share"].items()},
                **({} if compared is None else compared.shares),
            },
            **({} if compared is None else {"picture_check": compared.cost()}),
            **({"absent_from_training": absent} if absent else {}),
        },
        parameters=int(model.count_params()),
        seed=experiment.seed,
        minutes=round((time.monotonic() - began) / 60, 3),
        processor_minutes=round((time.process_time() - began_computing) / 60, 3),
        versions=provenance.versions() | {"fer_utils": __version__},
        hardware=provenance.hardware() | training.computed_on(experiment.recipe.precision),
        commit=provenance.commit(),
        finished=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        predictions=predictions,
        faces=dict(face_set.manifest.get("config") or {}),
    )
    work.mkdir(parents=True, exist_ok=True)
    model.save(work / "model.keras")
    os.replace(work / "model.keras", folder / "model.keras")  # a kill while it is written leaves no half of it
    write_atomic(folder / "result.json", result.to_json())  # last: its presence says the run is whole
    shutil.rmtree(work, ignore_errors=True)
    return result


def _absent_from_training(expressions: pd.Series, train_rows: np.ndarray, test_rows: np.ndarray) -> dict[str, int]:
    """Labels that test faces have and no training face has -> how many test faces."""
    learned = set(expressions.iloc[train_rows])
    tested = expressions.iloc[test_rows].value_counts()
    return {str(label): int(count) for label, count in tested.sort_index().items() if label not in learned}
