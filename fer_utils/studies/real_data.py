"""A study's question, asked of real clips: the same plan, other data."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from fer_utils.core.errors import invalid

#: The studies that reach their faces through their trainings alone, so that other faces are the only change.
STUDIES: tuple[str, ...] = ("paper_figures",)


def panels(module, real: Mapping[str, str]) -> dict[str, int]:
    """The panels of the data sets that have a folder, with as many trainings as the study has; FerError for a set of which it has none."""
    known = {dataset for dataset, *_ in module.PANELS.values()}
    if not real or real.keys() - known:
        raise invalid("real", expected=f"folders by data set, of {', '.join(sorted(known))}", received=sorted(real))
    return {panel: trainings for panel, (dataset, *_, trainings) in module.PANELS.items() if dataset in real}


@contextmanager
def on(module, name: str, real: Mapping[str, str]):
    """Within the block the study's trainings have the clips under ``real`` (data set -> folder) in the place of the stand-ins.

    Every study's trainings pass through one function, ``trained``; here it is handed the same experiments on other
    data. A folder is read as it is: whether it holds twins is the folder's affair.

    Raises
    ------
    FerError : a study that this is not made for, a folder that is not there; and, from within, trainings on a data set
        without a folder.
    """
    if name not in STUDIES:
        raise invalid(
            "real",
            expected=f"None, or one of the studies {', '.join(STUDIES)}",
            received=name,
            remedy="In the chapters DATA_ROOT names a folder of real clips.",
        )
    for dataset, folder in real.items():
        if not Path(folder).is_dir():
            raise invalid("real", expected=f"a folder of {dataset}'s clips", received=str(folder))
    drawn = module.trained

    def trained(wanted, **options):
        def moved(experiment):
            if experiment.data.dataset not in real:
                raise invalid(
                    "real",
                    expected=f"a folder for each data set that is asked about, {experiment.data.dataset} too",
                    received=sorted(real),
                    remedy="Name the folder, or choose other panels.",
                )
            return replace(
                experiment, data=replace(experiment.data, root=str(real[experiment.data.dataset]), twins=False)
            )

        return drawn({key: [moved(one) for one in experiments] for key, experiments in wanted.items()}, **options)

    module.trained = trained
    try:
        yield
    finally:
        module.trained = drawn
