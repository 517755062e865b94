"""The studio: drawn actors with known truth.

``person(seed)`` draws who, ``draw`` paints a face, ``film`` makes a data set of
video files with the real sets' names and layouts, and the truth beside them.
Importing this package loads neither OpenCV nor TensorFlow.
"""

from __future__ import annotations

from .expressions import ACTION_UNITS, prototype
from .film import Film, film
from .identity import Identity, person
from .render import LIGHTS, Light, draw

__all__ = ["ACTION_UNITS", "Film", "Identity", "LIGHTS", "Light", "draw", "film", "person", "prototype"]
