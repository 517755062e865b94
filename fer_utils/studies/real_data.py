"""A study's question, asked of real clips: the same plan, other data."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace

from fer_utils.core.errors import invalid
from fer_utils.core.paths import expanded
from fer_utils.experiments import Experiment
from fer_utils.studies import own_faces, registry

#: The studies that reach their faces through their trainings alone, so that other faces are the only change.
#: Their ``answer`` has the parameter ``real``.
STUDIES: tuple[str, ...] = ("paper_figures",)


def check(study: str, real: Mapping[str, str]) -> None:
    """FerError for a study that cannot be asked of real clips, or for a folder that is not there.

    ``real`` maps a data set to the folder of its clips.
    """
    own = sets_of(study)
    if study not in (*STUDIES, *own_faces.STUDIES) and not own:
        known = ", ".join((*STUDIES, *own_faces.STUDIES))
        why = f" {study} cannot: {own_faces.WHY_NOT[study]}." if study in own_faces.WHY_NOT else ""
        raise invalid(
            "real",
            expected=f"None, or one of the studies {known}, or one that needs real pictures",
            received=study,
            remedy=f"In the chapters DATA_ROOT names a folder of real clips.{why}",
        )
    if study in own_faces.STUDIES:
        own_faces.data_of(real)
    check_folders(real)


def check_folders(real: Mapping[str, str]) -> None:
    """FerError for a folder that is not there; ``real`` maps a data set to it."""
    for dataset, folder in real.items():
        if not expanded(folder).is_dir():
            raise invalid(
                "real",
                expected=f"a folder of {dataset}'s clips or pictures",
                received=str(folder),
                remedy="There is no such folder. In a chapter, correct DATA_ROOT; None is for the drawn actors.",
            )


def sets_of(study: str) -> tuple[str, ...]:
    """The real sets that a study cannot do without (``REAL_SETS`` of its module); most have none."""
    return getattr(registry.module(study), "REAL_SETS", ())


def panels(known: Mapping[str, tuple], real: Mapping[str, str]) -> dict[str, int]:
    """The panels of the data sets that have a folder, each with as many trainings as the study has.

    ``known`` is a study's ``PANELS``: the data set comes first in each, the number of trainings last.
    FerError for a data set of which the study has none.
    """
    datasets = {dataset for dataset, *_ in known.values()}
    if not real or real.keys() - datasets:
        raise invalid("real", expected=f"folders by data set, of {', '.join(sorted(datasets))}", received=sorted(real))
    return {panel: trainings for panel, (dataset, *_, trainings) in known.items() if dataset in real}


def on_real_clips(
    plan: Mapping[Hashable, Iterable[Experiment]], real: Mapping[str, str]
) -> dict[Hashable, list[Experiment]]:
    """The same experiments on the clips under ``real`` (data set -> folder) in the place of the stand-ins.

    A folder is read as it is: whether it holds twins is the folder's affair.

    Raises
    ------
    FerError : an experiment on a data set without a folder.
    """
    return {key: [_on_real_clips(one, real) for one in experiments] for key, experiments in plan.items()}


def _on_real_clips(experiment: Experiment, real: Mapping[str, str]) -> Experiment:
    dataset = experiment.data.dataset
    if dataset not in real:
        raise invalid(
            "real",
            expected=f"a folder for each data set that is asked about, {dataset} too",
            received=sorted(real),
            remedy="Name the folder, or choose other panels.",
        )
    where = {"face_set" if own_faces.is_face_set(real[dataset]) else "root": str(real[dataset])}
    return replace(experiment, data=replace(experiment.data, **where, twins=False))
