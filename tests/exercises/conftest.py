"""What the tests of the chapters' graders share."""

from __future__ import annotations

import pytest

from fer_utils import exercises


@pytest.fixture
def without_copies(monkeypatch):
    """The answer runs once, in this process, as where the system makes no copy of it, on Windows and macOS.

    A copy of a process in which TensorFlow ran may sleep for two seconds; test_in_a_kernel.py has the copies.
    """
    monkeypatch.setattr(exercises.guard, "_copied", lambda *_: "back")
