"""For whom does a network fail?  Tests over people.

Buolamwini & Gebru 2018 (Gender Shades, PMLR 81:77-91) asked of one accuracy for whom it holds, and found three programs
that name a face's gender wrong for at most 0.8 % of lighter-skinned men and for up to 34.7 % of darker-skinned women.
Here the same is asked of a network that was trained on drawn people.  The studio knows who was drawn and under what
light, so that one thing can be changed at a time while everything else stays.

`fer_utils.fairness.audit_set` films strangers and `fer_utils.fairness.ask` has networks answer; `audit` says for whom
and when they fail, and how sure that is; `difference` sets two networks side by side; `false_alarms` and
`fer_utils.fairness.power` say what an audit of this size is worth; `fer_utils.fairness.plant_bias` spoils a training
set in a known way, so that it can be seen whether the audit finds it.  The words are those of Fairlearn's MetricFrame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from fer_utils.core.errors import invalid, whole_number
from fer_utils.core.stages import stage
from fer_utils.fairness.population import BASELINE, SENSITIVE_FEATURES
from fer_utils.metrics import holm, mean_interval, sign_flip

#: The least gap that an audit calls found, as a share of the pictures: five points.  Our choice.
MIN_GAP = 0.05
#: Values with fewer people are marked and not judged.
MIN_PEOPLE = 5


@stage("audit")
def audit(
    answers: pd.DataFrame,
    sensitive_features: Sequence[str] | None = None,
    *,
    groups: str = "actor",
    outcome: str = "right",
    min_gap: float = MIN_GAP,
    alpha: float = 0.05,
    min_people: int = MIN_PEOPLE,
    permutations: int = 9999,
    resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """For whom, and when, is the outcome lower or higher than for the rest?

    Every person counts once, with the mean of their pictures.  *Sensitive features*, which are attributes of people,
    are asked of the baseline's pictures: the gap is the mean over the people of a value minus that over everybody else;
    p, two-sided, is the share of ``permutations`` relabellings of the **people** with a gap as large (one added above
    and below: Phipson & Smyth 2010, doi 10.2202/1544-6115.1585).  *Conditions* are asked of each person against the
    same person in the same acts at the baseline: p is the exact sign-flip test over people
    (`fer_utils.metrics.sign_flip`, of differences in thousandths).  Intervals are 95 % percentile bootstraps over
    people.  A feature of two values is one test in two rows.

    Parameters
    ----------
    answers : a row a picture, as from `fer_utils.fairness.ask`: columns ``groups``, ``outcome``, those of
        ``sensitive_features``, ``condition`` (without it all is baseline) and, for conditions, ``clip``.
    sensitive_features : columns that are attributes of people, and ``"condition"``; None for those of
        `SENSITIVE_FEATURES` and the conditions that ``answers`` has.
    groups : the column that says who it is: the witnesses.
    outcome : the column that is averaged, -1 to 1: ``right``, ``detected``, or a `difference`.
    min_gap, alpha : what counts as found: a corrected p below ``alpha`` **and** a gap of ``min_gap`` or more, either
        way.
    min_people : where a value or its rest has fewer people, the row is marked (``judged`` False) and not tested.
    permutations, resamples, seed : of the relabelling and of the bootstrap.

    Returns
    -------
    DataFrame, a row a value, the first being everybody: ``attribute`` (for a condition its kind), ``value``, ``n``
    (pictures), ``people``, ``accuracy`` (mean over people of the outcome) with ``low`` and ``high``, ``gap`` with
    ``gap_low`` and ``gap_high``, ``p``, ``corrected`` (`fer_utils.metrics.holm` over all tests of the table, whose
    number is ``.attrs["tests"]``), ``judged``, ``found``.  What is not measured is NaN.

    Raises
    ------
    FerError : a column that is missing, outcomes out of range, a person with two values of a feature, an act
        that the baseline lacks.
    """
    whole_number("min_people", min_people, 2)
    permutations, resamples = whole_number("permutations", permutations, 1), whole_number("resamples", resamples, 1)
    for name, number in (("min_gap", min_gap), ("alpha", alpha)):
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 <= number < 1:
            raise invalid(name, expected="a number from 0, below 1", received=number)
    values, comparisons = _comparisons(answers, sensitive_features, groups, outcome)
    rng = np.random.default_rng(seed)
    tests = _tested(values, comparisons, min_people, permutations, rng)
    rows = []
    for one, test in zip(comparisons, tests, strict=True):
        low, high = _interval(one.values, None, resamples, rng)
        gap_low, gap_high = np.nan, np.nan
        if one.differences is not None:
            gap_low, gap_high = _interval(one.differences, None, resamples, rng)
        elif one.rest is not None:
            gap_low, gap_high = _interval(one.values, one.rest, resamples, rng)
        rows.append(
            {
                "attribute": one.attribute,
                "value": one.value,
                "n": one.pictures,
                "people": len(one.values),
                "accuracy": one.values.mean(),
                "low": low,
                "high": high,
                "gap": test.gap,
                "gap_low": gap_low,
                "gap_high": gap_high,
                "p": test.p,
                "corrected": test.corrected,
                "judged": test.judged,
                "found": test.found(min_gap, alpha),
            }
        )
    made = pd.DataFrame(rows)
    made.attrs["tests"] = len({one.test for one, test in zip(comparisons, tests, strict=True) if test.judged})
    return made


@stage("audit")
def difference(first: pd.DataFrame, second: pd.DataFrame, *, outcome: str = "right") -> pd.DataFrame:
    """``second`` with the column ``difference``, for `audit`.

    It is the outcome of ``second`` minus that of ``first`` on the same picture, -1 to 1.
    A gap that lies in the drawing, or in whom both have met, falls out; what ``second`` alone does to somebody stays.

    Raises
    ------
    FerError : tables that are not answers to the same pictures.
    """
    keys = ["actor", "clip", "condition"]
    for name, table in (("first", first), ("second", second)):
        if not isinstance(table, pd.DataFrame) or {*keys, outcome} - set(table.columns) or table.duplicated(keys).any():
            raise invalid(
                name, expected=f"answers with {', '.join(keys)}, {outcome}, each picture once", received=table
            )
    joined = second.merge(first[[*keys, outcome]], on=keys, suffixes=("", "_first"), how="inner")
    if not len(joined) == len(first) == len(second):
        raise invalid(
            "second",
            expected=f"answers to the pictures of `first`, {len(first)}",
            received=f"{len(second)}, of which {len(joined)} are the same",
        )
    return joined.assign(difference=joined[outcome] - joined[f"{outcome}_first"])


@stage("audit")
def false_alarms(
    answers: pd.DataFrame,
    sensitive_features: Sequence[str] | None = None,
    *,
    groups: str = "actor",
    outcome: str = "right",
    repeats: int = 200,
    min_gap: float = MIN_GAP,
    alpha: float = 0.05,
    min_people: int = MIN_PEOPLE,
    permutations: int = 999,
    seed: int = 0,
) -> dict:
    """How often `audit` raises an alarm when there is nothing to find.

    People's features are dealt anew among the people, and each person's condition and baseline change places at
    random.  Parameters as in `audit`; ``repeats`` is how often that is done.

    Returns
    -------
    dict: ``repeats``, ``alarms`` (audits with a corrected p below ``alpha``), ``share`` (of those; ``alpha`` or less
    but for the luck of so many repeats) and ``found`` (audits in which a gap was also as large as ``min_gap``).
    """
    values, comparisons = _comparisons(answers, sensitive_features, groups, outcome)
    repeats, rng = whole_number("repeats", repeats, 1), np.random.default_rng(seed)
    alarms, found = 0, 0
    for _ in range(repeats):
        dealt = rng.permutation(values)
        shuffled = [_shuffled(one, dealt, rng) for one in comparisons]
        tests = _tested(dealt, shuffled, min_people, permutations, rng)
        alarms += any(test.corrected < alpha for test in tests)
        found += any(test.found(min_gap, alpha) for test in tests)
    return {"repeats": repeats, "alarms": int(alarms), "share": alarms / repeats, "found": int(found)}


@dataclass(frozen=True)
class _Comparison:
    """The people of a row of an audit, and what they are compared with.

    ``values`` (P,) one mean a person.  Of a sensitive feature, ``inside`` says which of all people these are, and
    ``rest`` (Q,) has the others' means; of a condition, ``rest`` and ``differences`` (P,) are of the same people.
    Everybody together is compared with nobody.  Rows with the same ``test`` are one test.
    """

    attribute: str
    value: str
    pictures: int
    values: np.ndarray
    rest: np.ndarray | None = None
    inside: np.ndarray | None = None
    differences: np.ndarray | None = None
    test: tuple[str, str] | None = None


@dataclass(frozen=True)
class _Test:
    """What was found of a comparison; NaN where nothing is compared or too few people are."""

    gap: float
    p: float
    corrected: float

    @property
    def judged(self) -> bool:
        return not np.isnan(self.p)

    def found(self, min_gap: float, alpha: float) -> bool:
        return bool(self.corrected < alpha and abs(self.gap) >= min_gap)  # NaN is below nothing


def _comparisons(
    answers: pd.DataFrame, sensitive_features: Sequence[str] | None, groups: str, outcome: str
) -> tuple[np.ndarray, list[_Comparison]]:
    """Everybody's mean at the baseline, (P,), and the comparison of each row of an audit."""
    if not isinstance(answers, pd.DataFrame) or not len(answers):
        raise invalid("answers", expected="a DataFrame with a row a picture", received=answers)
    if isinstance(sensitive_features, str):
        raise invalid("sensitive_features", expected="a list of columns", received=sensitive_features)
    conditions = "condition" in answers.columns
    if sensitive_features is None:
        asked = [name for name in (*SENSITIVE_FEATURES, "condition") if name in answers.columns]
    else:
        asked = list(sensitive_features)
    wanted = {
        "groups": [groups],
        "outcome": [outcome],
        "sensitive_features": asked,
        "answers": ["clip"] if "condition" in asked else [],
    }
    for argument, names in wanted.items():
        if set(names) - set(answers.columns):
            raise invalid(argument, expected=f"columns among {', '.join(map(str, answers.columns))}", received=names)
    numbers = answers[outcome].to_numpy(float)
    if not ((numbers >= -1) & (numbers <= 1)).all():
        raise invalid("outcome", expected=f"numbers from -1 to 1 in {outcome!r}", received=numbers)
    answers = answers.assign(**{outcome: numbers})
    base = answers[answers["condition"] == BASELINE] if conditions else answers
    if not len(base):
        raise invalid(
            "answers", expected=f"rows whose condition is {BASELINE!r}", received=sorted(set(answers["condition"]))
        )
    by_person = base.groupby(groups)
    values, counts = by_person[outcome].mean().to_numpy(), by_person.size().to_numpy()
    made = [_Comparison("everybody", BASELINE if conditions else "everybody", len(base), values)]
    for name in asked:
        if name == "condition":
            made += _of_conditions(answers, base, groups, outcome)
        else:
            made += _of_feature(name, by_person, values, counts)
    return values, made


def _of_feature(name: str, by_person, values: np.ndarray, counts: np.ndarray) -> list[_Comparison]:
    """The people of each value of a sensitive feature against all others."""
    different = by_person[name].nunique(dropna=False)
    if (different != 1).any():
        raise invalid("sensitive_features", expected=f"one {name} a person", received=different.idxmax())
    of = by_person[name].first().astype(str).to_numpy()
    known = [value for value in SENSITIVE_FEATURES.get(name, ()) if value in of]
    made = []
    for value in dict.fromkeys([*known, *sorted(set(of))]):
        inside = of == value
        made.append(
            _Comparison(
                name,
                value,
                int(counts[inside].sum()),
                values[inside],
                rest=values[~inside],
                inside=inside,
                test=(name, "" if len(set(of)) == 2 else value),
            )
        )
    return made


def _of_conditions(answers: pd.DataFrame, base: pd.DataFrame, groups: str, outcome: str) -> list[_Comparison]:
    """Each person under a condition against the same person in the same acts at the baseline."""
    keys, made = [groups, "clip"], []
    for value, rows in answers[answers["condition"] != BASELINE].groupby("condition", sort=False):
        both = rows.merge(base[[*keys, outcome]], on=keys, suffixes=("", "_base"))
        if base.duplicated(keys).any() or len(both) != len(rows):
            raise invalid(
                "answers",
                expected=f"each act once at the {BASELINE}, and each act of {value!r} there, too",
                received=f"{len(both)} of {len(rows)} rows in common",
            )
        means = both.groupby(groups)[[outcome, f"{outcome}_base"]].mean()
        here, there = means[outcome].to_numpy(), means[f"{outcome}_base"].to_numpy()
        made.append(
            _Comparison(
                rows["kind"].iloc[0] if "kind" in rows else "condition",
                value,
                len(rows),
                here,
                rest=there,
                differences=here - there,
                test=("condition", value),
            )
        )
    return made


def _shuffled(one: _Comparison, dealt: np.ndarray, rng: np.random.Generator) -> _Comparison:
    """The same comparison where nothing is to be found: ``dealt`` are everybody's means in another order."""
    if one.differences is not None:
        return replace(one, differences=one.differences * rng.choice((-1, 1), len(one.differences)))
    if one.inside is not None:
        return replace(one, values=dealt[one.inside], rest=dealt[~one.inside])
    return one


def _tested(
    values: np.ndarray, comparisons: list[_Comparison], min_people: int, permutations: int, rng: np.random.Generator
) -> list[_Test]:
    """The test of each comparison."""
    shares = iter(_permuted(values, [one.inside for one in comparisons if one.inside is not None], permutations, rng))
    gaps, tests, by_test = [], [], {}
    for one in comparisons:
        gap = p = np.nan
        if one.differences is not None:
            p = sign_flip(np.rint(1000 * one.differences).astype(np.int64))
            gap = float(one.differences.mean())
        elif one.rest is not None:
            p = float(next(shares))
            if len(one.rest):
                gap = float(one.values.mean() - one.rest.mean())
        if one.rest is not None:
            if min(len(one.values), len(one.rest)) < min_people:
                p = np.nan
            else:
                by_test.setdefault(one.test, p)
        gaps.append(gap)
        tests.append(p)
    corrected = dict(zip(by_test, holm(list(by_test.values())), strict=True))
    return [
        _Test(gap, p, np.nan if np.isnan(p) else float(corrected[one.test]))
        for one, gap, p in zip(comparisons, gaps, tests, strict=True)
    ]


def _permuted(values: np.ndarray, inside: list[np.ndarray], permutations: int, rng: np.random.Generator) -> np.ndarray:
    """For each group of people (one mask over all of them) the two-sided p of its gap, by relabelling the people."""
    if not inside:
        return np.ones(0)
    masks = np.stack(inside, axis=1)
    # `values @ weights` are the gaps.
    weights = masks / np.maximum(masks.sum(axis=0), 1) - ~masks / np.maximum((~masks).sum(axis=0), 1)
    seen = np.abs(values @ weights)
    as_large = np.ones(len(inside))
    for part in np.array_split(np.arange(permutations), -(-permutations // 1000)):
        dealt = rng.permuted(np.tile(values, (len(part), 1)), axis=1)
        as_large += (np.abs(dealt @ weights) >= seen - 1e-12).sum(axis=0)
    return as_large / (permutations + 1)


def _interval(
    values: np.ndarray, rest: np.ndarray | None, resamples: int, rng: np.random.Generator
) -> tuple[float, float]:
    """The 95 % interval of a mean over people, or of the difference of two; NaN for fewer than two people."""
    if len(values) < 2 or (rest is not None and len(rest) < 2):
        return np.nan, np.nan
    return mean_interval(values, rest, resamples=resamples, seed=rng)
