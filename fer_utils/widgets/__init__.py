"""Widgets that move live in Jupyter and Colab, and stand as a picture where no script runs.

``from fer_utils.widgets import Confusions, ConvolutionByHand, FaceLab, ParameterBudget, PruneAndRound, TradeOffs,
TrainHere``.  All but the Face lab, which needs a kernel to draw, move on the book's static page, too.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
