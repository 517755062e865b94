"""What an experiment returns and stores."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
import json
from pathlib import Path

import numpy as np
import pandas as pd

from fer_utils import models
from fer_utils.core.errors import FerError, invalid


@dataclass
class Result:
    """What an experiment returns and stores; ``result.json`` and ``model.keras`` under ``path``.

    ``metrics`` is `fer_utils.metrics.evaluate` on the test rows; ``predictions``
    one row a test image (row, clip, actor, true, predicted and the probability
    of each label); ``split`` the counts on both sides and what leaked; ``faces`` how the faces were
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
        """The trained Keras model."""
        return models.load(self.path / "model.keras")

    def to_json(self) -> str:
        """The whole result as JSON text; predictions as lists by column."""
        value = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("path", "predictions")}
        value["predictions"] = {name: column.tolist() for name, column in self.predictions.items()}
        return json.dumps(value, indent=1)

    @classmethod
    def load(cls, path: Path | str) -> Result:
        """Read a stored result from its folder or its ``result.json``.

        Raises
        ------
        FerError : nothing there, or a file that is not a result.
        """
        path = Path(path)
        file = path if path.suffix == ".json" else path / "result.json"
        if not file.is_file():
            raise invalid(
                "path",
                expected="the folder of a stored result",
                received=str(path),
                remedy="Run the experiment first: fer_utils.experiments.run(...)",
            )
        try:
            value = json.loads(file.read_text())
            return cls(path=file.parent, predictions=pd.DataFrame(value.pop("predictions")), **value)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FerError(
                f"{file} is not a stored result ({type(error).__name__}: {error}). "
                "Delete it and run the experiment again."
            ) from error
