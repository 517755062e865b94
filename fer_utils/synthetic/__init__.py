"""Drawn stand-ins for the real data sets, and what only drawn faces can give: landmarks and regions that are known."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
