"""Near-duplicates: pictures of one person from nearly the same moment, or copies of one picture.

Two steps.  Coarse pictures of local contrast, 16 x 16 cells, are compared for all pairs; that is quick, and finds the
candidates.  A candidate pair is then laid over each other where it agrees best, and the correlations of sixteen
patches are averaged: the *likeness* of the pair, -1 to 1 (`fer_utils.splits.likeness`).  A pair of
`LEAST_LIKENESS` or more is a near-duplicate.  The second picture of a pair is looked at as it is and mirrored.

What it finds, measured on real files by the study ``near_duplicates_real`` (its stored answer has every row).  The
limit was chosen on one half of the people and pictures; the shares below are of the other half:

=============================================================  ================
pairs of pictures                                              share found
=============================================================  ================
CK+48, two of the three last frames of one sequence            96.3 % of 486
RAVDESS, twin frames of actor 01, boxes of dlib                99.0 % of 97
RAVDESS, twin frames of actor 01, boxes of Haar                100 % of 97
FER2013, copies by the byte (all of them)                      100 % of 1,853
FER2013 and the same stored as JPEG of quality 30              97.8 % of 1,000
the same at quality 10                                         30.4 % of 1,000
noise of 5 grey levels; a fifth less contrast, lighter         98.7; 98.9 %
gamma of 0.6; of 1.6; histogram equalised                      98.2; 98.3; 72.0 %
mirrored; moved by 4 of 48 pixels                              99.1; 99.1 %
cut out by a box that is 6 % smaller; 12 % smaller             70.1; 0 %
turned by 3 degrees                                            62.2 %
=============================================================  ================

False alarms: none of 476,397 pairs of two people of CK+48, and none of 3,312 pairs of one person in two sequences.
Of drawn faces 10 of 1,047,625 pairs of two people are called near-duplicates.  Two performances of one real actor
(RAVDESS,
actor 01) are called so in 2.1 % of the pairs: one man with the same words may look alike for a moment.
All pairs of the 35,887 pictures of FER2013 took 273 s on two cores that others used, too.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from tqdm import tqdm

from fer_utils.core.errors import FerError, invalid
from fer_utils.core.stages import stage
from fer_utils.splits import likeness
from fer_utils.splits.likeness import Looks

#: The least likeness of near-duplicates: see the table above.
LEAST_LIKENESS = 0.96
#: The least correlation of the coarse pictures of a pair that is compared.
_LEAST_CORRELATION = 0.72
#: While pairs are sought, one picture is moved by so many cells of 16 x 16, down and right.
_MOVED = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
#: So many images, rows by columns of coarse pictures, and pairs are worked on at a time.
_IMAGES, _ROWS, _COLUMNS, _PAIRS = 256, 256, 2048, 16_384
#: ``find`` lists no more pairs than these.
MOST_PAIRS = 5_000_000

digests = likeness.digests


@stage("near_duplicates")
def looks(images: np.ndarray, *, progress: bool = True) -> Looks:
    """What is compared of all images, read once, 256 at a time.

    Parameters
    ----------
    images : (N, H, W) or (N, H, W, channels) uint8; it may lie on disk
        (``FaceSet.images``).  Channels are averaged.
    progress : show a bar on stderr if it takes more than two seconds.

    Raises
    ------
    FerError : the array is of another kind.
    """
    shape: tuple[int, ...] = getattr(images, "shape", ())
    kind = getattr(images, "dtype", None)
    if kind != np.uint8 or len(shape) not in (3, 4) or 0 in shape[1:]:
        raise invalid(
            "images",
            expected="uint8 of shape (N, H, W) or (N, H, W, channels)",
            received=f"{kind} of shape {shape}" if kind is not None else type(images).__name__,
        )
    made = Looks(
        np.zeros((shape[0], likeness.COARSE, likeness.COARSE), np.float32),
        np.zeros((shape[0], likeness.SIDE, likeness.SIDE), np.float16),
        np.zeros(shape[0], "U24"),
    )
    for start in _bar(range(0, shape[0], _IMAGES), "pictures", progress):
        part = slice(start, start + _IMAGES)
        some = likeness.of_images(np.ascontiguousarray(images[part]))
        made.coarse[part], made.fine[part], made.digests[part] = some.coarse, some.fine, some.digests
    return made


@stage("near_duplicates")
def find(images: np.ndarray | Looks, *, least: float = LEAST_LIKENESS, progress: bool = True) -> pd.DataFrame:
    """All pairs of near-duplicates.

    Parameters
    ----------
    images : as for ``looks``, or what that returned.
    least : the least likeness, 0.8 to 1.
    progress : show a bar on stderr if it takes more than two seconds.

    Returns
    -------
    DataFrame, one row a pair, sorted: ``first`` < ``second`` (positions), ``likeness``
    (at most 1), ``identical`` (equal to the bit), ``mirrored`` (the two are more alike
    when one is mirrored, and this is their likeness).  Of identical images the later
    ones are paired with the first only, and only the first with others, so
    that many copies of one are no square of rows; ``groups`` joins them.

    Raises
    ------
    FerError : a bad argument, or more than five million pairs.
    """
    least = _checked(least)
    seen = images if isinstance(images, Looks) else looks(images, progress=progress)
    original = _originals(seen)
    copies = np.flatnonzero(original != np.arange(len(seen)))
    rows = np.unique(original)
    parts: list[tuple[np.ndarray, ...]] = [
        (original[copies], copies, np.ones(len(copies), np.float32), np.zeros(len(copies), bool))
    ]
    for some in _near(seen, rows, rows, least, progress, later=True):
        parts.append(some)
        if sum(len(part[0]) for part in parts) > MOST_PAIRS:
            raise FerError(
                f"More than {MOST_PAIRS:,} pairs of images are nearly the same (`least` is {least:g}). "
                "Ask for a larger `least`, or leave still scenes and blank pictures out."
            )
    first, second, alike, mirrored = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((second, first))
    return pd.DataFrame(
        {
            "first": first[order].astype(np.int64),
            "second": second[order].astype(np.int64),
            "likeness": alike[order].astype(np.float64),
            "identical": (original[first] == original[second])[order],
            "mirrored": mirrored[order],
        }
    )


def groups(pairs: pd.DataFrame) -> list[list[int]]:
    """The images that are joined by pairs, directly or through others: lists of two or more positions, sorted."""
    leader: dict[int, int] = {}

    def lead(row: int) -> int:
        while leader.setdefault(row, row) != row:
            leader[row] = row = leader[leader[row]]
        return row

    for first, second in zip(pairs["first"].tolist(), pairs["second"].tolist(), strict=True):
        one, other = lead(first), lead(second)
        leader[max(one, other)] = min(one, other)
    joined: dict[int, list[int]] = {}
    for row in sorted(leader):
        joined.setdefault(lead(row), []).append(row)
    return sorted(joined.values())


@stage("near_duplicates")
def nearest(
    images: np.ndarray | Looks,
    train: np.ndarray,
    test: np.ndarray,
    *,
    least: float = LEAST_LIKENESS,
    progress: bool = True,
) -> pd.DataFrame:
    """For every test image that has near-duplicates in training the closest of them.

    Parameters
    ----------
    images, least, progress : as for ``find``.
    train, test : positions of images.

    Returns
    -------
    DataFrame in the order of ``test``: ``test_row``, ``train_row`` (of several as
    close the first), ``likeness``, ``others`` (how many more training images
    are near), ``mirrored`` (the closest is so when mirrored).  Its length is that of ``test`` at most, whatever the
    data.

    Raises
    ------
    FerError : a bad argument.
    """
    least = _checked(least)
    seen = images if isinstance(images, Looks) else looks(images, progress=progress)
    train, test = np.unique(np.asarray(train, np.int64)), np.asarray(test, np.int64)
    original = _originals(seen)
    # Copies are compared once: each stands for all that are equal to it.
    trained, first_of, copies = np.unique(original[train], return_index=True, return_counts=True)
    earliest, many = np.full(len(seen), -1), np.zeros(len(seen), np.int64)
    earliest[trained], many[trained] = train[first_of], copies
    asked = np.unique(original[test])
    best, whose = np.full(len(seen), -np.inf, np.float32), np.full(len(seen), -1)
    count, turned = np.zeros(len(seen), np.int64), np.zeros(len(seen), bool)
    known = asked[many[asked] > 0]
    best[known], whose[known], count[known] = 1, earliest[known], many[known]
    for first, second, alike, mirrored in _near(seen, asked, trained, least, progress):
        np.add.at(count, first, many[second])
        second = earliest[second]
        order = np.lexsort((second, -alike, first))
        first, second, alike, mirrored = first[order], second[order], alike[order], mirrored[order]
        top = np.r_[True, first[1:] != first[:-1]]
        first, second, alike, mirrored = first[top], second[top], alike[top], mirrored[top]
        closer = (alike > best[first]) | ((alike == best[first]) & (second < whose[first]))
        first = first[closer]
        best[first], whose[first], turned[first] = alike[closer], second[closer], mirrored[closer]
    rows = test[whose[original[test]] >= 0]
    of = original[rows]
    return pd.DataFrame(
        {
            "test_row": rows,
            "train_row": whose[of],
            "likeness": best[of].astype(np.float64),
            "others": count[of] - 1,
            "mirrored": turned[of],
        }
    )


def _originals(seen: Looks) -> np.ndarray:
    """For each picture the first that is equal to the bit."""
    _, firsts, which = np.unique(seen.digests, return_index=True, return_inverse=True)
    return firsts[which.reshape(-1)]


def _near(
    seen: Looks, rows: np.ndarray, columns: np.ndarray, least: float, progress: bool, later: bool = False
) -> Iterator[tuple[np.ndarray, ...]]:
    """Near-duplicates, one of ``rows`` and another one of ``columns``, thousands of candidates at a time.

    Yields both positions, the likeness, and whether one is mirrored; never nothing.  Each pair comes once, as it is
    more alike.  With ``later``, ``columns`` are ``rows``, and the second comes after the first.
    """
    waiting: list[tuple[np.ndarray, ...]] = []
    for candidates in _candidates(seen, rows, columns, progress, later):
        waiting.append(candidates)
        if sum(len(first) for first, *_ in waiting) >= _PAIRS:
            yield from _compared(seen, waiting, least)
            waiting = []
    yield from _compared(seen, waiting, least)


def _compared(seen: Looks, waiting: list[tuple[np.ndarray, ...]], least: float) -> Iterator[tuple[np.ndarray, ...]]:
    if not waiting:
        return
    first, second, mirrored = (np.concatenate(column) for column in zip(*waiting, strict=True))
    alike = np.empty(len(first), np.float32)
    for way in (False, True):
        alike[mirrored == way] = seen.likeness(first[mirrored == way], second[mirrored == way], way)
    near = alike >= least
    first, second, mirrored, alike = first[near], second[near], mirrored[near], np.minimum(alike[near], 1)
    order = np.lexsort((mirrored, -alike, second, first))
    first, second, mirrored, alike = first[order], second[order], mirrored[order], alike[order]
    if len(first):
        once = np.r_[True, (first[1:] != first[:-1]) | (second[1:] != second[:-1])]
        yield first[once], second[once], alike[once], mirrored[once]


def _candidates(
    seen: Looks, rows: np.ndarray, columns: np.ndarray, progress: bool, later: bool
) -> Iterator[tuple[np.ndarray, ...]]:
    """Pairs whose coarse pictures correlate when one is moved a little: both positions, and whether one is mirrored.

    Both ways of a pair come together.
    """
    still = likeness.windows(seen.coarse[columns]).T
    for start in _bar(range(0, len(rows), _ROWS), "comparing pictures", progress):
        some = rows[start : start + _ROWS]
        coarse = seen.coarse[some]
        moved = [
            [likeness.windows(turned, down, right) for down, right in _MOVED] for turned in (coarse, coarse[:, :, ::-1])
        ]
        # A block stays in the processor's cache; all against all would not fit into memory.
        for left in range(start - start % _COLUMNS if later else 0, len(columns), _COLUMNS):
            part = columns[left : left + _COLUMNS]
            found = []
            for mirrored, ways in enumerate(moved):
                best = np.full((len(some), len(part)), -1, np.float32)
                for way in ways:
                    np.maximum(best, way @ still[:, left : left + _COLUMNS], out=best)
                row, column = np.nonzero(best >= _LEAST_CORRELATION)
                first, second = some[row], part[column]
                wanted = first < second if later else first != second
                found.append((first[wanted], second[wanted], np.full(wanted.sum(), bool(mirrored))))
            if any(len(first) for first, *_ in found):
                yield tuple(np.concatenate(column) for column in zip(*found, strict=True))


def _checked(least) -> float:
    fine = isinstance(least, (int, float, np.number)) and not isinstance(least, bool)
    if not fine or not 0.8 <= least <= 1:
        raise invalid("least", expected="a likeness from 0.8 to 1", received=least)
    return float(least)


def _bar(items: range, name: str, progress: bool):
    return tqdm(items, desc=name, disable=not progress, delay=2)
