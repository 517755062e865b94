"""What finding faces costs: ``make bench``, or ``python -m fer_utils.benchmarks.face_detection``.

Three tables.  *The pass*: one clip to six faces, in one process, beside what no
way of reading the clip can save: grabbing all its frames and retrieving six.
*Workers*: the whole pass with one process and with two.  *Detectors*:
milliseconds and recall where the same pictures are 1280, 640 and 320 pixels
wide.  Everything is timed in turn, and ratios are taken within rounds: a busy
machine slows all ways alike.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
import json
from pathlib import Path
import re
import shutil
import tempfile

import numpy as np

from fer_utils.core import worker_pool
from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.timing import latency
from fer_utils.faces.clipwork import Settings, faces_of_clip
from fer_utils.faces.detectors import Box, Detector, create
from fer_utils.faces.sampling import sample_indices
from fer_utils.faces.video import opencv, read_frames

WIDTHS: tuple[int, ...] = (1280, 640, 320)
#: How large drawn people are seen, as factors on the studio's head.
DISTANCES: dict[str, float] = {"near": 1.0, "far": 0.5}
#: The ways of one clip to six faces, in words.
WAYS: dict[str, str] = {
    "decode": "grab all frames, retrieve six",
    "read": "read_frames: and the true count, and RGB",
    "pass": "prepare: and the faces",
    "plain": "decode all frames, dlib on six of full size",
}


def detectors(
    pictures: Sequence[np.ndarray],
    points: Sequence[tuple[float, float]],
    *,
    names: Iterable[str | Detector] = ("dlib", "haar"),
    widths: Iterable[int] = WIDTHS,
    repeats: int = 3,
    progress: bool = True,
):
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
    import pandas as pd

    pictures, points = list(pictures), list(points)
    if not pictures or len(points) != len(pictures):
        raise invalid(
            "points",
            expected="one (x, y) for each of the pictures, and one picture or more",
            received=f"{len(points)} for {len(pictures)}",
        )
    cv2 = opencv()
    ways, rows, finders = {}, [], [create(name) for name in names]
    for width in widths:
        small = []
        for picture in pictures:
            grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)
            height = max(1, round(grey.shape[0] * width / grey.shape[1]))
            shrinks = width < grey.shape[1]
            small.append(
                cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
            )
        for finder in finders:
            hits = others = 0
            for grey, picture, (x, y) in zip(small, pictures, points):
                scale = width / picture.shape[1]
                holds = [
                    box.x <= x * scale < box.x + box.w and box.y <= y * scale < box.y + box.h
                    for box in finder.at_scale(grey, False)
                ]
                hits, others = hits + any(holds), others + len(holds) - sum(holds)
            rows.append(
                {
                    "detector": finder.name,
                    "width": width,
                    "recall": hits / len(pictures),
                    "others": others / len(pictures),
                }
            )
            ways[f"{finder.name} {width}"] = lambda _, finder=finder, small=small: [
                finder.at_scale(grey, False) for grey in small
            ]
    with worker_pool.one_thread():
        times = latency(ways, None, repeats=repeats, warmup=0, progress=progress)
    table = pd.DataFrame(rows)
    table.insert(2, "ms", times["median_ms"].to_numpy() / len(pictures))
    return table.sort_values(["detector", "width"], ascending=[True, False], ignore_index=True)


def one_clip(paths: Sequence[str], *, rounds: int = 5, progress: bool = True) -> list[dict]:
    """Time `WAYS` over clips, in one process on one thread.

    Returns
    -------
    One dict a way: ``name``; ``ms`` a clip (median over rounds); ``cost``, times
    that of ``decode`` (the median of the ratios within rounds).
    """
    cv2, finder, settings = opencv(), create("dlib"), Settings(6, 180, 0.0)
    totals = {path: read_frames(path, 1).n_frames for path in paths}

    def decode(path: str, wanted: set[int], every: bool = False) -> list[np.ndarray]:
        capture, kept, index = cv2.VideoCapture(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1]), [], 0
        while capture.grab():
            if every or index in wanted:
                picture = capture.retrieve()[1]
                if index in wanted:
                    kept.append(picture)
            index += 1
        capture.release()
        return kept

    def six(path: str) -> set[int]:
        return set(sample_indices(totals[path], 6))

    def plain(path: str) -> None:
        for picture in decode(path, six(path), every=True):
            finder.at_scale(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), True)

    ways = {
        "decode": lambda _: [decode(path, six(path)) for path in paths],
        "read": lambda _: [read_frames(path, 6) for path in paths],
        "pass": lambda _: [faces_of_clip(path, finder, settings) for path in paths],
        "plain": lambda _: [plain(path) for path in paths],
    }
    with worker_pool.one_thread():
        table = latency(ways, None, repeats=rounds, warmup=1, baseline="decode", progress=progress)
    return [
        {"name": row.name, "ms": row.median_ms / len(paths), "cost": 1 / row.ratio}
        for row in table.itertuples(index=False)
    ]


def overlaps(paths: Sequence[str]) -> dict[str, float]:
    """How far the pass's boxes are from those that dlib gives on the full frames: intersection over union.

    Returns
    -------
    ``frames`` in which dlib finds a face on the full frame, ``missed`` of these by
    the pass, and ``least``, ``median`` of the overlaps (0 where missed).
    """
    finder, found = create("dlib"), []
    for path in paths:
        near = None
        for frame in read_frames(path, 6).frames:
            boxes, near = finder.follow(frame.rgb, near)
            full = finder.at_scale(frame.rgb, True)
            if full:
                largest = max(full, key=lambda box: box.w * box.h)
                found.append(largest.overlap(boxes[0]) if boxes else 0.0)
    return {
        "frames": len(found),
        "missed": sum(value == 0 for value in found),
        "least": float(min(found, default=np.nan)),
        "median": float(np.median(found)) if found else float("nan"),
    }


def workers(root: Path, *, copies: int = 20, rounds: int = 3, progress: bool = True) -> dict:
    """How many times as fast the pass is with two worker processes as with one process, starting them included.

    Each clip under ``root`` is taken ``copies`` times, so that starting two processes is a small part.

    Returns
    -------
    ``clips`` a pass, ``seconds`` with one process and with two (medians), ``ratio`` (median within rounds).
    """
    import pandas as pd

    from fer_utils import datasets
    from fer_utils.faces.preparation import prepare

    clips = pd.concat([datasets.scan("ravdess", root)] * copies, ignore_index=True)
    with tempfile.TemporaryDirectory(prefix="fer-bench-") as folder:
        out = Path(folder, "faces")

        def run(count: int) -> None:
            shutil.rmtree(out, ignore_errors=True)
            prepare(clips, out, workers=count, progress=False)

        table = latency(
            {"one": lambda _: run(1), "two": lambda _: run(2)},
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


class Middle(Detector):
    """Finds a face in the middle of every picture, in no time: for measuring what is not the detector."""

    name = "middle"

    def at_scale(self, picture, last):
        height, width = picture.shape[:2]
        return [Box(width // 4, height // 4, width // 2, height // 2, 1.0)]


def memory(count: int, *, progress: bool = True) -> dict:
    """The most memory that a pass over ``count`` clips of six frames holds, with two workers; for a process that has done nothing else.

    The clips are one short film, named ``count`` times, and the detector is none,
    so that it takes minutes; the faces (180x180) are as many and as large as ever.

    Returns
    -------
    ``clips``, ``faces``, and the largest resident sets, in MB of 10^6 bytes: ``caller_mb``, ``worker_mb``.
    """
    import resource

    import pandas as pd

    from fer_utils import datasets, studio
    from fer_utils.faces.preparation import prepare

    with tempfile.TemporaryDirectory(prefix="fer-bench-") as folder:
        studio.film("ravdess", Path(folder, "film"), actors=1, clips_per_actor=1, size=64, workers=1, progress=False)
        one = datasets.scan("ravdess", Path(folder, "film"))
        clips = pd.concat([one] * count, ignore_index=True)
        clips["clip"] = [f"{number:07d}.mp4" for number in range(count)]
        made = prepare(clips, Path(folder, "faces"), detector=Middle(), workers=2, progress=progress)
        workers = 1024e-6 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        return {"clips": count, "faces": len(made), "caller_mb": _most_held(), "worker_mb": workers}


def _most_held() -> float:
    """The largest resident set of this process, in MB; not that of the process which started it, as ``getrusage`` may give."""
    import resource

    try:
        found = re.search(r"^VmHWM:\s+([0-9]+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    except OSError:  # no Linux
        found = None
    return 1024e-6 * (int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def drawn_pictures(count: int = 24):
    """Pictures of drawn people of 1280 x 720 pixels, as in RAVDESS and half as large, and the tips of their noses.

    Returns
    -------
    distance -> (pictures, points), ``count`` of each.
    """
    from fer_utils import studio

    return {
        name: tuple(
            zip(
                *[
                    (picture, tuple(marks[30]))
                    for picture, marks in (
                        studio.draw(studio.person(seed), {12: 0.4, 25: 0.3}, size=(1280, 720), zoom=zoom, truth=True)
                        for seed in range(count)
                    )
                ]
            )
        )
        for name, zoom in DISTANCES.items()
    }


def measure(root: Path | None = None, *, rounds: int = 5, quick: bool = False, progress: bool = True) -> dict:
    """All tables; on drawn clips of 1280 x 720 pixels where ``root``, a folder of RAVDESS clips, is None."""
    from fer_utils import datasets, studio

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
                size=(1280, 720),
                progress=progress,
            )
        clips = datasets.scan("ravdess", root)
        if not len(clips):
            raise invalid("root", expected="a folder with RAVDESS clips", received=str(root))
        paths = list(clips["path"])
        pictures = drawn_pictures(2 if quick else 24)
        table = {
            distance: detectors(*pair, repeats=1 if quick else 3, progress=progress)
            for distance, pair in pictures.items()
        }
        return {
            "clips": len(paths),
            "rounds": rounds,
            "pass": one_clip(paths, rounds=rounds, progress=progress),
            "overlap": overlaps(paths),
            "workers": workers(root, copies=1 if quick else 20, rounds=1 if quick else 3, progress=progress),
            "detectors": {distance: one.to_dict("records") for distance, one in table.items()},
        }


def report(found: dict) -> str:
    """The measurements as text."""
    near, far = (found["detectors"][distance] for distance in ("near", "far"))
    lines = [
        f"one clip to six faces, one process: median of {found['rounds']} rounds in turn over {found['clips']} clips; cost: times that of the first line",
        "",
    ]
    lines += [f"  {WAYS[row['name']]:<46}{row['ms']:>7.0f} ms{row['cost']:>7.2f}" for row in found["pass"]]
    overlap, two = found["overlap"], found["workers"]
    lines += [
        "",
        "boxes against dlib's on the full frames: {frames} frames, {missed} missed, overlap at least {least:.2f}, median {median:.2f}".format(
            **overlap
        ),
        "",
        f"the pass over {two['clips']} clips: {two['seconds'][0]:.1f} s with one process, {two['seconds'][1]:.1f} s with two: {two['ratio']:.2f} times as fast",
        "",
        "one look at a picture: ms, and the share of drawn people found near (as in RAVDESS) and half as large",
        "",
    ]
    lines += [
        f"  {one['detector']:<6}{one['width']:>6} px{one['ms']:>9.1f} ms{one['recall']:>9.0%}{other['recall']:>8.0%}"
        for one, other in zip(near, far)
    ]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m fer_utils.benchmarks.face_detection", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument(
        "--root", type=Path, help="a folder of RAVDESS clips (default: drawn ones, filmed for the purpose)"
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default 5)")
    parser.add_argument("--quick", action="store_true", help="one short clip, two pictures")
    parser.add_argument(
        "--memory",
        type=int,
        metavar="N",
        help="only measure the memory of a pass over N clips (28000: 11 GB on disk while it runs)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    options = parser.parse_args(arguments)
    if options.memory is not None:
        held = memory(whole_number("--memory", options.memory, 16), progress=not options.quiet)
        print(
            json.dumps(held)
            if options.json
            else "{clips:,} clips, {faces:,} faces: at most {caller_mb:.0f} MB in the calling process, {worker_mb:.0f} MB in a worker".format(
                **held
            )
        )
        return 0
    found = measure(options.root, rounds=options.rounds, quick=options.quick, progress=not options.quiet)
    print(json.dumps(found, indent=1) if options.json else report(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
