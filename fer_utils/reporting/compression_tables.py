"""Compression in tables and sentences: the stored study ``compression``, and what a chapter measures live.

Which sentence holds, the numbers decide.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from fer_utils import metrics
from fer_utils.compress.roofline import Ceilings, Work
from fer_utils.studies import StoredAnswer

ENGINES = {
    "keras": "Keras, eager",
    "xla": "Keras, XLA",
    "litert": "LiteRT",
    "onnx": "onnxruntime",
    "openvino": "OpenVINO",
}
NETWORKS = {"xception": "Xception", "vgg16": "VGG16", "resnet50": "ResNet50"}
#: The rows that a reader sees first: network, engine, number format.
MAIN_ROWS: tuple[tuple[str, str, str | None], ...] = (
    ("xception", "keras", None),
    ("xception", "litert", None),
    ("xception", "litert", "int8"),
    ("xception, weights pruned", "litert", None),
    ("xception, filters pruned", "litert", None),
    ("xception, filters pruned", "openvino", "int8"),
)
CONTROL = "xception, trained on"
#: Comparison -> (first network, second network); the control lost nothing and trained on as long.
COMPARISONS: dict[str, tuple[str, str]] = {
    "trained on, minus as it was": (CONTROL, "xception"),
    "weights pruned, minus the control": ("xception, weights pruned", CONTROL),
    "filters pruned, minus the control": ("xception, filters pruned", CONTROL),
}
#: Files of the study that hold the same number of operations and bytes, so that only chance tells their times apart.
EQUAL_WORK: tuple[str, ...] = ("xception", CONTROL, "xception, weights pruned")


def _key(row: Mapping) -> tuple:
    return row["network"], row["form"], row["quantize"]


def form_name(row: Mapping) -> str:
    """A row of the study in words: network, engine and number format."""
    network, *rest = row["network"].split(", ")
    words = ", ".join([NETWORKS.get(network, network), *rest])
    return f"{words}: {ENGINES[row['form']]}, {row['quantize'] or 'float32'}"


def forms_table(answer: Mapping, *, main: bool) -> pd.DataFrame:
    """The study's rows on one thread: `MAIN_ROWS` with ``main``, else all others.

    Returns
    -------
    DataFrame of strings: the form; MB of its file; ms a face; times as fast as the baseline (Xception, eager Keras) and
    as the same network, not pruned and in float32, in the same engine; accuracy and its change, with 95 % intervals.
    """
    by_key = {_key(row): row for row in answer["rows"]}
    wanted = [row for key, row in by_key.items() if (key in MAIN_ROWS) == main]
    if main:
        wanted.sort(key=lambda row: MAIN_ROWS.index(_key(row)))
    lines = []
    for row in wanted:
        whole = by_key.get((row["network"].split(", ")[0], row["form"], None))
        same = f"{row['ratio_1'] / whole['ratio_1']:.1f}" if whole else "not measured"
        lines.append(
            {
                "form": form_name(row),
                "MB": f"{row['bytes'] / 1e6:.1f}",
                "ms a face": f"{row['latency_ms_1']:.1f}",
                "times as fast as eager Keras": f"{row['ratio_1']:.1f}",
                "times as fast as whole, float32": same,
                "accuracy, % (95 % interval)": _span(row, "accuracy"),
                "change, points (95 % interval)": _span(row, "change", "+"),
            }
        )
    return pd.DataFrame(lines)


def _span(row: Mapping, name: str, sign: str = "") -> str:
    text = f"{100 * row[name]:{sign}.1f}"
    if row[f"{name}_low"] is None:
        return text
    return f"{text} ({100 * row[f'{name}_low']:{sign}.1f} to {100 * row[f'{name}_high']:{sign}.1f})"


def styled(table: pd.DataFrame, caption: str):
    """A table of `forms_table` as pandas' Styler, its first column wide enough for two lines."""
    wide = [column for column in table if column == "form" or "interval" in column]
    return table.style.hide(axis="index").set_caption(caption).set_properties(subset=wide, **{"min-width": "7.5em"})


def show_folded(table: pd.DataFrame, summary: str) -> None:
    """Show a table behind a line that opens it; works on a page without Python."""
    from IPython.display import HTML, display  # comes with the notebook, not with the package

    content = styled(table, "").to_html()
    display(HTML(f"<details><summary>{summary}</summary>\n{content}\n</details>"))


def equal_work(answer: Mapping) -> str:
    """How far the ratios of three LiteRT files of the same work lie apart, by threads: what a ratio is worth."""
    by_key = {_key(row): row for row in answer["rows"]}
    rows = [by_key[name, "litert", None] for name in EQUAL_WORK if (name, "litert", None) in by_key]
    parts = []
    for threads in answer["threads"]:
        ratios = [row[f"ratio_{threads}"] for row in rows]
        ends = list(dict.fromkeys(f"{end:.1f}" for end in (min(ratios), max(ratios))))
        parts.append(f"{' to '.join(ends)} times as fast on {threads} thread{'s' * (threads > 1)}")
    return (
        f"{len(rows)} of the LiteRT files do exactly the same work in float32. Against eager Keras on one thread they "
        f"were {' and '.join(parts)}: differences of that size are chance."
    )


def operations_and_speed(answer: Mapping) -> str:
    """Half of Xception's filters: how many times fewer operations, and how many times as fast, as what and how sure."""
    by_key = {_key(row): row for row in answer["rows"]}
    whole, fewer = (by_key[name, "litert", None] for name in ("xception", "xception, filters pruned"))
    macs = answer["networks"]["xception"]["macs"] / answer["networks"]["xception, filters pruned"]["macs"]
    again = by_key.get((CONTROL, "litert", None), whole)
    faster, chance = (whole["latency_ms_1"] / other["latency_ms_1"] for other in (fewer, again))
    return (
        f"With half of Xception's filters gone, **{macs:.1f} times fewer operations** gave "
        f"**{faster:.1f} times the speed** of the whole Xception, both in LiteRT, float32, one thread; a second file "
        f"of the same work as the whole was {chance:.2f} times as fast as it."
    )


def pruning_tests(answer: Mapping) -> pd.DataFrame:
    """Whether pruning, or the training after it, changed the accuracy: `COMPARISONS` with Holm's correction.

    Returns
    -------
    DataFrame, one row a comparison: ``comparison``, ``points`` (difference with Student's interval over the people),
    ``p (Holm)``, ``verdict``.
    """
    found = _compared(answer)
    return pd.DataFrame(
        [
            {
                "comparison": name,
                "points (95 % interval)": "{:+.1f} ({:+.1f} to {:+.1f})".format(
                    *(100 * one[end] for end in ("value", "low", "high"))
                ),
                "p (Holm)": f"{one['p_holm']:.2f}",
                "verdict": one["verdict"],
            }
            for name, one in found.items()
        ]
    )


def _compared(answer: Mapping) -> dict:
    def shares(name: str) -> dict:
        return {who: right / asked for who, (right, asked) in answer["networks"][name]["by_actor"].items()}

    pairs = {
        name: (shares(first), shares(second))
        for name, (first, second) in COMPARISONS.items()
        if first in answer["networks"] and second in answer["networks"]
    }
    return metrics.compare_by_person(pairs)


def pruning_moral(answer: Mapping) -> str:
    """What `pruning_tests` allow to be said."""
    found = _compared(answer)
    told = [f"{name}: {one['verdict']}" for name, one in found.items() if one["verdict"] != "not told apart"]
    if told:
        return f"A finding: {'; '.join(told)}."
    widest = max(found.values(), key=lambda one: one["high"] - one["low"])
    people = answer["split"]["test_actors"]
    return (
        f"None of the {len(found)} is a finding. It is no proof that pruning is free either: with {people} people, a "
        f"loss of {-100 * widest['low']:.0f} points would still lie inside an interval."
    )


def slower_in_eight_bits(answer: Mapping) -> str:
    """Which quantised forms are slower than the same network in float32 in the same engine, on one thread."""
    by_key = {_key(row): row for row in answer["rows"]}
    slower = {}
    for row in answer["rows"]:
        whole = by_key.get((row["network"], row["form"], None))
        if row["quantize"] and whole and row["ratio_1"] < 0.95 * whole["ratio_1"]:
            slower[form_name(row)] = whole["ratio_1"] / row["ratio_1"]
    if not slower:
        return "No quantised form was slower than the same network in float32 in the same engine."
    rows = "; ".join(f"{name} takes {times:.1f} times as long" for name, times in slower.items())
    return f"Smaller is not always faster: {rows} as the same network in float32 in the same engine, on one thread."


def frame_links(answer: Mapping) -> pd.DataFrame:
    """Milliseconds of a frame on one thread: face, landmarks, network; the baseline, LiteRT and the fastest form."""
    own = [row for row in answer["rows"] if row["network"].startswith("xception")]
    by_key = {_key(row): row for row in own}
    fastest = max(own, key=lambda row: row["ratio_1"])
    rows = [by_key["xception", "keras", None], by_key["xception", "litert", None], fastest]
    front = answer["front"]
    return pd.DataFrame(
        [
            {"face": front["faces_ms"], "68 landmarks": front["landmarks_ms"], "network": row["latency_ms_1"]}
            for row in rows
        ],
        index=[form_name(row) for row in rows],
    )


def chain_gain(links: pd.DataFrame) -> str:
    """How many times as fast the whole chain is with the last form as with the first, and what is possible at most."""
    total, network = links.sum(axis=1), links.iloc[:, -1]
    return (
        f"With *{links.index[-1]}* the chain is {total.iloc[0] / total.iloc[-1]:.1f} times as fast as with "
        f"*{links.index[0]}*. With a network that takes no time at all it would be "
        f"{total.iloc[0] / (total.iloc[0] - network.iloc[0]):.1f} times as fast."
    )


def points(change: Mapping) -> str:
    """A difference of accuracies in points, with its interval where there is one."""
    if change["low"] is None:
        return f"{100 * change['value']:+.1f} points (one person, no interval)"
    return "{:+.1f} points (95 % interval {:+.1f} to {:+.1f})".format(
        *(100 * change[end] for end in ("value", "low", "high"))
    )


def loss_title(what: str, change: Mapping) -> str:
    """A figure's title on ``what`` was done, from the paired difference to the control."""
    if change["low"] is None:
        return f"{what}: {100 * change['value']:+.1f} points, on one person"
    if change["high"] < 0:
        return f"{what}: {-100 * change['value']:.1f} points lost in this test"
    if change["low"] > 0:
        return f"{what}: {100 * change['value']:.1f} points gained in this test"
    return f"{what}: no loss and no gain seen in this test"


def speed(times: pd.DataFrame, name: str, *, as_what: str) -> str:
    """How fast a file is, with the spread of its rounds and what it is compared with.

    ``times`` is what `fer_utils.core.timing.latency` gives.
    """
    row = times.set_index("name").loc[name]
    return (
        f"{row['ratio']:.2f} times as fast as {as_what} ({row['median_ms']:.3f} ms; half of {int(row['repeats'])} "
        f"rounds between {row['low_ms']:.3f} and {row['high_ms']:.3f} ms)"
    )


def limit_of_speed(first: tuple[Work, float], last: tuple[Work, float], ceilings: Ceilings) -> str:
    """Why the smaller network is not as many times as fast as it has fewer operations.

    Parameters
    ----------
    first, last : of the whole network and of the smaller one, the work of a face and its seconds.
    ceilings : of this machine.
    """
    (work, seconds), (less, shorter) = first, last
    text = (
        f"**{work.operations / less.operations:.1f} times fewer operations** and {work.bytes / less.bytes:.1f} times "
        f"fewer bytes moved gave **{seconds / shorter:.1f} times the speed** of the whole network, both in LiteRT, "
        f"float32, one thread. Each byte is used for {less.intensity:.1f} operations instead of "
        f"{work.intensity:.1f}. "
    )
    by_operations, by_bytes = less.operations / ceilings.peak, less.bytes / ceilings.bandwidth
    roof = max(by_operations, by_bytes)
    if roof < 0.5 * shorter:
        return text + (
            f"The roof alone would allow {shorter / roof:.1f} times more. So neither operations nor bytes explain the "
            "time. Likely causes: calling each layer costs the same for few filters as for many, and few filters do "
            "not fill the processor's vector instructions."
        )
    if by_bytes > by_operations:
        return text + "The smaller network stands near the slope of the roof: moving bytes is what limits it."
    return text + "The smaller network stands near the level part of the roof: its operations still limit it."


def gain_title(what: str, change: Mapping) -> str:
    """A figure's title on what something brought, from a paired difference."""
    if change["low"] is None:
        return f"{what}: {100 * change['value']:+.1f} points, on one person"
    if change["low"] > 0:
        return f"{what} brings {100 * change['value']:.1f} points back"
    if change["high"] < 0:
        return f"{what} loses {-100 * change['value']:.1f} points more"
    return f"{what} brings nothing that this test can tell"


def budget(stored: StoredAnswer) -> str:
    """On what the study rests: trainings, faces, people, and what it cost."""
    answer = stored.answer
    plan, people, network = answer["plan"], answer["split"], answer["networks"]["xception"]
    return (
        f"**Budget:** one training for each network, {plan['epochs']} epochs on {people['train']:,} faces of "
        f"{plan['size']} pixels, and {plan['tuning']} more after pruning. The test is {people['test']} faces of "
        f"{people['test_actors']} actors. Xception then reads {100 * network['train_accuracy']:.1f} % of the faces "
        f"that it learned from and {100 * network['test_accuracy']:.1f} % of the strangers'. Cost: {stored.cost()}."
    )
