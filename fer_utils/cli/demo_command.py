"""The command ``demo``."""

from __future__ import annotations

import argparse
import sys

from fer_utils import inference, live
from fer_utils.cli.arguments import Command, add_face_arguments, chosen_landmark_predictor, listed_labels
from fer_utils.cli.output import print_outcome, report_problems, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``demo``."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--camera", type=int, metavar="NUMBER", help="0 for the first; whoever comes into view has to be told before"
    )
    source.add_argument("--video", metavar="FILE", help="a video")
    parser.add_argument(
        "--model",
        help="the folder of a stored result, a .keras file, an exported file (.tflite), or the name of a trained "
        "network of the package (default: drawn48, which learned from drawn faces only)",
    )
    parser.add_argument("--labels", help="class names, comma-separated, for a file without a result.json beside it")
    parser.add_argument("--out", metavar="FILE", help="also write the annotated film, a .webm that is not there yet")
    parser.add_argument("--headless", action="store_true", help="no window, for machines without a screen")
    parser.add_argument(
        "--every", type=int, default=10, metavar="N", help="the detector looks at every N-th frame (default 10)"
    )
    parser.add_argument(
        "--lost",
        type=int,
        default=15,
        metavar="N",
        help="a face is given up N frames after it was last seen (default 15)",
    )
    parser.add_argument(
        "--smoothing", type=float, metavar="SECONDS", help="time constant of the scores (default 0.25; 0 for none)"
    )
    parser.add_argument("--margin", type=float, help="as in prepare (default: what the model's result says)")
    parser.add_argument(
        "--threads", type=int, default=1, help="of OpenCV and of an exported network's engine (default 1)"
    )
    parser.add_argument("--frames", type=int, metavar="N", help="stop after N frames")
    add_face_arguments(parser)


def demo(options: argparse.Namespace) -> int:
    """Watch a camera or a video; the status is 1 where no frame could be read, or no face that was found be scored.

    Errors: `fer_utils.live.run`."""
    shipped = inference.pretrained_file(options.model)
    if shipped is not None:
        say(f"{shipped.worth()}.", sys.stderr)  # first, for the scores are seen while it runs
    report = live.run(
        options.camera if options.video is None else options.video,
        options.model,
        labels=listed_labels(options),
        out=options.out,
        headless=options.headless,
        detector=options.detector,
        every=options.every,
        lost=options.lost,
        smoothing=live.TIME_CONSTANT if options.smoothing is None else options.smoothing,
        margin=options.margin,
        landmarks=chosen_landmark_predictor(options),
        # Without --align it is as the model's result says.
        align=True if options.align else None,
        threads=options.threads,
        frames=options.frames,
        progress=not options.quiet,
    )
    value = report.to_json()
    value["problems"] = report_problems(report.problems)
    print_outcome(options, value, report.summary())
    nothing_scored = not report.seen and "no number" in set(report.problems["kind"])
    return 0 if report.frames and not nothing_scored else 1


COMMANDS = (
    Command(
        "demo",
        "watch a camera or a video: find faces, follow them, draw boxes and scores; "
        "nothing is stored unless --out names a film",
        add_arguments,
        demo,
        argument_names={"source": "video"},
    ),
)
