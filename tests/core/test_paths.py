"""Processes that want the same folder take turns."""

import subprocess
import sys

import pytest

TURN = """
import sys, time
from fer_utils.core.paths import one_process_at_a_time
with one_process_at_a_time(sys.argv[1]), open(sys.argv[2], "a", 1) as log:
    print("in", file=log)
    time.sleep(0.5)
    print("out", file=log)
    {end}
"""


@pytest.mark.parametrize("end", ["pass", "raise SystemExit", "import os; os.kill(os.getpid(), 9)"])
def test_one_process_is_in_the_block_at_a_time_however_the_other_ends(root, tmp_path, end):
    pytest.importorskip("fcntl", reason="this system has no flock; nobody waits")
    command = [sys.executable, "-c", TURN.format(end=end), str(tmp_path / "made" / "here"), str(tmp_path / "log.txt")]
    running = [subprocess.Popen(command, cwd=root) for _ in range(3)]
    for process in running:
        process.wait(timeout=60)
    assert (tmp_path / "log.txt").read_text().split() == ["in", "out"] * 3
