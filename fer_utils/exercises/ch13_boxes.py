"""Chapter 13: how often the label stays when the box is moved (13-7)."""

from __future__ import annotations

import itertools

from fer_utils.exercises import Wrong, asked, numbers

#: As near as shares in 32-bit floats come.
_CLOSE = 1e-6


def _labels(edge: float):
    """A label that changes where the box is moved by more than ``edge``, to either side."""
    return lambda shift: "happy" if abs(shift) <= edge else "angry"


def _cases() -> list[tuple]:
    """Labels where 0 is and is not among the shifts, where they come back, where all stay, and where none does."""
    returning = lambda shift: "sad" if abs(shift) > 0.25 or abs(shift) < 0.05 else "happy"  # noqa: E731
    asymmetric = lambda shift: "fearful" if shift > 0.05 else "neutral"  # noqa: E731
    three = lambda shift: "sad" if shift < -0.15 else _labels(0.15)(shift)  # noqa: E731
    return [
        (three, [-0.3, -0.1, 0.0, 0.1, 0.05, 0.2, 0.3]),
        (_labels(0.1), [0.2, 0.1, -0.1]),
        (returning, [-0.3, -0.2, -0.1, 0.1, 0.2]),
        (asymmetric, [0.1, -0.1, -0.2, -0.3]),
        (_labels(1.0), [0.3, 0.1]),
        (_labels(0.1), [0.2, -0.4]),
    ]


def grade_share_kept(answer) -> str:
    """The share, where 0 is and is not among the shifts, where labels come back, and of nothing."""
    for label_of, shifts in _cases():
        given = f"the shifts {shifts} with the labels {[label_of(shift) for shift in shifts]}, {label_of(0)!r} at rest"
        made = asked(answer, "share_kept(label_of, shifts)", label_of, list(shifts))
        got = _number(made)
        if got is None:
            raise Wrong(f"for {given}: return a number from 0 to 1; got {made!r}.")
        wanted = sum(label_of(shift) == label_of(0) for shift in shifts) / len(shifts)
        if abs(got - wanted) < _CLOSE:
            continue
        raise Wrong(f"for {given}: the share should be {wanted:g}; got {got:g}.{_hint(answer)}")
    try:
        nothing = asked(answer, "share_kept(label_of, shifts)", _labels(0.1), [])
    except Exception as error:
        raise Wrong(
            f"for an empty list of shifts your code raised {type(error).__name__}: there is no share of nothing, so "
            "return None."
        ) from None
    if nothing is not None:
        raise Wrong("an empty list of shifts has no share: return None, not a number that looks measured.")
    return "right, also where the box at rest is not among the shifts. A label without its box is half an answer."


def _number(made) -> float | None:
    number = numbers(made)
    return float(number) if number is not None and number.shape == () and -1e9 < float(number) < 1e9 else None


def _hint(answer) -> str:
    """What the answer does instead: a mistake that explains what it returns for every case."""
    try:
        got = [_number(answer(label_of, list(shifts))) for label_of, shifts in _cases()]
    except Exception:  # of the answer, for another case than the one that is shown
        return ""
    mistakes = [_mistakes(label_of, shifts) for label_of, shifts in _cases()]
    for words in mistakes[0]:
        if all(one is not None and abs(one - made[words]) < _CLOSE for one, made in zip(got, mistakes, strict=True)):
            return f" {words}"
    return ""


def _mistakes(label_of, shifts: list[float]) -> dict[str, float]:
    """Numbers that are not the share, and what to say of each."""
    many = len(shifts)
    labels = [label_of(shift) for shift in shifts]
    same = [label == label_of(0) for label in labels]
    kept = sum(same)
    until_a_change = same.index(False) if False in same else many
    without_rest = [stays for stays, shift in zip(same, shifts, strict=True) if shift]
    neighbours = [one == other for one, other in itertools.pairwise(labels)]
    return {
        "That is how many stay; divide by how many shifts there are.": kept,
        "That is per cent; a share goes from 0 to 1.": 100 * kept / many,
        "That is the share that changes; asked is the share that stays.": 1 - kept / many,
        "The labels were compared with that of the first shift; compare with the label at rest, shift 0.": labels.count(
            labels[0]
        )
        / many,
        "The labels were compared with another one, such as the commonest or that of the middle of the list; compare "
        "with the label at rest, shift 0.": labels.count(labels[many // 2]) / many,
        "It looks as if the count ended at the first change; a label may come back.": until_a_change / many,
        "Only 0 or 1 comes back: count the labels that stay, and divide with one slash.": kept // many,
        "The box at rest was counted, too: the share is of the shifts that are given.": (kept + 1) / (many + 1),
        "A shift of 0 counts like every other one that is given.": sum(without_rest) / len(without_rest),
        "It looks as if the direction was lost: a shift may be negative.": sum(
            label_of(abs(shift)) == label_of(0) for shift in shifts
        )
        / many,
        "Neighbours were compared; compare each label with the one at rest.": sum(neighbours) / max(many - 1, 1),
    }
