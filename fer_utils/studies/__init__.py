"""The studies: questions that are answered once, at length, and whose answers are stored with the book.

One module a study, with

- ``TITLE``, the question in a few words;
- ``CODE``, the modules whose code decides the answer (their imports are followed);
- ``HEADLINE``, whether the book leans on it, so that a stale answer fails the tests;
- ``answer(tier="class", *, progress=True, **options)``, a JSON-able dict with all that a figure or a sentence needs.

``fer_utils.results`` runs and stores them.  Importing this package imports none of them.
"""

from __future__ import annotations

import importlib

from ..errors import invalid

_NAMES: tuple[str, ...] = ("recipe", "paper_figures", "regularization", "split", "real_people", "human_votes",
                           "explanation", "audit", "sizes", "before_networks", "lightweight2019", "compression",
                           "nano", "nano_savee", "nano_ablation", "nano_taught", "frontier")


def available() -> tuple[str, ...]:
    """The names of the studies, in the order of the chapters that show them."""
    return _NAMES


def module(name: str):
    """The module of a study; FerError if there is none of that name."""
    if not isinstance(name, str) or name not in _NAMES:
        raise invalid("name", expected=f"one of {', '.join(_NAMES)}", received=name)
    return importlib.import_module(f".{name}", __name__)
