"""What people make of acted faces: CREMA-D's votes, and the ceiling that they set on the word *accuracy*.

7,442 clips of 91 actors were shown to people in three ways: the voice alone, the face alone,
and both (Cao et al. 2014, doi 10.1109/TAFFC.2014.2336244).  Each vote names one of six
labels.  The table counts votes and does not say who voted, so intervals are over the
actors who were seen, and that one person voted on many clips is not in them.
"""

from __future__ import annotations

import numpy as np

from fer_utils import metrics
from fer_utils.core import labels
from fer_utils.datasets.feature_tables import load_features

TITLE = "What people see in acted faces"
HEADLINE = True

#: What the voters were given.
SHOWN: tuple[str, ...] = ("voice", "face", "both")
#: The intensities that were asked for, in one of the twelve sentences and never of a neutral face.
LEVELS: tuple[str, ...] = ("low", "medium", "high")


def answer(tier: str = "class", *, progress: bool = True, folder=None) -> dict:
    """Count the votes.

    Parameters
    ----------
    tier : makes no difference: all votes are counted in some seconds.
    folder : where the votes lie (see `load_features`); None for ``FER_DATA``, the store, or their public home.

    Returns
    -------
    JSON-able dict: ``source``, ``labels``, ``chance`` (1 / labels); ``shown``, for ``voice``, ``face`` and ``both``
    a dict with

    ``accuracy`` : share of the votes that name the acted label; ``macro_f1``, ``recall``, ``confusion`` (counts of
    votes, rows the acted label); ``clips``, ``votes``, ``votes_a_clip`` (least, median, most),
    ``people`` : accuracy by actor, sorted (whose it is is not kept),
    ``levels`` : accuracy by the intensity that was asked for, and ``unspecified`` (None without such a clip);
    ``level_labels``: the same by label,
    ``majority`` : the share of clips whose commonest vote is the acted label; of labels that tie each counts its part;
    ``ties``: how many clips,
    ``agreement`` : how often two different voters on one clip gave one label, mean over clips; ``kappa``: the same
    beyond chance (Fleiss 1971, doi 10.1037/h0031619; None where only one label was ever given),
    ``best`` : the mean share of the commonest vote: what the best single answer to each clip would reach against these
    very votes,
    ``others`` : how often the commonest vote of *all others* names a voter's label: the same without knowing the vote
    itself.

    ``gains``, from one way to another: the mean over clips of the change in accuracy.  Everything but
    counts, ``kappa`` and ``ties`` has a 95 % interval over actors.

    Raises
    ------
    FerError : votes that cannot be had.
    """
    found = load_features("crema_d_votes", folder=folder, progress=progress)
    names = list(labels.CREMA_D)
    tables = {way: found.table[found.table["modality"] == way].sort_values("clip", ignore_index=True) for way in SHOWN}
    shares = {way: (_right(table, names) / table["votes"]).to_numpy(float) for way, table in tables.items()}
    return {
        "source": {
            "name": found.name,
            "url": found.source,
            "sha256": found.sha256,
            "licence": found.licence,
            "citation": found.citation,
        },
        "labels": names,
        "chance": 1 / len(names),
        "interval": "percentile bootstrap, 1000 resamples of actors",
        "shown": {way: _way(table, names) for way, table in tables.items()},
        "gains": [
            {
                "first": first,
                "second": second,
                **metrics.average(shares[second] - shares[first], tables[first]["actor"]),
            }
            for first, second in (("voice", "face"), ("face", "both"))
        ],
    }


def _counts(table, names) -> np.ndarray:
    return table[[f"votes_{name}" for name in names]].to_numpy(np.int64)


def _right(table, names):
    """The votes for the acted label, a Series over clips."""
    return sum(table[f"votes_{name}"].where(table["expression"] == name, 0) for name in names)


def ceilings(counts: np.ndarray, groups, acted: np.ndarray | None = None) -> dict:
    """What votes say of themselves.

    ``counts`` (clips, labels) whole numbers, at least two votes a clip; ``groups`` (clips,) who is seen;
    ``acted`` (clips,) label indices, or None.  Returns ``agreement``, ``kappa``, ``best``, ``others``, ``ties``
    and with ``acted`` ``majority``: see `answer`.
    """
    votes = counts.sum(axis=1)
    top = counts == counts.max(axis=1, keepdims=True)
    agree = (counts * (counts - 1)).sum(axis=1) / (votes * (votes - 1))
    chance = float(((counts.sum(axis=0) / votes.sum()) ** 2).sum())
    predicted = np.zeros(len(counts))
    for label in range(counts.shape[1]):  # one vote for this label is set aside; does the rest's commonest name it?
        rest = counts - (np.arange(counts.shape[1]) == label)
        ahead = rest == rest.max(axis=1, keepdims=True)
        predicted += counts[:, label] * ahead[:, label] / ahead.sum(axis=1)
    made = {
        "agreement": metrics.average(agree, groups),
        "kappa": float((agree.mean() - chance) / (1 - chance)) if chance < 1 else None,
        "best": metrics.average(counts.max(axis=1) / votes, groups),
        "others": metrics.average(predicted / votes, groups),
        "ties": int((top.sum(axis=1) > 1).sum()),
    }
    if acted is not None:
        made["majority"] = metrics.average(top[np.arange(len(counts)), acted] / top.sum(axis=1), groups)
    return made


def _way(table, names) -> dict:
    counts, actors = _counts(table, names), table["actor"].to_numpy(str)
    acted = table["expression"].map(names.index).to_numpy(np.int64)
    votes, right = counts.sum(axis=1), _right(table, names).to_numpy(float)
    each = counts.ravel()
    single = metrics.evaluate(
        np.repeat(np.repeat(acted, len(names)), each),
        np.repeat(np.tile(np.arange(len(names)), len(table)), each),
        np.repeat(np.repeat(actors, len(names)), each),
        names,
    )
    by = {actor: float(right[actors == actor].sum() / votes[actors == actor].sum()) for actor in sorted(set(actors))}

    def share(rows: np.ndarray) -> dict | None:
        return None if not rows.any() else metrics.average(right[rows] / votes[rows], actors[rows], votes[rows])

    level = table["level"].to_numpy(str)
    return {
        "accuracy": single["accuracy"],
        "macro_f1": single["macro_f1"],
        "recall": single["recall"],
        "confusion": single["confusion"],
        "clips": len(table),
        "votes": int(votes.sum()),
        "votes_a_clip": [int(votes.min()), float(np.median(votes)), int(votes.max())],
        "people": sorted(by.values()),
        "levels": {name: share(level == name) for name in (*LEVELS, "unspecified")},
        "level_labels": {
            name: {
                label: share((level == name) & (acted == k))
                for k, label in enumerate(names)
                if ((level == name) & (acted == k)).any()
            }
            for name in (*LEVELS, "unspecified")
        },
        **ceilings(counts, actors, acted),
    }
