"""Random people who pose seven labels, and the changes that make drawings more like photographs."""

from __future__ import annotations

import numpy as np
import pytest

from fer_utils.core.errors import FerError
from fer_utils.synthetic import photographs, posed_prototypes, random_faces
from fer_utils.synthetic.photographs import Crop, crop_faces, photographed
from fer_utils.synthetic.posed_prototypes import LABELS, WAYS, posed
from fer_utils.synthetic.random_faces import SIDE, draw_faces


@pytest.fixture(scope="module")
def drawn():
    return draw_faces(2, seed=3, progress=False)


def test_every_person_poses_every_label_and_nobody_looks_alike(drawn):
    assert drawn.images.shape == (14, SIDE, SIDE) and drawn.images.dtype == np.uint8
    assert drawn.labels.tolist() == [*range(7)] * 2 and drawn.people.tolist() == [0] * 7 + [1] * 7
    assert len({image.tobytes() for image in drawn.images}) == 14 and drawn.images.std(axis=(1, 2)).min() > 5


def test_more_people_leave_the_first_as_they_are_and_another_seed_gives_others(drawn):
    one = draw_faces(1, seed=3, progress=False)
    assert np.array_equal(one.images, drawn.images[:7])
    assert not np.array_equal(draw_faces(1, seed=4, progress=False).images, one.images)


def test_ways_hold_intensities_that_can_be_and_labels_of_the_book():
    assert set(LABELS) == set(WAYS) and len(LABELS) == 7 and "calm" not in LABELS
    for ways in WAYS.values():
        for way in ways:
            assert way.weight > 0
            for _, least, most in way.always:
                assert 0 <= least <= most <= 1
            for _, chance, least, most in way.sometimes:
                assert 0 < chance <= 1 and 0 <= least <= most <= 1


@pytest.mark.parametrize("label, unit", [("happy", 12), ("disgust", 9), ("surprised", 26), ("sad", 15)])
def test_a_label_is_posed_with_the_unit_that_it_is_known_by(label, unit):
    """Smile, wrinkled nose, dropped jaw, lowered corners: in most of the poses, and hardly ever in a neutral face."""
    rng = np.random.default_rng(0)
    shares = []
    for one in (label, "neutral"):
        poses = [posed(one, rng) for _ in range(200)]
        shares.append(np.mean([max(pose.get(unit, 0), pose.get(f"R{unit}", 0)) > 0.2 for pose in poses]))
    assert shares[0] > 0.4 and shares[1] < 0.1


def test_a_crop_is_the_middle_of_the_drawing_and_jitter_moves_it(drawn):
    still = crop_faces(drawn.images, size=48, where=Crop(jitter=0.0))
    assert still.shape == (14, 48, 48) and np.array_equal(
        still, crop_faces(drawn.images, where=Crop(jitter=0.0), seed=9)
    )
    moved = [crop_faces(drawn.images, seed=seed) for seed in (1, 2)]
    assert not np.array_equal(*moved)
    wide = crop_faces(drawn.images, where=Crop(scale=1.15, jitter=0.0))
    assert not np.array_equal(wide, still)


def test_a_change_of_strength_nothing_changes_nothing_and_pictures_are_not_written_over(drawn):
    faces = crop_faces(drawn.images)
    before = faces.copy()
    assert np.array_equal(photographed(faces, strength=0), faces)
    worn = photographed(faces, seed=1)
    assert np.array_equal(faces, before) and np.array_equal(worn, photographed(faces, seed=1))
    difference = np.abs(worn.astype(float) - faces).mean(axis=(1, 2))
    assert difference.mean() > 3 and np.abs(photographed(faces, strength=0.2, seed=1).astype(float) - faces).mean() < (
        difference.mean()
    )


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: draw_faces(0), "`people`"),
        (lambda: draw_faces(random_faces.MOST_PEOPLE + 1), "`people`"),
        (lambda: draw_faces(1, poses=0), "`poses`"),
        (lambda: crop_faces(np.zeros((1, 40, 40), np.uint8)), "`images`"),
        (lambda: crop_faces(np.zeros((1, SIDE, SIDE), np.uint8), size=4), "`size`"),
        (lambda: photographed(np.zeros((1, 20, 20), np.uint8)), "`images`"),
        (lambda: photographed(np.zeros((1, 48, 48), np.uint8), strength=2), "`strength`"),
        (lambda: posed("calm", np.random.default_rng(0)), "`label`"),
    ],
)
def test_what_cannot_be_drawn(call, words):
    with pytest.raises(FerError, match=words):
        call()


def test_the_box_lies_within_the_drawing():
    for centre in photographs.BOX_CENTRE:
        assert 0 < centre - 0.3 * photographs.BOX_SIDE and centre + 0.3 * photographs.BOX_SIDE < SIDE
    assert posed_prototypes.LABELS[0] == "neutral"
