"""Workers leave Ctrl-C to their parent."""

from __future__ import annotations

import os
from pathlib import Path
import signal
import subprocess
import sys

from patience import PATIENCE, wait_until
import pytest

from fer_utils.core import worker_pool

pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")
pytestmark = pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="no signal masks on this system")
CHECKOUT = Path(__file__).parents[2]


def test_a_worker_never_hears_of_ctrl_c_and_its_parent_does():
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    with worker_pool.pool(1) as workers:
        masked = workers.submit(signal.pthread_sigmask, signal.SIG_BLOCK, []).result(PATIENCE)
    assert signal.SIGINT in masked and signal.SIGINT not in before
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


@pytest.mark.parametrize("moment", ["while they start", "while they work"])
def test_ctrl_c_with_two_workers_is_one_sentence(tmp_path, moment):
    """As a terminal sends it: to the command and to its workers."""
    running = subprocess.Popen(
        [sys.executable, "-m", "fer_utils", "film", "ravdess", str(tmp_path / "film"), "--workers", "2", "--quiet"],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Where the tests run in the background of a shell, their children would ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    wanted = "truth/plan.json" if moment == "while they start" else "Actor_*/*.mp4"
    try:
        begun = lambda: list((tmp_path / "film").glob(wanted))  # noqa: E731
        wait_until(lambda: running.poll() is not None or begun(), wanted)
        os.killpg(running.pid, signal.SIGINT)
        out, err = running.communicate(timeout=300)
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait(PATIENCE)
    assert running.returncode == 130 and out == ""
    assert err == "fer_utils film: interrupted; the same command goes on from here.\n"
