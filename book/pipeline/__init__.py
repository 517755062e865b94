"""The publishing pipeline: notebooks are executed, browser files fetched, the site built.

Run it as ``python book/pipeline VERB``; from Python, ``pipeline.build(...)``
does the same and returns a report.  Importing it costs nothing: papermill,
Sphinx and the package under the book are loaded only where work is to be done.
"""

from .builder import BuildReport, build
from .execute import Outcome
from .layout import Book, BookError

__all__ = ["Book", "BookError", "BuildReport", "Outcome", "build"]
