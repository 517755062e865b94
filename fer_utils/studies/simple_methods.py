"""Methods without a deep network: neighbours, a support vector machine, a small ANN, on gradients or on landmarks.

They are asked under the same split as every network: who learns, who validates and who tests are the same people.
"""

from __future__ import annotations

from dataclasses import dataclass, field
import functools
import time

import keras
import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from fer_utils import faces, training
from fer_utils.core import labels, stages
from fer_utils.core.errors import invalid
from fer_utils.core.stages import stage
from fer_utils.experiments import Data, Split
from fer_utils.models.distances import distances
from fer_utils.models.hog import hog
from fer_utils.studies.training_records import Outcome
from fer_utils.synthetic import stand_ins
from fer_utils.training import Recipe

#: What a face is described by, and what learns from it.
FEATURES: tuple[str, ...] = ("HOG", "landmark distances")
CLASSIFIERS: tuple[str, ...] = ("nearest neighbours", "SVM", "ANN")
#: The side of a face in HOG cells, as in `fer_utils.models.hog` at 180 pixels; units of the ANN's one hidden layer.
CELLS_A_SIDE, HIDDEN = 9, 64


@dataclass(frozen=True)
class SimpleMethod:
    """One method on one split.

    ``setting`` is the one number that is chosen: how many neighbours; the SVM's C; the ANN's learning rate, which
    takes the place of the one in ``recipe``.  ``size`` in pixels is for HOG; None leaves faces as they are.
    """

    features: str
    classifier: str
    setting: float
    data: Data = field(default_factory=Data)
    split: Split = field(default_factory=Split)
    recipe: Recipe = field(default_factory=Recipe)
    seed: int = 0
    size: int | None = None

    def __post_init__(self):
        for name, known in (("features", FEATURES), ("classifier", CLASSIFIERS)):
            if getattr(self, name) not in known:
                raise invalid(name, expected=f"one of {', '.join(known)}", received=getattr(self, name))

    def configuration(self) -> dict:
        """The method as a JSON-able dict; the recipe is in it where something is trained by it."""
        value = {
            "features": self.features,
            "classifier": self.classifier,
            "setting": self.setting,
            "size": self.size,
            "data": self.data.configuration(),
            "split": self.split.configuration(),
            "seed": self.seed,
        }
        if self.classifier == "ANN":
            value["recipe"] = self.recipe.configuration()
        return value

    def stages(self) -> dict[str, int]:
        """The stages that it passes, with their versions."""
        described = {"model.hog"} if self.features == "HOG" else {"model.distances", "landmark_predictor"}
        learned = {"training"} if self.classifier == "ANN" else set()
        return stages.versions({"splits", "metrics", "faces", "studio", "stand_ins", *described, *learned})


@stage("study.one_protocol")
def run_simple(method: SimpleMethod, *, progress: bool = True) -> Outcome:
    """Describe the faces, learn from the training rows, and answer for the test rows.

    Neither neighbours nor the SVM look at the validation rows; the ANN is trained by `fer_utils.training.fit`, as
    every network is, and stopped by them.
    """
    began = time.process_time()
    stages.mark(*method.stages())
    face_set = _faces(method.data, method.features != "HOG", progress)
    meta = face_set.meta
    names = labels.vocabulary(method.data.dataset, meta["expression"])
    targets = meta["expression"].map({name: number for number, name in enumerate(names)}).to_numpy(np.int64)
    train, test = method.split.rows(meta)
    choose = method.split.validation_rows(meta)
    described = _described(method, face_set, progress)
    history: dict[str, list[float]] = {}
    if method.classifier == "ANN":
        model = ann(described[train], len(names), method.seed)
        as_images = described[:, :, None, None]  # what `fit` and its batches take
        model, history = training.fit(
            model,
            as_images,
            targets,
            train,
            [],
            validation=choose,
            recipe=method.recipe,
            seed=method.seed,
            progress=progress,
            description=f"ANN on {method.features}",
        )
        predicted = training.predict_probabilities(model, as_images, test).argmax(axis=1)
        macs = described.shape[1] * HIDDEN + HIDDEN * len(names)
        kept = macs + HIDDEN + len(names)  # with the biases
        read = training.predict_probabilities(model, as_images, train).argmax(axis=1)
        found = training.convergence(history, method.recipe) | {
            "train_accuracy": float((read == targets[train]).mean())
        }
    else:
        last = (
            KNeighborsClassifier(int(method.setting))
            if method.classifier == "nearest neighbours"
            else SVC(C=method.setting, gamma="scale")
        )
        # Standardised by the training rows alone.
        made = make_pipeline(StandardScaler(), last).fit(described[train], targets[train])
        predicted = made.predict(described[test])
        rows_kept = len(train) if method.classifier == "nearest neighbours" else int(last.n_support_.sum())
        kept = macs = rows_kept * described.shape[1]
        found = {"train_accuracy": float(made.score(described[train], targets[train])), "converged": True}
        if len(choose):
            found["validation_accuracy"] = float(made.score(described[choose], targets[choose]))
    return Outcome(
        labels=list(names),
        true=targets[test],
        predicted=np.asarray(predicted, np.int64),
        actors=meta["actor"].astype(str).to_numpy()[test],
        history=history,
        convergence=found,
        parameters=int(kept),
        classifier_macs=int(macs),
        train_images=len(train),
        processor_minutes=(time.process_time() - began) / 60,
        fingerprint=face_set.fingerprint,
    )


@functools.lru_cache(maxsize=2)
def _faces(data: Data, with_landmarks: bool, progress: bool) -> faces.FaceSet:
    if not with_landmarks:
        return data.load(progress)
    return stand_ins.face_set(
        data.dataset,
        tier=data.tier,
        frames=data.frames,
        detector=data.detector,
        landmarks="drawn",
        people_seed=data.people_seed,
        progress=progress,
    )


#: Descriptions of the face set that was asked last, by what they are.
_last: dict[tuple, np.ndarray] = {}


def _described(method: SimpleMethod, face_set: faces.FaceSet, progress: bool) -> np.ndarray:
    """(N, length) float32."""
    key = (face_set.fingerprint, method.features, method.size)
    if key not in _last:
        _last.clear()
        if method.features == "HOG":
            images = faces.resize(face_set.images, method.size, progress=progress)
            cell = round(images.shape[1] / CELLS_A_SIDE)
            parts = [np.asarray(images[start : start + 64]) for start in range(0, len(images), 64)]
            _last[key] = np.concatenate([keras.ops.convert_to_numpy(hog(part, cell=cell)) for part in parts])
        else:
            _last[key] = distances(face_set.landmarks)
    return _last[key]


def ann(described: np.ndarray, classes: int, seed: int) -> keras.Model:
    """One hidden layer over features that are standardised by the faces it learns from."""
    keras.utils.set_random_seed(seed)
    spread = described.std(axis=0).astype(np.float64)
    scale = np.where(spread > 0, spread, 1.0)
    inputs = keras.Input((described.shape[1], 1, 1), dtype="float32")
    # The mean and the variance are given, so that they are no weights to be counted or learned.
    x = keras.layers.Flatten()(inputs)
    x = keras.layers.Normalization(mean=described.mean(axis=0), variance=scale**2)(x)
    x = keras.layers.Dense(HIDDEN, activation="relu", kernel_initializer="he_normal", name="hidden")(x)
    return keras.Model(inputs, keras.layers.Dense(classes, activation="softmax", name="labels")(x), name="ann")
