"""The studio: drawn actors with known truth.

``person(seed)`` draws who, ``draw`` paints a face, ``draw_batch`` many, ``film`` makes a data set of
video files with the real sets' names and layouts, and the truth beside them;
``rehearse`` acts it without a camera.  Importing this package loads neither
OpenCV nor TensorFlow.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
