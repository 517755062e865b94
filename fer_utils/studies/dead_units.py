"""Which units of the paper's hidden layer are dead, for how long, and under which recipe?

The network of Ding, Tang & Lu 2023 is trained to the end of the recipe, and now and then every training face is shown
to it: a unit of the hidden layer lives if it is above 0 for at least one of them.

    # 16 trainings; each is recorded, and a killed run goes on with the next one
    python -m fer_utils study dead_units --tier class --store

*As described* takes from the paper the layers; optimiser, learning rate, batch size and initialisation are not in it
and are this book's (`fer_utils.training.Recipe`).  The faces have `SIZE` pixels and not the paper's 180, so that a step
costs a quarter; the hidden layer then reads 7,744 values in the place of 30,976.
"""

from __future__ import annotations

from collections.abc import Iterable
import itertools
import time
from typing import Any
import warnings

import keras
import numpy as np
from tqdm import tqdm

from fer_utils import faces, models, training
from fer_utils.core import labels, provenance, stages
from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.paths import home
from fer_utils.experiments import Data, Experiment, Model, Split
from fer_utils.studies import training_records
from fer_utils.synthetic.stand_ins import EPOCHS
from fer_utils.training import Recipe

TITLE = "Which units of the paper's hidden layer are dead, and for how long?"
HEADLINE = True

DESCRIBED, SLOW, GLOROT, CONDITIONED = (
    "as described",
    "a tenth of the rate",
    "Keras' initialisation",
    "conditioned",
)
#: The side of the faces in pixels: half of the paper's 180.
SIZE = 90
#: arm -> options of the network, and changes of the recipe.
ARMS: dict[str, tuple[dict, dict]] = {
    DESCRIBED: ({"conditioned": False}, {}),
    SLOW: ({"conditioned": False}, {"learning_rate": 1e-4}),
    GLOROT: ({"conditioned": False, "initializer": "glorot_uniform"}, {}),
    CONDITIONED: ({}, {}),
}
SEEDS = 4
#: The hidden layer of the network, and when it is looked at: after so many steps, and after each epoch.
LAYER, LOOKS = "hidden", (0, 18, 72)


def experiments_of(arm: str, seeds: int, *, tier: str, epochs: int, size: int = SIZE) -> list[Experiment]:
    """The trainings of an arm, seeds 0, 1, ...; whom they learn from is divided by frame, as in the study `recipe`."""
    options, changes = ARMS[arm]
    return [
        Experiment(
            data=Data("ravdess", tier=tier),
            split=Split("frame"),
            model=Model.of("ding2023", size=size, **options),
            recipe=Recipe(epochs=epochs, **changes),
            seed=seed,
        )
        for seed in range(seeds)
    ]


def answer(
    tier: str = "class",
    *,
    progress: bool = True,
    arms: Iterable[str] = tuple(ARMS),
    seeds: int = SEEDS,
    epochs: int | None = None,
    size: int = SIZE,
) -> dict:
    """Train what is not recorded yet, and say of every training which units lived when.

    Parameters
    ----------
    tier : of the stand-in; see `fer_utils.synthetic.stand_ins.SIZES`.
    arms : names of `ARMS`.
    seeds : trainings an arm, 1 or more.
    epochs : None for the tier's own number.
    size : side of the faces in pixels.

    Returns
    -------
    dict with ``tier``, ``epochs``, ``size``, ``faces`` (how many learn, and look) and ``rows``, one an arm: ``name``,
    ``inputs`` (values that a hidden unit reads), ``units``, ``chance`` (the commonest label's share), ``experiment``
    (of seed 0), ``processor_minutes``, ``trainings``.  Each of these has ``seed``, ``loss`` and ``accuracy`` by epoch
    (dropout on), and by look ``steps``, ``living`` (units above 0 for some face), ``woken`` (of them those that were
    dead at the look before) and ``right`` (the share of the faces that are read right, dropout off).

    Raises
    ------
    FerError : an unknown arm, no seeds, no epochs.
    """
    chosen = list(arms)
    for name in chosen:
        if name not in ARMS:
            raise invalid("arms", expected=f"names among {', '.join(ARMS)}", received=name)
    seeds = whole_number("seeds", seeds, 1)
    epochs = EPOCHS[tier] if epochs is None else whole_number("epochs", epochs, 1)
    plan = {arm: experiments_of(arm, seeds, tier=tier, epochs=epochs, size=size) for arm in chosen}
    found: dict[str, list[dict]] = {arm: [] for arm in chosen}
    records = training_records.Records("dead_units", home() / "records")
    face_set: Any = None
    # Seed by seed, so that a run that ends early has something of every arm.
    order = [(arm, plan[arm][seed]) for seed in range(seeds) for arm in chosen]
    for arm, experiment in tqdm(order, desc="trainings", unit="training", disable=not progress):
        face_set = experiment.data.load(progress) if face_set is None else face_set
        asked = Asked(experiment, face_set.fingerprint)
        record = records.find(arm, asked)
        if record is None:
            record = {"key": training_records.key(asked), "stages": asked.stages(), **_trained(experiment, face_set)}
            records.add(arm, record)
        stages.mark(*asked.stages())
        stages.mark_training(record["key"], record["processor_minutes"])
        found[arm].append(record)
    first = next(iter(found.values()))[0]
    return {
        "tier": tier,
        "epochs": epochs,
        "size": size,
        "faces": first["faces"],
        "rows": [_row(arm, plan[arm][0], found[arm]) for arm in chosen],
    }


class Asked:
    """A training as `fer_utils.studies.training_records` finds it again: the experiment, the faces and the looks."""

    def __init__(self, experiment: Experiment, fingerprint: str):
        self.experiment, self.fingerprint, self.seed = experiment, fingerprint, experiment.seed

    def configuration(self) -> dict:
        return {**self.experiment.configuration(), "faces": self.fingerprint, "looks": list(LOOKS)}

    def stages(self) -> dict[str, int]:
        passed = {name: number for name, number in self.experiment.stages().items() if name != "metrics"}
        return {**passed, **stages.versions(["study.dead_units"])}


class Looks(keras.callbacks.Callback):
    """Shows all the faces that learn to the network, before the first step, after some steps and after each epoch.

    ``seen`` has one dict a look: ``step``, ``living`` (numbers of the units that are above 0 for some face) and
    ``right`` (the share of the faces whose label has the largest score).
    """

    def __init__(self, images: np.ndarray, targets: np.ndarray, batch_size: int = 64):
        super().__init__()
        self.images, self.targets, self.batch_size = images, targets, batch_size
        self.seen: list[dict] = []
        self._steps_done = 0
        self._probe: keras.Model | None = None

    def on_train_begin(self, logs=None):
        if 0 in LOOKS and not self.seen:
            self._look(0)

    def on_train_batch_end(self, batch, logs=None):
        if self._steps_done + batch + 1 in LOOKS:
            self._look(self._steps_done + batch + 1)

    def on_epoch_end(self, epoch, logs=None):
        self._steps_done += self.params["steps"]
        if self.seen[-1]["step"] < self._steps_done:
            self._look(self._steps_done)

    def _look(self, step: int) -> None:
        if self._probe is None:
            model = self.model
            self._probe = keras.Model(model.inputs[0], [model.get_layer(LAYER).output, model.outputs[0]])
        highest, right = 0.0, 0
        for start in range(0, len(self.images), self.batch_size):
            batch = np.asarray(self.images[start : start + self.batch_size], np.float32)
            units, scores = map(np.asarray, self._probe.predict_on_batch(batch))
            highest = np.maximum(highest, units.max(axis=0))
            right += int((scores.argmax(axis=1) == self.targets[start : start + self.batch_size]).sum())
        self.seen.append(
            {"step": step, "living": np.flatnonzero(highest > 0).tolist(), "right": right / len(self.images)}
        )


def _trained(experiment: Experiment, face_set) -> dict:
    """What one training shows: counts by look, curves by epoch, its cost."""
    began = time.process_time()
    names = labels.vocabulary(experiment.data.dataset, face_set.meta["expression"])
    targets = face_set.meta["expression"].map({name: number for number, name in enumerate(names)}).to_numpy(np.int64)
    learn, _ = experiment.split.rows(face_set.meta)
    images = faces.resize(face_set.images, experiment.model.size, progress=False)
    keras.utils.set_random_seed(experiment.seed)
    options = dict(experiment.model.options)
    model = models.build("ding2023", classes=len(names), input_shape=tuple(images.shape[1:]), **options)
    looks = Looks(np.asarray(images[learn]), targets[learn])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", training.DeadLayer)  # that is what is counted here
        model, history = training.fit(
            model,
            images,
            targets,
            learn,
            [],
            recipe=experiment.recipe,
            seed=experiment.seed,
            callbacks=[looks],
            progress=False,
        )
    hidden = model.get_layer(LAYER)
    counts = np.bincount(targets[learn], minlength=len(names))
    return {
        "faces": len(learn),
        "chance": float(counts.max() / counts.sum()),
        "inputs": int(hidden.kernel.shape[0]),
        "units": int(hidden.kernel.shape[1]),
        "looks": looks.seen,
        "loss": [float(f"{value:.4g}") for value in history["loss"]],
        "accuracy": [float(f"{value:.4g}") for value in history["accuracy"]],
        "processor_minutes": round((time.process_time() - began) / 60, 3),
        "processor": provenance.hardware_in_words(provenance.hardware()),
    }


def _row(arm: str, experiment: Experiment, records: list[dict]) -> dict:
    first = records[0]
    return {
        "name": arm,
        **{name: first[name] for name in ("inputs", "units", "chance")},
        "experiment": experiment.configuration(),
        "processor_minutes": round(sum(record["processor_minutes"] for record in records), 2),
        "trainings": [
            {"seed": seed, "loss": record["loss"], "accuracy": record["accuracy"], **_by_look(record["looks"])}
            for seed, record in enumerate(records)
        ],
    }


def _by_look(looks: list[dict]) -> dict[str, list]:
    """Counts by look; a unit has woken if it lives and was dead at the look before."""
    living = [set(look["living"]) for look in looks]
    woken = [0] + [len(now - before) for before, now in itertools.pairwise(living)]
    return {
        "steps": [look["step"] for look in looks],
        "living": [len(units) for units in living],
        "woken": woken,
        "right": [round(look["right"], 4) for look in looks],
    }
