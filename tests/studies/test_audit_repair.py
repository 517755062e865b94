"""The study of repairs after the audit: what each method learns from, and what the stored answer says."""

import numpy as np
import pytest

from fer_utils import studies
from fer_utils.core.errors import FerError
from fer_utils.experiments import Split
from fer_utils.studies import audit_repair as study


@pytest.fixture(scope="module")
def truth(smoke_faces):
    from fer_utils import studio
    from fer_utils.synthetic import stand_ins

    return studio.Film.load(stand_ins.film_stand_in("ravdess", tier="smoke", progress=False)).clips


@pytest.mark.parametrize("fold", [0, 1])
def test_only_what_is_learned_from_is_spoiled_and_repaired(smoke_faces, truth, fold):
    split = Split("actor", fold=fold, validation=0.25)
    sets, counts = study.training_sets(smoke_faces, truth, split, seed=fold)
    assert tuple(sets) == study.METHODS
    train, test = split.rows(smoke_faces.meta)
    choose = split.validation_rows(smoke_faces.meta)
    met = np.union1d(train, choose)
    tone = truth.set_index("clip")["tone"]
    for name, made in sets.items():
        assert all((a == b).all() for a, b in zip((train, test), split.rows(made.meta), strict=True)), name
        for column in ("clip", "expression"):
            assert made.meta[column].iloc[test].tolist() == smoke_faces.meta[column].iloc[test].tolist(), name
        assert (made.images[test] == smoke_faces.images[test]).all(), name
    filmed, spoiled, balanced, left_out = sets.values()
    assert filmed is smoke_faces
    changed = np.flatnonzero((spoiled.meta["expression"] != filmed.meta["expression"]).to_numpy())
    assert len(changed) == counts["relabelled"] > 0 and set(changed) <= set(met)
    assert (left_out.meta["clip"].iloc[met].map(tone) < 8).all()

    def share_angry(faces, rows):
        labels, dark = faces.meta["expression"].iloc[rows], faces.meta["clip"].iloc[rows].map(tone) >= 8
        return (labels[dark] == "angry").mean(), (labels[~dark] == "angry").mean()

    before, after = share_angry(spoiled, train), share_angry(balanced, train)
    assert before[0] > before[1] + 0.2, "the planted label says something about the tone"
    # So small a set has pairs of tone and label that nobody has; of these the drawing can make none.
    assert abs(after[0] - after[1]) < (before[0] - before[1]) / 2, "and after the drawing less"
    # No label is corrected: a picture that is drawn has the label that it had.
    label_of = dict(zip(spoiled.meta["clip"], spoiled.meta["expression"], strict=True))
    assert [label_of[clip] for clip in balanced.meta["clip"]] == balanced.meta["expression"].tolist()


@pytest.mark.parametrize("change", [{"tier": "huge"}, {"folds": 6}, {"people": 1}, {"clips": 0}])
def test_an_impossible_study_is_named(change):
    (named,) = change
    with pytest.raises(FerError, match=f"`{named}`"):
        study.answer(**{"tier": "smoke", "progress": False, **change})


def test_the_rate_is_the_one_that_the_protocol_chose():
    rows = {row["name"]: row for row in studies.load("one_protocol").answer["rows"]}
    assert rows[study.NETWORK]["setting"] == study.RATE
    assert rows[study.NETWORK]["size"] == study.ROWS[study.NETWORK].size


def test_the_stored_answer_is_whole():
    found = studies.load("audit_repair").answer
    assert [row["name"] for row in found["rows"]] == list(study.METHODS)
    assert len(found["comparisons"]) == 2 * (len(study.METHODS) - 1)
    rows = {row["name"]: row for row in found["rows"]}
    for row in found["rows"]:
        assert len(row["experiments"]) == study.FOLDS
        people = row["dark"]["groups"] + row["rest"]["groups"]
        assert people == row["everybody"]["groups"] == found["people"]
        mean = (row["dark"]["value"] * row["dark"]["groups"] + row["rest"]["value"] * row["rest"]["groups"]) / people
        assert row["everybody"]["value"] == pytest.approx(mean, abs=1e-5)
        assert row["gap"]["gap"] == pytest.approx(row["dark"]["value"] - row["rest"]["value"], abs=1e-5)
    for one in found["comparisons"]:
        group = {"dark tones": "dark", "the others": "rest"}[one["group"]]
        between = rows[one["method"]][group]["value"] - rows[study.SPOILED][group]["value"]
        assert one["value"] == pytest.approx(between, abs=1e-5)
    # The bias did what it was planted for, or there was nothing to repair.
    assert rows[study.SPOILED]["called"]["low"] > rows["labels as filmed"]["called"]["high"]
