"""What a command is made of, and the arguments that several commands share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
import os

# The modules of the command line import subpackages, never modules inside them (`core` apart). A subpackage opens when
# one of its names is first asked for, so `--help` loads neither TensorFlow nor OpenCV, and no function needs an import
# of its own.
from fer_utils import datasets, synthetic
from fer_utils.core.errors import FerError


@dataclass(frozen=True)
class Command:
    """One command of ``python -m fer_utils``.

    Attributes
    ----------
    name : the word that is typed.
    help : one line, shown in the list of commands and at the head of the command's own help.
    add_arguments : adds the command's arguments to its parser; ``--json`` and ``--quiet`` are there already.
    run : does the work and returns the exit status: 0 done, 1 nothing came of it.
    argument_names : where the function below calls an argument otherwise than the command does: its name there to
        the name here, so that an error names what was typed.
    """

    name: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    argument_names: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def called(typed_name: str, function_name: str) -> Iterator[None]:
    """Within the block an error about the argument ``function_name`` names what was typed instead.

    For a command that gives several of its arguments to functions that call them alike, as two folders that both
    become ``path``.
    """
    try:
        yield
    except FerError as error:
        raise FerError(with_typed_names(str(error), {function_name: typed_name})) from error


def with_typed_names(text: str, names: Mapping[str, str]) -> str:
    """An error's text with the command's names of arguments (``names``: the function's to them).

    >>> with_typed_names("Invalid value for `path`. Expected a folder.", {"path": "faces"})
    'Invalid value for `faces`. Expected a folder.'
    """
    for function_name, typed_name in names.items():
        there = f"Invalid value for `{function_name}`"
        if there in text:
            return text.replace(there, f"Invalid value for `{typed_name}`", 1)
    return text


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """``--json`` and ``--quiet``, which every command has."""
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def add_dataset_arguments(parser: argparse.ArgumentParser) -> None:
    """``--dataset``, the root folder and ``--actor``: which clips."""
    parser.add_argument("--dataset", required=True, help=f"one of {', '.join(datasets.available())}")
    parser.add_argument("root", help="the data set's folder")
    parser.add_argument(
        "--actor",
        help="for --dataset folder, who is seen: kdef, jaffe, ck+, ck48, or a regular expression "
        "with a group named actor",
    )


def add_face_arguments(parser: argparse.ArgumentParser) -> None:
    """``--detector``, ``--landmarks`` and ``--align``: how faces are found and turned.

    They are the same for the faces that a network learns from and for those that it is asked about.
    """
    parser.add_argument(
        "--detector",
        default="dlib",
        help="dlib (default), haar, whole (the whole picture is the face), or yunet:FILE, FILE being YuNet's model",
    )
    parser.add_argument(
        "--landmarks",
        metavar="FILE",
        help="also find 68 landmarks: a dlib shape predictor's file, or drawn, "
        "for the one trained on drawn faces (made when first asked for)",
    )
    parser.add_argument(
        "--align", action="store_true", help="turn each face until its eyes are level (with --landmarks)"
    )


def add_picture_check_argument(parser: argparse.ArgumentParser) -> None:
    """``--picture-check`` and ``--no-picture-check``: whether the pictures of both sides of the split are compared."""
    parser.add_argument(
        "--picture-check",
        action=argparse.BooleanOptionalAction,
        help="compare the test pictures with those of training, and say how many have a near-duplicate there (default: "
        "where names do not tell which pictures show one performance, as in a plain folder)",
    )


def chosen_picture_check(options: argparse.Namespace) -> bool | None:
    """What ``--picture-check`` and ``--no-picture-check`` ask for; None where neither was given."""
    return options.picture_check


def add_workers_argument(parser: argparse.ArgumentParser) -> None:
    """``--workers``: how many processes."""
    parser.add_argument("--workers", type=int, help="processes (default: one a core)")


def chosen_landmark_predictor(options: argparse.Namespace) -> str | os.PathLike | None:
    """What ``--landmarks`` asks for: a file's name, the predictor trained on drawn faces, or None.

    The one on drawn faces is trained now if it is not stored yet; that takes minutes, and
    is said also with ``--quiet``.
    """
    if options.landmarks == "drawn":
        return synthetic.landmark_predictor.train(progress=not options.quiet)
    return options.landmarks


def listed_labels(options: argparse.Namespace) -> list[str] | None:
    """The class names of ``--labels``, which are separated by commas; None where there are none."""
    if not options.labels:
        return None
    return options.labels.split(",")
