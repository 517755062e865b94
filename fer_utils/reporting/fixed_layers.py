"""The network behind a fixed layer of gradients, beside its rivals: tables and sentences for readers."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from fer_utils.reporting import protocol_tables
from fer_utils.reporting.text import percent

#: What the comparisons cannot say.
_UNTESTED = (
    "How much of that is owed to the layer was not tested: no network of this kind with a learned first layer was "
    "trained under the protocol."
)
#: The rows of the study ``one_protocol`` that begin with fixed gradients.
NETWORKS: tuple[str, ...] = ("gradients", "gradients, 48 px")
#: The paper's network under the same protocol.
PAPER = "ding2023"
#: A larger network under the same protocol, with which no comparison was planned.
LARGER = "mobilenet_inception2019"


def compared(answer: Mapping) -> dict[str, Mapping]:
    """The planned comparisons of `NETWORKS`: words of the two -> the comparison."""
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
        sentences += [protocol_tables.comparison_in_words(one) for one in protocol_tables.comparisons_of(answer, name)]
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
        return f"So these networks are ahead of the simple method and of the larger networks. {_UNTESTED}"
    if "lower" in verdicts:
        return f"In at least one comparison the network with the layer is behind its rival. {_UNTESTED}"
    if "higher" in verdicts:
        return f"So these networks are ahead of some rivals, and not told apart from others. {_UNTESTED}"
    return f"So these networks are not shown to be ahead of any rival. {_UNTESTED}"
