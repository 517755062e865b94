"""Real time: faces in a camera's or a video's pictures are found, followed, scored and drawn, frame by frame.

``run`` is the whole chain and returns a `Report`; ``Watcher`` is its middle, from
a frame to scored faces, for programs of one's own; ``Tracker`` follows faces,
``Smoother`` and ``smooth`` steady scores over time, ``drawn`` draws them, ``classifier`` opens a
network, trained or exported.  Importing this package loads neither OpenCV nor Keras.

Nothing is stored but what is asked for by name.  A label says which posed
expression of the training data a face resembles most; it says nothing about what anybody feels.
"""

from __future__ import annotations

import importlib

_HOME = {
    "run": "pipeline", "Report": "pipeline", "Watcher": "pipeline", "Seen": "pipeline", "Tracker": "tracking", "Track": "tracking",
    "Smoother": "smoothing", "smooth": "smoothing", "TIME_CONSTANT": "smoothing", "drawn": "drawing", "classifier": "networks",
    "Classifier": "networks",
}

__all__ = list(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
