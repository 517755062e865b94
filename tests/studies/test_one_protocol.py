"""Every method under one protocol: what is asked, what is recorded, and what the answer makes of it."""

from __future__ import annotations

from dataclasses import replace
import json
from types import SimpleNamespace

from made_up_protocol import pretended, setting_of
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score
from statsmodels.stats.multitest import multipletests

from fer_utils import metrics, models, studies
from fer_utils.core import stages
from fer_utils.core.errors import FerError
from fer_utils.experiments import Experiment
from fer_utils.studies import one_protocol, protocol_rows, simple_methods, training_records
from fer_utils.studies.protocol_rows import ROWS, asked
from fer_utils.studies.training_records import Records, record_of
from fer_utils.synthetic import stand_ins


@pytest.fixture
def pretending(monkeypatch):
    """Trainings cost nothing; the list has what was asked of them."""
    trained = []

    def outcome(one, progress):
        trained.append(one)
        return pretended(one)

    monkeypatch.setattr(one_protocol, "outcome", outcome)
    return trained


@pytest.fixture
def records(tmp_path) -> Records:
    return Records("one_protocol", tmp_path)


THREE = ["HOG and SVM", "nano", "ding2023"]


def test_what_chooses_comes_first_then_every_row_has_a_seed_before_any_has_two(pretending, records):
    there = one_protocol.train(records=records, rows=THREE, progress=False)
    assert there == {"HOG and SVM": [5, 5], "nano": [15, 15], "ding2023": [15, 15]}
    order = [(_row(one), _people(one), one.seed, one.split.fold) for one in pretending]
    assert len(order) == len(set(map(str, pretending))) == 3 * 3 + 5 + 15 + 15, "nothing twice"
    assert [one[:2] for one in order[:4]] == [("SVM", 4242)] * 3 + [("SVM", 2023)]
    seeds = [(name, seed) for name, people, seed, _ in order if people == 2023]
    assert seeds == [("SVM", 0)] * 5 + [(name, seed) for seed in range(3) for name in THREE[1:] for _ in range(5)]
    assert [fold for _, people, _, fold in order if people == 2023][:10] == [*range(5), *range(5)]


def _row(one) -> str:
    return one.model.name if isinstance(one, Experiment) else one.classifier


def _people(one) -> int:
    return one.data.people_seed


def test_all_are_asked_alike_but_for_the_rate_which_other_people_have_chosen(pretending, records):
    one_protocol.train(records=records, rows=THREE, progress=False)
    for one in pretending:
        assert (one.split.by, one.split.test, one.split.validation) == ("actor", 0.2, 0.25)
        if isinstance(one, Experiment):
            recipe = one.recipe
            assert replace(recipe, learning_rate=1e-3) == protocol_rows.recipe("class", 1e-3) and one.model.size == 80
            assert (recipe.steps, recipe.check_every, recipe.patience) == (8000, 100, 6)
            assert (recipe.schedule, recipe.flip, recipe.augment, recipe.batch_size) == ("plateau", True, 0.5, 32)
    for name, best in (("HOG and SVM", 10), ("nano", 1e-3), ("ding2023", 1e-3)):
        row = ROWS[name]
        tried = {
            setting: _read(records.find(name, asked(row, setting, tier="class", fold=0, seed=0, other_people=True)))
            for setting in row.settings
        }
        assert one_protocol.chosen_setting(records, name, "class") == max(tried, key=tried.__getitem__) == best
    used = {setting_of(one.configuration()) for one in pretending if _people(one) == 2023}
    assert used == {10, 1e-3}


def _read(record: dict) -> float:
    table = np.sum(list(record["confusions"].values()), axis=0)
    return np.trace(table) / table.sum()


def test_a_row_may_take_over_the_rate_of_another(pretending, records):
    """Where frames are divided, and at 180 pixels: the rate of the same network at 80 pixels, people divided."""
    twins, large = "ding2023, frames at random, twins", "ding2023, 180 px"
    there = one_protocol.train(records=records, rows=[twins, large], progress=False)
    assert there == {twins: [5, 5], large: [5, 5]}
    choosing = [one for one in pretending if _people(one) == 4242]
    assert [(one.split.by, one.data.twins, one.model.size) for one in choosing] == [("actor", False, 80)] * 3
    scored = [one for one in pretending if _people(one) == 2023]
    assert {(one.split.by, one.data.twins, one.model.size) for one in scored} == {
        ("frame", True, 80),
        ("actor", False, None),
    }
    assert {one.recipe.learning_rate for one in scored} == {1e-3} and {one.split.validation for one in scored} == {0.25}
    found = one_protocol.answer(records=records, rows=[twins, large, "ding2023"], progress=False)
    rows = {row["name"]: row for row in found["rows"]}
    assert rows[twins]["processor_minutes"] == 10 and rows[twins]["tried"].keys() == {"0.0003", "0.001", "0.003"}
    assert (rows[twins]["by"], rows[twins]["twins"], rows[large]["by"]) == ("frame", True, "actor")
    assert found["missing"] == {"ding2023": [0, 15]}, "what was trained to choose the rate is no fold of it"


def test_the_operations_of_a_fixed_first_layer_are_counted_too(pretending, records):
    """They have no weights, so a profile leaves them out; HOG's are counted, and the two stand in one table."""
    one_protocol.train(records=records, rows=["gradients, 48 px"], progress=False)
    found = one_protocol.answer(records=records, rows=["gradients, 48 px"], progress=False)["rows"][0]
    network = models.build("contrast", classes=3, input_shape=(48, 48, 1), first="gradients")
    pixels, cells, bins, around = 48**2, 24**2, 8, 25
    by_hand = pixels * (2 + 4 + 5 + bins * (6 + 1)) + cells * (3 * bins + around + 2)
    assert found["macs"] == models.profile(network).macs + by_hand and found["size"] == 48


def test_what_is_recorded_is_not_trained_again_and_time_that_is_up_ends_it(pretending, records, monkeypatch):
    assert one_protocol.train(records=records, rows=THREE, minutes=1e-9, progress=False)["nano"] == [0, 15]
    assert pretending == []
    clock = iter(range(1000))
    monkeypatch.setattr(one_protocol.time, "monotonic", lambda: next(clock))  # every look takes a second
    one_protocol.train(records=records, rows=THREE, minutes=6.5 / 60, progress=False)
    assert 4 <= len(pretending) <= 7
    done = len(pretending)
    one_protocol.train(records=records, rows=THREE, progress=False)
    assert len(pretending) == 44 and len(set(map(str, pretending))) == 44 and done < 44
    one_protocol.train(records=records, rows=THREE, progress=False)
    assert len(pretending) == 44


def test_the_answer_is_what_the_records_say(pretending, records):
    one_protocol.train(records=records, rows=THREE, progress=False)
    found = one_protocol.answer(records=records, rows=THREE, progress=False)
    assert found["missing"] == {} and found["people"] == 10 and json.dumps(found, allow_nan=False)
    rows = {row["name"]: row for row in found["rows"]}
    assert list(rows) == THREE
    wanted = [pretended(asked(ROWS["nano"], 1e-3, tier="class", fold=n % 5, seed=n // 5)) for n in range(15)]
    true, predicted, actors = (
        np.concatenate([getattr(one, name) for one in wanted]) for name in ("true", "predicted", "actors")
    )
    by_actor = {
        actor: accuracy_score(true[actors == actor], predicted[actors == actor]) for actor in sorted(set(actors))
    }
    nano = rows["nano"]
    assert nano["by_actor"] == pytest.approx(by_actor)
    assert nano["accuracy"] == metrics.student_interval(list(by_actor.values()))
    each = [accuracy_score(np.concatenate([one.true for one in some]), np.concatenate([one.predicted for one in some]))
            for some in (wanted[:5], wanted[5:10], wanted[10:])]  # fmt: skip
    assert nano["accuracies"] == pytest.approx(each) and nano["seeds"] == 3 and nano["trainings"] == 15
    assert np.sum(nano["confusion"]) == 15 * 120 and nano["confusion"][0][2] == 0
    assert nano["recall"]["happy"] == pytest.approx((predicted == true)[true == 1].mean())
    assert nano["processor_minutes"] == 2 * 18 and nano["parameters"] == 1000 and nano["witness"]
    assert nano["tried"].keys() == {"0.0003", "0.001", "0.003"} and nano["setting"] == 1e-3
    assert (rows["HOG and SVM"]["seeds"], rows["HOG and SVM"]["trainings"]) == (1, 5)


def test_the_answer_rests_on_the_stages_and_the_time_of_its_trainings(pretending, records):
    """So that it is stale when training has a higher version, and says what it cost."""
    one_protocol.train(records=records, rows=THREE, progress=False)
    with stages.recording() as used:
        one_protocol.answer(records=records, rows=THREE, progress=False)
    assert {"training", "faces", "studio", "splits", "model.nano", "model.ding2023", "model.hog"} <= used.stages
    assert len(used.trainings) == 44 and sum(used.trainings.values()) == 2 * 44


def test_comparisons_are_paired_and_corrected_together(pretending, records):
    one_protocol.train(records=records, rows=THREE, progress=False)
    found = one_protocol.answer(records=records, rows=THREE, progress=False)
    rows = {row["name"]: row["by_actor"] for row in found["rows"]}
    pairs = [(row["first"], row["second"]) for row in found["comparisons"]]
    assert pairs == [("nano", "ding2023"), ("nano", "HOG and SVM"), ("ding2023", "HOG and SVM")]
    for row in found["comparisons"]:
        differences = [rows[row["first"]][actor] - rows[row["second"]][actor] for actor in rows["nano"]]
        asked_for = metrics.student_interval(differences)
        assert {key: row[key] for key in asked_for} == pytest.approx(asked_for)
    corrected = multipletests([row["p"] for row in found["comparisons"]], method="holm")[1]
    assert [row["p_holm"] for row in found["comparisons"]] == pytest.approx(list(corrected))
    assert [row["verdict"] for row in found["comparisons"]] == ["higher", "higher", "lower"]


def test_a_row_that_has_not_converged_gives_no_verdict(pretending, records, monkeypatch):
    one_protocol.train(records=records, rows=THREE, progress=False)
    file = records.folder / "ding2023.json"
    made = json.loads(file.read_text())
    made[-1]["convergence"]["converged"] = False
    file.write_text(json.dumps(made))
    found = one_protocol.answer(records=records, rows=THREE, progress=False)
    rows = {row["name"]: row for row in found["rows"]}
    assert (rows["ding2023"]["converged"], rows["ding2023"]["witness"], rows["nano"]["witness"]) == (14, False, True)
    assert [row["verdict"] for row in found["comparisons"]] == ["no verdict", "higher", "no verdict"]
    made[-1]["convergence"] = {"converged": True, "train_accuracy": 0.74}
    file.write_text(json.dumps(made))
    found = one_protocol.answer(records=records, rows=THREE, progress=False)
    assert [row["witness"] for row in found["rows"]] == [True, True, False], "it has not learned its own faces"


def test_of_a_row_in_the_making_whole_seeds_are_told_and_the_rest_is_named(pretending, records):
    one_protocol.train(records=records, rows=["nano"], progress=False)
    file = records.folder / "nano.json"
    file.write_text(json.dumps(json.loads(file.read_text())[:-2]))
    found = one_protocol.answer(records=records, rows=THREE, progress=False)
    assert [(row["name"], row["seeds"], row["trainings"]) for row in found["rows"]] == [("nano", 2, 10)]
    assert found["missing"] == {"HOG and SVM": [0, 5], "nano": [13, 15], "ding2023": [0, 15]}
    assert found["comparisons"] == []


@pytest.mark.parametrize("given, words", [({"rows": ["nono"]}, "`rows`.*nano"), ({"tier": "big"}, "`tier`")])
def test_what_is_not_there_is_named(records, given, words):
    with pytest.raises(FerError, match=words):
        one_protocol.answer(records=records, progress=False, **given)


# --- records --------------------------------------------------------------------------------------


def an_experiment(**changes):
    return asked(ROWS["nano"], 1e-3, **{"tier": "class", "fold": 1, "seed": 0} | changes)


def test_a_record_is_found_by_what_was_asked_and_by_the_stages_passed(records, monkeypatch):
    one = an_experiment()
    assert records.find("nano", one) is None
    records.add("nano", record_of(one, pretended(one)))
    assert records.find("nano", an_experiment())["configuration"] == one.configuration()
    for other in (
        an_experiment(fold=2),
        an_experiment(seed=1),
        an_experiment(other_people=True),
        an_experiment(tier="full"),
    ):
        assert records.find("nano", other) is None
    assert records.find("ding2023", one) is None
    monkeypatch.setitem(stages.RELEASE_NOTES, "metrics", {99: "only scores"})
    assert records.find("nano", one) is not None, "how it is scored is no part of a training"
    monkeypatch.setitem(stages.RELEASE_NOTES, "training", {99: "another fit"})
    assert records.find("nano", one) is None


def test_a_record_of_the_same_takes_the_place_of_the_older_one(records):
    for minutes in (2.0, 3.0):
        records.add(
            "nano, 25,000", record_of(an_experiment(), replace(pretended(an_experiment()), processor_minutes=minutes))
        )
    records.add("nano, 25,000", record_of(an_experiment(fold=3), pretended(an_experiment(fold=3))))
    assert records.find("nano, 25,000", an_experiment())["processor_minutes"] == 3.0
    assert len(json.loads(next(records.folder.glob("*.json")).read_text())) == 2


def test_a_damaged_file_of_records_is_named(records):
    records.add("nano", record_of(an_experiment(), pretended(an_experiment())))
    (file,) = records.folder.glob("*.json")
    for damage in ("[{", '{"key": 1}', '[{"no": "key"}]'):
        file.write_text(damage)
        with pytest.raises(FerError, match=r"nano.json cannot be read"):
            records.find("nano", an_experiment())


def test_stored_records_are_of_todays_stages_and_tell_who_tested():
    """What lies in the package: every file is that of a row, every record is whole."""
    files = sorted((training_records.RECORDS / "one_protocol").glob("*.json"))
    assert files
    for file in files:
        for record in json.loads(file.read_text(encoding="utf-8")):
            tables = np.array(list(record["confusions"].values()))
            assert tables.shape[1:] == (len(record["labels"]),) * 2 and tables.sum() > 0
            assert 0 <= record["convergence"]["train_accuracy"] <= 1 and record["processor_minutes"] > 0
            told = {"configuration": record["configuration"], "stages": record["stages"]}
            asked_by = SimpleNamespace(
                configuration=lambda told=told: told["configuration"], stages=lambda told=told: told["stages"]
            )
            assert training_records.key(asked_by) == record["key"], file


# --- simple methods -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def few():
    """Five people with four drawn-out expressions: bright squares in corners, so that HOG can tell them."""
    rng, rows, images = np.random.default_rng(3), [], []
    for person in range(5):
        for number, label in enumerate(("neutral", "happy", "sad", "angry") * 4):
            face = rng.integers(90, 110, (36, 36, 1))
            row, column = divmod(number % 4, 2)
            face[4 + 16 * row : 16 + 16 * row, 4 + 16 * column : 16 + 16 * column] = 220
            images.append(face)
            rows.append((f"{person:02d}", label, f"{person}-{number}"))
    meta = pd.DataFrame(rows, columns=["actor", "expression", "clip"]).assign(dataset="ravdess")
    landmarks = rng.random((len(rows), 68, 2)) * 30
    made = np.stack(images).astype(np.uint8)
    return SimpleNamespace(images=made, meta=meta, landmarks=landmarks, fingerprint="few", __len__=lambda: len(made))


@pytest.mark.parametrize("row", ["landmarks and SVM, frames at random, twins", "HOG and SVM, frames at random, twins"])
def test_the_faces_are_those_that_the_data_say(row, monkeypatch):
    """With landmarks, too: a row with twins once was given the faces without them."""
    wanted = []
    monkeypatch.setattr(stand_ins, "face_set", lambda *arguments, **options: wanted.append((arguments, options)))
    one = asked(ROWS[row], 10, tier="smoke", fold=0, seed=0)
    simple_methods._faces.cache_clear()
    simple_methods._faces(one.data, one.features != "HOG", False)
    simple_methods._faces.cache_clear()
    ((arguments, options),) = wanted
    assert arguments == ("ravdess",) and options["twins"] is True and options["tier"] == "smoke"
    assert options["people_seed"] == one.data.people_seed and options["frames"] == one.data.frames


@pytest.mark.parametrize("row", ["HOG and nearest neighbours", "HOG and SVM", "HOG and ANN", "landmarks and SVM"])
def test_simple_methods_learn_what_can_be_learned_and_no_more(few, row, monkeypatch):
    monkeypatch.setattr(simple_methods, "_faces", lambda data, with_landmarks, progress: few)
    setting = {"nearest neighbours": 1, "SVM": 10, "ANN": 1e-2}[ROWS[row].classifier]
    one = asked(ROWS[row], setting, tier="smoke", fold=0, seed=0)
    one = replace(
        one, recipe=replace(one.recipe, steps=40, check_every=10) if ROWS[row].classifier == "ANN" else one.recipe
    )
    found = simple_methods.run_simple(one, progress=False)
    learn, test = one.split.rows(few.meta)
    share = (found.true == found.predicted).mean()
    assert share == 1.0 if ROWS[row].features == "HOG" else share < 0.7, "random landmarks tell nothing of others"
    assert found.actors.tolist() == few.meta["actor"].iloc[test].tolist() and found.train_images == len(learn) == 48
    assert found.convergence["train_accuracy"] > 0.9 and "converged" in found.convergence
    length = 2304 if ROWS[row].features == "HOG" else 2278
    if ROWS[row].classifier == "ANN":
        assert found.parameters == (length + 1) * 64 + 65 * 8 == found.classifier_macs + 64 + 8
    else:
        assert found.parameters % length == 0 and found.parameters <= 48 * length


def test_no_simple_method_learns_from_who_validates_or_tests(few, monkeypatch):
    """Other labels for these people change nothing of what is answered."""
    monkeypatch.setattr(simple_methods, "_faces", lambda data, with_landmarks, progress: few)
    one = asked(ROWS["landmarks and SVM"], 10, tier="smoke", fold=2, seed=0)
    before = simple_methods.run_simple(one, progress=False).predicted
    learn, _ = one.split.rows(few.meta)
    changed = few.meta.copy()
    others = np.setdiff1d(np.arange(len(changed)), learn)
    changed.loc[others, "expression"] = "happy"
    other = SimpleNamespace(**vars(few) | {"meta": changed})
    monkeypatch.setattr(simple_methods, "_faces", lambda data, with_landmarks, progress: other)
    assert simple_methods.run_simple(one, progress=False).predicted.tolist() == before.tolist()


@pytest.mark.parametrize(
    "changes, words", [({"features": "pixels"}, "`features`"), ({"classifier": "forest"}, "`classifier`")]
)
def test_a_method_that_is_not_known(changes, words):
    with pytest.raises(FerError, match=words):
        replace(asked(ROWS["HOG and SVM"], 1, tier="smoke", fold=0, seed=0), **changes)


# --- the command ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, given, words",
    [
        ("split", {}, "`name`.*one_protocol"),
        ("one_protocol", {"minutes": 0}, "`minutes`"),
        ("one_protocol", {"tier": "smoke"}, "`tier`"),
        ("one_protocol", {"rows": ["x"], "minutes": 1}, "`rows`"),
    ],
)
def test_trainings_that_cannot_be_asked_for(name, given, words):
    with pytest.raises(FerError, match=words):
        studies.train(name, progress=False, **given)


def test_the_command_says_how_far_each_row_is(pretending, capsys, monkeypatch, tmp_path):
    from fer_utils.cli.main import main

    monkeypatch.setattr(training_records, "RECORDS", tmp_path)
    assert main(["study", "one_protocol", "--train", "5", "--row", "HOG and SVM", "--quiet"]) == 0
    assert capsys.readouterr().out == "  HOG and SVM: 5 of 5 trainings\n"
    assert len(pretending) == 8
