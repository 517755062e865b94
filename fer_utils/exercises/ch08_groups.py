"""Chapter 8: the largest gap between groups (08-5), and a label's recall and precision in *Confusions* (08-7)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fer_utils.exercises import Wrong, asked, numbers, told_apart, two
from fer_utils.studies import drawn_confusions


def _largest_gap(answers: pd.DataFrame) -> float:
    people = answers.groupby(["group", "actor"])["right"].mean()
    means = people.groupby("group").mean()
    return float(means.max() - means.min())


def _gap_mistakes(answers: pd.DataFrame) -> dict[str, float]:
    """Numbers that are not the gap, and what to say of each."""
    pooled = answers.groupby("group")["right"].mean()
    people = answers.groupby(["group", "actor"])["right"].mean()
    means, counts = people.groupby("group").mean(), people.groupby("group").size()
    everybody = people.mean()
    gap = float(means.max() - means.min())
    best = np.sort(means)
    people_medians = people.groupby("group").median()
    return {
        "That is a ratio of two groups; asked is the difference.": means.min() / means.max(),
        "The difference was divided by the largest accuracy; return the difference.": gap / means.max(),
        "That is the best group minus the second: asked is the largest minus the smallest.": best[-1] - best[-2],
        "It looks as if people were joined by a median: take the mean of a group's people.": people_medians.max()
        - people_medians.min(),
        "That counts pictures, so people with more pictures weigh more: first the mean of each person.": pooled.max()
        - pooled.min(),
        "The sign is the other way round: the largest minus the smallest.": -gap,
        "That is the range over people, not over groups.": people.max() - people.min(),
        "That is the spread (standard deviation) of the groups, not their largest gap.": means.std(),
        "That is the smallest group against everybody; asked is the largest minus the smallest.": everybody
        - means.min(),
        "That is the largest group against everybody; asked is the largest minus the smallest.": means.max()
        - everybody,
        "That is the accuracy of a group and no difference.": means.max(),
        "That is the last group minus the first: which is best, the data decide.": means.iloc[-1] - means.iloc[0],
        "That is in per cent; return a share, 0 to 1.": 100 * gap,
        "That is a difference of numbers of people.": float(counts.max() - counts.min()),
    }


def _answers(rng: np.random.Generator, groups: dict[str, int]) -> pd.DataFrame:
    """A table of answers, in which some people have many pictures and some few."""
    rows = []
    for number, (group, people) in enumerate(groups.items()):
        for one in range(people):
            level = np.clip(0.35 + 0.15 * ((3 * number) % 4) + rng.normal(0, 0.15), 0.05, 0.95)
            count = int(rng.choice([2, 5, 24]))
            rows += [(f"{group[0]}{one:02d}", group, bool(right)) for right in rng.random(count) < level]
    table = pd.DataFrame(rows, columns=["actor", "group", "right"])
    return table.sample(frac=1, random_state=7).reset_index(drop=True)


def grade_gap(answer) -> str:
    """Tables in which people have different numbers of pictures and groups different numbers of people."""
    rng = np.random.default_rng(805)
    for groups in ({"dark": 4, "light": 9, "medium": 6}, {"old": 7, "young": 3}, {"a": 1, "b": 5, "c": 2, "d": 8}):
        table = _answers(rng, groups)
        before = table.copy()
        made = asked(answer, "largest_gap(answers)", table)
        if not table.equals(before):
            raise Wrong("your function changed the table that it was given; work on a copy.")
        given = f"{len(table)} answers of {sum(groups.values())} people in {len(groups)} groups"
        got = numbers(made)
        if got is None or got.size != 1:
            more = " Subtract the smallest from the largest." if got is not None and got.size == 2 else ""
            raise Wrong(f"for {given}: return one number, the gap; got {type(made).__name__}.{more}")
        value, wanted = float(got.reshape(())), _largest_gap(table)
        if np.isclose(value, wanted, atol=1e-9):
            continue
        hints = [words for words, other in _gap_mistakes(table).items() if np.isclose(value, other, atol=1e-9)]
        right, yours = told_apart(wanted, value, 4)
        hint = f" {hints[0]}" if hints else ""
        raise Wrong(f"for {given} the gap is {right}; your function gave {yours}.{hint}")
    return "right: every person counts once, then every group, and the largest minus the smallest is never below 0."


#: The label of exercise 08-7.
ASKED_LABEL = "fearful"
#: An answer may be rounded to two digits.
_ROUNDED = 0.0051


def grade_fearful(answer) -> str:
    """Recall and precision against the stored matrix of the widget."""
    matrix = drawn_confusions.matrix()
    label = drawn_confusions.stored()["names"].index(ASKED_LABEL)
    right, posed, answered = int(matrix[label, label]), int(matrix[label].sum()), int(matrix[:, label].sum())
    pair = two(answer)
    got = None if pair is None else numbers(pair)
    if got is None or got.shape != (2,):
        raise Wrong("the answer should be two numbers, (recall, precision).")
    recall, precision = (float(one) for one in got)

    def near(one: float, other: float) -> bool:
        return abs(one - other) <= _ROUNDED

    if near(recall, right / posed) and near(precision, right / answered):
        return (
            f"right: the network finds {right} of {posed} fearful faces, and {answered - right} of the {answered} "
            "faces that it calls fearful pose something else. One number would hide the other."
        )
    if (
        abs(recall - right / posed) <= 0.051
        and abs(precision - right / answered) <= 0.051
        and ((recall, precision) == (round(recall, 1), round(precision, 1)))
    ):
        raise Wrong("that is rounded to one digit; give at least two.")
    if recall > 1 or precision > 1:
        raise Wrong("both are shares from 0 to 1; divide by the faces of the row, or of the column.")
    if near(recall, right / answered) and near(precision, right / posed):
        raise Wrong("recall and precision changed places: recall asks about the faces that pose the label, its row.")
    if near(recall, right / posed) and near(precision, right / posed):
        raise Wrong("that is recall twice. Precision asks about the faces that were called fearful: the column.")
    if near(recall, right / answered) and near(precision, right / answered):
        raise Wrong("that is precision twice. Recall asks about the faces that pose fearful: the row.")
    if near(precision, 1 - right / answered):
        raise Wrong("that is the share of wrong answers in the column; precision is the share of right ones.")
    if near(recall, 1 - right / posed):
        raise Wrong("that is the share of the row that is called something else; recall is the share of right ones.")
    if near(recall, right / matrix.sum()) or near(precision, right / matrix.sum()):
        raise Wrong("it looks as if you divided by all faces; divide by those of the row, or of the column.")
    part = "precision" if near(recall, right / posed) else "recall"
    over = "its column" if part == "precision" else "its row"
    raise Wrong(f"the {part} is not right: divide the right answers by the sum of {over}.")
