"""Training resumes to the bit, experiments are memoised by what they depend on, results are plain JSON."""

from contextlib import contextmanager
import json
import os
import shutil
import signal
import subprocess
from types import SimpleNamespace
import zipfile

from hypothesis import given, settings
from hypothesis import strategies as st
import hypothesis.extra.numpy
import numpy as np
from patience import PATIENCE, not_for_ever
import preloaded
import pytest
from small_trainings import untraced
from toy_training import SIZE, toy, toy_faces

import fer_utils
from fer_utils import training
from fer_utils.cli import main
from fer_utils.core import stages
from fer_utils.core.errors import DamagedError, DivergedError, FerError
from fer_utils.experiments import Data, Distillation, Experiment, Model, Result, Split, run, runner
from fer_utils.faces import FaceSet, resize
from fer_utils.inference import labels_beside
from fer_utils.synthetic import stand_ins
from fer_utils.training import Recipe


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    return toy_faces(tmp_path_factory.mktemp("toy") / "faces")


@pytest.fixture(scope="module")
def _trained_once(tmp_path_factory):
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def store(_trained_once, monkeypatch):
    """One store for all tests of this file: what two of them ask is trained once."""
    monkeypatch.setenv("FER_HOME", str(_trained_once))
    return _trained_once


def test_a_network_learns_and_the_result_says_how(faces, store):
    result = run(toy(faces, recipe=Recipe(epochs=6, batch_size=8, learning_rate=2e-3)), progress=False)
    assert result.accuracy > 0.9
    assert result.labels == ["happy", "sad"] and result.split["test_actors"] == 2
    leaked = result.split["leaked_share"]
    assert set(leaked) == {"row", "clip", "performance", "actor", "image", "near image"} and not any(leaked.values())
    assert (
        len(result.history["loss"]) == len(result.history["test_accuracy"]) == len(result.history["dead_hidden"]) == 6
    )
    assert result.history["test_accuracy"][-1] == pytest.approx(result.accuracy, abs=1e-6)
    assert result.confusion.sum() == len(result.predictions) == result.metrics["n"] == 24
    stored = json.loads((result.path / "result.json").read_text())
    assert stored["versions"]["keras"] and stored["hardware"]["cores"] and stored["seed"] == 1
    assert set(stored["predictions"]) >= {"row", "actor", "true", "predicted", "p_happy", "p_sad"}
    # The stored model is the model: the same rows give the same predictions.
    rows = result.predictions["row"].to_numpy()
    again = training.predict_probabilities(result.model(), faces.images, rows)
    assert np.array_equal(again.argmax(axis=1), result.predictions["predicted"])


def test_running_again_trains_nothing_and_a_change_does(faces, store, monkeypatch):
    with untraced():
        first = run(toy(faces), progress=False)
    calls = []
    monkeypatch.setattr(training, "fit", lambda *a, **k: calls.append(1))
    again = run(toy(faces), progress=False)
    assert not calls and again.finished == first.finished and again.key == first.key
    assert again.predictions.equals(first.predictions)
    other = toy_faces(faces.path.parent / "other", seed=9)
    keys = {
        toy(faces, seed=2).key(faces),
        toy(faces, split=Split("clip")).key(faces),
        toy(other).key(other),
        toy(faces, model=Model.of("ding2023", filters=5)).key(faces),
        toy(faces, recipe=Recipe(epochs=4)).key(faces),
    }
    assert len(keys) == 5 and first.key not in keys
    # The same faces under another vocabulary are another experiment.
    assert toy(faces, data=Data("savee", face_set=str(faces.path))).key(faces) != first.key
    # Where the same faces lie is not what they are.
    moved = FaceSet.save(np.array(faces.images), faces.meta, faces.path.parent / "moved")
    assert toy(moved).key(moved) == first.key
    # A stage that it passes and that has a new version is another question; any other stage is not, and the metrics
    # are scored anew without a training.
    for stage, same in (("training", False), ("model.ding2023", False), ("model.nano", True), ("metrics", True)):
        with monkeypatch.context() as patched:
            patched.setitem(stages.RELEASE_NOTES, stage, {1: "First.", 2: "Another."})
            assert (toy(faces).key(faces) == first.key) is same, stage
    # Of a plain folder the pictures were compared, too; that is no part of the key.
    compared = {"near_duplicates": stages.version("near_duplicates")}
    assert first.stages == toy(faces).stages() | compared and first.stages["splits"] == stages.version("splits")


def test_over_all_folds_everybody_tests_once(faces, store):
    results = []
    with untraced():
        for k in range(5):
            asked = toy(faces, split=Split("actor", 0.2, fold=k), model="knn")
            results.append(run(asked, progress=False))
    assert sorted(actor for result in results for actor in set(result.predictions["actor"])) == [
        f"{k:02d}" for k in range(5)
    ]
    assert sorted(row for result in results for row in result.predictions["row"]) == list(range(len(faces)))
    assert len({result.path for result in results}) == 5 and all(
        result.split["leaked_share"]["actor"] == 0 for result in results
    )


def test_an_experiment_survives_json(faces):
    experiment = toy(faces, model=Model.of("ding2023", dropout=(0.1, 0.2, 0.3), l1=1e-4))
    again = Experiment.from_configuration(json.loads(json.dumps(experiment.configuration())))
    assert again == experiment and again.key(faces) == experiment.key(faces)
    assert Experiment(data="savee", split="frame", model="knn").data == Data("savee")
    assert Experiment(tier="smoke").data.tier == "smoke" and Experiment(tier="smoke") == Experiment(
        data=Data(tier="smoke")
    )


def test_every_setting_of_the_data_reaches_the_stand_in(monkeypatch):
    asked = {}
    monkeypatch.setattr(stand_ins, "face_set", lambda dataset, **given: asked.update(given, dataset=dataset))
    settings = {
        "tier": "full",
        "root": "clips",
        "twins": True,
        "frames": 3,
        "detector": "haar",
        "people_seed": 5,
        "size": 64,
    }
    data = Data("savee", **settings)
    data.load(progress=False)
    assert asked == settings | {"dataset": "savee", "progress": False, "actor": None}
    assert all(value != getattr(Data("ravdess"), name) for name, value in settings.items()), "none is the default"


def test_metrics_are_scored_anew_when_their_version_has_changed(faces, store):
    result = run(toy(faces), progress=False)
    file = result.path / "result.json"
    value = json.loads(file.read_text())
    value["metrics"]["accuracy"]["value"], value["stages"]["metrics"] = -1, 0
    file.write_text(json.dumps(value))
    again = run(toy(faces), progress=False)
    assert (
        again.accuracy == result.accuracy
        and json.loads(file.read_text())["metrics"]["accuracy"]["value"] == result.accuracy
    )


SCRIPT = """
import json
import os
import sys
import time
from fer_utils.experiments import Experiment, run
from fer_utils.training import fitting
keep = fitting._keep
def keep_and_wait(model, folder, epoch, *others):
    keep(model, folder, epoch, *others)
    if epoch == 3:  # after the third epoch is stored, wait to be killed
        print("stored", os.getpid(), flush=True)
        time.sleep(600)
fitting._keep = keep_and_wait
run(Experiment.from_configuration(json.loads(sys.argv[1])), progress=False)
"""


@pytest.mark.slow
def test_a_killed_training_goes_on_and_ends_as_an_undisturbed_one(faces, tmp_path, monkeypatch):
    recipe = Recipe(epochs=5, batch_size=8, learning_rate=2e-3, flip=True, schedule="cosine", augment=0.5)
    experiment = toy(faces, recipe=recipe)
    victim = subprocess.Popen(
        [*preloaded.command(), "-c", SCRIPT, json.dumps(experiment.configuration())],
        text=True,
        stdout=subprocess.PIPE,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2", "FER_HOME": str(tmp_path / "killed")},
    )
    with not_for_ever(victim):
        word, number = victim.stdout.readline().split()
    assert word == "stored"
    os.kill(int(number), signal.SIGKILL)
    assert victim.wait(PATIENCE) == -signal.SIGKILL
    (unfinished,) = (tmp_path / "killed" / "results").glob("*/unfinished")
    assert json.loads((unfinished / "state.json").read_text())["epoch"] == 3
    assert not (unfinished.parent / "result.json").exists()

    # This process goes on where the other was killed, and trains once more from the beginning.
    found, began = {}, []
    epoch = training.Batches.begin
    monkeypatch.setattr(training.Batches, "begin", lambda self, number: began.append(number) or epoch(self, number))
    for home in ("killed", "whole"):
        monkeypatch.setenv("FER_HOME", str(tmp_path / home))
        found[home] = run(experiment, progress=False)
        assert max(began) == 4 and (1 in began) == (home == "whole"), "only what is missing is trained"
        began.clear()
    one, two = (Result.load(result.path) for result in found.values())
    assert one.path == unfinished.parent and one.path != two.path
    assert one.history == two.history and len(one.history["loss"]) == 5
    assert one.predictions.equals(two.predictions) and one.metrics == two.metrics
    for a, b in zip(one.model().get_weights(), two.model().get_weights(), strict=True):
        assert np.array_equal(a, b)
    assert not unfinished.exists()


@pytest.mark.parametrize("edit", [
    lambda folder: (folder / "state.json").write_text("[" * 100_000),
    lambda folder: (folder / "state.json").write_text("{}"),
    lambda folder: (folder / "state.json").write_text((folder / "state.json").read_text().replace('1', '3')),
    lambda folder: (folder / "epoch-0001.keras").write_bytes(b"half"),
    lambda folder: (folder / "epoch-0001.keras").unlink(),
])  # fmt: skip
def test_a_damaged_state_of_a_training_is_said_and_the_training_begins_again(faces, tmp_path, monkeypatch, edit):
    import keras

    def network():
        return keras.Sequential(
            [keras.Input((SIZE, SIZE, 1)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")]
        )

    rows = np.arange(8)
    numbers = rows % 2
    recipe = Recipe(epochs=2, batch_size=8)
    with untraced():
        training.fit(
            network(), faces.images[:8], numbers, rows, rows[:0], recipe=recipe, folder=tmp_path, progress=False
        )
        assert (tmp_path / "state.json").is_file()
        edit(tmp_path)
        with pytest.warns(RuntimeWarning, match=r"state\.json is damaged, so the training begins again"):
            _, history = training.fit(
                network(), faces.images[:8], numbers, rows, rows[:0], recipe=recipe, folder=tmp_path, progress=False
            )
    assert len(history["loss"]) == 2


def test_a_student_learns_from_its_teacher_and_comes_out_alone(faces, store):
    import keras

    teacher = toy(faces, recipe=Recipe(epochs=6, batch_size=8, learning_rate=2e-3))
    alone = toy(
        faces, model=Model.of("ding2023", filters=2), recipe=Recipe(epochs=2, batch_size=8, learning_rate=2e-3), seed=4
    )
    from dataclasses import replace

    taught = replace(alone, distillation=Distillation(teacher, weight=3.0, temperature=2.0))
    assert Experiment.from_configuration(taught.configuration()) == taught and taught.key(faces) != alone.key(faces)
    assert "distillation" not in alone.configuration()
    with untraced():
        learned, by_itself = run(taught, progress=False), run(alone, progress=False)
    assert learned.model().name == "ding2023" and learned.parameters == by_itself.parameters
    assert learned.model().input_shape == (None, SIZE, SIZE, 1) and learned.experiment == taught.configuration()
    said = run(teacher, progress=False)
    assert said.path.name == f"ding2023-{teacher.key(faces)}", "the teacher is the stored one"
    names = [f"p_{name}" for name in said.labels]

    def apart(one):
        return np.abs(one.predictions[names].to_numpy() - said.predictions[names].to_numpy()).mean()

    assert apart(learned) < apart(by_itself), "who is taught answers more as the teacher does"
    before = [np.array(w) for w in keras.models.load_model(said.path / "model.keras").get_weights()]
    assert all(np.array_equal(a, b) for a, b in zip(before, said.model().get_weights(), strict=True))


def test_the_key_of_a_taught_network_is_of_what_it_is_taught_by(faces, monkeypatch):
    def taught(teacher=None, *more, at=faces, **how):
        teachers = (teacher or toy(at, model="nano"), *more)
        return toy(at, distillation=Distillation(teachers, **how))

    keys = [
        toy(faces).key(faces),
        taught().key(faces),
        taught(toy(faces)).key(faces),
        taught(toy(faces, model="nano", seed=7)).key(faces),
        taught(toy(faces, model="nano", recipe=Recipe(epochs=9))).key(faces),
        taught(None, toy(faces)).key(faces),
        taught(toy(faces), toy(faces, model="nano")).key(faces),
        taught(weight=2.0).key(faces),
        taught(temperature=2.0).key(faces),
    ]
    assert len(set(keys)) == len(keys)
    # Where the faces lie is no more a part of the teacher's than of the student's own.
    moved = FaceSet.save(np.array(faces.images), faces.meta, faces.path.parent / "moved for teachers")
    assert taught(at=moved).key(moved) == keys[1]
    # What the teacher passes, the student passes, too.
    for stage, same in (("distillation", False), ("model.nano", False), ("model.ding2023", False), ("live", True)):
        with monkeypatch.context() as patched:
            patched.setitem(stages.RELEASE_NOTES, stage, dict.fromkeys(range(1, 9), "Another."))
            assert (taught().key(faces) == keys[1]) is same, stage


def test_what_teachers_add_to_the_loss_is_as_by_hand():
    import keras

    from fer_utils import models

    def network(logits):
        made = keras.Sequential(
            [keras.Input((2, 2, 1)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3, activation="softmax")]
        )
        made.layers[-1].set_weights([np.zeros((1, 3), "float32"), np.array(logits, "float32")])
        return made

    def soft(logits, t):
        e = np.exp(np.array(logits) / t)
        return e / e.sum()

    student, teachers = network([1.0, 0.0, -1.0]), [network([0.0, 2.0, 0.0]), network([1.0, 1.0, 0.0])]
    model = models.taught(student, teachers, weight=0.7, temperature=2.5)
    images = np.zeros((4, 2, 2, 1), "float32")
    assert (
        np.asarray(model(images)) == pytest.approx(np.tile(soft([1, 0, -1], 1), (4, 1)), abs=1e-6) and not model.losses
    )
    model(images, training=True)
    said = (soft([0, 2, 0], 1) + soft([1, 1, 0], 1)) / 2  # averaged, then softened
    said = said ** (1 / 2.5) / (said ** (1 / 2.5)).sum()
    wanted = 0.7 * 2.5**2 * (said * np.log(said / soft([1, 0, -1], 2.5))).sum()
    assert float(sum(model.losses)) == pytest.approx(wanted, rel=1e-5)
    assert len(model.trainable_variables) == 2, "teachers learn nothing"
    with pytest.raises(FerError, match=r"`teachers`.*as the student"):
        models.taught(
            network([1, 2, 3]),
            [keras.Sequential([keras.Input((3, 3, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])],
        )
    with pytest.raises(FerError, match="`temperature`"):
        models.taught(network([1, 2, 3]), [network([1, 2, 3])], temperature=0.5)


def test_the_minutes_are_those_between_beginning_and_end(faces, tmp_path, monkeypatch):
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    clock = SimpleNamespace(monotonic=iter([1000.0, 1090.0]).__next__, process_time=iter([40.0, 64.0]).__next__)
    monkeypatch.setattr("fer_utils.experiments.runner.time", clock)
    with untraced():
        result = run(toy(faces, model="knn"), progress=False)
    assert (result.minutes, result.processor_minutes) == (1.5, 0.4)


def test_nearest_neighbours_go_the_same_way(faces, store):
    with untraced():
        result = run(toy(faces, model="knn"), progress=False)
    assert result.accuracy > 0.9 and len(result.history["accuracy"]) == 1


def test_resizing(faces, store):
    small = resize(faces.images, 20, progress=False)
    assert small.shape == (len(faces), 20, 20, 1) and small.dtype == np.uint8
    assert small[0].mean() == pytest.approx(faces.images[0].mean(), abs=1)
    assert resize(faces.images, SIZE) is faces.images
    with untraced():
        asked = toy(faces, model=Model.of("ding2023", size=24, filters=2), recipe=Recipe(epochs=1))
        result = run(asked, progress=False)
    assert result.model().input_shape[1:] == (24, 24, 1)


def test_batches_cover_every_row_once_and_shuffle_by_epoch(faces):
    labels = np.arange(len(faces))
    made = training.Batches(faces.images, labels, np.arange(20), batch_size=8, shuffle_seed=3)
    assert len(made) == 3
    seen = np.concatenate([made[i][1] for i in range(3)])
    assert sorted(seen) == list(range(20)) and made[0][0].dtype == np.uint8
    first = made[0][1].tolist()
    made.begin(1)
    assert made[0][1].tolist() != first
    made.begin(0)
    assert made[0][1].tolist() == first
    plain = training.Batches(faces.images, labels, np.array([5, 2, 9]), batch_size=2)
    assert np.array_equal(plain[1][0], faces.images[[9]])


def test_training_images_are_augmented_anew_each_epoch_and_no_further_than_said(faces):
    labels = np.arange(len(faces))
    made = training.Batches(faces.images, labels, np.arange(20), batch_size=8, shuffle_seed=3, augment=1.0)
    plain = training.Batches(faces.images, labels, np.arange(20), batch_size=8, shuffle_seed=3)
    first = made[0][0].copy()
    assert first.dtype == np.uint8 and first.shape == plain[0][0].shape and np.array_equal(made[0][1], plain[0][1])
    assert not np.array_equal(first, plain[0][0])
    made.begin(1)
    assert not np.array_equal(first, made[0][0])
    made.begin(0)
    assert np.array_equal(first, made[0][0])
    assert np.array_equal(
        training.Batches(faces.images, labels, np.arange(20), batch_size=8, augment=1.0)[0][0], faces.images[:8]
    ), "who tests is not augmented"


@settings(max_examples=30, deadline=None)
@given(by=hypothesis.extra.numpy.arrays(float, 6, elements=st.floats(-1, 1)), side=st.integers(24, 60))
def test_an_augmented_image_is_the_same_image_a_little_elsewhere(by, side):
    # A white disc: where it is afterwards, and how large, says how far the picture was moved.
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    disc = np.where(x**2 + y**2 < (side / 6) ** 2, 200, 20).astype(np.uint8)[..., None]
    changed = training.augmented(disc, by).astype(float)
    assert changed.shape == disc.shape
    white = changed > (changed.max() + changed.min()) / 2
    where = np.array([x[white[..., 0]].mean(), y[white[..., 0]].mean()])
    assert np.abs(where - training.AUGMENTATION_LIMITS["shift"] * side * by[2:4]).max() < 1
    assert np.sqrt(white.sum() / (disc > 100).sum()) == pytest.approx(
        1 + training.AUGMENTATION_LIMITS["scale"] * by[1], abs=0.12
    )
    grey = (
        (np.array([20, 200]) - 127.5) * (1 + training.AUGMENTATION_LIMITS["contrast"] * by[4])
        + 127.5
        + training.AUGMENTATION_LIMITS["brightness"] * by[5]
    )
    assert np.abs(np.array([changed.min(), changed.max()]) - np.clip(grey, 0, 255)).max() <= 1
    assert np.array_equal(training.augmented(disc, np.zeros(6)), disc)


@pytest.mark.parametrize("share", [-1, -0.4, 0.4, 1])
def test_an_augmented_image_is_turned_by_its_share_of_fifteen_degrees(share):
    y, x = np.mgrid[:61, :61] - 30.0
    spot = np.where((x - 20) ** 2 + y**2 < 16, 200, 20).astype(np.uint8)[..., None]  # 20 pixels right of the middle
    turned = training.augmented(spot, np.array([share, 0, 0, 0, 0, 0]))[..., 0] > 110
    # Positive is counter-clockwise as the picture is seen, where y grows downwards.
    angle = np.degrees(np.arctan2(-y[turned].mean(), x[turned].mean()))
    assert angle == pytest.approx(15 * share, abs=0.5)


def test_the_rate_falls_to_nothing_along_half_a_cosine(faces):
    import keras

    from fer_utils import models

    rates = []
    model = models.build("ding2023", classes=2, input_shape=(SIZE, SIZE, 1), filters=1)
    spy = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: rates.append(float(spy.model.optimizer.learning_rate))
    )
    with untraced():
        training.fit(
            model,
            faces.images,
            np.arange(len(faces)) % 2,
            np.arange(16),
            [],
            progress=False,
            callbacks=[spy],
            recipe=Recipe(epochs=3, batch_size=8, learning_rate=0.01, schedule="cosine"),
        )
    # The rate that the next step will have, after each of six.
    assert rates == pytest.approx([0.005 * (1 + np.cos(np.pi * t / 6)) for t in range(1, 7)], abs=1e-6)


def test_callbacks_hear_the_true_number_of_the_epoch(faces, tmp_path):
    import keras

    from fer_utils import models

    heard = []
    listener = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: heard.append(epoch))
    model = models.build("ding2023", classes=2, input_shape=(SIZE, SIZE, 1), filters=1)
    for _ in range(2):  # the second goes on after the second epoch, the last that was kept
        with untraced():
            training.fit(
                model,
                faces.images,
                np.arange(len(faces)) % 2,
                np.arange(16),
                [],
                recipe=Recipe(epochs=3, batch_size=8),
                progress=False,
                folder=tmp_path / "work",
                callbacks=[listener],
            )
    assert heard == [0, 1, 2, 2]


def test_predictions_come_in_the_order_of_the_rows(faces):
    import keras

    mean = keras.Sequential([keras.layers.Input((SIZE, SIZE, 1)), keras.layers.GlobalAveragePooling2D()])
    rows = np.array([7, 3, 11, 0, 5])
    made = training.predict_probabilities(mean, faces.images, rows, batch_size=2)[:, 0]
    assert made == pytest.approx(faces.images[rows].astype(float).mean(axis=(1, 2, 3)), rel=1e-5)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda f: Experiment(model=7), ("`model`", "Model", "7")),
        (lambda f: Experiment(seed=-1), ("`seed`", "-1")),
        (lambda f: Experiment(tier="huge"), ("`tier`", "smoke, class, full", "huge")),
        (lambda f: Experiment(recipe={}), ("`recipe`", "Recipe")),
        (lambda f: Recipe(epochs=0), ("`epochs`", "1 or more", "0")),
        (lambda f: Recipe(learning_rate=0), ("`learning_rate`", "above 0")),
        (lambda f: Recipe(schedule="linear"), ("`schedule`", "constant, cosine", "linear")),
        (lambda f: Recipe(augment=1.5), ("`augment`", "0 to 1", "1.5")),
        (lambda f: Recipe(augment=True), ("`augment`", "0 to 1")),
        (lambda f: Distillation(()), ("`teachers`", "one Experiment")),
        (lambda f: toy(f, distillation="ding2023"), ("`distillation`", "a Distillation", "ding2023")),
        (
            lambda f: toy(f, distillation=Distillation(toy(f, split="frame"))),
            ("`distillation`", "the student's split", "frame"),
        ),
        (
            lambda f: toy(f, distillation=Distillation(toy(f, model=Model.of("ding2023", size=24)))),
            ("`distillation`", "size", "24"),
        ),
        (lambda f: run("ding2023"), ("`experiment`", "Experiment")),
        (lambda f: run(toy(f, model="ding2024"), progress=False), ("`name`", "ding2023", "ding2024")),
        (
            lambda f: run(toy(f, split=Split("actor", 0.4), data=Data("ravdess", tier="big")), progress=False),
            ("`tier`", "big"),
        ),
        (lambda f: run(toy(f, split=Split("actor", 0.2, fold=5)), progress=False), ("`fold`", "0 to 4", "5")),
        (
            lambda f: run(toy(f, split=Split("actor", 0.7, fold=0)), progress=False),
            ("`test`", "0.5, with folds", "0.7"),
        ),
        (
            lambda f: run(toy(f, split=Split("planet")), progress=False),
            ("`by`", "frame, clip, performance, actor", "planet"),
        ),
        (lambda f: run(toy(f, model=Model.of("ding2023", colour=1)), progress=False), ("`colour`", "filters")),
        (lambda f: Result.load("/nowhere"), ("`path`", "/nowhere", "Run the experiment")),
    ],
)
def test_impossible_calls(call, words, faces, store):
    with pytest.raises(FerError) as error:
        call(faces)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize("wrong", ["loss is nan", "test loss is nan", "weights are no finite numbers"])
def test_a_training_that_diverges_says_so_and_keeps_no_such_epoch(faces, tmp_path, wrong):
    import keras

    class Spoils(keras.layers.Layer):
        """Lets images pass, and makes NaN of what it is told to."""

        def build(self, shape):
            start = "zeros" if "loss" in wrong else keras.initializers.Constant(np.inf)
            self.unused = self.add_weight(shape=(), initializer=start, trainable=False)

        def call(self, images, training=False):
            spoilt = wrong == "loss is nan" if training else wrong == "test loss is nan"
            return images * (np.nan if spoilt else 1 / 255)

    network = keras.Sequential(
        [
            keras.layers.Input((SIZE, SIZE, 1)),
            Spoils(),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    targets = np.resize([0, 1], len(faces))
    recipe = Recipe(epochs=3, batch_size=8, learning_rate=0.02, precision="float32")
    with pytest.raises(DivergedError, match=f"after epoch 1 of 3 its {wrong}") as error, untraced():
        training.fit(
            network, faces.images, targets, [0, 1, 2, 3], [4, 5], recipe=recipe, folder=tmp_path, progress=False
        )
    assert "lower learning rate: it was 0.02, try 0.002" in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_diverged_experiment_is_not_stored_and_a_stored_one_is_not_handed_out(faces, tmp_path, monkeypatch):
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    wild = toy(faces, recipe=Recipe(epochs=1, batch_size=8, learning_rate=9.9, optimizer="sgd"))
    with pytest.raises(DivergedError, match="ding2023, split by actor"), untraced():
        run(wild, progress=False)
    assert not list(tmp_path.rglob("result.json")) and not list(tmp_path.rglob("*.keras"))

    with untraced():
        stored = run(toy(faces, model="knn"), progress=False)
    value = json.loads((stored.path / "result.json").read_text())
    value["predictions"]["p_sad"] = [float("nan")] * len(value["predictions"]["p_sad"])  # as once was stored
    (stored.path / "result.json").write_text(json.dumps(value))
    with pytest.raises(DivergedError, match="move that folder away") as error:
        run(toy(faces, model="knn"), progress=False)
    assert str(stored.path) in str(error.value)


def test_a_result_from_before_faces_were_counted_is_read(faces, tmp_path, monkeypatch):
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    with untraced():
        stored = run(toy(faces, model="knn"), progress=False)
    value = json.loads((stored.path / "result.json").read_text())
    del value["faces"]
    (stored.path / "result.json").write_text(json.dumps(value))
    older = Result.load(stored.path)
    assert older.faces == {} and older.metrics == stored.metrics


def test_scores_that_are_no_numbers_are_not_stored(faces, tmp_path, monkeypatch):
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    monkeypatch.setattr(training, "predict_probabilities", lambda model, images, rows: np.full((len(rows), 2), np.nan))
    with pytest.raises(DivergedError, match=r"no finite numbers\. Nothing is stored"):
        run(toy(faces, model="knn"), progress=False)
    assert not list(tmp_path.rglob("result.json"))


def test_a_face_set_without_faces_says_why(store, tmp_path):
    empty = toy_faces(tmp_path / "empty", actors=1, clips=1)
    none = FaceSet.save(np.zeros((0, SIZE, SIZE, 1), np.uint8), empty.meta.iloc[:0], tmp_path / "none")
    with pytest.raises(FerError, match="0 faces"):
        run(toy(none), progress=False)
    one_person = toy_faces(tmp_path / "one", actors=1)
    with pytest.raises(FerError, match="two units to split by actor"):
        run(toy(one_person), progress=False)


def test_a_broken_result_names_itself_and_the_remedy(tmp_path):
    (tmp_path / "result.json").write_text("{]")
    with pytest.raises(FerError, match=r"not a stored result.*run the experiment again"):
        Result.load(tmp_path)


def _lost(file):
    file.unlink()


def _cut(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _emptied(file):
    file.write_bytes(b"")


def _flipped(file):
    """One byte of the stored weights is another."""
    with zipfile.ZipFile(file) as archive:
        place = archive.getinfo("model.weights.h5").header_offset
        size = archive.getinfo("model.weights.h5").compress_size
    content = bytearray(file.read_bytes())
    content[place + size // 2] ^= 0x10
    file.write_bytes(content)


def _without_weights(file):
    with zipfile.ZipFile(file) as archive:
        kept = {name: archive.read(name) for name in archive.namelist() if name != "model.weights.h5"}
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in kept.items():
            archive.writestr(name, content)


@pytest.fixture(scope="module")
def stored(faces, tmp_path_factory):
    """A stored result of one epoch, in a store of its own: to be copied, not changed."""
    place = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patched, untraced():
        patched.setenv("FER_HOME", str(place))
        return run(toy(faces, recipe=Recipe(epochs=1)), progress=False)


@pytest.fixture
def copied(stored, tmp_path, monkeypatch):
    """The stored result in the store of one test."""
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    shutil.copytree(stored.path, tmp_path / "results" / stored.path.name)
    return tmp_path / "results" / stored.path.name


@pytest.mark.parametrize("harm", [_lost, _cut, _emptied, _flipped, _without_weights])
def test_a_result_is_whole_only_with_its_network(faces, stored, copied, harm, capsys, monkeypatch):
    harm(copied / "model.keras")
    if harm is not _lost:  # one training is enough to see that it gives the same network again
        monkeypatch.setattr(training, "fit", lambda *_, **__: (stored.model(), stored.history))
    with pytest.raises(FerError, match=r"`path`.*model\.keras"):
        Result.load(copied).model()
    before = (copied / "result.json").read_text()
    with untraced():
        again = run(toy(faces, recipe=Recipe(epochs=1)), progress=True)
    assert "trained again" in capsys.readouterr().err and json.loads(before)["key"] == again.key
    assert again.path == copied and again.predictions.equals(stored.predictions) and again.finished >= stored.finished
    for one, other in zip(again.model().get_weights(), stored.model().get_weights(), strict=True):
        assert np.array_equal(one, other)
    assert sorted(file.name for file in copied.iterdir()) == ["model.keras", "result.json"]


def test_a_kill_while_the_network_is_written_leaves_no_half_result(faces, copied, monkeypatch):
    import keras

    _lost(copied / "model.keras")

    def killed(self, place, *_, **__):
        with open(place, "wb") as file:
            file.write(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, untraced():
        patched.setattr(keras.Model, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            run(toy(faces, recipe=Recipe(epochs=1)), progress=False)
    assert not (copied / "model.keras").exists()
    with untraced():
        assert run(toy(faces, recipe=Recipe(epochs=1)), progress=False).model().count_params() > 0


def test_what_another_process_trained_while_this_one_waited_is_handed_out(faces, stored, tmp_path, monkeypatch):
    @contextmanager
    def another_was_faster(folder):
        shutil.copytree(stored.path, folder)
        yield

    monkeypatch.setenv("FER_HOME", str(tmp_path))
    monkeypatch.setattr(runner, "one_process_at_a_time", another_was_faster)
    monkeypatch.setattr(training, "fit", lambda *_, **__: pytest.fail("trained again"))
    result = run(toy(faces, recipe=Recipe(epochs=1)), face_set=faces, progress=False)
    assert result.path.is_relative_to(tmp_path) and result.predictions.equals(stored.predictions)


def test_an_edited_face_set_neither_gets_nor_spoils_what_is_stored(faces, stored, copied, tmp_path, monkeypatch):
    edited = tmp_path / "edited"
    shutil.copytree(faces.path, edited)
    text = (edited / "meta.csv").read_text()
    (edited / "meta.csv").write_text(text.replace("happy", "?").replace("sad", "happy").replace("?", "sad"))
    before = {file.name: file.read_bytes() for file in copied.iterdir()}
    monkeypatch.setattr(training, "fit", lambda *_, **__: pytest.fail("nothing is trained"))
    on_disk = toy(faces, data=Data("folder", face_set=str(edited)), recipe=Recipe(epochs=1))
    with pytest.raises(DamagedError, match=r"meta\.csv has changed"):
        run(on_disk, progress=False)
    shutil.copy(faces.path / "meta.csv", edited)
    assert run(on_disk, progress=False).key == stored.key  # the very faces, in another folder
    with open(edited / "images.npy", "r+b") as file:
        file.seek(-1000, os.SEEK_END)
        file.write(bytes(1000))
    with pytest.raises(DamagedError, match=r"images\.npy has changed"):
        run(on_disk, progress=False)
    assert {file.name: file.read_bytes() for file in copied.iterdir()} == before
    assert [folder.name for folder in (tmp_path / "results").iterdir()] == [copied.name]


def test_labels_changed_in_memory_are_another_experiment(faces, stored, copied):
    before = {file.name: file.read_bytes() for file in copied.iterdir()}
    swapped = FaceSet.load(faces.path)
    swapped.meta["expression"] = swapped.meta["expression"].map({"happy": "sad", "sad": "happy"})
    with untraced():
        other = run(toy(faces, recipe=Recipe(epochs=1)), face_set=swapped, progress=False)
        assert (
            run(toy(faces, recipe=Recipe(epochs=1)), face_set=FaceSet.load(faces.path), progress=False).key
            == stored.key
        )
    assert other.path != copied and other.key != stored.key
    assert (other.predictions["true"] == 1 - stored.predictions["true"]).all()
    assert {file.name: file.read_bytes() for file in copied.iterdir()} == before


def test_the_result_of_another_experiment_in_its_place_is_not_handed_out(faces, stored, copied):
    value = json.loads((copied / "result.json").read_text()) | {"key": "0" * 24}
    (copied / "result.json").write_text(json.dumps(value))
    with pytest.raises(FerError, match=r"holds the result of another experiment.*'0{24}'"):
        run(toy(faces, recipe=Recipe(epochs=1)), progress=False)


def _predictions_changed(value):
    value["predictions"]["predicted"] = [1 - number for number in value["predictions"]["predicted"]]


def _accuracy_raised(value):
    value["metrics"]["accuracy"]["value"] = 0.987654


def _confusion_changed(value):
    value["metrics"]["confusion"] = value["metrics"]["confusion"][::-1]


def _rows_removed(value):
    value["predictions"] = {name: column[1:] for name, column in value["predictions"].items()}


@pytest.mark.parametrize("edit", [_predictions_changed, _accuracy_raised, _confusion_changed, _rows_removed])
def test_metrics_that_are_not_those_of_the_predictions_are_refused(copied, edit):
    value = json.loads((copied / "result.json").read_text())
    edit(value)
    (copied / "result.json").write_text(json.dumps(value))
    with pytest.raises(FerError, match=r"result\.json is not a stored result.*do not agree"):
        Result.load(copied)


def _put(value, path, new):
    *before, last = path.split(".")
    for name in before:
        value = value[name]
    if new is None:
        del value[last]
    else:
        value[last] = new


@pytest.mark.parametrize("path, new", [
    ("metrics", "good"), ("metrics", []), ("metrics", None), ("metrics.accuracy", 0.9), ("metrics.accuracy", None),
    ("metrics.accuracy.value", "0.9"), ("metrics.accuracy.groups", 2.5), ("metrics.macro_f1", []),
    ("metrics.recall", [1, 2]), ("metrics.recall", {"happy": 0.5}), ("metrics.recall.happy", "all"),
    ("metrics.confusion", 3), ("metrics.confusion", [[1, 2]]), ("metrics.confusion", [[1, "2"], [3, 4]]),
    ("metrics.n", "24"), ("metrics.chance", []), ("metrics.chance", None),
    ("split", 7), ("split", "actor"), ("split", None), ("split.test_actors", "two"), ("split.test", True),
    ("split.leaked_share", []), ("split.leaked_share.clip", "none"),
    ("stages", []), ("stages.metrics", "1"), ("labels", "happy"), ("labels", []), ("labels", ["a", "a"]),
    ("labels", [1, 2]), ("versions", []), ("versions.keras", 3), ("hardware", "a machine"), ("history", [1]),
    ("history.loss", 3), ("history.loss", ["low"]), ("minutes", "long"), ("parameters", 1.5), ("seed", None),
    ("faces", 3), ("key", 12), ("finished", {}), ("commit", []),
    ("experiment", []), ("experiment.model", "nano"), ("experiment.model.name", 3), ("experiment.model.size", "big"),
    ("experiment.model.options", []), ("experiment.split", None), ("experiment.split.by", []),
    ("experiment.data.dataset", None), ("experiment.distillation", 3),
    ("experiment.distillation", {"teachers": [3], "weight": 1, "temperature": 1}),
    ("predictions", []), ("predictions", {}), ("predictions.true", None), ("predictions.true", [0]),
    ("predictions.predicted", 5), ("predictions.true", ["0"] * 24), ("predictions.predicted", [7] * 24),
    ("predictions.actor", [1] * 24), ("predictions.clip", {"a": 1}),
])  # fmt: skip
def test_a_result_with_a_value_of_a_wrong_type_is_named(copied, capsys, path, new):
    value = json.loads((copied / "result.json").read_text())
    _put(value, path, new)
    (copied / "result.json").write_text(json.dumps(value))
    with pytest.raises(FerError, match=r"not a stored result.*run the experiment again") as error:
        Result.load(copied)
    assert path.split(".")[0] in str(error.value) and "\n" not in str(error.value)
    assert main.main(["evaluate", str(copied)]) > 0
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("content", [
    b"", b"null", b"[]", b"3", b'"text"', b"{}", b"\xff\xfe", b"{\x00}", b"[" * 100_000, b'{"a":' * 100_000,
    b'{"predictions": {"true": ' + b"[" * 100_000, b'{"parameters": ' + b"9" * 5000 + b"}",
], ids=range(12))  # fmt: skip
def test_a_file_that_is_no_result_is_named(faces, copied, content):
    (copied / "result.json").write_bytes(content)
    for reader in (lambda: Result.load(copied), lambda: run(toy(faces, recipe=Recipe(epochs=1)), progress=False)):
        with pytest.raises(FerError, match=r"result\.json is not a stored result \(.+\).*run the experiment again"):
            reader()
    with pytest.raises(FerError, match=r"result\.json"):
        labels_beside(copied / "model.keras")
    assert (copied / "result.json").read_bytes() == content, "kept"


@pytest.mark.parametrize("version, said", [("0.9.1", "version 0.9.1"), (None, "does not name"), (3, "does not name")])
def test_a_result_of_a_newer_version_is_kept_and_says_its_version(faces, copied, monkeypatch, version, said):
    value = json.loads((copied / "result.json").read_text())
    value["versions"]["fer_utils"] = version
    value |= {"calibration": {"bins": 10}, "predictions": "predictions.parquet"}
    (copied / "result.json").write_text(json.dumps(value))
    _lost(copied / "model.keras")  # even so nothing is trained into its folder
    before = (copied / "result.json").read_bytes()
    for reader in (lambda: Result.load(copied), lambda: run(toy(faces, recipe=Recipe(epochs=1)), progress=False)):
        with pytest.raises(FerError, match=r"calibration.*Keep it, and update fer_utils") as error:
            reader()
        assert said in str(error.value) and f"this is version {fer_utils.__version__}" in str(error.value)
        assert "elete" not in str(error.value)
    assert (copied / "result.json").read_bytes() == before and not (copied / "unfinished").exists()


def test_a_newer_result_whose_versions_are_no_dict_is_kept_as_well(copied):
    value = json.loads((copied / "result.json").read_text()) | {"versions": "0.9.1", "calibration": {"bins": 10}}
    (copied / "result.json").write_text(json.dumps(value))
    with pytest.raises(FerError, match=r"a version that it does not name.*calibration.*Keep it"):
        Result.load(copied)


def test_metrics_of_a_newer_version_stay_in_the_file(faces, stored, copied):
    value = json.loads((copied / "result.json").read_text())
    value["metrics"], value["stages"]["metrics"] = {"accuracy of another kind": [1, 2]}, 99
    (copied / "result.json").write_text(json.dumps(value))
    before = (copied / "result.json").read_bytes()
    assert Result.load(copied).metrics == stored.metrics
    assert run(toy(faces, recipe=Recipe(epochs=1)), progress=False).metrics == stored.metrics
    assert (copied / "result.json").read_bytes() == before


def test_a_result_says_by_which_version_it_was_written(stored):
    assert json.loads((stored.path / "result.json").read_text())["versions"]["fer_utils"] == fer_utils.__version__


def test_a_store_that_cannot_be_written_is_said_before_the_training(faces, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FER_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(training, "fit", lambda *_, **__: pytest.fail("the training was begun"))
    with pytest.raises(FerError, match=r"`FER_HOME`.*file/results.*\n.*the training cannot be stored.*FER_HOME"):
        run(toy(faces), progress=False)


def test_a_disk_without_room_for_the_networks_files_is_said_before_the_training(faces, tmp_path, monkeypatch):
    monkeypatch.setenv("FER_HOME", str(tmp_path / "store"))
    monkeypatch.setattr(training, "fit", lambda *_, **__: pytest.fail("the training was begun"))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: (10**9, 10**9 - 5_000_000, 5_000_000))
    with pytest.raises(FerError, match=r"the training in `FER_HOME`, .* are needed, 5\.0 MB are free"):
        run(toy(faces), progress=False)


def test_a_disk_that_is_full_while_an_epoch_is_stored_is_said_and_its_training_goes_on(faces, tmp_path, monkeypatch):
    from fer_utils.training import fitting

    monkeypatch.setenv("FER_HOME", str(tmp_path / "store"))
    keep, epochs = fitting._keep, []

    def full(model, folder, epoch, history, patience):
        if epochs:
            raise OSError(28, "No space left on device")
        epochs.append(epoch)
        keep(model, folder, epoch, history, patience)

    with monkeypatch.context() as patch, untraced():
        patch.setattr(fitting, "_keep", full)
        with pytest.raises(FerError, match=r"The training could not be stored: the disk is full.*last whole epoch"):
            run(toy(faces), progress=False)
    assert list((tmp_path / "store").rglob("epoch-0001.keras"))
