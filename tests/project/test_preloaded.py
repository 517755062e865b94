"""What `preloaded.command` starts is as a fresh interpreter, but for what it has loaded."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time

from patience import PATIENCE, not_for_ever
import preloaded
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere tests start their interpreter themselves")


def run(*arguments, **options):
    return subprocess.run(
        [*preloaded.command(), *arguments], capture_output=True, text=True, timeout=PATIENCE, **options
    )


def gone(pid: int) -> bool:
    until = time.monotonic() + PATIENCE
    while os.path.exists(f"/proc/{pid}"):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def test_arguments_environment_folder_and_streams_are_its_own(tmp_path):
    code = """
import os, sys
print(sys.argv, os.getcwd(), os.environ["PYTHONPATH"], "HOME" in os.environ, input(), sys.path[:2])
print(1, file=sys.stderr)
"""
    done = run("-c", code, "a", "b c", cwd=tmp_path, env={"PYTHONPATH": "/p"}, input="given\n")
    assert done.stdout == f"{['-c', 'a', 'b c']} {tmp_path} /p False given {['', '/p']}\n"
    assert (done.returncode, done.stderr) == (0, "1\n")
    script = tmp_path / "script.py"
    script.write_text("import sys; print(__name__, sys.argv, sys.path[0])")
    assert run(str(script), "x").stdout == f"__main__ {[str(script), 'x']} {tmp_path}\n"
    assert run("-m", "script", "x", cwd=tmp_path).stdout.startswith(f"__main__ {[str(script), 'x']}")


def test_the_libraries_are_loaded_and_the_package_is_not():
    code = f"import sys; print([name in sys.modules for name in {[*preloaded.LIBRARIES, 'fer_utils']}])"
    assert run("-c", code).stdout == f"{[True] * len(preloaded.LIBRARIES) + [False]}\n"


def test_it_ends_as_its_program_does():
    assert run("-c", "import sys; sys.exit(3)").returncode == 3
    failed = run("-c", "import atexit; atexit.register(print, 'last'); 1 / 0")
    assert failed.returncode == 1 and failed.stdout == "last\n"
    assert failed.stderr.endswith("ZeroDivisionError: division by zero\n")
    assert run("-c", "import os; os.kill(os.getpid(), 9)").returncode == -signal.SIGKILL


def test_two_of_them_draw_different_numbers():
    code = "import random, numpy; print(random.random(), numpy.random.rand())"
    first, second = (run("-c", code).stdout.split() for _ in range(2))
    assert len(first) == len(second) == 2 and not set(first) & set(second)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_to_the_process_that_was_started_reaches_it(number):
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(10**6)"
    process = subprocess.Popen([*preloaded.command(), "-c", code], stdout=subprocess.PIPE, text=True)
    with not_for_ever(process):
        pid = int(process.stdout.readline())
    process.send_signal(number)
    assert process.wait(PATIENCE) == -number and gone(pid)
    process.stdout.close()


def test_a_process_that_is_killed_before_it_reads_anything_ends_its_program_and_no_other():
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(10**6)"
    request = {"arguments": ["-c", code], "environment": dict(os.environ), "folder": os.getcwd()}
    place = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    place.connect(preloaded.command()[-1])
    reading, writing = os.pipe()
    socket.send_fds(place, [json.dumps(request).encode()], [0, writing, writing])
    os.close(writing)
    with open(reading) as stream:
        pid = int(stream.readline())
    place.close()  # as the kernel does for a process that is killed; the program's number is still unread
    assert gone(pid)
    assert run("-c", "print(1)").stdout == "1\n"
