"""How many frames a second on one thread, and where the time goes: ``make bench``, or ``python -m fer_utils.benchmarks.live_frames``.

A drawn actor is filmed at 1280x720, and the film goes through the whole chain, read to drawn picture, with an int8
LiteRT network; the networks of other libraries take its place in turn.  All passes take turns in every round, so that a busy
or a slow machine slows all: compare the ratios between machines, and frames a second only within one run.  Each pass is
timed twice: by the clock on the wall, and by the processor time of the one thread, which other programs hardly touch.
Writing VP9 is timed by itself: a film is written where somebody asks for one.

The drawn film is MPEG-4 (mp4v), which is decoded sooner than H.264 (1.25 ms a frame on the thread, and 4.99 for a clip of the real RAVDESS, in two
runs in turn on one machine); ``--video FILE`` takes a film of one's own.  An untrained network costs what a trained one does.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
import json
from pathlib import Path
import tempfile
import time
from typing import Any

import numpy as np

from fer_utils.core.errors import FerError, whole_number

SIZE, FPS, SECONDS = (1280, 720), 60.0, 3.0
#: The aim: frames a second, of wall-clock time.
GOAL = 60.0
CLOCKS = {"wall": time.perf_counter, "thread": time.thread_time}


class _Nowhere:
    """Takes the drawn pictures as a window would, at no cost."""

    notes: list = []

    def add(self, bgr: np.ndarray, time_s: float) -> None:
        self.last = bgr


def drawn_film(folder: Path, *, seconds: float = SECONDS, size: tuple[int, int] = SIZE, progress: bool = False) -> Path:
    """One drawn actor in RAVDESS's layout, a video of ``seconds`` at 60 frames a second; its path."""
    from fer_utils import studio

    made = studio.film(
        "ravdess",
        folder,
        actors=1,
        clips_per_actor=1,
        frames=round(seconds * FPS),
        size=size,
        fps=FPS,
        workers=1,
        progress=progress,
    )
    return made.root / made.clips["clip"][0]


def faces_of(path: Path, side: int, most: int = 64) -> np.ndarray:
    """(n, side, side, 1) uint8: faces of the film, to calibrate with."""
    from fer_utils.faces import Reading, each_frame
    from fer_utils.faces.clipwork import Settings, faces_of_frame
    from fer_utils.faces.detectors import create

    finder, near, crops = create("dlib"), None, []
    for frame in each_frame(path, most, into=Reading()):
        boxes, near = finder.follow(frame.rgb, near)
        crops += [face.image for face in faces_of_frame(frame, boxes[:1], Settings(1, side, 0.0))]
    if not crops:
        raise FerError(f"No face was found in {path}, so nothing can be calibrated.")
    return np.stack(crops)[..., None]


def networks(
    film: Path, folder: Path, *, model: str | None = None, peers: bool = True, progress: bool = True
) -> dict[str, Any]:
    """{name: Classifier} of what is compared: ours in int8, and the peers' in float32, all in LiteRT on one thread."""
    import keras

    from fer_utils import compress, models
    from fer_utils.core import labels
    from fer_utils.live.classifiers import Classifier, classifier
    from fer_utils.live.peer_networks import PEERS, build

    if model is not None:
        ours = classifier(model)
        found = {f"{ours.name} ({ours.engine})": ours}
    else:
        name = "nano" if "nano" in models.available() else "ding2023"
        keras.utils.set_random_seed(0)
        network = models.build(name, classes=len(labels.RAVDESS))
        side = network.input_shape[1]
        made = compress.export(
            network, folder / f"{name}.tflite", quantize="int8", calibration=faces_of(film, side), progress=progress
        )
        found = {f"{name} int8, untrained": classifier(made.path, labels.RAVDESS)}
    for library in PEERS if peers else ():
        network, names, whose = build(library)
        side, channels = network.input_shape[1], network.input_shape[3]
        made = compress.export(network, folder / f"{library}.tflite", progress=progress)
        found[f"{library}'s network float32, {whose}"] = Classifier(
            compress.load(made.path), names, side, channels, library, "litert", {}
        )
    return found


def once(film: Path, network, clock: str, *, every: int = 10) -> dict:
    """One pass over a film, drawn and not written: ``frames``, ``seen``, ``stages`` (seconds by ``clock``) and ``slow``."""
    from fer_utils.live import pipeline, streams

    watcher = pipeline.Watcher(network, every=every, margin=0.0)
    watcher.clock = pipeline.Clock(CLOCKS[clock])
    with pipeline._threads(1):
        report = pipeline._watch(streams.Source(film), watcher, None, _Nowhere(), None, None, False)
    if not report.seen:
        raise FerError(f"No face was found in {film}:\n{report.problems}")
    return {"frames": report.frames, "seen": report.seen, "stages": report.stages, "slow": report.slow}


def measure(
    *,
    rounds: int = 5,
    film: str | Path | None = None,
    model: str | None = None,
    peers: bool = True,
    every: int = 10,
    seconds: float = SECONDS,
    size: tuple[int, int] = SIZE,
    progress: bool = True,
    classifiers: Mapping[str, Any] | None = None,
) -> dict:
    """Time everything, in turn.

    Parameters
    ----------
    rounds : timed passes of each network and clock, after one that is not timed.
    film : a video, or None for a drawn one of ``seconds`` and ``size``.
    model : as for `fer_utils.live.classifier`; None for an int8 network of ours with random weights, which cost the same time.
    peers : time the networks of other libraries, too.
    every : the detector's interval.
    classifiers : name to Classifier, to be timed instead of all these.

    Returns
    -------
    dict with the arguments, ``frames``, and ``rows``, one a network: ``name``, ``fps``, ``low``, ``high`` (frames a second by the wall clock: median and
    quartiles of the rounds), ``thread_fps`` (of the thread's processor time, median), ``ratio`` (median over rounds of the first network's time / this
    one's, by the thread's clock), ``shares`` (stage to share of the thread's time, medians), ``ms`` (stage to milliseconds a frame, the
    same), ``slow`` (share of frames later than 1/60 s on the wall), ``seen`` (faces); ``write_ms``: milliseconds a frame of writing VP9 at that size.

    Raises
    ------
    FerError : fewer rounds than one, a film that is not there or shows no face.
    """
    from tqdm import tqdm

    from fer_utils.live import pipeline

    rounds = whole_number("rounds", rounds, 1)
    with tempfile.TemporaryDirectory(prefix="fer-bench-") as folder:
        path = (
            drawn_film(Path(folder) / "film", seconds=seconds, size=size, progress=progress)
            if film is None
            else Path(film)
        )
        made = (
            dict(classifiers)
            if classifiers is not None
            else networks(path, Path(folder), model=model, peers=peers, progress=progress)
        )
        passes: dict[tuple[str, str], list[dict]] = {(name, clock): [] for name in made for clock in CLOCKS}
        with tqdm(total=(rounds + 1) * len(passes), desc="passes in turn", unit="pass", disable=not progress) as bar:
            for number in range(rounds + 1):
                for (name, clock), kept in passes.items():
                    found = once(path, made[name], clock, every=every)
                    bar.update()
                    if number:  # the first loads and compiles
                        kept.append(found)
        write_ms = _writing(path, Path(folder) / "out.webm")
    rows, reference = [], None
    for name in made:
        wall, thread = passes[name, "wall"], passes[name, "thread"]
        speed = [one["frames"] / sum(one["stages"].values()) for one in wall]
        work = np.array([sum(one["stages"].values()) for one in thread])
        reference = work if reference is None else reference
        each = {
            stage: float(np.median([1e3 * one["stages"][stage] / one["frames"] for one in thread]))
            for stage in pipeline.STAGES
        }
        total = sum(each.values())
        low, middle, high = np.percentile(speed, (25, 50, 75))
        rows.append(
            {
                "name": name,
                "fps": middle,
                "low": low,
                "high": high,
                "thread_fps": float(np.median(thread[0]["frames"] / work)),
                "ratio": float(np.median(reference / work)),
                "ms": each,
                "shares": {stage: value / total for stage, value in each.items()},
                "slow": float(np.median([one["slow"] for one in wall])),
                "seen": wall[0]["seen"],
            }
        )
    return {
        "rounds": rounds,
        "size": list(size) if film is None else None,
        "every": every,
        "frames": passes[next(iter(passes))][0]["frames"],
        "goal": GOAL,
        "rows": rows,
        "write_ms": write_ms,
    }


def _writing(path: Path, out: Path, most: int = 12) -> float:
    """Milliseconds of the thread a frame, writing the film's first frames as VP9."""
    from fer_utils.faces import Reading, each_frame
    from fer_utils.live import streams

    film, seconds, many = streams.Film(out, FPS), 0.0, 0
    for frame in each_frame(path, sampling="all", into=Reading()):
        bgr = streams.bgr_of(frame.rgb)
        began = time.thread_time()
        film.add(bgr, many / FPS)
        seconds, many = seconds + time.thread_time() - began, many + 1
        if many == most:
            break
    began = time.thread_time()
    film._writer.release()  # VP9 looks ahead: what it has kept back is written now
    seconds += time.thread_time() - began
    film.discard()
    return 1e3 * seconds / many


def report(found: dict) -> str:
    """The measurements as text."""
    from fer_utils.live import pipeline

    size = "{0}x{1}".format(*found["size"]) if found["size"] else "the given film"
    lines = [
        f"{size}, {found['frames']} frames, one thread, detector at every {found['every']}th; median (quartiles) of {found['rounds']} rounds in turn",
        "",
        f"  {'frames a second, read to drawn picture':<58}{'wall':>8}{'':<16}{'thread':>8}{'ratio':>8}{'late':>7}",
    ]
    lines += [
        f"  {row['name']:<58}{row['fps']:>8.1f} ({row['low']:.0f} to {row['high']:.0f})".ljust(84)
        + f"{row['thread_fps']:>8.1f}{row['ratio']:>8.2f}{100 * row['slow']:>5.0f} %"
        for row in found["rows"]
    ]
    stages = [stage for stage in pipeline.STAGES if any(row["ms"][stage] >= 0.005 for row in found["rows"])]
    lines += ["", f"  {'milliseconds of the thread a frame (share)':<58}" + "".join(f"{stage:>15}" for stage in stages)]
    lines += [
        f"  {row['name']:<58}"
        + "".join(f"{row['ms'][stage]:>8.2f} ({100 * row['shares'][stage]:>2.0f} %)" for stage in stages)
        for row in found["rows"]
    ]
    ours = found["rows"][0]
    lines += [
        "",
        f"  aim: {found['goal']:g} frames a second at 1280x720; {ours['name']}: {ours['fps']:.1f} by the wall clock, "
        f"{ours['thread_fps']:.1f} of the thread's time",
        f"  writing VP9, where --out asks for it, is {found['write_ms']:.0f} ms a frame more",
    ]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m fer_utils.benchmarks.live_frames", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument("--rounds", type=int, default=5, help="timed passes of each (default 5)")
    parser.add_argument("--video", metavar="FILE", help="a video with a face, instead of the drawn one")
    parser.add_argument("--model", help="a stored result's folder or an exported file (default: int8, random weights)")
    parser.add_argument("--every", type=int, default=10, help="the detector looks at every N-th frame (default 10)")
    parser.add_argument("--no-peers", action="store_true", help="without the networks of other libraries")
    parser.add_argument("--quick", action="store_true", help="one round, half a second of film, no peers")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    options = parser.parse_args(arguments)
    less = (
        {"rounds": 1, "seconds": 0.5, "peers": False}
        if options.quick
        else {"rounds": options.rounds, "peers": not options.no_peers}
    )
    found = measure(film=options.video, model=options.model, every=options.every, progress=not options.quiet, **less)
    print(json.dumps(found, indent=1) if options.json else report(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
