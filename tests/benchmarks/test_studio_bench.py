"""``make bench``: what it prints, never how fast it is."""

from __future__ import annotations

import json
import subprocess
import sys

from patience import PATIENCE
import pytest

from fer_utils import studio
from fer_utils.benchmarks import drawing
from fer_utils.core.errors import FerError

NAMES = [name for name in drawing.WHAT if name != "draw_batch" or hasattr(studio, "draw_batch")]


def test_the_smallest_bench_prints_every_rate_and_what_it_costs_beside_blank_frames(root):
    done = subprocess.run(
        [sys.executable, "-m", "fer_utils.benchmarks.drawing", "--quick", "--rounds", "1", "--json", "--quiet"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0 and done.stderr == "", done.stderr
    found = json.loads(done.stdout)
    assert found["rounds"] == 1
    assert [(tuple(row["size"]), row["name"]) for row in found["rows"]] == [
        (size, name) for size in drawing.SIZES for name in NAMES
    ]
    for row in found["rows"]:
        assert row["frames"] == 4 and 0 < row["low"] <= row["per_second"] <= row["high"] and row["cost"] > 0
        assert row["cost"] == 1 or row["name"] != "blank"
    assert drawing.SIZES == ((256, 256), (1280, 720))


def test_the_report_is_a_table_by_size():
    rows = [
        {
            "size": [256, 256],
            "name": name,
            "frames": 4,
            "per_second": 10.0 * k,
            "low": 9.0,
            "high": 200.0,
            "cost": 1.0 * k,
        }
        for k, name in enumerate(NAMES, 1)
    ]
    lines = drawing.report(rows, 3).splitlines()
    assert "3 rounds in turn" in lines[0] and lines[2] == "256x256, 4 frames a round"
    assert [line.split()[-1] for line in lines[3:]] == [f"{k:.2f}" for k in range(1, len(NAMES) + 1)]
    assert len({len(line) for line in lines[3:]}) == 1 and all(
        drawing.WHAT[name] in line for name, line in zip(NAMES, lines[3:])
    )


def test_no_rounds_are_an_error():
    with pytest.raises(FerError, match="`rounds`. Expected a whole number of 1 or more"):
        drawing.measure(rounds=0)


def test_make_runs_it_and_lists_it(root):
    made = subprocess.run(["make", "-n", "bench"], cwd=root, capture_output=True, text=True, check=True).stdout
    assert any(
        line.endswith("python -m fer_utils.benchmarks.drawing") for line in made.splitlines()
    )  # under `make`, make itself speaks, too
    assert "make bench" in subprocess.run(["make", "help"], cwd=root, capture_output=True, text=True, check=True).stdout
