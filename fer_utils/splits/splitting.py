"""Who trains and who tests: splits by frame, clip, performance or actor, and folds.

All functions take ``meta``, a table with one row an image (a face set's
``meta``; a clip table works too), and speak in row positions 0 to N-1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from fer_utils.core.errors import invalid
from fer_utils.core.stages import stage

#: From the leakiest to the strictest; each unit lies inside the next one.
UNITS: tuple[str, ...] = ("frame", "clip", "performance", "actor")
#: The actor-wise folds of Luna-Jimenez et al. 2022 (Appl. Sci. 12:327) on RAVDESS.
LUNA_JIMENEZ_2022: tuple[tuple[str, ...], ...] = (
    ("02", "05", "14", "15", "16"),
    ("03", "06", "07", "13", "18"),
    ("10", "11", "12", "19", "20"),
    ("08", "17", "21", "23", "24"),
    ("01", "04", "09", "22"),
)


@stage("splits")
def unit_ids(meta: pd.DataFrame, by: str) -> np.ndarray:
    """For every row the unit it belongs to, as text; shape (N,).

    An actor's unit carries the data set's name, so that RAVDESS's ``01`` and
    another set's ``01`` are two people.

    Raises
    ------
    FerError : unknown ``by``; a column that is missing; rows of unknown actor.
    """
    if by not in UNITS:
        raise invalid("by", expected=f"one of {', '.join(UNITS)}", received=by)
    if not isinstance(meta, pd.DataFrame):
        raise invalid("meta", expected="a pandas DataFrame with one row an image", received=type(meta).__name__)
    if by == "frame":
        return np.arange(len(meta)).astype(str)
    needed = [by] if by != "actor" else ["dataset", "actor"]
    absent = [column for column in needed if column not in meta.columns]
    if absent:
        raise invalid(
            "meta",
            expected=f"a table with column(s) {', '.join(needed)} to split by {by}",
            received=list(meta.columns),
            remedy="Use the `.meta` of a face set or a clip table.",
        )
    unknown = int(rows_without(meta, by).sum())
    if unknown:
        raise invalid(
            "meta",
            expected=f"a known {by} in every row to split by {by}",
            received=f"{unknown} of {len(meta)} rows without one",
            remedy="Name them (for image folders: scan('folder', root, actor=r'(?P<actor>...)')) "
            "or leave those rows out.",
        )
    ids = meta[by].astype(str)
    if by == "clip" and "path" in meta.columns:  # scans of two folders, joined: one name, two files
        paths = meta["path"].astype(str)
        ids = ids.where(paths.groupby(ids).transform("nunique") <= 1, ids + " (" + paths + ")")
    if "dataset" in meta.columns:
        ids = meta["dataset"].astype(str) + "/" + ids
    return ids.to_numpy(dtype=str)


def _one_label_a_unit(meta: pd.DataFrame, units: np.ndarray, by: str) -> pd.Series:
    """The expression of each unit, indexed by unit in order of appearance."""
    if by == "actor" or "expression" not in meta.columns:
        return pd.Series("", index=pd.unique(units))
    return pd.Series(meta["expression"].astype(str).to_numpy()).groupby(units, sort=False).first()


@stage("splits")
def split(meta: pd.DataFrame, by: str = "actor", test: float = 0.2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Divide the rows at random so that no unit stands on both sides.

    Parameters
    ----------
    meta : (N rows) the table; ``by="clip"`` needs column ``clip``, and so on.
    by : ``frame`` (what many papers seem to do), ``clip``, ``performance``
        (RAVDESS's audio-video and video-only twins stay together) or ``actor``.
        Frames, clips and performances are drawn in the same share from every
        expression; actors are drawn as they come.
    test : the share of units that test, between 0 and 1 exclusive.
    seed : the draw's seed, 0 or more; the same seed gives the same split.

    Returns
    -------
    (train, test) : two int64 arrays of row positions, ascending, disjoint,
        together all rows; both have at least one unit.

    Raises
    ------
    FerError : fewer than two units, or an argument out of range.
    """
    if isinstance(test, bool) or not isinstance(test, (int, float, np.number)) or not 0 < test < 1:
        raise invalid("test", expected="a share between 0 and 1, both excluded", received=test)
    units = unit_ids(meta, by)
    labels = _one_label_a_unit(meta, units, by)
    if len(labels) < 2:
        raise invalid(
            "meta",
            expected=f"at least two units to split by {by}",
            received=f"{len(labels)} {by}{'' if len(labels) == 1 else 's'} in {len(meta)} rows",
            remedy="Add data, or split by a smaller unit (and say so beside the result).",
        )
    rng = np.random.default_rng(_seed(seed))
    wanted = int(np.clip(np.floor(test * len(labels) + 0.5), 1, len(labels) - 1))
    chosen = _stratified(labels, wanted, rng)
    testing = np.isin(units, chosen)
    return np.flatnonzero(~testing), np.flatnonzero(testing)


def _stratified(labels: pd.Series, wanted: int, rng: np.random.Generator) -> list[str]:
    """``wanted`` units, shared over the labels by largest remainder; ties fall at random."""
    groups = [sorted(names) for _, names in sorted(labels.groupby(labels).groups.items())]
    exact = np.array([len(names) for names in groups]) * wanted / len(labels)
    quota = np.floor(exact).astype(int)
    order = np.lexsort((rng.random(len(groups)), -(exact - quota)))
    quota[order[: wanted - quota.sum()]] += 1
    return [name for names, count in zip(groups, quota, strict=True) for name in rng.permutation(names)[:count]]


@stage("splits")
def folds(
    meta: pd.DataFrame,
    by: str = "actor",
    k: int = 5,
    seed: int = 0,
    *,
    groups: Sequence[Iterable[str]] | str | None = None,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """k splits in which every row tests exactly once.

    Parameters
    ----------
    meta, by, seed : as in `split`.
    k : number of folds, from 2 to the number of units.
    groups : fixed actors for each fold instead of a draw: a list of lists of
        actor names, or ``"luna-jimenez2022"`` for the published RAVDESS folds
        (Luna-Jimenez et al. 2022).  Needs ``by="actor"``; a fold none of whose
        actors is in the table is left out.

    Returns
    -------
    list of (train, test) row positions, as in `split`.

    Raises
    ------
    FerError : fewer units than folds, an actor in two groups or in none.
    """
    units = unit_ids(meta, by)
    if groups is not None:
        return _fixed_folds(meta, by, groups)
    labels = _one_label_a_unit(meta, units, by)
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or not 2 <= k <= len(labels):
        raise invalid(
            "k",
            expected=f"a whole number from 2 to the number of {by}s, here {len(labels)}",
            received=k,
        )
    rng = np.random.default_rng(_seed(seed))
    # Deal the units like cards, one label after the other, so that folds differ by one unit at most.
    dealt = [
        name for _, names in sorted(labels.groupby(labels).groups.items()) for name in rng.permutation(sorted(names))
    ]
    number = {name: position % k for position, name in enumerate(dealt)}
    fold_of = np.array([number[unit] for unit in units])
    return [(np.flatnonzero(fold_of != i), np.flatnonzero(fold_of == i)) for i in range(k)]


def _fixed_folds(meta, by, groups) -> list[tuple[np.ndarray, np.ndarray]]:
    if by != "actor":
        raise invalid("by", expected="'actor' with fixed groups", received=by)
    if isinstance(groups, str):
        if groups != "luna-jimenez2022":
            raise invalid("groups", expected="'luna-jimenez2022' or a list of lists of actors", received=groups)
        groups = LUNA_JIMENEZ_2022
    groups = [tuple(map(str, group)) for group in groups]
    actors = meta["actor"].astype(str).to_numpy()
    named = [actor for group in groups for actor in group]
    twice = sorted({actor for actor in named if named.count(actor) > 1})
    outside = sorted(set(actors) - set(named))
    if twice or outside:
        raise invalid(
            "groups",
            expected="every actor of the table in exactly one group",
            received=f"in two groups: {twice}; in none: {outside}",
        )
    made = [(np.flatnonzero(~np.isin(actors, group)), np.flatnonzero(np.isin(actors, group))) for group in groups]
    made = [(train, test) for train, test in made if len(test)]
    if len(made) < 2:
        raise invalid("groups", expected="actors of the table in at least two groups", received=groups)
    return made


@stage("splits")
def rows_without(meta: pd.DataFrame, by: str) -> np.ndarray:
    """Whether a row has no unit of this kind, such as no known actor; (N,) bool."""
    return (meta[by].isna() | (meta[by].astype(str) == "")).to_numpy()


def _seed(seed) -> int:
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise invalid("seed", expected="a whole number of 0 or more", received=seed)
    return int(seed)
