"""Tables and sentences of the chapter on lightweight designs; the numbers decide which sentence holds."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from fer_utils import metrics, models
from fer_utils.core.errors import invalid
from fer_utils.reporting.claims import HOLDS, LIGHT, UNTESTABLE
from fer_utils.reporting.text import percent, shape_in_words

OWN = "mobilenet_inception2019"
#: A speed within this factor of what the count promises is about what it promises.
ABOUT = 1.1
#: Fewer test people than this give no verdict on one training of each of two networks.
FEW_PEOPLE = 4
#: What kinds of layers `costs_by_kind` tells apart, in its order.
KINDS = ("1×1 convolution", "depthwise window", "full window", "normalisation", "dense")


def speed_against_count(fewer: float, faster: float) -> str:
    """Whether a network is as much faster as it has fewer multiply-accumulates.

    Parameters
    ----------
    fewer : how many times fewer multiply-accumulates.
    faster : how many times as fast.

    >>> speed_against_count(8.0, 4.0)
    'That is less than the count promises: a count of multiplications is no measurement of time.'
    """
    if faster > ABOUT * fewer:
        return "That is more than the count promises: a count of multiplications is no measurement of time."
    if faster < fewer / ABOUT:
        return "That is less than the count promises: a count of multiplications is no measurement of time."
    return "That is about what the count promises; another machine may answer differently."


def block_against_window(block: int, window: int) -> str:
    """Whether a whole inverted residual multiplies more than one full window between the same channels.

    ``block`` and ``window`` are multiply-accumulates.
    """
    if block > window:
        return (
            "The block is the more expensive one: a full 3×3 window between the same narrow maps has "
            f"{window / block:.2f} times its multiply-accumulates. What the block buys is a window over many channels."
        )
    return (
        f"The block is the cheaper one: a full 3×3 window between the same narrow maps has {window / block:.2f} times "
        "its multiply-accumulates."
    )


def _kind(model, layer: str, type_: str) -> str | None:
    if type_ == "Conv2D":
        return KINDS[0] if tuple(model.get_layer(layer).kernel_size) == (1, 1) else KINDS[2]
    return {"DepthwiseConv2D": KINDS[1], "BatchNormalization": KINDS[3], "Dense": KINDS[4]}.get(type_)


def costs_by_kind(model) -> pd.DataFrame:
    """Parameters and multiply-accumulates of each of `KINDS` of layers, in their order, without kinds that are absent.

    Returns
    -------
    DataFrame, index the kind, columns ``parameters`` and ``multiply-accumulates``; they add up to the model's.
    """
    rows = models.profile(model).layers
    kinds = [_kind(model, row.layer, row.type) for row in rows.itertuples()]
    found = rows.assign(kind=kinds).groupby("kind")[["parameters", "macs"]].sum()
    present = [kind for kind in KINDS if kind in found.index]
    return found.loc[present].rename(columns={"macs": "multiply-accumulates"}).rename_axis(None)


def _part(layer: str) -> str | None:
    name = layer.split("_")[0]
    if name.startswith("stage"):
        return f"stage {name.removeprefix('stage')}"
    return {"inception": "Inception block", "expand": "expand", "probabilities": "dense, softmax"}.get(name)


def costs_by_part(model) -> pd.DataFrame:
    """Parameters and multiply-accumulates of the parts of the network of 2019, from the picture to the scores.

    Returns
    -------
    DataFrame, one row a part: ``part``, ``output`` (its shape), ``parameters``, ``multiply-accumulates``.
    """
    rows = models.profile(model).layers
    rows = rows.assign(part=rows["layer"].map(_part)).dropna(subset="part")
    if rows.empty:
        raise invalid("model", expected=f"a network built by models.build('{OWN}')", received=model.name)
    table = rows.groupby("part").agg(output=("output", "last"), parameters=("parameters", "sum"), macs=("macs", "sum"))
    stages = sorted(name for name in table.index if name.startswith("stage"))
    table = table.loc[["Inception block", *stages, "expand", "dense, softmax"]].reset_index()
    table["output"] = [shape_in_words(shape) for shape in table["output"]]
    return table.rename(columns={"macs": "multiply-accumulates"})


def with_full_windows(model) -> tuple[int, int]:
    """Parameters and multiply-accumulates, were every depthwise window of ``model`` a full one."""
    profile = models.profile(model)
    depthwise = profile.layers[profile.layers["type"] == "DepthwiseConv2D"]
    others = [shape[-1] - 1 for shape in depthwise["output"]]  # a full window reads all other channels, too
    parameters = profile.parameters + int((depthwise["parameters"] * others).sum())
    return parameters, profile.macs + int((depthwise["macs"] * others).sum())


def smallest_title(parameters: Mapping[str, int], name: str) -> str:
    """Which of some networks has the fewest parameters, as the title of a figure; ``name`` is the one asked about."""
    least = min(parameters.keys(), key=lambda one: parameters[one])
    if least == name:
        return f"{name} has the fewest parameters of the {len(parameters)}"
    return f"{least}, not {name}, has the fewest parameters"


def wider_in_words(parameters: int, rivals: Mapping[str, int], *, times: float) -> str:
    """What stays of *fewer parameters* where every layer is ``times`` as wide; ``rivals`` maps names to parameters."""
    still = [name for name, count in rivals.items() if parameters < count]
    fallen = [name for name in rivals if name not in still]
    said = f"With every layer {times:g} times as wide it has {parameters:,} parameters"
    if not fallen:
        return f"{said}, and still fewer than each rival: the result does not depend on the widths that we chose."
    if not still:
        return f"{said}, and no longer fewer than any rival: the result depends on the widths that we chose."
    return (
        f"{said}: still fewer than {' and '.join(still)}, no longer fewer than {' and '.join(fallen)}. Against "
        f"{' and '.join(fallen)} the result depends on the widths that we chose."
    )


def paired_in_words(difference: Mapping, first: str, second: str) -> str:
    """What one training of each of two networks says; ``difference`` is the first's accuracy minus the second's.

    It is a result of `fer_utils.metrics.paired_difference` over people.
    """
    points = 100 * difference["value"]
    if difference.get("low") is None:
        return f"{first} minus {second}: {points:+.1f} points, without an interval, since one person was tested."
    if difference["groups"] < FEW_PEOPLE:
        return (
            f"{first} minus {second}: {points:+.1f} points over {difference['groups']} people, too few for a verdict."
        )
    ends = f"95 % interval over {difference['groups']} people {100 * difference['low']:+.1f} to "
    ends += f"{100 * difference['high']:+.1f}"
    if difference["low"] <= 0 <= difference["high"]:
        return f"{first} minus {second}: {points:+.1f} points ({ends}). This run cannot tell the two apart."
    better = first if points > 0 else second
    return (
        f"{first} minus {second}: {points:+.1f} points ({ends}). Here {better} is ahead; one training each says "
        "nothing of other folds and seeds."
    )


def pair_title(results: Mapping) -> str:
    """What each of some trainings reads of people not met, as the title of a figure.

    ``results`` maps a name to a `fer_utils.experiments.Result`.
    """
    each = [f"{name} {percent(result.metrics['accuracy']['value'])}" for name, result in results.items()]
    return f"Accuracy on strangers: {', '.join(each)}"


def verdict_on_accuracy(claims: pd.DataFrame) -> tuple[str, str]:
    """The verdict on the second half of 2019's claim, a higher accuracy, and its reason.

    ``claims`` is what `fer_utils.reporting.claims.claims` returns.
    """
    claim = claims[claims["paper"] == LIGHT].iloc[-1]
    return {UNTESTABLE: "not testable at this budget"}.get(claim["verdict"], claim["verdict"]), claim["why"]


def verdict_on_both(claims: pd.DataFrame) -> str:
    """The verdict on 2019's claim as a whole: it holds only where both halves do."""
    verdicts = list(claims.loc[claims["paper"] == LIGHT, "verdict"])
    if all(verdict == HOLDS for verdict in verdicts):
        return HOLDS
    if UNTESTABLE in verdicts and all(verdict in (HOLDS, UNTESTABLE) for verdict in verdicts):
        return "not testable at this budget"
    return "does not hold"


def converged_in_words(protocol: Mapping, names: tuple[str, ...] | list[str]) -> str:
    """Of which networks the study ``one_protocol`` has trainings that have all converged."""
    rows = {row["name"]: row for row in protocol["rows"]}
    there = [name for name in names if name in rows and rows[name]["witness"]]
    if not there:
        return f"Under the protocol none of the {len(names)} networks has trainings that have all converged."
    if len(there) == len(names):
        return f"Under the protocol all trainings of the {len(names)} networks have converged."
    said = f"Under the protocol all trainings have converged for {len(there)} of {len(names)}: {', '.join(there)}."
    untrained = [name for name in names if name not in rows]
    return f"{said} Not trained there yet: {', '.join(untrained)}." if untrained else said


def short_training_table(answer: Mapping) -> pd.DataFrame:
    """One row a network of the study ``lightweight2019``.

    Returns
    -------
    DataFrame: ``network``, ``parameters``, ``strangers`` (accuracy, per cent with its 95 % interval over actors), ``own
    faces`` (accuracy on the training faces in the last epoch).
    """
    lines = []
    for row in answer["rows"]:
        found = row["accuracy"]
        ends = f" ({100 * found['low']:.1f} to {100 * found['high']:.1f})"
        lines.append(
            {
                "network": row["name"],
                "parameters": row["parameters"],
                "strangers": percent(found["value"]) + ends,
                "own faces": percent(row["train_accuracy"]),
            }
        )
    return pd.DataFrame(lines)


def short_training_title(answer: Mapping) -> str:
    """The lowest and the highest accuracy of the study ``lightweight2019``, as the title of a figure."""
    values = [row["accuracy"]["value"] for row in answer["rows"]]
    return f"After {answer['epochs']} epochs: {percent(min(values))} to {percent(max(values))} on strangers"


def _shares_by_actor(row: Mapping) -> dict[str, float]:
    return {who: right / asked for who, (right, asked) in row["by_actor"].items()}


def short_training_in_words(answer: Mapping) -> list[str]:
    """The network of 2019 against each rival in the study ``lightweight2019``, and what may be concluded: sentences.

    The differences are paired by actor, the p-values corrected together (Holm).
    """
    rows = {row["name"]: row for row in answer["rows"]}
    own, rivals = rows[OWN], [name for name in rows if name != OWN]
    found = metrics.compare_by_person({name: (_shares_by_actor(own), _shares_by_actor(rows[name])) for name in rivals})
    sentences = []
    for name, row in found.items():
        p = "p below 0.001" if row["p_holm"] < 0.001 else f"p = {row['p_holm']:.3f}"
        sentences.append(
            f"Accuracy of 2019's network minus that of **{name}**: {100 * row['value']:+.1f} points (95 % interval "
            f"{100 * row['low']:+.1f} to {100 * row['high']:+.1f}; {p} after Holm): *{row['verdict']}*."
        )
    least = min(rows, key=lambda name: rows[name]["train_accuracy"])
    sentences.append(
        f"After {answer['epochs']} epochs **{least}** reads {percent(rows[least]['train_accuracy'])} of its own "
        f"training faces. The verdicts hold for {answer['epochs']} epochs; they do not decide the claim."
    )
    return sentences
