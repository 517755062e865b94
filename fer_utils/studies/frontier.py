"""The frontier: accuracy against parameters, multiply-accumulates, bytes and milliseconds.

Every network of the book is on it.

    # minutes, once nano, lightweight2019 and compression are stored
    python -m fer_utils study frontier --tier class --store

What each network is worth comes from the stored answers of ``nano``, ``lightweight2019`` and ``compression``, all asked
of the same strangers: the actors of the first fold on drawn RAVDESS, which is the one that all three have.  What each
costs is measured anew, in one run and in turn: the networks are built with weights that nobody trained, for a time does
not depend on what the weights are.  Each network has the recipe and the size of picture of its own study, so this
compares systems as the book has them, and no two of them in one property alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from tqdm import tqdm

from fer_utils import compress, metrics, models
from fer_utils.core.errors import FerError
from fer_utils.studies import compression, nano_against_paper
from fer_utils.studies.network_costs import weighed
from fer_utils.studies.store import load

TITLE = "The frontier: which of the book's networks is beaten by none?"
HEADLINE = True

#: The three studies whose answers are set side by side.
STUDIES = ("nano", "lightweight2019", "compression")
BASELINE = nano_against_paper.PAPER


def answer(
    tier: str = "class",
    *,
    progress: bool = True,
    answers: Mapping[str, dict] | None = None,
    quantize: tuple = (None, "int8"),
    repeats: int = 30,
) -> dict:
    """Take accuracies from the stored answers and measure what each network costs.

    Parameters
    ----------
    tier : of the stored answers.
    answers : of `STUDIES`, by name, in the place of the stored ones; for a test.
    quantize : number formats of the files, as `fer_utils.compress.export` has them.
    repeats : timed rounds.

    Returns
    -------
    dict with ``actors`` (the strangers), ``baseline``, ``sources`` (by study: ``commit`` and ``finished`` of its stored
    answer) and ``rows``, one a network: ``name``, ``study``, ``size`` (side of the picture), ``labels``, ``accuracy``
    (mean over the strangers, with its 95 % interval over them), and what `weighed` gives.

    Raises
    ------
    FerError : one of the three is not stored, or their strangers are not the same.
    """
    sources: dict[str, dict] = {}
    if answers is None:
        found = {name: load(name, tier) for name in STUDIES}
        answers = {name: one.answer for name, one in found.items()}
        sources = {name: {"commit": one.commit, "finished": one.finished} for name, one in found.items()}
    rows = systems(answers)
    actors = sorted(answers["compression"]["networks"]["xception"]["by_actor"])
    for row in rows:
        absent = [actor for actor in actors if actor not in row["by_actor"]]
        if absent:
            raise FerError(
                f"`{row['name']}` of the study {row['study']!r} was not tested on the actors {', '.join(absent)} that "
                "compression has. Run the three studies anew, on one version of the code."
            )
    networks, pictures = {}, {}
    for row in tqdm(rows, desc="building", unit="network", disable=not progress):
        networks[row["name"]] = _built(row)
        pictures[row["name"]] = (
            np.random.default_rng(0).integers(0, 256, (40, row["size"], row["size"], 1)).astype(np.uint8)
        )
    weights = weighed(networks, pictures, baseline=BASELINE, quantize=quantize, repeats=repeats, progress=progress)
    for row in rows:
        shares = [row["by_actor"][actor][0] / row["by_actor"][actor][1] for actor in actors]
        row["accuracy"] = metrics.average(shares, actors)
        row |= weights[row["name"]]
        del row["by_actor"], row["pruned"], row["options"], row["network"]
    return {"tier": tier, "actors": actors, "baseline": BASELINE, "sources": sources, "rows": rows}


def systems(answers: Mapping[str, dict]) -> list[dict]:
    """The networks of the three answers.

    Each is a dict: ``name``, ``study``, ``network``, ``options``, ``size``, ``labels``, ``pruned`` and ``by_actor``.
    """
    rows = []
    for one in answers["nano"]["rows"]:
        if one["dataset"] == "ravdess":
            network, options, *_ = nano_against_paper.ROWS[one["name"]]
            rows.append(
                _row(
                    one["name"],
                    "nano",
                    network,
                    options,
                    one["experiment"]["model"]["size"] or 180,
                    len(one["confusion"]),
                    one["by_actor"],
                )
            )
    for one in answers["lightweight2019"]["rows"]:
        rows.append(
            _row(
                one["name"],
                "lightweight2019",
                one["name"],
                {},
                answers["lightweight2019"]["size"],
                len(one["confusion"]),
                one["by_actor"],
            )
        )
    chain = answers["compression"]
    plan = chain["plan"]
    for name, one in chain["networks"].items():
        if name in ("xception, weights pruned", "xception, trained on"):
            continue  # the same file but for its numbers: nothing of it is smaller
        own = name.startswith("xception")
        rows.append(
            _row(
                name.replace("xception", plan["network"]),
                "compression",
                plan["network"] if own else name,
                plan["options"] if own else {},
                plan["size"],
                len(chain["labels"]),
                one["by_actor"],
                plan["steps"] if "filters pruned" in name else 0,
            )
        )
    return rows


def _row(name, study, network, options, size, labels, by_actor, pruned=0) -> dict:
    return {
        "name": name,
        "study": study,
        "network": network,
        "options": options,
        "size": size,
        "labels": labels,
        "by_actor": by_actor,
        "pruned": pruned,
    }


def _built(row: dict):
    """The network of a row, untrained; with as many filters removed as its study removed."""
    made = models.build(
        row["network"], classes=row["labels"], input_shape=(row["size"], row["size"], 1), **row["options"]
    )
    for _ in range(row["pruned"]):
        made = compress.prune(made, compression.FILTERS_GONE, scope=compression.SCOPE, structured=True)
    return made
