"""Making a trained network smaller, and proving that it is still the same network.

``prune`` and ``MagnitudePruning`` set small weights to zero, ``export`` writes a
file for another engine, quantised or not, and checks it against Keras before it
is believed, ``load`` runs it, ``compare`` puts several in one table.

Importing this package imports no Keras; using it does.
"""

from __future__ import annotations

import importlib

_HOME = {
    "prune": "pruning", "sparsity": "pruning", "MagnitudePruning": "pruning",
    "export": "exporting", "Export": "exporting",
    "load": "running", "Runner": "running", "compare": "running",
}

__all__ = list(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
