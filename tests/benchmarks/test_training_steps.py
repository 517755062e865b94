"""``bench training``: what it prints, never how fast it is."""

from __future__ import annotations

import json

import preloaded
import pytest

from fer_utils.benchmarks import training_steps
from fer_utils.cli import main
from fer_utils.core.errors import FerError

pytest.importorskip("keras", reason="training needs Keras: pip install 'fer-utils[cpu]'")


@pytest.mark.slow
def test_the_smallest_bench_gives_every_ratio(capfd):
    with preloaded.used_by(training_steps):
        status = main.main(["bench", "training", "--quick", "--images", "16", "--rounds", "1", "--json", "--quiet"])
    said = capfd.readouterr()
    assert status == 0 and said.err == "", said.err
    found = json.loads(said.out)
    assert [row["name"] for row in found["rows"]] == list(training_steps.WAYS)
    assert found["steps"] == 1 and found["images"] == 16  # 16 images a step, so that there are not the two of --quick
    assert found["array_mb"] == pytest.approx(16 * 180 * 180 * 4 / 1e6)
    plain, stream = found["rows"]
    assert found["memory_ratio"] == pytest.approx(stream["peak_mb"] / plain["peak_mb"]) and plain["peak_mb"] > 100
    assert found["time_ratio"] == pytest.approx(stream["ms"] / plain["ms"])  # one round, so that it is the median
    assert found["time_ratio"] > 0 and found["cpu_ratio"] > 0
    assert all(row["low"] <= row["ms"] <= row["high"] and row["cpu_ms"] > 0 for row in found["rows"])
    lines = training_steps.report(found).splitlines()
    assert len(lines) == 6
    for way, line in zip(training_steps.WAYS.values(), lines[2:4], strict=True):
        assert way in line
    assert f"{found['time_ratio']:.2f} of its time" in lines[-1]


@pytest.mark.parametrize(
    "arguments, words",
    [({"rounds": 0}, ("`rounds`",)), ({"images": 3}, ("`images`", "16")), ({"steps": 0}, ("`steps`",))],
)
def test_the_impossible_is_named(arguments, words):
    with pytest.raises(FerError) as error:
        training_steps.measure(**arguments)
    for word in words:
        assert word in str(error.value)


def test_a_bench_that_breaks_down_says_why(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "no such backend")  # in its processes, which end before TensorFlow is loaded
    with pytest.raises(FerError, match=r"broke down .*(?s:.)*Error.*no such backend"):
        training_steps.measure(images=16, steps=1, rounds=1, progress=False)
