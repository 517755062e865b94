"""The frontier: accuracy against parameters, operations, bytes and milliseconds, for every method of the protocol.

    # minutes where the trainings are in the store, else as long as these take; on a machine that does nothing else
    python -m fer_utils study frontier --store

Accuracies, parameters and operations are those of the stored answer of ``one_protocol``: one protocol, one set of
people, Student's interval over them.  What is added here is what a file of the method weighs and how long it takes for
one face.  The files are of trained methods, those of the first fold and the first seed: a network is taken from the
store of results, or trained anew; HOG with neighbours, SVM or ANN learns again, and is written as one network from
pixels to label (`fer_utils.studies.simple_networks`), so all are timed in one engine, in turn, on one thread.  The
faces of the people who test in that fold say whether a file still answers as its method does.

A row is left without files where finding 68 landmarks is part of the method (that is neither counted nor timed), and
where not every training has converged: nothing is said of its accuracy, so nothing of what it buys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
import tempfile
from typing import NamedTuple

import keras
import numpy as np
from tqdm import tqdm

from fer_utils import compress, experiments, faces
from fer_utils.core import other_processes, timing
from fer_utils.core.errors import FerError, invalid
from fer_utils.core.scores import finite_scores
from fer_utils.studies import simple_methods, simple_networks
from fer_utils.studies.protocol_rows import ROWS, asked
from fer_utils.studies.store import load

TITLE = "The frontier: which method is beaten by no other, in accuracy and in what it costs?"
HEADLINE = True

#: The fold and the seed of the trainings whose files are weighed.
FOLD, SEED = 0, 0
#: A file that gives another label than its method to more than a tenth of the test faces is not that method any more.
USABLE = 0.9
#: What all times are divided by: the paper's network, in float32.
BASELINE = "ding2023"
FLOAT, INT8 = "float32", "int8"
#: Training faces that set the ranges of an int8 file, at most.
CALIBRATED_ON = 200
#: The side of a face where a row of the protocol does not say another, in pixels.
WHOLE_FACE = 180


class Trained(NamedTuple):
    """A trained method: its network, what it answers, and faces.

    ``says`` has the labels that it gives ``unseen``, (N,); ``true`` those that are right; ``learned_from`` are some of
    its training faces.
    """

    network: keras.Model
    says: np.ndarray
    true: np.ndarray
    unseen: np.ndarray
    learned_from: np.ndarray


def answer(
    tier: str = "class",
    *,
    progress: bool = True,
    protocol: Mapping | None = None,
    rows: Iterable[str] | None = None,
    repeats: int = 30,
) -> dict:
    """Take accuracies from the protocol's answer, write every method as files, and time the files in turn.

    Parameters
    ----------
    tier : of the protocol's answer and of the drawn faces.
    protocol : an answer of ``one_protocol`` in the place of the stored one.
    rows : names of the rows that get files; None for all that can have them.
    repeats : timed rounds.

    Returns
    -------
    dict with ``tier``, ``source`` (``commit`` and ``finished`` of the stored answer, or None), ``people``,
    ``baseline``, ``usable`` (`USABLE`), ``fold``, ``seed``, ``timing`` (``repeats``, and ``others``: how many
    processors other processes kept busy meanwhile, see `fer_utils.core.other_processes`) and ``rows``, faces of 80
    pixels first: ``name``, ``network`` or ``features`` and ``classifier``, ``size`` (pixels), ``parameters``, ``macs``,
    ``accuracy``, ``seeds``, ``witness``, ``bytes_of_numbers`` (four a parameter), ``why`` (there are no files, or ""),
    ``tested`` (faces) and ``read`` (the share of them that the method itself reads), and ``files``, by number format:
    ``bytes``, ``agreement`` (with the method itself, on the tested faces), ``read``, ``usable``, ``times`` (of the
    baseline's time in float32: the median over rounds), ``ms`` (the median), ``ms_low`` and ``ms_high`` (quartiles
    over rounds); or ``refused``, with the converter's reason.

    Raises
    ------
    FerError : no answer of the protocol is stored; a row that it does not have.
    """
    source = None
    if protocol is None:
        found = load("one_protocol", tier)
        protocol, source = found.answer, {"commit": found.commit, "finished": found.finished}
    listed = [_listed(row) for row in strangers(protocol)]
    named = {row["name"]: row for row in listed}
    chosen = [name for name, row in named.items() if not row["why"]] if rows is None else list(rows)
    for name in chosen:
        if name not in named or named[name]["why"]:
            can = ", ".join(one for one, row in named.items() if not row["why"])
            raise invalid("rows", expected=f"names among {can}", received=name)
    with tempfile.TemporaryDirectory() as folder:
        runners: dict[tuple[str, str], Callable] = {}
        settings = {row["name"]: row["setting"] for row in protocol["rows"]}
        for number, name in enumerate(tqdm(chosen, desc="files", unit="method", disable=not progress)):
            made = trained(name, settings[name], tier, progress=progress)
            row = named[name]
            row |= {"tested": len(made.true), "read": float((made.says == made.true).mean())}
            for kind in (FLOAT, INT8) if row["network"] else (FLOAT,):
                row["files"][kind], run = _file(made, Path(folder, f"{number}-{kind}.tflite"), kind)
                if run is not None:
                    runners[name, kind] = _on_one_face(run, made.unseen[:1])
        others = timed(named, runners, repeats=repeats, progress=progress)
    return {
        "tier": tier,
        "source": source,
        "people": protocol["people"],
        "baseline": BASELINE if (BASELINE, FLOAT) in runners else next(iter(runners), [None])[0],
        "usable": USABLE,
        "fold": FOLD,
        "seed": SEED,
        "timing": {"repeats": repeats, "others": others},
        "rows": listed,
    }


def strangers(protocol: Mapping) -> list[dict]:
    """The rows of a protocol's answer that belong on a frontier, those at 80 pixels first.

    People are divided, every clip is there once, and the recipe is the protocol's own: else it is no other method.
    """
    some = [row for row in protocol["rows"] if row["by"] == "actor" and not row["twins"] and not row["changes"]]
    return sorted(some, key=lambda row: row["size"] or WHOLE_FACE)


def trained(name: str, setting: float, tier: str, *, progress: bool = True) -> Trained:
    """The method of a row of the protocol, trained on `FOLD` with `SEED`; a network from the store, if it is there."""
    one = asked(ROWS[name], setting, tier=tier, fold=FOLD, seed=SEED)
    if isinstance(one, experiments.Experiment):
        face_set = one.data.load(progress)
        result = experiments.run(one, face_set=face_set, progress=progress)
        learn, rows = one.split.rows(face_set.meta)[0], result.predictions["row"].to_numpy()
        network, size = result.model(), one.model.size
        says, true = (result.predictions[column].to_numpy() for column in ("predicted", "true"))
    else:
        learned = simple_methods.learn(one, progress=progress)
        face_set, learn, rows, size = learned.face_set, learned.train, learned.test, one.size
        network = simple_networks.network_of(learned, size or WHOLE_FACE)
        says, true = learned.says(rows), learned.targets[rows]
    some = learn[np.unique(np.linspace(0, len(learn) - 1, min(CALIBRATED_ON, len(learn))).astype(int))]
    unseen, learned_from = (
        faces.resize(np.asarray(face_set.images[np.sort(some_rows)]), size, progress=False)
        for some_rows in (rows, some)
    )
    order = np.argsort(rows)
    return Trained(network, np.asarray(says)[order], np.asarray(true)[order], unseen, learned_from)


def timed(
    named: Mapping[str, dict], runners: Mapping[tuple[str, str], Callable], *, repeats: int, progress: bool = True
) -> float | None:
    """Time all files in turn, one face at a time on one thread, and enter what was measured: the short part.

    Gives how many processors other processes kept busy meanwhile; None where the system does not say, or for no file.
    """
    if not runners:
        return None
    keys = {" in ".join(key): key for key in runners}
    baseline = f"{BASELINE} in {FLOAT}" if (BASELINE, FLOAT) in runners else next(iter(keys))
    with other_processes.watching() as watched:
        table = timing.latency(
            {words: runners[key] for words, key in keys.items()},
            None,
            repeats=repeats,
            baseline=baseline,
            progress=progress,
        ).set_index("name")
    for words, (name, kind) in keys.items():
        named[name]["files"][kind] |= {
            "times": float(1 / table.loc[words, "ratio"]),
            "ms": float(table.loc[words, "median_ms"]),
            "ms_low": float(table.loc[words, "low_ms"]),
            "ms_high": float(table.loc[words, "high_ms"]),
        }
    return watched.others


def _listed(row: Mapping) -> dict:
    """What the protocol says of a row, and why it gets no files, if it gets none."""
    why = ""
    if not row["witness"]:
        why = "not every training has converged"
    elif row["features"] not in (None, "HOG"):
        why = "finding landmarks is neither counted nor timed"
    return {
        "name": row["name"],
        "network": row["network"],
        "features": row["features"],
        "classifier": row["classifier"],
        "size": row["size"] or WHOLE_FACE,
        "parameters": row["parameters"],
        "macs": row["macs"],
        "accuracy": row["accuracy"],
        "seeds": row["seeds"],
        "witness": row["witness"],
        "bytes_of_numbers": 4 * row["parameters"],
        "why": why,
        "tested": None,
        "read": None,
        "files": {},
    }


def _file(made: Trained, path: Path, kind: str) -> tuple[dict, Callable | None]:
    """What a file of a method is worth, and what runs it; of a file that is refused the reason, and None."""
    try:
        written = compress.export(
            made.network,
            path,
            quantize=None if kind == FLOAT else kind,
            calibration=made.learned_from,
            progress=False,
        )
    except FerError as error:
        return {"usable": False, "refused": str(error).splitlines()[0]}, None
    run = compress.load(written)
    said = finite_scores("files", run(made.unseen), path.stem).argmax(axis=1)
    agreement = float((said == made.says).mean())
    worth = {
        "bytes": written.bytes,
        "agreement": agreement,
        "read": float((said == made.true).mean()),
        "usable": agreement >= USABLE,
    }
    return worth, run


def _on_one_face(run: Callable, face: np.ndarray) -> Callable:
    """A file's runner on one face of its own size, whatever it is called with."""

    def call(_):
        return run(face)

    return call
