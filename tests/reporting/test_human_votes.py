"""Sentences on what people see in acted faces: their numbers are those of the stored answer."""

from __future__ import annotations

from fer_utils import studies
from fer_utils.reporting import human_votes

HUMAN = studies.load("human_votes").answer


def test_votes_and_ceiling_are_those_of_the_study():
    said = " ".join(human_votes.votes(HUMAN))
    assert "71,654 single votes" in said and "57.4 %" in said and "42 %, 50 % and 63 %" in said
    said = " ".join(human_votes.ceiling(HUMAN))
    assert "55.3 %" in said and "kappa 0.46" in said and "70.1 %" in said and "68.5 %" in said
