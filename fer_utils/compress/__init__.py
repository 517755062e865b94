"""Making a trained network smaller, and proving that it is still the same network.

``prune`` and ``MagnitudePruning`` set small weights to zero, or take whole filters
away, ``export`` writes a file for another engine (LiteRT, onnxruntime, OpenVINO),
quantised or not, and checks it against Keras before it is believed, ``load`` runs
it, ``compare`` puts several in one table, ``sparse_and_fast`` measures what zeros
bring and what they do not.

Importing this package imports no Keras; using it does.
"""

from __future__ import annotations

import importlib

_HOME = {
    "prune": "pruning", "sparsity": "pruning", "MagnitudePruning": "pruning",
    "export": "exporting", "Export": "exporting",
    "load": "engines", "Runner": "engines", "compare": "running", "sparse_and_fast": "sparse",
}

__all__ = list(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
