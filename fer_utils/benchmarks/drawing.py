"""How fast the studio is: ``python -m fer_utils bench drawing``.

Drawing, encoding and filming are timed in turn, in one process and on one core,
beside what it costs to write as many blank frames of the same size.  A busy or a
slow machine slows all of them: compare the last column between machines, and the
frames a second only on one machine, within one run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import itertools
from pathlib import Path
import tempfile

import numpy as np

from fer_utils import studio
from fer_utils.core import worker_pool
from fer_utils.core.errors import whole_number
from fer_utils.core.timing import latency
from fer_utils.studio import writing
from fer_utils.studio.acting import perform
from fer_utils.studio.expressions import ACTION_UNITS, MIDLINE

#: Width and height of the frames, in pixels.
SIZES: tuple[tuple[int, int], ...] = ((256, 256), (1280, 720))
#: What is timed, in words.
JOBS: dict[str, str] = {
    "blank": "write blank frames",
    "encode": "write drawn frames",
    "draw": "draw, one at a time",
    "draw_batch": "draw_batch",
    "film": "film: draw, encode, check, truth",
}
POSE: tuple[str, ...] = ("yaw", "pitch", "roll")


def measure(*, rounds: int = 5, quick: bool = False, progress: bool = True) -> dict:
    """Time every job at every size, in turn.

    Parameters
    ----------
    rounds : timed rounds a size, 1 or more.
    quick : 4 frames a round in place of 48.
    progress : bars on standard error.

    Returns
    -------
    dict with ``rounds``, and ``rows``, one a size and job: ``size`` (width, height); ``name`` (a key of `JOBS`);
    ``frames`` a round; ``per_second``, ``low``, ``high``: frames a second and core, median and quartiles over rounds;
    ``cost``: how many times the cost of writing blank frames, the median of the ratios within rounds.

    Raises
    ------
    FerError : fewer rounds than one.
    """
    rounds = whole_number("rounds", rounds, 1)
    clips, frames_a_clip = (1, 4) if quick else (4, 12)
    frames = clips * frames_a_clip
    rows = []
    with tempfile.TemporaryDirectory(prefix="fer-bench-") as folder, worker_pool.one_thread():
        for size in SIZES:
            jobs = _jobs(size, clips, frames_a_clip, Path(folder) / f"{size[0]}x{size[1]}")
            table = latency(jobs, None, repeats=rounds, warmup=1, baseline="blank", progress=progress)
            for row in table.itertuples():
                rows.append(
                    {
                        "size": list(size),
                        "name": row.name,
                        "frames": frames,
                        "per_second": 1000 * frames / row.median_ms,
                        "low": 1000 * frames / row.high_ms,
                        "high": 1000 * frames / row.low_ms,
                        "cost": 1 / row.ratio,
                    }
                )
    return {"rounds": rounds, "rows": rows}


def report(found: dict) -> str:
    """What `measure` found, as a table."""
    lines = [
        f"frames a second and core: median (quartiles) of {found['rounds']} rounds in turn; "
        "cost: times that of blank frames"
    ]
    for row in found["rows"]:
        width, height = row["size"]
        if row["name"] == "blank":
            lines += ["", f"{width}x{height}, {row['frames']} frames a round"]
        speed = f"{row['per_second']:>8.0f} ({row['low']:.0f} to {row['high']:.0f})"
        lines.append(f"  {JOBS[row['name']]:<34} {speed:<29}{row['cost']:>7.2f}")
    return "\n".join(lines)


def _jobs(size: tuple[int, int], clips: int, frames: int, folder: Path) -> dict[str, Callable[[None], object]]:
    """What is timed: functions that each handle ``clips * frames`` frames of one person's, single-threaded."""
    who = studio.person(0)
    act = perform(who, "happy", frames=clips * frames, rng=np.random.default_rng(0))
    units = [_action_units(strengths) for strengths in act.action_units]
    poses = [dict(zip(POSE, map(float, angles), strict=True)) for angles in act.pose]

    def draw_all() -> list[np.ndarray]:
        return [studio.draw(who, one, size=size, **pose) for one, pose in zip(units, poses, strict=True)]

    def draw_batch() -> object:
        angles = {name: [pose[name] for pose in poses] for name in POSE}
        return studio.draw_batch([who] * len(units), units, size=size, workers=1, **angles)

    def write(pictures: Sequence[np.ndarray]) -> None:
        with writing.video(folder / "frames.mp4", "ravdess", 4.0, size) as add:
            for picture in pictures:
                add(picture)

    # A film is never made in the same folder twice: what is there already would be taken.
    numbers = itertools.count()

    def film() -> None:
        studio.film(
            "ravdess",
            folder / f"film{next(numbers)}",
            actors=1,
            clips_per_actor=clips,
            frames=frames,
            size=size,
            workers=1,
            progress=False,
        )

    drawn = [picture[..., ::-1].copy() for picture in draw_all()]
    blank = [np.zeros_like(drawn[0])] * len(drawn)
    return {
        "blank": lambda _: write(blank),
        "encode": lambda _: write(drawn),
        "draw": lambda _: draw_all(),
        "draw_batch": lambda _: draw_batch(),
        "film": lambda _: film(),
    }


def _action_units(strengths: np.ndarray) -> dict[int | str, float]:
    """One frame's action units as `fer_utils.studio.draw` takes them.

    Parameters
    ----------
    strengths : (2, units): the right and the left half of the face, which differ; units of the middle have no side.
    """
    units: dict[int | str, float] = {}
    for side, row in zip("RL", strengths, strict=True):
        for unit, strength in zip(ACTION_UNITS, row, strict=True):
            units[unit if unit in MIDLINE else f"{side}{unit}"] = float(strength)
    return units
