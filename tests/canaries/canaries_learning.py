"""Canaries of what learns and what is done with it: training, explanation, compression, inference, live."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
import dataclasses
import inspect
import os
from pathlib import Path
import tempfile

from canaries_drawn import face_set
from canaries_models import pictures, with_fixed_weights
from canary import canary, defaults, digest, thumbnail
from eagerly import eagerly
import keras
import numpy as np
import onnx
import pytest

from fer_utils import compress, explain, faces, predict, studio, training
from fer_utils.compress import engines, self_test
from fer_utils.core import stages
from fer_utils.experiments import Data, Distillation, Experiment, Model, Split, config, run
from fer_utils.explain import heat_maps, shortcuts
from fer_utils.inference import face_settings
from fer_utils.live import Smoother, Tracker, smoothing
from fer_utils.live.watcher import Watcher
from fer_utils.training import augmentation, callbacks, fitting, precision, recipe, stopping


def small(size: int = 32, classes: int = 3) -> keras.Model:
    """Two convolutions and a dense layer with fixed weights: maps have a layer to look at, pruning filters to take."""
    model = keras.Sequential(
        [
            keras.Input((size, size, 1)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(6, 3, padding="same", activation="relu", name="first"),
            keras.layers.MaxPooling2D(4),
            keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="second"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(classes, activation="softmax", name="scores"),
        ],
        name="small",
    )
    return with_fixed_weights(model)


@contextmanager
def new_store():
    """Within the block nothing that was stored before is found."""
    before = os.environ.get("FER_HOME")
    with tempfile.TemporaryDirectory(prefix="canary-") as place:
        os.environ["FER_HOME"] = place
        try:
            yield
        finally:
            if before is None:
                del os.environ["FER_HOME"]
            else:
                os.environ["FER_HOME"] = before


def tiny(classes: int = 3, dropout: float = 0.25, side: int = 12) -> keras.Model:
    """Two dense layers and dropout, quick to train."""
    layers = [
        keras.layers.Rescaling(1 / 255),
        keras.layers.Flatten(),
        keras.layers.Dense(10, activation="relu", name="hidden"),
        keras.layers.Dropout(dropout),
        keras.layers.Dense(classes, activation="softmax", name="scores"),
    ]
    return with_fixed_weights(keras.Sequential([keras.Input((side, side, 1)), *layers], name="tiny"))


@canary("training", tolerance=0.02)
def _training():
    with eagerly():
        yield from _trained()


def _trained():
    """Batches, changed pictures, dead units, rates, precision, and three trainings, of which one was interrupted."""
    images, labels = pictures(24, 12).astype(np.uint8), np.arange(24) % 3
    rows = np.arange(18)
    yield "defaults", {key: repr(value) for key, value in vars(training.Recipe()).items()}
    functions = (
        training.fit,
        training.predict_probabilities,
        training.dead_units,
        training.Batches,
        training.DeadUnits,
    )
    yield "arguments", defaults(*functions)
    yield "limits", [training.AUGMENTATION_LIMITS, fitting.PROBED, list(recipe.PRECISIONS), list(recipe.SCHEDULES)]
    with pytest.MonkeyPatch.context() as patch:
        found = []
        for card in (None, ("old", (6, 1)), ("some", (7, 0)), ("new", (8, 0)), ("newer", (9, 0))):
            patch.setattr(precision, "gpu", lambda card=card: card)
            found.append([precision.policy(asked) for asked in ("auto", "float32", "mixed_float16")])
        yield "policies", [*found, precision.computed_on("mixed_float16")]
    large = pictures(2, 40).astype(np.uint8)
    changed = []
    for share in np.concatenate([np.eye(6), -np.eye(6), [[0.3, -0.4, 0.6, -1, 0.8, 0.2]]]):
        changed.append(np.round(np.array(thumbnail(augmentation.augmented(large[1], share), 4)) / 10, 2))
    yield "changed", changed
    orders = []
    for name, options in (
        ("plain", {"batch_size": 5, "shuffle_seed": 4, "flip": True, "augment": 1.0}),
        ("mirrored", {"batch_size": 7, "shuffle_seed": 1, "flip": True}),
        ("in order", {"batch_size": 4, "flip": True, "augment": 0.5}),
    ):
        batches = training.Batches(images, labels, rows[::-1], **options)
        for epoch in (0, 1):
            batches.begin(epoch)
            orders.append([name, len(batches), [batches[k][1] for k in range(len(batches))]])
            seen = np.concatenate([batches[k][0] for k in range(len(batches))]).astype(float)
            orders.append(np.round(seen.reshape(len(seen), -1)[:, ::29] / 10, 2))
    yield "batches", orders
    dying = small()
    kernel, bias = dying.layers[1].get_weights()
    bias[:2] = -100.0
    dying.layers[1].set_weights([kernel, bias])
    shown = pictures(4, 32)
    yield "dead", [training.dead_units(dying, shown), training.dead_units(dying, shown, layers=["first"], batch_size=3)]
    inputs = keras.Input((8, 8, 1))
    apart = keras.layers.ReLU(name="apart")(keras.layers.Conv2D(4, 3, name="plain")(inputs))
    leaky = keras.layers.ReLU(negative_slope=0.1, name="leaky")(apart)
    six = keras.layers.Activation("relu6", name="six")(keras.layers.Flatten()(leaky))
    kinds = with_fixed_weights(keras.Model(inputs, keras.layers.Dense(2, activation="sigmoid")(six)))
    yield "kinds", training.dead_units(kinds, pictures(3, 8) - 250)
    watch, _ = fitting._watched((), images, rows[3:], training.Recipe(batch_size=4))
    everything, _ = fitting._watched((), images, np.arange(24), training.Recipe())
    yield "probed", [watch.batch_size, len(watch.images), round(float(watch.images.mean()), 1), len(everything.images)]
    falling = fitting._compiled(tiny(), training.Recipe(schedule="cosine", learning_rate=2.0), 8)
    rates = [round(float(falling.optimizer._learning_rate(step)), 3) for step in range(9)]
    steady = fitting._compiled(tiny(), training.Recipe(optimizer="rmsprop", learning_rate=0.5), 8)
    yield "rates", [rates, type(steady.optimizer).__name__, round(float(steady.optimizer.learning_rate), 3)]
    half = precision.computing_in(tiny(), "mixed_float16")
    scaled = fitting._compiled(half, training.Recipe(), 8)
    whole = precision.computing_in(half, "float32")
    same = precision.computing_in(whole, "float32") is whole, precision.computing_in(half, "mixed_float16") is half
    policies = [[layer.dtype_policy.name for layer in model.layers] for model in (half, whole)]
    yield "half", [policies, list(map(int, same)), type(scaled.optimizer).__name__]
    dropping = callbacks.DropoutSeeds(5)
    dropping.set_model(tiny())
    states = []
    for epoch in (0, 1):
        dropping.on_epoch_begin(epoch)
        states += [str(v.numpy()) for v in dropping.model.variables if "seed" in v.path]
    yield "dropout", states
    yield "says", np.round(training.predict_probabilities(tiny(), images, np.arange(20, 3, -2), batch_size=5), 4)
    yield "nobody", list(training.predict_probabilities(tiny(), images, []).shape)

    recipes = {
        "plain": training.Recipe(epochs=2, batch_size=6, learning_rate=0.01),
        "all": training.Recipe(
            epochs=3, batch_size=6, learning_rate=0.02, flip=True, augment=0.5, schedule="cosine", optimizer="sgd"
        ),
    }
    for name, one in recipes.items():
        model, history = training.fit(
            tiny(), images, labels, rows, np.arange(18, 24), recipe=one, seed=3, progress=False
        )
        told = {key: np.round(values, 4) for key, values in history.items()}
        yield name, told | {"says": np.round(training.predict_probabilities(model, images, np.arange(4)), 4)}
    yield "stopped", _stopped_by_validation(images, labels, rows)
    with tempfile.TemporaryDirectory(prefix="canary-") as folder:
        again = {"recipe": recipes["plain"], "seed": 3, "progress": False, "folder": Path(folder, "state")}
        ending = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: 1 // (1 - epoch))
        try:
            training.fit(tiny(), images, labels, rows, [], callbacks=[ending], **again)
        except ZeroDivisionError:
            yield "kept", sorted(file.name for file in again["folder"].iterdir())
        _, history = training.fit(tiny(), images, labels, rows, np.arange(18, 24), **again)
        yield "resumed", {key: np.round(values, 4) for key, values in history.items()}


def _stopped_by_validation(images, labels, rows) -> list:
    """Which checks were the best, when rates fell and training ended; in steps that are no whole passes."""
    found = []
    scores = [0.3, 0.6, 0.6, 0.4, 0.2, 0.5, 0.7, 0.1, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2]
    for given in ({"schedule": "plateau", "patience": 2}, {"patience": 3}, {"schedule": "plateau", "patience": 4}):
        one = training.Recipe(epochs=len(scores), batch_size=6, learning_rate=0.5, **given)
        model = fitting._compiled(tiny(), one, 9)
        patience, history = stopping.Patience(one), {"validation_accuracy": [], "learning_rate": [], "accuracy": scores}
        for number, score in enumerate(scores):
            model.set_weights([np.full_like(weights, number) for weights in model.get_weights()])
            history["validation_accuracy"].append(score)
            history["learning_rate"].append(round(float(model.optimizer.learning_rate), 4))
            if patience.ends(model, score):
                break
        kept = [float(patience.weights[0].ravel()[0]), float(model.get_weights()[0].ravel()[0])]
        found.append([kept, patience.state(), training.convergence(history, one)])
    short = training.Recipe(
        steps=12, check_every=2, patience=2, schedule="plateau", batch_size=4, learning_rate=0.02, flip=True
    )
    given = {"recipe": short, "seed": 3, "progress": False}
    model, history = training.fit(tiny(), images, labels, rows, [], validation=np.arange(18, 24), **given)
    says = training.predict_probabilities(model, images, np.arange(4))
    told = {key: np.round(values, 3) for key, values in history.items()}
    found += [told, np.round(says, 3), short.configuration(), short.rounds]
    # One check or one fall before the end.
    plateau = training.Recipe(epochs=9, learning_rate=0.5, schedule="plateau", patience=2)
    for scores, rates in (([0.3, 0.6, 0.5], [0.5, 0.02, 0.02]), ([0.6, 0.5, 0.5], [0.5, 0.1, 0.1])):
        history = {"validation_accuracy": scores, "learning_rate": rates, "accuracy": scores}
        found.append(training.convergence(history, plateau))
    return [*found, _worse_after_the_first_check(images, labels, rows)]


def _worse_after_the_first_check(images, labels, rows) -> np.ndarray:
    """What a network says whose later checks are all told to be worse: that of the first check."""
    ends = stopping.Patience.ends

    def told_to_be_worse(patience, model, accuracy):
        return ends(patience, model, 0.5 if not patience.weights else 0.1)

    recipe = training.Recipe(steps=12, check_every=2, patience=9, batch_size=4, learning_rate=0.1)
    given = {"recipe": recipe, "seed": 3, "progress": False, "validation": np.arange(18, 24)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stopping.Patience, "ends", told_to_be_worse)
        model, _ = training.fit(tiny(), images, labels, rows, [], **given)
    return np.round(training.predict_probabilities(model, images, np.arange(4)), 3)


@canary("experiments", tolerance=0.02)
def _experiments():
    with eagerly():
        yield from _ran()


def _ran():
    """Which rows train and test, in which order labels come, how faces are resized and what is stored."""
    yield "defaults", Experiment().configuration()
    yield "arguments", defaults(run, Experiment, Data, Split, Model, Distillation)
    teacher = Experiment(data="savee", split=Split("frame", 0.25, 3, fold=1), model=Model.of("knn", size=60))
    short = training.Recipe(epochs=1, batch_size=4)
    pupil = Experiment(
        data=Data("savee"),
        split=Split("frame", 0.25, 3, fold=1),
        model=Model.of("nano", size=60, filters=[4, 8], dropout=0.1),
        recipe=short,
        seed=5,
        tier=None,
        distillation=Distillation(teacher, weight=0.5, temperature=2.0),
    )
    told = pupil.configuration()
    yield "taught", told
    yield "read again", int(Experiment.from_configuration(told) == pupil)
    yield "tier", Experiment(tier="full", data=Data("mead", frames=3)).configuration()["data"]
    swapped = Model.of("nano", dropout=0.1, filters=[4, 8], size=60)
    yield "options in any order", int(swapped == pupil.model)
    yield "stages", [sorted(one.stages()) for one in (teacher, pupil)]
    made, hashed = face_set(), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config.provenance, "digest", lambda what: hashed.append(what) or "0" * 64)
        key = pupil.key(made)
        yield "key", [len(key), {**hashed[0][0], "data": hashed[0][0]["data"][1]}, sorted(hashed[0][1])]
        same = hashed[0][0]["data"][0] == made.fingerprint
        yield (
            "key's teachers",
            [int(same), int(hashed[0][0]["distillation"]["teachers"][0]["data"][0] == made.fingerprint)],
        )
        asked = []
        patch.setattr(config.stand_ins, "face_set", lambda *given, **options: asked.append([*given, options]))
        Data("mead", tier="smoke", twins=True, detector="haar").load(progress=False)
        yield "asked for", asked
    for name, split in (("fold", Split("clip", 0.28, 2, fold=2)), ("actor", Split("actor", 0.4)), ("default", Split())):
        train, test = split.rows(made.meta)
        yield f"rows, {name}", [train, test]
    for fold in (None, 0, 1):
        chosen = Split("clip", 0.25, 2, fold=fold, validation=0.3)
        yield f"validated, {fold}", [*chosen.rows(made.meta), chosen.validation_rows(made.meta)]
    yield (
        "later fields",
        [
            Split("clip", validation=0.3).configuration(),
            Data(people_seed=5).configuration(),
            training.Recipe(patience=4).configuration(),
        ],
    )
    with new_store():
        tried = Experiment(model=Model.of("knn", size=60), split=Split("clip", 0.34, 1, validation=0.5))
        yield "knn, validated", _told(run(tried, face_set=made, progress=False))
        first = Experiment(data="ravdess", model=Model.of("knn", size=60), split=Split("clip", test=0.34, seed=1))
        yield "knn", _told(run(first, face_set=made, progress=False))
        stored = run(first, face_set=made, progress=False)
        folder = stored.path
        yield "stored", [sorted(file.name for file in folder.iterdir()), folder.parent.name, folder.name.split("-")[0]]
        other = dataclasses.replace(stored, metrics={"accuracy": {"value": 0.25}, "macro_f1": {"value": 0.75}})
        yield "accuracy", other.accuracy
        yield "scored", [stored.accuracy, stored.confusion, sorted(stored.metrics), round(stored.metrics["chance"], 4)]
        now = f'"metrics": {stages.version("metrics")}'
        text = (folder / "result.json").read_text().replace(now, '"metrics": 0')
        (folder / "result.json").write_text(text.replace('"chance"', '"guess"'))
        anew = run(first, face_set=made, progress=False)
        yield "scored anew", [sorted(anew.metrics), anew.stages["metrics"]]
        second = Experiment(
            data="ravdess",
            model=Model.of("ding2023", size=32, filters=2, dense=4),
            split="actor",
            recipe=short,
            seed=5,
            distillation=Distillation(Experiment(model=Model.of("knn", size=32, cell=8), split="actor", seed=2)),
        )
        seeds, seed_all = [], keras.utils.set_random_seed

        def noted(seed: int) -> None:
            seeds.append(seed)
            seed_all(seed)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(keras.utils, "set_random_seed", noted)
            told = _told(run(second, face_set=made, progress=False))
        yield "seeds", seeds
        yield "taught ding2023", told


def _told(result) -> dict:
    shown = result.predictions
    return {
        "columns": list(shown.columns),
        "labels": result.labels,
        "rows": shown[["row", "clip", "actor", "true"]].astype(str).to_numpy().tolist(),
        "scores": shown.filter(like="p_").to_numpy(float),
        "said": int((shown["predicted"] == shown.filter(like="p_").to_numpy().argmax(axis=1)).sum()),
        "split": result.split,
        "parameters": result.parameters,
        "seed": result.seed,
        "history": {key: np.round(values, 3) for key, values in result.history.items()},
        "faces": {name: result.faces[name] for name in sorted(result.faces)},
    }


@canary("explain", tolerance=0.01)
def _explain():
    images, model = pictures(3, 32), small()
    speaks_for = np.arange(8)[:, None] % 3 == np.arange(3)
    model.get_layer("scores").set_weights([np.where(speaks_for, 2.0, -0.5).astype(np.float32), np.zeros(3, np.float32)])
    functions = (explain.grad_cam, explain.gradients, explain.occlusion, explain.ask, explain.randomised)
    yield "later defaults", defaults(explain.integrated_gradients, explain.deletion_insertion)
    yield "defaults", defaults(*functions, explain.scored, explain.summary)
    draw = np.random.default_rng(9)
    maps, masks = draw.normal(0.2, 1, (6, 10, 10)), draw.random((6, 10, 10)) < 0.3
    maps[1], masks[2], maps[3, :2, :2] = -1.0, False, 5.0
    maps[4] = np.where(masks[4], 1.0, 0.2)
    yield "shares", {key: 10 * value for key, value in explain.share(maps, masks).items()}
    yield "pointing", explain.pointing(maps, masks)
    yield "one mask", [explain.share(maps[:2], masks[0])["share"], explain.pointing(maps[:2], masks[0])]
    yield "scored", explain.scored(maps, masks, ["a", "a", "b", "b", "c", "c"], seed=1)
    yield "nothing scored", explain.scored(maps[1:3], masks[1:3], ["a", "b"])
    rng = np.random.default_rng(2)
    inputs = keras.Input((12, 10, 1))
    shapes = keras.layers.Dense(2)(keras.layers.Flatten()(keras.layers.Conv2D(2, 3)(inputs)))
    plain = with_fixed_weights(keras.Model(inputs, shapes))
    yield "steps", [heat_maps._steps(*asked) for asked in ((32, 8, 4), (30, 8, 5), (9, 9, 3), (10, 4, 4))]
    yield "constants", [heat_maps.PATCH, heat_maps.STRIDE]

    def bright(given):
        """Two scores of a picture that say how bright each half of it is."""
        halves = np.asarray(given, float).mean(axis=(1, 3)) / 256
        left, right = halves[:, : halves.shape[1] // 2].mean(axis=1), halves[:, halves.shape[1] // 2 :].mean(axis=1)
        return np.stack([left, right, 1 - (left + right) / 2], axis=1)

    odd = pictures(2, 30)[:, :26]
    yield "asked", np.round(explain.ask(bright, odd, batch_size=1), 4)
    for name, options in (("filled", {"fill": 20.0, "labels": [1, 0]}), ("mean", {}), ("few", {"batch_size": 7})):
        covered = explain.occlusion(bright, odd, patch=8, stride=5, progress=False, **({"labels": None} | options))
        yield f"occlusion, {name}", [np.round(1000 * np.array(thumbnail(one, 5)), 0) for one in covered]
    for name, options in (
        ("average", {}),
        ("places", {"average": False}),
        ("first", {"layer": "first", "batch_size": 2}),
        ("said", {"labels": None}),
    ):
        found = explain.grad_cam(model, images, **({"labels": [0, 1, 2]} | options))
        scale = max(float(found.max()), 1e-9)
        yield f"map, {name}", [np.round(np.array(thumbnail(one / scale, 6)), 3) for one in found]
        yield f"map, {name}, scale", round(scale / 10 ** np.floor(np.log10(scale)), 3)
    activated = keras.Model(model.inputs, keras.layers.Activation("softmax", name="soft")(model.outputs[0]))
    for name, one, shown in (("linear", plain, rng.normal(size=(2, 12, 10))), ("activation", activated, images[:2])):
        features, slopes = explain.gradients(one, shown, [0, 1])
        yield (
            f"gradients, {name}",
            [list(features.shape), *(round(float(np.abs(v).mean()) * 10, 2) for v in (features, slopes))],
        )
    coloured = np.concatenate([images[:2], images[1:], images[:2] // 2], axis=3).astype(np.float32)
    three = keras.Input((32, 32, 3))
    bent = keras.layers.Conv2D(2, 3, activation="relu")(three)
    coloured_model = with_fixed_weights(keras.Model(three, keras.layers.Dense(2)(keras.layers.Flatten()(bent))))
    for name, options in (("grey", {"baseline": 30.0}), ("mean", {"labels": None})):
        added = explain.integrated_gradients(coloured_model, coloured, **({"labels": [0, 1], "steps": 3} | options))
        scale = max(float(np.abs(added).max()), 1e-9)
        yield f"integrated, {name}", [np.round(np.array(thumbnail(one / scale, 6)), 3) for one in added]
    order = odd.reshape(odd.shape[:3]) + draw.random(odd.shape[:3])  # the bright pixels first
    curves = explain.deletion_insertion(bright, odd, order, [1, 0], steps=5, progress=False)
    yield "deleted and inserted", {name: np.round(100 * values, 2) for name, values in curves.items()}
    covered = explain.occlusion(model, images[:2], patch=8, stride=8, batch_size=16, progress=False)
    yield "occlusion", [np.round(np.array(thumbnail(100 * one, 6)), 2) for one in covered]
    yield "randomised", np.round(np.asarray(explain.randomised(model, seed=2)(images)), 3)
    kept = [np.sort(weight.reshape(-1, weight.shape[-1]), axis=0) for weight in explain.randomised(model).get_weights()]
    yield "columns kept", [round(float(one[::3].sum()), 3) for one in kept]


@canary("shortcuts", tolerance=1e-6)
def _shortcuts():
    draw = np.random.default_rng(4)
    images, numbers = pictures(16, 60).astype(np.uint8), np.arange(16) % 4
    functions = (shortcuts.shortcut_mask, shortcuts.mark, shortcuts.marks, shortcuts.plant, shortcuts.counterfactual)
    out = {"defaults": defaults(*functions, shortcuts.caught, shortcuts.judged)}
    out["constants"] = [list(shortcuts.KINDS), shortcuts.SIDE, shortcuts.INSET, shortcuts.RADII, shortcuts.LEVELS]
    out["places"], out["limits"] = [list(place) for place in shortcuts.PLACES], [shortcuts.LIFT, shortcuts.DROP]
    for kind in shortcuts.KINDS:
        marked = shortcuts.mark(images, numbers, kind, classes=4)
        out[kind] = {
            "changed": (marked != images).sum(axis=(1, 2, 3)),
            "levels": [sorted({int(v) for v in marked[k][marked[k] != images[k]]})[:4] for k in range(4)],
            "pixels": [digest(one) for one in marked[:4]],
            "mask": int(shortcuts.shortcut_mask(kind, 60, classes=4).sum()),
            "where": [int(v) for v in np.argwhere(shortcuts.shortcut_mask(kind, 60, classes=4)).sum(axis=0)],
            "small": int(shortcuts.shortcut_mask(kind, 20).sum()),
            "large": int(shortcuts.shortcut_mask(kind).sum()),
            "flat": digest(shortcuts.mark(images[:3, :, :, 0], numbers[:3], kind)),
        }
    out["marks"] = shortcuts.marks(numbers, 4, agreement=0.5, seed=3)
    out["all marks"] = [shortcuts.marks(numbers, 4), shortcuts.marks(numbers, 5, agreement=0.0, seed=1)]

    def network(given):
        brightness = np.asarray(given, float)[:, :6, :6].mean(axis=(1, 2, 3)) / 256
        return np.eye(4)[np.clip((brightness * 4).astype(int), 0, 3)]

    found = shortcuts.counterfactual(network, images, numbers, "corner", classes=4, seed=1)
    maps = draw.random((16, 60, 60))
    mask = shortcuts.shortcut_mask("corner", 60, classes=4)
    out["found"] = found
    people = np.arange(16) // 2
    out["caught"] = shortcuts.caught(maps + 3 * mask, mask, found, numbers, people)
    blind = found | {"without": found["with"], "exchanged": found["with"]}
    half = found | {"exchanged": found["with"], "without": np.where(people % 4 == 0, 9, found["with"])}
    cases = {"seen only": (maps + 3 * mask, blind), "neither": (maps, blind), "missed": (maps, found)}
    gone = found | {"exchanged": found["with"], "without": np.full(len(numbers), 9)}
    cases |= {"in part": (maps + 1.2 * mask, half), "without alone": (maps, gone)}
    for name, (heat, answers) in cases.items():
        said = shortcuts.caught(heat, mask, answers, numbers, people, seed=2)
        out[name] = [said["verdict"], *(int(said[word]) for word in ("suspected", "proved", "caught"))]
    one = shortcuts.caught(maps + 3 * mask, mask, half, numbers, np.zeros(16), lift=20.0, drop=0.2)
    out["one person"] = [one["verdict"], one["drop"]["value"], one["follows"]["value"]]
    strict = shortcuts.caught(maps + mask, mask, half, numbers, people, lift=2.5, drop=0.6)
    out["strict"] = strict["verdict"]
    made = face_set()
    targets, names = shortcuts.targets(made)
    out["targets"] = [targets, list(names)]
    with tempfile.TemporaryDirectory(prefix="canary-") as place:
        planted = shortcuts.plant(made, Path(place, "set"), "corner", agreement=0.7, seed=2)
        again = shortcuts.plant(made, Path(place, "set"), "corner", agreement=0.7, seed=2)
        corner = np.asarray(planted.images)[:, 4:20, 4:20, 0]
        out["planted"] = [corner[:, 8, 8], (np.asarray(planted.images) != made.images).sum(axis=(1, 2, 3)), len(again)]
    return out


def _branched() -> keras.Model:
    """Filters that go together, a separable and a depthwise convolution, normalisation, a map that is flattened."""
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    x = keras.layers.Conv2D(6, 3, padding="same", activation="relu", name="one")(x)
    y = keras.layers.SeparableConv2D(6, 3, padding="same", name="two")(x)
    y = keras.layers.BatchNormalization(name="norm")(y)
    x = keras.layers.Add(name="added")([x, y])
    z = keras.layers.Conv2D(5, 1, activation="relu", name="three")(keras.layers.DepthwiseConv2D(3, name="four")(x))
    x = keras.layers.Flatten(name="flat")(keras.layers.MaxPooling2D(3, name="pool")(z))
    x = keras.layers.Dense(7, activation="relu", name="hidden")(x)
    return with_fixed_weights(keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x), name="branched"))


def _zeros(model: keras.Model) -> list[int]:
    return [int((weight.numpy() == 0).sum()) for weight in model.weights]


def _pruned_in_training() -> dict:
    """What is asked for at which step, and the zeros after every step, of a training and of one that keeps zeros."""
    images, labels, out = pictures(8, 16), np.arange(8) % 3, {}
    for name, begun, options, calls in (
        ("rising", 0.0, {"every": 2, "steps": 8}, 2),
        ("by layer", 0.1, {"sparsity": 0.5, "ramp": 1.0, "every": 3, "scope": "layer"}, 1),
        ("kept", 0.6, {"sparsity": None}, 1),
    ):
        model, seen = small(16), []
        model = compress.prune(model, begun) if begun else model
        pruning = compress.MagnitudePruning(**options)
        after = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda *_, m=model, s=seen, **__: s.append(sum(_zeros(m)))
        )
        model.compile(optimizer=keras.optimizers.SGD(0.01), loss="sparse_categorical_crossentropy", run_eagerly=True)
        for _ in range(calls):
            model.fit(images, labels, batch_size=2, shuffle=False, verbose=0, callbacks=[pruning, after])
        out[name] = {"history": pruning.history, "seen": seen, "zeros": _zeros(model)}
    return out


@canary("pruning", tolerance=1e-4)
def _pruning():
    defaults = compress.MagnitudePruning()
    yield "defaults", [defaults.sparsity, defaults.ramp, defaults.every, defaults.scope, defaults.steps]
    for scope in ("global", "layer"):
        pruned = compress.prune(small(), 0.7, scope=scope)
        yield (
            scope,
            {
                "sparsity": compress.sparsity(pruned),
                "zeros": _zeros(pruned),
                "says": np.round(pruned(pictures(2, 32)).numpy(), 4),
                "branched": _zeros(compress.prune(_branched(), 0.7, scope=scope)),
            },
        )
        for name, model, side in (("filters", small(), 32), ("branches", _branched(), 8)):
            smaller = compress.prune(model, 0.5, scope=scope, structured=True)
            told = {
                "shapes": [list(weight.shape) for weight in smaller.weights],
                "says": np.round(smaller(pictures(2, side)).numpy(), 4),
            }
            yield f"{name}, {scope}", told
    yield "training", _pruned_in_training()


@canary("export", tolerance=0.02)
def _export():
    """What the files answer, what they are made of, and the self-test that each carries."""
    images, model = pictures(24, 32), small()
    kernel, bias = model.get_layer("scores").get_weights()
    model.get_layer("scores").set_weights([8 * kernel, bias])  # answers that differ
    yield "pictures", digest(self_test.pictures((10, 12, 3)))
    with tempfile.TemporaryDirectory(prefix="canary-") as place:
        for format, quantize in (
            ("litert", None),
            ("litert", "float16"),
            ("litert", "int8"),
            ("onnx", None),
            ("onnx", "float16"),
            ("onnx", "dynamic"),
            ("onnx", "int8"),
        ):
            file = Path(place, f"{format}-{quantize}.{'tflite' if format == 'litert' else 'onnx'}")
            made = compress.export(
                model, file, format=format, quantize=quantize, calibration=images[:16], progress=False
            )
            runner, test = compress.load(made), self_test.find(file.read_bytes())
            told = {
                "says": np.round(np.asarray(runner(images[16:20])), 3),
                "kilobytes": round(made.bytes / 1000, 2) / 100,
                "checked": made.checked,
                "bits": made.weight_bits,
                "tested": runner.self_test_difference is not None,
                "test": None if test is None else [test.quantize, test.weight_bits, repr(test.tolerance), test.answers],
                "inside": _inside(file),
            }
            yield f"{format} {quantize}", told


def _inside(file: Path) -> dict:
    """An ONNX file's operations and its largest 8-bit weight; of a LiteRT file the types of its numbers."""
    if file.suffix != ".onnx":
        details = engines.LiteRT(file.read_bytes(), threads=1, plain=True)._interpreter.get_tensor_details()
        return {"types": sorted({np.dtype(one["dtype"]).name for one in details})}
    graph = onnx.load(file).graph
    values = [onnx.numpy_helper.to_array(one) for one in graph.initializer]
    return {
        "operations": dict(sorted(Counter(node.op_type for node in graph.node).items())),
        "numbers": sorted(f"{one.dtype} {list(one.shape)}" for one in values),
        "largest": max(
            (int(np.abs(one.astype(int)).max()) for one in values if one.dtype == np.int8 and one.ndim > 1), default=0
        ),
    }


def of_dark_and_bright(side: int, channels: int = 1) -> keras.Model:
    """Its scores say how bright a picture is: what it is shown matters, and a pixel more or less does not."""
    layers = [keras.layers.Rescaling(1 / 255), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3, "softmax")]
    network = keras.Sequential([keras.Input((side, side, channels)), *layers])
    weights = np.float32([[-20, 0, 10]] * channels) / channels
    network.layers[-1].set_weights([weights, np.float32([10, 0, -5])])
    return network


@canary("inference", tolerance=0.3)
def _inference():
    """Two people in a picture: every face, the largest first, and the scores of fixed weights."""
    large, tiny = (studio.draw(studio.person(seed), {12: 0.6}, size=side) for seed, side in ((1, 256), (2, 160)))
    both = np.full((256, 440, 3), 127, np.uint8)
    both[:160, :160], both[:, 184:] = tiny, large
    network, three = of_dark_and_bright(60), of_dark_and_bright(40, 3)
    names = ["happy", "sad", "angry"]
    out = {"options": {key: repr(one.default) for key, one in inspect.signature(predict).parameters.items()}}
    nothing = dict.fromkeys(("detector", "frames", "sampling", "margin", "landmarks", "align"))
    learned = {"detector": "whole", "frames": 3, "size": 90, "margin": 0.5, "sampling": "middle"}
    for name, known, given in (
        ("nothing known", {}, {}),
        ("as learned", learned, {}),
        ("of all frames", learned | {"sampling": "all", "frames": 0}, {}),
        ("some of all", learned | {"sampling": "all", "frames": 0}, {"frames": 2}),
        ("otherwise", learned, {"detector": faces.detectors.create("haar"), "margin": 0.25}),
    ):
        finder, settings, notes = face_settings.chosen(known, 60, **(nothing | given))
        out[name] = [finder.name, str(settings.config()), [kind for kind, *_ in notes]]
    grey = np.full((120, 120), 127, np.uint8)
    for name, source, asked, margin in (
        ("both", both, network, 0.0),
        ("wider", tiny, three, 0.4),
        ("none", grey, three, 0),
    ):
        found = predict(source, asked, labels=names, margin=margin)
        out[name] = {
            "boxes": found[["frame_index", "box_x", "box_y", "box_w", "box_h"]].to_numpy().tolist(),
            "scores": np.round(20 * found.filter(like="score_").to_numpy(float), 2),
            "said": list(found["expression"]),
            "problems": len(found.problems),
        }
    return out


class Scripted(faces.Detector):
    """Says where faces are, one above the other: what stands out from a grey of 90; counts how often it is asked."""

    name = "scripted"

    def __init__(self):
        self.asked = 0

    def detect(self, rgb):
        self.asked += 1
        found = []
        for top in (0, 160):
            columns = np.flatnonzero((rgb[top : top + 160] != 90).any(axis=(0, 2)))
            found += [faces.Box(int(columns[0]) + 12, top + 24, 90, 90, 1.0)] if len(columns) else []
        return found


def quarters(box) -> list[float]:
    """A box in units of 4 pixels: the flow's last bits may move it by one elsewhere, which the tolerance admits."""
    return [value / 4 for value in box[:4]]


@canary("live", tolerance=0.3)
def _live():
    """A face that wanders and grows, is hidden, comes back; another takes its place; and what is smoothed of scores."""
    one, other = (studio.draw(studio.person(seed), {12: 0.4}, size=128) for seed in (3, 8))
    watcher = Watcher(of_dark_and_bright(40), labels=["happy", "sad", "angry"], detector=Scripted(), every=3, lost=4)
    out = {"seen": [], "scores": []}
    for number in range(20):
        frame = np.full((320, 480, 3), 90, np.uint8)
        left = 10 + 3 * number
        if number not in (5, 6, *range(13, 19)):
            frame[16:144, left : left + 128] = (1 - 0.02 * number) * (one if number < 10 else other)
        frame[176:304, 340:468] = other
        seen = watcher.look(frame, number / 15)
        out["seen"].append([[each.id, *quarters(each.box), each.lost] for each in seen])
        out["scores"] += [np.round(20 * each.smoothed, 2) for each in seen if each.smoothed is not None]
    out["looks"], out["ended"] = watcher.tracker.looks, watcher.tracker.ended
    tracker, wide = Tracker(Once(), every=50, lost=2), []
    for side in (100, 106, 112, 118, 124):
        frame = np.full((200, 300, 3), 90, np.uint8)
        frame[20 : 20 + side, 30 : 30 + side] = one[np.ix_(*[np.arange(side) * 128 // side] * 2)]
        wide += [[*quarters(track.box), track.lost] for track in tracker.update(frame)]
    out["growing"], out["identities"] = wide, len(watcher.identities)
    for kind in (Watcher, Tracker):
        defaults = inspect.signature(kind.__init__).parameters
        out[kind.__name__] = {key: repr(each.default) for key, each in defaults.items()}
    times = np.arange(12) / 10
    raw = np.stack([np.arange(12) // 3 % 2, np.sin(times * 5) ** 2, np.full(12, 0.4)], axis=1)
    smoother = Smoother()
    out["smoothed"] = np.round(100 * np.array([smoother(*pair) for pair in zip(raw, times, strict=True)]), 2)
    out["trade"] = np.round(100 * smoothing.trade([(raw, times), (raw[::-1], times)], [0.0, 0.1, 0.3]).to_numpy(), 2)
    return out


class Once(Scripted):
    """Sees the face in the first frame only, where it is."""

    def detect(self, rgb):
        self.asked += 1
        return [faces.Box(35, 25, 90, 90, 1.0)] if self.asked == 1 else []
