"""The command ``python -m fer_utils train``: its arguments, and what it does with them."""

from __future__ import annotations

import argparse
import os

from fer_utils.core.errors import invalid

HELP = "train a network on a face set and store the result"


def add_arguments(made: argparse.ArgumentParser) -> None:
    """The arguments of ``train``."""
    made.add_argument("faces", nargs="?", help="a face set's folder; without it the drawn stand-in is used")
    made.add_argument(
        "--dataset", help="whose labels (default: those of the face set), or which stand-in (default ravdess)"
    )
    made.add_argument("--tier", default="class", help="size of the stand-in: smoke, class (default) or full")
    made.add_argument("--model", default="ding2023", help="a name of fer_utils.models.available()")
    made.add_argument("--by", default="actor", help="split by frame, clip, performance or actor (default)")
    made.add_argument("--test", type=float, default=0.2, help="share that tests (default 0.2)")
    made.add_argument("--epochs", type=int, default=12)
    made.add_argument("--batch-size", type=int, default=16)
    made.add_argument("--learning-rate", type=float, default=1e-3)
    made.add_argument(
        "--schedule",
        default="constant",
        help="of the learning rate: constant (default) or cosine, which lets it fall to 0",
    )
    made.add_argument("--flip", action="store_true", help="mirror each training picture with probability one half")
    made.add_argument(
        "--augment",
        type=float,
        default=0.0,
        help="how far training pictures are turned, shifted and lit otherwise, 0 (default) to 1",
    )
    made.add_argument(
        "--precision",
        default="auto",
        help="of the training: auto (default), float32, mixed_bfloat16 or mixed_float16; the stored network is float32",
    )
    made.add_argument(
        "--teacher",
        metavar="RESULT",
        action="append",
        default=[],
        help="the folder of a stored result of the same faces and split, "
        "whose scores the network learns from besides the labels; may be given several times",
    )
    made.add_argument("--seed", type=int, default=0)


def train(options: argparse.Namespace) -> int:
    """Run the command and return its exit status, 0; errors are those of `fer_utils.experiments.run`."""
    from fer_utils.cli import main
    from fer_utils.experiments import Data, Distillation, Experiment, Result, Split, run
    from fer_utils.reporting import with_interval
    from fer_utils.training import Recipe

    teachers = tuple(Experiment.from_configuration(Result.load(folder).experiment) for folder in options.teacher)
    experiment = Experiment(
        data=Data(_whose(options), tier=options.tier, face_set=options.faces and os.path.abspath(options.faces)),
        split=Split(options.by, options.test, options.seed),
        model=options.model,
        recipe=Recipe(
            epochs=options.epochs,
            batch_size=options.batch_size,
            learning_rate=options.learning_rate,
            schedule=options.schedule,
            flip=options.flip,
            augment=options.augment,
            precision=options.precision,
        ),
        seed=options.seed,
        distillation=Distillation(teachers) if teachers else None,
    )
    result = run(experiment, progress=not options.quiet)
    value = {
        "result": str(result.path),
        "parameters": result.parameters,
        "metrics": result.metrics,
        "minutes": result.minutes,
    }
    main._print(
        options,
        value,
        f"{result.parameters:,} parameters; accuracy {with_interval(result.metrics['accuracy'])}\nresult: {result.path}",
    )
    return 0


def _whose(options: argparse.Namespace) -> str:
    """The data set whose labels a network learns: as asked for, else the one that the faces come from."""
    from fer_utils import datasets, faces

    if options.dataset is None:
        if options.faces is None:
            return "ravdess"
        found = set(faces.FaceSet.load(options.faces).meta["dataset"])
        return found.pop() if len(found) == 1 else "folder"
    if options.dataset not in datasets.available():
        raise invalid("dataset", expected=f"one of {', '.join(datasets.available())}", received=options.dataset)
    return options.dataset
