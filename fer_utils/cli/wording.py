"""Errors of the package in the words of the command line: options in place of Python's arguments and calls."""

from __future__ import annotations

import re

#: What a function's error says to somebody who writes Python, and what it says to somebody who types a command.
PHRASES: tuple[tuple[str, str], ...] = (
    # Remedies
    (
        r"Run the experiment first: fer_utils\.experiments\.run\(\.\.\.\)",
        "Make one with the command `train`, which says the folder.",
    ),
    (
        r"pass landmarks=fer_utils\.synthetic\.landmark_predictor\.train\(\), or another predictor's file\.",
        "add `--landmarks drawn`, or `--landmarks FILE` with a predictor of your own.",
    ),
    (
        r"Train one: fer_utils\.synthetic\.landmark_predictor\.train\(\) returns its file\.",
        "`--landmarks drawn` takes the one that is trained on drawn faces.",
    ),
    (r" With resume=False its parts are thrown away\.", ""),
    (r"Run `prepare` with this `out_dir`", "Run `prepare` with this folder as `--out`"),
    (r"Name it, or pass align=False to show .*", "Name it: `--landmarks drawn`, or `--landmarks FILE`."),
    (r"\(for image folders: scan\('folder'.*?'\)\)", "(for image folders: `prepare --dataset folder --actor ...`)"),
    (r'headless=True, out="annotated\.webm"; ', ""),
    # What was expected
    (r"Expected False where there are no landmarks\. Received: True", "Expected `--landmarks` with it."),
    (r"Expected True or False; True for (layout .*?) only\. Received: True", r"Expected with \1 only."),
    (r"Expected None, because", "Expected that it is left out, because"),
    (r"Expected None where `(\w+)` is given", r"Expected that it is left out where `--\1` is given"),
    (
        r"Expected None, or a list of actors: numbers from 1 to 24, .*?\. Received",
        "Expected numbers from 1 to 24. Received",
    ),
    (r"Received: None", "Received: nothing"),
    (r"Expected one of \((.*?)\), or a Detector\.", r"Expected one of \1."),
    (r"Expected one of \((.*?)\)", r"Expected one of \1"),
    # Arguments as Python writes them
    (
        r"It is a file: pass landmarks=fer_utils\.synthetic\.landmark_predictor\.train\(\), or another predictor's "
        r"file\. With align=False",
        "Name it: `--landmarks drawn`, or `--landmarks FILE`. With `--no-align`",
    ),
    (r"Pass it: a Detector, or a name with its file, such as ", "Name it with its file, such as "),
    (r"\bpass detector='", "detector='"),
    (r"\bdetector='([^']*)'", r"`--detector \1`"),
    (r"\bscheduler=\.\.\.", "`--scheduler`"),
    (r"Invalid value for `(clips_per_actor|batch_size|learning_rate)`", r"Invalid value for `--\1`"),
)


def as_typed(text: str) -> str:
    """An error's text in the words of the command line; what needs no other words stays as it is.

    >>> as_typed("Invalid value for `align`. Expected False where there are no landmarks. Received: True")
    'Invalid value for `align`. Expected `--landmarks` with it.'
    """
    for python, command in PHRASES:
        text = re.sub(python, command, text)
    # Options have hyphens.
    return re.sub(r"`--\w+`", lambda found: found[0].replace("_", "-"), text)
