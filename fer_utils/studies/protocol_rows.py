"""What is trained for the study ``one_protocol``: its rows, its recipe, and which rows are compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fer_utils.core.stages import stage
from fer_utils.experiments import Data, Experiment, Model, Split
from fer_utils.studies.simple_methods import SimpleMethod
from fer_utils.training import Recipe

#: Who is drawn for choosing the rates; they are nowhere else.
OTHER_PEOPLE = 4242
FOLDS, SEEDS = 5, 3
#: The side of the faces in pixels, where a row does not say another.
SIZE = 80
RATES: tuple[float, ...] = (3e-4, 1e-3, 3e-3)
#: The most steps, how many between checks, and after how many checks in vain the rate falls, by tier.
BUDGET: dict[str, tuple[int, int, int]] = {"smoke": (8, 4, 1), "class": (8000, 100, 6), "full": (8000, 100, 6)}
#: Below this training accuracy a network has not learned the faces that it was given.
LEARNED = 0.75
#: For each classifier of the simple methods the numbers of which one is chosen.
SETTINGS: dict[str, tuple[float, ...]] = {"nearest neighbours": (1, 5, 15), "SVM": (1, 10, 100), "ANN": RATES}


@dataclass(frozen=True)
class Row:
    """What is trained in a row: a network with its options, or features and a classifier.

    ``by`` is the unit that is divided; where it is not the actor, people are on both sides, which is then the point.
    ``twins`` puts every clip into the data twice.  ``rate_of`` names the row whose chosen setting is taken over, where
    choosing anew would cost more hours than it is worth.
    """

    network: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    features: str | None = None
    classifier: str | None = None
    size: int | None = SIZE
    seeds: int = SEEDS
    changes: dict[str, Any] = field(default_factory=dict)
    by: str = "actor"
    twins: bool = False
    rate_of: str | None = None

    @property
    def settings(self) -> tuple[float, ...]:
        """The numbers of which one is chosen on the other people."""
        return RATES if self.classifier is None else SETTINGS[self.classifier]

    @property
    def needed(self) -> int:
        """How many trainings give the row's numbers."""
        return FOLDS * (1 if self.classifier in ("nearest neighbours", "SVM") else self.seeds)


#: Simple methods that are asked with frames divided, too, where people are on both sides.
_BY_FRAME: dict[str, Row] = {
    f"{short} and {classifier}, {ending}": Row(
        features=features,
        classifier=classifier,
        size=None,
        seeds=1,
        by="frame",
        twins=twins,
        rate_of=f"{short} and {classifier}",
    )
    for short, features, classifier in (
        ("HOG", "HOG", "nearest neighbours"),
        ("HOG", "HOG", "SVM"),
        ("landmarks", "landmark distances", "SVM"),
    )
    for ending, twins in (("frames at random", False), ("frames at random, twins", True))
}
#: The network of "gradients, 48 px" with other first layers, trained for the study ``first_layers``.  An answer of
#: ``one_protocol`` has these rows only where they are asked for.
OF_FIRST_LAYERS: dict[str, Row] = {
    "learned first layer, 48 px": Row("contrast", {"first": "learned"}, size=48),
    "local contrast, 48 px": Row("contrast", {"first": "contrast"}, size=48),
    # Added on 2026-11-27, after the first answer of that study and before any training of these two rows: the rates
    # that the twins had chosen were a tenth of the network's own.
    "learned first layer, 48 px, same rate": Row("contrast", {"first": "learned"}, size=48, rate_of="gradients, 48 px"),
    "local contrast, 48 px, same rate": Row("contrast", {"first": "contrast"}, size=48, rate_of="gradients, 48 px"),
}
#: In the order in which they are trained: first what a verdict hangs on.
ROWS: dict[str, Row] = {
    "HOG and nearest neighbours": Row(features="HOG", classifier="nearest neighbours", size=None),
    "HOG and SVM": Row(features="HOG", classifier="SVM", size=None),
    "HOG and ANN": Row(features="HOG", classifier="ANN", size=None),
    "HOG and SVM, 80 px": Row(features="HOG", classifier="SVM"),
    "HOG and ANN, 80 px": Row(features="HOG", classifier="ANN"),
    "landmarks and SVM": Row(features="landmark distances", classifier="SVM", size=None),
    "landmarks and ANN": Row(features="landmark distances", classifier="ANN", size=None),
    **_BY_FRAME,
    "nano": Row("nano"),
    # A network behind a fixed layer of oriented gradients: does what HOG knows help a network, too?
    "gradients": Row("contrast", {"first": "gradients"}),
    "gradients, 48 px": Row("contrast", {"first": "gradients"}, size=48),
    "HOG and SVM, 48 px": Row(features="HOG", classifier="SVM", size=48),
    "gradients, 48 px, frames at random": Row(
        "contrast", {"first": "gradients"}, size=48, by="frame", seeds=1, rate_of="gradients, 48 px"
    ),
    "gradients, 48 px, frames at random, twins": Row(
        "contrast", {"first": "gradients"}, size=48, by="frame", twins=True, seeds=1, rate_of="gradients, 48 px"
    ),
    "ding2023": Row("ding2023"),
    "ding2023, frames at random": Row("ding2023", by="frame", seeds=1, rate_of="ding2023"),
    "ding2023, frames at random, twins": Row("ding2023", by="frame", twins=True, seeds=1, rate_of="ding2023"),
    "nano, 25,000": Row("nano", {"widths": (8, 16, 32, 48, 64)}),
    "ding2023, images as they are": Row("ding2023", changes={"flip": False, "augment": 0.0}),
    "nano, 180 px": Row("nano", size=None, seeds=1, rate_of="nano"),
    "ding2023, 180 px": Row("ding2023", size=None, seeds=1, rate_of="ding2023"),
    "mobilenet_inception2019": Row("mobilenet_inception2019", seeds=1),
    "mobilenetv2": Row("mobilenetv2", seeds=1),
    "xception2022, width 1/4": Row("xception2022", {"width": 0.25}, seeds=1),
    "inceptionv3": Row("inceptionv3", seeds=1),
    "inception_resnetv2": Row("inception_resnetv2", seeds=1),
    **OF_FIRST_LAYERS,
}
#: Pairs that a verdict is about: the first's accuracy minus the second's, person by person, corrected together.
COMPARISONS: tuple[tuple[str, str], ...] = (
    ("nano", "ding2023"),
    ("nano", "HOG and SVM"),
    ("nano", "HOG and ANN"),
    ("ding2023", "HOG and SVM"),
    ("HOG and SVM, frames at random", "HOG and SVM"),
    ("ding2023, frames at random", "ding2023"),
    ("ding2023, frames at random, twins", "ding2023, frames at random"),
    ("nano, 25,000", "ding2023"),
    ("ding2023", "ding2023, images as they are"),
    ("HOG and SVM", "HOG and SVM, 80 px"),
    ("nano, 180 px", "nano"),
    ("mobilenet_inception2019", "mobilenetv2"),
    ("mobilenet_inception2019", "inceptionv3"),
    ("mobilenet_inception2019", "inception_resnetv2"),
    ("nano", "mobilenet_inception2019"),
    # Added on 2026-11-26, before any training of these rows on these people.
    ("gradients", "nano"),
    ("gradients", "ding2023"),
    ("gradients", "HOG and SVM"),
    ("gradients, 48 px", "nano"),
    ("gradients, 48 px", "ding2023"),
    ("gradients, 48 px", "HOG and SVM"),
    # Added on the same day, after the first seed of "gradients, 48 px" and before any training of the rows below.
    ("gradients, 48 px", "HOG and SVM, 48 px"),
    ("gradients, 48 px, frames at random", "gradients, 48 px"),
)


def recipe(tier: str, rate: float, **changes) -> Recipe:
    """The protocol's recipe at a learning rate."""
    steps, check_every, patience = BUDGET[tier]
    given: dict[str, Any] = {
        "batch_size": 32,
        "learning_rate": rate,
        "schedule": "plateau",
        "flip": True,
        "augment": 0.5,
        "steps": steps,
        "check_every": check_every,
        "patience": patience,
    }
    return Recipe(**given | changes)


@stage("study.one_protocol")
def asked(row: Row, setting: float, *, tier: str, fold: int, seed: int, other_people: bool = False):
    """The experiment or simple method of a row: who tests is ``fold``, and ``setting`` is the rate, C, or k."""
    people = {"people_seed": OTHER_PEOPLE} if other_people else {}
    data = Data("ravdess", tier=tier, twins=row.twins, **people)
    split = Split(row.by, test=1 / FOLDS, fold=fold, validation=0.25)
    if row.network is not None:
        return Experiment(
            data=data,
            split=split,
            model=Model.of(row.network, size=row.size, **row.options),
            recipe=recipe(tier, setting, **row.changes),
            seed=seed,
        )
    # What is trained on features has no images to mirror or change.
    learned = recipe(tier, setting, flip=False, augment=0.0) if row.classifier == "ANN" else Recipe()
    return SimpleMethod(row.features, row.classifier, setting, data, split, learned, seed, row.size)
