"""From a frame to scored faces: track and detect, crop, classify, smooth; and the seconds of each step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import os
import time
from typing import Any, NamedTuple

import numpy as np

from fer_utils import inference
from fer_utils.core.errors import FerError, invalid, whole_number
from fer_utils.core.stages import stage
from fer_utils.faces.cropping import checked_margin
from fer_utils.faces.detector_base import Box, Detector
from fer_utils.faces.extraction import Settings, faces_of_frame
from fer_utils.faces.landmarks import Landmarks, chosen_landmarks
from fer_utils.faces.reading import Frame
from fer_utils.live.classifiers import Classifier, classifier
from fer_utils.live.smoothing import TIME_CONSTANT, Smoother, checked_seconds
from fer_utils.live.tracking import Tracker

#: The pieces of work, in their order.
STAGES: tuple[str, ...] = ("read", "track", "detect", "crop", "classify", "smooth", "draw", "show", "write")


class Seen(NamedTuple):
    """A face in a frame.

    Attributes
    ----------
    id : of its identity.
    box : in pixels of the frame.
    lost : frames since it was last seen, 0 in view.
    labels : of the scores, in order.
    raw, smoothed : scores (classes,), or None where the face is lost and was not asked about.
    face : the (side, side) uint8 grey square that the network saw, or None.
    """

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

    @stage("live")
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
        scores = dict(zip(crops, self.classifier(np.stack(list(crops.values()))), strict=True)) if crops else {}
        for key, row in list(scores.items()):
            trouble = inference.score_trouble(row)
            if trouble is not None:
                self._problem("classify", *trouble)
                if trouble[0] == "no number":
                    del scores[key]
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
