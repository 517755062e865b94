"""Experiments: say once what is to be run; get the stored result or run it.

An experiment is a frozen value.  Its key is a digest of its configuration, of
the faces it reads and of the code it uses; the result lies on disk under that
key, so every chapter runs alone, in any order, and no work is done twice.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
import datetime
import json
from pathlib import Path
import shutil
import time

import numpy as np
import pandas as pd

from fer_utils import faces, metrics, splits
from fer_utils.core import labels, provenance
from fer_utils.core.errors import FerError, invalid
from fer_utils.core.paths import home, one_process_at_a_time, write_atomic
from fer_utils.synthetic import stand_ins
from fer_utils.training import Recipe


@dataclass(frozen=True)
class Data:
    """Which faces: a drawn stand-in (``tier``), real clips under ``root``, or a ``face_set`` on disk."""

    dataset: str = "ravdess"
    tier: str = "class"
    root: str | None = None
    twins: bool = False
    frames: int = 6
    detector: str = "dlib"
    face_set: str | None = None

    def load(self, progress: bool = True) -> faces.FaceSet:
        """The face set, made first if need be."""
        if self.face_set is not None:
            return faces.FaceSet.load(self.face_set)
        return stand_ins.face_set(
            self.dataset,
            tier=self.tier,
            root=self.root,
            twins=self.twins,
            frames=self.frames,
            detector=self.detector,
            progress=progress,
        )


@dataclass(frozen=True)
class Split:
    """Who tests: see `fer_utils.splits.split`.

    With ``fold`` (0, 1, ...) one of the 1 / ``test`` (rounded) folds of `fer_utils.splits.folds`: over all of
    them everybody tests once.
    """

    by: str = "actor"
    test: float = 0.2
    seed: int = 0
    fold: int | None = None

    def rows(self, meta) -> tuple:
        """(train, test) row positions of a table of frames; FerError if the split cannot be made."""
        if self.fold is None:
            return splits.split(meta, self.by, self.test, self.seed)
        if isinstance(self.test, bool) or not isinstance(self.test, (int, float)) or not 0 < self.test <= 0.5:
            raise invalid("test", expected="a share above 0 and up to 0.5, with folds", received=self.test)
        made = splits.folds(meta, self.by, round(1 / self.test), self.seed)
        if isinstance(self.fold, bool) or not isinstance(self.fold, int) or not 0 <= self.fold < len(made):
            raise invalid("fold", expected=f"None, or a whole number from 0 to {len(made) - 1}", received=self.fold)
        return made[self.fold]


@dataclass(frozen=True)
class Model:
    """Which network, with its options as sorted (name, value) pairs: see `fer_utils.models.build`."""

    name: str = "ding2023"
    options: tuple[tuple[str, object], ...] = ()
    size: int | None = None

    @classmethod
    def of(cls, name: str, *, size: int | None = None, **options) -> Model:
        """``Model.of("ding2023", l1=1e-4)``: options by keyword; lists become tuples.

        ``size`` (pixels) shrinks the faces before the network sees them; None leaves them as they are.
        """
        frozen = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
        return cls(name, tuple(sorted(frozen.items())), size)


@dataclass(frozen=True)
class Distillation:
    """From whom a network learns besides the labels: see `fer_utils.models.distilled.taught`.

    ``teachers`` are experiments on the same data and split, so that no teacher has seen who tests; they are run
    first if need be.
    """

    teachers: tuple[Experiment, ...]
    weight: float = 1.0
    temperature: float = 3.0

    def __post_init__(self):
        teachers = (self.teachers,) if isinstance(self.teachers, Experiment) else tuple(self.teachers)
        if not teachers or not all(isinstance(one, Experiment) for one in teachers):
            raise invalid("teachers", expected="one Experiment or more", received=self.teachers)
        object.__setattr__(self, "teachers", teachers)


@dataclass(frozen=True)
class Experiment:
    """What is run: data, split, model, recipe, seed, and from whom the network learns besides the labels, if from anybody.

    Strings stand for defaults: ``Experiment(data="savee", split="frame",
    model="knn")``.  ``tier`` is a short way to set the data's tier.

    >>> Experiment(split="actor").split
    Split(by='actor', test=0.2, seed=0)
    """

    data: Data | str = field(default_factory=Data)
    split: Split | str = field(default_factory=Split)
    model: Model | str = field(default_factory=Model)
    recipe: Recipe = field(default_factory=Recipe)
    seed: int = 0
    tier: str | None = None
    distillation: Distillation | None = None

    def __post_init__(self):
        for name, kind in (("data", Data), ("split", Split), ("model", Model)):
            value = getattr(self, name)
            if isinstance(value, str):
                object.__setattr__(self, name, kind(value))
            elif not isinstance(value, kind):
                raise invalid(name, expected=f"a name or a {kind.__name__}", received=value)
        if not isinstance(self.recipe, Recipe):
            raise invalid("recipe", expected="a Recipe", received=self.recipe)
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise invalid("seed", expected="a whole number of 0 or more", received=self.seed)
        if self.tier is not None:
            if self.tier not in stand_ins.TIERS:
                raise invalid("tier", expected=f"one of {', '.join(stand_ins.TIERS)}", received=self.tier)
            object.__setattr__(self, "data", Data(**{**asdict(self.data), "tier": self.tier}))
            object.__setattr__(self, "tier", None)
        if self.distillation is not None:
            if not isinstance(self.distillation, Distillation):
                raise invalid("distillation", expected="None or a Distillation", received=self.distillation)
            for teacher in self.distillation.teachers:
                for name in ("data", "split"):
                    if getattr(teacher, name) != getattr(self, name):
                        raise invalid(
                            "distillation",
                            expected=f"teachers with the student's {name}, {getattr(self, name)}",
                            received=getattr(teacher, name),
                            remedy="A teacher that met the people who test would tell of them.",
                        )
                if teacher.model.size != self.model.size:
                    raise invalid(
                        "distillation",
                        expected=f"teachers that see faces of the student's size, {self.model.size}",
                        received=teacher.model.size,
                    )

    def configuration(self) -> dict:
        """The experiment as a JSON-able dict, nested as it is."""
        value = {name: asdict(getattr(self, name)) for name in ("data", "split", "model", "recipe")} | {
            "seed": self.seed
        }
        value["model"]["options"] = {k: list(v) if isinstance(v, tuple) else v for k, v in self.model.options}
        if self.distillation is not None:
            taught = self.distillation
            value["distillation"] = {
                "teachers": [teacher.configuration() for teacher in taught.teachers],
                "weight": taught.weight,
                "temperature": taught.temperature,
            }
        return value

    @classmethod
    def from_configuration(cls, value: dict) -> Experiment:
        """The inverse of `configuration`."""
        model, taught = value["model"], value.get("distillation")
        return cls(
            Data(**value["data"]),
            Split(**value["split"]),
            Model.of(model["name"], size=model["size"], **model["options"]),
            Recipe(**value["recipe"]),
            value["seed"],
            distillation=taught
            and Distillation(
                tuple(map(cls.from_configuration, taught["teachers"])), taught["weight"], taught["temperature"]
            ),
        )

    def key(self, face_set: faces.FaceSet) -> str:
        """24 hexadecimal digits: configuration, faces and code; other code, other key."""
        # A root or a folder's name is where the faces lie, not what they are: the fingerprint says that.
        what = self.configuration()
        what["data"] = [face_set.fingerprint, labels.vocabulary(self.data.dataset, face_set.meta["expression"])]
        for teacher in what.get("distillation", {}).get("teachers", ()):
            teacher["data"] = what["data"]
        modules = ["fer_utils.training", "fer_utils.splits", f"fer_utils.models.{self.model.name}"]
        if self.distillation is not None:
            modules += [
                "fer_utils.models.distilled",
                *(f"fer_utils.models.{one.model.name}" for one in self.distillation.teachers),
            ]
        return provenance.digest([what, provenance.code_fingerprint(modules, registries=False)])[:24]


@dataclass
class Result:
    """What an experiment returns and stores; ``result.json`` and ``model.keras`` under ``path``.

    ``metrics`` is `fer_utils.metrics.metrics` on the test rows; ``predictions``
    one row a test image (row, clip, actor, true, predicted and the probability
    of each label); ``split`` the counts on both sides and what leaked; ``faces`` how the faces were
    made (frames, size, margin, detector, alignment: see `fer_utils.faces.prepare`); ``hardware`` the machine,
    and the backend, GPU and precision of the training.
    """

    path: Path
    experiment: dict
    key: str
    labels: list[str]
    history: dict[str, list[float]]
    metrics: dict
    metrics_code: str
    split: dict
    parameters: int
    seed: int
    minutes: float
    versions: dict[str, str]
    hardware: dict
    commit: str
    finished: str
    predictions: pd.DataFrame
    faces: dict = field(default_factory=dict)

    @property
    def accuracy(self) -> float:
        """The test accuracy, 0 to 1."""
        return self.metrics["accuracy"]["value"]

    @property
    def confusion(self) -> np.ndarray:
        """Counts (classes, classes): row true, column predicted."""
        return np.array(self.metrics["confusion"])

    def model(self):
        """The trained Keras model."""
        from fer_utils import models

        return models.load(self.path / "model.keras")

    def to_json(self) -> str:
        """The whole result as JSON text; predictions as lists by column."""
        value = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("path", "predictions")}
        value["predictions"] = {name: column.tolist() for name, column in self.predictions.items()}
        return json.dumps(value, indent=1)

    @classmethod
    def load(cls, path: Path | str) -> Result:
        """Read a stored result from its folder or its ``result.json``.

        Raises
        ------
        FerError : nothing there, or a file that is not a result.
        """
        path = Path(path)
        file = path if path.suffix == ".json" else path / "result.json"
        if not file.is_file():
            raise invalid(
                "path",
                expected="the folder of a stored result",
                received=str(path),
                remedy="Run the experiment first: fer_utils.experiments.run(...)",
            )
        try:
            value = json.loads(file.read_text())
            return cls(path=file.parent, predictions=pd.DataFrame(value.pop("predictions")), **value)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FerError(
                f"{file} is not a stored result ({type(error).__name__}: {error}). "
                "Delete it and run the experiment again."
            ) from error


def run(experiment: Experiment, *, face_set: faces.FaceSet | None = None, progress: bool = True) -> Result:
    """Return the stored result of an experiment, or run it and store it.

    Parameters
    ----------
    experiment : what to run.
    face_set : the faces, if they are at hand; else ``experiment.data`` says where they are.
    progress : bars on standard error.

    A run that was killed goes on from its last whole epoch.

    Raises
    ------
    FerError : a face set without faces, an impossible split, an unknown model.
    """
    if not isinstance(experiment, Experiment):
        raise invalid("experiment", expected="an Experiment", received=experiment)
    from fer_utils import models

    models.check_name(experiment.model.name)
    face_set = face_set if face_set is not None else experiment.data.load(progress)
    if not len(face_set):
        raise invalid(
            "face_set",
            expected="at least one face",
            received=f"0 faces in {face_set.path}",
            remedy=f"Its report says why:\n{face_set.problems}",
        )
    key = experiment.key(face_set)
    folder = home() / "results" / f"{experiment.model.name}-{key}"
    if (folder / "result.json").is_file():
        return _with_current_metrics(Result.load(folder))
    with one_process_at_a_time(folder):
        if (folder / "result.json").is_file():  # trained by another process while this one waited
            return _with_current_metrics(Result.load(folder))
        return _run(experiment, face_set, key, folder, progress)


def _metrics_code() -> str:
    return provenance.code_fingerprint(["fer_utils.metrics"])[:12]


def _with_current_metrics(result: Result) -> Result:
    """Score stored predictions anew where the scoring code has changed since: no training is needed for that."""
    if result.metrics_code != _metrics_code():
        rows = result.predictions
        result.metrics = metrics.metrics(
            rows["true"].to_numpy(np.int64),
            rows["predicted"].to_numpy(np.int64),
            rows["actor"].to_numpy(),
            result.labels,
        )
        result.metrics_code = _metrics_code()
        write_atomic(result.path / "result.json", result.to_json())
    return result


def _run(experiment: Experiment, face_set: faces.FaceSet, key: str, folder: Path, progress: bool) -> Result:
    import keras

    from fer_utils import models

    began = time.monotonic()
    meta = face_set.meta
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
        )
    targets = targets.to_numpy(np.int64)
    split = experiment.split
    training, testing = split.rows(meta)
    images = shrink(face_set.images, experiment.model.size, progress=progress)

    keras.utils.set_random_seed(experiment.seed)
    model = models.build(
        experiment.model.name, classes=len(names), input_shape=tuple(images.shape[1:]), **dict(experiment.model.options)
    )
    work, taught = folder / "unfinished", experiment.distillation
    if taught is not None:
        teachers = [run(teacher, face_set=face_set, progress=progress).model() for teacher in taught.teachers]
        keras.utils.set_random_seed(experiment.seed)
        model = models.taught(model, teachers, weight=taught.weight, temperature=taught.temperature)
    model, history = training.fit(
        model,
        images,
        targets,
        training,
        testing,
        recipe=experiment.recipe,
        seed=experiment.seed,
        folder=work,
        progress=progress,
        description=f"{experiment.model.name}, split by {split.by}",
    )
    if taught is not None:
        model = models.student_of(model, experiment.model.name)
    scores = training.predict_probabilities(model, images, testing)
    predicted = scores.argmax(axis=1).astype(np.int64)
    rows = meta.iloc[testing]
    predictions = pd.DataFrame(
        {
            "row": testing,
            "clip": rows["clip"].to_numpy(),
            "actor": rows["actor"].to_numpy(),
            "true": targets[testing],
            "predicted": predicted,
            **{f"p_{name}": scores[:, i].astype(float).round(5) for i, name in enumerate(names)},
        }
    )
    leaked = splits.leakage(meta, training, testing)
    result = Result(
        path=folder,
        experiment=experiment.configuration(),
        key=key,
        labels=list(names),
        history=history,
        metrics=metrics.metrics(targets[testing], predicted, rows["actor"].to_numpy(), names),
        metrics_code=_metrics_code(),
        split={
            "train": len(training),
            "test": len(testing),
            "train_actors": int(meta.iloc[training]["actor"].nunique()),
            "test_actors": int(rows["actor"].nunique()),
            "leaked_share": {level: float(share) for level, share in leaked["share"].items()},
        },
        parameters=int(model.count_params()),
        seed=experiment.seed,
        minutes=round((time.monotonic() - began) / 60, 3),
        versions=provenance.versions(),
        hardware=provenance.hardware() | training.computed_on(experiment.recipe.precision),
        commit=provenance.commit(),
        finished=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        predictions=predictions,
        faces=dict(face_set.manifest.get("config") or {}),
    )
    folder.mkdir(parents=True, exist_ok=True)
    model.save(folder / "model.keras")
    write_atomic(folder / "result.json", result.to_json())  # last: its presence says the run is whole
    shutil.rmtree(work, ignore_errors=True)
    return result


def shrink(images: np.ndarray, size: int | None, *, progress: bool = True) -> np.ndarray:
    """Faces at ``size`` pixels (N, size, size, 1) uint8; at their own size (or None) they are passed on untouched."""
    if size is None or size == images.shape[1]:
        return images
    if isinstance(size, bool) or not isinstance(size, int) or not 16 <= size <= images.shape[1]:
        raise invalid("size", expected=f"16 to {images.shape[1]} pixels", received=size)
    import cv2
    from tqdm import tqdm

    small = np.empty((len(images), size, size, 1), np.uint8)
    for i in tqdm(range(len(images)), desc=f"shrinking to {size} px", disable=not progress, leave=False):
        small[i, :, :, 0] = cv2.resize(np.asarray(images[i, :, :, 0]), (size, size), interpolation=cv2.INTER_AREA)
    return small
