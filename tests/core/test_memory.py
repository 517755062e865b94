"""Memory that was held: of this process, and of those it started."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
from patience import PATIENCE
import pytest

from fer_utils.core import memory
from fer_utils.core.errors import FerError

pytest.importorskip("resource", reason="memory is measured on Linux and macOS only")


def test_the_peak_grows_with_what_is_held_and_never_falls():
    code = """
from fer_utils.core.memory import peak_mb
before = peak_mb()
block = bytearray(200_000_000)
held = peak_mb()
del block
print(before, held, peak_mb())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE)
    before, held, after = map(float, done.stdout.split())
    # Linux counts pages in each thread apart, so that a peak may be told some pages short.
    assert 5 < before < 300 and held == pytest.approx(before + 200, abs=10) and after == pytest.approx(held, abs=1)


def test_the_peak_is_not_that_of_the_process_which_started_this_one():
    """``getrusage`` may say what the parent held, because a child begins as its copy."""
    if not sys.platform.startswith("linux"):
        pytest.skip("Linux alone tells a process's own peak; elsewhere getrusage's is taken")
    block = np.ones(400_000_000, np.uint8)
    code = "from fer_utils.core.memory import peak_mb; print(peak_mb())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert 5 < float(done.stdout) < 300 and block[-1] == 1


def test_the_largest_child_counts():
    code = "x = bytearray(300_000_000); print(len(x))"
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=PATIENCE)
    assert 300 <= memory.children_peak_mb()


def test_without_getrusage_the_reason_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "resource", None)
    monkeypatch.setattr(memory, "_STATUS", tmp_path / "no such file")
    for measure in (memory.peak_mb, memory.children_peak_mb):
        with pytest.raises(FerError, match="Linux and macOS only"):
            measure()


def test_getrusage_is_asked_where_there_is_no_status_file(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_STATUS", tmp_path / "no such file")
    assert memory.peak_mb() > 20
