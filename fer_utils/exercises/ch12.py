"""11-1: what a student is told: the labels' loss and the teacher's."""

from __future__ import annotations

import numpy as np

from fer_utils.exercises import Wrong, asked, numbers, told_apart

#: As near as sums in 32-bit floats come.
_CLOSE = 1e-5
_ARGUMENTS = "loss(student, teacher, labels, weight, temperature)"


def _reference(
    student,
    teacher,
    labels,
    weight,
    temperature,
    *,
    squared=True,
    turned=False,
    softened=(True, True),
    scaled=True,
    labelled=True,
    mean=True,
    cross=False,
    log=np.log,
    about="labels",
    mean_of_all=False,
    power=None,
) -> float:
    def soften(p, wanted):
        warm = p ** (power(temperature) if power else 1 / temperature) if wanted else p
        return warm / warm.sum(axis=1, keepdims=True) if scaled else warm

    p, q = soften(student, softened[0]), soften(teacher, softened[1])
    p, q = (q, p) if turned else (p, q)
    shown = teacher.argmax(axis=1) if about == "teacher" else labels
    told = -log(student[np.arange(len(shown)), shown]) * labelled
    apart = q * (-log(p) if cross else log(q / p))
    apart = apart.mean(axis=1) if mean_of_all else apart.sum(axis=1)
    each = told + weight * (temperature**2 if squared else 1) * apart
    return float(each.mean() if mean else each.sum())


#: What was done instead, and how to say it.
_SLIPS = [
    (
        {"squared": False},
        "It looks as if the factor T² is missing: without it the teacher counts the less, the higher the temperature.",
    ),
    (
        {"turned": True},
        "It looks as if student and teacher changed places: it is the teacher's probabilities that weigh the "
        "logarithms.",
    ),
    (
        {"softened": (False, False)},
        "It looks as if nothing was softened: raise both probabilities to the power of 1/T first.",
    ),
    (
        {"softened": (True, False)},
        "It looks as if only the student was softened; the teacher's probabilities are, too.",
    ),
    (
        {"softened": (False, True)},
        "It looks as if only the teacher was softened; in the second term the student's probabilities are, too.",
    ),
    ({"scaled": False}, "The softened numbers do not add up to 1: divide each row by its sum."),
    ({"labelled": False}, "The first term, the labels', is missing."),
    ({"mean": False}, "It looks like a sum over the faces; take the mean."),
    (
        {"cross": True},
        "It looks like the cross-entropy with the teacher; the formula has log(q/p), which is 0 where both agree.",
    ),
    ({"log": np.log2}, "It looks like logarithms to the base of 2; take natural ones."),
    ({"about": "teacher"}, "It looks as if the first term asks for the teacher's label; it is about the face's own."),
    ({"mean_of_all": True}, "The second term is a sum over the labels; it looks as if you took the mean over them."),
    (
        {"power": lambda temperature: temperature},
        "It looks as if probabilities were raised to the power of T, which sharpens them; the power is 1/T.",
    ),
]


def grade_loss(answer) -> str:
    """Random students and teachers, several temperatures, and a student who says what the teacher says."""
    rng = np.random.default_rng(1101)
    cases = []
    for faces, labels, weight, temperature in [(5, 4, 0.7, 3.0), (1, 3, 2.0, 2), (7, 8, 1.0, 1.0), (4, 2, 0.3, 8.0)]:
        student, teacher = (rng.dirichlet(np.full(labels, 0.9), faces) * 0.98 + 0.02 / labels for _ in range(2))
        cases.append((student, teacher, rng.integers(0, labels, faces), weight, temperature))
    cases.append((cases[0][1].copy(), cases[0][1].copy(), *cases[0][2:]))
    for number, case in enumerate(cases):
        faces, labels = case[0].shape
        given = (
            f"{faces} face{'' if faces == 1 else 's'}, {labels} labels, weight {case[3]} and temperature {case[4]}"
            + ("; the student says what the teacher says" if number == len(cases) - 1 else "")
        )
        before = [np.array(part) for part in case[:3]]
        made = asked(answer, _ARGUMENTS, *case)
        if not all(np.array_equal(one, other) for one, other in zip(before, case[:3], strict=True)):
            raise Wrong("your function changed the arrays that it was given; compute in new ones.")
        number = numbers(made)
        if number is None or number.ndim or isinstance(made, (bool, np.bool_)):
            shape = f" of shape {number.shape}" if number is not None and number.ndim else ""
            raise Wrong(
                f"for {given}: return one number; got {type(made).__name__}{shape}. The mean over the faces comes last."
            )
        wanted, got = _reference(*case), float(number)
        if not abs(got - wanted) <= _CLOSE * max(1.0, abs(wanted)):
            slip = next(
                (
                    words
                    for other, words in _SLIPS
                    if abs(got - _reference(*case, **other)) <= _CLOSE * max(1.0, abs(got))
                    and abs(wanted - _reference(*case, **other)) > 1e-3
                ),
                "",
            )
            right, yours = told_apart(wanted, got, 4)
            raise Wrong(f"for {given}: the loss is {right}; your function gave {yours}.{' ' + slip if slip else ''}")
    return "right: a student is told its label, and besides how sure its teacher was of each."
