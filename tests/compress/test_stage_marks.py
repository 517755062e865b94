"""Who compresses, builds or watches passes the stages that a stored answer names."""

import numpy as np
import pytest

from fer_utils import compress, inference, live, models
from fer_utils.core import stages

keras = pytest.importorskip("keras", reason="the networks need Keras: pip install 'fer-utils[cpu]'")


def passed(function) -> set[str]:
    with stages.recording() as used:
        function()
    return used.stages


def test_each_entry_says_its_stage(tmp_path):
    model = models.build("ding2023", classes=3, input_shape=(32, 32, 1), filters=4)
    picture = np.full((64, 64), 127, "uint8")

    def nothing_found():
        inference.predict(picture, model, labels=list("abc"), detector="haar")

    assert passed(lambda: models.build("ding2023", classes=3, input_shape=(32, 32, 1))) == {"model.ding2023"}
    assert passed(lambda: models.profile(model)) == {"profile"}
    assert passed(lambda: compress.prune(model, 0.5)) == {"pruning"}
    assert passed(lambda: compress.MagnitudePruning(0.5)) == {"pruning"}
    assert "inference" in passed(nothing_found)
    assert passed(lambda: live.smooth(np.ones((2, 3)) / 3, np.arange(2.0))) == {"live"}
    assert "live" in passed(lambda: live.Tracker("haar"))
    model.save(tmp_path / "m.keras")
    assert passed(lambda: compress.load(tmp_path / "m.keras")) == {"export"}
    many = np.full((2, 32, 32, 1), 127, "uint8")
    assert passed(lambda: compress.compare([model], many, repeats=1, warmup=0, progress=False)) == {"timing"}
