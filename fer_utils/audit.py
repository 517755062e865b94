"""For whom does a network fail?  Drawn strangers under known conditions, tests over people, and a planted bias to test the test.

Buolamwini & Gebru 2018 (Gender Shades, PMLR 81:77-91) asked one accuracy for whom it holds, and found
three face classifiers wrong for at most 0.8 % of lighter-skinned men and for up to 34.7 % of darker-skinned
women.  Here the same question is put to a network that was trained on drawn people.  The studio knows who
was drawn and under what light, so one thing is changed at a time and everything else stays.

`audit_set` films strangers, `ask` has networks answer, `audit` says for whom and when they fail, and how sure that is;
`difference` sets two networks side by side, `false_alarms` and `power` say what an audit of this size is worth,
`plant_bias` spoils a training set in a known way, so that it can be seen whether the audit finds it.

*Presentation* and *skin tone* are as drawn.  Nothing follows from it about real people, of whom none is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from .planting import plant_bias
from .errors import invalid, whole_number

__all__ = ["ATTRIBUTES", "CONDITIONS", "Strangers", "ask", "audit", "audit_set", "described", "difference", "false_alarms", "holm", "plant_bias", "power"]

#: A seed of the film for every 24 people, from here on; the stand-ins' is 2023, and no two films share a person.
SEED = 7001
BASELINE = "baseline"
#: What is known of a drawn person, and in which words an audit has it.  Tones are `studio.identity.TONES`, ten from light to dark, chosen
#: near Monk's scale (Monk 2019/2022, skintone.google).  Past 40 a drawn brow and eye are lined at rest, too (`studio.skin`); lines follow the
#: age and nothing else, so the last two attributes are one cause cut at different ages.
ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "skin tone": ("light (1 to 3)", "medium (4 to 7)", "dark (8 to 10)"), "presentation": ("female", "male"),
    "age": ("under 30", "30 to 44", "45 and over"), "age lines": ("when the face moves", "at rest, too"),
}
#: condition -> (its kind, what `studio.film` changes for it and nothing besides).  Degrees of yaw turn the head to the viewer's right.
CONDITIONS: Mapping[str, tuple[str, Mapping]] = {
    **{f"yaw {turn:+d}": ("pose", {"yaw": turn}) for turn in (-35, -20, 20, 35)},
    "lamp at the left": ("light", {"light": "left"}), "dim": ("light", {"light": "dim"}),
    "hand": ("occlusion", {"occlusion": "hand"}), "mask": ("occlusion", {"occlusion": "mask"}),
    "dark glasses": ("occlusion", {"occlusion": "glasses"}),
}
#: The least gap, as a share of the pictures, that an audit calls found: five points.  Our choice.
SIZE = 0.05
#: Values with fewer people are marked and not judged.
LEAST_PEOPLE = 5


# --- the strangers -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Strangers:
    """Faces to audit with.

    ``table`` has one row a picture that was filmed, whether a face was found in it or not: ``actor`` (who; a
    name such as ``person 7001003``), ``clip`` (which act; the same act has the same name in every condition), ``expression``,
    ``intensity``, ``tone``, ``years``, the columns of `ATTRIBUTES`, ``condition``, ``kind``, ``detected``, and ``set`` and
    ``row``: where in ``sets`` (face sets) its face lies, -1 if it has none.
    """

    table: pd.DataFrame
    sets: tuple

    def face(self, position: int) -> np.ndarray | None:
        """The face of a row of ``table``, (size, size) uint8 grey, or None where none was found."""
        row = self.table.iloc[position]
        return np.asarray(self.sets[row["set"]].images[row["row"], :, :, 0]) if row["detected"] else None


def audit_set(people: int = 96, *, tested: int = 48, conditions: Iterable[str] | None = None, clips: int = 16, seed: int = SEED,
              size: int = 180, workers: int | None = None, progress: bool = True) -> Strangers:
    """Film strangers, bring their faces to grey squares as a face set's are, and keep them in the store.

    They act as the drawn RAVDESS does (`studio.film`, layout ``ravdess``) and go the same way through a video
    file and dlib; only the seed is another.  A clip is three frames over the same three seconds, of which the middle one, where the
    expression is near its fullest, is the picture: frames of one clip say little that one does not.  Films that differ in one factor differ in nothing
    else (`studio.factors`), so each condition shows the baseline's people in the baseline's acts.

    Parameters
    ----------
    people : how many, 2 or more; women and men in turn.
    tested : how many of them, the first, are also filmed under the conditions; 0 to ``people``.
    conditions : names of `CONDITIONS`; None for all.
    clips : acts a person, 1 to 60; 8 show every label at normal intensity, 16 also (but for neutral) at strong.
    seed : of the first 24 people; each further 24 have the next one.  Not the stand-ins', whom networks have met.
    size : side of the faces in pixels.

    Raises
    ------
    FerError : numbers out of range, an unknown condition, people of the stand-ins.
    """
    from tqdm import tqdm

    from . import datasets, faces, provenance, sources, studio
    from .paths import home
    from .studio.film import identity_of

    people, clips, seed = whole_number("people", people, 2), whole_number("clips", clips, 1, 60), whole_number("seed", seed, 0)
    tested = whole_number("tested", tested, 0, people)
    chosen = list(CONDITIONS) if conditions is None else list(conditions)
    for name in chosen:
        if name not in CONDITIONS:
            raise invalid("conditions", expected=f"names among {', '.join(CONDITIONS)}", received=name)
    casts = -(-people // 24)
    if seed <= sources.SEED < seed + casts:
        raise invalid("seed", expected=f"a seed from which {casts} steps do not meet {sources.SEED}, the stand-ins'", received=seed)
    jobs = [(name, cast, min(24, count - 24 * cast)) for name, count in ((BASELINE, people), *((name, tested) for name in chosen))
            for cast in range(-(-count // 24))]
    code = provenance.code_fingerprint(["fer_utils.studio", "fer_utils.faces"])
    rows, sets = [], []
    with tqdm(total=sum(count for *_, count in jobs) * clips, desc="filming strangers", unit="clip", delay=2, disable=not progress) as bar:
        for name, cast, count in jobs:
            kind, factors = CONDITIONS.get(name, (BASELINE, {}))
            request = {"actors": count, "seed": seed + cast, "clips_per_actor": clips, "frames": 3, "factors": dict(factors) or None}
            folder = home() / "audits" / provenance.digest([request, size, code])[:16]
            film = studio.film("ravdess", folder / "film", workers=workers, progress=False, **request)
            made = faces.prepare(datasets.scan("ravdess", folder / "film"), folder / "faces", frames=1, size=size, workers=workers, progress=False)
            place = {clip: row for row, clip in enumerate(made.meta["clip"])}
            for clip in film.clips.itertuples():
                who = identity_of("ravdess", clip.actor, seed + cast)
                rows.append({"actor": who.name, "clip": clip.clip, "expression": clip.expression, "intensity": clip.intensity, "tone": who.tone,
                             "years": who.age, **described(who), "condition": name, "kind": kind, "detected": clip.clip in place,
                             "set": len(sets), "row": place.get(clip.clip, -1)})
            sets.append(made)
            bar.update(count * clips)
    return Strangers(pd.DataFrame(rows), tuple(sets))


def described(who) -> dict[str, str]:
    """A drawn person (`studio.Identity`) in the words of `ATTRIBUTES`."""
    tones, ages, lines = (ATTRIBUTES[name] for name in ("skin tone", "age", "age lines"))
    return {"skin tone": tones[int(np.searchsorted((3, 7), who.tone))], "presentation": who.presentation,
            "age": ages[int(np.searchsorted((30, 45), who.age, "right"))], "age lines": lines[int(who.age > 40)]}


def ask(strangers: Strangers, networks: Sequence, *, progress: bool = True) -> pd.DataFrame:
    """Have networks answer for every face; people stay the witnesses, so their answers are pooled picture by picture.

    ``networks`` are stored results (`experiments.Result`), or anything with ``.labels`` and ``.model()``.  Returns the table with
    ``predicted_0``, ``predicted_1``, ... (a label; ``""`` where no face was found) and ``right``, the share of the networks
    that gave the posed-expression label, 0 to 1.  Where no face was found nobody is right: such a picture is not left out.

    Raises
    ------
    FerError : no network, or one that lacks a label of the strangers'.
    """
    from tqdm import tqdm

    from .experiments import shrink
    from .train import predict_probabilities

    networks, table = list(networks), strangers.table.copy()
    if not networks:
        raise invalid("networks", expected="at least one network", received=networks)
    for network in networks:
        if set(table["expression"]) - set(network.labels):
            raise invalid("networks", expected=f"networks that know {', '.join(sorted(set(table['expression'])))}", received=network.labels)
    total, rights = int(table["detected"].sum()), []
    with tqdm(total=total * len(networks), desc="asking", unit="face", delay=2, disable=not progress) as bar:
        for number, network in enumerate(networks):
            model, names = network.model(), np.array([*network.labels, ""])
            given = np.full(len(table), len(names) - 1)
            for place, made in enumerate(strangers.sets):
                here = np.flatnonzero(((table["set"] == place) & table["detected"]).to_numpy())
                if len(here):
                    images = shrink(made.images, int(model.input_shape[1]), progress=False)
                    given[here] = predict_probabilities(model, images, table["row"].to_numpy()[here]).argmax(axis=1)
                bar.update(len(here))
            table[f"predicted_{number}"] = names[given]
            rights.append(names[given] == table["expression"].to_numpy())
    return table.assign(right=np.mean(rights, axis=0))


# --- the audit ---------------------------------------------------------------------------------


def holm(p: Sequence[float]) -> np.ndarray:
    """Corrected p-values for several tests (Holm 1979, Scand. J. Statist. 6:65-70): the chance that any one is a false alarm stays below the level.

    Sorted, the k-th smallest of m is multiplied by m - k + 1, and none may be below the one before it.

    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p, float)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise invalid("p", expected="p-values from 0 to 1, shape (N,)", received=p)
    order = np.argsort(p, kind="stable")
    made = np.empty(len(p))
    made[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return made


def audit(answers: pd.DataFrame, by: Sequence[str] | None = None, *, groups: str = "actor", outcome: str = "right", size: float = SIZE,
          level: float = 0.05, least_people: int = LEAST_PEOPLE, permutations: int = 9999, resamples: int = 2000, seed: int = 0) -> pd.DataFrame:
    """For whom, and when, is the outcome lower or higher than for the rest?

    Every person counts once, with the mean of their pictures.  *Attributes of people* are asked of the baseline's
    pictures: the gap is the mean over the people of a value minus that over everybody else; p, two-sided, is the share of
    ``permutations`` relabellings of the **people** that give a gap as large (with one added above and below: Phipson & Smyth 2010,
    doi 10.2202/1544-6115.1585).  *Conditions* are asked of each person against the same person in the same acts
    at the baseline: p is the exact sign-flip test over people (`evaluate.sign_flip`, differences in thousandths).
    Intervals are percentile bootstraps over people.  An attribute of two values is one test in two rows.

    Parameters
    ----------
    answers : a row a picture, as from `ask`; columns ``groups``, ``outcome`` (-1 to 1), those of ``by``, ``condition`` (if there is
        none, all is baseline) and, for conditions, ``clip``.
    by : attributes of people, and ``"condition"``; None for those of `ATTRIBUTES` and the conditions that ``answers`` has.
    groups : the column that says who it is: the witnesses.
    outcome : what is averaged; ``right``, ``detected``, or a `difference`.
    size, level : what counts as found: a corrected p below ``level`` **and** a gap of ``size`` or more either way.
    least_people : where a value or its rest has fewer people, the row is marked (``judged`` False) and not tested.

    Returns
    -------
    DataFrame, a row a value, the first being everybody: ``attribute`` (for a condition its kind), ``value``, ``n`` (pictures), ``people``,
    ``accuracy`` (mean over people of the outcome), ``low``, ``high`` (95 % interval), ``gap``, ``gap_low``, ``gap_high``, ``p``, ``corrected`` (`holm` over all
    tests of the table), ``judged``, ``found``.  What is not measured is NaN.

    Raises
    ------
    FerError : a column that is missing, outcomes out of range, a person with two values of an attribute, an act that the baseline lacks.
    """
    values, lines = _lines(answers, by, groups, outcome)
    whole_number("least_people", least_people, 2), whole_number("permutations", permutations, 1), whole_number("resamples", resamples, 1)
    for name, number in (("size", size), ("level", level)):
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 <= number < 1:
            raise invalid(name, expected="a number from 0, below 1", received=number)
    rng = np.random.default_rng(seed)
    tested = _tested(values, lines, least_people, permutations, rng)
    rows = []
    for line, (gap, p, corrected) in zip(lines, tested):
        inside, rest = line["values"], line["rest"]
        low, high = _interval(inside, None, resamples, rng)
        gaps = (np.nan, np.nan) if rest is None else _interval(line["differences"], None, resamples, rng) if line["paired"] else _interval(inside, rest, resamples, rng)
        rows.append({"attribute": line["attribute"], "value": line["value"], "n": line["n"], "people": len(inside), "accuracy": inside.mean(), "low": low,
                     "high": high, "gap": gap, "gap_low": gaps[0], "gap_high": gaps[1], "p": p, "corrected": corrected,
                     "judged": bool(p == p), "found": bool(p == p and corrected < level and abs(gap) >= size)})
    return pd.DataFrame(rows)


def difference(first: pd.DataFrame, second: pd.DataFrame, *, outcome: str = "right") -> pd.DataFrame:
    """The answers of ``second`` with the column ``difference``: its outcome minus ``first``'s on the same picture, -1 to 1, for `audit`.

    A gap that lies in the drawing, or in whom both have met, falls out; what ``second`` alone does to somebody stays.
    """
    keys = ["actor", "clip", "condition"]
    for name, table in (("first", first), ("second", second)):
        if not isinstance(table, pd.DataFrame) or {*keys, outcome} - set(table.columns) or table.duplicated(keys).any():
            raise invalid(name, expected=f"answers with {', '.join(keys)}, {outcome}, each picture once", received=table)
    joined = second.merge(first[[*keys, outcome]], on=keys, suffixes=("", "_first"), how="inner")
    if not len(joined) == len(first) == len(second):
        raise invalid("second", expected=f"answers to the pictures of `first`, {len(first)}", received=f"{len(second)}, of which {len(joined)} are the same")
    return joined.assign(difference=joined[outcome] - joined[f"{outcome}_first"])


def false_alarms(answers: pd.DataFrame, by: Sequence[str] | None = None, *, groups: str = "actor", outcome: str = "right", repeats: int = 200,
                 size: float = SIZE, level: float = 0.05, least_people: int = LEAST_PEOPLE, permutations: int = 999, seed: int = 0) -> dict:
    """How often `audit` raises an alarm when there is nothing to find: people's attributes are dealt anew among the people,
    and each person's condition and baseline change places at random.

    Returns ``repeats``, ``alarms`` (audits with a corrected p below ``level``), ``found`` (those whose gap is also as large as ``size``) and
    ``share`` (of alarms), which should be ``level`` or less, but for the luck of so many repeats.
    """
    values, lines = _lines(answers, by, groups, outcome)
    repeats, rng, alarms, found = whole_number("repeats", repeats, 1), np.random.default_rng(seed), 0, 0
    for _ in range(repeats):
        dealt = rng.permutation(values)
        shuffled = [{**line, "differences": line["differences"] * rng.choice((-1, 1), len(line["differences"]))} if line["paired"] else
                    {**line, "values": dealt[line["inside"]], "rest": dealt[~line["inside"]]} if line["rest"] is not None else line for line in lines]
        tested = _tested(dealt, shuffled, least_people, permutations, rng)
        alarms += any(corrected < level for *_, corrected in tested)
        found += any(corrected < level and abs(gap) >= size for gap, _, corrected in tested)
    return {"repeats": repeats, "alarms": int(alarms), "found": int(found), "share": alarms / repeats}


def power(values: Sequence[float], *, share: float, tests: int, people: Iterable[int] = (24, 48, 96, 192, 288, 480),
          gaps: Iterable[float] = (0.05, 0.10, 0.15, 0.20), level: float = 0.05, repeats: int = 2000, seed: int = 0) -> list[dict]:
    """How often an audit of so many people would find so large a gap: a simulation, before any bias is planted.

    People are drawn with replacement from those of a pilot (``values``: one accuracy each, such as the clean networks'); a
    ``share`` of them loses the gap.  It counts as found where the two-sided z-test of the two means (unequal variances) has p below
    ``level`` / ``tests``: Holm's hardest step, and for planning near enough to the permutation.

    Returns a list of ``people``, ``gap`` and ``power`` (0 to 1).
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
        made += [{"people": int(count), "gap": float(gap), "power": float(np.mean(np.abs(one.mean(axis=1) - gap - rest.mean(axis=1)) > z * spread))}
                 for gap in gaps]
    return made


def _lines(answers, by, groups: str, outcome: str) -> tuple[np.ndarray, list[dict]]:
    """Everybody's mean at the baseline, (P,), and for each row of an audit the people in it and what they are compared with."""
    if not isinstance(answers, pd.DataFrame) or not len(answers):
        raise invalid("answers", expected="a DataFrame with a row a picture", received=answers)
    conditions = "condition" in answers.columns
    asked = [*(name for name in ATTRIBUTES if name in answers.columns), *(["condition"] if conditions else [])] if by is None else list(by)
    if isinstance(by, str):
        raise invalid("by", expected="a list of columns", received=by)
    for argument, names in (("groups", [groups]), ("outcome", [outcome]), ("by", asked), ("answers", ["clip"] if "condition" in asked else [])):
        if set(names) - set(answers.columns):
            raise invalid(argument, expected=f"columns among {', '.join(map(str, answers.columns))}", received=names)
    numbers = answers[outcome].to_numpy(float)
    if not ((numbers >= -1) & (numbers <= 1)).all():
        raise invalid("outcome", expected=f"numbers from -1 to 1 in {outcome!r}", received=numbers)
    answers = answers.assign(**{outcome: numbers})
    base = answers[answers["condition"] == BASELINE] if conditions else answers
    if not len(base):
        raise invalid("answers", expected=f"rows whose condition is {BASELINE!r}", received=sorted(set(answers["condition"])))
    by_person = base.groupby(groups)
    means, counts = by_person[outcome].mean(), by_person.size()
    values = means.to_numpy()
    lines = [{"attribute": "everybody", "value": "everybody" if not conditions else BASELINE, "n": len(base), "values": values, "rest": None, "paired": False, "test": None}]
    for name in asked:
        if name == "condition":
            lines += _conditions(answers, base, groups, outcome)
            continue
        if (by_person[name].nunique(dropna=False) != 1).any():
            raise invalid("by", expected=f"one {name} a person", received=by_person[name].nunique(dropna=False).idxmax())
        of = by_person[name].first().astype(str).to_numpy()
        known = [value for value in ATTRIBUTES.get(name, ()) if value in of] or sorted(set(of))
        for value in dict.fromkeys([*known, *sorted(set(of))]):
            inside = of == value
            lines.append({"attribute": name, "value": value, "n": int(counts.to_numpy()[inside].sum()), "values": values[inside], "rest": values[~inside],
                          "inside": inside, "paired": False, "test": (name, "" if len(set(of)) == 2 else value)})
    return values, lines


def _conditions(answers, base, groups: str, outcome: str) -> list[dict]:
    keys, lines = [groups, "clip"], []
    for value, rows in answers[answers["condition"] != BASELINE].groupby("condition", sort=False):
        both = rows.merge(base[[*keys, outcome]], on=keys, suffixes=("", "_base"))
        if base.duplicated(keys).any() or len(both) != len(rows):
            raise invalid("answers", expected=f"each act once at the {BASELINE}, and each act of {value!r} there, too", received=f"{len(both)} of {len(rows)} rows in common")
        means = both.groupby(groups)[[outcome, f"{outcome}_base"]].mean()
        lines.append({"attribute": rows["kind"].iloc[0] if "kind" in rows else "condition", "value": value, "n": len(rows), "values": means[outcome].to_numpy(),
                      "rest": means[f"{outcome}_base"].to_numpy(), "differences": (means[outcome] - means[f"{outcome}_base"]).to_numpy(), "paired": True,
                      "test": ("condition", value)})
    return lines


def _tested(values: np.ndarray, lines: list[dict], least: int, permutations: int, rng) -> list[tuple[float, float, float]]:
    """(gap, p, corrected p) of each line; NaN where nothing is compared or too few people are."""
    from .evaluate import sign_flip

    people = [line for line in lines if line["rest"] is not None and not line["paired"]]
    beyond = np.ones(len(people))
    if people:
        inside = np.stack([line["inside"] for line in people], axis=1)
        weights = inside / np.maximum(inside.sum(axis=0), 1) - ~inside / np.maximum((~inside).sum(axis=0), 1)  # values @ weights are the gaps
        seen = np.abs(values @ weights)
        for part in np.array_split(np.arange(permutations), -(-permutations // 1000)):
            beyond += (np.abs(rng.permuted(np.tile(values, (len(part), 1)), axis=1) @ weights) >= seen - 1e-12).sum(axis=0)
    share = iter(beyond / (permutations + 1))
    found, tests = [], {}
    for line in lines:
        gap, p = np.nan, np.nan
        if line["rest"] is not None:
            gap = float(line["differences"].mean() if line["paired"] else line["values"].mean() - line["rest"].mean() if len(line["rest"]) else np.nan)
            p = sign_flip(np.rint(1000 * line["differences"]).astype(np.int64)) if line["paired"] else float(next(share))
            if min(len(line["values"]), len(line["rest"])) < least:
                p = np.nan
            elif line["test"] not in tests:
                tests[line["test"]] = p
        found.append((gap, p))
    corrected = dict(zip(tests, holm(list(tests.values()))))
    return [(gap, p, float(corrected[line["test"]]) if p == p else np.nan) for (gap, p), line in zip(found, lines)]


def _interval(values: np.ndarray, rest: np.ndarray | None, resamples: int, rng) -> tuple[float, float]:
    """The 95 % interval of a mean over people, or of the difference of two."""
    if len(values) < 2 or rest is not None and len(rest) < 2:
        return np.nan, np.nan
    drawn = values[rng.integers(0, len(values), (resamples, len(values)))].mean(axis=1)
    if rest is not None:
        drawn = drawn - rest[rng.integers(0, len(rest), (resamples, len(rest)))].mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)
