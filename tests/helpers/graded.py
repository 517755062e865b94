"""The two tests that every chapter's graders have: wrong answers are told why they are wrong, and right ones pass."""

from __future__ import annotations

import pytest

from fer_utils import exercises


def wrong_answers_fail_with_a_reason(wrong: list[tuple]):
    """A test of answers that a student might plausibly give: (exercise, answer, a word that the message must have)."""

    @pytest.mark.usefixtures("without_copies")
    @pytest.mark.parametrize("number, answer, word", wrong, ids=_names(wrong))
    def test(number, answer, word):
        made = exercises.check(number, answer)
        assert not made.passed and word in made.message, made.message

    return test


def right_answers_pass(right: list[tuple]):
    """A test of right answers that are written in other ways than the chapter's own: (exercise, answer)."""

    @pytest.mark.usefixtures("without_copies")
    @pytest.mark.parametrize("number, answer", right, ids=_names(right))
    def test(number, answer):
        made = exercises.check(number, answer)
        assert made.passed, made.message

    return test


def _names(answers: list[tuple]) -> list[str]:
    return [f"{number}-{place}" for place, (number, *_) in enumerate(answers)]
