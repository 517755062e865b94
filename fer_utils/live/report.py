"""What a run over live pictures did: frames, faces, the seconds of each step, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from fer_utils.core.tables import Problems


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
    slow : share of frames whose work, writing left out, took longer than the time to the next frame would have been at
        ``goal`` frames a second.
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
            f"{self.source}: {self.frames} frame{'' if self.frames == 1 else 's'} of {self.size[0]} x {self.size[1]}, "
            f"{self.seen} faces of {self.identities} identities ({self.detector} looked {self.looks} times; "
            f"{self.model}, {self.engine})",
            f"{self.rate:.1f} frames a second: {each:.2f} ms a frame, of which",
        ]
        lines += [
            f"  {name:<9}{1e3 * self.stages[name] / self.frames:>8.2f} ms {100 * share:>5.1f} %"
            for name, share in self.shares().items()
        ]
        lines += [
            f"{100 * self.slow:.0f} % of the frames took longer than {1e3 / self.goal:.1f} ms "
            f"({self.goal:g} frames a second)" + (", writing left out" if self.out else "")
        ]
        lines += [f"stored: {self.out}" if self.out else "stored: nothing"]
        return "\n".join(lines)

    def __str__(self) -> str:
        return f"{self.summary()}\n{self.problems}"

    __repr__ = __str__
