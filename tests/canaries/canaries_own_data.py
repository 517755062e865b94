"""Canaries of data that a reader brings: FER2013, its official split and its copies, and words on folders."""

from __future__ import annotations

from contextlib import ExitStack
import dataclasses
import json
from pathlib import Path
import tempfile
from types import SimpleNamespace
from unittest.mock import patch

from canaries_core import scanned
from canary import canary, plain
from canary_fakes import EXACT, ROUNDED, Network, Noted, condensed, drawn, listed, profile
import numpy as np
import pandas as pd
import pytest

from fer_utils import datasets, experiments, faces, models, splits, training
from fer_utils.core.errors import FerError
from fer_utils.core.tables import ClipTable
from fer_utils.datasets import fer2013 as reader
from fer_utils.datasets import known_labels
from fer_utils.datasets.fer2013_table import PARTS
from fer_utils.experiments import Split, cross_evaluation
from fer_utils.live import peer_networks
from fer_utils.splits import exact_copies
from fer_utils.studies import fer2013, fer2013_methods, fer2013_rows, training_records

WORDS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
NAMES = (
    *(f"train/{word}/Training_{number}.jpg" for number, word in enumerate(WORDS)),
    "test/Fear/PublicTest_12.png",
    "test/happiness/PrivateTest_012.PNG",
    "train/sad/PrivateTest_3.jpg",
    "test/sad/Training_4.jpg",
    "copy/sad/Training_4.jpg",
    "train/happy/Training_4.jpg",
    "test/contempt/PublicTest_1.jpg",
    "test/angry/Public_1.jpg",
    "test/angry/notes.txt",
    "PublicTest_9.jpg",
)


@canary("fer2013")
def _fer2013():
    """Names, and a table with good and bad rows, whose pictures are unpacked."""
    out = {"names": scanned("fer2013", NAMES, empty=NAMES[3])}
    rows = [reader.parse(NAMES[2]), reader.parse(NAMES[7])]
    out["back"] = [reader.name(row) for row in rows]
    grey = lambda row: " ".join(str((7 * row + 3 * k) % 256) for k in range(2304))  # noqa: E731
    lines = [f"{row % 7},{PARTS[row % 3]},{grey(row)}" for row in range(9)]
    lines += [
        f"7,Training,{grey(1)}",
        f"1,Test,{grey(1)}",
        "1,Training,1 2 3",
        f"1,Training,{grey(1)[:-3]} 256",
        "1",
        f"1,Training,{grey(1)} 9",
    ]
    with tempfile.TemporaryDirectory(prefix="canary-") as folder, pytest.MonkeyPatch.context() as patched:
        patched.setenv("FER_HOME", str(Path(folder, "store")))
        place = Path(folder, "set")
        place.mkdir()
        for name in ("a.csv", "b.csv"):
            (place / name).write_text("\n".join(["emotion, Usage, pixels", *lines]))
        (place / "c.csv").write_text("emotion,pixels\n1,2\n")
        table = datasets.scan("fer2013", place, progress=False)
        out["table"] = [table.drop(columns="path").astype(str).to_numpy().tolist(), sorted(table.problems["kind"])]
        out["unpacked"] = [sum(Path(path).read_bytes()) for path in table["path"]]
        out["head"] = Path(table["path"].iloc[0]).read_bytes()[:16].hex()
        out["said"] = sorted(table.problems["problem"])
        (place / "sad").mkdir()
        (place / "sad/PublicTest_1.png").write_bytes(b"x")
        both = datasets.scan("fer2013", place, progress=False)
        out["both"] = [list(both["clip"]), sorted(both.problems["kind"])]
    return out


@canary("folder_labels")
def _folder_labels():
    """Known words on folders, in any case, and others."""
    words = ("Anger", "contemptuous", "disgusted", "FEAR", "afraid", "Happiness", "joy", "sadness", "Surprise", "bored")
    table = ClipTable.of({"expression": word, "intensity": 1, "repetition": 1} for word in (*words, "neutral", "calm"))
    made = known_labels.with_known_labels(table)
    names = ("Fear/p1_a.png", "afraid/p2_b.png", "joy/p1_c.png", "bored/p3_d.png", "joy/none.png")
    pattern = r"(?P<actor>p[0-9])_"
    return [
        list(made["expression"]),
        list(table["expression"]),
        scanned("folder", names),
        scanned("folder", names, actor=pattern, name="lab"),
        scanned("folder", ("fear/S010_004_00000017.png", "fear/S010_004_00000018.png"), actor="ck48", name="two"),
    ]


@canary("official_split")
def _official_split():
    """Rows of the three parts in disorder, through the function and through `Split`; and tables without the split."""
    meta = pd.DataFrame({"dataset": "fer2013", "statement": [PARTS[(k * k + k // 3) % 3] for k in range(20)]})
    (train, test), choose = Split("official").rows(meta), Split("official").validation_rows(meta)
    out = [[rows.tolist() for rows in splits.official(meta)], [rows.tolist() for rows in (train, choose, test)]]
    wrong = [
        meta.assign(dataset="savee"),
        meta[meta["statement"] != "PublicTest"],
        meta.assign(statement=["Test", *meta["statement"][1:]]),
        meta[["dataset"]],
    ]
    out.append([_refused(lambda table=table: splits.official(table)) for table in wrong])
    odd = ({"fold": 0}, {"validation": 0.2})
    out.append([_refused(lambda given=given: Split("official", **given).rows(meta)) for given in odd])
    return [*out, Split("official").validates, Split().validates, Split(validation=0.1).validates]


def _refused(call) -> str:
    try:
        call()
    except FerError as error:
        return str(error)
    return "taken"


@canary("exact_copies")
def _exact_copies():
    """Forty pictures of nine kinds, some with two labels, in three parts."""
    kinds = np.array([(k * k + 3 * k) % 23 for k in range(40)])
    images = (kinds[:, None, None, None] * 11 + np.arange(64).reshape(1, 8, 8, 1)).astype(np.uint8)
    labels = np.array(["happy", "sad", "angry"])[(kinds + (np.arange(40) % 17 == 0)) % 3]
    parts = {name: np.flatnonzero(np.arange(40) % 4 % 3 == k) for k, name in enumerate(("train", "choose", "test"))}
    first = exact_copies.first_rows(images)
    others = np.concatenate([parts["choose"], parts["test"]])
    return [
        first.tolist(),
        exact_copies.two_labels(first, labels).astype(int).tolist(),
        exact_copies.counts(first, labels, parts),
        exact_copies.cleaned(parts["train"], others, first, labels).tolist(),
        exact_copies.cleaned(parts["train"], parts["test"], first, labels).tolist(),
        exact_copies.cleaned(parts["train"], others[:0], first, labels).tolist(),
    ]


@canary("cross_evaluation", tolerance=EXACT)
def _cross_evaluation():
    """A result on its own set, and on one of other words, sides, makings and people, some of them met in training."""
    draw = drawn("faces")
    images = draw.integers(20, 235, (40, 12, 12)).repeat(4, 1).repeat(4, 2).astype(np.uint8)[..., None]
    rows = np.arange(40)
    meta = pd.DataFrame(
        {"actor": [f"p{k // 8}" for k in rows], "clip": [f"clip {k}" for k in rows], "dataset": "folder"}
    )
    meta["expression"] = np.array(["happy", "sad", "fearful", "awe"])[rows % 4]
    config = {"detector": "whole", "size": 48, "margin": 0.0, "sampling": "even", "frames": 1}
    out = {
        "labels": cross_evaluation.matched_labels(
            ["fear", "fearful", "Happy", "awe"], ["Fear", "joy", "awe", "sad", "fear", "fearful"]
        )
    }
    with tempfile.TemporaryDirectory(prefix="canary-") as folder, ExitStack() as stack:
        known = faces.FaceSet.save(images, meta, Path(folder, "known"))
        known.manifest["config"] = config
        experiment = experiments.Experiment(
            experiments.Data("folder", face_set=str(known.path)), Split("actor", 0.4, validation=0.4), "knn"
        )
        test = experiment.split.rows(meta)[1]
        nothing = {one.name: None for one in dataclasses.fields(experiments.Result)}
        result = experiments.Result(
            **nothing
            | {
                "path": Path(folder),
                "experiment": experiment.configuration(),
                "key": experiment.key(known),
                "labels": ["awe", "happy", "sad", "fearful"],
                "predictions": pd.DataFrame({"row": test, "clip": meta["clip"].to_numpy()[test]}),
                "faces": config,
            }
        )
        network = SimpleNamespace(input_shape=(None, 40, 40, 1))
        stack.enter_context(patch.object(experiments.Result, "model", lambda self: network))
        stack.enter_context(patch.object(training, "predict_probabilities", _by_thirds))
        mixed = images[:24].copy()
        mixed[:4] = 255 - mixed[:4]
        mixed[8:20] = drawn("others").integers(20, 235, (12, 12, 12)).repeat(4, 1).repeat(4, 2)[..., None]
        others = meta.iloc[:24].assign(
            expression=np.array(["Fear", "joy", "sad", "bored"])[rows[:24] % 4],
            actor=[*meta["actor"][:16], *([""] * 8)],
            clip=[*meta["clip"][:9], *(f"other {k}" for k in range(15))],
        )
        small = [image[::2, ::2] for image in mixed]
        for name, pictures, more, check in (
            ("own", images, meta, True),
            ("others", mixed, others, True),
            ("others, small", np.array(small), others.assign(actor=""), True),
            ("unseen", mixed, others, False),
        ):
            given = known if name == "own" else faces.FaceSet.save(pictures, more, Path(folder, name))
            given.manifest["config"] = config | ({} if name == "own" else {"margin": 0.25, "detector": "haar"})
            found = experiments.evaluate_on(result, given, check_pictures=check, progress=False)
            told = found.to_json()
            told["predictions"] = found.predictions.drop(columns="clip").astype(str).to_numpy().tolist()
            out[name] = condensed({key: one for key, one in told.items() if key not in ("result", "faces")}, 1)
    return out


def _by_thirds(model, images, rows=None):
    """Scores of four labels from the mean grey of four strips."""
    strips = np.asarray(images, float).reshape(len(images), 4, -1).mean(axis=2)
    return strips / strips.sum(axis=1, keepdims=True)


# --- the study --------------------------------------------------------------------------------


def _pictures() -> fer2013_methods.Pictures:
    """112 pictures whose edges point where their label says, more or less; some stand twice."""
    rows = np.arange(112)
    labels = np.where(rows < 6, 3, rows % 7)
    y, x = np.mgrid[:48, :48]
    draw = drawn("pictures")
    turned = np.cos(labels[:, None, None] / 2) * x + np.sin(labels[:, None, None] / 2) * y
    images = 120 + 80 * np.sin(turned / 3) + draw.normal(0, 25, (112, 48, 48))
    images = np.clip(images, 0, 255).astype(np.uint8)[..., None]
    for copy, of in ((107, 9), (80, 10), (20, 13), (103, 4)):  # the last has two labels
        images[copy] = images[of]
    meta = pd.DataFrame({"dataset": "fer2013", "expression": [fer2013_methods.LABELS[k] for k in labels]})
    meta["statement"] = np.repeat(PARTS, [70, 21, 21])
    return fer2013_methods.Pictures(SimpleNamespace(images=images, meta=meta, fingerprint="made up", name="known"))


@canary("study.fer2013", tolerance=ROUNDED)
def _study():
    """All rows, in trainings that cost nothing; then each method as it is, but for the training of networks."""
    pictures, asked = _pictures(), []

    def trained(one, pictures, *, progress):
        asked.append([one.row, one.configuration(), one.stages()])
        draw, true = drawn(one.configuration()), pictures.targets[pictures.test]
        scores = draw.random((len(true), 7)) + draw.random() * np.eye(7)[true]
        scores /= scores.sum(axis=1, keepdims=True)
        return fer2013_methods.Answered(
            chosen=float(draw.random()),
            predicted=None if one.choosing else scores.argmax(axis=1),
            scores=None if one.choosing or "SVM" in one.row else scores,
            history={"accuracy": [0.5], "validation_accuracy": [0.123456], "learning_rate": [0.001]},
            convergence={"converged": bool(draw.random() < 0.8), "train_accuracy": float(draw.random())},
            parameters=int(1000 * draw.random()),
            macs=int(1000 * draw.random()),
            train_images=len(pictures.learned_from(one)),
            processor_minutes=float(draw.random()),
        )

    with tempfile.TemporaryDirectory(prefix="canary-") as folder, ExitStack() as stack:
        stack.enter_context(patch.object(fer2013, "_pictures", lambda real, progress: pictures))
        stack.enter_context(patch.object(fer2013_methods, "trained", trained))
        records = training_records.Records("fer2013", Path(folder))
        there = fer2013.train("full", records=records, progress=False)
        answer = fer2013.answer("full", records=records, progress=False)
        file = records.folder / "nano.json"
        stored = json.loads(file.read_text())
        known = ("configuration", "confusions", "curves", "right", "calibration", "in_best_two", "chosen")
        record = {name: stored[-1].get(name) for name in known}
        file.write_text(json.dumps(stored[:-1]), encoding="utf-8")
        in_the_making = fer2013.answer("full", records=records, progress=False)
    return {
        "answer": condensed(answer, 1),
        "in the making": condensed(in_the_making, 1),
        "trainings": listed(asked),
        "there": there,
        "record": condensed(record),
        "methods": _methods(pictures),
        "rows": condensed([plain(fer2013_rows.BUDGET), fer2013_rows.RACE, len(pictures.cleaned), pictures.counted]),
    }


def _methods(pictures) -> list:
    """What each method does with the pictures."""
    noted, network = Noted(), Network("a network", labels=7, input_shape=(None, 48, 48, 1))
    network.count_params = lambda: 77
    history = {"validation_accuracy": [0.5, 0.25], "learning_rate": [0.1, 0.1], "accuracy": [0.1, 0.2]}

    def says(model, images, rows=None):
        return np.asarray(model.predict(images if rows is None else images[np.asarray(rows)]), float)

    def run(experiment, *, face_set, check_pictures, progress):
        noted.rest.append([experiment.configuration(), face_set.name])
        answers = network.predict(pictures.face_set.images[pictures.test]) + 0.1
        table = pd.DataFrame(answers, columns=[f"p_{name}" for name in fer2013_methods.LABELS])
        return SimpleNamespace(
            predictions=table.assign(predicted=answers.argmax(axis=1)),
            history=history,
            model=lambda: network,
            parameters=88,
            split={"train": 7},
            processor_minutes=2.0,
        )

    other = Network("fer", labels=7, input_shape=(None, 64, 64, 1))
    other.count_params = lambda: 66
    found = []
    with ExitStack() as stack:
        put = stack.enter_context
        put(patch.object(training, "fit", noted.function("fit", lambda *_, **__: (network, history))))
        put(patch.object(training, "predict_probabilities", noted.function("says", says)))
        put(patch.object(experiments, "run", run))
        put(patch.object(models, "build", lambda name, **options: network))
        put(patch.object(models, "profile", profile))
        put(patch.object(peer_networks, "build", lambda name: (other, peer_networks.SEVEN, "its own weights")))
        put(patch.object(fer2013_methods.Pictures, "without_copies", lambda self: SimpleNamespace(name="cleaned")))
        for name, setting in (
            ("commonest label", None),
            ("fer 25.10.3", None),
            ("HOG and linear SVM", 1e-4),
            ("HOG and RBF SVM", 0.5),
            ("HOG and ANN", 1e-3),
            ("nano", 3e-3),
            ("nano, cleaned", 1e-3),
        ):
            for choosing in (True, False) if setting is not None else (False,):
                asked = fer2013_rows.Asked(name, setting, "class", 1, choosing)
                made = vars(fer2013_methods.trained(asked, pictures, progress=False))
                del made["processor_minutes"]
                if made["scores"] is not None:
                    made["scores"] = np.asarray(made["scores"]).round(6)
                found.append([name, {key: plain(value) for key, value in made.items()}])
    return [condensed(found), listed(_in_reach(plain(noted.rest)))]


def _in_reach(value):
    """Floats by their inverse hyperbolic sine: a small one nearly as it is, of a large one the logarithm.

    Sums over whole pictures are so large that their last digits depend on the processor.
    """
    if isinstance(value, dict):
        return {key: _in_reach(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_in_reach(one) for one in value]
    return float(np.arcsinh(value)) if isinstance(value, float) else value
