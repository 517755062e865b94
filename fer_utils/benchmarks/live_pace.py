"""How long every single frame took: ``python -m fer_utils bench pace``.

A mean over a run hides the frames that come late. For a film of one's own::

    from fer_utils.benchmarks.live_pace import pace

    frames = pace("film.mp4", "nano.tflite", labels=labels)
    frames["work"].mean(), frames["work"].max(), frames.groupby("looked")["work"].median()
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import os
from pathlib import Path
import tempfile
from typing import Any

import numpy as np
import pandas as pd

from fer_utils.benchmarks.live_frames import CLOCKS, GOAL, SECONDS, ForgottenFilm, drawn_film, networks
from fer_utils.core.errors import FerError, invalid, whole_number
from fer_utils.faces.detector_base import Box, Detector
from fer_utils.live import pipeline, streams
from fer_utils.live.smoothing import TIME_CONSTANT
from fer_utils.live.watcher import STAGES, Clock, Watcher

#: Stages that come after a frame's scores: how long they took is known when the next frame is scored.
_LATER_STAGES = ("draw", "show", "write")


def measure(
    *,
    film: str | os.PathLike | None = None,
    model: str | None = None,
    every: int = 10,
    frames: int | None = None,
    clock: str = "wall",
    seconds: float = SECONDS,
    progress: bool = True,
) -> dict:
    """How long the frames of one film took; see `pace`.

    Parameters
    ----------
    film : a video; None for a drawn one of 1280x720 pixels and ``seconds``.
    model : as for `fer_utils.live.classifier`; None for an int8 network of ours with random weights.
    every : the detector's interval.
    frames : stop after so many; None for all.
    clock : ``"wall"``, or ``"thread"`` for the processor time of the thread alone.
    progress : bars on standard error.

    Returns
    -------
    dict with ``every``, ``clock``, ``goal_ms`` (milliseconds between frames at 60 a second), ``frames`` (the first,
    which loads what the others use, is not counted); milliseconds of work a frame: ``mean``, ``median``, ``p95``
    (95 of 100 frames took no longer), ``most``, ``looked_median`` and ``between_median`` (frames with and without the
    detector, None where there are none); ``late``, the share of frames that took longer than ``goal_ms``.

    Raises
    ------
    FerError : as `pace`; fewer frames than two.
    """
    if frames is not None:
        frames = whole_number("frames", frames, 2)
    checked_clock(clock)
    with tempfile.TemporaryDirectory(prefix="fer-bench-") as folder:
        if film is None:
            film = drawn_film(Path(folder) / "film", seconds=seconds, progress=progress)
        else:
            streams.Source(film).close()  # FerError now where there is no such file
        compared = networks(Path(film), Path(folder), model=model, peers=False, progress=progress)
        network = next(iter(compared.values()))
        table = pace(film, network, every=every, frames=frames, clock=clock).iloc[1:]
    if not len(table):
        raise FerError(f"{film} has one frame only, which is not counted: it loads what the others use.")
    work, looked, goal_ms = table["work"], table["looked"], 1e3 / GOAL
    return {
        "every": every,
        "clock": clock,
        "goal_ms": goal_ms,
        "frames": len(table),
        "mean": float(work.mean()),
        "median": float(work.median()),
        "p95": float(work.quantile(0.95)),
        "most": float(work.max()),
        "looked_median": _median(work[looked]),
        "between_median": _median(work[~looked]),
        "late": float((work > goal_ms).mean()),
    }


def report(found: dict) -> str:
    """What `measure` found, as text."""
    looked, between = (
        "none" if found[name] is None else f"{found[name]:.2f}" for name in ("looked_median", "between_median")
    )
    return "\n".join(
        [
            f"milliseconds of work a frame, {found['frames']} frames, one thread ({found['clock']} clock), "
            f"detector at every {found['every']}th",
            "",
            f"  mean {found['mean']:.2f}, median {found['median']:.2f}, 95 of 100 within {found['p95']:.2f}, "
            f"most {found['most']:.2f}",
            f"  median with the detector {looked}, without {between}",
            f"  longer than {found['goal_ms']:.1f} ms ({GOAL:g} frames a second): {100 * found['late']:.0f} %",
        ]
    )


def _median(values: pd.Series) -> float | None:
    return float(values.median()) if len(values) else None


def pace(
    film: str | os.PathLike,
    model: Any,
    *,
    labels: Sequence[str] | None = None,
    detector: str | Detector = "dlib",
    every: int = 10,
    lost: int = 15,
    smoothing: float = TIME_CONSTANT,
    out: str | os.PathLike | None = None,
    threads: int = 1,
    frames: int | None = None,
    each: Callable | None = None,
    clock: str = "wall",
) -> pd.DataFrame:
    """Watch a film as `fer_utils.live.run` does, without a window, and keep the times of every frame.

    Parameters are those of ``run``; every frame is drawn, and it is written where ``out`` names a ``.webm``.  What
    ``each`` does is not counted.  ``clock`` is ``"wall"``, or ``"thread"`` for the processor time of the thread alone,
    which other programs hardly touch.

    Returns
    -------
    DataFrame, one row a frame: ``frame``, ``time_s`` (of the film, seconds), ``looked`` (the detector ran), ``faces``
    (scored), a column in milliseconds for each of `fer_utils.live.watcher.STAGES`, and ``work``: their sum in
    milliseconds, ``write`` left out.  The first frame loads what the others use.  VP9 looks ahead: what it has kept
    back at the end is written with the last frame, so take the mean of ``write``.

    Raises
    ------
    FerError : as ``run``; a film without a frame.
    """
    out = streams.checked_out(out)
    frames = None if frames is None else whole_number("frames", frames, 1)
    now = checked_clock(clock)
    coming = streams.Source(film)
    watcher = Watcher(
        model, labels=labels, detector=detector, every=every, lost=lost, smoothing=smoothing, threads=threads
    )
    watcher.clock = Clock(now)
    written = ForgottenFilm() if out is None else streams.Film(out, coming.rate)
    rows: list[dict] = []

    def keep(frame, faces):
        # By now the frame is scored, and the one before it has been drawn and written.
        rows.append(
            {
                "frame": frame.index,
                "time_s": frame.time_s,
                "looks": watcher.tracker.looks,
                "faces": sum(face.raw is not None for face in faces),
                "seconds": dict(watcher.clock.seconds),
            }
        )
        return None if each is None else each(frame, faces)

    try:
        with pipeline.opencv_threads(threads):
            report = pipeline.watch_frames(coming, watcher, film=written, most=frames, each=keep)
        if out is not None and rows:
            began = now()
            written.close()
            report.stages["write"] += now() - began
            written.finish()
    finally:
        coming.close()
        if out is not None:
            written.discard()
    if not rows:
        raise FerError(f"{Path(film)} has no frame that can be read:\n{report.problems}")
    return _frame_table(rows, report.stages)


def checked_clock(clock: str) -> Callable[[], float]:
    """The function that tells a clock's time in seconds; ``FerError`` where there is no such clock."""
    if clock not in CLOCKS:
        raise invalid("clock", expected=f"one of {', '.join(CLOCKS)}", received=clock)
    return CLOCKS[clock]


def _frame_table(rows: list[dict], whole: dict[str, float]) -> pd.DataFrame:
    """What `pace` returns.

    Parameters
    ----------
    rows : one a frame, with ``seconds`` of each stage since the beginning, when the frame was scored.
    whole : seconds of each stage at the end.
    """
    table = pd.DataFrame({name: [row[name] for row in rows] for name in ("frame", "time_s")})
    table["looked"] = np.diff([row["looks"] for row in rows], prepend=0) > 0
    table["faces"] = [row["faces"] for row in rows]
    for stage in STAGES:
        passed = np.array([row["seconds"][stage] for row in rows])
        if stage in _LATER_STAGES:
            passed = np.append(passed[1:], whole[stage])
        table[stage] = 1e3 * np.diff(passed, prepend=0.0)
    table["work"] = table[[stage for stage in STAGES if stage != "write"]].sum(axis=1)
    return table


def overlaps(ours: Sequence[Sequence[Box]], theirs: Sequence[Sequence[Box]]) -> np.ndarray:
    """How well boxes are found again, frame by frame.

    Parameters
    ----------
    ours, theirs : boxes of each frame, for as many frames.

    Returns
    -------
    For each box of ``theirs`` its best intersection over union with one of ``ours`` in the same frame, 0 to 1: one
    flat array.
    """
    best = []
    for our_boxes, their_boxes in zip(ours, theirs, strict=True):
        for box in their_boxes:
            best.append(max((box.overlap(other) for other in our_boxes), default=0.0))
    return np.array(best)
