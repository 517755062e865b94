"""Split laboratory: choose how rows are split, see which test rows have a sibling in training, and train a classifier.

Python sends the rows of 24 drawn actors (`fer_utils.widgets.split_laboratory_rows`).  Splits, counts and the two
classifiers are JavaScript, so that the widget works on the book's page, where no kernel runs, as it does in Jupyter.
The splits are those of `fer_utils.splits.folds`, to the row.
"""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import pandas as pd
from scipy import stats
import traitlets

from fer_utils import splits, studies
from fer_utils.core.errors import invalid, whole_number
from fer_utils.splits.splitting import UNITS
from fer_utils.studio import likeness
from fer_utils.widgets import split_laboratory_rows as stored_rows
from fer_utils.widgets.joined_modules import joined
from fer_utils.widgets.static_picture import StaticPicture
from fer_utils.widgets.train_here_still import as_address

_HERE = Path(__file__).parent

METHODS = ("network", "nearest")
#: Folds, as everywhere in the book; draws that the reader can choose from; actors that RAVDESS has.
FOLDS, SEEDS, MOST_ACTORS = 5, 5, 24
#: Columns of the reader's own table, in the order of `fer_utils.datasets.load_features`.
OWN_COLUMNS = (
    *(f"AU{unit:02d}_r" for unit in likeness.UNITS),
    *(f"AU{unit:02d}_c" for unit in sorted((*likeness.UNITS, 28))),
)
#: What the page found with draw 1, for places where no script runs; ``python tests/widgets/store_split_rows.py``.
RESULTS = _HERE / "split_laboratory_results.json"
#: In which protocol of the study `real_people` the page's splits are: (split, twins) -> protocol.
_PROTOCOLS = {
    ("clip", True): "twins",
    ("performance", True): "twins together",
    ("clip", False): "clips",
    ("performance", False): "clips",
    ("actor", False): "actors, drawn folds",
}


class SplitLaboratory(StaticPicture, anywidget.AnyWidget):
    """Split the rows of 24 actors by frame, clip, performance or actor, see who leaks, and train a classifier.

    Five folds, so that every row tests once.  The classifier is trained in the page: a network of one hidden layer (64
    ReLU units, 1,500 steps of Adam at 0.005 in batches of 16), or the nearest neighbour.  Features are standardised
    by the training rows of the fold.  The reader may open a copy of the real actors' action units in the page.

    Parameters (synced traits)
    --------------------------
    split : ``"frame"``, ``"clip"``, ``"performance"`` or ``"actor"``.
    twins : every performance is in the data in two files, as RAVDESS has it; else in one.
    method : ``"network"`` or ``"nearest"``.
    seed : which draw of the folds, 0 to 4: the seed of `fer_utils.splits.folds`.
    fold : the fold whose rows are on the map, 0 to 4.

    Raises FerError for an argument that is not there or out of range.

    Attributes (synced traits)
    --------------------------
    measured : dict of what the page found last, with the settings above: ``table`` (*drawn* or *yours*), ``right`` and
        ``rows`` (counts of the test rows of all folds), ``value``, ``low`` and ``high`` (mean accuracy of the actors
        and Student's 95 % interval over them), ``people`` (accuracy of each actor), and ``leaks`` of the fold: for
        clip, performance and actor ``shared`` and ``test_rows`` as in `fer_utils.splits.leakage`.  Empty at first.
    """

    _esm = joined(
        "elements.js",
        "studio_random.js",
        "small_network.js",
        "training_run.js",
        "training_engine.js",
        "split_laboratory_rules.js",
        "split_laboratory_learning.js",
        "split_laboratory_table.js",
        "split_laboratory_map.js",
        "split_laboratory_parts.js",
        "split_laboratory.js",
    )
    _css = _HERE / "split_laboratory.css"

    split = traitlets.Enum(UNITS, "frame").tag(sync=True)
    twins = traitlets.Bool(True).tag(sync=True)
    method = traitlets.Enum(METHODS, "network").tag(sync=True)
    seed = traitlets.Int(0, min=0, max=SEEDS - 1).tag(sync=True)
    fold = traitlets.Int(0, min=0, max=FOLDS - 1).tag(sync=True)
    measured = traitlets.Dict().tag(sync=True)
    #: The drawn actors' rows in bytes, what they are, what the book's studies found, and Student's quantiles.
    rows = traitlets.Bytes(b"", read_only=True).tag(sync=True)
    about = traitlets.Dict(read_only=True).tag(sync=True)
    reference = traitlets.List(read_only=True).tag(sync=True)
    quantiles = traitlets.List(read_only=True).tag(sync=True)

    def __init__(self, **settings):
        for name, value in settings.items():
            _check(name, value)
        super().__init__(**settings)
        rows = stored_rows.rows()
        self.set_trait("rows", rows.tobytes())
        about = {"names": list(stored_rows.LABELS), "files": stored_rows.files(), "frames": len(stored_rows.FRAMES)}
        self.set_trait("about", about | {"features": rows.shape[1], "own_columns": list(OWN_COLUMNS), "seeds": SEEDS})
        self.set_trait("reference", references())
        self.set_trait("quantiles", [0.0, 0.0, *stats.t.ppf(0.975, np.arange(1, MOST_ACTORS)).tolist()])

    @property
    def meta(self) -> pd.DataFrame:
        """The rows that are split, one line each, as `fer_utils.splits` takes it; in the order of `features`."""
        return stored_rows.meta(self.twins).reset_index(drop=True)

    @property
    def features(self) -> np.ndarray:
        """The rows' distances in bytes, (N, 36) uint8; `split_laboratory_rows.ranges` says what a byte stands for."""
        return stored_rows.rows()[stored_rows.meta(self.twins).index]

    def folds(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The five folds, (train, test) row positions each: `fer_utils.splits.folds` with these settings."""
        return splits.folds(self.meta, by=self.split, k=FOLDS, seed=self.seed)

    def leakage(self) -> pd.DataFrame:
        """What stands on both sides of the chosen fold: `fer_utils.splits.leakage`."""
        return splits.leakage(self.meta, *self.folds()[self.fold], progress=False)

    def describe(self) -> str:
        """What the table of the four splits shows with draw 1, in sentences: the picture's alt text."""
        twins = "with every performance in two files" if self.twins else "with every performance in one file"
        parts = []
        for unit, found in _stored_results(self.twins).items():
            parts.append(
                f"split by {unit}, the small network is right in {_percent(found['network'])} and the nearest "
                f"neighbour in {_percent(found['nearest'])}"
            )
        return (
            f"Frames of {MOST_ACTORS} drawn actors, {twins}, in five folds. Right answers of two classifiers: "
            f"{'; '.join(parts)}."
        )

    def picture_html(self) -> str:
        """A still picture of the accuracies with alt text, for places where no script runs."""
        parts = []
        for line, (unit, found) in enumerate(_stored_results(self.twins).items()):
            top = 56 + 46 * line
            parts.append(f'<text x="160" y="{top + 21}" text-anchor="end">by {unit}</text>')
            for number, (method, colour) in enumerate((("network", "#0072b2"), ("nearest", "#767f89"))):
                share, y = found[method]["right"] / found[method]["rows"], top + 16 * number
                parts.append(
                    f'<rect x="172" y="{y}" width="{360 * share:.1f}" height="13" fill="{colour}"/>'
                    f'<text x="{180 + 360 * share:.0f}" y="{y + 12}" font-size="13">{_percent(found[method])}</text>'
                )
        svg = (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 250" font-family="sans-serif" font-size="16" '
            'fill="#1f2328"><rect width="640" height="250" rx="8" fill="#ffffff"/>'
            '<text x="172" y="34" font-size="14">right answers: small network (blue), nearest neighbour (grey)</text>'
            f"{''.join(parts)}</svg>"
        )
        alt = html.escape(self.describe(), quote=True)
        return (
            f'<figure class="fer-split-still"><img alt="{alt}" width="640" style="max-width:100%;height:auto" '
            f'src="{as_address(svg.encode(), "image/svg+xml")}"><figcaption>The widget at rest: four splits of the '
            "same rows. It trains in Jupyter, in Colab and on the book's page.</figcaption></figure>"
        )


def references() -> list[dict[str, Any]]:
    """What the book's studies found under the same splits: ``table``, ``split``, ``twins``, ``words``, an interval."""
    found = []

    def add(table, split, twins, words, accuracy):
        ends = {name: accuracy[name] for name in ("value", "low", "high")}
        found.append({"table": table, "split": split, "twins": twins, "words": words, **ends})

    words = "the paper's network, on the pictures of the same actors"
    for row in studies.load("split", "class").answer["rows"]:
        units = ("clip", "performance") if row["unit"] == "clip" and not row["twins"] else (row["unit"],)
        for unit in units:
            add("drawn", unit, row["twins"], words, row["accuracy"])
    real = studies.load("real_people").answer
    for (unit, twins), protocol in _PROTOCOLS.items():
        for model, words in (
            ("small network", "a network of 32 units, five draws"),
            ("support vectors", "a support vector machine, five draws"),
        ):
            wanted = {"model": model, "protocol": protocol, "reference": "plain"}
            add("yours", unit, twins, words, studies.real_people.pick(real["rows"], **wanted)["accuracy"])
    return found


def _stored_results(twins: bool) -> dict[str, dict[str, dict]]:
    """For each split and method what the page found with draw 1."""
    return json.loads(RESULTS.read_text(encoding="utf8"))["with twins" if twins else "without twins"]


def _percent(found: dict) -> str:
    return f"{100 * found['right'] / found['rows']:.1f} %"


def _check(name: str, value) -> None:
    """FerError for a setting that is not there, or a value that it cannot have."""
    choices = {"split": UNITS, "method": METHODS}
    if name in choices:
        if value not in choices[name]:
            raise invalid(name, expected=f"one of {', '.join(choices[name])}", received=value)
    elif name in ("seed", "fold"):
        whole_number(name, value, 0, (SEEDS if name == "seed" else FOLDS) - 1)
    elif name == "twins":
        if not isinstance(value, bool):
            raise invalid(name, expected="True or False", received=value)
    else:
        known = "split, twins, method, seed, fold"
        raise invalid(name, expected=f"no such argument; there are {known}", received=value)
