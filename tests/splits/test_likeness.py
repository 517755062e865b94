"""How alike two pictures are, against the definition computed plainly: scipy's Gaussians, numpy's correlations."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy import ndimage

from fer_utils.splits import likeness, near_duplicates


def scene(seed, high=96, wide=144):
    """A smooth random pattern about 0 with a standard deviation of 1."""
    found = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(high, wide)), 4)
    return found / found.std()


def pair(seed, contrast, mixed, down, right, part):
    """Two pictures of one scene: the second is mixed with another scene and moved, of 48 pixels by so many.

    ``part`` of 1 shows a pattern everywhere, less of it in one corner only.
    """
    one, other = scene(seed), scene(seed + 1000)
    two = np.roll((one + mixed * other) / np.hypot(1, mixed), (2 * down, 3 * right), (0, 1))
    shown = np.add.outer(np.arange(96) / 96, np.arange(144) / 144) <= 2 * part
    return [np.clip(128 + contrast * np.where(shown, picture, 0), 0, 255).astype(np.uint8) for picture in (one, two)]


PAIRS = [
    (40, 0, 0, 0, 1),
    (40, 0.2, 6, -6, 1),
    (40, 0.2, 7, 0, 1),
    (40, 0.3, -3, 5, 1),
    (15, 0.5, 1, 0, 1),
    (15, 0.55, 0, 0, 1),
    (15, 0.6, 0, -1, 1),
    (15, 0.65, 0, 0, 1),
    (15, 0.7, 0, 0, 1),
    (15, 0.8, 0, 0, 1),
    (15, 0.85, 1, 1, 1),
    (15, 0.9, 0, 0, 1),
    (40, 3, 0, 0, 1),
    (3, 0.2, 0, 2, 1),
    (3, 0.5, 0, 0, 1),
    (40, 0.2, 0, 0, 0.25),
    (40, 0.3, 2, 0, 0.12),
    (10, 0.1, 0, 0, 0.3),
]


@pytest.fixture(scope="module")
def pictures():
    return np.array([picture for seed, given in enumerate(PAIRS) for picture in pair(seed, *given)])


@pytest.fixture(scope="module")
def seen(pictures):
    return near_duplicates.looks(pictures, progress=False)


def blurred(picture, spread):
    """At an edge only what is in the picture counts."""
    whole, there = (
        ndimage.gaussian_filter(values, spread, mode="constant", truncate=12)
        for values in (picture, np.ones(picture.shape))
    )
    return whole / there


def local_contrast(picture, finer, broader, around):
    detail = blurred(picture, finer) - blurred(picture, broader)
    return detail / (np.sqrt(blurred(detail**2, around)) + 4)


def test_the_small_pictures_are_local_contrasts(pictures, seen):
    for picture, fine, coarse in zip(pictures, seen.fine, seen.coarse, strict=True):
        small = picture.reshape(48, 2, 48, 3).mean(axis=(1, 3))
        assert np.allclose(fine, local_contrast(small, 1, 3, 4.5), atol=2e-3)
        cells = local_contrast(small, 0.5, 6, 9).reshape(16, 3, 16, 3).mean(axis=(1, 3))
        assert np.allclose(coarse, cells, atol=1e-4)


def test_the_channels_of_a_colour_picture_are_averaged(pictures):
    colours = pictures[:6].reshape(2, 3, 96, 144).transpose(0, 2, 3, 1)
    found = near_duplicates.looks(colours, progress=False)
    for fine, picture in zip(found.fine, colours.mean(axis=3), strict=True):
        small = picture.reshape(48, 2, 48, 3).mean(axis=(1, 3))
        assert np.allclose(fine, local_contrast(small, 1, 3, 4.5), atol=2e-3)


def tapered(fine):
    found = (fine - fine.mean()) * likeness._taper()
    return found / max(np.linalg.norm(found), 0.3 * 24)


def test_the_taper_falls_over_the_eight_outer_pixels():
    edge = (np.arange(8) + 0.5) / 8
    line = np.r_[edge, np.ones(32), edge[::-1]]
    assert np.allclose(likeness._taper(), np.outer(line, line))


def test_the_patches_overlap_by_half():
    places = likeness._patch_weights().reshape(40, 40, 4, 4)
    for row, column in np.ndindex(4, 4):
        wanted = np.zeros((40, 40))
        wanted[8 * row : 8 * row + 16, 8 * column : 8 * column + 16] = 1 / 256
        assert np.allclose(places[:, :, row, column], wanted)


def plainly(one, other):
    """The likeness by its definition, and whether the patches were looked at."""
    first, second = tapered(one), tapered(other)
    moves = [(down, right) for down in range(-6, 7) for right in range(-6, 7)]
    whole = [(first * np.roll(second, (-down, -right), (0, 1))).sum() for down, right in moves]
    best, (down, right) = max(whole), moves[int(np.argmax(whole))]
    if best < 0.8:
        return best, False
    top, left = 4 - down // 2, 4 - right // 2
    found, weights = [], []
    for y in range(0, 25, 8):
        for x in range(0, 25, 8):

            def cut(picture, at_y, at_x, y=y, x=x):
                return picture[at_y + y : at_y + y + 16, at_x + x : at_x + x + 16]

            mine = cut(one, top, left)
            others = [
                cut(other, top + down + beside, left + right + beyond) for beside in (-1, 0, 1) for beyond in (-1, 0, 1)
            ]
            with np.errstate(invalid="ignore", divide="ignore"):
                found.append(np.nan_to_num(max(np.corrcoef(mine.ravel(), part.ravel())[0, 1] for part in others)))
            weights.append(min(max(mine.std(), others[4].std()) / 0.3, 1) ** 2)
    return np.dot(found, weights) / max(sum(weights), 4), True


def test_the_likeness_is_what_its_definition_says(seen):
    first = np.arange(0, len(seen), 2)
    found, turned = seen.likeness(first, first + 1), seen.likeness(first, first + 1, mirrored=True)
    assert (seen.likeness(first + 1, first) == found).all()
    asked = []
    for row, alike, other_way in zip(first, found, turned, strict=True):
        one, other = seen.fine[[row, row + 1]].astype(float)
        wanted, by_patches = plainly(one, other)
        asked.append(by_patches)
        assert alike == pytest.approx(wanted, abs=1e-3), PAIRS[row // 2]
        assert other_way == pytest.approx(plainly(one, other[:, ::-1])[0], abs=1e-3)
    assert 4 <= sum(asked) <= len(asked) - 4, "both ways are asked"


@pytest.mark.parametrize("down, right", [(0, 0), (2, -1), (-2, 1)])
def test_the_windows_of_coarse_pictures_are_of_length_1_or_less(seen, down, right):
    faint = np.concatenate([seen.coarse, 0.01 * seen.coarse])
    for picture, found in zip(faint, likeness.windows(faint, down, right), strict=True):
        cells = picture[2 + down : 14 + down, 2 + right : 14 + right].ravel()
        cells = cells - cells.mean()
        assert found == pytest.approx(cells / max(np.linalg.norm(cells), 1), abs=1e-4)


def test_a_digest_is_of_the_pixels_wherever_they_lie(pictures):
    found = likeness.digests(pictures)  # the first pair is one picture
    assert all(re.fullmatch("[0-9a-f]{24}", digest) for digest in found) and len(set(found)) == len(pictures) - 1
    assert (likeness.digests(np.asfortranarray(pictures)) == found).all()
