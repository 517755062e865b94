"""Clips: one module a data set, each reading its own file-name grammar into the same table."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
