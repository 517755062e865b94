"""The studio: drawn actors with known truth.

``person(seed)`` draws who, ``draw`` paints a face, ``draw_batch`` many, ``film`` makes a data set of
video files with the real sets' names and layouts, and the truth beside them;
``rehearse`` acts it without a camera.  Importing this package loads neither
OpenCV nor TensorFlow.
"""

from __future__ import annotations

from fer_utils.studio.batch import draw_batch
from fer_utils.studio.expressions import ACTION_UNITS, prototype
from fer_utils.studio.factors import FACTORS
from fer_utils.studio.film import Film, Rehearsal, film, rehearse
from fer_utils.studio.identity import Identity, person
from fer_utils.studio.layouts import VIEWS
from fer_utils.studio.props import OCCLUSIONS
from fer_utils.studio.render import LIGHTS, Light, draw

__all__ = [
    "ACTION_UNITS",
    "FACTORS",
    "LIGHTS",
    "OCCLUSIONS",
    "VIEWS",
    "Film",
    "Identity",
    "Light",
    "Rehearsal",
    "draw",
    "draw_batch",
    "film",
    "person",
    "prototype",
    "rehearse",
]
