"""What the tests of the widgets share."""

from __future__ import annotations

from browser import launched_browser
import pytest


@pytest.fixture(scope="module")
def browser():
    """One Chromium for the tests of a file; each opens a page of its own in it."""
    with launched_browser() as one:
        yield one
