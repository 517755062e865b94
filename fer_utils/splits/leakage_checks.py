"""What stands on both sides of a split, and which rows stand for each other.

All functions take ``meta``, a table with one row an image (a face set's
``meta``; a clip table works too), and speak in row positions 0 to N-1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
import pandas as pd

from fer_utils.core.errors import invalid
from fer_utils.core.stages import stage
from fer_utils.splits import near_duplicates
from fer_utils.splits.splitting import UNITS, rows_without, unit_ids


@stage("splits")
def leakage(
    meta: pd.DataFrame,
    train: ArrayLike,
    test: ArrayLike,
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
        ``fer_utils.splits.near_duplicates`` decides (it says what was measured): mirrored and altered copies, twins
        that were encoded again, frames of one moment under other names.
    progress : show a bar on stderr if that takes more than two seconds.

    Returns
    -------
    DataFrame indexed by level (``row``, ``image`` and ``near image`` if asked,
    ``clip``, ``performance``, ``actor``: those that the table knows) with columns

    ``shared`` : how many units of that level are on both sides; of ``near image``
    how many training images are the closest to some test image,
    ``test_rows`` : how many test rows belong to a shared unit,
    ``share`` : the same as a share of the test rows, 0 to 1,
    ``unknown`` : how many rows, of both sides, have no unit of that level and could not be compared; of
        ``performance`` also those of which only the file's own name is known (`unknown_performances`),
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
            assert seen is not None  # near images are a level only where there are images
            pairs = near_duplicates.nearest(seen, train, test, progress=progress)
            closest = zip(pairs["train_row"][:5], pairs["test_row"][:5], strict=True)
            named = [f"{first} ~ {second}" for first, second in closest]
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


@stage("splits")
def leaked_pairs(
    meta: pd.DataFrame,
    train: ArrayLike,
    test: ArrayLike,
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
            assert seen is not None
            for row in near_duplicates.nearest(seen, train, test, progress=progress).itertuples():
                mirrored = " when mirrored" if row.mirrored else ""
                apart = f"nearly equal{mirrored}: likeness {row.likeness:.3f}{_more(row.others)}"
                found.append((level, row.train_row, row.test_row, apart))
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


def _more(others) -> str:
    if others < 1:
        return ""
    return f"; {others} more training image{' is' if others == 1 else 's are'}, too"


def _levels(
    meta, images, near: bool, progress: bool
) -> tuple[dict[str, np.ndarray | None], near_duplicates.Looks | None]:
    """The unit of every row at every level, and the images' looks.

    The level ``near image`` has None: it has no units but pairs.
    """
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
        unknown = rows_without(meta, by)
        if not len(meta) or not unknown.all():
            # Nobody knows who it is: a unit of its own, shared with no other row.
            own = np.where(unknown, [f"\0{row}" for row in range(len(meta))], meta[by].astype(str))
            levels[by] = unit_ids(meta.assign(**{by: own}), by)
    return levels, seen


def unknown_performances(meta: pd.DataFrame) -> np.ndarray:
    """Whether nothing tells which other rows show the same performance; (N,) bool.

    So it is where ``performance`` is empty or absent, and in plain folders, where it is named after the file alone.
    """
    if "performance" not in meta.columns:
        return np.ones(len(meta), bool)
    unknown = rows_without(meta, "performance")
    if {"dataset", "clip"} <= set(meta.columns):
        named = zip(meta["dataset"], meta["performance"], meta["clip"], strict=True)
        own = [dataset == "folder" and str(performance).endswith(f"/{clip}") for dataset, performance, clip in named]
        unknown = unknown | np.array(own, bool)
    return unknown


def _uncompared(meta: pd.DataFrame, level: str, train: np.ndarray, test: np.ndarray) -> int:
    if level not in UNITS[1:]:
        return 0
    unknown = unknown_performances(meta) if level == "performance" else rows_without(meta, level)
    return int(unknown[np.r_[train, test]].sum())


def _rows(name: str, rows, count: int) -> np.ndarray:
    rows = np.asarray(rows)
    if rows.size and (
        rows.ndim != 1 or not np.issubdtype(rows.dtype, np.integer) or rows.min() < 0 or rows.max() >= count
    ):
        raise invalid(name, expected=f"row positions from 0 to {count - 1}", received=rows)
    return rows.astype(np.int64)
