"""04-1: a split that keeps people apart."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from fer_utils.exercises import Wrong, asked, two, whole

_ARGUMENTS = "actor_split(meta, test_actors, seed)"


def _table(names: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    # A table that was filtered keeps its old index, as tables in the wild do.
    return pd.DataFrame(
        {"actor": names, "clip": [f"c{i}" for i in range(len(names))]},
        index=rng.permutation(len(names) * 3)[: len(names)],
    )


def _toy(actors: int, rng: np.random.Generator) -> pd.DataFrame:
    counts = rng.integers(3, 12, actors)
    return _table(rng.permutation(np.repeat([f"{n:02d}" for n in range(1, actors + 1)], counts)), rng)


def _positions(side: str, rows, length: int, given: str) -> np.ndarray:
    """One side of the answer, (N,), as whole numbers from 0 to ``length`` - 1."""
    try:
        got = np.asarray(rows)
    except ValueError:  # lists of unequal lengths
        got = np.asarray(None)
    if got.dtype == bool:
        raise Wrong(f"{side} is a mask of True and False; return row positions (np.flatnonzero makes them).")
    if got.ndim != 1:
        what = f"an array of shape {got.shape}" if got.ndim else f"of type {type(rows).__name__}"
        raise Wrong(
            f"for {given}: {side} should be one array of row positions, of one dimension; it is {what}. "
            "(np.flatnonzero gives such an array, np.where and np.argwhere do not.)"
        )
    places = [whole(row) for row in got.tolist()]
    if any(place is None or not 0 <= place < length for place in places):
        raise Wrong(
            f"for {given}: {side} should hold row positions 0 to {length - 1} "
            "(positions, not the table's index labels)."
        )
    return np.array(places, int)


def _split(answer, meta: pd.DataFrame, wanted: int, seed: int, given: str) -> tuple[np.ndarray, np.ndarray]:
    """Ask once, and check what holds for every split: positions, disjoint, complete, so many people who test."""
    before = meta.copy(deep=True)
    made = asked(answer, _ARGUMENTS, meta, wanted, seed)
    if not before.equals(meta):
        raise Wrong("your function changed the table it was given; work on a copy.")
    sides = two(made)
    if sides is None:
        raise Wrong(f"for {given}: return two things, (train, test); got {type(made).__name__}.")
    train, test = (
        _positions(side, rows, len(meta), given) for side, rows in zip(("train", "test"), sides, strict=True)
    )
    if len(np.intersect1d(train, test)):
        raise Wrong(f"for {given}: {len(np.intersect1d(train, test))} rows are on both sides.")
    if len(train) + len(test) != len(meta) or len(np.union1d(train, test)) != len(meta):
        raise Wrong(f"for {given}: every row belongs to one side, once; {len(train)} + {len(test)} rows came back.")
    people = meta["actor"].to_numpy()
    shared = sorted(set(people[train]) & set(people[test]))
    if shared:
        raise Wrong(
            f"for {given}: actor {shared[0]} is on both sides, so the network is tested on a face it has learned."
        )
    if len(set(people[test])) != wanted:
        raise Wrong(
            f"for {given}: {wanted} actor{'s' if wanted > 1 else ''} should test, and {len(set(people[test]))} do."
        )
    return train, test


def _fair(answer, rng: np.random.Generator) -> None:
    """Over many seeds every actor tests as often as any other, and so does every pair of them."""
    seeds, wanted = 200, 3
    rows = {"01": 3, "02": 5, "03": 60, "04": 4, "05": 3, "06": 6}
    meta = _table(rng.permutation(np.repeat(list(rows), list(rows.values()))), rng)
    people, names = meta["actor"].to_numpy(), list(rows)
    together = np.zeros((len(names), len(names)))
    for seed in rng.integers(0, 2**31, seeds):
        _, test = _split(answer, meta, wanted, int(seed), f"a table of {len(names)} actors, test_actors={wanted}")
        drawn = np.isin(names, people[test])
        together += np.outer(drawn, drawn) / seeds
    # The bounds are five standard errors wide: no fair draw leaves them.
    for place, name in enumerate(names):
        if abs(together[place, place] - 1 / 2) > 0.18:
            raise Wrong(
                f"with {seeds} seeds, actor {name}, who has {rows[name]} of {len(meta)} rows, tests in "
                f"{together[place, place]:.0%} of the splits, where 3 of 6 actors test. Draw from the list of actors, "
                "each of them once, so that all are equally likely; not from the rows."
            )
    for one, other in itertools.combinations(range(len(names)), 2):
        if abs(together[one, other] - 1 / 5) > 0.15:
            raise Wrong(
                f"with {seeds} seeds, actors {names[one]} and {names[other]} test together in "
                f"{together[one, other]:.0%} of the splits, and by chance it would be 20%. Draw each actor at random, "
                "not neighbours in a list."
            )


def _no_order_of_a_set(answer, rng: np.random.Generator) -> None:
    """Python gives a set of texts another order in each session, so `list(set(actors))` makes another split.

    Within one session this shows with other names: whoever sorts the names, or takes them as they come, draws the
    same actors whatever they are called; whoever takes a set's order draws by it, and by nothing else.
    """
    ranks = rng.permutation(np.repeat(np.arange(4), (3, 5, 4, 6)))
    meta = _table(ranks.astype(str), rng)
    names = np.array([f"{number:02d}" for number in range(1, 100)])
    drawn: dict[tuple, set] = {}
    tries = 0
    while tries < 60:
        chosen = np.sort(rng.choice(names, 4, replace=False))
        slots = [hash(str(name)) % 8 for name in chosen]  # a set of four has eight places
        if len(set(slots)) < 4:
            continue  # two names want the same place, and then the order hangs on who came first
        tries += 1
        meta["actor"] = chosen[ranks]
        _, test = _split(answer, meta, 2, 7, "a table of 4 actors, test_actors=2")
        drawn.setdefault(tuple(np.argsort(slots)), set()).add(tuple(np.unique(ranks[test])))
    if len(set.union(*drawn.values())) > 1 and all(len(splits) == 1 for splits in drawn.values()):
        raise Wrong(
            "your split follows the order of a set of names, and Python gives a set another order in each session: "
            "tomorrow the same seed gives another split. Sort the names: sorted(set(...)) or np.unique."
        )


def grade_split(answer) -> str:
    """Positions, disjoint, complete, no actor on both sides, the asked number of test actors, seeded, fair."""
    rng = np.random.default_rng(404)
    for actors, wanted in [(5, 1), (24, 5), (4, 2), (2, 1), (12, 11)]:
        meta = _toy(actors, rng)
        given = f"a table of {len(meta)} rows and {actors} actors, test_actors={wanted}"
        train, test = _split(answer, meta, wanted, 7, given)
        again = _split(answer, meta, wanted, 7, given)
        if not (np.array_equal(np.sort(train), np.sort(again[0])) and np.array_equal(np.sort(test), np.sort(again[1]))):
            raise Wrong("the same seed should give the same split; yours changes from call to call.")
    meta = _toy(24, rng)
    people = meta["actor"].to_numpy()
    given = f"a table of {len(meta)} rows and 24 actors, test_actors=5"
    drawn = {tuple(sorted(set(people[_split(answer, meta, 5, seed, given)[1]]))) for seed in range(8)}
    if len(drawn) < 3:
        raise Wrong("eight seeds gave almost the same test actors; draw them with the seed.")
    _fair(answer, rng)
    _no_order_of_a_set(answer, rng)
    return "right: nobody is on both sides, nothing is lost, and the seed decides."
