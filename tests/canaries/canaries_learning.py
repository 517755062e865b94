"""Canaries of what learns and what is done with it: training, explanation, compression, inference, live."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
import inspect
import os
from pathlib import Path
import tempfile

from canaries_drawn import face_set
from canaries_models import pictures, with_fixed_weights
from canary import canary, digest, thumbnail
import keras
import numpy as np
import onnx

from fer_utils import compress, explain, faces, predict, studio, training
from fer_utils.compress import engines, self_test
from fer_utils.experiments import Experiment, Model, Split, run
from fer_utils.explain import shortcuts
from fer_utils.live import Smoother, Tracker, smoothing
from fer_utils.live.watcher import Watcher


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
    out = {}
    for scope in ("global", "layer"):
        pruned = compress.prune(small(), 0.7, scope=scope)
        out[scope] = {
            "sparsity": compress.sparsity(pruned),
            "zeros": _zeros(pruned),
            "says": np.round(pruned(pictures(2, 32)).numpy(), 4),
            "branched": _zeros(compress.prune(_branched(), 0.7, scope=scope)),
        }
        for name, model, side in (("filters", small(), 32), ("branches", _branched(), 8)):
            smaller = compress.prune(model, 0.5, scope=scope, structured=True)
            out[f"{name}, {scope}"] = {
                "shapes": [list(weight.shape) for weight in smaller.weights],
                "says": np.round(smaller(pictures(2, side)).numpy(), 4),
            }
    defaults = compress.MagnitudePruning()
    out["defaults"] = [defaults.sparsity, defaults.ramp, defaults.every, defaults.scope, defaults.steps]
    out["training"] = _pruned_in_training()
    return out


@canary("export", tolerance=0.02)
def _export():
    """What the files answer, what they are made of, and the self-test that each carries."""
    images, model = pictures(24, 32), small()
    kernel, bias = model.get_layer("scores").get_weights()
    model.get_layer("scores").set_weights([8 * kernel, bias])  # answers that differ
    out = {"pictures": digest(self_test.pictures((10, 12, 3)))}
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
            out[f"{format} {quantize}"] = {
                "says": np.round(np.asarray(runner(images[16:20])), 3),
                "kilobytes": round(made.bytes / 1000, 2) / 100,
                "checked": made.checked,
                "bits": made.weight_bits,
                "tested": runner.self_test_difference is not None,
                "test": None if test is None else [test.quantize, test.weight_bits, repr(test.tolerance), test.answers],
                "inside": _inside(file),
            }
    return out


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
