"""Timing several ways of computing the same thing, fairly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.stages import stage


@stage("timing")
def latency(
    callables: Mapping[str, Callable[[Any], Any]],
    inputs: Any,
    *,
    repeats: int = 30,
    warmup: int = 3,
    baseline: str | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Time callables on the same inputs, in turn: A B C, A B C, ...

    A machine slows down and speeds up while one waits (heat, other programs).
    Timing A to the end and then B gives each its own weather; in turn they share
    it.  So trust ``ratio``, which is taken within each round, and carry no
    milliseconds from one run or machine to another.

    Parameters
    ----------
    callables : name to function of one argument.  A function must return when
        its answer is there (a NumPy array, say), not when the work was queued.
        One that has a method ``seconds`` is asked for its time by that, with the
        same argument, in place of being called: what computes in another
        process knows better how long it took.
    inputs : what each is called with; a batch of one image for the latency of
        one image.
    repeats : timed rounds, 1 or more.
    warmup : rounds before them that are not timed (compilation, caches).
    baseline : the name that ratios refer to; the first if None.
    progress : a bar for what takes over two seconds.

    Returns
    -------
    DataFrame, one row a callable in the order given: ``name``; ``median_ms``,
    ``low_ms``, ``high_ms`` (median and quartiles, milliseconds a call);
    ``ratio`` (median over rounds of the baseline's time / this one's: how many
    times as fast as the baseline, 1 for the baseline itself); ``baseline``;
    ``repeats``.

    Raises
    ------
    FerError for no callables, an unknown baseline, or fewer than one round.
    """
    if not isinstance(callables, Mapping) or not callables:
        raise invalid("callables", expected="a dict of at least one name and function", received=callables)
    for name, function in callables.items():
        if not callable(function):
            raise invalid("callables", expected=f"a function for {name!r}", received=function)
    repeats, warmup = whole_number("repeats", repeats, 1), whole_number("warmup", warmup, 0)
    names = list(callables)
    baseline = names[0] if baseline is None else baseline
    if baseline not in names:
        raise invalid("baseline", expected=f"one of {', '.join(names)}", received=baseline)

    from tqdm import tqdm

    seconds = np.empty((repeats, len(names)))
    for round_ in tqdm(range(-warmup, repeats), desc="timing", unit="round", delay=2, disable=not progress):
        for column, function in enumerate(callables.values()):
            measured = getattr(function, "seconds", None)
            start = perf_counter()
            if measured is None:
                function(inputs)
                spent = perf_counter() - start
            else:
                spent = measured(inputs)
            if round_ >= 0:
                seconds[round_, column] = spent
    seconds = np.maximum(seconds, 1e-9)  # a clock that did not tick must not divide by zero
    low, median, high = np.percentile(seconds * 1e3, (25, 50, 75), axis=0)
    reference = seconds[:, [names.index(baseline)]]
    return pd.DataFrame(
        {
            "name": names,
            "median_ms": median,
            "low_ms": low,
            "high_ms": high,
            "ratio": np.median(reference / seconds, axis=0),
            "baseline": baseline,
            "repeats": repeats,
        }
    )
