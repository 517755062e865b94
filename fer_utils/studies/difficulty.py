"""How hard the drawn stand-ins are, as an experiment that anyone can run.

    python -m fer_utils difficulty --tier full --epochs 6 --store
    python -m fer_utils difficulty --tier full --epochs 12 --store \\
        --only "SAVEE, clips at random, before" --only "SAVEE, clips at random, after"
    python -m fer_utils difficulty --tier full --epochs 20 --store --only "RAVDESS, people unseen, few images"

Trainings of the paper's network answer what the stand-ins are for: does it
fall to people it has not seen, as on real faces, and does it take for each other
what people take for each other; can it be fitted with few images, some 760 of 7 labels in
20 epochs; does SAVEE overfit, and does the paper's modification help; is MEAD the easiest.
The studio's difficulty itself (`fer_utils.studio.acting`) is set against measurements of real actors: see
`fer_utils.studio.likeness`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
import datetime
import json
from pathlib import Path

import numpy as np
import pandas as pd

from fer_utils import experiments, faces, metrics
from fer_utils.core import provenance
from fer_utils.core.errors import invalid
from fer_utils.core.paths import home, made_again_if_damaged, write_atomic
from fer_utils.experiments import Data, Experiment, Model, Split
from fer_utils.studio.films import DRAWING
from fer_utils.synthetic.stand_ins import EPOCHS, TIERS, face_set
from fer_utils.training import Recipe

#: Before and after what the paper did for SAVEE: more dropout, and L1 on the hidden layer's kernel (its strength is
#: ours).
BEFORE = Model.of("ding2023", dropout=(0.3, 0.3, 0.3))
AFTER = Model.of("ding2023", dropout=(0.3, 0.5, 0.5), l1=1e-4)


@dataclass(frozen=True)
class Question:
    """What is asked: a stand-in, who tests (one training a split), a network; with ``images`` only so many of each
    actor and label, one from a clip, and none of the labels of ``without``."""

    dataset: str
    splits: tuple[Split, ...]
    model: Model = field(default_factory=Model)
    images: int | None = None
    without: tuple[str, ...] = ()

    def faces(self, tier: str, progress: bool) -> faces.FaceSet:
        """The face set that is asked about, made once and kept."""
        whole = face_set(self.dataset, tier=tier, progress=progress)
        if self.images is None:
            return whole
        folder = (
            home()
            / "faces"
            / f"{self.dataset}-{tier}-few-{provenance.digest([whole.fingerprint, self.images, self.without])[:12]}"
        )
        return made_again_if_damaged(folder, lambda: self._few(whole, folder, progress))

    def _few(self, whole: faces.FaceSet, folder: Path, progress: bool) -> faces.FaceSet:
        if folder.is_dir():
            return faces.FaceSet.load(folder, progress=progress)
        meta = whole.meta[~whole.meta["expression"].isin(self.without)]
        middle = meta.groupby("clip", sort=False)["frame"].transform("median") // 1
        one = meta[meta["frame"] == middle]
        order = one.groupby(["actor", "expression"], sort=False).cumcount()
        many = one.groupby(["actor", "expression"], sort=False)["clip"].transform("size")
        # Evenly over the clips of actor and label: the sentences, repetitions and intensities are all there.
        chosen = one[(order * self.images // many) != ((order - 1) * self.images // many)].index
        return faces.FaceSet.save(np.asarray(whole.images[chosen]), whole.meta.loc[chosen], folder)


#: Folds differ by ten points and more in how hard their people are: RAVDESS is asked over all, every actor is unseen
#: once.
FOLDS: tuple[Split, ...] = tuple(Split("actor", fold=k) for k in range(5))

#: name -> what is asked: every question is one row of the table.
QUESTIONS: dict[str, Question] = {
    "RAVDESS, people unseen": Question("ravdess", FOLDS),
    "RAVDESS, people unseen, few images": Question("ravdess", FOLDS[:2], images=6, without=("calm",)),
    "RAVDESS, frames at random": Question("ravdess", (Split("frame"),)),
    "SAVEE, clips at random, before": Question("savee", (Split("clip"),), BEFORE),
    "SAVEE, clips at random, after": Question("savee", (Split("clip"),), AFTER),
    "MEAD, people unseen": Question("mead", (Split("actor"),)),
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
    if tier not in TIERS:
        raise invalid("tier", expected=f"one of {', '.join(TIERS)}", received=tier)
    wanted = list(QUESTIONS) if questions is None else list(questions)
    for name in wanted:
        if name not in QUESTIONS:
            raise invalid("questions", expected=f"names among {'; '.join(QUESTIONS)}", received=name)
    recipe = Recipe(epochs=epochs or EPOCHS[tier])
    rows = []
    for name in wanted:
        asked = QUESTIONS[name]
        known = asked.faces(tier, progress)
        results = [
            experiments.run(
                Experiment(data=Data(asked.dataset, tier=tier), split=split, model=asked.model, recipe=recipe),
                face_set=known,
                progress=progress,
            )
            for split in asked.splits
        ]
        answers = pd.concat([result.predictions for result in results])
        names = results[0].labels
        found = metrics.evaluate(
            answers["true"].to_numpy(), answers["predicted"].to_numpy(), answers["actor"].to_numpy(), names
        )
        value = found["accuracy"]
        rows.append(
            {
                "question": name,
                "dataset": asked.dataset,
                "split": asked.splits[0].by,
                "train_images": round(float(np.mean([result.split["train"] for result in results]))),
                "test_images": len(answers),
                "value": value["value"],
                "low": value["low"],
                "high": value["high"],
                "groups": value["groups"],
                "folds": [result.accuracy for result in results],
                "train_accuracy": float(np.mean([result.history["accuracy"][-1] for result in results])),
                "labels": names,
                "confusion": found["confusion"],
                "epochs": len(results[0].history["accuracy"]),
                "minutes": sum(result.minutes for result in results),
                "results": [str(result.path) for result in results],
            }
        )
    return pd.DataFrame(rows)


#: The answers at the sizes of the paper, kept with the package: the trainings take some two hours with one thread.
STORED = Path(__file__).with_name("difficulty.json")


def store(table, path: str | Path = STORED) -> Path:
    """Keep a table of `measure` with what it was made with: versions, hardware, commit, the version of the drawing.

    Answers that are there already, of the same version of the drawing, stay beside the new ones.
    """
    path = Path(path)
    rows = {row["question"]: row for row in json.loads(table.drop(columns="results").to_json(orient="records"))}
    if path.is_file():
        before = json.loads(path.read_text(encoding="utf-8"))
        rows = ({row["question"]: row for row in before["rows"]} if before["drawing"] == DRAWING else {}) | rows
    value = {
        "made_by": "python -m fer_utils difficulty --tier full --epochs N --store (N: `epochs` of each row)",
        "drawing": DRAWING,
        "commit": provenance.commit(),
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "versions": provenance.versions(),
        "hardware": provenance.hardware(),
        "rows": [],
    }
    lines = ",\n  ".join(
        json.dumps(rows[name]) for name in QUESTIONS if name in rows
    )  # one a row: a matrix is short in width
    write_atomic(path, json.dumps(value, indent=1).replace('"rows": []', f'"rows": [\n  {lines}\n ]') + "\n")
    return path


def stored() -> dict | None:
    """What `store` kept, or None."""
    return json.loads(STORED.read_text(encoding="utf-8")) if STORED.is_file() else None
