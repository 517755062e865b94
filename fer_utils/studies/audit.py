"""For whom does the paper's network fail?  An audit with drawn strangers, and a planted bias that it has to find.

    # half an hour beside the networks by actor; a killed run goes on
    python -m fer_utils study audit --tier class --store

Five networks, one a fold of actors, are asked about people whom none of them has met, under the studio's light and
under other conditions.  Five more, of the same folds and seeds, learn from labels that are spoiled for the people of
the three darkest skin tones in training: a share of their clips is labelled *angry*, whatever they show.  (The
direction has a model: of two commercial systems that Rhue 2018, doi 10.2139/ssrn.3281765, tried on players' portraits,
one read Black players as angrier than white ones, equal smiles or not, and the other as more contemptuous.)  The same
audit is made of both, and of their difference.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from fer_utils import experiments, fairness, metrics, studio
from fer_utils.core.errors import invalid, whole_number
from fer_utils.experiments import Data, Experiment, Model, Split
from fer_utils.studies.rounding import rounded
from fer_utils.synthetic import stand_ins
from fer_utils.training import Recipe

TITLE = "For whom does it fail?  An audit of the paper's network, and of one with a planted bias"
HEADLINE = True

#: tier -> people, how many of them are also seen under every condition, and acts of each.
SIZES: Mapping[str, tuple[int, int, int]] = {"smoke": (24, 8, 8), "class": (240, 48, 16), "full": (480, 96, 16)}
#: The bias, as `fer_utils.fairness.plant_bias` takes it: whose labels are spoiled, how, and in which share of their
#: clips.
BIAS: Mapping[str, object] = {"attribute": "tone", "values": (8, 9, 10), "kind": "labels", "to": "angry", "share": 0.5}
#: The row that should find it.
PLANTED = ("skin tone", "dark (8 to 10)")


def experiments_of(networks: int, *, tier: str, epochs: int, model=None):
    """The clean experiments: fold k of the actors with seed k."""
    return [
        Experiment(
            data=Data("ravdess", tier=tier),
            split=Split("actor", fold=k),
            model=model or Model(),
            recipe=Recipe(epochs=epochs),
            seed=k,
        )
        for k in range(networks)
    ]


def answer(
    tier: str = "class",
    *,
    progress: bool = True,
    networks: int = 5,
    people: int | None = None,
    tested: int | None = None,
    clips: int | None = None,
    conditions=None,
    epochs: int | None = None,
    model=None,
    bias: Mapping | None = None,
    repeats: int = 200,
    permutations: int = 9999,
) -> dict:
    """Train what is not trained yet, film the strangers, and audit.

    Parameters
    ----------
    tier : of the stand-in that is learned from, and of `SIZES`.
    networks : folds of actors, 1 to 5.
    people, tested, clips, conditions : of `fer_utils.fairness.audit_set`; None for the tier's own numbers and all
        conditions.
    epochs, model : of the trainings; None for the tier's own number and the paper's network.
    bias : of `fer_utils.fairness.plant_bias`; None for `BIAS`.
    repeats : relabelled audits, for the rate of false alarms.
    permutations : of each audit.

    Returns
    -------
    dict: ``tier``, ``people``, ``tested``, ``clips``, ``pictures``, ``conditions``, ``seed``, ``size`` (the gap that
    counts), ``chance`` (the commonest label's share), ``bias`` (how it was planted; for each network the training
    images, theirs, and those with another label than before) and ``tests`` (of each audit);

    ``clean`` and ``biased``, each with ``home`` (accuracy on the film's own actors, each where it was unseen),
    ``strangers`` (the same on the strangers at the baseline; both are means over people with intervals over people),
    ``accuracies`` (of each network there), ``called`` (by band of tone, the share of answers that say the planted label
    where another was posed), ``audit`` (the rows of `fer_utils.fairness.audit`), ``experiments`` and ``minutes``;

    ``difference``, the audit of biased minus clean, picture by picture; ``detected``, the audit of whether a face was
    found, and ``detected_changed``, the same by attributes of people over all pictures that are not the baseline's;
    ``cells``, skin tone by presentation with the number of people, not tested; ``false_alarms``, of the clean answers;
    ``power``, and ``needed`` (by gap the least of its numbers of people that finds it in four of five audits, or None);
    ``verdict``: the planted row in the clean networks, the biased ones and the difference.

    Raises
    ------
    FerError : an unknown tier, numbers out of range, an impossible bias.
    """
    if tier not in SIZES:
        raise invalid("tier", expected=f"one of {', '.join(SIZES)}", received=tier)
    own = dict(zip(("people", "tested", "clips"), SIZES[tier], strict=True))
    size = {
        name: own[name] if given is None else given
        for name, given in (("people", people), ("tested", tested), ("clips", clips))
    }
    epochs = stand_ins.EPOCHS[tier] if epochs is None else whole_number("epochs", epochs, 1)
    bias = dict(BIAS if bias is None else bias)
    chosen = experiments_of(whole_number("networks", networks, 1, 5), tier=tier, epochs=epochs, model=model)
    strangers = fairness.audit_set(**size, conditions=conditions, progress=progress)
    faces = chosen[0].data.load(progress)
    truth = studio.Film.load(stand_ins.film_stand_in("ravdess", tier=tier, progress=progress)).clips
    clean, biased, spoiled = [], [], []
    for experiment in chosen:
        clean.append(experiments.run(experiment, face_set=faces, progress=progress))
        train, _ = experiment.split.rows(faces.meta)
        planted = fairness.plant_bias(faces, truth, train, seed=experiment.seed, **bias)
        biased.append(experiments.run(experiment, face_set=planted, progress=progress))
        theirs = set(truth["clip"][truth[bias["attribute"]].isin(list(bias["values"]))])
        spoiled.append(
            {
                "train": len(train),
                "theirs": int(faces.meta["clip"].iloc[train].isin(theirs).sum()),
                "relabelled": int((planted.meta["expression"].to_numpy() != faces.meta["expression"].to_numpy()).sum()),
            }
        )
    answers = {
        name: fairness.ask(strangers, results, progress=progress)
        for name, results in (("clean", clean), ("biased", biased))
    }
    tables = {name: fairness.audit(given, permutations=permutations) for name, given in answers.items()}
    tables["difference"] = fairness.audit(
        fairness.difference(answers["clean"], answers["biased"]), outcome="difference", permutations=permutations
    )
    detected = fairness.audit(answers["clean"], outcome="detected", permutations=permutations)
    changed = strangers.table[strangers.table["condition"] != fairness.BASELINE].drop(columns="condition")
    seen = fairness.audit(changed, outcome="detected", permutations=permutations) if len(changed) else detected[:0]
    base = {name: given[given["condition"] == fairness.BASELINE] for name, given in answers.items()}
    by_person = base["clean"].groupby("actor")
    means, share = by_person["right"].mean(), float((by_person[PLANTED[0]].first() == PLANTED[1]).mean())
    tests = tables["clean"].attrs["tests"]
    planned = fairness.power(means, share=share, tests=max(tests, 1)) if 0 < share < 1 else []
    return rounded(
        {
            "tier": tier,
            **size,
            "pictures": len(strangers.table),
            "conditions": list(dict.fromkeys(strangers.table["condition"])),
            "seed": fairness.SEED,
            "size": fairness.MIN_GAP,
            "chance": base["clean"]["expression"].value_counts(normalize=True).max(),
            "bias": {**bias, "values": list(bias["values"]), "networks": spoiled},
            "tests": tests,
            "clean": _networks(clean, base["clean"], tables["clean"], bias),
            "biased": _networks(biased, base["biased"], tables["biased"], bias),
            "difference": tables["difference"].to_dict("records"),
            "detected": detected.to_dict("records"),
            "detected_changed": seen.to_dict("records"),
            "cells": _cells(base),
            "false_alarms": fairness.false_alarms(answers["clean"], repeats=repeats),
            "power": planned,
            "needed": _needed(planned),
            "verdict": {name: _verdict(table) for name, table in tables.items()},
        }
    )


def _networks(results: list, base, table, bias: Mapping) -> dict:
    """What is told of the clean networks, and of the biased: see `answer`."""
    home = pd.concat([result.predictions for result in results])
    called = {}
    if bias.get("to"):
        others = base[base["expression"] != bias["to"]]
        said = np.mean([others[f"predicted_{k}"] == bias["to"] for k in range(len(results))], axis=0)
        called = {
            band: _over_people(rows["said"], rows["actor"])
            for band, rows in others.assign(said=said).groupby(PLANTED[0])
        }
    return {
        "home": _over_people(home["true"] == home["predicted"], home["actor"]),
        "strangers": _over_people(base["right"], base["actor"]),
        "accuracies": [(base[f"predicted_{k}"] == base["expression"]).mean() for k in range(len(results))],
        "called": called,
        "audit": table.to_dict("records"),
        "experiments": [result.experiment for result in results],
        "minutes": sum(result.minutes for result in results),
    }


def _over_people(values, people) -> dict:
    """The mean over people of their own means, with its interval."""
    means = values.astype(float).groupby(people.to_numpy(str)).mean()
    return metrics.average(means, means.index)


def _cells(base: Mapping) -> list[dict]:
    """Two attributes at once: means over people, and how few these are."""
    made = []
    for (tone, presentation), rows in base["clean"].groupby([PLANTED[0], "presentation"]):
        found = {name: _over_people(part["right"].loc[rows.index], rows["actor"]) for name, part in base.items()}
        made.append({PLANTED[0]: tone, "presentation": presentation, "people": rows["actor"].nunique(), **found})
    return made


def _needed(planned: list[dict]) -> dict[str, int | None]:
    gaps = sorted({one["gap"] for one in planned})
    return {
        f"{gap:.2f}": next((one["people"] for one in planned if one["gap"] == gap and one["power"] >= 0.8), None)
        for gap in gaps
    }


def _verdict(table) -> dict | None:
    rows = table[(table["attribute"] == PLANTED[0]) & (table["value"] == PLANTED[1])].to_dict("records")
    if not rows:
        return None
    return {key: rows[0][key] for key in ("people", "gap", "gap_low", "gap_high", "p", "corrected", "judged", "found")}
