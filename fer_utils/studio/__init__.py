"""The studio: drawn actors with known truth.

``person(seed)`` draws who, ``draw`` paints a face, ``draw_batch`` many, ``film`` makes a data set of
video files with the real sets' names and layouts, and the truth beside them;
``rehearse`` acts it without a camera.  Importing this package loads neither
OpenCV nor TensorFlow.
"""

from __future__ import annotations

from .batch import draw_batch
from .expressions import ACTION_UNITS, prototype
from .factors import FACTORS
from .film import Film, Rehearsal, film, rehearse
from .identity import Identity, person
from .layouts import VIEWS
from .props import OCCLUSIONS
from .render import LIGHTS, Light, draw

__all__ = ["ACTION_UNITS", "FACTORS", "Film", "Identity", "LIGHTS", "Light", "OCCLUSIONS", "Rehearsal", "VIEWS", "draw", "draw_batch",
           "film", "person", "prototype", "rehearse"]
