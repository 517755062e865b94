"""What the fixed gradients of a small network are worth: the same network behind another first layer.

    python -m fer_utils study first_layers --train 60     # train what is missing for an hour; every training is kept
    python -m fer_utils study first_layers --store        # the answer, from the trainings that are there

The network is `gradients, 48 px` of the study ``one_protocol``, and its trainings there are not repeated.  Its twins
have another first layer: a learned convolution, or local contrast normalisation and a learned convolution.  All that
lies behind the learned convolution is the same (behind local contrast the first map has twice as many channels).
People, folds, recipe, seeds, and the rule by which a training ends are those of the protocol.  Each twin is trained at
two learning rates: at the one that the protocol's rule chooses for it, and at the network's own (``same rate``).

The comparisons with twins at rates of their own were written down (commit 909f77f) before any training of a twin was
recorded.  There they were two comparisons more of ``one_protocol``; they became a study of their own before its first
answer.  In that answer both twins had chosen a tenth of the network's rate, and three of their thirty trainings had
ended below three quarters of their own training faces: was it the layer, or the rate?  So the twins at the network's
rate were added then, before any training of theirs.  All four comparisons are corrected for each other.  The stored
trainings of the twins ran on other machines than most of the network's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fer_utils import metrics
from fer_utils.core.errors import invalid
from fer_utils.core.stages import stage
from fer_utils.studies import one_protocol
from fer_utils.studies.protocol_rows import OF_FIRST_LAYERS
from fer_utils.studies.training_records import Records

TITLE = "What fixed gradients are worth: the same network behind a learned first layer"
HEADLINE = True

#: The row of ``one_protocol`` that the twins are compared with.
NETWORK = "gradients, 48 px"


def train(
    tier: str = "class",
    *,
    records: Records | None = None,
    rows: Iterable[str] | None = None,
    minutes: float | None = None,
    progress: bool = True,
) -> dict[str, list[int]]:
    """Train what has no record yet, twin by twin, and keep the record of each training.

    Parameters
    ----------
    tier : of the drawn faces.
    records : where the records of the protocol are; None for those of the package.
    rows : names of `OF_FIRST_LAYERS`; None for all.
    minutes : no training is begun after so many; None for no limit.  One that was begun ends, or goes on from its last
        check when the same is asked again.

    Returns
    -------
    dict : twin -> how many of its trainings are there, and how many its numbers need.

    Raises
    ------
    FerError : a name that is no twin's.
    """
    return one_protocol.train(tier, records=records, rows=_twins(rows), minutes=minutes, progress=progress)


def answer(
    tier: str = "class",
    *,
    progress: bool = True,
    records: Records | None = None,
    rows: Iterable[str] | None = None,
) -> dict:
    """What the trainings that are recorded say: of each twin the seeds of which every fold is trained.

    Parameters
    ----------
    tier, records, rows : as in `train`.
    progress : not used; no training is begun here.

    Returns
    -------
    dict with ``tier``, ``people``, ``folds``; ``network`` and ``rows``, the twins that are there: each as a row of
    `fer_utils.studies.one_protocol.answer`; ``comparisons``: twin -> the accuracy of `NETWORK` minus its own, as
    `fer_utils.metrics.compare_by_person` gives it, corrected for all twins together; ``verdict`` is *no verdict* where
    a training has not converged;
    ``missing``: twin -> trainings that are there, and needed.

    Raises
    ------
    FerError : as in `train`; a tier that is not known; no seed of `NETWORK` that is trained over all folds.
    """
    twins = _twins(rows)
    found = one_protocol.answer(tier, records=records, rows=[NETWORK, *twins])
    named = {row["name"]: row for row in found["rows"]}
    if NETWORK not in named:
        raise invalid(
            "records",
            expected=f"a seed of {NETWORK} over all folds at tier {tier!r}; "
            f'run `python -m fer_utils study one_protocol --tier {tier} --row "{NETWORK}" --train 60` first',
            received="none",
        )
    network = named.pop(NETWORK)
    return {
        "tier": tier,
        "people": found["people"],
        "folds": found["folds"],
        "network": network,
        "rows": list(named.values()),
        "comparisons": _compared(network, named),
        "missing": {name: counts for name, counts in found["missing"].items() if name != NETWORK},
    }


@stage("study.first_layers")
def _compared(network: Mapping, twins: Mapping[str, Mapping]) -> dict:
    """Twin -> what the network reads more, person by person."""
    pairs = {name: (network["by_actor"], twin["by_actor"]) for name, twin in twins.items()}
    compared = metrics.compare_by_person(pairs)
    for name, comparison in compared.items():
        if not (network["witness"] and twins[str(name)]["witness"]):
            comparison["verdict"] = "no verdict"
    return compared


def _twins(rows: Iterable[str] | None) -> list[str]:
    chosen = list(OF_FIRST_LAYERS) if rows is None else list(rows)
    for name in chosen:
        if name not in OF_FIRST_LAYERS:
            raise invalid("rows", expected=f"names among {', '.join(OF_FIRST_LAYERS)}", received=name)
    return chosen
