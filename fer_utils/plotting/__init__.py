"""Figures of the book: one palette, a title that is the answer, alt text on every one."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
