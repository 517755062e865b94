"""Balanced drawing: weights that make label and group independent, and rows drawn by them."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pandas as pd
import pytest

from fer_utils.core.errors import FerError
from fer_utils.faces import FaceSet
from fer_utils.fairness import balancing_weights, draw_balanced

pairs = st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("ab")), min_size=1, max_size=80)


def a_face_set(labels, actors) -> FaceSet:
    images = np.arange(len(labels), dtype=np.uint16).astype(np.uint8)[:, None, None, None] * np.ones(
        (1, 2, 2, 1), np.uint8
    )
    meta = pd.DataFrame({"expression": labels, "actor": actors, "clip": [f"clip {k}" for k in range(len(labels))]})
    return FaceSet(None, images, meta, pd.DataFrame(), {"fingerprint": "0" * 64})


@given(pairs)
def test_weighted_labels_and_groups_are_independent(rows):
    labels, groups = map(np.array, zip(*rows, strict=True))
    weights = balancing_weights(labels, groups)
    assert (weights > 0).all() and weights.mean() == pytest.approx(1)
    if len(set(rows)) < len(set(labels)) * len(set(groups)):
        return  # a pair that nobody has cannot be given a weight
    for label in set(labels):
        for group in set(groups):
            both = weights[(labels == label) & (groups == group)].sum() / len(rows)
            alone = weights[labels == label].sum() * weights[groups == group].sum() / len(rows) ** 2
            assert both == pytest.approx(alone)
        # Each label is as frequent as it was.
        assert weights[labels == label].sum() == pytest.approx((labels == label).sum())


def test_a_worked_example():
    # Six of eight dark rows are called angry, two of eight light ones; independent, it would be four of eight.
    labels = ["angry"] * 6 + ["happy"] * 2 + ["angry"] * 2 + ["happy"] * 6
    weights = balancing_weights(labels, ["dark"] * 8 + ["light"] * 8)
    assert weights.tolist() == pytest.approx([4 / 6] * 6 + [2] * 2 + [2] * 2 + [4 / 6] * 6)


@given(pairs, st.integers(0, 3))
def test_a_row_is_drawn_as_often_as_its_weight_says_rounded_up_or_down(rows, seed):
    labels, groups = map(np.array, zip(*rows, strict=True))
    faces = a_face_set(list(labels), [str(k % 3) for k in range(len(rows))])
    chosen = np.arange(0, len(rows), 2)
    made = draw_balanced(faces, chosen, groups, seed=seed)
    weights = dict(zip(chosen, balancing_weights(labels[chosen], groups[chosen]), strict=True))
    drawn = Counter(int(name.split()[1]) for name in made.meta["clip"].iloc[chosen])
    assert set(drawn) <= set(chosen)
    for row, weight in weights.items():
        assert np.floor(weight - 1e-9) <= drawn[row] <= np.ceil(weight + 1e-9)
    rest = np.setdiff1d(np.arange(len(rows)), chosen)
    assert made.meta["clip"].iloc[rest].tolist() == faces.meta["clip"].iloc[rest].tolist()
    assert made.meta["actor"].tolist() == faces.meta["actor"].tolist(), "the split stays as it was"
    # A picture goes with its label.
    of_clip = dict(
        zip(faces.meta["clip"], zip(faces.meta["expression"], faces.images[:, 0, 0, 0], strict=True), strict=True)
    )
    now = list(zip(made.meta["expression"], made.images[:, 0, 0, 0], strict=True))
    assert now == [of_clip[clip] for clip in made.meta["clip"]]


def test_every_drawing_has_a_fingerprint_of_its_own_and_the_same_seed_the_same():
    faces = a_face_set(["x", "y", "x", "x", "y", "x"] * 5, list("abcabc") * 5)
    groups = np.array(["dark", "light", "dark"] * 10)
    first, again, other, fewer = (
        draw_balanced(faces, np.arange(rows), groups, seed=seed) for rows, seed in ((30, 0), (30, 0), (30, 1), (20, 0))
    )
    assert first.fingerprint == again.fingerprint and (first.images == again.images).all()
    assert len({faces.fingerprint, first.fingerprint, other.fingerprint, fewer.fingerprint}) == 4


def drawn_rows(labels, groups, seeds):
    faces = a_face_set(labels, ["a"] * len(labels))
    rows = np.arange(len(labels))
    return [tuple(draw_balanced(faces, rows, groups, seed=seed).images[:, 0, 0, 0].tolist()) for seed in seeds]


def test_a_row_of_weight_three_fifths_is_there_in_three_of_five_drawings():
    assert balancing_weights(list("xxy"), list("aab")).tolist() == pytest.approx([1.2, 1.2, 0.6])
    there = np.mean([2 in rows for rows in drawn_rows(list("xxy"), list("aab"), range(400))])
    assert there == pytest.approx(0.6, abs=0.1)


def test_which_rows_are_there_together_is_drawn_by_the_seed():
    labels = ["angry"] * 6 + ["happy"] * 2 + ["angry"] * 2 + ["happy"] * 6
    sets = [tuple(sorted(rows)) for rows in drawn_rows(labels, ["dark"] * 8 + ["light"] * 8, range(40))]
    assert len(set(sets)) > 20, "neighbours are not drawn in turn"


def test_other_groups_and_other_faces_have_another_fingerprint():
    labels, groups = list("xyxy"), list("aabb")
    faces = a_face_set(labels, list("abcd"))
    other = FaceSet(None, faces.images, faces.meta, faces.problems, {"fingerprint": "1" * 64})
    asked = ((faces, groups), (other, groups), (faces, list("abab")), (faces, list("ccbb")))
    assert len({draw_balanced(one, range(4), of).fingerprint for one, of in asked}) == 4


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"rows": []}, "rows"),
        ({"rows": [0, 0]}, "rows"),
        ({"rows": [6]}, "rows"),
        ({"rows": [-1]}, "rows"),
        ({"rows": [0.5]}, "rows"),
        ({"groups": ["dark"]}, "groups"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_cannot_be_drawn_is_named(change, named):
    faces = a_face_set(list("xyxyxy"), list("aabbcc"))
    with pytest.raises(FerError, match=f"`{named}`"):
        draw_balanced(faces, **{"rows": [0, 1, 2], "groups": ["dark"] * 6, **change})


def test_weights_of_nothing_and_of_unequal_lengths_are_named():
    with pytest.raises(FerError, match="`labels`"):
        balancing_weights([], [])
    with pytest.raises(FerError, match="`groups`"):
        balancing_weights(["x", "y"], ["a"])
