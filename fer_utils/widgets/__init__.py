"""Widgets that move live in Jupyter and Colab, and stand as a picture where no script runs.

``from fer_utils.widgets import FaceLab, ParameterBudget``.  anywidget is imported
when a widget class is first asked for, not with this module.  The parameter
budget moves on the book's static page, too; the Face lab needs a kernel to draw.
"""

from __future__ import annotations

__all__ = ["FaceLab", "ParameterBudget"]

_MODULES = {"FaceLab": "face_lab", "ParameterBudget": "parameter_budget"}


def __getattr__(name: str):
    if name in _MODULES:
        from importlib.util import find_spec

        if find_spec("anywidget") is None:
            from fer_utils.core.errors import missing

            raise missing("anywidget", needed_for=f"fer_utils.widgets.{name}", remedy="pip install anywidget")
        if name == "FaceLab":
            from fer_utils.widgets.face_lab import FaceLab

            return FaceLab
        from fer_utils.widgets.parameter_budget import ParameterBudget

        return ParameterBudget
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *__all__])
