"""Questions with choices: well-formed, explained, and usable by keyboard where no Python runs."""

import re

import pytest

from fer_utils import exercises
from fer_utils.core.errors import FerError
from fer_utils.exercises import quizzes


@pytest.mark.parametrize("number", quizzes.available())
def test_every_question_has_one_right_choice_and_explains_all(number):
    question = quizzes.load(number)
    assert len(question.question.split()) >= 5
    assert 3 <= len(question.choices) <= 5
    assert sum(choice.right for choice in question.choices) == 1
    assert len({choice.text for choice in question.choices}) == len(question.choices)
    for choice in question.choices:
        assert len(choice.why.split()) >= 5, choice.text


@pytest.mark.parametrize("number", quizzes.available())
def test_every_question_stands_in_its_chapter(root, number):
    (chapter,) = (root / "notebooks").glob(f"{number[:2]}_*.ipynb")
    assert f'quiz(\\"{number}\\")' in chapter.read_text()


def test_no_number_is_both_a_question_and_an_exercise():
    assert not set(quizzes.available()) & set(exercises.available())


def test_the_page_has_a_button_and_an_explanation_a_choice():
    page = exercises.quiz("03-2")._repr_html_()
    question = quizzes.load("03-2")
    buttons = re.findall(r'<input type="radio" name="([^"]+)" id="([^"]+)">', page)
    assert len(buttons) == len(question.choices) and len({name for name, _ in buttons}) == 1
    assert [identity for _, identity in buttons] == re.findall(r'<label for="([^"]+)">', page)
    assert page.count("✓ Right") == 1 and page.count("✗ Not this") == len(question.choices) - 1
    assert "<script" not in page


def test_what_a_question_says_cannot_bring_markup():
    choices = (quizzes.Choice("<b>", True, "a < b & c > d, for all of them"),) * 3
    page = quizzes.Quiz("01-9", "is <i> less?", choices)._repr_html_()
    assert "<b>" not in page and "<i>" not in page and "a &lt; b &amp; c &gt; d" in page


def test_a_letter_is_answered_with_its_explanation():
    right, wrong = exercises.quiz("03-2", "A"), exercises.quiz("03-2", " b ")
    assert right.passed and not wrong.passed
    assert wrong.message == quizzes.load("03-2").choices[1].why
    assert str(exercises.quiz("03-2")).count("\n") == 1 + len(quizzes.load("03-2").choices)


@pytest.mark.parametrize("choice", ["z", "", "ab", 1, ["a"]])
def test_a_choice_that_is_not_there_is_refused(choice):
    with pytest.raises(FerError, match=r"`choice`.*one of a, b, c"):
        exercises.quiz("03-2", choice)


@pytest.mark.parametrize("number", ["03-9", "99-1", "", "../03-2", 3])
def test_a_question_that_is_not_there_is_refused(number):
    with pytest.raises(FerError, match=r"`number`.*03-2"):
        exercises.quiz(number)
