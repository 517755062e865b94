"""Canaries of the rooms without pictures: file names, splits."""

from __future__ import annotations

from canary import canary
import pandas as pd

from fer_utils import splits


def table() -> pd.DataFrame:
    """96 frames: 8 actors, two performances of three labels each, two frames a clip."""
    rows = []
    for actor in range(8):
        for take in range(2):
            for label in ("happy", "neutral", "sad"):
                performance = f"{actor}-{label}-{take}"
                for frame in range(2):
                    rows.append((f"{actor:02d}", label, f"{performance}.mp4", performance, frame))
    meta = pd.DataFrame(rows, columns=["actor", "expression", "clip", "performance", "frame_index"])
    return meta.assign(dataset="folder", path=meta["clip"], view="front", statement="")


@canary("splits")
def _splits():
    meta = table()
    out = {}
    for by in splits.UNITS:
        train, test = splits.split(meta, by=by, test=0.25, seed=3)
        shared = splits.leakage(meta, train, test)["share"]
        out[by] = {"train": train, "test": test, "shared": {level: float(value) for level, value in shared.items()}}
    out["folds"] = [test for _, test in splits.folds(meta, "actor", 4, seed=1)]
    return out
