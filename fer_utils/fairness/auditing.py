"""For whom does a network fail?  Tests over people, and a planted bias to test the test.

Buolamwini & Gebru 2018 (Gender Shades, PMLR 81:77-91) asked of one accuracy for whom it holds, and found three programs that
name a face's gender wrong for at most 0.8 % of lighter-skinned men and for up to 34.7 % of darker-skinned women.  Here the same
is asked of a network that was trained on drawn people.  The studio knows who was drawn and under what light, so that
one thing can be changed at a time while everything else stays.

`audit_set` films strangers and `ask` has networks answer (`fer_utils.fairness`); `audit` says for whom and when they fail, and how
sure that is; `difference` sets two networks side by side; `false_alarms` and `power` say what an audit of this size is
worth; `plant_bias` spoils a training set in a known way, so that it can be seen whether the audit finds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import hashlib
import json
from statistics import NormalDist

import numpy as np
import pandas as pd

from fer_utils.core.errors import invalid, whole_number
from fer_utils.fairness import ATTRIBUTES, BASELINE, CONDITIONS, SEED, Strangers, ask, audit_set, described

__all__ = [
    "ATTRIBUTES",
    "BASELINE",
    "CONDITIONS",
    "LEAST_PEOPLE",
    "SEED",
    "SIZE",
    "Strangers",
    "ask",
    "audit",
    "audit_set",
    "described",
    "difference",
    "false_alarms",
    "plant_bias",
    "power",
]

#: The least gap that an audit calls found, as a share of the pictures: five points.  Our choice.
SIZE = 0.05
#: Values with fewer people are marked and not judged.
LEAST_PEOPLE = 5


def audit(
    answers: pd.DataFrame,
    by: Sequence[str] | None = None,
    *,
    groups: str = "actor",
    outcome: str = "right",
    size: float = SIZE,
    level: float = 0.05,
    least_people: int = LEAST_PEOPLE,
    permutations: int = 9999,
    resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """For whom, and when, is the outcome lower or higher than for the rest?

    Every person counts once, with the mean of their pictures.  *Attributes of people* are asked of the baseline's
    pictures: the gap is the mean over the people of a value minus that over everybody else; p, two-sided, is the share of
    ``permutations`` relabellings of the **people** with a gap as large (one added above and below: Phipson & Smyth 2010,
    doi 10.2202/1544-6115.1585).  *Conditions* are asked of each person against the same person in the same acts at
    the baseline: p is the exact sign-flip test over people (`evaluate.sign_flip`, of differences in thousandths).
    Intervals are 95 % percentile bootstraps over people.  An attribute of two values is one test in two rows.

    Parameters
    ----------
    answers : a row a picture, as from `ask`: columns ``groups``, ``outcome``, those of ``by``, ``condition`` (without it all
        is baseline) and, for conditions, ``clip``.
    by : attributes of people, and ``"condition"``; None for those of `ATTRIBUTES` and the conditions that ``answers`` has.
    groups : the column that says who it is: the witnesses.
    outcome : what is averaged, -1 to 1: ``right``, ``detected``, or a `difference`.
    size, level : what counts as found: a corrected p below ``level`` **and** a gap of ``size`` or more, either way.
    least_people : where a value or its rest has fewer people, the row is marked (``judged`` False) and not tested.
    permutations, resamples, seed : of the relabelling and of the bootstrap.

    Returns
    -------
    DataFrame, a row a value, the first being everybody: ``attribute`` (for a condition its kind), ``value``, ``n`` (pictures),
    ``people``, ``accuracy`` (mean over people of the outcome) with ``low`` and ``high``, ``gap`` with ``gap_low`` and ``gap_high``,
    ``p``, ``corrected`` (`holm` over all tests of the table, whose number is ``.attrs["tests"]``), ``judged``, ``found``.
    What is not measured is NaN.

    Raises
    ------
    FerError : a column that is missing, outcomes out of range, a person with two values of an attribute, an act
        that the baseline lacks.
    """
    whole_number("least_people", least_people, 2)
    permutations, resamples = whole_number("permutations", permutations, 1), whole_number("resamples", resamples, 1)
    for name, number in (("size", size), ("level", level)):
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 <= number < 1:
            raise invalid(name, expected="a number from 0, below 1", received=number)
    values, lines = _lines(answers, by, groups, outcome)
    rng = np.random.default_rng(seed)
    tested = _tested(values, lines, least_people, permutations, rng)
    rows = []
    for line, (gap, p, corrected) in zip(lines, tested):
        inside, rest, paired = line["values"], line["rest"], line["paired"]
        low, high = _interval(inside, None, resamples, rng)
        gaps = (np.nan, np.nan)
        if rest is not None:
            gaps = (
                _interval(line["differences"], None, resamples, rng)
                if paired
                else _interval(inside, rest, resamples, rng)
            )
        rows.append(
            {
                "attribute": line["attribute"],
                "value": line["value"],
                "n": line["n"],
                "people": len(inside),
                "accuracy": inside.mean(),
                "low": low,
                "high": high,
                "gap": gap,
                "gap_low": gaps[0],
                "gap_high": gaps[1],
                "p": p,
                "corrected": corrected,
                "judged": bool(p == p),
                "found": _is_found(gap, corrected, size, level),
            }
        )
    made = pd.DataFrame(rows)
    made.attrs["tests"] = len({line["test"] for line, (_, p, _) in zip(lines, tested) if p == p})
    return made


def difference(first: pd.DataFrame, second: pd.DataFrame, *, outcome: str = "right") -> pd.DataFrame:
    """``second`` with the column ``difference``: its outcome minus ``first``'s on the same picture, -1 to 1, for `audit`.

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


def false_alarms(
    answers: pd.DataFrame,
    by: Sequence[str] | None = None,
    *,
    groups: str = "actor",
    outcome: str = "right",
    repeats: int = 200,
    size: float = SIZE,
    level: float = 0.05,
    least_people: int = LEAST_PEOPLE,
    permutations: int = 999,
    seed: int = 0,
) -> dict:
    """How often `audit` raises an alarm when there is nothing to find.

    People's attributes are dealt anew among the people, and each person's condition and baseline change places at random.
    Parameters as in `audit`.

    Returns
    -------
    dict: ``repeats``, ``alarms`` (audits with a corrected p below ``level``), ``share`` (of those; ``level`` or less but for the
    luck of so many repeats) and ``found`` (audits in which a gap was also as large as ``size``).
    """
    values, lines = _lines(answers, by, groups, outcome)
    repeats, rng, alarms, found = whole_number("repeats", repeats, 1), np.random.default_rng(seed), 0, 0
    for _ in range(repeats):
        dealt, shuffled = rng.permutation(values), []
        for line in lines:
            if line["paired"]:
                line = {**line, "differences": line["differences"] * rng.choice((-1, 1), len(line["differences"]))}
            elif line["rest"] is not None:
                line = {**line, "values": dealt[line["inside"]], "rest": dealt[~line["inside"]]}
            shuffled.append(line)
        tested = _tested(dealt, shuffled, least_people, permutations, rng)
        alarms += any(corrected < level for *_, corrected in tested)
        found += any(_is_found(gap, corrected, size, level) for gap, _, corrected in tested)
    return {"repeats": repeats, "alarms": int(alarms), "share": alarms / repeats, "found": int(found)}


def power(
    values: Sequence[float],
    *,
    share: float,
    tests: int,
    people: Iterable[int] = (24, 48, 96, 192, 240, 480),
    gaps: Iterable[float] = (0.05, 0.10, 0.15, 0.20),
    level: float = 0.05,
    repeats: int = 2000,
    seed: int = 0,
) -> list[dict]:
    """How often an audit of so many people would find so large a gap: a simulation, before any bias is planted.

    People are drawn with replacement from a pilot's (``values``: one accuracy each, such as the clean networks'); a
    ``share`` of them loses the gap.  It counts as found where the two-sided z-test of the two means (unequal variances)
    has p below ``level`` / ``tests``, which is Holm's hardest step.  For planning that is near enough to the permutation; below
    some 40 people it promises a little too much.

    Returns
    -------
    list of dicts: ``people``, ``gap``, ``power`` (0 to 1).
    """
    values = np.asarray(values, float)
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
        raise invalid("values", expected="an accuracy of each of at least two people", received=values)
    if not isinstance(share, (int, float)) or not 0 < share < 1:
        raise invalid("share", expected="a share above 0 and below 1", received=share)
    rng, z = np.random.default_rng(seed), NormalDist().inv_cdf(1 - level / 2 / whole_number("tests", tests, 1))
    made = []
    for count in people:
        inside = int(np.clip(round(share * whole_number("people", count, 4)), 2, count - 2))
        drawn = values[rng.integers(0, len(values), (repeats, count))]
        one, rest = drawn[:, :inside], drawn[:, inside:]
        spread = np.sqrt(one.var(axis=1, ddof=1) / inside + rest.var(axis=1, ddof=1) / (count - inside))
        apart = one.mean(axis=1) - rest.mean(axis=1)
        made += [
            {"people": int(count), "gap": float(gap), "power": float(np.mean(np.abs(apart - gap) > z * spread))}
            for gap in gaps
        ]
    return made


def _lines(answers, by, groups: str, outcome: str) -> tuple[np.ndarray, list[dict]]:
    """Everybody's mean at the baseline, (P,), and for each row of an audit the people in it and what they are compared with."""
    if not isinstance(answers, pd.DataFrame) or not len(answers):
        raise invalid("answers", expected="a DataFrame with a row a picture", received=answers)
    if isinstance(by, str):
        raise invalid("by", expected="a list of columns", received=by)
    conditions = "condition" in answers.columns
    asked = [*filter(answers.columns.__contains__, (*ATTRIBUTES, "condition"))] if by is None else list(by)
    wanted = {
        "groups": [groups],
        "outcome": [outcome],
        "by": asked,
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
    lines = [
        {
            "attribute": "everybody",
            "value": BASELINE if conditions else "everybody",
            "n": len(base),
            "values": values,
            "rest": None,
            "paired": False,
            "test": None,
        }
    ]
    for name in asked:
        if name == "condition":
            lines += _conditions(answers, base, groups, outcome)
            continue
        if (by_person[name].nunique(dropna=False) != 1).any():
            raise invalid(
                "by", expected=f"one {name} a person", received=by_person[name].nunique(dropna=False).idxmax()
            )
        of = by_person[name].first().astype(str).to_numpy()
        for value in dict.fromkeys([*(one for one in ATTRIBUTES.get(name, ()) if one in of), *sorted(set(of))]):
            inside = of == value
            lines.append(
                {
                    "attribute": name,
                    "value": value,
                    "n": int(counts[inside].sum()),
                    "values": values[inside],
                    "rest": values[~inside],
                    "inside": inside,
                    "paired": False,
                    "test": (name, "" if len(set(of)) == 2 else value),
                }
            )
    return values, lines


def _conditions(answers, base, groups: str, outcome: str) -> list[dict]:
    keys, lines = [groups, "clip"], []
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
        lines.append(
            {
                "attribute": rows["kind"].iloc[0] if "kind" in rows else "condition",
                "value": value,
                "n": len(rows),
                "values": here,
                "rest": there,
                "differences": here - there,
                "paired": True,
                "test": ("condition", value),
            }
        )
    return lines


def _tested(
    values: np.ndarray, lines: list[dict], least: int, permutations: int, rng
) -> list[tuple[float, float, float]]:
    """(gap, p, corrected p) of each line; NaN where nothing is compared or too few people are."""
    from fer_utils.metrics import holm, sign_flip

    people = [line for line in lines if line["rest"] is not None and not line["paired"]]
    beyond = np.ones(len(people))
    if people:
        inside = np.stack([line["inside"] for line in people], axis=1)
        # values @ weights are the gaps
        weights = inside / np.maximum(inside.sum(axis=0), 1) - ~inside / np.maximum((~inside).sum(axis=0), 1)
        seen = np.abs(values @ weights)
        for part in np.array_split(np.arange(permutations), -(-permutations // 1000)):
            dealt = rng.permuted(np.tile(values, (len(part), 1)), axis=1)
            beyond += (np.abs(dealt @ weights) >= seen - 1e-12).sum(axis=0)
    share = iter(beyond / (permutations + 1))
    found, tests = [], {}
    for line in lines:
        gap = p = np.nan
        if line["rest"] is not None:
            p = (
                sign_flip(np.rint(1000 * line["differences"]).astype(np.int64))
                if line["paired"]
                else float(next(share))
            )
            if line["paired"]:
                gap = float(line["differences"].mean())
            elif len(line["rest"]):
                gap = float(line["values"].mean() - line["rest"].mean())
            if min(len(line["values"]), len(line["rest"])) < least:
                p = np.nan
            else:
                tests.setdefault(line["test"], p)
        found.append((gap, p))
    corrected = dict(zip(tests, holm(list(tests.values()))))
    return [(gap, p, float(corrected[line["test"]]) if p == p else np.nan) for (gap, p), line in zip(found, lines)]


def _is_found(gap: float, corrected: float, size: float, level: float) -> bool:
    return bool(corrected < level and abs(gap) >= size)  # NaN is below nothing


def _interval(values: np.ndarray, rest: np.ndarray | None, resamples: int, rng) -> tuple[float, float]:
    """The 95 % interval of a mean over people, or of the difference of two."""
    if len(values) < 2 or (rest is not None and len(rest) < 2):
        return np.nan, np.nan
    drawn = values[rng.integers(0, len(values), (resamples, len(values)))].mean(axis=1)
    if rest is not None:
        drawn = drawn - rest[rng.integers(0, len(rest), (resamples, len(rest)))].mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def plant_bias(
    face_set,
    clips: pd.DataFrame,
    train: Sequence[int],
    *,
    attribute: str = "tone",
    values: Iterable = (8, 9, 10),
    kind: str = "labels",
    share: float = 0.5,
    to: str | None = None,
    seed: int = 0,
):
    """A face set that is spoiled for some people, in its training rows only.

    For `experiments.run` with the split that has these training rows: who trains and who tests stays as it was.

    Parameters
    ----------
    face_set : a `faces.FaceSet`; it is left as it is.
    clips : the truth of the film, a row a clip with ``clip`` and the attribute (``studio.Film.load(folder).clips``).
    train : the training rows' positions.
    attribute, values : for whom; by default the three darkest tones.
    kind : ``labels``: a ``share`` of these people's clips is labelled wrongly, every frame of a clip alike.  ``absent``: a share
        of their clips is not there; each row that is gone is filled with another person's of the same label, so that the
        number of images and of each label stays, and keeps the name of the ``actor`` whose place it takes, on which the split depends.
    share : above 0 and up to 1.
    to : the wrong label; None for any other, drawn for each clip.

    Returns
    -------
    FaceSet in memory, with a fingerprint of its own, so that its results are stored apart.

    Raises
    ------
    FerError : an impossible argument, a clip of unknown truth, nobody with these values in training, nobody to fill a row with.
    """
    from fer_utils.faces import FaceSet

    if kind not in ("labels", "absent"):
        raise invalid("kind", expected="'labels' or 'absent'", received=kind)
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share <= 1:
        raise invalid("share", expected="a share above 0 and up to 1", received=share)
    if not isinstance(clips, pd.DataFrame) or {"clip", attribute} - set(clips.columns):
        raise invalid("clips", expected=f"a table with clip and {attribute}", received=clips)
    meta, train, wanted = face_set.meta.copy(), np.asarray(train), list(values)
    rng = np.random.default_rng(whole_number("seed", seed, 0))
    if train.ndim != 1 or train.dtype.kind not in "iu" or not len(train) or train.min() < 0 or train.max() >= len(meta):
        raise invalid("train", expected=f"row positions from 0 to {len(meta) - 1}", received=train)
    labels = sorted(set(meta["expression"]))
    if to is not None and (to not in labels or kind == "absent"):
        raise invalid("to", expected=f"None, or (with kind='labels') one of {', '.join(labels)}", received=to)
    of = meta["clip"].map(clips.drop_duplicates("clip").set_index("clip")[attribute])
    if of.isna().any():
        raise invalid(
            "clips", expected="the truth of every clip of the face set", received=meta["clip"][of.isna()].iloc[0]
        )
    theirs = train[of.isin(wanted).to_numpy()[train]]
    if not len(theirs):
        raise invalid("values", expected=f"values of {attribute} that somebody in training has", received=wanted)
    clip, old = meta["clip"].to_numpy(str), meta["expression"].to_numpy(str)
    names = np.unique(clip[theirs])
    rows = theirs[np.isin(clip[theirs], rng.permutation(names)[: max(1, round(share * len(names)))])]
    images = face_set.images
    if kind == "labels":
        new = old.astype(object)
        for name in np.unique(clip[rows]):
            here = rows[clip[rows] == name]
            new[here] = to or str(rng.choice([label for label in labels if label != old[here[0]]]))
        meta["expression"] = pd.Series(new, index=meta.index, dtype="str")
    else:
        others, order = np.setdiff1d(train, theirs), np.arange(len(meta))
        for label in np.unique(old[rows]):
            here, pool = rows[old[rows] == label], others[old[others] == label]
            if not len(pool):
                raise invalid(
                    "values",
                    expected="somebody else in training for every label",
                    received=f"nobody else poses {label}",
                )
            order[here] = rng.choice(pool, len(here))
        actors = meta["actor"].to_numpy()
        images, meta = images[order], meta.iloc[order].reset_index(drop=True).assign(actor=actors)
    what = [
        face_set.fingerprint,
        kind,
        attribute,
        list(map(str, wanted)),
        float(share),
        to,
        seed,
        train.tolist(),
        list(meta["expression"]),
    ]
    fingerprint = hashlib.sha256(json.dumps(what).encode()).hexdigest()
    return FaceSet(face_set.path, images, meta, face_set.problems, {**face_set.manifest, "fingerprint": fingerprint})
