"""Drawn photographs with one face, and where the page's finder and dlib's see it.

``python tests/helpers/short_range_fit.py FINDER`` prints what `LIKE_DLIB` in fer_utils/faces/short_range.py should be
(fitted to the faces of seed 1), and how the finder does on the faces of seed 2.
"""

from pathlib import Path
import sys

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from fer_utils import predict, studio
from fer_utils.faces import short_range
from fer_utils.faces.detectors import create
from fer_utils.synthetic.posed_prototypes import LABELS, posed
from fer_utils.synthetic.random_faces import random_light, random_person

#: Width and height of the photographs, in pixels.
SIZES = ((256, 256), (320, 320), (480, 360), (640, 480), (800, 600))


def photograph(seed: int, number: int, size: tuple[int, int] | None = None) -> np.ndarray:
    """One drawn person who poses a label before a camera, turned by at most 20 degrees: (H, W, 3) uint8.

    ``size`` is width and height in pixels; None for one of `SIZES`, drawn at random.
    """
    rng = np.random.default_rng([20261125, seed, number])
    return studio.draw(
        random_person(int(rng.integers(2**31)), rng),
        posed(LABELS[number % len(LABELS)], rng),
        size=SIZES[int(rng.integers(len(SIZES)))] if size is None else size,
        zoom=float(rng.uniform(0.7, 1.2)),
        yaw=float(rng.uniform(-20, 20)),
        pitch=float(rng.uniform(-8, 8)),
        roll=float(rng.uniform(-8, 8)),
        light=random_light(rng),
        background=tuple(int(value) for value in rng.integers(0, 256, 3)),
    )


def fitted(finder: short_range.ShortRange, photographs: list[np.ndarray]) -> tuple[float, ...]:
    """What `LIKE_DLIB` should be: medians over the photographs in which both find the face."""
    dlib, rows = create("dlib"), []
    short_range.LIKE_DLIB = (0.0, 0.0, 1.0)
    for picture in photographs:
        theirs, ours = dlib.detect(picture), finder.detect(picture)
        if theirs and ours:
            a, b = theirs[0], ours[0]
            rows.append(((a.x - b.x + (a.w - b.w) / 2) / b.w, (a.y - b.y + (a.h - b.h) / 2) / b.w, a.w / b.w))
    return tuple(np.round(np.median(rows, axis=0), 3).tolist())


def compared(finder: short_range.ShortRange, photographs: list[np.ndarray]) -> dict[str, float]:
    """Shares found, the overlap with dlib's box, and what the other box does to the scores of the package's network."""
    overlaps, scores, found, theirs_found = [], [], 0, 0
    same = []
    for picture in photographs:
        ours, theirs = predict(picture, detector=finder), predict(picture)
        found += len(ours) > 0
        theirs_found += len(theirs) > 0
        if len(ours) and len(theirs):
            one, other = (create_box(table) for table in (ours, theirs))
            overlaps.append(one.overlap(other))
            columns = [name for name in ours.columns if name.startswith("score_")]
            scores.append(np.abs(ours[columns].iloc[0] - theirs[columns].iloc[0]).max())
            same.append(ours["expression"].iloc[0] == theirs["expression"].iloc[0])
    return {
        "photographs": len(photographs),
        "found": found,
        "found by dlib": theirs_found,
        "overlap, median": float(np.median(overlaps)),
        "overlap, least": float(np.min(overlaps)),
        "overlap of 0.6 and more": float(np.mean(np.array(overlaps) >= 0.6)),
        "same label": float(np.mean(same)),
        "largest difference of a score, median": float(np.median(scores)),
    }


def create_box(table):
    """The first face's box of a table of predictions."""
    from fer_utils.faces import Box

    row = table.iloc[0]
    return Box(row["box_x"], row["box_y"], row["box_w"], row["box_h"], 0.0)


if __name__ == "__main__":
    finder = short_range.ShortRange(sys.argv[1])
    found = fitted(finder, [photograph(1, number) for number in range(200)])
    print("LIKE_DLIB =", found)
    short_range.LIKE_DLIB = found
    for name, value in compared(finder, [photograph(2, number) for number in range(200)]).items():
        print(f"{name}: {value:.3f}")
