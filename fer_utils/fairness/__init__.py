"""For whom a network fails: an audit over attributes of people, and a bias that is planted to be found."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
