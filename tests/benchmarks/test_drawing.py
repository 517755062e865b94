"""``bench drawing``: what it prints, never how fast it is."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from fer_utils.benchmarks import drawing
from fer_utils.core.errors import FerError

NAMES = list(drawing.JOBS)


def test_the_smallest_bench_prints_every_rate_and_what_it_costs_beside_blank_frames(root):
    done = subprocess.run(
        [sys.executable, "-m", "fer_utils", "bench", "drawing", "--quick", "--rounds", "1", "--json", "--quiet"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=300,
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
    rows = []
    for number, name in enumerate(NAMES, 1):
        rows.append(
            {
                "size": [256, 256],
                "name": name,
                "frames": 4,
                "per_second": 10.0 * number,
                "low": 9.0,
                "high": 200.0,
                "cost": 1.0 * number,
            }
        )
    lines = drawing.report({"rounds": 3, "rows": rows}).splitlines()
    assert "3 rounds in turn" in lines[0] and lines[2] == "256x256, 4 frames a round"
    table = lines[3:]
    assert [line.split()[-1] for line in table] == [f"{number:.2f}" for number in range(1, len(NAMES) + 1)]
    assert len({len(line) for line in table}) == 1
    for name, line in zip(NAMES, table, strict=True):
        assert drawing.JOBS[name] in line


def test_a_unit_of_the_middle_has_no_side():
    from fer_utils.studio.expressions import ACTION_UNITS, MIDLINE

    strengths = np.stack([np.full(len(ACTION_UNITS), 0.25), np.full(len(ACTION_UNITS), 0.5)])
    units = drawing._action_units(strengths)
    assert units["R12"] == 0.25 and units["L12"] == 0.5 and 12 not in units
    assert units[25] == 0.5 and {unit for unit in units if isinstance(unit, int)} == MIDLINE & set(ACTION_UNITS)


def test_no_rounds_are_an_error():
    with pytest.raises(FerError, match=r"`rounds`\. Expected a whole number of 1 or more"):
        drawing.measure(rounds=0)
