"""Faces: from clips to grey squares of one size, with what is known of each.

``prepare`` is the pass over a clip table; ``FaceSet`` is what it leaves on disk.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
