"""What comes out of one file: its frames, what a pass over it has shown, and what is to be remarked on."""

from __future__ import annotations

from dataclasses import dataclass, field
import math
from typing import NamedTuple

import numpy as np

#: A container's frame rate and its time stamps may differ by this factor before it is remarked on.
RATE_TOLERANCE = 1.2


class Frame(NamedTuple):
    """One picture: its index in the video, its time in seconds, (H, W, 3) uint8 RGB."""

    index: int
    time_s: float
    rgb: np.ndarray


class Note(NamedTuple):
    """A remark for the problems table, less the file and the stage."""

    kind: str
    problem: str
    action: str


@dataclass
class Reading:
    """What came out of one file: the frames taken, how many it has, and what was wrong."""

    frames: list[Frame] = field(default_factory=list)
    n_frames: int = 0
    notes: list[Note] = field(default_factory=list)


@dataclass
class Facts:
    """What one pass over a video has shown; complete when the pass is."""

    announced: int = 0
    rate: float = math.nan
    total: int = 0
    lost: int = 0  # frames that could not be grabbed, with others after them
    first: tuple[int, float] | None = None  # index and time stamp, in seconds
    last: tuple[int, float] | None = None
    too_large: str = ""  # how many pixels its frames have, where these are too many; from there on nothing is decoded


def undecodable(index: int) -> Note:
    return Note("unreadable", f"frame {index} cannot be decoded", "frame left out")


def remark(into: Reading, facts: Facts) -> bool:
    """Note what is odd about a video; whether it has any frame at all."""
    into.n_frames = facts.total
    if facts.too_large:
        whose, left = ("it has", "left out") if facts.total == 0 else ("later frames have", "these frames left out")
        into.notes.append(Note("unreadable", f"{whose} {facts.too_large}", left))
        return facts.total > 0
    if facts.total == 0:
        into.notes.append(Note("unreadable", "no frame of it can be decoded as video", "left out"))
        return False
    if facts.lost:
        into.notes.append(
            Note(
                "damaged",
                f"{facts.lost} frame{'s' if facts.lost > 1 else ''} among the others cannot be decoded",
                f"sampled from the {facts.total} others",
            )
        )
    if facts.announced - facts.total - facts.lost > max(2, facts.announced // 20):
        into.notes.append(
            Note(
                "truncated",
                f"the container says {facts.announced} frames, {facts.total} can be decoded",
                f"sampled from the {facts.total}",
            )
        )
    if facts.total > 1:
        _remark_on_rate(into, facts)
    return True


def _remark_on_rate(into: Reading, facts: Facts) -> None:
    said = f"{facts.rate:g}" if math.isfinite(facts.rate) and facts.rate > 0 else ""
    span = facts.last[1] - facts.first[1] if facts.first and facts.last else 0.0
    if span > 0:
        true = (facts.last[0] - facts.first[0]) / span
        if said and max(true / facts.rate, facts.rate / true) <= RATE_TOLERANCE:
            return
        into.notes.append(
            Note(
                "frame rate",
                f"the container says {said or 'no number of'} frames a second, the time stamps {true:.4g}",
                "times are the time stamps'",
            )
        )
    else:
        into.notes.append(
            Note(
                "frame rate",
                f"the frames have no time stamps{'' if said else ', and the container no frame rate'}",
                f"times by the container's {said} frames a second" if said else "times are 0",
            )
        )


def remark_on_length(into: Reading, taken: int, k: int) -> None:
    if taken < k:
        total = into.n_frames
        into.notes.append(
            Note(
                "short clip",
                f"{total} frame{'s' if total != 1 else ''} in the clip, {k} wanted",
                f"{taken} taken",
            )
        )


def is_time(stamp: float, index: int) -> bool:
    return math.isfinite(stamp) and (stamp > 0 or (index == 0 and stamp == 0))


def seconds(stamp: float, index: int, rate: float) -> float:
    """The frame's time stamp; by the frame rate where the container gives none."""
    if is_time(stamp, index):
        return round(stamp, 6)
    return round(index / rate, 6) if math.isfinite(rate) and rate > 0 else 0.0
