"""Near-duplicates: pictures that are nearly the same.

They differ by a re-encoding, a rescaling, the light, a mirror, or a thirtieth of a second.

Two steps.  A *difference hash* of 128 bits says of each place in a 9 x 9 picture
whether it is darker than its right and its lower neighbour (the idea is
that of N. Krawetz, *Kind of Like That*, The Hacker Factor Blog, 2013; C. Zauner,
*Implementation and Benchmarking of Perceptual Image Hash Functions*, 2010, compares
other such hashes).  All pairs of hashes are compared, which is seconds for
35,000 pictures; a pair that differs in few bits is then compared in pictures of
16 x 16 cells: how far apart are the six cells that differ most?  Light and
contrast, taken from the middle, where the face is, are made equal before.  The second
picture of a pair is looked at as it is and mirrored, and the nearer counts.  Faces cut
out alike look alike, so that a hash alone would call different people the same: the
second step decides.

**The limits were measured** on face sets of 180 x 180 that ``fer_utils.faces.prepare``
made of drawn clips (12 and 16 people, six frames a clip; 4 people, every frame of
clips of 30 frames a second) and of the seven real RAVDESS clips of actor 01 (every
frame), with 200 faces of each altered as the table says; and on 60 drawn people cut
out at one place with five expressions.  Found is what differs by 14 at most, in
16 bits at most:

====================================================  ==================  ===============
pairs of faces: median difference; share found        drawn               real
====================================================  ==================  ===============
the same frame, filmed and encoded twice (twins)      1.6; 95.7 %         0.38; 99.5 %
stored as JPEG of quality 30                          2.4; 100 %          2.4; 100 %
stored as JPEG of quality 10                          6.9; 98 to 99 %     6.7; 100 %
scaled to 48 x 48 and back                            7.4; 89 to 96 %     6.9; 100 %
noise of 5 grey levels                                1.9; 100 %          1.9; 100 %
a fifth less contrast, 10 levels lighter              0.28; 100 %         0.22; 100 %
mirrored, left for right                              0; 100 %            0; 100 %
mirrored, and stored as JPEG of quality 30            2.3; 100 %          2.2; 100 %
gamma of 0.8                                          7.4; 78 %           4.4; 90 %
gamma of 1.25                                         8.9; 72 %           5.3; 84 %
gamma of 0.6                                          15; 40 %            8.8; 73 %
gamma of 1.6                                          20; 8.5 %           12; 60 %
histogram equalised                                   31; 12 %            21; 2.5 %
moved by 1 pixel                                      16; 33 to 38 %      24; 25 %
moved by 2 pixels in both directions                  45; none            46; none
neighbouring frames, 1/30 s apart                     5.0; 81 %           9.9; 66 %
one frame between them, 1/15 s apart                  7.9; 69 %           20; 38 %
last three frames of a sequence like CK+48's          2.7 to 4.5; 99.7 %  -
one person, another expression                        146; none           129; none
the same, nothing else moved                          67; none            -
two people                                            204; none           -
====================================================  ==================  ===============

The rows on mirrors, gamma and equalisation are of 200 faces each of 16 people (30 clips
each, six frames a clip) and of the real clips.

None was called the same of 1,020,096 pairs of one drawn person with two
expressions, nor of 600 more in which nothing but the expression moved, of 4,869,086
pairs of two drawn people, and of 170,921 pairs of the real actor with two
expressions.  The closest differed by 22, 17, 24 and 20.  No pair within 14 had more than 12 bits
between its hashes.  The mean difference of all cells, tried first, cannot do
this: a smile moves few of them, and against a light wall the faces of dark skin had so little
contrast of their own that two expressions differed less than two encodings.

A mirror calls nobody the same either, though a face is nearly symmetric: of 396,864 pairs
of one drawn person with two expressions, 5,764,320 of two people and 170,921 of the real actor, the
second mirrored, the closest with 24 bits or less between their hashes differed by 30, 52 and 38.
Faces that were made perfectly symmetric are as far from each other's mirror images as
from each other (60 people with five expressions: 17 and 24 at least).

What is not caught: a picture that is turned, moved by two pixels in 180, cut out by
another box, or whose greys were bent (a strong gamma, an equalised histogram: the
table).  The twins that were missed are these: re-encoding tipped the detector to its
next box, dlib's coming in steps of a fifth.  Two frames of one clip some tenths of a second apart may or may not be
near-duplicates; ``fer_utils.splits`` knows them by their clip's name, and twins by their performance's.
Expressions half as strong in a face that does not move otherwise may be called the
same.  Pictures without structure, of one grey, are all alike here.
"""

from __future__ import annotations

from collections.abc import Iterator
import hashlib

import numpy as np
import pandas as pd
from tqdm import tqdm

from fer_utils.core.errors import FerError, invalid, whole_number
from fer_utils.core.stages import stage

#: Pairs whose hashes differ in more of the 128 bits are not looked at closer.
MOST_BITS = 16
#: The largest difference of near-duplicates: see the table above.
MOST_DIFFERENCE = 14.0
#: Sides of the small pictures: for the hash, and for the second look.
_HASHED, _SEEN = 9, 16
#: Of the 16 x 16 cells the outer two rows and columns are not compared, and three do not count for light and
#: contrast: with the wall behind them, expressions of dark skin would differ less than those of light skin.
_EDGE, _LIT = slice(2, -2), slice(3, -3)
_CONTRAST, _LEAST_CONTRAST = 50.0, 8.0
#: An expression changes few cells, an encoding changes all a little: the cells that differ most decide.
_CELLS = 6
#: Eight of nine columns have bits for the lower neighbours; in a mirror the first has no counterpart, and its 8 bits
#: are left out.
_PAIRED = np.uint64(0x7F7F7F7F7F7F7F7F)
#: So many images, rows by columns of hashes, and pairs are worked on at a time.
_IMAGES, _ROWS, _COLUMNS, _PAIRS = 256, 256, 4096, 16_384
#: ``find`` lists no more pairs than these.
MOST_PAIRS = 5_000_000


class Looks:
    """What is compared of N pictures.

    ``hashes`` (N, 2) uint64 and those of the ``mirrored`` pictures, ``small`` (N, 144) float32, ``digests`` (N,) text.
    """

    def __init__(self, hashes: np.ndarray, mirrored: np.ndarray, small: np.ndarray, digests: np.ndarray):
        self.hashes, self.mirrored, self.small, self.digests = hashes, mirrored, small, digests

    def __len__(self) -> int:
        return len(self.hashes)

    def differences(self, first: np.ndarray, second: np.ndarray, mirrored: bool = False) -> np.ndarray:
        """For each pair the mean absolute difference of the six cells that differ most.

        It is in grey levels at a contrast of 50.
        With ``mirrored`` the second pictures are mirrored, left for right.
        """
        found = np.empty(len(first), np.float32)
        side = len(range(_SEEN)[_EDGE])
        for start in range(0, len(first), _PAIRS):
            part = slice(start, start + _PAIRS)
            other = self.small[second[part]]
            if mirrored:  # the small pictures are symmetric about the middle, as is the patch that light is taken from
                other = other.reshape(-1, side, side)[:, :, ::-1].reshape(len(other), -1)
            cells = np.abs(self.small[first[part]] - other)
            found[part] = np.partition(cells, -_CELLS, axis=1)[:, -_CELLS:].mean(axis=1)
        return found


def digests(images: np.ndarray) -> np.ndarray:
    """For every image 24 hexadecimal digits of its bytes (BLAKE2b), shape (N,): equal for images equal to the bit."""
    return np.array(
        [hashlib.blake2b(np.ascontiguousarray(image).tobytes(), digest_size=12).hexdigest() for image in images],
        dtype="U24",
    )


@stage("near_duplicates")
def looks(images: np.ndarray, *, progress: bool = True) -> Looks:
    """Hashes and small pictures of all images, read once, 256 at a time.

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
    count = shape[0]
    rows = np.vstack([_weights(shape[1], _HASHED), _weights(shape[1], _SEEN)])
    columns = _weights(shape[2], _HASHED).T, _weights(shape[2], _SEEN).T
    cells = len(range(_SEEN)[_EDGE]) ** 2
    made = Looks(
        np.zeros((count, 2), np.uint64),
        np.zeros((count, 2), np.uint64),
        np.zeros((count, cells), np.float32),
        np.zeros(count, "U24"),
    )
    for start in _bar(range(0, count, _IMAGES), "pictures", progress):
        raw = np.ascontiguousarray(images[start : start + _IMAGES])
        part = slice(start, start + len(raw))
        made.digests[part] = digests(raw)
        grey = (
            raw.astype(np.float32)
            if raw.ndim == 3
            else raw[..., 0].astype(np.float32)
            if raw.shape[3] == 1
            else raw.mean(axis=3, dtype=np.float32)
        )
        lower = rows @ grey
        tiny, small = lower[:, :_HASHED] @ columns[0], lower[:, _HASHED:] @ columns[1]
        made.hashes[part], made.mirrored[part] = _hashed(tiny), _hashed(tiny[:, :, ::-1])
        lit = small[:, _LIT, _LIT]
        # A flat picture is left flat: its noise is not made a pattern.
        spread = np.maximum(lit.std(axis=(1, 2), keepdims=True), _LEAST_CONTRAST)
        small = (small - lit.mean(axis=(1, 2), keepdims=True)) * (_CONTRAST / spread)
        made.small[part] = small[:, _EDGE, _EDGE].reshape(len(raw), -1)
    return made


def _hashed(tiny: np.ndarray) -> np.ndarray:
    """(N, 2) uint64 of (N, 9, 9): whether each place is lighter than its right neighbour, and than its lower one."""
    bits = np.concatenate(
        [
            (tiny[:, :-1, :-1] > tiny[:, :-1, 1:]).reshape(len(tiny), -1),
            (tiny[:, :-1, :-1] > tiny[:, 1:, :-1]).reshape(len(tiny), -1),
        ],
        axis=1,
    )
    return np.packbits(bits, axis=1).view(np.uint64)


@stage("near_duplicates")
def find(
    images: np.ndarray | Looks,
    *,
    difference: float = MOST_DIFFERENCE,
    bits: int = MOST_BITS,
    progress: bool = True,
) -> pd.DataFrame:
    """All pairs of near-duplicates.

    Parameters
    ----------
    images : as for ``looks``, or what that returned.
    difference : the largest difference, the mean of the six cells of 12 x 12 that
        differ most, in grey levels at a contrast (standard deviation) of 50; 0 or more.
    bits : pairs whose hashes differ in more bits are not looked at closer; 0 to 128
        (120 of them can be compared with a mirrored picture's).
    progress : show a bar on stderr if it takes more than two seconds.

    Returns
    -------
    DataFrame, one row a pair, sorted: ``first`` < ``second`` (positions), ``bits``,
    ``difference``, ``identical`` (equal to the bit), ``mirrored`` (the second is nearer
    when it is mirrored, and these are its numbers).  Of identical images the later
    ones are paired with the first only, and only the first with others, so
    that many copies of one are no square of rows; ``groups`` joins them.

    Raises
    ------
    FerError : a bad argument, or more than five million pairs.
    """
    bits, difference = whole_number("bits", bits, 0, 128), _checked(difference)
    seen = images if isinstance(images, Looks) else looks(images, progress=progress)
    _, firsts, which = np.unique(seen.digests, return_index=True, return_inverse=True)
    original = firsts[which.reshape(-1)]
    copies = np.flatnonzero(original != np.arange(len(seen)))
    rows = np.sort(firsts)
    parts = [
        (
            original[copies],
            copies,
            np.zeros(len(copies), np.uint8),
            np.zeros(len(copies), np.float32),
            np.zeros(len(copies), bool),
        )
    ]
    for first, second, apart, far, mirrored in _near(seen, rows, rows, bits, difference, progress, later=True):
        parts.append((first, second, apart, far, mirrored))
        if sum(len(part[0]) for part in parts) > MOST_PAIRS:
            raise FerError(
                f"More than {MOST_PAIRS:,} pairs of images are nearly the same (`difference` is {difference:g}). "
                "Ask for a smaller `difference`, or leave still scenes and blank pictures out."
            )
    first, second, apart, far, mirrored = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((second, first))
    return pd.DataFrame(
        {
            "first": first[order].astype(np.int64),
            "second": second[order].astype(np.int64),
            "bits": apart[order].astype(np.int64),
            "difference": far[order].astype(np.float64),
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
    difference: float = MOST_DIFFERENCE,
    bits: int = MOST_BITS,
    progress: bool = True,
) -> pd.DataFrame:
    """For every test image that has near-duplicates in training the closest of them.

    Parameters
    ----------
    images, difference, bits, progress : as for ``find``.
    train, test : positions of images.

    Returns
    -------
    DataFrame in the order of ``test``: ``test_row``, ``train_row`` (of several as
    close the first), ``difference``, ``others`` (how many more training images
    are near), ``mirrored`` (the closest is so when mirrored).  Its length is that of ``test`` at most, whatever the
    data.
    """
    bits, difference = whole_number("bits", bits, 0, 128), _checked(difference)
    seen = images if isinstance(images, Looks) else looks(images, progress=progress)
    train, test = np.sort(np.asarray(train, np.int64)), np.asarray(test, np.int64)
    wanted = np.unique(test)
    place = np.zeros(len(seen), np.int64)
    place[wanted] = np.arange(len(wanted))
    best = np.full(len(wanted), np.inf, np.float32)
    whose, count = np.full(len(wanted), -1, np.int64), np.zeros(len(wanted), np.int64)
    turned = np.zeros(len(wanted), bool)
    for first, second, _, far, mirrored in _near(seen, wanted, np.unique(train), bits, difference, progress):
        at = place[first]
        np.add.at(count, at, 1)
        order = np.lexsort((second, far, at))
        at, second, far, mirrored = at[order], second[order], far[order], mirrored[order]
        top = np.r_[True, at[1:] != at[:-1]] if len(at) else np.zeros(0, bool)
        at, second, far, mirrored = at[top], second[top], far[top], mirrored[top]
        closer = (far < best[at]) | ((far == best[at]) & (second < whose[at]))
        best[at[closer]], whose[at[closer]], turned[at[closer]] = far[closer], second[closer], mirrored[closer]
    rows = place[test]
    rows = rows[whose[rows] >= 0] if len(test) else rows
    return pd.DataFrame(
        {
            "test_row": wanted[rows],
            "train_row": whose[rows],
            "difference": best[rows].astype(np.float64),
            "others": count[rows] - 1,
            "mirrored": turned[rows],
        }
    )


def _near(
    seen: Looks,
    rows: np.ndarray,
    columns: np.ndarray,
    bits: int,
    difference: float,
    progress: bool,
    later: bool = False,
) -> Iterator[tuple[np.ndarray, ...]]:
    """Near-duplicates, one of ``rows`` and one of ``columns``, a block at a time.

    Yields both positions, the bits, the difference, and whether the second is mirrored.  Each pair comes once, as it is
    nearer.  With ``later``, ``columns`` are ``rows``, and the second comes after the first.
    """
    other = [np.ascontiguousarray(hashes[columns, word]) for hashes in (seen.hashes, seen.mirrored) for word in (0, 1)]
    other[3] &= _PAIRED
    for start in _bar(range(0, len(rows), _ROWS), "hashes", progress):
        some = rows[start : start + _ROWS]
        mine = seen.hashes[some]
        # A block of hashes stays in the processor's cache; all against all would not fit into memory.
        for left in range(start - start % _COLUMNS if later else 0, len(columns), _COLUMNS):
            part = slice(left, left + _COLUMNS)
            found = []
            for mirrored in (False, True):
                apart = np.bitwise_count(mine[:, :1] ^ other[2 * mirrored][part])
                apart += np.bitwise_count(
                    (mine[:, 1:] & _PAIRED if mirrored else mine[:, 1:]) ^ other[2 * mirrored + 1][part]
                )
                row, column = np.nonzero(apart <= bits)
                first, second, apart = some[row], columns[left + column], apart[row, column]
                if later:
                    alike = first < second
                    first, second, apart = first[alike], second[alike], apart[alike]
                far = seen.differences(first, second, mirrored)
                near = far <= difference
                found.append((first[near], second[near], apart[near], far[near], np.full(near.sum(), mirrored)))
            if not any(len(one[0]) for one in found):
                continue
            first, second, apart, far, mirrored = (np.concatenate(column) for column in zip(*found, strict=True))
            order = np.lexsort((mirrored, far, second, first))
            first, second = first[order], second[order]
            once = np.r_[True, (first[1:] != first[:-1]) | (second[1:] != second[:-1])]
            yield first[once], second[once], apart[order][once], far[order][once], mirrored[order][once]


def _weights(side: int, small: int) -> np.ndarray:
    """(small, side) float32: each row averages one of ``small`` equal parts of ``side`` pixels.

    A pixel that is cut counts by its share.
    """
    edges = np.linspace(0, side, small + 1)
    pixel = np.arange(side)
    share = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    return (np.clip(share, 0, None) * small / side).astype(np.float32)


def _checked(difference) -> float:
    fine = isinstance(difference, (int, float, np.number)) and not isinstance(difference, bool)
    if not fine or not 0 <= difference < np.inf:
        raise invalid("difference", expected="a number of grey levels, 0 or more", received=difference)
    return float(difference)


def _bar(items: range, name: str, progress: bool):
    return tqdm(items, desc=name, disable=not progress, delay=2)
