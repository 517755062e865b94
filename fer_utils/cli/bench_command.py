"""The command ``bench``: how fast this machine draws, finds faces, trains and watches."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
import sys

from fer_utils import benchmarks
from fer_utils.cli.arguments import Command
from fer_utils.cli.output import print_outcome, say
from fer_utils.core.errors import invalid


@dataclass(frozen=True)
class Bench:
    """One bench.

    Attributes
    ----------
    title : what is measured, for the help.
    options : which options it takes, besides those that every bench has.
    measure : measures, and returns what was found as JSON can hold it, and as text.
    """

    title: str
    options: tuple[str, ...]
    measure: Callable[[argparse.Namespace], tuple[dict, str]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``bench``."""
    titles = "; ".join(f"{name}, {bench.title}" for name, bench in BENCHES.items())
    parser.add_argument("name", nargs="?", metavar="NAME", help=f"which; without it all of them, in turn: {titles}")
    parser.add_argument("--quick", action="store_true", help="as little as shows that it runs; times mean nothing")
    parser.add_argument("--rounds", type=int, metavar="N", help="timed rounds of each way (default 5; not of pace)")

    faces = parser.add_argument_group("faces")
    faces.add_argument(
        "--root",
        type=Path,
        metavar="FOLDER",
        help="a folder of RAVDESS clips (default: drawn ones, filmed for the purpose)",
    )
    faces.add_argument(
        "--memory",
        type=int,
        metavar="N",
        help="only measure the memory of a pass over N clips (28000: 11 GB on disk while it runs); with `bench faces`",
    )

    training = parser.add_argument_group("training")
    training.add_argument(
        "--images", type=int, metavar="N", help="faces on disk, and in memory as float32 (default 13800)"
    )
    training.add_argument("--steps", type=int, metavar="N", help="steps of an epoch (default 86)")

    live = parser.add_argument_group("live and pace")
    live.add_argument("--video", metavar="FILE", help="a video with a face, instead of the drawn one")
    live.add_argument("--model", help="a stored result's folder or an exported file (default: int8, random weights)")
    live.add_argument("--every", type=int, metavar="N", help="the detector looks at every N-th frame (default 10)")
    live.add_argument("--no-peers", action="store_true", help="live: without the networks of other libraries")
    live.add_argument("--frames", type=int, metavar="N", help="pace: stop after N frames")
    live.add_argument("--clock", help="pace: wall (default), or thread, the processor time of the thread alone")


def bench(options: argparse.Namespace) -> int:
    """Run one bench, or all of them in turn. Errors: those of the benches' ``measure``."""
    _check(options)
    if options.name is not None:
        found, text = BENCHES[options.name].measure(options)
        print_outcome(options, found, text)
        return 0
    outcomes = {}
    for name, one in BENCHES.items():
        outcomes[name], text = one.measure(options)
        if not options.json:
            # Said at once: the next one takes minutes.
            say(f"{name}: {one.title}\n\n{text}\n", sys.stdout)
    if options.json:
        print_outcome(options, outcomes, "")
    return 0


def _check(options: argparse.Namespace) -> None:
    """``FerError`` for an unknown bench, or for an option that the named one would not look at."""
    if options.name is not None and options.name not in BENCHES:
        raise invalid("name", expected=f"one of {', '.join(BENCHES)}", received=options.name)
    if options.name is None:
        if options.memory is not None:
            raise invalid(
                "--memory",
                expected="the name of the bench with it, because nothing else is measured then",
                received=options.memory,
                remedy=f"python -m fer_utils bench faces --memory {options.memory}",
            )
        return
    for option in SPECIAL_OPTIONS:
        value = getattr(options, option)
        given = value is not None and value is not False
        if given and option not in BENCHES[options.name].options:
            takers = [name for name, one in BENCHES.items() if option in one.options]
            raise invalid(
                typed(option),
                expected=f"an option of `bench {options.name}`; {typed(option)} is one of {', '.join(takers)}",
                received=str(value),
            )


def typed(option: str) -> str:
    """An option as it is typed.

    >>> typed("no_peers")
    '--no-peers'
    """
    return "--" + option.replace("_", "-")


def _chosen(options: argparse.Namespace, *names: str) -> dict[str, object]:
    """Those of the named options that were given; the benches have defaults for the others."""
    values = {name: getattr(options, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def _drawing(options: argparse.Namespace) -> tuple[dict, str]:
    drawing = benchmarks.drawing
    found = drawing.measure(quick=options.quick, progress=not options.quiet, **_chosen(options, "rounds"))
    return found, drawing.report(found)


def _training(options: argparse.Namespace) -> tuple[dict, str]:
    training_steps = benchmarks.training_steps
    size = {"images": 48, "steps": 2} if options.quick else {}
    size |= _chosen(options, "images", "steps", "rounds")
    found = training_steps.measure(progress=not options.quiet, **size)
    return found, training_steps.report(found)


def _faces(options: argparse.Namespace) -> tuple[dict, str]:
    face_detection = benchmarks.face_detection
    if options.memory is not None:
        memory_use = benchmarks.memory_use
        found = memory_use.pass_memory(options.memory, progress=not options.quiet)
        return found, memory_use.memory_report(found)
    found = face_detection.measure(
        options.root, quick=options.quick, progress=not options.quiet, **_chosen(options, "rounds")
    )
    return found, face_detection.report(found)


def _live(options: argparse.Namespace) -> tuple[dict, str]:
    live_frames = benchmarks.live_frames
    size = {"rounds": 1, "seconds": 0.5} if options.quick else {}
    size |= _chosen(options, "rounds", "model", "every")
    peers = not (options.no_peers or options.quick)
    found = live_frames.measure(film=options.video, peers=peers, progress=not options.quiet, **size)
    return found, live_frames.report(found)


def _pace(options: argparse.Namespace) -> tuple[dict, str]:
    live_pace = benchmarks.live_pace
    size = {"seconds": 0.5} if options.quick else {}
    size |= _chosen(options, "model", "every", "frames", "clock")
    found = live_pace.measure(film=options.video, progress=not options.quiet, **size)
    return found, live_pace.report(found)


#: The benches, in the order in which they run.
BENCHES: dict[str, Bench] = {
    "drawing": Bench("how fast the studio draws, encodes and films", ("rounds",), _drawing),
    "training": Bench("what a step costs beside Keras' own fit", ("rounds", "images", "steps"), _training),
    "faces": Bench("what finding faces costs", ("rounds", "root", "memory"), _faces),
    "live": Bench("frames a second of a watched film", ("rounds", "video", "model", "every", "no_peers"), _live),
    "pace": Bench("how long single frames of it take", ("video", "model", "every", "frames", "clock"), _pace),
}
#: The options that not every bench has.
SPECIAL_OPTIONS = sorted({option for one in BENCHES.values() for option in one.options})

COMMANDS = (
    Command(
        "bench",
        "measure how fast this machine draws, finds faces, trains and watches films, as ratios",
        add_arguments,
        bench,
        argument_names={"source": "--video", "film": "--video", "count": "--memory"},
    ),
)
