"""Lightweight facial expression recognition, rebuilt, measured and questioned.

Clips become faces, faces become splits, splits become a run, a run becomes evidence, evidence becomes a page.
Every subpackage is one step of that sentence: ``datasets`` and ``studio``, ``faces``, ``splits``, ``models`` and
``training``, ``experiments``, ``metrics`` and ``compress``, ``plotting`` and ``widgets``.

Importing the package imports none of TensorFlow, OpenCV or dlib; a subpackage is loaded when it is first used.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
