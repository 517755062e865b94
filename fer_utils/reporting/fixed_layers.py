"""The network behind a fixed layer of gradients, beside its rivals: tables and sentences for readers."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from fer_utils.reporting import protocol_tables
from fer_utils.reporting.text import percent

#: The rows with the same network behind another first layer: they say what the fixed gradients are worth.
TWINS: Mapping[str, str] = {
    "learned first layer, 48 px": "a learned convolution",
    "local contrast, 48 px": "local contrast normalisation and a learned convolution",
    "learned first layer, 48 px, same rate": "a learned convolution",
    "local contrast, 48 px, same rate": "local contrast normalisation and a learned convolution",
}
#: The twins that are trained at the network's own learning rate, and not at one that was chosen for them.
SAME_RATE: tuple[str, ...] = ("learned first layer, 48 px, same rate", "local contrast, 48 px, same rate")
#: The rows of the study ``one_protocol`` that begin with fixed gradients.
NETWORKS: tuple[str, ...] = ("gradients", "gradients, 48 px")
#: The paper's network under the same protocol.
PAPER = "ding2023"
#: A larger network under the same protocol, with which no comparison was planned.
LARGER = "mobilenet_inception2019"


def compared(answer: Mapping) -> dict[str, Mapping]:
    """The planned comparisons of `NETWORKS` with their rivals: words of the two -> the comparison."""
    return {
        f"{row['first']} minus {row['second']}": row
        for name in NETWORKS
        for row in protocol_tables.comparisons_of(answer, name)
    }


def table(answer: Mapping) -> pd.DataFrame:
    """`NETWORKS` and their rivals as text, the most accurate on strangers first.

    Returns
    -------
    DataFrame with ``method``, ``accuracy on strangers, %`` (with its 95 % interval over people), ``parameters``,
    ``face, pixels`` and ``million operations``.
    """
    methods = protocol_tables.methods_table(answer)
    wanted = {*NETWORKS, LARGER, "HOG and SVM, 80 px", *(row["second"] for row in compared(answer).values())}
    lines = [
        {
            "method": row["method"],
            "accuracy on strangers, %": f"{row['accuracy']:.1f} ({row['low']:.1f} to {row['high']:.1f})",
            "parameters": f"{row['parameters']:,}",
            "face, pixels": str(row["face"]),
            "million operations": f"{row['operations']:.1f}",
        }
        for row in methods.to_dict("records")
        if row["method"] in wanted
    ]
    return pd.DataFrame(lines)


def title(answer: Mapping) -> str:
    """In how many of their comparisons `NETWORKS` are ahead, as the title of a figure."""
    verdicts = [row["verdict"] for row in compared(answer).values()]
    judged = [verdict for verdict in verdicts if verdict != "no verdict"]
    if not judged:
        return "Nothing can be said yet: too few trainings have converged"
    ahead = judged.count("higher")
    if ahead == len(judged):
        return "Behind fixed gradients a small network is ahead of every rival"
    if not ahead:
        return "Behind fixed gradients a small network is not shown to be ahead of any rival"
    return f"Behind fixed gradients a small network is ahead in {ahead} of {len(judged)} comparisons"


def in_words(answer: Mapping) -> list[str]:
    """What the layer buys, a sentence an idea, in Markdown; of each network that is there."""
    rows = {row["name"]: row for row in answer["rows"]}
    sentences = []
    for name in NETWORKS:
        if name not in rows:
            continue
        row = rows[name]
        said = (
            f"**`{name}` reads {percent(row['accuracy']['value'])} of the faces of {answer['people']} people whom it "
            f"has not seen, with {row['parameters']:,} parameters**"
        )
        if PAPER in rows:
            said += f"; `{PAPER}`, on faces of {rows[PAPER]['size']} pixels, has {rows[PAPER]['parameters']:,}"
        sentences.append(f"{said}.")
        sentences += [
            protocol_tables.comparison_in_words(one) for one in compared(answer).values() if one["first"] == name
        ]
    if not sentences:
        return ["No network behind fixed gradients has been trained under the protocol yet."]
    if LARGER in rows and rows[LARGER]["witness"]:
        sentences.append(
            f"Not on the list of planned comparisons, so a description only: `{LARGER}` reads "
            f"{percent(rows[LARGER]['accuracy']['value'])} of the same faces, with {rows[LARGER]['parameters']:,} "
            "parameters."
        )
    return [*sentences, moral(answer)]


def moral(answer: Mapping) -> str:
    """What the comparisons of `NETWORKS` come to; which sentence holds, their verdicts decide."""
    verdicts = {row["verdict"] for row in compared(answer).values()} - {"no verdict"}
    if not verdicts:
        return "No comparison can be judged yet."
    if verdicts == {"higher"}:
        return "So these networks are ahead of the simple method and of the larger networks."
    if "lower" in verdicts:
        return "In at least one comparison the network with the layer is behind its rival."
    if "higher" in verdicts:
        return "So these networks are ahead of some rivals, and not told apart from others."
    return "So these networks are not shown to be ahead of any rival."


def twins_table(answer: Mapping) -> pd.DataFrame:
    """The network and its twins as text, in the order of the study ``first_layers``.

    Returns
    -------
    DataFrame with ``first layer``, ``learning rate``, ``strangers, %`` (accuracy on people not seen in training),
    ``seeds a fold``, ``parameters``, ``converged`` (of how many trainings), ``own training faces, %``,
    ``fixed gradients minus this, points`` (with its 95 % interval over people) and ``verdict``; the last two are empty
    for the network itself.
    """
    network = answer["network"]
    lines = [_line("fixed gradients", network) | {"fixed gradients minus this, points": "—", "verdict": "—"}]
    for twin in answer["rows"]:
        row = answer["comparisons"][twin["name"]]
        ends = f"{100 * row['low']:+.1f} to {100 * row['high']:+.1f}"
        lines.append(
            _line(TWINS[twin["name"]], twin)
            | {
                "fixed gradients minus this, points": f"{100 * row['value']:+.1f} ({ends})",
                "verdict": _verdict(row),
            }
        )
    return pd.DataFrame(lines)


def worth_of_the_layer(answer: Mapping) -> list[str]:
    """What the fixed layer is worth, a sentence an idea, in Markdown: the study ``first_layers``.

    Which sentences are said, the verdicts decide.
    """
    failed = [row["trainings"] - row["converged"] for row in answer["rows"]]
    sentences = []
    if any(failed):
        sentences.append(
            f"{sum(failed)} of the {sum(row['trainings'] for row in answer['rows'])} trainings of the twins did not "
            "converge. A twin with such a training is no witness, so its comparison has no verdict."
        )
    sentences.append(_conclusion(answer["comparisons"]))
    for name, (there, needed) in answer["missing"].items():
        sentences.append(
            f"Not complete yet: {there} of {needed} trainings of **{name}**. Its verdict may change with the others."
        )
    return sentences


def worth_in_short(answer: Mapping) -> str:
    """What the fixed layer is worth beside all twins that can be judged, as the title of a figure."""
    verdicts = _judged(answer["comparisons"])
    if not verdicts:
        return "No verdict: not every training has converged"
    if set(verdicts) == {"higher"}:
        return "Behind fixed gradients the network reads more faces of strangers"
    if set(verdicts) == {"lower"}:
        return "Behind fixed gradients the network reads fewer faces of strangers"
    if set(verdicts) == {"not told apart"}:
        return "It is not shown that the fixed gradients help"
    return f"Fixed gradients are ahead of {verdicts.count('higher')} of {len(verdicts)} twins that can be judged"


def _judged(comparisons: Mapping[str, Mapping]) -> list[str]:
    """The verdicts of the comparisons whose trainings have all converged."""
    return [row["verdict"] for row in comparisons.values() if row["verdict"] != "no verdict"]


def _conclusion(comparisons: Mapping[str, Mapping]) -> str:
    verdicts = _judged(comparisons)
    if not verdicts:
        return "By the protocol's rule there is no verdict: where trainings have not converged, nothing is concluded."
    judged = f"({len(verdicts)} of {len(comparisons)} comparisons have a verdict)"
    if set(verdicts) == {"higher"}:
        return f"So on drawn faces the fixed gradients are worth more than a layer that is learned {judged}."
    if set(verdicts) == {"lower"}:
        return f"So on drawn faces the fixed gradients are worth less than a layer that is learned {judged}."
    if set(verdicts) == {"not told apart"}:
        return f"So it is not shown that the fixed gradients are worth more than a layer that is learned {judged}."
    parts = []
    for verdict, words in (
        ("higher", "read more faces than with"),
        ("not told apart", "are not told apart from"),
        ("lower", "read fewer faces than with"),
    ):
        named = [_named(name) for name, row in comparisons.items() if row["verdict"] == verdict]
        if named:
            parts.append(f"{words} {' or '.join(named)}")
    return f"So the answer depends on the twin {judged}: the fixed gradients {'; they '.join(parts)}."


def _named(twin: str) -> str:
    """What stands in the layer's place, and at which learning rate."""
    return f"{TWINS[twin]} ({'the same' if twin in SAME_RATE else 'its own'} learning rate)"


def _line(layer: str, row: Mapping) -> dict[str, str]:
    """What the table says of every network."""
    chosen = "the network's own" if row["name"] in SAME_RATE else "chosen for it"
    return {
        "first layer": layer,
        "learning rate": f"{row['setting']:g} ({chosen})",
        "strangers, %": f"{100 * row['accuracy']['value']:.1f}",
        "seeds a fold": str(row["seeds"]),
        "parameters": f"{row['parameters']:,}",
        "converged": f"{row['converged']} of {row['trainings']}",
        "own training faces, %": f"{100 * row['train_accuracy']:.1f}",
    }


def _verdict(comparison: Mapping) -> str:
    """A comparison's verdict in words, with its p-value where it has a verdict."""
    p = "p below 0.001" if comparison["p_holm"] < 0.001 else f"p = {comparison['p_holm']:.3f}"
    words = {
        "higher": "the network reads more faces",
        "lower": "the network reads fewer faces",
        "not told apart": "not told apart",
        "no verdict": "none: not every training has converged",
    }[comparison["verdict"]]
    return words if comparison["verdict"] == "no verdict" else f"{words} ({p} after Holm)"
