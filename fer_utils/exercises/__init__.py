"""The chapters' exercises: ``check("03-1", answer)`` says whether an answer is right, and if not, why.

`quiz` asks a question with choices, each of which is explained.

A grader calls the answer on values that the chapter does not show, compares
with what must hold, and answers with the first thing that is wrong.  Whatever
an answer does (raise, hang, end the program, return nonsense), `check` returns a
verdict, and the session goes on; `fer_utils.exercises.guard` says how far.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
import dis
import html
import importlib
import itertools
import operator
from pathlib import Path
import re
import sysconfig
import traceback

import numpy as np

from fer_utils.core.errors import invalid
from fer_utils.exercises import guard, quizzes
from fer_utils.exercises.quizzes import Quiz

#: Each exercise that asks for a function, and the function of this package that grades it.
_FUNCTION_GRADERS: dict[str, str] = {
    "01-1": "ch01:grade_describe",
    "01-4": "ch01:grade_without_twins",
    "01-5": "ch01:grade_mistakes",
    "02-1": "ch02:grade_sample",
    "02-3": "ch02:grade_overlap",
    "02-4": "ch02:grade_square",
    "02-5": "ch02_faces:grade_find_faces",
    "03-1": "ch03:grade_parameters",
    "03-3": "ch03:grade_max_pool",
    "03-4": "ch03_network:grade_network",
    "04-1": "ch04:grade_split",
    "04-3": "ch04:grade_cross_entropy",
    "04-4": "ch04:grade_step",
    "04-5": "ch04_macro_f1:grade_macro_f1",
    "05-1": "ch05:grade_stopping",
    "05-3": "ch05:grade_dropout",
    "05-4": "ch05:grade_augmentation",
    "06-1": "ch06:grade_balanced",
    "06-3": "ch06:grade_strangers",
    "07-1": "ch07:grade_relative",
    "07-3": "ch07:grade_temperature",
    "08-1": "ch08:grade_occlusion",
    "08-3": "ch08:grade_grad_cam",
    "08-5": "ch08_groups:grade_gap",
    "09-1": "ch09:grade_interval",
    "09-3": "ch09:grade_on_strangers",
    "10-1": "ch10:grade_inverted",
    "10-3": "ch10_convolutions:grade_separable",
    "10-4": "ch10_convolutions:grade_inception",
    "11-1": "ch11:grade_fold",
    "11-3": "ch11:grade_dense",
    "11-4": "ch11_pruning:grade_layers",
    "12-1": "ch12:grade_loss",
    "12-3": "ch12:grade_non_inferior",
    "12-4": "ch12:grade_pareto_front",
    "12-5": "ch12_budget:grade_budget",
    "13-1": "ch13:grade_smoothing",
    "13-3": "ch13_follow:grade_follow",
    "13-4": "ch13_annotate:grade_annotate",
    "13-7": "ch13_boxes:grade_share_kept",
    "a1-1": "a1:grade_brightness",
    "a1-3": "a1:grade_one_change",
    "a2-1": "a2:grade_true_features",
    "a2-3": "a2:grade_error_correlation",
}

#: Each exercise that asks for a value (a number, a text, an array, a model), and the function that grades it.
_VALUE_GRADERS: dict[str, str] = {
    "01-3": "ch01:grade_people",
    "01-7": "ch01:grade_at_rest",
    "02-7": "ch02_boxes:grade_smaller_box",
    "03-5": "ch03:grade_receptive_field",
    "06-4": "ch06:grade_mixture",
    "06-7": "ch06:grade_steps",
    "07-4": "ch07:grade_fewest",
    "07-7": "ch07_audit:grade_threshold",
    "08-4": "ch08:grade_attributions",
    "08-7": "ch08_groups:grade_fearful",
    "09-4": "ch09:grade_standard_errors",
    "10-5": "ch10:grade_factor",
    "11-5": "ch11_pruning:grade_list",
    "11-7": "ch11_pruning:grade_smallest",
    "12-7": "ch12_trade_offs:grade_claims",
    "13-5": "ch13:grade_latency",
    "13-6": "ch13_files:grade_files",
    "a1-5": "a1:grade_one_unit",
}

#: An answer that takes longer is taken for one that never ends.
SECONDS = 20

#: Files with one of these in their path are not the student's: Python, what is installed, and this package.
_NOT_THE_STUDENTS = (
    sysconfig.get_path("stdlib"),
    "site-packages",
    "dist-packages",
    str(Path(__file__).parents[1]),
    "<frozen",
)

#: Errors whose own words do not help, by a part of them, and what they mean here.
_MEANINGS: dict[str, str] = {
    "not all arguments converted during string formatting": "After a text, % formats it: make a number of the text "
    "first, by int(...).",
    "No gradients provided for any variable": "Compute the loss inside of the tape and with operations of Keras or "
    "TensorFlow: what NumPy computes has no gradient.",
}


@dataclass(frozen=True)
class Verdict:
    """The outcome of a check: true if ``passed``; ``message`` says what to look at.

    ``tried`` is false where the chapter's own dots still stand in the place of an answer.
    """

    exercise: str
    passed: bool
    message: str
    tried: bool = True

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        sign = "✓" if self.passed else "✗" if self.tried else "○"
        return f"{sign} Exercise {self.exercise}: {self.message}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        kind = "passed" if self.passed else "failed" if self.tried else "untried"
        return f'<div class="fer-exercise fer-{kind}" role="status">{html.escape(str(self))}</div>'


class Wrong(Exception):  # noqa: N818 - a verdict on an answer, and no fault of the package
    """Raised by a grader: the answer is wrong, and this is why."""


def available() -> tuple[str, ...]:
    """The exercises' numbers: chapter (``"03"``) or appendix (``"a1"``), dash, number."""
    return tuple(sorted({**_FUNCTION_GRADERS, **_VALUE_GRADERS}))


def asks_for_a_value(exercise: str) -> bool:
    """Whether the answer of an exercise is a value; of the others it is a function."""
    return exercise in _VALUE_GRADERS


def check(exercise: str, answer: object) -> Verdict:
    """Grade an answer.

    Parameters
    ----------
    exercise : a number such as ``"03-1"``; see `available`.
    answer : what the exercise asks for, a function or a value; see `asks_for_a_value`.

    Returns
    -------
    Verdict, true or false, that prints what was wrong.  An answer that raises,
    ends the program, takes more than 2 GB of memory or runs for more than 20
    seconds, is a wrong answer and not an error.

    Notes
    -----
    On Linux the answer runs twice: in a copy of the process, of which nothing
    is seen, and if it came back there, in the session.  What it prints appears
    once; a file to which it adds a line gets the line twice.

    Raises
    ------
    FerError : there is no such exercise.
    """
    graders = {**_FUNCTION_GRADERS, **_VALUE_GRADERS}
    if exercise not in graders:
        raise invalid("exercise", expected=f"one of {', '.join(available())}", received=exercise)
    module, function = graders[exercise].split(":")
    grader = getattr(importlib.import_module(f".{module}", __name__), function)
    if answer is ... or answer is None:
        return Verdict(exercise, False, "not tried yet: replace the dots by your answer.", tried=False)
    if not asks_for_a_value(exercise):
        if not callable(answer):
            return Verdict(
                exercise,
                False,
                f"the answer should be a function, not {type(answer).__name__}. "
                "Pass the function itself, without calling it.",
            )
        if _is_untouched(answer):
            return Verdict(exercise, False, "not tried yet: replace the dots by your own code.", tried=False)
    try:
        return guard.guarded(lambda: _graded(exercise, grader, answer), SECONDS)
    except guard.Stopped as stopped:
        return Verdict(exercise, False, str(stopped))


def quiz(number: str, choice: str | None = None) -> Quiz | Verdict:
    """A question with choices, shown so that each choice can be pressed and says why it is right or wrong.

    Parameters
    ----------
    number : such as ``"03-2"``; `fer_utils.exercises.quizzes.available` lists them.
    choice : ``"a"``, ``"b"``, ...; None to be asked.

    Returns
    -------
    The question (a notebook shows it with buttons that work on a page without Python, too), or with a ``choice``
    the verdict on it.

    Raises
    ------
    FerError : there is no such question, or it has no such choice.
    """
    question = quizzes.load(number)
    if choice is None:
        return question
    chosen = question.choice(choice)
    return Verdict(number, chosen.right, chosen.why)


#: How a grader says that the answer, a function, returned nothing.
_NOTHING = re.compile(r"\b(?:got|returned|gave) None(?:Type)?\b")


def _graded(exercise: str, grader, answer) -> Verdict:
    try:
        return Verdict(exercise, True, grader(answer))
    except Wrong as wrong:
        words = str(wrong)
        if _NOTHING.search(words) and "returns None" not in words:
            words += " A function without `return` returns None."
        return Verdict(exercise, False, words)
    except MemoryError:
        raise
    except BaseException as error:  # whatever a student's code raises is for the student to read
        return Verdict(exercise, False, _raised(error))


def _raised(error: BaseException) -> str:
    """What an error in an answer says, in which of the student's lines, and with which arguments."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not any(part in frame.filename for part in _NOT_THE_STUDENTS)]
    where = (own or frames)[-1]
    try:
        words = " ".join(str(error).split())
    except Exception:  # an exception of the student's own, which fails to say what it is
        words = "(without words)"
    if len(words) > 300:
        words = words[:300] + " ..."
    given = getattr(error, "given", "")
    meaning = next((f" {meaning}" for part, meaning in _MEANINGS.items() if part in words), "")
    return f"your code raised {type(error).__name__}: {words} (line {where.lineno} of {where.name}{given}).{meaning}"


def _is_untouched(answer) -> bool:
    """Whether a function does nothing but return None, as the chapters' stubs do."""
    code = getattr(answer, "__code__", None)
    if code is None:
        return False
    steps = [step for step in dis.get_instructions(code) if step.opname not in ("RESUME", "NOP")]
    returns_only = {step.opname for step in steps} <= {"LOAD_CONST", "RETURN_VALUE", "RETURN_CONST"}
    return returns_only and all(step.argval is None for step in steps)


def asked(answer, arguments: str, *given):
    """What an answer returns for what it is given.

    `Wrong` with the wanted ``arguments``, in words, where it does not take so many.  Another error that the answer
    raises has ``given``, the arguments in words.
    """
    shown = [_shown(value) for value in given]  # before the answer could change them
    try:
        return answer(*given)
    except BaseException as error:
        if (
            isinstance(error, TypeError) and "argument" in str(error) and error.__traceback__.tb_next is None
        ):  # of this very call, and not of one inside the answer
            raise Wrong(f"the function should be {arguments}: {error}.") from None
        names = arguments.partition("(")[2].rstrip(")").split(", ")
        words = ", ".join(f"{name} = {value}" for name, value in zip(names, shown, strict=False))
        with suppress(Exception):  # an exception of the student's own may take no attributes
            error.given = f", for {words}"
        raise


def _shown(value) -> str:
    """An argument in a few words."""
    kind = type(value).__name__
    if hasattr(value, "shape"):
        return f"{kind} of shape {tuple(value.shape)}" if value.shape else repr(value)
    if isinstance(value, (str, int, float, tuple, list)) and len(repr(value)) <= 60:
        return repr(value)
    return f"{kind} of length {len(value)}" if isinstance(value, (str, tuple, list, dict)) else kind


def whole(value) -> int | None:
    """The whole number that a value is (an int, a NumPy integer: what may index a list), or None."""
    if isinstance(value, (bool, np.bool_)):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def as_count(value) -> int | None:
    """The whole number that a single value is, 12.0 included, or None; for answers that are typed, not computed."""
    got = whole(value)
    number = numbers(value)
    if got is not None or isinstance(value, (bool, np.bool_)) or number is None or number.shape != ():
        return got
    return int(number) if np.isfinite(number) and number == int(number) else None


def two(made) -> list | None:
    """The two things of a pair (a tuple, a list, an array, a generator ...), in order, or None."""
    if isinstance(made, (str, bytes, dict, set, frozenset)):
        return None
    try:
        things = list(itertools.islice(made, 3))
    except TypeError:
        return None
    return things if len(things) == 2 else None


def numbers(made) -> np.ndarray | None:
    """An answer as an array of 64-bit floats, or None where it is something else, text of digits too."""
    try:
        got = np.asarray(made)
        if made is None or got.dtype.kind not in "biufO":
            return None
        return got.astype(float)
    except (TypeError, ValueError, OverflowError):
        return None


def told_apart(one: float, other: float, digits: int = 3) -> tuple[str, str]:
    """Two numbers with some digits after the point, or with as many as it takes until they look different."""
    while digits < 17 and f"{one:.{digits}f}" == f"{other:.{digits}f}":
        digits += 1
    return f"{one:.{digits}f}", f"{other:.{digits}f}"


def same(what: str, got, wanted, given: str) -> None:
    """Raise `Wrong` unless ``got`` equals ``wanted``; a whole number is not a float, nor True."""
    counted = isinstance(wanted, int)
    equal = whole(got) == wanted if counted else got == wanted
    if not (equal is True or (isinstance(equal, np.bool_) and bool(equal))):
        kind = f" It should be a whole number, and not of type {type(got).__name__}."
        raise Wrong(
            f"for {given}, {what} should be {wanted!r}; your function gave {got!r}."
            + (kind if counted and whole(got) is None else "")
        )
