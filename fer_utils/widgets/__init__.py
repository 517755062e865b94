"""Widgets that move live in Jupyter and Colab, and stand as a picture where no script runs.

``from fer_utils.widgets import ConvolutionByHand, FaceLab, ParameterBudget, TrainHere``.  All move on the book's static
page, too.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
