"""What the study of compression measures: files in turn, and what comes before the network."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from fer_utils import compress, studio
from fer_utils.core import timing
from fer_utils.core.errors import FerError
from fer_utils.core.scores import finite_scores
from fer_utils.faces import detectors
from fer_utils.synthetic import landmark_predictor

#: What every ratio refers to: the float network as it was trained, called eagerly, with one thread.
BASELINE = "xception, keras"
_ENDS = {"litert": ".tflite", "onnx": ".onnx", "openvino": ".xml"}

#: Bits of the weights in the int8 files of ONNX and OpenVINO: all 8, as the stored answer was measured, on a processor
#: with VNNI.  Where there is none such a file is refused when it is loaded, and the row says so.
WEIGHT_BITS = 8


def row_name(network: str, form: str, quantize: str | None) -> str:
    """A row of the table in words: network, engine or format, and quantisation if there is any."""
    return f"{network}, {form}" + (f" {quantize}" if quantize else "")


def right_by_actor(model, images, targets, rows, meta) -> dict[str, list[int]]:
    """How many faces of each actor a network names right, and how many there are."""
    scores = finite_scores("model", model.predict(np.asarray(images[rows]), verbose=0), model.name)
    right = scores.argmax(axis=1) == targets[rows]
    actors = meta.iloc[rows]["actor"].astype(str).to_numpy()
    return {actor: [int(right[actors == actor].sum()), int((actors == actor).sum())] for actor in sorted(set(actors))}


def measured_files(
    networks: dict,
    wanted: list[tuple],
    folder: Path,
    images: np.ndarray,
    targets: np.ndarray,
    meta: pd.DataFrame,
    train: np.ndarray,
    test: np.ndarray,
    threads: list[int],
    repeats: int,
    progress: bool,
) -> tuple[list[dict], list[dict], list[dict]]:
    """Export every row that is wanted, and measure all of them in turn.

    ``networks`` maps a name to a Keras model; ``wanted`` are rows (network, engine or format, quantisation); files are
    written to ``folder``.  Returns the rows of the table, what each export's check found, and which rows were refused.
    """
    calibration = np.asarray(images[np.sort(np.random.default_rng(0).permutation(train)[:200])])
    items, checks, refused = {}, [], []
    for number, (network, form, quantize) in enumerate(
        tqdm(wanted, desc="exporting", unit="file", disable=not progress)
    ):
        label = row_name(network, form, quantize)
        if form == "keras":
            items[label] = networks[network]
        elif form == "xla":
            file = folder / f"{number}.keras"
            compress.without_optimizer(networks[network]).save(file)
            items[label] = compress.load(file, engine="xla")
        else:
            try:
                made = compress.export(
                    networks[network],
                    folder / f"{number}{_ENDS[form]}",
                    format=form,
                    quantize=quantize,
                    calibration=calibration,
                    weight_bits=WEIGHT_BITS if quantize == "int8" and form != "litert" else None,
                    progress=progress,
                )
            except FerError as error:  # a network that is no longer itself in 8 bits is a result, and the others go on
                refused.append({"row": label, "reason": str(error)})
                continue
            items[label] = made
            checks.append(
                {
                    "row": label,
                    "bytes": made.bytes,
                    "checked": made.checked,
                    "agreement": made.agreement,
                    "difference": made.difference,
                    "distance": made.distance,
                }
            )
    # Pruned, trained on or neither, every Xception is set beside the float one; that each file computes its own network
    # is what the checks say.
    floats = {}
    for label in items:
        own = f"{label.split(', ')[0]}, keras"
        floats[label] = own if own in items else BASELINE
    table = compress.compare(
        items,
        np.asarray(images[test]),
        targets[test],
        actors=meta.iloc[test]["actor"].astype(str).to_numpy(),
        baseline=BASELINE,
        reference=floats,
        repeats=repeats,
        threads=threads,
        progress=progress,
    )
    measured = json.loads(table.to_json(orient="records", double_precision=15))
    rows = []
    exported = [form for form in wanted if row_name(*form) in items]
    for (network, form, quantize), row in zip(exported, measured, strict=True):
        rows.append({"network": network, "form": form, "quantize": quantize, "reference": floats[row["name"]], **row})
    return rows, checks, refused


def front_times(repeats: int, progress: bool) -> dict:
    """The times of what comes before the network: dlib's face, then the 68 landmarks in its box.

    Both are timed in turn on a drawn picture of 1280x720 pixels, ``repeats`` times.  Returns ``picture`` (width,
    height), ``detector``, ``faces_ms`` and ``landmarks_ms`` (medians), with quartiles in ``_low`` and ``_high``.
    """
    picture = studio.draw(studio.person(7), {12: 0.4, 25: 0.3}, size=(1280, 720))
    detector, finder = detectors.create("dlib"), landmark_predictor.load(progress=progress)
    box = detector.detect(picture)[0]
    times = timing.latency(
        {"faces": detector.detect, "landmarks": lambda image: finder.find(image, box)},
        picture,
        repeats=repeats,
        progress=progress,
    )
    found = {"picture": [1280, 720], "detector": "dlib"}
    for row in times.to_dict("records"):
        found |= {
            f"{row['name']}_ms": row["median_ms"],
            f"{row['name']}_low": row["low_ms"],
            f"{row['name']}_high": row["high_ms"],
        }
    return found
