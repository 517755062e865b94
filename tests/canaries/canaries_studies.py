"""Canaries of the studies: each study's own ``answer`` with its own options, on trainings that cost nothing.

What is asked for (which trainings, networks, files, timings, in which order) is part of each output, and so is what the
study makes of the results that it is given.  See `canary_fakes` for what stands in the place of what.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
import dataclasses
import json
from pathlib import Path
import tempfile
from types import SimpleNamespace
from unittest.mock import patch

from canary import canary, digest, plain
from canary_fakes import (
    ACTORS,
    EXACT,
    LABELS,
    ROUNDED,
    Faces,
    Network,
    Noted,
    average,
    condensed,
    drawn,
    instead,
    listed,
    people,
    profile,
    sketch,
)
import numpy as np
import pandas as pd
from PIL import Image

from fer_utils import compress, datasets, experiments, explain, faces, fairness, metrics, models, studio, training
from fer_utils.core import labels as label_names
from fer_utils.core import other_processes, timing
from fer_utils.core.errors import FerError
from fer_utils.experiments import Data, Experiment, Model, Split
from fer_utils.fairness import population
from fer_utils.models import hog, landmark_lstm
from fer_utils.studies import (
    audit,
    audit_repair,
    before_networks,
    compression,
    compression_measuring,
    coverage,
    dead_units,
    design_ablation,
    explanation,
    first_layers,
    followed_trainings,
    frontier,
    human_votes,
    lightweight2019,
    nano_ablation,
    nano_against_paper,
    nano_savee,
    nano_taught,
    near_duplicates_real,
    network_costs,
    number_of_people,
    one_protocol,
    overfitting_tools,
    paper_figures,
    protocol_rows,
    real_people,
    real_sets,
    regularization,
    simple_methods,
    simple_networks,
    sizes,
    split,
    training_records,
    trainings,
    transfer,
    transfer_methods,
    transfer_probabilities,
)
from fer_utils.studies import (
    recipe_reliability as recipe,
)
from fer_utils.synthetic import photographs, random_faces, region_masks, stand_ins

# --- what studies share -----------------------------------------------------------------------


@canary("studies", tolerance=EXACT)
def _studies():
    """`trained`, `pooled`, `gain`, `some_faces` and `weighed` on their own."""
    out = {}
    with instead() as (noted, stack):
        data = Data("savee", tier="class")
        plan = {
            "one": [Experiment(data, Split("actor", fold=fold), seed=fold) for fold in range(3)],
            "other": [Experiment(data, Split("actor", fold=fold), Model("nano"), seed=fold) for fold in (1, 2, 3)],
            "elsewhere": [Experiment(Data("mead", tier="class"), Split("clip"))],
        }
        found = trainings.trained(plan, progress=False)
        rows = {name: trainings.pooled(results) for name, results in found.items()}
        out["pooled"] = condensed(rows)
        out["gain"] = condensed(trainings.gain(rows["one"], rows["other"]))
        out["gain, other draws"] = condensed(trainings.gain(rows["other"], rows["one"], resamples=50, seed=3))
        out["counts"] = [trainings.counts("rows", chosen, {"a": 3, "b": 1}) for chosen in (None, {"b": 2})]
        shrunk = Experiment(data, Split("actor", fold=1), Model("nano", size=48))
        for name, options in {"train": {}, "test": {"unseen": True}, "few": {"most": 7}}.items():
            out[f"faces, {name}"] = sketch(trainings.some_faces(shrunk, **options))
        out["weighed"] = _weighed(noted, stack)
    return {**out, **noted.output({})}


def _weighed(noted, stack) -> dict:
    """Two networks in two formats, with and without faces of those who test."""
    put = stack.enter_context

    def written(network, path, **options):
        bits = 1 if options["quantize"] else 4
        return SimpleNamespace(
            name=[network.name, options["quantize"]],
            bytes=100 * bits + len(str(network.name)),
            agreement=0.9 + bits / 50,
        )

    def loaded(file):
        return Network(file.name).predict

    def timed(callables, inputs, **options):
        rows = []
        for number, (name, call) in enumerate(callables.items()):
            noted.rest.append(["timed", name, sketch(call(None))])
            rows.append({"name": name, "ratio": 0.4 + number, "median_ms": 3.5 + number})
        return pd.DataFrame(rows)

    put(patch.object(models, "profile", profile))
    put(patch.object(compress, "export", noted.function("export", written)))
    put(patch.object(compress, "load", noted.function("load", loaded)))
    put(patch.object(timing, "latency", noted.function("latency", timed)))
    networks = {name: Network(name) for name in ("first", "second")}
    images, unseen = Faces("a", people()).images[:12], Faces("b", people()).images[12:20]
    by_name = {"first": images, "second": images[:5]}
    return {
        "usual": condensed(network_costs.weighed(networks, images, baseline="first", progress=False)),
        "unseen": condensed(
            network_costs.weighed(networks, by_name, baseline="second", unseen=unseen, repeats=4, progress=False)
        ),
    }


@canary("audit_set", tolerance=EXACT)
def _audit_set():
    """Who is filmed under what, and how networks are asked; nothing is filmed."""
    plan = {"usual": {}, "some": {"people": 30, "tested": 25, "conditions": ["dim", "mask"], "clips": 3, "size": 90}}
    constants = [population.SEED, population.BASELINE, population.SENSITIVE_FEATURES, population.CONDITIONS]
    yield "constants", digest(plain([constants[:2], {**constants[2]}, {**constants[3]}]))
    folders = []
    with instead() as (noted, stack):
        put = stack.enter_context

        def filmed(layout, folder, *, actors, clips_per_actor, seed, **options):
            folders.append(str(folder))
            clips = [
                {
                    "clip": f"Actor_{actor:02d}/{seed}-{clip}.mp4",
                    "actor": f"{actor:02d}",
                    "expression": LABELS[clip % 4],
                    "intensity": 1 + clip // 8,
                }
                for actor in range(1, actors + 1)
                for clip in range(clips_per_actor)
            ]
            return SimpleNamespace(name="film", clips=pd.DataFrame(clips))

        def prepared(film, folder, **options):
            clips = film.clips["clip"][[number % 5 != 3 for number in range(len(film.clips))]]
            return Faces(["faces", len(film.clips)], pd.DataFrame({"clip": clips}))

        film = noted.function("film", filmed)
        films = []

        def kept(*arguments, **options):
            films.append(film(*arguments, **options))
            return films[-1]

        put(patch.object(studio, "film", kept))
        put(patch.object(datasets, "scan", noted.function("scan", lambda layout, folder: films[-1])))
        put(patch.object(faces, "prepare", noted.function("prepare", prepared)))
        put(patch.object(population, "home", lambda: Path("store")))
        put(patch.object(training, "predict_probabilities", _scores_by_row))
        for name, options in plan.items():
            made = fairness.audit_set(progress=False, **options)
            table = made.table
            told = {
                "rows": condensed({key: column.tolist() for key, column in table.items()}),
                "pictures": len(table),
                "sets": len(made.sets),
                "a face": sketch(made.face(1)),
                "no face": made.face(3) is None,
            }
            yield name, told
        asked = fairness.ask(
            made,
            [
                SimpleNamespace(labels=list(order), model=lambda n=n: Network(n))
                for n, order in enumerate((LABELS, LABELS[::-1]))
            ],
            progress=False,
        )
        yield "asked", condensed({key: asked[key].tolist() for key in ("predicted_0", "predicted_1", "right")})
        for seed in (2020, 2021, 2022, 2023, 2024):  # which seeds would film the stand-ins' people
            try:
                fairness.audit_set(30, tested=0, clips=1, seed=seed, progress=False)
                done = "filmed"
            except FerError:
                done = "refused"
            yield f"seed {seed}", done
        shown = len(folders)
        for size in (90, 180):  # the same films at two sizes are two sets of faces
            fairness.audit_set(2, tested=0, clips=2, size=size, progress=False)
    yield "folders", [len(set(folders[:shown])), len(set(folders[shown:]))]
    yield from noted.output({}).items()


def _scores_by_row(network: Network, images, rows) -> np.ndarray:
    return network.predict(images[rows])


# --- studies of trainings alone -----------------------------------------------------------------


@canary("study.recipe", tolerance=EXACT)
def _recipe():
    with instead() as (noted, _):
        out = noted.output(recipe.answer("class", progress=False))
    out["least"] = [
        recipe.least_count(throws, chance) for throws, chance in ((67, 0.13), (9, 0.5), (3, 0.9), (20, 0.25))
    ]
    out["shares"] = condensed([recipe.share_of(count, 20) for count in (0, 7, 19, 20)])
    return out


@canary("study.dead_units", tolerance=EXACT)
def _dead_units():
    """What is built and trained, and by whom; then the looks of a training with a network whose units are known."""

    class Fitted:
        """Stands for a network: of its six units and four scores a digest decides."""

        def __init__(self, name):
            self.name = name

        def get_layer(self, name):
            return SimpleNamespace(kernel=np.zeros((48, 6)), name=name)

    def fitted(model, images, targets, train, test, *, callbacks, **options):
        options["recipe"] = vars(options["recipe"])
        (looks,) = callbacks
        noted.rest.append(["looks", sketch(looks.images), sketch(looks.targets)])
        draw = drawn(model.name, options["seed"])
        for step in (0, 2, 4):
            living = np.flatnonzero(draw.random(6) < 0.5).tolist()
            looks.seen.append({"step": step, "living": living, "right": float(draw.random())})
        noted.rest.append(["fit", sketch(images), sketch(targets), sketch(train), len(test), plain(options)])
        return model, {"loss": draw.random(2).tolist(), "accuracy": draw.random(2).tolist()}

    with instead() as (noted, stack):
        put = stack.enter_context
        place = put(tempfile.TemporaryDirectory(prefix="canary-"))
        built = noted.function("build", lambda name, **options: Fitted([name, options]))
        put(patch.object(dead_units, "home", lambda: Path(place)))
        put(patch.object(dead_units.time, "process_time", lambda: 0.0))
        put(patch.object(models, "build", built))
        put(patch.object(training, "fit", fitted))
        out = noted.output(dead_units.answer("class", progress=False))
        asked = len(noted.rest)
        dead_units.answer("class", progress=False, seeds=2)
        out["read again"] = len(noted.rest) - asked
    looks = [{"step": step, "living": units, "right": 0.5} for step, units in ((0, [0, 1]), (3, []), (6, [1, 2]))]
    out["woken"] = dead_units._by_look(looks)
    seen = dead_units.Looks(np.zeros((5, 2, 2, 1), np.uint8), np.array([0, 1, 2, 0, 1]), batch_size=2)
    seen._probe = SimpleNamespace(
        predict_on_batch=lambda batch: (np.array([[0.0, 2.0, -0.0]] * len(batch)), np.eye(3)[: len(batch)])
    )
    seen.set_params({"steps": 80})
    seen.on_train_begin()
    for epoch in range(2):
        for step in range(80):
            seen.on_train_batch_end(step)
        seen.on_epoch_end(epoch)
    out["seen"] = [[look["step"], look["living"], look["right"]] for look in seen.seen]
    return out


@canary("study.paper_figures", tolerance=EXACT)
def _paper_figures():
    with instead() as (noted, _):
        out = noted.output(paper_figures.answer("class", progress=False))
        noted.trainings.clear()
        paper_figures.answer("class", progress=False, epochs=1, real={"savee": "a folder"})
        out["real"] = listed(noted.trainings)
    return out


@canary("study.regularization", tolerance=EXACT)
def _regularization():
    with instead() as (noted, _):
        out = noted.output(regularization.answer("class", progress=False))
    odd = [
        {f"{person}": [int(9 * share), 9 + 5 * person] for person, share in enumerate(drawn(k).random(7))}
        for k in range(3)
    ]
    out["choice of three"] = condensed(regularization.choose(odd, halves=60))
    return out


@canary("study.split", tolerance=EXACT)
def _split():
    with instead() as (noted, _):
        return noted.output(split.answer("class", progress=False))


# --- studies of tables --------------------------------------------------------------------------


class _Classifier:
    """Nearest class mean, and now and then the second nearest: cheap, and decided by the training rows and a name."""

    def __init__(self, name: str, arguments: tuple, options: dict):
        self.salt = int(digest([name, plain(list(arguments)), plain(options)]), 16) % 7

    def fit(self, values, targets):
        self.labels = np.unique(targets)
        self.means = np.stack([values[targets == label].mean(axis=0) for label in self.labels])
        return self

    def predict(self, values):
        apart = -2 * values @ self.means.T + (self.means**2).sum(axis=1)
        order = np.argsort(apart, axis=1, kind="stable")
        turns = (np.arange(len(values)) * 3 + self.salt) % 7 == 0
        return self.labels[order[np.arange(len(values)), turns.astype(int)]]


class _Pipeline:
    """Standardises by the training rows if one of its steps is the word for that, and asks the last step."""

    def __init__(self, *steps):
        self.standardised, self.last = "standardised" in steps, steps[-1]

    def fit(self, values, targets):
        self.mean, self.spread = 0, 1
        if self.standardised:
            self.mean, self.spread = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-6)
        self.last.fit((values - self.mean) / self.spread, targets)
        return self

    def predict(self, values):
        return self.last.predict((values - self.mean) / self.spread)


def _instead_of_sklearn(module, noted, stack) -> None:
    """The estimators that a study names, replaced; how each was built is noted."""
    put = stack.enter_context

    def estimator(name):
        def build(*arguments, **options):
            noted.rest.append([name, plain(list(arguments)), plain(options)])
            return _Classifier(name, arguments, options)

        return build

    for name in ("KNeighborsClassifier", "MLPClassifier", "RandomForestClassifier", "SVC"):
        if hasattr(module, name):
            put(patch.object(module, name, estimator(name)))
    put(patch.object(module, "StandardScaler", lambda: "standardised"))
    put(patch.object(module, "make_pipeline", _Pipeline))


def _features(table: pd.DataFrame) -> SimpleNamespace:
    return SimpleNamespace(
        table=table, name="a table", source="somewhere", sha256="ab12", licence="a licence", citation="somebody"
    )


@canary("study.real_people", tolerance=ROUNDED)
def _real_people():
    """Six actors, five labels, two repetitions of three clips; four features of different spread."""
    rows = [
        (f"{actor:02d}", label, repetition, f"{actor}-{label}-{repetition}-{clip}")
        for actor in range(1, 7)
        for label in ("angry", "calm", "happy", "neutral", "sad")
        for repetition in (1, 2)
        for clip in range(1 if label == "neutral" else 2)
    ]
    table = pd.DataFrame(rows, columns=["actor", "expression", "repetition", "clip"])
    draw = drawn("action units")
    kinds = pd.factorize(table["expression"])[0]
    for number, unit in enumerate(("AU01_r", "AU04_r", "AU12_r", "AU12_c")):
        own = 2 * draw.random(6)[table["actor"].astype(int) - 1]
        table[unit] = (number + 1) * (own + draw.random(5)[kinds] + draw.random(len(table)))
    table["AU12_c"] = 0.5 * (table["actor"] == "03") * draw.random(len(table))  # hardly any spread for the others
    yield "referred", {name: condensed(real_people.referred(table, name)) for name in real_people.REFERENCES}
    with instead() as (noted, stack):
        _instead_of_sklearn(real_people, noted, stack)
        load = noted.function("load_features", lambda *_, **__: _features(table))
        stack.enter_context(patch.object(real_people, "load_features", load))
        real_people.answer("smoke", progress=False, models=("forest",), asked={"twins": ("plain",)})
        yield "smoke", listed(noted.rest)
        noted.rest.clear()
        yield from noted.output(real_people.answer("class", progress=False)).items()


@canary("study.human_votes", tolerance=EXACT)
def _human_votes():
    """Ten actors' clips in each way, by label and level, with random votes; one clip is a tie."""
    draw, rows = drawn("votes"), []
    for turn, way in enumerate(("both", "voice", "unknown", "face")):
        for number in np.roll(np.arange(60), 11 * turn).tolist():
            acted = label_names.CREMA_D[number % 6]
            level = "unspecified" if acted == "neutral" or number % 7 == 0 else ("low", "medium", "high")[number % 3]
            right = draw.random()
            votes = {f"votes_{name}": int(6 * draw.random() * (1 - right)) for name in label_names.CREMA_D}
            votes[f"votes_{acted}"] += 2 + int(6 * right)
            rows.append({"modality": way, "clip": f"c{(37 * number) % 60:02d}", "actor": f"{number % 10}"} | votes)
            rows[-1] |= {"expression": acted, "level": level, "votes": sum(votes.values())}
    with instead() as (noted, stack):
        load = noted.function("load_features", lambda *_, **__: _features(pd.DataFrame(rows)))
        stack.enter_context(patch.object(human_votes, "load_features", load))
        out = noted.output(human_votes.answer("class", progress=False))
        counts = np.array([[3, 3, 0], [1, 5, 2], [0, 0, 4], [2, 2, 2], [9, 1, 0]])
        out["ceilings"] = condensed(human_votes.ceilings(counts, list("aabbc"), np.array([0, 2, 2, 1, 0])))
        out["of one label"] = condensed(human_votes.ceilings(np.array([[3, 0], [5, 0]]), ["a", "b"]))
    return out


@canary("study.coverage", tolerance=EXACT)
def _coverage():
    """Few samples, with the resamples of the class tier."""
    return coverage.answer("class", samples=20, people=(4, 15), progress=False) | {"people": list(coverage.PEOPLE)}


@canary("study.near_duplicates_real", tolerance=0.003)
def _near_duplicates_real():
    """Three small sets of textures in the names of the real ones, and two drawn people."""
    draw = np.random.default_rng(6)

    def texture():
        rough = draw.normal(0, 1, (20, 20)).repeat(4, 0).repeat(4, 1)
        smooth = sum(np.roll(rough, (down, right), (0, 1)) for down in range(4) for right in range(4))
        return np.clip(127 + 9 * smooth, 0, 255)

    def cut(scene, down=0, right=0, noise=0.0):
        pixels = scene[12 + down : 60 + down, 12 + right : 60 + right] + draw.normal(0, noise, (48, 48))
        return np.clip(pixels, 0, 255).astype(np.uint8)

    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        ck48, fer2013 = Path(folder, "ck48"), Path(folder, "fer2013")
        for person in range(4):
            face = texture()
            for sequence, label in enumerate(("happy", "anger"), start=1):
                scene = face if sequence == 1 else 0.45 * texture() + 0.55 * face
                for frame in range(3):
                    file = ck48 / label / f"S{person:03d}_{sequence:03d}_{frame:08d}.png"
                    file.parent.mkdir(parents=True, exist_ok=True)
                    Image.fromarray(cut(scene, right=frame * person, noise=12 * frame)).save(file)
        scenes = [texture() for _ in range(14)]
        for number, scene in enumerate([*scenes, scenes[3], scenes[5]]):
            file = fer2013 / "train" / ("sad", "fear")[number % 2] / f"Training_{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(cut(scene, noise=15 if number == 15 else 0)).save(file)
        acts, rows, images = [texture() for _ in range(3)], [], []
        for act, clip in enumerate(("01-01-01", "02-01-01", "01-01-08", "02-01-08", "02-01-02")):
            for frame in range(4):
                differs = frame == 3 and clip.startswith("02")
                images.append(cut(acts[act // 2], down=frame, right=2 * differs, noise=20 * differs))
                row = {"clip": clip, "performance": clip[3:], "frame_index": frame, "box_w": 48}
                rows.append(row | {"box_x": 2 * differs, "box_y": frame})
        asked = []

        def prepare(clips, out, **options):
            asked.append(options)
            return SimpleNamespace(images=np.stack(images)[..., None], meta=pd.DataFrame(rows))

        stack.enter_context(patch.object(faces, "prepare", prepare))
        stack.enter_context(patch.object(metrics, "average", average))
        real = {"ck48": str(ck48), "fer2013": str(fer2013), "ravdess": folder}
        found = near_duplicates_real.answer("class", progress=False, real=real, altered=5, people=2)
        seconds = found.pop("fer2013_seconds")
        alone = near_duplicates_real.answer("class", progress=False, real={"ravdess": folder}, people=2)
        changed = [alter(Image.fromarray(cut(scenes[0]))) for alter in near_duplicates_real.ALTERED.values()]
    return {
        "found": found,
        "timed": seconds >= 0,
        "asked": asked,
        "sets": sorted({row["set"] for row in [*alone["recall"], *alone["others"]]}),
        "altered": [np.asarray(one)[4::13, 5::13] // 8 for one in changed],
        "sizes": near_duplicates_real.SIZES,
        "first person": near_duplicates_real.FIRST_PERSON,
    }


@canary("study.transfer", tolerance=2e-3)
def _transfer():
    """The steps' order and settings, which faces each one learns from and reads, and the methods on small numbers."""
    yield "rows", {name: vars(row) for name, row in transfer.ROWS.items()}
    yield "sizes", [transfer.SIZES, transfer.REAL_SETS, transfer_probabilities.SEED, transfer_probabilities.TRIED]
    yield (
        "crops",
        [[list(vars(crop).values()) for crop in transfer_probabilities.CROPS], transfer_probabilities.STRENGTHS],
    )
    methods = transfer_methods
    yield (
        "settings",
        [
            [methods.CELL, methods.SHRINKAGE, methods.HIDDEN, methods.L2, methods.PASSES, methods.ROUNDS],
            [methods.BELIEVED, methods.BATCHES, methods.SCALES, methods.DOWNS, methods.NETWORKS],
            [real_sets.SMALLEST_PHOTOGRAPH, real_sets.FOUND, real_sets.SIDE],
        ],
    )
    rng = np.random.default_rng(2)
    labels = np.arange(210) % 7
    drawn = rng.normal(0, 1, (210, 9)) + 1.2 * np.eye(7, 9)[labels]
    target = 0.8 * rng.normal(0, 1, (40, 9)) + 1.5 * np.eye(7, 9)[np.arange(40) % 7] + 0.3
    yield "standardised", np.round([methods.standardised(drawn)[:5], methods.standardised(target[:5], by=drawn)], 3)
    yield "LDA", np.round(methods.by_lda(drawn, labels, target)[::4], 3)
    trained = np.round(methods.by_self_training(drawn, labels, target), 3)
    yield "self-training", trained[::4]
    yield "certain", methods.certain(trained)
    squares = np.clip(rng.normal(120, 60, (3, 8, 8)), 0, 255).repeat(12, 1).repeat(12, 2).astype(np.uint8)
    cut = photographs.crop_faces(squares, where=photographs.Crop(0.9, 0.04, jitter=0.0))
    yield "registered", list(vars(methods.registered(squares, cut)).values())
    yield "middle", np.round(methods._middle(methods.described(cut))[::60], 3)
    noted: list = []

    def learner() -> transfer_probabilities.Learner:
        made = transfer_probabilities.Learner(1, 2, 3, 4, progress=False)
        made.faces = random_faces.RandomFaces(squares.repeat(5, 0)[:14], np.arange(14) % 7, np.arange(14) // 7)
        return made

    def answered(name):
        def answer(*given, **options):
            arrays = [one for one in given if isinstance(one, np.ndarray)]
            told = [
                [one.shape, round(100 * float(np.abs(one).mean())) / 100, one.ravel()[:2].round(1)] for one in arrays
            ]
            noted.append([name, told, {key: value for key, value in options.items() if np.isscalar(value)}])
            return np.full((5, 7), (1 + len(noted)) / 100)

        return answer

    network = SimpleNamespace(predict=answered("predict"), get_weights=list, set_weights=lambda weights: None)

    def fitted(name, *given, **options):
        answered(f"fit {name}")(*given, **{key: options[key] for key in ("epochs",)})
        return network

    def learned(*given):
        answered("ANN learns")(*given)
        return SimpleNamespace(predict_proba=answered("ANN reads"))

    one = real_sets.RealSet("some", cut.repeat(2, 0)[:5], np.arange(5), np.array(list("aabbc")), {}, "whole")
    with ExitStack() as stack:
        stack.enter_context(patch.object(methods, "fitted_ann", learned))
        for name in ("by_lda", "by_self_training"):
            stack.enter_context(patch.object(methods, name, answered(name)))
        stack.enter_context(patch.object(methods, "trained", fitted))
        stack.enter_context(patch.object(methods, "normalised_by", lambda model, images: noted.append("BN") or model))
        asked = learner()
        for name in list(transfer.ROWS)[1:]:
            noted.append(f"-- {name}")
            noted.append(np.round(asked.probabilities(name, one)[0, :2], 3))
        worn = asked.worn
    yield "asked", noted
    yield "worn", [worn[1], np.round(worn[0].reshape(len(worn[0]), -1).mean(axis=1))]
    first, second = (np.eye(7)[one] for one in ([0, 1, 2, 0, 4], [0, 1, 0, 0, 0]))
    yield "reading", [transfer.reading(one, first, second), transfer.reading(one, second, None)]
    alone = dataclasses.replace(one, people=np.array(["a"] * 5))
    unknown = dataclasses.replace(one, people=np.array([""] * 5))
    yield "over", [transfer.over(each, np.arange(5.0)) for each in (one, alone, unknown)]
    many = real_sets.RealSet("many", cut, np.zeros(200), np.arange(200).astype(str), {}, "whole")
    yield "interval", transfer.over(many, np.arange(200) % 11)
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(
            ("test/fear/1", "train/sad/Training_2", "test/awe/3", "sad/PrivateTest_4", "sad/PublicTest_5")
        ):
            file = Path(folder, f"{name}.png")
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(cut[number % 3]).resize((30, 60)).save(file)
        read = real_sets.read("fer2013", folder, progress=False)
        kept = [read.labels, read.people, read.left_out, read.detector, read.images.mean(axis=(1, 2)).round()]
    yield "read", kept


def _made_up_outcomes(asked: list):
    """In the place of a training of the protocol: an outcome by its configuration, and a note of what was asked."""

    def outcome(one, progress):
        asked.append(one.configuration())
        draw = drawn(one.configuration())
        actors = np.repeat([f"{one.split.fold}{letter}" for letter in "abc"], 16)
        true = np.tile(np.arange(4), 12)
        right = draw.random(48) < 0.3 + 0.5 * draw.random()
        return training_records.Outcome(
            labels=list(LABELS),
            true=true,
            predicted=np.where(right, true, draw.integers(0, 4, 48)),
            actors=actors,
            history={"accuracy": [0.5, 0.123456], "validation_accuracy": [0.25], "learning_rate": [0.001]},
            convergence={"train_accuracy": 0.7 + 0.6 * float(draw.random()), "converged": bool(draw.random() < 0.98)},
            parameters=int(1000 * draw.random()),
            classifier_macs=int(1000 * draw.random()),
            train_images=int(100 * draw.random()),
            processor_minutes=float(draw.random()),
            fingerprint="made up",
        )

    return outcome


@canary("study.one_protocol", tolerance=EXACT)
def _one_protocol():
    """All rows, in trainings that cost nothing; simple methods on faces that a formula decides."""
    noted, asked = Noted(), []
    with tempfile.TemporaryDirectory(prefix="canary-") as folder, ExitStack() as stack:
        put = stack.enter_context
        records = training_records.Records("one_protocol", Path(folder))
        put(patch.object(one_protocol, "outcome", _made_up_outcomes(asked)))
        put(patch.object(models, "build", lambda name, **options: Network([name, plain(options)])))
        put(patch.object(models, "profile", profile))
        there = one_protocol.train("full", records=records, progress=False)
        answer = one_protocol.answer("full", records=records, progress=False)
        for record in json.loads((records.folder / "nano.json").read_text())[:1]:
            record = {name: record[name] for name in ("configuration", "labels", "confusions", "curves", "convergence")}
        file = records.folder / "nano.json"
        file.write_text(json.dumps(json.loads(file.read_text())[:-2]), encoding="utf-8")
        in_the_making = one_protocol.answer("full", records=records, rows=["nano"], progress=False)
        described = _simple_methods(noted, stack)
    close = {"nano": [0.52, 0.56, 0.6, 0.64, 0.68], "ding2023": [0.5] * 5}
    rows = {
        name: {"by_actor": dict(zip("abcde", shares, strict=True)), "witness": True} for name, shares in close.items()
    }
    return {
        "answer": condensed(answer, 1),
        "in the making": condensed(in_the_making, 1),
        "close": one_protocol._compared(rows),
        "trainings": listed(asked),
        "there": there,
        "record": condensed(record),
        "simple": described,
        "budget": plain(protocol_rows.BUDGET),
    }


@canary("study.design_ablation", tolerance=EXACT)
def _design_ablation():
    """All changes, in trainings that cost nothing, and one change of which a training is not there yet."""
    asked: list = []
    with tempfile.TemporaryDirectory(prefix="canary-") as folder, ExitStack() as stack:
        put = stack.enter_context
        protocol, records = (training_records.Records(name, Path(folder)) for name in ("one_protocol", "changes"))
        put(patch.object(one_protocol, "outcome", _made_up_outcomes(asked)))
        put(patch.object(models, "build", lambda name, **options: Network([name, plain(options)])))
        put(patch.object(models, "profile", profile))
        one_protocol.train("full", records=protocol, rows=["nano"], progress=False)
        asked.clear()
        there = design_ablation.train("full", records=records, protocol=protocol, progress=False)
        answer = design_ablation.answer("full", records=records, protocol=protocol, progress=False)
        file = records.folder / "no_mirroring.json"
        file.write_text(json.dumps(json.loads(file.read_text())[:-1]), encoding="utf-8")
        in_the_making = design_ablation.answer("full", records=records, protocol=protocol, progress=False)
    return {
        "answer": condensed(answer, 1),
        "comparisons": answer["comparisons"],
        "in the making": condensed(in_the_making, 1),
        "trainings": listed(asked),
        "there": there,
    }


@canary("study.first_layers", tolerance=EXACT)
def _first_layers():
    """Both twins, in trainings that cost nothing; and one of which a training is not there, or has not converged."""
    asked: list = []
    with tempfile.TemporaryDirectory(prefix="canary-") as folder, ExitStack() as stack:
        put = stack.enter_context
        records = training_records.Records("one_protocol", Path(folder))
        put(patch.object(one_protocol, "outcome", _made_up_outcomes(asked)))
        put(patch.object(models, "build", lambda name, **options: Network([name, plain(options)])))
        put(patch.object(models, "profile", profile))
        one_protocol.train("full", records=records, rows=[first_layers.NETWORK], progress=False)
        asked.clear()
        there = first_layers.train("full", records=records, progress=False)
        answer = first_layers.answer("full", records=records, progress=False)
        file = records.folder / "local_contrast-48_px.json"
        kept = json.loads(file.read_text())[:-1]
        kept[-1]["convergence"]["converged"] = False
        file.write_text(json.dumps(kept), encoding="utf-8")
        in_the_making = first_layers.answer("full", records=records, progress=False)
    close = {"by_actor": dict(zip("abcde", [0.52, 0.56, 0.6, 0.64, 0.68], strict=True)), "witness": True}
    rival = {"by_actor": dict.fromkeys("abcde", 0.5), "witness": True}
    return {
        "answer": condensed(answer, 1),
        "comparisons": answer["comparisons"],
        "in the making": condensed(in_the_making, 1),
        "missing": in_the_making["missing"],
        "trainings": listed(asked),
        "there": there,
        "close": first_layers._compared(close, {"one": rival, "two": {**rival, "witness": False}}),
        "not converged": first_layers._compared({**close, "witness": False}, {"one": rival}),
    }


def _simple_methods(noted: Noted, stack: ExitStack) -> list:
    """What each simple method does with faces of six people, all of it but the ANN's training as it is."""
    meta = people([f"{number:02d}" for number in range(1, 7)], ("neutral", "sad", "happy"), clips=1, frames=2)
    known = Faces("known", meta, side=36)
    known.landmarks = 4 * drawn("points").random((len(meta), 68, 2))
    put = stack.enter_context
    put(patch.object(simple_methods, "_faces", lambda data, with_landmarks, progress: known))
    network = Network("ann", labels=8)
    history = {"validation_accuracy": [0.5, 0.25], "learning_rate": [0.1, 0.1], "accuracy": [0.1, 0.2]}
    put(patch.object(training, "fit", noted.function("fit", lambda *_, **__: (network, history))))
    answers = lambda model, images, rows: network.predict(images[np.asarray(rows)])  # noqa: E731
    put(patch.object(training, "predict_probabilities", noted.function("says", answers)))
    found = []
    for name, setting in (
        ("HOG and nearest neighbours", 3),
        ("HOG and SVM, 80 px", 0.5),
        ("HOG and ANN", 0.01),
        ("landmarks and SVM", 2),
        ("landmarks and ANN", 0.02),
    ):
        row = dataclasses.replace(protocol_rows.ROWS[name], size=None)
        one = protocol_rows.asked(row, setting, tier="smoke", fold=1, seed=4)
        outcome = vars(simple_methods.run_simple(one, progress=False))
        del outcome["processor_minutes"]
        found.append([one.configuration(), {key: plain(value) for key, value in outcome.items()}])
    return [condensed(found), listed(noted.rest)]


@canary("study.before_networks", tolerance=EXACT)
def _before_networks():
    """Twelve actors' faces with landmarks that were found some pixels beside the drawn ones."""
    meta = people([f"{number:02d}" for number in range(1, 13)], ("neutral", "sad", "happy"), clips=1, frames=3)
    draw = drawn("landmarks")
    boxes = {"box_x": 30, "box_y": 20, "box_w": 100, "box_h": 110, "score": 1.0}
    known = Faces("known", meta.assign(**boxes))
    points = {clip: 60 + 60 * draw.random((5, 68, 2)) for clip in meta["clip"].unique()}
    known.landmarks = 4 * draw.random((len(meta), 68, 2))
    film = SimpleNamespace(name="film", frames=lambda clip: {"landmarks": points[clip]})
    with instead() as (noted, stack):
        put = stack.enter_context
        _instead_of_sklearn(before_networks, noted, stack)
        put(patch.object(stand_ins, "face_set", noted.function("face_set", lambda *_, **__: known)))
        put(patch.object(stand_ins, "film_stand_in", noted.function("film", lambda *_, **__: "a folder")))
        put(patch.object(studio, "Film", SimpleNamespace(load=noted.function("truth", lambda *_: film))))
        put(patch.object(hog, "hog", noted.function("hog", lambda images: images.reshape(len(images), -1)[:, :9] / 4)))
        put(
            patch.object(before_networks, "distances", lambda points: np.asarray(points)[:, ::7, 0] / points[:, :10, 1])
        )
        put(patch.object(faces, "landmark_error", noted.function("error", _mean_distance)))
        return noted.output(before_networks.answer("class", progress=False))


def _mean_distance(found, truth):
    return np.hypot(*np.moveaxis(found - truth, 2, 0)).mean(axis=1) / 50


# --- the audit, and what the network looks at ------------------------------------------------------


@canary("study.audit", tolerance=ROUNDED)
def _audit():
    """Sixty drawn people, some of them under two conditions."""
    rows = []
    for person in range(60):
        tone = 1 + person % 10
        bands = ("light (1 to 3)", "medium (4 to 7)", "dark (8 to 10)")
        for condition in ("baseline", "dim", "mask") if person < 12 else ("baseline",):
            for clip in range(6):
                rows.append(
                    {
                        "actor": f"person {person}",
                        "clip": f"{person}-{clip}",
                        "expression": LABELS[(clip + person // 30) % 4],
                        "tone": tone,
                        "skin tone": bands[int(np.searchsorted((3, 7), tone))],
                        "presentation": ("female", "male")[person % 2],
                        "condition": condition,
                        "kind": condition,
                        "detected": (person + 7 * clip) % 11 > 0 or condition != "mask",
                    }
                )
    strangers = SimpleNamespace(name="strangers", table=pd.DataFrame(rows))
    meta = people()
    tones = {actor: 1 + (3 * number) % 10 for number, actor in enumerate(ACTORS)}
    truth = meta[["clip", "actor"]].drop_duplicates("clip").assign(tone=lambda table: table["actor"].map(tones))

    def answered(audited, results):
        table = audited.table.copy()
        rights = []
        for number, result in enumerate(results):
            draw = drawn("answers", result.key)
            said = np.where(draw.random(len(table)) < 0.6, table["expression"], "angry")
            table[f"predicted_{number}"] = np.where(table["detected"], said, "")
            rights.append(table[f"predicted_{number}"] == table["expression"])
        return table.assign(right=np.mean(rights, axis=0))

    def planted(face_set, clips, train, **options):
        spoiled = face_set.meta.copy()
        spoiled.loc[train[::9], "expression"] = options["to"]
        return Faces(["planted", options.get("seed")], spoiled)

    difference = fairness.difference
    with instead() as (noted, stack):
        put = stack.enter_context
        put(patch.object(fairness, "audit_set", noted.function("audit_set", lambda *_, **__: strangers)))
        put(patch.object(fairness, "ask", noted.function("ask", answered)))
        put(patch.object(fairness, "plant_bias", noted.function("bias", planted)))
        put(patch.object(stand_ins, "film_stand_in", noted.function("film", lambda *_, **__: "a folder")))
        film = noted.function("truth", lambda *_: SimpleNamespace(name="film", clips=truth))
        put(patch.object(studio, "Film", SimpleNamespace(load=film)))
        put(patch.object(fairness, "difference", noted.function("difference", difference)))
        put(patch.object(fairness, "audit", noted.function("audit", _audited)))
        alarms = noted.function("false_alarms", lambda answers, repeats: {"repeats": repeats})
        put(patch.object(fairness, "false_alarms", alarms))
        put(patch.object(fairness, "power", noted.function("power", _power)))
        out = noted.output(audit.answer("class", progress=False), depth=2)
    return {**out, "sizes": digest(plain({**audit.SIZES}))}


@canary("study.audit_repair", tolerance=ROUNDED)
def _audit_repair():
    """Thirty drawn strangers; four ways to train, five folds of ten actors."""
    bands = ("light (1 to 3)", "medium (4 to 7)", "dark (8 to 10)")
    rows = [
        {
            "actor": f"person {person}",
            "clip": f"{person}-{clip}",
            "expression": LABELS[(clip + person // 15) % 4],
            "tone": 1 + person % 10,
            "skin tone": bands[int(np.searchsorted((3, 7), 1 + person % 10))],
            "condition": "baseline",
        }
        for person in range(30)
        for clip in range(6)
    ]
    strangers = SimpleNamespace(name="strangers", table=pd.DataFrame(rows))
    meta = people()
    tones = {actor: 1 + (3 * number) % 10 for number, actor in enumerate(ACTORS)}
    truth = meta[["clip", "actor"]].drop_duplicates("clip").assign(tone=lambda table: table["actor"].map(tones))

    def answered(audited, results):
        table = audited.table.copy()
        rights = []
        for number, result in enumerate(results):
            draw = drawn("answers", result.key)
            said = np.where(draw.random(len(table)) < 0.4 + 0.3 * draw.random(), table["expression"], "angry")
            table[f"predicted_{number}"] = said
            rights.append(table[f"predicted_{number}"] == table["expression"])
        return table.assign(right=np.mean(rights, axis=0))

    def planted(face_set, clips, train, **options):
        spoiled = face_set.meta.copy()
        spoiled.loc[train[::3], "expression"] = options.get("to", "sad")
        return Faces(["planted", face_set.name, options.get("kind"), options["seed"]], spoiled)

    def balanced(face_set, rows, groups, *, seed):
        concerned = int((np.asarray(groups) == audit_repair.DARK)[rows].sum())
        return Faces(["balanced", face_set.name, len(rows), concerned, seed], face_set.meta)

    with instead() as (noted, stack):
        put = stack.enter_context
        put(patch.object(fairness, "audit_set", noted.function("audit_set", lambda *_, **__: strangers)))
        put(patch.object(fairness, "ask", noted.function("ask", answered)))
        put(patch.object(fairness, "plant_bias", noted.function("bias", planted)))
        put(patch.object(fairness, "draw_balanced", balanced))
        put(patch.object(fairness, "balancing_weights", lambda labels, groups: np.linspace(0.1, 2.0, len(labels))))
        put(patch.object(stand_ins, "film_stand_in", noted.function("film", lambda *_, **__: "a folder")))
        film = noted.function("truth", lambda *_: SimpleNamespace(name="film", clips=truth))
        put(patch.object(studio, "Film", SimpleNamespace(load=film)))
        put(patch.object(fairness, "audit", noted.function("audit", _audited)))
        ended = noted.function("ended", lambda history, recipe: {"converged": history["loss"][0] < 0.7})
        put(patch.object(training, "convergence", ended))
        out = noted.output(audit_repair.answer("class", progress=False), depth=2)
    return {**out, "sizes": digest(plain({**audit_repair.SIZES}))}


def _power(values, *, share, tests):
    return [
        {"people": count, "gap": gap, "power": min(1.0, gap * count / 30)}
        for count in (24, 96, 240)
        for gap in (0.1, 0.2)
    ]


def _audited(answers, *, outcome="right", permutations=9999) -> pd.DataFrame:
    """In the place of `fairness.audit`: the gaps, and no tests."""
    rows = []
    for attribute in ("skin tone", "presentation", "condition"):
        for value in sorted(set(answers.get(attribute, ()))):
            inside = answers[attribute] == value
            gap = float(answers[outcome][inside].mean() - answers[outcome][~inside].mean())
            row = {"attribute": attribute, "value": value, "n": int(inside.sum()), "people": 20, "accuracy": 0.5}
            found = {"p": abs(gap), "corrected": 2 * abs(gap), "judged": True, "found": gap < 0}
            rows.append(row | {"gap": gap, "gap_low": gap - 0.1, "gap_high": gap + 0.2} | found)
    made = pd.DataFrame(rows)
    made.attrs["tests"] = len(rows)
    return made


@canary("study.explanation", tolerance=ROUNDED)
def _explanation():
    """Two networks a fold are asked for maps of 4 x 4 places."""
    shortcuts = explain.shortcuts

    def maps(network, pictures, labels, **options):
        draw = drawn("maps", network.name, options)
        return draw.random(pictures.shape[:3]) + pictures[..., 0] / 500 - 0.1 * np.asarray(labels)[:, None, None]

    def shared(maps, masks):
        inside = np.where(masks.any(axis=(1, 2)), (maps * masks).sum(axis=(1, 2)) / maps.sum(axis=(1, 2)), np.nan)
        return {"share": inside, "chance": masks.mean(axis=(1, 2)), "lift": inside / 0.25}

    def summary(found, actors):
        counted = ~np.isnan(found["share"])
        return {
            "n": int(counted.sum()),
            **{name: average(found[name][counted], np.asarray(actors)[counted])["value"] for name in found},
        }

    def counterfactual(ask, pictures, labels, kind, *, classes, seed):
        answers = ask(pictures).argmax(axis=1)
        return {"with": answers, "without": ask(pictures[::-1]).argmax(axis=1), "other": (labels + seed) % classes}

    def judged(attribution, found, numbers, actors):
        right = {name: average(answers == numbers, actors) for name, answers in found.items()}
        return {"attribution": attribution, "accuracy": right}

    def mask(kind, size=180, *, classes=8):
        return np.add.outer(np.arange(size), np.arange(size)) < classes / 2 + len(kind) % 3

    def regions(face_set, truth, rows, *, size):
        expressions = face_set.meta["expression"].to_numpy()[rows]
        masks = np.stack([mask(name, size, classes=2 * LABELS.index(name)) for name in expressions])
        masks[expressions == LABELS[0]] = False
        return SimpleNamespace(masks=masks, empty=tuple(np.flatnonzero(expressions == LABELS[0]).tolist()))

    def apexes(face_set, truth, rows):
        return np.sort(np.concatenate([rows, rows + 1]))

    def targets(face_set):
        return face_set.meta["expression"].map(LABELS.index).to_numpy(), LABELS

    with instead() as (noted, stack):
        put = stack.enter_context
        for name, gives in {
            "grad_cam": maps,
            "occlusion": maps,
            "ask": lambda network, pictures: network.predict(pictures),
            "randomised": lambda network, *, seed: Network([network.name, "shuffled", seed]),
            "share": shared,
            "pointing": lambda maps, masks: (maps.argmax(axis=1) * masks[:, 0]).mean(axis=1),
            "summary": summary,
        }.items():
            put(patch.object(explain, name, noted.function(name, gives)))
        for name, gives in {
            "targets": targets,
            "shortcut_mask": mask,
            "plant": lambda face_set, folder, kind: Faces(["planted", kind], face_set.meta),
            "mark": lambda pictures, labels, kind, *, classes: pictures // 2 + np.uint8(len(kind) + classes),
            "counterfactual": counterfactual,
            "judged": judged,
        }.items():
            put(patch.object(shortcuts, name, noted.function(name, gives)))
        put(patch.object(region_masks, "apexes", noted.function("apexes", apexes)))
        put(patch.object(region_masks, "regions", noted.function("regions", regions)))
        put(patch.object(stand_ins, "truth", noted.function("truth", lambda *_, **__: "the truth")))
        put(patch.object(explanation, "home", lambda: Path("store")))
        return noted.output(explanation.answer("class", progress=False))


# --- studies that weigh and time networks -----------------------------------------------------------


def _built(name, *, classes, input_shape, **options) -> Network:
    """In the place of `models.build`."""
    return Network([name, classes, list(input_shape), options], (None, *input_shape), classes)


def _timed(callables, inputs, *, repeats, **options) -> pd.DataFrame:
    """In the place of `timing.latency`: times that the names and the number of rounds decide."""
    rows = []
    for name in callables:
        low, middle, high = np.sort(drawn("time", name, repeats, options).random(3))
        times = {"median_ms": 9 * middle, "low_ms": 9 * low, "high_ms": 9 * high}
        rows.append({"name": name, "ratio": 0.2 + middle, **times})
    return pd.DataFrame(rows)


@canary("study.sizes", tolerance=EXACT)
def _sizes():
    with instead() as (noted, stack):
        put = stack.enter_context

        def timed(callables, inputs, **options):
            for name, call in callables.items():
                noted.rest.append(["answers", name, sketch(call(None))])
            return _timed(callables, inputs, **options)

        def lstm(*, classes, frames, distances, **options):
            return _built("landmark_lstm", classes=classes, input_shape=(frames, distances), **options)

        candidates = [{"units": (8, 4), "dense": (), "distances": 3}, {"units": (2,), "dense": (5,), "distances": 9}]
        put(patch.object(models, "build", noted.function("build", _built)))
        put(patch.object(landmark_lstm, "build", noted.function("lstm", lstm)))
        put(patch.object(landmark_lstm, "candidates", lambda: candidates))
        put(patch.object(models, "profile", profile))
        put(patch.object(timing, "latency", noted.function("latency", timed)))
        put(patch.object(sizes, "gc", SimpleNamespace(collect=lambda: 0)))
        out = noted.output(sizes.answer("class", progress=False))
        out["other tiers"] = [sizes.answer(tier, progress=False, systems=["nano"])["repeats"] for tier in ("full",)]
    made = {}
    for name, count, printed, digits in (
        ("a", 542_136, 542_136, None),
        ("b", 138_357_544, 138_000_000, 3),
        ("c", 134_292_296, 134_000_000, 3),
        ("d", 134_600_000, 134_000_000, 3),
        ("e", 99, None, None),
        ("landmark_lstm", 99, 99, None),
    ):
        for head in ("ours", "source", "eight_at_source"):
            counts = {"ours": 1, "source": 2, "eight_at_source": 3} | {head: count}
            row = {key: {"parameters": counts[key]} for key in ("ours", "source")}
            row |= {"eight_at_source": counts["eight_at_source"], "printed": printed, "printed_digits": digits}
            made[f"{name}, {head}"] = sizes.reproduced(name, row)
    out["reproduced"] = condensed(made, 1)
    return out


@canary("study.lightweight2019", tolerance=EXACT)
def _lightweight2019():
    with instead() as (noted, stack):
        stack.enter_context(patch.object(lightweight2019, "weighed", noted.weighed))
        out = noted.output(lightweight2019.answer("class", progress=False))
    rows = []
    for share in (0.2, 0.5, 0.8):
        by_actor = {actor: [int(100 * share) + number, 100] for number, actor in enumerate(ACTORS)}
        rows.append({"name": f"right {share}", "parameters": int(100 * share), "by_actor": by_actor})
    with instead():
        out["judged"] = condensed([lightweight2019._judged(rows[1], row) for row in rows])
    return out


@canary("study.compression", tolerance=EXACT)
def _compression():
    """The chain with fakes of everything that is fitted, written or timed; one file is refused.

    It is asked twice in one store: what was fitted is read the second time, and OpenVINO is absent then.
    """

    def fitted(model, images, targets, train, test, **options):
        options["recipe"], options["callbacks"] = vars(options["recipe"]), list(options.get("callbacks", ()))
        return Network([model.name, "fitted", options]), {"accuracy": [0.5]}

    def pruned(model, share, **options):
        return Network([model.name, "pruned", share, options])

    def exported(network, path, *, format, quantize, **options):
        if (format, quantize) == ("onnx", "int8"):
            raise FerError("not itself any more")
        share = drawn(network.name, format, quantize).random()
        checked = {"checked": 32, "agreement": share, "difference": share / 2, "distance": share / 3}
        return SimpleNamespace(name=[network.name, format, quantize], bytes=int(1000 * share), **checked)

    def compared(items, images, targets, **options):
        rows = [{"name": name, "ratio": drawn(name, item.name).random()} for name, item in items.items()]
        return pd.DataFrame(rows).assign(latency_ms=[None, *range(1, len(rows))])

    yield "plans", digest(plain([compression.PLANS["class"], compression.PLANS["full"]]))
    absent: list[str] = []

    def is_there(package):
        return None if package in absent else package

    clock = iter(range(0, 100_000, 75))
    with instead() as (noted, stack):
        put = stack.enter_context
        place = put(tempfile.TemporaryDirectory(prefix="canary-"))
        for module, fakes in {
            compress: {
                "prune": pruned,
                "MagnitudePruning": lambda share, **options: ["pruning", share, options],
                "export": exported,
                "load": lambda file, **options: Network(["loaded", options]),
                "compare": compared,
                "sparsity": lambda model: float(drawn("zeros", model.name).random()),
                "sparse_and_fast": lambda model, *shares, **options: pd.DataFrame([{"share": 0.5, "ratio": 1.25}]),
                "without_optimizer": lambda model: model,
            },
            models: {"profile": profile, "load": lambda file: Network(["read", file.parent.name.split("-")[0]])},
            training: {"fit": fitted},
            timing: {"latency": _timed},
        }.items():
            for name, gives in fakes.items():
                put(patch.object(module, name, noted.function(name, gives)))
        put(patch.object(models, "damage_of", lambda file: ""))  # the fakes write no real networks
        put(patch.object(compression, "home", lambda: Path(place)))
        put(patch.object(compression, "time", SimpleNamespace(monotonic=lambda: next(clock))))
        put(patch.object(compression, "importlib", SimpleNamespace(util=SimpleNamespace(find_spec=is_there))))
        who = noted.function("person", lambda seed: f"person {seed}")
        draw = noted.function("draw", lambda person, units, *, size: np.zeros((*size[::-1], 3), np.uint8))
        put(patch.object(compression_measuring, "studio", SimpleNamespace(person=who, draw=draw)))
        box = SimpleNamespace(detect=lambda picture: ["a box"])
        detector = noted.function("detector", lambda name: box)
        put(patch.object(compression_measuring, "detectors", SimpleNamespace(create=detector)))
        finder = SimpleNamespace(load=lambda progress: SimpleNamespace(find=None))
        put(patch.object(compression_measuring, "landmark_predictor", finder))
        yield from noted.output(compression.answer("class", progress=False)).items()
        noted.rest.clear()
        absent.append("openvino")
        again = compression.answer("class", progress=False)
        yield "again", condensed({key: again[key] for key in ("left_out", "networks")} | {"requests": noted.rest}, 1)


# --- smaller than the paper -------------------------------------------------------------------------


@canary("study.nano", tolerance=EXACT)
def _nano():
    with instead() as (noted, stack):
        stack.enter_context(patch.object(nano_against_paper, "weighed", noted.weighed))
        out = noted.output(nano_against_paper.answer("class", progress=False))
    met = [{"value": value, "low": low} for value in (-0.1, 0.0, 0.1) for low in (-0.02, -0.01, -0.005, 0.01)]
    out["met"] = [nano_against_paper._met(one)["met"] for one in met]
    return out


@canary("study.nano_savee", tolerance=EXACT)
def _nano_savee():
    with instead() as (noted, stack):
        stack.enter_context(patch.object(nano_against_paper, "weighed", noted.weighed))
        return noted.output(nano_savee.answer("class", progress=False))


@canary("study.nano_ablation", tolerance=EXACT)
def _nano_ablation():
    with instead() as (noted, stack):
        stack.enter_context(patch.object(nano_against_paper, "weighed", noted.weighed))
        return noted.output(nano_ablation.answer("class", progress=False))


@canary("study.nano_taught", tolerance=EXACT)
def _nano_taught():
    with instead() as (noted, _):
        return noted.output(nano_taught.answer("class", progress=False))


#: Rows of every kind, for the frontier.  A row that the protocol gets later changes nothing here.
PROTOCOL_ROWS = (
    "HOG and nearest neighbours",
    "HOG and SVM",
    "HOG and ANN",
    "HOG and SVM, 80 px",
    "HOG and ANN, 80 px",
    "landmarks and SVM",
    "landmarks and ANN",
    "HOG and nearest neighbours, frames at random",
    "HOG and nearest neighbours, frames at random, twins",
    "HOG and SVM, frames at random",
    "HOG and SVM, frames at random, twins",
    "landmarks and SVM, frames at random",
    "landmarks and SVM, frames at random, twins",
    "nano",
    "ding2023",
    "ding2023, frames at random",
    "ding2023, frames at random, twins",
    "nano, 25,000",
    "ding2023, images as they are",
    "nano, 180 px",
    "ding2023, 180 px",
    "mobilenet_inception2019",
    "mobilenetv2",
    "xception2022, width 1/4",
    "inceptionv3",
    "inception_resnetv2",
)


@canary("study.frontier", tolerance=EXACT)
def _frontier():
    """A made-up answer of the protocol, with rows of every kind; what is trained, written and timed costs nothing."""
    protocol = {"people": 10, "rows": [_row_of_protocol(name) for name in PROTOCOL_ROWS]}
    with instead() as (noted, stack):
        put = stack.enter_context

        def stored(name, tier):
            return SimpleNamespace(answer=protocol, commit=f"commit of {name}", finished=f"{tier} day")

        def learned(method):
            data = noted.load(method.data)
            train, test = method.split.rows(data.meta)
            targets = pd.factorize(data.meta["expression"])[0]
            says = lambda rows: (targets[rows] + (np.asarray(rows) % 3 == 0)) % 4  # noqa: E731
            # Who tests in another order than the faces lie in.
            return SimpleNamespace(face_set=data, train=train, test=test[::-1], targets=targets, says=says)

        def written(network, path, **options):
            if options["quantize"] and drawn(network.name).random() < 0.4:
                raise FerError("Refused.\nFor a reason.")
            return SimpleNamespace(name=[network.name, options["quantize"]], bytes=len(str(network.name)))

        def timed(callables, inputs, **options):
            calls = [["timed", name, sketch(call(None))] for name, call in callables.items()]
            noted.rest.extend(calls)
            numbers = np.arange(1.0, len(callables) + 1)
            times = {"low_ms": 2 * numbers, "median_ms": 3 * numbers, "high_ms": 5 * numbers}
            return pd.DataFrame({"name": list(callables), "ratio": numbers, **times})

        @contextmanager
        def watching():
            yield SimpleNamespace(others=0.25)

        named = lambda one, side: Network([one.face_set.name, side])  # noqa: E731
        put(patch.object(frontier, "load", noted.function("stored", stored)))
        put(patch.object(simple_methods, "learn", noted.function("learned", learned)))
        put(patch.object(simple_networks, "network_of", noted.function("network", named)))
        put(patch.object(compress, "export", noted.function("export", written)))
        put(patch.object(compress, "load", lambda file: _answers_of_a_file(file.name)))
        put(patch.object(timing, "latency", noted.function("latency", timed)))
        put(patch.object(other_processes, "watching", watching))
        out = noted.output(frontier.answer("class", progress=False))
        some = frontier.answer("class", protocol=protocol, rows=["ding2023"], repeats=2, progress=False)
        out["one of them"] = condensed(some)
    out["simple methods as networks"] = _simple_networks()
    return out


def _row_of_protocol(name: str) -> dict:
    """What the frontier reads of a row of the protocol's answer; every fifth has not converged."""
    row, draw = protocol_rows.ROWS[name], drawn(name)
    kept = {key: getattr(row, key) for key in ("network", "features", "classifier", "changes", "by", "twins", "size")}
    return {
        "name": name,
        **kept,
        "setting": row.settings[1],
        "parameters": int(1000 * draw.random()),
        "macs": None if row.features == "landmark distances" else int(1000 * draw.random()),
        "accuracy": {"value": float(draw.random())},
        "seeds": row.seeds,
        "witness": PROTOCOL_ROWS.index(name) % 5 != 2,
    }


def _answers_of_a_file(name):
    """A file that says what its network says but for one face in eleven."""

    def run(images):
        scores = Network(name).predict(images)
        scores[::11] = scores[::11, ::-1]
        return scores

    return run


def _simple_networks() -> list:
    """Neighbours and the SVM, learned from faces that a formula decides, as networks from pixels to shares."""
    meta = people([f"{number:02d}" for number in range(1, 7)], ("neutral", "sad", "happy"), clips=1, frames=2)
    known = Faces("known", meta, side=36)
    found = []
    with patch.object(simple_methods, "_faces", lambda data, with_landmarks, progress: known):
        for name, setting in (("HOG and nearest neighbours", 3), ("HOG and SVM", 0.5)):
            one = protocol_rows.asked(protocol_rows.ROWS[name], setting, tier="smoke", fold=1, seed=4)
            learned = simple_methods.learn(one, progress=False)
            network = simple_networks.network_of(learned, 36)
            shares = network.predict(known.images, verbose=0).astype(float).round(4)
            found.append([name, network.count_params(), learned.says(np.arange(len(meta))).tolist(), shares.tolist()])
    return condensed(found)


# --- short trainings that are followed --------------------------------------------------------


def _followed(trained: list):
    """In the place of `followed_trainings.followed`: a record that a digest of what is asked decides."""

    def followed(asked, images, labels, people, rows) -> dict:
        what = asked.configuration()
        trained.append([what, sorted(asked.stages()), sketch(images), {k: digest(v) for k, v in rows.items()}])
        draw, names = drawn(what), sorted(set(people[rows["test"]].tolist()))
        checks = asked.steps // asked.check_every
        return {
            "key": digest(what),
            "configuration": what,
            "stages": {},
            "curves": {
                name: {quantity: draw.random(checks).round(3).tolist() for quantity in ("accuracy", "loss")}
                for name in rows
            },
            "by_person": {name: draw.integers(0, 9, checks).tolist() for name in names},
            "all": dict.fromkeys(names, 9),
            "train_images": len(rows["train"]),
            "parameters": 100,
            "processor_minutes": 0.5,
        }

    return followed


class _InMemory:
    """In the place of records in files: nothing is found, nothing is kept."""

    def find(self, row, asked):
        return None

    def add(self, row, record):
        self.added = record


def _network_of(tools) -> list:
    made = followed_trainings.network(tools, 7, 4)
    kernels = [layer for layer in made.layers if hasattr(layer, "kernel")]
    return [
        [
            [layer.name, list(layer.kernel.shape), plain(getattr(layer.kernel.regularizer, "l1", None))]
            for layer in kernels
        ],
        [layer.rate for layer in made.layers if hasattr(layer, "rate")],
        round(float(sum(made.losses, 0.0)), 3),
    ]


def _followed_for_real() -> dict:
    """One training of a few steps: what is read when, and by whom."""
    images = (255 * drawn("followed").random((24, 48, 48, 1))).astype(np.uint8)
    asked = followed_trainings.Asked(
        "overfitting_tools", (("a", 1),), followed_trainings.Tools(augment=0.5, dropout=0.2), 4, 2, 7
    )
    rows = {"train": np.arange(8), "validation": np.arange(8, 14), "test": np.arange(14, 24)}
    noted = []

    def fit(model, given, labels, train, test, *, recipe, seed, progress, callbacks):
        noted.append([recipe.configuration(), seed, train.tolist(), test.tolist()])
        for callback in callbacks:
            callback.set_model(model)
            for check in range(2):
                callback.on_epoch_end(check)

    with patch.object(training, "fit", fit):
        record = followed_trainings.followed(asked, images, np.arange(24) % 3, np.arange(24).astype(str), rows)
    kept = ("configuration", "by_person", "all", "train_images", "parameters")
    losses = {name: [round(value, 2) for value in curve["loss"]] for name, curve in record["curves"].items()}
    return {"fit": noted, "losses": losses, **{name: record[name] for name in kept}}


@canary("study.overfitting_tools", tolerance=1e-3)
def _overfitting_tools():
    trained: list = []
    meta = people([f"{number:02d}" for number in range(1, 13)], clips=2)
    meta = meta.assign(frame=meta["frame_index"])
    with ExitStack() as stack:
        put = stack.enter_context
        put(patch.object(overfitting_tools, "followed", _followed(trained)))
        put(patch.object(experiments.Data, "load", lambda data, progress=True: Faces([data.dataset, data.tier], meta)))
        put(patch.object(faces, "resize", lambda images, size, progress=True: images + size))
        answer = overfitting_tools.answer("class", records=_InMemory(), rounds=2, progress=False)
    yield "constants", [overfitting_tools.ROUNDS, overfitting_tools.FOLDS]
    yield "answer", condensed(answer)
    yield "trainings", listed(trained)
    yield "networks", [_network_of(tools) for some in overfitting_tools.ROWS.values() for tools in some]
    yield "followed", _followed_for_real()


@canary("study.number_of_people", tolerance=EXACT)
def _number_of_people():
    trained: list = []

    def faces_of(count, *, seed, poses, progress):
        trained.append(["drawn", count, seed, poses])
        labels = np.tile(np.repeat(np.arange(7), poses), count)
        who = np.repeat(np.arange(count), 7 * poses)
        return random_faces.RandomFaces(np.full((len(labels), 2, 2), seed, np.uint8), labels, who)

    def cut(images, *, size, seed):
        return images + np.uint8(size + seed)

    with ExitStack() as stack:
        put = stack.enter_context
        put(patch.object(number_of_people, "followed", _followed(trained)))
        put(patch.object(random_faces, "draw_faces", faces_of))
        put(patch.object(photographs, "crop_faces", cut))
        answer = number_of_people.answer("class", records=_InMemory(), progress=False)
    return {"answer": condensed(answer), "trainings": listed(trained)}
