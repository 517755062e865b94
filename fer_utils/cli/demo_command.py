"""The command ``python -m fer_utils demo``: its arguments, and what it does with them."""

from __future__ import annotations

import argparse

HELP = "watch a camera or a video: find faces, follow them, draw boxes and scores; nothing is stored unless --out names a film"


def add_arguments(made: argparse.ArgumentParser) -> None:
    """The arguments of ``demo`` besides those for finding faces (``--detector``, ``--landmarks``, ``--align``)."""
    source = made.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--camera", type=int, metavar="NUMBER", help="0 for the first; whoever comes into view has to be told before"
    )
    source.add_argument("--video", metavar="FILE", help="a video")
    made.add_argument(
        "--model", required=True, help="the folder of a stored result, a .keras file, or an exported file (.tflite)"
    )
    made.add_argument("--labels", help="class names, comma-separated, for a file without a result.json beside it")
    made.add_argument("--out", metavar="FILE", help="also write the annotated film, a .webm that is not there yet")
    made.add_argument("--headless", action="store_true", help="no window, for machines without a screen")
    made.add_argument(
        "--every", type=int, default=10, metavar="N", help="the detector looks at every N-th frame (default 10)"
    )
    made.add_argument(
        "--lost",
        type=int,
        default=15,
        metavar="N",
        help="a face is given up N frames after it was last seen (default 15)",
    )
    made.add_argument(
        "--smoothing", type=float, metavar="SECONDS", help="time constant of the scores (default 0.25; 0 for none)"
    )
    made.add_argument("--margin", type=float, help="as in prepare (default: what the model's result says)")
    made.add_argument(
        "--threads", type=int, default=1, help="of OpenCV and of an exported network's engine (default 1)"
    )
    made.add_argument("--frames", type=int, metavar="N", help="stop after N frames")


def demo(options: argparse.Namespace) -> int:
    """Run the command and return its exit status: 0 done, 1 where no frame could be read; errors are those of `fer_utils.live.run`."""
    from fer_utils.cli import main
    from fer_utils.live.pipeline import run
    from fer_utils.live.smoothing import TIME_CONSTANT

    report = run(
        options.camera if options.video is None else options.video,
        options.model,
        labels=options.labels.split(",") if options.labels else None,
        out=options.out,
        headless=options.headless,
        detector=options.detector,
        every=options.every,
        lost=options.lost,
        smoothing=TIME_CONSTANT if options.smoothing is None else options.smoothing,
        margin=options.margin,
        landmarks=main._predictor(options),
        align=options.align or None,
        threads=options.threads,
        frames=options.frames,
        progress=not options.quiet,
    )
    value = report.to_json() | {"problems": main._report(report.problems)}
    main._print(options, value, report.summary())
    return 0 if report.frames else 1
