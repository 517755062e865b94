"""Does the recipe work with every seed?

The paper's network on each stand-in, twenty times, and the plain network beside it.

    # 75 trainings of three epochs; a killed run goes on with the next one
    python -m fer_utils study recipe --tier class --store

A training has *left chance level* when, after its last epoch, it has more of the test right than it could by
luck, and a living unit in its hidden layer.  By luck means: a network that knows nothing
would reach as much in one of a hundred cases, if each test *clip* were one throw with the commonest
label's share as its chance (frames of a clip are no independent throws).  The split is by frame, the
easiest there is: asked is whether the network learns at all, not whom it knows.
"""

from __future__ import annotations

from collections.abc import Iterable
import math
import warnings

import numpy as np

from fer_utils import training
from fer_utils.core.errors import invalid, whole_number
from fer_utils.experiments import Data, Experiment, Model, Split
from fer_utils.studies.trainings import counts, trained
from fer_utils.training import Recipe

TITLE = "Does the recipe leave chance level with every seed?"
HEADLINE = True

STAND_INS: tuple[str, ...] = ("ravdess", "savee", "mead")
#: network -> options of `fer_utils.models.ding2023.build`, and how many seeds it has.
NETWORKS: dict[str, tuple[dict, int]] = {"recipe": ({}, 20), "plain": ({"conditioned": False}, 5)}
EPOCHS = 3
#: How often a network that knows nothing would pass.
LUCK = 0.01


def experiments_of(dataset: str, network: str, seeds: int, *, tier: str, epochs: int):
    """The experiments of one row, seeds 0, 1, ..."""
    model = Model.of("ding2023", **NETWORKS[network][0])
    return [
        Experiment(
            data=Data(dataset, tier=tier), split=Split("frame"), model=model, recipe=Recipe(epochs=epochs), seed=seed
        )
        for seed in range(seeds)
    ]


def answer(
    tier: str = "class",
    *,
    progress: bool = True,
    datasets: Iterable[str] = STAND_INS,
    seeds: dict[str, int] | None = None,
    epochs: int = EPOCHS,
) -> dict:
    """Train what is not trained yet, and count the trainings that left chance level.

    Parameters
    ----------
    tier : of the stand-ins; see `fer_utils.synthetic.stand_ins.SIZES`.
    datasets : names of `STAND_INS`.
    seeds : names of `NETWORKS` to how many seeds each has, 1 or more; None for `NETWORKS`' own numbers.
    epochs : of each training.

    Returns
    -------
    dict with ``tier``, ``epochs``, ``luck`` and ``rows``, one a stand-in and network: ``dataset``, ``network``,
    ``train_images``, ``test_images``, ``test_clips``, ``chance`` (the commonest label's share of the test),
    ``threshold`` (the accuracy that counts), ``units`` (of the hidden layer), ``trainings``, ``left`` (how many left
    chance level), ``share`` (the same with its 95 % interval, see `share_of`), ``dead`` (how many ended with every
    hidden unit dead), ``minutes`` and ``experiment`` (of seed 0).  Each training has ``seed``, ``accuracy``,
    ``test_accuracy`` and ``dead`` (hidden units) by epoch, ``left`` and ``since``: the epoch from which its test
    accuracy was at the threshold or above to the end, or None.

    Raises
    ------
    FerError : an unknown stand-in or network, no seeds, no epochs.
    """
    chosen, epochs = list(datasets), whole_number("epochs", epochs, 1)
    for name in chosen:
        if name not in STAND_INS:
            raise invalid("datasets", expected=f"names among {', '.join(STAND_INS)}", received=name)
    seeds = counts("seeds", seeds, {name: count for name, (_, count) in NETWORKS.items()})
    wanted = {
        (dataset, network): experiments_of(dataset, network, count, tier=tier, epochs=epochs)
        for dataset in chosen
        for network, count in seeds.items()
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", training.DeadLayer)  # some are here in order to die, and the answer counts them
        found = trained(wanted, progress=progress)
    return {
        "tier": tier,
        "epochs": epochs,
        "luck": LUCK,
        "rows": [_row(*key, results) for key, results in found.items()],
    }


def least_count(throws: int, chance: float, luck: float = LUCK) -> int:
    """The least number of successes that so many throws reach with a probability of at most ``luck``.

    It is ``throws`` + 1 if none is rare enough.

    >>> least_count(67, 0.13)
    17
    """
    tail, count = 0.0, throws + 1
    while count > 0:
        tail += math.comb(throws, count - 1) * chance ** (count - 1) * (1 - chance) ** (throws - count + 1)
        if tail > luck:
            break
        count -= 1
    return count


def share_of(count: int, trials: int) -> dict:
    """A share with its 95 % interval, which is of use for 0 and for all, too.

    Wilson 1927, doi 10.1080/01621459.1927.10502953.

    >>> {name: round(value, 3) for name, value in share_of(20, 20).items()}
    {'value': 1.0, 'low': 0.839, 'high': 1.0, 'level': 0.95, 'trials': 20}
    """
    z, value = 1.959964, count / trials
    middle, half = value + z * z / (2 * trials), z * math.sqrt(value * (1 - value) / trials + (z / (2 * trials)) ** 2)
    scale = 1 + z * z / trials
    return {
        "value": value,
        "low": max(0.0, (middle - half) / scale),
        "high": min(1.0, (middle + half) / scale),
        "level": 0.95,
        "trials": trials,
    }


def _row(dataset: str, network: str, results: list) -> dict:
    first = results[0]
    clips, chance = int(first.predictions["clip"].nunique()), first.metrics["chance"]
    threshold = least_count(clips, chance) / clips
    units = first.experiment["model"]["options"].get("dense", 16)
    trainings = []
    for result in results:
        seen, dead = result.history["test_accuracy"], result.history["dead_hidden"]
        above = np.array(seen) >= threshold
        since = int(len(above) - np.cumprod(above[::-1]).sum()) + 1 if above[-1] else None
        trainings.append(
            {
                "seed": result.seed,
                "accuracy": result.history["accuracy"],
                "test_accuracy": seen,
                "dead": [int(count) for count in dead],
                "left": bool(above[-1] and dead[-1] < units),
                "since": since,
            }
        )
    left = sum(one["left"] for one in trainings)
    return {
        "dataset": dataset,
        "network": network,
        "train_images": first.split["train"],
        "test_images": first.split["test"],
        "test_clips": clips,
        "chance": chance,
        "threshold": threshold,
        "units": units,
        "trainings": trainings,
        "left": left,
        "share": share_of(left, len(results)),
        "dead": sum(one["dead"][-1] == units for one in trainings),
        "minutes": round(sum(result.minutes for result in results), 2),
        "experiment": first.experiment,
    }
