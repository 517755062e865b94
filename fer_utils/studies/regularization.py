"""Dropout x L1: how much a choice made on the test curve flatters, beside a choice made on validation people.

    python -m fer_utils study regularization --tier class --store      # a killed run goes on with the next training

Every cell of the grid is trained in five folds over drawn RAVDESS's actors, so that
everybody is scored by networks that never saw him.  Then the people, and not the pictures, are divided
into validation and test, halves at random, many times over: no training is needed
for that, since the people who were held out have decided nothing.  A cell *chosen on the test* is the one
that is best on the test half, its score there flattered by the choice;
one *chosen on validation* is the best on the other half, and its score on the test half is honest.

Faces are shrunk to `SIZE` pixels, which makes a training some nine times cheaper; the network is the paper's otherwise.
"""

from __future__ import annotations

import numpy as np

from fer_utils.core.errors import invalid, whole_number
from fer_utils.experiments import Data, Experiment, Model, Split
from fer_utils.studies import own_faces
from fer_utils.studies.trainings import pooled, trained
from fer_utils.synthetic.stand_ins import EPOCHS
from fer_utils.training import Recipe

TITLE = "Dropout x L1, and what a choice on the test curve flatters"
HEADLINE = True

#: Of the last two dropout layers (the first stays at 0.3), and of L1 on the dense layer's weights.
DROPOUTS: tuple[float, ...] = (0.0, 0.3, 0.5, 0.7)
STRENGTHS: tuple[float, ...] = (0.0, 1e-5, 1e-4, 1e-3)
SIZE = 60
FOLDS = 5
HALVES = 2000


def experiments_of(dropout: float, l1: float, folds: int, *, tier: str, epochs: int):
    """The experiments of one cell, one a fold."""
    model = Model.of("ding2023", size=SIZE, dropout=(0.3, dropout, dropout), l1=l1)
    return [
        Experiment(
            data=Data("ravdess", tier=tier),
            split=Split("actor", fold=fold),
            model=model,
            recipe=Recipe(epochs=epochs),
            seed=fold,
        )
        for fold in range(folds)
    ]


def answer(
    tier: str = "class",
    *,
    progress: bool = True,
    dropouts=DROPOUTS,
    strengths=STRENGTHS,
    folds: int = FOLDS,
    epochs: int | None = None,
    real=None,
) -> dict:
    """Train what is not trained yet, score every cell, and choose among the cells twice.

    Parameters
    ----------
    tier : of the stand-in; see `fer_utils.synthetic.stand_ins.SIZES`.
    dropouts : rates of the last two dropout layers, from 0 to below 1.
    strengths : of L1, 0 or more.
    folds : how many of the five folds are trained, 1 to 5.
    epochs : None for the tier's own number.
    real : one name -> folder of the reader's own faces in the place of the stand-in: see
        `fer_utils.studies.own_faces.data_of`.

    Returns
    -------
    dict with ``dataset``, ``tier``, ``epochs``, ``size`` (pixels), ``folds``, ``dropouts``, ``strengths``; ``cells``,
    each with ``dropout``, ``l1``, ``train_accuracy`` (last epoch, mean over folds, dropout on), ``gap`` (training minus
    test accuracy), ``experiment`` (of the first fold), and all of ``pooled``; and ``choice``: see `choose`.

    Raises
    ------
    FerError : fewer than two cells, numbers out of range, folds other than 1 to 5.
    """
    dropouts, strengths = _numbers("dropouts", dropouts, 1), _numbers("strengths", strengths, 100)
    folds = whole_number("folds", folds, 1)
    if len(dropouts) * len(strengths) < 2:
        raise invalid("dropouts", expected="two cells or more to choose from", received=dropouts)
    if folds > FOLDS:
        raise invalid("folds", expected=f"1 to {FOLDS}", received=folds)
    epochs = EPOCHS[tier] if epochs is None else whole_number("epochs", epochs, 1)
    keys = [(dropout, l1) for dropout in dropouts for l1 in strengths]
    plan = {key: experiments_of(*key, folds, tier=tier, epochs=epochs) for key in keys}
    own = None if real is None else own_faces.loaded(real, progress=progress)
    found = trained(plan if own is None else own_faces.on_own_faces(plan, *own), progress=progress)
    cells = []
    for (dropout, l1), results in found.items():
        seen = float(np.mean([result.history["accuracy"][-1] for result in results]))
        scores = pooled(results)
        cells.append(
            {
                "dropout": dropout,
                "l1": l1,
                "train_accuracy": seen,
                "gap": seen - scores["accuracy"]["value"],
                **scores,
                "experiment": results[0].experiment,
            }
        )
    return {
        "dataset": "ravdess" if own is None else own[0].dataset,
        "tier": tier,
        "epochs": epochs,
        "size": SIZE,
        "folds": folds,
        "dropouts": dropouts,
        "strengths": strengths,
        "cells": cells,
        "choice": choose([cell["by_actor"] for cell in cells]),
    }


def choose(cells: list[dict], *, halves: int = HALVES, seed: int = 0) -> dict:
    """What choosing on the test is worth in appearance, and choosing on validation in truth.

    Parameters
    ----------
    cells : for each cell {person: (right, all)}, of the same people, two or more.
    halves : how many times the people are divided in two at random; with an odd number the test half is the smaller.

    Returns
    -------
    dict: ``on_test`` (mean over halves of the best cell's accuracy on the very half on which it was chosen),
    ``on_validation`` (mean accuracy on the test half of the cell chosen on the other), ``flattery`` (the first minus
    the second, mean), ``low`` and ``high`` (the middle 95 % of the halves: what one study may meet, not a confidence
    interval), ``middle`` (mean accuracy of all cells: what no choice at all would give), ``picked`` (how often each
    cell was chosen on validation, in the order of ``cells``), ``people``, ``halves``.

    Raises
    ------
    FerError : other people in one cell than in another, fewer than two.
    """
    people = sorted(cells[0])
    if len(people) < 2 or any(sorted(cell) != people for cell in cells):
        raise invalid(
            "cells", expected="the same two or more people in every cell", received=[len(cell) for cell in cells]
        )
    right = np.array([[cell[name][0] for name in people] for cell in cells], float)
    every = np.array([[cell[name][1] for name in people] for cell in cells], float)
    rng = np.random.default_rng(seed)
    testing = np.argsort(rng.random((halves, len(people))), axis=1) < len(people) // 2

    def accuracy(chosen):  # (halves, cells)
        return (chosen @ right.T) / (chosen @ every.T)

    test, validation = accuracy(testing.astype(float)), accuracy((~testing).astype(float))
    picked = validation.argmax(axis=1)
    flattering, honest = test.max(axis=1), test[np.arange(halves), picked]
    low, high = np.quantile(flattering - honest, [0.025, 0.975])
    return {
        "on_test": float(flattering.mean()),
        "on_validation": float(honest.mean()),
        "flattery": float((flattering - honest).mean()),
        "low": float(low),
        "high": float(high),
        "middle": float(test.mean()),
        "picked": np.bincount(picked, minlength=len(cells)).tolist(),
        "people": len(people),
        "halves": halves,
    }


def _numbers(name: str, values, below: float) -> list[float]:
    values = list(values)
    for value in values:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < below:
            raise invalid(name, expected=f"numbers from 0 to below {below}", received=value)
    return [float(value) for value in values]
