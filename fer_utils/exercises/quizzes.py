"""Questions with choices: each choice, right or wrong, is explained.

The questions are data, one TOML file a chapter (``questions/ch03.toml``) or appendix (``questions/a1.toml``).  They are
shown as radio buttons with nothing but HTML and CSS, so that they work with the keyboard, in a notebook and on the
static page, where no Python runs.
"""

from __future__ import annotations

from dataclasses import dataclass
import functools
import html
from pathlib import Path
import string
import tomllib

from fer_utils.core.errors import invalid

_FOLDER = Path(__file__).parent / "questions"

#: An explanation is shown beside the choice that is pressed, and only there.
_CSS = """\
.fer-quiz { margin: 1em 0; padding: 0.6rem 0.9rem; border: 1px solid #8884; border-left: 0.35rem solid #0072b2; \
min-inline-size: 0; }
.fer-quiz legend { font-weight: 700; padding: 0 0.3rem; }
.fer-quiz-choice { margin: 0.35rem 0; display: grid; grid-template-columns: auto 1fr; column-gap: 0.5rem; \
align-items: baseline; }
.fer-quiz-choice label { cursor: pointer; }
.fer-quiz-why { display: none; grid-column: 2; margin: 0.15rem 0 0.3rem; padding-left: 0.6rem; \
border-left: 0.2rem solid #d55e00; }
.fer-quiz-right .fer-quiz-why { border-left-color: #009e73; }
.fer-quiz-choice input:checked ~ .fer-quiz-why { display: block; }
.fer-quiz-choice input:focus-visible ~ label { outline: 2px solid #0072b2; outline-offset: 2px; }
"""


@dataclass(frozen=True)
class Choice:
    """One choice of a question: its ``text``, whether it is ``right``, and ``why``."""

    text: str
    right: bool
    why: str


@dataclass(frozen=True)
class Quiz:
    """A question with choices, of which one is right; a notebook shows it with buttons."""

    number: str
    question: str
    choices: tuple[Choice, ...]

    def choice(self, letter: str) -> Choice:
        """The choice of a letter, ``"a"`` for the first; ``FerError`` if there is none."""
        letters = string.ascii_lowercase[: len(self.choices)]
        if not isinstance(letter, str) or len(letter.strip()) != 1 or letter.strip().lower() not in letters:
            raise invalid("choice", expected=f"one of {', '.join(letters)}", received=letter)
        return self.choices[letters.index(letter.strip().lower())]

    def __str__(self) -> str:
        lines = [f"Question {self.number}: {self.question}"]
        lines += [f"  {letter}) {one.text}" for letter, one in zip(string.ascii_lowercase, self.choices, strict=False)]
        return "\n".join([*lines, f'Answer with quiz("{self.number}", "a"), or another letter.'])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = [self._choice_html(place, one) for place, one in enumerate(self.choices)]
        return (
            f"<style>{_CSS}</style>"
            f'<fieldset class="fer-quiz"><legend>Question {html.escape(self.number)}</legend>'
            f"<p>{html.escape(self.question)}</p>" + "".join(rows) + "</fieldset>"
        )

    def _choice_html(self, place: int, choice: Choice) -> str:
        name = f"fer-quiz-{self.number}"
        mark = "✓ Right" if choice.right else "✗ Not this"
        return (
            f'<div class="fer-quiz-choice{" fer-quiz-right" if choice.right else ""}">'
            f'<input type="radio" name="{name}" id="{name}-{place}">'
            f' <label for="{name}-{place}">{html.escape(choice.text)}</label>'
            f'<div class="fer-quiz-why" role="status">{mark}: {html.escape(choice.why)}</div></div>'
        )


def available() -> tuple[str, ...]:
    """The questions' numbers: chapter, dash, number."""
    return tuple(sorted(number for path in _FOLDER.glob("*.toml") for number in _chapter(path)))


def load(number: str) -> Quiz:
    """The question of a number such as ``"03-2"``; ``FerError`` if there is none."""
    chapter = str(number)[:2]
    path = _FOLDER / (f"ch{chapter}.toml" if chapter.isdigit() else f"{chapter}.toml")
    questions = _chapter(path) if path.is_file() else {}
    if number not in questions:
        raise invalid("number", expected=f"one of {', '.join(available())}", received=number)
    return questions[number]


@functools.cache
def _chapter(path: Path) -> dict[str, Quiz]:
    with open(path, "rb") as file:
        read = tomllib.load(file)
    return {
        number: Quiz(number, entry["question"], tuple(Choice(**choice) for choice in entry["choices"]))
        for number, entry in read.items()
    }
