"""Smaller than the paper: does a teacher help who knows clearly more?

    # an hour or so; a killed run goes on with the next training
    python -m fer_utils study nano_taught --tier class --store

The two teachers of ``nano_ablation`` knew no more than their student, or hardly.  In that ablation one network was
clearly better, ``nano`` with full convolutions, above the budget by far.  Here it teaches: who cannot be had may still
be listened to.  On the stand-in of RAVDESS, over the five folds and seeds of the study ``nano``.
"""

from __future__ import annotations

from dataclasses import replace

from fer_utils.core.errors import whole_number
from fer_utils.experiments import Distillation
from fer_utils.studies import nano_against_paper, own_faces
from fer_utils.studies.trainings import gain, pooled, trained
from fer_utils.synthetic.stand_ins import EPOCHS

TITLE = "Smaller than the paper: does a teacher help who knows clearly more?"
HEADLINE = False

#: The row of `nano.ABLATION` that teaches.
TEACHER = "full in place of separable convolutions"
TAUGHT = "nano, taught"


def plans(*, tier: str, epochs: int, folds: int | None = None, size: int | None = None) -> dict[str, list]:
    """The experiments, fold by fold: ``nano`` alone, its teacher, and ``nano`` taught by that fold's teacher."""
    alone, teachers = (
        nano_against_paper.experiments_of(row, "ravdess", tier=tier, epochs=epochs, folds=folds, size=size)
        for row in (nano_against_paper.NANO, TEACHER)
    )
    return {
        nano_against_paper.NANO: alone,
        TEACHER: teachers,
        TAUGHT: [
            replace(one, distillation=Distillation(teacher)) for one, teacher in zip(alone, teachers, strict=True)
        ],
    }


def answer(
    tier: str = "class",
    *,
    progress: bool = True,
    epochs: int | None = None,
    folds: int | None = None,
    size: int | None = None,
    real=None,
) -> dict:
    """Train what is not trained yet, and set the taught network against the same network alone.

    Parameters
    ----------
    tier : of the stand-in; see `fer_utils.synthetic.stand_ins.SIZES`.
    epochs : None for the tier's own number.
    folds : None for all five.
    size : of the faces in pixels; None for the paper's 180.
    real : one name -> folder of the reader's own faces in the place of the stand-in: see
        `fer_utils.studies.own_faces.data_of`.

    Returns
    -------
    dict with ``tier``, ``epochs``, ``recipe``, ``weight`` and ``temperature`` of the teaching, ``rows`` (``name``, all
    of ``pooled``), and ``teacher`` and ``taught``: the accuracy of each minus that of ``nano`` alone, each
    actor against himself, with its 95 % interval over actors.
    """
    epochs = EPOCHS[tier] if epochs is None else whole_number("epochs", epochs, 1)
    planned = plans(tier=tier, epochs=epochs, folds=folds, size=size)
    if real is not None:
        planned = own_faces.on_own_faces(planned, *own_faces.loaded(real, progress=progress))
    rows = {name: {"name": name, **pooled(some)} for name, some in trained(planned, progress=progress).items()}
    lessons = planned[TAUGHT][0].distillation
    return {
        "tier": tier,
        "epochs": epochs,
        "recipe": nano_against_paper.RECIPE,
        "weight": lessons.weight,
        "temperature": lessons.temperature,
        "rows": list(rows.values()),
        "teacher": gain(rows[nano_against_paper.NANO], rows[TEACHER]),
        "taught": gain(rows[nano_against_paper.NANO], rows[TAUGHT]),
    }
