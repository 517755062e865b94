"""Who trains and who tests: splits by frame, clip, performance or actor, folds, and leakage.

All functions take ``meta``, a table with one row an image (a face set's
``meta``; a clip table works too), and speak in row positions 0 to N-1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from fer_utils.core.errors import invalid
from fer_utils.splits import near_duplicates

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
    unknown = int(_unknown(meta, by).sum())
    if unknown:
        raise invalid(
            "meta",
            expected=f"a known {by} in every row to split by {by}",
            received=f"{unknown} of {len(meta)} rows without one",
            remedy="Name them (for image folders: scan('folder', root, actor=r'(?P<actor>...)')) or leave those rows out.",
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
    return [name for names, count in zip(groups, quota) for name in rng.permutation(names)[:count]]


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


def leakage(
    meta: pd.DataFrame,
    train: Sequence[int],
    test: Sequence[int],
    *,
    images: np.ndarray | None = None,
    near: bool = False,
    progress: bool = True,
) -> pd.DataFrame:
    """What stands on both sides of a split.

    Parameters
    ----------
    meta : the table that was split (N rows).
    train, test : row positions.
    images : (N, height, width, channels) uint8; if given, images that are equal
        to the bit are looked for, too.
    near : with ``images``, also those that are nearly equal, as
        ``fer_utils.splits.near_duplicates`` decides (it says what was measured): mirrored copies, twins that
        were encoded again, neighbouring frames under other names.
    progress : show a bar on stderr if that takes more than two seconds.

    Returns
    -------
    DataFrame indexed by level (``row``, ``image`` and ``near image`` if asked,
    ``clip``, ``performance``, ``actor``: those that the table knows) with columns

    ``shared`` : how many units of that level are on both sides; of ``near image``
    how many training images are the closest to some test image,
    ``test_rows`` : how many test rows belong to a shared unit,
    ``share`` : the same as a share of the test rows, 0 to 1,
    ``unknown`` : how many rows, of both sides, have no unit of that level and could not be compared,
    ``examples`` : up to five shared units, as text.

    A clean actor-wise split has zeros everywhere.  ``leaked_pairs`` names them all.

    Raises
    ------
    FerError : positions out of range, ``images`` of another length, or ``near``
    without ``images``.

    >>> meta = pd.DataFrame({"dataset": "toy", "clip": list("aabb"), "actor": list("xxyy")})
    >>> leakage(meta, [0, 2], [1, 3]).loc["clip", "share"]
    np.float64(1.0)
    """
    train, test = _rows("train", train, len(meta)), _rows("test", test, len(meta))
    levels, seen = _levels(meta, images, near, progress)
    rows = {}
    for level, units in levels.items():
        if units is None:
            pairs = near_duplicates.nearest(seen, train, test, progress=progress)
            named = [f"{first} ~ {second}" for first, second in zip(pairs["train_row"][:5], pairs["test_row"][:5])]
            shared, hit = pairs["train_row"].unique(), len(pairs)
        else:
            shared = np.intersect1d(units[train], units[test])
            hit, named = int(np.isin(units[test], shared).sum()), shared[:5]
        rows[level] = {
            "shared": len(shared),
            "test_rows": hit,
            "share": hit / len(test) if len(test) else 0.0,
            "unknown": _uncompared(meta, level, train, test),
            "examples": ", ".join(named),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("level")


#: How ``leaked_pairs`` says what two rows have in common.
_COMMON = {
    "row": "the same row",
    "image": "equal to the bit",
    "clip": "frames of one clip",
    "performance": "recordings of one performance",
    "actor": "one person",
}


def leaked_pairs(
    meta: pd.DataFrame,
    train: Sequence[int],
    test: Sequence[int],
    images: np.ndarray | None = None,
    *,
    near: bool = True,
    progress: bool = True,
) -> pd.DataFrame:
    """Which rows stand for each other on the two sides of a split.

    Parameters
    ----------
    meta, train, test, images, progress : as in `leakage`.
    near : with ``images``, look for nearly equal ones, too.

    Returns
    -------
    DataFrame, levels in the order of `leakage`, with columns ``level``,
    ``train_row``, ``test_row`` (positions), ``train_clip``, ``test_clip`` (``""`` if the table
    has no clips) and ``what`` (in words, with the counts).  At the levels ``row``,
    ``image`` and ``near image`` every leaked test row has one line, with the
    first, or closest, training row; at ``clip``, ``performance`` and ``actor``
    every shared unit has one, with the first row of each side (of a
    performance, if it can be, rows of two clips: the twins).  An empty table means a clean
    split.

    Raises
    ------
    FerError : as `leakage`.
    """
    train, test = _rows("train", train, len(meta)), _rows("test", test, len(meta))
    levels, seen = _levels(meta, images, near and images is not None, progress)
    clips = meta["clip"].astype(str).to_numpy() if "clip" in meta.columns else np.full(len(meta), "", dtype=object)
    found: list[tuple] = []
    for level, units in levels.items():
        if units is None:
            for row in near_duplicates.nearest(seen, train, test, progress=progress).itertuples():
                found.append(
                    (
                        level,
                        row.train_row,
                        row.test_row,
                        f"nearly equal{' when mirrored' if row.mirrored else ''}: {row.difference:.2f} grey levels apart{_more(row.others)}",
                    )
                )
            continue
        order = np.argsort(units[train], kind="stable")
        begins = np.searchsorted(units[train], units[test], "left", sorter=order)
        ends = np.searchsorted(units[train], units[test], "right", sorter=order)
        tested = pd.Series(units[test]).map(pd.Series(units[test]).value_counts()).to_numpy()
        done: set[str] = set()
        for place in np.flatnonzero(ends > begins):
            row, unit = test[place], units[test[place]]
            partners = train[order[begins[place] : ends[place]]]
            if level in ("row", "image"):
                what = f"{_COMMON[level]}{_more(len(partners) - 1) if level == 'image' else ''}"
            elif unit in done:
                continue
            else:
                what = f"{_COMMON[level]} ({unit}): {len(partners)} rows in training, {tested[place]} in test"
                done.add(unit)
            other = partners[clips[partners] != clips[row]] if level == "performance" else partners
            found.append((level, (other if len(other) else partners)[0], row, what))
    table = pd.DataFrame(found, columns=["level", "train_row", "test_row", "what"])
    rows = {side: table[f"{side}_row"].to_numpy(np.int64) for side in ("train", "test")}
    return pd.DataFrame(
        {
            "level": table["level"].astype("str"),
            "train_row": rows["train"],
            "test_row": rows["test"],
            "train_clip": clips[rows["train"]],
            "test_clip": clips[rows["test"]],
            "what": table["what"].astype("str"),
        }
    )


def _more(others: int) -> str:
    if others < 1:
        return ""
    return f"; {others} more training image{' is' if others == 1 else 's are'}, too"


def _levels(
    meta, images, near: bool, progress: bool
) -> tuple[dict[str, np.ndarray | None], near_duplicates.Looks | None]:
    """The unit of every row at every level, None for ``near image``, which has no units but pairs; and the images' looks."""
    levels: dict[str, np.ndarray | None] = {"row": np.arange(len(meta)).astype(str)}
    seen = None
    if images is not None:
        if len(images) != len(meta):
            raise invalid("images", expected=f"one image a row of meta, {len(meta)}", received=len(images))
        if near:
            seen = near_duplicates.looks(images, progress=progress)
            levels["image"], levels["near image"] = seen.digests, None
        else:
            levels["image"] = near_duplicates.digests(images)
    elif near:
        raise invalid(
            "near",
            expected="False without `images`",
            received=near,
            remedy="Pass the face set's images: leakage(made.meta, train, test, images=made.images, near=True).",
        )
    for by in UNITS[1:]:
        needed = [by, "dataset"] if by == "actor" else [by]
        if not set(needed) <= set(meta.columns):
            continue  # the table does not know this level, and then says nothing about it
        unknown = _unknown(meta, by)
        if not len(meta) or not unknown.all():
            # Nobody knows who it is: a unit of its own, shared with no other row.
            own = np.where(unknown, [f"\0{row}" for row in range(len(meta))], meta[by].astype(str))
            levels[by] = unit_ids(meta.assign(**{by: own}), by)
    return levels, seen


def _uncompared(meta: pd.DataFrame, level: str, train: np.ndarray, test: np.ndarray) -> int:
    return int(_unknown(meta, level)[np.r_[train, test]].sum()) if level in UNITS[1:] else 0


def _unknown(meta: pd.DataFrame, by: str) -> np.ndarray:
    return (meta[by].isna() | (meta[by].astype(str) == "")).to_numpy()


def _rows(name: str, rows, count: int) -> np.ndarray:
    rows = np.asarray(rows)
    if rows.size and (
        rows.ndim != 1 or not np.issubdtype(rows.dtype, np.integer) or rows.min() < 0 or rows.max() >= count
    ):
        raise invalid(name, expected=f"row positions from 0 to {count - 1}", received=rows)
    return rows.astype(np.int64)


def _seed(seed) -> int:
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise invalid("seed", expected="a whole number of 0 or more", received=seed)
    return int(seed)
