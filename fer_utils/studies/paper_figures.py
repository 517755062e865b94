"""The figures of Ding, Tang & Lu 2023 on drawn actors: curves (their Figs. 3 to 6) and confusion matrices (7 to 9).

    python -m fer_utils study paper_figures --tier class --store      # a killed run goes on with the next training

The split is by frame, and RAVDESS is filmed with its twins: the reading under which the paper's
counts and scores are possible (it does not state its split).  RAVDESS has twice as
many pictures and half as many epochs, so that all networks take about as many steps.  Its trainings are those of
`fer_utils.studies.split`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fer_utils.core.errors import whole_number
from fer_utils.experiments import Data, Experiment, Model, Split
from fer_utils.studies import real_data
from fer_utils.studies.split import experiments_of as split_experiments
from fer_utils.studies.trainings import counts, gain, pooled, trained
from fer_utils.synthetic.stand_ins import EPOCHS
from fer_utils.training import Recipe

TITLE = "The paper's Figures 3 to 9 on drawn actors, three to five seeds each"
HEADLINE = True

#: The modification for SAVEE: 'from 0.3 to 0.5' in 'the last two dropout layers', and L1 on the dense layer, whose
#: strength is ours.
MODIFIED: dict = {"dropout": (0.3, 0.5, 0.5), "l1": 1e-4}
#: name -> data set, options of the network, the paper's figures (curves, confusion matrix), what it reports
#: in per cent (accuracy, F1), and how many trainings.
PANELS: dict[str, tuple[str, dict, tuple[int, int | None], tuple[int, int] | None, int]] = {
    "MEAD": ("mead", {}, (3, 7), (97, 97), 3),
    "RAVDESS": ("ravdess", {}, (4, 8), (92, 92), 5),
    "SAVEE before": ("savee", {"dropout": (0.3, 0.3, 0.3)}, (5, None), None, 3),
    "SAVEE after": ("savee", MODIFIED, (6, 9), (94, 92), 3),
}


def experiments_of(panel: str, trainings: int, *, tier: str, epochs: int):
    """The experiments of one panel, seeds 0, 1, ..., each with a split of its own."""
    dataset, options, *_ = PANELS[panel]
    if dataset == "ravdess":
        return split_experiments("frame", True, trainings, tier=tier, epochs=epochs)
    return [
        Experiment(
            data=Data(dataset, tier=tier),
            split=Split("frame", seed=seed),
            model=Model.of("ding2023", **options),
            recipe=Recipe(epochs=2 * epochs),
            seed=seed,
        )
        for seed in range(trainings)
    ]


def answer(
    tier: str = "class",
    *,
    progress: bool = True,
    panels: Mapping[str, int] | None = None,
    epochs: int | None = None,
    real: Mapping[str, str] | None = None,
) -> dict:
    """Train what is not trained yet, and give every panel its curves, scores and confusion matrix.

    Parameters
    ----------
    tier : of the stand-ins; see `fer_utils.synthetic.stand_ins.SIZES`.
    panels : keys of `PANELS` to trainings; None for all, as many as there.
    epochs : of RAVDESS with its twins, the others have twice as many; None for the tier's own number.
    real : data set -> folder of real clips, in the place of the stand-ins; then only the panels of these sets are made.

    Returns
    -------
    dict with ``tier``, ``split`` (frame) and ``panels``, each with ``name``, ``figures`` (numbers in the paper: curves,
    confusion matrix or None), ``reported`` (per cent: accuracy, F1; or None), ``dataset``, ``twins``, ``epochs``,
    ``labels``, ``histories`` (one a training: loss, accuracy, test_loss, test_accuracy by epoch), all of
    ``pooled``, and ``experiment`` (of seed 0); and ``modification``: after minus before on SAVEE, each actor
    against himself, with its interval over the four men, ``gap_before`` and ``gap_after``
    (training minus test accuracy after the last epoch, means over seeds), or None if a panel is missing.

    Raises
    ------
    FerError : an unknown panel, no trainings, no epochs; with ``real``, a panel of a data set without a folder.
    """
    known = {name: value[-1] for name, value in PANELS.items()}
    if real is not None and panels is None:
        panels = real_data.panels(PANELS, real)
    chosen = counts("panels", panels, known)
    epochs = EPOCHS[tier] if epochs is None else whole_number("epochs", epochs, 1)
    plan = {name: experiments_of(name, trainings, tier=tier, epochs=epochs) for name, trainings in chosen.items()}
    if real is not None:
        plan = real_data.on_real_clips(plan, real)
    found = {name: _panel(name, some) for name, some in trained(plan, progress=progress).items()}
    both = "SAVEE before" in found and "SAVEE after" in found
    return {
        "tier": tier,
        "split": "frame",
        "panels": list(found.values()),
        "modification": _modification(found["SAVEE before"], found["SAVEE after"]) if both else None,
    }


def _panel(name: str, results: list) -> dict:
    dataset, _, figures, reported, _ = PANELS[name]
    first = results[0]
    return {
        "name": name,
        "figures": figures,
        "reported": reported,
        "dataset": dataset,
        "twins": first.experiment["data"]["twins"],
        "epochs": first.experiment["recipe"]["epochs"],
        "labels": first.labels,
        "histories": [
            {
                key: [round(value, 5) for value in result.history[key]]
                for key in ("loss", "accuracy", "test_loss", "test_accuracy")
            }
            for result in results
        ],
        **pooled(results),
        "experiment": first.experiment,
    }


def _modification(before: dict, after: dict) -> dict:
    def gap(row):
        return float(np.mean([history["accuracy"][-1] - history["test_accuracy"][-1] for history in row["histories"]]))

    return {**gain(before, after), "gap_before": gap(before), "gap_after": gap(after)}
