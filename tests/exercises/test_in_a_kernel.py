"""Answers that end the program, never come back or fill the memory, in a real Jupyter kernel, which must survive them.

One kernel serves all tests; only where it died or hangs does the next test get another one.
"""

import os
from queue import Empty
import signal
import sys
import time

import preloaded
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tries answers in a copy of the process")

#: Seconds for a cell: never a measure of speed, only the end of what hangs.
PATIENCE = 120

#: The kernel is well: it computes, and has no process of ours left, ended or not.
WELL = """
import os
try: print("a process is left", os.waitpid(-1, os.WNOHANG))
except ChildProcessError: print(1 + 1)
"""


class Kernel:
    """A Jupyter kernel with the exercises imported; its process has the large libraries loaded when it begins."""

    def __init__(self):
        from jupyter_client.manager import KernelManager

        self.manager = KernelManager(kernel_name="python3")
        self.manager.kernel_spec.argv = [*preloaded.command(), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        self.manager.start_kernel()
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE)
        self.says("from fer_utils import exercises")

    def begin(self, source):
        return self.client.execute(source, allow_stdin=True)

    def hear(self, request):
        """What the cell prints, shows and raises, as one text."""
        heard, end = [], time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < end, f"the kernel hangs; it said {heard}"
            try:
                message = self.client.get_iopub_msg(timeout=0.5)
            except Empty:
                assert self.manager.is_alive(), f"the kernel is dead; it said {heard}"
                continue
            if message["parent_header"].get("msg_id") != request:
                continue
            content = message["content"]
            if content.get("execution_state") == "idle":
                break
            heard += [content.get(key, "") for key in ("text", "ename")]
            heard.append(content.get("data", {}).get("text/plain", ""))
        self.client.get_shell_msg(timeout=PATIENCE)
        return "".join(heard)

    def says(self, source):
        return self.hear(self.begin(source))

    def end(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def kernels():
    living = []
    yield living
    for kernel in living:
        kernel.end()


@pytest.fixture
def kernel(kernels):
    """The kernel; after the test it must still be well."""
    if not kernels:
        kernels.append(Kernel())
    try:
        yield kernels[0]
        assert kernels[0].says(WELL) == "2\n"
    except BaseException:  # the next test gets a new one
        kernels.pop().end()
        raise


def answered(body, **limits):
    """A cell that checks an answer with this body, with other limits of the guard if given, and puts them back."""
    limits = {"SECONDS": 20, **limits}
    places = {name: f"exercises.{name}" if name == "SECONDS" else f"exercises.guard.{name}" for name in limits}
    names = ", ".join(places.values())
    body = "\n".join("    " + line for line in body.splitlines())
    return f"""
def answer(*given):
{body}
kept = [{names}]
[{names}] = {list(limits.values())}
try: print(exercises.check("01-1", answer), flush=True)
finally: [{names}] = kept
"""


SOON = {"SECONDS": 0.3}
STUBBORN = "while True:\n    try: {}\n    except BaseException: pass"
SLEEP = "import time; time.sleep(10**6)"
LOCK = "import threading; lock = threading.Lock(); lock.acquire(); lock.acquire()"
NEVER, ENDED, LARGE = "never ends", "ended the program", "too much memory"

#: Name: body of the answer, a word of the verdict, limits.
ANSWERS = {
    "exit": ("exit()", "raised SystemExit", {}),
    "quit": ("quit()", "raised SystemExit", {}),
    "exit of Python": ("import _sitebuiltins; _sitebuiltins.Quitter('exit', '')()", "raised SystemExit", {}),
    "sys.exit": ("import sys; sys.exit()", "raised SystemExit", {}),
    "SystemExit": ("raise SystemExit", "raised SystemExit", {}),
    "KeyboardInterrupt": ("raise KeyboardInterrupt", "raised KeyboardInterrupt", {}),
    "GeneratorExit": ("raise GeneratorExit", "raised GeneratorExit", {}),
    "os._exit": ("import os; os._exit(3)", ENDED, {}),
    "SIGKILL": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", ENDED, {}),
    "SIGTERM": ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", ENDED, {}),
    "SIGSTOP": ("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)", NEVER, SOON),
    "the group": ("import os, signal; os.killpg(0, signal.SIGKILL)", ENDED, {}),
    "abort": ("import os; os.abort()", ENDED, {}),
    "a crash": ("import ctypes; ctypes.string_at(0)", ENDED, {}),
    "a program in its place": ("import os; os.execv('/bin/true', ['true'])", ENDED, {}),
    "a loop": ("while True: pass", NEVER, SOON),
    "a stubborn loop": (STUBBORN.format("[0 for _ in iter(int, 1)]"), NEVER, SOON),
    "sleep": (SLEEP, NEVER, SOON),
    "a stubborn sleep": (STUBBORN.format(SLEEP), NEVER, SOON),
    "a lock": (LOCK, NEVER, SOON),
    "a stubborn lock": (STUBBORN.format(LOCK), NEVER, SOON),
    "a stubborn wait in the session": (STUBBORN.format(SLEEP), NEVER, SOON | {"ASLEEP": 0.1}),
    "a stubborn lock in the session": (STUBBORN.format(LOCK), NEVER, SOON | {"ASLEEP": 0.1}),
    "a loop in C": ("sum(range(10**12))", NEVER, SOON),
    "a long power": ("7 ** 10**8", NEVER, SOON),
    "a regular expression": ("import re; re.match('(a+)+b', 'a' * 60)", NEVER, SOON),
    "an alarm taken away": (
        "import signal\nsignal.alarm(0)\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: pass",
        NEVER,
        SOON,
    ),
    "signals ignored": (
        "import signal\nfor n in (1, 2, 3, 10, 12, 13, 14, 15, 17): signal.signal(n, signal.SIG_IGN)\nwhile True: pass",
        NEVER,
        SOON,
    ),
    "recursion": ("return answer()", "RecursionError", {}),
    "a list that doubles": ("made = [0]\nwhile True: made = made + made", LARGE, {"MEMORY": 200 << 20}),
    "an array": ("import numpy; numpy.ones(10**9)", LARGE, {"MEMORY": 200 << 20}),
    "input": ("input('your name: ')", "waits for input", {}),
    "a debugger": ("breakpoint(); return {}", "", {}),
    "100 MB of print": ("for _ in range(100): print('a' * 10**6)", "prints more than a million", {}),
    "a thread": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(10**6,)).start()\nreturn {}",
        "started a thread",
        {},
    ),
    "an error without words": (
        "class Silent(Exception):\n    def __str__(self): return 1 / 0\nraise Silent",
        "raised Silent",
        {},
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_neither_ends_nor_stops_the_kernel(kernel, name):
    body, word, limits = ANSWERS[name]
    heard = kernel.says(answered(body, **limits))
    assert word in heard and heard.startswith("✗") and heard.count("\n") == 1, heard


def gone(process):
    """Wait until the process has ended."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:  # a line of the system: the state comes after the name in brackets; Z and X have ended
            if open(f"/proc/{process}/stat").read().rpartition(") ")[2][0] in "ZX":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


def test_a_program_that_an_answer_starts_ends_with_the_copy(kernel, tmp_path):
    place = tmp_path / "number"
    body = f"""import os, subprocess
number = subprocess.Popen(["sleep", "1000"]).pid
open({str(place)!r}, "w").write(str(number))
os._exit(0)"""
    assert ENDED in kernel.says(answered(body))
    assert gone(place.read_text())


@pytest.mark.parametrize("limits", [{}, {"ASLEEP": 0.1}], ids=["in the copy", "in the session"])
def test_the_interrupt_button_stops_the_check_and_leaves_no_process(kernel, tmp_path, limits):
    begun = tmp_path / "begun"
    sleeping = f"import time\nwhile True:\n    open({str(begun)!r}, 'a').write('.')\n    time.sleep(0.2)"
    looping = f"open({str(begun)!r}, 'a').write('..')\nwhile True: pass"
    wanted = 2 if not limits else 8  # an answer that sleeps begins in the copy, and goes on in the session
    request = kernel.begin(answered(sleeping if limits else looping, SECONDS=PATIENCE, **limits))
    end = time.monotonic() + PATIENCE
    while not begun.exists() or begun.stat().st_size < wanted:
        assert time.monotonic() < end
        time.sleep(0.05)
    kernel.manager.interrupt_kernel()
    heard = kernel.hear(request)
    assert "KeyboardInterrupt" in heard and "✗" not in heard


def test_what_an_answer_prints_and_shows_appears_once_and_what_it_keeps_stays(kernel):
    heard = kernel.says("""
from IPython.display import display
import logging, sys
logging.basicConfig(stream=sys.stderr, format="%(message)s")
seen = []
def sample(length, k):
    if (length, k) == (3, 6):
        print("printed"); display("shown"); print("to errors", file=sys.stderr); logging.warning("logged")
    seen.append(length)
    return [int((i + 0.5) * length / min(k, length)) for i in range(min(k, length))]
print(exercises.check("02-1", sample), len(seen))
print(type(exit).__name__, "ask_exit" in vars(get_ipython()))
""")
    for text in ("printed", "shown", "to errors", "logged"):
        assert heard.count(text) == 1, heard
    assert "✓" in heard and heard.split()[-3:] == ["12", "ZMQExitAutocall", "False"], heard


def test_a_thread_that_ends_soon_is_waited_for(kernel):
    heard = kernel.says("""
import threading, time
def sample(length, k):
    if length == 1:
        threading.Thread(target=time.sleep, args=(0.2,)).start()
    return [int((i + 0.5) * length / min(k, length)) for i in range(min(k, length))]
print(exercises.check("02-1", sample))
""")
    assert "✓" in heard, heard


RIGHT_WITH_TENSORFLOW = """
import keras, numpy as np
network = keras.Sequential([keras.Input((20, 20, 1)), keras.layers.Conv2D(8, 3), keras.layers.Flatten()])
network.compile("sgd", "mse")
network.fit(np.zeros((64, 20, 20, 1)), np.zeros((64, 2592)), verbose=0)
def sample(length, k):
    network.predict(np.zeros((64, 20, 20, 1)), verbose=0)
    return [int((i + 0.5) * length / min(k, length)) for i in range(min(k, length))]
exercises.SECONDS = 60
print(exercises.check("02-1", sample))
"""


@pytest.mark.slow
def test_a_right_answer_that_runs_a_network_is_right(kernel):
    """The copy has no threads of TensorFlow, and waits for them; the session has."""
    heard = kernel.says(RIGHT_WITH_TENSORFLOW)
    assert "✓" in heard, heard


@pytest.mark.parametrize("name", ["exit", "os._exit", "a loop in C", "a stubborn loop", "a stubborn sleep", "an array"])
def test_a_kernel_in_which_tensorflow_ran_survives_too(kernel, name):
    kernel.says("import keras, numpy\nkeras.ops.matmul(numpy.ones((500, 500)), numpy.ones((500, 500)))")
    body, word, limits = ANSWERS[name]
    heard = kernel.says(answered(body, **limits))
    assert word in heard, heard


def test_a_copy_ends_when_the_session_is_killed(kernels, tmp_path):
    if not kernels:
        kernels.append(Kernel())
    kernel = kernels.pop()
    place = tmp_path / "number"
    body = f"import os\nopen({str(place)!r}, 'w').write(f'{{os.getpid()}} ')\nwhile True: pass"
    kernel.begin(answered(body, SECONDS=PATIENCE))
    end = time.monotonic() + PATIENCE
    while not place.exists() or not place.read_text().endswith(" "):
        assert time.monotonic() < end
        time.sleep(0.05)
    copy = int(place.read_text())
    os.kill(kernel.manager.provisioner.pid, signal.SIGKILL)
    kernel.end()
    assert gone(copy)
