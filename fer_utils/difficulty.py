"""How hard the drawn stand-ins are, as an experiment that anyone can run.

    python -m fer_utils difficulty --tier full

Trainings of the paper's network answer what the stand-ins are for: does it
fall to people it has not seen, as on real faces, and does it take for each other
what people take for each other; does SAVEE overfit, and does the
paper's modification help; is MEAD the easiest.  The studio's difficulty itself
(`fer_utils.studio.acting`) is set against measurements of real actors: see
`fer_utils.studio.likeness`.
"""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import numpy as np

from . import evaluate
from .errors import invalid
from .experiments import Data, Experiment, Model, Split, run
from .paths import write_atomic
from .sources import EPOCHS, TIERS
from .train import Recipe

#: Before and after what the paper did for SAVEE: more dropout, and L1 on the hidden layer's kernel (its strength is ours).
BEFORE = Model.of("ding2023", dropout=(0.3, 0.3, 0.3))
AFTER = Model.of("ding2023", dropout=(0.3, 0.5, 0.5), l1=1e-4)

#: name -> (data set, splits, network): every question is one row of the table.  Folds differ by ten points and more in how
#: hard their people are, so that RAVDESS is asked over all of them: every actor is unseen once.
QUESTIONS: dict[str, tuple[str, tuple[Split, ...], Model]] = {
    "RAVDESS, people unseen": ("ravdess", tuple(Split("actor", fold=k) for k in range(5)), Model("ding2023")),
    "RAVDESS, frames at random": ("ravdess", (Split("frame"),), Model("ding2023")),
    "SAVEE, clips at random, before": ("savee", (Split("clip"),), BEFORE),
    "SAVEE, clips at random, after": ("savee", (Split("clip"),), AFTER),
    "MEAD, people unseen": ("mead", (Split("actor"),), Model("ding2023")),
}


def measure(tier: str = "class", *, questions=None, epochs: int | None = None, progress: bool = True):
    """Answer the questions: train, or read what was trained before.

    Parameters
    ----------
    tier : ``smoke``, ``class`` or ``full`` (the paper's sizes; long without a GPU).
    questions : names of `QUESTIONS`; None for all.
    epochs : None for the tier's own number.
    progress : bars on standard error.

    Returns
    -------
    DataFrame, one row a question: ``question``, ``dataset``, ``split``, ``train_images``,
    ``test_images``, ``value`` (accuracy) with ``low`` and ``high`` (95 % over
    ``groups`` actors; empty with one), ``folds`` (accuracy of each), ``train_accuracy`` of the last epoch (with dropout
    on), ``labels`` and ``confusion`` (counts, rows the posed-expression label), ``epochs``, ``minutes``,
    ``results`` (folders).  Where there are folds their test images are taken together; ``train_images``
    and ``train_accuracy`` are their means.
    """
    import pandas as pd

    if tier not in TIERS:
        raise invalid("tier", expected=f"one of {', '.join(TIERS)}", received=tier)
    wanted = list(QUESTIONS) if questions is None else list(questions)
    for name in wanted:
        if name not in QUESTIONS:
            raise invalid("questions", expected=f"names among {'; '.join(QUESTIONS)}", received=name)
    recipe = Recipe(epochs=epochs or EPOCHS[tier])
    rows = []
    for name in wanted:
        dataset, parts, model = QUESTIONS[name]
        results = [run(Experiment(data=Data(dataset, tier=tier), split=split, model=model, recipe=recipe), progress=progress)
                   for split in parts]
        answers = pd.concat([result.predictions for result in results])
        names = results[0].labels
        found = evaluate.metrics(answers["true"].to_numpy(), answers["predicted"].to_numpy(), answers["actor"].to_numpy(), names)
        value = found["accuracy"]
        rows.append({
            "question": name, "dataset": dataset, "split": parts[0].by,
            "train_images": round(float(np.mean([result.split["train"] for result in results]))), "test_images": len(answers),
            "value": value["value"], "low": value["low"], "high": value["high"], "groups": value["groups"],
            "folds": [result.accuracy for result in results],
            "train_accuracy": float(np.mean([result.history["accuracy"][-1] for result in results])),
            "labels": names, "confusion": found["confusion"], "epochs": len(results[0].history["accuracy"]),
            "minutes": sum(result.minutes for result in results), "results": [str(result.path) for result in results],
        })
    return pd.DataFrame(rows)


#: The answers at the sizes of the paper, kept with the package: the trainings take about an hour on two cores.
STORED = Path(__file__).with_name("difficulty.json")


def store(table, path: str | Path = STORED) -> Path:
    """Keep a table of `measure` with what it was made with: versions, hardware, commit, the version of the drawing.

    Answers that are there already, of the same version of the drawing, stay beside the new ones.
    """
    from . import provenance
    from .studio.film import DRAWING

    path = Path(path)
    rows = {row["question"]: row for row in json.loads(table.drop(columns="results").to_json(orient="records"))}
    if path.is_file():
        before = json.loads(path.read_text(encoding="utf-8"))
        rows = ({row["question"]: row for row in before["rows"]} if before["drawing"] == DRAWING else {}) | rows
    value = {
        "made_by": "python -m fer_utils difficulty --tier full --epochs 6 --store", "drawing": DRAWING, "commit": provenance.commit(),
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"), "versions": provenance.versions(),
        "hardware": provenance.hardware(),
        "rows": [rows[name] for name in QUESTIONS if name in rows],
    }
    write_atomic(path, json.dumps(value, indent=1) + "\n")
    return path


def stored() -> dict | None:
    """What `store` kept, or None."""
    return json.loads(STORED.read_text(encoding="utf-8")) if STORED.is_file() else None
