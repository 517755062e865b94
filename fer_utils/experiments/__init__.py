"""Experiments: say once what is to be run; get the stored result or run it."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
