"""What training costs beside Keras' own ``model.fit``: ``make bench``, or ``python -m fer_utils.benchmarks.training_steps``.

The paper's network is trained in two processes of their own: by plain
``model.fit`` on float32 arrays in memory, and by `fer_utils.training.fit` on a
file of faces that stays on disk.  They take turns, an epoch each, so that a busy or a slow machine
slows both: compare the ratios between machines, and seconds only within one run.  Peak
memory is each process's own, at the paper's number of training images.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
import re
import subprocess
import sys
import tempfile
import time

import numpy as np

from fer_utils.core.errors import FerError, whole_number

#: Training images of the paper's RAVDESS: 80 % of 17,250.
IMAGES = 13_800
BATCH, CLASSES, SHAPE = 16, 8, (180, 180, 1)
#: Steps of a timed epoch: as many as RAVDESS has at tier ``class``.
STEPS = 86
#: What is compared, in words.
WAYS: dict[str, str] = {"plain": "model.fit, float32 arrays in memory", "stream": "train.fit, faces on disk"}


def write_faces(path: Path, images: int) -> None:
    """An ``.npy`` of noise, (images, 180, 180, 1) uint8, written piece by piece."""
    made = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(images, *SHAPE))
    rng = np.random.default_rng(0)
    for start in range(0, images, 256):
        part = made[start : start + 256]
        part[:] = rng.integers(0, 256, part.shape, np.uint8)
    made.flush()


def peak_mb() -> float:
    """The most memory that this process has held, in MB of 10^6 bytes; not that of the one that started it, as ``getrusage`` may give."""
    import resource

    try:
        found = re.search(r"^VmHWM:\s+([0-9]+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    except OSError:  # no Linux
        found = None
    if found:
        return 1024e-6 * int(found[1])
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return 1e-6 * held if sys.platform == "darwin" else 1024e-6 * held


def train_in_turn(way: str, path: str, steps: int, epochs: int) -> None:
    """Train in this process, which was started for it: before each epoch say so on standard output and wait for a line.

    A line of output is JSON: ``cpu`` (seconds of processor time so far) and ``peak_mb``.
    """
    import keras

    from fer_utils import models, training

    def say() -> None:
        print(json.dumps({"cpu": time.process_time(), "peak_mb": peak_mb()}), flush=True)

    class Turn(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            say()
            if not sys.stdin.readline():
                os._exit(1)  # nobody measures any more

    keras.utils.set_random_seed(0)
    network = models.build("ding2023", classes=CLASSES, input_shape=SHAPE)
    faces = np.load(path, mmap_mode="r")
    labels = np.arange(len(faces)) % CLASSES
    if way == "plain":
        data = np.empty(faces.shape, np.float32)
        for start in range(0, len(faces), 256):
            data[start : start + 256] = faces[start : start + 256]
            training.release_pages(faces)
        recipe = training.Recipe()
        network.compile(
            optimizer=keras.optimizers.Adam(recipe.learning_rate),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        # All faces are handed over, as for a whole epoch, if they last for all epochs: else Keras would cut one of them short.
        some = len(data) if epochs * steps * BATCH <= len(data) else steps * BATCH
        network.fit(
            data[:some],
            labels[:some],
            batch_size=BATCH,
            epochs=epochs,
            steps_per_epoch=steps,
            verbose=0,
            callbacks=[Turn()],
        )
    else:
        whole = training.Batches(faces, labels, np.arange(len(faces)), batch_size=BATCH, shuffle_seed=0)
        for number in range(len(whole)):  # every face is read once, as it would be in a whole epoch
            whole[number]
        recipe = training.Recipe(epochs=epochs, batch_size=BATCH, precision="float32")
        training.fit(
            network, faces, labels, np.arange(steps * BATCH), [], recipe=recipe, progress=False, callbacks=[Turn()]
        )
    say()


def measure(*, images: int = IMAGES, steps: int = STEPS, rounds: int = 5, progress: bool = True) -> dict:
    """Train both ways in turn.

    Parameters
    ----------
    images : faces on disk, and as float32 in memory (129,600 bytes each); as many as a batch or more.
    steps : of a timed epoch.
    rounds : timed epochs of each way, after one that is not timed.

    Returns
    -------
    dict with the arguments, ``array_mb`` (the faces as float32), ``rows``: one a way with ``name``, ``ms``, ``low``, ``high`` (a step:
    median and quartiles), ``cpu_ms`` (processor time, median), ``peak_mb``; and ``time_ratio``, ``time_low``, ``time_high`` (stream / plain within
    rounds: median and quartiles), ``cpu_ratio``, ``memory_ratio``.

    Raises
    ------
    FerError : fewer images, steps or rounds than one; a training that broke down, with what it said.
    """
    images, steps, rounds = (
        whole_number("images", images, BATCH),
        whole_number("steps", steps, 1),
        whole_number("rounds", rounds, 1),
    )
    steps = min(steps, images // BATCH)
    from tqdm import tqdm

    with (
        tempfile.TemporaryDirectory(prefix="fer-bench-") as folder,
        tqdm(total=2 * (rounds + 1), desc="training in turn", unit="epoch", disable=not progress) as bar,
    ):
        file = Path(folder, "faces.npy")
        write_faces(file, images)
        runs: dict[str, _Run] = {}
        try:
            for way in WAYS:
                runs[way] = _Run(way, file, steps, rounds + 1, Path(folder, f"{way}.log"))
            wall = {way: [] for way in WAYS}
            cpu = {way: [] for way in WAYS}
            for number in range(rounds + 1):
                for way in list(WAYS) if number % 2 else list(WAYS)[::-1]:
                    seconds, work = runs[way].epoch()
                    bar.update()
                    if number:  # the first compiles
                        wall[way].append(seconds / steps)
                        cpu[way].append(work / steps)
            peaks = {way: run.now["peak_mb"] for way, run in runs.items()}
        finally:
            for run in runs.values():
                run.end()
    ratios = np.array(wall["stream"]) / np.array(wall["plain"])
    low, middle, high = np.percentile(ratios, (25, 50, 75))
    rows = []
    for way in WAYS:
        quartiles = 1e3 * np.percentile(wall[way], (25, 50, 75))
        rows.append(
            {
                "name": way,
                "ms": quartiles[1],
                "low": quartiles[0],
                "high": quartiles[2],
                "cpu_ms": 1e3 * float(np.median(cpu[way])),
                "peak_mb": peaks[way],
            }
        )
    return {
        "images": images,
        "steps": steps,
        "rounds": rounds,
        "array_mb": 4e-6 * images * float(np.prod(SHAPE)),
        "rows": rows,
        "time_ratio": middle,
        "time_low": low,
        "time_high": high,
        "cpu_ratio": float(np.median(np.array(cpu["stream"]) / np.array(cpu["plain"]))),
        "memory_ratio": peaks["stream"] / peaks["plain"],
    }


class _Run:
    """A training in a process of its own, which goes on by an epoch when it is told."""

    def __init__(self, way: str, file: Path, steps: int, epochs: int, log: Path):
        self.log = log
        with open(log, "w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", __spec__.name, "--train", way, str(file), str(steps), str(epochs)],
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
            )
        self.now = self._heard()

    def _heard(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            raise FerError(
                f"A training of the bench broke down (exit {self.process.wait()}): {self.log.read_text()[-800:]}"
            )
        return json.loads(line)

    def epoch(self) -> tuple[float, float]:
        """Seconds, and seconds of processor time, from one epoch's beginning to the next one's."""
        before, began = self.now, time.perf_counter()
        print(file=self.process.stdin, flush=True)
        self.now = self._heard()
        return time.perf_counter() - began, self.now["cpu"] - before["cpu"]

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def report(found: dict) -> str:
    """The measurements as text."""
    lines = [
        "one step of {steps} an epoch, batches of 16: median (quartiles) of {rounds} epochs in turn; peak memory with {images:,} faces, "
        "{array_mb:,.0f} MB as float32".format(**found),
        "",
    ]
    lines += [
        f"  {WAYS[row['name']]:<38}{row['ms']:>7.0f} ms ({row['low']:.0f} to {row['high']:.0f})".ljust(66)
        + f"{row['cpu_ms']:>6.0f} ms of processor time{row['peak_mb']:>8,.0f} MB"
        for row in found["rows"]
    ]
    return "\n".join(
        [
            *lines,
            "",
            "  train.fit beside model.fit: {time_ratio:.2f} of its time ({time_low:.2f} to {time_high:.2f}), {cpu_ratio:.2f} of its processor "
            "time, {memory_ratio:.2f} of its memory".format(**found),
        ]
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m fer_utils.benchmarks.training_steps", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument(
        "--images", type=int, default=IMAGES, help=f"faces on disk, and in memory as float32 (default {IMAGES})"
    )
    parser.add_argument("--steps", type=int, default=STEPS, help=f"steps of an epoch (default {STEPS})")
    parser.add_argument("--rounds", type=int, default=5, help="timed epochs (default 5)")
    parser.add_argument("--quick", action="store_true", help="48 faces, two steps an epoch")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.add_argument("--train", nargs=4, metavar=("WAY", "FILE", "STEPS", "EPOCHS"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.train:
        way, file, steps, epochs = options.train
        train_in_turn(way, file, int(steps), int(epochs))
        return 0
    size = {"images": 48, "steps": 2} if options.quick else {"images": options.images, "steps": options.steps}
    found = measure(**size, rounds=options.rounds, progress=not options.quiet)
    print(json.dumps(found, indent=1) if options.json else report(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
