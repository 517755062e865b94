"""04-1: a split that keeps people apart."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fer_utils.exercises import Wrong, asked


def _toy(actors: int, rng: np.random.Generator) -> pd.DataFrame:
    counts = rng.integers(3, 12, actors)
    names = rng.permutation(np.repeat([f"{n:02d}" for n in range(1, actors + 1)], counts))
    # A table that was filtered keeps its old index, as tables in the wild do.
    return pd.DataFrame(
        {"actor": names, "clip": [f"c{i}" for i in range(len(names))]},
        index=rng.permutation(len(names) * 3)[: len(names)],
    )


def grade_split(answer) -> str:
    """Positions, disjoint, complete, no actor on both sides, the asked number of test actors, seeded."""
    rng = np.random.default_rng(404)
    for actors, wanted in [(5, 1), (24, 5), (4, 2), (2, 1), (12, 11)]:
        meta = _toy(actors, rng)
        before = meta.copy(deep=True)
        given = f"a table of {len(meta)} rows and {actors} actors, test_actors={wanted}"
        made = asked(answer, "actor_split(meta, test_actors, seed)", meta, wanted, 7)
        if not before.equals(meta):
            raise Wrong("your function changed the table it was given; work on a copy.")
        if not isinstance(made, (tuple, list)) or len(made) != 2:
            raise Wrong(f"for {given}: return two things, (train, test); got {type(made).__name__}.")
        train, test = (np.asarray(rows) for rows in made)
        for side, rows in (("train", train), ("test", test)):
            if rows.dtype == bool:
                raise Wrong(f"{side} is a mask of True and False; return row positions (np.flatnonzero makes them).")
            if rows.size and (not np.issubdtype(rows.dtype, np.integer) or rows.min() < 0 or rows.max() >= len(meta)):
                raise Wrong(
                    f"for {given}: {side} should hold row positions 0 to {len(meta) - 1} "
                    "(positions, not the table's index labels)."
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
        again = answer(meta, wanted, 7)
        if not (
            np.array_equal(np.sort(train), np.sort(np.asarray(again[0])))
            and np.array_equal(np.sort(test), np.sort(np.asarray(again[1])))
        ):
            raise Wrong("the same seed should give the same split; yours changes from call to call.")
    meta = _toy(24, rng)
    drawn = {tuple(sorted(set(meta["actor"].to_numpy()[np.asarray(answer(meta, 5, seed)[1])]))) for seed in range(8)}
    if len(drawn) < 3:
        raise Wrong("eight seeds gave almost the same test actors; draw them with the seed.")
    return "right: nobody is on both sides, nothing is lost, and the seed decides."
