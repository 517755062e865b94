"""Short trainings that are followed check by check: training, validation and test faces are read alike at each.

`fer_utils.training.fit` reports the training accuracy of the steps themselves, with dropout on and pictures changed.
Here all three sets are read as they are, without dropout, so that a gap between two curves is a gap between people and
not between two ways to measure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
import datetime
import time

import keras
import numpy as np

from fer_utils import __version__, models, training
from fer_utils.core import provenance, stages
from fer_utils.studies.training_records import Records, key, mark_used
from fer_utils.training import Recipe

#: Side of a picture, and the width of the first convolution: the paper's network at half its width.
SIZE, FILTERS = 48, 8
#: The sets that are read at each check.
SETS: tuple[str, ...] = ("train", "validation", "test")
#: No probability counts as smaller, so that one picture cannot make a mean infinite: Keras' own limit.
SMALLEST = 1e-7


@dataclass(frozen=True)
class Tools:
    """What is used against overfitting: augmentation 0 to 1, strengths of L2 and L1 on every kernel, a dropout rate."""

    augment: float = 0.0
    l2: float = 0.0
    l1: float = 0.0
    dropout: float = 0.0


@dataclass(frozen=True)
class Asked:
    """One training: whose, on what (from stages ``made_by``), with which tools, for how many steps, which seed."""

    study: str
    data: tuple[tuple[str, int | str], ...]
    tools: Tools
    steps: int
    check_every: int
    seed: int
    made_by: tuple[str, ...] = ()

    def configuration(self) -> dict:
        """What makes it the training that it is, JSON-able."""
        value = {**asdict(self), "data": dict(self.data), "size": SIZE, "filters": FILTERS}
        del value["made_by"]
        return value

    def stages(self) -> dict[str, int]:
        """The stages that it passes, its study's among them: nothing else says how trainings are followed."""
        return stages.versions({"model.ding2023", "training", f"study.{self.study}", *self.made_by})


def network(tools: Tools, classes: int, seed: int) -> keras.Model:
    """The paper's network at half its width, with penalties on every kernel and one dropout rate throughout."""
    keras.utils.set_random_seed(seed)
    made = models.build(
        "ding2023", classes=classes, input_shape=(SIZE, SIZE, 1), filters=FILTERS, dropout=(tools.dropout,) * 3
    )
    if tools.l1 or tools.l2:
        for layer in made.layers:
            if isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense)):
                layer.kernel.regularizer = keras.regularizers.L1L2(tools.l1, tools.l2)
    return made


class Follow(keras.callbacks.Callback):
    """Reads the rows of each set after every check.

    ``curves``: set -> ``accuracy`` and ``loss`` (mean cross-entropy, nats), a number a check; ``right``: for each check
    which test rows were read rightly, (test rows,) bool.
    """

    def __init__(self, images: np.ndarray, labels: np.ndarray, rows: Mapping[str, np.ndarray]):
        super().__init__()
        self.images, self.labels, self.rows = images, labels, rows
        self.curves: dict[str, dict[str, list[float]]] = {name: {"accuracy": [], "loss": []} for name in rows}
        self.right: list[np.ndarray] = []

    def on_epoch_end(self, epoch, logs=None):
        for name, rows in self.rows.items():
            scores = _probabilities(self.model, self.images[rows])
            known = self.labels[rows]
            right = scores.argmax(axis=1) == known
            loss = -np.log(np.maximum(scores[np.arange(len(known)), known], SMALLEST))
            self.curves[name]["accuracy"].append(round(float(right.mean()), 4))
            self.curves[name]["loss"].append(round(float(loss.mean()), 4))
            if name == "test":
                self.right.append(right)


def _probabilities(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Of pictures in memory; asked often and of few, which `Model.predict` needs longer to begin than to read."""
    parts = [images[start : start + 128].astype(np.float32) for start in range(0, len(images), 128)]
    return np.concatenate([np.asarray(model.predict_on_batch(part)) for part in parts])


def followed(
    asked: Asked, images: np.ndarray, labels: np.ndarray, people: np.ndarray, rows: Mapping[str, np.ndarray]
) -> dict:
    """Train once, and read all sets at every check; returns the record of it, see `fer_utils.studies.training_records`.

    Parameters
    ----------
    images, labels, people : (N, SIZE, SIZE, 1) uint8, (N,) class numbers, (N,) who is seen.
    rows : row positions of ``train``, ``test`` and, where there are any, ``validation``.

    Returns
    -------
    dict with ``key``, ``configuration``, ``stages``, ``curves`` (set -> accuracy and loss, a number a check),
    ``by_person`` (person -> [right at each check], with ``all``: how many test pictures each has), ``train_images``,
    ``parameters``, ``processor_minutes``, ``processor``, ``version``, ``commit``, ``finished``.
    """
    began = time.process_time()
    made = network(asked.tools, int(labels.max()) + 1, asked.seed)
    follow = Follow(images, labels, rows)
    recipe = Recipe(
        batch_size=32,
        steps=asked.steps,
        check_every=asked.check_every,
        augment=asked.tools.augment,
        flip=asked.tools.augment > 0,
        precision="float32",  # another would build the network anew, without its penalties
    )
    training.fit(
        made,
        images,
        labels,
        rows["train"],
        np.zeros(0, np.int64),
        recipe=recipe,
        seed=asked.seed,
        progress=False,
        callbacks=[follow],
    )
    seen = people[rows["test"]]
    right = np.array(follow.right)
    names = sorted(set(seen.tolist()))
    return {
        "key": key(asked),
        "configuration": asked.configuration(),
        "stages": asked.stages(),
        "curves": follow.curves,
        "by_person": {str(name): right[:, seen == name].sum(axis=1).tolist() for name in names},
        "all": {str(name): int((seen == name).sum()) for name in names},
        "train_images": len(rows["train"]),
        "parameters": made.count_params(),
        "processor_minutes": round((time.process_time() - began) / 60, 3),
        "processor": provenance.hardware_in_words(provenance.hardware()),
        "version": __version__,
        "commit": provenance.commit(),
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def best_check(record: dict) -> int:
    """The check with the lowest validation loss, the first of equals, counted from 0."""
    return int(np.argmin(record["curves"]["validation"]["loss"]))


def shares(record: dict, check: int) -> dict[str, float]:
    """Person -> share of the test pictures that were read rightly at a check (-1: the last)."""
    return {name: right[check] / record["all"][name] for name, right in record["by_person"].items()}


def mean_shares(found: list[tuple[dict, int]]) -> dict[str, float]:
    """Person -> mean share over the (record, check) in which that person was tested."""
    by_person: dict[str, list[float]] = {}
    for record, check in found:
        for name, share in shares(record, check).items():
            by_person.setdefault(name, []).append(share)
    return {name: float(np.mean(some)) for name, some in sorted(by_person.items())}


def mean_curves(records: list[dict]) -> dict[str, dict[str, list[float]]]:
    """Set -> accuracy and loss at each check, means over trainings, to four digits."""
    return {
        name: {
            quantity: np.mean([one["curves"][name][quantity] for one in records], axis=0).round(4).tolist()
            for quantity in ("accuracy", "loss")
        }
        for name in records[0]["curves"]
    }


def recorded(
    records: Records, wanted: Mapping[tuple, tuple[str, Asked]], train, *, until: float | None = None, bar=None
) -> Iterator[tuple[tuple, dict]]:
    """Each (place, record) of ``wanted`` (place -> row and training); what has no record is trained by ``train``.

    With ``until`` (of ``time.monotonic``) nothing is begun after it, and what is missing is left out.
    """
    for place, (row, asked) in wanted.items():
        record = records.find(row, asked)
        if record is None:
            if until is not None and time.monotonic() > until:
                continue
            record = train(place, asked)
            records.add(row, record)
        mark_used(record)
        if bar is not None:
            bar.update()
        yield place, record
