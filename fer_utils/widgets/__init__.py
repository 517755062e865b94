"""Widgets that move live in Jupyter and Colab, and stand as a picture where no script runs.

``from fer_utils.widgets import FaceLab, ParameterBudget, TrainHere``.  The parameter budget and the training move on
the book's static page, too; the Face lab needs a kernel to draw.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
