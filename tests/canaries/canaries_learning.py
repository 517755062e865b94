"""Canaries of what learns and what is done with it: training, explanation, compression, inference, live."""

from __future__ import annotations

from contextlib import contextmanager
import os
from pathlib import Path
import tempfile

from canaries_drawn import face_set
from canaries_models import pictures, with_fixed_weights
from canary import canary, thumbnail
import keras
import numpy as np

from fer_utils import compress, explain, faces, models, predict, studio, training
from fer_utils.experiments import Experiment, Model, Split, run
from fer_utils.explain import shortcuts
from fer_utils.live import Smoother, Tracker


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


@canary("training", tolerance=0.02)
def _training():
    images, labels = pictures(24, 32).astype(np.uint8), np.arange(24) % 3
    rows, out = np.arange(18), {}
    recipes = {
        "plain": training.Recipe(epochs=2, batch_size=6, learning_rate=0.01),
        "all": training.Recipe(epochs=3, batch_size=6, learning_rate=0.01, flip=True, augment=0.5, schedule="cosine"),
    }
    for name, recipe in recipes.items():
        model, history = training.fit(
            small(), images, labels, rows, np.arange(18, 24), recipe=recipe, seed=3, progress=False
        )
        out[name] = {key: np.round(values, 4) for key, values in history.items()}
        out[name]["says"] = np.round(training.predict_probabilities(model, images, np.arange(4)), 4)
    batches = training.Batches(images, labels, rows, batch_size=5, shuffle_seed=4, flip=True, augment=1.0)
    batches.begin(1)
    out["order"] = [batches[k][1] for k in range(len(batches))]
    out["pixels"] = [[round(float(image.mean()) / 10, 2) for image in batches[k][0]] for k in range(len(batches))]
    dying = small()
    kernel, bias = dying.layers[1].get_weights()
    bias[:2] = -100.0
    dying.layers[1].set_weights([kernel, bias])
    out["dead"] = training.dead_units(dying, images[:4])
    defaults = training.Recipe()
    out["defaults"] = {key: repr(value) for key, value in vars(defaults).items()}
    return out


@canary("experiments", tolerance=0.02)
def _experiments():
    """Which rows train and test, in which order labels come, how faces are resized and what is stored."""
    out = {}
    with new_store():
        wanted = {
            "knn": Experiment(data="ravdess", model=Model.of("knn", size=60), split=Split("clip", test=0.34, seed=1)),
            "ding2023": Experiment(
                data="ravdess",
                model=Model.of("ding2023", size=32, filters=2, dense=4),
                split="actor",
                recipe=training.Recipe(epochs=1, batch_size=4),
                seed=5,
            ),
        }
        for name, experiment in wanted.items():
            result = run(experiment, face_set=face_set(), progress=False)
            shown = result.predictions
            out[name] = {
                "labels": result.labels,
                "rows": shown[["row", "clip", "actor", "true"]].astype(str).to_numpy().tolist(),
                "scores": shown.filter(like="p_").to_numpy(float),
                "split": result.split,
                "parameters": result.parameters,
                "configuration": experiment.configuration(),
            }
    return out


@canary("explain", tolerance=0.01)
def _explain():
    images, model = pictures(3, 32), small()
    speaks_for = np.arange(8)[:, None] % 3 == np.arange(3)
    model.get_layer("scores").set_weights([np.where(speaks_for, 2.0, -0.5).astype(np.float32), np.zeros(3, np.float32)])
    masks = np.zeros((3, 32, 32), bool)
    masks[:, 8:20, 10:24] = True
    out = {}
    for average in (True, False):
        maps = explain.grad_cam(model, images, [0, 1, 2], average=average)
        scale = max(float(maps.max()), 1e-9)
        out[f"map {average}"] = [np.round(np.array(thumbnail(one / scale, 6)), 3) for one in maps]
    covered = explain.occlusion(model, images, patch=8, stride=4, progress=False)
    out["occlusion"] = [np.round(np.array(thumbnail(100 * one, 6)), 2) for one in covered]
    maps = explain.grad_cam(model, images, [0, 1, 2]) + 0.01
    out["share"] = {key: np.round(np.asarray(value, float), 4) for key, value in explain.share(maps, masks).items()}
    out["pointing"] = np.asarray(explain.pointing(maps, masks)).astype(float)
    out["scored"] = explain.scored(maps, masks, ["a", "b", "c"])
    out["randomised"] = np.round(np.asarray(explain.randomised(model, seed=2)(images)), 3)
    return out


@canary("shortcuts", tolerance=1e-6)
def _shortcuts():
    draw = np.random.default_rng(4)
    images, numbers = pictures(16, 60).astype(np.uint8), np.arange(16) % 4
    out = {}
    for kind in shortcuts.KINDS:
        marked = shortcuts.mark(images, numbers, kind, classes=4)
        out[kind] = {
            "changed": (marked != images).sum(axis=(1, 2, 3)),
            "levels": [sorted({int(v) for v in marked[k][marked[k] != images[k]]})[:4] for k in range(4)],
            "mask": int(shortcuts.shortcut_mask(kind, 60, classes=4).sum()),
            "where": [int(v) for v in np.argwhere(shortcuts.shortcut_mask(kind, 60, classes=4)).sum(axis=0)],
        }
    out["marks"] = shortcuts.marks(numbers, 4, agreement=0.5, seed=3)

    def network(given):
        brightness = np.asarray(given, float)[:, :6, :6].mean(axis=(1, 2, 3)) / 256
        return np.eye(4)[np.clip((brightness * 4).astype(int), 0, 3)]

    found = shortcuts.counterfactual(network, images, numbers, "corner", classes=4, seed=1)
    maps = draw.random((16, 60, 60))
    mask = shortcuts.shortcut_mask("corner", 60, classes=4)
    out["found"] = found
    out["caught"] = shortcuts.caught(maps + 3 * mask, mask, found, numbers, np.arange(16) // 2)
    return out


@canary("pruning", tolerance=1e-4)
def _pruning():
    out = {}
    for scope in ("global", "layer"):
        pruned = compress.prune(small(), 0.7, scope=scope)
        out[scope] = {
            "sparsity": compress.sparsity(pruned),
            "zeros": [int((weight.numpy() == 0).sum()) for weight in pruned.weights],
            "says": np.round(pruned(pictures(2, 32)).numpy(), 4),
        }
        smaller = compress.prune(small(), 0.5, scope=scope, structured=True)
        out[f"filters, {scope}"] = {
            "shapes": [list(weight.shape) for weight in smaller.weights],
            "says": np.round(smaller(pictures(2, 32)).numpy(), 4),
        }
    steps = compress.MagnitudePruning(0.8, begin=1, end=5, every=2) if _takes_steps() else None
    out["options"] = sorted(_parameters(compress.MagnitudePruning.__init__))
    if steps is not None:
        out["schedule"] = repr(vars(steps).get("sparsity"))
    return out


def _takes_steps() -> bool:
    return {"begin", "end", "every"} <= set(_parameters(compress.MagnitudePruning.__init__))


def _parameters(function) -> dict:
    import inspect

    return {name: repr(one.default) for name, one in inspect.signature(function).parameters.items() if name != "self"}


@canary("export", tolerance=0.02)
def _export():
    images, model = pictures(24, 32), small()
    out = {}
    with tempfile.TemporaryDirectory(prefix="canary-") as place:
        for format, end in (("litert", "tflite"), ("onnx", "onnx")):
            for quantize in (None, "int8"):
                file = Path(place, f"{format}-{quantize}.{end}")
                made = compress.export(
                    model, file, format=format, quantize=quantize, calibration=images[:16], progress=False
                )
                out[f"{format} {quantize}"] = {
                    "says": np.round(np.asarray(compress.load(made)(images[16:20])), 3),
                    "kilobytes": round(made.bytes / 1000, 2) / 100,
                    "checked": made.checked,
                }
    return out


@canary("inference", tolerance=0.3)
def _inference():
    """Two people in a picture: every face, the largest first, and the scores of fixed weights."""
    large, tiny = (studio.draw(studio.person(seed), {12: 0.6}, size=side) for seed, side in ((1, 256), (2, 160)))
    both = np.full((256, 440, 3), 127, np.uint8)
    both[:160, :160], both[:, 184:] = tiny, large
    network = with_fixed_weights(models.build("nano", classes=3, input_shape=(60, 60, 1)))
    found = predict(both, network, labels=["happy", "sad", "angry"])
    boxes = found[["frame_index", "box_x", "box_y", "box_w", "box_h"]].to_numpy().tolist()
    scores = np.round(20 * found.filter(like="score_").to_numpy(float), 2)
    return {"boxes": boxes, "scores": scores, "said": list(found["expression"]), "problems": len(found.problems)}


class Scripted(faces.Detector):
    """Says where the face is: a box that wanders, gone in some frames."""

    name = "scripted"

    def __init__(self):
        self.asked = 0

    def detect(self, rgb):
        self.asked += 1
        return [faces.Box(20 + 2 * self.asked, 24, 90, 90, 1.0)]


@canary("live", tolerance=0.3)
def _live():
    face = studio.draw(studio.person(3), {12: 0.4}, size=128)
    tracker, out = Tracker(Scripted(), every=3, lost=4), []
    for number in range(9):
        frame = np.full((160, 240, 3), 90, np.uint8)
        left = 10 + 2 * number
        frame[16:144, left : left + 128] = face
        if number == 6:
            frame[:] = 90
        out.append([[track.id, *track.box[:4], track.lost] for track in tracker.update(frame)])
    smoother = Smoother(0.25)
    smoothed = [smoother(np.array([k % 2, 1 - k % 2, 0.5]), 0.1 * k) for k in range(5)]
    return {"tracks": out, "looks": tracker.looks, "smoothed": np.round(10 * np.array(smoothed), 2)}
