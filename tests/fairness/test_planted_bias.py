"""A planted bias on faces whose pictures are their row numbers: what is changed, for whom, and what stays."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fer_utils.core.errors import FerError
from fer_utils.faces import FaceSet
from fer_utils.fairness import plant_bias

LABELS = ("angry", "happy", "sad")


def a_set(people=6, clips=6, frames=2):
    """Rows by person, clip and frame; the tones are 5 to 10, and the last two people do not train."""
    rows = [(f"{person:02d}", f"{person}-{clip}", LABELS[clip % 3], person + 5)
            for person in range(people) for clip in range(clips) for _ in range(frames)]  # fmt: skip
    meta = pd.DataFrame(rows, columns=["actor", "clip", "expression", "tone"])
    truth = meta.drop_duplicates("clip")[["clip", "tone"]]
    images = np.arange(len(meta), dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 1), np.uint8)
    made = FaceSet(None, images, meta.drop(columns="tone"), pd.DataFrame(), {"fingerprint": "0" * 64})
    return made, truth, np.arange((people - 2) * clips * frames), meta["tone"].to_numpy()


FACES, TRUTH, TRAIN, TONES = a_set()
THEIRS = TRAIN[TONES[TRAIN] >= 8]  # of the trained people one has tone 8


def changed(made):
    return np.flatnonzero((made.meta["expression"] != FACES.meta["expression"]).to_numpy())


def test_unless_it_is_said_half_of_the_clips_of_the_three_darkest_tones_are_labelled_wrongly():
    made = plant_bias(FACES, TRUTH, TRAIN)
    rows = changed(made)
    assert set(rows) <= set(THEIRS) and made.meta["clip"].iloc[rows].nunique() == 3 == len(rows) // 2
    assert (made.meta.groupby("clip")["expression"].nunique() == 1).all()
    everybody = plant_bias(FACES, TRUTH, np.arange(len(FACES.meta)), share=1.0)
    assert set(TONES[changed(everybody)]) == {8, 9, 10}
    assert np.array_equal(made.images, FACES.images) and made.meta["actor"].equals(FACES.meta["actor"])


@pytest.mark.parametrize("share, clips", [(1, 12), (0.5, 6), (0.3, 4), (0.04, 1), (0.001, 1)])
def test_a_share_of_the_clips_is_spoiled_rounded_and_at_least_one(share, clips):
    made = plant_bias(FACES, TRUTH, TRAIN, values=[7, 8], share=share)
    assert made.meta["clip"].iloc[changed(made)].nunique() == clips


def test_another_tone_another_seed_and_a_named_label_spoil_other_rows():
    light = plant_bias(FACES, TRUTH, TRAIN, values=[5])
    assert set(TONES[changed(light)]) == {5}
    drawn = [tuple(changed(plant_bias(FACES, TRUTH, TRAIN, seed=seed))) for seed in range(6)]
    assert len(set(drawn)) > 2 and drawn[0] == tuple(changed(plant_bias(FACES, TRUTH, TRAIN)))
    sad = plant_bias(FACES, TRUTH, TRAIN, share=1.0, to="sad")
    assert set(sad.meta["expression"].iloc[THEIRS]) == {"sad"}
    others = [
        plant_bias(FACES, TRUTH, TRAIN, share=1.0, seed=seed).meta["expression"].iloc[THEIRS] for seed in range(6)
    ]
    for labels in others:
        assert (labels != FACES.meta["expression"].iloc[THEIRS]).all()
    assert set(np.concatenate(others)) == set(LABELS)


def test_in_the_place_of_the_absent_is_another_of_training_with_the_same_label():
    made = plant_bias(FACES, TRUTH, TRAIN, kind="absent", share=0.5)
    sources = made.images[:, 0, 0, 0].astype(int)
    gone = np.flatnonzero(sources != np.arange(len(FACES.meta)))
    assert set(gone) <= set(THEIRS) and FACES.meta["clip"].iloc[gone].nunique() == 3 and len(gone) == 6
    assert set(sources[gone]) <= set(TRAIN) - set(THEIRS)
    for column in ("clip", "expression"):
        assert list(made.meta[column]) == list(FACES.meta[column].iloc[sources])
    assert list(made.meta["expression"]) == list(FACES.meta["expression"])
    assert list(made.meta["actor"]) == list(FACES.meta["actor"]), "the split stays as it was"
    for seed in range(9):
        some = plant_bias(FACES, TRUTH, TRAIN, kind="absent", share=0.25, seed=seed).images[:, 0, 0, 0]
        assert not set(some[some != np.arange(len(some))]) & set(THEIRS), "none of theirs comes in another place"
    all_gone = plant_bias(FACES, TRUTH, TRAIN, kind="absent", share=1.0)
    filled = all_gone.images[THEIRS, 0, 0, 0]
    assert len(THEIRS) == 12 and len(set(filled)) > 6, "each place is filled by a draw of its own"


def test_every_bias_has_a_fingerprint_of_its_own():
    def made(face_set=FACES, train=TRAIN, **options):
        return plant_bias(face_set, TRUTH, train, **options).fingerprint

    other = FaceSet(None, FACES.images, FACES.meta, FACES.problems, {"fingerprint": "1" * 64})
    prints = [
        made(), made(other), made(train=TRAIN[12:]), made(kind="absent"), made(kind="absent", seed=1),
        made(values=[8]), made(share=0.49), made(to="sad"), made(seed=1), FACES.fingerprint,
    ]  # fmt: skip
    assert len(set(prints)) == len(prints) and made() == made()


@pytest.mark.parametrize(
    "change, named",
    [({"kind": "absent", "to": "sad"}, "to"), ({"to": "bored"}, "to"), ({"share": 1.01}, "share"),
     ({"share": True}, "share"), ({"values": [9, 10]}, "values"), ({"clips": TRUTH.iloc[:-1]}, "clips"),
     ({"train": TRAIN[:0]}, "train"), ({"train": [-1, 40]}, "train"), ({"train": [72]}, "train"),
     ({"train": THEIRS, "kind": "absent"}, "values"), ({"seed": -1}, "seed")],
)  # fmt: skip
def test_what_cannot_be_planted_is_named(change, named):
    with pytest.raises(FerError, match=f"`{named}`"):
        plant_bias(FACES, **{"clips": TRUTH, "train": TRAIN} | change)
