"""How often an interval over people holds the truth, for few people and for many.

    python -m fer_utils study coverage --store

A 95 % interval is to hold the true mean in 95 of 100 samples.  Whether it does is simulated: people are drawn whose
true mean is known, an interval is made from them, and one looks whether the truth is in it.  Three ways are
asked: the percentile bootstrap (Efron & Tibshirani 1993, chapter 13), and the two that this book uses for few people,
the bootstrap `fer_utils.metrics.widened` (from 14 people on both are the same) and Student's (1908).  Two kinds of
numbers: a person's accuracy, which differs between people as those of the book do, and the difference of two methods'
accuracies on the same person.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from tqdm import tqdm

from fer_utils import metrics
from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.stages import stage

TITLE = "How often an interval over people holds the truth"
HEADLINE = True

#: How many people: the folds, SAVEE, the audit's groups, RAVDESS, MEAD, KDEF.
PEOPLE: tuple[int, ...] = (4, 5, 8, 12, 15, 24, 47, 70)
WAYS: tuple[str, ...] = ("percentile bootstrap", "widened bootstrap", "Student")
#: What is averaged -> the mean and the spread between people (a beta distribution where both lie in 0 to 1), and the
#: faces of a person that are read.  As the networks of this book read RAVDESS's drawn people; *nearly all right* is the
#: skewed case, of a network that fails for few.
KINDS: dict[str, tuple[float, float, int]] = {
    "accuracy": (0.60, 0.11, 120),
    "accuracy, nearly all right": (0.95, 0.06, 120),
    "difference of two accuracies": (0.04, 0.08, 120),
}
#: Samples of people, and resamples of each, by tier.
SIZES: dict[str, tuple[int, int]] = {"smoke": (40, 100), "class": (2000, 1000), "full": (10000, 1000)}


def answer(
    tier: str = "class",
    *,
    progress: bool = True,
    people: Iterable[int] | None = None,
    samples: int | None = None,
) -> dict:
    """Simulate the coverage of each way.

    Parameters
    ----------
    tier : how many samples: see `SIZES`.
    people : how many people a sample has, 2 or more each; None for `PEOPLE`.
    samples : None for the tier's own number; 1 or more.

    Returns
    -------
    dict with ``level``, ``samples``, ``resamples`` and ``rows``: one a kind, number of people and way, with ``kind``,
    ``people``, ``way``, ``coverage`` (the share of samples whose interval holds the truth), ``error`` (its standard
    error) and ``width`` (mean length of the intervals).
    """
    if tier not in SIZES:
        raise invalid("tier", expected=f"one of {', '.join(SIZES)}", received=tier)
    many, resamples = SIZES[tier]
    many = many if samples is None else whole_number("samples", samples, 1)
    chosen = [whole_number("people", one, 2) for one in (PEOPLE if people is None else people)]
    rows = []
    with tqdm(total=len(KINDS) * len(chosen), desc="coverage", disable=not progress) as bar:
        for kind in KINDS:
            for number in chosen:
                rows += _simulated(kind, number, many, resamples)
                bar.update()
    return {"level": 0.95, "samples": many, "resamples": resamples, "kinds": KINDS, "rows": rows}


@stage("study.coverage")
def _simulated(kind: str, people: int, samples: int, resamples: int) -> list[dict]:
    rng = np.random.default_rng([list(KINDS).index(kind), people])
    hits, widths = dict.fromkeys(WAYS, 0), dict.fromkeys(WAYS, 0.0)
    truth = KINDS[kind][0]
    for number in range(samples):
        values = drawn_people(kind, people, rng)
        for way in WAYS:
            low, high = _interval(way, values, resamples, number)
            hits[way] += low <= truth <= high
            widths[way] += high - low
    rows = []
    for way in WAYS:
        share = hits[way] / samples
        rows.append(
            {
                "kind": kind,
                "people": people,
                "way": way,
                "coverage": share,
                "error": float(np.sqrt(share * (1 - share) / samples)),
                "width": float(widths[way] / samples),
            }
        )
    return rows


def drawn_people(kind: str, people: int, rng: np.random.Generator) -> np.ndarray:
    """One number a person, (people,): what is measured of people of whom the true mean is the first of `KINDS`."""
    mean, spread, faces = KINDS[kind]
    if kind.startswith("difference"):
        # Each person's own gain, and what so many faces that are read once by each method add by chance.
        by_chance = np.sqrt(0.25 / faces)
        return rng.normal(mean, spread, people) + rng.normal(0, by_chance, people)
    shape = mean * (1 - mean) / spread**2 - 1  # of the beta distribution with this mean and spread
    able = rng.beta(mean * shape, (1 - mean) * shape, people)
    return rng.binomial(faces, able) / faces


def _interval(way: str, values: np.ndarray, resamples: int, seed: int) -> tuple[float, float]:
    if way == "percentile bootstrap":
        return metrics.percentile_interval(values, resamples=resamples, seed=seed)
    if way == "widened bootstrap":
        return metrics.mean_interval(values, resamples=resamples, seed=seed)
    found = metrics.student_interval(values)
    return float(found["low"]), float(found["high"])  # type: ignore[arg-type]
