"""Which studies there are: questions that are answered once, at length, and whose answers are stored with the package.

One module a study, with

- ``TITLE``, the question in a few words;
- ``HEADLINE``, whether the book leans on it, so that a stale answer fails the tests;
- ``answer(tier="class", *, progress=True, **options)``, a JSON-able dict with all that a figure or a sentence needs;
- where it rests on more trainings than fit into an evening, ``train(tier="class", *, rows=None, minutes=None,
  progress=True)``, which trains what is missing and keeps a record of each (`fer_utils.studies.training_records`);
- where these need a data set that the reader brings, ``NEEDS``, its name; ``train`` then has the parameter ``real``.

`fer_utils.studies.run` answers and stores them.  Importing this module imports none of them.
"""

from __future__ import annotations

import importlib

from fer_utils.core.errors import invalid

#: Study -> its module, in the order of the chapters that show them.
_MODULES: dict[str, str] = {
    "recipe": "recipe_reliability",
    "dead_units": "dead_units",
    "paper_figures": "paper_figures",
    "regularization": "regularization",
    "overfitting_tools": "overfitting_tools",
    "number_of_people": "number_of_people",
    "split": "split",
    "real_people": "real_people",
    "human_votes": "human_votes",
    "explanation": "explanation",
    "audit": "audit",
    "audit_repair": "audit_repair",
    "sizes": "sizes",
    "coverage": "coverage",
    "near_duplicates_real": "near_duplicates_real",
    "before_networks": "before_networks",
    "one_protocol": "one_protocol",
    "fer2013": "fer2013",
    "lightweight2019": "lightweight2019",
    "compression": "compression",
    "nano": "nano_against_paper",
    "nano_savee": "nano_savee",
    "design_ablation": "design_ablation",
    "first_layers": "first_layers",
    "nano_ablation": "nano_ablation",
    "nano_taught": "nano_taught",
    "transfer": "transfer",
    "frontier": "frontier",
}


def available() -> tuple[str, ...]:
    """The names of the studies, in the order of the chapters that show them."""
    return tuple(_MODULES)


def module(name: str):
    """The module of a study; FerError if there is none of that name."""
    if not isinstance(name, str) or name not in _MODULES:
        raise invalid("name", expected=f"one of {', '.join(_MODULES)}", received=name)
    return importlib.import_module(f"fer_utils.studies.{_MODULES[name]}")
