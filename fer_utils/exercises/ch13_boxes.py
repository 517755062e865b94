"""Chapter 13: how often the label stays when the box is moved (13-7)."""

from __future__ import annotations

import itertools

from fer_utils.exercises import Wrong, asked


def _labels(edge: float):
    """A label that changes where the box is moved by more than ``edge``, to either side."""
    return lambda shift: "happy" if abs(shift) <= edge else "angry"


def grade_share_kept(answer) -> str:
    """The share, where 0 is and is not among the shifts, where labels come back, and of nothing."""
    returning = lambda shift: "sad" if abs(shift) > 0.25 or abs(shift) < 0.05 else "happy"  # noqa: E731
    asymmetric = lambda shift: "fearful" if shift > 0.05 else "neutral"  # noqa: E731
    three = lambda shift: "sad" if shift < -0.15 else _labels(0.15)(shift)  # noqa: E731
    cases = [
        (three, [-0.3, -0.1, 0.0, 0.1, 0.05, 0.2, 0.3]),
        (_labels(0.1), [0.2, 0.1, -0.1]),
        (returning, [-0.3, -0.2, -0.1, 0.1, 0.2]),
        (asymmetric, [0.1, -0.1, -0.2, -0.3]),
        (_labels(1.0), [0.3, 0.1]),
    ]
    for label_of, shifts in cases:
        given = f"the shifts {shifts} with the labels {[label_of(shift) for shift in shifts]}, {label_of(0)!r} at rest"
        got = asked(answer, "share_kept(label_of, shifts)", label_of, list(shifts))
        if isinstance(got, bool) or not isinstance(got, (int, float)) or not -1e9 < got < 1e9:
            raise Wrong(f"for {given}: return a number from 0 to 1; got {got!r}.")
        kept = sum(label_of(shift) == label_of(0) for shift in shifts)
        wanted = kept / len(shifts)
        if abs(got - wanted) < 1e-9:
            continue
        raise Wrong(f"for {given}: the share should be {wanted:g}; got {got:g}.{_hint(got, label_of, shifts, kept)}")
    if asked(answer, "share_kept(label_of, shifts)", _labels(0.1), []) is not None:
        raise Wrong("an empty list of shifts has no share: return None, not a number that looks measured.")
    return "right, also where the box at rest is not among the shifts. A label without its box is half an answer."


def _hint(got: float, label_of, shifts: list[float], kept: int) -> str:
    """What the answer seems to have done instead."""
    many = len(shifts)
    first = sum(label_of(shift) == label_of(shifts[0]) for shift in shifts)
    runs = 0
    for shift in shifts:
        if label_of(shift) != label_of(0):
            break
        runs += 1
    neighbours = [label_of(one) == label_of(other) for one, other in itertools.pairwise(shifts)]
    known = [
        (kept, "That is how many stay; divide by how many shifts there are."),
        (100 * kept / many, "That is per cent; a share goes from 0 to 1."),
        (1 - kept / many, "That is the share that changes; asked is the share that stays."),
        (
            first / many,
            "The labels were compared with that of the first shift; compare with the label at rest, shift 0.",
        ),
        (runs / many, "It looks as if the count ended at the first change; a label may come back."),
        (sum(neighbours) / max(many - 1, 1), "Neighbours were compared; compare each label with the one at rest."),
    ]
    return next((f" {words}" for value, words in known if abs(got - value) < 1e-9), "")
