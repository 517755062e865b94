"""Widgets that move live in Jupyter and Colab, and stand as a picture where no script runs.

``from fer_utils.widgets import ConvolutionByHand, TrainHere``, for example; `fer_utils/widgets/__init__.pyi` lists all.
They move on the book's static page, too, where no kernel is.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
