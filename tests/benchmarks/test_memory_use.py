"""The memory of a pass over many clips."""

import json
import subprocess
import sys

from patience import PATIENCE
import pytest

from fer_utils.benchmarks import memory_use
from fer_utils.core.errors import FerError


def test_memory_is_that_of_a_whole_pass(root):
    pytest.importorskip("resource", reason="memory is measured on Unix only")
    done = subprocess.run(
        [sys.executable, "-m", "fer_utils", "bench", "faces", "--memory", "16", "--json", "--quiet"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["clips"] == 16 and found["faces"] == 96
    assert 50 < found["worker_mb"] < 1000 and 50 < found["caller_mb"] < 1000


@pytest.mark.parametrize("count", [15, 0, 16.0])
def test_too_few_clips_are_no_pass(count):
    with pytest.raises(FerError, match=r"`count`\. Expected a whole number of 16 or more"):
        memory_use.pass_memory(count, progress=False)
