"""After the audit a repair, and the audit again: careless labels for dark skin tones, and two ways to train with them.

    # an hour; a killed run goes on
    python -m fer_utils study audit_repair --store

The bias is that of the study ``audit``: half of the training clips of the people with the three darkest skin tones are
labelled *angry*, whatever they show.  The network is `nano` on faces of 80 pixels, under the protocol of the study
``one_protocol``: five folds by person, a quarter of those who do not test choose when training ends.  (Their labels are
spoiled and repaired, too: whoever labels carelessly spares nobody.)  Each network is asked about drawn strangers.

- *labels as filmed*: what could be reached.
- *labels spoiled*: what is to be repaired.
- *balanced drawing*: rows drawn anew so that the label says nothing about the skin tone
  (`fer_utils.fairness.draw_balanced`).  It needs to know each person's group, and no label is corrected.
- *left out*: the people in question are not in training; others with the same labels fill their places.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from fer_utils import experiments, fairness, metrics, studio, training
from fer_utils.core.errors import invalid, whole_number
from fer_utils.studies.audit import BIAS, PLANTED
from fer_utils.studies.protocol_rows import FOLDS, ROWS, asked
from fer_utils.studies.rounding import rounded
from fer_utils.synthetic import stand_ins

TITLE = "After the audit a repair, and the audit again"
HEADLINE = True

#: The row of the protocol that is trained, and the rate that the protocol chose for it.
NETWORK, RATE = "nano", 1e-3
#: Tier -> strangers, and acts of each.
SIZES: Mapping[str, tuple[int, int]] = {"smoke": (24, 8), "class": (240, 16), "full": (480, 16)}
SPOILED = "labels spoiled"
#: What networks learn from.
METHODS: tuple[str, ...] = ("labels as filmed", SPOILED, "balanced drawing", "left out")
#: The two groups of strangers that are told apart.
DARK, REST = "dark tones", "the others"


def answer(
    tier: str = "class",
    *,
    progress: bool = True,
    folds: int = FOLDS,
    people: int | None = None,
    clips: int | None = None,
    permutations: int = 9999,
) -> dict:
    """Train what is not trained yet, and audit each way of training.

    Parameters
    ----------
    tier : of the stand-in that is learned from, and of `SIZES`.
    folds : networks of each method, 1 to 5.
    people, clips : strangers and acts of each; None for the tier's own.
    permutations : of each audit.

    Returns
    -------
    dict with ``tier``, ``people``, ``clips``, ``network``, ``size`` (side of the faces in pixels), ``bias`` (how it was
    planted; for each fold the images that learn or choose, theirs, those with another label than before, and under
    *balanced drawing* those whose weight is below a half);

    ``rows``, one of `METHODS` each: ``name``, ``everybody``, ``dark``, ``rest`` (accuracy on strangers, means over
    people: ``value``, ``low``, ``high``), ``gap`` (dark minus rest, as the audit has it, with ``corrected`` and
    ``found``), ``called`` (of strangers of dark tone who pose something else, the share that gets the planted label),
    ``converged`` (how many of the trainings ended by themselves), ``audit`` (the rows of `fer_utils.fairness.audit`),
    ``experiments`` and ``minutes``;

    ``comparisons``: each other method minus *labels spoiled*, person by person, among dark tones and among the others:
    ``method``, ``group`` and what `fer_utils.metrics.compare_by_person` gives; corrected for all of them together.

    Raises
    ------
    FerError : an unknown tier, numbers out of range.
    """
    if tier not in SIZES:
        raise invalid("tier", expected=f"one of {', '.join(SIZES)}", received=tier)
    folds = whole_number("folds", folds, 1, FOLDS)
    people = SIZES[tier][0] if people is None else whole_number("people", people, 2)
    clips = SIZES[tier][1] if clips is None else whole_number("clips", clips, 1)
    strangers = fairness.audit_set(people, tested=0, clips=clips, progress=progress)
    plans = [asked(ROWS[NETWORK], RATE, tier=tier, fold=fold, seed=0) for fold in range(folds)]
    faces = plans[0].data.load(progress)
    truth = studio.Film.load(stand_ins.film_stand_in("ravdess", tier=tier, progress=progress)).clips
    results: dict[str, list] = {name: [] for name in METHODS}
    spoiled = []
    for plan in plans:
        sets, counts = training_sets(faces, truth, plan.split, seed=plan.split.fold or 0)
        spoiled.append(counts)
        for name in METHODS:
            results[name].append(experiments.run(plan, face_set=sets[name], progress=progress))
    rows, shares = [], {}
    for name in METHODS:
        answers = fairness.ask(strangers, results[name], progress=progress)
        ended = [
            training.convergence(result.history, plan.recipe)["converged"]
            for result, plan in zip(results[name], plans, strict=True)
        ]
        rows.append(_row(name, results[name], sum(ended), answers, permutations))
        shares[name] = by_group(answers)
    pairs = {
        (name, group): (shares[name][group], shares[SPOILED][group])
        for name in METHODS
        if name != SPOILED
        for group in (DARK, REST)
    }
    return rounded(
        {
            "tier": tier,
            "people": people,
            "clips": clips,
            "network": NETWORK,
            "size": ROWS[NETWORK].size,
            "bias": {**BIAS, "values": list(BIAS["values"]), "folds": spoiled},
            "rows": rows,
            "comparisons": [
                {"method": method, "group": group, **found}
                for (method, group), found in metrics.compare_by_person(pairs).items()
            ],
        }
    )


def training_sets(faces, truth: pd.DataFrame, split, *, seed: int) -> tuple[dict, dict[str, int]]:
    """The face set of each method for one fold, and how many images are concerned.

    Parameters
    ----------
    faces : the face set as it was filmed.
    truth : of the film's clips, with ``clip`` and the attribute of the bias.
    split : whose rows for training and validation are changed; those of the test never are.
    seed : of the spoiled clips and of the drawing.
    """
    met = np.union1d(split.rows(faces.meta)[0], split.validation_rows(faces.meta))
    planted = fairness.plant_bias(faces, truth, met, seed=seed, **BIAS)
    of = faces.meta["clip"].map(truth.drop_duplicates("clip").set_index("clip")[BIAS["attribute"]])
    theirs = of.isin(list(BIAS["values"])).to_numpy()
    group = np.where(theirs, DARK, REST)
    balanced = planted
    for part in (split.rows(faces.meta)[0], split.validation_rows(faces.meta)):
        balanced = fairness.draw_balanced(balanced, part, group, seed=seed)
    gone = {key: BIAS[key] for key in ("attribute", "values")}
    left_out = fairness.plant_bias(faces, truth, met, kind="absent", share=1.0, seed=seed, **gone)
    weights = fairness.balancing_weights(planted.meta["expression"].to_numpy(str)[met], group[met])
    counts = {
        "images": len(met),
        "theirs": int(theirs[met].sum()),
        "relabelled": int((planted.meta["expression"].to_numpy() != faces.meta["expression"].to_numpy()).sum()),
        "weight_below_half": int((weights < 0.5).sum()),
    }
    return dict(zip(METHODS, (faces, planted, balanced, left_out), strict=True)), counts


def by_group(answers: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Of each group of strangers each person's share of right answers."""
    means = answers.groupby("actor")["right"].mean()
    band = answers.groupby("actor")[PLANTED[0]].first()
    return {
        DARK: means[band == PLANTED[1]].to_dict(),
        REST: means[band != PLANTED[1]].to_dict(),
    }


def _row(name: str, results: list, converged: int, answers: pd.DataFrame, permutations: int) -> dict:
    shares = by_group(answers)
    table = fairness.audit(answers, permutations=permutations)
    planted = table[(table["attribute"] == PLANTED[0]) & (table["value"] == PLANTED[1])].to_dict("records")
    kept = ("people", "gap", "gap_low", "gap_high", "p", "corrected", "judged", "found")
    others = answers[(answers["expression"] != BIAS["to"]) & (answers[PLANTED[0]] == PLANTED[1])]
    said = np.mean([others[f"predicted_{k}"] == BIAS["to"] for k in range(len(results))], axis=0)
    called = pd.Series(said).groupby(others["actor"].to_numpy(str)).mean()
    return {
        "name": name,
        "everybody": metrics.student_interval([*shares[DARK].values(), *shares[REST].values()]),
        "dark": metrics.student_interval(list(shares[DARK].values())),
        "rest": metrics.student_interval(list(shares[REST].values())),
        "gap": {key: planted[0][key] for key in kept} if planted else None,
        "called": metrics.student_interval(list(called)),
        "converged": converged,
        "audit": table.to_dict("records"),
        "experiments": [result.experiment for result in results],
        "minutes": sum(result.minutes for result in results),
    }
