"""The whole chain, a frame at a time: read, track and detect, crop, classify, smooth, draw, show and write; and how long each took."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
import os
from pathlib import Path
import sys
import time
from typing import Any, NamedTuple

import numpy as np

from fer_utils.core.errors import FerError, invalid, whole_number
from fer_utils.core.tables import Problems
from fer_utils.faces.cropping import checked_margin
from fer_utils.faces.detector_base import Box, Detector
from fer_utils.faces.extraction import Settings, faces_of_frame
from fer_utils.faces.landmarks import Landmarks, chosen_landmarks
from fer_utils.faces.reading import Frame
from fer_utils.live import drawing, streams
from fer_utils.live.classifiers import Classifier, classifier
from fer_utils.live.smoothing import TIME_CONSTANT, Smoother, checked_seconds
from fer_utils.live.tracking import Tracker

#: The pieces of work, in their order.
STAGES: tuple[str, ...] = ("read", "track", "detect", "crop", "classify", "smooth", "draw", "show", "write")
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
    "Scores are for posed-expression labels: which recorded pose a face resembles, not what anybody feels. Whoever comes into view has to be told "
    "before (EU AI Act, Article 50(3)); not for use on people at work or in education (Article 5(1)(f))."
)


class Seen(NamedTuple):
    """A face in a frame: ``id`` of its identity, ``box`` in pixels of the frame, ``lost`` (frames since it was last seen, 0 in view),
    ``labels``, ``raw`` and ``smoothed`` scores, (classes,), or None where the face is lost and was not asked about; ``face``, the (side, side)
    uint8 grey square that the network saw, or None."""

    id: int
    box: Box
    lost: int
    labels: tuple[str, ...]
    raw: np.ndarray | None
    smoothed: np.ndarray | None
    face: np.ndarray | None

    @property
    def expression(self) -> str | None:
        """The posed-expression label with the highest smoothed score; None where there are no scores."""
        return None if self.smoothed is None else self.labels[int(np.argmax(self.smoothed))]


class Clock:
    """Seconds of each stage: ``mark(name)`` gives the time since the last mark to a stage."""

    def __init__(self, now: Callable[[], float] = time.perf_counter):
        self.now, self.seconds = now, dict.fromkeys(STAGES, 0.0)
        self._last = now()

    def start(self) -> None:
        self._last = self.now()

    def mark(self, name: str) -> None:
        then, self._last = self._last, self.now()
        self.seconds[name] += self._last - then


class Watcher:
    """From a frame to scored faces; it remembers who is in view, and nothing else.

    ``problems`` counts what went wrong, by (stage, kind, sentence, what was done).
    """

    def __init__(
        self,
        model: Any,
        *,
        labels: Sequence[str] | None = None,
        detector: str | Detector = "dlib",
        every: int = 10,
        lost: int = 15,
        smoothing: float = TIME_CONSTANT,
        margin: float | None = None,
        landmarks: Landmarks | str | os.PathLike | None = None,
        align: bool | None = None,
        threads: int = 1,
    ):
        """Parameters are those of `run`."""
        self.smoothing = checked_seconds("smoothing", smoothing)
        self.tracker = Tracker(detector, every=every, lost=lost)
        self.classifier: Classifier = classifier(model, labels, threads=whole_number("threads", threads, 1))
        made = self.classifier.faces
        margin = checked_margin(made.get("margin", 0.0) if margin is None else margin)
        align = bool(made.get("align", False)) if align is None else align
        if align and landmarks is None:
            raise invalid(
                "landmarks",
                expected="the predictor by which the faces were aligned that the model learned from",
                received=None,
                remedy="Name it, or pass align=False to show the model faces of another kind than it knows.",
            )
        marks = chosen_landmarks(landmarks, align, self.tracker.detector) if align else None
        self.settings = Settings(1, self.classifier.side, margin, landmarks=marks, align=align)
        self.clock = Clock()
        self.problems: dict[tuple[str, str, str, str], int] = {}
        self.identities: set[int] = set()
        self._smoothers: dict[int, Smoother] = {}

    def look(self, rgb: np.ndarray, time_s: float, index: int = 0) -> list[Seen]:
        """The faces of the next frame, oldest identity first.

        Parameters
        ----------
        rgb : (H, W, 3) uint8.
        time_s : seconds, later than the frame before.
        index : the frame's number, for what is reported.

        Raises
        ------
        FerError : no such picture, or a time before the last.
        """
        if (
            not isinstance(rgb, np.ndarray)
            or rgb.dtype != np.uint8
            or rgb.ndim != 3
            or rgb.shape[2] != 3
            or not rgb.size
        ):
            raise invalid("rgb", expected="a uint8 array of shape (H, W, 3)", received=getattr(rgb, "shape", rgb))
        tracks = self.tracker.update(rgb, self.clock.mark)
        shown = [track for track in tracks if not track.lost]
        self.identities.update(track.id for track in shown)
        crops: dict[int, np.ndarray] = {}
        for track in shown:
            try:
                crops[track.id] = faces_of_frame(Frame(index, time_s, rgb), [track.box], self.settings)[0].image
            except FerError as error:  # a box that no landmarks can be looked for in
                self._problem("crop", "failed", str(error), "face left out")
        self.clock.mark("crop")
        scores = dict(zip(crops, self.classifier(np.stack(list(crops.values()))))) if crops else {}
        for key in [key for key, row in scores.items() if not np.isfinite(row).all()]:
            del scores[key]
            self._problem("classify", "no number", "the network's scores are no finite numbers", "face left out")
        self.clock.mark("classify")
        known = {track.id for track in tracks}
        self._smoothers = {key: keeper for key, keeper in self._smoothers.items() if key in known}
        smoothed = {}
        for track in shown:
            keeper = self._smoothers.setdefault(track.id, Smoother(self.smoothing))
            if track.resumed:
                keeper.reset()
            if track.id in scores:
                smoothed[track.id] = keeper(scores[track.id], time_s)
        self.clock.mark("smooth")
        return [
            Seen(t.id, t.box, t.lost, self.classifier.labels, scores.get(t.id), smoothed.get(t.id), crops.get(t.id))
            for t in tracks
        ]

    def _problem(self, *what: str) -> None:
        self.problems[what] = self.problems.get(what, 0) + 1


@dataclass
class Report:
    """What a run did.

    Attributes
    ----------
    source, model, engine, detector : in words.
    frames : looked at.  ``size`` : (width, height) of the last.
    seen : faces scored, over all frames.  ``identities`` : threads followed; nobody is known by them.
    looks : how often the detector looked.
    seconds : from the first frame to the last, waiting for a camera or a window included.
    stages : stage to seconds; their sum is the work, without waiting.
    slow : share of frames whose work, writing left out, took longer than the time to the next frame would have been at ``goal`` frames a second.
    out : the film that was written, or None: nothing was stored.
    problems : a table, `fer_utils.core.tables.Problems`.
    stopped : why it ended: ``end``, ``enough frames``, ``by hand``.
    """

    source: str
    model: str
    engine: str
    detector: str
    frames: int = 0
    size: tuple[int, int] = (0, 0)
    seen: int = 0
    identities: int = 0
    looks: int = 0
    seconds: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)
    slow: float = 0.0
    goal: float = 60.0
    out: Path | None = None
    problems: Problems = field(default_factory=Problems.of)
    stopped: str = "end"

    @property
    def work(self) -> float:
        """Seconds of work, in all."""
        return sum(self.stages.values())

    @property
    def rate(self) -> float:
        """Frames a second of the work: what the machine could keep up with; 0 without a frame."""
        return self.frames / self.work if self.work else 0.0

    def shares(self) -> dict[str, float]:
        """Each stage's share of the work, 0 to 1, those that did nothing left out."""
        return {name: seconds / self.work for name, seconds in self.stages.items() if seconds and self.work}

    def to_json(self) -> dict:
        """Everything as a JSON-able dict."""
        return {
            "source": self.source,
            "model": self.model,
            "engine": self.engine,
            "detector": self.detector,
            "frames": self.frames,
            "size": list(self.size),
            "seen": self.seen,
            "identities": self.identities,
            "looks": self.looks,
            "seconds": self.seconds,
            "stages": self.stages,
            "frames_per_second": self.rate,
            "slow": self.slow,
            "goal": self.goal,
            "out": None if self.out is None else str(self.out),
            "stopped": self.stopped,
            "problems": [dict(row) for row in self.problems.astype(str).to_dict("records")],
        }

    def summary(self) -> str:
        """What was done, as text; the problems apart."""
        if not self.frames:
            return f"{self.source}: no frame."
        each = 1e3 * self.work / self.frames
        lines = [
            f"{self.source}: {self.frames} frame{'' if self.frames == 1 else 's'} of {self.size[0]} x {self.size[1]}, {self.seen} faces of "
            f"{self.identities} identities ({self.detector} looked {self.looks} times; {self.model}, {self.engine})",
            f"{self.rate:.1f} frames a second: {each:.2f} ms a frame, of which",
        ]
        lines += [
            f"  {name:<9}{1e3 * self.stages[name] / self.frames:>8.2f} ms {100 * share:>5.1f} %"
            for name, share in self.shares().items()
        ]
        lines += [
            f"{100 * self.slow:.0f} % of the frames took longer than {1e3 / self.goal:.1f} ms ({self.goal:g} frames a second)"
            + (", writing left out" if self.out else "")
        ]
        lines += [f"stored: {self.out}" if self.out else "stored: nothing"]
        return "\n".join(lines)

    def __str__(self) -> str:
        return f"{self.summary()}\n{self.problems}"

    __repr__ = __str__


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
    every, lost : as for `fer_utils.live.Tracker`: the detector looks at every so manieth frame; a face is given up after so many.
    smoothing : time constant of the scores in seconds, 0 for none; see `fer_utils.live.smoothing`.
    margin, landmarks, align : as in ``prepare`` for the faces that the model learned from; None for what its result says.
    threads : of OpenCV and of an exported network's engine.
    frames : stop after so many; None for all, and for a camera until somebody ends it (q in the window, or Ctrl-C).
    each : called with every frame and its faces; what it keeps is its own affair.  If it returns False the run ends.
    progress : a line on standard error that says what is stored, and a bar.

    Returns
    -------
    Report : with no frames, and the reason in ``.problems``, where the file cannot be decoded.

    Raises
    ------
    FerError : a camera or a file that is not there; an ``out`` that cannot be written; no window where one is wanted; an impossible model, label or number.
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
            print(
                f"{NOTICE}\n" + (f"Stored: {out}, and nothing else." if out else "Nothing is stored."), file=sys.stderr
            )
        with opencv_threads(threads):
            report = watch_frames(coming, watcher, window=window, film=film, most=frames, each=each, progress=progress)
        if film is not None:
            watcher.clock.start()
            report.out = out if film.finish(progress) else None
            if not coming.camera:  # VP9 looks ahead: what it has kept back is written now (a camera's film is compressed afterwards, in nobody's time)
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
    """
    from tqdm import tqdm

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
                drawing.paint(page, faces, rate=rate, backwards=True)
                clock.mark("draw")
            work = sum(clock.seconds.values()) - before
            late += work > 1 / report.goal
            if film is not None:
                film.add(page, frame.time_s)
                clock.mark("write")
            # Shown as an average over some twenty frames: a number that changes with each cannot be read.  The first loads what the rest uses.
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
    if report.frames and not report.seen:
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
