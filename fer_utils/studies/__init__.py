"""Studies: questions that are answered once, at length, and whose answers are stored with the package.

``available`` names them, ``load`` reads a stored answer, ``run`` answers one anew.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
