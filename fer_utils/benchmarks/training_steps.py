"""What training costs beside Keras' own ``model.fit``: ``python -m fer_utils bench training``.

The paper's network is trained in two processes of their own: by plain
``model.fit`` on float32 arrays in memory, and by `fer_utils.training.fit` on a
file of faces that stays on disk.  They take turns, an epoch each, so that a busy or a slow machine
slows both: compare the ratios between machines, and seconds only within one run.  Peak
memory is each process's own, at the paper's number of training images.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
import subprocess
import sys
import tempfile
import time

import numpy as np
from tqdm import tqdm

from fer_utils.core.errors import FerError, whole_number

#: Training images of the paper's RAVDESS: 80 % of 17,250.
IMAGES = 13_800
#: Images a step, the shape of each, and how many labels there are.
BATCH, SHAPE, CLASSES = 16, (180, 180, 1), 8
#: Steps of a timed epoch: as many as RAVDESS has at tier ``class``.
STEPS = 86
#: What is compared, in words.
WAYS: dict[str, str] = {"plain": "model.fit, float32 arrays in memory", "stream": "train.fit, faces on disk"}


def measure(*, images: int = IMAGES, steps: int = STEPS, rounds: int = 5, progress: bool = True) -> dict:
    """Train both ways in turn.

    Parameters
    ----------
    images : faces on disk, and as float32 in memory (129,600 bytes each); as many as a batch or more.
    steps : of a timed epoch.
    rounds : timed epochs of each way, after one that is not timed.
    progress : a bar on standard error.

    Returns
    -------
    dict with the arguments, ``array_mb`` (the faces as float32), ``rows``: one a way with ``name``, ``ms``, ``low``,
    ``high`` (a step: median and quartiles), ``cpu_ms`` (processor time, median), ``peak_mb``; and ``time_ratio``,
    ``time_low``, ``time_high`` (stream / plain within rounds: median and quartiles), ``cpu_ratio``, ``memory_ratio``.

    Raises
    ------
    FerError : fewer images, steps or rounds than one; a training that broke down, with what it said.
    """
    images = whole_number("images", images, BATCH)
    steps = min(whole_number("steps", steps, 1), images // BATCH)
    rounds = whole_number("rounds", rounds, 1)
    wall, cpu, peaks = _timed_in_turn(images, steps, rounds, progress)
    rows = []
    for way in WAYS:
        low, middle, high = 1e3 * np.percentile(wall[way], (25, 50, 75))
        rows.append(
            {
                "name": way,
                "ms": middle,
                "low": low,
                "high": high,
                "cpu_ms": 1e3 * float(np.median(cpu[way])),
                "peak_mb": peaks[way],
            }
        )
    time_ratios = np.array(wall["stream"]) / np.array(wall["plain"])
    cpu_ratios = np.array(cpu["stream"]) / np.array(cpu["plain"])
    low, middle, high = np.percentile(time_ratios, (25, 50, 75))
    return {
        "images": images,
        "steps": steps,
        "rounds": rounds,
        "array_mb": 4e-6 * images * float(np.prod(SHAPE)),
        "rows": rows,
        "time_ratio": middle,
        "time_low": low,
        "time_high": high,
        "cpu_ratio": float(np.median(cpu_ratios)),
        "memory_ratio": peaks["stream"] / peaks["plain"],
    }


def report(found: dict) -> str:
    """What `measure` found, as text."""
    lines = [
        f"one step of {found['steps']} an epoch, batches of {BATCH}: median (quartiles) of {found['rounds']} epochs "
        f"in turn; peak memory with {found['images']:,} faces, {found['array_mb']:,.0f} MB as float32",
        "",
    ]
    for row in found["rows"]:
        speed = f"{row['ms']:>7.0f} ms ({row['low']:.0f} to {row['high']:.0f})"
        lines.append(
            f"  {WAYS[row['name']]:<38}{speed:<26}{row['cpu_ms']:>6.0f} ms of processor time{row['peak_mb']:>8,.0f} MB"
        )
    lines += [
        "",
        f"  train.fit beside model.fit: {found['time_ratio']:.2f} of its time "
        f"({found['time_low']:.2f} to {found['time_high']:.2f}), {found['cpu_ratio']:.2f} of its processor time, "
        f"{found['memory_ratio']:.2f} of its memory",
    ]
    return "\n".join(lines)


def write_faces(path: Path, images: int) -> None:
    """An ``.npy`` of noise, (images, 180, 180, 1) uint8, written piece by piece."""
    made = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(images, *SHAPE))
    rng = np.random.default_rng(0)
    for start in range(0, images, 256):
        part = made[start : start + 256]
        part[:] = rng.integers(0, 256, part.shape, np.uint8)
    made.flush()


def _timed_in_turn(
    images: int, steps: int, rounds: int, progress: bool
) -> tuple[dict[str, list[float]], dict[str, list[float]], dict[str, float]]:
    """Seconds a step of each way in each round, by the wall clock and of processor time, and each way's peak in MB."""
    wall: dict[str, list[float]] = {way: [] for way in WAYS}
    cpu: dict[str, list[float]] = {way: [] for way in WAYS}
    runs: dict[str, _Run] = {}
    with (
        tempfile.TemporaryDirectory(prefix="fer-bench-") as folder,
        tqdm(total=2 * (rounds + 1), desc="training in turn", unit="epoch", disable=not progress) as bar,
    ):
        file = Path(folder, "faces.npy")
        write_faces(file, images)
        try:
            for way in WAYS:
                runs[way] = _Run(way, file, steps, rounds + 1, Path(folder, f"{way}.log"))
            for number in range(rounds + 1):
                # Who goes first changes every round.
                order = list(WAYS) if number % 2 else list(reversed(WAYS))
                for way in order:
                    wall_seconds, cpu_seconds = runs[way].epoch()
                    bar.update()
                    if number > 0:  # the first compiles
                        wall[way].append(wall_seconds / steps)
                        cpu[way].append(cpu_seconds / steps)
            peaks = {way: run.state["peak_mb"] for way, run in runs.items()}
        finally:
            for run in runs.values():
                run.end()
    return wall, cpu, peaks


class _Run:
    """A training in a process of its own, `fer_utils.benchmarks.training_process`, which goes on when it is told."""

    def __init__(self, way: str, file: Path, steps: int, epochs: int, log: Path):
        self.log = log
        # The process is named, not imported: TensorFlow is for the two trainings alone.
        module = "fer_utils.benchmarks.training_process"
        with open(log, "w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, way, str(file), str(steps), str(epochs)],
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
            )
        self.state = self._read_state()

    def _read_state(self) -> dict:
        """What the process says before an epoch: ``cpu`` (seconds of processor time so far) and ``peak_mb``."""
        line = self.process.stdout.readline()
        if not line:
            status, said = self.process.wait(), self.log.read_text()[-800:]
            raise FerError(f"A training of the bench broke down (exit {status}): {said}")
        return json.loads(line)

    def epoch(self) -> tuple[float, float]:
        """Seconds, and seconds of processor time, from one epoch's beginning to the next one's."""
        before, began = self.state, time.perf_counter()
        print(file=self.process.stdin, flush=True)
        self.state = self._read_state()
        return time.perf_counter() - began, self.state["cpu"] - before["cpu"]

    def end(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
