"""The network that travels: the best one of the study ``transfer``, trained, exported, measured, put into the package.

    python -m fer_utils ship --real ck48=FOLDER --real fer2013=FOLDER --real ravdess=FOLDER

The study chose 'two networks' by the labels of its development set, CK+48, and learned from drawn faces only.  Here the
same code trains them again (`fer_utils.studies.transfer_probabilities`, whose trainings are kept and go on if they were
killed), joins the two into one network and exports it to LiteRT in float32 and int8.  Both files are then asked about
drawn strangers and about every folder of real faces that is given, and audited with drawn people.  What comes of it
lies in `fer_utils.models.pretrained_networks.FOLDER`: the files, the card, and the answers of the Keras network to
drawn faces, with which a test compares the files.

A training in which arithmetic rounds otherwise gives slightly other weights, so the card has the files' own scores,
beside those of the stored study.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
import datetime
import hashlib
import os
from pathlib import Path
import tempfile
import time
from typing import Any

import keras
import numpy as np
import pandas as pd
from tqdm import tqdm

from fer_utils import compress, faces, fairness, models
from fer_utils.core import provenance, stages
from fer_utils.core.disk import check_folder
from fer_utils.core.errors import invalid
from fer_utils.core.paths import write_atomic
from fer_utils.models import contrast, pretrained_networks
from fer_utils.studies import real_sets, store, transfer
from fer_utils.studies.real_sets import SIDE, RealSet
from fer_utils.studies.rounding import rounded
from fer_utils.studies.transfer_probabilities import SEED, Learner
from fer_utils.synthetic import stand_ins
from fer_utils.synthetic.photographs import crop_faces, photographed
from fer_utils.synthetic.posed_prototypes import LABELS
from fer_utils.synthetic.random_faces import draw_faces, person_of

#: The row of the study that is shipped, and the networks that it is the mean of.
ROW, PARTS = "two networks", ("contrast", "gradients")
#: How a real picture's faces are made for it: as `fer_utils.studies.real_sets.read` made those of the study.
FACES: Mapping[str, Any] = {
    "detector": "dlib",
    "frames": 6,
    "size": SIDE,
    "margin": 0.0,
    "sampling": "even",
    "align": False,
}
#: What a set of real faces is, for the card; any other set is the reader's own.
ROLES: Mapping[str, str] = {
    "ck48": "development set: its labels chose the network and the drawing, so its score is flattering",
    "fer2013": "test: asked once the network was chosen",
    "ravdess": "one actor: it describes, and proves nothing",
}
#: Seed of the drawn strangers, and of the faces whose answers are stored; the network learned from those of `SEED`.
STRANGERS_SEED, REFERENCE_SEED = 2, 3
#: How many faces' answers are stored.
REFERENCE_FACES = 200
#: Tier -> drawn strangers; and strangers of the audit under conditions, how many of them under all, and acts of each.
STRANGERS: dict[str, tuple[int, int, int, int]] = {"smoke": (4, 2, 1, 8), "class": (300, 48, 24, 8)}
#: By what drawn people are grouped, besides `fairness.SENSITIVE_FEATURES`.
GROUPED_BY: tuple[str, ...] = (*fairness.SENSITIVE_FEATURES, "facial hair", "glasses", "hair colour")
#: Pictures that set the ranges of the int8 file's activations.
CALIBRATION = 200


def ship(
    real: Mapping[str, str] | None = None,
    *,
    tier: str = "class",
    folder: str | os.PathLike | None = None,
    progress: bool = True,
) -> dict[str, Any]:
    """Train what is not trained yet, export, measure, audit, and write the files.

    Parameters
    ----------
    real : name of a set of real faces -> its folder, as `fer_utils.studies.real_sets.read` takes them.  The package's
        own files are written only with all of `fer_utils.studies.transfer.REAL_SETS`.
    tier : of `fer_utils.studies.transfer.SIZES`: ``class``, the stored study's, or ``smoke``, which shows that it runs
        and is never written into the package.
    folder : where the files are written; None for the package's own.
    progress : bars on standard error.

    Returns
    -------
    dict, the card: ``name``, ``labels``, ``parameters``, ``multiply_accumulates``; ``files``: form -> ``file``,
    ``bytes``, ``sha256``, ``operations``, and the agreement with Keras at writing; ``faces``: how faces are made for
    it; ``learned``: from what, how; ``sets``: ``name``, ``real``, ``role``, ``faces``, ``people``, ``counts``,
    ``left_out``, ``detector``; ``scores``: form -> set -> what `fer_utils.studies.transfer.reading` gives, where
    ``gain`` is int8 minus float32; ``study``: set -> the stored study's accuracy and the share of labels that are the
    same as Keras'; ``audit``; ``reference``; ``stages`` with the versions that the files (``files``) and their scores
    (``scores``) passed; ``versions``, ``hardware``, ``commit``, ``finished``, ``processor_minutes``, ``command``.

    Raises
    ------
    FerError : an unknown tier, or one that is not for the package; a folder without faces; sets that are missing for
        the package's own files; no stored answer of the study.
    """
    if tier not in STRANGERS:
        raise invalid("tier", expected=f"one of {', '.join(STRANGERS)}", received=tier)
    place = pretrained_networks.FOLDER if folder is None else Path(folder)
    real = dict(real or {})
    if folder is None and (tier != "class" or set(transfer.REAL_SETS) - set(real)):
        raise invalid(
            "real",
            expected=f"tier class and folders of {', '.join(transfer.REAL_SETS)}, for the package's own files",
            received=f"tier {tier}, {', '.join(real) or 'no folder'}",
            remedy="Or name a `folder` of your own for the files.",
        )
    check_folder("folder", place, what="the files", remedy="name another `folder`.")
    stored = store.load("transfer")
    began = time.process_time()
    with stages.recording() as searching:
        sets = [real_sets.read(name, path, progress=progress) for name, path in real.items()]
    with stages.recording() as making:
        learner = Learner(*transfer.SIZES[tier], progress=progress)
        network = trained(learner)
        with tempfile.TemporaryDirectory() as scratch:
            written = exported(network, learner, Path(scratch), progress=progress)
            contents = {form: file.path.read_bytes() for form, file in written.items()}
            runners = {form: compress.load(file) for form, file in written.items()}
    with stages.recording() as measuring:
        everybody = [*drawn_sets(tier, progress=progress), *sets]
        probabilities = {
            form: {one.name: asked(run, one.images, f"{form}, {one.name}", progress) for one in everybody}
            for form, run in runners.items()
        }
        audits = {
            "groups": audited_groups(tier, everybody[0], probabilities["float32"][everybody[0].name]),
            "conditions": audited_conditions(tier, runners["float32"], progress=progress),
        }
        scores = {
            form: {
                one.name: transfer.reading(
                    one, given[one.name], None if form == "float32" else probabilities["float32"][one.name]
                )
                for one in everybody
            }
            for form, given in probabilities.items()
        }
    name = pretrained_networks.NAMES[0]
    card = rounded(
        {
            "name": name,
            "labels": list(LABELS),
            "parameters": network.count_params(),
            "multiply_accumulates": sum(models.profile(part).macs for part in parts(learner)),
            "faces": dict(FACES),
            "files": {
                form: _about_file(f"{name}{ending}.tflite", contents[form], written[form])
                for form, ending in pretrained_networks.FORMS.items()
            },
            "learned": _learned(learner, tier),
            "sets": [_about_set(one, real=one.name in real) for one in everybody],
            "scores": scores,
            "study": {one.name: _beside_the_study(one, network, probabilities, stored) for one in sets},
            "audit": audits,
            "reference": {"seed": REFERENCE_SEED, "faces": REFERENCE_FACES},
            "stages": {
                "files": stages.versions(making.stages),
                "scores": stages.versions(searching.stages | measuring.stages),
            },
            "versions": provenance.versions(),
            "hardware": provenance.hardware(),
            "commit": provenance.commit(),
            "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "processor_minutes": (time.process_time() - began) / 60,
            "command": "python -m fer_utils ship" + "".join(f" --real {one}=FOLDER" for one in real),
        }
    )
    answers = reference(network, progress=progress)
    for form, content in contents.items():
        write_atomic(place / card["files"][form]["file"], content)
    write_atomic(place / f"{name}-reference.json", store.readable(answers))
    write_atomic(place / f"{name}.json", store.readable(card))  # last: with it the files are whole
    return card


# --- training and exporting ---------------------------------------------------------------------


def parts(learner: Learner) -> list[keras.Model]:
    """The networks of the study that are averaged; trained if they are not kept."""
    return [learner.network(part) for part in PARTS]


def trained(learner: Learner) -> keras.Model:
    """The one network of two branches."""
    return contrast.averaged(*parts(learner))


def exported(network: keras.Model, learner: Learner, folder: Path, *, progress: bool) -> dict[str, compress.Export]:
    """The network as files: form -> what was written.  int8 takes its ranges from faces that it learned from."""
    pictures, _ = learner.worn
    rows = np.linspace(0, len(pictures) - 1, min(CALIBRATION, len(pictures))).astype(int)
    calibration = pictures[rows][..., None]
    return {
        form: compress.export(
            network,
            folder / f"{form}.tflite",
            quantize=None if form == "float32" else form,
            calibration=calibration,
            progress=progress,
        )
        for form in pretrained_networks.FORMS
    }


def operations(content: bytes) -> dict[str, int]:
    """How often a LiteRT file (its bytes) uses each operation, by the operations' names, sorted."""
    names = sorted(compress.engines.LiteRT(content, threads=1, plain=True).operations())
    return {name: names.count(name) for name in dict.fromkeys(names)}


# --- asking -------------------------------------------------------------------------------------


def drawn_sets(tier: str, *, progress: bool) -> list[RealSet]:
    """Drawn strangers, as they are and changed towards photographs, and the drawn actors of the RAVDESS stand-in.

    Nobody of them was learned from.
    """
    drawn = draw_faces(STRANGERS[tier][0], seed=STRANGERS_SEED, progress=progress)
    people = np.array([f"stranger {number}" for number in drawn.people])
    cut = crop_faces(drawn.images, size=SIDE, seed=STRANGERS_SEED)
    changed = photographed(cut, seed=STRANGERS_SEED, progress=progress)
    film = stand_ins.face_set("ravdess", tier=tier, progress=progress)
    kept = film.meta["expression"].isin(LABELS).to_numpy()
    numbers = film.meta["expression"][kept].map({label: number for number, label in enumerate(LABELS)})
    frames = faces.resize(np.asarray(film.images)[kept], SIDE, progress=progress)[..., 0]
    left_out = {"other label": int((~kept).sum())}
    return [
        RealSet("drawn strangers", cut, drawn.labels, people, {}, "as drawn"),
        RealSet("drawn strangers, changed", changed, drawn.labels, people, {}, "as drawn"),
        RealSet(
            "stand-in", frames, numbers.to_numpy(np.int64), film.meta["actor"][kept].to_numpy(str), left_out, "dlib"
        ),
    ]


def asked(run, images: np.ndarray, what: str, progress: bool) -> np.ndarray:
    """Probabilities (N, 7) of an exported file for (N, SIDE, SIDE) uint8."""
    parts_of = np.array_split(np.arange(len(images)), max(1, len(images) // 100))
    bar = tqdm(parts_of, desc=f"asking {what}", unit="part", delay=2, disable=not progress)
    return np.concatenate([run(images[rows][..., None]) for rows in bar])


def audited_groups(tier: str, strangers: RealSet, probabilities: np.ndarray) -> dict[str, Any]:
    """`fairness.audit` of the drawn strangers by what is known of them: ``people``, ``tests``, ``rows``."""
    people = STRANGERS[tier][0]
    known = pd.DataFrame([_described(number) for number in range(people)])
    answers = known.loc[np.repeat(np.arange(people), len(LABELS))].reset_index(drop=True)
    answers["actor"] = strangers.people
    answers["right"] = (probabilities.argmax(axis=1) == strangers.labels).astype(float)
    return _rows(fairness.audit(answers, GROUPED_BY), people)


def _described(number: int) -> dict[str, str]:
    who = person_of(STRANGERS_SEED, number)
    return {
        **fairness.described(who),
        "facial hair": "none" if who.facial_hair == "none" else "some",
        "glasses": "none" if who.glasses == "none" else "some",
        "hair colour": who.hair_colour,
    }


def audited_conditions(tier: str, run, *, progress: bool) -> dict[str, Any]:
    """`fairness.audit` of filmed strangers by pose, light and occlusion, by way of video files and the detector."""
    _, people, tested, clips = STRANGERS[tier]
    made = fairness.audit_set(people, tested=tested, clips=clips, size=SIDE, progress=progress)
    kept = replace(made, table=made.table[made.table["expression"].isin(LABELS)].reset_index(drop=True))
    table = kept.table
    here = np.flatnonzero(table["detected"].to_numpy())
    given = np.full(len(table), -1)
    given[here] = asked(run, np.stack([kept.face(row) for row in here]), "filmed strangers", progress).argmax(axis=1)
    posed = table["expression"].map({label: number for number, label in enumerate(LABELS)}).to_numpy()
    # Where no face was found nobody is right.
    return _rows(fairness.audit(table.assign(right=(given == posed).astype(float)), ["condition"]), people)


def _rows(table: pd.DataFrame, people: int) -> dict[str, Any]:
    return {"people": people, "tests": table.attrs["tests"], "rows": table.to_dict("records")}


def reference(network: keras.Model, *, progress: bool) -> dict[str, Any]:
    """The Keras network's answers to drawn faces: see `fer_utils.models.pretrained_networks.reference`."""
    people = -(-REFERENCE_FACES // len(LABELS))
    given = _in_keras(network, reference_faces(people, REFERENCE_SEED, REFERENCE_FACES, progress=progress))
    return {
        "network": pretrained_networks.NAMES[0],
        "people": people,
        "seed": REFERENCE_SEED,
        "faces": REFERENCE_FACES,
        "probabilities": [[round(float(one), 6) for one in row] for row in given],
    }


def reference_faces(people: int, seed: int, count: int, *, progress: bool = False) -> np.ndarray:
    """The drawn faces whose answers are stored, (count, SIDE, SIDE) uint8."""
    drawn = draw_faces(people, seed=seed, progress=progress)
    return crop_faces(drawn.images[:count], size=SIDE, seed=seed)


def _in_keras(network: keras.Model, images: np.ndarray) -> np.ndarray:
    return np.asarray(network.predict(images[..., None].astype("float32"), batch_size=256, verbose=0))


# --- the card -----------------------------------------------------------------------------------


def _about_file(name: str, content: bytes, made: compress.Export) -> dict[str, Any]:
    return {
        "file": name,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "operations": operations(content),
        "agreement": made.agreement,
        "checked": made.checked,
        "difference": made.difference,
    }


def _learned(learner: Learner, tier: str) -> dict[str, Any]:
    people = learner.more_people
    return {
        "study": "transfer",
        "row": ROW,
        "tier": tier,
        "people": people,
        "drawings": people * len(LABELS),
        "pictures": people * len(LABELS) * learner.wears,
        "seed": SEED,
        "epochs": learner.epochs,
        "recipe": "batches of 128, AdamW, learning rate 0.002 falling to 0 by a cosine",
        "real faces": 0,
    }


def _about_set(one: RealSet, *, real: bool) -> dict[str, Any]:
    known = bool((one.people != "").all())
    return {
        "name": one.name,
        "real": real,
        "role": ROLES.get(one.name, "a set of your own") if real else "drawn, and nobody of them was learned from",
        "faces": len(one.labels),
        "people": len(set(one.people)) if known else None,
        "counts": dict(zip(LABELS, np.bincount(one.labels, minlength=len(LABELS)).tolist(), strict=True)),
        "left_out": one.left_out,
        "detector": one.detector,
    }


def _beside_the_study(one: RealSet, network: keras.Model, probabilities: Mapping, stored) -> dict[str, Any]:
    """The stored study's accuracy on a set, today's Keras network's, and how often the files say what Keras says."""
    given = _in_keras(network, one.images)
    row = next(row for row in stored.answer["rows"] if row["name"] == ROW)
    then = row["read"].get(one.name)
    return {
        "stored": None if then is None else then["accuracy"]["value"],
        "stored_on": stored.finished[:10],
        "keras": float((given.argmax(axis=1) == one.labels).mean()),
        **{
            form: {
                "same label": float((answers[one.name].argmax(axis=1) == given.argmax(axis=1)).mean()),
                "difference": float(np.abs(answers[one.name] - given).max()),
            }
            for form, answers in probabilities.items()
        },
    }
