"""Lightweight facial expression recognition, rebuilt, measured and questioned.

Clips become faces, faces become splits, splits become a run, a run becomes
evidence, evidence becomes a page: ``datasets`` and ``studio``, ``faces``,
``splits``, ``models`` and ``train``, ``experiments``, ``evaluate`` and
``compress``, ``figures`` and ``widgets``.

Importing the package imports none of TensorFlow, OpenCV or dlib.
"""

from __future__ import annotations

import importlib

__version__ = "0.1.0"

_ROOMS = (
    "audit", "benchmark", "comparisons", "compress", "datasets", "difficulty", "duplicates", "evaluate", "exercises", "experiments",
    "explain", "faces", "figures", "labels", "landmarks", "models", "paths", "prose", "provenance", "regions", "reported", "sheets",
    "shortcuts", "sources", "splits", "studio", "tables", "train", "widgets",
)

__all__ = ["__version__", "predict", *_ROOMS]


def __getattr__(name: str):
    # PEP 562: a room is opened when somebody steps in, not when the house is named.
    if name == "predict":
        return importlib.import_module(".inference", __name__).predict
    if name in _ROOMS:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
