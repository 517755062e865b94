"""What an experiment returns and stores."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
import json
from pathlib import Path

import numpy as np
import pandas as pd

from fer_utils import __version__, metrics, models
from fer_utils.core import stages
from fer_utils.core.errors import FerError, invalid
from fer_utils.core.paths import expanded, read_json
from fer_utils.experiments import result_checks


@dataclass
class Result:
    """What an experiment returns and stores; ``result.json`` and ``model.keras`` under ``path``.

    ``metrics`` is `fer_utils.metrics.evaluate` on the test rows; ``predictions``
    one row a test image (row, clip, actor, true, predicted and the probability
    of each label); ``split`` the counts on both sides, what leaked, and what
    comparing pictures cost where it was done (``picture_check``); ``faces`` how the faces were
    made (frames, size, margin, detector, alignment: see `fer_utils.faces.prepare`); ``hardware`` the machine,
    and the backend, GPU and precision of the training; ``stages`` the versions of the stages that it passed
    (`fer_utils.core.stages`); ``minutes`` what the clock said, ``processor_minutes`` what all processors worked.
    """

    path: Path
    experiment: dict
    key: str
    labels: list[str]
    history: dict[str, list[float]]
    metrics: dict
    stages: dict[str, int]
    split: dict
    parameters: int
    seed: int
    minutes: float
    processor_minutes: float
    versions: dict[str, str]
    hardware: dict
    commit: str
    finished: str
    predictions: pd.DataFrame
    faces: dict = field(default_factory=dict)

    @property
    def accuracy(self) -> float:
        """The test accuracy, 0 to 1."""
        return self.metrics["accuracy"]["value"]

    @property
    def confusion(self) -> np.ndarray:
        """Counts (classes, classes): row true, column predicted."""
        return np.array(self.metrics["confusion"])

    def model(self):
        """The trained Keras model; ``FerError`` where its file is lost or damaged."""
        return models.load(self.path / "model.keras")

    def to_json(self) -> str:
        """The whole result as JSON text; predictions as lists by column."""
        value = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("path", "predictions")}
        value["predictions"] = {name: column.tolist() for name, column in self.predictions.items()}
        return json.dumps(value, indent=1)

    @classmethod
    def load(cls, path: Path | str) -> Result:
        """Read a stored result from its folder or its ``result.json``.

        Metrics of another version than today's are scored anew from the stored predictions; the file stays as it is.

        Raises
        ------
        FerError : nothing there, a file that is not a result, or a result of a newer version of the package.
        """
        path = expanded(path)
        file = path if path.suffix == ".json" else path / "result.json"
        if not file.is_file():
            raise invalid(
                "path",
                expected="the folder of a stored result",
                received=str(path),
                remedy="Run the experiment first: fer_utils.experiments.run(...)",
            )
        try:
            value = read_json(file)
            newer = result_checks.unknown_fields(value)
            if not newer:
                result_checks.check_result(value)
                scored = value["stages"].get("metrics") == stages.version("metrics")
                if scored:
                    result_checks.check_metrics(value["metrics"], value["labels"])
                    result_checks.check_agreement(value)
        except ValueError as error:
            raise FerError(
                f"{file} is not a stored result ({error}). Put back a copy of it; or move its folder away and "
                "run the experiment again, which takes as long as its training took."
            ) from error
        if newer:
            raise FerError(_of_a_newer_version(file, value, newer))
        result = cls(path=file.parent, predictions=pd.DataFrame(value.pop("predictions")), **value)
        if not scored:
            rows = result.predictions
            result.metrics = metrics.evaluate(
                rows["true"].to_numpy(np.int64),
                rows["predicted"].to_numpy(np.int64),
                rows["actor"].to_numpy(),
                result.labels,
            )
        return result


def _of_a_newer_version(file: Path, value: dict, unknown: list[str]) -> str:
    """Why a result of a newer version cannot be read, and that it is to be kept."""
    versions = value.get("versions")
    version = versions.get("fer_utils") if isinstance(versions, dict) else None
    written = f"version {version}" if isinstance(version, str) else "a version that it does not name"
    return (
        f"{file} was written by a newer fer_utils, {written}, and this is version {__version__}: it has fields that "
        f"are not known here ({', '.join(unknown)[:100]}). Keep it, and update fer_utils to read it."
    )
