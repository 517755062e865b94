"""How long every single frame took: a mean over a run hides the frames that come late.

from fer_utils.benchmarks.live_pace import pace

frames = pace("film.mp4", "nano.tflite", labels=labels)
frames["work"].mean(), frames["work"].max(), frames.groupby("looked")["work"].median()
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fer_utils.benchmarks.live_frames import CLOCKS, _Nowhere
from fer_utils.core.errors import FerError, invalid, whole_number
from fer_utils.faces.detectors import Box, Detector
from fer_utils.live import pipeline, streams
from fer_utils.live.smoothing import TIME_CONSTANT


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

    Parameters are those of ``run``; every frame is drawn, and it is written where ``out`` names a ``.webm``.  What ``each`` does is not counted.
    ``clock`` is ``"wall"``, or ``"thread"`` for the processor time of the thread alone, which other programs hardly touch.

    Returns
    -------
    DataFrame, one row a frame: ``frame``, ``time_s`` (of the film, seconds), ``looked`` (the detector ran), ``faces`` (scored), a column in
    milliseconds for each of `fer_utils.live.pipeline.STAGES`, and ``work``: their sum in milliseconds, ``write`` left out.  The first frame loads what
    the others use.  VP9 looks ahead: what it has kept back at the end is written with the last frame, so take the mean of ``write``.

    Raises
    ------
    FerError : as ``run``; a film without a frame.
    """
    out = streams.checked_out(out)
    frames = None if frames is None else whole_number("frames", frames, 1)
    if clock not in CLOCKS:
        raise invalid("clock", expected=f"one of {', '.join(CLOCKS)}", received=clock)
    coming = streams.Source(film)
    watcher = pipeline.Watcher(
        model, labels=labels, detector=detector, every=every, lost=lost, smoothing=smoothing, threads=threads
    )
    watcher.clock = pipeline.Clock(CLOCKS[clock])
    written = _Nowhere() if out is None else streams.Film(out, coming.rate)
    rows: list[tuple] = []

    def kept(frame, faces):
        # By now the frame is scored, and the one before it has been drawn and written.
        rows.append(
            (
                frame.index,
                frame.time_s,
                watcher.tracker.looks,
                sum(face.raw is not None for face in faces),
                dict(watcher.clock.seconds),
            )
        )
        return None if each is None else each(frame, faces)

    try:
        with pipeline._threads(threads):
            report = pipeline._watch(coming, watcher, None, written, frames, kept, False)
        began = CLOCKS[clock]()
        if out is not None and rows:
            written._writer.release()
            report.stages["write"] += CLOCKS[clock]() - began
            written.finish()
    finally:
        coming.close()
        if out is not None:
            written.discard()
    if not rows:
        raise FerError(f"{Path(film)} has no frame that can be read:\n{report.problems}")
    table = pd.DataFrame(
        {
            "frame": [row[0] for row in rows],
            "time_s": [row[1] for row in rows],
            "looked": np.diff([row[2] for row in rows], prepend=0) > 0,
            "faces": [row[3] for row in rows],
        }
    )
    for stage in pipeline.STAGES:
        passed = np.array([row[4][stage] for row in rows])
        later = np.append(passed[1:], report.stages[stage])  # what comes after the scores is known with the next frame
        table[stage] = 1e3 * (
            np.diff(later, prepend=0.0) if stage in ("draw", "show", "write") else np.diff(passed, prepend=0.0)
        )
    table["work"] = table[[stage for stage in pipeline.STAGES if stage != "write"]].sum(axis=1)
    return table


def overlaps(ours: Sequence[Sequence[Box]], theirs: Sequence[Sequence[Box]]) -> np.ndarray:
    """Frame by frame, for each box of ``theirs`` its best intersection over union with one of ``ours``: one flat array, 0 to 1."""
    return np.array(
        [
            max((box.overlap(other) for other in mine), default=0.0)
            for mine, other_boxes in zip(ours, theirs)
            for box in other_boxes
        ]
    )
