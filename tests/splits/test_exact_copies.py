"""Copies to the pixel: how they are counted, and what cleaning takes away."""

from __future__ import annotations

import numpy as np
import pytest

from fer_utils.core.errors import FerError
from fer_utils.splits import exact_copies

#: One letter a picture, its label, and its part; A stands three times, B twice with two labels.
KNOWN = [
    ("A", "happy", "train"),
    ("B", "sad", "train"),
    ("C", "sad", "train"),
    ("A", "happy", "train"),
    ("D", "happy", "train"),
    ("E", "angry", "train"),
    ("A", "happy", "choose"),
    ("B", "angry", "test"),
    ("D", "happy", "test"),
    ("F", "sad", "test"),
    ("E", "happy", "train"),
]


@pytest.fixture
def known():
    letters, labels, parts = (np.array(column) for column in zip(*KNOWN, strict=True))
    rng = np.random.default_rng(0)
    drawn = {letter: rng.integers(0, 256, (8, 8, 1), dtype=np.uint8) for letter in sorted(set(letters))}
    images = np.stack([drawn[letter] for letter in letters])
    return images, labels, {part: np.flatnonzero(parts == part) for part in ("train", "choose", "test")}


def test_rows_with_equal_pixels_are_one_picture(known):
    images, _, _ = known
    assert exact_copies.first_rows(images).tolist() == [0, 1, 2, 0, 4, 5, 0, 1, 4, 9, 5]
    other = images.copy()
    other[3, 0, 0, 0] ^= 1
    assert exact_copies.first_rows(other).tolist()[3] == 3, "a grey level apart is no copy"


def test_what_is_counted(known):
    images, labels, parts = known
    found = exact_copies.counts(exact_copies.first_rows(images), labels, parts)
    assert (found["rows"], found["pictures"], found["copies"]) == (11, 6, 5)
    assert found["two_labels"] == {"pictures": 2, "rows": 4, "other_label": 2, "further_labels": 2}
    assert found["shared"] == {"choose in train": 1, "test in train": 2, "test in choose": 0}
    assert found["part_copies"] == {"train": 2, "choose": 0, "test": 0}
    with pytest.raises(FerError, match="`expressions`"):
        exact_copies.counts(exact_copies.first_rows(images), labels[1:], parts)


def test_other_labels_are_counted_by_row_and_by_label():
    first = np.zeros(4, int)
    found = exact_copies.counts(first, np.array(["sad", "angry", "angry", "sad"]), {"train": np.arange(4)})
    assert found["two_labels"] == {"pictures": 1, "rows": 4, "other_label": 2, "further_labels": 1}


def test_cleaning_takes_pictures_of_other_parts_and_those_with_two_labels(known):
    images, labels, parts = known
    first = exact_copies.first_rows(images)
    others = np.concatenate([parts["choose"], parts["test"]])
    left = exact_copies.cleaned(parts["train"], others, first, labels)
    assert left.tolist() == [2], "A, B and D stand in other parts; E has two labels"
    assert exact_copies.cleaned(parts["train"], parts["choose"], first, labels).tolist() == [2, 4]
    same = np.array(["happy"] * len(labels))
    assert exact_copies.cleaned(parts["train"], others, first, same).tolist() == [2, 5, 10], "copies within stay"
