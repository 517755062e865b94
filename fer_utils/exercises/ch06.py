"""06-1: each actor's own neutral taken away, and no clip in its own reference."""

from __future__ import annotations

import numpy as np

from fer_utils.exercises import Wrong, asked, numbers, told_apart

_ARGUMENTS = "relative(features, actors, neutral, takes)"


def _reference(features, actors, neutral, takes) -> np.ndarray:
    return np.array(
        [
            row - features[neutral & (actors == actor) & (takes != take)].mean(axis=0)
            for row, actor, take in zip(features, actors, takes, strict=True)
        ]
    )


def _toy(people: int, columns: int, rng: np.random.Generator, *, takes: int = 2, whole: bool = False):
    """Clips in no order: each person has neutral and other clips in every take, and a face of their own at rest."""
    rows = [
        (f"{person:02d}", kind == 0, take)
        for person in range(1, people + 1)
        for take in range(1, takes + 1)
        for kind in (0, 0, 1, 1, 1)[rng.integers(0, 2) :]
    ]
    actors, neutral, of = (
        np.array(column) for column in zip(*(rows[i] for i in rng.permutation(len(rows))), strict=True)
    )
    rest = {name: rng.normal(0, 5, columns) for name in np.unique(actors)}
    features = (
        np.array([rest[name] for name in actors]) + rng.normal(0, 1, (len(rows), columns)) + 3 * ~neutral[:, None]
    )
    return (np.rint(10 * features).astype(int) if whole else features), actors, neutral, of


def _close(got: np.ndarray, wanted: np.ndarray, features: np.ndarray) -> np.ndarray:
    """Which numbers are right: as near as 32-bit floats come in a difference of features of this size."""
    return np.isclose(got, wanted, rtol=1e-5, atol=1e-5 * np.abs(features).max())


def _hint(got: np.ndarray, features, actors, neutral, takes) -> str:
    """What the answer seems to have done instead."""
    mean = lambda chosen: np.array([row - features[chosen(i)].mean(axis=0) for i, row in enumerate(features)])  # noqa: E731
    own = lambda i: actors == actors[i]  # noqa: E731
    clip = lambda i: np.arange(len(features)) == i  # noqa: E731
    guesses = [
        (
            lambda i: own(i) & neutral,
            "It looks as if all of the actor's neutral clips were averaged: then a neutral clip is part of what is "
            "taken "
            "from it. Take the other takes only.",
        ),
        (
            lambda i: own(i) & neutral & ~clip(i),
            "It looks as if only the clip itself was left out: then neutral clips have another reference than the "
            "rest, and the rule gives the label away. Take the other takes only, for every clip.",
        ),
        (
            lambda i: own(i) & neutral & (takes == takes[i]),
            "It looks as if the neutral clips of the same take were averaged; take those of the others.",
        ),
        (
            lambda i: neutral & (takes != takes[i]),
            "It looks as if everybody's neutral clips were averaged; take the actor's own.",
        ),
        (lambda i: neutral, "It looks as if everybody's neutral clips were averaged; take the actor's own."),
        (
            lambda i: own(i) & (takes != takes[i]),
            "It looks as if all clips of the actor were averaged; take the neutral ones.",
        ),
        (own, "It looks as if all clips of the actor were averaged; take the neutral ones."),
    ]
    wanted = _reference(features, actors, neutral, takes)
    alike = lambda one, other: _close(one, other, features).all()  # noqa: E731
    if alike(got, -wanted):
        return "The sign is the other way round: the clip minus its reference."
    if alike(np.sort(got, axis=0), np.sort(wanted, axis=0)):
        return "The rows came back in another order; row k of the answer belongs to row k of the features."
    if alike(got[~neutral], wanted[~neutral]):
        return "The clips that are not neutral are right; treat the neutral ones by the same rule."
    if alike(got, np.trunc(wanted)):
        return (
            "The differences lost their fractions: an array of whole numbers cannot hold them, so make one of floats."
        )
    return next((text for chosen, text in guesses if alike(got, mean(chosen))), "")


def grade_relative(answer) -> str:
    """Fixed and random tables: the right reference for every row, the input left as it was."""
    rng = np.random.default_rng(616)
    for people, columns, takes, whole in [
        (3, 4, 2, False),
        (5, 2, 3, False),
        (24, 35, 2, False),
        (4, 3, 2, True),
        (1, 1, 2, False),
    ]:
        handed = _toy(people, columns, rng, takes=takes, whole=whole)
        before = [part.copy() for part in handed]
        actors = "1 actor" if people == 1 else f"{people} actors"
        given = f"{actors} with {takes} takes" + (", features that are whole numbers" if whole else "")
        made = asked(answer, _ARGUMENTS, *handed)
        if not all(np.array_equal(now, then) for now, then in zip(handed, before, strict=True)):
            raise Wrong("your function changed an array that it was given; work on a copy.")
        got = numbers(made)
        if got is None:
            raise Wrong(f"for {given}: return an array of numbers; got {type(made).__name__}.")
        if got.shape != handed[0].shape:
            raise Wrong(f"for {given}: the answer has the shape of the features, {handed[0].shape}; got {got.shape}.")
        wanted = _reference(*handed)
        if np.isnan(got).any():
            raise Wrong(
                f"for {given}: {int(np.isnan(got).any(axis=1).sum())} rows are not numbers: "
                "a mean was taken of no clips."
            )
        close = _close(got, wanted, handed[0])
        if not close.all():
            row, column = (int(place) for place in np.argwhere(~close)[0])
            hint = _hint(got, *handed)
            right, yours = told_apart(wanted[row, column], got[row, column])
            raise Wrong(
                f"for {given}: row {row} ({'neutral' if handed[2][row] else 'not neutral'}, actor {handed[1][row]}, "
                f"take {handed[3][row]}) should "
                + (f"have in column {column} {right}" if column else f"begin with {right}")
                + f"; your function gave {yours}.{' ' + hint if hint else ''}"
            )
    return "right: each actor is measured from their own face at rest, and no clip is part of what is taken from it."
