"""The command line: the package's functions, with progress bars and ``--json``.

Exit status: 0 done; 1 nothing came of it (the report says why); 2 a call that
cannot be made.  Results go to standard output, progress and reports to
standard error.
"""

from __future__ import annotations

import argparse
import os
import sys

from fer_utils.cli import (
    bench_command,
    data_commands,
    demo_command,
    result_commands,
    ship_command,
    study_commands,
    train_command,
)
from fer_utils.cli.arguments import Command, add_output_arguments, with_typed_names
from fer_utils.cli.output import say
from fer_utils.cli.wording import as_typed
from fer_utils.core import disk
from fer_utils.core.errors import FerError, MissingPackage

#: Every command, in the order in which help lists them.
COMMANDS: tuple[Command, ...] = (
    *data_commands.COMMANDS,
    *train_command.COMMANDS,
    *study_commands.COMMANDS,
    *ship_command.COMMANDS,
    *result_commands.COMMANDS,
    *demo_command.COMMANDS,
    *bench_command.COMMANDS,
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status.

    Parameters
    ----------
    arguments : what stands after ``python -m fer_utils``; None for those of this process.

    Returns
    -------
    0 done; 1 nothing came of it; 2 a call that cannot be made; 130 interrupted.

    Raises
    ------
    SystemExit : argparse's own, for ``--help`` (0) and for arguments that cannot be parsed (2).
    """
    _open_closed_streams()
    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    _show_unprintable_letters()
    command = next(one for one in COMMANDS if one.name == options.command)
    try:
        return command.run(options)
    except (FerError, MissingPackage, OSError) as error:  # OSError: a full disk, a folder that may not be written
        text = as_typed(with_typed_names(_said(error), command.argument_names))
        say(f"fer_utils {command.name}: {text}", sys.stderr)
        return 2
    except KeyboardInterrupt:
        say(f"fer_utils {command.name}: interrupted; the same command goes on from here.", sys.stderr)
        return 130


def _said(error: Exception) -> str:
    """An error's message; of the system's own errors without their numbers."""
    return disk.sentence(error) if isinstance(error, OSError) else str(error)


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands; ``command`` of what it parses is None where none was named."""
    parser = argparse.ArgumentParser(
        prog="python -m fer_utils", description="From clips to faces to a trained network, one step a command."
    )
    places = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for command in COMMANDS:
        place = places.add_parser(command.name, help=command.help, description=command.help)
        add_output_arguments(place)
        command.add_arguments(place)
    return parser


def _open_closed_streams() -> None:
    """Standard output and standard error that are closed (``2>&-``) lead nowhere.

    Python has None for them, and the next file that is opened would get their number: what a library writes there
    would go into that file.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))


def _show_unprintable_letters() -> None:
    """A path may hold letters that the screen has not: they are shown with backslashes."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
