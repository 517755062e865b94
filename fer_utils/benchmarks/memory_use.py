"""The memory that a pass over many clips holds: ``python -m fer_utils bench faces --memory 28000``."""

from __future__ import annotations

from pathlib import Path
import tempfile

import pandas as pd

from fer_utils import datasets, studio
from fer_utils.core import memory
from fer_utils.core.errors import whole_number
from fer_utils.faces import Box, Detector, prepare

#: Clips of a pass whose memory is measured: as many, at least, as give each worker some.
FEWEST_CLIPS = 16


class Middle(Detector):
    """Finds a face in the middle of every picture, in no time: for measuring what is not the detector."""

    name = "middle"

    def at_scale(self, picture, last):
        height, width = picture.shape[:2]
        return [Box(width // 4, height // 4, width // 2, height // 2, 1.0)]


def pass_memory(count: int, *, progress: bool = True) -> dict:
    """The most memory that a pass over clips of six frames holds, with two workers.

    It is that of the whole process since its start: ask in a process that has done nothing else. The clips are one
    short film, named ``count`` times, and the detector is none, so that it takes minutes; the faces (180x180) are as
    many and as large as ever.

    Parameters
    ----------
    count : of clips, 16 or more; 28,000 take 11 GB on the disk while it runs.
    progress : a bar on standard error.

    Returns
    -------
    ``clips``, ``faces``, and the largest resident sets, in MB of 10^6 bytes: ``caller_mb``, ``worker_mb``.

    Raises
    ------
    FerError : fewer clips; a system on which memory is not measured.
    """
    count = whole_number("count", count, FEWEST_CLIPS)
    with tempfile.TemporaryDirectory(prefix="fer-bench-") as folder:
        studio.film("ravdess", Path(folder, "film"), actors=1, clips_per_actor=1, size=64, workers=1, progress=False)
        one = datasets.scan("ravdess", Path(folder, "film"))
        clips = pd.concat([one] * count, ignore_index=True)
        clips["clip"] = [f"{number:07d}.mp4" for number in range(count)]
        made = prepare(clips, Path(folder, "faces"), detector=Middle(), workers=2, progress=progress)
        return {
            "clips": count,
            "faces": len(made),
            "caller_mb": memory.peak_mb(),
            "worker_mb": memory.children_peak_mb(),
        }


def memory_report(found: dict) -> str:
    """What `pass_memory` found, as text."""
    return (
        f"{found['clips']:,} clips, {found['faces']:,} faces: at most {found['caller_mb']:.0f} MB in the calling "
        f"process, {found['worker_mb']:.0f} MB in a worker"
    )
