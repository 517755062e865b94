"""The chain of Valverde & Lim 2022: detect, recognise with Xception, prune, quantise, compile.

Every cell is measured in one run.

    # some 80 minutes of one core for the trainings, then some 15 of two
    python -m fer_utils study compression --store

Their chain (and Light-FER's, Sensors 22(23), 9524, by the same group): dlib's face and
68 landmarks first, then Xception, pruned while it trains, quantised, compiled,
against VGG16 and ResNet50.  KNN and ANN, its historical first row, have a study of their own, ``before_networks``.

Plan of tier ``class``: faces shrunk to 64 pixels, the whole Xception (20.9 million
parameters), VGG16 and ResNet50, 12 epochs each on 24 drawn actors of whom a fifth
tests; then 4 epochs more for each pruned form, and for the whole network as well, because to train on is an advantage
in itself.  At 2,300 training faces and batches of 16 an epoch took 84, 187 and 74 seconds of one core when this was
planned: some 70 minutes for the three, 13 for the forms that train on.  All learn as in ``lightweight2019``, from
mirrored faces and at a rate that falls to 0 along a cosine; VGG16, which has no normalisation, at a tenth of the rate,
from He's initialisation and without its dropout (both ours: with half of its hidden units dropped twice, from Keras'
own initialisation, it had not left the commonest label after 12 epochs).

Each row of the table is a file, or Keras itself, in a process of its own with one and with two
threads; all take their turns in one run (see ``fer_utils.compress.compare``), and the whole is in
memory at once: some 10 GB with all engines.  Milliseconds are those of the machine that the result names; the ratios
carry further, and not far.
"""

from __future__ import annotations

from collections.abc import Iterable
import importlib.util
import json
from pathlib import Path
import tempfile
import time

import numpy as np
from tqdm import tqdm

from fer_utils import compress, experiments, faces, models, training
from fer_utils.core import provenance, stages
from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.paths import home, read_json, write_atomic
from fer_utils.experiments import Data, Experiment, Model, Split
from fer_utils.studies.compression_measuring import (
    BASELINE,
    WEIGHT_BITS,
    front_times,
    measured_files,
    right_by_actor,
    row_name,
)
from fer_utils.training import Recipe

TITLE = "The whole chain of 2022: pruned, quantised and compiled, against its rivals, every cell in one run"
HEADLINE = True

#: Side of the faces, epochs, epochs after pruning, timed rounds, at each tier.
PLANS: dict[str, dict[str, int]] = {
    "smoke": {"size": 32, "epochs": 1, "tuning": 1, "repeats": 2},
    "class": {"size": 64, "epochs": 12, "tuning": 4, "repeats": 30},
    "full": {"size": 96, "epochs": 40, "tuning": 10, "repeats": 50},
}
NETWORK = "xception2022"
RATES: dict[str, float] = {NETWORK: 1e-3, "vgg16": 1e-4, "resnet50": 1e-3}
RIVALS = ("vgg16", "resnet50")
#: What is changed in a rival.  At 32 pixels VGG16 did not leave the commonest label in three epochs with its dropout,
#: and did without.
OPTIONS: dict[str, dict] = {"vgg16": {"dropout": 0.0}}
#: Of all trainings, those after pruning, too.
LEARNING: dict = {"flip": True, "schedule": "cosine"}
#: The strangers: the first of the five folds that ``nano`` and ``lightweight2019`` have, so that all can be set side by
#: side.
FOLD = 0
#: Of the weights; and of the filters, in each of the steps between which the network trains on: 1 - 0.7^2 = 51 % in the
#: end.
WEIGHTS_GONE, FILTERS_GONE, STEPS = 0.8, 0.3, 2
#: Each layer loses its own share: ranked all together, the layers with the smallest weights can be emptied, and nothing
#: passes an empty layer.
SCOPE = "layer"
#: Networks that begin as the trained Xception and train on, and what is done to them meanwhile: nothing, to the
#: control.
TUNED: dict[str, str] = {
    "xception, trained on": "nothing",
    "xception, weights pruned": "weights",
    "xception, filters pruned": "filters",
}
#: Where no engine is there for it a row is left out, and the answer says so.
FORMS: tuple[tuple[str, str, str | None], ...] = (
    ("xception", "keras", None),
    ("xception", "xla", None),
    *(("xception", "litert", quantize) for quantize in (None, "float16", "dynamic", "int8")),
    *(("xception", "onnx", quantize) for quantize in (None, "dynamic", "int8")),
    *(("xception", "openvino", quantize) for quantize in (None, "float16", "int8")),
    ("xception, trained on", "litert", None),
    *(("xception, weights pruned", "litert", quantize) for quantize in (None, "int8")),
    *(("xception, filters pruned", form, quantize) for form in ("litert", "openvino") for quantize in (None, "int8")),
    *((rival, form, None) for rival in RIVALS for form in ("keras", "litert")),
)
_PACKAGES = {"onnx": ("onnx", "tf2onnx", "onnxruntime"), "openvino": ("openvino", "onnx", "tf2onnx", "onnxruntime")}


def answer(
    tier: str = "class",
    *,
    progress: bool = True,
    forms: Iterable[tuple] | None = None,
    rivals: Iterable[str] | None = None,
    threads: Iterable[int] = (1, 2),
    shares: Iterable[float] | None = None,
    front: bool = True,
    network: str = NETWORK,
    options: dict | None = None,
    size: int | None = None,
    epochs: int | None = None,
    tuning: int | None = None,
    repeats: int | None = None,
) -> dict:
    """Train, prune, tune, export and measure the chain.

    Parameters
    ----------
    tier : ``smoke``, ``class`` or ``full``; chooses the faces and `PLANS`.
    forms : rows, (network, engine or format, quantisation), among `FORMS`; None for all.  The baseline is always there.
    rivals : among `RIVALS`; None for both.  Those that are not asked for have no rows.
    threads : numbers of threads.
    shares : pruned shares of the measurement *sparse is not fast*; None for its own, an empty list leaves it out.
    front : whether to time dlib's face and landmarks on drawn pictures of 1280x720.
    network, options : what stands in the place of Xception, and its options (see ``fer_utils.models.build``); for a
        test.
    size, epochs, tuning, repeats : in place of the tier's own.

    Returns
    -------
    dict with ``plan``, ``split`` (counts of faces and actors on both sides; ``chance``, the commonest label's share of
    the test), ``labels``, ``baseline``, ``threads``; ``networks``, by name: ``parameters``, ``macs``, ``bytes``,
    ``activation_bytes``, ``zeros`` (share of the kernels' weights), ``minutes``, ``by_actor`` (of the test: faces right
    and all, by actor, in Keras) and, where trained by an experiment, its ``experiment``, and the last
    ``train_accuracy`` and ``test_accuracy``; ``rows``: ``network``, ``form``, ``quantize``, ``parameters`` and the
    columns of ``fer_utils.compress.compare`` (agreement and change are to the ``reference``, the network before it was
    pruned, in float, in Keras), None for what is not there; ``checks``: of each exported file, how it agreed with Keras
    when it was written; ``refused``: rows whose file did not compute what Keras does, with the ``reason``;
    ``left_out``: rows without their engine; ``sparse``: rows of ``fer_utils.compress.sparse_and_fast`` of the trained
    Xception; ``front``: ``picture`` (width, height), ``faces_ms`` and ``landmarks_ms`` (medians, with ``_low`` and
    ``_high`` quartiles), or None; ``first_row``: the study that has KNN and ANN.

    Raises
    ------
    FerError : an unknown tier, form or rival.
    """
    if tier not in PLANS:
        raise invalid("tier", expected=f"one of {', '.join(PLANS)}", received=tier)
    plan = PLANS[tier] | {
        name: whole_number(name, value, 1)
        for name, value in (("size", size), ("epochs", epochs), ("tuning", tuning), ("repeats", repeats))
        if value is not None
    }
    wanted = list(FORMS) if forms is None else [tuple(form) for form in forms]
    chosen = list(RIVALS) if rivals is None else list(rivals)
    for argument, given, known in (("forms", wanted, FORMS), ("rivals", chosen, RIVALS)):
        for one in given:
            if one not in known:
                raise invalid(argument, expected=f"among {', '.join(map(str, known))}", received=one)
    wanted = [FORMS[0], *(form for form in wanted if form != FORMS[0] and (form[0] not in RIVALS or form[0] in chosen))]
    left_out = [{"row": row_name(*form), "missing": _absent(form)} for form in wanted if _absent(form)]
    wanted = [form for form in wanted if not _absent(form)]

    data = Data(tier=tier)
    face_set = data.load(progress)
    trained = _trained(
        data, face_set, plan, {network: options or {}, **{rival: OPTIONS.get(rival, {}) for rival in chosen}}, progress
    )
    first = trained[network]
    split = Experiment.from_configuration(first.experiment).split
    train, test = split.rows(face_set.meta)
    images = faces.resize(face_set.images, plan["size"], progress=progress)
    targets = (
        face_set.meta["expression"].map({name: number for number, name in enumerate(first.labels)}).to_numpy(np.int64)
    )
    networks = {"xception": first.model(), **{rival: trained[rival].model() for rival in chosen}}
    minutes = {"xception": first.minutes, **{rival: trained[rival].minutes for rival in chosen}}
    for name, way in TUNED.items():
        if any(form[0] == name for form in wanted):
            networks[name], minutes[name] = _tuned(
                networks["xception"], first, way, images, targets, train, test, plan, progress
            )

    with tempfile.TemporaryDirectory() as folder:
        rows, checks, refused = measured_files(
            networks,
            wanted,
            Path(folder),
            images,
            targets,
            face_set.meta,
            train,
            test,
            list(threads),
            plan["repeats"],
            progress,
        )
    described = {}
    for name, model in networks.items():
        counted = models.profile(model)
        described[name] = {
            "parameters": counted.parameters,
            "macs": counted.macs,
            "bytes": counted.bytes,
            "activation_bytes": counted.activation_bytes,
            "zeros": compress.sparsity(model),
            "minutes": minutes[name],
            "by_actor": right_by_actor(model, images, targets, test, face_set.meta),
        }
        result = trained.get(network if name == "xception" else name)
        if result is not None:
            described[name] |= {
                "experiment": result.experiment,
                **{
                    key: result.history[part][-1]
                    for key, part in (("train_accuracy", "accuracy"), ("test_accuracy", "test_accuracy"))
                },
            }
    for row in rows:
        row["parameters"] = described[row["network"]]["parameters"]
    some = (
        compress.sparse_and_fast(
            networks["xception"],
            *(() if shares is None else (shares,)),
            image=images[int(test[0])],
            repeats=plan["repeats"],
            progress=progress,
        )
        if shares is None or list(shares)
        else None
    )
    return {
        "plan": {
            **plan,
            "network": network,
            "options": options or {},
            "weights_gone": WEIGHTS_GONE,
            "filters_gone_a_step": FILTERS_GONE,
            "steps": STEPS,
            "scope": SCOPE,
            "rates": RATES,
            "learning": LEARNING,
            "rivals": OPTIONS,
            "weight_bits": WEIGHT_BITS,
        },
        "split": {
            "train": len(train),
            "test": len(test),
            "chance": float(np.bincount(targets[test]).max() / len(test)),
            **{
                f"{side}_actors": int(face_set.meta.iloc[part]["actor"].nunique())
                for side, part in (("train", train), ("test", test))
            },
        },
        "labels": list(first.labels),
        "baseline": BASELINE,
        "threads": list(threads),
        "networks": described,
        "rows": rows,
        "checks": checks,
        "refused": refused,
        "left_out": left_out,
        "sparse": [] if some is None else some.to_dict("records"),
        "front": front_times(plan["repeats"], progress) if front else None,
        "first_row": "before_networks",
    }


def _absent(form: tuple) -> str | None:
    """The first package that a row needs and that is not installed."""
    return next((package for package in _PACKAGES.get(form[1], ()) if importlib.util.find_spec(package) is None), None)


def _trained(data, face_set, plan: dict, names: dict[str, dict], progress: bool) -> dict:
    """A stored result of each network; those that are there are read."""
    found = {}
    for name, options in tqdm(names.items(), desc="networks", unit="network", disable=not progress):
        found[name] = experiments.run(
            Experiment(
                data=data,
                split=Split("actor", fold=FOLD),
                model=Model.of(name, size=plan["size"], **options),
                recipe=Recipe(epochs=plan["epochs"], learning_rate=RATES.get(name, RATES[NETWORK]), **LEARNING),
            ),
            face_set=face_set,
            progress=progress,
        )
    return found


def _tuned(model, result, way: str, images, targets, train_rows, test_rows, plan: dict, progress: bool) -> tuple:
    """The network, trained on in one of the ways of `TUNED`, and the minutes that took.

    It is kept by what decides it, so that it is done once.
    """
    passed = stages.versions(["training", "pruning"])
    key = provenance.digest(
        [result.key, way, plan["tuning"], WEIGHTS_GONE, FILTERS_GONE, STEPS, SCOPE, LEARNING, passed]
    )[:24]
    folder = home() / "compression" / f"{way}-{key}"
    if (folder / "done.json").is_file() and not models.damage_of(folder / "model.keras"):
        return models.load(folder / "model.keras"), read_json(folder / "done.json")["minutes"]
    began = time.monotonic()
    # A third of the rate: what was learned is to be kept.
    recipe = {"learning_rate": RATES[NETWORK] / 3, **LEARNING}
    if way in ("nothing", "weights"):
        batches = -(-len(train_rows) // Recipe().batch_size) * plan["tuning"]
        callbacks = (
            [] if way == "nothing" else [compress.MagnitudePruning(WEIGHTS_GONE, ramp=0.5, steps=batches, scope=SCOPE)]
        )
        tuned, _ = training.fit(
            compress.prune(model, 0.0),
            images,
            targets,
            train_rows,
            test_rows,
            recipe=Recipe(epochs=plan["tuning"], **recipe),
            seed=1,
            callbacks=callbacks,
            progress=progress,
            description="training on" if way == "nothing" else "pruning weights",
        )
    else:
        tuned = model
        for step in range(STEPS):
            epochs = max(1, plan["tuning"] // STEPS)
            tuned, _ = training.fit(
                compress.prune(tuned, FILTERS_GONE, scope=SCOPE, structured=True),
                images,
                targets,
                train_rows,
                test_rows,
                recipe=Recipe(epochs=epochs, **recipe),
                seed=1 + step,
                progress=progress,
                description=f"after pruning filters, step {step + 1}",
            )
    spent = round((time.monotonic() - began) / 60, 3)
    folder.mkdir(parents=True, exist_ok=True)
    tuned.save(folder / "model.keras")
    # Last: its presence says that the file is whole.
    write_atomic(folder / "done.json", json.dumps({"minutes": spent, "result": result.key}))
    return tuned, spent
