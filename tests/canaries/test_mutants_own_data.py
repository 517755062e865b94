"""Mutants of data that a reader brings are noticed, and harmless edits are not."""

from __future__ import annotations

from pathlib import Path
import sys

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from judged import faults_of_group, stages_of_group


@pytest.fixture(scope="module")
def found():
    return faults_of_group("own_data")


@pytest.mark.slow
@pytest.mark.parametrize("stage", stages_of_group("own_data"))
def test_mutants_are_noticed_and_harmless_edits_are_not(stage, found):
    assert not found[stage]
