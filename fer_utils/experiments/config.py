"""What is to be run: data, split, network, recipe and seed, as one frozen value.

An experiment's key is a digest of its configuration, of the faces it reads and of the code it uses.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_utils import faces, splits
from fer_utils.core import labels, provenance, stages
from fer_utils.core.errors import invalid
from fer_utils.synthetic import stand_ins
from fer_utils.training import Recipe

#: The name of the split that a data set was published with.
OFFICIAL = "official"


@dataclass(frozen=True)
class Data:
    """Which faces: a drawn stand-in (``tier``), real clips under ``root``, or a ``face_set`` on disk.

    ``people_seed`` says who is drawn: see `fer_utils.synthetic.stand_ins.clip_table`.  ``actor`` says who is seen in a
    ``"folder"`` under ``root``, as in `fer_utils.datasets.scan`: a scheme's name or a regular expression with a group
    ``actor``.  ``size`` is the side of the faces in pixels: 48 for ``fer2013``, whose pictures are no larger.
    """

    dataset: str = "ravdess"
    tier: str = "class"
    root: str | None = None
    twins: bool = False
    frames: int = 6
    detector: str = "dlib"
    face_set: str | None = None
    people_seed: int = stand_ins.SEED
    actor: str | None = None
    size: int = stand_ins.SIZE

    def configuration(self) -> dict:
        """The data as a dict; fields that came after results were stored are in it only where they are set."""
        later = ("people_seed", "actor", "size")
        default = {field.name: field.default for field in fields(self)}
        return {name: value for name, value in asdict(self).items() if name not in later or value != default[name]}

    def load(self, progress: bool = True) -> faces.FaceSet:
        """The face set, made first if need be."""
        if self.face_set is not None:
            return faces.FaceSet.load(self.face_set, progress=progress)
        return stand_ins.face_set(
            self.dataset,
            tier=self.tier,
            root=self.root,
            twins=self.twins,
            frames=self.frames,
            detector=self.detector,
            people_seed=self.people_seed,
            actor=self.actor,
            size=self.size,
            progress=progress,
        )


@dataclass(frozen=True)
class Split:
    """Who tests: see `fer_utils.splits.split`.

    With ``fold`` (0, 1, ...) one of the 1 / ``test`` (rounded) folds of `fer_utils.splits.folds`: over all of
    them everybody tests once.  ``validation``, a share of the units that do not test, is for choosing: when training
    ends (the recipe's ``patience``) and how.  Nothing is learned from them, and they do not test.

    ``by="official"`` is the split that a data set was published with (`fer_utils.splits.official`): for FER2013
    Training learns, PublicTest validates and PrivateTest tests, whatever ``test`` and ``seed`` are.
    """

    by: str = "actor"
    test: float = 0.2
    seed: int = 0
    fold: int | None = None
    validation: float | None = None

    def rows(self, meta) -> tuple:
        """(train, test) row positions of a table of frames; FerError if the split cannot be made.

        Rows for `validation_rows` are in neither.
        """
        if self.by == OFFICIAL:
            return self._official(meta)[0], self._official(meta)[2]
        known, test = self._known_and_test(meta)
        return (known, test) if self.validation is None else (self._learn_and_choose(meta, known)[0], test)

    def validation_rows(self, meta) -> np.ndarray:
        """Row positions of a table of frames that choose; none without ``validation``."""
        if self.by == OFFICIAL:
            return self._official(meta)[1]
        if self.validation is None:
            return np.zeros(0, np.int64)
        return self._learn_and_choose(meta, self._known_and_test(meta)[0])[1]

    @property
    def validates(self) -> bool:
        """Whether there are rows that choose."""
        return self.validation is not None or self.by == OFFICIAL

    def configuration(self) -> dict:
        """The split as a dict; ``validation`` came after results were stored and is in it only where it is set."""
        value = asdict(self)
        if self.validation is None:
            del value["validation"]
        return value

    def _official(self, meta) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        for name in ("fold", "validation"):
            if getattr(self, name) is not None:
                why = "None: the official split has no folds and says itself who validates"
                raise invalid(name, expected=why, received=getattr(self, name))
        return splits.official(meta)

    def _learn_and_choose(self, meta, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The rows that do not test, divided; each fold draws anew."""
        share = self.validation
        if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share < 1:
            raise invalid("validation", expected="None, or a share between 0 and 1, both excluded", received=share)
        drawn_by = self.seed * 1000 + (0 if self.fold is None else self.fold)
        learn, choose = splits.split(meta.iloc[known], self.by, share, drawn_by)
        return known[learn], known[choose]

    def _known_and_test(self, meta) -> tuple[np.ndarray, np.ndarray]:
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
    """What is run: data, split, model, recipe and seed.

    With ``distillation`` the network learns from others, too, besides the labels.
    Strings stand for defaults: ``Experiment(data="savee", split="frame",
    model="knn")``.  ``tier`` is a short way to set the data's tier.

    >>> Experiment(split="actor").split
    Split(by='actor', test=0.2, seed=0, fold=None, validation=None)
    """

    data: Data = field(default_factory=Data)
    split: Split = field(default_factory=Split)
    model: Model = field(default_factory=Model)
    recipe: Recipe = field(default_factory=Recipe)
    seed: int = 0
    tier: str | None = None
    distillation: Distillation | None = None

    if TYPE_CHECKING:  # strings are taken, and what is kept is never one

        def __init__(
            self,
            data: Data | str = Data(),
            split: Split | str = Split(),
            model: Model | str = Model(),
            recipe: Recipe = Recipe(),
            seed: int = 0,
            tier: str | None = None,
            distillation: Distillation | None = None,
        ) -> None: ...

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
        if self.recipe.patience is not None and not self.split.validates:
            raise invalid(
                "split",
                expected="a share for `validation`, which the recipe's `patience` asks",
                received=self.split,
                remedy="Give one: Split(validation=0.25).",
            )
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
        value: dict[str, Any] = {
            "data": self.data.configuration(),
            "split": self.split.configuration(),
            "model": asdict(self.model),
            "recipe": self.recipe.configuration(),
            "seed": self.seed,
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

    def stages(self) -> dict[str, int]:
        """The stages that running it passes, with their versions; those of the faces are in the faces' fingerprint."""
        passed = {"experiments", "splits", "training", "metrics", "faces", f"model.{self.model.name}"}
        if self.split.by == OFFICIAL:
            passed.add("official_split")
        if self.distillation is not None:
            passed.add("distillation")
            for teacher in self.distillation.teachers:
                passed |= set(teacher.stages())
        return stages.versions(passed)

    def key(self, face_set: faces.FaceSet) -> str:
        """24 hexadecimal digits: the configuration, the faces' fingerprint, and the versions of the stages passed.

        Metrics are left out: where their version changed, stored predictions are scored anew.
        """
        # A root or a folder's name is where the faces lie, not what they are: the fingerprint says that.
        what = self.configuration()
        what["data"] = [face_set.fingerprint, labels.vocabulary(self.data.dataset, face_set.meta["expression"])]
        for teacher in what.get("distillation", {}).get("teachers", ()):
            teacher["data"] = what["data"]
        passed = {stage: version for stage, version in self.stages().items() if stage != "metrics"}
        return provenance.digest([what, passed])[:24]
