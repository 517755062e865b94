"""For whom does the paper's network fail?  An audit with drawn strangers, and a planted bias that it has to find.

    python -m fer_utils study audit --tier class --store      # half an hour beside the five networks by actor; a killed run goes on

Five networks, one a fold of actors, are asked about people whom none of them has met, under the studio's light and
under others.  Five more, of the same folds and seeds, learned from labels that were spoiled for the people of the three darkest skin tones in
training: a share of their clips is labelled *angry*, whatever they show.  (The direction has a model: Rhue 2018, doi
10.2139/ssrn.3281765, saw two commercial systems score Black players' faces as angrier.)  The same audit is
made of both, and of their difference.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .. import evaluate
from ..errors import whole_number

TITLE = "For whom does it fail?  An audit of the paper's network, and of one with a planted bias"
CODE = ("fer_utils.audit", "fer_utils.train", "fer_utils.splits", "fer_utils.evaluate", "fer_utils.models.ding2023", "fer_utils.models", "fer_utils.studio",
        "fer_utils.faces")
HEADLINE = True

#: tier -> people, of whom so many are also seen under every condition, acts of each.
SIZES: Mapping[str, tuple[int, int, int]] = {"smoke": (24, 8, 8), "class": (240, 48, 16), "full": (480, 96, 16)}
#: The bias: whose labels are spoiled, how, and in which share of their clips.
BIAS: Mapping[str, object] = {"attribute": "tone", "values": (8, 9, 10), "kind": "labels", "to": "angry", "share": 0.6}
#: The row that should find it.
PLANTED = ("skin tone", "dark (8 to 10)")


def experiments_of(networks: int, *, tier: str, epochs: int, model=None):
    """The clean experiments: fold k of the actors with seed k."""
    from ..experiments import Data, Experiment, Model, Split
    from ..train import Recipe

    return [Experiment(data=Data("ravdess", tier=tier), split=Split("actor", fold=k), model=model or Model(), recipe=Recipe(epochs=epochs), seed=k)
            for k in range(networks)]


def answer(tier: str = "class", *, progress: bool = True, networks: int = 5, people: int | None = None, tested: int | None = None, clips: int | None = None,
           conditions=None, epochs: int | None = None, model=None, repeats: int = 200, permutations: int = 9999) -> dict:
    """Train what is not trained yet, film the strangers, and audit.

    Parameters
    ----------
    tier : of the stand-in that is learned from, and of `SIZES`.
    networks : folds of actors, 1 to 5.
    people, tested, clips, conditions : of `fer_utils.audit.audit_set`; None for the tier's own numbers and all conditions.
    epochs, model : of the trainings; None for the tier's own number and the paper's network.
    repeats : relabelled audits for the rate of false alarms.
    permutations : of each audit.

    Returns
    -------
    dict: ``tier``, ``people``, ``tested``, ``clips``, ``pictures``, ``conditions``, ``seed``, ``size`` (the gap that counts), ``bias`` (how it was planted, and
    in how many training images of each network), ``chance``;

    ``clean`` and ``biased``, each with ``home`` (accuracy on the film's own unseen actors, all folds together; labels as filmed), ``strangers`` (accuracy on the strangers at
    the baseline), ``accuracies`` (of each network there), ``angry`` (how often strangers of each band of tone are called what the bias says, where they do not pose it),
    ``audit`` (the rows of `fer_utils.audit.audit`) and ``experiments``;

    ``difference``: the audit of biased minus clean, picture by picture; ``detected``: the audit of whether a face was found;

    ``cells``: skin tone by presentation, clean and biased, with the number of people, not tested; ``false_alarms`` (of the clean answers);
    ``power`` (list) and ``needed``: the least number of people in it that finds a gap in four of five audits, by gap; ``verdict``: whether the planted bias was
    found in the biased networks, in the difference, and whether the same row was found in the clean ones.
    """
    from .. import audit as auditing
    from .. import sources
    from ..errors import invalid
    from ..experiments import run
    from ..studio import Film

    if tier not in SIZES:
        raise invalid("tier", expected=f"one of {', '.join(SIZES)}", received=tier)
    own = SIZES[tier]
    people, tested, clips = (whole_number(name, own[k] if given is None else given, 0)
                             for k, (name, given) in enumerate((("people", people), ("tested", tested), ("clips", clips))))
    epochs = sources.EPOCHS[tier] if epochs is None else whole_number("epochs", epochs, 1)
    strangers = auditing.audit_set(people, tested=tested, clips=clips, conditions=conditions, progress=progress)
    chosen = experiments_of(whole_number("networks", networks, 1, 5), tier=tier, epochs=epochs, model=model)
    faces = chosen[0].data.load(progress)
    truth = Film.load(sources.film_stand_in("ravdess", tier=tier, progress=progress)).clips
    clean, biased, spoiled = [], [], []
    for experiment in chosen:
        clean.append(run(experiment, face_set=faces, progress=progress))
        train, _ = experiment.split.rows(faces.meta)
        planted = auditing.plant_bias(faces, truth, train, seed=experiment.seed, **BIAS)
        biased.append(run(experiment, face_set=planted, progress=progress))
        spoiled.append({"train": len(train), "theirs": int(faces.meta["clip"].iloc[train].isin(truth["clip"][truth["tone"].isin(BIAS["values"])]).sum()),
                        "spoiled": int((planted.meta["expression"] != faces.meta["expression"]).sum())})
    answers = {name: auditing.ask(strangers, results, progress=progress) for name, results in (("clean", clean), ("biased", biased))}
    tables = {name: auditing.audit(given, permutations=permutations) for name, given in answers.items()}
    between = auditing.audit(auditing.difference(answers["clean"], answers["biased"]), outcome="difference", permutations=permutations)
    base = {name: given[given["condition"] == auditing.BASELINE] for name, given in answers.items()}
    means = base["clean"].groupby("actor")["right"].mean()
    share = float((base["clean"].groupby("actor")[PLANTED[0]].first() == PLANTED[1]).mean())
    tests = len({(row.attribute, "" if len(auditing.ATTRIBUTES.get(row.attribute, "   ")) == 2 else row.value) for row in tables["clean"].itertuples() if row.judged})
    planned = auditing.power(means, share=share, tests=max(tests, 1)) if 0 < share < 1 and len(means) > 3 else []
    verdict = {name: _row(table, *PLANTED) for name, table in (("clean", tables["clean"]), ("biased", tables["biased"]), ("difference", between))}
    return _plain({
        "tier": tier, "people": people, "tested": tested, "clips": clips, "pictures": len(strangers.table), "conditions": sorted(set(strangers.table["condition"])),
        "seed": auditing.SEED, "size": auditing.SIZE, "bias": {**BIAS, "values": list(BIAS["values"]), "networks": spoiled}, "chance": _chance(base["clean"]),
        **{name: {"home": _home(results), "strangers": evaluate.average(base[name].groupby("actor")["right"].mean(), sorted(set(base[name]["actor"]))),
                  "accuracies": [float((base[name][f"predicted_{k}"] == base[name]["expression"]).mean()) for k in range(len(results))],
                  "angry": _called(base[name], str(BIAS["to"]), len(results)), "audit": tables[name].to_dict("records"),
                  "experiments": [result.experiment for result in results], "minutes": round(sum(result.minutes for result in results), 1)}
           for name, results in (("clean", clean), ("biased", biased))},
        "difference": between.to_dict("records"),
        "detected": auditing.audit(answers["clean"].assign(detected=answers["clean"]["detected"].astype(float)), outcome="detected", permutations=permutations).to_dict("records"),
        "cells": _cells(base), "false_alarms": auditing.false_alarms(answers["clean"], repeats=repeats), "tests": tests, "power": planned,
        "needed": {f"{gap:.2f}": next((one["people"] for one in planned if one["gap"] == gap and one["power"] >= 0.8), None) for gap in sorted({one["gap"] for one in planned})},
        "verdict": {name: None if row is None else {key: row[key] for key in ("gap", "gap_low", "gap_high", "p", "corrected", "judged", "found")} for name, row in verdict.items()},
    })


def _row(table, attribute: str, value: str) -> dict | None:
    rows = table[(table["attribute"] == attribute) & (table["value"] == value)].to_dict("records")
    return rows[0] if rows else None


def _chance(base) -> float:
    return float(base["expression"].value_counts(normalize=True).max())


def _home(results: list) -> dict:
    """Accuracy on the film's own actors, each where it was unseen."""
    import pandas as pd

    rows = pd.concat([result.predictions for result in results])
    right = (rows["true"] == rows["predicted"]).groupby(rows["actor"].astype(str)).mean()
    return evaluate.average(right, list(right.index))


def _called(base, label: str, networks: int) -> dict[str, dict]:
    """By band of tone: the share of the answers that say ``label`` where another was posed."""
    others = base[base["expression"] != label]
    said = others.assign(said=np.mean([others[f"predicted_{k}"] == label for k in range(networks)], axis=0))
    return {str(band): evaluate.average(rows["said"].to_numpy(float), rows["actor"]) for band, rows in said.groupby(PLANTED[0])}


def _cells(base: Mapping) -> list[dict]:
    """Two attributes at once: means over people, and how few these are."""
    made = []
    for key, rows in base["clean"].groupby(["skin tone", "presentation"]):
        also = base["biased"].loc[rows.index]
        made.append({"skin tone": key[0], "presentation": key[1], "people": int(rows["actor"].nunique()),
                     **{name: evaluate.average(part.groupby("actor")["right"].mean(), sorted(set(part["actor"]))) for name, part in (("clean", rows), ("biased", also))}})
    return made


def _plain(value):
    """JSON: NaN is None, numbers to six digits."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return None if value != value else float(f"{float(value):.6g}")
    return value.item() if isinstance(value, np.generic) else value
