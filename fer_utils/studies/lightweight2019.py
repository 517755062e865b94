"""The network of 2019 beside the three that its authors set it against.

Is it smaller than two of them, and better than all?

    # hours; a killed run goes on with the next training
    python -m fer_utils study lightweight2019 --tier class --store

Drawn RAVDESS, actors apart, five folds with a seed each, so that everybody is unseen once.  The paper's numbers are not
public and its data, CK+, are not these; what is tested is the sentence: fewer parameters than Inception and
InceptionResNet, and a higher accuracy than these and MobileNetV2.  All four are trained alike, from nothing, on
faces of 80 pixels (InceptionResNetV2 wants 75 and takes 15 times the network's multiply-accumulates), with Adam,
batches of 16 and mirrored faces, as the paper is said to, and a rate that falls to 0, for some epochs and not its 200.
"""

from __future__ import annotations

import numpy as np

from fer_utils.core.errors import whole_number
from fer_utils.experiments import Data, Experiment, Model, Split
from fer_utils.studies import own_faces
from fer_utils.studies.network_costs import weighed
from fer_utils.studies.trainings import counts, gain, pooled, some_faces, trained
from fer_utils.synthetic.stand_ins import EPOCHS
from fer_utils.training import Recipe

TITLE = "The network of 2019 beside MobileNetV2, InceptionV3 and InceptionResNetV2"
HEADLINE = True

OWN = "mobilenet_inception2019"
#: name -> how many trainings (folds by actor, each with its seed).
NETWORKS: dict[str, int] = {OWN: 5, "mobilenetv2": 5, "inceptionv3": 5, "inception_resnetv2": 5}
SIZE = 80


def experiments_of(network: str, trainings: int, *, tier: str, epochs: int, size: int = SIZE):
    """The experiments of one network: fold k with seed k."""
    return [
        Experiment(
            data=Data("ravdess", tier=tier),
            split=Split("actor", fold=fold),
            model=Model.of(network, size=size),
            recipe=Recipe(epochs=epochs, flip=True, schedule="cosine"),
            seed=fold,
        )
        for fold in range(trainings)
    ]


def answer(
    tier: str = "class",
    *,
    progress: bool = True,
    networks=None,
    epochs: int | None = None,
    size: int = SIZE,
    repeats: int | None = 30,
    real=None,
) -> dict:
    """Train what is not trained yet, weigh it, and judge the claim.

    Parameters
    ----------
    tier : of the stand-in; see `fer_utils.synthetic.stand_ins.SIZES`.
    networks : names of `NETWORKS` to trainings; None for all, as many as there.
    epochs : None for the tier's own number.
    size : of the faces in pixels; 75 or more with the Inceptions.
    repeats : timed rounds; None times and exports nothing.
    real : one name -> folder of the reader's own faces in the place of the stand-in: see
        `fer_utils.studies.own_faces.data_of`.

    Returns
    -------
    dict with ``tier``, ``epochs``, ``size``, ``recipe``, ``rows`` (each with ``name``, all of ``pooled``,
    ``train_accuracy`` (last epoch, mean), and what ``weighed`` gives), ``claims``: one a rival, with
    ``rival``, ``fewer`` (parameters, true or false; None for MobileNetV2, of which nothing of the kind is said) and
    ``accuracy`` (the network's minus the rival's, each actor against himself, with its 95 % interval over actors) and
    ``verdict``: *higher*, *lower* or *not told apart*.
    """
    chosen = counts("networks", networks, NETWORKS)
    epochs = EPOCHS[tier] if epochs is None else whole_number("epochs", epochs, 1)
    plans = {
        name: experiments_of(name, trainings, tier=tier, epochs=epochs, size=size) for name, trainings in chosen.items()
    }
    if real is not None:
        plans = own_faces.on_own_faces(plans, *own_faces.loaded(real, progress=progress))
    results = trained(plans, progress=progress)
    rows = [
        {"name": name, **pooled(some), "train_accuracy": float(np.mean([one.history["accuracy"][-1] for one in some]))}
        for name, some in results.items()
    ]
    first = next(iter(plans.values()))[0]
    if repeats is not None:
        costs = weighed(
            {name: some[0].model() for name, some in results.items()},
            some_faces(first),
            baseline=rows[0]["name"],
            quantize=(None,),
            repeats=repeats,
            progress=progress,
        )
        for row in rows:
            row |= costs[row["name"]]
    own = next((row for row in rows if row["name"] == OWN), None)
    return {
        "tier": tier,
        "epochs": epochs,
        "size": size,
        "recipe": first.configuration()["recipe"],
        "rows": rows,
        "claims": [_judged(own, row) for row in rows if own is not None and row is not own],
    }


def _judged(own: dict, rival: dict) -> dict:
    apart = gain(rival, own)
    if apart["low"] > 0:
        verdict = "higher"
    elif apart["high"] < 0:
        verdict = "lower"
    else:
        verdict = "not told apart"
    return {
        "rival": rival["name"],
        "fewer": None if rival["name"] == "mobilenetv2" else own["parameters"] < rival["parameters"],
        "accuracy": apart,
        "verdict": verdict,
    }
