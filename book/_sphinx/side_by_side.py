"""Sphinx extension: pages are written by as many processes as may run here.

Jupyter Book's command line has no option for it.  Reading stays in one process, because not every extension of the
book says that it may be done side by side.
"""

from __future__ import annotations

import os


def write_side_by_side(app, env):
    """All pages are read; what follows is writing, and Sphinx asks only now how many processes there are."""
    app.parallel = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def setup(app):
    app.connect("env-updated", write_side_by_side)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
