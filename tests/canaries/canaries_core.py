"""Canaries of the rooms of tables and numbers: file names, features, splits, near-duplicates, metrics, the audit."""

from __future__ import annotations

from pathlib import Path
import tempfile

from canary import canary
import numpy as np
import pandas as pd

from fer_utils import datasets, fairness, metrics, splits
from fer_utils.core import timing
from fer_utils.datasets import feature_tables
from fer_utils.splits import near_duplicates

#: Names that each data set's grammar reads, and some that it does not.
NAMES: dict[str, tuple[str, ...]] = {
    "ravdess": (
        "Actor_01/01-01-03-02-02-01-01.mp4",
        "Actor_02/02-01-08-01-01-02-02.mp4",
        "Actor_01/02-01-03-02-02-01-01.mp4",
        "Actor_18/01-02-04-01-01-01-18.mp4",
        "Actor_01/01-01-09-01-01-01-01.mp4",
    ),
    "savee": ("DC/a01.avi", "JE/sa12.avi", "KL/su03.avi", "JK/n30.avi", "DC/x01.avi"),
    "mead": (
        "M003/video/front/happy/level_1/001.mp4",
        "W009/video/left_30/neutral/level_1/024.mp4",
        "M005_level_2_angry_007.mp4",
    ),
    "crema_d": ("1001_DFA_ANG_XX.flv", "1091_IEO_SAD_HI.mp4", "1002_TIE_XXX_LO.flv"),
    "folder": ("happy/AF01HAS.JPG", "sad/AM02SAS.JPG", "happy/other.txt"),
}


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


@canary("datasets")
def _datasets():
    out = {}
    for dataset, names in NAMES.items():
        root = Path(tempfile.mkdtemp(prefix="canary-"))
        for name in names:
            place = root / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(b"x")
        options = {"actor": "kdef"} if dataset == "folder" else {}
        clips = datasets.scan(dataset, root, **options)
        out[dataset] = {
            "clips": clips.drop(columns="path").astype(str).to_numpy().tolist(),
            "problems": sorted(clips.problems["kind"]),
        }
    return out


@canary("feature_tables")
def _feature_tables():
    """Rows as the two published tables have them."""
    place = Path(tempfile.mkdtemp(prefix="canary-")) / "table.csv"
    units = [*feature_tables._INTENSITIES, *feature_tables._PRESENCES]
    rows = ["name;" + ";".join(units)]
    rows += [
        f"{name};" + ";".join(str(k / 10 + n) for k in range(len(units)))
        for n, name in enumerate(("02-01-04-02-01-01-12", "01-01-01-01-02-02-03"))
    ]
    place.write_text("\n".join(rows))
    made = feature_tables._ravdess_au(place)
    votes = ["numVotes,fileName,A,D,F,H,N,S,agreement"]
    votes += [
        f"{k}00{k},100{k}_{sentence}_{label}_{level},{k},2,3,0,4,1,0.5"
        for k, (sentence, label, level) in enumerate(
            (("DFA", "ANG", "XX"), ("IEO", "SAD", "HI"), ("TIE", "FEA", "LO")), 1
        )
    ]
    place.write_text("\n".join(votes))
    counted = feature_tables._crema_d_votes(place)
    return {
        "units": [list(made.columns), made.astype(str).to_numpy().tolist()],
        "votes": [list(counted.columns), counted.astype(str).to_numpy().tolist()],
    }


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


@canary("near_duplicates", tolerance=0.02)
def _near_duplicates():
    draw = np.random.default_rng(3)
    rows, columns = np.mgrid[:64, :64] / 64
    faces = [127 + 100 * np.sin(5 * (k + 1) * rows + k) * np.cos(4 * columns * (k + 1)) for k in range(5)]
    images = [*faces, faces[0] + draw.normal(0, 4, (64, 64)), faces[1][:, ::-1], np.roll(faces[2], 3, axis=0), faces[3]]
    images += [0.6 * faces[4] + 40, np.roll(faces[1], 9, axis=1)]
    stack = np.clip(np.stack(images), 0, 255).astype(np.uint8)
    found = near_duplicates.find(stack, difference=40, progress=False)
    few = near_duplicates.find(stack, progress=False)
    near = near_duplicates.nearest(stack, np.arange(5), np.arange(5, 11), progress=False)
    return {
        "pairs": found[["first", "second", "bits", "identical", "mirrored"]].to_numpy().tolist(),
        "difference": np.round(found["difference"].to_numpy(), 2),
        "by default": few[["first", "second"]].to_numpy().tolist(),
        "groups": near_duplicates.groups(few),
        "nearest": near.select_dtypes("number").round(2).to_numpy(float),
    }


@canary("metrics", tolerance=1e-9)
def _metrics():
    draw = np.random.default_rng(11)
    true = np.arange(240) % 4
    people = np.repeat([f"{k:02d}" for k in range(12)], 20)
    first = np.where(draw.random(240) < 0.6, true, draw.integers(0, 4, 240))
    second = np.where(draw.random(240) < 0.75, true, draw.integers(0, 4, 240))
    scores = draw.dirichlet(np.ones(4) * 0.7, 240)
    return {
        "all": metrics.evaluate(true, first, people, ("a", "b", "c", "d")),
        "paired": metrics.paired_difference(true, first, second, people),
        "test": metrics.paired_test(true, first, second, people),
        "calibration": metrics.calibration(true, scores, people, bins=8, resamples=100),
        "average": metrics.average((first == true).astype(float), people),
        "sign flip": [metrics.sign_flip([3, 1, -1, 2, 4]), metrics.sign_flip([0, 0, 1])],
        "holm": metrics.holm([0.01, 0.04, 0.03, 0.2]),
    }


@canary("audit", tolerance=1e-9)
def _audit():
    draw = np.random.default_rng(5)
    rows = []
    for person in range(16):
        group = "with" if person % 2 else "without"
        for clip in range(6):
            for condition in ("baseline", "dark"):
                share = 0.8 - 0.3 * (group == "with") - 0.15 * (condition == "dark")
                rows.append(
                    (
                        f"{person:02d}",
                        group,
                        f"{clip}",
                        condition,
                        "happy sad".split()[clip % 2],
                        float(draw.random() < share),
                    )
                )
    answers = pd.DataFrame(rows, columns=["actor", "glasses", "clip", "condition", "expression", "right"])
    found = fairness.audit(answers, ["glasses", "condition"], permutations=199, resamples=100)
    numbers = found.select_dtypes("number").round(9)
    return {
        "rows": found[["attribute", "value", "judged", "found"]].astype(str).to_numpy().tolist(),
        "numbers": numbers.to_numpy(float),
        "columns": list(found.columns),
    }


@canary("timing", tolerance=1e-9)
def _timing():
    """What is called how often in which order, and the ratios of times that the callables tell themselves."""
    called = []

    class Told:
        def __init__(self, name: str, times: list[float]):
            self.name, self.times = name, iter(times)

        def __call__(self, given):
            raise AssertionError("asked for its time, not called")

        def seconds(self, given):
            called.append(self.name)
            return next(self.times)

    ways = {"slow": Told("slow", [9, 9, 4, 2, 8]), "quick": Told("quick", [9, 9, 1, 1, 5])}
    found = timing.latency(ways, None, repeats=3, warmup=2, progress=False)
    return {
        "called": called,
        "rows": found.drop(columns=["name", "baseline"]).to_numpy(float),
        "columns": list(found.columns),
    }
