"""How busy the machine was with other things: what Linux counts, less what this process did."""

from __future__ import annotations

import os
import time

import pytest

from fer_utils.core import other_processes

TICKS = os.sysconf("SC_CLK_TCK")


def counts(tmp_path, *ticks):
    """A file as Linux writes it: user, nice, system, idle, waiting, interrupts (two), stolen, guests."""
    file = tmp_path / "stat"
    file.write_text("cpu  " + " ".join(str(round(TICKS * number)) for number in ticks) + "\ncpu0 1 1 1\n")
    return file


def test_idle_and_waiting_are_no_work(tmp_path):
    assert other_processes.busy_seconds(counts(tmp_path, 5, 2, 1, 90, 40, 0, 3, 1, 7, 7)) == 12
    assert other_processes.busy_seconds(counts(tmp_path, 5, 2, 1, 90)) == 8, "an old kernel has fewer columns"


@pytest.mark.parametrize("text", ["", "cpu  one two\n", None])
def test_a_system_that_does_not_say_is_not_guessed(tmp_path, text):
    file = tmp_path / "stat"
    if text is not None:
        file.write_text(text)
    assert other_processes.busy_seconds(file) is None


@pytest.mark.parametrize(
    "busy, own, others", [((10, 16), (3, 5), 2.0), ((10, 11), (3, 5), 0.0), ((None, 5), (3, 5), None)]
)
def test_what_others_did_is_what_was_done_less_ones_own(monkeypatch, busy, own, others):
    clock, all_work, own_work = iter((100.0, 102.0)), iter(busy), iter(own)
    monkeypatch.setattr(other_processes.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(other_processes, "busy_seconds", lambda: next(all_work))
    monkeypatch.setattr(other_processes, "_own_seconds", lambda: next(own_work))
    with other_processes.watching() as watched:
        assert watched.others is None
    assert watched.others == others


def test_ones_own_work_is_not_counted_as_that_of_others():
    before, worked, deadline = other_processes._own_seconds(), 0.0, time.monotonic() + 60
    while worked < 0.05 and time.monotonic() < deadline:
        sum(range(1000))
        worked = other_processes._own_seconds() - before
    assert 0.05 <= worked < 5
