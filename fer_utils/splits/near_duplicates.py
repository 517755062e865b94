"""Near-duplicates: pictures of one person from nearly the same moment, and copies of one picture.

They differ by a re-encoding, the light, a mirror, a box that was set a little otherwise, or a few thirtieths of a
second.

Two steps.  Each picture is made a coarse one of 16 x 16 cells, and all pairs of these are correlated, one of each pair
moved by up to a cell; a pair that correlates by 0.72 or more, as it is or mirrored, is a candidate.  Candidates are
then compared at 48 x 48 pixels, as `fer_utils.splits.likeness` says, and are near-duplicates if their likeness is
`LEAST_LIKENESS` or more.

**Measured on real files** by the study ``near_duplicates_real`` (its stored answer has every row, also by other
limits) on 25 November 2026:

    python -m fer_utils study near_duplicates_real --store --real ck48=FOLDER \
        --real fer2013=FOLDER --real ravdess=FOLDER

The limit, 0.96, is the highest of five at which the interval of the share found, of one half of CK+48's people, is
above 95 %.  The rows are of the other half; of RAVDESS of the second of two performances, and of FER2013 of pictures
of the other half.  The form of the comparison was worked out with all of CK+48 and RAVDESS in sight, so their rows
may flatter a little; how much empty patches count was settled on the first half of FER2013.

=====================================================  =========  =====================
pairs that are one                                     pairs      found
=====================================================  =========  =====================
CK+48, frames of one sequence (59 people)              486        96.3 % (93.6 to 98.3)
RAVDESS, twin frames of actor 01, dlib's boxes         97         99.0 %
RAVDESS, twin frames of actor 01, haar's boxes         97         100 %
FER2013, copies equal to the bit (all of them)         1,853      100 %
FER2013, stored as JPEG of quality 30                  1,000      99.0 %
FER2013, stored as JPEG of quality 10                  1,000      30.5 %
FER2013, noise of 5 grey levels                        1,000      99.5 %
FER2013, a fifth less contrast, 10 levels lighter      1,000      99.9 %
FER2013, gamma of 0.6; of 1.6                          1,000      100 %; 99.7 %
FER2013, histogram equalised                           1,000      72.0 %
FER2013, mirrored                                      1,000      100 %
FER2013, mirrored, and JPEG of quality 30              1,000      99.0 %
FER2013, moved by 1 pixel of 48; by 4                  1,000      100 %; 100 %
FER2013, moved by 2 pixels in both directions          1,000      99.5 %
FER2013, cut out by a box 6 % smaller                  1,000      72.7 %
FER2013, cut out by a box 12 % smaller                 1,000      none
FER2013, turned by 3 degrees                           1,000      64.9 %
=====================================================  =========  =====================

=====================================================  ==========  =====================
pairs that are not one                                 pairs       called the same
=====================================================  ==========  =====================
CK+48, two people                                      476,397     none (0.909 at most)
CK+48, one person, another sequence                    3,312       none (0.949 at most)
RAVDESS beside CK+48, and beside FER2013               25,733,864  none (below 0.9)
CK+48 beside FER2013                                   35,205,147  3, which are one (below)
RAVDESS, one man, another performance, dlib's boxes    189,739     2.1 %
RAVDESS, one man, another performance, haar's boxes    189,739     4.7 %
drawn, two people, cut out at one place                1,047,625   10 pairs
drawn, one person, another expression, nothing else    2,900       11 %
=====================================================  ==========  =====================

Of FER2013's 643,920,441 pairs, 4,074 are called the same besides the copies equal to the bit.  Nobody has written down
who is who there.  Of those just above the limit (0.96 to 0.965) 150, drawn at random, were looked at, and so were all
38 at 0.90 to 0.91: none shows two people.  Most are one picture with and without a watermark, or cut out otherwise.
All these pairs took 29 s on two cores.

Pictures of two sets show two people, in 61 million pairs, unless one set took a picture from another.  One did: a
training picture of FER2013 is a frame of CK+48, cut out a little otherwise, and the last three frames of its sequence
are found.  So a network that learned from FER2013 has met one face of CK+48.

So a near-duplicate is one *person* in nearly the same pose, most often at nearly the same moment, and not always with
the same expression.  Drawn people are more alike than real ones: one wall, one light, no pores.  Two expressions of one
drawn person are called the same more often where the skin is dark: in 18 % of the pairs of the darkest 30 of 150
people, in 6 % of the lightest 30 (measured while this was made, and not by the study).

What is not caught: a picture that is turned by some degrees, cut out by a box that is a tenth smaller, strongly
compressed or equalised.  A picture with hardly any pattern is like nothing but its copies that are equal to the bit.
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
