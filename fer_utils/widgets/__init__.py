"""Widgets that move live in Jupyter and Colab, on the book's static page, and stand as a picture elsewhere.

``from fer_utils.widgets import ParameterBudget``.  anywidget is imported when a
widget class is first asked for, not with this module.
"""

from __future__ import annotations

__all__ = ["ParameterBudget"]


def __getattr__(name: str):
    if name == "ParameterBudget":
        from importlib.util import find_spec

        if find_spec("anywidget") is None:
            from ..errors import missing

            raise missing("anywidget", needed_for=f"fer_utils.widgets.{name}", remedy="pip install anywidget")
        from .parameter_budget import ParameterBudget

        return ParameterBudget
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *__all__])
