"""Twelve questions: all there, folded, and with numbers that follow from the tables."""

from __future__ import annotations

import html
import re

import pytest

from fer_utils.core.errors import FerError
from fer_utils.reporting import reviewer


def answers():
    return {one.number: one.answer for one in reviewer.all_questions()}


def test_twelve_questions_in_their_groups():
    found = reviewer.all_questions()
    assert [one.number for one in found] == list(range(1, 13))
    groups = [one.group for one in found]
    assert sorted(groups, key=reviewer.GROUPS.index) == groups and set(groups) == set(reviewer.GROUPS)
    assert all(one.question.endswith("?") and len(one.look) > 10 and len(one.answer) > 40 for one in found)


@pytest.mark.parametrize("group", reviewer.GROUPS)
def test_answers_are_folded_and_look_comes_before(group):
    asked = reviewer.questions(group)
    page = asked._repr_html_()
    assert page.count("<details") == page.count("</summary>") == len(asked.questions)
    for one, summary in zip(asked.questions, re.findall(r"<summary>(.*?)</summary>", page), strict=True):
        assert html.escape(one.question) in summary and html.escape(one.look) in summary
        assert html.escape(one.answer) not in summary and html.escape(one.answer) in page
    assert asked.questions[0].answer not in repr(asked), "the answer is not given away in text either"


def test_a_group_that_is_not_there_is_refused():
    with pytest.raises(FerError, match=r"`group`.*how surely.*'why'"):
        reviewer.questions("why")


@pytest.mark.parametrize(
    "number, words",
    [
        (1, "94.33 % on SAVEE, and the proposed network 94.00 %"),
        (2, "ahead of 2 of 3"),
        (3, "ResNet50 (Ayadi & Lachiri 2022), which has 57.73 %"),
        (4, "once in 6 there, and once in 8 here"),
        (5, "94.99 %"),
        (6, "542,136. With the seven labels of SAVEE the network has 542,119"),
        (7, "2,520. The paper has 2,880"),
        (9, "1.9 of 576 images"),
        (9, "1.0 points. Six frames of a clip are nearly one observation, and for 96 clips it is 2.4 points"),
        (11, "17,250 images are 2,875 clips"),
        (11, "1,440 speech clips, and each a second time as a video without sound: 2,880"),
    ],
)
def test_numbers_as_computed_by_hand(number, words):
    assert words in answers()[number]
