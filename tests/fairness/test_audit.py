"""The audit: what is planted is found and nothing else; the witnesses are people; a tiny one from film to verdict."""

import numpy as np
import pandas as pd
import pytest
from stage_lists import as_stored

from fer_utils import fairness, metrics, studies
from fer_utils.core.errors import FerError
from fer_utils.fairness import audit, difference, false_alarms, plant_bias, power

LIGHT, MEDIUM, DARK = fairness.SENSITIVE_FEATURES["skin tone"]


def drawn(rng, people=90, *, gap=0.0, spread=0.12, pictures=16, conditions=None):
    """Answers of one network: everybody has an accuracy of their own, the dark a lower one, conditions cost."""
    rows = []
    for number in range(people):
        dark = number % 3 == 0
        own = rng.normal(0.55, spread) - gap * dark
        for picture in range(pictures):
            for name, loss in {"baseline": 0.0, **(conditions or {})}.items():
                rows.append(
                    (
                        f"p{number}",
                        f"c{picture}",
                        DARK if dark else LIGHT,
                        "female" if number % 2 else "male",
                        name,
                        float(rng.random() < own - loss),
                    )
                )
    return pd.DataFrame(rows, columns=["actor", "clip", "skin tone", "presentation", "condition", "right"])


def row(table, value):
    (found,) = table[table["value"] == value].to_dict("records")
    return found


# --- the audit ---------------------------------------------------------------------------------


def test_a_planted_gap_and_a_planted_condition_are_found_and_nothing_else():
    """Over many samples, for in one sample chance may show a gap that nobody planted."""
    samples, gaps, by_chance = 50, {DARK: [], "mask": []}, 0
    for seed in range(samples):
        answers = drawn(np.random.default_rng(seed), gap=0.25, conditions={"mask": 0.25, "dim": 0.0})
        found = audit(answers, permutations=999, resamples=300)
        for value, measured in gaps.items():
            one = row(found, value)
            assert one["found"] and one["gap_low"] <= one["gap"] <= one["gap_high"] < 0, (seed, value)
            measured.append(one["gap"])
        by_chance += row(found, "dim")["found"]
    for value, measured in gaps.items():
        assert np.mean(measured) == pytest.approx(-0.25, abs=0.03), value
    assert by_chance <= 0.05 * samples


def test_a_gap_that_is_certain_and_small_is_not_found_unless_it_is_asked_for():
    """Everybody loses three faces of a hundred."""
    rows = [
        (f"p{person}", f"c{clip}", condition, float(condition == "baseline" or clip >= 3))
        for person in range(24)
        for clip in range(100)
        for condition in ("baseline", "dim")
    ]
    answers = pd.DataFrame(rows, columns=["actor", "clip", "condition", "right"])
    for min_gap, expected in ((0.05, False), (0.02, True)):
        dim = row(audit(answers, ["condition"], min_gap=min_gap, permutations=999, resamples=100), "dim")
        assert dim["gap"] == pytest.approx(-0.03) and dim["corrected"] < 0.05
        assert dim["found"] == expected


def test_the_numbers_are_those_of_people():
    answers = drawn(np.random.default_rng(1), people=12, conditions={"hand": 0.2})
    found = audit(answers, permutations=99, resamples=200, min_people=4)
    base = answers[answers["condition"] == "baseline"]
    means = base.groupby(["skin tone", "actor"])["right"].mean()
    dark = row(found, DARK)
    assert dark["people"] == 4 and dark["n"] == 64 and dark["accuracy"] == pytest.approx(means[DARK].mean())
    assert dark["gap"] == pytest.approx(means[DARK].mean() - means[LIGHT].mean())
    hand = (
        answers[answers["condition"] == "hand"].groupby("actor")["right"].mean() - base.groupby("actor")["right"].mean()
    )
    assert row(found, "hand")["gap"] == pytest.approx(hand.mean()) and row(found, "baseline")["people"] == 12
    assert row(found, DARK)["p"] == row(found, LIGHT)["p"], "two values are one test"
    tests = found.drop_duplicates(["attribute", "p"])["p"].dropna().tolist()
    assert len(tests) == 3 and sorted(found["corrected"].dropna().unique()) == pytest.approx(
        sorted(set(metrics.holm(tests)))
    )


def test_with_nothing_planted_alarms_are_rare():
    rng = np.random.default_rng(0)
    many = [
        audit(drawn(rng, people=36, pictures=8, conditions={"dim": 0.0}), permutations=199, resamples=2)
        for _ in range(80)
    ]
    alarms = sum((one["corrected"] < 0.05).any() for one in many)
    assert alarms <= 9  # at 5 % a binomial of 80 is above 9 in about one of 200 cases
    made = false_alarms(drawn(rng, gap=0.3, conditions={"mask": 0.3}), repeats=60, permutations=199)
    assert made["share"] == made["alarms"] / 60 <= 0.13 and made["found"] <= made["alarms"], (
        "dealt anew, the planted gap is gone"
    )


def test_pictures_would_raise_an_alarm_that_people_do_not():
    """Three of eight people are hard, by chance two of them dark: 400 pictures each look sure of it."""
    accuracy = {"a": 0.3, "b": 0.35, "c": 0.6, "d": 0.6, "e": 0.6, "f": 0.55, "g": 0.33, "h": 0.6}
    rows = [
        (who, f"{who}{k}", DARK if who in "abc" else LIGHT, float(k < 400 * share))
        for who, share in accuracy.items()
        for k in range(400)
    ]
    answers = pd.DataFrame(rows, columns=["actor", "picture", "skin tone", "right"])
    by_people = audit(answers, min_people=3, permutations=999)
    by_pictures = audit(answers, groups="picture", permutations=999)
    assert row(by_pictures, DARK)["found"] and row(by_pictures, DARK)["people"] == 1200
    assert not row(by_people, DARK)["found"] and row(by_people, DARK)["p"] > 0.2


def test_small_cells_are_marked_and_not_tested():
    answers = drawn(np.random.default_rng(3), people=30, gap=0.5)
    answers.loc[answers["actor"].isin([f"p{k}" for k in range(0, 12, 3)]), "skin tone"] = MEDIUM  # four people
    found = audit(answers, permutations=99, resamples=100)
    few = row(found, MEDIUM)
    assert (
        few["people"] == 4
        and not few["judged"]
        and not few["found"]
        and np.isnan(few["p"])
        and np.isnan(few["corrected"])
    )
    assert row(found, DARK)["judged"] and found["judged"].sum() == 4, "dark, light, and the two presentations"
    assert few["accuracy"] == pytest.approx(
        answers[answers["skin tone"] == MEDIUM].groupby("actor")["right"].mean().mean()
    )
    assert audit(answers, permutations=99, resamples=100, min_people=4).set_index("value").loc[MEDIUM, "judged"]
    alone = row(audit(answers.assign(age="under 30"), ["age"], permutations=9, resamples=9), "under 30")
    assert not alone["judged"] and np.isnan(alone["gap"]), (
        "where everybody is of one kind there is no rest to compare with"
    )


def test_a_gap_that_both_have_falls_out_of_the_difference():
    rng = np.random.default_rng(5)
    first = drawn(rng, gap=0.25)
    second = first.assign(
        right=first["right"] * rng.uniform(0.8, 1.0, len(first)) - 0.25 * (first["presentation"] == "female")
    )
    found = audit(difference(first, second), outcome="difference", permutations=999, resamples=200)
    assert row(found, "female")["found"] and row(found, "female")["gap"] == pytest.approx(-0.25, abs=0.05)
    assert row(audit(second, permutations=999, resamples=2), DARK)["found"] and not row(found, DARK)["found"]


def test_power_grows_with_people_and_with_the_gap_and_is_the_level_without_one():
    values = np.random.default_rng(0).normal(0.5, 0.15, 200)
    planned = power(values, share=0.3, tests=1, people=(60, 240), gaps=(0.0, 0.05, 0.15))
    made = {(one["people"], one["gap"]): one["power"] for one in planned}
    assert made[60, 0.0] < 0.09 and made[240, 0.0] < 0.08
    assert made[60, 0.05] < made[240, 0.05] < made[240, 0.15] and made[60, 0.15] < made[240, 0.15] > 0.99
    (strict,) = power(values, share=0.3, tests=20, people=(60,), gaps=(0.15,))
    assert strict["power"] < made[60, 0.15]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda t: (t.drop(columns="right"), {}), "outcome"),
        (lambda t: (t, {"sensitive_features": ["shoe size"]}), "sensitive_features"),
        (lambda t: (t, {"sensitive_features": "presentation"}), "sensitive_features"),
        (lambda t: (t, {"groups": "nobody"}), "groups"),
        (lambda t: (t.assign(right=2.0), {}), "outcome"),
        (lambda t: (t[:0], {}), "answers"),
        (lambda t: (t.assign(presentation=t["clip"]), {}), "sensitive_features"),
        (lambda t: (t[t["condition"] != "baseline"], {}), "answers"),
        (lambda t: (t[(t["condition"] != "baseline") | (t["clip"] != "c0")], {}), "answers"),
        (lambda t: (t, {"min_gap": 2}), "min_gap"),
        (lambda t: (t.drop(columns="clip"), {}), "answers"),
        (lambda t: (t, {"alpha": "5 %"}), "alpha"),
        (lambda t: (t, {"permutations": 0}), "permutations"),
    ],
)
def test_the_impossible_is_named(change, named):
    table, options = change(drawn(np.random.default_rng(0), people=6, pictures=2, conditions={"dim": 0.0}))
    with pytest.raises(FerError, match=f"`{named}`"):
        audit(table, **options)


def test_what_cannot_be_set_side_by_side_or_planned_is_named():
    answers = drawn(np.random.default_rng(0), people=6, pictures=2)
    for first, second in (
        (answers[1:], answers),
        (answers, answers.assign(clip="c")),
        (answers.drop(columns="right"), answers),
    ):
        with pytest.raises(FerError, match=r"`(first|second)`"):
            difference(first, second)
    for values, options in (([0.5], {}), ([0.5, 0.6], {"share": 0.0}), ([0.5, 0.6], {"tests": 0})):
        with pytest.raises(FerError, match=r"`(values|share|tests)`"):
            power(values, **{"share": 0.3, "tests": 1, **options})
    with pytest.raises(FerError, match="`people`"):
        power([0.5, 0.6], share=0.3, tests=1, people=(3,))
    assert power([0.5, 0.6], share=0.3, tests=1, people=(4,), gaps=(0.1,), repeats=50)[0]["people"] == 4
    for options in (
        {"people": 1},
        {"tested": 99, "people": 4},
        {"conditions": ["rain"]},
        {"clips": 0},
        {"seed": 2020, "people": 120},
    ):
        with pytest.raises(FerError, match=r"`(people|tested|conditions|clips|seed)`"):
            fairness.audit_set(**{"people": 4, "tested": 0, "progress": False, **options})


# --- a bias that is planted --------------------------------------------------------------------


@pytest.fixture(scope="module")
def truth(smoke_faces):
    from fer_utils import studio
    from fer_utils.synthetic import stand_ins

    return studio.Film.load(stand_ins.film_stand_in("ravdess", tier="smoke", progress=False)).clips


@pytest.mark.slow
def test_labels_are_spoiled_for_them_and_in_training_only(smoke_faces, truth):
    from fer_utils.experiments import Experiment, Split

    meta = smoke_faces.meta
    tone = meta["clip"].map(truth.set_index("clip")["tone"])
    train, test = Split("actor", fold=0).rows(meta)
    made = plant_bias(smoke_faces, truth, train, share=0.5, to="angry", seed=1)
    changed = np.flatnonzero((made.meta["expression"] != meta["expression"]).to_numpy())
    assert (
        len(changed)
        and set(changed) <= set(train)
        and tone.iloc[changed].min() >= 8
        and set(made.meta["expression"].iloc[changed]) == {"angry"}
    )
    by_clip = made.meta.groupby("clip")["expression"].nunique()
    assert (by_clip == 1).all(), "a clip is labelled as a whole"
    theirs = meta["clip"].iloc[train][(tone.iloc[train] >= 8).to_numpy()].nunique()
    hit = meta["clip"].iloc[changed].nunique()
    assert 0.25 * theirs <= hit <= 0.5 * theirs + 1, "half of them, less those that are angry as it is"
    assert smoke_faces.meta["expression"].equals(meta["expression"]) and made.images is smoke_faces.images
    assert all((a == b).all() for a, b in zip((train, test), Split("actor", fold=0).rows(made.meta), strict=True))
    again, other, any_label = (
        plant_bias(smoke_faces, truth, train, share=0.5, **options)
        for options in ({"to": "angry", "seed": 1}, {"to": "angry", "seed": 2}, {"seed": 1})
    )
    keys = [
        Experiment(split=Split("actor", fold=0), tier="smoke").key(one) for one in (smoke_faces, made, other, any_label)
    ]
    assert len(set(keys)) == 4 and again.fingerprint == made.fingerprint, "each bias has results of its own"


def test_the_absent_are_absent_and_the_labels_are_as_many(smoke_faces, truth):
    from fer_utils.experiments import Split

    meta = smoke_faces.meta
    train, test = Split("actor", fold=1).rows(meta)
    made = plant_bias(smoke_faces, truth, train, kind="absent", share=1.0)
    tone = made.meta["clip"].map(truth.set_index("clip")["tone"])
    assert (tone.iloc[train] < 8).all() and made.meta["expression"].tolist() == meta["expression"].tolist()
    assert made.meta["clip"].iloc[test].tolist() == meta["clip"].iloc[test].tolist()
    assert (made.images[test] == smoke_faces.images[test]).all()
    gone = next(k for k in train if made.meta["clip"].iloc[k] != meta["clip"].iloc[k])
    source = (meta["clip"] == made.meta["clip"].iloc[gone]) & (meta["frame"] == made.meta["frame"].iloc[gone])
    assert (made.images[gone] == smoke_faces.images[np.flatnonzero(source)[0]]).all()
    assert all((a == b).all() for a, b in zip((train, test), Split("actor", fold=1).rows(made.meta), strict=True))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"kind": "noise"}, "kind"),
        ({"share": 0}, "share"),
        ({"share": 1.5}, "share"),
        ({"values": [11]}, "values"),
        ({"to": "jealous"}, "to"),
        ({"kind": "absent", "to": "angry"}, "to"),
        ({"attribute": "shoe size"}, "clips"),
        ({"train": [10**6]}, "train"),
        ({"clips": None}, "clips"),
        ({"kind": "absent", "values": range(1, 11)}, "values"),
    ],
)
def test_an_impossible_bias_is_named(smoke_faces, truth, options, named):
    with pytest.raises(FerError, match=f"`{named}`"):
        plant_bias(smoke_faces, **{"clips": truth, "train": np.arange(len(smoke_faces)), **options})


# --- from film to verdict ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def strangers(_store):
    return fairness.audit_set(6, tested=4, clips=4, conditions=["yaw +35", "mask"], progress=False)


class Brightness:
    """A network that says happy of bright faces and angry of dark ones."""

    labels = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
    input_shape = (None, 48, 48, 1)

    def model(self):
        return self

    def predict(self, batches, verbose=0):
        bright = np.concatenate([np.asarray(batches[k][0]).mean(axis=(1, 2, 3)) for k in range(len(batches))])
        return np.eye(8)[np.where(bright > 120, 2, 4)]


@pytest.mark.slow
def test_no_picture_vanishes_and_the_people_are_strangers(strangers):
    table = strangers.table
    assert len(table) == 4 * (6 + 4 + 4) and table.groupby("condition", sort=False)["actor"].nunique().tolist() == [
        6,
        4,
        4,
    ]
    assert not table.duplicated(["actor", "clip", "condition"]).any() and table["detected"].equals(table["row"] >= 0)
    assert sum(len(one) for one in strangers.sets) == table["detected"].sum() < len(table) + 1
    assert {int(name.split()[1]) for name in table["actor"]} == set(range(7001000, 7001006))
    from fer_utils import studio

    who = studio.person(7001000, presentation="male")
    first = table[table["actor"] == "person 7001000"].iloc[0]
    assert (first["tone"], first["years"], first["presentation"]) == (who.tone, who.age, "male")
    assert fairness.described(who)["skin tone"] == first["skin tone"]
    seen = [
        strangers.face(k)
        for k in np.flatnonzero((table["actor"] == "person 7001000") & (table["clip"] == first["clip"]))
    ]
    assert (
        len(seen) == 3
        and all(face is None or face.shape == (180, 180) for face in seen)
        and not np.array_equal(seen[0], seen[-1])
    )


def test_a_store_that_was_moved_is_used_on(tmp_path, monkeypatch):
    import shutil

    ask = {"tested": 0, "clips": 1, "progress": False}
    monkeypatch.setenv("FER_HOME", str(tmp_path / "here"))
    before = fairness.audit_set(2, **ask)
    faces = [np.array(before.face(k)) for k in range(2)]
    del before
    shutil.move(tmp_path / "here", tmp_path / "there")
    monkeypatch.setenv("FER_HOME", str(tmp_path / "there"))
    after = fairness.audit_set(2, **ask)
    assert all(np.array_equal(after.face(k), faces[k]) for k in range(2))


def test_a_face_that_is_not_found_is_wrong_and_not_left_out(strangers):
    from dataclasses import replace

    hidden = strangers.table.copy()
    gone = np.flatnonzero(hidden["condition"] == "mask")
    hidden.loc[hidden.index[gone], ["detected", "row"]] = [False, -1]
    answers = fairness.ask(replace(strangers, table=hidden), [Brightness(), Brightness()], progress=False)
    assert len(answers) == len(strangers.table)
    assert (answers["right"].iloc[gone] == 0).all() and (answers["predicted_1"].iloc[gone] == "").all()
    rate = audit(answers, ["condition"], outcome="detected", min_people=4, permutations=9, resamples=9)
    assert row(rate, "mask")["accuracy"] == 0 and row(rate, "mask")["gap"] <= -0.9
    said = fairness.ask(strangers, [Brightness()], progress=False)
    assert (said["right"] == (said["predicted_0"] == said["expression"])).all() and said["predicted_0"].nunique() > 1
    for place, word in enumerate(said["predicted_0"]):  # each answer is to the row's own face
        face = strangers.face(place)
        bright = None if face is None else face.mean()
        assert word == "" if face is None else abs(bright - 120) < 1 or word == ("happy" if bright > 120 else "angry")
    for bad in ([], [type("Other", (Brightness,), {"labels": ("happy", "sad")})()]):
        with pytest.raises(FerError, match="`networks`"):
            fairness.ask(strangers, bad, progress=False)


def test_a_network_without_scores_is_named_and_does_not_count_as_an_answer(strangers):
    class Broken(Brightness):
        def predict(self, batches, verbose=0):
            scores = super().predict(batches)
            scores[1] = np.nan  # one face is enough
            return scores

    with pytest.raises(FerError, match=r"`networks`.*finite.*number 1: .* 1 of "):
        fairness.ask(strangers, [Brightness(), Broken()], progress=False)


@pytest.mark.slow
def test_the_study_at_its_smallest(_store):
    import json

    from fer_utils.experiments import Model
    from fer_utils.studies import audit as study

    with as_stored("audit"):
        made = study.answer(
            "smoke",
            progress=False,
            networks=1,
            people=6,
            tested=4,
            clips=4,
            conditions=["yaw +35", "mask"],
            epochs=1,
            model=Model.of("ding2023", size=32),
            repeats=5,
            permutations=49,
        )
    json.dumps(made, allow_nan=False)
    assert made["pictures"] == 56 and made["conditions"] == ["baseline", "yaw +35", "mask"]
    for name in ("clean", "biased"):
        there = made[name]["strangers"]
        assert len(made[name]["accuracies"]) == 1 and there["groups"] == 6 and made[name]["home"]["groups"] >= 1
        assert there["value"] == pytest.approx(made[name]["accuracies"][0]) == made[name]["audit"][0]["accuracy"]
    (spoiled,) = made["bias"]["networks"]
    assert 0 < spoiled["relabelled"] <= spoiled["theirs"] < spoiled["train"]
    (values, *others) = (
        [one["value"] for one in rows]
        for rows in (made["clean"]["audit"], made["biased"]["audit"], made["difference"], made["detected"])
    )
    assert others == 3 * [values] and values[-2:] == ["yaw +35", "mask"]
    assert sum(cell["people"] for cell in made["cells"]) == 6 and made["false_alarms"]["repeats"] == 5
    assert set(made["verdict"]) == {"clean", "biased", "difference"}
    for bad in ({"tier": "huge"}, {"networks": 0}, {"epochs": 0}):
        with pytest.raises(FerError, match=r"`(tier|networks|epochs)`"):
            study.answer(**{"tier": "smoke", "progress": False, **bad})


@pytest.mark.skipif(
    ("audit", "class") not in studies.stored(),
    reason="the audit is not stored yet: python -m fer_utils study audit --store",
)
def test_the_stored_audit_found_what_was_planted():
    found = studies.load("audit", "class").answer
    assert found["verdict"]["biased"]["found"] and found["verdict"]["difference"]["found"]
    assert (
        len(found["clean"]["experiments"]) == len(found["biased"]["experiments"]) == 5
        and found["false_alarms"]["share"] <= 0.09
    )
