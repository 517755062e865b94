"""How many frames a second on one thread, and where the time goes: ``python -m fer_utils bench live``.

A drawn actor is filmed at 1280x720, and the film goes through the whole chain, read to drawn picture, with an int8
LiteRT network; the networks of other libraries take its place in turn.  All passes take turns in every round, so that
a busy or a slow machine slows all: compare the ratios between machines, and frames a second only within one run.  Each
pass is timed twice: by the clock on the wall, and by the processor time of the one thread, which other programs hardly
touch.  Writing VP9 is timed by itself: a film is written where somebody asks for one.

The drawn film is MPEG-4 (mp4v), which is decoded sooner than H.264 (1.25 ms a frame on the thread, and 4.99 for a clip
of the real RAVDESS, in two runs in turn on one machine); ``--video FILE`` takes a film of one's own.  An untrained
network costs what a trained one does.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
import tempfile
import time
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from fer_utils import compress, models, studio
from fer_utils.core import labels
from fer_utils.core.errors import FerError, whole_number
from fer_utils.faces import Reading, each_frame
from fer_utils.faces.detectors import create
from fer_utils.faces.extraction import Settings, faces_of_frame
from fer_utils.live import pipeline, streams
from fer_utils.live.classifiers import Classifier, classifier
from fer_utils.live.peer_networks import PEERS, build
from fer_utils.live.watcher import STAGES, Clock, Watcher

#: The drawn film: width and height in pixels, frames a second, seconds.
SIZE, FPS, SECONDS = (1280, 720), 60.0, 3.0
#: The aim: frames a second, of wall-clock time.
GOAL = 60.0
#: The two ways of telling time, in seconds.
CLOCKS = {"wall": time.perf_counter, "thread": time.thread_time}
#: Frames that are written as VP9 to time it.
WRITTEN = 12


class ForgottenFilm:
    """Takes drawn pictures as `fer_utils.live.streams.Film` does, and forgets them, at no cost."""

    def __init__(self) -> None:
        self.notes: list = []

    def add(self, bgr: np.ndarray, time_s: float) -> None:
        """Take a picture."""


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
    model : as for `fer_utils.live.classifier`; None for an int8 network of ours with random weights, which cost the
        same time.
    peers : time the networks of other libraries, too.
    every : the detector's interval.
    seconds, size : of the drawn film; size is width and height in pixels.
    progress : bars on standard error.
    classifiers : name to Classifier, to be timed instead of all these.

    Returns
    -------
    dict with the arguments, ``frames``, and ``rows``, one a network: ``name``, ``fps``, ``low``, ``high`` (frames a
    second by the wall clock: median and quartiles of the rounds), ``thread_fps`` (of the thread's processor time,
    median), ``ratio`` (median over rounds of the first network's time / this one's, by the thread's clock), ``shares``
    (stage to share of the thread's time, medians), ``ms`` (stage to milliseconds a frame, the same), ``slow`` (share
    of frames later than 1/60 s on the wall), ``seen`` (faces); ``write_ms``: milliseconds a frame of writing VP9 at
    that size.

    Raises
    ------
    FerError : fewer rounds than one, a film that is not there or shows no face.
    """
    rounds = whole_number("rounds", rounds, 1)
    with tempfile.TemporaryDirectory(prefix="fer-bench-") as folder:
        if film is None:
            path = drawn_film(Path(folder) / "film", seconds=seconds, size=size, progress=progress)
        else:
            path = Path(film)
            streams.Source(path).close()  # FerError now where there is no such file
        if classifiers is None:
            compared = networks(path, Path(folder), model=model, peers=peers, progress=progress)
        else:
            compared = dict(classifiers)
        passes = _passes_in_turn(path, compared, rounds, every, progress)
        write_ms = _write_ms(path, Path(folder) / "out.webm")
    first = next(iter(compared))
    reference = _seconds(passes[first, "thread"])
    rows = [_row(name, passes[name, "wall"], passes[name, "thread"], reference) for name in compared]
    return {
        "rounds": rounds,
        "size": list(size) if film is None else None,
        "every": every,
        "frames": passes[first, "wall"][0]["frames"],
        "goal": GOAL,
        "rows": rows,
        "write_ms": write_ms,
    }


def report(found: dict) -> str:
    """What `measure` found, as text."""
    rows, first = found["rows"], found["rows"][0]
    film = f"{found['size'][0]}x{found['size'][1]}" if found["size"] else "the given film"
    lines = [
        f"{film}, {found['frames']} frames, one thread, detector at every {found['every']}th; "
        f"median (quartiles) of {found['rounds']} rounds in turn",
        "",
        f"  {'frames a second, read to drawn picture':<58}{'wall':>8}{'':<16}{'thread':>8}{'ratio':>8}{'late':>7}",
    ]
    for row in rows:
        wall = f"{row['fps']:>8.1f} ({row['low']:.0f} to {row['high']:.0f})"
        lines.append(
            f"  {row['name']:<58}{wall:<24}{row['thread_fps']:>8.1f}{row['ratio']:>8.2f}{100 * row['slow']:>5.0f} %"
        )
    stages = [stage for stage in STAGES if any(row["ms"][stage] >= 0.005 for row in rows)]
    heads = "".join(f"{stage:>15}" for stage in stages)
    lines += ["", f"  {'milliseconds of the thread a frame (share)':<58}{heads}"]
    for row in rows:
        cells = "".join(f"{row['ms'][stage]:>8.2f} ({100 * row['shares'][stage]:>2.0f} %)" for stage in stages)
        lines.append(f"  {row['name']:<58}{cells}")
    lines += [
        "",
        f"  aim: {found['goal']:g} frames a second at 1280x720; {first['name']}: {first['fps']:.1f} by the wall clock, "
        f"{first['thread_fps']:.1f} of the thread's time",
        f"  writing VP9, where --out asks for it, is {found['write_ms']:.0f} ms a frame more",
    ]
    return "\n".join(lines)


# --- what is compared ---------------------------------------------------------------------------


def drawn_film(folder: Path, *, seconds: float = SECONDS, size: tuple[int, int] = SIZE, progress: bool = False) -> Path:
    """One drawn actor in RAVDESS's layout, a video of ``seconds`` at 60 frames a second; its path."""
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
    """Faces of a film, to calibrate with.

    Parameters
    ----------
    path : of the video.
    side : of the faces, in pixels.
    most : frames that are looked at.

    Returns
    -------
    (n, side, side, 1) uint8.

    Raises
    ------
    FerError : no face is found.
    """
    finder, near, crops, reading = create("dlib"), None, [], Reading()
    for frame in each_frame(path, most, into=reading):
        boxes, near = finder.follow(frame.rgb, near)
        crops += [face.image for face in faces_of_frame(frame, boxes[:1], Settings(1, side, 0.0))]
    if not crops:
        why = "".join(f" ({note.problem})" for note in reading.notes)
        raise FerError(f"No face was found in {path}{why}, so nothing can be calibrated.")
    return np.stack(crops)[..., None]


def networks(
    film: Path, folder: Path, *, model: str | None = None, peers: bool = True, progress: bool = True
) -> dict[str, Classifier]:
    """What is compared: a network of ours in int8, and the peers' in float32, all in LiteRT on one thread.

    Parameters
    ----------
    film : whose faces the int8 network is calibrated with.
    folder : where the exported files are written.
    model : as for `fer_utils.live.classifier`, in place of ours with random weights.
    peers : with the networks of other libraries.
    progress : bars on standard error.

    Returns
    -------
    name -> Classifier.
    """
    if model is None:
        name, ours = _untrained(film, folder, progress)
    else:
        ours = classifier(model)
        name = f"{ours.name} ({ours.engine})"
    found = {name: ours}
    if not peers:
        return found
    for library in PEERS:
        network, names, whose = build(library)
        side, channels = network.input_shape[1], network.input_shape[3]
        made = compress.export(network, folder / f"{library}.tflite", progress=progress)
        runner = compress.load(made.path)
        found[f"{library}'s network float32, {whose}"] = Classifier(
            runner, names, side, channels, library, "litert", {}
        )
    return found


def _untrained(film: Path, folder: Path, progress: bool) -> tuple[str, Classifier]:
    """The book's small network with random weights, exported in int8, and what it is called."""
    keras.utils.set_random_seed(0)
    network = models.build("nano", classes=len(labels.RAVDESS))
    calibration = faces_of(film, network.input_shape[1])
    made = compress.export(network, folder / "nano.tflite", quantize="int8", calibration=calibration, progress=progress)
    return "nano int8, untrained", classifier(made.path, labels.RAVDESS)


# --- passes -------------------------------------------------------------------------------------


def once(film: Path, network: Any, clock: str, *, every: int = 10) -> dict:
    """One pass over a film, drawn and not written.

    Parameters
    ----------
    film : of the video.
    network : a Classifier, or what `fer_utils.live.classifier` takes.
    clock : ``"wall"`` or ``"thread"``.
    every : the detector's interval.

    Returns
    -------
    ``frames``, ``seen`` (faces), ``stages`` (seconds by ``clock``) and ``slow`` (share of late frames, 0 to 1).

    Raises
    ------
    FerError : no face is found.
    """
    watcher = Watcher(network, every=every, margin=0.0)
    watcher.clock = Clock(CLOCKS[clock])
    with pipeline.opencv_threads(1):
        found = pipeline.watch_frames(streams.Source(film), watcher, film=ForgottenFilm())
    if not found.seen:
        raise FerError(f"No face was found in {film}:\n{found.problems}")
    return {"frames": found.frames, "seen": found.seen, "stages": found.stages, "slow": found.slow}


def _passes_in_turn(
    film: Path, compared: Mapping[str, Any], rounds: int, every: int, progress: bool
) -> dict[tuple[str, str], list[dict]]:
    """(network, clock) -> what `once` says of each round; in every round each has its turn."""
    passes: dict[tuple[str, str], list[dict]] = {(name, clock): [] for name in compared for clock in CLOCKS}
    with tqdm(total=(rounds + 1) * len(passes), desc="passes in turn", unit="pass", disable=not progress) as bar:
        for number in range(rounds + 1):
            for (name, clock), kept in passes.items():
                found = once(film, compared[name], clock, every=every)
                bar.update()
                if number > 0:  # the first loads and compiles
                    kept.append(found)
    return passes


def _seconds(passes: list[dict]) -> np.ndarray:
    """The whole time of each pass."""
    return np.array([sum(one["stages"].values()) for one in passes])


def _row(name: str, wall: list[dict], thread: list[dict], reference: np.ndarray) -> dict:
    """What `measure` says of one network; ``reference``: the first network's seconds by the thread's clock."""
    frames = wall[0]["frames"]
    thread_seconds = _seconds(thread)
    low, middle, high = np.percentile(frames / _seconds(wall), (25, 50, 75))
    stage_ms = {stage: float(np.median([1e3 * one["stages"][stage] / frames for one in thread])) for stage in STAGES}
    total_ms = sum(stage_ms.values())
    return {
        "name": name,
        "fps": middle,
        "low": low,
        "high": high,
        "thread_fps": float(np.median(frames / thread_seconds)),
        "ratio": float(np.median(reference / thread_seconds)),
        "ms": stage_ms,
        "shares": {stage: value / total_ms for stage, value in stage_ms.items()},
        "slow": float(np.median([one["slow"] for one in wall])),
        "seen": wall[0]["seen"],
    }


def _write_ms(path: Path, out: Path) -> float:
    """Milliseconds of the thread a frame, writing the film's first frames as VP9."""
    film, seconds, written = streams.Film(out, FPS), 0.0, 0
    for frame in each_frame(path, sampling="all", into=Reading()):
        bgr = streams.bgr_of(frame.rgb)
        began = time.thread_time()
        film.add(bgr, written / FPS)
        seconds += time.thread_time() - began
        written += 1
        if written == WRITTEN:
            break
    began = time.thread_time()
    film.close()  # VP9 looks ahead: what it has kept back is written now
    seconds += time.thread_time() - began
    film.discard()
    return 1e3 * seconds / written
