"""How fast the studio is: ``make bench``, or ``python -m fer_utils.benchmarks.drawing``.

Drawing, encoding and filming are timed in turn, in one process and on one core,
beside what it costs to write as many blank frames of the same size.  A busy or a
slow machine slows all of them: compare the last column between machines, and the
frames a second only on one machine, within one run.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
import itertools
import json
from pathlib import Path
import tempfile

import numpy as np

from fer_utils.core import worker_pool
from fer_utils.core.errors import whole_number

SIZES: tuple[tuple[int, int], ...] = ((256, 256), (1280, 720))
#: What is timed, in words; `draw_batch` where the studio has it.
WHAT: dict[str, str] = {
    "blank": "write blank frames",
    "encode": "write drawn frames",
    "draw": "draw, one at a time",
    "draw_batch": "draw_batch",
    "film": "film: draw, encode, check, truth",
}


def _jobs(size: tuple[int, int], clips: int, frames: int, folder: Path) -> dict[str, Callable[[None], object]]:
    """What is timed: functions that each handle ``clips * frames`` frames of one person's, single-threaded."""
    from fer_utils import studio
    from fer_utils.studio import writing
    from fer_utils.studio.acting import perform
    from fer_utils.studio.expressions import ACTION_UNITS

    who = studio.person(0)
    act = perform(who, "happy", frames=clips * frames, rng=np.random.default_rng(0))
    # Sided keys, as the two halves of a face differ.
    units = [
        {f"{side}{unit}": float(au[row, k]) for row, side in enumerate("RL") for k, unit in enumerate(ACTION_UNITS)}
        for au in act.action_units
    ]
    units = [_known(one) for one in units]
    angles = [dict(zip(("yaw", "pitch", "roll"), map(float, pose))) for pose in act.pose]
    drawn = [studio.draw(who, au, size=size, **pose)[..., ::-1].copy() for au, pose in zip(units, angles)]
    blank = [np.zeros_like(drawn[0])] * len(drawn)
    number = itertools.count()

    def write(pictures):
        with writing.video(folder / "frames.mp4", "ravdess", 4.0, size) as add:
            for picture in pictures:
                add(picture)

    def film(_):
        studio.film(
            "ravdess",
            folder / f"film{next(number)}",
            actors=1,
            clips_per_actor=clips,
            frames=frames,
            size=size,
            workers=1,
            progress=False,
        )

    jobs = {
        "blank": lambda _: write(blank),
        "encode": lambda _: write(drawn),
        "draw": lambda _: [studio.draw(who, au, size=size, **pose) for au, pose in zip(units, angles)],
    }
    if hasattr(studio, "draw_batch"):
        turned = {name: [pose[name] for pose in angles] for name in ("yaw", "pitch", "roll")}
        jobs["draw_batch"] = lambda _: studio.draw_batch([who] * len(units), units, size=size, workers=1, **turned)
    return jobs | {"film": film}


def _known(units: dict[str, float]) -> dict[int | str, float]:
    """Units of the middle of the face have no side."""
    from fer_utils.studio.expressions import MIDLINE

    return {(int(key[1:]) if int(key[1:]) in MIDLINE else key): value for key, value in units.items()}


def measure(*, rounds: int = 5, quick: bool = False, progress: bool = True) -> list[dict]:
    """Time everything, in turn, in ``rounds`` rounds a size.

    Returns
    -------
    One dict a size and job: ``size``; ``name`` (a key of ``WHAT``); ``frames`` a
    round; ``per_second``, ``low``, ``high``: frames a second and core, median and
    quartiles over rounds; ``cost``: how many times the cost of writing blank
    frames, the median of the ratios within rounds.
    """
    from fer_utils.core.timing import latency

    rounds = whole_number("rounds", rounds, 1)
    clips, frames = (1, 4) if quick else (4, 12)
    rows = []
    with tempfile.TemporaryDirectory(prefix="fer-bench-") as folder, worker_pool.one_thread():
        for size in SIZES:
            jobs = _jobs(size, clips, frames, Path(folder) / f"{size[0]}x{size[1]}")
            table = latency(jobs, None, repeats=rounds, warmup=1, baseline="blank", progress=progress)
            for row in table.itertuples():
                many = clips * frames * 1000
                rows.append(
                    {
                        "size": list(size),
                        "name": row.name,
                        "frames": clips * frames,
                        "per_second": many / row.median_ms,
                        "low": many / row.high_ms,
                        "high": many / row.low_ms,
                        "cost": 1 / row.ratio,
                    }
                )
    return rows


def report(rows: list[dict], rounds: int) -> str:
    """The measurements as a table."""
    lines = [
        f"frames a second and core: median (quartiles) of {rounds} rounds in turn; cost: times that of blank frames"
    ]
    for row in rows:
        width, height = row["size"]
        if row["name"] == "blank":
            lines += ["", f"{width}x{height}, {row['frames']} frames a round"]
        lines.append(
            f"  {WHAT[row['name']]:<34} {row['per_second']:>8.0f} ({row['low']:.0f} to {row['high']:.0f})".ljust(66)
            + f"{row['cost']:>7.2f}"
        )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m fer_utils.benchmarks.drawing", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds a size (default 5)")
    parser.add_argument("--quick", action="store_true", help="4 frames a round instead of 48")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    options = parser.parse_args(arguments)
    rows = measure(rounds=options.rounds, quick=options.quick, progress=not options.quiet)
    print(
        json.dumps({"rounds": options.rounds, "rows": rows}, indent=1) if options.json else report(rows, options.rounds)
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
