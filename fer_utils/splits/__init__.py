"""Who trains and who tests, what both sides share, and near-copies of pictures."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
