"""What finding faces costs: ``python -m fer_utils bench faces``.

Three tables.  *The pass*: one clip to six faces, in one process, beside what no
way of reading the clip can save: grabbing all its frames and retrieving six.
*Workers*: the whole pass with one process and with two.  *Detectors*:
milliseconds and recall where the same pictures are 1280, 640 and 320 pixels
wide.  Everything is timed in turn, and ratios are taken within rounds: a busy
machine slows all ways alike.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
import shutil
import tempfile

import numpy as np
import pandas as pd

from fer_utils import datasets, studio
from fer_utils.core import worker_pool
from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.optional_packages import opencv
from fer_utils.core.timing import latency
from fer_utils.faces import Detector, prepare, read_frames, sample_indices
from fer_utils.faces.detectors import create
from fer_utils.faces.extraction import Settings, faces_of_clip

#: Widths in pixels at which detectors look at a picture.
WIDTHS: tuple[int, ...] = (1280, 640, 320)
#: How large drawn people are seen, as factors on the studio's head.
DISTANCES: dict[str, float] = {"near": 1.0, "far": 0.5}
#: Width and height of drawn pictures and films, in pixels.
SIZE: tuple[int, int] = (1280, 720)
#: The tip of the nose among the 68 landmarks, counted from 0.
NOSE_TIP = 30
#: Faces a clip, as in the paper.
FACES_A_CLIP = 6
#: The ways of one clip to six faces, in words.
WAYS: dict[str, str] = {
    "decode": "grab all frames, retrieve six",
    "read": "read_frames: and the true count, and RGB",
    "pass": "prepare: and the faces",
    "plain": "decode all frames, dlib on six of full size",
}


def measure(root: Path | None = None, *, rounds: int = 5, quick: bool = False, progress: bool = True) -> dict:
    """All tables.

    Parameters
    ----------
    root : a folder of RAVDESS clips; None for drawn clips of 1280 x 720 pixels, filmed for the purpose.
    rounds : timed rounds of the pass, 1 or more.
    quick : one short clip and two pictures in place of eight and 24.
    progress : bars on standard error.

    Returns
    -------
    dict with ``clips``, ``rounds``, ``pass`` (see `one_clip`), ``overlap`` (see `overlap_with_full_frames`),
    ``workers`` (see `workers`), and ``detectors``: for each of `DISTANCES` the rows of `detectors`.

    Raises
    ------
    FerError : fewer rounds than one; a folder without RAVDESS clips.
    """
    rounds = whole_number("rounds", rounds, 1)
    with tempfile.TemporaryDirectory(prefix="fer-bench-") as folder:
        if root is None:
            root = Path(folder, "film")
            studio.film(
                "ravdess",
                root,
                actors=1 if quick else 4,
                clips_per_actor=1 if quick else 2,
                frames=12 if quick else 90,
                size=SIZE,
                progress=progress,
            )
        clips = datasets.scan("ravdess", root)
        if not len(clips):
            raise invalid("root", expected="a folder with RAVDESS clips", received=str(root))
        paths = list(clips["path"])
        tables = {}
        for distance, (pictures, points) in drawn_pictures(2 if quick else 24).items():
            table = detectors(pictures, points, repeats=1 if quick else 3, progress=progress)
            tables[distance] = table.to_dict("records")
        return {
            "clips": len(paths),
            "rounds": rounds,
            "pass": one_clip(paths, rounds=rounds, progress=progress),
            "overlap": overlap_with_full_frames(paths),
            "workers": workers(root, copies=1 if quick else 20, rounds=1 if quick else 3, progress=progress),
            "detectors": tables,
        }


def report(found: dict) -> str:
    """What `measure` found, as text."""
    overlap, two = found["overlap"], found["workers"]
    lines = [
        f"one clip to six faces, one process: median of {found['rounds']} rounds in turn over {found['clips']} clips; "
        "cost: times that of the first line",
        "",
    ]
    lines += [f"  {WAYS[row['name']]:<46}{row['ms']:>7.0f} ms{row['cost']:>7.2f}" for row in found["pass"]]
    lines += [
        "",
        f"boxes against dlib's on the full frames: {overlap['frames']} frames, {overlap['missed']} missed, "
        f"overlap at least {overlap['least']:.2f}, median {overlap['median']:.2f}",
        "",
        f"the pass over {two['clips']} clips: {two['seconds'][0]:.1f} s with one process, "
        f"{two['seconds'][1]:.1f} s with two: {two['ratio']:.2f} times as fast",
        "",
        "one look at a picture: ms, and the share of drawn people found near (as in RAVDESS) and half as large",
        "",
    ]
    for near, far in zip(found["detectors"]["near"], found["detectors"]["far"], strict=True):
        lines.append(
            f"  {near['detector']:<6}{near['width']:>6} px{near['ms']:>9.1f} ms"
            f"{near['recall']:>9.0%}{far['recall']:>8.0%}"
        )
    return "\n".join(lines)


# --- detectors ----------------------------------------------------------------------------------


def detectors(
    pictures: Sequence[np.ndarray],
    points: Sequence[tuple[float, float]],
    *,
    names: Iterable[str | Detector] = ("dlib", "haar"),
    widths: Iterable[int] = WIDTHS,
    repeats: int = 3,
    progress: bool = True,
) -> pd.DataFrame:
    """How long detectors look at pictures of several widths, and whom they find.

    Each looks once at the whole picture, grey, scaled to the width, without the
    looks at other scales that `Detector.detect` adds.

    Parameters
    ----------
    pictures : (H, W, 3) uint8 RGB each, one face in each.
    points : for each picture (x, y) in its pixels, inside the face: the tip of
        the nose, say.
    names : as for ``prepare``.
    widths : in pixels.
    repeats : timed rounds.
    progress : a bar on stderr.

    Returns
    -------
    DataFrame, one row a detector and width: ``detector``, ``width``; ``ms`` a
    picture, the median of the rounds' means; ``recall``, the share of pictures in which
    one box holds the point; ``others``, boxes that do not, a picture.

    Raises
    ------
    FerError : no pictures, or not one point a picture.
    """
    pictures, points = list(pictures), list(points)
    if not pictures or len(points) != len(pictures):
        raise invalid(
            "points",
            expected="one (x, y) for each of the pictures, and one picture or more",
            received=f"{len(points)} for {len(pictures)}",
        )
    finders = [create(name) for name in names]
    rows, looks = [], {}
    for width in widths:
        scaled = [_grey_of_width(picture, width) for picture in pictures]
        scaled_points = [
            (x * width / picture.shape[1], y * width / picture.shape[1])
            for picture, (x, y) in zip(pictures, points, strict=True)
        ]
        for finder in finders:
            found, others = _count_boxes(finder, scaled, scaled_points)
            rows.append(
                {
                    "detector": finder.name,
                    "width": width,
                    "recall": found / len(pictures),
                    "others": others / len(pictures),
                }
            )
            looks[f"{finder.name} {width}"] = _look_at_all(finder, scaled)
    with worker_pool.one_thread():
        times = latency(looks, None, repeats=repeats, warmup=0, progress=progress)
    table = pd.DataFrame(rows)
    table.insert(2, "ms", times["median_ms"].to_numpy() / len(pictures))
    return table.sort_values(["detector", "width"], ascending=[True, False], ignore_index=True)


def _grey_of_width(picture: np.ndarray, width: int) -> np.ndarray:
    """An RGB picture in grey, scaled to a width in pixels."""
    cv2 = opencv()
    grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)
    height = max(1, round(grey.shape[0] * width / grey.shape[1]))
    shrinks = width < grey.shape[1]
    return cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def _count_boxes(
    finder: Detector, pictures: Sequence[np.ndarray], points: Sequence[tuple[float, float]]
) -> tuple[int, int]:
    """In how many pictures some box holds the point, and how many boxes in all do not."""
    found = others = 0
    for picture, (x, y) in zip(pictures, points, strict=True):
        boxes = finder.at_scale(picture, False)
        holding = [box for box in boxes if box.x <= x < box.x + box.w and box.y <= y < box.y + box.h]
        if holding:
            found += 1
        others += len(boxes) - len(holding)
    return found, others


def _look_at_all(finder: Detector, pictures: Sequence[np.ndarray]) -> Callable[[None], object]:
    """A function that looks at all pictures once, to be timed."""
    return lambda _: [finder.at_scale(picture, False) for picture in pictures]


def drawn_pictures(count: int = 24) -> dict[str, tuple[list[np.ndarray], list[tuple[float, float]]]]:
    """Pictures of drawn people of 1280 x 720 pixels, as in RAVDESS and half as large, and the tips of their noses.

    Parameters
    ----------
    count : how many people.

    Returns
    -------
    distance (a key of `DISTANCES`) -> (pictures, points), ``count`` of each, as `detectors` takes them.
    """
    drawn = {}
    for distance, zoom in DISTANCES.items():
        pictures, points = [], []
        for seed in range(count):
            picture, landmarks = studio.draw(studio.person(seed), {12: 0.4, 25: 0.3}, size=SIZE, zoom=zoom, truth=True)
            pictures.append(picture)
            points.append(tuple(landmarks[NOSE_TIP]))
        drawn[distance] = (pictures, points)
    return drawn


# --- the pass -----------------------------------------------------------------------------------


def one_clip(paths: Sequence[str], *, rounds: int = 5, progress: bool = True) -> list[dict]:
    """Time `WAYS` over clips, in one process on one thread.

    Parameters
    ----------
    paths : of videos.
    rounds : timed rounds, 1 or more.
    progress : a bar on standard error.

    Returns
    -------
    One dict a way: ``name``; ``ms`` a clip (median over rounds); ``cost``, times
    that of ``decode`` (the median of the ratios within rounds).
    """
    cv2, finder, settings = opencv(), create("dlib"), Settings(FACES_A_CLIP, 180, 0.0)
    wanted = {path: set(sample_indices(read_frames(path, 1).n_frames, FACES_A_CLIP)) for path in paths}

    def plain(path: str) -> None:
        for picture in _decoded(path, wanted[path], every=True):
            finder.at_scale(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), True)

    ways = {
        "decode": lambda _: [_decoded(path, wanted[path]) for path in paths],
        "read": lambda _: [read_frames(path, FACES_A_CLIP) for path in paths],
        "pass": lambda _: [faces_of_clip(path, finder, settings) for path in paths],
        "plain": lambda _: [plain(path) for path in paths],
    }
    with worker_pool.one_thread():
        table = latency(ways, None, repeats=rounds, warmup=1, baseline="decode", progress=progress)
    return [
        {"name": row.name, "ms": row.median_ms / len(paths), "cost": 1 / row.ratio}
        for row in table.itertuples(index=False)
    ]


def _decoded(path: str, wanted: Collection[int], *, every: bool = False) -> list[np.ndarray]:
    """The wanted frames of a clip, (H, W, 3) uint8 BGR; ``every``: the others are decoded, too, and forgotten."""
    cv2 = opencv()
    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    kept, index = [], 0
    while capture.grab():
        if every or index in wanted:
            picture = capture.retrieve()[1]
            if index in wanted:
                kept.append(picture)
        index += 1
    capture.release()
    return kept


def overlap_with_full_frames(paths: Sequence[str]) -> dict[str, float]:
    """How far the pass's boxes are from those that dlib gives on the full frames: intersection over union.

    Returns
    -------
    ``frames`` in which dlib finds a face on the full frame, ``missed`` of these by
    the pass, and ``least``, ``median`` of the overlaps (0 where missed; NaN without a frame).
    """
    finder, overlaps = create("dlib"), []
    for path in paths:
        near = None
        for frame in read_frames(path, FACES_A_CLIP).frames:
            boxes, near = finder.follow(frame.rgb, near)
            full = finder.at_scale(frame.rgb, True)
            if full:
                largest = max(full, key=lambda box: box.w * box.h)
                overlaps.append(largest.overlap(boxes[0]) if boxes else 0.0)
    return {
        "frames": len(overlaps),
        "missed": overlaps.count(0.0),
        "least": float(min(overlaps, default=np.nan)),
        "median": float(np.median(overlaps)) if overlaps else float("nan"),
    }


def workers(root: Path, *, copies: int = 20, rounds: int = 3, progress: bool = True) -> dict:
    """How many times as fast the pass is with two worker processes as with one process, starting them included.

    Parameters
    ----------
    root : a folder of RAVDESS clips.
    copies : how often each clip is taken, so that starting two processes is a small part.
    rounds : timed rounds, 1 or more.
    progress : a bar on standard error.

    Returns
    -------
    ``clips`` a pass, ``seconds`` with one process and with two (medians), ``ratio`` (median within rounds).
    """
    clips = pd.concat([datasets.scan("ravdess", root)] * copies, ignore_index=True)
    with tempfile.TemporaryDirectory(prefix="fer-bench-") as folder:
        out = Path(folder, "faces")

        def prepare_with(count: int) -> None:
            shutil.rmtree(out, ignore_errors=True)
            prepare(clips, out, workers=count, progress=False)

        table = latency(
            {"one": lambda _: prepare_with(1), "two": lambda _: prepare_with(2)},
            None,
            repeats=rounds,
            warmup=0,
            baseline="one",
            progress=progress,
        )
    return {
        "clips": len(clips),
        "seconds": [value / 1000 for value in table["median_ms"]],
        "ratio": float(table["ratio"][1]),
    }


# --- memory -------------------------------------------------------------------------------------
