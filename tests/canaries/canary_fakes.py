"""What stands for trainings, networks, faces and metrics while a canary asks a study for its answer.

A study's canary calls the study's own ``answer`` with its own options.  What is expensive is replaced: a training gives
a result that a digest of its configuration decides, a network is a name and a shape.  Everything that is asked of them
is noted, so that another constant or another option is another output.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, is_dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from canary import digest, plain
import numpy as np
import pandas as pd

from fer_utils import experiments, faces, metrics, splits

#: How far a weighted sum of an output's floats may be off on another processor; for answers that were rounded to six
#: digits a digit may fall the other way.
EXACT, ROUNDED = 1e-6, 2e-5
LABELS = ("neutral", "happy", "sad", "angry")
ACTORS = tuple(f"{number:02d}" for number in range(1, 11))


# --- an output in a few numbers -----------------------------------------------------------


def condensed(value: Any, depth: int = 2) -> Any:
    """A value in little room: for each key, to this depth, a digest and a sum.

    The digest is that of everything exact: keys, strings, whole numbers, truth values, and where floats stand.  The sum
    is that of the floats, each with a weight of its own, so that no two can change places unnoticed.
    """
    value = plain(value)
    if depth and isinstance(value, dict):
        return {key: condensed(one, depth - 1) for key, one in value.items()}
    floats: list[float] = []
    exact = _without_floats(value, floats)
    weights = 1 + (np.arange(1, len(floats) + 1) * 0.6180339887498949) % 1
    total = float(np.sum(np.array(floats) * weights)) if floats else 0.0
    return [digest(exact), round(total, 9)]


def _without_floats(value: Any, floats: list[float]) -> Any:
    """The value with a word in the place of every float, which is added to ``floats``."""
    if isinstance(value, dict):
        return {key: _without_floats(one, floats) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_floats(one, floats) for one in value]
    if isinstance(value, float):
        floats.append(value)
        return "a float"
    return value


def listed(noted: list) -> list:
    """How many notes there are, and the notes condensed."""
    return [len(noted), *condensed(noted, 0)]


def drawn(*what: Any) -> np.random.Generator:
    """Random numbers that a digest of anything decides."""
    return np.random.default_rng(int(digest(plain(list(what))), 16))


def sketch(array: np.ndarray) -> list:
    """Shape, type and two sums of an array, for a note."""
    array = np.asarray(array)
    values = array.astype(float).ravel()
    places = np.arange(1, len(values) + 1) % 1013
    return [list(array.shape), array.dtype.kind, round(float(values.sum()), 6), round(float(values @ places), 4)]


# --- people and their faces ---------------------------------------------------------------


def people(actors=ACTORS, labels=LABELS, clips: int = 1, frames: int = 8, dataset: str = "ravdess") -> pd.DataFrame:
    """A row a frame: so many clips of each actor and label."""
    rows = [
        (actor, label, f"{actor}-{label}-{clip}.mp4", frame)
        for actor in actors
        for label in labels
        for clip in range(clips)
        for frame in range(frames)
    ]
    meta = pd.DataFrame(rows, columns=["actor", "expression", "clip", "frame_index"])
    return meta.assign(dataset=dataset, performance=meta["clip"])


class Faces:
    """Stands for a face set; ``name`` says in a note which it is."""

    def __init__(self, name: Any, meta: pd.DataFrame, side: int = 4):
        self.name, self.meta, self.fingerprint = name, meta.reset_index(drop=True), str(name)
        rows = np.arange(len(meta))[:, None, None, None]
        pixels = np.arange(side * side).reshape(1, side, side, 1)
        self.images = ((37 * rows + 11 * pixels) % 251).astype(np.uint8)
        self.manifest = {"config": {"size": side, "margin": 0.125}}

    def __len__(self) -> int:
        return len(self.meta)


def simple_rows(split: experiments.Split, meta: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Who trains and who tests, in the place of `Split.rows`: every fifth actor, clip or frame, from the fold on."""
    unit = {"actor": "actor", "clip": "clip", "performance": "performance"}.get(split.by)
    codes = np.arange(len(meta)) if unit is None else pd.factorize(meta[unit])[0]
    parts = max(2, round(1 / split.test))
    test = (codes + 1) % parts == ((split.fold if split.fold is not None else split.seed) % parts)
    return np.flatnonzero(~test), np.flatnonzero(test)


def simple_folds(noted: list):
    """In the place of `splits.folds`: every k-th actor, clip or frame; what was asked for is noted."""

    def folds(meta, by="actor", k=5, seed=0, groups=None):
        noted.append(["folds", by, k, seed, groups, len(meta), list(meta.columns)])
        codes = np.arange(len(meta)) if by == "frame" else pd.factorize(meta[by])[0]
        codes = (codes * (1 if groups else 7 + 2 * seed) + seed) % max(1, codes.max() + 1)
        return [(np.flatnonzero(codes % k != fold), np.flatnonzero(codes % k == fold)) for fold in range(k)]

    return folds


# --- networks and trainings -----------------------------------------------------------------


class Network:
    """Stands for a Keras model: its ``name`` decides what it answers and what it weighs."""

    def __init__(self, name: Any, input_shape: tuple = (None, 4, 4, 1), labels: int = len(LABELS)):
        self.name, self.input_shape, self.labels = plain(name), input_shape, labels
        self.layers = [SimpleNamespace(kernel=np.zeros((5 + int(drawn(self.name, "width").random() * 90), labels)))]

    def predict(self, images, verbose=0):
        values = np.asarray(images, float).reshape(len(images), -1).sum(axis=1)
        shift = drawn(self.name, "answers").random(self.labels)
        return (values[:, None] / 97 + 5 * shift * np.arange(1, self.labels + 1)) % 1

    def predict_on_batch(self, images):
        return self.predict(images)

    def save(self, file):
        Path(file).write_bytes(b"x" * (100 + int(1000 * drawn(self.name, "file").random())))


def profile(network: Network) -> SimpleNamespace:
    """Counts of a network, in the place of `models.profile`."""
    counts = (1000 + 9000 * drawn(network.name, "counts").random(4)).astype(int).tolist()
    return SimpleNamespace(
        parameters=counts[0],
        trainable=counts[0] - 10,
        macs=counts[1],
        bytes=4 * counts[0],
        activation_bytes=counts[3],
    )


class Result:
    """Stands for a training's result; a digest of the experiment's configuration and of its faces decides it."""

    def __init__(self, what: dict, faces_name: Any):
        self.experiment, self.key = what, digest([what, plain(faces_name)])
        draw = drawn(self.key)
        split, epochs = what["split"], what["recipe"]["epochs"]
        self.labels, self.seed = list(LABELS), what["seed"]
        parts = max(2, round(1 / split["test"]))
        rows = []
        for number, actor in enumerate(ACTORS):
            if split["fold"] is not None and (number + 1) % parts != split["fold"]:
                continue
            for row in range(8):  # every fourth frame of `people`
                rows.append((32 * number + 4 * row, f"{actor}-{LABELS[row // 2]}-0.mp4", actor, row // 2))
        table = pd.DataFrame(rows, columns=["row", "clip", "actor", "true"])
        if split["fold"] is None:  # another half of the clips for every seed
            table = table[draw.random(len(table)) < 0.5].reset_index(drop=True)
        wrong = draw.random(len(table)) > 0.35 + 0.5 * draw.random()
        self.predictions = table.assign(predicted=np.where(wrong, (table["true"] + 1) % 4, table["true"]))
        self.history = {
            name: draw.random(epochs).tolist() for name in ("loss", "accuracy", "test_loss", "test_accuracy")
        }
        clips = table["clip"].nunique()  # accuracies that can meet a threshold, which is a share of the clips
        self.history["test_accuracy"] = [round(share * clips) / clips for share in self.history["test_accuracy"]]
        self.history["dead_hidden"] = [(0.0, 3.0, 16.0)[int(3 * share)] for share in draw.random(epochs)]
        self.metrics = {"chance": float(table["true"].value_counts(normalize=True).max())}
        self.split = {
            "train": int(100 + 100 * draw.random()),
            "test": len(table),
            "leaked_share": {"clip": float(draw.random()), "actor": float(draw.random())},
        }
        # Once more parameters and once fewer than others have: what a claim hangs on.
        self.parameters = int(1000 * drawn(what["model"]["name"], sorted(what["model"]["options"])).random())
        self.minutes, self.accuracy = round(10 * float(draw.random()), 3), float(1 - wrong.mean())

    def model(self) -> Network:
        return Network([self.key, "trained"])


class Noted:
    """What was asked for, in order."""

    def __init__(self):
        self.trainings: list = []
        self.rest: list = []

    def run(self, experiment, *, face_set=None, progress=True) -> Result:
        """In the place of `experiments.run`."""
        what, name = experiment.configuration(), getattr(face_set, "name", None)
        self.trainings.append([what, name])
        return Result(what, name)

    def load(self, data, progress=True) -> Faces:
        """In the place of `Data.load`."""
        self.rest.append(["faces", data.dataset, data.tier, data.twins])
        return Faces([data.dataset, data.tier, data.twins], people(dataset=data.dataset))

    def weighed(self, networks, images, *, progress=True, **options) -> dict:
        """In the place of `network_costs.weighed`."""
        each = images if isinstance(images, dict) else dict.fromkeys(networks, images)
        if options.get("unseen") is not None:
            options["unseen"] = sketch(options["unseen"])
        self.rest.append(["weighed", {name: [one.name, sketch(each[name])] for name, one in networks.items()}, options])
        return {
            name: {"parameters": int(1000 * drawn(one.name).random()), "macs": len(name), "files": {"float32": number}}
            for number, (name, one) in enumerate(networks.items())
        }

    def resize(self, images, size, *, progress=True, **options):
        """In the place of `faces.resize`: the same pictures."""
        self.rest.append(["resized", sketch(images), size, options])
        return images

    def function(self, name: str, gives):
        """A function that notes what it is called with, but for progress bars and their words, and gives ``gives``."""

        def call(*arguments, **options):
            for words in ("progress", "description"):
                options.pop(words, None)
            self.rest.append([name, _words(arguments), _words(options)])
            return gives(*arguments, **options)

        return call

    def output(self, answer: Any, depth: int = 2) -> dict:
        """What a canary returns: the answer, the trainings in order, and the other notes, each condensed."""
        return {
            "answer": condensed(answer, depth),
            "trainings": listed(self.trainings),
            "other requests": listed(self.rest),
        }


def _words(value: Any) -> Any:
    """An argument as a note has it."""
    if isinstance(value, dict):
        return {str(key): _words(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_words(one) for one in value]
    if isinstance(value, np.ndarray) or (isinstance(value, pd.Series) and value.dtype.kind in "biuf"):
        return sketch(np.asarray(value))
    if isinstance(value, pd.DataFrame):
        return [len(value), list(value.columns)]
    if is_dataclass(value):
        return _words(asdict(value))
    if isinstance(value, Path):
        return value.suffix  # where a temporary folder lies is no output
    if value is None or isinstance(value, (str, int, float, bool, np.generic)):
        return plain(value)
    return plain(getattr(value, "name", type(value).__name__))


# --- metrics ----------------------------------------------------------------------------------


def average(values, groups, weights=None, *, resamples=1000, level=0.95, seed=0, bounds=None) -> dict:
    """In the place of `metrics.average`: quick, and of all that it is given."""
    values, groups = np.asarray(values, float), np.asarray(groups).astype(str)
    weights = np.ones(len(values)) if weights is None else np.asarray(weights, float)
    if not len(values):
        return {"value": None, "low": None, "high": None, "level": level, "groups": 0}
    value = float((values * weights).sum() / weights.sum())
    means = pd.Series(values).groupby(groups).mean()
    spread = float(means.std(ddof=0)) + 1 / resamples + 0.001 * seed
    return {"value": value, "low": value - spread, "high": value + spread, "level": level, "groups": len(means)}


def evaluate(true, predicted, groups, labels, *, seed=0) -> dict:
    """In the place of `metrics.evaluate`."""
    true, predicted = np.asarray(true), np.asarray(predicted)
    confusion = np.zeros((len(labels), len(labels)), int)
    np.add.at(confusion, (true, predicted), 1)
    found = average(true == predicted, groups, seed=seed)
    recall = confusion.diagonal() / np.maximum(confusion.sum(axis=1), 1)
    return {
        "accuracy": found,
        "macro_f1": {**found, "value": float((recall**2).mean())},
        "recall": dict(zip(labels, recall.tolist(), strict=True)),
        "confusion": confusion.tolist(),
        "n": len(true),
        "chance": float(confusion.sum(axis=1).max() / len(true)),
    }


def mean_interval(values, minus=None, *, resamples=2000, seed=0) -> tuple[float, float]:
    """In the place of `metrics.mean_interval`."""
    found = average(values, np.arange(len(values)), resamples=resamples, seed=seed)
    spread = (found["high"] - found["value"]) / np.sqrt(len(values))
    return found["value"] - spread, found["value"] + spread


def paired_difference(true, first, second, groups, *, resamples=1000, level=0.95, seed=0) -> dict:
    """In the place of `metrics.paired_difference`."""
    true, first, second = np.asarray(true), np.asarray(first), np.asarray(second)
    gains = (second == true).astype(float) - (first == true)
    return average(gains, groups, resamples=resamples, level=level, seed=seed)


def paired_test(true, first, second, groups) -> dict:
    """In the place of `metrics.paired_test`."""
    return {"p": abs(paired_difference(true, first, second, groups)["low"]) / 2}


# --- all of it in place -----------------------------------------------------------------------


@contextmanager
def instead() -> Iterator[tuple[Noted, ExitStack]]:
    """Within the block nothing is trained, read, resampled or timed; gives the notes, and a stack for more patches."""
    noted = Noted()
    with ExitStack() as stack:
        put = stack.enter_context
        put(patch.object(experiments, "run", noted.run))
        put(patch.object(experiments.Data, "load", lambda data, progress=True: noted.load(data, progress)))
        put(patch.object(experiments.Split, "rows", simple_rows))
        put(patch.object(splits, "folds", simple_folds(noted.rest)))
        put(patch.object(faces, "resize", noted.resize))
        for fake in (average, evaluate, mean_interval, paired_difference, paired_test):
            put(patch.object(metrics, fake.__name__, fake))
        yield noted, stack
