"""The command line: the package's functions, with progress bars and ``--json``.

Exit status: 0 done; 1 nothing came of it (the report says why); 2 a call that
cannot be made.  Results go to standard output, progress and reports to
standard error.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
import sys
import tempfile

from fer_utils.cli import demo_command as live
from fer_utils.cli import train_command
from fer_utils.core import labels, tables
from fer_utils.core.errors import FerError, MissingPackage, invalid


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not hasattr(options, "run"):
        parser.print_help()
        return 0
    for stream in (sys.stdout, sys.stderr):  # a path may hold letters that the screen has not
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        return options.run(options)
    except (FerError, MissingPackage, OSError) as error:  # OSError: a full disk, a folder that may not be written
        text = str(error)
        for theirs, ours in _SAID.get(options.command, {}).items():
            text = text.replace(f"Invalid value for `{theirs}`", f"Invalid value for `{ours}`", 1)
        _say(f"fer_utils {options.command}: {text}", sys.stderr)
        return 2
    except KeyboardInterrupt:
        _say(f"fer_utils {options.command}: interrupted; the same command goes on from here.", sys.stderr)
        return 130


#: Where a command's word for an argument is not the function's.
_SAID = {
    "demo": {"source": "video"},
    "evaluate": {"path": "result"},
    "predict": {"source": "file"},
    "prepare": {"out_dir": "out"},
    "train": {"name": "model", "path": "teacher", "distillation": "teacher"},
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m fer_utils", description="From clips to faces to a trained network, one step a command."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")

    def command(name, run, text):
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(run=run)
        made.add_argument("--json", action="store_true", help="print the outcome as JSON")
        made.add_argument("--quiet", action="store_true", help="no progress bars")
        return made

    made = command("scan", _scan, "list the clips of a data set and what is wrong with it")
    _dataset(made)
    made.add_argument("--csv", metavar="FILE", help="also write the clip table to FILE")

    made = command("download", _download, "download RAVDESS's videos, or say where another data set is to be had")
    made.add_argument("dataset", help="ravdess; or savee, mead or crema_d for where to ask and what is needed")
    made.add_argument(
        "root", nargs="?", help="the folder to download into; of the others, what you unpacked, to be checked"
    )
    made.add_argument(
        "--actors", nargs="+", metavar="NUMBER", help="which, from 1 to 24 (default: all, about 13 GB of speech)"
    )
    made.add_argument("--channel", default="speech", help="speech (default) or song")
    made.add_argument("--record", help="the address of a mirror of the record")

    made = command("film", _film, "draw actors and film them in a data set's own layout")
    made.add_argument("layout", help="ravdess, savee or mead")
    made.add_argument("root", help="the folder to film into")
    made.add_argument("--actors", type=int, help="how many (default: as many as the real set has)")
    made.add_argument("--clips-per-actor", type=int, help="how many (default: as many as the real set has)")
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--twins", action="store_true", help="also film RAVDESS's audio-video twins")
    _workers(made)

    made = command("prepare", _prepare, "find the faces in clips and store them as a face set")
    _dataset(made)
    made.add_argument("--out", required=True, metavar="FOLDER", help="where the face set is stored")
    made.add_argument("--frames", type=int, default=6, help="frames a clip (default 6, as in the paper)")
    made.add_argument(
        "--report", metavar="FILE", help="also write a page of pictures, the doubtful faces first, with every problem"
    )
    made.add_argument(
        "--sampling",
        default="even",
        help="which frames: even (default), middle, apex or all (--frames is then ignored)",
    )
    made.add_argument("--size", type=int, default=180, help="pixels (default 180, as in the paper)")
    _eyes(made)
    _workers(made)
    made.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="a Dask cluster's scheduler, tcp://host:port, whose workers do "
        "the clips (without --workers; default: processes of this machine)",
    )

    train_command.add_arguments(command("train", train_command.train, train_command.HELP))

    made = command("difficulty", _difficulty, "measure how hard the drawn stand-ins are for the paper's network")
    made.add_argument(
        "--tier",
        default="class",
        help="smoke, class (default) or full, the paper's sizes: some two hours of training with one thread, at 6 epochs",
    )
    made.add_argument("--epochs", type=int, help="how many (default: the tier's own number)")
    made.add_argument("--only", metavar="NAME", action="append", help="a question's name; may be given several times")
    made.add_argument("--store", action="store_true", help="keep the answers in the package, for the appendix")

    made = command("study", _study, "list the studies whose answers the book shows, or answer one anew")
    made.add_argument("name", nargs="?", help="which; without it they are listed")
    made.add_argument("--tier", default="class", help="smoke, class (default) or full")
    made.add_argument("--store", action="store_true", help="keep the answer in book/results")
    made.add_argument(
        "--real",
        metavar="SET=FOLDER",
        action="append",
        help="ask paper_figures of real clips: ravdess=, savee= or mead=; may be given several times",
    )

    made = command("evaluate", _evaluate, "print the metrics of a stored result")
    made.add_argument("result", help="the folder of a stored result")

    made = command("predict", _predict, "find the faces in a picture or video and score their expressions")
    made.add_argument("file", help="a picture or a video")
    made.add_argument("--model", required=True, help="the folder of a stored result, or a .keras file")
    made.add_argument("--frames", type=int, default=6, help="frames of a video to look at (default 6)")
    _eyes(made)
    made.add_argument("--labels", help="class names, comma-separated, for a .keras file that stands alone")

    made = command("demo", live.demo, live.HELP)
    live.add_arguments(made)
    _eyes(made)
    return parser


def _dataset(made) -> None:
    from fer_utils import datasets

    made.add_argument("--dataset", required=True, help=f"one of {', '.join(datasets.available())}")
    made.add_argument("root", help="the data set's folder")
    made.add_argument(
        "--actor",
        help="for --dataset folder, who is seen: kdef, jaffe, ck+, ck48, or a regular expression "
        "with a group named actor",
    )


def _eyes(made) -> None:
    """How faces are found and turned: the same for the faces that a network learns from and those it is asked about."""
    made.add_argument(
        "--detector", default="dlib", help="dlib (default), haar, or yunet:FILE, FILE being YuNet's model"
    )
    made.add_argument(
        "--landmarks",
        metavar="FILE",
        help="also find 68 landmarks: a dlib shape predictor's file, or drawn, "
        "for the one trained on drawn faces (made when first asked for)",
    )
    made.add_argument("--align", action="store_true", help="turn each face until its eyes are level (with --landmarks)")


def _predictor(options):
    """What --landmarks says: a file's name, or that of the predictor trained on drawn faces."""
    if options.landmarks != "drawn":
        return options.landmarks
    from fer_utils.synthetic import landmark_predictor

    return landmark_predictor.train(progress=not options.quiet)


def _workers(made) -> None:
    made.add_argument("--workers", type=int, help="processes (default: one a core)")


def _say(text: str, stream) -> None:
    """Print, and be quiet where nobody reads on (``| head``): the work is done."""
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        # What Python writes when it ends would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _print(options, value: dict, text: str) -> None:
    _say(json.dumps(value, indent=1, default=str) if options.json else text, sys.stdout)


def _checked_file(argument: str, value: str | None) -> Path | None:
    """The name of a file to be written when the work is done; ``FerError`` now if it could not be."""
    if value is None:
        return None
    path, expected = Path(os.path.expanduser(value)), "the name of a file to write"
    if "\0" in value or path.is_dir():
        raise invalid(argument, expected=expected, received=value)
    place = next(folder for folder in path.absolute().parents if os.path.exists(folder))
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise invalid(
            argument, expected=expected, received=value, remedy=f"Nothing can be written in {place}: {error.strerror}"
        ) from error
    return path


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _report(problems) -> list[dict]:
    if len(problems):
        _say(tables.Problems(problems).summary(), sys.stderr)
    return [dict(row) for row in problems.astype(str).to_dict("records")]


def _scan(options) -> int:
    from fer_utils import datasets
    from fer_utils.core.paths import write_atomic

    csv = _checked_file("csv", options.csv)
    clips = datasets.scan(options.dataset, options.root, actor=options.actor)
    if csv:
        write_atomic(csv, clips.to_csv(index=False))
    value, text = _what_is_there(options, clips)
    _print(options, value, text)
    return 0 if len(clips) else 1


def _what_is_there(options, clips: tables.ClipTable) -> tuple[dict, str]:
    """A scan for people and for programs; its problems are printed."""
    from fer_utils import datasets
    from fer_utils.datasets import completeness

    counts = clips["expression"].value_counts()
    order = [name for name in labels.vocabulary(options.dataset, counts.index) if name in counts]
    value = {
        "dataset": options.dataset,
        "root": options.root,
        "clips": len(clips),
        "actors": sorted(set(clips["actor"]) - {""}),
        "performances": int(clips["performance"].nunique()),
        "expressions": {name: int(counts[name]) for name in order},
        "problems": _report(clips.problems),
    }
    lines = [
        f"{_count(len(clips), 'clip')} of {_count(len(value['actors']), 'actor')}, "
        f"{_count(value['performances'], 'performance')}"
    ]
    lines += [f"  {name:<10} {number:>6}" for name, number in value["expressions"].items()]
    if options.dataset in completeness.available() and len(clips):
        found = datasets.check(clips)
        value |= {"complete": found.complete, "missing": found.missing, "repeated": found.repeated}
        lines.append(str(found))
    return value, "\n".join(lines)


def _download(options) -> int:
    from fer_utils import datasets
    from fer_utils.datasets import access, ravdess

    if options.dataset not in access.available():
        raise invalid("dataset", expected=f"one of {', '.join(access.available())}", received=options.dataset)
    if options.dataset != "ravdess":
        text = datasets.how_to_get(options.dataset)
        if options.root is None:
            _print(options, {"dataset": options.dataset, "how": text}, text)
            return 0
        clips = datasets.scan(options.dataset, options.root)
        value, found = _what_is_there(options, clips)
        _print(options, {**value, "how": text}, f"{text}\n\n{options.root}: {found}")
        return 0 if len(clips) else 1
    if options.root is None:
        raise invalid(
            "root",
            expected="the folder to download into",
            received=None,
            remedy="python -m fer_utils download ravdess FOLDER --actors 1 2",
        )
    # 1 and 001 are 01; what is no actor stays as it was typed, for the message.
    codes = {one: one.lstrip("0").zfill(2) for one in options.actors or ()}
    actors = options.actors and [codes[one] if codes[one] in ravdess.ACTORS else one for one in options.actors]
    more = {} if options.record is None else {"record": options.record}
    made = datasets.download_ravdess(
        options.root, actors=actors, channel=options.channel, progress=not options.quiet, **more
    )
    value = {
        "root": str(made.root),
        "channel": made.channel,
        "actors": list(made.there),
        "fetched": list(made.fetched),
        "missing": list(made.missing),
        "problems": _report(made.problems),
    }
    _print(
        options,
        value,
        f"{_count(len(made.there), 'actor')} of RAVDESS {made.channel} in {made.root}, "
        f"{len(made.fetched)} fetched now; missing: {', '.join(made.missing) or 'none'}",
    )
    return 0 if made.there else 1


def _film(options) -> int:
    from fer_utils import studio

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
    _print(options, value, f"{_count(len(made.clips), 'clip')} of drawn actors in {made.root}")
    return 0


def _prepare(options) -> int:
    from fer_utils import datasets, faces

    page = _checked_file("report", options.report)  # said before the pass, not after it
    clips = datasets.scan(options.dataset, options.root, actor=options.actor)
    if not len(clips):  # an empty face set would stand in the way of the corrected call
        value = {"out": None, "clips": 0, "faces": 0, "fingerprint": None, "problems": _report(clips.problems)}
        _print(options, value, f"No clips in {options.root}; nothing was made.")
        return 1
    made = faces.prepare(
        clips,
        options.out,
        frames=options.frames,
        sampling=options.sampling,
        size=options.size,
        detector=options.detector,
        landmarks=_predictor(options),
        align=options.align,
        workers=options.workers,
        scheduler=options.scheduler,
        progress=not options.quiet,
    )
    if page:
        faces.report(made, page, clips=clips)
    value = {
        "out": str(made.path),
        "clips": len(clips),
        "faces": len(made),
        "fingerprint": made.fingerprint,
        "problems": _report(made.problems),
    }
    _print(options, value, f"{_count(len(made), 'face')} from {_count(len(clips), 'clip')} in {made.path}")
    return 0 if len(made) else 1


def _difficulty(options) -> int:
    from fer_utils.reporting import with_interval
    from fer_utils.studies import difficulty

    table = difficulty.measure(options.tier, questions=options.only, epochs=options.epochs, progress=not options.quiet)
    value = {"tier": options.tier, "rows": json.loads(table.to_json(orient="records"))}
    if options.store:
        value["stored"] = str(difficulty.store(table))
    lines = []
    for row in table.to_dict("records"):
        measured = {key: row[key] for key in ("value", "low", "high", "groups") if key in row}
        lines.append(f"  {row['question']:<32} {with_interval(measured)}, in training {row['train_accuracy']:.3f}")
    _print(options, value, "\n".join(lines))
    return 0


def _study(options) -> int:
    from fer_utils import studies

    if options.name is None:
        rows = [
            {
                "study": name,
                "title": studies.module(name).TITLE,
                "stored": [
                    {"tier": one.tier, "finished": one.finished, "stale": one.stale}
                    for one in (studies.load(*pair) for pair in studies.stored() if pair[0] == name)
                ],
            }
            for name in studies.available()
        ]
        lines = [
            f"  {row['study']:<16} {row['title']}: "
            + (
                ", ".join(
                    f"{one['tier']}, {one['finished'][:10]}{', stale' if one['stale'] else ''}" for one in row["stored"]
                )
                or "not stored"
            )
            for row in rows
        ]
        _print(options, {"studies": rows}, "\n".join(lines))
        return 0
    real = None
    if options.real is not None:
        if wrong := [one for one in options.real if not all(one.partition("=")[::2])]:
            raise invalid("--real", expected="SET=FOLDER, as in savee=/data/savee", received=wrong[0])
        real = dict(one.split("=", 1) for one in options.real)
    found = studies.run(options.name, options.tier, store=options.store, progress=not options.quiet, real=real)
    _print(options, vars(found), f"{found.title}\n{json.dumps(found.answer, indent=1, ensure_ascii=False)}")
    return 0


def _evaluate(options) -> int:
    from fer_utils.experiments import Result
    from fer_utils.reporting import percent, with_interval

    result = Result.load(options.result)
    lines = [
        f"{result.experiment['model']['name']}, split by {result.experiment['split']['by']}, "
        f"{_count(result.metrics['n'], 'test image')} of {_count(result.split['test_actors'], 'actor')}",
        f"accuracy  {with_interval(result.metrics['accuracy'])}",
        f"macro F1  {with_interval(result.metrics['macro_f1'])}",
        f"chance    {percent(result.metrics['chance'])} (always the commonest label)",
    ]
    lines += [f"  recall {name:<10} {percent(share)}" for name, share in result.metrics["recall"].items()]
    lines += [
        f"leaked {level:<12} {percent(share)} of the test rows" for level, share in result.split["leaked_share"].items()
    ]
    _print(options, {"result": str(result.path), "metrics": result.metrics, "split": result.split}, "\n".join(lines))
    return 0


def _predict(options) -> int:
    from fer_utils import predict

    names = options.labels.split(",") if options.labels else None
    found = predict(
        options.file,
        model=options.model,
        labels=names,
        frames=options.frames,
        detector=options.detector,
        landmarks=_predictor(options),
        align=options.align,
        progress=not options.quiet,
    )
    value = {
        "file": options.file,
        "faces": json.loads(found.to_json(orient="records")),
        "problems": _report(found.problems),
    }
    scores = [column for column in found.columns if column.startswith("score_")]
    lines = [f"{_count(len(found), 'face')} (scores are for posed-expression labels)"]
    for row in found.to_dict("records"):
        best = sorted(scores, key=lambda name: -row[name])[:3]
        shown = ", ".join(f"{name.removeprefix('score_')} {row[name]:.2f}" for name in best)
        lines.append(
            f"  frame {row['frame_index']}, box ({row['box_x']}, {row['box_y']}, {row['box_w']}, "
            f"{row['box_h']}): {shown}"
        )
    _print(options, value, "\n".join(lines))
    return 0 if len(found) else 1
