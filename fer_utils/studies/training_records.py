"""What a long study has found so far: a small record of each training, kept with the package.

A study of many trainings takes longer than one evening.  The record of a training has all that the study's answer
needs: how often each label was read as which, person by person, the curves, and what it cost.  Networks are not in it.
A record is found again by what was asked and by the versions of the stages passed, on any machine.
"""

from __future__ import annotations

from dataclasses import dataclass
import datetime
import json
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from fer_utils import __version__
from fer_utils.core import provenance, stages
from fer_utils.core.errors import FerError
from fer_utils.core.paths import one_process_at_a_time, read_json, write_atomic

#: Where the records lie: a folder a study, a file a row.
RECORDS = Path(__file__).with_name("records")


class Asked(Protocol):
    """What a training is asked by: an `fer_utils.experiments.Experiment` or a simple method."""

    @property
    def seed(self) -> int: ...

    def configuration(self) -> dict: ...

    def stages(self) -> dict[str, int]: ...


@dataclass
class Outcome:
    """What a training gave: the test rows' labels and answers, who is seen on them, and how it went.

    ``true``, ``predicted`` and ``actors`` have shape (test rows,); ``history`` is that of `fer_utils.training.fit`;
    ``convergence`` that of `fer_utils.training.convergence`; ``parameters`` counts the numbers that are kept, and
    ``classifier_macs`` the multiply-accumulates from features to label (None: those of the whole network).
    """

    labels: list[str]
    true: np.ndarray
    predicted: np.ndarray
    actors: np.ndarray
    history: dict[str, list[float]]
    convergence: dict[str, Any]
    parameters: int
    train_images: int
    processor_minutes: float
    fingerprint: str
    classifier_macs: int | None = None


def key(asked: Asked) -> str:
    """24 hexadecimal digits: the configuration and the versions of the stages, without the metrics'."""
    passed = {name: version for name, version in asked.stages().items() if name != "metrics"}
    return provenance.digest([asked.configuration(), passed])[:24]


def record_of(asked: Asked, outcome: Outcome) -> dict:
    """The record of a training, JSON-able: see the module's own text."""
    classes = len(outcome.labels)
    confusions = {}
    for actor in sorted(set(outcome.actors)):
        rows = outcome.actors == actor
        table = np.zeros((classes, classes), int)
        np.add.at(table, (outcome.true[rows], outcome.predicted[rows]), 1)
        confusions[str(actor)] = table.tolist()
    curves = ("accuracy", "validation_accuracy", "learning_rate")
    return {
        "key": key(asked),
        "configuration": asked.configuration(),
        "stages": asked.stages(),
        "labels": outcome.labels,
        "confusions": confusions,
        "curves": {name: [float(f"{value:.4g}") for value in outcome.history.get(name, [])] for name in curves},
        "convergence": outcome.convergence,
        "parameters": outcome.parameters,
        "classifier_macs": outcome.classifier_macs,
        "train_images": outcome.train_images,
        "processor_minutes": round(outcome.processor_minutes, 3),
        "fingerprint": outcome.fingerprint,
        "processor": provenance.hardware_in_words(provenance.hardware()),
        "version": __version__,
        "commit": provenance.commit(),
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def mark_used(record: dict) -> None:
    """Say that an answer rests on a record: on the stages that its training passed, and on its processor time."""
    stages.mark(*record["stages"])
    stages.mark_training(record["key"], record["processor_minutes"])


class Records:
    """The records of one study.

    Parameters
    ----------
    study : its name.
    folder : where they lie; None for the package's own.
    """

    def __init__(self, study: str, folder: Path | None = None):
        self.folder = (RECORDS if folder is None else folder) / study

    def find(self, row: str, asked: Asked) -> dict | None:
        """The record of a training of a row, or None where it is not trained yet, or by older stages."""
        wanted = key(asked)
        return next((record for record in self._read(row) if record["key"] == wanted), None)

    def add(self, row: str, record: dict) -> None:
        """Keep a record; one of the same key is replaced."""
        with one_process_at_a_time(self.folder):
            others = [known for known in self._read(row) if known["key"] != record["key"]]
            lines = [json.dumps(one, ensure_ascii=False) for one in [*others, record]]
            write_atomic(self._file(row), "[\n" + ",\n".join(lines) + "\n]\n")

    def _file(self, row: str) -> Path:
        return self.folder / (row.replace(", ", "-").replace(" ", "_").replace("/", "_") + ".json")

    def _read(self, row: str) -> list[dict]:
        file = self._file(row)
        if not file.is_file():
            return []
        try:
            records = read_json(file)
            if not isinstance(records, list) or not all("key" in record for record in records):
                raise ValueError("it is no list of records")
        except ValueError as error:
            raise FerError(
                f"{file} cannot be read ({error}). Put back a copy of it, or remove it: what it recorded is then "
                "trained again."
            ) from error
        return records
