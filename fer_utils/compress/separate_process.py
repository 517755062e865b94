"""A network in a process of its own.

It is the only way to give Keras its number of threads, and to say what memory an engine takes.

``compare(..., threads=(1, 2))`` starts one for each item and number of threads,
and lets them compute in turn.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
import subprocess
import sys
import tempfile
from time import perf_counter

import numpy as np

from fer_utils.compress.engines import need
from fer_utils.compress.loading import load
from fer_utils.core.errors import FerError
from fer_utils.core.memory import peak_mb

#: What an engine is before it has read a file: imported, so that its own share of the memory can be told from the
#: network's.
_IMPORTS = {
    "litert": "ai_edge_litert.interpreter",
    "onnxruntime": "onnxruntime",
    "openvino": "openvino",
    "keras": "keras",
    "xla": "keras",
}
#: Calls of a turn: the first, untimed, brings the processor's caches and clock back from the others; the turn's time is
#: the others' median.
CALLS = 3


class Apart:
    """A file in an engine in a process of its own, which computes when it is asked to.

    Attributes: ``engine_mb``, the most memory that the process had held when
    Python, NumPy and the engine were loaded, and ``peak_mb``, the most after the
    file was read and a first image computed; MB of 10^6 bytes.

    Raises
    ------
    FerError for a process that broke down, with what it said last.
    """

    def __init__(self, path: Path, engine: str, threads: int, image: np.ndarray):
        self.name = f"{Path(path).name} ({engine}, {threads} thread{'s' if threads > 1 else ''})"
        self._folder = tempfile.TemporaryDirectory(prefix="fer-apart-")
        self._log = Path(self._folder.name, "log")
        np.save(Path(self._folder.name, "first.npy"), image)
        # Read before any engine starts; TensorFlow has no other way that leaves its process-wide threads alone here.
        threaded = dict.fromkeys(
            ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads)
        )
        with open(self._log, "w") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(Path(path).absolute()), engine, str(threads), self._folder.name],
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=os.environ
                | threaded
                | {"TF_NUM_INTEROP_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"},
            )
        try:
            told = self._heard()
            self.engine_mb, self.peak_mb = told["engine_mb"], told["peak_mb"]
        except BaseException:
            self.close()
            raise

    def _heard(self) -> dict:
        line = self._process.stdout.readline()
        if not line:
            said = self._log.read_text(errors="replace").strip().splitlines()
            raise FerError(
                f"The process of {self.name} broke down (exit {self._process.wait()}): {' '.join(said[-2:])[-600:]}"
            )
        return json.loads(line)

    def _asked(self, what: str) -> dict:
        try:
            print(what, file=self._process.stdin, flush=True)
        except BrokenPipeError:
            pass  # it is gone; reading says why
        return self._heard()

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Probabilities (N, classes) of images."""
        file = Path(self._folder.name, "images.npy")
        np.save(file, images)
        self._asked("classify")
        return np.load(file.with_name("answers.npy"))

    def seconds(self, _) -> float:
        """A turn: the time of one call on the first image, as the process itself measures it."""
        return self._asked("time")["seconds"]

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
        self._folder.cleanup()


def work(path: str, engine: str, threads: int, folder: str, say) -> None:
    """What the process does: load, say so, then answer each line of standard input until there is none."""
    try:
        need(_IMPORTS[engine], needed_for=f"engine={engine!r}")
    except ImportError:
        pass  # `load` says it better
    engine_mb = peak_mb()
    runner = load(path, engine=engine, threads=threads)
    image = np.load(Path(folder, "first.npy"))
    runner(image)
    say({"engine_mb": engine_mb, "peak_mb": peak_mb()})
    for line in sys.stdin:
        if line.strip() == "classify":
            np.save(Path(folder, "answers.npy"), runner(np.load(Path(folder, "images.npy"), mmap_mode="r")))
            say({})
        else:
            spent = []
            for _ in range(CALLS + 1):
                start = perf_counter()
                runner(image)
                spent.append(perf_counter() - start)
            say({"seconds": float(np.median(spent[1:]))})


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not pass for an answer

    def _say(value: dict) -> None:
        print(json.dumps(value), file=answers, flush=True)

    try:
        work(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], _say)
    except (FerError, ImportError) as error:
        raise SystemExit(str(error).replace("\n", " ")) from None
