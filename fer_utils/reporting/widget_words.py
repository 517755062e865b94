"""What a reader has seen in a widget, in words: from the same stored numbers as the widget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike


def missed_and_trusted(matrix: ArrayLike, names: Sequence[str]) -> str:
    """Whether the label that is missed most often is also the one that is most often given wrongly.

    Parameters
    ----------
    matrix : (N, N) counts, a row for each posed label, a column for each answer; no row or column is empty.
    names : the N labels.

    >>> print(missed_and_trusted([[6, 4], [0, 10]], ["sad", "happy"]))
    Missed most often is *sad*: 6 of its 10 faces are found. As an answer it is right in 6 of 6 cases, more often than \
any other label. Given wrongly most often is *happy*: in 4 of 14 cases.
    """
    counts = np.asarray(matrix)
    hits, posed, given = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    precision = hits / given
    missed, loose = int(np.argmin(hits / posed)), int(np.argmin(precision))
    text = (
        f"Missed most often is *{names[missed]}*: {hits[missed]} of its {posed[missed]} faces are found. As an answer "
        f"it is right in {hits[missed]} of {given[missed]} cases"
    )
    if missed == loose:
        return text + ", less often than any other label."
    surer = int((precision > precision[missed]).sum())
    place = "more often than any other label" if surer == 0 else f"less often than {surer} of {len(names)} labels"
    wrong = given[loose] - hits[loose]
    return f"{text}, {place}. Given wrongly most often is *{names[loose]}*: in {wrong} of {given[loose]} cases."


def losses_on_strangers(systems: Sequence[Mapping]) -> str:
    """How many points each system loses from frames at random to strangers; whether the one that loses least is good.

    Parameters
    ----------
    systems : as `fer_utils.studies.trade_offs.systems` gives them; those without both accuracies are left out.
    """
    known = [one["values"] | {"name": one["name"]} for one in systems if one["values"]["random"] is not None]
    if len(known) < 2:
        return "Too few methods were asked in both ways."
    loss = {one["name"]: 100 * (one["random"] - one["accuracy"]) for one in known}
    order = sorted(loss, key=loss.__getitem__)
    first, *others = order
    listed = ", ".join(f"*{name}* {loss[name]:.0f}" for name in others)
    text = f"*{first}* loses least, {loss[first]:.0f} points; of the others, {listed}."
    least = next(one for one in known if one["name"] == first)
    ahead = sum(one["accuracy"] > least["accuracy"] for one in known)
    if ahead == len(known) - 1:
        return f"{text} And it reads the fewest strangers of all: a small loss is no praise."
    if ahead == 0:
        return f"{text} It also reads the most strangers."
    return f"{text} {ahead} of {len(known)} methods read more strangers than it."


def operations_and_time(answer: Mapping, fewer: str, more: str) -> str:
    """How many times the operations one system has of another, and how many times its time: fastest, and in float32.

    Parameters
    ----------
    answer : of the study ``frontier``.
    fewer, more : names of two of its rows.
    """
    rows = {row["name"]: row for row in answer["rows"]}
    one, other = rows[fewer], rows[more]
    fastest = [
        min((file for file in row["files"].items() if file[1]["usable"]), key=lambda file: file[1]["times"])
        for row in (one, other)
    ]
    forms = " and ".join(f"*{name}* in {form}" for name, form in ((fewer, fastest[0][0]), (more, fastest[1][0])))
    times = fastest[1][1]["times"] / fastest[0][1]["times"]
    same = other["files"]["float32"]["times"] / one["files"]["float32"]["times"]
    return (
        f"*{more}* has {other['macs'] / one['macs']:.0f} times the operations of *{fewer}* and takes {times:.1f} times "
        f"as long, each in its fastest file: {forms}. With both in float32 it takes {same:.1f} times as long."
    )
