"""Mutants of networks and of what is done with them are noticed, and harmless edits are not."""

from __future__ import annotations

from pathlib import Path
import sys

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from mutants import networks
from noticing import check, stages_of, tried

STAGES = stages_of(networks)


@pytest.fixture(scope="module")
def rows():
    return tried(STAGES)


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_mutants_are_noticed_and_harmless_edits_are_not(stage, rows):
    check(rows[stage])
