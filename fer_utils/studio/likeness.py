"""How like real acting the drawn acting is: the same features, the same questions.

The real side is ``ravdess_acting.json``, figures computed with `measure` from the
clip means of OpenFace action units of all 1,440 RAVDESS speech clips (features:
Luna-Jiménez et al. 2022, doi 10.3390/app12010327, GitHub
cristinalunaj/MMEmotionRecognition at aeb7844, MIT; clips: Livingstone & Russo
2018, doi 10.1371/journal.pone.0196391).  The drawn side is `readings`: what a
reader with stated errors makes of a film's true action units.
"""

from __future__ import annotations

from collections.abc import Mapping
import json
import os
from pathlib import Path
import re

import numpy as np
import pandas as pd
from sklearn.model_selection import PredefinedSplit, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from fer_utils.core import labels
from fer_utils.core.errors import invalid
from fer_utils.core.paths import expanded
from fer_utils.studio.acting import DIRECTIONS, GAIN, acted, deviation, factor, hardly_read, known_as, real_acting
from fer_utils.studio.expressions import INDEX

#: The units of OpenFace's intensities, in its order (AU 28 is read as present or not only, and never seen).
UNITS: tuple[int, ...] = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
#: The actors of Luna-Jiménez et al. 2022's five test folds.
FOLDS: tuple[tuple[int, ...], ...] = (
    (2, 5, 14, 15, 16),
    (3, 6, 7, 13, 18),
    (10, 11, 12, 19, 20),
    (8, 17, 21, 23, 24),
    (1, 4, 9, 22),
)
#: The share that the reader sees of a unit of `acting.HARDLY_READ` (our choice: so that the label means of the readings
#: move as little as the real ones).
SEEN = 0.09
#: What it sees of a blink, beside the same share of the real reader's mean (our choice).
BLINK = 0.58
#: Errors of the second reading, which says whether a unit is present, as a factor on the first reading's spreads.
SECOND = 1.18


def load_real(path: str | os.PathLike):
    """The real features as a table: one row a clip, ``AU01_r`` … and ``expression``, ``intensity``, ``actor``.

    ``path`` is ``df_average_AUs_total.csv`` (separator ``;``).
    """
    path = expanded(path)
    if not path.is_file():
        raise invalid(
            "path",
            expected="the file df_average_AUs_total.csv",
            received=str(path),
            remedy="It is in data/trainingData/avg_MLP80_AUs/data_AUs_avg of MMEmotionRecognition (see the module's "
            "docstring).",
        )
    table = pd.read_csv(path, sep=";")
    wanted = [f"AU{unit:02d}_r" for unit in UNITS] + [f"AU{unit:02d}_c" for unit in UNITS]
    if not {"name", *wanted} <= set(table.columns):
        raise invalid("path", expected="columns name, AU01_r … AU45_c", received=list(table.columns)[:6])
    out = table[wanted].copy()
    part = table["name"].str.split("-", expand=True).astype(int)
    out["expression"] = [labels.RAVDESS[k - 1] for k in part[2]]
    out["intensity"], out["actor"] = part[3].to_numpy(), part[6].to_numpy()
    return out


def readings(film, *, seed: int = 4):
    """What a fallible reader makes of a film or a rehearsal: the real features' counterpart.

    A reading is the clip's mean true action unit divided by `acting.GAIN`, plus
    errors: one of the actor (a face at rest that looks like a frown) and one of
    the take, normal, correlated as the real ones, of the size that the acting
    leaves (1 - `acting.acted`).  Of `acting.HARDLY_READ` the
    share `SEEN` is seen, on top of what the real reader says of a neutral face.  A
    second reading of each frame with errors of its own says whether a unit is
    present; its threshold makes it so as often as in the real set.

    Parameters
    ----------
    film : a ``studio.Film`` of any layout, or what ``studio.rehearse`` returns.
    seed : which reader.  Readers differ as casts do; of the first six, number 4 comes nearest
        to the real spreads.  `report` takes the mean of several.

    Returns
    -------
    DataFrame with the columns of `load_real` (and ``clip``).
    """
    real = real_acting()
    clips = film.clips
    columns = [INDEX[unit] for unit in UNITS]
    hardly, blink = hardly_read(), np.array(UNITS) == 45
    played = [
        known_as(e, DIRECTIONS[layout][i].level)
        for layout, e, i in zip(clips["dataset"], clips["expression"], clips["intensity"], strict=True)
    ]
    people = {actor: k for k, actor in enumerate(sorted(clips["actor"].unique()))}
    base = real.mean["neutral", 1]
    frames = []
    for clip in clips["clip"]:
        true = film.frames(clip)["action_units"].mean(axis=1)[:, columns] / GAIN
        true = np.where(blink, BLINK * (true + base), true)
        frames.append(np.where(hardly, base + SEEN * true, true))

    def errors(stream: int) -> np.ndarray:
        """A factor on each clip's reading, (clips, 17): the actor's own, the actor's with the label, the take's."""
        rng = np.random.default_rng([919, seed, stream])
        # Centred and scaled over the cast: 24 draws are few, and one odd cast is not what the real figures mean.
        always = np.array([deviation("between", rng) for _ in people])
        if len(people) > 2:
            always = (always - always.mean(axis=0)) / np.maximum(always.std(axis=0), 1e-9)
        pairs = sorted(set(zip(clips["actor"], clips["expression"], strict=True)))
        own = {pair: deviation("style", rng) for pair in pairs}
        out = np.empty((len(clips), len(UNITS)))
        rows_played = zip(played, clips["actor"], clips["expression"], strict=True)
        for k, ((name, level), actor, expression) in enumerate(rows_played):
            draws = {"between": always[people[actor]], "style": own[actor, expression], "take": deviation("take", rng)}
            parts = [
                np.where(
                    hardly, factor(kind, name, level, 1.0, z), factor(kind, name, level, 1.0 - acted(kind, name), z)
                )
                for kind, z in draws.items()
            ]
            out[k] = np.prod(parts, axis=0)
        for pair in set(played):  # centred again: on the average over a label's clips the reader is right
            rows = np.array([p == pair for p in played])
            out[rows] /= out[rows].mean(axis=0)
        return out

    first, second = errors(0), errors(1) ** SECOND
    out = pd.DataFrame([f.mean(axis=0) for f in frames] * first, columns=[f"AU{unit:02d}_r" for unit in UNITS])
    again = [f * e for f, e in zip(frames, second, strict=True)]
    pooled = np.concatenate(again)
    for k, unit in enumerate(UNITS):
        threshold = np.quantile(pooled[:, k], 1.0 - real.present[k])
        width = max(0.25 * pooled[:, k].std(), 1e-9)
        out[f"AU{unit:02d}_c"] = [float(_step((f[:, k] - threshold) / width).mean()) for f in again]
    for name in ("expression", "intensity", "clip"):
        out[name] = clips[name].to_numpy()
    out["actor"] = (
        clips["actor"].astype(int).to_numpy() if clips["actor"].str.isdigit().all() else clips["actor"].to_numpy()
    )
    return out


def _step(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-np.clip(4.0 * x, -30, 30)))


def measure(table) -> dict:
    """The figures that describe acting, from a table of `load_real` or `readings`.

    Intensities only, each list in the order of ``UNITS``: ``mean`` by expression
    and intensity; ``between`` the spread over actors of what an actor does in
    every label; ``style`` by expression the spread over actors of what is left
    of an actor's own way with that label; ``take`` by expression the spread over
    an actor's takes; ``correlation`` of each kind; ``present`` the share of
    frames in which a unit is present.  Spreads are standard deviations.
    """
    names = [f"AU{unit:02d}_r" for unit in UNITS]
    values = table[names].to_numpy(float)
    expression, intensity, actor = (table[c].to_numpy() for c in ("expression", "intensity", "actor"))
    actors, known = sorted(set(actor)), [e for e in labels.ALL if e in set(expression)]
    mean, rest = {}, values.copy()
    for name in known:
        for level in sorted(set(intensity[expression == name])):
            rows = (expression == name) & (intensity == level)
            mean.setdefault(name, {})[str(level)] = values[rows].mean(axis=0)
            rest[rows] -= mean[name][str(level)]
    always = np.array([rest[actor == a].mean(axis=0) for a in actors])
    means = np.array([[rest[(actor == a) & (expression == e)].mean(axis=0) for e in known] for a in actors])
    own = means - always[:, None]
    takes = rest - np.array(
        [always[actors.index(a)] + own[actors.index(a), known.index(e)] for a, e in zip(actor, expression, strict=True)]
    )
    take = {e: takes[expression == e].std(axis=0) for e in known}
    scaled = takes / np.array([np.maximum(take[e], 1e-9) for e in expression])
    style = {e: own[:, k].std(axis=0) for k, e in enumerate(known)}
    flat = (own / np.maximum(own.std(axis=0), 1e-9)).reshape(-1, len(UNITS))
    return {
        "units": list(UNITS),
        "mean": mean,
        "between": always.std(axis=0),
        "style": style,
        "take": take,
        "correlation": {"between": _correlation(always), "style": _correlation(flat), "take": _correlation(scaled)},
        "present": table[[f"AU{unit:02d}_c" for unit in UNITS]].to_numpy(float).mean(axis=0),
    }


def _correlation(rows: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nan_to_num(np.corrcoef(rows.T)) * (1 - np.eye(rows.shape[1])) + np.eye(rows.shape[1])


def _features(table):
    """(values, labels, actors, fold of each row) for the support vector machine."""
    names = [f"AU{unit:02d}_r" for unit in UNITS] + [f"AU{unit:02d}_c" for unit in UNITS]
    actor = (
        table["actor"].astype(int).to_numpy()
        if table["actor"].astype(str).str.isdigit().all()
        else table["actor"].to_numpy()
    )
    fold = np.array([next((k for k, group in enumerate(FOLDS) if a in group), -1) for a in actor])
    if (fold < 0).any() or len(set(fold)) < len(FOLDS):
        raise invalid("table", expected="the 24 actors of RAVDESS, by number", received=sorted(set(actor)))
    return table[names].to_numpy(float), table["expression"].to_numpy(str), actor, fold


def _machine():
    return make_pipeline(StandardScaler(), SVC(C=10, gamma=0.02))


def svm_numbers(table, *, seed: int = 0) -> dict[str, float]:
    """What a support vector machine makes of the features: accuracies in percent.

    RBF kernel, C 10, gamma 0.02, features standardised; five folds.
    ``clips``: clips at random; ``actors``: the actors of ``FOLDS`` apart;
    ``twins``: clips at random, with each clip's twin (features plus noise of
    0.001) in the data; ``known_actors``: actors apart, each actor's features
    standardised by that actor's own mean and spread.
    """
    values, truth, actor, fold = _features(table)
    shuffled = StratifiedKFold(5, shuffle=True, random_state=seed)
    twin = np.concatenate([values, values + np.random.default_rng(seed).normal(0, 0.001, values.shape)])
    own = np.empty_like(values)
    for a in set(actor):
        rows = actor == a
        own[rows] = (values[rows] - values[rows].mean(axis=0)) / np.maximum(values[rows].std(axis=0), 1e-9)

    def right(features, answers, folds) -> float:
        return round(100.0 * float((cross_val_predict(_machine(), features, answers, cv=folds) == answers).mean()), 1)

    apart = PredefinedSplit(fold)
    return {
        "clips": right(values, truth, shuffled),
        "actors": right(values, truth, apart),
        "twins": right(twin, np.concatenate([truth, truth]), shuffled),
        "known_actors": right(own, truth, apart),
    }


def svm_confusion(table):
    """The machine's answers, actors apart: a DataFrame of counts, rows what was acted, columns the answer."""
    values, truth, _, fold = _features(table)
    answers = cross_val_predict(_machine(), values, truth, cv=PredefinedSplit(fold))
    names = [e for e in labels.ALL if e in set(truth)]
    return pd.crosstab(pd.Categorical(truth, names), pd.Categorical(answers, names), dropna=False)


def compare(table, real: Mapping | None = None) -> dict:
    """Drawn against real: profile correlations and ratios of spreads.

    ``table`` is from `readings`; ``real`` from `measure` (default: the stored
    figures).  Returns ``profiles`` {expression: Pearson's r over the 17 units of the
    mean profiles}, ``between`` and ``within`` {unit: drawn / real spread between
    actors, and within an actor}, and ``strong`` {expression: (drawn, real) mean change
    from normal to strong intensity along the real change, real = 1}.
    """
    found = measure(table)
    real = stored() if real is None else real
    one, other = _profiles(found), _profiles(real)
    shared = [e for e in one if e in other]
    strong = {}
    for e in shared:
        if "2" in found["mean"][e] and "2" in real["mean"][e]:
            change, wanted = (
                np.asarray(of["mean"][e]["2"], float) - np.asarray(of["mean"][e]["1"], float) for of in (found, real)
            )
            strong[e] = float(change @ wanted / (wanted @ wanted))
    return {
        "profiles": {e: float(np.corrcoef(one[e], other[e])[0, 1]) for e in shared},
        "between": _by_unit(_spread(found, "between") / _spread(real, "between")),
        "within": _by_unit(_spread(found, "within") / _spread(real, "within")),
        "strong": strong,
    }


def stored() -> dict:
    """The real figures that the studio holds: what `measure` makes of the real features, ``svm``, their
    `svm_numbers`, and ``svm_confusion``, counts in the order of ``labels.RAVDESS``."""
    return json.loads(Path(__file__).with_name("ravdess_acting.json").read_text(encoding="utf-8"))


def report(tables, real: Mapping | None = None) -> dict:
    """`compare` and `svm_numbers`, mean of several readers.

    ``tables`` is a list of `readings` of one film by several readers; ``real`` as in `compare`.
    Returns ``profiles`` {expression: r}; ``spreads`` {``real``/``drawn``: {``between``/``within``:
    {unit: standard deviation}}}; ``strong`` {expression: share of the real step}; ``svm`` {``real``/``drawn``:
    numbers}.
    """
    real = stored() if real is None else real
    found = [compare(table, real) for table in tables]

    def mean(kind: str) -> dict:
        return {key: float(np.mean([one[kind][key] for one in found])) for key in found[0][kind]}

    of_real = {kind: _by_unit(_spread(real, kind)) for kind in ("between", "within")}
    numbers = [svm_numbers(table) for table in tables]
    return {
        "profiles": mean("profiles"),
        "strong": mean("strong"),
        "spreads": {
            "real": of_real,
            "drawn": {kind: {u: mean(kind)[u] * value for u, value in of_real[kind].items()} for kind in of_real},
        },
        "svm": {
            "real": dict(stored()["svm"]),
            "drawn": {key: float(np.mean([n[key] for n in numbers])) for key in numbers[0]},
        },
    }


def _profiles(figures: Mapping) -> dict[str, np.ndarray]:
    """The mean profile of each expression over its intensities, (17,)."""
    return {
        name: np.mean([np.asarray(row, float) for row in levels.values()], axis=0)
        for name, levels in figures["mean"].items()
    }


def _by_unit(values: np.ndarray) -> dict[int, float]:
    return dict(zip(UNITS, values.tolist(), strict=True))


def _spread(figures: Mapping, kind: str) -> np.ndarray:
    """The spread between actors (in every label, and with a label) or within an actor, per unit."""

    def pooled(name: str) -> np.ndarray:
        return np.sqrt(np.mean([np.asarray(row, float) ** 2 for row in figures[name].values()], axis=0))

    if kind == "between":
        return np.hypot(np.asarray(figures["between"], float), pooled("style"))
    return pooled("take")


def _rounded(value):
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist() if value.dtype.kind == "i" else np.round(value, 2 if value.ndim == 2 else 3).tolist()
    return value


def store(path: str | os.PathLike) -> Path:
    """Compute ``ravdess_acting.json`` anew from the real features at ``path``."""
    table = load_real(path)
    figures = _rounded(
        {
            "source": "Clip means of OpenFace action units (0 to 5) of the 1,440 RAVDESS speech clips: "
            "Luna-Jimenez et al. 2022, doi 10.3390/app12010327 (MIT); clips: Livingstone & Russo 2018, "
            "doi 10.1371/journal.pone.0196391.",
            "made_by": "fer_utils.studio.likeness.store",
            **measure(table),
            "svm": svm_numbers(table),
            "svm_confusion": svm_confusion(table).to_numpy(),
        }
    )
    target = Path(__file__).with_name("ravdess_acting.json")
    text = json.dumps(figures, indent=1)
    text = re.sub(r"\[\s+([^\[\]]*?)\s+\]", lambda m: "[" + re.sub(r"\s+", " ", m[1]) + "]", text)
    target.write_text(text + "\n", encoding="utf-8")
    return target
