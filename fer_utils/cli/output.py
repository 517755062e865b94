"""What the commands say: outcomes on standard output, problems and errors on standard error."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
import re
import sys
import tempfile
from typing import TextIO

import pandas as pd

from fer_utils.core.errors import invalid
from fer_utils.core.paths import expanded
from fer_utils.core.tables import Problems

#: What a file's name may hold and a terminal obeys: colours, a cursor that moves, text from right to left.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def say(text: str, stream: TextIO) -> None:
    """Print a text, control characters with backslashes.

    Stays quiet where nobody reads on (``| head``), because the work is done.
    """
    text = _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)  # as JSON writes them, too
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        # What Python writes when it ends would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def as_json(value: dict) -> str:
    """A value as the JSON that ``--json`` prints; what JSON does not know is written as text."""
    return json.dumps(value, indent=1, default=str)


def print_outcome(options: argparse.Namespace, value: dict, text: str) -> None:
    """Print the outcome of a command: ``value`` as JSON with ``--json``, else ``text``."""
    if options.json:
        say(as_json(value), sys.stdout)
    else:
        say(text, sys.stdout)


def counted(number: int, thing: str) -> str:
    """A number with its noun.

    >>> counted(1, "clip"), counted(1440, "clip")
    ('1 clip', '1,440 clips')
    """
    ending = "" if number == 1 else "s"
    return f"{number:,} {thing}{ending}"


def report_problems(problems: pd.DataFrame) -> list[dict]:
    """Print a short table of problems on standard error, and return its rows as JSON can hold them.

    Parameters
    ----------
    problems : rows as in `fer_utils.core.tables.Problems`; nothing is printed where there are none.
    """
    if len(problems):
        say(Problems(problems).summary(), sys.stderr)
    return [dict(row) for row in problems.astype(str).to_dict("records")]


def checked_file(argument: str, value: str | None) -> Path | None:
    """The path of a file that is to be written when the work is done.

    Parameters
    ----------
    argument : the option's name, for the message.
    value : what was given; None (the option was left out) is returned as it is.

    Raises
    ------
    FerError : before the work begins, where the file could not be written after it.
    """
    if value is None:
        return None
    path = expanded(value)
    expected = "the name of a file to write"
    if "\0" in value or path.is_dir():
        raise invalid(argument, expected=expected, received=value)
    existing = next(folder for folder in path.absolute().parents if os.path.exists(folder))
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        remedy = f"Nothing can be written in {existing}: {error.strerror}"
        raise invalid(argument, expected=expected, received=value, remedy=remedy) from error
    return path
