"""How alike two pictures are: what is compared of a picture, and the comparison.

Each picture is brought to 48 x 48 pixels and its *local contrast* is taken: what remains of it when its broad light and
shade are subtracted, divided by how much remains round about.  So neither the light nor the contrast nor a bent
grey scale counts.

Two pictures are laid over each other where they agree best, moved by up to six pixels (found by a Fourier transform;
J. P. Lewis, *Fast Normalized Cross-Correlation*, 1995).  If the whole pictures, tapered towards their edges, correlate
by less than 0.8 there, this correlation is their **likeness**.  Else sixteen patches of 16 x 16 pixels, of which each
overlaps its neighbours by half, are correlated one by one, each moved by one more pixel if it fits better there, so
that a box that is some per cent larger does no harm; and the likeness is the mean of these sixteen correlations, in
which patches that are nearly empty in both pictures, such as a white wall, count less.  It is 1 for the same picture
and about 0 for pictures that have nothing in common.

The coarse pictures (16 x 16) are for finding the pairs that are worth this comparison among millions.
"""

from __future__ import annotations

import hashlib

import numpy as np
import scipy.fft

#: Sides of the small pictures: in which pairs are compared, and in which pairs are sought.
SIDE, COARSE = 48, 16
#: Standard deviations of three Gaussians, in pixels of 48: what is finer is noise, what is broader is light, and over
#: which area the contrast is taken.  For the comparison, and for the search.
_FINE_SCALES, _COARSE_SCALES = (1.0, 3.0, 4.5), (0.5, 6.0, 9.0)
#: Added to the contrast round about, in grey levels: noise on a flat wall is not made a pattern.
_LEAST_CONTRAST = 4.0
#: The farthest that a picture is moved, and the room that this needs at each edge (half of it in either picture).
_MOST_MOVED, _ROOM = 6, 4
#: Patches of 16 x 16 pixels that begin at every eighth pixel of the 40 x 40 within the room.
_PATCH, _STEP = 16, 8
_INNER = SIDE - 2 * _ROOM
#: A patch of less local contrast than this (standard deviation) in both pictures is nearly empty, and counts less;
#: where fewer than so many patches are left, the pictures prove little.
_PATTERN, _LEAST_PATCHES = 0.3, 4
#: Each patch may lie a pixel beside where the whole lies.
_BESIDE = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
#: Where the whole pictures correlate less than this, the patches are not looked at.
_PROMISING = 0.8
#: So many pairs are compared at a time, and of so many the transforms are kept (at most 160 MB).
_PAIRS, _BLOCK = 256, 8192


class Looks:
    """What is compared of N pictures.

    ``coarse`` (N, 16, 16) float32 and ``fine`` (N, 48, 48) float16 are local contrasts, ``digests`` (N,) is text.
    """

    def __init__(self, coarse: np.ndarray, fine: np.ndarray, digests: np.ndarray):
        self.coarse, self.fine, self.digests = coarse, fine, digests

    def __len__(self) -> int:
        return len(self.coarse)

    def likeness(self, first: np.ndarray, second: np.ndarray, mirrored: bool = False) -> np.ndarray:
        """The likeness of each pair of positions, (pairs,) float32, -1 to 1.

        With ``mirrored`` one picture of each pair is mirrored, left for right.  It is the same whichever comes first.
        """
        first, second = np.asarray(first, np.int64), np.asarray(second, np.int64)
        one, other = np.minimum(first, second), np.maximum(first, second)
        found, down, right = self._laid(one, other, mirrored)
        # Pairs that are moved alike are compared together.
        promising = found >= _PROMISING
        for down_by, right_by in sorted(set(zip(down[promising].tolist(), right[promising].tolist(), strict=True))):
            rows = np.flatnonzero(promising & (down == down_by) & (right == right_by))
            for at in range(0, len(rows), _PAIRS):
                some = rows[at : at + _PAIRS]
                pictures = self._pictures(one[some], False), self._pictures(other[some], mirrored)
                found[some] = _weighted(*_patches(*pictures, down_by, right_by))
        return found

    def _pictures(self, rows: np.ndarray, mirrored: bool) -> np.ndarray:
        taken = self.fine[rows].astype(np.float32)
        return taken[:, :, ::-1] if mirrored else taken

    def _laid(self, one: np.ndarray, other: np.ndarray, mirrored: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The pictures laid over each other where they agree best.

        Their correlation, and how far the second then lies below and right of the first, in pixels.
        """
        alike = np.empty(len(one), np.float32)
        moved = np.empty((2, len(one)), np.int64)
        ways = np.arange(-_MOST_MOVED, _MOST_MOVED + 1)
        for begin in range(0, len(one), _BLOCK):
            block = slice(begin, begin + _BLOCK)
            firsts, first_at = self._spectra(one[block], False)
            seconds, second_at = self._spectra(other[block], mirrored)
            for start in range(0, len(first_at), _PAIRS):
                part = slice(start, start + _PAIRS)
                product = np.conj(firsts[first_at[part]]) * seconds[second_at[part]]
                agreement = scipy.fft.irfft2(product, s=(SIDE, SIDE))
                agreement = agreement[:, ways[:, None], ways].reshape(len(agreement), -1)
                best = agreement.argmax(axis=1)
                rows = begin + start + np.arange(len(best))
                alike[rows] = agreement[np.arange(len(best)), best]
                moved[:, rows] = ways[best // len(ways)], ways[best % len(ways)]
        return alike, moved[0], moved[1]

    def _spectra(self, rows: np.ndarray, mirrored: bool) -> tuple[np.ndarray, np.ndarray]:
        """The Fourier transforms of tapered pictures, (different rows, 48, 25) complex64, and where each row's is.

        A picture has many neighbours that it is compared with, and is transformed once for all of them.
        """
        different, position = np.unique(rows, return_inverse=True)
        spectra = np.empty((len(different), SIDE, SIDE // 2 + 1), np.complex64)
        for start in range(0, len(different), _PAIRS):
            part = slice(start, start + _PAIRS)
            taken = self._pictures(different[part], mirrored)
            taken = (taken - taken.mean(axis=(1, 2), keepdims=True)) * _TAPER
            length = np.sqrt((taken**2).sum(axis=(1, 2), keepdims=True))
            spectra[part] = scipy.fft.rfft2(taken / np.maximum(length, _PATTERN * SIDE / 2))
        return spectra, position


def of_images(images: np.ndarray) -> Looks:
    """The looks of a few pictures, (N, H, W) or (N, H, W, channels) uint8."""
    grey = images.mean(axis=3, dtype=np.float32) if images.ndim == 4 else images.astype(np.float32)
    small = _shrunk(grey, SIDE)
    fine = _local_contrast(small, *_FINE_SCALES).astype(np.float16)
    return Looks(_shrunk(_local_contrast(small, *_COARSE_SCALES), COARSE), fine, digests(images))


def digests(images: np.ndarray) -> np.ndarray:
    """For every image 24 hexadecimal digits of its bytes (BLAKE2b), shape (N,): equal for images equal to the bit."""
    return np.array(
        [hashlib.blake2b(np.ascontiguousarray(image).tobytes(), digest_size=12).hexdigest() for image in images],
        dtype="U24",
    )


def windows(coarse: np.ndarray, down: int = 0, right: int = 0) -> np.ndarray:
    """The middle of coarse pictures, moved by up to two cells: (N, 144) float32 of length 1 (less for flat ones).

    The product of two of them is their correlation.
    """
    cells = coarse[:, 2 + down : COARSE - 2 + down, 2 + right : COARSE - 2 + right]
    cells = cells.reshape(len(coarse), (COARSE - 4) ** 2)
    cells = cells - cells.mean(axis=1, keepdims=True)
    return cells / np.maximum(np.linalg.norm(cells, axis=1, keepdims=True), 1)


def weights(side: int, small: int) -> np.ndarray:
    """(small, side) float32: each row averages one of ``small`` equal parts of ``side`` pixels.

    A pixel that is cut counts by its share.
    """
    edges = np.linspace(0, side, small + 1)
    pixel = np.arange(side)
    share = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    return (np.clip(share, 0, None) * small / side).astype(np.float32)


def _shrunk(grey: np.ndarray, side: int) -> np.ndarray:
    return weights(grey.shape[1], side) @ grey @ weights(grey.shape[2], side).T


def _blurred(pictures: np.ndarray, spread: float) -> np.ndarray:
    """Pictures of 48 x 48 under a Gaussian; at an edge only what is in the picture counts."""
    pixel = np.arange(SIDE)
    weight = np.exp(-((pixel[:, None] - pixel) ** 2) / (2 * spread**2))
    weight = (weight / weight.sum(axis=1, keepdims=True)).astype(np.float32)
    return weight @ pictures @ weight.T


def _local_contrast(pictures: np.ndarray, finer: float, broader: float, around: float) -> np.ndarray:
    detail = _blurred(pictures, finer) - _blurred(pictures, broader)
    return detail / (np.sqrt(_blurred(detail**2, around)) + _LEAST_CONTRAST)


def _patches(one: np.ndarray, other: np.ndarray, down: int, right: int) -> tuple[np.ndarray, np.ndarray]:
    """The correlations of the sixteen patches and their weights, both (pairs, 16).

    Each picture moves by half of ``down`` and ``right``.
    """
    top, left = _ROOM - down // 2, _ROOM - right // 2
    inner = _cut(one, top, left)
    mean, spread = _mean_and_spread(inner)
    best = np.full(mean.shape, -1, np.float32)
    for beside_down, beside_right in _BESIDE:
        y, x = top + down + beside_down, left + right + beside_right  # 0 to 8: within the picture
        there = _cut(other, y, x)
        other_mean, other_spread = _mean_and_spread(there)
        if (beside_down, beside_right) == (0, 0):
            weight = np.minimum(np.maximum(spread, other_spread) / _PATTERN, 1) ** 2
        shared = (inner * there) @ _PATCHES - mean * other_mean
        best = np.maximum(best, shared / (spread * other_spread))
    return best, weight


def _weighted(correlations: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The weighted mean of each row; of less than four whole patches it is lowered."""
    return (correlations * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), _LEAST_PATCHES)


def _cut(pictures: np.ndarray, top: int, left: int) -> np.ndarray:
    """The 40 x 40 pixels from there on, (pairs, 1600)."""
    return pictures[:, top : top + _INNER, left : left + _INNER].reshape(len(pictures), _INNER**2)


def _mean_and_spread(inner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each of the sixteen patches the mean and the standard deviation, above 0."""
    mean = inner @ _PATCHES
    return mean, np.sqrt(np.maximum(inner**2 @ _PATCHES - mean**2, 1e-6))


def _taper() -> np.ndarray:
    """1 in the middle, falling to 0 over the eight outer pixels: the transform takes opposite edges for neighbours."""
    pixel = np.arange(SIDE)
    falling = np.minimum(1, (np.minimum(pixel, pixel[::-1]) + 0.5) / 8).astype(np.float32)
    return np.outer(falling, falling)


def _patch_weights() -> np.ndarray:
    """(1600, 16): the product of 40 x 40 pixels with it is the means of the sixteen patches."""
    begins = np.arange(0, _INNER - _PATCH + 1, _STEP)
    pixel = np.arange(_INNER)[:, None]
    line = (pixel >= begins) & (pixel < begins + _PATCH)
    return np.kron(line, line).astype(np.float32) / _PATCH**2


_TAPER, _PATCHES = _taper(), _patch_weights()
