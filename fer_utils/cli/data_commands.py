"""Commands from a data set to faces: ``scan``, ``download``, ``film`` and ``prepare``."""

from __future__ import annotations

import argparse

import pandas as pd

from fer_utils import datasets, faces, studio
from fer_utils.cli.arguments import (
    Command,
    add_dataset_arguments,
    add_face_arguments,
    add_workers_argument,
    chosen_landmark_predictor,
)
from fer_utils.cli.output import checked_file, counted, print_outcome, report_problems
from fer_utils.core import labels
from fer_utils.core.errors import invalid
from fer_utils.core.paths import write_atomic
from fer_utils.core.tables import ClipTable

# --- scan ---------------------------------------------------------------------------------------


def add_scan_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``scan``."""
    add_dataset_arguments(parser)
    parser.add_argument("--csv", metavar="FILE", help="also write the clip table to FILE")


def scan(options: argparse.Namespace) -> int:
    """List the clips of a data set; the status is 1 where there are none. Errors: `fer_utils.datasets.scan`."""
    csv_file = checked_file("csv", options.csv)
    clips = datasets.scan(options.dataset, options.root, actor=options.actor)
    if csv_file is not None:
        write_atomic(csv_file, clips.to_csv(index=False))
    value, text = _described_scan(options, clips)
    print_outcome(options, value, text)
    return 0 if len(clips) else 1


def _described_scan(options: argparse.Namespace, clips: ClipTable) -> tuple[dict, str]:
    """A scan as a value for programs and as text for people; its problems are reported."""
    counts = clips["expression"].value_counts()
    expressions = {
        name: int(counts[name]) for name in labels.vocabulary(options.dataset, counts.index) if name in counts
    }
    actors = sorted(set(clips["actor"]) - {""})
    performances = int(clips["performance"].nunique())
    value = {
        "dataset": options.dataset,
        "root": options.root,
        "clips": len(clips),
        "actors": actors,
        "performances": performances,
        "expressions": expressions,
        "problems": report_problems(clips.problems),
    }
    lines = [
        f"{counted(len(clips), 'clip')} of {counted(len(actors), 'actor')}, {counted(performances, 'performance')}"
    ]
    lines += [f"  {name:<10} {number:>6}" for name, number in expressions.items()]
    if options.dataset in datasets.completeness.available() and len(clips):
        found = datasets.check(clips)
        value["complete"] = found.complete
        value["missing"] = found.missing
        value["repeated"] = found.repeated
        lines.append(str(found))
    return value, "\n".join(lines)


# --- download -----------------------------------------------------------------------------------


def add_download_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``download``."""
    parser.add_argument(
        "dataset", help="ravdess; or savee, mead, crema_d or fer2013 for where to ask and what is needed"
    )
    parser.add_argument(
        "root", nargs="?", help="the folder to download into; of the others, what you unpacked, to be checked"
    )
    parser.add_argument(
        "--actors", nargs="+", metavar="NUMBER", help="which, from 1 to 24 (default: all, about 13 GB of speech)"
    )
    parser.add_argument("--channel", default="speech", help="speech (default) or song")
    parser.add_argument("--record", help="the address of a mirror of the record")


def download(options: argparse.Namespace) -> int:
    """Download RAVDESS, or say where another data set is to be had and check what was unpacked.

    The status is 1 where no actor is complete, or nothing was unpacked. Errors: `fer_utils.datasets.download_ravdess`.
    """
    sources = datasets.access.available()
    if options.dataset not in sources:
        raise invalid("dataset", expected=f"one of {', '.join(sources)}", received=options.dataset)
    if options.dataset == "ravdess":
        return _download_ravdess(options)
    return _show_how_to_get(options)


def _show_how_to_get(options: argparse.Namespace) -> int:
    how = datasets.how_to_get(options.dataset)
    if options.root is None:
        print_outcome(options, {"dataset": options.dataset, "how": how}, how)
        return 0
    clips = datasets.scan(options.dataset, options.root)
    value, text = _described_scan(options, clips)
    value["how"] = how
    print_outcome(options, value, f"{how}\n\n{options.root}: {text}")
    return 0 if len(clips) else 1


def _download_ravdess(options: argparse.Namespace) -> int:
    if options.root is None:
        raise invalid(
            "root",
            expected="the folder to download into",
            received=None,
            remedy="python -m fer_utils download ravdess FOLDER --actors 1 2",
        )
    mirror = {} if options.record is None else {"record": options.record}
    made = datasets.download_ravdess(
        options.root,
        actors=_actor_codes(options.actors),
        channel=options.channel,
        progress=not options.quiet,
        **mirror,
    )
    value = {
        "root": str(made.root),
        "channel": made.channel,
        "actors": list(made.there),
        "fetched": list(made.fetched),
        "missing": list(made.missing),
        "problems": report_problems(made.problems),
    }
    text = (
        f"{counted(len(made.there), 'actor')} of RAVDESS {made.channel} in {made.root}, "
        f"{len(made.fetched)} fetched now; missing: {', '.join(made.missing) or 'none'}"
    )
    print_outcome(options, value, text)
    return 0 if made.there else 1


def _actor_codes(typed: list[str] | None) -> list[str] | None:
    """RAVDESS's codes of actors: 1 and 001 become 01; what is no actor stays as it was typed, for the message."""
    if typed is None:
        return None
    codes = []
    for number in typed:
        code = number.lstrip("0").zfill(2)
        codes.append(code if code in datasets.ravdess.ACTORS else number)
    return codes


# --- film ---------------------------------------------------------------------------------------


def add_film_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``film``."""
    parser.add_argument("layout", help="ravdess, savee or mead")
    parser.add_argument("root", help="the folder to film into")
    parser.add_argument("--actors", type=int, help="how many (default: as many as the real set has)")
    parser.add_argument("--clips-per-actor", type=int, help="how many (default: as many as the real set has)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--twins", action="store_true", help="also film RAVDESS's audio-video twins")
    add_workers_argument(parser)


def film(options: argparse.Namespace) -> int:
    """Film drawn actors. Errors: `fer_utils.studio.film`."""
    made = studio.film(
        options.layout,
        options.root,
        actors=options.actors,
        clips_per_actor=options.clips_per_actor,
        seed=options.seed,
        twins=options.twins,
        workers=options.workers,
        progress=not options.quiet,
    )
    value = {"layout": options.layout, "root": str(made.root), "clips": len(made.clips), "manifest": made.manifest}
    print_outcome(options, value, f"{counted(len(made.clips), 'clip')} of drawn actors in {made.root}")
    return 0


# --- prepare ------------------------------------------------------------------------------------


def add_prepare_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``prepare``."""
    add_dataset_arguments(parser)
    parser.add_argument("--out", required=True, metavar="FOLDER", help="where the face set is stored")
    parser.add_argument("--frames", type=int, default=6, help="frames a clip (default 6, as in the paper)")
    parser.add_argument(
        "--report", metavar="FILE", help="also write a page of pictures, the doubtful faces first, with every problem"
    )
    parser.add_argument(
        "--sampling",
        default="even",
        help="which frames: even (default), middle, apex or all (--frames is then ignored)",
    )
    parser.add_argument("--size", type=int, default=180, help="pixels (default 180, as in the paper)")
    parser.add_argument(
        "--margin", type=float, default=0.0, help="share of the box's side added on each side, 0 to 2 (default 0)"
    )
    add_face_arguments(parser)
    add_workers_argument(parser)
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="a Dask cluster's scheduler, tcp://host:port, whose workers do "
        "the clips (without --workers; default: processes of this machine)",
    )


def prepare(options: argparse.Namespace) -> int:
    """Find the faces in clips and store them; the status is 1 where there are none.

    Errors: `fer_utils.faces.prepare`.
    """
    report_file = checked_file("report", options.report)
    clips = datasets.scan(options.dataset, options.root, actor=options.actor)
    if not len(clips):
        # An empty face set would stand in the way of the corrected call.
        value = {
            "out": None,
            "clips": 0,
            "faces": 0,
            "fingerprint": None,
            "problems": report_problems(clips.problems),
        }
        print_outcome(options, value, f"No clips in {options.root}; nothing was made.")
        return 1
    made = faces.prepare(
        clips,
        options.out,
        frames=options.frames,
        sampling=options.sampling,
        size=options.size,
        margin=options.margin,
        detector=options.detector,
        landmarks=chosen_landmark_predictor(options),
        align=options.align,
        workers=options.workers,
        scheduler=options.scheduler,
        progress=not options.quiet,
    )
    if report_file is not None:
        faces.report(made, report_file, clips=clips)
    lost = faces.losses(made, clips)
    value = {
        "out": str(made.path),
        "clips": len(clips),
        "faces": len(made),
        "fingerprint": made.fingerprint,
        "lost": [{"label": label, **row} for label, row in lost.to_dict(orient="index").items()],
        "problems": report_problems(made.problems),
    }
    text = f"{counted(len(made), 'face')} from {counted(len(clips), 'clip')} in {made.path}"
    if lost["without_a_face"].any():
        text += f"\n{_losses_in_words(lost)}"
    print_outcome(options, value, text)
    return 0 if len(made) else 1


def _losses_in_words(lost: pd.DataFrame) -> str:
    """A line for each label, most losses first, and what could be done about it."""
    width = max(map(len, lost.index))
    rows = lost.sort_values("share", ascending=False, kind="stable").itertuples()
    lines = [f"  {row.Index:<{width}}  {row.without_a_face:,} of {row.clips:,} ({row.share:.1%})" for row in rows]
    return (
        "No face was found in these shares of the clips. Where labels differ in them, what is left is not what was "
        "collected; for pictures that are cropped already there is `--detector whole`.\n" + "\n".join(lines)
    )


COMMANDS = (
    Command("scan", "list the clips of a data set and what is wrong with it", add_scan_arguments, scan),
    Command(
        "download",
        "download RAVDESS's videos, or say where another data set is to be had",
        add_download_arguments,
        download,
    ),
    Command("film", "draw actors and film them in a data set's own layout", add_film_arguments, film),
    Command(
        "prepare",
        "find the faces in clips and store them as a face set",
        add_prepare_arguments,
        prepare,
        argument_names={"out_dir": "out"},
    ),
)
