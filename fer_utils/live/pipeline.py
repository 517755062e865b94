"""The whole chain, a frame at a time: read, track and detect, crop, classify, smooth, draw, show and write.

How long each step took is in the report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
import os
import sys
import time
from typing import Any

from tqdm import tqdm

from fer_utils.core.errors import whole_number
from fer_utils.core.stages import stage
from fer_utils.core.tables import Problems
from fer_utils.faces.detector_base import Detector
from fer_utils.faces.landmarks import Landmarks
from fer_utils.faces.reading import Frame
from fer_utils.live import overlay, streams
from fer_utils.live.report import Report
from fer_utils.live.smoothing import TIME_CONSTANT
from fer_utils.live.watcher import Seen, Watcher

#: Kinds of end of an identity, as the report says them.
_ENDS = {
    "crossed": "two faces covered each other, so that nobody could say which was which",
    "lost": "it was not seen any more",
    "another face": "another face stood in its place",
    "left the picture": "it left the picture",
    "picture size": "the picture's size changed",
}
#: What is said before the first frame.
NOTICE = (
    "Scores are for posed-expression labels: which recorded pose a face resembles, not what anybody feels. Whoever "
    "comes into view has to be told before (EU AI Act, Article 50(3)); not for use on people at work or in education "
    "(Article 5(1)(f))."
)


@stage("live")
def run(
    source: int | str | os.PathLike,
    model: Any,
    *,
    labels: Sequence[str] | None = None,
    out: str | os.PathLike | None = None,
    headless: bool = False,
    detector: str | Detector = "dlib",
    every: int = 10,
    lost: int = 15,
    smoothing: float = TIME_CONSTANT,
    margin: float | None = None,
    landmarks: Landmarks | str | os.PathLike | None = None,
    align: bool | None = None,
    threads: int = 1,
    frames: int | None = None,
    each: Callable[[Frame, list[Seen]], object] | None = None,
    progress: bool = True,
) -> Report:
    """Watch a camera or a video, frame by frame, and show or write what is found.

    Nothing is stored but the film that ``out`` names: pictures, faces and scores are forgotten with the next frame.

    Parameters
    ----------
    source : a camera's number (0 for the first) or a video's path.
    model, labels : as for `fer_utils.live.classifier`.
    out : a ``.webm`` to be written (VP9), with boxes and scores drawn on; it must not exist, its folder must.
    headless : no window.  With neither window nor ``out`` nothing is drawn, and the report is all.
    detector : ``"dlib"``, ``"haar"``, ``"yunet:FILE"`` or a ``Detector``.
    every, lost : as for `fer_utils.live.Tracker`: the detector looks at every so manieth frame; a face is given up
        after so many.
    smoothing : time constant of the scores in seconds, 0 for none; see `fer_utils.live.smoothing`.
    margin, landmarks, align : as in ``prepare`` for the faces that the model learned from; None for what its result
        says.
    threads : of OpenCV and of an exported network's engine.
    frames : stop after so many; None for all, and for a camera until somebody ends it (q in the window, or Ctrl-C).
    each : called with every frame and its faces; what it keeps is its own affair.  If it returns False the run ends.
    progress : a line on standard error that says what is stored, and a bar.

    Returns
    -------
    Report : with no frames, and the reason in ``.problems``, where the file cannot be decoded.

    Raises
    ------
    FerError : a camera or a file that is not there; an ``out`` that cannot be written; no window where one is wanted;
        an impossible model, label or number.
    MissingPackage : OpenCV, the detector or the network's engine is not installed.
    """
    out = streams.checked_out(out)
    frames = None if frames is None else whole_number("frames", frames, 1)
    coming = streams.Source(source)
    window = film = None
    try:
        # What is quickly said is said before a network is opened, which takes seconds.
        window = None if headless else streams.Window()
        watcher = Watcher(
            model,
            labels=labels,
            detector=detector,
            every=every,
            lost=lost,
            smoothing=smoothing,
            margin=margin,
            landmarks=landmarks,
            align=align,
            threads=threads,
        )
        if out is not None:
            film = streams.Spool(out) if coming.camera else streams.Film(out, coming.rate)
        if progress:
            kept = f"Only the film {out} will be stored." if out else "Nothing is stored."
            print(f"{NOTICE}\n{kept}", file=sys.stderr)
        with opencv_threads(threads):
            report = watch_frames(coming, watcher, window=window, film=film, most=frames, each=each, progress=progress)
        if film is not None:
            watcher.clock.start()
            report.out = out if film.finish(progress) else None
            if not coming.camera:
                # VP9 looks ahead: what it has kept back is written now.  (A camera's film is compressed afterwards, in
                # nobody's time.)
                watcher.clock.mark("write")
                report.stages = dict(watcher.clock.seconds)
            report.problems = _problems(coming, watcher, report, film.notes)
        return report
    finally:
        coming.close()
        if window is not None:
            window.close()
        if film is not None:
            film.discard()


@contextmanager
def opencv_threads(threads: int) -> Iterator[None]:
    """OpenCV on so many threads, and afterwards as before."""
    cv2 = streams.opencv()
    before = cv2.getNumThreads()
    cv2.setNumThreads(threads)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def watch_frames(
    coming: streams.Source,
    watcher: Watcher,
    *,
    window: Any = None,
    film: Any = None,
    most: int | None = None,
    each: Callable[[Frame, list[Seen]], object] | None = None,
    progress: bool = False,
) -> Report:
    """The loop of `run`: every frame is read, looked at, and drawn where there is a window or a film.

    Parameters
    ----------
    coming : the frames.
    watcher : finds and scores the faces; its clock says how long each stage took.
    window : None, or what has `fer_utils.live.streams.Window.show`.
    film : None, or what has ``add(bgr, time_s)`` as `fer_utils.live.streams.Film` has; it is not finished here.
    most : stop after so many frames; None for all.
    each : as for `run`.
    progress : a bar on standard error.

    Returns
    -------
    Report : without ``out``, for the film is still open.
    """
    made = watcher.classifier
    report = Report(coming.name, made.name, made.engine, watcher.tracker.detector.name)
    clock, late, rate = watcher.clock, 0, None
    began = shown_from = time.perf_counter()
    stream = iter(coming)
    bar = tqdm(desc="watching", unit="frame", disable=not progress)
    clock.start()
    try:
        while most is None or report.frames < most:
            before = sum(clock.seconds.values())
            frame = next(stream, None)
            clock.mark("read")
            if frame is None:
                break
            faces = watcher.look(frame.rgb, frame.time_s, frame.index)
            report.frames += 1
            report.size = frame.rgb.shape[1], frame.rgb.shape[0]
            report.seen += sum(face.raw is not None for face in faces)
            if each is not None and each(frame, faces) is False:
                report.stopped = "by hand"
            clock.start()  # what somebody does with the frame is not our work
            if window is not None or film is not None:
                page = streams.bgr_of(frame.rgb, copy=each is not None)
                overlay.paint(page, faces, rate=rate, backwards=True)
                clock.mark("draw")
            work = sum(clock.seconds.values()) - before
            late += work > 1 / report.goal
            if film is not None:
                film.add(page, frame.time_s)
                clock.mark("write")
            # Shown as an average over some twenty frames: a number that changes with each cannot be read.  The first
            # loads what the rest uses.
            if report.frames > 1 and work > 0:
                rate = 1 / work if rate is None else 1 / (0.95 / rate + 0.05 * work)
            if window is not None:
                ahead = 0.0 if coming.camera else frame.time_s - (time.perf_counter() - shown_from)
                if not window.show(page, ahead):
                    report.stopped = "by hand"
                clock.start()  # waiting for the next picture's time is no work
            bar.update()
            if report.stopped != "end":
                break
        else:
            report.stopped = "enough frames"
    except KeyboardInterrupt:
        report.stopped = "by hand"
    finally:
        bar.close()
        close = getattr(stream, "close", None)
        if close is not None:
            close()
    report.seconds = time.perf_counter() - began
    report.stages = dict(clock.seconds)
    report.slow = late / report.frames if report.frames else 0.0
    report.identities, report.looks = len(watcher.identities), watcher.tracker.looks
    report.problems = _problems(coming, watcher, report, [])
    return report


def _problems(coming, watcher: Watcher, report: Report, written) -> Problems:
    rows = [(coming.name, "decode", *note) for note in coming.reading.notes]
    # A face that was found and could not be scored has a row of its own.
    if report.frames and not watcher.identities:
        rows.append(
            (
                coming.name,
                "detect",
                "no face",
                f"no face was found in {report.frames} frames",
                f"{watcher.tracker.detector.name} looked {watcher.tracker.looks} times",
            )
        )
    rows += [
        (
            coming.name,
            "track",
            kind,
            f"{many} time{'s' if many > 1 else ''} a face's identity ended: {_ENDS[kind]}",
            "a face there later is somebody new",
        )
        for kind, many in watcher.tracker.ended.items()
        if kind in ("crossed", "another face", "picture size")
    ]
    rows += [
        (coming.name, *what[:2], f"{what[2]} ({many} times)" if many > 1 else what[2], what[3])
        for what, many in watcher.problems.items()
    ]
    rows += [(coming.name, "write", *note) for note in written]
    return Problems.of(rows)
