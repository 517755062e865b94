"""The command ``train``."""

from __future__ import annotations

import argparse
import json
import os
import sys

from fer_utils import datasets, experiments, faces, reporting, training
from fer_utils.cli.arguments import Command, add_picture_check_argument, called, chosen_picture_check
from fer_utils.cli.output import print_outcome, say
from fer_utils.core.errors import DivergedError, invalid


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``train``."""
    parser.add_argument("faces", nargs="?", help="a face set's folder; without it the drawn stand-in is used")
    parser.add_argument(
        "--dataset", help="whose labels (default: those of the face set), or which stand-in (default ravdess)"
    )
    parser.add_argument("--tier", default="class", help="size of the stand-in: smoke, class (default) or full")
    parser.add_argument("--model", default="ding2023", help="a name of fer_utils.models.available()")
    parser.add_argument(
        "--option",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="an option of the network, such as first=gradients or widths=[16,32]; may be given several times",
    )
    parser.add_argument("--size", type=int, help="shrink the faces to this side in pixels (default: as they are)")
    parser.add_argument("--by", default="actor", help="split by frame, clip, performance or actor (default)")
    parser.add_argument("--test", type=float, default=0.2, help="share that tests (default 0.2)")
    parser.add_argument(
        "--validation",
        type=float,
        metavar="SHARE",
        help="share of those who do not test that is held back to say when training ends (see --patience)",
    )
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--steps", type=int, help="the most steps, of a batch each; --epochs then counts for nothing")
    parser.add_argument(
        "--check-every", type=int, default=100, metavar="STEPS", help="steps between two validations (default 100)"
    )
    parser.add_argument(
        "--patience",
        type=int,
        metavar="CHECKS",
        help="end after so many validations (each epoch, or every --check-every steps) without a better accuracy",
    )
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument(
        "--schedule",
        default="constant",
        help="of the learning rate: constant (default), cosine (it falls to 0) or plateau (it falls where validation "
        "stops getting better; needs --patience)",
    )
    parser.add_argument("--flip", action="store_true", help="mirror each training picture with probability one half")
    parser.add_argument(
        "--augment",
        type=float,
        default=0.0,
        help="how far training pictures are turned, shifted and lit otherwise, 0 (default) to 1",
    )
    parser.add_argument(
        "--precision",
        default="auto",
        help="of the training: auto (default), float32, mixed_bfloat16 or mixed_float16; the stored network is float32",
    )
    parser.add_argument(
        "--teacher",
        metavar="RESULT",
        action="append",
        default=[],
        help="the folder of a stored result of the same faces and split, "
        "whose scores the network learns from besides the labels; may be given several times",
    )
    parser.add_argument("--seed", type=int, default=0)
    add_picture_check_argument(parser)


def train(options: argparse.Namespace) -> int:
    """Train a network and store the result; the status is 1 where the training diverged.

    Other errors: `fer_utils.experiments.run`.
    """
    try:
        result = experiments.run(
            _experiment(options), check_pictures=chosen_picture_check(options), progress=not options.quiet
        )
    except DivergedError as error:
        say(f"fer_utils train: {error}", sys.stderr)
        return 1
    value = {
        "result": str(result.path),
        "parameters": result.parameters,
        "metrics": result.metrics,
        "minutes": result.minutes,
        "split": result.split,
    }
    accuracy = reporting.with_interval(result.metrics["accuracy"])
    lines = [f"{result.parameters:,} parameters; accuracy {accuracy}"]
    if "picture_check" in result.split:
        lines.append(str(experiments.check_result(result)))
    print_outcome(options, value, "\n".join([*lines, f"result: {result.path}"]))
    return 0


def _experiment(options: argparse.Namespace) -> experiments.Experiment:
    """The experiment that the arguments describe."""
    if options.patience is not None and options.validation is None:
        raise invalid(
            "validation",
            expected="a share of those who do not test, which --patience asks",
            received=None,
            remedy="Give one: --validation 0.25.",
        )
    teachers = []
    for folder in options.teacher:
        with called("teacher", "path"):
            configuration = experiments.Result.load(folder).experiment
        teachers.append(experiments.Experiment.from_configuration(configuration))
    face_set = os.path.abspath(options.faces) if options.faces else None
    return experiments.Experiment(
        data=experiments.Data(_label_set(options), tier=options.tier, face_set=face_set),
        split=experiments.Split(options.by, options.test, options.seed, validation=options.validation),
        model=experiments.Model.of(options.model, size=options.size, **_network_options(options.option)),
        recipe=training.Recipe(
            epochs=options.epochs,
            batch_size=options.batch_size,
            learning_rate=options.learning_rate,
            schedule=options.schedule,
            flip=options.flip,
            augment=options.augment,
            precision=options.precision,
            steps=options.steps,
            check_every=options.check_every,
            patience=options.patience,
        ),
        seed=options.seed,
        distillation=experiments.Distillation(tuple(teachers)) if teachers else None,
    )


def _network_options(given: list[str]) -> dict:
    """``NAME=VALUE`` as a dict: a value is read as JSON where it is JSON, else it is a word."""
    found: dict[str, object] = {}
    for one in given:
        name, sign, text = one.partition("=")
        if not sign or not name.isidentifier():
            raise invalid("option", expected="NAME=VALUE, such as first=gradients", received=one)
        if name in found:
            raise invalid("option", expected=f"one value of {name}", received=one)
        try:
            found[name] = json.loads(text)
        except ValueError:
            found[name] = text
    return found


def _label_set(options: argparse.Namespace) -> str:
    """The data set whose labels a network learns: the one asked for, else the one that the faces come from."""
    if options.dataset is not None:
        known = datasets.available()
        if options.dataset not in known:
            raise invalid("dataset", expected=f"one of {', '.join(known)}", received=options.dataset)
        return options.dataset
    if options.faces is None:
        return "ravdess"
    found = sorted(set(faces.FaceSet.load(options.faces, progress=not options.quiet).meta["dataset"]))
    return found[0] if len(found) == 1 else "folder"


COMMANDS = (
    Command(
        "train",
        "train a network on a face set and store the result",
        add_arguments,
        train,
        argument_names={
            "name": "model",
            "path": "faces",
            "face_set": "faces",
            "meta": "faces",
            "meta.expression": "faces",
            "distillation": "teacher",
        },
    ),
)
